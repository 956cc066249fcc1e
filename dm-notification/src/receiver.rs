use core::fmt;
use core::time::Duration;

use crate::list::List;
use crate::memory::{Remembered, ServerKey, is_over};
use crate::{ConType, DIGEST_LEN, Error, Limits, Notification, NotificationId, Strictness, UnixSeconds};

/// What receives notifications on a device and decides whether each may start a session: the algorithm of
/// `OMA-TS-DM_Protocol-V2_0 §5.2.1.2` and its replay guard, with memory for `SERVERS` servers and the last `IDS`
/// notifications of each.
///
/// It does no input or output, has no clock, and allocates nothing. In order it
///
/// 1. reads the notification,
/// 2. finds the account for SERVER-ID,
/// 3. checks the digest, before anything that is remembered is looked at,
/// 4. checks TIMESTAMP against the clock or, without one, against the latest accepted,
/// 5. drops duplicates,
/// 6. triggers a session or, while one runs with that server, queues the trigger, one deep.
///
/// A notification that is ignored changes nothing. There is no reply of any kind to a notification.
///
/// **Memory.** What signed and unsigned notifications left is kept apart, so that nobody without the secret can make
/// the receiver forget a signed one or refuse the next. A duplicate is known by NOTIFICATION-ID; without one by its
/// digest; unsigned and without one by its TIMESTAMP; with none of them it is not known. When more than `IDS` signed
/// notifications come within the window, the oldest is forgotten, and from then on TIMESTAMP must be greater than
/// the forgotten one's; one that had no TIMESTAMP could be replayed. Choose `SERVERS` at least as great as the number of
/// accounts: a server for which there is no room is not heard. Without a clock nothing grows old, so a server that signs
/// the very same bytes again, with neither NOTIFICATION-ID nor TIMESTAMP, is not heard again until other notifications
/// have taken their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver<const SERVERS: usize = 4, const IDS: usize = 8> {
    pub(crate) policy: Policy,
    pub(crate) servers: List<Server<IDS>, SERVERS>,
}

impl<const SERVERS: usize, const IDS: usize> Receiver<SERVERS, IDS> {
    /// A receiver that remembers nothing yet. `SERVERS` and `IDS` of 0 do not compile.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        const { assert!(SERVERS > 0 && IDS > 0, "a receiver needs room for one server and one notification") };
        Self { policy, servers: List::new() }
    }

    /// Takes a notification as the bearer delivered it.
    ///
    /// `now` is the time if the device has a clock it trusts. `accounts` answers from the DM Account MOs.
    pub fn receive<'a, A: Accounts + ?Sized>(
        &mut self,
        now: Option<UnixSeconds>,
        message: &[u8],
        accounts: &'a A,
    ) -> Outcome<'a> {
        match self.judge(now, message, accounts) {
            Ok(accepted) => self.commit(accepted),
            Err(reason) => Outcome::Ignored(reason),
        }
    }

    /// Takes the trigger that was queued while a session with that server ran, if there is one. Call it when the
    /// session has ended.
    pub fn take_queued<'s>(&mut self, server_id: &'s str) -> Option<Trigger<'s>> {
        let queued = self.servers.named(server_id)?.queued.take()?;
        Some(queued.trigger(server_id))
    }

    /// Forgets a server: its account was deleted, or its credentials were replaced.
    pub fn forget(&mut self, server_id: &str) {
        self.servers.forget(server_id);
    }

    /// Everything that can lead to silence. Changes nothing.
    fn judge<'a, A: Accounts + ?Sized>(
        &self,
        now: Option<UnixSeconds>,
        message: &[u8],
        accounts: &'a A,
    ) -> Result<Accepted<'a>, Ignored> {
        let policy = &self.policy;
        let notification =
            Notification::parse_with(message, policy.strictness, &policy.limits).map_err(Ignored::Unreadable)?;
        let account = match notification.server_id() {
            Some(id) => accounts.by_server_id(id).ok_or(Ignored::UnknownServer)?,
            None => policy.account_without_server_id(&notification, accounts)?,
        };
        let signed = policy.authenticate(&notification, &account, accounts)?;

        let timestamp = notification.timestamp();
        let window = policy.clock_window.as_secs();
        if let (Some(now), Some(timestamp)) = (now, timestamp)
            && now.abs_diff(timestamp) > window
        {
            return Err(Ignored::OutsideWindow);
        }
        let key = ServerKey::of(account.server_id);
        let mark = Mark::of(&notification);
        match self.servers.iter().find(|server| server.key == key) {
            Some(server) => {
                let memory = if signed { &server.signed } else { &server.unsigned };
                memory.check(now, timestamp, mark)?;
                // The queue keeps the newest, but never gives up what was signed for what was not.
                let held = server.queued.is_some_and(|queued| queued.authenticated);
                if account.session_running && held && !signed {
                    return Err(Ignored::Busy);
                }
            }
            None if self.servers.is_full() => return Err(Ignored::NoRoom),
            None => {}
        }
        let until = now.max(timestamp).map(|latest| latest.saturating_add(window));
        Ok(Accepted {
            server_id: account.server_id,
            key,
            queue: account.session_running,
            request: Request {
                con_type: notification.con_type().unwrap_or_default().effective(),
                notification_id: notification.notification_id(),
                req_mos: notification.req_mos(),
                authenticated: signed,
            },
            now,
            timestamp,
            seen: mark.map(|mark| Seen { mark, timestamp, until }),
        })
    }

    /// Remembers what was accepted.
    fn commit<'a>(&mut self, accepted: Accepted<'a>) -> Outcome<'a> {
        let Accepted { server_id, key, queue, request, now, timestamp, seen } = accepted;
        let Some(server) = self.servers.find_or_push(|server| server.key == key, Server::new(key)) else {
            return Outcome::Ignored(Ignored::NoRoom); // not reached: judged before
        };
        let memory = if request.authenticated { &mut server.signed } else { &mut server.unsigned };
        memory.remember(now, timestamp, seen, request.authenticated);
        if queue {
            server.queued = Some(request);
            Outcome::Queued(request.trigger(server_id))
        } else {
            Outcome::Trigger(request.trigger(server_id))
        }
    }
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Start a session.
    Trigger(Trigger<'a>),
    /// A session with that server is running: [`Receiver::take_queued`] gives this trigger when it has ended, unless a
    /// newer one has taken its place.
    Queued(Trigger<'a>),
    /// Do nothing, and send no reply.
    Ignored(Ignored),
}

impl<'a> Outcome<'a> {
    /// The trigger to start a session with now.
    #[must_use]
    pub const fn trigger(self) -> Option<Trigger<'a>> {
        match self {
            Self::Trigger(trigger) => Some(trigger),
            Self::Queued(_) | Self::Ignored(_) => None,
        }
    }
}

