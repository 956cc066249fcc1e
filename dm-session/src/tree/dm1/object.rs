//! Add and Replace of TNDS objects, and the Inbox (§8.3 to §8.5 and §8.8 of the tree reference).

use super::super::arena::{NodeId, Props};
use super::super::change::Change;
use super::super::definition::{Access, Schema};
use super::super::mo_tree::MoTree;
use super::super::standard::is_own;
use super::super::value::Format;
use super::accounts::server_of_account;
use super::acl::AclCommand;
use super::engine::{Found, Run, Stop, access, config, defined, find, find_names, is_inbox, node, strict};
use super::operation::{Content, Data, Principal};
use super::property::{decode_name, read_title};
use super::standard::canonical_mo;
use super::tnds::{TndsNode, TndsObject, TndsType, TndsValue};
use super::uri::{NodeUri, Style, UriWriter, escaped_chars};
use super::value::Source;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::{Limits, StatusCode};

/// Where a Node of an object belongs.
enum Place {
    /// At these names from the root.
    At(Vec<String>),
    /// Below another Node of the object, by this name.
    Below(usize, String),
    /// Nowhere: it is passed over, with those in it.
    Ignored,
}

/// An object and where it goes.
struct Plan<'o> {
    object: &'o TndsObject,
    places: Vec<Place>,
    /// Levels of each from the root.
    depths: Vec<usize>,
    /// Values that are not those of the object.
    values: BTreeMap<usize, TndsValue>,
    /// Nodes that are there already and may be met: they take what the object says.
    kept: BTreeSet<NodeId>,
}

impl Plan<'_> {
    fn node(&self, index: usize) -> Result<&TndsNode, Stop> {
        self.object.nodes.get(index).ok_or_else(|| StatusCode::COMMAND_FAILED.into())
    }

    fn source(&self, index: usize) -> Result<Source<'_>, Stop> {
        let node = self.node(index)?;
        Ok(Source::Tnds {
            format: self.object.format(index).unwrap_or(Format::Chr),
            media_type: node.media_type.as_ref().map(TndsType::as_str),
            value: self.values.get(&index).or(node.value.as_ref()),
        })
    }
}

/// How many children of one kind a node has to have.
#[derive(PartialEq)]
struct Need {
    parent: NodeId,
    kind: (usize, Schema),
    least: usize,
}

impl Need {
    fn is_met(&self, tree: &MoTree) -> bool {
        let same = |child: &NodeId| tree.arena.get(*child).is_some_and(|found| (found.mo, found.schema) == self.kind);
        tree.arena.children_unordered(self.parent).filter(same).take(self.least).count() >= self.least
    }
}

/// The account that a node is the root of, or in, with its server.
fn account_around(tree: &MoTree, id: NodeId) -> Option<(NodeId, String)> {
    tree.arena.upwards(id).find_map(|(id, _)| Some((id, server_of_account(tree, id)?)))
}

/// Nodes of an object by their names: what a Replace keeps.
#[derive(Default)]
struct Branch {
    children: BTreeMap<String, usize>,
    node: Option<usize>,
}

