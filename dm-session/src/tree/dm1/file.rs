//! What is reached by path, in a tree file.

use super::super::arena::{Content, NodeId, Props, Stamp};
use super::super::change::{Author, Change};
use super::super::definition::MoDefinition;
use super::super::error::{TreeError, TreeErrorKind};
use super::super::file::{FileValue, PathNode, read_rights};
use super::super::limits::TreeLimits;
use super::super::mo_tree::MoTree;
use super::super::names;
use super::super::value::{Format, Value};
use super::Acl;
use crate::Timestamp;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Bytes of the longest title.
const MAX_TITLE: usize = 255;

impl MoTree {
    /// The nodes below the root, and the root, each before its children and siblings in their order.
    pub(crate) fn save_paths(&self) -> Vec<PathNode> {
        let mut saved = Vec::new();
        let Some(root) = self.root() else { return saved };
        let mut open = Vec::from([(root, String::new())]);
        while let Some((id, path)) = open.pop() {
            let children = self.arena.children_in_order(id);
            let below = children.iter().rev().filter_map(|child| {
                let name = &self.arena.get(*child)?.name;
                Some((*child, if path.is_empty() { name.to_string() } else { format!("{path}/{name}") }))
            });
            let is_empty = children.is_empty();
            let place = if path.is_empty() { String::from(".") } else { path.clone() };
            saved.extend(self.save_path(id, place, is_empty));
            open.extend(below);
        }
        saved
    }

    /// One node; none for an interior node that its children tell of.
    fn save_path(&self, id: NodeId, path: String, is_empty: bool) -> Option<PathNode> {
        let node = self.arena.get(id)?;
        let props = node.props.as_deref();
        let mut saved = PathNode {
            path,
            acl: node.acl().map(|acl| acl.as_str().to_string()),
            title: node.title().map(ToString::to_string),
            verno: node.stamp.verno,
            tstamp: node.stamp.tstamp.map(Timestamp::to_basic).filter(|text| Timestamp::from_basic(text).is_some()),
            ..PathNode::default()
        };
        match &node.content {
            Content::Leaf { format, value } => {
                saved.value =
                    Some(value.as_ref().map_or(FileValue::Empty(*format), |value| FileValue::Value(value.clone())));
                saved.kind = props.and_then(|props| props.media_type.as_deref()).map(ToString::to_string);
                saved.text = props.and_then(|props| props.spelling.as_deref()).map(ToString::to_string);
            }
            Content::Interior(_) => {
                saved.value = is_empty.then_some(FileValue::Interior);
                saved.kind = self.type_of(node).map(ToString::to_string);
            }
        }
        if let Some(instance) = node.instance.and_then(|id| self.instances.get(&id)) {
            let mo = self.mos.get(instance.mo)?;
            let usual = mo.definition.as_ref().is_none_or(MoDefinition::is_cacheable);
            saved.miid = Some(instance.miid.to_string());
            saved.cacheable = (instance.cacheable != usual).then_some(instance.cacheable);
            saved.rights = instance.rights.iter().map(|(id, rights)| (id.clone(), rights.to_string())).collect();
        }
        let told = PathNode { path: saved.path.clone(), ..PathNode::default() };
        (saved != told).then_some(saved)
    }

    /// Puts saved nodes into a new tree.
    pub(crate) fn load_paths(&mut self, nodes: Vec<PathNode>) -> Result<(), TreeError> {
        if nodes.is_empty() {
            return Ok(());
        }
        let root = self.root().ok_or_else(|| TreeErrorKind::NotDefined.at("tree"))?;
        let stamps = self.change(Author::Path, |change| {
            let mut stamps = BTreeMap::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let at = |error: TreeError| error.within(&format!("tree[{index}]"));
                let (id, stamp) = change.load_path(root, node).map_err(at)?;
                if stamps.insert(id, stamp).is_some() {
                    return Err(at(TreeErrorKind::AlreadyExists.at(".path")));
                }
            }
            Ok(stamps)
        })?;
        for (id, stamp) in stamps {
            self.arena.stamp(id, stamp);
        }
        self.show_limits();
        Ok(())
    }
}

