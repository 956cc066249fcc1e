//! Who proves what to whom: one [`Prover`] and one [`Verifier`] in each machine, for the two directions
//! (OMA-TS-DM_Security-V1_2 §5; §7 of the project's security reference).

use alloc::string::String;

use dm_notification::dm1::ResyncNonce;
use dm_syncml::{
    AuthType, BasicCredentials, Chal, Cred, CredentialHash, HmacHeader, Nonce, Secret as Password, StatusCode,
};

use crate::tree::dm1::{AccountAuth, AuthLevel};
use crate::{Random, Secret};

/// How often one side is challenged in a session, and how often it answers challenges: the first time and two more.
pub(crate) const MAX_CHALLENGES: u8 = 3;

/// Bytes of a nonce that is issued.
const NONCE_LEN: usize = 16;

/// A scheme of the application level. Later ones are stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Scheme {
    /// `syncml:auth-basic`: name and password, readable. Only under TLS.
    Basic,
    /// `syncml:auth-md5`: a digest with a nonce.
    Md5,
    /// `syncml:auth-MAC`: a digest with a nonce over every message, in the header `x-syncml-hmac`.
    Mac,
}

impl Scheme {
    /// The `Type` of Cred and Chal.
    #[must_use]
    pub const fn auth_type(self) -> AuthType<'static> {
        match self {
            Self::Basic => AuthType::Basic,
            Self::Md5 => AuthType::Md5,
            Self::Mac => AuthType::Mac,
        }
    }

    /// The `AAuthType` of the DM Account: `BASIC`, `DIGEST` or `HMAC`.
    #[must_use]
    pub const fn account_type(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::Md5 => "DIGEST",
            Self::Mac => "HMAC",
        }
    }

    /// The scheme with that `AAuthType`.
    #[must_use]
    pub fn from_account_type(word: &str) -> Option<Self> {
        [Self::Basic, Self::Md5, Self::Mac].into_iter().find(|scheme| scheme.account_type() == word)
    }

    fn of(auth_type: &AuthType<'_>) -> Option<Self> {
        match auth_type {
            AuthType::Basic => Some(Self::Basic),
            AuthType::Md5 => Some(Self::Md5),
            AuthType::Mac => Some(Self::Mac),
            _ => None,
        }
    }
}

/// Whose credentials, and so whose nonce: two sets belong to each account (§1 of the security reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "a session has two ends")]
pub enum Party {
    /// The client proves itself to the server; the server issues the nonces.
    Client,
    /// The server proves itself to the client, in notifications too; the client issues the nonces.
    Server,
}

impl Party {
    /// The level in the DM Account.
    #[must_use]
    pub const fn level(self) -> AuthLevel {
        match self {
            Self::Client => AuthLevel::Client,
            Self::Server => AuthLevel::Server,
        }
    }
}

/// Name, password and nonce of one party. They are configuration: no snapshot holds them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The user id of a client; of a server its identifier.
    pub name: String,
    /// What is needed of name and password.
    key: Key,
    /// The nonce that was stored last; empty if none ever was.
    pub nonce: Nonce,
}

#[derive(Clone, Debug)]
enum Key {
    Password(Password),
    Hash(CredentialHash),
}

impl Credentials {
    /// A name with its password, without a nonce yet.
    #[must_use]
    pub fn new(name: impl Into<String>, password: &Secret) -> Self {
        let key = Key::Password(Password::new(password.expose_secret()));
        Self { name: name.into(), key, nonce: Nonce::EMPTY }
    }

    /// A name with the hash of it and its password: enough for everything but sending basic credentials.
    #[must_use]
    pub fn from_hash(name: impl Into<String>, hash: CredentialHash) -> Self {
        Self { name: name.into(), key: Key::Hash(hash), nonce: Nonce::EMPTY }
    }

