//! The tree as the device's application walks it.

use super::arena::{Content, NodeId};
use super::definition::Access;
#[cfg(feature = "dm1")]
use super::dm1::{Acl, NodeUri, Style, UriRules, UriWriter};
use super::mo_tree::{Instance, MoTree};
use super::rights::Rights;
use super::value::{Format, Value};
use crate::Timestamp;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_package::Component;

impl MoTree {
    /// The MO instances: by MO identifier, then in the order of creation.
    pub fn instances(&self) -> impl Iterator<Item = InstanceRef<'_>> {
        let mos = self.by_moid.values().filter_map(|number| self.mos.get(*number));
        mos.flat_map(|mo| &mo.by_age).filter_map(|id| self.instance_ref(self.instances.get(id)?))
    }

    /// The instances of one MO, in the order of creation.
    pub fn instances_of(&self, moid: &str) -> impl Iterator<Item = InstanceRef<'_>> {
        let ids = self.mo(moid).into_iter().flat_map(|mo| mo.by_age.iter());
        ids.filter_map(|id| self.instance_ref(self.instances.get(id)?))
    }

    /// One MO instance.
    #[must_use]
    pub fn instance(&self, moid: &str, miid: &str) -> Option<InstanceRef<'_>> {
        self.instance_ref(self.find_instance(moid, miid)?)
    }

    /// A node of an instance; with an empty path the root.
    #[must_use]
    pub fn node(&self, moid: &str, miid: &str, path: &str) -> Option<NodeRef<'_>> {
        let root = self.find_instance(moid, miid)?.root;
        Some(NodeRef { tree: self, id: self.descend(root, path)? })
    }

    /// A node by its path from the root, such as `./Vendor/Mail` (`.` for the root); `None` where there is none, and for
    /// every path if the tree is not [addressed by path](super::TreeConfig::with_dm1).
    #[cfg(feature = "dm1")]
    #[must_use]
    pub fn node_at(&self, path: &str) -> Option<NodeRef<'_>> {
        let uri = NodeUri::parse(path, &UriRules::LENIENT).ok()?;
        let id = uri.segments().try_fold(self.root()?, |node, name| self.arena.child(node, name))?;
        Some(NodeRef { tree: self, id })
    }

    /// The node that a ClientURI names, as long as it does so by names alone: no wildcard, no x-name.
    #[must_use]
    pub fn node_of(&self, client_uri: &str) -> Option<NodeRef<'_>> {
        let uri = self.parse(client_uri).ok()?;
        let Component::Name(miid) = uri.instance() else { return None };
        let root = self.find_instance(&self.moid_of(uri.moid()), &miid)?.root;
        let id = uri.path().try_fold(root, |node, component| match component {
            Component::Name(name) => self.arena.child(node, &name),
            _ => None,
        })?;
        Some(NodeRef { tree: self, id })
    }

    fn instance_ref<'t>(&'t self, instance: &'t Instance) -> Option<InstanceRef<'t>> {
        Some(InstanceRef { moid: &self.mos.get(instance.mo)?.moid, tree: self, instance })
    }
}

/// An MO instance in a tree.
#[derive(Clone, Copy)]
pub struct InstanceRef<'t> {
    tree: &'t MoTree,
    moid: &'t str,
    instance: &'t Instance,
}

impl<'t> InstanceRef<'t> {
    /// The MO identifier.
    #[must_use]
    pub const fn moid(&self) -> &'t str {
        self.moid
    }

    /// The instance identifier.
    #[must_use]
    pub fn miid(&self) -> &'t str {
        &self.instance.miid
    }

    /// The root node.
    #[must_use]
    pub const fn root(&self) -> NodeRef<'t> {
        NodeRef { tree: self.tree, id: self.instance.root }
    }

    /// The rights that were granted, by server. [`MoTree::rights`] tells what follows from them.
    pub fn grants(&self) -> impl Iterator<Item = (&'t str, Rights)> {
        self.instance.rights.iter().map(|(server, rights)| (server.as_str(), *rights))
    }

    /// The cache validator, if the instance is cacheable: another one after every change anywhere in the
    /// instance.
    #[must_use]
    pub fn validator(&self) -> Option<String> {
        self.tree.validator(self.instance)
    }
}

impl fmt::Debug for InstanceRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceRef")
            .field("moid", &self.moid)
            .field("miid", &self.instance.miid)
            .finish_non_exhaustive()
    }
}

/// A node in a tree.
///
/// ```
/// use dm_session::tree::{DEV_INFO, MoTree, NewDevInfo, TreeConfig};
///
/// let mut tree = MoTree::new(TreeConfig::new(1))?;
/// let miid = tree.add_dev_info(NewDevInfo::new("IMEI:350000000000017", "Acme", "A1"))?;
/// let root = tree.node(DEV_INFO, &miid, "").ok_or("no DevInfo")?;
/// for (depth, node) in root.descendants() {
///     let value = if node.is_confidential() { None } else { node.value() };
///     println!("{:indent$}{} {:?}", "", node.name(), value, indent = depth * 2);
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct NodeRef<'t> {
    tree: &'t MoTree,
    id: NodeId,
}

