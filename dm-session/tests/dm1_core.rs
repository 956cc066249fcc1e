//! The tree that DM 1.x and DM 2.0 share: mistakes made once, each with its test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![cfg(all(feature = "dm1", feature = "serde"))]

use dm_package::StatusCode as Status2;
use dm_session::tree::dm1::{self, Answer, Command, Content, Outcome, Request, Store as _};
use dm_session::tree::{
    self, Access, Constraint, External, Format, MoDefinition, MoTree, NewAccount, NodeDefinition, Operation, Rights,
    Store, TreeConfig, TreeErrorKind, TreeFile, TreeLimits, Value,
};
use dm_syncml::StatusCode;

const MAIL: &str = "net.example.dm/1.0/Mail";

fn config() -> TreeConfig {
    let vendor = NodeDefinition::interior("V").permanent().with_access(Access::DATA).open();
    TreeConfig::new(7).with_dm1(dm1::Config::new().with_node("V", vendor))
}

fn tree() -> MoTree {
    MoTree::new(config()).unwrap()
}

fn apply(tree: &mut MoTree, request: &Request) -> Answer {
    match tree.apply(request) {
        Outcome::Done(answer) => answer,
        Outcome::Ask(asks) => panic!("{asks:?}"),
    }
}

#[track_caller]
fn local(tree: &mut MoTree, command: Command) {
    assert_eq!(apply(tree, &Request::local(command)).status, StatusCode::OK);
}

fn status(tree: &mut MoTree, command: Command) -> StatusCode {
    apply(tree, &Request::local(command)).status
}

fn saved(tree: &MoTree) -> String {
    serde_json::to_string_pretty(&tree.to_file()).unwrap()
}

#[track_caller]
fn reloaded(tree: &MoTree) -> MoTree {
    let file: TreeFile = serde_json::from_str(&saved(tree)).unwrap();
    let again = MoTree::from_file(config(), file).unwrap();
    assert_eq!(saved(&again), saved(tree));
    again
}

fn miids(tree: &MoTree, moid: &str) -> Vec<String> {
    tree.instances_of(moid).map(|instance| instance.miid().to_owned()).collect()
}

#[test]
fn files_keep_null_leaves_spellings_and_properties() {
    let mut tree = tree();
    local(&mut tree, Command::add("./V/null", Content::node().with_format("null")));
    local(&mut tree, Command::add("./V/int", Content::from(" 05 ").with_format("int")));
    local(&mut tree, Command::add("./V/bool", Content::from(" True ").with_format("bool")));
    local(&mut tree, Command::add("./V/bin", Content::from("AQID").with_format("b64").with_type("image/png")));
    local(&mut tree, Command::add("./V/Mail", Content::mo(MAIL)));
    local(&mut tree, Command::replace("./V/Mail?prop=ACL", "Get=*&Replace=S1"));
    local(&mut tree, Command::replace("./V/Mail?prop=Title", "Inbox 1"));
    let again = reloaded(&tree);
    assert_eq!(again.node_at("./V/null").unwrap().format(), Format::Null);
    assert_eq!(again.node_at("./V/int").unwrap().text().unwrap(), " 05 ");
    assert_eq!(again.node_at("./V/bin").unwrap().value(), Some(&Value::Bin(vec![1, 2, 3])));
    assert_eq!(again.node_at("./V/bin").unwrap().media_type(), Some("image/png"));
    let mail = again.node_at("./V/Mail").unwrap();
    assert_eq!((mail.title(), mail.moid(), mail.verno()), (Some("Inbox 1"), Some(MAIL), 2));
    assert_eq!(mail.acl().unwrap().as_str(), "Get=*&Replace=S1");
    assert_eq!(mail.uri(), "net.example.dm%2F1.0%2FMail/Mail/");
}

