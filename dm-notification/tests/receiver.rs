//! The receiver rule by rule.
#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod files;

use core::cell::Cell;
use core::time::Duration;

use dm_notification::{
    Account, Accounts, Credentials, Ignored, Limits, Notification, NotificationBuilder, NotificationId, Outcome,
    Policy, Receiver, Strictness, UnixSeconds, Unsigned,
};
use files::Vector;

const SECRET: &[u8] = b"s3cr3t";
const NOW: u64 = 1_400_000_000;

fn now() -> Option<UnixSeconds> {
    at(NOW)
}

fn at(seconds: u64) -> Option<UnixSeconds> {
    Some(UnixSeconds(seconds))
}

fn built() -> NotificationBuilder<'static> {
    NotificationBuilder::new("dm.example").unwrap()
}

fn id(n: u16) -> NotificationBuilder<'static> {
    built().notification_id(NotificationId(n))
}

fn signed(builder: NotificationBuilder<'_>) -> Vec<u8> {
    builder.sign(SECRET, b"").to_vec()
}

const PLAIN: [Account<'static>; 1] = [Account::new("dm.example")];
const PROVISIONED: [Account<'static>; 1] = [Account::new("dm.example").with_credentials(Credentials::new(SECRET, b""))];

#[test]
fn unsigned_ones_pass_as_the_policy_says() {
    use Unsigned::{Always, Never, UnlessProvisioned};
    let expected = [(Never, false, false), (UnlessProvisioned, true, false), (Always, true, true)];
    for (unsigned, plain, provisioned) in expected {
        let policy = Policy::DEFAULT.with_unsigned(unsigned);
        for (accounts, passes) in [(&PLAIN, plain), (&PROVISIONED, provisioned)] {
            let outcome = Receiver::<1, 1>::new(policy).receive(now(), &built().to_vec(), &accounts[..]);
            match outcome {
                Outcome::Trigger(trigger) => assert!(passes && !trigger.authenticated, "{unsigned:?}"),
                other => assert!(!passes && other == Outcome::Ignored(Ignored::Unsigned), "{unsigned:?}"),
            }
        }
        // A wrong digest is worse than none.
        let forged = built().sign(b"guess", b"").to_vec();
        let outcome = Receiver::<1, 1>::new(policy).receive(now(), &forged, &PROVISIONED[..]);
        assert_eq!(outcome, Outcome::Ignored(Ignored::WrongDigest));
    }
}

#[test]
fn without_server_id_only_the_only_account_and_only_signed() {
    // 20 80 | option 4, signed with SECRET, written by hand because no builder makes it.
    let nameless = |secret: &[u8]| {
        let mut wire = vec![0x20, 0x80, 0x4f, 0x11];
        wire.extend([0; 32]);
        let digest = {
            use sha2::Digest;
            sha2::Sha256::digest([secret, &wire[..]].concat())
        };
        wire[4..].copy_from_slice(&digest);
        wire
    };
    let lenient = Policy::DEFAULT;
    let strict = lenient.with_strictness(Strictness::Strict);
    let always = lenient.with_unsigned(Unsigned::Always);
    let two = [PROVISIONED[0], Account::new("other.example")];
    let receive = |policy, wire: &[u8], accounts: &[Account<'_>]| match Receiver::<1, 1>::new(policy).receive(
        now(),
        wire,
        accounts,
    ) {
        Outcome::Trigger(trigger) => Ok(trigger.server_id.to_owned()),
        Outcome::Ignored(reason) => Err(reason),
        other => panic!("{other:?}"),
    };
    let name = Ok("dm.example".to_owned());
    assert_eq!(receive(lenient, &nameless(SECRET), &PROVISIONED), name);
    assert_eq!(receive(lenient, &nameless(b"guess"), &PROVISIONED), Err(Ignored::WrongDigest));
    assert_eq!(receive(lenient, &nameless(SECRET), &PLAIN), Err(Ignored::NoCredentials));
    assert_eq!(receive(lenient, &nameless(SECRET), &two), Err(Ignored::NoServerId));
    assert_eq!(receive(lenient, &nameless(SECRET), &[]), Err(Ignored::NoServerId));
    assert_eq!(receive(strict, &nameless(SECRET), &PROVISIONED), Err(Ignored::NoServerId));
    // Unsigned, and OC = 0: only where the policy takes anything.
    let no_options = Vector::named("no_options");
    for wire in [Vector::named("req_mos_alone"), no_options.clone()] {
        assert_eq!(receive(lenient, &wire, &PLAIN), Err(Ignored::NoServerId));
        assert_eq!(receive(always, &wire, &PLAIN), name);
        assert_eq!(receive(always, &wire, &two), Err(Ignored::NoServerId));
    }
    let outcome = receive(strict.with_unsigned(Unsigned::Always), &no_options, &PLAIN);
    assert!(matches!(outcome, Err(Ignored::Unreadable(_))));
}

#[test]
fn strictness_and_limits_reach_the_parser() {
    let padded = Vector::named("trailing");
    let strict = Policy::DEFAULT.with_strictness(Strictness::Strict);
    assert!(Receiver::<1, 1>::new(Policy::DEFAULT).receive(now(), &padded, &PLAIN[..]).trigger().is_some());
    let outcome = Receiver::<1, 1>::new(strict).receive(now(), &padded, &PLAIN[..]);
    assert!(matches!(outcome, Outcome::Ignored(Ignored::Unreadable(_))));
    let short = Policy::DEFAULT.with_limits(Limits::DEFAULT.with_max_message_len(13));
    let outcome = Receiver::<1, 1>::new(short).receive(now(), &padded, &PLAIN[..]);
    assert!(matches!(outcome, Outcome::Ignored(Ignored::Unreadable(_))));
}

#[test]
fn the_window_can_be_set() {
    let mut receiver = Receiver::<1, 4>::new(Policy::DEFAULT.with_clock_window(Duration::from_secs(10)));
    let sent = |seconds| signed(built().timestamp(UnixSeconds(seconds)));
    assert!(receiver.receive(now(), &sent(NOW - 10), &PROVISIONED[..]).trigger().is_some());
    assert_eq!(receiver.receive(now(), &sent(NOW - 11), &PROVISIONED[..]), Outcome::Ignored(Ignored::OutsideWindow));
}

#[test]
fn a_replay_without_id_is_known_by_its_digest_or_time() {
    let duplicate = Outcome::Ignored(Ignored::Duplicate);
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let wire = signed(built());
    assert!(receiver.receive(now(), &wire, &PROVISIONED[..]).trigger().is_some());
    assert_eq!(receiver.receive(at(NOW + 300), &wire, &PROVISIONED[..]), duplicate);
    assert!(receiver.receive(at(NOW + 301), &wire, &PROVISIONED[..]).trigger().is_some());

    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let wire = built().timestamp(UnixSeconds(NOW)).to_vec();
    assert!(receiver.receive(now(), &wire, &PLAIN[..]).trigger().is_some());
    assert_eq!(receiver.receive(at(NOW + 300), &wire, &PLAIN[..]), duplicate);

    // With none of them there is nothing to tell it by.
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    for _ in 0..2 {
        assert!(receiver.receive(now(), &built().to_vec(), &PLAIN[..]).trigger().is_some());
    }
}

#[test]
fn what_was_forgotten_early_cannot_be_replayed() {
    let mut receiver: Receiver<1, 2> = Receiver::new(Policy::DEFAULT);
    let wire = |n: u16| signed(id(n).timestamp(UnixSeconds(NOW + u64::from(n))));
    for n in 0..4 {
        assert!(receiver.receive(now(), &wire(n), &PROVISIONED[..]).trigger().is_some());
    }
    let outcomes = [0, 1, 2, 3].map(|n| receiver.receive(now(), &wire(n), &PROVISIONED[..]));
    let [replayed, duplicate] = [Ignored::Replayed, Ignored::Duplicate].map(Outcome::Ignored);
    assert_eq!(outcomes, [replayed, replayed, duplicate, duplicate]);
    // Out of order, but later than what was forgotten: still heard.
    assert!(
        receiver.receive(now(), &signed(id(9).timestamp(UnixSeconds(NOW + 2))), &PROVISIONED[..]).trigger().is_some()
    );
}

#[test]
fn without_a_clock_ids_do_not_grow_old() {
    let mut receiver: Receiver<1, 2> = Receiver::new(Policy::DEFAULT);
    assert!(receiver.receive(None, &signed(id(1)), &PROVISIONED[..]).trigger().is_some());
    assert_eq!(receiver.receive(at(u64::MAX), &signed(id(1)), &PROVISIONED[..]).trigger(), None);
    // Others take its place in time.
    for n in [2, 3, 1] {
        assert!(receiver.receive(None, &signed(id(n)), &PROVISIONED[..]).trigger().is_some(), "{n}");
    }
}

#[test]
fn unsigned_ones_cannot_disturb_signed_ones() {
    let policy = Policy::DEFAULT.with_unsigned(Unsigned::Always);
    let mut receiver: Receiver<1, 2> = Receiver::new(policy);
    let genuine = signed(id(7));
    assert!(receiver.receive(None, &genuine, &PROVISIONED[..]).trigger().is_some());
    // A flood of forged ids and the end of time …
    for n in 0..50 {
        let forged = id(n).timestamp(UnixSeconds(u64::MAX)).to_vec();
        assert!(receiver.receive(None, &forged, &PROVISIONED[..]).trigger().is_some());
    }
    // … neither brings the genuine one back nor keeps the next one out.
    assert_eq!(receiver.receive(None, &genuine, &PROVISIONED[..]), Outcome::Ignored(Ignored::Duplicate));
    let next = signed(id(8).timestamp(UnixSeconds(NOW)));
    assert!(receiver.receive(None, &next, &PROVISIONED[..]).trigger().is_some());
}

#[test]
fn one_trigger_waits_for_the_running_session() {
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT.with_unsigned(Unsigned::Always));
    let running = PROVISIONED.map(|account| account.with_session_running(true));
    assert!(receiver.receive(now(), &signed(id(1)), &PROVISIONED[..]).trigger().is_some());
    // The one that started the session is a duplicate, not a second request.
    assert_eq!(receiver.receive(now(), &signed(id(1)), &running[..]), Outcome::Ignored(Ignored::Duplicate));
    assert_eq!(receiver.take_queued("dm.example"), None);
    // A newer one takes the place of the queued one; one that is not signed does not.
    for n in [2, 3] {
        assert!(matches!(receiver.receive(now(), &signed(id(n).req_mos()), &running[..]), Outcome::Queued(_)));
    }
    let before = receiver.clone();
    assert_eq!(receiver.receive(now(), &id(4).to_vec(), &running[..]), Outcome::Ignored(Ignored::Busy));
    assert_eq!(receiver, before);
    // Another server is not concerned.
    assert_eq!(receiver.take_queued("other.example"), None);
    let queued = receiver.take_queued("dm.example").unwrap();
    assert_eq!(queued.notification_id, Some(NotificationId(3)));
    assert!(queued.req_mos && queued.authenticated && queued.server_id == "dm.example");
    assert_eq!(receiver.take_queued("dm.example"), None);
    // An unsigned one may wait too, until a signed one comes.
    assert!(matches!(receiver.receive(now(), &id(4).to_vec(), &running[..]), Outcome::Queued(_)));
    assert!(matches!(receiver.receive(now(), &signed(id(5)), &running[..]), Outcome::Queued(_)));
    assert_eq!(receiver.take_queued("dm.example").unwrap().notification_id, Some(NotificationId(5)));
}

#[test]
fn room_for_so_many_servers() {
    let mut receiver: Receiver<1, 1> = Receiver::new(Policy::DEFAULT);
    let accounts = [Account::new("a"), Account::new("b")];
    let [a, b] = ["a", "b"].map(|name| NotificationBuilder::new(name).unwrap().to_vec());
    assert!(receiver.receive(now(), &a, &accounts[..]).trigger().is_some());
    assert_eq!(receiver.receive(now(), &b, &accounts[..]), Outcome::Ignored(Ignored::NoRoom));
    receiver.forget("a");
    assert!(receiver.receive(now(), &b, &accounts[..]).trigger().is_some());
}

#[test]
fn a_hash_engine_can_check_the_digest() {
    struct Engine(Cell<usize>);

    impl Accounts for Engine {
        fn by_server_id(&self, server_id: &str) -> Option<Account<'_>> {
            let account = Account::new("dm.example").with_credentials(Credentials::new(b"", b""));
            (server_id == "dm.example").then_some(account)
        }

        fn only(&self) -> Option<Account<'_>> {
            None
        }

        fn verify(&self, server_id: &str, _: &Credentials<'_>, notification: &Notification<'_>) -> bool {
            use sha2::Digest;
            assert_eq!(server_id, "dm.example");
            self.0.set(self.0.get() + 1);
            let mut engine = sha2::Sha256::new();
            engine.update(SECRET);
            for part in notification.digest_input().unwrap() {
                engine.update(part);
            }
            notification.digest() == Some(&engine.finalize().into())
        }
    }

    let engine = Engine(Cell::new(0));
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    assert!(receiver.receive(now(), &signed(built()), &engine).trigger().unwrap().authenticated);
    let forged = built().sign(b"guess", b"").to_vec();
    assert_eq!(receiver.receive(now(), &forged, &engine), Outcome::Ignored(Ignored::WrongDigest));
    assert_eq!(engine.0.get(), 2);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", Account::new("a").with_credentials(Credentials::new(b"s3cr3t", b"n0nce")));
    assert!(shown.contains("Credentials(..)") && !shown.contains("115") && !shown.contains("s3cr3t"));
}

