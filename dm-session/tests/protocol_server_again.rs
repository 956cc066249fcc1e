//! What is said again to the server machine of DM 1.2, and by it: after refusals and challenges, where room is short, and
//! after the end.
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

use dm_session::dm1::server::Reason;
use dm_session::dm1::{Fate, Identity, NotSent, Scheme, ServerConfig};
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_syncml::{AuthType, Chal, Element, Encoding, Format, Item, Limits, Message, Meta, Nonce};
use script::*;

/// Bytes of a message with room for few Statuses.
const SHORT: [(Encoding, usize); 2] = [(Encoding::Xml, 900), (Encoding::Wbxml, 300)];

const TYPE: &str = "com.example.a";

/// A challenge for MD5.
fn chal(nonce: &Nonce) -> Chal<'static> {
    Chal::new(AuthType::Md5).with_next_nonce(nonce.encode())
}

/// A server that shows credentials when it is asked for them.
fn with_credentials() -> ServerConfig {
    config().with_identity(Identity::new(server_credentials()))
}

/// The CmdID of the only operation of that name.
fn id_of(message: &Message<'static>, name: &str) -> String {
    let all = operations(message);
    let command = all.iter().find(|command| command.name() == Some(name)).expect("a command of that name");
    command.cmd_id().unwrap().as_str().to_owned()
}

/// What the application has heard of in alerts.
fn heard(device: &Device) -> Vec<String> {
    let alerts = device.received.iter().flat_map(|received| &received.alerts);
    alerts.map(|alert| alert.items[0].content.data.as_str().unwrap().to_owned()).collect()
}

// --- objects that are refused ----------------------------------------------------------------------------------------

/// A chunk of Results or of an alert.
fn chunk(body: Body, of: &str, id: &str, data: &str, size: Option<u64>, more: bool) -> Body {
    if of == "Results" {
        return body.about(1).chunk(id, "./A", data, size, more);
    }
    let item = match size {
        Some(size) => Item::source("./A").with_meta(Meta::new().with_type(TYPE).with_size(size)),
        None => Item::source("./A").with_meta(Meta::new().with_type(TYPE)),
    };
    let item = item.with_data(data.to_owned());
    let item = if more { item.with_more_data() } else { item };
    body.alert_with(1226, |alert| alert.with_item(item))
}

#[test]
fn a_refused_object_can_be_stored_at_every_step() {
    // Size, the lengths of the chunks and what each is answered, with a MaxObjSize of 100.
    type Case<'c> = (u64, &'c [(usize, u32)]);
    let cases: [Case<'_>; 6] = [
        (90, &[(200, 413), (10, 413), (10, 413)]),
        (90, &[(60, 213), (60, 413), (200, 413)]),
        (100, &[(100, 213), (1, 413)]),
        (50, &[(40, 213), (40, 424), (500, 424)]),
        (50, &[(60, 424), (60, 424)]),
        (101, &[(200, 413), (200, 413)]),
    ];
    for encoding in BOTH {
        for of in ["Results", "Alert"] {
            for (size, steps) in cases {
                let config = config().with_max_obj_size(Some(100));
                let mut device = Device::with(config, encoding);
                device.travels = true;
                device.plan([get(1, "./A")]);
                device.open();
                let id = id_of(&device.last, "Get");
                let mut body = device.reply().status(&id, "Get", 200);
                for (number, (len, code)) in steps.iter().enumerate() {
                    let size = (number == 0).then_some(size);
                    let answer = device.say(chunk(body, of, &id, &long_text(*len), size, true).more());
                    assert_eq!(codes_of(&answer, of), [*code], "{of} {size:?}, chunk {number}");
                    body = device.answer(|_| 200);
                }
                let code = steps.last().unwrap().1;
                let answer = device.say(chunk(body, of, &id, "end", None, false));
                assert_eq!(codes_of(&answer, of), [code], "{of} {size}, to its end");
                assert!(device.outcome(1).leaves.is_empty() && heard(&device).is_empty());
                assert_eq!((device.came(1), device.reason()), (200, Some(Reason::Ended)));
            }
        }
    }
}

