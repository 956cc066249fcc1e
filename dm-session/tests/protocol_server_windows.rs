//! The server and Windows devices, and what else devices do in the field (§6 and §7 of the project's field notes).
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
use dm_session::dm1::{
    AlertKind, Fate, Interaction, InteractionKind, NotSent, Order, Profile, Scheme, ServerConfig, Task,
};
use dm_session::http::Request;
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_syncml::{Command, Element, Encoding, Format, Item, Mark, Message, Meta, Namespace, Operation, lint};
use script::*;

fn windows() -> ServerConfig {
    config().with_profile(Profile::Windows)
}

/// Package 1 as Windows 11 sends it: CmdIDs from 2, alerts 1224, DevInfo with a leaf of its own.
fn windows_package1(device: &Device) -> Body {
    let body = device.body();
    // CmdID 1 is kept for the Status of the SyncHdr.
    let body = if device.last_id == 0 {
        let mut skipped = body.command(|id| Command::Get(Operation::new(id)));
        skipped.commands.clear();
        skipped
    } else {
        body.header(200)
    };
    body.alert(1201)
        .alert_with(1224, |alert| {
            let meta = Meta::new().with_type("com.microsoft/MDM/LoginStatus");
            alert.with_item(Item::new().with_meta(meta).with_data("user"))
        })
        .command(|id| {
            let leaf = |name: &str, value: &'static str| Item::source(format!("./DevInfo/{name}")).with_data(value);
            let all = [
                ("DevId", DEVICE),
                ("Man", "ACME"),
                ("Mod", "PC"),
                ("DmV", "1.3"),
                ("Lang", "en-US"),
                ("HWDevID", "9f"),
            ];
            Command::Replace(
                all.map(|(name, value)| leaf(name, value)).into_iter().fold(Operation::new(id), Operation::with_item),
            )
        })
}

/// A Windows device that was given orders.
fn given(orders: impl IntoIterator<Item = Order>) -> Device {
    let mut device = Device::new(windows());
    device.plan(orders);
    let body = windows_package1(&device);
    device.say(body);
    device
}

