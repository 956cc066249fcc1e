//! Every cause of refusal and every deviation has an input that brings it about, at an exact byte; every bound is met at
//! the bound and one beyond; every cut of every document is refused within what is left.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use std::fs;
use std::path::Path;

use dm_syncml::{
    Data, DeviationKind, Element, Encoding, Error, ErrorKind, Fragment, Limits, Message, Strictness, utf8,
};
use notes::{HEADER, MARK, marked, msg, with_header, with_item};

const GET: &str = "<Get><CmdID>1</CmdID><Item/></Get>";

/// WBXML 1.2 of SyncML 1.2 in UTF-8 without a string table, and a header with nothing in it.
const START: [u8; 7] = [0x02, 0xA4, 0x01, 0x6A, 0x00, 0x6D, 0x2C];

fn binary(rest: &[u8]) -> Vec<u8> {
    START.iter().chain(rest).copied().collect()
}

/// What only encoders and helpers say.
const OF_ENCODERS: &[ErrorKind] = &[
    ErrorKind::NotEncodable,
    ErrorKind::CmdIdZero,
    ErrorKind::NoItems,
    ErrorKind::NoCommands,
    ErrorKind::Base64,
    ErrorKind::BufferTooSmall,
];

/// A cause, and XML with a mark where it is.
fn texts() -> Vec<(ErrorKind, String)> {
    use ErrorKind as E;
    vec![
        (E::UnexpectedEnd, "<SyncML><SyncHdr>‸".into()),
        (E::NotSyncMl, "‸{\"json\": 1}".into()),
        (E::Character, with_item("<Data>‸\u{1}</Data>")),
        (E::Syntax, with_item("<Data>‸& </Data>")),
        (E::NamespaceTooLong, with_item(&format!("<Data ‸xmlns:a='{}'/>", "u".repeat(257)))),
        (E::DeclarationInside, with_item("<Data>‸<?xml version='1.0'?></Data>")),
        (E::UnknownEntity, with_item("<Data>‸&nbsp;</Data>")),
        (E::CdataEnd, with_item("<Data>‸]]></Data>")),
        (E::EndTag, with_item("<Data>1‸</Item>")),
        (E::DuplicateAttribute, with_item("<Data a='1' ‸a='2'/>")),
        (E::UnboundPrefix, with_item("<‸x:y/>")),
        (E::Doctype, format!("<!DOCTYPE SyncML [‸<!ENTITY a 'b'>]>{}", msg(""))),
        (E::OutsideRoot, msg("") + "‸<SyncML/>"),
        (E::Root, "‸<html/>".into()),
        (E::MissingPart, "<SyncML><SyncBody/></SyncML>‸".into()),
        (E::Duplicate, with_item("<Data/>‸<Data/>")),
        (E::UnexpectedText, with_item("‸text")),
        (E::MixedContent, with_item("<Data>‸text<a/></Data>")),
        (E::UnexpectedElement, with_item("<Target><LocURI>‸<a/></LocURI></Target>")),
        (E::TooDeep, with_item(&("<x>".repeat(64) + "‸<x>"))),
        (E::TooManyAttributes, with_item(&format!("<x{} ‸b=''/>", attributes(32)))),
        (E::TooManyNamespaces, with_item(&format!("‸<x{}/>", declarations(32)))),
        (E::SessionIdTooLong, with_header(&HEADER.replace(">1F<", &format!(">‸{}<", "1".repeat(65))), "")),
        (E::UriTooLong, with_item(&format!("<Target><LocURI>‸{}</LocURI></Target>", "a".repeat(4097)))),
        (E::TooManyItems, msg(&format!("<Get>{}‸<Item/></Get>", "<Item/>".repeat(4096)))),
        (E::TooManyCommands, msg(&format!("{}‸<Get/>", "<Get/>".repeat(4096)))),
        (E::TooManyElements, with_item(&format!("<x>{}‸<y/></x>", "<y/>".repeat(65_535)))),
    ]
}

