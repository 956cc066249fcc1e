//! The rows of the protocol's static conformance tables that are the server's (OMA-TS-DM_Protocol-V1_2 Appendix B), one
//! test for each, named by it.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "support/dm1_device_script.rs"]
mod script;

use dm_notification::dm1::{Credentials, Initiator, Notification, UiMode};
use dm_session::Random;
use dm_session::dm1::server::{self, Event, Reason};
use dm_session::dm1::{AlertKind, Fate, Interaction, InteractionKind, NotSent, Order, Party, Scheme, UserReply};
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_syncml::{AuthType, Command, Item, Mark, Meta, UiOptions};
use script::*;

fn waiting(encoding: dm_syncml::Encoding) -> Device {
    Device::opened(config(), encoding, [get(1, "./DevDetail/SwV")])
}

// --- the server as a whole -----------------------------------------------------------------------------------------

#[test]
fn dm_pro_s_001_package_1_is_answered_with_package_2() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([get(1, "./DevDetail/SwV")]);
        let answer = device.open();
        assert_eq!(header_code(&answer), 212, "the transport has authenticated the device");
        assert_eq!((codes_of(&answer, "Alert"), codes_of(&answer, "Replace")), (vec![200], vec![200]));
        assert_eq!(names(&answer), ["Get"]);
        assert!(answer.is_final);
        assert_eq!(device.opening().start, server::Initiator::Client);
        assert_eq!(device.opening().value("Man"), Some("ACME"));
        assert_eq!(device.opening().dev_info.len(), 5);
        assert_eq!((device.server.device_id(), device.server.session_id()), (Some(DEVICE), Some("1A")));
    }
}

#[test]
fn dm_pro_s_002_sessions_are_given_up_by_either_side() {
    let mut device = waiting(BOTH[0]);
    let body = device.reply().alert(1223);
    device.say(body);
    assert_eq!(device.reason(), Some(Reason::DeviceAborted));
    assert_eq!(device.outcome(1).fate, Fate::Unknown);

    let mut device = waiting(BOTH[0]);
    device.event(Event::Abort);
    let body = device.obey();
    assert_eq!(alerts(&device.say(body)), [1223]);
    assert_eq!(device.reason(), Some(Reason::Aborted));
}

#[test]
fn dm_pro_s_003_the_rest_of_a_package_is_asked_for_and_nothing_new_is_sent_meanwhile() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B"), get(3, "./C")]);
        let ids: Vec<String> =
            operations(&device.last).iter().map(|it| it.cmd_id().unwrap().as_str().to_owned()).collect();
        device.plan([get(4, "./D")]);
        for (number, id) in ids.iter().enumerate() {
            let mut body = device.reply();
            if number > 0 {
                let asked = device.last.commands.iter().find(|it| matches!(it, Command::Alert(_))).unwrap();
                body = body.status(asked.cmd_id().unwrap().as_str(), "Alert", 200);
            }
            body = body.about(1).status(id, "Get", 200).result(id, &format!("./{number}"), "x");
            let last = number + 1 == ids.len();
            let answer = device.say(if last { body } else { body.more() });
            assert_eq!(answer.is_final, last);
            assert_eq!(names(&answer).is_empty(), !last);
            assert_eq!(alerts(&answer), if last { vec![] } else { vec![1222] });
        }
        assert_eq!((device.came(1), device.came(2), device.came(3)), (200, 200, 200));
        assert_eq!(leaf(device.outcome(3)), ("./2".into(), "x".into()));
    }
}

#[test]
fn dm_pro_s_004_large_objects_go_and_come() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(900);
        device.plan([replace(1, "./Vendor/A", long_text(5_000).as_str()), get(2, "./Vendor/A")]);
        device.open();
        let taken = device.take_pieces();
        assert_eq!(taken.data, long_text(5_000).into_bytes());
        let body = device.obey();
        device.say(body);
        assert_eq!(device.came(1), 200);
        assert_eq!(names(&device.last), ["Get"]);
        let value = long_text(2_000);
        let id = operations(&device.last)[0].cmd_id().unwrap().as_str().to_owned();
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./Vendor/A", &value[..1_500], Some(2_000), true);
        let about = device.last_id;
        device.say(body.more());
        let body = device.answer(|_| 200).about(about).chunk(&id, "./Vendor/A", &value[1_500..], None, false);
        device.say(body);
        assert_eq!(leaf(device.outcome(2)), ("./Vendor/A".into(), value));
    }
}

