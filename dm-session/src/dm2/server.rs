//! The server machine: one DM session as a DM server sees it (§15 of the project's DM 2.0 reference).

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use dm_notification::{ConType, NotificationBuilder, NotificationId, UnixSeconds};
use dm_package::{
    AcceptList, Alert, ClientUri, Command, Component, MediaType, MosItem, Outcome, Package1, Package2, Package3,
    SessionStart, Status, StatusCode, Strictness, media,
};
use subtle::ConstantTimeEq;

use super::alerts::{EXEC_RESULT, exec_status};
use super::config::Limits;
use crate::expected::Expected;
use crate::http::{self, BasicCredentials, Method, Request, Response, SetCookie, Uri};
use crate::{Error, ErrorKind, Secret, Timestamp};

pub use crate::{Random, RequestId};

/// What a server tells each of its sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The SERVER-ID of its notifications, `SrvID` in the devices' DM Accounts.
    pub server_id: String,
    /// The absolute URI to which devices post. Cookies are bound to its path, and to HTTPS if it is.
    pub endpoint: String,
    /// The name of the session cookie; default `OMADM-Session`.
    pub cookie_name: String,
    /// Whether every Package#2 carries a new token; default yes (OUR DECISION). A Package#3 that the
    /// network delivers twice is then told apart from the answer to the next Package#2.
    pub rotate_token: bool,
    /// Credentials that devices must show by HTTP Basic; `None` where TLS or the host sees to that.
    pub basic: Option<BasicCredentials>,
    /// Secret and authentication data of the notification digest, `Auth/Noti` of the DM Account.
    pub notification: Option<NotificationKey>,
    /// How long to wait for Package#1 before a notification is sent again; default 60 s.
    pub resend_after: Duration,
    /// How often a notification is sent at most, the first time included; default 3.
    pub max_sends: u32,
    /// The AlertTypes that the application knows; others are dropped silently, as §5.4 demands of
    /// what is not recognised. `None`, the default, hands on every alert.
    pub alert_types: Option<Vec<String>>,
    /// AlertTypes, besides [`EXEC_RESULT`] and those that end in
    /// `:OperationComplete`, that report the result of an EXEC; default none.
    pub result_types: Vec<String>,
    /// The value of `OMADM-Accept`: formats beyond the standard's that uploads may have.
    pub formats: Option<String>,
    /// How packages are decoded.
    pub strictness: Strictness,
    /// Bounds.
    pub limits: Limits,
    /// EXECs whose result is still to come, at most; default 256.
    pub max_outstanding: usize,
}

/// Secret and authentication data of a notification digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationKey {
    /// `Auth/Noti/Secret`
    pub secret: Secret,
    /// `Auth/Noti/Data`
    pub auth_data: Vec<u8>,
}

impl ServerConfig {
    /// The defaults for a server and its endpoint.
    #[must_use]
    pub fn new(server_id: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            server_id: server_id.into(),
            endpoint: endpoint.into(),
            cookie_name: "OMADM-Session".into(),
            rotate_token: true,
            basic: None,
            notification: None,
            resend_after: Duration::from_secs(60),
            max_sends: 3,
            alert_types: None,
            result_types: Vec::new(),
            formats: None,
            strictness: Strictness::Lenient,
            limits: Limits::DEFAULT,
            max_outstanding: 256,
        }
    }

    /// The same with this name of the session cookie.
    #[must_use]
    pub fn with_cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = name.into();
        self
    }

    /// The same with one token for the whole session, or a new one for each Package#2.
    #[must_use]
    pub fn with_token_rotation(mut self, rotate: bool) -> Self {
        self.rotate_token = rotate;
        self
    }

    /// The same, demanding these credentials by HTTP Basic.
    #[must_use]
    pub fn with_basic(mut self, credentials: BasicCredentials) -> Self {
        self.basic = Some(credentials);
        self
    }

    /// The same, signing notifications.
    #[must_use]
    pub fn with_notification_key(mut self, secret: Secret, auth_data: impl Into<Vec<u8>>) -> Self {
        self.notification = Some(NotificationKey { secret, auth_data: auth_data.into() });
        self
    }

    /// The same with this policy of sending notifications again.
    #[must_use]
    pub fn with_resend(mut self, after: Duration, max_sends: u32) -> Self {
        self.resend_after = after;
        self.max_sends = max_sends;
        self
    }

    /// The same, knowing these AlertTypes alone.
    #[must_use]
    pub fn with_alert_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.alert_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// The same with more AlertTypes that report the result of an EXEC.
    #[must_use]
    pub fn with_result_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.result_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// The same with this value of `OMADM-Accept`.
    #[must_use]
    pub fn with_formats(mut self, accept: impl Into<String>) -> Self {
        self.formats = Some(accept.into());
        self
    }

    /// The same with this strictness.
    #[must_use]
    pub fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The same with these bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with at most this many EXECs whose result is still to come.
    #[must_use]
    pub fn with_max_outstanding(mut self, executions: usize) -> Self {
        self.max_outstanding = executions;
        self
    }

    fn check(&self) -> Result<Uri, Error> {
        let uri = Uri::parse(&self.endpoint).map_err(|_| ErrorKind::InvalidConfig)?;
        NotificationBuilder::new(&self.server_id).map_err(|_| ErrorKind::InvalidConfig)?;
        if self.max_sends == 0 {
            return Err(ErrorKind::InvalidConfig.into());
        }
        let _writable = self.cookie(&uri, "0").ok_or(ErrorKind::InvalidConfig)?;
        Ok(uri)
    }

    fn cookie(&self, endpoint: &Uri, token: &str) -> Option<SetCookie> {
        let cookie = SetCookie::new(self.cookie_name.clone(), token).ok()?.with_path(endpoint.path()).ok()?;
        let cookie = cookie.with_http_only();
        Some(if endpoint.is_https() { cookie.with_secure() } else { cookie })
    }
}

