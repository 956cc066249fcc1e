//! The machine between two calls.

use super::{Client, Core};
use crate::dm1::config::ClientConfig;
use crate::{Error, ErrorKind};

/// The state of a [`Client`] between two calls. It holds no credentials: those come back with the configuration.
///
/// Restoring checks it as a stranger's work, but it cannot know whether the server ever named the present address by
/// `RespURI`. Who can write a snapshot can choose where messages go, so keep snapshots where only the host writes.
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
    /// The machine's state, queued actions included, credentials excluded.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: SNAPSHOT_VERSION, core: self.core.clone() }
    }

    /// Goes on from a snapshot. It is checked as if a stranger had written it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSnapshot`] when it is of another version or server, or contradicts itself, the
    /// configuration or the limits; [`ErrorKind::InvalidConfig`] as [`start`](Self::start).
    pub fn restore(config: ClientConfig, snapshot: Snapshot) -> Result<Self, Error> {
        config.check()?;
        let client = Self { config, core: snapshot.core };
        if snapshot.version == SNAPSHOT_VERSION && client.core.server_id == client.config.server_id {
            Ok(client)
        } else {
            Err(ErrorKind::InvalidSnapshot.into())
        }
    }
}
