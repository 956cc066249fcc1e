//! Any text, read in both modes as a message and as a fragment; what was read can be read again from what is written.
#![no_main]

#[path = "../../dm-syncml/tests/checks/mod.rs"]
mod checks;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if checks::xml_holds(data) { Corpus::Keep } else { Corpus::Reject } });
