//! Device descriptions (DDF): what a device says about its nodes, as definitions (OMA-TS-DM_TND-V1_2 §9).

use super::super::definition::{Access, Constraint, Entry, MoDefinition, NodeDefinition, Occurrence};
use super::super::limits::TreeLimits;
use super::super::value::{Format, Value};
use super::config::Config;
use super::property::decode_name;
use super::tnds::{
    self, Raw, Step, Steps, TndsError, TndsErrorKind, TndsValue, element, nested, once, push_text, text_element,
};
use super::uri::escape_name;
use super::value::meets;
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Element, Limits, Name};

/// The namespace of what Windows adds to descriptions.
const WINDOWS: &str = "http://schemas.microsoft.com/MobileDevice/DM";

/// A device description: definitions of nodes by the place where they stand, and those of the MOs among them.
///
/// An interior node with a `DDFName` is the root of an MO: a node in [`nodes`](Self::nodes) or of an MO that only says
/// which ([`NodeDefinition::with_moid`]), and an MO in [`mos`](Self::mos) with what stands below. One with a `DDFName`
/// and no Nodes in it refers to an MO that is described elsewhere.
///
/// ```
/// use dm_session::tree::dm1::{Config, Ddf};
/// use dm_syncml::Limits;
///
/// let document = br#"<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node>
///   <NodeName>Acme</NodeName><Path>./Vendor</Path>
///   <DFProperties>
///     <AccessType><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><One/></Occurrence>
///     <Scope><Permanent/></Scope><DFType><DDFName/></DFType>
///   </DFProperties>
/// </Node></MgmtTree>"#;
/// let ddf = Ddf::parse(document, &Limits::DEFAULT)?;
/// assert_eq!(ddf.nodes[0].0, "Vendor");
/// let (config, mos) = ddf.describe(Config::new());
/// assert_eq!((config.nodes[0].0.as_str(), mos.len()), ("Vendor/Acme", 0));
/// # Ok::<(), dm_session::tree::dm1::DdfError>(())
/// ```
///
/// # How descriptions are read
///
/// | what | becomes |
/// | --- | --- |
/// | `NodeName`, the names in `Path` | without their `%` escapes |
/// | no `NodeName`, an empty one, `*`, a text in angle brackets | a node that is named when it is created |
/// | a fixed name that may occur several times | at most once, or once: names are unique |
/// | `Scope` `Permanent` of a node without a fixed name | a dynamic one without `Add` and `Delete` |
/// | several `DFFormat` | the first that the default value has is the usual one |
/// | `DFType` of an interior node: MIME | none |
/// | `Value` and `DefaultValue` | the default value; `DefaultValue` if both are there |
/// | empty default value that the format cannot have | none |
/// | a node `Ext` without Nodes in it | open: vendor extensions stand there |
/// | a top Node named `.` | its Nodes, at the root |
/// | `AllowedValues` of Windows: `Range` of integers, `ENUM` | [`Constraint::Range`], [`Constraint::OneOf`] |
/// | `Copy`, `Description`, `DFTitle`, `RTProperties`, other elements | nothing |
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Ddf {
    /// `Man`, the manufacturer of the device.
    pub man: Option<String>,
    /// `Mod`, the model of the device.
    pub mod_: Option<String>,
    /// The Nodes at the top, each with the path of the node that it stands below: names joined by slashes, empty for
    /// the root.
    pub nodes: Vec<(String, NodeDefinition)>,
    /// The MOs, by identifier.
    pub mos: Vec<MoDefinition>,
}

/// Why a document is no description that can be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DdfError {
    kind: DdfErrorKind,
    cause: Option<dm_syncml::Error>,
    place: String,
}

