//! What changes between the forms: bytes, nested documents, nonces; and what cannot.

#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

use dm_syncml::{
    Alert, AlertCode, Binary, Command, Content, ConvertOptions, Cred, Data, Declaration, Element, Encoding, Error,
    ErrorKind, Format, Fragment, Item, Location, Markup, Message, Meta, Name, Operation, Page, Status, StatusCode,
    SyncHdr, Tag, WbxmlOptions, WbxmlTnds,
};

const BYTES: [u8; 8] = [0x00, 0x01, 0x3C, 0x26, 0xFF, 0xFE, 0x0D, 0x0A];
const TNDS_XML: &str = "application/vnd.syncml.dmtnds+xml";
const TNDS_WBXML: &str = "application/vnd.syncml.dmtnds+wbxml";
const DEFAULT: ConvertOptions = ConvertOptions::DEFAULT;

fn header() -> SyncHdr<'static> {
    SyncHdr::new("2F", "2", Location::new("IMEI:352099001761481"), Location::new("https://dm.example.net/oma"))
}

fn replace(item: Item<'static>) -> Message<'static> {
    Message::new(header()).with_command(Command::Replace(Operation::new("2").with_item(item))).with_final()
}

fn bin(data: impl Into<Data<'static>>) -> Item<'static> {
    Item::target("./A").with_meta(Meta::new().with_format(Format::Bin)).with_data(data)
}

fn item<'m>(message: &'m Message<'static>) -> &'m Item<'static> {
    &message.commands[0].items()[0]
}

fn said<'m>(message: &'m Message<'static>) -> (Option<&'m Format<'static>>, Option<&'m str>) {
    let meta = item(message).meta.as_ref();
    (meta.and_then(Meta::format), meta.and_then(Meta::type_))
}

