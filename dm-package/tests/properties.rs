//! What must hold for every value and every text.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod sensor;

use std::collections::BTreeMap;

use dm_package::{
    AcceptList, Alert, ClientUri, ClientUriBuilder, Command, Component, Dm1Alert, ErrorKind, Json, Limits, Mark,
    MediaType, MoData, MoItem, MoWriter, MosItem, Node, Package1, Package2, Package3, Parsed, PathMap, Scalar,
    ServerUri, SliceSink, Status, StatusCode, Str, Strictness,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sensor::{Place, Store, Tree};

// ---------------------------------------------------------------------------------------------------- values

fn text() -> impl Strategy<Value = Str<'static>> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", "[\u{0}-\u{1f}\"\\\\/a\u{7f}\u{2028}]{0,6}", "[a-z]{30,70}\"?"]
        .prop_map(Str::from)
}

fn server_uri() -> impl Strategy<Value = Str<'static>> {
    "https?://[a-z]{1,8}(\\.example)?(:[0-9]{1,4})?(/[a-zA-Z0-9._~!$&'()*+,;=:@-]{0,9}){0,3}(\\?[a-z=&/?]{0,9})?"
        .prop_map(Str::from)
}

fn miid() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]{0,4}", "\\PC{1,4}", Just("*".to_owned()), Just("(x)".to_owned())]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9]{1,6}", "\\PC{1,4}", Just("*".to_owned()), Just("(y)".to_owned()), Just("%".to_owned())]
}

const MOID: &str = "urn:example:mo:x:1.0";

fn client_uri() -> impl Strategy<Value = Str<'static>> {
    (miid(), vec(option::of(name()), 0..4), option::of("[a-z0-9]{1,8}")).prop_map(|(miid, names, cv)| {
        let mut builder = ClientUriBuilder::new(MOID).instance(&miid);
        for name in names {
            builder = match name {
                None => builder.wildcard(),
                Some(name) => builder.node(&name),
            };
        }
        if let Some(cv) = cv {
            builder = builder.cv(&cv);
        }
        Str::from(builder.build().unwrap())
    })
}

fn command() -> impl Strategy<Value = Command<'static>> {
    prop_oneof![
        (server_uri(), option::of(client_uri()))
            .prop_map(|(server_uri, client_uri)| Command::HGet { server_uri, client_uri }),
        (server_uri(), vec(client_uri(), 1..4))
            .prop_map(|(server_uri, client_uris)| Command::HPut { server_uri, client_uris }),
        (server_uri(), vec(client_uri(), 1..4))
            .prop_map(|(server_uri, client_uris)| Command::HPost { server_uri, client_uris }),
        client_uri().prop_map(|uri| Command::Delete { client_uris: vec![uri] }),
        (client_uri(), option::of(server_uri()))
            .prop_map(|(client_uri, server_uri)| Command::Exec { client_uri, server_uri }),
        client_uri().prop_map(|uri| Command::Get { client_uris: vec![uri] }),
        server_uri().prop_map(|server_uri| Command::Show { server_uri }),
        server_uri().prop_map(|server_uri| Command::Cont { server_uri }),
        (server_uri(), "urn:[a-z:.0-9]{1,12}")
            .prop_map(|(server_uri, moid)| Command::Default { server_uri, moid: moid.into() }),
        (server_uri(), client_uri()).prop_map(|(server_uri, client_uri)| Command::Sub { server_uri, client_uri }),
        client_uri().prop_map(|client_uri| Command::UnSub { client_uri }),
    ]
}

fn package2() -> impl Strategy<Value = Package2<'static>> {
    (vec(command(), 0..8), option::of(0_usize..8)).prop_map(|(mut commands, end)| {
        if let Some(place) = end {
            commands.insert(place.min(commands.len()), Command::End);
        }
        Package2::new(commands)
    })
}

/// A node by its name: a value or more nodes.
#[derive(Clone, Debug)]
enum Value {
    Leaf(u8, String, i64),
    Interior(BTreeMap<String, Self>),
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = (0_u8..6, "\\PC{0,6}", any::<i64>()).prop_map(|(kind, text, number)| Value::Leaf(kind, text, number));
    leaf.prop_recursive(4, 24, 4, |inner| {
        proptest::collection::btree_map("\\PC{0,5}", inner, 0..4).prop_map(Value::Interior)
    })
}

