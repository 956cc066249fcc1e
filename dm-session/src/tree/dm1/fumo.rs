//! Firmware update (OMA-TS-DM-FUMO-V1_0): its states as a value that the host drives.

use super::operation::{Command, Content, Data};
use super::standard::FUMO_1_0;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Alert, AlertCode, CmdId, Format, Item, LocUri, Mark, Meta, StatusCode};

/// The value of `State`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum FumoState {
    /// Nothing going on.
    #[default]
    Idle = 10,
    /// The download failed.
    DownloadFailed = 20,
    /// The package is being downloaded.
    Downloading = 30,
    /// The package is there.
    Downloaded = 40,
    /// The package is there and good to install.
    Ready = 50,
    /// The package is being installed.
    Updating = 60,
    /// The update failed, the package is still there.
    FailedWithData = 70,
    /// The update failed, the package is gone.
    Failed = 80,
    /// Updated, the package is still there.
    DoneWithData = 90,
    /// Updated, the package is gone.
    Done = 100,
}

impl FumoState {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::DownloadFailed,
        Self::Downloading,
        Self::Downloaded,
        Self::Ready,
        Self::Updating,
        Self::FailedWithData,
        Self::Failed,
        Self::DoneWithData,
        Self::Done,
    ];

    /// The number in the tree.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state of that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i64::from(state.number()) == number)
    }

    /// Whether the package is in the device.
    #[must_use]
    pub const fn has_data(self) -> bool {
        matches!(self, Self::Downloaded | Self::Ready | Self::Updating | Self::FailedWithData | Self::DoneWithData)
    }
}

/// The result that an alert reports.
///
/// ```
/// use dm_session::tree::dm1::FumoResult;
/// assert_eq!(FumoResult::DOWNLOAD_TIMED_OUT.code(), 407);
/// assert!(FumoResult::new(250).is_success() && FumoResult::new(250).is_vendor());
/// assert!(FumoResult::new(430).is_client_error() && !FumoResult::new(430).is_known());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FumoResult(u16);

impl FumoResult {
    /// Done.
    pub const SUCCESS: Self = Self(200);
    /// The client failed.
    pub const CLIENT_ERROR: Self = Self(400);
    /// The user did not want it.
    pub const USER_CANCELLED: Self = Self(401);
    /// The package is damaged.
    pub const CORRUPTED: Self = Self(402);
    /// The package is for another device.
    pub const PACKAGE_MISMATCH: Self = Self(403);
    /// The package was not found to be good.
    pub const VALIDATION_FAILED: Self = Self(404);
    /// The package is not accepted.
    pub const NOT_ACCEPTABLE: Self = Self(405);
    /// The download server did not accept the device.
    pub const DOWNLOAD_AUTH_FAILED: Self = Self(406);
    /// The download took too long.
    pub const DOWNLOAD_TIMED_OUT: Self = Self(407);
    /// The device cannot download this way.
    pub const NOT_IMPLEMENTED: Self = Self(408);
    /// No known reason.
    pub const UNDEFINED: Self = Self(409);
    /// The update failed.
    pub const UPDATE_FAILED: Self = Self(410);
    /// The URL is bad.
    pub const BAD_URL: Self = Self(411);
    /// The update failed for a reason of the server.
    pub const SERVER_UPDATE_FAILED: Self = Self(500);
    /// The download ran out of memory.
    pub const DOWNLOAD_OUT_OF_MEMORY: Self = Self(501);
    /// The update ran out of memory.
    pub const UPDATE_OUT_OF_MEMORY: Self = Self(502);
    /// The network failed.
    pub const NETWORK: Self = Self(503);

    /// The result of that number.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Whether it worked: 200 and those of vendors.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// 400 to 499.
    #[must_use]
    pub const fn is_client_error(self) -> bool {
        matches!(self.0, 400..=499)
    }

    /// 500 to 599.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(self.0, 500..=599)
    }

    /// Whether it is for vendors to give it a meaning: 250 to 299, 450 to 499, 550 to 599.
    #[must_use]
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 250..=299 | 450..=499 | 550..=599)
    }

    /// Whether the standard gives it a meaning.
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self.0, 200 | 400..=411 | 500..=503)
    }
}

