//! What both ends and the small machines are told before they run.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use dm_package::{Strictness, media};

use crate::http::{BasicCredentials, Uri};
use crate::{Error, ErrorKind};

/// Finite bounds of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bounds of the packages and MO data that are decoded.
    pub package: dm_package::Limits,
    /// Bytes of a repository's answer to an HGET; default 16 MiB (OUR DECISION: as much as one MO
    /// serialization may have).
    pub max_repository_len: usize,
    /// Package#2 rounds of one session; default 256. Guards against a server that never sends END.
    pub max_rounds: u32,
    /// EXECs of one session whose result is still to come; default 64. One more is answered 503.
    pub max_executions: usize,
    /// Subscriptions that a [`Reporter`](super::Reporter) has work for at once; default 256.
    pub max_reports: usize,
    /// How long one HTTP request may take; default 60 s.
    pub request_timeout: Duration,
    /// How long a whole session may take; default 15 min.
    pub session_timeout: Duration,
    /// How long a server waits for the next Package#3; default 10 min.
    pub idle_timeout: Duration,
}

impl Limits {
    /// The defaults that each field names.
    pub const DEFAULT: Self = Self {
        package: dm_package::Limits::DEFAULT,
        max_repository_len: 16 << 20,
        max_rounds: 256,
        max_executions: 64,
        max_reports: 256,
        request_timeout: Duration::from_secs(60),
        session_timeout: Duration::from_secs(15 * 60),
        idle_timeout: Duration::from_secs(10 * 60),
    };

    /// The same with these bounds of packages and MO data.
    #[must_use]
    pub const fn with_package(mut self, package: dm_package::Limits) -> Self {
        self.package = package;
        self
    }

    /// The same with this many bytes of a repository's answer.
    #[must_use]
    pub const fn with_max_repository_len(mut self, bytes: usize) -> Self {
        self.max_repository_len = bytes;
        self
    }

    /// The same with this many rounds.
    #[must_use]
    pub const fn with_max_rounds(mut self, rounds: u32) -> Self {
        self.max_rounds = rounds;
        self
    }

    /// The same with this many open executions.
    #[must_use]
    pub const fn with_max_executions(mut self, executions: usize) -> Self {
        self.max_executions = executions;
        self
    }

    /// The same with this many reports at once.
    #[must_use]
    pub const fn with_max_reports(mut self, reports: usize) -> Self {
        self.max_reports = reports;
        self
    }

    /// The same with this time for one HTTP request.
    #[must_use]
    pub const fn with_request_timeout(mut self, span: Duration) -> Self {
        self.request_timeout = span;
        self
    }

    /// The same with this time for a whole session.
    #[must_use]
    pub const fn with_session_timeout(mut self, span: Duration) -> Self {
        self.session_timeout = span;
        self
    }

    /// The same with this time without a Package#3.
    #[must_use]
    pub const fn with_idle_timeout(mut self, span: Duration) -> Self {
        self.idle_timeout = span;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a client has to know of one DM server, from its DM Account MO (§13.2).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Account {
    /// `SrvID`.
    pub server_id: String,
    /// `SrvURI`: where a session starts.
    pub server_uri: String,
    /// Credentials for HTTP Basic, used when the server asks for them.
    pub basic: Option<BasicCredentials>,
}

impl Account {
    /// An account without credentials.
    #[must_use]
    pub fn new(server_id: impl Into<String>, server_uri: impl Into<String>) -> Self {
        Self { server_id: server_id.into(), server_uri: server_uri.into(), basic: None }
    }

    /// The same with credentials for HTTP Basic.
    #[must_use]
    pub fn with_basic(mut self, credentials: BasicCredentials) -> Self {
        self.basic = Some(credentials);
        self
    }
}

/// When Package#1 carries the `MOS` array (§5.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MosPolicy {
    /// When the notification asked for it.
    #[default]
    OnRequest,
    /// Always.
    Always,
}

/// The optional commands that a client carries out; one that it does not is answered 501.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Support {
    /// GET
    pub get: bool,
    /// SHOW
    pub show: bool,
    /// DEFAULT
    pub default: bool,
    /// SUB and UNSUB: who has the one must have the other.
    pub sub: bool,
}

