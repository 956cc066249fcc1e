//! The server machine: one DM session as a DM server sees it (§15 of the project's DM 1.2 reference).

mod answer;
mod api;
mod orders;
mod receive;
mod results;
mod route;
mod snapshot;

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use dm_notification::dm1::{
    Credentials as Digest, DIGEST_LEN, Initiator as NotificationInitiator, NotificationBuilder, SessionId, UiMode,
};
use dm_syncml::{Encoding, StatusCode};

use crate::dm1::alert::ClientAlert;
use crate::dm1::auth::{ChalForm, Prover, Verifier};
use crate::dm1::config::ServerConfig;
use crate::dm1::task::{NotSent, Order};
use crate::expected::Expected;
use crate::http::{Request, Response};
use crate::{Error, ErrorKind, Random, Timestamp};

pub use crate::effect::RequestId;
pub use api::{Action, Closed, Event, Initiator, Opening, Reason, Received};
pub use route::{Route, route, unknown_session};
pub use snapshot::Snapshot;

use answer::{Answer, Plan};
use orders::Book;
use results::Assembly;

/// The least SessionID of a notification.
const LEAST_ID: u16 = 1;

/// How many messages are known again that come once more; the last one is answered as before.
const MAX_SEEN: usize = 32;

/// How many messages in a row the server answers that do not prove their sender, before it refuses what follows: a
/// device that has lost its nonce says what it has to say once more for each challenge.
const MAX_TURNED_AWAY: u32 = 4;

/// How many actions may wait when an event comes. It adds one for each order, and a few.
const MAX_QUEUE: usize = 1024;

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
    /// SETUP-RECV: the device has not said all of Package #1.
    Setup,
    /// A challenge is out.
    Challenged,
    /// READY: the application chooses. `decision` is open until it has, or has failed to; `request` is the one that is
    /// answered then.
    Deciding {
        decision: Option<RequestId>,
        request: RequestId,
        received: Received,
    },
    /// WAIT: a complete package is out.
    Wait,
    /// WAIT-MORE: the device answers it in several messages.
    WaitMore,
    /// LO-TX: the server's own package is not complete, because of a large object, or of a message without room for
    /// what has been decided.
    Sending {
        decided: bool,
    },
    /// The session is over. A late package with alerts is answered after [`Reason::Ended`] (CLOSING).
    Done(Reason),
}

/// A notification that no session has answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Notice {
    id: u16,
    ui_mode: UiMode,
    initiator: NotificationInitiator,
}

/// All of the machine but its configuration: what a snapshot holds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Core {
    server_id: String,
    now: Timestamp,
    state: State,
    /// SessionIDs of notifications that were sent and not answered, the newest last.
    pending: Expected,
    session: Option<Session>,
    book: Book,
    /// The host wants out; the device is to be told.
    aborting: bool,
    queue: VecDeque<Action>,
    /// Where the server's password has to go in responses of the queue.
    secrets: VecDeque<(RequestId, usize)>,
}

/// What is known since the first message.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Session {
    id: String,
    device_id: String,
    /// The form of the device's last message.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::encoding"))]
    encoding: Encoding,
    namespace: String,
    /// MsgID of the device's last message, and of the server's.
    in_msg: u32,
    out_msg: u32,
    /// The largest MsgID that was answered, be it that of a message which did not prove its sender.
    heard: u32,
    /// The last one of those.
    turned_away: Option<TurnedAway>,
    /// When the device has to have gone on.
    deadline: Timestamp,
    /// Digests of the device's last messages, the newest last.
    seen: VecDeque<u64>,
    /// The last answer.
    answer: Option<Answer>,
    prover: Prover,
    verifier: Verifier,
    /// `MaxMsgSize` and `MaxObjSize` of the device.
    max_msg_size: Option<u64>,
    max_obj_size: Option<u64>,
    /// What the device said of itself, until the application has been told.
    opening: Option<Opening>,
    /// Whether a Package #1 was accepted.
    established: bool,
    /// Whether the device can have read what the server announces.
    announced: bool,
    /// What is said of the message that is being answered.
    judged: Judged,
    /// Statuses that the device has to get.
    owed: Vec<Owed>,
    /// Sources of large objects that the device broke off (1225).
    broken: Vec<Option<String>>,
    /// Alerts of the device for the next decision, and what they weigh.
    alerts: Vec<ClientAlert>,
    alerts_len: usize,
    /// A large object that is coming.
    incoming: Option<Assembly>,
    /// The device has refused the server's credentials, and the package is to be sent again.
    resend: bool,
}

