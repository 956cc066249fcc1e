//! Field notes §2.1: the envelope and its encoding. Each test is named after its row.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use dm_syncml::{
    ContentType, DeviationKind, ErrorKind, Fragment, FragmentRoot, Limits, MediaType, Message, Namespace, Strictness,
    XmlOptions, utf8,
};
use notes::{fragment, marked, message, msg, names, refused, refused_fragment};

const GET: &str = "<Get><CmdID>1</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target></Item></Get>";

#[test]
fn e01_byte_order_mark() {
    let plain = message(&msg(GET), &[]);
    assert_eq!(message(&format!("‸\u{FEFF}{}", msg(GET)), &[DeviationKind::ByteOrderMark]), plain);
    let with_declaration = format!("‸\u{FEFF}<?xml version=\"1.0\"?>{}", msg(GET));
    assert_eq!(message(&with_declaration, &[DeviationKind::ByteOrderMark]), plain);
    // One is enough.
    refused(&format!("\u{FEFF}‸\u{FEFF}{}", msg(GET)), ErrorKind::NotSyncMl);
}

#[test]
fn e02_space_before_the_declaration() {
    let plain = message(&msg(GET), &[]);
    let text = format!("‸\r\n \t<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", msg(GET));
    assert_eq!(message(&text, &[DeviationKind::LeadingSpace]), plain);
    // Without a declaration it is only white space before the root, which XML allows.
    assert_eq!(message(&format!("\n  {}", msg(GET)), &[]), plain);
    // A declaration behind anything else is none.
    refused(&format!("<!-- log -->‸<?xml version=\"1.0\"?>{}", msg(GET)), ErrorKind::DeclarationInside);
}

#[test]
fn e03_the_label_says_utf_16_and_the_bytes_do_not() {
    let plain = message(&msg(GET), &[]);
    let text = format!("<?xml version = \"1.0\" ‸encoding = \"utf-16\" ?>{}", msg(GET));
    assert_eq!(message(&text, &[DeviationKind::DeclaredEncoding]), plain);
    // A mark counts before the label.
    let text = format!("‸\u{FEFF}<?xml version=\"1.0\" ‸encoding='UTF-16'?>{}", msg(GET));
    assert_eq!(message(&text, &[DeviationKind::ByteOrderMark, DeviationKind::DeclaredEncoding]), plain);
}

#[test]
fn e03_real_utf_16_is_transcoded_first() {
    let text = format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{}", msg(GET));
    for (mark, unit) in [
        (&[0xFF, 0xFE][..], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (&[0xFE, 0xFF], u16::to_be_bytes),
        (&[], u16::to_le_bytes),
        (&[], u16::to_be_bytes),
    ] {
        let wide: Vec<u8> = mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect();
        for strictness in [Strictness::Lenient, Strictness::Strict] {
            let error = Message::parse_with(&wide, strictness, &Limits::DEFAULT).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ErrorKind::CharacterSet, 0));
        }
        let narrow = utf8(&wide).unwrap();
        assert_eq!(&*narrow, text.as_bytes());
        assert_eq!(Message::parse(&narrow).unwrap(), Message::parse(msg(GET).as_bytes()).unwrap());
    }
}

#[test]
fn e04_labels_of_utf_8() {
    let plain = message(&msg(GET), &[]);
    for declaration in [
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8'?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<?xml version = \"1.0\" encoding = \"Utf-8\" ?>",
        "<?xml version=\"1.0\"\n\tencoding=\"utf-8\" standalone=\"yes\"?>\n",
        "",
    ] {
        assert_eq!(message(&format!("{declaration}{}", msg(GET)), &[]), plain, "{declaration}");
    }
}

#[test]
fn e05_doctype() {
    let plain = message(&msg(GET), &[]);
    for doctype in [
        "<!DOCTYPE SyncML PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"http://www.openmobilealliance.org/x.dtd\">",
        "<!DOCTYPE SyncML PUBLIC '-//SYNCML//DTD SyncML 1.1//EN' ''>",
        "<!DOCTYPE SyncML SYSTEM 'syncml.dtd' >",
        "<!DOCTYPE SyncML>",
    ] {
        let text = format!("<?xml version=\"1.0\"?>\n‸{doctype}\n{}", msg(GET));
        assert_eq!(message(&text, &[DeviationKind::DoctypePresent]), plain, "{doctype}");
    }
}

