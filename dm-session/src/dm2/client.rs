//! The client machine: one DM session as a device sees it (§14 of the project's DM 2.0 reference).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use dm_notification::Trigger;
use dm_package::{Alert, MediaType, MosItem, Package1, Package2, Package3, Status, StatusCode, Str, media};

use super::alerts::{AlertQueue, Destination, ExecResult, Execution};
use super::config::{ClientConfig, MosPolicy};
use super::step::{self, Step};
use super::transfer::{self, Progress, Repositories, Surroundings, Transfer};
use crate::effect::Effects;
use crate::http::{self, Challenge, CookieJar, Method, Redirect, Request, Response, Uri};
use crate::tree::{Operation, Outcome};
use crate::{Error, ErrorKind, Timestamp};

pub use crate::effect::{EffectId, Failure};

/// Why a session starts; decides the session-start alert of Package#1 (§5.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// A notification asked for it.
    Notification {
        /// Its NOTIFICATION-ID, given back to the server.
        notification_id: Option<u16>,
        /// Whether it had REQ-MOS.
        req_mos: bool,
    },
    /// The device wants it, be it only to deliver alerts.
    Local,
    /// A bootstrap has just succeeded.
    Bootstrap,
    /// To report the result of an EXEC to the ServerURI that it named.
    Report {
        /// That ServerURI.
        server_uri: String,
    },
}

impl From<Trigger<'_>> for Start {
    fn from(trigger: Trigger<'_>) -> Self {
        Self::Notification { notification_id: trigger.notification_id.map(|id| id.0), req_mos: trigger.req_mos }
    }
}

/// What the host tells the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The answer to [`Action::Post`] or [`Action::Authenticate`].
    Response {
        /// The action's id.
        id: EffectId,
        /// What the DM server answered.
        response: Response,
    },
    /// The answer to [`Action::Transfer`].
    Transferred {
        /// The action's id.
        id: EffectId,
        /// What the data repository answered.
        response: Response,
    },
    /// [`Action::Post`], [`Action::Authenticate`] or [`Action::Transfer`] brought no HTTP answer.
    Failed {
        /// The action's id.
        id: EffectId,
        /// Why.
        failure: Failure,
    },
    /// The answer to [`Action::Manage`].
    Managed {
        /// The action's id.
        id: EffectId,
        /// What the tree answered.
        outcome: Outcome,
    },
    /// An execution has ended, at once or later.
    Executed {
        /// The action's id.
        id: EffectId,
        /// How.
        result: ExecResult,
    },
    /// An execution without a ServerURI goes on; its result will come later.
    Deferred {
        /// The action's id.
        id: EffectId,
    },
    /// The answer to [`Action::Launch`]: 200 launched, 500 failed, 501 no browser.
    Launched {
        /// The action's id.
        id: EffectId,
        /// How it went.
        status: StatusCode,
    },
    /// The device has something to report to this server.
    Alert(Alert<'static>),
    /// The device gives the session up.
    Abort,
    /// Time has passed. Legal at any moment, any number of times.
    Tick,
}

/// What the machine wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub enum Action {
    /// Send this to the DM server. Answer: [`Event::Response`] or [`Event::Failed`].
    Post {
        /// To give back with the answer.
        id: EffectId,
        /// The complete request.
        request: Request,
    },
    /// As [`Post`](Self::Post), with an `Authorization` that the host adds to answer one of the challenges.
    Authenticate {
        /// To give back with the answer.
        id: EffectId,
        /// The request, without `Authorization`.
        request: Request,
        /// The server's challenges.
        challenges: Vec<Challenge>,
    },
    /// Send this to a data repository. Answer: [`Event::Transferred`] or [`Event::Failed`].
    Transfer {
        /// To give back with the answer.
        id: EffectId,
        /// The complete request.
        request: Request,
    },
    /// Have the management tree do this. Answer: [`Event::Managed`].
    Manage {
        /// To give back with the answer.
        id: EffectId,
        /// What the tree is to do.
        operation: Operation,
    },
    /// Start executing a node. With a ServerURI ([`Execution::must_defer`]) the session goes on and
    /// the result is awaited as [`Event::Executed`] or, after the session, by
    /// [`Outbox::report`](super::Outbox::report). Without one the session waits for
    /// [`Event::Executed`] or [`Event::Deferred`].
    Execute {
        /// To give back with the result.
        id: EffectId,
        /// What to execute. Keep it as long as the work may outlive the session.
        execution: Execution,
    },
    /// Open the web browser on this URI and do not wait for the user. Answer: [`Event::Launched`].
    Launch {
        /// To give back with the answer.
        id: EffectId,
        /// An `http:` or `https:` URI.
        uri: String,
    },
    /// Put this alert into the [`Outbox`](super::Outbox): it belongs to a session of its own.
    Report {
        /// Where it goes.
        destination: Destination,
        /// The result of an execution.
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::alert"))]
        alert: Alert<'static>,
    },
    /// The answer to this is not awaited any more.
    Cancel {
        /// The action's id.
        id: EffectId,
    },
    /// The session is over. Nothing comes after it.
    Closed(Closed),
}

/// What [`Client`], [`Reporter`](super::Reporter) and [`DefaultFetch`](super::DefaultFetch) have in
/// common, for a host that drives them alike.
pub trait Machine {
    /// Tells the machine what happened.
    ///
    /// # Errors
    ///
    /// As the machine's own `handle`; it is as it was before.
    fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error>;

