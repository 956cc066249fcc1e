//! Bytes → value → bytes of DM 1.x, in both modes.
#![no_main]

#[path = "../../dm-notification/tests/dm1_checks/mod.rs"]
mod dm1_checks;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if dm1_checks::parse_roundtrip(data) { Corpus::Keep } else { Corpus::Reject } });