/// The cause of a [`DdfError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DdfErrorKind {
    /// Neither XML nor WBXML that can be read.
    Malformed,
    /// A limit was exceeded: elements, or 64 levels of nodes.
    Limit,
    /// The root is no `MgmtTree`.
    NotMgmtTree,
    /// `VerDTD` names another major version than 1.
    Version,
    /// Text where elements stand, or elements where a text stands.
    Structure,
    /// An element twice that may stand once.
    Repeated,
    /// No Node at all.
    NoNodes,
    /// `DFProperties`, `AccessType` or `DFFormat` is missing.
    Missing,
    /// Not the name of a node.
    Name,
    /// Not an access type.
    Access,
    /// Not a format; `node` among others; `node` for a Node with a default value, or another for one with Nodes.
    Format,
    /// Not an occurrence, or a number that is not from 2 to 65536.
    Occurrence,
    /// Not a scope.
    Scope,
    /// Not a type, or a `DDFName` for a leaf.
    Type,
    /// Neither `CS` nor `CIS`.
    CaseSense,
    /// A default value that the format does not have, or that is not among the allowed ones.
    DefaultValue,
    /// Two Nodes of one name in the same place.
    Twice,
    /// Two different descriptions of one MO.
    Mo,
    /// The description has something that XML cannot carry.
    NotEncodable,
}

impl DdfError {
    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> DdfErrorKind {
        self.kind
    }

    /// The byte at which the document cannot be read; `None` where it can and means nothing.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.cause.map(|error| error.offset())
    }

    /// The Node, by its names joined by slashes (`Vendor/<x>/Port`); empty for none.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    fn reading(error: dm_syncml::Error) -> Self {
        let kind = if error.kind().is_limit() { DdfErrorKind::Limit } else { DdfErrorKind::Malformed };
        Self { kind, cause: Some(error), place: String::new() }
    }
}

impl From<DdfErrorKind> for DdfError {
    fn from(kind: DdfErrorKind) -> Self {
        Self { kind, cause: None, place: String::new() }
    }
}

impl From<TndsError> for DdfErrorKind {
    fn from(error: TndsError) -> Self {
        match error.kind() {
            TndsErrorKind::Limit => Self::Limit,
            TndsErrorKind::NotMgmtTree => Self::NotMgmtTree,
            TndsErrorKind::Version => Self::Version,
            TndsErrorKind::Repeated => Self::Repeated,
            TndsErrorKind::Format => Self::Format,
            TndsErrorKind::Malformed => Self::Malformed,
            _ => Self::Structure,
        }
    }
}

impl fmt::Display for DdfErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not readable",
            Self::Limit => "limit exceeded",
            Self::NotMgmtTree => "the root is not MgmtTree",
            Self::Version => "unknown version",
            Self::Structure => "text and elements mixed",
            Self::Repeated => "an element is repeated",
            Self::NoNodes => "no nodes",
            Self::Missing => "a required property is missing",
            Self::Name => "the name is not usable",
            Self::Access => "unknown access type",
            Self::Format => "unknown format, or one that does not fit",
            Self::Occurrence => "unknown occurrence",
            Self::Scope => "unknown scope",
            Self::Type => "unknown type, or one that does not fit",
            Self::CaseSense => "neither CS nor CIS",
            Self::DefaultValue => "the default value does not fit the format",
            Self::Twice => "two nodes of one name",
            Self::Mo => "two descriptions of one management object",
            Self::NotEncodable => "XML cannot carry the description",
        })
    }
}

impl fmt::Display for DdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.place.as_str()) {
            (Some(cause), _) => write!(f, "{}: {cause}", self.kind),
            (None, "") => self.kind.fmt(f),
            (None, place) => write!(f, "{} at {place}", self.kind),
        }
    }
}

impl core::error::Error for DdfError {}

impl Ddf {
    /// Reads a description; its first byte says whether it is WBXML.
    ///
    /// Elements may stand in the namespaces `syncml:dmddf1.2` and `syncml:dmddf`, that of the root or none, and in any
    /// order. Whether the definitions can be served is checked when they are given to a tree.
    ///
    /// # Errors
    /// What is no description that can be used.
    pub fn parse(document: &[u8], limits: &Limits) -> Result<Self, DdfError> {
        let root = tnds::read(document, limits).map_err(DdfError::reading)?;
        let mut reader = Reader::default();
        match reader.document(&root, limits) {
            Ok(ddf) => Ok(ddf),
            Err(kind) => Err(DdfError { kind, cause: None, place: reader.place() }),
        }
    }

    /// Adds the nodes to those of a tree, and gives the definitions of the MOs for
    /// [`TreeConfig::with_definition`](crate::tree::TreeConfig::with_definition).
    #[must_use]
    pub fn describe(self, mut config: Config) -> (Config, Vec<MoDefinition>) {
        let mut nodes = self.nodes;
        // What a Node stands below comes before it.
        nodes.sort_by_key(|(above, _)| above.split('/').filter(|name| !name.is_empty()).count());
        for (above, node) in nodes {
            let name = node.entry().name.as_deref().unwrap_or(UNNAMED);
            let path = if above.is_empty() { name.to_string() } else { format!("{above}/{name}") };
            config = config.with_node(path, node);
        }
        (config, self.mos)
    }

