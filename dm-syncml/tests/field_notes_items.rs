//! Field notes §2.4 and §2.5: Item, Meta, Data and LocURI. Each test is named after its row; the points of §2.5 are
//! numbered `l01` and so on in their order.
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
    Command, Content, Data, DeviationKind, ErrorKind, Format, Fragment, Item, Limits, Location, Mark, Message, Meta,
    Scope, Strictness, SyncHdr,
};
use notes::{data, item, marked, message, msg, refused, refused_within, with_item};

const TARGET: &str = "<Target><LocURI>./A</LocURI></Target>";
const SOURCE: &str = "<Source><LocURI>./B</LocURI></Source>";
const META: &str =
    "<Meta><Format xmlns=\"syncml:metinf\">chr</Format><Type xmlns=\"syncml:metinf\">text/plain</Type></Meta>";
const DATA: &str = "<Data>x</Data>";

/// A message with one item around this Data element.
fn with_data(data: &str) -> String {
    with_item(&format!("{TARGET}{data}"))
}

#[test]
fn d01_any_order() {
    let expected = message(&with_item(&format!("{TARGET}{SOURCE}{META}{DATA}<MoreData/>")), &[]);
    for (text, count) in [
        (format!("{META}‸{TARGET}‸{SOURCE}{DATA}<MoreData/>"), 2),
        (format!("{SOURCE}‸{TARGET}{META}{DATA}<MoreData/>"), 1),
        (format!("{TARGET}{SOURCE}{DATA}‸{META}<MoreData/>"), 1),
        (format!("<MoreData/>‸{DATA}‸{META}‸{SOURCE}‸{TARGET}"), 4),
        (format!("{TARGET}{META}‸{SOURCE}{DATA}<MoreData/>"), 1),
    ] {
        let found = message(&with_item(&text), &vec![DeviationKind::Order; count]);
        assert_eq!(found, expected, "{text}");
        // Out again in the order of the DTD.
        let xml = String::from_utf8(found.to_xml().unwrap()).unwrap();
        assert!(xml.contains(&format!("{TARGET}{SOURCE}{META}{DATA}<MoreData/>")), "{xml}");
    }
}

#[test]
fn d02_effective_meta() {
    let text = msg("<Results><CmdID>1</CmdID><CmdRef>1</CmdRef><Meta><Format xmlns=\"syncml:metinf\">xml</Format>\
         <Type xmlns=\"syncml:metinf\">a/b</Type><Size xmlns=\"syncml:metinf\">7</Size></Meta>\
         <Item><Data>1</Data></Item>\
         <Item><Meta><Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>2</Data></Item></Results>");
    let found = message(&text, &[]);
    let command = &found.commands[0];
    let metas: Vec<_> = command.items().iter().map(|item| command.effective_meta(item)).collect();
    assert_eq!((metas[0].format(), metas[0].type_(), metas[0].size()), (&Format::Xml, "a/b", Some(7)));
    assert_eq!((metas[1].format(), metas[1].type_(), metas[1].size()), (&Format::Int, "a/b", Some(7)));
    let plain = message(&with_item(DATA), &[]);
    let meta = plain.commands[0].effective_meta(item(&plain));
    assert_eq!((meta.format(), meta.type_(), meta.is_stated()), (&Format::Chr, "text/plain", false));
}