#[cfg(feature = "serde")]
mod snapshot {
    use super::*;
    use dm_notification::{ErrorKind, Snapshot};
    use serde_json::{Value, json};

    /// One signed and one unsigned notification remembered, one queued.
    fn stored() -> Value {
        let mut receiver: Receiver<1, 2> = Receiver::new(Policy::DEFAULT.with_unsigned(Unsigned::Always));
        let running = PROVISIONED.map(|account| account.with_session_running(true));
        let _ = receiver.receive(now(), &signed(built().timestamp(UnixSeconds(NOW))), &running[..]);
        let _ = receiver.receive(now(), &id(2).to_vec(), &PROVISIONED[..]);
        serde_json::to_value(receiver.snapshot()).unwrap()
    }

    fn restored(value: Value) -> Result<Result<(), ErrorKind>, serde_json::Error> {
        let snapshot: Snapshot<1, 2> = serde_json::from_value(value)?;
        Ok(Receiver::restore(Policy::DEFAULT, snapshot).map(|_| ()).map_err(|e| e.kind()))
    }

    #[test]
    fn what_was_stored_comes_back() {
        assert_eq!(restored(stored()).unwrap(), Ok(()));
        let text = stored().to_string();
        assert!(!text.contains("s3cr3t") && !text.contains("dm.example"));
        // Once more through a running receiver: still a duplicate, still queued.
        let snapshot: Snapshot<1, 2> = serde_json::from_value(stored()).unwrap();
        let mut receiver = Receiver::restore(Policy::DEFAULT, snapshot).unwrap();
        let replay = signed(built().timestamp(UnixSeconds(NOW)));
        assert_eq!(receiver.receive(now(), &replay, &PROVISIONED[..]), Outcome::Ignored(Ignored::Duplicate));
        assert!(receiver.take_queued("dm.example").unwrap().authenticated);
    }