#[test]
fn dm_pro_s_005_packages_3_and_4_go_on_as_long_as_there_are_commands() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        for round in 0..5 {
            device.plan([get(round, &format!("./Round/{round}"))]);
        }
        device.open();
        for _ in 0..4 {
            let body = device.obey();
            assert_eq!(names(&device.say(body)), ["Get"]);
        }
        let body = device.obey();
        let answer = device.say(body);
        assert!(answer.is_final && answer.commands.len() == 1, "a Status for the SyncHdr and Final: {answer:?}");
        assert_eq!(device.received.len(), 6);
        assert!((0..5).all(|round| device.came(round) == 200));
        assert!(device.received[1..].iter().all(|received| received.opening.is_none()));
    }
}

#[test]
fn dm_pro_s_006_all_commands_are_sent() {
    for encoding in BOTH {
        let orders = [
            add(1, "./Vendor/A", Content::node()),
            add(2, "./Vendor/A/B", Content::from("7").with_format("int").with_type("text/plain")),
            replace(3, "./Vendor/A/B", "8"),
            get(4, "./Vendor/A/B"),
            sequence(5, [Do::get("./Vendor/A").into(), Do::exec("./Vendor/Run").into()]),
            atomic(6, [Do::replace("./Vendor/A/B", "9").into(), Do::delete("./Vendor/A/B").into()]),
            delete(7, "./Vendor/A"),
            Order::new(8, Do::copy("./Vendor/From", "./Vendor/To")),
            exec(9, "./Vendor/Run"),
        ];
        let mut device = Device::opened(config(), encoding, orders);
        let sent = operations(&device.last);
        assert_eq!(
            names(&device.last),
            ["Add", "Add", "Replace", "Get", "Sequence", "Atomic", "Delete", "Copy", "Exec"]
        );
        assert_eq!(sent[0].items()[0].meta.as_ref().unwrap().format().unwrap().as_str(), "node");
        let meta = sent[1].effective_meta(&sent[1].items()[0]);
        assert_eq!((meta.format().as_str(), meta.type_()), ("int", "text/plain"));
        assert_eq!((target(&sent[1]), data(&sent[1])), ("./Vendor/A/B".into(), b"7".to_vec()));
        assert_eq!(sent[7].items()[0].source_uri().unwrap().as_str(), "./Vendor/From");
        let inside = |at: usize| sent[at].commands().iter().map(|it| it.name().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            (inside(4), inside(5)),
            (vec!["Get".into(), "Exec".into()], vec!["Replace".into(), "Delete".into()])
        );
        let body = device.obey();
        device.say(body);
        assert!((1..=9).all(|id| device.came(id) == 200 && device.outcome(id).is_done()));
        assert_eq!(child_codes(device.outcome(5)), [200, 200]);
        assert_eq!(leaf(&device.outcome(5).children[0]).0, "./Vendor/A");
    }
}

#[test]
fn dm_pro_s_007_user_interaction_is_sent_in_its_order() {
    for encoding in BOTH {
        let orders = [
            interact(1, Interaction::new(InteractionKind::Display, "Hello")),
            interact(2, Interaction::new(InteractionKind::Confirm, "Go on?")),
        ];
        let mut device = Device::opened(config(), encoding, orders);
        assert_eq!(alerts(&device.last), [1100, 1101]);
        assert!(device.last.is_final);
        let body = device.obey();
        device.say(body);
        assert_eq!(device.outcome(1).reply, Some(UserReply::Accepted));
        assert_eq!(device.outcome(2).reply, Some(UserReply::Accepted));
    }
}

