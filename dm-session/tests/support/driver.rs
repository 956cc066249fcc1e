//! Leads the DM 2.0 machines through programs written as bytes, and checks the session rules on the
//! way. Property tests and fuzz targets share it.
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
    reason = "shared by tests and fuzz targets"
)]

#[path = "program.rs"]
mod program;

use std::collections::{BTreeMap, VecDeque};

use dm_notification::ConType;
use dm_package::{Alert, Command, MoData, Package1, Package2, Package3, Status, StatusCode, media};
use dm_session::dm2::client::{self, EffectId, Failure, Start};
use dm_session::dm2::server::{self, Random, RequestId};
use dm_session::dm2::{Account, AlertQueue, Client, ClientConfig, ExecResult, Limits, Server, ServerConfig};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::{Operation, Outcome};
use dm_session::{ErrorKind, Timestamp};
#[cfg(feature = "serde")]
use program::SNAPSHOTS;
use program::{Clock, stored};
pub use program::{Fate, Mode, Program};

const SERVER_ID: &str = "dm.example";
const ENDPOINT: &str = "https://dm.example/dm";
const DEVICE: &str = "IMEI:350000000000017";

/// Commands that a program picks from: each kind, good and bad.
const COMMANDS: [&str; 24] = [
    r#"["HGET","https://r.example/a","urn:m:1.0/1/a"]"#,
    r#"["HGET","https://r.example/b"]"#,
    r#"["HPUT","https://r.example/a","urn:m:1.0/1/a"]"#,
    r#"["HPOST","https://s.example/a","urn:m:1.0/1/a","urn:m:1.0/1/b"]"#,
    r#"["DELETE","urn:m:1.0/1/a"]"#,
    r#"["DELETE","urn:m:1.0/*/b"]"#,
    r#"["EXEC","urn:m:1.0/1/x"]"#,
    r#"["EXEC","urn:m:1.0/1/x","https://report.example/"]"#,
    r#"["GET","urn:m:1.0/1/"]"#,
    r#"["SHOW","https://ui.example/"]"#,
    r#"["CONT","https://dm.example/dm/2"]"#,
    r#"["CONT","https://other.example/dm"]"#,
    r#"["CONT","/relative"]"#,
    r#"["END"]"#,
    r#"["DEFAULT","https://r.example/d","urn:m:1.0"]"#,
    r#"["SUB","https://r.example/s","urn:m:1.0/1/"]"#,
    r#"["UNSUB","urn:m:1.0/1/"]"#,
    r#"["NOSUCH","x"]"#,
    r#"17"#,
    r#"["GET"]"#,
    r#"["HGET","ftp://r.example/"]"#,
    r#"["DELETE","urn:m:1.0/2/a"]"#,
    r#"["DELETE","urn:m:1.0/3/a"]"#,
    r#"["EXEC","urn:m:1.0/2/y"]"#,
];

fn commands(program: &mut Program<'_>) -> String {
    let count = program.below(5);
    let list: Vec<&str> = (0..count).map(|_| COMMANDS[program.below(COMMANDS.len())]).collect();
    format!("{{\"CMD\":[{}]}}", list.join(","))
}

// --- the client alone ----------------------------------------------------------------------------------

pub fn client_config() -> ClientConfig {
    let limits = Limits::DEFAULT.with_max_rounds(5).with_max_executions(3);
    ClientConfig::new(Account::new(SERVER_ID, ENDPOINT), DEVICE).with_limits(limits)
}

struct ClientRun {
    machine: Client,
    mode: Mode,
    clock: Clock,
    open: Vec<client::Action>,
    trace: Vec<String>,
    raised: Vec<String>,
    delivered: Vec<String>,
    ended: Option<client::Closed>,
    executed: BTreeMap<EffectId, bool>,
}

/// Runs a program on a client and returns what it did. Panics where a session rule is broken.
pub fn run_client(bytes: &[u8], mode: Mode) -> Vec<String> {
    let program = &mut Program::new(bytes);
    let start = match program.below(4) {
        0 => Start::Local,
        1 => Start::Bootstrap,
        2 => Start::Notification { notification_id: Some(7), req_mos: true },
        _ => Start::Report { server_uri: "https://report.example/".into() },
    };
    let mut run = ClientRun {
        machine: Client::start(client_config(), start, AlertQueue::with_capacity(8), Timestamp::from_millis(0))
            .unwrap(),
        mode,
        clock: Clock::new(mode),
        open: Vec::new(),
        trace: Vec::new(),
        raised: Vec::new(),
        delivered: Vec::new(),
        ended: None,
        executed: BTreeMap::new(),
    };
    while !program.is_over() {
        run.step(program);
    }
    run.finish();
    run.trace
}

