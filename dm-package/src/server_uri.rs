//! ServerURI: an absolute http or https URI off the device.

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;
use core::net::Ipv6Addr;

use crate::uri::{self, PATH, QUERY, REG_NAME};
use crate::{Error, ErrorKind, Limits, Str};

/// Checks that a text is a ServerURI: see [`ServerUri::parse`].
///
/// # Errors
/// [`ErrorKind::ServerUriScheme`], [`ErrorKind::ServerUriHost`], [`ErrorKind::ServerUriPort`],
/// [`ErrorKind::UriCharacter`], [`ErrorKind::UriPercentEncoding`] or [`ErrorKind::UriTooLong`], at the byte in the text.
pub fn check_server_uri(text: &str) -> Result<(), Error> {
    split(text).map(|_| ())
}

/// An absolute `http` or `https` URI (RFC 3986 §4.3) with a host.
///
/// ```text
/// ServerURI = ( "http" / "https" ) "://" host [ ":" port ] path [ "?" query ]
/// ```
///
/// No user information (RFC 9110 §4.2.4 calls it an error), no fragment, and so no `[DevID]` placeholder in the path.
/// The length limit is [`Limits::max_uri_len`] of [`Limits::DEFAULT`].
///
/// ```
/// use dm_package::{Scheme, ServerUri};
/// let uri = ServerUri::parse("https://dm.example?ui=7")?;
/// assert_eq!((uri.scheme(), uri.host(), uri.port()), (Scheme::Https, "dm.example", 443));
/// assert_eq!(uri.path_and_query(), "/?ui=7");
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerUri<'a> {
    text: Str<'a>,
    parts: Parts,
}

/// The two schemes of a ServerURI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the specification allows HTTP and HTTPS")]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The port when the URI has none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where the host starts and ends, and where the path starts, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Parts {
    scheme: Scheme,
    host_start: usize,
    host_end: usize,
    port: u16,
    path: usize,
}

impl<'a> ServerUri<'a> {
    /// Reads a ServerURI.
    ///
    /// # Errors
    /// Those of [`check_server_uri`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Ok(Self { text: Str::borrowed(text), parts: split(text)? })
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// The host as it is written, an IPv6 address with its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(self.parts.host_start..self.parts.host_end).unwrap_or_default()
    }

    /// The port, that of the scheme if the URI has none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.parts.port
    }

    /// The path, at least `/`, and the query: what an HTTP request line says.
    #[must_use]
    pub fn path_and_query(&self) -> Cow<'_, str> {
        match self.text.get(self.parts.path..).unwrap_or_default() {
            rest if rest.starts_with('/') => Cow::Borrowed(rest),
            "" => Cow::Borrowed("/"),
            query => Cow::Owned(format!("/{query}")),
        }
    }

    /// Whether scheme, host (in any letter case) and port are the same.
    #[must_use]
    pub fn same_origin(&self, other: &ServerUri<'_>) -> bool {
        self.scheme() == other.scheme() && self.port() == other.port() && self.host().eq_ignore_ascii_case(other.host())
    }

    /// The same URI, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> ServerUri<'static> {
        ServerUri { text: self.text.into_owned(), parts: self.parts }
    }
}

impl fmt::Display for ServerUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ServerUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerUri").field(&self.text).finish()
    }
}

impl<'a> TryFrom<&'a str> for ServerUri<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

fn split(text: &str) -> Result<Parts, Error> {
    if text.len() > Limits::DEFAULT.max_uri_len {
        return Err(Error::new(ErrorKind::UriTooLong, Limits::DEFAULT.max_uri_len));
    }
    // The first of these is nearly always the one, in lower case.
    let usual = text.strip_prefix("https://").map(|rest| (Scheme::Https, rest));
    let any_case = || {
        [Scheme::Https, Scheme::Http].into_iter().find_map(|scheme| {
            let (head, rest) = text.split_at_checked(scheme.as_str().len())?;
            Some((scheme, rest.strip_prefix("://").filter(|_| head.eq_ignore_ascii_case(scheme.as_str()))?))
        })
    };
    let (scheme, rest) = usual.or_else(any_case).ok_or(Error::new(ErrorKind::ServerUriScheme, 0))?;
    let host_start = text.len().saturating_sub(rest.len());
    if let Some(parts) = split_plain(scheme, host_start, rest) {
        return Ok(parts);
    }
    let bad_host = |offset: usize| Error::new(ErrorKind::ServerUriHost, host_start.saturating_add(offset));

    let authority_len = memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(authority_len).unwrap_or((rest, ""));
    if let Some(at) = memchr::memchr(b'@', authority.as_bytes()) {
        return Err(bad_host(at));
    }
    let host_len = match authority.strip_prefix('[') {
        None => {
            let host = uri::split_once(authority, b':').map_or(authority, |(host, _)| host);
            // Of what is plain only `/`, `:` and `@` may not stand in a host, and none of them is left here.
            if !uri::is_plain(host) {
                uri::check_chars(host, REG_NAME).map_err(|error| error.shifted(host_start))?;
            }
            host.len()
        }
        Some(inner) => {
            let (address, _) = inner.split_once(']').ok_or(bad_host(0))?;
            if address.parse::<Ipv6Addr>().is_err() {
                return Err(bad_host(1));
            }
            address.len().saturating_add(2)
        }
    };
    if host_len == 0 {
        return Err(bad_host(0));
    }
    let host_end = host_start.saturating_add(host_len);
    let bad_port = Error::new(ErrorKind::ServerUriPort, host_end);
    let port = match authority.get(host_len..).unwrap_or_default().strip_prefix(':') {
        Some("") => scheme.default_port(),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| bad_port)?,
        Some(_) => return Err(bad_port),
        None if host_len == authority.len() => scheme.default_port(),
        None => return Err(bad_port),
    };

    let path = host_start.saturating_add(authority_len);
    let (path_text, query) = match uri::split_once(tail, b'?') {
        None => (tail, ""),
        Some((path, query)) => (path, query),
    };
    uri::check_chars(path_text, PATH).map_err(|error| error.shifted(path))?;
    let query_start = path.saturating_add(path_text.len()).saturating_add(1);
    if !query.is_empty() {
        uri::check_chars(query, QUERY).map_err(|error| error.shifted(query_start))?;
    }
    Ok(Parts { scheme, host_start, host_end, port, path })
}

