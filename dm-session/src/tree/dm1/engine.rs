//! The engine of DM 1.x: which command goes where, transactions, questions to the host, and the rules that several
//! commands share. The order of checks is that of §6.1 of the tree reference.

use super::super::arena::{Node, NodeId};
use super::super::change::{Author, Change};
use super::super::definition::{Access, Entry, External, Schema};
use super::super::error::{TreeError, TreeErrorKind};
use super::super::mo_tree::MoTree;
use super::super::value::{Format, Value};
use super::acl::{AclCommand, AclError};
use super::config::Config;
use super::operation::{Answer, Ask, Command, Outcome, Principal, Reply, Request, ResultItem, Store};
use super::tnds::TndsError;
use super::uri::{NodeUri, Style, UriError, UriQuery, UriRules, UriWriter};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use dm_package::Strictness;
use dm_syncml::StatusCode;

/// Why a command ends before it is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// Refused.
    Refused(Refusal),
    /// The host has to answer something first.
    Ask(Vec<Ask>),
}

/// What a command is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The node above the one addressed that could not be created.
    pub(super) failed_at: Option<String>,
}

impl From<StatusCode> for Stop {
    fn from(status: StatusCode) -> Self {
        Self::Refused(Refusal { status, failed_at: None })
    }
}

/// The one place where a cause becomes a status.
impl From<TreeErrorKind> for Stop {
    fn from(kind: TreeErrorKind) -> Self {
        Self::from(match kind {
            TreeErrorKind::NotFound
            | TreeErrorKind::NotDefined
            | TreeErrorKind::UndefinedMo
            | TreeErrorKind::InvalidName
            | TreeErrorKind::InvalidUri => StatusCode::NOT_FOUND,
            TreeErrorKind::AlreadyExists => StatusCode::ALREADY_EXISTS,
            TreeErrorKind::Format | TreeErrorKind::InvalidMoid | TreeErrorKind::UnsupportedForm => {
                StatusCode::UNSUPPORTED_FORMAT
            }
            TreeErrorKind::Occurrence | TreeErrorKind::LimitExceeded => StatusCode::DEVICE_FULL,
            TreeErrorKind::Forbidden => StatusCode::PERMISSION_DENIED,
            TreeErrorKind::NotAllowed => StatusCode::NOT_ALLOWED,
            TreeErrorKind::Busy => StatusCode::FORBIDDEN,
            _ => StatusCode::COMMAND_FAILED,
        })
    }
}

impl From<TreeError> for Stop {
    fn from(error: TreeError) -> Self {
        error.kind().into()
    }
}

impl From<UriError> for Stop {
    fn from(error: UriError) -> Self {
        error.status().into()
    }
}

impl From<AclError> for Stop {
    fn from(error: AclError) -> Self {
        error.status().into()
    }
}

impl From<TndsError> for Stop {
    fn from(error: TndsError) -> Self {
        error.status().into()
    }
}

impl Stop {
    /// The same, with the node above that is to blame.
    pub(super) fn at(self, uri: String) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(Refusal { failed_at: Some(uri), ..refusal }),
            ask @ Self::Ask(_) => ask,
        }
    }
}

/// What the engine keeps while a transaction is open.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    owner: Option<Principal>,
    /// Commands so far that changed something.
    commands: usize,
    /// What the host is told when the transaction lasts, with the number of the command.
    deferred: Vec<(usize, Ask)>,
    /// What such nodes will hold.
    values: BTreeMap<NodeId, Option<Value>>,
    /// What the host has to take back when it does not, with the number of the command.
    undo: Vec<(usize, Ask)>,
}

/// A change of a node whose value is outside of the tree.
struct Effect {
    node: NodeId,
    uri: String,
    kind: External,
    /// `None` when the node goes.
    value: Option<Value>,
    /// Whether the node was there.
    existed: bool,
}

