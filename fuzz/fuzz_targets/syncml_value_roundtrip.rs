//! Any message: what can be encoded comes back the same from both encodings.
#![no_main]

#[path = "../../dm-syncml/tests/checks/mod.rs"]
mod checks;

use dm_syncml::Message;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|message: Message<'_>| -> Corpus {
    if checks::value_holds(&message) { Corpus::Keep } else { Corpus::Reject }
});
