//! The server's side of cookies.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::syntax::{BLANK, is_cookie_octet, is_token};
use super::{COOKIE, Request};
use crate::{Error, ErrorKind};

/// Most bytes of name and value together.
const MAX_LEN: usize = 4096;
/// Most bytes of the path.
const MAX_PATH_LEN: usize = 2048;

/// A `Set-Cookie` value, in the strict form for servers (RFC 6265 §4.1).
///
/// ```text
/// name "=" *cookie-octet [ "; Path=" path ] [ "; Max-Age=" seconds ] [ "; Secure" ] [ "; HttpOnly" ]
/// ```
///
/// The session token of DM 2.0 has a path, is secure and HTTP-only, and no age. `Debug` does not
/// show the value.
///
/// ```
/// use dm_session::http::SetCookie;
///
/// # fn main() -> Result<(), dm_session::Error> {
/// let cookie = SetCookie::new("token", "31d4d96e407aad42")?.with_path("/dm")?.with_secure().with_http_only();
/// assert_eq!(cookie.header(), "token=31d4d96e407aad42; Path=/dm; Secure; HttpOnly");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct SetCookie {
    name: String,
    value: String,
    path: Option<String>,
    max_age: Option<Duration>,
    secure: bool,
    http_only: bool,
}

impl SetCookie {
    /// A cookie that lasts as long as the client's session.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when `name` is no token or `value` has anything
    /// but cookie-octets (no space, quote, comma, semicolon, backslash, control or non-ASCII
    /// character); [`LimitExceeded`](ErrorKind::LimitExceeded) above 4096 bytes in both together.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Result<Self, Error> {
        let (name, value) = (name.into(), value.into());
        if name.len().saturating_add(value.len()) > MAX_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        if !is_token(&name) || !value.bytes().all(is_cookie_octet) {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok(Self { name, value, path: None, max_age: None, secure: false, http_only: false })
    }

    /// The same for requests at and below `path` only, such as the path of the endpoint.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when it does not begin with `/` or has a space, a
    /// semicolon, a control or non-ASCII character; [`LimitExceeded`](ErrorKind::LimitExceeded)
    /// above 2048 bytes.
    pub fn with_path(mut self, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        if path.len() > MAX_PATH_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.path = Some(path);
        Ok(self)
    }

    /// The same, sent back over HTTPS only.
    pub const fn with_secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// The same, hidden from scripts.
    pub const fn with_http_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    /// The same with a lifetime, in whole seconds; zero deletes the cookie at the client.
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The field's value. It holds the cookie's value: not for a log.
    #[must_use]
    pub fn header(&self) -> String {
        let mut out = format!("{}={}", self.name, self.value);
        if let Some(path) = &self.path {
            out.push_str("; Path=");
            out.push_str(path);
        }
        if let Some(max_age) = self.max_age {
            out.push_str(&format!("; Max-Age={}", max_age.as_secs()));
        }
        if self.secure {
            out.push_str("; Secure");
        }
        if self.http_only {
            out.push_str("; HttpOnly");
        }
        out
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name)
            .field("value", &format_args!("…"))
            .field("path", &self.path)
            .field("max_age", &self.max_age)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .finish()
    }
}

/// The cookies a request brings, as name and value, in order (RFC 6265 §4.2).
///
/// Lenient: several `Cookie` fields are read one after the other, parts without a name are skipped,
/// one pair of quotes around a value is taken off. A name may come twice; the first one is of the
/// longest path.
///
/// ```
/// use dm_session::http::{COOKIE, Method, Request, cookies};
///
/// let request = Request::new(Method::Post, "/dm").with_header(COOKIE, "a=1; b=2");
/// assert!(cookies(&request).eq([("a", "1"), ("b", "2")]));
/// ```
pub fn cookies(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    request.headers.all(COOKIE).flat_map(|field| field.split(';')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim_matches(BLANK), value.trim_matches(BLANK));
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        (!name.is_empty()).then_some((name, bare.unwrap_or(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;
    use alloc::vec::Vec;

    #[test]
    fn only_cookie_octets_go_in() {
        for name in ["", "a b", "a=b", "a;b", "a,b", "ä", "a\r\nb", "\"a\""] {
            assert_eq!(
                SetCookie::new(name, "v").map_err(|error| error.kind()),
                Err(ErrorKind::InvalidInput),
                "{name:?}"
            );
        }
        for value in ["a b", "a;b", "a,b", "\"a\"", "a\\b", "a\r\nX: y", "\0", "\x7f", "ä"] {
            assert_eq!(
                SetCookie::new("n", value).map_err(|error| error.kind()),
                Err(ErrorKind::InvalidInput),
                "{value:?}"
            );
        }
        for path in ["", "a", "/a;b", "/a b", "/\r\n", "/ä"] {
            let cookie = SetCookie::new("n", "v").unwrap().with_path(path);
            assert_eq!(cookie.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "{path:?}");
        }
        let all: String = (0x21..=0x7e_u8).filter(|&byte| is_cookie_octet(byte)).map(char::from).collect();
        assert_eq!(all.len(), 90);
        assert!(SetCookie::new("n", all).is_ok() && SetCookie::new("n", "").is_ok());
    }

    #[test]
    fn limits_and_one_beyond() {
        assert!(SetCookie::new("n", "v".repeat(MAX_LEN - 1)).is_ok());
        let error = SetCookie::new("nn", "v".repeat(MAX_LEN - 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        let cookie = SetCookie::new("n", "v").unwrap();
        assert!(cookie.clone().with_path("/".repeat(MAX_PATH_LEN)).is_ok());
        assert_eq!(cookie.with_path("/".repeat(MAX_PATH_LEN + 1)).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn attributes() {
        let cookie = SetCookie::new("t", "v").unwrap();
        assert_eq!(cookie.header(), "t=v");
        let gone = cookie.with_max_age(Duration::ZERO).with_http_only();
        assert_eq!(gone.header(), "t=v; Max-Age=0; HttpOnly");
        assert!(!format!("{gone:?}").contains("\"v\""));
    }

    #[test]
    fn cookies_are_read_leniently() {
        let request = Request::new(Method::Post, "/")
            .with_header(COOKIE, "a=1;b=2 ; ; novalue; =x; c = 3=4;")
            .with_header("Other", "z=0")
            .with_header("cookie", "$Version=1; d=\"5\"; e=\"; a=6");
        let found: Vec<_> = cookies(&request).collect();
        let expected = [("a", "1"), ("b", "2"), ("c", "3=4"), ("$Version", "1"), ("d", "5"), ("e", "\""), ("a", "6")];
        assert_eq!(found, expected);
        assert_eq!(cookies(&Request::new(Method::Get, "/")).count(), 0);
    }
}
