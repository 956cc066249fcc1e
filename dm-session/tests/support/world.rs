//! A device, a DM server and a data repository in one process: whole sessions, no sockets.
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

use std::collections::{BTreeMap, VecDeque};

use dm_notification::{Account, Credentials, Policy, Receiver, UnixSeconds};
use dm_package::{Alert, Command, Package2, StatusCode};
use dm_session::Secret;
use dm_session::Timestamp;
use dm_session::dm2::client::{self, EffectId, Reason, Start};
use dm_session::dm2::server::{self, Content, Outstanding, Random, Received, RequestId, Results};
use dm_session::dm2::{
    Client, ClientConfig, Destination, ExecResult, Execution, Outbox, Reporter, Server, ServerConfig,
};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::{
    Access, DEV_INFO, Format, MoDefinition, MoTree, NewAccount, NewDevInfo, NewInstance, NodeDefinition, Occurrence,
    Rights, Store, TreeConfig,
};

pub const SERVER_ID: &str = "dm.example";
pub const ENDPOINT: &str = "https://dm.example/dm";
pub const DEVICE: &str = "IMEI:350000000000017";
/// A MO with one of everything.
pub const APP: &str = "urn:example:mo:app:1.0";
/// A MO that the server is not provisioned for.
pub const FOREIGN: &str = "urn:example:mo:foreign:1.0";
pub const SECRET: &[u8] = b"s3cr3t";

/// How the device executes a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Execute {
    AtOnce,
    Later,
}

pub struct World {
    pub now: u64,
    pub tree: MoTree,
    pub outbox: Outbox,
    pub config: ClientConfig,
    pub receiver: Receiver,
    pub execute: Execute,
    pub running: Vec<(EffectId, Execution)>,
    pub browser: Vec<String>,
    /// Alerts that the device raises as soon as Package#2 is there.
    pub raise: Vec<Alert<'static>>,

    pub server_config: ServerConfig,
    pub server: Option<Server>,
    pub handed: BTreeMap<String, server::Snapshot>,
    pub outstanding: Vec<Outstanding>,
    pub script: VecDeque<Vec<Command<'static>>>,
    pub received: Vec<Received>,

    pub repository: BTreeMap<String, Response>,
    pub uploads: Vec<Request>,
    pub posts: Vec<Request>,
    pub order: Vec<String>,
    requests: u64,
}

