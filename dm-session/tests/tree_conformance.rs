//! Conformance: what the tree shows of the checklist's rows, named by them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod tree_support;

use dm_package::{MosItem, Strictness};
use dm_session::tree::*;
use tree_support::*;

/// The resolved addresses, or nothing where the address leads nowhere.
fn resolved(rest: &str) -> Vec<String> {
    match read(&mut sensors(), DM, &[&u(rest)]) {
        outcome @ Outcome::Data(_) => uris_of(outcome),
        outcome => {
            assert_eq!(outcome, NOT_FOUND, "{rest}");
            Vec::new()
        }
    }
}

#[test]
fn x_addr_01_basic_scheme() {
    // Rows 1 and 2 of the worked examples, and what §9.3 adds.
    assert_eq!(resolved("west/"), [u("west/")]);
    assert!(resolved("/").is_empty());
    assert_eq!(resolved("west/Data/1/Value"), [u("west/Data/1/Value")]);
    assert_eq!(resolved("west/Data/1/"), [u("west/Data/1")]);
    let mut tree = sensors();
    tree.delete(U, "east", "").unwrap();
    assert_eq!(uris_of(read(&mut tree, DM, &[&u("/Setting")])), [u("west/Setting")]);
}

#[test]
fn x_addr_01_an_empty_instance_counts_what_the_server_may_see() {
    let mut tree = sensors();
    tree.grant(U, "east", OTHER, Rights::EXECUTE).unwrap();
    // Only `east` is visible, and it may not be read.
    assert_eq!(read(&mut tree, OTHER, &[&u("/ID")]), FORBIDDEN);
    tree.grant(U, "east", OTHER, Rights::READ).unwrap();
    assert_eq!(uris_of(read(&mut tree, OTHER, &[&u("/ID")])), [u("east/ID")]);
}

#[test]
fn x_addr_02_x_names_nv_and_wildcards() {
    // Rows 3 to 10 of the worked examples.
    assert_eq!(resolved("(x)/?nv=(x)/ID:Temperature"), [u("east/")]);
    assert_eq!(resolved("(x)/Data/1/Value?nv=(x)/ID:GPS"), [u("west/Data/1/Value")]);
    assert_eq!(resolved("east/Data/(x)/Value?nv=(x)/Date:12.1"), [u("east/Data/1/Value")]);
    assert_eq!(resolved("(x)/Data/(y)/Value?nv=(x)/ID:GPS&nv=(y)/Date:12.2"), [u("west/Data/2/Value")]);
    assert_eq!(resolved("*/Setting"), [u("west/Setting"), u("east/Setting")]);
    assert_eq!(resolved("(x)/Data/*/Value?nv=(x)/ID:GPS"), [u("west/Data/1/Value"), u("west/Data/2/Value")]);
    assert!(resolved("(x)/Data/*/Value?nv=(x)/ID:GPS&nv=(x)/Setting:0xB2").is_empty());
    assert_eq!(resolved("*/Data/*/Value").len(), 4);
    // Further.
    assert_eq!(resolved("*/Data/(y)/Value?nv=(y)/Date:12.2"), [u("west/Data/2/Value"), u("east/Data/2/Value")]);
    assert_eq!(resolved("west/Data/(y)/Value?nv=(y)/Value:12"), [u("west/Data/2/Value")]);
    assert_eq!(read(&mut sensors(), DM, &[&u("(x)/ID")]), BAD);
}

#[test]
fn x_addr_02_conditions_on_unreadable_values_never_hold() {
    let mut tree = sensors();
    tree.set_value(U, "west", "Key", b"abc".to_vec()).unwrap();
    assert_eq!(tree.value(U, "west", "Key").unwrap().text(), "YWJj");
    assert_eq!(read(&mut tree, DM, &[&u("(x)/ID?nv=(x)/Key:YWJj")]), NOT_FOUND);
    // Nor without Read, whatever else the server may do.
    tree.grant(U, "west", OTHER, Rights::WRITE | Rights::EXECUTE).unwrap();
    assert_eq!(exec(&mut tree, OTHER, &u("west/Reset")), Outcome::Executable(u("west/Reset")));
    assert_eq!(exec(&mut tree, OTHER, &u("(x)/Reset?nv=(x)/ID:GPS")), NOT_FOUND);
}

