//! The protocol of DM 1.2, the client's side: bad input. Nothing of it is half applied, and nothing is sent that the
//! server could take for an answer.
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

use core::time::Duration;

use dm_session::dm1::client::{EffectId, Event, Failure, Reason};
use dm_session::dm1::{
    AlertItem, AlertQueue, Client, ClientAlert, ClientConfig, Credentials, Demand, Identity, Limits, RespUriPolicy,
    Scheme, UserReply,
};
use dm_session::http::Response;
use dm_session::tree::dm1::Answer as TreeAnswer;
use dm_session::{ErrorKind, Random, Secret};
use dm_syncml::{Alert, AlertCode, Command, Data, Encoding, Item, Message, Meta, StatusCode};
use peer::*;

/// A device with an alert that has done one round with its server.
fn managed(config: ClientConfig) -> Device {
    let mut device = Device::start_with(config, local(), queue([download("1")]));
    let mut silent = with([get("./Vendor/Name")]);
    silent.answers = false;
    device.exchange(silent);
    device
}

/// What the server would like to have done, with something of everything.
fn harm() -> Answer {
    with([
        replace("./Vendor/Name", "two"),
        atomic([delete("./Vendor/Area"), add("./Vendor/New", "n")]),
        sequence([exec("./Vendor/Run"), delete("./Vendor/Level")]),
        get("./Vendor/Name"),
    ])
}

/// The session ends at once: nothing is sent, nothing was done, the alert is kept.
#[track_caller]
fn assert_refused(mut device: Device, response: Response, what: &str) {
    let (before, asked) = (device.look("."), device.managed.len());
    assert_eq!(device.end_with(response), Reason::BadMessage, "{what}");
    assert_eq!((device.look("."), device.managed.len(), device.executed.len()), (before, asked, 0), "{what}");
    assert_eq!(device.closed.as_ref().unwrap().alerts.len(), 1, "{what}: unanswered alerts are kept");
}

/// The body of an XML response with another text in the place of this.
fn with_text(mut response: Response, from: &str, to: &str) -> Response {
    let text = String::from_utf8(response.body).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    response.body = text.replacen(from, to, 1).into_bytes();
    response
}

// --- no message at all -----------------------------------------------------------------------------------------

#[test]
fn a_message_that_is_cut_anywhere() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let mut first = managed(config().with_encoding(encoding));
        let whole = first.compose(harm());
        for cut in (0..whole.body.len()).step_by(3) {
            let mut response = whole.clone();
            response.body.truncate(cut);
            assert_refused(managed(config().with_encoding(encoding)), response, &format!("{encoding:?} cut at {cut}"));
        }
        first.respond(whole);
        assert_eq!(first.value("./Vendor/Name").unwrap(), "two", "the whole of it is done");
    }
}

#[test]
fn bodies_that_are_no_message() {
    let bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><SyncML xmlns='SYNCML:SYNCML1.2'>&a;</SyncML>";
    let deep = [b"<a>".repeat(5000), b"</a>".repeat(5000)].concat();
    let bodies: [&[u8]; 8] = [
        b"",
        b" ",
        b"<html><body>It works!</body></html>",
        b"{}",
        &[0x02, 0xA4, 0x01, 0x6A, 0x00],
        bomb,
        &deep,
        &[0xFF; 64],
    ];
    for body in bodies {
        assert_refused(managed(config()), response(Encoding::Xml, body.to_vec()), &String::from_utf8_lossy(body));
    }
}

#[test]
fn bytes_that_are_changed_never_panic_and_never_confuse() {
    // Every seventh byte, one after the other, becomes something else. Whatever is made of it: the harness looks at
    // everything that is sent.
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let whole = managed(config().with_encoding(encoding)).compose(harm());
        for at in (0..whole.body.len()).step_by(7) {
            for change in [0x01_u8, 0x80] {
                let mut device = managed(config().with_encoding(encoding));
                device.compose(harm()); // what would be owed
                device.restores = false;
                let mut response = whole.clone();
                response.body[at] ^= change;
                let same = Message::parse(&response.body).is_ok_and(|message| {
                    let fresh = Message::parse(&whole.body).unwrap();
                    message.walk().map(Command::cmd_id).eq(fresh.walk().map(Command::cmd_id))
                        && message.walk().map(Command::name).eq(fresh.walk().map(Command::name))
                        && message.header.msg_id == fresh.header.msg_id
                        && message.is_final
                });
                if same {
                    device.respond(response);
                    assert!(device.closed.is_some() || device.post.is_some());
                } else {
                    // References to what only the changed message has are right there, and unknown to the harness.
                    let (id, _) = device.post.take().unwrap();
                    let event = Event::Response { id, response, random: Random::from([7; 32]) };
                    device.client.handle(device.time(), event).unwrap();
                }
            }
        }
    }
}

