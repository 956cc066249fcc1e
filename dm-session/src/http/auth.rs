//! HTTP authentication: challenges, and the Basic scheme.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::syntax::{BLANK, is_tchar};
use super::{Headers, WWW_AUTHENTICATE};
use crate::{Error, ErrorKind, Secret};

/// Most bytes of an `Authorization` or `WWW-Authenticate` value that is looked at.
const MAX_FIELD_LEN: usize = 8192;
/// Most challenges of one response.
const MAX_CHALLENGES: usize = 16;
/// Most parameters of one challenge.
const MAX_PARAMS: usize = 32;
/// Longest user name and longest password, in bytes.
const MAX_CREDENTIAL_LEN: usize = 1024;

/// A user and a password for the Basic scheme (RFC 7617), in UTF-8 as they stand (no
/// normalization).
///
/// ```
/// use dm_session::Secret;
/// use dm_session::http::BasicCredentials;
///
/// # fn main() -> Result<(), dm_session::Error> {
/// let credentials = BasicCredentials::new("Aladdin", Secret::new(*b"open sesame"))?;
/// assert_eq!(credentials.authorization(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// assert!(credentials.verify("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicCredentials {
    user: String,
    password: Secret,
}

impl BasicCredentials {
    /// Joins a user and a password.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when `user` has a colon or either has a control
    /// character (RFC 7617 §2); [`LimitExceeded`](ErrorKind::LimitExceeded) when either is longer
    /// than 1024 bytes.
    pub fn new(user: impl Into<String>, password: Secret) -> Result<Self, Error> {
        let user = user.into();
        let bytes = password.expose_secret();
        if user.len() > MAX_CREDENTIAL_LEN || bytes.len() > MAX_CREDENTIAL_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        if user.contains(':') || user.bytes().chain(bytes.iter().copied()).any(|byte| byte.is_ascii_control()) {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok(Self { user, password })
    }

    /// Reads an `Authorization` value, for a server that looks the user up. `None` when it is of
    /// another scheme or malformed.
    #[must_use]
    pub fn from_authorization(header: &str) -> Option<Self> {
        let decoded = decode(header)?;
        let colon = decoded.iter().position(|&byte| byte == b':')?;
        let user = core::str::from_utf8(decoded.get(..colon)?).ok()?;
        Self::new(user, Secret::new(decoded.get(colon.checked_add(1)?..)?)).ok()
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    #[must_use]
    pub const fn password(&self) -> &Secret {
        &self.password
    }

    /// The `Authorization` value. It holds the password: not for a log.
    #[must_use]
    pub fn authorization(&self) -> String {
        let mut out = "Basic ".to_owned();
        STANDARD.encode_string(self.user_pass(), &mut out);
        out
    }

    /// Whether an `Authorization` value carries exactly these credentials. The time depends on the
    /// length of `header`, not on where a difference stands.
    #[must_use]
    pub fn verify(&self, header: &str) -> bool {
        let Some(given) = decode(header) else {
            return false;
        };
        let mut wanted = self.user_pass();
        let same_len = wanted.len().ct_eq(&given.len());
        // Compared over the length given, so that the time does not tell the length wanted.
        wanted.resize(given.len(), 0);
        (wanted.ct_eq(&given) & same_len).into()
    }

    fn user_pass(&self) -> Vec<u8> {
        [self.user.as_bytes(), b":", self.password.expose_secret()].concat()
    }
}

/// The bytes of a Basic `Authorization` value.
fn decode(header: &str) -> Option<Vec<u8>> {
    if header.len() > MAX_FIELD_LEN {
        return None;
    }
    let (scheme, token) = header.trim_matches(BLANK).split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(token.trim_matches(BLANK)).ok()
}

/// One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1).
///
/// ```text
/// challenge = scheme [ 1*SP ( token68 / #( name "=" ( token / quoted-string ) ) ) ]
/// ```
///
/// `Debug` shows the scheme and the names of the parameters.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Challenge {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The scheme as written, such as `Basic`; compare without regard to case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether the scheme is this one, without regard to case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The protection space, if it is named.
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.param("realm")
    }