#[test]
fn an_element_counts_against_the_largest_object() {
    let element = |len: usize| {
        let name = long_text(len);
        let text = format!(
            "<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD><Node><NodeName>{name}</NodeName></Node></MgmtTree>"
        );
        Content::new(TreeData::Element(Element::parse_xml(text.as_bytes(), &Limits::DEFAULT).unwrap().into_owned()))
    };
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce_object(2_000);
        device.plan([
            add(1, "./A", element(2_000)),
            add(2, "./B", element(1_750)),
            sequence(3, [Do::get("./C").into(), Do::replace("./C", element(2_000)).into()]),
            atomic(4, [Do::delete("./D").into(), Do::add("./D", element(1_750)).into()]),
        ]);
        device.open();
        assert_eq!(names(&device.last), ["Add", "Atomic"], "{encoding:?}");
        assert_eq!(target(&operations(&device.last)[0]), "./B");
        for id in [1, 3] {
            assert_eq!(not_sent(&device, id), Some(NotSent::TooLargeObject));
        }
        let body = device.obey();
        device.say(body);
        assert_eq!((device.came(2), device.came(4)), (200, 200));
    }
}

// --- what the device refuses -----------------------------------------------------------------------------------------

#[test]
fn only_the_object_whose_chunk_was_refused_is_sent_again() {
    for encoding in BOTH {
        for (named, is_final) in [(true, false), (false, false), (true, true), (false, true)] {
            let mut device = Device::with(with_credentials(), encoding);
            device.announce(1_200);
            let value = long_text(4_000);
            device.plan([exec(1, "./A"), replace(2, "./B", value.as_str())]);
            device.open();
            device.go_on();
            assert_eq!((names(&device.last), chunks(&device.last)), (vec!["Exec".into(), "Replace".into()], 1));
            let body = device.next_piece();
            device.say(body);
            assert_eq!((names(&device.last), chunks(&device.last)), (vec!["Replace".into()], 1));
            assert_eq!(size(&operations(&device.last)[0]), None);

            let mut body = device.body().challenge(401, chal(&nonce(b"n1")));
            if named {
                body = body.status(&id_of(&device.last, "Replace"), "Replace", 401);
            }
            body.is_final = is_final;
            device.say(body);
            device.go_on();
            assert!(device.last.header.cred.is_some() && device.outcomes.is_empty());
            assert_eq!((names(&device.last), chunks(&device.last)), (vec!["Replace".into()], 1));
            let taken = device.take_pieces();
            assert_eq!(taken.data, value.as_bytes());
            assert_eq!(taken.sizes[0], Some(4_000));
            assert!(taken.sizes[1..].iter().all(Option::is_none) && taken.others == 0);
            let body = device.answer(|_| 201);
            device.say(body);
            assert_eq!((device.came(1), device.came(2)), (200, 201));
            assert_eq!(device.reason(), Some(Reason::Ended));
        }
    }
}

#[test]
fn a_refused_message_without_commands_has_nothing_sent_again() {
    for encoding in BOTH {
        for travels in [false, true] {
            let mut device = Device::with(with_credentials(), encoding);
            device.travels = travels;
            device.plan([exec(1, "./A"), exec(2, "./B"), get(3, "./C")]);
            device.open();
            let sent = ids(&device.last);
            let body = device.reply().status(&sent[0], "Exec", 200).more();
            assert_eq!(alerts(&device.say(body)), [1222]);
            let body = device.body().challenge(401, chal(&nonce(b"n1"))).more();
            let answer = device.say(body);
            assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0));
            assert!(answer.header.cred.is_some() && device.outcomes.is_empty());
            // The third has no answer at all.
            let body = device.reply().about(1).status(&sent[1], "Exec", 404);
            let answer = device.say(body);
            assert!(answer.is_final && operations(&answer).is_empty(), "{answer:?}");
            assert_eq!((device.came(1), device.came(2)), (200, 404));
            assert_eq!(device.outcome(3).fate, Fate::Unknown);
            assert_eq!((device.received.len(), device.reason()), (2, Some(Reason::Ended)));
        }
    }
}

