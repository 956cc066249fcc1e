//! The operations that sessions ask for. Checks go in the order of §9: MO provisioned, right on the
//! instance, access types, permanence.

use super::arena::{Content, Node, NodeId};
use super::change::{Author, Change, Input};
use super::definition::{Access, Schema};
use super::error::{TreeError, TreeErrorKind};
use super::mo_tree::{Instance, MoTree, UndefinedMo};
use super::names;
use super::operation::{Content as Data, Operation, Outcome, Store};
use super::rights::Rights;
use super::subscription::Pattern;
use super::value::Value;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_package::Node as Event;
use dm_package::{
    ClientUri, Component, Json, Limits, MoItem, MoWriter, MosItem, Resolve, Scalar, StatusCode, Strictness, Walk,
};

/// What refuses an operation; it becomes a status in one place.
type Refused = TreeErrorKind;

impl Store for MoTree {
    fn manage(&mut self, operation: &Operation) -> Outcome {
        let status = |done: Result<(), Refused>| match done {
            Ok(()) => Outcome::Status(StatusCode::OK),
            Err(kind) => Outcome::Status(kind.status_code()),
        };
        // Nobody sees what may yet be undone.
        #[cfg(feature = "dm1")]
        if self.transaction.is_some() {
            return Outcome::Status(TreeErrorKind::Busy.status_code());
        }
        let outcome = match operation {
            Operation::ListMos { server_id } => Ok(Outcome::Mos(self.list_mos(server_id))),
            Operation::Read { server_id, uris } => self.read(server_id, uris),
            Operation::CheckWrite { server_id, uri } => Ok(status(self.check_write(server_id, uri.as_deref()))),
            Operation::Write { server_id, uri, content } => self.write(server_id, uri.as_deref(), content),
            Operation::Delete { server_id, uris } => Ok(status(self.delete_nodes(server_id, uris))),
            Operation::CheckExec { server_id, uri } => self.check_exec(server_id, uri),
            Operation::SetDefault { server_id, moid, server_uri } => {
                Ok(status(self.set_default(server_id, moid, server_uri)))
            }
            Operation::FindDefault { moid } => Ok(self.find_default(moid)),
            Operation::Subscribe { server_id, uri, server_uri } => {
                Ok(status(self.subscribe(server_id, uri, server_uri)))
            }
            Operation::Unsubscribe { server_id, uri } => Ok(status(self.unsubscribe(server_id, uri))),
        };
        outcome.unwrap_or_else(|kind| Outcome::Status(kind.status_code()))
    }
}

/// Where data is to be stored.
#[derive(Clone)]
enum Place {
    Node(NodeId),
    /// A node that is not there yet, and its name.
    New(NodeId, Box<str>),
    /// An instance of this MO that is not there yet.
    Instance(String),
}

