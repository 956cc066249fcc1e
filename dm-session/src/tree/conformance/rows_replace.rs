//! Replace (§18.6).

use super::{On, Row, Run, Step};
use crate::tree::External;
use crate::tree::dm1::{Content, Reply};
use dm_syncml::StatusCode;

pub(super) const ROWS: &[Row] = &[
    Row::new("R1", "a value", r1),
    Row::new("R2", "never creates", r2),
    Row::new("R3", "an interior node has no value", r3),
    Row::new("R4", "an empty value", r4),
    Row::new("R5", "without Meta", r5),
    Row::new("R6", "a Format that the node cannot have", r6),
    Row::new("R7", "a value that the node cannot have", r7),
    Row::new("R8", "without right", r8),
    Row::new("R9", "a permanent leaf", r9),
    Row::new("R10", "without right, and without access type", r10),
    Row::new("R11", "a leaf stays a leaf", r11),
    Row::new("R12", "a secret", r12),
    Row::new("R13", "Base64 of bytes", r13),
    Row::new("R14", "a host that is busy", r14),
    Row::new("R15", "a list", r15),
];

fn r1(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Server", "other.example.net").status(200)?;
    run.get("Mail/Server").status(200)?.value("other.example.net").map(drop)
}

fn r2(run: &mut Run<'_>) -> Step {
    run.replace("Missing", "v").status(404)?;
    run.gone("Missing")
}

fn r3(run: &mut Run<'_>) -> Step {
    run.replace("Mail", "v").status(405).map(drop)
}

fn r4(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Server", Content::EMPTY).status(200)?;
    run.get("Mail/Server").status(200)?.value("").map(drop)
}

fn r5(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Port", "7").status(200)?;
    run.get("Mail/Port?prop=Format").status(200)?.value("int")?;
    run.holds("Mail/Port", "7")?;
    run.setup(|setup| setup.config.strict_meta = true);
    run.replace("Mail/Port", "7").status(415).map(drop)
}

fn r6(run: &mut Run<'_>) -> Step {
    run.replace_as("Mail/Port", "chr", "7").status(415).map(drop)
}

fn r7(run: &mut Run<'_>) -> Step {
    run.replace_as("Mail/Port", "int", "70000").status(500)?;
    run.replace_as("Mail/Port", "int", "abc").status(415)?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

fn r8(run: &mut Run<'_>) -> Step {
    run.server("S2").replace("Mail/Server", "v").status(425).map(drop)
}

fn r9(run: &mut Run<'_>) -> Step {
    run.replace_as("Fixed", "int", "6").status(200)?;
    run.get("Fixed").status(200)?.value("6").map(drop)
}

fn r10(run: &mut Run<'_>) -> Step {
    run.replace("./DevInfo/Man", "v").status(425)?;
    run.setup(|setup| setup.config.root_acl = "Add=*&Get=*&Replace=S1".into());
    run.replace("./DevInfo/Man", "v").status(405).map(drop)
}

fn r11(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Server", Content::node()).status(405).map(drop)
}

fn r12(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Secret", "p").status(200)?;
    run.get("Mail/Secret").status(405)?;
    run.holds("Mail/Secret", "p")
}

fn r13(run: &mut Run<'_>) -> Step {
    run.replace_as("Mail/Icon", "b64", "/w==").status(200)?;
    run.get("Mail/Icon?prop=Size").status(200)?.value("1")?;
    run.get("Mail/Icon?prop=Format").status(200)?.value("bin")?;
    let expected = Content::from("/w==").with_format("b64").with_type("image/png");
    run.get("Mail/Icon").status(200)?.wire(&expected).map(drop)
}

fn r14(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.external([("Note", External::Immediate)]));
    run.on(On::Set, "Mail/Note", Reply::Failed(StatusCode::new(403)));
    run.replace("Mail/Note", "v").status(403)?;
    run.check(run.asked().len() == 1, "Replace", "one question to the host", run.asked())
}

fn r15(run: &mut Run<'_>) -> Step {
    run.replace("Mail?list=Struct", "v").status(405).map(drop)
}
