//! The server alone, against a device and an application that a program makes up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dm_notification::dm1::{Initiator, UiMode};
use dm_session::dm1::server::{Action, Event};
use dm_session::dm1::{Interaction, InteractionKind, Limits, Order, OrderId, Profile, Server, ServerConfig, Task};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::{Command as Tree, Content, Data as Value};
use dm_session::{ErrorKind, Random, RequestId, Timestamp};
use dm_syncml::{
    Alert, AlertCode, Chal, Command, Data, Encoding, Item, Location, Message, Meta, Namespace, Nonce, Operation,
    Results, Status, StatusCode, Strictness, SyncHdr,
};

use super::program::{Clock, Mode, Program, stored};
use super::{
    Asked, DEVICE, SERVER_ID, SERVER_URI, Seen, Shown, announced, encode, encoding, has_alert, identity, is_order,
    issued, max_msg_size, media_type, orders, read, spoil, uri,
};

/// What the device has sent in one request, as the server can read it.
struct Asks {
    message: Option<Message<'static>>,
    body: Vec<u8>,
    form: Option<Encoding>,
    shown: Shown,
}

struct Run {
    machine: Server,
    config: ServerConfig,
    asked: Asked,
    mode: Mode,
    clock: Clock,
    trace: Vec<Seen<Action>>,
    ended: bool,
    deciding: Option<RequestId>,
    /// Orders that were given, and whether their outcome was told.
    orders: BTreeMap<u64, bool>,

    // What the device has sent.
    requests: u64,
    open: BTreeMap<RequestId, Asks>,
    form: Encoding,
    session: &'static str,
    msg_id: u32,
    limit: Option<usize>,
    /// The last message, with what it shows of the device, for when it comes again.
    last: (Vec<u8>, Option<String>, Shown),
    /// Messages that proved the device.
    proofs: BTreeSet<Vec<u8>>,
    /// What is still to be answered of the last package, and results that are to be cut.
    todo: VecDeque<Command<'static>>,
    result: Option<(String, String, usize)>,
    proved: bool,

    // What the server has sent.
    response: Option<Message<'static>>,
    answers: BTreeSet<Vec<u8>>,
    nonce: Nonce,
    /// What did not prove the device, in a session whose messages have to: it is to come again.
    again: Option<Message<'static>>,
    /// Commands without a Status, by message and CmdID.
    outstanding: BTreeSet<(String, String)>,
    /// Whether the server's package goes on: its last message had no room for all that is owed.
    package_open: bool,
    /// A large value on its way: name, node, size, what has gone.
    object: Option<(String, String, u64, u64)>,
    /// Message and CmdID of the last chunk.
    piece: (String, String),
    /// Whether the device has taken the last chunk of it, and the next has not gone.
    accepted: bool,
}

/// Runs a program on a server and returns what it did. Panics where a rule is broken.
pub fn run_server(bytes: &[u8], mode: Mode) -> Vec<Seen<Action>> {
    let program = &mut Program::new(bytes);
    let asked = Asked::pick(program);
    let flags = program.next();
    let limits = Limits::DEFAULT.with_max_messages(16).with_max_orders(6).with_max_reply_len(8 << 10);
    let mut config = ServerConfig::new(SERVER_ID, SERVER_URI)
        .with_demand(asked.demand("device"))
        .with_identity(identity(program, SERVER_ID))
        .with_max_msg_size(max_msg_size(program))
        .with_max_obj_size([Some(4096), None][usize::from(flags & 1)])
        .with_profile([Profile::Standard, Profile::Standard, Profile::Windows][usize::from(flags >> 1) % 3])
        .with_limits(limits);
    if flags & 64 != 0 {
        config = config.with_alert_types(["org.example.known"]);
    }
    if flags & 128 != 0 {
        config = config.with_resp_uri("https://dm.example/dm?sid=7");
    }
    let Ok(machine) = Server::start(config.clone(), Timestamp::from_millis(0)) else { return Vec::new() };
    let mut run = Run {
        machine,
        config,
        asked,
        mode,
        clock: Clock::new(mode),
        trace: Vec::new(),
        ended: false,
        deciding: None,
        orders: BTreeMap::new(),
        requests: 0,
        open: BTreeMap::new(),
        form: encoding(program),
        session: "2F",
        msg_id: 0,
        limit: None,
        last: (Vec::new(), None, Shown::Nothing),
        proofs: BTreeSet::new(),
        todo: VecDeque::new(),
        result: None,
        proved: false,
        response: None,
        answers: BTreeSet::new(),
        nonce: Nonce::new(*b"first").unwrap(),
        again: None,
        outstanding: BTreeSet::new(),
        package_open: false,
        object: None,
        piece: (String::new(), String::new()),
        accepted: false,
    };
    while !program.is_over() {
        run.step(program);
    }
    run.finish();
    run.trace
}

