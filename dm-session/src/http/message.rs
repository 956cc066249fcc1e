//! Request, response, headers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::syntax::{is_field_value, is_token};
use crate::{Error, ErrorKind};

/// An HTTP method that OMA DM uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The method's token, such as `POST`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Header fields in their order; names compare without regard to case.
///
/// Text that a peer had a hand in goes in by [`try_push`](Self::try_push); a writer that puts the
/// fields on a wire by itself calls [`Request::check`] or [`Response::check`] first. The conversions of the feature
/// `http` check by themselves. On the way in they keep UTF-8 values and leave out a field whose
/// value is none: no field of OMA DM needs another encoding, and a guess could make two different
/// device ids look alike.
///
/// `Debug` shows the values of `Cookie`, `Set-Cookie` and the fields that carry credentials
/// (`Authorization`, `WWW-Authenticate`, …) as `…`.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a field at the end if it is one.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when the name is no token (RFC 9110 §5.6.2) or the
    /// value has a control character other than the tab, so that it could end the line.
    pub fn try_push(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), Error> {
        let (name, value) = (name.into(), value.into());
        check_field(&name, &value)?;
        self.push(name, value);
        Ok(())
    }

    /// Whether every field can be sent.
    ///
    /// # Errors
    ///
    /// As [`try_push`](Self::try_push), for the first field that cannot.
    pub fn check(&self) -> Result<(), Error> {
        self.iter().try_for_each(|(name, value)| check_field(name, value))
    }

    /// Puts one field in place of all of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of that name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of that name as one list, joined by commas (RFC 9110 §5.3); `None` without any.
    #[must_use]
    pub fn joined(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn check_field(name: &str, value: &str) -> Result<(), Error> {
    if is_token(name) && is_field_value(value) { Ok(()) } else { Err(ErrorKind::InvalidInput.into()) }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Field names whose values are credentials.
const CONFIDENTIAL: [&str; 9] = [
    "Cookie",
    "Set-Cookie",
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Authentication-Info",
    "x-syncml-hmac",
    "DeviceToken",
    "MS-Signature",
];

pub(super) fn is_confidential(name: &str) -> bool {
    CONFIDENTIAL.iter().any(|field| field.eq_ignore_ascii_case(name))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, if is_confidential(name) { "…" } else { value })))
            .finish()
    }
}

/// A complete HTTP request. `Debug` shows the length of the body, not its bytes.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// An absolute URI in what a client sends; the request target (absolute or `/path?query`) in
    /// what a server receives.
    pub uri: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, uri: impl Into<String>) -> Self {
        Self { method, uri: uri.into(), headers: Headers::new(), body: Vec::new() }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Whether this can be put on a wire as it stands.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when the URI is empty or has a space, a control or
    /// non-ASCII character, or as [`Headers::check`].
    pub fn check(&self) -> Result<(), Error> {
        if self.uri.is_empty() || !self.uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.headers.check()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("headers", &self.headers)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// A complete HTTP response. `Debug` shows the length of the body, not its bytes.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Response {
    /// The status code, such as 200.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers and body.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self { status, headers: Headers::new(), body: Vec::new() }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Whether this can be put on a wire as it stands.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) when the status does not have three digits, or as
    /// [`Headers::check`].
    pub fn check(&self) -> Result<(), Error> {
        if !matches!(self.status, 100..=999) {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.headers.check()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_len", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_disregard_case_and_order_stays() {
        let mut headers: Headers = [("Set-Cookie", "a=1"), ("X", "y"), ("set-cookie", "b=2")].into_iter().collect();
        assert_eq!((headers.get("SET-COOKIE"), headers.get("none"), headers.len()), (Some("a=1"), None, 3));
        assert!(headers.all("Set-Cookie").eq(["a=1", "b=2"]));
        headers.set("set-COOKIE", "c=3");
        assert!(headers.iter().eq([("X", "y"), ("set-COOKIE", "c=3")]));
        headers.remove("x");
        headers.remove("Set-Cookie");
        assert!(headers.is_empty());
    }

    #[test]
    fn no_line_can_be_added() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("ä", "x"),
            ("a\r\nb", "x"),
            ("a", "x\r\nb: c"),
            ("a", "x\ry"),
            ("a", "\n"),
            ("a", "\0"),
            ("a", "\x7f"),
        ] {
            assert_eq!(headers.try_push(name, value).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
            let message = Response::new(200).with_header(name, value);
            assert!(message.check().is_err() && message.headers.check().is_err(), "{name:?} {value:?}");
            assert!(Request::new(Method::Get, "/").with_header(name, value).check().is_err());
        }
        assert!(headers.is_empty());
        for (name, value) in [("OMADM-DevID", "IMEI:1"), ("a", ""), ("a", "x\ty"), ("a", "ü")] {
            assert_eq!(headers.try_push(name, value), Ok(()));
        }
        assert_eq!(headers.check(), Ok(()));
        for uri in ["", "/ x", "/\r\nHost: x", "/ü"] {
            assert!(Request::new(Method::Get, uri).check().is_err(), "{uri:?}");
        }
        assert!(Response::new(99).check().is_err() && Response::new(1000).check().is_err());
        assert_eq!(Response::new(100).check().and(Request::new(Method::Put, "/x?y").check()), Ok(()));
    }

    #[test]
    fn debug_shows_neither_credentials_nor_bodies() {
        let request = Request::new(Method::Post, "/")
            .with_header("cookie", "a=hidden")
            .with_header("AUTHORIZATION", "Basic hidden")
            .with_header("Accept", "shown")
            .with_body(*b"hidden");
        let text = format!("{request:?}");
        assert!(text.contains("shown") && text.contains("body_len: 6") && !text.contains("hidden"), "{text}");
        let response = Response::new(401).with_header("set-cookie", "hidden").with_body(*b"hidden");
        let text = format!("{response:?}");
        assert!(text.contains("401") && !text.contains("hidden"), "{text}");
    }
}
