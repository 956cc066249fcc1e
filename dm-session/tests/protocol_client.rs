//! The protocol of DM 1.2, the client's side: a test for each row of the static conformance tables.
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

use dm_notification::UnixSeconds;
use dm_notification::dm1::{Account, Credentials as Signature, NotificationBuilder, Policy, Receiver, SessionId};
use dm_session::dm1::client::{Reason, Start};
use dm_session::dm1::{AlertItem, AlertQueue, ClientAlert, InteractionKind, Scheme, UserReply};
use dm_syncml::{Command, Echo, InputType, Mark, Message, Meta, StatusCode};
use peer::*;

/// The only alert of a message with that code.
#[track_caller]
fn alert_of<'m>(message: &'m Message<'_>, code: u32) -> &'m dm_syncml::Alert<'m> {
    let mut found = alerts(message).filter(|alert| alert.code().unwrap().code() == code);
    let alert = found.next().unwrap();
    assert!(found.next().is_none());
    alert
}

// --- the session -----------------------------------------------------------------------------------------------

#[test]
fn dm_pro_c_001_the_session_is_set_up_and_ends_silently() {
    let mut device = device();
    assert_eq!(outline(device.last()), ["Alert 1201", "DevInfo", "Final"]);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_c_002_the_session_is_given_up_by_either_side() {
    let mut device = device();
    assert_eq!(device.end(with([alert(1223, &[])])), Reason::ServerAborted);

    let mut device = Device::start(config().with_interaction(true), local());
    device.answer(with([confirm("?")]));
    device.abort();
    assert_eq!(codes_of_alerts(device.last()), [1223]);
    device.answer(Answer::ok());
    assert_eq!(device.reason(), Reason::Aborted);
}

#[test]
fn dm_pro_c_003_what_does_not_fit_goes_in_several_messages() {
    for encoding in [dm_syncml::Encoding::Xml, dm_syncml::Encoding::Wbxml] {
        let config = config().with_encoding(encoding);
        let mut device = Device::start_in(tree_of(9, 200), config, local(), AlertQueue::new());
        let gets = (0..9).map(|index| get(&format!("./Vendor/T{index}")));
        let messages = device.collect(with(gets).with_max_msg_size(1100));
        assert!(messages.len() > 2, "{encoding:?}: {}", messages.len());
        let uris: Vec<String> = joined(&messages).into_iter().map(|(uri, _)| uri).collect();
        assert_eq!(uris, (0..9).map(|index| format!("./Vendor/T{index}")).collect::<Vec<_>>());
        assert!(joined(&messages).iter().all(|(_, text)| text.len() == 200));
        assert_eq!(messages.iter().map(|message| codes(message).len()).sum::<usize>(), 9 + messages.len() - 1);
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

#[test]
fn dm_pro_c_004_large_objects_come_and_go() {
    let mut device = Device::start_in(tree_of(1, 3000), config(), local(), AlertQueue::new());
    let message = device.exchange(with([get("./DevDetail/LrgObj")]).with_max_msg_size(1000));
    assert_eq!(values(&message), [("./DevDetail/LrgObj".into(), "true".into())]);
    let messages = device.collect(with([get("./Vendor/T0")]));
    assert!(messages.len() > 3, "{}", messages.len());
    assert_eq!(joined(&messages)[0].1.len(), 3000);
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "12345", Some(8), true)]).more());
    assert_eq!((codes(&message), codes_of_alerts(&message)), (vec![213], vec![1222]));
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "678", None, false)]));
    assert_eq!(codes(&message), [200]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "12345678");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_c_005_packages_3_and_4_repeat() {
    let mut device = device();
    let message = device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Get 1/4 200", "Results 1/4 ./Vendor/Name=one", "Final"]);
    let message = device.exchange(with([replace("./Vendor/Name", "two")]));
    assert_eq!(outline(&message), ["SyncHdr 2/0 212", "Replace 2/2 200", "Final"]);
    let message = device.exchange(with([get("./Vendor/Name"), get("./Missing")]));
    let expected = ["SyncHdr 3/0 212", "Get 3/2 200", "Get 3/3 404", "Results 3/2 ./Vendor/Name=two", "Final"];
    assert_eq!(outline(&message), expected);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_c_006_commands_change_the_tree() {
    let mut device = device();
    let first = [
        add("./Vendor/New", "n"),
        add_node("./Vendor/Folder"),
        replace("./Vendor/Name", "two"),
        delete("./Vendor/Area"),
        copy("./Vendor/New", "./Vendor/Copied"),
        get("./Vendor/Name"),
    ];
    let message = device.exchange(with(first));
    assert_eq!(codes(&message), [200; 6]);
    assert_eq!(values(&message), [("./Vendor/Name".into(), "two".into())]);
    let children = [add("./Vendor/Folder/1", "x"), replace("./Vendor/Folder/1", "y"), delete("./Vendor/New")];
    let message = device.exchange(with([sequence(children)]));
    assert_eq!(codes(&message), [200; 4]);
    for (uri, value) in [
        ("./Vendor/New", None),
        ("./Vendor/Name", Some("two")),
        ("./Vendor/Area/A", None),
        ("./Vendor/Copied", Some("n")),
        ("./Vendor/Folder/1", Some("y")),
    ] {
        assert_eq!(device.value(uri).as_deref(), value, "{uri}");
    }
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_c_007_user_interactions_are_done_in_order() {
    let mut device = Device::start(config().with_interaction(true), local());
    device.user.extend([UserReply::Accepted, UserReply::Accepted, UserReply::Text("me".into())]);
    let commands = [display("first"), confirm("second"), alert(1102, &["", "third"])];
    let message = device.exchange(with(commands));
    let expected = ["SyncHdr 1/0 212", "Alert 1/4 200", "Alert 1/5 200", "Alert 1/6 200 [me]", "Final"];
    assert_eq!(outline(&message), expected);
    let shown: Vec<(InteractionKind, &str)> = device.shown.iter().map(|it| (it.kind, it.text.as_str())).collect();
    let kinds = [InteractionKind::Display, InteractionKind::Confirm, InteractionKind::Input];
    assert_eq!(shown, kinds.into_iter().zip(["first", "second", "third"]).collect::<Vec<_>>());
}

#[test]
fn dm_pro_c_008_every_command_has_a_status_and_every_get_its_results() {
    let mut device = device();
    device.exec_replies.push_back(StatusCode::ACCEPTED);
    let commands = [
        get("./Vendor/Name"),
        add("./Vendor/Name", "again"),
        get("./Vendor/Area"),
        exec("./Vendor/Run"),
        delete("./Vendor/Fixed"),
        get("./Vendor/Nothing"),
        alert(1100, &["", "nobody sees it"]),
        alert(1250, &[]),
        atomic([replace("./Vendor/Name", "two")]),
        sequence([get("./Vendor/Level"), delete("./Nowhere")]),
    ];
    let message = device.exchange(with(commands));
    assert_eq!(codes(&message), [200, 418, 200, 202, 405, 404, 406, 406, 200, 200, 200, 200, 404]);
    let (first, second, third) = ("./Vendor/Name", "./Vendor/Area", "./Vendor/Level");
    let expected = [(first, "one"), (second, "A/B"), (third, "5")].map(|(uri, text)| (uri.into(), text.into()));
    assert_eq!(values(&message), expected);
    // Format where it is not the default.
    let formats: Vec<_> = results(&message)
        .map(|results| {
            let item = &results.items[0];
            dm_syncml::Meta::effective(item.meta.as_ref(), results.meta.as_deref()).format().as_str().to_owned()
        })
        .collect();
    assert_eq!(formats, ["chr", "node", "int"]);
}

#[test]
fn dm_pro_c_009_references_name_what_is_answered() {
    // The harness looks at every message: strict, numbered, every Status for something that was sent.
    let mut device = device();
    let message = device.exchange(with([
        sequence([atomic([replace("./Vendor/Name", "two"), delete("./Vendor/Area")]), get("./Vendor/Name")]),
        get("./DevInfo/Man"),
    ]));
    let expected = [
        "SyncHdr 1/0 212",
        "Sequence 1/4 200",
        "Atomic 1/5 200",
        "Replace 1/6 200",
        "Delete 1/7 200",
        "Get 1/8 200",
        "Get 1/9 200",
        "Results 1/8 ./Vendor/Name=two",
        "Results 1/9 ./DevInfo/Man=Acme",
        "Final",
    ];
    assert_eq!(outline(&message), expected);
    // A command with several Items: one Status, or one for each with its TargetRef.
    let Command::Get(mut several) = get("./DevInfo/Man") else { unreachable!() };
    several.items.push(dm_syncml::Item::target("./Vendor/Missing"));
    several.items.push(dm_syncml::Item::target("./Vendor/Level"));
    let message = device.exchange(with([Command::Get(several)]));
    let refs: Vec<(u32, Vec<&str>)> = statuses(&message)
        .skip(1)
        .map(|status| {
            (status.code().unwrap().code(), status.target_refs.iter().map(dm_syncml::LocUri::as_str).collect())
        })
        .collect();
    let expected = [(200, "./DevInfo/Man"), (404, "./Vendor/Missing"), (200, "./Vendor/Level")];
    assert_eq!(refs, expected.map(|(code, uri)| (code, vec![uri])));
    assert_eq!(values(&message).len(), 2);
}

#[test]
fn dm_pro_c_010_data_is_reported_by_client_alerts() {
    let mut device = Device::start_with(config(), local(), queue([download("1")]));
    assert_eq!(outline(device.last()), ["Alert 1201", "DevInfo", "Alert 1226", "Final"]);
    device.raise(ClientAlert::event(AlertItem::new("com.acme.event", "2")));
    let message = device.exchange(with([get("./Vendor/Name")]));
    let expected = ["SyncHdr 1/0 212", "Get 1/5 200", "Results 1/5 ./Vendor/Name=one", "Alert 1224", "Final"];
    assert_eq!(outline(&message), expected);
    assert_eq!(device.alert_statuses.len(), 1);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.alert_statuses.len(), 2);
    assert!(device.closed.unwrap().alerts.is_empty());
}

#[test]
fn dm_pro_c_011_generic_alerts_are_sent() {
    let mut device = Device::start_with(config(), local(), queue([download("done")]));
    let alert = alert_of(device.last(), 1226);
    assert_eq!(alert.items.len(), 1);
    let item = &alert.items[0];
    let meta = item.meta.as_ref().unwrap();
    assert_eq!(meta.type_(), Some(format!("Reversed-Domain-Name: {DOWNLOAD}").as_str()));
    assert_eq!(meta.format().map(|format| format.as_str()), Some("chr"));
    assert_eq!(text(item), "done");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.alert_statuses[0].1, StatusCode::OK);
}

