//! Mistakes that implementers make (§17), each as what has to hold instead.

use super::rows_acl::{c7, c8, c13, c17, received, v8, xml_message};
use super::rows_atomic::{atomic, m3};
use super::rows_delete::MAIL_CHILDREN;
use super::rows_objects::{
    account, account_of, boot, boot_object, booted, bootstrap_message, factory_new, limits_hold, s4, standard_accounts,
};
use super::rows_tnds::{document, leaf, mo, node, object, read, t3, t9, t10, t20, written};
use super::{Content, MAIL, On, ResultItem, Row, Run, Setup, SetupNode, Step};
use crate::tree::dm1::{Ask, BootstrapError, Command, Data, Reply, TndsObject, UriLimits};
use crate::tree::{External, Format, Value};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::{Encoding, StatusCode};

pub(super) const ROWS: &[Row] = &[
    Row::new("W01", "an ACL of its own ends inheritance for every command", w01),
    Row::new("W02", "an inherited ACL is not the node's", w02),
    Row::new("W03", "a leaf's ACL is its parent's to give", w03),
    Row::new("W04", "an interior node's ACL is its parent's to give as well", w04),
    Row::new("W05", "identifiers are compared whole", w05),
    Row::new("W06", "ACLs are not URL-encoded, in XML escaped", w06),
    Row::new("W07", "the grant is for interior nodes and leaves them readable", w07),
    Row::new("W08", "an account that goes leaves no identifier", w08),
    Row::new("W09", "Replace does not create", w09),
    Row::new("W10", "Add does not overwrite", w10),
    Row::new("W11", "no parents are left of an Add that failed", w11),
    Row::new("W12", "the parent that failed is named", w12),
    Row::new("W13", "AccessType without Delete protects from a direct Delete alone", w13),
    Row::new("W14", "Delete takes all or nothing", w14),
    Row::new("W15", "a rename is checked first, with siblings alone, by the case of the tree", w15),
    Row::new("W16", "a rename is checked with the longest URI below", w16),
    Row::new("W17", "Size is that of bytes, and of leaves alone", w17),
    Row::new("W18", "Format is that of the node, not of the last transfer", w18),
    Row::new("W19", "TStamp and VerNo", w19),
    Row::new("W20", "VerNo has 16 bits", w20),
    Row::new("W21", "child lists", w21),
    Row::new("W22", "an interior node without children", w22),
    Row::new("W23", "Source: properties with their query, lists without", w23),
    Row::new("W24", "no Data in Struct", w24),
    Row::new("W25", "a child list has no MO identifier", w25),
    Row::new("W26", "no secrets in lists", w26),
    Row::new("W27", "one node does not spoil a list", w27),
    Row::new("W28", "escapes", w28),
    Row::new("W29", "limits count characters and names", w29),
    Row::new("W30", "limits are shown as they are enforced", w30),
    Row::new("W31", "objects: all or nothing, ACLs last, own times, paths from the target", w31),
    Row::new("W32", "Replace with an object removes what it does not have", w32),
    Row::new("W33", "what is read can be written where it was", w33),
    Row::new("W34", "the Inbox is no folder", w34),
    Row::new("W35", "a bootstrap is not answered", w35),
    Row::new("W36", "a roll back restores all of a node", w36),
    Row::new("W37", "the host does nothing before it lasts", w37),
    Row::new("W38", "ACLs hold at once in an Atomic, and no longer than it", w38),
    Row::new("W39", "MOs are found by their whole identifier, wherever they are", w39),
    Row::new("W40", "rules of Windows are for Windows", w40),
];

fn w01(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail").acl = Some("Get=S1".to_owned()));
    run.get("Mail/Port").status(200)?;
    run.replace_as("Mail/Port", "int", "7").status(425)?;
    run.add("Mail/New", "x").status(425)?;
    run.delete("Mail/Port").status(425)?;
    run.apply(Command::exec("./Vendor/Mail/Run")).status(425)?;
    // Neither the right that `./Vendor` gives S2, nor the root's for all.
    run.server("S2").get("Mail/Port").status(425)?;
    run.server("S3").get("Mail").status(425).map(drop)
}

fn w02(run: &mut Run<'_>) -> Step {
    run.get("Mail/Server?prop=ACL").status(200)?.no_meta()?.value("")?;
    run.get("./DevInfo?prop=ACL").status(200)?.value("").map(drop)
}

