//! A device that speaks DM 1.2: a tree, a queue of alerts, and **the loop that carries a client machine**.
//!
//! [`Device::drive`] is all that a host has to add to [`Client`]: it takes actions, does what they say, and tells the
//! machine what came of it.

use std::collections::VecDeque;
use std::mem;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{Action, Closed, EffectId, Event, Start};
use dm_session::dm1::{
    AlertItem, AlertQueue, Client, ClientAlert, ClientConfig, Interaction, InteractionKind, Limits, Party, UserReply,
};
use dm_session::http::{BasicCredentials, Request as HttpRequest, Uri};
use dm_session::tree::MoTree;
use dm_session::tree::dm1::{Account, Answer, Ask, Command, Data, Principal, Reply, Request, Store as _, run};
use dm_session::{ErrorKind, Random, Timestamp};
use dm_syncml::{Encoding, Nonce, StatusCode};

use crate::clock::now;
use crate::http_client::HttpClient;
use crate::{device, lamp, random};

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
    /// The user wants to stop.
    Interrupt,
}

/// An Exec that was accepted: what there is to do, and to report.
struct Work {
    uri: String,
    correlator: Option<String>,
}

/// How a device is set up.
pub(crate) struct Setup<'a> {
    pub(crate) ca: Option<&'a Path>,
    pub(crate) basic: Option<BasicCredentials>,
    /// Plain HTTP to any host; to this machine it is always allowed.
    pub(crate) allow_http: bool,
    pub(crate) session_timeout: Duration,
    pub(crate) encoding: Encoding,
    pub(crate) max_msg_size: Option<u32>,
    /// What the user says, question by question; nobody is there without any.
    pub(crate) answers: Vec<String>,
}

/// How long to wait before a message goes out again: somebody is watching.
const RESEND_AFTER: Duration = Duration::from_secs(1);

/// How long to wait for what a server says when it is told that the session is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// A device between and in its sessions.
pub(crate) struct Device {
    pub(crate) tree: MoTree,
    pub(crate) alerts: AlertQueue,
    http: HttpClient,
    basic: Option<BasicCredentials>,
    allow_http: bool,
    limits: Limits,
    encoding: Encoding,
    max_msg_size: Option<u32>,
    interaction: bool,
    answers: VecDeque<String>,
    /// The endpoint to use instead of the account's.
    endpoint: Option<String>,
    work: Vec<Work>,
    inbox: Receiver<Incoming>,
    door: Sender<Incoming>,
    /// The number of the machine that runs, so that late answers to another one are told apart.
    machine: u64,
    interrupted: bool,
}

