//! The client alone, against a server that a program makes up.

use std::collections::{BTreeMap, BTreeSet};

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{Action, Closed, EffectId, Event, Failure, Start};
use dm_session::dm1::{AlertItem, AlertQueue, Client, ClientAlert, ClientConfig, Limits, UserReply};
use dm_session::http::{Request, Response};
use dm_session::tree::dm1::{Answer, Command as Tree, Data as Value, Principal, ResultItem};
use dm_session::{Random, Timestamp};
use dm_syncml::{
    Alert, AlertCode, Chal, Command, Data, Encoding, Item, Location, Message, Meta, Namespace, Nonce, Operation,
    Results, Status, StatusCode, Strictness, SyncHdr,
};

use super::program::{Clock, Mode, Program, stored};
use super::{
    Asked, DEVICE, SERVER_ID, SERVER_URI, Seen, Shown, announced, command, encode, encoding, has_alert, identity,
    issued, max_msg_size, media_type, read, spoil, uri,
};

/// A client as a program wants it.
struct Setup {
    config: ClientConfig,
    start: Start,
    /// What the server has to show.
    asked: Asked,
}

impl Setup {
    fn pick(program: &mut Program<'_>) -> Self {
        let limits = Limits::DEFAULT.with_max_messages(12).with_max_reply_len(8 << 10).with_max_resends(2);
        let asked = Asked::pick(program);
        let flags = program.next();
        let config = ClientConfig::new(DEVICE, SERVER_ID, SERVER_URI)
            .with_demand(asked.demand(SERVER_ID))
            .with_identity(identity(program, "device"))
            .with_encoding(encoding(program))
            .with_max_msg_size(max_msg_size(program))
            .with_max_obj_size([Some(4096), None][usize::from(flags & 1)])
            .with_interaction(flags & 2 == 0)
            .with_atomic(flags & 12 != 0)
            .with_stop_sequence(flags & 16 != 0)
            .with_defer_alerts(flags & 32 != 0)
            .with_limits(limits);
        let session_id = SessionId::new(0x2f).unwrap();
        let start = match program.below(4) {
            0 => Start::Notification { session_id, resync: None },
            1 => Start::Notification { session_id, resync: Some(dm_notification::dm1::ResyncNonce::ZeroOctets) },
            _ => Start::Local { session_id },
        };
        Self { config, start, asked }
    }
}

/// A command of the server, and what the client has said of it.
struct Owed {
    /// Of the commands with this CmdID, of which there should be one.
    names: Vec<String>,
    items: usize,
    statuses: usize,
    succeeded: bool,
    /// Whether it may stay without a Status.
    optional: bool,
}

struct Run {
    machine: Client,
    setup: Setup,
    mode: Mode,
    clock: Clock,
    open: Vec<Action>,
    ids: BTreeSet<EffectId>,
    trace: Vec<Seen<Action>>,
    ended: Option<Closed>,
    raised: usize,
    answered: usize,

