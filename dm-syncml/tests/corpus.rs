//! The fuzzing seeds, replayed by an ordinary test.
#![cfg(all(feature = "xml", feature = "wbxml"))]
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

/// Replays the seeds of a target, of which some must be read and not all.
fn replay(target: &str, holds: fn(&[u8]) -> bool) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut seeds: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let mut held = 0;
    for seed in &seeds {
        println!("{}", seed.display());
        held += usize::from(holds(&fs::read(seed).unwrap()));
    }
    assert!(held > seeds.len() / 4, "{held} of {} seeds in {} are read", seeds.len(), dir.display());
}

#[test]
fn texts() {
    replay("syncml_xml_roundtrip", checks::xml_holds);
}

#[test]
fn binaries() {
    replay("syncml_wbxml_roundtrip", checks::wbxml_holds);
}

#[test]
fn both_ways() {
    replay("syncml_xml_vs_wbxml", checks::xml_and_wbxml_agree);
}

#[cfg(feature = "fuzzing")]
#[test]
fn fast_and_slow() {
    replay("syncml_fast_vs_slow", checks::fast_and_slow_agree);
}

#[cfg(feature = "arbitrary")]
#[test]
fn values() {
    use arbitrary::{Arbitrary as _, Unstructured};

    replay("syncml_value_roundtrip", |seed| {
        dm_syncml::Message::arbitrary(&mut Unstructured::new(seed)).is_ok_and(|message| checks::value_holds(&message))
    });
}
