//! Elements outside the model: kept whole, whatever stands in them, and walked without recursion.
#![cfg(feature = "xml")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use dm_syncml::{
    Command, Content, DeviationKind, Element, ErrorKind, Limits, Message, Name, Node, Page, Strictness, Tag,
};
use notes::{item, message, msg, with_item};

/// An element parsed alone, its steps in a few words.
fn shown(xml: &str) -> String {
    show(&Element::parse_xml(xml.as_bytes(), &Limits::DEFAULT).unwrap_or_else(|error| panic!("{error} in {xml}")))
}

fn show(element: &Element<'_>) -> String {
    let mut out = String::new();
    for node in element.nodes() {
        match node {
            Node::Start(name) => out += &format!("({name}"),
            Node::Attribute(it) => out += &format!(" {}={:?}", it.name, it.value.as_str()),
            Node::Text(text) => out += &format!(" {:?}", text.as_str()),
            Node::End => out += ")",
            other => out += &format!("{other:?}"),
        }
    }
    out
}

fn refused(xml: &str, kind: ErrorKind) {
    let (plain, marks) = notes::marked(xml);
    let error = Element::parse_xml(plain.as_bytes(), &Limits::DEFAULT).unwrap_err();
    assert_eq!((error.kind(), vec![error.offset()]), (kind, marks), "{xml}");
}

#[test]
fn text_and_white_space() {
    for (xml, expected) in [
        ("<a/>", "(a)"),
        ("<a></a>", "(a)"),
        ("<a> </a>", "(a \" \")"),
        ("<a>\n <b/>\n </a>", "(a(b))"),
        ("<a> x <b/> y </a>", "(a \" x \"(b) \" y \")"),
        ("<a><b> </b></a>", "(a(b \" \"))"),
        ("<a> <!-- c --> </a>", "(a \"  \")"),
        ("<a>x<!-- c -->y<?p?>z</a>", "(a \"xyz\")"),
        ("<a><![CDATA[ ]]><b/>&#32;</a>", "(a \" \"(b) \" \")"),
        ("<a>1<![CDATA[<2>]]>&#51;&amp;\r\n4\r</a>", "(a \"1<2>3&\\n4\\n\")"),
        ("<a x='1' y=\"&lt;&#10;\n\r\n\t\">t</a>", "(a x=\"1\" y=\"<\\n   \" \"t\")"),
        ("<?xml version='1.0'?><!-- p --><a/>\n<!-- e --><?p?>", "(a)"),
        ("<a xmlns='u' xmlns:p='v' p:q='1'><p:b/></a>", "(a p:q=\"1\"(b))"),
    ] {
        assert_eq!(shown(xml), expected, "{xml}");
    }
}