    /// The description as an XML document, without an XML declaration.
    ///
    /// What DDF has no words for is left out: that values are external or limited in length, that a node other than an
    /// empty `Ext` is open, what an MO says of caches and servers. An MO is written where it is first referred to; one
    /// that nothing refers to, as a node at the root without a name.
    ///
    /// # Errors
    /// [`NotEncodable`](DdfErrorKind::NotEncodable) for characters that XML does not have.
    pub fn to_xml(&self) -> Result<String, DdfError> {
        let mut tree = element("MgmtTree");
        tree.push(text_element("VerDTD", "1.2"));
        push_text(&mut tree, "Man", self.man.as_deref());
        push_text(&mut tree, "Mod", self.mod_.as_deref());
        let flat = self.flat();
        let tree = nested(tree, flat.iter().map(|node| node.parent), |index| match flat.get(index) {
            Some(node) => node.build(),
            None => element("Node"),
        });
        tree.to_xml().map_err(|_| DdfErrorKind::NotEncodable.into())
    }

    /// All Nodes to be written, each after the one around it. No recursion: what is still to be visited stands in a
    /// queue.
    fn flat(&self) -> Vec<Flat<'_>> {
        let mut unseen: BTreeMap<&str, &MoDefinition> = self.mos.iter().map(|mo| (mo.moid(), mo)).collect();
        // The MO that an entry is to show: what it does not say itself has to be the same.
        let mut show = |entry: &Entry| {
            let moid = entry.moid()?;
            let (root, _) = unseen.get(moid)?.described().next()?;
            let same = root.access == entry.access && root.case_insensitive() == entry.case_insensitive();
            if same { unseen.remove(moid) } else { None }
        };
        let mut flat: Vec<Flat<'_>> = Vec::new();
        let mut todo: VecDeque<Todo<'_>> =
            self.nodes.iter().map(|(path, node)| Todo::Node(node, None, path.as_str())).collect();
        while let Some(next) = todo.pop_front() {
            match next {
                Todo::Node(node, parent, path) => {
                    let index = flat.len();
                    let entry = node.entry();
                    flat.push(Flat { parent, path, entry, moid: entry.moid() });
                    todo.extend(show(entry).map(|mo| Todo::Mo(mo, index)));
                    if entry.moid().is_none() {
                        todo.extend(node.children().iter().map(|child| Todo::Node(child, Some(index), "")));
                    }
                }
                Todo::Mo(mo, root) => expand(mo, root, &mut flat, |entry, index| {
                    todo.extend(show(entry).map(|mo| Todo::Mo(mo, index)));
                }),
            }
        }
        for (moid, mo) in unseen {
            if let Some((entry, _)) = mo.described().next() {
                let root = flat.len();
                flat.push(Flat { parent: None, path: "", entry, moid: Some(moid) });
                expand(mo, root, &mut flat, |_, _| {});
            }
        }
        flat
    }
}

/// What is still to be written.
enum Todo<'d> {
    /// A node, below one that is, with its path.
    Node(&'d NodeDefinition, Option<usize>, &'d str),
    /// What is in an MO, below its root.
    Mo(&'d MoDefinition, usize),
}

/// Appends what is in an MO, below its root.
fn expand<'d>(mo: &'d MoDefinition, root: usize, flat: &mut Vec<Flat<'d>>, mut each: impl FnMut(&'d Entry, usize)) {
    let mut places = Vec::from([root]);
    for (entry, parent) in mo.described().skip(1) {
        let index = flat.len();
        let parent = parent.and_then(|parent| places.get(parent).copied()).or(Some(root));
        places.push(index);
        flat.push(Flat { parent, path: "", entry, moid: entry.moid() });
        each(entry, index);
    }
}

/// A Node to be written.
struct Flat<'d> {
    parent: Option<usize>,
    path: &'d str,
    entry: &'d Entry,
    moid: Option<&'d str>,
}

