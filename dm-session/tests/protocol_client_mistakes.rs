//! What implementers of the DM 1.2 protocol get wrong, the client's side: each mistake made impossible.
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

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{Reason, Start};
use dm_session::dm1::{AlertQueue, Scheme, UserReply};
use dm_syncml::{AuthType, Command, Encoding, Meta};
use peer::*;

fn events(count: usize) -> AlertQueue {
    queue((0..count).map(|index| download(&index.to_string())))
}

#[test]
fn m01_a_challenge_without_commands_does_not_end_the_session() {
    for status in [401, 407] {
        let mut device = Device::start(with_identity(), local());
        device.exchange(Answer::challenge(status, challenge(Scheme::Md5, Some(&nonce(9)))));
        assert!(!device.client.is_closed());
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

#[test]
fn m02_a_lone_status_is_not_sent() {
    for status in [200, 212] {
        let mut device = device();
        device.exchange(with([get("./Vendor/Name")]));
        assert_eq!(device.end(Answer::ok().header(status)), Reason::Ended);
        assert_eq!(device.sent.len(), 2);
    }
}

#[test]
fn m03_a_server_without_commands_is_not_challenged() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    assert_eq!(device.end(Answer::ok()), Reason::ServerUnauthenticated);
    // Also later: it has failed to authenticate, and asks no more.
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(device.end(Answer::ok()), Reason::ServerUnauthenticated);
}

#[test]
fn m04_package_1_is_said_again_whole() {
    let mut device = Device::start_with(with_identity(), notified(), events(2));
    let first = device.last().clone();
    let message = device.exchange(md5_challenge(9).with_resp_uri("https://dm.example/there"));
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Alert 1200", "DevInfo", "Alert 1226", "Alert 1226", "Final"]);
    assert_eq!(dev_info(&message), dev_info(&first));
    assert_eq!(message.header.session_id, first.header.session_id);
    assert_eq!((first.header.msg_id.as_str(), message.header.msg_id.as_str()), ("1", "2"));
    assert_eq!(device.last_request().uri, "https://dm.example/there");
}

#[test]
fn m05_commands_of_a_server_that_failed_are_not_executed() {
    let harm = || [delete("./Vendor/Area"), exec("./Vendor/Run"), atomic([delete("./Vendor/Name")])];
    for cred in [None, Some(basic(HOST)), Some(md5(HOST, &nonce(3))), Some(md5(USER, &dm_syncml::Nonce::EMPTY))] {
        let mut device = Device::start(with_demand(Scheme::Md5), local());
        let (before, asked) = (device.look("."), device.managed.len());
        device.exchange(Answer { cred, ..with(harm()) });
        assert_eq!((device.look("."), device.managed.len()), (before, asked));
        assert!(device.executed.is_empty());
    }
}

#[test]
fn m06_references_name_the_message_of_the_command() {
    let mut tree = vendor_tree();
    for index in 0..6 {
        Device::leaf(&mut tree, &format!("./Vendor/T{index}"), &"x".repeat(300));
    }
    let mut device = Device::start_in(tree, config(), local(), AlertQueue::new());
    device.server_msg = 6;
    let gets = (0..6).map(|index| get(&format!("./Vendor/T{index}")));
    let messages = device.collect(with(gets).with_max_msg_size(1200));
    assert!(messages.len() > 2);
    // The Results in later messages belong to message 7, not to the 1222 before them.
    for (index, results) in messages.iter().flat_map(results).enumerate() {
        assert_eq!((results.msg_ref(), results.cmd_ref()), ("7", (index + 4).to_string().as_str()));
    }
}

#[test]
fn m07_each_direction_counts_by_itself() {
    let mut device = device();
    device.server_msg = 100;
    // The harness compares the client's MsgIDs with 1, 2, 3, and its MsgRefs with those of the server.
    let message = device.exchange(with([get("./Vendor/Name")]));
    assert_eq!((message.header.msg_id.as_str(), outline(&message)[0].as_str()), ("2", "SyncHdr 101/0 212"));
}

#[test]
fn m09_no_final_in_the_midst_of_a_package() {
    let mut device = device();
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "123", Some(9), true)]).more());
    assert!(!message.is_final);
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "456", None, true)]).more());
    assert!(!message.is_final);
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "789", None, false)]));
    assert!(message.is_final);
}

