//! Commands of the tree through messages and back.

use super::*;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use dm_syncml::{Limits, Location, Message, Namespace, Strictness, SyncHdr};

const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

/// The command of the tree at the other end.
fn through(command: &Command, encoding: Encoding) -> Command {
    let header = SyncHdr::new("1", "1", Location::new("IMEI:1"), Location::new("https://dm.example/"));
    let sent = to_message(command, "1", encoding).unwrap();
    let message = Message::new(header).with_namespace(Namespace::SyncMl12).with_command(sent);
    let mut bytes = Vec::new();
    message.encode(encoding, &mut bytes).unwrap();
    let limits = Limits::DEFAULT;
    let parsed = match encoding {
        Encoding::Xml => Message::parse_xml(&bytes, Strictness::Strict, &limits),
        Encoding::Wbxml => Message::parse_wbxml(&bytes, Strictness::Strict, &limits),
    };
    let message = parsed.unwrap().value;
    let mut commands = from_message(&message.commands[0]);
    assert_eq!(commands.len(), 1);
    commands.remove(0).unwrap()
}

#[test]
fn commands_arrive_as_they_were_sent() {
    let text = Content::from("7 & <8>").with_format("int").with_type("text/plain");
    for command in [
        Command::add("./A", Content::node()),
        Command::add("./A", Content::mo("urn:oma:mo:x:1.0")),
        Command::add("./A", Content::EMPTY),
        Command::add("./A", ""),
        Command::add("./A", text.clone()),
        Command::replace("./A?prop=ACL", "Get=*"),
        Command::replace("./A", Content::from("<a>&amp;</a>").with_format("xml")),
        Command::delete("./A/B%20C"),
        Command::copy("./A", "./B"),
        Command::get("./A?list=StructData"),
        Command::Get { uri: "./A?list=TNDS".into(), media_type: Some("application/vnd.syncml.dmtnds+xml".into()) },
        Command::exec("./A"),
        Command::Exec { uri: "./A".into(), correlator: Some("c-1".into()), content: text },
    ] {
        for encoding in ENCODINGS {
            assert_eq!(through(&command, encoding), command, "{encoding:?}");
        }
        assert!(target(&command).unwrap().starts_with("./"));
    }
}

#[test]
fn what_is_none_of_the_protocol_is_not_sent() {
    let check = Command::Check { uri: "./A".into(), add: true, content: Content::EMPTY, size: None };
    for command in [check, Command::Begin, Command::Commit, Command::Rollback] {
        assert_eq!(to_message(&command, "1", Encoding::Xml), None);
    }
    assert_eq!(target(&Command::Begin), None);
}

/// Format and data on the wire, as text where they are some.
fn wire(content: &Content, encoding: Encoding) -> (Option<String>, Option<Vec<u8>>) {
    let item = content_into_item(content, Item::target("./A"), encoding);
    let format = item.meta.as_ref().and_then(Meta::format).map(|format| format.as_str().to_owned());
    (format, item.data.map(|data| data.as_bytes().unwrap().to_vec()))
}

#[test]
fn bytes_go_as_each_form_can_carry_them() {
    let octets = vec![0, 0x3c, 0xff];
    let base64 = b"ADz/".to_vec();
    let bytes = || Content::new(Data::Bytes(octets.clone()));
    let some = |format: &str, data: &[u8]| (Some(format.to_string()), Some(data.to_vec()));
    // In XML there is no bin: it is b64 (§7.2).
    assert_eq!(wire(&bytes(), Encoding::Xml), some("b64", &base64));
    assert_eq!(wire(&bytes().with_format("bin"), Encoding::Xml), some("b64", &base64));
    assert_eq!(wire(&bytes().with_format("b64"), Encoding::Xml), some("b64", &base64));
    assert_eq!(wire(&bytes(), Encoding::Wbxml), some("bin", &octets));
    assert_eq!(wire(&bytes().with_format("bin"), Encoding::Wbxml), some("bin", &octets));
    assert_eq!(wire(&bytes().with_format("b64"), Encoding::Wbxml), some("b64", &base64));
    // Text of a binary node.
    let text = || Content::from("abc").with_format("bin");
    assert_eq!(wire(&text(), Encoding::Xml), some("b64", b"YWJj"));
    assert_eq!(wire(&text(), Encoding::Wbxml), some("bin", b"abc"));
    // Bytes of a text node that are text.
    let chr = || Content::new(Data::Bytes(b"abc".to_vec())).with_format("chr");
    assert_eq!(wire(&chr(), Encoding::Xml), some("chr", b"abc"));
    assert_eq!(wire(&chr(), Encoding::Wbxml), some("chr", b"abc"));
}

