//! The JSON packages of DM 2.0, and management object data.

use dm_package::{
    Alert, Command, Json as Raw, Limits, MoData, MoItem, MosItem, Node, Package1, Package2, Package3, Scalar, Status,
    Str,
};

use super::{Deviation, Format, Look, Options, Refusal, Report};
use crate::output::json::Json;
use crate::output::outline::Item;
use crate::output::style::{self, BAD, FAINT, GOOD, NOTE};

pub(super) const PACKAGE_1: Format = Format {
    kind: "dm2-package1",
    title: "DM 2.0 Package#1 (initiation)",
    looks_like: |look| look.has("MOS") || look.has("Alert"),
    read: read_1,
    convert: None,
};

pub(super) const PACKAGE_2: Format = Format {
    kind: "dm2-package2",
    title: "DM 2.0 Package#2 (commands)",
    looks_like: |look| look.has("CMD"),
    read: read_2,
    convert: None,
};

pub(super) const PACKAGE_3: Format = Format {
    kind: "dm2-package3",
    title: "DM 2.0 Package#3 (statuses)",
    looks_like: |look| look.has("Status"),
    read: read_3,
    convert: None,
};

pub(super) const MO_DATA: Format = Format {
    kind: "dm2-mo-data",
    title: "DM 2.0 management object data",
    looks_like: |look: &Look<'_>| look.has("MOData") || look.has("ClientURI") || look.bytes.trim_ascii() == b"[]",
    read: read_mo,
    convert: None,
};

fn read_1(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let parsed = Package1::parse_with(bytes, options.strictness, &Limits::DEFAULT)?;
    let package = parsed.value;
    let mut items = Vec::new();
    if let Some(mos) = &package.mos {
        items.push(Item::new("MOS").with_all(mos.iter().map(mos_item)));
    }
    items.extend(alerts_item(&package.alerts));
    let json = Json::object()
        .with("mos", package.mos.as_ref().map(|mos| mos.iter().map(mos_json).collect::<Json>()))
        .with("alerts", package.alerts.iter().map(alert_json).collect::<Json>());
    Ok(Report {
        items,
        json,
        deviations: parsed.deviations.iter().map(deviation).collect(),
        unlisted: 0,
        findings: None,
        refusal: None,
    })
}

fn read_2(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let parsed = Package2::parse_with(bytes, options.strictness, &Limits::DEFAULT)?;
    let commands = &parsed.value.commands;
    let lines = commands.iter().enumerate().map(|(index, command)| {
        let item = Item::new((index + 1).to_string());
        match command {
            Command::Unknown { name, params } => {
                let text = format!("{} {}", name.as_str(), join(params));
                item.styled(style::short(text.trim_end(), 400), BAD).remark("unknown, answered 501")
            }
            Command::Malformed(entry) => {
                let text = style::short(entry.raw().raw(), 120);
                item.styled(text, BAD).remark(format!("{}, answered 400", entry.error()))
            }
            _ => item.value(command_text(command)),
        }
    });
    let items = vec![Item::new("CMD").with_all(lines)];
    let json = Json::object().with("commands", commands.iter().map(command_json).collect::<Json>());
    Ok(Report {
        items,
        json,
        deviations: parsed.deviations.iter().map(deviation).collect(),
        unlisted: 0,
        findings: None,
        refusal: None,
    })
}

fn read_3(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let parsed = Package3::parse_with(bytes, options.strictness, &Limits::DEFAULT)?;
    let package = parsed.value;
    let statuses = package.statuses.iter().enumerate().map(|(index, status)| status_item(index, status));
    let mut items = vec![Item::new("Status").with_all(statuses)];
    items.extend(alerts_item(&package.alerts));
    items.extend(package.extra.iter().map(extra_item));
    let json = Json::object()
        .with("statuses", package.statuses.iter().map(status_json).collect::<Json>())
        .with("alerts", package.alerts.iter().map(alert_json).collect::<Json>())
        .with("extra", extra_json(&package.extra));
    Ok(Report {
        items,
        json,
        deviations: parsed.deviations.iter().map(deviation).collect(),
        unlisted: 0,
        findings: None,
        refusal: None,
    })
}

