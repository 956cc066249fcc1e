//! A device and a DM 1.2 server joined by a virtual link, with a virtual clock: messages get lost, come twice or late.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "shared by several test files"
)]

use crate::dm1_interpreter::{Effect, Interpreter, Script, describe};
use crate::model1::{DAY, Model};
use crate::program1;
use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{self, EffectId, Failure, Start};
use dm_session::dm1::server::{self, RequestId};
use dm_session::dm1::{
    AlertQueue, Client, ClientAlert, ClientConfig, Credentials, Demand, Identity, Limits, Order, Outcome, Party,
    Scheme, Server, ServerConfig, Task, TaskResult, UserReply,
};
use dm_session::http::{Request, Response};
use dm_session::tree::dm1::{Ask, Command, DevInfo, Principal, Reply, Request as TreeRequest, run};
use dm_session::tree::{MoTree, TreeLimits};
use dm_session::{ErrorKind, Random, Secret, Timestamp};
use dm_syncml::{Encoding, Message, Nonce, StatusCode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Short, so that a message of 512 bytes has room for something.
pub(crate) const SERVER_ID: &str = "S1";
pub(crate) const SERVER_URI: &str = "https://s.ex/d";
pub(crate) const DEVICE: &str = "D:1";

/// How one side proves who it is, and what the other side wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Auth {
    /// What the verifier wants; `None` where the transport shows it.
    pub(crate) demand: Option<Scheme>,
    /// What the prover begins with.
    pub(crate) first: Option<Scheme>,
    pub(crate) per_message: bool,
    /// Whether both have the same nonce.
    pub(crate) fresh: bool,
}

impl Auth {
    pub(crate) const TRANSPORT: Self = Self { demand: None, first: None, per_message: false, fresh: true };

    pub(crate) const fn new(scheme: Scheme) -> Self {
        Self { demand: Some(scheme), first: None, per_message: false, fresh: true }
    }

    pub(crate) const fn first(mut self, scheme: Scheme) -> Self {
        self.first = Some(scheme);
        self
    }

    pub(crate) const fn per_message(mut self) -> Self {
        self.per_message = true;
        self
    }

    pub(crate) const fn stale(mut self) -> Self {
        self.fresh = false;
        self
    }
}

/// What both ends are like.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) encoding: Encoding,
    /// `MaxMsgSize` and `MaxObjSize` that each announces.
    pub(crate) client_msg: Option<u32>,
    pub(crate) client_obj: Option<u32>,
    pub(crate) server_msg: Option<u32>,
    pub(crate) server_obj: Option<u32>,
    pub(crate) client_auth: Auth,
    pub(crate) server_auth: Auth,
    pub(crate) interaction: bool,
    pub(crate) atomic: bool,
    pub(crate) stop_sequence: bool,
    /// The tree's settings, as `program1::rules` has them.
    pub(crate) rules: u8,
}

impl Setup {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            seed: 1,
            encoding,
            client_msg: None,
            client_obj: Some(1 << 20),
            server_msg: None,
            server_obj: None,
            client_auth: Auth::TRANSPORT,
            server_auth: Auth::TRANSPORT,
            interaction: true,
            atomic: true,
            stop_sequence: false,
            rules: 0,
        }
    }
}

/// How the machines are handled. Each has to come to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Both are stored and restored after each call.
    pub(crate) restore: bool,
    /// Ticks come at any moment, twice.
    pub(crate) ticks: bool,
    /// The clock falls back now and then; or it stands still at those moments, which is the same.
    pub(crate) clock: Clock,
    /// Events that answer nothing come in between.
    pub(crate) misuse: bool,
    /// Actions are taken one by one, as late as possible.
    pub(crate) lazy: bool,
}

/// What the machines are told of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Clock {
    #[default]
    Right,
    Behind,
    Still,
}

impl Clock {
    fn read(self, now: u64, told: &mut u64, falls: bool) -> Timestamp {
        let read = match self {
            Self::Behind if falls => *told / 2,
            Self::Still if falls => *told,
            _ => now,
        };
        *told = read.max(*told);
        Timestamp::from_millis(read)
    }
}

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It does not arrive, and the device is told.
    LoseRequest,
    /// Its answer does not arrive, and the device is told.
    LoseResponse,
    /// It does not arrive, and nobody says so.
    SilentRequest,
    /// Its answer does not arrive, and nobody says so.
    SilentResponse,
    /// Something in between answers.
    Gateway(u16),
    /// It arrives twice; the device gets the second answer.
    Twice,
    /// It arrives, and once more after so many others.
    CopyLater(u8),
    /// It arrives after so many others, and the device is told that it did not.
    Delay(u8),
    /// The application cannot decide.
    AppFails,
    /// The answer is 429.
    Busy,
}