/// A cause, WBXML, and where it is.
/// A table of one string as long as it may be, and one reference to it too many.
fn string_table_use() -> Vec<u8> {
    let mut table = vec![b'a'; 65_535];
    table.push(0);
    let head = [&[0x02, 0xA4, 0x01, 0x6A, 0x84, 0x80, 0x00][..], &table, &[0x6D, 0x6B, 0x46, 0x4B]].concat();
    [head, [0x83, 0x00].repeat(70)].concat()
}

fn binaries() -> Vec<(ErrorKind, Vec<u8>, usize)> {
    use ErrorKind as E;
    vec![
        (E::UnexpectedEnd, START.to_vec(), 7),
        (E::WbxmlInteger, vec![0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 1),
        (E::WbxmlLength, vec![0x02, 0xA4, 0x01, 0x6A, 0x05, 0x41], 4),
        (E::StringTableTooLong, [&[0x02, 0xA4, 0x01, 0x6A, 0x84, 0x80, 0x01][..], &[b'a'; 65_537]].concat(), 4),
        (E::WbxmlStringIndex, binary(&[0x6B, 0x46, 0x4B, 0x83, 0x05]), 11),
        (E::StringTableUse, string_table_use(), 65_547 + 2 * 64 + 1),
        (E::WbxmlToken, vec![0x02, 0xA4, 0x01, 0x6A, 0x01, 0x00, 0x6D, 0x2C, 0x6B, 0x04, 0x00, 0x01, 0x01], 9),
        (E::WbxmlPage, binary(&[0x6B, 0x00, 0x09, 0x05, 0x01, 0x01]), 10),
        (E::WbxmlExtension, binary(&[0x6B, 0xC0]), 8),
        (E::WbxmlEnd, vec![0x02, 0xA4, 0x01, 0x6A, 0x00, 0x01], 5),
        (E::CharacterSet, vec![0x02, 0xA4, 0x01, 0x87, 0x77, 0x00, 0x6D, 0x01], 3),
        (E::NotSyncMl, vec![0x04, 0xA4, 0x01, 0x6A, 0x00, 0x6D, 0x01], 0),
        (E::InvalidUtf8, binary(b"\x6B\x46\x4B\x03\xFF\0\x01\x01\x01\x01"), 11),
        (E::Character, binary(b"\x6B\x46\x4B\x03\x01\0\x01\x01\x01\x01"), 11),
        (E::UnexpectedText, binary(b"\x6B\x03abc\0\x01\x01"), 8),
        (E::UnexpectedElement, binary(b"\x6B\x46\x4B\x05\x01\x01\x01\x01"), 10),
        (E::Duplicate, binary(&[0x2C, 0x2B, 0x01]), 7),
        (E::Root, vec![0x02, 0xA4, 0x01, 0x6A, 0x00, 0x14], 5),
        (E::TooDeep, binary(&[&[0x6B][..], &[0x64; 100]].concat()), 16),
        (E::TooManyElements, binary(&[&[0x6B, 0x53][..], &[0x1D; 65_537]].concat()), 65_545),
    ]
}

fn attributes(count: usize) -> String {
    (0..count).map(|at| format!(" a{at}=''")).collect()
}

fn declarations(count: usize) -> String {
    (0..count).map(|at| format!(" xmlns:a{at}='u'")).collect()
}

#[test]
fn every_cause_has_an_input() {
    let mut seen: Vec<ErrorKind> = Vec::new();
    for (kind, text) in texts() {
        let (plain, marks) = marked(&text);
        // Not every example is a message of the right kind for the entry with detection of the form.
        let error = Message::parse_xml(plain.as_bytes(), Strictness::Lenient, &Limits::DEFAULT).unwrap_err();
        let shown: String = text.chars().take(300).collect();
        assert_eq!((error.kind(), vec![error.offset()]), (kind, marks), "{shown}");
        assert!(Message::parse_xml(plain.as_bytes(), Strictness::Strict, &Limits::DEFAULT).is_err(), "{shown}");
        seen.push(kind);
    }
    let mut failures = String::new();
    for (kind, input, offset) in binaries() {
        let error = Message::parse_wbxml(&input, Strictness::Lenient, &Limits::DEFAULT).unwrap_err();
        if (error.kind(), error.offset()) != (kind, offset) {
            failures += &format!("{kind:?}@{offset} is {error:?}\n");
        }
        assert!(Message::parse_wbxml(&input, Strictness::Strict, &Limits::DEFAULT).is_err());
        seen.push(kind);
    }
    assert!(failures.is_empty(), "{failures}");
    let long = vec![b' '; (4 << 20) + 1];
    let others = [
        (ErrorKind::TooLong, Message::parse(&long).unwrap_err(), 4 << 20),
        (ErrorKind::InvalidUtf8, Message::parse(b"<SyncML>\xFF").unwrap_err(), 8),
        (ErrorKind::CharacterSet, Message::parse(b"\xFF\xFE<\0").unwrap_err(), 0),
        (ErrorKind::UnexpectedEnd, Message::parse(b"").unwrap_err(), 0),
        (ErrorKind::UnexpectedEnd, utf8(b"<\0a").unwrap_err(), 3),
        (ErrorKind::Character, utf8(b"<\0\0\xD8<\0").unwrap_err(), 2),
        (ErrorKind::Base64, Data::text("QQ*").decode_base64().unwrap_err(), 2),
    ];
    for (kind, error, offset) in others {
        assert_eq!((error.kind(), error.offset()), (kind, offset));
        seen.push(kind);
    }
    for kind in ErrorKind::ALL {
        let deviation = DeviationKind::ALL.iter().any(|deviation| ErrorKind::from(*deviation) == *kind);
        let decoded = seen.contains(kind) && !OF_ENCODERS.contains(kind);
        assert!(decoded || deviation || OF_ENCODERS.contains(kind), "no example of {kind:?}");
    }
}

/// A deviation, and XML with a mark where it is; others may be there too.
fn deviating() -> Vec<(DeviationKind, String)> {
    use DeviationKind as D;
    vec![
        (D::ByteOrderMark, format!("‸\u{FEFF}{}", msg(GET))),
        (D::LeadingSpace, format!("‸ <?xml version='1.0'?>{}", msg(GET))),
        (D::DeclaredEncoding, format!("<?xml version='1.0' ‸encoding='utf-16'?>{}", msg(GET))),
        (D::DoctypePresent, format!("‸<!DOCTYPE SyncML>{}", msg(GET))),
        (D::NamespaceAbsent, format!("‸{}", msg(GET).replace(" xmlns=\"SYNCML:SYNCML1.2\"", ""))),
        (D::NamespaceCase, format!("‸{}", msg(GET).replace("SYNCML:SYNCML1.2", "SyncML:SyncML1.2"))),
        (D::NamespaceUnknown, format!("‸{}", msg(GET).replace("SYNCML:SYNCML1.2", "urn:x"))),
        (D::NamespaceOther, msg("‸<Get xmlns='SYNCML:SYNCML1.1'></Get>")),
        (D::PrefixUndeclared, with_item("‸<Data x:y='1'/>")),
        (D::UnknownAttribute, with_item("‸<Data y='1'/>")),
        (D::MissingElement, msg("‸<Get><Item/></Get>")),
        (D::EmptyElement, with_header(&HEADER.replace(">1F<", "><"), "").replace("<SyncHdr>", "‸<SyncHdr>")),
        (D::Repeated, msg("<Get><CmdID>1</CmdID>‸<CmdID>2</CmdID><Item/></Get>")),
        (D::Order, with_item("<Data/>‸<Meta/>")),
        (D::DsElement, msg("<Get><CmdID>1</CmdID>‸<NoResp/><Item/></Get>")),
        (D::UnknownElement, with_item("‸<x/>")),
        (D::DsCommand, msg("‸<Sync/>")),
        (D::UnknownCommand, msg("‸<x/>")),
        (D::CommandOutsideBody, format!("<SyncML>‸{GET}</SyncML>")),
        (D::MetaOutsideMeta, with_item("‸<Type>a</Type>")),
        (D::ItemImplied, "<SyncBody><Get><CmdID>1</CmdID>‸<Data/></Get></SyncBody>".into()),
        (D::MetInf, with_item("<Meta>‸<MetInf xmlns='syncml:metinf'/></Meta>")),
        (D::NotEmpty, with_item("‸<MoreData>x</MoreData>")),
        (D::Padding, with_item("<Target><LocURI>‸ a</LocURI></Target>")),
        (D::SessionIdLength, with_header(&HEADER.replace(">1F<", ">‸12345<"), "")),
        (D::NotANumber, with_header(&HEADER.replace(">2<", ">‸two<"), "")),
        (D::Version, with_header(&HEADER.replace("DM/1.2", "DM/1.1"), "").replace("<SyncHdr>", "‸<SyncHdr>")),
        (D::CmdIdReserved, msg("<Get><CmdID>‸0</CmdID><Item/></Get>")),
        (D::CmdIdRepeated, msg(&format!("{GET}‸{GET}"))),
        (D::UnknownFormat, with_item("<Meta><Format xmlns=\"syncml:metinf\">‸string</Format></Meta>")),
        (D::Code, msg("<Alert><CmdID>1</CmdID><Data>‸x</Data></Alert>")),
        (
            D::CommandName,
            msg("<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>‸x</Cmd><Data>200</Data></Status>"),
        ),
        (D::CredPlace, msg("<Get><CmdID>1</CmdID>‸<Cred/><Item/></Get>")),
        (D::Nesting, msg(&format!("<Atomic><CmdID>2</CmdID>‸{GET}</Atomic>"))),
        (D::Incomplete, msg("‸<Get><CmdID>1</CmdID></Get>")),
        (D::AfterFinal, msg("").replace("</SyncBody>", &format!("‸{GET}</SyncBody>"))),
        (D::OriginalError, with_item("‸<Data originalerror='x'/>")),
    ]
}

/// A deviation, WBXML, and where it is.
fn deviating_binaries() -> Vec<(DeviationKind, Vec<u8>, usize)> {
    use DeviationKind as D;
    let with_start = |start: &[u8], rest: &[u8]| [start, rest].concat();
    vec![
        (
            D::TokenVersion,
            with_start(&[0x02, 0x9F, 0x53, 0x6A, 0x00], &[0x6D, 0x2C, 0x6B, 0x51, 0x3C, 0x01, 0x01, 0x01]),
            9,
        ),
        (D::PublicId, with_start(&[0x02, 0x01, 0x6A, 0x00], &[0x6D, 0x2C, 0x2B, 0x01]), 1),
        (D::WbxmlVersion, with_start(&[0x00, 0xA4, 0x01, 0x00], &[0x6D, 0x2C, 0x2B, 0x01]), 0),
        (D::WbxmlAttributes, with_start(&START[..5], &[0xED, 0x05, 0x01, 0x2C, 0x2B, 0x01]), 5),
        (D::WbxmlInstruction, with_start(&START[..5], &[0x43, 0x05, 0x01, 0x6D, 0x2C, 0x2B, 0x01]), 5),
        (D::WbxmlLiteral, with_start(&[0x02, 0xA4, 0x01, 0x6A, 0x04], b"Get\0\x6D\x2C\x6B\x04\x00\x01\x01"), 12),
        (D::TrailingData, with_start(&START, &[0x2B, 0x01, 0xFF]), 9),
    ]
}

#[test]
fn every_deviation_has_an_input() {
    let mut seen: Vec<DeviationKind> = Vec::new();
    for (kind, text) in deviating() {
        let (plain, marks) = marked(&text);
        let found = Fragment::parse_with(plain.as_bytes(), Strictness::Lenient, &Limits::DEFAULT)
            .unwrap_or_else(|error| panic!("{error} in {text}"));
        assert!(notes::listed(&found.deviations).contains(&(marks[0], kind)), "{:?} of {text}", found.deviations);
        let first = found.deviations[0];
        let error = Fragment::parse_with(plain.as_bytes(), Strictness::Strict, &Limits::DEFAULT).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (first.kind().into(), first.offset()), "{text}");
        seen.push(kind);
    }
    let mut failures = String::new();
    for (kind, input, offset) in deviating_binaries() {
        let found = Fragment::parse_wbxml(&input, Strictness::Lenient, &Limits::DEFAULT);
        let list = found.as_ref().map(|found| notes::listed(&found.deviations));
        if !list.clone().is_ok_and(|list| list.contains(&(offset, kind))) {
            failures += &format!("{kind:?}@{offset} is {list:?}\n");
        }
        assert!(Fragment::parse_wbxml(&input, Strictness::Strict, &Limits::DEFAULT).is_err());
        seen.push(kind);
    }
    assert!(failures.is_empty(), "{failures}");
    for kind in DeviationKind::ALL {
        assert!(seen.contains(kind), "no example of {kind:?}");
    }
}