#[test]
fn what_is_not_well_formed() {
    for (xml, kind) in [
        ("‸", ErrorKind::UnexpectedEnd),
        ("<a>‸", ErrorKind::UnexpectedEnd),
        ("<a‸", ErrorKind::UnexpectedEnd),
        ("<a>‸</b>", ErrorKind::EndTag),
        ("<a><b>‸</a></b>", ErrorKind::EndTag),
        ("<a/>‸<b/>", ErrorKind::OutsideRoot),
        ("<a/>‸x", ErrorKind::OutsideRoot),
        ("‸x<a/>", ErrorKind::Syntax),
        ("<‸ a/>", ErrorKind::Syntax),
        ("<‸1/>", ErrorKind::Syntax),
        ("<‸a:b:c/>", ErrorKind::Syntax),
        ("<‸:a/>", ErrorKind::Syntax),
        ("<‸a:/>", ErrorKind::Syntax),
        ("<a b‸/>", ErrorKind::Syntax),
        ("<a b=‸c/>", ErrorKind::Syntax),
        ("<a b='1'‸c='2'/>", ErrorKind::Syntax),
        ("<a b='‸<'/>", ErrorKind::Syntax),
        ("<a /‸ >", ErrorKind::Syntax),
        ("<a></a ‸b='1'>", ErrorKind::Syntax),
        ("<a>‸<!ELEMENT b ANY></a>", ErrorKind::Syntax),
        ("<a b='1' ‸b='2'/>", ErrorKind::DuplicateAttribute),
        ("<a xmlns='1' ‸xmlns='2'/>", ErrorKind::DuplicateAttribute),
        ("<a xmlns:b='1' ‸xmlns:b='1'/>", ErrorKind::DuplicateAttribute),
        ("‸<a xmlns:b='u' xmlns:c='u' b:x='' c:x=''/>", ErrorKind::DuplicateAttribute),
        ("<‸b:a/>", ErrorKind::UnboundPrefix),
        ("<a><b xmlns:p='u'/><‸p:c/></a>", ErrorKind::UnboundPrefix),
        ("<a ‸xmlns:p=''/>", ErrorKind::Syntax),
        ("<a ‸xmlns:xmlns='u'/>", ErrorKind::Syntax),
        ("<a ‸xmlns:xml='u'/>", ErrorKind::Syntax),
        ("<a ‸xmlns:p='http://www.w3.org/XML/1998/namespace'/>", ErrorKind::Syntax),
        ("<a ‸xmlns='http://www.w3.org/2000/xmlns/'/>", ErrorKind::Syntax),
        ("<a><?‸p:i?></a>", ErrorKind::Syntax),
        ("<a><?‸?></a>", ErrorKind::Syntax),
    ] {
        refused(xml, kind);
    }
    // The prefix that needs no declaration may have the one it has anyway.
    assert_eq!(shown("<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>"), "(a xml:lang=\"en\")");
    assert_eq!(shown("<é·x xmlns='u'/>"), "(é·x)");
}

#[test]
fn attributes_know_their_namespace() {
    let xml = "<a xmlns='d' xmlns:p='&amp;u' p:x='1' y='2' xml:z='3'/>";
    let element = Element::parse_xml(xml.as_bytes(), &Limits::DEFAULT).unwrap();
    let attributes: Vec<_> = element.view().attributes().collect();
    let parts: Vec<_> =
        attributes.iter().map(|it| (it.namespace.as_str(), it.prefix(), it.local(), it.value.as_str())).collect();
    assert_eq!(
        parts,
        [("&u", "p", "x", "1"), ("", "", "y", "2"), ("http://www.w3.org/XML/1998/namespace", "xml", "z", "3"),]
    );
    assert_eq!(*element.name(), Name::Other { namespace: "d".into(), local: "a".into() });
}