    /// The next thing to do, if there is one.
    fn poll_action(&mut self) -> Option<Action>;

    /// When to send the next [`Event::Tick`].
    fn poll_timeout(&self) -> Option<Timestamp>;
}

macro_rules! machine {
    ($($type:ty),+) => {$(
        impl Machine for $type {
            fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
                Self::handle(self, now, event)
            }

            fn poll_action(&mut self) -> Option<Action> {
                Self::poll_action(self)
            }

            fn poll_timeout(&self) -> Option<Timestamp> {
                Self::poll_timeout(self)
            }
        }
    )+};
}

machine!(Client, super::Reporter, super::DefaultFetch);

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// The alerts that were not delivered, for [`Outbox::settle`](super::Outbox::settle).
    pub alerts: AlertQueue,
    /// How long the server asked to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// The server sent END.
    Ended,
    /// The server's answer holds no usable Package#2.
    BadPackage,
    /// The server answered with this HTTP status.
    Http(u16),
    /// No HTTP answer came, or not in time.
    Transport,
    /// The session took longer than [`Limits::session_timeout`](super::Limits::session_timeout).
    Timeout,
    /// The server went on for more than [`Limits::max_rounds`](super::Limits::max_rounds).
    Limit,
    /// The device gave it up.
    Aborted,
    /// The device could not write its own package: the store answered what the wire form cannot carry.
    Internal,
}

/// A POST to the DM server that is not answered yet.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Post {
    uri: String,
    package: Package,
    body: Vec<u8>,
    hops: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Package {
    Initiation,
    Response,
}

impl Package {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Initiation => media::INITIATION,
            Self::Response => media::RESPONSE,
        }
    }
}

/// Where the machine stands. Idle is before `start`; Run lasts only while an event is handled.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
enum State {
    /// The tree was asked for the MOs of Package#1.
    AwaitMos { id: EffectId },
    /// A POST is out.
    AwaitP2 { id: EffectId, deadline: Timestamp, post: Post },
    /// The current step waits for an answer.
    AwaitEffect { id: EffectId, effect: Effect },
    /// Over.
    Done,
}

/// What the current step waits for.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
enum Effect {
    /// The tree: may an HGET write there?
    CheckWrite,
    /// The repository, for HGET.
    Download(Transfer),
    /// The tree: store what came.
    Write,
    /// The tree: the data for HPUT and HPOST.
    ReadForUpload,
    /// The repository, for HPUT and HPOST.
    Upload(Transfer),
    /// The tree: the data for GET.
    ReadForGet,
    /// The tree: DELETE, DEFAULT, SUB, UNSUB.
    Order,
    /// The tree: may the node be executed?
    CheckExec,
    /// The execution.
    Execute { execution: Execution },
    /// The browser.
    Launch,
}

/// How the server's URIs are authenticated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Scheme {
    Basic,
    Host,
}

/// All of the machine but its configuration: what a snapshot holds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Core {
    server_id: String,
    now: Timestamp,
    session_end: Timestamp,
    state: State,
    start: Option<StartRecord>,
    endpoint: String,
    round: u32,
    steps: Vec<Step>,
    /// One for each step that is done; the current step is the one at this length.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::statuses"))]
    statuses: Vec<Status<'static>>,
    /// Bytes that the data in the statuses takes.
    reply_len: usize,
    jar: CookieJar,
    repositories: Repositories,
    /// URIs of the DM server whose challenge was answered, with the challenges for the host.
    authenticated: BTreeMap<String, (Scheme, Vec<Challenge>)>,
    /// The origin at which the session started. Credentials are for it and for the present endpoint's.
    home: String,
    alerts: AlertQueue,
    /// Executions whose result is to come.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::pairs"))]
    executions: BTreeMap<EffectId, Execution>,
    effects: Effects<Action>,
}

/// What Package#1 has to say of its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
enum StartRecord {
    Server { notification_id: Option<u16> },
    Client,
    Bootstrap,
}

/// One DM session of a device (`OMA-TS-DM_Protocol-V2_0 §5.1, §5.2`).
///
/// ```text
///  start ─▶ AwaitMos ─▶ AwaitP2 ─▶ Run ⇄ AwaitEffect
///              ╰──────────▲  ╰──────┴─────────▶ Done
/// ```
///
/// Take actions with [`poll_action`](Self::poll_action), carry them out, and tell the machine with
/// [`handle`](Self::handle). It does no I/O, reads no clock and draws no randomness.
#[derive(Clone, Debug)]
pub struct Client {
    config: ClientConfig,
    core: Core,
}