fn app() -> MoDefinition {
    let every = Access::GET | Access::REPLACE | Access::ADD | Access::DELETE;
    MoDefinition::new(
        APP,
        NodeDefinition::interior("App")
            .with_access(every)
            .with_occurrence(Occurrence::ZeroOrMore)
            .with(NodeDefinition::leaf("Name", Format::Chr).with_access(every).with_occurrence(Occurrence::ZeroOrOne))
            .with(NodeDefinition::leaf("Level", Format::Int).with_access(every).with_occurrence(Occurrence::ZeroOrOne))
            .with(NodeDefinition::leaf("Serial", Format::Chr).with_access(Access::GET).permanent())
            .with(NodeDefinition::leaf("Run", Format::Null).with_access(Access::EXEC).permanent()),
    )
    .with_ddf("https://ddf.example/app.ddf")
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    pub fn new() -> Self {
        let foreign =
            MoDefinition::new(FOREIGN, NodeDefinition::interior("F").with(NodeDefinition::leaf("x", Format::Chr)));
        let config = TreeConfig::new(1)
            .with_ddf(DEV_INFO, "https://ddf.example/devinfo.ddf")
            .with_definition(app())
            .with_definition(foreign);
        let mut tree = MoTree::new(config).unwrap();
        tree.add_dev_info(NewDevInfo::new(DEVICE, "Acme", "A1")).unwrap();
        let account = NewAccount::new(SERVER_ID, ENDPOINT, "Example")
            .with_moid(DEV_INFO)
            .with_moid(APP)
            .with_notification(1, b"nonce".as_slice(), &Secret::new(SECRET));
        tree.add_account(account).unwrap();
        let first = NewInstance::new(APP).with_miid("1").with("Name", "one").with("Level", 1).with("Serial", "S1");
        tree.create_instance(first).unwrap();
        tree.grant(APP, "1", SERVER_ID, Rights::READ | Rights::WRITE | Rights::EXECUTE).unwrap();
        tree.create_instance(NewInstance::new(APP).with_miid("private").with("Name", "own")).unwrap();
        tree.create_instance(NewInstance::new(FOREIGN).with_miid("1").with("x", "y")).unwrap();
        let account = dm_session::dm2::Account::new(SERVER_ID, ENDPOINT);
        Self {
            now: 1_388_534_400_000,
            tree,
            outbox: Outbox::new(),
            config: ClientConfig::new(account, DEVICE),
            receiver: Receiver::new(Policy::default()),
            execute: Execute::AtOnce,
            running: Vec::new(),
            browser: Vec::new(),
            raise: Vec::new(),
            server_config: ServerConfig::new(SERVER_ID, ENDPOINT).with_notification_key(Secret::new(SECRET), "nonce"),
            server: None,
            handed: BTreeMap::new(),
            outstanding: Vec::new(),
            script: VecDeque::new(),
            received: Vec::new(),
            repository: BTreeMap::new(),
            uploads: Vec::new(),
            posts: Vec::new(),
            order: Vec::new(),
            requests: 0,
        }
    }

    /// The application's commands for the next rounds, as in Package#2.
    pub fn script(mut self, rounds: &[&str]) -> Self {
        for round in rounds {
            let text = format!("{{\"CMD\":[{round}]}}");
            self.script.push_back(Package2::parse(text.as_bytes()).unwrap().into_owned().commands);
        }
        self
    }

    pub fn serve(mut self, uri: &str, media_type: &str, body: &str) -> Self {
        let response = Response::new(200).with_header("Content-Type", media_type).with_body(body.as_bytes());
        self.repository.insert(uri.into(), response);
        self
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    // --- the device -----------------------------------------------------------------------------------

    /// What a notification makes the device start.
    pub fn notified(&mut self, bytes: &[u8]) -> Option<Start> {
        let credentials = Credentials::new(SECRET, b"nonce");
        let accounts: &[Account<'_>] = &[Account::new(SERVER_ID).with_credentials(credentials)];
        let now = Some(UnixSeconds(self.time().as_secs()));
        self.receiver.receive(now, bytes, accounts).trigger().map(Start::from)
    }

    /// Runs one session to its end.
    pub fn session(&mut self, start: Start) -> Reason {
        let server_uri = match &start {
            Start::Report { server_uri } => Some(server_uri.clone()),
            _ => None,
        };
        let destination = Destination { server_id: SERVER_ID.into(), server_uri };
        let alerts = self.outbox.lend(&destination).unwrap();
        let mut client = Client::start(self.config.clone(), start, alerts, self.time()).unwrap();
        for _ in 0..500 {
            self.now += 1;
            let Some(action) = client.poll_action() else {
                panic!("the client waits for nothing that is open: {client:?}");
            };
            let event = match action {
                client::Action::Post { id, request } => {
                    self.posts.push(request.clone());
                    let response = self.dm(request);
                    for alert in std::mem::take(&mut self.raise) {
                        client.handle(self.time(), client::Event::Alert(alert)).unwrap();
                    }
                    client::Event::Response { id, response }
                }
                client::Action::Transfer { id, request } => {
                    self.order.push(format!("{} {}", request.method.as_str(), request.uri));
                    client::Event::Transferred { id, response: self.repository(request) }
                }
                client::Action::Manage { id, operation } => {
                    let outcome = self.tree.manage(&operation);
                    client::Event::Managed { id, outcome }
                }
                client::Action::Execute { id, execution } => {
                    self.order.push(format!("EXEC {}", execution.client_uri));
                    let defer = self.execute == Execute::Later || execution.must_defer();
                    let waits = !execution.must_defer();
                    if defer {
                        self.running.push((id, execution));
                        if !waits {
                            continue;
                        }
                        client::Event::Deferred { id }
                    } else {
                        client::Event::Executed { id, result: StatusCode::OK.into() }
                    }
                }
                client::Action::Launch { id, uri } => {
                    self.order.push(format!("SHOW {uri}"));
                    self.browser.push(uri);
                    client::Event::Launched { id, status: StatusCode::OK }
                }
                client::Action::Report { destination, alert } => {
                    self.outbox.push(destination, alert).unwrap();
                    continue;
                }
                client::Action::Closed(closed) => {
                    self.outbox.settle(&destination, closed.alerts);
                    return closed.reason;
                }
                other => panic!("{other:?}"),
            };
            client.handle(self.time(), event).unwrap();
        }
        panic!("the session does not end");
    }

    /// The executions that go on after their session end now; their results wait in the outbox.
    pub fn finish_executions(&mut self) {
        for (_, execution) in std::mem::take(&mut self.running) {
            self.outbox.report(&execution, ExecResult::from(StatusCode::OK)).unwrap();
        }
    }

    /// Reports the changes of subscribed nodes.
    pub fn report_changes(&mut self) {
        let mut reporter = Reporter::start(self.config.clone(), self.time()).unwrap();
        for change in self.tree.take_changes() {
            assert_eq!(change.server_id, SERVER_ID);
            reporter.changed(self.time(), &change.uri, &change.server_uri, change.removed).unwrap();
        }
        while let Some(due) = reporter.poll_timeout() {
            self.now = self.now.max(due.as_millis());
            reporter.handle(self.time(), client::Event::Tick).unwrap();
            while let Some(action) = reporter.poll_action() {
                let event = match action {
                    client::Action::Manage { id, operation } => {
                        client::Event::Managed { id, outcome: self.tree.manage(&operation) }
                    }
                    client::Action::Transfer { id, request } => {
                        client::Event::Transferred { id, response: self.repository(request) }
                    }
                    other => panic!("{other:?}"),
                };
                reporter.handle(self.time(), event).unwrap();
            }
        }
    }

    // --- the network -----------------------------------------------------------------------------------

    fn repository(&mut self, request: Request) -> Response {
        let answer = self.repository.get(&request.uri).cloned();
        if request.method != Method::Get {
            self.uploads.push(request);
            return answer.unwrap_or(Response::new(204));
        }
        answer.unwrap_or(Response::new(404))
    }

    /// The server's host: finds the machine, lets the script decide, answers.
    fn dm(&mut self, request: Request) -> Response {
        self.requests += 1;
        let own = RequestId(self.requests);
        let config = self.server_config.clone();
        let kind = match server::route(&request, &config) {
            Ok(route) => route,
            Err(refusal) => return refusal,
        };
        let fresh = self.server.as_ref().is_none_or(Server::is_closed);
        if let server::Route::Initiation { .. } = kind
            && fresh
        {
            let outstanding = std::mem::take(&mut self.outstanding);
            self.server = Some(Server::start(config.clone(), outstanding, self.time()).unwrap());
        }
        if let Some(snapshot) = self.handed.remove(&request.uri) {
            let there = ServerConfig::new(SERVER_ID, &*request.uri);
            self.server = Some(Server::restore(there, snapshot).unwrap());
        }
        let mut random = [7; 32];
        random[..8].copy_from_slice(&self.requests.to_be_bytes());
        let now = self.time();
        let Some(server) = &mut self.server else { return server::unknown_session() };
        let event = server::Event::Request { id: own, request, random: Random::from(random) };
        if server.handle(now, event).is_err() {
            return server::unknown_session();
        }
        let mut answer = None;
        while let Some(action) = server.poll_action() {
            match action {
                server::Action::Decide { id, received } => {
                    self.received.push(received);
                    let commands = self.script.pop_front().unwrap_or_default();
                    server.handle(now, server::Event::Commands { id, commands }).unwrap();
                }
                server::Action::Respond { id, response } => {
                    assert_eq!(id, own);
                    answer = Some(response);
                }
                server::Action::HandOver { server_uri, session } => {
                    self.handed.insert(server_uri, session);
                }
                server::Action::Closed(closed) => self.outstanding = closed.outstanding,
                other => panic!("{other:?}"),
            }
        }
        answer.expect("an answer")
    }

    // --- what the tests look at ---------------------------------------------------------------------------

    /// The results of the given Package#3, counted from 0.
    pub fn results(&self, round: usize) -> &Results {
        let mut results = self.received.iter().filter_map(|received| match &received.content {
            Content::Results(results) => Some(results),
            _ => None,
        });
        results.nth(round).expect("that many Package#3")
    }

    pub fn statuses(&self, round: usize) -> Vec<u16> {
        self.results(round).statuses.iter().map(|status| status.sc.as_u16()).collect()
    }

    pub fn value(&self, path: &str) -> Option<String> {
        self.tree.value(APP, "1", path).map(|value| value.text().into_owned())
    }
}
