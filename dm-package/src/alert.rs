//! Generic alerts (§6) and the alert that opens a session (§4.4).

use core::fmt;
use core::str::FromStr;

use alloc::format;

use crate::{Json, JsonKind, Str};

/// A generic alert (`OMA-TS-DM_Protocol-V2_0` §5.4): what a device tells a server unasked. The server never answers it.
///
/// ```text
/// { "AlertType": string, "SourceURI"?: string, "TargetURI"?: string,
///   "Mark"?: string, "DataType"?: string, "Data"?: object }          Data only together with DataType
/// ```
///
/// ```
/// use dm_package::{Alert, Json, Mark};
/// let alert = Alert::new("urn:oma:at:dcmo:1.0:OperationComplete")
///     .with_source_uri("urn:oma:mo:oma-dcmo:1.0/cam/Operations/Enable")
///     .with_mark(Mark::Warning)
///     .with_data("int", Json::parse(r#"{"DM1x":1200}"#)?);
/// assert_eq!(alert.effective_mark(), Mark::Warning);
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert<'a> {
    /// The kind of alert, a URN or media type.
    pub alert_type: Str<'a>,
    /// The ClientURI of the node concerned; needed when the alert is about a management object.
    pub source_uri: Option<Str<'a>>,
    /// A further ClientURI.
    pub target_uri: Option<Str<'a>>,
    /// How serious it is; see [`effective_mark`](Self::effective_mark).
    pub mark: Option<Mark>,
    /// The media type, or in alerts that come from DM 1.x the format, of the data.
    pub data_type: Option<Str<'a>>,
    /// The data: an object. Lenient decoding keeps any other value as it is; encoding refuses it.
    pub data: Option<Json<'a>>,
}

/// The value that `NotificationID` has in the data of a server-initiated session-start alert: OUR DECISION, as the
/// public text gives no encoding.
const NOTIFICATION_ID: &str = "NotificationID";

impl<'a> Alert<'a> {
    /// Alert type of a session that answers a Package#0.
    pub const SERVER_INITIATED: &'static str = "urn:oma:at:dm:2.0:ServerInitiatedMgmt";
    /// Alert type of a session the client opens by its own decision.
    pub const CLIENT_INITIATED: &'static str = "urn:oma:at:dm:2.0:ClientInitiatedMgmt";
    /// Alert type of the first session after a bootstrap.
    pub const BOOTSTRAP_COMPLETE: &'static str = "urn:oma:at:dm:2.0:BootstrapComplete";

    /// An alert with nothing but its type.
    #[must_use]
    pub fn new(alert_type: impl Into<Str<'a>>) -> Self {
        Self { alert_type: alert_type.into(), ..Self::default() }
    }

    /// The session-start alert that answers a Package#0, with its NOTIFICATION-ID if it had one.
    ///
    /// The id travels as `"DataType":"application/json","Data":{"NotificationID":48879}`.
    #[must_use]
    pub fn server_initiated(notification_id: Option<u16>) -> Self {
        let alert = Self::new(Self::SERVER_INITIATED);
        match notification_id {
            None => alert,
            Some(id) => {
                alert.with_data("application/json", Json::trusted_owned(format!("{{\"{NOTIFICATION_ID}\":{id}}}")))
            }
        }
    }

    /// The session-start alert of a session the client opens by its own decision, which includes one that only
    /// delivers alerts.
    #[must_use]
    pub fn client_initiated() -> Self {
        Self::new(Self::CLIENT_INITIATED)
    }

    /// The session-start alert of the first session after a bootstrap.
    #[must_use]
    pub fn bootstrap_complete() -> Self {
        Self::new(Self::BOOTSTRAP_COMPLETE)
    }

    /// The same alert about this node.
    #[must_use]
    pub fn with_source_uri(mut self, uri: impl Into<Str<'a>>) -> Self {
        self.source_uri = Some(uri.into());
        self
    }

    /// The same alert with a TargetURI.
    #[must_use]
    pub fn with_target_uri(mut self, uri: impl Into<Str<'a>>) -> Self {
        self.target_uri = Some(uri.into());
        self
    }

    /// The same alert with a Mark.
    #[must_use]
    pub const fn with_mark(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }

    /// The same alert with data, an object, and its type.
    #[must_use]
    pub fn with_data(mut self, data_type: impl Into<Str<'a>>, data: Json<'a>) -> Self {
        self.data_type = Some(data_type.into());
        self.data = Some(data);
        self
    }

    /// The Mark, `informational` when there is none.
    #[must_use]
    pub fn effective_mark(&self) -> Mark {
        self.mark.unwrap_or_default()
    }

    /// Which kind of session this alert opens, if it is one of the three that do.
    #[must_use]
    pub fn session_start(&self) -> Option<SessionStart> {
        match self.alert_type.as_str() {
            Self::SERVER_INITIATED => Some(SessionStart::ServerInitiated),
            Self::CLIENT_INITIATED => Some(SessionStart::ClientInitiated),
            Self::BOOTSTRAP_COMPLETE => Some(SessionStart::BootstrapComplete),
            _ => None,
        }
    }

