//! Every file under `tests/vectors/package`, in both modes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use core::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dm_package::{Command, Deviation, Error, Limits, MoData, Package1, Package2, Package3, Parsed, Strictness};

/// What a mode makes of a body, and the body encoded again when nothing was off.
fn outcome(name: &str, body: &[u8], strictness: Strictness) -> (String, Option<Vec<u8>>) {
    fn tell<T>(
        parsed: Result<Parsed<T>, Error>,
        more: impl Fn(&T, &mut String),
        encode: impl Fn(&T) -> Result<Vec<u8>, Error>,
    ) -> (String, Option<Vec<u8>>) {
        match parsed {
            Err(error) => (format!("error {:?}@{}", error.kind(), error.offset()), None),
            Ok(Parsed { value, deviations }) => {
                let mut text = String::from("ok");
                for deviation in &deviations {
                    let _ = write!(text, " {:?}@{}", Deviation::kind(deviation), deviation.offset());
                }
                more(&value, &mut text);
                (text, encode(&value).ok().filter(|_| deviations.is_empty()))
            }
        }
    }

    let limits = &Limits::DEFAULT;
    match name.split('-').next() {
        Some("p1") => tell(Package1::parse_with(body, strictness, limits), |_, _| (), Package1::to_vec),
        Some("p2") => tell(Package2::parse_with(body, strictness, limits), entries, Package2::to_vec),
        Some("p3") => tell(Package3::parse_with(body, strictness, limits), |_, _| (), Package3::to_vec),
        Some("mo") => tell(MoData::parse_with(body, strictness, limits), |_, _| (), MoData::to_vec),
        _ => panic!("{name}: what is it?"),
    }
}

fn entries(package: &Package2<'_>, text: &mut String) {
    for (index, command) in package.commands.iter().enumerate() {
        let Some(status) = command.refusal() else { continue };
        let _ = match command {
            Command::Malformed(malformed) => {
                let error = malformed.error();
                write!(text, " [{index}]={:?}@{}/{status}", error.kind(), error.offset())
            }
            _ => write!(text, " [{index}]=Unknown/{status}"),
        };
    }
}

fn bodies(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    found.sort();
    found
}

#[test]
fn every_file_means_what_it_should() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/package");
    let (good, bad) = (bodies(&dir), bodies(&dir.join("bad")));
    assert!(!good.is_empty() && !bad.is_empty(), "no vectors in {}", dir.display());
    let mut failures = String::new();
    for path in good.iter().chain(&bad) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let body = fs::read(path).unwrap();
        let expected = fs::read_to_string(path.with_extension("expect")).unwrap();
        for (mode, strictness) in [("strict: ", Strictness::Strict), ("lenient: ", Strictness::Lenient)] {
            let line = expected.lines().find_map(|line| line.strip_prefix(mode)).unwrap();
            let (text, encoded) = outcome(name, &body, strictness);
            if text != line {
                let _ = writeln!(failures, "{name} {mode}expected {line}, found {text}");
            }
            if expected.lines().any(|line| line == "canonical") && encoded.as_deref() != Some(&body) {
                let _ = writeln!(failures, "{name} {mode}is not encoded as it was");
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