/// What the host tells the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The application wants a session: notify the device.
    Notify {
        /// The bearer that it would like.
        con_type: ConType,
        /// Whether Package#1 shall list the MOs.
        req_mos: bool,
        /// Fresh randomness.
        random: Random,
    },
    /// A device has posted.
    Request {
        /// To name it in [`Action::Respond`].
        id: RequestId,
        /// The request.
        request: Request,
        /// Fresh randomness.
        random: Random,
    },
    /// The application's answer to [`Action::Decide`].
    Commands {
        /// The id of the decision.
        id: RequestId,
        /// The next commands. None at all ends the session.
        commands: Vec<Command<'static>>,
    },
    /// The application failed to decide: the device is told 500.
    Fail {
        /// The id of the decision.
        id: RequestId,
    },
    /// The host gives the session up.
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
    /// Send these bytes to the device by any bearer of notifications.
    SendNotification(Vec<u8>),
    /// The notification was sent as often as configured and no session came.
    NotificationUnanswered,
    /// The device opened the session or answered. Choose what comes next: [`Event::Commands`]. The
    /// request waits; if the device opens another session meanwhile, the decision is void and another
    /// one is asked for.
    Decide {
        /// To give back with the commands: that of the request.
        id: RequestId,
        /// What the device sent.
        received: Received,
    },
    /// Answer this HTTP request.
    Respond {
        /// The request's id.
        id: RequestId,
        /// The complete response.
        response: Response,
    },
    /// The device goes on at another endpoint. [`Server::restore`] this there.
    ///
    /// The cookie does not go to another host, so the URI itself is what lets the next Package#3 in.
    /// It must hold what nobody can guess, such as a random key in its query.
    HandOver {
        /// The ServerURI of the CONT.
        server_uri: String,
        /// The session, waiting for Package#3.
        session: Snapshot,
    },
    /// The device opened a new session over a running one; what became of these commands is unknown.
    Abandoned(#[cfg_attr(feature = "serde", serde(with = "crate::wire::commands"))] Vec<Command<'static>>),
    /// The session is over. Nothing comes after it but the refusal of requests that are late.
    Closed(Closed),
}

/// What a device sent.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Received {
    /// The device, by `OMADM-DevID`.
    pub device_id: String,
    /// What Package#1 or Package#3 says besides alerts.
    pub content: Content,
    /// The alerts, session-start alert excluded. They are never answered.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::alerts"))]
    pub alerts: Vec<Alert<'static>>,
    /// EXECs whose result the alerts brought.
    pub completed: Vec<Completed>,
}

/// What a package says besides alerts.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Content {
    /// Package#1.
    Initiation {
        /// How the session came about; `None` where the device left that alert out.
        start: Option<Initiator>,
        /// Whether it answers the notification that this machine sent.
        notified: bool,
        /// The MOs that the device lists.
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::mos"))]
        mos: Option<Vec<MosItem<'static>>>,
    },
    /// Package#3.
    Results(Results),
}

/// How a session came about (§5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Initiator {
    /// A notification, with its id if the device gave it back.
    Server(Option<u16>),
    /// The device.
    Client,
    /// The device, after a bootstrap.
    Bootstrap,
}

/// The commands of a Package#2 with the statuses of the Package#3 that answers it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Results {
    /// The commands as they were sent.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::commands"))]
    pub commands: Vec<Command<'static>>,
    /// Their statuses by position; fewer where the device sent fewer.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::statuses"))]
    pub statuses: Vec<Status<'static>>,
}

impl Results {
    /// Each command with its status; `None` where the device did not answer it.
    pub fn iter(&self) -> impl Iterator<Item = (&Command<'static>, Option<&Status<'static>>)> {
        let statuses = self.statuses.iter().map(Some).chain(core::iter::repeat(None));
        self.commands.iter().zip(statuses)
    }
}

/// An EXEC whose result is still to come, in this session or a later one: it was answered 202, or it
/// named a ServerURI in a package with END. A host keeps these for each device, and may drop those
/// that it has given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Outstanding {
    /// The device.
    pub device_id: String,
    /// The ClientURI of the EXEC.
    pub client_uri: String,
    /// Where the result was to be reported; `None` for any session of this server.
    pub server_uri: Option<String>,
}

impl Outstanding {
    /// An EXEC of which the host knows in another way, such as one whose session was abandoned.
    #[must_use]
    pub fn new(device_id: impl Into<String>, client_uri: impl Into<String>, server_uri: Option<String>) -> Self {
        Self { device_id: device_id.into(), client_uri: client_uri.into(), server_uri }
    }
}

