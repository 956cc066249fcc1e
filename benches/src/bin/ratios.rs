//! How much faster the codec is than its peers: measured interleaved, in one process.
//!
//! Times of a shared machine move by half between runs and even builds, ratios of neighbours hardly: in every round
//! each contender of a document runs once, the first one rotating, with as many repetitions as make a sample long
//! enough for the clock. A time is the least of all rounds, `ratio_median` the median over the rounds of the peer's
//! time over ours, `ratio_min` the ratio of the two least times.
//!
//! ```sh
//! cargo run --release -p benches --bin ratios                    # tables and goals
//! cargo run --release -p benches --bin ratios -- --tsv           # columns for programs
//! cargo run --release -p benches --bin ratios -- --run xml/decode srv.xml 1000   # ours alone, for a profiler
//! ```

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use benches::counting::{Counting, allocations};
use benches::documents as docs;
use benches::peers::{self, Steps};
use dm_syncml::{Message, WbxmlOptions, XmlOptions};

const USAGE: &str =
    "usage: ratios [--rounds N] [--quick] [--only TEXT] [--tsv | --allocations | --run PATH DOCUMENT TIMES]

  --rounds N     rounds to measure (60)
  --quick        12 rounds of short samples
  --only TEXT    only where `path document` has TEXT in it
  --tsv          columns: path document ours_ns peer peer_ns ratio_median ratio_min
  --allocations  only what one call of each contender allocates
  --run          run ours that many times and print nothing, for a profiler";

/// Does its work that many times.
type Work = Box<dyn FnMut(u32)>;

struct Case {
    path: &'static str,
    document: &'static str,
    /// Of what is read or written.
    bytes: usize,
    /// Ours first.
    contenders: Vec<(&'static str, Work)>,
}

/// What is to be reached (path, document, peer, times faster).
const GOALS: [(&str, &str, &str, f64); 8] = [
    ("xml/decode", "srv.xml", "quick-xml-raw", 6.0),
    ("xml/decode", "srv_pretty.xml", "quick-xml-raw", 4.0),
    ("xml/decode", "p1.xml", "quick-xml-raw", 3.2),
    // At most 2.8 times as long as looking for bad UTF-8.
    ("xml/decode", "base64-1mb.xml", "core-from-utf8", 1.0 / 2.8),
    ("xml/encode", "srv.xml", "quick-xml-writer", 10.0),
    ("wbxml/decode", "srv_nostr.wbxml", "quick-xml-raw", 5.0),
    ("wbxml/decode", "srv.wbxml", "quick-xml-raw", 2.2),
    ("wbxml/encode", "srv_nostr.wbxml", "quick-xml-writer", 15.0),
];

const OURS: &str = "dm-syncml";

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let mut cases = cases();
    if let Some((path, document, times)) = &arguments.run {
        let Some(case) = cases.iter_mut().find(|case| case.path == path && case.document == document) else {
            eprintln!("no such path and document");
            return ExitCode::FAILURE;
        };
        case.contenders[0].1(*times);
        return ExitCode::SUCCESS;
    }
    cases.retain(|case| format!("{} {}", case.path, case.document).contains(&arguments.only));

    if arguments.tsv {
        println!("path\tdocument\tours_ns\tpeer\tpeer_ns\tratio_median\tratio_min");
        for row in measure(&mut cases, &arguments) {
            println!(
                "{}\t{}\t{:.1}\t{}\t{:.1}\t{:.3}\t{:.3}",
                row.path, row.document, row.ours_ns, row.peer, row.peer_ns, row.ratio_median, row.ratio_min
            );
        }
        return ExitCode::SUCCESS;
    }
    if !arguments.allocations {
        let rows = measure(&mut cases, &arguments);
        print_ratios(&rows);
        print_goals(&rows);
        println!();
    }
    print_allocations(&mut cases);
    ExitCode::SUCCESS
}

struct Arguments {
    rounds: usize,
    sample: Duration,
    only: String,
    tsv: bool,
    allocations: bool,
    run: Option<(String, String, u32)>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut found = Self {
            rounds: 60,
            sample: Duration::from_millis(2),
            only: String::new(),
            tsv: false,
            allocations: false,
            run: None,
        };
        let number = |word: Option<String>| word.and_then(|word| word.parse().ok()).filter(|number| *number > 0);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--rounds" => found.rounds = number(words.next()).ok_or(USAGE)? as usize,
                "--quick" => (found.rounds, found.sample) = (12, Duration::from_micros(300)),
                "--only" => found.only = words.next().ok_or(USAGE)?,
                "--tsv" => found.tsv = true,
                "--allocations" => found.allocations = true,
                "--run" => {
                    let (path, document) = (words.next().ok_or(USAGE)?, words.next().ok_or(USAGE)?);
                    found.run = Some((path, document, number(words.next()).ok_or(USAGE)?));
                }
                "--help" | "-h" => return Err(USAGE.into()),
                _ => return Err(format!("unknown argument {word}\n{USAGE}")),
            }
        }
        Ok(found)
    }
}

