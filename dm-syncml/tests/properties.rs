//! What holds for every message: value → bytes → value in both forms, one form against the other, lengths, ownership.

#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

mod support;

use dm_syncml::{
    Binary, Content, ConvertOptions, Element, Encoding, Fragment, FragmentRoot, Limits, Message, Strictness,
    WbxmlOptions, WbxmlPublicId, WbxmlVersion, XmlOptions,
};
use proptest::prelude::*;
use support::{Shape, fragment, message, tree};

const LENIENT_XML: XmlOptions = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
const LENIENT_WBXML: WbxmlOptions = WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient);

/// As received: the messages have elements that the model has no place for.
fn xml(message: &Message<'_>, options: &XmlOptions) -> Vec<u8> {
    let options = &options.with_strictness(Strictness::Lenient);
    let mut out = Vec::new();
    message.encode_xml(options, &mut out).unwrap();
    assert_eq!(message.xml_len(options), Ok(out.len()));
    out
}

fn wbxml(message: &Message<'_>, options: &WbxmlOptions) -> Vec<u8> {
    let options = &options.with_strictness(Strictness::Lenient);
    let mut out = Vec::new();
    message.encode_wbxml(options, &mut out).unwrap();
    assert_eq!(message.wbxml_len(options), Ok(out.len()));
    out
}

fn xml_options() -> impl Strategy<Value = XmlOptions> {
    (any::<bool>(), proptest::option::of(0..9_u8))
        .prop_map(|(declaration, indent)| XmlOptions::DEFAULT.with_declaration(declaration).with_indent(indent))
}

