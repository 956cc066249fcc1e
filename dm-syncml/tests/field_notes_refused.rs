//! Field notes §3: what must be rejected. Each test is named after its row, `r01` the first.
//!
//! Rows of sessions have no test here, because a codec cannot break them:
//!
//! | row | input | where it belongs |
//! | --- | --- | --- |
//! | r12 | Cred or NextNonce of the wrong length, answered alike for every device | session; that Base64 is checked is tested here |
//! | r13 | `RespURI` or `Target` that switches scheme or host | session: policy of the client |
//! | r14 | chunks: total above Size, other address, after an abort | session: reassembly |
//! | r15 | digests compared with `==` | `auth` compares in constant time; sessions use it |
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use dm_syncml::{DeviationKind, ErrorKind, Fragment, Limits, Message, Strictness};
use notes::{HEADER, data, message, msg, refused, refused_within, with_header, with_item};

const GET: &str = "<Get><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>";

/// WBXML 1.2 of SyncML 1.2 in UTF-8 without a string table.
const START: [u8; 5] = [0x02, 0xA4, 0x01, 0x6A, 0x00];

fn binary(parts: &[&[u8]]) -> Vec<u8> {
    START.iter().chain(parts.iter().copied().flatten()).copied().collect()
}

/// Refused in both modes, at this byte.
fn refused_binary(input: &[u8], kind: ErrorKind, offset: usize) {
    for strictness in [Strictness::Lenient, Strictness::Strict] {
        let error = Message::parse_with(input, strictness, &Limits::DEFAULT).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{strictness:?} {input:02X?}");
    }
}

#[test]
fn r01_declarations_in_a_doctype() {
    for declaration in [
        "<!ENTITY a \"aaaaaaaaaa\">",
        "<!ENTITY % p SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY a SYSTEM 'http://x/'>",
        "<!ATTLIST SyncML a CDATA 'x'>",
        "<!NOTATION n SYSTEM 'x'>",
        "<!ELEMENT SyncML ANY>",
        "%p;",
        "<![INCLUDE[]]>",
        "x",
    ] {
        for before in ["", " ", "<!-- x -->", "<?p?>"] {
            refused(&format!("<!DOCTYPE SyncML [{before}‸{declaration}]>{}", msg(GET)), ErrorKind::Doctype);
        }
        // Only where a DOCTYPE may stand.
        if declaration.starts_with("<!E") {
            refused(&format!("‸{declaration}{}", msg(GET)), ErrorKind::Syntax);
        }
    }
    let plain = message(&msg(GET), &[]);
    for subset in ["[]", "[ ]", "[<?p i?>]", "[<!-- ENTITY -->\n] "] {
        let text = format!("‸<!DOCTYPE SyncML SYSTEM \"x\" {subset}>{}", msg(GET));
        assert_eq!(message(&text, &[DeviationKind::DoctypePresent]), plain);
    }
    // Bounded.
    let long = "<?p?>".repeat(300);
    let error = Message::parse(format!("<!DOCTYPE SyncML [{long}]>{}", msg(GET)).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Doctype);
    assert!(error.offset() < 1100, "{error}");
    // One, before the root.
    refused(&format!("<!DOCTYPE SyncML>‸<!DOCTYPE SyncML>{}", msg(GET)), ErrorKind::Syntax);
    refused(&msg("‸<!DOCTYPE SyncML>"), ErrorKind::Syntax);
    refused(&format!("{}‸<!DOCTYPE SyncML>", msg(GET)), ErrorKind::Syntax);
}