impl Run {
    fn step(&mut self, program: &mut Program<'_>) {
        match program.below(16) {
            0..=5 => {
                self.poll();
            }
            6..=9 => self.request(program),
            10..=12 => {
                let id = self.decision(program);
                let orders: Vec<Order> = (0..program.below(4))
                    .map(|_| {
                        let number = self.orders.len() as u64 + self.requests * 1_000 + u64::from(program.next());
                        Order::new(number, task(program, 0))
                    })
                    .collect();
                let mut numbers: Vec<u64> = orders.iter().map(|order| order.id.0).collect();
                numbers.sort_unstable();
                numbers.dedup();
                let fresh = numbers.len() == orders.len() && numbers.iter().all(|id| !self.orders.contains_key(id));
                if fresh && self.give(Event::Orders { id, orders }) {
                    self.orders.extend(numbers.into_iter().map(|number| (number, false)));
                    self.deciding = None;
                }
            }
            13 => {
                self.clock.now += u64::from(program.next()) * 5_000;
                self.give(Event::Tick);
            }
            14 => {
                let random = Random::from([program.next(); 32]);
                if program.below(4) == 0 {
                    self.give(Event::Notify { ui_mode: UiMode::Background, initiator: Initiator::Server, random });
                } else {
                    self.clock.behind = !self.clock.behind;
                }
            }
            _ => match program.below(12) {
                0 => {
                    if self.give(Event::Abort) {
                        self.deciding = None;
                    }
                }
                1..=4 => {
                    let id = self.decision(program);
                    if self.give(Event::Fail { id }) {
                        self.deciding = None;
                    }
                }
                _ => {
                    self.give(Event::Tick);
                }
            },
        }
    }

    /// Mostly the decision that is open, at times another.
    fn decision(&self, program: &mut Program<'_>) -> RequestId {
        let stale = RequestId(self.requests / 2);
        if program.below(8) == 0 { stale } else { self.machine.open_request().unwrap_or(stale) }
    }

    fn poll(&mut self) -> bool {
        let Some(action) = self.machine.poll_action() else { return false };
        self.trace.push(Seen::Does(action.clone()));
        self.restore();
        match action {
            Action::Respond { id, response } => {
                let asks = self.open.remove(&id).expect("an answer to an open request");
                self.responded(&asks, response);
            }
            Action::Closed(_) => {
                assert!(!self.ended, "a session ends once");
                self.ended = true;
                let open = self.orders.iter().find(|(_, told)| !**told);
                assert_eq!(open, None, "an order without an outcome");
            }
            action => {
                let late = matches!(action, Action::LateAlerts(_) | Action::SaveNonce { .. });
                assert!(!self.ended || late, "an action after the end: {action:?}");
                match action {
                    Action::Decide { id, .. } => {
                        assert!(self.deciding.is_none(), "two decisions at once");
                        assert!(self.open.contains_key(&id), "a decision on nothing");
                        let shown = self.open[&id].shown;
                        let right = self.asked.scheme.is_none()
                            || shown == Shown::Right
                            || (self.proved && !self.asked.per_message);
                        assert!(right, "the application hears of a device that proved nothing");
                        self.deciding = Some(id);
                    }
                    Action::Outcome(outcome) => {
                        let OrderId(number) = outcome.id;
                        let told = self.orders.get_mut(&number).expect("an order");
                        assert!(!*told, "two outcomes of one order");
                        *told = true;
                    }
                    _ => {}
                }
            }
        }
        true
    }

