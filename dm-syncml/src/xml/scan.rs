//! Characters: names, white space, and finding the end of a text fast.

/// White space of XML.
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A letter of every byte of a word.
const fn all(byte: u8) -> u64 {
    (byte as u64).wrapping_mul(0x0101_0101_0101_0101)
}

/// How far a text in plain form goes: to the first `<`, `&`, `>`, control character or byte of a character outside
/// ASCII. A text in plain form is one that means itself, whatever it is made of. `None` when there is none of them, or
/// the end is near.
#[inline(always)]
pub(super) fn plain_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    // Most texts are short: a few words are looked at here, without a call. A byte is a hit when its high bit is set
    // here; a borrow from a hit can only make another one behind it.
    while at < 48 {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
        // `<` and `>` differ in one bit.
        let angle = ((word | all(0x02)) ^ all(b'>')).wrapping_sub(all(1));
        let ampersand = (word ^ all(b'&')).wrapping_sub(all(1));
        let control = word.wrapping_sub(all(b' '));
        let hit = (angle | ampersand | control | word) & all(0x80);
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
    // Printable ASCII is what stays below 0x60 here.
    let highest = rest.get(..len)?.iter().fold(0, |highest: u8, byte| highest.max(byte.wrapping_sub(b' ')));
    if highest < 0x60 { at.checked_add(len) } else { None }
}

/// The first character that XML does not allow in a text: a control character, U+FFFE or U+FFFF.
pub(super) fn bad_character(text: &[u8]) -> Option<usize> {
    let control = if text.iter().fold(u8::MAX, |lowest, byte| lowest.min(*byte)) >= b' ' {
        None
    } else {
        text.iter().position(|byte| *byte < b' ' && !is_space(*byte))
    };
    let mut marks = memchr::memchr_iter(0xEF, text);
    let mark =
        marks.find(|at| matches!(text.get(*at..).and_then(<[u8]>::first_chunk::<3>), Some([_, 0xBF, 0xBE | 0xBF])));
    match (control, mark) {
        (Some(control), Some(mark)) => Some(control.min(mark)),
        (one, other) => one.or(other),
    }
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