#[test]
fn r02_undefined_entities_and_bare_ampersands() {
    for (text, kind) in [
        ("‸&nbsp;", ErrorKind::UnknownEntity),
        ("a‸&foo;b", ErrorKind::UnknownEntity),
        ("‸&AMP;", ErrorKind::UnknownEntity),
        ("‸& ", ErrorKind::Syntax),
        ("‸&;", ErrorKind::Syntax),
        ("‸&#;", ErrorKind::Syntax),
        ("‸&#x;", ErrorKind::Syntax),
        ("‸&#X41;", ErrorKind::Syntax),
        ("‸&#4G;", ErrorKind::Syntax),
        ("‸&#xG;", ErrorKind::Syntax),
        ("‸&#+65;", ErrorKind::Syntax),
        ("‸&#-1;", ErrorKind::Syntax),
        ("‸&a&amp;", ErrorKind::Syntax),
        ("‸&amp", ErrorKind::Syntax),
        ("x&lt;‸&lt", ErrorKind::Syntax),
    ] {
        refused(&with_item(&format!("<Data>{text}</Data>")), kind);
        refused(&with_item(&format!("<Target><LocURI>{text}</LocURI></Target>")), kind);
        refused(&with_header(&HEADER.replace(">1F<", &format!(">{text}<")), ""), kind);
        if !text.contains("amp") && !text.contains("lt") {
            refused(&with_item(&format!("<Data a=\"{text}\">1</Data>")), kind);
        }
    }
}

#[test]
fn r03_depth() {
    let nested = |depth: usize, mark: usize| {
        let mut text = String::new();
        for level in 1..=depth {
            if level == mark {
                text.push(notes::MARK);
            }
            text += &format!("<Sequence><CmdID>{level}</CmdID>");
        }
        text + &GET.replace(">1<", ">99<") + &"</Sequence>".repeat(depth)
    };
    let whole = msg(&nested(8, 0));
    assert!(Message::parse(whole.as_bytes()).is_ok());
    refused(&msg(&nested(9, 9)), ErrorKind::TooDeep);
    // However much a caller allows, 64 is the end.
    let open = Limits::DEFAULT.with_max_container_depth(usize::MAX).with_max_depth(usize::MAX);
    assert!(Message::parse_with(msg(&nested(64, 0)).as_bytes(), Strictness::Lenient, &open).is_ok());
    refused_within(&msg(&nested(65, 65)), ErrorKind::TooDeep, &open);
    // A million of them.
    let bomb = "<Sequence>".repeat(100_000);
    assert_eq!(Message::parse(msg(&bomb).as_bytes()).unwrap_err().kind(), ErrorKind::TooDeep);

    // Raw mark-up, and elements taken apart.
    let deep = |depth: usize| "<x>".repeat(depth) + &"</x>".repeat(depth);
    let marked = |depth: usize| format!("{}‸<x>", "<x>".repeat(depth));
    assert!(Message::parse(with_item(&format!("<Data>{}</Data>", deep(64))).as_bytes()).is_ok());
    refused(&with_item(&format!("<Data>{}</Data>", marked(64))), ErrorKind::TooDeep);
    assert!(Message::parse(with_item(&deep(64)).as_bytes()).is_ok());
    refused(&with_item(&marked(64)), ErrorKind::TooDeep);
    let bomb = with_item(&format!("<Data>{}", "<x>".repeat(1 << 20)));
    assert_eq!(Message::parse(bomb.as_bytes()).unwrap_err().kind(), ErrorKind::TooDeep);

    // WBXML: SyncML, SyncHdr, SyncBody and Sequences without end.
    let bomb = binary(&[&[0x6D, 0x2C, 0x6B], &[0x64; 100_000]]);
    assert_eq!(Message::parse(&bomb).unwrap_err().kind(), ErrorKind::TooDeep);
    let bomb = binary(&[&[0x6D, 0x6C], &[0x68; 100_000]]);
    assert_eq!(Message::parse(&bomb).unwrap_err().kind(), ErrorKind::TooDeep);
}

#[test]
fn r04_length() {
    let text = msg(GET);
    let limits = Limits::DEFAULT.with_max_message_len(text.len());
    assert!(Message::parse_with(text.as_bytes(), Strictness::Strict, &limits).is_ok());
    let limits = Limits::DEFAULT.with_max_message_len(text.len() - 1);
    for result in [
        Message::parse_with(text.as_bytes(), Strictness::Lenient, &limits).map(|_| ()),
        Fragment::parse_with(text.as_bytes(), Strictness::Strict, &limits).map(|_| ()),
    ] {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, text.len() - 1));
    }
    let wbxml = Message::parse(text.as_bytes()).unwrap().to_wbxml().unwrap();
    let limits = Limits::DEFAULT.with_max_message_len(wbxml.len() - 1);
    let error = Message::parse_with(&wbxml, Strictness::Lenient, &limits).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::TooLong, wbxml.len() - 1));
}

