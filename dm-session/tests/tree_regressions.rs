//! What was found wrong in the tree once. Each test is named for what has to hold instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod tree_support;

use dm_package::{Json, MoItem, StatusCode};
use dm_session::tree::{Content, MoTree, Operation, Outcome, Store, TreeConfig, TreeLimits, UndefinedMo};
use tree_support::*;

const FREE: &str = "urn:example:mo:free:1.0";

fn free_tree(limits: TreeLimits) -> MoTree {
    let config = TreeConfig::new(1).with_undefined(UndefinedMo::FreeForm).with_limits(limits);
    let mut tree = MoTree::new(config).unwrap();
    let account = dm_session::tree::NewAccount::new(DM, "https://dm.example/dm", "Example").with_moid(FREE);
    tree.add_account(account).unwrap();
    tree
}

fn write(tree: &mut MoTree, data: &str) -> Outcome {
    let item = MoItem::new(format!("{FREE}//"), Json::parse(data).unwrap().into_owned());
    tree.manage(&Operation::Write { server_id: DM.into(), uri: None, content: Content::Items(vec![item]) })
}

#[test]
fn a_command_looks_at_no_more_nodes_than_there_can_be() {
    let mut tree = free_tree(TreeLimits::DEFAULT.with_nodes(300));
    let children: Vec<String> = (0..100).map(|n| format!(r#""{n}":{{}}"#)).collect();
    write(&mut tree, &format!(r#"{{"R":{{{}}}}}"#, children.join(",")));
    let too_many = Outcome::Status(StatusCode::TOO_LARGE);
    let cv = tree.instance(FREE, "1").unwrap().validator().unwrap();
    let uris = |query: &str, count: usize| vec![format!("{FREE}/1/*{query}"); count];
    let fresh = format!("?cv={cv}");
    let read = |uris| Operation::Read { server_id: DM.into(), uris };
    assert_eq!(tree.manage(&read(uris(&fresh, 3))), Outcome::Status(StatusCode::NOT_MODIFIED));
    assert_eq!(tree.manage(&read(uris(&fresh, 4))), too_many);
    let delete = |uris| Operation::Delete { server_id: DM.into(), uris };
    assert_eq!(tree.manage(&delete(uris("", 4))), too_many);
    assert_eq!(tree.manage(&delete(uris("", 3))), Outcome::Status(StatusCode::OK));
}

#[test]
fn what_cannot_be_addressed_is_not_created() {
    let mut tree = free_tree(TreeLimits::DEFAULT);
    let nested = |levels: usize| {
        (0..levels).fold(r#"{"v":1}"#.to_owned(), |data, _| format!(r#"{{"{}":{data}}}"#, "n".repeat(250)))
    };
    assert_eq!(write(&mut tree, &nested(10)), Outcome::Status(StatusCode::TOO_LARGE));
    assert_eq!(tree.instances_of(FREE).count(), 0, "nothing of it stays");
    let Outcome::Written(_) = write(&mut tree, &nested(7)) else { panic!("it has an address") };
    let uris = vec![format!("{FREE}/1/{}v", "*/".repeat(6))];
    let Outcome::Data(items) = tree.manage(&Operation::Read { server_id: DM.into(), uris }) else { panic!("data") };
    // The address that the tree gives out it takes back.
    let uris = vec![items[0].client_uri.as_str().to_owned()];
    assert_eq!(tree.manage(&Operation::Read { server_id: DM.into(), uris }), Outcome::Data(items));
}

#[test]
fn an_address_that_is_too_long_is_413() {
    let mut tree = free_tree(TreeLimits::DEFAULT);
    let uris = vec![format!("{FREE}/1/{}", "n".repeat(3_000))];
    assert_eq!(tree.manage(&Operation::Read { server_id: DM.into(), uris }), Outcome::Status(StatusCode::TOO_LARGE));
}

fn subscribe(tree: &mut MoTree, uri: &str) {
    let order = Operation::Subscribe { server_id: DM.into(), uri: uri.into(), server_uri: "https://r.example/".into() };
    assert_eq!(tree.manage(&order), Outcome::Status(StatusCode::OK));
}

#[test]
fn a_subscription_speaks_of_what_its_server_may_read() {
    let mut tree = sensors();
    tree.revoke(U, "east", DM).unwrap();
    subscribe(&mut tree, &format!("{U}//"));
    tree.set_value(U, "east", "Setting", "0x1").unwrap();
    assert!(tree.take_changes().is_empty(), "a change in a hidden instance");
    // The only instance that it sees goes: that is the end, whatever else there is.
    tree.delete(U, "west", "").unwrap();
    let changes = tree.take_changes();
    assert_eq!((changes.len(), changes[0].removed), (1, true));
    assert_eq!(tree.subscriptions().count(), 0);
}

#[test]
fn a_subscription_of_a_server_without_the_right_ends_in_silence() {
    let mut tree = sensors();
    subscribe(&mut tree, &format!("{U}/west/"));
    tree.revoke(U, "west", DM).unwrap();
    tree.delete(U, "west", "").unwrap();
    assert!(tree.take_changes().is_empty());
    assert_eq!(tree.subscriptions().count(), 0);
}