#[test]
fn http_answers_that_carry_no_message() {
    for (status, reason) in [(204, Reason::BadMessage), (201, Reason::BadMessage), (304, Reason::Http(304))] {
        let mut device = managed(config());
        device.respond(Response::new(status));
        assert_eq!(device.reason(), reason);
    }
    // Another type of content is no message, though it looks like one.
    let mut device = managed(config());
    let mut answer = device.compose(harm());
    answer.headers.set("Content-Type", "text/html");
    assert_refused(device, answer, "text/html");
    // Parameters and letter case do not matter, and the other form is understood.
    let mut device = managed(config());
    let mut answer = device.compose(harm());
    answer.headers.set("Content-Type", "Application/vnd.syncml.DM+xml; charset=utf-8");
    device.respond(answer);
    assert_eq!(codes(device.last())[0], 200);
    let mut device = managed(config());
    let answer = device.compose(harm());
    let mut body = Vec::new();
    Message::parse(&answer.body).unwrap().encode(Encoding::Wbxml, &mut body).unwrap();
    device.respond(response(Encoding::Wbxml, body));
    assert_eq!(codes(device.last())[0], 200);
    assert_eq!(device.last_request().headers.get("Content-Type"), Some("application/vnd.syncml.dm+xml"));
}

#[test]
fn a_message_that_is_too_large() {
    for (limit, fits) in [(2000, false), (2600, true)] {
        let message = dm_syncml::Limits::DEFAULT.with_max_message_len(limit);
        let limited = config().with_limits(Limits::DEFAULT.with_message(message));
        let mut device = managed(limited);
        let answer = device.compose(with([replace("./Vendor/Name", &"x".repeat(1500))]));
        assert!((2000..2600).contains(&answer.body.len()), "{}", answer.body.len());
        if fits {
            device.respond(answer);
            assert_eq!(codes(device.last()), [200]);
        } else {
            assert_refused(device, answer, "2000");
        }
    }
    // More commands, or deeper ones, than are taken.
    let message = dm_syncml::Limits::DEFAULT.with_max_commands(8).with_max_container_depth(2);
    let limited = || config().with_limits(Limits::DEFAULT.with_message(message));
    let mut device = managed(limited());
    let answer = device.compose(with((0..9).map(|_| delete("./Vendor/Area"))));
    assert_refused(device, answer, "commands");
    let mut device = managed(limited());
    let answer = device.compose(with([sequence([sequence([sequence([delete("./Vendor/Area")])])])]));
    assert_refused(device, answer, "depth");
}

// --- a message of something else -------------------------------------------------------------------------------

#[test]
fn headers_of_another_session() {
    for (from, to) in [
        ("<SessionID>2F<", "<SessionID>2f<"),
        ("<SessionID>2F<", "<SessionID>02F<"),
        ("<SessionID>2F<", "<SessionID>47<"),
        ("<SessionID>2F</SessionID>", ""),
        ("<VerDTD>1.2<", "<VerDTD>1.1<"),
        ("<VerDTD>1.2</VerDTD>", ""),
        ("<VerProto>DM/1.2<", "<VerProto>DM/1.3<"),
        ("<VerProto>DM/1.2<", "<VerProto>SyncML/1.2<"),
        ("<MsgID>2<", "<MsgID>x<"),
        ("<MsgID>2<", "<MsgID>-2<"),
        ("<MsgID>2<", "<MsgID>4294967298<"),
        ("<MsgID>2<", "<MsgID>1<"),
        ("<MsgID>2<", "<MsgID>3<"),
        ("<MsgID>2</MsgID>", ""),
        ("<Target><LocURI>IMEI:350000000000017<", "<Target><LocURI>IMEI:350000000000018<"),
        ("<Target><LocURI>IMEI:350000000000017<", "<Target><LocURI>https://dm.example/dm<"),
    ] {
        let mut device = managed(config());
        let response = device.compose(harm());
        assert_refused(device, with_text(response, from, to), to);
    }
}

