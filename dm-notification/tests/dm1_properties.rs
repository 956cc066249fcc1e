//! Properties of DM 1.x notifications over arbitrary inputs, and the committed seeds of the fuzz targets.
#![cfg(all(feature = "dm1", feature = "serde", feature = "arbitrary", feature = "std"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_checks;
mod dm1_support;
mod files;

use arbitrary::{Arbitrary, Unstructured};
use dm_notification::dm1::sms::{Reference, UserData};
use dm_notification::dm1::{Credentials, Notification, NotificationBuilder, SessionId, wsp};
use dm1_support::{STRICT, Vector};
use proptest::prelude::*;

/// Wire bytes that mostly make sense: the right version, a fair length.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let header =
        (prop_oneof![6 => Just(11_u64), 1 => Just(12), 1 => 0..1024_u64], 0..8_u64, any::<u64>(), any::<u16>());
    (header, prop_oneof![4 => Just(0), 1 => 1..3_u8], prop::collection::vec(any::<u8>(), 0..300), any::<[u8; 16]>())
        .prop_map(|((version, modes, future, id), set, rest, digest)| {
            let future = if set == 0 { 0 } else { future & 0x07ff_ffff };
            let len = rest.len().min(usize::from(id as u8) % 40 + 1) as u64;
            let header = version << 54 | modes << 51 | future << 24 | u64::from(id) << 8 | len;
            [&digest[..], &header.to_be_bytes(), &rest].concat()
        })
}

/// Pushes and user data that mostly make sense.
fn plausible_frames() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just(vec![0xaf, 0x87]),
        (0x80..=0xff_u8, 0x80..=0xff_u8).prop_map(|(name, value)| vec![name, value]),
        (0x80..=0xff_u8, prop::collection::vec(any::<u8>(), 0..30)).prop_map(|(name, value)| [
            &[name, value.len() as u8][..],
            &value
        ]
        .concat()),
        ("[ -~]{0,9}", "[ -~]{0,9}").prop_map(|(name, value)| format!("X{name}\0{value}\0").into_bytes()),
        (1..32_u8).prop_map(|page| vec![page]),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    let type_ = prop_oneof![
        3 => Just(vec![0xc4]),
        1 => Just(b"application/vnd.syncml.notification\0".to_vec()),
        1 => Just(vec![1, 0xc4]),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ];
    let push = (type_, prop::collection::vec(header, 0..6), -1..2_i64).prop_map(|(type_, headers, off)| {
        let headers = [type_, headers.concat()].concat();
        let len = u64::try_from((headers.len() as i64 + off).max(0)).unwrap();
        let length = if len < 128 { vec![len as u8] } else { vec![0x80 | (len >> 7) as u8, len as u8 & 0x7f] };
        [&[9, 6][..], &length, &headers, b"what follows"].concat()
    });
    let element = prop_oneof![
        any::<[u8; 4]>().prop_map(|v| [&[5, 4][..], &v].concat()),
        any::<[u8; 3]>().prop_map(|v| [&[0, 3][..], &v].concat()),
        any::<[u8; 4]>().prop_map(|v| [&[8, 4][..], &v].concat()),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|v| [&[0x24, v.len() as u8][..], &v].concat()),
    ];
    let sms = (prop::collection::vec(element, 0..4), 0..120_usize).prop_map(|(elements, body)| {
        let elements = elements.concat();
        [vec![elements.len() as u8], elements, vec![0x55; body]].concat()
    });
    prop_oneof![push, sms]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_to_value_to_bytes(wire in plausible()) {
        dm1_checks::parse_roundtrip(&wire);
    }

    #[test]
    fn random_bytes_never_panic(wire in prop::collection::vec(any::<u8>(), 0..300)) {
        dm1_checks::parse_roundtrip(&wire);
        dm1_checks::framing(&wire);
    }

    #[test]
    fn value_to_bytes_to_value(seed in prop::collection::vec(any::<u8>(), 0..400), password: Vec<u8>, nonce: Vec<u8>) {
        let built = NotificationBuilder::arbitrary_take_rest(Unstructured::new(&seed)).unwrap();
        dm1_checks::value_roundtrip(built, &password, &nonce);
    }

    #[test]
    fn every_length_of_server_id(len in 1..=255_usize, vendor in 0..2000_usize) {
        let (server_id, vendor) = (vec![0xfe; len], vec![1; vendor]);
        let built = NotificationBuilder::new(&server_id, SessionId::new(1).unwrap()).unwrap().vendor_data(&vendor);
        dm1_checks::value_roundtrip(built, b"k", b"");
    }

    #[test]
    fn frames_to_values_to_frames(data in plausible_frames()) {
        dm1_checks::framing(&data);
    }

    #[test]
    fn divided_and_joined(len in 0..1300_usize, order: Vec<u8>, reference: u16, long: bool) {
        let push: Vec<u8> = (0..len).map(|n| n.to_le_bytes()[0] ^ (n >> 8) as u8).collect();
        let reference = if long { Reference::Long(reference) } else { Reference::Short(reference as u8) };
        dm1_checks::divide_and_join(&push, reference, &order);
    }

    #[test]
    fn rules_of_the_receiver(seed in prop::collection::vec(any::<u8>(), 0..1200)) {
        dm1_checks::receiver(&dm1_checks::history(&seed));
    }
}