fn write(writer: &mut MoWriter, name: &str, value: &Value, nodes: &mut Vec<String>) {
    let mut leaf = |text: String| nodes.push(format!("{name:?}={text}"));
    match value {
        Value::Leaf(0, text, _) => {
            writer.text(name, text);
            leaf(format!("{text:?}"));
        }
        Value::Leaf(1, _, number) => {
            writer.int(name, *number);
            leaf(number.to_string());
        }
        Value::Leaf(2, _, number) => {
            writer.bool(name, *number > 0);
            leaf((*number > 0).to_string());
        }
        Value::Leaf(3, _, number) => {
            writer.number(name, &format!("{number}.5e-3"));
            leaf(format!("{number}.5e-3"));
        }
        Value::Leaf(4, _, _) => {
            writer.bytes(name, &[1, 2]);
            leaf("\"AQI=\"".to_owned());
        }
        Value::Leaf(..) => {
            writer.null(name);
            leaf("null".to_owned());
        }
        Value::Interior(children) => {
            writer.enter(name);
            nodes.push(format!("+{name:?}"));
            for (name, value) in children {
                write(writer, name, value, nodes);
            }
            writer.leave();
            nodes.push("-".to_owned());
        }
    }
}

fn walked(item: &MoItem<'_>) -> Vec<String> {
    item.walk()
        .map(|node| match node.unwrap() {
            Node::Enter(name) => format!("+{name:?}"),
            Node::Leave => "-".to_owned(),
            Node::Leaf(name, Scalar::Text(text)) => format!("{name:?}={text:?}"),
            Node::Leaf(name, Scalar::Number(text)) => format!("{name:?}={text}"),
            Node::Leaf(name, Scalar::Bool(value)) => format!("{name:?}={value}"),
            Node::Leaf(name, Scalar::Null) => format!("{name:?}=null"),
        })
        .collect()
}

/// MOData and the nodes it is made of.
fn node_data() -> impl Strategy<Value = (Json<'static>, Vec<String>)> {
    ("\\PC{0,5}", value()).prop_map(|(name, value)| {
        let mut writer = MoWriter::new();
        let mut nodes = Vec::new();
        write(&mut writer, &name, &value, &mut nodes);
        (writer.finish().unwrap(), nodes)
    })
}

fn mo_item() -> impl Strategy<Value = MoItem<'static>> {
    (client_uri(), node_data(), option::of(text()), option::of(text()))
        .prop_map(|(client_uri, (mo_data, _), ddf, cv)| MoItem { client_uri, mo_data, ddf, cv })
}

fn json() -> impl Strategy<Value = Json<'static>> {
    prop_oneof![
        any::<i64>().prop_map(Json::int),
        any::<bool>().prop_map(Json::bool),
        "\\PC{0,6}".prop_map(|text| Json::string(&text)),
        Just(Json::null()),
        Just(Json::parse("[1, {\"a\" : []}]").unwrap()),
        node_data().prop_map(|(data, _)| data),
    ]
}

fn extra() -> impl Strategy<Value = Vec<(Str<'static>, Json<'static>)>> {
    proptest::collection::btree_map("x\\PC{0,4}", json(), 0..3)
        .prop_map(|members| members.into_iter().map(|(name, value)| (Str::from(name), value)).collect())
}

fn alert() -> impl Strategy<Value = Alert<'static>> {
    (
        text(),
        option::of(client_uri()),
        option::of(client_uri()),
        option::of(select(&Mark::ALL[..])),
        option::of((text(), option::of(node_data()))),
    )
        .prop_map(|(alert_type, source_uri, target_uri, mark, typed)| {
            let (data_type, data) = typed.unzip();
            Alert { alert_type, source_uri, target_uri, mark, data_type, data: data.flatten().map(|(data, _)| data) }
        })
}

fn package1() -> impl Strategy<Value = Package1<'static>> {
    let item =
        (option::of(text()), text(), vec(text(), 0..4)).prop_map(|(ddf, moid, miids)| MosItem { ddf, moid, miids });
    let start = prop_oneof![
        option::of(any::<u16>()).prop_map(Alert::server_initiated),
        Just(Alert::client_initiated()),
        Just(Alert::bootstrap_complete()),
    ];
    (option::of(vec(item, 0..4)), start, vec(alert(), 0..3)).prop_map(|(mos, start, mut alerts)| {
        alerts.insert(0, start);
        Package1 { mos, alerts }
    })
}

