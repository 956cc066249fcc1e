//! The server's state table, package boundaries, Status rules and authentication (§4 to §6, §12 and §15 of the
//! project's protocol reference, §6 to §8 of its security reference), a test for each row.
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

use dm_session::dm1::server::{self, Event, Initiator, Reason};
use dm_session::dm1::{Demand, Fate, Identity, Order, Party, Scheme, ServerConfig};
use dm_session::tree::dm1::Command as Do;
use dm_syncml::{AuthType, Chal, Command, Cred, Encoding, HmacHeader, Message, Nonce};
use script::*;

fn md5() -> ServerConfig {
    config().with_demand(demand(Scheme::Md5))
}

/// A device that waits with these orders.
fn waiting(orders: impl IntoIterator<Item = Order>) -> Device {
    Device::opened(config(), Encoding::Xml, orders)
}

fn gets(ids: core::ops::Range<u64>) -> Vec<Order> {
    ids.map(|id| get(id, &format!("./Node/{id}"))).collect()
}

/// Only Statuses, with Final: nothing more to do.
fn is_empty(message: &Message<'static>) -> bool {
    message.is_final && message.commands.iter().all(|command| matches!(command, Command::Status(_)))
}

/// A nonce that the device issues.
fn next_nonce(scheme: Scheme, nonce: &Nonce) -> Chal<'static> {
    let auth_type = if scheme == Scheme::Mac { AuthType::Mac } else { AuthType::Md5 };
    Chal::new(auth_type).with_next_nonce(nonce.encode())
}

// --- the state table -------------------------------------------------------------------------------------------------

#[test]
fn sst_01_the_first_message_opens_a_session_and_its_credentials_are_judged() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        assert!(device.server.is_idle() && !device.server.is_closed() && device.server.poll_timeout().is_none());
        device.plan([get(1, "./A")]);
        assert_eq!(header_code(&device.open()), 212);
        assert!(!device.server.is_idle());
        let mut device = Device::with(md5(), encoding);
        assert_eq!(header_code(&device.open()), 407);
    }
}

#[test]
fn sst_02_a_1200_that_nobody_asked_for_is_accepted() {
    let mut device = Device::new(config());
    device.plan([get(1, "./A")]);
    let body = device.body().alert(1200).dev_info();
    let answer = device.say(body);
    assert_eq!((header_code(&answer), names(&answer)), (212, vec!["Get".to_owned()]));
    assert_eq!(device.opening().start, Initiator::Server);
    assert!(!device.opening().notified);
}

#[test]
fn sst_03_a_first_message_without_session_alert_or_dev_info_is_refused() {
    for encoding in BOTH {
        let bodies = [
            Body::new(0).alert(1201),
            Body::new(0).dev_info(),
            Body::new(0).generic("com.example.a", "1"),
            Body::new(0),
        ];
        for (number, body) in bodies.into_iter().enumerate() {
            let mut device = Device::with(config(), encoding);
            device.plan([get(1, "./A")]);
            let answer = device.say(body);
            assert_eq!(header_code(&answer), 400, "body {number}");
            assert!(is_empty(&answer) && device.received.is_empty());
            assert_eq!(device.reason(), Some(Reason::BadMessage));
        }
    }
}

#[test]
fn sst_04_a_first_message_without_final_is_answered_with_1222() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        let body = device.package1().more();
        let answer = device.say(body);
        assert_eq!((header_code(&answer), alerts(&answer)), (212, vec![1222]));
        assert_eq!((codes_of(&answer, "Alert"), codes_of(&answer, "Replace")), (vec![200], vec![200]));
        assert!(device.received.is_empty(), "the package is not whole");
    }
}

#[test]
fn sst_05_what_else_belongs_to_package_1_is_answered_and_then_the_server_is_ready() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([get(1, "./A")]);
        let body = device.package1().more();
        device.say(body);
        let body = device.obey().generic("com.example.a", "1").more();
        let answer = device.say(body);
        assert_eq!((codes_of(&answer, "Alert"), alerts(&answer)), (vec![200], vec![1222]));
        let body = device.obey().generic("com.example.b", "2");
        let answer = device.say(body);
        assert_eq!((codes_of(&answer, "Alert"), names(&answer)), (vec![200], vec!["Get".to_owned()]));
        let types: Vec<&str> = device.received[0].alerts.iter().map(|it| it.items[0].alert_type()).collect();
        assert_eq!(types, ["com.example.a", "com.example.b"]);
        assert!(device.received[0].opening.is_some());
    }
}

#[test]
fn sst_06_missing_credentials_are_answered_with_407_and_nothing_else() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.plan([get(1, "./A")]);
        for _ in 0..2 {
            let body = device.package1().generic("com.example.a", "1");
            let answer = device.say(body);
            assert_eq!(header_code(&answer), 407);
            assert!(is_empty(&answer));
            assert!(statuses(&answer).iter().all(|(_, _, code)| *code == 407));
            let (auth_type, nonce) = device.chal().unwrap();
            assert_eq!(auth_type, AuthType::Md5);
            assert!(nonce.unwrap().as_bytes().len() >= 16, "128 bits at least");
        }
        assert!(device.received.is_empty() && device.closed.is_none());
    }
}

#[test]
fn sst_07_wrong_credentials_are_answered_with_401_and_a_fresh_nonce() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.scheme = Some(Scheme::Md5);
        device.keys.password = "other".into();
        let mut nonces = Vec::new();
        for _ in 0..3 {
            let answer = device.open();
            assert_eq!(header_code(&answer), 401);
            assert!(is_empty(&answer) && statuses(&answer).iter().all(|(_, _, code)| *code == 401));
            nonces.push(device.take_chal());
        }
        assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2] && nonces[0] != nonces[2]);
        assert!(device.closed.is_none());
    }
}

#[test]
fn sst_08_wrong_too_often_ends_the_session() {
    for encoding in BOTH {
        for scheme in [Scheme::Basic, Scheme::Md5] {
            let mut device = Device::with(config().with_demand(demand(scheme)), encoding);
            device.scheme = Some(scheme);
            device.keys.password = "other".into();
            let mut rounds = 0;
            while device.closed.is_none() {
                let answer = device.open();
                assert_eq!(header_code(&answer), 401);
                device.take_chal();
                rounds += 1;
                assert!(rounds < 10, "no end");
            }
            assert_eq!(rounds, 4, "three challenges, and one that is the last word");
            assert_eq!(device.reason(), Some(Reason::Refused));
            assert!(device.received.is_empty());
            // The right ones come too late.
            device.keys.password = PASSWORD.into();
            let body = device.package1();
            let response = device.post_body(body);
            let answer = device.read(&response);
            assert_eq!((is_empty(&answer), header_code(&answer)), (true, 401));
            assert!(device.received.is_empty());
        }
    }
}

#[test]
fn sst_09_a_device_that_is_silent_after_a_challenge_is_given_up() {
    let mut device = Device::new(md5());
    device.open();
    assert!(device.server.poll_timeout().is_some());
    device.wait_long();
    assert!(device.closed.is_some() && device.received.is_empty());
    assert_eq!(device.reason(), Some(Reason::Timeout));
}

