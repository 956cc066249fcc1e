//! What has to hold for any text in both modes. Fuzz targets and the replay of their seeds share it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared by tests and fuzz targets"
)]

/// Makes `fn $name(&[u8]) -> bool`: reads the text in both modes and checks errors, deviations, ownership
/// and what is written of it. Whether the text is read at all.
#[macro_export]
macro_rules! round_trip {
    ($name:ident, $type:ident) => {
        fn $name(data: &[u8]) -> bool {
            use dm_package::{Limits, Strictness};
            let strict = $type::parse_with(data, Strictness::Strict, &Limits::DEFAULT);
            let lenient = $type::parse_with(data, Strictness::Lenient, &Limits::DEFAULT);
            for error in [strict.as_ref().err(), lenient.as_ref().err()].into_iter().flatten() {
                assert!(error.offset() <= data.len());
            }
            let Ok(lenient) = lenient else {
                assert!(strict.is_err());
                return false;
            };
            assert_eq!(lenient.value.clone().into_owned(), lenient.value);
            assert!(lenient.deviations.iter().all(|found| found.offset() <= data.len()));
            if let Ok(strict) = strict
                && strict.deviations.is_empty()
            {
                assert_eq!(strict, lenient);
            }
            // What may not be sent is refused, with nothing written.
            let mut wire = vec![0];
            match lenient.value.encode(&mut wire) {
                Err(error) => {
                    assert_eq!(wire, [0]);
                    assert_eq!(lenient.value.encoded_len(), Err(error));
                }
                Ok(()) => {
                    let wire = &wire[1..];
                    assert_eq!(lenient.value.encoded_len(), Ok(wire.len()));
                    let again = $type::parse_with(wire, Strictness::Strict, &Limits::DEFAULT);
                    let again = again.expect("what is written is strict");
                    assert_eq!(again.value, lenient.value);
                    assert!(again.deviations.is_empty());
                }
            }
            true
        }
    };
}