    /// An answer of the server: what it has to be by itself, and as an answer to this message.
    fn responded(&mut self, asks: &Asks, response: Response) {
        if response.body.is_empty() {
            assert_ne!(response.status, 200);
            return;
        }
        assert_eq!(response.status, 200);
        if asks.message.is_some() && !self.answers.insert(response.body.clone()) {
            return; // the same once more
        }
        // What the device writes in a way of its own comes back as it is, and that alone is not strict.
        let usual = asks.message.as_ref().is_some_and(|theirs| {
            theirs.namespace == Namespace::SyncMl12
                && theirs.header.msg_id.number().is_some()
                && !theirs.walk().any(|command| matches!(command, Command::Ds(_) | Command::Unknown(_)))
        });
        // An Atomic in a Sequence is what the application wants.
        let nested = Message::parse(&response.body).is_ok_and(|message| {
            let atomic = |command: &Command<'_>| matches!(command, Command::Atomic(_));
            message.walk().any(|command| matches!(command, Command::Sequence(it) if it.commands.iter().any(atomic)))
        });
        let strictness = if usual && !nested { Strictness::Strict } else { Strictness::Lenient };
        let (message, form) = read(&response.body, &response.headers, strictness);
        let Some(theirs) = &asks.message else {
            // Its header could be read, at least.
            let Some(Command::Status(first)) = message.commands.first() else { panic!("no Status for the header") };
            assert!(first.is_for_header() && !first.code().unwrap().is_success());
            return;
        };
        assert_eq!(Some(form), asks.form, "another form than the request");
        assert_eq!(message.namespace, theirs.namespace);
        let header = &message.header;
        assert_eq!(header.session_id, theirs.header.session_id);
        assert_eq!(
            (header.target.uri.as_str(), header.source.uri.as_str()),
            (theirs.header.source.uri.as_str(), SERVER_URI)
        );
        let Some(Command::Status(first)) = message.commands.first() else { panic!("no Status for the header") };
        assert!(first.is_for_header() && first.msg_ref == theirs.header.msg_id, "{first:?}");
        let code = first.code().unwrap();
        for command in message.walk() {
            let fine = match command {
                Command::Results(_) => false,
                Command::Copy(_) => self.config.profile != Profile::Windows,
                Command::Alert(alert) => {
                    let code = alert.code().unwrap();
                    matches!(code.code(), 1222 | 1223 | 1225)
                        || (code.is_user_interaction() && self.config.profile != Profile::Windows)
                }
                Command::Atomic(atomic) => atomic.commands.iter().all(|child| {
                    !matches!(child, Command::Get(_) | Command::Exec(_) | Command::Atomic(_) | Command::Sequence(_))
                        && child.items().iter().all(|item| !item.more_data)
                }),
                Command::Sequence(sequence) => {
                    sequence.commands.iter().all(|child| child.items().iter().all(|item| !item.more_data))
                }
                _ => true,
            };
            assert!(fine, "{command:?} of a server");
        }
        let asks_for = orders(&message);
        let aborts = has_alert(&message, AlertCode::SESSION_ABORT);
        assert!(!aborts || (message.is_final && asks_for.is_empty()), "an abort with orders, or without Final");
        if !code.is_success() {
            let only = aborts || message.commands.iter().all(|command| matches!(command, Command::Status(_)));
            assert!(only && message.is_final, "more than Statuses for a message that was refused");
            if matches!(code.code(), 401 | 407) {
                assert_eq!(header.msg_id.number(), theirs.header.msg_id.number());
                if let Some(nonce) = issued(&message) {
                    self.nonce = nonce;
                }
                if self.proved && self.asked.per_message {
                    // A stranger may have sent it: what the server waits for, it still waits for.
                    self.again = Some(theirs.clone());
                    return;
                }
                self.outstanding.clear();
                self.object = None;
                self.response = Some(message);
            }
            return;
        }
        assert!(
            self.asked.scheme.is_none() || asks.shown == Shown::Right || (self.proved && !self.asked.per_message),
            "a device that proved nothing is taken for what it says it is"
        );
        self.proved |= asks.shown == Shown::Right;
        assert_eq!(header.msg_id.number(), theirs.header.msg_id.number());
        if let Some(nonce) = issued(&message) {
            self.nonce = nonce;
        }
        if let Some(limit) = announced(theirs) {
            self.limit = Some(limit);
        }
        if let Some(limit) = self.limit.filter(|_| !aborts) {
            assert!(response.body.len() <= limit, "{} bytes, and {limit} are taken", response.body.len());
        }
        self.one_package_at_a_time(theirs, &message, &asks_for, aborts);
        // Final is for the end of the package.
        let more = self.object.is_some();
        // What does not fit goes on with the next message: Statuses, and nothing to be done.
        let goes_on = asks_for.is_empty() && has_alert(&message, AlertCode::NEXT_MESSAGE);
        assert!(!theirs.is_final || message.is_final || more || goes_on, "a package that is not ended");
        self.response = Some(message);
    }

