//! The protocol of DM 1.2, the client's side: what is said again after a message was refused or never left, and what
//! waits until the server has proved itself.
//!
//! The harness looks at every message besides: Statuses of a refused message have to come again before Final.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]
#![cfg(feature = "dm1")]

#[path = "support/dm1_peer.rs"]
mod peer;

use dm_session::Random;
use dm_session::dm1::client::{Event, Reason};
use dm_session::dm1::{ClientConfig, Demand, Identity, Party, Scheme, UserReply};
use dm_session::http::Response;
use dm_session::tree::dm1::{self as tree, Data, Reply, ResultItem};
use dm_syncml::{Chal, Command, Encoding, Message, Nonce, StatusCode};
use peer::*;

/// A challenge for the next message, or the next nonce.
fn next(byte: u8) -> Chal<'static> {
    challenge(Scheme::Mac, Some(&nonce(byte)))
}

/// Both sides have to show an HMAC with every message.
fn proving() -> ClientConfig {
    let demand = Demand::new(Scheme::Mac, credentials(HOST).with_nonce(nonce(50)));
    let identity = Identity::new(credentials(USER).with_nonce(nonce(40))).with_first(Scheme::Mac);
    config().with_identity(identity).with_demand(demand).with_max_obj_size(Some(10_000))
}

/// The nonce that a message issues to the server.
#[track_caller]
fn issued(message: &Message<'_>) -> Nonce {
    chal(message).expect("a challenge").nonce().unwrap().unwrap()
}

/// A message of a server that accepts the last one and proves itself with this nonce.
fn proved(answer: Answer, byte: u8, nonce: &Nonce) -> Answer {
    answer.header(200).with_chal(next(byte)).with_mac(HOST, nonce)
}

/// All that the client sends up to Final, first this message, to a server that proves itself with each of its own.
#[track_caller]
fn rest(device: &mut Device, first: Message<'static>) -> Vec<Message<'static>> {
    let mut messages = vec![first];
    for byte in 60.. {
        let last = messages.last().unwrap();
        if last.is_final {
            break;
        }
        let nonce = issued(last);
        messages.push(device.exchange(proved(Answer::next(), byte, &nonce)));
    }
    messages
}

/// Statuses and Results of a message in short words, without Statuses of SyncHdr and alerts.
fn said(message: &Message<'_>) -> Vec<String> {
    answers(core::slice::from_ref(message))
}

/// The same of several.
fn answers(messages: &[Message<'_>]) -> Vec<String> {
    let words = messages.iter().flat_map(outline);
    words.filter(|word| word.contains('/') && !word.starts_with("SyncHdr") && !word.starts_with("Alert")).collect()
}

/// A Get and a Replace, and another Get.
fn three() -> [Command<'static>; 3] {
    [get("./Vendor/Name"), replace("./Vendor/Area/A", "x"), get("./Vendor/Level")]
}

/// The answers to [`three`] in the server's second message.
const ANSWERED: [&str; 5] =
    ["Get 1/4 200", "Replace 1/5 200", "Get 1/6 200", "Results 1/4 ./Vendor/Name=one", "Results 1/6 ./Vendor/Level=5"];

// --- a message that is refused ---------------------------------------------------------------------------------

#[test]
fn what_a_refused_message_said_is_said_again_after_package_1() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        for status in [401, 407] {
            let mut device = Device::start(with_identity().with_encoding(encoding), local());
            let message = device.exchange(with(three()));
            assert_eq!(said(&message), ANSWERED);
            let refused = Answer::challenge(status, challenge(Scheme::Md5, Some(&nonce(41))));
            let message = device.exchange(refused);
            assert_eq!(outline(&message)[..3], ["SyncHdr 2/0 212", "Alert 1201", "DevInfo"], "Package#1 comes first");
            assert_eq!(said(&message), ANSWERED, "{encoding:?} {status}");
            // It is done once only, and what was accepted is not said again.
            let message = device.exchange(with([get("./Vendor/Area/A")]));
            assert_eq!(said(&message), ["Get 3/4 200", "Results 3/4 ./Vendor/Area/A=x"]);
            assert_eq!(device.end(Answer::ok()), Reason::Ended);
        }
    }
}