#[test]
fn sst_10_commands_go_with_the_statuses_and_final() {
    for encoding in BOTH {
        let device = Device::opened(config(), encoding, gets(0..3));
        assert_eq!(statuses(&device.last).len(), 2);
        assert_eq!(names(&device.last), ["Get", "Get", "Get"]);
        assert!(device.last.is_final);
    }
}

#[test]
fn sst_11_a_large_object_begins_after_the_commands_before_it_and_without_final() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_200);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(5_000).as_str()), get(3, "./C")]);
        let answer = device.open();
        assert_eq!(names(&answer), ["Get", "Replace"]);
        let all = operations(&answer);
        assert!(all[1].items()[0].more_data && size(&all[1]) == Some(5_000) && !answer.is_final);
    }
}

#[test]
fn sst_12_nothing_to_do_is_said_with_final() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        let answer = device.open();
        assert!(is_empty(&answer));
        assert_eq!((header_code(&answer), statuses(&answer).len()), (212, 2));
    }
}

#[test]
fn sst_13_a_nonce_goes_with_the_status_also_when_there_is_nothing_to_do() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.scheme = Some(Scheme::Md5);
        let answer = device.open();
        assert!(is_empty(&answer));
        assert_eq!(header_code(&answer), 212);
        let issued = device.chal().unwrap().1.unwrap();
        device.wait_long();
        assert_eq!(device.nonces, [(Party::Client, issued)]);
        assert_eq!(device.reason(), Some(Reason::Ended));
    }
}

#[test]
fn sst_14_a_message_without_final_is_recorded_and_answered_with_1222() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..2));
        device.plan(gets(2..3));
        let id = ids(&device.last)[0].clone();
        let body = device.reply().status(&id, "Get", 200).result(&id, "./Node/0", "x").generic("com.example.a", "1");
        let answer = device.say(body.more());
        assert_eq!((codes_of(&answer, "Alert"), alerts(&answer)), (vec![200], vec![1222]));
        assert!(!answer.is_final && names(&answer).is_empty());
        assert_eq!(device.received.len(), 1);
    }
}

#[test]
fn sst_15_and_so_are_those_after_it() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..6));
        device.plan(gets(6..7));
        for (number, id) in ids(&device.last).into_iter().enumerate() {
            let body = if number == 0 { device.reply() } else { device.answer(|_| 200) };
            let body = body.about(1).status(&id, "Get", 404);
            let answer = device.say(if number < 5 { body.more() } else { body });
            assert_eq!(alerts(&answer), if number < 5 { vec![1222] } else { vec![] });
        }
        assert!((0..6).all(|id| device.came(id) == 404));
        assert_eq!(names(&device.last), ["Get"]);
    }
}

#[test]
fn sst_16_when_everything_is_answered_the_server_is_ready() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..2));
        device.plan(gets(2..4));
        let body = device.obey();
        assert_eq!(names(&device.say(body)), ["Get", "Get"]);
        assert_eq!(device.received.len(), 2);
        assert_eq!((device.came(0), device.came(1)), (200, 200));
    }
}

#[test]
fn sst_17_what_was_not_answered_is_unknown_and_not_sent_again() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..3));
        device.plan(gets(3..4));
        let all = ids(&device.last);
        let body = device.reply().status(&all[1], "Get", 404);
        let answer = device.say(body);
        assert_eq!(device.came(1), 404);
        assert_eq!((device.outcome(0).fate, device.outcome(2).fate), (Fate::Unknown, Fate::Unknown));
        let sent: Vec<String> = operations(&answer).iter().map(target).collect();
        assert_eq!(sent, ["./Node/3"]);
    }
}

#[test]
fn sst_18_a_client_that_challenges_gets_the_whole_package_again() {
    for encoding in BOTH {
        let config = config().with_identity(Identity::new(server_credentials()));
        let orders = [get(1, "./A"), replace(2, "./B", "7"), atomic(3, [Do::delete("./C").into()])];
        let mut device = Device::opened(config, encoding, orders);
        assert_eq!(device.last.header.cred, None);
        let before = device.last.clone();
        let issued = nonce(b"first nonce");
        let mut body = device.answer(|_| 407);
        body.commands.remove(0);
        let mut again = device.body().challenge(407, next_nonce(Scheme::Md5, &issued));
        for command in body.commands {
            again = again.command(|id| with_id(command, id));
        }
        let again = again.generic("com.example.a", "1");
        let answer = device.say(again);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        assert_eq!(commands(&answer), commands(&before), "the same commands");
        let hash = dm_syncml::CredentialHash::of(SERVER_ID, &dm_syncml::Secret::new(SERVER_PASSWORD));
        let cred = answer.header.cred.clone().expect("credentials");
        assert_eq!(cred.auth_type(), Some(AuthType::Md5));
        assert!(hash.verify(&cred, &issued).is_ok());
        assert_eq!(answer.header.source.name(), Some(SERVER_ID));
        assert!(device.outcomes.is_empty(), "a refusal of the sender is no outcome");
        let body = device.obey();
        device.say(body);
        assert_eq!((device.came(1), device.came(2), device.came(3)), (200, 200, 200));
    }
}

fn with_id(mut command: Command<'static>, id: String) -> Command<'static> {
    *command.cmd_id_mut().unwrap() = id.into();
    command
}

/// The commands of a message, whatever their CmdIDs.
fn commands(message: &Message<'static>) -> Vec<(String, Vec<dm_syncml::Item<'static>>)> {
    let all = message.walk().filter(|command| !matches!(command, Command::Status(_)));
    all.map(|command| (command.name().unwrap().to_owned(), command.items().to_vec())).collect()
}

/// An answer that refuses the server.
fn refusal(device: &Device, code: u32, chal: Option<Chal<'static>>) -> Body {
    let mut body = match chal {
        Some(chal) => device.body().challenge(code, chal),
        None => device.body().header(code),
    };
    let mut rest = device.answer(|_| code).commands;
    rest.remove(0);
    for command in rest.into_iter().filter(|command| matches!(command, Command::Status(_))) {
        body = body.command(|id| with_id(command, id));
    }
    body
}

#[test]
fn sst_19_a_client_that_challenges_in_vain_ends_the_session() {
    for encoding in BOTH {
        // Nothing to show; a challenge that cannot be answered; one without a challenge; too often.
        let without = config();
        let with = config().with_identity(identity(Scheme::Md5, nonce(b"s0")));
        let cases = [
            (without, Some(next_nonce(Scheme::Md5, &nonce(b"n")))),
            (with.clone(), Some(Chal::new(AuthType::X509))),
            (with.clone(), Some(Chal::new(AuthType::Basic))),
            (with.clone(), None),
        ];
        for (number, (config, chal)) in cases.into_iter().enumerate() {
            let mut device = Device::opened(config, encoding, gets(1..3));
            device.plan(gets(3..4));
            let body = refusal(&device, 401, chal);
            let answer = device.say(body);
            assert!(is_empty(&answer), "case {number}");
            assert_eq!(device.reason(), Some(Reason::ServerRefused), "case {number}");
            assert!(!device.outcome(1).is_done() && !device.outcome(2).is_done());
        }
        let mut device = Device::opened(with, encoding, gets(1..3));
        let mut rounds = 0;
        while device.closed.is_none() {
            let chal = next_nonce(Scheme::Md5, &nonce(&[rounds; 16]));
            let body = refusal(&device, 401, Some(chal));
            device.say(body);
            rounds += 1;
            assert!(rounds < 10, "no end");
        }
        assert_eq!(rounds, 4, "three challenges, and one that is not taken up");
        assert_eq!(device.reason(), Some(Reason::ServerRefused));
    }
}

#[test]
fn sst_20_chunk_follows_chunk_and_final_comes_with_the_last() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(1, "./A", long_text(3_000).as_str())]);
        device.open();
        let mut count = 0;
        while chunks(&device.last) > 0 {
            assert!(!device.last.is_final);
            let body = device.next_piece();
            device.say(body);
            assert_eq!(codes_of(&device.last, "Alert"), [200], "the 1222 has its Status");
            count += 1;
        }
        assert!(device.last.is_final && count > 2);
        let body = device.obey();
        device.say(body);
        assert_eq!(device.came(1), 200);
    }
}

