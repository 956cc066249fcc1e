//! Access control lists (§18.8).

use super::{Content, Row, Run, Setup, SetupNode, Snapshot, Step, Stop};
use crate::tree::dm1::Command;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::{self as syncml, Encoding};

pub(super) const ROWS: &[Row] = &[
    Row::new("C1", "the example of the specification", c1),
    Row::new("C2", "no ACL of its own", c2),
    Row::new("C3", "a new ACL holds", c3),
    Row::new("C4", "an ACL of its own ends inheritance for all commands", c4),
    Row::new("C5", "an interior node's ACL with Replace on the node", c5),
    Row::new("C6", "a leaf's ACL with Replace on its parent", c6),
    Row::new("C7", "a leaf's ACL with Replace on the leaf only", c7),
    Row::new("C8", "an interior node's ACL with Replace on its parent", c8),
    Row::new("C9", "texts that are no ACL", c9),
    Row::new("C10", "an empty ACL inherits again", c10),
    Row::new("C11", "ACLs that the root does not take", c11),
    Row::new("C12", "an ACL of the root", c12),
    Row::new("C13", "identifiers are compared whole", c13),
    Row::new("C14", "a wildcard among identifiers", c14),
    Row::new("C15", "an ACL is returned as it came", c15),
    Row::new("C16", "who locks itself out has the parent left", c16),
    Row::new("C17", "the account of a server goes, and its identifier with it", c17),
    Row::new("C18", "an ACL of that server alone goes", c18),
    Row::new("C19", "the root keeps what every server needs", c19),
    Row::new("C20", "an ACL is the same in all forms of a message", c20),
    Row::new("C21", "a new ACL is a change of the node", c21),
];

const SERVERS: [&str; 3] = ["ServerA", "ServerB", "ServerC"];