/// A server's accepted request for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trigger<'a> {
    /// `SrvID` of the account to open the session with.
    pub server_id: &'a str,
    /// The bearer to prefer; never [`ConType::Unknown`].
    pub con_type: ConType,
    /// To be echoed in the session-start alert of Package#1.
    pub notification_id: Option<NotificationId>,
    /// Whether Package#1 has to hold the `MOS` array.
    pub req_mos: bool,
    /// Whether a digest proved that the server sent it.
    pub authenticated: bool,
}

impl<'a> Trigger<'a> {
    /// A trigger that did not come through a [`Receiver`]: any bearer, no id, no `MOS`, not authenticated. The fields
    /// are open to be set.
    #[must_use]
    pub const fn new(server_id: &'a str) -> Self {
        Self { server_id, con_type: ConType::Any, notification_id: None, req_mos: false, authenticated: false }
    }
}

/// Why a notification was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// It cannot be read.
    Unreadable(Error),
    /// It has no SERVER-ID, and it is not both clear which account is meant and safe to use it.
    NoServerId,
    /// No account has this SERVER-ID.
    UnknownServer,
    /// It has a digest, but the account has no notification credentials to check it with.
    NoCredentials,
    /// Its digest is wrong.
    WrongDigest,
    /// It has no digest, and the policy wants one.
    Unsigned,
    /// Its TIMESTAMP is too far from the clock.
    OutsideWindow,
    /// Its TIMESTAMP is not later than one that was accepted.
    Replayed,
    /// It was accepted before.
    Duplicate,
    /// A session is running, and what is queued for after it is signed while this is not.
    Busy,
    /// As many servers as there is room for are remembered, and this is another.
    NoRoom,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NoServerId => f.write_str("no SERVER-ID"),
            Self::UnknownServer => f.write_str("unknown SERVER-ID"),
            Self::NoCredentials => f.write_str("no notification credentials to check the digest with"),
            Self::WrongDigest => f.write_str("wrong digest"),
            Self::Unsigned => f.write_str("no digest"),
            Self::OutsideWindow => f.write_str("TIMESTAMP outside the clock window"),
            Self::Replayed => f.write_str("TIMESTAMP not later than an accepted one"),
            Self::Duplicate => f.write_str("duplicate"),
            Self::Busy => f.write_str("a signed trigger is already queued"),
            Self::NoRoom => f.write_str("no room for another server"),
        }
    }
}

/// What a [`Receiver`] lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How deviations are met. Default lenient. Strict also ignores every notification without SERVER-ID.
    pub strictness: Strictness,
    /// What a notification may ask. Default [`Limits::DEFAULT`].
    pub limits: Limits,
    /// How far TIMESTAMP may be from the clock, in whole seconds, and how long a notification is remembered as a
    /// duplicate. Default 300 s: covers the delay of most bearers and the error of most clocks.
    pub clock_window: Duration,
    /// Whether a notification without a digest may trigger. Default [`Unsigned::UnlessProvisioned`].
    pub unsigned: Unsigned,
}

