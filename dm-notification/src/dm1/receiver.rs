use core::fmt;
use core::time::Duration;

use super::{Credentials, Error, Initiator, Notification, ParseOptions, ResyncNonce, SessionId, UiMode};
use crate::UnixSeconds;
use crate::list::List;
use crate::memory::{Remembered, ServerKey, is_over};

/// What receives notifications of DM 1.x on a device and decides whether each may start a session, §3, with memory for
/// `SERVERS` servers and the last `IDS` sessions of each.
///
/// It does no input or output, has no clock, and allocates nothing. What it takes has been freed of its framing, which
/// says whether it is a notification at all: [`wsp::Push::notification`](super::wsp::Push::notification), or the media type
/// [`CONTENT_TYPE`](super::CONTENT_TYPE). In order it
///
/// 1. reads the notification: length, version, server identifier,
/// 2. finds the account,
/// 3. checks the digest with the nonce of the account and, where that is allowed, with the one for resynchronization,
/// 4. refuses session id 0,
/// 5. drops duplicates, and what comes too soon,
/// 6. triggers a session; asks the user first if the server recommends it; or, while a session runs with that server, queues
///    the trigger, one deep.
///
/// A notification that is ignored changes nothing. There is no reply of any kind to a notification, and none of this
/// changes a nonce.
///
/// **Memory.** A session id that was accepted is a duplicate for [`Policy::duplicate_window`], or, without a clock, until `IDS`
/// others have taken its place. One that came with a nonce for resynchronization stays until then in any case: that
/// nonce never changes, so nothing else stops a replay. What was accepted with the nonce of the account, by
/// resynchronization, and without a digest is kept apart, so that nobody without the password can make the receiver forget.
/// Choose `SERVERS` at least as great as the number of accounts: a server for which there is no room is not heard.
///
/// ```text
/// receive ──▶ Trigger                               the host starts the session
///         ──▶ Ask ──answer──▶ Trigger | Queued      and nothing if the user refuses or the time is up
///         ──▶ Queued ──take_queued──▶ Trigger       when the running session has ended
///         ──▶ Ignored
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver<const SERVERS: usize = 4, const IDS: usize = 8> {
    pub(crate) policy: Policy,
    pub(crate) servers: List<Server<IDS>, SERVERS>,
}

