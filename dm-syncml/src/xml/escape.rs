//! Characters that cannot stand as they are in text and attribute values, and those that XML does not have.

use crate::sink::{Look, Sealed};

/// Why a text could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A character that XML does not have.
    Character,
    /// The sink is full.
    Full,
}

/// Appends the text of an element.
///
/// `<`, `&` and `>` become entities. CR becomes a reference, because readers take a plain one for a line end.
#[inline]
pub(crate) fn text<S: Sealed>(out: &mut S, text: &str) -> Result<(), Refused> {
    let bytes = text.as_bytes();
    // Most texts are short and need nothing. Copies of a length known beforehand cost a few instructions, others a
    // call.
    match bytes.len() {
        0 => Ok(()),
        1 => whole::<1, S>(out, bytes),
        2 => whole::<2, S>(out, bytes),
        3 => whole::<3, S>(out, bytes),
        4..=7 => ends(out, bytes, |first: &[u8; 4], last| odd(word(first) | word(last) << 32)),
        8..=15 => ends(out, bytes, |first: &[u8; 8], last| odd(word(first)) || odd(word(last))),
        16..=32 => ends(out, bytes, |first: &[u8; 16], last| suspicious(first) | suspicious(last)),
        33..=64 => ends(out, bytes, |first: &[u8; 32], last| suspicious(first) | suspicious(last)),
        65.. if nothing_suspicious(bytes) => out.put(bytes).map_err(|()| Refused::Full),
        _ => escaped(out, bytes, false),
    }
}

/// Appends `N` bytes.
#[inline(always)]
fn whole<const N: usize, S: Sealed>(out: &mut S, bytes: &[u8]) -> Result<(), Refused> {
    match bytes.first_chunk::<N>() {
        Some(chunk) if !suspicious(chunk) => out.put(chunk).map_err(|()| Refused::Full),
        _ => escaped(out, bytes, false),
    }
}

/// Appends `N` to `2 * N` bytes in two pieces, the second over the end of the first, when neither is odd.
#[inline(always)]
fn ends<const N: usize, S: Sealed>(
    out: &mut S,
    bytes: &[u8],
    odd: impl FnOnce(&[u8; N], &[u8; N]) -> bool,
) -> Result<(), Refused> {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else {
        return escaped(out, bytes, false);
    };
    if odd(first, last) {
        return escaped(out, bytes, false);
    }
    let overlap = bytes.len().saturating_sub(N);
    let end = out.len().saturating_add(overlap);
    out.put(first).map_err(|()| Refused::Full)?;
    out.truncate(end);
    out.put(last).map_err(|()| Refused::Full)
}

/// Up to eight bytes as one number.
#[inline(always)]
fn word<const N: usize>(bytes: &[u8; N]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Whether one of eight bytes is `<`, `>`, `&`, 0xEF or below a space: TAB and LF are taken for odd here.
#[inline(always)]
const fn odd(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    const fn all(byte: u8) -> u64 {
        ONES.wrapping_mul(byte as u64)
    }
    /// The high bit of every byte that is zero, and perhaps of some behind one.
    const fn zero(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGH
    }
    let control = word.wrapping_sub(all(b' ')) & !word & HIGH;
    let bracket = zero(word & !all(b'<' ^ b'>') ^ all(b'<'));
    control | bracket | zero(word ^ all(b'&')) | zero(word ^ all(0xEF)) != 0
}

/// `<`, `>`, `&`, control characters and whatever is not of ASCII.
#[derive(Clone, Copy)]
pub(crate) struct Odd;

impl Look for Odd {
    #[inline(always)]
    fn byte(byte: u8) -> u8 {
        let angle = ((byte | b'<' ^ b'>') ^ b'>').wrapping_sub(1);
        let ampersand = (byte ^ b'&').wrapping_sub(1);
        angle | ampersand | byte.wrapping_sub(b' ') | byte
    }

    #[inline(always)]
    fn word(word: u64) -> u64 {
        const ONES: u64 = u64::MAX / 0xFF;
        const fn all(byte: u8) -> u64 {
            ONES.wrapping_mul(byte as u64)
        }
        let angle = ((word | all(b'<' ^ b'>')) ^ all(b'>')).wrapping_sub(ONES);
        let ampersand = (word ^ all(b'&')).wrapping_sub(ONES);
        angle | ampersand | word.wrapping_sub(all(b' ')) | word
    }
}

/// Appends the value of an attribute, to stand in double quotes. TAB and LF become references too, because readers
/// take plain ones for spaces.
pub(crate) fn value<S: Sealed>(out: &mut S, text: &str) -> Result<(), Refused> {
    escaped(out, text.as_bytes(), true)
}

/// Whether XML has all characters of the text.
pub(crate) fn is_allowed(text: &str) -> bool {
    let mut rest = text.as_bytes();
    loop {
        rest = rest.get(plain(rest)..).unwrap_or_default();
        match rest.split_first() {
            None => return true,
            Some((b'<' | b'>' | b'&' | b'\r', after)) => rest = after,
            Some(_) => return false,
        }
    }
}

#[cold]
fn escaped<S: Sealed>(out: &mut S, mut rest: &[u8], in_attribute: bool) -> Result<(), Refused> {
    loop {
        let mut at = plain(rest);
        let head = rest.get(..at).unwrap_or_default();
        if in_attribute && let Some(early) = head.iter().position(|byte| matches!(byte, b'"' | b'\t' | b'\n')) {
            at = early;
        }
        let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.put(head).map_err(|()| Refused::Full)?;
        let Some((first, tail)) = tail.split_first() else { return Ok(()) };
        let escape: &[u8] = match first {
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'&' => b"&amp;",
            b'\r' => b"&#xD;",
            b'"' => b"&quot;",
            b'\t' => b"&#x9;",
            b'\n' => b"&#xA;",
            _ => return Err(Refused::Character),
        };
        out.put(escape).map_err(|()| Refused::Full)?;
        rest = tail;
    }
}

/// How many bytes at the start can be written as they are in the text of an element. What follows is `<`, `>`, `&`,
/// CR or the first byte of a character that XML does not have.
#[inline]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    if nothing_suspicious(bytes) { bytes.len() } else { plain_long(bytes) }
}

