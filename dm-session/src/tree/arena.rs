//! The nodes. Handles are never used twice for two nodes, so that a stale one is noticed.

use super::definition::Schema;
#[cfg(feature = "dm1")]
use super::dm1::Acl;
use super::value::{Format, Value};
use crate::Timestamp;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// A handle of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId {
    index: u32,
    generation: u32,
}

/// A node of the tree. An MO root is a node like any other that carries its instance.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    pub(crate) parent: Option<NodeId>,
    /// The MO to which it belongs, an index into the tree's list.
    pub(crate) mo: usize,
    pub(crate) schema: Schema,
    pub(crate) content: Content,
    /// The instance of which this is the root.
    pub(crate) instance: Option<u64>,
    /// When it last changed, and how often.
    pub(crate) stamp: Stamp,
    /// What few nodes have.
    pub(crate) props: Option<Box<Props>>,
    /// Whether names of children are compared without case.
    pub(crate) fold: bool,
    /// Counts nodes in the order in which they came; siblings are listed in this order. Set by the arena.
    seq: u64,
}

/// Last change of a node's value, and number of changes (properties `TStamp` and `VerNo`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) tstamp: Option<Timestamp>,
    pub(crate) verno: u16,
}

/// What few nodes have.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Props {
    /// The node's own access control list.
    #[cfg(feature = "dm1")]
    pub(crate) acl: Option<Acl>,
    pub(crate) title: Option<Box<str>>,
    /// The media type of a leaf, if it is not `text/plain`.
    pub(crate) media_type: Option<Box<str>>,
    /// The text of a value as it was received, where that is not its canonical form.
    pub(crate) spelling: Option<Box<str>>,
}

impl Props {
    /// The same in a box, if there is anything in it.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        if self == Self::default() { None } else { Some(Box::new(self)) }
    }

    pub(crate) fn weight(&self) -> usize {
        let texts = [&self.title, &self.media_type, &self.spelling];
        let len = texts.into_iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        #[cfg(feature = "dm1")]
        let len = len.saturating_add(self.acl.as_ref().map_or(0, |acl| acl.as_str().len()));
        len
    }
}

/// What a node has.
#[derive(Clone, PartialEq)]
pub(crate) enum Content {
    Interior(BTreeMap<Box<str>, NodeId>),
    Leaf { format: Format, value: Option<Value> },
}

impl Content {
    pub(crate) const fn interior() -> Self {
        Self::Interior(BTreeMap::new())
    }

    pub(crate) fn leaf(value: Value) -> Self {
        Self::Leaf { format: value.format(), value: Some(value) }
    }

    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Leaf { value: Some(value), .. } => value.weight(),
            _ => 0,
        }
    }
}

impl Node {
    pub(crate) const fn is_interior(&self) -> bool {
        matches!(self.content, Content::Interior(_))
    }

    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.content {
            Content::Leaf { value, .. } => value.as_ref(),
            Content::Interior(_) => None,
        }
    }

    /// A node without properties.
    pub(crate) fn new(name: &str, parent: Option<NodeId>, (mo, schema): (usize, Schema), content: Content) -> Self {
        Self {
            name: name.into(),
            parent,
            mo,
            schema,
            content,
            instance: None,
            stamp: Stamp::default(),
            props: None,
            fold: false,
            seq: 0,
        }
    }

    fn weight(&self) -> usize {
        let props = self.props.as_ref().map_or(0, |props| props.weight());
        self.name.len().saturating_add(self.content.weight()).saturating_add(props)
    }
}

impl Node {
    /// The node's own access control list.
    #[cfg(feature = "dm1")]
    pub(crate) fn acl(&self) -> Option<&Acl> {
        self.props.as_deref()?.acl.as_ref()
    }

    pub(crate) fn title(&self) -> Option<&str> {
        self.props.as_deref()?.title.as_deref()
    }

    /// The media type of a leaf.
    pub(crate) fn media_type(&self) -> &str {
        self.props.as_deref().and_then(|props| props.media_type.as_deref()).unwrap_or("text/plain")
    }

    /// The text of the value, as it was received.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self.props.as_deref().and_then(|props| props.spelling.as_deref()) {
            Some(spelling) => Some(Cow::Borrowed(spelling)),
            None => self.value().map(Value::text),
        }
    }
}

/// The key under which a parent keeps a child.
fn key(fold: bool, name: &str) -> Cow<'_, str> {
    if fold { Cow::Owned(name.chars().flat_map(char::to_lowercase).collect::<String>()) } else { Cow::Borrowed(name) }
}

/// The place of a node in memory.
fn at(id: NodeId) -> usize {
    usize::try_from(id.index).unwrap_or(usize::MAX)
}

#[derive(Clone)]
struct Slot {
    generation: u32,
    node: Option<Node>,
}

/// Memory for nodes, and how much of it hangs in the tree.
#[derive(Clone, Default)]
pub(crate) struct Arena {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Attached nodes.
    nodes: usize,
    /// Bytes of their names, values and properties.
    bytes: usize,
    /// Nodes that ever were.
    seq: u64,
}

