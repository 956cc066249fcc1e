//! What must hold for any input of DM 1.x. The property tests, the replay of the fuzz corpora and the fuzz targets all call
//! these.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use dm_notification::Strictness;
use dm_notification::dm1::sms::{Joined, Joiner, Reference, UserData, split};
use dm_notification::dm1::{Credentials, ErrorKind, Notification, NotificationBuilder, ParseOptions, wsp};

const STRICT: ParseOptions = ParseOptions::DEFAULT.with_strictness(Strictness::Strict);
const WITH_12: ParseOptions = ParseOptions::DEFAULT.with_version_12(true);

/// Bytes → value → bytes. Says whether the bytes were a notification.
pub fn parse_roundtrip(data: &[u8]) -> bool {
    let strict = Notification::parse_with(data, &STRICT);
    let tolerant = Notification::parse_with(data, &WITH_12);
    let read = match Notification::parse(data) {
        Ok(read) => read,
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error} lies outside");
            // Strict mode refuses it too: for the same reason, or for a deviation that comes before.
            let refused = strict.expect_err("strict mode accepts what lenient mode refuses");
            assert!(refused == error || refused.offset() < error.offset(), "{refused}, {error}");
            match tolerant {
                Ok(read) => assert_eq!(read.version(), 12),
                Err(same) => assert!(same == error || error.kind() == ErrorKind::UnsupportedVersion),
            }
            return false;
        }
    };
    assert_eq!(tolerant, Ok(read));

    // The deviations are exactly what strict mode refuses, and they come in order.
    let deviations: Vec<_> = read.deviations().collect();
    assert!(deviations.is_sorted_by_key(|deviation| deviation.offset()));
    assert!(deviations.iter().all(|deviation| deviation.offset() < data.len()));
    assert_eq!(strict.err(), deviations.first().copied());

    // Every byte is accounted for.
    assert_eq!(read.as_bytes(), data);
    assert_eq!([read.digest().as_slice(), read.trigger()].concat(), data);
    assert_eq!(read.vendor_data_offset() + read.vendor_data().len(), data.len());
    assert_eq!(&data[read.vendor_data_offset()..], read.vendor_data());
    assert_eq!(&data[24..read.vendor_data_offset()], read.server_id());
    // The header, put together anew from what was read.
    let header = u64::from(read.version()) << 54
        | u64::from(read.ui_mode().bits()) << 52
        | u64::from(read.initiator().bit()) << 51
        | u64::from(read.future_use()) << 24
        | u64::from(read.session_id().map_or(0, |id| id.number())) << 8
        | u64::try_from(read.server_id().len()).unwrap();
    assert_eq!(data[16..24], header.to_be_bytes());

    let mut buffer = vec![0xa5; data.len()];
    let mut left = &mut buffer[..];
    match read.encode(&mut left) {
        Err(error) => {
            assert_eq!((error.kind(), error.offset()), (ErrorKind::SessionIdZero, 21));
            assert!(read.session_id().is_none() && left.len() == data.len());
        }
        Ok(()) => {
            assert!(left.is_empty());
            assert_eq!(read.encoded_len(), buffer.len());
            let again = Notification::parse_with(&buffer, &STRICT).expect("strict form");
            assert_eq!(NotificationBuilder::try_from(&again), NotificationBuilder::try_from(&read));
            assert_eq!(again.digest(), read.digest());
            assert_eq!(deviations.is_empty(), buffer == data);
        }
    }
    true
}

