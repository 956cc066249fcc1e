//! What a row wants its store to be.

use crate::Timestamp;
use crate::tree::dm1::{self, Command, Content, Data, Outcome, Principal, Reply, Request, Store, UriLimits};
use crate::tree::{
    Access, Constraint, External, Format, MoDefinition, MoTree, NodeDefinition, Occurrence, TreeConfig, TreeError,
    TreeErrorKind, TreeLimits, Value,
};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_package::Strictness;

/// The time that the rows run at: 2024-02-29, 16:30:00 UTC.
pub const F0_CLOCK: Timestamp = Timestamp::from_millis(1_709_224_200_000);
/// The time that the setup is made at: earlier, so that a change shows.
const SETUP_CLOCK: Timestamp = Timestamp::from_millis(1_709_200_000_000);

/// The identifier of the MO at `./Vendor/Mail`.
pub const MAIL: &str = "net.example.dm/1.0/Mail";
/// The identifier of DM accounts of DM 1.2.
const DMACC: &str = "urn:oma:mo:oma-dm-dmacc:1.0";

/// What a row wants its store to be, as plain data. A host makes such a store in its own way; for a
/// [`MoTree`] that is [`build_tree`](Self::build_tree).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// Limits of URIs, switches, and the described nodes outside of MOs.
    pub config: dm1::Config,
    /// How URIs and data are read.
    pub strictness: Strictness,
    /// What the tree may grow to.
    pub limits: TreeLimits,
    /// Descriptions of MOs.
    pub definitions: Vec<MoDefinition>,
    /// The nodes, parents before children, added by the device itself in this order.
    pub nodes: Vec<SetupNode>,
}

/// A node of a [`Setup`]. One that a description makes appear by itself is listed if it has a value or properties.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetupNode {
    /// Where it is.
    pub uri: String,
    /// What it holds; binary values are bytes.
    pub content: Content,
    /// Its own ACL, if it has one.
    pub acl: Option<String>,
    /// Its Title, if it has one.
    pub title: Option<String>,
}

impl SetupNode {
    /// A node without ACL and Title.
    pub(crate) fn new(uri: &str, content: impl Into<Content>) -> Self {
        Self { uri: uri.to_owned(), content: content.into(), acl: None, title: None }
    }

    /// The same with an ACL.
    pub(crate) fn with_acl(mut self, acl: &str) -> Self {
        self.acl = Some(acl.to_owned());
        self
    }
}

impl Setup {
    /// The tree that the rows start from unless they say otherwise.
    #[must_use]
    pub fn f0() -> Self {
        let node = SetupNode::new;
        let text = |uri: &str, text: &str| SetupNode::new(uri, text);
        let leaf = |uri: &str, format: &str, text: &str| SetupNode::new(uri, Content::from(text).with_format(format));
        let icon = Content::new(Data::Bytes([1, 2, 3].to_vec())).with_format("bin").with_type("image/png");
        Self {
            config: dm1::Config::new().with_uri_limits(UriLimits::new(8, 120, 20)).with_node("Vendor", Self::vendor()),
            strictness: Strictness::Strict,
            limits: TreeLimits::DEFAULT,
            definitions: Vec::from([mail(&BTreeMap::new()), dmacc()]),
            nodes: Vec::from([
                text("./DevInfo/DevId", "IMEI:350000000000017"),
                text("./DevInfo/Man", "Acme"),
                text("./DevInfo/Mod", "A1"),
                text("./DevInfo/DmV", "1.2"),
                text("./DevInfo/Lang", "en"),
                node("./DMAcc/1", Content::mo(DMACC)).with_acl("Get=S1&Replace=S1&Delete=S1"),
                text("./DMAcc/1/AppID", "w7"),
                text("./DMAcc/1/ServerID", "S1"),
                text("./DMAcc/1/Name", "First"),
                node("./DMAcc/1/AppAddr", Content::node()),
                node("./DMAcc/1/AppAddr/1", Content::node()),
                text("./DMAcc/1/AppAddr/1/Addr", "https://dm.example/dm"),
                text("./DMAcc/1/AppAddr/1/AddrType", "URI"),
                node("./DMAcc/1/AppAuth", Content::node()),
                node("./DMAcc/1/AppAuth/1", Content::node()),
                text("./DMAcc/1/AppAuth/1/AAuthLevel", "CLCRED"),
                text("./DMAcc/1/AppAuth/1/AAuthType", "DIGEST"),
                text("./DMAcc/1/AppAuth/1/AAuthName", "device"),
                text("./DMAcc/1/AppAuth/1/AAuthSecret", "s3cret"),
                node("./Vendor", Content::node()).with_acl("Add=S1&Delete=S1&Exec=S1&Get=S1+S2&Replace=S1"),
                node("./Vendor/Mail", Content::mo(MAIL)),
                text("./Vendor/Mail/Server", "mail.example.net"),
                leaf("./Vendor/Mail/Port", "int", "993"),
                node("./Vendor/Mail/Icon", icon),
                text("./Vendor/Mail/Note", ""),
                text("./Vendor/Mail/Secret", "pw"),
                text("./Vendor/Mail/Keep", "k"),
                leaf("./Vendor/Mail/Run", "null", ""),
                node("./Vendor/Empty", Content::node()),
                leaf("./Vendor/Fixed", "int", "5"),
                node("./Vendor/Own", Content::node()).with_acl("Get=S2&Replace=S2"),
                text("./Vendor/Own/x", "1"),
            ]),
        }
    }

