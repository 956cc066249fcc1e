//! From an address to nodes (§9.3).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::client_uri::NodeValue;
use crate::{ClientUri, Component, StatusCode};

/// A tree of nodes that addresses are resolved in.
pub trait Resolve {
    /// A handle of a node.
    type Node: Clone;

    /// Visits the instances of an object type that the asking server may see, with their MIIDs, in tree order.
    fn instances(&self, moid: &str, visit: &mut dyn FnMut(&str, Self::Node));

    /// The child with exactly this name.
    fn child(&self, node: &Self::Node, name: &str) -> Option<Self::Node>;

    /// Visits all children, in tree order.
    fn children(&self, node: &Self::Node, visit: &mut dyn FnMut(Self::Node));

    /// Whether the node is a leaf whose value has this text form; `false` for interior nodes.
    fn leaf_equals(&self, node: &Self::Node, value: &str) -> bool;
}

/// Why an address names no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unresolved {
    /// There is no such instance, or none that the server may see.
    NoInstance,
    /// There are several instances where one is meant.
    SeveralInstances,
    /// There is no such node below the instance.
    NoNode,
    /// Several children of one node answer to an x-name.
    SeveralNodes,
}

impl Unresolved {
    /// The status code that tells the server: 404.
    #[must_use]
    pub const fn status_code(self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoInstance => "no such instance",
            Self::SeveralInstances => "several instances where one is meant",
            Self::NoNode => "no such node",
            Self::SeveralNodes => "several nodes answer to one x-name",
        })
    }
}

impl core::error::Error for Unresolved {}

impl ClientUri<'_> {
    /// The nodes this address names, in tree order; never an empty list.
    ///
    /// `cv` has no part in it. Permissions are checked afterwards, per node, by the caller.
    ///
    /// # Errors
    /// Why there are none.
    pub fn resolve<R: Resolve>(&self, store: &R) -> Result<Vec<R::Node>, Unresolved> {
        let conditions = Conditions::of(self);
        let mut nodes = instances(self, store, &conditions)?;
        for component in self.path() {
            let mut next = Vec::with_capacity(nodes.len());
            for node in &nodes {
                match &component {
                    Component::Name(name) => next.extend(store.child(node, name)),
                    Component::Wildcard => store.children(node, &mut |child| next.push(child)),
                    Component::XName(letter) => {
                        let before = next.len();
                        store.children(node, &mut |child| {
                            if conditions.hold(*letter, &child, store) {
                                next.push(child);
                            }
                        });
                        if next.len() > before.saturating_add(1) {
                            return Err(Unresolved::SeveralNodes);
                        }
                    }
                    // The grammar has no empty component in a path.
                    Component::Empty => {}
                }
            }
            nodes = next;
        }
        if nodes.is_empty() { Err(Unresolved::NoNode) } else { Ok(nodes) }
    }
}

/// The roots of the instances the address is about.
fn instances<R: Resolve>(
    uri: &ClientUri<'_>,
    store: &R,
    conditions: &Conditions<'_>,
) -> Result<Vec<R::Node>, Unresolved> {
    let wanted = uri.instance();
    let mut roots = Vec::new();
    store.instances(uri.moid(), &mut |miid, root| {
        let take = match &wanted {
            Component::Empty | Component::Wildcard => true,
            Component::Name(name) => *name == miid,
            Component::XName(letter) => conditions.hold(*letter, &root, store),
        };
        if take {
            roots.push(root);
        }
    });
    match (roots.len(), wanted) {
        (0, _) => Err(Unresolved::NoInstance),
        (1, _) | (_, Component::Wildcard) => Ok(roots),
        _ => Err(Unresolved::SeveralInstances),
    }
}

/// The `nv` fields, taken apart once.
struct Conditions<'a>(Vec<Condition<'a>>);

struct Condition<'a> {
    x_name: char,
    names: Vec<Cow<'a, str>>,
    value: Cow<'a, str>,
}

impl<'a> Conditions<'a> {
    fn of(uri: &'a ClientUri<'_>) -> Self {
        let condition =
            |nv: NodeValue<'a>| Condition { x_name: nv.x_name, names: nv.names().collect(), value: nv.value };
        Self(uri.nv().map(condition).collect())
    }

    /// Whether every `nv` of this x-name, taken from this node, is a leaf with its value.
    fn hold<R: Resolve>(&self, x_name: char, node: &R::Node, store: &R) -> bool {
        self.0.iter().filter(|condition| condition.x_name == x_name).all(|condition| {
            let mut names = condition.names.iter();
            let leaf = names.try_fold(node.clone(), |node, name| store.child(&node, name));
            leaf.is_some_and(|leaf| store.leaf_equals(&leaf, &condition.value))
        })
    }
}