impl ClientRun {
    fn step(&mut self, program: &mut Program<'_>) {
        match program.below(12) {
            0..=3 => self.poll(),
            4..=7 => {
                if !self.open.is_empty() {
                    let at = program.below(self.open.len());
                    let action = self.open.remove(at);
                    let event = self.answer(&action, program);
                    let alerts = match (&action, &event) {
                        (client::Action::Post { request, .. }, client::Event::Response { response, .. })
                            if response.status == 200 && response.headers.get("Content-Type").is_some() =>
                        {
                            alerts_of(request)
                        }
                        _ => Vec::new(),
                    };
                    if self.give(event) {
                        self.delivered.extend(alerts);
                    } else {
                        // Its cancellation is under way.
                        self.open.push(action);
                    }
                }
            }
            8 => {
                self.clock.now += u64::from(program.next()) * 1_000;
                self.give(client::Event::Tick);
            }
            9 => {
                let name = format!("x:{}", self.raised.len());
                if self.give(client::Event::Alert(Alert::new(name.clone()))) {
                    self.raised.push(name);
                }
            }
            10 => match program.below(16) {
                0 => {
                    self.give(client::Event::Abort);
                }
                1..=8 => self.clock.behind = !self.clock.behind,
                _ => {}
            },
            _ => self.misuse(program),
        }
    }

    fn poll(&mut self) {
        let Some(action) = self.machine.poll_action() else { return };
        assert!(self.ended.is_none(), "an action after the end: {action:?}");
        self.trace.push(format!("{action:?}"));
        self.restore();
        match action {
            client::Action::Closed(closed) => self.ended = Some(closed),
            client::Action::Cancel { id } => {
                let at = self.open.iter().position(|action| action.id() == Some(id));
                let _cancelled = self.open.remove(at.expect("only what is open is cancelled"));
            }
            client::Action::Report { .. } => {}
            action => self.open.push(action),
        }
    }

    /// Gives an event to the machine: whether it took it. A refused event changes nothing.
    fn give(&mut self, event: client::Event) -> bool {
        self.give_at(self.clock.read(), event)
    }

    fn give_at(&mut self, now: Timestamp, event: client::Event) -> bool {
        let before = self.machine.snapshot();
        let tick = event == client::Event::Tick;
        let taken = self.machine.handle(now, event).is_ok();
        if taken {
            self.clock.taken();
            self.trace.push(format!("{:?}", self.machine.poll_timeout()));
        } else {
            assert!(self.machine.snapshot() == before, "a refused event changed the session");
        }
        if tick && self.mode == Mode::DoubleTicks {
            self.machine.handle(now, client::Event::Tick).unwrap();
        }
        self.restore();
        taken
    }

    fn restore(&mut self) {
        if self.mode == Mode::Restored {
            let snapshot = stored(self.machine.snapshot());
            self.machine = Client::restore(client_config(), snapshot).unwrap();
        }
    }