impl MoTree {
    /// The MOs that the server may manage and this device can have, with the instances on which the server has
    /// any right.
    fn list_mos(&self, server_id: &str) -> Vec<MosItem<'static>> {
        let Some(account) = self.accounts_by_id().get(server_id) else { return Vec::new() };
        let listed = account.moids.iter().filter_map(|moid| {
            let mo = self.mo(moid);
            if self.config.undefined == UndefinedMo::Refuse
                && mo.is_none_or(|mo| mo.definition.is_none() && mo.by_miid.is_empty())
            {
                return None;
            }
            let instances = mo.into_iter().flat_map(|mo| &mo.by_age).filter_map(|id| self.instances.get(id));
            let visible = instances.filter(|instance| !self.rights_on(instance, server_id).is_empty());
            let miids = visible.map(|instance| instance.miid.to_string().into()).collect();
            let item = MosItem::new(names::expose(moid).into_owned(), miids);
            let ddf = mo.and_then(|mo| mo.definition.as_ref()?.ddf());
            Some(match ddf {
                Some(ddf) => item.with_ddf(ddf.to_string()),
                None => item,
            })
        });
        listed.collect()
    }

    fn read(&self, server_id: &str, uris: &[String]) -> Result<Outcome, Refused> {
        let mut items = Vec::new();
        let mut len = 0_usize;
        let mut seen = 0_usize;
        let mut all_fresh = true;
        if uris.is_empty() {
            return Err(TreeErrorKind::Malformed);
        }
        for text in uris {
            let uri = self.parse(text)?;
            let targets = self.readable(server_id, &uri)?;
            // However often one command names the same nodes, it does not look at more than there can be.
            seen = seen.saturating_add(targets.len());
            if seen > self.config.limits.nodes {
                return Err(TreeErrorKind::LimitExceeded);
            }
            if self.is_fresh(&uri, &targets)? {
                continue;
            }
            all_fresh = false;
            for target in targets {
                let Some(node) = self.arena.get(target) else { continue };
                if node.is_interior() || node.value().is_some() {
                    let item = self.serialize(server_id, target)?;
                    len = len.saturating_add(item.mo_data.raw().len());
                    items.push(item);
                }
                if len > self.config.limits.read_len || items.len() > Limits::DEFAULT.max_mo_items {
                    return Err(TreeErrorKind::LimitExceeded);
                }
            }
        }
        Ok(match (items.is_empty(), all_fresh) {
            (false, _) => Outcome::Data(items),
            (true, true) => Outcome::Status(StatusCode::NOT_MODIFIED),
            (true, false) => Outcome::Status(StatusCode::NO_CONTENT),
        })
    }

    /// The targets that the server may read. A node without `Get` is refused where it is named and
    /// left out where a wildcard met it among others.
    fn readable(&self, server_id: &str, uri: &ClientUri<'_>) -> Result<Vec<NodeId>, Refused> {
        let mut targets = self.targets(server_id, uri, Rights::READ)?;
        let all = targets.len();
        targets.retain(|id| self.arena.get(*id).is_some_and(|node| self.access(node).contains(Access::GET)));
        if targets.is_empty() || (targets.len() < all && !uri.has_wildcard()) {
            return Err(TreeErrorKind::NotAllowed);
        }
        Ok(targets)
    }

    /// Whether the `cv` of the ClientURI is the validator of the one instance that it leads into.
    fn is_fresh(&self, uri: &ClientUri<'_>, targets: &[NodeId]) -> Result<bool, Refused> {
        let Some(cv) = uri.cv() else { return Ok(false) };
        let mut instances = targets.iter().filter_map(|target| self.instance_of(*target));
        let Some((first, instance)) = instances.next() else { return Ok(false) };
        if instances.any(|(other, _)| other != first) {
            return match self.config.strictness {
                Strictness::Strict => Err(TreeErrorKind::Malformed),
                Strictness::Lenient => Ok(false),
            };
        }
        Ok(self.validator(instance).is_some_and(|validator| validator == cv))
    }

    /// The MO serialization of a node with everything below it that may be read.
    fn serialize(&self, server_id: &str, target: NodeId) -> Result<MoItem<'static>, Refused> {
        let data = self.mo_data(server_id, target)?;
        let (_, instance) = self.instance_of(target).ok_or(TreeErrorKind::NotFound)?;
        let mut item = MoItem::new(self.address(target), data);
        if let Some(ddf) = self.mos.get(instance.mo).and_then(|mo| mo.definition.as_ref()?.ddf()) {
            item = item.with_ddf(ddf.to_string());
        }
        if instance.root == target
            && let Some(validator) = self.validator(instance)
        {
            item = item.with_cv(validator);
        }
        Ok(item)
    }

    fn mo_data(&self, server_id: &str, target: NodeId) -> Result<Json<'static>, Refused> {
        enum Step {
            Visit(NodeId),
            Leave,
        }
        let mut writer = MoWriter::new();
        let mut open = Vec::from([Step::Visit(target)]);
        while let Some(step) = open.pop() {
            let id = match step {
                Step::Visit(id) => id,
                Step::Leave => {
                    writer.leave();
                    continue;
                }
            };
            let Some(node) = self.arena.get(id) else { continue };
            if !self.access(node).contains(Access::GET) {
                continue;
            }
            // An instance inside another one has rights of its own.
            let inner = node.instance.filter(|_| id != target).and_then(|inner| self.instances.get(&inner));
            if inner.is_some_and(|inner| !self.rights_on(inner, server_id).contains(Rights::READ)) {
                continue;
            }
            match &node.content {
                Content::Interior(_) => {
                    writer.enter(&node.name);
                    open.push(Step::Leave);
                    open.extend(self.arena.children(id).into_iter().rev().map(Step::Visit));
                }
                Content::Leaf { value: None, .. } => {}
                Content::Leaf { value: Some(value), .. } => write_leaf(&mut writer, &node.name, value),
            }
        }
        // A name or depth that the writer does not take cannot be in the tree.
        writer.finish().map_err(|_| TreeErrorKind::InvalidDefinition)
    }

    fn check_write(&self, server_id: &str, uri: Option<&str>) -> Result<(), Refused> {
        let Some(text) = uri else {
            // What will come is not known; a server that may manage nothing may store nothing.
            let account = self.accounts_by_id().get(server_id).ok_or(TreeErrorKind::Forbidden)?;
            return if account.moids.is_empty() { Err(TreeErrorKind::Forbidden) } else { Ok(()) };
        };
        match self.place(server_id, text, true)? {
            Place::Node(id) => {
                let node = self.arena.get(id).ok_or(TreeErrorKind::NotFound)?;
                let allowed = if node.is_interior() {
                    self.is_changeable(node)
                } else {
                    self.access(node).contains(Access::REPLACE)
                };
                if allowed { Ok(()) } else { Err(TreeErrorKind::NotAllowed) }
            }
            Place::New(parent, name) => {
                let parent = self.arena.get(parent).ok_or(TreeErrorKind::NotFound)?;
                let either =
                    [false, true].into_iter().filter_map(|interior| self.child_schema(parent, &name, interior));
                let judged: Vec<_> = either.map(|schema| self.may_add(parent.mo, schema, false)).collect();
                match judged.iter().find(|judged| judged.is_ok()).or_else(|| judged.first()) {
                    Some(judged) => *judged,
                    None => Err(TreeErrorKind::NotFound),
                }
            }
            Place::Instance(_) => Ok(()),
        }
    }

    fn write(&mut self, server_id: &str, uri: Option<&str>, content: &Data) -> Result<Outcome, Refused> {
        let written = self.change(Author::Server, |change| {
            let mut written = Vec::new();
            match (content, uri) {
                (Data::Items(items), Some(text)) => {
                    let [item] = items.as_slice() else { return Err(TreeErrorKind::Malformed.into()) };
                    let place = change.tree.place(server_id, text, true)?;
                    written.push(change.store_item(server_id, &place, item)?);
                }
                (Data::Items(items), None) => {
                    if items.is_empty() {
                        return Err(TreeErrorKind::Malformed.into());
                    }
                    for item in items {
                        let place = change.tree.place(server_id, &item.client_uri, false)?;
                        written.push(change.store_item(server_id, &place, item)?);
                    }
                }
                (Data::Bytes(bytes), Some(text)) => {
                    let place = change.tree.place(server_id, text, true)?;
                    written.push(change.store_bytes(place, bytes)?);
                }
                (Data::Bytes(_), None) => return Err(TreeErrorKind::UnsupportedForm.into()),
            }
            // A later item may have replaced what an earlier one brought.
            written.retain(|id| change.tree.depth(*id).is_some());
            Ok(written.into_iter().map(|id| change.tree.address(id)).collect())
        });
        written.map(Outcome::Written).map_err(|error| error.kind())
    }

    /// Where to store what is for the address `text`. With `exact` the server named the place; without, the
    /// data came with an address of its own, which says what it is rather than where it goes: an
    /// instance that does not exist, or is not named, is created.
    fn place(&self, server_id: &str, text: &str, exact: bool) -> Result<Place, Refused> {
        let uri = self.parse(text)?;
        let moid = self.moid_of(uri.moid());
        if !self.is_provisioned(server_id, &moid) && self.is_hidden(server_id, &moid) {
            return Err(TreeErrorKind::Forbidden);
        }
        if uri.path().next().is_none() {
            let mo = self.mo(&moid);
            let ids = mo.into_iter().flat_map(|mo| &mo.by_age).filter_map(|id| self.instances.get(id));
            let mut visible = ids.filter(|instance| !self.rights_on(instance, server_id).is_empty());
            let defined = mo.and_then(|mo| mo.definition.as_ref()?.entry(0));
            let create = match uri.instance() {
                Component::Empty if exact => visible.next().is_none(),
                Component::Empty => {
                    visible.next().is_none() || defined.is_none_or(|root| root.occurrence.max() != Some(1))
                }
                Component::Name(miid) => !exact && mo.is_none_or(|mo| !mo.by_miid.contains_key(&*miid)),
                _ => false,
            };
            if create {
                return self.new_instance(server_id, &moid);
            }
        }
        let view = View::new(self, server_id, &uri, true);
        let spots = self.resolve(&view, &uri, Rights::WRITE)?;
        match spots.as_slice() {
            [place] => Ok(place.clone()),
            _ => Err(TreeErrorKind::Ambiguous),
        }
    }

    /// Whether a server may create an instance of the MO.
    fn new_instance(&self, server_id: &str, moid: &str) -> Result<Place, Refused> {
        if !self.is_provisioned(server_id, moid) {
            return Err(TreeErrorKind::Forbidden);
        }
        let number = self.by_moid.get(moid).copied();
        let mo = number.and_then(|number| self.mos.get(number));
        let defined = mo.and_then(|mo| Some((mo, mo.definition.as_ref()?.entry(0)?)));
        let (Some(number), Some((mo, root))) = (number, defined) else {
            return match self.config.undefined {
                UndefinedMo::Refuse => Err(TreeErrorKind::UndefinedMo),
                UndefinedMo::FreeForm => Ok(Place::Instance(moid.to_string())),
            };
        };
        self.may_add(number, Schema::Defined(0), false)?;
        match root.occurrence.max().is_some_and(|max| mo.by_miid.len() >= max) {
            false => Ok(Place::Instance(moid.to_string())),
            // The only instance there can be is one that the server has no right on.
            true if self.is_hidden(server_id, moid) => Err(TreeErrorKind::Forbidden),
            true => Err(TreeErrorKind::NotAllowed),
        }
    }

    fn delete_nodes(&mut self, server_id: &str, uris: &[String]) -> Result<(), Refused> {
        if uris.is_empty() {
            return Err(TreeErrorKind::Malformed);
        }
        let mut targets = Vec::new();
        for text in uris {
            let uri = self.parse(text)?;
            let found = self.targets(server_id, &uri, Rights::WRITE)?;
            if found.len() > 1 && !uri.has_wildcard() {
                return Err(TreeErrorKind::Ambiguous);
            }
            if targets.len().saturating_add(found.len()) > self.config.limits.nodes {
                return Err(TreeErrorKind::LimitExceeded);
            }
            targets.extend(found);
        }
        for target in &targets {
            self.may_take(server_id, *target)?;
        }
        let done = self.change(Author::Server, |change| {
            for target in targets {
                // A target below another one is gone by now.
                if change.tree.depth(target).is_some() {
                    change.delete(target)?;
                }
            }
            Ok(())
        });
        done.map_err(|error| match error.kind() {
            // A node without which its parent cannot be: not malformed, but not possible.
            TreeErrorKind::Occurrence => TreeErrorKind::NotAllowed,
            kind => kind,
        })
    }

    /// Whether the server has the right to remove the instances that stand below a node.
    fn may_take(&self, server_id: &str, target: NodeId) -> Result<(), Refused> {
        let mut open: Vec<NodeId> = self.arena.children_unordered(target).collect();
        while let Some(id) = open.pop() {
            let inner = self.arena.get(id).and_then(|node| self.instances.get(&node.instance?));
            if inner.is_some_and(|inner| !self.rights_on(inner, server_id).contains(Rights::WRITE)) {
                return Err(TreeErrorKind::Forbidden);
            }
            open.extend(self.arena.children_unordered(id));
        }
        Ok(())
    }

    /// Whether an instance roots at or below a node.
    pub(crate) fn holds_instance(&self, top: NodeId) -> bool {
        let mut open = Vec::from([top]);
        while let Some(id) = open.pop() {
            if self.arena.get(id).is_some_and(|node| node.instance.is_some()) {
                return true;
            }
            open.extend(self.arena.children_unordered(id));
        }
        false
    }

    fn check_exec(&self, server_id: &str, text: &str) -> Result<Outcome, Refused> {
        let uri = self.parse(text)?;
        let targets = self.targets(server_id, &uri, Rights::EXECUTE)?;
        let [target] = targets.as_slice() else { return Err(TreeErrorKind::Ambiguous) };
        let node = self.arena.get(*target).ok_or(TreeErrorKind::NotFound)?;
        if self.access(node).contains(Access::EXEC) {
            Ok(Outcome::Executable(self.address(*target)))
        } else {
            Err(TreeErrorKind::NotAllowed)
        }
    }

    fn set_default(&mut self, server_id: &str, moid: &str, server_uri: &str) -> Result<(), Refused> {
        let limits = self.limits();
        names::check_moid(moid, &limits).map_err(|error| error.kind())?;
        names::check_http_uri(server_uri, &limits)?;
        if !self.is_provisioned(server_id, moid) {
            return Err(TreeErrorKind::Forbidden);
        }
        if !self.defaults.contains_key(moid) && self.defaults.len() >= limits.defaults {
            return Err(TreeErrorKind::LimitExceeded);
        }
        self.defaults.insert(moid.to_string(), (server_id.to_string(), server_uri.to_string()));
        Ok(())
    }

    fn find_default(&self, moid: &str) -> Outcome {
        if self.mo(moid).is_some_and(|mo| !mo.by_miid.is_empty()) {
            return Outcome::Status(StatusCode::CONFLICT);
        }
        match self.defaults.get(moid) {
            Some((server_id, server_uri)) => {
                Outcome::Default { server_id: server_id.clone(), server_uri: server_uri.clone() }
            }
            None => Outcome::Status(StatusCode::NOT_FOUND),
        }
    }

    fn subscribe(&mut self, server_id: &str, text: &str, server_uri: &str) -> Result<(), Refused> {
        let uri = self.parse(text)?;
        names::check_http_uri(server_uri, &self.limits())?;
        self.readable(server_id, &uri)?;
        let pattern = Pattern::new(&uri);
        self.put_subscription((server_id.to_string(), text.to_string()), server_uri, pattern)
    }

    fn unsubscribe(&mut self, server_id: &str, text: &str) -> Result<(), Refused> {
        match self.subscriptions.remove(&(server_id.to_string(), text.to_string())) {
            Some(_) => Ok(()),
            None => Err(TreeErrorKind::NotFound),
        }
    }

    pub(crate) fn parse<'u>(&self, text: &'u str) -> Result<ClientUri<'u>, Refused> {
        let limits = Limits::DEFAULT.with_max_uri_len(self.config.limits.uri_len);
        match ClientUri::parse_with(text, self.config.strictness, &limits) {
            Ok(parsed) => Ok(parsed.value),
            Err(error) if error.kind().is_limit() => Err(TreeErrorKind::LimitExceeded),
            Err(_) => Err(TreeErrorKind::InvalidUri),
        }
    }

    /// The nodes that an address names and that the server has the right for.
    fn targets(&self, server_id: &str, uri: &ClientUri<'_>, right: Rights) -> Result<Vec<NodeId>, Refused> {
        let view = View::new(self, server_id, uri, false);
        let spots = self.resolve(&view, uri, right)?;
        Ok(spots.into_iter().filter_map(|spot| if let Place::Node(id) = spot { Some(id) } else { None }).collect())
    }

    /// Resolves an address and drops instances without the right where a wildcard met them among
    /// others.
    fn resolve(&self, view: &View<'_>, uri: &ClientUri<'_>, right: Rights) -> Result<Vec<Place>, Refused> {
        let hidden = match view.only {
            Some(Some(instance)) => self.rights_on(instance, view.server_id).is_empty(),
            _ => self.is_hidden(view.server_id, &self.moid_of(uri.moid())),
        };
        if hidden {
            return Err(TreeErrorKind::Forbidden);
        }
        let mut spots = uri.resolve(view).map_err(|_| TreeErrorKind::NotFound)?;
        let all = spots.len();
        spots.retain(|spot| {
            let (Place::Node(id) | Place::New(id, _)) = spot else { return false };
            self.instance_of(*id).is_some_and(|(_, instance)| self.rights_on(instance, view.server_id).contains(right))
        });
        if spots.is_empty() || (spots.len() < all && !uri.has_wildcard()) {
            Err(TreeErrorKind::Forbidden)
        } else {
            Ok(spots)
        }
    }

    /// Whether the server must not have to do with the MO: it was not provisioned for it, and not
    /// everyone may read it; or there are instances, but it has no right on any.
    fn is_hidden(&self, server_id: &str, moid: &str) -> bool {
        let Some(mo) = self.mo(moid) else { return !self.is_provisioned(server_id, moid) };
        let mut instances = mo.by_age.iter().filter_map(|id| self.instances.get(id));
        if mo.by_age.is_empty() {
            let public = mo.definition.as_ref().is_some_and(super::MoDefinition::is_readable_by_all);
            let known = self.accounts_by_id().contains_key(server_id);
            return !(self.is_provisioned(server_id, moid) || (public && known));
        }
        !instances.any(|instance| !self.rights_on(instance, server_id).is_empty())
    }
}