impl fmt::Display for FumoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an Exec can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FumoAction {
    /// Exec of `Download`.
    Download,
    /// Exec of `Update`.
    Update,
    /// Exec of `DownloadAndUpdate`.
    DownloadAndUpdate,
}

impl FumoAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Download, Self::Update, Self::DownloadAndUpdate];

    /// The name of the node.
    #[must_use]
    pub const fn node(self) -> &'static str {
        match self {
            Self::Download => "Download",
            Self::Update => "Update",
            Self::DownloadAndUpdate => "DownloadAndUpdate",
        }
    }

    /// The type of the alert that reports how it ended.
    #[must_use]
    pub const fn alert_type(self) -> &'static str {
        match self {
            Self::Download => "org.openmobilealliance.dm.firmwareupdate.download",
            Self::Update => "org.openmobilealliance.dm.firmwareupdate.update",
            Self::DownloadAndUpdate => "org.openmobilealliance.dm.firmwareupdate.downloadandupdate",
        }
    }
}

/// What happens to a package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FumoEvent {
    /// A server executes a node.
    Exec {
        /// Which one.
        action: FumoAction,
        /// The Correlator of the Exec.
        correlator: Option<String>,
    },
    /// A server replaced `Update/PkgData`.
    PkgData {
        /// Whether there is nothing in it.
        empty: bool,
    },
    /// The download is complete.
    Downloaded,
    /// The download failed.
    DownloadFailed(FumoResult),
    /// The package is found to be good to install.
    Ready,
    /// The update begins by itself, after the download of a DownloadAndUpdate.
    UpdateStarted,
    /// The device is updated.
    Updated {
        /// 200 or one of a vendor.
        result: FumoResult,
        /// Whether the package is kept.
        kept: bool,
    },
    /// The update failed.
    UpdateFailed {
        /// Why.
        result: FumoResult,
        /// Whether the package is kept.
        kept: bool,
    },
    /// The package is gone.
    DataDropped,
    /// All is as if nothing had been. To be told when the server had its alert.
    CleanedUp,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FumoStep {
    /// The answer to the command of the server, if the event is one: 202 to an Exec, 200 to a Replace.
    pub status: StatusCode,
    /// What the device [does](super::Request::local) to the tree: it sets `State`.
    pub commands: Vec<Command>,
    /// What is to be reported in the next session, or in this one.
    pub alert: Option<GenericAlert>,
}

/// What goes on: to be kept over a restart with the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FumoJob {
    /// What was executed.
    pub action: FumoAction,
    /// The Correlator of the Exec.
    pub correlator: Option<String>,
}

/// One package slot (`x` of the MO).
///
/// It does nothing itself: the host tells it what happens, and does to the tree and reports what it says.
///
/// ```text
///  10 --Exec Download(AndUpdate)--> 30 --> 40 --> 50 --Exec Update, or by itself--> 60 --> 90 --> 100
///  10 --Replace PkgData--> 50       30 --> 20     50 --data gone--> 10              60 --> 70 -->  80
///  20, 80, 100 --cleaned up--> 10                 70 --Exec Update--> 60            60 --> 80, 100
/// ```
///
/// ```
/// use dm_session::tree::dm1::{Fumo, FumoAction, FumoEvent, FumoResult, FumoState};
/// use dm_syncml::StatusCode;
///
/// let mut slot = Fumo::new("./FwUpdate/1");
/// let action = slot.action("./FwUpdate/1/Download").unwrap();
/// let step = slot.handle(FumoEvent::Exec { action, correlator: Some("c1".into()) })?;
/// assert_eq!((step.status, slot.state()), (StatusCode::ACCEPTED, FumoState::Downloading));
///
/// let step = slot.handle(FumoEvent::DownloadFailed(FumoResult::DOWNLOAD_TIMED_OUT))?;
/// let alert = step.alert.unwrap();
/// assert_eq!((alert.data.as_str(), alert.correlator.as_deref()), ("407", Some("c1")));
/// # Ok::<(), StatusCode>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fumo {
    uri: String,
    state: FumoState,
    job: Option<FumoJob>,
}

