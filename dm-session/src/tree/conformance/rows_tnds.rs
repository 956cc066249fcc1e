//! TNDS (§18.10).

use super::rows_acl::{received, wbxml_message, xml_message};
use super::rows_delete::MAIL_CHILDREN;
use super::{Content, MAIL, ResultItem, Row, Run, Snapshot, Step, Stop};
use crate::tree::dm1::{TndsNode, TndsObject, TndsType, TndsValue};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::{self as syncml, Encoding, Limits};

pub(super) const ROWS: &[Row] = &[
    Row::new("T1", "Add of an object", t1),
    Row::new("T2", "objects where they are not supported", t2),
    Row::new("T3", "a value that does not fit", t3),
    Row::new("T4", "a node that is there already", t4),
    Row::new("T5", "an empty name is the target", t5),
    Row::new("T6", "the name of the target again", t6),
    Row::new("T7", "an ACL on what the creator owns", t7),
    Row::new("T8", "an ACL that the creator could not set", t8),
    Row::new("T9", "an ACL that would keep the rest out", t9),
    Row::new("T10", "Replace leaves what the object has", t10),
    Row::new("T11", "Replace of what is not there", t11),
    Row::new("T12", "Replace with a format that there is not", t12),
    Row::new("T13", "Replace that would take what may not go", t13),
    Row::new("T14", "what was read can be added again", t14),
    Row::new("T15", "only some properties", t15),
    Row::new("T16", "selections that there are not", t16),
    Row::new("T17", "one object in all the ways it can travel", t17),
    Row::new("T18", "objects that are none", t18),
    Row::new("T19", "one node twice", t19),
    Row::new("T20", "the device keeps its own time and version", t20),
    Row::new("T21", "ACLs are those of the nodes", t21),
    Row::new("T22", "the whole tree", t22),
];

const XML: &str = "application/vnd.syncml.dmtnds+xml";
const WBXML: &str = "application/vnd.syncml.dmtnds+wbxml";

/// A mail account as one object, the last leaf of it by Path (§8.7 of the tree reference).
pub(super) const MAIL2: &str = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>\
<Node><NodeName>Mail2</NodeName><RTProperties><ACL>Add=S1&amp;Delete=S1&amp;Get=*&amp;Replace=S1</ACL>\
<Format><node/></Format><Title>Second mailbox</Title>\
<Type><DDFName>net.example.dm/1.0/Mail</DDFName></Type></RTProperties>\
<Node><NodeName>Server</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type>\
</RTProperties><Value>mail2.example.net</Value></Node>\
<Node><NodeName>Icon</NodeName><RTProperties><Format><bin/></Format><Type><MIME>image/png</MIME></Type>\
</RTProperties><Value>AQID</Value></Node>\
<Node><NodeName>Sub</NodeName><RTProperties><Format><node/></Format><Type><DDFName/></Type></RTProperties></Node>\
</Node>\
<Node><NodeName>Port</NodeName><Path>Mail2/Sub</Path><RTProperties><Format><int/></Format>\
<Type><MIME>text/plain</MIME></Type></RTProperties><Value>993</Value></Node></MgmtTree>";

/// Nodes as a document.
pub(super) fn document(nodes: &str) -> String {
    format!("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>{nodes}</MgmtTree>")
}

/// A Node with these properties besides its Format, and what is in it.
pub(super) fn node(name: &str, format: &str, properties: &str, inside: &str) -> String {
    format!(
        "<Node><NodeName>{name}</NodeName><RTProperties>{properties}<Format><{format}/></Format></RTProperties>\
         {inside}</Node>"
    )
}

/// A leaf of format `chr`.
pub(super) fn leaf(name: &str, value: &str) -> String {
    node(name, "chr", "", &format!("<Value>{value}</Value>"))
}

/// An interior node that is the root of an MO, and what is in it.
pub(super) fn mo(name: &str, identifier: &str, inside: &str) -> String {
    format!(
        "<Node><NodeName>{name}</NodeName><RTProperties><Format><node/></Format>\
         <Type><DDFName>{identifier}</DDFName></Type></RTProperties>{inside}</Node>"
    )
}

/// A document as the data of a command.
pub(super) fn object(document: &str) -> Content {
    Content::from(document).with_format("xml").with_type(XML)
}

