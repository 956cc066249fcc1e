//! Tree files: the vectors under `tests/vectors/tree`, and saving and loading.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod tree_support;

use dm_session::tree::*;
use std::fs;
use std::path::{Path, PathBuf};
use tree_support::*;

fn files(dir: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/tree").join(dir);
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn save(tree: &MoTree) -> String {
    serde_json::to_string_pretty(&tree.to_file()).unwrap() + "\n"
}

fn load(text: &str) -> MoTree {
    MoTree::from_file(TreeConfig::new(7), serde_json::from_str(text).unwrap()).unwrap()
}

#[test]
fn good_files_come_out_as_they_went_in() {
    for path in files(".") {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(save(&load(&text)), text, "{}", path.display());
    }
}

#[test]
fn bad_files_are_refused_and_it_is_said_where() {
    for path in files("bad") {
        let text = fs::read_to_string(&path).unwrap();
        let expect = fs::read_to_string(path.with_extension("expect")).unwrap();
        let outcome = match serde_json::from_str::<TreeFile>(&text) {
            Err(error) => format!("json {}", error.line()),
            Ok(file) => match MoTree::from_file(TreeConfig::new(7), file) {
                Err(error) => format!("{:?} {}", error.kind(), error.place()),
                Ok(_) => "ok".to_owned(),
            },
        };
        assert_eq!(outcome, expect.trim_end(), "{}", path.display());
    }
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let text = fs::read_to_string(&files(".")[0]).unwrap();
    let text = text.trim_end();
    for cut in 0..text.len() {
        assert!(serde_json::from_str::<TreeFile>(&text[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn a_loaded_tree_works_as_the_saved_one() {
    let text = fs::read_to_string(files(".").iter().find(|path| path.ends_with("sensors.json")).unwrap()).unwrap();
    let tree = &mut load(&text);
    assert_eq!(uris_of(read(tree, DM, &[&u("(x)/Data/1/Value?nv=(x)/ID:GPS")])), [u("west/Data/1/Value")]);
    assert_eq!(tree.notification_credentials(DM).unwrap().secret.expose_secret().len(), 16);
    let changes = tree.take_changes();
    let seen: Vec<_> = changes.iter().map(|change| (change.uri.clone(), change.removed)).collect();
    assert_eq!(seen, [(u("north/"), true), (u("west/Data"), false)]);
    tree.set_value(U, "west", "Data/1/Value", 2.5).unwrap();
    assert_eq!(tree.take_changes().len(), 1);
    // The definition came along.
    assert_eq!(delete(tree, DM, &[&u("west/Data")]), NOT_ALLOWED);
    assert_eq!(put(tree, &u("west/Data/1/Value"), r#"{"Value":"x"}"#), BAD);
    // Rights of a server without account sleep and are kept.
    assert_eq!(read(tree, "gone.example", &[&u("west/ID")]), FORBIDDEN);
}

#[test]
fn the_definition_of_the_device_holds() {
    let text = fs::read_to_string(files(".").iter().find(|path| path.ends_with("sensors.json")).unwrap()).unwrap();
    let file: TreeFile = serde_json::from_str(&text).unwrap();
    // The device's definition has another format for Date and no Ext.
    let error = MoTree::from_file(config(), file).unwrap_err();
    assert_eq!((error.kind(), error.place()), (TreeErrorKind::Format, r#"instances[0].nodes["Data/1/Value"]"#));
    // A file refers to definitions that the device brings along.
    let tree = sensors();
    let text = save(&tree);
    assert!(text.contains("\"definitions\": [\n    \"urn:example:mo:sensor:1.0\"\n  ]"), "{text}");
    let file: TreeFile = serde_json::from_str(&text).unwrap();
    let again = MoTree::from_file(config(), file.clone()).unwrap();
    assert_eq!(save(&again), text);
    assert_eq!(MoTree::from_file(TreeConfig::new(1), file).unwrap_err().kind(), TreeErrorKind::UndefinedMo);
}

#[test]
fn limits_hold_for_files_as_well() {
    let tree = sensors();
    let nodes: usize = tree.instances().map(|instance| instance.root().descendants().count()).sum();
    let instances = tree.instances().count();
    let kind = |limits: TreeLimits| match MoTree::from_file(config().with_limits(limits), tree.to_file()) {
        Ok(_) => None,
        Err(error) => Some(error.kind()),
    };
    let limits = TreeLimits::DEFAULT;
    assert_eq!(kind(limits.with_nodes(nodes).with_instances(instances).with_depth(5)), None);
    for tight in [
        limits.with_nodes(nodes - 1),
        limits.with_instances(instances - 1),
        limits.with_value_len(11),
        limits.with_name_len(5),
        limits.with_total_len(100),
        limits.with_grants(0),
        limits.with_depth(3),
    ] {
        assert_eq!(kind(tight), Some(TreeErrorKind::LimitExceeded), "{tight:?}");
    }
}

#[test]
fn identifiers_are_not_used_twice_after_a_restart() {
    let mut tree = sensors();
    let new = || NewInstance::new(U).with("ID", "a").with("Setting", "b");
    assert_eq!(tree.create_instance(new()).unwrap(), "1");
    tree.delete(U, "1", "").unwrap();
    let mut tree = MoTree::from_file(config(), tree.to_file()).unwrap();
    assert_eq!(tree.create_instance(new()).unwrap(), "2");
    // The last one there can be is not given out again and again.
    let text =
        save(&tree).replace("\"urn:example:mo:sensor:1.0\": 3", "\"urn:example:mo:sensor:1.0\": 18446744073709551615");
    let mut tree = MoTree::from_file(config(), serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(tree.create_instance(new()).unwrap_err().kind(), TreeErrorKind::LimitExceeded);
}

#[test]
fn no_debug_output_of_a_file_holds_a_value() {
    let file = sensors().to_file();
    assert_eq!(format!("{file:?}"), "TreeFile { version: 1, instances: 5, .. }");
}