    /// Between a command and its Status no further command leaves.
    fn one_package_at_a_time(
        &mut self,
        theirs: &Message<'static>,
        message: &Message<'static>,
        asks_for: &[Command<'static>],
        aborts: bool,
    ) {
        let mut chunk = None;
        for command in &theirs.commands {
            let Command::Status(status) = command else { continue };
            if status.is_for_header() {
                if matches!(status.code().map(StatusCode::code), Some(401 | 407)) {
                    // What came with that message goes again.
                    let refused = status.msg_ref.as_str().trim();
                    self.outstanding.retain(|(msg_id, _)| msg_id != refused);
                    self.object = self.object.take().filter(|_| self.piece.0 != refused);
                }
                continue;
            }
            let cmd_ref = status.cmd_ref.as_ref().map_or("", |cmd_ref| cmd_ref.as_str()).trim().to_owned();
            let key = (status.msg_ref.as_str().trim().to_owned(), cmd_ref);
            if self.outstanding.remove(&key) && key == self.piece {
                chunk = status.code();
            }
        }
        if theirs.is_final {
            self.outstanding.clear();
        }
        // The Status of a chunk may have come before, without the device's having said all.
        let broken = [AlertCode::NO_END_OF_DATA, AlertCode::SESSION_ABORT].iter().any(|code| has_alert(theirs, *code));
        let accepted = chunk.map_or(self.accepted, |code| code == StatusCode::CHUNK_ACCEPTED) && !broken && !aborts;
        if broken && self.object.is_some() {
            // That stands for the Status of the chunk.
            self.outstanding.retain(|key| *key != self.piece);
        }
        let waits = self.object.is_some() && self.outstanding.contains(&self.piece) && !aborts;
        let going_on = self.object.take_if(|_| !waits).filter(|_| accepted);
        self.accepted = false;
        if let Some((name, node, ..)) = &going_on {
            if let Some(next) = asks_for.first() {
                assert_eq!((next.name(), asks_for.len()), (Some(name.as_str()), 1), "something between two chunks");
                assert_eq!(next.items()[0].target_uri().unwrap().as_str(), node, "something between two chunks");
            }
            self.accepted = asks_for.is_empty();
            self.object.clone_from(&going_on);
        }
        if !asks_for.is_empty() {
            assert!(self.outstanding.is_empty(), "commands wait for their Status, and there are more: {asks_for:?}");
            let turn = theirs.is_final || going_on.is_some() || self.package_open;
            assert!(turn, "commands before the device has said all: {asks_for:?}");
        }
        self.package_open = !message.is_final && (theirs.is_final || self.package_open);
        let msg_id = message.header.msg_id.as_str().to_owned();
        for command in asks_for {
            self.outstanding.insert((msg_id.clone(), command.cmd_id().unwrap().as_str().to_owned()));
        }
        if !self.accepted && !waits {
            self.chunk(message, asks_for);
        }
    }

    /// The rules of large values.
    fn chunk(&mut self, message: &Message<'static>, asks_for: &[Command<'static>]) {
        let open = self.object.take();
        let chunks = asks_for.iter().filter(|command| command.items().iter().any(|item| item.more_data)).count();
        assert!(chunks <= 1);
        let command = if open.is_some() { asks_for.first() } else { asks_for.last().filter(|_| chunks == 1) };
        let Some(command) = command else {
            assert_eq!(chunks, 0, "a command behind a chunk");
            return;
        };
        let item = &command.items()[0];
        assert!(!item.more_data || !message.is_final, "Final in the middle of a value");
        let len = match &item.data {
            Some(data) => data.as_text().map_or_else(|| data.as_bytes().map_or(0, <[u8]>::len), str::len) as u64,
            None => 0,
        };
        let size = item.meta.as_ref().and_then(Meta::size).and_then(dm_syncml::Decimal::number);
        let (total, gone) = match &open {
            Some((.., total, gone)) => {
                assert_eq!(size, None, "Size in a later chunk");
                (*total, gone + len)
            }
            None => (size.expect("Size in the first chunk"), len),
        };
        if item.more_data {
            assert!(gone < total);
            let node = item.target_uri().unwrap().as_str().to_owned();
            self.object = Some((command.name().unwrap().to_owned(), node, total, gone));
            self.piece = (message.header.msg_id.as_str().to_owned(), command.cmd_id().unwrap().as_str().to_owned());
        } else {
            assert_eq!(gone, total, "not as large as announced");
        }
    }