impl<const SERVERS: usize, const IDS: usize> Receiver<SERVERS, IDS> {
    /// A receiver that remembers nothing yet. `SERVERS` and `IDS` of 0 do not compile.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        const { assert!(SERVERS > 0 && IDS > 0, "a receiver needs room for one server and one session") };
        Self { policy, servers: List::new() }
    }

    /// Takes a notification, without the framing of its bearer.
    ///
    /// `now` is the time if the device has a clock it trusts. `accounts` answers from the DM accounts (DMAcc).
    pub fn receive<'a, A: Accounts + ?Sized>(
        &mut self,
        now: Option<UnixSeconds>,
        message: &[u8],
        accounts: &'a A,
    ) -> Outcome<'a> {
        match self.judge(now, message, accounts) {
            Ok(accepted) => self.commit(now, accepted),
            Err(reason) => Outcome::Ignored(reason),
        }
    }

    /// Tells what became of the question that [`Outcome::Ask`] stands for. `account` is the account as it is now.
    ///
    /// Only the latest question of a server can be answered, only once, and not later than [`Policy::ask_timeout`].
    pub fn answer<'a>(
        &mut self,
        now: Option<UnixSeconds>,
        account: &Account<'a>,
        session_id: SessionId,
        answer: Answer,
    ) -> Outcome<'a> {
        let Some(server) = self.servers.named(account.server_id) else {
            return Outcome::Ignored(Ignored::NotAsked);
        };
        let Some(asked) = server.asked.take_if(|asked| asked.request.session_id == session_id) else {
            return Outcome::Ignored(Ignored::NotAsked);
        };
        match answer {
            _ if asked.expired(now) => Outcome::Ignored(Ignored::TimedOut),
            Answer::Accepted if account.session_running => server.queue(account.server_id, asked.request),
            Answer::Accepted => Outcome::Trigger(asked.request.trigger(account.server_id)),
            Answer::Refused => Outcome::Ignored(Ignored::Refused),
            Answer::TimedOut => Outcome::Ignored(Ignored::TimedOut),
        }
    }

    /// Takes the trigger that was queued while a session with that server ran, if there is one. Call it when the
    /// session has ended.
    pub fn take_queued<'s>(&mut self, server_id: &'s str) -> Option<Trigger<'s>> {
        let queued = self.servers.named(server_id)?.queued.take()?;
        Some(queued.trigger(server_id))
    }

    /// Forgets a session: it could not be opened, so a resend of its notification is to be heard.
    pub fn forget_session(&mut self, server_id: &str, session_id: SessionId) {
        let Some(server) = self.servers.named(server_id) else { return };
        for memory in [&mut server.by_nonce, &mut server.by_resync, &mut server.unproven] {
            memory.forget(session_id);
        }
        server.asked.take_if(|asked| asked.request.session_id == session_id);
        server.queued.take_if(|queued| queued.session_id == session_id);
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
        let read = Notification::parse_with(message, &self.policy.parse).map_err(Ignored::Unreadable)?;
        let account = accounts.by_server_id(read.server_id()).ok_or(Ignored::UnknownServer)?;
        let proof = authenticate(&read, &account, accounts)?;
        let session_id = read.session_id().ok_or(Ignored::NoSessionId)?;
        if account.session_id == Some(session_id) {
            return Err(Ignored::Duplicate);
        }
        let request = Request { session_id, ui_mode: read.ui_mode(), initiator: read.initiator(), proof };
        let accepted = Accepted {
            server_id: account.server_id,
            key: ServerKey::of(account.server_id),
            running: account.session_running,
            request,
        };
        match self.servers.iter().find(|server| server.key == accepted.key) {
            Some(server) => server.check(now, &accepted, &self.policy)?,
            None if self.servers.is_full() => return Err(Ignored::NoRoom),
            None => {}
        }
        Ok(accepted)
    }

    /// Remembers what was accepted.
    fn commit<'a>(&mut self, now: Option<UnixSeconds>, accepted: Accepted<'a>) -> Outcome<'a> {
        let Accepted { server_id, key, running, request } = accepted;
        let later = |span: Duration| now.map(|now| now.saturating_add(span.as_secs()));
        let Some(server) = self.servers.find_or_push(|server| server.key == key, Server::new(key)) else {
            return Outcome::Ignored(Ignored::NoRoom); // not reached: judged before
        };
        let until = match request.proof {
            Proof::Resync(_) => None,
            Proof::Nonce | Proof::Missing => later(self.policy.duplicate_window),
        };
        server.remember(now, request, until);
        if request.ui_mode == UiMode::UserInteraction {
            server.asked = Some(Asked { request, until: later(self.policy.ask_timeout) });
            return Outcome::Ask(request.trigger(server_id));
        }
        if running { server.queue(server_id, request) } else { Outcome::Trigger(request.trigger(server_id)) }
    }
}

/// How the notification proves that the server sent it, or that the account does without. The second digest, for
/// resynchronization, is tried only after the first has failed.
fn authenticate<A: Accounts + ?Sized>(
    read: &Notification<'_>,
    account: &Account<'_>,
    accounts: &A,
) -> Result<Proof, Ignored> {
    let Some(credentials) = account.credentials else {
        return if account.unauthenticated { Ok(Proof::Missing) } else { Err(Ignored::NoCredentials) };
    };
    if accounts.verify(account.server_id, &credentials, read) {
        return Ok(Proof::Nonce);
    }
    match account.resync {
        Some(nonce) if accounts.verify(account.server_id, &credentials.with_nonce(nonce.octets()), read) => {
            Ok(Proof::Resync(nonce))
        }
        _ => Err(Ignored::WrongDigest),
    }
}

/// What became of a notification, or of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Start a session; with [`UiMode::Informative`], tell the user first.
    Trigger(Trigger<'a>),
    /// Ask the user, and tell [`Receiver::answer`]. Where a question about this server is open already, this one takes its
    /// place.
    Ask(Trigger<'a>),
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
            Self::Ask(_) | Self::Queued(_) | Self::Ignored(_) => None,
        }
    }
}

/// A server's accepted request for a session. Vendor data stays in the notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trigger<'a> {
    /// ServerID of the account to open the session with.
    pub server_id: &'a str,
    /// SessionID of the session.
    pub session_id: SessionId,
    /// What the server recommends to do with the user; [`UiMode::UserInteraction`] has been done when the trigger comes
    /// from [`Receiver::answer`].
    pub ui_mode: UiMode,
    /// Who caused the session, as the server sees it.
    pub initiator: Initiator,
    /// What proves that the server sent it.
    pub proof: Proof,
}

impl<'a> Trigger<'a> {
    /// The alert with which the session begins, whoever the initiator is: server-initiated.
    pub const ALERT: u16 = 1200;

