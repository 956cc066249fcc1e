//! One change of the tree: done as a whole or undone as a whole, at a cost that follows what
//! changes. Everything is done in place and written down; a refusal takes it back.

use super::arena::{Content, Node, NodeId, Props, Stamp};
use super::definition::{Access, MoDefinition, Schema};
use super::error::{TreeError, TreeErrorKind};
#[cfg(feature = "dm1")]
use super::limits::TreeLimits;
use super::mo_tree::{Accounts, Instance, MoTree, Seat};
use super::names;
use super::value::{Format, Value};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_package::Strictness;

/// On whose behalf.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// A DM 2.0 server: access types and permanence count.
    Server,
    /// The device itself: only formats, names and occurrence count.
    Device,
    /// A command by path (DM 1.x), checked before it comes here. Nodes come one at a time, so that what has to be there
    /// may still be missing.
    #[cfg(feature = "dm1")]
    Path,
}

/// What a leaf is to hold, before it is known whether it can.
#[derive(Clone)]
pub(crate) enum Input<'a> {
    Text(&'a str),
    Number(&'a str),
    Bool(bool),
    Null,
    Bytes(&'a [u8]),
    Value(Value),
    /// No current value; the format of a leaf that no definition describes.
    Empty(Format),
}

/// What is written down of a change, in the order in which it happened.
#[derive(Clone)]
pub(crate) enum Undo {
    Created(NodeId),
    Detached(NodeId),
    Replaced(NodeId, Content),
    Stamped(NodeId, Stamp),
    Props(NodeId, Option<Box<Props>>),
    #[cfg(feature = "dm1")]
    Renamed(NodeId, Box<str>),
    InstanceAdded {
        id: u64,
        next_miid: u64,
    },
    InstanceRemoved(u64, Instance),
    /// The number that was remembered for a name of an MO.
    Remembered(usize, Box<str>, Option<u64>),
}

/// Changes that last or go together: a DM 1.x Atomic.
#[cfg(feature = "dm1")]
#[derive(Clone, Default)]
pub(crate) struct Transaction {
    journal: Vec<Undo>,
    /// Nodes and bytes that it holds beside the tree.
    held: (usize, usize),
    /// What the engine of DM 1.x keeps beside it.
    pub(crate) dm1: super::dm1::Pending,
}

/// A change in progress.
pub(crate) struct Change<'t> {
    pub(crate) tree: &'t mut MoTree,
    author: Author,
    journal: Vec<Undo>,
    /// Interior nodes whose children changed, and whether the node itself is new: their
    /// occurrences are judged when all is done.
    unsettled: BTreeMap<NodeId, bool>,
    /// Nodes that have their stamp of this change.
    stamped: BTreeSet<NodeId>,
}

impl MoTree {
    /// Runs `body` as one change.
    pub(crate) fn change<T>(
        &mut self,
        author: Author,
        body: impl FnOnce(&mut Change<'_>) -> Result<T, TreeError>,
    ) -> Result<T, TreeError> {
        self.change_with(author, body)
    }

    /// The same with an error of the caller's own.
    pub(crate) fn change_with<T, E: From<TreeError>>(
        &mut self,
        author: Author,
        body: impl FnOnce(&mut Change<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        #[cfg(feature = "dm1")]
        if author != Author::Path && self.transaction.is_some() {
            return Err(TreeError::from(TreeErrorKind::Busy).into());
        }
        let mut change =
            Change { tree: self, author, journal: Vec::new(), unsettled: BTreeMap::new(), stamped: BTreeSet::new() };
        let outcome = body(&mut change).and_then(|done| {
            change.settle()?;
            #[cfg(feature = "dm1")]
            change.forget_servers()?;
            #[cfg(feature = "dm1")]
            change.hold()?;
            let accounts = change.accounts()?;
            Ok((done, accounts))
        });
        match outcome {
            Ok((done, accounts)) => {
                change.keep(accounts);
                Ok(done)
            }
            Err(error) => {
                let Change { tree, journal, .. } = change;
                tree.undo(journal);
                tree.forget_doubtful();
                Err(error)
            }
        }
    }

    /// Opens a transaction: changes by path stay undoable until it ends; all others are refused.
    #[cfg(feature = "dm1")]
    pub(crate) fn begin(&mut self) -> Result<(), TreeErrorKind> {
        if self.transaction.is_some() {
            return Err(TreeErrorKind::Busy);
        }
        self.transaction = Some(Box::default());
        Ok(())
    }

    /// Makes the changes of the transaction last.
    #[cfg(feature = "dm1")]
    pub(crate) fn commit(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.settle_journal(transaction.journal);
            self.forget_doubtful();
        }
    }

    /// Undoes the changes of the transaction.
    #[cfg(feature = "dm1")]
    pub(crate) fn rollback(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.undo(transaction.journal);
            self.forget_doubtful();
        }
    }

    fn undo(&mut self, journal: Vec<Undo>) {
        for undo in journal.into_iter().rev() {
            match undo {
                Undo::Created(id) => {
                    self.arena.detach(id);
                    self.release(id);
                }
                Undo::Detached(id) => self.arena.reattach(id),
                Undo::Replaced(id, content) => drop(self.arena.replace(id, content)),
                Undo::Stamped(id, stamp) => drop(self.arena.stamp(id, stamp)),
                Undo::Props(id, props) => drop(self.put_props(id, props)),
                #[cfg(feature = "dm1")]
                Undo::Renamed(id, name) => drop(self.arena.rename(id, &name)),
                Undo::InstanceAdded { id, next_miid } => {
                    if let Some(instance) = self.unlist(id) {
                        if let Some(mo) = self.mos.get_mut(instance.mo) {
                            mo.next_miid = next_miid;
                        }
                        self.arena.detach(instance.root);
                        self.release(instance.root);
                        self.doubtful.insert(instance.mo);
                    }
                }
                Undo::InstanceRemoved(id, instance) => self.list(id, instance),
                Undo::Remembered(number, name, count) => drop(self.remember(number, &name, count)),
            }
        }
    }

    /// Frees a detached sub-tree.
    fn release(&mut self, id: NodeId) {
        #[cfg(feature = "dm1")]
        {
            let acls = &mut self.acls;
            self.arena.free(id, |id, node| {
                if node.acl().is_some() {
                    acls.remove(&id);
                }
            });
        }
        #[cfg(not(feature = "dm1"))]
        self.arena.free(id, |_, _| {});
    }

    /// Gives a node other properties and hands back those it had.
    fn put_props(&mut self, id: NodeId, props: Option<Box<Props>>) -> Option<Box<Props>> {
        #[cfg(feature = "dm1")]
        if props.as_ref().is_some_and(|props| props.acl.is_some()) {
            self.acls.insert(id);
        } else {
            self.acls.remove(&id);
        }
        self.arena.set_props(id, props)
    }

    /// Draws the consequences of changes that last: other validators, subscribers to be told, memory to be freed.
    fn settle_journal(&mut self, journal: Vec<Undo>) {
        let mut touched = BTreeSet::new();
        for undo in &journal {
            let node = match undo {
                Undo::Created(id) | Undo::Detached(id) | Undo::Replaced(id, _) | Undo::Props(id, _) => *id,
                Undo::Stamped(id, _) => *id,
                #[cfg(feature = "dm1")]
                Undo::Renamed(id, _) => *id,
                Undo::InstanceAdded { id, .. } => match self.instances.get(id) {
                    Some(instance) => instance.root,
                    None => continue,
                },
                Undo::InstanceRemoved(..) | Undo::Remembered(..) => continue,
            };
            let data = !matches!(undo, Undo::Stamped(..) | Undo::Props(..));
            for (id, root) in self.enclosing(node) {
                touched.insert(id);
                if data {
                    self.mark_subscriptions(id, root, node);
                }
            }
        }
        for id in touched {
            let revision = self.next_revision();
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.revision = revision;
            }
        }
        for undo in journal {
            match undo {
                Undo::Detached(id) => self.release(id),
                Undo::InstanceRemoved(_, instance) => {
                    self.end_subscriptions(&instance);
                    self.doubtful.insert(instance.mo);
                }
                _ => {}
            }
        }
    }

    /// The instances to which a node belongs, the innermost first, with their roots.
    fn enclosing(&self, id: NodeId) -> Vec<(u64, NodeId)> {
        let marked = self.arena.upwards(id).filter_map(|(id, node)| Some((node.instance?, id)));
        marked.filter(|(instance, _)| self.instances.contains_key(instance)).collect()
    }
}