    fn answer(&mut self, action: &client::Action, program: &mut Program<'_>) -> client::Event {
        let failed = |id, program: &mut Program<'_>| {
            let failure = if program.below(2) == 0 { Failure::Unreachable } else { Failure::Timeout };
            client::Event::Failed { id, failure }
        };
        match action {
            client::Action::Post { id, .. } | client::Action::Authenticate { id, .. } => {
                let response = match program.below(16) {
                    0 => return failed(*id, program),
                    1 => Response::new(503),
                    2 => Response::new(307).with_header("Location", "/dm"),
                    3 => Response::new(401).with_header("WWW-Authenticate", "Basic realm=\"x\""),
                    4 => Response::new(200).with_body("{"),
                    _ => Response::new(200)
                        .with_header("Content-Type", media::REQUEST)
                        .with_header("Set-Cookie", format!("t={}", program.next()))
                        .with_body(commands(program)),
                };
                client::Event::Response { id: *id, response }
            }
            client::Action::Transfer { id, .. } => {
                let response = match program.below(10) {
                    0 => return failed(*id, program),
                    1 => Response::new(415).with_header("OMADM-Accept", "application/json"),
                    2 => Response::new(415),
                    3 => Response::new(404),
                    4 => Response::new(308).with_header("Location", "/elsewhere"),
                    5 => Response::new(200).with_header("Content-Type", "text/plain").with_body("x"),
                    6 => Response::new(200).with_header("Content-Type", media::MO).with_body("["),
                    _ => Response::new(200)
                        .with_header("Content-Type", media::MO)
                        .with_body(r#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1"}}]"#),
                };
                client::Event::Transferred { id: *id, response }
            }
            client::Action::Manage { id, operation } => {
                client::Event::Managed { id: *id, outcome: outcome(operation, program.next()) }
            }
            client::Action::Execute { id, execution } => {
                if !execution.must_defer() && !self.executed.contains_key(id) && program.below(2) == 0 {
                    // Deferred: it stays open for its result.
                    self.executed.insert(*id, true);
                    self.open.push(action.clone());
                    return client::Event::Deferred { id: *id };
                }
                client::Event::Executed { id: *id, result: ExecResult::from(StatusCode::OK) }
            }
            client::Action::Launch { id, .. } => client::Event::Launched { id: *id, status: StatusCode::OK },
            other => panic!("{other:?} needs no answer"),
        }
    }

    /// Answers that fit nothing: unknown ids, spent ids, other kinds.
    fn misuse(&mut self, program: &mut Program<'_>) {
        let id = EffectId::new(u64::from(program.next()));
        let open = self.open.iter().any(|action| action.id() == Some(id));
        let event = match program.below(4) {
            0 => client::Event::Response { id, response: Response::new(200) },
            1 => client::Event::Managed { id, outcome: Outcome::Status(StatusCode::OK) },
            2 => client::Event::Deferred { id },
            _ => client::Event::Executed { id, result: StatusCode::OK.into() },
        };
        if !open {
            let later = Timestamp::from_millis(self.clock.now + 1_000_000);
            assert!(!self.give_at(later, event), "an answer to nothing was taken");
        }
    }

    fn finish(&mut self) {
        // Whatever the program did, an abort ends the session and hands every alert back.
        if !self.machine.is_closed() {
            assert!(self.give(client::Event::Abort));
        }
        for _ in 0..200 {
            self.poll();
        }
        let closed = self.ended.take().expect("a closed session says so");
        assert_eq!(self.machine.poll_action(), None);
        let left: Vec<&str> = closed.alerts.iter().map(|alert| alert.alert_type.as_str()).collect();
        let own: Vec<&String> = self.raised.iter().collect();
        let dropped = usize::try_from(closed.alerts.dropped()).unwrap();
        let lost = own.iter().filter(|name| !left.contains(&name.as_str()) && !self.delivered.contains(*name)).count();
        assert!(lost <= dropped, "{lost} alerts lost, {dropped} had to give way");
        for name in own {
            let twice = self.delivered.iter().filter(|have| *have == name).count();
            assert!(twice <= 1, "{name} was delivered twice");
            assert!(twice == 0 || !left.contains(&name.as_str()), "{name} was delivered and is still queued");
        }
    }
}

fn alerts_of(request: &Request) -> Vec<String> {
    let alerts = if request.headers.get("Content-Type") == Some(media::INITIATION) {
        Package1::parse(&request.body).unwrap().into_owned().alerts
    } else {
        Package3::parse(&request.body).unwrap().into_owned().alerts
    };
    alerts.iter().map(|alert| alert.alert_type.as_str().to_owned()).filter(|name| name.starts_with("x:")).collect()
}

