//! A device that says to the DM 1.2 server machine what a test tells it to say, and looks closely at every answer.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::exhaustive_enums,
    clippy::std_instead_of_core,
    reason = "shared by several test files"
)]

use std::collections::{BTreeSet, VecDeque};

use dm_session::dm1::server::{Action, Closed, Event, Opening, Reason, Received};
use dm_session::dm1::{ClientAlert, Fate, NotSent, Task, TaskResult};
use dm_session::dm1::{
    Credentials, Demand, Identity, Interaction, Order, Outcome, Party, Scheme, Server, ServerConfig,
};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::{self as tree, Content, Data as TreeData};
use dm_session::{Random, RequestId, Secret, Timestamp};
use dm_syncml::{
    Alert, AlertCode, AuthType, BasicCredentials, Chal, Command, CommandName, Cred, CredentialHash, Encoding, Format,
    HmacHeader, Item, Limits, Location, Message, Meta, Namespace, Nonce, Operation, Results, Secret as Password,
    Status, StatusCode, Strictness, SyncHdr,
};

pub const SERVER_ID: &str = "com.mgmtsrv.manage";
pub const SERVER_URI: &str = "https://dm.example/dm?mode=x";
pub const DEVICE: &str = "IMEI:493005100592800";
pub const NAME: &str = "Bruce";
pub const PASSWORD: &str = "OhBehave";
pub const SERVER_PASSWORD: &str = "srvpassword";
pub const BOTH: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

pub fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn config() -> ServerConfig {
    ServerConfig::new(SERVER_ID, SERVER_URI)
}

/// What the device shows of itself.
pub fn credentials() -> Credentials {
    Credentials::new(NAME, &Secret::new(PASSWORD))
}

/// What the server shows of itself.
pub fn server_credentials() -> Credentials {
    Credentials::new(SERVER_ID, &Secret::new(SERVER_PASSWORD))
}

pub fn nonce(octets: &[u8]) -> Nonce {
    Nonce::new(octets).unwrap()
}

pub fn code(code: u32) -> StatusCode {
    StatusCode::new(code)
}

// --- what the device says ----------------------------------------------------------------------------------------

/// The SyncBody of a message of the device.
#[derive(Clone)]
pub struct Body {
    pub commands: Vec<Command<'static>>,
    pub is_final: bool,
    ids: u32,
    /// MsgID of the server's message that is answered.
    pub msg_ref: u32,
}

impl Body {
    pub fn new(msg_ref: u32) -> Self {
        Self { commands: Vec::new(), is_final: true, ids: 0, msg_ref }
    }

    fn id(&mut self) -> String {
        self.ids += 1;
        self.ids.to_string()
    }

    /// Not the last message of its package.
    pub fn more(mut self) -> Self {
        self.is_final = false;
        self
    }

    pub fn command(mut self, build: impl FnOnce(String) -> Command<'static>) -> Self {
        let id = self.id();
        self.commands.push(build(id));
        self
    }

    /// Status for the SyncHdr of the server's message.
    pub fn header(self, status: u32) -> Self {
        self.status("0", "SyncHdr", status)
    }

    pub fn challenge(self, status: u32, chal: Chal<'static>) -> Self {
        self.status_with("0", "SyncHdr", status, |status| status.with_chal(chal))
    }

    /// What follows is about the server's message with this MsgID.
    pub fn about(mut self, msg_ref: u32) -> Self {
        self.msg_ref = msg_ref;
        self
    }

    pub fn status(self, cmd_ref: &str, cmd: &str, status: u32) -> Self {
        self.status_with(cmd_ref, cmd, status, |status| status)
    }