impl Fault {
    const fn is_failure(self) -> bool {
        !matches!(self, Self::None | Self::Twice | Self::CopyLater(_))
    }
}

/// What the link does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    plan: VecDeque<Fault>,
    /// How often one message may fail; any number of times if there is none.
    most: Option<u8>,
    failed: u8,
}

impl Faults {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// One fault for each request; none when they are used up.
    pub(crate) fn plan(plan: impl IntoIterator<Item = Fault>) -> Self {
        Self { plan: plan.into_iter().collect(), most: None, failed: 0 }
    }

    /// From bytes; `most` failures of one message.
    pub(crate) fn new(bytes: &[u8], most: Option<u8>) -> Self {
        let fault = |byte: &u8| match byte {
            0..100 => Fault::None,
            100..115 => Fault::LoseRequest,
            115..140 => Fault::LoseResponse,
            140..150 => Fault::SilentRequest,
            150..165 => Fault::SilentResponse,
            165..180 => Fault::Gateway([500, 502, 503, 504, 408][usize::from(byte % 5)]),
            180..200 => Fault::Twice,
            200..225 => Fault::CopyLater(byte % 4),
            225..243 => Fault::Delay(byte % 4),
            243..250 => Fault::AppFails,
            _ => Fault::Busy,
        };
        Self { plan: bytes.iter().map(fault).collect(), most, failed: 0 }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.plan.is_empty()
    }

    fn next(&mut self) -> Fault {
        let fault = self.plan.pop_front().unwrap_or(Fault::None);
        if !fault.is_failure() {
            self.failed = 0;
            return fault;
        }
        if self.most.is_some_and(|most| self.failed >= most) {
            self.failed = 0;
            return Fault::None;
        }
        self.failed += 1;
        fault
    }
}

/// One message as it went over the wire, in the order in which the server took or made them.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) from_server: bool,
    pub(crate) message: Message<'static>,
    pub(crate) len: usize,
}

/// What came of one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) client: Option<client::Reason>,
    pub(crate) server: Option<server::Reason>,
    /// What the server took and made, repetitions left out.
    pub(crate) wire: Vec<Wire>,
    /// What the device posted, repetitions left out.
    pub(crate) posted: Vec<Message<'static>>,
    /// MsgIDs of what the device got.
    pub(crate) got: BTreeSet<String>,
    pub(crate) orders: Vec<Order>,
    pub(crate) outcomes: BTreeMap<u64, TaskResult>,
    pub(crate) effects: Vec<Effect>,
    /// Bounds of the Gets.
    pub(crate) most: VecDeque<Option<usize>>,
    /// What the application got of alerts.
    pub(crate) alerts: Vec<ClientAlert>,
    pub(crate) answered: usize,
    /// What of both went out, to be compared.
    pub(crate) trace: Vec<String>,
    pub(crate) posts: usize,
    pub(crate) decisions: usize,
}

impl Record {
    pub(crate) fn is_complete(&self) -> bool {
        self.client == Some(client::Reason::Ended) && self.server == Some(server::Reason::Ended)
    }

    /// Whether it came to its end; a server that has nothing to do need not prove who it is.
    pub(crate) fn is_over(&self) -> bool {
        let idle = self.client == Some(client::Reason::ServerUnauthenticated) && self.effects.is_empty();
        self.is_complete() || (idle && self.server == Some(server::Reason::Ended))
    }

    /// How often a message of the device was answered 401 or 407, and one of the server.
    pub(crate) fn challenges(&self) -> (usize, usize) {
        let count = |from_server: bool| {
            let messages = self.wire.iter().filter(|wire| wire.from_server == from_server);
            messages
                .flat_map(|wire| &wire.message.commands)
                .filter(|command| match command {
                    dm_syncml::Command::Status(status) => {
                        status.is_for_header() && matches!(status.code().map(StatusCode::code), Some(401 | 407))
                    }
                    _ => false,
                })
                .count()
        };
        (count(true), count(false))
    }
}