#[test]
fn m12_devinfo_has_source_and_comes_first() {
    // With so many alerts that Package#1 takes several messages.
    let mut device = Device::start_with(with_identity(), local(), events(30));
    assert_eq!(dev_info(device.last()).len(), 5);
    let message = device.exchange(md5_challenge(9).with_max_msg_size(2000));
    assert!(!message.is_final);
    assert_eq!(dev_info(&message).len(), 5);
    for message in device.collect(Answer::next()) {
        assert!(!outline(&message).contains(&"DevInfo".to_owned()));
    }
}

#[test]
fn m13_session_ids_of_notifications_are_hexadecimal() {
    for (id, text) in [(1, "1"), (10, "A"), (0xAB, "AB"), (0x0B0B, "B0B"), (0xFFFF, "FFFF"), (4096, "1000")] {
        let session_id = SessionId::new(id).unwrap();
        let mut device = Device::start(config(), Start::Notification { session_id, resync: None });
        assert_eq!(device.last().header.session_id, text);
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

#[test]
fn m14_size_is_in_the_first_chunk_and_of_what_is_carried() {
    let icon: Vec<u8> = (0..=255).cycle().take(3000).collect();
    for (encoding, expected) in [(Encoding::Xml, 4000), (Encoding::Wbxml, 3000)] {
        let mut device = Device::start(config().with_encoding(encoding), local());
        let content = dm_session::tree::dm1::Content::new(dm_session::tree::dm1::Data::Bytes(icon.clone()));
        let command = dm_session::tree::dm1::Command::add("./Vendor/Icon", content.with_format("bin"));
        let request = dm_session::tree::dm1::Request::local(command);
        let done = dm_session::tree::dm1::Store::apply(&mut device.tree, &request);
        assert_eq!(done, dm_session::tree::dm1::Outcome::status(dm_syncml::StatusCode::OK));
        let messages = device.collect(with([get("./Vendor/Icon")]).with_max_msg_size(900));
        let mut total = 0;
        for (index, results) in messages.iter().flat_map(results).enumerate() {
            let item = &results.items[0];
            let size = Meta::effective(item.meta.as_ref(), results.meta.as_deref()).size();
            assert_eq!(size, (index == 0).then_some(expected), "{encoding:?} {index}");
            let len = item.data.as_ref().unwrap().as_bytes().unwrap().len();
            assert!(encoding == Encoding::Wbxml || len % 4 == 0, "Base64 is cut after every four characters");
            total += len as u64;
        }
        assert_eq!(total, expected);
    }
}

#[test]
fn m15_nothing_is_kept_before_its_size_is_right() {
    let mut device = device();
    device.exchange(with([chunk(false, "./Vendor/Name", "123", Some(6), true)]).more());
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "4567", None, false)]));
    assert_eq!(codes(&message), [424]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");

    let mut device = self::device();
    device.exchange(with([chunk(false, "./Vendor/Name", "123", Some(6), true)]).more());
    let message = device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(codes_of_alerts(&message), [1225]);
    assert_eq!(values(&message), [("./Vendor/Name".into(), "one".into())]);
    // The rest that comes late belongs to nothing.
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "456", None, true)]).more());
    assert!(codes(&message).last().is_some_and(|code| *code >= 400), "{:?}", codes(&message));
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn m16_a_failed_atomic_is_undone() {
    let mut device = device();
    let before = device.look(".");
    let children = [
        replace("./Vendor/Name", "two"),
        add("./Vendor/New", "n"),
        add_node("./Vendor/Folder"),
        delete("./Vendor/Area"),
        copy("./Vendor/Level", "./Vendor/Copied"),
        replace("./Vendor/Fixed", "8"),
    ];
    let message = device.exchange(with([atomic(children)]));
    assert_eq!(codes(&message)[0], 507);
    assert_eq!(device.look("."), before);
}