impl Run<'_> {
    pub(super) fn add_object(&mut self, tree: &mut MoTree, uri: &NodeUri<'_>, content: &Content) -> Result<(), Stop> {
        if self.server().is_some() && !config(tree)?.tnds {
            return Err(StatusCode::UNSUPPORTED_FORMAT.into());
        }
        if let Found::Node(first) = find_names(tree, uri.segments().take(1))
            && is_inbox(tree, first)
        {
            return self.add_to_inbox(tree, uri, first, content);
        }
        let found = find(tree, uri);
        if self.checking.is_some() {
            return self.check_object(tree, &found, AclCommand::Add);
        }
        let object = read(tree, &content.data)?;
        if let Found::Node(id) = found
            && !node(tree, id)?.is_interior()
        {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        let plan = resolve(tree, uri, &object, true)?;
        let writer = uri.writer(config(tree)?.escape_non_ascii);
        self.mutate(tree, |run, change| run.place(change, &plan, None, writer))
    }

    /// What can be said of an object before it is whole.
    fn check_object(&self, tree: &MoTree, found: &Found, command: AclCommand) -> Result<(), Stop> {
        let (Found::Node(id) | Found::Missing(id, _)) = *found else { return Err(StatusCode::NOT_FOUND.into()) };
        if command == AclCommand::Add && !node(tree, id)?.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if command == AclCommand::Replace && !matches!(found, Found::Node(_)) {
            return Err(StatusCode::NOT_FOUND.into());
        }
        self.demand(tree, id, command)?;
        match self.checking.flatten() {
            Some(size) if usize::try_from(size).map_or(true, |size| size > tree.limits().total_len) => {
                Err(StatusCode::TOO_LARGE.into())
            }
            _ => Ok(()),
        }
    }

    /// Creates the nodes of a plan but for `top`, which is there; then sets the ACLs, innermost first, so that none of
    /// them stands in the way of what is still to be created.
    fn place(
        &mut self,
        change: &mut Change<'_>,
        plan: &Plan<'_>,
        top: Option<(usize, NodeId)>,
        writer: UriWriter<'_>,
    ) -> Result<(), Stop> {
        let mut ids: Vec<Option<NodeId>> = Vec::with_capacity(plan.places.len());
        let mut met: BTreeSet<NodeId> = top.iter().map(|(_, id)| *id).collect();
        for (index, place) in plan.places.iter().enumerate() {
            let (there, parent) = match place {
                Place::Ignored => {
                    ids.push(None);
                    continue;
                }
                _ if top.is_some_and(|(number, _)| number == index) => {
                    ids.push(top.map(|(_, id)| id));
                    continue;
                }
                Place::At(names) => match find_names(change.tree, names.iter().map(String::as_str)) {
                    Found::Node(id) => (Some(id), None),
                    Found::Missing(..) | Found::Nowhere => (None, None),
                },
                Place::Below(above, name) => {
                    let parent = ids.get(*above).copied().flatten().ok_or(StatusCode::COMMAND_FAILED)?;
                    (change.tree.arena.child(parent, name), Some(parent))
                }
            };
            let source = plan.source(index)?;
            let titles = config(change.tree)?.properties.title;
            let title = plan.node(index)?.title.as_deref().filter(|_| titles).map(read_title).transpose()?;
            let id = match (there, place) {
                (Some(id), _) => {
                    if !met.insert(id) {
                        return Err(StatusCode::ALREADY_EXISTS.into());
                    }
                    self.meet(change, id, source, title, plan.kept.contains(&id))?;
                    id
                }
                (None, Place::Below(_, name)) => {
                    let parent = parent.ok_or(StatusCode::COMMAND_FAILED)?;
                    self.demand(change.tree, parent, AclCommand::Add)?;
                    let props = Props { title: title.flatten(), ..Props::default() };
                    self.create(change, parent, name, source, props)?
                }
                (None, Place::At(names)) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let id = self.add_at(change, &names, source, writer)?;
                    if let Some(title) = title {
                        change.set_title(id, title)?;
                    }
                    id
                }
                (None, Place::Ignored) => continue,
            };
            met.insert(id);
            ids.push(Some(id));
        }
        self.placing = false;
        self.set_acls(change, plan, &ids)
    }

    fn set_acls(&self, change: &mut Change<'_>, plan: &Plan<'_>, ids: &[Option<NodeId>]) -> Result<(), Stop> {
        if config(change.tree)?.windows {
            return Ok(());
        }
        let mut acls = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            let text = plan.node(index)?.acl.as_deref().unwrap_or_default();
            if let (Some(id), false) = (id, text.is_empty()) {
                acls.push((plan.depths.get(index).copied().unwrap_or_default(), *id, text));
            }
        }
        acls.sort_by_key(|(depth, ..)| core::cmp::Reverse(*depth));
        for (_, id, text) in acls {
            self.may_set_acl(change.tree, id)?;
            let acl = self.read_acl(change.tree, id, text)?;
            change.set_acl(id, acl)?;
        }
        Ok(())
    }

    /// A node of the object is there already: one that came with its parent or may stay takes what the object says.
    fn meet(
        &mut self,
        change: &mut Change<'_>,
        id: NodeId,
        source: Source<'_>,
        title: Option<Option<Box<str>>>,
        kept: bool,
    ) -> Result<(), Stop> {
        let found = node(change.tree, id)?;
        let came_along = found.parent.is_some_and(|parent| change.is_new(parent));
        let interior = source.format()? == Some(Format::Node);
        if !kept && !came_along {
            if !(config(change.tree)?.merge && interior && found.is_interior()) {
                return Err(StatusCode::ALREADY_EXISTS.into());
            }
            if title.is_some() {
                self.demand(change.tree, id, AclCommand::Replace)?;
            }
        } else if interior != found.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        } else if !interior {
            let leaf = self.read_leaf(change.tree, defined(change.tree, found), None, source)?;
            let has = |wanted| access(change.tree, found).contains(wanted);
            // The place of an MO is the device's matter, what its leaves allow is not.
            let server = self.request.principal.server_id().is_some();
            if !server || has(Access::REPLACE) || (came_along && has(Access::ADD)) {
                self.put_value(change, id, leaf)?;
            } else if !has(Access::GET) || leaf.value.as_ref() != found.value() {
                // That a guess was right would tell what cannot be read.
                return Err(StatusCode::NOT_ALLOWED.into());
            }
        }
        if let Some(title) = title {
            change.set_title(id, title)?;
        }
        Ok(())
    }

    pub(super) fn replace_object(
        &mut self,
        tree: &mut MoTree,
        uri: &NodeUri<'_>,
        content: &Content,
    ) -> Result<(), Stop> {
        if self.server().is_some() && !config(tree)?.tnds {
            return Err(StatusCode::UNSUPPORTED_FORMAT.into());
        }
        if self.checking.is_some() {
            return self.check_object(tree, &find(tree, uri), AclCommand::Replace);
        }
        let object = read(tree, &content.data)?;
        let mut plan = resolve(tree, uri, &object, false)?;
        let (top, names) = top_of(&plan)?;
        let id = find_names(tree, names.iter().map(String::as_str)).node()?;
        let found = node(tree, id)?;
        if found.parent.is_none() || is_inbox(tree, id) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        let branches = branches(&plan, top)?;
        let source = plan.source(top)?;
        if (source.format()? == Some(Format::Node)) != found.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        let writer = uri.writer(config(tree)?.escape_non_ascii);
        if !found.is_interior() {
            if plan.places.len() > 1 {
                return Err(StatusCode::NOT_ALLOWED.into());
            }
            return self.mutate(tree, |run, change| {
                run.set_value(change, id, plan.source(top)?)?;
                run.finish_top(change, &plan, (top, id))?;
                run.place(change, &plan, Some((top, id)), writer)
            });
        }
        let moid = tree.type_of(found).map(canonical_mo);
        if source.moid().is_some_and(|named| Some(canonical_mo(named)) != moid) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, id, AclCommand::Replace)?;
        let survey = self.survey(tree, id);
        if self.server().is_some() && survey.denied {
            return Err(StatusCode::PERMISSION_DENIED.into());
        }
        let doomed = self.compare(tree, &mut plan, &branches, id)?;
        let needed = self.needed(tree, &doomed);
        let account = self.server().and_then(|_| account_around(tree, id));
        self.mutate(tree, |run, change| {
            for child in doomed {
                let survey = run.survey(change.tree, child);
                run.remove(change, child, survey);
            }
            for kept in &plan.kept {
                if node(change.tree, *kept)?.props.is_some() {
                    change.set_acl(*kept, None)?;
                    change.set_title(*kept, None)?;
                }
            }
            run.finish_top(change, &plan, (top, id))?;
            run.place(change, &plan, Some((top, id)), writer)?;
            // As little as a Delete, or a Replace of the leaf that says whose it is.
            let enough = |need: &Need| need.is_met(change.tree);
            let same =
                |(root, server): &(NodeId, String)| server_of_account(change.tree, *root).as_ref() == Some(server);
            if needed.iter().all(enough) && account.iter().all(same) {
                Ok(())
            } else {
                Err(StatusCode::NOT_ALLOWED.into())
            }
        })
    }

    /// What a server has to leave, or to bring again, of the nodes that go: as many as their descriptions demand.
    fn needed(&self, tree: &MoTree, doomed: &[NodeId]) -> Vec<Need> {
        let mut needed = Vec::new();
        if self.server().is_none() {
            return needed;
        }
        for found in doomed.iter().filter_map(|id| tree.arena.get(*id)) {
            let Some(parent) = found.parent else { continue };
            let entry = defined(tree, found).filter(|entry| entry.name.is_none());
            let least = entry.map_or(0, |entry| entry.occurrence.min());
            let need = Need { parent, kind: (found.mo, found.schema), least };
            if least > 0 && !needed.contains(&need) {
                needed.push(need);
            }
        }
        needed
    }

    /// What the first node of a Replace gets besides its value.
    fn finish_top(&self, change: &mut Change<'_>, plan: &Plan<'_>, (top, id): (usize, NodeId)) -> Result<(), Stop> {
        change.touch(id);
        let titles = config(change.tree)?.properties.title;
        if let Some(title) = plan.node(top)?.title.as_deref().filter(|_| titles) {
            change.set_title(id, read_title(title)?)?;
        }
        Ok(())
    }

    /// What a Replace removes below its first node. Permanent nodes that the object has are kept; one that it has not
    /// forbids the Replace.
    fn compare(
        &self,
        tree: &MoTree,
        plan: &mut Plan<'_>,
        branches: &[Branch],
        top: NodeId,
    ) -> Result<Vec<NodeId>, Stop> {
        let mut doomed = Vec::new();
        let mut open = Vec::from([(0_usize, top)]);
        while let Some((branch, id)) = open.pop() {
            let named = branches.get(branch).into_iter().flat_map(|branch| &branch.children);
            let wanted: BTreeMap<NodeId, usize> =
                named.filter_map(|(name, below)| Some((tree.arena.child(id, name)?, *below))).collect();
            for child in tree.arena.children_unordered(id) {
                if !tree.is_permanent(node(tree, child)?) {
                    if self.server().is_some() && self.survey(tree, child).pinned {
                        return Err(StatusCode::NOT_ALLOWED.into());
                    }
                    doomed.push(child);
                    continue;
                }
                match wanted.get(&child) {
                    Some(below) => {
                        plan.kept.insert(child);
                        open.push((*below, child));
                    }
                    None if self.server().is_some() => return Err(StatusCode::NOT_ALLOWED.into()),
                    None => {}
                }
            }
        }
        Ok(doomed)
    }

    /// Puts the MOs of an object to their places, which the device knows.
    fn add_to_inbox(
        &mut self,
        tree: &mut MoTree,
        uri: &NodeUri<'_>,
        inbox: NodeId,
        content: &Content,
    ) -> Result<(), Stop> {
        self.demand(tree, inbox, AclCommand::Add)?;
        let below: Vec<&str> = uri.segments().skip(1).collect();
        if below.len() > usize::from(!strict(tree)) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if self.checking.is_some() {
            return Ok(());
        }
        let object = read(tree, &content.data)?;
        let mut homes = Homes::new(tree);
        let mut plan = Plan {
            object: &object,
            places: Vec::new(),
            depths: Vec::new(),
            values: BTreeMap::new(),
            kept: BTreeSet::new(),
        };
        let bootstrap = self.request.principal == Principal::Bootstrap;
        for (index, tnds) in object.nodes.iter().enumerate() {
            let place = match (tnds.parent, &tnds.path) {
                (Some(parent), None) => match plan.places.get(parent) {
                    Some(Place::Ignored) => Place::Ignored,
                    _ => Place::Below(parent, name_of(tnds)?.ok_or(StatusCode::UNSUPPORTED_FORMAT)?),
                },
                _ => {
                    let path = tnds.path.as_deref().unwrap_or_default();
                    let path = if path == "./Inbox" { "" } else { path.strip_prefix("./Inbox/").unwrap_or(path) };
                    let limits = config(tree)?.uri;
                    // A bound for what the names of places are compared with; how they are written counts later.
                    if path.len() > limits.total_len().saturating_mul(4) {
                        return Err(StatusCode::URI_TOO_LONG.into());
                    }
                    let mut inner = path_names(path)?;
                    if inner.len() > limits.depth() {
                        return Err(StatusCode::URI_TOO_LONG.into());
                    }
                    inner.extend(name_of(tnds)?);
                    if inner.is_empty() {
                        inner.extend(below.iter().map(ToString::to_string));
                    }
                    match homes.place(&object, index, inner)? {
                        Some(names) => Place::At(names),
                        None if bootstrap => Place::Ignored,
                        None => return Err(StatusCode::NOT_ALLOWED.into()),
                    }
                }
            };
            plan.places.push(place);
        }
        if plan.places.iter().all(|place| matches!(place, Place::Ignored)) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        plan.values = homes.rewritten(&object);
        measure(tree, &mut plan)?;
        let writer = uri.writer(config(tree)?.escape_non_ascii);
        self.mutate(tree, |run, change| {
            run.placing = true;
            run.place(change, &plan, None, writer)
        })
    }
}

