//! Absolute HTTP(S) URIs and reference resolution.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use dm_package::{Limits, Scheme, ServerUri};

use super::syntax::BLANK;
use crate::{Error, ErrorKind};

/// Longest URI text, in bytes. RFC 9110 §4.1 asks for at least 8000.
const MAX_LEN: usize = Limits::DEFAULT.max_uri_len;

/// An absolute `http` or `https` URI in normal form (RFC 3986 §6.2.2, §6.2.3).
///
/// ```text
/// scheme "://" host [ ":" port ] path [ "?" query ]
/// ```
///
/// Scheme and host are in lower case, a default port is left out, the path is never empty and has
/// no dot segments, a fragment is dropped (it is never sent). So equal values name the same
/// resource, and [`as_str`](Self::as_str) is what a request carries. The syntax check is
/// [`ServerUri`]'s, which refuses user information (RFC 9110 §4.2.4).
///
/// ```
/// use dm_session::http::Uri;
///
/// # fn main() -> Result<(), dm_session::Error> {
/// let uri = Uri::parse("HTTPS://DM.Example.com:443/a/./b?x=1")?;
/// assert_eq!(uri.as_str(), "https://dm.example.com/a/b?x=1");
/// assert_eq!(uri.origin(), "https://dm.example.com:443");
/// assert_eq!(uri.join("../c")?.as_str(), "https://dm.example.com/c");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Uri {
    text: String,
    https: bool,
    /// Where the host stands in `text`.
    host: (usize, usize),
    port: u16,
    /// Where the path begins and ends in `text`.
    path: (usize, usize),
}

impl Uri {
    /// Reads an absolute URI.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for anything but an absolute `http` or `https` URI
    /// with a host and without user information; [`LimitExceeded`](ErrorKind::LimitExceeded) above
    /// [`Limits::max_uri_len`] of [`Limits::DEFAULT`] (8192 bytes).
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        let text = without_fragment(text);
        let checked = ServerUri::parse(text).map_err(|error| {
            if error.kind().is_limit() { ErrorKind::LimitExceeded } else { ErrorKind::InvalidInput }
        })?;
        let (_, rest) = text.split_once("://").ok_or(ErrorKind::InvalidInput)?;
        let (_, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let https = checked.scheme() == Scheme::Https;
        let (path, query) = split_query(target);

        let mut out = String::with_capacity(text.len().saturating_add(1));
        out.push_str(if https { "https://" } else { "http://" });
        let host_start = out.len();
        out.push_str(&checked.host().to_ascii_lowercase());
        let host_end = out.len();
        let port = checked.port();
        if port != default_port(https) {
            out.push_str(&format!(":{port}"));
        }
        let path_start = out.len();
        push_without_dots(&mut out, path);
        let path_end = out.len();
        if let Some(query) = query {
            out.push('?');
            out.push_str(query);
        }
        if out.len() > MAX_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        Ok(Self { text: out, https, host: (host_start, host_end), port, path: (path_start, path_end) })
    }

    /// The whole URI in normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https` or `http`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(self.host.0..self.host.1).unwrap_or_default()
    }

    /// The effective port: the one written, else 443 or 80.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path, `/` at least, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.get(self.path.0..self.path.1).unwrap_or("/")
    }

    /// The path and, after `?`, the query: the origin form of a request target (RFC 9112 §3.2.1).
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        self.text.get(self.path.0..).unwrap_or("/")
    }

    /// `scheme://host:port` with the port always written: one key per origin (RFC 9110 §4.3.1).
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme(), self.host(), self.port)
    }

    /// Whether scheme, host and effective port are the same.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        self.https == other.https && self.port == other.port && self.host() == other.host()
    }

    /// Whether going from `other` to this URI leaves `https`.
    #[must_use]
    pub const fn is_downgrade_from(&self, other: &Self) -> bool {
        other.https && !self.https
    }

    /// Resolves a reference against this URI (RFC 3986 §5.2), as a `Location` field needs it.
    /// Spaces and tabs around it are ignored, a fragment is dropped.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), for the result.
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        if reference.len() > MAX_LEN {
            return Err(ErrorKind::LimitExceeded.into());
        }
        let reference = without_fragment(reference.trim_matches(BLANK));
        if has_scheme(reference) {
            return Self::parse(reference);
        }
        if reference.starts_with("//") {
            return Self::parse(&format!("{}:{reference}", self.scheme()));
        }
        let origin = self.text.get(..self.path.0).unwrap_or_default();
        let (path, query) = split_query(reference);
        let base_path = self.path();
        // The base path ends before its last segment when the reference's is appended to it.
        let (base, path) = if path.is_empty() {
            ("", base_path)
        } else if path.starts_with('/') {
            ("", path)
        } else {
            (base_path.rfind('/').and_then(|slash| base_path.get(..=slash)).unwrap_or("/"), path)
        };
        let inherited = if reference.is_empty() { split_query(self.path_and_query()).1 } else { None };
        let (mark, query) = query.or(inherited).map_or(("", ""), |query| ("?", query));
        Self::parse(&format!("{origin}{base}{path}{mark}{query}"))
    }
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