impl Policy {
    /// The values named at each field.
    pub const DEFAULT: Self = Self {
        strictness: Strictness::Lenient,
        limits: Limits::DEFAULT,
        clock_window: Duration::from_secs(300),
        unsigned: Unsigned::UnlessProvisioned,
    };

    /// Sets [`strictness`](Self::strictness).
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`clock_window`](Self::clock_window).
    #[must_use]
    pub const fn with_clock_window(mut self, window: Duration) -> Self {
        self.clock_window = window;
        self
    }

    /// Sets [`unsigned`](Self::unsigned).
    #[must_use]
    pub const fn with_unsigned(mut self, unsigned: Unsigned) -> Self {
        self.unsigned = unsigned;
        self
    }

    /// The account for a notification that names none: the only one, if its digest can prove that it is meant. Without
    /// a digest only where unsigned ones are always taken.
    fn account_without_server_id<'a, A: Accounts + ?Sized>(
        &self,
        notification: &Notification<'_>,
        accounts: &'a A,
    ) -> Result<Account<'a>, Ignored> {
        let usable = notification.digest().is_some() || self.unsigned == Unsigned::Always;
        match self.strictness {
            Strictness::Lenient if usable => accounts.only().ok_or(Ignored::NoServerId),
            _ => Err(Ignored::NoServerId),
        }
    }

    /// Whether the notification is signed by the account's server, or may pass unsigned.
    fn authenticate<A: Accounts + ?Sized>(
        &self,
        notification: &Notification<'_>,
        account: &Account<'_>,
        accounts: &A,
    ) -> Result<bool, Ignored> {
        match (notification.digest(), account.credentials) {
            (Some(_), None) => Err(Ignored::NoCredentials),
            (Some(_), Some(credentials)) => {
                if accounts.verify(account.server_id, &credentials, notification) {
                    Ok(true)
                } else {
                    Err(Ignored::WrongDigest)
                }
            }
            (None, credentials) => match self.unsigned {
                Unsigned::Always => Ok(false),
                Unsigned::UnlessProvisioned if credentials.is_none() => Ok(false),
                Unsigned::UnlessProvisioned | Unsigned::Never => Err(Ignored::Unsigned),
            },
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether a notification without a digest may trigger a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unsigned {
    /// Never.
    Never,
    /// For accounts without notification credentials. Where there are some, leaving the digest out would otherwise be
    /// all it takes to get around it.
    #[default]
    UnlessProvisioned,
    /// Always, even where the account has credentials, and without SERVER-ID if there is one account. Whoever reaches
    /// the bearer can then make the device open a session with its own server.
    Always,
}

/// The DM accounts of the device, as far as notifications need them. Implemented for `[Account]`.
pub trait Accounts {
    /// The account whose `SrvID` is this, byte for byte.
    fn by_server_id(&self, server_id: &str) -> Option<Account<'_>>;

    /// The account, if there is exactly one.
    fn only(&self) -> Option<Account<'_>>;

    /// Checks the digest. Override it to hash in hardware or to keep the secret where the program cannot read it;
    /// [`Notification::digest_input`] has the parts. Compare in constant time.
    fn verify(&self, server_id: &str, credentials: &Credentials<'_>, notification: &Notification<'_>) -> bool {
        let _ = server_id;
        notification.verify(credentials.secret, credentials.auth_data).is_ok()
    }
}

impl Accounts for [Account<'_>] {
    fn by_server_id(&self, server_id: &str) -> Option<Account<'_>> {
        self.iter().find(|account| account.server_id == server_id).copied()
    }

    fn only(&self) -> Option<Account<'_>> {
        match self {
            [account] => Some(*account),
            _ => None,
        }
    }
}

/// One DM account.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Account<'a> {
    /// `SrvID`.
    pub server_id: &'a str,
    /// `Auth/Noti`, if it is there.
    pub credentials: Option<Credentials<'a>>,
    /// Whether a session with this server is running, from the moment its trigger was taken up until it has ended.
    pub session_running: bool,
}

impl<'a> Account<'a> {
    /// An account without notification credentials and without a session.
    #[must_use]
    pub const fn new(server_id: &'a str) -> Self {
        Self { server_id, credentials: None, session_running: false }
    }

    /// Adds `Auth/Noti`.
    #[must_use]
    pub const fn with_credentials(mut self, credentials: Credentials<'a>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Says whether a session with this server is running.
    #[must_use]
    pub const fn with_session_running(mut self, running: bool) -> Self {
        self.session_running = running;
        self
    }
}

/// The notification credentials of an account. `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    secret: &'a [u8],
    auth_data: &'a [u8],
}

