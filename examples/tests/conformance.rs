//! Every conformance row has a test named by it, and `docs/conformance.md` says so truthfully.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Title, list, and how the names of the files begin that have the tests of the list.
const LISTS: [(&str, &str, &str); 5] = [
    ("OMA DM 2.0", "dm2.tsv", ""),
    ("OMA DM 1.2: the protocol", "dm1-protocol.tsv", PROTOCOL),
    ("OMA DM 1.2: the states of the protocol", "dm1-states.tsv", PROTOCOL),
    ("OMA DM 1.2: what implementers get wrong", "dm1-mistakes.tsv", PROTOCOL),
    ("OMA DM 1.2: the management tree", "dm1-tree.tsv", "dm-session/tests/dm1_rows.rs"),
];

const PROTOCOL: &str = "dm-session/tests/protocol_";

struct Row {
    id: String,
    section: String,
    side: String,
    support: String,
    requirement: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn rows(list: &str) -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/conformance").join(list)).unwrap();
    let rows: Vec<Row> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut cells = line.split('\t').map(String::from);
            let mut cell = || cells.next().unwrap_or_else(|| panic!("{list}: a cell is missing in {line:?}"));
            Row { id: cell(), section: cell(), side: cell(), support: cell(), requirement: cell() }
        })
        .collect();
    assert!(!rows.is_empty(), "{list} lists nothing");
    rows
}

/// The names of all test functions, with the file that holds each.
fn tests() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = ["dm-notification", "dm-package", "dm-syncml", "dm-session", "examples"]
        .iter()
        .flat_map(|name| [root().join(name).join("tests"), root().join(name).join("src")])
        .collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                let mut is_test = false;
                let mut is_list = false;
                for line in text.lines().map(str::trim) {
                    // A macro makes a test of each name between `rows! {` and `}`.
                    if line == "rows! {" || (is_list && line == "}") {
                        is_list = !is_list;
                    } else if is_list {
                        found.extend(line.split(' ').map(|word| (format!("{word} in {name}"), word.to_owned())));
                    } else if line == "#[test]" {
                        is_test = true;
                    } else if let Some(rest) = line.strip_prefix("fn ") {
                        if is_test {
                            let function = rest.split('(').next().unwrap().to_owned();
                            found.insert(format!("{function} in {name}"), function);
                        }
                        is_test = false;
                    } else if line == "}" {
                        is_test = false;
                    }
                }
            }
        }
    }
    found
}

fn report() -> String {
    let tests = tests();
    let mut page = String::from(
        "# Conformance\n\nEach row of the conformance lists with the tests that bear its name. The lists stand in\n\
         `tests/conformance`; this page is made from them by `UPDATE_CONFORMANCE=1 cargo test -p dm-examples --test\n\
         conformance`, and the same test fails when a row has no test or when this page is stale.\n\
         `M` is mandatory, `O` optional.\n",
    );
    for (title, list, files) in LISTS {
        write!(
            page,
            "\n## {title}\n\n| Row | Section | Side | Support | Requirement | Tests |\n|---|---|---|---|---|---|\n"
        )
        .unwrap();
        for row in rows(list) {
            let prefix = format!("{}_", row.id.to_lowercase().replace('-', "_"));
            let named: Vec<String> = tests
                .iter()
                .filter(|(_, function)| format!("{function}_").starts_with(&prefix))
                .filter_map(|(place, function)| Some((function, place.split(" in ").nth(1)?)))
                .filter(|(_, file)| file.starts_with(files))
                .map(|(function, file)| format!("`{function}` ({file})"))
                .collect();
            assert!(!named.is_empty(), "no test is named {prefix}…: {}", row.requirement);
            let Row { id, section, side, support, requirement } = row;
            let tests = named.join("<br>");
            writeln!(page, "| {id} | {section} | {side} | {support} | {requirement} | {tests} |").unwrap();
        }
    }
    page
}

#[test]
fn every_row_has_a_test_and_the_page_is_fresh() {
    let page = root().join("docs/conformance.md");
    let fresh = report();
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(&page, &fresh).unwrap();
    }
    let kept = fs::read_to_string(&page).unwrap_or_default();
    assert!(kept == fresh, "docs/conformance.md is stale: run this test with UPDATE_CONFORMANCE=1");
}