/// The linter, which knows what Windows refuses, has nothing against the last message.
#[track_caller]
fn assert_clean(device: &Device) {
    let bytes = &device.wire.last().unwrap().body;
    let message = Message::parse(bytes).unwrap();
    let findings = lint::windows_with_source(&message, bytes);
    let bad: Vec<_> = findings.iter().filter(|finding| finding.rule.severity() == lint::Severity::Error).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn package_1_of_windows_is_understood() {
    let device = given([get(1, "./DevDetail/SwV")]);
    assert_eq!(header_code(&device.last), 212);
    assert_eq!(codes_of(&device.last, "Alert"), [200, 200]);
    assert_eq!(names(&device.last), ["Get"]);
    assert_eq!(device.opening().value("HWDevID"), Some("9f"));
    assert_eq!(device.opening().value("DmV"), Some("1.3"));
    let [alert] = &device.received[0].alerts[..] else { panic!("one alert") };
    assert_eq!((alert.kind, alert.items[0].alert_type()), (AlertKind::Event, "com.microsoft/MDM/LoginStatus"));
    assert_eq!(alert.items[0].content.data, text_data("user"));
    assert_clean(&device);
}

#[test]
fn no_max_msg_size_is_announced() {
    let announced = |profile: Profile| {
        let config = config().with_profile(profile).with_max_msg_size(Some(60_000)).with_max_obj_size(Some(70_000));
        let device = Device::opened(config, Encoding::Xml, [get(1, "./A")]);
        let meta = device.last.header.meta.clone().unwrap_or_default();
        meta.max_msg_size().and_then(dm_syncml::Decimal::number)
    };
    assert_eq!(announced(Profile::Standard), Some(60_000));
    assert_eq!(announced(Profile::Windows), None);
}

#[test]
fn values_with_mark_up_are_escaped_and_never_cdata() {
    let value = "<enabled/><data id=\"x\" value=\"a &amp; b]]>\"/>\u{f000}";
    let mut device = given([replace(1, "./Vendor/MSFT/Policy/Config/A", value)]);
    let text = String::from_utf8(device.wire.last().unwrap().body.clone()).unwrap();
    assert!(!text.contains("CDATA") && text.contains("&lt;enabled/"), "{text}");
    assert_eq!(data(&operations(&device.last)[0]), value.as_bytes());
    assert_clean(&device);
    let body = device.obey();
    device.say(body);
    assert_eq!(device.came(1), 200);
}

#[test]
fn what_windows_does_not_have_is_not_sent_to_it() {
    let correlated = Do::Exec { uri: "./A".into(), correlator: Some("c".into()), content: Content::EMPTY };
    let element = Element::parse_xml(b"<enabled/>", &dm_syncml::Limits::DEFAULT).unwrap().into_owned();
    let markup = Do::replace("./A", Content::new(TreeData::Element(element)));
    let delete: Task = Do::delete("./A").into();
    let all: [Task; 8] = [
        Do::copy("./A", "./B").into(),
        correlated.into(),
        markup.into(),
        Interaction::new(InteractionKind::Display, "Hello").into(),
        Task::Atomic(vec![Do::get("./A").into()]),
        Task::Atomic(vec![Task::Atomic(vec![delete.clone()])]),
        Task::Sequence(vec![Do::copy("./A", "./B").into()]),
        Task::Atomic(vec![delete, Interaction::new(InteractionKind::Confirm, "Sure?").into()]),
    ];
    for task in all {
        let shown = format!("{task:?}");
        let mut device = given([get(1, "./A"), Order::new(2, task), get(3, "./B")]);
        let why = not_sent(&device, 2).unwrap();
        assert!(matches!(why, NotSent::Profile | NotSent::Invalid), "{shown} {why:?}");
        assert_eq!(names(&device.last), ["Get", "Get"], "{shown}");
        assert_clean(&device);
        let body = device.obey();
        device.say(body);
        assert_eq!((device.came(1), device.came(3)), (200, 200));
    }
}

#[test]
fn what_windows_has_is_sent_to_it() {
    let orders = [
        add(1, "./Vendor/MSFT/A", Content::node()),
        replace(2, "./Vendor/MSFT/A/B", Content::from("1").with_format("int")),
        get(3, "./Vendor/MSFT/A/B"),
        delete(4, "./Vendor/MSFT/A"),
        exec(5, "./Vendor/MSFT/Reboot/RebootNow"),
        atomic(6, [Do::add("./Vendor/MSFT/C", "x").into(), Do::delete("./Vendor/MSFT/D").into()]),
        sequence(7, [Do::get("./A").into(), Do::exec("./Vendor/MSFT/RemoteLock/Lock").into()]),
        replace(8, "./Vendor/MSFT/Cert", Content::new(TreeData::Bytes(bytes_of(100))).with_format("b64")),
    ];
    let mut device = given(orders);
    assert_eq!(names(&device.last), ["Add", "Replace", "Get", "Delete", "Exec", "Atomic", "Sequence", "Replace"]);
    assert_clean(&device);
    let body = device.obey();
    device.say(body);
    assert!((1..=8).all(|id| device.came(id) == 200));
}

#[test]
fn credentials_come_with_every_message_until_212() {
    // A server that wants each message proved says no 212.
    let demanded = demand(Scheme::Md5).with_per_message();
    let mut device = Device::new(windows().with_demand(demanded));
    device.plan([get(1, "./A")]);
    device.plan([get(2, "./B")]);
    let body = windows_package1(&device);
    assert_eq!(header_code(&device.say(body)), 407);
    assert_eq!(codes_of(&device.last, "Alert"), [407, 407]);
    device.take_chal();
    let body = windows_package1(&device);
    assert_eq!(header_code(&device.say(body)), 200, "one more, please");
    for _ in 0..2 {
        device.take_chal();
        let body = device.obey();
        assert_eq!(header_code(&device.say(body)), 200);
    }
    assert_eq!((device.came(1), device.came(2)), (200, 200));
    assert_eq!((device.msg_id, device.last_id), (4, 4));
    // One that does not says it, and then they may stay away.
    let mut device = Device::new(windows().with_demand(demand(Scheme::Md5)));
    device.plan([get(1, "./A")]);
    device.plan([get(2, "./B")]);
    let body = windows_package1(&device);
    assert_eq!(header_code(&device.say(body)), 407);
    device.take_chal();
    let body = windows_package1(&device);
    assert_eq!(header_code(&device.say(body)), 212);
    device.scheme = None;
    for _ in 0..2 {
        let body = device.obey();
        assert_eq!(header_code(&device.say(body)), 212);
    }
    assert_eq!((device.came(1), device.came(2)), (200, 200));
}

#[test]
fn unenrolment_is_told_of() {
    let mut device = Device::new(windows());
    let item = || {
        let meta = Meta::new().with_type("com.microsoft:mdm.unenrollment.userrequest").with_format(Format::Int);
        Item::new().with_meta(meta.with_mark(Mark::Critical)).with_data("1")
    };
    let body = device.body().alert(1201).alert_with(1226, |alert| alert.with_item(item())).dev_info();
    let answer = device.say(body);
    assert_eq!(codes_of(&answer, "Alert"), [200, 200]);
    assert!(device.received[0].alerts[0].is_unenrolment());
    assert!(names(&answer).is_empty() && answer.is_final);
}

#[test]
fn a_repeated_message_counts_in_neither_direction() {
    // The server's MsgID is that of the message it answers: to each message there is one answer, so that both counters
    // come to the same numbers.
    let mut device = Device::new(windows().with_demand(demand(Scheme::Md5)));
    device.open();
    device.take_chal();
    device.plan([get(1, "./A")]);
    device.open();
    assert_eq!((device.msg_id, device.last_id), (2, 2));
    // The answer gets lost on the way, and is said again as it was.
    let answer = device.wire.last().cloned();
    for _ in 0..3 {
        assert_eq!(device.repeat(), answer);
    }
    // The device's Statuses refer to the server's message 2; what comes next is message 3 of both.
    let body = device.obey();
    device.say(body);
    assert_eq!((device.msg_id, device.last_id), (3, 3));
    assert_eq!(device.came(1), 200);
}

#[test]
fn namespaces_are_answered_alike() {
    for namespace in [Namespace::SyncMl12, Namespace::SyncMl11, Namespace::Absent] {
        let mut device = Device::new(windows());
        device.lenient = namespace != Namespace::SyncMl12;
        device.namespace = namespace.clone();
        device.plan([get(1, "./A")]);
        device.open();
        let body = device.obey();
        device.say(body);
        assert_eq!(device.came(1), 200, "{namespace:?}");
        // Each answer was held against the namespace of the device; so is what a stranger gets.
        let response = server::unknown_session(&device.posted.clone().unwrap(), &device.config);
        device.read(&response);
    }
}

#[test]
fn session_ids_are_text() {
    for session in ["0", "D", "b", "1F", "65535", "0123456789abc", "00"] {
        for encoding in BOTH {
            let mut device = Device::with(windows(), encoding);
            device.lenient = session.len() > 4;
            device.session = session.into();
            device.plan([get(1, "./A")]);
            device.open();
            let body = device.obey();
            device.say(body);
            assert_eq!(device.came(1), 200, "{session}");
            assert_eq!(device.server.session_id(), Some(session));
        }
    }
}

#[test]
fn package_1_may_lack_its_session_alert() {
    let mut device = Device::new(windows());
    device.plan([get(1, "./A")]);
    let body = device.body().dev_info();
    let answer = device.say(body);
    assert_eq!((header_code(&answer), names(&answer)), (212, vec!["Get".to_owned()]));
}

#[test]
fn cmd_ids_are_text_and_start_anywhere() {
    let mut device = Device::new(windows());
    device.plan([get(1, "./A")]);
    let mut body = windows_package1(&device);
    let texts = ["7f0c1a2b-block", "12345", "c"];
    for (command, id) in body.commands.iter_mut().zip(texts) {
        *command.cmd_id_mut().unwrap() = id.into();
    }
    let answer = device.say(body);
    let refs: Vec<String> = statuses(&answer).into_iter().map(|(_, cmd_ref, _)| cmd_ref).collect();
    assert_eq!(refs, texts);
}

fn post_text(device: &mut Device, text: Vec<u8>, content_type: &str) -> Message<'static> {
    let request = Request::new(dm_session::http::Method::Post, "/dm?mode=Maintenance&Platform=WoA")
        .with_header("content-type", content_type)
        .with_header("User-Agent", "MSFT OMA DM Client/1.2.0.1")
        .with_header("MS-CV", "x")
        .with_body(text);
    let response = device.post(request).unwrap();
    device.hear(&response, true)
}