#[test]
fn r05_counts() {
    let get = |id: usize| GET.replace(">1<", &format!(">{id}<"));
    let many = |count: usize| (1..=count).map(get).collect::<String>();
    assert!(Message::parse(msg(&many(4096)).as_bytes()).is_ok());
    refused(&msg(&(many(4096) + "‸" + &get(4097))), ErrorKind::TooManyCommands);
    let items = |count: usize| format!("<Delete><CmdID>1</CmdID>{}", "<Item/>".repeat(count));
    assert!(Message::parse(msg(&(items(4096) + "</Delete>")).as_bytes()).is_ok());
    refused(&msg(&(items(4096) + "‸<Item/></Delete>")), ErrorKind::TooManyItems);
    let attributes = |count: usize| (0..count).map(|at| format!(" a{at}=''")).collect::<String>();
    assert!(Message::parse(msg(&format!("<Get{}></Get>", attributes(32))).as_bytes()).is_ok());
    refused(&msg(&format!("<Get{} ‸a=''></Get>", attributes(32))), ErrorKind::TooManyAttributes);
    let declarations = |count: usize| (0..count).map(|at| format!(" xmlns:a{at}='u'")).collect::<String>();
    // The root has one.
    assert!(Message::parse(msg(&format!("<Get{}></Get>", declarations(31))).as_bytes()).is_ok());
    refused(&msg(&format!("‸<Get{}></Get>", declarations(32))), ErrorKind::TooManyNamespaces);
    // Those of an element are gone with it.
    let one = format!("<x{}/>", declarations(31));
    assert!(Message::parse(with_item(&one.repeat(100)).as_bytes()).is_ok());
    // Repeated elements of every kind are counted: none costs more than it is worth.
    for element in ["<x/>", "<NoResp/>", "<Cred/>"] {
        let text = msg(&format!("<Get><CmdID>1</CmdID>{}</Get>", element.repeat(70_000)));
        assert_eq!(Message::parse(text.as_bytes()).unwrap_err().kind(), ErrorKind::TooManyElements, "{element}");
        let text = with_header(&(HEADER.to_owned() + &element.repeat(70_000)), "");
        assert!(Message::parse(text.as_bytes()).unwrap_err().kind().is_limit() || element == "<Cred/>", "{element}");
    }
    // An empty item is one byte in WBXML: those of all commands are counted together.
    let command = [&[0x53][..], &[0x14; 4096], &[0x01]].concat();
    let bomb = binary(&[&[0x6D, 0x2C, 0x6B], &command.repeat(17)]);
    assert_eq!(Message::parse(&bomb).unwrap_err().kind(), ErrorKind::TooManyItems);
    let most = binary(&[&[0x6D, 0x2C, 0x6B], &command.repeat(16), &[0x01, 0x01]]);
    assert_eq!(Message::parse(&most).unwrap().commands.len(), 16);
    let bomb = binary(&[&[0x6D, 0x6C], &[0x1D; 70_000]]);
    assert_eq!(Message::parse(&bomb).unwrap_err().kind(), ErrorKind::TooManyElements);
}

