//! Whole messages in WBXML: the examples of the reference field by field, documents of another encoder against their
//! XML, and what the encoder writes.
#![cfg(all(feature = "wbxml", feature = "xml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::fs;
use std::path::Path;

use dm_syncml::{
    Alert, AlertCode, Command, CommandName, Content, Data, Declaration, Element, ErrorKind, Format, Fragment, Item,
    Limits, Location, Markup, Message, Meta, Name, Namespace, Node, Operation, Page, SliceSink, Status, StatusCode,
    Strictness, SyncHdr, Tag, WbxmlOptions, WbxmlPublicId, WbxmlTnds, WbxmlVersion,
};
use proptest::prelude::*;

fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn header(msg_id: &'static str) -> SyncHdr<'static> {
    SyncHdr::new("2F", msg_id, Location::new("IMEI:352099001761481"), Location::new("https://dm.example.net/oma"))
}

fn answered(msg_ref: &'static str, code: StatusCode) -> Command<'static> {
    Command::Status(Status::new("1", msg_ref, "0", CommandName::SyncHdr, code))
}

fn tree() -> Element<'static> {
    let known = |name: &str| Name::Known(Tag::by_name(Page::DmDdf, name).unwrap());
    let leaf = |name: &str, text: &'static str| Element::with_text(known(name), text);
    let with = |name: &str, children: Vec<Element<'static>>| {
        let mut element = Element::new(known(name));
        children.into_iter().for_each(|child| element.push(child));
        element
    };
    let properties = |format: &str, kind: Element<'static>| {
        let format = with("Format", vec![Element::new(known(format))]);
        with("RTProperties", vec![format, with("Type", vec![kind])])
    };
    let port = with(
        "Node",
        vec![leaf("NodeName", "Port"), properties("int", leaf("MIME", "text/plain")), leaf("Value", "993")],
    );
    let mail = with(
        "Node",
        vec![leaf("NodeName", "Mail"), properties("node", leaf("DDFName", "net.example.dm/1.0/Mail")), port],
    );
    with("MgmtTree", vec![leaf("VerDTD", "1.2"), mail])
}

