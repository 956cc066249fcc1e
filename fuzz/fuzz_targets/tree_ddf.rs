//! Any bytes as a device description: what is read is the same when it is written and read again, and a tree takes it
//! or refuses it.
#![no_main]

#[path = "../../dm-session/tests/dm1_documents/mod.rs"]
mod documents;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if documents::ddf_holds(data) { Corpus::Keep } else { Corpus::Reject } });