impl Client {
    /// Starts a session. `alerts` are those that wait for its server; what is not delivered comes
    /// back in [`Action::Closed`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] when the endpoint is no HTTPS URI (or plain HTTP without leave),
    /// or an id is empty or cannot stand in a header.
    pub fn start(config: ClientConfig, start: Start, alerts: AlertQueue, now: Timestamp) -> Result<Self, Error> {
        config.check()?;
        let account = &config.account.server_uri;
        let (record, req_mos, endpoint) = match start {
            Start::Notification { notification_id, req_mos } => {
                (StartRecord::Server { notification_id }, req_mos, account.clone())
            }
            Start::Local => (StartRecord::Client, false, account.clone()),
            Start::Bootstrap => (StartRecord::Bootstrap, false, account.clone()),
            Start::Report { server_uri } => (StartRecord::Client, false, server_uri),
        };
        let Some(uri) = config.endpoint(&endpoint) else { return Err(ErrorKind::InvalidConfig.into()) };
        let mut client = Self {
            core: Core {
                server_id: config.account.server_id.clone(),
                now,
                session_end: now.after(config.limits.session_timeout),
                state: State::Done,
                start: Some(record),
                endpoint,
                round: 0,
                steps: Vec::new(),
                statuses: Vec::new(),
                reply_len: 0,
                jar: CookieJar::default(),
                repositories: Repositories::default(),
                authenticated: BTreeMap::new(),
                home: uri.origin(),
                alerts,
                executions: BTreeMap::new(),
                effects: Effects::default(),
            },
            config,
        };
        client.core.alerts.requeue();
        if req_mos || client.config.mos == MosPolicy::Always {
            let id = client.manage(|server_id| Operation::ListMos { server_id });
            client.core.state = State::AwaitMos { id };
        } else {
            client.initiate(None);
        }
        Ok(client)
    }

