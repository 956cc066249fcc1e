//! The vectors of `tests/vectors/notification`, in both modes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod files;

use dm_notification::{Limits, Notification, Strictness};
use files::Vector;

#[test]
fn every_vector_in_both_modes() {
    for vector in Vector::all() {
        let Vector { name, bytes, .. } = &vector;
        for (mode, key) in [(Strictness::Strict, "strict"), (Strictness::Lenient, "lenient")] {
            let expected = vector.one(key).filter(|outcome| outcome != "ok");
            let found = Notification::parse_with(bytes, mode, &Limits::DEFAULT).err();
            assert_eq!(found.map(|e| format!("{:?} {}", e.kind(), e.offset())), expected, "{name} {key}");
        }
        let Ok(read) = Notification::parse(bytes) else {
            continue;
        };
        assert_eq!(read.server_id().map(str::to_owned), vector.one("server-id"), "{name}");
        assert_eq!(read.con_type().map(|c| u8::from(c).to_string()), vector.one("con-type"), "{name}");
        assert_eq!(read.notification_id().map(|id| id.0.to_string()), vector.one("notification-id"), "{name}");
        assert_eq!(read.digest().map(|digest| files::hex(digest)), vector.one("digest"), "{name}");
        assert_eq!(read.timestamp().map(|time| time.0.to_string()), vector.one("timestamp"), "{name}");
        assert_eq!(read.req_mos(), vector.one("req-mos").is_some(), "{name}");
        let deviations: Vec<_> = read.deviations().map(|e| format!("{:?} {}", e.kind(), e.offset())).collect();
        assert_eq!(deviations, vector.many("deviation"), "{name}");
        if let Some((secret, auth_data)) = vector.credentials() {
            assert_eq!(read.verify(&secret, &auth_data), Ok(()), "{name}");
        }
    }
}

#[test]
#[cfg(feature = "alloc")]
fn good_ones_are_what_we_would_send() {
    for vector in Vector::all().into_iter().filter(|vector| vector.one("strict").is_none()) {
        let Vector { name, bytes, .. } = &vector;
        let read = Notification::parse_with(bytes, Strictness::Strict, &Limits::DEFAULT).unwrap();
        assert_eq!(&read.to_vec().unwrap(), bytes, "{name}");
        // Built from the expectation alone. Times in 5 to 7 bytes are legal, but ours have 4 or 8.
        let Some(server_id) = vector.one("server-id").filter(|_| name != "timestamp_5_bytes") else {
            continue;
        };
        let mut built = dm_notification::NotificationBuilder::new(&server_id).unwrap();
        let number = |key| vector.one(key).map(|n| n.parse::<u64>().unwrap());
        if let Some(n) = number("con-type") {
            built = built.con_type(u8::try_from(n).unwrap().into());
        }
        if let Some(n) = number("notification-id") {
            built = built.notification_id(dm_notification::NotificationId(n.try_into().unwrap()));
        }
        if let Some(n) = number("timestamp") {
            built = built.timestamp(dm_notification::UnixSeconds(n));
        }
        if vector.one("req-mos").is_some() {
            built = built.req_mos();
        }
        let wire = match vector.credentials() {
            Some((secret, auth_data)) => built.sign(&secret, &auth_data).to_vec(),
            None => built.to_vec(),
        };
        assert_eq!(&wire, bytes, "{name}");
    }
}