// --- setting up ------------------------------------------------------------------------------------------------

#[test]
fn dm_pro_session_c_001_a_notification_leads_to_its_session() {
    let key = Signature::new(HOST.1.as_bytes(), b"nonce");
    let bytes = NotificationBuilder::new(SERVER_ID, SessionId::new(0xB0B).unwrap()).unwrap().sign(&key).to_vec();
    let accounts = [Account::new(SERVER_ID).with_credentials(key)];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let outcome = receiver.receive(Some(UnixSeconds(START / 1000)), &bytes, &accounts[..]);
    let start = Start::from(outcome.trigger().unwrap());
    let mut device = Device::start(config(), start);
    assert_eq!(device.last().header.session_id, "B0B");
    assert_eq!(outline(device.last())[0], "Alert 1200");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_session_c_002_package_1_has_alert_devinfo_and_final() {
    for start in [local(), notified()] {
        let device = Device::start(config(), start);
        let message = device.last();
        assert_eq!(outline(message)[1..], ["DevInfo", "Final"]);
        assert_eq!(message.header.msg_id, "1");
        assert!(message.header.cred.is_none() && message.is_final);
        assert_eq!(device.last_request().uri, SERVER);
    }
}

#[test]
fn dm_pro_session_c_003_1200_after_a_notification() {
    let device = Device::start(config(), notified());
    assert_eq!(codes_of_alerts(device.last()), [1200]);
    assert_eq!(device.last().header.session_id, SESSION);
}

#[test]
fn dm_pro_session_c_004_1201_of_its_own_accord() {
    assert_eq!(codes_of_alerts(device().last()), [1201]);
}

#[test]
fn dm_pro_session_c_005_devinfo_by_replace_in_the_first_message_and_after_a_challenge() {
    let mut device = Device::start(with_identity(), local());
    let expected = [("DevId", DEVICE), ("Man", "Acme"), ("Mod", "A1"), ("DmV", "1.2"), ("Lang", "en")]
        .map(|(name, value)| (format!("./DevInfo/{name}"), value.to_owned()));
    let sorted = |mut items: Vec<(String, String)>| {
        items.sort();
        items
    };
    assert_eq!(sorted(dev_info(device.last())), sorted(expected.to_vec()));
    let message = device.exchange(Answer::challenge(407, challenge(Scheme::Md5, Some(&nonce(9)))));
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Alert 1201", "DevInfo", "Final"]);
    assert_eq!(sorted(dev_info(&message)), sorted(expected.to_vec()));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_session_c_005_ext_and_bearer_are_part_of_devinfo() {
    let mut tree = vendor_tree();
    Device::leaf(&mut tree, "./DevInfo/Ext/Acme/Region", "eu");
    Device::leaf(&mut tree, "./DevInfo/Bearer/Wlan", "6");
    let device = Device::start_in(tree, config(), local(), AlertQueue::new());
    let items = dev_info(device.last());
    assert_eq!(items.len(), 7, "leaves alone: {items:?}");
    assert!(items.contains(&("./DevInfo/Ext/Acme/Region".into(), "eu".into())));
}

// --- abort -----------------------------------------------------------------------------------------------------

/// A device that has done a Get and asks its user something.
fn halfway() -> Device {
    let mut device = Device::start(config().with_interaction(true), local());
    device.answer(with([get("./Vendor/Name"), delete("./Nowhere"), confirm("?"), replace("./Vendor/Name", "two")]));
    assert!(device.asked.is_some());
    device
}

#[test]
fn dm_pro_abort_c_001_a_local_cancel_is_told_by_1223() {
    let mut device = halfway();
    device.abort();
    assert_eq!(codes_of_alerts(device.last()), [1223]);
    assert_eq!(device.cancelled.len(), 1, "the user is not asked any more");
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn dm_pro_abort_c_002_a_1223_is_not_answered_and_half_done_work_is_undone() {
    let mut device = device();
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "123", Some(6), true)]).more());
    assert_eq!(codes(&message), [213]);
    let before = device.look(".");
    assert_eq!(device.end(with([alert(1223, &[])])), Reason::ServerAborted);
    assert_eq!(device.look("."), before);

    // What stands beside it is not done either.
    let mut device = self::device();
    let before = device.look(".");
    assert_eq!(device.end(with([replace("./Vendor/Name", "two"), alert(1223, &[])])), Reason::ServerAborted);
    assert_eq!(device.look("."), before);
}