    /// The NOTIFICATION-ID in a server-initiated session-start alert: an integer or a decimal string, 0 to 65535.
    #[must_use]
    pub fn notification_id(&self) -> Option<u16> {
        if self.session_start() != Some(SessionStart::ServerInitiated) {
            return None;
        }
        let id = self.data.as_ref()?.get(NOTIFICATION_ID)?;
        match id.kind() {
            JsonKind::Number => id.raw().parse().ok(),
            JsonKind::String => id.text().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok(),
            _ => None,
        }
    }

    /// The same alert, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Alert<'static> {
        Alert {
            alert_type: self.alert_type.into_owned(),
            source_uri: self.source_uri.map(Str::into_owned),
            target_uri: self.target_uri.map(Str::into_owned),
            mark: self.mark,
            data_type: self.data_type.map(Str::into_owned),
            data: self.data.map(Json::into_owned),
        }
    }
}

/// What opened a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the specification knows three ways to open a session")]
pub enum SessionStart {
    /// A Package#0.
    ServerInitiated,
    /// The client's own decision.
    ClientInitiated,
    /// A successful bootstrap.
    BootstrapComplete,
}

impl SessionStart {
    /// The alert type that says so.
    #[must_use]
    pub const fn alert_type(self) -> &'static str {
        match self {
            Self::ServerInitiated => Alert::SERVER_INITIATED,
            Self::ClientInitiated => Alert::CLIENT_INITIATED,
            Self::BootstrapComplete => Alert::BOOTSTRAP_COMPLETE,
        }
    }
}

/// How serious an alert is: the seven words of §6.1.
///
/// The order runs from least to most serious. The specification gives none for `indeterminate`; it stands below all
/// others here, since a queue that must drop something should drop what says nothing first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the specification lists seven words; others read as indeterminate")]
pub enum Mark {
    /// `indeterminate`
    Indeterminate,
    /// `harmless`
    Harmless,
    /// `informational`, which an absent Mark means.
    #[default]
    Informational,
    /// `warning`
    Warning,
    /// `minor`
    Minor,
    /// `critical`
    Critical,
    /// `fatal`
    Fatal,
}

impl Mark {
    /// The seven, most serious first.
    pub const ALL: [Self; 7] = [
        Self::Fatal,
        Self::Critical,
        Self::Minor,
        Self::Warning,
        Self::Informational,
        Self::Harmless,
        Self::Indeterminate,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Critical => "critical",
            Self::Minor => "minor",
            Self::Warning => "warning",
            Self::Informational => "informational",
            Self::Harmless => "harmless",
            Self::Indeterminate => "indeterminate",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Exact words only; what an unknown word means is the decoder's business.
impl FromStr for Mark {
    type Err = UnknownMark;

    fn from_str(word: &str) -> Result<Self, UnknownMark> {
        Self::ALL.into_iter().find(|mark| mark.as_str() == word).ok_or(UnknownMark)
    }
}

/// A word that is none of the seven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMark;

impl fmt::Display for UnknownMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown Mark")
    }
}

impl core::error::Error for UnknownMark {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notification_id_as_number_or_digits() {
        let with = |data| Alert::new(Alert::SERVER_INITIATED).with_data("application/json", Json::parse(data).unwrap());
        assert_eq!(Alert::server_initiated(Some(48879)).notification_id(), Some(48879));
        assert_eq!(Alert::server_initiated(Some(48879)).data.unwrap().raw(), "{\"NotificationID\":48879}");
        assert_eq!(Alert::server_initiated(None), Alert::new(Alert::SERVER_INITIATED));
        assert_eq!(with(r#"{"NotificationID":"7"}"#).notification_id(), Some(7));
        for data in [
            r#"{"NotificationID":65536}"#,
            r#"{"NotificationID":-1}"#,
            r#"{"NotificationID":"+7"}"#,
            r#"{"NotificationID":""}"#,
            r#"{"NotificationID":1.0}"#,
            r#"{"NotificationID":null}"#,
            "{}",
        ] {
            assert_eq!(with(data).notification_id(), None, "{data}");
        }
        let client = Alert::client_initiated().with_data("x", Json::parse(r#"{"NotificationID":7}"#).unwrap());
        assert_eq!(client.notification_id(), None);
    }

    #[test]
    fn marks() {
        assert!(Mark::ALL.is_sorted_by(|a, b| a > b));
        for mark in Mark::ALL {
            assert_eq!(mark.as_str().parse(), Ok(mark));
        }
        assert_eq!("major".parse::<Mark>(), Err(UnknownMark));
        assert_eq!("Fatal".parse::<Mark>(), Err(UnknownMark));
        assert_eq!(Alert::new("x").effective_mark(), Mark::Informational);
    }

    #[test]
    fn session_starts() {
        for start in [SessionStart::ServerInitiated, SessionStart::ClientInitiated, SessionStart::BootstrapComplete] {
            assert_eq!(Alert::new(start.alert_type()).session_start(), Some(start));
        }
        assert_eq!(Alert::new("urn:oma:at:dm:2.0:clientinitiatedmgmt").session_start(), None);
    }
}