/// A message that changed nothing, as it did not prove its sender.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct TurnedAway {
    /// By what it is known again.
    mark: u64,
    response: Response,
}

/// The Status for a SyncHdr.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Judged {
    msg_ref: String,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
    status: StatusCode,
    chal: Option<ChalForm>,
    /// A nonce is to be stored, once the Status has gone.
    save: bool,
}

/// A Status that the device has to get.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Owed {
    msg_ref: String,
    cmd_ref: String,
    cmd: String,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
    status: StatusCode,
    /// That of a 1222: it is said where there is room for it.
    may_be_left_out: bool,
}

/// One DM session of a server with one device (OMA-TS-DM_Protocol-V1_2).
///
/// ```text
///  None ─▶ Notified ─▶ Setup ⇄ Challenged
///    ╰─────────────▲─────╯ ╰─▶ Deciding ⇄ Wait, WaitMore, Sending
///                                 ╰──────────┴──▶ Done
/// ```
///
/// A host keeps one machine for each session and finds it with [`route`]. Any node can go on from a
/// [`snapshot`](Self::snapshot). A machine whose session is over still answers a last message that the network
/// delivers again; a host keeps it for as long as it wants to, or until the device [begins
/// anew](Self::is_begun_anew_by).
///
/// `Debug` names the device and the state, never credentials.
#[derive(Clone)]
pub struct Server {
    config: ServerConfig,
    core: Core,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.core.state {
            State::None => "None",
            State::Notified { .. } => "Notified",
            State::Setup => "Setup",
            State::Challenged => "Challenged",
            State::Deciding { .. } => "Deciding",
            State::Wait => "Wait",
            State::WaitMore => "WaitMore",
            State::Sending { .. } => "Sending",
            State::Done(_) => "Done",
        };
        f.debug_struct("Server")
            .field("device_id", &self.device_id())
            .field("state", &state)
            .field("waiting", &self.waiting())
            .field("queued", &self.core.queue.len())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A machine for one session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`]: a URI that is none, an empty server id, or credentials that cannot be sent.
    pub fn start(config: ServerConfig, now: Timestamp) -> Result<Self, Error> {
        config.check()?;
        let core = Core {
            server_id: config.server_id.clone(),
            now,
            state: State::None,
            pending: Expected::default(),
            session: None,
            book: Book::default(),
            aborting: false,
            queue: VecDeque::new(),
            secrets: VecDeque::new(),
        };
        Ok(Self { config, core })
    }

    /// Tells the machine what happened. `now` never goes back: an earlier value counts as the last.
    ///
    /// # Errors
    ///
    /// The machine is as it was before. [`ErrorKind::ApiMisuse`]: the event does not fit, such as orders when none are
    /// asked for. [`ErrorKind::Closed`]: the session is over. [`ErrorKind::LimitExceeded`]: more orders than
    /// [`max_orders`](crate::dm1::Limits::max_orders), or a thousand actions that nobody took.
    /// [`ErrorKind::InvalidConfig`]: the server id is too long for a notification.
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
                self.advance(now);
                if !matches!(self.core.state, State::Notified { .. }) {
                    // A session whose time is over, though nobody has said so.
                    self.tick();
                }
                if let Err(response) = self.receive(id, &request, &random) {
                    self.core.queue.push_back(Action::Respond { id, response });
                }
                Ok(())
            }
            _ if self.is_closed() => Err(ErrorKind::Closed.into()),
            Event::Notify { ui_mode, initiator, random } => self.notify(now, ui_mode, initiator, &random),
            Event::Orders { id, orders } => {
                self.check_decision(id)?;
                if self.core.book.len().saturating_add(orders.len()) > self.config.limits.max_orders {
                    return Err(ErrorKind::LimitExceeded.into());
                }
                self.advance(now);
                self.order(orders);
                Ok(())
            }
            Event::Fail { id } => {
                self.check_decision(id)?;
                self.advance(now);
                if let State::Deciding { decision, request, .. } = &mut self.core.state {
                    *decision = None;
                    let respond = Action::Respond { id: *request, response: Response::new(500) };
                    self.core.queue.push_back(respond);
                }
                self.rest();
                Ok(())
            }
            Event::Abort => {
                self.advance(now);
                self.abort();
                Ok(())
            }
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        let mut action = self.core.queue.pop_front()?;
        if let Action::Respond { id, response } = &mut action
            && let Some(index) = self.core.secrets.iter().position(|(own, _)| own == id)
            && let Some((_, at)) = self.core.secrets.remove(index)
        {
            self.unmask(response, at);
        }
        Some(action)
    }

    /// When to send the next [`Event::Tick`]; `None` when nothing has to happen by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.core.state {
            State::Notified { resend_at, .. } => Some(*resend_at),
            State::None | State::Deciding { decision: Some(_), .. } | State::Done(_) => None,
            _ => self.core.session.as_ref().map(|session| session.deadline),
        }
    }

    /// Whether the session is over. Actions may still be queued.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.core.state, State::Done(_))
    }

    /// Whether there is no session, none is waited for and no action is queued: a host may drop the machine. So it is
    /// after a first request that was refused.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core.state == State::None && self.core.queue.is_empty()
    }

    /// The device, once it has posted.
    #[must_use]
    pub fn device_id(&self) -> Option<&str> {
        self.core.session.as_ref().map(|session| session.device_id.as_str())
    }

    /// The SessionID, once the device has posted.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.core.session.as_ref().map(|session| session.id.as_str())
    }

    /// The request that waits for the application's decision, if one does. Its answer goes out by
    /// [`Action::Respond`]. It is the id of the decision, unless the device has sent its message again since; either
    /// will do for [`Event::Orders`].
    #[must_use]
    pub const fn open_request(&self) -> Option<RequestId> {
        match self.core.state {
            State::Deciding { decision: Some(_), request, .. } => Some(request),
            _ => None,
        }
    }

    /// Orders that were not sent yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.core.book.waiting.len()
    }

    /// Whether a device begins anew with this request: it is a whole first message under the SessionID of this session,
    /// and none that the session has had lately. So it is with devices that lost their memory, or count SessionIDs round.
    ///
    /// Such a message belongs to a new machine, which demands credentials as ever; orders without an outcome are to be
    /// given to it again. Nobody has proved anything yet: a host that has to fear strangers keeps this machine until the
    /// new one has accepted a message, and gives it what the new one refuses meanwhile.
    #[must_use]
    pub fn is_begun_anew_by(&self, request: &Request) -> bool {
        self.begins_anew(request)
    }

    /// Whether the application was asked for this decision, and has not decided yet.
    fn check_decision(&self, id: RequestId) -> Result<(), Error> {
        let open = matches!(
            self.core.state,
            State::Deciding { decision: Some(open), request, .. } if open == id || request == id
        );
        let unseen = self.core.queue.iter().any(|action| matches!(action, Action::Decide { .. }));
        if open && !unseen { Ok(()) } else { Err(ErrorKind::ApiMisuse.into()) }
    }

    fn advance(&mut self, now: Timestamp) {
        self.core.now = self.core.now.max(now);
    }

    /// The device has the word now.
    fn rest(&mut self) {
        let deadline = self.core.now.after(self.config.limits.idle_timeout);
        if let Some(session) = &mut self.core.session {
            session.deadline = deadline;
        }
    }

    // --- Package #0 ----------------------------------------------------------------------------------

    fn notify(
        &mut self,
        now: Timestamp,
        ui_mode: UiMode,
        initiator: NotificationInitiator,
        random: &Random,
    ) -> Result<(), Error> {
        if !matches!(self.core.state, State::None | State::Notified { .. }) {
            return Err(ErrorKind::ApiMisuse.into());
        }
        let id = self.core.pending.draw(random, LEAST_ID);
        let notice = Notice { id, ui_mode, initiator };
        let bytes = self.notification(notice)?;
        self.advance(now);
        self.core.pending.add(id);
        self.core.queue.push_back(Action::SendNotification(bytes));
        let resend_at = self.core.now.after(self.config.resend_after);
        self.core.state = State::Notified { notice, sends: 1, resend_at };
        Ok(())
    }

    /// Package #0: the same bytes each time that it is sent.
    fn notification(&self, notice: Notice) -> Result<Vec<u8>, Error> {
        let invalid = || Error::from(ErrorKind::InvalidConfig);
        let id = SessionId::new(notice.id).ok_or_else(invalid)?;
        let builder = NotificationBuilder::new(&self.config.server_id, id).map_err(|_| invalid())?;
        let builder = builder.ui_mode(notice.ui_mode).initiator(notice.initiator);
        Ok(match &self.config.identity.credentials {
            Some(credentials) => {
                let hash = credentials.hash().expose_text();
                builder.sign(&Digest::from_hash(&hash, credentials.nonce.as_bytes())).to_vec()
            }
            None => builder.with_digest([0; DIGEST_LEN]).to_vec(),
        })
    }

    /// Whether the SessionID is that of a notification, which is answered then.
    fn take_pending(&mut self, session_id: &str) -> bool {
        self.core.pending.take(|id| is_session(id, session_id))
    }

    fn tick(&mut self) {
        let now = self.core.now;
        match self.core.state {
            State::Notified { notice, sends, resend_at } if now >= resend_at => match self.notification(notice) {
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
            _ if self.poll_timeout().is_some_and(|at| now >= at) => {
                self.close(if self.core.aborting { Reason::Aborted } else { Reason::Timeout });
            }
            _ => {}
        }
    }

    // --- decisions -----------------------------------------------------------------------------------

    /// The device has said all that it had to say: outcomes, and what next.
    fn ready(&mut self, id: RequestId) {
        let Some(session) = &mut self.core.session else { return };
        session.incoming = None;
        if core::mem::take(&mut session.resend) {
            return self.respond(id, Plan::Orders);
        }
        let outcomes = self.core.book.finish().map(|outcome| Action::Outcome(outcome.into()));
        self.core.queue.extend(outcomes);
        session.alerts_len = 0;
        let received = Received {
            device_id: session.device_id.clone(),
            opening: session.opening.take(),
            alerts: core::mem::take(&mut session.alerts),
            waiting: self.core.book.waiting.len(),
        };
        self.decide(id, received);
    }

    fn decide(&mut self, id: RequestId, received: Received) {
        self.core.queue.push_back(Action::Decide { id, received: received.clone() });
        self.core.state = State::Deciding { decision: Some(id), request: id, received };
    }

    fn order(&mut self, orders: Vec<Order>) {
        let State::Deciding { request, .. } = &self.core.state else { return };
        let request = *request;
        let encoding = self.core.session.as_ref().map_or(Encoding::Xml, |session| session.encoding);
        for order in orders {
            let sendable = orders::check(&order.task)
                .and_then(|()| orders::check_profile(&order.task, self.config.profile, encoding));
            match sendable {
                Ok(()) => self.core.book.waiting.push_back(order),
                Err(why) => self.not_sent(order, why),
            }
        }
        self.respond(request, Plan::Orders);
    }

    fn not_sent(&mut self, order: Order, why: NotSent) {
        self.core.queue.push_back(Action::Outcome(orders::not_sent(order, why).into()));
    }

    // --- the end -------------------------------------------------------------------------------------

    fn abort(&mut self) {
        self.core.aborting = true;
        match &self.core.state {
            State::None | State::Notified { .. } => self.close(Reason::Aborted),
            State::Deciding { decision: Some(_), request, received } => {
                let (request, alerts) = (*request, received.alerts.clone());
                let before = self.core.queue.len();
                self.core.queue.retain(|action| !matches!(action, Action::Decide { .. }));
                if let Some(session) = &mut self.core.session
                    && self.core.queue.len() < before
                {
                    // The application has not heard of them.
                    session.alerts = alerts;
                }
                self.respond(request, Plan::Abort);
                self.close(Reason::Aborted);
            }
            // The device is told with the next answer.
            _ => {}
        }
    }

    fn close(&mut self, reason: Reason) {
        if self.is_closed() {
            return;
        }
        let outcomes = self.core.book.finish().map(|outcome| Action::Outcome(outcome.into()));
        self.core.queue.extend(outcomes);
        while let Some(order) = self.core.book.waiting.pop_front() {
            self.not_sent(order, NotSent::Closed);
        }
        let mut alerts = Vec::new();
        if let State::Deciding { decision: None, received, .. } = &mut self.core.state {
            alerts = core::mem::take(&mut received.alerts);
        }
        if let Some(session) = &mut self.core.session {
            alerts.append(&mut session.alerts);
            session.alerts_len = 0;
            session.incoming = None;
            session.opening = None;
            session.resend = false;
        }
        self.core.aborting = false;
        self.core.state = State::Done(reason);
        self.core.queue.push_back(Action::Closed(Closed { reason, alerts }));
    }
}

/// Whether a SessionID is that of a notification.
fn is_session(id: u16, session_id: &str) -> bool {
    SessionId::new(id).is_some_and(|id| id.to_string() == session_id)
}
