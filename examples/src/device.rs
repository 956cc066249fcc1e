//! A device: a tree, an outbox, and **the loop that carries a client machine**.
//!
//! The machines of `dm-session` do no I/O. [`Device::drive`] is all that a host has to add: it takes
//! actions, does what they say, and tells the machine what came of it. It is one thread with one inbox;
//! whatever takes time (HTTP, the work that an EXEC starts) runs elsewhere and puts its answer into the
//! inbox.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use dm_package::StatusCode;
use dm_session::dm2::client::{Action, Closed, EffectId, Event, Failure, Machine, Start};
use dm_session::dm2::{
    Account, Client, ClientConfig, DefaultFetch, Destination, ExecResult, Execution, Fetched, Limits, Outbox, Reporter,
};
use dm_session::http::{BasicCredentials, Request, Response, Uri};
use dm_session::tree::{MoTree, Store as _};
use dm_session::{ErrorKind, Timestamp};

use crate::clock::now;
use crate::http_client::HttpClient;

/// Who looks on.
pub(crate) trait Watch {
    /// The machine wants something done.
    fn action(&mut self, action: &Action);
    /// The machine is told something.
    fn event(&mut self, event: &Event);
}

/// What comes into the inbox.
enum Incoming {
    /// The answer to an action of the machine with this number.
    Answer(u64, Event),
    /// Work that an EXEC started is done. It may outlive the session.
    Executed(u64, EffectId, Execution),
    /// The user wants to stop.
    Interrupt,
}

/// What the device does when a server executes a node: it works on it for a while, and then says what came
/// of it.
pub(crate) type Finish = fn(&mut MoTree, &Execution) -> ExecResult;

/// How a device is set up.
pub(crate) struct Setup<'a> {
    pub(crate) ca: Option<&'a Path>,
    pub(crate) basic: Option<BasicCredentials>,
    /// Plain HTTP to any host; to this machine it is always allowed.
    pub(crate) allow_http: bool,
    pub(crate) session_timeout: Duration,
    pub(crate) finish: Finish,
}

/// A device between and in its sessions.
pub(crate) struct Device {
    pub(crate) tree: MoTree,
    pub(crate) outbox: Outbox,
    http: HttpClient,
    basic: Option<BasicCredentials>,
    allow_http: bool,
    limits: Limits,
    /// The endpoint to use instead of the account's.
    endpoint: Option<String>,
    finish: Finish,
    inbox: Receiver<Incoming>,
    door: Sender<Incoming>,
    /// The number of the machine that runs, so that late answers to another one are told apart.
    machine: u64,
    /// EXECs whose work goes on.
    working: usize,
    interrupted: bool,
}

/// How long an EXEC takes here.
const WORK: Duration = Duration::from_millis(200);
/// How long results are waited for after a session.
const PATIENCE: Duration = Duration::from_secs(10);

impl Device {
    pub(crate) fn new(tree: MoTree, setup: Setup<'_>) -> anyhow::Result<Self> {
        let (door, inbox) = mpsc::channel();
        Ok(Self {
            tree,
            outbox: Outbox::new(),
            http: HttpClient::new(setup.ca)?,
            basic: setup.basic,
            allow_http: setup.allow_http,
            limits: Limits::DEFAULT.with_session_timeout(setup.session_timeout),
            endpoint: None,
            finish: setup.finish,
            inbox,
            door,
            machine: 0,
            working: 0,
            interrupted: false,
        })
    }

    /// Uses another endpoint than that of the account.
    pub(crate) fn set_endpoint(&mut self, endpoint: Option<String>) {
        self.endpoint = endpoint;
    }