fn w03(run: &mut Run<'_>) -> Step {
    c7(run)
}

fn w04(run: &mut Run<'_>) -> Step {
    c8(run)?;
    run.start(Setup::acl_example());
    v8(run)
}

fn w05(run: &mut Run<'_>) -> Step {
    c13(run)?;
    run.setup(|setup| setup.node("Mail").acl = Some("Get=S1".to_owned()));
    run.server("S12").get("Mail").status(425)?;
    run.server("s1").get("Mail").status(425).map(drop)
}

fn w06(run: &mut Run<'_>) -> Step {
    run.set_acl("Mail", "Get=S%2B1&Replace=S1").status(200)?;
    run.has_prop("Mail", "ACL", "Get=S%2B1&Replace=S1")?;
    run.server("S%2B1").get("Mail/Port").status(200)?;
    for other in ["S", "1", "S+1"] {
        run.server(other).get("Mail/Port").status(425)?;
    }
    run.fresh();
    let message = xml_message(
        "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./Vendor/Mail?prop=ACL</LocURI></Target>\
         <Data>Get=S1&amp;Replace=S1</Data></Item></Replace>",
    );
    let (uri, content) = received(message.as_bytes())?;
    run.replace(&uri, content).status(200)?;
    run.has_prop("Mail", "ACL", "Get=S1&Replace=S1")
}

fn w07(run: &mut Run<'_>) -> Step {
    run.server("S3").add("./y", "1").status(200)?;
    run.has_prop("./y", "ACL", "")?;
    run.add("./X", Content::node()).status(200)?;
    run.get("./X").status(200)?.names(&[])?;
    run.add("./X/z", "1").status(200)?;
    run.get("./X/z").status(200)?.value("1")?;
    run.has_prop("./X/z", "ACL", "")?;
    run.replace("./X/z", "2").status(200)?;
    run.server("S1").get("./X/z").status(200)?.value("2")?;
    run.replace("./X/z", "3").status(425).map(drop)
}

fn w08(run: &mut Run<'_>) -> Step {
    c17(run)
}

fn w09(run: &mut Run<'_>) -> Step {
    run.replace("Missing", "x").status(404)?;
    run.replace("Mail/Missing", "x").status(404)?;
    run.replace("Mail/Missing?prop=Title", "x").status(404)?;
    run.gone("Missing")?;
    run.gone("Mail/Missing")
}

fn w10(run: &mut Run<'_>) -> Step {
    run.add("Mail/Server", "other").status(418)?;
    run.holds("Mail/Server", "mail.example.net")?;
    run.add("Mail", Content::node()).status(418)?;
    run.add("Empty", Content::node()).status(418)?;
    run.add("Empty", "x").status(418)?;
    run.has_children("Empty", &[])
}

fn w11(run: &mut Run<'_>) -> Step {
    run.add("New/Sub/Leaf", Content::from("abc").with_format("int")).status(415)?;
    run.gone("New")?;
    run.add("New/Sub/aaaaaaaaaaaaaaaaaaaaa", "x").status(414)?;
    run.gone("New")?;
    run.server("S2").add("New/Sub/Leaf", "x").status(425)?;
    run.gone("New")
}

fn w12(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("./DevDetail").acl = Some("Add=S1&Get=*".to_owned()));
    run.add("./DevDetail/Bad/x", "1").status(404)?.failed_at(Some("./DevDetail/Bad"))?;
    run.gone("./DevDetail/Bad")?;
    // The node itself is none of its parents.
    run.add("./DevDetail/Bad", "1").status(404)?.failed_at(None).map(drop)
}

fn w13(run: &mut Run<'_>) -> Step {
    run.delete("Mail/Keep").status(405)?;
    run.delete("Mail").status(200)?;
    run.gone("Mail/Keep")
}

fn w14(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail/Run").acl = Some("Get=*".to_owned()));
    let before = run.snapshot()?;
    run.delete("Mail").status(425)?;
    let after = run.snapshot()?;
    before.compare("Delete ./Vendor/Mail", &after)?;
    run.has_children("Mail", &MAIL_CHILDREN)
}

fn w15(run: &mut Run<'_>) -> Step {
    let before = run.snapshot()?;
    run.rename("Mail", "Empty").status(418)?;
    run.rename("Mail", "Mail").status(200)?;
    let after = run.snapshot()?;
    before.compare("two renames without effect", &after)?;
    run.rename("Mail", "empty").status(200)?;
    run.holds("empty/Port", "993")?;
    run.has_children("Empty", &[])?;
    run.gone("Mail")
}

