//! Value → bytes → value, unsigned and signed.
#![no_main]

#[path = "../../dm-notification/tests/checks/mod.rs"]
mod checks;

use dm_notification::NotificationBuilder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], NotificationBuilder<'_>)| {
    let (secret, auth_data, built) = input;
    checks::value_roundtrip(built, secret, auth_data);
});
