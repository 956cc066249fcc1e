use core::fmt;
use core::num::NonZeroU16;

/// What the server recommends to do with the user before the session (ui-mode, §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[expect(clippy::exhaustive_enums, reason = "two bits, and all four values have a meaning")]
pub enum UiMode {
    /// `00`: as the device sees fit.
    #[default]
    NotSpecified,
    /// `01`: without the user.
    Background,
    /// `10`: tell the user, then run.
    Informative,
    /// `11`: ask the user first.
    UserInteraction,
}

impl UiMode {
    /// From the low two bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0b00 => Self::NotSpecified,
            0b01 => Self::Background,
            0b10 => Self::Informative,
            _ => Self::UserInteraction,
        }
    }

    /// The two bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotSpecified => 0b00,
            Self::Background => 0b01,
            Self::Informative => 0b10,
            Self::UserInteraction => 0b11,
        }
    }
}

/// Who caused the session, as the server sees it (initiator, §1.3). For information: a session that a notification brings
/// begins with alert 1200 either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[expect(clippy::exhaustive_enums, reason = "one bit")]
pub enum Initiator {
    /// `0`: the end user.
    User,
    /// `1`: the server.
    Server,
}

impl Initiator {
    /// From the lowest bit.
    #[must_use]
    pub const fn from_bit(bit: u8) -> Self {
        if bit & 1 == 0 { Self::User } else { Self::Server }
    }

    /// The bit.
    #[must_use]
    pub const fn bit(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Server => 1,
        }
    }
}

/// The session that the server expects (sessionid, §1.5): 1 to 65535. A resend keeps it, another session has another.
///
/// It is displayed as the text of SessionID in SyncHdr: hexadecimal, upper case, without leading zeros.
///
/// ```
/// use dm_notification::dm1::SessionId;
/// let texts = [0x1234, 0x00ab, 0xffff].map(|id| SessionId::new(id).unwrap().to_string());
/// assert_eq!(texts, ["1234", "AB", "FFFF"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SessionId(NonZeroU16);

impl SessionId {
    /// `None` for 0, which is no session.
    #[must_use]
    pub const fn new(id: u16) -> Option<Self> {
        match NonZeroU16::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back_unchanged() {
        assert!((0..4).all(|bits| UiMode::from_bits(bits).bits() == bits));
        assert!((0..2).all(|bit| Initiator::from_bit(bit).bit() == bit));
    }
}