/// An EXEC whose result came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Completed {
    /// The EXEC.
    pub execution: Outstanding,
    /// Which of the alerts brought the result.
    pub alert: usize,
    /// The final status where the alert is the generic one; other alerts say it in their own way.
    pub status: Option<StatusCode>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// Commands that were sent and never answered.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::commands"))]
    pub unanswered: Vec<Command<'static>>,
    /// EXECs whose result is still to come; give them to the device's next session.
    pub outstanding: Vec<Outstanding>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// END was sent.
    Ended,
    /// CONT was sent; another endpoint goes on.
    HandedOver,
    /// The device did not go on in time.
    Timeout,
    /// Strict mode: the statuses do not fit the commands.
    BadPackage,
    /// The host gave it up.
    Aborted,
}

/// Where the machine stands.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
enum State {
    None,
    /// A notification is out.
    Notified {
        notice: Notice,
        sends: u32,
        resend_at: Timestamp,
    },
    /// The application chooses commands. `request` is open until it has, or has failed to.
    Deciding {
        request: Option<RequestId>,
        next_token: String,
        deadline: Timestamp,
    },
    /// Commands are out.
    AwaitP3 {
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::commands"))]
        sent: Vec<Command<'static>>,
        deadline: Timestamp,
    },
    Closed,
}

/// A notification that no session has answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Notice {
    id: u16,
    con_type: u8,
    req_mos: bool,
}

/// How the next Package#3 shows that it belongs to this session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Access {
    /// By the token in the cookie.
    Token(String),
    /// By the path and query of the URI that CONT named: the cookie does not go to another host.
    Target(String),
}

/// All of the machine but its configuration: what a snapshot holds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Core {
    server_id: String,
    now: Timestamp,
    state: State,
    device_id: Option<String>,
    access: Option<Access>,
    /// NOTIFICATION-IDs that were sent and not answered, the newest last.
    pending: Expected,
    outstanding: Vec<Outstanding>,
    queue: VecDeque<Action>,
}

/// One DM session of a server with one device (`OMA-TS-DM_Protocol-V2_0 §5.1, §5.2`).
///
/// ```text
///  None ─▶ Notified ─▶ Deciding ⇄ AwaitP3
///    ╰───────────────────▲ ╰──────────┴──▶ Closed
/// ```
///
/// A host keeps one machine for each session and finds it with [`route`]. Any node can go on from a
/// [`snapshot`](Self::snapshot).
///
/// `Debug` names the device and the state, never the token.
#[derive(Clone)]
pub struct Server {
    config: ServerConfig,
    endpoint: Uri,
    core: Core,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.core.state {
            State::None => "None",
            State::Notified { .. } => "Notified",
            State::Deciding { .. } => "Deciding",
            State::AwaitP3 { .. } => "AwaitP3",
            State::Closed => "Closed",
        };
        f.debug_struct("Server")
            .field("device_id", &self.core.device_id)
            .field("state", &state)
            .field("queued", &self.core.queue.len())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A machine for one session. `outstanding` are the device's EXECs whose result is still to come.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`]: the endpoint is no HTTP(S) URI, or the server id or the cookie's
    /// name cannot be written. [`ErrorKind::LimitExceeded`]: too many outstanding EXECs.
    pub fn start(config: ServerConfig, outstanding: Vec<Outstanding>, now: Timestamp) -> Result<Self, Error> {
        let endpoint = config.check()?;
        if outstanding.len() > config.max_outstanding {
            return Err(ErrorKind::LimitExceeded.into());
        }
        let core = Core {
            server_id: config.server_id.clone(),
            now,
            state: State::None,
            device_id: None,
            access: None,
            pending: Expected::default(),
            outstanding,
            queue: VecDeque::new(),
        };
        Ok(Self { config, endpoint, core })
    }

