//! Ids for commands, answers, and values of nodes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use dm_syncml::{
    Command, Container, Element, Encoding, Format, Fragment, Item, Location, Message, Meta, Name, Namespace, Operation,
    Status, StatusCode, Str, SyncHdr, Value,
};

fn get(id: &'static str) -> Command<'static> {
    Command::Get(Operation::new(id).with_item(Item::target(".")))
}

fn header() -> SyncHdr<'static> {
    let source = Location::new("IMEI:0").with_name("user");
    SyncHdr::new("2F", "3", Location::new("https://dm.example.net/oma"), source)
}

fn ids(message: &Message<'_>) -> Vec<String> {
    message.walk().map(|command| command.cmd_id().map_or("-".into(), |id| id.as_str().to_owned())).collect()
}

#[test]
fn ids_are_assigned_in_document_order_and_the_old_ones_told() {
    let inner = Container::new("x").with_command(get("0")).with_command(get(""));
    let mut message = Message::new(header())
        .with_command(Command::Status(Status::new("1", "1", "x", "Get", StatusCode::OK)))
        .with_command(Command::Sequence(
            Container::new("1").with_command(get("9")).with_command(Command::Atomic(inner)).with_command(get("9")),
        ))
        .with_command(Command::Unknown(Element::new(Name::Other { namespace: Str::EMPTY, local: "Frob".into() })))
        .with_command(get("7f0c"));
    let before = message.clone();
    let changes = message.assign_cmd_ids(5);
    assert_eq!(ids(&message), ["5", "6", "7", "8", "9", "10", "11", "-", "12"]);
    let old: Vec<_> = changes.iter().map(|(old, _)| old.as_str()).collect();
    assert_eq!(old, ["1", "1", "9", "x", "0", "", "9", "7f0c"]);
    let new: Vec<_> = changes.iter().map(|(_, new)| new.as_str()).collect();
    assert_eq!(new, ["5", "6", "7", "8", "9", "10", "11", "12"]);
    // Nothing else changes, references to commands of the other side least of all.
    let Command::Status(status) = &message.commands[0] else { unreachable!() };
    assert_eq!(status.cmd_ref.as_ref().unwrap(), &"x");
    for (command, (old, _)) in message.commands.iter_mut().zip([&changes[0], &changes[1]]) {
        *command.cmd_id_mut().unwrap() = old.clone();
    }
    assert_eq!(message.commands[0], before.commands[0]);
}

#[test]
fn numbers_begin_at_one_and_do_not_run_out() {
    let mut fragment = Fragment::default();
    fragment.commands.extend([get("a"), get("b")]);
    fragment.assign_cmd_ids(0);
    assert_eq!(fragment.commands[0].cmd_id().unwrap(), &"1");
    fragment.assign_cmd_ids(u32::MAX);
    assert_eq!(fragment.commands[1].cmd_id().unwrap(), &"4294967296");
}

#[test]
fn ids_are_assigned_at_any_depth() {
    let mut command = get("");
    for _ in 0..5000 {
        command = Command::Sequence(Container::new("").with_command(command));
    }
    let mut message = Message::new(header()).with_command(command);
    assert_eq!(message.assign_cmd_ids(1).len(), 5001);
}

#[test]
fn an_answer_goes_back_in_the_version_of_the_question() {
    let mut question = Message::new(header()).with_namespace(Namespace::SyncMl11);
    question.header.ver_dtd = "1.1".into();
    question.header.ver_proto = "DM/1.1".into();
    let answer = question.reply("1");
    assert_eq!(answer.namespace, Namespace::SyncMl11);
    let expected = {
        let mut expected =
            SyncHdr::new("2F", "1", Location::new("IMEI:0"), Location::new("https://dm.example.net/oma"));
        expected.ver_dtd = "1.1".into();
        expected.ver_proto = "DM/1.1".into();
        expected
    };
    assert_eq!(answer.header, expected);
    // What the peer left out is what DM 1.2 has.
    question.header.ver_proto = Str::EMPTY;
    assert_eq!(question.reply("1").header.ver_proto, "DM/1.2");
    let answer = answer.with_command(Command::Status(Status::for_header("1", &question.header, StatusCode::OK)));
    let answer = answer
        .with_command(Command::Status(Status::for_command("2", "3", &get("7f"), StatusCode::NOT_FOUND)))
        .with_command(Command::Status(Status::for_command(
            "3",
            "3",
            &Command::Atomic(Container::new("8")),
            StatusCode::OK,
        )));
    let refs: Vec<_> = answer
        .commands
        .iter()
        .map(|command| match command {
            Command::Status(it) => {
                format!("{} {} {}", it.msg_ref, it.cmd_ref.as_ref().unwrap(), it.cmd.as_ref().unwrap())
            }
            _ => unreachable!(),
        })
        .collect();
    assert_eq!(refs, ["3 0 SyncHdr", "3 7f Get", "3 8 Atomic"]);
}

