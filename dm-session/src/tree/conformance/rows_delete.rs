//! Delete, Copy, Exec (§18.7).

use super::rows_atomic::atomic;
use super::{Content, On, Row, Run, SetupNode, Step, Stop};
use crate::tree::dm1::{Ask, Command, Data, Reply};
use crate::tree::{Format, MoDefinition, NodeDefinition};
use alloc::borrow::ToOwned;
use alloc::format;
use dm_syncml::StatusCode;

pub(super) const ROWS: &[Row] = &[
    Row::new("X1", "a deleted leaf is gone", x1),
    Row::new("X2", "Delete of an interior node takes all below it", x2),
    Row::new("X3", "AccessType without Delete", x3),
    Row::new("X4", "permanent nodes and the root are not deleted", x4),
    Row::new("X5", "Delete of what is not there", x5),
    Row::new("X6", "Delete without the right", x6),
    Row::new("X7", "the right is needed for what is below, too", x7),
    Row::new("X8", "a permanent node below that belongs to no description above", x8),
    Row::new("X9", "what is added again has nothing of the old node", x9),
    Row::new("X10", "the last of those that there must be one of", x10),
    Row::new("X11", "Delete of a property", x11),
    Row::new("Y1", "Copy over a leaf", y1),
    Row::new("Y2", "Copy to a new leaf", y2),
    Row::new("Y3", "Copy from and to interior nodes", y3),
    Row::new("Y4", "Copy of what is not there", y4),
    Row::new("Y5", "Copy of what may not be read", y5),
    Row::new("Y6", "Copy to where nothing may be added, and over what may be replaced", y6),
    Row::new("Y7", "a copy does not follow its source", y7),
    Row::new("Y8", "Copy where it is not supported", y8),
    Row::new("Y9", "Copy of a secret", y9),
    Row::new("E1", "Exec that returns", e1),
    Row::new("E2", "Exec that goes on", e2),
    Row::new("E3", "Exec of what is not there and of what cannot be executed", e3),
    Row::new("E4", "Exec without the right", e4),
    Row::new("E5", "Exec in an Atomic", e5),
    Row::new("E6", "the argument of an Exec", e6),
];

/// The children of `Mail` in a fresh F0.
pub(super) const MAIL_CHILDREN: [&str; 7] = ["Server", "Port", "Icon", "Note", "Secret", "Keep", "Run"];

fn x1(run: &mut Run<'_>) -> Step {
    run.delete("Mail/Port").status(200)?;
    run.get("Mail/Port").status(404)?;
    run.delete("Mail/Port").status(404)?;
    run.gone("Mail/Port")?;
    run.has_children("Mail", &["Server", "Icon", "Note", "Secret", "Keep", "Run"])?;
    run.has_verno("Mail", 1)?;
    run.has_prop("Mail", "TStamp", "20240229T163000Z")?;
    run.has_verno(".", 0)?;
    run.has_verno("./Vendor", 0)
}

fn x2(run: &mut Run<'_>) -> Step {
    let before = run.snapshot()?;
    run.delete("Mail").status(200)?;
    run.gone("Mail")?;
    for name in MAIL_CHILDREN {
        run.gone(&format!("Mail/{name}"))?;
    }
    run.has_children("./Vendor", &["Fixed", "Empty", "Own"]).or_else(|_| {
        // Where what is there at the start is before what comes later.
        run.has_children("./Vendor", &["Empty", "Fixed", "Own"])
    })?;
    run.has_verno("./Vendor", 1)?;
    let mut before = before.without_node("./Vendor/Mail");
    let mut after = run.snapshot()?;
    for tree in [&mut before, &mut after] {
        tree.nodes.remove("./Vendor");
    }
    before.compare("Delete ./Vendor/Mail", &after)
}

fn x3(run: &mut Run<'_>) -> Step {
    run.delete("Mail/Keep").status(405)?;
    run.holds("Mail/Keep", "k")
}

fn x4(run: &mut Run<'_>) -> Step {
    run.delete("Fixed").status(405)?;
    run.holds("Fixed", "5")?;
    run.delete("./Vendor").status(405)?;
    run.delete(".").status(405)?;
    run.holds("Mail/Port", "993")
}

fn x5(run: &mut Run<'_>) -> Step {
    run.delete("Missing").status(404)?;
    run.delete("Mail/Missing/Deeper").status(404).map(drop)
}

fn x6(run: &mut Run<'_>) -> Step {
    run.server("S2").delete("Mail").status(425)?;
    run.holds("Mail/Port", "993")
}

fn x7(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail/Server").acl = Some("Get=*".to_owned()));
    run.delete("Mail").status(425)?;
    run.has_children("Mail", &MAIL_CHILDREN)?;
    run.has_prop("Mail/Server", "ACL", "Get=*")?;
    run.setup(|setup| {
        setup.node("Mail/Server").acl = Some("Get=*".to_owned());
        setup.config.delete_descendants = false;
    });
    run.delete("Mail").status(200)?;
    run.gone("Mail/Server")?;
    run.gone("Mail")
}

