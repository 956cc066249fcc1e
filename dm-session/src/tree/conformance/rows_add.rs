//! Add (§18.5).

use super::rows_addressing::letters;
use super::{Row, Run, SetupNode, Step};
use crate::tree::dm1::{Content, Data, LargeObject};
use crate::tree::{Access, Format, NodeDefinition, Occurrence, TreeLimits};
use alloc::format;
use dm_syncml::{Item, Meta, StatusCode};

pub(super) const ROWS: &[Row] = &[
    Row::new("A1", "a leaf without Meta", a1),
    Row::new("A2", "the root of an MO", a2),
    Row::new("A3", "what is there already", a3),
    Row::new("A4", "missing parents are created", a4),
    Row::new("A5", "missing parents are not created if the device does not", a5),
    Row::new("A6", "a leaf has no children", a6),
    Row::new("A7", "without right", a7),
    Row::new("A8", "a new interior node of a server without Replace", a8),
    Row::new("A9", "a new leaf has no ACL", a9),
    Row::new("A10", "the topmost missing parent gets the ACL", a10),
    Row::new("A11", "a value that does not fit", a11),
    Row::new("A12", "an unknown Format", a12),
    Row::new("A13", "bin in XML", a13),
    Row::new("A14", "Base64 of a binary type", a14),
    Row::new("A15", "an interior node with Data", a15),
    Row::new("A16", "Items are on their own", a16),
    Row::new("A17", "where the description knows no such node", a17),
    Row::new("A18", "no room", a18),
    Row::new("A19", "a large object", a19),
    Row::new("A20", "a large object of another size", a20),
    Row::new("A21", "Meta of the Item comes first", a21),
    Row::new("A22", "one too many", a22),
    Row::new("A23", "a missing parent with a name that is too long", a23),
    Row::new("A24", "a missing parent that cannot be", a24),
    Row::new("A25", "null", a25),
];

/// The automatic ACL of `S3` below the root.
const GRANT: &str = "Add=S3&Delete=S3&Get=*&Replace=S3";

fn a1(run: &mut Run<'_>) -> Step {
    run.add("Mail/Leaf", "x").status(200)?;
    run.get("Mail/Leaf").status(200)?.no_meta()?.value("x")?;
    run.get("Mail/Leaf?prop=Format").status(200)?.value("chr")?;
    run.get("Mail/Leaf?prop=Type").status(200)?.value("text/plain")?;
    run.get("Mail/Leaf?prop=ACL").status(200)?.value("").map(drop)
}

fn a2(run: &mut Run<'_>) -> Step {
    run.add("Box", Content::mo("com.example/1.0/Box")).status(200)?;
    run.get("Box").status(200)?.names(&[])?;
    run.get("Box?prop=Type").status(200)?.value("com.example/1.0/Box").map(drop)
}

fn a3(run: &mut Run<'_>) -> Step {
    run.add("Mail", Content::node()).status(418)?;
    run.add("Mail/Port", Content::from("1").with_format("int")).status(418)?;
    run.add(".", Content::node()).status(418).map(drop)
}

fn a4(run: &mut Run<'_>) -> Step {
    run.add("New/Sub/Leaf", "v").status(200)?;
    run.get("New").status(200)?.names(&["Sub"])?;
    run.get("New/Sub").status(200)?.names(&["Leaf"])?;
    run.get("New/Sub/Leaf").status(200)?.value("v")?;
    for path in ["New", "New/Sub", "New/Sub/Leaf"] {
        run.get(&format!("{path}?prop=ACL")).status(200)?.value("")?;
    }
    run.get("New?prop=Type").status(200)?.value("").map(drop)
}

fn a5(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.implicit_parents = false);
    run.add("New/Sub/Leaf", "v").status(404)?;
    run.gone("New")
}

fn a6(run: &mut Run<'_>) -> Step {
    run.add("Mail/Port/x", "v").status(405)?;
    run.add("Mail/Port/x/y", "v").status(405).map(drop)
}

fn a7(run: &mut Run<'_>) -> Step {
    run.server("S2").add("Mail/Leaf", "v").status(425)?;
    run.gone("Mail/Leaf")
}

fn a8(run: &mut Run<'_>) -> Step {
    run.server("S3").add("./X", Content::node()).status(200)?;
    run.get("./X?prop=ACL").status(200)?.value(GRANT)?;
    run.setup(|setup| setup.config.literal_grant = true);
    run.server("S3").add("./X", Content::node()).status(200)?;
    run.get("./X?prop=ACL").status(425)?;
    run.has_prop("./X", "ACL", "Add=S3&Delete=S3&Replace=S3")
}

fn a9(run: &mut Run<'_>) -> Step {
    run.server("S3").add("./Y", Content::from("v").with_format("chr")).status(200)?;
    run.server("S1").get("./Y?prop=ACL").status(200)?.value("").map(drop)
}

fn a10(run: &mut Run<'_>) -> Step {
    run.server("S3").add("./P/Q/l", Content::from("v").with_format("chr")).status(200)?;
    run.get("./P?prop=ACL").status(200)?.value(GRANT)?;
    run.get("./P/Q?prop=ACL").status(200)?.value("")?;
    run.get("./P/Q/l?prop=ACL").status(200)?.value("").map(drop)
}