#[test]
fn dm_pro_abort_c_003_what_was_done_is_answered_with_the_abort() {
    let mut device = halfway();
    device.abort();
    let outline = outline(device.last());
    assert_eq!(outline[..3], ["SyncHdr 1/0 212", "Get 1/4 200", "Delete 1/5 404"]);
    assert!(outline.contains(&"Results 1/4 ./Vendor/Name=one".to_owned()), "{outline:?}");
}

#[test]
fn dm_pro_abort_c_004_the_abort_has_final() {
    let mut device = halfway();
    device.abort();
    assert!(device.last().is_final);
}

#[test]
fn dm_pro_abort_c_005_what_comes_back_is_discarded() {
    for answer in [Answer::ok(), with([replace("./Vendor/Name", "three"), get("./Vendor/Name")])] {
        let mut device = halfway();
        device.abort();
        let (sent, asked) = (device.sent.len(), device.managed.len());
        device.answer(answer);
        assert_eq!((device.sent.len(), device.managed.len()), (sent, asked));
        assert_eq!(device.reason(), Reason::Aborted);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    }
}

// --- several messages ------------------------------------------------------------------------------------------

#[test]
fn dm_pro_mul_c_001_only_the_last_message_has_final() {
    let mut device = Device::start_in(tree_of(6, 300), config(), local(), AlertQueue::new());
    let gets = (0..6).map(|index| get(&format!("./Vendor/T{index}")));
    let messages = device.collect(with(gets).with_max_msg_size(1500));
    assert!(messages.len() > 1);
    let finals: Vec<bool> = messages.iter().map(|message| message.is_final).collect();
    assert_eq!(finals.iter().position(|is_final| *is_final), Some(messages.len() - 1));
}