#[test]
fn texts_that_xml_does_not_have_go_as_base64() {
    for content in [Content::from("\u{1}"), Content::from("\u{1}").with_format("chr")] {
        assert_eq!(wire(&content, Encoding::Xml), (Some("b64".into()), Some(b"AQ==".to_vec())));
    }
}

#[test]
fn no_data_is_no_data_element_and_chr_is_the_default() {
    for encoding in ENCODINGS {
        assert_eq!(wire(&Content::EMPTY, encoding), (None, None));
        assert_eq!(wire(&Content::node(), encoding), (Some("node".into()), None));
        assert_eq!(wire(&Content::from(""), encoding), (None, Some(vec![])));
        assert_eq!(wire(&Content::from("x"), encoding), (None, Some(b"x".to_vec())));
        assert_eq!(wire(&Content::from("x").with_format("chr"), encoding), (Some("chr".into()), Some(b"x".to_vec())));
        assert_eq!(wire(&Content::from("x").with_format("odd"), encoding), (Some("odd".into()), Some(b"x".to_vec())));
    }
}

#[test]
fn documents_are_escaped_in_xml_and_elements_in_wbxml() {
    let xml = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>";
    let element = syncml::Element::parse_xml(xml.as_bytes(), &Limits::DEFAULT).unwrap().into_owned();
    let content = Content::new(Data::Element(element.clone())).with_format("xml");
    let item = |encoding| content_into_item(&content, Item::target("./A"), encoding).data.unwrap();
    assert!(item(Encoding::Xml).as_text().unwrap().starts_with("<MgmtTree"));
    assert_eq!(item(Encoding::Wbxml), syncml::Data::element(element));
}

#[test]
fn items_without_an_address_are_412_and_each_counts() {
    let get = syncml::Command::Get(
        Operation::new("1").with_item(Item::target("./A")).with_item(Item::source("./B")).with_item(Item::new()),
    );
    assert_eq!(from_message(&get), [Ok(Command::get("./A")), Err(StatusCode::INCOMPLETE), Err(StatusCode::INCOMPLETE)]);
    let copy = syncml::Command::Copy(Operation::new("1").with_item(Item::target("./A")));
    assert_eq!(from_message(&copy), [Err(StatusCode::INCOMPLETE)]);
    let results = syncml::Command::Results(syncml::Results::new("1", "1", "1").with_item(Item::target("./A")));
    assert_eq!(from_message(&results), [Err(StatusCode::BAD_REQUEST)]);
    assert_eq!(from_message(&syncml::Command::Atomic(syncml::Container::new("1"))), []);
}

#[test]
fn meta_of_the_command_holds_for_its_items() {
    let meta = Meta::new().with_format(syncml::Format::Int).with_type("text/plain");
    let own = Item::target("./B").with_meta(Meta::new().with_format(syncml::Format::Chr)).with_data("2");
    let replace = syncml::Command::Replace(
        Operation::new("1").with_meta(meta).with_item(Item::target("./A").with_data("1")).with_item(own),
    );
    let content = |data: &str, format: &str| Content::from(data).with_format(format).with_type("text/plain");
    assert_eq!(
        from_message(&replace),
        [Ok(Command::replace("./A", content("1", "int"))), Ok(Command::replace("./B", content("2", "chr")))]
    );
}

#[test]
fn values_are_not_shown() {
    let shown = format!("{:?}", Command::replace("./A", "TopSecret"));
    assert!(!shown.contains("TopSecret"), "{shown}");
}