impl Change<'_> {
    /// Adds an instance with a root node and nothing below it, which hangs nowhere.
    pub(crate) fn add_instance(&mut self, mo: usize, miid: Option<&str>, root: &str) -> Result<NodeId, TreeErrorKind> {
        let limits = self.tree.limits();
        names::check_name(root, &limits)?;
        if let Some(miid) = miid {
            names::check_name(miid, &limits)?;
        }
        let tree = &mut *self.tree;
        let entry = tree.mos.get_mut(mo).ok_or(TreeErrorKind::UndefinedMo)?;
        let schema = match &entry.definition {
            None => Schema::Free,
            Some(definition) => {
                let defined = definition.entry(0).ok_or(TreeErrorKind::InvalidDefinition)?;
                if defined.name.as_deref().is_some_and(|fixed| fixed != root) {
                    return Err(TreeErrorKind::NotDefined);
                }
                if defined.occurrence.max().is_some_and(|max| entry.by_miid.len() >= max) {
                    return Err(TreeErrorKind::Occurrence);
                }
                Schema::Defined(0)
            }
        };
        if tree.instances.len() >= limits.instances {
            return Err(TreeErrorKind::LimitExceeded);
        }
        let next_miid = entry.next_miid;
        let mut following = next_miid;
        let miid: Box<str> = match miid {
            Some(miid) if entry.by_miid.contains_key(miid) => return Err(TreeErrorKind::AlreadyExists),
            Some(miid) => miid.into(),
            None => loop {
                let candidate = following.to_string().into_boxed_str();
                following = following.checked_add(1).ok_or(TreeErrorKind::LimitExceeded)?;
                if !entry.by_miid.contains_key(&candidate) {
                    break candidate;
                }
            },
        };
        entry.next_miid = following;
        let mut node = Node::new(root, None, (mo, schema), Content::interior());
        node.stamp = self.tree.first_stamp();
        node.fold = self.tree.folds(mo, schema, None);
        let root = self.tree.arena.insert(node);
        self.list_instance(mo, miid, root, next_miid)?;
        self.unsettled.insert(root, true);
        self.stamped.insert(root);
        self.check_size()?;
        self.check_address(root)?;
        Ok(root)
    }

    /// Makes a node the root of an instance.
    fn list_instance(&mut self, mo: usize, miid: Box<str>, root: NodeId, next_miid: u64) -> Result<(), TreeErrorKind> {
        let tree = &mut *self.tree;
        let entry = tree.mos.get_mut(mo).ok_or(TreeErrorKind::UndefinedMo)?;
        let id = tree.next_instance;
        tree.next_instance = id.saturating_add(1);
        entry.by_miid.insert(miid.clone(), id);
        entry.by_age.insert(id);
        let cacheable = entry.definition.as_ref().is_none_or(MoDefinition::is_cacheable);
        tree.arena.set_instance(root, Some(id));
        tree.instances.insert(id, Instance { mo, miid, root, rights: BTreeMap::new(), cacheable, revision: 0 });
        self.journal.push(Undo::InstanceAdded { id, next_miid });
        Ok(())
    }

    /// Removes a node with everything below it; at an MO root, the instance.
    pub(crate) fn delete(&mut self, id: NodeId) -> Result<(), TreeErrorKind> {
        let node = self.tree.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
        if self.author == Author::Server && !self.tree.deletable(node) {
            return Err(TreeErrorKind::NotAllowed);
        }
        let mo = node.mo;
        let is_instance = node.instance.is_some();
        self.take_node(id);
        let short = is_instance
            && self.tree.mos.get(mo).is_some_and(|mo| {
                let min = mo.definition.as_ref().and_then(|it| it.entry(0)).map_or(0, |entry| entry.occurrence.min());
                mo.by_miid.len() < min
            });
        if short && self.author == Author::Server { Err(TreeErrorKind::NotAllowed) } else { Ok(()) }
    }

    /// Takes a node with everything below it out of the tree, and with it the instances that root there.
    pub(crate) fn take_node(&mut self, id: NodeId) {
        let Some(node) = self.tree.arena.get(id) else { return };
        let parent = node.parent;
        let mut open = Vec::from([id]);
        while let Some(id) = open.pop() {
            let Some(node) = self.tree.arena.get(id) else { continue };
            let instance = node.instance;
            open.extend(self.tree.arena.children_unordered(id));
            if let Some((instance, removed)) = instance.and_then(|id| Some((id, self.tree.unlist(id)?))) {
                // Its identifier is not given to another one.
                if self.tree.is_to_remember(removed.mo, &removed.miid) {
                    self.tree.remember(removed.mo, &removed.miid, Some(0));
                    self.journal.push(Undo::Remembered(removed.mo, removed.miid.clone(), None));
                }
                self.journal.push(Undo::InstanceRemoved(instance, removed));
            }
        }
        self.tree.arena.detach(id);
        self.journal.push(Undo::Detached(id));
        if let Some(parent) = parent {
            self.unsettled.entry(parent).or_insert(false);
            self.touch(parent);
        }
    }

    /// Stamps a node as changed: once in a change, and not where the change itself made it.
    pub(crate) fn touch(&mut self, id: NodeId) {
        if !self.stamped.insert(id) {
            return;
        }
        let Some(node) = self.tree.arena.get(id) else { return };
        let stamp = Stamp { tstamp: self.tree.now().or(node.stamp.tstamp), verno: node.stamp.verno.wrapping_add(1) };
        if let Some(old) = self.tree.arena.stamp(id, stamp) {
            self.journal.push(Undo::Stamped(id, old));
        }
    }

    /// Puts content into a node and hands the old one to the journal.
    fn replace(&mut self, id: NodeId, content: Content) {
        if let Some(old) = self.tree.arena.replace(id, content) {
            self.journal.push(Undo::Replaced(id, old));
        }
        self.touch(id);
    }

    /// Gives a node other properties.
    fn set_props(&mut self, id: NodeId, change: impl FnOnce(&mut Props)) {
        let Some(node) = self.tree.arena.get(id) else { return };
        let mut props = node.props.as_deref().cloned().unwrap_or_default();
        change(&mut props);
        if node.props.as_deref() == Some(&props) || (node.props.is_none() && props == Props::default()) {
            return;
        }
        let old = self.tree.put_props(id, props.boxed());
        self.journal.push(Undo::Props(id, old));
    }

    /// Creates an interior node.
    pub(crate) fn create_interior(&mut self, parent: NodeId, name: &str) -> Result<NodeId, TreeErrorKind> {
        let inside = self.is_new(parent);
        let seat = self.may_create(parent, name, true, inside)?;
        let id = self.insert(parent, name, &seat, Content::interior(), Props::default(), inside)?;
        self.check_address(id)?;
        Ok(id)
    }

    /// Creates a leaf.
    pub(crate) fn create_leaf(
        &mut self,
        parent: NodeId,
        name: &str,
        input: Input<'_>,
    ) -> Result<NodeId, TreeErrorKind> {
        let inside = self.is_new(parent);
        let seat = self.may_create(parent, name, false, inside)?;
        let defined = matches!(seat.schema, Schema::Defined(_));
        let format = self.tree.seated_entry(&seat).filter(|_| defined).map(|entry| entry.format);
        let content = self.fit(format, None, input)?;
        let id = self.insert(parent, name, &seat, content, Props::default(), inside)?;
        self.check_address(id)?;
        Ok(id)
    }

    /// Puts a value into a leaf that is there.
    pub(crate) fn set_leaf(&mut self, id: NodeId, input: Input<'_>) -> Result<(), TreeErrorKind> {
        let node = self.tree.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
        let Content::Leaf { format: current, .. } = node.content else { return Err(TreeErrorKind::Format) };
        let access = self.tree.access(node);
        // A value that lives elsewhere is asked for by DM 1.x alone.
        let external = self.tree.entry(node).is_some_and(|entry| entry.external().is_some());
        if self.author == Author::Server && (external || !access.contains(Access::REPLACE)) {
            return Err(TreeErrorKind::NotAllowed);
        }
        let format = self.tree.defined_format(node.mo, node.schema);
        let content = self.fit(format, Some(current), input)?;
        // The same value is no change; but where it cannot be read, that there was no change would tell
        // that a guess was right.
        if access.contains(Access::GET) && self.tree.arena.get(id).is_some_and(|node| node.content == content) {
            return Ok(());
        }
        self.replace(id, content);
        self.set_props(id, |props| props.spelling = None);
        self.check_size()
    }

    /// Removes the children of a replaced interior node that its new content does not name, where
    /// the server may and the definition can do without; the rest stays.
    pub(crate) fn sweep(&mut self, id: NodeId, named: &BTreeSet<NodeId>) -> Result<(), TreeErrorKind> {
        let unnamed: Vec<NodeId> =
            self.tree.arena.children_unordered(id).filter(|child| !named.contains(child)).collect();
        for child in unnamed {
            let Some(node) = self.tree.arena.get(child).filter(|node| node.instance.is_none()) else { continue };
            let needed = match node.schema {
                Schema::Defined(_) => {
                    self.tree.entry(node).is_some_and(|entry| entry.name.is_some() && entry.occurrence.min() > 0)
                }
                Schema::Free | Schema::Within(_) => false,
            };
            if !needed && self.tree.deletable(node) && !self.tree.holds_instance(child) {
                self.delete(child)?;
            }
        }
        Ok(())
    }

    /// Whether the change itself made the interior node: the right to add what stands inside came with
    /// the right to add the node, and it goes away with the node.
    pub(crate) fn is_new(&self, id: NodeId) -> bool {
        self.unsettled.get(&id) == Some(&true)
    }

    /// Looks whether a child can be created and what it would be.
    fn may_create(&self, parent: NodeId, name: &str, interior: bool, inside: bool) -> Result<Seat, TreeErrorKind> {
        let limits = self.tree.limits();
        names::check_name(name, &limits)?;
        let node = self.tree.arena.get(parent).ok_or(TreeErrorKind::NotFound)?;
        if !node.is_interior() {
            return Err(TreeErrorKind::Format);
        }
        if self.tree.arena.child(parent, name).is_some() {
            return Err(TreeErrorKind::Occurrence);
        }
        let seat = self.tree.seat(parent, name, interior, None)?;
        if self.author == Author::Server {
            let schema = self.tree.child_schema(node, name, interior).ok_or(TreeErrorKind::NotDefined)?;
            self.tree.may_add(node.mo, schema, inside)?;
        }
        Ok(seat)
    }

    fn insert(
        &mut self,
        parent: NodeId,
        name: &str,
        seat: &Seat,
        content: Content,
        props: Props,
        inside: bool,
    ) -> Result<NodeId, TreeErrorKind> {
        let interior = matches!(content, Content::Interior(_));
        if let Some(entry) = self.tree.seated_entry(seat).filter(|_| matches!(seat.schema, Schema::Defined(_)))
            && (entry.format == Format::Node) != interior
        {
            return Err(TreeErrorKind::Format);
        }
        let (mo, instance) = self.tree.take_seat(seat)?;
        let mut node = Node::new(name, Some(parent), (mo, seat.schema), content);
        node.stamp = self.tree.first_stamp();
        node.fold = interior && self.tree.folds(mo, seat.schema, Some(parent));
        let id = self.tree.arena.insert(node);
        if let Some(props) = props.boxed() {
            self.tree.put_props(id, Some(props));
        }
        // What lies inside something new goes away with it.
        if !inside {
            self.journal.push(Undo::Created(id));
        }
        self.stamped.insert(id);
        if let Some(number) = instance {
            let taken = |miid: &str| self.tree.mos.get(number).is_some_and(|mo| mo.by_miid.contains_key(miid));
            let miid = match &seat.miid {
                Some(miid) if taken(miid) => return Err(TreeErrorKind::AlreadyExists),
                Some(miid) => miid.clone(),
                None => {
                    let (miid, count) = self.tree.miid_for(number, name);
                    if count.is_some() {
                        let before = self.tree.remember(number, name, count);
                        self.journal.push(Undo::Remembered(number, name.into(), before));
                    }
                    miid
                }
            };
            let next_miid = self.tree.mos.get(number).map_or(1, |mo| mo.next_miid);
            self.list_instance(number, miid, id, next_miid)?;
        }
        self.unsettled.entry(parent).or_insert(false);
        if interior {
            self.unsettled.insert(id, true);
        }
        self.touch(parent);
        self.check_size()?;
        Ok(id)
    }

    /// The content of a leaf of the format that the definition gives, or else of the one it has
    /// now, or else of the one that comes natural.
    fn fit(
        &self,
        defined: Option<Format>,
        current: Option<Format>,
        input: Input<'_>,
    ) -> Result<Content, TreeErrorKind> {
        let lenient = self.tree.config.strictness != Strictness::Strict;
        let content = match (defined, input) {
            (Some(Format::Node), _) => return Err(TreeErrorKind::Format),
            (Some(format), Input::Empty(_)) => Content::Leaf { format, value: None },
            (None, Input::Empty(Format::Node)) => return Err(TreeErrorKind::Format),
            (None, Input::Empty(format)) => Content::Leaf { format: current.unwrap_or(format), value: None },
            (Some(format), input) => Content::leaf(convert(format, input, lenient).ok_or(TreeErrorKind::Format)?),
            (None, input) => {
                let kept = match &input {
                    Input::Value(_) => None,
                    other => current.and_then(|format| convert(format, other.clone(), false)),
                };
                Content::leaf(kept.or_else(|| natural(input)).ok_or(TreeErrorKind::Format)?)
            }
        };
        match &content {
            Content::Leaf { value: Some(value), .. } if value.weight() > self.tree.limits().value_len => {
                Err(TreeErrorKind::LimitExceeded)
            }
            _ => Ok(content),
        }
    }

    /// Stops a change that outgrows the tree by far. Twice the limit is let through, because what is
    /// replaced goes only after its replacement has come; the end of the change is exact.
    fn check_size(&self) -> Result<(), TreeErrorKind> {
        self.size_within(2)
    }

    /// Refuses a node that could be there but never be addressed.
    fn check_address(&self, id: NodeId) -> Result<(), TreeErrorKind> {
        // Three bytes for each are the most that percent-encoding makes of a name.
        let path = self.tree.arena.path(id);
        let bound =
            path.iter().fold(0_usize, |len, name| len.saturating_add(name.len().saturating_mul(3)).saturating_add(1));
        let head = self.tree.limits().name_len.saturating_mul(4).saturating_add(2);
        if bound.saturating_add(head) <= self.tree.limits().uri_len {
            return Ok(());
        }
        let address = self.tree.address(id);
        let fits = !address.is_empty() && address.len() <= self.tree.limits().uri_len;
        if fits { Ok(()) } else { Err(TreeErrorKind::LimitExceeded) }
    }

    fn size_within(&self, times: usize) -> Result<(), TreeErrorKind> {
        let limits = self.tree.limits();
        let arena = &self.tree.arena;
        let over = arena.nodes() > limits.nodes.saturating_mul(times)
            || arena.bytes() > limits.total_len.saturating_mul(times);
        if over { Err(TreeErrorKind::LimitExceeded) } else { Ok(()) }
    }

    /// Judges the occurrences of what changed and creates what comes by itself.
    fn settle(&mut self) -> Result<(), TreeError> {
        while let Some((id, new)) = self.unsettled.pop_last() {
            self.settle_node(id, new)?;
        }
        self.size_within(1).map_err(|kind| kind.at("tree"))
    }

    fn settle_node(&mut self, id: NodeId, new: bool) -> Result<(), TreeError> {
        #[cfg(feature = "dm1")]
        if self.author == Author::Path {
            return if new { self.grow(id).map_err(|kind| kind.at(self.tree.address(id))) } else { Ok(()) };
        }
        let Some(depth) = self.tree.depth(id) else { return Ok(()) };
        let Some(node) = self.tree.arena.get(id) else { return Ok(()) };
        if !node.is_interior() {
            return Ok(());
        }
        if depth >= self.tree.limits().levels() {
            return Err(TreeErrorKind::LimitExceeded.at(self.tree.address(id)));
        }
        let Schema::Defined(index) = node.schema else { return Ok(()) };
        let mo = node.mo;
        let Some(definition) = self.tree.mos.get(mo).and_then(|mo| mo.definition.as_ref()) else { return Ok(()) };
        let Some(entry) = definition.entry(index) else { return Ok(()) };
        let mut missing = Vec::new();
        for child in entry.children() {
            let Some(wanted) = definition.entry(child) else { continue };
            match &wanted.name {
                Some(name) if self.tree.arena.child(id, name).is_some() => {}
                Some(name)
                    if new && (wanted.permanent || (wanted.occurrence.min() > 0 && wanted.default.is_some())) =>
                {
                    missing.push((name.clone(), wanted.format, wanted.default.clone()));
                }
                Some(name) if wanted.occurrence.min() > 0 => {
                    return Err(TreeErrorKind::Occurrence.at(self.tree.address_below(id, name)));
                }
                Some(_) => {}
                None => {
                    let (min, max) = (wanted.occurrence.min(), wanted.occurrence.max());
                    let fits = |node: &NodeId| {
                        self.tree.arena.get(*node).is_some_and(|node| node.schema == Schema::Defined(child))
                    };
                    // Counting stops as soon as the answer is known.
                    let enough = max.map_or(min, |max| max.saturating_add(1));
                    let count = if enough == 0 {
                        0
                    } else {
                        self.tree.arena.children_unordered(id).filter(fits).take(enough).count()
                    };
                    if count < min || max.is_some_and(|max| count > max) {
                        return Err(TreeErrorKind::Occurrence.at(self.tree.address_below(id, "<x>")));
                    }
                }
            }
        }
        for (name, format, default) in missing {
            let content =
                if format == Format::Node { Content::interior() } else { Content::Leaf { format, value: default } };
            let made = self.tree.seat(id, &name, format == Format::Node, None);
            made.and_then(|seat| self.insert(id, &name, &seat, content, Props::default(), true))
                .map_err(|kind| kind.at(&name))?;
        }
        Ok(())
    }

    /// The list of accounts as it will be, if an account changed.
    fn accounts(&self) -> Result<Option<Accounts>, TreeError> {
        let Some(mo) = self.tree.account_mo() else { return Ok(None) };
        let touched = self.journal.iter().any(|undo| match undo {
            Undo::Created(id) | Undo::Detached(id) | Undo::Replaced(id, _) => {
                self.tree.arena.get(*id).is_some_and(|node| node.mo == mo)
            }
            Undo::Stamped(..) | Undo::Props(..) | Undo::Remembered(..) => false,
            #[cfg(feature = "dm1")]
            Undo::Renamed(..) => false,
            Undo::InstanceAdded { id, .. } => self.tree.instances.get(id).is_some_and(|instance| instance.mo == mo),
            Undo::InstanceRemoved(_, instance) => instance.mo == mo,
        });
        if touched { self.tree.read_accounts().map(Some) } else { Ok(None) }
    }

    /// Takes servers whose accounts of DM 1.x went out of all access control lists; commands by path do so themselves.
    #[cfg(feature = "dm1")]
    fn forget_servers(&mut self) -> Result<(), TreeError> {
        if self.author == Author::Path {
            return Ok(());
        }
        let gone = self.journal.iter().filter_map(|undo| match undo {
            Undo::InstanceRemoved(_, instance) => super::dm1::server_of_account(self.tree, instance.root),
            _ => None,
        });
        let gone: BTreeSet<String> = gone.collect();
        super::dm1::forget_lost(self, gone).map_err(TreeError::from)
    }

    /// Counts what the open transaction keeps to undo the change: no more than a tree may hold.
    #[cfg(feature = "dm1")]
    fn hold(&mut self) -> Result<(), TreeError> {
        let limits = self.tree.limits();
        let arena = &self.tree.arena;
        let Some(transaction) = &self.tree.transaction else { return Ok(()) };
        let held = self.journal.iter().fold(transaction.held, |(nodes, bytes), undo| {
            let (more, len) = match undo {
                Undo::Detached(id) => arena.measure(*id),
                Undo::Replaced(_, content) => (0, content.weight()),
                Undo::Props(_, props) => (0, props.as_ref().map_or(0, |props| props.weight())),
                Undo::Renamed(_, name) => (0, name.len()),
                _ => (0, 0),
            };
            (nodes.saturating_add(more), bytes.saturating_add(len))
        });
        let steps = transaction.journal.len().saturating_add(self.journal.len());
        // A step is about as large as a node; a change of one node is up to three of them.
        if held.0 > limits.nodes || held.1 > limits.total_len || steps > limits.nodes.saturating_mul(4) {
            return Err(TreeErrorKind::LimitExceeded.at("transaction"));
        }
        if let Some(transaction) = &mut self.tree.transaction {
            transaction.held = held;
        }
        Ok(())
    }

    /// Keeps what was done: for good, or as part of the open transaction.
    fn keep(self, accounts: Option<Accounts>) {
        let Self { tree, journal, .. } = self;
        if let Some(accounts) = accounts {
            tree.set_accounts(accounts);
        }
        #[cfg(feature = "dm1")]
        if let Some(transaction) = &mut tree.transaction {
            transaction.journal.extend(journal);
            return;
        }
        tree.settle_journal(journal);
        tree.forget_doubtful();
    }
}

