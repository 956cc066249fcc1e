//! `?list=Struct` and `?list=StructData` (§18.9).

use super::rows_delete::MAIL_CHILDREN;
use super::{Content, Got, MAIL, On, ResultItem, Row, Run, Step};
use crate::tree::dm1::{Data, Reply, split_results};
use crate::tree::{External, Format};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec::Vec;
use dm_syncml::{Encoding, StatusCode};

pub(super) const ROWS: &[Row] = &[
    Row::new("L1", "Struct", l1),
    Row::new("L2", "StructData", l2),
    Row::new("L3", "Source is without the query", l3),
    Row::new("L4", "what may not be read is left out", l4),
    Row::new("L5", "what may be read is there", l5),
    Row::new("L6", "a leaf is one Item", l6),
    Row::new("L7", "lists where they are not supported", l7),
    Row::new("L8", "a list that there is not", l8),
    Row::new("L9", "the whole tree", l9),
    Row::new("L10", "the node itself may not be read", l10),
    Row::new("L11", "a list over several messages", l11),
    Row::new("L12", "a value that cannot be had", l12),
    Row::new("L13", "a list of what is not there", l13),
];

const MAIL_LIST: [&str; 7] = [
    "./Vendor/Mail",
    "./Vendor/Mail/Server",
    "./Vendor/Mail/Port",
    "./Vendor/Mail/Icon",
    "./Vendor/Mail/Note",
    "./Vendor/Mail/Keep",
    "./Vendor/Mail/Run",
];

/// Format and Type of the Items of a list of `Mail`.
const MAIL_META: [(Option<Format>, Option<&str>); 7] = [
    (Some(Format::Node), Some(MAIL)),
    (None, None),
    (Some(Format::Int), None),
    (Some(Format::Bin), Some("image/png")),
    (None, None),
    (None, None),
    (Some(Format::Null), None),
];

/// The Items of a list of `?list=Struct` have these Formats and Types, and no Data.
fn items_are(got: &Got, meta: &[(Option<Format>, Option<&str>)]) -> Step {
    let items = got.items();
    let has = items.iter().map(|item| (item.format, item.media_type.as_deref()));
    if has.eq(meta.iter().copied()) && items.iter().all(|item| !item.has_data) {
        return Ok(());
    }
    Err(got.fails(&format!("{meta:?} without Data"), format!("{items:?}")))
}

fn l1(run: &mut Run<'_>) -> Step {
    let got = run.get("Mail?list=Struct").status(200)?.sources(&MAIL_LIST)?;
    items_are(&got, &MAIL_META)?;
    let icon = got.items().get(3).map(|item| item.to_item(Encoding::Xml));
    let format = icon.as_ref().and_then(|icon| icon.meta.as_ref()?.format().map(|format| format.as_str().to_owned()));
    run.check(format.as_deref() == Some("bin"), "Format of Icon in Struct", "bin", format)?;
    run.check(icon.is_some_and(|icon| icon.data.is_none()), "Data of Icon in Struct", "no Data element", "one")
}

fn l2(run: &mut Run<'_>) -> Step {
    let node = |media_type: &str| Content::node().with_type(media_type);
    let text = |text: &str| Content::from(text);
    let xml = Content::from("AQID").with_format("b64").with_type("image/png");
    let wbxml = Content::new(Data::Bytes([1, 2, 3].to_vec())).with_format("bin").with_type("image/png");
    for (encoding, icon) in [(Encoding::Xml, xml), (Encoding::Wbxml, wbxml)] {
        let expected = [
            node(MAIL),
            text("mail.example.net"),
            text("993").with_format("int"),
            icon,
            text(""),
            text("k"),
            text("").with_format("null"),
        ];
        let got = run.encoding(encoding).get("Mail?list=StructData").status(200)?.sources(&MAIL_LIST)?;
        for (number, (item, expected)) in got.items().iter().zip(&expected).enumerate() {
            let sent = item.to_item(encoding);
            // Data of every leaf, an empty one too, and none of an interior node.
            run.check(sent.data.is_some() == (number != 0), &item.source, "Data of a leaf", &sent)?;
            let content = Content::from_item(&sent, None);
            run.check(content == *expected, &item.source, &format!("{expected:?}"), &content)?;
        }
    }
    run.encoding(Encoding::Xml);
    Ok(())
}

fn l3(run: &mut Run<'_>) -> Step {
    for uri in [".", "./DevInfo", "./Vendor", "Vendor", "./Vendor/Mail/Port"] {
        for list in ["Struct", "StructData", "TNDS"] {
            let got = run.raw().get(&format!("{uri}?list={list}")).status(200)?;
            let first = got.items().first().map(|item| &*item.source);
            run.check(first == Some(uri), "the first Source", uri, first)?;
            let with_query = got.items().iter().find(|item| item.source.contains('?'));
            run.check(with_query.is_none(), "Source of a list", "no query", with_query)?;
            // In the spelling of the request.
            let below = |item: &&ResultItem| uri != "." && !super::is_at_or_below(&item.source, uri);
            let other = got.items().iter().find(below);
            run.check(other.is_none(), "Source of a list", uri, other)?;
        }
    }
    run.raw = false;
    Ok(())
}