#[test]
fn what_the_device_answers_with_its_refusal_is_not_sent_again() {
    for encoding in BOTH {
        for is_final in [false, true] {
            let mut device = Device::with(with_credentials(), encoding);
            let children = || [Do::delete("./D").into(), Do::replace("./E", "1").into()];
            device.plan([
                exec(1, "./A"),
                exec(2, "./B"),
                delete(3, "./C"),
                sequence(4, children()),
                atomic(5, children()),
            ]);
            device.open();
            let before = operations(&device.last);
            let sent = ids(&device.last);
            let inner = before[3].commands()[1].cmd_id().unwrap().as_str().to_owned();
            // The second is refused with the message, the third has no answer; one of the fourth was done.
            let body = device.body().challenge(401, chal(&nonce(b"n1")));
            let body = body.status(&sent[0], "Exec", 200).status(&sent[1], "Exec", 401);
            let mut body = body.status(&sent[3], "Sequence", 401).status(&inner, "Replace", 200);
            body.is_final = is_final;
            device.say(body);
            if !is_final {
                assert_eq!((alerts(&device.last), names(&device.last).len()), (vec![1222], 0));
                let body = device.reply();
                device.say(body);
            }
            assert!(device.outcomes.is_empty());
            let targets: Vec<_> = operations(&device.last).iter().map(|it| it.items().len()).collect();
            assert_eq!(
                (names(&device.last), targets),
                (["Exec", "Delete", "Atomic"].map(String::from).to_vec(), vec![1, 1, 0])
            );
            assert_eq!(target(&operations(&device.last)[0]), "./B");
            let body = device.answer(|_| 201);
            device.say(body);
            assert_eq!([1, 2, 3, 4, 5].map(|id| device.came(id)), [200, 201, 201, 401, 201]);
            assert_eq!(child_codes(device.outcome(4)), [0, 200]);
        }
    }
}

#[test]
fn an_object_that_was_refused_with_its_message_is_no_more_on_its_way() {
    for encoding in BOTH {
        for (code, is_final) in [(413, false), (413, true), (200, false), (200, true)] {
            let mut device = Device::with(with_credentials(), encoding);
            device.travels = true;
            device.announce(1_200);
            device.plan([exec(1, "./A"), replace(2, "./B", long_text(4_000).as_str())]);
            device.open();
            device.go_on();
            assert_eq!((names(&device.last).len(), chunks(&device.last)), (2, 1));
            let sent = ids(&device.last);
            let body = device.body().challenge(401, chal(&nonce(b"n1")));
            let mut body = body.status(&sent[0], "Exec", 401).status(&sent[1], "Replace", code);
            body.is_final = is_final;
            device.say(body);
            device.go_on();
            assert_eq!(names(&device.last), ["Exec"]);
            let body = device.answer(|_| 201);
            device.say(body);
            assert_eq!(device.came(1), 201);
            assert_eq!(
                device.outcome(2).fate,
                if code == 413 { Fate::Answered(script::code(413)) } else { Fate::Unknown }
            );
            assert_eq!(device.reason(), Some(Reason::Ended));
        }
    }
}

#[test]
fn a_refusal_of_an_older_message_does_no_harm() {
    for encoding in BOTH {
        for named in [1, 2, 3, 77] {
            let mut device = Device::with(with_credentials(), encoding);
            device.travels = true;
            device.announce(1_200);
            let value = long_text(4_000);
            device.plan([exec(1, "./A"), replace(2, "./B", value.as_str())]);
            device.open();
            device.go_on();
            assert_eq!((names(&device.last).len(), chunks(&device.last)), (2, 1));
            let first = device.last_id;
            // The Exec has no answer, and the next chunk comes all the same.
            let piece = id_of(&device.last, "Replace");
            let body = device.reply().status(&piece, "Replace", 213);
            device.say(body);
            device.go_on();
            assert_eq!((names(&device.last), chunks(&device.last)), (vec!["Replace".into()], 1));
            let last = device.last_id;
            let mut about = device.body().about(if named == 1 { first } else { named });
            about = about.challenge(401, chal(&nonce(b"n1")));
            let piece = id_of(&device.last, "Replace");
            let body = about.about(last).status(&piece, "Replace", 213).alert(1222).more();
            device.post_body(body);
            assert!(!device.server.is_closed(), "{named}");
            // Whatever the session makes of it, it ends with all outcomes.
            device.wait_long();
            assert!(device.server.is_closed());
            assert_eq!(device.outcomes.len(), 2, "{named}");
        }
    }
}

