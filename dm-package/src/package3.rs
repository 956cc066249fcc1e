//! Package#3, the client's response (§4.3).

use alloc::vec::Vec;

use crate::{Alert, Json, MoItem, StatusCode, Str, decode, encode};

/// Package#3 (`OMA-TS-DM_Protocol-V2_0` §5.2.4): one status per command of the Package#2 it answers, in its order.
///
/// ```text
/// { "Status": [ { "sc": 100..=599, "URI"?: [string…], "Data"?: [item…] } … ],
///   "Alert"?: [ Alert… ] }
/// ```
///
/// OUR DECISION: the data that GET asks for travels in the `Data` member of its status; the public text names no carrier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package3<'a> {
    /// Status *i* answers command *i*.
    pub statuses: Vec<Status<'a>>,
    /// New alerts.
    pub alerts: Vec<Alert<'a>>,
    /// Members the specification does not know, kept.
    pub extra: Vec<(Str<'a>, Json<'a>)>,
}

/// The outcome of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The status code.
    pub sc: StatusCode,
    /// Where HGET stored the data.
    pub uris: Vec<Str<'a>>,
    /// What GET returned.
    pub data: Vec<MoItem<'a>>,
    /// Members the specification does not know, kept.
    pub extra: Vec<(Str<'a>, Json<'a>)>,
}

impl<'a> Package3<'a> {
    /// A package with these statuses.
    #[must_use]
    pub const fn new(statuses: Vec<Status<'a>>) -> Self {
        Self { statuses, alerts: Vec::new(), extra: Vec::new() }
    }

    /// The same package with these alerts.
    #[must_use]
    pub fn with_alerts(mut self, alerts: Vec<Alert<'a>>) -> Self {
        self.alerts = alerts;
        self
    }

    decode::entry_points!(Package3, "{\"Status\":[{\"sc\":200}]}");
    encode::entry_points!();

    /// The same package, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Package3<'static> {
        Package3 {
            statuses: self.statuses.into_iter().map(Status::into_owned).collect(),
            alerts: self.alerts.into_iter().map(Alert::into_owned).collect(),
            extra: owned(self.extra),
        }
    }
}

impl<'a> Status<'a> {
    /// A status that is nothing but its code.
    #[must_use]
    pub const fn new(sc: StatusCode) -> Self {
        Self { sc, uris: Vec::new(), data: Vec::new(), extra: Vec::new() }
    }

    /// The same status with the ClientURIs where HGET stored the data.
    #[must_use]
    pub fn with_uris(mut self, uris: Vec<Str<'a>>) -> Self {
        self.uris = uris;
        self
    }

    /// The same status with the data GET asked for.
    #[must_use]
    pub fn with_data(mut self, data: Vec<MoItem<'a>>) -> Self {
        self.data = data;
        self
    }

    /// The same status, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Status<'static> {
        Status {
            sc: self.sc,
            uris: self.uris.into_iter().map(Str::into_owned).collect(),
            data: self.data.into_iter().map(MoItem::into_owned).collect(),
            extra: owned(self.extra),
        }
    }
}

fn owned(extra: Vec<(Str<'_>, Json<'_>)>) -> Vec<(Str<'static>, Json<'static>)> {
    extra.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
