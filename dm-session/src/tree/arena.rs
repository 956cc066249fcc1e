//! The nodes. Handles are never used twice for two nodes, so that a stale one is noticed.

use super::definition::Schema;
use super::value::{Format, Value};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A handle of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId {
    index: usize,
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

    fn weight(&self) -> usize {
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

    fn weight(&self) -> usize {
        self.name.len().saturating_add(self.content.weight())
    }
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
    free: Vec<usize>,
    /// Attached nodes.
    nodes: usize,
    /// Bytes of their names and values.
    bytes: usize,
}

impl Arena {
    pub(crate) const fn nodes(&self) -> usize {
        self.nodes
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        let slot = self.slots.get(id.index)?;
        if slot.generation == id.generation { slot.node.as_ref() } else { None }
    }

    fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        let slot = self.slots.get_mut(id.index)?;
        if slot.generation == id.generation { slot.node.as_mut() } else { None }
    }

    pub(crate) fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        match &self.get(id)?.content {
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

    /// Puts a node into the tree. The caller has looked whether the name is free.
    pub(crate) fn insert(&mut self, node: Node) -> NodeId {
        self.nodes = self.nodes.saturating_add(1);
        self.bytes = self.bytes.saturating_add(node.weight());
        let (parent, name) = (node.parent, node.name.clone());
        let id = match self.free.pop() {
            Some(index) => {
                let generation = match self.slots.get_mut(index) {
                    Some(slot) => {
                        slot.node = Some(node);
                        slot.generation
                    }
                    None => 0,
                };
                NodeId { index, generation }
            }
            None => {
                self.slots.push(Slot { generation: 0, node: Some(node) });
                NodeId { index: self.slots.len().saturating_sub(1), generation: 0 }
            }
        };
        self.link(parent, name, id);
        id
    }

    fn link(&mut self, parent: Option<NodeId>, name: Box<str>, id: NodeId) {
        if let Some(Node { content: Content::Interior(children), .. }) = parent.and_then(|parent| self.get_mut(parent))
        {
            children.insert(name, id);
        }
    }

    /// Takes a node with everything below it out of the tree; it stays in memory until
    /// [`free`](Self::free).
    pub(crate) fn detach(&mut self, id: NodeId) {
        let (nodes, bytes) = self.measure(id);
        self.nodes = self.nodes.saturating_sub(nodes);
        self.bytes = self.bytes.saturating_sub(bytes);
        let Some(node) = self.get(id) else { return };
        let (parent, name) = (node.parent, node.name.clone());
        if let Some(Node { content: Content::Interior(children), .. }) = parent.and_then(|parent| self.get_mut(parent))
        {
            children.remove(&name);
        }
    }

    /// Undoes [`detach`](Self::detach).
    pub(crate) fn reattach(&mut self, id: NodeId) {
        let (nodes, bytes) = self.measure(id);
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        let Some(node) = self.get(id) else { return };
        let (parent, name) = (node.parent, node.name.clone());
        self.link(parent, name, id);
    }

    /// Releases a detached node with everything below it.
    pub(crate) fn free(&mut self, id: NodeId) {
        let mut open = Vec::from([id]);
        while let Some(id) = open.pop() {
            let Some(slot) = self.slots.get_mut(id.index).filter(|slot| slot.generation == id.generation) else {
                continue;
            };
            let Some(node) = slot.node.take() else { continue };
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
    fn measure(&self, id: NodeId) -> (usize, usize) {
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
        Node { name: name.into(), parent, mo: 0, schema: Schema::Free, content, instance: None }
    }

    #[test]
    fn stale_handles_find_nothing() {
        let mut arena = Arena::default();
        let root = arena.insert(node(None, "r", Content::interior()));
        let old = arena.insert(node(Some(root), "a", Content::leaf("value".into())));
        arena.detach(old);
        arena.free(old);
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
        arena.free(root);
        assert_eq!((arena.nodes(), arena.bytes()), (0, 0));
        assert!(arena.get(b).is_none());
    }
}
