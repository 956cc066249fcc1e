//! The client machine from Package#1 to the end of a session: one way through each part of it.
#![cfg(feature = "dm1")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/dm1_peer.rs"]
mod dm1_peer;

use dm_session::dm1::client::Reason;
use dm_session::dm1::{AlertItem, AlertQueue, ClientAlert, Identity, Limits, Scheme, UserReply};
use dm_session::tree::dm1 as tree;
use dm_syncml::{Encoding, Nonce};
use dm1_peer::*;

fn outlined(device: &Device) -> Vec<String> {
    outline(device.last())
}

#[test]
fn an_empty_package_2_ends_the_session() {
    let mut device = device();
    assert_eq!(outlined(&device), ["Alert 1201", "DevInfo", "Final"]);
    let info = dev_info(device.last());
    assert!(info.contains(&("./DevInfo/DevId".into(), DEVICE.into())), "{info:?}");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn commands_are_done_and_answered_in_their_order() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let mut device = Device::start(config().with_encoding(encoding), local());
        let commands =
            [get("./Vendor/Name"), replace("./Vendor/Name", "two"), get("./Vendor/Name"), get("./Vendor/None")];
        let answer = device.exchange(with(commands));
        assert_eq!(
            outline(&answer),
            [
                "SyncHdr 1/0 212",
                "Get 1/4 200",
                "Replace 1/5 200",
                "Get 1/6 200",
                "Get 1/7 404",
                "Results 1/4 ./Vendor/Name=one",
                "Results 1/6 ./Vendor/Name=two",
                "Final"
            ]
        );
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

#[test]
fn an_atomic_that_fails_leaves_nothing() {
    let mut device = device();
    let commands = [replace("./Vendor/Name", "two"), delete("./Vendor/None"), add("./Vendor/New", "x")];
    let answer = device.exchange(with([atomic(commands)]));
    assert_eq!(codes(&answer), [507, 216, 404, 215]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("one"));
    let answer = device.exchange(with([atomic([replace("./Vendor/Name", "two")])]));
    assert_eq!(codes(&answer), [200, 200]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("two"));
}

#[test]
fn a_cancelled_question_stops_the_message() {
    let mut device = Device::start(config().with_interaction(true), local());
    device.user = [UserReply::Accepted, UserReply::Cancelled].into();
    let commands = [confirm("Go on?"), replace("./Vendor/Name", "two"), confirm("Sure?"), delete("./Vendor/Name")];
    let answer = device.exchange(with(commands));
    assert_eq!(codes(&answer), [200, 200, 214, 215]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("two"));
}

#[test]
fn both_sides_prove_who_they_are() {
    let config = with_identity().with_demand(dm_session::dm1::Demand::new(Scheme::Md5, credentials(HOST)));
    let mut device = Device::start(config, local());
    // The server wants to know, and the client too, as soon as there is something to do.
    let again = device.exchange(Answer::challenge(407, challenge(Scheme::Md5, Some(&nonce(100)))));
    assert_eq!(outline(&again), ["SyncHdr 1/0 407 syncml:auth-md5", "Alert 1201", "DevInfo", "Final"]);
    assert_eq!(again.header.cred, Some(md5(USER, &nonce(100))));
    let refused = device.exchange(with([replace("./Vendor/Name", "two")]));
    assert_eq!(outline(&refused), ["SyncHdr 2/0 407 syncml:auth-md5", "Replace 2/4 407", "Final"]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("one"));
    let cred = md5(HOST, &nonce(2));
    let done = device.exchange(with([replace("./Vendor/Name", "two")]).with_cred(cred));
    assert_eq!(outline(&done)[1..], ["Replace 3/2 200", "Final"]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("two"));
    assert!(device.client.server_is_trusted());
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    // The one that the server has for the next session, and the one that this session began with.
    let saved: Vec<Nonce> = device.saved.iter().map(|(_, nonce)| nonce.clone()).collect();
    assert_eq!(saved, [nonce(100), nonce(3)]);
}

#[test]
fn a_server_that_nobody_knows_and_that_wants_nothing_is_not_answered() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    assert_eq!(device.end(Answer::ok()), Reason::ServerUnauthenticated);
}

#[test]
fn what_does_not_fit_goes_in_several_messages() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        for size in [900, 1_000, 3_000] {
            let mut device = Device::start(config().with_encoding(encoding), local());
            let text: String = (0..5_000).map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap())).collect();
            Device::leaf(&mut device.tree, "./Vendor/Long", &text);
            let answer = with([get("./Vendor/Long"), get("./Vendor/Name"), get("./Vendor/Area?list=StructData")])
                .with_max_msg_size(size);
            let messages = device.collect(answer);
            assert!(messages.len() > 2, "{encoding:?} {size}");
            let values = joined(&messages);
            assert_eq!(values[0], ("./Vendor/Long".to_owned(), text));
            assert_eq!(values[1], ("./Vendor/Name".to_owned(), "one".to_owned()));
            assert_eq!(values.len(), 5, "{values:?}");
        }
    }
}

#[test]
fn a_large_object_comes_in_chunks() {
    let mut device = device();
    let first = device.exchange(with([chunk(false, "./Vendor/Name", "abc", Some(6), true)]).more());
    assert_eq!(outline(&first), ["SyncHdr 1/0 212", "Replace 1/4 213", "Alert 1222"]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("one"));
    let last = device.exchange(with([chunk(false, "./Vendor/Name", "def", None, false)]));
    assert_eq!(outline(&last), ["SyncHdr 2/0 212", "Replace 2/3 200", "Final"]);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("abcdef"));
    device.exchange(with([chunk(false, "./Vendor/Name", "ghi", Some(6), true)]).more());
    let broken = device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(
        outline(&broken),
        ["SyncHdr 4/0 212", "Get 4/3 200", "Results 4/3 ./Vendor/Name=abcdef", "Alert 1225", "Final"]
    );
}