#[test]
fn byte_order_marks_labels_and_parameters_do_no_harm() {
    for prefix in ["\u{feff}", "\n ", "<?xml version = \"1.0\" encoding = \"utf-16\" ?>", "<?xml version=\"1.0\"?>\r\n"]
    {
        for content_type in [
            "application/vnd.syncml.dm+xml",
            "Application/vnd.syncml.dm+XML; charset=utf-8",
            "application/vnd.syncml.dm+xml;x=\"y;z\"",
        ] {
            let mut device = Device::new(windows());
            device.plan([get(1, "./A")]);
            let body = device.package1();
            let message = device.message(body);
            device.note(&message);
            let text = String::from_utf8(message.to_xml().unwrap()).unwrap();
            let text = text.split_once("?>").map_or(text.clone(), |(_, rest)| rest.to_owned());
            let answer = post_text(&mut device, format!("{prefix}{text}").into_bytes(), content_type);
            assert_eq!(names(&answer), ["Get"], "{prefix:?} {content_type}");
        }
    }
}

#[test]
fn an_abort_without_final_is_an_abort() {
    let mut device = Device::opened(config(), Encoding::Wbxml, [get(1, "./A")]);
    let body = device.reply().alert(1223).more();
    let response = device.post_body(body);
    let answer = device.read(&response);
    assert!(operations(&answer).is_empty() && answer.is_final, "{answer:?}");
    assert_eq!(codes_of(&answer, "Alert"), [200]);
    assert_eq!(device.reason(), Some(Reason::DeviceAborted));
    assert_eq!(device.outcome(1).fate, Fate::Unknown);
}

