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

/// The moment of a civil date and time, if there is such a date; the month counts from 0.
pub(crate) fn moment(year: u32, month: usize, day: u32, (hour, minute, second): (u32, u32, u32)) -> Option<Timestamp> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn secs(text: &str) -> Option<u64> {
        parse_date(text).map(Timestamp::as_secs)
    }

    #[test]
    fn the_three_forms_of_rfc_9110_are_one_moment() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(secs(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn dates_as_servers_send_them() {
        // RFC 6265 §3.1, and forms seen in the field.
        for (text, seconds) in [
            ("Wed, 09 Jun 2021 10:18:14 GMT", 1_623_233_894),
            ("Wed, 09-Jun-2021 10:18:14 GMT", 1_623_233_894),
            ("09 jUNe 21 10:18:14", 1_623_233_894),
            ("10:18:14 2021 June 9th", 1_623_233_894),
            ("9x 10:18:14z Jun/2021", 1_623_233_894),
            ("Wed, 09 Jun 2021 10:18:14 GMT+0500", 1_623_233_894),
            ("1 1 jan 70 0:0:0", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 01-Jan-69 00:00:00 GMT", 3_124_224_000),
            ("Fri, 31 Dec 1999 23:59:59", 946_684_799),
            ("Tue, 29 Feb 2000 12:00:00", 951_825_600),
            ("Thu, 29 Feb 2024 00:00:00", 1_709_164_800),
            ("Fri, 01 Mar 2024 00:00:00", 1_709_251_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Mon, 01 Jan 1601 00:00:00 GMT", 0),
            ("Wed, 31 Dec 1969 23:59:59 GMT", 0),
        ] {
            assert_eq!(secs(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn no_dates() {
        for text in [
            "",
            "tomorrow",
            "Wed, 09 Jun 2021",
            "Jun 2021 10:18:14",
            "09 2021 10:18:14",
            "09 Jun 10:18:14",
            "Wed, 09 Jun 1600 10:18:14",
            "Wed, 00 Jun 2021 10:18:14",
            "Wed, 31 Jun 2021 10:18:14",
            "Wed, 32 Jan 2021 10:18:14",
            "Mon, 29 Feb 1900 00:00:00",
            "Mon, 29 Feb 2021 00:00:00",
            "Wed, 09 Jun 2021 24:00:00",
            "Wed, 09 Jun 2021 10:60:14",
            "Wed, 09 Jun 2021 10:18:60",
            "Wed, 09 Jun 2021 010:18:14",
            "Wed, 09 Jun 2021 10:18x:14",
            "Wed, 09 Jun 2021 10:18:014",
            "Wed, 09 Jun 20210 10:18:14",
            "Wed, 009 Jun 2021 10:18:14",
            "Wed, 09 Ju 2021 10:18:14",
            "Wed, 0９ Jun 2021 10:18:14",
        ] {
            assert_eq!(secs(text), None, "{text}");
        }
        let padded = |blanks: usize| secs(&format!("{}Wed, 09 Jun 2021 10:18:14 GMT", " ".repeat(blanks)));
        assert_eq!(padded(MAX_LEN - 29), Some(1_623_233_894));
        assert_eq!(padded(MAX_LEN - 28), None);
    }

    /// Every day from 1601 to 2400, counted one by one.
    #[test]
    fn days_follow_each_other() {
        let mut expected: i64 = -134_774; // 1 January 1601
        for year in 1601..=2400_u32 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (month, &(_, len)) in MONTHS.iter().enumerate() {
                let len = if month == 1 && leap { 29 } else { len };
                for day in 1..=len {
                    let millis = u64::try_from(expected * 86_400_000).unwrap_or(0);
                    assert_eq!(moment(year, month, day, (0, 0, 0)).map(Timestamp::as_millis), Some(millis));
                    expected += 1;
                }
                assert_eq!(moment(year, month, len + 1, (0, 0, 0)), None);
            }
        }
    }

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        let wait = |value: &str| {
            let mut headers = Headers::new();
            headers.push("retry-after", value);
            retry_after(Timestamp::from_millis(784_111_700_500), &headers)
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_millis(76_500)));
        assert_eq!(wait("Fri, 31 Dec 1993 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        for bad in ["", "-1", "1.5", "soon", "0x10", "1 2"] {
            assert_eq!(wait(bad), None, "{bad}");
        }
        assert_eq!(retry_after(Timestamp::default(), &Headers::new()), None);
    }
}