/// The object that a list brought.
pub(super) fn read(item: &ResultItem) -> Step<TndsObject> {
    let fail = |error| Stop::new("TNDS of the Results", "an object", format!("{error:?}"));
    TndsObject::from_data(&item.data, &Limits::DEFAULT).map_err(fail)
}

/// The object, to be given back.
pub(super) fn written(object: &TndsObject) -> Step<Content> {
    let xml = object.to_xml().map_err(|error| Stop::new("TNDS", "a document", format!("{error:?}")))?;
    Ok(self::object(&xml))
}

fn name_of(node: &TndsNode) -> &str {
    node.name.as_deref().unwrap_or_default()
}

/// The tree is what the Add of [`MAIL2`] makes of F0.
fn has_mail2(run: &mut Run<'_>) -> Step {
    run.has_children("Mail2", &["Server", "Icon", "Sub"])?;
    run.has_prop("Mail2", "Title", "Second mailbox")?;
    run.has_prop("Mail2", "ACL", "Add=S1&Delete=S1&Get=*&Replace=S1")?;
    run.has_prop("Mail2", "Type", MAIL)?;
    run.holds("Mail2/Server", "mail2.example.net")?;
    run.has_prop("Mail2/Server", "Format", "chr")?;
    run.has_prop("Mail2/Server", "Type", "text/plain")?;
    run.has_prop("Mail2/Icon", "Format", "bin")?;
    run.has_prop("Mail2/Icon", "Type", "image/png")?;
    run.has_prop("Mail2/Icon", "Size", "3")?;
    run.has_children("Mail2/Sub", &["Port"])?;
    run.has_prop("Mail2/Sub", "Type", "")?;
    run.has_prop("Mail2/Sub", "ACL", "")?;
    run.holds("Mail2/Sub/Port", "993")?;
    run.has_prop("Mail2/Sub/Port", "Format", "int")?;
    run.has_verno("./Vendor", 1)
}

fn t1(run: &mut Run<'_>) -> Step {
    run.add("./Vendor", object(MAIL2)).status(200)?;
    has_mail2(run)?;
    run.get("Mail2/Icon").status(200)?.bytes(&[1, 2, 3])?;
    for path in ["Mail2", "Mail2/Server", "Mail2/Icon", "Mail2/Sub", "Mail2/Sub/Port"] {
        run.has_prop(path, "VerNo", "0")?;
        run.has_prop(path, "TStamp", "20240229T163000Z")?;
    }
    // The example's answer to a list without times and versions.
    let got = run.get("Mail2?list=TNDS-TStamp-VerNo").status(200)?;
    let item = got.item()?;
    run.check(item.source == "./Vendor/Mail2", "Source of the object", "./Vendor/Mail2", &item.source)?;
    let sent = Content::from_item(&item.to_item(Encoding::Xml), None);
    let types = (sent.format.as_deref(), sent.media_type.as_deref());
    run.check(types == (Some("xml"), Some(XML)), "Meta of the object", "xml and its media type", types)?;
    let object = read(item)?;
    let names: Vec<&str> = object.nodes.iter().map(name_of).collect();
    run.check(names == ["", "Server", "Icon", "Sub", "Port"], "Nodes of the object", "five, nested", names)?;
    let parents: Vec<Option<usize>> = object.nodes.iter().map(|node| node.parent).collect();
    run.check(parents == [None, Some(0), Some(0), Some(0), Some(3)], "Nodes of the object", "nested", parents)?;
    for node in &object.nodes {
        let extra = (&node.path, &node.tstamp, &node.verno);
        run.check(extra == (&None, &None, &None), "a Node of the object", "no Path, TStamp, VerNo", extra)?;
    }
    let (top, icon) = (object.nodes.first(), object.nodes.get(2));
    let acl = top.and_then(|top| top.acl.as_deref());
    run.check(acl == Some("Add=S1&Delete=S1&Get=*&Replace=S1"), "ACL of the first Node", "its own", acl)?;
    let title = top.and_then(|top| top.title.as_deref());
    run.check(title == Some("Second mailbox"), "Title of the first Node", "its own", title)?;
    let bytes = icon.and_then(|icon| icon.value.clone());
    run.check(bytes == Some(TndsValue::Bytes([1, 2, 3].to_vec())), "Value of Icon", "01 02 03", bytes)
}