impl Change<'_> {
    /// Stores one item; hands back the node that it went to.
    fn store_item(&mut self, server_id: &str, place: &Place, item: &MoItem<'_>) -> Result<NodeId, TreeError> {
        let mut events = Events(item.walk());
        let mut first = events.expect()?;
        // The data may start at the MO root: then it has to lead straight to the target and back.
        let prefix = self.prefix(place, name_of(&first));
        for name in &prefix {
            match first {
                Event::Enter(have) if *have == **name => first = events.expect()?,
                _ => return Err(TreeErrorKind::Malformed.into()),
            }
        }
        let wanted = match place {
            Place::Node(id) => self.expected_name(*id),
            Place::New(_, name) => Some(&**name),
            Place::Instance(_) => None,
        };
        if name_of(&first).is_none_or(|have| wanted.is_some_and(|wanted| wanted != have)) {
            return Err(TreeErrorKind::Malformed.into());
        }
        let stored = match (place, first) {
            (Place::Node(id), Event::Leaf(_, scalar)) => {
                self.set_leaf(*id, input(&scalar))?;
                *id
            }
            (Place::New(parent, name), Event::Leaf(_, scalar)) => self.create_leaf(*parent, name, input(&scalar))?,
            (Place::Node(id), Event::Enter(_)) => self.fill(*id, &mut events)?,
            (Place::New(parent, name), Event::Enter(_)) => {
                let made = self.create_interior(*parent, name)?;
                self.fill(made, &mut events)?
            }
            (Place::Instance(moid), Event::Enter(name)) => {
                let made = self.server_instance(server_id, moid, &name)?;
                self.fill(made, &mut events)?
            }
            _ => return Err(TreeErrorKind::Malformed.into()),
        };
        for _ in prefix {
            if !matches!(events.expect()?, Event::Leave) {
                return Err(TreeErrorKind::Malformed.into());
            }
        }
        match events.next()? {
            None => Ok(stored),
            Some(_) => Err(TreeErrorKind::Malformed.into()),
        }
    }

    /// Gives an interior node the content that the events up to its end describe.
    fn fill(&mut self, target: NodeId, events: &mut Events<'_>) -> Result<NodeId, TreeErrorKind> {
        // Nodes that are entered, with those of their children that were named.
        let mut open = Vec::from([(self.enter(target, target)?, BTreeSet::new())]);
        while let Some((parent, named)) = open.last_mut() {
            let parent = *parent;
            match events.expect()? {
                Event::Leave => {
                    // Nothing was in a new one before.
                    if !self.is_new(parent) {
                        self.sweep(parent, named)?;
                    }
                    open.pop();
                }
                Event::Enter(name) => {
                    let child = match self.tree.arena.child(parent, &name) {
                        Some(child) => self.enter(child, target)?,
                        None => self.create_interior(parent, &name)?,
                    };
                    if !named.insert(child) {
                        return Err(TreeErrorKind::Occurrence);
                    }
                    open.push((child, BTreeSet::new()));
                }
                Event::Leaf(name, scalar) => {
                    let child = match self.tree.arena.child(parent, &name) {
                        Some(child) if named.contains(&child) => return Err(TreeErrorKind::Occurrence),
                        Some(child) => {
                            self.set_leaf(child, input(&scalar))?;
                            child
                        }
                        None => self.create_leaf(parent, &name, input(&scalar))?,
                    };
                    named.insert(child);
                }
            }
        }
        Ok(target)
    }

    /// Goes into an interior node that is to be changed. Where nothing can be changed it is refused as a whole:
    /// else the answer would tell which nodes stand below one that cannot be read.
    fn enter(&self, id: NodeId, target: NodeId) -> Result<NodeId, TreeErrorKind> {
        match self.tree.arena.get(id) {
            Some(node) if !node.is_interior() => Err(TreeErrorKind::Format),
            // An instance inside another one is written by its own address.
            Some(node) if node.instance.is_some() && node.parent.is_some() && id != target && !self.is_new(id) => {
                Err(TreeErrorKind::Forbidden)
            }
            Some(node) if self.is_new(id) || self.tree.is_changeable(node) => Ok(id),
            _ => Err(TreeErrorKind::NotAllowed),
        }
    }

    /// The names from the MO root to the parent of the target, if the data seems to start at the MO root rather
    /// than at the target; only where one is lenient.
    fn prefix(&self, place: &Place, first: Option<&str>) -> Vec<String> {
        let (parent, name) = match place {
            Place::Node(id) => match self.tree.arena.get(*id) {
                Some(Node { parent: Some(parent), name, .. }) => (*parent, name),
                _ => return Vec::new(),
            },
            Place::New(parent, name) => (*parent, name),
            Place::Instance(_) => return Vec::new(),
        };
        if self.tree.config.strictness == Strictness::Strict || first == Some(&**name) {
            return Vec::new();
        }
        let mut names = Vec::new();
        for (_, node) in self.tree.arena.upwards(parent) {
            names.push(node.name.to_string());
            if node.instance.is_some() {
                break;
            }
        }
        names.reverse();
        if names.first().map(String::as_str) == first { names } else { Vec::new() }
    }

    /// The name that the data of a node has to have: its own. The root of an instance whose definition leaves
    /// the name open may be called anything by a repository that does not know it.
    fn expected_name(&self, id: NodeId) -> Option<&str> {
        let node = self.tree.arena.get(id)?;
        let open = node.instance.is_some() && self.tree.entry(node).is_none_or(|entry| entry.name.is_none());
        (!open).then_some(&*node.name)
    }

    /// Creates an instance for a server, which gets all rights on it.
    fn server_instance(&mut self, server_id: &str, moid: &str, name: &str) -> Result<NodeId, TreeError> {
        let mo = self.tree.mo_for_creation(moid)?;
        let root = self.add_instance(mo, None, name)?;
        if let Some((id, _)) = self.tree.instance_of(root)
            && let Some(instance) = self.tree.instances.get_mut(&id)
        {
            instance.rights.insert(server_id.to_string(), Rights::ALL);
        }
        Ok(root)
    }

    /// Stores a body as the value of a leaf.
    fn store_bytes(&mut self, place: Place, bytes: &[u8]) -> Result<NodeId, TreeErrorKind> {
        match place {
            Place::Node(id) if self.tree.arena.get(id).is_some_and(Node::is_interior) => {
                Err(TreeErrorKind::UnsupportedForm)
            }
            Place::Node(id) => self.set_leaf(id, Input::Bytes(bytes)).map(|()| id),
            Place::New(parent, name) => self.create_leaf(parent, &name, Input::Bytes(bytes)),
            Place::Instance(_) => Err(TreeErrorKind::UnsupportedForm),
        }
    }
}

