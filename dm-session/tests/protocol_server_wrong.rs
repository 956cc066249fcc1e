//! What the server does with input that is no good (§12, §13 and §15 of the project's protocol reference): it says so,
//! and nothing of it is done.
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

use dm_session::dm1::server::{self, Event, Reason};
use dm_session::dm1::{Limits, Server, ServerConfig};
use dm_session::http::{Method, Request, Response};
use dm_session::{ErrorKind, Random, RequestId};
use dm_syncml::{Encoding, Message, Strictness};
use proptest::prelude::*;
use script::*;

/// A device in the midst of a session.
fn waiting(encoding: Encoding) -> Device {
    Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")])
}

/// The session goes on with the next good message.
fn goes_on(device: &mut Device) {
    assert_eq!(device.closed, None);
    assert!(device.outcomes.is_empty() && device.received.len() == 1);
    let body = device.obey();
    device.say(body);
    assert_eq!((device.came(1), device.came(2)), (200, 200));
    assert_eq!(leaf(device.outcome(1)).1, value_of("./A"));
}

/// What a refusal says: the HTTP status, or with 200 the Status for the SyncHdr; and there is nothing else in it.
fn refusal(response: &Response) -> u32 {
    if response.status != 200 {
        return response.status.into();
    }
    let message = Message::parse_with(&response.body, Strictness::Strict, &dm_syncml::Limits::DEFAULT).unwrap();
    let message = message.value.into_owned();
    assert!(operations(&message).is_empty() && message.is_final);
    header_code(&message)
}

fn good_bytes(device: &mut Device) -> Vec<u8> {
    let body = device.obey();
    let message = device.message(body);
    device.msg_id -= 1;
    device.request(&message).body
}

#[test]
fn wrong_methods_and_media_types_are_refused() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        let bytes = good_bytes(&mut device);
        for method in [Method::Get, Method::Put] {
            let request =
                Request::new(method, "/dm").with_header("Content-Type", media(encoding)).with_body(bytes.clone());
            assert_eq!(server::route(&request).err().map(|response| response.status), Some(405));
            let response = device.post(request).unwrap();
            assert_eq!(response.status, 405);
            assert_eq!(response.headers.get("Allow"), Some("POST"));
        }
        for content_type in ["text/plain", "application/vnd.syncml.dm", "", "application/json"] {
            let request =
                Request::new(Method::Post, "/dm").with_header("Content-Type", content_type).with_body(bytes.clone());
            assert_eq!(server::route(&request).err().map(|response| response.status), Some(415), "{content_type}");
            assert_eq!(device.post(request).unwrap().status, 415, "{content_type}");
        }
        goes_on(&mut device);
    }
}

#[test]
fn what_is_no_sync_ml_is_refused() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        let others: [&[u8]; 9] = [
            b"",
            b"{}",
            b"<html/>",
            b"<SyncML/>",
            b"<SyncML xmlns='SYNCML:SYNCML1.2'><SyncBody/></SyncML>",
            b"\x00\x00\x00\x00",
            b"\x03\x01\x6a\x00",
            b"\xff\xfe",
            b"<!DOCTYPE SyncML [<!ENTITY a \"b\">]><SyncML>&a;</SyncML>",
        ];
        for bytes in others {
            let request = device.request_of(bytes.to_vec());
            // What looks like the other form may be none of its type, too.
            let refused = server::route(&request).expect_err("no SyncML").status;
            let response = device.post(request).unwrap();
            assert_eq!(refusal(&response), u32::from(refused), "{bytes:?}");
            let other = Encoding::detect(bytes).is_some_and(|it| it != encoding);
            assert!(refused == 400 || (other && refused == 415), "{bytes:?} {refused}");
        }
        goes_on(&mut device);
    }
}

#[test]
fn a_message_that_is_cut_anywhere_is_refused() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        let bytes = good_bytes(&mut device);
        let least = if encoding == Encoding::Xml { "</SyncML>".len() } else { 1 };
        for len in (0..bytes.len() - least).step_by(if encoding == Encoding::Xml { 7 } else { 1 }) {
            let request = device.request_of(bytes[..len].to_vec());
            let response = device.post(request).unwrap();
            assert_eq!(refusal(&response), 400, "{len} of {}", bytes.len());
        }
        goes_on(&mut device);
    }
}

