//! What WBXML is in the field (W1 to W16) and what of it has to be refused, a test for each.
//!
//! The files under `tests/vectors/syncml/wbxml/bad` say the same with bytes and offsets; here stands what a person would
//! look up.
#![cfg(feature = "wbxml")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use dm_syncml::{
    Command, Content, DeviationKind, Element, Error, ErrorKind, Limits, Message, Name, Namespace, Node, Page, Parsed,
    Strictness, Tag, WbxmlOptions, WbxmlVersion,
};

const HEAD: &[u8] = &[0x02, 0xA4, 0x01, 0x6A, 0x00];
const TEXT_ID: &[u8] = b"-//SYNCML//DTD SyncML 1.2//EN";

fn text(token: u8, text: &str) -> Vec<u8> {
    [&[token, 0x03], text.as_bytes(), &[0, 1]].concat()
}

fn element(token: u8, children: &[&[u8]]) -> Vec<u8> {
    [&[token], &children.concat()[..], &[1]].concat()
}

/// A header with this SessionID element and this version.
fn header_of(version: &str, protocol: &str, session: &[u8]) -> Vec<u8> {
    let target = element(0x6E, &[&text(0x57, "IMEI:1")]);
    let source = element(0x67, &[&text(0x57, "https://a")]);
    element(0x6C, &[&text(0x71, version), &text(0x72, protocol), session, &text(0x5B, "1"), &target, &source])
}

/// A message whose body holds these bytes, behind this head.
fn message(head: &[u8], body: &[u8]) -> Vec<u8> {
    let header = header_of("1.2", "DM/1.2", &text(0x65, "2F"));
    [head, &element(0x6D, &[&header, &element(0x6B, &[body])])].concat()
}

/// The same with another SessionID element.
fn with_session(session: &[u8]) -> Vec<u8> {
    [HEAD, &element(0x6D, &[&header_of("1.2", "DM/1.2", session), &element(0x6B, &[&[0x12]])])].concat()
}

/// A Replace whose Data element is these bytes.
fn replace(data: &[u8]) -> Vec<u8> {
    let target = element(0x6E, &[&text(0x57, "./A")]);
    element(0x60, &[&text(0x4B, "2"), &element(0x54, &[&target, data])])
}

fn strict(input: &[u8]) -> Result<Message<'_>, Error> {
    Message::parse_wbxml(input, Strictness::Strict, &Limits::DEFAULT).map(|parsed| parsed.value)
}

/// The message and the kinds of what was let pass.
fn lenient(input: &[u8]) -> (Message<'static>, Vec<DeviationKind>) {
    let Parsed { value, deviations, .. } = Message::parse_wbxml(input, Strictness::Lenient, &Limits::DEFAULT).unwrap();
    (value.into_owned(), deviations.iter().map(dm_syncml::Deviation::kind).collect())
}

fn refused(input: &[u8]) -> (ErrorKind, usize) {
    let error = Message::parse(input).unwrap_err();
    assert!(strict(input).is_err());
    (error.kind(), error.offset())
}

fn data<'m, 'a>(message: &'m Message<'a>) -> &'m Content<'a> {
    &message.commands[0].items()[0].data.as_ref().unwrap().content
}

#[test]
fn w01_versions_1_1_to_1_3_are_read_and_written_and_1_0_is_reported() {
    for (byte, version) in [(0x01, WbxmlVersion::V1_1), (0x02, WbxmlVersion::V1_2), (0x03, WbxmlVersion::V1_3)] {
        let input = message(&[byte, 0xA4, 0x01, 0x6A, 0x00], &[0x12]);
        let mut again = Vec::new();
        let options = WbxmlOptions::DEFAULT.with_version(version);
        strict(&input).unwrap().encode_wbxml(&options, &mut again).unwrap();
        assert_eq!(again, input);
    }
    // 1.0 has no character set in its head.
    assert_eq!(lenient(&message(&[0x00, 0xA4, 0x01, 0x00], &[0x12])).1, [DeviationKind::WbxmlVersion]);
    for byte in [0x04, 0x0F, 0x10, 0x12] {
        assert_eq!(refused_wbxml(&message(&[byte, 0xA4, 0x01, 0x6A, 0x00], &[0x12])), (ErrorKind::NotSyncMl, 0));
    }
}

