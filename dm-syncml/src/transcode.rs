//! Character sets other than UTF-8, outside the way that borrows.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Error, ErrorKind};

/// A message in UTF-8: as it is when it is UTF-8 or WBXML, else transcoded from UTF-16 (with a byte order mark or
/// without) or, when its XML declaration says so, from ISO-8859-1.
///
/// Bytes count more than the label: a document that says `utf-16` and is UTF-8 is left as it is (the decoder reports
/// the label). Offsets of the decoder count in what this gives.
///
/// ```
/// use dm_syncml::{Fragment, utf8};
/// let wide: Vec<u8> = "<Get><CmdID>1</CmdID></Get>".encode_utf16().flat_map(u16::to_le_bytes).collect();
/// let text = utf8(&wide)?;
/// assert_eq!(Fragment::parse(&text)?.commands.len(), 1);
/// # Ok::<(), dm_syncml::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::UnexpectedEnd`] for half a unit and [`ErrorKind::Character`] for half a surrogate pair, with the offset
/// in the input.
pub fn utf8(input: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    match input {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, 2, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, 2, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(input, 0, u16::from_le_bytes),
        [0, b'<', ..] => utf16(input, 0, u16::from_be_bytes),
        [b'<', ..] if core::str::from_utf8(input).is_err() && says_latin1(input) => {
            let text: String = input.iter().copied().map(char::from).collect();
            Ok(Cow::Owned(text.into_bytes()))
        }
        _ => Ok(Cow::Borrowed(input)),
    }
}

fn utf16(input: &[u8], start: usize, unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, [u8]>, Error> {
    let units =
        input.chunks_exact(2).map(|pair| unit([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]));
    let mut text = String::with_capacity(input.len());
    let mut at = start;
    for character in char::decode_utf16(units) {
        let Ok(character) = character else { return Err(Error::new(ErrorKind::Character, at)) };
        at = at.saturating_add(character.len_utf16().saturating_mul(2));
        text.push(character);
    }
    if !input.len().is_multiple_of(2) {
        return Err(Error::new(ErrorKind::UnexpectedEnd, at.saturating_add(1)));
    }
    Ok(Cow::Owned(Vec::from(text)))
}

/// Whether the XML declaration names ISO-8859-1.
fn says_latin1(input: &[u8]) -> bool {
    let head = input.get(..128).unwrap_or(input);
    let end = memchr::memchr(b'>', head).unwrap_or(head.len());
    let head = head.get(..end).unwrap_or_default();
    let Some(at) = memchr::memmem::find(head, b"encoding").filter(|_| head.starts_with(b"<?xml")) else { return false };
    let value =
        head.get(at..).unwrap_or_default().split(|byte| matches!(byte, b'"' | b'\'')).nth(1).unwrap_or_default();
    [&b"iso-8859-1"[..], b"iso8859-1", b"iso_8859-1", b"latin1", b"l1"]
        .iter()
        .any(|name| value.eq_ignore_ascii_case(name))
}
