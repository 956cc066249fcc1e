//! Field notes §2.2: the header. Each test is named after its row. Rows about sessions say what the codec must let
//! through.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use dm_syncml::{DeviationKind, ErrorKind, Fragment, FragmentRoot, Limits, Message, SyncHdr, peek_header};
use notes::{HEADER, fragment, message, refused, refused_within, with_header};

fn header(text: &str, kinds: &[DeviationKind]) -> SyncHdr<'static> {
    let found = message(&with_header(text, ""), kinds);
    // A router that reads no further sees the same.
    let (plain, _) = notes::marked(&with_header(text, ""));
    assert_eq!(peek_header(plain.as_bytes()).unwrap().header, found.header);
    found.header
}

const TARGET: &str = "<Target><LocURI>https://dm.example/x</LocURI></Target>";
const SOURCE: &str = "<Source><LocURI>IMEI:0</LocURI></Source>";

#[test]
fn h01_session_ids_are_opaque() {
    for id in ["0", "D", "b", "1F", "00", "a b"] {
        assert_eq!(header(&HEADER.replace(">1F<", &format!(">{id}<")), &[]).session_id, id);
    }
    for id in ["12345", "1234567890123", "{7f0c}"] {
        let text = HEADER.replace(">1F<", &format!(">‸{id}<"));
        assert_eq!(header(&text, &[DeviationKind::SessionIdLength]).session_id, id);
    }
    // Empty or missing: as text, empty; told apart by the deviation.
    let empty = HEADER.replace(">1F<", "><");
    assert!(marked_at_header(&empty, &[DeviationKind::EmptyElement]).session_id.is_empty());
    let missing = HEADER.replace("<SessionID>1F</SessionID>", "");
    assert!(marked_at_header(&missing, &[DeviationKind::MissingElement]).session_id.is_empty());
    // Two numbers of one value are two sessions.
    assert_ne!(header(&HEADER.replace("1F", "01"), &[]).session_id, header(&HEADER.replace("1F", "1"), &[]).session_id);
    let long = "1".repeat(65);
    refused(&with_header(&HEADER.replace(">1F<", &format!(">‸{long}<")), ""), ErrorKind::SessionIdTooLong);
}

/// The same with the deviations at the start of the header.
fn marked_at_header(text: &str, kinds: &[DeviationKind]) -> SyncHdr<'static> {
    let marks = notes::MARK.to_string().repeat(kinds.len());
    message(&with_header(text, "").replace("<SyncHdr>", &format!("{marks}<SyncHdr>")), kinds).header
}

#[test]
fn h02_message_ids() {
    let found = header(HEADER, &[]);
    assert_eq!((found.msg_id.as_str(), found.msg_id.number()), ("2", Some(2)));
    let empty = marked_at_header(&HEADER.replace(">2<", "><"), &[DeviationKind::EmptyElement]);
    assert_eq!((empty.msg_id.as_str(), empty.msg_id.number()), ("", None));
    marked_at_header(&HEADER.replace("<MsgID>2</MsgID>", ""), &[DeviationKind::MissingElement]);
    for id in ["A1", "-1", "+1", "1.0", "4294967296"] {
        let found = header(&HEADER.replace(">2<", &format!(">‸{id}<")), &[DeviationKind::NotANumber]);
        assert_eq!((found.msg_id.as_str(), found.msg_id.number()), (id, None));
    }
    assert_eq!(header(&HEADER.replace(">2<", ">‸ 2\n<"), &[DeviationKind::Padding]).msg_id.number(), Some(2));
}

#[test]
fn h03_message_ids_of_both_sides_are_unrelated() {
    // A server that counts for itself and one that echoes: both go through, whatever MsgRef says.
    for (own, peer) in [("1", "7"), ("7", "7"), ("9", "1")] {
        let status = format!(
            "<Status><CmdID>1</CmdID><MsgRef>{peer}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
        );
        message(&with_header(&HEADER.replace(">2<", &format!(">{own}<")), &status), &[]);
    }
}

