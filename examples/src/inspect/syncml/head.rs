//! The head of a WBXML document, for display alone: the decoder checks it.
//!
//! ```text
//! version, public id (0: index into the string table follows), charset, length of the string table, string table
//! ```

/// What stands before the first tag.
pub(super) struct Head<'a> {
    /// `1.2` for the byte 0x02.
    pub(super) version: String,
    pub(super) public_id: PublicId<'a>,
    /// A MIBenum of IANA.
    pub(super) charset: u32,
    /// Bytes of the string table.
    pub(super) table: usize,
}

pub(super) enum PublicId<'a> {
    Number(u32),
    Text(&'a str),
}

impl<'a> Head<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (number, rest) = integer(rest)?;
        let (index, rest) = if number == 0 { integer(rest)? } else { (0, rest) };
        let (charset, rest) = integer(rest)?;
        let (length, rest) = integer(rest)?;
        let length = usize::try_from(length).ok()?;
        let public_id = if number == 0 {
            let table = rest.get(..length.min(rest.len()))?;
            let text = table.get(usize::try_from(index).ok()?..)?;
            let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
            PublicId::Text(std::str::from_utf8(text).unwrap_or_default())
        } else {
            PublicId::Number(number)
        };
        Some(Self { version: format!("1.{version}"), public_id, charset, table: length })
    }

    /// The character set by its name.
    pub(super) fn charset_name(&self) -> String {
        match self.charset {
            0 => "no character set named".into(),
            3 => "US-ASCII".into(),
            4 => "ISO-8859-1".into(),
            106 => "UTF-8".into(),
            other => format!("character set {other}"),
        }
    }
}

impl PublicId<'_> {
    /// What a registered number stands for.
    pub(super) const fn name(&self) -> Option<&'static str> {
        match self {
            Self::Number(number) => name(*number),
            Self::Text(_) => None,
        }
    }
}

const fn name(number: u32) -> Option<&'static str> {
    Some(match number {
        0x0FD1 => "SyncML 1.0",
        0x0FD2 => "DevInf 1.0",
        0x0FD3 => "SyncML 1.1",
        0x0FD4 => "DevInf 1.1",
        0x1201 => "SyncML 1.2",
        0x1202 => "MetInf 1.2",
        0x1203 => "DevInf 1.2",
        _ => return None,
    })
}

/// Whether the bytes begin like a WBXML document of ours. A notification could begin with the same version byte, so
/// the bytes after it have their say.
pub(super) fn looks_like_wbxml(bytes: &[u8]) -> bool {
    let [0..=3, rest @ ..] = bytes else { return false };
    let Some((number, rest)) = integer(rest) else { return false };
    let charset = |rest| matches!(integer(rest), Some((0 | 3 | 4 | 106, _)));
    match number {
        0 => integer(rest).is_some_and(|(_, rest)| charset(rest)),
        1 => charset(rest),
        other => name(other).is_some(),
    }
}

/// A multi-byte integer, and what follows.
fn integer(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(5) {
        number = number << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(number).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let head = Head::of(b"\x02\xa4\x01\x6a\x00").unwrap();
        assert_eq!((head.version.as_str(), head.public_id.name(), head.table), ("1.2", Some("SyncML 1.2"), 0));
        assert_eq!(head.charset_name(), "UTF-8");
        let head = Head::of(b"\x03\x00\x00\x6a\x05-//X\0").unwrap();
        assert!(matches!(head.public_id, PublicId::Text("-//X")));
        assert!(Head::of(b"\x02\xa4").is_none());
    }

    #[test]
    fn what_looks_like_wbxml() {
        for (bytes, expected) in [
            (&b"\x02\xa4\x01"[..], true),
            (b"\x02\x9f\x53\x6a\x00", true),
            (b"\x03\x00\x00\x6a\x1e", true),
            (b"\x01\x01\x6a", true),
            (b"\x02", false),
            (b"\x00\x80\x1a\x64", false),
            (b"\x04\xa4\x01\x6a", false),
        ] {
            assert_eq!(looks_like_wbxml(bytes), expected, "{bytes:?}");
        }
    }
}