#[test]
fn r06_characters() {
    for bad in ["\0", "\u{1}", "\u{8}", "\u{B}", "\u{C}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
        for text in [
            format!("<Data>‸{bad}</Data>"),
            format!("<Data>é‸{bad}é</Data>"),
            format!("<Data>a very long text that is longer than a few words of the machine‸{bad}</Data>"),
            format!("<Data><![CDATA[x‸{bad}]]></Data>"),
            format!("<Data><a>‸{bad}</a></Data>"),
            format!("<Data a=\"‸{bad}\">1</Data>"),
            format!("<Data><!-- ‸{bad} --></Data>"),
            format!("<Data><?p ‸{bad}?></Data>"),
            format!("<Target><LocURI>./A‸{bad}</LocURI></Target>"),
            format!("<x>‸{bad}</x>"),
        ] {
            refused(&with_item(&text), ErrorKind::Character);
        }
    }
    for reference in [
        "&#0;",
        "&#x0;",
        "&#1;",
        "&#xB;",
        "&#xD800;",
        "&#xDFFF;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#x110000;",
        "&#99999999999999999999;",
    ] {
        refused(&with_item(&format!("<Data>‸{reference}</Data>")), ErrorKind::Character);
        refused(&with_item(&format!("<Data a='‸{reference}'/>")), ErrorKind::Character);
    }
    for good in ["\u{7F}", "\u{80}", "\u{9F}", "\u{FDD0}", "\u{1FFFE}", "\u{10FFFF}", "\u{FFFD}", "\u{EFFF}"] {
        assert_eq!(data(&message(&with_item(&format!("<Data>{good}</Data>")), &[])), good);
    }
    // `]]>` has to be escaped, and `--` ends a comment.
    refused(&with_item("<Data>a‸]]>b</Data>"), ErrorKind::CdataEnd);
    refused(&with_item("<Data><a>‸]]></a></Data>"), ErrorKind::CdataEnd);
    refused(&with_item("<!-- a --‸ b -->"), ErrorKind::Syntax);
    refused(&with_item("<!-- a --‸->"), ErrorKind::Syntax);
    assert_eq!(data(&message(&with_item("<Data>]]&gt;]>]]</Data>"), &[])), "]]>]>]]");

    // WBXML: not in what names something; in Data as bytes.
    let session = |byte: u8| binary(&[&[0x6D, 0x6C, 0x65, 0x03, b'a', byte, 0x00, 0x01, 0x01]]);
    refused_binary(&session(0x01), ErrorKind::Character, 10);
    refused_binary(&session(0x1F), ErrorKind::Character, 10);
}

#[test]
fn r07_bytes_that_are_not_utf_8() {
    for bad in [&[0xFF][..], &[0xC0, 0x80], &[0xED, 0xA0, 0x80], &[0x80], &[0xF4, 0x90, 0x80, 0x80], &[0xC3, b'<']] {
        let (text, _) = notes::marked(&with_item("<Data>@</Data>"));
        let at = text.find('@').unwrap();
        let mut bytes = text.into_bytes();
        bytes.splice(at..=at, bad.iter().copied());
        for strictness in [Strictness::Lenient, Strictness::Strict] {
            let error = Message::parse_with(&bytes, strictness, &Limits::DEFAULT).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidUtf8, at), "{bad:02X?}");
        }
    }
    // Behind the root as well.
    let mut bytes = msg(GET).into_bytes();
    let len = bytes.len();
    bytes.push(0xFF);
    let error = Message::parse(&bytes).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidUtf8, len));
    bytes[len] = 0xE2;
    let error = Message::parse(&bytes).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, len));
    refused_binary(&binary(&[&[0x6D, 0x6C, 0x65, 0x03, b'a', 0xFF, 0x00, 0x01, 0x01]]), ErrorKind::InvalidUtf8, 10);
}

#[test]
fn r08_wbxml() {
    // Integers, lengths, indices, entities, strings, ends, extensions, pages.
    refused_binary(&[0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], ErrorKind::WbxmlInteger, 1);
    refused_binary(&[0x02, 0x90, 0x80, 0x80, 0x80, 0x00], ErrorKind::WbxmlInteger, 1);
    refused_binary(&[0x02, 0xA4, 0x01, 0x6A, 0x05, 0x41], ErrorKind::WbxmlLength, 4);
    let session = |content: &[u8]| binary(&[&[0x6D, 0x6C, 0x65], content]);
    refused_binary(&session(&[0x83, 0x00, 0x01]), ErrorKind::WbxmlStringIndex, 9);
    refused_binary(&session(&[0xC3, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F, 0x01]), ErrorKind::WbxmlLength, 9);
    refused_binary(&session(&[0x02, 0x83, 0xB0, 0x00, 0x01]), ErrorKind::Character, 9);
    refused_binary(&session(&[0x02, 0xC4, 0x80, 0x00, 0x01]), ErrorKind::Character, 9);
    refused_binary(&session(b"\x03abc"), ErrorKind::UnexpectedEnd, 12);
    refused_binary(&session(&[0xC0, 0x01]), ErrorKind::WbxmlExtension, 8);
    refused_binary(&session(b"\x40x\x00\x01"), ErrorKind::WbxmlExtension, 8);
    refused_binary(&session(&[0x80, 0x01, 0x01]), ErrorKind::WbxmlExtension, 8);
    refused_binary(&binary(&[&[0x01]]), ErrorKind::WbxmlEnd, 5);
    refused_binary(&binary(&[&[0x6D, 0x6C]]), ErrorKind::UnexpectedEnd, 7);
    let page = binary(&[&[0x6D, 0x6C, 0x00, 0x07, 0x45, 0x01]]);
    let error = Message::parse(&page).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::WbxmlPage, 9));
}