#[test]
fn files_keep_identifiers_after_names_were_swapped() {
    let mut tree = tree();
    for name in ["a", "b"] {
        local(&mut tree, Command::add(format!("./V/{name}"), Content::mo(MAIL)));
    }
    for (from, to) in [("a", "c"), ("b", "a"), ("c", "b")] {
        local(&mut tree, Command::replace(format!("./V/{from}?prop=Name"), to));
    }
    assert_eq!(reloaded(&tree).node_of("net.example.dm%2F1.0%2FMail/a/").unwrap().loc_uri().unwrap(), "./V/b");
}

#[test]
fn learned_definitions_keep_all_their_facts() {
    let mut tree = tree();
    let leaf = NodeDefinition::leaf("L", Format::Int)
        .with_format(Format::Chr)
        .with_type("text/plain")
        .with_constraint(Constraint::Range(1, 9))
        .external(External::Immediate);
    let root = NodeDefinition::unnamed_interior().with_case_insensitive(true).with(leaf);
    let inner = NodeDefinition::unnamed_interior().with_moid(MAIL);
    tree.define(MoDefinition::new("urn:x:a", root.with(inner))).unwrap();
    let again = reloaded(&tree);
    assert_eq!(again.definition("urn:x:a"), tree.definition("urn:x:a"));
}