#[test]
fn an_answer_that_is_replayed() {
    // The same bytes a second time, to the next message.
    let mut device = managed(config());
    let response = device.compose(harm());
    device.respond(response.clone());
    let (before, asked) = (device.look("."), device.managed.len());
    assert_eq!(device.end_with(response), Reason::BadMessage);
    assert_eq!((device.look("."), device.managed.len()), (before, asked));
    // Those of another session.
    let mut other = Device::start(
        config(),
        dm_session::dm1::client::Start::Local { session_id: dm_notification::dm1::SessionId::new(0x30).unwrap() },
    );
    let response = other.compose(harm());
    assert_refused(Device::start_with(config(), local(), queue([download("1")])), response, "another session");
}

#[test]
fn credentials_that_are_replayed() {
    let demand = Demand::new(Scheme::Md5, credentials(HOST).with_nonce(nonce(50))).with_per_message();
    let mut device = Device::start(config().with_demand(demand), local());
    device.exchange(with([get("./Vendor/Name")]).with_cred(md5(HOST, &nonce(50))));
    let message = device.exchange(with([delete("./Vendor/Area")]).with_cred(md5(HOST, &nonce(50))));
    assert_eq!((header_status(&message), codes(&message)), (401, vec![401]));
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
}

// --- commands that make no sense -------------------------------------------------------------------------------

#[test]
fn commands_that_lack_something() {
    let cases = [
        ("<Add><CmdID>9</CmdID></Add>", "Add"),
        ("<Get><CmdID>9</CmdID><Item/></Get>", "Get"),
        ("<Replace><CmdID>9</CmdID><Item><Data>x</Data></Item></Replace>", "Replace"),
        ("<Copy><CmdID>9</CmdID><Item><Target><LocURI>./Vendor/Name</LocURI></Target></Item></Copy>", "Copy"),
        ("<Exec><CmdID>9</CmdID><Item><Source><LocURI>./Vendor/Run</LocURI></Source></Item></Exec>", "Exec"),
        ("<Alert><CmdID>9</CmdID><Data>soon</Data></Alert>", "Alert"),
        ("<Alert><CmdID>9</CmdID></Alert>", "Alert"),
    ];
    for (xml, name) in cases {
        let mut device = managed(config());
        let response = device.compose(with([get("./Vendor/Level")]));
        device.owe("9", name);
        let before = device.look(".");
        device.respond(with_text(response, "<Get>", &format!("{xml}<Get>")));
        let codes = codes(device.last());
        assert!([400, 404, 406, 412].contains(&codes[0]) && codes[1] == 200, "{name}: {codes:?}");
        assert_eq!((device.look("."), device.executed.len()), (before, 0), "{name}");
    }
}

#[test]
fn commands_that_no_server_sends() {
    // Of DS, of no standard, and those of clients: answered, not done. The session goes on.
    for (xml, name) in [
        ("<Sync><CmdID>9</CmdID></Sync>", "Sync"),
        ("<Map><CmdID>9</CmdID></Map>", "Map"),
        ("<Put><CmdID>9</CmdID><Item><Data>x</Data></Item></Put>", "Put"),
        ("<Frobnicate><CmdID>9</CmdID></Frobnicate>", "Frobnicate"),
        (
            "<Results><CmdID>9</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Item><Data>x</Data></Item></Results>",
            "Results",
        ),
    ] {
        let mut device = managed(config());
        let response = device.compose(with([delete("./Vendor/Area")]));
        let response = with_text(response, "<Delete>", &format!("{xml}<Delete>"));
        device.owe("9", name);
        device.is_lenient = true;
        device.respond(response);
        let codes = codes(device.last());
        assert!(codes.len() == 2 && codes[0] >= 400 && codes[1] == 200, "{name}: {codes:?}");
    }
}

#[test]
fn commands_without_a_name_to_answer_by() {
    for (from, to) in [("<Delete><CmdID>", "<Delete><CmdID>0</CmdID><X>"), ("<Delete><CmdID>", "<Delete><X>")] {
        let mut device = managed(config());
        let response = device.compose(with([delete("./Vendor/Area"), get("./Vendor/Name")]));
        let text = String::from_utf8(response.body.clone()).unwrap();
        let at = text.find("<Delete><CmdID>").unwrap() + "<Delete><CmdID>".len();
        let id: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
        let response = with_text(response, &format!("{from}{id}</CmdID>"), &format!("{to}{id}</X>"));
        device.disown(&id);
        device.respond(response);
        assert_eq!(codes(device.last()), [200], "the Get is answered, the other cannot be");
        assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a", "{to}: and it is not done");
    }
}