/// The same for the plainest URIs, which are nearly all: a name for a host, then a path and nothing else.
fn split_plain(scheme: Scheme, host_start: usize, rest: &str) -> Option<Parts> {
    // Of what is plain only these three may not stand in a host, and the first ends it. Hosts are short.
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b':' | b'@'))?;
    let (host, tail) = rest.split_at_checked(end)?;
    if host.is_empty() || !tail.starts_with('/') || !uri::is_plain(rest) {
        return None;
    }
    let host_end = host_start.saturating_add(host.len());
    Some(Parts { scheme, host_start, host_end, port: scheme.default_port(), path: host_end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (text, scheme, host, port, rest) in [
            ("http://h", Scheme::Http, "h", 80, "/"),
            ("HTTPS://DM.Example:8443/a/b?c=/?d", Scheme::Https, "DM.Example", 8443, "/a/b?c=/?d"),
            ("https://[2001:db8::1]:443?x", Scheme::Https, "[2001:db8::1]", 443, "/?x"),
            ("http://192.0.2.7:/", Scheme::Http, "192.0.2.7", 80, "/"),
        ] {
            let uri = ServerUri::parse(text).unwrap();
            assert_eq!((uri.scheme(), uri.host(), uri.port()), (scheme, host, port), "{text}");
            assert_eq!(uri.path_and_query(), rest, "{text}");
            assert_eq!(uri.clone().into_owned(), uri);
        }
    }

    #[test]
    fn origins() {
        let origin =
            |a: &'static str, b: &'static str| ServerUri::parse(a).unwrap().same_origin(&ServerUri::parse(b).unwrap());
        assert!(origin("https://h/a", "HTTPS://H:443/b"));
        assert!(!origin("https://h/a", "http://h/a"));
        assert!(!origin("https://h/a", "https://h:444/a"));
        assert!(!origin("https://h/a", "https://i/a"));
    }

    #[test]
    fn refusals() {
        let long = alloc::string::String::from("http://h/") + &"a".repeat(8192);
        for (text, kind, offset) in [
            ("", ErrorKind::ServerUriScheme, 0),
            ("/dm", ErrorKind::ServerUriScheme, 0),
            ("ftp://h/", ErrorKind::ServerUriScheme, 0),
            ("file:///etc", ErrorKind::ServerUriScheme, 0),
            ("javascript:x", ErrorKind::ServerUriScheme, 0),
            ("http:/h", ErrorKind::ServerUriScheme, 0),
            ("https://", ErrorKind::ServerUriHost, 8),
            ("https:///a", ErrorKind::ServerUriHost, 8),
            ("https://:80/", ErrorKind::ServerUriHost, 8),
            ("https://good@evil/", ErrorKind::ServerUriHost, 12),
            ("https://[::1", ErrorKind::ServerUriHost, 8),
            ("https://[x]/", ErrorKind::ServerUriHost, 9),
            ("https://h:99999/", ErrorKind::ServerUriPort, 9),
            ("https://h:8a/", ErrorKind::ServerUriPort, 9),
            ("https://[::1]8/", ErrorKind::ServerUriPort, 13),
            ("https://h/devices/[DevID]", ErrorKind::UriCharacter, 18),
            ("https://h/a b", ErrorKind::UriCharacter, 11),
            ("https://h/a#b", ErrorKind::UriCharacter, 11),
            ("https://h#b", ErrorKind::UriCharacter, 9),
            ("https://h/?a#b", ErrorKind::UriCharacter, 12),
            ("https://h/%g0", ErrorKind::UriPercentEncoding, 10),
            ("https://hä/", ErrorKind::UriCharacter, 9),
            (&long, ErrorKind::UriTooLong, 8192),
        ] {
            assert_eq!(check_server_uri(text), Err(Error::new(kind, offset)), "{text}");
        }
    }
}