    pub fn status_with(
        self,
        cmd_ref: &str,
        cmd: &str,
        status: u32,
        change: impl FnOnce(Status<'static>) -> Status<'static>,
    ) -> Self {
        let msg_ref = self.msg_ref.to_string();
        let (cmd_ref, cmd) = (cmd_ref.to_owned(), CommandName::from(cmd).into_owned());
        self.command(|id| Command::Status(change(Status::new(id, msg_ref, cmd_ref, cmd, code(status)))))
    }

    pub fn alert(self, alert: u32) -> Self {
        self.alert_with(alert, |alert| alert)
    }

    pub fn alert_with(self, alert: u32, change: impl FnOnce(Alert<'static>) -> Alert<'static>) -> Self {
        self.command(|id| Command::Alert(change(Alert::new(id, AlertCode::new(alert)))))
    }

    /// A generic alert with one Item.
    pub fn generic(self, media_type: &str, data: &str) -> Self {
        let item = alert_item(media_type, data);
        self.alert_with(1226, |alert| alert.with_item(item))
    }

    pub fn dev_info(self) -> Self {
        self.command(|id| {
            let values = [("DevId", DEVICE), ("Man", "ACME"), ("Mod", "Phone"), ("DmV", "1.2"), ("Lang", "en")];
            let item = |(name, value): (&str, &'static str)| Item::source(format!("./DevInfo/{name}")).with_data(value);
            Command::Replace(values.map(item).into_iter().fold(Operation::new(id), Operation::with_item))
        })
    }

    /// Results with one Item.
    pub fn result(self, cmd_ref: &str, uri: &str, value: &str) -> Self {
        self.results(cmd_ref, [Item::source(uri.to_owned()).with_data(value.to_owned())])
    }

    pub fn results(self, cmd_ref: &str, items: impl IntoIterator<Item = Item<'static>>) -> Self {
        let msg_ref = self.msg_ref.to_string();
        let cmd_ref = cmd_ref.to_owned();
        self.command(|id| {
            Command::Results(items.into_iter().fold(Results::new(id, msg_ref, cmd_ref), Results::with_item))
        })
    }

    /// A chunk of Results; `size` in the first one.
    pub fn chunk(self, cmd_ref: &str, uri: &str, data: &str, size: Option<u64>, more: bool) -> Self {
        let mut item = Item::source(uri.to_owned()).with_data(data.to_owned());
        if let Some(size) = size {
            item = item.with_meta(Meta::new().with_size(size));
        }
        self.results(cmd_ref, [if more { item.with_more_data() } else { item }])
    }
}

pub fn alert_item(media_type: &str, data: &str) -> Item<'static> {
    let meta = Meta::new().with_type(media_type.to_owned()).with_format(Format::Chr);
    Item::new().with_meta(meta).with_data(data.to_owned())
}

/// What the application decides when it is asked.
#[derive(Clone, Debug)]
pub enum Plan {
    Orders(Vec<Order>),
    /// The application cannot.
    Fail,
    /// The answer comes later: the request stays open.
    Wait,
}

/// Name, password and nonce.
#[derive(Clone, Debug)]
pub struct Keys {
    pub name: String,
    pub password: String,
    pub nonce: Nonce,
}

impl Keys {
    pub fn hash(&self) -> CredentialHash {
        CredentialHash::of(&self.name, &Password::new(self.password.as_bytes()))
    }
}

/// The device, with the server's machine in its hands.
pub struct Device {
    pub server: Server,
    pub config: ServerConfig,
    pub encoding: Encoding,
    pub namespace: Namespace<'static>,
    pub session: String,
    pub id: String,
    /// MsgID of its last message.
    pub msg_id: u32,
    pub ver: (&'static str, &'static str),
    /// SyncHdr Meta of the next message.
    pub meta: Option<Meta<'static>>,
    /// Largest answer that is taken; announced by [`Self::announce`].
    pub max_msg: Option<usize>,
    pub scheme: Option<Scheme>,
    pub keys: Keys,
    /// Whether the machine goes to another node, as a snapshot, after every step.
    pub travels: bool,
    /// Whether answers may deviate from the standard, because the device does.
    pub lenient: bool,
    /// Where snapshots are kept of every step, if they are.
    pub snapshots: Option<Vec<String>>,
    pub plans: VecDeque<Plan>,

    pub received: Vec<Received>,
    pub outcomes: Vec<Outcome>,
    pub nonces: Vec<(Party, Nonce)>,
    pub closed: Option<Closed>,
    pub notifications: Vec<Vec<u8>>,
    /// How often no session came of notifications.
    pub unanswered: usize,
    /// Alerts that came after the end.
    pub late: Vec<ClientAlert>,
    /// The server's messages as they came.
    pub wire: Vec<Response>,
    /// The last one, read.
    pub last: Message<'static>,
    /// MsgID of the last one.
    pub last_id: u32,
    /// Commands of the server that wait for a Status: MsgID, CmdID.
    pub open: BTreeSet<(u32, String)>,
    /// What was posted last.
    pub posted: Option<Request>,
    /// The message that was said last.
    pub sent: Message<'static>,
    /// Whether it refuses the chunk that came before.
    stopped: bool,
    /// Commands of its own that wait for a Status: MsgID, CmdID, name, and whether there need be none.
    owed: VecDeque<(u32, String, String, bool)>,
    requests: u64,
    pub now: u64,
}

/// What came of taking a large object.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    pub data: Vec<u8>,
    /// Bytes of each piece.
    pub pieces: Vec<usize>,
    /// Size in each piece.
    pub sizes: Vec<Option<u64>>,
    /// What else came in the messages of the pieces.
    pub others: usize,
}

impl Device {
    pub fn new(config: ServerConfig) -> Self {
        Self::with(config, Encoding::Xml)
    }