#[test]
fn commands_with_the_same_cmd_id_are_both_answered() {
    let mut device = managed(config());
    let response = device.compose(with([get("./Vendor/Name"), get("./Vendor/Level")]));
    let text = String::from_utf8(response.body.clone()).unwrap();
    let ids: Vec<String> = text
        .split("<Get><CmdID>")
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect())
        .collect();
    let response = with_text(response, &format!("<Get><CmdID>{}<", ids[1]), &format!("<Get><CmdID>{}<", ids[0]));
    device.disown(&ids[1]);
    device.owe(&ids[0], "Get");
    device.respond(response);
    assert_eq!(codes(device.last()), [200, 200]);
}

#[test]
fn statuses_of_what_was_never_sent() {
    let mut device = managed(config());
    let mut silent = with([get("./Vendor/Name")]);
    silent.answers = false;
    let response = device.compose(silent);
    let status = |msg, cmd, code: &str| {
        format!(
            "<Status><CmdID>50</CmdID><MsgRef>{msg}</MsgRef><CmdRef>{cmd}</CmdRef><Cmd>Alert</Cmd>\
             <Data>{code}</Data></Status>"
        )
    };
    let all = [status("77", "1", "200"), status("2", "99", "200"), status("x", "y", "200"), status("1", "3", "soon")];
    device.respond(with_text(response, "<Get>", &format!("{}<Get>", all.concat())));
    assert_eq!(codes(device.last()), [200]);
    assert_eq!((device.alert_statuses.len(), device.client.alerts().len()), (0, 1), "the alert still waits");
}

#[test]
fn statuses_of_the_header_that_say_nothing_good() {
    for (status, reason) in [
        (400, Reason::Status(StatusCode::BAD_REQUEST)),
        (404, Reason::Status(StatusCode::NOT_FOUND)),
        (500, Reason::Status(StatusCode::COMMAND_FAILED)),
        (505, Reason::Status(StatusCode::DTD_VERSION)),
        (513, Reason::Status(StatusCode::PROTOCOL_VERSION)),
        (401, Reason::Refused),
        (407, Reason::Refused),
    ] {
        let mut device = managed(config());
        let before = device.look(".");
        assert_eq!(device.end(harm().header(status)), reason);
        assert_eq!(device.look("."), before);
        assert_eq!(device.closed.unwrap().alerts.len(), 1);
    }
}

#[test]
fn challenges_that_cannot_be_read() {
    let chal = |type_: &'static str, nonce: &'static str| dm_syncml::Chal::new(type_).with_next_nonce(nonce);
    for chal in [
        chal("syncml:auth-md5", "not base64 at all!"),
        chal("syncml:auth-MAC", ""),
        chal("md4", "AAAA"),
        dm_syncml::Chal { meta: Meta::new(), ..dm_syncml::Chal::default() },
        chal("syncml:auth-md5", "AAAA".repeat(2000).leak()),
    ] {
        let mut device = Device::start(with_identity(), local());
        device.answer(Answer::challenge(407, chal.clone()));
        // An empty nonce of HMAC is one; credentials of another kind are never sent.
        if device.closed.is_some() {
            assert_eq!(device.reason(), Reason::Refused, "{chal:?}");
        } else {
            assert!(chal.meta.type_() == Some("syncml:auth-MAC"), "{chal:?}");
        }
        assert_eq!(device.saved.len(), device.sent.len() - 1);
    }
    // A challenge for less than the device shows.
    let mut device = Device::start(with_identity(), local());
    assert_eq!(device.end(Answer::challenge(401, challenge(Scheme::Basic, None))), Reason::Refused);
}

// --- sizes that make no sense ----------------------------------------------------------------------------------

#[test]
fn sizes_of_messages_that_nothing_fits_into() {
    for size in [1, 100, 300] {
        let mut device = managed(config());
        let response = device.compose(with([get("./Vendor/Name")]).with_max_msg_size(size));
        device.respond(response);
        assert_eq!(device.reason(), Reason::Internal, "{size}");
        assert_eq!(device.sent.len(), 2, "nothing that the server does not take is sent");
    }
    // Where the alert has room, the server is told.
    let mut told = 0;
    for size in (400..800).step_by(3) {
        let mut device = managed(config());
        let response = device.compose(with([exec("./Vendor/Run")]).with_max_msg_size(size));
        device.respond(response);
        let last = device.last();
        if codes_of_alerts(last) == [1223] {
            assert!(last.is_final);
            device.answer(Answer::ok());
            assert_eq!(device.reason(), Reason::Internal);
            told += 1;
        }
        if device.sent.len() == 3 {
            assert!(device.last_request().body.len() <= usize::try_from(size).unwrap());
        }
    }
    assert!(told > 10, "{told}");
    // None, or no number, is no limit.
    for text in ["0", "many", ""] {
        let mut device = managed(config());
        let response = device.compose(with([get("./Vendor/Name")]).with_max_msg_size(5555));
        device.max_msg_size = None;
        device.respond(with_text(response, ">5555<", &format!(">{text}<")));
        assert_eq!(codes(device.last()), [200], "{text:?}");
    }
}

