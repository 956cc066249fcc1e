//! What an MO looks like: the parts of a device description (DDF) that the tree enforces.

use super::error::{TreeError, TreeErrorKind};
use super::limits::TreeLimits;
use super::names;
use super::value::{Format, Value};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::BitOr;

/// The access types of a node (`OMA-TS-DM_Protocol-V2_0 §6.4`): a set.
///
/// ```
/// use dm_session::tree::Access;
///
/// let access = Access::GET | Access::REPLACE;
/// assert!(access.contains(Access::GET) && !access.contains(Access::DELETE));
/// assert_eq!(access.to_string(), "Get Replace");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Access(u8);

impl Access {
    /// Nothing: a node that servers neither see nor change ("No Get").
    pub const NONE: Self = Self(0);
    /// The node can be read.
    pub const GET: Self = Self(1);
    /// The node can be created.
    pub const ADD: Self = Self(2);
    /// The value can be replaced.
    pub const REPLACE: Self = Self(4);
    /// The node can be deleted.
    pub const DELETE: Self = Self(8);
    /// The node can be executed.
    pub const EXEC: Self = Self(16);
    /// `Get`, `Add`, `Replace` and `Delete`, but not `Exec`.
    pub const DATA: Self = Self(15);

    const NAMES: [(&'static str, Self); 5] = [
        ("Get", Self::GET),
        ("Add", Self::ADD),
        ("Replace", Self::REPLACE),
        ("Delete", Self::DELETE),
        ("Exec", Self::EXEC),
    ];

    /// Whether `self` has every access type of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set written as names with gaps between them, each at most once.
    #[cfg(feature = "serde")]
    pub(crate) fn from_names(names: &str) -> Option<Self> {
        names.split(' ').filter(|name| !name.is_empty()).try_fold(Self::NONE, |all, name| {
            let (_, access) = Self::NAMES.into_iter().find(|(have, _)| *have == name)?;
            (!all.contains(access)).then_some(all | access)
        })
    }

    /// Whether there is one with which a server changes something.
    pub(crate) const fn changes(self) -> bool {
        self.0 & (Self::ADD.0 | Self::REPLACE.0 | Self::DELETE.0) != 0
    }
}

impl BitOr for Access {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (name, access) in Self::NAMES {
            if self.contains(access) {
                write!(f, "{gap}{name}")?;
                gap = " ";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({self})")
    }
}

/// How often a node may occur among its siblings; for an MO root, how many instances there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Occurrence {
    /// Exactly once.
    One,
    /// At most once.
    ZeroOrOne,
    /// Any number of times.
    ZeroOrMore,
    /// At least once.
    OneOrMore,
    /// At most that many times.
    ZeroOrN(u32),
    /// At least once, at most that many times.
    OneOrN(u32),
}

impl Occurrence {
    /// The occurrence of that name, as [`Display`](fmt::Display) writes it.
    #[cfg(feature = "serde")]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let number = |prefix| name.strip_prefix(prefix)?.strip_suffix(')')?.parse().ok();
        Some(match name {
            "One" => Self::One,
            "ZeroOrOne" => Self::ZeroOrOne,
            "ZeroOrMore" => Self::ZeroOrMore,
            "OneOrMore" => Self::OneOrMore,
            _ => match number("ZeroOrN(") {
                Some(n) => Self::ZeroOrN(n),
                None => Self::OneOrN(number("OneOrN(")?),
            },
        })
    }

    pub(crate) const fn min(self) -> usize {
        match self {
            Self::One | Self::OneOrMore | Self::OneOrN(_) => 1,
            Self::ZeroOrOne | Self::ZeroOrMore | Self::ZeroOrN(_) => 0,
        }
    }

