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