#[test]
fn every_size_that_a_server_may_announce_delivers_everything() {
    let mut tree = vendor_tree();
    Device::leaf(&mut tree, "./Vendor/Long", &"<&x>".repeat(200));
    let expected = "<&x>".repeat(200);
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let least = if encoding == Encoding::Xml { 720 } else { 260 };
        for size in (least..least + 300).step_by(17) {
            let mut device =
                Device::start_in(tree.clone(), config().with_encoding(encoding), local(), AlertQueue::new());
            let gets = ["./Vendor/Name", "./Vendor/Long", "./Vendor/Missing", "./Vendor/Area"].map(get);
            let messages = device.collect(with(gets).with_max_msg_size(size));
            let values: Vec<String> = joined(&messages).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, ["one", expected.as_str(), "A/B"], "{encoding:?} {size}");
            let mut statuses: Vec<u32> = messages.iter().flat_map(codes).collect();
            statuses.retain(|code| *code == 404);
            assert_eq!(statuses.len(), 1);
            assert_eq!(device.end(Answer::ok()), Reason::Ended);
        }
    }
}

#[test]
fn sizes_of_objects_that_nobody_has_room_for() {
    for (size, code) in [(u64::MAX, 413), (u64::from(u32::MAX), 413), ((1 << 20) + 1, 413), (0, 424), (1, 424)] {
        let mut device = managed(config());
        let message = device.exchange(with([chunk(true, "./Vendor/Big", "12345", Some(size), true)]).more());
        assert_eq!(codes(&message).last(), Some(&code), "{size}");
        assert_eq!(device.value("./Vendor/Big"), None);
    }
    // No number.
    for text in ["-1", "five", ""] {
        let mut device = managed(config());
        let response = device.compose(with([chunk(true, "./Vendor/Big", "12345", Some(77777), true)]).more());
        device.respond(with_text(response, ">77777<", &format!(">{text}<")));
        assert_eq!(codes(device.last()).last(), Some(&411), "{text:?}");
    }
}

#[test]
fn chunks_without_a_beginning_or_of_a_command_that_has_none() {
    // The last chunk of an object that never began is a value.
    let mut device = managed(config());
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "tail", None, false)]));
    assert_eq!(codes(&message), [200]);
    // Get, Delete and Exec have no chunks.
    for command in [get("./Vendor/Name"), delete("./Vendor/Area"), exec("./Vendor/Run")] {
        let mut device = managed(config());
        let before = device.look(".");
        let (Command::Get(mut it) | Command::Delete(mut it) | Command::Exec(mut it)) = command.clone() else {
            unreachable!()
        };
        for item in it.items.iter_mut() {
            item.more_data = true;
        }
        let changed = match command {
            Command::Get(_) => Command::Get(it),
            Command::Delete(_) => Command::Delete(it),
            _ => Command::Exec(it),
        };
        let message = device.exchange(with([changed]).more());
        assert!(codes(&message)[0] >= 400, "{:?}", codes(&message));
        assert_eq!((device.look("."), device.executed.len()), (before, 0));
    }
    // Two objects at once.
    let mut device = managed(config());
    let parts = ["./Vendor/1", "./Vendor/2"].map(|uri| chunk(true, uri, "123", Some(6), true));
    let message = device.exchange(with(parts).more());
    assert_eq!(codes(&message), [213, 213]);
    assert_eq!(codes_of_alerts(&message).iter().filter(|code| **code == 1225).count(), 1);
    let message = device.exchange(with([chunk(true, "./Vendor/2", "456", None, false)]));
    assert_eq!(codes(&message).last(), Some(&200));
    assert_eq!((device.value("./Vendor/1"), device.value("./Vendor/2").as_deref()), (None, Some("123456")));
}

