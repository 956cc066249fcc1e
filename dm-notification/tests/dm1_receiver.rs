//! The receiver of DM 1.x notifications, rule by rule (§3 and §6).
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

use core::cell::Cell;
use core::time::Duration;

use dm_notification::UnixSeconds;
use dm_notification::dm1::{
    Account, Accounts, Answer, Credentials, ErrorKind, Ignored, Initiator, Notification, NotificationBuilder, Outcome,
    ParseOptions, Policy, Proof, Receiver, ResyncNonce, SessionId, Trigger, UiMode, sms, wsp,
};
use dm1_support::Vector;

const SERVER: &str = "com.mgmtsrv.manage";
const NOW: u64 = 1_400_000_000;
const DAY: u64 = 24 * 60 * 60;
const RIGHT: Credentials<'static> = Credentials::new(b"srvpassword", b"Nonce");
const PLAIN: [Account<'static>; 1] = [Account::new(SERVER)];
const PROVISIONED: [Account<'static>; 1] = [Account::new(SERVER).with_credentials(RIGHT)];
const RESYNC: [Account<'static>; 1] =
    [Account::new(SERVER).with_credentials(RIGHT).with_resync(ResyncNonce::ZeroOctets)];
const OPEN: [Account<'static>; 1] = [Account::new(SERVER).with_unauthenticated(true)];
const RUNNING: [Account<'static>; 1] = [Account::new(SERVER).with_credentials(RIGHT).with_session(None)];

fn at(seconds: u64) -> Option<UnixSeconds> {
    Some(UnixSeconds(seconds))
}

fn id(n: u16) -> SessionId {
    SessionId::new(n).unwrap()
}

fn built(n: u16) -> NotificationBuilder<'static> {
    NotificationBuilder::new(SERVER, id(n)).unwrap()
}

fn signed(n: u16) -> Vec<u8> {
    built(n).sign(&RIGHT).to_vec()
}

fn resync(n: u16) -> Vec<u8> {
    built(n).sign(&RIGHT.with_nonce(ResyncNonce::ZeroOctets.octets())).to_vec()
}

fn asking(n: u16) -> Vec<u8> {
    built(n).ui_mode(UiMode::UserInteraction).sign(&RIGHT).to_vec()
}

fn receiver() -> Receiver {
    Receiver::new(Policy::DEFAULT)
}

fn ignored(outcome: Outcome<'_>) -> Ignored {
    match outcome {
        Outcome::Ignored(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn once(wire: &[u8], accounts: &[Account<'_>]) -> Ignored {
    ignored(receiver().receive(at(NOW), wire, accounts))
}

fn triggered(outcome: Outcome<'_>) -> Trigger<'_> {
    outcome.trigger().unwrap_or_else(|| panic!("{outcome:?}"))
}

#[test]
fn row_1_the_context_says_whether_it_is_for_us() {
    let sms = Vector::named("sms", "vector_a");
    let data = sms::UserData::parse(&sms).unwrap();
    assert!(data.is_push());
    let wire = wsp::Push::parse(data.body).unwrap().notification().unwrap();
    assert_eq!(triggered(receiver().receive(None, wire, &PROVISIONED[..])).session_id, id(0x1234));
    // The same octets as the type of DM 1.3 are not a notification of 1.x.
    let other = Vector::named("push", "content_type_of_dm_1_3");
    assert!(wsp::Push::parse(&other).unwrap().notification().is_err());
}

#[test]
fn rows_2_to_4_what_cannot_be_read() {
    for (name, kind) in [
        ("cut_after_octet_23", ErrorKind::UnexpectedEnd),
        ("version_12", ErrorKind::UnsupportedVersion),
        ("length_0", ErrorKind::ServerIdEmpty),
        ("length_19_of_18", ErrorKind::UnexpectedEnd),
    ] {
        match once(&Vector::named("bad", name), &PROVISIONED) {
            Ignored::Unreadable(error) => assert_eq!(error.kind(), kind, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let tolerant = Policy::DEFAULT.with_parse(ParseOptions::DEFAULT.with_version_12(true));
    let wire = Vector::named("bad", "version_12");
    assert!(Receiver::<1, 1>::new(tolerant).receive(None, &wire, &PROVISIONED[..]).trigger().is_some());
    // Bits for future use keep nothing from passing.
    for name in ["future_use_first_bit", "future_use_last_bit"] {
        triggered(receiver().receive(None, &Vector::named("bad", name), &PROVISIONED[..]));
    }
}

#[test]
fn row_5_the_account_is_found_octet_for_octet() {
    let wire = signed(1);
    let two = [Account::new("other"), PROVISIONED[0]];
    assert_eq!(triggered(receiver().receive(None, &wire, &two[..])).server_id, SERVER);
    for other in ["Com.mgmtsrv.manage", "com.mgmtsrv.manage ", "com.mgmtsrv.manag", "", "other"] {
        let accounts = [Account::new(other).with_credentials(RIGHT)];
        assert_eq!(once(&wire, &accounts), Ignored::UnknownServer, "{other}");
    }
    let accounts: [Account<'_>; 0] = [];
    assert_eq!(once(&wire, &accounts), Ignored::UnknownServer);
    assert_eq!(once(&Vector::named("", "server_id_not_text"), &PROVISIONED), Ignored::UnknownServer);
}

#[test]
fn row_5_without_credentials_only_where_the_account_says_so() {
    assert_eq!(once(&signed(1), &PLAIN), Ignored::NoCredentials);
    let unsigned = built(1).with_digest([0; 16]).to_vec();
    let trigger = triggered(receiver().receive(None, &unsigned, &OPEN[..]));
    assert_eq!(trigger.proof, Proof::Missing);
    // Where there are credentials, that leave is worth nothing.
    let both = [PROVISIONED[0].with_unauthenticated(true)];
    assert_eq!(once(&unsigned, &both), Ignored::WrongDigest);
    assert_eq!(triggered(receiver().receive(None, &signed(1), &both[..])).proof, Proof::Nonce);
}

#[test]
fn row_6_every_wrong_digest() {
    for vector in Vector::all("wrong") {
        assert_eq!(once(&vector.bytes, &PROVISIONED), Ignored::WrongDigest, "{}", vector.name);
    }
    let trigger = triggered(receiver().receive(None, &Vector::named("", "a_nonce"), &PROVISIONED[..]));
    assert_eq!((trigger.proof, trigger.resync()), (Proof::Nonce, None));
    assert_eq!((trigger.session_id, trigger.ui_mode), (id(0x1234), UiMode::Background));
    assert_eq!(trigger.initiator, Initiator::User);
}

#[test]
fn row_7_resynchronization_only_where_it_is_allowed() {
    let text = [RESYNC[0].with_resync(ResyncNonce::Text)];
    let rows = [("a_resync", &RESYNC, ResyncNonce::ZeroOctets), ("a_resync_text", &text, ResyncNonce::Text)];
    for (name, allowed, nonce) in rows {
        let wire = Vector::named("", name);
        assert_eq!(once(&wire, &PROVISIONED), Ignored::WrongDigest, "{name}: off by default");
        let trigger = triggered(receiver().receive(None, &wire, &allowed[..]));
        assert_eq!((trigger.proof, trigger.resync()), (Proof::Resync(nonce), Some(nonce)), "{name}");
        // What bears the nonce of the account is no resynchronization, even then.
        let plain = Vector::named("", "a_nonce");
        assert_eq!(triggered(receiver().receive(None, &plain, &allowed[..])).proof, Proof::Nonce);
    }
    assert_eq!(once(&Vector::named("", "a_resync"), &text), Ignored::WrongDigest);
    assert_eq!(once(&Vector::named("", "a_resync_text"), &RESYNC), Ignored::WrongDigest);
}

#[test]
fn row_8_session_id_0_is_refused_after_the_digest() {
    assert_eq!(once(&Vector::named("bad", "session_id_0"), &PROVISIONED), Ignored::NoSessionId);
    let other = [Account::new(SERVER).with_credentials(Credentials::new(b"other", b"Nonce"))];
    assert_eq!(once(&Vector::named("bad", "session_id_0"), &other), Ignored::WrongDigest);
}

#[test]
fn row_9_a_resend_starts_nothing() {
    let mut receiver = receiver();
    triggered(receiver.receive(at(NOW), &signed(1), &PROVISIONED[..]));
    for (now, wire) in [(at(NOW), signed(1)), (None, signed(1)), (at(NOW + DAY), signed(1)), (at(NOW), asking(1))] {
        assert_eq!(ignored(receiver.receive(now, &wire, &PROVISIONED[..])), Ignored::Duplicate);
    }
    // With another nonce, or while the session runs, it is still the same session.
    let rotated = [Account::new(SERVER).with_credentials(RIGHT.with_nonce(b"next"))];
    let again = built(1).sign(&RIGHT.with_nonce(b"next")).to_vec();
    assert_eq!(ignored(receiver.receive(at(NOW), &again, &rotated[..])), Ignored::Duplicate);
    assert_eq!(ignored(receiver.receive(at(NOW), &signed(1), &RUNNING[..])), Ignored::Duplicate);
    // Another session is another.
    triggered(receiver.receive(at(NOW), &signed(2), &PROVISIONED[..]));
    // One second after the window it may come again.
    triggered(receiver.receive(at(NOW + DAY + 1), &signed(1), &PROVISIONED[..]));
}

#[test]
fn row_9_the_running_session_is_known_without_memory() {
    let running = [PROVISIONED[0].with_session(Some(id(7)))];
    assert_eq!(once(&signed(7), &running), Ignored::Duplicate);
    assert!(matches!(receiver().receive(None, &signed(8), &running[..]), Outcome::Queued(_)));
}

#[test]
fn memory_holds_as_many_sessions_as_said_and_one_more_displaces_the_oldest() {
    let mut receiver = Receiver::<1, 3>::new(Policy::DEFAULT);
    for n in 1..=3 {
        triggered(receiver.receive(at(NOW), &signed(n), &PROVISIONED[..]));
    }
    for n in 1..=3 {
        assert_eq!(ignored(receiver.receive(at(NOW), &signed(n), &PROVISIONED[..])), Ignored::Duplicate);
    }
    triggered(receiver.receive(at(NOW), &signed(4), &PROVISIONED[..]));
    for n in 2..=4 {
        assert_eq!(ignored(receiver.receive(at(NOW), &signed(n), &PROVISIONED[..])), Ignored::Duplicate);
    }
    triggered(receiver.receive(at(NOW), &signed(1), &PROVISIONED[..]));
}

#[test]
fn without_a_clock_nothing_grows_old() {
    let mut receiver = Receiver::<1, 2>::new(Policy::DEFAULT);
    triggered(receiver.receive(None, &signed(1), &PROVISIONED[..]));
    for now in [None, at(NOW), at(u64::MAX)] {
        assert_eq!(ignored(receiver.receive(now, &signed(1), &PROVISIONED[..])), Ignored::Duplicate);
    }
    triggered(receiver.receive(None, &signed(2), &PROVISIONED[..]));
    triggered(receiver.receive(None, &signed(3), &PROVISIONED[..]));
    triggered(receiver.receive(None, &signed(1), &PROVISIONED[..]));
}

#[test]
fn one_server_more_than_there_is_room_for_is_not_heard() {
    let names = ["one", "two", "three"];
    let accounts = names.map(|name| Account::new(name).with_credentials(RIGHT));
    let wire = |name, n| NotificationBuilder::new(name, id(n)).unwrap().sign(&RIGHT).to_vec();
    let mut receiver = Receiver::<2, 1>::new(Policy::DEFAULT);
    triggered(receiver.receive(None, &wire("one", 1), &accounts[..]));
    triggered(receiver.receive(None, &wire("two", 1), &accounts[..]));
    assert_eq!(ignored(receiver.receive(None, &wire("three", 1), &accounts[..])), Ignored::NoRoom);
    triggered(receiver.receive(None, &wire("one", 2), &accounts[..]));
    receiver.forget("one");
    triggered(receiver.receive(None, &wire("three", 1), &accounts[..]));
    assert_eq!(ignored(receiver.receive(None, &wire("one", 1), &accounts[..])), Ignored::NoRoom);
}

#[test]
fn a_session_that_could_not_be_opened_can_be_asked_for_again() {
    let mut receiver = receiver();
    for (wire, accounts) in [(signed(1), &PROVISIONED), (resync(2), &RESYNC)] {
        let session = triggered(receiver.receive(at(NOW), &wire, &accounts[..])).session_id;
        assert_eq!(ignored(receiver.receive(at(NOW), &wire, &accounts[..])), Ignored::Duplicate);
        receiver.forget_session("another", session);
        receiver.forget_session(SERVER, id(99));
        assert_eq!(ignored(receiver.receive(at(NOW), &wire, &accounts[..])), Ignored::Duplicate);
        receiver.forget_session(SERVER, session);
        triggered(receiver.receive(at(NOW), &wire, &accounts[..]));
    }
}

#[test]
fn while_a_session_runs_one_waits_and_it_is_the_newest() {
    let mut receiver = receiver();
    for n in [1, 2] {
        match receiver.receive(at(NOW), &signed(n), &RUNNING[..]) {
            Outcome::Queued(trigger) => assert_eq!(trigger.session_id, id(n)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(receiver.take_queued("another"), None);
    assert_eq!(receiver.take_queued(SERVER).unwrap().session_id, id(2));
    assert_eq!(receiver.take_queued(SERVER), None);
    assert_eq!(ignored(receiver.receive(at(NOW), &signed(1), &PROVISIONED[..])), Ignored::Duplicate);
    // Forgetting the session takes it out of the queue.
    assert!(matches!(receiver.receive(at(NOW), &signed(3), &RUNNING[..]), Outcome::Queued(_)));
    receiver.forget_session(SERVER, id(3));
    assert_eq!(receiver.take_queued(SERVER), None);
}

#[test]
fn what_waits_does_not_give_way_to_what_is_less_proven() {
    let running = [RESYNC[0].with_session(None)];
    let mut receiver = receiver();
    assert!(matches!(receiver.receive(at(NOW), &resync(1), &running[..]), Outcome::Queued(_)));
    assert!(matches!(receiver.receive(at(NOW), &signed(2), &running[..]), Outcome::Queued(_)));
    assert_eq!(ignored(receiver.receive(at(NOW + 3600), &resync(3), &running[..])), Ignored::Busy);
    assert_eq!(receiver.take_queued(SERVER).unwrap().session_id, id(2));
    // The same for a question.
    let question = |n, nonce| built(n).ui_mode(UiMode::UserInteraction).sign(&RIGHT.with_nonce(nonce)).to_vec();
    assert!(matches!(receiver.receive(at(NOW + 3600), &question(4, b"Nonce"), &RESYNC[..]), Outcome::Ask(_)));
    let worse = question(5, &[0; 4]);
    assert_eq!(ignored(receiver.receive(at(NOW + 3660), &worse, &RESYNC[..])), Ignored::Busy);
    // Unless its time is up.
    assert!(matches!(receiver.receive(at(NOW + 3661), &worse, &RESYNC[..]), Outcome::Ask(_)));
}

#[test]
fn row_10_what_is_done_with_the_user() {
    for ui_mode in [UiMode::NotSpecified, UiMode::Background, UiMode::Informative] {
        let wire = built(1).ui_mode(ui_mode).sign(&RIGHT).to_vec();
        assert_eq!(triggered(receiver().receive(None, &wire, &PROVISIONED[..])).ui_mode, ui_mode);
    }
    let mut receiver = receiver();
    let account = &PROVISIONED[0];
    match receiver.receive(at(NOW), &asking(1), &PROVISIONED[..]) {
        Outcome::Ask(trigger) => assert_eq!(trigger.session_id, id(1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(ignored(receiver.receive(at(NOW), &asking(1), &PROVISIONED[..])), Ignored::Duplicate);
    assert_eq!(ignored(receiver.answer(at(NOW), account, id(2), Answer::Accepted)), Ignored::NotAsked);
    let trigger = triggered(receiver.answer(at(NOW + 60), account, id(1), Answer::Accepted));
    assert_eq!((trigger.session_id, trigger.ui_mode), (id(1), UiMode::UserInteraction));
    assert_eq!(ignored(receiver.answer(at(NOW), account, id(1), Answer::Accepted)), Ignored::NotAsked);
}

#[test]
fn a_refusal_and_silence_end_it() {
    for (answer, later, reason) in [
        (Answer::Refused, 0, Ignored::Refused),
        (Answer::TimedOut, 0, Ignored::TimedOut),
        (Answer::Accepted, 61, Ignored::TimedOut),
        (Answer::Refused, 61, Ignored::TimedOut),
    ] {
        let mut receiver = receiver();
        let _ = receiver.receive(at(NOW), &asking(1), &PROVISIONED[..]);
        assert_eq!(ignored(receiver.answer(at(NOW + later), &PROVISIONED[0], id(1), answer)), reason);
        assert_eq!(ignored(receiver.answer(None, &PROVISIONED[0], id(1), Answer::Accepted)), Ignored::NotAsked);
        assert_eq!(ignored(receiver.receive(at(NOW + later), &asking(1), &PROVISIONED[..])), Ignored::Duplicate);
    }
    let mut receiver = receiver();
    let _ = receiver.receive(at(NOW), &asking(1), &PROVISIONED[..]);
    assert_eq!(ignored(receiver.answer(None, &Account::new("x"), id(1), Answer::Accepted)), Ignored::NotAsked);
    receiver.forget_session(SERVER, id(1));
    assert_eq!(ignored(receiver.answer(None, &PROVISIONED[0], id(1), Answer::Accepted)), Ignored::NotAsked);
}

#[test]
fn an_accepted_question_waits_for_a_session_that_runs() {
    let mut receiver = receiver();
    let _ = receiver.receive(at(NOW), &asking(1), &PROVISIONED[..]);
    assert!(matches!(receiver.answer(at(NOW), &RUNNING[0], id(1), Answer::Accepted), Outcome::Queued(_)));
    assert_eq!(receiver.take_queued(SERVER).unwrap().session_id, id(1));
    // A newer question takes the place of the older.
    let _ = receiver.receive(at(NOW), &asking(2), &PROVISIONED[..]);
    let _ = receiver.receive(at(NOW), &asking(3), &PROVISIONED[..]);
    assert_eq!(ignored(receiver.answer(at(NOW), &PROVISIONED[0], id(2), Answer::Accepted)), Ignored::NotAsked);
    triggered(receiver.answer(at(NOW), &PROVISIONED[0], id(3), Answer::Accepted));
    // What came into the queue meanwhile and is better proven stays there.
    let question = built(4).ui_mode(UiMode::UserInteraction).sign(&RIGHT.with_nonce(&[0; 4])).to_vec();
    let _ = receiver.receive(at(NOW), &question, &RESYNC[..]);
    assert!(matches!(receiver.receive(at(NOW), &signed(5), &RUNNING[..]), Outcome::Queued(_)));
    assert_eq!(ignored(receiver.answer(at(NOW), &RUNNING[0], id(4), Answer::Accepted)), Ignored::Busy);
    assert_eq!(receiver.take_queued(SERVER).unwrap().session_id, id(5));
}

#[test]
fn resynchronization_is_limited_to_one_an_hour() {
    let mut receiver = receiver();
    assert_eq!(
        triggered(receiver.receive(at(NOW), &resync(1), &RESYNC[..])).proof.clone(),
        Proof::Resync(ResyncNonce::ZeroOctets)
    );
    assert_eq!(ignored(receiver.receive(at(NOW + 3599), &resync(2), &RESYNC[..])), Ignored::TooSoon);
    // Also if the clock was set back, and whatever came meanwhile.
    assert_eq!(ignored(receiver.receive(at(NOW - 3599), &resync(2), &RESYNC[..])), Ignored::TooSoon);
    triggered(receiver.receive(at(NOW), &signed(3), &RESYNC[..]));
    assert_eq!(ignored(receiver.receive(at(NOW + 3599), &resync(2), &RESYNC[..])), Ignored::TooSoon);
    triggered(receiver.receive(at(NOW + 3600), &resync(2), &RESYNC[..]));
    // A replay is a duplicate after any time.
    assert_eq!(ignored(receiver.receive(at(NOW + 1000 * DAY), &resync(1), &RESYNC[..])), Ignored::Duplicate);
}

#[test]
fn resynchronization_without_a_clock_is_once_until_nonces_are_in_step() {
    let mut receiver = receiver();
    triggered(receiver.receive(None, &resync(1), &RESYNC[..]));
    assert_eq!(ignored(receiver.receive(None, &resync(2), &RESYNC[..])), Ignored::TooSoon);
    triggered(receiver.receive(None, &signed(3), &RESYNC[..]));
    triggered(receiver.receive(None, &resync(2), &RESYNC[..]));
    assert_eq!(ignored(receiver.receive(None, &resync(1), &RESYNC[..])), Ignored::Duplicate);
}

#[test]
fn what_proves_nothing_comes_once_a_minute() {
    let wire = |n| built(n).with_digest([0; 16]).to_vec();
    let mut receiver = receiver();
    triggered(receiver.receive(at(NOW), &wire(1), &OPEN[..]));
    assert_eq!(ignored(receiver.receive(at(NOW + 59), &wire(2), &OPEN[..])), Ignored::TooSoon);
    triggered(receiver.receive(at(NOW + 60), &wire(2), &OPEN[..]));
    // What came so is no obstacle for what is proven, once there are credentials.
    triggered(receiver.receive(at(NOW + 61), &signed(1), &PROVISIONED[..]));
}

#[test]
fn the_times_of_the_policy() {
    let policy = Policy::DEFAULT
        .with_duplicate_window(Duration::from_secs(10))
        .with_resync_pause(Duration::from_secs(5))
        .with_unauthenticated_pause(Duration::ZERO)
        .with_ask_timeout(Duration::from_secs(1));
    let mut receiver = Receiver::<1, 4>::new(policy);
    triggered(receiver.receive(at(NOW), &signed(1), &RESYNC[..]));
    assert_eq!(ignored(receiver.receive(at(NOW + 10), &signed(1), &RESYNC[..])), Ignored::Duplicate);
    triggered(receiver.receive(at(NOW + 11), &signed(1), &RESYNC[..]));
    triggered(receiver.receive(at(NOW + 11), &resync(2), &RESYNC[..]));
    assert_eq!(ignored(receiver.receive(at(NOW + 15), &resync(3), &RESYNC[..])), Ignored::TooSoon);
    triggered(receiver.receive(at(NOW + 16), &resync(3), &RESYNC[..]));
    for n in [4, 5] {
        triggered(receiver.receive(at(NOW), &built(n).with_digest([0; 16]).to_vec(), &OPEN[..]));
    }
    let _ = receiver.receive(at(NOW), &asking(6), &RESYNC[..]);
    assert_eq!(ignored(receiver.answer(at(NOW + 2), &RESYNC[0], id(6), Answer::Accepted)), Ignored::TimedOut);
    // Times beyond the end of time do not overflow.
    let endless = Policy::DEFAULT.with_duplicate_window(Duration::MAX).with_ask_timeout(Duration::MAX);
    let mut receiver = Receiver::<1, 4>::new(endless);
    let _ = receiver.receive(at(u64::MAX), &asking(1), &RESYNC[..]);
    assert_eq!(ignored(receiver.receive(at(u64::MAX), &asking(1), &RESYNC[..])), Ignored::Duplicate);
}

#[test]
fn accounts_may_verify_elsewhere_and_are_asked_for_both_nonces() {
    struct Engine {
        asked: Cell<u8>,
    }
    impl Accounts for Engine {
        fn by_server_id(&self, server_id: &[u8]) -> Option<Account<'_>> {
            // No secret in the program: the engine knows it.
            let keyless = Credentials::new(b"", b"Nonce");
            let account = Account::new(SERVER).with_credentials(keyless).with_resync(ResyncNonce::ZeroOctets);
            (server_id == SERVER.as_bytes()).then_some(account)
        }

        fn verify(&self, server_id: &str, credentials: &Credentials<'_>, notification: &Notification<'_>) -> bool {
            assert_eq!(server_id, SERVER);
            self.asked.set(self.asked.get() + 1);
            notification.verify(&RIGHT.with_nonce(credentials.nonce())).is_ok()
        }
    }
    for (wire, expected, asked) in [
        (signed(1), Ok(Proof::Nonce), 1),
        (resync(1), Ok(Proof::Resync(ResyncNonce::ZeroOctets)), 2),
        (built(1).with_digest([0; 16]).to_vec(), Err(Ignored::WrongDigest), 2),
    ] {
        let engine = Engine { asked: Cell::new(0) };
        let outcome = receiver().receive(None, &wire, &engine);
        let found = match outcome {
            Outcome::Trigger(trigger) => Ok(trigger.proof),
            other => Err(ignored(other)),
        };
        assert_eq!((found, engine.asked.get()), (expected, asked));
    }
}

#[test]
fn wrong_07_one_session_for_all_resends_and_13_the_nonce_is_not_consumed() {
    let mut receiver = receiver();
    let started =
        (0..5).filter(|_| receiver.receive(at(NOW), &signed(1), &PROVISIONED[..]).trigger().is_some()).count();
    assert_eq!(started, 1);
    // The next notification bears the same nonce.
    triggered(receiver.receive(at(NOW), &signed(2), &PROVISIONED[..]));
}

#[test]
fn wrong_12_resynchronization_and_passing_without_a_digest_are_off() {
    let account = Account::new(SERVER);
    assert!(account.resync.is_none() && !account.unauthenticated && account.credentials.is_none());
}

#[test]
fn reasons_read_well() {
    let error = Notification::parse(&[]).unwrap_err();
    assert_eq!(Ignored::Unreadable(error).to_string(), "input ends early at byte 0");
    let all = [
        Ignored::UnknownServer,
        Ignored::NoCredentials,
        Ignored::WrongDigest,
        Ignored::NoSessionId,
        Ignored::Duplicate,
        Ignored::TooSoon,
        Ignored::Busy,
        Ignored::NoRoom,
        Ignored::NotAsked,
        Ignored::Refused,
        Ignored::TimedOut,
    ];
    let texts: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), all.len());
}

#[cfg(feature = "serde")]
mod snapshots {
    use super::*;
    use dm_notification::dm1::Snapshot;
    use serde_json::{Value, json};

    fn stored() -> Value {
        let mut receiver = Receiver::<2, 2>::new(Policy::DEFAULT);
        let _ = receiver.receive(at(NOW), &signed(1), &RUNNING[..]);
        let _ = receiver.receive(at(NOW), &resync(2), &RESYNC[..]);
        let _ = receiver.receive(at(NOW), &asking(3), &RESYNC[..]);
        serde_json::to_value(receiver.snapshot()).unwrap()
    }

    fn restored(value: Value) -> Result<Receiver<2, 2>, String> {
        let snapshot: Snapshot<2, 2> = serde_json::from_value(value).map_err(|e| e.to_string())?;
        Receiver::restore(Policy::DEFAULT, snapshot).map_err(|e| e.to_string())
    }

    #[test]
    fn hold_all_that_is_remembered_and_no_name() {
        let text = stored().to_string();
        assert!(!text.contains("mgmtsrv") && !text.contains("assword"));
        let mut receiver = restored(stored()).unwrap();
        for wire in [signed(1), resync(2), asking(3)] {
            assert_eq!(ignored(receiver.receive(at(NOW), &wire, &RESYNC[..])), Ignored::Duplicate);
        }
        assert_eq!(ignored(receiver.receive(at(NOW), &resync(4), &RESYNC[..])), Ignored::TooSoon);
        triggered(receiver.answer(at(NOW), &RESYNC[0], id(3), Answer::Accepted));
        assert_eq!(receiver.take_queued(SERVER).unwrap().session_id, id(1));
    }

    #[test]
    fn are_checked_as_if_hostile() {
        let broken = |change: &dyn Fn(&mut Value)| {
            let mut value = stored();
            change(&mut value);
            restored(value).unwrap_err()
        };
        assert_eq!(broken(&|v| v["version"] = json!(2)), "unknown snapshot version at byte 0");
        let invalid = "invalid snapshot at byte 0";
        let push = |list: &mut Value| {
            let first = list[0].clone();
            list.as_array_mut().unwrap().push(first);
        };
        assert_eq!(broken(&|v| push(&mut v["servers"])), invalid);
        assert_eq!(broken(&|v| v["servers"][0]["asked"]["request"]["ui_mode"] = json!("background")), invalid);
        assert_eq!(broken(&|v| push(&mut v["servers"][0]["by_resync"]["seen"])), invalid);
        assert_eq!(broken(&|v| v["servers"][0]["by_resync"]["seen"][0]["until"] = json!(1)), invalid);
        let too_many = |v: &mut Value| {
            push(&mut v["servers"]);
            push(&mut v["servers"]);
        };
        assert!(broken(&too_many).contains("at most 2"));
        assert!(broken(&|v| v["servers"][0]["queued"]["session_id"] = json!(0)).contains("nonzero"));
        assert!(broken(&|v| v["more"] = json!(1)).contains("unknown field"));
    }
}