#[test]
fn dm_pro_s_008_dev_info_and_every_alert_have_a_status_and_results_are_taken() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([get(1, "./A")]);
        let event = alert_item("com.example.login", "user");
        let body = device.package1().generic("com.example.a", "1").alert_with(1224, |it| it.with_item(event));
        let answer = device.say(body.generic("com.example.b", "2"));
        let expected = [("Alert", "1"), ("Replace", "2"), ("Alert", "3"), ("Alert", "4"), ("Alert", "5")];
        let expected = expected.map(|(name, id)| (name.to_owned(), id.to_owned(), 200));
        assert_eq!(statuses(&answer), expected);
        let body = device.obey().generic("com.example.c", "3");
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        assert_eq!(leaf(device.outcome(1)), ("./A".into(), value_of("./A")));
    }
}

#[test]
fn dm_pro_s_009_generic_alerts_are_taken() {
    let mut device = Device::new(config());
    let body = device.package1().generic("org.openmobilealliance.dm.firmwareupdate.download", "200");
    let answer = device.say(body);
    assert_eq!(codes_of(&answer, "Alert"), [200, 200]);
    let alert = &device.received[0].alerts[0];
    assert_eq!(alert.kind, AlertKind::Generic);
    assert_eq!(alert.items[0].alert_type(), "org.openmobilealliance.dm.firmwareupdate.download");
}

#[test]
fn dm_pro_s_010_devices_are_authenticated_by_basic_and_md5_credentials() {
    for encoding in BOTH {
        for (scheme, auth_type) in [(Scheme::Basic, AuthType::Basic), (Scheme::Md5, AuthType::Md5)] {
            let mut device = Device::with(config().with_demand(demand(scheme)), encoding);
            device.plan([get(1, "./A")]);
            assert_eq!(header_code(&device.open()), 407);
            let (asked, nonce) = device.chal().unwrap();
            assert_eq!(asked, auth_type);
            assert_eq!(nonce.is_some(), scheme == Scheme::Md5);
            assert!(device.received.is_empty(), "nobody is asked before the device has proved itself");
            device.take_chal();
            let answer = device.open();
            assert_eq!(header_code(&answer), 212);
            assert_eq!(names(&answer), ["Get"]);
        }
    }
}

// --- setup ---------------------------------------------------------------------------------------------------------

#[test]
fn dm_pro_session_s_001_notifications_are_sent() {
    let config = config().with_identity(identity(Scheme::Md5, nonce(b"Nonce")));
    let mut device = Device::new(config);
    let random = Random::from([0x1f; 32]);
    device.event(Event::Notify { ui_mode: UiMode::Background, initiator: Initiator::Server, random });
    device.drain(dm_session::RequestId(0));
    let bytes = device.notifications[0].clone();
    let notification = Notification::parse(&bytes).unwrap();
    assert_eq!(notification.server_id(), SERVER_ID.as_bytes());
    assert_eq!(notification.verify(&Credentials::new(SERVER_PASSWORD.as_bytes(), b"Nonce")), Ok(()));
    assert_eq!((notification.ui_mode(), notification.initiator()), (UiMode::Background, Initiator::Server));
    // Its SessionID is that of the session which comes of it.
    device.session = notification.session_id().unwrap().to_string();
    let body = device.body().alert(1200).dev_info();
    device.say(body);
    assert!(device.opening().notified);
    assert_eq!(device.opening().start, server::Initiator::Server);
}

#[test]
fn dm_pro_session_s_002_the_device_is_authenticated_before_package_2() {
    for encoding in BOTH {
        // 212: for the session.
        let mut device = Device::with(config().with_demand(demand(Scheme::Md5)), encoding);
        device.scheme = Some(Scheme::Md5);
        assert_eq!(header_code(&device.open()), 212);
        assert_eq!(device.received.len(), 1);
        // 200: for this message.
        let mut device = Device::with(config().with_demand(demand(Scheme::Md5).with_per_message()), encoding);
        device.scheme = Some(Scheme::Md5);
        assert_eq!(header_code(&device.open()), 200);
        assert!(device.chal().unwrap().1.is_some());
        // 407: none.
        let mut device = Device::with(config().with_demand(demand(Scheme::Md5)), encoding);
        let answer = device.open();
        assert_eq!(header_code(&answer), 407);
        assert_eq!((codes_of(&answer, "Alert"), codes_of(&answer, "Replace")), (vec![407], vec![407]));
        // 401: wrong.
        let mut device = Device::with(config().with_demand(demand(Scheme::Md5)), encoding);
        device.scheme = Some(Scheme::Md5);
        device.keys.password = "other".into();
        let answer = device.open();
        assert_eq!(header_code(&answer), 401);
        assert_eq!((codes_of(&answer, "Alert"), codes_of(&answer, "Replace")), (vec![401], vec![401]));
        assert!(device.received.is_empty());
    }
}