    /// The first parameter of that name, without regard to case, unquoted.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All parameters in order, unquoted.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The one opaque text that some schemes have in place of parameters.
    #[must_use]
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("scheme", &self.scheme)
            .field("params", &self.params.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The challenges of a response, in order: several in one `WWW-Authenticate` field, several fields,
/// or both.
///
/// A malformed part is skipped up to the next comma. At most 16 challenges with 32 parameters each
/// are kept; a field longer than 8192 bytes is not read.
///
/// ```
/// use dm_session::http::{Headers, WWW_AUTHENTICATE, challenges};
///
/// let mut headers = Headers::new();
/// headers.push(WWW_AUTHENTICATE, r#"Negotiate, Basic realm="DM", charset="UTF-8""#);
/// let found = challenges(&headers);
/// assert!(found.len() == 2 && found[0].is("negotiate") && found[1].realm() == Some("DM"));
/// ```
#[must_use]
pub fn challenges(headers: &Headers) -> Vec<Challenge> {
    let mut found = Vec::new();
    for field in headers.all(WWW_AUTHENTICATE).filter(|field| field.len() <= MAX_FIELD_LEN) {
        // A parameter belongs to a challenge of its own field.
        let mut current = None;
        let mut reader = Reader { rest: field };
        reader.eat_list_separator();
        while !reader.rest.is_empty() && found.len() < MAX_CHALLENGES {
            if !reader.member(&mut current, &mut found) {
                reader.skip_member();
            }
            reader.eat_list_separator();
        }
        found.extend(current.filter(|_| found.len() < MAX_CHALLENGES));
    }
    found
}

/// What is left of a field.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Reads one member of the comma-separated list: a parameter of the current challenge, or the
    /// head of a new one. Says whether it was well formed to its end.
    fn member(&mut self, current: &mut Option<Challenge>, found: &mut Vec<Challenge>) -> bool {
        let token = self.token();
        if token.is_empty() {
            return self.at_end();
        }
        if let Some(challenge) = current.as_mut()
            && self.peek_equals()
        {
            return self.param(token, challenge);
        }
        let gap = self.rest.starts_with(' ');
        let mut challenge = Challenge { scheme: token.to_owned(), token68: None, params: Vec::new() };
        self.skip_blank();
        let sound = if self.at_end() {
            true
        } else if !gap {
            false
        } else if let Some(token68) = self.token68() {
            challenge.token68 = Some(token68.to_owned());
            true
        } else {
            let name = self.token();
            !name.is_empty() && self.param(name, &mut challenge)
        };
        // What follows a scheme with something unreadable behind it is dropped, the scheme stays.
        found.extend(current.replace(challenge));
        sound
    }

    /// Reads `BWS "=" BWS ( token / quoted-string )` after a name.
    fn param(&mut self, name: &str, challenge: &mut Challenge) -> bool {
        self.skip_blank();
        let Some(rest) = self.rest.strip_prefix('=') else {
            return false;
        };
        self.rest = rest;
        self.skip_blank();
        let value = match self.rest.strip_prefix('"') {
            Some(rest) => {
                self.rest = rest;
                self.quoted()
            }
            None => Some(self.token().to_owned()).filter(|value| !value.is_empty()),
        };
        self.skip_blank();
        match value {
            Some(value) if self.at_end() => {
                if challenge.params.len() < MAX_PARAMS {
                    challenge.params.push((name.to_owned(), value));
                }
                true
            }
            _ => false,
        }
    }

    /// The rest of a quoted-string (RFC 9110 §5.6.4). An open one takes all that is left, so that
    /// nothing is read twice.
    fn quoted(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut chars = core::mem::take(&mut self.rest).chars();
        loop {
            match chars.next()? {
                '"' => {
                    self.rest = chars.as_str();
                    return Some(out);
                }
                '\\' => out.push(chars.next()?),
                char => out.push(char),
            }
        }
    }

    /// A token68 that fills the member; nothing is taken otherwise.
    fn token68(&mut self) -> Option<&'a str> {
        let body = self.rest.trim_start_matches(|char: char| {
            char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '_' | '~' | '+' | '/')
        });
        let after = body.trim_start_matches('=');
        let token = self.rest.strip_suffix(after).filter(|_| body.len() < self.rest.len())?;
        let next = after.trim_start_matches(BLANK);
        if !next.is_empty() && !next.starts_with(',') {
            return None;
        }
        self.rest = next;
        Some(token)
    }

    fn token(&mut self) -> &'a str {
        let len = self.rest.bytes().take_while(|&byte| is_tchar(byte)).count();
        let (token, rest) = self.rest.split_at_checked(len).unwrap_or(("", self.rest));
        self.rest = rest;
        token
    }

    fn peek_equals(&self) -> bool {
        self.rest.trim_start_matches(BLANK).starts_with('=')
    }

    fn at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(',')
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start_matches(BLANK);
    }

    fn eat_list_separator(&mut self) {
        self.rest = self.rest.trim_start_matches([',', ' ', '\t']);
    }

    /// Goes to the next comma that stands in no quoted-string.
    fn skip_member(&mut self) {
        while !self.at_end() {
            let mut chars = self.rest.chars();
            if chars.next() == Some('"') {
                self.rest = chars.as_str();
                let _ = self.quoted();
            } else {
                self.rest = chars.as_str();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn parse(fields: &[&str]) -> Vec<Challenge> {
        challenges(&fields.iter().map(|&field| (WWW_AUTHENTICATE, field)).collect())
    }

    /// `scheme[token68](name=value,…)` of each, joined by a blank.
    fn show(fields: &[&str]) -> String {
        let shown = parse(fields).into_iter().map(|challenge| {
            let token = challenge.token68.map(|token| format!("[{token}]")).unwrap_or_default();
            let params: Vec<_> = challenge.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}{token}({})", challenge.scheme, params.join(","))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    /// RFC 9110 §11.6.1, RFC 7617 §2 and §2.1, RFC 7616 §3.9.1, RFC 4559 §5.
    #[test]
    fn the_examples_of_the_rfcs() {
        let several = r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#;
        assert_eq!(show(&[several]), r#"Basic(realm=simple) Newauth(realm=apps,type=1,title=Login to "apps")"#);
        assert_eq!(show(&[r#"Basic realm="WallyWorld""#]), "Basic(realm=WallyWorld)");
        assert_eq!(show(&[r#"Basic realm="foo", charset="UTF-8""#]), "Basic(realm=foo,charset=UTF-8)");
        let digest = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf""#;
        let shown = "Digest(realm=http-auth@example.org,qop=auth, auth-int,algorithm=SHA-256,nonce=7ypf)";
        assert_eq!(show(&[digest]), shown);
        assert_eq!(show(&["Negotiate"]), "Negotiate()");
        assert_eq!(show(&["Negotiate a87421000492aa874209af8bc028="]), "Negotiate[a87421000492aa874209af8bc028=]()");
    }

    #[test]
    fn odd_and_broken_fields() {
        for (fields, expected) in [
            (&["Negotiate, Basic realm=x", "Digest nonce=1"][..], "Negotiate() Basic(realm=x) Digest(nonce=1)"),
            (&[" , ,Basic realm=x,,\t, "], "Basic(realm=x)"),
            (&["Basic , realm = \"x\""], "Basic(realm=x)"),
            (&["Basic   realm  =\t\"x\"  ,a=b"], "Basic(realm=x,a=b)"),
            (&["Negotiate YQ==, Basic realm=x"], "Negotiate[YQ==]() Basic(realm=x)"),
            (&["Basic realm=\"\""], "Basic(realm=)"),
            (&["Basic realm=\"a, Digest b=c\""], "Basic(realm=a, Digest b=c)"),
            (&["Basic realm=\"\\\"\\\\\""], "Basic(realm=\"\\)"),
            (&["Basic realm=\"ü\""], "Basic(realm=ü)"),
            // A parameter without a challenge, even if the field before had one.
            (&["Basic a=b", "realm=x"], "Basic(a=b) realm()"),
            (&["realm=x, Basic a=b"], "realm() Basic(a=b)"),
            // What cannot be read is left out up to the next comma.
            (&["Basic realm=ü, charset=x, Digest a=b"], "Basic(charset=x) Digest(a=b)"),
            (&["Basic realm=a b, c=d"], "Basic(c=d)"),
            (&["Basic realm=\"open"], "Basic()"),
            (&["Basic realm=\"open\\"], "Basic()"),
            (&["(Basic) \"a, b\" x, Digest a=b"], "Digest(a=b)"),
            (&["Basic\u{1}, Digest a=b"], "Basic() Digest(a=b)"),
            (&["Basic a=1,=2,b=3"], "Basic(a=1,b=3)"),
            (&[""], ""),
            (&["\""], ""),
            (&[",,,"], ""),
        ] {
            assert_eq!(show(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn lookups_disregard_case() {
        let found = parse(&["bAsIc ReAlM=x, realm=y"]);
        assert!(found[0].is("Basic") && !found[0].is("Digest"));
        assert_eq!((found[0].scheme(), found[0].realm(), found[0].param("REALM")), ("bAsIc", Some("x"), Some("x")));
        assert_eq!((found[0].param("none"), found[0].token68()), (None, None));
        assert!(!format!("{found:?}").contains("\"x\""));
    }

    #[test]
    fn limits_and_one_beyond() {
        let all = |count: usize| parse(&[&alloc::vec!["A"; count].join(",")]).len();
        assert_eq!((all(MAX_CHALLENGES), all(MAX_CHALLENGES + 1)), (MAX_CHALLENGES, MAX_CHALLENGES));
        let params = |count: usize| parse(&[&format!("A {}", alloc::vec!["a=b"; count].join(","))])[0].params.len();
        assert_eq!((params(MAX_PARAMS), params(MAX_PARAMS + 1)), (MAX_PARAMS, MAX_PARAMS));
        let padded = |len: usize| parse(&[&format!("A{}", " ".repeat(len - 1))]).len();
        assert_eq!((padded(MAX_FIELD_LEN), padded(MAX_FIELD_LEN + 1)), (1, 0));
    }

    #[test]
    fn basic_credentials() {
        // RFC 7617 §2 and §2.1.
        let aladdin = BasicCredentials::new("Aladdin", Secret::new(*b"open sesame")).unwrap();
        assert_eq!(aladdin.authorization(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let test = BasicCredentials::new("test", Secret::new("123£".as_bytes())).unwrap();
        assert_eq!(test.authorization(), "Basic dGVzdDoxMjPCow==");
        assert_eq!(BasicCredentials::from_authorization("BASIC  dGVzdDoxMjPCow== ").as_ref(), Some(&test));
        assert_eq!((test.user(), test.password().expose_secret()), ("test", "123£".as_bytes()));
        assert!(test.verify(&test.authorization()) && test.verify("bAsIc dGVzdDoxMjPCow=="));
        for other in [
            "",
            "Basic",
            "Basic ",
            "Basic Og==",
            "Basic dGVzdDoxMjM=",
            "Basic dGVzdDoxMjPCo0E=",
            "Basic dGVzdDoxMjPCow=",
            "Digest dGVzdDoxMjPCow==",
            "dGVzdDoxMjPCow==",
            "Basic !",
            &aladdin.authorization(),
        ] {
            assert!(!test.verify(other), "{other}");
        }
        // A shorter secret padded with zeros is not the same.
        let empty = BasicCredentials::new("u", Secret::default()).unwrap();
        assert!(!empty.verify("Basic dToA") && empty.verify("Basic dTo="));
        assert!(!format!("{aladdin:?}").contains("sesame"));
    }

    #[test]
    fn what_cannot_be_credentials() {
        let kind = |user: &str, password: &[u8]| {
            BasicCredentials::new(user, Secret::new(password)).map(|_| ()).map_err(|error| error.kind())
        };
        for (user, password) in [("a:b", &b""[..]), ("a\n", b""), ("a", b"\0"), ("a", b"\r\n"), ("\x7f", b"")] {
            assert_eq!(kind(user, password), Err(ErrorKind::InvalidInput), "{user:?}");
        }
        let long = "a".repeat(MAX_CREDENTIAL_LEN + 1);
        assert_eq!(kind(&long, b""), Err(ErrorKind::LimitExceeded));
        assert_eq!(kind("", long.as_bytes()), Err(ErrorKind::LimitExceeded));
        assert_eq!(kind(&long[1..], &long.as_bytes()[1..]), Ok(()));
        for bad in ["Basic bm9jb2xvbg==", "Basic /zo=", "Basic dToK"] {
            assert_eq!(BasicCredentials::from_authorization(bad), None, "{bad}");
        }
        assert_eq!(BasicCredentials::from_authorization(&"B".repeat(MAX_FIELD_LEN + 1)), None);
    }
}
