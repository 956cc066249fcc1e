//! What implementers get wrong in servers (§18 of the project's protocol reference), a test for each.
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

use dm_session::dm1::server::{self, Reason};
use dm_session::dm1::{Interaction, InteractionKind, Scheme, UserReply};
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_syncml::{Command, Item};
use script::*;

#[test]
fn m02_no_server_waits_for_a_message_that_says_nothing() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A")]);
        let body = device.obey();
        let answer = device.say(body);
        assert!(names(&answer).is_empty() && answer.is_final);
        device.wait_long();
        assert_eq!(device.reason(), Some(Reason::Ended), "it is a good end, and no timeout");
    }
}

#[test]
fn m05_what_came_with_wrong_credentials_is_not_done() {
    for encoding in BOTH {
        let config = config().with_demand(demand(Scheme::Md5).with_per_message());
        let mut device = Device::with(config, encoding);
        device.scheme = Some(Scheme::Md5);
        device.plan([get(1, "./A")]);
        device.open();
        device.take_chal();
        device.keys.password = "other".into();
        let body = device.obey().generic("com.example.a", "1");
        let answer = device.say(body);
        assert_eq!((header_code(&answer), codes_of(&answer, "Alert")), (401, vec![401]));
        assert!(device.outcomes.is_empty() && device.received.len() == 1);
        // Neither does an abort of a stranger end anything.
        let body = device.body().header(200).alert(1223);
        let answer = device.say(body);
        assert_eq!(header_code(&answer), 401);
        assert_eq!(device.closed, None);
        assert!(!device.server.is_closed() && device.outcomes.is_empty());
    }
}

#[test]
fn m06_refs_name_the_message_that_carried_the_command() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        let first = ids(&device.last);
        // The answer comes in three messages: two of the server's stand between the Get and its Results.
        let body = device.reply().more();
        device.say(body);
        let body = device.answer(|_| 200).more();
        device.say(body);
        let body = device.answer(|_| 200).about(3).status(&first[0], "Get", 500);
        let body = body.about(1).status(&first[1], "Get", 200).result(&first[1], "./B", "b");
        device.say(body);
        assert_eq!((device.came(2), leaf(device.outcome(2)).1), (200, "b".into()));
        assert_eq!(device.outcome(1).status(), None, "that was about another message");
    }
}

#[test]
fn m07_each_direction_counts_its_own_messages() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([get(1, "./A")]);
        device.open();
        assert_eq!((device.msg_id, device.last_id), (1, 1));
        // A repeated message counts in neither direction; with one answer to each message both come to the same numbers.
        let answer = device.wire.last().cloned();
        for _ in 0..3 {
            assert_eq!(device.repeat(), answer);
        }
        let body = device.obey();
        device.say(body);
        assert_eq!((device.msg_id, device.last_id), (2, 2));
        assert_eq!(device.came(1), 200);
    }
}

#[test]
fn m08_an_answer_with_1222_has_no_new_commands() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        device.plan([get(3, "./C")]);
        let body = device.obey().more();
        let answer = device.say(body);
        assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0));
        assert_eq!(device.received.len(), 1, "nobody is asked for more yet");
    }
}

#[test]
fn m09_no_final_in_the_midst() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(900);
        device.plan([replace(1, "./A", long_text(3_000).as_str())]);
        assert!(!device.open().is_final);
        let body = device.next_piece();
        assert!(!device.say(body).is_final);
        let mut device = Device::opened(config(), encoding, [get(1, "./A")]);
        let body = device.reply().more();
        assert!(!device.say(body).is_final);
    }
}

#[test]
fn m10_good_results_have_no_status() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        let body = device.obey();
        let answer = device.say(body);
        assert!(codes_of(&answer, "Results").is_empty());
        assert_eq!(answer.commands.len(), 1);
    }
}

#[test]
fn m11_client_alerts_have_a_status() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([get(1, "./A")]);
        let event = |body: Body| body.alert_with(1224, |alert| alert.with_item(alert_item("com.example.e", "1")));
        let body = event(device.package1().generic("com.example.a", "1"));
        assert_eq!(codes_of(&device.say(body), "Alert"), [200, 200, 200]);
        let body = event(device.obey().generic("com.example.a", "1"));
        assert_eq!(codes_of(&device.say(body), "Alert"), [200, 200]);
    }
}

#[test]
fn m14_size_counts_what_travels() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        let content = Content::new(TreeData::Bytes(bytes_of(1_500))).with_format("b64");
        device.plan([replace(1, "./A", content)]);
        device.open();
        let taken = device.take_pieces();
        assert_eq!(taken.data.len(), 2_000, "Base64 of 1500 bytes");
        assert_eq!(taken.sizes[0], Some(2_000));
        assert!(taken.sizes[1..].iter().all(Option::is_none));
        // And so it does in what comes.
        let mut device = Device::opened(config(), encoding, [get(1, "./A")]);
        let id = ids(&device.last)[0].clone();
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "AAAA", Some(8), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "BBBB", None, false);
        device.say(body);
        assert_eq!(leaf(device.outcome(1)).1, "AAAABBBB");
    }
}