// --- where room is short ---------------------------------------------------------------------------------------------

#[test]
fn the_application_is_asked_after_a_chunk_that_had_to_wait() {
    for (encoding, room) in SHORT {
        for is_final in [false, true] {
            let mut device = Device::with(config(), encoding);
            device.announce(room);
            device.plan([replace(1, "./A", long_text(3_000).as_str())]);
            device.plan([get(2, "./B")]);
            device.open();
            device.go_on();
            assert_eq!(chunks(&device.last), 1);
            let piece = id_of(&device.last, "Replace");
            let body = device.reply().status(&piece, "Replace", 213);
            let body = (0..20).fold(body, |body, number| body.generic(TYPE, &number.to_string()));
            let answer = device.say(body.alert(1222).more());
            assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0), "no room for a chunk");
            assert_eq!(device.received.len(), 1);

            let mut body = device.answer(|_| 200).alert(1225);
            if !is_final {
                body = body.alert(1222).more();
            }
            device.say(body);
            assert_eq!(device.received.len(), 2, "asked");
            assert_eq!(device.closed, None);
            assert_eq!(heard(&device), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
            assert!(!device.outcome(1).is_done());
            device.go_on();
            assert_eq!(names(&device.last), ["Get"]);
            let body = device.obey();
            device.say(body);
            assert_eq!((device.came(2), device.reason()), (200, Some(Reason::Ended)));
        }
    }
}

#[test]
fn an_object_that_the_device_breaks_off_goes_no_further_whatever_else_it_has_to_say() {
    for (encoding, room) in SHORT {
        let mut device = Device::with(config(), encoding);
        device.announce(room);
        device.plan([replace(1, "./A", long_text(3_000).as_str())]);
        device.open();
        device.go_on();
        let piece = id_of(&device.last, "Replace");
        // The piece was taken, and no more is wanted; the device goes on by itself.
        let body = device.reply().status(&piece, "Replace", 213).alert(1225).generic(TYPE, "a");
        let answer = device.say(body.more());
        assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0));
        let body = device.answer(|_| 200).alert(1222);
        let answer = device.say(body.more());
        assert_eq!(chunks(&answer), 0);
        assert_eq!(heard(&device), ["a"]);
        assert!(!device.outcome(1).is_done());
    }
}

#[test]
fn an_object_broken_off_is_not_done_by_a_status_that_comes_late() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(3_000).as_str())]);
        device.open();
        let (asked, piece) = (id_of(&device.last, "Get"), id_of(&device.last, "Replace"));
        let sent_in = device.reply().msg_ref;
        let body = device.reply().status(&asked, "Get", 404).alert(1225);
        let answer = device.say(body.more());
        assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0));
        let body = device.answer(|_| 200).about(sent_in).status(&piece, "Replace", 200);
        device.say(body);
        assert_eq!(device.came(1), 404);
        assert!(!device.outcome(2).is_done());
    }
}

#[test]
fn an_object_that_is_broken_off_stands_for_no_status_but_its_own() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(3_000).as_str()), get(3, "./C")]);
        device.open();
        assert_eq!(names(&device.last), ["Get", "Replace"]);
        assert_eq!(chunks(&device.last), 1);
        let (asked, sent_in) = (id_of(&device.last, "Get"), device.reply().msg_ref);
        let body = device.reply().alert(1225).alert(1222);
        let answer = device.say(body.more());
        assert_eq!((alerts(&answer), names(&answer).len()), (vec![1222], 0), "the Get waits for its Status");
        let body = device.answer(|_| 200).alert(1222).about(sent_in).status(&asked, "Get", 404);
        device.say(body.more());
        assert_eq!(names(&device.last), ["Get"]);
        let body = device.obey();
        device.say(body);
        assert_eq!((device.came(1), device.came(3)), (404, 200));
        assert!(!device.outcome(2).is_done());
    }
}

