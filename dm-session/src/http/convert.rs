//! Conversion from and to the types of the `http` crate.
//!
//! What stays: method, URI, status, body, all fields with the order of those of one name. What
//! goes: the HTTP version, the extensions, the case of field names (the `http` crate has lower
//! case), and on the way in a field whose value is not UTF-8 (see [`Headers`]). Values that are
//! credentials go out marked sensitive.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::http::uri::Uri;

use super::message::is_confidential;
use super::syntax::is_field_value;
use super::{Headers, Method, Request, Response};

/// Why a message cannot be converted from or to the types of the `http` crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConvertError {
    /// The method is none that OMA DM uses.
    Method,
    /// The URI is not one of HTTP, or too long.
    Uri,
    /// The status is not in 100..=999.
    Status,
    /// A field name is no token.
    HeaderName,
    /// A field value has a control character, such as a line end.
    HeaderValue,
    /// There are too many fields.
    TooManyHeaders,
}

impl ConvertError {
    /// The status a server answers such a request with: 501 for the method, else 400 or 431.
    #[must_use]
    pub const fn status_code(self) -> u16 {
        match self {
            Self::Method => 501,
            Self::TooManyHeaders => 431,
            Self::Uri | Self::Status | Self::HeaderName | Self::HeaderValue => 400,
        }
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the method is not used by OMA DM",
            Self::Uri => "the URI is not usable",
            Self::Status => "the status is not usable",
            Self::HeaderName => "a header name is not usable",
            Self::HeaderValue => "a header value is not usable",
            Self::TooManyHeaders => "there are too many headers",
        })
    }
}

impl core::error::Error for ConvertError {}

impl TryFrom<Request> for ::http::Request<Vec<u8>> {
    type Error = ConvertError;

    fn try_from(request: Request) -> Result<Self, ConvertError> {
        let mut out = Self::new(request.body);
        *out.method_mut() = match request.method {
            Method::Get => ::http::Method::GET,
            Method::Post => ::http::Method::POST,
            Method::Put => ::http::Method::PUT,
        };
        *out.uri_mut() = Uri::try_from(request.uri).map_err(|_| ConvertError::Uri)?;
        *out.headers_mut() = to_map(&request.headers)?;
        Ok(out)
    }
}

impl TryFrom<::http::Request<Vec<u8>>> for Request {
    type Error = ConvertError;

    fn try_from(request: ::http::Request<Vec<u8>>) -> Result<Self, ConvertError> {
        let (parts, body) = request.into_parts();
        let method = match parts.method {
            ::http::Method::GET => Method::Get,
            ::http::Method::POST => Method::Post,
            ::http::Method::PUT => Method::Put,
            _ => return Err(ConvertError::Method),
        };
        Ok(Self { method, uri: parts.uri.to_string(), headers: from_map(&parts.headers), body })
    }
}

impl TryFrom<Response> for ::http::Response<Vec<u8>> {
    type Error = ConvertError;

    fn try_from(response: Response) -> Result<Self, ConvertError> {
        let mut out = Self::new(response.body);
        *out.status_mut() = ::http::StatusCode::from_u16(response.status).map_err(|_| ConvertError::Status)?;
        *out.headers_mut() = to_map(&response.headers)?;
        Ok(out)
    }
}

impl From<::http::Response<Vec<u8>>> for Response {
    fn from(response: ::http::Response<Vec<u8>>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status.as_u16(), headers: from_map(&parts.headers), body }
    }
}

fn to_map(headers: &Headers) -> Result<HeaderMap, ConvertError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        // Beyond ASCII it goes out as UTF-8.
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| ConvertError::HeaderValue)?;
        value.set_sensitive(is_confidential(name));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ConvertError::HeaderName)?;
        map.try_append(name, value).map_err(|_| ConvertError::TooManyHeaders)?;
    }
    Ok(map)
}

