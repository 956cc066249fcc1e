//! Randomness comes from the host.

use core::fmt;

/// A source of random bytes, such as a device's generator or a seeded one in a test.
///
/// Every closure `FnMut(&mut [u8])` is one. A session token stands on these bytes, so a server
/// hands in a cryptographically secure source.
pub trait Entropy {
    /// Fills `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Entropy for F {
    fn fill(&mut self, out: &mut [u8]) {
        self(out);
    }
}

/// 32 random bytes for one event. Draw them anew each time from a secure source: a session token is
/// made of them, or a nonce.
#[derive(Clone, PartialEq, Eq)]
pub struct Random([u8; 32]);

impl Random {
    /// Draws from `entropy`.
    #[must_use]
    pub fn draw(entropy: &mut impl Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Random {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(redacted)")
    }
}