#[test]
fn x_cv_01_no_cv_gives_data_and_the_validator_at_the_root() {
    let mut tree = sensors();
    let Outcome::Data(items) = read(&mut tree, DM, &[&u("west/")]) else { panic!() };
    let cv = items[0].cv.clone().unwrap();
    assert_eq!(Some(cv.as_str()), tree.instance(U, "west").unwrap().validator().as_deref());
    assert!(cv.len() <= 32 && cv.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
}

#[test]
fn x_cv_01_never_below_the_root() {
    let mut tree = sensors();
    let stale = u("west/ID?cv=old");
    let Outcome::Data(items) = read(&mut tree, DM, &[&u("west/ID"), &u("west/Data"), &stale]) else { panic!() };
    assert!(items.iter().all(|item| item.cv.is_none()));
}

#[test]
fn x_cv_01_fresh_is_304_without_data_and_stale_is_data() {
    let mut tree = sensors();
    let cv = |tree: &MoTree| tree.instance(U, "west").unwrap().validator().unwrap();
    let with = |cv: &str, rest: &str| u(&format!("west/{rest}?cv={cv}"));
    let old = cv(&tree);
    assert_eq!(read(&mut tree, DM, &[&with(&old, "")]), NOT_MODIFIED);
    assert_eq!(read(&mut tree, DM, &[&with(&old, "Data/1/Value")]), NOT_MODIFIED);
    // Any change anywhere in the instance makes it stale, and only there.
    let east = tree.instance(U, "east").unwrap().validator().unwrap();
    tree.set_value(U, "west", "Data/2/Value", 0).unwrap();
    let new = cv(&tree);
    assert_ne!(old, new);
    let Outcome::Data(items) = read(&mut tree, DM, &[&with(&old, "")]) else { panic!() };
    assert_eq!(items[0].cv.as_ref().unwrap(), new.as_str());
    assert!(matches!(read(&mut tree, DM, &[&with(&old, "Data/1/Value")]), Outcome::Data(_)));
    assert_eq!(read(&mut tree, DM, &[&with(&new, "")]), NOT_MODIFIED);
    assert_eq!(tree.instance(U, "east").unwrap().validator().unwrap(), east);
    // A server's changes as well; refused ones and reading change nothing.
    for (what, changes) in [
        (put(&mut tree, &u("west/Setting"), r#"{"Setting":"x"}"#), true),
        (put(&mut tree, &u("west/ID"), r#"{"ID":"x"}"#), false),
        (read(&mut tree, DM, &[&u("west/")]), false),
    ] {
        assert_eq!(matches!(what, Outcome::Written(_)), changes);
    }
    assert_ne!(cv(&tree), new);
    let new = cv(&tree);
    assert_eq!(delete(&mut tree, DM, &[&u("west/Data/1")]), OK);
    assert_ne!(cv(&tree), new);
}

#[test]
fn x_cv_01_a_validator_does_not_tell_whether_a_guess_was_right() {
    let mut tree = sensors();
    tree.set_value(U, "west", "Key", b"abc".to_vec()).unwrap();
    assert_eq!(subscribe(&mut tree, DM, &u("west/")), OK);
    for guess in [r#"{"Key":"YWJj"}"#, r#"{"Key":"AAEC"}"#] {
        let old = tree.instance(U, "west").unwrap().validator();
        assert_eq!(put(&mut tree, &u("west/Key"), guess), written(&[&u("west/Key")]));
        assert_ne!(tree.instance(U, "west").unwrap().validator(), old);
        assert_eq!(tree.take_changes().len(), 1);
    }
}

#[test]
fn x_cv_01_what_is_not_cacheable_is_always_stale() {
    let mut tree = sensors();
    let cv = tree.instance(U, "west").unwrap().validator().unwrap();
    tree.set_cacheable(U, "west", false).unwrap();
    let Outcome::Data(items) = read(&mut tree, DM, &[&u(&format!("west/?cv={cv}"))]) else { panic!() };
    assert!(items[0].cv.is_none());
}

#[test]
fn x_cv_01_several_instances_are_stale_or_refused() {
    let mut tree = sensors();
    let cv = tree.instance(U, "west").unwrap().validator().unwrap();
    let uri = u(&format!("*/ID?cv={cv}"));
    assert_eq!(uris_of(read(&mut tree, DM, &[&uri])), [u("west/ID"), u("east/ID")]);
    let mut strict = sensors_with(config().with_strictness(Strictness::Strict));
    assert_eq!(read(&mut strict, DM, &[&uri]), BAD);
    // Several nodes of one instance are fine.
    let one = u(&format!("west/Data/*?cv={cv}"));
    assert_eq!(read(&mut strict, DM, &[&one]), NOT_MODIFIED);
}

#[test]
fn x_cv_01_other_commands_ignore_it() {
    let mut tree = sensors();
    assert_eq!(put(&mut tree, &u("west/Setting?cv=old"), r#"{"Setting":"x"}"#), written(&[&u("west/Setting")]));
    assert_eq!(exec(&mut tree, DM, &u("west/Reset?cv=old")), Outcome::Executable(u("west/Reset")));
    let cv = tree.instance(U, "west").unwrap().validator().unwrap();
    assert_eq!(delete(&mut tree, DM, &[&u(&format!("west/Data/1?cv={cv}"))]), OK);
}

#[test]
fn x_cv_01_never_repeats_over_restarts() {
    let one = sensors_with(config()).instance(U, "west").unwrap().validator();
    let mut other = TreeConfig::new(0xf).with_definition(sensor());
    other.undefined = UndefinedMo::FreeForm;
    assert_ne!(one, sensors_with(other).instance(U, "west").unwrap().validator());
    let widest = sensors_with(TreeConfig::new(u64::MAX).with_definition(sensor()));
    assert!(widest.instance(U, "west").unwrap().validator().unwrap().len() <= 32);
}

fn mos(tree: &mut MoTree, server_id: &str) -> Vec<(String, Vec<String>)> {
    let Outcome::Mos(items) = tree.manage(&Operation::ListMos { server_id: server_id.into() }) else { panic!() };
    let miids = |item: &MosItem<'_>| item.miids.iter().map(|miid| miid.as_str().to_owned()).collect();
    items.iter().map(|item| (item.moid.as_str().to_owned(), miids(item))).collect()
}

#[test]
fn x_ac_01_an_unprovisioned_mo_is_403() {
    let mut tree = sensors();
    tree.add_account(NewAccount::new("third.example", "https://third.example/", "").with_moid(FREE)).unwrap();
    tree.grant(U, "west", "third.example", Rights::ALL).unwrap();
    for uri in [u("west/ID"), u("*/ID"), u("/ID"), u("west/Nothing")] {
        assert_eq!(read(&mut tree, "third.example", &[&uri]), FORBIDDEN, "{uri}");
        assert_eq!(delete(&mut tree, "third.example", &[&uri]), FORBIDDEN, "{uri}");
        assert_eq!(check_write(&mut tree, "third.example", Some(&uri)), FORBIDDEN, "{uri}");
    }
    let new = [(u("/"), r#"{"S":{"ID":"a","Setting":"b"}}"#)];
    let new = new.each_ref().map(|(uri, json)| (uri.as_str(), *json));
    assert_eq!(write(&mut tree, "third.example", None, &new), FORBIDDEN);
    assert_eq!(mos(&mut tree, "third.example"), [(FREE.to_owned(), vec![])]);
    tree.provision("third.example", U).unwrap();
    assert_eq!(uris_of(read(&mut tree, "third.example", &[&u("west/ID")])), [u("west/ID")]);
}

#[test]
fn x_ac_01_an_address_in_the_data_does_not_lead_past_the_provisioning() {
    let mut tree = sensors();
    let foreign = r#"{"CBT":"1"}"#;
    // The place is provisioned and free-form; the address inside the data is advisory only.
    let place = format!("{FREE}//");
    let inner = format!("{SESSION_INFO}//");
    let outcome = write(&mut tree, DM, Some(&place), &[(&inner, &format!(r#"{{"SessionInfo":{foreign}}}"#))]);
    assert_eq!(outcome, written(&[&format!("{FREE}/1/")]));
    assert_eq!(tree.instances_of(SESSION_INFO).count(), 0);
}

#[test]
fn x_ac_01_the_creator_has_all_rights_and_nobody_else_any() {
    let mut tree = sensors();
    let new = [(u("/"), r#"{"S":{"ID":"a","Setting":"b"}}"#)];
    let new = new.each_ref().map(|(uri, json)| (uri.as_str(), *json));
    assert_eq!(write(&mut tree, OTHER, None, &new), written(&[&u("1/")]));
    assert_eq!(tree.rights(U, "1", OTHER), Rights::ALL);
    assert_eq!(read(&mut tree, DM, &[&u("1/")]), FORBIDDEN);
    // What the device creates is nobody's.
    let miid = tree.create_instance(west().with_miid("own")).unwrap();
    assert_eq!((tree.rights(U, &miid, DM), tree.rights(U, &miid, OTHER)), (Rights::NONE, Rights::NONE));
}

#[test]
fn x_ac_01_a_wildcard_drops_forbidden_instances() {
    let mut tree = sensors();
    tree.grant(U, "east", OTHER, Rights::READ | Rights::WRITE).unwrap();
    assert_eq!(uris_of(read(&mut tree, OTHER, &[&u("*/ID")])), [u("east/ID")]);
    assert_eq!(delete(&mut tree, OTHER, &[&u("*/Data/*")]), OK);
    assert_eq!(tree.node(U, "west", "Data").unwrap().children().count(), 2);
    assert_eq!(tree.node(U, "east", "Data").unwrap().children().count(), 0);
    tree.revoke(U, "east", OTHER).unwrap();
    tree.grant(U, "west", OTHER, Rights::EXECUTE).unwrap();
    assert_eq!(read(&mut tree, OTHER, &[&u("*/ID")]), FORBIDDEN, "all are forbidden");
}

#[test]
fn x_ac_01_without_access_control_every_bootstrapped_server_may_do_all() {
    let mut tree = sensors_with(config().with_access_control(false));
    assert_eq!(tree.rights(U, "west", OTHER), Rights::ALL);
    assert_eq!(uris_of(read(&mut tree, OTHER, &[&u("west/ID")])), [u("west/ID")]);
    assert_eq!(delete(&mut tree, OTHER, &[&u("west/Data/1")]), OK);
    assert_eq!(read(&mut tree, "unknown.example", &[&u("west/ID")]), FORBIDDEN);
    // Only what the bootstrap lists; and access types hold for all.
    assert_eq!(read(&mut tree, OTHER, &["urn:example:mo:unlisted:1.0//"]), FORBIDDEN);
    assert_eq!(delete(&mut tree, OTHER, &[&u("west/Data")]), NOT_ALLOWED);
}

#[test]
fn x_ac_01_delegation_passes_on_what_one_has() {
    let mut tree = sensors();
    let kind = |result: Result<(), TreeError>| result.unwrap_err().kind();
    assert_eq!(kind(tree.delegate(OTHER, U, "west", DM, Rights::READ)), TreeErrorKind::Forbidden);
    tree.delegate(DM, U, "west", OTHER, Rights::READ | Rights::DELEGATE).unwrap();
    assert_eq!(tree.rights(U, "west", OTHER), Rights::READ | Rights::DELEGATE);
    assert_eq!(kind(tree.delegate(OTHER, U, "west", DM, Rights::WRITE)), TreeErrorKind::Forbidden);
    assert_eq!(kind(tree.delegate(DM, U, "west", "unknown.example", Rights::READ)), TreeErrorKind::NotFound);
    assert_eq!(kind(tree.delegate(DM, U, "north", OTHER, Rights::READ)), TreeErrorKind::Forbidden);
    assert_eq!(kind(tree.delegate("unknown.example", U, "west", OTHER, Rights::NONE)), TreeErrorKind::Forbidden);
    assert_eq!(TreeErrorKind::Forbidden.status_code().as_u16(), 403);
}

#[test]
fn x_ac_01_dev_info_and_session_info_are_readable_for_every_bootstrapped_server() {
    let mut tree = sensors();
    tree.create_instance(NewInstance::new(SESSION_INFO).with("CBT", "3")).unwrap();
    tree.add_account(NewAccount::new("third.example", "https://third.example/", "").with_moid(FREE)).unwrap();
    for server in [DM, OTHER, "third.example"] {
        assert_eq!(data_of(read(&mut tree, server, &[&format!("{SESSION_INFO}//CBT")])), r#"{"CBT":"3"}"#);
        assert_eq!(data_of(read(&mut tree, server, &[&format!("{DEV_INFO}//Man")])), r#"{"Man":"Acme"}"#);
        assert_eq!(delete(&mut tree, server, &[&format!("{SESSION_INFO}//CBT")]), FORBIDDEN);
    }
    assert_eq!(read(&mut tree, "unknown.example", &[&format!("{DEV_INFO}//Man")]), FORBIDDEN);
}

#[test]
fn x_mo_01_all_required_nodes_are_readable() {
    let mut tree = sensors();
    let dev_info = data_of(read(&mut tree, DM, &[&format!("{DEV_INFO}//")]));
    assert_eq!(
        dev_info,
        r#"{"DevInfo":{"DevID":"IMEI:350000000000017","Man":"Acme","Mod":"A1","DmV":"2.0","Lang":"en","DevType":"gateway","OEM":"","FwV":"3.1","SwV":"7","HwV":""}}"#
    );
    let miid = tree.account(DM).unwrap().miid;
    tree.grant(DM_ACCOUNT, &miid, DM, Rights::READ).unwrap();
    assert_eq!(
        data_of(read(&mut tree, DM, &[&format!("{DM_ACCOUNT}//")])),
        r#"{"DMAcc":{"SrvID":"dm.example","SrvURI":"https://dm.example/dm","Name":"Example","Auth":{"Noti":{"Type":1,"Data":"ZGF0YQ=="}}}}"#
    );
    for (mo, nodes) in [
        (DEV_INFO, ["DevID", "Man", "Mod", "DmV", "Lang", "DevType", "OEM", "FwV", "SwV", "HwV"].as_slice()),
        (DM_ACCOUNT, ["SrvID", "SrvURI", "Name"].as_slice()),
    ] {
        for node in nodes {
            assert!(matches!(read(&mut tree, DM, &[&format!("{mo}//{node}")]), Outcome::Data(_)), "{mo} {node}");
        }
    }
}

#[test]
fn x_mo_01_perm_and_secrets_are_never_exposed() {
    // Whatever right a server has, with and without access control.
    for control in [true, false] {
        let mut tree = sensors_with(config().with_access_control(control));
        let account = |tree: &mut MoTree| {
            let miid = tree.account(DM).unwrap().miid;
            tree.grant(DM_ACCOUNT, &miid, DM, Rights::ALL).unwrap();
            let values = [
                ("Auth/Bootstrap/ServerURI", Value::from("https://boot.example/")),
                ("Auth/Bootstrap/SecMode", vec![1].into()),
                ("Auth/Bootstrap/ClientPubKey", b"SECRETSECRET".as_slice().into()),
                ("Auth/Bootstrap/ServerPubKey", b"SECRETSECRET".as_slice().into()),
                ("Auth/Bootstrap/ClientSecretKey", b"SECRETSECRET".as_slice().into()),
                ("Auth/Trsp/Data", b"public".as_slice().into()),
                ("Auth/Trsp/Secret", b"SECRETSECRET".as_slice().into()),
            ];
            tree.set_values(DM_ACCOUNT, &miid, values).unwrap();
            miid
        };
        let miid = account(&mut tree);
        let a = |rest: &str| format!("{DM_ACCOUNT}/{miid}/{rest}");
        let hidden =
            ["Perm", "Perm/1", "Perm/1/MOID", "Perm/none", "Perm/1/none", "Auth/Noti/Secret", "Auth/Trsp/Secret"];
        let hidden_too =
            ["Auth/Bootstrap/ClientPubKey", "Auth/Bootstrap/ServerPubKey", "Auth/Bootstrap/ClientSecretKey"];
        for path in hidden.into_iter().chain(hidden_too) {
            // Below Perm the answer is the same for what is there and for what is not.
            let expected = if path.starts_with("Perm/") { NOT_FOUND } else { NOT_ALLOWED };
            let uri = a(path);
            let name = path.rsplit('/').next().unwrap();
            assert_eq!(unchanged(&mut tree, |tree| read(tree, DM, &[&uri])), expected, "{path}");
            assert_eq!(unchanged(&mut tree, |tree| subscribe(tree, DM, &uri)), expected, "{path}");
            assert_eq!(unchanged(&mut tree, |tree| delete(tree, DM, &[&uri])), expected, "{path}");
            assert_eq!(unchanged(&mut tree, |tree| exec(tree, DM, &uri)), expected, "{path}");
            assert_eq!(unchanged(&mut tree, |tree| check_write(tree, DM, Some(&uri))), expected, "{path}");
            assert_eq!(
                unchanged(&mut tree, |tree| put(tree, &uri, &format!(r#"{{"{name}":"x"}}"#))) == expected,
                name != "Perm",
                "{path}"
            );
        }
        // Wildcards at every level, and subtrees.
        for path in ["", "*", "*/*", "*/*/*", "Auth", "Auth/*", "Auth/*/*"] {
            let shown = format!("{:?}", read(&mut tree, DM, &[&a(path)]));
            assert!(
                !shown.contains("Perm") && !shown.contains("U0VDUkVU") && !shown.contains("SECRET"),
                "{path}: {shown}"
            );
            assert!(
                !shown.contains(r#"\"Secret"#) && !shown.contains("PubKey") && !shown.contains("SecretKey"),
                "{path}: {shown}"
            );
        }
        for path in ["Perm/*", "Perm/*/MOID", "Perm/*/*"] {
            assert_eq!(read(&mut tree, DM, &[&a(path)]), NOT_FOUND, "{path}");
        }
        // Guessing by conditions: a right guess and a wrong one get the same answer.
        for (condition, place) in [
            (format!("(x)/SrvID?nv=(x)/Perm/1/MOID:{U}").replace("urn:", "urn%3A"), ""),
            ("(x)/SrvID?nv=(x)/Auth/Noti/Secret:U0VDUkVUU0VDUkVU".to_owned(), ""),
            (format!("(x)/MOID?nv=(x)/MOID:{U}").replace("urn:", "urn%3A"), "Perm"),
        ] {
            let uri =
                if place.is_empty() { format!("{DM_ACCOUNT}/{condition}") } else { a(&format!("{place}/{condition}")) };
            assert_eq!(read(&mut tree, DM, &[&uri]), NOT_FOUND, "{uri}");
        }
        // Guessing by writing: the same again, and nothing is changed.
        for json in [
            r#"{"DMAcc":{"Perm":{"1":{}}}}"#,
            r#"{"DMAcc":{"Perm":{"none":{}}}}"#,
            r#"{"DMAcc":{"Perm":{"1":{"MOID":"urn:example:mo:sensor:1.0"}}}}"#,
            r#"{"DMAcc":{"Perm":{}}}"#,
            r#"{"DMAcc":{"Auth":{"Noti":{"Secret":"U0VDUkVUU0VDUkVU"}}}}"#,
            r#"{"DMAcc":{}}"#,
        ] {
            assert_eq!(unchanged(&mut tree, |tree| put(tree, &a(""), json)), NOT_ALLOWED, "{json}");
        }
        // The MOS array names what was provisioned, and nothing else of the account.
        let listed = mos(&mut tree, DM);
        assert!(listed.iter().all(|(moid, _)| [U, FREE, DEV_INFO, DM_ACCOUNT].contains(&moid.as_str())));
    }
}

#[test]
fn x_mo_01_mos_lists_provisioned_mos_and_permitted_instances() {
    let mut tree = sensors();
    let all = vec!["west".to_owned(), "east".to_owned()];
    let none = Vec::new;
    let dev_info = vec!["1".to_owned()];
    assert_eq!(
        mos(&mut tree, DM),
        [
            (FREE.to_owned(), none()),
            (U.to_owned(), all),
            (DEV_INFO.to_owned(), dev_info.clone()),
            (DM_ACCOUNT.to_owned(), none())
        ]
    );
    // Any right counts, not only Read.
    tree.grant(U, "east", OTHER, Rights::EXECUTE).unwrap();
    assert_eq!(mos(&mut tree, OTHER)[1], (U.to_owned(), vec!["east".to_owned()]));
    assert_eq!(mos(&mut tree, "unknown.example"), []);
    let Outcome::Mos(items) = tree.manage(&Operation::ListMos { server_id: DM.into() }) else { panic!() };
    assert_eq!(items[1].ddf.as_ref().unwrap(), "https://ddf.example/sensor.ddf");
}

#[test]
fn dm_pack_014_c_m_hget_with_a_place_replaces_what_is_there() {
    let mut tree = sensors();
    assert_eq!(put(&mut tree, &u("west/Data/1"), r#"{"1":{"Date":"new","Value":"5"}}"#), written(&[&u("west/Data/1")]));
    assert_eq!(data_of(read(&mut tree, DM, &[&u("west/Data/1")])), r#"{"1":{"Date":"new","Value":5}}"#);
}

#[test]
fn dm_pack_014_c_m_hget_without_a_place_says_where() {
    let mut tree = sensors();
    let new = r#"{"S":{"ID":"a","Setting":"b"}}"#;
    let items = [(u("/"), new), (u("/"), new), (u("west/Setting"), r#"{"Setting":"c"}"#)];
    let items = items.each_ref().map(|(uri, json)| (uri.as_str(), *json));
    assert_eq!(write(&mut tree, DM, None, &items), written(&[&u("1/"), &u("2/"), &u("west/Setting")]));
    assert_eq!(data_of(read(&mut tree, DM, &[&u("2/Setting")])), r#"{"Setting":"b"}"#);
}

#[test]
fn dm_pack_017_c_m_delete_takes_the_subtree_and_leaves_permanent_nodes() {
    let mut tree = sensors();
    assert_eq!(delete(&mut tree, DM, &[&u("west/Data/1")]), OK);
    assert_eq!(read(&mut tree, DM, &[&u("west/Data/1/Value")]), NOT_FOUND);
    assert_eq!(unchanged(&mut tree, |tree| delete(tree, DM, &[&u("west/Data")])), NOT_ALLOWED);
    assert_eq!(delete(&mut tree, DM, &[&u("west/")]), OK, "permanent nodes go with the instance");
    assert_eq!(read(&mut tree, DM, &[&u("west/Data")]), NOT_FOUND);
}

#[test]
fn dm_pack_019_c_o_get_of_a_leaf_and_of_a_subtree() {
    let mut tree = sensors();
    assert_eq!(data_of(read(&mut tree, DM, &[&u("west/ID")])), r#"{"ID":"GPS"}"#);
    let data = r#"{"Data":{"1":{"Date":"12.1","Value":11},"2":{"Date":"12.2","Value":12}}}"#;
    assert_eq!(data_of(read(&mut tree, DM, &[&u("west/Data")])), data);
}
