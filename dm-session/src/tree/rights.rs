//! What a server may do with an MO instance.

use core::fmt;
use core::ops::{BitAnd, BitOr};

/// Rights of a DM server on one MO instance (`OMA-TS-DM_Protocol-V2_0 §9`, delegation access
/// control): a set of four.
///
/// | letter | right | commands |
/// | --- | --- | --- |
/// | `R` | Read | GET, HPUT, HPOST, SUB |
/// | `W` | Write | HGET, DELETE |
/// | `X` | Execute | EXEC |
/// | `D` | Delegate | passing on rights |
///
/// ```
/// use dm_session::tree::Rights;
///
/// let rights = Rights::READ | Rights::EXECUTE;
/// assert!(rights.contains(Rights::READ) && !rights.contains(Rights::WRITE));
/// assert_eq!(rights.to_string(), "RX");
/// assert_eq!(Rights::from_letters("XR"), Some(rights));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rights(u8);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Read.
    pub const READ: Self = Self(1);
    /// Write.
    pub const WRITE: Self = Self(2);
    /// Execute.
    pub const EXECUTE: Self = Self(4);
    /// Delegate.
    pub const DELEGATE: Self = Self(8);
    /// All four: what the creator of an instance has.
    pub const ALL: Self = Self(15);

    const LETTERS: [(char, Self); 4] =
        [('R', Self::READ), ('W', Self::WRITE), ('X', Self::EXECUTE), ('D', Self::DELEGATE)];

    /// Whether `self` has every right of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no right in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set written in letters, each of `RWXD` at most once, in any order.
    #[must_use]
    pub fn from_letters(letters: &str) -> Option<Self> {
        let mut rights = Self::NONE;
        for letter in letters.chars() {
            let (_, right) = Self::LETTERS.into_iter().find(|(have, _)| *have == letter)?;
            if rights.contains(right) {
                return None;
            }
            rights = rights | right;
        }
        Some(rights)
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Rights {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, right) in Self::LETTERS {
            if self.contains(right) {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn letters_read_back() {
        for bits in 0..16 {
            let rights = Rights(bits);
            assert_eq!(Rights::from_letters(&rights.to_string()), Some(rights));
        }
        for bad in ["r", "RR", "R W", "E"] {
            assert_eq!(Rights::from_letters(bad), None, "{bad}");
        }
    }
}
