//! A receiver of DM 1.x through an arbitrary history.
#![no_main]

#[path = "../../dm-notification/tests/dm1_checks/mod.rs"]
mod dm1_checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dm1_checks::receiver(&dm1_checks::history(data)));