fn from_map(map: &HeaderMap) -> Headers {
    map.iter()
        .filter_map(|(name, value)| {
            let value = core::str::from_utf8(value.as_bytes()).ok().filter(|value| is_field_value(value))?;
            Some((name.as_str(), String::from(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    #[test]
    fn a_request_goes_there_and_back() {
        for method in [Method::Get, Method::Post, Method::Put] {
            for uri in ["https://dm.example.com/dm?a=b", "/dm?a=b"] {
                let request = Request::new(method, uri)
                    .with_header("omadm-devid", "IMEI:493005100592800")
                    .with_header("cookie", "a=1; b=2")
                    .with_body(*b"{}");
                let theirs = ::http::Request::try_from(request.clone()).unwrap();
                assert_eq!(theirs.method().as_str(), method.as_str());
                assert_eq!(theirs.uri().to_string(), uri);
                assert!(theirs.headers()["cookie"].is_sensitive() && !theirs.headers()["omadm-devid"].is_sensitive());
                assert_eq!(Request::try_from(theirs), Ok(request));
            }
        }
    }

    #[test]
    fn several_fields_of_a_name_keep_their_order() {
        let response = Response::new(200)
            .with_header("set-cookie", "a=1")
            .with_header("set-cookie", "b=2")
            .with_header("set-cookie", "a=3")
            .with_header("content-type", "text/plain")
            .with_body(*b"x");
        let theirs = ::http::Response::try_from(response.clone()).unwrap();
        assert_eq!(theirs.status(), 200);
        assert_eq!(Response::from(theirs), response);
        let mixed = Response::new(204).with_header("X", "1").with_header("Y", "2").with_header("x", "3");
        let back = Response::from(::http::Response::try_from(mixed).unwrap());
        assert!(back.headers.all("x").eq(["1", "3"]) && back.headers.len() == 3);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let get = || Request::new(Method::Get, "/");
        let kind = |request: Request| ::http::Request::try_from(request).map(|_| ());
        assert_eq!(kind(get()), Ok(()));
        assert_eq!(kind(get().with_header("a", "x\r\nb: y")), Err(ConvertError::HeaderValue));
        assert_eq!(kind(get().with_header("a", "\0")), Err(ConvertError::HeaderValue));
        assert_eq!(kind(get().with_header("a\r\nb", "x")), Err(ConvertError::HeaderName));
        assert_eq!(kind(get().with_header("", "x")), Err(ConvertError::HeaderName));
        assert_eq!(kind(Request::new(Method::Get, "/a\r\nb")), Err(ConvertError::Uri));
        assert_eq!(kind(Request::new(Method::Get, "")), Err(ConvertError::Uri));
        assert_eq!(::http::Response::try_from(Response::new(99)).map(|_| ()), Err(ConvertError::Status));
        assert_eq!(::http::Response::try_from(Response::new(1000)).map(|_| ()), Err(ConvertError::Status));
        let mut many = get();
        many.headers = (0..40_000).map(|n| (format!("h{n}"), "")).collect();
        assert_eq!(kind(many), Err(ConvertError::TooManyHeaders));
        let delete = ::http::Request::delete("/").body(vec![]).unwrap();
        let refused = Request::try_from(delete).unwrap_err();
        assert_eq!((refused, refused.status_code()), (ConvertError::Method, 501));
    }

    #[test]
    fn values_beyond_ascii() {
        let text = Request::new(Method::Get, "/").with_header("a", "ü\tx");
        let theirs = ::http::Request::try_from(text.clone()).unwrap();
        assert_eq!(theirs.headers()["a"].as_bytes(), "ü\tx".as_bytes());
        assert_eq!(Request::try_from(theirs), Ok(text));
        let latin = HeaderValue::from_bytes(b"\xfc").unwrap();
        let theirs = ::http::Response::builder().header("a", latin).header("b", "1").body(vec![]).unwrap();
        let ours = Response::from(theirs);
        assert!(ours.headers.iter().eq([("b", "1")]), "a value that is not UTF-8 is left out");
    }
}