impl Flat<'_> {
    fn build(&self) -> Element<'static> {
        let entry = self.entry;
        let mut node = element("Node");
        let name = entry.name.as_deref().map_or(Cow::Borrowed(""), |name| escape_name(name, true));
        node.push(text_element("NodeName", name.into_owned()));
        if !self.path.is_empty() {
            node.push(text_element("Path", escaped(self.path)));
        }
        let mut properties = element("DFProperties");
        let mut access = element("AccessType");
        for (name, one) in ACCESS {
            if entry.access.contains(one) {
                access.push(element(name));
            }
        }
        properties.push(access);
        if let Some(value) = &entry.default {
            properties.push(text_element("DefaultValue", value.text().into_owned()));
        }
        let mut formats = element("DFFormat");
        for format in entry.formats() {
            formats.push(element(format.as_str()));
        }
        properties.push(formats);
        let mut outer = element("Occurrence");
        outer.push(match entry.occurrence {
            Occurrence::One => element("One"),
            Occurrence::ZeroOrOne => element("ZeroOrOne"),
            Occurrence::ZeroOrMore => element("ZeroOrMore"),
            Occurrence::OneOrMore => element("OneOrMore"),
            Occurrence::ZeroOrN(n) => text_element("ZeroOrN", n.to_string()),
            Occurrence::OneOrN(n) => text_element("OneOrN", n.to_string()),
        });
        properties.push(outer);
        let mut outer = element("Scope");
        outer.push(element(if entry.permanent { "Permanent" } else { "Dynamic" }));
        properties.push(outer);
        let mut types = element("DFType");
        if entry.format == Format::Node {
            types.push(text_element("DDFName", self.moid.map_or_else(String::new, String::from)));
        } else {
            for media_type in entry.types() {
                types.push(text_element("MIME", String::from(&**media_type)));
            }
        }
        properties.push(types);
        if let Some(insensitive) = entry.case_insensitive() {
            let mut outer = element("CaseSense");
            outer.push(element(if insensitive { "CIS" } else { "CS" }));
            properties.push(outer);
        }
        if let Some(constraint) = entry.constraint().and_then(write_constraint) {
            properties.push(constraint);
        }
        node.push(properties);
        node
    }
}

/// What stands for a name in paths where there is none.
const UNNAMED: &str = "<x>";

const ACCESS: [(&str, Access); 5] = [
    ("Add", Access::ADD),
    ("Delete", Access::DELETE),
    ("Exec", Access::EXEC),
    ("Get", Access::GET),
    ("Replace", Access::REPLACE),
];

/// Without the access types with which a node comes and goes.
fn lasting(access: Access) -> Access {
    [Access::GET, Access::REPLACE, Access::EXEC]
        .into_iter()
        .filter(|one| access.contains(*one))
        .fold(Access::NONE, |all, one| all | one)
}

/// A Node while it is read.
#[derive(Default)]
struct Open {
    name: Option<String>,
    path: Option<String>,
    properties: Option<Properties>,
    value: Option<Raw>,
    children: Vec<NodeDefinition>,
    /// The fixed names of these.
    names: BTreeSet<String>,
}

/// What `DFProperties` say.
#[derive(Default)]
struct Properties {
    access: Option<Access>,
    default: Option<Raw>,
    formats: Option<Vec<Format>>,
    occurrence: Option<Occurrence>,
    permanent: Option<bool>,
    types: Option<Vec<DfType>>,
    insensitive: Option<bool>,
    constraint: Option<Constraint>,
}

enum DfType {
    Mime(String),
    DdfName(String),
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    mos: BTreeMap<String, MoDefinition>,
    /// The fixed names at the top, with the paths that they stand below.
    names: BTreeSet<(String, String)>,
    ddf: Ddf,
}

impl Reader {
    /// Where it stands.
    fn place(&self) -> String {
        let mut place = String::new();
        for open in &self.open {
            if !place.is_empty() {
                place.push('/');
            }
            place.push_str(open.name.as_deref().and_then(fixed).unwrap_or(UNNAMED));
        }
        place
    }

