//! A DM 1.2 client on a device with a tree, a user and nodes to execute, and a server that says what a test tells it:
//! messages in, messages out, no sockets.
//!
//! Everything that the client sends is looked at: it has to be strict SyncML, numbered, addressed, complete and no larger
//! than the server takes, and its Statuses and Results have to answer what was sent, once each. After every event the
//! client is replaced by one that was restored from its snapshot.
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

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{Action, Closed, EffectId, Event, Failure, Reason, Snapshot, Start};
use dm_session::dm1::{
    AlertId, AlertItem, AlertQueue, Client, ClientAlert, ClientConfig, Credentials, Demand, Identity, Interaction,
    Party, Scheme, UserReply,
};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::{self as tree, Ask, Content, ResultItem, Store as _};
use dm_session::tree::{Access, External, Format, MoTree, NodeDefinition, TreeConfig, TreeLimits, Value};
use dm_session::{Random, Secret, Timestamp};
use dm_syncml::{
    Alert, AlertCode, AuthType, Chal, Command, CommandName, Container, Cred, CredentialHash, Encoding, HmacHeader,
    Item, Limits, Location, Message, Meta, Nonce, Operation, Results, Secret as Password, Status, StatusCode,
    Strictness, SyncHdr, media,
};

pub const SERVER_ID: &str = "dm.example";
pub const SERVER: &str = "https://dm.example/dm";
pub const DEVICE: &str = "IMEI:350000000000017";
/// The SessionID of [`local`] and [`notified`].
pub const SESSION: &str = "2F";
/// What the client proves itself with.
pub const USER: (&str, &str) = ("device", "d3vice");
/// What the server proves itself with.
pub const HOST: (&str, &str) = (SERVER_ID, "s3rver");
/// When a session starts.
pub const START: u64 = 1_709_224_200_000;

pub fn local() -> Start {
    Start::Local { session_id: SessionId::new(0x2F).unwrap() }
}

pub fn notified() -> Start {
    Start::Notification { session_id: SessionId::new(0x2F).unwrap(), resync: None }
}

/// Both sides authenticated by the transport.
pub fn config() -> ClientConfig {
    ClientConfig::new(DEVICE, SERVER_ID, SERVER)
}

pub fn credentials((name, secret): (&str, &str)) -> Credentials {
    Credentials::new(name, &Secret::new(secret))
}

/// The client has credentials and waits for a challenge.
pub fn with_identity() -> ClientConfig {
    config().with_identity(Identity::new(credentials(USER)))
}

/// The server has to show credentials of this scheme.
pub fn with_demand(scheme: Scheme) -> ClientConfig {
    config().with_demand(Demand::new(scheme, credentials(HOST)))
}

/// The nonce of 16 times this byte: what the client issues with the response of this number.
pub fn nonce(byte: u8) -> Nonce {
    Nonce::new([byte; 16]).unwrap()
}

pub fn hash((name, secret): (&str, &str)) -> CredentialHash {
    CredentialHash::of(name, &Password::new(secret))
}

pub fn md5(who: (&str, &str), nonce: &Nonce) -> Cred<'static> {
    Cred::new(AuthType::Md5, hash(who).md5(nonce))
}

pub fn basic((name, secret): (&str, &str)) -> Cred<'static> {
    Cred::new(AuthType::Basic, dm_syncml::BasicCredentials::new(name, Password::new(secret)).unwrap().encode())
}

pub fn challenge(scheme: Scheme, nonce: Option<&Nonce>) -> Chal<'static> {
    let chal = Chal::new(scheme.auth_type());
    match nonce {
        Some(nonce) => chal.with_next_nonce(nonce.encode()),
        None => chal,
    }
}

// --- what devices have ------------------------------------------------------------------------------------------

/// The type of [`download`].
pub const DOWNLOAD: &str = "org.openmobilealliance.dm.firmwareupdate.download";

/// A generic alert.
pub fn download(data: &str) -> ClientAlert {
    ClientAlert::generic(AlertItem::new(DOWNLOAD, data))
}

pub fn queue(alerts: impl IntoIterator<Item = ClientAlert>) -> AlertQueue {
    let mut queue = AlertQueue::new();
    for alert in alerts {
        queue.push(alert).unwrap();
    }
    queue
}

/// A tree with leaves `./Vendor/T0`, `T1`, … of so many bytes.
pub fn tree_of(count: usize, len: usize) -> MoTree {
    let mut tree = vendor_tree();
    for index in 0..count {
        let text: String = (0..len).map(|at| char::from(b'a' + u8::try_from((at + index) % 26).unwrap())).collect();
        Device::leaf(&mut tree, &format!("./Vendor/T{index}"), &text);
    }
    tree
}

// --- commands of a server --------------------------------------------------------------------------------------

fn operation(item: Item<'static>) -> Operation<'static> {
    Operation::new("").with_item(item)
}

fn owned(uri: &str) -> Item<'static> {
    Item::target(uri.to_owned())
}

pub fn get(uri: &str) -> Command<'static> {
    Command::Get(operation(owned(uri)))
}

pub fn add(uri: &str, text: &str) -> Command<'static> {
    Command::Add(operation(owned(uri).with_data(text.to_owned())))
}