    /// The same with this nonce.
    #[must_use]
    pub fn with_nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = nonce;
        self
    }

    /// The credentials of an account (`AppAuth/<X>`); `None` without a name or a secret, or with a nonce that is too
    /// long.
    #[must_use]
    pub fn from_account(auth: &AccountAuth) -> Option<Self> {
        let secret = Secret::new(auth.secret.as_ref()?.expose_secret());
        let nonce = match &auth.data {
            Some(data) => Nonce::new(data.expose_secret()).ok()?,
            None => Nonce::EMPTY,
        };
        Some(Self::new(auth.name.clone()?, &secret).with_nonce(nonce))
    }

    /// The hash of name and password.
    #[must_use]
    pub fn hash(&self) -> CredentialHash {
        match &self.key {
            Key::Password(password) => CredentialHash::of(&self.name, password),
            Key::Hash(hash) => hash.clone(),
        }
    }

    /// The data of Basic credentials, if they can be made of it.
    pub(crate) fn basic(&self) -> Option<String> {
        let Key::Password(password) = &self.key else { return None };
        BasicCredentials::new(self.name.clone(), password.clone()).ok().map(|basic| basic.encode())
    }

    /// Whether credentials of that scheme can be made of it.
    pub(crate) fn can_send(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Basic => matches!(self.key, Key::Password(_)) && !self.name.contains(':'),
            Scheme::Md5 => true,
            Scheme::Mac => HmacHeader::sign(self.name.as_str(), &self.hash(), &self.nonce, &[]).is_ok(),
        }
    }
}

/// How this side proves who it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// What it has to show; `None` where the transport shows it, and no credentials are ever sent.
    pub credentials: Option<Credentials>,
    /// The scheme to begin with, before any challenge (`AAuthPref`); `None` waits for one.
    pub first: Option<Scheme>,
    /// The weakest scheme that a challenge may ask for, beside `first`; default [`Scheme::Md5`]. Basic is for TLS only.
    pub weakest: Scheme,
}

impl Identity {
    /// The transport shows who it is, by a TLS client certificate for instance.
    pub const TRANSPORT: Self = Self { credentials: None, first: None, weakest: Scheme::Md5 };

    /// Credentials to be shown when they are asked for.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), first: None, weakest: Scheme::Md5 }
    }

    /// The same with this nonce, if it has credentials.
    #[must_use]
    pub fn with_nonce(mut self, nonce: Nonce) -> Self {
        if let Some(credentials) = &mut self.credentials {
            credentials.nonce = nonce;
        }
        self
    }

    /// The same, beginning with this scheme without being asked.
    #[must_use]
    pub const fn with_first(mut self, scheme: Scheme) -> Self {
        self.first = Some(scheme);
        self
    }

    /// The same, answering challenges down to this scheme.
    #[must_use]
    pub const fn with_weakest(mut self, scheme: Scheme) -> Self {
        self.weakest = scheme;
        self
    }

    /// Whether it can do what it says.
    pub(crate) fn is_usable(&self) -> bool {
        match (&self.credentials, self.first) {
            (None, first) => first.is_none(),
            (Some(credentials), first) => first.is_none_or(|first| credentials.can_send(first)),
        }
    }
}

/// What the other side has to show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Demand {
    /// Nothing: the transport has authenticated it.
    Transport,
    /// Credentials.
    Credentials {
        /// The weakest scheme that will do, and the one that is asked for.
        scheme: Scheme,
        /// What they are. `None` for a peer that nobody knows: it is challenged like any other, in vain.
        credentials: Option<Credentials>,
        /// Whether every message has to carry them. So it is with [`Scheme::Mac`] in any case.
        per_message: bool,
    },
}

impl Demand {
    /// Credentials of this scheme, shown once for the whole session (for each message with [`Scheme::Mac`]).
    ///
    /// Once a session is accepted (212) a message of it shows nothing but its ids, which strangers can guess. Without TLS,
    /// use [`Scheme::Mac`] or [`with_per_message`](Self::with_per_message).
    #[must_use]
    pub const fn new(scheme: Scheme, credentials: Credentials) -> Self {
        Self::Credentials { scheme, credentials: Some(credentials), per_message: false }
    }

