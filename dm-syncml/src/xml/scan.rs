//! Characters: names, white space, and finding the end of a text fast.

use crate::{Error, ErrorKind};

/// White space of XML.
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A letter of every byte of a word.
const fn all(byte: u8) -> u64 {
    (byte as u64).wrapping_mul(0x0101_0101_0101_0101)
}

/// The high bit of the first byte that is less than `limit`, and perhaps of bytes behind it; other bits mean nothing.
#[inline(always)]
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(all(limit)) & !word
}

/// How far a text in plain form goes: to the first `<`, `&`, `>` or control character. A text in plain form is one that
/// means itself. `None` when there is none of them, or the end is near.
#[inline(always)]
pub(super) fn plain_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    // Most texts are short: a few words are looked at here, without a call.
    while at < 48 {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
        // `<` and `>` differ in one bit.
        let angle = below((word | all(0x02)) ^ all(b'>'), 1);
        let ampersand = below(word ^ all(b'&'), 1);
        let control = below(word, b' ');
        let hit = (angle | ampersand | control) & all(0x80);
        if hit != 0 {
            return Some(at.wrapping_add((hit.trailing_zeros() >> 3) as usize));
        }
        at = at.wrapping_add(8);
    }
    long_plain_len(bytes, at)
}

/// The same for what is behind `at`.
#[inline(never)]
fn long_plain_len(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let len = memchr::memchr3(b'<', b'&', b'>', rest)?;
    let lowest = rest.get(..len)?.iter().fold(u8::MAX, |lowest, byte| lowest.min(*byte));
    // A line end or worse: not plain.
    if lowest < b' ' { None } else { at.checked_add(len) }
}

/// The first character that XML does not allow, of a text without U+FFFE and U+FFFF.
pub(super) fn control(text: &[u8]) -> Option<usize> {
    let allowed = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    if text.iter().all(|byte| *byte >= b' ') {
        return None;
    }
    text.iter().position(|byte| !allowed(*byte))
}

/// U+FFFE and U+FFFF are UTF-8 and not XML. Looks for them in all of the input at once.
pub(super) fn non_characters(text: &[u8]) -> Result<(), Error> {
    for at in memchr::memchr_iter(0xEF, text) {
        if let Some([_, 0xBF, 0xBE | 0xBF]) = text.get(at..).and_then(<[u8]>::first_chunk::<3>) {
            return Err(Error::new(ErrorKind::Character, at));
        }
    }
    Ok(())
}

/// `Char` of XML 1.0 §2.2.
pub(super) const fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{1_0000}'..)
}

/// `NameStartChar` of XML 1.0 §2.3.
const fn is_name_start(character: char) -> bool {
    matches!(
        character,
        ':' | 'A'..='Z'
            | '_'
            | 'a'..='z'
            | '\u{C0}'..='\u{D6}'
            | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'..='\u{200D}'
            | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}'
            | '\u{F900}'..='\u{FDCF}'
            | '\u{FDF0}'..='\u{FFFD}'
            | '\u{1_0000}'..='\u{E_FFFF}'
    )
}

/// `NameChar` of XML 1.0 §2.3.
const fn is_name_char(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Bytes of the name at the start of a text; 0 when there is none.
pub(super) fn name_len(text: &str) -> usize {
    let ascii =
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.'));
    let len = ascii.count();
    let starts = text.chars().next().is_some_and(is_name_start);
    if !starts {
        return 0;
    }
    match text.as_bytes().get(len) {
        Some(byte) if !byte.is_ascii() => {
            text.char_indices().find(|(_, character)| !is_name_char(*character)).map_or(text.len(), |(at, _)| at)
        }
        _ => len,
    }
}

/// Whether a text is a name without a colon.
pub(crate) fn is_nc_name(text: &str) -> bool {
    !text.is_empty() && name_len(text) == text.len() && !text.contains(':')
}
