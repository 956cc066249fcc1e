//! What holds of any text that is read as a URI or as an ACL; shared by the tests and the fuzz targets.
#![allow(dead_code, clippy::unwrap_used, reason = "tests; each fuzz target uses its part")]

use dm_session::tree::dm1::*;
use std::collections::{BTreeMap, BTreeSet};

/// The limits of the fixture of the tree reference.
pub(crate) const SMALL: UriLimits = UriLimits::new(8, 120, 20);

/// Whether a text is a URI by any rules.
pub(crate) fn uri_holds(text: &str) -> bool {
    let mut read = false;
    for (windows, limits) in [(false, UriLimits::NONE), (false, SMALL), (true, UriLimits::NONE), (true, SMALL)] {
        let strict = UriRules::STRICT.with_limits(limits).with_windows(windows);
        let lenient = UriRules::LENIENT.with_limits(limits).with_windows(windows);
        let (as_strict, as_lenient) = (NodeUri::parse(text, &strict), NodeUri::parse(text, &lenient));
        if !windows && as_strict.is_ok() {
            assert_eq!(as_strict, as_lenient, "{text:?}");
        }
        for result in [as_strict, as_lenient] {
            read |= result.is_ok();
            match result {
                Ok(uri) => one_uri_holds(&uri, windows, limits),
                Err(error) => {
                    assert!(error.offset() <= text.len() && text.is_char_boundary(error.offset()), "{text:?}")
                }
            }
        }
    }
    read
}

fn one_uri_holds(uri: &NodeUri<'_>, windows: bool, limits: UriLimits) {
    let names: Vec<&str> = uri.segments().collect();
    assert_eq!(names.join("/"), uri.names());
    assert_eq!(names.is_empty(), uri.is_root());
    assert!(names.len() <= limits.depth() && chars(uri.as_str()) <= limits.total_len());
    assert_eq!(uri.as_str().split('?').next(), Some(uri.path_str()));
    assert_eq!(uri.query().is_some(), uri.as_str() != uri.path_str());
    for name in &names {
        assert!(!matches!(*name, "" | "." | ".."), "{uri:?}");
        assert!(!name.contains('/') && !name.contains(char::is_control), "{uri:?}");
        assert!(chars(name) <= limits.segment_len(), "{uri:?}");
    }
    for escape in [true, false] {
        for name in &names {
            let segment = escape_name(name, escape);
            assert_eq!(chars(&segment), escaped_chars(name, escape));
            assert!(!escape || segment.is_ascii());
        }
        // What is written is read again, by strict rules, unless the escapes make it too long.
        let strict = UriRules::STRICT;
        let written = UriWriter::new(Style::Dotted, escape).write(names.iter().copied());
        let again = NodeUri::parse(&written, &strict);
        assert_eq!(again.is_ok(), UriLimits::NONE.fits(names.iter().copied(), escape), "{uri:?}");
        if let Ok(again) = again {
            assert!(again.segments().eq(names.iter().copied()), "{uri:?} {again:?}");
            assert_eq!(again.style(), Style::Dotted);
        }
        let written = uri.writer(escape).write(names.iter().copied());
        if let Ok(again) = NodeUri::parse(&written, &strict.with_windows(windows)) {
            assert!(again.segments().eq(names.iter().copied()), "{uri:?} {again:?}");
            assert_eq!(again.scope(), uri.scope());
            assert_eq!(again.style(), if written == "." { Style::Dotted } else { uri.style() });
        } else {
            assert!(!UriLimits::NONE.fits(names.iter().copied(), escape) || chars(uri.as_str()) > 4000, "{uri:?}");
        }
    }
}

/// An ACL in the plainest way: the ids of each command.
type Rights<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The same by the letter of the grammar; `None` for what is none.
fn rights(text: &str) -> Option<Rights<'_>> {
    let mut rights = Rights::new();
    for entry in text.split('&') {
        let (command, ids) = entry.split_once('=')?;
        if !["Add", "Delete", "Exec", "Get", "Replace"].contains(&command) {
            return None;
        }
        for id in ids.split('+') {
            let of_id = |c: char| !"=&*+\u{fffe}\u{ffff}".contains(c) && !c.is_whitespace() && !c.is_control();
            if id != "*" && (id.is_empty() || !id.chars().all(of_id)) {
                return None;
            }
            rights.entry(command).or_default().insert(id);
        }
    }
    Some(rights)
}

