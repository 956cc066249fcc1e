//! Package#1, the client's initiation (§4.1).

use alloc::vec::Vec;

use crate::{Alert, SessionStart, Str, decode, encode};

/// Package#1 (`OMA-TS-DM_Protocol-V2_0` §7.2.1.1): what the client opens a session with.
///
/// ```text
/// { "MOS"?:   [ { "DDF"?: string, "MOID": string, "MIID": [string…] } … ],
///   "Alert":  [ Alert… ] }                                  exactly one session-start alert, the first
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package1<'a> {
    /// The management objects on the device; asked for by REQ-MOS. `Some` of an empty list is an answer, `None` is none.
    pub mos: Option<Vec<MosItem<'a>>>,
    /// The session-start alert, then any others.
    pub alerts: Vec<Alert<'a>>,
}

/// One object type in the `MOS` list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MosItem<'a> {
    /// Where the device description is; peers leave it out when they do not know it.
    pub ddf: Option<Str<'a>>,
    /// The object type.
    pub moid: Str<'a>,
    /// The instances on which the server has any permission; may be empty.
    pub miids: Vec<Str<'a>>,
}

impl<'a> Package1<'a> {
    /// A package with the alerts, the session-start alert first.
    #[must_use]
    pub const fn new(alerts: Vec<Alert<'a>>) -> Self {
        Self { mos: None, alerts }
    }

    /// The same package with the `MOS` list.
    #[must_use]
    pub fn with_mos(mut self, mos: Vec<MosItem<'a>>) -> Self {
        self.mos = Some(mos);
        self
    }

    /// Why the client opened the session: the first session-start alert.
    #[must_use]
    pub fn session_start(&self) -> Option<SessionStart> {
        self.alerts.iter().find_map(Alert::session_start)
    }

    decode::entry_points!(Package1, "{\"Alert\":[{\"AlertType\":\"urn:oma:at:dm:2.0:ClientInitiatedMgmt\"}]}");
    encode::entry_points!();

    /// The same package, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Package1<'static> {
        Package1 {
            mos: self.mos.map(|mos| mos.into_iter().map(MosItem::into_owned).collect()),
            alerts: self.alerts.into_iter().map(Alert::into_owned).collect(),
        }
    }
}

impl<'a> MosItem<'a> {
    /// An entry for an object type and its instances.
    #[must_use]
    pub fn new(moid: impl Into<Str<'a>>, miids: Vec<Str<'a>>) -> Self {
        Self { ddf: None, moid: moid.into(), miids }
    }

    /// The same entry with the URL of the device description.
    #[must_use]
    pub fn with_ddf(mut self, ddf: impl Into<Str<'a>>) -> Self {
        self.ddf = Some(ddf.into());
        self
    }

    /// The same entry, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> MosItem<'static> {
        MosItem {
            ddf: self.ddf.map(Str::into_owned),
            moid: self.moid.into_owned(),
            miids: self.miids.into_iter().map(Str::into_owned).collect(),
        }
    }
}