fn add(data: Data<'static>) -> Message<'static> {
    let meta = Meta::new().with_format(Format::Bin).with_type("application/vnd.syncml.dmtnds+wbxml");
    let item = Item::target("./Accounts").with_meta(meta).with_data(data);
    Message::new(header("2"))
        .with_command(answered("2", StatusCode::from(212)))
        .with_command(Command::Add(Operation::new("2").with_item(item)))
        .with_final()
}

fn encoded(message: &Message<'_>, options: WbxmlOptions) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode_wbxml(&options, &mut out).unwrap();
    assert_eq!(message.wbxml_len(&options).unwrap(), out.len());
    out
}

#[test]
fn w1_is_an_answer_that_asks_for_more() {
    let expected = Message::new(header("3"))
        .with_command(answered("3", StatusCode::from(200)))
        .with_command(Command::Alert(Alert::new("2", AlertCode::from(1222))));
    let input = file("tests/vectors/syncml/wbxml/w1-next-message.wbxml");
    assert_eq!(Message::parse(&input).unwrap(), expected);
    assert_eq!(expected.to_wbxml().unwrap(), input);
}

#[test]
fn w2_replaces_a_node_with_bytes() {
    let meta = Meta::new().with_format(Format::Bin).with_type("image/png").with_size(8);
    let bytes: &[u8] = &[0x00, 0x01, 0x3C, 0x26, 0xFF, 0xFE, 0x0D, 0x0A];
    let item = Item::target("./Vendor/Logo").with_meta(meta).with_data(Data::opaque(bytes));
    let header = header("2").with_meta(Meta::new().with_max_msg_size(16384).with_max_obj_size(1_048_576));
    let expected = Message::new(header)
        .with_command(answered("2", StatusCode::from(212)))
        .with_command(Command::Replace(Operation::new("2").with_item(item)))
        .with_final();
    let input = file("tests/vectors/syncml/wbxml/w2-raw-binary.wbxml");
    let found = Message::parse(&input).unwrap();
    assert_eq!(found, expected);
    assert_eq!(expected.to_wbxml().unwrap(), input);
    // The span of Data is what stands between its tag and its END.
    let data = found.commands[1].items()[0].data.as_ref().unwrap();
    assert_eq!(input[data.span().range()], [&[0xC3, 0x08], bytes].concat());
}

#[test]
fn w3_and_w4_add_the_same_tree() {
    let nested = file("tests/vectors/syncml/wbxml/w3-tnds-nested.wbxml");
    let inline = file("tests/vectors/syncml/wbxml/w4-tnds-inline.wbxml");
    let expected = add(Data::element(tree()));
    let found = Message::parse(&inline).unwrap();
    assert_eq!(found, expected);
    let with_bytes = Message::parse(&nested).unwrap();
    let document = tree().to_wbxml(&WbxmlOptions::DEFAULT).unwrap();
    assert_eq!(with_bytes, add(Data::opaque(document)));
    let bytes = with_bytes.commands[1].items()[0].data.as_ref().unwrap().as_bytes().unwrap();
    assert_eq!(Element::parse_wbxml(bytes, &Limits::DEFAULT).unwrap(), tree());
    // One value, both forms.
    assert_eq!(encoded(&expected, WbxmlOptions::DEFAULT), nested);
    assert_eq!(encoded(&expected, WbxmlOptions::DEFAULT.with_tnds(WbxmlTnds::Inline)), inline);
}

#[test]
fn raw_mark_up_of_a_tree_is_written_as_the_tree() {
    let xml = tree().to_xml().unwrap();
    let markup = |xml: &str, scope: Vec<Declaration<'static>>| {
        let markup = Markup { xml: xml.to_owned().into(), scope: scope.into() };
        let mut data = Data::text("");
        data.content = Content::Markup(Box::new(markup));
        add(data)
    };
    // Straight in Data in XML, straight in Data in WBXML: a nested document would need another Type.
    let inline = file("tests/vectors/syncml/wbxml/w4-tnds-inline.wbxml");
    assert_eq!(encoded(&markup(&xml, vec![]), WbxmlOptions::DEFAULT), inline);
    let prefixed = xml.replace(" xmlns=\"syncml:dmddf1.2\"", "").replace("</", "</d:").replace('<', "<d:");
    let prefixed = prefixed.replace("<d:/d:", "</d:");
    let scope = vec![Declaration { prefix: "d".into(), uri: "syncml:dmddf1.2".into() }];
    assert_eq!(encoded(&markup(&prefixed, scope), WbxmlOptions::DEFAULT), inline);
    // Mark-up without tokens is the same value as text.
    let other = "<a x=\"1\">&lt;<b/></a>";
    assert_eq!(markup(other, vec![]).to_wbxml().unwrap(), add(Data::text(other)).to_wbxml().unwrap());
    // Unless it needs declarations from outside.
    let declaration = Declaration { prefix: "p".into(), uri: "urn:x".into() };
    assert_eq!(markup("<p:a/>", vec![declaration]).to_wbxml().unwrap_err().kind(), ErrorKind::NotEncodable);
}