    /// The example of ACLs in the tree specification. `Node3` is interior, all others below `NodeA` and `NodeB` are
    /// leaves, as `NodeC` is.
    #[must_use]
    pub fn acl_example() -> Self {
        let interior = |uri: &str| SetupNode::new(uri, Content::node());
        let leaf = |uri: &str| SetupNode::new(uri, "v");
        Self {
            config: dm1::Config::new(),
            strictness: Strictness::Strict,
            limits: TreeLimits::DEFAULT,
            definitions: Vec::new(),
            nodes: Vec::from([
                interior("./NodeA").with_acl("Get=ServerC&Replace=ServerC"),
                leaf("./NodeA/Node1").with_acl("Get=*"),
                interior("./NodeB").with_acl("Get=ServerA&Replace=ServerA"),
                leaf("./NodeB/Node2"),
                interior("./NodeB/Node3").with_acl("Get=ServerB&Replace=ServerB&Delete=ServerB"),
                leaf("./NodeB/Node3/Node4"),
                leaf("./NodeB/Node3/Node5").with_acl("Get=ServerA&Replace=ServerA&Get=ServerB"),
                leaf("./NodeC").with_acl("Get=ServerA&Replace=ServerA"),
            ]),
        }
    }

    /// Makes a tree of it.
    ///
    /// # Errors
    ///
    /// Those of [`MoTree::new`], and the first node that could not be made, with the status.
    pub fn build_tree(&self) -> Result<MoTree, TreeError> {
        let mut config = TreeConfig::new(0x5eed)
            .with_strictness(self.strictness)
            .with_limits(self.limits)
            .with_dm1(self.config.clone());
        for definition in &self.definitions {
            config = config.with_definition(definition.clone());
        }
        let mut tree = MoTree::new(config)?;
        let mut apply = |command: Command| {
            let mut request = Request::new(Principal::Local, command).at(SETUP_CLOCK);
            loop {
                match tree.apply(&request) {
                    Outcome::Done(answer) => return answer.status.code(),
                    Outcome::Ask(asks) if request.replies.len() < asks.len() => {
                        request.replies = asks.iter().map(|_| Reply::Done).collect();
                    }
                    Outcome::Ask(_) => return 500,
                }
            }
        };
        for node in &self.nodes {
            let uri = &node.uri;
            let is_interior = node.content.format.as_deref() == Some("node");
            let mut statuses = Vec::new();
            if apply(Command::get(format!("{uri}?prop=Name"))) == 404 {
                statuses.push(apply(Command::add(uri.clone(), node.content.clone())));
            } else if !is_interior {
                statuses.push(apply(Command::replace(uri.clone(), node.content.clone())));
            }
            for (property, text) in [("ACL", &node.acl), ("Title", &node.title)] {
                if let Some(text) = text {
                    statuses.push(apply(Command::replace(format!("{uri}?prop={property}"), text.as_str())));
                }
            }
            if let Some(status) = statuses.into_iter().find(|status| *status != 200) {
                return Err(TreeErrorKind::InvalidDefinition.at(format!("setup of {uri}: {status}")));
            }
        }
        Ok(tree)
    }

    /// Sets the rules to the lenient ones.
    pub(crate) fn lenient(&mut self) {
        self.strictness = Strictness::Lenient;
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strictness == Strictness::Strict
    }

    /// The description of `./Vendor`, to be changed and given to [`describe`](Self::describe).
    pub(crate) fn vendor() -> NodeDefinition {
        let fixed = NodeDefinition::leaf("Fixed", Format::Int).permanent().with_access(Access::GET | Access::REPLACE);
        NodeDefinition::interior("Vendor").permanent().open().with_access(Access::DATA).with(fixed)
    }

    /// Describes the node at a path (`Vendor/Radio`), instead of how it was described before.
    pub(crate) fn describe(&mut self, path: &str, node: NodeDefinition) {
        self.config.nodes.retain(|(other, _)| other != path);
        self.config.nodes.push((path.to_owned(), node));
    }

    /// Adds a node, or gives one that is listed another content, ACL and Title. Paths are as in the table.
    pub(crate) fn put(&mut self, node: SetupNode) {
        let uri = if node.uri.starts_with('.') { node.uri.clone() } else { format!("./Vendor/{}", node.uri) };
        let node = SetupNode { uri, ..node };
        match self.nodes.iter_mut().find(|other| other.uri == node.uri) {
            Some(other) => *other = node,
            None => self.nodes.push(node),
        }
    }

