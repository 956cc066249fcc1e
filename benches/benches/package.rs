//! Packages 1 to 3 and ClientURI. Peers: serde_json into derived types.
//!
//! What the peers leave out: they know neither the twelve commands nor their parameters, no limits, no deviations and
//! no offsets; the borrowing peer fails on any string with an escape; `Value` keeps nothing borrowed.

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dm_package::{
    Alert, ClientUri, Command, Json, Mark, MoItem, MoWriter, MosItem, Package1, Package2, Package3, Resolve, Status,
    StatusCode, Str,
};
use serde::{Deserialize, Serialize};

/// Derived types that borrow every string. They fail on escapes.
mod borrowed {
    use super::{Deserialize, Serialize};
    use serde_json::value::RawValue;

    #[derive(Deserialize, Serialize)]
    pub struct P1<'a> {
        #[serde(borrow, rename = "MOS")]
        pub mos: Option<Vec<Mos<'a>>>,
        #[serde(borrow, rename = "Alert")]
        pub alerts: Vec<Alert<'a>>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Mos<'a> {
        #[serde(rename = "DDF")]
        pub ddf: Option<&'a str>,
        #[serde(rename = "MOID")]
        pub moid: &'a str,
        #[serde(borrow, rename = "MIID")]
        pub miids: Vec<&'a str>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Alert<'a> {
        #[serde(rename = "AlertType")]
        pub alert_type: &'a str,
        #[serde(rename = "SourceURI", skip_serializing_if = "Option::is_none")]
        pub source_uri: Option<&'a str>,
        #[serde(rename = "TargetURI", skip_serializing_if = "Option::is_none")]
        pub target_uri: Option<&'a str>,
        #[serde(rename = "Mark", skip_serializing_if = "Option::is_none")]
        pub mark: Option<&'a str>,
        #[serde(rename = "DataType", skip_serializing_if = "Option::is_none")]
        pub data_type: Option<&'a str>,
        #[serde(borrow, rename = "Data", skip_serializing_if = "Option::is_none")]
        pub data: Option<&'a RawValue>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct P2<'a> {
        #[serde(borrow, rename = "CMD")]
        pub commands: Vec<Vec<&'a str>>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct P3<'a> {
        #[serde(borrow, rename = "Status")]
        pub statuses: Vec<Status<'a>>,
        #[serde(borrow, default, rename = "Alert", skip_serializing_if = "Vec::is_empty")]
        pub alerts: Vec<Alert<'a>>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Status<'a> {
        pub sc: u16,
        #[serde(borrow, default, rename = "URI", skip_serializing_if = "Vec::is_empty")]
        pub uris: Vec<&'a str>,
        #[serde(borrow, default, rename = "Data", skip_serializing_if = "Vec::is_empty")]
        pub data: Vec<Item<'a>>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Item<'a> {
        #[serde(rename = "ClientURI")]
        pub client_uri: &'a str,
        #[serde(borrow, rename = "MOData")]
        pub mo_data: &'a RawValue,
    }
}

/// Derived types that own every string.
mod owned {
    use super::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "UPPERCASE")]
    pub struct P1 {
        pub mos: Option<Vec<Mos>>,
        #[serde(rename = "Alert")]
        pub alerts: Vec<Alert>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Mos {
        #[serde(rename = "DDF")]
        pub ddf: Option<String>,
        #[serde(rename = "MOID")]
        pub moid: String,
        #[serde(rename = "MIID")]
        pub miids: Vec<String>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Alert {
        pub alert_type: String,
        #[serde(rename = "SourceURI")]
        pub source_uri: Option<String>,
        #[serde(rename = "TargetURI")]
        pub target_uri: Option<String>,
        pub mark: Option<String>,
        pub data_type: Option<String>,
        pub data: Option<Value>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct P2 {
        #[serde(rename = "CMD")]
        pub commands: Vec<Vec<String>>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct P3 {
        #[serde(rename = "Status")]
        pub statuses: Vec<Status>,
        #[serde(default, rename = "Alert")]
        pub alerts: Vec<Alert>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Status {
        pub sc: u16,
        #[serde(default, rename = "URI")]
        pub uris: Vec<String>,
        #[serde(default, rename = "Data")]
        pub data: Vec<Item>,
    }

    #[derive(Deserialize, Serialize)]
    pub struct Item {
        #[serde(rename = "ClientURI")]
        pub client_uri: String,
        #[serde(rename = "MOData")]
        pub mo_data: Value,
    }
}

fn package1(entries: usize) -> Package1<'static> {
    let mos = (0..entries).map(|index| {
        let miids = (0..3).map(|instance| Str::from(format!("{instance}"))).collect();
        MosItem::new(format!("urn:example:mo:type-{index}:1.0"), miids)
            .with_ddf(format!("https://ddf.example/{index}.ddf"))
    });
    Package1::new(vec![Alert::server_initiated(Some(48879))]).with_mos(mos.collect())
}

fn package2(commands: usize) -> Package2<'static> {
    let command = |index: usize| match index % 5 {
        0 => Command::hget(format!("https://repo.example/profiles/fleet-{index}")),
        1 => Command::hput(
            format!("https://repo.example/inventory/{index}"),
            ["urn:oma:mo:oma-dm-devinfo:1.2//", "urn:oma:mo:oma-fumo:1.0/apps/State"],
        ),
        2 => Command::exec(format!("urn:oma:mo:oma-fumo:1.0/apps-{index}/Update")),
        3 => Command::get("urn:oma:mo:oma-sessioninfomo:1.0//CBT"),
        _ => Command::sub("https://repo.example/sub", format!("urn:example:mo:sensor:1.0/{index}/Data")),
    };
    Package2::new((0..commands).map(|index| command(index).unwrap()).collect())
}

fn package3(statuses: usize) -> Package3<'static> {
    let status = |index: usize| match index % 3 {
        0 => Status::new(StatusCode::OK).with_uris(vec![format!("urn:example:mo:profile:1.0/{index}/").into()]),
        1 => Status::new(StatusCode::ACCEPTED),
        _ => {
            let mut values = MoWriter::new();
            values.enter("Data");
            values.text("Date", "12.2");
            values.int("Value", 17);
            values.leave();
            let item = MoItem::new(format!("urn:example:mo:sensor:1.0/{index}/Data"), values.finish().unwrap());
            Status::new(StatusCode::OK).with_data(vec![item])
        }
    };
    let alert = Alert::new("urn:oma:at:dcmo:1.0:OperationComplete")
        .with_source_uri("urn:oma:mo:oma-dcmo:1.0/cam/Operations/Enable")
        .with_mark(Mark::Warning)
        .with_data("int", Json::parse(r#"{"DM1x":1200}"#).unwrap());
    Package3::new((0..statuses).map(status).collect()).with_alerts(vec![alert])
}

macro_rules! parse_and_encode {
    ($criterion:ident, $name:literal, $build:ident, $own:ident, $peer:ident) => {
        for entries in [3, 300] {
            let package = $build(entries);
            let text = package.to_vec().unwrap();
            let text = text.as_slice();

            let mut group = $criterion.benchmark_group(concat!("package/parse_", $name));
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new("dm-package", entries), |b| {
                b.iter(|| $own::parse(black_box(text)).unwrap())
            });
            group.bench_function(BenchmarkId::new("serde_json-borrowed", entries), |b| {
                b.iter(|| serde_json::from_slice::<borrowed::$peer<'_>>(black_box(text)).unwrap())
            });
            group.bench_function(BenchmarkId::new("serde_json-owned", entries), |b| {
                b.iter(|| serde_json::from_slice::<owned::$peer>(black_box(text)).unwrap())
            });
            group.bench_function(BenchmarkId::new("serde_json-Value", entries), |b| {
                b.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(text)).unwrap())
            });
            group.finish();

            let mut group = $criterion.benchmark_group(concat!("package/encode_", $name));
            group.throughput(Throughput::Bytes(text.len() as u64));
            let mut out = Vec::new();
            group.bench_function(BenchmarkId::new("dm-package", entries), |b| {
                b.iter(|| {
                    out.clear();
                    black_box(&package).encode(&mut out).unwrap();
                    out.len()
                })
            });
            // The peers check nothing: any text passes for a URI.
            let peer: borrowed::$peer<'_> = serde_json::from_slice(text).unwrap();
            group.bench_function(BenchmarkId::new("serde_json-to_vec", entries), |b| {
                b.iter(|| serde_json::to_vec(black_box(&peer)).unwrap().len())
            });
            let mut out = Vec::new();
            group.bench_function(BenchmarkId::new("serde_json-to_writer", entries), |b| {
                b.iter(|| {
                    out.clear();
                    serde_json::to_writer(&mut out, black_box(&peer)).unwrap();
                    out.len()
                })
            });
            group.finish();
        }
    };
}

fn packages(criterion: &mut Criterion) {
    parse_and_encode!(criterion, "package1", package1, Package1, P1);
    parse_and_encode!(criterion, "package2", package2, Package2, P2);
    parse_and_encode!(criterion, "package3", package3, Package3, P3);

    // Texts that take the complete way: white space does not, an unknown member does.
    let plain = package2(300).to_vec().unwrap();
    let mut odd = plain.clone();
    odd.truncate(plain.len() - 1);
    odd.extend_from_slice(b",\"x\":0}");
    let mut group = criterion.benchmark_group("package/parse_package2_unusual");
    group.throughput(Throughput::Bytes(odd.len() as u64));
    group.bench_function(BenchmarkId::new("dm-package", 300), |b| b.iter(|| Package2::parse(black_box(&odd)).unwrap()));
    group.bench_function(BenchmarkId::new("serde_json-borrowed", 300), |b| {
        b.iter(|| serde_json::from_slice::<borrowed::P2<'_>>(black_box(&odd)).unwrap())
    });
    group.finish();
}

/// Two instances with `ID`, `Setting` and three `Data/n/{Date,Value}` each.
struct Sensors;

#[derive(Clone)]
struct Place(Vec<Cow<'static, str>>);

impl Place {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|name| &**name).collect()
    }

    fn below(&self, name: &str) -> Self {
        let mut path = self.0.clone();
        path.push(name.to_owned().into());
        Self(path)
    }
}

fn names_below(place: &Place) -> &'static [&'static str] {
    match place.names().as_slice() {
        [_] => &["ID", "Setting", "Data"],
        [_, "Data"] => &["1", "2", "3"],
        [_, "Data", _] => &["Date", "Value"],
        _ => &[],
    }
}

impl Resolve for Sensors {
    type Node = Place;

    fn instances(&self, moid: &str, visit: &mut dyn FnMut(&str, Place)) {
        if moid == "urn:example:mo:sensor:1.0" {
            for miid in ["west", "east"] {
                visit(miid, Place(vec![miid.into()]));
            }
        }
    }

    fn child(&self, node: &Place, name: &str) -> Option<Place> {
        names_below(node).contains(&name).then(|| node.below(name))
    }

    fn children(&self, node: &Place, visit: &mut dyn FnMut(Place)) {
        for name in names_below(node) {
            visit(node.below(name));
        }
    }

    fn leaf_equals(&self, node: &Place, value: &str) -> bool {
        match node.names().as_slice() {
            ["west", "ID"] => value == "GPS",
            ["east", "ID"] => value == "Temperature",
            [_, "Data", number, "Date"] => value.strip_prefix("12.") == Some(*number),
            _ => false,
        }
    }
}

fn client_uri(criterion: &mut Criterion) {
    let short = "urn:example:mo:sensor:1.0/west/Setting";
    let long = "urn:example:mo:sensor:1.0/(x)/Data/(y)/Value?nv=(x)/ID:GPS&nv=(y)/Date:12.2&cv=9f2c";
    let mut group = criterion.benchmark_group("package/client_uri");
    for (name, text) in [("plain", short), ("query", long)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group
            .bench_function(BenchmarkId::new("parse", name), |b| b.iter(|| ClientUri::parse(black_box(text)).unwrap()));
        let uri = ClientUri::parse(text).unwrap();
        group.bench_function(BenchmarkId::new("resolve", name), |b| {
            b.iter(|| black_box(&uri).resolve(&Sensors).unwrap())
        });
    }
    group.finish();
}

criterion_group!(benches, packages, client_uri);
criterion_main!(benches);