// --- abort ---------------------------------------------------------------------------------------------------------

#[test]
fn dm_pro_abort_s_001_1223_takes_the_place_of_1222() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        device.event(Event::Abort);
        let body = device.answer(|_| 200).more();
        let answer = device.say(body);
        assert_eq!(alerts(&answer), [1223]);
        assert_eq!(device.reason(), Some(Reason::Aborted));
    }
}

#[test]
fn dm_pro_abort_s_002_an_abort_is_answered_with_statuses_and_no_commands() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        device.plan([get(3, "./C")]);
        let id = operations(&device.last)[0].cmd_id().unwrap().as_str().to_owned();
        let body = device.reply().status(&id, "Get", 404).alert(1223);
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        assert_eq!(answer.commands.len(), 2, "{answer:?}");
        assert!(answer.is_final);
        assert_eq!(device.reason(), Some(Reason::DeviceAborted));
        assert_eq!(device.came(1), 404, "what the device says along with it counts");
        assert_eq!(device.outcome(2).fate, Fate::Unknown);
    }
}

#[test]
fn dm_pro_abort_s_003_the_alerts_of_the_device_are_answered_along_with_the_1223() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        device.event(Event::Abort);
        let body = device.obey().generic("com.example.a", "1");
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        assert_eq!(alerts(&answer), [1223]);
        assert_eq!(device.came(1), 200, "what was done is recorded");
        assert_eq!(device.closed.as_ref().unwrap().alerts.len(), 1);
    }
}

#[test]
fn dm_pro_abort_s_004_the_message_with_the_1223_has_final() {
    for encoding in BOTH {
        for more in [false, true] {
            let mut device = waiting(encoding);
            device.event(Event::Abort);
            let body = device.obey();
            let answer = device.say(if more { body.more() } else { body });
            assert!(answer.is_final);
        }
    }
}

#[test]
fn dm_pro_abort_s_005_what_comes_after_the_1223_is_not_processed() {
    let mut device = waiting(BOTH[0]);
    device.event(Event::Abort);
    let body = device.reply().more();
    device.say(body);
    let asked = device.received.len();
    let outcomes = device.outcomes.clone();
    device.plan([get(9, "./Z")]);
    let body = device.obey().generic("com.example.a", "1");
    let message = device.message(body);
    let request = device.request(&message);
    let response = device.post(request).expect("an answer");
    let answer = device.read(&response);
    assert!(operations(&answer).is_empty() && answer.is_final);
    assert_eq!(header_code(&answer), 400);
    assert_eq!((device.received.len(), &device.outcomes), (asked, &outcomes));
    assert_eq!(device.reason(), Some(Reason::Aborted));
}

// --- several messages ----------------------------------------------------------------------------------------------

#[test]
fn dm_pro_mul_s_001_the_last_message_of_a_package_has_final_and_no_other() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(3_000).as_str())]);
        device.plan([get(3, "./C")]);
        device.open();
        let mut finals = vec![device.last.is_final];
        while chunks(&device.last) > 0 {
            let body = device.next_piece();
            device.say(body);
            finals.push(device.last.is_final);
        }
        let (last, others) = finals.split_last().unwrap();
        assert!(*last && !others.is_empty() && others.iter().all(|is_final| !is_final), "{finals:?}");
        let body = device.obey();
        assert!(device.say(body).is_final);
        assert_eq!(names(&device.last), ["Get"]);
    }
}

#[test]
fn dm_pro_mul_s_002_a_message_without_final_is_followed_by_the_next_or_an_abort() {
    let open = |encoding| {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(2, "./B", long_text(3_000).as_str())]);
        device.open();
        assert!(!device.last.is_final);
        device
    };
    for encoding in BOTH {
        let mut device = open(encoding);
        let taken = device.take_pieces();
        assert_eq!(taken.data.len(), 3_000);
        let mut device = open(encoding);
        device.event(Event::Abort);
        let body = device.next_piece();
        let answer = device.say(body);
        assert_eq!((alerts(&answer), answer.is_final), (vec![1223], true));
    }
}

