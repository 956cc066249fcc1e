//! What may be a name, an MO identifier, a server identifier.

use super::error::{TreeError, TreeErrorKind};
use super::limits::TreeLimits;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
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

/// An MO identifier is what a ClientURI can carry in front of its first slash, escaped where it has to be.
pub(crate) fn check_moid(moid: &str, limits: &TreeLimits) -> Result<(), TreeError> {
    if moid.len() > limits.name_len {
        return Err(TreeErrorKind::LimitExceeded.at(moid));
    }
    let text = format!("{}//", expose(moid));
    match ClientUri::parse(&text) {
        Ok(_) if !moid.contains(char::is_control) => Ok(()),
        _ => Err(TreeErrorKind::InvalidMoid.at(moid)),
    }
}

/// An MO identifier as ClientURIs carry it: escaped if it has a slash or what else would end it, such as
/// `net.example/1.0/Mail`.
pub(crate) fn expose(moid: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    if moid.bytes().all(plain) {
        return Cow::Borrowed(moid);
    }
    let mut text = String::new();
    for byte in moid.bytes() {
        if plain(byte) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(text)
}

/// Undoes [`expose`]; what is no escape stays as it is.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octet = match (first, after.get(..2)) {
            (b'%', Some(hex)) if hex.iter().all(u8::is_ascii_hexdigit) => {
                core::str::from_utf8(hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        bytes.push(octet.unwrap_or(first));
        rest = if octet.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    match String::from_utf8(bytes) {
        Ok(decoded) => Cow::Owned(decoded),
        Err(_) => Cow::Borrowed(text),
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
    let start = ClientUriBuilder::new(&expose(moid)).instance(miid);
    path.fold(start, |uri, name| uri.node(name)).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_exposed_and_read_back() {
        for (moid, exposed) in [
            ("urn:oma:mo:oma-fumo:1.0", "urn:oma:mo:oma-fumo:1.0"),
            ("net.example.dm/1.0/Mail", "net.example.dm%2F1.0%2FMail"),
            ("a b?", "a%20b%3F"),
            ("\u{e9}", "%C3%A9"),
        ] {
            assert_eq!(expose(moid), exposed);
            assert_eq!(unescape(exposed), moid);
            assert!(check_moid(moid, &TreeLimits::DEFAULT).is_ok());
        }
        for same in ["%", "%4", "%zz", "%+f", "%ff", "a"] {
            assert_eq!(unescape(same), same);
        }
    }
}