#[cfg(feature = "dm1")]
impl Change<'_> {
    /// Creates the root of the tree, with the permanent nodes below it.
    pub(crate) fn plant(&mut self, frame: usize) -> Result<NodeId, TreeErrorKind> {
        let mut node = Node::new(".", None, (frame, Schema::Defined(0)), Content::interior());
        node.stamp = self.tree.first_stamp();
        node.fold = self.tree.folds(frame, Schema::Defined(0), None);
        let root = self.tree.arena.insert(node);
        self.journal.push(Undo::Created(root));
        self.stamped.insert(root);
        self.unsettled.insert(root, true);
        self.grow(root)?;
        Ok(root)
    }

    /// Creates a node where it was found to have a [seat](MoTree::seat), with the permanent nodes that its description
    /// puts below it.
    pub(crate) fn put_node(
        &mut self,
        parent: NodeId,
        name: &str,
        seat: &Seat,
        content: Content,
        props: Props,
    ) -> Result<NodeId, TreeErrorKind> {
        names::check_name(name, &self.tree.limits())?;
        let inside = self.is_new(parent);
        let interior = matches!(content, Content::Interior(_));
        let id = self.insert(parent, name, seat, content, props, inside)?;
        if interior {
            self.grow(id)?;
        }
        Ok(id)
    }

    /// Creates the permanent nodes below a new one, and those below them. MOs that are described to stand in each other
    /// end at the depth that no tree goes beyond.
    fn grow(&mut self, id: NodeId) -> Result<(), TreeErrorKind> {
        let mut open = Vec::from([(id, 1_usize)]);
        while let Some((id, depth)) = open.pop() {
            for entry in self.tree.permanent_children(id) {
                let Some(name) = entry.name.as_deref().filter(|name| self.tree.arena.child(id, name).is_none()) else {
                    continue;
                };
                if depth > TreeLimits::DEFAULT.depth {
                    return Err(TreeErrorKind::LimitExceeded);
                }
                let interior = entry.format == Format::Node;
                let content = match entry.default.clone() {
                    _ if interior => Content::interior(),
                    None if entry.format == Format::Chr => Content::leaf("".into()),
                    value => Content::Leaf { format: entry.format, value },
                };
                let media_type = entry.types().first().filter(|it| &***it != "text/plain").cloned();
                let seat = self.tree.seat(id, name, interior, None)?;
                let made = self.insert(id, name, &seat, content, Props { media_type, ..Props::default() }, true)?;
                if interior {
                    open.push((made, depth.saturating_add(1)));
                }
            }
        }
        Ok(())
    }

    /// Sets the value of a leaf, equal or not, with its media type and spelling.
    pub(crate) fn set_content(
        &mut self,
        id: NodeId,
        content: Content,
        media_type: Option<Box<str>>,
        spelling: Option<Box<str>>,
    ) -> Result<(), TreeErrorKind> {
        self.replace(id, content);
        self.set_props(id, |props| {
            props.media_type = media_type;
            props.spelling = spelling;
        });
        self.check_size()
    }

    /// Sets a node's own access control list.
    pub(crate) fn set_acl(&mut self, id: NodeId, acl: Option<super::dm1::Acl>) -> Result<(), TreeErrorKind> {
        self.set_props(id, |props| props.acl = acl);
        self.touch(id);
        self.check_size()
    }

    /// Sets a node's title.
    pub(crate) fn set_title(&mut self, id: NodeId, title: Option<Box<str>>) -> Result<(), TreeErrorKind> {
        self.set_props(id, |props| props.title = title);
        self.touch(id);
        self.check_size()
    }

    /// Renames a node. The caller has looked whether the name is free.
    pub(crate) fn rename(&mut self, id: NodeId, name: &str) -> Result<(), TreeErrorKind> {
        names::check_name(name, &self.tree.limits())?;
        let parent = self.tree.arena.get(id).and_then(|node| node.parent);
        if let Some(old) = self.tree.arena.rename(id, name) {
            self.journal.push(Undo::Renamed(id, old));
        }
        self.touch(id);
        if let Some(parent) = parent {
            self.touch(parent);
        }
        self.check_size()
    }
}