#[test]
fn a_first_message_that_is_cut_begins_nothing() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        let body = device.package1();
        let message = device.message(body);
        let bytes = device.request(&message).body;
        for len in (0..bytes.len() - 12).step_by(5) {
            let request = device.request_of(bytes[..len].to_vec());
            let response = device.post(request).unwrap();
            assert_eq!(refusal(&response), 400, "{len}");
            assert!(device.server.is_idle(), "{len}");
        }
        device.plan([get(1, "./A")]);
        device.msg_id = 0;
        assert_eq!(names(&device.open()), ["Get"]);
    }
}

#[test]
fn a_message_of_another_session_or_device_is_not_this_ones() {
    for encoding in BOTH {
        for other_device in [false, true] {
            let mut device = waiting(encoding);
            let (session, id) = (device.session.clone(), device.id.clone());
            if other_device {
                device.id = "IMEI:other".into();
            } else {
                device.session = "2B".into();
            }
            let body = device.obey();
            let message = device.message(body);
            device.msg_id -= 1;
            let request = device.request(&message);
            let response = device.post(request).unwrap();
            assert_eq!(refusal(&response), 400);
            (device.session, device.id) = (session, id);
            goes_on(&mut device);
        }
    }
}

#[test]
fn other_versions_are_refused() {
    for encoding in BOTH {
        for (ver, code) in
            [(("1.1", "DM/1.2"), 505), (("1.2", "DM/1.1"), 513), (("1.2", "SyncML/1.2"), 513), (("2", "DM/1.2"), 505)]
        {
            let mut device = Device::with(config(), encoding);
            device.ver = ver;
            device.plan([get(1, "./A")]);
            let body = device.package1();
            let response = device.post_body(body);
            assert_eq!(refusal(&response), code, "{ver:?}");
            assert!(device.received.is_empty() && device.server.is_idle());
        }
        // In the midst of a session too, which goes on as if nothing had come.
        for (ver, code) in [(("1.1", "DM/1.1"), 505), (("1.2", "DM/1.1"), 513)] {
            let mut device = waiting(encoding);
            let good = core::mem::replace(&mut device.ver, ver);
            let body = device.obey();
            let message = device.message(body);
            let request = device.request(&message);
            assert_eq!(refusal(&device.post(request).unwrap()), code, "{ver:?}");
            device.ver = good;
            device.msg_id -= 1;
            goes_on(&mut device);
        }
    }
}

#[test]
fn what_is_too_large_is_refused() {
    for encoding in BOTH {
        let limits = Limits::DEFAULT.with_message(dm_syncml::Limits::DEFAULT.with_max_message_len(4_000));
        let mut device = Device::opened(config().with_limits(limits), encoding, [get(1, "./A"), get(2, "./B")]);
        let large = device.obey().generic("com.example.a", &long_text(4_000));
        let message = device.message(large);
        device.msg_id -= 1;
        let request = device.request(&message);
        let response = device.post(request).unwrap();
        assert_eq!(refusal(&response), 413);
        goes_on(&mut device);
    }
}

#[test]
fn a_package_that_is_too_large_is_refused() {
    // A device that answers without end.
    let limits = Limits::DEFAULT.with_max_reply_len(10_000).with_max_messages(50);
    let mut device = Device::opened(config().with_limits(limits), Encoding::Xml, [get(1, "./A")]);
    let id = ids(&device.last)[0].clone();
    let mut taken = 0;
    while device.closed.is_none() {
        assert!(device.msg_id < 60, "no end");
        let body = device.reply().about(1).status(&id, "Get", 200).result(&id, "./A", &long_text(900)).more();
        let answer = device.say(body);
        match &codes_of(&answer, "Results")[..] {
            [] if device.closed.is_some() => assert_eq!(alerts(&answer), [1223]),
            [] => taken += 1,
            codes => assert_eq!((codes, alerts(&answer)), (&[413][..], vec![1222])),
        }
    }
    // Of 10,000 octets; what is more is answered 413 for as long as a session may last.
    assert_eq!(taken, 10);
    assert_eq!((device.reason(), device.msg_id), (Some(Reason::Limit), 51));
}

#[test]
fn a_session_has_so_many_messages() {
    for encoding in BOTH {
        let limits = Limits::DEFAULT.with_max_messages(6);
        let mut device = Device::with(config().with_limits(limits), encoding);
        for round in 0..20 {
            device.plan([get(round, "./A")]);
        }
        device.open();
        while device.closed.is_none() {
            assert!(device.msg_id < 10, "no end");
            let body = device.obey();
            device.post_body(body.clone());
            let response = device.repeat().unwrap();
            let message = Message::parse(&response.body).unwrap().into_owned();
            device.last_id += 1;
            device.last = message;
        }
        assert_eq!(device.reason(), Some(Reason::Limit));
    }
}

