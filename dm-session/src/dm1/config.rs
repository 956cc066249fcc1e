//! What the machines of both ends are told before they run.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use dm_syncml::{Encoding, StatusCode};

use super::auth::{Credentials, Demand, Identity, Scheme};
use crate::http::{BasicCredentials, Uri};
use crate::tree::dm1::{Account, AccountAddr, AuthLevel};
use crate::{Error, ErrorKind};

/// Finite bounds of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bounds of the messages that are decoded; `max_message_len` is the most that is read, whatever is announced.
    pub message: dm_syncml::Limits,
    /// Bytes of Statuses and Results that a client keeps for one server message, and a server for one package; default
    /// 16 MiB. A client answers a Get of more with 413.
    pub max_reply_len: usize,
    /// Messages of one side in one session; default 4096. Guards against a peer that never ends.
    pub max_messages: u32,
    /// Orders that a server keeps for one device; default 4096.
    pub max_orders: usize,
    /// How often a message is sent again that got no answer; default 3.
    pub max_resends: u8,
    /// How long to wait before the first time that a message is sent again; each time after it waits twice as long.
    /// Default 5 s.
    pub resend_after: Duration,
    /// How long one HTTP request may take; default 60 s.
    pub request_timeout: Duration,
    /// How long a whole session may take at the client; default 30 min.
    pub session_timeout: Duration,
    /// How long a user may take to answer where the server does not say (`MAXDT`), and the most it may say; default
    /// 5 min.
    pub interaction_timeout: Duration,
    /// How long a server waits for the next message; default 10 min.
    pub idle_timeout: Duration,
}

impl Limits {
    /// The defaults that each field names.
    pub const DEFAULT: Self = Self {
        message: dm_syncml::Limits::DEFAULT,
        max_reply_len: 16 << 20,
        max_messages: 4096,
        max_orders: 4096,
        max_resends: 3,
        resend_after: Duration::from_secs(5),
        request_timeout: Duration::from_secs(60),
        session_timeout: Duration::from_secs(30 * 60),
        interaction_timeout: Duration::from_secs(5 * 60),
        idle_timeout: Duration::from_secs(10 * 60),
    };

    /// For modems: messages as `dm_syncml::Limits::tiny` has them, and 32 KiB of replies.
    #[must_use]
    pub const fn tiny() -> Self {
        Self::DEFAULT.with_message(dm_syncml::Limits::tiny()).with_max_reply_len(32 << 10)
    }
}