    pub fn with(config: ServerConfig, encoding: Encoding) -> Self {
        let server = Server::start(config.clone(), at(0)).unwrap();
        Self {
            server,
            config,
            encoding,
            namespace: Namespace::SyncMl12,
            session: "1A".into(),
            id: DEVICE.into(),
            msg_id: 0,
            ver: ("1.2", "DM/1.2"),
            meta: None,
            max_msg: None,
            scheme: None,
            keys: Keys { name: NAME.into(), password: PASSWORD.into(), nonce: Nonce::EMPTY },
            travels: false,
            lenient: false,
            snapshots: None,
            plans: VecDeque::new(),
            received: Vec::new(),
            outcomes: Vec::new(),
            nonces: Vec::new(),
            closed: None,
            notifications: Vec::new(),
            unanswered: 0,
            late: Vec::new(),
            wire: Vec::new(),
            last: Message::default(),
            last_id: 0,
            open: BTreeSet::new(),
            posted: None,
            sent: Message::default(),
            stopped: false,
            owed: VecDeque::new(),
            requests: 0,
            now: 0,
        }
    }

    /// A device whose package 1 was answered with these orders.
    pub fn opened(config: ServerConfig, encoding: Encoding, orders: impl IntoIterator<Item = Order>) -> Self {
        let mut device = Self::with(config, encoding);
        device.plan(orders);
        device.open();
        device
    }

    /// The next decision.
    pub fn plan(&mut self, orders: impl IntoIterator<Item = Order>) {
        self.plans.push_back(Plan::Orders(orders.into_iter().collect()));
    }

    /// Announces this `MaxMsgSize` with the next message, and takes nothing larger.
    pub fn announce(&mut self, max_msg: usize) {
        self.max_msg = Some(max_msg);
        self.meta = Some(self.meta.take().unwrap_or_default().with_max_msg_size(max_msg as u64));
    }

    pub fn announce_object(&mut self, max_obj: u64) {
        self.meta = Some(self.meta.take().unwrap_or_default().with_max_obj_size(max_obj));
    }

    // --- bodies --------------------------------------------------------------------------------------------------

    /// Nothing yet, in answer to the server's last message.
    pub fn body(&self) -> Body {
        Body::new(self.last_id)
    }

    /// Package 1.
    pub fn package1(&self) -> Body {
        let body = if self.last_id == 0 { self.body() } else { self.body().header(200) };
        body.alert(1201).dev_info()
    }

    /// Status 200 for the SyncHdr, and nothing else yet.
    pub fn reply(&self) -> Body {
        self.body().header(200)
    }

    /// 200 for all, and a value for every Get.
    pub fn obey(&self) -> Body {
        self.answer(|_| 200)
    }

    /// Statuses for all commands of the server's last message, in their order, with Results for each Get.
    pub fn answer(&self, status: impl Fn(&Command<'_>) -> u32) -> Body {
        let mut body = self.reply();
        for command in self.last.walk() {
            let (Some(id), Some(name)) = (command.cmd_id(), command.name()) else { continue };
            if matches!(command, Command::Status(_)) {
                continue;
            }
            let status = status(command);
            body = body.status(id.as_str(), name, status);
            if let (Command::Get(get), 200) = (command, status) {
                for item in &get.items {
                    let uri = item.target_uri().unwrap().as_str();
                    body = body.result(id.as_str(), uri, &value_of(uri));
                }
            }
        }
        body
    }

    // --- messages ------------------------------------------------------------------------------------------------

    /// The message with the next MsgID.
    pub fn message(&mut self, body: Body) -> Message<'static> {
        self.msg_id += 1;
        let mut source = Location::new(self.id.clone());
        let mut header = SyncHdr::new(
            self.session.clone(),
            self.msg_id.to_string(),
            Location::new("https://dm.example/dm"),
            Location::default(),
        );
        match self.scheme {
            Some(Scheme::Basic) => {
                let basic = BasicCredentials::new(self.keys.name.clone(), Password::new(self.keys.password.as_bytes()));
                header = header.with_cred(Cred::new(AuthType::Basic, basic.unwrap().encode()));
            }
            Some(Scheme::Md5) => {
                let digest = self.keys.hash().md5(&self.keys.nonce);
                header = header.with_cred(Cred::new(AuthType::Md5, digest));
                source = source.with_name(self.keys.name.clone());
            }
            Some(_) => source = source.with_name(self.keys.name.clone()),
            None => {}
        }
        header.source = source;
        header.ver_dtd = self.ver.0.into();
        header.ver_proto = self.ver.1.into();
        header.meta = self.meta.take();
        let mut message = Message::new(header).with_namespace(self.namespace.clone());
        message.commands = body.commands;
        message.is_final = body.is_final;
        message
    }