#[test]
fn replayed_messages_do_nothing() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        let first = device.posted.clone().unwrap();
        let first_answer = device.wire[0].clone();
        assert_eq!(device.post(first.clone()), Some(first_answer), "the last answer is kept");
        device.plan([get(3, "./C")]);
        let body = device.obey();
        device.say(body);
        // An older one is none of the last.
        let response = device.post(first).unwrap();
        assert_eq!(refusal(&response), 400);
        assert_eq!(device.received.len(), 2);
    }
}

#[test]
fn the_same_number_with_other_content_is_not_done() {
    for encoding in BOTH {
        let mut device = waiting(encoding);
        let body = device.answer(|_| 404);
        device.plan([get(3, "./C")]);
        device.say(body);
        device.msg_id -= 1;
        let body = device.reply().generic("com.example.a", "1").alert(1223);
        let message = device.message(body);
        let request = device.request(&message);
        let response = device.post(request).unwrap();
        assert_eq!(refusal(&response), 400);
        assert_eq!((device.came(1), device.received.len()), (404, 2));
        assert_eq!(device.reason(), Some(Reason::BadMessage), "and no abort of the device");
    }
}

#[test]
fn a_repeated_request_while_a_decision_is_open_gets_one_answer() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plans.push_back(Plan::Wait);
        let body = device.package1();
        let message = device.message(body);
        device.note(&message);
        let request = device.request(&message);
        assert_eq!(device.post(request.clone()), None);
        let first = device.server.open_request().unwrap();
        // The device has lost patience: its last request is answered, the one before is told to come again.
        let id = RequestId(500);
        let event = Event::Request { id, request, random: Random::from([3; 32]) };
        device.server.handle(at(10), event).unwrap();
        let mut answered = Vec::new();
        while let Some(action) = device.server.poll_action() {
            match action {
                server::Action::Respond { id, response } => answered.push((id, response.status)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(device.server.open_request(), Some(id), "that is what waits now");
        assert_eq!(answered, [(first, 503)]);
        // The application was asked once, for the first, and may decide by that name.
        device.server.handle(at(11), Event::Orders { id: first, orders: vec![get(1, "./A")] }).unwrap();
        while let Some(action) = device.server.poll_action() {
            if let server::Action::Respond { id, response } = action {
                answered.push((id, response.status));
            }
        }
        assert_eq!(answered, [(first, 503), (id, 200)], "each request is answered once");
    }
}

#[test]
fn an_application_that_fails_makes_the_device_come_back() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plans.push_back(Plan::Fail);
        let body = device.package1();
        let message = device.message(body);
        device.note(&message);
        let request = device.request(&message);
        let response = device.post(request.clone()).unwrap();
        assert_eq!(response.status, 500);
        assert_eq!(device.closed, None);
        // The same message again, and this time it works.
        device.plan([get(1, "./A")]);
        let response = device.post(request).unwrap();
        let answer = device.hear(&response, true);
        assert_eq!(names(&answer), ["Get"]);
        // In the midst of a session too; what the device said counts once.
        device.plans.push_back(Plan::Fail);
        let body = device.obey();
        let message = device.message(body);
        device.note(&message);
        let request = device.request(&message);
        assert_eq!(device.post(request.clone()).unwrap().status, 500);
        device.plan([get(2, "./B")]);
        let response = device.post(request).unwrap();
        assert_eq!(names(&device.hear(&response, true)), ["Get"]);
        assert_eq!((device.came(1), device.outcomes.len()), (200, 1));
    }
}

// --- what the host does wrong ----------------------------------------------------------------------------------------

#[test]
fn events_that_do_not_fit_change_nothing() {
    let mut device = waiting(Encoding::Xml);
    let before = device.server.snapshot();
    let wrong = [
        Event::Orders { id: RequestId(1), orders: vec![] },
        Event::Orders { id: RequestId(99), orders: vec![get(1, "./A")] },
        Event::Fail { id: RequestId(1) },
        Event::Notify {
            ui_mode: dm_notification::dm1::UiMode::Background,
            initiator: dm_notification::dm1::Initiator::Server,
            random: Random::from([1; 32]),
        },
    ];
    for event in wrong {
        let shown = format!("{event:?}");
        let error = device.server.handle(at(99), event).expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::ApiMisuse, "{shown}");
        assert_eq!(device.server.snapshot(), before, "{shown}");
    }
    goes_on(&mut device);
}