#[test]
fn seeds_of_notification1_parse_roundtrip() {
    for seed in files::corpus("notification1_parse_roundtrip") {
        dm1_checks::parse_roundtrip(&seed);
    }
}

#[test]
fn seeds_of_notification1_value_roundtrip() {
    for seed in files::corpus("notification1_value_roundtrip") {
        let (password, nonce, built) = Arbitrary::arbitrary_take_rest(Unstructured::new(&seed)).unwrap();
        dm1_checks::value_roundtrip(built, password, nonce);
    }
}

#[test]
fn seeds_of_notification1_framing() {
    for seed in files::corpus("notification1_framing") {
        dm1_checks::framing_and_joining(&seed);
    }
}

#[test]
fn seeds_of_notification1_receiver() {
    for seed in files::corpus("notification1_receiver") {
        dm1_checks::receiver(&dm1_checks::history(&seed));
    }
}

#[test]
fn every_vector_comes_back_as_it_was() {
    for vector in Vector::notifications() {
        let read = dm1_checks::parse_roundtrip(&vector.bytes);
        assert_eq!(read, vector.one("server-id").is_some(), "{}", vector.name);
    }
    for vector in Vector::all("push").into_iter().chain(Vector::all("sms")) {
        dm1_checks::framing_and_joining(&vector.bytes);
    }
}

#[test]
fn every_truncation_of_every_vector_errs_before_the_cut() {
    for vector in Vector::notifications() {
        let Ok(whole) = Notification::parse(&vector.bytes) else { continue };
        for cut in 0..whole.vendor_data_offset() {
            let error = Notification::parse(&vector.bytes[..cut]).unwrap_err();
            assert!(error.offset() <= cut && error.kind().is_incomplete(), "{} cut at {cut}: {error}", vector.name);
            let error = Notification::parse_with(&vector.bytes[..cut], &STRICT).unwrap_err();
            assert!(error.offset() <= cut, "{} cut at {cut}: {error}", vector.name);
        }
    }
    // Without the last octets of its vendor data it can be read, and the digest tells.
    for vector in Vector::all("") {
        let (password, nonce) = vector.credentials().unwrap();
        let start = Notification::parse(&vector.bytes).unwrap().vendor_data_offset();
        for cut in start..vector.bytes.len() {
            let read = Notification::parse(&vector.bytes[..cut]).unwrap();
            assert!(read.verify(&Credentials::new(&password, &nonce)).is_err(), "{} cut at {cut}", vector.name);
        }
    }
    for folder in ["push", "sms"] {
        for vector in Vector::all(folder) {
            for cut in 0..vector.bytes.len() {
                dm1_checks::framing(&vector.bytes[..cut]);
            }
        }
    }
    for cut in 0..wsp::HEADER_LEN {
        assert!(wsp::Push::parse(&wsp::header(1)[..cut]).unwrap_err().kind().is_incomplete());
    }
    for cut in 0..7 {
        assert!(UserData::parse(&Vector::named("sms", "vector_a")[..cut]).unwrap_err().kind().is_incomplete());
    }
}

#[test]
fn every_flipped_bit_of_a_signed_vector_is_noticed() {
    for vector in Vector::all("") {
        let (password, nonce) = vector.credentials().unwrap();
        for bit in 0..vector.bytes.len() * 8 {
            let mut bytes = vector.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let credentials = Credentials::new(&password, &nonce);
            let genuine = Notification::parse(&bytes).is_ok_and(|n| n.verify(&credentials).is_ok());
            assert!(!genuine, "{}: bit {bit}", vector.name);
        }
    }
}