    /// The POST of a message.
    pub fn request(&self, message: &Message<'_>) -> Request {
        let mut bytes = Vec::new();
        message.encode(self.encoding, &mut bytes).unwrap();
        self.request_of(bytes)
    }

    pub fn request_of(&self, bytes: Vec<u8>) -> Request {
        let mut request = Request::new(Method::Post, "/dm?mode=x").with_header("Content-Type", media(self.encoding));
        if self.scheme == Some(Scheme::Mac) {
            let header = HmacHeader::sign(self.keys.name.clone(), &self.keys.hash(), &self.keys.nonce, &bytes).unwrap();
            request = request.with_header(HmacHeader::NAME, header.to_value());
        }
        request.with_body(bytes)
    }

    /// Sends package 1.
    pub fn open(&mut self) -> Message<'static> {
        let body = self.package1();
        self.say(body)
    }

    /// Sends a message and takes the answer, which has to be a good one.
    pub fn say(&mut self, body: Body) -> Message<'static> {
        let message = self.message(body);
        self.note(&message);
        let request = self.request(&message);
        let response = self.post(request).expect("an answer");
        self.hear(&response, message.is_final)
    }

    /// Remembers what a message says, for a look at the answer.
    pub fn note(&mut self, message: &Message<'static>) {
        let chunk = self.last.commands.iter().find(|it| it.items().iter().any(|item| item.more_data));
        let chunk = chunk.and_then(Command::cmd_id).map(|id| id.as_str().to_owned());
        self.stopped = false;
        for command in &message.commands {
            if let Command::Alert(alert) = command {
                self.stopped |= alert.code() == Some(AlertCode::NO_END_OF_DATA);
            }
            let Command::Status(status) = command else { continue };
            let of_chunk = status.cmd_ref.as_ref().map(|id| id.as_str()) == chunk.as_deref() && chunk.is_some();
            self.stopped |= of_chunk && status.code() != Some(StatusCode::CHUNK_ACCEPTED);
            let cmd_ref = status.cmd_ref.as_ref().map_or("0", |id| id.as_str());
            if status.is_for_header() && matches!(status.code().map(StatusCode::code), Some(401 | 407)) {
                // The whole package comes again.
                self.open.clear();
            }
            self.open.remove(&(status.msg_ref.number().unwrap_or(0), cmd_ref.to_owned()));
        }
        if message.is_final {
            // What was not answered now is not going to be.
            self.open.clear();
        }
        if self.stopped {
            self.open.clear();
        }
        for command in &message.commands {
            let (Some(id), Some(name)) = (command.cmd_id(), command.name()) else { continue };
            if !matches!(command, Command::Status(_)) {
                // Where there is no room, that of the 1222 is left out.
                let asks = matches!(command, Command::Alert(alert) if alert.code() == Some(AlertCode::NEXT_MESSAGE));
                let silent = may_be_silent(command) || (asks && self.max_msg.is_some());
                self.owed.push_back((self.msg_id, id.as_str().to_owned(), name.to_owned(), silent));
            }
        }
        self.sent = message.clone();
    }

    /// Lets the server go on for as long as it has no room for what it has decided (1222 in place of commands).
    pub fn go_on(&mut self) {
        for _ in 0..100 {
            if !operations(&self.last).is_empty() || self.last.is_final {
                return;
            }
            let body = self.answer(|_| 200).alert(1222).more();
            self.say(body);
        }
        panic!("no end: {:?}", self.last);
    }

    /// Goes on taking the pieces of the large object that has begun, up to the last piece, which is not answered yet.
    pub fn take_pieces(&mut self) -> Taken {
        let mut taken = Taken::default();
        loop {
            let all = operations(&self.last);
            let piece = all.last().unwrap().clone();
            taken.data.extend(data(&piece));
            taken.pieces.push(data(&piece).len());
            taken.sizes.push(size(&piece));
            taken.others += all.len() - 1;
            if chunks(&self.last) == 0 {
                return taken;
            }
            assert!(taken.pieces.len() < 10_000);
            let body = self.next_piece();
            self.say(body);
        }
    }

    /// 213 for the piece, 200 for the rest, and 1222.
    pub fn next_piece(&self) -> Body {
        let is_piece = |command: &Command<'_>| command.items().iter().any(|item| item.more_data);
        self.answer(|command| if is_piece(command) { 213 } else { 200 }).alert(1222).more()
    }

    /// Posts; the answer, if one came.
    pub fn post(&mut self, request: Request) -> Option<Response> {
        self.posted = Some(request.clone());
        self.requests += 1;
        let id = RequestId(self.requests);
        let random = Random::from([u8::try_from(self.requests % 251).unwrap() + 1; 32]);
        self.event(Event::Request { id, request, random });
        self.drain(id)
    }

    /// Posts a message, whatever the answer is.
    pub fn post_body(&mut self, body: Body) -> Response {
        let message = self.message(body);
        self.note(&message);
        let request = self.request(&message);
        self.post(request).expect("an answer")
    }

    /// Sends a message whose SyncBody is this XML, and takes the answer.
    pub fn say_xml(&mut self, body: &str) -> Message<'static> {
        let empty = self.body();
        let mut message = self.message(empty);
        message.is_final = false;
        let text = String::from_utf8(message.to_xml().unwrap()).unwrap();
        let (head, tail) = text.split_once("<SyncBody/>").or_else(|| text.split_once("<SyncBody></SyncBody>")).unwrap();
        let text = format!("{head}<SyncBody>{body}</SyncBody>{tail}");
        let said = Message::parse(text.as_bytes()).unwrap().into_owned();
        self.note(&said);
        let response = self.post(self.request_of(text.into_bytes())).expect("an answer");
        self.hear(&response, said.is_final)
    }

    /// Time passes.
    pub fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.event(Event::Tick);
        let late = self.drain(RequestId(0));
        assert_eq!(late, None);
    }

    /// As long as a server waits, and a moment.
    pub fn wait_long(&mut self) {
        let idle = self.config.limits.idle_timeout.as_millis();
        self.wait(u64::try_from(idle).unwrap() + 1);
    }

    /// The decision that was put off.
    pub fn decide(&mut self, orders: impl IntoIterator<Item = Order>) -> Message<'static> {
        let id = self.server.open_request().expect("a decision");
        self.event(Event::Orders { id, orders: orders.into_iter().collect() });
        let response = self.drain(id).expect("an answer");
        let was_final = self.sent.is_final;
        self.hear(&response, was_final)
    }

    /// Posts the last request once more.
    pub fn repeat(&mut self) -> Option<Response> {
        let request = self.posted.clone().unwrap();
        self.post(request)
    }

    pub fn event(&mut self, event: Event) {
        self.now += 1;
        self.server.handle(at(self.now), event).unwrap();
        self.travel();
    }

    /// Does what the machine wants done.
    pub fn drain(&mut self, waiting: RequestId) -> Option<Response> {
        let mut answer = None;
        while let Some(action) = self.server.poll_action() {
            self.travel();
            match action {
                Action::Respond { id, response } => {
                    assert_eq!(id, waiting, "the answer is for the request");
                    assert_eq!(answer.replace(response), None, "one answer to one request");
                }
                Action::Decide { id, received } => {
                    assert_eq!(self.server.open_request(), Some(id));
                    assert_eq!(received.device_id, self.id);
                    self.received.push(received);
                    match self.plans.pop_front().unwrap_or(Plan::Orders(Vec::new())) {
                        Plan::Orders(orders) => self.event(Event::Orders { id, orders }),
                        Plan::Fail => self.event(Event::Fail { id }),
                        Plan::Wait => {}
                    }
                }
                Action::Outcome(outcome) => {
                    let again = self.outcomes.iter().any(|known| known.id == outcome.id);
                    assert!(!again, "the outcome of {:?} comes once", outcome.id);
                    self.outcomes.push(*outcome);
                }
                Action::SaveNonce { party, nonce } => self.nonces.push((party, nonce)),
                Action::Closed(closed) => {
                    assert!(self.server.is_closed());
                    assert_eq!(self.closed.replace(closed), None, "a session ends once");
                }
                Action::SendNotification(bytes) => self.notifications.push(bytes),
                Action::NotificationUnanswered => self.unanswered += 1,
                Action::LateAlerts(alerts) => self.late.extend(alerts),
                other => panic!("{other:?}"),
            }
        }
        answer
    }

    fn travel(&mut self) {
        #[cfg(feature = "serde")]
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.push(serde_json::to_string(&self.server.snapshot()).unwrap());
        }
        if self.travels {
            self.server = moved(&self.server, &self.config);
        }
    }

    // --- what is true of every answer ------------------------------------------------------------------------------

    /// Reads an answer that is not the repetition of an earlier one.
    pub fn hear(&mut self, response: &Response, was_final: bool) -> Message<'static> {
        let message = self.read(response);
        let header = &message.header;
        assert_eq!(header.msg_id.number(), Some(self.last_id + 1), "the server's MsgID goes up by one");
        self.last_id += 1;
        let first = header_status(&message);
        assert_eq!(first.msg_ref.number(), Some(self.msg_id), "the first Status is for the SyncHdr of this message");
        assert_eq!(first.cmd_ref.as_ref().map(|id| id.as_str()), Some("0"));
        assert_eq!(first.cmd, Some(CommandName::SyncHdr));

        let operations = operations(&message);
        let challenges = matches!(first.code().unwrap().code(), 401 | 407);
        let refused = !first.code().unwrap().is_success();
        let aborts = alerts(&message).contains(&1223);
        let asks = alerts(&message).contains(&1222);
        let cut = chunks(&message);
        if challenges {
            assert!(first.chal.is_some(), "a challenge comes with 401 and 407");
        }
        if refused {
            let only_statuses = message.commands.iter().all(|command| matches!(command, Command::Status(_)));
            assert!(only_statuses && message.is_final, "a refusal has nothing but Statuses: {message:?}");
        }
        if asks {
            assert!(!message.is_final && operations.is_empty(), "1222 comes alone: {message:?}");
        }
        if aborts {
            assert!(message.is_final && operations.is_empty() && !asks, "1223 comes alone, with Final: {message:?}");
        }
        assert!(cut <= 1, "one large object at a time");
        let no_end = alerts(&message).contains(&1225) && !was_final;
        assert_eq!(message.is_final, cut == 0 && !asks && !no_end, "Final but for 1222 and chunks: {message:?}");
        if !was_final && !refused && !aborts {
            // The device has more to say. Only a chunk may go on.
            // It has nothing to add, and the server's own package is not complete.
            let gave_word = alerts(&self.sent).contains(&1222) && !self.last.is_final && chunks(&self.last) == 0;
            assert!(
                asks || no_end || gave_word || self.in_chunks(&operations),
                "no commands between the device's messages: {message:?}"
            );
        }
        if !operations.is_empty() {
            assert!(self.open.is_empty(), "commands while others wait for a Status: {:?}", self.open);
        }
        self.check_statuses(&message);
        for command in message.walk() {
            if !matches!(command, Command::Status(_)) {
                let id = command.cmd_id().unwrap().as_str().to_owned();
                self.open.insert((self.last_id, id));
            }
        }
        self.last = message.clone();
        message
    }

    /// Whether there is only the next piece of what is on its way in pieces, or what comes after it was refused.
    fn in_chunks(&self, operations: &[Command<'static>]) -> bool {
        let same = |next: &Command<'static>| {
            let before = self::operations(&self.last);
            let before = before.last().unwrap();
            before.name() == next.name() && target(before) == target(next)
        };
        chunks(&self.last) == 1 && (self.stopped || (operations.len() == 1 && same(&operations[0])))
    }

    /// Every command has its Status, in the order of the commands; good Results and Statuses have none. Where there is
    /// no room, some come with the next message.
    fn check_statuses(&mut self, message: &Message<'static>) {
        let mut done = None;
        for command in &message.commands[1..] {
            let Command::Status(status) = command else { continue };
            assert_eq!(status.chal, None, "challenges are for the SyncHdr");
            let name = status.cmd.as_ref().unwrap().as_str().to_owned();
            let key = (status.msg_ref.number().unwrap(), status.cmd_ref.as_ref().unwrap().as_str().to_owned(), name);
            if key.2 == "Results" {
                assert_ne!(status.code(), Some(StatusCode::OK), "good Results have no Status");
            }
            if done.as_ref() == Some(&key) {
                continue;
            }
            loop {
                let next = self.owed.pop_front();
                let (msg_id, cmd_id, name, silent) =
                    next.unwrap_or_else(|| panic!("a Status for nothing, or out of order: {status:?}"));
                if (msg_id, &cmd_id, &name) == (key.0, &key.1, &key.2) {
                    break;
                }
                assert!(silent, "{name} {cmd_id} has no Status in {message:?}");
            }
            done = Some(key);
        }
        // Where room is short some come later, but with commands, or at the end of a package, none is left. Only what is
        // the end anyhow, a refusal or an abort of either side, goes without them.
        let refuses = !header_status(message).code().unwrap().is_success();
        let aborts = alerts(message).contains(&1223) || alerts(&self.sent).contains(&1223);
        let ends = message.is_final && !refuses && !aborts;
        if self.max_msg.is_none() || ends || !operations(message).is_empty() {
            assert!(self.owed.iter().all(|it| it.3), "no Status for {:?} in {message:?}", self.owed);
        }
        if message.is_final {
            self.owed.clear();
        }
    }

    /// Reads an answer.
    pub fn read(&mut self, response: &Response) -> Message<'static> {
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.check(), Ok(()));
        assert_eq!(response.headers.get("Content-Type"), Some(media(self.encoding)));
        let caching = response.headers.get("Cache-Control").unwrap_or_default();
        assert!(caching.contains("no-store") || caching.contains("private"), "{caching:?}");
        assert_eq!(Encoding::detect(&response.body), Some(self.encoding));
        if let Some(max) = self.max_msg {
            assert!(response.body.len() <= max, "{} bytes where {max} are taken", response.body.len());
        }
        let strictness = if self.lenient { Strictness::Lenient } else { Strictness::Strict };
        let parsed = Message::parse_with(&response.body, strictness, &Limits::DEFAULT)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&response.body)));
        let message = parsed.value.into_owned();
        if self.encoding == Encoding::Xml {
            assert_eq!(message.namespace, self.namespace);
        }
        let header = &message.header;
        assert_eq!((&*header.ver_dtd, &*header.ver_proto), ("1.2", "DM/1.2"));
        assert_eq!(header.session_id.as_str(), self.session);
        assert_eq!(header.target.uri.as_str(), self.id);
        assert_eq!(header.source.uri.as_str(), SERVER_URI);
        let mut ids = BTreeSet::new();
        for command in message.walk() {
            assert!(!matches!(command, Command::Results(_) | Command::Ds(_) | Command::Unknown(_)), "{command:?}");
            let id = command.cmd_id().unwrap().as_str().to_owned();
            assert!(id != "0" && !id.is_empty() && ids.insert(id), "CmdIDs are unique and not 0");
        }
        self.wire.push(response.clone());
        message
    }

    // --- what came of it -------------------------------------------------------------------------------------------

    /// The challenge or next nonce of the last message.
    pub fn chal(&self) -> Option<(AuthType<'static>, Option<Nonce>)> {
        let chal = header_status(&self.last).chal?;
        Some((chal.auth_type().unwrap().into_owned(), chal.nonce().unwrap()))
    }

    /// Takes the nonce of the last message for the next one, and does as the challenge says.
    pub fn take_chal(&mut self) -> Nonce {
        let (auth_type, nonce) = self.chal().expect("a challenge or a nonce");
        self.scheme = Some(match auth_type {
            AuthType::Basic => Scheme::Basic,
            AuthType::Md5 => Scheme::Md5,
            AuthType::Mac => Scheme::Mac,
            other => panic!("{other:?}"),
        });
        self.keys.nonce = nonce.unwrap_or(Nonce::EMPTY);
        self.keys.nonce.clone()
    }

    pub fn outcome(&self, id: u64) -> &TaskResult {
        let found = self.outcomes.iter().find(|outcome| outcome.id.0 == id);
        &found.unwrap_or_else(|| panic!("no outcome of {id} in {:?}", self.outcomes)).result
    }

    /// The status of an order.
    pub fn came(&self, id: u64) -> u32 {
        match self.outcome(id).fate {
            Fate::Answered(status) => status.code(),
            other => panic!("order {id}: {other:?}"),
        }
    }

    pub fn reason(&self) -> Option<Reason> {
        self.closed.as_ref().map(|closed| closed.reason)
    }

    pub fn opening(&self) -> &Opening {
        self.received[0].opening.as_ref().expect("an opening")
    }
}

