//! Shared pieces of the benches.

pub mod accept;
pub mod counting;
pub mod documents;
pub mod peers;
pub mod sessions;
pub mod trees;

/// The repository's README: its example runs as a doctest here, where all crates are at hand.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
