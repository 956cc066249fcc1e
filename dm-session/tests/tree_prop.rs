//! Properties of the management tree: programs of random operations against a plain model, and
//! addresses and data that nobody would send.
#![cfg(feature = "serde")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod tree_support;

use dm_package::Json;
use dm_session::tree::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use tree_support::*;

/// What a tree of one free-form MO is, in the plainest way: paths, and text where there is a leaf.
/// The empty path is the root.
type Nodes = BTreeMap<Vec<&'static str>, Option<String>>;

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    instances: BTreeMap<u64, Nodes>,
    next: u64,
}

/// MO data.
#[derive(Clone, Debug)]
enum Data {
    Leaf(&'static str),
    Interior(BTreeMap<&'static str, Self>),
}

#[derive(Clone, Debug)]
enum Step {
    Create(Data),
    Put(u64, Vec<&'static str>, Data),
    Delete(u64, Vec<&'static str>),
    DeleteChildren(u64, Vec<&'static str>),
    SetHere(u64, Vec<&'static str>, &'static str),
    DeleteHere(u64, Vec<&'static str>),
    Read(u64, Vec<&'static str>),
    ReadEverywhere(Vec<&'static str>),
    Subscribe(u64, Vec<&'static str>),
    Restart,
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c"])
}

fn path() -> impl Strategy<Value = Vec<&'static str>> {
    vec(name(), 0..4)
}

/// JSON scalars whose text form is the same, so that the model need not know formats.
fn scalar() -> impl Strategy<Value = &'static str> {
    select(vec!["5", "\"5\"", "\"x\"", "true", "\"true\"", "-7"])
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = scalar().prop_map(Data::Leaf);
    leaf.prop_recursive(3, 12, 3, |below| proptest::collection::btree_map(name(), below, 0..3).prop_map(Data::Interior))
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 1..4_u64;
    prop_oneof![
        2 => data().prop_map(Step::Create),
        6 => (id(), path(), data()).prop_map(|(id, path, data)| Step::Put(id, path, data)),
        3 => (id(), path()).prop_map(|(id, path)| Step::Delete(id, path)),
        1 => (id(), path()).prop_map(|(id, path)| Step::DeleteChildren(id, path)),
        3 => (id(), path(), scalar()).prop_map(|(id, path, value)| Step::SetHere(id, path, value)),
        1 => (id(), path()).prop_map(|(id, path)| Step::DeleteHere(id, path)),
        3 => (id(), path()).prop_map(|(id, path)| Step::Read(id, path)),
        1 => path().prop_map(Step::ReadEverywhere),
        4 => (id(), path()).prop_map(|(id, path)| Step::Subscribe(id, path)),
        1 => Just(Step::Restart),
    ]
}

fn text(scalar: &str) -> String {
    scalar.trim_matches('"').to_owned()
}

fn json(name: &str, data: &Data) -> String {
    fn value(data: &Data) -> String {
        match data {
            Data::Leaf(scalar) => (*scalar).to_owned(),
            Data::Interior(children) => {
                let children: Vec<String> =
                    children.iter().map(|(name, data)| format!("\"{name}\":{}", value(data))).collect();
                format!("{{{}}}", children.join(","))
            }
        }
    }
    format!("{{\"{name}\":{}}}", value(data))
}

fn flatten(at: &[&'static str], data: &Data, out: &mut Nodes) {
    match data {
        Data::Leaf(scalar) => drop(out.insert(at.to_vec(), Some(text(scalar)))),
        Data::Interior(children) => {
            out.insert(at.to_vec(), None);
            for (name, data) in children {
                flatten(&[at, &[*name]].concat(), data, out);
            }
        }
    }
}

fn below(nodes: &Nodes, path: &[&'static str]) -> Nodes {
    nodes.iter().filter(|(at, _)| at.starts_with(path)).map(|(at, value)| (at.clone(), value.clone())).collect()
}

impl Model {
    /// Replaces what is at the path; a leaf and an interior node do not turn into each other.
    fn put(&mut self, id: u64, path: &[&'static str], data: &Data) -> bool {
        let Some(nodes) = self.instances.get_mut(&id) else { return false };
        let mut new = Nodes::new();
        flatten(path, data, &mut new);
        let parent_is_interior = path.split_last().is_none_or(|(_, above)| nodes.get(above) == Some(&None));
        let same_kinds = new.iter().all(|(at, value)| nodes.get(at).is_none_or(|old| old.is_some() == value.is_some()));
        if !parent_is_interior || !same_kinds || (path.is_empty() && matches!(data, Data::Leaf(_))) {
            return false;
        }
        nodes.retain(|at, _| !at.starts_with(path));
        nodes.extend(new);
        true
    }

    fn create(&mut self, data: &Data) -> Option<u64> {
        if matches!(data, Data::Leaf(_)) {
            return None;
        }
        self.next += 1;
        let mut nodes = Nodes::new();
        flatten(&[], data, &mut nodes);
        self.instances.insert(self.next, nodes);
        Some(self.next)
    }

    fn delete(&mut self, id: u64, path: &[&'static str]) -> bool {
        let Some(nodes) = self.instances.get_mut(&id) else { return false };
        let there = nodes.contains_key(path);
        nodes.retain(|at, _| !at.starts_with(path));
        if nodes.is_empty() {
            self.instances.remove(&id);
        }
        there
    }

    fn set(&mut self, id: u64, path: &[&'static str], value: &str) -> bool {
        let Some(nodes) = self.instances.get_mut(&id) else { return false };
        let Some((_, above)) = path.split_last() else { return false };
        let clash = (0..=above.len()).any(|len| matches!(nodes.get(&above[..len]), Some(Some(_))));
        if clash || nodes.get(path) == Some(&None) {
            return false;
        }
        for len in 0..=above.len() {
            nodes.insert(above[..len].to_vec(), None);
        }
        nodes.insert(path.to_vec(), Some(text(value)));
        true
    }
}

/// The tree as the model would have it.
fn model_of(tree: &MoTree, next: u64) -> Model {
    let mut model = Model { instances: BTreeMap::new(), next };
    for instance in tree.instances_of(FREE) {
        let nodes = instance.root().descendants().map(|(_, node)| {
            let path =
                node.path().into_iter().map(|name| *["a", "b", "c"].iter().find(|known| **known == name).unwrap());
            (path.collect(), node.value().map(|value| value.text().into_owned()))
        });
        model.instances.insert(instance.miid().parse().unwrap(), nodes.collect());
    }
    model
}

/// The nodes of each instance with formats and values, and its validator.
fn shown(tree: &MoTree) -> BTreeMap<u64, (String, Option<String>)> {
    let nodes = |instance: &InstanceRef<'_>| {
        let nodes = instance
            .root()
            .descendants()
            .map(|(_, node)| format!("{} {:?} {:?}", node.uri(), node.format(), node.value()));
        nodes.collect::<Vec<_>>().join("\n")
    };
    tree.instances_of(FREE).map(|it| (it.miid().parse().unwrap(), (nodes(&it), it.validator()))).collect()
}

/// What reading a node gives, as paths below it.
fn read_back(json: &Json<'_>, at: &[&'static str], out: &mut Nodes) {
    for (name, value) in json.members() {
        let Some(known) = ["a", "b", "c"].into_iter().find(|known| name == *known) else {
            // The root, whose name the model does not keep.
            return read_back(&value, at, out);
        };
        let at = [at, &[known]].concat();
        match value.kind() {
            dm_package::JsonKind::Object => {
                out.insert(at.clone(), None);
                read_back(&value, &at, out);
            }
            _ => drop(out.insert(at, Some(text(value.raw())))),
        }
    }
}

fn uri(id: u64, path: &[&str]) -> String {
    format!("{FREE}/{id}/{}", path.join("/"))
}

fn saved(tree: &MoTree) -> String {
    serde_json::to_string(&tree.to_file()).unwrap()
}

fn reloaded(config: TreeConfig, tree: &MoTree) -> MoTree {
    MoTree::from_file(config, serde_json::from_str(&saved(tree)).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_do_what_the_model_does(steps in vec(step(), 1..40)) {
        let mut tree = MoTree::new(config()).unwrap();
        tree.add_account(account(DM)).unwrap();
        let mut model = Model::default();
        for step in steps {
            let before = model.clone();
            let file = saved(&tree);
            let instances = shown(&tree);
            let mut watched: Vec<(u64, Vec<&'static str>)> = Vec::new();
            for (_, uri, _) in tree.subscriptions() {
                let mut parts = uri.strip_prefix(FREE).unwrap().split('/').skip(1);
                let id = parts.next().unwrap().parse().unwrap();
                let path = parts.filter(|part| !part.is_empty());
                watched.push((id, path.map(|part| *["a", "b", "c"].iter().find(|known| **known == part).unwrap()).collect()));
            }
            let done = match &step {
                Step::Create(data) => {
                    let outcome = write(&mut tree, DM, None, &[(&format!("{FREE}//"), &json("R", data))]);
                    match model.create(data) {
                        Some(id) => {
                            prop_assert_eq!(&outcome, &written(&[&uri(id, &[])]));
                            true
                        }
                        None => {
                            prop_assert_eq!(&outcome, &BAD);
                            false
                        }
                    }
                }
                Step::Put(id, path, data) => {
                    let name = path.last().copied().unwrap_or("R");
                    let outcome = put(&mut tree, &uri(*id, path), &json(name, data));
                    let done = model.put(*id, path, data);
                    prop_assert_eq!(matches!(outcome, Outcome::Written(_)), done, "{:?}", outcome);
                    done
                }
                Step::Delete(id, path) => {
                    let outcome = delete(&mut tree, DM, &[&uri(*id, path)]);
                    let done = model.delete(*id, path);
                    prop_assert_eq!(outcome == OK, done, "{:?}", outcome);
                    done
                }
                Step::DeleteChildren(id, path) => {
                    let outcome = delete(&mut tree, DM, &[&uri(*id, &[path.as_slice(), &["*"]].concat())]);
                    let children: Vec<_> = before.instances.get(id).into_iter().flatten().map(|(at, _)| at.clone()).collect();
                    let children = children.iter().filter(|at| at.len() == path.len() + 1 && at.starts_with(path));
                    let done = children.map(|at| model.delete(*id, at)).count() > 0;
                    prop_assert_eq!(outcome == OK, done, "{:?}", outcome);
                    done
                }
                Step::SetHere(id, path, value) => {
                    let known = Value::from(text(value));
                    let done = tree.set_value(FREE, &id.to_string(), &path.join("/"), known).is_ok();
                    prop_assert_eq!(done, model.set(*id, path, value));
                    done
                }
                Step::DeleteHere(id, path) => {
                    let done = tree.delete(FREE, &id.to_string(), &path.join("/")).is_ok();
                    prop_assert_eq!(done, model.delete(*id, path));
                    done
                }
                Step::Read(id, path) => {
                    let expected = before.instances.get(id).map(|nodes| below(nodes, path)).filter(|nodes| !nodes.is_empty());
                    match read(&mut tree, DM, &[&uri(*id, path)]) {
                        Outcome::Data(items) => {
                            let mut expected = expected.unwrap();
                            let mut got = Nodes::new();
                            let above = path.split_last().map_or(path.as_slice(), |(_, above)| above);
                            read_back(&items[0].mo_data, above, &mut got);
                            expected.remove(&Vec::new());
                            prop_assert_eq!(got, expected);
                            prop_assert_eq!(items[0].cv.is_some(), path.is_empty());
                        }
                        outcome => prop_assert!(expected.is_none() && outcome == NOT_FOUND, "{:?}", outcome),
                    }
                    false
                }
                Step::ReadEverywhere(path) => {
                    let with: Vec<String> = before.instances.iter().filter(|(_, nodes)| nodes.contains_key(path)).map(|(id, _)| uri(*id, path)).collect();
                    let pattern = format!("{FREE}/*/{}", path.join("/"));
                    match read(&mut tree, DM, &[&pattern]) {
                        Outcome::Data(items) => {
                            let got: Vec<&str> = items.iter().map(|item| item.client_uri.as_str()).collect();
                            prop_assert_eq!(got, with);
                        }
                        outcome => prop_assert!(with.is_empty() && outcome == NOT_FOUND, "{:?}", outcome),
                    }
                    false
                }
                Step::Subscribe(id, path) => {
                    let there = before.instances.get(id).is_some_and(|nodes| nodes.contains_key(path));
                    prop_assert_eq!(subscribe(&mut tree, DM, &uri(*id, path)) == OK, there);
                    continue;
                }
                Step::Restart => {
                    tree = reloaded(config(), &tree);
                    prop_assert_eq!(saved(&tree), &file[..]);
                    continue;
                }
            };
            prop_assert_eq!(model_of(&tree, model.next), model.clone(), "{:?}", step);
            if !done {
                prop_assert_eq!(saved(&tree), &file[..], "{:?}", step);
            }
            // A validator changes with its instance, and only then.
            let now = shown(&tree);
            for (id, (old, old_validator)) in &instances {
                if let Some((new, new_validator)) = now.get(id) {
                    prop_assert_eq!(old == new, old_validator == new_validator, "{:?}", step);
                }
            }
            // Whoever watches something that changed is told.
            let told: BTreeSet<(String, bool)> = tree.take_changes().into_iter().map(|change| (change.uri, change.removed)).collect();
            for (id, path) in watched {
                let (old, new) = (before.instances.get(&id), model.instances.get(&id));
                let changed = old.map(|nodes| below(nodes, &path)) != new.map(|nodes| below(nodes, &path));
                if changed {
                    prop_assert!(told.contains(&(uri(id, &path), new.is_none())), "{:?}", step);
                }
                if instances.get(&id) == now.get(&id) {
                    prop_assert!(!told.contains(&(uri(id, &path), false)), "{:?}", step);
                }
            }
        }
    }

    #[test]
    fn a_refused_write_leaves_no_trace_and_a_done_one_a_tree_that_loads(
        steps in vec((sensor_uri(), sensor_data(), any::<bool>()), 1..24),
    ) {
        let mut tree = sensors();
        for (uri, data, place) in steps {
            let before = saved(&tree);
            let place = place.then_some(uri.as_str());
            let outcome = write(&mut tree, DM, place, &[(&uri, &data)]);
            let after = saved(&tree);
            match outcome {
                Outcome::Written(uris) => {
                    prop_assert_eq!(&saved(&reloaded(config(), &tree)), &after);
                    for uri in uris {
                        let outcome = read(&mut tree, DM, &[&uri]);
                        // A key can be written and not read.
                        prop_assert!(matches!(outcome, Outcome::Data(_)) || uri.ends_with("Key"), "{} {:?}", uri, outcome);
                    }
                }
                Outcome::Status(code) => {
                    prop_assert!(code.as_u16() >= 400);
                    prop_assert_eq!(after, before);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn what_is_hidden_makes_no_difference(
        uris in vec(account_uri(), 1..4),
        data in "\\{\"(DMAcc|Perm|1|g|MOID|Auth|Secret)\":(1|\"U0VDUkVUU0VDUkVU\"|\\{\\}|\\{\"(Perm|1|Noti)\":\\{(\"1\":\\{\\})?\\}\\}|null)\\}",
        control in any::<bool>(),
    ) {
        // Two accounts that differ in what no server may see answer everything alike.
        let mut trees = [true, false].map(|one| hidden(control, one));
        let before = trees.each_ref().map(saved);
        let [one, other] = trees.each_mut().map(|tree| {
            let mut answers = vec![tree.manage(&Operation::Read { server_id: DM.into(), uris: uris.clone() })];
            for uri in &uris {
                answers.push(read(tree, DM, &[uri]));
                answers.push(exec(tree, DM, uri));
                answers.push(check_write(tree, DM, Some(uri)));
                answers.push(write(tree, DM, Some(uri), &[("", &data)]));
                answers.push(write(tree, DM, None, &[(uri, &data)]));
                answers.push(put_bytes(tree, uri, b"SECRETSECRET"));
                answers.push(delete(tree, DM, &[uri]));
                answers.push(subscribe(tree, DM, uri));
                answers.push(unsubscribe(tree, DM, uri));
            }
            answers.push(tree.manage(&Operation::Delete { server_id: DM.into(), uris: uris.clone() }));
            answers
        });
        let shown = format!("{one:?}");
        prop_assert_eq!(one, other);
        prop_assert!(!shown.contains("U0VDUkVU") && !shown.contains("Perm"), "{}", shown);
        prop_assert_eq!(trees.each_ref().map(saved), before, "no account can be changed");
    }

    #[test]
    fn any_address_gets_an_answer(uri in any_uri(), bytes in vec(any::<u8>(), 0..8)) {
        let mut tree = sensors();
        let before = saved(&tree);
        let _ = read(&mut tree, DM, &[&uri]);
        let _ = exec(&mut tree, DM, &uri);
        let _ = check_write(&mut tree, DM, Some(&uri));
        prop_assert_eq!(saved(&tree), &before[..]);
        let outcomes = [
            write(&mut tree, DM, Some(&uri), &[("", "{\"a\":1}")]),
            put_bytes(&mut tree, &uri, &bytes),
            subscribe(&mut tree, DM, &uri),
            unsubscribe(&mut tree, DM, &uri),
            delete(&mut tree, DM, &[&uri]),
        ];
        let refused = |outcome: &Outcome| matches!(outcome, Outcome::Status(code) if code.as_u16() >= 400);
        if outcomes.iter().all(refused) {
            prop_assert_eq!(saved(&tree), before);
        }
    }

    #[test]
    fn any_file_gets_an_answer(cut in 0_usize..4000, with in select(vec!["", "\"", "{}", "null", "0", ",", "}", "]", "\"a\":1,", "/"])) {
        let text = saved(&sensors());
        let cut = cut % text.len();
        if text.is_char_boundary(cut) {
            let text = [&text[..cut], with, &text[cut..]].concat();
            if let Ok(file) = serde_json::from_str::<TreeFile>(&text)
                && let Ok(tree) = MoTree::from_file(config(), file)
            {
                prop_assert_eq!(saved(&reloaded(config(), &tree)), saved(&tree));
            }
        }
    }
}

/// A tree in which there is nothing but an account full of secrets, on which the server has all rights:
/// one of two that differ in nothing but what is hidden.
fn hidden(control: bool, one: bool) -> MoTree {
    let mut tree = MoTree::new(TreeConfig::new(1).with_access_control(control)).unwrap();
    let secret = dm_session::Secret::new(if one { b"SECRETSECRET".as_slice() } else { b"other" });
    let new = NewAccount::new(DM, "https://dm.example/dm", "Example").with_notification(1, [], &secret);
    let group = if one { "Perm/1/MOID" } else { "Perm/g/MOID" };
    tree.add_account(new.with_transport([], &secret).with(group, DM_ACCOUNT)).unwrap();
    tree.grant(DM_ACCOUNT, "1", DM, Rights::ALL).unwrap();
    tree
}

/// Addresses in the account, with conditions for every x-name: guesses of what is hidden, some right.
fn account_uri() -> impl Strategy<Value = String> {
    let instance = select(vec!["1", "1", "(x)", "*", ""]);
    let part =
        select(vec!["*", "(y)", "1", "g", "SrvID", "Perm", "MOID", "Auth", "Noti", "Trsp", "Secret", "Data", "Push"]);
    let about_x = select(vec![
        "SrvID:dm.example",
        "Perm/1/MOID:urn:oma:mo:oma-dm-dmacc:1.2",
        "Auth/Noti/Secret:U0VDUkVUU0VDUkVU",
        "Auth/Trsp/Secret:b3RoZXI=",
    ]);
    let about_y = select(vec![
        "MOID:urn:oma:mo:oma-dm-dmacc:1.2",
        "1/MOID:urn:oma:mo:oma-dm-dmacc:1.2",
        "Secret:U0VDUkVUU0VDUkVU",
        "Noti/Secret:U0VDUkVUU0VDUkVU",
        "Type:1",
    ]);
    (instance, vec(part, 0..4), about_x, about_y).prop_map(|(instance, mut parts, about_x, about_y)| {
        // A letter stands in one place only.
        let mut seen = false;
        parts.retain(|part| *part != "(y)" || !core::mem::replace(&mut seen, true));
        let mut query = Vec::new();
        query.extend((instance == "(x)").then(|| format!("nv=(x)/{about_x}")));
        query.extend(seen.then(|| format!("nv=(y)/{about_y}")));
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{DM_ACCOUNT}/{instance}/{}{mark}{}", parts.join("/"), query.join("&"))
    })
}

fn any_uri() -> impl Strategy<Value = String> {
    let part =
        select(vec!["*", "1", "2", "(x)", "(y)", "west", "Data", "Value", "ID", "Ext", "", "a", "%2A", "%zz", "ä"]);
    let condition = select(vec!["nv=(x)/ID:GPS", "nv=(y)/Date:12.1", "cv=1-1", "cv=", "x=y", "nv"]);
    let moid = select(vec![U, U, U, FREE, DEV_INFO, "", "a b"]);
    let built = (moid, vec(part, 0..5), vec(condition, 0..3)).prop_map(|(moid, parts, query)| {
        format!("{moid}/{}{}{}", parts.join("/"), if query.is_empty() { "" } else { "?" }, query.join("&"))
    });
    prop_oneof![4 => built, 1 => any::<String>(), 1 => "[a-z:/?*()%&=]{0,24}"]
}

fn sensor_uri() -> impl Strategy<Value = String> {
    let rest = select(vec![
        "/",
        "west/",
        "east/",
        "1/",
        "*/",
        "west/ID",
        "west/Setting",
        "west/Level",
        "west/Key",
        "west/Serial",
        "west/Data",
        "west/Data/1",
        "west/Data/3",
        "west/Data/*",
        "west/Data/1/Value",
        "(x)/?nv=(x)/ID:GPS",
        "(x)/Data/3?nv=(x)/ID:a",
        "west/Data/(y)?nv=(y)/Date:12.1",
    ]);
    rest.prop_map(u)
}

fn sensor_data() -> impl Strategy<Value = String> {
    let scalar = || select(vec!["1", "\"1\"", "\"a\"", "true", "null", "{}", "1.5"]);
    let record = (scalar(), scalar(), any::<bool>()).prop_map(|(date, value, both)| match both {
        true => format!("{{\"Date\":{date},\"Value\":{value}}}"),
        false => format!("{{\"Value\":{value}}}"),
    });
    let records = vec((select(vec!["1", "2", "3", "4", "5"]), record), 0..6).prop_map(|all| {
        let all: Vec<String> = all.into_iter().map(|(name, record)| format!("\"{name}\":{record}")).collect();
        format!("{{{}}}", all.join(","))
    });
    let member = prop_oneof![
        3 => (select(vec!["ID", "Setting", "Level", "Key", "Serial", "Reset", "Data", "Else"]), scalar()).prop_map(|(name, value)| format!("\"{name}\":{value}")),
        1 => records.clone().prop_map(|records| format!("\"Data\":{records}")),
    ];
    let root = vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")));
    let top = select(vec!["Root", "S", "ID", "Setting", "Level", "Key", "1", "3", "Value"]);
    prop_oneof![
        2 => (top, scalar()).prop_map(|(name, value)| format!("{{\"{name}\":{value}}}")),
        3 => root.clone().prop_map(|root| format!("{{\"Root\":{root}}}")),
        2 => Just("{\"S\":{\"ID\":\"a\",\"Setting\":\"b\"}}".to_owned()),
        1 => records.prop_map(|records| format!("{{\"Data\":{records}}}")),
        1 => (select(vec!["1", "3"]), scalar(), scalar()).prop_map(|(name, date, value)| format!("{{\"{name}\":{{\"Date\":{date},\"Value\":{value}}}}}")),
    ]
}