/// Whether a server has a right.
fn has(rights: &Rights<'_>, command: AclCommand, id: &str) -> bool {
    rights.get(command.as_str()).is_some_and(|ids| ids.contains("*") || ids.contains(id))
}

/// Whether a text is an ACL.
pub(crate) fn acl_holds(text: &str) -> bool {
    let (parsed, rights) = (Acl::parse(text), rights(text));
    assert_eq!(parsed.is_ok(), rights.is_some(), "{text:?}");
    let (acl, rights) = match (parsed, rights) {
        (Ok(acl), Some(rights)) => (acl, rights),
        (Err(error), _) => {
            assert!(error.offset() <= text.len() && text.is_char_boundary(error.offset()), "{text:?}");
            return false;
        }
        _ => return false,
    };
    assert_eq!(acl.as_str(), text);
    let canonical = acl.to_canonical();
    let again = Acl::parse(&canonical).unwrap();
    assert_eq!(again.to_canonical(), canonical);
    assert!(again.same_rights(&acl));

    let mut ids: Vec<&str> = rights.values().flatten().copied().filter(|id| *id != "*").take(3).collect();
    ids.extend(["nobody", "", "*"]);
    for command in AclCommand::ALL {
        let everyone = rights.get(command.as_str()).is_some_and(|ids| ids.contains("*"));
        assert_eq!(acl.allows_all(command), everyone, "{text:?}");
        assert_eq!(acl.has(command), rights.contains_key(command.as_str()), "{text:?}");
        assert!(acl.with_wildcard(command).allows_all(command));
        for id in &ids {
            assert_eq!(acl.allows(command, id), everyone || (*id != "*" && has(&rights, command, id)), "{text:?} {id}");
            assert_eq!(again.allows(command, id), acl.allows(command, id), "{text:?} {id}");
        }
    }
    for id in &ids {
        removal_holds(&acl, &rights, id);
        grant_holds(&acl, id);
    }
    true
}

fn removal_holds(acl: &Acl, rights: &Rights<'_>, id: &str) {
    let named = id != "*" && rights.values().any(|ids| ids.contains(id));
    assert_eq!(acl.names(id), named);
    let mut left = rights.clone();
    left.retain(|_, ids| {
        if named {
            ids.remove(id);
        }
        !ids.is_empty()
    });
    match acl.without(id) {
        AclRemoval::Unchanged => assert!(!named),
        AclRemoval::Emptied => assert!(named && left.is_empty()),
        AclRemoval::Changed(acl) => {
            assert!(named && !acl.names(id));
            assert_eq!(acl.to_canonical(), acl.as_str());
            for command in AclCommand::ALL {
                let ids = left.get(command.as_str());
                assert_eq!(acl.has(command), ids.is_some());
                for id in ids.into_iter().flatten().take(8).filter(|id| **id != "*") {
                    assert!(acl.allows(command, id));
                }
            }
        }
        _ => unreachable!("no other outcome"),
    }
    let default = Acl::parse("Add=*&Get=*").unwrap();
    let repaired = acl.without_at_root(id, &default);
    assert_eq!(repaired.is_some(), named);
    if let Some(root) = repaired {
        assert!(!root.names(id));
        for command in [AclCommand::Add, AclCommand::Get] {
            assert!(root.has(command) || !acl.has(command));
        }
        for command in AclCommand::ALL {
            // Nobody gains what only the one had, but where everybody had it at first.
            assert!(!root.allows_all(command) || acl.allows_all(command) || default.allows_all(command));
        }
    }
}

fn grant_holds(parent: &Acl, creator: &str) {
    let fits = !matches!(creator, "" | "*");
    assert_eq!(Acl::can_name(creator), fits);
    for literal in [true, false] {
        let Some(acl) = Acl::grant(creator, Some(parent), literal) else {
            assert!(!fits);
            continue;
        };
        assert!(fits);
        assert_eq!(acl.to_canonical(), acl.as_str());
        for command in [AclCommand::Add, AclCommand::Delete, AclCommand::Replace] {
            assert!(acl.allows(command, creator) && !acl.allows(command, "nobody else"));
        }
        assert!(!acl.has(AclCommand::Exec));
        for id in [creator, "nobody"] {
            assert_eq!(acl.allows(AclCommand::Get, id), !literal && parent.allows(AclCommand::Get, id));
        }
    }
}
