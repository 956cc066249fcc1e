//! What a document begins with: version, public identifier, character set and string table; and the tokens that mean
//! the same on every page (WBXML §5.4 to §5.8, SyncML Representation §8.1).

use core::ops::Range;

use memchr::memchr;

use crate::{Deviation, DeviationKind, Error, ErrorKind, Limits, Namespace, Page};

pub(crate) const SWITCH_PAGE: u8 = 0x00;
pub(crate) const END: u8 = 0x01;
pub(crate) const ENTITY: u8 = 0x02;
pub(crate) const STR_I: u8 = 0x03;
pub(crate) const LITERAL: u8 = 0x04;
pub(crate) const PI: u8 = 0x43;
pub(crate) const LITERAL_C: u8 = 0x44;
pub(crate) const STR_T: u8 = 0x83;
pub(crate) const LITERAL_A: u8 = 0x84;
pub(crate) const OPAQUE: u8 = 0xC3;
pub(crate) const LITERAL_AC: u8 = 0xC4;
/// The bit of a tag that has content.
pub(crate) const CONTENT: u8 = 0x40;
/// The bit of a tag that has attributes.
pub(crate) const ATTRIBUTES: u8 = 0x80;

/// The character sets that are read, by MIBenum.
pub(crate) const UTF_8: u32 = 106;
const US_ASCII: u32 = 3;
const LATIN_1: u32 = 4;

/// What a public identifier says about the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// What page 0 is.
    pub(crate) zero: Page,
    /// The minor version of SyncML 1.x.
    pub(crate) minor: u8,
}

impl Document {
    pub(crate) const SYNC_ML_12: Self = Self { zero: Page::SyncMl, minor: 2 };

    pub(crate) const fn namespace(self) -> Namespace<'static> {
        match self.minor {
            0 => Namespace::SyncMl10,
            1 => Namespace::SyncMl11,
            _ => Namespace::SyncMl12,
        }
    }

    /// The document of a registered number.
    const fn by_number(number: u32) -> Option<Self> {
        Some(match number {
            0x0FD1 => Self { zero: Page::SyncMl, minor: 0 },
            0x0FD2 => Self { zero: Page::DevInf, minor: 0 },
            0x0FD3 => Self { zero: Page::SyncMl, minor: 1 },
            0x0FD4 => Self { zero: Page::DevInf, minor: 1 },
            0x1201 | 0x1202 => Self::SYNC_ML_12,
            0x1203 => Self { zero: Page::DevInf, minor: 2 },
            _ => return None,
        })
    }

    /// The document of a formal public identifier. Standards and peers do not agree on its spelling, so letter case
    /// does not count and every spelling in use is known.
    fn by_text(text: &[u8]) -> Option<Self> {
        PUBLIC_IDS.iter().find(|(known, _)| text.eq_ignore_ascii_case(known.as_bytes())).map(|(_, document)| *document)
    }
}

/// The number of SyncML of a namespace, as a multi-byte integer, and its text.
pub(crate) const fn public_id(namespace: &Namespace<'_>) -> ([u8; 2], &'static str) {
    match namespace {
        Namespace::SyncMl10 => ([0x9F, 0x51], "-//SYNCML//DTD SyncML 1.0//EN"),
        Namespace::SyncMl11 => ([0x9F, 0x53], "-//SYNCML//DTD SyncML 1.1//EN"),
        _ => ([0xA4, 0x01], "-//SYNCML//DTD SyncML 1.2//EN"),
    }
}

/// The number of DevInf 1.2, as a multi-byte integer, and its text.
pub(crate) const DEV_INF_ID: ([u8; 2], &str) = ([0xA4, 0x03], "-//SYNCML//DTD DevInf 1.2//EN");
/// DM DDF and TNDS have no number.
pub(crate) const DM_DDF_ID: &str = "-//OMA//DTD-DM-DDF 1.2//EN";