#[test]
fn dm_pro_mul_c_002_a_message_without_final_is_followed_by_the_next_or_by_an_abort() {
    for aborts in [false, true] {
        let mut device = Device::start_in(tree_of(6, 300), config(), local(), AlertQueue::new());
        let gets = (0..6).map(|index| get(&format!("./Vendor/T{index}")));
        let message = device.exchange(with(gets).with_max_msg_size(1500));
        assert!(!message.is_final);
        if aborts {
            device.abort();
            if device.sent.len() == 2 {
                device.answer(Answer::next());
            }
            assert_eq!(codes_of_alerts(device.last()), [1223]);
            assert!(device.last().is_final);
        } else {
            let message = device.exchange(Answer::next());
            assert_eq!(codes(&message)[0], 200, "the 1222 is answered");
        }
    }
}

// --- large objects ---------------------------------------------------------------------------------------------

#[test]
fn dm_pro_lo_c_001_every_chunk_but_the_last_is_answered_with_213() {
    let mut device = device();
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "1234", Some(10), true)]).more());
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Add 1/4 213", "Alert 1222"]);
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "567", None, true)]).more());
    assert_eq!(outline(&message), ["SyncHdr 2/0 212", "Add 2/3 213", "Alert 1222"]);
    let message = device.exchange(with([chunk(true, "./Vendor/Big", "890", None, false)]));
    assert_eq!(outline(&message), ["SyncHdr 3/0 212", "Add 3/3 200", "Final"]);
    assert_eq!(device.value("./Vendor/Big").unwrap(), "1234567890");
}