fn package3() -> impl Strategy<Value = Package3<'static>> {
    let status = (100_u16..600, vec(client_uri(), 0..3), vec(mo_item(), 0..3), extra())
        .prop_map(|(sc, uris, data, extra)| Status { sc: StatusCode::new(sc).unwrap(), uris, data, extra });
    (vec(status, 0..4), vec(alert(), 0..3), extra()).prop_map(|(statuses, alerts, extra)| Package3 {
        statuses,
        alerts,
        extra,
    })
}

// ---------------------------------------------------------------------------------------------------- properties

fn strict<T>(parse: impl Fn(Strictness) -> Result<Parsed<T>, dm_package::Error>) -> T
where
    T: PartialEq + core::fmt::Debug,
{
    let strict = parse(Strictness::Strict).unwrap();
    assert_eq!(strict.deviations, []);
    assert_eq!(parse(Strictness::Lenient).unwrap(), strict);
    strict.value
}

macro_rules! round_trips {
    ($( $test:ident, $strategy:expr, $type:ident, $odd:expr, $expected:expr; )+) => { proptest! { $(
        /// A value that can be sent comes back the same, in both modes, by either way through the decoder.
        #[test]
        fn $test(package in $strategy) {
            let text = package.to_vec().unwrap();
            prop_assert_eq!(package.encoded_len(), Ok(text.len()));
            prop_assert_eq!(&strict(|mode| $type::parse_with(&text, mode, &Limits::DEFAULT)), &package);
            // serde_json agrees that it is JSON, with each name once.
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok());

            // Owned equals borrowed.
            let parsed = $type::parse(&text).unwrap();
            prop_assert_eq!(&parsed.clone().into_owned(), &parsed);
            prop_assert_eq!(parsed.into_owned().to_vec(), Ok(text.clone()));

            // Appended, and to a slice: the same bytes, or nothing at all.
            let mut longer = vec![1, 2];
            package.encode(&mut longer).unwrap();
            prop_assert_eq!(&longer[2..], text.as_slice());
            let mut exact = vec![0; text.len()];
            package.encode(&mut SliceSink::new(&mut exact)).unwrap();
            prop_assert_eq!(&exact, &text);
            exact.pop();
            let mut short = SliceSink::new(&mut exact);
            let error = package.encode(&mut short).unwrap_err();
            prop_assert_eq!(error.kind(), ErrorKind::BufferTooSmall);
            prop_assert!(error.offset() <= text.len() && short.written().is_empty());

            // No prefix is a package, and none is said to be wrong beyond its end.
            for cut in 0..text.len() {
                let error = $type::parse(&text[..cut]).unwrap_err();
                prop_assert!(error.offset() <= cut, "{} of {}", error, cut);
            }

            // What the complete way makes of it is the same.
            let odd: Option<Vec<u8>> = $odd(&text);
            if let Some(odd) = odd {
                let expected: $type<'static> = $expected(package);
                prop_assert_eq!(&strict(|mode| $type::parse_with(&odd, mode, &Limits::DEFAULT)), &expected);
            }
        }
    )+ } };
}

/// An unknown member changes nothing but the way through the decoder.
fn with_member(text: &[u8]) -> Option<Vec<u8>> {
    let mut odd = b"{\"\\u0078-odd\":[{}]".to_vec();
    if text != b"{}" {
        odd.push(b',');
    }
    odd.extend_from_slice(&text[1..]);
    Some(odd)
}

/// The same for a serialization: a member of its first item.
fn with_item_member(text: &[u8]) -> Option<Vec<u8>> {
    let rest = text.strip_prefix(b"[{")?;
    Some([b"[{\"x-odd\":[{}],", rest].concat())
}