// --- large objects -------------------------------------------------------------------------------------------------

/// A device that was asked for a value, with the CmdID of the Get.
fn asked(encoding: dm_syncml::Encoding) -> (Device, String) {
    let device = waiting(encoding);
    let id = operations(&device.last)[0].cmd_id().unwrap().as_str().to_owned();
    (device, id)
}

#[test]
fn dm_pro_lo_s_001_every_chunk_but_the_last_is_answered_with_213() {
    for encoding in BOTH {
        let (mut device, id) = asked(encoding);
        let about = device.last_id;
        let value = long_text(90);
        for number in 0..3 {
            let part = &value[number * 30..(number + 1) * 30];
            let first = number == 0;
            let mut body = if first { device.reply().status(&id, "Get", 200) } else { device.answer(|_| 200) };
            body = body.about(about).chunk(&id, "./DevDetail/SwV", part, first.then_some(90), number < 2);
            let answer = device.say(if number < 2 { body.more() } else { body });
            let expected = if number < 2 { vec![213] } else { vec![] };
            assert_eq!(codes_of(&answer, "Results"), expected, "the last has none: it was good");
            assert_eq!(alerts(&answer), if number < 2 { vec![1222] } else { vec![] });
        }
        assert_eq!(leaf(device.outcome(1)).1, value);
    }
}

#[test]
fn dm_pro_lo_s_001_chunks_of_an_alert_are_answered_with_213() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        let item = |text: &str, size: Option<u64>| {
            let meta = Meta::new().with_type("com.example.log").with_format(dm_syncml::Format::Chr);
            let meta = size.map_or(meta.clone(), |size| meta.clone().with_size(size));
            Item::new().with_meta(meta).with_data(text.to_owned())
        };
        let first = item("abc", Some(6)).with_more_data();
        let body = device.package1().alert_with(1226, |alert| alert.with_item(first)).more();
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200, 213]);
        assert_eq!(alerts(&answer), [1222]);
        assert!(device.received.is_empty());
        let body = device.answer(|_| 200).alert_with(1226, |alert| alert.with_item(item("def", None)));
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        let alert = &device.received[0].alerts;
        assert_eq!(alert.len(), 1);
        assert_eq!(alert[0].items[0].content.data, text_data("abcdef"));
    }
}

#[test]
fn dm_pro_lo_s_002_results_are_used_when_they_are_whole() {
    for encoding in BOTH {
        let (mut device, id) = asked(encoding);
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./DevDetail/SwV", "abc", Some(6), true);
        device.say(body.more());
        assert!(device.outcomes.is_empty(), "it is not known yet");
        let about = 1;
        let body = device.answer(|_| 200).about(about).chunk(&id, "./DevDetail/SwV", "def", None, false);
        device.say(body);
        assert_eq!(leaf(device.outcome(1)), ("./DevDetail/SwV".into(), "abcdef".into()));
    }
}

#[test]
fn dm_pro_lo_s_003_every_chunk_but_the_last_has_more_data() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(1, "./A", long_text(4_000).as_str())]);
        device.open();
        let mut more = Vec::new();
        loop {
            more.push(operations(&device.last)[0].items()[0].more_data);
            if chunks(&device.last) == 0 {
                break;
            }
            let body = device.next_piece();
            device.say(body);
        }
        let (last, others) = more.split_last().unwrap();
        assert!(!last && others.len() >= 4 && others.iter().all(|more| *more), "{more:?}");
    }
}

#[test]
fn dm_pro_lo_s_004_chunks_follow_one_another_and_other_commands_wait() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(4_000).as_str()), get(3, "./C"), get(4, "./D")]);
        device.open();
        let before = operations(&device.last).len();
        let taken = device.take_pieces();
        assert_eq!(taken.data, long_text(4_000).into_bytes());
        assert_eq!(taken.others, before - 1, "only the first message has other commands");
        assert_eq!(names(&device.last), ["Replace"], "they wait until the last one is answered");
        let body = device.obey();
        device.say(body);
        assert_eq!(names(&device.last), ["Get", "Get"]);
        let body = device.obey();
        device.say(body);
        assert!((1..=4).all(|id| device.came(id) == 200));
    }
}