#[test]
fn d03_namespaces_of_meta() {
    let expected = message(&with_item(META), &[]);
    let mut forms = [
        (META.to_owned(), 0),
        ("<Meta><MetInf xmlns=\"syncml:metinf\"><Format>chr</Format><Type>text/plain</Type></MetInf></Meta>".into(), 0),
        ("<Meta xmlns=\"syncml:metinf\"><Format>chr</Format><Type>text/plain</Type></Meta>".into(), 0),
        ("<Meta xmlns:A='syncml:metinf'><A:Format>chr</A:Format><A:Type>text/plain</A:Type></Meta>".into(), 0),
        ("<Meta>‸<Format>chr</Format>‸<Type>text/plain</Type></Meta>".into(), 2),
        ("<Meta>‸<Format xmlns=\"\">chr</Format>‸<Type xmlns=''>text/plain</Type></Meta>".into(), 2),
        ("<Meta>‸<Format xmlns=\"syncml:metinfo\">chr</Format>‸<Type xmlns=\"syncml:metinfo\">text/plain</Type></Meta>".into(), 2),
        ("<Meta><Format xmlns=\"syncml:metinf\">chr</Format>‸<Type>text/plain</Type></Meta>".into(), 1),
    ];
    // A wrapper is a deviation of its own, and Meta in the namespace of what is in it another.
    forms[1].0 = forms[1].0.replace("<MetInf", "‸<MetInf");
    forms[2].0 = forms[2].0.replace("<Meta", "‸<Meta");
    for (at, (text, others)) in forms.iter().enumerate() {
        let kinds = match at {
            1 => vec![DeviationKind::MetInf],
            2 => vec![DeviationKind::NamespaceOther],
            _ => vec![DeviationKind::NamespaceOther; *others],
        };
        let found = message(&with_item(text), &kinds);
        assert_eq!(found, expected, "{text}");
        // Each child says its namespace when it is written.
        let xml = String::from_utf8(found.to_xml().unwrap()).unwrap();
        assert!(xml.contains(META), "{xml}");
    }
}

#[test]
fn d04_formats_are_open() {
    for format in ["string", "CHR", "utf8", ""] {
        let text = with_item(&format!("<Meta><Format xmlns=\"syncml:metinf\">‸{format}</Format></Meta>{DATA}"));
        let found = message(&text, &[DeviationKind::UnknownFormat]);
        assert_eq!(
            item(&found).meta.as_ref().unwrap().format(),
            Some(&Format::from(format.to_owned().as_str()).into_owned())
        );
        assert_eq!(data(&found), "x");
    }
    let text = with_item("<Meta><Format xmlns=\"syncml:metinf\">‸ chr\n </Format></Meta><Data>x</Data>");
    let found = message(&text, &[DeviationKind::Padding]);
    assert_eq!(item(&found).meta.as_ref().unwrap().format(), Some(&Format::Chr));
    for format in ["chr", "int", "b64", "bool", "xml", "node", "null", "time", "float", "date", "bin"] {
        let text =
            with_item(&format!("<Meta><Format xmlns=\"syncml:metinf\">{format}</Format></Meta><Data>&lt;!?</Data>"));
        // Format never decides what Data is.
        assert_eq!(data(&message(&text, &[])), "<!?");
    }
}

#[test]
fn d05_escaped_documents_are_text() {
    let text = with_data("<Data>&lt;a id=&quot;1&quot;&gt;&amp;amp;&apos;&lt;/a&gt;</Data>");
    assert_eq!(data(&message(&text, &[])), "<a id=\"1\">&amp;'</a>");
}

#[test]
fn d06_cdata() {
    for (written, read) in [
        ("<![CDATA[<a/>]]>", "<a/>"),
        ("\n  <![CDATA[<a/>]]>\n", "\n  <a/>\n"),
        ("<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"),
        ("1<![CDATA[2]]>3<![CDATA[]]>4<!-- no -->5<?no?>&#54;", "123456"),
        ("<![CDATA[&amp;]]>", "&amp;"),
        ("<![CDATA[]]>", ""),
        ("<![CDATA[ ]]>", " "),
    ] {
        let found = message(&with_data(&format!("<Data>{written}</Data>")), &[]);
        assert_eq!(data(&found), read, "{written}");
        let xml = String::from_utf8(found.to_xml().unwrap()).unwrap();
        assert!(!xml.contains("CDATA"), "{xml}");
        assert_eq!(data(&Message::parse(xml.as_bytes()).unwrap().into_owned()), read);
    }
}