/// The tree as one server sees it while an address is resolved.
struct View<'t> {
    tree: &'t MoTree,
    server_id: &'t str,
    /// The instance that the address names, so that no other one need be looked at.
    only: Option<Option<&'t Instance>>,
    /// Whether a last name that does not exist stands for a node to be created.
    creating: bool,
}

impl<'t> View<'t> {
    fn new(tree: &'t MoTree, server_id: &'t str, uri: &ClientUri<'_>, creating: bool) -> Self {
        let only = match uri.instance() {
            Component::Name(miid) => Some(tree.find_instance(&tree.moid_of(uri.moid()), &miid)),
            _ => None,
        };
        Self { tree, server_id, only, creating }
    }

    /// A node below which the server may look.
    fn open(&self, place: &Place) -> Option<(NodeId, &'t Node)> {
        let Place::Node(id) = place else { return None };
        let node = self.tree.arena.get(*id)?;
        // Nothing is told of what is in an instance inside another one on which the server has no right.
        let inner = node.instance.and_then(|inner| self.tree.instances.get(&inner));
        if inner.is_some_and(|inner| self.tree.rights_on(inner, self.server_id).is_empty()) {
            return None;
        }
        (node.is_interior() && !self.tree.is_closed(node)).then_some((*id, node))
    }
}