/// The places that the device has for MOs.
struct Homes<'t> {
    tree: &'t MoTree,
    /// Where an MO goes, by where it stands in the Inbox.
    moved: BTreeMap<String, Vec<String>>,
    /// Names that were given below a node by this object.
    taken: BTreeSet<(NodeId, String)>,
    /// The last number that was given as a name below a node.
    last: BTreeMap<NodeId, usize>,
}

impl<'t> Homes<'t> {
    const fn new(tree: &'t MoTree) -> Self {
        Self { tree, moved: BTreeMap::new(), taken: BTreeSet::new(), last: BTreeMap::new() }
    }

    /// The names from the root for a top-level Node that stands at `inner` in the Inbox; `None` for one that has no
    /// place.
    fn place(&mut self, object: &TndsObject, index: usize, inner: Vec<String>) -> Result<Option<Vec<String>>, Stop> {
        // A Node that goes on with an MO that came before.
        let mut key = String::new();
        let mut above = None;
        for (count, name) in inner.iter().enumerate() {
            if count > 0 {
                key.push('/');
            }
            key.push_str(name);
            if let Some(home) = self.moved.get(&key) {
                above = Some((count, home));
            }
        }
        if let Some((count, home)) = above {
            let rest = inner.iter().skip(count.saturating_add(1)).cloned();
            return Ok(Some(home.iter().cloned().chain(rest).collect()));
        }
        let tnds = object.nodes.get(index).ok_or(StatusCode::COMMAND_FAILED)?;
        let moid = tnds.media_type.as_ref().map_or("", TndsType::as_str);
        if object.format(index) != Some(Format::Node) || moid.is_empty() {
            return Ok(None);
        }
        let Some(mut names) = self.home_of(moid) else { return Ok(None) };
        let Found::Node(parent) = find_names(self.tree, names.iter().map(String::as_str)) else { return Ok(None) };
        if self.moved.len() >= self.tree.limits().instances {
            return Err(StatusCode::DEVICE_FULL.into());
        }
        names.push(self.free_name(parent, moid, inner.last().map(String::as_str))?);
        self.moved.insert(key, names.clone());
        Ok(Some(names))
    }

