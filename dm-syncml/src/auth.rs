//! Basic, MD5 and HMAC credentials (OMA-TS-DM_Security-V1_2 §5), and the header of the last.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use crate::model::data::decode_base64;
use crate::text::trim;
use crate::{Chal, Content, Cred, Format, Str};

/// Why credentials could not be made, read or accepted. There is no offset and no value in it: credentials stay out of
/// logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthError {
    /// Not Base64, or not of the length that is needed.
    Base64,
    /// A nonce of more than [`Nonce::MAX_LEN`] bytes.
    NonceTooLong,
    /// A name with a colon cannot be told from its password in basic credentials.
    ColonInName,
    /// Basic credentials without a colon.
    NoColon,
    /// A name that is not UTF-8.
    InvalidUtf8,
    /// A header value of more than [`HmacHeader::MAX_LEN`] bytes, a name of more than [`HmacHeader::MAX_NAME_LEN`], or
    /// a mac longer than any digest.
    TooLong,
    /// A control character where a header has none.
    Character,
    /// A header value that is not a list of `name=value`.
    Syntax,
    /// An algorithm other than MD5, or a scheme that [`CredentialHash::verify`] does not know.
    Algorithm,
    /// `username` or `mac` is missing.
    MissingParameter,
    /// A parameter that stands twice.
    DuplicateParameter,
    /// The credentials are not the right ones, in whatever way.
    Mismatch,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64 => "not Base64",
            Self::NonceTooLong => "nonce is too long",
            Self::ColonInName => "name contains a colon",
            Self::NoColon => "no colon between name and password",
            Self::InvalidUtf8 => "name is not UTF-8",
            Self::TooLong => "header value or name is too long",
            Self::Character => "control character",
            Self::Syntax => "not a list of parameters",
            Self::Algorithm => "unknown algorithm",
            Self::MissingParameter => "parameter is missing",
            Self::DuplicateParameter => "parameter twice",
            Self::Mismatch => "wrong credentials",
        })
    }
}

impl core::error::Error for AuthError {}

/// A scheme: `Type` in the Meta of Cred and Chal.
///
/// Read in any letter case, since older texts print `syncml:auth-MD5`; written as the standard prints it.
///
/// ```
/// use dm_syncml::{AuthType, Chal, Nonce};
/// assert_eq!(AuthType::parse(" SYNCML:AUTH-mac\n"), AuthType::Mac);
/// assert_eq!(AuthType::Mac.as_str(), "syncml:auth-MAC");
///
/// let challenge = Chal::new(AuthType::Md5).with_next_nonce(Nonce::new("Nonce")?.encode());
/// assert_eq!(challenge.auth_type(), Some(AuthType::Md5));
/// # Ok::<(), dm_syncml::AuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthType<'a> {
    /// `syncml:auth-basic`: name and password, readable. Only under TLS.
    Basic,
    /// `syncml:auth-md5`: a digest with a nonce.
    Md5,
    /// `syncml:auth-MAC`: a digest with a nonce over each message. Carried in [`HmacHeader`], never in Cred.
    Mac,
    /// `syncml:auth-X509`.
    X509,
    /// `syncml:auth-securid`.
    SecurId,
    /// `syncml:auth-safeword`.
    SafeWord,
    /// `syncml:auth-digipass`.
    Digipass,
    /// Any other, as it was written.
    Other(Str<'a>),
}

impl<'a> AuthType<'a> {
    const KNOWN: [Self; 7] =
        [Self::Basic, Self::Md5, Self::Mac, Self::X509, Self::SecurId, Self::SafeWord, Self::Digipass];

    /// Reads a `Type`; white space of XML around it is dropped.
    #[must_use]
    pub fn parse(text: impl Into<Str<'a>>) -> Self {
        let text = text.into().trimmed();
        let known = Self::KNOWN.into_iter().find(|known| known.fixed().eq_ignore_ascii_case(&text));
        known.unwrap_or(Self::Other(text))
    }

    /// The text to write.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Other(text) = self { text } else { self.fixed() }
    }

    const fn fixed(&self) -> &'static str {
        match self {
            Self::Basic => "syncml:auth-basic",
            Self::Md5 => "syncml:auth-md5",
            Self::Mac => "syncml:auth-MAC",
            Self::X509 => "syncml:auth-X509",
            Self::SecurId => "syncml:auth-securid",
            Self::SafeWord => "syncml:auth-safeword",
            Self::Digipass => "syncml:auth-digipass",
            Self::Other(_) => "",
        }
    }

    /// The same scheme, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> AuthType<'static> {
        match self {
            Self::Basic => AuthType::Basic,
            Self::Md5 => AuthType::Md5,
            Self::Mac => AuthType::Mac,
            Self::X509 => AuthType::X509,
            Self::SecurId => AuthType::SecurId,
            Self::SafeWord => AuthType::SafeWord,
            Self::Digipass => AuthType::Digipass,
            Self::Other(text) => AuthType::Other(text.into_owned()),
        }
    }
}

