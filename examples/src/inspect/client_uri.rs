//! A ClientURI by itself.

use dm_package::{ClientUri, Component, Limits};

use super::packages::deviation;
use super::{Format, Look, Options, Refusal, Report};
use crate::output::json::Json;
use crate::output::outline::Item;
use crate::output::style::NOTE;

pub(super) const CLIENT_URI: Format =
    Format { kind: "dm2-client-uri", title: "DM 2.0 ClientURI", looks_like, read, convert: None };

fn looks_like(look: &Look<'_>) -> bool {
    look.text().is_some_and(|text| {
        text.trim().len() > 4 && text.trim().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
    })
}

fn read(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let text = std::str::from_utf8(bytes)?;
    // An address on a line of its own.
    let parsed = ClientUri::parse_with(text.trim_end_matches(['\r', '\n']), options.strictness, &Limits::DEFAULT)?;
    let uri = parsed.value;
    let conditions: Vec<(char, Vec<String>, String)> = uri
        .nv()
        .map(|nv| (nv.x_name, nv.names().map(|name| name.into_owned()).collect(), nv.value.into_owned()))
        .collect();
    let cv = uri.cv().map(|cv| cv.into_owned());

    let mut items = vec![Item::new("MOID").value(uri.moid()), item("instance", &uri.instance())];
    items.push(Item::new("path").with_all(uri.path().enumerate().map(|(n, part)| item(&(n + 1).to_string(), &part))));
    items.extend(conditions.iter().map(|(x_name, names, value)| {
        Item::new(format!("where ({x_name})")).value(format!("{} is {value}", names.join("/")))
    }));
    items.extend(cv.as_ref().map(|cv| Item::new("cv").value(cv)));

    let nv = conditions.iter().map(|(x_name, names, value)| {
        Json::object().with("x_name", x_name.to_string()).with("names", names.clone()).with("value", value.as_str())
    });
    let json = Json::object()
        .with("uri", uri.as_str())
        .with("moid", uri.moid())
        .with("instance", json(&uri.instance()))
        .with("path", uri.path().map(|part| json(&part)).collect::<Json>())
        .with("nv", nv.collect::<Json>())
        .with("cv", cv);
    Ok(Report {
        items,
        json,
        deviations: parsed.deviations.iter().map(deviation).collect(),
        unlisted: 0,
        findings: None,
        refusal: None,
    })
}

fn item(name: &str, part: &Component<'_>) -> Item {
    match part {
        Component::Name(text) => Item::new(name).value(text),
        Component::XName(letter) => Item::new(name).styled(format!("({letter})"), NOTE).remark("chosen by nv"),
        Component::Wildcard => Item::new(name).styled("*", NOTE).remark("any"),
        Component::Empty => Item::new(name).styled("—", NOTE).remark("the only one"),
    }
}

fn json(part: &Component<'_>) -> Json {
    match part {
        Component::Name(text) => Json::object().with("name", text.as_ref()),
        Component::XName(letter) => Json::object().with("x_name", letter.to_string()),
        Component::Wildcard => Json::object().with("wildcard", true),
        Component::Empty => Json::Null,
    }
}