impl Resolve for View<'_> {
    type Node = Place;

    fn instances(&self, moid: &str, visit: &mut dyn FnMut(&str, Self::Node)) {
        let all = match self.only {
            Some(_) => None,
            None => self.tree.mo(&self.tree.moid_of(moid)),
        };
        let all = all.into_iter().flat_map(|mo| &mo.by_age).filter_map(|id| self.tree.instances.get(id));
        for instance in self.only.flatten().into_iter().chain(all) {
            if !self.tree.rights_on(instance, self.server_id).is_empty() {
                visit(&instance.miid, Place::Node(instance.root));
            }
        }
    }

    fn child(&self, node: &Self::Node, name: &str) -> Option<Self::Node> {
        let (id, _) = self.open(node)?;
        match self.tree.arena.child(id, name) {
            Some(child) => Some(Place::Node(child)),
            None => self.creating.then(|| Place::New(id, name.into())),
        }
    }

    fn children(&self, node: &Self::Node, visit: &mut dyn FnMut(Self::Node)) {
        if let Some((id, _)) = self.open(node) {
            self.tree.arena.children(id).into_iter().for_each(|child| visit(Place::Node(child)));
        }
    }

    /// A value that the server may not read is equal to nothing, or guesses would find it out.
    fn leaf_equals(&self, node: &Self::Node, value: &str) -> bool {
        let Place::Node(id) = node else { return false };
        let Some(leaf) = self.tree.arena.get(*id) else { return false };
        let readable = self.tree.access(leaf).contains(Access::GET)
            && self
                .tree
                .instance_of(*id)
                .is_some_and(|(_, it)| self.tree.rights_on(it, self.server_id).contains(Rights::READ));
        readable && leaf.value().is_some_and(|own| own.text() == value)
    }
}

