//! What each option's value may be, and which deviations are forgiven. One home for every row of the table in the
//! crate documentation that concerns one option; the rows that concern the whole notification are in `message`.

use crate::fields::Timestamp;
use crate::{
    ConType, DIGEST_LEN, Error, ErrorKind, NotificationId, OptionNumber, RawOption, UnixSeconds,
};

/// The longest value an option can have, in bytes: 15 and what one more byte can add.
pub const MAX_VALUE_LEN: usize = 270;

/// The value of an option, understood.
pub(crate) enum Field<'a> {
    ServerId(&'a str),
    ConType(ConType),
    NotificationId(NotificationId),
    Digest(&'a [u8; DIGEST_LEN]),
    Timestamp(Timestamp<'a>),
    ReqMos,
    Unknown,
}

/// Understands one option. `Err` is refused in both modes; the deviation beside the field only in strict mode.
#[inline]
pub(crate) fn read<'a>(option: &RawOption<'a>) -> Result<(Field<'a>, Option<Error>), Error> {
    let RawOption {
        number,
        value,
        offset,
        ..
    } = *option;
    let at_head = |kind| Error::new(kind, offset);

    if let OptionNumber::Unknown(_) = number {
        let kind = if option.repeated {
            ErrorKind::RepeatedOption
        } else {
            ErrorKind::UnknownOption
        };
        return Ok((Field::Unknown, Some(at_head(kind))));
    }
    // Two SERVER-IDs or two digests are an attack surface, whatever the mode.
    if option.repeated {
        return Err(at_head(ErrorKind::RepeatedOption));
    }
    match number {
        OptionNumber::ServerId => match server_id(value) {
            Ok(text) => Ok((Field::ServerId(text), None)),
            Err(fault) if fault.kind() == ErrorKind::ServerIdEmpty => Err(at_head(fault.kind())),
            Err(fault) => Err(Error::new(
                fault.kind(),
                option.value_offset.saturating_add(fault.offset()),
            )),
        },
        OptionNumber::PreferredConType => {
            let first = value.first().copied().unwrap_or_default();
            let deviation = (value.len() != 1).then(|| at_head(ErrorKind::ConTypeLength));
            Ok((Field::ConType(first.into()), deviation))
        }
        OptionNumber::NotificationId => match <[u8; 2]>::try_from(value) {
            Ok(id) => Ok((
                Field::NotificationId(NotificationId(u16::from_be_bytes(id))),
                None,
            )),
            Err(_) => Err(at_head(ErrorKind::NotificationIdLength)),
        },
        OptionNumber::Sha256Digest => match <&[u8; DIGEST_LEN]>::try_from(value) {
            Ok(digest) => Ok((Field::Digest(digest), None)),
            Err(_) => Err(at_head(ErrorKind::DigestLength)),
        },
        OptionNumber::Timestamp => match value.len() {
            4..=8 => {
                let seconds = UnixSeconds(
                    value
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                );
                Ok((
                    Field::Timestamp(Timestamp {
                        seconds,
                        binary: Some(value),
                    }),
                    None,
                ))
            }
            9..=20 if value.iter().all(u8::is_ascii_digit) => {
                let seconds = digits(value).ok_or(at_head(ErrorKind::TimestampRange))?;
                let timestamp = Timestamp {
                    seconds,
                    binary: None,
                };
                Ok((
                    Field::Timestamp(timestamp),
                    Some(at_head(ErrorKind::TimestampDigits)),
                ))
            }
            _ => Err(at_head(ErrorKind::TimestampLength)),
        },
        OptionNumber::ReqMos => Ok((
            Field::ReqMos,
            (!value.is_empty()).then(|| at_head(ErrorKind::ReqMosLength)),
        )),
        OptionNumber::Unknown(_) => Ok((Field::Unknown, None)), // returned above
    }
}

/// Checks a SERVER-ID: UTF-8 in Net-Unicode form (RFC 5198), not empty, no control character (U+0000 to U+001F,
/// U+007F to U+009F), no U+FEFF. Offsets count from the start of `value`.
#[inline]
pub(crate) fn server_id(value: &[u8]) -> Result<&str, Error> {
    if value.is_empty() {
        return Err(Error::new(ErrorKind::ServerIdEmpty, 0));
    }
    if value.len() > MAX_VALUE_LEN {
        return Err(Error::new(ErrorKind::ServerIdTooLong, MAX_VALUE_LEN));
    }
    let text = core::str::from_utf8(value)
        .map_err(|fault| Error::new(ErrorKind::ServerIdText, fault.valid_up_to()))?;
    // Nearly every identifier is printable ASCII; only the rest is looked at character by character.
    if !value.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && let Some((at, _)) = text
            .char_indices()
            .find(|&(_, c)| c.is_control() || c == '\u{feff}')
    {
        return Err(Error::new(ErrorKind::ServerIdText, at));
    }
    Ok(text)
}

/// A number in ASCII digits, if it fits.
fn digits(value: &[u8]) -> Option<UnixSeconds> {
    value
        .iter()
        .try_fold(0_u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit & 0x0f))
        })
        .map(UnixSeconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(value: &[u8]) -> (ErrorKind, usize) {
        let error = server_id(value).unwrap_err();
        (error.kind(), error.offset())
    }

    #[test]
    fn server_id_is_plain_text() {
        assert_eq!(server_id(b"dm.example"), Ok("dm.example"));
        assert_eq!(server_id("dm.exämple 中".as_bytes()), Ok("dm.exämple 中"));
        assert_eq!(fault(b""), (ErrorKind::ServerIdEmpty, 0));
        assert_eq!(fault(b"ab\xff"), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault(b"a\nb"), (ErrorKind::ServerIdText, 1));
        assert_eq!(fault(b"ab\x7f"), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault("ab\u{85}".as_bytes()), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault("\u{feff}ab".as_bytes()), (ErrorKind::ServerIdText, 0));
        assert_eq!(fault(&[b'a'; 271]), (ErrorKind::ServerIdTooLong, 270));
        assert!(server_id(&[b'a'; 270]).is_ok());
    }

    #[test]
    fn digits_fit_or_not() {
        assert_eq!(digits(b"18446744073709551615"), Some(UnixSeconds(u64::MAX)));
        assert_eq!(digits(b"18446744073709551616"), None);
    }
}