    /// The names of the node below which instances of an MO are.
    fn home_of(&self, moid: &str) -> Option<Vec<String>> {
        let root = self.tree.root().and_then(|root| self.tree.arena.get(root))?;
        let frame = self.tree.mos.get(root.mo)?.definition.as_ref()?;
        let mut open = Vec::from([(0_usize, Vec::new())]);
        while let Some((index, names)) = open.pop() {
            for child in frame.entry(index)?.children() {
                let Some(entry) = frame.entry(child) else { continue };
                match &entry.name {
                    None if entry.moid().is_some_and(|linked| canonical_mo(linked) == canonical_mo(moid)) => {
                        return Some(names);
                    }
                    Some(name) if entry.format == Format::Node => {
                        let below: Vec<String> = names.iter().cloned().chain([name.to_string()]).collect();
                        open.push((child, below));
                    }
                    _ => {}
                }
            }
        }
        // Without a place of its own an MO that the device knows goes to the root.
        let known =
            self.tree.definition(canonical_mo(moid)).filter(|mo| mo.entry(0).is_some_and(|entry| !entry.permanent));
        (known.is_some() && !is_own(moid)).then(Vec::new)
    }

    /// A name that is free: the one that is wanted, else a number. An MO that has a name of its own can be there once.
    fn free_name(&mut self, parent: NodeId, moid: &str, wanted: Option<&str>) -> Result<String, Stop> {
        let tree = self.tree;
        let fixed = tree.definition(canonical_mo(moid)).and_then(|mo| mo.entry(0)?.name.as_deref());
        let last = self.last.entry(parent).or_insert_with(|| tree.arena.children_unordered(parent).count());
        let mut number = || {
            *last = last.saturating_add(1);
            last.to_string()
        };
        let mut name = match fixed.or(wanted) {
            Some(name) => name.to_string(),
            None => number(),
        };
        while tree.arena.child(parent, &name).is_some() || !self.taken.insert((parent, name.clone())) {
            if fixed.is_some() {
                return Err(StatusCode::ALREADY_EXISTS.into());
            }
            name = number();
        }
        Ok(name)
    }