impl Fumo {
    /// A slot at that URI, idle.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), state: FumoState::Idle, job: None }
    }

    /// A slot as it was before a restart.
    #[must_use]
    pub fn resume(uri: impl Into<String>, state: FumoState, job: Option<FumoJob>) -> Self {
        Self { uri: uri.into(), state, job }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> FumoState {
        self.state
    }

    /// What goes on.
    #[must_use]
    pub const fn job(&self) -> Option<&FumoJob> {
        self.job.as_ref()
    }

    /// The root of the slot.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// What an Exec of that URI starts; `None` for one of another node.
    #[must_use]
    pub fn action(&self, uri: &str) -> Option<FumoAction> {
        let executed = LocUri::from(uri);
        let is = |action: &FumoAction| executed.same_node(&LocUri::from(format!("{}/{}", self.uri, action.node())));
        FumoAction::ALL.into_iter().find(is)
    }

    /// What [puts](super::Request::local) the slot into the tree, with these of its actions.
    #[must_use]
    pub fn create(&self, actions: &[FumoAction]) -> Vec<Command> {
        let mut commands = Vec::from([Command::add(self.uri.clone(), Content::mo(FUMO_1_0))]);
        for action in actions {
            commands.push(Command::add(format!("{}/{}", self.uri, action.node()), Content::node()));
            if *action == FumoAction::Update {
                let empty = Content::new(Data::Bytes(Vec::new())).with_format("bin");
                commands.push(Command::add(format!("{}/Update/PkgData", self.uri), empty));
            }
        }
        commands.push(self.set_state());
        commands
    }

    /// Takes an event.
    ///
    /// # Errors
    /// 403 for an event that the state does not have: the answer to an Exec or a Replace, misuse otherwise. 400 for a
    /// result that is not one of the event. Nothing changes.
    pub fn handle(&mut self, event: FumoEvent) -> Result<FumoStep, StatusCode> {
        use FumoState as S;
        let before = self.state;
        let job = self.job.as_ref().map(|job| job.action);
        let mut status = StatusCode::OK;
        let mut result = None;
        let mut started = None;
        let state = match event {
            FumoEvent::Exec { action, correlator } => {
                status = StatusCode::ACCEPTED;
                started = Some(FumoJob { action, correlator });
                match (action, before) {
                    (FumoAction::Download | FumoAction::DownloadAndUpdate, S::Idle) => S::Downloading,
                    // The package of a DownloadAndUpdate is on its way to be installed.
                    (FumoAction::Update, S::Ready) if job.is_none() => S::Updating,
                    (FumoAction::Update, S::FailedWithData) => S::Updating,
                    _ => return Err(StatusCode::FORBIDDEN),
                }
            }
            FumoEvent::PkgData { empty } => match before {
                S::Idle | S::Ready if job.is_some() => return Err(StatusCode::FORBIDDEN),
                S::Idle | S::Ready if empty => S::Idle,
                S::Idle | S::Ready => S::Ready,
                _ => return Err(StatusCode::FORBIDDEN),
            },
            FumoEvent::Downloaded if before == S::Downloading => {
                // Of a DownloadAndUpdate there is more to come.
                if job == Some(FumoAction::Download) {
                    result = Some(FumoResult::SUCCESS);
                }
                S::Downloaded
            }
            FumoEvent::DownloadFailed(why) if before == S::Downloading => {
                result = Some(Self::failure(why)?);
                S::DownloadFailed
            }
            FumoEvent::Ready if before == S::Downloaded => S::Ready,
            FumoEvent::UpdateStarted if before == S::Ready && job == Some(FumoAction::DownloadAndUpdate) => S::Updating,
            FumoEvent::Updated { result: how, kept } if before == S::Updating => {
                if !how.is_success() {
                    return Err(StatusCode::BAD_REQUEST);
                }
                result = Some(how);
                if kept { S::DoneWithData } else { S::Done }
            }
            FumoEvent::UpdateFailed { result: why, kept } if before == S::Updating => {
                result = Some(Self::failure(why)?);
                if kept { S::FailedWithData } else { S::Failed }
            }
            FumoEvent::DataDropped => match before {
                S::Ready => {
                    // Whoever asked for an update hears that there will be none.
                    result = job.map(|_| FumoResult::UPDATE_FAILED);
                    S::Idle
                }
                S::FailedWithData => S::Failed,
                S::DoneWithData => S::Done,
                _ => return Err(StatusCode::FORBIDDEN),
            },
            FumoEvent::CleanedUp if matches!(before, S::DownloadFailed | S::Failed | S::Done) => S::Idle,
            _ => return Err(StatusCode::FORBIDDEN),
        };
        self.state = state;
        if started.is_some() {
            self.job = started;
        }
        let ended = result.is_some() || state == S::Idle;
        let job = if ended { self.job.take() } else { None };
        let alert = result.zip(job).map(|(result, job)| self.report(result, job));
        let commands = if state == before { Vec::new() } else { Vec::from([self.set_state()]) };
        Ok(FumoStep { status, commands, alert })
    }

    fn failure(result: FumoResult) -> Result<FumoResult, StatusCode> {
        if result.is_success() { Err(StatusCode::BAD_REQUEST) } else { Ok(result) }
    }

    fn set_state(&self) -> Command {
        let number = self.state.number().to_string();
        Command::replace(format!("{}/State", self.uri), Content::from(number.as_str()).with_format("int"))
    }

    fn report(&self, result: FumoResult, job: FumoJob) -> GenericAlert {
        GenericAlert {
            alert_type: job.action.alert_type().to_owned(),
            source: Some(format!("{}/{}", self.uri, job.action.node())),
            mark: if result.is_success() { Mark::Informational } else { Mark::Critical },
            format: Format::Int,
            correlator: job.correlator,
            data: result.to_string(),
        }
    }
}