/// Package#3 keeps the member.
fn kept(mut package: Package3<'static>) -> Package3<'static> {
    package.extra.insert(0, ("x-odd".into(), Json::parse("[{}]").unwrap()));
    package
}

round_trips! {
    package1_round_trips, package1(), Package1, with_member, |same| same;
    package2_round_trips, package2(), Package2, with_member, |same| same;
    package3_round_trips, package3(), Package3, with_member, kept;
    serialization_round_trips, vec(mo_item(), 0..4).prop_map(MoData::new), MoData, with_item_member, |same| same;
}

/// Text that looks like a package, with any piece out of place.
fn nearly(kind: &'static str) -> impl Strategy<Value = String> {
    let pieces: &[&str] = match kind {
        "p1" => &[
            "\"MOS\"",
            "\"Alert\"",
            "\"MOID\"",
            "\"MIID\"",
            "\"DDF\"",
            "\"AlertType\"",
            "\"Data\"",
            "\"DataType\"",
            "\"Mark\"",
            "\"urn:oma:at:dm:2.0:ClientInitiatedMgmt\"",
            "\"minor\"",
        ],
        "p2" => &["\"CMD\"", "\"GET\"", "\"hput\"", "\"END\"", "\"https://h/\"", "\"urn:x/1/\"", "\"NEW\""],
        "p3" => &[
            "\"Status\"",
            "\"sc\"",
            "200",
            "\"URI\"",
            "\"Data\"",
            "\"Alert\"",
            "\"AlertType\"",
            "\"MOData\"",
            "\"ClientURI\"",
            "404.0",
        ],
        _ => &["\"ClientURI\"", "\"MOData\"", "\"CV\"", "\"DDF\"", "\"A\"", "\"urn:x/1/\""],
    };
    let value = prop_oneof![
        select(pieces).prop_map(str::to_owned),
        select(&["null", "true", "-1", "2e2", "\"\\ud800\"", "\"\\u0041\"", "\"\"", "{}", "[]"][..])
            .prop_map(str::to_owned),
    ];
    let names = select(pieces);
    value.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec((names.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, value)| {
                        if name.starts_with('"') { format!("{name}:{value}") } else { format!("\"{name}\" : {value}") }
                    })
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

macro_rules! texts {
    ($( $test:ident, $kind:literal, $type:ident; )+) => { proptest! { $(
        /// Whatever the text: no panic, offsets within it, strict accepts no more than lenient and with the same value,
        /// and what nothing was off with can be written and read again.
        #[test]
        fn $test(text in prop_oneof![nearly($kind), "\\PC{0,40}"], cut in 0_usize..400) {
            let mut text = text;
            if cut < text.len() && text.is_char_boundary(cut) {
                text.truncate(cut);
            }
            let bytes = text.as_bytes();
            let strict = $type::parse_with(bytes, Strictness::Strict, &Limits::DEFAULT);
            let lenient = $type::parse_with(bytes, Strictness::Lenient, &Limits::DEFAULT);
            for error in [strict.as_ref().err(), lenient.as_ref().err()].into_iter().flatten() {
                prop_assert!(error.offset() <= bytes.len());
            }
            for parsed in [&strict, &lenient].into_iter().flatten() {
                prop_assert!(parsed.deviations.iter().all(|found| found.offset() <= bytes.len()));
                prop_assert!(parsed.deviations.is_sorted_by_key(|found| found.offset()));
                prop_assert_eq!(&parsed.value.clone().into_owned(), &parsed.value);
            }
            if let Ok(strict) = &strict {
                let lenient = lenient.as_ref().unwrap();
                if strict.deviations.is_empty() {
                    prop_assert_eq!(strict, lenient);
                    // Addresses are not checked until they are used or sent.
                    match strict.value.to_vec() {
                        Ok(text) => prop_assert_eq!(&$type::parse(&text).unwrap(), &strict.value),
                        Err(error) => prop_assert!(format!("{:?}", error.kind()).contains("Uri") || error.kind() == ErrorKind::EndRepeated, "{}", error),
                    }
                }
            }
        }
    )+ } };
}

texts! {
    any_text_as_package1, "p1", Package1;
    any_text_as_package2, "p2", Package2;
    any_text_as_package3, "p3", Package3;
    any_text_as_serialization, "mo", MoData;
}

proptest! {
    #[test]
    fn any_bytes_panic_nowhere(bytes in vec(any::<u8>(), 0..60)) {
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let offsets = [
                Package1::parse_with(&bytes, strictness, &Limits::DEFAULT).err(),
                Package2::parse_with(&bytes, strictness, &Limits::DEFAULT).err(),
                Package3::parse_with(&bytes, strictness, &Limits::DEFAULT).err(),
                MoData::parse_with(&bytes, strictness, &Limits::DEFAULT).err(),
            ];
            prop_assert!(offsets.iter().flatten().all(|error| error.offset() <= bytes.len()));
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (ClientUri::parse(&text), ServerUri::parse(&text), Json::parse(&text), MediaType::parse(&text));
        prop_assert!(AcceptList::parse(&text).quality("a/b") <= 1000);
    }

    /// Walking gives the very nodes that were written.
    #[test]
    fn a_walk_gives_what_was_written((data, nodes) in node_data()) {
        let item = MoItem::new("urn:x/1/", data);
        prop_assert_eq!(walked(&item), nodes);
        prop_assert_eq!(&Json::parse(item.mo_data.raw()).unwrap(), &item.mo_data);
    }

    /// Of names that come twice lenient decoding keeps the last, as serde_json's maps do.
    #[test]
    fn the_last_of_repeated_names_counts(members in vec(("[ab]", prop_oneof![Just("1"), Just("{\"a\":1,\"\\u0061\":{}}"), Just("\"x\"")]), 1..5)) {
        let members: Vec<String> = members.iter().enumerate().map(|(index, (name, value))| {
            format!("{}\"{name}\" :{value}", " ".repeat(index % 2))
        }).collect();
        let text = format!("[{{\"ClientURI\":\"urn:x/1/\",\"MOData\":{{\"X\":{{{}}}}}}}]", members.join(","));
        let parsed = MoData::parse(text.as_bytes()).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let found: serde_json::Value = serde_json::from_str(parsed.items[0].mo_data.raw()).unwrap();
        prop_assert_eq!(&expected[0]["MOData"], &found);
        // And now no name comes twice.
        prop_assert!(parsed.to_vec().is_ok());
    }

    #[test]
    fn an_address_parses_as_it_was_built(
        miid in option::of(option::of(miid())),
        names in vec(option::of(name()), 0..4),
        conditions in vec((vec(name(), 1..3), "\\PC{0,6}"), 1..3),
        cv in option::of("\\PC{1,6}"),
    ) {
        let mut builder = ClientUriBuilder::new(MOID);
        builder = match &miid {
            None => builder.any_instance(),
            Some(None) => builder.instance_x_name('q'),
            Some(Some(miid)) => builder.instance(miid),
        };
        for name in &names {
            builder = match name {
                None => builder.wildcard(),
                Some(name) => builder.node(name),
            };
        }
        let x = miid == Some(None);
        for (names, value) in conditions.iter().filter(|_| x) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            builder = builder.nv('q', &names, value);
        }
        if let Some(cv) = &cv {
            builder = builder.cv(cv);
        }
        let text = builder.build().unwrap();
        let parsed = ClientUri::parse_with(&text, Strictness::Strict, &Limits::DEFAULT).unwrap();
        prop_assert!(parsed.deviations.is_empty());
        let uri = parsed.value;
        prop_assert_eq!(uri.moid(), MOID);
        prop_assert_eq!(uri.instance(), match miid {
            None => Component::Wildcard,
            Some(None) => Component::XName('q'),
            Some(Some(miid)) if miid.is_empty() => Component::Empty,
            Some(Some(miid)) => Component::Name(miid.into()),
        });
        let components: Vec<Component<'_>> = names.into_iter().map(|name| name.map_or(Component::Wildcard, |name| Component::Name(name.into()))).collect();
        prop_assert_eq!(uri.path().collect::<Vec<_>>(), components);
        prop_assert_eq!(uri.cv().map(|cv| cv.into_owned()), cv);
        let found: Vec<(Vec<String>, String)> = uri.nv().map(|nv| (nv.names().map(|name| name.into_owned()).collect(), nv.value.into_owned())).collect();
        prop_assert_eq!(found, if x { conditions } else { vec![] });
        prop_assert_eq!(uri.clone().into_owned(), uri);
    }

    /// Strict accepts no address that lenient refuses, and then both read it alike.
    #[test]
    fn any_address_in_both_modes(text in prop_oneof!["[ux(y)*/?=&:%2A.ncv]{0,24}", "u/\\(x\\)/(\\(y\\)/)?[*]?\\?nv=\\(x\\)/[a/]{1,3}:[b:]?(&nv=\\(y\\)/a:)?(&cv=1)?"]) {
        let strict = ClientUri::parse_with(&text, Strictness::Strict, &Limits::DEFAULT);
        let lenient = ClientUri::parse_with(&text, Strictness::Lenient, &Limits::DEFAULT);
        if let Ok(strict) = &strict {
            prop_assert!(strict.deviations.is_empty());
            prop_assert_eq!(lenient.as_ref().ok(), Some(strict));
        }
        for error in [strict.err(), lenient.as_ref().err().copied()].into_iter().flatten() {
            prop_assert!(error.offset() <= text.len());
        }
        if let Ok(parsed) = lenient {
            prop_assert_eq!(parsed.value.resolve(&sensor::sensors()).ok().map(|nodes| nodes.is_empty()).unwrap_or(false), false);
        }
    }

    /// An address without query takes a shorter way; a query changes nothing about the rest of it.
    #[test]
    fn a_query_changes_nothing_about_the_path(text in prop_oneof!["[ux:.%/ (*#ä2A-]{0,12}", "[uh]:?[a-z.]{0,20}//?[a-z0-9/.]{0,30}", client_uri().prop_map(|uri| uri.into_string())]) {
        let parts = |uri: &ClientUri<'_>| (uri.moid().to_owned(), format!("{:?} {:?}", uri.instance(), uri.path().collect::<Vec<_>>()));
        let read = |text: &str| ClientUri::parse_with(text, Strictness::Strict, &Limits::DEFAULT).map(|parsed| parts(&parsed.value));
        if !text.contains('?') {
            prop_assert_eq!(read(&text), read(&format!("{text}?cv=1")));
        }
    }

    /// The same for a ServerURI.
    #[test]
    fn a_query_changes_nothing_about_the_origin(text in prop_oneof!["https?://[a-z.:@+\\[\\]%0-9-]{0,12}/?[a-z/.:@(#ä-]{0,20}", server_uri().prop_map(|uri| uri.into_string())]) {
        let parts = |uri: &ServerUri<'_>| (uri.scheme(), uri.host().to_owned(), uri.port());
        let read = |text: &str| ServerUri::parse(text).map(|uri| parts(&uri));
        if !text.contains('?') && !text.contains('#') {
            prop_assert_eq!(read(&text), read(&format!("{text}?a=b")));
        }
    }

    /// DM 1.x alerts come back from DM 2.0 as they were.
    #[test]
    fn alerts_survive_interworking(
        format in select(&["xml", "int", "chr", "bool", "b64", "date"][..]),
        data in prop_oneof!["\\PC{0,8}", "-?[0-9]{1,4}", Just("true".to_owned())],
        names in vec("[^/?\u{0}]{1,4}", 0..3),
        correlator in option::of("\\PC{0,5}"),
        mark in option::of(select(&Mark::ALL[..])),
    ) {
        let map = [PathMap { prefix: "./A/B", moid: MOID, miid: "1" }];
        let mut alert = Dm1Alert::new("urn:example:at:x");
        alert.format = Some(format.into());
        alert.data = Some(data.into());
        alert.mark = mark.map(|mark| mark.as_str().into());
        alert.source = Some(names.iter().fold("./A/B".to_owned(), |path, name| path + "/" + name).into());
        alert.correlator = correlator.map(Str::from);
        let new = alert.to_alert(&map).unwrap();
        prop_assert!(Package1::new(vec![Alert::client_initiated(), new.clone()]).to_vec().is_ok());
        prop_assert_eq!(Dm1Alert::from_alert(&new, &map).unwrap(), alert);
    }

    #[test]
    fn json_text_and_serde_agree(value in json()) {
        let parsed: serde_json::Value = serde_json::from_str(value.raw()).unwrap();
        prop_assert_eq!(serde_json::to_string(&value).unwrap(), value.raw());
        prop_assert_eq!(value.text().map(|text| text.into_string()), parsed.as_str().map(str::to_owned));
        prop_assert_eq!(value.as_i64(), parsed.as_i64());
        prop_assert_eq!(value.members().count(), parsed.as_object().map_or(0, serde_json::Map::len));
        prop_assert_eq!(value.elements().count(), parsed.as_array().map_or(0, Vec::len));
    }
}

proptest! {
    // Only some addresses get far enough to show a difference, so there are many of them.
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn resolution_agrees_with_a_naive_one(store in store(), address in address()) {
        let uri = ClientUri::parse_with(&address, Strictness::Strict, &Limits::DEFAULT).unwrap().value;
        prop_assert_eq!(uri.resolve(&store).ok(), naive(&address, &store), "{}", address);
    }
}

// ---------------------------------------------------------------------------------------------------- resolution

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = "[12]".prop_map(Tree::Leaf);
    leaf.prop_recursive(3, 32, 3, |inner| {
        proptest::collection::btree_map("[abc]", inner, 0..4)
            .prop_map(|children| Tree::Interior(children.into_iter().collect()))
    })
}