#[derive(Clone, Debug)]
struct Nonces {
    client: Nonce,
    server: Nonce,
}

struct Host {
    machine: Server,
    config: ServerConfig,
    /// The last request that it took, and the answer.
    last: Option<(Vec<u8>, Response)>,
    told: u64,
}

pub(crate) struct Link {
    pub(crate) setup: Setup,
    pub(crate) mode: Mode,
    pub(crate) now: u64,
    pub(crate) tree: MoTree,
    pub(crate) script: Script,
    pub(crate) faults: Faults,
    /// What the application orders at each decision.
    pub(crate) batches: VecDeque<Vec<Order>>,
    /// What the device reports, and before which of its requests (counted over all sessions).
    pub(crate) reports: VecDeque<(usize, ClientAlert)>,
    /// When the device gives up: after so many effects of a session, or instead of its request of that number; and the
    /// server, after so many messages of both.
    pub(crate) abort_client: Option<usize>,
    pub(crate) abort_post: Option<usize>,
    pub(crate) abort_server: Option<usize>,
    pub(crate) queue: AlertQueue,
    sessions: u16,
    device: Nonces,
    known: Nonces,
    hosts: BTreeMap<(String, String), Host>,
    late: Vec<(u8, Request)>,
    draws: u64,
    requests: u64,
    posts: usize,
    fail_next: bool,
    record: Record,
}

fn nonce(bytes: &[u8]) -> Nonce {
    Nonce::new(bytes).unwrap()
}

fn mixed(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn stored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}

/// The tree of the device, as the plain one has it, with DevInfo.
pub(crate) fn tree(rules: u8) -> MoTree {
    let rules = program1::rules(rules << 1);
    let mut tree = MoTree::new(program1::config(&rules, TreeLimits::DEFAULT)).unwrap();
    for request in program1::fixture() {
        program1::apply(&mut tree, &request);
    }
    for command in DevInfo::new(DEVICE, "A", "B").commands() {
        program1::apply(&mut tree, &TreeRequest::local(command));
    }
    tree
}

pub(crate) fn model(rules: u8) -> Model {
    let mut model = Model::new(program1::rules(rules << 1));
    for request in program1::fixture() {
        model.apply(&request);
    }
    model
}

fn identity(auth: Auth, name: &str, secret: &str, nonce: &Nonce) -> Identity {
    if auth.demand.is_none() {
        return Identity::TRANSPORT;
    }
    let credentials = Credentials::new(name, &Secret::new(secret)).with_nonce(nonce.clone());
    let identity = Identity::new(credentials).with_weakest(Scheme::Basic);
    match auth.first {
        Some(first) => identity.with_first(first),
        None => identity,
    }
}

fn demand(auth: Auth, name: &str, secret: &str, nonce: &Nonce) -> Demand {
    let Some(scheme) = auth.demand else { return Demand::Transport };
    let demand = Demand::new(scheme, Credentials::new(name, &Secret::new(secret)).with_nonce(nonce.clone()));
    if auth.per_message { demand.with_per_message() } else { demand }
}

/// The device's end while a session runs.
struct Device {
    machine: Client,
    config: ClientConfig,
    /// What waits for an answer that may not come.
    open: BTreeMap<EffectId, client::Action>,
    /// What came in the meantime.
    actions: VecDeque<client::Action>,
    spent: Option<EffectId>,
    told: u64,
}

impl Link {
    pub(crate) fn new(setup: Setup, batches: Vec<Vec<Order>>, script: Script) -> Self {
        let stale = |auth: Auth, bytes: &[u8]| if auth.fresh { nonce(bytes) } else { nonce(b"old one") };
        let known = Nonces { client: nonce(b"client nonce"), server: nonce(b"server nonce") };
        let device = Nonces {
            client: stale(setup.client_auth, b"client nonce"),
            server: stale(setup.server_auth, b"server nonce"),
        };
        Self {
            tree: tree(setup.rules),
            setup,
            mode: Mode::default(),
            now: (DAY + 60) * 1000,
            script,
            faults: Faults::none(),
            batches: batches.into(),
            reports: VecDeque::new(),
            abort_client: None,
            abort_post: None,
            abort_server: None,
            queue: AlertQueue::new(),
            sessions: 0,
            device,
            known,
            hosts: BTreeMap::new(),
            late: Vec::new(),
            draws: 0,
            requests: 0,
            posts: 0,
            fail_next: false,
            record: Record::default(),
        }
    }