#[test]
fn sst_21_an_object_that_is_refused_stops_and_what_follows_goes_on() {
    for encoding in BOTH {
        for status in [413, 420, 424, 404, 500] {
            let mut device = Device::with(config(), encoding);
            device.announce(1_000);
            device.plan([replace(1, "./A", long_text(3_000).as_str()), get(2, "./B")]);
            device.open();
            let body = device.answer(|_| status).alert(1222).more();
            device.say(body);
            assert_eq!(device.came(1), status);
            assert_eq!(chunks(&device.last), 0);
            assert!(device.last.is_final, "the package ends");
            if names(&device.last).is_empty() {
                let body = device.obey();
                device.say(body);
            }
            assert_eq!(names(&device.last), ["Get"]);
            let body = device.obey();
            device.say(body);
            assert_eq!(device.came(2), 200);
        }
    }
}

#[test]
fn sst_21_so_does_one_that_the_device_says_has_no_end() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(1, "./A", long_text(3_000).as_str()), get(2, "./B")]);
        device.open();
        let item = dm_syncml::Item::target("./A");
        let body = device.reply().alert_with(1225, |alert| alert.with_item(item)).alert(1222).more();
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200, 200]);
        assert_eq!(chunks(&device.last), 0);
        assert!(!device.outcome(1).is_done());
        if names(&device.last).is_empty() {
            let body = device.obey();
            device.say(body);
        }
        assert_eq!(names(&device.last), ["Get"]);
    }
}

#[test]
fn sst_22_a_chunk_of_results_is_answered_with_213_and_1222() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(1..2));
        let id = ids(&device.last)[0].clone();
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./Node/1", "abc", Some(6), true);
        let answer = device.say(body.more());
        assert_eq!((codes_of(&answer, "Results"), alerts(&answer)), (vec![213], vec![1222]));
    }
}

#[test]
fn sst_23_an_abort_of_the_client_is_answered_in_every_state() {
    // Challenged, setting up, waiting, waiting for more, in a large object, closing.
    let mut challenged = Device::new(md5());
    challenged.open();
    let mut setup = Device::new(config());
    let body = setup.package1().more();
    setup.say(body);
    let wait = waiting(gets(0..2));
    let mut more = waiting(gets(0..2));
    let body = more.reply().more();
    more.say(body);
    let mut object = Device::new(config());
    object.announce(1_000);
    object.plan([replace(0, "./A", long_text(3_000).as_str())]);
    object.open();
    let mut closing = Device::new(config());
    closing.open();
    for (number, mut device) in [challenged, setup, wait, more, object, closing].into_iter().enumerate() {
        device.plan([get(9, "./Z")]);
        let body = device.reply().alert(1223);
        let answer = device.say(body);
        assert!(is_empty(&answer), "state {number}: {answer:?}");
        assert_eq!(statuses(&answer).len(), 1);
        if number > 0 {
            assert_eq!(codes_of(&answer, "Alert"), [200], "state {number}");
            assert!(device.server.is_closed());
        }
        assert!(device.outcomes.iter().all(|outcome| outcome.id.0 != 9));
    }
}

#[test]
fn sst_24_a_message_that_was_answered_is_answered_with_the_same_bytes() {
    for encoding in BOTH {
        let mut device = Device::with(md5().with_identity(identity(Scheme::Md5, nonce(b"s0"))), encoding);
        device.plan(gets(0..2));
        for step in 0..4 {
            match step {
                0 | 1 => device.open(),
                _ => {
                    device.plan(gets(step * 2..step * 2 + 2));
                    let body = device.obey();
                    device.say(body)
                }
            };
            let answer = device.wire.last().unwrap().clone();
            let (asked, outcomes) = (device.received.len(), device.outcomes.len());
            for _ in 0..3 {
                assert_eq!(device.repeat(), Some(answer.clone()), "step {step}");
            }
            assert_eq!((device.received.len(), device.outcomes.len()), (asked, outcomes));
            if step == 0 {
                device.take_chal();
            }
        }
        // Also at the end.
        let body = device.obey();
        device.say(body);
        let answer = device.wire.last().unwrap().clone();
        assert_eq!(device.repeat(), Some(answer));
    }
}

#[test]
fn sst_25_a_server_that_wants_out_says_so_in_every_state() {
    for state in 0..4 {
        let mut device = Device::new(config());
        let body = match state {
            0 => {
                let body = device.package1().more();
                device.say(body);
                device.obey()
            }
            1 => {
                device.plan(gets(0..2));
                device.open();
                device.obey()
            }
            2 => {
                device.plan(gets(0..2));
                device.open();
                let body = device.reply().more();
                device.say(body);
                device.obey().more()
            }
            _ => {
                device.announce(1_000);
                device.plan([replace(0, "./A", long_text(3_000).as_str())]);
                device.open();
                device.next_piece()
            }
        };
        device.event(Event::Abort);
        let answer = device.say(body);
        assert_eq!((alerts(&answer), answer.is_final), (vec![1223], true), "state {state}");
        assert_eq!(device.reason(), Some(Reason::Aborted));
    }
}

#[test]
fn sst_25_the_abort_answers_a_request_that_waits_for_a_decision() {
    let mut device = Device::new(config());
    device.plans.push_back(Plan::Wait);
    let body = device.package1();
    let message = device.message(body);
    device.note(&message);
    let request = device.request(&message);
    assert_eq!(device.post(request), None);
    let id = device.server.open_request().unwrap();
    device.event(Event::Abort);
    let response = device.drain(id).expect("an answer");
    let answer = device.hear(&response, true);
    assert_eq!(alerts(&answer), [1223]);
    assert_eq!(device.reason(), Some(Reason::Aborted));
}

#[test]
fn sst_26_a_package_with_nothing_but_alerts_is_answered_after_the_end() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        assert!(is_empty(&device.open()));
        // Commands could come with the answer; here the end is the end, and nobody is asked for any.
        device.plan(gets(0..1));
        let body = device.reply().generic("com.example.a", "1");
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), [200]);
        assert!(is_empty(&answer));
        assert_eq!((device.received.len(), device.plans.len()), (1, 1));
        assert_eq!(device.late.len(), 1, "the application hears of it");
        assert_eq!(device.reason(), Some(Reason::Ended));
    }
}