fn t2(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.tnds = false);
    run.add("./Vendor", object(MAIL2)).status(415)?;
    run.gone("Mail2")?;
    run.get("Mail?list=TNDS").status(406)?;
    run.replace("Mail", object(&document(&mo("", MAIL, "")))).status(415)?;
    run.has_children("Mail", &MAIL_CHILDREN)
}

pub(super) fn t3(run: &mut Run<'_>) -> Step {
    run.add("./Vendor", object(&MAIL2.replace("993", "abc"))).status(415)?;
    run.gone("Mail2")
}

fn t4(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.put(super::SetupNode::new("Mail2", Content::mo(MAIL))));
    run.add("./Vendor", object(MAIL2)).status(418)?;
    run.has_children("Mail2", &[])
}

fn t5(run: &mut Run<'_>) -> Step {
    let inside = leaf("Server", "mail3.example.net");
    run.add("Mail3", object(&document(&mo("", MAIL, &inside)))).status(200)?;
    run.has_prop("Mail3", "Name", "Mail3")?;
    run.has_prop("Mail3", "Type", MAIL)?;
    run.has_children("Mail3", &["Server"])?;
    run.holds("Mail3/Server", "mail3.example.net")?;
    run.gone("Mail3/Mail3")
}

fn t6(run: &mut Run<'_>) -> Step {
    let object = object(&document(&mo("Mail3", MAIL, &leaf("Server", "mail3.example.net"))));
    run.add("Mail3", object.clone()).status(200)?;
    run.has_children("Mail3", &["Mail3"])?;
    run.has_prop("Mail3", "Type", "")?;
    run.has_prop("Mail3/Mail3", "Type", MAIL)?;
    run.holds("Mail3/Mail3/Server", "mail3.example.net")?;
    run.lenient();
    run.add("Mail3", object).status(200)?;
    run.has_prop("Mail3", "Type", MAIL)?;
    run.has_children("Mail3", &["Server"])?;
    run.holds("Mail3/Server", "mail3.example.net")
}

fn t7(run: &mut Run<'_>) -> Step {
    let inside = node("z", "chr", "<ACL>Get=S3</ACL>", "<Value>1</Value>");
    run.server("S3").add(".", object(&document(&node("Z", "node", "", &inside)))).status(200)?;
    run.has_prop("./Z", "ACL", "Add=S3&Delete=S3&Get=*&Replace=S3")?;
    run.has_prop("./Z/z", "ACL", "Get=S3")?;
    run.get("./Z/z").status(200)?.value("1")?;
    run.server("S1").get("./Z/z").status(425).map(drop)
}

fn t8(run: &mut Run<'_>) -> Step {
    let nodes = [leaf("y", "1"), node("z", "chr", "<ACL>Get=S3</ACL>", "<Value>1</Value>")].concat();
    run.server("S3").add(".", object(&document(&nodes))).status(425)?;
    run.gone("./y")?;
    run.gone("./z")
}

pub(super) fn t9(run: &mut Run<'_>) -> Step {
    // The innermost first: with the outer one in force the inner one could not be set.
    let inside = [leaf("a", "1"), node("b", "chr", "<ACL>Get=S1+S2</ACL>", "<Value>2</Value>")].concat();
    run.add("./Vendor", object(&document(&node("Box", "node", "<ACL>Get=S2</ACL>", &inside)))).status(200)?;
    run.has_prop("Box", "ACL", "Get=S2")?;
    run.has_children("Box", &["a", "b"])?;
    run.holds("Box/a", "1")?;
    run.holds("Box/b", "2")?;
    run.has_prop("Box/b", "ACL", "Get=S1+S2")?;
    run.get("Box").status(425)?;
    run.get("Box/b").status(200)?.value("2")?;
    run.server("S2").get("Box/a").status(200)?.value("1").map(drop)
}