fn read_mo(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let parsed = MoData::parse_with(bytes, options.strictness, &Limits::DEFAULT)?;
    let items = parsed.value.items.iter().map(mo_item).collect();
    let json = Json::object().with("items", parsed.value.items.iter().map(mo_json).collect::<Json>());
    Ok(Report {
        items,
        json,
        deviations: parsed.deviations.iter().map(deviation).collect(),
        unlisted: 0,
        findings: None,
        refusal: None,
    })
}

pub(super) fn deviation(deviation: &dm_package::Deviation) -> Deviation {
    Deviation {
        kind: format!("{:?}", deviation.kind()),
        cause: deviation.kind().to_string(),
        offset: deviation.offset(),
    }
}

// --- what people read ---------------------------------------------------------------------------------

/// A command as one line: its name and its parameters in the order of the wire.
pub(crate) fn command_text(command: &Command<'_>) -> String {
    let mut text = command.name().to_owned();
    for parameter in parameters(command) {
        text.push(' ');
        text += &style::safe(parameter);
    }
    text
}

/// The parameters of a command in the order of the wire.
pub(crate) fn parameters<'c>(command: &'c Command<'_>) -> Vec<&'c str> {
    let server = command.server_uri().map(Str::as_str);
    let clients = command.client_uris().iter().map(Str::as_str);
    match command {
        Command::Exec { .. } => clients.chain(server).collect(),
        Command::Default { moid, .. } => server.into_iter().chain([moid.as_str()]).collect(),
        Command::Unknown { params, .. } => params.iter().map(Str::as_str).collect(),
        _ => server.into_iter().chain(clients).collect(),
    }
}

fn mos_item(mos: &MosItem<'_>) -> Item {
    let item =
        Item::new(mos.moid.as_str()).value(if mos.miids.is_empty() { "no instance".into() } else { join(&mos.miids) });
    match &mos.ddf {
        Some(ddf) => item.remark(style::safe(ddf)),
        None => item,
    }
}

