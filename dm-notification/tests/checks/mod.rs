//! What must hold for any input. The property tests, the replay of the fuzz corpora and the fuzz targets all call these.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use arbitrary::{Arbitrary, Unstructured};
use dm_notification::{
    Account, Credentials, ErrorKind, Ignored, Limits, Notification, NotificationBuilder, Outcome, Policy, Receiver,
    Snapshot, Strictness, UnixSeconds, Unsigned,
};

/// Bytes → value → bytes. Says whether the bytes were a notification.
pub fn parse_roundtrip(data: &[u8]) -> bool {
    let strict = Notification::parse_with(data, Strictness::Strict, &Limits::DEFAULT);
    let read = match Notification::parse(data) {
        Ok(read) => read,
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error} lies outside");
            assert!(strict.is_err(), "strict mode accepts what lenient mode refuses");
            return false;
        }
    };

    // The deviations are exactly what strict mode refuses, and they come in order.
    let deviations: Vec<_> = read.deviations().collect();
    assert!(deviations.is_sorted_by_key(|deviation| deviation.offset()));
    assert!(deviations.iter().all(|deviation| deviation.offset() < data.len()));
    assert_eq!(strict.err(), deviations.first().copied());
    if let Ok(strict) = strict {
        assert_eq!(strict, read);
    }

    // Every byte is accounted for.
    assert_eq!([read.as_bytes(), read.trailing()].concat(), data);
    let mut end = 2;
    for option in read.options() {
        assert_eq!(option.offset, end);
        end = option.value_offset + option.value.len();
        assert_eq!(&data[option.value_offset..end], option.value);
    }
    assert_eq!(end, read.as_bytes().len());
    if let (Some(digest), Some([before, zeros, after])) = (read.digest(), read.digest_input()) {
        assert_eq!(zeros, [0; 32]);
        assert_eq!([before, digest, after].concat(), read.as_bytes());
    }

    // What was understood can be encoded, strictly, and says the same again.
    match read.to_vec() {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NoOptions);
            assert!(read.server_id().is_none() && read.digest().is_none() && !read.req_mos());
        }
        Ok(wire) => {
            assert_eq!(wire.len(), read.encoded_len());
            let again = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).expect("strict form");
            assert_eq!(again.digest(), read.digest());
            assert_eq!(again.timestamp(), read.timestamp());
            assert_eq!(NotificationBuilder::try_from(&again).ok(), NotificationBuilder::try_from(&read).ok());
            if deviations.is_empty() {
                assert_eq!(wire, data);
            }
        }
    }
    true
}

/// Value → bytes → value, unsigned and signed.
pub fn value_roundtrip(built: NotificationBuilder<'_>, secret: &[u8], auth_data: &[u8]) {
    let wire = built.to_vec();
    assert_eq!(wire.len(), built.encoded_len());
    assert!(parse_roundtrip(&wire));
    let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).expect("output is strict");
    assert_eq!(NotificationBuilder::try_from(&read), Ok(built));
    assert_eq!(read.verify(secret, auth_data).map_err(|e| e.kind()), Err(ErrorKind::DigestMissing));

    let signed = built.sign(secret, auth_data);
    let wire = signed.to_vec();
    assert_eq!(wire.len(), signed.encoded_len());
    assert!(parse_roundtrip(&wire));
    let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).expect("output is strict");
    assert_eq!(NotificationBuilder::try_from(&read), Ok(built));
    assert_eq!(read.digest(), Some(signed.digest()));
    assert_eq!(read.verify(secret, auth_data), Ok(()));
    assert!(read.verify(&[secret, b"x"].concat(), auth_data).is_err());
    // A hash engine that is fed the placeholder form comes to the same digest.
    let placeholder = built.with_digest([0; 32]).to_vec();
    assert_eq!(read.digest_input().expect("signed").concat(), placeholder);

    // A sink that is one byte too small is left as it was; one that fits is filled.
    let mut buffer = vec![0xa5; wire.len()];
    let mut short = &mut buffer[1..];
    assert_eq!(signed.encode(&mut short).map_err(|e| e.kind()), Err(ErrorKind::SinkFull));
    assert_eq!(short.len(), wire.len() - 1);
    assert!(buffer.iter().all(|byte| *byte == 0xa5));
    let mut exact = &mut buffer[..];
    assert_eq!(signed.encode(&mut exact), Ok(()));
    assert!(exact.is_empty());
    assert_eq!(buffer, wire);
}