impl<'a> From<AuthType<'a>> for Str<'a> {
    fn from(kind: AuthType<'a>) -> Self {
        if let AuthType::Other(text) = kind { text } else { Str::borrowed(kind.fixed()) }
    }
}

impl fmt::Display for AuthType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Cred<'_> {
    /// The scheme, if the Meta names one.
    ///
    /// ```
    /// use dm_syncml::{AuthType, Cred, CredentialHash, Nonce, Secret};
    /// let known = CredentialHash::of("Bruce2", &Secret::new("OhBehave"));
    /// let cred = Cred::new(AuthType::Md5, known.md5(&Nonce::EMPTY));
    /// assert_eq!(cred.auth_type(), Some(AuthType::Md5));
    /// known.verify_md5(&Nonce::EMPTY, cred.data.as_text().unwrap_or_default())?;
    /// # Ok::<(), dm_syncml::AuthError>(())
    /// ```
    #[must_use]
    pub fn auth_type(&self) -> Option<AuthType<'_>> {
        self.meta.type_().map(AuthType::parse)
    }
}

impl Chal<'_> {
    /// The scheme asked for, if the Meta names one.
    #[must_use]
    pub fn auth_type(&self) -> Option<AuthType<'_>> {
        self.meta.type_().map(AuthType::parse)
    }

    /// The nonce to use next, if there is one.
    ///
    /// A `NextNonce` that came as an OPAQUE of WBXML is Base64 text too; where it is none, or the Format is not `b64`,
    /// the bytes are taken for the nonce itself.
    ///
    /// # Errors
    ///
    /// [`AuthError::Base64`] and [`AuthError::NonceTooLong`].
    pub fn nonce(&self) -> Result<Option<Nonce>, AuthError> {
        let Some(data) = self.meta.next_nonce() else { return Ok(None) };
        let base64 = matches!(self.meta.format(), None | Some(Format::B64));
        let raw = match (&data.content, data.as_text()) {
            (Content::Opaque(bytes), Some(text)) if base64 => match Nonce::decode(text) {
                Err(AuthError::Base64) => bytes,
                decoded => return decoded.map(Some),
            },
            (Content::Opaque(bytes), _) => bytes,
            (_, Some(text)) => return Nonce::decode(text).map(Some),
            (_, None) => return Err(AuthError::Base64),
        };
        Nonce::new(&raw[..]).map(Some)
    }
}

/// The bytes of a password: redacted in `Debug`, without `Display`. Compared in constant time for equal lengths.
///
/// The standard names no character set; UTF-8 is what this crate recommends.
#[derive(Clone, Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps `bytes`.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes. The name is long on purpose: every use should be seen in a review.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// What a nonce is made of: octets, up to 64 of them, any values, none at all included.
///
/// On the wire it is the Base64 text of `NextNonce`; into a digest goes the octets. A nonce is no text: it may hold
/// colons, line ends and zeros. `Debug` does not show it.
///
/// ```
/// use dm_syncml::Nonce;
/// let nonce = Nonce::decode("Tm9uY2U=")?;
/// assert_eq!((nonce.as_bytes(), nonce.encode().as_str()), (&b"Nonce"[..], "Tm9uY2U="));
/// # Ok::<(), dm_syncml::AuthError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Nonce(Cow<'static, [u8]>);

impl Nonce {
    /// Most bytes of a nonce. The standard recommends at least 16 random ones and gives no upper bound.
    pub const MAX_LEN: usize = 64;

    /// No nonce: what is hashed as long as none was ever received.
    pub const EMPTY: Self = Self(Cow::Borrowed(&[]));

    /// The nonce for a peer whose nonce is out of step, four zero octets; the notification text writes it
    /// `0x00000000`. Peers need not support it.
    pub const RESYNC: Self = Self(Cow::Borrowed(&[0; 4]));