    fn document(&mut self, root: &Element<'_>, limits: &Limits) -> Result<Ddf, DdfErrorKind> {
        let mut steps = Steps::new(root, limits)?;
        let mut version = None;
        loop {
            let depth = self.open.len();
            match steps.next()? {
                Step::Start(name) => match (name, self.open.last_mut()) {
                    ("VerDTD", None) => once(&mut version, steps.word()?)?,
                    ("Man", None) => once(&mut self.ddf.man, steps.text()?)?,
                    ("Mod", None) => once(&mut self.ddf.mod_, steps.text()?)?,
                    ("Node", _) if depth >= TreeLimits::DEFAULT.depth => return Err(DdfErrorKind::Limit),
                    ("Node", _) => self.open.push(Open::default()),
                    ("NodeName", Some(node)) => once(&mut node.name, steps.word()?)?,
                    ("Path", Some(node)) => once(&mut node.path, steps.word()?)?,
                    ("Value", Some(node)) => once(&mut node.value, steps.raw()?)?,
                    ("DFProperties", Some(node)) => {
                        if node.properties.is_some() {
                            return Err(DdfErrorKind::Repeated);
                        }
                        node.properties = Some(properties(&mut steps)?);
                    }
                    _ => steps.skip()?,
                },
                Step::Other(_) => steps.skip()?,
                Step::End if depth == 0 => break,
                Step::End => self.end()?,
            }
        }
        if !tnds::check_version(version.as_deref()) {
            return Err(DdfErrorKind::Version);
        }
        if self.ddf.nodes.is_empty() {
            return Err(DdfErrorKind::NoNodes);
        }
        let mut ddf = core::mem::take(&mut self.ddf);
        ddf.mos = core::mem::take(&mut self.mos).into_values().collect();
        Ok(ddf)
    }

    /// The end of a Node. It stays open, for the place of the error, until it is in its place.
    fn end(&mut self) -> Result<(), DdfErrorKind> {
        let Some(node) = self.open.last_mut() else { return Ok(()) };
        let mut node = core::mem::take(node);
        let (name, path) = (node.name.clone(), node.path.take());
        if let Some(open) = self.open.last_mut() {
            open.name.clone_from(&name);
        }
        let at_top = self.open.len() == 1;
        if at_top && name.as_deref() == Some(".") {
            for child in node.children {
                self.place_at_top(String::new(), child)?;
            }
            self.open.pop();
            return Ok(());
        }
        let definition = self.definition(node)?;
        if at_top {
            let path = path.as_deref().map_or_else(|| Some(String::new()), mount);
            self.place_at_top(path.ok_or(DdfErrorKind::Name)?, definition)?;
        } else {
            let above = self.open.len().checked_sub(2).and_then(|above| self.open.get_mut(above));
            if let (Some(above), Some(name)) = (above, definition.entry().name.as_deref()) {
                let insensitive = above.properties.as_ref().and_then(|properties| properties.insensitive);
                let key = if insensitive == Some(true) { name.to_lowercase() } else { name.into() };
                if !above.names.insert(key) {
                    return Err(DdfErrorKind::Twice);
                }
            }
            if let Some(above) = self.open.len().checked_sub(2).and_then(|above| self.open.get_mut(above)) {
                above.children.push(definition);
            }
        }
        self.open.pop();
        Ok(())
    }

    fn place_at_top(&mut self, path: String, node: NodeDefinition) -> Result<(), DdfErrorKind> {
        if let Some(name) = node.entry().name.as_deref()
            && !self.names.insert((path.clone(), name.into()))
        {
            return Err(DdfErrorKind::Twice);
        }
        self.ddf.nodes.push((path, node));
        Ok(())
    }