impl Arena {
    pub(crate) const fn nodes(&self) -> usize {
        self.nodes
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        let slot = self.slots.get(at(id))?;
        if slot.generation == id.generation { slot.node.as_ref() } else { None }
    }

    fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        let slot = self.slots.get_mut(at(id))?;
        if slot.generation == id.generation { slot.node.as_mut() } else { None }
    }

    /// The child of that name.
    pub(crate) fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let node = self.get(id)?;
        match &node.content {
            Content::Interior(children) if node.fold => children.get(&*key(true, name)).copied(),
            Content::Interior(children) => children.get(name).copied(),
            Content::Leaf { .. } => None,
        }
    }

    /// The children in tree order: as the definition lists them, else by name.
    pub(crate) fn children(&self, id: NodeId) -> Vec<NodeId> {
        let Some(Node { content: Content::Interior(children), .. }) = self.get(id) else { return Vec::new() };
        let mut ordered: Vec<NodeId> = children.values().copied().collect();
        ordered.sort_by_key(|child| match self.get(*child).map(|child| child.schema) {
            Some(Schema::Defined(index)) => index,
            _ => usize::MAX,
        });
        ordered
    }

    /// The children in the order in which they came.
    #[cfg(feature = "dm1")]
    pub(crate) fn children_in_order(&self, id: NodeId) -> Vec<NodeId> {
        let mut ordered: Vec<(u64, NodeId)> =
            self.children_unordered(id).map(|child| (self.get(child).map_or(0, |node| node.seq), child)).collect();
        ordered.sort_unstable();
        ordered.into_iter().map(|(_, child)| child).collect()
    }

    /// The children in no particular order, without the cost of ordering them.
    pub(crate) fn children_unordered(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let children = match self.get(id).map(|node| &node.content) {
            Some(Content::Interior(children)) => Some(children),
            _ => None,
        };
        children.into_iter().flat_map(|children| children.values().copied())
    }

    /// The node and its ancestors, from the node up.
    pub(crate) fn upwards(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Node)> {
        let mut next = Some(id);
        core::iter::from_fn(move || {
            let id = next?;
            let node = self.get(id)?;
            next = node.parent;
            Some((id, node))
        })
    }

    /// The names from the MO root (left out) to the node.
    pub(crate) fn path(&self, id: NodeId) -> Vec<&str> {
        let mut path: Vec<&str> =
            self.upwards(id).take_while(|(_, node)| node.instance.is_none()).map(|(_, node)| &*node.name).collect();
        path.reverse();
        path
    }

    /// The names from the node `above` (left out), or else from the top, to the node.
    pub(crate) fn path_below(&self, above: Option<NodeId>, id: NodeId) -> Vec<&str> {
        let mut path: Vec<&str> =
            self.upwards(id).take_while(|(id, _)| Some(*id) != above).map(|(_, node)| &*node.name).collect();
        path.reverse();
        path
    }

    /// Puts a node into the tree. The caller has looked whether the name is free.
    pub(crate) fn insert(&mut self, mut node: Node) -> NodeId {
        self.seq = self.seq.saturating_add(1);
        node.seq = self.seq;
        self.nodes = self.nodes.saturating_add(1);
        self.bytes = self.bytes.saturating_add(node.weight());
        let (parent, name) = (node.parent, node.name.clone());
        let id = match self.free.pop() {
            Some(index) => {
                let generation = match self.slots.get_mut(usize::try_from(index).unwrap_or(usize::MAX)) {
                    Some(slot) => {
                        slot.node = Some(node);
                        slot.generation
                    }
                    None => 0,
                };
                NodeId { index, generation }
            }
            None => {
                let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
                self.slots.push(Slot { generation: 0, node: Some(node) });
                NodeId { index, generation: 0 }
            }
        };
        self.link(parent, &name, id);
        id
    }

    fn link(&mut self, parent: Option<NodeId>, name: &str, id: NodeId) {
        if let Some(Node { content: Content::Interior(children), fold, .. }) =
            parent.and_then(|parent| self.get_mut(parent))
        {
            children.insert(key(*fold, name).into(), id);
        }
    }

    fn unlink(&mut self, id: NodeId) {
        let Some(node) = self.get(id) else { return };
        let (parent, name) = (node.parent, node.name.clone());
        if let Some(Node { content: Content::Interior(children), fold, .. }) =
            parent.and_then(|parent| self.get_mut(parent))
        {
            children.remove(&*key(*fold, &name));
        }
    }

    /// Gives a node another name and hands back the one it had. The caller has looked whether the name is free.
    #[cfg(feature = "dm1")]
    pub(crate) fn rename(&mut self, id: NodeId, name: &str) -> Option<Box<str>> {
        self.unlink(id);
        let node = self.get_mut(id)?;
        let parent = node.parent;
        let old = core::mem::replace(&mut node.name, name.into());
        self.bytes = self.bytes.saturating_sub(old.len()).saturating_add(name.len());
        self.link(parent, name, id);
        Some(old)
    }

    /// Marks a node as the root of an instance.
    pub(crate) fn set_instance(&mut self, id: NodeId, instance: Option<u64>) {
        if let Some(node) = self.get_mut(id) {
            node.instance = instance;
        }
    }

    /// Stamps a node and hands back the stamp it had.
    pub(crate) fn stamp(&mut self, id: NodeId, stamp: Stamp) -> Option<Stamp> {
        Some(core::mem::replace(&mut self.get_mut(id)?.stamp, stamp))
    }

    /// Gives a node other properties and hands back those it had.
    pub(crate) fn set_props(&mut self, id: NodeId, props: Option<Box<Props>>) -> Option<Box<Props>> {
        let added = props.as_ref().map_or(0, |props| props.weight());
        let old = core::mem::replace(&mut self.get_mut(id)?.props, props);
        let gone = old.as_ref().map_or(0, |props| props.weight());
        self.bytes = self.bytes.saturating_sub(gone).saturating_add(added);
        old
    }

    /// Takes a node with everything below it out of the tree; it stays in memory until
    /// [`free`](Self::free).
    pub(crate) fn detach(&mut self, id: NodeId) {
        let (nodes, bytes) = self.measure(id);
        self.nodes = self.nodes.saturating_sub(nodes);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.unlink(id);
    }

    /// Undoes [`detach`](Self::detach).
    pub(crate) fn reattach(&mut self, id: NodeId) {
        let (nodes, bytes) = self.measure(id);
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        let Some(node) = self.get(id) else { return };
        let (parent, name) = (node.parent, node.name.clone());
        self.link(parent, &name, id);
    }

    /// Releases a detached node with everything below it; `gone` is told of each.
    pub(crate) fn free(&mut self, id: NodeId, mut gone: impl FnMut(NodeId, &Node)) {
        let mut open = Vec::from([id]);
        while let Some(id) = open.pop() {
            let Some(slot) = self.slots.get_mut(at(id)).filter(|slot| slot.generation == id.generation) else {
                continue;
            };
            let Some(node) = slot.node.take() else { continue };
            gone(id, &node);
            if let Content::Interior(children) = node.content {
                open.extend(children.into_values());
            }
            // A slot whose generations are used up is never used again.
            if let Some(generation) = slot.generation.checked_add(1) {
                slot.generation = generation;
                self.free.push(id.index);
            }
        }
    }

    /// Puts other content into a leaf and hands back what it had.
    pub(crate) fn replace(&mut self, id: NodeId, content: Content) -> Option<Content> {
        let added = content.weight();
        let old = core::mem::replace(&mut self.get_mut(id)?.content, content);
        self.bytes = self.bytes.saturating_sub(old.weight()).saturating_add(added);
        Some(old)
    }

    /// Nodes and bytes from `id` downwards.
    pub(crate) fn measure(&self, id: NodeId) -> (usize, usize) {
        let mut total = (0_usize, 0_usize);
        let mut open = Vec::from([id]);
        while let Some(id) = open.pop() {
            let Some(node) = self.get(id) else { continue };
            total = (total.0.saturating_add(1), total.1.saturating_add(node.weight()));
            open.extend(self.children_unordered(id));
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<NodeId>, name: &str, content: Content) -> Node {
        Node::new(name, parent, (0, Schema::Free), content)
    }

    #[test]
    fn stale_handles_find_nothing() {
        let mut arena = Arena::default();
        let root = arena.insert(node(None, "r", Content::interior()));
        let old = arena.insert(node(Some(root), "a", Content::leaf("value".into())));
        arena.detach(old);
        arena.free(old, |_, _| {});
        let new = arena.insert(node(Some(root), "b", Content::interior()));
        assert!(arena.get(old).is_none());
        assert_ne!(old, new);
        assert_eq!(arena.child(root, "a"), None);
        assert_eq!(arena.child(root, "b"), Some(new));
    }

    #[test]
    fn counts_what_is_attached() {
        let mut arena = Arena::default();
        let root = arena.insert(node(None, "r", Content::interior()));
        let a = arena.insert(node(Some(root), "a", Content::interior()));
        let b = arena.insert(node(Some(a), "bb", Content::leaf("value".into())));
        assert_eq!((arena.nodes(), arena.bytes()), (3, 9));
        arena.detach(a);
        assert_eq!((arena.nodes(), arena.bytes()), (1, 1));
        arena.reattach(a);
        assert_eq!((arena.nodes(), arena.bytes()), (3, 9));
        arena.replace(b, Content::leaf("v".into()));
        assert_eq!((arena.nodes(), arena.bytes()), (3, 5));
        assert_eq!(arena.path(b), ["r", "a", "bb"]);
        arena.detach(root);
        arena.free(root, |_, _| {});
        assert_eq!((arena.nodes(), arena.bytes()), (0, 0));
        assert!(arena.get(b).is_none());
    }
}
