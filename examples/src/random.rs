//! Randomness from the operating system.

/// Random bytes.
///
/// # Panics
///
/// If the operating system has none to give: session tokens without them would be worse.
#[expect(clippy::expect_used, reason = "there is no way on without randomness")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
