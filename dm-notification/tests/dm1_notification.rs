//! The notification of DM 1.x: the worked vectors, limits, readings, and what implementers get wrong.
#![cfg(all(feature = "dm1", feature = "alloc"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_support;

use dm_notification::dm1::{
    CONTENT_TYPE, Credentials, Error, ErrorKind, Initiator, Limits, MAX_SERVER_ID_LEN, Notification,
    NotificationBuilder, ParseOptions, SessionId, Trigger, UiMode, VERSION, sms, wsp,
};
use dm1_support::{STRICT, Vector, WITH_12, hex, unhex};

const SERVER: &str = "com.mgmtsrv.manage";
const PASSWORD: &[u8] = b"srvpassword";

fn credentials() -> Credentials<'static> {
    Credentials::new(PASSWORD, b"Nonce")
}

fn id(n: u16) -> SessionId {
    SessionId::new(n).unwrap()
}

/// Vector A.
fn a() -> NotificationBuilder<'static> {
    NotificationBuilder::new(SERVER, id(0x1234)).unwrap().ui_mode(UiMode::Background).initiator(Initiator::User)
}

fn said<T>(result: Result<T, Error>) -> Result<(), (ErrorKind, usize)> {
    result.map(|_| ()).map_err(|error| (error.kind(), error.offset()))
}

#[test]
fn vectors_a_b_and_c_to_the_bit() {
    let b = NotificationBuilder::new(SERVER, id(1)).unwrap().ui_mode(UiMode::UserInteraction).vendor_data(b"\xca\xfe");
    let c = NotificationBuilder::new("a", id(0xffff)).unwrap().ui_mode(UiMode::Informative);
    let rows = [
        (a(), "d301e60b4532b1efd63d27d70d5f19dd02d0000000123412636f6d2e6d676d747372762e6d616e616765", "1234"),
        (b, "89fa0e79bc816e9613b87a0af07534f302f8000000000112636f6d2e6d676d747372762e6d616e616765cafe", "1"),
        (c, "0f646a784613889ee89ed1bfdc55fd9a02e8000000ffff0161", "FFFF"),
    ];
    for (built, wire, session) in rows {
        assert_eq!(hex(&built.sign(&credentials()).to_vec()), wire);
        let wire = unhex(wire);
        let read = Notification::parse_with(&wire, &STRICT).unwrap();
        assert_eq!(NotificationBuilder::try_from(&read), Ok(built));
        assert_eq!(read.verify(&credentials()), Ok(()));
        assert_eq!(read.session_id().unwrap().to_string(), session);
    }
}

#[test]
fn the_short_message_of_vector_a() {
    let mut push = Vec::new();
    wsp::encode(1, &a().sign(&credentials()).to_vec(), &mut push).unwrap();
    let mut user_data = Vec::new();
    sms::UserData::new(0xc002, &push).encode(&mut user_data).unwrap();
    assert_eq!(user_data.len(), 55);
    assert_eq!(user_data, Vector::named("sms", "vector_a"));
}

#[test]
fn negatives_of_vector_a() {
    let wire = Vector::named("", "a_nonce");
    let with = |at: usize, byte: u8| {
        let mut bytes = wire.clone();
        bytes[at] = byte;
        bytes
    };
    assert_eq!(said(Notification::parse(&wire[..24])), Err((ErrorKind::UnexpectedEnd, 24)));
    assert_eq!(said(Notification::parse(&with(23, 0))), Err((ErrorKind::ServerIdEmpty, 23)));
    assert_eq!(said(Notification::parse(&with(23, 19))), Err((ErrorKind::UnexpectedEnd, 24)));
    // Versions 10, 12 and 13 take the place of 11.
    for (first, second) in [(0x02, 0x90), (0x03, 0x10), (0x03, 0x50)] {
        let mut bytes = with(16, first);
        bytes[17] = second;
        assert_eq!(said(Notification::parse(&bytes)), Err((ErrorKind::UnsupportedVersion, 16)));
    }
    // One octet less of the identifier makes the last one vendor data: readable, and not genuine.
    let shorter = with(23, 17);
    let read = Notification::parse(&shorter).unwrap();
    assert_eq!(read.vendor_data(), b"e");
    assert_eq!(said(read.verify(&credentials())), Err((ErrorKind::DigestMismatch, 0)));
}

