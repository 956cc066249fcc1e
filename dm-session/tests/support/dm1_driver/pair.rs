//! A client and a server, joined by a bad network.

use std::collections::{BTreeMap, VecDeque};
use std::iter::repeat_n;

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{self, Start};
use dm_session::dm1::{AlertQueue, Client, ClientConfig, Fate as Told, Identity, Limits, Order, Server, ServerConfig};
use dm_session::dm1::{NotSent, Scheme, Task, TaskResult, server};
use dm_session::http::{Request, Response};
use dm_session::tree::dm1::{Answer, Command as Tree, Content, Data, ResultItem};
use dm_session::{Random, RequestId, Timestamp};
use dm_syncml::StatusCode;

use super::program::{Fate, Program};
use super::{Asked, DEVICE, SERVER_ID, SERVER_URI, credentials, encoding, max_msg_size};

/// How a pair ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How the client saw it.
    pub reason: client::Reason,
    /// How many orders there were, how many of them were answered, and how many never left: too large for a message.
    pub orders: usize,
    pub answered: usize,
    pub too_large: usize,
}

/// What the tree of the pair answers for a node: any pairing with another command shows.
fn expected(uri: &str) -> StatusCode {
    match number(uri) % 7 {
        0 => StatusCode::NOT_FOUND,
        1 => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    }
}

/// What the node holds, or is to hold.
fn value(uri: &str) -> String {
    let number = number(uri);
    let len = [1, 20, 3_000, 300][number % 4];
    format!("{number}&{}", "v<".repeat(len))
}

fn number(uri: &str) -> usize {
    uri.rsplit('/').next().unwrap().parse().unwrap()
}

fn how(program: &mut Program<'_>, asked: Asked, name: &str) -> Identity {
    match asked.scheme {
        None => Identity::TRANSPORT,
        Some(scheme) => {
            let identity = Identity::new(credentials(name)).with_weakest(Scheme::Basic);
            if program.below(2) == 0 { identity } else { identity.with_first(scheme) }
        }
    }
}

/// Runs a session over a link that loses, duplicates and reorders, until it ends on both sides. Panics where a status
/// reaches another command, a command runs twice, an Atomic stays half done, or the pair does not end.
pub fn run_pair(bytes: &[u8], fates: &[Fate]) -> Ended {
    let program = &mut Program::new(bytes);
    let (by_server, by_client) = (Asked::pick(program), Asked::pick(program));
    let limits = Limits::DEFAULT.with_max_messages(400);
    let client_config = ClientConfig::new(DEVICE, SERVER_ID, SERVER_URI)
        .with_demand(by_client.demand(SERVER_ID))
        .with_identity(how(program, by_server, "device"))
        .with_encoding(encoding(program))
        .with_max_msg_size(max_msg_size(program).map(|size| size.max(1400)))
        .with_limits(limits);
    let server_config = ServerConfig::new(SERVER_ID, SERVER_URI)
        .with_demand(by_server.demand("device"))
        .with_identity(how(program, by_client, SERVER_ID))
        .with_max_msg_size(max_msg_size(program).map(|size| size.max(1400)))
        .with_limits(limits);
    let mut nodes = 0;
    let mut rounds = VecDeque::new();
    while !program.is_over() && rounds.len() < 4 {
        let orders: Vec<Task> = (0..program.below(5)).map(|_| task(program, &mut nodes, true)).collect();
        rounds.push_back(orders);
    }
    let start = Start::Local { session_id: SessionId::new(7).unwrap() };
    let mut pair = Pair {
        client: Client::start(client_config, start, AlertQueue::new(), Timestamp::from_millis(0)).unwrap(),
        server: Server::start(server_config, Timestamp::from_millis(0)).unwrap(),
        rounds,
        late: VecDeque::new(),
        lossy: fates.contains(&Fate::Lost),
        now: 0,
        requests: 0,
        ran: BTreeMap::new(),
        transaction: None,
        open: BTreeMap::new(),
        orders: 0,
        answered: 0,
        too_large: 0,
        closed: None,
    };
    let mut fates = fates.iter().copied().chain(std::iter::repeat(Fate::Arrives));
    for _ in 0..20_000 {
        if pair.turn(&mut fates) {
            return pair.end();
        }
    }
    panic!("the pair does not come to an end");
}

/// Commands of all kinds, each of a node of its own.
fn task(program: &mut Program<'_>, nodes: &mut usize, containers: bool) -> Task {
    let mut uri = || {
        *nodes += 1;
        format!("./n/{nodes}")
    };
    match program.below(8) {
        0 => Tree::get(uri()).into(),
        1 => {
            let uri = uri();
            let content = Content::from(value(&uri));
            Tree::add(uri, content).into()
        }
        2 => Tree::delete(uri()).into(),
        3 | 4 if containers => Task::Sequence((0..=program.below(3)).map(|_| task(program, nodes, false)).collect()),
        5 if containers => Task::Atomic(
            (0..=program.below(4))
                .map(|_| {
                    Tree::delete(format!("./n/{}", {
                        *nodes += 1;
                        *nodes
                    }))
                    .into()
                })
                .collect(),
        ),
        _ => {
            let uri = uri();
            let content = Content::from(value(&uri));
            Tree::replace(uri, content).into()
        }
    }
}

