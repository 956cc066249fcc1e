//! What goes into the client machine and what comes out.

use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use dm_notification::dm1::{ResyncNonce, SessionId, Trigger};
use dm_syncml::{Nonce, StatusCode};

use crate::Random;
use crate::dm1::alert::{AlertId, AlertQueue, ClientAlert};
use crate::dm1::auth::Party;
use crate::dm1::ui::{Interaction, UserReply};
use crate::effect::{Effect, EffectId, Failure};
use crate::http::{Request, Response};
use crate::tree::dm1::{self as tree, Answer};

/// Why a session starts, and its SessionID (§2, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// A notification asked for it: alert 1200, and the notification's id.
    Notification {
        /// The id.
        session_id: SessionId,
        /// The nonce of a resynchronization, if it proved the notification: credentials of both sides begin with it then.
        resync: Option<ResyncNonce>,
    },
    /// The device wants it, for its user, by schedule, or to deliver alerts: alert 1201. Count the id up from session
    /// to session.
    Local {
        /// The id.
        session_id: SessionId,
    },
}

impl Start {
    /// The SessionID as it travels: up to four hexadecimal digits.
    #[must_use]
    pub fn session_id(&self) -> String {
        match self {
            Self::Notification { session_id, .. } | Self::Local { session_id } => session_id.to_string(),
        }
    }
}

impl From<Trigger<'_>> for Start {
    fn from(trigger: Trigger<'_>) -> Self {
        Self::Notification { session_id: trigger.session_id, resync: trigger.resync() }
    }
}

/// What the host tells the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The answer to [`Action::Post`].
    Response {
        /// The action's id.
        id: EffectId,
        /// What the server answered.
        response: Response,
        /// Fresh randomness: the next server nonce is made of it.
        random: Random,
    },
    /// [`Action::Post`] brought no HTTP answer.
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
        answer: Answer,
    },
    /// The answer to [`Action::Interact`].
    Answered {
        /// The action's id.
        id: EffectId,
        /// What the user said.
        reply: UserReply,
    },
    /// The device has something to report to this server: also the result of an Exec that was answered 202, with its
    /// Correlator.
    Alert(ClientAlert),
    /// The device gives the session up: the server is told (alert 1223), work in an Atomic is undone.
    Abort,
    /// Time has passed. Legal at any moment, any number of times.
    Tick,
}

impl Event {
    /// The id of the action that the event answers.
    #[must_use]
    pub const fn id(&self) -> Option<EffectId> {
        match self {
            Self::Response { id, .. }
            | Self::Failed { id, .. }
            | Self::Managed { id, .. }
            | Self::Answered { id, .. } => Some(*id),
            Self::Alert(_) | Self::Abort | Self::Tick => None,
        }
    }
}

/// What the machine wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub enum Action {
    /// Send this to the server. Answer: [`Event::Response`] or [`Event::Failed`]. The body has to go out as it is: a
    /// header may hold a digest of it.
    Post {
        /// To give back with the answer.
        id: EffectId,
        /// The complete request.
        request: Request,
    },
    /// Have the management tree do this. Answer: [`Event::Managed`].
    ///
    /// [`tree::run`] carries a request out and asks the host for what only the host can do, an Exec for instance,
    /// which may be answered 202 and reported later by [`Event::Alert`].
    Manage {
        /// To give back with the answer.
        id: EffectId,
        /// What the tree is to do.
        request: tree::Request,
    },
    /// Show this to the user, or ask. Answer: [`Event::Answered`], to a Display once it is shown. What takes longer than
    /// the server allows (`MAXDT`) is [cancelled](Self::Cancel) and answered 408, a Display that was left open too.
    Interact {
        /// To give back with the answer.
        id: EffectId,
        /// What is wanted.
        interaction: Interaction,
    },
    /// A new nonce for the account: of [`Party::Client`] (`CLCRED`) what the server issued, of [`Party::Server`]
    /// (`SRVCRED`) what this device issued and the server has.
    /// [`Account::nonce_command`](crate::tree::dm1::Account::nonce_command) of the account as it is now stores it, for
    /// [`Party::level`] and the type of the account's
    /// [`credentials`](crate::tree::dm1::Account::credentials) of that level.
    SaveNonce {
        /// Whose.
        party: Party,
        /// The nonce.
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
        nonce: Nonce,
    },
    /// The server has answered an alert, which has left the queue; or it never can be given it: larger than it takes
    /// (413), or not to be written (400).
    AlertAnswered {
        /// Which.
        id: AlertId,
        /// How.
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
        status: StatusCode,
    },
    /// The answer to this is not awaited any more.
    Cancel {
        /// The action's id.
        id: EffectId,
    },
    /// The session is over. Nothing comes after it.
    Closed(Closed),
}

impl Action {
    /// The id to give back with the answer; `None` for what needs none.
    #[must_use]
    pub const fn id(&self) -> Option<EffectId> {
        match self {
            Self::Post { id, .. } | Self::Manage { id, .. } | Self::Interact { id, .. } => Some(*id),
            Self::SaveNonce { .. } | Self::AlertAnswered { .. } | Self::Cancel { .. } | Self::Closed(_) => None,
        }
    }
}

impl Effect for Action {
    fn id(&self) -> Option<EffectId> {
        Self::id(self)
    }

    fn cancel(id: EffectId) -> Self {
        Self::Cancel { id }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// The alerts that the server has not answered, for the next session.
    pub alerts: AlertQueue,
    /// How long the server asked to be left alone (HTTP 429 and 503).
    pub retry_after: Option<Duration>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// The server had nothing more to do.
    Ended,
    /// The server had nothing to do, and did not prove who it is.
    ServerUnauthenticated,
    /// The server refused the device's credentials for good, or asked for some that it has not.
    Refused,
    /// The server showed wrong credentials, or none, as often as it was asked.
    ServerRefused,
    /// The server refused a message for another reason: this status for its SyncHdr.
    Status(#[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))] StatusCode),
    /// The server's answer is no message of this session: cannot be read, another SessionID, version, MsgID or
    /// recipient, or breaks the protocol.
    BadMessage,
    /// `RespURI` or a redirect leads where the device does not go.
    RespUri,
    /// The server answered with this HTTP status.
    Http(u16),
    /// No HTTP answer came, however often it was asked for.
    Transport,
    /// The session took longer than [`Limits::session_timeout`](crate::dm1::Limits::session_timeout).
    Timeout,
    /// The session had more messages than [`Limits::max_messages`](crate::dm1::Limits::max_messages).
    Limit,
    /// The server gave it up (alert 1223).
    ServerAborted,
    /// The device gave it up.
    Aborted,
    /// The device could not write its own message: into the server's `MaxMsgSize` not even a Status fits.
    Internal,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the server had nothing more to do",
            Self::ServerUnauthenticated => "the server had nothing to do and did not prove who it is",
            Self::Refused => "the server refused the device's credentials",
            Self::ServerRefused => "the server did not prove who it is",
            Self::Status(status) => return write!(f, "the server answered a message with status {}", status.code()),
            Self::BadMessage => "a message of the server breaks the protocol",
            Self::RespUri => "the server leads where the device does not go",
            Self::Http(status) => return write!(f, "the server answered with HTTP status {status}"),
            Self::Transport => "no answer came",
            Self::Timeout => "the session took too long",
            Self::Limit => "too many messages",
            Self::ServerAborted => "given up by the server",
            Self::Aborted => "given up by the device",
            Self::Internal => "a message could not be written",
        })
    }
}
