//! Where a syntax error is said to be.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use dm_package::{ErrorKind, Package2};

/// The offset of a syntax error is that of the first byte that no continuation can save: the text before it could
/// still go on, the text with it cannot.
#[test]
fn syntax_errors_point_at_the_byte() {
    let texts = [
        "{\"CMD\":[[\"GET\",\"a\u{1}\"]]}",
        "{\"CMD\":[[\"a\tb\"]]}",
        "{\"C\nMD\":5}",
        "{\"é\u{1}\":1}",
        "{\"CMD\":[[\"GET\" \"a\"]]}",
        "{\"CMD\"\n:\n[}",
        "{\"CMD\":tru}",
        "{\"CMD\":01}",
        "{\"CMD\":[\"\\x\"]}",
    ];
    for text in texts {
        let error = Package2::parse(text.as_bytes()).unwrap_err();
        let first = (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)).find(|cut| {
            let whole = dm_package::Json::parse(&text[..*cut]);
            whole.is_err_and(|error| error.kind() != ErrorKind::UnexpectedEnd)
        });
        assert_eq!(Some(error.offset()), first.map(|cut| text[..cut].char_indices().last().unwrap().0), "{text:?}");
    }
}