fn l4(run: &mut Run<'_>) -> Step {
    let got = run.get("./Vendor?list=Struct").status(200)?;
    let own = got.items().iter().find(|item| item.source.starts_with("./Vendor/Own"));
    run.check(own.is_none(), "S1 Get ./Vendor?list=Struct", "no Own", own)?;
    let all: Vec<&str> = got.items().iter().map(|item| &*item.source).collect();
    for uri in MAIL_LIST.into_iter().chain(["./Vendor", "./Vendor/Empty", "./Vendor/Fixed"]) {
        run.check(all.contains(&uri), "S1 Get ./Vendor?list=Struct", uri, &all)?;
    }
    run.check(all.len() == 10, "S1 Get ./Vendor?list=Struct", "10 Items", &all)?;
    let names = run.get("./Vendor").status(200)?.text()?;
    run.check(names.split('/').any(|name| name == "Own"), "S1 Get ./Vendor", "Own among the names", names)
}

fn l5(run: &mut Run<'_>) -> Step {
    let got = run.server("S2").get("./Vendor?list=Struct").status(200)?;
    for uri in ["./Vendor", "./Vendor/Mail/Port", "./Vendor/Own", "./Vendor/Own/x"] {
        let there = got.items().iter().filter(|item| item.source == uri).count();
        run.check(there == 1, "S2 Get ./Vendor?list=Struct", uri, there)?;
    }
    Ok(())
}

fn l6(run: &mut Run<'_>) -> Step {
    let port = "./Vendor/Mail/Port";
    run.get("Mail/Port?list=StructData").status(200)?.source(port)?.meta(Some(Format::Int), None)?.value("993")?;
    let got = run.get("Mail/Port?list=Struct").status(200)?.source(port)?.meta(Some(Format::Int), None)?;
    items_are(&got, &[(Some(Format::Int), None)])
}

fn l7(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.config.lists = false);
    run.get("Mail?list=Struct").status(406)?;
    run.get("Mail?list=StructData").status(406)?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

fn l8(run: &mut Run<'_>) -> Step {
    run.get("Mail?list=Foo").status(406)?;
    run.get("Mail?list=").status(406)?;
    run.get("Mail?list=struct").status(406).map(drop)
}

fn l9(run: &mut Run<'_>) -> Step {
    let got = run.get(".?list=Struct").status(200)?;
    let all: Vec<&str> = got.items().iter().map(|item| &*item.source).collect();
    run.check(all.first() == Some(&"."), "the first Item", ".", &all)?;
    for hidden in ["Inbox", "AAuthSecret", "Secret", "Own"] {
        let found = all.iter().find(|uri| uri.split('/').any(|name| name == hidden));
        run.check(found.is_none(), "S1 Get .?list=Struct", &format!("no {hidden}"), found)?;
    }
    for uri in ["./DevInfo/Lang", "./DevDetail/URI/MaxDepth", "./DMAcc/1/AppAuth/1/AAuthName", "./Vendor/Mail/Run"] {
        run.check(all.contains(&uri), "S1 Get .?list=Struct", uri, &all)?;
    }
    // Parents before children, each node once.
    for (number, uri) in all.iter().enumerate().skip(1) {
        let parent = uri.rsplit_once('/').map_or(".", |(parent, _)| parent);
        let before = all.iter().position(|other| *other == parent);
        run.check(before.is_some_and(|before| before < number), uri, "its parent before it", before)?;
        let twice = all.iter().filter(|other| *other == uri).count();
        run.check(twice == 1, uri, "once", twice)?;
    }
    let account =
        got.items().iter().find(|item| item.source == "./DMAcc/1").and_then(|item| item.media_type.as_deref());
    run.check(account == Some("urn:oma:mo:oma-dm-dmacc:1.0"), "Type of ./DMAcc/1", "its identifier", account)
}

fn l10(run: &mut Run<'_>) -> Step {
    run.server("S3").get("./Vendor?list=Struct").status(425)?;
    run.get("./Vendor?list=StructData").status(425).map(drop)
}

fn l11(run: &mut Run<'_>) -> Step {
    const BUDGET: usize = 400;
    let size = |item: &ResultItem| item.source.len().saturating_add(item.data.len()).saturating_add(60);
    let got = run.get(".?list=StructData").status(200)?;
    let mut left = got.items();
    let mut joined: Vec<ResultItem> = Vec::new();
    let mut messages = 0_usize;
    while !left.is_empty() {
        let (fits, rest) = split_results(left, BUDGET, size);
        let bytes: usize = fits.iter().map(size).sum();
        run.check(!fits.is_empty() && bytes <= BUDGET, "Results of one message", "Items that fit", bytes)?;
        let next = rest.first().map_or(usize::MAX, size);
        run.check(bytes.saturating_add(next) > BUDGET, "Results of one message", "as many as fit", fits.len())?;
        joined.extend_from_slice(fits);
        messages = messages.saturating_add(1);
        left = rest;
    }
    run.check(messages > 1, "Results", "several", messages)?;
    run.check(joined == got.items(), "Items of all Results", "each once and whole, in order", joined.len())
}

fn l12(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.external([("Note", External::Deferred)]));
    run.on(On::Read, "Mail/Note", Reply::Failed(StatusCode::COMMAND_FAILED));
    let without: Vec<&str> = MAIL_LIST.into_iter().filter(|uri| !uri.ends_with("/Note")).collect();
    run.get("Mail?list=StructData").status(200)?.sources(&without)?;
    run.get("Mail/Note?list=StructData").status(500)?;
    run.get("Mail").status(200)?.names(&MAIL_CHILDREN).map(drop)
}

fn l13(run: &mut Run<'_>) -> Step {
    run.get("Missing?list=Struct").status(404)?;
    run.get("Missing?list=StructData").status(404)?;
    run.get("Missing?list=TNDS").status(404).map(drop)
}