    pub(crate) const fn max(self) -> Option<usize> {
        match self {
            Self::One | Self::ZeroOrOne => Some(1),
            Self::ZeroOrMore | Self::OneOrMore => None,
            Self::ZeroOrN(n) | Self::OneOrN(n) => Some(n as usize),
        }
    }
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("One"),
            Self::ZeroOrOne => f.write_str("ZeroOrOne"),
            Self::ZeroOrMore => f.write_str("ZeroOrMore"),
            Self::OneOrMore => f.write_str("OneOrMore"),
            Self::ZeroOrN(n) => write!(f, "ZeroOrN({n})"),
            Self::OneOrN(n) => write!(f, "OneOrN({n})"),
        }
    }
}

/// One node of an MO definition, with the nodes below it.
///
/// A new one can be read only ([`Access::GET`]), is dynamic, and occurs once if it has a name, any
/// number of times if not.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeDefinition {
    entry: Entry,
    children: Vec<Self>,
}

impl NodeDefinition {
    /// An interior node of that name.
    #[must_use]
    pub fn interior(name: impl Into<String>) -> Self {
        Self::new(Some(name.into()), Format::Node, Occurrence::One)
    }

    /// An interior node that gets its name when it is created (written `<x>`).
    #[must_use]
    pub fn unnamed_interior() -> Self {
        Self::new(None, Format::Node, Occurrence::ZeroOrMore)
    }

    /// A leaf of that name.
    #[must_use]
    pub fn leaf(name: impl Into<String>, format: Format) -> Self {
        Self::new(Some(name.into()), format, Occurrence::One)
    }

    /// A leaf that gets its name when it is created (written `<x>`).
    #[must_use]
    pub fn unnamed_leaf(format: Format) -> Self {
        Self::new(None, format, Occurrence::ZeroOrMore)
    }

    /// A node by all its properties: flags are permanent and open.
    #[cfg(feature = "serde")]
    pub(crate) fn from_parts(
        name: Option<String>,
        format: Format,
        access: Access,
        occurrence: Occurrence,
        (permanent, open): (bool, bool),
        default: Option<Value>,
    ) -> Entry {
        Entry { access, permanent, open, default, ..Self::new(name, format, occurrence).entry }
    }

    fn new(name: Option<String>, format: Format, occurrence: Occurrence) -> Self {
        Self {
            entry: Entry {
                name: name.map(String::into_boxed_str),
                format,
                access: Access::GET,
                occurrence,
                permanent: false,
                default: None,
                open: false,
                more: None,
                parent: None,
                depth: 1,
                named: BTreeMap::new(),
                unnamed: Vec::new(),
                writable: false,
            },
            children: Vec::new(),
        }
    }

    /// The same with these access types.
    ///
    /// An interior node without [`Access::GET`] is closed: servers cannot address what is below it.
    #[must_use]
    pub const fn with_access(mut self, access: Access) -> Self {
        self.entry.access = access;
        self
    }

    /// The same with this occurrence.
    #[must_use]
    pub const fn with_occurrence(mut self, occurrence: Occurrence) -> Self {
        self.entry.occurrence = occurrence;
        self
    }

    /// The same, permanent: servers cannot create or delete it; it appears and disappears with its
    /// parent.
    #[must_use]
    pub const fn permanent(mut self) -> Self {
        self.entry.permanent = true;
        self
    }