    /// Of a peer that nobody knows: no credentials will do, and it cannot tell.
    #[must_use]
    pub const fn unknown(scheme: Scheme) -> Self {
        Self::Credentials { scheme, credentials: None, per_message: false }
    }

    /// The same with this nonce, if there are credentials.
    #[must_use]
    pub fn with_nonce(mut self, nonce: Nonce) -> Self {
        if let Self::Credentials { credentials: Some(credentials), .. } = &mut self {
            credentials.nonce = nonce;
        }
        self
    }

    /// The same, shown in every message.
    #[must_use]
    pub fn with_per_message(mut self) -> Self {
        if let Self::Credentials { per_message, .. } = &mut self {
            *per_message = true;
        }
        self
    }
}

// --- this side proves itself -----------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Proof {
    /// P0 to P2: credentials go with every message, once there is a scheme.
    Open,
    /// P3: accepted for the session.
    Session,
    /// PX.
    Failed,
}

/// §7.1: how far this side has come in proving itself.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Prover {
    proof: Proof,
    scheme: Option<Scheme>,
    /// `nonceNow`.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
    nonce: Nonce,
    /// Challenges that were answered.
    tries: u8,
    /// Whether HMAC was used and accepted: nothing else is, from then on (§5).
    mac_only: bool,
    /// Whether `unsaved` is to be stored, as soon as the peer is trusted.
    dirty: bool,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
    unsaved: Nonce,
}

/// What a SyncHdr Status means for the side that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proved {
    /// 200, 212.
    Accepted,
    /// 401, 407: the refused message is to be said again.
    Again,
    /// The session has to end.
    Failed,
}

impl Prover {
    /// Before the first message. `resync`: with this nonce instead of the stored one.
    pub(crate) fn new(identity: &Identity, resync: Option<ResyncNonce>) -> Self {
        let stored = identity.credentials.as_ref().map(|credentials| credentials.nonce.clone());
        Self {
            proof: if identity.credentials.is_some() { Proof::Open } else { Proof::Session },
            scheme: identity.first,
            nonce: resync.map_or_else(|| stored.unwrap_or(Nonce::EMPTY), special),
            tries: 0,
            mac_only: false,
            dirty: false,
            unsaved: Nonce::EMPTY,
        }
    }

