//! TNDS objects and device descriptions: the vectors, one test for each row of the tables that say how they are read,
//! and what is written reads back.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_documents;

use dm_session::tree::dm1::*;
use dm_session::tree::{
    Access, Constraint, External, Format, MoDefinition, MoTree, NodeDefinition, Occurrence, TreeConfig, Value,
};
use dm_syncml::{Content as SyncMlContent, Limits, Message, Strictness, WbxmlOptions, WbxmlTnds};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LIMITS: &Limits = &Limits::DEFAULT;

/// The vectors of a folder, without their expectations.
fn vectors(folder: &str) -> Vec<(String, Vec<u8>, PathBuf)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(folder);
    let mut all = Vec::new();
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml" || extension == "wbxml") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            all.push((name, fs::read(&path).unwrap(), path));
        }
    }
    assert!(all.len() > 3, "{folder}");
    all.sort();
    all
}

fn vector(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name)).unwrap()
}

fn expectation(path: &Path) -> String {
    fs::read_to_string(path.with_extension("expect")).unwrap().trim_end().to_owned()
}

// TNDS.

fn object(document: impl AsRef<[u8]>) -> TndsObject {
    TndsObject::parse(document.as_ref(), LIMITS).unwrap()
}

fn refused(document: impl AsRef<[u8]>) -> TndsErrorKind {
    TndsObject::parse(document.as_ref(), LIMITS).unwrap_err().kind()
}

/// A `MgmtTree` around this.
fn tree(inside: &str) -> String {
    format!("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>{inside}</MgmtTree>")
}

/// One Node with these properties and value.
fn node(properties: &str, rest: &str) -> TndsNode {
    let document = tree(&format!("<Node><NodeName>a</NodeName><RTProperties>{properties}</RTProperties>{rest}</Node>"));
    object(document).nodes.remove(0)
}

fn text(text: &str) -> Option<TndsValue> {
    Some(TndsValue::Text(text.into()))
}

/// The same with what writing makes of it.
fn written(mut object: TndsObject) -> TndsObject {
    for node in &mut object.nodes {
        node.has_rt_properties = true;
    }
    object
}

#[test]
fn good_objects_are_the_same_in_every_form() {
    let mut groups: BTreeMap<String, TndsObject> = BTreeMap::new();
    for (name, document, _) in vectors("tnds") {
        let found = object(&document);
        let group: Vec<&str> = name.split('.').next().unwrap().split('-').take(2).collect();
        let first = groups.entry(group.join("-")).or_insert_with(|| found.clone());
        assert_eq!(found, *first, "{name}");
        let found = written(found);
        assert_eq!(object(found.to_xml().unwrap()), found, "{name}");
        assert_eq!(object(found.to_wbxml().unwrap()), found, "{name}");
        assert_eq!(TndsObject::from_element(&found.to_element(), LIMITS), Ok(found), "{name}");
    }
    assert_eq!(groups.len(), 4);
}

