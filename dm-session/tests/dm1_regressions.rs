//! Mistakes in how the tree served DM 1.x that were made once, one test for each.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use dm_session::tree::dm1::*;
use dm_session::tree::{Format, MoTree, TreeConfig, dm1};

fn tree() -> MoTree {
    with(dm1::Config::new())
}

fn with(config: dm1::Config) -> MoTree {
    MoTree::new(TreeConfig::new(1).with_dm1(config)).unwrap()
}

fn status(tree: &mut MoTree, request: &Request) -> u32 {
    let Outcome::Done(answer) = tree.apply(request) else { panic!("{request:?}") };
    answer.status.code()
}

fn server(tree: &mut MoTree, id: &str, command: Command) -> u32 {
    status(tree, &Request::server(id, command))
}

fn local(tree: &mut MoTree, command: Command) -> u32 {
    status(tree, &Request::local(command))
}

/// Commands of the device that have to work.
fn given(tree: &mut MoTree, commands: impl IntoIterator<Item = Command>) {
    for command in commands {
        let shown = format!("{command:?}");
        assert_eq!(local(tree, command), 200, "{shown}");
    }
}

fn text(tree: &MoTree, uri: &str) -> Option<String> {
    tree.node_at(uri)?.text().map(|text| text.to_string())
}

/// An account as a server would make it.
fn account(name: &str, server_id: &str) -> [Command; 2] {
    let uri = format!("./DMAcc/{name}");
    [Command::add(uri.clone(), Content::mo(DM_ACC_1_0)), Command::add(format!("{uri}/ServerID"), server_id)]
}

fn leaf(name: &str, text: &str) -> TndsNode {
    TndsNode::leaf(name, Format::Chr, TndsValue::Text(text.into()))
}

fn mo(name: &str, moid: &str) -> TndsNode {
    let mut node = TndsNode::interior(name);
    node.media_type = Some(TndsType::DdfName(moid.into()));
    node
}

/// An object of Nodes, each with the one that it is in.
fn object(nodes: impl IntoIterator<Item = (Option<usize>, TndsNode)>) -> Content {
    let nodes = nodes.into_iter().map(|(parent, mut node)| {
        node.parent = parent;
        node
    });
    let text = TndsObject::new(nodes.collect()).to_xml().unwrap();
    Content::new(Data::Text(text)).with_type("application/vnd.syncml.dmtnds+xml")
}

/// What lets every server do everything.
fn open(tree: &mut MoTree) {
    given(tree, [Command::replace(".?prop=ACL", "Add=*&Delete=*&Get=*&Replace=*")]);
}

mod accounts {
    use super::*;

    #[test]
    fn an_account_elsewhere_took_the_rights_of_another_server() {
        let mut tree = tree();
        given(&mut tree, [Command::add("./Mine", Content::node())]);
        given(&mut tree, [Command::replace("./Mine?prop=ACL", "Add=A&Delete=A&Get=A&Replace=A")]);
        assert_eq!(server(&mut tree, "B", Command::add("./V", Content::node())), 200);
        for moid in [DM_ACC_W7, DM_ACC_1_0] {
            assert_eq!(server(&mut tree, "B", Command::add("./V/W/F", Content::mo(moid))), 200);
            assert_eq!(server(&mut tree, "B", Command::add("./V/W/F/ServerID", "A")), 200);
            assert_eq!(server(&mut tree, "B", Command::delete("./V/W")), 200);
        }
        assert_eq!(server(&mut tree, "A", Command::add("./Mine/x", "1")), 200);
        assert_eq!(server(&mut tree, "B", Command::get("./Mine")), 425);
    }

    #[test]
    fn an_account_elsewhere_kept_rights_alive() {
        let mut tree = tree();
        given(&mut tree, account("b", "B"));
        given(&mut tree, [Command::add("./Mine", Content::node()), Command::replace("./Mine?prop=ACL", "Get=B")]);
        assert_eq!(server(&mut tree, "B", Command::add("./V", Content::node())), 200);
        assert_eq!(server(&mut tree, "B", Command::add("./V/F", Content::mo(DM_ACC_W7))), 200);
        assert_eq!(server(&mut tree, "B", Command::add("./V/F/ServerID", "B")), 200);
        given(&mut tree, [Command::delete("./DMAcc/b")]);
        assert_eq!(tree.node_at("./Mine").unwrap().acl(), None);
    }

    #[test]
    fn a_server_made_an_account_of_another_one() {
        let mut tree = tree();
        open(&mut tree);
        given(&mut tree, account("a", "A").into_iter().chain(account("b", "B")));
        let evil = |name: &str| object([(None, mo(name, DM_ACC_1_0)), (Some(0), leaf("ServerID", "A"))]);
        assert_eq!(server(&mut tree, "B", Command::add("./Inbox", evil("evil"))), 418);
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b", evil(""))), 418);
        given(&mut tree, [Command::add("./DMAcc/c", Content::mo(DM_ACC_1_0))]);
        assert_eq!(server(&mut tree, "B", Command::add("./DMAcc/c/ServerID", "A")), 418);
        assert_eq!(server(&mut tree, "B", Command::copy("./DMAcc/a/ServerID", "./DMAcc/c/ServerID")), 418);
        assert_eq!(text(&tree, "./DMAcc/b/ServerID").as_deref(), Some("B"));
        assert!(tree.node_at("./DMAcc/evil").is_none());
        // A server that has none yet, the server itself and the device may.
        assert_eq!(server(&mut tree, "B", Command::add("./DMAcc/c/ServerID", "C")), 200);
        assert_eq!(server(&mut tree, "A", Command::add("./Inbox", evil("own"))), 200);
        given(&mut tree, [Command::add("./Inbox", evil("local"))]);
    }

    #[test]
    fn lists_of_what_was_deleted_counted_twice() {
        let bytes = |tree: &MoTree| {
            let shown = format!("{tree:?}");
            shown.split("bytes: ").nth(1).unwrap().split(',').next().unwrap().parse::<usize>().unwrap()
        };
        let mut tree = tree();
        let empty = bytes(&tree);
        for _ in 0..20 {
            given(&mut tree, account("s", "S"));
            given(&mut tree, [Command::replace("./DMAcc/s?prop=ACL", ["Get=S"; 500].join("&"))]);
            given(&mut tree, [Command::delete("./DMAcc/s")]);
        }
        assert_eq!(bytes(&tree), empty);
    }

    #[test]
    fn every_lost_server_went_through_all_lists() {
        // 300 accounts and 100 lists that name them all: once through the lists, not 300 times.
        let mut tree = tree();
        open(&mut tree);
        let ids: Vec<String> = (0..300).map(|number| format!("s{number}")).collect();
        let accounts = ids
            .iter()
            .enumerate()
            .flat_map(|(at, id)| [(None, mo(id, DM_ACC_1_0)), (Some(2 * at), leaf("ServerID", id))]);
        given(&mut tree, [Command::add("./DMAcc", object(accounts))]);
        let lists = (0..100).map(|number| {
            let mut node = TndsNode::interior(format!("n{number}"));
            node.acl = Some(format!("Delete=*&Get={}", ids.join("+")));
            (None, node)
        });
        given(&mut tree, [Command::add("./V", Content::node()), Command::add("./V", object(lists))]);
        let start = std::time::Instant::now();
        given(&mut tree, [Command::replace("./DMAcc", object([(None, TndsNode::interior(""))]))]);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
        let shown = tree.node_at("./V/n99").unwrap().acl().map(|acl| acl.as_str().to_owned());
        assert_eq!(shown.as_deref(), Some("Delete=*"));
    }
}