#[test]
fn white_space_of_elements_is_the_same_in_both_forms() {
    for inside in ["<Value> </Value>", "<Value>\n</Value> ", " <Value/> ", "x <Value/> ", " <Value> a </Value>x"] {
        let xml = format!("<Node xmlns=\"syncml:dmddf1.2\">{inside}</Node>");
        let element = Element::parse_xml(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let document = element.to_wbxml(&WbxmlOptions::DEFAULT).unwrap();
        assert_eq!(Element::parse_wbxml(&document, &Limits::DEFAULT).unwrap(), element, "{inside:?}");
    }
    // The same with the strings that an encoder would leave out.
    let head = [&[0x02, 0x00, 0x00, 0x6A, 0x1B], &b"-//OMA//DTD-DM-DDF 1.2//EN\0"[..]].concat();
    let spaced = [&head[..], &[0, 2, 0x64, 3, b'\n', 0, 0x76, 3, b' ', 0, 1, 3, b' ', 0, 1]].concat();
    let xml = b"<Node xmlns=\"syncml:dmddf1.2\">\n<Value> </Value> </Node>";
    let element = Element::parse_xml(xml, &Limits::DEFAULT).unwrap();
    assert_eq!(Element::parse_wbxml(&spaced, &Limits::DEFAULT).unwrap(), element);
}

/// Data below Add and Replace is OPAQUE there, text or not, and so is a NextNonce.
fn as_text(data: &mut Option<Data<'_>>) {
    if let Some(data) = data
        && matches!(data.content, Content::Opaque(_))
        && let Some(text) = data.as_text()
    {
        *data = Data::text(text.to_owned());
    }
}

#[test]
fn documents_of_another_encoder_are_the_messages_of_their_xml() {
    for (name, forms) in [("p1", ["p1", "p1_nostr"]), ("srv", ["srv", "srv_nostr"])] {
        let xml = file(&format!("benches/data/{name}.xml"));
        let expected = Message::parse(&xml).unwrap();
        for form in forms {
            let input = file(&format!("benches/data/{form}.wbxml"));
            let parsed = Message::parse_wbxml(&input, Strictness::Lenient, &Limits::DEFAULT).unwrap();
            assert!(parsed.deviations.is_empty(), "{form}: {:?}", parsed.deviations);
            let mut found = parsed.value;
            for command in &mut found.commands {
                let (Command::Add(operation) | Command::Replace(operation)) = command else { continue };
                operation.items.iter_mut().for_each(|item| as_text(&mut item.data));
            }
            assert_eq!(found, expected, "{form}");
            assert!(found.commands.len() > 2);
        }
    }
}

#[test]
fn what_the_encoder_writes_is_what_the_decoder_reads_with_every_option() {
    let input = file("benches/data/srv_nostr.wbxml");
    let message = Message::parse(&input).unwrap();
    let mut lengths = Vec::new();
    for version in [WbxmlVersion::V1_1, WbxmlVersion::V1_2, WbxmlVersion::V1_3] {
        for public_id in [WbxmlPublicId::Numeric, WbxmlPublicId::StringTable] {
            for string_table in [false, true] {
                let options = WbxmlOptions::DEFAULT
                    .with_version(version)
                    .with_public_id(public_id)
                    .with_string_table(string_table);
                let out = encoded(&message, options);
                assert_eq!(encoded(&message, options), out, "not stable");
                let parsed = Message::parse_wbxml(&out, Strictness::Strict, &Limits::DEFAULT).unwrap();
                assert_eq!(parsed.value, message);
                lengths.push(out.len());
            }
        }
    }
    assert_eq!(encoded(&message, WbxmlOptions::DEFAULT), input, "another encoder writes the same");
    // Strings that would not become shorter stay where they are.
    let input = file("tests/vectors/syncml/wbxml/w1-next-message.wbxml");
    let short = Message::parse(&input).unwrap();
    assert_eq!(encoded(&short, WbxmlOptions::DEFAULT.with_string_table(true)), input);
    assert!(lengths[1] < lengths[0], "a string table that saves nothing");
}

#[test]
fn the_public_id_follows_the_namespace() {
    for (namespace, number, text) in [
        (Namespace::SyncMl12, [0xA4, 0x01], "1.2"),
        (Namespace::SyncMl11, [0x9F, 0x53], "1.1"),
        (Namespace::SyncMl10, [0x9F, 0x51], "1.0"),
        (Namespace::Absent, [0xA4, 0x01], "1.2"),
        (Namespace::from("urn:other"), [0xA4, 0x01], "1.2"),
    ] {
        let message = add(Data::text("x")).with_namespace(namespace);
        assert_eq!(encoded(&message, WbxmlOptions::DEFAULT)[1..3], number);
        let with_text = encoded(&message, WbxmlOptions::DEFAULT.with_public_id(WbxmlPublicId::StringTable));
        assert_eq!(with_text[..5], [0x02, 0x00, 0x00, 0x6A, 0x1E]);
        assert_eq!(with_text[5..35], *format!("-//SYNCML//DTD SyncML {text}//EN\0").as_bytes());
    }
}

#[test]
fn what_wbxml_cannot_carry_is_refused() {
    let refused = |data: Data<'static>| {
        let mut out = b"before".to_vec();
        let error = add(data.clone()).encode_wbxml(&WbxmlOptions::DEFAULT, &mut out).unwrap_err();
        assert_eq!(out, b"before");
        let table = add(data).encode_wbxml(&WbxmlOptions::DEFAULT.with_string_table(true), &mut out).unwrap_err();
        assert_eq!((out.as_slice(), table.kind()), (&b"before"[..], error.kind()));
        error.kind()
    };
    for text in ["\0", "a\u{1}", "abcd\u{1F}efg", "\u{FFFE}", "twenty bytes of text\u{B}", "é\u{FFFF}"] {
        assert_eq!(refused(Data::text(text)), ErrorKind::Character, "{text:?}");
    }
    let long = "x".repeat(1000);
    assert_eq!(refused(Data::text(format!("{long}\u{2}{long}"))), ErrorKind::Character);
    let foreign = Name::Other { namespace: "urn:x".into(), local: "a".into() };
    assert_eq!(refused(Data::element(Element::new(foreign))), ErrorKind::NotEncodable);
    // SyncML and DevInf share a page number.
    let device = |name: &str| Name::Known(Tag::by_name(Page::DevInf, name).unwrap());
    let mut mixed = Element::new(device("DevInf"));
    mixed.push(Element::new(Name::Known(Tag::by_name(Page::SyncMl, "Item").unwrap())));
    assert_eq!(refused(Data::element(mixed)), ErrorKind::NotEncodable);
    // A name that a page has is written with its token.
    let named = Name::Other { namespace: "syncml:dmddf1.2".into(), local: "MgmtTree".into() };
    let known = Name::Known(Tag::by_name(Page::DmDdf, "MgmtTree").unwrap());
    let written = |name| add(Data::element(Element::new(name))).to_wbxml().unwrap();
    assert_eq!(written(named), written(known));
}