#[test]
fn an_item_of_several_that_is_a_chunk() {
    let mut device = managed(config());
    let Command::Add(mut several) = chunk(true, "./Vendor/1", "123", None, false) else { unreachable!() };
    let Command::Add(part) = chunk(true, "./Vendor/2", "123", Some(6), true) else { unreachable!() };
    several.items.extend(part.items);
    let message = device.exchange(with([Command::Add(several)]).more());
    assert_eq!(codes(&message), [200, 213]);
    let message = device.exchange(with([chunk(true, "./Vendor/2", "456", None, false)]));
    assert_eq!(codes(&message).last(), Some(&200));
    assert_eq!(device.value("./Vendor/2").unwrap(), "123456");
}

// --- a user who is asked nonsense ------------------------------------------------------------------------------

#[test]
fn options_that_make_no_sense_are_skipped() {
    for options in
        ["=", "&&&", "MAXDT=-1&MINDT=x&MAXLEN=0&IT=Z&ET=9", "%zz=%", "MAXDT=99999999999999999999", "DR=%FF%FE"]
    {
        let mut device = Device::start(config().with_interaction(true), local());
        device.user.push_back(UserReply::Accepted);
        let message = device.exchange(with([alert(1101, &[options, "?"])]));
        assert_eq!(codes(&message), [200], "{options}");
    }
}

#[test]
fn what_is_shown_has_to_be_text() {
    let item = Item::new().with_data(Data::opaque([0xFF, 0xFE].to_vec()));
    let alert = Alert::new("", AlertCode::DISPLAY).with_item(Item::data("")).with_item(item);
    let mut device = Device::start(config().with_interaction(true).with_encoding(Encoding::Wbxml), local());
    let message = device.exchange(with([Command::Alert(alert)]));
    assert_eq!(codes(&message), [416]);
    assert!(device.shown.is_empty());
}

// --- containers ------------------------------------------------------------------------------------------------

#[test]
fn containers_that_are_empty_or_deep() {
    let mut device = managed(config());
    let nested = (0..6).fold(vec![delete("./Vendor/Area")], |inner, _| vec![sequence(inner)]);
    let message = device.exchange(with(nested));
    assert_eq!(codes(&message), [200; 7]);
    let mut device = managed(config());
    let before = device.look(".");
    let nested = (0..6).fold(vec![delete("./Vendor/Area")], |inner, _| vec![atomic(inner)]);
    let message = device.exchange(with(nested));
    assert_eq!(codes(&message)[..2], [507, 500]);
    assert_eq!(device.look("."), before);
    for (xml, name) in
        [("<Atomic><CmdID>9</CmdID></Atomic>", "Atomic"), ("<Sequence><CmdID>9</CmdID></Sequence>", "Sequence")]
    {
        let mut device = managed(config());
        let response = device.compose(with([get("./Vendor/Name")]));
        device.owe("9", name);
        device.respond(with_text(response, "<Get>", &format!("{xml}<Get>")));
        let codes = codes(device.last());
        assert_eq!((codes.len(), codes[1]), (2, 200), "{name}: {codes:?}");
    }
}

#[test]
fn a_session_that_ends_in_the_midst_of_an_atomic_undoes_it() {
    // In each of its steps: what the tree is asked is held back, and the device gives up.
    for step in 1..=4 {
        for expires in [false, true] {
            let limits = Limits::DEFAULT.with_session_timeout(Duration::from_secs(60));
            let mut device = Device::start_with(config().with_limits(limits), local(), queue([download("1")]));
            let before = device.look(".");
            device.hold = true;
            let children = [replace("./Vendor/Name", "two"), delete("./Vendor/Area"), add("./Vendor/New", "n")];
            device.answer(with([atomic(children)]));
            for _ in 1..step {
                device.resume();
                if device.held.is_none() {
                    break;
                }
            }
            let Some(_) = device.held else { panic!("{step}: nothing is held") };
            if expires {
                device.pass(61_000);
            } else {
                device.abort();
            }
            device.hold = false;
            if device.held.is_some() {
                device.resume();
            }
            if device.closed.is_none() {
                assert_eq!(codes_of_alerts(device.last()), [1223]);
                device.answer(Answer::ok());
            }
            assert_eq!(device.reason(), if expires { Reason::Timeout } else { Reason::Aborted });
            assert_eq!(device.look("."), before, "step {step}: all or nothing, and it was not to be");
        }
    }
}

// --- a host that is wrong --------------------------------------------------------------------------------------