/// A command on its way.
pub(super) struct Run<'r> {
    pub(super) request: &'r Request,
    /// Everything that was asked, answered or not.
    asks: Vec<Ask>,
    effects: Vec<Effect>,
    /// Servers whose account went or may have gone.
    pub(super) lost: BTreeSet<String>,
    /// Servers for which an account was made or changed.
    pub(super) named: BTreeSet<String>,
    /// Children of a parent that are of one entry, as far as they were counted.
    counts: BTreeMap<(NodeId, Option<Box<str>>, usize), usize>,
    /// Whether a transaction is open.
    in_transaction: bool,
    /// Whether nothing but the checks is wanted, and the announced size.
    pub(super) checking: Option<Option<u64>>,
    /// Whether the device itself finds the place for what comes: neither rights nor access types are asked.
    pub(super) placing: bool,
}

impl Store for MoTree {
    fn apply(&mut self, request: &Request) -> Outcome {
        if let Some(now) = request.now {
            self.set_now(now);
        }
        let mut run = Run::new(request, self.transaction.is_some());
        let outcome = match run.command(self) {
            Ok(answer) => answer,
            Err(Stop::Refused(refusal)) => {
                Answer { status: refusal.status, failed_at: refusal.failed_at, ..Answer::empty() }
            }
            Err(Stop::Ask(asks)) => return Outcome::Ask(asks),
        };
        let counts = matches!(
            request.command,
            Command::Add { .. } | Command::Replace { .. } | Command::Delete { .. } | Command::Copy { .. }
        );
        if run.in_transaction
            && counts
            && outcome.status.is_success()
            && let Some(transaction) = &mut self.transaction
            && transaction.dm1.owner.as_ref() == Some(&request.principal)
        {
            transaction.dm1.commands = transaction.dm1.commands.saturating_add(1);
        }
        Outcome::Done(outcome)
    }
}

impl Answer {
    const fn empty() -> Self {
        Self { status: StatusCode::OK, results: Vec::new(), failed_at: None, not_undone: Vec::new() }
    }

    fn status(status: StatusCode) -> Self {
        Self { status, ..Self::empty() }
    }
}

impl<'r> Run<'r> {
    pub(super) const fn new(request: &'r Request, in_transaction: bool) -> Self {
        Self {
            request,
            asks: Vec::new(),
            effects: Vec::new(),
            lost: BTreeSet::new(),
            named: BTreeSet::new(),
            counts: BTreeMap::new(),
            in_transaction,
            checking: None,
            placing: false,
        }
    }

    fn command(&mut self, tree: &mut MoTree) -> Result<Answer, Stop> {
        if let Some(transaction) = &tree.transaction
            && transaction.dm1.owner.as_ref() != Some(&self.request.principal)
        {
            return Err(StatusCode::FORBIDDEN.into());
        }
        if tree.root().is_none() {
            return Err(StatusCode::NOT_FOUND.into());
        }
        let done = match &self.request.command {
            Command::Add { uri, content } => self.add(tree, uri, content),
            Command::Replace { uri, content } => self.replace(tree, uri, content),
            Command::Delete { uri } => self.delete(tree, uri),
            Command::Copy { source, target } => self.copy(tree, source, target),
            Command::Get { uri, media_type } => {
                let results = self.get(tree, uri, media_type.as_deref())?;
                return Ok(Answer { results, ..Answer::empty() });
            }
            Command::Exec { uri, correlator, content } => {
                return self.exec(tree, uri, correlator.as_deref(), content).map(Answer::status);
            }
            Command::Check { uri, add, content, size } => {
                self.checking = Some(*size);
                if *add { self.add(tree, uri, content) } else { self.replace(tree, uri, content) }
            }
            Command::Begin => self.begin(tree),
            Command::Commit => return self.commit(tree),
            Command::Rollback => return self.roll_back(tree),
        };
        done.map(|()| Answer::empty())
    }

    // Transactions.

    fn begin(&self, tree: &mut MoTree) -> Result<(), Stop> {
        tree.begin().map_err(|_| Stop::from(StatusCode::COMMAND_FAILED))?;
        if let Some(transaction) = &mut tree.transaction {
            transaction.dm1.owner = Some(self.request.principal.clone());
        }
        Ok(())
    }