fn x8(run: &mut Run<'_>) -> Step {
    const CHIP: &str = "com.example/1.0/Chip";
    run.setup(|setup| {
        let chip = NodeDefinition::interior("Chip").permanent().with(NodeDefinition::leaf("Id", Format::Chr));
        setup.definitions.push(MoDefinition::new(CHIP, chip));
        setup.put(SetupNode::new("Mail/Chip", Content::mo(CHIP)));
        setup.put(SetupNode::new("Mail/Chip/Id", "7"));
    });
    run.delete("Mail/Chip").status(405)?;
    run.delete("Mail").status(405)?;
    run.holds("Mail/Chip/Id", "7")?;
    run.holds("Mail/Server", "mail.example.net")
}

fn x9(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        let server = setup.node("Mail/Server");
        server.acl = Some("Delete=S1&Get=*&Replace=S1".to_owned());
        server.title = Some("Where mail is".to_owned());
    });
    run.has_prop("Mail/Server", "Title", "Where mail is")?;
    run.replace("Mail/Server", "other.example.net").status(200)?;
    run.delete("Mail/Server").status(200)?;
    run.add("Mail/Server", "new.example.net").status(200)?;
    run.holds("Mail/Server", "new.example.net")?;
    run.has_prop("Mail/Server", "Title", "")?;
    run.has_prop("Mail/Server", "ACL", "")?;
    run.has_prop("Mail/Server", "VerNo", "0")?;
    run.has_prop("Mail/Server", "TStamp", "20240229T163000Z")?;
    run.has_children("Mail", &["Port", "Icon", "Note", "Secret", "Keep", "Run", "Server"])
}

fn x10(run: &mut Run<'_>) -> Step {
    run.delete("./DMAcc/1").status(405)?;
    run.holds("./DMAcc/1/ServerID", "S1")?;
    run.setup(|setup| {
        setup.put(SetupNode::new("./DMAcc/2", Content::mo("urn:oma:mo:oma-dm-dmacc:1.0")));
        setup.put(SetupNode::new("./DMAcc/2/AppID", "w7"));
        setup.put(SetupNode::new("./DMAcc/2/ServerID", "S2"));
    });
    run.delete("./DMAcc/1").status(200)?;
    run.gone("./DMAcc/1")?;
    run.gone("./DMAcc/1/AppAuth/1/AAuthSecret")?;
    run.has_children("./DMAcc", &["2"])?;
    run.holds("./DMAcc/2/ServerID", "S2")
}

fn x11(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.node("Mail").title = Some("Post".to_owned()));
    run.delete("Mail?prop=Title").status(405)?;
    run.has_prop("Mail", "Title", "Post")?;
    run.delete("Mail?list=Struct").status(405).map(drop)
}

fn y1(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        let note = setup.node("Mail/Note");
        note.acl = Some("Get=S1&Replace=S1".to_owned());
        note.title = Some("A note".to_owned());
        setup.node("Mail/Server").title = Some("A server".to_owned());
    });
    run.copy("Mail/Server", "Mail/Note").status(200)?;
    run.holds("Mail/Note", "mail.example.net")?;
    run.holds("Mail/Server", "mail.example.net")?;
    run.has_prop("Mail/Note", "Format", "chr")?;
    run.has_prop("Mail/Note", "ACL", "Get=S1&Replace=S1")?;
    run.has_prop("Mail/Note", "Name", "Note")?;
    run.has_prop("Mail/Note", "Title", "A note")?;
    run.has_prop("Mail/Note", "TStamp", "20240229T163000Z")?;
    run.has_verno("Mail/Note", 1)?;
    run.has_verno("Mail/Server", 0)?;
    run.has_verno("Mail", 0)?;
    run.has_children("Mail", &MAIL_CHILDREN)
}

fn y2(run: &mut Run<'_>) -> Step {
    run.copy("Mail/Icon", "Pic").status(200)?;
    run.has_prop("Pic", "Format", "bin")?;
    run.has_prop("Pic", "Type", "image/png")?;
    run.has_prop("Pic", "Size", "3")?;
    let sent = Content::from("AQID").with_format("b64").with_type("image/png");
    run.get("Pic").status(200)?.wire(&sent)?;
    run.has_prop("Pic", "ACL", "")?;
    run.has_prop("Pic", "VerNo", "0")?;
    run.has_verno("./Vendor", 1)?;
    run.has_verno("Mail/Icon", 0)?;
    let names = run.children("./Vendor")?;
    run.check(names.last().is_some_and(|name| name == "Pic"), "Get ./Vendor", "Pic at the end", names)
}