    /// Tells the machine what happened. `now` never goes back: an earlier value counts as the last.
    ///
    /// # Errors
    ///
    /// The machine is as it was before. [`ErrorKind::ApiMisuse`]: the event answers nothing that is
    /// open, or with another kind of answer. [`ErrorKind::Closed`]: the session is over. An alert or
    /// a result goes to the [`Outbox`](super::Outbox) then; ask [`is_closed`](Self::is_closed) before
    /// giving away the only copy. [`ErrorKind::InvalidInput`]: an alert
    /// that the wire form cannot carry.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        self.check(&event)?;
        self.core.now = self.core.now.max(now);
        match event {
            Event::Tick => self.tick(),
            Event::Abort => self.close(Reason::Aborted),
            Event::Alert(alert) => self.core.alerts.add(alert),
            Event::Executed { id, result } if self.core.executions.contains_key(&id) => self.finished(id, result),
            event => match mem::replace(&mut self.core.state, State::Done) {
                State::AwaitMos { .. } => self.listed(event),
                State::AwaitP2 { post, .. } => self.answered(post, event),
                State::AwaitEffect { effect, .. } => self.effected(effect, event),
                State::Done => {}
            },
        }
        Ok(())
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        let mut action = self.core.effects.poll()?;
        // Credentials join a request only here, so that no snapshot holds them.
        if let Action::Post { request, .. } = &mut action
            && let Some((Scheme::Basic, _)) = self.core.authenticated.get(&request.uri)
            && let Some(basic) = &self.config.account.basic
            && Uri::parse(&request.uri).is_ok_and(|uri| self.core.trusts(&uri))
        {
            request.headers.set(http::AUTHORIZATION, basic.authorization());
        }
        Some(action)
    }

    /// When to send the next [`Event::Tick`]; `None` when the session is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let deadline = match &self.core.state {
            State::Done => return None,
            State::AwaitP2 { deadline, .. }
            | State::AwaitEffect {
                effect: Effect::Download(Transfer { deadline, .. }) | Effect::Upload(Transfer { deadline, .. }),
                ..
            } => *deadline,
            State::AwaitMos { .. } | State::AwaitEffect { .. } => self.core.session_end,
        };
        Some(deadline.min(self.core.session_end))
    }

    /// Whether the session is over. Actions may still be queued.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.state == State::Done
    }

    /// The alerts that are not delivered yet. Empty once the session is over: they left with
    /// [`Action::Closed`].
    #[must_use]
    pub fn alerts(&self) -> &AlertQueue {
        &self.core.alerts
    }

    /// The machine's state, queued actions included, credentials excluded.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: SNAPSHOT_VERSION, core: self.core.clone() }
    }

    /// Goes on from a snapshot. It is checked as if a stranger had written it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSnapshot`] when it is of another version or server, or contradicts itself
    /// or the limits; [`ErrorKind::InvalidConfig`] as [`start`](Self::start).
    pub fn restore(config: ClientConfig, snapshot: Snapshot) -> Result<Self, Error> {
        config.check()?;
        let client = Self { config, core: snapshot.core };
        if snapshot.version == SNAPSHOT_VERSION && client.is_consistent() {
            Ok(client)
        } else {
            Err(ErrorKind::InvalidSnapshot.into())
        }
    }

    // --- what may come when -------------------------------------------------------------------

    /// Refuses what cannot be taken now; after this nothing fails.
    fn check(&self, event: &Event) -> Result<(), Error> {
        let awaited = match (&self.core.state, event) {
            (_, Event::Tick) => return Ok(()),
            (State::Done, _) => return Err(ErrorKind::Closed.into()),
            (_, Event::Abort) => return Ok(()),
            (_, Event::Alert(alert)) => return AlertQueue::check(alert),
            (_, Event::Executed { id, result }) if self.core.executions.contains_key(id) => {
                result.alert.as_ref().map_or(Ok(()), AlertQueue::check)?;
                true
            }
            (State::AwaitMos { id: open }, Event::Managed { id, .. })
            | (State::AwaitP2 { id: open, .. }, Event::Response { id, .. } | Event::Failed { id, .. }) => open == id,
            (State::AwaitEffect { id: open, effect }, event) => match (effect, event) {
                (
                    Effect::CheckWrite
                    | Effect::Write
                    | Effect::ReadForUpload
                    | Effect::ReadForGet
                    | Effect::Order
                    | Effect::CheckExec,
                    Event::Managed { id, .. },
                )
                | (Effect::Download(_) | Effect::Upload(_), Event::Transferred { id, .. } | Event::Failed { id, .. })
                | (Effect::Execute { .. }, Event::Executed { id, .. } | Event::Deferred { id })
                | (Effect::Launch, Event::Launched { id, .. }) => open == id,
                _ => false,
            },
            _ => false,
        };
        if awaited && event.id().is_none_or(|id| self.core.effects.was_polled(id)) {
            Ok(())
        } else {
            Err(ErrorKind::ApiMisuse.into())
        }
    }

    fn tick(&mut self) {
        let now = self.core.now;
        if self.is_closed() {
            return;
        }
        if now >= self.core.session_end {
            return self.close(Reason::Timeout);
        }
        match &self.core.state {
            State::AwaitP2 { deadline, .. } if now >= *deadline => self.close(Reason::Transport),
            State::AwaitEffect {
                id,
                effect: Effect::Download(Transfer { deadline, .. }) | Effect::Upload(Transfer { deadline, .. }),
            } if now >= *deadline => {
                let id = *id;
                self.core.state = State::Done;
                self.core.effects.cancel(id);
                self.finish(StatusCode::GATEWAY_TIMEOUT);
            }
            _ => {}
        }
    }

    // --- Package#1 ------------------------------------------------------------------------------

    fn listed(&mut self, event: Event) {
        let Event::Managed { outcome, .. } = event else { return };
        // A tree that cannot list its MOs has none to offer; the array itself was asked for.
        let mos = if let Outcome::Mos(mos) = outcome { mos } else { Vec::new() };
        self.initiate(Some(mos));
    }

    fn initiate(&mut self, mos: Option<Vec<MosItem<'static>>>) {
        let start = match self.core.start.take() {
            Some(StartRecord::Server { notification_id }) => Alert::server_initiated(notification_id),
            Some(StartRecord::Bootstrap) => Alert::bootstrap_complete(),
            Some(StartRecord::Client) | None => Alert::client_initiated(),
        };
        let mut alerts = alloc::vec![start];
        alerts.extend_from_slice(self.outgoing_alerts());
        match (Package1 { mos, alerts }).to_vec() {
            Ok(body) => self.post(Package::Initiation, body),
            Err(_) => self.close(Reason::Internal),
        }
    }

    /// The alerts for the package that leaves now: they may take a quarter of it.
    fn outgoing_alerts(&mut self) -> &[Alert<'static>] {
        let limits = &self.config.limits.package;
        self.core.alerts.send(limits.max_package_len / 4, limits.max_alerts.saturating_sub(1))
    }

    // --- the exchange with the DM server ----------------------------------------------------------

    fn post(&mut self, package: Package, body: Vec<u8>) {
        let uri = self.core.endpoint.clone();
        self.send(Post { uri, package, body, hops: 0 });
    }

    fn send(&mut self, post: Post) {
        let mut request = Request::new(Method::Post, post.uri.clone())
            .with_header(http::CONTENT_TYPE, post.package.media_type())
            .with_header(http::ACCEPT, media::REQUEST)
            .with_header(http::OMADM_DEV_ID, self.config.device_id.clone())
            .with_body(post.body.clone());
        let cookies = Uri::parse(&post.uri).ok().and_then(|uri| self.core.jar.header(self.core.now, &uri));
        if let Some(cookies) = cookies {
            request.headers.push(http::COOKIE, cookies);
        }
        let challenges = match self.core.authenticated.get(&post.uri) {
            Some((Scheme::Host, challenges)) => Some(challenges.clone()),
            _ => None,
        };
        let id = self.core.effects.begin(|id| match challenges {
            Some(challenges) => Action::Authenticate { id, request, challenges },
            None => Action::Post { id, request },
        });
        let deadline = self.core.now.after(self.config.limits.request_timeout);
        self.core.state = State::AwaitP2 { id, deadline, post };
    }

    fn answered(&mut self, post: Post, event: Event) {
        let response = match event {
            Event::Response { response, .. } => response,
            Event::Failed { failure: Failure::NoCredentials, .. } => return self.close(Reason::Http(401)),
            _ => return self.close(Reason::Transport),
        };
        let Ok(uri) = Uri::parse(&post.uri) else { return self.close(Reason::Internal) };
        self.core.repositories.note_formats(&uri, &response.headers);
        if matches!(response.status, 200 | 307 | 308 | 401) {
            self.core.jar.store_all(self.core.now, &uri, &response.headers);
        }
        match response.status {
            200 => self.received(&response),
            307 | 308 => match http::redirect(&uri, &response, post.hops) {
                Redirect::Follow(target) if self.config.allow_http || target.is_https() => {
                    self.send(Post { uri: target.as_str().into(), hops: post.hops.saturating_add(1), ..post });
                }
                _ => self.refused(&response),
            },
            401 => self.challenged(post, &uri, &response),
            // Another success is no Package#2; all else ends the session without a second try.
            201..=299 => self.close(Reason::BadPackage),
            _ => self.refused(&response),
        }
    }

    fn refused(&mut self, response: &Response) {
        let retry_after = http::retry_after(self.core.now, &response.headers);
        self.close_with(Reason::Http(response.status), retry_after);
    }

    /// Answers a challenge once for each URI.
    fn challenged(&mut self, post: Post, uri: &Uri, response: &Response) {
        let known = self.core.authenticated.contains_key(&post.uri);
        // A redirect must not lead credentials astray.
        if known || !self.core.trusts(uri) {
            return self.refused(response);
        }
        let challenges = http::challenges(&response.headers);
        let basic = self.config.account.basic.is_some() && challenges.iter().any(|challenge| challenge.is("Basic"));
        let scheme = if basic {
            (Scheme::Basic, Vec::new())
        } else if self.config.host_authenticates && !challenges.is_empty() {
            (Scheme::Host, challenges)
        } else {
            return self.refused(response);
        };
        self.core.authenticated.insert(post.uri.clone(), scheme);
        self.send(post);
    }

    /// Takes a Package#2.
    fn received(&mut self, response: &Response) {
        let limits = &self.config.limits;
        let typed = match response.headers.get(http::CONTENT_TYPE) {
            Some(value) => MediaType::parse(value).is_some_and(|media_type| media_type.is(media::REQUEST)),
            // Nothing is said of the type: in the field that is Package#2, for a test it is a fault.
            None => self.config.strictness == dm_package::Strictness::Lenient,
        };
        let parsed = Package2::parse_with(&response.body, self.config.strictness, &limits.package);
        let (true, Ok(parsed)) = (typed, parsed) else { return self.close(Reason::BadPackage) };
        let steps = parsed.value.commands.iter().map(|command| Step::new(command, &self.config)).collect();
        self.core.alerts.confirm();
        self.core.round = self.core.round.saturating_add(1);
        self.core.steps = steps;
        self.core.statuses = Vec::new();
        self.core.reply_len = 0;
        self.run();
    }

    // --- the commands -------------------------------------------------------------------------------

    /// Runs steps until one has to wait or the package is done.
    fn run(&mut self) {
        if self.core.now >= self.core.session_end {
            return self.close(Reason::Timeout);
        }
        while let Some(step) = self.core.steps.get(self.core.statuses.len()).cloned() {
            match self.begin(step) {
                Some(status) => self.core.statuses.push(status),
                None => return,
            }
        }
        if step::ends(&self.core.steps) {
            return self.close(Reason::Ended);
        }
        if self.core.round >= self.config.limits.max_rounds {
            return self.close(Reason::Limit);
        }
        let statuses = mem::take(&mut self.core.statuses);
        self.core.steps = Vec::new();
        let alerts = self.outgoing_alerts().to_vec();
        match (Package3 { statuses, alerts, ..Package3::default() }).to_vec() {
            Ok(body) => self.post(Package::Response, body),
            Err(_) => self.close(Reason::Internal),
        }
    }

    /// Begins a step: its status when it is done already, `None` when it waits.
    fn begin(&mut self, step: Step) -> Option<Status<'static>> {
        match step {
            Step::Fetch { client_uri, .. } => {
                self.ask(Effect::CheckWrite, |server_id| Operation::CheckWrite { server_id, uri: client_uri })
            }
            Step::Upload { client_uris, .. } => {
                self.ask(Effect::ReadForUpload, |server_id| Operation::Read { server_id, uris: client_uris })
            }
            Step::Get { client_uris } => {
                self.ask(Effect::ReadForGet, |server_id| Operation::Read { server_id, uris: client_uris })
            }
            Step::Delete { client_uris } => {
                self.ask(Effect::Order, |server_id| Operation::Delete { server_id, uris: client_uris })
            }
            Step::Exec { client_uri, .. } => {
                self.ask(Effect::CheckExec, |server_id| Operation::CheckExec { server_id, uri: client_uri })
            }
            Step::SetDefault { server_uri, moid } => {
                self.ask(Effect::Order, |server_id| Operation::SetDefault { server_id, moid, server_uri })
            }
            Step::Subscribe { server_uri, client_uri } => {
                self.ask(Effect::Order, |server_id| Operation::Subscribe { server_id, uri: client_uri, server_uri })
            }
            Step::Unsubscribe { client_uri } => {
                self.ask(Effect::Order, |server_id| Operation::Unsubscribe { server_id, uri: client_uri })
            }
            Step::Show { server_uri } => {
                let id = self.core.effects.begin(|id| Action::Launch { id, uri: server_uri });
                self.wait(id, Effect::Launch)
            }
            Step::Continue { server_uri } => Some(Status::new(self.continue_at(&server_uri))),
            // Its status is never sent.
            Step::End => Some(Status::new(StatusCode::OK)),
            Step::Refused(code) => Some(Status::new(StatusCode::new(code).unwrap_or(StatusCode::BAD_REQUEST))),
        }
    }

    /// CONT: every later Package#3 of this session goes there, that of this package included.
    fn continue_at(&mut self, server_uri: &str) -> StatusCode {
        let (Ok(target), Ok(current)) = (Uri::parse(server_uri), Uri::parse(&self.core.endpoint)) else {
            return StatusCode::BAD_REQUEST;
        };
        if target.is_downgrade_from(&current) || (!self.config.allow_http && !target.is_https()) {
            return StatusCode::FORBIDDEN;
        }
        self.core.endpoint = server_uri.into();
        StatusCode::OK
    }

    /// Takes the answer that the current step waited for.
    fn effected(&mut self, effect: Effect, event: Event) {
        let step = self.core.steps.get(self.core.statuses.len()).cloned();
        match (effect, event, step) {
            (Effect::CheckWrite, Event::Managed { outcome, .. }, Some(Step::Fetch { server_uri, .. })) => {
                match refusal(&outcome) {
                    Some(status) => self.finish(status),
                    None => {
                        let transfer = Transfer::download(&server_uri, &mut self.surroundings());
                        self.transfer(transfer, Effect::Download);
                    }
                }
            }
            (Effect::Download(transfer), event, Some(Step::Fetch { client_uri, .. })) => {
                match transfer.answer(event, &mut self.surroundings()) {
                    Progress::Again(transfer) => self.transfer(transfer, Effect::Download),
                    Progress::Failed(status) => self.finish(status),
                    // There is nothing to store, and what is there stays.
                    Progress::Done(response) if response.status == 204 => self.finish(StatusCode::NO_CONTENT),
                    Progress::Done(response) => self.write(response, client_uri),
                }
            }
            (Effect::Write, Event::Managed { outcome, .. }, Some(Step::Fetch { client_uri, .. })) => match outcome {
                // Where the server named the place it knows it.
                Outcome::Written(_) if client_uri.is_some() => self.finish(StatusCode::OK),
                Outcome::Written(uris) => {
                    let uris: Vec<Str<'static>> = uris.into_iter().map(Str::from).collect();
                    self.finish_with(Status::new(StatusCode::OK).with_uris(uris));
                }
                other => self.finish(refusal(&other).unwrap_or(StatusCode::OK)),
            },
            (Effect::ReadForUpload, Event::Managed { outcome, .. }, Some(Step::Upload { post, server_uri, .. })) => {
                self.upload(outcome, post, &server_uri);
            }
            (Effect::Upload(transfer), event, _) => match transfer.answer(event, &mut self.surroundings()) {
                Progress::Again(transfer) => self.transfer(transfer, Effect::Upload),
                Progress::Failed(status) => self.finish(status),
                Progress::Done(_) => self.finish(StatusCode::OK),
            },
            (Effect::ReadForGet, Event::Managed { outcome, .. }, _) => match outcome {
                Outcome::Data(items) => self.finish_with(Status::new(StatusCode::OK).with_data(items)),
                Outcome::Status(status) => self.finish(status),
                _ => self.finish(StatusCode::INTERNAL_ERROR),
            },
            (Effect::Order, Event::Managed { outcome: Outcome::Status(status), .. }, _) => self.finish(status),
            (Effect::CheckExec, Event::Managed { outcome, .. }, Some(Step::Exec { server_uri, .. })) => match outcome {
                Outcome::Executable(client_uri) => self.execute(client_uri, server_uri),
                other => self.finish(refusal(&other).unwrap_or(StatusCode::INTERNAL_ERROR)),
            },
            (Effect::Execute { .. }, Event::Executed { result, .. }, _) => self.finish(result.status),
            (Effect::Execute { execution }, Event::Deferred { id }, _) => {
                self.core.executions.insert(id, execution);
                self.finish(StatusCode::ACCEPTED);
            }
            (Effect::Launch, Event::Launched { status, .. }, _) => self.finish(status),
            // A store that answers another question than it was asked; `check` and `is_consistent` let
            // nothing else come here.
            _ => self.finish(StatusCode::INTERNAL_ERROR),
        }
    }

    fn upload(&mut self, outcome: Outcome, post: bool, server_uri: &str) {
        let items = match outcome {
            Outcome::Data(items) => items,
            Outcome::Status(status) => return self.finish(status),
            _ => return self.finish(StatusCode::INTERNAL_ERROR),
        };
        let method = if post { Method::Post } else { Method::Put };
        match Transfer::upload(method, server_uri, items, &mut self.surroundings()) {
            Ok(transfer) => self.transfer(transfer, Effect::Upload),
            Err(status) => self.finish(status),
        }
    }

    /// Stores what an HGET brought.
    fn write(&mut self, response: Response, client_uri: Option<String>) {
        match transfer::content(response, client_uri.is_some(), &self.config) {
            Err(status) => self.finish(status),
            Ok(content) => {
                self.ask(Effect::Write, |server_id| Operation::Write { server_id, uri: client_uri, content });
            }
        }
    }

    fn execute(&mut self, client_uri: String, server_uri: Option<String>) {
        if self.core.executions.len() >= self.config.limits.max_executions {
            return self.finish(StatusCode::SERVICE_UNAVAILABLE);
        }
        let destination = Destination { server_id: self.core.server_id.clone(), server_uri };
        let execution = Execution { destination, client_uri };
        // A result that can never be reported must not be promised.
        if AlertQueue::check(&execution.report(StatusCode::OK.into())).is_err() {
            return self.finish(StatusCode::INTERNAL_ERROR);
        }
        let id = self.core.effects.begin(|id| Action::Execute { id, execution: execution.clone() });
        if execution.must_defer() {
            self.core.executions.insert(id, execution);
            self.finish(StatusCode::ACCEPTED);
        } else {
            self.wait(id, Effect::Execute { execution });
        }
    }

    /// The result of a deferred execution.
    fn finished(&mut self, id: EffectId, result: ExecResult) {
        let Some(execution) = self.core.executions.remove(&id) else { return };
        let alert = execution.report(result);
        if execution.must_defer() {
            self.core.effects.push(Action::Report { destination: execution.destination, alert });
        } else {
            self.core.alerts.add(alert);
        }
    }

    /// The current step is done; the next ones follow.
    fn finish(&mut self, status: StatusCode) {
        self.finish_with(Status::new(status));
    }

    fn finish_with(&mut self, status: Status<'static>) {
        let status = match self.room_for(&status) {
            Ok(()) => status,
            Err(refused) => Status::new(refused),
        };
        self.core.statuses.push(status);
        self.run();
    }

    /// Whether Package#3 can carry what the tree gave: half of it is for data and addresses. What cannot
    /// be written is the store's fault and costs this command alone.
    fn room_for(&mut self, status: &Status<'static>) -> Result<(), StatusCode> {
        if status.uris.is_empty() && status.data.is_empty() {
            return Ok(());
        }
        let len = Package3::new(alloc::vec![status.clone()]).encoded_len().map_err(|_| StatusCode::INTERNAL_ERROR)?;
        let reply_len = self.core.reply_len.saturating_add(len);
        if reply_len > self.config.limits.package.max_package_len / 2 {
            return Err(StatusCode::TOO_LARGE);
        }
        self.core.reply_len = reply_len;
        Ok(())
    }

    // --- effects ----------------------------------------------------------------------------------------

    fn manage(&mut self, operation: impl FnOnce(String) -> Operation) -> EffectId {
        let operation = operation(self.core.server_id.clone());
        self.core.effects.begin(|id| Action::Manage { id, operation })
    }

    fn ask(&mut self, effect: Effect, operation: impl FnOnce(String) -> Operation) -> Option<Status<'static>> {
        let id = self.manage(operation);
        self.wait(id, effect)
    }

    fn transfer(&mut self, transfer: Transfer, effect: fn(Transfer) -> Effect) {
        self.wait(transfer.id, effect(transfer));
    }

    fn surroundings(&mut self) -> Surroundings<'_> {
        let Core { now, effects, repositories, .. } = &mut self.core;
        Surroundings { now: *now, config: &self.config, effects, repositories }
    }

    /// The current step waits. Always `None`, the answer of a step that is not done.
    fn wait(&mut self, id: EffectId, effect: Effect) -> Option<Status<'static>> {
        self.core.state = State::AwaitEffect { id, effect };
        None
    }

    // --- the end ----------------------------------------------------------------------------------------

    fn close(&mut self, reason: Reason) {
        self.close_with(reason, None);
    }

    fn close_with(&mut self, reason: Reason, retry_after: Option<Duration>) {
        if let Some(id) = mem::replace(&mut self.core.state, State::Done).open() {
            self.core.effects.cancel(id);
        }
        let mut alerts = mem::take(&mut self.core.alerts);
        alerts.requeue();
        self.core.start = None;
        self.core.steps = Vec::new();
        self.core.statuses = Vec::new();
        self.core.reply_len = 0;
        self.core.executions = BTreeMap::new();
        self.core.effects.push(Action::Closed(Closed { reason, alerts, retry_after }));
    }
}

