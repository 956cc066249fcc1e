//! Randomness comes from the host.

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
