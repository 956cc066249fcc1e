//! Time comes from the host.

#[cfg(feature = "dm1")]
use alloc::format;
#[cfg(feature = "dm1")]
use alloc::string::String;
use core::time::Duration;

/// A moment: Unix time in milliseconds, as the host's clock gives it.
///
/// It is the same on every node that restores a session, unlike a process-local instant.
/// Arithmetic saturates.
///
/// ```
/// use core::time::Duration;
/// use dm_session::Timestamp;
///
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!(start.after(Duration::from_secs(2)).as_millis(), 3_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// The moment `span` later; the last representable one when that overflows.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// The span from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The form of the property `TStamp` (DM 1.x): ISO 8601, basic, to the second, in UTC.
#[cfg(feature = "dm1")]
impl Timestamp {
    /// `20240229T163000Z`.
    pub(crate) fn to_basic(self) -> String {
        let (days, time) = (self.as_secs() / 86_400, self.as_secs() % 86_400);
        // Days are counted in eras of 400 years that start on 1 March, so that a leap day is the last of its year.
        let shifted = days.saturating_add(719_468);
        let (era, day) = (shifted / 146_097, shifted % 146_097);
        let leaps = (day / 1_460).saturating_add(day / 146_096);
        let year = day.saturating_sub(leaps).saturating_add(day / 36_524) / 365;
        let day = day.saturating_sub(year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100));
        let month = day.saturating_mul(5).saturating_add(2) / 153;
        let day = day.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
        let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
        let year = era.saturating_mul(400).saturating_add(year).saturating_add(u64::from(month < 3));
        format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", time / 3_600, time / 60 % 60, time % 60)
    }

    /// Reads what [`to_basic`](Self::to_basic) writes.
    #[cfg_attr(not(feature = "serde"), allow(dead_code, reason = "tree files only"))]
    pub(crate) fn from_basic(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        if date.len() != 8 || time.len() != 6 || !date.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
        let month = usize::try_from(number(date, 4, 6)?.checked_sub(1)?).ok()?;
        let time = (number(time, 0, 2)?, number(time, 2, 4)?, number(time, 4, 6)?);
        crate::http::moment(number(date, 0, 4)?, month, number(date, 6, 8)?, time)
    }
}

#[cfg(all(test, feature = "dm1"))]
mod tests {
    use super::*;

    #[test]
    fn basic_form_is_iso_8601() {
        for (secs, text) in [
            (0, "19700101T000000Z"),
            (1_709_224_200, "20240229T163000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_868_800, "20000301T000000Z"),
            (4_102_444_800, "21000101T000000Z"),
            (253_402_300_799, "99991231T235959Z"),
        ] {
            let moment = Timestamp::from_millis(secs * 1_000);
            assert_eq!(moment.to_basic(), text);
            assert_eq!(Timestamp::from_basic(text), Some(moment), "{text}");
        }
        for bad in ["", "2024-02-29T16:30:00Z", "20240229T163000", "20240230T163000Z", "20240229T1630é0Z"] {
            assert_eq!(Timestamp::from_basic(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_day_reads_back() {
        for day in 0..100_000 {
            let moment = Timestamp::from_millis(day * 86_400_000 + 1_000);
            assert_eq!(Timestamp::from_basic(&moment.to_basic()), Some(moment));
        }
    }
}
