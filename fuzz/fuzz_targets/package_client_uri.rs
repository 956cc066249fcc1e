//! Any address, read in both modes and resolved in a small tree; any ServerURI, header and JSON value.
#![no_main]

use dm_package::{AcceptList, ClientUri, Component, Json, Limits, MediaType, Resolve, ServerUri, Strictness};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Two instances, each with leaves `a` (its MIID) and `b`, and `c` with two children that have a leaf `a`.
struct Small;

impl Resolve for Small {
    type Node = String;

    fn instances(&self, moid: &str, visit: &mut dyn FnMut(&str, String)) {
        if moid == "u" {
            for miid in ["1", "2"] {
                visit(miid, miid.to_owned());
            }
        }
    }

    fn child(&self, node: &String, name: &str) -> Option<String> {
        let mut found = None;
        self.children(node, &mut |child| {
            if child.ends_with(&format!("/{name}")) && child.len() == node.len() + 1 + name.len() {
                found = Some(child);
            }
        });
        found
    }

    fn children(&self, node: &String, visit: &mut dyn FnMut(String)) {
        let names: &[&str] = match node.split('/').skip(1).collect::<Vec<_>>().as_slice() {
            [] => &["a", "b", "c"],
            ["c"] => &["x", "y"],
            ["c", _] => &["a"],
            _ => &[],
        };
        for name in names {
            visit(format!("{node}/{name}"));
        }
    }

    fn leaf_equals(&self, node: &String, value: &str) -> bool {
        node.ends_with("/a") && node.split('/').next() == Some(value)
    }
}

fuzz_target!(|text: &str| -> Corpus {
    let _ = (ServerUri::parse(text), MediaType::parse(text), AcceptList::parse(text).quality("a/b"));
    if let Ok(json) = Json::parse(text) {
        assert!(json.members().count() + json.elements().count() <= text.len());
        assert_eq!(Json::parse(json.raw()).as_ref(), Ok(&json));
    }
    let strict = ClientUri::parse_with(text, Strictness::Strict, &Limits::DEFAULT);
    let lenient = ClientUri::parse_with(text, Strictness::Lenient, &Limits::DEFAULT);
    for error in [strict.as_ref().err(), lenient.as_ref().err()].into_iter().flatten() {
        assert!(error.offset() <= text.len());
    }
    if let Ok(strict) = &strict {
        assert!(strict.deviations.is_empty());
        assert_eq!(lenient.as_ref(), Ok(strict));
    }
    let Ok(lenient) = lenient else { return Corpus::Reject };
    let uri = lenient.value;
    assert!(!uri.moid().is_empty());
    assert!(uri.path().all(|component| component != Component::Empty));
    for nv in uri.nv() {
        assert!(nv.names().count() >= 1);
        let letter = Component::XName(nv.x_name);
        assert!(uri.instance() == letter || uri.path().any(|component| component == letter));
    }
    if let Ok(nodes) = uri.resolve(&Small) {
        assert!(!nodes.is_empty() && nodes.len() <= 20);
        assert!(uri.has_wildcard() || nodes.len() == 1);
    }
    Corpus::Keep
});