    // What the client has sent.
    posts: u32,
    /// Whether the last one was refused.
    refused: bool,
    /// Whether the server has sent elements that are no commands.
    strange: bool,
    post: Option<(Message<'static>, Vec<u8>)>,
    /// A large result that is under way: its size, and how much has come.
    object: Option<(u64, u64)>,

    // What the server has sent.
    msg_id: u32,
    nonce: Nonce,
    limit: Option<usize>,
    /// The message that is not answered yet.
    unanswered: Option<String>,
    /// Whether its package goes on: it has no Final, and does not ask for the rest of the client's.
    server_open: bool,
    owed: BTreeMap<(String, String), Owed>,
    /// A chunked value: command, node, rest.
    value: Option<(bool, &'static str, usize)>,
    proved: bool,

    // What the tree was asked.
    transaction: Option<bool>,
}

/// Runs a program on a client and returns what it did. Panics where a rule is broken.
pub fn run_client(bytes: &[u8], mode: Mode) -> Vec<Seen<Action>> {
    let program = &mut Program::new(bytes);
    let setup = Setup::pick(program);
    let machine =
        Client::start(setup.config.clone(), setup.start, AlertQueue::with_capacity(8), Timestamp::from_millis(0));
    let Ok(machine) = machine else { return Vec::new() };
    let nonce = match setup.start {
        Start::Notification { resync: Some(_), .. } => Nonce::RESYNC,
        _ => Nonce::new(*b"first").unwrap(),
    };
    let mut run = Run {
        machine,
        setup,
        mode,
        clock: Clock::new(mode),
        open: Vec::new(),
        ids: BTreeSet::new(),
        trace: Vec::new(),
        ended: None,
        raised: 0,
        answered: 0,
        posts: 0,
        refused: false,
        strange: false,
        post: None,
        object: None,
        msg_id: 0,
        nonce,
        limit: None,
        unanswered: None,
        server_open: false,
        owed: BTreeMap::new(),
        value: None,
        proved: false,
        transaction: None,
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
            6..=12 => {
                if !self.open.is_empty() {
                    let at = program.below(self.open.len());
                    let action = self.open.remove(at);
                    self.answer(action, program);
                }
            }
            13 => {
                self.clock.now += u64::from(program.next()) * 1_000;
                self.give(Event::Tick);
            }
            14 => match program.below(16) {
                0 => {
                    self.give(Event::Abort);
                }
                1..=8 => self.clock.behind = !self.clock.behind,
                _ => {
                    let len = usize::from(program.next());
                    let item = AlertItem::new("org.example.event", "x".repeat(len * len / 16));
                    let alert = if len % 3 == 0 { ClientAlert::event(item) } else { ClientAlert::generic(item) };
                    if self.give(Event::Alert(alert)) {
                        self.raised += 1;
                    }
                }
            },
            _ => self.misuse(program),
        }
    }

    fn poll(&mut self) -> bool {
        let Some(action) = self.machine.poll_action() else { return false };
        assert!(self.ended.is_none(), "an action after the end: {action:?}");
        self.trace.push(Seen::Does(action.clone()));
        self.restore();
        if let Some(id) = action.id() {
            assert!(self.ids.insert(id), "{id:?} was used before");
        }
        match &action {
            Action::Post { request, .. } => self.posted(request),
            Action::Manage { request, .. } => {
                match &request.principal {
                    Principal::Server(id) => {
                        assert_eq!(id, SERVER_ID);
                        let trusted = self.setup.asked.scheme.is_none() || self.proved;
                        assert!(trusted, "a command of a server that proved nothing: {request:?}");
                    }
                    _ => assert!(matches!(&request.command, Tree::Get { .. }), "the device itself only reads"),
                }
                match &request.command {
                    Tree::Begin => assert_eq!(self.transaction, None, "an Atomic in an Atomic"),
                    Tree::Commit => assert_eq!(self.transaction, Some(true), "what failed is to be rolled back"),
                    Tree::Rollback => assert!(self.transaction.is_some(), "nothing to roll back"),
                    _ => {}
                }
            }
            _ => {}
        }
        match action {
            Action::Closed(closed) => {
                assert_eq!(self.transaction, None, "an Atomic is neither committed nor rolled back");
                self.ended = Some(closed);
            }
            Action::Cancel { id } => {
                let at = self.open.iter().position(|action| action.id() == Some(id));
                let cancelled = self.open.remove(at.expect("only what is open is cancelled"));
                if let Action::Manage { request, .. } = &cancelled {
                    assert_eq!(request.principal, Principal::Local, "what a server wants done cannot be called off");
                }
            }
            Action::AlertAnswered { .. } => self.answered += 1,
            Action::SaveNonce { .. } => {}
            action => self.open.push(action),
        }
        true
    }

    /// A message of the client: what it has to be by itself, and as an answer to the server's.
    fn posted(&mut self, request: &Request) {
        assert!(request.uri.starts_with("https://dm.example/"), "a message to {}", request.uri);
        if self.post.as_ref().is_some_and(|(_, body)| *body == request.body) {
            return; // the same once more
        }
        // Names of what is no command come back in Cmd, and that alone is not strict.
        let strictness = if self.strange { Strictness::Lenient } else { Strictness::Strict };
        let (message, form) = read(&request.body, &request.headers, strictness);
        assert_eq!(form, self.setup.config.encoding, "another form");
        let begins = [AlertCode::SERVER_INITIATED, AlertCode::CLIENT_INITIATED].map(|code| has_alert(&message, code));
        // What Package#1 begins with cannot be cut: the server had it before it said how much it takes.
        if let Some(limit) = self.limit.filter(|_| begins == [false; 2]) {
            assert!(request.body.len() <= limit, "{} bytes, and {limit} are taken", request.body.len());
        }
        self.posts += 1;
        let header = &message.header;
        assert_eq!(header.session_id.as_str(), "2F");
        let aborts = has_alert(&message, AlertCode::SESSION_ABORT);
        if aborts && header.msg_id.as_str() != self.posts.to_string() {
            self.posts += 1; // of the one that never left
        }
        assert_eq!(header.msg_id.as_str(), self.posts.to_string());
        assert_eq!((header.target.uri.as_str(), header.source.uri.as_str()), (SERVER_URI, DEVICE));
        if let Some(nonce) = issued(&message) {
            self.nonce = nonce;
        }
        assert!(!aborts || message.is_final, "an abort without Final");
        if aborts || begins != [false; 2] {
            // What was on its way begins anew.
            self.object = None;
        }
        let first = match message.commands.first() {
            Some(Command::Status(status)) => Some(status),
            _ => None,
        };
        match (self.unanswered.take(), first) {
            (Some(msg_id), Some(status)) if status.is_for_header() => assert_eq!(status.msg_ref.as_str(), msg_id),
            (Some(_), _) => assert!(aborts, "no Status for the header"),
            (None, Some(_)) => assert!(aborts, "a Status for nothing"),
            (None, None) => {}
        }
        let again = begins != [false; 2];
        assert!(aborts || again || !self.server_open || !message.is_final, "Final before that of the server");
        if let Some((refused, _)) = self.post.take().filter(|_| std::mem::take(&mut self.refused)) {
            // What it said comes again.
            for command in &refused.commands {
                let Command::Status(status) = command else { continue };
                let cmd_ref = status.cmd_ref.as_ref().map_or("", |cmd_ref| cmd_ref.as_str()).to_owned();
                if let Some(owed) = self.owed.get_mut(&(status.msg_ref.as_str().to_owned(), cmd_ref)) {
                    owed.statuses -= 1;
                }
            }
        }
        for command in &message.commands {
            match command {
                Command::Status(status) if status.is_for_header() => {}
                Command::Status(status) => self.status(status),
                Command::Results(results) => self.results(results),
                Command::Replace(replace) => {
                    assert!(replace.items.iter().all(|item| item.source.is_some() && item.target.is_none()));
                }
                Command::Alert(alert) => {
                    let code = alert.code().unwrap().code();
                    assert!(matches!(code, 1200 | 1201 | 1222..=1226), "Alert {code} of a client");
                }
                other => panic!("{other:?} of a client"),
            }
        }
        self.server_open &= !again;
        if message.is_final && !aborts {
            for ((msg_id, cmd_id), owed) in &self.owed {
                assert!(
                    owed.statuses > 0 || owed.optional,
                    "no Status for {:?} {cmd_id} of message {msg_id}",
                    owed.names
                );
            }
            assert_eq!(self.object, None, "a large result that does not end");
        }
        self.post = Some((message, request.body.clone()));
    }

    fn status(&mut self, status: &Status<'_>) {
        let cmd_ref = status.cmd_ref.as_ref().expect("CmdRef").as_str().to_owned();
        let key = (status.msg_ref.as_str().to_owned(), cmd_ref);
        let owed = self.owed.get_mut(&key).unwrap_or_else(|| panic!("a Status for nothing: {status:?}"));
        let name = status.cmd.as_ref().expect("Cmd").as_str();
        assert!(owed.names.iter().any(|owed| owed == name), "{status:?} for {:?}", owed.names);
        owed.statuses += 1;
        owed.succeeded |= status.code().unwrap().is_success();
        assert!(owed.statuses <= owed.items, "one Status more than Items: {status:?}");
    }

    fn results(&mut self, results: &Results<'_>) {
        let key = (results.msg_ref().to_owned(), results.cmd_ref().to_owned());
        let owed = self.owed.get_mut(&key).unwrap_or_else(|| panic!("Results for nothing: {results:?}"));
        assert!(owed.names.iter().any(|name| name == "Get"), "Results for {:?}", owed.names);
        let trusted = self.setup.asked.scheme.is_none() || self.proved;
        assert!(trusted, "a value for who has not proved itself: {results:?}");
        assert!(owed.statuses > 0 && owed.succeeded, "Results before the Status: {results:?}");
        for item in &results.items {
            let len = match &item.data {
                Some(data) => data.as_text().map_or_else(|| data.as_bytes().map_or(0, <[u8]>::len), str::len) as u64,
                None => 0,
            };
            let size = item.meta.as_ref().and_then(Meta::size).and_then(dm_syncml::Decimal::number);
            match self.object.take() {
                None if item.more_data => self.object = Some((size.expect("Size in the first chunk"), len)),
                None => {}
                Some((total, come)) => {
                    assert_eq!(size, None, "Size in a later chunk");
                    if item.more_data {
                        self.object = Some((total, come + len));
                    } else {
                        assert_eq!(come + len, total, "not as large as announced");
                    }
                }
            }
        }
    }

    fn give(&mut self, event: Event) -> bool {
        self.give_at(self.clock.read(), event)
    }

    /// Gives an event to the machine: whether it took it. A refused event changes nothing.
    fn give_at(&mut self, now: Timestamp, event: Event) -> bool {
        let before = self.machine.snapshot();
        let tick = event == Event::Tick;
        let taken = self.machine.handle(now, event).is_ok();
        if taken {
            self.clock.taken();
            self.trace.push(Seen::Waits(self.machine.poll_timeout()));
        } else {
            assert!(self.machine.snapshot() == before, "a refused event changed the session");
        }
        if tick && self.mode == Mode::DoubleTicks {
            self.machine.handle(now, Event::Tick).unwrap();
        }
        self.restore();
        taken
    }

    fn restore(&mut self) {
        if self.mode == Mode::Restored {
            let snapshot = stored(self.machine.snapshot());
            self.machine = Client::restore(self.setup.config.clone(), snapshot).unwrap();
        }
    }

    fn answer(&mut self, action: Action, program: &mut Program<'_>) {
        match &action {
            Action::Post { id, .. } => {
                let id = *id;
                if program.below(12) == 0 {
                    let failure = if program.below(2) == 0 { Failure::Unreachable } else { Failure::Timeout };
                    self.give_or_keep(Event::Failed { id, failure }, action);
                    return;
                }
                let (response, shown) = self.response(program);
                let random = Random::from([program.next(); 32]);
                let body = response.body.clone();
                let status = response.status;
                if self.give_or_keep(Event::Response { id, response, random }, action) && status == 200 {
                    self.received(&body, shown);
                }
            }
            Action::Manage { id, request } => {
                let (id, command) = (*id, request.command.clone());
                let own = request.principal == Principal::Local;
                let answer = tree(&command, program);
                let good = answer.status.is_success();
                let taken = self.give_or_keep(Event::Managed { id, answer }, action);
                assert!(taken || own, "the answer of the tree was refused");
                match command {
                    Tree::Begin if good => self.transaction = Some(true),
                    Tree::Commit | Tree::Rollback => self.transaction = None,
                    _ if !good && self.transaction.is_some() => self.transaction = Some(false),
                    _ => {}
                }
            }
            Action::Interact { id, interaction } => {
                let reply = match program.below(10) {
                    0 => UserReply::Rejected,
                    1 => UserReply::Cancelled,
                    2 => UserReply::TimedOut,
                    3 => UserReply::Unsupported,
                    4 => UserReply::NotRendered,
                    5 => UserReply::Text("a<b".into()),
                    6 | 7 => UserReply::Choices((1..=u32::try_from(program.below(3)).unwrap()).collect()),
                    _ => UserReply::Accepted,
                };
                let fits = reply.fits(interaction);
                let id = *id;
                let taken = self.give_or_keep(Event::Answered { id, reply }, action);
                assert!(fits || !taken, "an answer that does not fit was taken");
            }
            other => panic!("{other:?} needs no answer"),
        }
    }

    /// What was refused is still open, if only until the host reads that it is not.
    fn give_or_keep(&mut self, event: Event, action: Action) -> bool {
        let taken = self.give(event);
        if !taken {
            self.open.push(action);
        }
        taken
    }

    /// The server's side of what the client has been given.
    fn received(&mut self, body: &[u8], shown: Shown) {
        let Ok(message) = Message::parse(body) else { return };
        match shown {
            Shown::Right => self.proved = true,
            _ if self.setup.asked.per_message => self.proved = false,
            _ => {}
        }
        self.strange |= message.walk().any(|command| matches!(command, Command::Ds(_) | Command::Unknown(_)));
        self.refused = message.commands.iter().any(|command| match command {
            Command::Status(status) if status.is_for_header() => {
                matches!(status.code().map(StatusCode::code), Some(401 | 407))
            }
            _ => false,
        });
        let trusted = self.setup.asked.scheme.is_none() || self.proved;
        if trusted && has_alert(&message, AlertCode::NO_END_OF_DATA) {
            // The server wants no more of it.
            self.object = None;
        }
        let header = &message.header;
        let msg_id = header.msg_id.as_str().to_owned();
        if let Some(limit) = announced(&message) {
            self.limit = Some(limit);
        }
        self.unanswered = Some(msg_id.clone());
        let asks_on = self.post.as_ref().is_some_and(|(post, _)| !post.is_final) && !self.server_open;
        self.server_open = !message.is_final && (self.server_open || !asks_on);
        for command in message.walk() {
            // The name and the id of what is no command, too.
            let Status { cmd_ref: Some(cmd_id), cmd: Some(name), .. } =
                Status::for_command("", "", command, StatusCode::OK)
            else {
                continue;
            };
            // What has no name of its own cannot be answered.
            let nameless = cmd_id.is_empty() || cmd_id.as_str() == "0" || name.as_str().is_empty();
            if matches!(command, Command::Status(_)) || nameless {
                continue;
            }
            let owed = self.owed.entry((msg_id.clone(), cmd_id.as_str().to_owned())).or_insert(Owed {
                names: Vec::new(),
                items: 0,
                statuses: 0,
                succeeded: false,
                optional: false,
            });
            owed.names.push(name.as_str().to_owned());
            owed.items += command.items().len().max(1);
            owed.optional |= match command {
                Command::Results(_) => true,
                // Where there is no room for it, it is left out.
                Command::Alert(alert) => alert.code() == Some(AlertCode::NEXT_MESSAGE),
                _ => false,
            };
        }
    }

    /// An answer of the server, as it should be or not.
    fn response(&mut self, program: &mut Program<'_>) -> (Response, Shown) {
        match program.below(24) {
            0 => return (Response::new(503), Shown::Nothing),
            1 => return (Response::new(429).with_header("Retry-After", "30"), Shown::Nothing),
            2 => {
                let to = ["https://dm.example/dm/2", "https://other.example/", "/dm", ":"][program.below(4)];
                return (Response::new(307).with_header("Location", to), Shown::Nothing);
            }
            3 => return (Response::new(404), Shown::Nothing),
            _ => {}
        }
        let asked = self.setup.asked;
        let shown = Shown::pick(program);
        let mut message = self.message(program);
        message.header.cred = shown.cred(asked.scheme, SERVER_ID, &self.nonce);
        message.assign_cmd_ids(1);
        if program.below(32) == 0
            && let Some(id) = message.commands.last_mut().and_then(Command::cmd_id_mut)
        {
            *id = ["1", "0", "", "7f-a"][program.below(4)].into();
        }
        let form = if program.below(8) == 0 { Encoding::Wbxml } else { self.setup.config.encoding };
        let mut body = encode(message, form);
        let mac = shown.header(asked.scheme, SERVER_ID, &self.nonce, &body);
        let mut response = Response::new(200);
        if program.below(16) == 0 {
            spoil(&mut body, program);
        }
        if program.below(32) != 0 {
            response = response.with_header("Content-Type", media_type(form));
        }
        if let Some(mac) = mac {
            response = response.with_header("x-syncml-hmac", mac);
        }
        (response.with_body(body), shown)
    }

    fn message(&mut self, program: &mut Program<'_>) -> Message<'static> {
        self.msg_id += 1;
        let post = self.post.as_ref().map(|(message, _)| message.clone());
        let msg_id = match program.below(48) {
            0 => "7".to_owned(),
            1 => "x".to_owned(),
            _ => self.msg_id.to_string(),
        };
        let session = if program.below(48) == 0 { "30" } else { "2F" };
        let target = if program.below(48) == 0 { "IMEI:1" } else { DEVICE };
        let mut header = SyncHdr::new(session, msg_id, Location::new(target), Location::new(SERVER_URI));
        if program.below(64) == 0 {
            header.ver_proto = "DM/1.1".into();
        }
        if program.below(12) == 0 {
            let uris = ["https://dm.example/dm?sid=7", "/dm?sid=8", "https://other.example/dm", "::"];
            header.resp_uri = Some(uris[program.below(4)].into());
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
        if let Some(post) = &post {
            self.statuses(&mut message, post, program);
        }
        let more = post.as_ref().is_some_and(|post| !post.is_final);
        if more && program.below(12) != 0 {
            message.commands.push(Command::Alert(Alert::new("1", AlertCode::NEXT_MESSAGE)));
            return message;
        }
        match program.below(32) {
            0 => message.commands.push(Command::Alert(Alert::new("1", AlertCode::SESSION_ABORT))),
            1 => message.commands.push(Command::Alert(Alert::new("1", AlertCode::NEXT_MESSAGE))),
            2 => message.commands.push(Command::Alert(Alert::new("1", AlertCode::NO_END_OF_DATA))),
            3 => message.commands.push(Command::Results(Results::new("1", "1", "1").with_item(Item::source("./A")))),
            _ => {}
        }
        let mut is_final = program.below(12) != 0;
        if self.value.is_some() || program.below(8) == 0 {
            is_final = self.chunk(&mut message, program);
        }
        for _ in 0..program.below(5) {
            if is_final {
                message.commands.push(command(program, 0));
            }
        }
        message.is_final = is_final;
        message
    }

    /// What the server says of the client's message.
    fn statuses(&self, message: &mut Message<'static>, post: &Message<'static>, program: &mut Program<'_>) {
        let code = [200, 212, 212, 212, 200, 212, 401, 407, 500][program.below(9)];
        let mut status = Status::for_header("1", &post.header, StatusCode::new(code));
        let schemes = ["syncml:auth-md5", "syncml:auth-MAC", "syncml:auth-basic", "x"];
        if code / 100 == 4 || program.below(4) == 0 {
            let chal = Chal::new(schemes[program.below(4)]);
            let nonce = Nonce::new(vec![program.next(); 4]).unwrap();
            status = status.with_chal(if program.below(8) == 0 { chal } else { chal.with_next_nonce(nonce.encode()) });
        }
        if program.below(32) != 0 {
            message.commands.push(Command::Status(status));
        }
        for command in &post.commands {
            let code = match command {
                Command::Status(_) => continue,
                Command::Results(results) if results.items.iter().any(|item| item.more_data) => 213,
                Command::Results(_) => continue,
                _ => [200, 200, 200, 200, 200, 202, 415, 401, 101][program.below(9)],
            };
            if program.below(16) != 0 {
                let status = Status::for_command("1", post.header.msg_id.clone(), command, StatusCode::new(code));
                message.commands.push(Command::Status(status));
            }
        }
    }

    /// A piece of a large value; whether the message is final.
    fn chunk(&mut self, message: &mut Message<'static>, program: &mut Program<'_>) -> bool {
        let total = 64 + usize::from(program.next());
        let (add, uri, left) = self.value.take().unwrap_or((program.below(2) == 0, uri(program), total));
        let first = left == total;
        let len = program.below(64).min(left);
        let more = len < left || program.below(8) == 0;
        let mut item =
            Item::target(if program.below(16) == 0 { "./Other" } else { uri }).with_data(Data::text("y".repeat(len)));
        if first && program.below(16) != 0 {
            item = item.with_meta(Meta::new().with_size(total as u64));
        }
        item.more_data = more;
        let operation = Operation::new("1").with_item(item);
        message.commands.push(if add { Command::Add(operation) } else { Command::Replace(operation) });
        if more {
            self.value = Some((add, uri, left - len));
        }
        !more
    }

    /// Answers that fit nothing: unknown ids, spent ids, other kinds.
    fn misuse(&mut self, program: &mut Program<'_>) {
        let id = EffectId::new(u64::from(program.next()));
        let kind = program.below(4);
        let event = match kind {
            0 => Event::Response { id, response: Response::new(200), random: Random::from([0; 32]) },
            1 => Event::Managed { id, answer: Answer::new(StatusCode::OK) },
            2 => Event::Answered { id, reply: UserReply::Accepted },
            _ => Event::Failed { id, failure: Failure::Unreachable },
        };
        let fits = self.open.iter().any(|action| {
            action.id() == Some(id)
                && match action {
                    Action::Post { .. } => kind == 0 || kind == 3,
                    Action::Manage { .. } => kind == 1,
                    Action::Interact { .. } => kind == 2,
                    _ => false,
                }
        });
        if !fits {
            let later = Timestamp::from_millis(self.clock.now + 1_000_000);
            assert!(!self.give_at(later, event), "an answer to nothing was taken");
        }
    }

    fn finish(&mut self) {
        // Whatever the program did, an abort ends the session and hands every alert back.
        self.clock.behind = false;
        if !self.machine.is_closed() {
            self.give(Event::Abort);
        }
        let quiet = &mut Program::new(&[]);
        for _ in 0..600 {
            if self.poll() {
                continue;
            }
            if self.ended.is_some() {
                break;
            }
            match self.open.pop() {
                Some(Action::Post { id, .. }) => {
                    self.give(Event::Failed { id, failure: Failure::Unreachable });
                }
                Some(Action::Interact { id, .. }) => {
                    self.give(Event::Answered { id, reply: UserReply::Cancelled });
                }
                Some(action) => self.answer(action, quiet),
                None => {
                    let deadline = self.machine.poll_timeout().expect("a client that waits has a timer");
                    self.clock.now = self.clock.now.max(deadline.as_millis());
                    self.give(Event::Tick);
                }
            }
        }
        let closed = self.ended.take().expect("a closed session says so");
        assert!(self.machine.is_closed());
        assert_eq!(self.machine.poll_action(), None);
        let dropped = usize::try_from(closed.alerts.dropped()).unwrap();
        assert_eq!(self.raised, self.answered + closed.alerts.len() + dropped, "alerts went astray");
    }
}

/// An answer of a tree: mostly what was asked for, at times a refusal.
fn tree(command: &Tree, program: &mut Program<'_>) -> Answer {
    let choice = program.next();
    let item = |source: &str, data: Value| ResultItem::new(source).with_data(data);
    match command {
        Tree::Begin | Tree::Commit | Tree::Rollback | Tree::Check { .. } => {
            let failed = [403, 500, 516][usize::from(choice) % 3];
            Answer::new(if choice > 240 { StatusCode::new(failed) } else { StatusCode::OK })
        }
        Tree::Get { uri, .. } if choice < 200 => {
            let results = match choice % 4 {
                0 => vec![item(uri, Value::Text("v".repeat(usize::from(choice) * 24)))],
                1 => (0..choice % 16).map(|_| item(uri, Value::Text("some text & more".into()))).collect(),
                2 => vec![item(uri, Value::Bytes(vec![choice; usize::from(choice) * 16]))],
                _ => vec![item(uri, Value::Text("7".into()))],
            };
            Answer::new(StatusCode::OK).with_results(results)
        }
        _ if choice > 200 => Answer::new(StatusCode::new([404, 425, 500, 405][usize::from(choice) % 4])),
        Tree::Exec { .. } if choice > 100 => Answer::new(StatusCode::ACCEPTED),
        _ => Answer::new(StatusCode::OK),
    }
}

/// Restores a client from text, if it is a usable snapshot, and leads it to its end.
#[cfg(feature = "serde")]
pub fn restore_client(text: &[u8]) -> bool {
    use dm_session::dm1::client::Snapshot;

    let Ok(snapshot) = serde_json::from_slice::<Snapshot>(text) else { return false };
    let program = &mut Program::new(text);
    let config = Setup::pick(&mut Program::new(&[])).config;
    let Ok(mut machine) = Client::restore(config.clone(), snapshot) else { return false };
    let mut now = machine.poll_timeout().unwrap_or(Timestamp::from_millis(0));
    let mut post = 0;
    for _ in 0..64 {
        let again = stored(machine.snapshot());
        let form = serde_json::to_string(&again).unwrap();
        assert!(Client::restore(config.clone(), again).is_ok(), "restored once, not again: {form}");
        let event = match machine.poll_action() {
            Some(Action::Manage { id, request }) => Event::Managed { id, answer: tree(&request.command, program) },
            Some(Action::Interact { id, .. }) => Event::Answered { id, reply: UserReply::Accepted },
            Some(Action::Post { id, .. }) => {
                post += 1;
                let header = SyncHdr::new("2F", post.to_string(), Location::new(DEVICE), Location::new(SERVER_URI));
                let mut message = Message::new(header.clone()).with_command(command(program, 0)).with_final();
                message.commands.insert(0, Command::Status(Status::for_header("1", &header, StatusCode::OK)));
                message.assign_cmd_ids(1);
                let response = Response::new(200)
                    .with_header("Content-Type", media_type(Encoding::Xml))
                    .with_body(encode(message, Encoding::Xml));
                Event::Response { id, response, random: Random::from([7; 32]) }
            }
            Some(_) => continue,
            None => Event::Tick,
        };
        if event == Event::Tick {
            now = machine.poll_timeout().unwrap_or(now);
        }
        let _ = machine.handle(now, event);
    }
    true
}