#[test]
fn a_slice_that_is_too_short_is_refused_and_one_that_fits_is_filled() {
    let message = add(Data::element(tree()));
    for options in [WbxmlOptions::DEFAULT, WbxmlOptions::DEFAULT.with_string_table(true)] {
        let out = encoded(&message, options);
        let mut buffer = vec![0; out.len()];
        for len in 0..out.len() {
            let mut sink = SliceSink::new(&mut buffer[..len]);
            let error = message.encode_wbxml(&options, &mut sink).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BufferTooSmall);
            assert!(sink.written().is_empty());
        }
        let mut sink = SliceSink::new(&mut buffer);
        message.encode_wbxml(&options, &mut sink).unwrap();
        assert_eq!(sink.written(), out);
    }
}

#[test]
fn declarations_are_dropped_and_fragments_get_a_root() {
    let input =
        b"<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncBody xmlns:msft=\"urn:x\"><Get><CmdID>1</CmdID><Item><Target>\
        <LocURI>.</LocURI></Target></Item></Get><Final/></SyncBody></SyncML>";
    let fragment = Fragment::parse(input).unwrap();
    assert_eq!(fragment.declarations.len(), 1);
    let out = fragment.to_wbxml().unwrap();
    let again = Fragment::parse(&out).unwrap();
    assert!(again.declarations.is_empty());
    assert_eq!(again.commands, fragment.commands);
    let bare = Fragment::parse(b"<Get><CmdID>1</CmdID><Item><Target><LocURI>.</LocURI></Target></Item></Get>").unwrap();
    assert_eq!(Fragment::parse(&bare.to_wbxml().unwrap()).unwrap().commands, fragment.commands);
}