impl<'a> Credentials<'a> {
    /// From `Auth/Noti/Secret` and `Auth/Noti/Data`, the raw bytes of both nodes.
    #[must_use]
    pub const fn new(secret: &'a [u8], auth_data: &'a [u8]) -> Self {
        Self { secret, auth_data }
    }

    /// `Auth/Noti/Secret`.
    #[must_use]
    pub const fn secret(&self) -> &'a [u8] {
        self.secret
    }

    /// `Auth/Noti/Data`.
    #[must_use]
    pub const fn auth_data(&self) -> &'a [u8] {
        self.auth_data
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// A notification that passed, and what is to be remembered of it.
struct Accepted<'a> {
    server_id: &'a str,
    key: ServerKey,
    queue: bool,
    request: Request,
    now: Option<UnixSeconds>,
    timestamp: Option<UnixSeconds>,
    seen: Option<Seen>,
}

/// A trigger without the name of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Request {
    pub(crate) con_type: ConType,
    notification_id: Option<NotificationId>,
    req_mos: bool,
    authenticated: bool,
}

impl Request {
    const fn trigger(self, server_id: &str) -> Trigger<'_> {
        let Self { con_type, notification_id, req_mos, authenticated } = self;
        Trigger { server_id, con_type, notification_id, req_mos, authenticated }
    }
}

/// What is remembered of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Server<const IDS: usize> {
    key: ServerKey,
    pub(crate) signed: Memory<IDS>,
    pub(crate) unsigned: Memory<IDS>,
    pub(crate) queued: Option<Request>,
}

impl<const IDS: usize> Server<IDS> {
    const fn new(key: ServerKey) -> Self {
        Self { key, signed: Memory::new(), unsigned: Memory::new(), queued: None }
    }
}

impl<const IDS: usize> Remembered for Server<IDS> {
    fn key(&self) -> ServerKey {
        self.key
    }
}

/// What is remembered of the notifications of one server that were signed, or of those that were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Memory<const IDS: usize> {
    /// The latest TIMESTAMP accepted. Only what is signed sets it: anybody could claim the end of time.
    pub(crate) latest: Option<UnixSeconds>,
    /// The latest TIMESTAMP among the notifications that had to be forgotten early.
    pub(crate) forgotten: Option<UnixSeconds>,
    pub(crate) seen: List<Seen, IDS>,
}

impl<const IDS: usize> Memory<IDS> {
    const fn new() -> Self {
        Self { latest: None, forgotten: None, seen: List::new() }
    }

    fn check(
        &self,
        now: Option<UnixSeconds>,
        timestamp: Option<UnixSeconds>,
        mark: Option<Mark>,
    ) -> Result<(), Ignored> {
        if self.seen.iter().any(|seen| Some(seen.mark) == mark && !seen.expired(now)) {
            return Err(Ignored::Duplicate);
        }
        // With a clock the window has spoken, and old news can only be what the list has no room for.
        let floor = if now.is_some() { self.forgotten } else { self.latest };
        match timestamp {
            Some(timestamp) if floor >= Some(timestamp) => Err(Ignored::Replayed),
            _ => Ok(()),
        }
    }

    fn remember(
        &mut self,
        now: Option<UnixSeconds>,
        timestamp: Option<UnixSeconds>,
        seen: Option<Seen>,
        authenticated: bool,
    ) {
        self.seen.retain(|seen| !seen.expired(now));
        if let Some(seen) = seen {
            let oldest = self.seen.push_over(seen);
            if let Some(oldest) = oldest.filter(|_| authenticated) {
                self.forgotten = self.forgotten.max(oldest.timestamp);
            }
        }
        if authenticated {
            self.latest = self.latest.max(timestamp);
        }
    }
}

/// An accepted notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Seen {
    pub(crate) mark: Mark,
    pub(crate) timestamp: Option<UnixSeconds>,
    /// The last second at which it is a duplicate. A TIMESTAMP from the future stays inside the window for longer than
    /// the window after it came, so this counts from the later of both. `None`, known by neither, is for ever.
    pub(crate) until: Option<UnixSeconds>,
}

impl Seen {
    fn expired(&self, now: Option<UnixSeconds>) -> bool {
        is_over(self.until, now)
    }
}

/// What tells a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub(crate) enum Mark {
    Id(NotificationId),
    Digest([u8; DIGEST_LEN]),
    Timestamp(UnixSeconds),
}

impl Mark {
    fn of(notification: &Notification<'_>) -> Option<Self> {
        let id = notification.notification_id().map(Self::Id);
        id.or_else(|| notification.digest().copied().map(Self::Digest))
            .or_else(|| notification.timestamp().map(Self::Timestamp))
    }
}
