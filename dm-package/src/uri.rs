//! Characters of RFC 3986 and percent-encoding, shared by both kinds of URI.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Error, ErrorKind};

/// ALPHA / DIGIT / "-" / "." / "_" / "~"
const UNRESERVED: u8 = 1;
/// sub-delims
const SUB_DELIM: u8 = 2;
/// ":" / "@"
const COLON_AT: u8 = 4;
/// "/"
const SLASH: u8 = 8;
/// "?"
const QUESTION: u8 = 16;

/// What may stand in a path segment, besides percent-encoding.
pub(crate) const PCHAR: u8 = UNRESERVED | SUB_DELIM | COLON_AT;
/// What may stand in a path.
pub(crate) const PATH: u8 = PCHAR | SLASH;
/// What may stand in a query.
pub(crate) const QUERY: u8 = PATH | QUESTION;
/// What may stand in a registered name.
pub(crate) const REG_NAME: u8 = UNRESERVED | SUB_DELIM;

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        let class = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => UNRESERVED,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => SUB_DELIM,
            b':' | b'@' => COLON_AT,
            b'/' => SLASH,
            b'?' => QUESTION,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "a u8 is within 256, and this runs at compile time")]
        {
            table[byte as usize] = class;
        }
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => break,
        }
    }
    table
};

/// Whether the byte belongs to one of the classes.
pub(crate) fn is_in(byte: u8, classes: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|class| class & classes != 0)
}

/// Refuses the first byte that is neither of the classes nor part of a percent-encoding. Tells whether there is any
/// percent-encoding.
pub(crate) fn check_chars(text: &str, classes: u8) -> Result<bool, Error> {
    let bytes = text.as_bytes();
    let mut encoded = false;
    if classes & PATH == PATH && is_plain(text) {
        return Ok(false);
    }
    let mut at = 0_usize;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| !is_in(*byte, classes))) {
        at = at.saturating_add(found);
        match bytes.get(at..).unwrap_or_default() {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                encoded = true;
                at = at.saturating_add(3);
            }
            [b'%', ..] => return Err(Error::new(ErrorKind::UriPercentEncoding, at)),
            _ => return Err(Error::new(ErrorKind::UriCharacter, at)),
        }
    }
    Ok(encoded)
}

/// Whether all of a text is what nearly every URI is made of: characters of a path that mean nothing special in a
/// ClientURI. Comparisons of ranges take a few instructions per block of bytes, a table takes one look per byte.
pub(crate) fn is_plain(text: &str) -> bool {
    // Nothing here stops early, so that the bytes of a block are looked at together.
    let odd = |byte: u8| {
        (byte.wrapping_sub(b'+') > b';' - b'+')
            & (byte.wrapping_sub(b'@') > b'Z' - b'@')
            & (byte.wrapping_sub(b'a') > b'z' - b'a')
    };
    let bytes = text.as_bytes();
    let (blocks, rest) = bytes.as_chunks::<16>();
    let Some(last) = bytes.last_chunk::<16>() else { return !rest.iter().any(|byte| odd(*byte)) };
    let any_odd = |any, block: &[u8; 16]| block.iter().fold(any, |any, byte| any | u8::from(odd(*byte)));
    blocks.iter().chain([last]).fold(0, any_odd) == 0
}

/// Whether a path may start with a slash or hold two in a row. Eight bytes at a time; `/.` can look like `//` to it, so
/// only "no" is certain.
pub(crate) fn may_have_empty_segment(path: &str) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A byte of `differs` is zero where there is a slash; its top bit is set in the result there, and now and then above.
    let slashes = |bytes: [u8; 8]| {
        let differs = u64::from_le_bytes(bytes) ^ (ONES.wrapping_mul(b'/' as u64));
        differs.wrapping_sub(ONES) & !differs & (ONES << 7)
    };
    let (blocks, rest) = path.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    // As if a slash stood before the path.
    let mut before = 1_u64 << 7;
    blocks.iter().copied().chain([last]).any(|block| {
        let found = slashes(block);
        let twice = found & (found << 8 | before);
        before = found >> 56;
        twice != 0
    })
}

/// The text before and after the first such byte, which is ASCII.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}

