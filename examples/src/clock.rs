//! The host's clock, in the form the machines take.

use std::time::SystemTime;

use dm_session::Timestamp;

/// Unix time in milliseconds.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