#[test]
fn r09_wbxml_versions() {
    for version in [0x04, 0x0F, 0x10, 0xFF] {
        let mut input = binary(&[&[0x6D, 0x01]]);
        input[0] = version;
        for strictness in [Strictness::Lenient, Strictness::Strict] {
            let error = Message::parse_wbxml(&input, strictness, &Limits::DEFAULT).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ErrorKind::NotSyncMl, 0));
        }
    }
    // A token of 1.2 under the public id of 1.1: Correlator in an Exec.
    let mut input =
        binary(&[&[0x6D, 0x2C, 0x6B, 0x51], b"\x4B\x031\x00\x01\x7C\x03a\x00\x01\x14", &[0x01, 0x01, 0x01]]);
    let plain = Fragment::parse_with(&input, Strictness::Lenient, &Limits::DEFAULT).unwrap();
    assert!(plain.deviations.is_empty(), "{:?}", plain.deviations);
    (input[1], input[2]) = (0x9F, 0x53);
    let found = Fragment::parse_with(&input, Strictness::Lenient, &Limits::DEFAULT).unwrap();
    assert_eq!(notes::listed(&found.deviations), [(14, DeviationKind::TokenVersion)]);
    let error = Fragment::parse_with(&input, Strictness::Strict, &Limits::DEFAULT).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::TokenVersion, 14));
}

#[test]
fn r10_two_of_what_there_is_one_of() {
    let whole = msg(GET);
    let header = format!("<SyncHdr>{HEADER}</SyncHdr>");
    refused(&whole.replace("<SyncBody>", &format!("‸{header}<SyncBody>")), ErrorKind::Duplicate);
    refused(&whole.replace("</SyncML>", &format!("‸{header}</SyncML>")), ErrorKind::Duplicate);
    refused(&whole.replace("</SyncML>", "‸<SyncBody/></SyncML>"), ErrorKind::Duplicate);
    refused(&whole.replace("</SyncML>", &format!("‸<SyncBody>{GET}</SyncBody></SyncML>")), ErrorKind::Duplicate);
    refused(&whole.replace("<SyncHdr>", "<SyncHdr/>‸<SyncHdr>"), ErrorKind::Duplicate);
    refused(&format!("{whole}‸{whole}"), ErrorKind::OutsideRoot);
    refused(&format!("{whole}‸<x/>"), ErrorKind::OutsideRoot);
    refused(&format!("{whole}‸x"), ErrorKind::OutsideRoot);
    refused(&format!("{whole}‸</SyncML>"), ErrorKind::EndTag);
    refused(&format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\">{header}</SyncML>‸"), ErrorKind::MissingPart);
    refused("<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncBody/></SyncML>‸", ErrorKind::MissingPart);
    refused("<SyncML xmlns=\"SYNCML:SYNCML1.2\"/>‸", ErrorKind::MissingPart);
    for root in ["<syncml/>", "<SyncHdr/>", "<html/>", "<Item/>"] {
        refused(&format!("‸{root}"), ErrorKind::Root);
    }
    // WBXML: two headers; two bodies.
    let two =
        |parts: &[u8]| Message::parse(&binary(&[parts])).map_err(|error| (error.kind(), error.offset())).map(|_| ());
    assert_eq!(two(&[0x6D, 0x2C, 0x2C, 0x2B, 0x01]), Err((ErrorKind::Duplicate, 7)));
    assert_eq!(two(&[0x6D, 0x2C, 0x2B, 0x2B, 0x01]), Err((ErrorKind::Duplicate, 8)));
    // Behind the end a second root is bytes that nobody reads (W13).
    let input = binary(&[&[0x6D, 0x2C, 0x2B, 0x01, 0x6D, 0x2C, 0x2B, 0x01]]);
    let found = Fragment::parse_with(&input, Strictness::Lenient, &Limits::DEFAULT).unwrap();
    assert!(notes::listed(&found.deviations).contains(&(9, DeviationKind::TrailingData)));
}

