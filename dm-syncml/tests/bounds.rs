//! What a small input must not cost, and what two readers must not see differently: found by review.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use dm_syncml::{
    Binary, Command, Content, ConvertOptions, Data, DeviationKind, Element, Encoding, ErrorKind, Fragment,
    FragmentRoot, Limits, Message, Name, Status, StatusCode, Strictness, WbxmlOptions, peek_header, utf8,
};

const HEAD: &[u8] = &[0x02, 0xA4, 0x01, 0x6A];

/// A document with a string table of one long string, which is referred to over and over in VerDTD.
fn bomb(references: usize) -> Vec<u8> {
    let mut wire = [HEAD, &[0x83, 0xD4, 0x61]].concat();
    wire.extend([b'a'; 60_000]);
    wire.push(0);
    wire.extend([0x6D, 0x6C, 0x71]);
    wire.extend([0x83, 0x00].repeat(references));
    wire.extend([0x01, 0x01, 0x01]);
    wire
}

#[test]
fn a_string_table_stands_for_no_more_than_a_message() {
    let wire = bomb(40_000);
    assert_eq!(Message::parse(&wire).unwrap_err().kind(), ErrorKind::StringTableUse);
    assert_eq!(peek_header(&wire).unwrap_err().kind(), ErrorKind::StringTableUse);
    // At the bound it is read, as far as that goes: a version of 120,000 characters.
    let limits = Limits::DEFAULT.with_max_string_table_use(120_000);
    let at = |references| Fragment::parse_with(&bomb(references), Strictness::Lenient, &limits).map(|_| ());
    assert_ne!(at(2).err().map(|error| error.kind()), Some(ErrorKind::StringTableUse));
    assert_eq!(at(3).unwrap_err().kind(), ErrorKind::StringTableUse);
}

#[test]
fn a_namespace_has_a_length() {
    for (long, ok) in [(256, true), (257, false)] {
        let uri = "u".repeat(long);
        for declared in [format!("xmlns:p='{uri}'"), format!("xmlns:{uri}='u'"), format!("xmlns='{uri}'")] {
            let xml = format!("<SyncML><SyncBody {declared}><Final/></SyncBody></SyncML>");
            let error = Fragment::parse(xml.as_bytes()).err().map(|error| error.kind());
            assert_eq!(error == Some(ErrorKind::NamespaceTooLong), !ok, "{long} {}", &declared[..10]);
        }
    }
}

#[test]
fn a_second_cmd_id_is_reported_also_behind_an_empty_one() {
    for xml in [
        "<Add><CmdID></CmdID><CmdID>5</CmdID><Item/></Add>",
        "<Add><CmdID/><CmdID>5</CmdID><Item/></Add>",
        "<Alert><CmdID></CmdID><CmdID>5</CmdID><Data>1201</Data></Alert>",
        "<Sequence><CmdID></CmdID><CmdID>5</CmdID><Get><CmdID>6</CmdID><Item/></Get></Sequence>",
    ] {
        let parsed = Fragment::parse_with(xml.as_bytes(), Strictness::Lenient, &Limits::DEFAULT).unwrap();
        let repeated = parsed.deviations.iter().any(|deviation| deviation.kind() == DeviationKind::Repeated);
        assert!(repeated, "{xml}: {:?}", parsed.deviations);
        assert_eq!(parsed.value.commands[0].cmd_id().unwrap(), &"5");
    }
}

fn message(item: &str) -> String {
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\" xmlns:d=\"syncml:dmddf1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
         <VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>a</LocURI></Target>\
         <Source><LocURI>b</LocURI></Source></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1226</Data><Item>{item}\
         </Item></Alert><Final/></SyncBody></SyncML>"
    )
}

fn data<'m>(message: &'m Message<'_>) -> &'m Data<'m> {
    let [Command::Alert(alert)] = &message.commands[..] else { panic!("one alert") };
    alert.items[0].data.as_ref().unwrap()
}

/// Raw mark-up goes to WBXML and back whatever the Type says, with prefixes from outside too.
#[test]
fn mark_up_comes_back_from_wbxml_whatever_its_type() {
    let options = ConvertOptions::default();
    for (type_, tree) in [
        ("com.vendor.tree", "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>"),
        ("com.vendor.tree", "<d:MgmtTree><d:VerDTD>1.2</d:VerDTD></d:MgmtTree>"),
        ("application/vnd.syncml.dmtnds+xml", "<d:MgmtTree><d:VerDTD>1.2</d:VerDTD></d:MgmtTree>"),
        ("application/vnd.syncml-devinf+xml", "<DevInf xmlns=\"syncml:devinf\"><VerDTD>1.2</VerDTD></DevInf>"),
    ] {
        let xml = message(&format!("<Meta><Type xmlns=\"syncml:metinf\">{type_}</Type></Meta><Data>{tree}</Data>"));
        let first = Message::parse(xml.as_bytes()).unwrap();
        let expected = data(&first).document(type_, &Limits::DEFAULT).unwrap().unwrap().into_owned();
        let wire = first.clone().convert(Encoding::Wbxml, &options).unwrap().to_wbxml().unwrap();
        let second = Message::parse(&wire).unwrap().convert(Encoding::Xml, &options).unwrap();
        let again = second.to_xml().unwrap();
        let third = Message::parse(&again).unwrap();
        let Command::Alert(alert) = &third.commands[0] else { panic!("an alert") };
        assert_eq!(alert.items[0].meta.as_ref().unwrap().type_(), Some(type_));
        let found = data(&third).document(type_, &Limits::DEFAULT).unwrap().unwrap().into_owned();
        assert_eq!(found, expected, "{type_} {tree}");
        assert!(!matches!(data(&third).content, Content::Opaque(_)));
    }
    assert_eq!(options.binary, Binary::Refuse);
}