#[test]
fn an_abort_in_place_of_results_is_an_abort() {
    // Windows 11 gives a session up when the server says a small MaxMsgSize: Get 200, no Results, 1223.
    let mut device = given([get(1, "./A"), get(2, "./B")]);
    let all = ids(&device.last);
    let body = device.reply().status(&all[0], "Get", 200).alert(1223);
    device.say(body);
    assert_eq!(device.reason(), Some(Reason::DeviceAborted));
    assert_eq!((device.came(1), device.outcome(2).fate), (200, Fate::Unknown));
    assert!(device.outcome(1).leaves.is_empty());
}

#[test]
fn a_result_of_megabytes_is_taken_in_one_message() {
    let mut device = given([get(1, "./A")]);
    let all = ids(&device.last);
    let value = long_text(2 << 20);
    let body = device.reply().status(&all[0], "Get", 200).result(&all[0], "./A", &value);
    device.say(body);
    assert_eq!(leaf(device.outcome(1)).1.len(), value.len());
}

#[test]
fn large_values_go_in_one_message_where_no_limit_was_said() {
    let device = given([replace(1, "./A", long_text(500_000).as_str())]);
    assert_eq!(data(&operations(&device.last)[0]).len(), 500_000);
    assert!(device.last.is_final);
}

#[test]
fn a_202_is_not_done_and_the_result_comes_by_alert() {
    let mut device = given([exec(1, "./Vendor/MSFT/Install")]);
    let body = device.answer(|_| 202);
    device.say(body);
    assert_eq!((device.came(1), device.outcome(1).is_done()), (202, false));
    let item =
        alert_item("Reversed-Domain-Name:com.microsoft.mdm.win32csp_install", "0").with_source("./Vendor/MSFT/Install");
    let body = device.reply().alert_with(1224, |alert| alert.with_item(item));
    let answer = device.say(body);
    assert_eq!(codes_of(&answer, "Alert"), [200]);
    assert_eq!(device.late[0].items[0].alert_type(), "com.microsoft.mdm.win32csp_install");
}

#[test]
fn target_without_the_query_is_the_same_server() {
    let mut device = Device::new(windows());
    device.plan([get(1, "./A")]);
    let body = device.package1();
    let mut message = device.message(body);
    message.header.target = dm_syncml::Location::new("https://elsewhere.example:443/other");
    device.note(&message);
    let request = device.request(&message);
    let response = device.post(request).unwrap();
    assert_eq!(names(&device.hear(&response, true)), ["Get"]);
}

#[test]
fn sessions_are_found_by_session_and_device_wherever_the_device_posts() {
    let mut device = given([get(1, "./A")]);
    let body = device.obey();
    let message = device.message(body);
    device.note(&message);
    let mut request = device.request(&message);
    request.uri = "/elsewhere".into();
    let route = server::route(&request).unwrap();
    assert_eq!((route.session_id.as_str(), route.device_id.as_str(), route.begins()), ("1A", DEVICE, false));
    let response = device.post(request).unwrap();
    device.hear(&response, true);
    assert_eq!(device.came(1), 200);
}