#[test]
fn h04_empty_header() {
    let get = "<Get><CmdID>1</CmdID><Item/></Get>";
    for empty in ["<SyncHdr/>", "<SyncHdr />", "<SyncHdr></SyncHdr>", "<SyncHdr>\n </SyncHdr>"] {
        let text = format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\">{empty}<SyncBody>{get}</SyncBody></SyncML>");
        let found = fragment(&text, &[]);
        assert_eq!((found.header, found.root, found.commands.len()), (None, FragmentRoot::SyncMl, 1), "{empty}");
        // As a message: all of it is missing.
        let text = text.replace("<SyncHdr", "‸‸‸‸‸‸<SyncHdr");
        assert_eq!(message(&text, &[DeviationKind::MissingElement; 6]).header, SyncHdr::default());
    }
    let bridge = "‸<SyncML><SyncHdr/><SyncBody xmlns:msft=\"urn:x\"><Final /></SyncBody></SyncML>";
    assert!(fragment(bridge, &[DeviationKind::NamespaceAbsent]).is_final);
}

#[test]
fn h05_any_order() {
    let plain = header(HEADER, &[]);
    let text = HEADER.replace(&format!("{TARGET}{SOURCE}"), &format!("{SOURCE}‸{TARGET}"));
    assert_eq!(header(&text, &[DeviationKind::Order]), plain);
    let text = HEADER.replace("<VerDTD>1.2</VerDTD>", "") + "‸<VerDTD>1.2</VerDTD>";
    assert_eq!(header(&text, &[DeviationKind::Order]), plain);
    let meta = "<Meta><MaxMsgSize xmlns=\"syncml:metinf\">5120</MaxMsgSize></Meta>";
    let cred = CRED;
    let expected = header(&format!("{HEADER}{cred}{meta}"), &[]);
    assert_eq!(header(&format!("{HEADER}{meta}‸{cred}"), &[DeviationKind::Order]), expected);
    assert_eq!(expected.meta.unwrap().max_msg_size().unwrap().number(), Some(5120));
}

const CRED: &str = "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format>\
    <Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>EmVxzgbUMshIoWq4Bngu8Q==</Data></Cred>";

#[test]
fn h06_loc_name() {
    for name in ["dummy", "IMEI:0", "dev-0042", "user@example.com"] {
        let text = HEADER.replace("IMEI:0</LocURI>", &format!("IMEI:0</LocURI><LocName>{name}</LocName>"));
        let found = header(&text, &[]);
        assert_eq!((found.source.name(), found.source.uri.as_str()), (Some(name), "IMEI:0"));
    }
    assert_eq!(header(HEADER, &[]).source.name(), None);
    let swapped = HEADER.replace("<LocURI>IMEI:0</LocURI>", "<LocName>n</LocName>‸<LocURI>IMEI:0</LocURI>");
    assert_eq!(header(&swapped, &[DeviationKind::Order]).source.name(), Some("n"));
}

#[test]
fn h07_addresses_with_queries_are_left_alone() {
    let query = "https://dm.example/x?sid=ab%3D&amp;n=1";
    let text = HEADER.replace("https://dm.example/x", query) + &format!("<RespURI>{query}#f</RespURI>");
    let found = header(&text, &[]);
    assert_eq!(found.target.uri, "https://dm.example/x?sid=ab%3D&n=1");
    assert_eq!(found.resp_uri.unwrap(), "https://dm.example/x?sid=ab%3D&n=1#f");
}

#[test]
fn h08_sources_are_opaque() {
    for source in [
        "0123456789ABCDEF0123456789ABCDEF",
        "IMEI:352099001761481",
        "imei:7f0c0000-0000-0000-0000-000000000000",
        "urn:uuid:7f0c0000-0000-0000-0000-000000000000",
        "{7F0C0000-0000-0000-0000-000000000000}",
        "host",
    ] {
        assert_eq!(header(&HEADER.replace("IMEI:0", source), &[]).source.uri, source);
    }
}

#[test]
fn h09_credentials_in_every_message() {
    for id in ["1", "2", "3", "4"] {
        let found = header(&(HEADER.replace(">2<", &format!(">{id}<")) + CRED), &[]);
        let cred = found.cred.unwrap();
        assert_eq!(cred.meta.type_(), Some("syncml:auth-md5"));
        assert_eq!(cred.data.decode_base64().unwrap().len(), 16);
    }
}