#[test]
fn dm_pro_lo_c_002_nothing_shows_before_the_last_chunk() {
    let mut device = device();
    let before = device.look(".");
    device.exchange(with([chunk(true, "./Vendor/Big", "1234", Some(10), true)]).more());
    device.exchange(with([chunk(true, "./Vendor/Big", "567", None, true)]).more());
    assert_eq!(device.look("."), before);
    device.exchange(with([chunk(true, "./Vendor/Big", "890", None, false)]));
    assert_eq!(device.look(".").len(), before.len() + 1);
}

#[test]
fn dm_pro_lo_c_003_chunks_of_results_have_more_data_but_for_the_last() {
    let mut device = Device::start_in(tree_of(1, 2500), config(), local(), AlertQueue::new());
    let messages = device.collect(with([get("./Vendor/T0")]).with_max_msg_size(1000));
    assert!(messages.len() > 2);
    let (last, rest) = messages.split_last().unwrap();
    assert!(rest.iter().all(|message| !message.is_final));
    // The Statuses may have a message to themselves.
    let carrying: Vec<_> = rest.iter().filter(|message| results(message).count() > 0).collect();
    assert!(carrying.len() > 1 && carrying.iter().all(|message| chunk_of(message).is_some()));
    assert!(chunk_of(last).is_none() && last.is_final);
    let value = device.value("./Vendor/T0").unwrap();
    assert_eq!(joined(&messages), [("./Vendor/T0".into(), value)]);
}

#[test]
fn dm_pro_lo_c_004_lrgobj_is_true() {
    let mut device = device();
    let message = device.exchange(with([get("./DevDetail/LrgObj")]));
    assert_eq!(values(&message), [("./DevDetail/LrgObj".into(), "true".into())]);
}

#[test]
fn dm_pro_lo_c_005_nothing_new_comes_between_chunks() {
    let mut device = Device::start_in(tree_of(2, 2500), config(), local(), AlertQueue::new());
    let gets = [get("./Vendor/T0"), get("./DevInfo/Man"), get("./Vendor/T1")];
    let mut messages = vec![device.exchange(with(gets).with_max_msg_size(1000))];
    device.raise(download("meanwhile"));
    while !messages.last().unwrap().is_final {
        messages.push(device.exchange(Answer::next()));
    }
    // `joined` sees to it that a chunk is followed by the next one.
    let uris: Vec<String> = joined(&messages).into_iter().map(|(uri, _)| uri).collect();
    assert_eq!(uris, ["./Vendor/T0", "./DevInfo/Man", "./Vendor/T1"]);
    for message in messages.iter().filter(|message| chunk_of(message).is_some()) {
        assert_eq!(codes_of_alerts(message), [0; 0], "no alert beside a chunk that is not the last");
        assert!(message.commands.last().unwrap().items().iter().any(|item| item.more_data), "a chunk is the last");
    }
    assert_eq!(messages.iter().flat_map(codes_of_alerts).collect::<Vec<_>>(), [1226]);
}