    /// The listed node at this path of the table, to be changed. One that is not listed is added: an interior node.
    #[expect(clippy::indexing_slicing, reason = "the index was found, or is that of the node just added")]
    pub(crate) fn node(&mut self, path: &str) -> &mut SetupNode {
        let uri = if path.starts_with('.') { path.to_owned() } else { format!("./Vendor/{path}") };
        let index = self.nodes.iter().position(|node| node.uri == uri).unwrap_or(self.nodes.len());
        if index == self.nodes.len() {
            self.nodes.push(SetupNode::new(&uri, Content::node()));
        }
        &mut self.nodes[index]
    }

    /// Takes the listed node at this path and all below it away.
    pub(crate) fn remove(&mut self, path: &str) {
        let uri = if path.starts_with('.') { path.to_owned() } else { format!("./Vendor/{path}") };
        self.nodes
            .retain(|node| node.uri.strip_prefix(&*uri).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')));
    }

    /// Puts the values of these leaves of `Mail` (`Note`) outside of the tree.
    pub(crate) fn external<'a>(&mut self, leaves: impl IntoIterator<Item = (&'a str, External)>) {
        self.definitions.retain(|definition| definition.moid() != MAIL);
        self.definitions.push(mail(&leaves.into_iter().collect()));
    }

    /// The values of all listed leaves, by URI: what the host has of those that live outside.
    pub(crate) fn values(&self) -> BTreeMap<String, Value> {
        let value = |content: &Content| {
            let format = content.format.as_deref().map_or(Some(Format::Chr), Format::from_name)?;
            match &content.data {
                Data::Bytes(bytes) => Some(Value::Bin(bytes.clone())),
                Data::Text(text) => Value::parse(format, text),
                _ => Value::parse(format, ""),
            }
        };
        self.nodes.iter().filter_map(|node| Some((node.uri.clone(), value(&node.content)?))).collect()
    }

    /// The nodes whose version may not be 0 at the start.
    pub(crate) fn uris(&self) -> Vec<String> {
        let fixed = [".", "./DevInfo", "./DevDetail", "./DMAcc", "./Inbox"];
        fixed.into_iter().map(ToString::to_string).chain(self.nodes.iter().map(|node| node.uri.clone())).collect()
    }
}

/// What `Mail` looks like, with these leaves outside of the tree.
fn mail(external: &BTreeMap<&str, External>) -> MoDefinition {
    let leaf = |name: &str, format: Format, access: Access| {
        let leaf = NodeDefinition::leaf(name, format).with_occurrence(Occurrence::ZeroOrOne).with_access(access);
        match external.get(name) {
            Some(external) => leaf.external(*external),
            None => leaf,
        }
    };
    MoDefinition::new(
        MAIL,
        NodeDefinition::unnamed_interior()
            .with_access(Access::DATA)
            .open()
            .with(leaf("Server", Format::Chr, Access::DATA))
            .with(leaf("Port", Format::Int, Access::DATA).with_constraint(Constraint::Range(1, 65_535)))
            .with(leaf("Icon", Format::Bin, Access::DATA).with_type("image/png"))
            .with(leaf("Note", Format::Chr, Access::DATA))
            .with(leaf("Secret", Format::Chr, Access::ADD | Access::REPLACE))
            .with(leaf("Keep", Format::Chr, Access::GET | Access::REPLACE))
            .with(leaf("Run", Format::Null, Access::GET | Access::EXEC)),
    )
}

/// What an account looks like: as the standard has it, but that servers can delete and change it.
fn dmacc() -> MoDefinition {
    let leaf = |name: &str| NodeDefinition::leaf(name, Format::Chr);
    let optional = |name: &str| leaf(name).with_occurrence(Occurrence::ZeroOrOne);
    let list = |name: &str, each: NodeDefinition| {
        let each = each.with_occurrence(Occurrence::OneOrMore);
        NodeDefinition::interior(name).with_occurrence(Occurrence::ZeroOrOne).with(each)
    };
    let each = NodeDefinition::unnamed_interior;
    MoDefinition::new(
        DMACC,
        each()
            .with_access(Access::GET | Access::DELETE | Access::REPLACE)
            .with_occurrence(Occurrence::OneOrMore)
            .with(leaf("AppID"))
            .with(leaf("ServerID"))
            .with(optional("Name"))
            .with(optional("PrefConRef"))
            .with(list("ToConRef", each().with(leaf("ConRef"))))
            .with(
                list(
                    "AppAddr",
                    each().with(leaf("Addr")).with(leaf("AddrType")).with(list("Port", each().with(leaf("PortNbr")))),
                )
                .with_occurrence(Occurrence::One),
            )
            .with(optional("AAuthPref"))
            .with(list(
                "AppAuth",
                each()
                    .with(leaf("AAuthLevel"))
                    .with(leaf("AAuthType"))
                    .with(optional("AAuthName"))
                    .with(optional("AAuthSecret").with_access(Access::NONE))
                    .with(
                        NodeDefinition::leaf("AAuthData", Format::Bin)
                            .with_occurrence(Occurrence::ZeroOrOne)
                            .with_access(Access::NONE),
                    ),
            ))
            .with(NodeDefinition::interior("Ext").with_occurrence(Occurrence::ZeroOrOne).open()),
    )
}