/// All alerts under one heading; nothing if there is none.
fn alerts_item(alerts: &[Alert<'_>]) -> Option<Item> {
    (!alerts.is_empty()).then(|| Item::new("Alert").with_all(alerts.iter().map(alert_item)))
}

/// An alert with what it carries below it.
pub(crate) fn alert_item(alert: &Alert<'_>) -> Item {
    let mark = alert.effective_mark();
    let mut item = Item::new(alert.alert_type.as_str());
    if alert.session_start().is_some() {
        item = item.remark("session start");
    } else if alert.mark.is_some() {
        let style = if mark > dm_package::Mark::Informational { NOTE } else { FAINT };
        item = item.styled(mark.as_str(), style);
    }
    item = item.with_all(alert.source_uri.as_ref().map(|uri| Item::new("from").value(uri)));
    item = item.with_all(alert.target_uri.as_ref().map(|uri| Item::new("to").value(uri)));
    let data = alert.data.as_ref().map(|data| {
        Item::new("data")
            .value(data.raw())
            .remark(alert.data_type.as_ref().map_or_else(String::new, |t| style::safe(t)))
    });
    item.with_all(data)
}

fn status_item(index: usize, status: &Status<'_>) -> Item {
    let colour = if status.sc.is_success() { GOOD } else { BAD };
    let text = match status.sc.name() {
        Some(name) => format!("{} {name}", status.sc),
        None => status.sc.to_string(),
    };
    Item::new((index + 1).to_string())
        .styled(text, colour)
        .with_all(status.uris.iter().map(|uri| Item::new("stored at").value(uri)))
        .with_all(status.data.iter().map(mo_item))
        .with_all(status.extra.iter().map(extra_item))
}

fn extra_item((name, value): &(Str<'_>, Raw<'_>)) -> Item {
    Item::new(name.as_str()).styled(style::short(value.raw(), 120), NOTE).remark("not in the standard")
}

/// One serialized node with everything below it.
pub(crate) fn mo_item(item: &MoItem<'_>) -> Item {
    let address = if item.client_uri.is_empty() { "no ClientURI" } else { item.client_uri.as_str() };
    Item::new(address)
        .with_all(item.ddf.as_ref().map(|ddf| Item::new("DDF").value(ddf)))
        .with_all(item.cv.as_ref().map(|cv| Item::new("CV").value(cv)))
        .with_all(nodes(item))
}

/// The nodes of a serialization, nested.
fn nodes(item: &MoItem<'_>) -> Vec<Item> {
    let mut open: Vec<(Item, Vec<Item>)> = Vec::new();
    let mut done = Vec::new();
    for step in item.walk() {
        let finished = match step {
            Ok(Node::Enter(name)) => {
                open.push((Item::new(name.as_str()), Vec::new()));
                continue;
            }
            Ok(Node::Leaf(name, value)) => Item::new(name.as_str()).value(scalar(&value)),
            Ok(Node::Leave) => match open.pop() {
                Some((item, below)) => item.with_all(below),
                None => break,
            },
            Err(_) => break, // not reached: parsing has checked it
        };
        open.last_mut().map_or(&mut done, |(_, below)| below).push(finished);
    }
    done
}

/// The value of a leaf as it is shown.
pub(crate) fn scalar(value: &Scalar<'_>) -> String {
    match value {
        Scalar::Text(text) => format!("\"{}\"", text.as_str()),
        Scalar::Number(digits) => (*digits).into(),
        Scalar::Bool(truth) => truth.to_string(),
        Scalar::Null => "null".into(),
    }
}

fn join(texts: &[Str<'_>]) -> String {
    texts.iter().map(|text| style::safe(text)).collect::<Vec<_>>().join(" ")
}

// --- what machines read -------------------------------------------------------------------------------

pub(crate) fn mos_json(mos: &MosItem<'_>) -> Json {
    Json::object().with("ddf", mos.ddf.as_ref()).with("moid", &mos.moid).with("miids", texts(&mos.miids))
}

pub(crate) fn alert_json(alert: &Alert<'_>) -> Json {
    let json = Json::object()
        .with("alert_type", &alert.alert_type)
        .with("session_start", alert.session_start().is_some())
        .with("notification_id", alert.notification_id());
    json.with("source_uri", alert.source_uri.as_ref())
        .with("target_uri", alert.target_uri.as_ref())
        .with("mark", alert.mark.map(dm_package::Mark::as_str))
        .with("data_type", alert.data_type.as_ref())
        .with("data", alert.data.as_ref())
}

pub(crate) fn command_json(command: &Command<'_>) -> Json {
    let json = Json::object()
        .with("name", command.name())
        .with("server_uri", command.server_uri())
        .with("client_uris", texts(command.client_uris()));
    match command {
        Command::Default { moid, .. } => json.with("moid", moid),
        Command::Unknown { params, .. } => json.with("params", texts(params)).with("status", 501_u16),
        Command::Malformed(entry) => json.with("raw", entry.raw()).with("status", 400_u16).with(
            "error",
            Json::object().with("kind", format!("{:?}", entry.error().kind())).with("offset", entry.error().offset()),
        ),
        _ => json,
    }
}

pub(crate) fn status_json(status: &Status<'_>) -> Json {
    Json::object()
        .with("sc", status.sc.as_u16())
        .with("name", status.sc.name())
        .with("uris", texts(&status.uris))
        .with("data", status.data.iter().map(mo_json).collect::<Json>())
        .with("extra", extra_json(&status.extra))
}

pub(crate) fn mo_json(item: &MoItem<'_>) -> Json {
    Json::object()
        .with("client_uri", &item.client_uri)
        .with("ddf", item.ddf.as_ref())
        .with("cv", item.cv.as_ref())
        .with("mo_data", &item.mo_data)
}

fn extra_json(extra: &[(Str<'_>, Raw<'_>)]) -> Json {
    Json::Object(extra.iter().map(|(name, value)| (name.as_str().to_owned(), Json::from(value))).collect())
}

fn texts(texts: &[Str<'_>]) -> Json {
    texts.iter().collect()
}