/// An answer of a tree: mostly the right kind, sometimes not.
fn outcome(operation: &Operation, choice: u8) -> Outcome {
    match (choice % 8, operation) {
        (0, _) => Outcome::Status(StatusCode::FORBIDDEN),
        (1, _) => Outcome::Written(Vec::new()),
        (_, Operation::ListMos { .. }) => Outcome::Mos(Vec::new()),
        (2, Operation::Read { .. }) => Outcome::Status(StatusCode::NOT_MODIFIED),
        (_, Operation::Read { .. }) => {
            let text = br#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1"}}]"#;
            Outcome::Data(MoData::parse(text).unwrap().into_owned().items)
        }
        (_, Operation::Write { .. }) => Outcome::Written(vec!["urn:m:1.0/1/a".into()]),
        (_, Operation::CheckExec { uri, .. }) => Outcome::Executable(uri.clone()),
        _ => Outcome::Status(StatusCode::OK),
    }
}

// --- the server alone ----------------------------------------------------------------------------------

pub fn server_config() -> ServerConfig {
    ServerConfig::new(SERVER_ID, ENDPOINT).with_max_outstanding(4)
}

struct ServerRun {
    machine: Server,
    mode: Mode,
    clock: Clock,
    requests: u64,
    tokens: Vec<String>,
    open: Vec<RequestId>,
    deciding: bool,
    ended: bool,
    trace: Vec<String>,
}

/// Runs a program on a server and returns what it did. Panics where a session rule is broken.
pub fn run_server(bytes: &[u8], mode: Mode) -> Vec<String> {
    let program = &mut Program::new(bytes);
    let mut run = ServerRun {
        machine: Server::start(server_config(), Vec::new(), Timestamp::from_millis(0)).unwrap(),
        mode,
        clock: Clock::new(mode),
        requests: 0,
        tokens: vec!["00".repeat(32)],
        open: Vec::new(),
        deciding: false,
        ended: false,
        trace: Vec::new(),
    };
    while !program.is_over() {
        run.step(program);
    }
    for _ in 0..4_000 {
        run.poll();
    }
    // Every request was answered, but for one on which the application still ponders.
    assert!(run.open.len() <= usize::from(run.deciding), "requests without an answer: {:?}", run.open);
    run.trace
}

impl ServerRun {
    fn step(&mut self, program: &mut Program<'_>) {
        match program.below(12) {
            0..=3 => self.poll(),
            4 => {
                let random = Random::from([program.next(); 32]);
                self.give(server::Event::Notify { con_type: ConType::Any, req_mos: program.below(2) == 0, random });
            }
            5 => {
                let body = match program.below(4) {
                    0 => "{",
                    1 => "{}",
                    2 => {
                        r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"},{"AlertType":"x","SourceURI":"urn:m:1.0/1/x"}]}"#
                    }
                    _ => r#"{"MOS":[],"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}]}"#,
                };
                self.request(media::INITIATION, body.into(), program);
            }
            6 | 7 => {
                let statuses: Vec<String> = (0..program.below(5))
                    .map(|_| format!("{{\"sc\":{}}}", [200, 202, 404][program.below(3)]))
                    .collect();
                let alert = if program.below(3) == 0 {
                    r#","Alert":[{"AlertType":"x","SourceURI":"urn:m:1.0/1/x"}]"#
                } else {
                    ""
                };
                self.request(media::RESPONSE, format!("{{\"Status\":[{}]{alert}}}", statuses.join(",")), program);
            }
            8 | 9 => {
                let text = commands(program);
                let commands = Package2::parse(text.as_bytes()).unwrap().into_owned().commands;
                // Mostly for the decision that is open, at times for another.
                let id = self.decision(program);
                if self.give(server::Event::Commands { id, commands }) {
                    self.deciding = false;
                }
            }
            10 => {
                self.clock.now += u64::from(program.next()) * 5_000;
                self.give(server::Event::Tick);
            }
            _ => {
                let event = match program.below(8) {
                    0 => server::Event::Abort,
                    1 | 2 => server::Event::Fail { id: self.decision(program) },
                    3 | 4 => {
                        self.clock.behind = !self.clock.behind;
                        server::Event::Tick
                    }
                    _ => server::Event::Tick,
                };
                if event != server::Event::Tick && self.give(event) {
                    self.deciding = false;
                }
            }
        }
    }

    fn decision(&self, program: &mut Program<'_>) -> RequestId {
        let stale = RequestId(self.requests / 2);
        if program.below(8) == 0 { stale } else { self.machine.open_request().unwrap_or(stale) }
    }

