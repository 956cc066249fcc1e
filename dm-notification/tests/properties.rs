//! Properties over arbitrary inputs.
#![cfg(all(feature = "serde", feature = "arbitrary", feature = "std"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod checks;
mod files;

use arbitrary::{Arbitrary, Unstructured};
use dm_notification::{ErrorKind, Limits, Notification, NotificationBuilder, Strictness};
use proptest::prelude::*;

/// Wire bytes that often make sense: a header with a fair OC and options with fair lengths, some of them odd.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let option = (0..4_u8, prop_oneof![0..6_usize, Just(32), 0..40_usize], any::<[u8; 40]>());
    (prop::collection::vec(option, 0..8), 0..3_u8, prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 0..3_usize).prop_map(
        |(options, miscount, reserved, padding)| {
            let count = u8::try_from(options.len()).unwrap() + miscount / 2;
            let mut wire = vec![0x20 | count >> 1, count << 7 | reserved & 0x7f];
            for (delta, len, value) in options {
                let low = u8::try_from(len).unwrap();
                wire.extend(if len < 15 { vec![delta << 4 | low] } else { vec![delta << 4 | 15, low - 15] });
                wire.extend(value[..len].iter().map(|byte| if delta == 1 { byte & 0x3f | 0x40 } else { *byte }));
            }
            wire.extend(core::iter::repeat_n(0, padding));
            wire
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_to_value_to_bytes(wire in plausible()) {
        checks::parse_roundtrip(&wire);
    }

    #[test]
    fn random_bytes_never_panic(wire in prop::collection::vec(any::<u8>(), 0..400)) {
        checks::parse_roundtrip(&wire);
    }

    #[test]
    fn value_to_bytes_to_value(seed in prop::collection::vec(any::<u8>(), 0..300), secret: Vec<u8>, auth_data: Vec<u8>) {
        let built = NotificationBuilder::arbitrary_take_rest(Unstructured::new(&seed)).unwrap();
        checks::value_roundtrip(built, &secret, &auth_data);
    }

    #[test]
    fn every_length_of_server_id(len in 1..=270_usize) {
        let server_id = "ä".repeat(len / 2) + if len % 2 == 1 { "a" } else { "" };
        checks::value_roundtrip(NotificationBuilder::new(&server_id).unwrap(), b"k", b"");
    }

    #[test]
    fn rules_of_the_receiver(seed in prop::collection::vec(any::<u8>(), 0..1200)) {
        let (unsigned_too, steps) = checks::history(&seed);
        checks::receiver(unsigned_too, &steps);
    }
}

#[test]
fn every_truncation_of_every_vector_errs_before_the_cut() {
    for vector in files::Vector::all() {
        let Ok(whole) = Notification::parse(&vector.bytes) else {
            continue;
        };
        for cut in 0..whole.as_bytes().len() {
            for mode in [Strictness::Strict, Strictness::Lenient] {
                let error = Notification::parse_with(&vector.bytes[..cut], mode, &Limits::DEFAULT).unwrap_err();
                assert!(error.offset() <= cut, "{} cut at {cut}: {error}", vector.name);
                assert!(error.kind() == ErrorKind::UnexpectedEnd || mode == Strictness::Strict, "{error}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_signed_vector_is_noticed() {
    for vector in files::Vector::all() {
        let Some((secret, auth_data)) = vector.credentials() else {
            continue;
        };
        let covered = Notification::parse(&vector.bytes).unwrap().as_bytes().len();
        for bit in 0..covered * 8 {
            let mut bytes = vector.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let genuine = Notification::parse(&bytes).is_ok_and(|n| n.verify(&secret, &auth_data).is_ok());
            assert!(!genuine, "{}: bit {bit}", vector.name);
        }
    }
}