    /// Values that name an MO of the object where it stood in the Inbox, naming the place that it got.
    fn rewritten(&self, object: &TndsObject) -> BTreeMap<usize, TndsValue> {
        let escape = self.tree.dm1().is_none_or(|config| config.escape_non_ascii);
        let writer = UriWriter::new(Style::Dotted, escape);
        let longest = self.moved.keys().map(String::len).max().unwrap_or_default();
        let deepest = self.tree.dm1().map_or(0, |config| config.uri.depth());
        let mut values = BTreeMap::new();
        for (index, node) in object.nodes.iter().enumerate() {
            let Some(TndsValue::Text(text)) = &node.value else { continue };
            let Some(inner) = text.strip_prefix("./Inbox/") else { continue };
            let (mut key, mut at) = (String::new(), 0_usize);
            for segment in inner.split('/').take(deepest) {
                let Some(name) = decode_name(segment) else { break };
                if at > 0 {
                    key.push('/');
                }
                key.push_str(&name);
                at = at.saturating_add(segment.len());
                if key.len() > longest {
                    break;
                }
                if let Some(home) = self.moved.get(&key) {
                    let place = writer.write(home.iter().map(String::as_str));
                    let text = format!("{place}{}", inner.get(at..).unwrap_or_default());
                    values.insert(index, TndsValue::Text(text));
                }
                at = at.saturating_add(1);
            }
        }
        values
    }
}

fn read(tree: &MoTree, data: &Data) -> Result<TndsObject, Stop> {
    let most = tree.limits();
    let mut limits = Limits::DEFAULT;
    limits.max_message_len = limits.max_message_len.max(most.total_len);
    limits.max_markup_depth = limits.max_markup_depth.saturating_add(16);
    // A Node has a dozen elements.
    limits.max_elements = limits.max_elements.max(most.nodes.saturating_mul(12));
    Ok(TndsObject::from_data(data, &limits)?)
}