/// The machine refuses the event and is as it was.
#[track_caller]
fn assert_misuse(device: &mut Device, event: Event, kind: ErrorKind) {
    let before = format!("{:?}", device.client);
    let later = device.time().after(Duration::from_secs(3600 * 24));
    assert_eq!(device.client.handle(later, event).map_err(|error| error.kind()), Err(kind));
    assert_eq!(format!("{:?}", device.client), before);
}

fn events(id: u64) -> [Event; 4] {
    let id = EffectId::new(id);
    [
        Event::Response { id, response: Response::new(200), random: Random::from([1; 32]) },
        Event::Failed { id, failure: Failure::Timeout },
        Event::Managed { id, answer: TreeAnswer::new(StatusCode::OK) },
        Event::Answered { id, reply: UserReply::Accepted },
    ]
}

#[test]
fn events_that_answer_nothing_change_nothing() {
    let mut asking = Device::start(config().with_interaction(true), local());
    asking.answer(with([confirm("?")]));
    let mut holding = Device::start(config(), local());
    holding.hold = true;
    holding.answer(with([get("./Vendor/Name")]));
    for mut device in [managed(config()), asking, holding] {
        let open = [device.post.as_ref().map(|(id, _)| *id), device.asked, device.held.as_ref().map(|(id, _)| *id)];
        let open = open.into_iter().flatten().next().unwrap().as_u64();
        for id in (0..open + 3).filter(|id| *id != open) {
            for event in events(id) {
                assert_misuse(&mut device, event, ErrorKind::ApiMisuse);
            }
        }
        let awaits = |event: &Event| match event {
            Event::Response { .. } | Event::Failed { .. } => device.post.is_some(),
            Event::Managed { .. } => device.held.is_some(),
            _ => device.asked.is_some(),
        };
        let wrong: Vec<Event> = events(open).into_iter().filter(|event| !awaits(event)).collect();
        for event in wrong {
            assert_misuse(&mut device, event, ErrorKind::ApiMisuse);
        }
    }
}

#[test]
fn events_after_the_end_change_nothing() {
    let mut device = device();
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    for event in events(1)
        .into_iter()
        .chain([Event::Abort, Event::Alert(ClientAlert::generic(AlertItem::new("com.acme.event", "1")))])
    {
        assert_misuse(&mut device, event, ErrorKind::Closed);
    }
    device.pass(1);
    assert_eq!(device.client.poll_action(), None);
}

#[test]
fn replies_that_no_user_gives_change_nothing() {
    let mut device = Device::start(config().with_interaction(true), local());
    device.answer(with([alert(1103, &["", "Which?", "red", "green"])]));
    let id = device.asked.unwrap();
    for reply in [
        UserReply::Accepted,
        UserReply::Text("red".into()),
        UserReply::Choices(vec![]),
        UserReply::Choices(vec![3]),
        UserReply::Choices(vec![1, 2]),
    ] {
        assert_misuse(&mut device, Event::Answered { id, reply }, ErrorKind::InvalidInput);
    }
    let nothing = ClientAlert::generic(AlertItem::new(" ", "x"));
    assert_misuse(&mut device, Event::Alert(nothing), ErrorKind::InvalidInput);
}

#[test]
fn configurations_that_cannot_work() {
    let start = |config: ClientConfig| {
        Client::start(config, local(), AlertQueue::new(), dm_session::Timestamp::from_millis(START)).map(drop)
    };
    let unsafe_basic = Credentials::from_hash("device", hash(USER));
    let colon = Credentials::new("de:vice", &Secret::new("x"));
    for config in [
        ClientConfig::new("", SERVER_ID, SERVER),
        ClientConfig::new(DEVICE, "", SERVER),
        ClientConfig::new(DEVICE, SERVER_ID, ""),
        ClientConfig::new(DEVICE, SERVER_ID, "http://dm.example/dm"),
        ClientConfig::new(DEVICE, SERVER_ID, "dm.example"),
        config().with_identity(Identity::new(unsafe_basic).with_first(Scheme::Basic)),
        config().with_identity(Identity::new(colon).with_first(Scheme::Basic)),
    ] {
        assert_eq!(start(config.clone()).map_err(|error| error.kind()), Err(ErrorKind::InvalidConfig), "{config:?}");
    }
    let plain = ClientConfig::new(DEVICE, SERVER_ID, "http://dm.example/dm").with_allow_http(true);
    assert!(start(plain).is_ok());
}