#[test]
fn dm_pro_lo_c_006_what_fits_goes_in_one_message() {
    let mut device = Device::start_in(tree_of(2, 400), config(), local(), AlertQueue::new());
    let message = device.exchange(with([get("./Vendor/T0")]).with_max_msg_size(1600));
    assert!(message.is_final && chunk_of(&message).is_none());
    // What would fit into a message of its own is not cut to fill another one.
    let messages = device.collect(with([get("./Vendor/T0"), get("./Vendor/T1"), get("./Vendor/T0")]));
    assert!(messages.iter().all(|message| chunk_of(message).is_none()));
    assert_eq!(joined(&messages).len(), 3);
    // Without a limit of the server there is none.
    let mut device = Device::start_in(tree_of(1, 100_000), config(), local(), AlertQueue::new());
    let message = device.exchange(with([get("./Vendor/T0")]));
    assert!(message.is_final && chunk_of(&message).is_none());
}

#[test]
fn dm_pro_lo_c_007_max_obj_size_is_said() {
    let config = config().with_max_obj_size(Some(5000)).with_max_msg_size(Some(2000));
    let device = Device::start(config, local());
    let meta = device.last().header.meta.clone().unwrap();
    assert_eq!(meta.max_obj_size().unwrap().number(), Some(5000));
    assert_eq!(meta.max_msg_size().unwrap().number(), Some(2000));
    let device = Device::start(peer::config().with_max_obj_size(None), local());
    assert!(device.last().header.meta.as_ref().and_then(Meta::max_obj_size).is_none());
}

#[test]
fn dm_pro_lo_c_008_nothing_larger_than_the_servers_max_obj_size() {
    for (size, status) in [(499, 413), (500, 200)] {
        let mut device = Device::start_in(tree_of(1, 500), config(), local(), AlertQueue::new());
        let message = device.exchange(with([get("./Vendor/T0"), get("./Vendor/Name")]).with_max_obj_size(size));
        assert_eq!(codes(&message), [status, 200]);
        assert_eq!(values(&message).len(), if status == 200 { 2 } else { 1 });
        // It holds until another one is said.
        let message = device.exchange(with([get("./Vendor/T0")]));
        assert_eq!(codes(&message), [status]);
        let message = device.exchange(with([get("./Vendor/T0")]).with_max_obj_size(1000));
        assert_eq!(codes(&message), [200]);
    }
}

#[test]
fn dm_pro_lo_c_009_size_is_in_the_first_chunk_alone() {
    let mut device = Device::start_in(tree_of(1, 2500), config(), local(), AlertQueue::new());
    let messages = device.collect(with([get("./Vendor/T0")]).with_max_msg_size(1000));
    let sizes: Vec<Option<u64>> = messages
        .iter()
        .flat_map(results)
        .map(|results| Meta::effective(results.items[0].meta.as_ref(), results.meta.as_deref()).size())
        .collect();
    assert!(sizes.len() > 2);
    assert_eq!(sizes[0], Some(2500));
    assert!(sizes[1..].iter().all(Option::is_none), "{sizes:?}");
}