/// The name of a Node; `None` where it has none or an empty one.
fn name_of(node: &TndsNode) -> Result<Option<String>, Stop> {
    match node.name.as_deref() {
        None | Some("") => Ok(None),
        Some(name) => Ok(Some(decode_name(name).ok_or(StatusCode::NOT_FOUND)?)),
    }
}

/// The names in a Path.
fn path_names(path: &str) -> Result<Vec<String>, Stop> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let names: Option<Vec<String>> = path.split('/').map(decode_name).collect();
    names.ok_or_else(|| StatusCode::NOT_FOUND.into())
}

/// Where the Nodes of an object belong that is sent to `uri` (§8.3).
fn resolve<'o>(tree: &MoTree, uri: &NodeUri<'_>, object: &'o TndsObject, adds: bool) -> Result<Plan<'o>, Stop> {
    let target: Vec<&str> = uri.segments().collect();
    let lenient = !strict(tree);
    let itself = lenient && means_target(tree, uri, object, adds)?;
    let mut places = Vec::with_capacity(object.nodes.len());
    for node in &object.nodes {
        let place = match (node.parent, &node.path) {
            (Some(parent), None) => Place::Below(parent, name_of(node)?.ok_or(StatusCode::UNSUPPORTED_FORMAT)?),
            (parent, path) => {
                let path = path.as_deref().unwrap_or_default();
                let mut names: Vec<String>;
                match absolute(path, uri, lenient) {
                    Some(path) => names = path_names(path)?,
                    None => {
                        let path = if lenient { path.trim_matches('/') } else { path };
                        names = target.iter().map(ToString::to_string).collect();
                        names.extend(path_names(path)?);
                    }
                }
                if parent.is_some() || !itself {
                    names.extend(name_of(node)?);
                }
                Place::At(names)
            }
        };
        places.push(place);
    }
    let mut plan = Plan { object, places, depths: Vec::new(), values: BTreeMap::new(), kept: BTreeSet::new() };
    measure(tree, &mut plan)?;
    Ok(plan)
}

/// Lenient: a Path from the root, without the dot.
fn absolute<'p>(path: &'p str, uri: &NodeUri<'_>, lenient: bool) -> Option<&'p str> {
    if !lenient {
        return None;
    }
    if path == "." {
        return Some("");
    }
    let whole = uri.path_str();
    let below = path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match path.strip_prefix("./") {
        Some(path) => Some(path.trim_end_matches('/')),
        None if below && uri.style() == Style::Bare && !uri.is_root() => Some(path),
        None => None,
    }
}

/// Lenient: whether the only Node at the top, called like the target, is meant to be the target.
fn means_target(tree: &MoTree, uri: &NodeUri<'_>, object: &TndsObject, adds: bool) -> Result<bool, Stop> {
    let mut tops = object.nodes.iter().filter(|node| node.parent.is_none());
    let (Some(top), None) = (tops.next(), tops.next()) else { return Ok(false) };
    let (Some(name), Some(last), None) = (name_of(top)?, uri.segments().last(), &top.path) else { return Ok(false) };
    if name != last {
        return Ok(false);
    }
    Ok(match (find(tree, uri), adds) {
        (Found::Node(id), false) => tree.arena.child(id, &name).is_none(),
        (found, adds) => adds && !matches!(found, Found::Node(_)),
    })
}

/// Checks the URIs that the nodes get, and notes how deep they are.
fn measure(tree: &MoTree, plan: &mut Plan<'_>) -> Result<(), Stop> {
    let (limits, escape) = (config(tree)?.uri, config(tree)?.escape_non_ascii);
    // Levels and characters of each.
    let mut sizes: Vec<(usize, usize)> = Vec::with_capacity(plan.places.len());
    let check = |(depth, total): (usize, usize), name: &str| {
        let len = escaped_chars(name, escape);
        let (depth, total) = (depth.saturating_add(1), total.saturating_add(len).saturating_add(1));
        let fits = depth <= limits.depth() && total <= limits.total_len() && len <= limits.segment_len();
        if fits { Ok((depth, total)) } else { Err(Stop::from(StatusCode::URI_TOO_LONG)) }
    };
    for place in &plan.places {
        let size = match place {
            Place::At(names) => names.iter().try_fold((0, 1), |size, name| check(size, name))?,
            Place::Below(parent, name) => check(sizes.get(*parent).copied().unwrap_or((0, 1)), name)?,
            Place::Ignored => (0, 1),
        };
        sizes.push(size);
    }
    plan.depths = sizes.into_iter().map(|(depth, _)| depth).collect();
    Ok(())
}