    /// The same with the value that the tree gives it when the node appears without being named.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.entry.default = Some(value.into());
        self
    }

    /// The same, open: below this interior node anything may stand (vendor extensions), with the
    /// access types of this node.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.entry.open = true;
        self
    }

    /// The same with one more child.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Puts a description at a path below this node, in the place of what is there. Nodes above it that nothing
    /// describes are permanent free areas. Where the path leads into an MO, its identifier comes back, with the description
    /// and the rest of the path.
    #[cfg(feature = "dm1")]
    pub(crate) fn mount(&mut self, path: &str, node: Self) -> Result<Option<(Box<str>, String, Self)>, ()> {
        let named = |child: &Self, name: &str| child.entry.name.as_deref().unwrap_or("<x>") == name;
        let mut place = self;
        let mut rest = path;
        while let Some((step, below)) = rest.split_once('/') {
            let known = place.children.iter().position(|child| named(child, step));
            if known.is_none() {
                if !place.entry.open || step.is_empty() {
                    return Err(());
                }
                let area = Self::interior(step).permanent().open().with_access(Access::DATA);
                place.children.push(area);
            }
            let last = place.children.len().saturating_sub(1);
            place = place.children.get_mut(known.unwrap_or(last)).ok_or(())?;
            rest = below;
            if let Some(moid) = place.entry.moid() {
                return Ok(Some((moid.into(), rest.into(), node)));
            }
        }
        if !named(&node, rest) || place.entry.format != Format::Node {
            return Err(());
        }
        // Unnamed nodes are told apart by their kind.
        let interior = node.entry.format == Format::Node;
        let same = |child: &Self| child.entry.name.is_some() || (child.entry.format == Format::Node) == interior;
        match place.children.iter_mut().find(|child| named(child, rest) && same(child)) {
            Some(child) => *child = node,
            None => place.children.push(node),
        }
        Ok(None)
    }

    fn more(&mut self) -> &mut More {
        self.entry.more.get_or_insert_default()
    }

    /// The same leaf with another format that it may have besides the first (`DFFormat` of several).
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.more().formats.push(format);
        self
    }

    /// The same leaf with a media type that it may have (`DFType`); a leaf without any may have every one. The first is
    /// the one that it has if nothing else is said.
    #[must_use]
    pub fn with_type(mut self, media_type: impl Into<String>) -> Self {
        self.more().types.push(media_type.into().into_boxed_str());
        self
    }

    /// The same interior node as the root of an MO (`DDFName`): what stands below it is for the definition of the MO
    /// to say, if the tree has one.
    #[must_use]
    pub fn with_moid(mut self, moid: impl Into<String>) -> Self {
        self.more().moid = Some(moid.into().into_boxed_str());
        self
    }

    /// The same with names of what stands below it compared without case (`CaseSense` `CIS`), or with.
    #[must_use]
    pub fn with_case_insensitive(mut self, insensitive: bool) -> Self {
        self.more().case_insensitive = Some(insensitive);
        self
    }

    /// The same leaf with a condition on its value (DM 1.x: 500 for values that do not meet it).
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.more().constraint = Some(constraint);
        self
    }

    /// The same leaf with its value outside of the tree (DM 1.x).
    #[must_use]
    pub fn external(mut self, external: External) -> Self {
        self.more().external = Some(external);
        self
    }
}

/// The definition of an MO.
///
/// ```
/// use dm_session::tree::{Access, Format, MoDefinition, NodeDefinition};
///
/// let sensor = MoDefinition::new(
///     "urn:example:mo:sensor:1.0",
///     NodeDefinition::unnamed_interior()
///         .with_access(Access::GET | Access::ADD | Access::DELETE)
///         .with(NodeDefinition::leaf("ID", Format::Chr))
///         .with(NodeDefinition::leaf("Setting", Format::Int).with_access(Access::DATA).with_default(0)),
/// )
/// .with_ddf("https://ddf.example/sensor.ddf");
/// assert_eq!(sensor.moid(), "urn:example:mo:sensor:1.0");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MoDefinition {
    moid: String,
    ddf: Option<String>,
    cacheable: bool,
    readable_by_all: bool,
    /// All nodes, in document order; the root is the first.
    entries: Vec<Entry>,
}

/// What only some nodes have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct More {
    /// Formats besides the first.
    pub(crate) formats: Vec<Format>,
    /// Media types of a leaf; any if empty.
    pub(crate) types: Vec<Box<str>>,
    /// The MO whose root stands here.
    pub(crate) moid: Option<Box<str>>,
    pub(crate) case_insensitive: Option<bool>,
    pub(crate) constraint: Option<Constraint>,
    pub(crate) external: Option<External>,
}

/// What a value has to meet besides its format.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Constraint {
    /// A number from the first to the second, both included.
    Range(i64, i64),
    /// One of these texts.
    OneOf(Vec<String>),
    /// At most so many bytes; more is answered 413.
    MaxLen(usize),
}