#[test]
fn end_11_the_last_message_leaves_no_status_out_where_room_is_short() {
    for (encoding, room) in [(Encoding::Xml, 900), (Encoding::Wbxml, 300)] {
        for count in [1, 20] {
            let mut device = Device::with(config(), encoding);
            device.announce(room);
            device.plan(gets(0..1));
            device.open();
            device.go_on();
            let body = device.obey();
            let body = (0..count).fold(body, |body, _| body.generic("com.example.a", "1"));
            device.say(body);
            // Each answer is looked at: with Final no Status is owed any more.
            while !device.last.is_final {
                assert!(device.msg_id < 20, "no end");
                let body = device.answer(|_| 200).alert(1222).more();
                device.say(body);
            }
            assert_eq!(device.received[1].alerts.len(), count);
            assert!(count == 1 || device.msg_id > 3, "in several messages");
            assert_eq!((device.came(0), device.reason()), (200, Some(Reason::Ended)));
        }
    }
}

#[test]
fn sst_27_silence_after_the_end_is_a_good_end() {
    let mut device = Device::new(config());
    device.open();
    device.wait_long();
    assert_eq!(device.reason(), Some(Reason::Ended));
    let mut device = waiting(gets(0..2));
    let body = device.obey();
    device.say(body);
    device.wait_long();
    assert_eq!(device.reason(), Some(Reason::Ended));
    assert!(device.server.is_closed() && device.server.poll_timeout().is_none());
}

#[test]
fn sst_28_silence_elsewhere_leaves_commands_unknown() {
    let mut device = waiting(gets(0..2));
    let limit = device.server.poll_timeout().expect("a limit");
    device.wait(limit.as_millis() - device.now - 2);
    assert_eq!(device.closed, None, "not before its time");
    device.wait(3);
    assert_eq!(device.reason(), Some(Reason::Timeout));
    assert!((0..2).all(|id| device.outcome(id).fate == Fate::Unknown));

    let mut device = Device::new(config());
    device.announce(1_000);
    device.plan([replace(0, "./A", long_text(3_000).as_str()), get(1, "./B")]);
    device.open();
    device.wait_long();
    assert_eq!(device.reason(), Some(Reason::Timeout));
    assert_eq!(device.outcome(0).fate, Fate::Unknown);
    assert!(matches!(device.outcome(1).fate, Fate::NotSent(_)), "it was never sent");
}

#[test]
fn end_11_after_final_without_commands_the_session_is_over_for_the_server() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..1));
        let body = device.obey();
        assert!(is_empty(&device.say(body)));
        // What comes late is answered, in the same session.
        let body = device.reply().generic("com.example.a", "1");
        let answer = device.say(body);
        assert_eq!((codes_of(&answer, "Alert"), is_empty(&answer)), (vec![200], true));
        assert_eq!(device.late.len(), 1);
        device.wait_long();
        assert_eq!(device.reason(), Some(Reason::Ended));
        assert!(device.server.is_closed());
    }
}

// --- package boundaries ----------------------------------------------------------------------------------------------

#[test]
fn b1_while_statuses_are_awaited_nothing_but_1222_goes() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..4));
        device.plan(gets(4..5));
        for _ in 0..3 {
            let body = device.reply().generic("com.example.a", "1").more();
            let answer = device.say(body);
            let rest: Vec<&str> =
                answer.commands.iter().filter_map(Command::name).filter(|name| *name != "Status").collect();
            assert_eq!((rest, alerts(&answer), answer.is_final), (vec!["Alert"], vec![1222], false));
        }
    }
}

#[test]
fn b2_after_a_whole_package_commands_go_with_final() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        for round in 0..3 {
            device.plan(gets(round * 10..round * 10 + 3));
        }
        device.open();
        for _ in 0..3 {
            assert_eq!((names(&device.last).len(), device.last.is_final), (3, true));
            let body = device.obey();
            device.say(body);
        }
    }
}

#[test]
fn b2_commands_that_do_not_fit_wait_for_the_next_package() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(800);
        device.plan(gets(0..40));
        device.open();
        let mut order = Vec::new();
        let mut rounds = 0;
        while !names(&device.last).is_empty() {
            assert!(device.last.is_final);
            order.extend(operations(&device.last).iter().map(target));
            let body = device.obey();
            device.say(body);
            rounds += 1;
        }
        assert!(rounds > 1, "{rounds}");
        assert_eq!(order, (0..40).map(|id| format!("./Node/{id}")).collect::<Vec<_>>());
        assert!((0..40).all(|id| device.came(id) == 200));
    }
}

#[test]
fn b3_only_a_large_object_leaves_a_package_open() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(2_500).as_str())]);
        device.open();
        // Everything of it is checked with each answer.
        let taken = device.take_pieces();
        assert_eq!(taken.data.len(), 2_500);
        assert!(device.last.is_final);
    }
}

// --- Statuses --------------------------------------------------------------------------------------------------------

#[test]
fn alerts_have_the_status_of_their_code() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..1));
        let table =
            [(1222, 200), (1225, 200), (1105, 406), (1199, 406), (1202, 406), (1220, 406), (1227, 406), (1299, 406)];
        let body = table.iter().fold(device.obey(), |body, (alert, _)| body.alert(*alert));
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Alert"), table.map(|(_, status)| status));
    }
}

#[test]
fn user_interaction_that_comes_from_a_device_does_nothing() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..1));
        let body = device.obey().alert_with(1101, |alert| {
            alert.with_item(dm_syncml::Item::new()).with_item(dm_syncml::Item::data("Sure?"))
        });
        let answer = device.say(body);
        assert!(is_empty(&answer) && device.received[1].alerts.is_empty());
    }
}

#[test]
fn commands_that_no_device_may_send_are_refused_and_harmless() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, gets(0..1));
        let body = device
            .obey()
            .command(|id| Command::Get(dm_syncml::Operation::new(id).with_item(dm_syncml::Item::target("./Secret"))));
        let answer = device.say(body);
        let [code] = codes_of(&answer, "Get")[..] else { panic!("one Status for it: {answer:?}") };
        assert!(code >= 400, "{code}");
        assert_eq!(device.came(0), 200, "the rest of the message counts");
    }
}

#[test]
fn the_status_of_the_header_is_212_once_the_session_is_authenticated() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.scheme = Some(Scheme::Md5);
        for round in 0..4 {
            device.plan(gets(round..round + 1));
        }
        device.open();
        for round in 0..3 {
            assert_eq!(header_code(&device.last), 212);
            // With or without credentials, right or wrong: nobody looks.
            device.scheme = (round != 1).then_some(Scheme::Md5);
            device.keys.password = "other".into();
            let body = device.obey();
            device.say(body);
        }
        assert_eq!(header_code(&device.last), 212);
    }
}

// --- the worked exchange ---------------------------------------------------------------------------------------------