/// The machine, on another node.
pub fn moved(server: &Server, config: &ServerConfig) -> Server {
    let snapshot = server.snapshot();
    #[cfg(feature = "serde")]
    let snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
    Server::restore(config.clone(), snapshot).unwrap()
}

/// The CmdIDs of the operations at the top.
pub fn ids(message: &Message<'static>) -> Vec<String> {
    operations(message).iter().map(|it| it.cmd_id().unwrap().as_str().to_owned()).collect()
}

/// What a server need not answer: good Results, and user interaction, which is not for it.
fn may_be_silent(command: &Command<'static>) -> bool {
    match command {
        Command::Results(_) => true,
        Command::Alert(alert) => alert.code().is_some_and(AlertCode::is_user_interaction),
        _ => false,
    }
}

pub fn value_of(uri: &str) -> String {
    format!("value of {uri}")
}

pub const fn media(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Xml => "application/vnd.syncml.dm+xml",
        Encoding::Wbxml => "application/vnd.syncml.dm+wbxml",
    }
}

// --- looking at messages -------------------------------------------------------------------------------------------

/// The Status for the SyncHdr: the first command.
pub fn header_status(message: &Message<'static>) -> Status<'static> {
    match message.commands.first() {
        Some(Command::Status(status)) if status.is_for_header() => status.clone(),
        other => panic!("the Status for the SyncHdr comes first, not {other:?}"),
    }
}

pub fn header_code(message: &Message<'static>) -> u32 {
    header_status(message).code().unwrap().code()
}

/// Statuses but that of the SyncHdr: Cmd, CmdRef, code.
pub fn statuses(message: &Message<'static>) -> Vec<(String, String, u32)> {
    let all = message.commands.iter().filter_map(|command| match command {
        Command::Status(status) if !status.is_for_header() => Some((
            status.cmd.as_ref().unwrap().as_str().to_owned(),
            status.cmd_ref.as_ref().unwrap().as_str().to_owned(),
            status.code().unwrap().code(),
        )),
        _ => None,
    });
    all.collect()
}

/// The codes of the Statuses of one command name.
pub fn codes_of(message: &Message<'static>, cmd: &str) -> Vec<u32> {
    statuses(message).into_iter().filter(|(name, _, _)| name == cmd).map(|(_, _, code)| code).collect()
}

/// The codes of the alerts at the top.
pub fn alerts(message: &Message<'static>) -> Vec<u32> {
    let code = |command: &Command<'static>| match command {
        Command::Alert(alert) => alert.code().map(AlertCode::code),
        _ => None,
    };
    message.commands.iter().filter_map(code).collect()
}