/// One thing that happens to a receiver. Small numbers, so that collisions are common.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes, a minute at most; the clock may be lost or found.
    Wait { seconds: u8, clock: bool },
    /// Bytes that anyone may send.
    Noise(Vec<u8>),
    /// A notification.
    Receive(Message),
    /// One of the notifications so far comes once more: the last, the one before it, …
    Again { back: u8 },
    /// A session starts or ends.
    Session { server: u8, running: bool },
    /// The queue is asked.
    TakeQueued { server: u8 },
    /// The device restarts.
    Restart,
}

/// Most steps are notifications, and most of these are signed: only those can fill the memory.
impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match u8::arbitrary(u)? % 16 {
            0..=6 => Self::Receive(u.arbitrary()?),
            7..=10 => Self::Again { back: u.arbitrary()? },
            11 => Self::Wait { seconds: u.arbitrary()?, clock: u.arbitrary()? },
            12 => Self::Noise(u.arbitrary()?),
            13 => Self::Session { server: u.arbitrary()?, running: u.arbitrary()? },
            14 => Self::TakeQueued { server: u.arbitrary()? },
            _ => Self::Restart,
        })
    }
}

/// A notification to be received.
#[derive(Clone, Debug, Arbitrary)]
pub struct Message {
    server: u8,
    id: Option<u8>,
    /// Seconds before (negative) or after the true time, mostly inside the window.
    age: Option<i16>,
    req_mos: bool,
    sign: Sign,
    padded: bool,
}

/// Who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Anyone, unsigned.
    No,
    /// The server.
    Right,
    /// Someone who guesses.
    Wrong,
}

/// A policy and a history from arbitrary bytes, as long as the bytes last.
pub fn history(data: &[u8]) -> (bool, Vec<Step>) {
    let mut u = Unstructured::new(data);
    let unsigned_too = u.arbitrary().unwrap_or(false);
    let mut steps = Vec::new();
    while !u.is_empty() {
        steps.extend(u.arbitrary::<Step>());
    }
    (unsigned_too, steps)
}

impl<'a> Arbitrary<'a> for Sign {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match u8::arbitrary(u)? % 8 {
            0 | 1 => Self::No,
            2 => Self::Wrong,
            _ => Self::Right,
        })
    }
}

/// Two with credentials, one without, and no account for the fourth.
const SERVERS: [&str; 4] = ["a", "b.example", "unsigned.example", "nobody"];
const SECRET: &[u8] = b"s3cr3t";
const DATA: &[u8] = b"nonce";

type Small = Receiver<3, 2>;