#[test]
fn the_worked_exchange() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        let max = if encoding == Encoding::Xml { 1_100 } else { 420 };
        device.announce(max);
        // 1, 2
        device.plan([get(1, "./A"), get(2, "./B")]);
        let second = device.open();
        assert_eq!((names(&second), second.is_final), (vec!["Get".to_owned(); 2], true));
        let gets = ids(&second);
        // 3: Results part 1, not final; 4: 1222.
        let body = device.reply().status(&gets[0], "Get", 200).status(&gets[1], "Get", 200);
        let fourth = device.say(body.result(&gets[0], "./A", "a").more());
        assert_eq!((fourth.commands.len(), alerts(&fourth), fourth.is_final), (2, vec![1222], false));
        // 5: the rest; 6: a command with the first chunk.
        device.plan([replace(3, "./L", long_text(max - max / 4).as_str())]);
        let body = device.answer(|_| 200).about(1).result(&gets[1], "./B", "b");
        let sixth = device.say(body);
        assert_eq!((names(&sixth), chunks(&sixth), sixth.is_final), (vec!["Replace".to_owned()], 1, false));
        // 7: 213; 8: the last chunk.
        let body = device.next_piece();
        let eighth = device.say(body);
        assert_eq!((codes_of(&eighth, "Alert"), chunks(&eighth), eighth.is_final), (vec![200], 0, true));
        assert_eq!(ids(&eighth).len(), 1);
        // 9: the code of the command; 10: more commands.
        device.plan([get(4, "./C")]);
        let body = device.reply().status(&ids(&eighth)[0], "Replace", 200);
        let tenth = device.say(body);
        assert_eq!((names(&tenth), tenth.is_final), (vec!["Get".to_owned()], true));
        // 11, 12
        let body = device.obey();
        let last = device.say(body);
        assert_eq!((last.commands.len(), last.is_final), (1, true));
        assert!((1..=4).all(|id| device.came(id) == 200));
        assert_eq!((leaf(device.outcome(1)).1, leaf(device.outcome(2)).1), ("a".into(), "b".into()));
        assert_eq!((device.msg_id, device.last_id), (6, 6));
    }
}

// --- loss and duplicates ---------------------------------------------------------------------------------------------

#[test]
fn a_msg_id_that_jumps_ends_the_session() {
    for encoding in BOTH {
        for jump in [2_u32, 5, 1_000] {
            let mut device = Device::opened(config(), encoding, gets(0..1));
            device.plan(gets(1..2));
            let body = device.obey();
            device.say(body);
            device.plan(gets(2..3));
            device.msg_id += jump - 1;
            let body = device.obey();
            let response = device.post_body(body);
            let answer = device.read(&response);
            assert_eq!(header_code(&answer), 400, "{jump}");
            assert!(is_empty(&answer));
            assert_eq!(device.reason(), Some(Reason::BadMessage));
            assert_eq!(device.outcome(1).fate, Fate::Unknown);
        }
    }
}

#[test]
fn a_session_does_not_begin_in_the_middle() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan(gets(0..1));
        device.msg_id = 4;
        let body = device.package1();
        let response = device.post_body(body);
        let answer = device.read(&response);
        assert_eq!((header_code(&answer), is_empty(&answer)), (400, true));
        assert!(device.received.is_empty());
        let request = device.posted.clone().unwrap();
        let route = server::route(&request).unwrap();
        assert_eq!((route.session_id.as_str(), route.device_id.as_str()), ("1A", DEVICE));
        assert_eq!((route.msg_id, route.encoding, route.begins()), (Some(5), encoding, false));
        let response = server::unknown_session(&request, &device.config);
        let answer = device.read(&response);
        assert_eq!((header_code(&answer), is_empty(&answer)), (400, true));
    }
}

#[test]
fn one_challenge_too_many_is_not_asked_of_anyone() {
    let mut device = Device::new(md5());
    let mut codes = Vec::new();
    while device.closed.is_none() {
        codes.push(header_code(&device.open()));
        assert!(codes.len() < 10, "no end");
    }
    assert_eq!(codes, [407, 407, 407, 407], "three challenges, and one that is the last word");
    assert_eq!(device.reason(), Some(Reason::Refused));
}

// --- authentication of the device ------------------------------------------------------------------------------------

#[test]
fn basic_after_a_challenge() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Basic)), encoding);
        device.plan(gets(0..1));
        assert_eq!(header_code(&device.open()), 407);
        assert_eq!(device.chal(), Some((AuthType::Basic, None)));
        device.take_chal();
        assert_eq!(header_code(&device.open()), 212);
        assert_eq!(device.chal(), None, "basic needs none");
        device.scheme = None;
        let body = device.obey();
        assert_eq!(header_code(&device.say(body)), 212);
        assert!(device.nonces.is_empty());
    }
}

#[test]
fn md5_for_the_session() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.plan(gets(0..1));
        assert_eq!(header_code(&device.open()), 407);
        let first = device.take_chal();
        assert_eq!(header_code(&device.open()), 212);
        let (auth_type, issued) = device.chal().unwrap();
        let issued = issued.unwrap();
        assert_eq!(auth_type, AuthType::Md5);
        assert_ne!(issued, first);
        device.scheme = None;
        let body = device.obey();
        device.say(body);
        assert_eq!(device.came(0), 200);
        device.wait_long();
        assert_eq!(
            device.nonces,
            [(Party::Client, issued.clone())],
            "for the next session, and not that of the challenge"
        );
        // The next session begins with it.
        let next = config().with_demand(Demand::new(Scheme::Md5, credentials().with_nonce(issued.clone())));
        let mut device = Device::with(next, encoding);
        device.scheme = Some(Scheme::Md5);
        device.keys.nonce = issued;
        assert_eq!(header_code(&device.open()), 212);
    }
}

#[test]
fn md5_for_each_message() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Md5).with_per_message()), encoding);
        for round in 0..4 {
            device.plan(gets(round..round + 1));
        }
        device.scheme = Some(Scheme::Md5);
        device.open();
        let mut issued = Vec::new();
        for round in 0..3 {
            assert_eq!(header_code(&device.last), 200, "round {round}");
            issued.push(device.take_chal());
            let body = device.obey();
            device.say(body);
            assert_eq!(device.came(round), 200);
        }
        issued.push(device.take_chal());
        let saved: Vec<Nonce> = device.nonces.iter().map(|(_, nonce)| nonce.clone()).collect();
        assert!(issued.starts_with(&saved) && saved.len() >= 3, "every one that was issued, in its order");
        issued.dedup();
        assert_eq!(issued.len(), 4, "each is fresh");
    }
}

