//! HTTP as plain values: what the machines say and hear.
//!
//! DM 2.0 makes HTTP part of the protocol, so the machines write complete requests and responses;
//! any client or server library carries them. The cargo feature `http` converts from and to the
//! types of the `http` crate. A transport of another kind ignores the headers.
//!
//! | What | Types | Rules |
//! | --- | --- | --- |
//! | messages | [`Request`], [`Response`], [`Headers`], [`Method`] | RFC 9110 |
//! | addresses | [`Uri`] | RFC 3986 |
//! | session token | [`CookieJar`] (client), [`SetCookie`] and [`cookies`] (server) | RFC 6265 |
//! | authentication | [`challenges`], [`BasicCredentials`] | RFC 9110 §11, RFC 7617 |
//! | redirects | [`redirect`] | 307 and 308 only, never to a weaker scheme |
//! | waiting | [`retry_after`] | RFC 9110 §10.2.3 |
//!
//! Everything is linear in its input and bounded; nothing here reads a clock or a socket.

mod auth;
mod cookie;
mod date;
mod message;
mod redirect;
mod set_cookie;
mod syntax;
mod uri;

#[cfg(feature = "http")]
mod convert;

pub use auth::{BasicCredentials, Challenge, challenges};
pub use cookie::CookieJar;
#[cfg(feature = "dm1")]
pub(crate) use date::moment;
pub use date::retry_after;
pub use message::{Headers, Method, Request, Response};
pub use redirect::{MAX_REDIRECTS, Redirect, RedirectRefusal, redirect};
pub use set_cookie::{SetCookie, cookies};
pub use uri::Uri;

#[cfg(feature = "http")]
pub use convert::ConvertError;

/// `OMADM-DevID`: the value of `DevInfo/DevID`, on every Package#1 and Package#3.
pub const OMADM_DEV_ID: &str = "OMADM-DevID";
/// `OMADM-Accept`: the formats a server takes in later uploads; same grammar as `Accept`.
pub const OMADM_ACCEPT: &str = "OMADM-Accept";
/// `Accept` (RFC 9110 §12.5.1).
pub const ACCEPT: &str = "Accept";
/// `Authorization` (RFC 9110 §11.6.2).
pub const AUTHORIZATION: &str = "Authorization";
/// `Content-Type` (RFC 9110 §8.3).
pub const CONTENT_TYPE: &str = "Content-Type";
/// `Cookie` (RFC 6265 §4.2).
pub const COOKIE: &str = "Cookie";
/// `Location` (RFC 9110 §10.2.2).
pub const LOCATION: &str = "Location";
/// `Retry-After` (RFC 9110 §10.2.3).
pub const RETRY_AFTER: &str = "Retry-After";
/// `Set-Cookie` (RFC 6265 §4.1).
pub const SET_COOKIE: &str = "Set-Cookie";
/// `WWW-Authenticate` (RFC 9110 §11.6.1).
pub const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