    fn commit(&mut self, tree: &mut MoTree) -> Result<Answer, Stop> {
        let pending = tree.transaction.as_ref().ok_or(StatusCode::COMMAND_FAILED)?.dm1.clone();
        let replies: Vec<(usize, Option<&Reply>)> =
            pending.deferred.into_iter().map(|(number, ask)| (number, self.ask(ask))).collect();
        self.answered()?;
        let refused = replies.iter().filter_map(|(_, reply)| *reply).find_map(refused_with);
        let Some(status) = refused else {
            tree.commit();
            return Ok(Answer::empty());
        };
        let mut not_undone: BTreeSet<usize> = self.take_back(pending.undo)?.into_iter().collect();
        // A host that did some of them has to take those back and fail them all.
        let done = replies.into_iter().filter(|(_, reply)| reply.is_some_and(|reply| refused_with(reply).is_none()));
        not_undone.extend(done.map(|(number, _)| number));
        tree.rollback();
        Ok(Answer { status, not_undone: not_undone.into_iter().collect(), ..Answer::empty() })
    }

    fn roll_back(&mut self, tree: &mut MoTree) -> Result<Answer, Stop> {
        let undo = tree.transaction.as_ref().ok_or(StatusCode::COMMAND_FAILED)?.dm1.undo.clone();
        let not_undone = self.take_back(undo)?;
        tree.rollback();
        Ok(Answer { not_undone, ..Answer::empty() })
    }

    /// Has the host undo what it did at once, the last first; the numbers of commands for which it could not.
    fn take_back(&mut self, undo: Vec<(usize, Ask)>) -> Result<Vec<usize>, Stop> {
        let replies: Vec<(usize, Option<&Reply>)> =
            undo.into_iter().rev().map(|(number, ask)| (number, self.ask(ask))).collect();
        self.answered()?;
        let failed: BTreeSet<usize> = replies
            .into_iter()
            .filter(|(_, reply)| reply.is_none_or(|reply| refused_with(reply).is_some()))
            .map(|(number, _)| number)
            .collect();
        Ok(failed.into_iter().collect())
    }

    // Questions to the host.