/// Runs a receiver through a history and checks after each step that
///
/// - what is ignored changes nothing, and nothing else is forgotten;
/// - nothing with a wrong digest passes, and nothing passes as authenticated but what is signed;
/// - what passed is a duplicate when it comes again at once;
/// - nothing signed that has a TIMESTAMP ever passes twice;
/// - a restart makes no difference.
pub fn receiver(unsigned_too: bool, steps: &[Step]) {
    let policy =
        Policy::DEFAULT.with_unsigned(if unsigned_too { Unsigned::Always } else { Unsigned::UnlessProvisioned });
    let mut receiver = Small::new(policy);
    let mut running = [false; SERVERS.len()];
    let mut time = 1_400_000_000_u64;
    let mut clock = true;
    let mut sent: Vec<(Vec<u8>, Sign)> = Vec::new();
    let mut passed: Vec<Vec<u8>> = Vec::new();

    for step in steps {
        match step {
            Step::Wait { seconds, clock: found } => {
                time += u64::from(*seconds % 60);
                clock = *found;
                continue;
            }
            Step::Session { server, running: is } => {
                running[usize::from(*server) % SERVERS.len()] = *is;
                continue;
            }
            Step::TakeQueued { server } => {
                let server = SERVERS[usize::from(*server) % SERVERS.len()];
                let _ = receiver.take_queued(server);
                assert_eq!(receiver.take_queued(server), None, "the queue is one deep");
                continue;
            }
            Step::Restart => {
                receiver = restarted(&receiver, policy);
                continue;
            }
            Step::Noise(bytes) => sent.push((bytes.clone(), Sign::No)),
            Step::Receive(message) => sent.push((wire(message, time), message.sign)),
            Step::Again { back } => {
                let back = usize::from(*back) % sent.len().max(1);
                sent.extend(sent.iter().rev().nth(back).cloned());
            }
        }

        let Some((bytes, sign)) = sent.last() else { continue };
        let now = clock.then_some(UnixSeconds(time));
        let accounts = [0, 1, 2].map(|n| {
            let account = Account::new(SERVERS[n]).with_session_running(running[n]);
            if n < 2 { account.with_credentials(Credentials::new(SECRET, DATA)) } else { account }
        });
        let before = receiver.clone();
        let mut twin = restarted(&receiver, policy);
        let outcome = receiver.receive(now, bytes, &accounts[..]);
        assert_eq!(twin.receive(now, bytes, &accounts[..]), outcome, "a restart made a difference");
        assert_eq!(twin, receiver);

        let (Outcome::Trigger(trigger) | Outcome::Queued(trigger)) = outcome else {
            assert_eq!(receiver, before, "what is ignored changed something");
            continue;
        };
        let read = Notification::parse(bytes).expect("it passed");
        assert_eq!(read.server_id(), Some(trigger.server_id));
        assert_eq!(read.verify(SECRET, DATA).is_ok(), trigger.authenticated);
        assert_ne!(*sign, Sign::Wrong, "a guess passed");
        assert!(trigger.authenticated || unsigned_too || trigger.server_id == SERVERS[2]);
        if read.notification_id().is_some() || read.timestamp().is_some() || read.digest().is_some() {
            let again = receiver.clone().receive(now, bytes, &accounts[..]);
            assert_eq!(again, Outcome::Ignored(Ignored::Duplicate));
        }
        if trigger.authenticated && read.timestamp().is_some() {
            let whole = read.as_bytes().to_vec();
            assert!(!passed.contains(&whole), "a replay passed");
            passed.push(whole);
        }
    }
}

fn restarted(receiver: &Small, policy: Policy) -> Small {
    let stored = serde_json::to_string(&receiver.snapshot()).expect("a snapshot can be stored");
    let loaded: Snapshot<3, 2> = serde_json::from_str(&stored).expect("and loaded");
    let restored = Receiver::restore(policy, loaded).expect("what was reached can be restored");
    assert_eq!(&restored, receiver);
    restored
}

fn wire(message: &Message, time: u64) -> Vec<u8> {
    let mut built = NotificationBuilder::new(SERVERS[usize::from(message.server) % SERVERS.len()]).unwrap();
    if let Some(id) = message.id {
        built = built.notification_id(dm_notification::NotificationId(u16::from(id % 8)));
    }
    if let Some(age) = message.age {
        built = built.timestamp(UnixSeconds(time.saturating_add_signed(i64::from(age % 330))));
    }
    if message.req_mos {
        built = built.req_mos();
    }
    let mut wire = match message.sign {
        Sign::No => built.to_vec(),
        Sign::Right => built.sign(SECRET, DATA).to_vec(),
        Sign::Wrong => built.sign(b"guess", DATA).to_vec(),
    };
    if message.padded {
        wire.push(0);
    }
    wire
}