/// Value → bytes → value.
pub fn value_roundtrip(built: NotificationBuilder<'_>, password: &[u8], nonce: &[u8]) {
    let credentials = Credentials::new(password, nonce);
    let signed = built.sign(&credentials);
    let wire = signed.to_vec();
    assert_eq!(wire.len(), signed.encoded_len());
    assert_eq!(&wire[..16], signed.digest());
    if wire.len() > ParseOptions::DEFAULT.limits.max_message_len {
        assert_eq!(Notification::parse(&wire).unwrap_err().kind(), ErrorKind::MessageTooLong);
        return;
    }
    assert!(parse_roundtrip(&wire));
    let read = Notification::parse_with(&wire, &STRICT).expect("output is strict");
    assert_eq!(NotificationBuilder::try_from(&read), Ok(built));
    assert_eq!(read.verify(&credentials), Ok(()));
    let longer = [nonce, b"x"].concat();
    assert!(read.verify(&credentials.with_nonce(&longer)).is_err());
    assert!(read.verify(&Credentials::new(&[password, b"x"].concat(), nonce)).is_err());

    // A sink that is one byte too small is left as it was; one that fits is filled.
    let mut buffer = vec![0xa5; wire.len()];
    let mut short = &mut buffer[1..];
    let full = signed.encode(&mut short).unwrap_err();
    assert_eq!((full.kind(), full.offset()), (ErrorKind::SinkFull, wire.len() - 1));
    assert_eq!(short.len(), wire.len() - 1);
    assert!(buffer.iter().all(|byte| *byte == 0xa5));
    let mut exact = &mut buffer[..];
    assert_eq!(signed.encode(&mut exact), Ok(()));
    assert!(exact.is_empty());
    assert_eq!(buffer, wire);
}

/// Any bytes as a push and as user data; what is read is read again from its own encoding.
pub fn framing(data: &[u8]) {
    match wsp::Push::parse(data) {
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error} lies outside");
            use ErrorKind::{HeaderSyntax, Number, PduType, UnexpectedEnd};
            assert!(matches!(error.kind(), UnexpectedEnd | PduType | Number | HeaderSyntax), "{error}");
        }
        Ok(push) => {
            let headers_end = data.len() - push.body().len();
            assert_eq!(&data[headers_end..], push.body());
            let mut end = 0;
            for header in push.headers() {
                assert!(end <= header.offset && header.offset < header.value_offset);
                end = header.value_offset + header.value.len();
                assert_eq!(&data[header.value_offset..end], header.value);
                assert!(end <= headers_end && !header.value.is_empty());
            }
            match push.notification() {
                Err(error) => assert!(error.offset() <= headers_end),
                Ok(body) => {
                    assert_eq!(body, push.body());
                    let mut again = Vec::new();
                    wsp::encode(push.transaction_id(), body, &mut again).unwrap();
                    assert_eq!(wsp::Push::parse(&again).unwrap().notification(), Ok(body));
                    assert!(again.len() <= data.len(), "the form that is sent is the shortest");
                }
            }
        }
    }
    match UserData::parse(data) {
        Err(error) => assert!(error.offset() <= data.len(), "{error} lies outside"),
        Ok(read) => {
            assert!(data.ends_with(read.body));
            let mut again = Vec::new();
            read.encode(&mut again).expect("not longer than what was read");
            assert_eq!(again.len(), read.encoded_len());
            assert!(again.len() <= data.len());
            assert_eq!(UserData::parse(&again), Ok(read));
        }
    }
}

/// [`framing`], and the same bytes as a push to divide; the first two say how.
pub fn framing_and_joining(data: &[u8]) {
    framing(data);
    let [first, second, push @ ..] = data else { return };
    let reference =
        if first & 1 == 0 { Reference::Short(*second) } else { Reference::Long(u16::from_be_bytes([*first, *second])) };
    divide_and_join(push, reference, &[*second, *first, second.rotate_left(4), first.rotate_left(4)]);
}