/// Where a leaf's value lives that the tree does not keep, and what an Atomic can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum External {
    /// The host takes changes when they last: with the commit of a transaction.
    Deferred,
    /// The host takes a change at once, and takes it back when the transaction is undone.
    Immediate,
    /// The host takes a change at once and cannot take it back: refused in a transaction (500).
    Irreversible,
}

/// One node of a definition, without those below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// `None` for an unnamed node.
    pub(crate) name: Option<Box<str>>,
    pub(crate) format: Format,
    pub(crate) access: Access,
    pub(crate) occurrence: Occurrence,
    pub(crate) permanent: bool,
    pub(crate) default: Option<Value>,
    pub(crate) open: bool,
    /// What only DM 1.x asks for, where it is not the default.
    pub(crate) more: Option<Box<More>>,
    parent: Option<usize>,
    /// 1 for the root.
    depth: usize,
    named: BTreeMap<Box<str>, usize>,
    unnamed: Vec<usize>,
    /// Whether a server can change the node or anything below it.
    pub(crate) writable: bool,
}

impl Entry {
    /// The entries of all nodes right below, in document order.
    pub(crate) fn children(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.named.values().chain(&self.unnamed).copied().collect();
        all.sort_unstable();
        all
    }

    #[cfg(feature = "serde")]
    pub(crate) const fn parent(&self) -> Option<usize> {
        self.parent
    }

    /// The formats that a node may have, the usual one first.
    #[cfg(feature = "dm1")]
    pub(crate) fn formats(&self) -> impl Iterator<Item = Format> {
        core::iter::once(self.format).chain(self.more.iter().flat_map(|more| more.formats.iter().copied()))
    }

    /// The media types that a leaf may have; none stands for any.
    #[cfg(feature = "dm1")]
    pub(crate) fn types(&self) -> &[Box<str>] {
        self.more.as_deref().map_or(&[], |more| &more.types)
    }

    /// The MO whose root stands here.
    pub(crate) fn moid(&self) -> Option<&str> {
        self.more.as_deref()?.moid.as_deref()
    }

    #[cfg(feature = "dm1")]
    pub(crate) fn constraint(&self) -> Option<&Constraint> {
        self.more.as_deref()?.constraint.as_ref()
    }

    pub(crate) fn external(&self) -> Option<External> {
        self.more.as_deref()?.external
    }

    pub(crate) fn case_insensitive(&self) -> Option<bool> {
        self.more.as_deref()?.case_insensitive
    }
}

/// How the definition sees a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// The MO has no definition.
    Free,
    /// The node is this entry.
    Defined(usize),
    /// The node is somewhere below this open entry.
    Within(usize),
}

impl MoDefinition {
    /// A definition of the MO `moid` with this root node. Cacheable, readable for servers with the
    /// Read right only.
    ///
    /// Whether it holds together is checked when it is given to a tree.
    #[must_use]
    pub fn new(moid: impl Into<String>, root: NodeDefinition) -> Self {
        let mut definition = Self::empty(moid.into());
        let mut open = Vec::from([(root, None)]);
        while let Some((node, parent)) = open.pop() {
            let index = definition.push(node.entry, parent);
            open.extend(node.children.into_iter().rev().map(|child| (child, Some(index))));
        }
        definition
    }

    pub(crate) const fn empty(moid: String) -> Self {
        Self { moid, ddf: None, cacheable: true, readable_by_all: false, entries: Vec::new() }
    }

