//! Every limit, at its bound and one beyond it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use core::fmt::Debug;

use dm_package::{
    ClientUri, Error, ErrorKind, Limits, MoData, MoWriter, Package1, Package2, Package3, Parsed, Strictness,
};

/// Both ways through the decoder hold the limit: a text in strict form, and the same with an unknown member.
#[track_caller]
fn bound<'a, T: Debug>(
    parse: impl Fn(&'a [u8], Strictness, &Limits) -> Result<Parsed<T>, Error>,
    texts: [&'a str; 2],
    limits: impl Fn(usize) -> Limits,
    at: usize,
    kind: ErrorKind,
) {
    for text in texts {
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let result = parse(text.as_bytes(), strictness, &limits(at));
            assert!(result.is_ok_and(|parsed| parsed.deviations.is_empty()), "{text}");
            let error = parse(text.as_bytes(), strictness, &limits(at - 1)).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}");
            assert!(error.offset() <= text.len() && kind.is_limit() && kind.status_code().as_u16() == 413);
        }
    }
}

const D: Limits = Limits::DEFAULT;

#[test]
fn package2() {
    let text = r#"{"CMD":[["HPUT","https://h/","urn:x/1/","urn:x/2/"],["END"],["END"]]}"#;
    let odd = r#"{"CMD":[["HPUT","https://h/","urn:x/1/","urn:x/2/"],["END"],["END"]],"x":0}"#;
    let texts = [text, odd];
    bound(Package2::parse_with, texts, |n| D.with_max_commands(n), 3, ErrorKind::TooManyCommands);
    bound(Package2::parse_with, texts, |n| D.with_max_params(n), 3, ErrorKind::TooManyParameters);
    bound(Package2::parse_with, [odd; 2], |n| D.with_max_members(n), 2, ErrorKind::TooManyMembers);
    bound(Package2::parse_with, [text; 2], |n| D.with_max_package_len(n), text.len(), ErrorKind::TooLong);
    let error = Package2::parse_with(text.as_bytes(), Strictness::Lenient, &D.with_max_commands(2)).unwrap_err();
    assert_eq!(error.offset(), text.rfind("[\"END\"]").unwrap());
}

#[test]
fn package1() {
    let text = r#"{"MOS":[{"MOID":"a","MIID":["1","2"]},{"MOID":"b","MIID":[]}],"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"},{"AlertType":"t"}]}"#;
    let odd = text.replace("{\"MOS\"", "{\"x\":0,\"MOS\"");
    let texts = [text, &odd];
    bound(Package1::parse_with, texts, |n| D.with_max_mos(n), 2, ErrorKind::TooManyMos);
    bound(Package1::parse_with, texts, |n| D.with_max_strings(n), 2, ErrorKind::TooManyStrings);
    bound(Package1::parse_with, texts, |n| D.with_max_alerts(n), 2, ErrorKind::TooManyAlerts);
    bound(Package1::parse_with, [text; 2], |n| D.with_max_members(n), 2, ErrorKind::TooManyMembers);
    bound(Package1::parse_with, [text; 2], |n| D.with_max_package_len(n), text.len(), ErrorKind::TooLong);
}

#[test]
fn package3() {
    let item = r#"{"ClientURI":"u/1/","MOData":{"X":{"A":1}}}"#;
    let text = format!(
        r#"{{"Status":[{{"sc":200,"URI":["u/1/","u/2/"],"Data":[{item},{item}]}},{{"sc":200}}],"Alert":[{{"AlertType":"t"}}]}}"#
    );
    let odd = text.replace("{\"Status\"", "{\"x\":0,\"Status\"");
    let texts = [text.as_str(), &odd];
    bound(Package3::parse_with, texts, |n| D.with_max_statuses(n), 2, ErrorKind::TooManyStatuses);
    bound(Package3::parse_with, texts, |n| D.with_max_strings(n), 2, ErrorKind::TooManyStrings);
    bound(Package3::parse_with, texts, |n| D.with_max_mo_items(n), 2, ErrorKind::TooManyItems);
    bound(Package3::parse_with, texts, |n| D.with_max_depth(n), 2, ErrorKind::TooDeep);
    bound(Package3::parse_with, texts, |n| D.with_max_alerts(n), 1, ErrorKind::TooManyAlerts);
    let kept = r#"{"Status":[],"x":[[0]]}"#;
    bound(Package3::parse_with, [kept; 2], |n| D.with_max_depth(n), 2, ErrorKind::TooDeep);
}