fn to_xml(item: Item<'static>) -> Result<Message<'static>, Error> {
    replace(item).convert(Encoding::Xml, &DEFAULT)
}

/// Example W2 of the reference and its counterpart: Format becomes b64, Size 12.
#[test]
fn bytes_become_base64_and_their_size_is_counted_anew() {
    let meta = Meta::new().with_format(Format::Bin).with_type("image/png").with_size(8);
    let message = replace(Item::target("./Vendor/Logo").with_meta(meta).with_data(Data::opaque(&BYTES[..])));
    let xml = message.convert(Encoding::Xml, &DEFAULT).unwrap();
    let text = String::from_utf8(xml.to_xml().unwrap()).unwrap();
    let expected = "<Replace><CmdID>2</CmdID><Item><Target><LocURI>./Vendor/Logo</LocURI></Target><Meta>\
        <Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">image/png</Type>\
        <Size xmlns=\"syncml:metinf\">12</Size></Meta><Data>AAE8Jv/+DQo=</Data></Item></Replace>";
    assert!(text.contains(expected), "{text}");
    // It means the same bytes.
    assert_eq!(item(&xml).data.as_ref().unwrap().decode_base64().unwrap(), BYTES);
}

#[test]
fn meta_of_the_command_counts_and_is_not_changed() {
    let operation = Operation::new("2")
        .with_meta(Meta::new().with_format(Format::Bin).with_size(8))
        .with_item(Item::target("./A").with_data(Data::opaque(&BYTES[..])))
        .with_item(Item::target("./B").with_data("1").with_meta(Meta::new().with_format(Format::Int)));
    let message = Message::new(header()).with_command(Command::Add(operation.clone()));
    let xml = message.convert(Encoding::Xml, &DEFAULT).unwrap();
    let items = xml.commands[0].items();
    let meta = items[0].meta.as_ref().unwrap();
    assert_eq!((meta.format(), meta.size().unwrap().number()), (Some(&Format::B64), Some(12)));
    assert_eq!(items[1], operation.items[1]);
    assert_eq!(xml.commands[0].meta(), operation.meta.as_deref());
}

#[test]
fn chunks_of_bytes_must_be_joinable() {
    let chunk = |len: usize| {
        let meta = Meta::new().with_format(Format::Bin).with_size(100);
        Item::target("./A").with_meta(meta).with_data(Data::opaque(vec![7; len])).with_more_data()
    };
    let xml = to_xml(chunk(6)).unwrap();
    // The Size is that of the whole object.
    assert_eq!(item(&xml).meta.as_ref().unwrap().size().unwrap().number(), Some(136));
    for len in [5, 7] {
        assert_eq!(to_xml(chunk(len)).unwrap_err().kind(), ErrorKind::NotEncodable);
    }
}

#[test]
fn bytes_that_nothing_calls_bytes() {
    let unsaid = |bytes: &'static [u8]| Item::target("./A").with_data(Data::opaque(bytes));
    // Text in an OPAQUE is text: some senders have all Data that way.
    let xml = to_xml(unsaid(b"text <1>")).unwrap();
    assert_eq!(item(&xml), &Item::target("./A").with_data("text <1>"));
    for bytes in [&BYTES[..], b"\0", "\u{FFFE}".as_bytes()] {
        assert_eq!(to_xml(unsaid(bytes)).unwrap_err().kind(), ErrorKind::NotEncodable);
        let xml = replace(unsaid(bytes)).convert(Encoding::Xml, &DEFAULT.with_binary(Binary::Base64)).unwrap();
        assert_eq!(said(&xml), (Some(&Format::B64), None));
        assert_eq!(item(&xml).data.as_ref().unwrap().decode_base64().unwrap(), bytes);
    }
    // Base64 characters in an OPAQUE with Format b64 are not encoded twice.
    let b64 = Item::target("./A").with_meta(Meta::new().with_format(Format::B64)).with_data(Data::opaque(&b"AP8="[..]));
    let xml = to_xml(b64).unwrap();
    assert_eq!(item(&xml).data, Some(Data::text("AP8=")));
}

#[test]
fn text_said_to_be_bytes_is_base64_too() {
    let xml = to_xml(bin("abc")).unwrap();
    assert_eq!(said(&xml).0, Some(&Format::B64));
    assert_eq!(item(&xml).data, Some(Data::text("YWJj")));
    let empty = to_xml(bin(Data::opaque(&[][..]))).unwrap();
    assert_eq!((said(&empty).0, item(&empty).data.as_ref().unwrap().is_empty()), (Some(&Format::B64), true));
}

#[test]
fn codes_credentials_and_nonces_that_came_as_bytes() {
    let mut status = Status::new("1", "1", "0", "SyncHdr", StatusCode::OK);
    status.data = Some(Data::opaque(&b"401"[..]));
    let chal = |nonce: &'static [u8]| {
        let wbxml = Fragment::parse(nonce_message(nonce).leak()).unwrap();
        match &wbxml.commands[0] {
            Command::Status(status) => status.chal.clone().unwrap(),
            _ => unreachable!(),
        }
    };
    let mut alert = Alert::new("2", AlertCode::CLIENT_INITIATED);
    alert.data = Some(Data::opaque(&b"1201"[..]));
    for (nonce, expected) in
        [(&b"WhfCDptE8ag9ZgK34VUMmQ=="[..], "WhfCDptE8ag9ZgK34VUMmQ=="), (&BYTES[..], "AAE8Jv/+DQo=")]
    {
        status.chal = Some(chal(nonce));
        let mut header = header().with_cred(Cred::new("syncml:auth-md5", ""));
        header.cred.as_mut().unwrap().data = Data::opaque(nonce);
        let message = Message::new(header)
            .with_command(Command::Status(status.clone()))
            .with_command(Command::Alert(alert.clone()));
        let xml = message.convert(Encoding::Xml, &DEFAULT).unwrap();
        let Command::Status(status) = &xml.commands[0] else { unreachable!() };
        let Command::Alert(alert) = &xml.commands[1] else { unreachable!() };
        assert_eq!(status.data, Some(Data::text("401")));
        assert_eq!(alert.data, Some(Data::text("1201")));
        assert_eq!(status.chal.as_ref().unwrap().meta.next_nonce().unwrap(), &Data::text(expected));
        assert_eq!(xml.header.cred.as_ref().unwrap().data, Data::text(expected));
        xml.to_xml().unwrap();
    }
}

/// `SyncML{SyncBody{Status{Chal{Meta{NextNonce OPAQUE}}}}}` byte by byte.
fn nonce_message(nonce: &[u8]) -> Vec<u8> {
    let mut wire = b"\x02\xA4\x01\x6A\x00\x6D\x6B\x69\x49\x5A\x00\x01\x50\xC3".to_vec();
    wire.push(u8::try_from(nonce.len()).unwrap());
    wire.extend(nonce);
    wire.extend(b"\x01\x01\x01\x01\x01\x01");
    wire
}

