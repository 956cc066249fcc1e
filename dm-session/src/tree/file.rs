//! The tree as a file.

use super::arena::Content;
use super::change::{Author, Input};
use super::definition::{Access, Constraint, External, MoDefinition, More, NodeDefinition, Occurrence};
use super::error::{TreeError, TreeErrorKind};
use super::limits::TreeLimits;
use super::mo_tree::{MoTree, Origin, TreeConfig};
use super::names;
use super::rights::Rights;
use super::subscription::{Pattern, Subscription};
use super::value::{Format, Value};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const VERSION: u32 = 1;
/// How a definition in a file writes an unnamed node.
pub(crate) const UNNAMED: &str = "<x>";

/// A whole tree as a serde value, for a file that a person can read (feature `serde`).
///
/// **It holds every secret of the device in the clear**: keep the file as you keep keys. `Debug`
/// shows nothing of it. The format needs a self-describing serde format such as JSON:
///
/// ```text
/// { "version": 1,
///   "definitions": [ "urn:…",                                  one that the device gives in TreeConfig
///                    { "moid": "urn:…", "ddf": "https://…", "cacheable": true, "readable_by_all": false,
///                      "nodes": [ { "path": "Sensor/Data/<x>", "format": "node", "access": "Get Add",
///                                   "occurrence": "ZeroOrMore", "permanent": false, "open": false,
///                                   "default": value, "formats": ["int"], "types": ["text/plain"],
///                                   "moid": "urn:…", "case_insensitive": true, "external": "deferred",
///                                   "constraint": { "range": [1, 9] } } … ] } … ],
///   "instances": [ { "moid": "urn:…", "miid": "west", "name": "Sensor", "cacheable": false,
///                    "rights": { "dm.example": "RW" },
///                    "nodes": { "ID": value, "Data/1/Date": value, "Ext": {} … } } … ],
///   "tree": [ { "path": "Vendor/Mail", "type": "net.example/1.0/Mail", "miid": "Mail", "rights": { … },
///               "acl": "Get=*", "title": "Mail", "verno": 1, "tstamp": "20240229T163000Z" },
///             { "path": "Vendor/Mail/Port", "value": 993, "type": "text/plain", "text": "0993" } … ],
///   "next_miid": { "urn:…": 3 … }, "retired_miids": { "urn:…": { "Mail": 2 … } … },
///   "defaults": [ { "moid": "urn:…", "server": "dm.example", "uri": "https://…" } … ],
///   "subscriptions": [ { "server": "dm.example", "uri": "urn:…/west/", "report_to": "https://…",
///                        "changed": false } … ],
///   "ended": [ { "server": …, "uri": …, "report_to": … } … ] }
///
/// value = "text" | 5 | true | null                             chr, int, bool, null
///       | { "bin": "AAEC" } | { "float": "0.5" } | { "date": "2026-01-31" } …   any format by name
///       | { "chr": null }                                      a leaf without a value now
///       | {}                                                   an interior node without children
/// ```
///
/// `definitions` has neither the built-in ones nor, inline, those of [`TreeConfig::definitions`].
/// Where the file and the device both define an MO, the device's definition holds. Lists and
/// members that are empty or have their default may be left out. Interior nodes exist by what is
/// below them. `tree` is what DM 1.x reaches by path, in its order; `.` is the root. Cache validators are not in it: every start has its own.
///
/// ```
/// use dm_session::tree::{MoTree, NewDevInfo, TreeConfig, TreeFile};
///
/// let mut tree = MoTree::new(TreeConfig::new(1))?;
/// tree.add_dev_info(NewDevInfo::new("IMEI:350000000000017", "Acme", "A1"))?;
/// let text = serde_json::to_string_pretty(&tree.to_file())?;
///
/// let file: TreeFile = serde_json::from_str(&text)?;
/// let again = MoTree::from_file(TreeConfig::new(2), file)?;
/// assert_eq!(again.dev_id(), tree.dev_id());
/// assert_eq!(serde_json::to_string_pretty(&again.to_file())?, text);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeFile {
    version: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    definitions: Vec<FileDefinition>,
    #[serde(default)]
    instances: Vec<FileInstance>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tree: Vec<PathNode>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    next_miid: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    retired_miids: BTreeMap<String, BTreeMap<String, u64>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    defaults: Vec<FileDefault>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<FileSubscription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended: Vec<FileSubscription>,
}