/// The status of an outcome that stops a command: any but a plain 200.
fn refusal(outcome: &Outcome) -> Option<StatusCode> {
    match outcome {
        Outcome::Status(StatusCode::OK) => None,
        Outcome::Status(status) => Some(*status),
        _ => Some(StatusCode::INTERNAL_ERROR),
    }
}

/// The state of a [`Client`] between two calls. It holds no credentials: those come back with the
/// configuration.
///
/// Restoring checks it as a stranger's work, but two things it cannot know: whether the cookies are
/// those of the server, and whether the server ever named the present endpoint by CONT. Who can write
/// a snapshot can choose an HTTPS endpoint that is given the account's credentials, so keep snapshots
/// where only the host writes.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    version: u16,
    core: Core,
}

/// Raised when the form of a snapshot changes.
const SNAPSHOT_VERSION: u16 = 1;

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Client {
    /// Whether the parts of a restored machine fit each other, the configuration and the limits.
    fn is_consistent(&self) -> bool {
        let Self { config, core } = self;
        let limits = &config.limits;
        let at = core.statuses.len();
        let place = match &core.state {
            State::AwaitEffect { effect, .. } => {
                core.steps.get(at).is_some_and(|step| effect.fits(step)) && effect.is_consistent(config)
            }
            State::AwaitP2 { post, .. } => {
                core.round < limits.max_rounds
                    && core.steps.is_empty()
                    && at == 0
                    && config.endpoint(&post.uri).is_some()
                    && post.hops <= http::MAX_REDIRECTS
            }
            State::AwaitMos { .. } | State::Done => core.steps.is_empty() && at == 0,
        };
        let closed = core.effects.iter().filter(|action| matches!(action, Action::Closed(_))).count();
        let ends = match core.effects.iter().next_back() {
            Some(Action::Closed(_)) => closed == 1 && core.state == State::Done,
            _ => closed == 0,
        };
        let ids = core.effects.iter().filter_map(Action::id);
        let unique: BTreeSet<EffectId> = ids.clone().collect();
        let open = core.state.open();
        let known = unique.iter().chain(&open).chain(core.executions.keys()).all(|id| core.effects.knows(*id));
        let queue_bound = limits.max_executions.saturating_mul(2).saturating_add(8);
        let authenticated = core.authenticated.keys().all(|uri| {
            // CONT may have moved on since, so the origin cannot be held against it.
            config.endpoint(uri).is_some()
        });
        place
            && ends
            && known
            && authenticated
            && core.effects.is_consistent()
            && core.effects.iter().all(|action| self.can_queue(action))
            && unique.len() == ids.count()
            && open.is_none_or(|id| !core.executions.contains_key(&id))
            && core.server_id == config.account.server_id
            && config.endpoint(&core.endpoint).is_some()
            && config.endpoint(&core.home).is_some()
            && core.start.is_some() == matches!(core.state, State::AwaitMos { .. })
            && core.round <= limits.max_rounds
            && core.steps.len() <= limits.package.max_commands
            && core.steps.iter().all(|step| step.is_consistent(config))
            && core.executions.len() <= limits.max_executions
            && core.executions.values().all(|execution| execution.destination.server_id == core.server_id)
            && core.effects.len() <= queue_bound
            && core.alerts.is_consistent()
    }

    /// Whether a machine in this state can have queued the action.
    fn can_queue(&self, action: &Action) -> bool {
        let core = &self.core;
        match (action, &core.state) {
            (Action::Closed(closed), State::Done) => closed.alerts.is_consistent(),
            (Action::Cancel { id }, _) => core.effects.knows(*id),
            (Action::Report { destination, alert }, _) => {
                destination.server_id == core.server_id && AlertQueue::check(alert).is_ok()
            }
            (Action::Execute { execution, .. }, State::Done) => execution.destination.server_id == core.server_id,
            (
                Action::Execute { id, execution },
                State::AwaitEffect { effect: Effect::Execute { execution: own }, .. },
            ) if !core.executions.contains_key(id) => execution == own && action.id() == core.state.open(),
            (Action::Execute { id, execution }, _) => core.executions.get(id) == Some(execution),
            (_, state) if action.id() != state.open() => false,
            (Action::Manage { operation, .. }, State::AwaitMos { .. }) => {
                matches!(operation, Operation::ListMos { server_id } if *server_id == core.server_id)
            }
            (Action::Manage { operation, .. }, State::AwaitEffect { .. }) => {
                operation.server_id() == Some(&core.server_id)
            }
            (Action::Post { request, .. } | Action::Authenticate { request, .. }, State::AwaitP2 { post, .. }) => {
                request.method == Method::Post && request.uri == post.uri && request.body == post.body
            }
            (
                Action::Transfer { request, .. },
                State::AwaitEffect { effect: Effect::Download(transfer) | Effect::Upload(transfer), .. },
            ) => transfer.is_for(request),
            (Action::Launch { uri, .. }, State::AwaitEffect { effect: Effect::Launch, .. }) => {
                matches!(core.steps.get(core.statuses.len()), Some(Step::Show { server_uri }) if server_uri == uri)
            }
            _ => false,
        }
    }
}

