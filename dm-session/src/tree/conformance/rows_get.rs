//! Get (§18.2).

use super::{Row, Run, SetupNode, Step};
use crate::tree::Format;
use crate::tree::dm1::{Content, Data};
use dm_syncml::Encoding;

pub(super) const ROWS: &[Row] = &[
    Row::new("G1", "a number", g1),
    Row::new("G2", "text has no Meta", g2),
    Row::new("G3", "bytes in XML", g3),
    Row::new("G4", "bytes in WBXML", g4),
    Row::new("G5", "empty text", g5),
    Row::new("G6", "a child list names all children", g6),
    Row::new("G7", "an interior node without children", g7),
    Row::new("G8", "no node", g8),
    Row::new("G9", "a node without access type Get", g9),
    Row::new("G10", "the Inbox cannot be read", g10),
    Row::new("G11", "without right", g11),
    Row::new("G12", "a right is inherited", g12),
    Row::new("G13", "an own ACL ends inheritance", g13),
    Row::new("G14", "below a leaf", g14),
    Row::new("G15", "null", g15),
    Row::new("G16", "a value that cannot be delivered", g16),
    Row::new("G17", "Items are on their own", g17),
];

fn g1(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port").status(200)?.meta(Some(Format::Int), None)?.value("993").map(drop)
}

fn g2(run: &mut Run<'_>) -> Step {
    run.get("Mail/Server").status(200)?.no_meta()?.value("mail.example.net").map(drop)
}

fn g3(run: &mut Run<'_>) -> Step {
    let expected = Content::from("AQID").with_format("b64").with_type("image/png");
    run.get("Mail/Icon").status(200)?.wire(&expected).map(drop)
}

fn g4(run: &mut Run<'_>) -> Step {
    run.encoding(Encoding::Wbxml);
    let expected = Content::new(Data::Bytes([1, 2, 3].to_vec())).with_format("bin").with_type("image/png");
    run.get("Mail/Icon").status(200)?.wire(&expected).map(drop)
}

fn g5(run: &mut Run<'_>) -> Step {
    run.get("Mail/Note").status(200)?.no_meta()?.value("").map(drop)
}

fn g6(run: &mut Run<'_>) -> Step {
    run.get("Mail").status(200)?.names(&["Server", "Port", "Icon", "Note", "Secret", "Keep", "Run"]).map(drop)
}

fn g7(run: &mut Run<'_>) -> Step {
    run.get("Empty").status(200)?.names(&[]).map(drop)
}

fn g8(run: &mut Run<'_>) -> Step {
    run.get("Missing").status(404).map(drop)
}

fn g9(run: &mut Run<'_>) -> Step {
    run.get("Mail/Secret").status(405).map(drop)
}

fn g10(run: &mut Run<'_>) -> Step {
    run.get("./Inbox").status(405)?;
    run.get("./Inbox/a").status(405).map(drop)
}

fn g11(run: &mut Run<'_>) -> Step {
    run.server("S3").get("./Vendor").status(425).map(drop)
}

fn g12(run: &mut Run<'_>) -> Step {
    run.server("S2").get("Mail/Port").status(200)?.value("993").map(drop)
}

fn g13(run: &mut Run<'_>) -> Step {
    run.get("Own").status(425)?;
    run.server("S2").get("Own").status(200)?.names(&["x"]).map(drop)
}

fn g14(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port/x").status(404).map(drop)
}

fn g15(run: &mut Run<'_>) -> Step {
    run.get("Mail/Run").status(200)?.meta(Some(Format::Null), None)?.value("").map(drop)
}

fn g16(run: &mut Run<'_>) -> Step {
    let long = "x".repeat(5_000);
    run.setup(|setup| setup.put(SetupNode::new("Mail/Note", &*long)));
    run.get("Mail/Note").status(200)?.value(&long)?;
    run.max_value_len(1_000).get("Mail/Note").status(413).map(drop)
}

fn g17(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port").status(200)?.value("993")?;
    run.get("Missing").status(404).map(drop)
}