#[inline]
fn nothing_suspicious(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<32>();
    if chunks.is_empty() {
        return !rest.iter().fold(false, |found, byte| found | is_suspicious(*byte));
    }
    chunks.iter().all(|chunk| !suspicious(chunk)) && bytes.last_chunk::<32>().is_some_and(|last| !suspicious(last))
}

#[cold]
fn plain_long(bytes: &[u8]) -> usize {
    let mut done = 0_usize;
    let mut rest = bytes;
    loop {
        let (chunks, _) = rest.as_chunks::<32>();
        let clean = chunks.iter().take_while(|chunk| !suspicious(chunk)).count().saturating_mul(32);
        done = done.saturating_add(clean);
        rest = rest.get(clean..).unwrap_or_default();
        // Byte by byte to the end of the piece that is not clean.
        let piece = rest.len().min(32);
        let mut at = 0_usize;
        while at < piece {
            match rest.get(at..).unwrap_or_default() {
                // U+F000 to U+FFFF, of which the last two are no characters.
                [0xEF, 0xBF, 0xBE | 0xBF, ..] => return done.saturating_add(at),
                [byte, ..] if is_suspicious(*byte) && *byte != 0xEF => return done.saturating_add(at),
                _ => at = at.saturating_add(1),
            }
        }
        if rest.len() == piece {
            return bytes.len();
        }
        done = done.saturating_add(at);
        rest = rest.get(at..).unwrap_or_default();
    }
}

/// Without an early exit, so that it becomes a few vector instructions.
#[inline]
fn suspicious<const N: usize>(chunk: &[u8; N]) -> bool {
    chunk.iter().fold(false, |found, byte| found | is_suspicious(*byte))
}

#[inline]
const fn is_suspicious(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t') & (byte != b'\n'))
        | (byte == b'<')
        | (byte == b'>')
        | (byte == b'&')
        | (byte == 0xEF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use alloc::{format, vec};

    fn written(put: impl Fn(&mut Vec<u8>) -> Result<(), Refused>) -> Result<String, Refused> {
        let mut out = vec![];
        put(&mut out).map(|()| String::from_utf8(out).unwrap())
    }

    /// Character by character, as XML 1.0 §2.2 and the rules above say.
    fn reference(input: &str, in_attribute: bool) -> Result<String, Refused> {
        let mut out = String::new();
        for char in input.chars() {
            match char {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                '\r' => out.push_str("&#xD;"),
                '"' if in_attribute => out.push_str("&quot;"),
                '\t' if in_attribute => out.push_str("&#x9;"),
                '\n' if in_attribute => out.push_str("&#xA;"),
                '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => {
                    return Err(Refused::Character);
                }
                other => out.push(other),
            }
        }
        Ok(out)
    }

    #[test]
    fn every_character_at_every_place() {
        let specials =
            ['<', '>', '&', '\r', '"', '\t', '\n', '\'', '\0', '\x1F', '\x7F', '\u{85}', '\u{F000}', '\u{FFFD}'];
        for special in specials.into_iter().chain(['\u{FFFE}', '\u{FFFF}', '\u{FF21}', '\u{1F600}', 'é']) {
            for before in 0..70 {
                for after in [0, 1, 5, 16, 40] {
                    let input = format!("{}{special}{}", "a".repeat(before), "b".repeat(after));
                    assert_eq!(written(|out| text(out, &input)), reference(&input, false), "{input:?}");
                    assert_eq!(written(|out| value(out, &input)), reference(&input, true), "{input:?}");
                    assert_eq!(is_allowed(&input), reference(&input, false).is_ok(), "{input:?}");
                }
            }
        }
    }
}