    fn definition(&mut self, node: Open) -> Result<NodeDefinition, DdfErrorKind> {
        let properties = node.properties.ok_or(DdfErrorKind::Missing)?;
        let mut access = properties.access.ok_or(DdfErrorKind::Missing)?;
        let mut formats = properties.formats.ok_or(DdfErrorKind::Missing)?;
        let decoded = match node.name.as_deref().and_then(fixed) {
            Some(name) => Some(decode_name(name).ok_or(DdfErrorKind::Name)?),
            None => None,
        };
        let name = decoded.as_deref();
        let interior = formats.contains(&Format::Node);
        if (interior && formats.len() > 1) || (!interior && !node.children.is_empty()) {
            return Err(DdfErrorKind::Format);
        }
        let default = match properties.default.or(node.value) {
            Some(raw) => default_value(raw, &mut formats)?,
            None => None,
        };
        let allowed = |value: &Value| properties.constraint.as_ref().is_none_or(|it| meets(it, Some(value)));
        let default = match default {
            Some(value) if interior || allowed(&value) => Some(value),
            Some(value) if !value.text().is_empty() => return Err(DdfErrorKind::DefaultValue),
            _ => None,
        };
        let first = formats.first().copied().ok_or(DdfErrorKind::Missing)?;
        let mut definition = match (name, interior) {
            (Some(name), true) => NodeDefinition::interior(name),
            (Some(name), false) => NodeDefinition::leaf(name, first),
            (None, true) => NodeDefinition::unnamed_interior(),
            (None, false) => NodeDefinition::unnamed_leaf(first),
        };
        match (properties.permanent, name) {
            (Some(true), Some(_)) => definition = definition.permanent(),
            (Some(true), None) => access = lasting(access),
            _ => {}
        }
        let occurrence = properties.occurrence.unwrap_or(Occurrence::One);
        definition = definition.with_access(access).with_occurrence(match (occurrence, name) {
            (occurrence, None) => occurrence,
            (Occurrence::ZeroOrMore | Occurrence::ZeroOrN(_), Some(_)) => Occurrence::ZeroOrOne,
            (Occurrence::OneOrMore | Occurrence::OneOrN(_), Some(_)) => Occurrence::One,
            (occurrence, Some(_)) => occurrence,
        });
        if let Some(insensitive) = properties.insensitive {
            definition = definition.with_case_insensitive(insensitive);
        }
        let mut moid = None;
        for one in properties.types.unwrap_or_default() {
            match one {
                DfType::DdfName(text) if !interior && !text.is_empty() => return Err(DdfErrorKind::Type),
                DfType::DdfName(text) if !text.is_empty() => once(&mut moid, text)?,
                DfType::Mime(text) if !interior && !text.is_empty() => definition = definition.with_type(text),
                DfType::Mime(_) | DfType::DdfName(_) => {}
            }
        }
        if !interior {
            if let Some(value) = default {
                definition = definition.with_default(value);
            }
            if let Some(constraint) = properties.constraint {
                definition = definition.with_constraint(constraint);
            }
            return Ok(formats.into_iter().skip(1).fold(definition, NodeDefinition::with_format));
        }
        let Some(moid) = moid else {
            if node.children.is_empty() && name == Some("Ext") {
                return Ok(definition.open());
            }
            return Ok(node.children.into_iter().fold(definition, NodeDefinition::with));
        };
        if !node.children.is_empty() {
            let mut root = NodeDefinition::unnamed_interior().with_access(access);
            if let Some(insensitive) = properties.insensitive {
                root = root.with_case_insensitive(insensitive);
            }
            let root = node.children.into_iter().fold(root, NodeDefinition::with);
            let mo = MoDefinition::new(moid.clone(), root);
            if *self.mos.entry(moid.clone()).or_insert_with(|| mo.clone()) != mo {
                return Err(DdfErrorKind::Mo);
            }
        }
        Ok(definition.with_moid(moid))
    }
}

/// The name of a node that has a fixed one.
fn fixed(name: &str) -> Option<&str> {
    let drawn = name.starts_with('<') && name.ends_with('>');
    (!name.is_empty() && name != "*" && !drawn).then_some(name)
}

/// The path of a node, without what stands for the root; `None` for one that has what can be no name.
fn mount(path: &str) -> Option<String> {
    let mut clean = String::new();
    for segment in path.split('/').map(|segment| segment.trim_matches(SPACE)) {
        if !segment.is_empty() && segment != "." {
            if !clean.is_empty() {
                clean.push('/');
            }
            match fixed(segment) {
                Some(name) => clean.push_str(&decode_name(name)?),
                None => clean.push_str(UNNAMED),
            }
        }
    }
    Some(clean)
}

/// The same as it is written.
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for name in path.split('/') {
        if !text.is_empty() {
            text.push('/');
        }
        text.push_str(&if name == UNNAMED { Cow::Borrowed(name) } else { escape_name(name, true) });
    }
    text
}