#[test]
fn forged_files_are_refused_where_they_are_wrong() {
    for (nodes, expected) in [
        (r#"[{"path":"V/x","value":5},{"path":"V/x/y","value":{}}]"#, TreeErrorKind::Format),
        (r#"[{"path":"V/x","value":5},{"path":"V/x","value":6}]"#, TreeErrorKind::AlreadyExists),
        (
            r#"[{"path":"V/x","value":{},"type":"t","miid":"m"},{"path":"V/y","value":{},"type":"t","miid":"m"}]"#,
            TreeErrorKind::AlreadyExists,
        ),
        (r#"[{"path":"V/x","value":{},"type":"urn:oma:mo:oma-dm-dmacc:1.2"}]"#, TreeErrorKind::Format),
        (r#"[{"path":"V/x","value":5,"text":"6"}]"#, TreeErrorKind::Format),
        (r#"[{"path":"V/x","value":5,"acl":"Get="}]"#, TreeErrorKind::Malformed),
        (r#"[{"path":"V/x","value":5,"tstamp":"today"}]"#, TreeErrorKind::Malformed),
        (r#"[{"path":"V//x","value":5}]"#, TreeErrorKind::InvalidName),
        (r#"[{"path":"DevInfo/New","value":5}]"#, TreeErrorKind::NotDefined),
    ] {
        let file = serde_json::from_str(&format!(r#"{{"version":1,"tree":{nodes}}}"#)).unwrap();
        let error = MoTree::from_file(config(), file).unwrap_err();
        assert_eq!(error.kind(), expected, "{nodes} {error}");
        assert!(error.place().starts_with("tree["), "{error}");
    }
    let deep = "a/".repeat(200) + "a";
    let file = serde_json::from_str(&format!(r#"{{"version":1,"tree":[{{"path":"V/{deep}","value":1}}]}}"#)).unwrap();
    assert_eq!(MoTree::from_file(config(), file).unwrap_err().kind(), TreeErrorKind::LimitExceeded);
}

#[test]
fn the_last_number_of_an_identifier_does_not_hang_the_tree() {
    let nodes = r#"[{"path":"V/n","value":{},"type":"x/1","miid":"a~18446744073709551615"},
        {"path":"V/b","value":{},"type":"x/1","miid":"a"}]"#;
    let text = format!(r#"{{"version":1,"tree":{nodes},"retired_miids":{{"x/1":{{"a":18446744073709551615}}}}}}"#);
    let mut tree = MoTree::from_file(config(), serde_json::from_str(&text).unwrap()).unwrap();
    local(&mut tree, Command::add("./V/W/a", Content::mo("x/1")));
    assert_eq!(miids(&tree, "x/1").len(), 3);
}

#[test]
fn identifiers_keep_their_length_and_are_not_given_twice() {
    let mut tree = tree();
    let long = "é".repeat(127);
    for place in ["./V/A/", "./V/B/"] {
        local(&mut tree, Command::add(format!("{place}{long}"), Content::mo(MAIL)));
    }
    assert!(miids(&tree, MAIL).iter().all(|miid| miid.len() <= 255));
    reloaded(&tree);
    local(&mut tree, Command::add("./V/x", Content::mo("t/1")));
    local(&mut tree, Command::Begin);
    local(&mut tree, Command::delete("./V/x"));
    local(&mut tree, Command::add("./V/x", Content::mo("t/1")));
    local(&mut tree, Command::Commit);
    // `t/1` had no instance left for a moment, but what it was called is remembered.
    assert_eq!(miids(&tree, "t/1"), ["x~1"]);
}

#[test]
fn identifiers_stay_apart_when_no_more_can_be_remembered() {
    let limits = TreeLimits::DEFAULT.with_instances(8);
    let mut tree = MoTree::new(config().with_limits(limits)).unwrap();
    local(&mut tree, Command::add("./V/keep", Content::mo(MAIL)));
    for number in 0..40 {
        for place in ["A", "B"] {
            local(&mut tree, Command::add(format!("./V/{place}/n{number}"), Content::mo(MAIL)));
        }
        let mut known = miids(&tree, MAIL);
        let count = known.len();
        known.sort();
        known.dedup();
        assert_eq!(known.len(), count);
        for place in ["A", "B"] {
            local(&mut tree, Command::delete(format!("./V/{place}/n{number}")));
        }
    }
}

#[test]
fn types_of_what_was_undone_leave_room_for_others() {
    let limits = TreeLimits::DEFAULT.with_definitions(16).with_instances(16);
    let mut tree = MoTree::new(config().with_limits(limits)).unwrap();
    for number in 0..200 {
        local(&mut tree, Command::Begin);
        local(&mut tree, Command::add("./V/x", Content::mo(format!("t/{number}"))));
        local(&mut tree, Command::Rollback);
        local(&mut tree, Command::add("./V/y", Content::mo(format!("u/{number}"))));
        local(&mut tree, Command::delete("./V/y"));
    }
}

#[test]
fn a_transaction_holds_no_more_than_a_tree() {
    let limits = TreeLimits::DEFAULT.with_total_len(100_000);
    let mut tree = MoTree::new(config().with_limits(limits)).unwrap();
    local(&mut tree, Command::add("./V/x", "a".repeat(30_000)));
    let before = saved(&tree);
    local(&mut tree, Command::Begin);
    let statuses: Vec<StatusCode> =
        (0..10).map(|_| status(&mut tree, Command::replace("./V/x", "b".repeat(30_000)))).collect();
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 3);
    assert!(statuses.contains(&StatusCode::DEVICE_FULL));
    local(&mut tree, Command::Rollback);
    assert_eq!(saved(&tree), before);
}

#[test]
fn everyone_else_waits_for_a_transaction() {
    let mut tree = tree();
    tree.add_account(NewAccount::new("S2", "https://s2.example/", "").with_moid(MAIL)).unwrap();
    local(&mut tree, Command::add("./V/Mail", Content::mo(MAIL)));
    local(&mut tree, Command::Begin);
    assert_eq!(status(&mut tree, Command::Begin), StatusCode::COMMAND_FAILED);
    let other = Request::server("S2", Command::get("./V"));
    assert_eq!(apply(&mut tree, &other).status, StatusCode::FORBIDDEN);
    let operation = Operation::ListMos { server_id: "S2".into() };
    assert_eq!(tree.manage(&operation), tree::Outcome::Status(Status2::SERVICE_UNAVAILABLE));
    assert_eq!(tree.set_value(MAIL, "Mail", "x", 1).unwrap_err().kind(), TreeErrorKind::Busy);
    let definition = MoDefinition::new("urn:x:a", NodeDefinition::unnamed_interior());
    assert_eq!(tree.define(definition).unwrap_err().kind(), TreeErrorKind::Busy);
    local(&mut tree, Command::Commit);
    tree.set_value(MAIL, "Mail", "x", 1).unwrap();
    assert_eq!(tree.node_at("./V/Mail/x").unwrap().value(), Some(&Value::Int(1)));
}

#[test]
fn what_could_be_taken_for_something_else_is_no_type() {
    let mut tree = tree();
    for moid in ["urn:oma:mo:oma-dm-dmacc:1.2", "net.example.dm%2F1.0%2FMail", "%", "a%zz", "a\u{1}"] {
        assert_eq!(
            status(&mut tree, Command::add("./V/x", Content::mo(moid))),
            StatusCode::UNSUPPORTED_FORMAT,
            "{moid}"
        );
    }
    assert_eq!(status(&mut tree, Command::add("./V/x", Content::mo("org.openmobilealliance/1.0/w7"))), StatusCode::OK);
    assert_eq!(tree.node_at("./V/x").unwrap().moid(), Some("urn:oma:mo:oma-dm-dmacc:1.0"));
}

#[test]
fn vendors_describe_what_is_in_the_standard_objects() {
    let leaf = NodeDefinition::leaf("Board", Format::Chr).permanent().with_default("r2");
    let acme = NodeDefinition::interior("Acme").permanent().with(leaf);
    let radio = NodeDefinition::interior("Radio").permanent();
    let config = dm1::Config::new().with_node("DevDetail/Ext/Acme", acme.clone()).with_node("New/Vendor/Radio", radio);
    let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(config)).unwrap();
    assert!(tree.node_at("./New/Vendor/Radio").is_some());
    assert_eq!(status(&mut tree, Command::add("./DevDetail/Ext", Content::node())), StatusCode::OK);
    assert_eq!(tree.node_at("./DevDetail/Ext/Acme/Board").unwrap().value(), Some(&Value::from("r2")));
    for path in ["", "Acme/", "/Acme", "DevDetail/FwV/Acme", "DevDetail/Ext/Other"] {
        let config = dm1::Config::new().with_node(path, acme.clone());
        let refused = MoTree::new(TreeConfig::new(1).with_dm1(config)).unwrap_err();
        assert_eq!(refused.kind(), TreeErrorKind::InvalidDefinition, "{path}");
    }
}

/// A tree with an instance inside another one, and a DM 2.0 server with rights on the outer one alone.
fn nested() -> MoTree {
    let mut tree = tree();
    tree.add_account(NewAccount::new("S2", "https://s2.example/", "").with_moid("outer").with_moid("inner")).unwrap();
    local(&mut tree, Command::add("./V/o", Content::mo("outer")));
    local(&mut tree, Command::add("./V/o/F/i", Content::mo("inner")));
    local(&mut tree, Command::add("./V/o/F/i/secret", "s"));
    tree.grant("outer", "o", "S2", Rights::ALL).unwrap();
    tree
}

fn read(tree: &mut MoTree, uri: &str) -> tree::Outcome {
    tree.manage(&Operation::Read { server_id: "S2".into(), uris: vec![uri.into()] })
}

#[test]
fn an_inner_instance_has_rights_of_its_own() {
    let mut tree = nested();
    let tree::Outcome::Data(items) = read(&mut tree, "outer/o/") else { panic!() };
    assert_eq!(items[0].mo_data.raw(), r#"{"o":{"F":{}}}"#);
    // Nobody is told what is in there.
    for uri in ["outer/o/F/i/secret", "outer/o/F/i/none"] {
        assert_eq!(read(&mut tree, uri), tree::Outcome::Status(Status2::NOT_FOUND), "{uri}");
    }
    let before = saved(&tree);
    let uris = vec!["outer/o/F".into()];
    let delete = Operation::Delete { server_id: "S2".into(), uris };
    assert_eq!(tree.manage(&delete), tree::Outcome::Status(Status2::FORBIDDEN));
    let items = dm_package::MoItem::new("outer/o/", dm_package::Json::parse(r#"{"o":{}}"#).unwrap());
    let content = tree::Content::Items(vec![items.into_owned()]);
    let write = Operation::Write { server_id: "S2".into(), uri: Some("outer/o/".into()), content };
    assert!(matches!(tree.manage(&write), tree::Outcome::Written(_)));
    assert_eq!(saved(&tree), before);
    tree.grant("inner", "i", "S2", Rights::ALL).unwrap();
    let tree::Outcome::Data(items) = read(&mut tree, "outer/o/") else { panic!() };
    assert_eq!(items[0].mo_data.raw(), r#"{"o":{"F":{"i":{"secret":"s"}}}}"#);
    assert_eq!(tree.manage(&delete), tree::Outcome::Status(Status2::OK));
    assert_eq!(tree.instances_of("inner").count(), 0);
}

#[test]
fn a_change_inside_changes_the_validators_of_all_around_it() {
    let mut tree = nested();
    let validators = |tree: &MoTree| {
        let of = |moid, miid| tree.instance(moid, miid).unwrap().validator();
        (of("outer", "o"), of("inner", "i"))
    };
    let before = validators(&tree);
    local(&mut tree, Command::replace("./V/o/F/i/secret", "t"));
    let after = validators(&tree);
    assert!(before.0 != after.0 && before.1 != after.1);
    local(&mut tree, Command::add("./V/o/x", "1"));
    assert!(validators(&tree).0 != after.0 && validators(&tree).1 == after.1);
    let held = validators(&tree);
    local(&mut tree, Command::Begin);
    local(&mut tree, Command::delete("./V/o/F"));
    local(&mut tree, Command::Rollback);
    assert_eq!(validators(&tree), held);
}

#[test]
fn values_do_not_show_in_logs() {
    let replies = vec![dm1::Reply::Value(Value::from("hunter2"))];
    let request = Request::local(Command::replace("./V/x", "hunter2")).with_replies(replies);
    let ask = dm1::Ask::Set { uri: "./V/x".into(), value: "hunter2".into() };
    assert!(!format!("{request:?} {ask:?}").contains("hunter2"));
}

#[test]
fn an_account_that_goes_by_its_instance_takes_its_rights_along() {
    let mut tree = tree();
    for (name, server) in [("1", "S1"), ("2", "S2")] {
        local(&mut tree, Command::add(format!("./DMAcc/{name}"), Content::node()));
        local(&mut tree, Command::add(format!("./DMAcc/{name}/ServerID"), server));
    }
    local(&mut tree, Command::replace("./V?prop=ACL", "Get=S1+S2&Replace=S1"));
    tree.delete(dm1::DM_ACC_1_0, "1", "").unwrap();
    assert_eq!(tree.node_at("./V").unwrap().acl().unwrap().as_str(), "Get=S2");
}

#[test]
fn a_type_that_comes_back_is_the_one_that_went() {
    let mut tree = tree();
    local(&mut tree, Command::add("./V/a", Content::mo("t/1")));
    let before = saved(&tree);
    local(&mut tree, Command::Begin);
    local(&mut tree, Command::delete("./V/a"));
    // The only instance is in the journal when one of the same Type comes and goes, and then one of another Type comes.
    assert_eq!(
        status(&mut tree, Command::add("./V/b", Content::mo("t/1").with_format("foo"))),
        StatusCode::UNSUPPORTED_FORMAT
    );
    let refused = Content::from("zzz").with_format("node").with_type("t/1");
    assert_eq!(status(&mut tree, Command::add("./V/New/b", refused)), StatusCode::COMMAND_FAILED);
    local(&mut tree, Command::add("./V/c", Content::mo("t/1")));
    local(&mut tree, Command::delete("./V/c"));
    local(&mut tree, Command::add("./V/d", Content::mo("t/2")));
    local(&mut tree, Command::Rollback);
    assert_eq!(saved(&tree), before);
    assert_eq!(tree.node_at("./V/a").unwrap().moid(), Some("t/1"));
}
