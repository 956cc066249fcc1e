//! The stored state of a server machine.

use alloc::boxed::Box;
use core::fmt;

use super::orders::{self, Book};
use super::{Action, Core, LEAST_ID, MAX_QUEUE, MAX_SEEN, Server, Session, State};
use crate::dm1::config::ServerConfig;
use crate::{Error, ErrorKind};

/// The state of a [`Server`] between two calls: what any node needs to answer the device's next message. Credentials
/// are not in it; the nonces of the session are.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    version: u16,
    core: Box<Core>,
}

/// Raised when the form of a snapshot changes.
const SNAPSHOT_VERSION: u16 = 1;

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Server {
    /// The machine's state, queued actions included, credentials excluded.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: SNAPSHOT_VERSION, core: Box::new(self.core.clone()) }
    }

    /// Goes on from a snapshot, on this node or another. It is checked as if a stranger had written it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSnapshot`] when it is of another version or server, or contradicts itself or the limits;
    /// [`ErrorKind::InvalidConfig`] as [`start`](Self::start).
    pub fn restore(config: ServerConfig, snapshot: Snapshot) -> Result<Self, Error> {
        config.check()?;
        let server = Self { config, core: *snapshot.core };
        if snapshot.version == SNAPSHOT_VERSION && server.core.is_consistent(&server.config) {
            Ok(server)
        } else {
            Err(ErrorKind::InvalidSnapshot.into())
        }
    }
}

impl Core {
    /// Whether the parts of a restored machine fit each other, the configuration and the limits.
    fn is_consistent(&self, config: &ServerConfig) -> bool {
        let closed = self.queue.iter().filter(|action| matches!(action, Action::Closed(_))).count();
        let decisions = self.queue.iter().filter(|action| matches!(action, Action::Decide { .. })).count();
        let established = self.session.as_ref().is_some_and(|session| session.established);
        let idle = self.book.len() == 0;
        let place = match &self.state {
            State::None => self.session.is_none() && idle,
            State::Notified { notice, sends, .. } => {
                self.session.is_none()
                    && idle
                    && self.pending.last() == Some(notice.id)
                    && (1..=config.max_sends).contains(sends)
            }
            State::Setup | State::Deciding { .. } => established && self.book.sent.is_empty(),
            State::Challenged => self.session.is_some() && !established && idle,
            State::Wait | State::WaitMore => established && !self.book.sent.is_empty(),
            State::Sending { .. } => established,
            State::Done(_) => idle && !self.aborting,
        };
        let deciding = match &self.state {
            State::Deciding { decision, received, .. } => {
                decisions <= usize::from(decision.is_some())
                    && self.session.as_ref().is_some_and(|session| session.device_id == received.device_id)
            }
            _ => decisions == 0,
        };
        place
            && deciding
            && closed <= usize::from(matches!(self.state, State::Done(_)))
            && (!self.aborting || self.session.is_some())
            && self.server_id == config.server_id
            && self.pending.is_consistent(LEAST_ID)
            && self.queue.len()
                <= MAX_QUEUE.saturating_add(config.limits.max_orders.saturating_mul(2)).saturating_add(8)
            && self.book.is_consistent(config, &self.state)
            && self.secrets.len() <= self.queue.len()
            && self.session.as_ref().is_none_or(|session| session.is_consistent(config) && session.fits(&self.state))
            && self.book.sent.iter().all(|sent| {
                let last = self.session.as_ref().map_or(0, |session| session.out_msg);
                (1..=last).contains(&sent.msg_id)
            })
    }
}

impl Book {
    fn is_consistent(&self, config: &ServerConfig, state: &State) -> bool {
        let mut end = (0, 1);
        let ascending = self.sent.iter().all(|sent| {
            let from = (sent.msg_id, sent.first);
            let fits = from >= end && sent.first > 0;
            end = (sent.msg_id, sent.end());
            fits
        });
        let sending = matches!(state, State::Sending { .. });
        let last = self.sent.len().saturating_sub(1);
        let pieces = self.sent.iter().enumerate().all(|(index, sent)| match &sent.pieces {
            Some(pieces) => {
                index == last
                    && sending
                    && pieces.is_begun()
                    && pieces.is_consistent()
                    && orders::Divisible::is_for(&sent.order.task)
            }
            None => true,
        });
        let valid = |task| orders::check(task).is_ok();
        ascending
            && pieces
            && self.len() <= config.limits.max_orders
            && self.sent.iter().all(|sent| valid(&sent.order.task) && sent.filed.len() == orders::len(&sent.order.task))
            && self.waiting.iter().all(|order| valid(&order.task))
    }
}

impl Session {
    /// Whether as many messages were sent as were answered.
    fn fits(&self, state: &State) -> bool {
        match state {
            State::Deciding { .. } => self.out_msg.checked_add(1) == Some(self.in_msg),
            State::Done(_) => self.out_msg <= self.in_msg,
            _ => self.out_msg == self.in_msg,
        }
    }

    fn is_consistent(&self, config: &ServerConfig) -> bool {
        !self.id.is_empty()
            && !self.device_id.is_empty()
            && self.in_msg > 0
            && (self.in_msg..=self.in_msg.saturating_add(super::MAX_TURNED_AWAY)).contains(&self.heard)
            && (self.heard > self.in_msg || self.turned_away.is_none())
            && !self.seen.is_empty()
            && self.seen.len() <= MAX_SEEN
            && self.prover.is_consistent(&config.identity)
            && self.verifier.is_consistent()
            && (!self.established || self.verifier.is_trusted())
            && self.owed.len() <= config.limits.message.max_commands.saturating_mul(8)
            && self.incoming.as_ref().is_none_or(|incoming| incoming.is_consistent(config.object_limit()))
    }
}