/// What the device has to do: everything but Statuses and the alerts of the protocol itself.
pub fn operations(message: &Message<'static>) -> Vec<Command<'static>> {
    let is_operation = |command: &&Command<'static>| match command {
        Command::Status(_) => false,
        Command::Alert(alert) => alert.code().is_some_and(AlertCode::is_user_interaction),
        _ => true,
    };
    message.commands.iter().filter(is_operation).cloned().collect()
}

/// The names of the operations.
pub fn names(message: &Message<'static>) -> Vec<String> {
    operations(message).iter().map(|command| command.name().unwrap().to_owned()).collect()
}

/// How many Items are not whole.
pub fn chunks(message: &Message<'static>) -> usize {
    message.walk().flat_map(Command::items).filter(|item| item.more_data).count()
}

/// Target of the only Item.
pub fn target(command: &Command<'static>) -> String {
    let [item] = command.items() else { panic!("one Item, not {command:?}") };
    item.target_uri().unwrap().as_str().to_owned()
}

/// Data of the only Item.
pub fn data(command: &Command<'static>) -> Vec<u8> {
    let [item] = command.items() else { panic!("one Item, not {command:?}") };
    item.data.as_ref().map(|data| data.as_bytes().unwrap().to_vec()).unwrap_or_default()
}