pub(super) fn t10(run: &mut Run<'_>) -> Step {
    const ACL: &str = "Add=S1&Delete=S1&Get=S1+S2&Replace=S1";
    run.setup(|setup| {
        setup.node("Mail").acl = Some(ACL.to_owned());
        setup.node("Mail").title = Some("Post".to_owned());
        let server = setup.node("Mail/Server");
        server.acl = Some("Delete=S1&Get=S1".to_owned());
        server.title = Some("Where mail is".to_owned());
    });
    let inside = [leaf("Server", "new.example.net"), leaf("New", "n")].concat();
    run.replace("Mail", object(&document(&mo("", MAIL, &inside)))).status(200)?;
    run.has_children("Mail", &["Server", "New"])?;
    run.holds("Mail/Server", "new.example.net")?;
    run.holds("Mail/New", "n")?;
    for gone in ["Port", "Icon", "Note", "Secret", "Keep", "Run"] {
        run.gone(&format!("Mail/{gone}"))?;
    }
    run.has_prop("Mail", "ACL", ACL)?;
    run.has_prop("Mail", "Type", MAIL)?;
    run.has_verno("Mail", 1)?;
    run.has_prop("Mail", "TStamp", "20240229T163000Z")?;
    run.has_verno("./Vendor", 0)?;
    // What is below is new: nothing of the old nodes is left.
    run.has_prop("Mail/Server", "ACL", "")?;
    run.has_prop("Mail/Server", "Title", "")?;
    run.has_prop("Mail/Server", "VerNo", "0")?;
    run.has_prop("Mail/New", "VerNo", "0")?;
    let names = run.children("./Vendor")?;
    let last = names.last().is_some_and(|name| name == "Mail");
    run.check(!last, "Get ./Vendor", "Mail where it was", names)
}

fn t11(run: &mut Run<'_>) -> Step {
    run.replace("Missing", object(&document(&node("", "node", "", "")))).status(404)?;
    run.gone("Missing")
}

fn t12(run: &mut Run<'_>) -> Step {
    let inside = [leaf("Server", "new.example.net"), node("New", "foo", "", "<Value>n</Value>")].concat();
    run.replace("Mail", object(&document(&mo("", MAIL, &inside)))).status(415)?;
    run.has_children("Mail", &MAIL_CHILDREN)?;
    run.holds("Mail/Server", "mail.example.net")
}

fn t13(run: &mut Run<'_>) -> Step {
    let object = object(&document(&node("", "node", "", &leaf("Other", "o"))));
    run.replace("./Vendor", object.clone()).status(425)?;
    run.holds("Own/x", "1")?;
    run.holds("Fixed", "5")?;
    run.setup(|setup| setup.remove("Own"));
    run.replace("./Vendor", object).status(405)?;
    run.holds("Fixed", "5")?;
    run.holds("Mail/Port", "993")?;
    run.gone("Other")
}

/// `Mail` and all below it without what a new node has anew, and without its child list.
fn comparable(snapshot: Snapshot) -> Snapshot {
    let kept = snapshot.only("./Vendor/Mail").without_node("./Vendor/Mail/Secret");
    let mut kept = kept.without(&["TStamp", "VerNo"]);
    if let Some(mail) = kept.nodes.get_mut("./Vendor/Mail") {
        mail.retain(|(what, _)| *what != "value");
    }
    kept
}

fn t14(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        setup.node("Mail").title = Some("Post &lt; office".to_owned());
        setup.node("Mail/Server").title = Some("Where mail is".to_owned());
        setup.node("Mail/Keep").acl = Some("Delete=S1&Get=S1".to_owned());
    });
    let before = comparable(run.snapshot()?);
    let got = run.get("Mail?list=TNDS").status(200)?;
    let object = read(got.item()?)?;
    let secret = object.nodes.iter().find(|node| name_of(node) == "Secret");
    run.check(secret.is_none(), "the object", "no Secret", secret)?;
    run.delete("Mail").status(200)?;
    run.add("Mail", written(&object)?).status(200)?;
    run.has_children("Mail", &["Server", "Port", "Icon", "Note", "Keep", "Run"])?;
    let after = comparable(run.snapshot()?);
    before.compare("Get, Delete, Add of Mail", &after)
}