/// A generic alert (1226) that a session is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenericAlert {
    /// `Type` of Meta without the prefix `Reversed-Domain-Name: `.
    pub alert_type: String,
    /// Source of the Item: the node or MO that it is about.
    pub source: Option<String>,
    /// How important it is; `informational` is left out of Meta.
    pub mark: Mark<'static>,
    /// `Format` of Meta.
    pub format: Format<'static>,
    /// The Correlator of the Exec that it answers.
    pub correlator: Option<String>,
    /// The data.
    pub data: String,
}

impl GenericAlert {
    /// The device asks for an update of its firmware, by itself or for its user.
    #[must_use]
    pub fn update_request(by_user: bool) -> Self {
        let who = if by_user { "userrequest" } else { "devicerequest" };
        Self {
            alert_type: format!("org.openmobilealliance.dm.firmwareupdate.{who}"),
            source: None,
            mark: Mark::Informational,
            format: Format::Chr,
            correlator: None,
            data: String::new(),
        }
    }

    /// The same about this node.
    #[must_use]
    pub fn with_source(mut self, uri: impl Into<String>) -> Self {
        self.source = Some(uri.into());
        self
    }

    /// The Alert of a message. The type has the prefix `Reversed-Domain-Name: ` that DM Protocol §8.7 asks for, or
    /// not, for servers that compare it with the bare name.
    #[must_use]
    pub fn to_alert<'a>(&self, cmd_id: impl Into<CmdId<'a>>, prefixed: bool) -> Alert<'a> {
        let prefix = if prefixed { "Reversed-Domain-Name: " } else { "" };
        let mut meta = Meta::new().with_type(format!("{prefix}{}", self.alert_type)).with_format(self.format.clone());
        if self.mark != Mark::Informational {
            meta = meta.with_mark(self.mark.clone());
        }
        let item = match &self.source {
            Some(source) => Item::source(source.clone()),
            None => Item::new(),
        };
        let item = item.with_meta(meta).with_data(self.data.clone());
        let alert = Alert::new(cmd_id, AlertCode::GENERIC_ALERT).with_item(item);
        match &self.correlator {
            Some(correlator) => alert.with_correlator(correlator.clone()),
            None => alert,
        }
    }
}
