//! Addressing (§18.1).

use super::{Row, Run, Setup, Step};
use crate::tree::dm1::{Content, UriLimits};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) const ROWS: &[Row] = &[
    Row::new("U1", "the root is a dot", u1),
    Row::new("U2", "a dot with a slash is for lenient trees", u2),
    Row::new("U3", "without a dot, answered so", u3),
    Row::new("U4", "a slash at the end is for lenient trees", u4),
    Row::new("U5", "a slash in front is for lenient trees", u5),
    Row::new("U6", "no dots and nothing empty inside", u6),
    Row::new("U7", "limit of a segment", u7),
    Row::new("U8", "limit of the length", u8),
    Row::new("U9", "limit of the depth", u9),
    Row::new("U10", "the query counts", u10),
    Row::new("U11", "0 is no limit", u11),
    Row::new("U12", "names with a space", u12),
    Row::new("U13", "escapes that were not needed", u13),
    Row::new("U14", "case matters", u14),
    Row::new("U15", "names that differ in case", u15),
    Row::new("U16", "unknown queries", u16),
    Row::new("U17", "escapes that no name can have", u17),
    Row::new("U18", "names outside of ASCII", u18),
];

/// The children of the root.
const ROOT: [&str; 5] = ["DevInfo", "DevDetail", "DMAcc", "Inbox", "Vendor"];
/// The children of `./Vendor/Mail`.
const MAIL: [&str; 7] = ["Server", "Port", "Icon", "Note", "Secret", "Keep", "Run"];

/// A name of so many letters.
pub(super) fn letters(count: usize) -> String {
    "abcdefghijklmnopqrstuvwxyz".chars().cycle().take(count).collect()
}

/// A URI of so many characters, in segments of 14.
fn uri_of(len: usize) -> String {
    let rest = "/aaaaaaaaaaaaaa".chars().cycle();
    core::iter::once('.').chain(rest).take(len).collect()
}

fn u1(run: &mut Run<'_>) -> Step {
    run.get(".").status(200)?.names(&ROOT).map(drop)
}

fn u2(run: &mut Run<'_>) -> Step {
    run.get("./").status(404)?;
    run.lenient();
    run.get("./").status(200)?.names(&ROOT).map(drop)
}

fn u3(run: &mut Run<'_>) -> Step {
    run.raw().get("Vendor/Mail/Port").status(200)?.source("Vendor/Mail/Port")?.value("993").map(drop)
}

fn u4(run: &mut Run<'_>) -> Step {
    run.get("./Vendor/Mail/").status(404)?;
    run.lenient();
    run.get("./Vendor/Mail/").status(200)?.names(&MAIL).map(drop)
}

fn u5(run: &mut Run<'_>) -> Step {
    run.raw().get("/Vendor").status(404)?;
    run.lenient();
    let names = run.children("./Vendor")?;
    run.get("/Vendor").status(200)?.names(&names.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
}

fn u6(run: &mut Run<'_>) -> Step {
    run.get("./Vendor/../Vendor").status(404)?;
    run.get("./Vendor//Mail").status(404)?;
    run.get("./Vendor/./Mail").status(404).map(drop)
}

fn u7(run: &mut Run<'_>) -> Step {
    run.add(&letters(21), "v").status(414)?;
    run.add(&letters(20), "v").status(200)?;
    run.get(&letters(20)).status(200)?.value("v").map(drop)
}

fn u8(run: &mut Run<'_>) -> Step {
    run.get(&uri_of(121)).status(414)?;
    run.get(&uri_of(120)).status(404).map(drop)
}

fn u9(run: &mut Run<'_>) -> Step {
    run.raw().get("a/b/c/d/e/f/g/h/i").status(414)?;
    run.get("a/b/c/d/e/f/g/h").status(404)?;
    // The dot does not count.
    run.get("./a/b/c/d/e/f/g/h").status(404).map(drop)
}

fn u10(run: &mut Run<'_>) -> Step {
    run.get(&format!("{}?prop=ACL", uri_of(112))).status(414)?;
    run.get(&format!("{}?prop=ACL", uri_of(111))).status(404).map(drop)
}

fn u11(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.uri = UriLimits::NONE);
    run.add(&letters(200), "v").status(200)?;
    run.get(&letters(200)).status(200)?.value("v").map(drop)
}

fn u12(run: &mut Run<'_>) -> Step {
    run.add("./Vendor/a%20b", "v").status(200)?;
    let names = run.children("./Vendor")?;
    run.check(names.iter().any(|name| name == "a%20b"), "Get ./Vendor", "a%20b in the list", &names)?;
    run.get("./Vendor/a%20b").status(200)?.source("./Vendor/a%20b")?.value("v")?;
    run.get("./Vendor/a%20b?prop=Name").status(200)?.value("a%20b").map(drop)
}

fn u13(run: &mut Run<'_>) -> Step {
    run.get("./Vendor/%4Dail/Port").status(200)?.value("993").map(drop)
}

fn u14(run: &mut Run<'_>) -> Step {
    run.get("./vendor").status(404).map(drop)
}

fn u15(run: &mut Run<'_>) -> Step {
    run.add("./Vendor/mail", Content::node()).status(200)?;
    run.has_children("mail", &[])?;
    run.has_children("Mail", &MAIL)?;
    run.setup(|setup| setup.describe("Vendor", Setup::vendor().with_case_insensitive(true)));
    run.add("./Vendor/mail", Content::node()).status(418)?;
    run.get("./Vendor/mail/Port").status(200)?.value("993").map(drop)
}

fn u16(run: &mut Run<'_>) -> Step {
    for query in ["prop=Foo", "foo=bar", "prop=acl"] {
        run.get(&format!("./Vendor?{query}")).status(406)?;
    }
    Ok(())
}

fn u17(run: &mut Run<'_>) -> Step {
    run.get("./Vendor/a%2Fb").status(404)?;
    run.get("./Vendor/%zz").status(404).map(drop)
}

fn u18(run: &mut Run<'_>) -> Step {
    run.add("./Vendor/Größe", "v").status(200)?;
    run.add("./Vendor/Gr%C3%B6%C3%9Fe", "v").status(418)?;
    run.get("./Vendor/Gr%C3%B6%C3%9Fe").status(200)?.value("v")?;
    run.get("./Vendor/Größe").status(200)?.value("v").map(drop)
}