fn rooted(namespace: &str) -> String {
    msg(GET).replacen("xmlns=\"SYNCML:SYNCML1.2\"", namespace, 1)
}

#[test]
fn e06_namespaces_of_the_root() {
    for (attribute, namespace, kinds) in [
        ("xmlns=\"SYNCML:SYNCML1.2\"", Namespace::SyncMl12, &[][..]),
        ("xmlns='SYNCML:SYNCML1.2' ", Namespace::SyncMl12, &[]),
        ("xmlns=\"SYNCML:SYNCML1&#46;2\"", Namespace::SyncMl12, &[]),
        ("xmlns=\"SYNCML:SYNCML1.1\"", Namespace::SyncMl11, &[]),
        ("xmlns=\"SYNCML:SYNCML1.0\"", Namespace::SyncMl10, &[]),
        ("", Namespace::Absent, &[DeviationKind::NamespaceAbsent]),
        ("xmlns=\"\"", Namespace::Absent, &[DeviationKind::NamespaceAbsent]),
        ("xmlns=\"syncml:SYNCML1.2\"", Namespace::SyncMl12, &[DeviationKind::NamespaceCase]),
        ("xmlns=\"syncml:syncml1.1\"", Namespace::SyncMl11, &[DeviationKind::NamespaceCase]),
        ("xmlns=\"urn:x\"", Namespace::from("urn:x"), &[DeviationKind::NamespaceUnknown]),
        ("xmlns=\"a&amp;b\"", Namespace::from("a&b"), &[DeviationKind::NamespaceUnknown]),
    ] {
        let text = rooted(attribute);
        let text = if kinds.is_empty() { text } else { format!("‸{text}") };
        let found = message(&text, kinds);
        assert_eq!(found.namespace, namespace, "{attribute}");
        assert_eq!(found.commands, message(&msg(GET), &[]).commands, "{attribute}");
    }
}

#[test]
fn e06_the_namespace_is_not_tied_to_the_version() {
    // Namespace 1.1 with VerDTD 1.2 is what Windows 11 takes.
    assert_eq!(message(&rooted("xmlns=\"SYNCML:SYNCML1.1\""), &[]).header.ver_dtd, "1.2");
}

#[test]
fn e06_the_answer_is_in_the_namespace_of_the_peer() {
    for (attribute, expected) in [
        ("xmlns=\"SYNCML:SYNCML1.1\"", "<SyncML xmlns=\"SYNCML:SYNCML1.1\">"),
        ("xmlns=\"syncml:SYNCML1.2\"", "<SyncML xmlns=\"SYNCML:SYNCML1.2\">"),
        ("", "<SyncML>"),
    ] {
        let text = rooted(attribute);
        let asked = Message::parse(text.as_bytes()).unwrap();
        let answer = Message::new(asked.header.clone()).with_namespace(asked.namespace.clone());
        let mut wire = Vec::new();
        let lenient = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
        answer.encode_xml(&lenient, &mut wire).unwrap();
        assert!(String::from_utf8(wire).unwrap().contains(expected), "{attribute}");
    }
}

#[test]
fn e07_the_namespace_is_taken_away_on_a_command() {
    let text =
        msg("‸<Get xmlns=\"\">‸<CmdID>1</CmdID>‸<Item>‸<Target>‸<LocURI>./DevInfo/Man</LocURI></Target></Item></Get>");
    let found = message(&text, &[DeviationKind::NamespaceOther; 5]);
    assert_eq!(found, message(&msg(GET), &[]));
    // And given back behind it.
    let text = msg(&format!("‸<Get xmlns=\"\">‸<CmdID>1</CmdID>{GET}</Get>").replace(GET, "‸<Item/>"));
    message(&text, &[DeviationKind::NamespaceOther; 3]);
}