    /// The host's answer, if it gave one; else the question waits for [`answered`](Self::answered).
    ///
    /// Questions come in the same order each time that a request is applied, and each Ask has all of them from the
    /// first one on.
    pub(super) fn ask(&mut self, ask: Ask) -> Option<&'r Reply> {
        let reply = self.request.replies.get(self.asks.len());
        self.asks.push(ask);
        reply
    }

    /// Stops here if a question waits.
    pub(super) fn answered(&mut self) -> Result<(), Stop> {
        if self.asks.len() > self.request.replies.len() {
            return Err(Stop::Ask(core::mem::take(&mut self.asks)));
        }
        Ok(())
    }

    /// The value of a leaf, wherever it is; `Ok(None)` where there is none, or where the host has not said yet.
    pub(super) fn value_of<'t>(&mut self, tree: &'t MoTree, id: NodeId) -> Result<Option<&'t Value>, StatusCode>
    where
        'r: 't,
    {
        let Some(node) = tree.arena.get(id) else { return Err(StatusCode::NOT_FOUND) };
        if external(tree, node).is_none() {
            return Ok(node.value());
        }
        if let Some(value) = tree.transaction.as_ref().and_then(|it| it.dm1.values.get(&id)) {
            return Ok(value.as_ref());
        }
        match self.ask(Ask::Read { uri: own_uri(tree, id) }) {
            None => Ok(None),
            Some(Reply::Value(value)) => Ok(Some(value)),
            Some(Reply::Failed(status)) => Err(*status),
            Some(Reply::Done) => Err(StatusCode::COMMAND_FAILED),
        }
    }

    /// Notes that a node outside of the tree was set (or removed, without a value).
    pub(super) fn note_effect(&mut self, tree: &MoTree, node: NodeId, value: Option<Value>, existed: bool) {
        let Some(kind) = tree.arena.get(node).and_then(|found| external(tree, found)) else { return };
        self.effects.push(Effect { node, uri: own_uri(tree, node), kind, value, existed });
    }

    /// Runs a command that changes something, and what follows from the change. In a transaction it stays undoable.
    pub(super) fn mutate(
        &mut self,
        tree: &mut MoTree,
        body: impl FnOnce(&mut Self, &mut Change<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut pending = Pending::default();
        let done = tree.change_with(Author::Path, |change| {
            body(self, change)?;
            if self.checking.is_some() {
                return Err(StatusCode::OK.into());
            }
            self.check_identity(change.tree)?;
            self.drop_lost_servers(change)?;
            let limits = change.tree.limits();
            if change.tree.arena.nodes() > limits.nodes || change.tree.arena.bytes() > limits.total_len {
                return Err(StatusCode::DEVICE_FULL.into());
            }
            self.take_effect(&mut pending)
        });
        done?;
        if let Some(transaction) = &mut tree.transaction {
            let number = transaction.dm1.commands;
            transaction.dm1.deferred.extend(pending.deferred.into_iter().map(|(_, ask)| (number, ask)));
            transaction.dm1.values.append(&mut pending.values);
            transaction.dm1.undo.extend(pending.undo.into_iter().map(|(_, ask)| (number, ask)));
        }
        Ok(())
    }

    /// Tells the host what changed outside of the tree, at once or with the transaction.
    fn take_effect(&mut self, pending: &mut Pending) -> Result<(), Stop> {
        let effects = core::mem::take(&mut self.effects);
        if self.in_transaction && effects.iter().any(|effect| effect.kind == External::Irreversible) {
            return Err(StatusCode::COMMAND_FAILED.into());
        }
        // What an immediate one holds is known before anything is set, so that a refusal leaves all as it is.
        let mut before: Vec<Option<&Reply>> = Vec::with_capacity(effects.len());
        for effect in &effects {
            let undone = self.in_transaction && effect.kind == External::Immediate && effect.existed;
            before.push(if undone { self.ask(Ask::Read { uri: effect.uri.clone() }) } else { None });
        }
        self.answered()?;
        if let Some(status) = before.iter().flatten().find_map(|reply| refused_with(reply)) {
            return Err(status.into());
        }
        let mut replies = Vec::with_capacity(effects.len());
        for (Effect { node, uri, kind, value, .. }, before) in effects.into_iter().zip(before) {
            let ask = match &value {
                Some(value) => Ask::Set { uri: uri.clone(), value: value.clone() },
                None => Ask::Delete { uri: uri.clone() },
            };
            if self.in_transaction && kind == External::Deferred {
                pending.deferred.push((0, ask));
                pending.values.insert(node, value);
                continue;
            }
            if self.in_transaction {
                let value = match before {
                    Some(Reply::Value(value)) => Some(value.clone()),
                    _ => None,
                };
                pending.undo.push((0, Ask::Undo { uri, value }));
            }
            replies.push(self.ask(ask));
        }
        self.answered()?;
        match replies.into_iter().flatten().find_map(refused_with) {
            Some(status) => Err(status.into()),
            None => Ok(()),
        }
    }

    fn exec(
        &mut self,
        tree: &MoTree,
        uri: &str,
        correlator: Option<&str>,
        content: &super::operation::Content,
    ) -> Result<StatusCode, Stop> {
        if self.in_transaction {
            return Err(StatusCode::COMMAND_FAILED.into());
        }
        let uri = self.parse(tree, uri)?;
        self.no_query(tree, &uri)?;
        let id = find(tree, &uri).node()?;
        let node = node(tree, id)?;
        if node.parent.is_none() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, id, AclCommand::Exec)?;
        if !access(tree, node).contains(Access::EXEC) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if !config(tree)?.exec {
            return Err(StatusCode::NOT_SUPPORTED.into());
        }
        let ask =
            Ask::Exec { uri: own_uri(tree, id), correlator: correlator.map(String::from), content: content.clone() };
        let reply = self.ask(ask);
        self.answered()?;
        match reply {
            Some(Reply::Failed(status)) if status.is_success() => Ok(*status),
            Some(Reply::Failed(status)) => Err((*status).into()),
            _ => Ok(StatusCode::OK),
        }
    }

    fn get(&mut self, tree: &MoTree, uri: &str, media_type: Option<&str>) -> Result<Vec<ResultItem>, Stop> {
        let uri = self.parse(tree, uri)?;
        let results = match uri.query() {
            Some(UriQuery::Prop(property)) => Vec::from([self.get_property(tree, &uri, property)?]),
            None => Vec::from([self.get_node(tree, &uri)?]),
            Some(UriQuery::Struct) => self.get_list(tree, &uri, false)?,
            Some(UriQuery::StructData) => self.get_list(tree, &uri, true)?,
            Some(UriQuery::Tnds(selection)) => Vec::from([self.get_tnds(tree, &uri, selection, media_type)?]),
        };
        self.answered()?;
        Ok(results)
    }

    // Rules that several commands share.

    pub(super) fn parse<'u>(&self, tree: &MoTree, uri: &'u str) -> Result<NodeUri<'u>, Stop> {
        Ok(NodeUri::parse(uri, &UriRules::of(config(tree)?, tree.config.strictness))?)
    }

    /// Refuses a query with a command that cannot have one (§4.4).
    pub(super) fn no_query(&self, tree: &MoTree, uri: &NodeUri<'_>) -> Result<(), Stop> {
        match uri.query() {
            None => Ok(()),
            Some(UriQuery::Prop(property)) => {
                let id = find(tree, uri).node()?;
                super::property::supported(tree, node(tree, id)?, property)?;
                Err(StatusCode::NOT_ALLOWED.into())
            }
            Some(list) => {
                let config = config(tree)?;
                let known = if matches!(list, UriQuery::Tnds(_)) { config.tnds } else { config.lists };
                Err(if known { StatusCode::NOT_ALLOWED } else { StatusCode::NOT_SUPPORTED }.into())
            }
        }
    }

    /// The server that ACLs and access types hold; `None` for the device itself.
    pub(super) fn server(&self) -> Option<&'r str> {
        if self.placing { None } else { self.request.principal.server_id() }
    }

    /// Whether ACLs allow it.
    pub(super) fn allowed(&self, tree: &MoTree, id: NodeId, command: AclCommand) -> bool {
        let Some(server) = self.server() else { return true };
        tree.dm1().is_some_and(|config| config.windows)
            || tree.effective_acl(id).is_some_and(|acl| acl.allows(command, server))
    }

    /// The same as a refusal.
    pub(super) fn demand(&self, tree: &MoTree, id: NodeId, command: AclCommand) -> Result<(), Stop> {
        if self.allowed(tree, id, command) { Ok(()) } else { Err(StatusCode::PERMISSION_DENIED.into()) }
    }

    /// Whether the right that a node hands down is there, when `above` says so of its parent: ACLs in a walk.
    pub(super) fn inherits(&self, tree: &MoTree, node: &Node, command: AclCommand, above: bool) -> bool {
        match (self.server(), node.acl()) {
            (Some(server), Some(acl)) if tree.dm1().is_some_and(|config| !config.windows) => {
                acl.allows(command, server)
            }
            _ => above,
        }
    }

    /// Refuses what the access types of a node do not have.
    pub(super) fn demand_access(&self, tree: &MoTree, node: &Node, wanted: Access) -> Result<(), Stop> {
        if self.server().is_none() || access(tree, node).contains(wanted) {
            return Ok(());
        }
        Err(StatusCode::NOT_ALLOWED.into())
    }

    /// Counts the children of a parent that one entry describes, up to `enough`: once in a command, with what the command
    /// adds counted by [`counted`](Self::counted).
    pub(super) fn count(
        &mut self,
        tree: &MoTree,
        parent: NodeId,
        (moid, schema): (Option<Box<str>>, Schema),
        entry: &Entry,
        enough: usize,
    ) -> usize {
        let index = index_of(schema);
        *self.counts.entry((parent, moid, index)).or_insert_with(|| {
            let same = |child: &NodeId| {
                let described = tree.arena.get(*child).and_then(|node| defined(tree, node));
                described.is_some_and(|other| core::ptr::eq(other, entry))
            };
            tree.arena.children_unordered(parent).filter(same).take(enough).count()
        })
    }

    /// Takes note of one more.
    pub(super) fn counted(&mut self, parent: NodeId, moid: Option<Box<str>>, schema: Schema) {
        if let Some(count) = self.counts.get_mut(&(parent, moid, index_of(schema))) {
            *count = count.saturating_add(1);
        }
    }
}

