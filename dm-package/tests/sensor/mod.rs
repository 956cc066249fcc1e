//! The sensors of the worked examples (§9.4), and a plain tree to resolve addresses in.

use std::collections::BTreeMap;

use dm_package::Resolve;

/// The object type of the examples.
pub(crate) const U: &str = "urn:example:mo:sensor:1.0";

/// A node: a value, or children in order.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// A value.
    Leaf(String),
    /// Children, in tree order.
    Interior(Vec<(String, Self)>),
}

/// Instances by object type, in tree order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(pub(crate) BTreeMap<String, Vec<(String, Tree)>>);

/// MOID, MIID and the names below it.
pub(crate) type Place = (String, Vec<String>);

impl Store {
    /// The node at a place.
    pub(crate) fn at(&self, place: &Place) -> Option<&Tree> {
        let (miid, names) = place.1.split_first()?;
        let instances = self.0.get(&place.0)?;
        let mut tree = &instances.iter().find(|(found, _)| found == miid)?.1;
        for name in names {
            let Tree::Interior(children) = tree else { return None };
            tree = &children.iter().find(|(found, _)| found == name)?.1;
        }
        Some(tree)
    }
}

fn below(place: &Place, name: &str) -> Place {
    let mut names = place.1.clone();
    names.push(name.to_owned());
    (place.0.clone(), names)
}

impl Resolve for Store {
    type Node = Place;

    fn instances(&self, moid: &str, visit: &mut dyn FnMut(&str, Place)) {
        for (miid, _) in self.0.get(moid).into_iter().flatten() {
            visit(miid, (moid.to_owned(), vec![miid.clone()]));
        }
    }

    fn child(&self, node: &Place, name: &str) -> Option<Place> {
        let child = below(node, name);
        self.at(&child).map(|_| child)
    }

    fn children(&self, node: &Place, visit: &mut dyn FnMut(Place)) {
        if let Some(Tree::Interior(children)) = self.at(node) {
            for (name, _) in children {
                visit(below(node, name));
            }
        }
    }

    fn leaf_equals(&self, node: &Place, value: &str) -> bool {
        matches!(self.at(node), Some(Tree::Leaf(found)) if found == value)
    }
}

fn leaf(name: &str, value: &str) -> (String, Tree) {
    (name.to_owned(), Tree::Leaf(value.to_owned()))
}

fn node<const N: usize>(name: &str, children: [(String, Tree); N]) -> (String, Tree) {
    (name.to_owned(), Tree::Interior(children.into()))
}

/// West and east of §9.4, and an object type with a single instance.
pub(crate) fn sensors() -> Store {
    let data = |number: &str, date: &str| node(number, [leaf("Date", date), leaf("Value", "7"), leaf("Unit", "m")]);
    let instance = |miid: &str, id: &str, setting: &str| {
        node(miid, [leaf("ID", id), leaf("Setting", setting), node("Data", [data("1", "12.1"), data("2", "12.2")])])
    };
    let sensors = vec![instance("west", "GPS", "0xA1"), instance("east", "Temperature", "0xB2")];
    let alone = vec![node("only", [leaf("Name", "x")])];
    Store([(U.to_owned(), sensors), ("urn:example:mo:alone:1.0".to_owned(), alone)].into())
}