/// A push divided and joined again, with parts in any order, some of them repeated, and another sender between.
pub fn divide_and_join(push: &[u8], reference: Reference, order: &[u8]) {
    const PARTS: usize = 8;
    let parts: Vec<Vec<u8>> = match split(push, 0xc002, reference) {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::TooManyParts);
            assert!(error.offset() < push.len());
            return;
        }
        Ok(parts) => {
            assert_eq!(parts.len(), parts.clone().count());
            let whole: Vec<u8> = parts.clone().flat_map(|part| part.body.to_vec()).collect();
            assert_eq!(whole, push);
            parts
                .map(|part| {
                    let mut sent = Vec::new();
                    part.encode(&mut sent).expect("it fits");
                    assert!(part.is_push() && sent.len() <= 140);
                    assert_eq!(UserData::parse(&sent), Ok(part));
                    sent
                })
                .collect()
        }
    };
    let mut joiner = Joiner::<2, PARTS>::new();
    let mut out = Vec::new();
    if parts.len() > PARTS {
        let first = UserData::parse(&parts[0]).unwrap();
        assert_eq!(joiner.add(b"s", &first, &mut out).unwrap_err().kind(), ErrorKind::TooManyParts);
        return;
    }
    // First as the order says, with repetitions, then all, so that it becomes whole in any case.
    let first = order.iter().map(|index| usize::from(*index) % parts.len());
    let mut missing: Vec<usize> = (0..parts.len()).collect();
    for index in first.chain(0..parts.len()) {
        let noise = UserData::parse(&parts[index]).unwrap();
        if noise.part.is_some_and(|part| part.number() == 1) {
            let mut unused = Vec::new();
            assert_eq!(joiner.add(b"another", &noise, &mut unused), Ok(Joined::Waiting));
        }
        missing.retain(|other| *other != index);
        let data = UserData::parse(&parts[index]).unwrap();
        let before = joiner.clone();
        if missing.is_empty() && !push.is_empty() {
            let mut full = &mut vec![0; push.len() - 1][..];
            assert_eq!(joiner.add(b"s", &data, &mut full).unwrap_err().kind(), ErrorKind::SinkFull);
            assert_eq!((&joiner, full.len()), (&before, push.len() - 1));
        }
        let joined = joiner.add(b"s", &data, &mut out).unwrap();
        assert_eq!(joined == Joined::Whole, missing.is_empty());
        if missing.is_empty() {
            assert_eq!(out, push);
            return;
        }
        assert!(out.is_empty());
    }
    panic!("all parts are there");
}

pub use history::{history, receiver};

mod history {
    use arbitrary::{Arbitrary, Unstructured};
    use dm_notification::UnixSeconds;
    use dm_notification::dm1::{
        Account, Answer, Credentials, Ignored, Notification, NotificationBuilder, Outcome, Policy, Proof, Receiver,
        ResyncNonce, SessionId, Snapshot, UiMode,
    };

    /// One thing that happens to a receiver. Small numbers, so that collisions are common.
    #[derive(Clone, Debug)]
    pub enum Step {
        /// Time passes, an hour at most; the clock may be lost or found.
        Wait { seconds: u16, clock: bool },
        /// Bytes that anyone may send.
        Noise(Vec<u8>),
        /// A notification.
        Receive(Message),
        /// One of the notifications so far comes once more.
        Again { back: u8 },
        /// A session starts or ends.
        Session { server: u8, running: Option<u8> },
        /// The queue is asked.
        TakeQueued { server: u8 },
        /// The user says something.
        Answer { server: u8, id: u8, said: u8 },
        /// A session could not be opened.
        Failed { server: u8, id: u8 },
        /// The device restarts.
        Restart,
    }

