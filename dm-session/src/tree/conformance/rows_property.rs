//! Properties (§18.3) and renaming (§18.4).

use super::rows_addressing::letters;
use super::{MAIL, Row, Run, Setup, Step};
use crate::tree::dm1::Content;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const ROWS: &[Row] = &[
    Row::new("P1", "Type of interior nodes", p1),
    Row::new("P2", "Format, without Meta", p2),
    Row::new("P3", "Size of bytes is that of the value", p3),
    Row::new("P4", "Size of text is in octets", p4),
    Row::new("P5", "interior nodes have no Size", p5),
    Row::new("P6", "Name", p6),
    Row::new("P7", "Title", p7),
    Row::new("P8", "a Title that is too long", p8),
    Row::new("P9", "what a server cannot set", p9),
    Row::new("P10", "only Get and Replace", p10),
    Row::new("P11", "a change counts", p11),
    Row::new("P12", "VerNo wraps", p12),
    Row::new("P13", "a new child changes its parent", p13),
    Row::new("P14", "reading changes nothing", p14),
    Row::new("P15", "a refused command changes nothing", p15),
    Row::new("P16", "a property that is not supported", p16),
    Row::new("P17", "changes of the device count", p17),
    Row::new("P18", "without right", p18),
    Row::new("P19", "of no node", p19),
    Row::new("N1", "rename", n1),
    Row::new("N2", "to the name of a sibling", n2),
    Row::new("N3", "what is permanent keeps its name", n3),
    Row::new("N4", "to what is no name", n4),
    Row::new("N5", "to a name that is too long", n5),
    Row::new("N6", "to its own name", n6),
    Row::new("N7", "the ACL goes along", n7),
    Row::new("N8", "without right", n8),
    Row::new("N9", "node and parent change, the rest does not", n9),
    Row::new("N10", "the longest URI below counts", n10),
    Row::new("N11", "to another case of its name", n11),
];

fn p1(run: &mut Run<'_>) -> Step {
    run.get("Mail?prop=Type").status(200)?.value(MAIL)?;
    run.get("Empty?prop=Type").status(200)?.value("").map(drop)
}

fn p2(run: &mut Run<'_>) -> Step {
    for (path, format) in [("Mail/Port", "int"), ("Mail/Icon", "bin"), ("Mail", "node")] {
        let got = run.get(&format!("{path}?prop=Format")).status(200)?;
        got.no_meta()?.source(&format!("./Vendor/{path}?prop=Format"))?.value(format)?;
    }
    Ok(())
}

fn p3(run: &mut Run<'_>) -> Step {
    run.get("Mail/Icon?prop=Size").status(200)?.value("3").map(drop)
}

fn p4(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Note", "é").status(200)?;
    run.get("Mail/Note?prop=Size").status(200)?.value("2").map(drop)
}

fn p5(run: &mut Run<'_>) -> Step {
    run.get("Mail?prop=Size").status(406).map(drop)
}

fn p6(run: &mut Run<'_>) -> Step {
    run.get("Mail/Port?prop=Name").status(200)?.value("Port")?;
    run.get(".?prop=Name").status(200)?.value(".").map(drop)
}

fn p7(run: &mut Run<'_>) -> Step {
    run.get("Mail?prop=Title").status(200)?.value("")?;
    run.replace("Mail?prop=Title", "Inbox 1").status(200)?;
    run.get("Mail?prop=Title").status(200)?.value("Inbox 1")?;
    run.has_verno("Mail", 1)
}

fn p8(run: &mut Run<'_>) -> Step {
    run.replace("Mail?prop=Title", "Inbox 1").status(200)?;
    run.replace("Mail?prop=Title", &*letters(256)).status(500)?;
    // Octets, not characters.
    run.replace("Mail?prop=Title", &*"é".repeat(128)).status(500)?;
    run.get("Mail?prop=Title").status(200)?.value("Inbox 1")?;
    run.replace("Mail?prop=Title", &*letters(255)).status(200)?;
    run.get("Mail?prop=Title").status(200)?.value(&letters(255)).map(drop)
}

fn p9(run: &mut Run<'_>) -> Step {
    let values =
        [("Format", "chr"), ("Type", "text/plain"), ("TStamp", "20240229T163000Z"), ("VerNo", "7"), ("Size", "3")];
    for (property, value) in values {
        run.replace(&format!("Mail/Port?prop={property}"), value).status(405)?;
    }
    Ok(())
}

fn p10(run: &mut Run<'_>) -> Step {
    run.add("Mail?prop=Title", "t").status(405)?;
    run.delete("Mail?prop=Title").status(405)?;
    run.exec("Mail?prop=Title").status(405)?;
    run.check(run.asked().is_empty(), "Exec of a property", "no question to the host", run.asked())
}

fn p11(run: &mut Run<'_>) -> Step {
    run.replace("Mail/Port", "994").status(200)?;
    run.has_verno("Mail/Port", 1)?;
    run.get("Mail/Port?prop=TStamp").status(200)?.value("20240229T163000Z").map(drop)
}

