//! What the receivers of both versions have in common: a place for each server, and things that count up to a time.

use crate::list::List;
use crate::{DIGEST_LEN, UnixSeconds, digest};

/// Stands for the name of a server, of whatever length: its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub(crate) struct ServerKey([u8; DIGEST_LEN]);

impl ServerKey {
    pub(crate) fn of(server_id: &str) -> Self {
        Self(digest::name(server_id))
    }
}

/// What is remembered of one server.
pub(crate) trait Remembered {
    fn key(&self) -> ServerKey;
}

impl<S: Remembered, const N: usize> List<S, N> {
    pub(crate) fn named(&mut self, server_id: &str) -> Option<&mut S> {
        let key = ServerKey::of(server_id);
        self.iter_mut().find(|server| server.key() == key)
    }

    pub(crate) fn forget(&mut self, server_id: &str) {
        let key = ServerKey::of(server_id);
        self.retain(|server| server.key() != key);
    }
}

/// Whether now is later than the last second at which something counts. What has no such second counts for ever.
pub(crate) fn is_over(until: Option<UnixSeconds>, now: Option<UnixSeconds>) -> bool {
    matches!((until, now), (Some(until), Some(now)) if now > until)
}

/// All that is remembered, as it is stored.
#[cfg(feature = "serde")]
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Snapshot")]
pub(crate) struct Stored<S, const N: usize> {
    version: u16,
    servers: List<S, N>,
}

#[cfg(feature = "serde")]
impl<S: Remembered, const N: usize> Stored<S, N> {
    /// The only version there is.
    const VERSION: u16 = 1;

    pub(crate) const fn new(servers: List<S, N>) -> Self {
        Self { version: Self::VERSION, servers }
    }

    /// Checks it as if it were hostile: `possible` tells whether a receiver can have come to remember this of a server, and
    /// the errors are those for an unknown version and for everything else.
    pub(crate) fn servers<E>(self, possible: impl Fn(&S) -> bool, [version, invalid]: [E; 2]) -> Result<List<S, N>, E> {
        match self.servers {
            _ if self.version != Self::VERSION => Err(version),
            servers if servers.distinct(S::key) && servers.iter().all(possible) => Ok(servers),
            _ => Err(invalid),
        }
    }
}