fn store() -> impl Strategy<Value = Store> {
    proptest::collection::btree_map("[ef]", tree(), 0..3)
        .prop_map(|instances| Store([("u".to_owned(), instances.into_iter().collect())].into()))
}

/// Components of few letters, so that some addresses find something; an x-name brings its conditions.
fn address() -> impl Strategy<Value = String> {
    let component = |names: &'static [&'static str]| prop_oneof![3 => select(names).prop_map(Some), 1 => Just(None)];
    let names = prop_oneof![3 => "[abc]", 1 => "[abc]/[abc]"];
    let condition = vec((names, "[12]"), 1..3);
    (component(&["", "*", "e", "f"]), vec(component(&["*", "a", "b", "c"]), 0..3), vec(condition, 4)).prop_map(
        |(instance, path, conditions)| {
            let mut fields = Vec::new();
            let mut component = |component: Option<&'static str>, index: usize| match component {
                Some(text) => text.to_owned(),
                None => {
                    let letter = ["x", "y", "z", "w"][index];
                    for (names, value) in &conditions[index] {
                        fields.push(format!("nv=({letter})/{names}:{value}"));
                    }
                    format!("({letter})")
                }
            };
            let instance = component(instance, 0);
            let path: Vec<String> =
                path.into_iter().enumerate().map(|(index, text)| component(text, index + 1)).collect();
            let query = if fields.is_empty() { String::new() } else { format!("?{}", fields.join("&")) };
            format!("u/{instance}/{}{query}", path.join("/"))
        },
    )
}