#[test]
fn leading_elsewhere_is_for_the_policy_to_allow() {
    let elsewhere = "https://other.example/dm";
    let allowing = [
        config().with_resp_uri(RespUriPolicy::Origins(vec!["https://other.example".into()])),
        config().with_resp_uri(RespUriPolicy::Ask(|from, to| from.is_https() && to.as_str().contains("other"))),
    ];
    for config in allowing {
        let mut device = Device::start(config, local());
        device.exchange(with([get("./Vendor/Name")]).with_resp_uri(elsewhere));
        assert_eq!(device.last_request().uri, elsewhere);
        // From there, home is elsewhere.
        let reason = device.end(with([get("./Vendor/Name")]).with_resp_uri("http://other.example/dm"));
        assert_eq!(reason, Reason::RespUri, "not from HTTPS to HTTP");
    }
    let mut device = Device::start(config().with_resp_uri(RespUriPolicy::Ask(|_, _| false)), local());
    assert_eq!(device.end(with([get("./Vendor/Name")]).with_resp_uri(elsewhere)), Reason::RespUri);
}

#[test]
fn redirects_do_not_go_round_for_ever() {
    let mut device = device();
    for _ in 0..50 {
        if device.closed.is_some() {
            break;
        }
        device.respond(Response::new(307).with_header("Location", SERVER));
    }
    assert_eq!(device.reason(), Reason::Http(307));
    // Without a place to go to.
    let mut device = self::device();
    device.respond(Response::new(302));
    assert_eq!(device.reason(), Reason::Http(302));
}

#[test]
fn no_credentials_go_to_another_place() {
    let basic = dm_session::http::BasicCredentials::new("web", Secret::new("pw"));
    let policy = RespUriPolicy::Origins(vec!["https://other.example".into()]);
    let mut device = Device::start(config().with_basic(basic.unwrap()).with_resp_uri(policy), local());
    assert!(device.last_request().headers.get("Authorization").is_some());
    device.exchange(with([get("./Vendor/Name")]).with_resp_uri("https://other.example/dm"));
    assert_eq!(device.last_request().headers.get("Authorization"), None);
}

/// A device that has a large value to bring, to a server that has proved itself and challenged it in the middle.
fn interrupted() -> Device {
    let demand = Demand::new(Scheme::Mac, credentials(HOST).with_nonce(nonce(50)));
    let identity = Identity::new(credentials(USER).with_nonce(nonce(40))).with_first(Scheme::Mac);
    let config = config().with_identity(identity).with_demand(demand).with_max_obj_size(Some(10_000));
    let mut device = Device::start(config, local());
    Device::leaf(&mut device.tree, "./Vendor/Long", &"v".repeat(3000));
    let next = |byte| challenge(Scheme::Mac, Some(&nonce(byte)));
    let gets = [get("./Vendor/Long"), get("./Vendor/Name")];
    let answer = with(gets).header(200).with_chal(next(41)).with_max_msg_size(1200);
    let message = device.exchange(answer.with_mac(HOST, &nonce(50)));
    let issued = chal(&message).unwrap().nonce().unwrap().unwrap();
    let message = device.exchange(Answer::next().header(200).with_chal(next(42)).with_mac(HOST, &issued));
    assert!(chunk_of(&message).is_some());
    let issued = chal(&message).unwrap().nonce().unwrap().unwrap();
    let message = device.exchange(Answer::challenge(401, next(43)).with_mac(HOST, &issued));
    assert_eq!(codes_of_alerts(&message), [1201]);
    device
}

#[test]
fn values_wait_until_the_server_proves_itself_again() {
    let mut device = interrupted();
    let next = |byte| challenge(Scheme::Mac, Some(&nonce(byte)));
    let message = device.exchange(with([get("./Vendor/Level")]).header(200).with_chal(next(44)));
    assert_eq!((header_status(&message), results(&message).count()), (401, 0));
    let issued = chal(&message).unwrap().nonce().unwrap().unwrap();
    let message = device.exchange(Answer::next().header(200).with_chal(next(45)).with_mac(HOST, &issued));
    assert!(chunk_of(&message).is_some_and(|item| item.meta.as_ref().unwrap().size().is_some()));
}

#[test]
fn an_abort_brings_a_stranger_no_values() {
    let mut device = interrupted();
    device.answer(with([get("./Vendor/Level")]).header(200).with_chal(challenge(Scheme::Mac, Some(&nonce(44)))));
    device.abort();
    let aborts = |message: &Message<'_>| codes_of_alerts(message).contains(&1223);
    assert!(aborts(device.last()));
    assert_eq!(results(device.last()).count(), 0);
}
