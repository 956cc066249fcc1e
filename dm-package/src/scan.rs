//! Walking over JSON text that serde_json has already accepted.
//!
//! This is no parser: it finds the pieces of a text known to be well-formed, front to back, without recursion, each
//! byte once. On any other text it gives wrong pieces or none, but never panics.

use memchr::{memchr, memchr2};

use crate::{Error, ErrorKind, Str};

/// A position in JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.at
    }

    /// Where a piece of the text starts.
    pub(crate) fn offset_before(&self, piece: &str) -> usize {
        crate::decode::distance(self.text, piece)
    }

    /// The byte at the cursor, white space skipped.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.advance();
        }
        None
    }

    /// Steps over the next byte when it is this one.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance();
        }
        found
    }

    /// The name of the next member and the colon after it; `None` at the end of the object, which is stepped over.
    #[inline]
    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let mut next = self.peek();
        if next == Some(b',') {
            self.advance();
            next = self.peek();
        }
        if next != Some(b'"') {
            self.eat(b'}');
            return None;
        }
        let name = self.string()?;
        self.eat(b':');
        Some(name)
    }

    /// The next value, whole; its white space inside is kept, that around it is not.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => return self.string(),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth = depth.saturating_add(1),
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.advance();
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                while let Some(byte) = self.byte() {
                    if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                        break;
                    }
                    self.advance();
                }
            }
        }
        self.text.get(start..self.at).filter(|value| !value.is_empty())
    }

    /// Whether another member or element follows, with the comma before it stepped over; otherwise the closing bracket is.
    #[inline]
    pub(crate) fn more(&mut self, close: u8) -> bool {
        let mut next = self.peek();
        if next == Some(b',') {
            self.advance();
            next = self.peek();
        }
        if next == Some(close) {
            self.advance();
            return false;
        }
        next.is_some()
    }

    /// The characters of the next string when it holds no escape. For any other value the cursor stays.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at.saturating_add(1);
        let end = start.saturating_add(plain_len(self.text.as_bytes().get(start..)?));
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end.saturating_add(1);
        self.text.get(start..end)
    }

    /// The next string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.advance();
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at = self.at.saturating_add(plain_len(rest));
            let escape = self.byte()? == b'\\';
            self.at = self.at.saturating_add(if escape { 2 } else { 1 });
            if !escape {
                return self.text.get(start..self.at);
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }
}

/// How many bytes stand before the first quote or backslash. Numbers of instances and the like end within eight bytes,
/// for which the search made for long texts does not pay.
#[inline]
fn plain_len(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    if let Some(word) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // The lowest byte with its top bit set in the result is the first that is zero; only bytes above it can mislead.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
        let quotes = zeros(word ^ ONES.wrapping_mul(b'"' as u64));
        let escapes = zeros(word ^ ONES.wrapping_mul(b'\\' as u64));
        let found = (quotes | escapes) & (ONES << 7);
        if found != 0 {
            return found.trailing_zeros() as usize / 8;
        }
    }
    memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len())
}

/// The characters of a string given with its quotes.
pub(crate) fn unquote(raw: &str) -> Option<Str<'_>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', inner.as_bytes()).is_some() { serde_json::from_str(raw).ok() } else { Some(Str::borrowed(inner)) }
}

/// Checks what serde_json leaves open in text it only steps over: how deep it nests, and whether every escape names a
/// character.
pub(crate) fn check(text: &str, max_depth: usize) -> Result<(), Error> {
    let mut cursor = Cursor::new(text);
    let mut depth = 0_usize;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'"' => {
                let start = cursor.offset();
                let raw = cursor.string().ok_or(Error::new(ErrorKind::Syntax, start))?;
                check_escapes(raw).map_err(|error| error.shifted(start))?;
                continue;
            }
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                if depth > max_depth {
                    return Err(Error::new(ErrorKind::TooDeep, cursor.offset()));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        cursor.advance();
    }
    Ok(())
}

/// Refuses half a surrogate pair in a string given with its quotes.
pub(crate) fn check_escapes(raw: &str) -> Result<(), Error> {
    let bytes = raw.as_bytes();
    let mut at = 0_usize;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at = at.saturating_add(found);
        let length = match unit(bytes, at) {
            None => 2,
            Some(0xD800..=0xDBFF) => match unit(bytes, at.saturating_add(6)) {
                Some(0xDC00..=0xDFFF) => 12,
                _ => return Err(Error::new(ErrorKind::Syntax, at)),
            },
            Some(0xDC00..=0xDFFF) => return Err(Error::new(ErrorKind::Syntax, at)),
            Some(_) => 6,
        };
        at = at.saturating_add(length);
    }
    Ok(())
}

/// The code unit of a `\uXXXX` at this byte.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at.checked_add(6)?)?;
    let digits = core::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_text() {
        let mut cursor = Cursor::new(r#" { "a" : [1, "]\"", {}] , "b":-1.5e3 } tail"#);
        assert!(cursor.eat(b'{'));
        assert_eq!(cursor.name(), Some("\"a\""));
        assert_eq!(cursor.value(), Some(r#"[1, "]\"", {}]"#));
        assert_eq!(cursor.name(), Some("\"b\""));
        assert_eq!(cursor.value(), Some("-1.5e3"));
        assert_eq!(cursor.name(), None);
        assert_eq!(cursor.peek(), Some(b't'));
    }

    #[test]
    fn text_that_is_no_json_gives_nothing() {
        for text in ["", "{", "[1", "\"", "\"\\", "\"\\\"", "{\"a", ","] {
            let mut cursor = Cursor::new(text);
            assert!(cursor.value().is_none(), "{text}");
        }
    }

    #[test]
    fn depth_counts_objects_and_arrays() {
        assert_eq!(check("[[{}]]", 3), Ok(()));
        assert_eq!(check("[[{}]]", 2), Err(Error::new(ErrorKind::TooDeep, 2)));
        assert_eq!(check("\"[[[\"", 0), Ok(()));
    }

    #[test]
    fn half_a_pair_is_refused_where_it_starts() {
        assert_eq!(check(r#"["\ud83d\ude00"]"#, 9), Ok(()));
        assert_eq!(check(r#"["\\ud83d"]"#, 9), Ok(()));
        for text in [r#"["a\ud83d"]"#, r#"["a\ud83dx"]"#, r#"["a\ude00"]"#, r#"["a\ud83d\u0041"]"#] {
            assert_eq!(check(text, 9), Err(Error::new(ErrorKind::Syntax, 3)), "{text}");
        }
    }

    #[test]
    fn unquoting_borrows_when_it_can() {
        assert!(unquote("\"plain\"").is_some_and(|text| text.is_borrowed() && text == "plain"));
        assert!(unquote(r#""a\n""#).is_some_and(|text| !text.is_borrowed() && text == "a\n"));
        assert!(unquote("12").is_none());
    }
}