#[test]
fn at_each_limit_and_one_beyond() {
    let wire = Vector::named("", "b_nonce");
    let with = |limits: Limits| said(Notification::parse_with(&wire, &ParseOptions::DEFAULT.with_limits(limits)));
    assert_eq!(with(Limits::DEFAULT.with_max_message_len(44)), Ok(()));
    assert_eq!(with(Limits::DEFAULT.with_max_message_len(43)), Err((ErrorKind::MessageTooLong, 43)));
    assert_eq!(with(Limits::DEFAULT.with_max_message_len(0)), Err((ErrorKind::MessageTooLong, 0)));
    assert_eq!(with(Limits::DEFAULT.with_max_server_id_len(18)), Ok(()));
    assert_eq!(with(Limits::DEFAULT.with_max_server_id_len(17)), Err((ErrorKind::ServerIdTooLong, 41)));
    assert_eq!(with(Limits::DEFAULT.with_max_server_id_len(0)), Err((ErrorKind::ServerIdTooLong, 24)));
    for (kind, limit, incomplete) in [
        (ErrorKind::MessageTooLong, true, false),
        (ErrorKind::ServerIdTooLong, true, false),
        (ErrorKind::TooManyParts, true, false),
        (ErrorKind::UnexpectedEnd, false, true),
        (ErrorKind::DigestMismatch, false, false),
    ] {
        assert_eq!((kind.is_limit(), kind.is_incomplete()), (limit, incomplete));
    }

    // The default: 4096 bytes, and 255 of an identifier.
    let vendor = [7; 4096];
    let long = [b'x'; 256];
    let built = NotificationBuilder::new(&long[..255], id(1)).unwrap();
    let full = built.vendor_data(&vendor[..4096 - 24 - 255]).sign(&credentials()).to_vec();
    assert_eq!(full.len(), Limits::DEFAULT.max_message_len);
    assert_eq!(Notification::parse(&full).unwrap().server_id().len(), MAX_SERVER_ID_LEN);
    let beyond = [&full[..], &[7]].concat();
    assert_eq!(said(Notification::parse(&beyond)), Err((ErrorKind::MessageTooLong, 4096)));
    assert_eq!(said(NotificationBuilder::new(&long, id(1))), Err((ErrorKind::ServerIdTooLong, 255)));
    assert_eq!(said(NotificationBuilder::new("", id(1))), Err((ErrorKind::ServerIdEmpty, 0)));
}

#[test]
fn the_smallest_has_25_octets() {
    let wire = Vector::named("", "c_nonce");
    assert_eq!(wire.len(), 25);
    assert!(Notification::parse_with(&wire, &STRICT).is_ok());
    assert_eq!(said(Notification::parse(&wire[..24])), Err((ErrorKind::UnexpectedEnd, 24)));
}

#[test]
fn session_ids_from_1_to_65535() {
    assert_eq!(SessionId::new(0), None);
    for (number, text) in [(1, "1"), (0xab, "AB"), (0x0abc, "ABC"), (0x1234, "1234"), (0xffff, "FFFF")] {
        assert_eq!((id(number).number(), id(number).to_string()), (number, text.to_owned()));
    }
    let zero = Vector::named("bad", "session_id_0");
    let read = Notification::parse(&zero).unwrap();
    assert_eq!(read.session_id(), None);
    assert_eq!(said(NotificationBuilder::try_from(&read)), Err((ErrorKind::SessionIdZero, 21)));
    assert_eq!(said(read.encode(&mut Vec::new())), Err((ErrorKind::SessionIdZero, 21)));
}

#[test]
fn reading_version_12_only_when_asked() {
    let wire = Vector::named("bad", "version_12");
    assert_eq!(said(Notification::parse(&wire)), Err((ErrorKind::UnsupportedVersion, 16)));
    let read = Notification::parse_with(&wire, &WITH_12).unwrap();
    assert_eq!((read.version(), read.verify(&credentials())), (12, Ok(())));
    let met: Vec<_> = read.deviations().map(|e| (e.kind(), e.offset())).collect();
    assert_eq!(met, [(ErrorKind::UnsupportedVersion, 16)]);
    // Strict mode outweighs the switch, and no other version comes with it.
    let both = STRICT.with_version_12(true);
    assert_eq!(said(Notification::parse_with(&wire, &both)), Err((ErrorKind::UnsupportedVersion, 16)));
    for other in ["version_0", "version_10", "version_13", "version_1023"] {
        assert!(Notification::parse_with(&Vector::named("bad", other), &WITH_12).is_err(), "{other}");
    }
    // Encoded again it says 11, and the copied digest is no longer right.
    let mut again = Vec::new();
    read.encode(&mut again).unwrap();
    let again = Notification::parse_with(&again, &STRICT).unwrap();
    assert!(again.version() == VERSION && again.verify(&credentials()).is_err());
}

#[test]
fn reading_future_use_is_ignored_but_hashed() {
    let wire = Vector::named("bad", "future_use_last_bit");
    let read = Notification::parse(&wire).unwrap();
    assert_eq!((read.future_use(), read.verify(&credentials())), (1, Ok(())));
    let mut cleared = wire.clone();
    cleared[20] = 0;
    assert!(Notification::parse(&cleared).unwrap().verify(&credentials()).is_err());
}