fn split_query(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// Whether a reference begins with a scheme and is so no relative one (RFC 3986 §3.1, §4.2).
fn has_scheme(reference: &str) -> bool {
    let end = reference.find([':', '/', '?']).unwrap_or(reference.len());
    let (scheme, rest) = reference.split_at(end);
    rest.starts_with(':')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Appends an absolute or empty path without its dot segments (RFC 3986 §5.2.4). Linear: what `..`
/// takes away is scanned once.
fn push_without_dots(out: &mut String, path: &str) {
    let start = out.len();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                let kept = out.get(start..).and_then(|done| done.rfind('/')).unwrap_or(0);
                out.truncate(start.saturating_add(kept));
            }
            _ => {
                out.push('/');
                out.push_str(segment);
                continue;
            }
        }
        if last {
            out.push('/');
        }
    }
}

impl FromStr for Uri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Uri {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Uri> for String {
    fn from(uri: Uri) -> Self {
        uri.text
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({:?})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap()
    }

    #[test]
    fn parts() {
        let full = uri("HTTPS://DM.Example.COM:8443/a/b;c?d=e?f#g");
        assert_eq!(full.as_str(), "https://dm.example.com:8443/a/b;c?d=e?f");
        assert_eq!((full.scheme(), full.host(), full.port()), ("https", "dm.example.com", 8443));
        assert_eq!((full.path(), full.path_and_query()), ("/a/b;c", "/a/b;c?d=e?f"));
        assert_eq!(full.origin(), "https://dm.example.com:8443");
        for (text, normal, origin) in [
            ("http://h", "http://h/", "http://h:80"),
            ("http://h?q", "http://h/?q", "http://h:80"),
            ("http://h?", "http://h/?", "http://h:80"),
            ("http://h:/", "http://h/", "http://h:80"),
            ("http://h:80/", "http://h/", "http://h:80"),
            ("https://h:443", "https://h/", "https://h:443"),
            ("https://h:80", "https://h:80/", "https://h:80"),
            ("http://h/?a/../b", "http://h/?a/../b", "http://h:80"),
            ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080"),
            ("http://h/%2e%2E/x", "http://h/%2e%2E/x", "http://h:80"),
            ("http://h//x", "http://h//x", "http://h:80"),
        ] {
            assert_eq!((uri(text).as_str(), uri(text).origin().as_str()), (normal, origin), "{text}");
            assert_eq!(uri(normal), uri(text), "{text}");
        }
    }

    #[test]
    fn no_uris() {
        for text in [
            "",
            "/a",
            "h",
            "//h/",
            "http:",
            "http:/h",
            "http://",
            "http:///a",
            "http://:80/",
            "ftp://h/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://h:port/",
            "http://h:65536/",
            "http://user@h/",
            "http://user:password@h/",
            "http://h/a b",
            "http://h/a\r\nX: y",
            "http://h/\0",
            "http://h/ü",
            "http://h/[DevID]",
            " http://h/",
        ] {
            assert_eq!(Uri::parse(text).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "{text:?}");
        }
    }

    #[test]
    fn limit_and_one_beyond() {
        let of = |len: usize| format!("http://h/{}", "a".repeat(len - 9));
        assert_eq!(uri(&of(2048)).as_str().len(), 2048);
        assert_eq!(Uri::parse(&of(MAX_LEN + 1)).map_err(|error| error.kind()), Err(ErrorKind::LimitExceeded));
        let long = "a".repeat(MAX_LEN + 1);
        assert_eq!(uri("http://h/").join(&long).map_err(|error| error.kind()), Err(ErrorKind::LimitExceeded));
    }

    #[test]
    fn origins() {
        let base = uri("https://dm.example.com/a");
        for (other, same, down) in [
            ("https://DM.example.com:443/b?c", true, false),
            ("https://dm.example.com:444/a", false, false),
            ("https://example.com/a", false, false),
            ("http://dm.example.com/a", false, true),
            ("http://dm.example.com:443/a", false, true),
        ] {
            assert_eq!((base.same_origin(&uri(other)), uri(other).is_downgrade_from(&base)), (same, down), "{other}");
        }
        assert!(!base.is_downgrade_from(&uri("http://h/")));
    }

    /// RFC 3986 §5.4, without the fragments, which are never sent.
    #[test]
    fn reference_resolution() {
        let base = uri("http://a/b/c/d;p?q");
        for (reference, target) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/../x", "http://a/b/c/g"),
            // Beyond the table.
            ("?", "http://a/b/c/d;p?"),
            ("  https://h/x \t", "https://h/x"),
            ("//g:81/../x", "http://g:81/x"),
            ("./a:b", "http://a/b/c/a:b"),
            ("?a:b", "http://a/b/c/d;p?a:b"),
            ("/..//g", "http://a//g"),
        ] {
            assert_eq!(base.join(reference).map(String::from).as_deref(), Ok(target), "{reference:?}");
        }
        for reference in
            ["g:h", "http:g", "ftp://h/", "a:b", "javascript:x", "g h", "//", "///x", "//u@h/", "g\r\nX: y"]
        {
            assert!(base.join(reference).is_err(), "{reference:?}");
        }
        assert_eq!(uri("http://h").join("g").unwrap().as_str(), "http://h/g");
        assert_eq!(uri("http://h/a/../b/..").as_str(), "http://h/");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_goes_through_parse() {
        let value: Uri = serde_json::from_str("\"HTTP://h\"").unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), "\"http://h/\"");
        assert!(serde_json::from_str::<Uri>("\"ftp://h/\"").is_err());
    }
}