/// The white space of XML.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The default value; the format that it has becomes the first.
fn default_value(raw: Raw, formats: &mut [Format]) -> Result<Option<Value>, DdfErrorKind> {
    if raw.is_empty() && formats.first() == Some(&Format::Node) {
        return Ok(None);
    }
    let is_empty = raw.is_empty();
    let fits = match raw.value(formats.first().copied()) {
        TndsValue::Bytes(bytes) if formats.first() == Some(&Format::Bin) => Some((0, Value::Bin(bytes))),
        TndsValue::Bytes(bytes) if formats.first() == Some(&Format::B64) => Some((0, Value::B64(bytes))),
        TndsValue::Bytes(_) => None,
        TndsValue::Text(text) => formats.iter().enumerate().find_map(|(at, format)| Some((at, parse(*format, &text)?))),
    };
    match fits {
        Some((at, value)) => {
            if let Some(front) = formats.get_mut(..=at) {
                front.rotate_right(1);
            }
            Ok(Some(value))
        }
        None if is_empty => Ok(None),
        None => Err(DdfErrorKind::DefaultValue),
    }
}

fn parse(format: Format, text: &str) -> Option<Value> {
    let text = match format {
        Format::Bool if text == "1" || text.eq_ignore_ascii_case("true") => "true",
        Format::Bool if text == "0" || text.eq_ignore_ascii_case("false") => "false",
        Format::Chr | Format::Xml => text,
        _ => text.trim_matches(SPACE),
    };
    // `int` has 32 bits (§4.3 of the tree reference).
    Value::parse(format, text).filter(|value| !matches!(value, Value::Int(number) if i32::try_from(*number).is_err()))
}

fn properties(steps: &mut Steps<'_, '_>) -> Result<Properties, DdfErrorKind> {
    let mut all = Properties::default();
    loop {
        match steps.next()? {
            Step::Start("AccessType") => once(&mut all.access, access(steps)?)?,
            Step::Start("DefaultValue") => once(&mut all.default, steps.raw()?)?,
            Step::Start("DFFormat") => once(&mut all.formats, formats(steps)?)?,
            Step::Start("Occurrence") => once(&mut all.occurrence, occurrence(steps)?)?,
            Step::Start("Scope") => {
                let permanent = one_of(steps, [("Permanent", true), ("Dynamic", false)], DdfErrorKind::Scope)?;
                once(&mut all.permanent, permanent)?;
            }
            Step::Start("DFType") => once(&mut all.types, types(steps)?)?,
            Step::Start("CaseSense") => {
                let insensitive = one_of(steps, [("CIS", true), ("CS", false)], DdfErrorKind::CaseSense)?;
                once(&mut all.insensitive, insensitive)?;
            }
            Step::Other(name) if is_windows(name, "AllowedValues") => {
                all.constraint = constraint(steps)?.or(all.constraint);
            }
            Step::Start(_) | Step::Other(_) => steps.skip()?,
            Step::End => return Ok(all),
        }
    }
}

fn access(steps: &mut Steps<'_, '_>) -> Result<Access, DdfErrorKind> {
    let mut access = Access::NONE;
    let mut unknown = false;
    let text = steps.choices(|name, _| match ACCESS.into_iter().find(|(known, _)| *known == name) {
        Some((_, one)) => access = access | one,
        None => unknown |= name != "Copy",
    })?;
    if unknown || !text.is_empty() { Err(DdfErrorKind::Access) } else { Ok(access) }
}

fn formats(steps: &mut Steps<'_, '_>) -> Result<Vec<Format>, DdfErrorKind> {
    let mut formats = Vec::new();
    let mut unknown = false;
    let text = steps.choices(|name, _| match Format::from_name(name) {
        Some(format) if formats.contains(&format) => {}
        Some(format) => formats.push(format),
        None => unknown = true,
    })?;
    if formats.is_empty() && !unknown {
        formats.extend(Format::from_name(&text));
        unknown = formats.is_empty();
    } else {
        unknown |= !text.is_empty();
    }
    if unknown { Err(DdfErrorKind::Format) } else { Ok(formats) }
}

fn occurrence(steps: &mut Steps<'_, '_>) -> Result<Occurrence, DdfErrorKind> {
    let (child, text) = steps.choice()?;
    let (name, number) = child.filter(|_| text.is_empty()).ok_or(DdfErrorKind::Occurrence)?;
    let number = || number.parse().ok().filter(|number| (2..=65_536).contains(number)).ok_or(DdfErrorKind::Occurrence);
    Ok(match name.as_str() {
        "One" => Occurrence::One,
        "ZeroOrOne" => Occurrence::ZeroOrOne,
        "ZeroOrMore" => Occurrence::ZeroOrMore,
        "OneOrMore" => Occurrence::OneOrMore,
        "ZeroOrN" => Occurrence::ZeroOrN(number()?),
        "OneOrN" => Occurrence::OneOrN(number()?),
        _ => return Err(DdfErrorKind::Occurrence),
    })
}