#[test]
fn e08_prefixes() {
    let expected = message(
        &msg(&GET.replace("</Target>", "</Target><Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta>")),
        &[],
    );
    // On the protocol elements.
    let prefixed =
        msg(&GET.replace("</Target>", "</Target><Meta><A:Format xmlns:A=\"syncml:metinf\">chr</A:Format></Meta>"));
    assert_eq!(message(&prefixed, &[]), expected);
    let all = prefixed
        .replace("xmlns=", "xmlns:s=")
        .replace("</", "</s:")
        .replace('<', "<s:")
        .replace("<s:/s:", "</s:")
        .replace("s:A:", "A:");
    assert!(all.starts_with("<s:SyncML xmlns:s=\"SYNCML:SYNCML1.2\"><s:SyncHdr><s:VerDTD>1.2</s:VerDTD>"), "{all}");
    assert_eq!(message(&all, &[]), expected);
    // At the root, for Meta.
    let root = prefixed.replace(" xmlns:A=\"syncml:metinf\"", "").replacen(">", " xmlns:A=\"syncml:metinf\">", 1);
    assert_eq!(message(&root, &[]), expected);
}

#[test]
fn e08_undeclared_prefixes_in_fragments() {
    let text = "‸<Get><CmdID>1</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target>\
        <Meta>‸<A:Format>chr</A:Format></Meta></Item></Get>";
    let found = fragment(text, &[DeviationKind::NamespaceAbsent, DeviationKind::PrefixUndeclared]);
    assert_eq!(found.commands[0].items()[0].meta.as_ref().unwrap().format().unwrap().as_str(), "chr");
    // On the wire they mean nothing.
    refused(&msg("<Get><CmdID>1</CmdID><Meta><‸A:Format>chr</A:Format></Meta><Item/></Get>"), ErrorKind::UnboundPrefix);
    refused(&msg("<‸x:Get><CmdID>1</CmdID><Item/></x:Get>"), ErrorKind::UnboundPrefix);
}

#[test]
fn e08_a_prefix_ends_with_its_element() {
    refused(
        &msg("<Get xmlns:m=\"SYNCML:SYNCML1.2\"><m:CmdID>1</m:CmdID><Item/></Get><‸m:Get><CmdID>2</CmdID></m:Get>"),
        ErrorKind::UnboundPrefix,
    );
    // And may be bound again inside.
    let text =
        msg("<m:Get xmlns:m=\"SYNCML:SYNCML1.2\"><m:CmdID>1</m:CmdID>‸<m:Item xmlns:m=\"urn:x\"/><m:Item/></m:Get>");
    let found = message(&text, &[DeviationKind::UnknownElement]);
    assert_eq!(found.commands[0].items().len(), 1);
}

#[test]
fn e09_declarations_on_the_body() {
    let text =
        msg(GET).replace("<SyncBody>", "<SyncBody xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\">");
    let found = message(&text, &[]);
    assert_eq!(found.declarations.len(), 1);
    assert_eq!(found.declarations[0].prefix, "msft");
    let again = String::from_utf8(found.to_xml().unwrap()).unwrap();
    assert!(again.contains("<SyncBody xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\">"), "{again}");
}

#[test]
fn e10_comments_and_instructions_anywhere() {
    let mut text = String::from("<?xml version=\"1.0\"?><!-- first --><?log 1?>");
    text.push_str(&msg(GET).replace("><", "><!-- > <Get> &nbsp; - --><?pi > ?><"));
    text.push_str("<!-- last --> <?end?>\n");
    assert_eq!(message(&text, &[]), message(&msg(GET), &[]));
    // Before the CmdID, as Fleet stamps them, and in the middle of a value.
    let stamped = msg(&GET.replace("<CmdID>1", "<!-- x --><CmdID><!-- y -->1<!-- z -->").replace("Man", "M<?p?>an"));
    assert_eq!(message(&stamped, &[]), message(&msg(GET), &[]));
}

#[test]
fn e11_line_ends_and_indentation() {
    let plain = message(&msg(GET), &[]);
    for space in ["\r\n", "\n    ", "\t", "\r", " \r\n\t \n"] {
        assert_eq!(message(&msg(GET).replace("><", &format!(">{space}<")), &[]), plain, "{space:?}");
    }
    // Ends of tags too.
    assert_eq!(message(&msg(GET).replace("</Item>", "</Item\r\n>").replace("</SyncBody>", "</SyncBody >"), &[]), plain);
    let long = msg(&GET.repeat(600).replace("<CmdID>1<", "<CmdID></CmdID><CmdID><"))
        .replace("<CmdID></CmdID><CmdID><", "<CmdID>9<");
    assert!(long.len() > 50_000 && !long.contains('\n'));
    assert_eq!(Message::parse(long.as_bytes()).unwrap().commands.len(), 600);
}

