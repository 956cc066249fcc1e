//! Either encoding to the other and back: nothing is lost, or it is refused.
#![no_main]

#[path = "../../dm-syncml/tests/checks/mod.rs"]
mod checks;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { if checks::xml_and_wbxml_agree(data) { Corpus::Keep } else { Corpus::Reject } });