#[test]
fn dm_pro_lo_s_005_what_fits_goes_in_one_message() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(4_000);
        device.plan([replace(1, "./A", long_text(2_000).as_str())]);
        device.open();
        assert_eq!(chunks(&device.last), 0);
        let [it] = &operations(&device.last)[..] else { panic!("one command") };
        assert_eq!((data(it).len(), size(it)), (2_000, None));
        // Also where only the message of its own has the room.
        let mut device = Device::with(config(), encoding);
        device.announce(4_000);
        device.plan([replace(1, "./A", long_text(2_000).as_str()), replace(2, "./B", long_text(2_500).as_str())]);
        device.open();
        let mut seen = 0;
        while seen < 2 {
            for it in &operations(&device.last) {
                assert!(!it.items()[0].more_data && size(it).is_none(), "cut without need");
                seen += 1;
            }
            let body = device.obey();
            device.say(body);
        }
    }
}

#[test]
fn dm_pro_lo_s_006_max_obj_size_is_said() {
    for encoding in BOTH {
        let device = Device::opened(config().with_max_obj_size(Some(70_000)), encoding, [get(1, "./A")]);
        let meta = device.last.header.meta.as_ref().unwrap();
        assert_eq!(meta.max_obj_size().unwrap().number(), Some(70_000));
        let device = Device::opened(config(), encoding, [get(1, "./A")]);
        assert!(device.last.header.meta.as_ref().is_none_or(|meta| meta.max_obj_size().is_none()));
    }
}

#[test]
fn dm_pro_lo_s_007_nothing_larger_than_the_devices_max_obj_size_is_sent() {
    for encoding in BOTH {
        for (len, fits) in [(3_000, true), (3_001, false)] {
            let mut device = Device::with(config(), encoding);
            device.announce(1_000);
            device.announce_object(3_000);
            device.plan([replace(1, "./A", long_text(len).as_str()), get(2, "./B")]);
            device.open();
            if fits {
                device.take_pieces();
                let body = device.obey();
                device.say(body);
                assert_eq!(device.came(1), 200);
            } else {
                assert_eq!(not_sent(&device, 1), Some(NotSent::TooLargeObject));
                assert_eq!(names(&device.last), ["Get"], "the next one goes all the same");
            }
        }
    }
}

#[test]
fn dm_pro_lo_s_008_size_is_in_the_first_chunk_only_and_counts_what_travels() {
    for encoding in BOTH {
        let contents = [
            Content::from(long_text(3_000)),
            Content::new(TreeData::Bytes(bytes_of(3_000))).with_format("bin"),
            Content::new(TreeData::Bytes(bytes_of(3_000))).with_format("b64"),
            Content::from("ä&<>\u{20ac}\n".repeat(500)),
        ];
        for content in contents {
            let mut device = Device::with(config(), encoding);
            device.announce(1_000);
            device.plan([replace(1, "./A", content)]);
            device.open();
            let taken = device.take_pieces();
            assert!(taken.pieces.len() > 3);
            assert_eq!(taken.sizes[0], Some(taken.data.len() as u64));
            assert!(taken.sizes[1..].iter().all(Option::is_none));
        }
    }
}

#[test]
fn dm_pro_lo_s_009_what_came_is_compared_with_size() {
    for encoding in BOTH {
        for (size, last) in [(6, "de"), (6, "defg"), (5, "def"), (7, "def")] {
            let (mut device, id) = asked(encoding);
            let body = device.reply().status(&id, "Get", 200).chunk(&id, "./DevDetail/SwV", "abc", Some(size), true);
            device.say(body.more());
            let body = device.answer(|_| 200).about(1).chunk(&id, "./DevDetail/SwV", last, None, false);
            let answer = device.say(body);
            assert_eq!(codes_of(&answer, "Results"), [424], "{size} {last}");
            assert!(device.outcome(1).leaves.is_empty(), "nothing of it is used");
        }
    }
}