#[test]
fn md5_for_each_message_that_is_missing_or_stale_is_refused_and_can_be_said_again() {
    for encoding in BOTH {
        for missing in [true, false] {
            let mut device = Device::with(config().with_demand(demand(Scheme::Md5).with_per_message()), encoding);
            device.plan(gets(0..2));
            device.plan(gets(2..3));
            device.scheme = Some(Scheme::Md5);
            device.open();
            let stale = device.keys.nonce.clone();
            device.take_chal();
            let about = device.last_id;
            let asked = device.last.clone();
            device.keys.nonce = stale;
            device.scheme = (!missing).then_some(Scheme::Md5);
            let body = device.obey();
            let answer = device.say(body.clone());
            assert_eq!(header_code(&answer), if missing { 407 } else { 401 });
            assert!(is_empty(&answer) && device.outcomes.is_empty(), "nothing of it counts");
            assert_eq!(device.received.len(), 1);
            device.take_chal();
            // Said again, with a Status for the challenger's SyncHdr.
            let mut again = device.reply().about(about);
            for command in body.commands.into_iter().skip(1) {
                again = again.command(|id| with_id(command, id));
            }
            let answer = device.say(again);
            assert_eq!(header_code(&answer), 200);
            assert_eq!((device.came(0), device.came(1)), (200, 200), "{asked:?}");
            assert_eq!(names(&answer), ["Get"]);
        }
    }
}

#[test]
fn a_stale_nonce_gets_a_fresh_one() {
    for encoding in BOTH {
        let known = credentials().with_nonce(nonce(b"what the server knows"));
        let mut device = Device::with(config().with_demand(Demand::new(Scheme::Md5, known)), encoding);
        device.plan(gets(0..1));
        device.scheme = Some(Scheme::Md5);
        device.keys.nonce = nonce(b"what the device knows");
        assert_eq!(header_code(&device.open()), 401);
        let fresh = device.take_chal();
        assert_ne!(fresh, nonce(b"what the server knows"));
        assert_eq!(header_code(&device.open()), 212);
        assert_eq!(names(&device.last), ["Get"]);
    }
}

#[test]
fn weaker_credentials_than_demanded_are_refused() {
    for encoding in BOTH {
        let mut device = Device::with(md5(), encoding);
        device.scheme = Some(Scheme::Basic);
        assert_eq!(header_code(&device.open()), 401, "right, but readable");
        assert_eq!(device.chal().unwrap().0, AuthType::Md5);
        device.take_chal();
        assert_eq!(header_code(&device.open()), 212);
    }
}

#[test]
fn a_name_is_not_needed_and_a_wrong_one_in_a_digest_is_wrong() {
    let mut device = Device::new(md5());
    device.scheme = Some(Scheme::Md5);
    let body = device.package1();
    let mut message = device.message(body);
    message.header.source = dm_syncml::Location::new(DEVICE);
    device.note(&message);
    let request = device.request(&message);
    let response = device.post(request).unwrap();
    assert_eq!(header_code(&device.hear(&response, true)), 212);

    let mut device = Device::new(md5());
    device.scheme = Some(Scheme::Md5);
    device.keys.name = "Bruce2".into();
    assert_eq!(header_code(&device.open()), 401);
}

#[test]
fn strangers_are_challenged_like_anybody() {
    for encoding in BOTH {
        for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
            for sent in [None, Some(Scheme::Basic), Some(Scheme::Md5), Some(Scheme::Mac)] {
                let known = config().with_demand(demand(scheme));
                let unknown = config().with_demand(Demand::unknown(scheme));
                let [known, unknown] = [known, unknown].map(|config| {
                    let mut device = Device::with(config, encoding);
                    device.scheme = sent;
                    device.keys.password = "not the password".into();
                    let mut rounds = 0;
                    while device.closed.is_none() && rounds < 6 {
                        device.open();
                        rounds += 1;
                    }
                    assert!(device.received.is_empty());
                    device
                });
                assert_eq!(known.wire, unknown.wire, "{scheme:?} {sent:?}");
                assert_eq!((known.reason(), known.nonces), (unknown.reason(), unknown.nonces));
            }
        }
    }
}

#[test]
fn right_credentials_do_not_help_a_stranger() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let mut device = Device::new(config().with_demand(Demand::unknown(scheme)));
        device.scheme = Some(scheme);
        for _ in 0..3 {
            assert!(matches!(header_code(&device.open()), 401 | 407));
            device.take_chal();
        }
        assert!(device.received.is_empty());
    }
}

// --- HMAC ------------------------------------------------------------------------------------------------------------

/// Whether the last answer has the right header, over its exact bytes.
fn is_signed(device: &Device, nonce: &Nonce) -> bool {
    let response = device.wire.last().unwrap();
    let header = HmacHeader::parse(response.headers.get(HmacHeader::NAME).expect("a header")).unwrap();
    let hash = dm_syncml::CredentialHash::of(SERVER_ID, &dm_syncml::Secret::new(SERVER_PASSWORD));
    header.username() == SERVER_ID && header.verify(&hash, nonce, &response.body).is_ok()
}

#[test]
fn hmac_in_both_directions() {
    for encoding in BOTH {
        let (c0, s0) = (nonce(b"c0"), nonce(b"s0"));
        let config = config()
            .with_demand(Demand::new(Scheme::Mac, credentials().with_nonce(c0.clone())))
            .with_identity(identity(Scheme::Mac, s0.clone()));
        let mut device = Device::with(config, encoding);
        for round in 0..4 {
            device.plan(gets(round..round + 1));
        }
        device.scheme = Some(Scheme::Mac);
        device.keys.nonce = c0.clone();
        device.open();
        let mut server_nonce = s0;
        let mut issued = vec![c0];
        for round in 1_u8..4 {
            assert_eq!(header_code(&device.last), 200, "never 212");
            assert!(is_signed(&device, &server_nonce), "round {round}");
            assert_eq!(device.last.header.cred, None, "the MAC is no Cred");
            assert_eq!(device.last.header.source.name(), Some(SERVER_ID));
            issued.push(device.take_chal());
            server_nonce = nonce(&[round; 16]);
            let mut rest = device.obey().commands;
            rest.remove(0);
            let mut body = device.body().challenge(200, next_nonce(Scheme::Mac, &server_nonce));
            for command in rest {
                body = body.command(|id| with_id(command, id));
            }
            device.say(body);
            assert_eq!(device.came(u64::from(round) - 1), 200);
        }
        assert!(is_signed(&device, &server_nonce));
        issued.dedup();
        assert_eq!(issued.len(), 4);
        let of =
            |party| device.nonces.iter().filter(|(it, _)| *it == party).map(|(_, it)| it.clone()).collect::<Vec<_>>();
        assert_eq!(of(Party::Server), [nonce(&[1; 16]), nonce(&[2; 16]), nonce(&[3; 16])]);
        let client = of(Party::Client);
        assert!(client.len() >= 3 && issued[1..].iter().zip(&client).all(|(left, right)| left == right));
    }
}

#[test]
fn hmac_with_a_stale_nonce_is_challenged() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
        device.plan(gets(0..1));
        device.scheme = Some(Scheme::Mac);
        device.keys.nonce = nonce(b"stale");
        assert_eq!(header_code(&device.open()), 401);
        assert_eq!(device.chal().unwrap().0, AuthType::Mac);
        device.take_chal();
        assert_eq!(header_code(&device.open()), 200);
        assert_eq!(names(&device.last), ["Get"]);
    }
}