    /// The scheme of the next message's credentials, if it has any.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.scheme.filter(|_| self.proof == Proof::Open)
    }

    /// The name for `Source/LocName`: with MD5 and HMAC credentials.
    pub(crate) fn name<'i>(&self, identity: &'i Identity) -> Option<&'i str> {
        let credentials = identity.credentials.as_ref()?;
        self.scheme().filter(|scheme| *scheme > Scheme::Basic).map(|_| credentials.name.as_str())
    }

    /// The Cred of the next message, if it has one.
    pub(crate) fn cred(&self, identity: &Identity) -> Option<Cred<'static>> {
        let credentials = identity.credentials.as_ref()?;
        match self.scheme()? {
            Scheme::Basic => Some(Cred::new(AuthType::Basic, credentials.basic()?)),
            Scheme::Md5 => Some(Cred::new(AuthType::Md5, credentials.hash().md5(&self.nonce))),
            Scheme::Mac => None,
        }
    }

    /// The header `x-syncml-hmac` of a message, if it has one.
    pub(crate) fn mac(&self, identity: &Identity, body: &[u8]) -> Option<String> {
        let credentials = identity.credentials.as_ref()?;
        if self.scheme()? != Scheme::Mac {
            return None;
        }
        let header = HmacHeader::sign(credentials.name.as_str(), &credentials.hash(), &self.nonce, body).ok()?;
        Some(header.to_value())
    }

    /// What the peer said of the last message: the Status for its SyncHdr.
    pub(crate) fn answered(&mut self, identity: &Identity, status: StatusCode, chal: Option<&Chal<'_>>) -> Proved {
        if matches!(status, StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS) {
            let again = self.challenged(identity, chal).is_some();
            if !again {
                self.proof = Proof::Failed;
            }
            return if again { Proved::Again } else { Proved::Failed };
        }
        if !status.is_success() || self.proof == Proof::Failed {
            return Proved::Failed;
        }
        let next = chal.and_then(|chal| chal.nonce().ok().flatten()).filter(|_| identity.credentials.is_some());
        if let Some(nonce) = &next {
            self.save(nonce.clone());
        }
        if self.proof == Proof::Session {
            return Proved::Accepted;
        }
        let by_mac = self.scheme == Some(Scheme::Mac);
        match (status == StatusCode::AUTHENTICATED, next) {
            // Each message has its own HMAC, and needs a nonce of its own: 200 and a Chal, nothing else (§5).
            (true, _) | (false, None) if by_mac => {
                self.proof = Proof::Failed;
                return Proved::Failed;
            }
            // The nonce, if one came, is for the next session.
            (true, _) => self.proof = Proof::Session,
            (false, Some(nonce)) => {
                self.nonce = nonce;
                self.mac_only |= by_mac;
            }
            (false, None) => {}
        }
        Proved::Accepted
    }

    /// Takes up a challenge, if it can be answered.
    fn challenged(&mut self, identity: &Identity, chal: Option<&Chal<'_>>) -> Option<()> {
        let credentials = identity.credentials.as_ref().filter(|_| self.proof != Proof::Failed)?;
        let chal = chal?;
        let scheme = Scheme::of(&chal.auth_type()?)?;
        let nonce = chal.nonce().ok()?;
        // What is shown unasked is shown when it is asked for.
        let allowed = scheme >= identity.weakest || Some(scheme) == identity.first;
        let allowed = allowed && (scheme == Scheme::Mac || !self.mac_only);
        if !allowed || !credentials.can_send(scheme) || self.tries >= MAX_CHALLENGES {
            return None;
        }
        match (scheme, nonce) {
            (Scheme::Basic, _) => {}
            (Scheme::Md5 | Scheme::Mac, Some(nonce)) => {
                self.save(nonce.clone());
                self.nonce = nonce;
            }
            // The last known nonce goes on.
            (Scheme::Md5, None) => {}
            (Scheme::Mac, None) => return None,
        }
        self.tries = self.tries.saturating_add(1);
        self.scheme = Some(scheme);
        self.proof = Proof::Open;
        Some(())
    }

    fn save(&mut self, nonce: Nonce) {
        self.unsaved = nonce;
        self.dirty = true;
    }

    /// A nonce to be stored. Only a peer that has proved itself may change what is stored (§7.4).
    pub(crate) fn take_nonce(&mut self, peer_is_trusted: bool) -> Option<Nonce> {
        (peer_is_trusted && core::mem::take(&mut self.dirty)).then(|| core::mem::take(&mut self.unsaved))
    }

    /// Whether a restored state can have come about.
    pub(crate) fn is_consistent(&self, identity: &Identity) -> bool {
        let allowed = |scheme| scheme >= identity.weakest || Some(scheme) == identity.first;
        let sendable = |scheme| identity.credentials.as_ref().is_some_and(|it| it.can_send(scheme));
        self.scheme.is_none_or(|scheme| allowed(scheme) && sendable(scheme))
            && self.tries <= MAX_CHALLENGES
            && (self.tries == 0 || self.scheme.is_some())
            && (identity.credentials.is_some() || (self.proof != Proof::Open && !self.dirty))
            && (self.dirty || self.unsaved == Nonce::EMPTY)
    }
}

// --- the other side proves itself ------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Trust {
    /// V0, V1: not yet, or not any more.
    None,
    /// V2: the last message was good.
    Message,
    /// V3: the session is.
    Session,
    /// VX.
    Never,
}