impl Core {
    /// Whether an origin may be given the account's credentials.
    fn trusts(&self, uri: &Uri) -> bool {
        let origin = uri.origin();
        origin == self.home || Uri::parse(&self.endpoint).is_ok_and(|endpoint| endpoint.origin() == origin)
    }
}

impl Effect {
    /// Whether the step can be the one that waits for this.
    fn fits(&self, step: &Step) -> bool {
        match self {
            Self::CheckWrite | Self::Download(_) | Self::Write => matches!(step, Step::Fetch { .. }),
            Self::ReadForUpload | Self::Upload(_) => matches!(step, Step::Upload { .. }),
            Self::ReadForGet => matches!(step, Step::Get { .. }),
            Self::Order => matches!(
                step,
                Step::Delete { .. } | Step::SetDefault { .. } | Step::Subscribe { .. } | Step::Unsubscribe { .. }
            ),
            Self::CheckExec => matches!(step, Step::Exec { .. }),
            Self::Execute { execution } => matches!(step, Step::Exec { .. }) && !execution.must_defer(),
            Self::Launch => matches!(step, Step::Show { .. }),
        }
    }

    fn is_consistent(&self, config: &ClientConfig) -> bool {
        match self {
            Self::Download(transfer) => transfer.is_consistent(config) && transfer.is_download(),
            Self::Upload(transfer) => transfer.is_consistent(config) && !transfer.is_download(),
            _ => true,
        }
    }
}