/// Every path with every document. What the peers leave out is told in [`peers`].
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let large: &'static str = docs::base64_1mb().leak();
    let smallest: &'static str = docs::smallest().leak();
    let texts = [
        ("p1.xml", docs::P1_XML),
        ("srv.xml", docs::SRV_XML),
        ("srv_pretty.xml", docs::SRV_PRETTY_XML),
        ("base64-1mb.xml", large),
        ("smallest.xml", smallest),
    ];
    for (document, xml) in texts {
        let bytes = xml.as_bytes();
        let mut contenders = vec![
            (OURS, work(move || Message::parse(black_box(bytes)).unwrap())),
            ("quick-xml-raw", work(move || peers::quick_xml_raw(black_box(bytes)).unwrap())),
            ("quick-xml-serde", work(move || peers::serde_model::parse(black_box(bytes)).unwrap())),
            ("roxmltree", work(move || peers::roxmltree(black_box(bytes)).unwrap())),
        ];
        if document == "base64-1mb.xml" {
            contenders.push(("core-from-utf8", work(move || core::str::from_utf8(black_box(bytes)).unwrap().len())));
        }
        cases.push(Case { path: "xml/decode", document, bytes: bytes.len(), contenders });
    }
    for (document, xml) in texts {
        let message = Message::parse(xml.as_bytes()).unwrap();
        let steps = Steps::new(xml);
        let bytes = message.to_xml().unwrap().len();
        let contenders = vec![
            (OURS, write(move |out| black_box(&message).encode_xml(&XmlOptions::DEFAULT, out).unwrap())),
            ("quick-xml-writer", write(move |out| black_box(&steps).write(out))),
        ];
        cases.push(Case { path: "xml/encode", document, bytes, contenders });
    }
    let large_wbxml: &'static [u8] = Message::parse(large.as_bytes()).unwrap().to_wbxml().unwrap().leak();
    let smallest_wbxml: &'static [u8] = Message::parse(smallest.as_bytes()).unwrap().to_wbxml().unwrap().leak();
    let binaries = [
        ("p1.wbxml", docs::P1_WBXML, docs::P1_XML),
        ("p1_nostr.wbxml", docs::P1_NOSTR_WBXML, docs::P1_XML),
        ("srv.wbxml", docs::SRV_WBXML, docs::SRV_XML),
        ("srv_nostr.wbxml", docs::SRV_NOSTR_WBXML, docs::SRV_XML),
        ("base64-1mb.wbxml", large_wbxml, large),
        ("smallest.wbxml", smallest_wbxml, smallest),
    ];
    for (document, bytes, xml) in binaries {
        let xml = xml.as_bytes();
        let mut contenders = vec![
            (OURS, work(move || Message::parse(black_box(bytes)).unwrap())),
            ("quick-xml-raw", work(move || peers::quick_xml_raw(black_box(xml)).unwrap())),
        ];
        if document == "base64-1mb.wbxml" {
            contenders.push(("core-from-utf8", work(move || core::str::from_utf8(black_box(xml)).unwrap().len())));
        }
        cases.push(Case { path: "wbxml/decode", document, bytes: bytes.len(), contenders });
    }
    for (document, bytes, xml) in binaries {
        let message = Message::parse(xml.as_bytes()).unwrap();
        let steps = Steps::new(xml);
        // As the document was made: those of the other encoder have a string table unless they say so.
        let options = WbxmlOptions::DEFAULT.with_string_table(matches!(document, "p1.wbxml" | "srv.wbxml"));
        let contenders = vec![
            (OURS, write(move |out| black_box(&message).encode_wbxml(&options, out).unwrap())),
            ("quick-xml-writer", write(move |out| black_box(&steps).write(out))),
        ];
        cases.push(Case { path: "wbxml/encode", document, bytes: bytes.len(), contenders });
    }
    cases
}

/// The value is dropped within the measured time: that is part of what a program pays.
fn work<T: 'static>(mut once: impl FnMut() -> T + 'static) -> Work {
    Box::new(move |times| {
        for _ in 0..times {
            drop(black_box(once()));
        }
    })
}

/// Writes into one buffer again and again.
fn write(mut once: impl FnMut(&mut Vec<u8>) + 'static) -> Work {
    let mut out = Vec::new();
    Box::new(move |times| {
        for _ in 0..times {
            out.clear();
            once(&mut out);
            black_box(out.as_slice());
        }
    })
}

struct Row {
    path: &'static str,
    document: &'static str,
    bytes: usize,
    ours_ns: f64,
    peer: &'static str,
    peer_ns: f64,
    ratio_median: f64,
    ratio_min: f64,
}