struct Pair {
    client: Client,
    server: Server,
    /// What the application asks in each round.
    rounds: VecDeque<Vec<Task>>,
    /// Copies of requests that are still under way.
    late: VecDeque<Request>,
    /// Whether messages are lost, and with them the end of what was begun.
    lossy: bool,
    now: u64,
    requests: u64,
    /// What lasts of what ran, and the same of the transaction that is open.
    ran: BTreeMap<String, StatusCode>,
    transaction: Option<BTreeMap<String, StatusCode>>,
    open: BTreeMap<u64, Task>,
    orders: usize,
    answered: usize,
    too_large: usize,
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
            self.now = self.now.max(deadline.as_millis());
            self.client.handle(Timestamp::from_millis(self.now), client::Event::Tick).unwrap();
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
                    let random = self.random();
                    let event = client::Event::Response { id, response, random };
                    match fates.next().unwrap() {
                        Fate::Lost => {}
                        Fate::Arrives => self.client.handle(now, event).unwrap(),
                        Fate::Twice => {
                            self.client.handle(now, event.clone()).unwrap();
                            assert!(self.client.handle(now, event).is_err(), "the copy of an answer was taken");
                        }
                    }
                }
            }
            client::Action::Manage { id, request } => {
                let answer = self.manage(&request.command);
                self.client.handle(now, client::Event::Managed { id, answer }).unwrap();
            }
            client::Action::Cancel { .. } | client::Action::SaveNonce { .. } => {}
            client::Action::Closed(closed) => {
                self.closed = Some(closed.reason);
                return true;
            }
            other => panic!("{other:?}"),
        }
        false
    }

    fn random(&self) -> Random {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.now.to_be_bytes());
        Random::from(random)
    }

    /// The tree of the device.
    fn manage(&mut self, command: &Tree) -> Answer {
        let uri = match command {
            Tree::Begin => {
                assert!(self.transaction.replace(BTreeMap::new()).is_none(), "an Atomic in an Atomic");
                return Answer::new(StatusCode::OK);
            }
            Tree::Commit => {
                let done = self.transaction.take().expect("an Atomic");
                self.ran.extend(done);
                return Answer::new(StatusCode::OK);
            }
            Tree::Rollback => {
                self.transaction.take().expect("an Atomic");
                return Answer::new(StatusCode::OK);
            }
            Tree::Check { .. } => return Answer::new(StatusCode::OK),
            Tree::Get { uri, .. } if uri.starts_with("./DevInfo") => {
                let item = ResultItem::new("./DevInfo/Man").with_data(Data::Text("Acme".into()));
                return Answer::new(StatusCode::OK).with_results(vec![item]);
            }
            Tree::Get { uri, .. } | Tree::Delete { uri } => uri,
            Tree::Add { uri, content } | Tree::Replace { uri, content } => {
                assert_eq!(content.data.as_str(), Some(value(uri).as_str()), "a value that is not what was sent");
                uri
            }
            other => panic!("{other:?}"),
        };
        let status = expected(uri);
        assert!(!self.ran.contains_key(uri), "{uri} ran twice");
        let done = self.transaction.as_mut().unwrap_or(&mut self.ran);
        assert!(done.insert(uri.clone(), status).is_none(), "{uri} ran twice");
        match command {
            Tree::Get { .. } if status.is_success() => {
                let item = ResultItem::new(uri.clone()).with_data(Data::Text(value(uri)));
                Answer::new(status).with_results(vec![item])
            }
            _ => Answer::new(status),
        }
    }

    /// The server's host: routes, decides, responds.
    fn deliver(&mut self, mut request: Request) -> Option<Response> {
        self.requests += 1;
        let own = RequestId(self.requests);
        request.uri = "/dm".into();
        let random = self.random();
        let now = Timestamp::from_millis(self.now);
        let event = server::Event::Request { id: own, request, random };
        if self.server.handle(now, event).is_err() {
            return Some(Response::new(404));
        }
        self.serve(own)
    }

    fn serve(&mut self, own: RequestId) -> Option<Response> {
        let now = Timestamp::from_millis(self.now);
        let mut answer = None;
        while let Some(action) = self.server.poll_action() {
            match action {
                server::Action::Decide { id, .. } => {
                    let tasks = self.rounds.pop_front().unwrap_or_default();
                    let mut orders = Vec::new();
                    for task in tasks {
                        let number = self.orders as u64;
                        self.orders += 1;
                        self.open.insert(number, task.clone());
                        orders.push(Order::new(number, task));
                    }
                    self.server.handle(now, server::Event::Orders { id, orders }).unwrap();
                }
                server::Action::Respond { id, response } if id == own => answer = Some(response),
                server::Action::Outcome(outcome) => {
                    let task = self.open.remove(&outcome.id.0).expect("an order that has no outcome yet");
                    assert_eq!(task, outcome.task);
                    match outcome.result.fate {
                        Told::Answered(_) => self.answered += 1,
                        Told::NotSent(NotSent::TooLarge) => self.too_large += 1,
                        _ => {}
                    }
                    self.judge(&task, &outcome.result);
                }
                server::Action::Closed(_) | server::Action::Respond { .. } | server::Action::SaveNonce { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        answer
    }

    /// Whether what the server heard is what happened.
    fn judge(&self, task: &Task, result: &TaskResult) {
        let Told::Answered(status) = result.fate else { return };
        if self.lossy && matches!(status.code(), 401 | 407) {
            return; // the credentials that were asked for did not arrive
        }
        let uri = |task: &Task| match task {
            Task::Command(
                Tree::Get { uri, .. } | Tree::Delete { uri } | Tree::Add { uri, .. } | Tree::Replace { uri, .. },
            ) => uri.clone(),
            other => panic!("{other:?}"),
        };
        if matches!(status, StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS) {
            // The client wants the server's credentials first, and the session ended before it had them.
            let below = task.children().iter().flat_map(|child| std::iter::once(child).chain(child.children()));
            for task in std::iter::once(task).chain(below) {
                if let Task::Command(_) = task {
                    assert!(!self.ran.contains_key(&uri(task)), "a server that was refused has its way");
                }
            }
            return;
        }
        match task {
            Task::Atomic(children) => {
                let codes: Vec<StatusCode> = children.iter().map(|child| expected(&uri(child))).collect();
                let failed = codes.iter().position(|code| !code.is_success());
                let told: Vec<Option<StatusCode>> = result.children.iter().map(TaskResult::status).collect();
                let whole: Vec<StatusCode> = match failed {
                    None => codes,
                    Some(at) => repeat_n(StatusCode::ATOMIC_ROLLED_BACK, at)
                        .chain([codes[at]])
                        .chain(repeat_n(StatusCode::NOT_EXECUTED, codes.len() - at - 1))
                        .collect(),
                };
                assert_eq!(status, failed.map_or(StatusCode::OK, |_| StatusCode::ATOMIC_FAILED));
                for (told, happened) in told.into_iter().zip(whole) {
                    // What did not fit beside the Status of the Atomic may be lost with the message after it.
                    assert!(told == Some(happened) || (told.is_none() && self.lossy), "{told:?}, not {happened:?}");
                }
                for child in children {
                    assert_eq!(self.ran.contains_key(&uri(child)), failed.is_none(), "an Atomic is half done");
                }
            }
            Task::Sequence(children) => {
                assert_eq!(status, StatusCode::OK);
                children.iter().zip(&result.children).for_each(|(child, result)| self.judge(child, result));
            }
            Task::Command(Tree::Get { uri, .. }) => {
                if status == StatusCode::TOO_LARGE {
                    return; // more than the server takes
                }
                assert_eq!(status, expected(uri), "a status of another command");
                let leaves: Vec<&str> = result.leaves.iter().map(|leaf| leaf.content.data.as_str().unwrap()).collect();
                if status.is_success() && !(self.lossy && leaves.is_empty()) {
                    assert_eq!(leaves, [value(uri)], "a result of another command");
                } else {
                    assert!(leaves.is_empty());
                }
            }
            other => {
                if self.lossy && status == StatusCode::CHUNK_ACCEPTED {
                    return; // the rest of its value never came
                }
                let uri = uri(other);
                assert_eq!(status, expected(&uri), "a status of another command");
                assert!(self.ran.contains_key(&uri), "a status of what did not run");
            }
        }
    }

    /// The server learns that the client is gone, and all orders have their outcomes.
    fn end(mut self) -> Ended {
        assert!(self.transaction.is_none(), "an Atomic is neither committed nor rolled back");
        for _ in 0..8 {
            let _unheard = self.serve(RequestId(0));
            let Some(deadline) = self.server.poll_timeout() else { break };
            self.now = self.now.max(deadline.as_millis());
            self.server.handle(Timestamp::from_millis(self.now), server::Event::Tick).unwrap();
        }
        let _unheard = self.serve(RequestId(0));
        assert!(self.open.is_empty(), "orders without an outcome: {:?}", self.open);
        Ended {
            reason: self.closed.expect("a reason"),
            orders: self.orders,
            answered: self.answered,
            too_large: self.too_large,
        }
    }
}