#[test]
fn e12_fragments() {
    let absent = [DeviationKind::NamespaceAbsent];
    for (text, root, count) in [
        (format!("‸{GET}"), FragmentRoot::Commands, 1),
        (format!("‸<SyncBody>{GET}<Final/></SyncBody>"), FragmentRoot::SyncBody, 1),
        (format!("‸<SyncML><SyncBody>{GET}</SyncBody></SyncML>"), FragmentRoot::SyncMl, 1),
        ("‸<SyncBody/>".into(), FragmentRoot::SyncBody, 0),
    ] {
        let found = fragment(&text, &absent);
        assert_eq!((found.root, found.commands.len(), found.header), (root, count, None), "{text}");
    }
    assert_eq!(fragment(&msg(GET), &[]).root, FragmentRoot::Message);
    // Several side by side, with comments and white space between.
    let second = GET.replace(">1<", ">2<");
    let found = fragment(&format!("‸{GET}\n<!-- next -->{second}\n"), &absent);
    assert_eq!(names(&found.commands), ["Get", "Get"]);
    assert_eq!(
        fragment(&GET.replacen("<Get>", "<Get xmlns=\"SYNCML:SYNCML1.2\">", 1), &[]).commands,
        [found.commands[0].clone()]
    );
    // On the wire they are no messages.
    refused(&format!("‸{GET}"), ErrorKind::Root);
    refused(&format!("‸<SyncBody>{GET}</SyncBody>"), ErrorKind::Root);
    refused(
        &format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncBody>{GET}</SyncBody></SyncML>‸"),
        ErrorKind::MissingPart,
    );
    // Nothing to be found is an error: comments are not a profile.
    refused_fragment("<!-- nothing -->‸", ErrorKind::UnexpectedEnd);
    refused_fragment("\n‸", ErrorKind::UnexpectedEnd);
    refused_fragment("‸nothing", ErrorKind::NotSyncMl);
}

#[test]
fn e13_commands_outside_the_body() {
    let found = fragment(
        &format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\">‸{GET}{}</SyncML>", GET.replace(">1<", ">2<")),
        &[DeviationKind::CommandOutsideBody],
    );
    assert_eq!(found.commands.len(), 2);
    // Beside a body it is anybody's guess which counts.
    refused_fragment(&format!("<SyncML><SyncBody/>‸{GET}</SyncML>"), ErrorKind::Duplicate);
    refused(&msg(GET).replace("<SyncBody>", &format!("‸{GET}<SyncBody>")), ErrorKind::UnexpectedElement);
    refused(&msg(GET).replace("</SyncML>", "‸<Delete/></SyncML>"), ErrorKind::UnexpectedElement);
}

#[test]
fn e14_cut_off_documents_are_salvaged() {
    let second = GET.replace(">1<", ">2<");
    let whole = msg(&format!("{GET}{second}"));
    let first_end = whole.find(&second).unwrap();
    let second_end = first_end + second.len();
    for cut in 0..whole.len() {
        let (parsed, error) = Fragment::salvage(&whole.as_bytes()[..cut], &Limits::DEFAULT);
        let error = error.unwrap();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, cut), "{}", &whole[..cut]);
        let complete = usize::from(cut >= first_end) + usize::from(cut >= second_end);
        assert_eq!(parsed.value.commands.len(), complete, "{}", &whole[..cut]);
    }
    // Bad bytes end it as well, wherever they are.
    let mut log = whole.clone().into_bytes();
    log[second_end - 3] = 0xFF;
    let (parsed, error) = Fragment::salvage(&log, &Limits::DEFAULT);
    let error = error.unwrap();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidUtf8, second_end - 3));
    assert_eq!(parsed.value.commands.len(), 1);
    assert!(parsed.value.header.is_some());
}

#[test]
fn e15_content_types_are_compared_by_their_essence() {
    for text in [
        "application/vnd.syncml.dm+xml",
        "application/vnd.syncml.dm+xml; charset=utf-8",
        "Application/Vnd.SyncML.DM+XML;charset=UTF-8",
    ] {
        assert_eq!(ContentType::parse(text).unwrap().media_type(), MediaType::DmXml, "{text}");
    }
}

#[test]
fn marks_are_taken_out() {
    assert_eq!(marked("a‸b‸"), ("ab".into(), vec![1, 2]));
}