/// Setters by value.
macro_rules! with {
    ($($(#[$doc:meta])+ $with:ident: $field:ident: $type:ty;)+) => {
        impl Limits {
            $(
                $(#[$doc])+
                #[must_use]
                pub const fn $with(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

with! {
    /// The same with these bounds of messages.
    with_message: message: dm_syncml::Limits;
    /// The same with this many bytes of Statuses and Results.
    with_max_reply_len: max_reply_len: usize;
    /// The same with this many messages.
    with_max_messages: max_messages: u32;
    /// The same with this many orders.
    with_max_orders: max_orders: usize;
    /// The same, sending a message this often again.
    with_max_resends: max_resends: u8;
    /// The same, waiting this long before.
    with_resend_after: resend_after: Duration;
    /// The same with this time for one HTTP request.
    with_request_timeout: request_timeout: Duration;
    /// The same with this time for a whole session.
    with_session_timeout: session_timeout: Duration;
    /// The same with this time for the user.
    with_interaction_timeout: interaction_timeout: Duration;
    /// The same with this time without a message.
    with_idle_timeout: idle_timeout: Duration;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Where a client may be led by `RespURI` and by redirects of HTTP. One that leads elsewhere ends the session: what
/// follows would give credentials and data away.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum RespUriPolicy {
    /// To the scheme, host and port where it is already.
    #[default]
    SameOrigin,
    /// There, and to the origins of these URIs.
    Origins(Vec<String>),
    /// Wherever this says yes to: the present URI, and the new one.
    Ask(fn(&Uri, &Uri) -> bool),
}

impl RespUriPolicy {
    /// Whether the next message may go there. Plain HTTP after HTTPS may never.
    pub(crate) fn allows(&self, from: &Uri, to: &Uri) -> bool {
        if from.is_https() && !to.is_https() {
            return false;
        }
        match self {
            Self::SameOrigin => from.same_origin(to),
            Self::Origins(origins) => {
                from.same_origin(to) || origins.iter().any(|it| Uri::parse(it).is_ok_and(|it| it.same_origin(to)))
            }
            Self::Ask(allows) => allows(from, to),
        }
    }
}

/// What a device tells each of its sessions with one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `./DevInfo/DevId`: Source of its messages.
    pub device_id: String,
    /// `ServerID` of the account: the only name that ACLs know for the server.
    pub server_id: String,
    /// The address of the account, where a session starts: Target of the first message.
    pub server_uri: String,
    /// How the device proves who it is (`CLCRED`).
    pub identity: Identity,
    /// What the server has to show (`SRVCRED`).
    pub demand: Demand,
    /// Credentials for HTTP Basic, sent with every request to the account's origin (`HTTP-BASIC`).
    pub basic: Option<BasicCredentials>,
    /// The form of its messages; default XML. Answers are understood in both.
    pub encoding: Encoding,
    /// `MaxMsgSize` that is announced, bytes; default none.
    pub max_msg_size: Option<u32>,
    /// `MaxObjSize` that is announced, bytes: the largest object that comes or goes in chunks. `None`: no large
    /// objects, and a chunk is answered 406. Default 1 MiB.
    pub max_obj_size: Option<u32>,
    /// Whether the user can be shown and asked things; else 406. Default no.
    pub interaction: bool,
    /// Whether Atomic is carried out; else 406. Default yes.
    pub atomic: bool,
    /// Whether a command of a Sequence that fails keeps those after it from being done (215). Default no: 215 speaks of
    /// users (D6 in `docs/design.md`).
    pub stop_sequence: bool,
    /// Whether alerts that came up wait for the next session when the server has nothing else to do. Default no (D1 in `docs/design.md`).
    pub defer_alerts: bool,
    /// Whether Types of alerts get the prefix `Reversed-Domain-Name: ` that the standard asks for. Default yes.
    pub prefix_alerts: bool,
    /// Where the server may lead.
    pub resp_uri: RespUriPolicy,
    /// Whether plain HTTP is spoken. Default no.
    pub allow_http: bool,
    /// The `User-Agent`, if it has one.
    pub user_agent: Option<String>,
    /// Bounds.
    pub limits: Limits,
}

impl ClientConfig {
    /// The defaults for a device and its server, both authenticated by the transport.
    #[must_use]
    pub fn new(device_id: impl Into<String>, server_id: impl Into<String>, server_uri: impl Into<String>) -> Self {
        Self {
            device_id: device_id.into(),
            server_id: server_id.into(),
            server_uri: server_uri.into(),
            identity: Identity::TRANSPORT,
            demand: Demand::Transport,
            basic: None,
            encoding: Encoding::Xml,
            max_msg_size: None,
            max_obj_size: Some(1 << 20),
            interaction: false,
            atomic: true,
            stop_sequence: false,
            defer_alerts: false,
            prefix_alerts: true,
            resp_uri: RespUriPolicy::SameOrigin,
            allow_http: false,
            user_agent: None,
            limits: Limits::DEFAULT,
        }
    }

    /// The configuration that an account says: its first address with its first port, `CLCRED` and `SRVCRED` of `BASIC`,
    /// `DIGEST` and `HMAC`, and the transport where there are none; credentials of `HTTP-BASIC` for the transport. The
    /// client's scheme is used from the start if `AAuthPref` names it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] without an address, or with credentials that lack a name or a secret.
    pub fn from_account(device_id: impl Into<String>, account: &Account) -> Result<Self, Error> {
        let invalid = || Error::new(ErrorKind::InvalidConfig);
        let address = account.addresses.first().ok_or_else(invalid)?;
        let mut config = Self::new(device_id, account.server_id.clone(), with_port(address));
        if let Some(auth) = account.credentials(&AuthLevel::Client)
            && let Some(scheme) = Scheme::from_account_type(&auth.auth_type)
        {
            config.identity = Identity::new(Credentials::from_account(auth).ok_or_else(invalid)?)
                .with_weakest(scheme.min(Scheme::Md5));
            if account.auth_pref.as_deref() == Some(scheme.account_type()) {
                config.identity = config.identity.with_first(scheme);
            }
        }
        if let Some(auth) = account.credentials(&AuthLevel::Server)
            && let Some(scheme) = Scheme::from_account_type(&auth.auth_type)
        {
            config.demand = Demand::new(scheme, Credentials::from_account(auth).ok_or_else(invalid)?);
        }
        if let Some(auth) = account.credentials(&AuthLevel::Http).filter(|auth| auth.auth_type == "HTTP-BASIC") {
            let (Some(name), Some(secret)) = (&auth.name, &auth.secret) else { return Err(invalid()) };
            config.basic = Some(BasicCredentials::new(name.clone(), secret.clone()).map_err(|_| invalid())?);
        }
        Ok(config)
    }

    /// The same with this way to prove who the device is.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// The same with this demand on the server.
    #[must_use]
    pub fn with_demand(mut self, demand: Demand) -> Self {
        self.demand = demand;
        self
    }

    /// The same with credentials for HTTP Basic.
    #[must_use]
    pub fn with_basic(mut self, credentials: BasicCredentials) -> Self {
        self.basic = Some(credentials);
        self
    }

    /// The same with messages in this form.
    #[must_use]
    pub const fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The same with this `MaxMsgSize`.
    #[must_use]
    pub const fn with_max_msg_size(mut self, bytes: Option<u32>) -> Self {
        self.max_msg_size = bytes;
        self
    }

    /// The same with this `MaxObjSize`; `None` for no large objects.
    #[must_use]
    pub const fn with_max_obj_size(mut self, bytes: Option<u32>) -> Self {
        self.max_obj_size = bytes;
        self
    }

    /// The same with user interaction or without.
    #[must_use]
    pub const fn with_interaction(mut self, interaction: bool) -> Self {
        self.interaction = interaction;
        self
    }

    /// The same with Atomic or without.
    #[must_use]
    pub const fn with_atomic(mut self, atomic: bool) -> Self {
        self.atomic = atomic;
        self
    }

    /// The same, stopping a Sequence at a failure or not.
    #[must_use]
    pub const fn with_stop_sequence(mut self, stop: bool) -> Self {
        self.stop_sequence = stop;
        self
    }

    /// The same, keeping alerts for the next session or not.
    #[must_use]
    pub const fn with_defer_alerts(mut self, defer: bool) -> Self {
        self.defer_alerts = defer;
        self
    }

    /// The same with prefixes of alerts or without.
    #[must_use]
    pub const fn with_prefix_alerts(mut self, prefix: bool) -> Self {
        self.prefix_alerts = prefix;
        self
    }

    /// The same with this policy for `RespURI`.
    #[must_use]
    pub fn with_resp_uri(mut self, policy: RespUriPolicy) -> Self {
        self.resp_uri = policy;
        self
    }

    /// The same, speaking plain HTTP or not.
    #[must_use]
    pub const fn with_allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The same with this `User-Agent`.
    #[must_use]
    pub fn with_user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = Some(agent.into());
        self
    }

    /// The same with these bounds.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes of the largest object in chunks; `None` for no such objects.
    pub(crate) fn object_limit(&self) -> Option<usize> {
        self.max_obj_size.map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// A URI that this device may post to.
    pub(crate) fn endpoint(&self, uri: &str) -> Option<Uri> {
        Uri::parse(uri).ok().filter(|uri| uri.is_https() || self.allow_http)
    }

    pub(crate) fn check(&self) -> Result<Uri, Error> {
        let named = !self.device_id.is_empty() && !self.server_id.is_empty() && self.identity.is_usable();
        self.endpoint(&self.server_uri).filter(|_| named).ok_or_else(|| ErrorKind::InvalidConfig.into())
    }
}

/// The URL of an address, with the port that stands beside it.
fn with_port(address: &AccountAddr) -> String {
    match (Uri::parse(&address.addr), address.ports.first()) {
        (Ok(uri), Some(port)) if *port != uri.port() => {
            format!("{}://{}:{port}{}", uri.scheme(), uri.host(), uri.path_and_query())
        }
        _ => address.addr.clone(),
    }
}

/// What kind of device a server speaks to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// One that follows the standard.
    #[default]
    Standard,
    /// A Windows PC under MDM: no `MaxMsgSize` is announced, what it does not have is not sent (Copy, Correlator, user
    /// interaction, Get and Atomic in an Atomic, raw mark-up), and its first message may lack the session alert.
    Windows,
}

/// What a server tells each of its sessions. Credentials are those of one device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The `ServerID`: in notifications, and the name that a device's ACLs know.
    pub server_id: String,
    /// The server's URI: Source of its messages.
    pub server_uri: String,
    /// `RespURI` that is sent with every message, for a session that is to go on elsewhere; default none.
    pub resp_uri: Option<String>,
    /// What the device has to show (`CLCRED`).
    pub demand: Demand,
    /// How the server proves who it is to this device (`SRVCRED`); signs notifications too.
    pub identity: Identity,
    /// What kind of device it is.
    pub profile: Profile,
    /// `MaxMsgSize` that is announced, bytes; default none.
    pub max_msg_size: Option<u32>,
    /// `MaxObjSize` that is announced, bytes; the bound of what is put together of chunks, announced or not (4 MiB then).
    pub max_obj_size: Option<u32>,
    /// The Types of alerts that the application knows, without prefix; others are answered 415 (1226) or 406 (1224)
    /// and handed on all the same. `None`, the default, knows every Type.
    pub alert_types: Option<Vec<String>>,
    /// How long to wait for a session before a notification is sent again; default 60 s.
    pub resend_after: Duration,
    /// How often a notification is sent at most, the first time included; default 3.
    pub max_sends: u32,
    /// Bounds.
    pub limits: Limits,
}

impl ServerConfig {
    /// The defaults for a server and its URI, device and server authenticated by the transport.
    #[must_use]
    pub fn new(server_id: impl Into<String>, server_uri: impl Into<String>) -> Self {
        Self {
            server_id: server_id.into(),
            server_uri: server_uri.into(),
            resp_uri: None,
            demand: Demand::Transport,
            identity: Identity::TRANSPORT,
            profile: Profile::Standard,
            max_msg_size: None,
            max_obj_size: None,
            alert_types: None,
            resend_after: Duration::from_secs(60),
            max_sends: 3,
            limits: Limits::DEFAULT,
        }
    }

    /// The defaults for Windows PCs: [`Profile::Windows`].
    #[must_use]
    pub fn windows(server_id: impl Into<String>, server_uri: impl Into<String>) -> Self {
        Self::new(server_id, server_uri).with_profile(Profile::Windows)
    }

    /// The same with this `RespURI`.
    #[must_use]
    pub fn with_resp_uri(mut self, uri: impl Into<String>) -> Self {
        self.resp_uri = Some(uri.into());
        self
    }

    /// The same with this demand on the device.
    #[must_use]
    pub fn with_demand(mut self, demand: Demand) -> Self {
        self.demand = demand;
        self
    }

    /// The same with this way to prove who the server is.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// The same for this kind of device.
    #[must_use]
    pub const fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The same with this `MaxMsgSize`.
    #[must_use]
    pub const fn with_max_msg_size(mut self, bytes: Option<u32>) -> Self {
        self.max_msg_size = bytes;
        self
    }

    /// The same with this `MaxObjSize`.
    #[must_use]
    pub const fn with_max_obj_size(mut self, bytes: Option<u32>) -> Self {
        self.max_obj_size = bytes;
        self
    }

    /// The same, knowing these Types of alerts alone.
    #[must_use]
    pub fn with_alert_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.alert_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// The same with this policy of sending notifications again.
    #[must_use]
    pub const fn with_resend(mut self, after: Duration, max_sends: u32) -> Self {
        self.resend_after = after;
        self.max_sends = max_sends;
        self
    }

    /// The same with these bounds.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes of the largest object that is put together.
    pub(crate) fn object_limit(&self) -> usize {
        self.max_obj_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(4 << 20)
    }

    /// The `MaxMsgSize` to announce.
    pub(crate) fn announced_msg_size(&self) -> Option<u32> {
        self.max_msg_size.filter(|_| self.profile != Profile::Windows)
    }

    /// What an alert of this Type is answered.
    pub(crate) fn alert_status(&self, alert: &super::alert::ClientAlert) -> StatusCode {
        if alert.items.is_empty() || !alert.items.iter().all(super::alert::AlertItem::is_complete) {
            // Of 1224 the standard has no other refusal than 406.
            return match alert.kind {
                super::alert::AlertKind::Generic => StatusCode::INCOMPLETE,
                super::alert::AlertKind::Event => StatusCode::NOT_SUPPORTED,
            };
        }
        let known = |item: &super::alert::AlertItem| {
            self.alert_types
                .as_ref()
                .is_none_or(|types| types.iter().any(|known| known.eq_ignore_ascii_case(item.alert_type())))
        };
        if alert.items.iter().all(known) { StatusCode::OK } else { alert.kind.unsupported() }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let uris = [Some(&self.server_uri), self.resp_uri.as_ref()];
        let usable = !self.server_id.is_empty()
            && uris.into_iter().flatten().all(|uri| Uri::parse(uri).is_ok())
            && self.identity.is_usable()
            && self.max_sends > 0;
        if usable { Ok(()) } else { Err(ErrorKind::InvalidConfig.into()) }
    }
}

#[cfg(test)]
mod tests;