fn c1(run: &mut Run<'_>) -> Step {
    type Part = fn(&mut Run<'_>) -> Step;
    let parts: [Part; 15] = [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15];
    parts.into_iter().zip(1..).try_for_each(|(part, number)| {
        run.start(Setup::acl_example());
        part(run).map_err(|stop| match stop {
            Stop::Failed(mut failure) => {
                failure.step = format!("V{number}: {}", failure.step);
                Stop::Failed(failure)
            }
            Stop::Skipped => Stop::Skipped,
        })
    })
}

fn v1(run: &mut Run<'_>) -> Step {
    for server in SERVERS {
        run.server(server).get("./NodeA/Node1").status(200)?.value("v")?;
    }
    run.server("ServerA").set_acl("./NodeA/Node1", "Get=ServerA").status(425)?;
    run.server("ServerB").set_acl("./NodeA/Node1", "Get=ServerB").status(425)?;
    run.server("ServerC").set_acl("./NodeA/Node1", "Get=ServerC").status(200)?;
    run.has_prop("./NodeA/Node1", "ACL", "Get=ServerC")
}

fn v2(run: &mut Run<'_>) -> Step {
    for server in SERVERS {
        run.server(server).delete("./NodeA/Node1").status(425)?;
        run.replace("./NodeA/Node1", "w").status(425)?;
    }
    run.holds("./NodeA/Node1", "v")
}

fn v3(run: &mut Run<'_>) -> Step {
    for server in SERVERS {
        run.server(server).get("./NodeA/Node1?prop=ACL").status(200)?.no_meta()?.value("Get=*")?;
    }
    Ok(())
}

fn v4(run: &mut Run<'_>) -> Step {
    const ACL: &str = "./NodeB/Node3/Node4?prop=ACL";
    run.server("ServerB").get(ACL).status(200)?.no_meta()?.value("")?;
    run.server("ServerA").get(ACL).status(425)?;
    run.server("ServerC").get(ACL).status(425).map(drop)
}

fn v5(run: &mut Run<'_>) -> Step {
    run.server("ServerA").replace("./NodeB/Node3/Node5", "w").status(200)?;
    run.holds("./NodeB/Node3/Node5", "w")
}

fn v6(run: &mut Run<'_>) -> Step {
    run.server("ServerB").replace("./NodeB/Node3/Node5", "w").status(425)?;
    run.holds("./NodeB/Node3/Node5", "v")
}

fn v7(run: &mut Run<'_>) -> Step {
    run.server("ServerA").get("./NodeB/Node3").status(425).map(drop)
}

pub(super) fn v8(run: &mut Run<'_>) -> Step {
    run.server("ServerA").set_acl("./NodeB/Node3", "Get=ServerA&Replace=ServerA").status(200)?;
    run.get("./NodeB/Node3").status(200)?.names(&["Node4", "Node5"])?;
    run.has_prop("./NodeB/Node3", "ACL", "Get=ServerA&Replace=ServerA")
}

fn v9(run: &mut Run<'_>) -> Step {
    run.server("ServerA").set_acl("./NodeB/Node3/Node5", "Get=*").status(425).map(drop)
}

fn v10(run: &mut Run<'_>) -> Step {
    run.server("ServerB").set_acl("./NodeB/Node3/Node5", "Get=*").status(200)?;
    run.has_prop("./NodeB/Node3/Node5", "ACL", "Get=*")
}

fn v11(run: &mut Run<'_>) -> Step {
    run.server("ServerB").delete("./NodeB/Node3").status(425)?;
    run.holds("./NodeB/Node3/Node4", "v")?;
    let mut setup = Setup::acl_example();
    setup.config.delete_descendants = false;
    run.start(setup);
    run.server("ServerB").delete("./NodeB/Node3").status(200)?;
    run.gone("./NodeB/Node3")
}

fn v12(run: &mut Run<'_>) -> Step {
    run.server("ServerA").add("./NodeB/New", "x").status(425)?;
    run.gone("./NodeB/New")
}

fn v13(run: &mut Run<'_>) -> Step {
    run.server("ServerA").add("./NodeD", Content::node()).status(200)?;
    run.has_prop("./NodeD", "ACL", "Add=ServerA&Delete=ServerA&Get=*&Replace=ServerA")
}

fn v14(run: &mut Run<'_>) -> Step {
    run.server("ServerC").add("./NodeE", Content::from("x").with_format("chr")).status(200)?;
    run.has_prop("./NodeE", "ACL", "")
}

fn v15(run: &mut Run<'_>) -> Step {
    run.server("ServerC").set_acl(".", "Add=*&Get=*&Replace=ServerC").status(425)?;
    run.has_prop(".", "ACL", "Add=*&Get=*")
}

fn c2(run: &mut Run<'_>) -> Step {
    run.get("Mail?prop=ACL").status(200)?.no_meta()?.value("").map(drop)
}

fn c3(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.server("S2").get("Mail").status(425)?;
    run.get("Mail/Port").status(425)?;
    run.server("S1").get("Mail/Port").status(200)?.value("993")?;
    run.has_prop("Mail", "ACL", "Get=S1&Replace=S1")
}

fn c4(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.add("Mail/New", "x").status(425)?;
    run.gone("Mail/New")?;
    run.delete("Mail/Port").status(425)?;
    run.apply(Command::exec("./Vendor/Mail/Run")).status(425).map(drop)
}

fn c5(run: &mut Run<'_>) -> Step {
    run.server("S2").set_acl("Own", "Get=S2&Replace=S2&Delete=S2").status(200)?;
    run.has_prop("Own", "ACL", "Get=S2&Replace=S2&Delete=S2")
}

fn c6(run: &mut Run<'_>) -> Step {
    run.server("S2").set_acl("Own/x", "Get=*").status(200)?;
    run.has_prop("Own/x", "ACL", "Get=*")?;
    run.server("S1").get("Own/x").status(200)?.value("1").map(drop)
}

pub(super) fn c7(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail/Server").acl = Some("Get=S2&Replace=S2".to_owned()));
    run.server("S2").replace("Mail/Server", "s2.example.net").status(200)?;
    run.set_acl("Mail/Server", "Get=*").status(425)?;
    run.has_prop("Mail/Server", "ACL", "Get=S2&Replace=S2")?;
    run.holds("Mail/Server", "s2.example.net")
}

pub(super) fn c8(run: &mut Run<'_>) -> Step {
    run.get("Own").status(425)?;
    run.set_acl("Own", "Get=S1+S2&Replace=S2").status(200)?;
    run.get("Own").status(200)?.names(&["x"])?;
    run.get("Own/x").status(200)?.value("1").map(drop)
}

fn c9(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail").acl = Some("Get=S1&Replace=S1".to_owned()));
    for text in ["Get=", "get=S1", "Move=S1", "Get=S1&", "Get=S1 +S2", "=S1", "Get", "Get=S1++S2", "&Get=S1"] {
        run.set_acl("Mail", text).status(500)?;
        run.has_prop("Mail", "ACL", "Get=S1&Replace=S1")?;
        run.has_verno("Mail", 0)?;
    }
    Ok(())
}

fn c10(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.set_acl("Mail", "").status(200)?;
    run.has_prop("Mail", "ACL", "")?;
    run.server("S2").get("Mail/Port").status(200)?.value("993")?;
    run.server("S1").add("Mail/New", "x").status(200)?;
    // No Data at all is the same.
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.replace("Mail?prop=ACL", Content::EMPTY).status(200)?;
    run.has_prop("Mail", "ACL", "")
}

/// F0 with the root handed to `S1`.
fn with_owner(setup: &mut Setup) {
    setup.config.root_acl = "Add=*&Get=*&Replace=S1".to_owned();
}

fn c11(run: &mut Run<'_>) -> Step {
    run.setup(with_owner);
    for text in ["", "Get=*", "Add=S1&Get=*"] {
        run.set_acl(".", text).status(405)?;
        run.has_prop(".", "ACL", "Add=*&Get=*&Replace=S1")?;
    }
    Ok(())
}

fn c12(run: &mut Run<'_>) -> Step {
    run.setup(with_owner);
    run.set_acl(".", "Add=*&Get=*&Replace=S1").status(200)?;
    run.has_prop(".", "ACL", "Add=*&Get=*&Replace=S1")?;
    run.has_verno(".", 1)
}

pub(super) fn c13(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail").acl = Some("Get=S12+XS1".to_owned()));
    run.get("Mail").status(425)?;
    run.server("S12").get("Mail/Port").status(200)?.value("993")?;
    run.server("XS1").get("Mail/Port").status(200)?.value("993")?;
    run.server("S").get("Mail").status(425).map(drop)
}

fn c14(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail").acl = Some("Get=*+S2".to_owned()));
    run.server("S3").get("Mail").status(200)?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

fn c15(run: &mut Run<'_>) -> Step {
    const TEXT: &str = "Replace=S1&Get=S2&Get=S1";
    run.set_acl("Mail", TEXT).status(200)?;
    run.get("Mail?prop=ACL").status(200)?.value(TEXT)?;
    run.get("Mail/Port").status(200)?.value("993")?;
    run.server("S2").get("Mail?prop=ACL").status(200)?.value(TEXT)?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

fn c16(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S2").status(200)?;
    run.get("Mail").status(425)?;
    run.replace("Mail/Port", Content::from("7").with_format("int")).status(425)?;
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

/// F0 with a second account, so that the one of `S1` can go.
fn two_accounts(setup: &mut Setup) {
    setup.put(SetupNode::new("./DMAcc/2", Content::mo("urn:oma:mo:oma-dm-dmacc:1.0")));
    setup.put(SetupNode::new("./DMAcc/2/AppID", "w7"));
    setup.put(SetupNode::new("./DMAcc/2/ServerID", "S2"));
}

/// The device removes the account of `S1`; what the tree held before.
fn remove_s1(run: &mut Run<'_>) -> Step<Snapshot> {
    let before = run.snapshot()?;
    run.local().delete("./DMAcc/1").status(200)?;
    run.gone("./DMAcc/1")?;
    run.has_children("./DMAcc", &["2"])?;
    let after = run.snapshot()?;
    let left: Vec<&str> =
        (after.uris()).filter(|uri| after.of(uri, "ACL").is_some_and(|acl| acl.contains("S1"))).collect();
    run.check(left.is_empty(), "ACLs that name S1", "none", left)?;
    Ok(before)
}

pub(super) fn c17(run: &mut Run<'_>) -> Step {
    run.setup(two_accounts);
    let before = remove_s1(run)?;
    run.has_prop("./Vendor", "ACL", "Get=S2")?;
    run.has_verno("./Vendor", 1)?;
    run.has_prop("Mail", "ACL", "")?;
    run.has_verno("Mail", 0)?;
    run.has_prop("Own", "ACL", "Get=S2&Replace=S2")?;
    run.server("S2").get("Mail/Port").status(200)?.value("993")?;
    let before = before.only("./Vendor/Mail");
    let after = run.snapshot()?.only("./Vendor/Mail");
    before.compare("remove the account of S1", &after)?;
    // The tree has a call for it, which takes the only account as well.
    run.fresh();
    if let Ok(tree) = run.mo_tree() {
        let removed = tree.remove_dm1_account("S1");
        run.check(removed.is_ok(), "remove the account of S1", "done", removed)?;
        run.gone("./DMAcc/1")?;
        run.has_prop("./Vendor", "ACL", "Get=S2")?;
        run.has_verno("./Vendor", 1)?;
    }
    Ok(())
}

fn c18(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        two_accounts(setup);
        setup.node("Own").acl = Some("Get=S1".to_owned());
    });
    run.server("S2").get("Own").status(425)?;
    remove_s1(run)?;
    run.has_prop("Own", "ACL", "")?;
    run.server("S2").get("Own/x").status(200)?.value("1").map(drop)
}

fn c19(run: &mut Run<'_>) -> Step {
    run.setup(two_accounts);
    run.local().set_acl(".", "Add=*&Get=S1").status(200)?;
    run.server("S2").get(".").status(425)?;
    remove_s1(run)?;
    run.has_prop(".", "ACL", "Add=*&Get=*")
}

/// The first Item of the first command of a message, as the tree gets it.
pub(super) fn received(message: &[u8]) -> Step<(String, Content)> {
    let fail = |what: &str| Stop::new("a message of the row", "one command with one Item", what);
    let message = syncml::Message::parse(message).map_err(|error| fail(&format!("{error}")))?;
    let Some(syncml::Command::Add(operation) | syncml::Command::Replace(operation)) = message.commands.first() else {
        return Err(fail("no command"));
    };
    let item = operation.items.iter().next().ok_or_else(|| fail("no Item"))?;
    let uri = item.target_uri().map(|uri| uri.as_str().to_owned()).ok_or_else(|| fail("no Target"))?;
    Ok((uri, Content::from_item(item, operation.meta.as_deref())))
}

/// An XML message with this command.
pub(super) fn xml_message(command: &str) -> String {
    format!(
        "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>IMEI:350000000000017</LocURI></Target>\
         <Source><LocURI>https://dm.example/dm</LocURI></Source></SyncHdr><SyncBody>{command}<Final/></SyncBody>\
         </SyncML>"
    )
}

/// The same message in WBXML.
pub(super) fn wbxml_message(command: &str) -> Step<Vec<u8>> {
    let fail = |error: syncml::Error| Stop::new("a message of the row", "WBXML", format!("{error}"));
    let xml = xml_message(command);
    syncml::Message::parse(xml.as_bytes()).and_then(|message| message.to_wbxml()).map_err(fail)
}

fn c20(run: &mut Run<'_>) -> Step {
    let command = |data: &str| {
        format!(
            "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./Vendor/Mail?prop=ACL</LocURI></Target>\
             <Data>{data}</Data></Item></Replace>"
        )
    };
    let escaped = command("Get=S1&amp;Replace=S1");
    let messages = [
        (Encoding::Xml, xml_message(&escaped).into_bytes()),
        (Encoding::Xml, xml_message(&command("<![CDATA[Get=S1&Replace=S1]]>")).into_bytes()),
        (Encoding::Wbxml, wbxml_message(&escaped)?),
    ];
    for (encoding, message) in messages {
        run.fresh();
        let (uri, content) = received(&message)?;
        run.encoding(encoding).replace(&uri, content).status(200)?;
        run.has_prop("Mail", "ACL", "Get=S1&Replace=S1")?;
        run.server("S2").get("Mail").status(425)?;
    }
    run.encoding(Encoding::Xml);
    Ok(())
}

fn c21(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S1&Replace=S1").status(200)?;
    run.has_verno("Mail", 1)?;
    run.has_prop("Mail", "TStamp", "20240229T163000Z")?;
    run.has_verno("Mail/Port", 0)?;
    run.has_verno("./Vendor", 0)
}