fn measure(cases: &mut [Case], arguments: &Arguments) -> Vec<Row> {
    cases.iter_mut().flat_map(|case| measure_case(case, arguments)).collect()
}

fn measure_case(case: &mut Case, arguments: &Arguments) -> Vec<Row> {
    let count = case.contenders.len();
    let times: Vec<u32> = case.contenders.iter_mut().map(|(_, work)| repetitions(work, arguments.sample)).collect();
    let mut samples = vec![Vec::with_capacity(arguments.rounds); count];
    for round in 0..arguments.rounds {
        for turn in 0..count {
            let index = (round + turn) % count;
            let start = Instant::now();
            case.contenders[index].1(times[index]);
            samples[index].push(start.elapsed().as_secs_f64() * 1e9 / f64::from(times[index]));
        }
    }
    let least = |samples: &[f64]| samples.iter().copied().fold(f64::INFINITY, f64::min);
    let ours_ns = least(&samples[0]);
    let rows = case.contenders.iter().zip(&samples).skip(1).map(|((peer, _), peer_samples)| {
        let mut ratios: Vec<f64> = peer_samples.iter().zip(&samples[0]).map(|(peer, ours)| peer / ours).collect();
        ratios.sort_by(f64::total_cmp);
        let peer_ns = least(peer_samples);
        Row {
            path: case.path,
            document: case.document,
            bytes: case.bytes,
            ours_ns,
            peer,
            peer_ns,
            ratio_median: median(&ratios),
            ratio_min: peer_ns / ours_ns,
        }
    });
    rows.collect()
}

/// How often it has to run to take that long, at least; warms it up.
fn repetitions(work: &mut Work, sample: Duration) -> u32 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        work(times);
        let taken = start.elapsed();
        if taken >= sample || times >= 1 << 24 {
            return times;
        }
        let missing = sample.as_secs_f64() / taken.as_secs_f64().max(1e-9);
        times = (f64::from(times) * missing.clamp(1.2, 10.0)).ceil() as u32;
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

fn print_ratios(rows: &[Row]) {
    println!(
        "{:<13} {:<17} {:>11} {:>8}  {:<17} {:>12} {:>8} {:>8}",
        "path", "document", "ours", "MB/s", "peer", "peer's", "median", "of min"
    );
    let mut before = ("", "");
    for row in rows {
        let (ours, speed) = if before == (row.path, row.document) {
            (String::new(), String::new())
        } else {
            (time(row.ours_ns), format!("{:.0}", row.bytes as f64 * 1e3 / row.ours_ns))
        };
        println!(
            "{:<13} {:<17} {:>11} {:>8}  {:<17} {:>12} {:>7.2}x {:>7.2}x",
            row.path,
            row.document,
            ours,
            speed,
            row.peer,
            time(row.peer_ns),
            row.ratio_median,
            row.ratio_min
        );
        before = (row.path, row.document);
    }
    println!("(peer's time over ours: the median of the rounds, and the least time over the least time)");
}

fn print_goals(rows: &[Row]) {
    println!("\n{:<13} {:<17} {:<17} {:>7} {:>9} {:>9}", "goal", "document", "peer", "times", "median", "of min");
    for (path, document, peer, goal) in GOALS {
        let row = rows.iter().find(|row| (row.path, row.document, row.peer) == (path, document, peer));
        let Some(row) = row else { continue };
        let verdict = |ratio: f64| if ratio >= goal { "met" } else { "missed" };
        println!(
            "{:<13} {:<17} {:<17} {:>6.2}x {:>8.2}x {:>8.2}x  {}{}",
            path,
            document,
            peer,
            goal,
            row.ratio_median,
            row.ratio_min,
            verdict(row.ratio_median),
            if verdict(row.ratio_median) == verdict(row.ratio_min) {
                String::new()
            } else {
                format!(" by the median, {} by least times", verdict(row.ratio_min))
            }
        );
    }
}

fn time(ns: f64) -> String {
    if ns < 1e3 {
        format!("{ns:.0} ns")
    } else if ns < 1e6 {
        format!("{:.2} us", ns / 1e3)
    } else {
        format!("{:.2} ms", ns / 1e6)
    }
}

fn print_allocations(cases: &mut [Case]) {
    println!("{:<13} {:<17} {:<17} {:>12} {:>12}", "path", "document", "implementation", "allocations", "bytes");
    for case in cases {
        for (name, work) in &mut case.contenders {
            // The buffer to write to has its size after one call.
            work(1);
            let (count, bytes) = allocations(|| work(1));
            println!("{:<13} {:<17} {:<17} {:>12} {:>12}", case.path, case.document, name, count, bytes);
        }
    }
    println!("(of one call; growing an allocation counts as one, with the bytes it grows by)");
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