fn w16(run: &mut Run<'_>) -> Step {
    // `./Vendor/D` and five segments of 18 characters: 105 characters.
    run.setup(|setup| {
        let mut uri = "./Vendor/D".to_owned();
        setup.put(SetupNode::new(&uri, Content::node()));
        for _ in 0..5 {
            uri.push_str("/aaaaaaaaaaaaaaaaaa");
            setup.put(SetupNode::new(&uri, Content::node()));
        }
    });
    run.rename("D", "DDDDDDDDDDDDDDDDD").status(414)?;
    run.has_prop("D", "Name", "D")?;
    run.rename("D", "DDDDDDDDDDDDDDDD").status(200)?;
    run.has_children("DDDDDDDDDDDDDDDD", &["aaaaaaaaaaaaaaaaaa"])
}

fn w17(run: &mut Run<'_>) -> Step {
    run.get("Mail?prop=Size").status(406)?;
    run.get(".?prop=Size").status(406)?;
    run.get("Mail/Icon?prop=Size").status(200)?.value("3")?;
    run.add("Pic", Content::from("AQIDBA==").with_format("b64").with_type("image/png")).status(200)?;
    run.get("Pic?prop=Size").status(200)?.value("4").map(drop)
}

fn w18(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Icon", Content::from("/w==").with_format("b64").with_type("image/png")).status(200)?;
    run.get("Mail/Icon").status(200)?.bytes(&[0xff])?;
    run.get("Mail/Icon?prop=Format").status(200)?.value("bin").map(drop)
}

fn w19(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Note", "n").status(200)?;
    run.get("Mail/Note?prop=TStamp").status(200)?.value("20240229T163000Z")?;
    run.has_verno("Mail/Note", 1)?;
    run.get("Mail/Note").status(200)?;
    run.get("Mail/Note?prop=VerNo").status(200)?;
    run.has_verno("Mail/Note", 1)?;
    run.set_acl("Mail", "Add=S1&Delete=S1&Get=S1&Replace=S1").status(200)?;
    run.has_verno("Mail", 1)?;
    run.replace("Mail?prop=Title", "Post").status(200)?;
    run.has_verno("Mail", 2)?;
    run.has_verno("Mail/Note", 1)?;
    let commands = [
        Command::replace("./Vendor/Mail/Note", "m"),
        Command::replace("./Vendor/Mail/Note", "o"),
        Command::delete("."),
    ];
    atomic(run, &commands, 507, &[216, 216, 405])?;
    run.has_verno("Mail/Note", 1)?;
    run.has_prop("Mail/Note", "TStamp", "20240229T163000Z")
}

fn w20(run: &mut Run<'_>) -> Step {
    let content = Content::from("7").with_format("int");
    run.has_verno("Mail/Port", 0)?;
    let start: u32 = run.prop("Mail/Port", "VerNo")?.parse().unwrap_or_default();
    let times = 65_535_u32.saturating_sub(start);
    run.repeat(usize::try_from(times).unwrap_or_default(), "Mail/Port", &content)?;
    run.has_prop("Mail/Port", "VerNo", "65535")?;
    run.replace("Mail/Port", content).status(200)?;
    run.has_prop("Mail/Port", "VerNo", "0")
}

fn w21(run: &mut Run<'_>) -> Step {
    run.add("a%20b", Content::node()).status(200)?;
    run.add("c%25d", Content::node()).status(200)?;
    let text = run.get("./Vendor").status(200)?.text()?;
    let names: Vec<&str> = text.split('/').collect();
    run.check(names.iter().all(|name| !name.is_empty() && *name != "."), "Get ./Vendor", "names", &names)?;
    run.check(names.contains(&"a%20b") && names.contains(&"c%25d"), "Get ./Vendor", "a%20b and c%25d", &names)?;
    run.check(!names.contains(&"Vendor"), "Get ./Vendor", "names, no paths", &names)?;
    run.check(names.len() == 6, "Get ./Vendor", "six names", &names)?;
    for name in names {
        run.get(name).status(if name == "Own" { 425 } else { 200 })?;
    }
    Ok(())
}