#[test]
fn a_tree_in_its_own_namespace_is_known() {
    let ddf = |name| Tag::by_name(Page::DmDdf, name).unwrap();
    for declared in ["syncml:dmddf1.2", "syncml:dmddf"] {
        let xml = format!(
            "<MgmtTree xmlns=\"{declared}\"><VerDTD>1.2</VerDTD><Node><NodeName>A</NodeName><Node><NodeName>B</NodeName>\
             <Value>1</Value></Node></Node><Node/></MgmtTree>"
        );
        let tree = Element::parse_xml(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let view = tree.view();
        assert!(tree.name().is(ddf("MgmtTree")));
        assert_eq!(view.child(ddf("VerDTD")).unwrap().text(), "1.2");
        let nodes: Vec<_> = view.children().filter(|child| child.name().is(ddf("Node"))).collect();
        assert_eq!(nodes.len(), 2);
        let inner = nodes[0].child(ddf("Node")).unwrap();
        assert_eq!(inner.child(ddf("Value")).unwrap().text(), "1");
        assert_eq!(inner.to_element().nodes().len(), 8);
        assert!(view.child(ddf("Value")).is_none() && nodes[1].children().next().is_none());
        assert_eq!(tree.clone().into_owned(), tree);
    }
}

#[test]
fn unknown_elements_are_kept_whole() {
    let inner = "<v:x xmlns:v=\"urn:v\" v:a=\"1\" b='2'> t <y><Data>&lt;</Data></y><![CDATA[ ]]></v:x>";
    let places = [
        (with_item(&format!("‸{inner}")), 0),
        (with_item(&format!("<Target><LocURI>./A</LocURI>‸{inner}</Target>")), 1),
        (with_item(&format!("<Meta>‸{inner}</Meta>")), 2),
        (msg(&format!("<Replace><CmdID>1</CmdID><Item/>‸{inner}</Replace>")), 3),
        (msg("").replace("</SyncHdr>", &format!("‸{inner}</SyncHdr>")), 4),
        (msg("").replace("</SyncML>", &format!("‸{inner}</SyncML>")), 5),
    ];
    for (text, place) in places {
        let found = message(&text, &[DeviationKind::UnknownElement]);
        let kept = match place {
            0 => &item(&found).extras,
            1 => item(&found).target.as_ref().unwrap().extras(),
            2 => item(&found).meta.as_ref().unwrap().extras(),
            3 => match &found.commands[0] {
                Command::Replace(it) => &it.extras,
                _ => panic!(),
            },
            4 => &found.header.extras,
            _ => &found.extras,
        };
        assert_eq!(show(&kept[0]), "(x v:a=\"1\" b=\"2\" \" t \"(y(Data \"<\")) \" \")", "{text}");
        let (plain, marks) = notes::marked(&text);
        assert_eq!(kept[0].span().range().start, marks[0]);
        assert_eq!(&plain[kept[0].span().range()], inner);
    }
    let found = message(&msg(&format!("‸{inner}")), &[DeviationKind::UnknownCommand]);
    let Command::Unknown(element) = &found.commands[0] else { panic!() };
    assert_eq!(element.view().text(), " t  ");
    assert_eq!(found.commands[0].span().range(), element.span().range());
}

#[test]
fn meta_elements_of_ds_are_known_wherever_they_are_declared() {
    let met_inf = |name| Tag::by_name(Page::MetInf, name).unwrap();
    for (text, others) in [
        ("<Meta>‸<Anchor xmlns=\"syncml:metinf\"><Last>1</Last><Next>2</Next></Anchor></Meta>", 0),
        ("<Meta>‸‸<Anchor><Last>1</Last><Next>2</Next></Anchor></Meta>", 1),
        ("<Meta >‸‸<Anchor><Last>1</Last><Next>2</Next></Anchor></Meta>", 1),
        ("<!-- c --><Meta a:b='' xmlns:a='c'>‸‸<Anchor><Last>1</Last><Next>2</Next></Anchor></Meta>", 2),
    ] {
        let (mut kinds, mut text) = (vec![DeviationKind::DsElement], text.to_owned());
        if others > 0 {
            kinds.push(DeviationKind::NamespaceOther);
        }
        if others > 1 {
            kinds.push(DeviationKind::UnknownAttribute);
            text = text.replace("<Meta", "‸<Meta");
        }
        let mut sorted = kinds.clone();
        // In the order of the marks.
        sorted.sort_by_key(|kind| *kind != DeviationKind::UnknownAttribute);
        let found = message(&with_item(&text), &sorted);
        let anchor = &item(&found).meta.as_ref().unwrap().extras()[0];
        assert!(anchor.name().is(met_inf("Anchor")), "{text}");
        assert_eq!(anchor.view().child(met_inf("Next")).unwrap().text(), "2", "{text}");
    }
}

#[test]
fn mark_up_takes_the_declarations_around_it() {
    let scope = |text: &str| -> Vec<String> {
        let found = Message::parse(text.as_bytes()).unwrap();
        let Content::Markup(markup) = &found.commands[0].items()[0].data.as_ref().unwrap().content else { panic!() };
        markup.scope.iter().map(|it| format!("{}={}", it.prefix, it.uri)).collect()
    };
    let with = |outer: &str, inner: &str| with_item(&format!("<Data{outer}>{inner}</Data>"));
    assert!(scope(&with("", "<a/>")).is_empty());
    assert!(scope(&with(" xmlns:p='u'", "<a/>")).is_empty());
    assert_eq!(scope(&with(" xmlns:p='u'", "<a b='p:c'/>")), ["p=u"]);
    assert_eq!(scope(&with(" xmlns:p='u' xmlns:q='v'", "<q:a p:b=''/>")), ["p=u", "q=v"]);
    // The innermost counts.
    let text = with(" xmlns:p='inner'", "<p:a/>").replace("<Item>", "<Item xmlns:p='outer'>");
    assert_eq!(scope(&text), ["p=inner"]);
    // A default namespace of its own, and none.
    let text = with_item("<s:Data xmlns:s='SYNCML:SYNCML1.2' xmlns='urn:d'><a/></s:Data>");
    assert_eq!(scope(&text), ["=urn:d"]);
    let text = with_item("<s:Data xmlns:s='SYNCML:SYNCML1.2' xmlns=''><a/></s:Data>");
    assert_eq!(scope(&text), ["="]);
    // The root's own default needs no saying, however it got there.
    let text = with_item("<s:Data xmlns:s='SYNCML:SYNCML1.2' xmlns='SYNCML:SYNCML1.2'><a/></s:Data>")
        .replace("<Item>", "<Item xmlns:x='y'>");
    assert!(scope(&text).is_empty());
}

#[test]
fn long_and_many() {
    // Linear in what is there: none of these takes long.
    let start = std::time::Instant::now();
    let roomy = Limits::DEFAULT.with_max_message_len(64 << 20);
    let name = "n".repeat(1 << 20);
    let many = |one: &str, count: usize| one.repeat(count);
    let attributes: String =
        (0..32).map(|at| format!(" {}{at}='{}'", "a".repeat(10_000), "v".repeat(10_000))).collect();
    let declarations: String = (0..30).map(|at| format!(" xmlns:{}{at}='u'", "p".repeat(1000))).collect();
    for text in [
        with_item(&format!("<{name}>{}</{name}>", many("<x/>", 60_000))),
        with_item(&format!("<Data>{}</Data>", many("&amp;", 1 << 19))),
        with_item(&format!("<Data>{}</Data>", many("<![CDATA[x]]>", 1 << 17))),
        with_item(&format!("<Data>{}</Data>", many("<!---->", 1 << 18))),
        with_item(&format!("<Data>{}</Data>", many("a\r", 1 << 20))),
        with_item(&format!("<Data>{}</Data>", many("]]", 1 << 20))),
        with_item(&format!("<Data>{}</Data>", many("<a b=''></a>", 1 << 17))),
        with_item(&format!("<Data{declarations}>{}</Data>", many("<a/>ppp".trim_end_matches('p'), 1 << 18))),
        with_item(&format!("<x{attributes}/>")),
        with_item(&many("<x/>", 1 << 17)),
        msg(&many(&format!("<Get{declarations}/>"), 100)),
        msg(&many("<x/>", 1 << 17)),
        msg(&many("<Get/>", 4000)),
        msg(&many("<Get><CmdID>1</CmdID></Get>", 4000)),
        format!("{}{}", many("<!-- -->", 1 << 18), msg("")),
        format!("{}{}", many(" ", 1 << 20), msg("")),
        with_item(&format!("<Data>{}</Data>", many("&a", 1 << 20))),
        with_item(&format!("<Data>&{}</Data>", many("a", 1 << 20))),
        with_item(&format!("<Data>&#{}65;</Data>", many("0", 1 << 20))),
        with_item(&many("<Data>", 1 << 17)),
        with_item(&many("<", 1 << 20)),
    ] {
        let _ = Message::parse_with(text.as_bytes(), Strictness::Lenient, &roomy);
        let _ = Message::parse_with(text.as_bytes(), Strictness::Strict, &roomy);
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
