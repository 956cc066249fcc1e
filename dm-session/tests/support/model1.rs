//! A DM 1.x tree in the plainest way: nodes that own their children, a clone for a transaction, access control lists
//! read anew for each question. Written from the tree reference alone, so that the engine can be held against it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests; each user takes its part"
)]

use dm_session::Timestamp;
use dm_session::tree::dm1::{Command, Config, Content, Data, Principal, Request, UriLimits};
use dm_session::tree::{Access, Constraint, Format, NodeDefinition, Occurrence, Value};
use dm_syncml::Encoding;
use std::collections::{BTreeMap, BTreeSet};

/// What is described of a node.
#[derive(Clone, Debug)]
pub(crate) struct Desc {
    /// `None` for a node that gets its name when it is created.
    pub(crate) name: Option<&'static str>,
    /// The first is the usual one; `Node` for an interior node.
    pub(crate) formats: Vec<Format>,
    pub(crate) types: Vec<&'static str>,
    pub(crate) access: Access,
    pub(crate) occurrence: Occurrence,
    pub(crate) permanent: bool,
    pub(crate) open: bool,
    pub(crate) fold: Option<bool>,
    pub(crate) range: Option<(i64, i64)>,
    pub(crate) one_of: Vec<&'static str>,
    pub(crate) max_len: Option<usize>,
    pub(crate) default: Option<&'static str>,
    pub(crate) moid: Option<&'static str>,
    pub(crate) children: Vec<Self>,
}

impl Desc {
    pub(crate) fn new(name: &'static str, format: Format, access: Access) -> Self {
        Self {
            name: Some(name),
            formats: vec![format],
            types: Vec::new(),
            access,
            occurrence: Occurrence::ZeroOrOne,
            permanent: false,
            open: false,
            fold: None,
            range: None,
            one_of: Vec::new(),
            max_len: None,
            default: None,
            moid: None,
            children: Vec::new(),
        }
    }

    pub(crate) fn unnamed(format: Format, access: Access, occurrence: Occurrence) -> Self {
        Self { name: None, occurrence, ..Self::new("", format, access) }
    }

    pub(crate) fn permanent(mut self) -> Self {
        self.permanent = true;
        self.occurrence = Occurrence::One;
        self
    }

    pub(crate) fn interior(&self) -> bool {
        self.formats[0] == Format::Node
    }

    /// The same for the tree.
    pub(crate) fn definition(&self) -> NodeDefinition {
        let mut it = match (self.name, self.interior()) {
            (Some(name), true) => NodeDefinition::interior(name),
            (Some(name), false) => NodeDefinition::leaf(name, self.formats[0]),
            (None, true) => NodeDefinition::unnamed_interior(),
            (None, false) => NodeDefinition::unnamed_leaf(self.formats[0]),
        };
        it = it.with_access(self.access).with_occurrence(self.occurrence);
        if self.permanent {
            it = it.permanent();
        }
        if self.open {
            it = it.open();
        }
        if let Some(fold) = self.fold {
            it = it.with_case_insensitive(fold);
        }
        if let Some((least, most)) = self.range {
            it = it.with_constraint(Constraint::Range(least, most));
        }
        if !self.one_of.is_empty() {
            it = it.with_constraint(Constraint::OneOf(self.one_of.iter().map(|it| (*it).to_owned()).collect()));
        }
        if let Some(most) = self.max_len {
            it = it.with_constraint(Constraint::MaxLen(most));
        }
        if let Some(default) = self.default {
            it = it.with_default(Value::parse(self.formats[0], default).unwrap());
        }
        if let Some(moid) = self.moid {
            it = it.with_moid(moid);
        }
        for format in &self.formats[1..] {
            it = it.with_format(*format);
        }
        for media_type in &self.types {
            it = it.with_type(*media_type);
        }
        for child in &self.children {
            it = it.with(child.definition());
        }
        it
    }
}

/// The fixture: a free area below the root and below `./Vendor`, with some nodes described.
pub(crate) fn vendor() -> Desc {
    use Access as A;
    let leaf = Desc::new;
    let rw = A::GET | A::REPLACE;
    Desc {
        open: true,
        children: vec![
            Desc { default: Some("5"), range: Some((1, 65535)), ..leaf("Fixed", Format::Int, rw).permanent() },
            Desc { open: true, fold: Some(true), ..leaf("Fold", Format::Node, A::GET).permanent() },
            Desc { one_of: vec!["a", "b"], ..leaf("Mode", Format::Chr, A::DATA) },
            leaf("Secret", Format::Chr, A::ADD | A::REPLACE),
            leaf("Keep", Format::Chr, rw | A::ADD),
            leaf("Run", Format::Null, A::GET | A::EXEC).permanent(),
            Desc { types: vec!["image/png", "image/gif"], max_len: Some(4), ..leaf("Pic", Format::Bin, A::DATA) },
            Desc { formats: vec![Format::Int, Format::Bool], ..leaf("Two", Format::Int, A::DATA) },
            Desc {
                children: vec![Desc {
                    children: vec![
                        Desc { default: Some("id"), ..leaf("Id", Format::Chr, rw).permanent() },
                        Desc { range: Some((1, 99)), ..leaf("Port", Format::Int, A::DATA) },
                        Desc {
                            children: vec![leaf("In", Format::Chr, A::DATA)],
                            ..leaf("Sub", Format::Node, A::GET | A::ADD)
                        },
                    ],
                    ..Desc::unnamed(Format::Node, A::DATA, Occurrence::ZeroOrN(2))
                }],
                ..leaf("Slots", Format::Node, A::GET | A::ADD).permanent()
            },
            Desc {
                children: vec![Desc::unnamed(Format::Chr, A::DATA, Occurrence::OneOrMore)],
                ..leaf("List", Format::Node, A::GET).permanent()
            },
        ],
        ..leaf("Vendor", Format::Node, A::GET).permanent()
    }
}