#[test]
fn what_an_accepted_message_said_is_not_said_again() {
    // The message before the refused one was accepted.
    let mut device = Device::start(with_identity(), local());
    device.exchange(with(three()));
    let message = device.exchange(with([get("./Vendor/Area/B")]));
    let expected = ["Get 2/2 200", "Results 2/2 ./Vendor/Area/B=b"];
    assert_eq!(said(&message), expected);
    let message = device.exchange(md5_challenge(41));
    assert_eq!(codes_of_alerts(&message), [1201]);
    assert_eq!(said(&message), expected, "of the last message only");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn a_message_that_is_refused_again_and_again_is_said_whole_each_time() {
    let mut device = Device::start(proving(), local());
    let message = device.exchange(proved(with(three()), 41, &nonce(50)));
    let mut nonce = issued(&message);
    let first = said(&message);
    assert_eq!(first.len(), 5);
    for byte in 42..44 {
        let message = device.exchange(Answer::challenge(401, next(byte)).with_mac(HOST, &nonce));
        nonce = issued(&message);
        assert_eq!((codes_of_alerts(&message), said(&message)), (vec![1201], first.clone()));
    }
}

#[test]
fn several_messages_take_what_one_that_was_refused_said() {
    // After Package#1 there is no room for all of it.
    let mut device = Device::start(with_identity(), local());
    let messages = device.collect(with(three()).with_max_msg_size(1200));
    let before = answers(&messages);
    let message = device.exchange(md5_challenge(41));
    assert!(!message.is_final, "{:?}", outline(&message));
    let mut again = vec![message];
    while !again.last().unwrap().is_final {
        again.push(device.exchange(Answer::next()));
    }
    let last = answers(&messages[messages.len() - 1..]);
    assert_eq!(answers(&again), last);
    assert!(last.len() > 1 && before.ends_with(&last));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

/// A device that says the last piece of a large value, and another value behind it, in its last message. The length.
#[track_caller]
fn last_piece(config: &ClientConfig, proof: impl Fn(Answer, u8, &Nonce) -> Answer) -> (Device, usize) {
    for len in (1800..2800).step_by(100) {
        let mut device = Device::start(config.clone().with_max_obj_size(Some(10_000)), local());
        Device::leaf(&mut device.tree, "./Vendor/Long", &"v".repeat(len));
        let gets = with([get("./Vendor/Long"), get("./Vendor/Name")]).with_max_msg_size(1200);
        let mut message = device.exchange(proof(gets, 41, &nonce(50)));
        for byte in 60.. {
            if message.is_final {
                break;
            }
            let nonce = chal(&message).map_or(Nonce::EMPTY, |chal| chal.nonce().unwrap().unwrap());
            message = device.exchange(proof(Answer::next(), byte, &nonce));
        }
        let uris: Vec<String> = values(&message).into_iter().map(|(uri, _)| uri).collect();
        if uris == ["./Vendor/Long", "./Vendor/Name"] {
            return (device, len);
        }
    }
    panic!("no message has both");
}

/// What [`last_piece`] said is in these messages once more, and whole.
#[track_caller]
fn assert_whole(again: &[Message<'_>], len: usize) {
    let first = again.iter().find_map(chunk_of).expect("pieces");
    let size = first.meta.as_ref().unwrap().size().and_then(|size| size.number());
    assert_eq!(size, u64::try_from(len).ok(), "Size comes with the first piece");
    let whole = [("./Vendor/Long", "v".repeat(len)), ("./Vendor/Name", "one".to_owned())];
    assert_eq!(joined(again), whole.map(|(uri, value)| (uri.to_owned(), value)));
    let refs: Vec<(&str, &str)> = again.iter().flat_map(results).map(|it| (it.msg_ref(), it.cmd_ref())).collect();
    let (last, long) = refs.split_last().unwrap();
    assert!(*last == ("1", "5") && long.len() > 1 && long.iter().all(|it| *it == ("1", "4")), "{refs:?}");
}

#[test]
fn a_large_object_begins_anew_when_its_last_piece_is_refused() {
    let (mut device, len) = last_piece(&with_identity(), |answer, _, _| answer);
    let mut again = vec![device.exchange(md5_challenge(41))];
    while !again.last().unwrap().is_final {
        again.push(device.exchange(Answer::next()));
    }
    assert_whole(&again, len);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    // Accepted, it is not said again.
    let (mut device, _) = last_piece(&with_identity(), |answer, _, _| answer);
    let message = device.exchange(with([get("./Vendor/Level")]));
    assert_eq!(values(&message), [("./Vendor/Level".to_owned(), "5".to_owned())]);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

// --- a server that has to prove itself again -------------------------------------------------------------------

#[test]
fn what_a_stranger_refuses_waits_for_the_server() {
    for status in [401, 407] {
        let mut device = Device::start(proving(), local());
        let message = device.exchange(proved(with(three()), 41, &nonce(50)));
        assert_eq!(said(&message).len(), 5);
        let message = device.exchange(Answer::challenge(status, next(42)));
        assert_eq!((header_status(&message), codes_of_alerts(&message)), (401, vec![1201]));
        assert_eq!(said(&message), [""; 0], "nothing that the server asked for");
        assert!(!message.is_final, "but there is more");
        // Nor in the next one, if that proves nothing either.
        let message = device.exchange(Answer::next().header(200).with_chal(next(43)));
        assert_eq!((header_status(&message), codes_of_alerts(&message)), (401, vec![]));
        assert_eq!(said(&message), [""; 0]);
        let nonce = issued(&message);
        let message = device.exchange(proved(Answer::next(), 44, &nonce));
        assert_eq!(said(&message), ANSWERED, "{status}");
        assert!(message.is_final);
        assert_eq!(device.end(proved(Answer::ok(), 45, &issued(&message))), Reason::Ended);
    }
}

#[test]
fn a_large_object_waits_for_the_server_too() {
    let (mut device, len) = last_piece(&proving(), proved);
    let message = device.exchange(Answer::challenge(401, next(42)));
    assert_eq!((results(&message).count(), codes(&message)), (0, vec![]));
    let nonce = issued(&message);
    let message = device.exchange(proved(Answer::next(), 43, &nonce));
    assert_whole(&rest(&mut device, message), len);
}

#[test]
fn what_the_user_typed_waits_for_the_server() {
    // With a challenge for the device, and without.
    for refuses in [false, true] {
        let mut device = Device::start(proving().with_interaction(true), local());
        device.user.push_back(UserReply::Text("my secret word".into()));
        let mut commands: Vec<Command<'static>> = (0..8).map(|_| replace("./Vendor/Name", "two")).collect();
        commands.push(alert(1102, &["", "Which word?"]));
        let first = device.exchange(proved(with(commands).with_max_msg_size(1200), 41, &nonce(50)));
        assert!(!first.is_final);
        let typed = |message: &Message<'_>| outline(message).iter().any(|word| word.contains("secret"));
        assert!(!typed(&first), "it has no room yet");
        let stranger = match refuses {
            true => Answer::challenge(401, next(42)),
            false => Answer::next().header(200).with_chal(next(42)),
        };
        let message = device.exchange(stranger);
        assert_eq!(header_status(&message), 401);
        assert_eq!((typed(&message), codes(&message)), (false, if refuses { vec![] } else { vec![401] }));
        let nonce = issued(&message);
        let message = device.exchange(proved(Answer::next(), 43, &nonce));
        let again = rest(&mut device, message);
        assert_eq!(again.iter().filter(|message| typed(message)).count(), 1);
        assert!(again.iter().flat_map(outline).any(|word| word == "Alert 1/12 200 [my secret word]"));
    }
}

/// Statuses, without those of alerts, and values in the messages that were accepted. What comes with Size begins anew.
#[track_caller]
fn delivered(accepted: &[Message<'_>]) -> (Vec<String>, Vec<(String, String)>) {
    let words = answers(accepted).into_iter().filter(|word| !word.starts_with("Results"));
    let mut whole: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for item in accepted.iter().flat_map(results).flat_map(|results| results.items.iter()) {
        let uri = item.source_uri().unwrap().to_string();
        let begins = item.meta.as_ref().is_some_and(|meta| meta.size().is_some());
        match whole.pop_if(|(last, _)| open && *last == uri) {
            Some((_, value)) if !begins => whole.push((uri, value + text(item))),
            _ => whole.push((uri, text(item).to_owned())),
        }
        open = item.more_data;
    }
    assert!(!open, "the last piece is there");
    (words.collect(), whole)
}

#[test]
fn any_message_may_be_refused_and_nothing_is_lost_or_said_twice() {
    let commands = || {
        let mut commands = Vec::from(three());
        commands.extend([get("./Vendor?list=StructData"), get("./Vendor/Long"), get("./Vendor/Missing")]);
        commands
    };
    // `refused`: the message that is, by the server or by somebody else first.
    let run = |refused: usize, is_stranger: bool, size: u64| {
        let mut device = Device::start(proving(), local());
        Device::leaf(&mut device.tree, "./Vendor/Long", &"v".repeat(1500));
        let first = with(commands()).with_max_msg_size(size);
        let mut message = device.exchange(proved(first, 41, &nonce(50)));
        let mut accepted = Vec::new();
        for byte in 60.. {
            if device.sent.len() == refused {
                let refusal = Answer::challenge(401, next(byte));
                let nonce = issued(&message);
                message = device.exchange(if is_stranger { refusal } else { refusal.with_mac(HOST, &nonce) });
                continue;
            }
            accepted.push(message.clone());
            if message.is_final {
                break;
            }
            let nonce = issued(&message);
            message = device.exchange(proved(Answer::next(), byte, &nonce));
        }
        let count = device.sent.len();
        assert_eq!(device.end(proved(Answer::ok(), 45, &issued(&message))), Reason::Ended);
        (delivered(&accepted), count)
    };
    for size in [1000, 1500] {
        let (expected, count) = run(0, false, size);
        assert_eq!((expected.0.len(), count > 4), (6, true));
        for refused in 2..=count {
            for is_stranger in [false, true] {
                let (all, _) = run(refused, is_stranger, size);
                assert_eq!(all, expected, "message {refused} of {size} bytes, stranger: {is_stranger}");
            }
        }
    }
}

#[test]
fn commands_that_come_with_a_refusal_are_answered_after_what_was_refused() {
    let refused = || Answer::challenge(401, next(42)).with([delete("./Vendor/Area")]);
    let mut device = Device::start(proving(), local());
    let message = device.exchange(proved(with([get("./Vendor/Name")]), 41, &nonce(50)));
    let message = device.exchange(refused().with_mac(HOST, &issued(&message)));
    assert_eq!(said(&message), ["Get 1/4 200", "Delete 2/3 215", "Results 1/4 ./Vendor/Name=one"]);
    // Of a stranger's refusal nothing but its own commands.
    let mut device = Device::start(proving(), local());
    device.exchange(proved(with([get("./Vendor/Name")]), 41, &nonce(50)));
    let message = device.exchange(refused());
    assert_eq!(said(&message), ["Delete 2/3 401"]);
    device.abort();
    assert_eq!(outline(device.last()), ["Alert 1223", "Final"], "nor by an abort");
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
}

// --- a message that never left ---------------------------------------------------------------------------------

/// Gives the device a message of the server with so many commands for the tree. The answer is ready and not taken.
#[track_caller]
fn leave_unsaid(device: &mut Device, response: Response, commands: usize) {
    let (id, _) = device.post.take().expect("an open POST");
    device.give(Event::Response { id, response, random: Random::from([7; 32]) });
    for _ in 0..commands {
        device.hold = true;
        device.run();
        let (id, request) = device.held.take().expect("a request to the tree");
        let answer = tree::run(&mut device.tree, &request, &mut |_| Reply::Done);
        device.give(Event::Managed { id, answer });
    }
    device.hold = false;
}

#[test]
fn an_abort_says_what_the_message_that_never_left_was_to_say() {
    for restores in [false, true] {
        let mut device = Device::start(proving(), local());
        device.restores = restores;
        let response = device.compose(proved(with(three()), 41, &nonce(50)));
        leave_unsaid(&mut device, response, 3);
        assert_eq!(device.sent.len(), 1);
        device.abort();
        // The harness has seen that MsgIDs are without a gap.
        let message = device.last().clone();
        assert_eq!((device.sent.len(), message.header.msg_id.as_str()), (2, "2"));
        assert_eq!(outline(&message)[0], "SyncHdr 1/0 200 syncml:auth-MAC");
        assert_eq!(said(&message), ANSWERED);
        assert_eq!((codes_of_alerts(&message), message.is_final), (vec![1223], true));
        // The nonce is the one that was to be issued, and counts as soon as it is used.
        assert!(device.saved.iter().all(|(party, _)| *party == Party::Client));
        device.answer(proved(Answer::ok(), 42, &issued(&message)));
        assert_eq!(device.reason(), Reason::Aborted);
        assert_eq!(device.saved.last(), Some(&(Party::Server, issued(&message))));
    }
}

#[test]
fn an_abort_after_a_message_that_was_taken_says_no_status_twice() {
    let mut device = Device::start(with_identity(), local());
    device.exchange(with(three()));
    device.abort();
    assert_eq!(outline(device.last()), ["Alert 1223", "Final"]);
    assert_eq!(device.last().header.msg_id, "3");
}

#[test]
fn an_abort_before_anything_left_is_no_message() {
    let mut device = Device::start_held(config(), local(), queue([download("1")]));
    let (id, request) = device.held.take().unwrap();
    let answer = tree::run(&mut device.tree, &request, &mut |_| Reply::Done);
    device.give(Event::Managed { id, answer });
    device.abort();
    assert_eq!((device.sent.len(), device.reason()), (0, Reason::Aborted));
    assert_eq!(device.closed.unwrap().alerts.len(), 1);
}

// --- nonces that strangers cannot put out of step --------------------------------------------------------------

/// What answers a message that issues a nonce to the server, and whether the server has had the nonce then.
fn replies(device: &mut Device, nonce: &Nonce) -> Vec<(Response, bool, &'static str)> {
    let before = device.server_msg;
    let mut compose = |answer: Answer| {
        device.server_msg = before;
        let response = device.compose(answer);
        device.forget_owed();
        response
    };
    let plain = || Answer::ok().header(200).with_chal(next(48));
    vec![
        (Response::new(200), false, "nothing"),
        (response(Encoding::Xml, b"<html>It works!</html>".to_vec()), false, "no message"),
        (compose(plain()), false, "no credentials"),
        (compose(plain().with_mac(HOST, &peer::nonce(49))), false, "another nonce"),
        (compose(plain().with_mac(HOST, nonce).edited(|header| header.session_id = "30".into())), false, "elsewhere"),
        (compose(plain().with_mac(HOST, nonce)), true, "the server"),
    ]
}

/// The nonces for the server that were stored.
fn stored(device: &Device) -> Vec<&Nonce> {
    device.saved.iter().filter(|(party, _)| *party == Party::Server).map(|(_, nonce)| nonce).collect()
}

/// A device that issues a nonce to the server in its last message, which is the second, or an abort.
fn issuing(aborts: bool) -> (Device, Nonce) {
    let mut device = Device::start(proving(), local());
    device.hold = aborts;
    device.answer(proved(with([get("./Vendor/Name")]), 41, &nonce(50)));
    if aborts {
        device.abort();
        device.hold = false;
        device.resume();
        assert_eq!(codes_of_alerts(device.last()), [1223]);
    }
    let nonce = issued(device.last());
    assert_eq!((device.sent.len(), stored(&device)), (2, vec![]));
    (device, nonce)
}

#[test]
fn a_nonce_is_stored_when_the_server_proves_itself_not_when_a_stranger_says_200() {
    for aborts in [false, true] {
        let (mut device, nonce) = issuing(aborts);
        for (index, (_, is_server, what)) in replies(&mut device, &nonce).into_iter().enumerate() {
            let (mut device, nonce) = issuing(aborts);
            let response = replies(&mut device, &nonce).remove(index).0;
            device.server_msg = 2;
            device.respond(response);
            let expected = if is_server { vec![&nonce] } else { vec![] };
            assert_eq!(stored(&device), expected, "{what}, to an abort: {aborts}");
            if aborts {
                assert_eq!(device.reason(), Reason::Aborted, "{what}");
            }
        }
    }
}

// --- what cannot be said at all --------------------------------------------------------------------------------

#[test]
fn dev_info_that_cannot_be_written_is_no_message() {
    // XML has no U+0001. A value goes as Base64 then; names and types do not.
    let item = |uri: &str| ResultItem::new(uri).with_data(Data::Text("Ac\u{1}me".into()));
    for (wrong, writable) in [
        (item("./DevInfo/Man"), true),
        (item("./DevInfo/M\u{1}n"), false),
        (item("./DevInfo/Man").with_type("text/\u{1}"), false),
    ] {
        let mut device = Device::start_held(config(), local(), queue([download("1")]));
        let (id, _) = device.held.take().unwrap();
        let device_id = ResultItem::new("./DevInfo/DevId").with_data(Data::Text(DEVICE.into()));
        let answer = tree::Answer::new(StatusCode::OK).with_results(vec![device_id, wrong]);
        device.give(Event::Managed { id, answer });
        device.run();
        if writable {
            assert_eq!(dev_info(device.last()).len(), 2);
            continue;
        }
        assert_eq!((device.sent.len(), device.reason()), (0, Reason::Internal), "not even an abort");
        assert_eq!(device.closed.unwrap().alerts.len(), 1);
    }
}