    fn give(&mut self, event: Event) -> bool {
        let before = self.machine.snapshot();
        let tick = event == Event::Tick;
        let now = self.clock.read();
        let answer = self.machine.handle(now, event);
        match &answer {
            Ok(()) => {
                self.clock.taken();
                self.trace.push(Seen::Waits(self.machine.poll_timeout()));
            }
            Err(error) => {
                assert!(self.machine.snapshot() == before, "a refused event changed the session");
                assert_ne!(error.kind(), ErrorKind::InvalidSnapshot);
            }
        }
        if tick && self.mode == Mode::DoubleTicks {
            self.machine.handle(now, Event::Tick).unwrap();
        }
        self.restore();
        answer.is_ok()
    }

    fn restore(&mut self) {
        if self.mode == Mode::Restored {
            let snapshot = stored(self.machine.snapshot());
            self.machine = Server::restore(self.config.clone(), snapshot).unwrap();
        }
    }

    fn request(&mut self, program: &mut Program<'_>) {
        self.requests += 1;
        let id = RequestId(self.requests);
        let mut shown = Shown::pick(program);
        let again = program.below(12) == 0 && !self.last.0.is_empty();
        let form = if program.below(32) == 0 { encoding(program) } else { self.form };
        let (body, mac) = if again {
            shown = self.last.2;
            (self.last.0.clone(), self.last.1.clone())
        } else {
            let mut message = match self.again.take().filter(|_| program.below(4) != 0) {
                Some(mut message) => {
                    self.msg_id += 1;
                    message.header.msg_id = self.msg_id.to_string().into();
                    message
                }
                None => self.message(program),
            };
            let scheme = if program.below(16) == 0 { Asked::pick(program).scheme } else { self.asked.scheme };
            message.header.cred = shown.cred(scheme, "device", &self.nonce);
            message.assign_cmd_ids(1);
            let mut body = encode(message, form);
            let mac = shown.header(scheme, "device", &self.nonce, &body);
            if program.below(16) == 0 {
                spoil(&mut body, program);
            }
            (body, mac)
        };
        if self.proofs.contains(&body) {
            // They are the same when they come again, whatever the header says then.
            shown = Shown::Right;
        }
        let method = if program.below(64) == 0 { Method::Get } else { Method::Post };
        let mut request = Request::new(method, "/dm").with_body(body.clone());
        let form = Encoding::detect(&body);
        if program.below(32) != 0 {
            request = request.with_header("Content-Type", media_type(form.unwrap_or(Encoding::Xml)));
        }
        if let Some(mac) = &mac {
            request = request.with_header("x-syncml-hmac", mac.clone());
        }
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.requests.to_be_bytes());
        let message = Message::parse(&body).ok().map(Message::into_owned);
        if self.give(Event::Request { id, request, random: Random::from(random) }) {
            self.open.insert(id, Asks { message, body: body.clone(), form, shown });
            if shown == Shown::Right {
                self.proofs.insert(body.clone());
            }
            self.last = (body, mac, shown);
        }
    }

    fn message(&mut self, program: &mut Program<'_>) -> Message<'static> {
        let begin = self.msg_id == 0 || program.below(24) == 0;
        self.msg_id += 1;
        let msg_id = match program.below(48) {
            0 => "7".to_owned(),
            1 => "1".to_owned(),
            _ => self.msg_id.to_string(),
        };
        let session = if program.below(48) == 0 { "30" } else { self.session };
        let device = if program.below(48) == 0 { "IMEI:1" } else { DEVICE };
        let mut header = SyncHdr::new(session, msg_id, Location::new(SERVER_URI), Location::new(device));
        if program.below(64) == 0 {
            header.ver_dtd = "1.1".into();
        }
        let mut meta = Meta::new();
        if program.below(4) == 0
            && let Some(size) = max_msg_size(program)
        {
            meta = meta.with_max_msg_size(size.into());
        }
        if program.below(8) == 0 {
            meta = meta.with_max_obj_size([0, 600, 100_000][program.below(3)]);
        }
        if !meta.is_empty() {
            header.meta = Some(meta);
        }
        let mut message = Message::new(header);
        if program.below(32) == 0 {
            message = message.with_namespace(Namespace::SyncMl11);
        }
        let response = self.response.clone();
        if let Some(response) = &response
            && program.below(32) != 0
        {
            let code = [200, 212, 212, 212, 200, 212, 212, 401, 407, 500][program.below(10)];
            let mut status = Status::for_header("1", &response.header, StatusCode::new(code));
            let schemes = ["syncml:auth-md5", "syncml:auth-MAC", "syncml:auth-basic", "x"];
            if code / 100 == 4 || program.below(4) == 0 {
                let nonce = Nonce::new(vec![program.next(); 4]).unwrap();
                status = status.with_chal(Chal::new(schemes[program.below(4)]).with_next_nonce(nonce.encode()));
            }
            message.commands.push(Command::Status(status));
            if self.todo.is_empty() {
                self.todo = response.walk().filter(|command| is_order(command)).cloned().collect();
            }
        }
        let refused = response.as_ref().and_then(|response| match response.commands.first() {
            Some(Command::Status(status)) => status.code(),
            _ => None,
        });
        if begin || matches!(refused.map(StatusCode::code), Some(401 | 407)) {
            let code = if program.below(3) == 0 { AlertCode::SERVER_INITIATED } else { AlertCode::CLIENT_INITIATED };
            if program.below(24) != 0 {
                message.commands.push(Command::Alert(Alert::new("1", code)));
            }
            if program.below(24) != 0 {
                let nodes = [("./DevInfo/DevId", DEVICE), ("./DevInfo/Man", "Acme"), ("./DevInfo/Mod", "A1")];
                let replace = nodes.iter().fold(Operation::new("1"), |replace, (node, value)| {
                    replace.with_item(Item::source(*node).with_data(*value))
                });
                message.commands.push(Command::Replace(replace));
            }
        } else if let Some(response) = &response {
            self.answers(&mut message, response, program);
        }
        for _ in 0..[0, 0, 0, 1, 2][program.below(5)] {
            let kinds = [AlertCode::GENERIC_ALERT, AlertCode::CLIENT_EVENT, AlertCode::NO_END_OF_DATA];
            let mut alert = Alert::new("1", kinds[program.below(3)]);
            if program.below(8) != 0 {
                let types = ["org.example.known", "Reversed-Domain-Name: org.example.other", " "];
                let meta = Meta::new().with_type(types[program.below(3)]);
                alert = alert.with_item(Item::data("x").with_meta(meta));
            }
            message.commands.push(Command::Alert(alert));
        }
        match program.below(40) {
            0 => message.commands.push(Command::Alert(Alert::new("1", AlertCode::SESSION_ABORT))),
            1 => message.commands.push(Command::Get(Operation::new("1").with_item(Item::target("./A")))),
            2 => message.commands.push(Command::Alert(Alert::new("1", AlertCode::DISPLAY))),
            _ => {}
        }
        let whole = self.todo.is_empty() && self.result.is_none() && response.as_ref().is_none_or(|it| it.is_final);
        message.is_final = whole != (program.below(20) == 0);
        if !message.is_final && program.below(2) == 0 {
            message.commands.push(Command::Alert(Alert::new("1", AlertCode::NEXT_MESSAGE)));
        }
        message
    }

    /// Statuses and Results for what the server wants, all of them or only some.
    fn answers(&mut self, message: &mut Message<'static>, response: &Message<'static>, program: &mut Program<'_>) {
        let of = response.header.msg_id.clone();
        if let Some((msg_ref, cmd_ref, left)) = self.result.take() {
            let len = (usize::from(program.next()) * 4).min(left);
            let mut item = Item::source("./Big").with_data(Data::text("r".repeat(len)));
            item.more_data = len < left;
            if item.more_data {
                self.result = Some((msg_ref.clone(), cmd_ref.clone(), left - len));
            }
            message.commands.push(Command::Results(Results::new("1", msg_ref, cmd_ref).with_item(item)));
            return;
        }
        for command in &response.commands {
            if matches!(command, Command::Alert(alert) if !alert.code().is_some_and(AlertCode::is_user_interaction)) {
                message.commands.push(Command::Status(Status::for_command("1", of.clone(), command, StatusCode::OK)));
            }
        }
        let most = if program.below(4) == 0 { program.below(4) } else { usize::MAX };
        for _ in 0..most {
            let Some(command) = self.todo.pop_front() else { return };
            let chunk = command.items().iter().any(|item| item.more_data);
            let code = match program.below(24) {
                0 => continue,
                1..=4 => [404, 425, 500, 507, 215, 216, 101, 424][program.below(8)],
                _ if chunk => 213,
                _ => 200,
            };
            let mut status = Status::for_command("1", of.clone(), &command, StatusCode::new(code));
            if program.below(12) == 0 {
                status = status.with_target_ref(uri(program));
            }
            if let Command::Alert(_) = &command {
                for _ in 0..program.below(3) {
                    status = status.with_item(Item::data(["1", "2", "a<b"][program.below(3)]));
                }
            }
            message.commands.push(Command::Status(status));
            if let Command::Get(_) = &command
                && code == 200
                && program.below(16) != 0
            {
                let mut item = Item::source(uri(program)).with_data("value");
                if program.below(4) == 0 {
                    let left = usize::from(program.next()) * 8;
                    item = Item::source("./Big").with_data(Data::text("r".repeat(64))).with_more_data();
                    item.meta = Some(Meta::new().with_size(left as u64 + 64));
                    let cmd_ref = command.cmd_id().unwrap().as_str().to_owned();
                    self.result = Some((of.as_str().to_owned(), cmd_ref, left));
                }
                let more = item.more_data;
                message
                    .commands
                    .push(Command::Results(Results::for_command("1", of.clone(), &command).with_item(item)));
                if more {
                    return;
                }
            }
        }
    }

    fn finish(&mut self) {
        self.clock.behind = false;
        while self.poll() {}
        if !self.machine.is_closed() {
            self.give(Event::Abort);
            self.deciding = None;
            while self.poll() {}
        }
        // The device is to be told: with its next message, or never.
        for _ in 0..8 {
            if self.machine.is_closed() {
                break;
            }
            let Some(deadline) = self.machine.poll_timeout() else { break };
            self.clock.now = self.clock.now.max(deadline.as_millis());
            self.give(Event::Tick);
            while self.poll() {}
        }
        assert!(self.ended == self.machine.is_closed());
        assert!(self.ended || self.orders.is_empty(), "a session that has orders ends");
        assert!(self.open.is_empty(), "{} requests without an answer", self.open.len());
    }
}

