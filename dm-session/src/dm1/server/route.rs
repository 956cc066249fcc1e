//! Where a request belongs, and the answer to one that belongs nowhere (§12, §13 of the reference).

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{
    Command, CommandName, Encoding, Location, MediaType, Message, MsgId, Peek, Status, StatusCode, media, peek_header,
    utf8,
};

use crate::dm1::config::ServerConfig;
use crate::http::{self, Method, Request, Response};

/// Where a request belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The session: unique for one device only.
    pub session_id: String,
    /// The device, as the Source of the message says. What proves it are credentials alone.
    pub device_id: String,
    /// The number of the message; `None` where it is none.
    pub msg_id: Option<u32>,
    /// The form of the message.
    pub encoding: Encoding,
}

impl Route {
    /// Whether the message begins a session: it belongs to the machine that knows this session and device, if there is
    /// one and the device does not [begin anew](crate::dm1::Server::is_begun_anew_by), else to a new one or to the one
    /// that has notified the device. Any other message belongs to a machine that knows the session, or is answered by
    /// [`unknown_session`].
    #[must_use]
    pub const fn begins(&self) -> bool {
        matches!(self.msg_id, Some(1))
    }
}

/// Tells to which session a request belongs, reading no more than the header of its message.
///
/// # Errors
///
/// The answer to a request that belongs to none: 405 (no POST), 415 (no DM message, or one in another form than
/// `Content-Type` says), 400 (unreadable).
pub fn route(request: &Request) -> Result<Route, Response> {
    let text = body(request)?;
    let peek = peek(&text)?;
    Ok(Route {
        session_id: peek.session_id().as_str().to_owned(),
        device_id: peek.source().as_str().to_owned(),
        msg_id: peek.msg_id().number(),
        encoding: peek.encoding,
    })
}

/// The answer to a message of a session that nobody knows: Status 400 for its SyncHdr, and no session begins.
#[must_use]
pub fn unknown_session(request: &Request, config: &ServerConfig) -> Response {
    let refused = || {
        let text = body(request)?;
        Ok(refusal(&peek(&text)?, config, 1, StatusCode::BAD_REQUEST))
    };
    refused().unwrap_or_else(|response: Response| response)
}

/// The message of a request, in UTF-8 or WBXML.
pub(super) fn body(request: &Request) -> Result<Cow<'_, [u8]>, Response> {
    if request.method != Method::Post {
        return Err(Response::new(405).with_header("Allow", "POST"));
    }
    let stated = match request.headers.get(http::CONTENT_TYPE).map(MediaType::of) {
        Some(MediaType::DmXml | MediaType::DsXml) => Encoding::Xml,
        Some(MediaType::DmWbxml | MediaType::DsWbxml) => Encoding::Wbxml,
        _ => return Err(unsupported()),
    };
    match Encoding::detect(&request.body) {
        None => Err(Response::new(400)),
        Some(found) if found != stated => Err(unsupported()),
        Some(_) => utf8(&request.body).map_err(|_| Response::new(400)),
    }
}

fn unsupported() -> Response {
    Response::new(415).with_header(http::ACCEPT, alloc::format!("{}, {}", media::DM_XML, media::DM_WBXML))
}

pub(super) fn peek(text: &[u8]) -> Result<Peek<'_>, Response> {
    peek_header(text).map_err(|_| Response::new(400))
}

/// A message that says nothing but what is wrong with the header of another; HTTP 400 where not even that can be said.
pub(super) fn refusal(peek: &Peek<'_>, config: &ServerConfig, msg_id: u32, status: StatusCode) -> Response {
    let header = dm_syncml::SyncHdr::new(
        peek.session_id().as_str(),
        MsgId::from_number(msg_id),
        Location::new(peek.source().as_str()),
        Location::new(config.server_uri.as_str()),
    );
    let status = Status::new("1", peek.msg_id().as_str(), "0", CommandName::SyncHdr, status);
    let message =
        Message::new(header).with_namespace(peek.namespace.clone()).with_command(Command::Status(status)).with_final();
    let mut bytes = Vec::new();
    match message.encode(peek.encoding, &mut bytes) {
        Ok(()) => reply(peek.encoding, bytes),
        Err(_) => Response::new(400),
    }
}

/// The HTTP response with a message.
pub(super) fn reply(encoding: Encoding, body: Vec<u8>) -> Response {
    let media_type = match encoding {
        Encoding::Xml => media::DM_XML,
        Encoding::Wbxml => media::DM_WBXML,
    };
    Response::new(200)
        .with_header(http::CONTENT_TYPE, media_type)
        .with_header("Cache-Control", "no-store")
        .with_body(body)
}
