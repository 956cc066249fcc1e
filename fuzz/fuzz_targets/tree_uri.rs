//! Any text as the URI of a node, by each set of rules: what is read can be written and is read again.
#![no_main]

#[path = "../../dm-session/tests/dm1_text/mod.rs"]
mod dm1_text;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus { if dm1_text::uri_holds(text) { Corpus::Keep } else { Corpus::Reject } });