fn markup(text: &str) -> (String, Vec<(String, String)>) {
    let found = message(text, &[]);
    let Content::Markup(markup) = &item(&found).data.as_ref().unwrap().content else { panic!("{found:?}") };
    // What is sent again means the same.
    let again = Message::parse(&found.to_xml().unwrap()).unwrap().into_owned();
    let Content::Markup(second) = &item(&again).data.as_ref().unwrap().content else { panic!("{again:?}") };
    assert_eq!(second.xml, markup.xml);
    let scope = markup.scope.iter().map(|it| (it.prefix.as_str().to_owned(), it.uri.as_str().to_owned())).collect();
    (markup.xml.clone().into_owned(), scope)
}

#[test]
fn d07_raw_mark_up_is_kept_as_it_came() {
    for inner in [
        "<MsiInstallJob id=\"{1}\">\r\n  <Product Version='1'><Download><A>&amp;&#xF000;</A></Download></Product>\r\n</MsiInstallJob>",
        "\n <a/> <!-- c --> <b></b>\t",
        "<x xmlns=\"urn:y\"><z:w xmlns:z=\"urn:z\" z:a=\"<>\"/></x>".trim_end_matches('!'),
        "<?p i?><a><![CDATA[</Data>]]></a>",
    ] {
        let inner = inner.replace("<>", "&lt;>");
        let text = with_data(&format!("<Data>{inner}</Data>"));
        let (xml, scope) = markup(&text);
        assert_eq!((xml.as_str(), scope.len()), (inner.as_str(), 0));
        // The bytes as they came, for signatures.
        let found = Message::parse(text.as_bytes()).unwrap();
        let span = found.commands[0].items()[0].data.as_ref().unwrap().span().range();
        assert_eq!(&text[span], inner);
    }
    // Declarations around it that it needs, and no others.
    let text = with_data("<Data xmlns:w=\"urn:w\" xmlns:v=\"urn:v\" xmlns=\"urn:d\"><w:a><b/></w:a></Data>").replace(
        "<Data xmlns:w=\"urn:w\" xmlns:v=\"urn:v\" xmlns=\"urn:d\">",
        "<Data xmlns:w=\"urn:w\" xmlns:v=\"urn:v\">",
    );
    assert_eq!(markup(&text).1, [("w".to_owned(), "urn:w".to_owned())]);
    let text = with_data("<Data><w:a/></Data>").replacen(">", " xmlns:w=\"urn:w\">", 1);
    assert_eq!(markup(&text).1, [("w".to_owned(), "urn:w".to_owned())]);
}

#[test]
fn d08_mark_up_with_our_own_names() {
    for inner in [
        "<enabled/><Data id=\"a\" value=\"b\"/>",
        "<enabled/><Data>x</Data><Data>y</Data>",
        "<Item><Target><LocURI>./Evil</LocURI></Target><Data>z</Data></Item>",
        "<Status/><Meta><Format>int</Format></Meta><Final/></Replace>".trim_end_matches("</Replace>"),
        "<Data><Data><Data/></Data></Data>",
    ] {
        let text = with_data(&format!("<Data>{inner}</Data>"));
        assert_eq!(markup(&text).0, inner);
        let found = Message::parse(text.as_bytes()).unwrap();
        assert_eq!((found.commands.len(), found.commands[0].items().len()), (1, 1), "{inner}");
        assert_eq!(found.commands[0].items()[0].target_uri().unwrap(), &"./A");
    }
}

#[test]
fn d09_a_declaration_inside_data() {
    refused(&with_data("<Data>‸<?xml version=\"1.0\"?><WLANProfile/></Data>"), ErrorKind::DeclarationInside);
    assert!(ErrorKind::DeclarationInside.to_string().contains("has to be escaped"));
    refused(&with_data("<Data>\n<a/><?‸XML version=\"1.0\"?></Data>"), ErrorKind::Syntax);
    refused(&with_data("<Data>‸<!DOCTYPE a><a/></Data>"), ErrorKind::Syntax);
    // Escaped it is a value.
    assert_eq!(data(&message(&with_data("<Data>&lt;?xml version=\"1.0\"?></Data>"), &[])), "<?xml version=\"1.0\"?>");
}