impl Change<'_> {
    fn load_path(&mut self, root: NodeId, node: PathNode) -> Result<(NodeId, Stamp), TreeError> {
        let at = |kind: TreeErrorKind, what: &str| kind.at(what);
        let limits = self.tree.limits();
        let tstamp = match node.tstamp.as_deref() {
            None => None,
            Some(text) => Some(Timestamp::from_basic(text).ok_or_else(|| at(TreeErrorKind::Malformed, ".tstamp"))?),
        };
        let id = self.load_place(root, &node).map_err(|kind| at(kind, ".path"))?;
        match node.value {
            None | Some(FileValue::Interior) => {}
            Some(FileValue::Value(value)) => self.load_value(id, Some(value), node.kind, node.text)?,
            Some(FileValue::Empty(_)) => self.load_value(id, None, node.kind, None)?,
        }
        if let Some(acl) = node.acl {
            let acl = Acl::parse(&acl).map_err(|_| at(TreeErrorKind::Malformed, ".acl"))?;
            self.set_acl(id, Some(acl)).map_err(|kind| at(kind, ".acl"))?;
        }
        if let Some(title) = node.title {
            if title.len() > MAX_TITLE {
                return Err(at(TreeErrorKind::LimitExceeded, ".title"));
            }
            self.set_title(id, Some(title.into_boxed_str())).map_err(|kind| at(kind, ".title"))?;
        }
        let instance = self.tree.arena.get(id).and_then(|node| node.instance);
        if let Some(number) = instance {
            let rights = read_rights(node.rights, &limits)?;
            if let Some(miid) = &node.miid {
                names::check_name(miid, &limits).map_err(|kind| at(kind, ".miid"))?;
                self.tree.name_instance(number, miid).map_err(|kind| at(kind, ".miid"))?;
            }
            if let Some(instance) = self.tree.instances.get_mut(&number) {
                instance.rights = rights;
                instance.cacheable = node.cacheable.unwrap_or(instance.cacheable);
            }
        } else if node.miid.is_some() || node.cacheable.is_some() || !node.rights.is_empty() {
            return Err(at(TreeErrorKind::Malformed, ".miid"));
        }
        Ok((id, Stamp { tstamp, verno: node.verno }))
    }

    /// The node at a path, made where it is missing, as are interior nodes above it.
    fn load_place(&mut self, root: NodeId, node: &PathNode) -> Result<NodeId, TreeErrorKind> {
        if node.path == "." {
            return Ok(root);
        }
        let mut id = root;
        if node.path.split('/').count() > TreeLimits::DEFAULT.depth {
            return Err(TreeErrorKind::LimitExceeded);
        }
        let mut names = node.path.split('/').peekable();
        while let Some(name) = names.next() {
            if let Some(child) = self.tree.arena.child(id, name) {
                id = child;
                continue;
            }
            if self.tree.arena.get(id).is_none_or(|above| !above.is_interior()) {
                return Err(TreeErrorKind::Format);
            }
            let last = names.peek().is_none();
            let content = match &node.value {
                Some(FileValue::Value(value)) if last => Content::leaf(value.clone()),
                Some(FileValue::Empty(format)) if last => Content::Leaf { format: *format, value: None },
                _ => Content::interior(),
            };
            let interior = matches!(content, Content::Interior(_));
            let kind = node.kind.as_deref().filter(|_| last && interior);
            let mut seat = self.tree.seat(id, name, interior, kind)?;
            seat.miid = node.miid.as_deref().filter(|_| last).map(Box::from);
            id = self.put_node(id, name, &seat, content, Props::default())?;
        }
        let found = self.tree.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
        let leaf = matches!(node.value, Some(FileValue::Value(_) | FileValue::Empty(_)));
        let same_type = found.is_interior() && node.kind.as_deref() == self.tree.type_of(found);
        if leaf == found.is_interior() || (found.is_interior() && !same_type) {
            return Err(TreeErrorKind::Format);
        }
        Ok(id)
    }

    fn load_value(
        &mut self,
        id: NodeId,
        value: Option<Value>,
        kind: Option<String>,
        text: Option<String>,
    ) -> Result<(), TreeError> {
        let at = |kind: TreeErrorKind| kind.at(".value");
        let limits = self.tree.limits();
        let node = self.tree.arena.get(id).ok_or_else(|| at(TreeErrorKind::NotFound))?;
        let Content::Leaf { format: current, .. } = node.content else { return Err(at(TreeErrorKind::Format)) };
        let defined = match node.schema {
            super::super::definition::Schema::Defined(_) => self.tree.entry(node),
            _ => None,
        };
        let format = value.as_ref().map_or(current, Value::format);
        if format == Format::Node || defined.is_some_and(|entry| entry.formats().all(|allowed| allowed != format)) {
            return Err(at(TreeErrorKind::Format));
        }
        // What the text says has to be what the value is.
        let text_fits = |text: &str| value.as_ref().is_some_and(|value| spells(text, value));
        if text.as_deref().is_some_and(|text| !text_fits(text)) {
            return Err(TreeErrorKind::Format.at(".text"));
        }
        if value.as_ref().map_or(0, Value::weight) > limits.value_len {
            return Err(at(TreeErrorKind::LimitExceeded));
        }
        let (kind, text) = (kind.map(String::into_boxed_str), text.map(String::into_boxed_str));
        self.set_content(id, Content::Leaf { format, value }, kind, text).map_err(at)
    }
}

/// Whether a text is one of a value, if not the canonical one.
fn spells(text: &str, value: &Value) -> bool {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    match value {
        Value::Bool(truth) => {
            let (word, digit) = if *truth { ("true", "1") } else { ("false", "0") };
            text.eq_ignore_ascii_case(word) || text == digit
        }
        Value::Bin(_) | Value::B64(_) => {
            let base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            Value::parse(value.format(), &base64).as_ref() == Some(value)
        }
        _ => Value::parse(value.format(), text).as_ref() == Some(value),
    }
}