#[test]
fn hmac_over_other_bytes_is_wrong() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
        device.scheme = Some(Scheme::Mac);
        device.open();
        device.take_chal();
        let asked = device.received.len();
        let body = device.obey();
        let message = device.message(body);
        let signed = device.request(&message);
        let mut other = message.clone();
        other.commands.push(Body::new(1).generic("com.example.a", "1").commands.remove(0));
        *other.commands.last_mut().unwrap().cmd_id_mut().unwrap() = "77".into();
        let mut bytes = Vec::new();
        other.encode(encoding, &mut bytes).unwrap();
        let response = device.post(signed.with_body(bytes)).unwrap();
        let answer = device.read(&response);
        assert_eq!(header_code(&answer), 401);
        assert_eq!(device.received.len(), asked);
    }
}

#[test]
fn nothing_else_answers_a_challenge_for_hmac() {
    for encoding in BOTH {
        for scheme in [Scheme::Basic, Scheme::Md5] {
            let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
            device.open();
            device.take_chal();
            device.scheme = Some(scheme);
            let answer = device.open();
            assert_eq!(header_code(&answer), 401);
            assert!(is_empty(&answer));
            assert_eq!(device.reason(), Some(Reason::Refused), "the session has to end");
            assert!(device.received.is_empty());
        }
    }
}

#[test]
fn hmac_that_stops_coming_is_as_good_as_wrong() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
        device.plan(gets(0..1));
        device.scheme = Some(Scheme::Mac);
        device.open();
        assert_eq!(names(&device.last), ["Get"]);
        device.take_chal();
        device.scheme = None;
        let body = device.obey();
        let answer = device.say(body);
        assert_eq!(header_code(&answer), 401);
        assert!(device.outcomes.is_empty());
    }
}

#[test]
fn a_message_that_proved_the_device_before_does_nothing_when_it_is_replayed() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
        device.plan(gets(0..1));
        device.plan(gets(1..2));
        device.scheme = Some(Scheme::Mac);
        device.open();
        let signed = device.posted.clone().unwrap();
        let mut bare = signed.clone();
        bare.headers.remove(HmacHeader::NAME);
        device.take_chal();
        let body = device.obey();
        device.say(body);
        device.take_chal();
        for request in [signed, bare] {
            let response = device.post(request).unwrap();
            let answer = Message::parse(&response.body).unwrap().into_owned();
            assert_eq!(header_code(&answer), 400, "its number is not the next");
            assert_eq!((device.received.len(), device.outcomes.len()), (2, 1));
        }
        let body = device.obey();
        device.say(body);
        assert_eq!((device.came(0), device.came(1)), (200, 200));
    }
}

#[test]
fn hmac_and_cred_at_once_are_refused() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(Scheme::Mac)), encoding);
        device.scheme = Some(Scheme::Mac);
        let body = device.package1();
        let mut message = device.message(body);
        message.header.cred = Some(Cred::new(AuthType::Md5, device.keys.hash().md5(&device.keys.nonce)));
        device.note(&message);
        let request = device.request(&message);
        let response = device.post(request).unwrap();
        assert_eq!(header_code(&device.hear(&response, true)), 401);
    }
}

// --- authentication of the server ------------------------------------------------------------------------------------

#[test]
fn the_server_shows_md5_credentials_until_they_are_accepted_for_the_session() {
    for encoding in BOTH {
        let (s0, s1, s2) = (nonce(b"s0"), nonce(b"s1"), nonce(b"s2"));
        let mut device = Device::with(config().with_identity(identity(Scheme::Md5, s0.clone())), encoding);
        for round in 0..5 {
            device.plan(gets(round..round + 1));
        }
        let hash = dm_syncml::CredentialHash::of(SERVER_ID, &dm_syncml::Secret::new(SERVER_PASSWORD));
        let shows = |message: &Message<'static>, nonce: &Nonce| {
            message.header.cred.as_ref().is_some_and(|cred| hash.verify(cred, nonce).is_ok())
        };
        let with = |device: &Device, code: u32, chal: Option<Chal<'static>>| {
            let mut rest = device.obey().commands;
            rest.remove(0);
            let body = match chal {
                Some(chal) => device.body().challenge(code, chal),
                None => device.body().header(code),
            };
            rest.into_iter().fold(body, |body, command| body.command(|id| with_id(command, id)))
        };
        let answer = device.open();
        assert!(shows(&answer, &s0));
        // 200 with a nonce: the next message has it.
        let body = with(&device, 200, Some(next_nonce(Scheme::Md5, &s1)));
        let answer = device.say(body);
        assert!(shows(&answer, &s1));
        // 200 without: the same again.
        let body = with(&device, 200, None);
        let answer = device.say(body);
        assert!(shows(&answer, &s1));
        // 212 with a nonce: no more, and the nonce is for the next session.
        let body = with(&device, 212, Some(next_nonce(Scheme::Md5, &s2)));
        let answer = device.say(body);
        assert_eq!(answer.header.cred, None);
        let body = with(&device, 200, None);
        let answer = device.say(body);
        assert_eq!(answer.header.cred, None);
        assert_eq!(device.nonces, [(Party::Server, s1), (Party::Server, s2)]);
    }
}

#[test]
fn the_nonce_of_a_client_that_is_not_trusted_is_used_and_not_saved() {
    for encoding in BOTH {
        let config = md5().with_identity(identity(Scheme::Md5, nonce(b"s0")));
        let mut device = Device::with(config, encoding);
        device.open();
        device.take_chal();
        // It challenges, and has not proved itself: wrong credentials.
        device.keys.password = "other".into();
        let body = device.body().challenge(401, next_nonce(Scheme::Md5, &nonce(b"evil"))).alert(1201).dev_info();
        assert_eq!(header_code(&device.say(body)), 401);
        assert!(device.nonces.is_empty(), "{:?}", device.nonces);
        // Once it has, the newest is saved.
        device.take_chal();
        device.keys.password = PASSWORD.into();
        device.plan(gets(0..1));
        let body = device.body().challenge(401, next_nonce(Scheme::Md5, &nonce(b"good"))).alert(1201).dev_info();
        let answer = device.say(body);
        assert_eq!(header_code(&answer), 212);
        let hash = dm_syncml::CredentialHash::of(SERVER_ID, &dm_syncml::Secret::new(SERVER_PASSWORD));
        assert!(hash.verify(answer.header.cred.as_ref().unwrap(), &nonce(b"good")).is_ok());
        assert!(device.nonces.contains(&(Party::Server, nonce(b"good"))), "{:?}", device.nonces);
    }
}

#[test]
fn known_digests_are_computed_and_accepted() {
    // The vector of the standard: Bruce2, OhBehave, the octets of "Nonce".
    let keys = dm_session::dm1::Credentials::new("Bruce2", &dm_session::Secret::new("OhBehave"));
    let config = config().with_demand(Demand::new(Scheme::Md5, keys.with_nonce(nonce(b"Nonce"))));
    for (digest, expected) in [
        ("Zz6EivR3yeaaENcRN6lpAQ==", 212),
        ("9os2MFwe4ptkDIrrmjtotg==", 401),
        ("kd5ALQhIkldCHAhc6NoOcg==", 401),
        ("Sbp4I3Fnpjk1v//6eclXow==", 401),
    ] {
        let mut device = Device::new(config.clone());
        let body = device.package1();
        let mut message = device.message(body);
        message.header.cred = Some(Cred::new(AuthType::Md5, digest.to_owned()));
        device.note(&message);
        let request = device.request(&message);
        let response = device.post(request).unwrap();
        assert_eq!(header_code(&device.hear(&response, true)), expected, "{digest}");
    }
}

