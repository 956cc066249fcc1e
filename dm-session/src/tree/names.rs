//! What may be a name, an MO identifier, a server identifier.

use super::error::{TreeError, TreeErrorKind};
use super::limits::TreeLimits;
use alloc::format;
use alloc::string::String;
use dm_package::{ClientUri, ClientUriBuilder};

/// The rules for a node's and an instance's name.
///
/// A slash would tear DM 1.x paths apart; `.` and `..` would be taken for steps.
pub(crate) fn check_name(name: &str, limits: &TreeLimits) -> Result<(), TreeErrorKind> {
    if name.len() > limits.name_len {
        return Err(TreeErrorKind::LimitExceeded);
    }
    let bad = name.is_empty() || name == "." || name == ".." || name.contains(|c: char| c == '/' || c.is_control());
    if bad { Err(TreeErrorKind::InvalidName) } else { Ok(()) }
}

/// The rules for a server identifier: what a notification can carry.
pub(crate) fn check_server_id(id: &str, limits: &TreeLimits) -> Result<(), TreeErrorKind> {
    if id.len() > limits.name_len.min(270) {
        return Err(TreeErrorKind::LimitExceeded);
    }
    let bad = id.is_empty() || id.contains(|c: char| c.is_control() || c == '\u{feff}');
    if bad { Err(TreeErrorKind::InvalidName) } else { Ok(()) }
}

/// An MO identifier is what a ClientURI can carry in front of its first slash, as it stands.
pub(crate) fn check_moid(moid: &str, limits: &TreeLimits) -> Result<(), TreeError> {
    if moid.len() > limits.name_len {
        return Err(TreeErrorKind::LimitExceeded.at(moid));
    }
    let text = format!("{moid}//");
    match ClientUri::parse(&text) {
        Ok(uri) if uri.moid() == moid => Ok(()),
        _ => Err(TreeErrorKind::InvalidMoid.at(moid)),
    }
}

/// An endpoint: an absolute HTTP(S) URI.
pub(crate) fn check_http_uri(uri: &str, limits: &TreeLimits) -> Result<(), TreeErrorKind> {
    if uri.len() > limits.uri_len {
        return Err(TreeErrorKind::LimitExceeded);
    }
    dm_package::check_server_uri(uri).map_err(|_| TreeErrorKind::InvalidUri)
}

/// The resolved ClientURI of a node: `moid/miid/` for the root, else `moid/miid/path`.
pub(crate) fn client_uri<'a>(moid: &str, miid: &str, path: impl Iterator<Item = &'a str>) -> Option<String> {
    let start = ClientUriBuilder::new(moid).instance(miid);
    path.fold(start, |uri, name| uri.node(name)).build().ok()
}
