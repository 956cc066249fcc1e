use serde::{Deserialize, Serialize};

use super::receiver::{Memory, Server};
use super::{Error, ErrorKind, Policy, Receiver, UiMode};
use crate::memory::Stored;

/// What a [`Receiver`] remembers, to be stored over a restart (feature `serde`).
///
/// It holds no secret and no server identifier, only hashes of these names, ids and times. The policy is not in it. Store it
/// after each accepted notification: what an older one lacks could be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snapshot<const SERVERS: usize = 4, const IDS: usize = 8>(Stored<Server<IDS>, SERVERS>);

impl<const SERVERS: usize, const IDS: usize> Receiver<SERVERS, IDS> {
    /// What is remembered now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<SERVERS, IDS> {
        Snapshot(Stored::new(self.servers))
    }

    /// A receiver that goes on where the snapshot was taken. The snapshot is checked as if it were hostile; one that
    /// has more servers or ids than fit has already failed to deserialize.
    ///
    /// # Errors
    /// [`SnapshotVersion`](ErrorKind::SnapshotVersion), [`SnapshotInvalid`](ErrorKind::SnapshotInvalid).
    pub fn restore(policy: Policy, snapshot: Snapshot<SERVERS, IDS>) -> Result<Self, Error> {
        let errors = [ErrorKind::SnapshotVersion, ErrorKind::SnapshotInvalid].map(|kind| Error::new(kind, 0));
        Ok(Self { policy, servers: snapshot.0.servers(possible, errors)? })
    }
}

/// Whether a receiver can have come to remember this.
fn possible<const IDS: usize>(server: &Server<IDS>) -> bool {
    let Server { by_nonce, by_resync, unproven, asked, .. } = server;
    let sound = |memory: &Memory<IDS>| memory.seen.distinct(|seen| seen.session_id);
    let question = asked.is_none_or(|asked| asked.request.ui_mode == UiMode::UserInteraction);
    let resync = by_resync.seen.iter().all(|seen| seen.until.is_none());
    sound(by_nonce) && sound(by_resync) && sound(unproven) && question && resync
}