#[test]
fn deviations_are_listed_up_to_a_bound() {
    let text = with_item(&"<x/>".repeat(10));
    for (bound, listed) in [(0, 0), (9, 9), (10, 10), (11, 10)] {
        let limits = Limits::DEFAULT.with_max_deviations(bound);
        let found = Message::parse_with(text.as_bytes(), Strictness::Lenient, &limits).unwrap();
        assert_eq!((found.deviations.len(), found.unlisted), (listed, 10 - listed));
    }
}

/// The outcome within limits, in both forms: `None` when it is read.
fn both(text: &str, limits: &Limits) -> [Option<ErrorKind>; 2] {
    let lenient = dm_syncml::WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
    let roomy = Limits::DEFAULT.with_max_container_depth(64).with_max_depth(100);
    let message = Message::parse_with(text.as_bytes(), Strictness::Lenient, &roomy).unwrap().value;
    let mut wbxml = Vec::new();
    message.encode_wbxml(&lenient, &mut wbxml).unwrap();
    [text.as_bytes(), &wbxml].map(|input| {
        Message::parse_with(input, Strictness::Lenient, limits).err().map(|error| {
            assert!(error.kind().is_limit() && error.offset() <= input.len());
            error.kind()
        })
    })
}

#[test]
fn every_bound_at_it_and_beyond() {
    let limits = Limits::DEFAULT;
    let get = |id: usize| format!("<Get><CmdID>{id}</CmdID><Item/></Get>");
    let three = msg(&(get(1) + &get(2) + &get(3)));
    assert_eq!(both(&three, &limits.with_max_commands(3)), [None; 2]);
    assert_eq!(both(&three, &limits.with_max_commands(2)), [Some(ErrorKind::TooManyCommands); 2]);
    // Nested and unknown ones count too.
    let nested = msg("<Sequence><CmdID>1</CmdID><Get><CmdID>2</CmdID><Item/></Get><Sync/></Sequence>");
    assert_eq!(both(&nested, &limits.with_max_commands(3)), [None; 2]);
    assert_eq!(both(&nested, &limits.with_max_commands(2)), [Some(ErrorKind::TooManyCommands); 2]);
    for (command, rest) in [
        ("Get", ""),
        ("Results", "<CmdRef>1</CmdRef>"),
        ("Alert", "<Data>1</Data>"),
        ("Status", "<MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>200</Data>"),
    ] {
        let items = msg(&format!("<{command}><CmdID>1</CmdID>{rest}<Item/><Item/></{command}>"));
        assert_eq!(both(&items, &limits.with_max_items(2)), [None; 2], "{command}");
        assert_eq!(both(&items, &limits.with_max_items(1)), [Some(ErrorKind::TooManyItems); 2], "{command}");
    }
    let refs =
        msg("<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><TargetRef>a</TargetRef>\
         <TargetRef>b</TargetRef><Data>200</Data></Status>");
    assert_eq!(both(&refs, &limits.with_max_items(2)), [None; 2]);
    assert_eq!(both(&refs, &limits.with_max_items(1)), [Some(ErrorKind::TooManyItems); 2]);
    let deep = msg(&format!("<Sequence><CmdID>1</CmdID><Atomic><CmdID>2</CmdID>{}</Atomic></Sequence>", get(3)));
    assert_eq!(both(&deep, &limits.with_max_container_depth(2)), [None; 2]);
    assert_eq!(both(&deep, &limits.with_max_container_depth(1)), [Some(ErrorKind::TooDeep); 2]);
    assert_eq!(both(&deep, &limits.with_max_depth(9)), [None; 2]);
    assert_eq!(both(&deep, &limits.with_max_depth(8)), [Some(ErrorKind::TooDeep); 2]);
    let session = with_header(&HEADER.replace(">1F<", ">12345<"), "");
    assert_eq!(both(&session, &limits.with_max_session_id_len(5)), [None; 2]);
    assert_eq!(both(&session, &limits.with_max_session_id_len(4)), [Some(ErrorKind::SessionIdTooLong); 2]);
    let uri = with_item("<Target><LocURI>./Vendor/MSFT/Policy/Config</LocURI></Target>");
    assert_eq!(both(&uri, &limits.with_max_uri_len(27)), [None; 2]);
    assert_eq!(both(&uri, &limits.with_max_uri_len(26)), [Some(ErrorKind::UriTooLong); 2]);
    let elements = with_item("<NoResp/><Filter><Field><Item/></Field></Filter>");
    assert_eq!(both(&elements, &limits.with_max_elements(4)), [None; 2]);
    assert_eq!(both(&elements, &limits.with_max_elements(3)), [Some(ErrorKind::TooManyElements); 2]);
    let markup = with_item("<Filter><Field><Item/></Field></Filter>");
    // In WBXML they are levels of the message like all others.
    assert_eq!(both(&markup, &limits.with_max_markup_depth(3)), [None; 2]);
    assert_eq!(both(&markup, &limits.with_max_markup_depth(2)), [Some(ErrorKind::TooDeep), None]);
    assert_eq!(both(&markup, &limits.with_max_depth(7)), [None; 2]);
    assert_eq!(both(&markup, &limits.with_max_depth(6)), [None, Some(ErrorKind::TooDeep)]);

    // Of one form only.
    let of = |text: &str, limits: &Limits| {
        Message::parse_with(text.as_bytes(), Strictness::Lenient, limits).err().map(|it| it.kind())
    };
    let raw = with_item("<Data><a><b><c/></b></a></Data>");
    assert_eq!(of(&raw, &limits.with_max_markup_depth(3)), None);
    assert_eq!(of(&raw, &limits.with_max_markup_depth(2)), Some(ErrorKind::TooDeep));
    let attribute = with_item("<x a='' b='' xmlns:c='d'/>");
    assert_eq!(of(&attribute, &limits.with_max_attributes(3)), None);
    assert_eq!(of(&attribute, &limits.with_max_attributes(2)), Some(ErrorKind::TooManyAttributes));
    for usual in ["<SyncML xmlns=\"SYNCML:SYNCML1.2\">", "<SyncML  xmlns='SYNCML:SYNCML1.2'>"] {
        let namespaces =
            with_item("<x xmlns:a='a'><y xmlns:b='b'/></x>").replace("<SyncML xmlns=\"SYNCML:SYNCML1.2\">", usual);
        assert_eq!(of(&namespaces, &limits.with_max_namespaces(3)), None, "{usual}");
        assert_eq!(of(&namespaces, &limits.with_max_namespaces(2)), Some(ErrorKind::TooManyNamespaces), "{usual}");
    }
    let table = [&[0x02, 0xA4, 0x01, 0x6A, 0x04][..], b"Get\0\x6D\x2C\x2B\x01"].concat();
    let of = |limits: &Limits| Message::parse_with(&table, Strictness::Lenient, limits).err().map(|it| it.kind());
    assert_eq!(of(&limits.with_max_string_table_len(4)), None);
    assert_eq!(of(&limits.with_max_string_table_len(3)), Some(ErrorKind::StringTableTooLong));
    let tree = b"<a><b/><b/></a>";
    assert!(Element::parse_xml(tree, &limits.with_max_elements(3).with_max_markup_depth(2)).is_ok());
    assert_eq!(Element::parse_xml(tree, &limits.with_max_elements(2)).unwrap_err().kind(), ErrorKind::TooManyElements);
    assert_eq!(Element::parse_xml(tree, &limits.with_max_markup_depth(1)).unwrap_err().kind(), ErrorKind::TooDeep);
}

