//! What goes into the server machine and what comes out.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use dm_notification::dm1::{Initiator as NotificationInitiator, UiMode};
use dm_syncml::Nonce;

use crate::Random;
use crate::dm1::alert::ClientAlert;
use crate::dm1::auth::Party;
use crate::dm1::task::{Order, Outcome};
use crate::effect::RequestId;
use crate::http::{Request, Response};
use crate::tree::dm1::Content;

/// What the host tells the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The application wants a session: notify the device.
    Notify {
        /// What the device should do with its user.
        ui_mode: UiMode,
        /// Who wants it.
        initiator: NotificationInitiator,
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
    /// The application's answer to [`Action::Decide`]: what is to be done next, in this order. What does not fit into
    /// one message waits for the next; with nothing to do at all the session ends.
    Orders {
        /// The id of the decision.
        id: RequestId,
        /// The orders. Those that cannot be sent come back as outcomes and keep nothing from being done.
        orders: Vec<Order>,
    },
    /// The application failed to decide: the device is told to come back (HTTP 500).
    Fail {
        /// The id of the decision.
        id: RequestId,
    },
    /// The host gives the session up. The device is told with the next answer (alert 1223).
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
    /// This came of an order. Said once for each.
    Outcome(Box<Outcome>),
    /// The device opened the session, or has said all that it had to say. Choose what comes next: [`Event::Orders`].
    Decide {
        /// To give back with the orders.
        id: RequestId,
        /// What the device sent besides answers.
        received: Received,
    },
    /// Answer this HTTP request.
    Respond {
        /// The request's id.
        id: RequestId,
        /// The complete response.
        response: Response,
    },
    /// A new nonce for what is known of the device: of [`Party::Client`] what this server issued, of
    /// [`Party::Server`] what the device issued.
    SaveNonce {
        /// Whose.
        party: Party,
        /// The nonce.
        #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
        nonce: Nonce,
    },
    /// The session is over. Nothing comes after it but answers to requests that are late, each with the nonces
    /// ([`SaveNonce`](Self::SaveNonce)) and [`LateAlerts`](Self::LateAlerts) of its message.
    Closed(Closed),
    /// Alerts of a package that came after the end (D1 in `docs/design.md`). They have been answered, so the device
    /// will not say them again.
    LateAlerts(Vec<ClientAlert>),
}

/// What a device sent besides answers, in one package.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Received {
    /// Source of its messages.
    pub device_id: String,
    /// How the session began, in the first decision of a session.
    pub opening: Option<Opening>,
    /// The alerts, session alert excluded. They have been answered by
    /// [`ServerConfig::alert_types`](crate::dm1::ServerConfig::alert_types).
    pub alerts: Vec<ClientAlert>,
    /// Orders that wait already, because they did not fit into the last message.
    pub waiting: usize,
}

/// How a session began.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Opening {
    /// Who began it.
    pub start: Initiator,
    /// Whether its SessionID is that of a notification that this machine sent.
    pub notified: bool,
    /// What the device says of itself: the nodes of `./DevInfo` that it sent, by their URIs.
    pub dev_info: Vec<(String, Content)>,
}

impl Opening {
    /// A value by the last segment of its URI, such as `Man`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, content) = self.dev_info.iter().find(|(uri, _)| uri.rsplit('/').next() == Some(name))?;
        content.data.as_str()
    }
}

/// Who began a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Initiator {
    /// Alert 1200.
    Server,
    /// Alert 1201.
    Client,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// Alerts that came and were part of no decision.
    pub alerts: Vec<ClientAlert>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// There was nothing more to do.
    Ended,
    /// The device did not prove who it is, as often as it was asked.
    Refused,
    /// The device refused the server's credentials for good, or asked for some that it has not.
    ServerRefused,
    /// The device's message breaks the protocol; it was answered 400, or what fits.
    BadMessage,
    /// The device did not go on in time.
    Timeout,
    /// The session had more messages than [`Limits::max_messages`](crate::dm1::Limits::max_messages).
    Limit,
    /// The device gave it up (alert 1223).
    DeviceAborted,
    /// The host gave it up.
    Aborted,
    /// The server could not write its own message: into the device's `MaxMsgSize` not even a Status fits.
    Internal,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "nothing more to do",
            Self::Refused => "the device did not prove who it is",
            Self::ServerRefused => "the device refused the server's credentials",
            Self::BadMessage => "a message of the device breaks the protocol",
            Self::Timeout => "the device did not go on in time",
            Self::Limit => "too many messages",
            Self::DeviceAborted => "given up by the device",
            Self::Aborted => "given up by the server",
            Self::Internal => "a message could not be written",
        })
    }
}