#[test]
fn d10_numeric_references() {
    for (written, read) in [
        ("a&#xF000;b&#61440;c", "a\u{F000}b\u{F000}c"),
        ("&#65;&#x41;&#x00000000000000041;", "AAA"),
        ("&#x10FFFF;&#xFFFD;&#xE000;&#xD7FF;", "\u{10FFFF}\u{FFFD}\u{E000}\u{D7FF}"),
        ("&#9;&#10;&#13;", "\t\n\r"),
    ] {
        let found = message(&with_data(&format!("<Data>{written}</Data>")), &[]);
        assert_eq!(data(&found), read);
        assert_eq!(data(&Message::parse(&found.to_xml().unwrap()).unwrap().into_owned()), read);
        assert_eq!(data(&Message::parse(&found.to_wbxml().unwrap()).unwrap().into_owned()), read);
    }
}

#[test]
fn d11_space_around_values() {
    let found = message(&with_data("<Data>\n  1\n</Data>"), &[]);
    assert_eq!(data(&found), "\n  1\n");
    // Codes are read through it.
    let text =
        msg("<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>\n 200 </Data></Status>");
    let found = Message::parse(text.as_bytes()).unwrap();
    let Command::Status(status) = &found.commands[0] else { panic!() };
    assert_eq!(status.code().unwrap().code(), 200);
    // Line ends are one LF (XML 1.0 §2.11), but not those that were written as references.
    let found = message(&with_data("<Data>a\r\nb\rc&#13;\n</Data>"), &[]);
    assert_eq!(data(&found), "a\nb\nc\r\n");
}

#[test]
fn d12_empty_is_not_absent() {
    for empty in ["<Data/>", "<Data></Data>", "<Data />", "<Data><!-- --></Data>"] {
        let found = message(&with_data(empty), &[]);
        let data = item(&found).data.as_ref().unwrap();
        assert!(data.is_empty() && data.as_text() == Some(""), "{empty}");
        let again = Message::parse(&found.to_wbxml().unwrap()).unwrap().into_owned();
        assert_eq!(again, found, "{empty}");
    }
    assert_eq!(item(&message(&with_data(""), &[])).data, None);
}

#[test]
fn d13_values_of_megabytes() {
    let value = "QUJD".repeat(700_000);
    let text = with_data(&format!("<Data>{value}</Data>"));
    let found = Message::parse(text.as_bytes()).unwrap();
    let data = found.commands[0].items()[0].data.as_ref().unwrap();
    let Content::Text(read) = &data.content else { panic!() };
    assert!(read.is_borrowed() && read.len() == value.len());
    let text = text.replace("QUJDQUJD", "QUJD\r\nQUJD").replacen("<Data>", "<Data><![CDATA[", 1).replacen(
        "</Data>",
        "]]></Data>",
        1,
    );
    let limits = Limits::DEFAULT.with_max_message_len(8 << 20);
    let found = Message::parse_with(text.as_bytes(), Strictness::Strict, &limits).unwrap().value;
    assert_eq!(found.commands[0].items()[0].data.as_ref().unwrap().decode_base64().unwrap().len(), 2_100_000);
}

#[test]
fn d14_original_error() {
    let status = |attribute: &str| {
        msg(&format!(
            "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd>{attribute}404</Data></Status>"
        ))
        .replace("<SyncBody>", "<SyncBody xmlns:msft=\"urn:x\">")
    };
    for (text, code, kinds) in [
        ("<Data msft:originalerror=\"0x86000002\">", Some(0x8600_0002), &[][..]),
        ("<Data originalerror='0x0'>", Some(0), &[]),
        ("<Data msft:originalerror='42'>", Some(42), &[]),
        ("‸<Data msft:originalerror='0xZZ'>", None, &[DeviationKind::OriginalError]),
        ("‸<Data msft:originalerror='0x100000000'>", None, &[DeviationKind::OriginalError]),
        ("‸<Data wrong:originalerror='0x1'>", Some(1), &[DeviationKind::PrefixUndeclared]),
    ] {
        let found = message(&status(text), kinds);
        let Command::Status(found) = &found.commands[0] else { panic!() };
        assert_eq!(found.data.as_ref().unwrap().original_error().unwrap().code, code, "{text}");
        assert_eq!(found.code().unwrap().code(), 404);
    }
    let plain = message(&status("<Data>"), &[]);
    let Command::Status(plain) = &plain.commands[0] else { panic!() };
    assert!(plain.data.as_ref().unwrap().original_error().is_none());
}