/// Anything that an application can order, rightly or not.
fn task(program: &mut Program<'_>, depth: usize) -> Task {
    let content = |program: &mut Program<'_>| match program.below(6) {
        0 => Content::from("x".repeat(usize::from(program.next()) * 16)),
        1 => Content::new(Value::Bytes(vec![program.next(); usize::from(program.next()) * 4])).with_format("bin"),
        2 => Content::node(),
        3 => Content::from("\u{1}"),
        _ => Content::from("a & <b>"),
    };
    match program.below(14) {
        0..=3 => Tree::get(uri(program)).into(),
        4 | 5 => Tree::replace(uri(program), content(program)).into(),
        6 => Tree::add(uri(program), content(program)).into(),
        7 => Tree::delete(uri(program)).into(),
        8 => Tree::copy(uri(program), uri(program)).into(),
        9 => Tree::exec(uri(program)).into(),
        10 => {
            let kind = InteractionKind::ALL[program.below(5)];
            let interaction = Interaction::new(kind, "Go on?");
            let choices = program.below(3);
            interaction.with_choices(["one", "two"].into_iter().take(choices)).into()
        }
        11 | 12 if depth < 3 => Task::Atomic((0..program.below(4)).map(|_| task(program, depth + 1)).collect()),
        13 if depth < 3 => Task::Sequence((0..program.below(4)).map(|_| task(program, depth + 1)).collect()),
        _ => Tree::Begin.into(),
    }
}