fn refused_wbxml(input: &[u8]) -> (ErrorKind, usize) {
    let error = Message::parse_wbxml(input, Strictness::Lenient, &Limits::DEFAULT).unwrap_err();
    (error.kind(), error.offset())
}

#[test]
fn w02_the_public_id_is_a_number_or_a_text_of_the_table() {
    for (number, text, namespace, version) in [
        ([0x9F, 0x51], "-//SYNCML//DTD SyncML 1.0//EN", Namespace::SyncMl10, "1.0"),
        ([0x9F, 0x53], "-//SYNCML//DTD SyncML 1.1//EN", Namespace::SyncMl11, "1.1"),
        ([0xA4, 0x01], "-//SYNCML//DTD SyncML 1.2//EN", Namespace::SyncMl12, "1.2"),
    ] {
        let header = header_of(version, "DM/1.2", &self::text(0x65, "2F"));
        let root = element(0x6D, &[&header, &element(0x6B, &[&[0x12]])]);
        let by_number = [&[0x02, number[0], number[1], 0x6A, 0x00], &root[..]].concat();
        let by_text = [&[0x02, 0x00, 0x00, 0x6A, 0x1E], text.as_bytes(), &[0], &root[..]].concat();
        let (one, deviations) = lenient(&by_number);
        assert_eq!(one.namespace, namespace);
        assert!(!deviations.contains(&DeviationKind::PublicId), "{deviations:?}");
        assert_eq!(lenient(&by_text).0, one);
    }
    // An unknown one is read with the tables of 1.2.
    let unknown = message(&[0x02, 0x01, 0x6A, 0x00], &[0x12]);
    assert_eq!(lenient(&unknown).1, [DeviationKind::PublicId]);
}

#[test]
fn w03_the_text_of_the_public_id_may_end_with_the_table() {
    let input = message(&[&[0x02, 0x00, 0x00, 0x6A, 0x1D], TEXT_ID].concat(), &[0x12]);
    assert_eq!(strict(&input).unwrap(), strict(&message(HEAD, &[0x12])).unwrap());
    // Any string of the table may.
    let table = [&[0x02, 0xA4, 0x01, 0x6A, 0x03], &b"./B"[..]].concat();
    let target = element(0x6E, &[&[0x57, 0x83, 0x00, 0x01]]);
    let input = message(&table, &element(0x53, &[&text(0x4B, "2"), &element(0x54, &[&target])]));
    assert_eq!(strict(&input).unwrap().commands[0].items()[0].target_uri().unwrap().as_str(), "./B");
}

#[test]
fn w04_version_and_public_id_may_differ() {
    for (number, version, protocol) in [([0xA4, 0x01], "1.1", "DM/1.1"), ([0x9F, 0x53], "1.2", "DM/1.2")] {
        let header = header_of(version, protocol, &text(0x65, "2F"));
        let root = element(0x6D, &[&header, &element(0x6B, &[&[0x12]])]);
        let input = [&[0x02, number[0], number[1], 0x6A, 0x00], &root[..]].concat();
        let (found, deviations) = lenient(&input);
        assert_eq!((&*found.header.ver_dtd, &*found.header.ver_proto), (version, protocol));
        assert!(deviations.contains(&DeviationKind::PublicId), "{deviations:?}");
    }
}

#[test]
fn w05_an_index_may_point_into_a_string() {
    let table = [&[0x02, 0xA4, 0x01, 0x6A, 0x0A], &b"./DevInfo\0"[..]].concat();
    let input = message(&table, &replace(&[0x4F, 0x83, 0x02, 0x01]));
    assert_eq!(*data(&strict(&input).unwrap()), Content::Text("DevInfo".into()));
    // At the NUL there is an empty string; behind the table there is nothing.
    assert_eq!(
        *data(&strict(&message(&table, &replace(&[0x4F, 0x83, 0x09, 0x01]))).unwrap()),
        Content::Text("".into())
    );
    assert_eq!(refused(&message(&table, &replace(&[0x4F, 0x83, 0x0A, 0x01]))).0, ErrorKind::WbxmlStringIndex);
}