/// An access control list: its text as it was set, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Acl {
    pub(crate) text: String,
    commands: BTreeMap<String, BTreeSet<String>>,
}

const ACL_COMMANDS: [&str; 5] = ["Add", "Delete", "Exec", "Get", "Replace"];

impl Acl {
    /// §5.1; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut commands: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in text.split('&') {
            let (command, ids) = entry.split_once('=')?;
            if !ACL_COMMANDS.contains(&command) {
                return None;
            }
            for id in ids.split('+') {
                let good = |c: char| !c.is_whitespace() && !c.is_control() && !"=&*+".contains(c);
                if id.is_empty() || (id != "*" && !id.chars().all(good)) {
                    return None;
                }
                commands.entry(command.to_owned()).or_default().insert(id.to_owned());
            }
        }
        Some(Self { text: text.to_owned(), commands })
    }

    fn allows(&self, server: &str, command: &str) -> bool {
        self.commands.get(command).is_some_and(|ids| ids.contains("*") || ids.contains(server))
    }

    /// §5.6: what the creator of an interior node gets.
    fn grant(creator: &str, above: &Self) -> Self {
        let mut text = format!("Add={creator}&Delete={creator}");
        if let Some(ids) = above.commands.get("Get") {
            let ids: Vec<&str> = if ids.contains("*") { vec!["*"] } else { ids.iter().map(String::as_str).collect() };
            text += &format!("&Get={}", ids.join("+"));
        }
        text += &format!("&Replace={creator}");
        Self::parse(&text).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Val {
    Text(String),
    Bytes(Vec<u8>),
}

impl Val {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Interior { moid: Option<String>, children: Vec<Node> },
    Leaf { format: Format, media_type: String, value: Val },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) acl: Option<Acl>,
    pub(crate) title: String,
    pub(crate) tstamp: Option<Timestamp>,
    pub(crate) verno: u16,
    pub(crate) kind: Kind,
    /// Where in the descriptions: the way down from the root's; `None` in a free area.
    desc: Option<Vec<usize>>,
}

impl Node {
    pub(crate) fn children(&self) -> &[Self] {
        match &self.kind {
            Kind::Interior { children, .. } => children,
            Kind::Leaf { .. } => &[],
        }
    }

    fn children_mut(&mut self) -> &mut Vec<Self> {
        match &mut self.kind {
            Kind::Interior { children, .. } => children,
            Kind::Leaf { .. } => panic!("children of a leaf"),
        }
    }

    fn interior(&self) -> bool {
        matches!(self.kind, Kind::Interior { .. })
    }
}

/// A status and what stands in the answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u32,
    pub(crate) results: Vec<Item>,
    pub(crate) failed_at: Option<String>,
    /// What the node to execute is, if the host is to do that.
    pub(crate) exec: bool,
}

/// One Item of Results as it travels: `chr` and `text/plain` left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) source: String,
    pub(crate) format: Option<String>,
    pub(crate) media_type: Option<String>,
    /// `None` without a Data element.
    pub(crate) data: Option<Val>,
}

type Path = Vec<usize>;
type Refused = (u32, Option<String>);
type Done<T> = Result<T, Refused>;

fn no<T>(status: u32) -> Done<T> {
    Err((status, None))
}

/// What the model knows of the tree's settings.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) lenient: bool,
    pub(crate) uri: UriLimits,
    pub(crate) implicit_parents: bool,
    pub(crate) delete_descendants: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    rules: Rules,
    /// Of the root.
    desc: Desc,
    pub(crate) root: Node,
    now: Option<Timestamp>,
    open: Option<(Principal, Node)>,
    /// Statuses that would be as good for the last command, where two hold at once and the order of checks is free.
    pub(crate) also: Vec<u32>,
}

/// `?…` of a URI.
#[derive(Clone, Debug, PartialEq)]
enum Query {
    Prop(String),
    Struct,
    StructData,
    Tnds,
}

#[derive(Clone, Debug)]
struct Uri {
    names: Vec<String>,
    query: Option<Query>,
    /// `./` in front of what is written.
    dotted: bool,
    text: String,
    path_text: String,
}