    /// A nonce of these octets, which should be random and used once.
    ///
    /// # Errors
    ///
    /// [`AuthError::NonceTooLong`].
    pub fn new(octets: impl Into<Vec<u8>>) -> Result<Self, AuthError> {
        let octets = octets.into();
        if octets.len() > Self::MAX_LEN { Err(AuthError::NonceTooLong) } else { Ok(Self(Cow::Owned(octets))) }
    }

    /// Reads the text of `NextNonce`. White space and missing padding are forgiven.
    ///
    /// # Errors
    ///
    /// [`AuthError::Base64`] and [`AuthError::NonceTooLong`].
    pub fn decode(text: &str) -> Result<Self, AuthError> {
        /// Base64 of 64 octets.
        const MAX_TEXT: usize = Nonce::MAX_LEN.div_ceil(3).saturating_mul(4);
        let solid = text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let text: Vec<u8> = solid.take(MAX_TEXT.saturating_add(1)).collect();
        if text.len() > MAX_TEXT {
            return Err(AuthError::NonceTooLong);
        }
        Self::new(decode_base64(&text).map_err(|_| AuthError::Base64)?)
    }

    /// The text for `NextNonce`.
    #[must_use]
    pub fn encode(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(redacted)")
    }
}

/// A name with its password, as basic credentials carry them.
///
/// ```text
/// Cred/Data = B64( name ":" password )
/// ```
///
/// ```
/// use dm_syncml::{BasicCredentials, Secret};
/// let sent = BasicCredentials::new("Bruce2", Secret::new("OhBehave"))?.encode();
/// assert_eq!(sent, "QnJ1Y2UyOk9oQmVoYXZl");
/// assert_eq!(BasicCredentials::decode(&sent)?.name(), "Bruce2");
/// # Ok::<(), dm_syncml::AuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicCredentials {
    name: String,
    secret: Secret,
}

impl BasicCredentials {
    /// Puts a name and a password together.
    ///
    /// # Errors
    ///
    /// [`AuthError::ColonInName`].
    pub fn new(name: impl Into<String>, secret: Secret) -> Result<Self, AuthError> {
        let name = name.into();
        if name.contains(':') { Err(AuthError::ColonInName) } else { Ok(Self { name, secret }) }
    }

    /// Reads the Data of a Cred, where the first colon ends the name. White space and missing padding are forgiven.
    ///
    /// # Errors
    ///
    /// [`AuthError::Base64`], [`AuthError::NoColon`] and [`AuthError::InvalidUtf8`].
    pub fn decode(data: &str) -> Result<Self, AuthError> {
        let octets = decode(data)?;
        let mut parts = octets.splitn(2, |octet| *octet == b':');
        let (Some(name), Some(secret)) = (parts.next(), parts.next()) else { return Err(AuthError::NoColon) };
        let name = core::str::from_utf8(name).map_err(|_| AuthError::InvalidUtf8)?;
        Ok(Self { name: name.into(), secret: Secret::new(secret) })
    }

    /// The Data of a Cred. Whoever reads it has the password.
    #[must_use]
    pub fn encode(&self) -> String {
        STANDARD.encode([self.name.as_bytes(), b":", self.secret.expose_secret()].concat())
    }

    /// The name, without a colon.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What a verifier keeps of them, to compare with.
    #[must_use]
    pub fn hash(&self) -> CredentialHash {
        CredentialHash::of(&self.name, &self.secret)
    }
}

/// What a verifier needs to know of a name and its password, and a sender of MD5 and HMAC credentials too.
///
/// ```text
/// hash   = H( name ":" password )
/// digest = B64( H( B64(hash) ":" nonce ) )
/// mac    = B64( H( B64(hash) ":" nonce ":" B64( H(body) ) ) )
/// ```
///
/// H is MD5 and the nonce goes in as octets. The mac is this formula and not the HMAC of RFC 2104. Verification
/// compares in constant time with the one text that is right: hexadecimal forms, missing padding and the formulas of
/// other versions are all [`AuthError::Mismatch`]; only white space around the text is dropped.
///
/// Whoever has the hash can log in with it: it is redacted in `Debug` like a password and compared in constant time.
///
/// The MAC of bootstrap messages (§5.7) is another thing, HMAC-SHA1 over the WBXML document, and not in this crate.
///
/// ```
/// use dm_syncml::{CredentialHash, Nonce, Secret};
/// let known = CredentialHash::of("Bruce2", &Secret::new("OhBehave"));
/// let nonce = Nonce::decode("Tm9uY2U=")?;
/// assert_eq!(known.md5(&nonce), "Zz6EivR3yeaaENcRN6lpAQ==");
/// known.verify_md5(&nonce, "Zz6EivR3yeaaENcRN6lpAQ==")?;
/// # Ok::<(), dm_syncml::AuthError>(())
/// ```
#[derive(Clone)]
pub struct CredentialHash([u8; 16]);