    fn request(&mut self, kind: &str, body: String, program: &mut Program<'_>) {
        self.requests += 1;
        let id = RequestId(self.requests);
        let device = if program.below(8) == 0 { "IMEI:other" } else { DEVICE };
        let token = self.tokens[self.tokens.len() - 1 - program.below(self.tokens.len().min(3))].clone();
        let mut request = Request::new(Method::Post, "/dm")
            .with_header("Content-Type", kind)
            .with_header("OMADM-DevID", device)
            .with_body(body);
        if program.below(8) != 0 {
            request.headers.push("Cookie", format!("OMADM-Session={token}"));
        }
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.requests.to_be_bytes());
        if self.give(server::Event::Request { id, request, random: Random::from(random) }) {
            self.open.push(id);
        }
    }

    fn poll(&mut self) {
        let Some(action) = self.machine.poll_action() else { return };
        self.trace.push(format!("{action:?}"));
        self.restore();
        match action {
            server::Action::Respond { id, response } => {
                let at = self.open.iter().position(|open| *open == id).expect("an answer to an open request");
                self.open.remove(at);
                assert!(!self.ended || response.status >= 400, "a closed session only refuses");
                if let Some(cookie) = response.headers.get("Set-Cookie") {
                    let token = cookie.split(['=', ';']).nth(1).unwrap();
                    self.tokens.push(token.to_owned());
                }
            }
            server::Action::Closed(_) => {
                assert!(!self.ended, "a session ends once");
                self.ended = true;
            }
            action => {
                assert!(!self.ended, "an action after the end: {action:?}");
                if let server::Action::Decide { .. } = action {
                    self.deciding = true;
                }
            }
        }
    }

    fn give(&mut self, event: server::Event) -> bool {
        let before = self.machine.snapshot();
        let tick = event == server::Event::Tick;
        let later = Timestamp::from_millis(self.clock.now + 1_000_000);
        // What is refused now would be refused later too, and time does not move by it.
        let now = if self.machine.clone().handle(later, event.clone()).is_err() { later } else { self.clock.read() };
        let answer = self.machine.handle(now, event);
        match &answer {
            Ok(()) => {
                self.clock.taken();
                self.trace.push(format!("{:?}", self.machine.poll_timeout()));
            }
            Err(error) => {
                assert!(self.machine.snapshot() == before, "a refused event changed the session");
                assert_ne!(error.kind(), ErrorKind::InvalidSnapshot);
            }
        }
        if tick && self.mode == Mode::DoubleTicks {
            self.machine.handle(now, server::Event::Tick).unwrap();
        }
        self.restore();
        answer.is_ok()
    }

    fn restore(&mut self) {
        if self.mode == Mode::Restored {
            let snapshot = stored(self.machine.snapshot());
            self.machine = Server::restore(server_config(), snapshot).unwrap();
        }
    }
}

// --- the pair, joined by a bad network -----------------------------------------------------------------

/// The status that the tree of the pair gives an operation: any pairing with another command shows.
fn expected(text: &str) -> StatusCode {
    let sum = text.bytes().fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    StatusCode::new(400 + sum % 100).unwrap()
}

/// Runs sessions over a link that loses, duplicates and reorders, until one ends; returns how the
/// client's session ended and how many commands got their status. Panics where a status reaches
/// another command, a command runs twice, or the pair does not end.
pub fn run_pair(rounds: &[Vec<u8>], fates: &[Fate]) -> (client::Reason, usize) {
    let mut fates = fates.iter().copied().chain(std::iter::repeat(Fate::Arrives));
    let mut pair = Pair {
        client: Client::start(client_config(), Start::Local, AlertQueue::new(), Timestamp::from_millis(0)).unwrap(),
        server: Server::start(server_config(), Vec::new(), Timestamp::from_millis(0)).unwrap(),
        rounds: rounds.iter().map(|round| round.iter().map(|n| format!("urn:m:1.0/{n}/a")).collect()).collect(),
        late: VecDeque::new(),
        now: 0,
        requests: 0,
        ran: Vec::new(),
        sent: Vec::new(),
        answered: 0,
        closed: None,
    };
    for _ in 0..1_000 {
        if pair.turn(&mut fates) {
            let reason = pair.closed.expect("a reason");
            return (reason, pair.answered);
        }
    }
    panic!("the pair does not come to an end");
}