/// Size of the only Item.
pub fn size(command: &Command<'static>) -> Option<u64> {
    command.items().first()?.meta.as_ref()?.size()?.number()
}

// --- orders --------------------------------------------------------------------------------------------------------

pub fn get(id: u64, uri: &str) -> Order {
    Order::new(id, tree::Command::get(uri))
}

pub fn replace(id: u64, uri: &str, content: impl Into<Content>) -> Order {
    Order::new(id, tree::Command::replace(uri, content))
}

pub fn add(id: u64, uri: &str, content: impl Into<Content>) -> Order {
    Order::new(id, tree::Command::add(uri, content))
}

pub fn delete(id: u64, uri: &str) -> Order {
    Order::new(id, tree::Command::delete(uri))
}

pub fn exec(id: u64, uri: &str) -> Order {
    Order::new(id, tree::Command::exec(uri))
}

pub fn atomic(id: u64, tasks: impl IntoIterator<Item = Task>) -> Order {
    Order::new(id, Task::Atomic(tasks.into_iter().collect()))
}

pub fn sequence(id: u64, tasks: impl IntoIterator<Item = Task>) -> Order {
    Order::new(id, Task::Sequence(tasks.into_iter().collect()))
}

pub fn interact(id: u64, interaction: Interaction) -> Order {
    Order::new(id, interaction)
}

