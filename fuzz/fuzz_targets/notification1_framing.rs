//! WSP, user data of short messages, and parts that are joined.
#![no_main]

#[path = "../../dm-notification/tests/dm1_checks/mod.rs"]
mod dm1_checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dm1_checks::framing_and_joining(data));
