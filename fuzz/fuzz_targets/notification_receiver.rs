//! A receiver through an arbitrary history.
#![no_main]

#[path = "../../dm-notification/tests/checks/mod.rs"]
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (unsigned_too, steps) = checks::history(data);
    checks::receiver(unsigned_too, &steps);
});
