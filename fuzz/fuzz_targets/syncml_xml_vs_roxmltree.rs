//! What the XML reader accepts against what roxmltree accepts: the differences are those that the check lists.
#![no_main]

#[path = "../../benches/src/accept.rs"]
mod accept;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    if accept::agrees_with_roxmltree(data) { Corpus::Keep } else { Corpus::Reject }
});