fn t15(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        setup.node("Mail").acl = Some("Get=S1".to_owned());
        setup.node("Mail").title = Some("Post".to_owned());
    });
    let got = run.get("Mail?list=TNDS+Value+ACL").status(200)?;
    let object = read(got.item()?)?;
    run.check(object.nodes.len() == 7, "the object", "7 Nodes", object.nodes.len())?;
    for (number, node) in object.nodes.iter().enumerate() {
        let other = (node.format, &node.title, &node.tstamp, &node.verno);
        run.check(other == (None, &None, &None, &None), "TNDS+Value+ACL", "no other property", node)?;
        let expected = if number == 0 { TndsType::DdfName(MAIL.to_owned()) } else { mime(name_of(node)) };
        run.check(node.media_type.as_ref() == Some(&expected), "TNDS+Value+ACL", "Type", node)?;
        let acl = (number == 0).then_some("Get=S1");
        run.check(node.acl.as_deref() == acl, "TNDS+Value+ACL", "ACLs of their own", node)?;
        // Of Format null there is none.
        let has_value = number != 0 && name_of(node) != "Run";
        run.check(node.value.is_some() == has_value, "TNDS+Value+ACL", "values of leaves", node)?;
    }
    let got = run.get("Mail?list=TNDS-Value").status(200)?;
    let object = read(got.item()?)?;
    for node in &object.nodes {
        run.check(node.value.is_none(), "TNDS-Value", "no Value", node)?;
        run.check(node.format.is_some() && node.verno.is_some(), "TNDS-Value", "the properties", node)?;
    }
    let title = object.nodes.first().and_then(|node| node.title.as_deref());
    run.check(title == Some("Post"), "TNDS-Value", "the Title", title)
}

fn mime(name: &str) -> TndsType {
    TndsType::Mime(if name == "Icon" { "image/png" } else { "text/plain" }.to_owned())
}

fn t16(run: &mut Run<'_>) -> Step {
    for list in ["TNDS+ACL-Value", "TNDS+Name", "TNDS+Size", "TNDS+Foo", "TNDS+", "TNDS-", "TNDSACL"] {
        run.get(&format!("Mail?list={list}")).status(406)?;
    }
    Ok(())
}

/// The command that carries the object, with its data as it is written in XML.
fn carrier(format: &str, media_type: &str, data: &str) -> String {
    format!(
        "<Add><CmdID>1</CmdID><Item><Target><LocURI>./Vendor</LocURI></Target><Meta>\
         <Format xmlns=\"syncml:metinf\">{format}</Format><Type xmlns=\"syncml:metinf\">{media_type}</Type></Meta>\
         <Data>{data}</Data></Item></Add>"
    )
}

fn t17(run: &mut Run<'_>) -> Step {
    let parsed = TndsObject::parse(MAIL2.as_bytes(), &Limits::DEFAULT)
        .map_err(|error| Stop::new("TNDS", "an object", format!("{error:?}")))?;
    let nested = parsed.to_wbxml().map_err(|error| Stop::new("TNDS", "WBXML", format!("{error:?}")))?;
    let escaped = MAIL2.replace('&', "&amp;").replace('<', "&lt;");
    let opaque = {
        let message = xml_message(&carrier("bin", WBXML, ""));
        let message = syncml::Message::parse(message.as_bytes());
        let mut message = message.map_err(|error| Stop::new("a message of the row", "XML", format!("{error}")))?;
        if let Some(syncml::Command::Add(operation)) = message.commands.first_mut() {
            for item in operation.items.iter_mut() {
                item.data = Some(syncml::Data::opaque(nested.clone()));
            }
        }
        message.to_wbxml().map_err(|error| Stop::new("a message of the row", "WBXML", format!("{error}")))?
    };
    let messages: [(&str, Encoding, Vec<u8>); 5] = [
        ("text", Encoding::Xml, xml_message(&carrier("xml", XML, &escaped)).into_bytes()),
        ("CDATA", Encoding::Xml, xml_message(&carrier("xml", XML, &format!("<![CDATA[{MAIL2}]]>"))).into_bytes()),
        ("mark-up", Encoding::Xml, xml_message(&carrier("xml", XML, MAIL2)).into_bytes()),
        ("nested WBXML", Encoding::Wbxml, opaque),
        ("inline WBXML", Encoding::Wbxml, wbxml_message(&carrier("bin", WBXML, MAIL2))?),
    ];
    let mut first: Option<Snapshot> = None;
    for (way, encoding, message) in messages {
        run.fresh();
        let (uri, content) = received(&message)?;
        run.encoding(encoding).add(&uri, content).status(200)?;
        run.encoding(Encoding::Xml);
        has_mail2(run)?;
        let snapshot = run.snapshot()?;
        match &first {
            Some(first) => first.compare(way, &snapshot)?,
            None => first = Some(snapshot),
        }
    }
    // As it is read again: XML in XML, WBXML in WBXML.
    for (encoding, format, media_type) in [(Encoding::Xml, "xml", XML), (Encoding::Wbxml, "bin", WBXML)] {
        let got = run.encoding(encoding).get("Mail2?list=TNDS").status(200)?;
        let sent = Content::from_item(&got.item()?.to_item(encoding), None);
        let types = (sent.format.as_deref(), sent.media_type.as_deref());
        run.check(types == (Some(format), Some(media_type)), "Meta of the object", media_type, types)?;
        let object = TndsObject::from_data(&sent.data, &Limits::DEFAULT);
        let count = object.map(|object| object.nodes.len()).ok();
        run.check(count == Some(5), "the object", "5 Nodes", count)?;
    }
    run.encoding(Encoding::Xml);
    Ok(())
}

