//! Any text in both modes; what was read can be read again from what is written.
#![no_main]

use dm_package::{Limits, MoData, Strictness};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let strict = MoData::parse_with(data, Strictness::Strict, &Limits::DEFAULT);
    let lenient = MoData::parse_with(data, Strictness::Lenient, &Limits::DEFAULT);
    for error in [strict.as_ref().err(), lenient.as_ref().err()].into_iter().flatten() {
        assert!(error.offset() <= data.len());
    }
    let Ok(lenient) = lenient else {
        assert!(strict.is_err());
        return Corpus::Reject;
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
            let again =
                MoData::parse_with(wire, Strictness::Strict, &Limits::DEFAULT).expect("what is written is strict");
            assert_eq!(again.value, lenient.value);
            assert!(again.deviations.is_empty());
        }
    }
    Corpus::Keep
});