    /// An interpreter with a tree like that of the device.
    pub(crate) fn interpreter(&self) -> Interpreter {
        Interpreter {
            model: model(self.setup.rules),
            encoding: self.setup.encoding,
            server_id: SERVER_ID.to_owned(),
            script: self.script.clone(),
            interaction: self.setup.interaction,
            atomic: self.setup.atomic,
            stop_sequence: self.setup.stop_sequence,
            most: VecDeque::new(),
            effects: Vec::new(),
            halt: None,
        }
    }

    fn random(&mut self) -> Random {
        self.draws += 1;
        let mut bytes = [0; 32];
        for (at, chunk) in bytes.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&mixed(self.setup.seed ^ (self.draws << 8) ^ at as u64).to_be_bytes());
        }
        Random::from(bytes)
    }

    fn limits() -> Limits {
        Limits::DEFAULT
    }

    fn client_config(&self) -> ClientConfig {
        let setup = &self.setup;
        ClientConfig::new(DEVICE, SERVER_ID, SERVER_URI)
            .with_encoding(setup.encoding)
            .with_max_msg_size(setup.client_msg)
            .with_max_obj_size(setup.client_obj)
            .with_interaction(setup.interaction)
            .with_atomic(setup.atomic)
            .with_stop_sequence(setup.stop_sequence)
            .with_identity(identity(setup.client_auth, "u", "client's word", &self.device.client))
            .with_demand(demand(setup.server_auth, SERVER_ID, "server's word", &self.device.server))
            .with_limits(Self::limits())
    }

    fn server_config(&self) -> ServerConfig {
        let setup = &self.setup;
        ServerConfig::new(SERVER_ID, SERVER_URI)
            .with_max_msg_size(setup.server_msg)
            .with_max_obj_size(setup.server_obj)
            .with_identity(identity(setup.server_auth, SERVER_ID, "server's word", &self.known.server))
            .with_demand(demand(setup.client_auth, "u", "client's word", &self.known.client))
            .with_limits(Self::limits())
    }

    // --- the device ------------------------------------------------------------------------------------------------

    /// One session from its start to the end of both machines. Panics if it takes more steps than this.
    pub(crate) fn drive_bounded(&mut self, steps: usize) -> Record {
        self.record = Record::default();
        self.sessions += 1;
        let session_id = SessionId::new(self.sessions).unwrap();
        let config = self.client_config();
        let queue = core::mem::take(&mut self.queue);
        let machine = Client::start(config.clone(), Start::Local { session_id }, queue, self.time()).unwrap();
        let mut device =
            Device { machine, config, open: BTreeMap::new(), actions: VecDeque::new(), spent: None, told: self.now };
        let mut left = steps;
        while self.record.client.is_none() {
            left = left.checked_sub(1).unwrap_or_else(|| panic!("the session does not end: {}", self.story()));
            if self.mode.lazy {
                self.tick(&mut device);
            } else {
                while let Some(action) = self.poll(&mut device) {
                    device.actions.push_back(action);
                }
            }
            if self.mode.ticks {
                self.tick(&mut device);
            }
            let action = device.actions.pop_front().or_else(|| self.poll(&mut device));
            match action {
                Some(action) => self.act(&mut device, action),
                None => self.wait(&mut device),
            }
        }
        assert!(device.machine.is_closed());
        assert_eq!(device.machine.poll_action(), None, "nothing comes after the end");
        let after = device.machine.handle(self.time(), client::Event::Abort);
        assert!(after.is_err_and(|error| error.kind() == ErrorKind::Closed));
        for (_, request) in core::mem::take(&mut self.late) {
            self.copy(&request);
        }
        self.end_server(steps);
        core::mem::take(&mut self.record)
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn poll(&mut self, device: &mut Device) -> Option<client::Action> {
        let action = device.machine.poll_action()?;
        assert!(self.record.client.is_none(), "an action after the end: {action:?}");
        self.restore(device);
        self.record.trace.push(match &action {
            client::Action::Post { request, .. } => {
                let headers: String =
                    request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                format!("{action:?} {headers} {:x}", hash(&request.body))
            }
            client::Action::Closed(closed) => format!("{closed:?}"),
            action => format!("{action:?}"),
        });
        Some(action)
    }

    fn restore(&self, device: &mut Device) {
        if self.mode.restore {
            let snapshot = stored(&device.machine.snapshot());
            device.machine = Client::restore(device.config.clone(), snapshot).unwrap();
        }
    }

    fn tick(&mut self, device: &mut Device) {
        for _ in 0..2 {
            device.machine.handle(self.time(), client::Event::Tick).unwrap_or_else(|error| panic!("a tick: {error}"));
            self.restore(device);
        }
    }

    fn give(&mut self, device: &mut Device, event: client::Event) {
        if self.mode.misuse {
            self.misuse(device);
        }
        let id = event.id();
        let now = self.mode.clock.read(self.now, &mut device.told, id.is_some() && self.draws.is_multiple_of(3));
        device.machine.handle(now, event).unwrap_or_else(|error| panic!("{error}"));
        device.spent = id.or(device.spent);
        self.restore(device);
    }

    /// Events that answer nothing are refused and change nothing.
    fn misuse(&mut self, device: &mut Device) {
        let later = Timestamp::from_millis(self.now + 1_000_000);
        let ids = [device.spent, Some(EffectId::new(1 << 40))];
        for id in ids.into_iter().flatten().filter(|id| !device.open.contains_key(id)) {
            let events = [
                client::Event::Response { id, response: Response::new(200), random: Random::from([1; 32]) },
                client::Event::Failed { id, failure: Failure::Timeout },
                client::Event::Answered { id, reply: UserReply::Accepted },
            ];
            for event in events {
                let before = device.machine.snapshot();
                assert!(device.machine.handle(later, event).is_err());
                assert!(device.machine.snapshot() == before, "a refused event changed the client");
            }
        }
    }

    /// Nothing is to be done: time passes.
    fn wait(&mut self, device: &mut Device) {
        let due = device.machine.poll_timeout().unwrap_or_else(|| panic!("the client waits forever: {}", self.story()));
        self.now = self.now.max(due.as_millis());
        self.give(device, client::Event::Tick);
    }

    fn act(&mut self, device: &mut Device, action: client::Action) {
        let post = matches!(action, client::Action::Post { .. });
        if (action.id().is_some() && self.abort_client == Some(self.record.effects.len()))
            || (post && self.abort_post == Some(self.record.posts))
        {
            (self.abort_client, self.abort_post) = (None, None);
            let id = action.id().unwrap();
            device.open.insert(id, action.clone());
            self.give(device, client::Event::Abort);
            while let Some(action) = self.poll(device) {
                device.actions.push_back(action);
            }
            // The tree is not told to stop in the middle of something.
            if post || device.actions.contains(&client::Action::Cancel { id }) {
                return;
            }
            device.open.remove(&id);
        }
        match action {
            client::Action::Post { id, request } => self.post(device, id, &request),
            client::Action::Manage { id, request } => {
                let answer = self.manage(&request);
                self.give(device, client::Event::Managed { id, answer });
            }
            client::Action::Interact { id, ref interaction } => {
                self.record.effects.push(Effect::Ask(interaction.text.clone()));
                match self.script.user.get(&interaction.text).cloned() {
                    Some(reply) => self.give(device, client::Event::Answered { id, reply }),
                    // Until it is cancelled.
                    None => {
                        device.open.insert(id, action);
                    }
                }
            }
            client::Action::SaveNonce { party: Party::Client, nonce } => self.device.client = nonce,
            client::Action::SaveNonce { nonce, .. } => self.device.server = nonce,
            client::Action::AlertAnswered { .. } => self.record.answered += 1,
            client::Action::Cancel { id } => {
                assert!(device.open.remove(&id).is_some(), "only what is open is cancelled");
                device.spent = Some(id);
            }
            client::Action::Closed(closed) => {
                self.record.client = Some(closed.reason);
                self.queue = closed.alerts;
            }
            other => panic!("{other:?}"),
        }
    }

    fn manage(&mut self, request: &TreeRequest) -> dm_session::tree::dm1::Answer {
        let check = matches!(request.command, Command::Check { .. });
        if request.principal == Principal::Server(SERVER_ID.to_owned()) {
            if !matches!(request.command, Command::Begin | Command::Commit | Command::Rollback) {
                assert_eq!(request.encoding, self.setup.encoding);
            }
            if !check {
                self.record.effects.push(Effect::Run(describe(&request.command)));
            }
            if matches!(request.command, Command::Get { .. }) {
                self.record.most.push_back(request.max_value_len);
            }
        } else {
            assert_eq!(request.principal, Principal::Local);
            assert_eq!(request.command, Command::get("./DevInfo?list=StructData"));
        }
        let (effects, exec) = (&mut self.record.effects, &self.script.exec);
        run(&mut self.tree, request, &mut |ask| match ask {
            Ask::Exec { correlator, .. } => {
                effects.push(Effect::Exec(correlator.clone()));
                match correlator.as_ref().and_then(|it| exec.get(it)) {
                    Some(200) | None => Reply::Done,
                    Some(status) => Reply::Failed(StatusCode::new(*status)),
                }
            }
            other => panic!("{other:?}"),
        })
    }

    // --- the link --------------------------------------------------------------------------------------------------

    fn post(&mut self, device: &mut Device, id: EffectId, request: &Request) {
        device.open.insert(id, client::Action::Cancel { id });
        while self.reports.front().is_some_and(|(at, _)| *at <= self.posts) {
            let (_, alert) = self.reports.pop_front().unwrap();
            self.give(device, client::Event::Alert(alert));
        }
        self.posts += 1;
        self.record.posts += 1;
        let message = Message::parse(&request.body).unwrap_or_else(|error| panic!("{error}")).into_owned();
        assert_eq!(Encoding::detect(&request.body), Some(self.setup.encoding));
        // A message of this MsgID is always the same.
        match self.record.posted.iter().find(|have| have.header.msg_id == message.header.msg_id) {
            Some(have) => assert_eq!(*have, message),
            None => self.record.posted.push(message),
        }
        // Package #1 stands in one message, whose size the server has taken before.
        let opens = |command: &dm_syncml::Command<'_>| matches!(command, dm_syncml::Command::Replace(_));
        let free = self.record.got.is_empty() || self.record.posted.last().unwrap().commands.iter().any(opens);
        if let Some(most) = self.setup.server_msg.filter(|_| !free) {
            assert!(request.body.len() <= most as usize, "{} bytes, {most} are allowed", request.body.len());
        }
        self.now += 50;
        for (_, request) in self.late.extract_if(.., |(left, _)| *left == 0).collect::<Vec<_>>() {
            self.copy(&request);
        }
        self.late.iter_mut().for_each(|(left, _)| *left -= 1);
        let fault = self.faults.next();
        let result = match fault {
            Fault::None => Some(Ok(self.deliver(request))),
            Fault::LoseRequest => Some(Err(Failure::Unreachable)),
            Fault::LoseResponse => {
                self.deliver(request);
                Some(Err(Failure::Timeout))
            }
            Fault::SilentRequest => None,
            Fault::SilentResponse => {
                self.deliver(request);
                None
            }
            Fault::Gateway(code) => Some(Ok(Response::new(code))),
            Fault::Busy => Some(Ok(Response::new(429).with_header("Retry-After", "7"))),
            Fault::Twice => {
                let first = self.deliver(request);
                let second = self.deliver(request);
                assert!(first == second, "the same request was answered otherwise");
                Some(Ok(second))
            }
            Fault::CopyLater(after) => {
                self.late.push((after, request.clone()));
                Some(Ok(self.deliver(request)))
            }
            Fault::Delay(after) => {
                self.late.push((after, request.clone()));
                Some(Err(Failure::Timeout))
            }
            Fault::AppFails => {
                self.fail_next = true;
                let response = self.deliver(request);
                self.fail_next = false;
                Some(Ok(response))
            }
        };
        self.record.trace.push(format!("{fault:?}"));
        match result {
            None => {}
            Some(Ok(response)) => {
                device.open.remove(&id);
                if response.status == 200 {
                    let message = Message::parse(&response.body).unwrap();
                    self.record.got.insert(message.header.msg_id.as_str().to_owned());
                }
                let random = self.random();
                self.give(device, client::Event::Response { id, response, random });
            }
            Some(Err(failure)) => {
                device.open.remove(&id);
                self.give(device, client::Event::Failed { id, failure });
            }
        }
    }

    /// A request that comes once more, or late: nobody waits for the answer.
    fn copy(&mut self, request: &Request) {
        let route = server::route(request).unwrap();
        let host = self.hosts.get(&(route.device_id, route.session_id));
        let before = host.and_then(|host| host.last.clone()).filter(|(body, _)| *body == request.body);
        let response = self.deliver(request);
        if let Some((_, before)) = before {
            assert!(response == before, "the same request was answered otherwise");
        }
    }

    // --- the server ------------------------------------------------------------------------------------------------

    fn deliver(&mut self, request: &Request) -> Response {
        let route = match server::route(request) {
            Ok(route) => route,
            Err(response) => panic!("no way for a request: {}", response.status),
        };
        assert_eq!(route.encoding, self.setup.encoding);
        let key = (route.device_id.clone(), route.session_id.clone());
        let random = self.random();
        self.requests += 1;
        let own = RequestId(self.requests);
        let now = self.time();
        if !self.hosts.contains_key(&key) {
            let config = self.server_config();
            if !route.begins() {
                return server::unknown_session(request, &config);
            }
            let machine = Server::start(config.clone(), now).unwrap();
            self.hosts.insert(key.clone(), Host { machine, config, last: None, told: self.now });
        }
        let mut host = self.hosts.remove(&key).unwrap();
        if self.abort_server == Some(self.record.wire.len()) && !host.machine.is_closed() {
            self.abort_server = None;
            host.machine.handle(now, server::Event::Abort).unwrap();
        }
        let message = Message::parse(&request.body).unwrap().into_owned();
        let closed = host.machine.is_closed();
        let heard = |wire: &Wire| !wire.from_server && wire.message.header.msg_id == message.header.msg_id;
        let again = self.record.wire.iter().any(heard);
        let current = route.session_id == format!("{:X}", self.sessions);
        if !again && current {
            host.last = None;
        }
        if !closed && !again && current {
            self.record.wire.push(Wire { from_server: false, message, len: request.body.len() });
        }
        if self.mode.misuse && !closed {
            let snapshot = host.machine.snapshot();
            let event = server::Event::Orders { id: RequestId(1 << 40), orders: Vec::new() };
            let later = Timestamp::from_millis(self.now + 1_000_000);
            assert!(host.machine.handle(later, event).is_err());
            assert!(host.machine.snapshot() == snapshot, "a refused event changed the server");
        }
        let at = self.mode.clock.read(self.now, &mut host.told, self.draws.is_multiple_of(2));
        let event = server::Event::Request { id: own, request: request.clone(), random };
        host.machine.handle(at, event).unwrap_or_else(|error| panic!("a request: {error}"));
        let response = self.serve(&mut host, own, current);
        let response = response.unwrap_or_else(|| panic!("no answer: {}", self.story()));
        if response.status == 200 {
            if !again && current {
                host.last = Some((request.body.clone(), response.clone()));
            }
            let message = Message::parse(&response.body).unwrap().into_owned();
            if current && !closed && !self.record.wire.iter().any(|wire| wire.from_server && wire.message == message) {
                // Where nothing else fits, an abort says so.
                let aborts = |it: &dm_syncml::Command<'_>| matches!(it, dm_syncml::Command::Alert(it) if it.code() == Some(dm_syncml::AlertCode::SESSION_ABORT));
                if let Some(most) = self.setup.client_msg.filter(|_| !message.commands.iter().any(aborts)) {
                    assert!(response.body.len() <= most as usize, "{} bytes, {most} are allowed", response.body.len());
                }
                self.record.wire.push(Wire { from_server: true, message, len: response.body.len() });
            }
        }
        self.record.trace.push(format!("{} {:x}", response.status, hash(&response.body)));
        self.hosts.insert(key, host);
        response
    }

    /// Takes the actions of a server; the response to the request, if it is among them.
    fn serve(&mut self, host: &mut Host, own: RequestId, current: bool) -> Option<Response> {
        let mut answer = None;
        loop {
            if self.mode.restore {
                let snapshot = stored(&host.machine.snapshot());
                host.machine = Server::restore(host.config.clone(), snapshot).unwrap();
            }
            if self.mode.ticks && !host.machine.is_closed() {
                host.machine.handle(self.time(), server::Event::Tick).unwrap();
            }
            let Some(action) = host.machine.poll_action() else { return answer };
            if current {
                self.record.trace.push(format!("{action:?}"));
            }
            match action {
                server::Action::Decide { id, received } => {
                    assert!(current, "a late copy begins something");
                    assert_eq!(received.device_id, DEVICE);
                    assert_eq!(received.opening.is_some(), self.record.decisions == 0, "the session opens once");
                    if self.fail_next {
                        // It will be asked the same again.
                        self.fail_next = false;
                        host.machine.handle(self.time(), server::Event::Fail { id }).unwrap();
                        continue;
                    }
                    self.record.alerts.extend(received.alerts);
                    self.record.decisions += 1;
                    let orders = self.batches.pop_front().unwrap_or_default();
                    self.record.orders.extend(orders.iter().cloned());
                    host.machine.handle(self.time(), server::Event::Orders { id, orders }).unwrap();
                }
                server::Action::Respond { id, response } => {
                    assert_eq!(id, own);
                    assert!(answer.replace(response).is_none(), "two answers");
                }
                server::Action::Outcome(outcome) => {
                    let Outcome { id, task, result, .. } = *outcome;
                    let order = self.record.orders.iter().find(|order| order.id == id).expect("what was ordered");
                    assert_eq!(order.task, task);
                    assert!(self.record.outcomes.insert(id.0, result).is_none(), "two outcomes");
                }
                server::Action::SaveNonce { party: Party::Client, nonce } => self.known.client = nonce,
                server::Action::SaveNonce { nonce, .. } => self.known.server = nonce,
                server::Action::LateAlerts(alerts) => self.record.alerts.extend(alerts),
                server::Action::Closed(closed) => {
                    assert!(current);
                    self.record.alerts.extend(closed.alerts);
                    self.record.server = Some(closed.reason);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The server gives up waiting.
    fn end_server(&mut self, steps: usize) {
        let key = (DEVICE.to_owned(), format!("{:X}", self.sessions));
        let Some(mut host) = self.hosts.remove(&key) else { return };
        for _ in 0..steps {
            if host.machine.is_closed() {
                break;
            }
            let due = host.machine.poll_timeout().expect("a server does not wait forever");
            self.now = self.now.max(due.as_millis());
            host.machine.handle(self.time(), server::Event::Tick).unwrap();
            self.serve(&mut host, RequestId(0), true);
        }
        assert!(host.machine.is_closed(), "the server does not end: {}", self.story());
        self.hosts.insert(key, host);
    }

    // --- for people ------------------------------------------------------------------------------------------------

    pub(crate) fn story(&self) -> String {
        story(&self.setup, &self.record)
    }
}

/// What happened.
pub(crate) fn story(setup: &Setup, record: &Record) -> String {
    let mut out = format!("{setup:?}\n{:?} {:?}\n", record.client, record.server);
    for wire in &record.wire {
        let who = if wire.from_server { "S" } else { "C" };
        out += &format!(
            "{who} {} ({} bytes, final {}):",
            wire.message.header.msg_id.as_str(),
            wire.len,
            wire.message.is_final
        );
        if let Some(cred) = &wire.message.header.cred {
            out += &format!(" Cred {:?}", cred.auth_type());
        }
        for command in wire.message.walk() {
            out += &match command {
                dm_syncml::Command::Status(status) => format!(
                    " Status({},{}: {:?}{})",
                    status.msg_ref.as_str(),
                    status.cmd_ref.as_ref().map_or("", |it| it.as_str()),
                    status.code().map(StatusCode::code),
                    if status.chal.is_some() { " Chal" } else { "" }
                ),
                dm_syncml::Command::Alert(alert) => format!(" Alert {:?}", alert.code()),
                command => {
                    let item = command.items().first();
                    let uri = item.and_then(|item| item.target_uri().or_else(|| item.source_uri()));
                    let more = if item.is_some_and(|item| item.more_data) { "+" } else { "" };
                    let id = command.cmd_id().map_or("", |it| it.as_str());
                    format!(" {id}:{}({:?}){more}", command.name().unwrap_or(""), uri.map(|uri| uri.as_str()))
                }
            };
        }
        out += "\n";
    }
    for order in &record.orders {
        out += &format!("{:?} {}\n  {:?}\n", order.id, task_text(&order.task), record.outcomes.get(&order.id.0));
    }
    for effect in &record.effects {
        out += &format!("{effect:?}\n");
    }
    out
}

fn task_text(task: &Task) -> String {
    match task {
        Task::Command(command) => describe(command),
        Task::Interact(interaction) => format!("{interaction:?} {:?}", interaction.text),
        Task::Atomic(children) | Task::Sequence(children) => {
            let kind = if matches!(task, Task::Atomic(_)) { "Atomic" } else { "Sequence" };
            format!("{kind}[{}]", children.iter().map(task_text).collect::<Vec<_>>().join("; "))
        }
        other => format!("{other:?}"),
    }
}