fn wbxml_options() -> impl Strategy<Value = WbxmlOptions> {
    let versions = proptest::sample::select(vec![WbxmlVersion::V1_1, WbxmlVersion::V1_2, WbxmlVersion::V1_3]);
    (versions, any::<bool>(), any::<bool>()).prop_map(|(version, text_id, table)| {
        let id = if text_id { WbxmlPublicId::StringTable } else { WbxmlPublicId::Numeric };
        WbxmlOptions::DEFAULT.with_version(version).with_public_id(id).with_string_table(table)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_message_survives_xml(message in message(Shape::XML), options in xml_options()) {
        let wire = xml(&message, &options);
        prop_assert_eq!(&Message::parse(&wire).unwrap(), &message, "{}", String::from_utf8_lossy(&wire));
        // The canonical form is one.
        prop_assert_eq!(xml(&Message::parse(&wire).unwrap(), &options), wire);
    }

    #[test]
    fn a_message_survives_wbxml(message in message(Shape::WBXML), options in wbxml_options()) {
        let wire = wbxml(&message, &options);
        prop_assert_eq!(&Message::parse(&wire).unwrap(), &message, "{:02X?}", wire);
        prop_assert_eq!(wbxml(&Message::parse(&wire).unwrap(), &options), wire);
    }

    #[test]
    fn what_only_lenient_encoders_write_survives(in_xml in message(Shape::XML.lenient()), in_wbxml in message(Shape::WBXML.lenient())) {
        let wire = xml(&in_xml, &LENIENT_XML);
        prop_assert_eq!(&Message::parse(&wire).unwrap(), &in_xml, "{}", String::from_utf8_lossy(&wire));
        let wire = wbxml(&in_wbxml, &LENIENT_WBXML);
        prop_assert_eq!(&Message::parse(&wire).unwrap(), &in_wbxml, "{:02X?}", wire);
    }

    #[test]
    fn both_forms_say_the_same(message in message(Shape::BOTH)) {
        let text = xml(&message, &XmlOptions::DEFAULT);
        let from_xml = Message::parse(&text).unwrap();
        let binary = wbxml(&from_xml, &WbxmlOptions::DEFAULT);
        let from_wbxml = Message::parse(&binary).unwrap();
        prop_assert_eq!(&from_wbxml, &message);
        prop_assert_eq!(xml(&from_wbxml, &XmlOptions::DEFAULT), text);
    }

    #[test]
    fn a_fragment_survives(fragment in fragment(Shape::XML), plain in fragment(Shape::WBXML), options in xml_options()) {
        let options = options.with_strictness(Strictness::Lenient);
        let mut wire = Vec::new();
        fragment.encode_xml(&options, &mut wire).unwrap();
        prop_assert_eq!(fragment.xml_len(&options), Ok(wire.len()));
        // Without a command and a root there is no fragment.
        if fragment.root != FragmentRoot::Commands || !fragment.commands.is_empty() {
            prop_assert_eq!(&Fragment::parse(&wire).unwrap(), &fragment, "{}", String::from_utf8_lossy(&wire));
        }
        let mut wire = Vec::new();
        plain.encode_wbxml(&LENIENT_WBXML, &mut wire).unwrap();
        let mut expected = plain.clone();
        if expected.root != FragmentRoot::Message {
            expected.root = FragmentRoot::SyncMl;
        }
        // WBXML always names a version.
        let read = Fragment::parse(&wire).unwrap();
        if expected.namespace == dm_syncml::Namespace::Absent {
            expected.namespace = read.namespace.clone();
        }
        prop_assert_eq!(&read, &expected, "{:02X?}", wire);
    }

    #[test]
    fn bytes_survive_the_way_through_xml(message in message(Shape::WBXML)) {
        let options = ConvertOptions::DEFAULT.with_binary(Binary::Base64);
        let wire = wbxml(&message, &WbxmlOptions::DEFAULT);
        // A chunk of bytes that could not be joined to the next is refused.
        if let Ok(converted) = Message::parse(&wire).unwrap().convert(Encoding::Xml, &options) {
            let text = xml(&converted, &XmlOptions::DEFAULT);
            let read = Message::parse(&text).unwrap();
            prop_assert_eq!(&read, &converted);
            for (before, after) in message.walk().zip(read.walk()) {
                for (before, after) in before.items().iter().zip(after.items()) {
                    let (Some(before), Some(after)) = (&before.data, &after.data) else { continue };
                    if let Content::Opaque(bytes) = &before.content {
                        let same = after.as_bytes() == Some(bytes) || after.decode_base64().as_deref() == Ok(bytes);
                        prop_assert!(same, "{:?} {:?}", before, after);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_owned_is_the_same(message in message(Shape::XML)) {
        let wire = xml(&message, &XmlOptions::DEFAULT);
        let owned = Message::parse(&wire).unwrap().into_owned();
        prop_assert_eq!(&owned, &message);
        prop_assert_eq!(xml(&owned, &XmlOptions::DEFAULT), wire);
    }

    #[test]
    fn assigned_ids_are_distinct_and_numbers(mut message in message(Shape::XML.lenient()), first in any::<u32>()) {
        let commands = message.walk().filter(|command| command.cmd_id().is_some()).count();
        let ids = message.assign_cmd_ids(first);
        prop_assert_eq!(ids.len(), commands);
        let numbers = (u64::from(first.max(1))..).take(commands).map(|number| number.to_string());
        prop_assert!(ids.iter().map(|(_, new)| new.as_str().to_owned()).eq(numbers));
        let in_place = message.walk().filter_map(|command| command.cmd_id());
        prop_assert!(in_place.eq(ids.iter().map(|(_, new)| new)));
    }

    #[test]
    fn a_tree_survives_both_forms(tree in tree()) {
        let text = tree.to_xml().unwrap();
        prop_assert_eq!(&Element::parse_xml(text.as_bytes(), &Limits::DEFAULT).unwrap(), &tree, "{}", text);
        let binary = tree.to_wbxml(&WbxmlOptions::DEFAULT).unwrap();
        prop_assert_eq!(&Element::parse_wbxml(&binary, &Limits::DEFAULT).unwrap(), &tree, "{:02X?}", binary);
    }

    #[test]
    fn on_an_error_the_sink_is_as_it_was(message in message(Shape::XML), room in 0..400_usize) {
        let whole = xml(&message, &XmlOptions::DEFAULT);
        let mut buffer = vec![0; room];
        let mut sink = dm_syncml::SliceSink::new(&mut buffer);
        match message.encode_xml(&LENIENT_XML, &mut sink) {
            Ok(()) => prop_assert_eq!(sink.written(), whole),
            Err(error) => {
                prop_assert!(error.offset() <= room && room < whole.len());
                prop_assert_eq!(sink.written(), b"");
            }
        }
    }
}