    /// Puts a description at a path below the root, where there is none yet.
    #[cfg(feature = "dm1")]
    pub(crate) fn mount(&mut self, path: &str, node: NodeDefinition) -> Result<(), ()> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let child = |definition: &Self, parent: usize, name: &str| {
            let entries = definition.entries.iter().enumerate();
            let mut found = entries
                .filter(|(_, it)| it.parent == Some(parent) && it.name.as_deref().unwrap_or("<x>") == name)
                .map(|(index, _)| index);
            found.next()
        };
        let mut place = 0;
        for step in above.split('/').filter(|step| !step.is_empty()) {
            place = child(self, place, step).ok_or(())?;
        }
        let fits = node.entry.name.as_deref().unwrap_or("<x>") == name;
        let interior = self.entries.get(place).is_some_and(|entry| entry.format == Format::Node);
        if !fits || !interior || child(self, place, name).is_some() {
            return Err(());
        }
        let mut open = Vec::from([(node, place)]);
        while let Some((node, parent)) = open.pop() {
            let index = self.push(node.entry, Some(parent));
            open.extend(node.children.into_iter().rev().map(|child| (child, index)));
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, mut entry: Entry, parent: Option<usize>) -> usize {
        entry.parent = parent;
        entry.depth =
            parent.and_then(|parent| self.entries.get(parent)).map_or(1, |parent| parent.depth.saturating_add(1));
        let index = self.entries.len();
        self.entries.push(entry);
        index
    }

    /// The same with the URL of its DDF, which servers are told.
    #[must_use]
    pub fn with_ddf(mut self, url: impl Into<String>) -> Self {
        self.ddf = Some(url.into());
        self
    }

    /// The same with cache validators for its instances, or without (§5.3, cache validation).
    #[must_use]
    pub const fn with_cacheable(mut self, cacheable: bool) -> Self {
        self.cacheable = cacheable;
        self
    }

    /// The same with Read for every bootstrapped server, provisioned for the MO or not, as DevInfo
    /// and session information have it.
    #[must_use]
    pub const fn with_readable_by_all(mut self, readable: bool) -> Self {
        self.readable_by_all = readable;
        self
    }

    /// The MO identifier.
    #[must_use]
    pub fn moid(&self) -> &str {
        &self.moid
    }

    /// The URL of the DDF.
    #[must_use]
    pub fn ddf(&self) -> Option<&str> {
        self.ddf.as_deref()
    }

    /// Whether instances have cache validators unless told otherwise.
    #[must_use]
    pub const fn is_cacheable(&self) -> bool {
        self.cacheable
    }

    /// Whether every bootstrapped server may read the instances.
    #[must_use]
    pub const fn is_readable_by_all(&self) -> bool {
        self.readable_by_all
    }

    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    #[cfg(feature = "serde")]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The schema of a child of a node with schema `parent`; `None` when there can be none. A fixed
    /// name comes before an unnamed entry.
    pub(crate) fn child(&self, parent: Schema, name: &str, interior: bool, fold: bool) -> Option<Schema> {
        let index = match parent {
            Schema::Free => return Some(Schema::Free),
            Schema::Within(index) => return Some(Schema::Within(index)),
            Schema::Defined(index) => index,
        };
        let entry = self.entries.get(index)?;
        let same =
            |other: &str| other.chars().flat_map(char::to_lowercase).eq(name.chars().flat_map(char::to_lowercase));
        let fixed = entry.named.get(name);
        let fixed = fixed.or_else(|| entry.named.iter().find(|(other, _)| fold && same(other)).map(|(_, fixed)| fixed));
        if let Some(fixed) = fixed {
            return Some(Schema::Defined(*fixed));
        }
        let fits =
            |child: &&usize| self.entries.get(**child).is_some_and(|child| (child.format == Format::Node) == interior);
        match entry.unnamed.iter().find(fits) {
            Some(unnamed) => Some(Schema::Defined(*unnamed)),
            None => entry.open.then_some(Schema::Within(index)),
        }
    }

    /// Checks the definition and makes it ready for use.
    pub(crate) fn finished(self, limits: &TreeLimits) -> Result<Self, TreeError> {
        names::check_moid(&self.moid, limits)?;
        self.framed(limits)
    }