#[test]
fn r11_header_values_said_twice() {
    let cred = "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>YTpi</Data></Cred>";
    for element in [
        "<VerDTD>1.2</VerDTD>",
        "<VerProto>DM/1.2</VerProto>",
        "<SessionID>2</SessionID>",
        "<SessionID/>",
        "<MsgID>3</MsgID>",
        "<Target><LocURI>x</LocURI></Target>",
        "<Source><LocURI>IMEI:1</LocURI></Source>",
    ] {
        refused(&with_header(&format!("{HEADER}‸{element}"), ""), ErrorKind::Duplicate);
    }
    for element in [cred, "<Meta/>", "<RespURI>http://x</RespURI>"] {
        refused(&with_header(&format!("{HEADER}{element}‸{element}"), ""), ErrorKind::Duplicate);
    }
    refused(
        &with_header(&format!("{HEADER}{}", cred.replace("</Cred>", "‸<Data>eA==</Data></Cred>")), ""),
        ErrorKind::Duplicate,
    );
    // The first one empty, the second in another spelling.
    refused(&with_header(&HEADER.replace("<SessionID>", "<SessionID/>‸<SessionID >"), ""), ErrorKind::Duplicate);
    refused(
        &with_header(
            &HEADER.replace("<Source>", "<x:Source xmlns:x='SYNCML:SYNCML1.2'><LocURI>1</LocURI></x:Source>‸<Source>"),
            "",
        ),
        ErrorKind::Duplicate,
    );
    // Hidden behind another namespace it is no header value at all.
    let text = with_header(&format!("{HEADER}‸<SessionID xmlns=\"urn:x\">9</SessionID>"), "");
    let found = message(&text, &[DeviationKind::UnknownElement]);
    assert_eq!(found.header.session_id, "1F");
    // In commands and items.
    for (text, kind) in [
        ("<Target><LocURI>a</LocURI></Target>‸<Target><LocURI>b</LocURI></Target>", ErrorKind::Duplicate),
        ("<Source><LocURI>a</LocURI></Source>‸<Source/>", ErrorKind::Duplicate),
        ("<Meta/>‸<Meta/>", ErrorKind::Duplicate),
        ("<Data/>‸<Data>1</Data>", ErrorKind::Duplicate),
        ("<Meta><Format>chr</Format>‸<Format>int</Format></Meta>", ErrorKind::Duplicate),
        (
            "<Meta><Size xmlns=\"syncml:metinf\">1</Size>‸<Size xmlns=\"syncml:metinf\">2</Size></Meta>",
            ErrorKind::Duplicate,
        ),
        (
            "<Meta><MetInf xmlns=\"syncml:metinf\"><Type>a</Type></MetInf>‸<Type xmlns=\"syncml:metinf\">b</Type></Meta>",
            ErrorKind::Duplicate,
        ),
    ] {
        refused(&with_item(text), kind);
    }
}

#[test]
fn r12_base64_is_checked_when_asked_for() {
    for (text, offset) in [("not base64!", 3), ("QUJ\u{e9}", 3), ("QQ=A", 2), ("=", 0)] {
        let found = message(&with_item(&format!("<Data>{text}</Data>")), &[]);
        let error = notes::item(&found).data.as_ref().unwrap().decode_base64().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Base64, "{text}");
        assert!(error.offset() >= offset.min(text.len()) || error.offset() <= text.len(), "{text}: {error}");
    }
}

#[test]
fn errors_say_nothing_of_what_they_found() {
    let secret = "hunter2";
    let text = with_item(&format!("<Data>{secret}&{secret};</Data>"));
    let error = Message::parse(text.as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(secret));
}
