//! The fuzzing seeds, replayed by an ordinary test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::fs;
use std::path::Path;

use dm_package::{ClientUri, Json, Limits, MoData, Package1, Package2, Package3, ServerUri, Strictness};

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let seeds: Vec<Vec<u8>> =
        fs::read_dir(&dir).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "no seeds in {}", dir.display());
    seeds
}

macro_rules! replay {
    ($( $test:ident, $target:literal, $type:ident; )+) => { $(
        #[test]
        fn $test() {
            for seed in seeds($target) {
                let strict = $type::parse_with(&seed, Strictness::Strict, &Limits::DEFAULT);
                let lenient = $type::parse_with(&seed, Strictness::Lenient, &Limits::DEFAULT);
                if let Ok(strict) = strict && strict.deviations.is_empty() {
                    assert_eq!(lenient.as_ref(), Ok(&strict));
                }
                let Ok(lenient) = lenient else { continue };
                if let Ok(wire) = lenient.value.to_vec() {
                    assert_eq!(lenient.value.encoded_len(), Ok(wire.len()));
                    assert_eq!($type::parse(&wire).as_ref(), Ok(&lenient.value));
                }
            }
        }
    )+ };
}

replay! {
    package1, "package1_roundtrip", Package1;
    package2, "package2_roundtrip", Package2;
    package3, "package3_roundtrip", Package3;
    serialization, "package_mo_roundtrip", MoData;
}

#[test]
fn addresses() {
    for seed in seeds("package_client_uri") {
        let text = String::from_utf8_lossy(&seed);
        let _ = (ServerUri::parse(&text), Json::parse(&text));
        if let Ok(uri) = ClientUri::parse(&text) {
            assert_eq!(uri.as_str(), text);
            assert!(!uri.moid().is_empty() && uri.path().count() <= text.len());
        }
    }
}

#[cfg(feature = "arbitrary")]
#[test]
fn values() {
    use arbitrary::{Arbitrary as _, Unstructured};

    for seed in seeds("package_value_roundtrip") {
        let mut input = Unstructured::new(&seed);
        for _ in 0..8 {
            let Ok(value) = Package3::arbitrary(&mut input) else { break };
            if let Ok(wire) = value.to_vec() {
                assert_eq!(Package3::parse(&wire), Ok(value));
            }
        }
    }
}