#[test]
fn m15_nothing_is_kept_before_its_size_was_compared() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        let all = ids(&device.last);
        let body = device.reply().status(&all[0], "Get", 200).chunk(&all[0], "./A", "abc", Some(9), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).status(&all[1], "Get", 200).result(&all[1], "./B", "b");
        let answer = device.say(body.more());
        assert!(alerts(&answer).contains(&1225));
        let body = device.answer(|_| 200);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
    }
}

#[test]
fn m18_no_is_not_cancel_and_neither_is_an_error_of_the_message() {
    for encoding in BOTH {
        for (code, reply) in [(304, UserReply::Rejected), (214, UserReply::Cancelled), (408, UserReply::TimedOut)] {
            let interaction = Interaction::new(InteractionKind::Confirm, "Sure?");
            let mut device = Device::opened(config(), encoding, [interact(1, interaction), get(2, "./A")]);
            device.plan([get(3, "./B")]);
            let after = if code == 304 { 200 } else { 215 };
            let body = device.answer(|command| if matches!(command, Command::Alert(_)) { code } else { after });
            let answer = device.say(body);
            assert_eq!(device.outcome(1).reply, Some(reply));
            assert_eq!(device.outcome(2).is_done(), code == 304);
            assert_eq!(names(&answer), ["Get"], "the session goes on");
        }
    }
}

#[test]
fn m20_choices_are_numbered_from_1() {
    for encoding in BOTH {
        for (text, expected) in [("1", Some(1)), ("2", Some(2)), ("0", None), ("3", None)] {
            let interaction = Interaction::new(InteractionKind::SingleChoice, "Which?").with_choices(["a", "b"]);
            let mut device = Device::opened(config(), encoding, [interact(1, interaction)]);
            let id = ids(&device.last)[0].clone();
            let body = device.reply().status_with(&id, "Alert", 200, |it| it.with_item(Item::data(text)));
            device.say(body);
            let chosen = expected.map(|number| UserReply::Choices(vec![number]));
            assert_eq!(device.outcome(1).reply, chosen, "{text}");
        }
    }
}

#[test]
fn m22_a_refusal_in_dm_is_http_200() {
    for encoding in BOTH {
        for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
            let mut device = Device::with(config().with_demand(demand(scheme)), encoding);
            let body = device.package1();
            let response = device.post_body(body);
            assert_eq!(response.status, 200);
            assert_eq!(response.headers.get("WWW-Authenticate"), None);
        }
    }
}

#[test]
fn m23_a_session_is_found_without_the_uri() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_resp_uri("https://dm.example/other?sid=1"), encoding);
        device.plan([get(1, "./A")]);
        device.open();
        for uri in ["/dm?mode=x", "/other?sid=1", "https://dm.example/third"] {
            device.plan([get(1 + device.outcomes.len() as u64 + 1, "./A")]);
            let body = device.obey();
            let message = device.message(body);
            device.note(&message);
            let mut request = device.request(&message);
            request.uri = uri.into();
            let route = server::route(&request).unwrap();
            assert_eq!((route.session_id.as_str(), route.device_id.as_str()), ("1A", DEVICE));
            let response = device.post(request).unwrap();
            device.hear(&response, true);
        }
        assert_eq!(device.outcomes.len(), 3);
    }
}

#[test]
fn m24_without_max_msg_size_there_is_no_limit() {
    for encoding in BOTH {
        let device = Device::opened(config(), encoding, [replace(1, "./A", long_text(200_000).as_str())]);
        assert_eq!((chunks(&device.last), device.last.is_final), (0, true));
        assert_eq!(data(&operations(&device.last)[0]).len(), 200_000);
        let many = (0..300).map(|id| get(id, "./A"));
        let device = Device::opened(config(), encoding, many);
        assert_eq!(names(&device.last).len(), 300);
    }
}

#[test]
fn what_is_said_of_max_msg_size_counts_until_it_is_said_anew() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A")]);
        device.open();
        device.plan([replace(2, "./A", long_text(2_000).as_str())]);
        // A Meta that says nothing of it changes nothing.
        device.announce_object(100_000);
        let body = device.obey();
        device.say(body);
        assert_eq!(chunks(&device.last), 1, "the first announcement counts");
        device.take_pieces();
        device.announce(5_000);
        device.plan([replace(3, "./A", long_text(2_000).as_str())]);
        let body = device.obey();
        device.say(body);
        assert_eq!(chunks(&device.last), 0, "the second counts");
        let body = device.obey();
        device.say(body);
        assert!((1..=3).all(|id| device.came(id) == 200));
    }
}

#[test]
fn an_atomic_that_failed_is_not_done_and_its_children_have_their_own_codes() {
    for encoding in BOTH {
        let tasks = ["./A", "./B", "./C"].map(|uri| Do::delete(uri).into());
        let mut device = Device::opened(config(), encoding, [atomic(1, tasks)]);
        let codes = core::cell::Cell::new(0_usize);
        let body = device.answer(|_| {
            let at = codes.get();
            codes.set(at + 1);
            [507, 216, 404, 215][at]
        });
        device.say(body);
        let result = device.outcome(1);
        assert!(!result.is_done() && result.children.iter().all(|child| !child.is_done()));
        assert_eq!((device.came(1), child_codes(result)), (507, vec![216, 404, 215]));
    }
}