    /// The same for the description of what is in no MO.
    pub(crate) fn framed(mut self, limits: &TreeLimits) -> Result<Self, TreeError> {
        if self.ddf.as_ref().is_some_and(|url| url.is_empty() || url.len() > limits.uri_len) {
            return Err(TreeErrorKind::InvalidDefinition.at(format!("{}: ddf", self.moid)));
        }
        if self.entries.is_empty() || self.entries.len() > limits.nodes {
            return Err(TreeErrorKind::InvalidDefinition.at(format!("{}: number of nodes", self.moid)));
        }
        for index in 0..self.entries.len() {
            self.finish_entry(index, limits).map_err(|name| {
                let name = name.as_deref().unwrap_or("<x>");
                let place = if self.moid.is_empty() { name.into() } else { format!("{}: {name}", self.moid) };
                TreeErrorKind::InvalidDefinition.at(place)
            })?;
        }
        Ok(self)
    }

    /// Does so for one node; says which one if it cannot.
    fn finish_entry(&mut self, index: usize, limits: &TreeLimits) -> Result<(), Option<Box<str>>> {
        let Some(entry) = self.entries.get_mut(index) else { return Ok(()) };
        let name = entry.name.clone();
        let (interior, is_root) = (entry.format == Format::Node, index == 0);
        entry.writable = entry.access.changes();
        let (writable, parent) = (entry.writable, entry.parent);
        if let Some(value) = entry.default.take() {
            entry.default = value.into_format(entry.format).filter(|value| value.weight() <= limits.value_len);
            if entry.default.is_none() {
                return Err(name);
            }
        }
        let framed = is_root && self.moid.is_empty();
        let bad_name = |name: &str| name == "<x>" || (!framed && names::check_name(name, limits).is_err());
        let of_leaf = |more: &More| {
            !more.formats.is_empty() || !more.types.is_empty() || more.constraint.is_some() || more.external.is_some()
        };
        let misplaced = entry.more.as_deref().is_some_and(|more| {
            if interior { of_leaf(more) } else { more.moid.is_some() || more.formats.contains(&Format::Node) }
        });
        let contradicts = misplaced
            || (!interior && (entry.open || is_root))
            || (name.is_none() && entry.permanent)
            || (name.is_some() && !is_root && entry.occurrence.max() != Some(1))
            || entry.occurrence.max() == Some(0)
            || entry.depth.saturating_add(usize::from(interior)) > TreeLimits::DEFAULT.depth
            || name.as_deref().is_some_and(bad_name);
        if contradicts || parent.is_none() != is_root {
            return Err(name);
        }
        if writable {
            self.mark_writable(parent);
        }
        let Some(parent) = parent else { return Ok(()) };
        // A second unnamed node of the same kind could never be met.
        let same_kind =
            |other: &usize| self.entries.get(*other).is_some_and(|other| (other.format == Format::Node) == interior);
        let twice = match (self.entries.get(parent), &name) {
            (Some(above), Some(name)) => above.named.contains_key(name),
            (Some(above), None) => above.unnamed.iter().any(same_kind),
            (None, _) => true,
        };
        match self.entries.get_mut(parent) {
            Some(above) if !twice && above.format == Format::Node => {
                match name {
                    Some(name) => drop(above.named.insert(name, index)),
                    None => above.unnamed.push(index),
                }
                Ok(())
            }
            _ => Err(name),
        }
    }

    /// Tells the ancestors that something below them can be changed; stops where that is known.
    fn mark_writable(&mut self, mut parent: Option<usize>) {
        while let Some(entry) = parent.and_then(|parent| self.entries.get_mut(parent)) {
            if entry.writable {
                return;
            }
            entry.writable = true;
            parent = entry.parent;
        }
    }
}

/// For descriptions to be written.
#[cfg(feature = "dm1")]
impl NodeDefinition {
    pub(crate) const fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(crate) fn children(&self) -> &[Self] {
        &self.children
    }
}