#[test]
fn bad_objects_are_refused() {
    for (name, document, path) in vectors("tnds/bad") {
        let error = TndsObject::parse(&document, LIMITS).unwrap_err();
        assert_eq!(format!("{:?}", error.kind()), expectation(&path), "{name}");
        let status = if error.kind() == TndsErrorKind::Limit { 413 } else { 415 };
        assert_eq!(error.status(), dm_syncml::StatusCode::new(status), "{name}");
        assert_eq!(error.kind() == TndsErrorKind::Malformed, error.offset().is_some() && status == 415, "{name}");
        assert!(error.offset().is_none_or(|offset| offset <= document.len()));
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn every_cut_of_an_object_is_refused() {
    for (name, document, _) in vectors("tnds") {
        for end in 0..document.len() {
            assert!(TndsObject::parse(&document[..end], LIMITS).is_err(), "{name} cut at {end}");
        }
    }
}

/// The example of an Add.
#[test]
fn example_of_an_add() {
    let object = object(vector("tnds/mail-add.xml"));
    let names: Vec<_> = object.nodes.iter().map(|node| (node.name.as_deref().unwrap(), node.parent)).collect();
    assert_eq!(names, [("Mail2", None), ("Server", Some(0)), ("Icon", Some(0)), ("Sub", Some(0)), ("Port", None)]);
    let mail = &object.nodes[0];
    assert_eq!(mail.acl.as_deref(), Some("Add=S1&Delete=S1&Get=*&Replace=S1"));
    assert_eq!(mail.title.as_deref(), Some("Second mailbox"));
    assert_eq!(mail.media_type, Some(TndsType::DdfName("net.example.dm/1.0/Mail".into())));
    assert_eq!((mail.format, mail.value.as_ref()), (Some(Format::Node), None));
    assert_eq!(object.nodes[1].value, text("mail2.example.net"));
    assert_eq!(object.nodes[1].media_type, Some(TndsType::Mime("text/plain".into())));
    assert_eq!(object.nodes[2].value, Some(TndsValue::Bytes(vec![1, 2, 3])));
    assert_eq!(object.nodes[3].media_type, Some(TndsType::DdfName(String::new())));
    assert_eq!((object.nodes[4].path.as_deref(), &object.nodes[4].value), (Some("Mail2/Sub"), &text("993")));
    assert!(object.nodes.iter().all(|node| node.has_rt_properties && node.tstamp.is_none() && node.verno.is_none()));
}

/// The example of an answer, which is written to the byte.
#[test]
fn example_of_an_answer() {
    for name in ["mail-get", "flat", "formats"] {
        let document = vector(&format!("tnds/{name}.xml"));
        if name == "mail-get" || name == "formats" {
            assert_eq!(object(&document).to_xml().unwrap().as_bytes(), document, "{name}");
        }
        let document = vector(&format!("tnds/{name}.wbxml"));
        assert_eq!(object(&document).to_wbxml().unwrap(), document, "{name}");
    }
    let document = vector("tnds/mail-add.wbxml");
    assert_eq!(object(&document).to_wbxml().unwrap(), document);
}

/// What a session hands to the tree, as far as TNDS goes.
fn data(message: &Message<'_>) -> Data {
    let dm_syncml::Command::Add(add) = &message.commands[0] else { panic!("an Add") };
    match &add.items[0].data.as_ref().unwrap().content {
        SyncMlContent::Text(text) => Data::Text(text.as_str().into()),
        SyncMlContent::Opaque(bytes) => Data::Bytes(bytes.to_vec()),
        SyncMlContent::Markup(markup) => Data::Element(markup.element(LIMITS).unwrap().into_owned()),
        SyncMlContent::Element(element) => Data::Element((**element).clone().into_owned()),
        other => panic!("{other:?}"),
    }
}

/// T17: text, CDATA, mark-up, a nested document and inline elements are one object.
#[test]
fn five_carriers_bring_the_same_object() {
    let document = String::from_utf8(vector("tnds/mail-add.xml")).unwrap();
    let escaped = document.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let expected = object(&document);
    let around = |data: &str| {
        format!(
            "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1\
             </SessionID><MsgID>1</MsgID><Target><LocURI>a</LocURI></Target><Source><LocURI>b</LocURI></Source></SyncHdr>\
             <SyncBody><Add><CmdID>1</CmdID><Item><Target><LocURI>./Vendor</LocURI></Target><Data>{data}</Data></Item></Add>\
             <Final/></SyncBody></SyncML>"
        )
    };
    let mut forms = Vec::new();
    for carried in [escaped.clone(), format!("<![CDATA[{document}]]>"), document.clone()] {
        let message = around(&carried);
        let found = data(&Message::parse(message.as_bytes()).unwrap());
        assert_eq!(TndsObject::from_data(&found, LIMITS), Ok(expected.clone()));
        forms.push(core::mem::discriminant(&found));
    }
    let message = around(&escaped);
    let mut message = Message::parse(message.as_bytes()).unwrap();
    let dm_syncml::Command::Add(add) = &mut message.commands[0] else { panic!("an Add") };
    add.items[0].data.as_mut().unwrap().content = SyncMlContent::Element(Box::new(expected.to_element()));
    for tnds in [WbxmlTnds::Nested, WbxmlTnds::Inline] {
        let mut bytes = Vec::new();
        message.encode_wbxml(&WbxmlOptions::DEFAULT.with_tnds(tnds), &mut bytes).unwrap();
        let parsed = Message::parse_wbxml(&bytes, Strictness::Lenient, LIMITS).unwrap().value;
        let found = data(&parsed);
        assert_eq!(TndsObject::from_data(&found, LIMITS), Ok(expected.clone()), "{tnds:?}");
        forms.push(core::mem::discriminant(&found));
    }
    let [one, two, three, four, five] = forms.try_into().unwrap();
    assert!(one == two && one != three && three != four && four != one && three == five);
    assert_eq!(TndsObject::from_data(&Data::None, LIMITS).unwrap_err().kind(), TndsErrorKind::Malformed);
}

#[test]
fn mgmt_tree_is_the_root() {
    assert_eq!(refused("<Node xmlns=\"syncml:dmddf1.2\"/>"), TndsErrorKind::NotMgmtTree);
    assert_eq!(refused("<Tree/>"), TndsErrorKind::NotMgmtTree);
    assert_eq!(refused("<MgmtTree/>"), TndsErrorKind::NoNodes);
    assert!(object(tree("<Node/>")).to_xml().unwrap().starts_with("<MgmtTree xmlns=\"syncml:dmddf1.2\">"));
    for namespace in ["", " xmlns=\"syncml:dmddf\"", " xmlns=\"syncml:dmddf1.2\"", " xmlns=\"urn:example\""] {
        let document = format!("<MgmtTree{namespace}><Node><NodeName>a</NodeName></Node></MgmtTree>");
        assert_eq!(object(document).nodes[0].name.as_deref(), Some("a"), "{namespace}");
    }
}

#[test]
fn ver_dtd_is_of_major_version_1_or_absent() {
    let of =
        |version: &str| TndsObject::parse(tree("<Node/>").replace("<VerDTD>1.2</VerDTD>", version).as_bytes(), LIMITS);
    for good in ["<VerDTD>1.2</VerDTD>", "", "<VerDTD>1.3</VerDTD>", "<VerDTD>\n 1.2 </VerDTD>"] {
        assert!(of(good).is_ok(), "{good}");
    }
    for bad in ["<VerDTD>2.0</VerDTD>", "<VerDTD/>", "<VerDTD>12</VerDTD>"] {
        assert_eq!(of(bad).unwrap_err().kind(), TndsErrorKind::Version, "{bad}");
    }
    assert!(of("").unwrap().to_xml().unwrap().contains("<VerDTD>1.2</VerDTD>"));
}

#[test]
fn man_and_mod_are_kept() {
    let found = object(tree("<Man>Acme</Man><Mod>A1</Mod><Node/>"));
    assert_eq!((found.man.as_deref(), found.mod_.as_deref()), (Some("Acme"), Some("A1")));
    assert!(found.to_xml().unwrap().contains("<VerDTD>1.2</VerDTD><Man>Acme</Man><Mod>A1</Mod><Node>"));
}

#[test]
fn node_name_can_be_absent_or_empty_at_the_top_only() {
    assert_eq!(object(tree("<Node/>")).nodes[0].name, None);
    assert_eq!(object(tree("<Node><NodeName/></Node>")).nodes[0].name.as_deref(), Some(""));
    for inner in ["<Node/>", "<Node><NodeName/></Node>"] {
        let document = tree(&format!("<Node><NodeName>a</NodeName>{inner}</Node>"));
        assert_eq!(refused(document), TndsErrorKind::EmptyName);
    }
}

#[test]
fn path_is_kept_as_written() {
    for path in ["./A/B", "A/B", "/", "."] {
        let document = tree(&format!("<Node><NodeName>a</NodeName><Path>{path}</Path></Node>"));
        assert_eq!(object(document).nodes[0].path.as_deref(), Some(path));
    }
    let inner = tree("<Node><NodeName>a</NodeName><Node><NodeName>b</NodeName><Path>P</Path></Node></Node>");
    assert_eq!(object(inner).nodes[1].path.as_deref(), Some("P"));
}

#[test]
fn rt_properties_can_be_absent_and_are_always_written() {
    let found = object(tree("<Node><NodeName>a</NodeName></Node>"));
    assert!(!found.nodes[0].has_rt_properties);
    assert!(found.to_xml().unwrap().contains("<NodeName>a</NodeName><RTProperties/></Node>"));
    assert!(node("", "").has_rt_properties);
}

#[test]
fn acl_is_not_taken_apart() {
    assert_eq!(node("<ACL>Get=* &amp; nonsense</ACL>", "").acl.as_deref(), Some("Get=* & nonsense"));
    assert_eq!(node("<ACL/>", "").acl.as_deref(), Some(""));
    assert_eq!(node("", "").acl, None);
}

#[test]
fn format_is_one_element_or_follows_from_what_is_inside() {
    assert_eq!(node("<Format><int/></Format>", "").format, Some(Format::Int));
    assert_eq!(node("<Format>int</Format>", "").format, Some(Format::Int));
    let found = object(tree("<Node><NodeName>a</NodeName><Node><NodeName>b</NodeName></Node></Node>"));
    assert_eq!((found.nodes[0].format, found.nodes[1].format), (None, None));
    assert_eq!((found.format(0), found.format(1), found.format(2)), (Some(Format::Node), Some(Format::Chr), None));
    for bad in ["<Format/>", "<Format><text/></Format>", "<Format>int<int/></Format>", "<Format>text</Format>"] {
        let document = tree(&format!("<Node><RTProperties>{bad}</RTProperties></Node>"));
        assert_eq!(refused(document), TndsErrorKind::Format, "{bad}");
    }
}

#[test]
fn type_is_mime_or_ddf_name_or_bare() {
    let of = |properties: &str| node(properties, "").media_type;
    let mime = Some(TndsType::Mime("image/png".into()));
    let name = TndsType::DdfName("urn:example:mo:a:1.0".into());
    assert_eq!(name.as_str(), "urn:example:mo:a:1.0");
    let name = Some(name);
    assert_eq!(of("<Type><MIME>image/png</MIME></Type>"), mime);
    assert_eq!(of("<Type>image/png</Type><Format><bin/></Format>"), mime);
    assert_eq!(of("<Type><DDFName>urn:example:mo:a:1.0</DDFName></Type>"), name);
    assert_eq!(of("<Type>urn:example:mo:a:1.0</Type><Format><node/></Format>"), name);
    assert_eq!(of("<Type><DDFName/></Type>"), Some(TndsType::DdfName(String::new())));
    assert_eq!((of("<Type/>"), of("")), (None, None));
}

#[test]
fn title_tstamp_and_verno_are_kept() {
    let found = node("<Title> T </Title><TStamp>20260131T120000Z</TStamp><VerNo>77</VerNo>", "");
    assert_eq!(found.title.as_deref(), Some(" T "));
    assert_eq!((found.tstamp.as_deref(), found.verno.as_deref()), (Some("20260131T120000Z"), Some("77")));
}

#[test]
fn value_is_text_or_bytes_by_format() {
    let of = |format: &str, value: &str| node(&format!("<Format><{format}/></Format>"), value).value;
    assert_eq!(of("chr", "<Value> a <!-- b -->&lt;</Value>"), text(" a <"));
    assert_eq!((of("chr", "<Value/>"), of("chr", "")), (text(""), None));
    for format in ["bin", "b64"] {
        assert_eq!(of(format, "<Value>AQ\n I</Value>"), Some(TndsValue::Bytes(vec![1, 2])), "{format}");
        assert_eq!(of(format, "<Value/>"), Some(TndsValue::Bytes(vec![])), "{format}");
        assert_eq!(of(format, "<Value>no Base64!</Value>"), text("no Base64!"), "{format}");
    }
    assert_eq!(of("int", "<Value>abc</Value>"), text("abc"));
    assert_eq!(of("node", "<Value/>"), None);
    assert_eq!(format!("{:?}", TndsValue::Bytes(vec![1, 2])), "Bytes(2 bytes)");
}

#[test]
fn name_size_and_df_properties_are_ignored() {
    let document =
        tree("<Node><NodeName>a</NodeName><DFProperties><AccessType><Get/></AccessType></DFProperties></Node>");
    assert_eq!(object(document), object(tree("<Node><NodeName>a</NodeName></Node>")));
    let with = node("<Name>b</Name><Size>9</Size><Format><chr/></Format>", "<Value>1</Value>");
    assert_eq!(with, node("<Format><chr/></Format>", "<Value>1</Value>"));
}

#[test]
fn a_node_has_a_value_or_nodes() {
    for order in ["<Value>1</Value><Node><NodeName>b</NodeName></Node>", "<Node><NodeName>b</NodeName></Node><Value/>"]
    {
        assert_eq!(refused(tree(&format!("<Node>{order}</Node>"))), TndsErrorKind::ValueAndChildren, "{order}");
    }
    assert_eq!(node("<Format><int/></Format>", "").value, None);
}

#[test]
fn bytes_have_a_form_in_wbxml_and_with_base64_in_xml() {
    let bytes = TndsValue::Bytes(vec![0, 0xFF, 0x80]);
    for format in [Format::Bin, Format::B64] {
        let object = TndsObject::new(vec![TndsNode::leaf("a", format, bytes.clone())]);
        assert!(object.to_xml().unwrap().contains("<Value>AP+A</Value>"));
        let wbxml = object.to_wbxml().unwrap();
        let opaque = wbxml.windows(5).any(|window| window == [0xC3, 3, 0, 0xFF, 0x80]);
        assert_eq!(opaque, format == Format::Bin);
    }
    let object = TndsObject::new(vec![TndsNode::leaf("a", Format::Chr, bytes)]);
    assert_eq!(object.to_xml().unwrap_err().kind(), TndsErrorKind::NotEncodable);
    assert_eq!(self::object(object.to_wbxml().unwrap()), object);
    // Text that XML cannot have is a value in WBXML, and a name in neither.
    let object = TndsObject::new(vec![TndsNode::leaf("a", Format::Chr, TndsValue::Text("\u{1}".into()))]);
    assert_eq!(object.to_xml().unwrap_err().kind(), TndsErrorKind::NotEncodable);
    assert_eq!(self::object(object.to_wbxml().unwrap()), object);
    let object = TndsObject::new(vec![TndsNode::interior("\u{1}")]);
    assert_eq!(object.to_wbxml().unwrap_err().kind(), TndsErrorKind::NotEncodable);
}

/// Lengths of one, two and three bytes.
#[test]
fn long_bytes_are_opaque() {
    for len in [1, 127, 128, 300, 16_383, 16_384, 70_000] {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let object = TndsObject::new(vec![TndsNode::leaf("a", Format::Bin, TndsValue::Bytes(bytes))]);
        assert_eq!(self::object(object.to_wbxml().unwrap()), object, "{len}");
    }
}

#[test]
fn limits_of_objects() {
    let limits = Limits::DEFAULT.with_max_elements(5).with_max_markup_depth(4);
    let kind = |document: &str| TndsObject::parse(document.as_bytes(), &limits).err().map(|error| error.kind());
    assert_eq!(kind(&tree("<Node/><Node/><Node/>")), None);
    assert_eq!(kind(&tree("<Node/><Node/><Node/><Node/>")), Some(TndsErrorKind::Limit));
    assert_eq!(kind("<MgmtTree><Node><a><b/></a></Node></MgmtTree>"), None);
    assert_eq!(kind("<MgmtTree><Node><a><b><c/></b></a></Node></MgmtTree>"), Some(TndsErrorKind::Limit));
    let element = object(tree("<Node/><Node/><Node/><Node/>")).to_element();
    let error = TndsObject::from_element(&element, &limits).unwrap_err();
    assert_eq!((error.kind(), error.status()), (TndsErrorKind::Limit, dm_syncml::StatusCode::TOO_LARGE));
}

/// A parent that does not stand before its Node is none.
#[test]
fn bad_parents_are_no_trouble() {
    let mut object = TndsObject::new(vec![TndsNode::interior("a"), TndsNode::interior("b"), TndsNode::interior("c")]);
    object.nodes[0].parent = Some(2);
    object.nodes[1].parent = Some(1);
    object.nodes[2].parent = Some(0);
    let found = self::object(object.to_xml().unwrap());
    let names: Vec<_> = found.nodes.iter().map(|node| (node.name.as_deref().unwrap(), node.parent)).collect();
    assert_eq!(names, [("a", None), ("c", Some(0)), ("b", None)]);
}

const FORMATS: [Format; 11] = [
    Format::Node,
    Format::Chr,
    Format::Xml,
    Format::Date,
    Format::Time,
    Format::Int,
    Format::Float,
    Format::Bool,
    Format::Bin,
    Format::B64,
    Format::Null,
];

fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9&<>'\"\u{e9}\u{1F600}]{1,6}( [a-z\\]>]{1,4})?"
}

fn values(format: Format) -> BoxedStrategy<Option<TndsValue>> {
    match format {
        Format::Node => Just(None).boxed(),
        Format::Bin | Format::B64 => of(vec(any::<u8>(), 0..200).prop_map(TndsValue::Bytes)).boxed(),
        _ => of("[ \t\r\na-z0-9&<>\\]\u{e9}]{0,20}".prop_map(TndsValue::Text)).boxed(),
    }
}

fn nodes() -> impl Strategy<Value = TndsNode> {
    let texts = (of(words()), of(words()), of("[0-9]{1,9}"), of("[0-9]{1,9}"), of(words()));
    let format = select(&FORMATS[..]).prop_flat_map(|format| (Just(format), values(format)));
    (words(), texts, format, of((any::<bool>(), words()))).prop_map(|(name, texts, (format, value), media_type)| {
        let mut node = TndsNode::interior(name);
        (node.acl, node.title, node.tstamp, node.verno, node.path) = texts;
        (node.format, node.value) = (Some(format), value);
        node.media_type =
            media_type.map(|(mime, text)| if mime { TndsType::Mime(text) } else { TndsType::DdfName(text) });
        node
    })
}

/// Any object: each Node stands in one of the open interior Nodes before it.
fn objects() -> impl Strategy<Value = TndsObject> {
    (vec((nodes(), any::<usize>()), 1..24), of(words()), of(words())).prop_map(|(nodes, man, mod_)| {
        let mut object = TndsObject::default();
        let mut open: Vec<usize> = Vec::new();
        for (mut node, choice) in nodes {
            open.truncate(choice % (open.len() + 1));
            node.parent = open.last().copied();
            if node.format == Some(Format::Node) {
                open.push(object.nodes.len());
            }
            object.nodes.push(node);
        }
        (object.man, object.mod_) = (man, mod_);
        object
    })
}

proptest! {
    #[test]
    fn an_object_is_read_as_it_was_written(object in objects()) {
        prop_assert_eq!(self::object(object.to_xml().unwrap()), object.clone());
        prop_assert_eq!(self::object(object.to_wbxml().unwrap()), object.clone());
        prop_assert_eq!(TndsObject::from_element(&object.to_element(), LIMITS).unwrap(), object);
    }

    #[test]
    fn objects_that_are_broken_do_not_panic(which in 0..8_usize, at in any::<usize>(), byte in any::<u8>()) {
        let all = vectors("tnds");
        let mut document = all[which % all.len()].1.clone();
        let at = at % document.len();
        document[at] = byte;
        if let Ok(found) = TndsObject::parse(&document, LIMITS) {
            let found = written(found);
            if let Ok(xml) = found.to_xml() {
                prop_assert_eq!(object(xml), found);
            }
        }
    }
}

// DDF.

fn ddf(document: impl AsRef<[u8]>) -> Ddf {
    Ddf::parse(document.as_ref(), LIMITS).unwrap()
}

/// One top Node `a` with these properties besides `Get`, and Nodes.
fn described(properties: &str, inside: &str) -> Result<NodeDefinition, DdfErrorKind> {
    let document = tree(&format!(
        "<Node><NodeName>a</NodeName><DFProperties><AccessType><Get/></AccessType>{properties}</DFProperties>{inside}</Node>"
    ));
    Ddf::parse(document.as_bytes(), LIMITS).map(|mut ddf| ddf.nodes.remove(0).1).map_err(|error| error.kind())
}

const CHR: &str = "<DFFormat><chr/></DFFormat>";
const NODE: &str = "<DFFormat><node/></DFFormat>";
const GET: &str = "<AccessType><Get/></AccessType>";

fn leaf(format: Format) -> NodeDefinition {
    NodeDefinition::leaf("a", format)
}

/// A tree that this describes.
fn tree_of(ddf: Ddf) -> Result<MoTree, dm_session::tree::TreeError> {
    let (config, mos) = ddf.describe(Config::new());
    let config = TreeConfig::new(1).with_dm1(config);
    MoTree::new(mos.into_iter().fold(config, TreeConfig::with_definition))
}

#[test]
fn good_descriptions_are_the_same_in_every_form() {
    let mut groups: BTreeMap<String, Ddf> = BTreeMap::new();
    for (name, document, _) in vectors("ddf") {
        let found = ddf(&document);
        let group = name.split(['.', '-']).next().unwrap();
        assert_eq!(found, *groups.entry(group.into()).or_insert_with(|| found.clone()), "{name}");
        assert_eq!(ddf(found.to_xml().unwrap()), found, "{name}");
    }
    assert_eq!(groups.len(), 2);
}

#[test]
fn bad_descriptions_are_refused() {
    for (name, document, path) in vectors("ddf/bad") {
        let error = Ddf::parse(&document, LIMITS).unwrap_err();
        let found = format!("{:?} {}", error.kind(), error.place());
        let expected = expectation(&path);
        // Where the depth of elements ends the place does not matter.
        let found = if error.offset().is_some() { format!("{:?}", error.kind()) } else { found };
        assert_eq!(found.trim_end(), expected, "{name}");
        assert!(error.to_string().ends_with(error.place()));
    }
}

#[test]
fn every_cut_of_a_description_is_refused() {
    for (name, document, _) in vectors("ddf") {
        for end in 0..document.len() {
            assert!(Ddf::parse(&document[..end], LIMITS).is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn a_description_becomes_definitions() {
    const MOID: &str = "net.example.dm/1.0/Mail";
    let found = ddf(vector("ddf/mail.xml"));
    let all = Access::GET | Access::ADD | Access::REPLACE | Access::DELETE;
    let change = Access::GET | Access::REPLACE;
    let account = NodeDefinition::unnamed_interior().with_access(all).with_occurrence(Occurrence::ZeroOrN(4));
    let mail = NodeDefinition::interior("Mail")
        .with_access(Access::GET | Access::ADD)
        .permanent()
        .with_case_insensitive(true)
        .with(account.with_moid(MOID));
    let vendor = NodeDefinition::interior("Vendor").with_access(Access::GET | Access::ADD).permanent().with(mail);
    assert_eq!(found.nodes, [(String::new(), vendor)]);
    let text =
        |name: &str, format: Format| NodeDefinition::leaf(name, format).with_access(change).with_type("text/plain");
    let root = NodeDefinition::unnamed_interior()
        .with_access(all)
        .with(text("Server", Format::Chr))
        .with(text("Port", Format::Int).with_occurrence(Occurrence::ZeroOrOne).with_default(993))
        .with(
            NodeDefinition::leaf("Icon", Format::Bin)
                .with_format(Format::B64)
                .with_access(change)
                .with_occurrence(Occurrence::ZeroOrOne)
                .with_type("image/png")
                .with_type("image/gif"),
        )
        .with(
            NodeDefinition::interior("Ext")
                .with_access(Access::GET | Access::ADD)
                .with_occurrence(Occurrence::ZeroOrOne)
                .open(),
        );
    assert_eq!(found.mos, [MoDefinition::new(MOID, root)]);
    assert_eq!((found.man.as_deref(), found.mod_.as_deref()), (Some("Acme"), Some("A1")));
    tree_of(found).unwrap();
}

#[test]
fn the_dialect_of_windows_is_read() {
    let found = ddf(vector("ddf/windows.xml"));
    assert_eq!(found.nodes[0].0, "Vendor/MSFT");
    let change = Access::GET | Access::REPLACE;
    let text =
        |name: &str, format: Format| NodeDefinition::leaf(name, format).with_access(change).with_type("text/plain");
    let entry = NodeDefinition::unnamed_interior()
        .with_access(Access::DATA)
        .with(text("Power", Format::Int).with_default(50).with_constraint(Constraint::Range(-1, 100)))
        .with(
            text("Mode", Format::Chr)
                .with_default("1")
                .with_constraint(Constraint::OneOf(vec!["0".into(), "1".into()])),
        )
        .with(text("Name", Format::Chr));
    assert_eq!(found.nodes[0].1, NodeDefinition::interior("Radio").permanent().with(entry));
}

#[test]
fn names_are_fixed_or_given_later() {
    for unnamed in ["<NodeName/>", "", "<NodeName>*</NodeName>", "<NodeName>&lt;X&gt;</NodeName>"] {
        let inside = format!("<Node>{unnamed}<DFProperties>{GET}{CHR}</DFProperties></Node>");
        let leaf = NodeDefinition::unnamed_leaf(Format::Chr).with_occurrence(Occurrence::One);
        assert_eq!(described(NODE, &inside), Ok(NodeDefinition::interior("a").with(leaf)), "{unnamed}");
    }
    assert_eq!(described(CHR, ""), Ok(leaf(Format::Chr)));
}

#[test]
fn path_is_where_the_description_is_mounted() {
    for (path, place) in
        [("", ""), (".", ""), ("./", ""), ("./A/B", "A/B"), ("A/B/", "A/B"), ("/A", "A"), ("./.", ""), (" ./ A", "A")]
    {
        let document = tree(&format!(
            "<Node><NodeName>a</NodeName><Path>{path}</Path><DFProperties>{GET}{CHR}</DFProperties></Node>"
        ));
        assert_eq!(ddf(document).nodes, [(place.to_owned(), leaf(Format::Chr))], "{path}");
    }
    // One that describes the root itself stands for what is in it.
    let inside = format!("<Node><NodeName>a</NodeName><DFProperties>{GET}{CHR}</DFProperties></Node>");
    let document =
        tree(&format!("<Node><NodeName>.</NodeName><DFProperties>{GET}{NODE}</DFProperties>{inside}</Node>"));
    assert_eq!(ddf(document).nodes, [(String::new(), leaf(Format::Chr))]);
}

#[test]
fn rt_properties_and_foreign_elements_are_tolerated() {
    let more =
        "<RTProperties><ACL>Get=*</ACL><Format/><Type/></RTProperties><v:X xmlns:v=\"urn:example:v\"><v:Y/>t</v:X>";
    assert_eq!(described(CHR, more), described(CHR, ""));
    let titles = "<Description>d</Description><DFTitle>t</DFTitle><v:X xmlns:v=\"urn:example:v\">t</v:X>";
    assert_eq!(described(&format!("{CHR}{titles}"), ""), described(CHR, ""));
}

#[test]
fn access_types_are_a_set_and_required() {
    let of = |access: &str| {
        let document = tree(&format!("<Node><NodeName>a</NodeName><DFProperties>{access}{CHR}</DFProperties></Node>"));
        Ddf::parse(document.as_bytes(), LIMITS).map(|mut ddf| ddf.nodes.remove(0).1).map_err(|error| error.kind())
    };
    let all = "<AccessType><Add/><Copy/><Delete/><Exec/><Get/><Replace/></AccessType>";
    assert_eq!(of(all), Ok(leaf(Format::Chr).with_access(Access::DATA | Access::EXEC)));
    assert_eq!(of("<AccessType/>"), Ok(leaf(Format::Chr).with_access(Access::NONE)));
    assert_eq!(of(""), Err(DdfErrorKind::Missing));
    assert_eq!(of("<AccessType><Write/></AccessType>"), Err(DdfErrorKind::Access));
    assert_eq!(of("<AccessType>Get</AccessType>"), Err(DdfErrorKind::Access));
}

#[test]
fn default_value_wins_over_value() {
    let of =
        |default: &str, format: &str, value: &str| described(&format!("{default}<DFFormat>{format}</DFFormat>"), value);
    let seven = Ok(leaf(Format::Int).with_default(7));
    assert_eq!(of("<DefaultValue>7</DefaultValue>", "<int/>", ""), seven);
    assert_eq!(of("", "<int/>", "<Value> 7 </Value>"), seven);
    assert_eq!(of("<DefaultValue>7</DefaultValue>", "<int/>", "<Value>8</Value>"), seven);
    assert_eq!(of("<DefaultValue/>", "<int/>", ""), Ok(leaf(Format::Int)));
    assert_eq!(of("<DefaultValue/>", "<chr/>", ""), Ok(leaf(Format::Chr).with_default("")));
    assert_eq!(of("<DefaultValue>1</DefaultValue>", "<bool/>", ""), Ok(leaf(Format::Bool).with_default(true)));
    assert_eq!(of("<DefaultValue>AQI=</DefaultValue>", "<bin/>", ""), Ok(leaf(Format::Bin).with_default(vec![1, 2])));
    let b64 = leaf(Format::B64).with_default(Value::B64(vec![1, 2]));
    assert_eq!(of("<DefaultValue>AQI</DefaultValue>", "<b64/>", ""), Ok(b64));
    // The format that the default value has is the usual one.
    let both = leaf(Format::Bool).with_default(true).with_format(Format::Int);
    assert_eq!(of("<DefaultValue>true</DefaultValue>", "<int/><bool/>", ""), Ok(both));
    assert_eq!(of("<DefaultValue>x</DefaultValue>", "<int/>", ""), Err(DdfErrorKind::DefaultValue));
    assert_eq!(of("<DefaultValue/>", "<node/>", ""), Ok(NodeDefinition::interior("a")));
    assert_eq!(of("<DefaultValue>x</DefaultValue>", "<node/>", ""), Err(DdfErrorKind::DefaultValue));
}

#[test]
fn formats_are_one_or_several_and_required() {
    let of = |formats: &str| described(formats, "");
    for format in FORMATS.into_iter().filter(|format| *format != Format::Node) {
        assert_eq!(of(&format!("<DFFormat><{format}/></DFFormat>")), Ok(leaf(format)), "{format}");
    }
    let several = leaf(Format::Chr).with_format(Format::Xml).with_format(Format::Int);
    assert_eq!(of("<DFFormat><chr/><xml/><chr/><int/></DFFormat>"), Ok(several));
    assert_eq!(of("<DFFormat>int</DFFormat>"), Ok(leaf(Format::Int)));
    assert_eq!(of(NODE), Ok(NodeDefinition::interior("a")));
    assert_eq!(of(""), Err(DdfErrorKind::Missing));
    for bad in ["<DFFormat/>", "<DFFormat><text/></DFFormat>", "<DFFormat><node/><chr/></DFFormat>"] {
        assert_eq!(of(bad), Err(DdfErrorKind::Format), "{bad}");
    }
}

#[test]
fn occurrence_is_one_unless_said() {
    let of = |occurrence: &str, name: &str| {
        let properties = format!("{GET}{CHR}<Occurrence>{occurrence}</Occurrence>");
        let inside = format!("<Node><NodeName>{name}</NodeName><DFProperties>{properties}</DFProperties></Node>");
        described(NODE, &inside)
    };
    let unnamed = |occurrence| {
        Ok(NodeDefinition::interior("a").with(NodeDefinition::unnamed_leaf(Format::Chr).with_occurrence(occurrence)))
    };
    let named = |occurrence| {
        Ok(NodeDefinition::interior("a").with(NodeDefinition::leaf("b", Format::Chr).with_occurrence(occurrence)))
    };
    for (text, meaning, fixed) in [
        ("<One/>", Occurrence::One, Occurrence::One),
        ("<ZeroOrOne/>", Occurrence::ZeroOrOne, Occurrence::ZeroOrOne),
        ("<ZeroOrMore/>", Occurrence::ZeroOrMore, Occurrence::ZeroOrOne),
        ("<OneOrMore/>", Occurrence::OneOrMore, Occurrence::One),
        ("<ZeroOrN>2</ZeroOrN>", Occurrence::ZeroOrN(2), Occurrence::ZeroOrOne),
        ("<OneOrN> 65536 </OneOrN>", Occurrence::OneOrN(65_536), Occurrence::One),
    ] {
        assert_eq!(of(text, ""), unnamed(meaning), "{text}");
        assert_eq!(of(text, "b"), named(fixed), "{text}");
    }
    for bad in
        ["", "<Some/>", "One", "<ZeroOrN>1</ZeroOrN>", "<ZeroOrN/>", "<OneOrN>65537</OneOrN>", "<OneOrN>x</OneOrN>"]
    {
        assert_eq!(of(bad, ""), Err(DdfErrorKind::Occurrence), "{bad}");
    }
    assert_eq!(described(CHR, ""), Ok(leaf(Format::Chr).with_occurrence(Occurrence::One)));
}

#[test]
fn scope_is_dynamic_unless_said() {
    let of = |scope: &str| described(&format!("{CHR}<Scope>{scope}</Scope>"), "");
    assert_eq!(of("<Permanent/>"), Ok(leaf(Format::Chr).permanent()));
    assert_eq!(of("<Dynamic/>"), Ok(leaf(Format::Chr)));
    assert_eq!(of("<Static/>"), Err(DdfErrorKind::Scope));
    // A node without a name cannot be permanent; it does not come and go either.
    let properties = format!("<AccessType><Add/><Delete/><Get/><Exec/></AccessType>{CHR}<Scope><Permanent/></Scope>");
    let found = described(NODE, &format!("<Node><NodeName/><DFProperties>{properties}</DFProperties></Node>"));
    let lasting = NodeDefinition::unnamed_leaf(Format::Chr).with_access(Access::GET | Access::EXEC);
    assert_eq!(found, Ok(NodeDefinition::interior("a").with(lasting.with_occurrence(Occurrence::One))));
}

#[test]
fn types_are_mime_for_leaves_and_a_name_for_interior_nodes() {
    let of = |format: &str, types: &str| described(&format!("{format}<DFType>{types}</DFType>"), "");
    let mime = leaf(Format::Chr).with_type("text/plain");
    assert_eq!(of(CHR, "<MIME>text/plain</MIME>"), Ok(mime.clone()));
    assert_eq!(of(CHR, "text/plain"), Ok(mime.clone()));
    assert_eq!(of(CHR, "<MIME>text/plain</MIME><MIME>text/html</MIME>"), Ok(mime.with_type("text/html")));
    assert_eq!(of(CHR, "<DDFName/>"), Ok(leaf(Format::Chr)));
    assert_eq!(of(CHR, "<DDFName>urn:example:x</DDFName>"), Err(DdfErrorKind::Type));
    let interior = NodeDefinition::interior("a");
    for types in ["", "<DDFName/>", "<MIME>text/plain</MIME>", "<MIME/>"] {
        assert_eq!(of(NODE, types), Ok(interior.clone()), "{types}");
    }
    assert_eq!(of(NODE, "<DDFName>urn:example:x</DDFName>"), Ok(interior.with_moid("urn:example:x")));
    assert_eq!(of(CHR, "<Text/>"), Err(DdfErrorKind::Type));
}

#[test]
fn case_sense_is_for_names() {
    let of = |case: &str| described(&format!("{NODE}<CaseSense>{case}</CaseSense>"), "");
    assert_eq!(of("<CIS/>"), Ok(NodeDefinition::interior("a").with_case_insensitive(true)));
    assert_eq!(of("<CS/>"), Ok(NodeDefinition::interior("a").with_case_insensitive(false)));
    assert_eq!(of("<X/>"), Err(DdfErrorKind::CaseSense));
    assert_eq!(described(NODE, ""), Ok(NodeDefinition::interior("a")));
}

#[test]
fn allowed_values_of_windows_that_are_simple() {
    let of = |kind: &str, values: &str| {
        let namespace = "http://schemas.microsoft.com/MobileDevice/DM";
        described(
            &format!("{CHR}<m:AllowedValues xmlns:m=\"{namespace}\" ValueType=\"{kind}\">{values}</m:AllowedValues>"),
            "",
        )
    };
    let range = |low, high| Ok(leaf(Format::Chr).with_constraint(Constraint::Range(low, high)));
    for (text, expected) in [("[0-9]", range(0, 9)), ("[-5--1]", range(-5, -1)), ("[ 1 - 2 ]", range(1, 2))] {
        assert_eq!(of("Range", &format!("<m:Value>{text}</m:Value>")), expected, "{text}");
    }
    for other in ["[2-1]", "0-9", "[0-9", "[-]", "[9]", "[a-b]", "[1-2],[4-5]"] {
        assert_eq!(of("Range", &format!("<m:Value>{other}</m:Value>")), Ok(leaf(Format::Chr)), "{other}");
    }
    let one = Constraint::OneOf(vec!["a".into(), "b".into()]);
    let values = "<m:Enum><m:Value>a</m:Value></m:Enum><m:Enum><m:Value>b</m:Value><m:ValueDescription/></m:Enum>";
    assert_eq!(of("ENUM", values), Ok(leaf(Format::Chr).with_constraint(one)));
    assert_eq!(of("Flag", values), Ok(leaf(Format::Chr)));
    assert_eq!(of("ENUM", ""), Ok(leaf(Format::Chr)));
}

#[test]
fn mos_in_mos_are_definitions_of_their_own() {
    let leaf = |name: &str| format!("<Node><NodeName>{name}</NodeName><DFProperties>{GET}{CHR}</DFProperties></Node>");
    let mo = |name: &str, moid: &str, inside: &str| {
        let properties = format!("{GET}{NODE}<DFType><DDFName>{moid}</DDFName></DFType>");
        format!("<Node><NodeName>{name}</NodeName><DFProperties>{properties}</DFProperties>{inside}</Node>")
    };
    let (outer, inner) = ("urn:example:mo:outer:1.0", "urn:example:mo:inner:1.0");
    let inside = format!("{}{}", leaf("x"), mo("In", inner, &leaf("y")));
    // The first is a reference, the last says the same once more.
    let document = format!("{}{}{}", mo("R", inner, ""), mo("Out", outer, &inside), mo("Again", inner, &leaf("y")));
    let found = ddf(tree(&document));
    let link = |name: &str, moid: &str| NodeDefinition::interior(name).with_moid(moid);
    let at = |node| (String::new(), node);
    assert_eq!(found.nodes, [at(link("R", inner)), at(link("Out", outer)), at(link("Again", inner))]);
    let chr = |name: &str| NodeDefinition::leaf(name, Format::Chr);
    let root = NodeDefinition::unnamed_interior;
    assert_eq!(
        found.mos,
        [
            MoDefinition::new(inner, root().with(chr("y"))),
            MoDefinition::new(outer, root().with(chr("x")).with(link("In", inner)))
        ]
    );
    assert_eq!(ddf(found.to_xml().unwrap()), found);
    tree_of(found).unwrap();
    let document = format!("{}{}", mo("Out", outer, &leaf("x")), mo("Other", outer, &leaf("z")));
    let error = Ddf::parse(tree(&document).as_bytes(), LIMITS).unwrap_err();
    assert_eq!((error.kind(), error.place()), (DdfErrorKind::Mo, "Other"));
}

/// References in circles end.
#[test]
fn mos_that_refer_to_one_another_are_written_once() {
    let link = |name: &str, moid: &str| NodeDefinition::interior(name).with_moid(moid);
    let mut circle = Ddf::default();
    circle.nodes = vec![("V".into(), link("A", "urn:example:a"))];
    circle.mos = vec![
        MoDefinition::new(
            "urn:example:a",
            NodeDefinition::unnamed_interior().with(link("B", "urn:example:b")).with(link("C", "urn:example:b")),
        ),
        MoDefinition::new(
            "urn:example:b",
            NodeDefinition::unnamed_interior().with(link("A", "urn:example:a")).with(link("B", "urn:example:b")),
        ),
    ];
    assert_eq!(ddf(circle.to_xml().unwrap()), circle);
    // One that nothing refers to is not lost.
    let mut alone = circle.clone();
    alone.nodes.clear();
    let found = ddf(alone.to_xml().unwrap());
    assert_eq!(found.mos, circle.mos);
}

#[test]
fn what_ddf_cannot_say_is_left_out() {
    let mut found = Ddf::default();
    let node = leaf(Format::Chr).external(External::Deferred).with_constraint(Constraint::MaxLen(5));
    found.nodes = vec![(String::new(), node)];
    assert_eq!(ddf(found.to_xml().unwrap()).nodes[0].1, leaf(Format::Chr));
    found.nodes = vec![(String::new(), leaf(Format::Chr).with_default("\u{1}"))];
    assert_eq!(found.to_xml().unwrap_err().kind(), DdfErrorKind::NotEncodable);
}

fn default_of(format: Format) -> BoxedStrategy<Value> {
    match format {
        Format::Int => any::<i32>().prop_map(|number| Value::Int(number.into())).boxed(),
        Format::Float => any::<i32>().prop_map(|number| Value::Float(f64::from(number) / 8.0)).boxed(),
        Format::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Format::Bin => vec(any::<u8>(), 0..40).prop_map(Value::Bin).boxed(),
        Format::B64 => vec(any::<u8>(), 0..40).prop_map(Value::B64).boxed(),
        Format::Null => Just(Value::Null).boxed(),
        Format::Date => Just(Value::Date("2026-01-31".into())).boxed(),
        Format::Time => Just(Value::Time("12:00:00Z".into())).boxed(),
        Format::Xml => "[ a-z<>&]{0,9}".prop_map(Value::Xml).boxed(),
        _ => "[ a-z<>&\r\n]{0,9}".prop_map(Value::Chr).boxed(),
    }
}

fn occurrences(named: bool) -> impl Strategy<Value = Occurrence> {
    let all = [
        Occurrence::One,
        Occurrence::ZeroOrOne,
        Occurrence::ZeroOrMore,
        Occurrence::OneOrMore,
        Occurrence::ZeroOrN(2),
        Occurrence::OneOrN(65_536),
    ];
    select(all[..if named { 2 } else { 6 }].to_vec())
}

fn with_common(named: bool) -> impl Strategy<Value = (Access, Occurrence, bool, Option<bool>)> {
    let bits = subsequence(vec![Access::GET, Access::ADD, Access::REPLACE, Access::DELETE, Access::EXEC], 0..=5);
    let access = bits.prop_map(|bits| bits.into_iter().fold(Access::NONE, |all, one| all | one));
    (access, occurrences(named), any::<bool>(), of(any::<bool>()))
}

fn common(node: NodeDefinition, named: bool, all: (Access, Occurrence, bool, Option<bool>)) -> NodeDefinition {
    let (access, occurrence, permanent, case) = all;
    let node = node.with_access(access).with_occurrence(occurrence);
    let node = if permanent && named { node.permanent() } else { node };
    case.map_or(node.clone(), |case| node.with_case_insensitive(case))
}

fn leaves(name: Option<String>) -> impl Strategy<Value = NodeDefinition> {
    let named = name.is_some();
    let formats = subsequence(FORMATS[1..].to_vec(), 1..=3);
    let rest = formats.prop_flat_map(|formats| (of(default_of(formats[0])), Just(formats)));
    let constraint = of(prop_oneof![
        (-9..9_i64, 10..99_i64).prop_map(|(low, high)| Constraint::Range(low, high)),
        vec("[a-z<]{0,3}", 1..4).prop_map(Constraint::OneOf),
    ]);
    (with_common(named), rest, vec("[a-z]{1,4}/[a-z+]{1,4}", 0..3), constraint).prop_map(
        move |(all, (default, formats), types, constraint)| {
            let leaf = match &name {
                Some(name) => NodeDefinition::leaf(name.clone(), formats[0]),
                None => NodeDefinition::unnamed_leaf(formats[0]),
            };
            let mut leaf = common(leaf, named, all);
            leaf = formats[1..].iter().copied().fold(leaf, NodeDefinition::with_format);
            leaf = types.into_iter().fold(leaf, NodeDefinition::with_type);
            // A default value has to be one of those allowed.
            let default = default.filter(|_| constraint.is_none());
            leaf = default.into_iter().fold(leaf, |leaf, value| leaf.with_default(value));
            constraint.into_iter().fold(leaf, NodeDefinition::with_constraint)
        },
    )
}

/// A node at the `at`-th place among its siblings, with up to `levels` below it.
fn definitions(at: usize, levels: u32) -> BoxedStrategy<NodeDefinition> {
    let name = of("[a-zA-Z<&]{1,4}").prop_map(move |name| name.map(|name| format!("{at}{name}")));
    name.prop_flat_map(move |name| {
        if levels == 0 {
            return leaves(name).boxed();
        }
        let named = name.is_some();
        let children: Vec<_> = (0..3).map(|at| definitions(at, levels - 1)).collect();
        let interior = (with_common(named), children, 0..4_usize, any::<bool>());
        let first = name.clone();
        let interior = interior.prop_map(move |(all, children, len, moid)| {
            let interior = match &first {
                Some(name) => NodeDefinition::interior(name.clone()),
                None => NodeDefinition::unnamed_interior(),
            };
            let interior = common(interior, named, all);
            if moid {
                return interior.with_moid(format!("urn:example:mo:{len}:1.0"));
            }
            children.into_iter().take(len).fold(interior, NodeDefinition::with)
        });
        prop_oneof![leaves(name), interior].boxed()
    })
    .boxed()
}

proptest! {
    #[test]
    fn a_description_is_read_as_it_was_written(
        paths in vec(select(vec!["", "A", "A/B"]), 3),
        nodes in (definitions(0, 2), definitions(1, 2), definitions(2, 2)),
        inside in definitions(0, 2),
    ) {
        let mut all = Ddf::default();
        all.nodes = paths.into_iter().map(String::from).zip([nodes.0, nodes.1, nodes.2]).collect();
        let link = NodeDefinition::interior("Shown").with_moid("urn:example:mo:shown:1.0");
        all.nodes.push((String::new(), link));
        let root = NodeDefinition::unnamed_interior().with(inside);
        all.mos = vec![MoDefinition::new("urn:example:mo:shown:1.0", root)];
        prop_assert_eq!(ddf(all.to_xml().unwrap()), all.clone());
        // Whatever a tree makes of it.
        let _ = tree_of(all);
    }

    #[test]
    fn descriptions_that_are_broken_do_not_panic(which in 0..8_usize, at in any::<usize>(), byte in any::<u8>()) {
        let all = vectors("ddf");
        let mut document = all[which % all.len()].1.clone();
        let at = at % document.len();
        document[at] = byte;
        if let Ok(found) = Ddf::parse(&document, LIMITS) {
            if let Ok(xml) = found.to_xml() {
                prop_assert_eq!(&ddf(xml), &found);
            }
            let _ = tree_of(found);
        }
    }
}

// The fuzzing seeds.

/// Replays the seeds of a target, of which some must be read and not all.
fn replay(target: &str, holds: fn(&[u8]) -> bool) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut seeds: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let read = seeds.iter().filter(|seed| holds(&fs::read(seed).unwrap())).count();
    assert!(0 < read && read < seeds.len(), "{read} of {} seeds in {} are read", seeds.len(), dir.display());
}

#[test]
fn seeds_of_objects() {
    replay("tree_tnds", dm1_documents::tnds_holds);
}

#[test]
fn seeds_of_descriptions() {
    replay("tree_ddf", dm1_documents::ddf_holds);
}