/// Text of that many characters: a to z, and again.
pub fn long_text(len: usize) -> String {
    (0..len).map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap())).collect()
}

pub fn bytes_of(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at * 7 % 256).unwrap()).collect()
}

pub fn leaf(result: &TaskResult) -> (String, String) {
    let [leaf] = result.leaves.as_slice() else { panic!("one leaf, not {:?}", result.leaves) };
    (leaf.uri.clone(), leaf.content.data.as_str().unwrap().to_owned())
}

pub fn leaves(result: &TaskResult) -> Vec<(String, String)> {
    result.leaves.iter().map(|leaf| (leaf.uri.clone(), leaf.content.data.as_str().unwrap().to_owned())).collect()
}

pub fn demand(scheme: Scheme) -> Demand {
    Demand::new(scheme, credentials())
}

pub fn identity(scheme: Scheme, nonce: Nonce) -> Identity {
    Identity::new(server_credentials().with_nonce(nonce)).with_first(scheme)
}

/// Why an order was not sent, if it was not.
pub fn not_sent(device: &Device, id: u64) -> Option<NotSent> {
    match device.outcome(id).fate {
        Fate::NotSent(why) => Some(why),
        _ => None,
    }
}

/// The children's codes; 0 where there is none.
pub fn child_codes(result: &TaskResult) -> Vec<u32> {
    result.children.iter().map(|child| child.status().map_or(0, StatusCode::code)).collect()
}

/// Data that is text, for a comparison with what travelled.
pub fn text_data(text: &str) -> TreeData {
    TreeData::Text(text.into())
}