    /// A trigger that did not come through a [`Receiver`]: ui-mode not specified, from the server, without proof. The fields
    /// are open to be set.
    #[must_use]
    pub const fn new(server_id: &'a str, session_id: SessionId) -> Self {
        Self {
            server_id,
            session_id,
            ui_mode: UiMode::NotSpecified,
            initiator: Initiator::Server,
            proof: Proof::Missing,
        }
    }

    /// The nonce that both sides use for credentials of the application layer in this session until each has given a
    /// new one, if nonces have to be resynchronized (§6).
    #[must_use]
    pub const fn resync(&self) -> Option<ResyncNonce> {
        match self.proof {
            Proof::Resync(nonce) => Some(nonce),
            Proof::Nonce | Proof::Missing => None,
        }
    }
}

/// What proves that the server sent a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Proof {
    /// The digest, with the nonce of the account.
    Nonce,
    /// The digest, with a nonce that everybody knows: a replay has it too.
    Resync(ResyncNonce),
    /// Nothing. Whoever reaches the bearer can have sent it.
    Missing,
}

impl Proof {
    /// What is better proven has the greater rank.
    const fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Resync(_) => 1,
            Self::Nonce => 2,
        }
    }
}

/// What the user said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// Yes.
    Accepted,
    /// No.
    Refused,
    /// Nothing in time.
    TimedOut,
}

/// Why nothing is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// It cannot be read.
    Unreadable(Error),
    /// No account has this server identifier.
    UnknownServer,
    /// The account has no credentials to check the digest with, and does not do without.
    NoCredentials,
    /// Its digest is wrong, with either nonce.
    WrongDigest,
    /// Its session id is 0.
    NoSessionId,
    /// That session runs, or was accepted before.
    Duplicate,
    /// The one before was accepted too short a time ago for how little this one proves.
    TooSoon,
    /// What waits for the end of the session or for the user is better proven than this.
    Busy,
    /// As many servers as there is room for are remembered, and this is another.
    NoRoom,
    /// No such question is open.
    NotAsked,
    /// The user refused.
    Refused,
    /// The user did not answer in time.
    TimedOut,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::UnknownServer => f.write_str("unknown server identifier"),
            Self::NoCredentials => f.write_str("no credentials to check the digest with"),
            Self::WrongDigest => f.write_str("wrong digest"),
            Self::NoSessionId => f.write_str("session id is 0"),
            Self::Duplicate => f.write_str("duplicate"),
            Self::TooSoon => f.write_str("too soon after the one before"),
            Self::Busy => f.write_str("what waits is better proven"),
            Self::NoRoom => f.write_str("no room for another server"),
            Self::NotAsked => f.write_str("nothing of the kind was asked"),
            Self::Refused => f.write_str("the user refused"),
            Self::TimedOut => f.write_str("the user did not answer in time"),
        }
    }
}

/// What a [`Receiver`] lets pass. All times are in whole seconds and need a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How notifications are read. Default [`ParseOptions::DEFAULT`].
    pub parse: ParseOptions,
    /// How long an accepted session id is a duplicate. Default 24 hours: longer than a server goes on resending.
    pub duplicate_window: Duration,
    /// The least time between two triggers of a server by resynchronization. Default 1 hour. Without a clock the next one
    /// has to wait until one with the nonce of the account has come, or the session of the first is
    /// [forgotten](Receiver::forget_session).
    pub resync_pause: Duration,
    /// The least time between two triggers of a server that prove nothing. Default 60 s. Not kept without a clock.
    pub unauthenticated_pause: Duration,
    /// How long the user has for an answer. Default 60 s.
    pub ask_timeout: Duration,
}

impl Policy {
    /// The values named at each field.
    pub const DEFAULT: Self = Self {
        parse: ParseOptions::DEFAULT,
        duplicate_window: Duration::from_secs(24 * 60 * 60),
        resync_pause: Duration::from_secs(60 * 60),
        unauthenticated_pause: Duration::from_secs(60),
        ask_timeout: Duration::from_secs(60),
    };

    /// Sets [`parse`](Self::parse).
    #[must_use]
    pub const fn with_parse(mut self, options: ParseOptions) -> Self {
        self.parse = options;
        self
    }

    /// Sets [`duplicate_window`](Self::duplicate_window).
    #[must_use]
    pub const fn with_duplicate_window(mut self, window: Duration) -> Self {
        self.duplicate_window = window;
        self
    }