#[test]
fn a_decision_is_for_the_request_that_asked() {
    let mut device = Device::new(config());
    device.plans.push_back(Plan::Wait);
    let body = device.package1();
    let message = device.message(body);
    device.note(&message);
    let request = device.request(&message);
    assert_eq!(device.post(request), None);
    let before = device.server.snapshot();
    let wrong = RequestId(device.server.open_request().unwrap().0 + 1);
    let error = device.server.handle(at(99), Event::Orders { id: wrong, orders: vec![] }).unwrap_err();
    assert_eq!((error.kind(), &device.server.snapshot()), (ErrorKind::ApiMisuse, &before));
    device.decide([get(1, "./A")]);
    assert_eq!(names(&device.last), ["Get"]);
}

#[test]
fn what_cannot_work_does_not_start() {
    let bad = [
        ServerConfig::new("", SERVER_URI),
        ServerConfig::new(SERVER_ID, ""),
        ServerConfig::new(SERVER_ID, "nonsense"),
        config().with_resp_uri("nonsense"),
        config().with_resend(core::time::Duration::from_secs(1), 0),
    ];
    for config in bad {
        let error = Server::start(config.clone(), at(0)).expect_err(&format!("{config:?}"));
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}

#[test]
fn time_does_not_go_back() {
    let mut device = waiting(Encoding::Xml);
    let limit = device.server.poll_timeout();
    device.server.handle(at(0), Event::Tick).unwrap();
    assert_eq!(device.server.poll_timeout(), limit);
    for _ in 0..3 {
        device.server.handle(at(device.now), Event::Tick).unwrap();
    }
    assert_eq!(device.server.poll_action(), None);
    goes_on(&mut device);
}

#[test]
fn after_the_end_nothing_is_taken_and_nothing_comes() {
    let mut device = waiting(Encoding::Xml);
    let body = device.reply().alert(1223);
    device.say(body);
    assert!(device.server.is_closed());
    for event in [Event::Abort, Event::Orders { id: RequestId(1), orders: vec![] }] {
        assert_eq!(device.server.handle(at(99), event).map_err(|error| error.kind()), Err(ErrorKind::Closed));
    }
    device.server.handle(at(u64::MAX / 2), Event::Tick).unwrap();
    assert_eq!(device.server.poll_action(), None);
    let answer = device.wire.last().cloned();
    assert_eq!(device.repeat(), answer, "the last answer is there for a device that lost it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Bytes that are flipped in a message: it is refused, or what is left of it is a message.
    #[test]
    fn spoiled_messages_do_no_harm(
        wbxml in any::<bool>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        opening in any::<bool>(),
    ) {
        let encoding = if wbxml { Encoding::Wbxml } else { Encoding::Xml };
        let mut device = if opening { Device::with(config(), encoding) } else { waiting(encoding) };
        let body = if opening { device.package1() } else { device.obey() };
        let message = device.message(body);
        let mut bytes = device.request(&message).body;
        for (place, byte) in &places {
            let at = place.index(bytes.len());
            bytes[at] = *byte;
        }
        let request = device.request_of(bytes);
        let _ = server::route(&request);
        let stranger = server::unknown_session(&request, &device.config);
        prop_assert_eq!(stranger.check(), Ok(()));
        let random = Random::from([5; 32]);
        let event = Event::Request { id: RequestId(400), request, random };
        device.server.handle(at(50), event).unwrap();
        let mut answers = 0;
        while let Some(action) = device.server.poll_action() {
            match action {
                server::Action::Respond { response, .. } => {
                    answers += 1;
                    prop_assert_eq!(response.check(), Ok(()));
                    if response.status == 200 {
                        // Leniently: names that were spoiled come back as they are.
                        prop_assert!(Message::parse(&response.body).is_ok());
                    }
                }
                server::Action::Decide { id, .. } => {
                    device.server.handle(at(51), Event::Orders { id, orders: vec![get(7, "./Z")] }).unwrap();
                }
                _ => {}
            }
        }
        prop_assert_eq!(answers, 1, "every request has its answer");
        moved(&device.server, &device.config);
    }
}