fn y3(run: &mut Run<'_>) -> Step {
    run.copy("Mail", "Empty").status(405)?;
    run.copy("Mail", "New").status(405)?;
    run.gone("New")?;
    run.copy("Mail/Server", "Empty").status(405)?;
    run.has_children("Empty", &[])
}

fn y4(run: &mut Run<'_>) -> Step {
    run.copy("Missing", "Mail/Note").status(404)?;
    run.holds("Mail/Note", "")
}

fn y5(run: &mut Run<'_>) -> Step {
    run.copy("Own/x", "Mail/Note").status(425)?;
    run.holds("Mail/Note", "")
}

fn y6(run: &mut Run<'_>) -> Step {
    run.server("S2").copy("Mail/Server", "Own/y").status(425)?;
    run.gone("Own/y")?;
    run.copy("Mail/Server", "Own/x").status(200)?;
    run.holds("Own/x", "mail.example.net")?;
    run.has_children("Own", &["x"])
}

fn y7(run: &mut Run<'_>) -> Step {
    run.copy("Mail/Server", "Mail/Note").status(200)?;
    run.replace("Mail/Server", "other.example.net").status(200)?;
    run.holds("Mail/Server", "other.example.net")?;
    run.holds("Mail/Note", "mail.example.net")?;
    run.has_verno("Mail/Note", 1)
}

fn y8(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.copy = false);
    run.copy("Mail/Server", "Mail/Note").status(406)?;
    run.copy("Mail/Server", "Mail/New").status(406)?;
    run.holds("Mail/Note", "")?;
    run.gone("Mail/New")
}

fn y9(run: &mut Run<'_>) -> Step {
    run.copy("Mail/Secret", "Mail/Note").status(405)?;
    run.holds("Mail/Note", "")?;
    run.copy("Mail/Secret", "Mail/New").status(405)?;
    run.gone("Mail/New")
}

fn exec(correlator: Option<&str>, content: Content) -> Command {
    Command::Exec { uri: "./Vendor/Mail/Run".to_owned(), correlator: correlator.map(ToOwned::to_owned), content }
}

/// The host was asked for this and nothing else.
fn asked(run: &Run<'_>, expected: &[Ask]) -> Step {
    if run.asked() == expected {
        return Ok(());
    }
    Err(Stop::new("what the host is asked", format!("{expected:?}"), format!("{:?}", run.asked())))
}

fn asked_exec(correlator: Option<&str>, content: Content) -> Ask {
    Ask::Exec { uri: "./Vendor/Mail/Run".to_owned(), correlator: correlator.map(ToOwned::to_owned), content }
}

fn e1(run: &mut Run<'_>) -> Step {
    run.apply(Command::exec("./Vendor/Mail/Run")).status(200)?;
    asked(run, &[asked_exec(None, Content::EMPTY)])?;
    run.has_verno("Mail/Run", 0)?;
    run.fresh();
    run.on(On::Exec, "Mail/Run", Reply::Failed(StatusCode::COMMAND_FAILED));
    run.apply(Command::exec("./Vendor/Mail/Run")).status(500)?;
    run.has_verno("Mail/Run", 0)
}

fn e2(run: &mut Run<'_>) -> Step {
    run.on(On::Exec, "Mail/Run", Reply::Failed(StatusCode::ACCEPTED));
    run.apply(exec(Some("c1"), Content::EMPTY)).status(202)?;
    asked(run, &[asked_exec(Some("c1"), Content::EMPTY)])?;
    run.has_verno("Mail/Run", 0)
}

fn e3(run: &mut Run<'_>) -> Step {
    run.apply(Command::exec("./Vendor/Missing")).status(404)?;
    run.apply(Command::exec("./Vendor/Mail/Port")).status(405)?;
    run.apply(Command::exec(".")).status(405)?;
    asked(run, &[])
}

fn e4(run: &mut Run<'_>) -> Step {
    run.server("S2").apply(Command::exec("./Vendor/Mail/Run")).status(425)?;
    asked(run, &[])
}

fn e5(run: &mut Run<'_>) -> Step {
    let commands = [
        Command::replace("./Vendor/Mail/Server", "other.example.net"),
        Command::exec("./Vendor/Mail/Run"),
        Command::delete("./Vendor/Mail/Note"),
    ];
    atomic(run, &commands, 507, &[216, 500, 215])?;
    asked(run, &[])
}

fn e6(run: &mut Run<'_>) -> Step {
    let argument = || Content::new(Data::Text("arg".to_owned()));
    run.apply(exec(None, argument())).status(200)?;
    asked(run, &[asked_exec(None, argument())])?;
    run.get("Mail/Run").status(200)?.meta(Some(Format::Null), None)?.value("")?;
    run.has_prop("Mail/Run", "Format", "null")?;
    run.has_verno("Mail/Run", 0)
}