/// MO data, step by step; what is not MO data is refused where it is met.
struct Events<'a>(Walk<'a>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<Option<Event<'a>>, TreeErrorKind> {
        self.0.next().transpose().map_err(|_| TreeErrorKind::Malformed)
    }

    fn expect(&mut self) -> Result<Event<'a>, TreeErrorKind> {
        self.next()?.ok_or(TreeErrorKind::Malformed)
    }
}

fn name_of<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    match event {
        Event::Enter(name) | Event::Leaf(name, _) => Some(name),
        Event::Leave => None,
    }
}

fn input<'a>(scalar: &'a Scalar<'_>) -> Input<'a> {
    match scalar {
        Scalar::Text(text) => Input::Text(text.as_str()),
        Scalar::Number(text) => Input::Number(text),
        Scalar::Bool(truth) => Input::Bool(*truth),
        Scalar::Null => Input::Null,
    }
}

/// The JSON form that the format asks for (§7.2.1.4).
fn write_leaf(writer: &mut MoWriter, name: &str, value: &Value) {
    match value {
        Value::Int(number) => writer.int(name, *number),
        Value::Float(number) => writer.number(name, &number.to_string()),
        Value::Bool(truth) => writer.bool(name, *truth),
        Value::Bin(bytes) | Value::B64(bytes) => writer.bytes(name, bytes),
        Value::Null => writer.null(name),
        Value::Chr(text) | Value::Xml(text) | Value::Date(text) | Value::Time(text) => writer.text(name, text),
    }
}