#[test]
fn alerts_stay_until_they_are_answered() {
    let mut alerts = AlertQueue::new();
    alerts.push(ClientAlert::generic(AlertItem::new("com.example.fault", "1"))).unwrap();
    let mut device = Device::start_with(with_identity(), notified(), alerts);
    assert_eq!(outlined(&device), ["Alert 1200", "DevInfo", "Alert 1226", "Final"]);
    let again = device.exchange(Answer::challenge(407, challenge(Scheme::Md5, Some(&nonce(100)))));
    assert_eq!(codes_of_alerts(&again), [1200, 1226]);
    device.raise(ClientAlert::event(AlertItem::new("com.example.event", "2")));
    // D1: what came up meanwhile is said before the session ends.
    let last = device.exchange(Answer::ok());
    assert_eq!(outline(&last), ["SyncHdr 2/0 212", "Alert 1224", "Final"]);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.alert_statuses.len(), 2);
    assert!(device.closed.unwrap().alerts.is_empty());
}

#[test]
fn an_abort_in_an_atomic_undoes_it_first() {
    let mut device = Device::start(config().with_interaction(true), local());
    device.answer(with([get("./Vendor/Name"), atomic([replace("./Vendor/Name", "two"), confirm("Go on?")])]));
    device.abort();
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("one"));
    let goodbye = outlined(&device);
    assert_eq!(
        goodbye,
        [
            "SyncHdr 1/0 212",
            "Get 1/4 200",
            "Atomic 1/5 507",
            "Replace 1/6 216",
            "Alert 1/7 214",
            "Results 1/4 ./Vendor/Name=one",
            "Alert 1223",
            "Final"
        ]
    );
    device.answer(with([delete("./Vendor/Name")]));
    assert_eq!(device.reason(), Reason::Aborted);
    assert_eq!(device.value("./Vendor/Name").as_deref(), Some("one"));
}

#[test]
fn lost_messages_are_sent_again_as_they_were() {
    let mut device = device();
    for _ in 0..3 {
        device.fail();
        device.wait();
    }
    assert_eq!(device.resent, 3);
    device.fail();
    assert_eq!(device.reason(), Reason::Transport);
}

#[cfg(feature = "serde")]
#[test]
fn a_basic_credential_is_in_the_message_and_in_no_snapshot() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let identity = Identity::new(credentials(USER)).with_weakest(Scheme::Basic).with_first(Scheme::Basic);
        let config = config().with_identity(identity).with_encoding(encoding);
        let secret = basic(USER).data.as_text().unwrap().to_owned();
        let mut device = Device::start(config, local());
        device.restores = false;
        assert_eq!(device.last().header.cred, Some(basic(USER)));
        // Queued, out, and out again.
        device.fail();
        device.now = device.client.poll_timeout().unwrap().as_millis();
        device.client.handle(device.time(), dm_session::dm1::client::Event::Tick).unwrap();
        for _ in 0..2 {
            let stored = serde_json::to_string(&device.client.snapshot()).unwrap();
            let numbers: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
            assert!(!stored.contains(&secret) && !stored.contains(&numbers.join(",")), "{encoding:?}");
            device.run();
        }
        assert_eq!(device.resent, 1, "the same bytes");
    }
}

#[test]
fn what_a_message_may_bring_is_counted_for_each_message() {
    let limits = Limits::DEFAULT.with_max_reply_len(2_000);
    let mut device = Device::start(config().with_limits(limits), local());
    Device::leaf(&mut device.tree, "./Vendor/Long", &"x".repeat(1_200));
    for _ in 0..3 {
        let answer = device.exchange(with([get("./Vendor/Long"), get("./Vendor/Long")]));
        assert_eq!(codes(&answer), [200, 413]);
    }
}

#[test]
fn a_server_that_takes_a_mac_for_the_whole_session_is_refused() {
    let identity = Identity::new(credentials(USER)).with_first(Scheme::Mac);
    let mut device = Device::start(config().with_identity(identity), local());
    assert_eq!(device.end(with([get("./Vendor/Name")])), Reason::Refused);
}

#[test]
fn what_a_get_brought_is_all_delivered_however_little_room_there_is() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        for size in (560..800).step_by(7) {
            let mut device = Device::start(config().with_encoding(encoding), local());
            for index in 0..12 {
                let content = tree::Content::mo(format!("urn:oma:mo:example:{}", "x".repeat(index * 4)));
                let command = tree::Command::add(format!("./Vendor/Node{index}"), content);
                let answer = tree::run(&mut device.tree, &tree::Request::local(command), &mut |_| tree::Reply::Done);
                assert_eq!(answer.status, dm_syncml::StatusCode::OK);
            }
            let answer = with([get("./Vendor?list=StructData")]).with_max_msg_size(size);
            let messages = device.collect(answer);
            let expected = device.look("./Vendor").len();
            match codes(&messages[0])[..] {
                [200] => assert_eq!(joined(&messages).len(), expected, "{encoding:?} {size}"),
                [413] => assert!(joined(&messages).is_empty(), "{encoding:?} {size}"),
                ref other => panic!("{other:?}"),
            }
        }
    }
}