/// Percent-encoding of what is no ASCII `pchar` (§2.5).
pub(crate) fn output(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'():@&=+$,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let hex = |byte: u8| char::from(byte).to_digit(16);
            bytes.push(u8::try_from(hex(digits[0])? * 16 + hex(digits[1])?).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn good_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains('/') && !name.contains(char::is_control)
}

/// §2.4. Where several reasons hold: the length of all, empty segments and steps, the length of one, the rest.
fn parse(text: &str, rules: &Rules) -> Result<Uri, u32> {
    let chars = |text: &str| text.chars().count();
    let limit = |limit: u16, cap: usize| if limit == 0 { cap } else { cap.min(limit.into()) };
    let text = if rules.lenient { text.trim_matches([' ', '\t', '\r', '\n']) } else { text };
    if text.is_empty() {
        return Err(404);
    }
    if chars(text) > limit(rules.uri.max_total_len, 4096) {
        return Err(414);
    }
    let (path_text, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let mut path = path_text;
    if rules.lenient {
        path = path.strip_prefix('/').unwrap_or(path);
        path = path.strip_suffix('/').unwrap_or(path);
        path = if path.is_empty() { "." } else { path };
    }
    let mut names = Vec::new();
    let dotted = path.starts_with("./") || path == ".";
    if path != "." {
        let segments: Vec<&str> = path.strip_prefix("./").unwrap_or(path).split('/').collect();
        if segments.iter().any(|it| matches!(*it, "" | "." | "..")) {
            return Err(404);
        }
        if segments.iter().any(|it| chars(it) > limit(rules.uri.max_segment_len, 1024))
            || segments.len() > limit(rules.uri.max_depth, 64)
        {
            return Err(414);
        }
        for segment in segments {
            let raw = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.!~*'():@&=+$,%".contains(c);
            if !rules.lenient && !segment.chars().all(raw) {
                return Err(404);
            }
            match decode(segment).filter(|name| good_name(name)) {
                Some(name) => names.push(name),
                None => return Err(404),
            }
        }
    }
    let query = match query {
        None => None,
        Some("list=Struct") => Some(Query::Struct),
        Some("list=StructData") => Some(Query::StructData),
        Some("list=TNDS") => Some(Query::Tnds),
        Some(text) => {
            let known = ["ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo"];
            let found = known.into_iter().find(|name| {
                let wanted = format!("prop={name}");
                text == wanted || (rules.lenient && text.eq_ignore_ascii_case(&wanted))
            });
            Some(Query::Prop(found.ok_or(406_u32)?.to_owned()))
        }
    };
    Ok(Uri { names, query, dotted, text: text.to_owned(), path_text: path_text.to_owned() })
}

fn same(one: &str, other: &str, fold: bool) -> bool {
    one == other || (fold && one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase)))
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        let there = |name, access| Desc::new(name, Format::Node, access).permanent();
        let mo = |name, access, moid| Desc { moid: Some(moid), ..there(name, access) };
        // What is below the standard objects is left alone.
        let desc = Desc {
            open: true,
            children: vec![
                mo("DevInfo", Access::GET, "urn:oma:mo:oma-dm-devinfo:1.0"),
                mo("DevDetail", Access::GET, "urn:oma:mo:oma-dm-devdetail:1.0"),
                there("DMAcc", Access::GET),
                mo("Inbox", Access::ADD, "urn:oma:mo:oma-dm-inbox:1.0"),
                vendor(),
            ],
            ..there(".", Access::GET)
        };
        let root = Node {
            name: ".".to_owned(),
            acl: Acl::parse("Add=*&Get=*"),
            title: String::new(),
            tstamp: None,
            verno: 0,
            kind: Kind::Interior { moid: None, children: Vec::new() },
            desc: Some(Vec::new()),
        };
        let mut model = Self { rules, desc, root, now: None, open: None, also: Vec::new() };
        let root = model.with_permanent(model.root.clone());
        model.root = root;
        model
    }

    /// The settings with which the tree is the same.
    pub(crate) fn config(rules: &Rules) -> Config {
        let mut config = Config::new().with_uri_limits(rules.uri).with_node("Vendor", vendor().definition());
        config.implicit_parents = rules.implicit_parents;
        config.delete_descendants = rules.delete_descendants;
        config
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.open.is_some()
    }

    // Where things are.

    fn node(&self, path: &[usize]) -> &Node {
        path.iter().fold(&self.root, |node, index| &node.children()[*index])
    }

    fn node_mut(&mut self, path: &[usize]) -> &mut Node {
        path.iter().fold(&mut self.root, |node, index| &mut node.children_mut()[*index])
    }

    fn described(&self, desc: Option<&[usize]>) -> Option<&Desc> {
        Some(desc?.iter().fold(&self.desc, |desc, index| &desc.children[*index]))
    }

    fn desc(&self, path: &[usize]) -> Option<&Desc> {
        self.described(self.node(path).desc.as_deref())
    }

    /// Whether names right below the node are compared without case.
    fn fold(&self, path: &[usize]) -> bool {
        (0..=path.len()).rev().find_map(|len| self.desc(&path[..len])?.fold).unwrap_or(false)
    }

    /// The existing part of the way to the names, and what is missing.
    fn walk<'n>(&self, names: &'n [String]) -> (Path, &'n [String]) {
        let mut path = Path::new();
        for (count, name) in names.iter().enumerate() {
            let fold = self.fold(&path);
            match self.node(&path).children().iter().position(|child| same(&child.name, name, fold)) {
                Some(index) => path.push(index),
                None => return (path, &names[count..]),
            }
        }
        (path, &[])
    }

    fn existing(&self, uri: &Uri) -> Done<Path> {
        match self.walk(&uri.names) {
            (path, []) => Ok(path),
            _ => no(404),
        }
    }

    fn names(&self, path: &[usize]) -> Vec<String> {
        (1..=path.len()).map(|len| self.node(&path[..len]).name.clone()).collect()
    }

    /// The description of a child; `Err` when there can be none. In a free area: `None`.
    fn child_desc(&self, parent: Option<&[usize]>, name: &str, interior: bool, fold: bool) -> Result<Option<Path>, ()> {
        let (Some(at), Some(desc)) = (parent, self.described(parent)) else { return Ok(None) };
        let named =
            desc.children.iter().position(|child| child.name == Some(name)).or_else(|| {
                desc.children.iter().position(|child| child.name.is_some_and(|fixed| same(fixed, name, fold)))
            });
        let unnamed = || desc.children.iter().position(|child| child.name.is_none() && child.interior() == interior);
        match named.or_else(unnamed) {
            Some(index) => Ok(Some([at, &[index]].concat())),
            None if desc.open => Ok(None),
            None => Err(()),
        }
    }

    // Rights.

    fn allowed(&self, principal: &Principal, path: &[usize], command: &str) -> bool {
        let Principal::Server(server) = principal else { return true };
        let mut len = path.len();
        while self.node(&path[..len]).acl.is_none() {
            len -= 1;
        }
        self.node(&path[..len]).acl.as_ref().unwrap().allows(server, command)
    }

    fn demand(&self, principal: &Principal, path: &[usize], command: &str) -> Done<()> {
        if self.allowed(principal, path, command) { Ok(()) } else { no(425) }
    }

    /// AccessType; in a free area everything but Exec.
    fn demand_access(&self, principal: &Principal, path: &[usize], access: Access) -> Done<()> {
        let has = self.desc(path).map_or(Access::DATA, |desc| desc.access);
        if has.contains(access) || !matches!(principal, Principal::Server(_)) { Ok(()) } else { no(405) }
    }

    // What changes.

    fn stamp(&mut self, path: &[usize]) {
        let now = self.now;
        let node = self.node_mut(path);
        node.verno = node.verno.wrapping_add(1);
        node.tstamp = now;
    }

    fn create(&self, name: &str, kind: Kind, desc: Option<Path>, acl: Option<Acl>) -> Node {
        let node = Node { name: name.to_owned(), acl, title: String::new(), tstamp: self.now, verno: 0, kind, desc };
        self.with_permanent(node)
    }

    /// Permanent children come with their parent (§3.2).
    fn with_permanent(&self, mut node: Node) -> Node {
        let Some(at) = node.desc.clone() else { return node };
        let desc = self.described(Some(&at)).unwrap();
        for (index, child) in desc.children.iter().enumerate().filter(|(_, child)| child.permanent) {
            let kind = if child.interior() {
                Kind::Interior { moid: child.moid.map(ToOwned::to_owned), children: Vec::new() }
            } else {
                let text = child.default.unwrap_or("").to_owned();
                let media_type = (*child.types.first().unwrap_or(&"text/plain")).to_owned();
                let value = if child.formats[0] == Format::Bin { Val::Bytes(text.into()) } else { Val::Text(text) };
                Kind::Leaf { format: child.formats[0], media_type, value }
            };
            let child = self.create(child.name.unwrap(), kind, Some([&at[..], &[index]].concat()), None);
            node.children_mut().push(child);
        }
        node
    }

    // Commands.

    pub(crate) fn apply(&mut self, request: &Request) -> Answer {
        if let Some(now) = request.now {
            self.now = Some(now);
        }
        self.also.clear();
        let done = self.command(request);
        let (status, results, failed_at, exec) = match done {
            Ok((results, exec)) => (200, results, None, exec),
            Err((status, failed_at)) => (status, Vec::new(), failed_at, false),
        };
        Answer { status, results, failed_at, exec }
    }

    fn command(&mut self, request: &Request) -> Done<(Vec<Item>, bool)> {
        let who = &request.principal;
        if self.open.as_ref().is_some_and(|(owner, _)| owner != who) {
            return no(403);
        }
        match &request.command {
            Command::Add { uri, content } => self.add(request, uri, content)?,
            Command::Replace { uri, content } => self.replace(request, uri, content)?,
            Command::Delete { uri } => self.delete(who, uri)?,
            Command::Copy { source, target } => self.copy(request, source, target)?,
            Command::Get { uri, .. } => return self.get(request, uri).map(|items| (items, false)),
            Command::Exec { uri, .. } => {
                if self.open.is_some() {
                    return no(500);
                }
                let uri = self.plain(uri)?;
                let path = self.existing(&uri)?;
                if path.is_empty() {
                    return no(405);
                }
                self.demand(who, &path, "Exec")?;
                if !self.desc(&path).is_some_and(|desc| desc.access.contains(Access::EXEC)) {
                    return no(405);
                }
                return Ok((Vec::new(), true));
            }
            Command::Begin => {
                if self.open.is_some() {
                    return no(500);
                }
                self.open = Some((who.clone(), self.root.clone()));
            }
            Command::Commit => {
                if self.open.take().is_none() {
                    return no(500);
                }
            }
            Command::Rollback => match self.open.take() {
                Some((_, before)) => self.root = before,
                None => return no(500),
            },
            other => panic!("{other:?}"),
        }
        Ok((Vec::new(), false))
    }

    fn uri(&self, text: &str) -> Done<Uri> {
        parse(text, &self.rules).or_else(no)
    }

    /// A URI of a command that has no query; for those with one of a node: 404 and 406 first (§4.4).
    fn plain(&self, text: &str) -> Done<Uri> {
        let uri = self.uri(text)?;
        match &uri.query {
            None => Ok(uri),
            Some(Query::Prop(name)) => {
                let path = self.existing(&uri)?;
                self.property(&path, name)?;
                no(405)
            }
            Some(_) => no(405),
        }
    }

    fn property(&self, path: &[usize], name: &str) -> Done<()> {
        let lacks = match name {
            "Size" => self.node(path).interior(),
            "TStamp" => self.now.is_none(),
            _ => false,
        };
        if lacks { no(406) } else { Ok(()) }
    }

    /// §6.2 and the value checks of §6.3: Format, Type and value of a leaf.
    fn leaf(
        &self,
        request: &Request,
        content: &Content,
        desc: Option<&Desc>,
        old: Option<(Format, String)>,
    ) -> Done<Kind> {
        let sent = match content.format.as_deref() {
            None => None,
            Some(name) => Some(Format::from_name(name).ok_or((415, None))?),
        };
        if sent == Some(Format::Node) {
            // Onto a leaf that is there: 405; a leaf's description does not have it: 415.
            return no(if old.is_some() { 405 } else { 415 });
        }
        // What is not said stays; for a new leaf the default, or (lenient) what the description has in its place.
        let usual = desc.map_or(Format::Chr, |desc| {
            if self.rules.lenient && !desc.formats.contains(&Format::Chr) { desc.formats[0] } else { Format::Chr }
        });
        let mut format = sent.or(old.as_ref().map(|(format, _)| *format)).unwrap_or(usual);
        let first = desc.and_then(|desc| desc.types.first().copied()).unwrap_or("text/plain").to_owned();
        let kept = old.as_ref().map(|(_, media_type)| media_type.clone());
        let media_type = content.media_type.clone().or(kept).unwrap_or(first);
        let xml = request.encoding == Encoding::Xml;
        // No data is in no encoding.
        let has_data = matches!(&content.data, Data::Text(text) if !text.is_empty());
        if sent == Some(Format::Bin) && xml && has_data && !self.rules.lenient {
            return no(415);
        }
        let binary_type = !media_type.starts_with("text/");
        if sent == Some(Format::B64) {
            let was = old.as_ref().map(|(format, _)| *format);
            let described = desc.is_some_and(|desc| desc.formats.contains(&Format::Bin));
            let natively = desc.is_some_and(|desc| desc.formats.contains(&Format::B64));
            let native_now = natively || was == Some(Format::B64);
            if was == Some(Format::Bin) || (!native_now && (described || binary_type)) {
                format = Format::Bin;
            }
        }
        if let Some(desc) = desc {
            let typed = desc.types.is_empty() || desc.types.contains(&media_type.as_str());
            if !desc.formats.contains(&format) || !typed {
                return no(415);
            }
        }
        if !travels(&media_type) {
            return no(415);
        }
        let value = read(&content.data, format, sent, xml, self.rules.lenient).ok_or((415, None))?;
        if let Some(desc) = desc {
            constrain(desc, &value)?;
        }
        Ok(Kind::Leaf { format, media_type, value })
    }

    fn add(&mut self, request: &Request, uri: &str, content: &Content) -> Done<()> {
        let uri = self.plain(uri)?;
        let (at, missing) = self.walk(&uri.names);
        if missing.is_empty() {
            return no(418);
        }
        if !self.node(&at).interior() {
            return no(405);
        }
        if missing.len() > 1 && !self.rules.implicit_parents {
            return no(404);
        }
        let who = &request.principal;
        if self.names(&at) == ["Inbox"] {
            self.also.push(405);
        }
        self.demand(who, &at, "Add")?;
        // All checks before anything is created.
        let before = self.root.clone();
        let done = self.add_below(request, &at, missing, content);
        if done.is_err() {
            self.root = before;
        }
        // Spelled as the request is.
        let front = if uri.dotted { "" } else { "./" };
        done.map_err(|(status, at)| (status, at.map(|at| at.strip_prefix(front).unwrap_or(&at).to_owned())))
    }

    fn add_below(&mut self, request: &Request, at: &[usize], missing: &[String], content: &Content) -> Done<()> {
        let (mut at, start) = (at.to_vec(), at.to_vec());
        let (last, above) = missing.split_last().unwrap();
        for name in above {
            // It may have come with the one above it.
            if let Some(index) = self.node(&at).children().iter().position(|child| child.name == *name) {
                at.push(index);
                continue;
            }
            let place = [self.names(&at), vec![name.clone()]].concat();
            let place = format!("./{}", place.iter().map(|name| output(name)).collect::<Vec<_>>().join("/"));
            let made = self.add_one(request, &at, name, None);
            let made = made.map_err(|(status, _)| (status, Some(place)))?;
            at.push(made);
        }
        if !self.node(&at).interior() || self.node(&at).children().iter().any(|child| child.name == *last) {
            return no(405);
        }
        self.add_one(request, &at, last, Some(content))?;
        self.stamp(&start);
        Ok(())
    }

    /// One node, of the Add itself if it has content; its place among its siblings.
    fn add_one(&mut self, request: &Request, at: &[usize], name: &str, content: Option<&Content>) -> Done<usize> {
        let interior = content.is_none_or(|content| content.format.as_deref() == Some("node"));
        if content.and_then(|content| content.format.as_deref()).is_some_and(|name| Format::from_name(name).is_none()) {
            // Whether it has a place depends on its kind, which is not known.
            self.also.push(415);
        }
        let here = self.node(at).desc.clone();
        let fold = self.fold(at);
        // Nothing said, and only an interior node can be there (§6.2).
        let leaf_there = |desc: &Option<Path>| self.described(desc.as_deref()).is_none_or(|desc| !desc.interior());
        let unsaid = |content: &Content| content.format.is_none() && is_blank(&content.data);
        let unsaid = self.rules.lenient && content.is_some_and(unsaid);
        let interior = interior
            || (unsaid
                && !self.child_desc(here.as_deref(), name, false, fold).is_ok_and(|desc| leaf_there(&desc))
                && self.child_desc(here.as_deref(), name, true, fold).is_ok());
        let desc = match self.child_desc(here.as_deref(), name, interior, fold) {
            Ok(desc) => desc,
            // Only objects come to the Inbox (§8.8).
            Err(()) if self.names(at) == ["Inbox"] => {
                self.also.push(404);
                return no(405);
            }
            Err(()) => return no(404),
        };
        let found = self.described(desc.as_deref()).cloned();
        if let Some(found) = &found
            && matches!(request.principal, Principal::Server(_))
        {
            let around = self.desc(at).map_or(Access::DATA, |desc| desc.access);
            if found.permanent || !(found.access | around).contains(Access::ADD) {
                return no(405);
            }
        }
        let kind = match content {
            None if found.as_ref().is_some_and(|found| !found.interior()) => return no(405),
            None => Kind::Interior { moid: None, children: Vec::new() },
            Some(content) if interior => {
                if found.as_ref().is_some_and(|found| !found.interior()) {
                    return no(415);
                }
                let moid = content.media_type.clone().filter(|moid| moid != "text/plain");
                if found.is_some() && moid.is_some() {
                    return no(415);
                }
                if !is_blank(&content.data) {
                    return no(500);
                }
                Kind::Interior { moid, children: Vec::new() }
            }
            Some(content) => {
                if found.as_ref().is_some_and(Desc::interior) {
                    return no(415);
                }
                self.leaf(request, content, found.as_ref(), None)?
            }
        };
        if let Some(most) = found.as_ref().and_then(|found| match found.occurrence {
            Occurrence::ZeroOrN(most) | Occurrence::OneOrN(most) => Some(most as usize),
            Occurrence::One | Occurrence::ZeroOrOne => Some(1),
            _ => None,
        }) {
            let there = self.node(at).children().iter().filter(|child| child.desc == desc).count();
            if there >= most {
                return no(420);
            }
        }
        let acl = match &request.principal {
            Principal::Server(server) if interior && !self.allowed(&request.principal, at, "Replace") => {
                let mut len = at.len();
                while self.node(&at[..len]).acl.is_none() {
                    len -= 1;
                }
                Some(Acl::grant(server, self.node(&at[..len]).acl.as_ref().unwrap()))
            }
            _ => None,
        };
        let node = self.create(name, kind, desc, acl);
        let children = self.node_mut(at).children_mut();
        children.push(node);
        Ok(children.len() - 1)
    }

    fn replace(&mut self, request: &Request, uri: &str, content: &Content) -> Done<()> {
        let who = &request.principal;
        let uri = self.uri(uri)?;
        let path = match &uri.query {
            Some(Query::Prop(name)) => return self.replace_property(request, &uri, name, content),
            Some(_) => return no(405),
            None => self.existing(&uri)?,
        };
        let Kind::Leaf { format, media_type, .. } = self.node(&path).kind.clone() else { return no(405) };
        self.demand(who, &path, "Replace")?;
        self.demand_access(who, &path, Access::REPLACE)?;
        let desc = self.desc(&path).cloned();
        let kind = self.leaf(request, content, desc.as_ref(), Some((format, media_type)))?;
        self.node_mut(&path).kind = kind;
        self.stamp(&path);
        Ok(())
    }

    fn replace_property(&mut self, request: &Request, uri: &Uri, name: &str, content: &Content) -> Done<()> {
        let who = &request.principal;
        let path = self.existing(uri)?;
        self.property(&path, name)?;
        let text = match &content.data {
            Data::None => Some(String::new()),
            Data::Text(text) => Some(text.clone()),
            Data::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        };
        let parent = path.split_last().map(|(_, parent)| parent.to_vec());
        match name {
            "ACL" => {
                let own = self.node(&path).interior() && self.allowed(who, &path, "Replace");
                if !own && !parent.is_some_and(|parent| self.allowed(who, &parent, "Replace")) {
                    return no(425);
                }
                let text = text.ok_or((500, None))?;
                let acl = if text.is_empty() { None } else { Some(Acl::parse(&text).ok_or((500, None))?) };
                // The root always has one; the device itself may take from all the right to add something.
                let server = matches!(who, Principal::Server(_));
                let stays = acl.as_ref().is_some_and(|acl| !server || acl.allows("", "Add"));
                if path.is_empty() && !stays {
                    return no(405);
                }
                self.node_mut(&path).acl = acl;
            }
            "Title" => {
                self.demand(who, &path, "Replace")?;
                let text = text.ok_or((500, None))?;
                if text.len() > 255 || !travels(&text) {
                    return no(500);
                }
                self.node_mut(&path).title = text;
            }
            "Name" => return self.rename(request, uri, &path, text),
            _ => return no(405),
        }
        self.stamp(&path);
        Ok(())
    }

    fn rename(&mut self, request: &Request, uri: &Uri, path: &[usize], text: Option<String>) -> Done<()> {
        let who = &request.principal;
        let server = matches!(who, Principal::Server(_));
        let Some((_, parent)) = path.split_last() else { return no(405) };
        let desc = self.desc(path);
        if desc.is_some_and(|desc| desc.name.is_some() || (desc.permanent && server)) {
            return no(405);
        }
        self.demand(who, path, "Replace")?;
        self.demand_access(who, path, Access::REPLACE)?;
        let name = text.and_then(|text| decode(&text)).filter(|name| good_name(name)).ok_or((500, None))?;
        if self.node(path).name == name {
            return Ok(());
        }
        let fold = self.fold(parent);
        let clash = |(index, child): (usize, &Node)| index != path[path.len() - 1] && same(&child.name, &name, fold);
        if self.node(parent).children().iter().enumerate().any(clash) {
            return no(418);
        }
        let segment = output(&name).len();
        let grown = segment > output(&self.node(path).name).len();
        let limit = |limit: u16, cap: usize| if limit == 0 { cap } else { cap.min(limit.into()) };
        let front: usize = self.names(parent).iter().map(|name| output(name).len() + 1).sum();
        let longest = longest(self.node(path)) + front + segment + if uri.dotted { 2 } else { 0 };
        if segment > limit(self.rules.uri.max_segment_len, 1024)
            || (grown && longest > limit(self.rules.uri.max_total_len, 4096))
        {
            return no(414);
        }
        // A name that is described otherwise is another node.
        let own = self.node(path);
        let here = self.node(parent).desc.as_deref();
        if self.child_desc(here, &name, own.interior(), fold) != Ok(own.desc.clone()) {
            return no(405);
        }
        self.node_mut(path).name = name;
        self.stamp(path);
        let parent = parent.to_vec();
        self.stamp(&parent);
        Ok(())
    }

    fn delete(&mut self, who: &Principal, uri: &str) -> Done<()> {
        let uri = self.plain(uri)?;
        let path = self.existing(&uri)?;
        let Some((index, parent)) = path.split_last() else { return no(405) };
        let server = matches!(who, Principal::Server(_));
        if server && self.desc(&path).is_some_and(|desc| desc.permanent) {
            return no(405);
        }
        self.demand(who, &path, "Delete")?;
        self.demand_access(who, &path, Access::DELETE)?;
        if self.rules.delete_descendants {
            let mut open = vec![path.clone()];
            while let Some(path) = open.pop() {
                self.demand(who, &path, "Delete")?;
                open.extend((0..self.node(&path).children().len()).map(|index| [&path[..], &[index]].concat()));
            }
        }
        if let Some(desc) = self.desc(&path)
            && server
            && desc.name.is_none()
            && matches!(desc.occurrence, Occurrence::OneOrMore | Occurrence::OneOrN(_) | Occurrence::One)
        {
            let own = &self.node(&path).desc;
            if self.node(parent).children().iter().filter(|child| child.desc == *own).count() == 1 {
                return no(405);
            }
        }
        let parent = parent.to_vec();
        self.node_mut(&parent).children_mut().remove(*index);
        self.stamp(&parent);
        Ok(())
    }

    fn copy(&mut self, request: &Request, source: &str, target: &str) -> Done<()> {
        let who = &request.principal;
        self.uri(source).and(self.uri(target))?;
        let (source, target) = (self.plain(source)?, self.plain(target)?);
        let from = self.existing(&source)?;
        let Kind::Leaf { format, media_type, value } = self.node(&from).kind.clone() else { return no(405) };
        let (at, missing) = self.walk(&target.names);
        let exists = missing.is_empty();
        if exists && self.node(&at).interior() {
            return no(405);
        }
        self.demand(who, &from, "Get")?;
        self.demand_access(who, &from, Access::GET)?;
        if exists && at == from {
            return Ok(());
        }
        let check = |desc: Option<&Desc>| {
            let Some(desc) = desc else { return Ok(()) };
            let typed = desc.types.is_empty() || desc.types.contains(&media_type.as_str());
            if !desc.formats.contains(&format) || !typed {
                return no(415);
            }
            constrain(desc, &value)
        };
        if exists {
            self.demand(who, &at, "Replace")?;
            self.demand_access(who, &at, Access::REPLACE)?;
            check(self.desc(&at))?;
            self.node_mut(&at).kind = Kind::Leaf { format, media_type, value };
            self.stamp(&at);
            return Ok(());
        }
        // As an Add of the same, whose text cannot be refused.
        let data = match &value {
            Val::Text(text) => Data::Text(text.clone()),
            Val::Bytes(bytes) => Data::Bytes(bytes.clone()),
        };
        let content = Content::new(data).with_format(format.as_str()).with_type(media_type.clone());
        let again = Request::new(who.clone(), Command::Begin).with_encoding(Encoding::Wbxml);
        self.add(&again, &target.text, &content)
    }

    fn get(&self, request: &Request, uri: &str) -> Done<Vec<Item>> {
        let who = &request.principal;
        let uri = self.uri(uri)?;
        let too_large = |item: &Item| {
            let size = item.data.as_ref().map_or(0, Val::size);
            request.max_value_len.is_some_and(|most| size > most)
        };
        if let Some(Query::Prop(name)) = &uri.query {
            let path = self.existing(&uri)?;
            self.property(&path, name)?;
            self.demand(who, &path, "Get")?;
            let data = Some(Val::Text(self.property_text(&path, name)));
            let item = Item { source: uri.text.clone(), format: None, media_type: None, data };
            return if too_large(&item) { no(413) } else { Ok(vec![item]) };
        }
        if uri.names.first().is_some_and(|name| name == "Inbox") && matches!(who, Principal::Server(_)) {
            return no(405);
        }
        let path = self.existing(&uri)?;
        self.demand(who, &path, "Get")?;
        self.demand_access(who, &path, Access::GET)?;
        match uri.query {
            None => {
                let mut item = self.item(request, &path, uri.path_text.clone(), true);
                if self.node(&path).interior() {
                    let names: Vec<String> =
                        self.node(&path).children().iter().map(|child| output(&child.name)).collect();
                    item.data = Some(Val::Text(names.join("/")));
                    item.media_type = None;
                }
                if too_large(&item) {
                    return no(413);
                }
                Ok(vec![item])
            }
            Some(Query::Tnds) => panic!("not asked of the model"),
            Some(query) => {
                let mut items = Vec::new();
                let mut open = vec![path.clone()];
                while let Some(here) = open.pop() {
                    let readable =
                        self.allowed(who, &here, "Get") && self.demand_access(who, &here, Access::GET).is_ok();
                    if !readable {
                        continue;
                    }
                    // The target as it was written, and what is below in its style.
                    let below: Vec<String> = self.names(&here)[path.len()..].iter().map(|name| output(name)).collect();
                    let written = if uri.path_text.is_empty() { "." } else { &uri.path_text };
                    let top = written.strip_suffix('/').unwrap_or(written);
                    let source = if below.is_empty() {
                        written.to_owned()
                    } else {
                        [&[top.to_owned()], &below[..]].concat().join("/")
                    };
                    let item = self.item(request, &here, source, query == Query::StructData);
                    if !too_large(&item) {
                        items.push(item);
                    } else if here == path {
                        return no(413);
                    }
                    let children = 0..self.node(&here).children().len();
                    open.extend(children.rev().map(|index| [&here[..], &[index]].concat()));
                }
                Ok(items)
            }
        }
    }

    fn property_text(&self, path: &[usize], name: &str) -> String {
        let node = self.node(path);
        match (name, &node.kind) {
            ("ACL", _) => node.acl.as_ref().map_or(String::new(), |acl| acl.text.clone()),
            ("Format", Kind::Interior { .. }) => "node".to_owned(),
            ("Format", Kind::Leaf { format, .. }) => format.as_str().to_owned(),
            ("Name", _) => output(&node.name),
            ("Size", Kind::Leaf { value, .. }) => value.size().to_string(),
            ("Title", _) => node.title.clone(),
            ("TStamp", _) => node.tstamp.map(time).unwrap_or_default(),
            ("Type", Kind::Interior { moid, .. }) => moid.clone().unwrap_or_default(),
            ("Type", Kind::Leaf { media_type, .. }) => media_type.clone(),
            ("VerNo", _) => node.verno.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// An Item of a node, with its value or without.
    fn item(&self, request: &Request, path: &[usize], source: String, with_data: bool) -> Item {
        let not_default = |text: &str, default| if text == default { None } else { Some(text.to_owned()) };
        match &self.node(path).kind {
            Kind::Interior { moid, .. } => {
                Item { source, format: Some("node".to_owned()), media_type: moid.clone(), data: None }
            }
            Kind::Leaf { format, media_type, value } => {
                let wbxml = request.encoding == Encoding::Wbxml;
                let (format, data) = match value {
                    Val::Bytes(bytes) if with_data && !wbxml => ("b64", Val::Text(base64(bytes))),
                    value => (format.as_str(), value.clone()),
                };
                let media_type = not_default(media_type, "text/plain");
                Item { source, format: not_default(format, "chr"), media_type, data: with_data.then_some(data) }
            }
        }
    }

    /// All nodes below the root that were not there from the start, and the root: path, then what there is to see.
    pub(crate) fn dump(&self) -> Vec<(String, Vec<String>)> {
        let mut out = Vec::new();
        let mut open = vec![(String::from("."), &self.root)];
        while let Some((at, node)) = open.pop() {
            let mut seen = vec![
                node.acl.as_ref().map_or(String::new(), |acl| acl.text.clone()),
                node.title.clone(),
                format!("{:?}", node.tstamp.map(Timestamp::as_millis)),
                node.verno.to_string(),
            ];
            match &node.kind {
                Kind::Interior { moid, .. } => seen.extend(["node".to_owned(), format!("{moid:?}")]),
                Kind::Leaf { format, media_type, value } => {
                    let value = match value {
                        Val::Text(text) => text.clone(),
                        Val::Bytes(bytes) => base64(bytes),
                    };
                    seen.extend([format.as_str().to_owned(), media_type.clone(), value]);
                }
            }
            open.extend(
                node.children()
                    .iter()
                    .rev()
                    .filter(|child| !is_standard(&at, &child.name))
                    .map(|child| (format!("{at}/{}", child.name), child)),
            );
            out.push((at, seen));
        }
        out
    }
}

/// What stands below the root of every tree, which the model does not look into.
pub(crate) fn is_standard(parent: &str, name: &str) -> bool {
    parent == "." && matches!(name, "DevInfo" | "DevDetail" | "DMAcc" | "Inbox")
}

/// The length of the longest way down, as it is written, slashes included.
fn longest(node: &Node) -> usize {
    node.children().iter().map(|child| 1 + output(&child.name).len() + longest(child)).max().unwrap_or(0)
}

/// Whether there is nothing but white space.
fn is_blank(data: &Data) -> bool {
    match data {
        Data::None => true,
        Data::Text(text) => text.trim_matches([' ', '\t', '\r', '\n']).is_empty(),
        Data::Bytes(bytes) => bytes.iter().all(|byte| b" \t\r\n".contains(byte)),
        _ => false,
    }
}

fn constrain(desc: &Desc, value: &Val) -> Done<()> {
    if desc.max_len.is_some_and(|most| value.size() > most) {
        return no(413);
    }
    let Val::Text(text) = value else { return Ok(()) };
    let number: Option<i64> = text.parse().ok();
    let in_range = desc.range.is_none_or(|(least, most)| number.is_some_and(|it| (least..=most).contains(&it)));
    let listed = desc.one_of.is_empty() || desc.one_of.contains(&text.as_str());
    if in_range && listed { Ok(()) } else { no(500) }
}

/// The value of a leaf of that format from Data; `None` when it is none.
/// Whether XML can carry the text.
fn travels(text: &str) -> bool {
    text.chars().all(|c| "\t\n\r".contains(c) || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}'))
}

fn read(data: &Data, format: Format, sent: Option<Format>, xml: bool, lenient: bool) -> Option<Val> {
    if format == Format::Bin {
        return Some(Val::Bytes(match data {
            Data::None => Vec::new(),
            Data::Bytes(bytes) if sent != Some(Format::B64) => bytes.clone(),
            Data::Bytes(bytes) => unbase64(core::str::from_utf8(bytes).ok()?)?,
            // A string of WBXML is bytes as well unless it is said to be Base64.
            Data::Text(text) if !xml && sent != Some(Format::B64) => text.clone().into_bytes(),
            Data::Text(text) => unbase64(text)?,
            _ => return None,
        }));
    }
    let text = match data {
        Data::None => String::new(),
        Data::Text(text) => text.clone(),
        Data::Bytes(bytes) => String::from_utf8(bytes.clone()).ok()?,
        _ => return None,
    };
    let good = match format {
        // What XML cannot carry is no text (representation §2.7).
        _ if !travels(&text) => false,
        // An empty value is one of every format (§6.4).
        _ if text.is_empty() => true,
        Format::Int => text.parse::<i32>().is_ok(),
        Format::Bool => {
            matches!(text.as_str(), "true" | "false")
                || (lenient && matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "1" | "0"))
        }
        Format::Float => text.parse::<f64>().is_ok(),
        Format::B64 => unbase64(&text).is_some(),
        Format::Null => false,
        Format::Date | Format::Time => {
            text.contains(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_digit() || "-:+.,TZWtz/ P".contains(c))
        }
        _ => true,
    };
    good.then_some(Val::Text(text))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = char::from(ALPHABET[(word >> (18 - 6 * at)) as usize & 63]);
            out.push(if at > chunk.len() { '=' } else { digit });
        }
    }
    out
}

/// Base64 with padding; the programs have no other.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    let mut out = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for byte in digits.bytes() {
        let digit = ALPHABET.iter().position(|it| *it == byte)?;
        word = word << 6 | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits & 255) as u8);
        }
    }
    (base64(&out) == text).then_some(out)
}

/// `20240229T163000Z`; the programs stay within that day.
fn time(at: Timestamp) -> String {
    let of_day = at.as_secs() - DAY;
    assert!(of_day < 86_400);
    format!("20240229T{:02}{:02}{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// 2024-02-29 00:00:00 UTC.
pub(crate) const DAY: u64 = 1_709_164_800;
