//! Bytes → value → bytes, in both modes.
#![no_main]

#[path = "../../dm-notification/tests/checks/mod.rs"]
mod checks;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if checks::parse_roundtrip(data) { Corpus::Keep } else { Corpus::Reject } });