/// Characters that XML has, short ones more often.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        8 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['\t', '\n', '\r', 'é', '\u{85}', '\u{2028}', '\u{E000}', '\u{FFFD}', '\u{10FFFF}']),
    ];
    prop::collection::vec(character, 0..80).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn every_text_comes_back(
        uri in "[!-~]{1,70}",
        texts in prop::collection::vec(text(), 1..6),
        bytes in prop::collection::vec(any::<u8>(), 1..300),
        shape in any::<u16>(),
        table in any::<bool>(),
        public_id in any::<bool>(),
    ) {
        let mut message = Message::new(header("2")).with_final();
        for (nth, text) in texts.iter().enumerate() {
            // Every shape of an item: with and without Meta, with and without Data.
            let mut item = Item::target(uri.as_str());
            if shape & 1 << (2 * nth) != 0 {
                item = item.with_data(text.as_str());
            }
            if shape & 2 << (2 * nth) != 0 {
                item = item.with_meta(Meta::new().with_format(Format::Chr).with_type("text/plain"));
            }
            message.commands.push(Command::Replace(Operation::new(format!("{}", nth + 1)).with_item(item)));
        }
        let item = Item::target(uri.as_str()).with_data(Data::opaque(bytes));
        message.commands.push(Command::Replace(Operation::new("99").with_item(item)));
        let id = if public_id { WbxmlPublicId::StringTable } else { WbxmlPublicId::Numeric };
        let options = WbxmlOptions::DEFAULT.with_string_table(table).with_public_id(id);
        let out = encoded(&message, options);
        let found = Message::parse_wbxml(&out, Strictness::Strict, &Limits::DEFAULT).unwrap();
        prop_assert_eq!(&found.value, &message);
        let owned = found.value.clone().into_owned();
        prop_assert_eq!(&owned, &message);
        for cut in 0..out.len() {
            let error = Message::parse_wbxml(&out[..cut], Strictness::Lenient, &Limits::DEFAULT).unwrap_err();
            prop_assert!(error.offset() <= cut);
        }
    }

    #[test]
    fn every_element_comes_back(steps in prop::collection::vec((0..4_u8, 0x05..0x3D_u8, text()), 0..40)) {
        let known = |token: u8| Name::Known(Tag::by_token(Page::DmDdf, token).unwrap());
        let mut stack = vec![Element::new(known(0x20))];
        for (what, token, text) in steps {
            match what {
                0 if stack.len() < 20 => stack.push(Element::new(known(token))),
                1 if stack.len() > 1 => {
                    let child = stack.pop().unwrap();
                    stack.last_mut().unwrap().push(child);
                }
                _ => stack.last_mut().unwrap().push(Element::with_text(known(token), text)),
            }
        }
        while stack.len() > 1 {
            let child = stack.pop().unwrap();
            stack.last_mut().unwrap().push(child);
        }
        let element = stack.pop().unwrap();
        for options in [WbxmlOptions::DEFAULT, WbxmlOptions::DEFAULT.with_string_table(true)] {
            let document = element.to_wbxml(&options).unwrap();
            prop_assert_eq!(&Element::parse_wbxml(&document, &Limits::DEFAULT).unwrap(), &element);
        }
        let inline = encoded(&add(Data::element(element.clone())), WbxmlOptions::DEFAULT.with_tnds(WbxmlTnds::Inline));
        let found = Message::parse(&inline).unwrap();
        let data = found.commands[1].items()[0].data.as_ref().unwrap();
        let Content::Element(found) = &data.content else { panic!("{data:?}") };
        prop_assert!(found.nodes().iter().filter(|node| matches!(node, Node::Start(_))).count() > 0);
        prop_assert_eq!(&**found, &element);
    }
}