    impl<'a> Arbitrary<'a> for Step {
        fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
            Ok(match u8::arbitrary(u)? % 20 {
                0..=7 => Self::Receive(u.arbitrary()?),
                8..=10 => Self::Again { back: u.arbitrary()? },
                11 | 12 => Self::Wait { seconds: u.arbitrary()?, clock: u.arbitrary()? },
                13 => Self::Noise(u.arbitrary()?),
                14 => Self::Session { server: u.arbitrary()?, running: u.arbitrary()? },
                15 => Self::TakeQueued { server: u.arbitrary()? },
                16 | 17 => Self::Answer { server: u.arbitrary()?, id: u.arbitrary()?, said: u.arbitrary()? },
                18 => Self::Failed { server: u.arbitrary()?, id: u.arbitrary()? },
                _ => Self::Restart,
            })
        }
    }

    /// A notification to be received.
    #[derive(Clone, Debug, Arbitrary)]
    pub struct Message {
        server: u8,
        id: u8,
        ui_mode: UiMode,
        sign: u8,
        vendor: bool,
    }

    /// A history from arbitrary bytes, as long as the bytes last.
    pub fn history(data: &[u8]) -> Vec<Step> {
        let mut u = Unstructured::new(data);
        let mut steps = Vec::new();
        while !u.is_empty() {
            steps.extend(u.arbitrary::<Step>());
        }
        steps
    }

    /// Credentials, credentials with resynchronization, none but passing, and none at all; no account for the last.
    const SERVERS: [&str; 5] = ["a", "resync.example", "open.example", "closed.example", "nobody"];
    const PASSWORD: &[u8] = b"s3cr3t";
    const NONCE: &[u8] = b"nonce";

    type Small = Receiver<3, 2>;

    fn id(n: u8) -> SessionId {
        SessionId::new(u16::from(n % 6) + 1).unwrap()
    }

    fn wire(message: &Message) -> Vec<u8> {
        let server = SERVERS[usize::from(message.server) % SERVERS.len()];
        let mut built = NotificationBuilder::new(server, id(message.id)).unwrap().ui_mode(message.ui_mode);
        if message.vendor {
            built = built.vendor_data(b"vendor");
        }
        let right = Credentials::new(PASSWORD, NONCE);
        match message.sign % 8 {
            0 => built.with_digest([0; 16]).to_vec(),
            1 => built.sign(&Credentials::new(b"guess", NONCE)).to_vec(),
            2 | 3 => built.sign(&right.with_nonce(ResyncNonce::ZeroOctets.octets())).to_vec(),
            _ => built.sign(&right).to_vec(),
        }
    }

    /// Runs a receiver through a history and checks after each step that
    ///
    /// - what is ignored changes nothing;
    /// - nothing passes without the proof that its account wants, and its proof is what the trigger says;
    /// - what passed is a duplicate when it comes again at once;
    /// - a resynchronization does not follow another within the pause;
    /// - what waits is never displaced by what is less proven;
    /// - a restart makes no difference.
    pub fn receiver(steps: &[Step]) {
        let policy = Policy::DEFAULT;
        let mut receiver = Small::new(policy);
        let mut running: [Option<Option<SessionId>>; 4] = [None; 4];
        let mut time = 1_400_000_000_u64;
        let mut clock = true;
        let mut sent: Vec<Vec<u8>> = Vec::new();
        let mut last_resync: Option<u64> = None;

        for step in steps {
            let server = |n: u8| usize::from(n) % running.len();
            let accounts = |running: &[Option<Option<SessionId>>; 4]| {
                [0, 1, 2, 3].map(|n| {
                    let mut account = Account::new(SERVERS[n]);
                    if n < 2 {
                        account = account.with_credentials(Credentials::new(PASSWORD, NONCE));
                    }
                    if n == 1 {
                        account = account.with_resync(ResyncNonce::ZeroOctets);
                    }
                    match running[n] {
                        Some(id) => account.with_unauthenticated(n == 2).with_session(id),
                        None => account.with_unauthenticated(n == 2),
                    }
                })
            };
            let now = clock.then_some(UnixSeconds(time));
            match step {
                Step::Wait { seconds, clock: found } => {
                    time += u64::from(seconds % 3600);
                    clock = *found;
                    continue;
                }
                Step::Session { server: n, running: is } => {
                    let n = server(*n);
                    running[n] = is.map(|n| (n % 2 == 0).then(|| id(n)));
                    continue;
                }
                Step::TakeQueued { server: n } => {
                    let name = SERVERS[server(*n)];
                    let _ = receiver.take_queued(name);
                    assert_eq!(receiver.take_queued(name), None, "the queue is one deep");
                    continue;
                }
                Step::Failed { server: n, id: i } => {
                    receiver.forget_session(SERVERS[server(*n)], id(*i));
                    if server(*n) == 1 {
                        last_resync = None;
                    }
                    continue;
                }
                Step::Answer { server: n, id: i, said } => {
                    let account = accounts(&running)[server(*n)];
                    let said = [Answer::Accepted, Answer::Refused, Answer::TimedOut][usize::from(*said) % 3];
                    let outcome = receiver.answer(now, &account, id(*i), said);
                    match outcome {
                        Outcome::Trigger(t) => assert!(!account.session_running && t.session_id == id(*i)),
                        Outcome::Queued(t) => assert!(account.session_running && t.session_id == id(*i)),
                        Outcome::Ignored(_) => {}
                        other => panic!("{other:?}"),
                    }
                    let again = receiver.answer(now, &account, id(*i), Answer::Accepted);
                    assert_eq!(again, Outcome::Ignored(Ignored::NotAsked), "an answer counts once");
                    continue;
                }
                Step::Restart => {
                    receiver = restarted(&receiver, policy);
                    continue;
                }
                Step::Noise(bytes) => sent.push(bytes.clone()),
                Step::Receive(message) => sent.push(wire(message)),
                Step::Again { back } => {
                    let back = usize::from(*back) % sent.len().max(1);
                    sent.extend(sent.iter().rev().nth(back).cloned());
                }
            }

            let Some(bytes) = sent.last() else { continue };
            let accounts = accounts(&running);
            let before = receiver.clone();
            let mut twin = Receiver::restore(policy, receiver.snapshot()).expect("what was reached can be restored");
            let outcome = receiver.receive(now, bytes, &accounts[..]);
            assert_eq!(twin.receive(now, bytes, &accounts[..]), outcome, "a restart made a difference");
            assert_eq!(twin, receiver);

            let (Outcome::Trigger(trigger) | Outcome::Queued(trigger) | Outcome::Ask(trigger)) = outcome else {
                assert_eq!(receiver, before, "what is ignored changed something");
                continue;
            };
            let read = Notification::parse(bytes).expect("it passed");
            assert_eq!(read.server_id(), trigger.server_id.as_bytes());
            assert_eq!(read.session_id(), Some(trigger.session_id));
            assert_eq!(matches!(outcome, Outcome::Ask(_)), trigger.ui_mode == UiMode::UserInteraction);
            let right = Credentials::new(PASSWORD, NONCE);
            let resync = right.with_nonce(ResyncNonce::ZeroOctets.octets());
            match trigger.proof {
                Proof::Nonce => assert!(read.verify(&right).is_ok()),
                Proof::Resync(_) => {
                    assert!(read.verify(&resync).is_ok() && trigger.server_id == SERVERS[1]);
                    if clock {
                        assert!(last_resync.is_none_or(|last| time - last >= 3600), "resynchronized too soon");
                        last_resync = Some(time);
                    }
                }
                _ => assert_eq!(trigger.server_id, SERVERS[2]),
            }
            let again = receiver.clone().receive(now, bytes, &accounts[..]);
            assert_eq!(again, Outcome::Ignored(Ignored::Duplicate));
            // What waited and was proven by the nonce of the account is gone only for something as good.
            if let Outcome::Queued(_) = outcome {
                let waited = before.clone().take_queued(trigger.server_id).map(|waited| waited.proof);
                assert!(waited != Some(Proof::Nonce) || trigger.proof == Proof::Nonce);
                assert_eq!(receiver.clone().take_queued(trigger.server_id), Some(trigger));
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
}