#[test]
fn d15_more_data() {
    for form in ["<MoreData/>", "<MoreData></MoreData>", "<MoreData />"] {
        assert!(item(&message(&with_data(&format!("{DATA}{form}")), &[])).more_data, "{form}");
    }
    assert!(!item(&message(&with_data(DATA), &[])).more_data);
    let found = message(&with_data(&format!("{DATA}‸<MoreData>1</MoreData>")), &[DeviationKind::NotEmpty]);
    assert!(item(&found).more_data);
    refused(&with_data(&format!("{DATA}<MoreData/>‸<MoreData/>")), ErrorKind::Duplicate);
}

#[test]
fn d16_nothing_is_guessed() {
    // Base64 without Format: text, and bytes when asked.
    let found = message(&with_data("<Data>AAE8Jv/+DQo=</Data>"), &[]);
    let value = item(&found).data.as_ref().unwrap();
    assert_eq!(value.as_text(), Some("AAE8Jv/+DQo="));
    assert_eq!(value.decode_base64().unwrap(), [0x00, 0x01, 0x3C, 0x26, 0xFF, 0xFE, 0x0D, 0x0A]);
    // Bytes without Meta.
    let header = SyncHdr::new("1", "1", Location::new("a"), Location::new("b"));
    let bytes = Item::target("./A").with_data(Data::opaque(&[0xFF, 0x00][..]));
    let message = Message::new(header).with_command(Command::Replace(dm_syncml::Operation::new("1").with_item(bytes)));
    let wire = message.to_wbxml().unwrap();
    let found = Message::parse(&wire).unwrap();
    let value = found.commands[0].items()[0].data.as_ref().unwrap();
    assert_eq!((value.as_text(), value.as_bytes()), (None, Some(&[0xFF, 0x00][..])));
}

#[test]
fn d17_marks() {
    let alert = |mark: &str| {
        msg(&format!(
            "<Alert><CmdID>1</CmdID><Data>1226</Data><Item><Meta><Format xmlns=\"syncml:metinf\">int</Format>{mark}\
             </Meta><Data>1</Data></Item></Alert>"
        ))
    };
    let read = |mark: &str| notes::item(&message(&alert(mark), &[])).meta.as_ref().unwrap().mark().cloned();
    assert_eq!(read("<Mark xmlns=\"syncml:metinf\">critical</Mark>"), Some(Mark::Critical));
    assert_eq!(read("<Mark xmlns=\"syncml:metinf\">major</Mark>"), Some(Mark::from("major")));
    assert_eq!(read(""), None);
    assert_eq!(Meta::effective(None, None).mark(), &Mark::Informational);
}

#[test]
fn the_sample_of_the_section() {
    let text = with_item(
        "<Meta><Format xmlns=\"syncml:metinf\">‸ chr\n </Format>‸<Type>text/plain</Type></Meta><Data>\n \
         <![CDATA[<a id=\"1\">]]>&#xF000;&lt;/a&gt;</Data>‸<Target><LocURI>./X</LocURI></Target>",
    );
    let found = message(&text, &[DeviationKind::Padding, DeviationKind::NamespaceOther, DeviationKind::Order]);
    assert_eq!(data(&found), "\n <a id=\"1\">\u{F000}</a>");
}

// §2.5

