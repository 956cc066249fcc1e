//! Limits, sinks and re-encoding.
#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod files;

use dm_notification::{
    Error, ErrorKind, Limits, Notification, NotificationBuilder, NotificationId, OptionNumber, Strictness, UnixSeconds,
};
use files::Vector;

fn with_limits(wire: &[u8], limits: Limits) -> Result<(), (ErrorKind, usize)> {
    let found = |error: Error| (error.kind(), error.offset());
    Notification::parse_with(wire, Strictness::Lenient, &limits).map(|_| ()).map_err(found)
}

#[test]
fn at_each_limit_and_one_beyond() {
    let wire = Vector::named("v2_all_options");
    let none = Limits::DEFAULT;
    assert_eq!(with_limits(&wire, none.with_max_message_len(58)), Ok(()));
    assert_eq!(with_limits(&wire, none.with_max_message_len(57)), Err((ErrorKind::MessageTooLong, 57)));
    assert_eq!(with_limits(&wire, none.with_max_options(6)), Ok(()));
    assert_eq!(with_limits(&wire, none.with_max_options(5)), Err((ErrorKind::TooManyOptions, 0)));
    assert_eq!(with_limits(&wire, none.with_max_server_id_len(10)), Ok(()));
    assert_eq!(with_limits(&wire, none.with_max_server_id_len(9)), Err((ErrorKind::ServerIdTooLong, 12)));
    assert!(ErrorKind::MessageTooLong.is_limit() && !ErrorKind::UnexpectedEnd.is_limit());
    assert!(ErrorKind::UnexpectedEnd.is_incomplete() && !ErrorKind::NoOptions.is_incomplete());
}

#[test]
fn the_default_limits_admit_all_the_format_can_hold() {
    let mut wire = vec![0x2f, 0x80, 0x1f, 0xff];
    wire.extend([b'a'; 270]);
    for _ in 0..30 {
        wire.extend([0xff, 0xff]);
        wire.extend([0; 270]);
    }
    assert_eq!(wire.len(), Limits::DEFAULT.max_message_len);
    let read = Notification::parse(&wire).unwrap();
    assert_eq!(read.options().last().unwrap().number, OptionNumber::Unknown(451));
    assert_eq!(read.deviations().count(), 30);
    wire.push(0);
    assert_eq!(with_limits(&wire, Limits::DEFAULT), Err((ErrorKind::MessageTooLong, 8434)));
}

#[test]
fn options_are_listed_with_their_places() {
    let wire = Vector::named("unknown_option_9");
    let read = Notification::parse(&wire).unwrap();
    let listed: Vec<_> = read.options().map(|o| (u16::from(o.number), o.offset, o.value_offset, o.value)).collect();
    assert_eq!(listed, [(1, 2, 3, &b"dm.example"[..]), (9, 13, 14, &[0xaa, 0xbb])]);
}

#[test]
fn what_was_read_leniently_is_encoded_strictly() {
    let recoded = |name: &str| Notification::parse(&Vector::named(name)).unwrap().to_vec();
    let v1 = Vector::named("v1_server_id");
    for name in ["unknown_option_9", "reserved_bit", "trailing"] {
        assert_eq!(recoded(name).unwrap(), v1, "{name}");
    }
    assert_eq!(recoded("req_mos_value").unwrap(), [&b"\x21\x00"[..], &v1[2..], b"\x50"].concat());
    assert_eq!(recoded("con_type_empty").unwrap(), b"\x21\x00\x12dm\x11\x00");
    assert_eq!(recoded("timestamp_digits").unwrap(), b"\x21\x00\x12dm\x44\x52\xc3\x5a\x80");
    assert_eq!(recoded("no_options").map_err(|e| (e.kind(), e.offset())), Err((ErrorKind::NoOptions, 0)));
}

#[test]
fn a_changed_form_needs_a_new_digest() {
    let (secret, data): (Vec<u8>, _) = ((0..16).collect(), b"nonce-A1");
    let wire = Vector::named("signed_with_reserved_bits_and_trailing");
    let read = Notification::parse(&wire).unwrap();
    assert_eq!(read.verify(&secret, data), Ok(()));
    let recoded = read.to_vec().unwrap();
    let error = Notification::parse(&recoded).unwrap().verify(&secret, data).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::DigestMismatch, 20));
    let again = NotificationBuilder::try_from(&read).unwrap().sign(&secret, data).to_vec();
    assert_eq!(again, Vector::named("v2_all_options"));
    // What is forwarded as it came still verifies.
    assert_eq!(Notification::parse(read.as_bytes()).unwrap().verify(&secret, data), Ok(()));
}

#[test]
fn a_builder_needs_a_server_id() {
    let wire = Vector::named("req_mos_alone");
    let error = NotificationBuilder::try_from(&Notification::parse(&wire).unwrap()).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::ServerIdMissing, 3));
    let error = Notification::parse(&wire).unwrap().verify(b"", b"").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::DigestMissing, 3));
}

#[test]
fn every_sink_gets_the_same_bytes_after_what_it_had() {
    let built = NotificationBuilder::new("dm.example").unwrap().notification_id(NotificationId(1));
    let built = built.timestamp(UnixSeconds(1)).req_mos();
    let wire = built.to_vec();
    let mut vec = b"before".to_vec();
    built.encode(&mut vec).unwrap();
    assert_eq!(vec, [b"before", &wire[..]].concat());
    #[cfg(feature = "bytes")]
    {
        let mut buffer = bytes::BytesMut::from(&b"before"[..]);
        built.encode(&mut buffer).unwrap();
        assert_eq!(buffer, vec);
    }
    let mut array = [0xa5; 64];
    let mut left = &mut array[..];
    built.encode(&mut left).unwrap();
    assert_eq!(left.len(), 64 - built.encoded_len());
    assert_eq!(array[..wire.len()], wire);
    assert!(array[wire.len()..].iter().all(|byte| *byte == 0xa5));
    // No room: an error that says where, and nothing written.
    let mut small = [0xa5; 10];
    let mut left = &mut small[..];
    let error = built.encode(&mut left).unwrap_err();
    assert_eq!((error.kind(), error.offset(), left.len()), (ErrorKind::SinkFull, 10, 10));
    assert_eq!(small, [0xa5; 10]);
}