const fn index_of(schema: Schema) -> usize {
    match schema {
        Schema::Defined(index) | Schema::Within(index) => index,
        Schema::Free => usize::MAX,
    }
}

const fn refused_with(reply: &Reply) -> Option<StatusCode> {
    match reply {
        Reply::Failed(status) => Some(*status),
        Reply::Value(_) | Reply::Done => None,
    }
}

/// What a URI leads to.
pub(super) enum Found {
    Node(NodeId),
    /// Nothing: the nearest node above, and how many names lead there.
    Missing(NodeId, usize),
    /// The tree has no root.
    Nowhere,
}

impl Found {
    /// The node, or 404.
    pub(super) fn node(self) -> Result<NodeId, Stop> {
        match self {
            Self::Node(id) => Ok(id),
            Self::Missing(..) | Self::Nowhere => Err(StatusCode::NOT_FOUND.into()),
        }
    }
}

pub(super) fn find(tree: &MoTree, uri: &NodeUri<'_>) -> Found {
    find_names(tree, uri.segments())
}

pub(super) fn find_names<'n>(tree: &MoTree, names: impl Iterator<Item = &'n str>) -> Found {
    let Some(mut id) = tree.root() else { return Found::Nowhere };
    for (count, name) in names.enumerate() {
        match tree.arena.child(id, name) {
            Some(child) => id = child,
            None => return Found::Missing(id, count),
        }
    }
    Found::Node(id)
}