struct Pair {
    client: Client,
    server: Server,
    /// What the application asks in each round.
    rounds: VecDeque<Vec<String>>,
    /// Copies of requests that are still under way.
    late: VecDeque<Request>,
    now: u64,
    requests: u64,
    ran: Vec<String>,
    sent: Vec<String>,
    answered: usize,
    closed: Option<client::Reason>,
}

impl Pair {
    /// One action of the client; whether its session is over.
    fn turn(&mut self, fates: &mut impl Iterator<Item = Fate>) -> bool {
        self.now += 10;
        let now = Timestamp::from_millis(self.now);
        let Some(action) = self.client.poll_action() else {
            // It waits for something that was lost: time passes.
            let deadline = self.client.poll_timeout().expect("a client that waits has a timer");
            self.now = deadline.as_millis();
            self.client.handle(deadline, client::Event::Tick).unwrap();
            return false;
        };
        match action {
            client::Action::Post { id, request } => {
                let mut answer = None;
                match fates.next().unwrap() {
                    Fate::Lost => {}
                    Fate::Arrives => answer = self.deliver(request),
                    Fate::Twice => {
                        self.late.push_back(request.clone());
                        answer = self.deliver(request);
                    }
                }
                // What was delayed arrives behind it, and its answer finds no one.
                if self.requests.is_multiple_of(2)
                    && let Some(copy) = self.late.pop_front()
                {
                    let _unheard = self.deliver(copy);
                }
                if let Some(response) = answer {
                    match fates.next().unwrap() {
                        Fate::Lost => {}
                        Fate::Arrives => self.client.handle(now, client::Event::Response { id, response }).unwrap(),
                        Fate::Twice => {
                            let event = client::Event::Response { id, response };
                            self.client.handle(now, event.clone()).unwrap();
                            assert!(self.client.handle(now, event).is_err(), "the copy of an answer was taken");
                        }
                    }
                }
            }
            client::Action::Manage { id, operation } => {
                let Operation::Delete { uris, .. } = &operation else { panic!("{operation:?}") };
                self.ran.push(uris[0].clone());
                let outcome = Outcome::Status(expected(&uris[0]));
                self.client.handle(now, client::Event::Managed { id, outcome }).unwrap();
            }
            client::Action::Cancel { .. } => {}
            client::Action::Closed(closed) => {
                self.closed = Some(closed.reason);
                self.check();
                return true;
            }
            other => panic!("{other:?}"),
        }
        false
    }

    /// The server's host: routes, decides, responds.
    fn deliver(&mut self, mut request: Request) -> Option<Response> {
        self.requests += 1;
        let own = RequestId(self.requests);
        request.uri = "/dm".into();
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.requests.to_be_bytes());
        let event = server::Event::Request { id: own, request, random: Random::from(random) };
        let now = Timestamp::from_millis(self.now);
        if self.server.handle(now, event).is_err() {
            return Some(server::unknown_session());
        }
        let mut answer = None;
        while let Some(action) = self.server.poll_action() {
            match action {
                server::Action::Decide { id, received } => {
                    if let server::Content::Results(results) = received.content {
                        for (command, status) in results.iter() {
                            let Command::Delete { client_uris } = command else { continue };
                            let status = status.map(|status: &Status<'_>| status.sc);
                            assert_eq!(status, Some(expected(&client_uris[0])), "a status of another command");
                            self.answered += 1;
                        }
                    }
                    let uris = self.rounds.pop_front().unwrap_or_default();
                    self.sent.extend(uris.iter().cloned());
                    let commands: Vec<Command<'static>> =
                        uris.into_iter().map(|uri| Command::Delete { client_uris: vec![uri.into()] }).collect();
                    self.server.handle(now, server::Event::Commands { id, commands }).unwrap();
                }
                server::Action::Respond { id, response } if id == own => answer = Some(response),
                server::Action::Closed(_) | server::Action::Respond { .. } | server::Action::Abandoned(_) => {}
                other => panic!("{other:?}"),
            }
        }
        answer
    }

    fn check(&self) {
        // What ran was sent, in that order, and no more often.
        let mut sent = self.sent.iter();
        for uri in &self.ran {
            assert!(sent.any(|have| have == uri), "{uri} ran without being sent");
        }
        assert!(self.answered <= self.ran.len(), "more statuses than commands that ran");
    }
}