fn w22(run: &mut Run<'_>) -> Step {
    run.get("Empty").status(200)?.meta(Some(Format::Node), None)?.value("").map(drop)
}

fn w23(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port?prop=Format").status(200)?.source("./Vendor/Mail/Port?prop=Format")?;
    run.get("Mail/Port?list=Struct").status(200)?.source("./Vendor/Mail/Port")?;
    run.get("Mail/Port?list=StructData").status(200)?.source("./Vendor/Mail/Port")?;
    run.get("Mail/Port?list=TNDS").status(200)?.source("./Vendor/Mail/Port").map(drop)
}

fn w24(run: &mut Run<'_>) -> Step {
    let got = run.get("./Vendor?list=Struct").status(200)?;
    run.check(got.items().len() > 1, "Get ./Vendor?list=Struct", "Items", got.items().len())?;
    for item in got.items() {
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let sent = item.to_item(encoding);
            run.check(!item.has_data && sent.data.is_none(), &item.source, "no Data", &sent)?;
        }
    }
    Ok(())
}

fn w25(run: &mut Run<'_>) -> Step {
    let got = run.get("Mail").status(200)?.names(&MAIL_CHILDREN)?;
    let media_type = got.item()?.media_type.clone();
    run.check(media_type.is_none(), "Type of a child list", "none", &media_type)?;
    run.get("Mail?prop=Type").status(200)?.value(MAIL).map(drop)
}

/// The nodes of a list of objects, by the last part of their names.
fn hides(run: &Run<'_>, items: &[ResultItem], what: &str, name: &str, secret: &str) -> Step {
    let fits = |item: &&ResultItem| {
        item.source.rsplit('/').next() == Some(name) || matches!(&item.data, Data::Text(text) if text.contains(secret))
    };
    let found = items.iter().find(fits);
    run.check(found.is_none(), what, &format!("no {name}"), found)
}

fn w26(run: &mut Run<'_>) -> Step {
    for (uri, name, secret) in [("./Vendor/Mail", "Secret", "pw"), ("./DMAcc/1", "AAuthSecret", "s3cret")] {
        for list in ["Struct", "StructData"] {
            let got = run.get(&format!("{uri}?list={list}")).status(200)?;
            hides(run, got.items(), &format!("Get {uri}?list={list}"), name, secret)?;
        }
        let got = run.get(&format!("{uri}?list=TNDS")).status(200)?;
        let object = read(got.item()?)?;
        let found = object.nodes.iter().find(|node| node.name.as_deref() == Some(name));
        run.check(found.is_none(), &format!("Get {uri}?list=TNDS"), &format!("no {name}"), found)?;
        // Nor by a Get of the node as a list.
        for list in ["Struct", "StructData", "TNDS"] {
            let node = if name == "Secret" { "./Vendor/Mail/Secret" } else { "./DMAcc/1/AppAuth/1/AAuthSecret" };
            run.get(&format!("{node}?list={list}")).status(405)?;
        }
    }
    Ok(())
}

fn w27(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        setup.external([("Note", External::Deferred)]);
        setup.node("Mail/Server").acl = Some("Get=S2".to_owned());
    });
    run.on(On::Read, "Mail/Note", Reply::Failed(StatusCode::COMMAND_FAILED));
    let expected =
        ["./Vendor/Mail", "./Vendor/Mail/Port", "./Vendor/Mail/Icon", "./Vendor/Mail/Keep", "./Vendor/Mail/Run"];
    run.get("Mail?list=StructData").status(200)?.sources(&expected)?;
    let got = run.get("Mail?list=TNDS").status(200)?;
    let object = read(got.item()?)?;
    let names: Vec<&str> = object.nodes.iter().filter_map(|node| node.name.as_deref()).collect();
    run.check(names == ["", "Port", "Icon", "Keep", "Run"], "Get Mail?list=TNDS", "all that can be read", names)
}

fn w28(run: &mut Run<'_>) -> Step {
    run.get("Mail%2FPort").status(404)?;
    run.add("a+b", "1").status(200)?;
    run.has_prop("a+b", "Name", "a+b")?;
    run.get("a%2Bb").status(200)?;
    run.get("a%20b").status(404)?;
    run.add("%C3%A4%20%3B", "2").status(200)?;
    for name in run.children("./Vendor")? {
        run.get(&name).status(if name == "Own" { 425 } else { 200 })?;
        run.has_prop(&name, "Name", &name)?;
    }
    run.get("%C3%A4%20%3B").status(200)?.value("2")?;
    run.get("%c3%a4%20%3b").status(200)?.value("2").map(drop)
}