impl Device {
    pub(crate) fn new(tree: MoTree, setup: Setup<'_>) -> anyhow::Result<Self> {
        let (door, inbox) = mpsc::channel();
        Ok(Self {
            tree,
            alerts: AlertQueue::new(),
            http: HttpClient::new(setup.ca)?,
            basic: setup.basic,
            allow_http: setup.allow_http,
            limits: Limits::DEFAULT.with_session_timeout(setup.session_timeout).with_resend_after(RESEND_AFTER),
            encoding: setup.encoding,
            max_msg_size: setup.max_msg_size,
            interaction: !setup.answers.is_empty(),
            answers: setup.answers.into(),
            endpoint: None,
            work: Vec::new(),
            inbox,
            door,
            machine: 0,
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
    fn drive(&mut self, client: &mut Client, server_id: &str, watch: &mut dyn Watch) -> anyhow::Result<Closed> {
        self.machine += 1;
        let mut closed = None;
        loop {
            while let Some(action) = client.poll_action() {
                watch.action(&action);
                if let Action::Closed(end) = action {
                    closed = Some(end);
                } else if let Some(event) = self.perform(action, server_id, client.poll_timeout())? {
                    watch.event(&event);
                    client.handle(now(), event)?;
                }
            }
            if let Some(closed) = closed {
                return Ok(closed);
            }
            let deadline = client.poll_timeout().context("the machine waits for nothing and has not ended")?;
            let event = self.wait(deadline)?;
            watch.event(&event);
            match client.handle(now(), event) {
                Ok(()) => {}
                // An answer that is not awaited any more.
                Err(error) if matches!(error.kind(), ErrorKind::ApiMisuse | ErrorKind::Closed) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Does what an action says. `Some` is the answer, where it is there at once.
    fn perform(
        &mut self,
        action: Action,
        server_id: &str,
        deadline: Option<Timestamp>,
    ) -> anyhow::Result<Option<Event>> {
        Ok(match action {
            Action::Post { id, request } => {
                self.send(id, request, deadline)?;
                None
            }
            Action::Manage { id, request } => Some(Event::Managed { id, answer: self.manage(&request) }),
            Action::Interact { id, interaction } => Some(Event::Answered { id, reply: self.ask(&interaction) }),
            Action::SaveNonce { party, nonce } => {
                self.save_nonce(server_id, party, &nonce);
                None
            }
            _ => None,
        })
    }

    /// Waits for the machine's next event, or for its time to come.
    fn wait(&mut self, deadline: Timestamp) -> anyhow::Result<Event> {
        loop {
            match self.inbox.recv_timeout(deadline.since(now())) {
                Ok(Incoming::Answer(machine, event)) if machine == self.machine => return Ok(event),
                Ok(Incoming::Answer(..)) => {}
                Ok(Incoming::Interrupt) => {
                    self.interrupted = true;
                    return Ok(Event::Abort);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the inbox is closed"),
            }
        }
    }

    fn send(&self, id: EffectId, request: HttpRequest, deadline: Option<Timestamp>) -> anyhow::Result<()> {
        let (http, door, machine) = (self.http.clone(), self.door.clone(), self.machine);
        let timeout = deadline.map_or(self.limits.request_timeout, |deadline| deadline.since(now()));
        let timeout = if self.interrupted { timeout.min(FAREWELL) } else { timeout };
        let most = self.limits.message.max_message_len;
        tracing::debug!(?request, "sending");
        thread::Builder::new().name("http".into()).spawn(move || {
            let event = match http.send(request, most, timeout) {
                Ok(response) => {
                    tracing::debug!(?response, "received");
                    Event::Response { id, response, random: Random::from(random::bytes()) }
                }
                Err(failure) => Event::Failed { id, failure },
            };
            drop(door.send(Incoming::Answer(machine, event)));
        })?;
        Ok(())
    }

    /// Has the tree do something. What it asks of the device is answered here.
    fn manage(&mut self, request: &Request) -> Answer {
        let Self { tree, work, .. } = self;
        run(tree, request, &mut |ask| match ask {
            Ask::Exec { uri, correlator, .. } => {
                // It will begin when the session is over, and be reported then.
                work.push(Work { uri: uri.clone(), correlator: correlator.clone() });
                Reply::Failed(StatusCode::ACCEPTED)
            }
            _ => Reply::Failed(StatusCode::NOT_SUPPORTED),
        })
    }

    /// What the user says: what the script has next.
    fn ask(&mut self, interaction: &Interaction) -> UserReply {
        if interaction.kind == InteractionKind::Display && self.interaction {
            return UserReply::Accepted;
        }
        let Some(answer) = self.answers.pop_front() else { return UserReply::TimedOut };
        let numbers = || answer.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<u32>>>();
        let reply = match (answer.as_str(), interaction.kind) {
            ("cancel", _) => UserReply::Cancelled,
            ("yes", InteractionKind::Confirm) => UserReply::Accepted,
            ("no", InteractionKind::Confirm) => UserReply::Rejected,
            (text, InteractionKind::Input) => UserReply::Text(text.into()),
            ("", InteractionKind::MultipleChoice) => UserReply::Choices(Vec::new()),
            (_, InteractionKind::SingleChoice | InteractionKind::MultipleChoice) => {
                numbers().map_or(UserReply::Cancelled, UserReply::Choices)
            }
            _ => UserReply::Cancelled,
        };
        if reply.fits(interaction) { reply } else { UserReply::Cancelled }
    }

    /// Puts a nonce into the account.
    fn save_nonce(&mut self, server_id: &str, party: Party, nonce: &Nonce) {
        let level = party.level();
        let saved = Account::find(&mut self.tree, server_id).and_then(|account| {
            let auth_type = account.credentials(&level)?.auth_type.clone();
            let command = account.nonce_command(&level, &auth_type, nonce.as_bytes())?;
            Some(self.local(command).status)
        });
        if !saved.is_some_and(StatusCode::is_success) {
            tracing::warn!(?party, "the nonce could not be stored: {saved:?}");
        }
    }

    /// A command of the device itself.
    pub(crate) fn local(&mut self, command: Command) -> Answer {
        self.manage(&Request::local(command).at(now()))
    }

    // --- what it carries ------------------------------------------------------------------------------

    /// Runs one session with a server.
    pub(crate) fn session(&mut self, server_id: &str, start: Start, watch: &mut dyn Watch) -> anyhow::Result<Closed> {
        let config = self.config(server_id)?;
        let alerts = mem::take(&mut self.alerts);
        let mut client =
            Client::start(config, start, alerts, now()).with_context(|| format!("session with {server_id}"))?;
        let closed = self.drive(&mut client, server_id, watch)?;
        self.alerts = closed.alerts.clone();
        Ok(closed)
    }

    /// Does what Execs began, with alerts about it for the next session. Whether there was any.
    pub(crate) fn finish_work(&mut self) -> anyhow::Result<bool> {
        let worked = !self.work.is_empty();
        for Work { uri, correlator } in mem::take(&mut self.work) {
            let (alert_type, data, source) = lamp::work(&mut self.tree, &uri);
            let mut alert = ClientAlert::generic(AlertItem::new(alert_type, data).with_source(source));
            if let Some(correlator) = correlator {
                alert = alert.with_correlator(correlator);
            }
            self.alerts.push(alert)?;
        }
        Ok(worked)
    }

    /// What the machine has to know of a server: from its DM account.
    pub(crate) fn config(&mut self, server_id: &str) -> anyhow::Result<ClientConfig> {
        let account = Account::find(&mut self.tree, server_id).with_context(|| format!("no account of {server_id}"))?;
        let device_id = dev_id(&mut self.tree).context("./DevInfo/DevId is empty")?;
        let mut config = ClientConfig::from_account(device_id, &account)
            .with_context(|| format!("the account of {server_id} is not complete"))?;
        if let Some(endpoint) = &self.endpoint {
            config.server_uri.clone_from(endpoint);
        }
        let uri = Uri::parse(&config.server_uri).ok();
        let uri = uri.with_context(|| format!("{:?} is no HTTP(S) URI", config.server_uri))?;
        let allow_http = self.allow_http || device::is_loopback(&uri);
        anyhow::ensure!(
            allow_http || uri.is_https(),
            "plain HTTP to another machine ({}) needs --allow-http",
            config.server_uri
        );
        if let Some(basic) = &self.basic {
            config = config.with_basic(basic.clone());
        }
        Ok(config
            .with_allow_http(allow_http)
            .with_encoding(self.encoding)
            .with_max_msg_size(self.max_msg_size)
            .with_interaction(self.interaction)
            .with_limits(self.limits))
    }
}

/// `./DevInfo/DevId`.
pub(crate) fn dev_id(tree: &mut MoTree) -> Option<String> {
    let request = Request::new(Principal::Local, Command::get("./DevInfo/DevId"));
    match tree.apply(&request) {
        dm_session::tree::dm1::Outcome::Done(answer) => match answer.results.into_iter().next()?.data {
            Data::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        },
        dm_session::tree::dm1::Outcome::Ask(_) => None,
    }
}

/// A SessionID of the device's own choice.
pub(crate) fn session_id() -> SessionId {
    loop {
        let [high, low] = random::bytes();
        if let Some(id) = SessionId::new(u16::from_be_bytes([high, low])) {
            return id;
        }
    }
}