pub(super) fn config(tree: &MoTree) -> Result<&Config, Stop> {
    tree.dm1().ok_or_else(|| StatusCode::NOT_FOUND.into())
}

pub(super) fn strict(tree: &MoTree) -> bool {
    tree.config.strictness == Strictness::Strict
}

pub(super) fn node(tree: &MoTree, id: NodeId) -> Result<&Node, Stop> {
    tree.arena.get(id).ok_or_else(|| StatusCode::NOT_FOUND.into())
}

/// The access types that hold for commands by path: in a free area all but Exec.
pub(super) fn access(tree: &MoTree, node: &Node) -> Access {
    match node.schema {
        Schema::Free | Schema::Within(_) => Access::DATA,
        Schema::Defined(_) => tree.access(node),
    }
}

/// The entry that describes the node itself, not the free area around it.
pub(super) fn defined<'t>(tree: &'t MoTree, node: &Node) -> Option<&'t Entry> {
    match node.schema {
        Schema::Defined(_) => tree.entry(node),
        Schema::Free | Schema::Within(_) => None,
    }
}

/// Where the value of a leaf is, if it is outside of the tree.
pub(super) fn external(tree: &MoTree, node: &Node) -> Option<External> {
    if node.is_interior() { None } else { defined(tree, node)?.external() }
}

/// The URI of a node for the host.
pub(super) fn own_uri(tree: &MoTree, id: NodeId) -> String {
    let escape = tree.dm1().is_none_or(|config| config.escape_non_ascii);
    UriWriter::new(Style::Dotted, escape).write(names(tree, id))
}

