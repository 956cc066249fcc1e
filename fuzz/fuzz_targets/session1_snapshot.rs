//! Snapshots of DM 1.2 machines that strangers wrote: refused, or a machine that works and can be stored again.
#![no_main]

#[path = "../../dm-session/tests/support/dm1_driver/mod.rs"]
mod driver;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((kind, text)) = data.split_first() else { return Corpus::Reject };
    let restored = if kind % 2 == 0 { driver::restore_client(text) } else { driver::restore_server(text) };
    if restored { Corpus::Keep } else { Corpus::Reject }
});
