//! Mistakes that were made once.

#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use core::fmt::Debug;

use dm_syncml::{
    Attribute, Command, Content, Data, Declaration, Element, Error, ErrorKind, Fragment, Item, Limits, Markup, Name,
    Namespace, Operation, Page, Strictness, Tag, WbxmlOptions, XmlOptions, utf8,
};

fn strict(xml: &str) -> Fragment<'_> {
    Fragment::parse_xml(xml.as_bytes(), Strictness::Strict, &Limits::DEFAULT).unwrap().value
}

fn written(fragment: &Fragment<'_>) -> Result<String, Error> {
    let mut xml = Vec::new();
    fragment.encode_xml(&XmlOptions::DEFAULT, &mut xml)?;
    Ok(String::from_utf8(xml).unwrap())
}

fn replace(data: Data<'static>) -> Fragment<'static> {
    let item = Item::target("./A").with_data(data);
    let mut fragment = Fragment::default();
    fragment.commands.push(Command::Replace(Operation::new("2").with_item(item)));
    fragment
}

fn markup(xml: &'static str, scope: &[(&'static str, &'static str)]) -> Data<'static> {
    let scope =
        scope.iter().map(|&(prefix, uri)| Declaration { prefix: prefix.into(), uri: uri.into() }).collect::<Vec<_>>();
    let mut data = Data::text("");
    data.content = Content::Markup(Box::new(Markup { xml: xml.into(), scope: scope.into() }));
    data
}

fn other(namespace: &'static str, local: &'static str) -> Name<'static> {
    Name::Other { namespace: namespace.into(), local: local.into() }
}

fn kind<T: Debug>(result: Result<T, Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn the_namespace_of_a_nonce_with_elements_is_written_once() {
    let xml = "<Status xmlns='SYNCML:SYNCML1.2'><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
               <NextNonce xmlns='syncml:metinf'><foo/></NextNonce></Meta></Chal><Data>401</Data></Status>";
    let once = written(&strict(xml)).unwrap();
    assert!(once.contains("<NextNonce xmlns=\"syncml:metinf\"><foo/></NextNonce>"), "{once}");
    assert_eq!(written(&Fragment::parse(once.as_bytes()).unwrap()).unwrap(), once);
}

#[test]
fn a_nonce_does_not_leave_its_namespace() {
    let xml = "<Status xmlns='SYNCML:SYNCML1.2'><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
               <m:NextNonce xmlns:m='syncml:metinf' xmlns='urn:other'><foo/></m:NextNonce></Meta></Chal>\
               <Data>401</Data></Status>";
    assert_eq!(kind(written(&strict(xml))), ErrorKind::NotEncodable);
}

#[test]
fn data_does_not_leave_its_namespace() {
    let xml = "<Replace><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target>\
               <d:Data xmlns='urn:other' xmlns:d='SYNCML:SYNCML1.2'><MgmtTree/></d:Data></Item></Replace>";
    let read = Fragment::parse_xml(xml.as_bytes(), Strictness::Lenient, &Limits::DEFAULT).unwrap().value;
    assert_eq!(kind(written(&read)), ErrorKind::NotEncodable);
    for uri in ["urn:other", "syncml:dmddf1.2", "syncml:metinf"] {
        assert_eq!(kind(written(&replace(markup("<a/>", &[("", uri)])))), ErrorKind::NotEncodable, "{uri}");
    }
    for uri in ["", "SYNCML:SYNCML1.2", "syncml:syncml1.1"] {
        let xml = written(&replace(markup("<a/>", &[("", uri)]))).unwrap();
        assert!(xml.contains(&format!("<Data xmlns=\"{uri}\"><a/></Data>")), "{xml}");
    }
}

#[test]
fn no_declaration_is_written_twice() {
    let twice = markup("<a/>", &[("", "SYNCML:SYNCML1.2"), ("", "SYNCML:SYNCML1.2")]);
    assert_eq!(kind(written(&replace(twice))), ErrorKind::DuplicateAttribute);
    let twice = markup("<p:a/>", &[("p", "urn:a"), ("p", "urn:b")]);
    assert_eq!(kind(written(&replace(twice))), ErrorKind::DuplicateAttribute);
    let mut both = markup("<p:a/>", &[("p", "urn:a")]);
    let attribute = Attribute { namespace: "urn:a".into(), name: "p:x".into(), value: "1".into() };
    both.attributes = [attribute].into_iter().collect();
    let xml = written(&replace(both)).unwrap();
    assert!(xml.contains("<Data xmlns:p=\"urn:a\" p:x=\"1\"><p:a/></Data>"), "{xml}");
}

#[test]
fn debug_leaves_secrets_out() {
    let xml = b"<Put><cred><Meta><Type>syncml:auth-md5</Type></Meta><Data>c2VjcmV0</Data></cred>\
                <NEXTNONCE>bm9uY2U=</NEXTNONCE><Data>plain</Data></Put>";
    let put = Element::parse_xml(xml, &Limits::DEFAULT).unwrap();
    let cred = put.view().children().next().unwrap();
    let inner = cred.children().last().unwrap();
    for debug in
        [format!("{put:?}"), format!("{:?}", put.view()), format!("{:?}", put.view().children()), format!("{put:#?}")]
    {
        assert!(!debug.contains("c2VjcmV0") && !debug.contains("bm9uY2U"), "{debug}");
        assert!(debug.contains("[redacted]") && debug.contains("plain") && debug.contains("\"cred\""), "{debug}");
    }
    for debug in [format!("{cred:?}"), format!("{inner:?}"), format!("{:?}", cred.children())] {
        assert!(!debug.contains("c2VjcmV0") && debug.contains("[redacted]"), "{debug}");
    }
    let known = Element::with_text(Name::Known(Tag::by_name(Page::MetInf, "NextNonce").unwrap()), "bm9uY2U=");
    assert!(!format!("{known:?}").contains("bm9uY2U"));
    let bytes = [0x02, 0xA4, 0x01, 0x6A, 0x00, 0x4E, 0xC3, 0x02, 0x07, 0xF1, 0x01];
    let cred = Element::parse_wbxml(&bytes, &Limits::DEFAULT).unwrap();
    assert!(format!("{cred:?}").contains("[redacted]"), "{cred:?}");
}

#[test]
fn latin1_is_taken_by_its_whole_name() {
    let get = |label: &str| {
        let mut input = format!("<?xml version='1.0' {label}?><a>").into_bytes();
        input.extend_from_slice(b"\xE9</a>");
        let text = utf8(&input).unwrap().into_owned();
        text != input
    };
    for name in ["ISO-8859-1", "iso8859-1", "Iso_8859-1", "latin1", "L1"] {
        assert!(get(&format!("encoding=\"{name}\"")), "{name}");
        assert!(get(&format!("encoding = '{name}' standalone='yes'")), "{name}");
    }
    for name in ["ISO-8859-15", "iso-8859-10", "xlatin1", "latin10", "windows-1252", ""] {
        assert!(!get(&format!("encoding=\"{name}\"")), "{name}");
    }
    for label in ["", "encoding", "encoding=latin1", "standalone='latin1'"] {
        assert!(!get(label), "{label}");
    }
}

#[test]
fn reserved_namespaces_are_not_declared() {
    for uri in ["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"] {
        assert_eq!(kind(Element::new(other(uri, "a")).to_xml()), ErrorKind::Syntax, "{uri}");
        let outer = {
            let mut outer = Element::new(other("", "a"));
            outer.push(Element::new(other(uri, "b")));
            outer
        };
        assert_eq!(kind(outer.to_xml()), ErrorKind::Syntax, "{uri}");
        assert_eq!(kind(written(&replace(markup("<a/>", &[("p", uri)])))), ErrorKind::Syntax, "{uri}");
        let mut data = Data::text("1");
        data.attributes =
            [Attribute { namespace: uri.into(), name: "p:x".into(), value: "1".into() }].into_iter().collect();
        assert_eq!(kind(written(&replace(data))), ErrorKind::Syntax, "{uri}");
        let header = dm_syncml::SyncHdr::new("1", "1", dm_syncml::Location::new("a"), dm_syncml::Location::new("b"));
        let message = dm_syncml::Message::new(header).with_namespace(Namespace::Other(uri.into()));
        let lenient = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
        assert_eq!(kind(message.encode_xml(&lenient, &mut Vec::new())), ErrorKind::Syntax, "{uri}");
    }
}

#[test]
fn a_token_that_is_assigned_or_of_no_page_is_refused() {
    let write = |page, token| {
        let mut tree = Element::new(Name::Known(Tag::by_name(Page::DmDdf, "MgmtTree").unwrap()));
        tree.push(Element::new(Name::Token { page, token }));
        tree.to_wbxml(&WbxmlOptions::DEFAULT)
    };
    for (page, token) in [(0, 0x05), (1, 0x07), (2, 0x05), (3, 0x3F), (255, 0x3F), (0, 0x04), (0, 0x40)] {
        assert_eq!(kind(write(page, token)), ErrorKind::NotEncodable, "{page}:{token:02X}");
    }
    for token in 0x05..=0x3F {
        // Page 0 is that of the document, not that of DevInf.
        assert_eq!(write(0, token).is_err(), Tag::by_token(Page::SyncMl, token).is_some(), "{token:02X}");
    }
    for page in 0..=2 {
        let bytes = write(page, 0x3F).unwrap();
        let read = Element::parse_wbxml(&bytes, &Limits::DEFAULT).unwrap();
        assert_eq!(*read.view().children().next().unwrap().name(), Name::Token { page, token: 0x3F });
    }
}
