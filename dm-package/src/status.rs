//! Status codes (§7, App. C).

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// A status code: any integer from 100 to 599, with the meanings of HTTP.
///
/// ```
/// use dm_package::StatusCode;
/// assert!(StatusCode::NOT_MODIFIED.is_success());
/// assert_eq!(StatusCode::new(404), Some(StatusCode::NOT_FOUND));
/// assert_eq!(StatusCode::new(600), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $name:ident = $code:literal, $words:literal; )+) => {
        impl StatusCode {
            $( $(#[doc = $doc])+ pub const $name: Self = Self($code); )+

            /// The name of a code in the catalogue of §7; `None` for one that only its class is known of.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $( $code => Some($words), )+ _ => None }
            }
        }
    };
}

codes! {
    /// 200: done.
    OK = 200, "OK";
    /// 202: EXEC was accepted, its result will come by alert.
    ACCEPTED = 202, "Accepted";
    /// 204: the node exists and has no value now.
    NO_CONTENT = 204, "No Content";
    /// 304: the cache validator matched, the data is withheld. A success.
    NOT_MODIFIED = 304, "Not Modified";
    /// 400: malformed command, parameter or URI.
    BAD_REQUEST = 400, "Bad Request";
    /// 401: HTTP level only; relayed from a repository.
    UNAUTHORIZED = 401, "Unauthorized";
    /// 403: no permission.
    FORBIDDEN = 403, "Forbidden";
    /// 404: the address does not resolve.
    NOT_FOUND = 404, "Not Found";
    /// 405: permanent node, or an access type the node does not have.
    COMMAND_NOT_ALLOWED = 405, "Command Not Allowed";
    /// 406: the demanded format cannot be produced.
    NOT_ACCEPTABLE = 406, "Not Acceptable";
    /// 408: relayed only.
    REQUEST_TIMEOUT = 408, "Request Timeout";
    /// 409: relayed only.
    CONFLICT = 409, "Conflict";
    /// 413: over a limit.
    TOO_LARGE = 413, "Too Large";
    /// 415: the format is not understood.
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported Media Type";
    /// 500: local failure.
    INTERNAL_ERROR = 500, "Internal Error";
    /// 501: the command is not implemented.
    NOT_IMPLEMENTED = 501, "Not Implemented";
    /// 502: the repository cannot be reached.
    BAD_GATEWAY = 502, "Bad Gateway";
    /// 503: relayed only.
    SERVICE_UNAVAILABLE = 503, "Service Unavailable";
    /// 504: the repository did not answer in time.
    GATEWAY_TIMEOUT = 504, "Gateway Timeout";
}

impl StatusCode {
    /// The code, when it lies in 100..=599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if 100 <= code && code <= 599 { Some(Self(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether it counts as success: 2xx and 304.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299 | 304)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TryFrom<u16> for StatusCode {
    type Error = u16;

    fn try_from(code: u16) -> Result<Self, u16> {
        Self::new(code).ok_or(code)
    }
}

impl From<StatusCode> for u16 {
    fn from(code: StatusCode) -> Self {
        code.0
    }
}

impl Serialize for StatusCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

impl<'de> Deserialize<'de> for StatusCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u16::deserialize(deserializer)?;
        Self::new(code).ok_or_else(|| D::Error::custom("not a status code"))
    }
}