const PUBLIC_IDS: &[(&str, Document)] = &[
    ("-//SYNCML//DTD SyncML 1.2//EN", Document::SYNC_ML_12),
    ("-//OMA//DTD SYNCML 1.2//EN", Document::SYNC_ML_12),
    ("-//SYNCML//DTD SyncML 1.1//EN", Document { zero: Page::SyncMl, minor: 1 }),
    ("-//SYNCML//DTD SyncML 1.0//EN", Document { zero: Page::SyncMl, minor: 0 }),
    (DM_DDF_ID, Document::SYNC_ML_12),
    ("-//SYNCML//DTD DevInf 1.2//EN", Document { zero: Page::DevInf, minor: 2 }),
    ("-//SYNCML//DTD DevInf 1.1//EN", Document { zero: Page::DevInf, minor: 1 }),
    ("-//SYNCML//DTD DevInf 1.0//EN", Document { zero: Page::DevInf, minor: 0 }),
    ("-//OMA//DTD SYNCML-METINF 1.2//EN", Document::SYNC_ML_12),
    ("-//SYNCML//DTD MetInf 1.2//EN", Document::SYNC_ML_12),
    ("-//SYNCML//DTD MetaInf 1.2//EN", Document::SYNC_ML_12),
    ("-//SYNCML//DTD MetInf 1.1//EN", Document { zero: Page::SyncMl, minor: 1 }),
    ("-//SYNCML//DTD MetInf 1.0//EN", Document { zero: Page::SyncMl, minor: 0 }),
];

/// The head of a document.
///
/// ```text
/// version u8, publicid mb_u_int32 | 00 mb_u_int32, charset mb_u_int32 (not in 1.0), strtbl mb_u_int32 bytes
/// ```
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) document: Document,
    /// ISO 8859-1 instead of UTF-8.
    pub(crate) latin: bool,
    /// Where the string table stands.
    pub(crate) table: Range<usize>,
    /// What was off: the version, the public identifier.
    pub(crate) deviations: [Option<Deviation>; 2],
}

impl Header {
    /// Reads the head; the body begins where the string table ends.
    pub(crate) fn parse(input: &[u8], limits: &Limits) -> Result<Self, Error> {
        let version = *input.first().ok_or(Error::new(ErrorKind::UnexpectedEnd, 0))?;
        if version > 0x03 {
            return Err(Error::new(ErrorKind::NotSyncMl, 0));
        }
        let old = (version == 0x00).then(|| Deviation::new(DeviationKind::WbxmlVersion, 0));
        let mut at = 1;
        let number = integer(input, &mut at)?;
        let index_at = at;
        let index = if number == 0 { Some(integer(input, &mut at)?) } else { None };
        let charset_at = at;
        let latin = match if version == 0x00 { UTF_8 } else { integer(input, &mut at)? } {
            0 | US_ASCII | UTF_8 => false,
            LATIN_1 => true,
            _ => return Err(Error::new(ErrorKind::CharacterSet, charset_at)),
        };
        let length_at = at;
        let length = length(integer(input, &mut at)?);
        if length > input.len().saturating_sub(at) {
            return Err(Error::new(ErrorKind::WbxmlLength, length_at));
        }
        if length > limits.max_string_table_len {
            return Err(Error::new(ErrorKind::StringTableTooLong, length_at));
        }
        let table = at..at.saturating_add(length);
        let document = match index {
            None => Document::by_number(number),
            Some(index) => {
                let strings = input.get(table.clone()).unwrap_or_default();
                let text = entry(strings, index).ok_or(Error::new(ErrorKind::WbxmlStringIndex, index_at))?;
                Document::by_text(text)
            }
        };
        let unknown = document.is_none().then(|| Deviation::new(DeviationKind::PublicId, 1));
        let document = document.unwrap_or(Document::SYNC_ML_12);
        Ok(Self { document, latin, table, deviations: [old, unknown] })
    }
}

/// The bytes of a string table from an index to the next NUL or the end of the table.
#[inline]
pub(crate) fn entry(table: &[u8], index: u32) -> Option<&[u8]> {
    let rest = table.get(length(index)..).filter(|rest| !rest.is_empty())?;
    Some(memchr(0, rest).and_then(|end| rest.get(..end)).unwrap_or(rest))
}

/// A multi-byte integer as a length: where `usize` is too small for it, nothing in memory is that long either.
#[inline]
pub(crate) fn length(integer: u32) -> usize {
    usize::try_from(integer).unwrap_or(usize::MAX)
}