    /// Tells the machine what happened. `now` never goes back: an earlier value counts as the last.
    ///
    /// # Errors
    ///
    /// The machine is as it was before. [`ErrorKind::ApiMisuse`]: the event does not fit, such as
    /// commands when none are asked for. [`ErrorKind::Closed`]: the session is over.
    /// [`ErrorKind::InvalidCommand`]: a command cannot be sent (END twice, say, or HPUT without a
    /// ClientURI). [`ErrorKind::LimitExceeded`]: too many EXECs without a result, or a thousand
    /// actions that nobody took.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        if event != Event::Tick && self.core.queue.len() >= MAX_QUEUE {
            return Err(ErrorKind::LimitExceeded.into());
        }
        match event {
            Event::Tick => {
                self.advance(now);
                self.tick();
                Ok(())
            }
            Event::Request { id, request, random } => {
                if self.is_closed() && is_initiation(&request) {
                    return Err(ErrorKind::Closed.into());
                }
                self.advance(now);
                if let Err(response) = self.receive(id, &request, &random) {
                    self.core.queue.push_back(Action::Respond { id, response });
                }
                Ok(())
            }
            _ if self.is_closed() => Err(ErrorKind::Closed.into()),
            Event::Notify { con_type, req_mos, random } => self.notify(now, con_type, req_mos, &random),
            Event::Commands { id, commands } => {
                self.check_decision(id)?;
                self.command(now, id, commands)
            }
            Event::Fail { id } => {
                self.check_decision(id)?;
                self.advance(now);
                self.release(500);
                Ok(())
            }
            Event::Abort => {
                self.advance(now);
                self.release(503);
                self.close(Reason::Aborted);
                Ok(())
            }
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.core.queue.pop_front()
    }

    /// When to send the next [`Event::Tick`]; `None` when nothing has to happen by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.core.state {
            State::Notified { resend_at, .. } => Some(*resend_at),
            State::AwaitP3 { deadline, .. } | State::Deciding { request: None, deadline, .. } => Some(*deadline),
            State::None | State::Deciding { .. } | State::Closed => None,
        }
    }

    /// Whether the session is over. Actions may still be queued.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.state == State::Closed
    }

    /// Whether there is no session, none is waited for and no action is queued: a host may drop the
    /// machine, if it takes back what it gave: [`into_outstanding`](Self::into_outstanding). So it is
    /// after a first request that was refused.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core.state == State::None && self.core.queue.is_empty()
    }

    /// Gives back the EXECs whose result is still to come, for a machine that is dropped.
    #[must_use]
    pub fn into_outstanding(self) -> Vec<Outstanding> {
        self.core.outstanding
    }

    /// The device, once it has posted.
    #[must_use]
    pub fn device_id(&self) -> Option<&str> {
        self.core.device_id.as_deref()
    }

    /// The request that waits for the application's decision, if one does: the id for
    /// [`Event::Commands`]. Its answer goes out by [`Action::Respond`].
    #[must_use]
    pub fn open_request(&self) -> Option<RequestId> {
        match self.core.state {
            State::Deciding { request, .. } => request,
            _ => None,
        }
    }

    /// The token by which [`route`] finds this session: that of the latest Package#2. It is a
    /// credential of the running session.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.core.access {
            Some(Access::Token(token)) => Some(token),
            _ => None,
        }
    }

    /// The machine's state, queued actions included, keys and passwords excluded. The session token
    /// is part of it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: SNAPSHOT_VERSION, core: alloc::boxed::Box::new(self.core.clone()) }
    }

    /// Goes on from a snapshot, on this node or another, or at the endpoint that CONT named. It is
    /// checked as if a stranger had written it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSnapshot`] when it is of another version or server, or contradicts itself
    /// or the limits; [`ErrorKind::InvalidConfig`] as [`start`](Self::start).
    pub fn restore(config: ServerConfig, snapshot: Snapshot) -> Result<Self, Error> {
        let endpoint = config.check()?;
        let server = Self { config, endpoint, core: *snapshot.core };
        if snapshot.version == SNAPSHOT_VERSION && server.core.is_consistent(&server.config) {
            Ok(server)
        } else {
            Err(ErrorKind::InvalidSnapshot.into())
        }
    }

    /// Whether the application was asked for this decision, and has not decided yet.
    fn check_decision(&self, id: RequestId) -> Result<(), Error> {
        let open = matches!(self.core.state, State::Deciding { request: Some(open), .. } if open == id);
        let unseen = self.core.queue.iter().any(|action| matches!(action, Action::Decide { .. }));
        if open && !unseen { Ok(()) } else { Err(ErrorKind::ApiMisuse.into()) }
    }

    fn advance(&mut self, now: Timestamp) {
        self.core.now = self.core.now.max(now);
    }

    // --- Package#0 -----------------------------------------------------------------------------------

    fn notify(&mut self, now: Timestamp, con_type: ConType, req_mos: bool, random: &Random) -> Result<(), Error> {
        if !matches!(self.core.state, State::None | State::Notified { .. }) {
            return Err(ErrorKind::ApiMisuse.into());
        }
        let id = self.core.pending.draw(random, 0);
        let notice = Notice { id, con_type: con_type.into(), req_mos };
        let moment = self.core.now.max(now);
        let bytes = self.notification(notice, moment)?;
        self.core.now = moment;
        self.core.pending.add(id);
        self.core.queue.push_back(Action::SendNotification(bytes));
        let resend_at = moment.after(self.config.resend_after);
        self.core.state = State::Notified { notice, sends: 1, resend_at };
        Ok(())
    }

    /// Package#0 with the time of sending; signed if there is a key.
    fn notification(&self, notice: Notice, now: Timestamp) -> Result<Vec<u8>, Error> {
        let builder = NotificationBuilder::new(&self.config.server_id).map_err(|_| ErrorKind::InvalidConfig)?;
        let builder = builder
            .con_type(ConType::from(notice.con_type))
            .notification_id(NotificationId(notice.id))
            .timestamp(UnixSeconds(now.as_secs()));
        let builder = if notice.req_mos { builder.req_mos() } else { builder };
        Ok(match &self.config.notification {
            Some(key) => builder.sign(key.secret.expose_secret(), &key.auth_data).to_vec(),
            None => builder.to_vec(),
        })
    }

    fn tick(&mut self) {
        let now = self.core.now;
        match self.core.state {
            State::Notified { notice, sends, resend_at } if now >= resend_at => match self.notification(notice, now) {
                Ok(bytes) if sends < self.config.max_sends => {
                    self.core.queue.push_back(Action::SendNotification(bytes));
                    let resend_at = now.after(self.config.resend_after);
                    self.core.state = State::Notified { notice, sends: sends.saturating_add(1), resend_at };
                }
                _ => {
                    self.core.queue.push_back(Action::NotificationUnanswered);
                    self.core.state = State::None;
                }
            },
            State::AwaitP3 { deadline, .. } | State::Deciding { request: None, deadline, .. } if now >= deadline => {
                self.close(Reason::Timeout);
            }
            _ => {}
        }
    }

    // --- Package#1 and Package#3 -------------------------------------------------------------------------

    /// Takes a request. `Err` is the answer to one that changes nothing.
    fn receive(&mut self, id: RequestId, request: &Request, random: &Random) -> Result<(), Response> {
        match route(request, &self.config)? {
            Route::Initiation { device_id } => self.initiation(id, device_id, request, random),
            Route::Response { device_id, token } => self.response(id, device_id, token, request, random),
        }
    }

    fn initiation(
        &mut self,
        id: RequestId,
        device_id: &str,
        request: &Request,
        random: &Random,
    ) -> Result<(), Response> {
        // A machine is one device's.
        if self.core.device_id.as_deref().is_some_and(|own| own != device_id) {
            return Err(unknown_session());
        }
        let parsed = Package1::parse_with(&request.body, self.config.strictness, &self.config.limits.package);
        let package = parsed.map_err(|_| Response::new(400))?.value.into_owned();
        // The token of an older session of this device is worth nothing from here on.
        self.release(409);
        let (start, mut alerts) = split_start(package.alerts);
        let notified = match start {
            Some(Initiator::Server(Some(id))) => self.core.pending.take(|expected| expected == id),
            _ => false,
        };
        if let State::AwaitP3 { sent, .. } = mem::replace(&mut self.core.state, State::None) {
            self.core.queue.push_back(Action::Abandoned(sent));
        }
        self.core.device_id = Some(device_id.into());
        self.core.access = None;
        let mut completed = self.complete(device_id, &alerts);
        self.keep_known(&mut alerts, &mut completed);
        let content = Content::Initiation { start, notified, mos: package.mos };
        self.decide(id, random, Received { device_id: device_id.into(), content, alerts, completed });
        Ok(())
    }

    fn response(
        &mut self,
        id: RequestId,
        device_id: &str,
        token: Option<&str>,
        request: &Request,
        random: &Random,
    ) -> Result<(), Response> {
        let known = match &self.core.access {
            Some(Access::Target(target)) => {
                self.target_of(request).is_some_and(|own| own.as_bytes().ct_eq(target.as_bytes()).into())
            }
            Some(Access::Token(own)) => {
                let token = token.ok_or_else(|| Response::new(400))?;
                bool::from(own.as_bytes().ct_eq(token.as_bytes()))
            }
            None if token.is_none() => return Err(Response::new(400)),
            None => false,
        };
        if !known || self.is_closed() || self.core.device_id.as_deref() != Some(device_id) {
            return Err(unknown_session());
        }
        if let State::AwaitP3 { deadline, .. } | State::Deciding { request: None, deadline, .. } = self.core.state
            && self.core.now >= deadline
        {
            // Nobody has let it know that its time was over.
            self.core.queue.push_back(Action::Respond { id, response: unknown_session() });
            self.close(Reason::Timeout);
            return Ok(());
        }
        let State::AwaitP3 { sent, .. } = &self.core.state else {
            // The same Package#3 again, while the application still decides.
            return Err(Response::new(409));
        };
        let parsed = Package3::parse_with(&request.body, self.config.strictness, &self.config.limits.package);
        let package = parsed.map_err(|_| Response::new(400))?.value.into_owned();
        if self.config.strictness == Strictness::Strict && package.statuses.len() != sent.len() {
            self.core.queue.push_back(Action::Respond { id, response: Response::new(400) });
            self.close(Reason::BadPackage);
            return Ok(());
        }
        let State::AwaitP3 { sent: commands, .. } = mem::replace(&mut self.core.state, State::None) else {
            return Err(Response::new(500));
        };
        let mut statuses = package.statuses;
        statuses.truncate(commands.len());
        let results = Results { commands, statuses };
        // First what is finished by now, then what has just begun: an alert in this very package may
        // answer an EXEC whose 202 is in it too.
        self.record_accepted(device_id, &results);
        let mut alerts = package.alerts;
        let mut completed = self.complete(device_id, &alerts);
        self.keep_known(&mut alerts, &mut completed);
        let content = Content::Results(results);
        self.decide(id, random, Received { device_id: device_id.into(), content, alerts, completed });
        Ok(())
    }

    fn decide(&mut self, id: RequestId, random: &Random, received: Received) {
        self.core.queue.push_back(Action::Decide { id, received });
        let deadline = self.core.now.after(self.config.limits.idle_timeout);
        self.core.state = State::Deciding { request: Some(id), next_token: hex(random.bytes()), deadline };
    }

    /// Notes the EXECs that were answered 202.
    fn record_accepted(&mut self, device_id: &str, results: &Results) {
        for (command, status) in results.iter() {
            if let Command::Exec { client_uri, server_uri } = command
                && status.is_some_and(|status| status.sc == StatusCode::ACCEPTED)
            {
                self.core.outstanding.push(Outstanding {
                    device_id: device_id.into(),
                    client_uri: client_uri.as_str().into(),
                    server_uri: server_uri.as_ref().map(|uri| uri.as_str().into()),
                });
            }
        }
    }

    /// Notes the EXECs of a package with END. No status will come, but the device reports to their
    /// ServerURI all the same.
    fn record_unheard(&mut self) {
        let State::AwaitP3 { sent, .. } = &self.core.state else { return };
        let Some(device_id) = &self.core.device_id else { return };
        for command in sent {
            if let Command::Exec { client_uri, server_uri: Some(server_uri) } = command {
                self.core.outstanding.push(Outstanding {
                    device_id: device_id.clone(),
                    client_uri: client_uri.as_str().into(),
                    server_uri: Some(server_uri.as_str().into()),
                });
            }
        }
    }

    /// Finds the EXECs that the alerts complete, and forgets them.
    fn complete(&mut self, device_id: &str, alerts: &[Alert<'static>]) -> Vec<Completed> {
        let waiting = mem::take(&mut self.core.outstanding);
        let here = |execution: &Outstanding| execution.device_id == device_id && self.reaches_here(execution);
        // Each address is taken apart once, however many alerts there are.
        let uris: Vec<Option<ClientUri<'_>>> = waiting
            .iter()
            .map(|execution| here(execution).then(|| ClientUri::parse(&execution.client_uri).ok()).flatten())
            .collect();
        let mut targets: Vec<Option<Address<'_>>> = uris.iter().map(|uri| uri.as_ref().map(Address::of)).collect();
        let mut completed = Vec::new();
        for (index, alert) in alerts.iter().enumerate().filter(|(_, alert)| self.is_result(alert)) {
            let source = alert.source_uri.as_deref().and_then(|source| ClientUri::parse(source).ok());
            let Some(source) = source else { continue };
            let source = Address::of(&source);
            let at = targets.iter().position(|target| target.as_ref().is_some_and(|target| target.can_name(&source)));
            if let Some(at) = at
                && let Some((execution, target)) = waiting.get(at).zip(targets.get_mut(at))
            {
                *target = None;
                let (execution, status) = (execution.clone(), exec_status(alert));
                completed.push((at, Completed { execution, alert: index, status }));
            }
        }
        drop(targets);
        drop(uris);
        let mut index = 0_usize;
        let mut left = waiting;
        left.retain(|_| {
            let done = completed.iter().any(|(at, _)| *at == index);
            index = index.saturating_add(1);
            !done
        });
        self.core.outstanding = left;
        completed.into_iter().map(|(_, completed)| completed).collect()
    }

    /// Whether an alert of this type reports the result of an EXEC.
    fn is_result(&self, alert: &Alert<'static>) -> bool {
        let kind = alert.alert_type.as_str();
        kind == EXEC_RESULT
            || kind.ends_with(":OperationComplete")
            || self.config.result_types.iter().any(|known| known == kind)
    }

    /// Whether the report of an EXEC comes to this endpoint.
    fn reaches_here(&self, execution: &Outstanding) -> bool {
        let Some(server_uri) = &execution.server_uri else { return true };
        Uri::parse(server_uri).is_ok_and(|uri| self.is_own(&uri))
    }

    /// Drops, silently, the alerts of types that the application does not know, unless they complete
    /// an EXEC.
    fn keep_known(&self, alerts: &mut Vec<Alert<'static>>, completed: &mut [Completed]) {
        let Some(known) = &self.config.alert_types else { return };
        let (mut before, mut after) = (0_usize, 0_usize);
        alerts.retain(|alert| {
            let completes = completed.iter_mut().find(|done| done.alert == before);
            let keep = completes.is_some() || known.iter().any(|known| *known == alert.alert_type.as_str());
            if let Some(done) = completes {
                done.alert = after;
            }
            before = before.saturating_add(1);
            after = after.saturating_add(usize::from(keep));
            keep
        });
    }

    // --- Package#2 ---------------------------------------------------------------------------------------

    fn command(&mut self, now: Timestamp, id: RequestId, mut commands: Vec<Command<'static>>) -> Result<(), Error> {
        let State::Deciding { next_token, .. } = &self.core.state else { return Err(ErrorKind::ApiMisuse.into()) };
        let next_token = next_token.clone();
        if commands.is_empty() {
            commands.push(Command::End);
        }
        let ends = self.check_commands(&commands)?;
        let onward = if ends { None } else { self.foreign_target(&commands)? };
        let body = Package2 { commands: commands.clone() }.to_vec().map_err(|_| ErrorKind::InvalidCommand)?;
        let token = match self.token() {
            Some(token) if !self.config.rotate_token => String::from(token),
            _ => next_token,
        };
        let mut cookie = self.config.cookie(&self.endpoint, &token).ok_or(ErrorKind::InvalidConfig)?;
        if ends {
            cookie = cookie.with_max_age(Duration::ZERO);
        }

        self.advance(now);
        let fresh = self.token() != Some(&token);
        let mut response = Response::new(200).with_header(http::CONTENT_TYPE, media::REQUEST).with_body(body);
        if fresh || ends {
            response.headers.push(http::SET_COOKIE, cookie.header());
        }
        if let Some(formats) = &self.config.formats {
            response.headers.push(http::OMADM_ACCEPT, formats.clone());
        }
        self.core.queue.push_back(Action::Respond { id, response });
        self.core.access = Some(Access::Token(token));
        let deadline = self.core.now.after(self.config.limits.idle_timeout);
        self.core.state = State::AwaitP3 { sent: commands, deadline };
        if ends {
            self.record_unheard();
            self.core.state = State::None;
            self.close(Reason::Ended);
        } else if let Some((server_uri, target)) = onward {
            self.hand_over(server_uri, target);
        }
        Ok(())
    }

    /// What a Package#2 may hold (§15): END at most once and last, room for each EXEC's result.
    fn check_commands(&self, commands: &[Command<'static>]) -> Result<bool, Error> {
        let ends = commands.iter().filter(|command| matches!(command, Command::End)).count();
        let last = matches!(commands.last(), Some(Command::End));
        if ends > 1 || (ends == 1) != last || commands.len() > self.config.limits.package.max_commands {
            return Err(ErrorKind::InvalidCommand.into());
        }
        let executions = commands.iter().filter(|command| matches!(command, Command::Exec { .. })).count();
        if self.core.outstanding.len().saturating_add(executions) > self.config.max_outstanding {
            return Err(ErrorKind::LimitExceeded.into());
        }
        Ok(last)
    }

    /// The last CONT, if it leads where this machine's cookie does not go; with its path and query.
    fn foreign_target(&self, commands: &[Command<'static>]) -> Result<Option<(String, String)>, Error> {
        let last = commands.iter().rev().find_map(|command| match command {
            Command::Cont { server_uri } => Some(server_uri.as_str()),
            _ => None,
        });
        let Some(server_uri) = last else { return Ok(None) };
        let target = Uri::parse(server_uri).map_err(|_| ErrorKind::InvalidCommand)?;
        if target.is_downgrade_from(&self.endpoint) {
            return Err(ErrorKind::InvalidCommand.into());
        }
        Ok((!self.is_own(&target)).then(|| (server_uri.into(), target.path_and_query().into())))
    }

    /// The path and query of a request that came in absolute or in origin form.
    fn target_of(&self, request: &Request) -> Option<String> {
        Some(self.endpoint.join(&request.uri).ok()?.path_and_query().into())
    }

    fn is_own(&self, uri: &Uri) -> bool {
        let own = self.endpoint.path();
        let below = uri
            .path()
            .strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || own.ends_with('/') || rest.starts_with('/'));
        uri.same_origin(&self.endpoint) && below
    }

    fn hand_over(&mut self, server_uri: String, target: String) {
        let session = Core {
            access: Some(Access::Target(target)),
            outstanding: mem::take(&mut self.core.outstanding),
            state: mem::replace(&mut self.core.state, State::None),
            queue: VecDeque::new(),
            ..self.core.clone()
        };
        let session = Snapshot { version: SNAPSHOT_VERSION, core: alloc::boxed::Box::new(session) };
        self.core.queue.push_back(Action::HandOver { server_uri, session });
        self.close(Reason::HandedOver);
    }

    // --- the end -----------------------------------------------------------------------------------------

    /// Answers a request that is still open.
    fn release(&mut self, status: u16) {
        if let State::Deciding { request, .. } = &mut self.core.state
            && let Some(id) = request.take()
        {
            self.core.queue.retain(|action| !matches!(action, Action::Decide { .. }));
            self.core.queue.push_back(Action::Respond { id, response: Response::new(status) });
        }
    }

    fn close(&mut self, reason: Reason) {
        let unanswered = match mem::replace(&mut self.core.state, State::Closed) {
            State::AwaitP3 { sent, .. } => sent,
            _ => Vec::new(),
        };
        let outstanding = mem::take(&mut self.core.outstanding);
        self.core.queue.push_back(Action::Closed(Closed { reason, unanswered, outstanding }));
    }
}

/// Where a request belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a device posts two kinds of package, and a host has to serve both")]
pub enum Route<'a> {
    /// Package#1: the device's machine if one is [notified](Event::Notify) or running, else a new one.
    Initiation {
        /// The device.
        device_id: &'a str,
    },
    /// Package#3: the machine with this [token](Server::token). Without a token it may still belong to
    /// a session that was handed over to this request's URI.
    Response {
        /// The device.
        device_id: &'a str,
        /// The value of the session cookie.
        token: Option<&'a str>,
    },
}