/// §7.2: what the other side has shown.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Verifier {
    trust: Trust,
    /// The nonce that counts for the next message.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
    nonce: Nonce,
    challenges: u8,
    /// Whether a challenge for HMAC is open, which nothing else may answer, or HMAC was used once.
    mac_only: bool,
    /// The challenge to a message that may have been a stranger's: its nonce counts beside the other one.
    offered: Option<ChalForm>,
}

/// What a message shows of its sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'m> {
    pub(crate) cred: Option<&'m Cred<'m>>,
    /// The value of the header `x-syncml-hmac`.
    pub(crate) mac: Option<&'m str>,
    /// The message as it was received.
    pub(crate) body: &'m [u8],
}

/// What is said of a message in the Status for its SyncHdr.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// 212, 200, 401 or 407.
    pub(crate) status: StatusCode,
    /// The challenge or the next nonce that goes with it.
    pub(crate) chal: Option<ChalForm>,
    /// A nonce to be stored when the Status has been delivered.
    pub(crate) nonce: Option<Nonce>,
    /// Whether the session has to end.
    pub(crate) is_last: bool,
}

impl Verdict {
    /// Whether the commands of the message may be done.
    pub(crate) fn is_accepted(&self) -> bool {
        self.status.is_success()
    }
}

/// A challenge as it can be stored.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct ChalForm {
    pub(crate) scheme: Scheme,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))]
    pub(crate) nonce: Nonce,
}

impl ChalForm {
    pub(crate) fn to_chal(&self) -> Chal<'static> {
        let chal = Chal::new(self.scheme.auth_type());
        if self.scheme == Scheme::Basic { chal } else { chal.with_next_nonce(self.nonce.encode()) }
    }
}

impl Verifier {
    /// Before the first message. `resync`: with this nonce instead of the stored one.
    pub(crate) fn new(demand: &Demand, resync: Option<ResyncNonce>) -> Self {
        let stored = match demand {
            Demand::Credentials { credentials: Some(credentials), .. } => credentials.nonce.clone(),
            _ => Nonce::EMPTY,
        };
        let nonce = resync.map_or(stored, special);
        Self { trust: Trust::None, nonce, challenges: 0, mac_only: false, offered: None }
    }

    /// Whether the sender of the last message has proved itself.
    pub(crate) fn is_trusted(&self) -> bool {
        matches!(self.trust, Trust::Message | Trust::Session)
    }

    /// Whether each message has to prove its sender, and the last one did.
    pub(crate) fn is_per_message(&self) -> bool {
        self.trust == Trust::Message
    }

    /// What is said to a message that does not prove its sender, in a session whose messages do: the same challenge until
    /// one is answered, so that no stranger can take it from the peer.
    pub(crate) fn offer(&mut self, chal: Option<ChalForm>) -> Option<ChalForm> {
        self.offered = self.offered.take().or(chal);
        self.offered.clone()
    }