#[test]
fn dm_pro_lo_c_010_another_size_is_424_and_nothing_changes() {
    for (size, last) in [(8, "45"), (4, "45")] {
        let mut device = device();
        let before = device.look(".");
        device.exchange(with([chunk(false, "./Vendor/Name", "123", Some(size), true)]).more());
        let message = device.exchange(with([chunk(false, "./Vendor/Name", last, None, false)]));
        assert_eq!(codes(&message), [424]);
        assert_eq!(device.look("."), before);
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

// --- user interaction ------------------------------------------------------------------------------------------

#[test]
fn dm_pro_ui_c_001_display() {
    let mut device = interactive();
    device.user.push_back(UserReply::Accepted);
    let message = device.exchange(with([alert(1100, &["MINDT=10", "Good morning"])]));
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Alert 1/4 200", "Final"]);
    assert_eq!((device.shown[0].kind, device.shown[0].text.as_str()), (InteractionKind::Display, "Good morning"));
    assert_eq!(device.shown[0].options.min_display.unwrap().as_secs(), 10);
}

#[test]
fn dm_pro_ui_c_002_confirm_or_reject() {
    // Its own Status; those of an Atomic around it, with what stands before and behind it in there; that of what stands
    // behind it in a Sequence, and in the body.
    for (reply, status, [all, first, last], in_sequence, in_body) in [
        (UserReply::Accepted, 200, [200, 200, 200], 200, 200),
        (UserReply::Rejected, 304, [507, 216, 215], 215, 200),
        (UserReply::Cancelled, 214, [507, 216, 215], 215, 215),
    ] {
        let asked = |commands: Vec<Command<'static>>| {
            let mut device = interactive();
            device.user.push_back(reply.clone());
            let message = device.exchange(with(commands));
            (device, codes(&message))
        };
        assert_eq!(asked(vec![confirm("Shall it be?")]).1, [status]);
        let children = [replace("./Vendor/Name", "two"), confirm("Shall it be?"), delete("./Vendor/Area")];
        // An Atomic that was cancelled has failed; what stands behind it is not in its reach.
        let (mut device, codes) = asked(vec![get("./Vendor/Level"), atomic(children.clone()), get("./Vendor/Level")]);
        assert_eq!(codes, [200, all, first, status, last, 200]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), if status == 200 { "two" } else { "one" });
        // Nothing of a Sequence or of the body is undone, and a Sequence reaches no farther than an Atomic.
        let (mut device, codes) = asked(vec![sequence(children.clone()), get("./Vendor/Level")]);
        assert_eq!(codes, [200, 200, status, in_sequence, 200]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "two");
        assert_eq!(device.value("./Vendor/Area/A").is_none(), in_sequence == 200);
        let (mut device, codes) = asked(children.into());
        assert_eq!(codes, [200, status, in_body]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "two");
        assert_eq!(device.value("./Vendor/Area/A").is_none(), in_body == 200);
    }
}

#[test]
fn dm_pro_ui_c_003_text_input() {
    let mut device = interactive();
    device.user.push_back(UserReply::Text("0049 89".into()));
    let options = "MAXDT=60&DR=John+Doe&MAXLEN=12&IT=P&ET=P&NEW=1";
    let message = device.exchange(with([alert(1102, &[options, "Your number?"])]));
    assert_eq!(outline(&message)[1], "Alert 1/4 200 [0049 89]");
    let options = &device.shown[0].options;
    assert_eq!(options.max_len, Some(12));
    assert_eq!((options.input_type, options.echo), (InputType::Phone, Echo::Password));
    assert_eq!(options.default_response.as_deref(), Some("John Doe"));
}

#[test]
fn dm_pro_ui_c_004_single_choice() {
    let mut device = interactive();
    device.user.push_back(UserReply::Choices(vec![2]));
    let message = device.exchange(with([alert(1103, &["DR=1", "Which?", "red", "green", "blue"])]));
    assert_eq!(outline(&message)[1], "Alert 1/4 200 [2]");
    assert_eq!(device.shown[0].kind, InteractionKind::SingleChoice);
}

#[test]
fn dm_pro_ui_c_005_multiple_choice() {
    for (chosen, word) in [(vec![1, 3], "Alert 1/4 200 [1,3]"), (vec![], "Alert 1/4 200")] {
        let mut device = interactive();
        device.user.push_back(UserReply::Choices(chosen));
        let message = device.exchange(with([alert(1104, &["DR=2-3", "Which?", "red", "green", "blue"])]));
        assert_eq!(outline(&message)[1], word);
        assert!(device.shown[0].options.default_choices().eq([2, 3]));
    }
}

#[test]
fn dm_pro_ui_c_006_items_are_used_in_their_order() {
    let mut device = interactive();
    device.user.push_back(UserReply::Choices(vec![1]));
    device.exchange(with([alert(1103, &["", "Title", "z", "a", "m"])]));
    assert_eq!(device.shown[0].text, "Title");
    assert_eq!(device.shown[0].choices, ["z", "a", "m"]);
}