/// `mb_u_int32`: big-endian, seven bits a byte, all but the last with the high bit; at most five bytes and 32 bits.
/// Leading zeros are forgiven.
#[inline]
pub(crate) fn integer(input: &[u8], at: &mut usize) -> Result<u32, Error> {
    if let Some(&byte) = input.get(*at)
        && byte < 0x80
    {
        *at = at.wrapping_add(1);
        return Ok(u32::from(byte));
    }
    long_integer(input, at)
}

fn long_integer(input: &[u8], at: &mut usize) -> Result<u32, Error> {
    let start = *at;
    let mut value = 0_u32;
    for _ in 0..5 {
        let byte = *input.get(*at).ok_or(Error::new(ErrorKind::UnexpectedEnd, input.len()))?;
        if value >> 25 != 0 {
            break;
        }
        value = value << 7 | u32::from(byte & 0x7F);
        *at = at.wrapping_add(1);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Error::new(ErrorKind::WbxmlInteger, start))
}

/// The shortest `mb_u_int32` of a number: the bytes and how many of them count, from the end.
pub(crate) const fn to_integer(value: u32) -> ([u8; 5], usize) {
    let bytes = [
        0x80 | (value >> 28 & 0x0F) as u8,
        0x80 | (value >> 21 & 0x7F) as u8,
        0x80 | (value >> 14 & 0x7F) as u8,
        0x80 | (value >> 7 & 0x7F) as u8,
        (value & 0x7F) as u8,
    ];
    let count = match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        0x20_0000..=0x0FFF_FFFF => 4,
        _ => 5,
    };
    (bytes, count)
}

/// The first byte from an index on that is below 0x20 and neither tab, line feed nor carriage return, or the length;
/// and whether a byte before it is not ASCII.
///
/// In a body, that byte is the NUL of an inline string, or a character that XML does not allow.
#[inline(always)]
pub(crate) fn scan(bytes: &[u8], from: usize) -> (usize, bool) {
    let (mut at, mut high) = (from, false);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (len, seen) = control(rest);
        (at, high) = (at.wrapping_add(len), high | seen);
        match rest.get(len) {
            Some(b'\t' | b'\n' | b'\r') => at = at.wrapping_add(1),
            _ => return (at, high),
        }
    }
}

/// The same for any byte below 0x20.
#[inline(always)]
fn control(bytes: &[u8]) -> (usize, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let (mut at, mut seen) = (0_usize, 0_u64);
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // The lowest bit set belongs to the first byte below 0x20: borrows only come from such bytes.
        let low = word.wrapping_sub(ONES << 5) & !word & HIGHS;
        if low != 0 {
            let bits = low.trailing_zeros() & !7;
            seen |= word & (1_u64 << bits).wrapping_sub(1);
            return (at.wrapping_add((bits >> 3) as usize), seen & HIGHS != 0);
        }
        seen |= word;
        at = at.wrapping_add(8);
    }
    for &byte in rest {
        if byte < 0x20 {
            break;
        }
        seen |= u64::from(byte);
        at = at.wrapping_add(1);
    }
    (at, seen & HIGHS != 0)
}

/// Where a text first holds a character that XML does not allow.
pub(crate) fn forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (end, high) = scan(bytes, 0);
    let noncharacter = if high { noncharacter(bytes) } else { None };
    let control = (end < bytes.len()).then_some(end);
    match (control, noncharacter) {
        (Some(control), Some(other)) => Some(control.min(other)),
        (control, other) => control.or(other),
    }
}

/// Where U+FFFE or U+FFFF stands in UTF-8.
pub(crate) fn noncharacter(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xEF, bytes)
        .find(|&at| bytes.get(at..).is_some_and(|rest| matches!(rest, [_, 0xBF, 0xBE | 0xBF, ..])))
}

/// Whether a character may stand in XML.
pub(crate) const fn is_xml_char(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether a text can be the name of an element without a prefix.
pub(crate) fn is_name(text: &str) -> bool {
    const fn starts(character: char) -> bool {
        matches!(character,
            'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
    }
    const fn goes_on(character: char) -> bool {
        starts(character)
            || matches!(character,
                '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
    }
    let mut characters = text.chars();
    characters.next().is_some_and(starts) && characters.all(goes_on)
}