#[cfg(feature = "xml")]
#[test]
fn a_status_for_a_command_without_a_name_cannot_be_sent() {
    let token = Command::Unknown(Element::new(Name::Token { page: 0, token: 0x3F }));
    let answer = Message::new(header()).with_command(Command::Status(Status::for_command(
        "1",
        "3",
        &token,
        StatusCode::NOT_IMPLEMENTED,
    )));
    let mut out = Vec::new();
    assert_eq!(answer.encode(Encoding::Xml, &mut out).unwrap_err().kind(), dm_syncml::ErrorKind::EmptyElement);
}

#[test]
fn values_say_what_they_are() {
    let cases = [
        (Value::Node, Format::Node, None, None),
        (Value::Null, Format::Null, None, None),
        (Value::chr(""), Format::Chr, Some("text/plain"), Some("")),
        (Value::from("a<b"), Format::Chr, Some("text/plain"), Some("a<b")),
        (Value::from(true), Format::Bool, Some("text/plain"), Some("true")),
        (Value::from(false), Format::Bool, Some("text/plain"), Some("false")),
        (Value::from(i32::MIN), Format::Int, Some("text/plain"), Some("-2147483648")),
        (Value::from(-1500.0_f32), Format::Float, Some("text/plain"), Some("-1500.0")),
        (Value::from(f32::NAN), Format::Float, Some("text/plain"), Some("NaN")),
        (Value::from(f32::NEG_INFINITY), Format::Float, Some("text/plain"), Some("-INF")),
        (Value::from(f32::INFINITY), Format::Float, Some("text/plain"), Some("INF")),
        (Value::from(f32::MIN_POSITIVE), Format::Float, Some("text/plain"), Some("1.1754944e-38")),
        (Value::Date("2024-02-29".into()), Format::Date, Some("text/plain"), Some("2024-02-29")),
        (Value::Time("163000Z".into()), Format::Time, Some("text/plain"), Some("163000Z")),
        (Value::xml("<a/>"), Format::Xml, Some("text/xml"), Some("<a/>")),
    ];
    for (value, format, type_, text) in cases {
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let item = value.clone().item("./A", encoding);
            let meta = item.meta.unwrap();
            assert_eq!((meta.format(), meta.type_()), (Some(&format), type_));
            assert_eq!(item.data.as_ref().map(|data| data.as_text().unwrap()), text);
            assert_eq!(value.format(encoding), format);
        }
    }
}

#[test]
fn a_value_leaves_the_rest_of_the_item_alone() {
    let item = Item::source("./A").with_meta(Meta::new().with_type("image/png").with_size(8)).with_more_data();
    let xml = Value::bytes([0, 1, 0x3C, 0x26, 0xFF, 0xFE, 0x0D, 0x0A]).put_into(item.clone(), Encoding::Xml);
    assert_eq!(xml.source_uri().unwrap(), &"./A");
    assert!(xml.more_data);
    let meta = xml.meta.unwrap();
    assert_eq!(
        (meta.format(), meta.type_(), meta.size().unwrap().number()),
        (Some(&Format::B64), Some("image/png"), Some(8))
    );
    assert_eq!(xml.data.unwrap().as_text(), Some("AAE8Jv/+DQo="));
    let wbxml = Value::bytes([1, 2]).put_into(item, Encoding::Wbxml);
    assert_eq!(wbxml.meta.unwrap().format(), Some(&Format::Bin));
    assert_eq!(wbxml.data.unwrap(), dm_syncml::Data::opaque(&[1, 2][..]));
}

#[test]
#[cfg(feature = "xml")]
fn commands_outside_the_model_are_answered() {
    use dm_syncml::Results;
    let xml =
        b"<SyncBody><Frob><CmdID> 3\n</CmdID><CmdID>4</CmdID></Frob><Map><CmdID>5</CmdID></Map><Frob/></SyncBody>";
    let fragment = Fragment::parse(xml).unwrap();
    let status = |nth: usize| Status::for_command("1", "7", &fragment.commands[nth], StatusCode::NOT_SUPPORTED);
    let sent = |status| Message::new(header()).with_command(Command::Status(status)).to_xml();
    for (nth, id, name) in [(0, "3", "Frob"), (1, "5", "Map")] {
        let xml = sent(status(nth)).unwrap();
        let message = Message::parse(&xml).unwrap();
        let Command::Status(found) = &message.commands[0] else { unreachable!() };
        assert_eq!((found.cmd_ref.as_ref().unwrap().as_str(), found.cmd.as_ref().unwrap().as_str()), (id, name));
        assert_eq!(found.msg_ref, "7");
        assert_eq!(Results::for_command("1", "7", &fragment.commands[nth]).cmd_ref(), id);
    }
    // Without a CmdID there is nothing to refer to.
    assert!(sent(status(2)).is_err());
}