pub fn add_node(uri: &str) -> Command<'static> {
    Command::Add(operation(owned(uri).with_meta(Meta::new().with_format(dm_syncml::Format::Node))))
}

pub fn replace(uri: &str, text: &str) -> Command<'static> {
    Command::Replace(operation(owned(uri).with_data(text.to_owned())))
}

pub fn delete(uri: &str) -> Command<'static> {
    Command::Delete(operation(owned(uri)))
}

pub fn copy(from: &str, to: &str) -> Command<'static> {
    Command::Copy(operation(owned(to).with_source(from.to_owned())))
}

pub fn exec(uri: &str) -> Command<'static> {
    Command::Exec(operation(owned(uri)))
}

pub fn exec_with(uri: &str, correlator: &str) -> Command<'static> {
    Command::Exec(operation(owned(uri)).with_correlator(correlator.to_owned()))
}

/// An alert with a text in each Item.
pub fn alert(code: u32, texts: &[&str]) -> Command<'static> {
    let alert = Alert::new("", AlertCode::new(code));
    Command::Alert(texts.iter().fold(alert, |alert, text| alert.with_item(Item::data((*text).to_owned()))))
}

pub fn display(text: &str) -> Command<'static> {
    alert(1100, &["", text])
}

pub fn confirm(text: &str) -> Command<'static> {
    alert(1101, &["", text])
}