#[test]
fn what_was_cut_off_is_still_what_it_was() {
    let whole = message("<Data>x</Data>");
    let cut = &whole.as_bytes()[..whole.find("</Alert>").unwrap()];
    let (parsed, error) = Fragment::salvage(cut, &Limits::DEFAULT);
    assert_eq!(error.unwrap().kind(), ErrorKind::UnexpectedEnd);
    assert_eq!((parsed.value.root, parsed.value.header.is_some()), (FragmentRoot::Message, true));
    let (parsed, _) = Fragment::salvage(b"<SyncML><SyncBody><Get>", &Limits::DEFAULT);
    assert_eq!(parsed.value.root, FragmentRoot::SyncMl);
}

#[test]
fn a_declaration_is_not_written_twice() {
    let xml = message("<Data>x</Data>").replace(
        "<Alert>",
        "<Status><CmdID>9</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
         <NextNonce xmlns='syncml:metinf'><foo/></NextNonce></Meta></Chal><Data>407</Data></Status><Alert>",
    );
    let message = Message::parse(xml.as_bytes()).unwrap();
    let written = message.to_xml().unwrap();
    assert_eq!(Message::parse(&written).unwrap(), message);
}

#[test]
fn a_default_namespace_does_not_move_data() {
    let item = "<d:Data xmlns='urn:other' xmlns:d='SYNCML:SYNCML1.2'><MgmtTree/></d:Data>";
    let xml = message(item);
    let message = Message::parse(xml.as_bytes()).unwrap();
    assert_eq!(message.to_xml().unwrap_err().kind(), ErrorKind::NotEncodable);
    assert_eq!(message.to_wbxml().unwrap_err().kind(), ErrorKind::NotEncodable);
}

#[test]
fn a_misplaced_credential_is_not_in_a_log() {
    for item in ["<Cred><Data>U0VDUkVU</Data></Cred>", "<NextNonce>U0VDUkVU</NextNonce>", "<x><Cred a='U0VDUkVU'/></x>"]
    {
        let message = message(&format!("<Data>shown</Data>{item}"));
        let parsed = Message::parse(message.as_bytes()).unwrap();
        let debug = format!("{parsed:?}");
        assert!(debug.contains("[redacted]") && !debug.contains("U0VDUkVU") && debug.contains("shown"), "{debug}");
    }
}

#[test]
fn an_unknown_command_can_be_answered() {
    let fragment = Fragment::parse(b"<Frob><CmdID> 3 </CmdID></Frob>");
    let Err(_) = fragment else { panic!("no command, no fragment") };
    let fragment = Fragment::parse(b"<SyncBody><Frob><CmdID> 3 </CmdID></Frob></SyncBody>").unwrap();
    let status = Status::for_command("2", "1", &fragment.commands[0], StatusCode::NOT_IMPLEMENTED);
    assert_eq!((status.cmd_ref.as_ref().unwrap().as_str(), status.cmd.as_ref().unwrap().as_str()), ("3", "Frob"));
    let answer = Fragment { commands: vec![Command::Status(status)], ..Fragment::default() };
    assert!(String::from_utf8(answer.to_xml().unwrap()).unwrap().contains("<CmdRef>3</CmdRef><Cmd>Frob</Cmd>"));
}

#[test]
fn only_latin_1_is_latin_1() {
    let text = |label: &str| [format!("<?xml version='1.0' encoding='{label}'?><a>").as_bytes(), b"\xA4</a>"].concat();
    assert!(utf8(&text("ISO-8859-1")).unwrap().ends_with("¤</a>".as_bytes()));
    assert!(utf8(&text("latin1")).unwrap().ends_with("¤</a>".as_bytes()));
    for other in ["ISO-8859-15", "windows-1252", "utf-8"] {
        assert_eq!(utf8(&text(other)).unwrap(), text(other));
    }
}

#[test]
fn a_token_that_means_something_is_no_unknown_token() {
    for (page, token, ok) in [(0, 0x3F, true), (0, 0x05, false), (1, 0x3F, true), (7, 0x3F, false), (2, 0x05, false)] {
        let mut message = Message::parse(message("<Data>x</Data>").as_bytes()).unwrap().into_owned();
        message.extras.push(Element::new(Name::Token { page, token }));
        let options = WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
        let mut wire = Vec::new();
        assert_eq!(message.encode_wbxml(&options, &mut wire).is_ok(), ok, "{page} {token:02X}");
    }
}
