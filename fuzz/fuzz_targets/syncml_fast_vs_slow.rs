//! The quick way of the readers against the complete one: the same result.
#![no_main]

#[path = "../../dm-syncml/tests/checks/mod.rs"]
mod checks;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if checks::fast_and_slow_agree(data) { Corpus::Keep } else { Corpus::Reject } });