/// The algorithm of §9.3 by plain recursion over the text.
fn naive(address: &str, store: &Store) -> Option<Vec<Place>> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut components = path.split('/').skip(1);
    let instance = components.next()?;
    let fits = |x: &str, tree: &Tree| {
        query.split('&').filter_map(|field| field.strip_prefix("nv=")?.strip_prefix(x)?.strip_prefix('/')).all(
            |condition| {
                let (names, value) = condition.split_once(':').unwrap();
                let leaf = names.split('/').try_fold(tree, |tree, name| match tree {
                    Tree::Interior(children) => {
                        children.iter().find(|(found, _)| found == name).map(|(_, child)| child)
                    }
                    Tree::Leaf(_) => None,
                });
                matches!(leaf, Some(Tree::Leaf(found)) if found == value)
            },
        )
    };
    let instances: Vec<&(String, Tree)> = store
        .0
        .get("u")?
        .iter()
        .filter(|(miid, tree)| match instance {
            "" | "*" => true,
            x if x.starts_with('(') => fits(x, tree),
            wanted => miid == wanted,
        })
        .collect();
    if instances.len() != 1 && instance != "*" {
        return None;
    }
    fn descend<'t>(
        place: Place,
        tree: &'t Tree,
        rest: &[&str],
        fits: &dyn Fn(&str, &Tree) -> bool,
        found: &mut Vec<Place>,
    ) -> Option<()> {
        let Some((component, rest)) = rest.split_first() else {
            found.push(place);
            return Some(());
        };
        let Tree::Interior(children) = tree else { return Some(()) };
        let chosen: Vec<&(String, Tree)> = children
            .iter()
            .filter(|(name, child)| match *component {
                "*" => true,
                x if x.starts_with('(') => fits(x, child),
                wanted => name == wanted,
            })
            .collect();
        if component.starts_with('(') && chosen.len() > 1 {
            return None;
        }
        for (name, child) in chosen {
            let mut below = place.clone();
            below.1.push(name.clone());
            descend(below, child, rest, fits, found)?;
        }
        Some(())
    }
    let rest: Vec<&str> = components.filter(|component| !component.is_empty()).collect();
    let mut found = Vec::new();
    for (miid, tree) in instances {
        descend(("u".to_owned(), vec![miid.clone()]), tree, &rest, &fits, &mut found)?;
    }
    (!found.is_empty()).then_some(found)
}