/// Tells to which session a request belongs, without reading its body.
///
/// # Errors
///
/// The answer to a request that belongs to none: 405 (no POST), 415 (neither Package#1 nor
/// Package#3), 400 (no `OMADM-DevID`), 401 (credentials), 406 (`Accept` excludes Package#2).
pub fn route<'a>(request: &'a Request, config: &ServerConfig) -> Result<Route<'a>, Response> {
    if request.method != Method::Post {
        return Err(Response::new(405).with_header("Allow", "POST"));
    }
    let body = Outcome::of_body(request.headers.get(http::CONTENT_TYPE), &[media::INITIATION, media::RESPONSE]);
    let Outcome::Proceed(media_type) = body else {
        let readable = format!("{}, {}", media::INITIATION, media::RESPONSE);
        return Err(Response::new(415).with_header(http::OMADM_ACCEPT, readable));
    };
    let device_id = request.headers.get(http::OMADM_DEV_ID).filter(|id| !id.is_empty());
    let device_id = device_id.ok_or_else(|| Response::new(400))?;
    if let Some(basic) = &config.basic {
        let shown = request.headers.get(http::AUTHORIZATION);
        if !shown.is_some_and(|shown| basic.verify(shown)) {
            let challenge = "Basic realm=\"OMA DM\", charset=\"UTF-8\"";
            return Err(Response::new(401).with_header(http::WWW_AUTHENTICATE, challenge));
        }
    }
    let accept = request.headers.joined(http::ACCEPT);
    let answer = Outcome::of_response(&AcceptList::from_header(accept.as_deref()), &[media::REQUEST]);
    if let Some(refused) = answer.status_code() {
        return Err(Response::new(refused.as_u16()));
    }
    if media_type == media::INITIATION {
        return Ok(Route::Initiation { device_id });
    }
    let token = http::cookies(request).find(|(name, _)| *name == config.cookie_name).map(|(_, value)| value);
    Ok(Route::Response { device_id, token })
}