impl CredentialHash {
    /// Hashes a name and a password.
    ///
    /// A name should have no colon: `a:b` with `c` and `a` with `b:c` have one hash.
    #[must_use]
    pub fn of(name: &str, secret: &Secret) -> Self {
        Self(md5(&[name.as_bytes(), b":", secret.expose_secret()]))
    }

    /// Reads a stored hash: the Base64 text of [`expose_text`](Self::expose_text).
    ///
    /// # Errors
    ///
    /// [`AuthError::Base64`], also when it is not 16 octets.
    pub fn from_text(text: &str) -> Result<Self, AuthError> {
        decode(text)?.try_into().map(Self).map_err(|_| AuthError::Base64)
    }

    /// The hash as 24 characters of Base64, to be stored like a password.
    #[must_use]
    pub fn expose_text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The Data of a Cred of type [`AuthType::Md5`]: 24 characters.
    #[must_use]
    pub fn md5(&self, nonce: &Nonce) -> String {
        STANDARD.encode(md5(&[self.expose_text().as_bytes(), b":", &nonce.0]))
    }

    /// The mac of a message, 24 characters. `body` is the document as transported, to the octet, before any content
    /// coding such as gzip.
    #[must_use]
    pub fn mac(&self, nonce: &Nonce, body: &[u8]) -> String {
        let body = STANDARD.encode(md5(&[body]));
        STANDARD.encode(md5(&[self.expose_text().as_bytes(), b":", &nonce.0, b":", body.as_bytes()]))
    }

    /// Checks a Cred by its scheme and says which that was: [`AuthType::Basic`] or [`AuthType::Md5`]. One without a
    /// Type is basic. Whether basic is good enough is for the caller to say; the nonce counts for MD5 alone.
    ///
    /// Data may be an OPAQUE of WBXML: Base64 as everywhere, or, for MD5, the 16 octets of the digest themselves.
    ///
    /// ```
    /// use dm_syncml::{AuthError, AuthType, Cred, CredentialHash, Nonce, Secret};
    /// let known = CredentialHash::of("Bruce2", &Secret::new("OhBehave"));
    /// let nonce = Nonce::new("Nonce")?;
    /// let cred = Cred::new(AuthType::Md5, known.md5(&nonce));
    /// assert_eq!(known.verify(&cred, &nonce)?, AuthType::Md5);
    /// assert_eq!(known.verify(&cred, &Nonce::EMPTY), Err(AuthError::Mismatch));
    /// # Ok::<(), dm_syncml::AuthError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError::Mismatch`], and [`AuthError::Algorithm`] for every other scheme.
    pub fn verify(&self, cred: &Cred<'_>, nonce: &Nonce) -> Result<AuthType<'static>, AuthError> {
        let data = || cred.data.as_text().ok_or(AuthError::Mismatch);
        match (cred.auth_type(), &cred.data.content) {
            (Some(AuthType::Md5), Content::Opaque(digest)) if digest.len() == 16 => {
                self.verify_md5(nonce, &STANDARD.encode(digest)).map(|()| AuthType::Md5)
            }
            (Some(AuthType::Md5), _) => self.verify_md5(nonce, data()?).map(|()| AuthType::Md5),
            (Some(AuthType::Basic) | None, _) => self.verify_basic(data()?).map(|()| AuthType::Basic),
            _ => Err(AuthError::Algorithm),
        }
    }

    /// Checks the Data of a Cred of type [`AuthType::Basic`], name and password in one.
    ///
    /// # Errors
    ///
    /// [`AuthError::Mismatch`] and nothing else.
    pub fn verify_basic(&self, data: &str) -> Result<(), AuthError> {
        let found = decode(data).map_err(|_| AuthError::Mismatch)?;
        same(&self.0, &md5(&[&found]))
    }

    /// Checks the Data of a Cred of type [`AuthType::Md5`].
    ///
    /// # Errors
    ///
    /// [`AuthError::Mismatch`] and nothing else.
    pub fn verify_md5(&self, nonce: &Nonce, data: &str) -> Result<(), AuthError> {
        same(self.md5(nonce).as_bytes(), trim(data).as_bytes())
    }

    /// Checks the mac of a message with this body, see [`mac`](Self::mac).
    ///
    /// # Errors
    ///
    /// [`AuthError::Mismatch`] and nothing else.
    pub fn verify_mac(&self, nonce: &Nonce, body: &[u8], mac: &str) -> Result<(), AuthError> {
        same(self.mac(nonce, body).as_bytes(), trim(mac).as_bytes())
    }
}

impl PartialEq for CredentialHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CredentialHash {}

impl fmt::Debug for CredentialHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialHash(redacted)")
    }
}