// --- snapshots that strangers wrote ----------------------------------------------------------------------

/// Restores a client from text, if it is a usable snapshot, and leads it to its end.
#[cfg(feature = "serde")]
pub fn restore_client(text: &[u8]) -> bool {
    let Ok(snapshot) = serde_json::from_slice::<client::Snapshot>(text) else { return false };
    let Ok(mut machine) = Client::restore(client_config(), snapshot) else { return false };
    let mut now = machine.poll_timeout().unwrap_or(Timestamp::from_millis(0));
    for turn in 0..64_u64 {
        let again = stored(machine.snapshot());
        let form = serde_json::to_string(&again).unwrap();
        assert!(Client::restore(client_config(), again).is_ok(), "restored once, not again: {form}");
        let event = match machine.poll_action() {
            Some(client::Action::Manage { id, operation }) => {
                client::Event::Managed { id, outcome: outcome(&operation, u8::try_from(turn).unwrap()) }
            }
            Some(client::Action::Transfer { id, .. }) => {
                let response = Response::new(200).with_header("Content-Type", media::MO).with_body("[]");
                client::Event::Transferred { id, response }
            }
            Some(client::Action::Execute { id, .. }) => client::Event::Executed { id, result: StatusCode::OK.into() },
            Some(client::Action::Launch { id, .. }) => client::Event::Launched { id, status: StatusCode::OK },
            Some(client::Action::Post { id, .. }) => {
                let body = format!("{{\"CMD\":[{}]}}", COMMANDS[usize::try_from(turn).unwrap() % COMMANDS.len()]);
                let response = Response::new(200).with_header("Content-Type", media::REQUEST).with_body(body);
                client::Event::Response { id, response }
            }
            Some(_) => continue,
            None => client::Event::Tick,
        };
        if event == client::Event::Tick {
            now = machine.poll_timeout().unwrap_or(now);
        }
        let _ = machine.handle(now, event);
    }
    true
}

/// Restores a server from text, if it is a usable snapshot, and leads it on.
#[cfg(feature = "serde")]
pub fn restore_server(text: &[u8]) -> bool {
    let Ok(snapshot) = serde_json::from_slice::<server::Snapshot>(text) else { return false };
    let Ok(mut machine) = Server::restore(server_config(), snapshot) else { return false };
    let now = machine.poll_timeout().unwrap_or(Timestamp::from_millis(0));
    let token = machine.token().unwrap_or("none").to_owned();
    let device = machine.device_id().unwrap_or(DEVICE).to_owned();
    let request = Request::new(Method::Post, "/dm")
        .with_header("Content-Type", media::RESPONSE)
        .with_header("OMADM-DevID", device)
        .with_header("Cookie", format!("OMADM-Session={token}"))
        .with_body(r#"{"Status":[{"sc":202}],"Alert":[{"AlertType":"x","SourceURI":"urn:m:1.0/1/x"}]}"#);
    let events = [
        server::Event::Commands { id: machine.open_request().unwrap_or(RequestId(1)), commands: Vec::new() },
        server::Event::Request { id: RequestId(1), request, random: Random::from([1; 32]) },
        server::Event::Commands { id: RequestId(1), commands: vec![Command::End] },
        server::Event::Tick,
        server::Event::Abort,
    ];
    for event in events {
        let _ = machine.handle(now, event);
        let again = stored(machine.snapshot());
        let form = serde_json::to_string(&again).unwrap();
        assert!(Server::restore(server_config(), again).is_ok(), "restored once, not again: {form}");
        for _ in 0..4 {
            let _ = machine.poll_action();
        }
    }
    true
}

/// The snapshots that a program goes through, as text: `true` for those of a client.
#[cfg(feature = "serde")]
pub fn snapshots(bytes: &[u8]) -> Vec<(bool, String)> {
    SNAPSHOTS.with_borrow_mut(Vec::clear);
    run_client(bytes, Mode::Restored);
    let clients = SNAPSHOTS.with_borrow_mut(std::mem::take);
    run_server(bytes, Mode::Restored);
    let servers = SNAPSHOTS.with_borrow_mut(std::mem::take);
    let clients = clients.into_iter().map(|text| (true, text));
    clients.chain(servers.into_iter().map(|text| (false, text))).collect()
}