impl fmt::Debug for TreeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeFile")
            .field("version", &self.version)
            .field("instances", &self.instances.len())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq)]
enum FileDefinition {
    Known(String),
    Inline(InlineDefinition),
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InlineDefinition {
    moid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ddf: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    cacheable: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    readable_by_all: bool,
    nodes: Vec<FileNode>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNode {
    path: String,
    format: String,
    access: String,
    occurrence: String,
    #[serde(default, skip_serializing_if = "is_no")]
    permanent: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    open: bool,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    default: Option<FileValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    formats: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    case_insensitive: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraint: Option<FileConstraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external: Option<FileExternal>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileConstraint {
    Range(i64, i64),
    OneOf(Vec<String>),
    MaxLen(usize),
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileExternal {
    Deferred,
    Immediate,
    Irreversible,
}

/// A value that is there; `null` is one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FileValue>, D::Error> {
    FileValue::deserialize(deserializer).map(Some)
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileInstance {
    moid: String,
    miid: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cacheable: Option<bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rights: BTreeMap<String, String>,
    #[serde(default)]
    nodes: FileNodes,
}

/// A node that is reached by path.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathNode {
    pub(crate) path: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<FileValue>,
    /// The media type of a leaf, the MO of an interior node.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// The text of the value where it is not the canonical one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) miid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cacheable: Option<bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) rights: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acl: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) verno: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tstamp: Option<String>,
}

/// Paths and values in their order.
#[derive(Clone, Default, PartialEq)]
struct FileNodes(Vec<(String, FileValue)>);

#[derive(Clone, PartialEq)]
pub(crate) enum FileValue {
    Value(Value),
    Empty(Format),
    Interior,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDefault {
    moid: String,
    server: String,
    uri: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSubscription {
    server: String,
    uri: String,
    report_to: String,
    #[serde(default, skip_serializing_if = "is_no")]
    changed: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_no(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl MoTree {
    /// The tree as a file value; while a transaction is open, as it is within it.
    #[must_use]
    pub fn to_file(&self) -> TreeFile {
        let mos = || self.by_moid.values().filter_map(|number| self.mos.get(*number));
        let definitions = mos().filter_map(|mo| match (&mo.definition, mo.origin) {
            (Some(definition), Origin::Learned) => Some(FileDefinition::Inline(save_definition(definition))),
            (Some(_), Origin::Config) => Some(FileDefinition::Known(mo.moid.to_string())),
            _ => None,
        });
        let subscription = |(server, uri): &(String, String), report_to: &String, changed| FileSubscription {
            server: server.clone(),
            uri: uri.clone(),
            report_to: report_to.clone(),
            changed,
        };
        TreeFile {
            version: VERSION,
            definitions: definitions.collect(),
            instances: mos().flat_map(|mo| &mo.by_age).filter_map(|id| self.save_instance(*id)).collect(),
            #[cfg(feature = "dm1")]
            tree: self.save_paths(),
            #[cfg(not(feature = "dm1"))]
            tree: Vec::new(),
            retired_miids: mos()
                .filter(|mo| !mo.retired.is_empty())
                .map(|mo| {
                    let retired = mo.retired.iter().map(|(miid, count)| (miid.to_string(), *count));
                    (mo.moid.to_string(), retired.collect())
                })
                .collect(),
            next_miid: mos().filter(|mo| mo.next_miid != 1).map(|mo| (mo.moid.to_string(), mo.next_miid)).collect(),
            defaults: self
                .defaults()
                .map(|(moid, server, uri)| FileDefault { moid: moid.into(), server: server.into(), uri: uri.into() })
                .collect(),
            subscriptions: self
                .subscriptions
                .iter()
                .map(|(key, it)| subscription(key, &it.server_uri, it.changed))
                .collect(),
            ended: self.ended.iter().map(|(key, report_to)| subscription(key, report_to, false)).collect(),
        }
    }

    fn save_instance(&self, id: u64) -> Option<FileInstance> {
        let instance = self.instances.get(&id)?;
        let mo = self.mos.get(instance.mo)?;
        // What hangs in the tree is saved with it.
        self.arena.get(instance.root).filter(|root| root.parent.is_none())?;
        let mut nodes = Vec::new();
        let mut open: Vec<_> = self.arena.children(instance.root).into_iter().rev().collect();
        while let Some(id) = open.pop() {
            let node = self.arena.get(id)?;
            let value = match &node.content {
                Content::Leaf { value: Some(value), .. } => FileValue::Value(value.clone()),
                Content::Leaf { format, value: None } => FileValue::Empty(*format),
                Content::Interior(children) if children.is_empty() => FileValue::Interior,
                Content::Interior(_) => {
                    open.extend(self.arena.children(id).into_iter().rev());
                    continue;
                }
            };
            nodes.push((self.arena.path(id).join("/"), value));
        }
        let usual = mo.definition.as_ref().is_none_or(MoDefinition::is_cacheable);
        Some(FileInstance {
            moid: mo.moid.to_string(),
            miid: instance.miid.to_string(),
            name: self.arena.get(instance.root)?.name.to_string(),
            cacheable: (instance.cacheable != usual).then_some(instance.cacheable),
            rights: instance.rights.iter().map(|(server, rights)| (server.clone(), rights.to_string())).collect(),
            nodes: FileNodes(nodes),
        })
    }

    /// A tree from a file value. Nothing in the file is trusted; occurrences and conditions of nodes that are reached by
    /// path are not looked at, because a server may be in the middle of making them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) and [`create_instance`](Self::create_instance), with the place in the file;
    /// [`TreeErrorKind::UnsupportedVersion`]; [`TreeErrorKind::UndefinedMo`] for a definition that the
    /// device does not have; [`TreeErrorKind::Malformed`] for text that is no format, access,
    /// occurrence or right; [`TreeErrorKind::NotFound`] for what belongs to a server without account;
    /// [`TreeErrorKind::LimitExceeded`].
    pub fn from_file(config: TreeConfig, file: TreeFile) -> Result<Self, TreeError> {
        if file.version != VERSION {
            return Err(TreeErrorKind::UnsupportedVersion.at("version"));
        }
        let mut tree = Self::new(config)?;
        for (index, definition) in file.definitions.into_iter().enumerate() {
            let at = format!("definitions[{index}]");
            match definition {
                FileDefinition::Known(moid) if tree.definition(&moid).is_none() => {
                    return Err(TreeErrorKind::UndefinedMo.at(at));
                }
                FileDefinition::Known(_) => {}
                FileDefinition::Inline(inline) => {
                    let known = tree.mo(&inline.moid).map(|mo| mo.origin);
                    if matches!(known, Some(Origin::BuiltIn | Origin::Config)) {
                        continue;
                    }
                    let definition = load_definition(inline).map_err(|error| error.within(&at))?;
                    tree.add_definition(definition, Origin::Learned).map_err(|error| error.kind().at(&at))?;
                }
            }
        }
        tree.load_instances(file.instances)?;
        #[cfg(feature = "dm1")]
        tree.load_paths(file.tree)?;
        #[cfg(not(feature = "dm1"))]
        if !file.tree.is_empty() {
            return Err(TreeErrorKind::NotDefined.at("tree"));
        }
        tree.load_retired(file.retired_miids)?;
        for (moid, next) in file.next_miid {
            let at = |kind: TreeErrorKind| kind.at(format!("next_miid[{moid:?}]"));
            names::check_moid(&moid, &tree.limits()).map_err(|error| at(error.kind()))?;
            if tree.mos.len() >= tree.limits().definitions.saturating_add(tree.limits().instances) {
                return Err(at(TreeErrorKind::LimitExceeded));
            }
            let number = tree.mo_number(&moid);
            if let Some(mo) = tree.mos.get_mut(number) {
                mo.next_miid = next;
            }
        }
        tree.load_defaults(file.defaults)?;
        tree.load_subscriptions(file.subscriptions, file.ended)?;
        Ok(tree)
    }

    fn load_instances(&mut self, instances: Vec<FileInstance>) -> Result<(), TreeError> {
        let mut mos = Vec::new();
        for (index, instance) in instances.iter().enumerate() {
            let mo = self.mo_for_creation(&instance.moid);
            mos.push(mo.map_err(|error| error.kind().at(format!("instances[{index}].moid")))?);
        }
        let limits = self.limits();
        self.change(Author::Device, |change| {
            for (index, (instance, mo)) in instances.into_iter().zip(mos).enumerate() {
                let at = |kind: TreeErrorKind, what: &str| kind.at(format!("instances[{index}]{what}"));
                let root =
                    change.add_instance(mo, Some(&instance.miid), &instance.name).map_err(|kind| at(kind, ""))?;
                for (path, value) in instance.nodes.0 {
                    let there = |error: TreeError| at(error.kind(), &format!(".nodes[{path:?}]"));
                    if change.tree.descend(root, &path).is_some() {
                        return Err(there(TreeErrorKind::AlreadyExists.at("")));
                    }
                    match value {
                        FileValue::Value(value) => change.put(root, &path, Input::Value(value)),
                        FileValue::Empty(format) => change.put(root, &path, Input::Empty(format)),
                        FileValue::Interior => change.interior(root, &path).map(|_| ()),
                    }
                    .map_err(there)?;
                }
                let rights = read_rights(instance.rights, &limits)
                    .map_err(|error| error.within(&format!("instances[{index}]")))?;
                if let Some((id, _)) = change.tree.instance_of(root)
                    && let Some(made) = change.tree.instances.get_mut(&id)
                {
                    made.rights = rights;
                    made.cacheable = instance.cacheable.unwrap_or(made.cacheable);
                }
            }
            Ok(())
        })
    }

    fn load_retired(&mut self, retired: BTreeMap<String, BTreeMap<String, u64>>) -> Result<(), TreeError> {
        let limits = self.limits();
        for (moid, miids) in retired {
            let at = |kind: TreeErrorKind| kind.at(format!("retired_miids[{moid:?}]"));
            names::check_moid(&moid, &limits).map_err(|error| at(error.kind()))?;
            if self.mos.len() >= limits.definitions.saturating_add(limits.instances) {
                return Err(at(TreeErrorKind::LimitExceeded));
            }
            let number = self.mo_number(&moid);
            for (miid, count) in miids {
                names::check_name(&miid, &limits).map_err(at)?;
                if !self.is_to_remember(number, &miid) {
                    return Err(at(TreeErrorKind::LimitExceeded));
                }
                self.remember(number, &miid, Some(count));
            }
        }
        Ok(())
    }

    fn load_defaults(&mut self, defaults: Vec<FileDefault>) -> Result<(), TreeError> {
        let limits = self.limits();
        for (index, default) in defaults.into_iter().enumerate() {
            let at = |kind: TreeErrorKind, what: &str| kind.at(format!("defaults[{index}]{what}"));
            names::check_moid(&default.moid, &limits).map_err(|error| at(error.kind(), ".moid"))?;
            names::check_http_uri(&default.uri, &limits).map_err(|kind| at(kind, ".uri"))?;
            if !self.accounts_by_id().contains_key(&default.server) {
                return Err(at(TreeErrorKind::NotFound, ".server"));
            }
            if self.defaults.len() >= limits.defaults {
                return Err(at(TreeErrorKind::LimitExceeded, ""));
            }
            if self.defaults.insert(default.moid, (default.server, default.uri)).is_some() {
                return Err(at(TreeErrorKind::AlreadyExists, ".moid"));
            }
        }
        Ok(())
    }

    fn load_subscriptions(
        &mut self,
        live: Vec<FileSubscription>,
        ended: Vec<FileSubscription>,
    ) -> Result<(), TreeError> {
        let limits = self.limits();
        let live = live.into_iter().enumerate().map(|(index, it)| (false, index, it));
        for (has_ended, index, it) in live.chain(ended.into_iter().enumerate().map(|(index, it)| (true, index, it))) {
            let list = if has_ended { "ended" } else { "subscriptions" };
            let at = |kind: TreeErrorKind, what: &str| kind.at(format!("{list}[{index}]{what}"));
            names::check_http_uri(&it.report_to, &limits).map_err(|kind| at(kind, ".report_to"))?;
            let pattern = Pattern::new(&self.parse(&it.uri).map_err(|kind| at(kind, ".uri"))?);
            if !self.accounts_by_id().contains_key(&it.server) {
                return Err(at(TreeErrorKind::NotFound, ".server"));
            }
            if self.subscriptions.len().saturating_add(self.ended.len()) >= limits.subscriptions {
                return Err(at(TreeErrorKind::LimitExceeded, ""));
            }
            let key = (it.server, it.uri);
            let twice = if has_ended {
                self.ended.insert(key, it.report_to).is_some()
            } else {
                let subscription = Subscription { server_uri: it.report_to, changed: it.changed, pattern };
                self.subscriptions.insert(key, subscription).is_some()
            };
            if twice {
                return Err(at(TreeErrorKind::AlreadyExists, ""));
            }
        }
        Ok(())
    }
}

/// The rights on an instance.
pub(crate) fn read_rights(
    letters: BTreeMap<String, String>,
    limits: &TreeLimits,
) -> Result<BTreeMap<String, Rights>, TreeError> {
    let mut rights = BTreeMap::new();
    for (server, letters) in letters {
        let at = |kind: TreeErrorKind| kind.at(format!(".rights[{server:?}]"));
        names::check_server_id(&server, limits).map_err(at)?;
        let granted = Rights::from_letters(&letters).filter(|rights| !rights.is_empty());
        let granted = granted.ok_or_else(|| at(TreeErrorKind::Malformed))?;
        if rights.len() >= limits.grants {
            return Err(at(TreeErrorKind::LimitExceeded));
        }
        rights.insert(server, granted);
    }
    Ok(rights)
}

fn save_definition(definition: &MoDefinition) -> InlineDefinition {
    let mut paths: Vec<String> = Vec::new();
    let mut nodes = Vec::new();
    for entry in definition.entries() {
        let name = entry.name.as_deref().unwrap_or(UNNAMED);
        let path = match entry.parent().and_then(|parent| paths.get(parent)) {
            Some(parent) => format!("{parent}/{name}"),
            None => name.to_string(),
        };
        let more = entry.more.as_deref().cloned().unwrap_or_default();
        nodes.push(FileNode {
            path: path.clone(),
            format: entry.format.to_string(),
            access: entry.access.to_string(),
            occurrence: entry.occurrence.to_string(),
            permanent: entry.permanent,
            open: entry.open,
            default: entry.default.clone().map(FileValue::Value),
            formats: more.formats.iter().map(ToString::to_string).collect(),
            types: more.types.iter().map(ToString::to_string).collect(),
            moid: more.moid.as_deref().map(ToString::to_string),
            case_insensitive: more.case_insensitive,
            constraint: more.constraint.as_ref().map(|constraint| match constraint {
                Constraint::Range(from, to) => FileConstraint::Range(*from, *to),
                Constraint::OneOf(texts) => FileConstraint::OneOf(texts.clone()),
                Constraint::MaxLen(len) => FileConstraint::MaxLen(*len),
            }),
            external: more.external.map(|external| match external {
                External::Deferred => FileExternal::Deferred,
                External::Immediate => FileExternal::Immediate,
                External::Irreversible => FileExternal::Irreversible,
            }),
        });
        paths.push(path);
    }
    InlineDefinition {
        moid: definition.moid().to_string(),
        ddf: definition.ddf().map(ToString::to_string),
        cacheable: definition.is_cacheable(),
        readable_by_all: definition.is_readable_by_all(),
        nodes,
    }
}

fn load_definition(inline: InlineDefinition) -> Result<MoDefinition, TreeError> {
    let mut definition =
        MoDefinition::empty(inline.moid).with_cacheable(inline.cacheable).with_readable_by_all(inline.readable_by_all);
    if let Some(ddf) = inline.ddf {
        definition = definition.with_ddf(ddf);
    }
    // Interior nodes by path; leaves have nothing below them.
    let mut interiors: BTreeMap<String, usize> = BTreeMap::new();
    for (index, node) in inline.nodes.into_iter().enumerate() {
        let at = |kind: TreeErrorKind, what: &str| kind.at(format!(".nodes[{index}]{what}"));
        let format = Format::from_name(&node.format).ok_or_else(|| at(TreeErrorKind::Malformed, ".format"))?;
        let access = Access::from_names(&node.access).ok_or_else(|| at(TreeErrorKind::Malformed, ".access"))?;
        let occurrence =
            Occurrence::from_name(&node.occurrence).ok_or_else(|| at(TreeErrorKind::Malformed, ".occurrence"))?;
        let (parent, name) = match node.path.rsplit_once('/') {
            None if index == 0 => (None, node.path.as_str()),
            Some((above, name)) => {
                (Some(*interiors.get(above).ok_or_else(|| at(TreeErrorKind::NotFound, ".path"))?), name)
            }
            None => return Err(at(TreeErrorKind::InvalidDefinition, ".path")),
        };
        let name = (name != UNNAMED).then(|| name.to_string());
        let default = match node.default {
            None => None,
            Some(FileValue::Value(value)) => Some(value),
            Some(_) => return Err(at(TreeErrorKind::Malformed, ".default")),
        };
        let formats = node.formats.iter().map(|name| Format::from_name(name)).collect::<Option<Vec<Format>>>();
        let more = More {
            formats: formats.ok_or_else(|| at(TreeErrorKind::Malformed, ".formats"))?,
            types: node.types.into_iter().map(String::into_boxed_str).collect(),
            moid: node.moid.map(String::into_boxed_str),
            case_insensitive: node.case_insensitive,
            constraint: node.constraint.map(|constraint| match constraint {
                FileConstraint::Range(from, to) => Constraint::Range(from, to),
                FileConstraint::OneOf(texts) => Constraint::OneOf(texts),
                FileConstraint::MaxLen(len) => Constraint::MaxLen(len),
            }),
            external: node.external.map(|external| match external {
                FileExternal::Deferred => External::Deferred,
                FileExternal::Immediate => External::Immediate,
                FileExternal::Irreversible => External::Irreversible,
            }),
        };
        let flags = (node.permanent, node.open);
        let mut entry = NodeDefinition::from_parts(name, format, access, occurrence, flags, default);
        entry.more = (more != More::default()).then(|| Box::new(more));
        let number = definition.push(entry, parent);
        if format == Format::Node && interiors.insert(node.path, number).is_some() {
            return Err(at(TreeErrorKind::AlreadyExists, ".path"));
        }
    }
    Ok(definition)
}

impl Serialize for FileDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(moid) => serializer.serialize_str(moid),
            Self::Inline(inline) => inline.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FileDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = FileDefinition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the MOID of a known definition, or a definition")
            }

            fn visit_str<E: serde::de::Error>(self, moid: &str) -> Result<FileDefinition, E> {
                Ok(FileDefinition::Known(moid.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FileDefinition, A::Error> {
                InlineDefinition::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(FileDefinition::Inline)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Serialize for FileNodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(path, value)| (path, value)))
    }
}

impl<'de> Deserialize<'de> for FileNodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nodes;
        impl<'de> Visitor<'de> for Nodes {
            type Value = FileNodes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("paths and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileNodes, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = map.next_entry()? {
                    nodes.push(node);
                }
                Ok(FileNodes(nodes))
            }
        }
        deserializer.deserialize_map(Nodes)
    }
}

impl Serialize for FileValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (format, text) = match self {
            Self::Value(Value::Chr(text)) => return serializer.serialize_str(text),
            Self::Value(Value::Int(number)) => return serializer.serialize_i64(*number),
            Self::Value(Value::Bool(truth)) => return serializer.serialize_bool(*truth),
            Self::Value(Value::Null) => return serializer.serialize_unit(),
            Self::Value(value) => (value.format(), Some(value.text())),
            Self::Empty(format) => (*format, None),
            Self::Interior => return serializer.serialize_map(Some(0))?.end(),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(format.as_str(), &text)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for FileValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;
        impl<'de> Visitor<'de> for AnyValue {
            type Value = FileValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, an integer, true, false, null, or one format with its text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FileValue, E> {
                Ok(FileValue::Value(Value::Chr(text.to_string())))
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<FileValue, E> {
                Ok(FileValue::Value(Value::Chr(text)))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<FileValue, E> {
                Ok(FileValue::Value(Value::Int(number)))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<FileValue, E> {
                let number =
                    i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
                self.visit_i64(number)
            }

            fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<FileValue, E> {
                Ok(FileValue::Value(Value::Bool(truth)))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<FileValue, E> {
                Ok(FileValue::Value(Value::Null))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileValue, A::Error> {
                let Some((name, text)) = map.next_entry::<Cow<'_, str>, Option<String>>()? else {
                    return Ok(FileValue::Interior);
                };
                let format = Format::from_name(&name).filter(|format| *format != Format::Node);
                let format = format.ok_or_else(|| A::Error::custom("not the name of a leaf's format"))?;
                if map.next_key::<Cow<'_, str>>()?.is_some() {
                    return Err(A::Error::custom("a value of two formats"));
                }
                // The text is not repeated in the message: it may be a secret.
                match text {
                    None => Ok(FileValue::Empty(format)),
                    Some(text) => Value::parse(format, &text)
                        .map(FileValue::Value)
                        .ok_or_else(|| A::Error::custom(format_args!("not a value of format {format}"))),
                }
            }
        }
        deserializer.deserialize_any(AnyValue)
    }
}
