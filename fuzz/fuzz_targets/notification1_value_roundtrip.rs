//! Value → bytes → value of DM 1.x.
#![no_main]

#[path = "../../dm-notification/tests/dm1_checks/mod.rs"]
mod dm1_checks;

use dm_notification::dm1::NotificationBuilder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], NotificationBuilder<'_>)| {
    let (password, nonce, built) = input;
    dm1_checks::value_roundtrip(built, password, nonce);
});