// --- generic alerts --------------------------------------------------------------------------------------------

#[test]
fn dm_pro_galert_c_001_an_alert_about_an_object_has_a_source() {
    let alert = ClientAlert::generic(AlertItem::new(DOWNLOAD, "1").with_source("./Vendor/Area"));
    let device = Device::start_with(config(), local(), queue([alert]));
    let alert = alert_of(device.last(), 1226);
    assert_eq!(alert.items[0].source_uri().unwrap(), &"./Vendor/Area");
}

#[test]
fn dm_pro_galert_c_002_an_alert_about_none_has_no_source() {
    let device = Device::start_with(config(), local(), queue([download("1")]));
    assert!(alert_of(device.last(), 1226).items[0].source.is_none());
    assert!(alert_of(device.last(), 1226).items[0].target.is_none());
}

#[test]
fn dm_pro_galert_c_003_the_source_can_be_read() {
    let alert = ClientAlert::generic(AlertItem::new(DOWNLOAD, "1").with_source("./Vendor/Area"));
    let mut device = Device::start_with(config(), local(), queue([alert]));
    let uri = alert_of(device.last(), 1226).items[0].source_uri().unwrap().to_string();
    let message = device.exchange(with([get(&uri)]));
    assert_eq!(values(&message), [(uri, "A/B".into())]);
}

#[test]
fn dm_pro_galert_c_004_the_correlator_is_that_of_the_exec() {
    let mut device = device();
    device.exec_replies.push_back(StatusCode::ACCEPTED);
    let message = device.exchange(with([exec_with("./Vendor/Run", "c-1")]));
    assert_eq!(codes(&message), [202]);
    let (uri, correlator) = device.executed[0].clone();
    assert_eq!((uri.as_str(), correlator.as_deref()), ("./Vendor/Run", Some("c-1")));
    let item = AlertItem::new("com.acme.run", "200").with_source(uri);
    device.raise(ClientAlert::generic(item).with_correlator(correlator.unwrap()));
    let message = device.exchange(Answer::ok());
    assert_eq!(outline(&message), ["SyncHdr 2/0 212", "Alert 1226", "Final"]);
    assert_eq!(alert_of(&message, 1226).correlator.as_deref(), Some("c-1"));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn dm_pro_galert_c_005_the_type_has_its_prefix() {
    for (given, prefixed, sent) in [
        ("com.acme.event", true, "Reversed-Domain-Name: com.acme.event"),
        ("com.acme.event", false, "com.acme.event"),
        ("Reversed-Domain-Name: com.acme.event", true, "Reversed-Domain-Name: com.acme.event"),
        ("Content-Type: text/plain", true, "Content-Type: text/plain"),
    ] {
        let config = config().with_prefix_alerts(prefixed);
        let alert = ClientAlert::generic(AlertItem::new(given, "1"));
        let device = Device::start_with(config, local(), queue([alert]));
        let alert = alert_of(device.last(), 1226);
        assert_eq!(alert.items[0].meta.as_ref().unwrap().type_(), Some(sent));
    }
    assert!(AlertQueue::new().push(ClientAlert::generic(AlertItem::new("", "1"))).is_err());
}

#[test]
fn dm_pro_galert_c_006_the_mark_says_how_important_it_is() {
    let marks = [
        Mark::Fatal,
        Mark::Critical,
        Mark::Minor,
        Mark::Warning,
        Mark::Informational,
        Mark::Harmless,
        Mark::Indeterminate,
    ];
    for mark in marks {
        let alert = ClientAlert::generic(AlertItem::new(DOWNLOAD, "1").with_mark(mark.clone()));
        let device = Device::start_with(config(), local(), queue([alert]));
        let meta = alert_of(device.last(), 1226).items[0].meta.clone().unwrap();
        assert_eq!(meta.mark().cloned().unwrap_or(Mark::Informational), mark);
    }
    let device = Device::start_with(config(), local(), queue([download("1")]));
    assert_eq!(alert_of(device.last(), 1226).items[0].meta.as_ref().unwrap().mark(), None);
}
