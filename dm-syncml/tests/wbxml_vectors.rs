//! Every file under `tests/vectors/syncml/wbxml`, in both modes.
#![cfg(feature = "wbxml")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use core::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dm_syncml::{
    ErrorKind, Fragment, Limits, Message, Parsed, Strictness, WbxmlOptions, WbxmlPublicId, WbxmlTnds, WbxmlVersion,
};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/syncml/wbxml")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wbxml"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no vectors in {}", dir.display());
    found
}

fn outcome(input: &[u8], strictness: Strictness) -> String {
    match Message::parse_wbxml(input, strictness, &Limits::DEFAULT) {
        Err(error) => format!("error {:?}@{}", error.kind(), error.offset()),
        Ok(Parsed { deviations, .. }) => {
            let mut text = String::from("ok");
            for deviation in &deviations {
                let _ = write!(text, " {:?}@{}", deviation.kind(), deviation.offset());
            }
            text
        }
    }
}

/// The options that a file is canonical for.
fn options(words: &str) -> WbxmlOptions {
    let options = WbxmlOptions::DEFAULT;
    match words {
        "" => options,
        "inline" => options.with_tnds(WbxmlTnds::Inline),
        "public-id" => options.with_public_id(WbxmlPublicId::StringTable),
        "1.1" => options.with_version(WbxmlVersion::V1_1),
        "1.3" => options.with_version(WbxmlVersion::V1_3),
        other => unreachable!("canonical {other}"),
    }
}

#[test]
fn every_file_means_what_it_should() {
    let mut failures = String::new();
    for path in files(&vectors()).iter().chain(&files(&vectors().join("bad"))) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let input = fs::read(path).unwrap();
        let expected = fs::read_to_string(path.with_extension("expect")).unwrap();
        for (mode, strictness) in [("strict: ", Strictness::Strict), ("lenient: ", Strictness::Lenient)] {
            let line = expected.lines().find_map(|line| line.strip_prefix(mode)).unwrap();
            let found = outcome(&input, strictness);
            if found != line {
                let _ = writeln!(failures, "{name}, {mode}{found}, not {line}");
            }
        }
        if let Some(words) = expected.lines().find_map(|line| line.strip_prefix("canonical")) {
            let message = Message::parse(&input).unwrap();
            let mut again = Vec::new();
            message.encode_wbxml(&options(words.trim()), &mut again).unwrap();
            if again != input {
                let _ = writeln!(failures, "{name} is encoded as {again:02X?}");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Files of one message in other words: the letters before the first `-` name the message.
#[test]
fn every_form_of_a_message_is_the_same_message() {
    let all = files(&vectors());
    for (stem, first) in [("w1-", "w1-next-message"), ("w2-", "w2-raw-binary")] {
        let plain = fs::read(vectors().join(first).with_extension("wbxml")).unwrap();
        let plain = Message::parse(&plain).unwrap();
        let mut count = 0;
        for path in &all {
            if path.file_stem().unwrap().to_str().unwrap().starts_with(stem) {
                let input = fs::read(path).unwrap();
                let mut message = Message::parse(&input).unwrap().into_owned();
                // An OPAQUE stays bytes; that it is text is for the reader of the message to say.
                for (command, other) in message.commands.iter_mut().zip(&plain.commands) {
                    as_text(command, other);
                }
                assert_eq!(message, plain, "{}", path.display());
                count += 1;
            }
        }
        assert!(count > 1, "{stem} alone");
    }
}

fn as_text<'a>(command: &mut dm_syncml::Command<'a>, other: &dm_syncml::Command<'a>) {
    use dm_syncml::{Command, Data};
    let pair = match (command, other) {
        (Command::Status(one), Command::Status(other)) => (&mut one.data, &other.data),
        (Command::Alert(one), Command::Alert(other)) => (&mut one.data, &other.data),
        _ => return,
    };
    if let (Some(one), Some(other)) = pair
        && one.as_bytes() == other.as_bytes()
    {
        *one = Data::text(other.as_text().unwrap().to_owned());
    }
}

#[test]
fn every_truncation_of_every_file_is_refused_within_what_is_left() {
    let mut cuts = 0_usize;
    for path in files(&vectors()) {
        let input = fs::read(&path).unwrap();
        for cut in 0..input.len() {
            for strictness in [Strictness::Strict, Strictness::Lenient] {
                let error = Message::parse_wbxml(&input[..cut], strictness, &Limits::DEFAULT).unwrap_err();
                assert!(error.offset() <= cut, "{} cut at {cut}: {error}", path.display());
                let kinds = [ErrorKind::UnexpectedEnd, ErrorKind::WbxmlLength, ErrorKind::PublicId];
                assert!(kinds.contains(&error.kind()), "{} cut at {cut}: {error}", path.display());
            }
            let (_, error) = Fragment::salvage(&input[..cut], &Limits::DEFAULT);
            assert!(error.unwrap().offset() <= cut);
            cuts += 1;
        }
    }
    assert!(cuts > 1000);
}