/// The value of the transport header `x-syncml-hmac`, which authenticates one message and its body.
///
/// ```text
/// algorithm=MD5, username="device 17, lab", mac=<24 characters of Base64>
/// ```
///
/// Read: names of parameters in any letter case and any order, white space around them, both values with quotes or
/// without, `\` before a quoted character, `algorithm` missing or `md5`, empty members of the list and unknown
/// parameters skipped. Refused: any of the three twice, another algorithm, control characters, what follows a closing
/// quote. Written: as above.
///
/// ```
/// use dm_syncml::{CredentialHash, HmacHeader, Nonce, Secret};
/// let known = CredentialHash::of("Bruce", &Secret::new("OhBehave"));
/// let nonce = Nonce::new("Nonce")?;
/// let value = HmacHeader::sign("Bruce", &known, &nonce, b"abc")?.to_value();
/// assert_eq!(value, r#"algorithm=MD5, username="Bruce", mac=MHJ4dgPhX3i3yPp9sdZtRw=="#);
///
/// let header = HmacHeader::parse(&value)?;
/// assert_eq!(header.username(), "Bruce"); // whose hash to look up
/// header.verify(&known, &nonce, b"abc")?;
/// assert!(header.verify(&known, &nonce, b"abd").is_err());
/// # Ok::<(), dm_syncml::AuthError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HmacHeader<'a> {
    username: Str<'a>,
    mac: Str<'a>,
}

impl<'a> HmacHeader<'a> {
    /// The name of the header, to be compared in any letter case.
    pub const NAME: &'static str = "x-syncml-hmac";

    /// Most bytes of a value that is read: enough for any that is written.
    pub const MAX_LEN: usize = 2048;

    /// Most bytes of a name.
    pub const MAX_NAME_LEN: usize = 512;

    /// Makes the header for a message. The name is the one in `Source/LocName`; for `body` see
    /// [`CredentialHash::mac`].
    ///
    /// # Errors
    ///
    /// [`AuthError::TooLong`] and [`AuthError::Character`] for the name.
    pub fn sign(
        username: impl Into<Str<'a>>,
        known: &CredentialHash,
        nonce: &Nonce,
        body: &[u8],
    ) -> Result<Self, AuthError> {
        let username = username.into();
        if username.bytes().any(is_control) {
            return Err(AuthError::Character);
        }
        let mac = known.mac(nonce, body).into();
        Self { username, mac }.checked()
    }

    /// Reads the value of the header.
    ///
    /// # Errors
    ///
    /// Every kind of [`AuthError`] that speaks of headers; all of them mean what wrong credentials mean.
    pub fn parse(value: &'a str) -> Result<Self, AuthError> {
        if value.len() > Self::MAX_LEN {
            return Err(AuthError::TooLong);
        }
        if value.bytes().any(is_control) {
            return Err(AuthError::Character);
        }
        let (mut algorithm, mut username, mut mac) = (None, None, None);
        for member in members(value).map(|member| member.trim_matches(BLANK)).filter(|member| !member.is_empty()) {
            let (name, text) = member.split_once('=').ok_or(AuthError::Syntax)?;
            let (name, text) = (name.trim_end_matches(BLANK), unquoted(text.trim_start_matches(BLANK))?);
            let slot = match name {
                name if name.eq_ignore_ascii_case("algorithm") => &mut algorithm,
                name if name.eq_ignore_ascii_case("username") => &mut username,
                name if name.eq_ignore_ascii_case("mac") => &mut mac,
                _ => continue,
            };
            if slot.replace(text).is_some() {
                return Err(AuthError::DuplicateParameter);
            }
        }
        if algorithm.is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("MD5")) {
            return Err(AuthError::Algorithm);
        }
        let (Some(username), Some(mac)) = (username, mac) else { return Err(AuthError::MissingParameter) };
        Self { username, mac }.checked()
    }

    fn checked(self) -> Result<Self, AuthError> {
        /// More than any digest takes.
        const MAX_MAC_LEN: usize = 128;
        if self.username.len() > Self::MAX_NAME_LEN || self.mac.len() > MAX_MAC_LEN {
            return Err(AuthError::TooLong);
        }
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if self.mac.is_empty() || !self.mac.bytes().all(base64) {
            return Err(AuthError::Base64);
        }
        Ok(self)
    }

    /// The value to send.
    #[must_use]
    pub fn to_value(&self) -> String {
        let mut value = String::from("algorithm=MD5, username=\"");
        for character in self.username.chars() {
            if matches!(character, '"' | '\\') {
                value.push('\\');
            }
            value.push(character);
        }
        value.push_str("\", mac=");
        value.push_str(&self.mac);
        value
    }

    /// Who claims to have sent the message. Not to be believed before [`verify`](Self::verify).
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The mac as it was written.
    #[must_use]
    pub fn mac(&self) -> &str {
        &self.mac
    }

    /// Checks the mac. `body` is the message as it was received, to the octet.
    ///
    /// # Errors
    ///
    /// [`AuthError::Mismatch`] and nothing else.
    pub fn verify(&self, known: &CredentialHash, nonce: &Nonce, body: &[u8]) -> Result<(), AuthError> {
        known.verify_mac(nonce, body, &self.mac)
    }

    /// The same header, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> HmacHeader<'static> {
        HmacHeader { username: self.username.into_owned(), mac: self.mac.into_owned() }
    }
}