fn w29(run: &mut Run<'_>) -> Step {
    run.get(&format!("./{}", "\u{e4}".repeat(20))).status(404)?;
    run.get(&format!("./{}", "\u{e4}".repeat(21))).status(414)?;
    run.get("./a/b/c/d/e/f/g/h").status(404)?;
    run.get("./a/b/c/d/e/f/g/h/i").status(414).map(drop)
}

fn w30(run: &mut Run<'_>) -> Step {
    limits_hold(run)?;
    run.setup(|setup| setup.config.uri = UriLimits::new(9, 130, 25));
    for (leaf, value) in [("MaxDepth", "9"), ("MaxTotLen", "130"), ("MaxSegLen", "25")] {
        run.get(&format!("./DevDetail/URI/{leaf}")).status(200)?.value(value)?;
    }
    run.get("./a/b/c/d/e/f/g/h/i").status(404)?;
    run.get("./a/b/c/d/e/f/g/h/i/j").status(414)?;
    run.get(&format!("./{}", "a".repeat(25))).status(404)?;
    run.get(&format!("./{}", "a".repeat(26))).status(414)?;
    let long = format!("./aaa/{}a", format!("{}/", "a".repeat(19)).repeat(6));
    // 6 and 120 characters and one.
    run.get(&format!("{long}aaa")).status(404)?;
    run.get(&format!("{long}aaaa")).status(414).map(drop)
}

fn w31(run: &mut Run<'_>) -> Step {
    t3(run)?;
    run.fresh();
    t9(run)?;
    run.fresh();
    t20(run)?;
    run.fresh();
    let below = node("P", "chr", "", "<Value>1</Value>").replace("</NodeName>", "</NodeName><Path>x</Path>");
    let nodes = [node("x", "node", "", ""), below].concat();
    run.add("Empty", object(&document(&nodes))).status(200)?;
    run.holds("Empty/x/P", "1")?;
    run.gone("./x")?;
    run.gone("./Vendor/x")
}

fn w32(run: &mut Run<'_>) -> Step {
    t10(run)
}

/// What a list has of `Mail` besides times and versions.
fn exported(run: &mut Run<'_>) -> Step<TndsObject> {
    let got = run.get("Mail?list=TNDS-TStamp-VerNo").status(200)?;
    read(got.item()?)
}

fn w33(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        setup.node("Mail").title = Some("Post".to_owned());
        setup.node("Mail/Keep").acl = Some("Delete=S1&Get=S1".to_owned());
    });
    let first = exported(run)?;
    run.replace("Mail", written(&first)?).status(200)?;
    let second = exported(run)?;
    run.check(second == first, "Get, Replace, Get of Mail", "the same object", &second)?;
    run.delete("Mail").status(200)?;
    run.add("Mail", written(&first)?).status(200)?;
    let third = exported(run)?;
    run.check(third == first, "Get, Delete, Add, Get of Mail", "the same object", &third)
}

fn w34(run: &mut Run<'_>) -> Step {
    for uri in ["./Inbox", "./Inbox/x", "./Inbox?list=Struct", "./Inbox?list=StructData", "./Inbox?list=TNDS"] {
        run.get(uri).status(405)?;
    }
    let names = run.get(".").status(200)?.text()?;
    run.check(names.split('/').any(|name| name == "Inbox"), "Get .", "Inbox among the names", &names)?;
    for list in ["Struct", "StructData"] {
        let got = run.get(&format!(".?list={list}")).status(200)?;
        hides(run, got.items(), "Get of a list of the root", "Inbox", "no such text")?;
    }
    Ok(())
}

fn w35(run: &mut Run<'_>) -> Step {
    // What is done of a bootstrap, or why nothing is: values for the device, not statuses for a server.
    run.setup(factory_new);
    let message = bootstrap_message(&[document(&mo("1", "com.example/1.0/Unknown", &leaf("a", "1")))])?;
    let before = run.snapshot()?;
    let done = boot(run, &message, true)?;
    run.check(done == Err(BootstrapError::NoAccount), "the bootstrap", "no account", &done)?;
    let after = run.snapshot()?;
    before.compare("a bootstrap without an account", &after)?;
    let message = bootstrap_message(&[boot_object("1")])?;
    let done = boot(run, &message, true)?;
    booted(run, done).map(drop)
}