fn container(commands: impl IntoIterator<Item = Command<'static>>) -> Container<'static> {
    commands.into_iter().fold(Container::new(""), Container::with_command)
}

pub fn atomic(commands: impl IntoIterator<Item = Command<'static>>) -> Command<'static> {
    Command::Atomic(container(commands))
}

pub fn sequence(commands: impl IntoIterator<Item = Command<'static>>) -> Command<'static> {
    Command::Sequence(container(commands))
}

/// A chunk of a text: Size where it is said, MoreData where more comes.
pub fn chunk(is_add: bool, uri: &str, data: &str, size: Option<u64>, more: bool) -> Command<'static> {
    let mut meta = Meta::new().with_format(dm_syncml::Format::Chr).with_type("text/plain");
    if let Some(size) = size {
        meta = meta.with_size(size);
    }
    let mut item = owned(uri).with_meta(meta).with_data(data.to_owned());
    item.more_data = more;
    if is_add { Command::Add(operation(item)) } else { Command::Replace(operation(item)) }
}

// --- messages of a server --------------------------------------------------------------------------------------

/// A message of the server, before it is numbered.
#[derive(Clone)]
pub struct Answer {
    /// The Status for the SyncHdr of the client's last message; `None` for no such Status.
    pub status: Option<StatusCode>,
    pub chal: Option<Chal<'static>>,
    /// The code of the Statuses for the client's commands; chunks that are not refused with their message have 213.
    pub command_status: StatusCode,
    /// Whether the client's commands are answered at all.
    pub answers: bool,
    pub commands: Vec<Command<'static>>,
    pub is_final: bool,
    pub cred: Option<Cred<'static>>,
    /// Name, password and nonce of the header `x-syncml-hmac`.
    pub mac: Option<((&'static str, &'static str), Nonce)>,
    pub meta: Meta<'static>,
    /// Changes the header at last.
    pub edit: fn(&mut SyncHdr<'static>),
    pub resp_uri: Option<String>,
}

impl Answer {
    /// 212 for the header, 200 for every command, Final.
    pub fn ok() -> Self {
        Self {
            status: Some(StatusCode::AUTHENTICATED),
            chal: None,
            command_status: StatusCode::OK,
            answers: true,
            commands: Vec::new(),
            is_final: true,
            cred: None,
            mac: None,
            meta: Meta::new(),
            edit: |_| {},
            resp_uri: None,
        }
    }

    /// The same with commands.
    pub fn with(mut self, commands: impl IntoIterator<Item = Command<'static>>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// Statuses and 1222, not Final.
    pub fn next() -> Self {
        Self::ok().with([alert(1222, &[])]).more()
    }

    /// 401 or 407 for everything, with a challenge.
    pub fn challenge(status: u32, chal: Chal<'static>) -> Self {
        let status = StatusCode::new(status);
        Self { status: Some(status), chal: Some(chal), command_status: status, ..Self::ok() }
    }

    /// Another Status for the header.
    pub fn header(mut self, status: u32) -> Self {
        self.status = Some(StatusCode::new(status));
        self
    }

    pub fn with_chal(mut self, chal: Chal<'static>) -> Self {
        self.chal = Some(chal);
        self
    }

    /// Without Final.
    pub fn more(mut self) -> Self {
        self.is_final = false;
        self
    }

    pub fn with_cred(mut self, cred: Cred<'static>) -> Self {
        self.cred = Some(cred);
        self
    }

    pub fn with_mac(mut self, who: (&'static str, &'static str), nonce: &Nonce) -> Self {
        self.mac = Some((who, nonce.clone()));
        self
    }

    pub fn with_max_msg_size(mut self, bytes: u64) -> Self {
        self.meta = self.meta.with_max_msg_size(bytes);
        self
    }

    pub fn with_max_obj_size(mut self, bytes: u64) -> Self {
        self.meta = self.meta.with_max_obj_size(bytes);
        self
    }

    pub fn with_resp_uri(mut self, uri: &str) -> Self {
        self.resp_uri = Some(uri.to_owned());
        self
    }

    pub fn edited(mut self, edit: fn(&mut SyncHdr<'static>)) -> Self {
        self.edit = edit;
        self
    }
}

/// 407 for everything, and the nonce for MD5.
pub fn md5_challenge(byte: u8) -> Answer {
    Answer::challenge(407, challenge(Scheme::Md5, Some(&nonce(byte))))
}

/// An answer with commands.
pub fn with(commands: impl IntoIterator<Item = Command<'static>>) -> Answer {
    Answer::ok().with(commands)
}

/// An HTTP answer with a message.
pub fn response(encoding: Encoding, body: Vec<u8>) -> Response {
    let media_type = match encoding {
        Encoding::Xml => media::DM_XML,
        Encoding::Wbxml => media::DM_WBXML,
    };
    Response::new(200).with_header("Content-Type", media_type).with_body(body)
}

// --- the device ------------------------------------------------------------------------------------------------

/// What the client sent.
#[derive(Clone)]
pub struct Sent {
    pub message: Message<'static>,
    pub request: Request,
}

pub struct Device {
    pub tree: MoTree,
    pub config: ClientConfig,
    pub client: Client,
    /// The SessionID.
    pub session: String,
    pub now: u64,
    /// What the user says, in this order. Without anything here the user thinks on.
    pub user: VecDeque<UserReply>,
    pub shown: Vec<Interaction>,
    /// The interaction that the user thinks about.
    pub asked: Option<EffectId>,
    /// What the next Execs are answered; 200 without anything here.
    pub exec_replies: VecDeque<StatusCode>,
    /// URI and Correlator of what was executed.
    pub executed: Vec<(String, Option<String>)>,
    /// What [`Ask::Undo`] is answered.
    pub can_undo: bool,
    /// What `./Vendor/Radio` holds, whose value is not in the tree.
    pub radio: Option<Value>,
    /// Requests to the tree wait for [`resume`](Self::resume).
    pub hold: bool,
    pub held: Option<(EffectId, tree::Request)>,
    /// What the tree was asked, in order.
    pub managed: Vec<tree::Request>,
    pub sent: Vec<Sent>,
    /// How many POSTs said what was said before.
    pub resent: usize,
    pub post: Option<(EffectId, Request)>,
    pub saved: Vec<(Party, Nonce)>,
    pub alert_statuses: Vec<(AlertId, StatusCode)>,
    pub cancelled: Vec<EffectId>,
    pub closed: Option<Closed>,
    /// MsgID of the server's last message.
    pub server_msg: u32,
    /// What the server announced.
    pub max_msg_size: Option<usize>,
    /// Whether it answers what SyncML does not know, by names that are not strict.
    pub is_lenient: bool,
    /// Whether snapshots are taken and restored on the way.
    pub restores: bool,
    /// MsgID, CmdID and name of what the server sent and the client has to answer.
    owed: Vec<(String, String, String)>,
    /// MsgID and CmdID of what it may leave unanswered.
    may_answer: BTreeSet<(String, String)>,
    answered: BTreeSet<(String, String)>,
    /// MsgID and CmdID of its alerts 1222.
    nexts: BTreeSet<(String, String)>,
    randoms: u8,
}

/// A tree with the standard objects and `./Vendor`: a free area that the server may do everything in, with a few nodes.
pub fn vendor_tree() -> MoTree {
    vendor_tree_within(TreeLimits::DEFAULT)
}

/// The same with these limits.
pub fn vendor_tree_within(limits: TreeLimits) -> MoTree {
    let all = Access::DATA | Access::EXEC;
    let outside = |name, external| NodeDefinition::leaf(name, Format::Chr).with_access(Access::DATA).external(external);
    let vendor = NodeDefinition::interior("Vendor")
        .permanent()
        .with_access(Access::DATA)
        .open()
        .with(NodeDefinition::leaf("Fixed", Format::Int).permanent().with_default(7))
        .with(NodeDefinition::leaf("Run", Format::Null).permanent().with_access(all))
        .with(outside("Radio", External::Immediate));
    let config = TreeConfig::new(0x5eed).with_limits(limits);
    let mut tree = MoTree::new(config.with_dm1(tree::Config::new().with_node("Vendor", vendor))).unwrap();
    let acl = "Add=dm.example&Delete=dm.example&Exec=dm.example&Get=*&Replace=dm.example";
    let mut commands = tree::DevInfo::new(DEVICE, "Acme", "A1").commands();
    commands.extend(tree::DevDetail::new("sensor").with_firmware("3.1").commands());
    commands.extend([
        tree::Command::replace("./Vendor?prop=ACL", acl),
        tree::Command::add("./Vendor/Name", "one"),
        tree::Command::add("./Vendor/Level", Content::from("5").with_format("int")),
        tree::Command::add("./Vendor/Radio", "fm"),
        tree::Command::add("./Vendor/Area", Content::node()),
        tree::Command::add("./Vendor/Area/A", "a"),
        tree::Command::add("./Vendor/Area/B", "b"),
        tree::Command::add("./Private", "own"),
        tree::Command::replace("./Private?prop=ACL", "Get=other.example&Replace=other.example"),
    ]);
    for command in commands {
        let request = tree::Request::local(command).at(Timestamp::from_millis(START));
        let answer = tree::run(&mut tree, &request, &mut |_| tree::Reply::Done);
        assert_eq!(answer.status, StatusCode::OK, "{request:?}");
    }
    tree
}

/// A device that has sent the first message of a session of its own.
pub fn device() -> Device {
    Device::start(config(), local())
}

/// The same with a user.
pub fn interactive() -> Device {
    Device::start(config().with_interaction(true), local())
}

impl Device {
    pub fn start(config: ClientConfig, start: Start) -> Self {
        Self::start_with(config, start, AlertQueue::new())
    }

    pub fn start_with(config: ClientConfig, start: Start, alerts: AlertQueue) -> Self {
        Self::start_in(vendor_tree(), config, start, alerts)
    }

    pub fn start_in(tree: MoTree, config: ClientConfig, start: Start, alerts: AlertQueue) -> Self {
        let mut device = Self::new(tree, config, start, alerts);
        device.run();
        device
    }

    /// A device whose first request to its tree, for DevInfo, waits: nothing has been sent.
    pub fn start_held(config: ClientConfig, start: Start, alerts: AlertQueue) -> Self {
        let mut device = Self::new(vendor_tree(), config, start, alerts);
        device.hold = true;
        device.run();
        device
    }

    fn new(tree: MoTree, config: ClientConfig, start: Start, alerts: AlertQueue) -> Self {
        let session = start.session_id();
        let client = Client::start(config.clone(), start, alerts, Timestamp::from_millis(START)).unwrap();
        Self {
            tree,
            config,
            client,
            session,
            now: START,
            user: VecDeque::new(),
            shown: Vec::new(),
            asked: None,
            exec_replies: VecDeque::new(),
            executed: Vec::new(),
            can_undo: true,
            radio: Some(Value::from("fm")),
            hold: false,
            held: None,
            managed: Vec::new(),
            sent: Vec::new(),
            resent: 0,
            post: None,
            saved: Vec::new(),
            alert_statuses: Vec::new(),
            cancelled: Vec::new(),
            closed: None,
            server_msg: 0,
            max_msg_size: None,
            is_lenient: false,
            restores: true,
            owed: Vec::new(),
            may_answer: BTreeSet::new(),
            answered: BTreeSet::new(),
            nexts: BTreeSet::new(),
            randoms: 0,
        }
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// One more leaf in the tree, before the session.
    pub fn leaf(tree: &mut MoTree, uri: &str, text: &str) {
        let request = tree::Request::local(tree::Command::add(uri, text)).at(Timestamp::from_millis(START));
        assert_eq!(tree.apply(&request), tree::Outcome::status(StatusCode::OK), "{uri}");
    }

    // --- leading it by the hand

    /// The next message of the server, and all that the client sends for it: what is not Final is asked for with 1222.
    #[track_caller]
    pub fn collect(&mut self, answer: Answer) -> Vec<Message<'static>> {
        let mut messages = vec![self.exchange(answer)];
        while !messages.last().unwrap().is_final {
            messages.push(self.exchange(Answer::next()));
        }
        messages
    }

    /// The next message of the server, which the client answers: what it sends.
    #[track_caller]
    pub fn exchange(&mut self, answer: Answer) -> Message<'static> {
        let before = self.sent.len();
        self.answer(answer);
        assert_eq!(self.closed.as_ref().map(|closed| closed.reason), None, "the session goes on");
        assert_eq!(self.sent.len(), before + 1, "one message is sent");
        self.last().clone()
    }

    /// The next message of the server, after which the session is over and nothing was sent.
    #[track_caller]
    pub fn end(&mut self, answer: Answer) -> Reason {
        let before = self.sent.len();
        self.answer(answer);
        assert_eq!(self.sent.len(), before, "nothing is sent: {:?}", outline(self.last()));
        self.reason()
    }

    /// The same with any HTTP answer.
    #[track_caller]
    pub fn end_with(&mut self, response: Response) -> Reason {
        let before = self.sent.len();
        self.respond(response);
        assert_eq!(self.sent.len(), before, "nothing is sent");
        self.reason()
    }

    /// Why the session is over.
    #[track_caller]
    pub fn reason(&self) -> Reason {
        self.closed.as_ref().expect("the session is over").reason
    }

    /// Gives the client a message of the server.
    #[track_caller]
    pub fn answer(&mut self, answer: Answer) {
        let response = self.compose(answer);
        self.respond(response);
    }

    /// The client's last message.
    #[track_caller]
    pub fn last(&self) -> &Message<'static> {
        &self.sent.last().expect("a message").message
    }

    #[track_caller]
    pub fn last_request(&self) -> &Request {
        &self.sent.last().expect("a message").request
    }

    /// Answers the open POST.
    #[track_caller]
    pub fn respond(&mut self, response: Response) {
        let (id, _) = self.post.take().expect("an open POST");
        self.randoms += 1;
        let random = Random::from([self.randoms; 32]);
        self.give(Event::Response { id, response, random });
        self.run();
    }

    /// The open POST brings nothing.
    #[track_caller]
    pub fn fail(&mut self) {
        let (id, _) = self.post.take().expect("an open POST");
        self.give(Event::Failed { id, failure: Failure::Unreachable });
        self.run();
    }

    /// Time goes on to when the client wants to be called.
    #[track_caller]
    pub fn wait(&mut self) {
        let due = self.client.poll_timeout().expect("the client waits for some time");
        self.now = self.now.max(due.as_millis());
        self.give(Event::Tick);
        self.run();
    }

    /// Time goes on by so many milliseconds.
    pub fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.give(Event::Tick);
        self.run();
    }

    /// The user says something at last.
    #[track_caller]
    pub fn say(&mut self, reply: UserReply) {
        let id = self.asked.take().expect("a question");
        self.give(Event::Answered { id, reply });
        self.run();
    }

    pub fn abort(&mut self) {
        self.give(Event::Abort);
        self.run();
    }

    pub fn raise(&mut self, alert: ClientAlert) {
        self.give(Event::Alert(alert));
        self.run();
    }

    /// The tree goes on.
    #[track_caller]
    pub fn resume(&mut self) {
        let (id, request) = self.held.take().expect("a request to the tree");
        self.manage(id, &request);
        self.run();
    }

    /// Hands an event to the client, which is restored from its snapshot before and after.
    #[track_caller]
    pub fn give(&mut self, event: Event) {
        self.now += 1;
        self.restore();
        self.client.handle(self.time(), event).unwrap();
        self.restore();
    }

    /// The client is stored, and another one goes on.
    #[track_caller]
    pub fn restore(&mut self) {
        if self.restores {
            self.client = Client::restore(self.config.clone(), stored(self.client.snapshot())).unwrap();
        }
    }

    /// Does what the client wants until it waits.
    #[track_caller]
    pub fn run(&mut self) {
        for _ in 0..100_000 {
            let Some(action) = self.client.poll_action() else { return };
            match action {
                Action::Post { id, request } => {
                    assert!(self.post.is_none(), "one message at a time");
                    self.post = Some((id, request.clone()));
                    self.take(request);
                }
                Action::Manage { id, request } => {
                    self.managed.push(request.clone());
                    if self.hold {
                        self.held = Some((id, request));
                    } else {
                        self.manage(id, &request);
                    }
                }
                Action::Interact { id, interaction } => {
                    assert!(self.asked.is_none(), "one question at a time");
                    self.shown.push(interaction);
                    match self.user.pop_front() {
                        Some(reply) => self.give(Event::Answered { id, reply }),
                        None => self.asked = Some(id),
                    }
                }
                Action::SaveNonce { party, nonce } => self.saved.push((party, nonce)),
                Action::AlertAnswered { id, status } => self.alert_statuses.push((id, status)),
                Action::Cancel { id } => {
                    self.cancelled.push(id);
                    self.asked = self.asked.filter(|asked| *asked != id);
                    self.post = self.post.take().filter(|(post, _)| *post != id);
                    self.held = self.held.take().filter(|(held, _)| *held != id);
                }
                Action::Closed(closed) => {
                    self.closed = Some(closed);
                    assert!(self.client.is_closed());
                    assert_eq!(self.client.poll_action(), None, "nothing comes after the end");
                    assert_eq!(self.client.poll_timeout(), None, "nothing is waited for after the end");
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("the client does not come to rest");
    }

    #[track_caller]
    fn manage(&mut self, id: EffectId, request: &tree::Request) {
        let (executed, replies) = (&mut self.executed, &mut self.exec_replies);
        let (radio, can_undo) = (&mut self.radio, self.can_undo);
        let answer = tree::run(&mut self.tree, request, &mut |ask| match ask {
            Ask::Exec { uri, correlator, .. } => {
                executed.push((uri.clone(), correlator.clone()));
                match replies.pop_front() {
                    Some(status) if status != StatusCode::OK => tree::Reply::Failed(status),
                    _ => tree::Reply::Done,
                }
            }
            Ask::Undo { .. } if !can_undo => tree::Reply::Failed(StatusCode::COMMAND_FAILED),
            Ask::Set { value, .. } => {
                *radio = Some(value.clone());
                tree::Reply::Done
            }
            Ask::Delete { .. } => {
                *radio = None;
                tree::Reply::Done
            }
            Ask::Undo { value, .. } => {
                radio.clone_from(value);
                tree::Reply::Done
            }
            Ask::Read { .. } => read(radio),
            other => panic!("{other:?}"),
        });
        self.give(Event::Managed { id, answer });
    }

    // --- the tree

    /// What a node and everything below it is, as the device itself sees it.
    pub fn look(&mut self, uri: &str) -> Vec<ResultItem> {
        let request = tree::Request::local(tree::Command::get(format!("{uri}?list=StructData")));
        tree::run(&mut self.tree, &request, &mut |_| read(&self.radio)).results
    }

    /// The text of a leaf; `None` where there is none.
    pub fn value(&mut self, uri: &str) -> Option<String> {
        let request = tree::Request::local(tree::Command::get(uri));
        let answer = tree::run(&mut self.tree, &request, &mut |_| read(&self.radio));
        Some(answer.results.first()?.data.as_str()?.to_owned())
    }

    // --- the server

    /// Numbers and writes a message of the server that answers the client's last one.
    pub fn compose(&mut self, answer: Answer) -> Response {
        self.server_msg += 1;
        let message = self.message(answer.clone());
        let max = message.header.meta.as_ref().and_then(|meta| meta.max_msg_size()?.number());
        if let Some(max) = max {
            self.max_msg_size = Some(usize::try_from(max).unwrap());
        }
        if answer.status.is_some_and(|status| matches!(status.code(), 401 | 407)) {
            self.refuse();
        }
        for command in message.walk().filter(|command| !matches!(command, Command::Status(_))) {
            let name = command.name().unwrap_or_default().to_owned();
            let asks = matches!(command, Command::Alert(alert) if alert.code() == Some(AlertCode::NEXT_MESSAGE));
            let id = command.cmd_id().map(|id| id.as_str().to_owned()).unwrap_or_default();
            if asks {
                self.nexts.insert((self.server_msg.to_string(), id.clone()));
            }
            // Where next to nothing fits into a message, 1222 is better not answered.
            if asks && self.max_msg_size.is_some_and(|max| max < 800) {
                self.may_answer.insert((self.server_msg.to_string(), id));
            } else {
                self.owed.push((self.server_msg.to_string(), id, name));
            }
        }
        let mut body = Vec::new();
        message.encode(self.config.encoding, &mut body).unwrap();
        let mut response = response(self.config.encoding, body);
        if let Some((who, nonce)) = answer.mac {
            let header = HmacHeader::sign(who.0, &hash(who), &nonce, &response.body).unwrap();
            response = response.with_header("x-syncml-hmac", header.to_value());
        }
        response
    }

    fn message(&self, answer: Answer) -> Message<'static> {
        let header = SyncHdr::new(
            self.session.clone(),
            self.server_msg.to_string(),
            Location::new(DEVICE),
            match answer.mac.is_some() || answer.cred.is_some() {
                true => Location::new(SERVER).with_name(SERVER_ID),
                false => Location::new(SERVER),
            },
        );
        let mut message = Message::new(header);
        let header = &mut message.header;
        header.cred = answer.cred;
        header.resp_uri = answer.resp_uri.map(Into::into);
        header.meta = (!answer.meta.is_empty()).then_some(answer.meta);
        (answer.edit)(header);
        let asked = self.last();
        if let Some(status) = answer.status {
            let status = Status::for_header("", &asked.header, status);
            message.commands.push(Command::Status(match answer.chal {
                Some(chal) => status.with_chal(chal),
                None => status,
            }));
        }
        for command in asked.commands.iter().filter(|_| answer.answers) {
            let has_more = command.items().iter().any(|item| item.more_data);
            let refused = matches!(answer.command_status.code(), 401 | 407);
            let status = match command {
                Command::Status(_) => continue,
                _ if refused => answer.command_status,
                Command::Alert(_) | Command::Replace(_) if !has_more => answer.command_status,
                Command::Alert(_) | Command::Results(_) if has_more => StatusCode::CHUNK_ACCEPTED,
                _ => continue,
            };
            let msg_ref = asked.header.msg_id.clone();
            message.commands.push(Command::Status(Status::for_command("", msg_ref.into_str(), command, status)));
        }
        message.commands.extend(answer.commands);
        message.is_final = answer.is_final;
        message.assign_cmd_ids(1);
        message
    }

    /// The client's last message is refused: its Statuses are as good as not said. Those of 1222 are worth no message.
    fn refuse(&mut self) {
        let refused: Vec<(String, String, String)> = statuses(self.last())
            .filter(|status| !status.is_for_header())
            .map(|status| {
                let cmd_ref = status.cmd_ref.as_ref().unwrap().as_str().to_owned();
                (status.msg_ref.as_str().to_owned(), cmd_ref, status.cmd.as_ref().unwrap().to_string())
            })
            .collect();
        for (msg_ref, cmd_ref, name) in refused {
            let key = (msg_ref, cmd_ref);
            if !self.answered.remove(&key) {
                continue;
            }
            if self.nexts.contains(&key) {
                self.may_answer.insert(key);
            } else {
                self.owed.push((key.0, key.1, name));
            }
        }
    }

    // --- messages that were changed by hand

    /// The client owes nothing for the server's last message.
    pub fn forget_owed(&mut self) {
        let last = self.server_msg.to_string();
        self.owed.retain(|(msg, _, _)| *msg != last);
    }

    /// One more command of the server's last message has to be answered.
    pub fn owe(&mut self, cmd_id: &str, name: &str) {
        self.owed.push((self.server_msg.to_string(), cmd_id.to_owned(), name.to_owned()));
    }

    /// One less.
    pub fn disown(&mut self, cmd_id: &str) {
        let last = self.server_msg.to_string();
        self.owed.retain(|(msg, cmd, _)| *msg != last || cmd != cmd_id);
    }

    // --- what is sent

    #[track_caller]
    fn take(&mut self, request: Request) {
        if let Some(last) = self.sent.last()
            && last.request.body == request.body
        {
            assert_eq!(last.request.headers, request.headers, "the same message has the same headers");
            self.resent += 1;
            return;
        }
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.check(), Ok(()));
        let media_type = request.headers.get("Content-Type").unwrap_or_default();
        let expected = match self.config.encoding {
            Encoding::Xml => media::DM_XML,
            Encoding::Wbxml => media::DM_WBXML,
        };
        assert_eq!(media_type.split(';').next(), Some(expected));
        assert_eq!(Encoding::detect(&request.body), Some(self.config.encoding));
        let accept = request.headers.joined("Accept").unwrap_or_default();
        assert!(accept.contains(media::DM_XML) && accept.contains(media::DM_WBXML), "{accept}");
        assert_eq!(request.headers.get("Cache-Control"), Some("no-store"));
        let strictness = if self.is_lenient { Strictness::Lenient } else { Strictness::Strict };
        let parsed = Message::parse_with(&request.body, strictness, &Limits::DEFAULT);
        let message = parsed.expect("strict SyncML").value.into_owned();
        // Session alert and DevInfo cannot be cut: they go in the first message, however large it is.
        let words = outline(&message);
        let is_head = words.len() <= 4 && words.get(2).is_some_and(|word| word == "DevInfo");
        if let Some(max) = self.max_msg_size.filter(|_| !is_head) {
            assert!(request.body.len() <= max, "{} bytes of {max}", request.body.len());
        }
        self.sent.push(Sent { message: message.clone(), request });
        self.check(&message);
    }

    /// What is true of every message of a client.
    #[track_caller]
    fn check(&mut self, message: &Message<'_>) {
        let header = &message.header;
        let number = self.sent.len();
        assert_eq!((header.ver_dtd.as_str(), header.ver_proto.as_str()), ("1.2", "DM/1.2"));
        assert_eq!(header.session_id, self.session.as_str());
        assert_eq!(header.msg_id, number.to_string().as_str(), "messages are counted from 1");
        assert_eq!((header.target.uri.as_str(), header.source.uri.as_str()), (SERVER, DEVICE));
        assert!(header.resp_uri.is_none());
        for (index, command) in message.commands.iter().enumerate() {
            assert_eq!(command.cmd_id().unwrap().as_str(), (index + 1).to_string(), "CmdIDs are 1, 2, 3");
            assert!(
                matches!(command, Command::Status(_) | Command::Results(_) | Command::Alert(_) | Command::Replace(_)),
                "{command:?}"
            );
        }
        let is_abort = codes_of_alerts(message).contains(&1223);
        let mut body = message.commands.as_slice();
        if let [Command::Status(status), rest @ ..] = body
            && status.is_for_header()
        {
            assert_eq!(status.msg_ref, self.server_msg.to_string().as_str(), "the Status is for the last message");
            assert_eq!(status.cmd, Some(CommandName::SyncHdr));
            assert_eq!(status.cmd_ref.as_ref().unwrap().as_str(), "0");
            body = rest;
        } else {
            assert!(number == 1 || is_abort, "the Status for the SyncHdr is the first: {:?}", outline(message));
        }
        for command in body {
            match command {
                Command::Status(status) => self.check_status(status),
                Command::Results(results) => {
                    let key = (results.msg_ref().to_owned(), results.cmd_ref().to_owned());
                    assert!(self.answered.contains(&key), "Results come after the Status: {key:?}");
                    assert!(results.items.iter().all(|item| item.source.is_some()));
                }
                _ => {}
            }
        }
        if message.is_final && !is_abort {
            assert!(self.owed.is_empty(), "every command is answered: {:?} {:?}", self.owed, outline(message));
        }
    }

    #[track_caller]
    fn check_status(&mut self, status: &Status<'_>) {
        let cmd_ref = status.cmd_ref.as_ref().unwrap().as_str().to_owned();
        let key = (status.msg_ref.as_str().to_owned(), cmd_ref);
        assert!(!status.is_for_header(), "one Status for the SyncHdr");
        let name = status.cmd.as_ref().unwrap().to_string();
        let index = self.owed.iter().position(|owed| (&owed.0, &owed.1) == (&key.0, &key.1));
        match index {
            Some(index) => assert_eq!(self.owed.remove(index).2, name),
            None if self.may_answer.remove(&key) => {}
            None => {
                assert!(self.answered.contains(&key), "an answer to nothing: {name} {key:?}");
                let names_its_item = !status.target_refs.is_empty() || !status.source_refs.is_empty();
                assert!(names_its_item, "one Status for a command, or one for each Item: {name} {key:?}");
            }
        }
        assert!(status.chal.is_none(), "challenges are in the Status for the SyncHdr");
        self.answered.insert(key);
    }
}

fn read(value: &Option<Value>) -> tree::Reply {
    value.clone().map_or(tree::Reply::Failed(StatusCode::DATA_STORE_FAILURE), tree::Reply::Value)
}

/// A snapshot that was written and read.
#[cfg(feature = "serde")]
#[track_caller]
fn stored(snapshot: Snapshot) -> Snapshot {
    serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap()
}

#[cfg(not(feature = "serde"))]
fn stored(snapshot: Snapshot) -> Snapshot {
    snapshot
}

// --- what messages look like -----------------------------------------------------------------------------------

/// A message in short words, one for each command:
///
/// ```text
/// SyncHdr 1/0 401 syncml:auth-md5      Status of the header, with its MsgRef, CmdRef and challenge
/// Get 2/4 200                          Status
/// Alert 2/5 200 [text]                 Status with Items
/// Results 2/4 ./Vendor/Name=one        Results; … behind a value for MoreData
/// Alert 1226                           Alert
/// DevInfo                              Replace of DevInfo
/// Final
/// ```
pub fn outline(message: &Message<'_>) -> Vec<String> {
    let mut words: Vec<String> = message.commands.iter().map(word).collect();
    words.extend(message.is_final.then(|| String::from("Final")));
    words
}

fn word(command: &Command<'_>) -> String {
    match command {
        Command::Status(status) => {
            let cmd_ref = status.cmd_ref.as_ref().map_or("", |it| it.as_str());
            let cmd = status.cmd.as_ref().map(ToString::to_string).unwrap_or_default();
            let code = status.code().map_or(0, StatusCode::code);
            let mut word = format!("{cmd} {}/{cmd_ref} {code}", status.msg_ref);
            if let Some(chal) = &status.chal {
                word += &format!(" {}", chal.meta.type_().unwrap_or_default());
            }
            if !status.items.is_empty() {
                let texts: Vec<&str> = status.items.iter().map(text).collect();
                word += &format!(" [{}]", texts.join(","));
            }
            word
        }
        Command::Results(results) => {
            let item = |item: &Item<'_>| {
                let more = if item.more_data { "…" } else { "" };
                format!("{}={}{more}", item.source_uri().unwrap(), text(item))
            };
            let items: Vec<String> = results.items.iter().map(item).collect();
            format!("Results {}/{} {}", results.msg_ref(), results.cmd_ref(), items.join(" "))
        }
        Command::Alert(alert) => format!("Alert {}", alert.code().unwrap()),
        Command::Replace(replace) => {
            let ours = |item: &Item<'_>| item.source_uri().is_some_and(|uri| uri.as_str().starts_with("./DevInfo/"));
            assert!(!replace.items.is_empty() && replace.items.iter().all(ours), "{replace:?}");
            String::from("DevInfo")
        }
        other => panic!("{other:?}"),
    }
}

/// The text of an Item.
pub fn text<'m>(item: &'m Item<'_>) -> &'m str {
    item.data.as_ref().and_then(|data| data.as_text()).unwrap_or_default()
}

/// The codes of the Statuses, without that for the header.
pub fn codes(message: &Message<'_>) -> Vec<u32> {
    statuses(message).filter(|status| !status.is_for_header()).map(|status| status.code().unwrap().code()).collect()
}

pub fn statuses<'m, 'a>(message: &'m Message<'a>) -> impl Iterator<Item = &'m Status<'a>> {
    message.commands.iter().filter_map(|command| match command {
        Command::Status(status) => Some(status),
        _ => None,
    })
}

/// The Status for the header.
#[track_caller]
pub fn header_status(message: &Message<'_>) -> u32 {
    statuses(message).find(|status| status.is_for_header()).expect("a Status for the SyncHdr").code().unwrap().code()
}

/// The challenge in the Status for the header.
pub fn chal(message: &Message<'_>) -> Option<Chal<'static>> {
    statuses(message).find_map(|status| status.chal.as_deref().cloned().map(Chal::into_owned))
}

pub fn results<'m, 'a>(message: &'m Message<'a>) -> impl Iterator<Item = &'m Results<'a>> {
    message.commands.iter().filter_map(|command| match command {
        Command::Results(results) => Some(results),
        _ => None,
    })
}

/// URI and text of what the Results of a message hold.
pub fn values(message: &Message<'_>) -> Vec<(String, String)> {
    let items = results(message).flat_map(|results| results.items.iter());
    items.map(|item| (item.source_uri().unwrap().to_string(), text(item).to_owned())).collect()
}

/// The values of Results in several messages, chunks put together.
pub fn joined(messages: &[Message<'_>]) -> Vec<(String, String)> {
    let mut whole: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for item in messages.iter().flat_map(results).flat_map(|results| results.items.iter()) {
        let (uri, text) = (item.source_uri().unwrap().to_string(), text(item));
        match whole.last_mut().filter(|_| open) {
            Some((begun, value)) => {
                assert_eq!(*begun, uri, "chunks follow one another");
                value.push_str(text);
            }
            None => whole.push((uri, text.to_owned())),
        }
        open = item.more_data;
    }
    assert!(!open, "the last chunk is there");
    whole
}

/// The Item with MoreData of a message.
pub fn chunk_of<'m>(message: &'m Message<'_>) -> Option<&'m Item<'m>> {
    message.commands.iter().flat_map(Command::items).find(|item| item.more_data)
}

pub fn alerts<'m, 'a>(message: &'m Message<'a>) -> impl Iterator<Item = &'m Alert<'a>> {
    message.commands.iter().filter_map(|command| match command {
        Command::Alert(alert) => Some(alert),
        _ => None,
    })
}

/// The codes of the alerts.
pub fn codes_of_alerts(message: &Message<'_>) -> Vec<u32> {
    alerts(message).map(|alert| alert.code().unwrap().code()).collect()
}

/// Items of the DevInfo Replace: URI and value.
#[track_caller]
pub fn dev_info(message: &Message<'_>) -> Vec<(String, String)> {
    let replace = message.commands.iter().find(|command| matches!(command, Command::Replace(_))).expect("DevInfo");
    let item = |item: &Item<'_>| {
        assert!(item.target.is_none(), "DevInfo has Source, not Target");
        (item.source_uri().unwrap().to_string(), text(item).to_owned())
    };
    replace.items().iter().map(item).collect()
}
