//! Replays the committed fuzz corpora through the assertions of the fuzz targets.
#![cfg(all(feature = "serde", feature = "arbitrary", feature = "std"))]
#![allow(clippy::unwrap_used)]

mod checks;
mod files;

use arbitrary::{Arbitrary, Unstructured};

#[test]
fn notification_parse_roundtrip() {
    for seed in files::corpus("notification_parse_roundtrip") {
        checks::parse_roundtrip(&seed);
    }
}

#[test]
fn notification_value_roundtrip() {
    for seed in files::corpus("notification_value_roundtrip") {
        let (secret, auth_data, built) = Arbitrary::arbitrary_take_rest(Unstructured::new(&seed)).unwrap();
        checks::value_roundtrip(built, secret, auth_data);
    }
}

#[test]
fn notification_receiver() {
    for seed in files::corpus("notification_receiver") {
        let (unsigned_too, steps) = checks::history(&seed);
        checks::receiver(unsigned_too, &steps);
    }
}