#[test]
fn w06_pieces_are_joined() {
    let table = [&[0x02, 0xA4, 0x01, 0x6A, 0x03], &b"bc\0"[..]].concat();
    let pieces = [&[0x03], &b"a"[..], &[0x00, 0x83, 0x00, 0x02, 0x64, 0xC3, 0x01], b"e", &[0x02, 0x81, 0x69]].concat();
    let input = message(&table, &replace(&[&[0x4F], &pieces[..], &[0x01]].concat()));
    assert_eq!(*data(&strict(&input).unwrap()), Content::Text("abcde\u{E9}".into()));
    let input = [
        &table,
        &element(
            0x6D,
            &[&header_of("1.2", "DM/1.2", &[&[0x65], &pieces[..], &[0x01]].concat()), &element(0x6B, &[&[0x12]])],
        )[..],
    ]
    .concat();
    assert_eq!(lenient(&input).0.header.session_id.as_str(), "abcde\u{E9}");
    // Bytes that are not text make all of it bytes.
    let input = message(HEAD, &replace(&[0x4F, 0x03, b'a', 0x00, 0xC3, 0x01, 0xFF, 0x03, b'b', 0x00, 0x01]));
    assert_eq!(*data(&strict(&input).unwrap()), Content::Opaque(b"a\xFFb"[..].into()));
}

#[test]
fn w07_text_may_come_as_opaque() {
    let input = with_session(&[0x65, 0xC3, 0x02, b'2', b'F', 0x01]);
    assert_eq!(strict(&input).unwrap().header.session_id.as_str(), "2F");
    // In Data the difference is kept, and both views are there.
    let input = message(HEAD, &replace(&[0x4F, 0xC3, 0x01, b'x', 0x01]));
    let found = strict(&input).unwrap();
    assert_eq!(*data(&found), Content::Opaque(b"x"[..].into()));
    assert_eq!(found.commands[0].items()[0].data.as_ref().unwrap().as_text(), Some("x"));
}

#[test]
fn w08_a_nested_document_stays_bytes_until_asked_for() {
    let document =
        [&[0x02, 0x00, 0x00, 0x6A, 0x1B], &b"-//OMA//DTD-DM-DDF 1.2//EN\0"[..], &[0, 2, 0x60, 0x37, 1]].concat();
    let input = message(HEAD, &replace(&[&[0x4F, 0xC3, document.len() as u8], &document[..], &[1]].concat()));
    let found = strict(&input).unwrap();
    assert_eq!(*data(&found), Content::Opaque(document.clone().into()));
    let bytes = found.commands[0].items()[0].data.as_ref().unwrap().as_bytes().unwrap();
    let tree = Element::parse_wbxml(bytes, &Limits::DEFAULT).unwrap();
    assert!(tree.name().is(Tag::by_name(Page::DmDdf, "MgmtTree").unwrap()));
    assert_eq!(tree.to_wbxml(&WbxmlOptions::DEFAULT).unwrap(), document);
    // DevInf has tokens of its own on page 0.
    let document = [0x02, 0xA4, 0x03, 0x6A, 0x00, 0x4A, 0x51, 0x03, b'M', 0x00, 0x01, 0x01];
    let device = Element::parse_wbxml(&document, &Limits::DEFAULT).unwrap();
    assert!(device.name().is(Tag::by_name(Page::DevInf, "DevInf").unwrap()));
    assert_eq!(device.view().child(Tag::by_name(Page::DevInf, "Man").unwrap()).unwrap().text(), "M");
    assert_eq!(device.to_wbxml(&WbxmlOptions::DEFAULT).unwrap(), document);
}