    /// Sets [`resync_pause`](Self::resync_pause).
    #[must_use]
    pub const fn with_resync_pause(mut self, pause: Duration) -> Self {
        self.resync_pause = pause;
        self
    }

    /// Sets [`unauthenticated_pause`](Self::unauthenticated_pause).
    #[must_use]
    pub const fn with_unauthenticated_pause(mut self, pause: Duration) -> Self {
        self.unauthenticated_pause = pause;
        self
    }

    /// Sets [`ask_timeout`](Self::ask_timeout).
    #[must_use]
    pub const fn with_ask_timeout(mut self, timeout: Duration) -> Self {
        self.ask_timeout = timeout;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The DM accounts of the device, as far as notifications need them. Implemented for `[Account]`.
pub trait Accounts {
    /// The account whose ServerID is this, octet for octet.
    fn by_server_id(&self, server_id: &[u8]) -> Option<Account<'_>>;

    /// Checks the digest with the nonce in the credentials, which is that of the account or one for resynchronization.
    /// Override it to hash in hardware or to keep the secret where the program cannot read it;
    /// [`Notification::trigger`] is what is hashed. Compare in constant time.
    fn verify(&self, server_id: &str, credentials: &Credentials<'_>, notification: &Notification<'_>) -> bool {
        let _ = server_id;
        notification.verify(credentials).is_ok()
    }
}

impl Accounts for [Account<'_>] {
    fn by_server_id(&self, server_id: &[u8]) -> Option<Account<'_>> {
        self.iter().find(|account| account.server_id.as_bytes() == server_id).copied()
    }
}

/// One DM account.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Account<'a> {
    /// ServerID.
    pub server_id: &'a str,
    /// SRVCRED, if it is there and of a type with a digest.
    pub credentials: Option<Credentials<'a>>,
    /// Whether notifications pass without a digest where there are no credentials to check it with.
    pub unauthenticated: bool,
    /// Whether the server may resynchronize nonces, and with which. Allow it only where the server supports it and replaces
    /// its password afterwards.
    pub resync: Option<ResyncNonce>,
    /// Whether a session with this server is running, from the moment its trigger was taken up until it has ended.
    pub session_running: bool,
    /// SessionID of that session.
    pub session_id: Option<SessionId>,
}

impl<'a> Account<'a> {
    /// An account without credentials, without leave to do without, without resynchronization, and without a session:
    /// nothing passes.
    #[must_use]
    pub const fn new(server_id: &'a str) -> Self {
        Self {
            server_id,
            credentials: None,
            unauthenticated: false,
            resync: None,
            session_running: false,
            session_id: None,
        }
    }

    /// Adds SRVCRED.
    #[must_use]
    pub const fn with_credentials(mut self, credentials: Credentials<'a>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Says whether notifications pass without a digest where there are no credentials.
    #[must_use]
    pub const fn with_unauthenticated(mut self, pass: bool) -> Self {
        self.unauthenticated = pass;
        self
    }

    /// Lets the server resynchronize nonces with this one.
    #[must_use]
    pub const fn with_resync(mut self, nonce: ResyncNonce) -> Self {
        self.resync = Some(nonce);
        self
    }

    /// Says that a session with this server is running, and which if it has an id that a notification can have.
    #[must_use]
    pub const fn with_session(mut self, session_id: Option<SessionId>) -> Self {
        self.session_running = true;
        self.session_id = session_id;
        self
    }
}

/// A notification that passed.
struct Accepted<'a> {
    server_id: &'a str,
    key: ServerKey,
    running: bool,
    request: Request,
}

/// A trigger without the name of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Request {
    pub(crate) session_id: SessionId,
    pub(crate) ui_mode: UiMode,
    initiator: Initiator,
    pub(crate) proof: Proof,
}

impl Request {
    const fn trigger(self, server_id: &str) -> Trigger<'_> {
        let Self { session_id, ui_mode, initiator, proof } = self;
        Trigger { server_id, session_id, ui_mode, initiator, proof }
    }
}

/// A question to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// The last second at which an answer counts.
    until: Option<UnixSeconds>,
}

/// What is remembered of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Server<const IDS: usize> {
    key: ServerKey,
    pub(crate) by_nonce: Memory<IDS>,
    pub(crate) by_resync: Memory<IDS>,
    pub(crate) unproven: Memory<IDS>,
    pub(crate) asked: Option<Asked>,
    pub(crate) queued: Option<Request>,
}

impl<const IDS: usize> Remembered for Server<IDS> {
    fn key(&self) -> ServerKey {
        self.key
    }
}