/// For descriptions to be written.
#[cfg(feature = "dm1")]
impl MoDefinition {
    /// All nodes in document order, each with the place of the one around it; the root is the first.
    pub(crate) fn described(&self) -> impl Iterator<Item = (&Entry, Option<usize>)> {
        self.entries.iter().map(|entry| (entry, entry.parent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOID: &str = "urn:example:mo:a:1.0";

    fn finished(root: NodeDefinition) -> Result<MoDefinition, TreeError> {
        MoDefinition::new(MOID, root).finished(&TreeLimits::DEFAULT)
    }

    #[test]
    fn matches_fixed_names_first_then_kind() {
        let definition = finished(
            NodeDefinition::interior("A")
                .with(NodeDefinition::unnamed_leaf(Format::Int))
                .with(NodeDefinition::leaf("L", Format::Chr))
                .with(NodeDefinition::unnamed_interior())
                .with(NodeDefinition::interior("Ext").open()),
        )
        .unwrap();
        let root = Schema::Defined(0);
        assert_eq!(definition.child(root, "L", false, false), Some(Schema::Defined(2)));
        assert_eq!(definition.child(root, "x", false, false), Some(Schema::Defined(1)));
        assert_eq!(definition.child(root, "x", true, false), Some(Schema::Defined(3)));
        assert_eq!(definition.child(Schema::Defined(2), "x", true, false), None);
        assert_eq!(definition.child(Schema::Defined(4), "x", true, false), Some(Schema::Within(4)));
        assert_eq!(definition.child(Schema::Within(4), "y", false, false), Some(Schema::Within(4)));
        assert_eq!(definition.child(Schema::Free, "y", false, false), Some(Schema::Free));
    }

    #[test]
    fn knows_where_something_can_change() {
        let definition = finished(
            NodeDefinition::interior("A")
                .with(
                    NodeDefinition::interior("B")
                        .with(NodeDefinition::leaf("C", Format::Chr).with_access(Access::REPLACE)),
                )
                .with(NodeDefinition::leaf("D", Format::Chr)),
        )
        .unwrap();
        let writable: Vec<bool> = definition.entries.iter().map(|entry| entry.writable).collect();
        assert_eq!(writable, [true, true, true, false]);
    }

    #[test]
    fn refuses_contradictions() {
        for root in [
            NodeDefinition::leaf("A", Format::Chr),
            NodeDefinition::interior("A").with(NodeDefinition::leaf("B", Format::Chr).open()),
            NodeDefinition::interior("A")
                .with(NodeDefinition::leaf("B", Format::Chr).with(NodeDefinition::interior("C"))),
            NodeDefinition::interior("A")
                .with(NodeDefinition::interior("B"))
                .with(NodeDefinition::leaf("B", Format::Chr)),
            NodeDefinition::interior("A").with(NodeDefinition::unnamed_interior().permanent()),
            NodeDefinition::interior("A").with(NodeDefinition::interior("B").with_occurrence(Occurrence::ZeroOrMore)),
            NodeDefinition::interior("A")
                .with(NodeDefinition::unnamed_interior().with_occurrence(Occurrence::ZeroOrN(0))),
            NodeDefinition::interior("A").with(NodeDefinition::leaf("B", Format::Int).with_default("x")),
            NodeDefinition::interior("A")
                .with(NodeDefinition::unnamed_interior())
                .with(NodeDefinition::unnamed_interior()),
            NodeDefinition::interior("A").with(NodeDefinition::interior("<x>")),
            NodeDefinition::interior("A/B"),
            NodeDefinition::interior(""),
        ] {
            assert_eq!(finished(root.clone()).unwrap_err().kind(), TreeErrorKind::InvalidDefinition, "{root:?}");
        }
        let bad = MoDefinition::new("a\n", NodeDefinition::interior("A")).finished(&TreeLimits::DEFAULT);
        assert_eq!(bad.unwrap_err().kind(), TreeErrorKind::InvalidMoid);
    }

    #[test]
    fn depth_is_limited() {
        let deep = |levels: usize| {
            (1..levels).fold(NodeDefinition::interior("N"), |below, _| NodeDefinition::interior("N").with(below))
        };
        // A leaf may stand on the last level.
        assert!(finished(deep(63)).is_ok());
        assert!(finished(deep(64)).is_err());
    }
}
