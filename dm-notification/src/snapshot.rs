use serde::{Deserialize, Serialize};

use crate::memory::Stored;
use crate::receiver::{Mark, Memory, Server};
use crate::{Error, ErrorKind, Policy, Receiver};

/// What a [`Receiver`] remembers, to be stored over a restart (feature `serde`).
///
/// It holds no secret and no SERVER-ID, only hashes of these names, ids, times and digests received. The policy is not
/// in it. Store it after each accepted notification: what an older one lacks could be replayed.
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
    let Server { signed, unsigned, queued, .. } = server;
    let sound = |memory: &Memory<IDS>| memory.seen.distinct(|seen| seen.mark);
    let of_signed = signed.forgotten <= signed.latest
        && signed.seen.iter().all(|seen| seen.timestamp <= signed.latest && !matches!(seen.mark, Mark::Timestamp(_)));
    let of_unsigned = unsigned.latest.is_none()
        && unsigned.forgotten.is_none()
        && unsigned.seen.iter().all(|seen| match seen.mark {
            Mark::Id(_) => true,
            Mark::Timestamp(time) => seen.timestamp == Some(time),
            Mark::Digest(_) => false,
        });
    let times = signed.seen.iter().chain(unsigned.seen.iter()).all(|seen| seen.timestamp <= seen.until);
    let queue = queued.is_none_or(|queued| queued.con_type == queued.con_type.effective());
    sound(signed) && sound(unsigned) && of_signed && of_unsigned && times && queue
}