#[test]
fn after_the_end_each_alert_has_its_status_in_as_many_messages_as_it_takes() {
    for (encoding, room) in SHORT {
        // Whether the device asks for the next message, or has nothing to say at all.
        for asks in [true, false] {
            let mut device = Device::with(config(), encoding);
            device.announce(room);
            device.open();
            device.go_on();
            assert_eq!(device.reason(), Some(Reason::Ended));
            let first = device.wire.len();
            let body = (0..8).fold(device.reply(), |body, number| body.generic(TYPE, &number.to_string()));
            device.say(body);
            let mut told = codes_of(&device.last, "Alert");
            while !device.last.is_final {
                assert!(device.wire.len() < first + 8, "no end");
                let body = device.answer(|_| 200);
                device.say(if asks { body.alert(1222).more() } else { body });
                told.extend(codes_of(&device.last, "Alert"));
            }
            // Those of the 1222 may be there too.
            let own = told.len() - 8;
            assert!(told.iter().all(|code| *code == 200) && own < device.wire.len() - first);
            assert!(asks || own == 0);
            assert!(device.wire.len() > first + 1, "in several messages");
            let late: Vec<_> = device.late.iter().map(|alert| alert.items[0].content.data.clone()).collect();
            assert_eq!(late, (0..8).map(|number| text_data(&number.to_string())).collect::<Vec<_>>());
            assert_eq!(device.received.len(), 1);
        }
    }
}

// --- devices that are challenged -------------------------------------------------------------------------------------

/// A server that wants a proof with each message.
fn demanding(scheme: Scheme) -> ServerConfig {
    config().with_demand(demand(scheme).with_per_message())
}

/// Says something with a nonce that does not count, and takes the challenge.
fn turned_away(device: &mut Device, body: Body) {
    device.keys.nonce = nonce(b"stale");
    let answer = device.say(body);
    assert_eq!(header_code(&answer), 401);
    assert!(statuses(&answer).iter().all(|(_, _, code)| *code == 401));
    device.take_chal();
}

/// Says something that counts, and takes the next nonce.
fn good(device: &mut Device, body: Body) -> Message<'static> {
    let answer = device.say(body);
    assert_eq!(header_code(&answer), 200);
    device.take_chal();
    answer
}

#[test]
fn package_1_again_forgets_no_alert_that_was_answered() {
    for encoding in BOTH {
        for scheme in [Scheme::Md5, Scheme::Mac] {
            let mut device = Device::with(demanding(scheme), encoding);
            device.scheme = Some(scheme);
            let body = device.package1().generic(TYPE, "a").generic(TYPE, "b").more();
            let answer = good(&mut device, body);
            assert_eq!((codes_of(&answer, "Alert"), alerts(&answer)), (vec![200; 3], vec![1222]));
            let body = device.answer(|_| 200).generic(TYPE, "c").more();
            turned_away(&mut device, body);
            assert!(device.received.is_empty());
            // Without those that are done with.
            let body = device.package1().generic(TYPE, "c").more();
            let answer = good(&mut device, body);
            assert_eq!(codes_of(&answer, "Alert"), [200; 2]);
            device.plan([get(1, "./A")]);
            let body = device.answer(|_| 200).generic(TYPE, "d");
            good(&mut device, body);
            assert_eq!((names(&device.last), device.received.len()), (vec!["Get".into()], 1));
            assert!(device.received[0].opening.is_some());
            let body = device.obey();
            device.say(body);
            assert_eq!(heard(&device), ["a", "b", "c", "d"]);
            assert!(device.closed.as_ref().unwrap().alerts.is_empty() && device.late.is_empty());
        }
    }
}

