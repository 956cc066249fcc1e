//! One change of the tree: done as a whole or undone as a whole, at a cost that follows what
//! changes. Everything is done in place and written down; a refusal takes it back.

use super::arena::{Content, Node, NodeId};
use super::definition::{Access, MoDefinition, Schema};
use super::error::{TreeError, TreeErrorKind};
use super::mo_tree::{Accounts, Instance, MoTree};
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
    /// A DM server: access types and permanence count.
    Server,
    /// The device itself: only formats, names and occurrence count.
    Device,
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
enum Undo {
    Created(NodeId),
    Detached(NodeId),
    Replaced(NodeId, Content),
    InstanceAdded { id: u64, next_miid: u64 },
    InstanceRemoved(u64, Instance),
}

/// A change in progress.
pub(crate) struct Change<'t> {
    pub(crate) tree: &'t mut MoTree,
    author: Author,
    journal: Vec<Undo>,
    /// Interior nodes whose children changed, and whether the node itself is new: their
    /// occurrences are judged when all is done.
    unsettled: BTreeMap<NodeId, bool>,
}

impl MoTree {
    /// Runs `body` as one change.
    pub(crate) fn change<T>(
        &mut self,
        author: Author,
        body: impl FnOnce(&mut Change<'_>) -> Result<T, TreeError>,
    ) -> Result<T, TreeError> {
        let mut change = Change { tree: self, author, journal: Vec::new(), unsettled: BTreeMap::new() };
        let outcome = body(&mut change).and_then(|done| {
            change.settle()?;
            let accounts = change.accounts()?;
            Ok((done, accounts))
        });
        match outcome {
            Ok((done, accounts)) => {
                change.commit(accounts);
                Ok(done)
            }
            Err(error) => {
                change.rollback();
                Err(error)
            }
        }
    }
}

impl Change<'_> {
    /// Adds an instance with a root node and nothing below it.
    pub(crate) fn add_instance(&mut self, mo: usize, miid: Option<&str>, root: &str) -> Result<NodeId, TreeErrorKind> {
        let limits = self.tree.limits();
        names::check_name(root, &limits)?;
        if let Some(miid) = miid {
            names::check_name(miid, &limits)?;
        }
        if self.tree.instances.len() >= limits.instances {
            return Err(TreeErrorKind::LimitExceeded);
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
        let id = tree.next_instance;
        tree.next_instance = id.saturating_add(1);
        entry.by_miid.insert(miid.clone(), id);
        entry.by_age.insert(id);
        let cacheable = entry.definition.as_ref().is_none_or(MoDefinition::is_cacheable);
        let node =
            Node { name: root.into(), parent: None, mo, schema, content: Content::interior(), instance: Some(id) };
        let root = tree.arena.insert(node);
        tree.instances.insert(id, Instance { mo, miid, root, rights: BTreeMap::new(), cacheable, revision: 0 });
        self.journal.push(Undo::InstanceAdded { id, next_miid });
        self.unsettled.insert(root, true);
        self.check_size()?;
        self.check_address(root)?;
        Ok(root)
    }

    /// Removes a node with everything below it; at an MO root, the instance.
    pub(crate) fn delete(&mut self, id: NodeId) -> Result<(), TreeErrorKind> {
        let node = self.tree.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
        if self.author == Author::Server && !self.tree.deletable(node) {
            return Err(TreeErrorKind::NotAllowed);
        }
        let (parent, instance) = (node.parent, node.instance);
        self.tree.arena.detach(id);
        self.journal.push(Undo::Detached(id));
        if let Some(parent) = parent {
            self.unsettled.entry(parent).or_insert(false);
        }
        if let Some((instance, removed)) = instance.and_then(|id| self.tree.unlist(id).map(|removed| (id, removed))) {
            let short = self.tree.mos.get(removed.mo).is_some_and(|mo| {
                let min = mo.definition.as_ref().and_then(|it| it.entry(0)).map_or(0, |entry| entry.occurrence.min());
                mo.by_miid.len() < min
            });
            self.journal.push(Undo::InstanceRemoved(instance, removed));
            if short && self.author == Author::Server {
                return Err(TreeErrorKind::NotAllowed);
            }
        }
        Ok(())
    }

    /// Creates an interior node.
    pub(crate) fn create_interior(&mut self, parent: NodeId, name: &str) -> Result<NodeId, TreeErrorKind> {
        let inside = self.is_new(parent);
        let (mo, schema) = self.may_create(parent, name, true, inside)?;
        let id = self.insert(parent, name, mo, schema, Content::interior(), inside)?;
        self.unsettled.insert(id, true);
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
        let (mo, schema) = self.may_create(parent, name, false, inside)?;
        let format = self.tree.defined_format(mo, schema);
        let content = self.fit(format, None, input)?;
        self.insert(parent, name, mo, schema, content, inside)
    }

    /// Puts a value into a leaf that is there.
    pub(crate) fn set_leaf(&mut self, id: NodeId, input: Input<'_>) -> Result<(), TreeErrorKind> {
        let node = self.tree.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
        let Content::Leaf { format: current, .. } = node.content else { return Err(TreeErrorKind::Format) };
        let access = self.tree.access(node);
        if self.author == Author::Server && !access.contains(Access::REPLACE) {
            return Err(TreeErrorKind::NotAllowed);
        }
        let format = self.tree.defined_format(node.mo, node.schema);
        let content = self.fit(format, Some(current), input)?;
        // The same value is no change; but where it cannot be read, that there was no change would tell
        // that a guess was right.
        if access.contains(Access::GET) && self.tree.arena.get(id).is_some_and(|node| node.content == content) {
            return Ok(());
        }
        if let Some(old) = self.tree.arena.replace(id, content) {
            self.journal.push(Undo::Replaced(id, old));
        }
        self.check_size()
    }

    /// Removes the children of a replaced interior node that its new content does not name, where
    /// the server may and the definition can do without; the rest stays.
    pub(crate) fn sweep(&mut self, id: NodeId, named: &BTreeSet<NodeId>) -> Result<(), TreeErrorKind> {
        let unnamed: Vec<NodeId> =
            self.tree.arena.children_unordered(id).filter(|child| !named.contains(child)).collect();
        for child in unnamed {
            let Some(node) = self.tree.arena.get(child) else { continue };
            let needed = match node.schema {
                Schema::Defined(_) => {
                    self.tree.entry(node).is_some_and(|entry| entry.name.is_some() && entry.occurrence.min() > 0)
                }
                Schema::Free | Schema::Within(_) => false,
            };
            if !needed && self.tree.deletable(node) {
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
    fn may_create(
        &self,
        parent: NodeId,
        name: &str,
        interior: bool,
        inside: bool,
    ) -> Result<(usize, Schema), TreeErrorKind> {
        let limits = self.tree.limits();
        names::check_name(name, &limits)?;
        let node = self.tree.arena.get(parent).ok_or(TreeErrorKind::NotFound)?;
        let Content::Interior(children) = &node.content else { return Err(TreeErrorKind::Format) };
        if children.contains_key(name) {
            return Err(TreeErrorKind::Occurrence);
        }
        let schema = self.tree.child_schema(node, name, interior).ok_or(TreeErrorKind::NotDefined)?;
        if self.author == Author::Server {
            self.tree.may_add(node.mo, schema, inside)?;
        }
        Ok((node.mo, schema))
    }

    fn insert(
        &mut self,
        parent: NodeId,
        name: &str,
        mo: usize,
        schema: Schema,
        content: Content,
        inside: bool,
    ) -> Result<NodeId, TreeErrorKind> {
        if let Schema::Defined(_) = schema {
            let wanted = self.tree.defined_format(mo, schema);
            let interior = matches!(content, Content::Interior(_));
            if wanted.is_some_and(|wanted| (wanted == Format::Node) != interior) {
                return Err(TreeErrorKind::Format);
            }
        }
        let id = self.tree.arena.insert(Node {
            name: name.into(),
            parent: Some(parent),
            mo,
            schema,
            content,
            instance: None,
        });
        // What lies inside something new goes away with it.
        if !inside {
            self.journal.push(Undo::Created(id));
        }
        self.unsettled.entry(parent).or_insert(false);
        self.check_size()?;
        self.check_address(id)?;
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
        let Some(depth) = self.tree.depth(id) else { return Ok(()) };
        let Some(node) = self.tree.arena.get(id) else { return Ok(()) };
        let Content::Interior(children) = &node.content else { return Ok(()) };
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
                Some(name) if children.contains_key(name) => {}
                Some(name)
                    if new && (wanted.permanent || (wanted.occurrence.min() > 0 && wanted.default.is_some())) =>
                {
                    missing.push((name.clone(), child, wanted.format, wanted.default.clone()));
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
                    let count =
                        if enough == 0 { 0 } else { children.values().filter(|node| fits(node)).take(enough).count() };
                    if count < min || max.is_some_and(|max| count > max) {
                        return Err(TreeErrorKind::Occurrence.at(self.tree.address_below(id, "<x>")));
                    }
                }
            }
        }
        for (name, child, format, default) in missing {
            let content =
                if format == Format::Node { Content::interior() } else { Content::Leaf { format, value: default } };
            let made =
                self.insert(id, &name, mo, Schema::Defined(child), content, true).map_err(|kind| kind.at(&name))?;
            if format == Format::Node {
                self.unsettled.insert(made, true);
            }
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
            Undo::InstanceAdded { id, .. } => self.tree.instances.get(id).is_some_and(|instance| instance.mo == mo),
            Undo::InstanceRemoved(_, instance) => instance.mo == mo,
        });
        if touched { self.tree.read_accounts().map(Some) } else { Ok(None) }
    }

    fn rollback(self) {
        let Self { tree, journal, .. } = self;
        for undo in journal.into_iter().rev() {
            match undo {
                Undo::Created(id) => {
                    tree.arena.detach(id);
                    tree.arena.free(id);
                }
                Undo::Detached(id) => tree.arena.reattach(id),
                Undo::Replaced(id, content) => drop(tree.arena.replace(id, content)),
                Undo::InstanceAdded { id, next_miid } => {
                    if let Some(instance) = tree.unlist(id) {
                        if let Some(mo) = tree.mos.get_mut(instance.mo) {
                            mo.next_miid = next_miid;
                        }
                        tree.arena.detach(instance.root);
                        tree.arena.free(instance.root);
                    }
                }
                Undo::InstanceRemoved(id, instance) => tree.list(id, instance),
            }
        }
    }

    fn commit(self, accounts: Option<Accounts>) {
        let Self { tree, journal, .. } = self;
        let mut touched = BTreeSet::new();
        for undo in &journal {
            let node = match undo {
                Undo::Created(id) | Undo::Detached(id) | Undo::Replaced(id, _) => *id,
                Undo::InstanceAdded { id, .. } => match tree.instances.get(id) {
                    Some(instance) => instance.root,
                    None => continue,
                },
                Undo::InstanceRemoved(..) => continue,
            };
            if let Some((id, _)) = tree.instance_of(node) {
                touched.insert(id);
                tree.mark_subscriptions(id, node);
            }
        }
        for id in touched {
            let revision = tree.next_revision();
            if let Some(instance) = tree.instances.get_mut(&id) {
                instance.revision = revision;
            }
        }
        for undo in journal {
            match undo {
                Undo::Detached(id) => tree.arena.free(id),
                Undo::InstanceRemoved(_, instance) => tree.end_subscriptions(&instance),
                _ => {}
            }
        }
        if let Some(accounts) = accounts {
            tree.set_accounts(accounts);
        }
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