/// The Node of an object that is the first of a Replace: all others are below it.
fn top_of<'p>(plan: &'p Plan<'_>) -> Result<(usize, &'p [String]), Stop> {
    let tops = || {
        plan.places.iter().enumerate().filter_map(|(index, place)| match place {
            Place::At(names) => Some((index, names.as_slice())),
            Place::Below(..) | Place::Ignored => None,
        })
    };
    let (top, names) = tops().min_by_key(|(_, names)| names.len()).ok_or(StatusCode::UNSUPPORTED_FORMAT)?;
    for (_, other) in tops().filter(|(index, _)| *index != top) {
        if !other.starts_with(names) {
            return Err(StatusCode::COMMAND_FAILED.into());
        }
        if other.len() == names.len() {
            return Err(StatusCode::ALREADY_EXISTS.into());
        }
    }
    Ok((top, names))
}

/// The nodes of a Replace by their names below the first.
fn branches(plan: &Plan<'_>, top: usize) -> Result<Vec<Branch>, Stop> {
    let Some(Place::At(first)) = plan.places.get(top) else { return Err(StatusCode::COMMAND_FAILED.into()) };
    let mut branches = Vec::from([Branch { node: Some(top), ..Branch::default() }]);
    let mut of: Vec<usize> = Vec::with_capacity(plan.places.len());
    for (index, place) in plan.places.iter().enumerate() {
        let mut at = 0_usize;
        let mut path: &[String] = &[];
        match place {
            Place::At(names) => path = names.get(first.len()..).unwrap_or_default(),
            Place::Below(parent, name) => {
                // A Node stands in front of those in it, but the first of all may not be the first in the list.
                at = of.get(*parent).copied().unwrap_or_default();
                path = core::slice::from_ref(name);
            }
            Place::Ignored => {}
        }
        for name in path {
            let next = branches.len();
            let branch = branches.get_mut(at).ok_or(StatusCode::COMMAND_FAILED)?;
            at = *branch.children.entry(name.clone()).or_insert(next);
            if at == next {
                branches.push(Branch::default());
            }
        }
        let branch = branches.get_mut(at).ok_or(StatusCode::COMMAND_FAILED)?;
        if branch.node.replace(index).is_some_and(|other| other != index) {
            return Err(StatusCode::ALREADY_EXISTS.into());
        }
        of.push(at);
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::super::operation::{Command, Outcome, Request, Store};
    use super::super::{DM_ACC_1_0, FUMO_1_0};
    use super::*;
    use crate::tree::{NodeDefinition, TreeConfig, dm1};
    use alloc::vec;
    use dm_package::Strictness;

    fn tree(strictness: Strictness) -> MoTree {
        let vendor = NodeDefinition::interior("Vendor").permanent().open();
        let fixed = NodeDefinition::leaf("Fixed", Format::Int).permanent().with_default(5);
        let config = dm1::Config::new()
            .with_node("Vendor", vendor.with(fixed))
            .with_node("Fw", NodeDefinition::interior("Fw").permanent().open());
        MoTree::new(TreeConfig::new(1).with_strictness(strictness).with_dm1(config)).unwrap()
    }

    fn content(nodes: Vec<TndsNode>) -> Content {
        let text = TndsObject::new(nodes).to_xml().unwrap();
        Content::new(Data::Text(text)).with_type("application/vnd.syncml.dmtnds+xml")
    }

    fn leaf(name: &str, parent: Option<usize>, text: &str) -> TndsNode {
        let value = TndsValue::Text(text.into());
        TndsNode { parent, ..TndsNode::leaf(name, Format::Chr, value) }
    }

    fn at(path: &str, node: TndsNode) -> TndsNode {
        TndsNode { path: Some(path.into()), ..node }
    }

    fn mo(name: &str, moid: &str) -> TndsNode {
        TndsNode { media_type: Some(TndsType::DdfName(moid.into())), ..TndsNode::interior(name) }
    }

    fn run(tree: &mut MoTree, command: Command) -> u32 {
        match tree.apply(&Request::local(command)) {
            Outcome::Done(answer) => answer.status.code(),
            Outcome::Ask(asks) => panic!("{asks:?}"),
        }
    }

    fn get(tree: &mut MoTree, uri: &str) -> Option<String> {
        let Outcome::Done(answer) = tree.apply(&Request::local(Command::get(uri))) else { return None };
        match answer.results.into_iter().next()?.data {
            Data::None => Some(String::new()),
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn paths_are_relative_to_the_target() {
        let flat = |first: &str| {
            content(vec![
                TndsNode::interior("A"),
                at("A", leaf("b", None, "1")),
                at("A/C", leaf("", None, "2")),
                at(first, leaf("d", None, "3")),
            ])
        };
        let mut strict = tree(Strictness::Strict);
        assert_eq!(run(&mut strict, Command::add("./Vendor", flat("E/F"))), 200);
        assert_eq!(get(&mut strict, "./Vendor/A").as_deref(), Some("b/C"));
        assert_eq!(get(&mut strict, "./Vendor/A/C").as_deref(), Some("2"));
        assert_eq!(get(&mut strict, "./Vendor/E/F/d").as_deref(), Some("3"));
        assert_eq!(run(&mut strict, Command::add("./Other", flat("./Other"))), 404);
        assert_eq!(get(&mut strict, "./Other"), None);
        let mut lenient = tree(Strictness::Lenient);
        assert_eq!(run(&mut lenient, Command::add("./Vendor", flat("./Vendor/A"))), 200);
        assert_eq!(get(&mut lenient, "./Vendor/A").as_deref(), Some("b/C/d"));
        assert_eq!(run(&mut lenient, Command::add("./Vendor/X", content(vec![TndsNode::interior("X")]))), 200);
        assert_eq!(get(&mut lenient, "./Vendor/X").as_deref(), Some(""));
    }

    #[test]
    fn one_name_is_one_node() {
        let mut tree = tree(Strictness::Strict);
        let twice = content(vec![TndsNode::interior("A"), leaf("b", Some(0), "1"), at("A", leaf("b", None, "2"))]);
        assert_eq!(run(&mut tree, Command::add("./Vendor", twice.clone())), 418);
        assert_eq!(get(&mut tree, "./Vendor/A"), None);
        assert_eq!(run(&mut tree, Command::add("./Vendor/A", Content::node())), 200);
        assert_eq!(run(&mut tree, Command::replace("./Vendor", twice)), 418);
        let apart = content(vec![TndsNode::interior("A"), at("B", leaf("b", None, "1"))]);
        assert_eq!(run(&mut tree, Command::replace("./Vendor", apart)), 500);
    }

    #[test]
    fn a_replace_keeps_what_is_permanent() {
        let mut tree = tree(Strictness::Strict);
        assert_eq!(run(&mut tree, Command::add("./Vendor/Old/x", "1")), 200);
        assert_eq!(run(&mut tree, Command::replace("./Vendor/Fixed?prop=Title", "Five")), 200);
        let fixed = TndsNode { format: Some(Format::Int), ..leaf("Fixed", Some(0), "7") };
        let object = content(vec![TndsNode::interior(""), fixed, leaf("New", Some(0), "n")]);
        assert_eq!(run(&mut tree, Command::replace("./Vendor", object)), 200);
        assert_eq!(get(&mut tree, "./Vendor").as_deref(), Some("Fixed/New"));
        assert_eq!(get(&mut tree, "./Vendor/Fixed").as_deref(), Some("7"));
        assert_eq!(get(&mut tree, "./Vendor/Fixed?prop=Title").as_deref(), Some(""));
    }

    #[test]
    fn what_comes_with_a_new_node_takes_the_value_of_the_object() {
        let mut tree = tree(Strictness::Strict);
        assert_eq!(run(&mut tree, Command::add("./Fw/one", Content::mo(FUMO_1_0))), 200);
        assert_eq!(get(&mut tree, "./Fw/one/State").as_deref(), Some("10"));
        let state = |text: &str| TndsNode { format: Some(Format::Int), ..leaf("State", Some(0), text) };
        let object = content(vec![mo("two", FUMO_1_0), state("40")]);
        assert_eq!(run(&mut tree, Command::add("./Fw", object)), 200);
        assert_eq!(get(&mut tree, "./Fw/two/State").as_deref(), Some("40"));
        let object = content(vec![mo("three", FUMO_1_0), state("40"), state("50")]);
        assert_eq!(run(&mut tree, Command::add("./Fw", object)), 418);
    }

    #[test]
    fn the_inbox_finds_places_and_rewrites_what_names_them() {
        let mut tree = tree(Strictness::Lenient);
        let object = content(vec![
            mo("1", DM_ACC_1_0),
            leaf("AppID", Some(0), "w7"),
            leaf("ServerID", Some(0), "S"),
            leaf("PrefConRef", Some(0), "./Inbox/Fw/x/PkgName"),
            at("Fw", mo("x", FUMO_1_0)),
            at("Fw/x", leaf("PkgName", None, "p")),
        ]);
        for account in ["1", "2"] {
            assert_eq!(run(&mut tree, Command::add("./Inbox", object.clone())), 200);
            let reference = get(&mut tree, &format!("./DMAcc/{account}/PrefConRef")).unwrap();
            assert_eq!(get(&mut tree, &reference).as_deref(), Some("p"), "{reference}");
        }
        assert_eq!(get(&mut tree, "./DMAcc").as_deref(), Some("1/2"));
        let unknown = content(vec![mo("1", "com.example/1.0/Unknown")]);
        assert_eq!(run(&mut tree, Command::add("./Inbox", unknown)), 405);
        assert_eq!(run(&mut tree, Command::add("./Inbox", content(vec![leaf("a", None, "1")]))), 405);
    }
}