#[test]
fn h10_header_meta_without_a_namespace() {
    for (size, number) in [("3500", 3500), ("5120", 5120), ("10000", 10_000), ("125000", 125_000), ("524288", 524_288)]
    {
        let text =
            format!("{HEADER}<Meta>‸<MaxMsgSize>{size}</MaxMsgSize>‸<MaxObjSize xmlns=\"\">1</MaxObjSize></Meta>");
        let meta = header(&text, &[DeviationKind::NamespaceOther; 2]).meta.unwrap();
        assert_eq!(meta.max_msg_size().unwrap().number(), Some(number));
        assert_eq!(meta.max_obj_size().unwrap().number(), Some(1));
    }
    let text = format!("{HEADER}<Meta><MaxMsgSize xmlns=\"syncml:metinf\">‸many</MaxMsgSize></Meta>");
    let meta = header(&text, &[DeviationKind::NotANumber]).meta.unwrap();
    assert_eq!((meta.max_msg_size().unwrap().as_str(), meta.max_msg_size().unwrap().number()), ("many", None));
}

#[test]
fn h11_no_header_meta() {
    assert_eq!(header(HEADER, &[]).meta, None);
    // An empty one says as little.
    let found = header(&format!("{HEADER}<Meta/>"), &[]);
    assert!(found.meta.unwrap().is_empty());
}

#[test]
fn h12_after_resp_uri_and_no_resp() {
    let text = format!("{HEADER}<RespURI>https://dm.example/y</RespURI>{CRED}<Meta/>");
    assert!(header(&text, &[]).cred.is_some());
    let text = format!("{HEADER}{CRED}<Meta/>‸<RespURI>https://dm.example/y</RespURI>");
    assert_eq!(header(&text, &[DeviationKind::Order]).resp_uri.unwrap(), "https://dm.example/y");
    // Kept; it changes nothing.
    let text = format!("{HEADER}‸<NoResp/>{CRED}");
    let found = header(&text, &[DeviationKind::DsElement]);
    assert_eq!(found.extras[0].name().local(), Some("NoResp"));
    assert!(found.cred.is_some());
}

#[test]
fn h13_bogus_children() {
    let found = header(&format!("‸<CmdId>1</CmdId>{HEADER}"), &[DeviationKind::UnknownElement]);
    assert_eq!(found.extras[0].name().local(), Some("CmdId"));
    assert_eq!(found.extras[0].view().text(), "1");
    // Names of elements that belong elsewhere.
    let found = header(&format!("{HEADER}‸<CmdID>1</CmdID>"), &[DeviationKind::UnknownElement]);
    assert_eq!((found.msg_id.as_str(), found.extras.len()), ("2", 1));
}

#[test]
fn the_version() {
    for (old, new) in [("DM/1.2", "DM/1.1"), ("DM/1.2", "SyncML/1.2"), (">1.2<", ">1.1<")] {
        marked_at_header(&HEADER.replace(old, new), &[DeviationKind::Version]);
    }
}

#[test]
fn what_is_behind_the_header_does_not_matter_to_a_router() {
    let whole = with_header(HEADER, "");
    let end = whole.find("</SyncHdr>").unwrap() + "</SyncHdr>".len();
    for cut in 0..whole.len() {
        let peeked = peek_header(&whole.as_bytes()[..cut]);
        assert_eq!(peeked.is_ok(), cut >= end, "{}", &whole[..cut]);
    }
    // A header longer than anything usual.
    let pad = "<!-- x -->".repeat(4000);
    for at in ["<SyncHdr>", "</Target>", "</SyncHdr>"] {
        let long = whole.replace(at, &format!("{pad}{at}"));
        assert_eq!(peek_header(long.as_bytes()).unwrap().session_id().as_str(), "1F");
    }
    for cut in (16 << 10) - 200..(16 << 10) + 200 {
        // The window of the first look ends anywhere.
        let long = whole.replace("<SyncHdr>", &format!("<!--{}--><SyncHdr>", "x".repeat(cut - 100)));
        assert_eq!(peek_header(long.as_bytes()).unwrap().msg_id().as_str(), "2");
    }
}

#[test]
fn limits_of_the_header() {
    let four = Limits::DEFAULT.with_max_session_id_len(2);
    assert!(Message::parse_with(with_header(HEADER, "").as_bytes(), Default::default(), &four).is_ok());
    refused_within(&with_header(&HEADER.replace(">1F<", ">‸1F2<"), ""), ErrorKind::SessionIdTooLong, &four);
    assert!(Fragment::parse(with_header(HEADER, "").as_bytes()).is_ok());
}