// --- user interaction ----------------------------------------------------------------------------------------------

/// An interaction, the Items that it goes with, and what the answers to it are taken for.
fn asks(
    encoding: dm_syncml::Encoding,
    interaction: &Interaction,
    items: &[&str],
    answers: &[(u32, &[&str], Option<UserReply>)],
) {
    for (code, texts, reply) in answers {
        let mut device = Device::opened(config(), encoding, [interact(1, interaction.clone())]);
        let [Command::Alert(alert)] = &operations(&device.last)[..] else { panic!("one alert") };
        assert_eq!(alert.code(), Some(interaction.kind.code()));
        let sent: Vec<&str> = alert.items.iter().map(|it| it.data.as_ref().unwrap().as_text().unwrap()).collect();
        assert_eq!(sent, items);
        let id = alert.cmd_id.as_str().to_owned();
        let body = device.reply().status_with(&id, "Alert", *code, |status| {
            texts.iter().fold(status, |status, text| status.with_item(Item::data((*text).to_owned())))
        });
        device.say(body);
        assert_eq!((device.came(1), &device.outcome(1).reply), (*code, reply), "{code} {texts:?}");
    }
}

const NOT: [(u32, &[&str], Option<UserReply>); 4] = [
    (214, &[], Some(UserReply::Cancelled)),
    (408, &[], Some(UserReply::TimedOut)),
    (406, &[], Some(UserReply::Unsupported)),
    (500, &[], None),
];

#[test]
fn dm_pro_ui_s_001_display() {
    for encoding in BOTH {
        let options = UiOptions::new().with_min_display(core::time::Duration::from_secs(10));
        let interaction = Interaction::new(InteractionKind::Display, "Hello <you>").with_options(options);
        let answers = [(200, &[][..], Some(UserReply::Accepted)), (416, &[][..], Some(UserReply::NotRendered))];
        asks(encoding, &interaction, &["MINDT=10", "Hello <you>"], &answers);
        asks(encoding, &Interaction::new(InteractionKind::Display, "x"), &["", "x"], &NOT);
    }
}

#[test]
fn dm_pro_ui_s_002_confirm_or_reject() {
    for encoding in BOTH {
        let interaction = Interaction::new(InteractionKind::Confirm, "Sure?");
        let answers = [(200, &[][..], Some(UserReply::Accepted)), (304, &[][..], Some(UserReply::Rejected))];
        asks(encoding, &interaction, &["", "Sure?"], &answers);
        asks(encoding, &interaction, &["", "Sure?"], &NOT);
        // What follows in a Sequence was not executed.
        for refusal in [304, 214, 408] {
            let tasks = [interaction.clone().into(), Do::delete("./A").into(), Do::get("./B").into()];
            let mut device = Device::opened(config(), encoding, [sequence(1, tasks)]);
            let body = device.answer(|command| match command {
                Command::Alert(_) => refusal,
                Command::Sequence(_) => 200,
                _ => 215,
            });
            device.say(body);
            let result = device.outcome(1);
            assert_eq!((device.came(1), child_codes(result)), (200, vec![refusal, 215, 215]));
            assert!(!result.children[1].is_done() && !result.children[2].is_done());
        }
    }
}

#[test]
fn dm_pro_ui_s_003_text_input() {
    for encoding in BOTH {
        let interaction = Interaction::new(InteractionKind::Input, "Name?");
        let answers = [
            (200, &["Ada & Bob"][..], Some(UserReply::Text("Ada & Bob".into()))),
            (200, &[""][..], Some(UserReply::Text(String::new()))),
        ];
        asks(encoding, &interaction, &["", "Name?"], &answers);
        asks(encoding, &interaction, &["", "Name?"], &NOT);
    }
}