#[test]
fn vendor_data_comes_with_its_offset() {
    let wire = Vector::named("", "b_nonce");
    let read = Notification::parse(&wire).unwrap();
    assert_eq!((read.vendor_data(), read.vendor_data_offset()), (&[0xca, 0xfe][..], 42));
    let none = Vector::named("", "a_nonce");
    let read = Notification::parse(&none).unwrap();
    assert_eq!((read.vendor_data(), read.vendor_data_offset()), (&[][..], 42));
}

#[test]
fn what_fits_into_one_short_message() {
    // 103 octets of identifier and vendor data, and not one more.
    for (vendor, parts) in [(85, 1), (86, 2)] {
        let data = [0x55; 86];
        let mut push = Vec::new();
        wsp::encode(0, &a().vendor_data(&data[..vendor]).sign(&credentials()).to_vec(), &mut push).unwrap();
        assert_eq!(sms::split(&push, 0, sms::Reference::Short(0)).unwrap().len(), parts, "{vendor}");
    }
}

#[test]
fn a_digest_from_a_hash_engine() {
    let signed = a().sign(&credentials());
    assert_eq!(a().with_digest(*signed.digest()), signed);
    let wire = signed.to_vec();
    assert_eq!(Notification::parse(&wire).unwrap().trigger(), &a().with_digest([0; 16]).to_vec()[16..]);
}

#[test]
fn secrets_and_input_stay_out_of_logs() {
    let shown = format!("{:?} {:?}", credentials(), Credentials::from_hash("hash", b"Nonce"));
    assert_eq!(shown, "Credentials(..) Credentials(..)");
    let error = Notification::parse(&Vector::named("bad", "length_0")).unwrap_err();
    assert_eq!(error.to_string(), "empty server identifier at byte 23");
}

// What implementers get wrong (§10), as far as it can be seen in the bytes. Receiving is tested in `dm1_receiver`.

#[test]
fn wrong_01_the_version_is_11_and_not_that_of_dm() {
    let wire = a().sign(&credentials()).to_vec();
    assert_eq!((wire[16], wire[17] & 0xc0, VERSION), (0x02, 0xc0, 11));
}

#[test]
fn wrong_02_the_digest_covers_the_trigger_whole_and_not_itself() {
    for name in ["header_alone_hashed", "vendor_data_not_hashed", "digest_hashed_too", "vendor_octet_appended"] {
        assert!(Notification::parse(&Vector::named("wrong", name)).unwrap().verify(&credentials()).is_err(), "{name}");
    }
}

#[test]
fn wrong_03_octets_of_the_nonce_base64_of_the_hash_raw_digest() {
    for name in ["nonce_in_base64", "nonce_cut", "trigger_hash_in_hex", "digest_in_base64", "digest_in_hex", "rfc_2104"]
    {
        assert!(Notification::parse(&Vector::named("wrong", name)).unwrap().verify(&credentials()).is_err(), "{name}");
    }
    let wire = Vector::named("", "nonce_with_nul_and_colon");
    let nonce = Credentials::new(PASSWORD, b"\0:\r\n\xff");
    assert_eq!(Notification::parse(&wire).unwrap().verify(&nonce), Ok(()));
}

#[test]
fn wrong_05_big_endian_throughout() {
    let wire = a().sign(&credentials()).to_vec();
    assert_eq!(wire[21..23], [0x12, 0x34]);
    assert!(Notification::parse(&Vector::named("bad", "version_little_endian")).is_err());
}

#[test]
fn wrong_06_session_ids_in_hexadecimal_and_alert_1200() {
    assert_eq!(id(0x000a).to_string(), "A");
    assert_eq!(Trigger::ALERT, 1200);
    // Whoever caused it: a session that a notification brings was initiated by the server.
    assert_eq!(Trigger::new(SERVER, id(1)).initiator, Initiator::Server);
}

#[test]
fn wrong_09_and_10_the_push_is_known_by_its_headers() {
    for name in ["other_headers_around", "content_type_text", "headers_of_200_bytes"] {
        assert!(wsp::Push::parse(&Vector::named("push", name)).unwrap().notification().is_ok(), "{name}");
    }
    for name in ["content_type_of_dm_1_3", "content_type_of_dm_1_3_text", "application_id_of_another"] {
        assert!(wsp::Push::parse(&Vector::named("push", name)).unwrap().notification().is_err(), "{name}");
    }
    let secure = Vector::named("sms", "secure_port");
    assert!(!sms::UserData::parse(&secure).unwrap().is_push());
    assert_eq!(CONTENT_TYPE, "application/vnd.syncml.notification");
}

#[test]
fn wrong_11_the_identifier_is_not_longer_than_what_came() {
    for (len, left) in [(255_u8, 0_usize), (255, 254), (2, 1), (1, 0)] {
        let mut wire = vec![0; 24 + left];
        wire[16..18].copy_from_slice(&[0x02, 0xc0]);
        wire[23] = len;
        assert_eq!(said(Notification::parse(&wire)), Err((ErrorKind::UnexpectedEnd, 24)), "{len} {left}");
    }
}