/// One of two empty elements.
fn one_of(steps: &mut Steps<'_, '_>, known: [(&str, bool); 2], error: DdfErrorKind) -> Result<bool, DdfErrorKind> {
    let (child, text) = steps.choice()?;
    let (name, _) = child.filter(|_| text.is_empty()).ok_or(error)?;
    known.into_iter().find(|(known, _)| *known == name).map(|(_, meaning)| meaning).ok_or(error)
}

fn types(steps: &mut Steps<'_, '_>) -> Result<Vec<DfType>, DdfErrorKind> {
    let mut types = Vec::new();
    let mut unknown = false;
    let bare = steps.choices(|name, text| match name {
        "MIME" => types.push(DfType::Mime(text)),
        "DDFName" => types.push(DfType::DdfName(text)),
        _ => unknown = true,
    })?;
    if unknown { Err(DdfErrorKind::Type) } else { Ok(with_bare(types, bare)) }
}

/// Text without an element for it counts as a media type.
fn with_bare(mut types: Vec<DfType>, bare: String) -> Vec<DfType> {
    if !bare.is_empty() {
        types.push(DfType::Mime(bare));
    }
    types
}

fn is_windows(name: &Name<'_>, wanted: &str) -> bool {
    matches!(name, Name::Other { namespace, local } if namespace.as_str() == WINDOWS && local.as_str() == wanted)
}

/// The `AllowedValues` of Windows, as far as they are simple.
fn constraint(steps: &mut Steps<'_, '_>) -> Result<Option<Constraint>, DdfErrorKind> {
    let kind = steps.attribute("ValueType").unwrap_or_default();
    let mut values = Vec::new();
    let mut depth = 1_usize;
    while depth > 0 {
        match steps.next()? {
            Step::Other(name) if is_windows(name, "Value") => values.push(steps.word()?),
            Step::Other(name) if is_windows(name, "Enum") => depth = depth.saturating_add(1),
            Step::Start(_) | Step::Other(_) => steps.skip()?,
            Step::End => depth = depth.saturating_sub(1),
        }
    }
    Ok(match (kind, values.as_slice()) {
        ("Range", [range]) => read_range(range),
        ("ENUM", [_, ..]) => Some(Constraint::OneOf(values)),
        _ => None,
    })
}

/// `[0-1000]`, either number with a sign.
fn read_range(text: &str) -> Option<Constraint> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let start = usize::from(inner.starts_with('-'));
    let dash = inner.get(start..)?.find('-')?.checked_add(start)?;
    let low: i64 = inner.get(..dash)?.trim().parse().ok()?;
    let high: i64 = inner.get(dash.checked_add(1)?..)?.trim().parse().ok()?;
    (low <= high).then_some(Constraint::Range(low, high))
}

fn write_constraint(constraint: &Constraint) -> Option<Element<'static>> {
    let (kind, values): (_, Vec<Cow<'_, str>>) = match constraint {
        Constraint::Range(low, high) => ("Range", [Cow::Owned(format!("[{low}-{high}]"))].into()),
        Constraint::OneOf(values) => ("ENUM", values.iter().map(|value| Cow::Borrowed(value.as_str())).collect()),
        Constraint::MaxLen(_) => return None,
    };
    // Attributes come out of the reader of XML only.
    let skeleton = format!("<AllowedValues xmlns=\"{WINDOWS}\" ValueType=\"{kind}\"/>");
    let mut allowed = Element::parse_xml(skeleton.as_bytes(), &Limits::DEFAULT).ok()?.into_owned();
    let name = |local: &'static str| Name::Other { namespace: WINDOWS.into(), local: local.into() };
    for value in values {
        let value = Element::with_text(name("Value"), value.into_owned());
        if kind == "Range" {
            allowed.push(value);
        } else {
            let mut one = Element::new(name("Enum"));
            one.push(value);
            allowed.push(one);
        }
    }
    Some(allowed)
}