#[test]
fn w09_pages_stay_until_the_next_switch() {
    // Redundant switches, before tags and before END.
    let meta = [
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x5A, 0x00, 0x01, 0x00, 0x01, 0x47, 0x03, b'b', b'i', b'n', 0x00, 0x01,
        0x00, 0x02, 0x01,
    ];
    let data_element = [0x00, 0x00, 0x4F, 0x03, b'x', 0x00, 0x00, 0x01, 0x01];
    let input = message(HEAD, &replace(&[&meta[..], &data_element, &[0x00, 0x00]].concat()));
    let found = strict(&input).unwrap();
    assert_eq!(found.commands[0].items()[0].meta.as_ref().unwrap().format().unwrap().as_str(), "bin");
    assert_eq!(*data(&found), Content::Text("x".into()));
    // Without the switch back 0F is `Next` of page 1: END does not restore the page.
    let body = [&meta[..meta.len() - 3], &[0x01, 0x4F, 0x03, b'x', 0x00, 0x01]].concat();
    let (found, deviations) = lenient(&message(HEAD, &[&replace(&body)[..], &[0x00, 0x00]].concat()));
    assert!(found.commands[0].items()[0].data.is_none());
    assert_eq!(deviations, [DeviationKind::DsElement]);
    // A page that does not exist matters only when a tag is read on it.
    assert!(strict(&message(HEAD, &[0x00, 0x07, 0x00, 0x00, 0x12])).is_ok());
    assert!(strict(&message(HEAD, &[0x12, 0x00, 0x07])).is_ok());
    assert_eq!(refused(&message(HEAD, &[0x00, 0x07, 0x12])).0, ErrorKind::WbxmlPage);
}

#[test]
fn w10_every_empty_form_is_empty() {
    for form in [
        &[0x0F][..],
        &[0x4F, 0x01],
        &[0x4F, 0x03, 0x00, 0x01],
        &[0x4F, 0xC3, 0x00, 0x01],
        &[0x4F, 0xC3, 0x00, 0x03, 0x00, 0x01],
    ] {
        let input = message(HEAD, &replace(form));
        assert_eq!(*data(&strict(&input).unwrap()), Content::Text("".into()), "{form:02X?}");
    }
    for form in [&[0x25][..], &[0x65, 0x01], &[0x65, 0x03, 0x00, 0x01], &[0x65, 0xC3, 0x00, 0x01]] {
        let input = with_session(form);
        let (found, deviations) = lenient(&input);
        assert!(found.header.session_id.is_empty());
        assert_eq!(deviations, [DeviationKind::EmptyElement], "{form:02X?}");
    }
    for form in [&[0x12][..], &[0x52, 0x01], &[0x52, 0x03, 0x00, 0x01]] {
        assert!(strict(&message(HEAD, form)).unwrap().is_final, "{form:02X?}");
    }
    // A tag without content has no children: what follows is its neighbour.
    let (found, _) = lenient(&message(HEAD, &[0x10, 0x12]));
    assert!(found.commands[0].items().is_empty() && found.is_final);
    let (found, _) = lenient(&message(HEAD, &[&[0x10][..], &text(0x4B, "2")].concat()));
    assert_eq!(found.commands[0].cmd_id().unwrap().as_str(), "");
    assert_eq!(found.commands.len(), 2);
}

#[test]
fn w11_character_sets() {
    for charset in [&[0x6A][..], &[0x03], &[0x00]] {
        let head = [&[0x02, 0xA4, 0x01], charset, &[0x00]].concat();
        let input = message(&head, &replace(&text(0x4F, "\u{E9}")));
        assert_eq!(*data(&strict(&input).unwrap()), Content::Text("\u{E9}".into()));
    }
    let latin = message(&[0x02, 0xA4, 0x01, 0x04, 0x00], &replace(&[0x4F, 0x03, 0xE9, 0x00, 0x01]));
    assert_eq!(*data(&strict(&latin).unwrap()), Content::Text("\u{E9}".into()));
    for utf16 in [[0x87, 0x75], [0x87, 0x76], [0x87, 0x77]] {
        let input = message(&[0x02, 0xA4, 0x01, utf16[0], utf16[1], 0x00], &[0x12]);
        assert_eq!(refused(&input), (ErrorKind::CharacterSet, 3));
    }
}

