//! Loads the vectors of DM 1.x. Finding none is a failure.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use dm_notification::Strictness;
use dm_notification::dm1::ParseOptions;

/// One vector and what is expected of it.
pub struct Vector {
    pub name: String,
    pub bytes: Vec<u8>,
    lines: Vec<(String, String)>,
}

impl Vector {
    /// Those of a folder. Finding none is a failure.
    pub fn all(folder: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/notification/dm1").join(folder);
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let of = |end: &str| paths.iter().filter(|path| path.extension().is_some_and(|e| e == end)).collect::<Vec<_>>();
        assert_eq!(of("bin").len(), of("expect").len(), "{}", folder.display());
        assert!(!of("bin").is_empty(), "no vectors in {}", folder.display());
        of("bin").into_iter().map(|path| Self::load(path)).collect()
    }

    /// Those of the notification itself.
    pub fn notifications() -> Vec<Self> {
        ["", "bad", "wrong"].iter().flat_map(|folder| Self::all(folder)).collect()
    }

    pub fn named(folder: &str, name: &str) -> Vec<u8> {
        let found = Self::all(folder).into_iter().find(|vector| vector.name == name);
        found.unwrap_or_else(|| panic!("no vector {folder}/{name}")).bytes
    }

    fn load(path: &Path) -> Self {
        let expect = fs::read_to_string(path.with_extension("expect")).expect("a .bin has its .expect");
        let lines = expect.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into(),
            bytes: fs::read(path).unwrap(),
            lines: lines.map(|(key, value)| (key.into(), value.into())).collect(),
        }
    }

    pub fn one(&self, key: &str) -> Option<String> {
        self.many(key).into_iter().next()
    }

    pub fn many(&self, key: &str) -> Vec<String> {
        self.lines.iter().filter(|(k, _)| k == key).map(|(_, value)| value.clone()).collect()
    }

    /// Password and nonce.
    pub fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        Some((unhex(&self.one("password")?), unhex(&self.one("nonce")?)))
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub const STRICT: ParseOptions = ParseOptions::DEFAULT.with_strictness(Strictness::Strict);
pub const WITH_12: ParseOptions = ParseOptions::DEFAULT.with_version_12(true);
