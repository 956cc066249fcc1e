//! What a notification says, apart from how it stood on the wire.

use crate::encode::Table;
use crate::{ConType, DIGEST_LEN, NotificationId, UnixSeconds};

/// The six options, understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub(crate) server_id: Option<&'a str>,
    pub(crate) con_type: Option<ConType>,
    pub(crate) notification_id: Option<NotificationId>,
    pub(crate) digest: Option<&'a [u8; DIGEST_LEN]>,
    pub(crate) timestamp: Option<Timestamp<'a>>,
    pub(crate) req_mos: bool,
}

/// A time and, if it was read in binary, its bytes: 4 to 8 of them are legal and come out as they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp<'a> {
    pub(crate) seconds: UnixSeconds,
    pub(crate) binary: Option<&'a [u8]>,
}

impl Fields<'_> {
    /// Lends the values in their strict form.
    pub(crate) fn with_table<R>(&self, then: impl FnOnce(&Table<'_>) -> R) -> R {
        let con_type = self.con_type.map(|con_type| [con_type.into()]);
        let id = self.notification_id.map(|id| id.0.to_be_bytes());
        let seconds = self.timestamp.map(|time| time.seconds.0.to_be_bytes());
        let timestamp = match self.timestamp {
            Some(Timestamp { binary: Some(binary), .. }) => Some(binary),
            _ => seconds.as_ref().map(shortest),
        };
        then(&[
            self.server_id.map(str::as_bytes),
            con_type.as_ref().map(<[u8; 1]>::as_slice),
            id.as_ref().map(<[u8; 2]>::as_slice),
            self.digest.map(<[u8; DIGEST_LEN]>::as_slice),
            timestamp,
            self.req_mos.then_some(&[]),
        ])
    }
}

/// TIMESTAMP from its eight bytes: the last four while they hold it all, else all eight.
fn shortest(seconds: &[u8; 8]) -> &[u8] {
    match seconds {
        [0, 0, 0, 0, low @ ..] => low,
        all => all,
    }
}