    /// Something to call, from any thread, when the user wants to stop.
    pub(crate) fn stopper(&self) -> impl FnOnce() + Send + 'static {
        let door = self.door.clone();
        move || drop(door.send(Incoming::Interrupt))
    }

    /// Whether the user wants to stop.
    pub(crate) const fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    // --- the loop -------------------------------------------------------------------------------------

    /// Carries a machine to its end. This is the whole contract between a host and a machine:
    ///
    /// 1. take every action, in order, and do it; an answer that is there at once goes back at once;
    /// 2. sleep until something happens or until the machine's time comes;
    /// 3. tell the machine, and start over.
    ///
    /// A machine that wants nothing and waits for nothing is done. A session leaves its [`Closed`].
    fn drive(&mut self, machine: &mut impl Machine, watch: &mut dyn Watch) -> anyhow::Result<Option<Closed>> {
        self.machine += 1;
        let mut closed = None;
        loop {
            while let Some(action) = machine.poll_action() {
                watch.action(&action);
                if let Action::Closed(end) = action {
                    closed = Some(end);
                } else if let Some(event) = self.perform(action, machine.poll_timeout())? {
                    watch.event(&event);
                    machine.handle(now(), event)?;
                }
            }
            let Some(deadline) = machine.poll_timeout() else { return Ok(closed) };
            let event = self.wait(deadline)?;
            watch.event(&event);
            match machine.handle(now(), event) {
                Ok(()) => {}
                // An answer that is not awaited any more, or an abort of something that cannot be aborted.
                Err(error) if matches!(error.kind(), ErrorKind::ApiMisuse | ErrorKind::Closed) => {
                    anyhow::ensure!(!self.interrupted, "interrupted");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Does what an action says. `Some` is the answer, where it is there at once.
    fn perform(&mut self, action: Action, deadline: Option<Timestamp>) -> anyhow::Result<Option<Event>> {
        Ok(match action {
            Action::Post { id, request } => {
                let most = self.limits.package.max_package_len;
                self.send(id, request, most, deadline, move |response| Event::Response { id, response })?;
                None
            }
            Action::Transfer { id, request } => {
                let most = self.limits.max_repository_len;
                self.send(id, request, most, deadline, move |response| Event::Transferred { id, response })?;
                None
            }
            Action::Manage { id, operation } => Some(Event::Managed { id, outcome: self.tree.manage(&operation) }),
            Action::Execute { id, execution } => {
                self.execute(id, execution)?;
                None
            }
            // Here a device would open its browser. This one has none to open, but the address is shown.
            Action::Launch { id, .. } => Some(Event::Launched { id, status: StatusCode::OK }),
            Action::Report { destination, alert } => {
                self.outbox.push(destination, alert)?;
                None
            }
            Action::Authenticate { id, .. } => Some(Event::Failed { id, failure: Failure::NoCredentials }),
            // What is cancelled may finish; its answer comes to nothing.
            _ => None,
        })
    }

    /// Waits for the machine's next event, or for its time to come.
    fn wait(&mut self, deadline: Timestamp) -> anyhow::Result<Event> {
        loop {
            match self.inbox.recv_timeout(deadline.since(now())) {
                Ok(Incoming::Answer(machine, event)) if machine == self.machine => return Ok(event),
                Ok(Incoming::Answer(..)) => {}
                Ok(Incoming::Executed(machine, id, execution)) => {
                    self.working = self.working.saturating_sub(1);
                    let result = (self.finish)(&mut self.tree, &execution);
                    if machine == self.machine {
                        return Ok(Event::Executed { id, result });
                    }
                    self.outbox.report(&execution, result)?;
                }
                Ok(Incoming::Interrupt) => {
                    self.interrupted = true;
                    return Ok(Event::Abort);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the inbox is closed"),
            }
        }
    }

    fn send(
        &self,
        id: EffectId,
        request: Request,
        most: usize,
        deadline: Option<Timestamp>,
        answer: impl FnOnce(Response) -> Event + Send + 'static,
    ) -> anyhow::Result<()> {
        let (http, door, machine) = (self.http.clone(), self.door.clone(), self.machine);
        let timeout = deadline.map_or(self.limits.request_timeout, |deadline| deadline.since(now()));
        tracing::debug!(?request, "sending");
        thread::Builder::new().name("http".into()).spawn(move || {
            let event = match http.send(request, most, timeout) {
                Ok(response) => {
                    tracing::debug!(?response, "received");
                    answer(response)
                }
                Err(failure) => Event::Failed { id, failure },
            };
            drop(door.send(Incoming::Answer(machine, event)));
        })?;
        Ok(())
    }

    fn execute(&mut self, id: EffectId, execution: Execution) -> anyhow::Result<()> {
        let (door, machine) = (self.door.clone(), self.machine);
        self.working += 1;
        thread::Builder::new().name("exec".into()).spawn(move || {
            thread::sleep(WORK);
            drop(door.send(Incoming::Executed(machine, id, execution)));
        })?;
        Ok(())
    }

    // --- what it carries ------------------------------------------------------------------------------

    /// Runs one session with a server.
    pub(crate) fn session(&mut self, server_id: &str, start: Start, watch: &mut dyn Watch) -> anyhow::Result<Closed> {
        let server_uri = match &start {
            Start::Report { server_uri } => Some(server_uri.clone()),
            _ => None,
        };
        let destination = Destination { server_id: server_id.into(), server_uri };
        let alerts = self.outbox.lend(&destination).context("a session with this server is running")?;
        let started = self.config(server_id).and_then(|config| Ok(Client::start(config, start, alerts, now())?));
        if started.is_err() {
            self.outbox.release(&destination);
        }
        let mut client = started.with_context(|| format!("session with {server_id}"))?;
        let closed = self.drive(&mut client, watch)?.context("the session left no reason")?;
        self.outbox.settle(&destination, closed.alerts.clone());
        Ok(closed)
    }

    /// Waits for the results of EXECs that outlived their session, into the outbox.
    pub(crate) fn finish_work(&mut self) -> anyhow::Result<()> {
        // No machine runs, so that every result goes to the outbox.
        self.machine += 1;
        let deadline = now().after(PATIENCE);
        while self.working > 0 && !self.interrupted && now() < deadline {
            let soon = deadline.min(now().after(WORK / 10));
            self.wait(soon)?;
        }
        Ok(())
    }

    /// Where results of EXECs wait to be reported, in a session of their own each.
    pub(crate) fn reports(&self) -> Vec<Destination> {
        self.outbox.waiting().filter(|destination| destination.server_uri.is_some()).cloned().collect()
    }

    /// Reports what changed below subscribed nodes.
    pub(crate) fn report_changes(&mut self, server_id: &str, watch: &mut dyn Watch) -> anyhow::Result<()> {
        let mut reporter = Reporter::start(self.config(server_id)?, now())?;
        let changes = self.tree.take_changes();
        for change in changes.iter().filter(|change| change.server_id == server_id) {
            reporter.changed(now(), &change.uri, &change.server_uri, change.removed)?;
        }
        self.drive(&mut reporter, watch)?;
        Ok(())
    }

    /// Fetches data of an MO that an application misses.
    pub(crate) fn fetch_default(
        &mut self,
        server_id: &str,
        moid: &str,
        watch: &mut dyn Watch,
    ) -> anyhow::Result<Option<Fetched>> {
        let mut fetch = DefaultFetch::start(self.config(server_id)?, moid, now())?;
        self.drive(&mut fetch, watch)?;
        Ok(fetch.result().cloned())
    }

    /// What the machines have to know of a server: from its DM Account.
    pub(crate) fn config(&self, server_id: &str) -> anyhow::Result<ClientConfig> {
        let account = self.tree.account(server_id).with_context(|| format!("no account of {server_id}"))?;
        let endpoint = self.endpoint.clone().unwrap_or(account.server_uri);
        let uri = Uri::parse(&endpoint).ok().with_context(|| format!("{endpoint:?} is no HTTP(S) URI"))?;
        let allow_http = self.allow_http || is_loopback(&uri);
        anyhow::ensure!(allow_http || uri.is_https(), "plain HTTP to another machine ({endpoint}) needs --allow-http");
        let device_id = self.tree.dev_id().context("the tree has no DevInfo")?;
        let mut account = Account::new(server_id, endpoint);
        if let Some(basic) = &self.basic {
            account = account.with_basic(basic.clone());
        }
        Ok(ClientConfig::new(account, device_id).with_http(allow_http).with_limits(self.limits))
    }
}

/// Whether a URI leads to this machine.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
