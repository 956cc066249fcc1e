//! How a tree serves DM 1.x.

use super::super::definition::NodeDefinition;
use alloc::string::String;
use alloc::vec::Vec;

/// How a tree is addressed by path: its limits, its description and the choices that the standard leaves.
///
/// ```
/// use dm_session::tree::{Format, MoTree, NodeDefinition, TreeConfig, dm1};
///
/// let vendor = NodeDefinition::interior("Vendor").permanent().open();
/// let tree = MoTree::new(TreeConfig::new(1).with_dm1(dm1::Config::new().with_node("Vendor", vendor)))?;
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The limits of URIs, which `./DevDetail/URI` shows.
    pub uri: UriLimits,
    /// Descriptions by path (`Vendor/Radio`, names joined by slashes). What no description covers below an open node
    /// is a free area. The root is open unless [`closed`](Self::closed).
    pub nodes: Vec<(String, NodeDefinition)>,
    /// Whether there is nothing below the root but what is described.
    pub closed: bool,
    /// ACL of the root at first. `Add=*&Get=*` unless told otherwise.
    pub root_acl: String,
    /// Which optional properties there are: all unless told otherwise. The others are answered 406.
    pub properties: Properties,
    /// Rules of Windows peers instead of OMA's where they differ (§2.6 of the tree reference): names without case,
    /// `./Device` and `./User` in front, no ACLs.
    pub windows: bool,
    /// Whether missing parents are created with an Add (the default), else 404.
    pub implicit_parents: bool,
    /// Whether the automatic ACL of a new interior node is the literal grant only, without the inherited Get entry.
    pub literal_grant: bool,
    /// Whether Delete needs the right on every descendant (the default).
    pub delete_descendants: bool,
    /// Whether a Replace without Format and Type means `chr` and `text/plain`, as the text has it; else (the default)
    /// the node keeps its own.
    pub strict_meta: bool,
    /// Whether Copy is supported; else 406.
    pub copy: bool,
    /// Whether Exec is supported; else 406.
    pub exec: bool,
    /// Whether `?list=Struct` and `?list=StructData` are supported; else 406.
    pub lists: bool,
    /// Whether servers may use TNDS; else 415 for data, 406 for `?list=TNDS`. Bootstraps and the device itself always may.
    pub tnds: bool,
    /// Whether large objects are supported, as `./DevDetail/LrgObj` shows. The tree itself has no use for it.
    pub large_objects: bool,
    /// Whether an Add of TNDS goes over interior nodes that are there (not the default: 418).
    pub merge: bool,
    /// Whether the start node of a `?list=TNDS` has its name and the path to its parent, instead of an empty name.
    pub named_start: bool,
    /// Whether characters outside of ASCII are escaped in URIs that are sent (the default).
    pub escape_non_ascii: bool,
}

/// The optional properties of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Properties {
    /// `Size`.
    pub size: bool,
    /// `Title`.
    pub title: bool,
    /// `TStamp`.
    pub tstamp: bool,
    /// `VerNo`.
    pub verno: bool,
}

impl Properties {
    /// All of them.
    pub const ALL: Self = Self { size: true, title: true, tstamp: true, verno: true };
    /// None of them.
    pub const NONE: Self = Self { size: false, title: false, tstamp: false, verno: false };
}

/// Limits of URIs; 0 is none, as in `./DevDetail/URI`, but for the hard caps of 64 segments, 4096 characters and 1024
/// characters of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UriLimits {
    /// Segments of a URI (`MaxDepth`), the leading `.` not counted.
    pub max_depth: u16,
    /// Characters of a URI (`MaxTotLen`), its query counted.
    pub max_total_len: u16,
    /// Characters of a segment (`MaxSegLen`), as it is written.
    pub max_segment_len: u16,
}

impl UriLimits {
    /// The hard caps only.
    pub const NONE: Self = Self { max_depth: 0, max_total_len: 0, max_segment_len: 0 };

    /// These limits.
    #[must_use]
    pub const fn new(max_depth: u16, max_total_len: u16, max_segment_len: u16) -> Self {
        Self { max_depth, max_total_len, max_segment_len }
    }
}

impl Config {
    /// The defaults: an open root, no limits of URIs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            uri: UriLimits::NONE,
            nodes: Vec::new(),
            closed: false,
            root_acl: String::from("Add=*&Get=*"),
            properties: Properties::ALL,
            windows: false,
            implicit_parents: true,
            literal_grant: false,
            delete_descendants: true,
            strict_meta: false,
            copy: true,
            exec: true,
            lists: true,
            tnds: true,
            large_objects: true,
            merge: false,
            named_start: false,
            escape_non_ascii: true,
        }
    }

    /// The same with other limits of URIs.
    #[must_use]
    pub const fn with_uri_limits(mut self, limits: UriLimits) -> Self {
        self.uri = limits;
        self
    }

    /// The same with the description of the node at `path`, which ends with its name (`<x>` for an unnamed one).
    ///
    /// It takes the place of a description that is there. Nodes above it that nothing describes are permanent free areas.
    /// A path may lead into the built-in MOs: `DevDetail/Ext/Acme`.
    #[must_use]
    pub fn with_node(mut self, path: impl Into<String>, node: NodeDefinition) -> Self {
        self.nodes.push((path.into(), node));
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
