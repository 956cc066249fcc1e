//! The fuzzing seeds, replayed by an ordinary test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod checks;

use std::fs;
use std::path::Path;

use dm_package::{ClientUri, Json, MoData, Package1, Package2, Package3, ServerUri};

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let seeds: Vec<Vec<u8>> =
        fs::read_dir(&dir).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "no seeds in {}", dir.display());
    seeds
}

round_trip!(package1_holds, Package1);
round_trip!(package2_holds, Package2);
round_trip!(package3_holds, Package3);
round_trip!(serialization_holds, MoData);

/// Replays the seeds of a target, of which some must be read.
fn replay(target: &str, holds: fn(&[u8]) -> bool) {
    assert!(seeds(target).iter().filter(|seed| holds(seed)).count() > 0);
}

#[test]
fn packages_and_serializations() {
    replay("package1_roundtrip", package1_holds);
    replay("package2_roundtrip", package2_holds);
    replay("package3_roundtrip", package3_holds);
    replay("package_mo_roundtrip", serialization_holds);
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