impl State {
    /// The effect whose answer is awaited.
    fn open(&self) -> Option<EffectId> {
        match self {
            Self::AwaitMos { id } | Self::AwaitP2 { id, .. } | Self::AwaitEffect { id, .. } => Some(*id),
            Self::Done => None,
        }
    }
}

impl Event {
    /// The id of the action that the event answers.
    #[must_use]
    pub fn id(&self) -> Option<EffectId> {
        match self {
            Self::Response { id, .. }
            | Self::Transferred { id, .. }
            | Self::Failed { id, .. }
            | Self::Managed { id, .. }
            | Self::Executed { id, .. }
            | Self::Deferred { id }
            | Self::Launched { id, .. } => Some(*id),
            Self::Alert(_) | Self::Abort | Self::Tick => None,
        }
    }
}

impl crate::effect::Effect for Action {
    fn id(&self) -> Option<EffectId> {
        Self::id(self)
    }

    fn cancel(id: EffectId) -> Self {
        Self::Cancel { id }
    }
}

impl Action {
    /// The id to give back with the answer; `None` for what needs none, such as
    /// [`Cancel`](Self::Cancel).
    #[must_use]
    pub fn id(&self) -> Option<EffectId> {
        match self {
            Self::Post { id, .. }
            | Self::Authenticate { id, .. }
            | Self::Transfer { id, .. }
            | Self::Manage { id, .. }
            | Self::Execute { id, .. }
            | Self::Launch { id, .. } => Some(*id),
            Self::Report { .. } | Self::Cancel { .. } | Self::Closed(_) => None,
        }
    }
}