fn t18(run: &mut Run<'_>) -> Step {
    let both = node("Box", "node", "", &format!("<Value>1</Value>{}", leaf("a", "1")));
    run.add("./Vendor", object(&document(&both))).status(415)?;
    run.gone("Box")?;
    run.add("./Vendor", object(&MAIL2.replace("<VerDTD>1.2", "<VerDTD>2.0"))).status(415)?;
    run.gone("Mail2")?;
    run.add("./Vendor", object("<Other/>")).status(415)?;
    run.add("./Vendor", object("<MgmtTree")).status(415).map(drop)
}

fn t19(run: &mut Run<'_>) -> Step {
    run.add("./Vendor", object(&document(&[leaf("a", "1"), leaf("a", "2")].concat()))).status(418)?;
    run.gone("a")
}

pub(super) fn t20(run: &mut Run<'_>) -> Step {
    let own = "<Node><NodeName>a</NodeName><RTProperties><Format><chr/></Format><TStamp>20010101T000000Z</TStamp>\
               <Type><MIME>text/plain</MIME></Type><VerNo>77</VerNo></RTProperties><Value>1</Value></Node>";
    run.add("./Vendor", object(&document(own))).status(200)?;
    run.has_prop("a", "TStamp", "20240229T163000Z")?;
    run.has_prop("a", "VerNo", "0")?;
    run.holds("a", "1")
}

fn t21(run: &mut Run<'_>) -> Step {
    let got = run.server("S2").get("./Vendor?list=TNDS").status(200)?;
    let object = read(got.item()?)?;
    let with: Vec<(&str, &str)> =
        object.nodes.iter().filter_map(|node| Some((name_of(node), node.acl.as_deref()?))).collect();
    let expected = [("", "Add=S1&Delete=S1&Exec=S1&Get=S1+S2&Replace=S1"), ("Own", "Get=S2&Replace=S2")];
    run.check(with == expected, "ACLs of the object", "of the start node and of Own", with)?;
    let names: Vec<&str> = object.nodes.iter().map(name_of).collect();
    run.check(names.contains(&"x") && names.contains(&"Port"), "Nodes of the object", "all below", names)
}

fn t22(run: &mut Run<'_>) -> Step {
    let got = run.get(".?list=TNDS").status(200)?.source(".")?;
    let object = read(got.item()?)?;
    let tops: Vec<&TndsNode> = object.nodes.iter().filter(|node| node.parent.is_none()).collect();
    let one = matches!(&*tops, [top] if top.name.as_deref() == Some("") && top.path.is_none());
    run.check(one, "the object", "one Node at the top, its name empty", tops)?;
    for hidden in ["Inbox", "AAuthSecret", "Secret", "Own"] {
        let found = object.nodes.iter().find(|node| name_of(node) == hidden);
        run.check(found.is_none(), "the object", &format!("no {hidden}"), found)?;
    }
    let lang = object.nodes.iter().find(|node| name_of(node) == "Lang");
    let value = lang.and_then(|lang| lang.value.clone());
    run.check(value == Some(TndsValue::Text("en".to_owned())), "Lang in the object", "en", value)?;
    run.check(object.nodes.iter().all(|node| node.format.is_some()), "the object", "Formats", object.nodes.len())
}