fn a11(run: &mut Run<'_>) -> Step {
    run.add("Mail/N", Content::from("abc").with_format("int")).status(415).map(drop)
}

fn a12(run: &mut Run<'_>) -> Step {
    run.add("Mail/N", Content::from("v").with_format("foo")).status(415).map(drop)
}

fn a13(run: &mut Run<'_>) -> Step {
    run.add("Mail/N", Content::from("AQID").with_format("bin")).status(415).map(drop)
}

fn a14(run: &mut Run<'_>) -> Step {
    run.add("Mail/Pic", Content::from("AQID").with_format("b64").with_type("image/png")).status(200)?;
    run.get("Mail/Pic?prop=Format").status(200)?.value("bin")?;
    run.get("Mail/Pic?prop=Size").status(200)?.value("3")?;
    run.get("Mail/Pic?prop=Type").status(200)?.value("image/png").map(drop)
}

fn a15(run: &mut Run<'_>) -> Step {
    run.add("Box", Content::from("zzz").with_format("node")).status(500)?;
    run.add("Box", Content::from(" \r\n\t").with_format("node")).status(200)?;
    run.get("Box").status(200)?.names(&[]).map(drop)
}

fn a16(run: &mut Run<'_>) -> Step {
    run.add("Mail/One", "1").status(200)?;
    run.add("Mail/Port", "1").status(418)?;
    run.holds("Mail/One", "1")?;
    run.holds("Mail/Port", "993")
}

fn a17(run: &mut Run<'_>) -> Step {
    run.add("./DevInfo/New", "v").status(404).map(drop)
}

fn a18(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.limits = TreeLimits::DEFAULT.with_total_len(20_000));
    run.add("New/Sub/Leaf", &*"x".repeat(30_000)).status(420)?;
    run.gone("New")?;
    run.add("New/Sub/Leaf", "x").status(200).map(drop)
}

/// The first chunk of a text of 5 bytes.
fn first_chunk(run: &mut Run<'_>, size: u64) -> Step<LargeObject> {
    let first = Content::from("abc").with_format("chr");
    let object = LargeObject::start(run.uri("Mail/Big"), true, first, Some(size), 1_000);
    run.apply(object.check()).status(200)?;
    let status = object.status();
    run.check(status == StatusCode::CHUNK_ACCEPTED, "first chunk", "213", status)?;
    run.gone("Mail/Big")?;
    Ok(object)
}

fn a19(run: &mut Run<'_>) -> Step {
    let mut object = first_chunk(run, 5)?;
    object.push(&Data::Text("de".into()));
    match object.finish() {
        Ok(command) => run.apply(command).status(200)?,
        Err(status) => return run.check(false, "last chunk", "200", status),
    };
    run.get("Mail/Big").status(200)?.value("abcde").map(drop)
}

fn a20(run: &mut Run<'_>) -> Step {
    let mut object = first_chunk(run, 6)?;
    object.push(&Data::Text("de".into()));
    let finished = object.finish();
    run.check(finished == Err(StatusCode::SIZE_MISMATCH), "last chunk", "424", &finished)?;
    run.gone("Mail/Big")?;
    // Nothing of it is left in the way.
    run.add("Mail/Big", "x").status(200)?;
    run.holds("Mail/Big", "x")
}

fn a21(run: &mut Run<'_>) -> Step {
    let of_command = Meta::new().with_format(dm_syncml::Format::Int);
    let of_item = Meta::new().with_format(dm_syncml::Format::Chr);
    let item = Item::target("./Vendor/Mail/N").with_meta(of_item).with_data("abc");
    run.add("Mail/N", Content::from_item(&item, Some(&of_command))).status(200)?;
    run.get("Mail/N?prop=Format").status(200)?.value("chr")?;
    run.holds("Mail/N", "abc")
}

fn a22(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        let one = NodeDefinition::unnamed_interior().with_occurrence(Occurrence::ZeroOrN(1)).with_access(Access::DATA);
        setup.describe("Boxes", NodeDefinition::interior("Boxes").permanent().with_access(Access::DATA).with(one));
        setup.put(SetupNode::new("./Boxes", Content::node()).with_acl("Add=S1&Get=S1"));
    });
    run.add("./Boxes/a", Content::node()).status(200)?;
    run.add("./Boxes/b", Content::node()).status(420).map(drop)
}

fn a23(run: &mut Run<'_>) -> Step {
    run.add(&format!("{}/x", letters(21)), "v").status(414).map(drop)
}

fn a24(run: &mut Run<'_>) -> Step {
    run.add("./DevDetail/Bad/x", "v").status(404)?.failed_at(Some("./DevDetail/Bad")).map(drop)
}

fn a25(run: &mut Run<'_>) -> Step {
    run.add("Null", Content::EMPTY.with_format("null")).status(200)?;
    run.get("Null").status(200)?.meta(Some(Format::Null), None)?.value("").map(drop)
}