#[test]
fn serialization() {
    let text = r#"[{"ClientURI":"u/1/","MOData":{"X":{"A":{}}}},{"ClientURI":"u/2/","MOData":{"X":1}}]"#;
    let odd = text.replace("[{", "[{\"x\":0,");
    let texts = [text, &odd];
    bound(MoData::parse_with, texts, |n| D.with_max_mo_items(n), 2, ErrorKind::TooManyItems);
    bound(MoData::parse_with, texts, |n| D.with_max_depth(n), 3, ErrorKind::TooDeep);
    bound(MoData::parse_with, [text; 2], |n| D.with_max_members(n), 2, ErrorKind::TooManyMembers);
    bound(MoData::parse_with, [text; 2], |n| D.with_max_mo_len(n), text.len(), ErrorKind::TooLong);
    let nested = |depth: usize| {
        format!("[{{\"ClientURI\":\"u/1/\",\"MOData\":{}{}}}]", "{\"A\":".repeat(depth) + "0", "}".repeat(depth))
    };
    assert!(MoData::parse(nested(64).as_bytes()).is_ok());
    assert_eq!(MoData::parse(nested(65).as_bytes()).map_err(|error| error.kind()), Err(ErrorKind::TooDeep));
}

/// Alert data is confined: what is too deep is left out, the package lives on.
#[test]
fn alert_data() {
    let text = br#"{"Status":[],"Alert":[{"AlertType":"t","DataType":"x","Data":{"a":[[]]}}]}"#;
    let read = |strictness, depth| {
        let parsed = Package3::parse_with(text, strictness, &D.with_max_depth(depth)).unwrap();
        (
            parsed.value.alerts.len(),
            parsed.value.alerts.iter().all(|alert| alert.data.is_some()),
            parsed.deviations.len(),
        )
    };
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        assert_eq!(read(strictness, 3), (1, true, 0));
    }
    assert_eq!(read(Strictness::Strict, 2), (0, true, 1));
    assert_eq!(read(Strictness::Lenient, 2), (1, false, 1));
}

#[test]
fn addresses() {
    let text = "urn:x/1/Name";
    let parse = |limit| ClientUri::parse_with(text, Strictness::Strict, &D.with_max_uri_len(limit));
    assert!(parse(text.len()).is_ok());
    assert_eq!(parse(text.len() - 1).map_err(|error| error.kind()), Err(ErrorKind::UriTooLong));
}

#[test]
fn writer() {
    let written = |depth: usize| {
        let mut writer = MoWriter::new();
        (0..depth).for_each(|_| writer.enter("A"));
        (0..depth).for_each(|_| writer.leave());
        writer.finish()
    };
    // The object around everything is one of the 64 levels.
    let deepest = written(63).unwrap();
    assert!(MoData::parse(format!("[{{\"ClientURI\":\"u/1/\",\"MOData\":{}}}]", deepest.raw()).as_bytes()).is_ok());
    assert_eq!(written(64).map_err(|error| error.kind()), Err(ErrorKind::TooDeep));

    let mut writer = MoWriter::new();
    writer.leave();
    assert_eq!(writer.finish().map_err(|error| (error.kind(), error.offset())), Err((ErrorKind::MoUnbalanced, 1)));
    let mut writer = MoWriter::new();
    writer.enter("A");
    assert_eq!(writer.finish().map_err(|error| error.kind()), Err(ErrorKind::MoUnbalanced));
    assert_eq!(MoWriter::new().finish().map_err(|error| error.kind()), Err(ErrorKind::MoOuterName));
    let mut writer = MoWriter::new();
    writer.int("A", 1);
    writer.int("B", 1);
    assert_eq!(writer.finish().map_err(|error| error.kind()), Err(ErrorKind::MoOuterName));
    for number in ["", "1,", "01", "x", " 1", "\"1\"", "1 2", "NaN"] {
        let mut writer = MoWriter::new();
        writer.number("A", number);
        assert_eq!(writer.finish().map_err(|error| error.kind()), Err(ErrorKind::MoNumber), "{number}");
    }
}

/// Linear time: what would take minutes if it were quadratic.
#[test]
fn many_names_and_deep_texts() {
    let names: Vec<String> = (0..60_000).map(|index| format!("\"n{}\":0", index / 2)).collect();
    let text = format!("[{{\"ClientURI\":\"u/1/\",\"MOData\":{{\"X\":{{{}}}}}}}]", names.join(","));
    let parsed = MoData::parse_with(text.as_bytes(), Strictness::Lenient, &D).unwrap();
    assert_eq!(parsed.deviations.len(), 30_000);
    assert_eq!(parsed.value.items[0].walk().count(), 30_002);

    let deep = "[".repeat(500_000);
    for text in
        [deep.clone(), format!("{{\"CMD\":{deep}"), format!("{{\"x\":{}{},\"CMD\":[]}}", deep, "]".repeat(500_000))]
    {
        let result = Package2::parse(text.as_bytes());
        assert_eq!(result.is_ok(), text.ends_with("[]}") && text.len() <= D.max_package_len);
    }
    let extra = format!("{{\"Status\":[],\"x\":{}{}}}", &deep[..1000], "]".repeat(1000));
    assert_eq!(Package3::parse(extra.as_bytes()).map_err(|error| error.kind()), Err(ErrorKind::TooDeep));
}