#[test]
fn no_secret_is_in_the_debug_form() {
    let mut device = Device::new(md5().with_identity(identity(Scheme::Md5, nonce(b"s0"))));
    device.open();
    let shown = format!("{:?} {:?} {:?}", device.server, device.config, device.server.snapshot());
    for secret in [PASSWORD, SERVER_PASSWORD, "T2hCZWhhdmU"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn resp_uri_is_in_every_message() {
    for encoding in BOTH {
        let uri = "https://dm.example/dm?sid=ab%3D";
        let mut device = Device::with(config().with_resp_uri(uri), encoding);
        device.plan(gets(0..1));
        device.open();
        let body = device.obey().more();
        device.say(body);
        let body = device.obey();
        device.say(body);
        for response in device.wire.clone() {
            let message = device.read(&response);
            assert_eq!(message.header.resp_uri.as_deref(), Some(uri));
        }
    }
}

// --- notifications ---------------------------------------------------------------------------------------------------

fn notify(device: &mut Device, seed: u8) {
    let event = Event::Notify {
        ui_mode: dm_notification::dm1::UiMode::Informative,
        initiator: dm_notification::dm1::Initiator::User,
        random: dm_session::Random::from([seed; 32]),
    };
    device.event(event);
    device.drain(dm_session::RequestId(0));
}

#[test]
fn notifications_are_sent_again_until_a_session_comes() {
    let mut device = Device::new(config());
    notify(&mut device, 7);
    assert_eq!(device.notifications.len(), 1);
    for count in 2..=3 {
        let next = device.server.poll_timeout().expect("a time").as_millis();
        device.wait(next - device.now - 2);
        assert_eq!(device.notifications.len(), count - 1, "not before its time");
        device.wait(2);
        assert_eq!(device.notifications.len(), count);
    }
    assert!(device.notifications.iter().all(|it| *it == device.notifications[0]), "the same bytes each time");
    device.wait(60_001);
    assert_eq!((device.unanswered, device.notifications.len()), (1, 3));
    assert!(device.server.poll_timeout().is_none() && !device.server.is_closed());
    // A device that comes late is known all the same.
    device.session = "707".into();
    let body = device.body().alert(1200).dev_info();
    device.say(body);
    assert!(device.opening().notified);
    // 1201 with that SessionID, or 1200 with another, answers none.
    for (alert, session) in [(1201, "707"), (1200, "708"), (1200, "0707")] {
        let mut device = Device::new(config());
        notify(&mut device, 7);
        device.session = session.into();
        let body = device.body().alert(alert).dev_info();
        device.say(body);
        assert!(!device.opening().notified, "{alert} {session}");
    }
}

#[test]
fn no_session_is_given_up_before_there_is_one() {
    let mut device = Device::new(config());
    notify(&mut device, 7);
    device.event(Event::Abort);
    device.drain(dm_session::RequestId(0));
    assert_eq!(device.reason(), Some(Reason::Aborted));
    let body = device.package1();
    let response = device.post_body(body);
    assert_ne!(response.status, 500);
    assert!(device.received.is_empty());
}

// --- more of credentials ---------------------------------------------------------------------------------------------

#[test]
fn hmac_of_the_server_without_a_next_nonce_ends_the_session() {
    for encoding in BOTH {
        for answer in [200, 212] {
            let config = config().with_identity(identity(Scheme::Mac, nonce(b"s0")));
            let mut device = Device::opened(config, encoding, gets(0..1));
            assert!(is_signed(&device, &nonce(b"s0")));
            let mut rest = device.obey().commands;
            rest.remove(0);
            let body = rest
                .into_iter()
                .fold(device.body().header(answer), |body, command| body.command(|id| with_id(command, id)));
            let last = device.say(body);
            assert!(is_empty(&last), "{answer}");
            assert_eq!(device.reason(), Some(Reason::ServerRefused), "{answer}");
        }
    }
}

#[test]
fn basic_credentials_of_the_server_are_for_those_who_allow_them() {
    for encoding in BOTH {
        let basic = Identity::new(server_credentials()).with_first(Scheme::Basic);
        let device = Device::opened(config().with_identity(basic), encoding, gets(0..1));
        let cred = device.last.header.cred.as_ref().unwrap();
        assert_eq!(cred.auth_type(), Some(AuthType::Basic));
        let hash = dm_syncml::CredentialHash::of(SERVER_ID, &dm_syncml::Secret::new(SERVER_PASSWORD));
        assert!(hash.verify(cred, &nonce(b"")).is_ok());
        // Asked for, it is shown only where that is allowed.
        let asked = |identity: Identity| {
            let mut device = Device::opened(config().with_identity(identity), encoding, gets(0..1));
            let body = refusal(&device, 407, Some(Chal::new(AuthType::Basic)));
            device.say(body);
            device
        };
        let device = asked(Identity::new(server_credentials()));
        assert_eq!(device.reason(), Some(Reason::ServerRefused));
        let device = asked(Identity::new(server_credentials()).with_weakest(Scheme::Basic));
        assert_eq!(names(&device.last), ["Get"]);
        assert_eq!(device.last.header.cred.as_ref().unwrap().auth_type(), Some(AuthType::Basic));
    }
}

#[test]
fn a_large_object_begins_anew_when_the_client_refuses_the_server() {
    for encoding in BOTH {
        let config = config().with_identity(Identity::new(server_credentials()));
        let mut device = Device::with(config, encoding);
        device.announce(1_200);
        let value = long_text(4_000);
        device.plan([get(1, "./A"), replace(2, "./B", value.as_str()), get(3, "./C")]);
        device.open();
        device.go_on();
        assert_eq!(chunks(&device.last), 1);
        let body = refusal(&device, 407, Some(next_nonce(Scheme::Md5, &nonce(b"n1")))).more();
        device.say(body);
        device.go_on();
        assert!(device.last.header.cred.is_some() && device.outcomes.is_empty());
        let mut data = Vec::new();
        let mut names = Vec::new();
        while device.outcomes.len() < 3 {
            for command in operations(&device.last) {
                names.push(target(&command));
                data.extend(script::data(&command));
            }
            let body = if chunks(&device.last) > 0 { device.next_piece() } else { device.obey() };
            device.say(body);
            assert!(device.msg_id < 40, "no end");
        }
        names.dedup();
        assert_eq!(names, ["./A", "./B", "./C"]);
        assert_eq!(data, value.into_bytes());
        assert!((1..=3).all(|id| device.came(id) == 200));
    }
}

#[test]
fn a_decision_has_its_time() {
    let mut device = Device::new(config());
    device.plans.push_back(Plan::Wait);
    let body = device.package1();
    let message = device.message(body);
    device.note(&message);
    let request = device.request(&message);
    assert_eq!(device.post(request), None);
    assert_eq!(device.server.poll_timeout(), None, "the host has the word");
    device.wait_long();
    assert_eq!(device.closed, None);
    device.decide(gets(0..1));
    assert_eq!(names(&device.last), ["Get"]);
}