impl fmt::Debug for HmacHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacHeader").field("username", &self.username).finish_non_exhaustive()
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// What a header value cannot hold; a tab it can.
const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// The members of a list, split at commas outside quoted strings.
fn members(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |character| {
        if core::mem::take(&mut escaped) {
            return false;
        }
        match character {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return character == ',' && !quoted,
        }
        false
    })
}

/// The text of a value with its quotes and escapes undone.
fn unquoted(raw: &str) -> Result<Str<'_>, AuthError> {
    let Some(quoted) = raw.strip_prefix('"') else {
        return if raw.contains(['"', ' ', '\t']) { Err(AuthError::Syntax) } else { Ok(Str::borrowed(raw)) };
    };
    if let Some(plain) = quoted.strip_suffix('"')
        && !plain.contains(['"', '\\'])
    {
        return Ok(Str::borrowed(plain));
    }
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    loop {
        match characters.next().ok_or(AuthError::Syntax)? {
            '"' => break,
            '\\' => text.push(characters.next().ok_or(AuthError::Syntax)?),
            character => text.push(character),
        }
    }
    if characters.as_str().is_empty() { Ok(text.into()) } else { Err(AuthError::Syntax) }
}

/// The one place that knows the hash function.
fn md5(parts: &[&[u8]]) -> [u8; 16] {
    parts.iter().fold(Md5::new(), Md5::chain_update).finalize().into()
}

/// Compares in constant time; different lengths, which are no secret, at once.
fn same(expected: &[u8], found: &[u8]) -> Result<(), AuthError> {
    if expected.ct_eq(found).into() { Ok(()) } else { Err(AuthError::Mismatch) }
}

fn decode(text: &str) -> Result<Vec<u8>, AuthError> {
    decode_base64(text.as_bytes()).map_err(|_| AuthError::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Data, Meta};

    #[test]
    fn nonces_that_came_as_opaque() {
        let nonce = |format: Option<Format<'static>>, bytes: &[u8]| {
            let mut meta = Meta::new();
            meta.format = format;
            meta.more_mut().next_nonce = Some(Data::opaque(bytes.to_vec()));
            Chal { meta, ..Chal::default() }.nonce()
        };
        let octets = |bytes: &[u8]| Nonce::new(bytes).map(Some);
        assert_eq!(nonce(Some(Format::B64), b"Tm9uY2U="), octets(b"Nonce"));
        assert_eq!(nonce(None, b"Tm9uY2U="), octets(b"Nonce"));
        assert_eq!(nonce(Some(Format::Bin), b"Tm9uY2U="), octets(b"Tm9uY2U="));
        assert_eq!(nonce(Some(Format::B64), b"No:ce"), octets(b"No:ce"));
        assert_eq!(nonce(Some(Format::B64), &[0xff; 64]), octets(&[0xff; 64]));
        assert_eq!(nonce(Some(Format::B64), &[0xff; 65]), Err(AuthError::NonceTooLong));
        assert_eq!(nonce(Some(Format::B64), &[b'A'; 92]), Err(AuthError::NonceTooLong));
    }
}