fn uri(text: &str, kinds: &[DeviationKind]) -> String {
    let found = message(&with_item(&format!("<Target><LocURI>{text}</LocURI></Target>")), kinds);
    item(&found).target_uri().unwrap().as_str().into()
}

#[test]
fn l01_space_around_addresses() {
    for padded in [" ./A ", "\n\t./A\r\n", "./A\n"] {
        assert_eq!(uri(&format!("‸{padded}"), &[DeviationKind::Padding]), "./A");
    }
    // Inside it is part of the name.
    assert_eq!(uri("./ DevDetail/My Node", &[]), "./ DevDetail/My Node");
    assert_eq!(uri("Provider/MS%20DM%20Server", &[]), "Provider/MS%20DM%20Server");
    assert_eq!(uri("./A<!-- -->/B<![CDATA[&]]>", &[]), "./A/B&");
}

#[test]
fn l02_percents_are_left_alone() {
    for text in ["./A%20B%22%7B1%7D", "./{7F0C}", "./a%zz", "./%", "./%C3%A9", "./é"] {
        assert_eq!(uri(text, &[]), text);
    }
    let (encoded, raw) = (dm_syncml::LocUri::from("./A%20B/%7B1%7D"), dm_syncml::LocUri::from("./A B/{1}"));
    assert_ne!(encoded, raw);
    assert!(encoded.same_node(&raw));
}

#[test]
fn l03_prefixes() {
    for (text, scope) in [
        ("./Device/Vendor/MSFT", Some(Scope::Device)),
        ("./Vendor/MSFT", None),
        ("./vendor/MSFT", None),
        ("./cimv2/x", None),
        ("./user/x", None),
        ("./User/x", Some(Scope::User)),
        ("./SyncML/DMAcc", None),
        ("Vendor/MSFT", None),
        (".", None),
    ] {
        assert_eq!(uri(text, &[]), text);
        if let Some(scope) = scope {
            assert_eq!(dm_syncml::LocUri::from(text).scope(), scope, "{text}");
        }
    }
}

#[test]
fn l04_queries() {
    for text in ["./A?list=Struct", "./A?list=StructData", "./A?prop=ACL", "./A?list=TNDS+ACL", "./wmi/Key=%221%22?x"] {
        assert_eq!(uri(text, &[]), text);
    }
}

#[test]
fn l05_odd_addresses() {
    for text in ["", "/Vendor", "//", ".//A", "./A/", "./A//B"] {
        assert_eq!(uri(text, &[]), text);
    }
    let found = message(&with_item("<Target><LocURI/></Target>"), &[]);
    assert!(item(&found).target_uri().unwrap().is_empty());
    // A Target without an address, or with two.
    let found = message(&with_item("<Target></Target>‸<Data>1</Data>"), &[DeviationKind::MissingElement]);
    assert!(item(&found).target_uri().unwrap().is_empty());
    refused(&with_item("<Target><LocURI>./A</LocURI>‸<LocURI>./B</LocURI></Target>"), ErrorKind::Duplicate);
    refused(&with_item("<Target><LocURI/>‸<LocURI>./B</LocURI></Target>"), ErrorKind::Duplicate);
}

#[test]
fn l06_long_addresses() {
    let long = format!("./{}", "a".repeat(4094));
    assert_eq!(uri(&long, &[]), long);
    refused(&with_item(&format!("<Target><LocURI>‸{long}b</LocURI></Target>")), ErrorKind::UriTooLong);
    let limits = Limits::DEFAULT.with_max_uri_len(20);
    refused_within(
        &with_item("<Source><LocURI>‸./Vendor/MSFT/1234567</LocURI></Source>"),
        ErrorKind::UriTooLong,
        &limits,
    );
    // Space around it does not count.
    let (text, _) = marked(&with_item("<Source><LocURI>      ./Vendor/MSFT/123456      </LocURI></Source>"));
    assert!(Fragment::parse_with(text.as_bytes(), Strictness::Lenient, &limits).is_ok());
}
