//! Any text as an ACL: it means what a plain set of ids means, also in canonical form, with an id less, and granted.
#![no_main]

#[path = "../../dm-session/tests/dm1_text/mod.rs"]
mod dm1_text;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus { if dm1_text::acl_holds(text) { Corpus::Keep } else { Corpus::Reject } });
