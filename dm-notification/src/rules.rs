//! What each option's value may be, and which deviations are forgiven. One home for every row of the table in the
//! crate documentation that concerns one option; the rows that concern the whole notification are in `message`.

use crate::decode::Found;
use crate::fields::{Fields, Timestamp};
use crate::{Error, ErrorKind, Limits, NotificationId, OptionNumber, UnixSeconds};

/// The longest value an option can have, in bytes: 15 and what one more byte can add.
pub const MAX_VALUE_LEN: usize = 270;

/// Understands one option into `fields`. `Err` is refused in both modes, the deviation in `Ok` only in strict mode.
#[inline(always)]
pub(crate) fn read<'a>(option: &Found<'a>, limits: &Limits, fields: &mut Fields<'a>) -> Result<Option<Error>, Error> {
    let value = option.value;
    let at_head = |kind| Error::new(kind, option.offset);
    let unless = |fine: bool, kind| if fine { None } else { Some(at_head(kind)) };

    match OptionNumber::from(option.number) {
        OptionNumber::Unknown(_) if option.repeated => return Ok(Some(at_head(ErrorKind::RepeatedOption))),
        OptionNumber::Unknown(_) => return Ok(Some(at_head(ErrorKind::UnknownOption))),
        // Two SERVER-IDs or two digests are an attack surface, whatever the mode.
        _ if option.repeated => return Err(at_head(ErrorKind::RepeatedOption)),
        OptionNumber::ServerId => {
            let text = server_id(value, limits.max_server_id_len).map_err(|fault| match fault.kind() {
                kind @ ErrorKind::ServerIdEmpty => at_head(kind),
                kind => Error::new(kind, option.value_offset.saturating_add(fault.offset())),
            })?;
            fields.server_id = Some(text);
        }
        OptionNumber::PreferredConType => {
            fields.con_type = Some(value.first().copied().unwrap_or_default().into());
            return Ok(unless(value.len() == 1, ErrorKind::ConTypeLength));
        }
        OptionNumber::NotificationId => {
            let id = value.try_into().map_err(|_| at_head(ErrorKind::NotificationIdLength))?;
            fields.notification_id = Some(NotificationId(u16::from_be_bytes(id)));
        }
        OptionNumber::Sha256Digest => {
            fields.digest = Some(value.try_into().map_err(|_| at_head(ErrorKind::DigestLength))?);
        }
        OptionNumber::Timestamp => {
            let (time, fine) = timestamp(value).map_err(at_head)?;
            fields.timestamp = Some(time);
            return Ok(unless(fine, ErrorKind::TimestampDigits));
        }
        OptionNumber::ReqMos => {
            fields.req_mos = true;
            return Ok(unless(value.is_empty(), ErrorKind::ReqMosLength));
        }
    }
    Ok(None)
}

/// Reads a TIMESTAMP: 4 to 8 bytes, big-endian, or the deviation of 9 to 20 decimal digits.
fn timestamp(value: &[u8]) -> Result<(Timestamp<'_>, bool), ErrorKind> {
    match value.len() {
        4..=8 => {
            let seconds = value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            Ok((Timestamp { seconds: UnixSeconds(seconds), binary: Some(value) }, true))
        }
        9..=20 if value.iter().all(u8::is_ascii_digit) => {
            let seconds = digits(value).ok_or(ErrorKind::TimestampRange)?;
            Ok((Timestamp { seconds, binary: None }, false))
        }
        _ => Err(ErrorKind::TimestampLength),
    }
}

/// Checks a SERVER-ID of at most `max_len` bytes: UTF-8 in Net-Unicode form (RFC 5198), not empty, no control character
/// (U+0000 to U+001F, U+007F to U+009F), no U+FEFF. Offsets count from the start of `value`.
#[inline]
pub(crate) fn server_id(value: &[u8], max_len: usize) -> Result<&str, Error> {
    if value.is_empty() {
        return Err(Error::new(ErrorKind::ServerIdEmpty, 0));
    }
    if value.len() > max_len {
        return Err(Error::new(ErrorKind::ServerIdTooLong, max_len));
    }
    let text = core::str::from_utf8(value).map_err(|fault| Error::new(ErrorKind::ServerIdText, fault.valid_up_to()))?;
    // Nearly every identifier is printable ASCII; only the rest is looked at character by character.
    let odd = value.iter().fold(false, |odd, byte| odd | !matches!(byte, b' '..=b'~'));
    if odd && let Some((at, _)) = text.char_indices().find(|&(_, c)| c.is_control() || c == '\u{feff}') {
        return Err(Error::new(ErrorKind::ServerIdText, at));
    }
    Ok(text)
}

/// A number in ASCII digits, if it fits.
fn digits(value: &[u8]) -> Option<UnixSeconds> {
    value
        .iter()
        .try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit & 0x0f)))
        .map(UnixSeconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(value: &[u8]) -> (ErrorKind, usize) {
        let error = server_id(value, MAX_VALUE_LEN).unwrap_err();
        (error.kind(), error.offset())
    }

    #[test]
    fn server_id_is_plain_text() {
        assert_eq!(server_id(b"dm.example", MAX_VALUE_LEN), Ok("dm.example"));
        assert_eq!(server_id("dm.exämple 中".as_bytes(), MAX_VALUE_LEN), Ok("dm.exämple 中"));
        assert_eq!(fault(b""), (ErrorKind::ServerIdEmpty, 0));
        assert_eq!(fault(b"ab\xff"), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault(b"a\nb"), (ErrorKind::ServerIdText, 1));
        assert_eq!(fault(b"ab\x7f"), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault("ab\u{85}".as_bytes()), (ErrorKind::ServerIdText, 2));
        assert_eq!(fault("\u{feff}ab".as_bytes()), (ErrorKind::ServerIdText, 0));
        assert_eq!(fault(&[b'a'; 271]), (ErrorKind::ServerIdTooLong, 270));
        assert!(server_id(&[b'a'; 270], MAX_VALUE_LEN).is_ok());
    }

    #[test]
    fn digits_fit_or_not() {
        assert_eq!(digits(b"18446744073709551615"), Some(UnixSeconds(u64::MAX)));
        assert_eq!(digits(b"18446744073709551616"), None);
    }
}
