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
use dm_session::tree::{Access, Format, MoDefinition, MoTree, NodeDefinition, Occurrence, TreeConfig, TreeLimits, dm1};
use std::collections::BTreeMap;

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
    fn an_account_that_the_device_deleted_left_its_rights() {
        let mut tree = tree();
        given(&mut tree, account("b", "B"));
        given(&mut tree, [Command::add("./Mine", Content::node()), Command::replace("./Mine?prop=ACL", "Get=B")]);
        tree.delete(DM_ACC_1_0, "b", "").unwrap();
        assert!(tree.node_at("./DMAcc/b").is_none());
        assert_eq!(tree.node_at("./Mine").unwrap().acl(), None);
    }

    #[test]
    fn a_server_made_an_account_of_another_one() {
        let mut tree = tree();
        open(&mut tree);
        given(&mut tree, account("a", "A").into_iter().chain(account("b", "B")));
        let evil = |name: &str| object([(None, mo(name, DM_ACC_1_0)), (Some(0), leaf("ServerID", "A"))]);
        assert_eq!(server(&mut tree, "B", Command::add("./Inbox", evil("evil"))), 418);
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b", evil(""))), 405);
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

fn get(tree: &mut MoTree, request: &Request) -> Result<Vec<ResultItem>, u32> {
    let Outcome::Done(answer) = tree.apply(request) else { panic!("{request:?}") };
    if answer.status.code() == 200 { Ok(answer.results) } else { Err(answer.status.code()) }
}

fn read(tree: &mut MoTree, uri: &str) -> Result<Vec<ResultItem>, u32> {
    get(tree, &Request::server("S", Command::get(uri)))
}

fn only(tree: &mut MoTree, uri: &str) -> Result<Data, u32> {
    read(tree, uri).map(|items| items.into_iter().next().unwrap().data)
}

mod limits {
    use super::*;

    #[test]
    fn a_list_of_rights_had_no_limit() {
        let mut tree = tree();
        given(&mut tree, [Command::add("./V", Content::node())]);
        let of = |len: usize| format!("Add=*&Get=*&Replace={}", "s".repeat(len - "Add=*&Get=*&Replace=".len()));
        let set = |len: usize| Command::replace("./V?prop=ACL", of(len));
        assert_eq!(local(&mut tree, set(Acl::MAX_LEN)), 200);
        assert_eq!(local(&mut tree, set(Acl::MAX_LEN + 1)), 420);
        let mut node = TndsNode::interior("x");
        node.acl = Some(of(Acl::MAX_LEN + 1));
        assert_eq!(local(&mut tree, Command::add("./V", object([(None, node)]))), 420);
        assert!(tree.node_at("./V/x").is_none());
    }

    #[test]
    fn every_new_node_took_a_huge_list_along() {
        let mut tree = tree();
        given(&mut tree, [Command::add("./V", Content::node())]);
        let mut readers = String::from("Add=*&Get=s0");
        for number in 1.. {
            let next = format!("+s{number}");
            if readers.len() + next.len() > Acl::MAX_LEN {
                break;
            }
            readers.push_str(&next);
        }
        given(&mut tree, [Command::replace("./V?prop=ACL", readers)]);
        let start = std::time::Instant::now();
        for number in 0..1000 {
            let add = Command::add(format!("./V/{number}"), Content::node());
            assert_eq!(server(&mut tree, "B", add), 200);
        }
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
        println!("{:?}", start.elapsed());
    }

    #[test]
    fn lists_were_as_long_as_they_came() {
        let limits = TreeLimits::DEFAULT.with_read_len(2000);
        let config = TreeConfig::new(1).with_limits(limits).with_dm1(dm1::Config::new());
        let mut tree = MoTree::new(config).unwrap();
        let name = "n".repeat(100);
        let deep = format!("./{name}/{name}/{name}");
        given(&mut tree, (0..5).map(|number| Command::add(format!("{deep}/{number}"), "1")));
        let short = format!("./{name}/{name}/{name}/0");
        for list in ["Struct", "StructData", "TNDS"] {
            assert!(read(&mut tree, &format!("{short}?list={list}")).is_ok(), "{list}");
        }
        for list in ["Struct", "StructData"] {
            assert_eq!(read(&mut tree, &format!("./{name}?list={list}")), Err(413), "{list}");
        }
        given(&mut tree, [Command::add("./Long", "x".repeat(1500)), Command::add("./Longer", "x".repeat(1500))]);
        assert!(read(&mut tree, "./Long?list=TNDS").is_ok());
        assert_eq!(read(&mut tree, ".?list=TNDS"), Err(413));
        assert_eq!(read(&mut tree, ".?list=StructData"), Err(413));
    }
}

mod texts {
    use super::*;

    /// Characters that WBXML has and XML has not.
    const BAD: [&str; 2] = ["a\u{1}b", "a\u{fffe}b"];

    #[test]
    fn one_text_that_xml_cannot_carry_made_every_list_useless() {
        let mut tree = tree();
        open(&mut tree);
        given(&mut tree, [Command::add("./V", Content::node())]);
        for bad in BAD {
            let typed = Content::from("1").with_type(bad);
            assert_eq!(server(&mut tree, "S", Command::add("./V/x", typed)), 415);
            assert_eq!(server(&mut tree, "S", Command::add("./V/x", Content::mo(bad))), 415);
            assert_eq!(server(&mut tree, "S", Command::add("./V/x", bad)), 415);
            assert_eq!(server(&mut tree, "S", Command::replace("./V?prop=Title", bad)), 500);
            let bytes = Content::new(Data::Bytes(bad.into())).with_format("bin");
            assert_eq!(server(&mut tree, "S", Command::add("./V/b", bytes)), 200);
            assert_eq!(server(&mut tree, "S", Command::delete("./V/b")), 200);
        }
        assert!(read(&mut tree, ".?list=TNDS").is_ok());
    }

    #[test]
    fn such_a_value_of_another_origin_travels_as_base64() {
        for data in [Data::Text("\u{1}".into()), Data::Bytes(vec![1])] {
            let item = ResultItem::new("./A").with_data(data);
            let sent = item.to_item(dm_syncml::Encoding::Xml);
            assert_eq!(sent.data.as_ref().and_then(|data| data.as_text()), Some("AQ=="));
            let format = sent.meta.as_ref().and_then(dm_syncml::Meta::format).map(ToString::to_string);
            assert_eq!(format.as_deref(), Some("b64"));
        }
    }

    #[test]
    fn values_stood_in_what_debug_shows() {
        let shown = format!("{:?}", leaf("Secret", "hunter2"));
        assert!(!shown.contains("hunter2") && shown.contains("7 bytes"), "{shown}");
    }
}

mod statuses {
    use super::*;
    use dm_session::Timestamp;

    #[test]
    fn a_stamp_that_was_never_set_is_empty() {
        let mut tree = tree();
        assert_eq!(only(&mut tree, ".?prop=TStamp"), Err(406));
        tree.set_now(Timestamp::from_millis(1_700_000_000_000));
        assert_eq!(only(&mut tree, ".?prop=TStamp"), Ok(Data::None));
        given(&mut tree, [Command::add("./A", "1")]);
        assert!(matches!(only(&mut tree, "./A?prop=TStamp"), Ok(Data::Text(_))));
    }

    #[test]
    fn a_place_comes_before_a_format() {
        let mut tree = tree();
        open(&mut tree);
        let unknown = || Content::from("1").with_format("foo");
        assert_eq!(server(&mut tree, "S", Command::add("./DevInfo/New", unknown())), 404);
        assert_eq!(server(&mut tree, "S", Command::add("./V/New", unknown())), 415);
    }

    #[test]
    fn names_that_are_no_segments_were_taken() {
        let mut tree = tree();
        open(&mut tree);
        given(&mut tree, [Command::add("./a", "1")]);
        for name in ["a%ff", "a%zz", "%", "a%2Fb"] {
            assert_eq!(server(&mut tree, "S", Command::replace("./a?prop=Name", name)), 500, "{name}");
            assert_eq!(server(&mut tree, "S", Command::add(".", object([(None, leaf(name, "1"))]))), 404, "{name}");
        }
        assert_eq!(server(&mut tree, "S", Command::replace("./a?prop=Name", "a%25zz")), 200);
        assert!(tree.node_at("./a%25zz").is_some());
    }

    #[test]
    fn lenient_uris_were_spelled_as_they_came() {
        let mut tree = tree();
        given(&mut tree, [Command::add("./A/b", "1")]);
        for (uri, sources) in [
            ("./A/?list=Struct", ["./A/", "./A/b"]),
            ("/A/?list=Struct", ["/A/", "/A/b"]),
            ("?list=Struct", [".", "./DevInfo"]),
            ("./?list=Struct", ["./", "./DevInfo"]),
        ] {
            let items = read(&mut tree, uri).unwrap();
            assert_eq!(items.iter().take(2).map(|item| item.source.as_str()).collect::<Vec<_>>(), sources, "{uri}");
        }
    }
}

mod bootstraps {
    use super::*;

    fn provision(tree: &mut MoTree, addr: &str) -> Result<Bootstrapped, BootstrapError> {
        let application = Characteristic::new("APPLICATION")
            .with_parm("APPID", "w7")
            .with_parm("PROVIDER-ID", "S")
            .with(Characteristic::new("APPADDR").with_parm("ADDR", addr));
        ClientProvisioning::new().with(application).provision(tree, None, &mut |_| Reply::Done)
    }

    #[test]
    fn a_provisioning_without_an_address_wiped_a_good_one() {
        let mut tree = tree();
        assert!(provision(&mut tree, "https://a.example/").is_ok());
        assert_eq!(provision(&mut tree, ""), Err(BootstrapError::NoAddress));
        let account = Account::find(&mut tree, "S").unwrap();
        assert_eq!(account.addresses, [AccountAddr::new("https://a.example/")]);
    }

    #[test]
    fn a_second_bootstrap_needed_objects() {
        let mut config = dm1::Config::new();
        config.tnds = false;
        let mut tree = with(config);
        assert!(provision(&mut tree, "https://a.example/").is_ok());
        let add = |uri: &str, format: &str, media_type: &str, data: &str| {
            let format = if format == "node" { dm_syncml::Format::Node } else { dm_syncml::Format::Chr };
            let meta = dm_syncml::Meta::new().with_format(format);
            let meta = if media_type.is_empty() { meta } else { meta.with_type(media_type.to_owned()) };
            let item = dm_syncml::Item::target(format!("./DMAcc/new{uri}")).with_meta(meta);
            if data.is_empty() { item } else { item.with_data(data.to_owned()) }
        };
        let items = [
            add("", "node", DM_ACC_1_0, ""),
            add("/ServerID", "chr", "", "S"),
            add("/AppAddr/1/Addr", "chr", "", "https://b.example/"),
        ];
        let [client, sender] = ["IMEI:1", "S"].map(dm_syncml::Location::new);
        let mut message = dm_syncml::Message::new(dm_syncml::SyncHdr::new("1", "1", client, sender)).with_final();
        for (number, item) in (1..).zip(items) {
            let operation = dm_syncml::Operation::new(dm_syncml::CmdId::from_number(number)).with_item(item);
            message = message.with_command(dm_syncml::Command::Add(operation));
        }
        let done = bootstrap(&mut tree, &message, true, None, &mut |_| Reply::Done).unwrap();
        assert_eq!(done.server_ids, ["S"]);
        let all = Account::all(&mut tree);
        assert_eq!((all.len(), all[0].addresses[0].addr.as_str()), (1, "https://b.example/"));
    }
}

mod objects {
    use super::*;

    /// A tree with `./App`, whose children are of one kind of which there has to be one.
    fn app(below: NodeDefinition) -> MoTree {
        let app = NodeDefinition::interior("App").permanent().with_access(Access::DATA).with(below);
        let mut tree = with(dm1::Config::new().with_node("App", app));
        open(&mut tree);
        tree
    }

    #[test]
    fn a_replace_removed_the_last_of_a_kind() {
        let entry = NodeDefinition::unnamed_interior().with_access(Access::DATA).with_occurrence(Occurrence::OneOrMore);
        let mut tree = app(entry);
        let top = || (None, TndsNode::interior(""));
        assert_eq!(server(&mut tree, "S", Command::add("./App/x", Content::node())), 200);
        assert_eq!(server(&mut tree, "S", Command::delete("./App/x")), 405);
        assert_eq!(server(&mut tree, "S", Command::replace("./App", object([top()]))), 405);
        let other = object([top(), (Some(0), TndsNode::interior("y"))]);
        assert_eq!(server(&mut tree, "S", Command::replace("./App", other)), 200);
        assert!(tree.node_at("./App/x").is_none() && tree.node_at("./App/y").is_some());
        given(&mut tree, account("a", "A"));
        assert_eq!(server(&mut tree, "A", Command::replace("./DMAcc", object([top()]))), 405);
        assert!(tree.node_at("./DMAcc/a").is_some());
    }

    #[test]
    fn a_replace_of_an_account_changed_whose_it_is() {
        let mut tree = tree();
        open(&mut tree);
        given(&mut tree, account("b", "B"));
        let named = |id: &str| object([(None, mo("", DM_ACC_1_0)), (Some(0), leaf("ServerID", id))]);
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b/ServerID", "C")), 405);
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b", named("C"))), 405);
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b", object([(None, mo("", DM_ACC_1_0))]))), 405);
        assert_eq!(text(&tree, "./DMAcc/b/ServerID").as_deref(), Some("B"));
        assert_eq!(server(&mut tree, "B", Command::replace("./DMAcc/b", named("B"))), 200);
    }

    #[test]
    fn a_new_instance_took_values_that_no_server_may_set() {
        let mut tree = tree();
        let fumo = |state: &str| {
            let state = TndsNode::leaf("State", Format::Int, TndsValue::Text(state.into()));
            object([(None, mo("fw", FUMO_1_0)), (Some(0), state)])
        };
        assert_eq!(server(&mut tree, "S", Command::add("./V", Content::node())), 200);
        assert_eq!(server(&mut tree, "S", Command::add("./V", fumo("60"))), 405);
        assert_eq!(server(&mut tree, "S", Command::add("./Inbox", fumo("60"))), 405);
        assert_eq!(server(&mut tree, "S", Command::add("./V", fumo("10"))), 200);
        given(&mut tree, [Command::add("./W", fumo("60"))]);
    }

    #[test]
    fn a_replace_told_whether_a_secret_was_guessed() {
        let secret = NodeDefinition::leaf("Key", Format::Chr).permanent().with_access(Access::NONE);
        let mut tree = app(secret.with_default("hunter2"));
        for guess in ["x", "hunter2"] {
            let guess = object([(None, TndsNode::interior("")), (Some(0), leaf("Key", guess))]);
            assert_eq!(server(&mut tree, "S", Command::replace("./App", guess)), 405);
        }
    }

    #[test]
    fn without_the_rights_of_descendants_a_replace_removed_them_nevertheless() {
        let mut config = dm1::Config::new();
        config.delete_descendants = false;
        let mut tree = with(config);
        given(&mut tree, [Command::add("./V/l", "1"), Command::replace("./V?prop=ACL", "Add=B&Get=B&Replace=B")]);
        assert_eq!(server(&mut tree, "B", Command::delete("./V/l")), 425);
        let empty = object([(None, TndsNode::interior(""))]);
        assert_eq!(server(&mut tree, "B", Command::replace("./V", empty)), 425);
    }

    #[test]
    fn an_object_in_the_inbox_wrote_into_an_instance() {
        for merge in [false, true] {
            let mut config = dm1::Config::new();
            config.merge = merge;
            let definition = MoDefinition::new("org.x/1.0/App", NodeDefinition::interior("App").open());
            let config = TreeConfig::new(1).with_definition(definition).with_dm1(config);
            let mut tree = MoTree::new(config).unwrap();
            let content = || object([(None, mo("App", "org.x/1.0/App")), (Some(0), leaf("x", "evil"))]);
            given(&mut tree, [Command::add("./App", Content::mo("org.x/1.0/App"))]);
            given(&mut tree, [Command::replace("./App?prop=ACL", "Add=A&Get=A&Replace=A")]);
            assert_eq!(server(&mut tree, "B", Command::add("./Inbox", content())), 418);
            assert!(tree.node_at("./App/x").is_none());
            let twice = object([(None, mo("", "org.x/1.0/App")), (None, mo("y", "org.x/1.0/App"))]);
            given(&mut tree, [Command::delete("./App")]);
            assert_eq!(server(&mut tree, "B", Command::add("./Inbox", twice)), 418);
            assert_eq!(server(&mut tree, "B", Command::add("./Inbox", content())), 200);
        }
    }

    #[test]
    fn a_merge_set_titles_without_the_right() {
        let mut config = dm1::Config::new();
        config.merge = true;
        let mut tree = with(config);
        given(&mut tree, [Command::add("./Mine", Content::node())]);
        given(&mut tree, [Command::replace("./Mine?prop=ACL", "Add=*&Get=*&Replace=A")]);
        let mut node = TndsNode::interior("Mine");
        node.title = Some("evil".into());
        assert_eq!(server(&mut tree, "B", Command::add(".", object([(None, node)]))), 425);
        assert_eq!(tree.node_at("./Mine").unwrap().title(), None);
    }

    #[test]
    fn names_in_the_inbox_took_quadratic_time() {
        let many = |count: usize| {
            object((0..count).map(|number| {
                let mut node = mo("A", DM_ACC_1_0);
                node.path = Some(format!("p{number}"));
                (None, node)
            }))
        };
        let mut tree = tree();
        let start = std::time::Instant::now();
        assert_eq!(server(&mut tree, "B", Command::add("./Inbox", many(4000))), 420);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
        assert_eq!(server(&mut tree, "B", Command::add("./Inbox", many(100))), 200);
        assert_eq!(tree.node_at("./DMAcc").unwrap().children_in_order().count(), 100);
    }

    #[test]
    fn long_paths_in_the_inbox_took_quadratic_time() {
        let path = vec!["a"; 100_000].join("/");
        let mut nodes = [mo("b", DM_ACC_1_0), TndsNode::interior("c")];
        for node in &mut nodes {
            node.path = Some(path.clone());
        }
        let start = std::time::Instant::now();
        let mut tree = tree();
        assert_eq!(server(&mut tree, "B", Command::add("./Inbox", object(nodes.map(|node| (None, node))))), 414);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}

mod outside {
    use super::*;
    use dm_session::tree::{External, Value};

    /// A tree with leaves of the host below `./App/<x>`.
    fn tree(kind: External) -> MoTree {
        let leaf = |name| NodeDefinition::leaf(name, Format::Chr).with_access(Access::DATA).external(kind);
        let entry = NodeDefinition::unnamed_interior().with_access(Access::DATA).with(leaf("a")).with(leaf("b"));
        let app = NodeDefinition::interior("App").permanent().with_access(Access::DATA).with(entry);
        let mut tree = with(dm1::Config::new().with_node("App", app));
        open(&mut tree);
        tree
    }

    /// A host that has leaves, cannot set `b`, and undoes if it may.
    struct Host {
        leaves: BTreeMap<String, Value>,
        undoes: bool,
    }

    impl Host {
        fn new(undoes: bool) -> Self {
            Self { leaves: BTreeMap::new(), undoes }
        }

        fn answer(&mut self, ask: &Ask) -> Reply {
            let failed = Reply::Failed(dm_syncml::StatusCode::new(403));
            match ask {
                Ask::Read { uri } => self.leaves.get(uri).cloned().map_or(failed, Reply::Value),
                Ask::Set { uri, .. } if uri.ends_with("/b") => failed,
                Ask::Undo { .. } if !self.undoes => failed,
                Ask::Set { uri, value } | Ask::Undo { uri, value: Some(value) } => {
                    self.leaves.insert(uri.clone(), value.clone());
                    Reply::Done
                }
                Ask::Delete { uri } | Ask::Undo { uri, value: None } => {
                    self.leaves.remove(uri);
                    Reply::Done
                }
                _ => failed,
            }
        }

        fn atomic(&mut self, tree: &mut MoTree, commands: &[Command]) -> Vec<u32> {
            let template = Request::server("S", Command::Begin);
            let done = run_atomic(tree, &template, commands, &mut |ask| self.answer(ask));
            done.children.iter().map(|status| status.code()).collect()
        }
    }

    fn both() -> [Command; 3] {
        let add = |name: &str| Command::add(format!("./App/x/{name}"), "1");
        [Command::add("./App/x", Content::node()), add("a"), add("b")]
    }

    #[test]
    fn half_of_a_command_stayed_with_the_host() {
        for in_atomic in [false, true] {
            let mut tree = tree(External::Immediate);
            let mut host = Host::new(true);
            host.leaves.insert("./App/x/a".into(), "old".into());
            let nodes = [(None, TndsNode::interior("x")), (Some(0), leaf("a", "1")), (Some(0), leaf("b", "2"))];
            let add = Command::add("./App", object(nodes));
            if in_atomic {
                assert_eq!(host.atomic(&mut tree, &[add]), [403]);
            } else {
                let request = Request::server("S", add);
                assert_eq!(run(&mut tree, &request, &mut |ask| host.answer(ask)).status.code(), 403);
            }
            assert_eq!(host.leaves.get("./App/x/a"), Some(&"old".into()));
            assert!(tree.node_at("./App/x").is_none());
        }
    }

    #[test]
    fn half_of_a_transaction_stayed_with_the_host() {
        let mut host = Host::new(true);
        assert_eq!(host.atomic(&mut tree(External::Deferred), &both()), [216, 216, 216]);
        assert!(host.leaves.is_empty());
        let mut host = Host::new(false);
        assert_eq!(host.atomic(&mut tree(External::Deferred), &both()), [216, 516, 216]);
    }

    #[test]
    fn a_host_was_told_of_nodes_under_names_that_they_had_no_more() {
        let mut tree = tree(External::Deferred);
        let mut host = Host::new(true);
        let rename = Command::replace("./App/x?prop=Name", "y");
        let [node, leaf, _] = both();
        assert_eq!(host.atomic(&mut tree, &[node.clone(), leaf, rename.clone()]), [216, 216, 405]);
        assert_eq!(host.atomic(&mut tree, &[node, rename]), [200, 200]);
    }

    #[test]
    fn commands_that_changed_nothing_were_counted() {
        let mut tree = tree(External::Immediate);
        let mut host = Host::new(false);
        let mut go = |command| run(&mut tree, &Request::server("S", command), &mut |ask| host.answer(ask));
        let [node, leaf, _] = both();
        for (command, status) in [
            (Command::Begin, 200),
            (node, 200),
            (Command::get("."), 200),
            (Command::delete("./Missing"), 404),
            (leaf, 200),
        ] {
            assert_eq!(go(command).status.code(), status);
        }
        assert_eq!(go(Command::Rollback).not_undone, [1]);
    }
}

mod descriptions {
    use super::*;
    use dm_syncml::Limits;

    fn node(name: &str, path: &str, format: &str, more: &str) -> String {
        let path = if path.is_empty() { String::new() } else { format!("<Path>{path}</Path>") };
        format!(
            "<Node><NodeName>{name}</NodeName>{path}<DFProperties><AccessType><Get/></AccessType><DFFormat><{format}/>\
             </DFFormat><Occurrence><One/></Occurrence><Scope><Permanent/></Scope>{more}</DFProperties></Node>"
        )
    }

    fn parse(nodes: &[String]) -> Result<Ddf, DdfErrorKind> {
        let document = format!("<MgmtTree><VerDTD>1.2</VerDTD>{}</MgmtTree>", nodes.concat());
        Ddf::parse(document.as_bytes(), &Limits::DEFAULT).map_err(|error| error.kind())
    }

    #[test]
    fn names_kept_their_escapes() {
        let ddf = parse(&[node("My%20Part", "./A%20b", "node", "")]).unwrap();
        assert_eq!(ddf.nodes[0].0, "A b");
        let again = Ddf::parse(ddf.to_xml().unwrap().as_bytes(), &Limits::DEFAULT).unwrap();
        assert_eq!(again, ddf);
        let (config, _) = ddf.describe(dm1::Config::new());
        let mut tree = with(config);
        assert!(only(&mut tree, "./A%20b/My%20Part").is_ok());
        for (name, path) in [("a%2Fb", ""), ("a", "./x%2Fy"), ("%2E%2E", ""), ("a", "./%2E/b")] {
            assert_eq!(parse(&[node(name, path, "node", "")]), Err(DdfErrorKind::Name), "{name} {path}");
        }
    }

    #[test]
    fn a_node_above_another_came_too_late() {
        let nodes = [node("Deep", "./A/B", "chr", ""), node("B", "./A", "node", ""), node("A", "", "node", "")];
        let (config, _) = parse(&nodes).unwrap().describe(dm1::Config::new());
        let mut tree = with(config);
        assert!(only(&mut tree, "./A/B/Deep").is_ok());
    }

    #[test]
    fn a_default_value_that_is_not_allowed_was_taken() {
        let with_default = |value: &str| {
            let more = format!(
                "<DefaultValue>{value}</DefaultValue><AllowedValues xmlns=\"http://schemas.microsoft.com/MobileDevice/DM\" \
                 ValueType=\"Range\"><Value>[0-5]</Value></AllowedValues>"
            );
            parse(&[node("N", "", "int", &more)])
        };
        assert!(with_default("5").is_ok() && with_default("").is_ok());
        assert_eq!(with_default("9"), Err(DdfErrorKind::DefaultValue));
        let wide = node("N", "", "int", "<DefaultValue>3000000000</DefaultValue>");
        assert_eq!(parse(&[wide]), Err(DdfErrorKind::DefaultValue));
    }
}