fn ddf(name: &str) -> Name<'static> {
    Name::Known(Tag::by_name(Page::DmDdf, name).unwrap())
}

fn tree() -> Element<'static> {
    let mut tree = Element::new(ddf("MgmtTree"));
    tree.push(Element::with_text(ddf("VerDTD"), "1.2"));
    tree
}

const TREE: &str = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>";

fn tnds(format: Format<'static>, type_: &'static str, data: Data<'static>) -> Item<'static> {
    Item::target("./A").with_meta(Meta::new().with_format(format).with_type(type_)).with_data(data)
}

fn markup(xml: &'static str) -> Data<'static> {
    let mut data = Data::text("");
    data.content = Content::Markup(Box::new(Markup { xml: xml.into(), scope: Box::default() }));
    data
}

#[test]
fn nested_documents_become_elements_with_the_type_for_them() {
    let document = tree().to_wbxml(&WbxmlOptions::DEFAULT).unwrap();
    for (format, data) in [
        (Format::Bin, Data::opaque(document.clone())),
        (Format::Xml, Data::opaque(document)),
        (Format::Bin, Data::element(tree())),
    ] {
        let xml = to_xml(tnds(format, TNDS_WBXML, data)).unwrap();
        assert_eq!(said(&xml), (Some(&Format::Xml), Some(TNDS_XML)));
        let text = String::from_utf8(xml.to_xml().unwrap()).unwrap();
        assert!(text.contains(&format!("<Data>{TREE}</Data>")), "{text}");
    }
    // The Type says WBXML, the bytes are XML: some converters change only the Type.
    for data in [Data::opaque(TREE.as_bytes()), Data::text(TREE)] {
        let xml = to_xml(tnds(Format::Bin, TNDS_WBXML, data)).unwrap();
        assert_eq!(said(&xml), (Some(&Format::Xml), Some(TNDS_XML)));
        assert_eq!(item(&xml).data, Some(Data::text(TREE)));
    }
    let broken = tnds(Format::Bin, TNDS_WBXML, Data::opaque(&[2, 0, 0, 0x6A][..]));
    assert_eq!(to_xml(broken).unwrap_err().kind(), ErrorKind::UnexpectedEnd);
}

#[test]
fn bytes_in_a_tree_are_base64_where_the_node_is_bin() {
    // MgmtTree{Node{NodeName, RTProperties{Format{bin|chr}}, Value OPAQUE}} on page 2, byte by byte.
    let document = |format: u8, value: &[u8]| {
        let mut wire =
            b"\x02\x00\x00\x6A\x1B-//OMA//DTD-DM-DDF 1.2//EN\x00\x00\x02\x60\x64\x66\x03N\x00\x01\x6F\x5C".to_vec();
        wire.extend([format, 1, 1, 0x76, 0xC3, u8::try_from(value.len()).unwrap()]);
        wire.extend(value);
        wire.extend([1, 1, 1]);
        Data::opaque(wire)
    };
    let value = |data: Data<'static>, options: &ConvertOptions| {
        let message = replace(tnds(Format::Bin, TNDS_WBXML, data)).convert(Encoding::Xml, options)?;
        let text = String::from_utf8(message.to_xml()?).unwrap();
        let (_, rest) = text.split_once("<Value>").unwrap();
        Ok::<_, Error>(rest.split_once("</Value>").unwrap().0.to_owned())
    };
    assert_eq!(value(document(0x09, b"abc"), &DEFAULT).unwrap(), "YWJj");
    assert_eq!(value(document(0x0B, b"a<c"), &DEFAULT).unwrap(), "a&lt;c");
    assert_eq!(value(document(0x0B, &BYTES), &DEFAULT).unwrap_err().kind(), ErrorKind::NotEncodable);
    assert_eq!(value(document(0x0B, &BYTES), &DEFAULT.with_binary(Binary::Base64)).unwrap(), "AAE8Jv/+DQo=");
}

#[test]
fn a_tree_of_elements_is_sent_as_a_document_with_the_type_for_it() {
    for data in [
        Data::element(tree()),
        markup(TREE),
        markup("\n <!-- c --><MgmtTree xmlns='syncml:dmddf1.2'>\n <VerDTD>1.2</VerDTD></MgmtTree> "),
    ] {
        let wbxml = replace(tnds(Format::Xml, TNDS_XML, data)).convert(Encoding::Wbxml, &DEFAULT).unwrap();
        assert_eq!(said(&wbxml), (Some(&Format::Bin), Some(TNDS_WBXML)));
        assert_eq!(item(&wbxml).data, Some(Data::element(tree())));
        // And back: nested or inline it is the same.
        for form in [WbxmlTnds::Nested, WbxmlTnds::Inline] {
            let mut wire = Vec::new();
            wbxml.encode_wbxml(&WbxmlOptions::DEFAULT.with_tnds(form), &mut wire).unwrap();
            let read = Message::parse(&wire).unwrap().convert(Encoding::Xml, &DEFAULT).unwrap().into_owned();
            assert_eq!(said(&read), (Some(&Format::Xml), Some(TNDS_XML)));
            assert_eq!(item(&read).data, Some(Data::element(tree())));
        }
    }
    // As text it stays text, unless asked.
    let text = tnds(Format::Xml, TNDS_XML, Data::text(TREE));
    let wbxml = replace(text.clone()).convert(Encoding::Wbxml, &DEFAULT).unwrap();
    assert_eq!(item(&wbxml), &text);
    let wbxml = replace(text).convert(Encoding::Wbxml, &DEFAULT.with_tnds(true)).unwrap();
    assert_eq!(
        (said(&wbxml), &item(&wbxml).data),
        ((Some(&Format::Bin), Some(TNDS_WBXML)), &Some(Data::element(tree())))
    );
}

#[test]
fn what_is_no_tree_of_known_elements_stays() {
    let other = markup("<MgmtTree xmlns='syncml:dmddf1.2'><Own/></MgmtTree>");
    let attribute = markup("<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD a='1'>1.2</VerDTD></MgmtTree>");
    for data in [other, attribute, Data::text("no xml"), markup("<wap/>")] {
        let item_before = tnds(Format::Xml, TNDS_XML, data);
        let wbxml = replace(item_before.clone()).convert(Encoding::Wbxml, &DEFAULT.with_tnds(true)).unwrap();
        assert_eq!(item(&wbxml), &item_before);
    }
    // Without a Type that says so nothing is looked into.
    let plain = tnds(Format::Xml, "text/xml", Data::text(TREE));
    let wbxml = replace(plain.clone()).convert(Encoding::Wbxml, &DEFAULT.with_tnds(true)).unwrap();
    assert_eq!(item(&wbxml), &plain);
}

#[test]
fn types_with_parameters_and_in_any_letter_case() {
    let document = tree().to_wbxml(&WbxmlOptions::DEFAULT).unwrap();
    let xml = to_xml(tnds(Format::Bin, "Application/Vnd.Syncml.Dmtnds+WBXML ; a=b", Data::opaque(document))).unwrap();
    assert_eq!(said(&xml).1, Some("Application/Vnd.Syncml.Dmtnds+xml; a=b"));
}

#[test]
fn what_wbxml_cannot_say_is_an_error_of_the_encoder() {
    let mut data = Data::text("404");
    data.attributes =
        [dm_syncml::Attribute { namespace: "urn:x".into(), name: "msft:originalerror".into(), value: "0x1".into() }]
            .into();
    let mut status = Status::new("1", "1", "1", "Get", StatusCode::NOT_FOUND);
    status.data = Some(data);
    let message = Message::new(header()).with_command(Command::Status(status));
    let wbxml = message.convert(Encoding::Wbxml, &DEFAULT).unwrap();
    assert_eq!(wbxml.to_wbxml().unwrap_err().kind(), ErrorKind::NotEncodable);
}

#[test]
fn offsets_point_at_the_data() {
    let meta = Meta::new().with_type("application/x-own");
    let wire = replace(Item::target("./A").with_meta(meta).with_data(Data::opaque(&BYTES[..]))).to_wbxml().unwrap();
    let error = Message::parse(&wire).unwrap().convert(Encoding::Xml, &DEFAULT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEncodable);
    assert!(wire[error.offset()..].starts_with(&[0xC3, 8, 0, 1]), "{}", error.offset());
    let mut fragment = Fragment::default();
    fragment.declarations.push(Declaration { prefix: "a".into(), uri: "b".into() });
    assert_eq!(fragment.clone().convert(Encoding::Xml, &DEFAULT).unwrap(), fragment);
}