fn w36(run: &mut Run<'_>) -> Step {
    m3(run)
}

fn w37(run: &mut Run<'_>) -> Step {
    let external =
        |setup: &mut Setup| setup.external([("Note", External::Deferred), ("Server", External::Irreversible)]);
    let acted = |run: &Run<'_>| run.asked().iter().filter(|ask| !matches!(ask, Ask::Read { .. })).count();
    run.setup(external);
    run.apply(Command::Begin).status(200)?;
    run.replace("Mail/Note", "new").status(200)?;
    run.check(acted(run) == 0, "the host before the commit", "not asked to do anything", run.asked())?;
    run.apply(Command::Rollback).status(200)?;
    run.check(acted(run) == 0, "the host after the roll back", "not asked to do anything", run.asked())?;
    run.holds("Mail/Note", "")?;
    run.apply(Command::Begin).status(200)?;
    run.replace("Mail/Note", "new").status(200)?;
    run.apply(Command::Commit).status(200)?;
    run.check(acted(run) == 1, "the host after the commit", "asked once", run.asked())?;
    let value = run.outside("Mail/Note");
    run.check(value == Some(&Value::from("new")), "the host after the commit", "the new value", value)?;
    // What cannot be taken back has no place in a transaction.
    run.setup(external);
    let commands = [
        Command::replace("./Vendor/Mail/Port", Content::from("7").with_format("int")),
        Command::replace("./Vendor/Mail/Server", "other"),
    ];
    atomic(run, &commands, 507, &[216, 500])?;
    run.check(acted(run) == 0, "the host", "not asked to do anything", run.asked())?;
    run.replace("Mail/Server", "other").status(200)?;
    run.check(acted(run) == 1, "the host", "asked once", run.asked())
}

fn w38(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port").status(200)?;
    let port = || Content::from("7").with_format("int");
    let commands = [
        Command::replace("./Vendor/Mail/Port", port()),
        Command::replace("./Vendor/Mail?prop=ACL", "Get=S2"),
        Command::replace("./Vendor/Mail/Port", port()),
    ];
    atomic(run, &commands, 507, &[216, 216, 425])?;
    run.replace("Mail/Port", port()).status(200)?;
    let commands = [
        Command::replace("./Vendor/Mail?prop=ACL", "Add=S1&Get=S1&Replace=S1"),
        Command::add("./Vendor/Mail/New", Content::node()),
        Command::add("./Vendor/Mail/New/x", "1"),
        Command::replace("./Vendor/Mail/New/x", "2"),
    ];
    atomic(run, &commands, 200, &[200, 200, 200, 200])?;
    run.server("S2").get("Mail/New/x").status(425).map(drop)
}

fn w39(run: &mut Run<'_>) -> Step {
    s4(run)?;
    run.setup(standard_accounts);
    for identifier in ["urn:oma:mo:oma-dm-dmacc:1.01", "urn:oma:mo:oma-dm-dmacc:1", "URN:OMA:MO:OMA-DM-DMACC:1.0"] {
        run.add("./Inbox", object(&document(&mo("1", identifier, &account("S9"))))).status(405)?;
    }
    // An account by its other identifier is one.
    run.setup(standard_accounts);
    run.add("./Inbox", object(&document(&mo("1", "org.openmobilealliance/1.0/w7", &account("S9"))))).status(200)?;
    let found = account_of(run, "S9")?;
    run.check(found.uri.starts_with("./DMAcc/"), "the account of S9", "below ./DMAcc", &found.uri)
}

fn w40(run: &mut Run<'_>) -> Step {
    for uri in ["./vendor", "./VENDOR/Mail", "./Vendor/mail", "./Device", "./Device/Vendor/Mail", "./User/Vendor"] {
        run.get(uri).status(404)?;
    }
    run.get("Mail?prop=ACL").status(200)?;
    run.server("S3").add("./Device", Content::node()).status(200)?;
    run.add("./Device/Vendor", "1").status(200)?;
    let names: Vec<String> = run.children(".")?;
    run.check(names.iter().any(|name| name == "Device"), "Get .", "Device among the names", &names)?;
    run.holds("./Device/Vendor", "1")?;
    run.has_children("Mail", &MAIL_CHILDREN)
}