impl<'t> NodeRef<'t> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'t str {
        self.tree.arena.get(self.id).map_or("", |node| &node.name)
    }

    /// The resolved ClientURI; empty for a node that belongs to no MO.
    #[must_use]
    pub fn uri(&self) -> String {
        self.tree.address(self.id)
    }

    /// The names from the MO root (left out) to the node.
    #[must_use]
    pub fn path(&self) -> Vec<&'t str> {
        self.tree.arena.path(self.id)
    }

    /// The path from the root of the tree, such as `./Vendor/Mail`; `None` for what DM 2.0 alone reaches.
    #[cfg(feature = "dm1")]
    #[must_use]
    pub fn loc_uri(&self) -> Option<String> {
        let root = self.tree.root()?;
        let names = self.tree.uri_segments(self.id);
        let below = self.tree.arena.upwards(self.id).any(|(id, _)| id == root);
        let escape = self.tree.dm1().is_none_or(|config| config.escape_non_ascii);
        below.then(|| UriWriter::new(Style::Dotted, escape).write(names))
    }

    /// The identifier of the MO of which it is the root (property `Type` of an interior node).
    #[must_use]
    pub fn moid(&self) -> Option<&'t str> {
        let instance = self.tree.instances.get(&self.tree.arena.get(self.id)?.instance?)?;
        self.tree.mos.get(instance.mo).map(|mo| &*mo.moid)
    }

    /// The media type of a leaf (property `Type`).
    #[must_use]
    pub fn media_type(&self) -> Option<&'t str> {
        let node = self.tree.arena.get(self.id).filter(|node| !node.is_interior())?;
        Some(node.media_type())
    }

    /// The property `Title`.
    #[must_use]
    pub fn title(&self) -> Option<&'t str> {
        self.tree.arena.get(self.id)?.title()
    }

    /// The node's own access control list (property `ACL`).
    #[cfg(feature = "dm1")]
    #[must_use]
    pub fn acl(&self) -> Option<&'t Acl> {
        self.tree.arena.get(self.id)?.acl()
    }

    /// When the node last changed (property `TStamp`), if the tree was told the time.
    #[must_use]
    pub fn tstamp(&self) -> Option<Timestamp> {
        self.tree.arena.get(self.id)?.stamp.tstamp
    }

    /// How often the node changed (property `VerNo`): counted to 65535, then from 0 again.
    #[must_use]
    pub fn verno(&self) -> u16 {
        self.tree.arena.get(self.id).map_or(0, |node| node.stamp.verno)
    }

    /// The text of the value of a leaf, as it was received.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'t, str>> {
        self.tree.arena.get(self.id)?.text()
    }

    /// Whether it has children and not a value.
    #[must_use]
    pub fn is_interior(&self) -> bool {
        self.format() == Format::Node
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.tree.arena.get(self.id).map(|node| &node.content) {
            Some(Content::Leaf { format, .. }) => *format,
            _ => Format::Node,
        }
    }

    /// The value of a leaf that has one now.
    #[must_use]
    pub fn value(&self) -> Option<&'t Value> {
        self.tree.arena.get(self.id)?.value()
    }

    /// The access types.
    #[must_use]
    pub fn access(&self) -> Access {
        self.tree.arena.get(self.id).map_or(Access::NONE, |node| self.tree.access(node))
    }

    /// Whether the node or one above it has no `Get`: no server ever reads it, and it should not
    /// be printed.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.tree.arena.upwards(self.id).any(|(_, node)| !self.tree.access(node).contains(Access::GET))
    }

    /// The children, in tree order: as the definition lists them, else by name.
    pub fn children(&self) -> impl Iterator<Item = NodeRef<'t>> + use<'t> {
        let tree = self.tree;
        tree.arena.children(self.id).into_iter().map(move |id| NodeRef { tree, id })
    }

    /// The children in the order in which they came, which is the one of DM 1.x.
    #[cfg(feature = "dm1")]
    pub fn children_in_order(&self) -> impl Iterator<Item = NodeRef<'t>> + use<'t> {
        let tree = self.tree;
        tree.arena.children_in_order(self.id).into_iter().map(move |id| NodeRef { tree, id })
    }

    /// The child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<Self> {
        Some(Self { tree: self.tree, id: self.tree.arena.child(self.id, name)? })
    }

    /// The node itself with depth 0, and everything below it, each node before its children.
    pub fn descendants(&self) -> impl Iterator<Item = (usize, NodeRef<'t>)> + use<'t> {
        let tree = self.tree;
        let mut open = Vec::from([(0_usize, self.id)]);
        core::iter::from_fn(move || {
            let (depth, id) = open.pop()?;
            let below = depth.saturating_add(1);
            open.extend(tree.arena.children(id).into_iter().rev().map(|child| (below, child)));
            Some((depth, NodeRef { tree, id }))
        })
    }
}

impl fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeRef").field("uri", &self.uri()).field("format", &self.format()).finish_non_exhaustive()
    }
}
