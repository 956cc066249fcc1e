//! Dates in header fields.

use core::time::Duration;

use super::syntax::BLANK;
use super::{Headers, RETRY_AFTER};
use crate::Timestamp;

/// Longest date text that is looked at, in bytes; the three standard forms take 24 to 33.
const MAX_LEN: usize = 128;

/// How long `Retry-After` asks to wait, counted from `now` (RFC 9110 §10.2.3).
///
/// It is a number of seconds or a date; a date in the past is a wait of zero. `None` when the field
/// is absent or unreadable. The number is what the peer sent, up to `u64::MAX` seconds: a host
/// bounds it.
///
/// ```
/// use core::time::Duration;
/// use dm_session::Timestamp;
/// use dm_session::http::{Headers, RETRY_AFTER, retry_after};
///
/// let mut headers = Headers::new();
/// headers.push(RETRY_AFTER, "120");
/// assert_eq!(retry_after(Timestamp::from_millis(0), &headers), Some(Duration::from_secs(120)));
/// ```
#[must_use]
pub fn retry_after(now: Timestamp, headers: &Headers) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.trim_matches(BLANK);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large fails to parse here.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    parse_date(value).map(|moment| moment.since(now))
}

/// The cookie-date algorithm (RFC 6265 §5.1.1), which takes all three HTTP date forms (RFC 9110
/// §5.6.7) and what servers really send. A moment before 1970 is the epoch.
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    if text.len() > MAX_LEN {
        return None;
    }
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.as_bytes().split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        // The first production that is still open and matches takes the token.
        if time.is_none()
            && let Some(found) = read_time(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = read_number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = read_month(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = read_number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        short @ 70..=99 => short.checked_add(1900)?,
        short @ 0..=69 => short.checked_add(2000)?,
        full => full,
    };
    moment(year, month?, day?, time?)
}

/// The moment of a civil date and time, if there is such a date.
fn moment(year: u32, month: usize, day: u32, (hour, minute, second): (u32, u32, u32)) -> Option<Timestamp> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (before, len) = *MONTHS.get(month)?;
    let len = if leap && month == 1 { 29 } else { len };
    if year < 1601 || day == 0 || day > len || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let done = year.checked_sub(1)?;
    let leap_days = (done / 4).checked_sub(done / 100)?.checked_add(done / 400)?;
    let days = done
        .checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(before)?
        .checked_add(u32::from(leap && month > 1))?
        .checked_add(day)?;
    let Some(days) = days.checked_sub(EPOCH_DAY) else {
        return Some(Timestamp::from_millis(0));
    };
    let seconds = u64::from(days)
        .checked_mul(86_400)?
        .checked_add(u64::from(hour).checked_mul(3_600)?)?
        .checked_add(u64::from(minute).checked_mul(60)?)?
        .checked_add(u64::from(second))?;
    Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
}

/// Number of 1 January 1970, where 1 January of the year 1 is day 1.
const EPOCH_DAY: u32 = 719_163;

/// Days before the month in a common year, and its length.
const MONTHS: [(u32, u32); 12] = [
    (0, 31),
    (31, 28),
    (59, 31),
    (90, 30),
    (120, 31),
    (151, 30),
    (181, 31),
    (212, 31),
    (243, 30),
    (273, 31),
    (304, 30),
    (334, 31),
];

const NAMES: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// `hms-time [ non-digit *OCTET ]`
fn read_time(token: &[u8]) -> Option<(u32, u32, u32)> {
    let whole =
        |field: &[u8]| read_number(field, 1, 2).filter(|_| field.len() <= 2 && field.iter().all(u8::is_ascii_digit));
    let mut fields = token.splitn(3, |&byte| byte == b':');
    Some((whole(fields.next()?)?, whole(fields.next()?)?, read_number(fields.next()?, 1, 2)?))
}

/// `min*max DIGIT [ non-digit *OCTET ]`
fn read_number(token: &[u8], min: usize, max: usize) -> Option<u32> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits < min || digits > max {
        return None;
    }
    core::str::from_utf8(token.get(..digits)?).ok()?.parse().ok()
}

/// `( "jan" / … / "dec" ) *OCTET`, counted from 0.
fn read_month(token: &[u8]) -> Option<usize> {
    let name = token.get(..3)?;
    NAMES.iter().position(|month| month.eq_ignore_ascii_case(name))
}
