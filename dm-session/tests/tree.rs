//! How the management tree answers: statuses (§5.2 of the DM 2.0 reference), data (§8), commands
//! (§5.3), and what the device's own application can do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod tree_support;

use dm_package::{MoItem, Strictness};
use dm_session::tree::*;
use tree_support::*;

mod statuses {
    //! The rows of the status table that the tree decides.
    use super::*;

    #[test]
    fn done_is_200() {
        let tree = &mut sensors();
        assert_eq!(data_of(read(tree, DM, &[&u("west/Setting")])), r#"{"Setting":"0xA1"}"#);
        assert_eq!(put(tree, &u("west/Setting"), r#"{"Setting":"0xA2"}"#), written(&[&u("west/Setting")]));
        assert_eq!(tree.value(U, "west", "Setting"), Some(&Value::from("0xA2")));
        assert_eq!(delete(tree, DM, &[&u("west/Data/1")]), OK);
        assert!(tree.node(U, "west", "Data/1").is_none());
        assert_eq!(check_write(tree, DM, Some(&u("west/Setting"))), OK);
        assert_eq!(check_write(tree, DM, None), OK);
        assert_eq!(exec(tree, DM, &u("(x)/Reset?nv=(x)/ID:GPS")), Outcome::Executable(u("west/Reset")));
    }

    #[test]
    fn a_leaf_without_value_is_204() {
        let tree = &mut sensors();
        assert_eq!(read(tree, DM, &[&u("west/Reset")]), NO_CONTENT);
        assert_eq!(read(tree, DM, &[&u("*/Reset")]), NO_CONTENT);
        // With others that have one it is left out.
        assert_eq!(uris_of(read(tree, DM, &[&u("west/Reset"), &u("west/ID")])), [u("west/ID")]);
        tree.clear_value(U, "west", "Setting").unwrap();
        assert_eq!(read(tree, DM, &[&u("west/Setting")]), NO_CONTENT);
        assert!(!data_of(read(tree, DM, &[&u("west/")])).contains("Setting"));
    }

    #[test]
    fn everything_fresh_is_304() {
        let tree = &mut sensors();
        let cv = tree.instance(U, "west").unwrap().validator().unwrap();
        let (root, leaf) = (u(&format!("west/?cv={cv}")), u(&format!("west/ID?cv={cv}")));
        assert_eq!(read(tree, DM, &[&root, &leaf]), NOT_MODIFIED);
        assert_eq!(uris_of(read(tree, DM, &[&root, &u("east/ID")])), [u("east/ID")]);
        // Something is not fresh and there is nothing to send.
        assert_eq!(read(tree, DM, &[&root, &u("east/Reset")]), NO_CONTENT);
    }

    #[test]
    fn bad_uris_and_data_are_400() {
        let tree = &mut sensors();
        for uri in
            ["", "x", U, "urn:x//?nv=(x)/ID:GPS", "urn:x/(x)/ID", "urn:x/%zz/", "urn:x//a//b", "urn:x//?cv=1&cv=2"]
        {
            assert_eq!(unchanged(tree, |tree| read(tree, DM, &[uri])), BAD, "{uri}");
            assert_eq!(unchanged(tree, |tree| put(tree, uri, r#"{"A":1}"#)), BAD, "{uri}");
            assert_eq!(unchanged(tree, |tree| delete(tree, DM, &[uri])), BAD, "{uri}");
            assert_eq!(unchanged(tree, |tree| exec(tree, DM, uri)), BAD, "{uri}");
            assert_eq!(unchanged(tree, |tree| subscribe(tree, DM, uri)), BAD, "{uri}");
            assert_eq!(unchanged(tree, |tree| check_write(tree, DM, Some(uri))), BAD, "{uri}");
        }
        assert_eq!(read(tree, DM, &[]), BAD);
        assert_eq!(delete(tree, DM, &[]), BAD);
        assert_eq!(write(tree, DM, None, &[]), BAD);
        assert_eq!(write(tree, DM, Some(&u("west/")), &[]), BAD);
        let two = [("", r#"{"ID":"a"}"#), ("", r#"{"ID":"a"}"#)];
        assert_eq!(write(tree, DM, Some(&u("west/ID")), &two), BAD);
        for (uri, json) in [
            (u("west/Setting"), r#"{"Other":"a"}"#),
            (u("west/Setting"), r#"{"Setting":{}}"#),
            (u("west/Setting"), r#"{"Setting":["a"]}"#),
            (u("west/Setting"), r#"{"Setting":null}"#),
            (u("west/Setting"), r#"{"Setting":"a","More":"b"}"#),
            (u("west/Setting"), "{}"),
            (u("west/Data"), r#"{"Data":"a"}"#),
            (u("west/Data/1/Value"), r#"{"Value":"many"}"#),
            (u("west/Data/1/Value"), r#"{"Value":1.5}"#),
            (u("west/Data/3"), r#"{"3":{"Date":"a"}}"#),
            (u("west/Data/3"), r#"{"3":{"Date":"a","Value":1,"Else":2}}"#),
            (u("west/Data/3"), r#"{"3":{"Date":"a","Date":"b","Value":1}}"#),
            (u("west/Data/3"), r#"{"3":5}"#),
        ] {
            assert_eq!(unchanged(tree, |tree| put(tree, &uri, json)), BAD, "{uri} {json}");
        }
    }

    #[test]
    fn several_nodes_without_wildcard_are_400() {
        let tree = &mut sensors();
        assert_eq!(unchanged(tree, |tree| put(tree, &u("*/Setting"), r#"{"Setting":"a"}"#)), BAD);
        assert_eq!(unchanged(tree, |tree| check_write(tree, DM, Some(&u("*/Setting")))), BAD);
        assert_eq!(unchanged(tree, |tree| exec(tree, DM, &u("*/Reset"))), BAD);
        // A wildcard that matches one node is no problem.
        tree.delete(U, "east", "").unwrap();
        assert_eq!(put(tree, &u("*/Setting"), r#"{"Setting":"a"}"#), written(&[&u("west/Setting")]));
    }

    #[test]
    fn without_permission_is_403() {
        let tree = &mut sensors();
        for server in [OTHER, "unknown.example", ""] {
            for uri in [u("west/ID"), u("west/"), u("*/ID"), u("/ID"), u("(x)/?nv=(x)/ID:GPS"), u("west/Nothing")] {
                assert_eq!(unchanged(tree, |tree| read(tree, server, &[&uri])), FORBIDDEN, "{server} {uri}");
                assert_eq!(unchanged(tree, |tree| delete(tree, server, &[&uri])), FORBIDDEN);
                assert_eq!(unchanged(tree, |tree| exec(tree, server, &uri)), FORBIDDEN);
                assert_eq!(unchanged(tree, |tree| subscribe(tree, server, &uri)), FORBIDDEN);
                assert_eq!(unchanged(tree, |tree| check_write(tree, server, Some(&uri))), FORBIDDEN);
                let write = |tree: &mut MoTree| write(tree, server, Some(&uri), &[("", r#"{"ID":"a"}"#)]);
                assert_eq!(unchanged(tree, write), FORBIDDEN);
            }
        }
        // An MO that the bootstrap does not list, whether the device knows it or not.
        for uri in ["urn:example:mo:unlisted:1.0//", "urn:example:mo:unlisted:1.0/1/", SESSION_INFO] {
            let uri = if uri == SESSION_INFO { &format!("{uri}//CBT") } else { uri };
            let expected = if uri.starts_with(SESSION_INFO) { NOT_FOUND } else { FORBIDDEN };
            assert_eq!(read(tree, DM, &[uri]), expected, "{uri}");
            assert_eq!(
                write(tree, DM, Some(uri), &[(uri, r#"{"CBT":"a"}"#)]),
                if expected == NOT_FOUND { NOT_FOUND } else { FORBIDDEN }
            );
        }
        assert_eq!(check_write(tree, "unknown.example", None), FORBIDDEN);
    }

    #[test]
    fn one_right_is_not_another() {
        let tree = &mut sensors();
        let (leaf, reset, data) = (u("west/Setting"), u("west/Reset"), u("west/Data/1"));
        for (right, can) in [
            (Rights::READ, [true, false, false, false]),
            (Rights::WRITE, [false, true, true, false]),
            (Rights::EXECUTE, [false, false, false, true]),
            (Rights::DELEGATE, [false, false, false, false]),
        ] {
            let _ = tree.revoke(U, "west", OTHER);
            tree.grant(U, "west", OTHER, right).unwrap();
            let mut copy = tree.clone();
            let outcomes = [
                read(&mut copy, OTHER, &[&leaf]),
                write(&mut copy, OTHER, Some(&leaf), &[("", r#"{"Setting":"a"}"#)]),
                delete(&mut copy, OTHER, &[&data]),
                exec(&mut copy, OTHER, &reset),
            ];
            for (outcome, can) in outcomes.iter().zip(can) {
                assert_eq!(*outcome != FORBIDDEN, can, "{right:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn unresolved_is_404() {
        let tree = &mut sensors();
        for uri in
            [u("/ID"), u("north/"), u("west/Nothing"), u("west/ID/x"), u("west/Data/*/x"), u("(x)/?nv=(x)/ID:none")]
        {
            assert_eq!(unchanged(tree, |tree| read(tree, DM, &[&uri])), NOT_FOUND, "{uri}");
            assert_eq!(unchanged(tree, |tree| delete(tree, DM, &[&uri])), NOT_FOUND, "{uri}");
            assert_eq!(unchanged(tree, |tree| exec(tree, DM, &uri)), NOT_FOUND, "{uri}");
            assert_eq!(unchanged(tree, |tree| subscribe(tree, DM, &uri)), NOT_FOUND, "{uri}");
        }
        // A server does not name instances; nor does it leave out nodes on the way.
        assert_eq!(unchanged(tree, |tree| put(tree, &u("north/"), r#"{"S":{"ID":"a","Setting":"b"}}"#)), NOT_FOUND);
        assert_eq!(unchanged(tree, |tree| put(tree, &u("west/Data/3/Value"), r#"{"Value":1}"#)), NOT_FOUND);
        assert_eq!(check_write(tree, DM, Some(&u("west/Nothing"))), NOT_FOUND);
        assert_eq!(unsubscribe(tree, DM, &u("west/")), NOT_FOUND);
        // One unresolved target spoils the whole.
        assert_eq!(unchanged(tree, |tree| delete(tree, DM, &[&u("west/Data/1"), &u("west/x")])), NOT_FOUND);
    }

    #[test]
    fn permanent_nodes_and_access_types_are_405() {
        let tree = &mut sensors();
        for uri in [u("west/Data"), u("west/Serial"), u("west/ID"), u("*/Data"), u("west/Data/1/Date")] {
            assert_eq!(unchanged(tree, |tree| delete(tree, DM, &[&uri])), NOT_ALLOWED, "{uri}");
        }
        for (uri, json) in [
            (u("west/ID"), r#"{"ID":"a"}"#),
            (u("west/Serial"), r#"{"Serial":"a"}"#),
            (u("west/"), r#"{"S":{"ID":"new","Setting":"a"}}"#),
        ] {
            assert_eq!(unchanged(tree, |tree| put(tree, &uri, json)), NOT_ALLOWED, "{uri} {json}");
        }
        assert_eq!(exec(tree, DM, &u("west/ID")), NOT_ALLOWED);
        assert_eq!(exec(tree, DM, &u("west/")), NOT_ALLOWED);
        assert_eq!(check_write(tree, DM, Some(&u("west/ID"))), NOT_ALLOWED);
        put(tree, &u("west/Key"), r#"{"Key":"AAEC"}"#);
        assert_eq!(tree.value(U, "west", "Key"), Some(&Value::Bin(vec![0, 1, 2])));
        assert_eq!(read(tree, DM, &[&u("west/Key")]), NOT_ALLOWED);
        assert_eq!(subscribe(tree, DM, &u("west/Key")), NOT_ALLOWED);
        // A second DevInfo cannot be, and the one there is cannot be changed.
        tree.grant(DEV_INFO, "1", DM, Rights::ALL).unwrap();
        let root = format!("{DEV_INFO}//");
        assert_eq!(write(tree, DM, None, &[(&root, r#"{"DevInfo":{"Man":"x"}}"#)]), NOT_ALLOWED);
        assert_eq!(write(tree, DM, None, &[(&format!("{DEV_INFO}/9/"), r#"{"DevInfo":{"Man":"x"}}"#)]), NOT_ALLOWED);
        assert_eq!(delete(tree, DM, &[&root]), NOT_ALLOWED);
        assert_eq!(check_write(tree, DM, Some(&root)), NOT_ALLOWED);
    }

    #[test]
    fn rights_are_judged_before_access_types() {
        let tree = &mut sensors();
        tree.grant(U, "west", OTHER, Rights::READ).unwrap();
        assert_eq!(delete(tree, OTHER, &[&u("west/Data")]), FORBIDDEN);
        assert_eq!(exec(tree, OTHER, &u("west/ID")), FORBIDDEN);
        assert_eq!(write(tree, OTHER, Some(&u("west/ID")), &[("", r#"{"ID":"a"}"#)]), FORBIDDEN);
    }

    #[test]
    fn over_a_limit_is_413() {
        let nodes: usize = sensors().instances().map(|instance| instance.root().descendants().count()).sum();
        let mut tight = sensors_with(config().with_limits(TreeLimits::DEFAULT.with_nodes(nodes + 3)));
        assert_eq!(
            put(&mut tight, &u("west/Data/3"), r#"{"3":{"Date":"a","Value":1}}"#),
            written(&[&u("west/Data/3")])
        );
        assert_eq!(unchanged(&mut tight, |tree| put(tree, &u("west/Level"), r#"{"Level":1}"#)), TOO_LARGE);
        // Replacing what is there does not need the room twice.
        assert_eq!(
            put(&mut tight, &u("west/Data/3"), r#"{"3":{"Date":"b","Value":1}}"#),
            written(&[&u("west/Data/3")])
        );

        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_value_len(40)));
        assert_eq!(put_bytes(tree, &u("west/Setting"), &[b'a'; 40]), written(&[&u("west/Setting")]));
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &u("west/Setting"), &[b'a'; 41])), TOO_LARGE);

        let instances = sensors().instances().count();
        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_instances(instances + 1)));
        let new = r#"{"S":{"ID":"a","Setting":"b"}}"#;
        assert!(matches!(write(tree, DM, None, &[(&u("/"), new)]), Outcome::Written(_)));
        assert_eq!(unchanged(tree, |tree| write(tree, DM, None, &[(&u("/"), new)])), TOO_LARGE);

        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_subscriptions(1)));
        assert_eq!(subscribe(tree, DM, &u("west/")), OK);
        assert_eq!(subscribe(tree, DM, &u("west/")), OK);
        assert_eq!(unchanged(tree, |tree| subscribe(tree, DM, &u("east/"))), TOO_LARGE);
    }

    #[test]
    fn what_is_read_at_once_has_a_limit() {
        let len = data_of(read(&mut sensors(), DM, &[&u("west/Data")])).len();
        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_read_len(2 * len)));
        let uri = u("west/Data");
        assert_eq!(uris_of(read(tree, DM, &[&uri, &uri])).len(), 2);
        assert_eq!(read(tree, DM, &[&uri, &uri, &u("west/ID")]), TOO_LARGE);
    }

    #[test]
    fn depth_has_a_limit() {
        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_depth(4)));
        let root = format!("{FREE}//");
        let leaf_on_4 = r#"{"1":{"2":{"3":{"4":5}}}}"#;
        let Outcome::Written(uris) = write(tree, DM, Some(&root), &[(&root, leaf_on_4)]) else { panic!() };
        let interior_on_4 = r#"{"1":{"2":{"3":{"5":{}}}}}"#;
        assert_eq!(unchanged(tree, |tree| put(tree, &uris[0], interior_on_4)), TOO_LARGE);
        assert_eq!(data_of(read(tree, DM, &[&root])), leaf_on_4);
    }

    #[test]
    fn the_deepest_tree_can_be_read() {
        let tree = &mut sensors();
        let root = format!("{FREE}//");
        let (open, close) = (r#"{"n":"#.repeat(63), "}".repeat(63));
        let deepest = format!(r#"{open}{{"n":1}}{close}"#);
        assert!(matches!(write(tree, DM, Some(&root), &[(&root, &deepest)]), Outcome::Written(_)));
        assert_eq!(data_of(read(tree, DM, &[&root])), deepest);
        let path = format!("{}m/o", "n/".repeat(62));
        assert!(tree.set_value(FREE, "1", &path, 1).is_err());
    }

    #[test]
    fn a_body_that_is_not_mo_data_fits_leaves_only() {
        let tree = &mut sensors();
        assert_eq!(put_bytes(tree, &u("west/Key"), &[0, 159]), written(&[&u("west/Key")]));
        assert_eq!(tree.value(U, "west", "Key"), Some(&Value::Bin(vec![0, 159])));
        assert_eq!(put_bytes(tree, &u("west/Data/1/Value"), b"77"), written(&[&u("west/Data/1/Value")]));
        assert_eq!(tree.value(U, "west", "Data/1/Value"), Some(&Value::Int(77)));
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &u("west/Data/1/Value"), b"x")), BAD);
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &u("west/Setting"), &[0xff])), BAD);
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &u("west/Data"), b"x")), UNSUPPORTED);
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &u("west/"), b"x")), UNSUPPORTED);
        assert_eq!(unchanged(tree, |tree| put_bytes(tree, &format!("{FREE}//"), b"x")), UNSUPPORTED);
        let nowhere = Operation::Write { server_id: DM.into(), uri: None, content: Content::Bytes(vec![]) };
        assert_eq!(unchanged(tree, |tree| tree.manage(&nowhere)), UNSUPPORTED);
    }
}

mod serialization {
    //! The rows of §8.
    use super::*;

    fn free(tree: &mut MoTree, values: &[(&str, Value)]) {
        let new = NewInstance::new(FREE).with_miid("f").with_name("Free");
        let new = values.iter().fold(new, |new, (path, value)| new.with(*path, value.clone()));
        tree.create_instance(new).unwrap();
        tree.grant(FREE, "f", DM, Rights::ALL).unwrap();
    }

    #[test]
    fn the_outermost_name_is_the_target() {
        let tree = &mut sensors();
        let Outcome::Data(items) = read(tree, DM, &[&u("west/"), &u("west/Data/2"), &u("west/Data/2/Value")]) else {
            panic!()
        };
        let json: Vec<&str> = items.iter().map(|item| item.mo_data.raw()).collect();
        assert_eq!(
            json,
            [
                r#"{"Root":{"ID":"GPS","Setting":"0xA1","Serial":"S-0","Data":{"1":{"Date":"12.1","Value":11},"2":{"Date":"12.2","Value":12}}}}"#,
                r#"{"2":{"Date":"12.2","Value":12}}"#,
                r#"{"Value":12}"#
            ]
        );
        let uris: Vec<&str> = items.iter().map(|item| item.client_uri.as_str()).collect();
        assert_eq!(uris, [u("west/"), u("west/Data/2"), u("west/Data/2/Value")]);
        assert!(items.iter().all(|item| item.ddf.as_ref().is_some_and(|ddf| *ddf == "https://ddf.example/sensor.ddf")));
    }

    #[test]
    fn a_wildcard_gives_one_item_for_each_node() {
        let tree = &mut sensors();
        let outcome = read(tree, DM, &[&u("*/Data/*/Value")]);
        assert_eq!(
            uris_of(outcome),
            [u("west/Data/1/Value"), u("west/Data/2/Value"), u("east/Data/1/Value"), u("east/Data/2/Value")]
        );
    }

    #[test]
    fn each_format_has_its_json_form_and_its_text_form() {
        let tree = &mut sensors();
        let values = [
            ("bin", Value::Bin(vec![0, 255]), r#""AP8=""#, r#""AP8=""#),
            ("b64", Value::B64(vec![1]), r#""AQ==""#, r#""AQ""#),
            ("bool", Value::Bool(true), "true", r#""true""#),
            ("chr", Value::from("a\"b"), r#""a\"b""#, r#""a\"b""#),
            ("date", Value::Date("2026-01-31".into()), r#""2026-01-31""#, r#""2026-01-31""#),
            ("float", Value::Float(0.5), "0.5", r#""0.5""#),
            ("int", Value::Int(-7), "-7", r#""-7""#),
            ("null", Value::Null, "null", r#""""#),
            ("time", Value::Time("12:00".into()), r#""12:00""#, r#""12:00""#),
            ("xml", Value::Xml("<a/>".into()), r#""<a/>""#, r#""<a/>""#),
        ];
        free(tree, &values.each_ref().map(|(name, value, _, _)| (*name, value.clone())));
        for (name, value, json, text) in &values {
            let uri = format!("{FREE}/f/{name}");
            assert_eq!(data_of(read(tree, DM, &[&uri])), format!(r#"{{"{name}":{json}}}"#));
            assert_eq!(put(tree, &uri, &format!(r#"{{"{name}":{text}}}"#)), written(&[&uri]));
            assert_eq!(tree.value(FREE, "f", name), Some(value), "{name}");
        }
    }

    #[test]
    fn what_may_not_be_read_and_what_has_no_value_is_left_out() {
        let tree = &mut sensors();
        free(tree, &[("a/b", Value::Int(1))]);
        tree.create_interior(FREE, "f", "empty").unwrap();
        tree.clear_value(FREE, "f", "a/b").unwrap();
        assert_eq!(data_of(read(tree, DM, &[&format!("{FREE}/f/")])), r#"{"Free":{"a":{},"empty":{}}}"#);
        tree.set_value(U, "west", "Key", vec![1]).unwrap();
        assert!(!data_of(read(tree, DM, &[&u("west/")])).contains("Key"));
        // A wildcard passes over what it may not read.
        assert!(!uris_of(read(tree, DM, &[&u("west/*")])).contains(&u("west/Key")));
    }

    #[test]
    fn nodes_come_in_ddf_order_else_by_name() {
        let tree = &mut sensors();
        free(tree, &[("b", 1.into()), ("a", 2.into()), ("B", 3.into())]);
        assert_eq!(data_of(read(tree, DM, &[&format!("{FREE}/f/")])), r#"{"Free":{"B":3,"a":2,"b":1}}"#);
        tree.set_value(U, "west", "Level", 5).unwrap();
        let order = [u("west/ID"), u("west/Setting"), u("west/Level"), u("west/Serial"), u("west/Data")];
        assert_eq!(uris_of(read(tree, DM, &[&u("west/*")])), order);
    }

    #[test]
    fn data_may_start_at_the_mo_root() {
        let tree = &mut sensors();
        let root_form = r#"{"Root":{"Data":{"1":{"Value":99}}}}"#;
        assert_eq!(put(tree, &u("west/Data/1/Value"), root_form), written(&[&u("west/Data/1/Value")]));
        assert_eq!(tree.value(U, "west", "Data/1/Value"), Some(&Value::Int(99)));
        assert_eq!(tree.value(U, "west", "Data/1/Date"), Some(&Value::from("12.1")), "only the target is written");
        // A bare object has no address of its own.
        let bare = [("", r#"{"Root":{"Setting":"bare"}}"#)];
        assert_eq!(write(tree, DM, Some(&u("west/Setting")), &bare), written(&[&u("west/Setting")]));
        // A node that is to be created.
        let new = r#"{"Root":{"Data":{"3":{"Date":"a","Value":1}}}}"#;
        assert_eq!(put(tree, &u("west/Data/3"), new), written(&[&u("west/Data/3")]));
        // Not when it holds more than the target.
        let more = r#"{"Root":{"Setting":"x","ID":"y"}}"#;
        assert_eq!(unchanged(tree, |tree| put(tree, &u("west/Setting"), more)), BAD);
        assert_eq!(unchanged(tree, |tree| write(tree, DM, None, &[("", more)])), BAD);
        let mut strict = sensors_with(config().with_strictness(Strictness::Strict));
        assert_eq!(unchanged(&mut strict, |tree| put(tree, &u("west/Data/1/Value"), root_form)), BAD);
        assert_eq!(put(&mut strict, &u("west/Data/1/Value"), r#"{"Value":99}"#), written(&[&u("west/Data/1/Value")]));
    }

    #[test]
    fn numbers_become_text_only_where_one_is_lenient() {
        let tree = &mut sensors();
        assert_eq!(put(tree, &u("west/Setting"), r#"{"Setting":7}"#), written(&[&u("west/Setting")]));
        assert_eq!(tree.value(U, "west", "Setting"), Some(&Value::from("7")));
        let mut strict = sensors_with(config().with_strictness(Strictness::Strict));
        assert_eq!(unchanged(&mut strict, |tree| put(tree, &u("west/Setting"), r#"{"Setting":7}"#)), BAD);
    }
}

mod writing {
    //! HGET's storing part (§5.3).
    use super::*;

    const NEW: &str = r#"{"Any":{"ID":"a","Setting":"b"}}"#;

    #[test]
    fn replaces_what_is_there() {
        let tree = &mut sensors();
        tree.set_value(U, "west", "Level", 5).unwrap();
        tree.set_value(U, "west", "Key", vec![1]).unwrap();
        assert_eq!(
            put(tree, &u("west/"), r#"{"West":{"Setting":"new","Data":{"2":{"Value":5}}}}"#),
            written(&[&u("west/")])
        );
        // Gone: what can be deleted and is not needed.
        assert!(tree.node(U, "west", "Level").is_none());
        assert!(tree.node(U, "west", "Data/1").is_none());
        // Kept: what the server cannot delete, and what the definition cannot do without.
        for (path, value) in [("ID", "GPS"), ("Serial", "S-0"), ("Setting", "new"), ("Data/2/Date", "12.2")] {
            assert_eq!(tree.value(U, "west", path), Some(&Value::from(value)), "{path}");
        }
        assert_eq!(tree.value(U, "west", "Data/2/Value"), Some(&Value::Int(5)));
        assert_eq!(tree.value(U, "west", "Key"), Some(&Value::Bin(vec![1])));
    }

    #[test]
    fn adds_nodes_below_existing_ones() {
        let tree = &mut sensors();
        assert_eq!(check_write(tree, DM, Some(&u("west/Level"))), OK);
        assert_eq!(put(tree, &u("west/Level"), r#"{"Level":3}"#), written(&[&u("west/Level")]));
        assert_eq!(put(tree, &u("west/Data/9"), r#"{"9":{"Date":"d","Value":"9"}}"#), written(&[&u("west/Data/9")]));
        assert_eq!(tree.value(U, "west", "Data/9/Value"), Some(&Value::Int(9)));
        assert_eq!(tree.value(U, "west", "Data/1/Value"), Some(&Value::Int(11)));
        assert_eq!(put(tree, &u("west/Data/10"), r#"{"10":{"Date":"d","Value":1}}"#), written(&[&u("west/Data/10")]));
        // ZeroOrN(4).
        assert_eq!(unchanged(tree, |tree| put(tree, &u("west/Data/11"), r#"{"11":{"Date":"d","Value":1}}"#)), BAD);
    }

    #[test]
    fn creates_instances_with_identifiers_of_its_own() {
        let tree = &mut sensors();
        let both = [(u("/"), NEW), (u("/"), NEW)];
        let both = both.each_ref().map(|(uri, json)| (uri.as_str(), *json));
        assert_eq!(write(tree, DM, None, &both), written(&[&u("1/"), &u("2/")]));
        // The creator has all rights, nobody else has any.
        assert_eq!(tree.rights(U, "1", DM), Rights::ALL);
        assert_eq!(tree.rights(U, "1", OTHER), Rights::NONE);
        // An identifier that the data brings along is only a wish, and none is used twice.
        assert_eq!(delete(tree, DM, &[&u("2/")]), OK);
        assert_eq!(write(tree, DM, None, &[(&u("7/"), NEW)]), written(&[&u("3/")]));
        // An existing one is replaced.
        assert_eq!(write(tree, DM, None, &[(&u("3/"), r#"{"Any":{"Setting":"c"}}"#)]), written(&[&u("3/")]));
        assert_eq!(tree.value(U, "3", "Setting"), Some(&Value::from("c")));
        assert_eq!(tree.value(U, "3", "Serial"), Some(&Value::from("S-0")), "permanent nodes come along");
        assert!(tree.node(U, "3", "Data").is_some());
    }

    #[test]
    fn with_a_place_an_empty_instance_means_the_only_one() {
        let tree = &mut sensors();
        assert_eq!(unchanged(tree, |tree| put(tree, &u("/"), NEW)), NOT_FOUND, "there are two");
        tree.delete(U, "east", "").unwrap();
        assert_eq!(put(tree, &u("/"), r#"{"Any":{"Setting":"c"}}"#), written(&[&u("west/")]));
        tree.delete(U, "west", "").unwrap();
        assert_eq!(check_write(tree, DM, Some(&u("/"))), OK);
        assert_eq!(put(tree, &u("/"), NEW), written(&[&u("1/")]));
        assert_eq!(tree.node(U, "1", "").unwrap().name(), "Any");
        // Another server sees none and gets one of its own.
        assert_eq!(write(tree, OTHER, Some(&u("/")), &[(&u("/"), NEW)]), written(&[&u("2/")]));
        assert_eq!(tree.rights(U, "2", OTHER), Rights::ALL);
    }

    #[test]
    fn the_place_wins_over_the_address_in_the_data() {
        let tree = &mut sensors();
        let data = [(u("east/Setting"), r#"{"Setting":"moved"}"#)];
        let data = data.each_ref().map(|(uri, json)| (uri.as_str(), *json));
        assert_eq!(write(tree, DM, Some(&u("west/Setting")), &data), written(&[&u("west/Setting")]));
        assert_eq!(tree.value(U, "east", "Setting"), Some(&Value::from("0xB2")));
    }

    #[test]
    fn undefined_mos_are_a_matter_of_policy() {
        let root = format!("{FREE}//");
        let data = [(root.as_str(), r#"{"F":{"a":1,"b":{"c":[1]}}}"#)];
        let tree = &mut sensors();
        assert_eq!(unchanged(tree, |tree| write(tree, DM, None, &data)), BAD);
        let data = [(root.as_str(), r#"{"F":{"a":1,"b":{"c":"x"}}}"#)];
        assert_eq!(write(tree, DM, None, &data), written(&[&format!("{FREE}/1/")]));
        assert_eq!(write(tree, DM, None, &data), written(&[&format!("{FREE}/2/")]));
        assert_eq!(put(tree, &format!("{FREE}/1/"), r#"{"Named anew":{"b":{}}}"#), written(&[&format!("{FREE}/1/")]));
        assert_eq!(data_of(read(tree, DM, &[&format!("{FREE}/1/")])), r#"{"F":{"b":{}}}"#);
        assert_eq!(exec(tree, DM, &format!("{FREE}/1/b")), NOT_ALLOWED);
        let refuse = &mut sensors_with(config().with_undefined(UndefinedMo::Refuse));
        assert_eq!(unchanged(refuse, |tree| write(tree, DM, None, &data)), NOT_FOUND);
        assert_eq!(unchanged(refuse, |tree| write(tree, DM, Some(&root), &data)), NOT_FOUND);
        assert_eq!(check_write(refuse, DM, Some(&root)), NOT_FOUND);
    }

    #[test]
    fn all_or_nothing() {
        let tree = &mut sensors();
        let good =
            [(u("/"), NEW), (u("west/Setting"), r#"{"Setting":"x"}"#), (u("west/Data/1"), r#"{"1":{"Value":1}}"#)];
        let bad = [
            (u("west/ID"), r#"{"ID":"x"}"#),
            (u("west/Nothing"), r#"{"Nothing":1}"#),
            (u("west/Data/2"), r#"{"2":{"Value":"x"}}"#),
            (u("west/Data"), r#"{"Data":{"1":{"Value":4},"5":{"Date":"a","Value":1},"6":{"Date":"a"}}}"#),
            ("urn:example:mo:unlisted:1.0//".to_owned(), NEW),
            (u("/"), r#"{"Any":{"ID":"a"}}"#),
            (u("/"), r#"{"Any":{"ID":"a","Setting":"b","Level":"x"}}"#),
        ];
        for bad in &bad {
            let mut items: Vec<(&str, &str)> = good.iter().map(|(uri, json)| (uri.as_str(), *json)).collect();
            items.push((&bad.0, bad.1));
            let outcome = unchanged(tree, |tree| write(tree, DM, None, &items));
            assert!(matches!(outcome, Outcome::Status(_)), "{bad:?}");
        }
        // The identifier of the refused instance was not used up.
        let good = good.each_ref().map(|(uri, json)| (uri.as_str(), *json));
        assert_eq!(write(tree, DM, None, &good), written(&[&u("1/"), &u("west/Setting"), &u("west/Data/1")]));
    }
}

mod order {
    //! Items of one write follow one another.
    use super::*;

    #[test]
    fn a_later_item_sees_what_an_earlier_one_did() {
        let tree = &mut sensors();
        let items = [
            (u("west/Data/3"), r#"{"3":{"Date":"a","Value":1}}"#),
            (u("west/Data/3/Value"), r#"{"Value":2}"#),
            (u("west/Data"), r#"{"Data":{"1":{"Value":5}}}"#),
        ];
        let items = items.each_ref().map(|(uri, json)| (uri.as_str(), *json));
        assert_eq!(write(tree, DM, None, &items[..2]), written(&[items[0].0, items[1].0]));
        assert_eq!(tree.value(U, "west", "Data/3/Value"), Some(&Value::Int(2)));
        // Only what is still there is told.
        assert_eq!(write(tree, DM, None, &items), written(&[items[2].0]));
        assert!(tree.node(U, "west", "Data/3").is_none());
    }
}

mod deleting {
    use super::*;

    #[test]
    fn takes_everything_below_along() {
        let tree = &mut sensors();
        assert_eq!(delete(tree, DM, &[&u("west/Data/1"), &u("east/Data/2")]), OK);
        assert!(tree.node(U, "west", "Data/1/Value").is_none());
        assert_eq!(delete(tree, DM, &[&u("west/")]), OK);
        assert!(tree.instance(U, "west").is_none());
        assert_eq!(read(tree, DM, &[&u("west/")]), NOT_FOUND);
        assert_eq!(delete(tree, DM, &[&u("west/")]), NOT_FOUND);
    }

    #[test]
    fn several_nodes_need_a_wildcard() {
        let tree = &mut sensors();
        assert_eq!(unchanged(tree, |tree| delete(tree, DM, &[&u("*/ID")])), NOT_ALLOWED);
        assert_eq!(delete(tree, DM, &[&u("*/Data/*")]), OK);
        assert_eq!(tree.node(U, "east", "Data").unwrap().children().count(), 0);
        assert_eq!(delete(tree, DM, &[&u("*/")]), OK);
        assert_eq!(tree.instances_of(U).count(), 0);
    }

    #[test]
    fn one_target_may_hold_another() {
        let tree = &mut sensors();
        assert_eq!(delete(tree, DM, &[&u("west/Data/1"), &u("west/"), &u("west/Data/2"), &u("west/")]), OK);
        assert!(tree.instance(U, "west").is_none());
    }
}

mod defaults_and_subscriptions {
    use super::*;

    fn set_default(tree: &mut MoTree, server_id: &str, moid: &str, server_uri: &str) -> Outcome {
        tree.manage(&Operation::SetDefault {
            server_id: server_id.into(),
            moid: moid.into(),
            server_uri: server_uri.into(),
        })
    }

    fn find_default(tree: &mut MoTree, moid: &str) -> Outcome {
        tree.manage(&Operation::FindDefault { moid: moid.into() })
    }

    #[test]
    fn one_default_for_an_mo() {
        let tree = &mut sensors();
        assert_eq!(find_default(tree, FREE), NOT_FOUND);
        assert_eq!(set_default(tree, DM, FREE, "https://a.example/1"), OK);
        assert_eq!(set_default(tree, OTHER, FREE, "https://a.example/2"), OK);
        let found = Outcome::Default { server_id: OTHER.into(), server_uri: "https://a.example/2".into() };
        assert_eq!(find_default(tree, FREE), found);
        assert_eq!(set_default(tree, DM, U, "https://a.example/1"), OK);
        assert_eq!(find_default(tree, U), status(dm_package::StatusCode::CONFLICT));
        assert_eq!(
            unchanged(tree, |tree| set_default(tree, DM, "urn:example:mo:unlisted:1.0", "https://a.example/")),
            FORBIDDEN
        );
        assert_eq!(unchanged(tree, |tree| set_default(tree, "unknown", FREE, "https://a.example/")), FORBIDDEN);
        for (moid, uri) in
            [("", "https://a.example/"), ("a\n", "https://a.example/"), (FREE, "ftp://a.example/"), (FREE, "")]
        {
            assert_eq!(unchanged(tree, |tree| set_default(tree, DM, moid, uri)), BAD, "{moid} {uri}");
        }
        let tight = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_defaults(1)));
        assert_eq!(set_default(tight, DM, FREE, "https://a.example/1"), OK);
        assert_eq!(set_default(tight, DM, FREE, "https://a.example/2"), OK);
        assert_eq!(unchanged(tight, |tree| set_default(tree, DM, U, "https://a.example/")), TOO_LARGE);
    }

    #[test]
    fn the_text_is_the_key() {
        let tree = &mut sensors();
        assert_eq!(subscribe(tree, DM, &u("west/Data")), OK);
        assert_eq!(unsubscribe(tree, DM, &u("west/Data/")), NOT_FOUND);
        assert_eq!(unsubscribe(tree, OTHER, &u("west/Data")), NOT_FOUND);
        assert_eq!(unsubscribe(tree, DM, &u("west/Data")), OK);
        assert_eq!(unsubscribe(tree, DM, &u("west/Data")), NOT_FOUND);
        assert_eq!(
            unchanged(tree, |tree| {
                tree.manage(&Operation::Subscribe {
                    server_id: DM.into(),
                    uri: u("west/"),
                    server_uri: "nowhere".into(),
                })
            }),
            BAD
        );
    }

    /// Which of the subscriptions are told about what `what` does.
    fn told(uris: &[&str], what: impl FnOnce(&mut MoTree)) -> Vec<(usize, bool)> {
        let tree = &mut sensors();
        for uri in uris {
            assert_eq!(subscribe(tree, DM, &u(uri)), OK, "{uri}");
        }
        what(tree);
        let changes = tree.take_changes();
        assert_eq!(tree.take_changes(), [], "told once");
        let mut told: Vec<(usize, bool)> = changes
            .iter()
            .map(|change| {
                assert_eq!((change.server_id.as_str(), change.server_uri.as_str()), (DM, "https://reports.example/in"));
                (uris.iter().position(|uri| u(uri) == change.uri).unwrap(), change.removed)
            })
            .collect();
        told.sort_unstable();
        told
    }

    #[test]
    fn changes_at_below_and_above_the_target_count() {
        let uris = [
            "west/",
            "west/Data",
            "west/Data/1",
            "west/Data/1/Value",
            "west/Data/2",
            "west/Setting",
            "*/Data/*",
            "east/",
        ];
        let all = |indices: &[usize]| indices.iter().map(|index| (*index, false)).collect::<Vec<_>>();
        assert_eq!(told(&uris, |tree| tree.set_value(U, "west", "Data/1/Value", 5).unwrap()), all(&[0, 1, 2, 3, 6]));
        assert_eq!(told(&uris, |tree| tree.delete(U, "west", "Data/1").unwrap()), all(&[0, 1, 2, 3, 6]));
        assert_eq!(told(&uris, |tree| drop(put(tree, &u("west/Setting"), r#"{"Setting":"x"}"#))), all(&[0, 5]));
        assert_eq!(
            told(&uris, |tree| drop(put(tree, &u("west/Data/3"), r#"{"3":{"Date":"a","Value":1}}"#))),
            all(&[0, 1, 6])
        );
        assert_eq!(
            told(&uris, |tree| drop(put(tree, &u("west/Setting"), r#"{"Setting":"0xA1"}"#))),
            [],
            "the same value"
        );
        assert_eq!(told(&uris, |tree| drop(put(tree, &u("west/ID"), r#"{"ID":"x"}"#))), [], "refused");
    }

    #[test]
    fn values_that_choose_the_target_count() {
        let uris = ["(x)/Setting?nv=(x)/ID:GPS", "west/Data/(y)/Value?nv=(y)/Date:12.1"];
        assert_eq!(told(&uris, |tree| tree.set_value(U, "west", "ID", "other").unwrap()), [(0, false)]);
        assert_eq!(told(&uris, |tree| tree.set_value(U, "west", "Data/1/Date", "other").unwrap()), [(1, false)]);
        assert_eq!(told(&uris, |tree| tree.set_value(U, "west", "Level", 1).unwrap()), []);
    }

    #[test]
    fn the_end_of_an_instance_ends_what_names_it() {
        let uris = ["west/", "west/Data", "*/", "(x)/Data?nv=(x)/ID:GPS", "east/"];
        let end = told(&uris, |tree| {
            assert_eq!(delete(tree, DM, &[&u("west/")]), OK);
            assert_eq!(tree.subscriptions().count(), 3);
        });
        assert_eq!(end, [(0, true), (1, true), (2, false), (3, false)]);
        let end = told(&uris, |tree| {
            assert_eq!(delete(tree, DM, &[&u("*/")]), OK);
            assert_eq!(tree.subscriptions().count(), 0);
        });
        assert_eq!(end, [(0, true), (1, true), (2, true), (3, true), (4, true)]);
        // A new instance of the device's own is nothing that the server may know of.
        assert_eq!(told(&["*/"], |tree| drop(tree.create_instance(west().with_miid("north")).unwrap())), []);
        let seen = told(&["*/"], |tree| {
            tree.create_instance(west().with_miid("north")).unwrap();
            tree.grant(U, "north", DM, Rights::READ).unwrap();
            tree.set_value(U, "north", "Level", 1).unwrap();
        });
        assert_eq!(seen, [(0, false)]);
    }

    #[test]
    fn ended_subscriptions_keep_their_place_until_told() {
        let tree = &mut sensors_with(config().with_limits(TreeLimits::DEFAULT.with_subscriptions(1)));
        assert_eq!(subscribe(tree, DM, &u("west/")), OK);
        tree.delete(U, "west", "").unwrap();
        assert_eq!(subscribe(tree, DM, &u("east/")), TOO_LARGE);
        assert_eq!(tree.take_changes().len(), 1);
        assert_eq!(subscribe(tree, DM, &u("east/")), OK);
    }

    #[test]
    fn a_server_without_account_is_forgotten() {
        let tree = &mut sensors();
        assert_eq!(subscribe(tree, DM, &u("west/")), OK);
        assert_eq!(set_default(tree, DM, FREE, "https://a.example/"), OK);
        tree.set_value(U, "west", "Level", 1).unwrap();
        tree.remove_account(DM).unwrap();
        assert_eq!(tree.take_changes(), []);
        assert_eq!(tree.subscriptions().count(), 0);
        assert_eq!(tree.defaults().count(), 0);
        // Not even one of the same name inherits its rights.
        tree.add_account(account(DM)).unwrap();
        assert_eq!(read(tree, DM, &[&u("west/")]), FORBIDDEN);
    }
}

mod local {
    //! The device's own application.
    use super::*;

    #[test]
    fn needs_no_rights_but_keeps_to_the_definition() {
        let tree = &mut sensors();
        tree.set_value(U, "west", "Serial", "S-9").unwrap();
        tree.set_value(U, "west", "ID", "Other").unwrap();
        let kind = |result: Result<(), TreeError>| result.unwrap_err().kind();
        let before = dump(tree);
        assert_eq!(kind(tree.set_value(U, "west", "Nothing", 1)), TreeErrorKind::NotDefined);
        assert_eq!(kind(tree.set_value(U, "west", "Level", "x")), TreeErrorKind::Format);
        assert_eq!(kind(tree.set_value(U, "west", "Data", 1)), TreeErrorKind::Format);
        assert_eq!(kind(tree.set_value(U, "west", "ID/x", 1)), TreeErrorKind::Format);
        assert_eq!(kind(tree.set_value(U, "west", "", 1)), TreeErrorKind::InvalidName);
        assert_eq!(kind(tree.set_value(U, "west", "Data//x", 1)), TreeErrorKind::InvalidName);
        assert_eq!(kind(tree.set_value(U, "north", "ID", 1)), TreeErrorKind::NotFound);
        assert_eq!(kind(tree.set_value(U, "west", "Data/3/Date", "a")), TreeErrorKind::Occurrence);
        assert_eq!(kind(tree.delete(U, "west", "ID")), TreeErrorKind::Occurrence);
        assert_eq!(kind(tree.delete(U, "west", "Nothing")), TreeErrorKind::NotFound);
        assert_eq!(kind(tree.create_interior(U, "west", "ID")), TreeErrorKind::Format);
        let error = tree.set_values(U, "west", [("Setting", "a".into()), ("Data/1/Value", "x".into())]).unwrap_err();
        assert_eq!(error.to_string(), format!("the value does not fit the format at {}", u("west/Data/1/Value")));
        assert_eq!(dump(tree), before);
        tree.set_values(U, "west", [("Data/3/Date", "a".into()), ("Data/3/Value", "5".into())]).unwrap();
        assert_eq!(tree.value(U, "west", "Data/3/Value"), Some(&Value::Int(5)));
    }

    #[test]
    fn instances_and_definitions_are_unique() {
        let tree = &mut sensors();
        let kind = |error: TreeError| error.kind();
        assert_eq!(kind(tree.create_instance(west()).unwrap_err()), TreeErrorKind::AlreadyExists);
        assert_eq!(kind(tree.add_dev_info(dev_info()).unwrap_err()), TreeErrorKind::Occurrence);
        assert_eq!(kind(tree.add_account(account(DM)).unwrap_err()), TreeErrorKind::AlreadyExists);
        assert_eq!(kind(tree.set_value(DM_ACCOUNT, "2", "SrvID", DM).unwrap_err()), TreeErrorKind::AlreadyExists);
        assert_eq!(kind(tree.define(sensor()).unwrap_err()), TreeErrorKind::AlreadyExists);
        let own = MoDefinition::new(DM_ACCOUNT, NodeDefinition::unnamed_interior().open());
        assert_eq!(kind(tree.define(own).unwrap_err()), TreeErrorKind::AlreadyExists);
        assert_eq!(kind(tree.create_instance(NewInstance::new("a\nb")).unwrap_err()), TreeErrorKind::InvalidMoid);
        assert_eq!(
            kind(tree.create_instance(NewInstance::new(FREE).with_miid("")).unwrap_err()),
            TreeErrorKind::InvalidName
        );
        let missing = NewInstance::new(U).with("ID", "a");
        let error = tree.create_instance(missing).unwrap_err();
        assert_eq!((error.kind(), error.place()), (TreeErrorKind::Occurrence, u("1/Setting").as_str()));
    }

    #[test]
    fn accounts_are_what_sessions_need() {
        let tree = &mut sensors();
        let servers: Vec<String> = tree.accounts().map(|account| account.server_id).collect();
        assert_eq!(servers, [DM, OTHER]);
        let account = tree.account(DM).unwrap();
        assert_eq!((account.server_uri.as_str(), account.name.as_str()), ("https://dm.example/dm", "Example"));
        assert_eq!(account.moids, [FREE, U, DEV_INFO, DM_ACCOUNT]);
        let credentials = tree.notification_credentials(DM).unwrap();
        assert_eq!((credentials.kind, credentials.data.as_slice()), (Some(1), b"data".as_slice()));
        assert_eq!(credentials.secret.expose_secret(), b"SECRETSECRET");
        tree.provision(DM, "urn:example:mo:more:1.0").unwrap();
        tree.provision(DM, "urn:example:mo:more:1.0").unwrap();
        assert_eq!(tree.account(DM).unwrap().moids.len(), 5);
        assert!(tree.provision(DM, "a\n").is_err());
        let kind = |account| MoTree::new(config()).unwrap().add_account(account).unwrap_err().kind();
        let new = NewAccount::new;
        assert_eq!(kind(new("s", "https://s.example/", "")), TreeErrorKind::Occurrence, "no MO listed");
        assert_eq!(kind(new("", "https://s.example/", "").with_moid(U)), TreeErrorKind::InvalidName);
        assert_eq!(kind(new("s", "s.example", "").with_moid(U)), TreeErrorKind::InvalidUri);
        assert_eq!(kind(new("s", "https://s.example/", "").with_moid("\n")), TreeErrorKind::InvalidMoid);
    }

    #[test]
    fn walking_shows_names_values_and_what_to_hide() {
        let tree = &mut sensors();
        let account = tree.account(DM).unwrap();
        let root = tree.node(DM_ACCOUNT, &account.miid, "").unwrap();
        let hidden: Vec<String> = root
            .descendants()
            .filter(|(_, node)| node.is_confidential())
            .map(|(_, node)| node.path().join("/"))
            .collect();
        let perm = [
            "Perm",
            "Perm/1",
            "Perm/1/MOID",
            "Perm/2",
            "Perm/2/MOID",
            "Perm/3",
            "Perm/3/MOID",
            "Perm/4",
            "Perm/4/MOID",
        ];
        assert_eq!(hidden[..9], perm);
        assert_eq!(hidden[9..], ["Auth/Noti/Secret"]);
        let west = tree.node(U, "west", "Data/1").unwrap();
        assert_eq!((west.name(), west.uri(), west.is_interior(), west.value()), ("1", u("west/Data/1"), true, None));
        let children: Vec<&str> = west.children().map(|node| node.name()).collect();
        assert_eq!(children, ["Date", "Value"]);
        assert_eq!(west.child("Value").unwrap().format(), Format::Int);
    }

    #[test]
    fn debug_shows_no_values() {
        let mut tree = sensors();
        tree.set_value(U, "west", "Key", b"SECRETSECRET".to_vec()).unwrap();
        let shown = format!(
            "{tree:?} {:?} {:?} {:?} {:?} {:?}",
            tree.instances().collect::<Vec<_>>(),
            tree.instances().flat_map(|instance| instance.root().descendants().collect::<Vec<_>>()).collect::<Vec<_>>(),
            tree.instances()
                .flat_map(|it| it.root().descendants().map(|(_, n)| n.value().cloned()).collect::<Vec<_>>())
                .collect::<Vec<_>>(),
            account(DM),
            tree.notification_credentials(DM),
        );
        assert!(!shown.contains("SECRET") && !shown.contains("U0VDUkVU"), "{shown}");
        assert!(!shown.contains("[83, 69, 67"), "{shown}");
    }

    #[test]
    fn names_need_escapes_only_in_addresses() {
        let mut tree = sensors();
        let odd = ["*", "(x)", "a b", "%41", "ä:?&=+", "..."];
        for name in odd {
            tree.set_value(FREE_INSTANCE.0, FREE_INSTANCE.1, name, 1).unwrap_err();
        }
        tree.create_instance(NewInstance::new(FREE).with_miid("(x)")).unwrap();
        tree.grant(FREE, "(x)", DM, Rights::ALL).unwrap();
        for name in odd {
            tree.set_value(FREE, "(x)", name, name).unwrap();
            let uri = tree.node(FREE, "(x)", name).unwrap().uri();
            let Outcome::Data(items) = read(&mut tree, DM, &[&uri]) else { panic!("{uri}") };
            assert_eq!((items.len(), items[0].client_uri.as_str()), (1, uri.as_str()));
        }
        for name in [".", "..", "a\u{0}", "a\n"] {
            assert_eq!(tree.set_value(FREE, "(x)", name, 1).unwrap_err().kind(), TreeErrorKind::InvalidName);
        }
    }

    const FREE_INSTANCE: (&str, &str) = (FREE, "none");

    #[test]
    fn a_long_list_is_found_by_name() {
        let mut tree = sensors_with(config().with_limits(TreeLimits::DEFAULT.with_nodes(1 << 20)));
        let values = (0..100_000).map(|number| (format!("n{number}"), Value::Int(number)));
        tree.create_instance(NewInstance::new(FREE).with_miid("long")).unwrap();
        tree.set_values(FREE, "long", values).unwrap();
        tree.grant(FREE, "long", DM, Rights::ALL).unwrap();
        // Each of these would take long if it looked at all siblings.
        for number in 0..20_000 {
            let uri = format!("{FREE}/long/n{number}");
            assert!(matches!(put(&mut tree, &uri, &format!(r#"{{"n{number}":1}}"#)), Outcome::Written(_)));
            assert!(matches!(read(&mut tree, DM, &[&uri]), Outcome::Data(_)));
        }
    }

    #[test]
    fn items_have_one_shape() {
        let tree = &mut sensors();
        let Outcome::Data(items) = read(tree, DM, &[&u("west/ID")]) else { panic!() };
        let expected = MoItem::new(u("west/ID"), dm_package::Json::parse(r#"{"ID":"GPS"}"#).unwrap());
        assert_eq!(items, [expected.with_ddf("https://ddf.example/sensor.ddf")]);
    }
}