#[test]
fn w12_tokens_of_later_versions_are_read_and_reported() {
    let header = header_of("1.1", "DM/1.1", &text(0x65, "2F"));
    let alert = element(0x46, &[&text(0x4B, "1"), &text(0x4F, "1226"), &text(0x7C, "abc")]);
    let root = element(0x6D, &[&header, &element(0x6B, &[&alert])]);
    let input = [&[0x02, 0x9F, 0x53, 0x6A, 0x00], &root[..]].concat();
    let (found, deviations) = lenient(&input);
    let Command::Alert(alert) = &found.commands[0] else { unreachable!() };
    assert_eq!(alert.correlator.as_deref(), Some("abc"));
    assert_eq!(deviations, [DeviationKind::Version, DeviationKind::TokenVersion]);
    let as_12 = [HEAD, &root[..]].concat();
    assert!(!lenient(&as_12).1.contains(&DeviationKind::TokenVersion));
}

#[test]
fn w13_bytes_behind_the_root_are_reported() {
    let input = [message(HEAD, &[0x12]), vec![0x00, 0xFF]].concat();
    assert_eq!(lenient(&input).1, [DeviationKind::TrailingData]);
    assert_eq!(strict(&input).unwrap_err().kind(), ErrorKind::TrailingData);
}

#[test]
fn w14_attributes_are_skipped_and_never_written() {
    let with_attribute = [&[0xCF, 0x05, 0x03], &b"0x86000002"[..], &[0x00, 0x01, 0x03], b"404", &[0x00, 0x01]].concat();
    let input = message(HEAD, &replace(&with_attribute));
    let (found, deviations) = lenient(&input);
    assert_eq!(*data(&found), Content::Text("404".into()));
    assert_eq!(deviations, [DeviationKind::WbxmlAttributes]);
    let mut found = found;
    let Command::Replace(operation) = &mut found.commands[0] else { unreachable!() };
    let attribute = dm_syncml::Attribute { namespace: "u".into(), name: "m:originalerror".into(), value: "1".into() };
    operation.items[0].data.as_mut().unwrap().attributes = [attribute].into_iter().collect();
    assert_eq!(found.to_wbxml().unwrap_err().kind(), ErrorKind::NotEncodable);
}

#[test]
fn w15_a_document_in_an_envelope_is_refused_not_searched() {
    // An OBEX PUT around a message.
    let inside = message(HEAD, &[0x12]);
    let input = [&[0x82, 0x00, 0x60, 0x49, 0x00, 0x5D], &inside[..]].concat();
    assert_eq!(refused(&input), (ErrorKind::NotSyncMl, 0));
}

#[test]
fn w16_a_tree_store_is_refused() {
    // WBXML with public id 1 and a code page of its own.
    let input = [0x03, 0x01, 0x6A, 0x00, 0x00, 0x07, 0x45, 0x46, 0x03, b'a', 0x00, 0x01, 0x01];
    assert_eq!(refused(&input), (ErrorKind::WbxmlPage, 6));
    // On a page that exists the root gives it away.
    assert_eq!(refused(&[0x03, 0x01, 0x6A, 0x00, 0x45, 0x46, 0x03, b'a', 0x00, 0x01, 0x01]).0, ErrorKind::Root);
}

// What has to be refused.

