//! The vectors of `tests/vectors/notification/dm1`.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_support;

use dm_notification::dm1::sms::{Ports, Reference, UserData};
use dm_notification::dm1::{Credentials, Error, ErrorKind, Notification, ParseOptions, ResyncNonce, wsp};
use dm1_support::{STRICT, Vector, hex};

fn said(error: Error) -> String {
    format!("{:?} {}", error.kind(), error.offset())
}

#[test]
fn every_notification_in_both_modes() {
    for vector in Vector::notifications() {
        let Vector { name, bytes, .. } = &vector;
        for (options, key) in [(&STRICT, "strict"), (&ParseOptions::DEFAULT, "lenient")] {
            let expected = vector.one(key).filter(|outcome| outcome != "ok");
            assert_eq!(Notification::parse_with(bytes, options).err().map(said), expected, "{name} {key}");
        }
        let Ok(read) = Notification::parse(bytes) else {
            assert_eq!(vector.one("server-id"), None, "{name}");
            continue;
        };
        assert_eq!(Some(hex(read.server_id())), vector.one("server-id"), "{name}");
        let deviations: Vec<_> = read.deviations().map(said).collect();
        assert_eq!(deviations, vector.many("deviation"), "{name}");
        let Some(ui_mode) = vector.one("ui-mode") else {
            continue; // of those with a wrong digest nothing else is said
        };
        assert_eq!(read.version(), 11, "{name}");
        assert_eq!(read.ui_mode().bits().to_string(), ui_mode, "{name}");
        assert_eq!(Some(read.initiator().bit().to_string()), vector.one("initiator"), "{name}");
        let number = read.session_id().map_or(0, |id| id.number());
        assert_eq!(Some(number.to_string()), vector.one("session-id"), "{name}");
        assert_eq!(read.session_id().map(|id| id.to_string()), vector.one("session-text"), "{name}");
        assert_eq!(hex(read.vendor_data()), vector.one("vendor-data").unwrap_or_default(), "{name}");
        assert_eq!(read.future_use().to_string(), vector.one("future-use").unwrap_or("0".into()), "{name}");
        assert_eq!(Some(hex(read.digest())), vector.one("digest"), "{name}");
    }
}

#[test]
fn every_digest() {
    let mut right = 0;
    for folder in ["", "bad", "wrong"] {
        for vector in Vector::all(folder) {
            let Some((password, nonce)) = vector.credentials() else { continue };
            let read = Notification::parse(&vector.bytes).unwrap();
            let expected = if folder == "wrong" { Err((ErrorKind::DigestMismatch, 0)) } else { Ok(()) };
            let found = read.verify(&Credentials::new(&password, &nonce)).map_err(|e| (e.kind(), e.offset()));
            assert_eq!(found, expected, "{folder}/{}", vector.name);
            right += usize::from(expected.is_ok());
        }
    }
    assert!(right > 20);
}

#[test]
fn a_stored_hash_and_the_nonces_of_resynchronization() {
    let hash = "PJFom3w2SeOTLfTJ4SWl0A==";
    let stored = Credentials::from_hash(hash, b"Nonce");
    let zeros = stored.with_nonce(ResyncNonce::ZeroOctets.octets());
    let text = stored.with_nonce(ResyncNonce::Text.octets());
    for (name, credentials) in [("a_nonce", stored), ("b_nonce", stored), ("a_resync", zeros), ("a_resync_text", text)]
    {
        let wire = Vector::named("", name);
        let read = Notification::parse(&wire).unwrap();
        for other in [stored, zeros, text] {
            let same = other.nonce() == credentials.nonce();
            assert_eq!(read.verify(&other).is_ok(), same, "{name}");
        }
        let longer = format!("{hash}=");
        assert!(read.verify(&Credentials::from_hash(&longer, credentials.nonce())).is_err());
        assert!(read.verify(&Credentials::from_hash("", credentials.nonce())).is_err());
    }
}

#[test]
#[cfg(feature = "alloc")]
fn good_ones_are_what_we_would_send() {
    use dm_notification::dm1::{Initiator, NotificationBuilder, SessionId, UiMode};
    for vector in Vector::all("") {
        let number = |key: &str| vector.one(key).unwrap().parse::<u16>().unwrap();
        let bits = |key: &str| u8::try_from(number(key)).unwrap();
        let server_id = dm1_support::unhex(&vector.one("server-id").unwrap());
        let vendor_data = dm1_support::unhex(&vector.one("vendor-data").unwrap_or_default());
        let (password, nonce) = vector.credentials().unwrap();
        // Built from the expectation alone.
        let built = NotificationBuilder::new(&server_id, SessionId::new(number("session-id")).unwrap())
            .unwrap()
            .ui_mode(UiMode::from_bits(bits("ui-mode")))
            .initiator(Initiator::from_bit(bits("initiator")))
            .vendor_data(&vendor_data);
        assert_eq!(built.sign(&Credentials::new(&password, &nonce)).to_vec(), vector.bytes, "{}", vector.name);
    }
}

#[test]
fn every_push() {
    for vector in Vector::all("push") {
        let Vector { name, bytes, .. } = &vector;
        let read = wsp::Push::parse(bytes);
        assert_eq!(read.err().map(said), vector.one("error"), "{name}");
        let Ok(push) = read else { continue };
        assert_eq!(push.notification().err().map(said), vector.one("refused"), "{name}");
        assert_eq!(push.notification().ok().map(hex), vector.one("notification"), "{name}");
    }
}

#[test]
fn every_short_message() {
    for vector in Vector::all("sms") {
        let Vector { name, bytes, .. } = &vector;
        let read = UserData::parse(bytes);
        assert_eq!(read.err().map(said), vector.one("error"), "{name}");
        let Ok(data) = read else { continue };
        let number = |key: &str| vector.one(key).map(|n| n.parse::<u16>().unwrap());
        let ports = number("destination").zip(number("originator"));
        let ports = ports.map(|(destination, originator)| Ports { destination, originator });
        assert_eq!(data.ports, ports, "{name}");
        assert_eq!(data.is_push(), number("destination") == Some(2948), "{name}");
        let part = data.part.map(|part| {
            let (form, reference) = match part.reference() {
                Reference::Short(n) => ("short", n.into()),
                Reference::Long(n) => ("long", n),
                other => panic!("{other:?}"),
            };
            format!("{form} {reference} {} {}", part.total(), part.number())
        });
        assert_eq!(part, vector.one("part"), "{name}");
        assert_eq!(Some(hex(data.body)), vector.one("body"), "{name}");
        let mut buffer = [0; 140];
        let mut left = &mut buffer[..];
        data.encode(&mut left).unwrap();
        let written = 140 - left.len();
        assert_eq!(&buffer[..written] == bytes.as_slice(), vector.one("other-form").is_none(), "{name}");
    }
}
