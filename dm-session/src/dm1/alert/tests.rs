//! Alerts through messages, and the queue (§11 of the reference).

use super::*;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use dm_syncml::{Command, Limits, Location, Message, Namespace, Strictness, SyncHdr};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

/// The Alert after a way through bytes.
fn sent(alert: Alert<'static>, encoding: Encoding) -> Alert<'static> {
    let header = SyncHdr::new("1", "1", Location::new("https://dm.example/"), Location::new("IMEI:1"));
    let message = Message::new(header).with_namespace(Namespace::SyncMl12).with_command(Command::Alert(alert));
    let mut bytes = Vec::new();
    message.encode(encoding, &mut bytes).unwrap();
    let limits = Limits::DEFAULT;
    let parsed = match encoding {
        Encoding::Xml => Message::parse_xml(&bytes, Strictness::Strict, &limits),
        Encoding::Wbxml => Message::parse_wbxml(&bytes, Strictness::Strict, &limits),
    };
    match parsed.unwrap().value.into_owned().commands.pop() {
        Some(Command::Alert(alert)) => alert,
        other => panic!("{other:?}"),
    }
}

/// What the other end reads.
fn through(alert: &ClientAlert, prefixed: bool, encoding: Encoding) -> ClientAlert {
    let read = sent(alert.to_alert("1", prefixed, encoding), encoding);
    assert_eq!(read.code(), Some(alert.kind.code()));
    let correlator = read.correlator.as_ref().map(|correlator| correlator.as_str().to_owned());
    ClientAlert { kind: alert.kind, correlator, items: read.items.iter().map(AlertItem::from_item).collect() }
}

fn item() -> AlertItem {
    AlertItem::new("com.example.download", "7 & <8>")
}

#[test]
fn generic_alert_has_all_that_it_must() {
    for encoding in ENCODINGS {
        let alert =
            ClientAlert::generic(item().with_source("./FUMO/x").with_mark(Mark::Critical)).with_correlator("c-1");
        let read = sent(alert.to_alert("9", true, encoding), encoding);
        assert_eq!((read.cmd_id.as_str(), read.code()), ("9", Some(AlertCode::GENERIC_ALERT)));
        assert_eq!(read.correlator.as_deref(), Some("c-1"));
        let item = &read.items[0];
        assert_eq!(item.source_uri().unwrap().as_str(), "./FUMO/x");
        assert_eq!(item.target_uri(), None);
        let meta = item.meta.as_ref().unwrap();
        assert_eq!(meta.type_(), Some("Reversed-Domain-Name: com.example.download"));
        assert_eq!(meta.format(), Some(&dm_syncml::Format::Chr), "Format has to be there, chr too");
        assert_eq!(meta.mark(), Some(&Mark::Critical));
        assert_eq!(item.data.as_ref().unwrap().as_text(), Some("7 & <8>"));
    }
}

#[test]
fn format_and_data_are_there_whatever_the_content() {
    for encoding in ENCODINGS {
        for content in [Content::EMPTY, Content::from(""), Content::new(Data::Bytes(vec![0, 0xff])), Content::from("x")]
        {
            let alert = ClientAlert::generic(item().with_content(content.clone()));
            let read = sent(alert.to_alert("1", true, encoding), encoding);
            let meta = read.items[0].meta.as_ref().unwrap();
            assert!(meta.format().is_some() && read.items[0].data.is_some(), "{content:?}");
            assert_eq!(meta.type_(), Some("Reversed-Domain-Name: com.example.download"), "the Type stays");
        }
    }
}

#[test]
fn types_get_a_prefix_where_they_have_none() {
    for (alert_type, prefixed, bare) in [
        ("com.example.a", "Reversed-Domain-Name: com.example.a", "com.example.a"),
        (" com.example.a\n", "Reversed-Domain-Name: com.example.a", "com.example.a"),
        ("com.example/a/b", "Reversed-Domain-Name: com.example/a/b", "com.example/a/b"),
        ("Reversed-Domain-Name: com.example.a", "Reversed-Domain-Name: com.example.a", "com.example.a"),
        ("reversed-domain-name:com.example.a ", "reversed-domain-name:com.example.a", "com.example.a"),
        ("Content-Type: text/plain", "Content-Type: text/plain", "text/plain"),
        ("urn:oma:at:x", "urn:oma:at:x", "urn:oma:at:x"),
        ("https://example.com/a", "https://example.com/a", "https://example.com/a"),
        (UNENROLMENT, UNENROLMENT, UNENROLMENT),
    ] {
        let alert = ClientAlert::generic(AlertItem::new(alert_type, "1"));
        let wire = |prefix| {
            let alert = alert.to_alert("1", prefix, Encoding::Xml);
            alert.items[0].meta.as_ref().unwrap().type_().unwrap().to_owned()
        };
        assert_eq!(wire(true), prefixed);
        assert_eq!(wire(false), alert_type.trim(), "as it is");
        assert_eq!(alert.items[0].alert_type(), bare);
        assert_eq!(through(&alert, true, Encoding::Wbxml).items[0].alert_type(), bare, "the same at the other end");
    }
    assert_eq!(AlertItem::new("Reversed-Domain-Näme: x", "").alert_type(), "Reversed-Domain-Näme: x");
}

#[test]
fn marks_are_written_unless_they_are_the_default() {
    let mark = |item: AlertItem| {
        let alert = ClientAlert::generic(item).to_alert("1", true, Encoding::Xml);
        alert.items[0].meta.as_ref().unwrap().mark().map(|mark| mark.as_str().to_owned())
    };
    for word in ["fatal", "critical", "minor", "warning", "harmless", "indeterminate"] {
        assert_eq!(mark(item().with_mark(Mark::borrowed(word).into_owned())).as_deref(), Some(word));
    }
    assert_eq!(mark(item().with_mark(Mark::Informational)), None);
    assert_eq!(mark(item()), None);
    let mut empty = item();
    empty.mark = Some(String::new());
    assert_eq!(mark(empty), None, "an empty one would spoil the message");
}

#[test]
fn what_a_server_answers() {
    let config = crate::dm1::ServerConfig::new("dm.example", "https://dm.example/")
        .with_alert_types(["com.example.download", "text/plain"]);
    let any = crate::dm1::ServerConfig::new("dm.example", "https://dm.example/");
    let other = AlertItem::new("com.example.other", "1");
    let nameless = AlertItem::new(" Reversed-Domain-Name:  ", "1");
    let status = |alert: &ClientAlert| config.alert_status(alert).code();
    assert_eq!(status(&ClientAlert::generic(item())), 200);
    assert_eq!(status(&ClientAlert::event(item())), 200);
    assert_eq!(status(&ClientAlert::generic(AlertItem::new("Content-Type: TEXT/plain", "1"))), 200);
    assert_eq!(status(&ClientAlert::generic(other.clone())), 415);
    assert_eq!(status(&ClientAlert::event(other.clone())), 406);
    assert_eq!(status(&ClientAlert::generic(item()).with_item(other.clone())), 415, "one Item is enough");
    assert_eq!(any.alert_status(&ClientAlert::generic(other)).code(), 200);
    for config in [&config, &any] {
        assert_eq!(config.alert_status(&ClientAlert::generic(nameless.clone())).code(), 412);
        assert_eq!(config.alert_status(&ClientAlert::event(nameless.clone())).code(), 406);
        let empty = ClientAlert { items: vec![], ..ClientAlert::generic(item()) };
        assert_eq!(config.alert_status(&empty).code(), 412);
    }
}

#[test]
fn unenrolment_is_a_generic_alert() {
    assert!(ClientAlert::generic(AlertItem::new(UNENROLMENT, "1")).is_unenrolment());
    assert!(ClientAlert::generic(AlertItem::new(format!("Reversed-Domain-Name:{UNENROLMENT} "), "1")).is_unenrolment());
    assert!(!ClientAlert::event(AlertItem::new(UNENROLMENT, "1")).is_unenrolment());
    assert!(!ClientAlert::generic(item()).is_unenrolment());
}

#[test]
fn values_are_not_shown() {
    let shown = format!("{:?}", ClientAlert::generic(AlertItem::new("com.example.a", "TopSecret")));
    assert!(!shown.contains("TopSecret") && shown.contains("com.example.a"), "{shown}");
}

// --- the queue -------------------------------------------------------------------------------------------------

fn alert(name: &str, mark: Mark<'static>) -> ClientAlert {
    ClientAlert::generic(AlertItem::new(format!("com.example.{name}"), "").with_mark(mark))
}

fn names(queue: &AlertQueue) -> Vec<String> {
    queue.iter().map(|(_, alert)| alert.items[0].alert_type().rsplit('.').next().unwrap().to_owned()).collect()
}

#[test]
fn queue_is_first_in_first_out() {
    let mut queue = AlertQueue::new();
    assert!(queue.is_empty() && queue.next().is_none());
    let ids: Vec<AlertId> =
        ["a", "b", "c"].into_iter().map(|name| queue.push(alert(name, Mark::Fatal)).unwrap()).collect();
    assert!(ids[0] < ids[1] && ids[1] < ids[2]);
    for (at, id) in ids.iter().enumerate() {
        assert_eq!(queue.next().unwrap().0, *id);
        queue.sent(*id, 1, (at + 1).to_string());
    }
    assert!(queue.next().is_none() && queue.len() == 3, "sent is not answered");
    // Answered by MsgID and CmdID, both of them.
    assert_eq!(queue.answered("2", "2"), None);
    assert_eq!(queue.answered("1", "4"), None);
    assert_eq!(queue.answered("one", "2"), None);
    assert_eq!(queue.answered("1", "2"), Some(ids[1]));
    assert_eq!(queue.answered("1", "2"), None, "once");
    assert_eq!(names(&queue), ["a", "c"]);
    queue.requeue();
    assert_eq!(queue.answered("1", "1"), None, "the Status of a message that was refused is not its");
    assert_eq!(queue.next().unwrap().0, ids[0]);
    queue.discard(ids[0]);
    assert_eq!(names(&queue), ["c"]);
    assert!(queue.is_consistent());
}

#[test]
fn queue_is_bounded_by_severity_and_age() {
    let mut queue = AlertQueue::with_capacity(3);
    for (name, mark) in [("a", Mark::Warning), ("b", Mark::Harmless), ("c", Mark::Harmless), ("d", Mark::Fatal)] {
        queue.push(alert(name, mark)).unwrap();
    }
    assert_eq!(
        (names(&queue), queue.dropped()),
        (vec!["a".into(), "c".into(), "d".into()], 1),
        "the oldest of the least"
    );
    // One that is less than all others gives way itself.
    queue.push(alert("e", Mark::Indeterminate)).unwrap();
    assert_eq!((names(&queue), queue.dropped()), (vec!["a".into(), "c".into(), "d".into()], 2));
    // What is in a message stays.
    let ids: Vec<AlertId> = queue.iter().map(|(id, _)| id).collect();
    queue.sent(ids[1], 1, "3".into());
    queue.push(alert("f", Mark::Critical)).unwrap();
    assert_eq!(names(&queue), ["c", "d", "f"]);
    assert!(queue.is_consistent() && queue.len() == 3);
    queue.requeue();
    assert!(queue.is_consistent());
    // The order of severity of the standard, most severe first.
    let marks = [
        Mark::Fatal,
        Mark::Critical,
        Mark::Minor,
        Mark::Warning,
        Mark::Informational,
        Mark::Harmless,
        Mark::Indeterminate,
    ];
    let ranks: Vec<u8> = marks.into_iter().map(|mark| alert("x", mark).severity()).collect();
    assert!(ranks.windows(2).all(|pair| pair[0] > pair[1]), "{ranks:?}");
    assert_eq!(ClientAlert::generic(item()).severity(), alert("x", Mark::Informational).severity(), "the default");
    assert_eq!(AlertQueue::with_capacity(0), AlertQueue::with_capacity(1));
}

#[test]
fn queue_takes_only_what_can_be_an_alert() {
    let mut queue = AlertQueue::new();
    for bad in [
        ClientAlert { items: vec![], ..ClientAlert::generic(item()) },
        ClientAlert::generic(AlertItem::new("", "1")),
        ClientAlert::event(item()).with_item(AlertItem::new("Content-Type: ", "1")),
    ] {
        assert_eq!(queue.push(bad).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!(queue.is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn queue_is_stored_and_read_again() {
    let mut queue = AlertQueue::with_capacity(2);
    for name in ["a", "b", "c"] {
        queue.push(alert(name, Mark::Minor).with_correlator("c")).unwrap();
    }
    let id = queue.next().unwrap().0;
    queue.sent(id, 7, "3".into());
    let text = serde_json::to_string(&queue).unwrap();
    assert_eq!(serde_json::from_str::<AlertQueue>(&text).unwrap(), queue);
    for (from, to) in [
        (r#""capacity":2"#, r#""capacity":1"#),
        (r#""capacity":2"#, r#""capacity":0"#),
        (r#""next_id":3"#, r#""next_id":2"#),
        (r#""next_id":3"#, r#""next_id":18446744073709551615"#),
        (r#""id":1"#, r#""id":2"#),
        (r#""media_type":"com.example.b""#, r#""media_type":"""#),
    ] {
        let forged = text.replacen(from, to, 1);
        assert_ne!(forged, text, "{from}");
        assert!(!serde_json::from_str::<AlertQueue>(&forged).unwrap().is_consistent(), "{to}");
    }
    assert!(serde_json::from_str::<AlertQueue>(&text.replacen("\"capacity\"", "\"x\":1,\"capacity\"", 1)).is_err());
}

fn any_alert() -> impl Strategy<Value = ClientAlert> {
    let data = prop_oneof![
        "[ -~ä€]{0,20}".prop_map(Data::Text),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Data::Bytes),
    ];
    let source = prop::option::of("\\./[a-z]{1,8}/[a-z%]{1,8}");
    let mark = prop::option::of(prop::sample::select(vec!["fatal", "warning", "harmless", "odd"]));
    let item =
        ("[a-z]{2,3}\\.[a-z]{1,8}(\\.[a-z]{1,4})?", source, mark, data).prop_map(|(alert_type, source, mark, data)| {
            AlertItem { source, mark: mark.map(ToOwned::to_owned), content: Content::new(data).with_type(alert_type) }
        });
    (any::<bool>(), prop::option::of("[a-z0-9-]{1,12}"), proptest::collection::vec(item, 1..4)).prop_map(
        |(event, correlator, items)| ClientAlert {
            kind: if event { AlertKind::Event } else { AlertKind::Generic },
            correlator,
            items,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn alerts_arrive_as_they_were_sent(alert in any_alert(), prefixed in any::<bool>()) {
        for encoding in ENCODINGS {
            let read = through(&alert, prefixed, encoding);
            prop_assert_eq!((read.kind, &read.correlator), (alert.kind, &alert.correlator));
            prop_assert_eq!(read.items.len(), alert.items.len());
            for (read, sent) in read.items.iter().zip(&alert.items) {
                prop_assert_eq!((&read.source, &read.mark), (&sent.source, &sent.mark));
                prop_assert_eq!(read.alert_type(), sent.alert_type());
                let bytes = match (&sent.content.data, read.content.format.as_deref()) {
                    (Data::Bytes(_), Some("b64")) => {
                        let text = dm_syncml::Data::text(read.content.data.as_str().unwrap().to_string());
                        text.decode_base64().unwrap()
                    }
                    _ => read.content.data.as_bytes().unwrap().to_vec(),
                };
                prop_assert_eq!(&*bytes, sent.content.data.as_bytes().unwrap());
            }
            // Sent on from here it is the same on the wire.
            prop_assert_eq!(through(&read, prefixed, encoding), read);
        }
    }
}