#[test]
fn a_challenged_device_may_send_its_object_again() {
    let value = long_text(1_000);
    let parts = [&value[..400], &value[400..700], &value[700..]];
    for encoding in BOTH {
        for (scheme, of) in [(Scheme::Mac, "Results"), (Scheme::Mac, "Alert"), (Scheme::Md5, "Results")] {
            for travels in [false, true] {
                // Chunks that were taken before the challenge, and the one with which it goes on.
                for (before, next) in [(1, 0), (2, 0), (1, 1), (2, 2)] {
                    let mut device = Device::with(demanding(scheme), encoding);
                    (device.scheme, device.travels) = (Some(scheme), travels);
                    device.plan([get(1, "./A")]);
                    let body = device.package1();
                    good(&mut device, body);
                    let id = id_of(&device.last, "Get");
                    let piece = |body: Body, number: usize| {
                        let size = (number == 0).then_some(1_000);
                        let body = chunk(body, of, &id, parts[number], size, number < 2);
                        if number < 2 { body.more() } else { body }
                    };
                    for number in 0..before {
                        let body = device.answer(|_| 200);
                        let body = if number == 0 { device.reply().status(&id, "Get", 200) } else { body };
                        let answer = good(&mut device, piece(body, number));
                        assert_eq!((codes_of(&answer, of), alerts(&answer)), (vec![213], vec![1222]));
                    }
                    let body = piece(device.answer(|_| 200), before);
                    turned_away(&mut device, body);
                    for number in next..3 {
                        let body = piece(device.answer(|_| 200), number);
                        let answer = good(&mut device, body);
                        if number < 2 {
                            assert_eq!((codes_of(&answer, of), alerts(&answer)), (vec![213], vec![1222]));
                        }
                    }
                    assert_eq!(device.came(1), 200);
                    if of == "Results" {
                        assert_eq!(leaf(device.outcome(1)), ("./A".into(), value.clone()));
                    } else {
                        assert_eq!(heard(&device), [value.as_str()]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_challenged_device_may_say_an_alert_again_that_ends_in_an_object() {
    // With a Source and without.
    for sources in [[None, None], [Some("./A"), Some("./B")], [Some("./A"), Some("./A")]] {
        for encoding in BOTH {
            let mut device = Device::with(demanding(Scheme::Mac), encoding);
            device.scheme = Some(Scheme::Mac);
            let item = |at: usize, data: &'static str| {
                let item = sources[at].map_or_else(Item::default, Item::source);
                item.with_meta(Meta::new().with_type(TYPE).with_format(Format::Chr)).with_data(data)
            };
            let begin = |body: Body| {
                let mut cut = item(1, "abc").with_more_data();
                cut.meta = cut.meta.map(|meta| meta.with_size(6));
                body.alert_with(1226, |alert| alert.with_item(item(0, "whole")).with_item(cut)).more()
            };
            let body = begin(device.package1());
            let answer = good(&mut device, body);
            assert_eq!(alerts(&answer), [1222]);
            let body = device.answer(|_| 200);
            turned_away(&mut device, body.alert_with(1226, |alert| alert.with_item(item(1, "def"))));
            let body = begin(device.answer(|_| 200));
            let answer = good(&mut device, body);
            assert_eq!((codes_of(&answer, "Alert").last(), alerts(&answer)), (Some(&213), vec![1222]));
            let body = device.answer(|_| 200).alert_with(1226, |alert| alert.with_item(item(1, "def")));
            good(&mut device, body);
            let alerts: Vec<_> = device.received.iter().flat_map(|received| &received.alerts).collect();
            let texts = alerts.iter().map(|alert| alert.items.iter().map(|item| item.content.data.as_str().unwrap()));
            assert_eq!(texts.map(Iterator::collect).collect::<Vec<Vec<_>>>(), [["whole", "abcdef"]]);
        }
    }
}

#[test]
fn who_was_not_challenged_has_no_second_first_chunk() {
    for encoding in BOTH {
        let mut device = Device::with(demanding(Scheme::Mac), encoding);
        device.scheme = Some(Scheme::Mac);
        device.plan([get(1, "./A")]);
        let body = device.package1();
        good(&mut device, body);
        let id = id_of(&device.last, "Get");
        let body = device.reply().status(&id, "Get", 200);
        good(&mut device, chunk(body, "Results", &id, "abc", Some(4), true).more());
        // The challenge counts for the message after it alone.
        let body = device.answer(|_| 200);
        turned_away(&mut device, body.more());
        let body = device.answer(|_| 200).about(1);
        good(&mut device, chunk(body, "Results", &id, "d", None, true).more());
        let body = device.answer(|_| 200);
        let answer = good(&mut device, chunk(body, "Results", &id, "abc", Some(4), true).more());
        assert_eq!(codes_of(&answer, "Results"), [424]);
    }
}