/// The value of that format, if the input is one.
fn convert(format: Format, input: Input<'_>, lenient: bool) -> Option<Value> {
    match (input, format) {
        (Input::Text(text), _) => Value::parse(format, text),
        (Input::Number(text), Format::Int | Format::Float) => Value::parse(format, text),
        (Input::Number(text), Format::Chr) if lenient => Some(Value::Chr(text.to_string())),
        (Input::Bool(truth), Format::Bool) => Some(Value::Bool(truth)),
        (Input::Null, Format::Null) => Some(Value::Null),
        (Input::Bytes(bytes), Format::Bin) => Some(Value::Bin(bytes.to_vec())),
        (Input::Bytes(bytes), Format::B64) => Some(Value::B64(bytes.to_vec())),
        (Input::Bytes(bytes), _) => Value::parse(format, core::str::from_utf8(bytes).ok()?),
        (Input::Value(value), _) => value.into_format(format),
        _ => None,
    }
}

/// The value in the format that its JSON form suggests.
fn natural(input: Input<'_>) -> Option<Value> {
    match input {
        Input::Text(text) => Some(Value::Chr(text.to_string())),
        Input::Number(text) => Value::parse(Format::Int, text).or_else(|| Value::parse(Format::Float, text)),
        Input::Bool(truth) => Some(Value::Bool(truth)),
        Input::Null => Some(Value::Null),
        Input::Bytes(bytes) => Some(Value::Bin(bytes.to_vec())),
        Input::Value(value) => {
            let format = value.format();
            value.into_format(format)
        }
        Input::Empty(_) => None,
    }
}

impl MoTree {
    /// The ClientURI of a node, for messages and answers.
    pub(crate) fn address(&self, id: NodeId) -> String {
        let Some((_, instance)) = self.instance_of(id) else { return String::new() };
        let Some(mo) = self.mos.get(instance.mo) else { return String::new() };
        names::client_uri(&mo.moid, &instance.miid, self.arena.path(id).into_iter()).unwrap_or_default()
    }

    /// What the address of a node would be that may not exist, for messages.
    pub(crate) fn address_below(&self, id: NodeId, path: &str) -> String {
        let above = self.address(id);
        format!("{}/{path}", above.strip_suffix('/').unwrap_or(&above))
    }
}