    /// Judges a message. A nonce that is issued is made of `random`.
    pub(crate) fn judge(&mut self, demand: &Demand, shown: Shown<'_>, random: &Random) -> Verdict {
        let accepted = |status, chal| Verdict { status, chal, nonce: None, is_last: false };
        let (demanded, credentials, per_message) = match demand {
            Demand::Transport => {
                self.trust = Trust::Session;
                return accepted(StatusCode::AUTHENTICATED, None);
            }
            Demand::Credentials { scheme, credentials, per_message } => (*scheme, credentials, *per_message),
        };
        match self.trust {
            Trust::Session => return accepted(StatusCode::AUTHENTICATED, None),
            Trust::Never => return self.refused(demanded, StatusCode::INVALID_CREDENTIALS, random, true),
            Trust::None | Trust::Message => {}
        }
        // A stranger's credentials are looked at with the same care, against a key that nobody has.
        let key = match credentials {
            Some(credentials) => credentials.hash(),
            None => CredentialHash::of("", &Password::new(&random.bytes()[..])),
        };
        let name = credentials.as_ref().map(|credentials| credentials.name.as_str());
        let nonces = || core::iter::once(&self.nonce).chain(self.offered.as_ref().map(|chal| &chal.nonce));
        let found = match (shown.mac, shown.cred) {
            // What is not the HMAC that there has to be ends the session, right or wrong (§5).
            (_, Some(_)) if self.mac_only => {
                return self.refused(demanded, StatusCode::INVALID_CREDENTIALS, random, true);
            }
            (Some(value), None) => HmacHeader::parse(value).ok().and_then(|header| {
                let right = nonces().any(|nonce| header.verify(&key, nonce, shown.body).is_ok());
                (right && name == Some(header.username())).then_some(Scheme::Mac)
            }),
            (None, Some(cred)) => nonces()
                .find_map(|nonce| key.verify(cred, nonce).ok())
                .and_then(|auth_type| Scheme::of(&auth_type))
                .filter(|_| name.is_some()),
            // Both at once: neither counts.
            (Some(_), Some(_)) => None,
            (None, None) => {
                // An absent header counts as a wrong one, once it has to be there.
                let status = match self.mac_only {
                    true => StatusCode::INVALID_CREDENTIALS,
                    false => StatusCode::MISSING_CREDENTIALS,
                };
                return self.refused(demanded, status, random, false);
            }
        };
        match found.filter(|scheme| *scheme >= demanded) {
            Some(scheme) => self.accepted(scheme, per_message, random),
            None => self.refused(demanded, StatusCode::INVALID_CREDENTIALS, random, false),
        }
    }

    fn accepted(&mut self, scheme: Scheme, per_message: bool, random: &Random) -> Verdict {
        let each = per_message || scheme == Scheme::Mac;
        self.trust = if each { Trust::Message } else { Trust::Session };
        self.mac_only |= scheme == Scheme::Mac;
        self.offered = None;
        let status = if each { StatusCode::OK } else { StatusCode::AUTHENTICATED };
        if scheme == Scheme::Basic {
            return Verdict { status, chal: None, nonce: None, is_last: false };
        }
        let nonce = fresh(random);
        if each {
            self.nonce = nonce.clone();
        }
        let chal = Some(ChalForm { scheme, nonce: nonce.clone() });
        Verdict { status, chal, nonce: Some(nonce), is_last: false }
    }

    fn refused(&mut self, scheme: Scheme, status: StatusCode, random: &Random, is_last: bool) -> Verdict {
        let is_last = is_last || self.challenges >= MAX_CHALLENGES;
        self.trust = if is_last { Trust::Never } else { Trust::None };
        self.challenges = self.challenges.saturating_add(1).min(MAX_CHALLENGES);
        let nonce = fresh(random);
        self.nonce = nonce.clone();
        self.mac_only |= scheme == Scheme::Mac;
        // Once HMAC was used, nothing else will do.
        let scheme = if self.mac_only { Scheme::Mac } else { scheme };
        // A 401 and a 407 have a challenge in any case.
        Verdict { status, chal: Some(ChalForm { scheme, nonce }), nonce: None, is_last }
    }

    /// Whether a restored state can have come about.
    pub(crate) fn is_consistent(&self) -> bool {
        self.challenges <= MAX_CHALLENGES && (self.offered.is_none() || self.is_per_message())
    }
}

fn special(nonce: ResyncNonce) -> Nonce {
    Nonce::new(nonce.octets()).unwrap_or(Nonce::EMPTY)
}

fn fresh(random: &Random) -> Nonce {
    let bytes = random.bytes().get(..NONCE_LEN).unwrap_or_default();
    Nonce::new(bytes).unwrap_or(Nonce::EMPTY)
}

#[cfg(test)]
mod tests;
