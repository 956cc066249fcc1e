//! SyncML in XML and WBXML. Peers: quick-xml three ways and roxmltree.
//!
//! What the peers leave out is told in `benches::peers`: quick-xml's events check neither characters, references,
//! attributes nor namespaces, its serde model knows neither limits, offsets nor unknown elements, roxmltree builds a
//! generic tree of text already checked; none of them reads WBXML, where they stand for the same document as XML.
//! Ratios are better taken from `cargo run --release -p benches --bin ratios`, which measures interleaved.

use std::hint::black_box;

use benches::documents as docs;
use benches::peers::{self, Steps};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dm_syncml::{Message, WbxmlOptions, XmlOptions};

fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("p1.xml", docs::P1_XML.into()),
        ("srv.xml", docs::SRV_XML.into()),
        ("srv_pretty.xml", docs::SRV_PRETTY_XML.into()),
        ("base64-1mb.xml", docs::base64_1mb()),
        ("smallest.xml", docs::smallest()),
    ]
}

fn bench<T>(group: &mut BenchmarkGroup<'_, WallTime>, who: &str, document: &str, mut once: impl FnMut() -> T) {
    group.bench_function(BenchmarkId::new(who, document), |bencher| bencher.iter(&mut once));
}

fn parse_xml(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("syncml/parse_xml");
    for (name, text) in &texts() {
        let xml = text.as_bytes();
        group.throughput(Throughput::Bytes(xml.len() as u64));
        bench(&mut group, "dm-syncml", name, || Message::parse(black_box(xml)).unwrap());
        bench(&mut group, "quick-xml-raw", name, || peers::quick_xml_raw(black_box(xml)).unwrap());
        bench(&mut group, "quick-xml-serde", name, || peers::serde_model::parse(black_box(xml)).unwrap());
        bench(&mut group, "roxmltree", name, || peers::roxmltree(black_box(xml)).unwrap());
        if xml.len() > 1 << 20 {
            bench(&mut group, "core-from-utf8", name, || core::str::from_utf8(black_box(xml)).is_ok());
        }
    }
    // Some are read and some refused: what counts is that neither takes long. The peers read what we refuse, or do not.
    for (name, text) in &docs::hostile() {
        let xml = text.as_bytes();
        group.throughput(Throughput::Bytes(xml.len() as u64));
        bench(&mut group, "dm-syncml", name, || Message::parse(black_box(xml)).is_ok());
        bench(&mut group, "quick-xml-raw", name, || peers::quick_xml_raw(black_box(xml)).is_ok());
        // Its stack is its limit, so not with markup of any depth.
        if *name != "deep-100000" {
            bench(&mut group, "roxmltree", name, || peers::roxmltree(black_box(xml)).is_ok());
        }
    }
    group.finish();
}

fn parse_wbxml(criterion: &mut Criterion) {
    let large = docs::base64_1mb();
    let large_wbxml = Message::parse(large.as_bytes()).unwrap().to_wbxml().unwrap();
    let smallest = docs::smallest();
    let smallest_wbxml = Message::parse(smallest.as_bytes()).unwrap().to_wbxml().unwrap();
    let documents = [
        ("p1.wbxml", docs::P1_WBXML, docs::P1_XML),
        ("p1_nostr.wbxml", docs::P1_NOSTR_WBXML, docs::P1_XML),
        ("srv.wbxml", docs::SRV_WBXML, docs::SRV_XML),
        ("srv_nostr.wbxml", docs::SRV_NOSTR_WBXML, docs::SRV_XML),
        ("base64-1mb.wbxml", &large_wbxml, &large),
        ("smallest.wbxml", &smallest_wbxml, &smallest),
    ];
    let mut group = criterion.benchmark_group("syncml/parse_wbxml");
    for (name, wbxml, xml) in documents {
        group.throughput(Throughput::Bytes(wbxml.len() as u64));
        bench(&mut group, "dm-syncml", name, || Message::parse(black_box(wbxml)).unwrap());
        bench(&mut group, "quick-xml-raw", name, || peers::quick_xml_raw(black_box(xml.as_bytes())).unwrap());
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    for form in ["xml", "wbxml"] {
        let mut group = criterion.benchmark_group(format!("syncml/encode_{form}"));
        for (name, text) in &texts() {
            let message = Message::parse(text.as_bytes()).unwrap();
            let steps = Steps::new(text);
            let mut out = Vec::new();
            let mut ours = || {
                out.clear();
                let message = black_box(&message);
                match form {
                    "xml" => message.encode_xml(&XmlOptions::DEFAULT, &mut out).unwrap(),
                    _ => message.encode_wbxml(&WbxmlOptions::DEFAULT, &mut out).unwrap(),
                }
                out.len()
            };
            group.throughput(Throughput::Bytes(ours() as u64));
            bench(&mut group, "dm-syncml", name, ours);
            let mut out = Vec::new();
            bench(&mut group, "quick-xml-writer", name, || {
                out.clear();
                black_box(&steps).write(&mut out);
                out.len()
            });
        }
        group.finish();
    }
}

criterion_group!(benches, parse_xml, parse_wbxml, encode);
criterion_main!(benches);