#[test]
fn refused_integers_too_long_or_too_large() {
    assert_eq!(refused(&[0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), (ErrorKind::WbxmlInteger, 1));
    assert_eq!(refused(&[0x02, 0x90, 0x80, 0x80, 0x80, 0x00, 0x6A, 0x00]), (ErrorKind::WbxmlInteger, 1));
}

#[test]
fn refused_lengths_beyond_the_input_cost_no_memory() {
    assert_eq!(refused(&[0x02, 0xA4, 0x01, 0x6A, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F]), (ErrorKind::WbxmlLength, 4));
    let input = [HEAD, &[0x6D, 0x6C, 0x71, 0xC3, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F]].concat();
    assert_eq!(refused(&input), (ErrorKind::WbxmlLength, 9));
}

#[test]
fn refused_indexes_outside_the_table() {
    assert_eq!(refused(&with_session(&[0x65, 0x83, 0x00, 0x01])).0, ErrorKind::WbxmlStringIndex);
    assert_eq!(refused(&message(HEAD, &[0x44, 0x00, 0x01])).0, ErrorKind::WbxmlStringIndex);
    assert_eq!(refused(&message(&[0x02, 0x00, 0x1D, 0x6A, 0x00], &[])), (ErrorKind::WbxmlStringIndex, 2));
}

#[test]
fn refused_entities_that_are_no_characters() {
    // A surrogate, above U+10FFFF, NUL, a control character, U+FFFE, U+FFFF.
    for number in
        [&[0x83, 0xB0, 0x00][..], &[0xC4, 0x80, 0x00], &[0x00], &[0x0B], &[0x83, 0xFF, 0x7E], &[0x83, 0xFF, 0x7F]]
    {
        let input = with_session(&[&[0x65, 0x02], number, &[0x01]].concat());
        assert_eq!(refused(&input).0, ErrorKind::Character, "{number:02X?}");
        let input = message(HEAD, &replace(&[&[0x4F, 0x02], number, &[0x01]].concat()));
        assert_eq!(refused(&input).0, ErrorKind::Character, "{number:02X?}");
    }
}

#[test]
fn refused_strings_without_an_end() {
    let input = [HEAD, &[0x6D, 0x6C, 0x71, 0x03, b'1']].concat();
    assert_eq!(refused(&input), (ErrorKind::UnexpectedEnd, 10));
}

#[test]
fn refused_end_without_a_start_and_starts_without_an_end() {
    assert_eq!(refused(&[HEAD, &[0x01]].concat()), (ErrorKind::WbxmlEnd, 5));
    let input = message(HEAD, &[0x12]);
    assert_eq!(refused(&input[..input.len() - 1]), (ErrorKind::UnexpectedEnd, input.len() - 1));
}

#[test]
fn refused_extensions() {
    for token in [0x40, 0x41, 0x42, 0x80, 0x81, 0x82, 0xC0, 0xC1, 0xC2] {
        assert_eq!(refused(&message(HEAD, &[token, 0x00])).0, ErrorKind::WbxmlExtension);
        assert_eq!(refused(&message(HEAD, &replace(&[0x4F, token, 0x00, 0x01]))).0, ErrorKind::WbxmlExtension);
    }
}

#[test]
fn reported_instructions_literals_and_unknown_tokens() {
    let input = message(HEAD, &[0x43, 0x05, 0x03, b'x', 0x00, 0x01, 0x12]);
    assert_eq!(lenient(&input).1, [DeviationKind::WbxmlInstruction]);
    let table = [&[0x02, 0xA4, 0x01, 0x6A, 0x0A], &b"Final\0Foo\0"[..]].concat();
    let (found, deviations) = lenient(&message(&table, &[0x04, 0x00]));
    assert!(found.is_final);
    assert_eq!(deviations, [DeviationKind::WbxmlLiteral]);
    let (found, deviations) = lenient(&message(&table, &[0x44, 0x06, 0x03, b'x', 0x00, 0x01]));
    assert_eq!(found.commands[0].name(), Some("Foo"));
    assert_eq!(deviations, [DeviationKind::UnknownCommand]);
    // Reserved and unassigned tokens are kept and written back.
    let input = message(HEAD, &replace(&[0x70, 0x3D, 0x7E, 0x03, b'x', 0x00, 0x01, 0x01]));
    let (found, deviations) = lenient(&input);
    let extra = &found.commands[0].items()[0].extras[0];
    assert_eq!(*extra.name(), Name::Token { page: 0, token: 0x30 });
    assert_eq!(extra.nodes()[1], Node::Start(Name::Token { page: 0, token: 0x3D }));
    assert_eq!(deviations, [DeviationKind::UnknownElement; 3]);
    assert_eq!(strict(&input).unwrap_err().kind(), ErrorKind::UnknownElement);
    let mut again = Vec::new();
    found.encode_wbxml(&WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut again).unwrap();
    assert_eq!(again, input);
}

#[test]
fn refused_characters_in_identifiers_are_taken_in_the_bytes_of_data() {
    for bytes in [&b"a\x01"[..], b"a\0", b"\xEF\xBF\xBF"] {
        let opaque = [&[0xC3, bytes.len() as u8], bytes, &[0x01]].concat();
        assert_eq!(refused(&with_session(&[&[0x65], &opaque[..]].concat())).0, ErrorKind::Character);
        let input = message(HEAD, &replace(&[&[0x4F], &opaque[..]].concat()));
        assert_eq!(*data(&strict(&input).unwrap()), Content::Opaque(bytes.to_vec().into()));
    }
    for string in [&b"a\x01"[..], b"\xEF\xBF\xBE"] {
        let inline = [&[0x4F, 0x03], string, &[0x00, 0x01]].concat();
        assert_eq!(refused(&message(HEAD, &replace(&inline))).0, ErrorKind::Character);
    }
}

#[test]
fn refused_bytes_that_are_not_utf_8() {
    for bytes in [&b"\xFF"[..], b"\xC0\xAF", b"\xED\xA0\x80", b"\xC3"] {
        let inline = [&[0x65, 0x03], bytes, &[0x00, 0x01]].concat();
        assert_eq!(refused(&with_session(&inline)).0, ErrorKind::InvalidUtf8);
        let opaque = [&[0x65, 0xC3, bytes.len() as u8], bytes, &[0x01]].concat();
        assert_eq!(refused(&with_session(&opaque)).0, ErrorKind::InvalidUtf8);
    }
}

#[test]
fn refused_nesting_at_the_limit_and_one_more() {
    let nested = |levels: usize| message(HEAD, &[vec![0x7D; levels], vec![1; levels]].concat());
    // SyncML and SyncBody are two levels.
    let deepest = nested(Limits::DEFAULT.max_depth - 2);
    assert!(Message::parse(&deepest).is_ok());
    assert_eq!(refused_wbxml(&nested(Limits::DEFAULT.max_depth - 1)).0, ErrorKind::TooDeep);
    let tree = |levels: usize| {
        let inside = [&[0x4F, 0x00, 0x02][..], &vec![0x64; levels], &vec![1; levels], &[0x00, 0x00, 0x01]].concat();
        message(HEAD, &replace(&inside))
    };
    assert!(strict(&tree(Limits::DEFAULT.max_markup_depth)).is_ok());
    assert_eq!(refused(&tree(Limits::DEFAULT.max_markup_depth + 1)).0, ErrorKind::TooDeep);
    let wide = |count: usize| {
        let inside = [&[0x4F, 0x00, 0x02, 0x60][..], &vec![0x24; count - 1], &[0x01, 0x00, 0x00, 0x01]].concat();
        message(HEAD, &replace(&inside))
    };
    let limits = Limits::DEFAULT.with_max_elements(10);
    let parse = |input: &[u8]| Message::parse_wbxml(input, Strictness::Strict, &limits).map(drop);
    assert!(parse(&wide(10)).is_ok());
    assert_eq!(parse(&wide(11)).unwrap_err().kind(), ErrorKind::TooManyElements);
    let attributes = |count: usize| message(HEAD, &[&[0x92][..], &vec![0x05; count], &[0x01]].concat());
    assert!(Message::parse(&attributes(Limits::DEFAULT.max_attributes)).is_ok());
    assert_eq!(refused_wbxml(&attributes(Limits::DEFAULT.max_attributes + 1)).0, ErrorKind::TooManyAttributes);
}

#[test]
fn refused_longer_than_the_limit() {
    let input = message(HEAD, &[0x12]);
    let parse = |max: usize| {
        Message::parse_wbxml(&input, Strictness::Strict, &Limits::DEFAULT.with_max_message_len(max)).map(drop)
    };
    assert!(parse(input.len()).is_ok());
    let error = parse(input.len() - 1).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, input.len() - 1));
}