/// The names from the root to a node.
pub(super) fn names(tree: &MoTree, id: NodeId) -> Vec<&str> {
    tree.arena.path_below(tree.root(), id)
}

/// Whether the node is `./Inbox`, which takes objects and shows nothing.
pub(super) fn is_inbox(tree: &MoTree, id: NodeId) -> bool {
    tree.arena.get(id).is_some_and(|node| {
        node.parent.is_some()
            && node.parent == tree.root()
            && node.name.eq_ignore_ascii_case("Inbox")
            && tree.is_permanent(node)
            && !access(tree, node).contains(Access::GET)
    })
}

/// Format of a leaf.
pub(super) const fn format_of(node: &Node) -> Format {
    match node.content {
        super::super::arena::Content::Leaf { format, .. } => format,
        super::super::arena::Content::Interior(_) => Format::Node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::dm1::{Content, Data};
    use crate::tree::{NodeDefinition, TreeConfig, dm1};
    use alloc::vec;

    /// A tree with a leaf of each kind whose value is outside.
    fn tree() -> MoTree {
        let leaf = |name, kind| NodeDefinition::leaf(name, Format::Int).with_access(Access::DATA).external(kind);
        let radio = NodeDefinition::interior("Radio")
            .permanent()
            .with(leaf("Late", External::Deferred))
            .with(leaf("Now", External::Immediate))
            .with(leaf("Never", External::Irreversible))
            .open();
        let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(dm1::Config::new().with_node("Radio", radio))).unwrap();
        for name in ["Late", "Now", "Never"] {
            let add = Command::add(uri(name), Content::from("1").with_format("int"));
            assert_eq!(done(&mut tree, add, &[Reply::Done]), (StatusCode::OK, vec![]), "{name}");
        }
        tree
    }

    fn uri(name: &str) -> String {
        alloc::format!("./Radio/{name}")
    }

    fn set(name: &str, number: i64) -> Ask {
        Ask::Set { uri: uri(name), value: Value::Int(number) }
    }

    fn apply(tree: &mut MoTree, command: Command, replies: &[Reply]) -> Outcome {
        tree.apply(&Request::local(command).with_replies(replies.to_vec()))
    }

    fn done(tree: &mut MoTree, command: Command, replies: &[Reply]) -> (StatusCode, Vec<usize>) {
        match apply(tree, command, replies) {
            Outcome::Done(answer) => (answer.status, answer.not_undone),
            Outcome::Ask(asks) => panic!("{asks:?}"),
        }
    }

    fn asks(tree: &mut MoTree, command: Command, replies: &[Reply]) -> Vec<Ask> {
        match apply(tree, command, replies) {
            Outcome::Ask(asks) => asks,
            Outcome::Done(answer) => panic!("{answer:?}"),
        }
    }

    fn verno(tree: &mut MoTree, name: &str) -> Data {
        let get = Command::get(alloc::format!("./Radio/{name}?prop=VerNo"));
        match apply(tree, get, &[]) {
            Outcome::Done(answer) => answer.results.into_iter().next().unwrap().data,
            Outcome::Ask(asks) => panic!("{asks:?}"),
        }
    }

    #[test]
    fn a_value_outside_is_set_by_the_host() {
        let mut tree = tree();
        let replace = Command::replace(uri("Now"), "2");
        assert_eq!(asks(&mut tree, replace.clone(), &[]), [set("Now", 2)]);
        assert_eq!(verno(&mut tree, "Now"), Data::Text("0".into()));
        let busy = Reply::Failed(StatusCode::FORBIDDEN);
        assert_eq!(done(&mut tree, replace.clone(), &[busy]).0, StatusCode::FORBIDDEN);
        assert_eq!(verno(&mut tree, "Now"), Data::Text("0".into()));
        assert_eq!(done(&mut tree, replace, &[Reply::Done]).0, StatusCode::OK);
        assert_eq!(verno(&mut tree, "Now"), Data::Text("1".into()));
        let read = Ask::Read { uri: uri("Now") };
        assert_eq!(asks(&mut tree, Command::get(uri("Now")), &[]), core::slice::from_ref(&read));
        let copy = Command::copy(uri("Now"), "./Radio/Copy");
        assert_eq!(asks(&mut tree, copy.clone(), &[]), core::slice::from_ref(&read));
        assert_eq!(done(&mut tree, copy, &[Reply::Value(Value::Int(7))]).0, StatusCode::OK);
        // From one to the other: what was asked first stands first.
        let copy = Command::copy(uri("Now"), uri("Late"));
        let value = Reply::Value(Value::Int(7));
        assert_eq!(asks(&mut tree, copy.clone(), core::slice::from_ref(&value)), [read, set("Late", 7)]);
        assert_eq!(done(&mut tree, copy, &[value, Reply::Done]).0, StatusCode::OK);
    }

    #[test]
    fn in_a_transaction_a_host_is_told_late_or_takes_back() {
        let mut tree = tree();
        assert_eq!(done(&mut tree, Command::Begin, &[]).0, StatusCode::OK);
        assert_eq!(done(&mut tree, Command::replace(uri("Late"), "5"), &[]).0, StatusCode::OK);
        let Outcome::Done(seen) = apply(&mut tree, Command::get(uri("Late")), &[]) else { panic!() };
        assert_eq!(seen.results.first().map(|item| item.data.clone()), Some(Data::Text("5".into())));
        let replace = Command::replace(uri("Now"), "6");
        let read = Ask::Read { uri: uri("Now") };
        let old = Reply::Value(Value::Int(1));
        assert_eq!(asks(&mut tree, replace.clone(), &[]), core::slice::from_ref(&read));
        assert_eq!(asks(&mut tree, replace.clone(), core::slice::from_ref(&old)), [read, set("Now", 6)]);
        assert_eq!(done(&mut tree, replace, &[old, Reply::Done]).0, StatusCode::OK);
        assert_eq!(done(&mut tree, Command::replace(uri("Never"), "7"), &[]).0, StatusCode::COMMAND_FAILED);
        assert_eq!(done(&mut tree, Command::Begin, &[]).0, StatusCode::COMMAND_FAILED);
        assert_eq!(asks(&mut tree, Command::Commit, &[]), [set("Late", 5)]);
        let refused = Reply::Failed(StatusCode::COMMAND_FAILED);
        let undo = Ask::Undo { uri: uri("Now"), value: Some(Value::Int(1)) };
        assert_eq!(asks(&mut tree, Command::Commit, core::slice::from_ref(&refused)), [set("Late", 5), undo]);
        // The second change after Begin was the one that set it.
        let end = done(&mut tree, Command::Commit, &[refused.clone(), refused]);
        assert_eq!(end, (StatusCode::COMMAND_FAILED, vec![1]));
        assert_eq!(verno(&mut tree, "Now"), Data::Text("0".into()));
        assert_eq!(done(&mut tree, Command::Rollback, &[]).0, StatusCode::COMMAND_FAILED);
    }

    #[test]
    fn nobody_else_has_a_turn_in_a_transaction() {
        let mut tree = tree();
        let of = |server: &str, command| Request::server(server, command);
        assert_eq!(tree.apply(&of("S1", Command::Begin)), Outcome::status(StatusCode::OK));
        for command in [Command::get("."), Command::Begin, Command::Commit, Command::Rollback] {
            assert_eq!(tree.apply(&of("S2", command)), Outcome::status(StatusCode::FORBIDDEN));
        }
        assert_eq!(tree.apply(&of("S1", Command::exec("."))), Outcome::status(StatusCode::COMMAND_FAILED));
        assert_eq!(tree.apply(&of("S1", Command::Rollback)), Outcome::status(StatusCode::OK));
        assert_eq!(tree.apply(&of("S2", Command::add("./A", "1"))), Outcome::status(StatusCode::OK));
    }
}