#[test]
fn dm_pro_ui_s_004_single_choice() {
    for encoding in BOTH {
        let interaction = Interaction::new(InteractionKind::SingleChoice, "Which?").with_choices(["a", "b", "c"]);
        let answers = [
            (200, &["1"][..], Some(UserReply::Choices(vec![1]))),
            (200, &["3"][..], Some(UserReply::Choices(vec![3]))),
            // No such choices.
            (200, &["0"][..], None),
            (200, &["4"][..], None),
            (200, &["a"][..], None),
            (200, &["1", "2"][..], None),
            (200, &[][..], None),
        ];
        asks(encoding, &interaction, &["", "Which?", "a", "b", "c"], &answers);
    }
}

#[test]
fn dm_pro_ui_s_005_multiple_choice() {
    for encoding in BOTH {
        let interaction = Interaction::new(InteractionKind::MultipleChoice, "Which?").with_choices(["a", "b", "c"]);
        let answers = [
            (200, &["3", "1"][..], Some(UserReply::Choices(vec![3, 1]))),
            (200, &["2"][..], Some(UserReply::Choices(vec![2]))),
            (200, &[][..], Some(UserReply::Choices(vec![]))),
            (200, &["1", "4"][..], None),
        ];
        asks(encoding, &interaction, &["", "Which?", "a", "b", "c"], &answers);
    }
}

#[test]
fn dm_pro_ui_s_006_items_go_in_the_order_of_the_application() {
    for encoding in BOTH {
        let choices: Vec<String> = (0..20).map(|number| format!("choice {}", (number * 7) % 20)).collect();
        let interaction = Interaction::new(InteractionKind::MultipleChoice, "t").with_choices(choices.clone());
        let device = Device::opened(config(), encoding, [interact(1, interaction)]);
        let sent = &operations(&device.last)[0];
        let texts: Vec<&str> = sent.items().iter().map(|item| item.data.as_ref().unwrap().as_text().unwrap()).collect();
        assert_eq!(texts[2..], choices);
    }
}

// --- alerts of the device --------------------------------------------------------------------------------------------

#[test]
fn dm_pro_galert_s_001_generic_alerts_are_read_and_answered() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_alert_types(["com.example.known"]), encoding);
        let untyped = Item::new().with_data("1");
        let body = device
            .package1()
            .generic("com.example.known", "1")
            .generic("Reversed-Domain-Name: com.example.known", "1")
            .generic(" Reversed-Domain-Name:com.example.KNOWN \n", "1")
            .generic("com.example.other", "1")
            .alert_with(1226, |alert| alert.with_item(untyped))
            .alert(1226)
            .alert_with(1224, |alert| alert.with_item(alert_item("com.example.other", "1")))
            .alert_with(1224, |alert| alert.with_item(alert_item("com.example.known", "1")));
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200, 200, 200, 200, 415, 412, 412, 406, 200]);
    }
}

#[test]
fn dm_pro_galert_s_002_the_alert_is_handed_to_the_application() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A")]);
        let body = device.obey().alert_with(1226, |alert| {
            let mut item = alert_item("com.example.done", "payload");
            item.meta = Some(item.meta.take().unwrap().with_mark(Mark::Critical));
            alert.with_item(item.with_source("./Vendor/Update")).with_correlator("c-17")
        });
        device.plan([get(2, "./B")]);
        device.say(body);
        let body = device.obey();
        device.say(body);
        assert!(device.received[2].alerts.is_empty(), "it is told once");
        let [alert] = &device.received[1].alerts[..] else { panic!("one alert") };
        assert_eq!((alert.kind, alert.correlator.as_deref()), (AlertKind::Generic, Some("c-17")));
        let [item] = &alert.items[..] else { panic!("one Item") };
        assert_eq!(item.source.as_deref(), Some("./Vendor/Update"));
        assert_eq!(item.mark.as_deref(), Some("critical"));
        assert_eq!((item.alert_type(), &item.content.data), ("com.example.done", &text_data("payload")));
        assert_eq!(item.content.format.as_deref(), Some("chr"));
    }
}

#[test]
fn nonces_are_for_the_parties_they_belong_to() {
    let mut device = Device::new(config().with_demand(demand(Scheme::Md5)));
    device.open();
    device.take_chal();
    device.open();
    let issued = device.chal().unwrap().1.unwrap();
    let body = device.obey();
    let message = device.message(body);
    let request = device.request(&message);
    device.post(request);
    assert_eq!(device.nonces, [(Party::Client, issued)]);
}