/// The answer to a Package#3 of a session that is not known: 403.
#[must_use]
pub fn unknown_session() -> Response {
    Response::new(403)
}

fn is_initiation(request: &Request) -> bool {
    let media_type = request.headers.get(http::CONTENT_TYPE).and_then(MediaType::parse);
    media_type.is_some_and(|media_type| media_type.is(media::INITIATION))
}

/// Takes the first session-start alert out.
fn split_start(mut alerts: Vec<Alert<'static>>) -> (Option<Initiator>, Vec<Alert<'static>>) {
    let mut start = None;
    alerts.retain(|alert| {
        let Some(kind) = alert.session_start() else { return true };
        start = start.or(match kind {
            SessionStart::ServerInitiated => Some(Initiator::Server(alert.notification_id())),
            SessionStart::ClientInitiated => Some(Initiator::Client),
            SessionStart::BootstrapComplete => Some(Initiator::Bootstrap),
        });
        false
    });
    (start, alerts)
}

/// A ClientURI taken apart.
struct Address<'a> {
    moid: &'a str,
    instance: Component<'a>,
    path: Vec<Component<'a>>,
}

impl<'a> Address<'a> {
    fn of(uri: &'a ClientUri<'_>) -> Self {
        Self { moid: uri.moid(), instance: uri.instance(), path: uri.path().collect() }
    }