fn p12(run: &mut Run<'_>) -> Step {
    let verno: u16 = run.prop("Mail/Port", "VerNo")?.parse().unwrap_or_default();
    let content = Content::from("993").with_format("int");
    run.repeat(usize::from(u16::MAX.saturating_sub(verno)), "Mail/Port", &content)?;
    run.get("Mail/Port?prop=VerNo").status(200)?.value("65535")?;
    run.replace("Mail/Port", "994").status(200)?;
    run.get("Mail/Port?prop=VerNo").status(200)?.value("0").map(drop)
}

fn p13(run: &mut Run<'_>) -> Step {
    run.add("Mail/New", "v").status(200)?;
    run.has_verno("Mail", 1)?;
    run.get("Mail/New?prop=VerNo").status(200)?.value("0")?;
    run.has_verno("./Vendor", 0)
}

fn p14(run: &mut Run<'_>) -> Step {
    for _ in 0..3 {
        run.get("Mail/Port").status(200)?;
    }
    run.has_verno("Mail/Port", 0)
}

fn p15(run: &mut Run<'_>) -> Step {
    run.server("S2").replace("Mail/Port", "994").status(425)?;
    run.server("S1").get("Mail/Port?prop=VerNo").status(200)?;
    run.has_verno("Mail/Port", 0)
}

fn p16(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.properties.tstamp = false);
    run.get("Mail/Port?prop=TStamp").status(406)?;
    run.get("Mail/Port?prop=VerNo").status(200).map(drop)
}

fn p17(run: &mut Run<'_>) -> Step {
    run.local().replace("Mail/Port", "994").status(200)?;
    run.has_verno("Mail/Port", 1)?;
    run.has_prop("Mail/Port", "TStamp", "20240229T163000Z")?;
    run.server("S1").get("Mail/Port").status(200)?.value("994").map(drop)
}

fn p18(run: &mut Run<'_>) -> Step {
    run.server("S3").get("Mail?prop=Name").status(425).map(drop)
}

fn p19(run: &mut Run<'_>) -> Step {
    run.get("Missing?prop=ACL").status(404).map(drop)
}

fn n1(run: &mut Run<'_>) -> Step {
    let before = run.children("./Vendor")?;
    run.rename("Mail", "Post").status(200)?;
    run.get("Mail").status(404)?;
    run.get("Post/Port").status(200)?.value("993")?;
    let expected: Vec<&str> = before.iter().map(|name| if name == "Mail" { "Post" } else { name }).collect();
    run.has_children("./Vendor", &expected)
}

fn n2(run: &mut Run<'_>) -> Step {
    run.rename("Mail", "Empty").status(418)?;
    run.holds("Mail/Port", "993")
}

fn n3(run: &mut Run<'_>) -> Step {
    run.rename("Fixed", "Other").status(405)?;
    run.rename("./Vendor", "Other").status(405)?;
    run.rename(".", "Other").status(405).map(drop)
}

fn n4(run: &mut Run<'_>) -> Step {
    for name in ["a/b", "", ".."] {
        run.rename("Mail", name).status(500)?;
    }
    Ok(())
}

fn n5(run: &mut Run<'_>) -> Step {
    run.rename("Mail", &letters(21)).status(414)?;
    run.rename("Mail", &letters(20)).status(200).map(drop)
}

fn n6(run: &mut Run<'_>) -> Step {
    let before = run.snapshot()?;
    run.rename("Mail", "Mail").status(200)?;
    run.has_verno("Mail", 0)?;
    before.compare("rename to the same name", &run.snapshot()?)?;
    run.rename("Mail", "Post").status(200)?;
    run.has_verno("Post", 1)
}

fn n7(run: &mut Run<'_>) -> Step {
    run.server("S2").rename("Own", "Own2").status(200)?;
    run.get("Own2?prop=ACL").status(200)?.value("Get=S2&Replace=S2").map(drop)
}

fn n8(run: &mut Run<'_>) -> Step {
    run.server("S2").rename("Mail", "Post").status(425).map(drop)
}

fn n9(run: &mut Run<'_>) -> Step {
    run.rename("Mail", "Post").status(200)?;
    run.has_verno("Post", 1)?;
    run.has_verno("./Vendor", 1)?;
    run.has_verno("Post/Port", 0)
}

fn n10(run: &mut Run<'_>) -> Step {
    // A leaf whose URI has 118 of the 120 characters.
    let below: Vec<String> = (0..5).map(|_| letters(20)).collect();
    let path = format!("Mail/{}", below.join("/"));
    run.add(&path, "v").status(200)?;
    run.rename("Mail", "Mail567").status(414)?;
    run.rename("Mail", "Mail56").status(200)?;
    run.holds(&format!("Mail56/{}", below.join("/")), "v")
}

fn n11(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.describe("Vendor", Setup::vendor().with_case_insensitive(true)));
    run.rename("Mail", "MAIL").status(200)?;
    run.has_prop("MAIL", "Name", "MAIL")?;
    run.holds("MAIL/Port", "993")
}
