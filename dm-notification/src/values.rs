/// The number of an option, `OMA-TS-DM_Protocol-V2_0 §5.2.1.2`.
///
/// Conversion from and to `u16` is total; a number read from the wire comes back unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionNumber {
    /// 1: the server that asks for a session.
    ServerId,
    /// 2: the bearer it would like.
    PreferredConType,
    /// 3: tells duplicates; echoed in Package#1.
    NotificationId,
    /// 4: authenticates the notification.
    Sha256Digest,
    /// 5: the time of sending.
    Timestamp,
    /// 6: asks for the `MOS` array in Package#1.
    ReqMos,
    /// Any other number, 0 to 465.
    Unknown(u16),
}

impl From<u16> for OptionNumber {
    fn from(number: u16) -> Self {
        match number {
            1 => Self::ServerId,
            2 => Self::PreferredConType,
            3 => Self::NotificationId,
            4 => Self::Sha256Digest,
            5 => Self::Timestamp,
            6 => Self::ReqMos,
            other => Self::Unknown(other),
        }
    }
}

impl From<OptionNumber> for u16 {
    fn from(number: OptionNumber) -> Self {
        match number {
            OptionNumber::ServerId => 1,
            OptionNumber::PreferredConType => 2,
            OptionNumber::NotificationId => 3,
            OptionNumber::Sha256Digest => 4,
            OptionNumber::Timestamp => 5,
            OptionNumber::ReqMos => 6,
            OptionNumber::Unknown(other) => other,
        }
    }
}

/// The bearer the server would like for the session (PREFERRED-CON-TYPE).
///
/// It is only a preference, so an unassigned byte is no error: the byte is kept and [`effective`](Self::effective)
/// reads it as [`Any`](Self::Any).
///
/// ```
/// use dm_notification::ConType;
/// assert_eq!(ConType::from(0x7f), ConType::Unknown(0x7f));
/// assert_eq!(ConType::from(0x7f).effective(), ConType::Any);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "u8", into = "u8"))]
#[non_exhaustive]
pub enum ConType {
    /// `0x00`: any available.
    #[default]
    Any,
    /// `0x01`: cellular (GSM, CDMA, UMTS, LTE).
    Cellular,
    /// `0x02`: wireless LAN (802.11).
    Wlan,
    /// `0x03`: wireline.
    Wireline,
    /// Any other byte.
    Unknown(u8),
}

impl ConType {
    /// The bearer to use: itself, or [`Any`](Self::Any) for a byte without a meaning.
    #[must_use]
    pub const fn effective(self) -> Self {
        match self {
            Self::Unknown(_) => Self::Any,
            known => known,
        }
    }
}

impl From<u8> for ConType {
    fn from(byte: u8) -> Self {
        match byte {
            0 => Self::Any,
            1 => Self::Cellular,
            2 => Self::Wlan,
            3 => Self::Wireline,
            other => Self::Unknown(other),
        }
    }
}

impl From<ConType> for u8 {
    fn from(con_type: ConType) -> Self {
        match con_type {
            ConType::Any => 0,
            ConType::Cellular => 1,
            ConType::Wlan => 2,
            ConType::Wireline => 3,
            ConType::Unknown(other) => other,
        }
    }
}

/// NOTIFICATION-ID: tells a repeated notification from a new one. A resend keeps the id, a new request has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct NotificationId(pub u16);

/// POSIX time in seconds, as TIMESTAMP carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// The seconds between two times, whichever is earlier.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    pub(crate) const fn saturating_add(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_unchanged() {
        assert!((0..=u16::MAX).all(|n| u16::from(OptionNumber::from(n)) == n));
        assert!((0..=u8::MAX).all(|n| u8::from(ConType::from(n)) == n));
    }
}