/// The text behind percent-encoding; borrowed when there is none.
///
/// # Errors
/// [`ErrorKind::UriPercentEncoding`] at the first `%` when the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, Error> {
    let Some(first) = text.bytes().position(|byte| byte == b'%') else { return Ok(Cow::Borrowed(text)) };
    let refused = Error::new(ErrorKind::UriPercentEncoding, first);
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit =
            || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(refused) };
        out.push(high << 4 | low);
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| refused)
}

/// The text behind percent-encoding that is known to be good.
pub(crate) fn decode_checked(text: &str) -> Cow<'_, str> {
    decode(text).unwrap_or(Cow::Borrowed(text))
}

/// Appends a text with everything percent-encoded that `plain` does not let through.
pub(crate) fn push_encoded(out: &mut String, text: &str, plain: impl Fn(u8) -> bool) {
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 0x0F] {
                out.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}

/// Whether a parameter is a ServerURI. OUR DECISION (§5.1): by its scheme; no ClientURI or MOID starts like this.
#[inline]
pub(crate) fn is_server_class(text: &str) -> bool {
    fn has_scheme(bytes: &[u8]) -> bool {
        let starts = |scheme: &[u8]| bytes.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
        starts(b"https:") || starts(b"http:")
    }
    let bytes = text.as_bytes();
    bytes.starts_with(b"https:") || (matches!(bytes.first(), Some(b'h' | b'H')) && has_scheme(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters() {
        assert_eq!(check_chars("a-._~!$&'()*+,;=:@%2F", PCHAR), Ok(true));
        assert_eq!(check_chars("abcdefghijklmnop/qrstuvwxyz0123456789", PATH), Ok(false));
        // Every byte, at both ends of a block.
        for byte in 0..=u8::MAX {
            for at in [0, 15, 16] {
                let mut text = [b'g'; 17];
                text[at] = byte;
                let Ok(text) = core::str::from_utf8(&text) else { continue };
                for classes in [PATH, QUERY] {
                    let expected = if byte == b'%' {
                        Err(Error::new(ErrorKind::UriPercentEncoding, at))
                    } else if is_in(byte, classes) {
                        Ok(false)
                    } else {
                        Err(Error::new(ErrorKind::UriCharacter, at))
                    };
                    assert_eq!(check_chars(text, classes), expected, "{text:?}");
                }
            }
        }
        for (text, kind, offset) in [
            ("a b", ErrorKind::UriCharacter, 1),
            ("a/b", ErrorKind::UriCharacter, 1),
            ("aä", ErrorKind::UriCharacter, 1),
            ("[", ErrorKind::UriCharacter, 0),
            ("ab%2", ErrorKind::UriPercentEncoding, 2),
            ("%zz", ErrorKind::UriPercentEncoding, 0),
        ] {
            assert_eq!(check_chars(text, PCHAR), Err(Error::new(kind, offset)), "{text}");
        }
    }

    #[test]
    fn percent_encoding_both_ways() {
        assert!(matches!(decode("plain"), Ok(Cow::Borrowed("plain"))));
        assert_eq!(decode("%2a%C3%A4"), Ok(Cow::Owned("*ä".into())));
        assert_eq!(decode("a%C3"), Err(Error::new(ErrorKind::UriPercentEncoding, 1)));
        let mut out = String::new();
        push_encoded(&mut out, "a/ä", |byte| is_in(byte, PCHAR));
        assert_eq!(out, "a%2F%C3%A4");
    }

    #[test]
    fn empty_segments() {
        for length in 0..20 {
            for at in 0..length {
                let mut path = [b'a'; 20];
                path[at] = b'/';
                let text = |path: &[u8; 20]| String::from_utf8(path[..length].to_vec()).unwrap();
                assert_eq!(may_have_empty_segment(&text(&path)), at == 0, "{}", text(&path));
                path[at + 1] = b'/';
                assert!(may_have_empty_segment(&text(&path)) || at + 1 == length, "{}", text(&path));
            }
        }
    }

    #[test]
    fn server_class() {
        for text in ["http://h", "HTTPS://h", "http:", "https:x"] {
            assert!(is_server_class(text));
        }
        for text in ["", "htt", "urn:http:", "httpx://h", "https", "ftp://h"] {
            assert!(!is_server_class(text));
        }
    }
}