    /// Whether `source`, a resolved ClientURI, is a node that this can have addressed: the same names,
    /// wherever this gives names.
    fn can_name(&self, source: &Address<'_>) -> bool {
        let fits = |(want, have): (&Component<'_>, &Component<'_>)| match want {
            Component::Name(_) => have == want,
            _ => true,
        };
        self.path.len() == source.path.len()
            && self.moid == source.moid
            && fits((&self.instance, &source.instance))
            && self.path.iter().zip(&source.path).all(fits)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The state of a [`Server`] between two calls: what any node needs to answer the device's next
/// request. It holds the session token, so it is worth protecting; keys and passwords are not in it.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    version: u16,
    core: alloc::boxed::Box<Core>,
}

/// Raised when the form of a snapshot changes.
const SNAPSHOT_VERSION: u16 = 1;

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

/// How many actions may wait when an event comes; it adds three at most.
const MAX_QUEUE: usize = 1024;

impl Core {
    /// Whether the parts of a restored machine fit each other, the configuration and the limits.
    fn is_consistent(&self, config: &ServerConfig) -> bool {
        let closed = self.queue.iter().filter(|action| matches!(action, Action::Closed(_))).count();
        let posted = self.device_id.as_ref().is_some_and(|id| !id.is_empty());
        let place = match &self.state {
            State::None => true,
            State::Notified { notice, sends, .. } => {
                self.pending.last() == Some(notice.id) && (1..=config.max_sends).contains(sends)
            }
            State::Deciding { next_token, .. } => posted && is_token(next_token),
            State::AwaitP3 { sent, .. } => {
                posted && self.access.is_some() && !sent.is_empty() && sent.len() <= config.limits.package.max_commands
            }
            State::Closed => self.outstanding.is_empty(),
        };
        let access = match &self.access {
            Some(Access::Token(token)) => is_token(token),
            Some(Access::Target(target)) => target.starts_with('/'),
            None => true,
        };
        place
            && access
            && closed == usize::from(closed > 0 && self.state == State::Closed)
            && self.server_id == config.server_id
            && self.pending.is_consistent(0)
            && self.outstanding.len() <= config.max_outstanding
            && self.queue.len() <= MAX_QUEUE.saturating_add(4)
    }
}

/// 32 bytes in hexadecimal.
fn is_token(token: &str) -> bool {
    token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit())
}