/// Restores a server from text, if it is a usable snapshot, and leads it on.
#[cfg(feature = "serde")]
pub fn restore_server(text: &[u8]) -> bool {
    use dm_session::dm1::server::Snapshot;

    let Ok(snapshot) = serde_json::from_slice::<Snapshot>(text) else { return false };
    let program = &mut Program::new(text);
    let config = ServerConfig::new(SERVER_ID, SERVER_URI);
    let Ok(mut machine) = Server::restore(config.clone(), snapshot) else { return false };
    let mut now = machine.poll_timeout().unwrap_or(Timestamp::from_millis(0));
    let session = machine.session_id().unwrap_or("2F").to_owned();
    let device = machine.device_id().unwrap_or(DEVICE).to_owned();
    for turn in 0..12_u64 {
        let location = (Location::new(SERVER_URI), Location::new(device.clone()));
        let header = SyncHdr::new(session.clone(), (turn / 2 + 1).to_string(), location.0, location.1);
        let mut message = Message::new(header).with_final();
        for cmd_ref in 0..4 {
            let code = StatusCode::new([200, 213, 404][program.below(3)]);
            let name = ["SyncHdr", "Get", "Replace", "Get"][cmd_ref];
            let status =
                Status::new("1", turn.to_string(), cmd_ref.to_string(), dm_syncml::CommandName::borrowed(name), code);
            message.commands.push(Command::Status(status));
        }
        message.assign_cmd_ids(1);
        let request = Request::new(Method::Post, "/dm")
            .with_header("Content-Type", media_type(Encoding::Xml))
            .with_body(encode(message, Encoding::Xml));
        let events = [
            Event::Request { id: RequestId(turn), request, random: Random::from([7; 32]) },
            Event::Orders {
                id: machine.open_request().unwrap_or(RequestId(turn)),
                orders: vec![Order::new(1_000 + turn, Tree::get("./A"))],
            },
            Event::Tick,
        ];
        for event in events {
            let _ = machine.handle(now, event);
            let again = stored(machine.snapshot());
            let form = serde_json::to_string(&again).unwrap();
            assert!(Server::restore(config.clone(), again).is_ok(), "restored once, not again: {form}");
            for _ in 0..3 {
                let _ = machine.poll_action();
            }
        }
        now = machine.poll_timeout().unwrap_or(now);
    }
    true
}