    #[test]
    fn hostile_ones_are_refused() {
        let changed = |path: &str, value: Value| {
            let mut hostile = stored();
            *hostile.pointer_mut(path).unwrap_or_else(|| panic!("{path} is not in {}", stored())) = value;
            restored(hostile)
        };
        assert_eq!(changed("/version", json!(2)).unwrap(), Err(ErrorKind::SnapshotVersion));

        let server = stored()["servers"][0].clone();
        let seen = server["signed"]["seen"][0].clone();
        // More than fit, or of another shape: not even read.
        for (path, value) in [
            ("/servers", json!([server, server])),
            ("/servers/0/signed/seen", json!([seen, seen, seen])),
            ("/servers/0/key", json!([1, 2, 3])),
            ("/version", json!(-1)),
            ("/servers", json!({})),
        ] {
            assert!(changed(path, value).is_err(), "{path}");
        }
        let mut extra = stored();
        extra["secret"] = json!("x");
        assert!(restored(extra).is_err());

        // What no receiver can have come to.
        for (path, value) in [
            ("/servers/0/signed/seen", json!([seen, seen])),
            ("/servers/0/signed/latest", json!(null)),
            ("/servers/0/signed/latest", json!(NOW - 1)),
            ("/servers/0/signed/forgotten", json!(NOW + 1)),
            ("/servers/0/signed/seen/0/until", json!(NOW - 1)),
            ("/servers/0/signed/seen/0/mark", json!({"timestamp": NOW})),
            ("/servers/0/unsigned/latest", json!(NOW)),
            ("/servers/0/unsigned/forgotten", json!(NOW)),
            ("/servers/0/unsigned/seen/0/mark", json!({"timestamp": NOW})),
            ("/servers/0/unsigned/seen", json!([seen])),
            ("/servers/0/queued/con_type", json!(0x7f)),
        ] {
            assert_eq!(changed(path, value.clone()).unwrap(), Err(ErrorKind::SnapshotInvalid), "{path} {value}");
        }

        // The same server twice.
        let mut twice: Value = stored();
        twice["servers"] = json!([server, server]);
        let snapshot: Snapshot<2, 2> = serde_json::from_value(twice).unwrap();
        let error = Receiver::restore(Policy::DEFAULT, snapshot).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SnapshotInvalid);
    }
}