impl<const IDS: usize> Server<IDS> {
    const fn new(key: ServerKey) -> Self {
        let none = Memory::new();
        Self { key, by_nonce: none, by_resync: none, unproven: none, asked: None, queued: None }
    }

    fn check(&self, now: Option<UnixSeconds>, accepted: &Accepted<'_>, policy: &Policy) -> Result<(), Ignored> {
        let Request { session_id, ui_mode, proof, .. } = accepted.request;
        let known = |memory: &Memory<IDS>| memory.knows(session_id, now);
        let (duplicate, too_soon) = match proof {
            Proof::Nonce => (known(&self.by_nonce) || known(&self.by_resync), false),
            Proof::Resync(_) => {
                let spent = match now {
                    Some(now) => self.by_resync.within(policy.resync_pause, now),
                    None => self.by_resync.spent,
                };
                (known(&self.by_nonce) || known(&self.by_resync), spent)
            }
            Proof::Missing => {
                let soon = now.is_some_and(|now| self.unproven.within(policy.unauthenticated_pause, now));
                (known(&self.unproven), soon)
            }
        };
        // What waits gives way to what is newer, but not to what is less proven.
        let waits = if ui_mode == UiMode::UserInteraction {
            self.asked.filter(|asked| !asked.expired(now)).map(|asked| asked.request)
        } else {
            self.queued.filter(|_| accepted.running)
        };
        match waits {
            _ if duplicate => Err(Ignored::Duplicate),
            _ if too_soon => Err(Ignored::TooSoon),
            Some(waiting) if waiting.proof.rank() > proof.rank() => Err(Ignored::Busy),
            _ => Ok(()),
        }
    }

    fn remember(&mut self, now: Option<UnixSeconds>, request: Request, until: Option<UnixSeconds>) {
        let memory = match request.proof {
            Proof::Nonce => {
                self.by_resync.spent = false; // nonces are in step
                &mut self.by_nonce
            }
            Proof::Resync(_) => &mut self.by_resync,
            Proof::Missing => &mut self.unproven,
        };
        memory.remember(now, Seen { session_id: request.session_id, until });
    }

    /// Queues a trigger, unless a better proven one waits: between a question and its answer one may have come.
    fn queue<'a>(&mut self, server_id: &'a str, request: Request) -> Outcome<'a> {
        if self.queued.is_some_and(|queued| queued.proof.rank() > request.proof.rank()) {
            return Outcome::Ignored(Ignored::Busy);
        }
        self.queued = Some(request);
        Outcome::Queued(request.trigger(server_id))
    }
}

impl Asked {
    fn expired(&self, now: Option<UnixSeconds>) -> bool {
        is_over(self.until, now)
    }
}

/// What is remembered of the notifications of one server that had the same kind of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Memory<const IDS: usize> {
    pub(crate) seen: List<Seen, IDS>,
    /// When the last was accepted, if the time was known.
    pub(crate) last: Option<UnixSeconds>,
    /// Whether one was accepted since nonces were last known to be in step.
    pub(crate) spent: bool,
}

impl<const IDS: usize> Memory<IDS> {
    const fn new() -> Self {
        Self { seen: List::new(), last: None, spent: false }
    }

    fn knows(&self, session_id: SessionId, now: Option<UnixSeconds>) -> bool {
        self.seen.iter().any(|seen| seen.session_id == session_id && !seen.expired(now))
    }

    /// Whether the last was accepted less than this before or, if the clock was set back, after now.
    fn within(&self, pause: Duration, now: UnixSeconds) -> bool {
        self.last.is_some_and(|last| last.abs_diff(now) < pause.as_secs())
    }

    fn remember(&mut self, now: Option<UnixSeconds>, new: Seen) {
        self.seen.retain(|seen| !seen.expired(now) && seen.session_id != new.session_id);
        self.seen.push_over(new);
        self.last = now.or(self.last);
        self.spent = true;
    }

    fn forget(&mut self, session_id: SessionId) {
        if self.seen.iter().any(|seen| seen.session_id == session_id) {
            self.seen.retain(|seen| seen.session_id != session_id);
            self.last = None;
            self.spent = false;
        }
    }
}

/// An accepted session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub(crate) struct Seen {
    pub(crate) session_id: SessionId,
    /// The last second at which it is a duplicate; `None` is until it is displaced.
    pub(crate) until: Option<UnixSeconds>,
}

impl Seen {
    fn expired(&self, now: Option<UnixSeconds>) -> bool {
        is_over(self.until, now)
    }
}