#[test]
fn m17_the_codes_of_a_failed_atomic() {
    let mut device = device();
    let children =
        [replace("./Vendor/Name", "two"), delete("./Nowhere"), delete("./Vendor/Area"), add("./Vendor/N", "n")];
    assert_eq!(codes(&device.exchange(with([atomic(children)]))), [507, 216, 404, 215, 215]);
}

#[test]
fn m18_no_is_no_error_and_no_cancel() {
    let after = |reply| {
        let mut device = interactive();
        device.user.push_back(reply);
        let message = device.exchange(with([confirm("?"), replace("./Vendor/Name", "two")]));
        (codes(&message), device.value("./Vendor/Name").unwrap())
    };
    assert_eq!(after(UserReply::Rejected), (vec![304, 200], "two".into()));
    assert_eq!(after(UserReply::Cancelled), (vec![214, 215], "one".into()));
}

#[test]
fn m19_the_default_response_is_no_answer() {
    let mut device = interactive();
    let ask = alert(1101, &["MAXDT=10&DR=1", "?"]);
    device.answer(with([ask, replace("./Vendor/Name", "two")]));
    assert_eq!(device.shown[0].options.default_confirm(), Some(true));
    device.wait();
    assert_eq!(codes(device.last()), [408, 215]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    let mut device = interactive();
    device.answer(with([alert(1102, &["MAXDT=10&DR=me", "Who?"])]));
    device.wait();
    assert_eq!(outline(device.last())[1], "Alert 1/4 408");
}

#[test]
fn m20_choices_are_numbered_from_1() {
    for (number, taken) in [(0, false), (1, true), (3, true), (4, false)] {
        let mut device = interactive();
        device.answer(with([alert(1103, &["", "Which?", "red", "green", "blue"])]));
        let id = device.asked.unwrap();
        let reply = UserReply::Choices(vec![number]);
        let event = dm_session::dm1::client::Event::Answered { id, reply: reply.clone() };
        let snapshot = format!("{:?}", device.client.snapshot());
        if taken {
            device.say(reply);
            assert_eq!(outline(device.last())[1], format!("Alert 1/4 200 [{number}]"));
        } else {
            // The host is told, and the question stays open.
            assert!(device.client.handle(device.time(), event).is_err());
            assert_eq!(format!("{:?}", device.client.snapshot()), snapshot);
            device.say(UserReply::Choices(vec![2]));
        }
    }
}

#[test]
fn m21_an_alert_is_not_lost_with_a_challenged_message() {
    let mut device = Device::start_with(with_identity(), local(), events(1));
    let message = device.exchange(md5_challenge(9));
    assert_eq!(codes_of_alerts(&message), [1201, 1226]);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.alert_statuses.len(), 1);
    // Nor is one with a session that is refused.
    let mut device = Device::start_with(config(), local(), events(1));
    assert_eq!(device.end(md5_challenge(9)), Reason::Refused);
    assert_eq!(device.closed.unwrap().alerts.len(), 1);
}

#[test]
fn m24_without_max_msg_size_there_is_no_limit() {
    let mut tree = vendor_tree();
    Device::leaf(&mut tree, "./Vendor/Long", &"x".repeat(300_000));
    let mut device = Device::start_in(tree, config().with_max_msg_size(Some(1000)), local(), AlertQueue::new());
    let message = device.exchange(with([get("./Vendor/Long"), get("./Vendor/Long")]));
    assert!(message.is_final);
    assert_eq!(values(&message).len(), 2);
}

#[test]
fn m25_a_1223_of_the_server_is_not_answered() {
    for is_final in [true, false] {
        let mut device = device();
        device.exchange(with([get("./Vendor/Name")]));
        let answer = Answer { is_final, ..with([alert(1223, &[])]) };
        assert_eq!(device.end(answer), Reason::ServerAborted);
    }
}

#[test]
fn m04_credentials_are_those_of_the_challenge() {
    let mut device = Device::start(with_identity(), local());
    let message = device.exchange(md5_challenge(9));
    let cred = message.header.cred.as_ref().unwrap();
    assert_eq!(hash(USER).verify(cred, &nonce(9)), Ok(AuthType::Md5));
    assert!(
        message.commands.iter().all(|command| !matches!(command, Command::Status(status) if status.chal.is_some()))
    );
}