/// Every document of the vectors and benches, and what the other tests use.
fn documents() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for dir in ["tests/vectors/syncml/wbxml", "tests/vectors/syncml/xml", "tests/vectors/syncml", "benches/data"] {
        let Ok(entries) = fs::read_dir(root.join(dir)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "xml" || extension == "wbxml") {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 10, "documents are there");
    found.sort();
    for (at, (_, text)) in deviating().into_iter().enumerate() {
        found.push((format!("deviation {at}"), text.replace(MARK, "").into_bytes()));
    }
    let everything = with_item(
        "<?p i?><!-- c --><Target ><LocURI>&#x41;&lt;é</LocURI></Target><Meta><A:Format xmlns:A='syncml:metinf'>chr\
         </A:Format></Meta><Data a=\"&quot;\t\" b='' ><a xmlns=\"x&amp;y\"><![CDATA[<>]]></a> <?q?><b/></Data>",
    );
    let prolog = "<?xml version=\"1.0\" encoding='UTF-8' standalone = 'yes' ?><!-- p --><!DOCTYPE SyncML PUBLIC 'a' \"b\" \
        [<?p?><!-- x -->] ><?xmlx?>";
    found.push(("everything".into(), format!("{prolog}{everything}").into_bytes()));
    found
}

#[test]
fn every_cut_of_every_document_is_refused_within_what_is_left() {
    for (name, input) in documents() {
        // All of a short one; of a long one both ends and steps through the middle.
        let cuts: Vec<usize> = if input.len() < 4000 {
            (0..input.len()).collect()
        } else {
            (0..1500).chain((1500..input.len() - 300).step_by(211)).chain(input.len() - 300..input.len()).collect()
        };
        let whole = Fragment::parse(&input);
        for cut in cuts {
            let part = &input[..cut];
            let check = |error: Error| {
                assert!(error.offset() <= cut, "{name} cut at {cut}: {error}");
                error
            };
            for strictness in [Strictness::Lenient, Strictness::Strict] {
                if let Err(error) = Message::parse_with(part, strictness, &Limits::DEFAULT) {
                    check(error);
                } else {
                    let rest = &input[cut..];
                    assert!(
                        rest.iter().all(u8::is_ascii_whitespace) || name.contains("trailing"),
                        "{name} cut at {cut}"
                    );
                }
                if let Err(error) = Fragment::parse_with(part, strictness, &Limits::DEFAULT) {
                    check(error);
                }
            }
            let (salvaged, error) = Fragment::salvage(part, &Limits::DEFAULT);
            let (Ok(whole), Some(error)) = (&whole, error) else { continue };
            // More input could have made it whole, and what is there is the beginning of it.
            if Encoding::detect(part) == Encoding::detect(&input) {
                let length = error.kind() == ErrorKind::WbxmlLength;
                assert!(error.kind().is_incomplete() || length, "{name} cut at {cut}: {error}");
            }
            let complete = salvaged.value.commands.len();
            assert!(complete <= whole.commands.len());
            for (found, expected) in salvaged.value.commands.iter().zip(&whole.commands) {
                // The last one may be a container of which only a part was there.
                assert!(found == expected || !found.commands().is_empty(), "{name} cut at {cut}");
            }
            let ended = whole.commands.iter().filter(|command| command.span().range().end <= cut).count();
            assert!(complete >= ended, "{name} cut at {cut}: {complete} of {ended}");
        }
    }
}

#[test]
fn a_message_is_found_whole_in_no_cut_of_itself() {
    let text = msg(GET);
    for cut in 0..text.len() {
        assert!(Message::parse(&text.as_bytes()[..cut]).is_err());
    }
}
