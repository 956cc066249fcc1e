//! Loads the files that tests share. Finding none is a failure.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::fs;
use std::path::{Path, PathBuf};

/// One vector and what is expected of it.
pub struct Vector {
    pub name: String,
    pub bytes: Vec<u8>,
    lines: Vec<(String, String)>,
}

impl Vector {
    /// All of them, good and bad.
    pub fn all() -> Vec<Self> {
        let folder = root().join("tests/vectors/notification");
        let mut found = Self::in_folder(&folder, false);
        found.extend(Self::in_folder(&folder.join("bad"), true));
        found
    }

    pub fn named(name: &str) -> Vec<u8> {
        Self::all().into_iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no vector {name}")).bytes
    }

    fn in_folder(folder: &Path, bad: bool) -> Vec<Self> {
        let paths = listed(folder);
        let mut found = Vec::new();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "bin")) {
            let expect = fs::read_to_string(path.with_extension("expect")).expect("a .bin has its .expect");
            let lines = expect.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
            let vector = Self {
                name: path.file_stem().unwrap().to_string_lossy().into(),
                bytes: fs::read(path).unwrap(),
                lines: lines.map(|(key, value)| (key.into(), value.into())).collect(),
            };
            assert_eq!(vector.one("strict").is_some(), bad, "{} is in the wrong folder", vector.name);
            found.push(vector);
        }
        assert!(!found.is_empty(), "no vectors in {}", folder.display());
        assert_eq!(paths.iter().filter(|path| path.extension().is_some_and(|e| e == "expect")).count(), found.len());
        found
    }

    pub fn one(&self, key: &str) -> Option<String> {
        self.many(key).into_iter().next()
    }

    pub fn many(&self, key: &str) -> Vec<String> {
        self.lines.iter().filter(|(k, _)| k == key).map(|(_, value)| value.clone()).collect()
    }

    pub fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        Some((unhex(&self.one("secret")?), unhex(&self.one("auth-data")?)))
    }
}

/// The seeds of a fuzz target.
pub fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(target);
    let found: Vec<_> = listed(&folder).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!found.is_empty(), "no seeds in {}", folder.display());
    found
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}