impl Support {
    /// Every command.
    pub const ALL: Self = Self { get: true, show: true, default: true, sub: true };
    /// The mandatory commands alone.
    pub const MANDATORY: Self = Self { get: false, show: false, default: false, sub: false };

    /// The same with GET or without.
    #[must_use]
    pub const fn with_get(mut self, get: bool) -> Self {
        self.get = get;
        self
    }

    /// The same with SHOW or without.
    #[must_use]
    pub const fn with_show(mut self, show: bool) -> Self {
        self.show = show;
        self
    }

    /// The same with DEFAULT or without.
    #[must_use]
    pub const fn with_default(mut self, default: bool) -> Self {
        self.default = default;
        self
    }

    /// The same with SUB and UNSUB or without.
    #[must_use]
    pub const fn with_sub(mut self, sub: bool) -> Self {
        self.sub = sub;
        self
    }
}

/// What a device tells each of its machines: [`Client`](super::Client),
/// [`Reporter`](super::Reporter) and [`DefaultFetch`](super::DefaultFetch).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The server.
    pub account: Account,
    /// `DevInfo/DevID`, sent as `OMADM-DevID`.
    pub device_id: String,
    /// When Package#1 lists the MOs.
    pub mos: MosPolicy,
    /// The commands that are carried out.
    pub support: Support,
    /// How Package#2 and MO data are decoded.
    pub strictness: Strictness,
    /// Bounds.
    pub limits: Limits,
    /// Whether `http:` endpoints and repositories are allowed; default no (§9).
    pub allow_http: bool,
    /// Whether data repositories are told the `OMADM-DevID`; default no, for privacy (OUR DECISION).
    pub identify_to_repository: bool,
    /// Whether the host can answer HTTP challenges other than Basic; default no. If so, the machine
    /// hands them over as [`Action::Authenticate`](super::client::Action::Authenticate).
    pub host_authenticates: bool,
    /// Media types under which MO data can be sent, best first. All name the same JSON form.
    pub mo_types: Vec<String>,
}

impl ClientConfig {
    /// The defaults for a device and a server.
    #[must_use]
    pub fn new(account: Account, device_id: impl Into<String>) -> Self {
        Self {
            account,
            device_id: device_id.into(),
            mos: MosPolicy::default(),
            support: Support::ALL,
            strictness: Strictness::Lenient,
            limits: Limits::DEFAULT,
            allow_http: false,
            identify_to_repository: false,
            host_authenticates: false,
            mo_types: alloc::vec![media::MO.into(), "application/json".into()],
        }
    }

    /// The same with this policy for `MOS`.
    #[must_use]
    pub fn with_mos(mut self, mos: MosPolicy) -> Self {
        self.mos = mos;
        self
    }

    /// The same with these commands.
    #[must_use]
    pub fn with_support(mut self, support: Support) -> Self {
        self.support = support;
        self
    }

    /// The same with this strictness.
    #[must_use]
    pub fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The same with these bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with `http:` allowed or not.
    #[must_use]
    pub fn with_http(mut self, allowed: bool) -> Self {
        self.allow_http = allowed;
        self
    }

    /// The same, telling repositories the device's id or not.
    #[must_use]
    pub fn with_identify_to_repository(mut self, identify: bool) -> Self {
        self.identify_to_repository = identify;
        self
    }

    /// The same, with a host that answers other challenges than Basic or not.
    #[must_use]
    pub fn with_host_authentication(mut self, host: bool) -> Self {
        self.host_authenticates = host;
        self
    }

    /// The same with these media types for MO data, best first.
    #[must_use]
    pub fn with_mo_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.mo_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Checks what has to hold before a machine can run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let header_safe = |text: &str| !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let usable = !self.account.server_id.is_empty()
            && header_safe(&self.device_id)
            && self.limits.max_rounds > 0
            && !self.mo_types.is_empty()
            && self.mo_types.iter().all(|media_type| header_safe(media_type));
        if !usable {
            return Err(ErrorKind::InvalidConfig.into());
        }
        self.endpoint(&self.account.server_uri).map(|_| ()).ok_or_else(|| ErrorKind::InvalidConfig.into())
    }

    /// `text` as a URI that this device may talk to.
    pub(crate) fn endpoint(&self, text: &str) -> Option<Uri> {
        let uri = Uri::parse(text).ok()?;
        (self.allow_http || uri.is_https()).then_some(uri)
    }
}
