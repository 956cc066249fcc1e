//! Any text in both modes; what was read can be read again from what is written.
#![no_main]

#[path = "../../dm-package/tests/checks/mod.rs"]
mod checks;

use dm_package::Package2;
use libfuzzer_sys::{Corpus, fuzz_target};

round_trip!(holds, Package2);

fuzz_target!(|data: &[u8]| -> Corpus { if holds(data) { Corpus::Keep } else { Corpus::Reject } });
