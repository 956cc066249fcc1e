//! Add, Replace, Delete and Copy of single nodes (§6 of the tree reference).

use super::super::arena::{Content as Stored, Node, NodeId, Props};
use super::super::change::Change;
use super::super::definition::{Access, Entry, External, Schema};
use super::super::error::TreeErrorKind;
use super::super::mo_tree::{MoTree, Seat};
use super::super::value::Format;
use super::accounts::account_of;
use super::acl::{Acl, AclCommand};
use super::engine::{Found, Run, Stop, access, config, defined, external, find, find_names, is_inbox, node, strict};
use super::operation::{Content, Data};
use super::uri::{NodeUri, UriQuery, UriWriter};
use super::value::{Leaf, Source, is_xml_text};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::{MediaType, StatusCode};

/// What goes with a sub-tree.
#[derive(Default)]
pub(super) struct Survey {
    /// Whether a node below may not be deleted by this server.
    pub(super) denied: bool,
    /// Whether a permanent node below is no part of what goes.
    pub(super) pinned: bool,
    /// Leaves whose value is outside of the tree.
    pub(super) external: Vec<NodeId>,
    /// Servers whose accounts are there.
    accounts: Vec<String>,
}

impl Run<'_> {
    pub(super) fn add(&mut self, tree: &mut MoTree, uri: &str, content: &Content) -> Result<(), Stop> {
        let uri = self.parse(tree, uri)?;
        self.no_query(tree, &uri)?;
        if is_tnds(content) {
            return self.add_object(tree, &uri, content);
        }
        let writer = uri.writer(config(tree)?.escape_non_ascii);
        let names: Vec<&str> = uri.segments().collect();
        self.mutate(tree, |run, change| run.add_at(change, &names, Source::Item(content), writer).map(drop))
    }

    /// Adds a node by its names, and interior nodes above it that are missing.
    pub(super) fn add_at(
        &mut self,
        change: &mut Change<'_>,
        names: &[&str],
        source: Source<'_>,
        writer: UriWriter<'_>,
    ) -> Result<NodeId, Stop> {
        let (mut parent, found) = match find_names(change.tree, names.iter().copied()) {
            Found::Node(_) => return Err(StatusCode::ALREADY_EXISTS.into()),
            Found::Missing(parent, count) => (parent, count),
            Found::Nowhere => return Err(StatusCode::NOT_FOUND.into()),
        };
        let Some((last, above)) = names.split_last() else { return Err(StatusCode::ALREADY_EXISTS.into()) };
        if !node(change.tree, parent)?.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if above.len() > found && !config(change.tree)?.implicit_parents {
            return Err(StatusCode::NOT_FOUND.into());
        }
        if self.server().is_some() && is_inbox(change.tree, parent) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(change.tree, parent, AclCommand::Add)?;
        for (index, name) in above.iter().enumerate().skip(found) {
            // A permanent node may have come with the one above it.
            parent = match change.tree.arena.child(parent, name) {
                Some(child) => child,
                None => self
                    .create(change, parent, name, Source::Interior, Props::default())
                    .map_err(|stop| stop.at(writer.write(names.iter().take(index.saturating_add(1)).copied())))?,
            };
        }
        if change.tree.arena.child(parent, last).is_some() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.create(change, parent, last, source, Props::default())
    }

    /// Creates one node below a parent on which the right to add was found, with these properties besides its own.
    pub(super) fn create(
        &mut self,
        change: &mut Change<'_>,
        parent: NodeId,
        name: &str,
        source: Source<'_>,
        props: Props,
    ) -> Result<NodeId, Stop> {
        let tree = &*change.tree;
        let above = node(tree, parent)?;
        if !above.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if name.len() > tree.limits().name_len {
            return Err(StatusCode::URI_TOO_LONG.into());
        }
        let (mut seat, interior) = seat_for(tree, parent, name, source)?;
        self.check_seat(tree, above, &seat, source, interior)?;
        if let Some(moid) = source.moid().filter(|_| interior) {
            if !is_xml_text(moid) {
                return Err(StatusCode::UNSUPPORTED_FORMAT.into());
            }
            seat = tree.seat(parent, name, interior, Some(moid))?;
            self.check_seat(tree, above, &seat, source, interior)?;
        }
        let entry = described_by(tree, &seat);
        let leaf = if interior {
            source.no_data()?;
            None
        } else {
            Some(self.read_leaf(tree, entry, None, source)?)
        };
        let is_external = entry.is_some_and(|entry| entry.external().is_some());
        self.check_occurrence(tree, parent, &seat)?;
        let mut outside = None;
        let (content, props) = match leaf {
            None => (Stored::interior(), Props { acl: self.grant(tree, parent)?, ..props }),
            Some(leaf) => {
                let Leaf { format, value, media_type, spelling } = leaf.settled(is_external, &mut outside);
                (Stored::Leaf { format, value }, Props { media_type, spelling, ..props })
            }
        };
        let id = change.put_node(parent, name, &seat, content, props)?;
        self.name_account(change.tree, id);
        self.counted(parent, seat.moid, seat.schema);
        if let Some(value) = outside {
            self.note_effect(change.tree, id, Some(value), false);
        }
        Ok(id)
    }

    /// Refuses what access types and permanence do not let a server create: a node may be added, or something may be
    /// added to its parent. Then what is of another kind than its description.
    fn check_seat(
        &self,
        tree: &MoTree,
        parent: &Node,
        seat: &Seat,
        source: Source<'_>,
        interior: bool,
    ) -> Result<(), Stop> {
        let Some(entry) = described_by(tree, seat) else { return Ok(()) };
        let added = entry.access.contains(Access::ADD) || access(tree, parent).contains(Access::ADD);
        if self.server().is_some() && (entry.permanent || !added) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if (entry.format == Format::Node) == interior {
            return Ok(());
        }
        // A leaf that is meant to be there cannot be the parent of anything.
        let implicit = matches!(source, Source::Interior);
        Err(if implicit { StatusCode::NOT_ALLOWED } else { StatusCode::UNSUPPORTED_FORMAT }.into())
    }

    /// Refuses one more node than its entry allows.
    fn check_occurrence(&mut self, tree: &MoTree, parent: NodeId, seat: &Seat) -> Result<(), Stop> {
        let Some(entry) = described_by(tree, seat).filter(|entry| entry.name.is_none()) else { return Ok(()) };
        let Some(most) = entry.occurrence.max() else { return Ok(()) };
        if self.count(tree, parent, (seat.moid.clone(), seat.schema), entry, most) >= most {
            return Err(TreeErrorKind::Occurrence.into());
        }
        Ok(())
    }

    /// The ACL of a new interior node: its creator may not be left without rights on it.
    fn grant(&self, tree: &MoTree, parent: NodeId) -> Result<Option<Acl>, Stop> {
        let config = config(tree)?;
        let Some(creator) = self.request.principal.server_id().filter(|_| !config.windows) else { return Ok(None) };
        let effective = tree.effective_acl(parent);
        if effective.is_some_and(|acl| acl.allows(AclCommand::Replace, creator)) {
            return Ok(None);
        }
        Ok(Acl::grant(creator, effective, config.literal_grant))
    }

    pub(super) fn replace(&mut self, tree: &mut MoTree, uri: &str, content: &Content) -> Result<(), Stop> {
        let uri = self.parse(tree, uri)?;
        match uri.query() {
            Some(UriQuery::Prop(property)) => return self.replace_property(tree, &uri, property, content),
            Some(_) => self.no_query(tree, &uri)?,
            None => {}
        }
        if is_tnds(content) {
            return self.replace_object(tree, &uri, content);
        }
        let id = find(tree, &uri).node()?;
        self.mutate(tree, |run, change| run.set_value(change, id, Source::Item(content)))
    }

    /// Replaces the value of a leaf.
    pub(super) fn set_value(&mut self, change: &mut Change<'_>, id: NodeId, source: Source<'_>) -> Result<(), Stop> {
        let leaf = self.check_value(change.tree, id, source)?;
        self.put_value(change, id, leaf)
    }

    /// Whether the value of a leaf may be replaced, and with what.
    pub(super) fn check_value(&self, tree: &MoTree, id: NodeId, source: Source<'_>) -> Result<Leaf, Stop> {
        let found = node(tree, id)?;
        if found.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, id, AclCommand::Replace)?;
        self.demand_access(tree, found, Access::REPLACE)?;
        if source.format()? == Some(Format::Node) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.read_leaf(tree, defined(tree, found), Some(found), source)
    }

    /// Puts a value into a leaf.
    pub(super) fn put_value(&mut self, change: &mut Change<'_>, id: NodeId, leaf: Leaf) -> Result<(), Stop> {
        let found = node(change.tree, id)?;
        let is_external = external(change.tree, found).is_some();
        self.lost.extend(account_of(change.tree, found));
        let mut outside = None;
        let Leaf { format, value, media_type, spelling } = leaf.settled(is_external, &mut outside);
        change.set_content(id, Stored::Leaf { format, value }, media_type, spelling)?;
        self.name_account(change.tree, id);
        if let Some(value) = outside {
            self.note_effect(change.tree, id, Some(value), true);
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, tree: &mut MoTree, uri: &str) -> Result<(), Stop> {
        let uri = self.parse(tree, uri)?;
        self.no_query(tree, &uri)?;
        let id = find(tree, &uri).node()?;
        let found = node(tree, id)?;
        let parent = found.parent.ok_or(StatusCode::NOT_ALLOWED)?;
        if self.server().is_some() && tree.is_permanent(found) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, id, AclCommand::Delete)?;
        self.demand_access(tree, found, Access::DELETE)?;
        let survey = self.survey(tree, id);
        if self.server().is_some() {
            if survey.denied && config(tree)?.delete_descendants {
                return Err(StatusCode::PERMISSION_DENIED.into());
            }
            if survey.pinned || self.is_last(tree, parent, id) {
                return Err(StatusCode::NOT_ALLOWED.into());
            }
        }
        self.mutate(tree, |run, change| {
            run.remove(change, id, survey);
            Ok(())
        })
    }

    /// Whether a parent needs the node, one of those that get their name when they are created.
    fn is_last(&mut self, tree: &MoTree, parent: NodeId, id: NodeId) -> bool {
        let Some(found) = tree.arena.get(id) else { return false };
        let Some(entry) = defined(tree, found).filter(|entry| entry.name.is_none()) else { return false };
        let least = entry.occurrence.min();
        let kind = (tree.type_of(found).map(Box::from), found.schema);
        least > 0 && self.count(tree, parent, kind, entry, least.saturating_add(1)) <= least
    }

    /// Looks through what would go with a node.
    pub(super) fn survey(&self, tree: &MoTree, top: NodeId) -> Survey {
        let mut survey = Survey::default();
        let allowed = self.allowed(tree, top, AclCommand::Delete);
        let mut open = Vec::from([(top, allowed)]);
        while let Some((id, above)) = open.pop() {
            let Some(found) = tree.arena.get(id) else { continue };
            let allowed = if id == top { above } else { self.inherits(tree, found, AclCommand::Delete, above) };
            survey.denied |= id != top && !allowed;
            survey.pinned |= id != top && is_pinned(tree, found);
            if external(tree, found).is_some() {
                survey.external.push(id);
            }
            survey.accounts.extend(account_of(tree, found));
            open.extend(tree.arena.children_unordered(id).map(|child| (child, allowed)));
        }
        survey
    }

    /// Removes what was surveyed.
    pub(super) fn remove(&mut self, change: &mut Change<'_>, id: NodeId, survey: Survey) {
        for leaf in survey.external {
            self.note_effect(change.tree, leaf, None, true);
        }
        self.lost.extend(survey.accounts);
        change.take_node(id);
    }

    pub(super) fn copy(&mut self, tree: &mut MoTree, source: &str, target: &str) -> Result<(), Stop> {
        let source = self.parse(tree, source)?;
        let target = self.parse(tree, target)?;
        if !config(tree)?.copy {
            return Err(StatusCode::NOT_SUPPORTED.into());
        }
        self.no_query(tree, &source)?;
        self.no_query(tree, &target)?;
        let from = find(tree, &source).node()?;
        let to = find(tree, &target);
        if node(tree, from)?.is_interior() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if let Found::Node(to) = to
            && node(tree, to)?.is_interior()
        {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, from, AclCommand::Get)?;
        self.demand_access(tree, node(tree, from)?, Access::GET)?;
        let leaf = self.copied(tree, from)?;
        match to {
            Found::Node(to) if to == from => Ok(()),
            Found::Node(to) => self.mutate(tree, |run, change| run.set_value(change, to, Source::Leaf(&leaf))),
            Found::Missing(..) | Found::Nowhere => self.copy_to_new(tree, &target, &leaf),
        }
    }

    fn copy_to_new(&mut self, tree: &mut MoTree, target: &NodeUri<'_>, leaf: &Leaf) -> Result<(), Stop> {
        let writer = target.writer(config(tree)?.escape_non_ascii);
        let names: Vec<&str> = target.segments().collect();
        self.mutate(tree, |run, change| run.add_at(change, &names, Source::Leaf(leaf), writer).map(drop))
    }

    /// What a leaf holds, to be put into another one.
    fn copied(&mut self, tree: &MoTree, id: NodeId) -> Result<Leaf, Stop> {
        let value = self.value_of(tree, id)?.cloned();
        self.answered()?;
        let found = node(tree, id)?;
        let format = match (&value, external(tree, found)) {
            (Some(value), Some(External::Deferred | External::Immediate | External::Irreversible)) => value.format(),
            _ => super::engine::format_of(found),
        };
        Ok(Leaf {
            format,
            value,
            media_type: super::value::other_type(found).map(String::into_boxed_str),
            spelling: super::value::spelling(found).map(Box::from),
        })
    }
}

/// The entry that describes a new node itself, not the free area around it.
fn described_by<'t>(tree: &'t MoTree, seat: &Seat) -> Option<&'t Entry> {
    tree.seated_entry(seat).filter(|_| matches!(seat.schema, Schema::Defined(_)))
}

/// Where a new node belongs, its Type aside, and whether it is an interior one. Lenient: an Add that says nothing of
/// itself makes the interior node that alone can be there.
fn seat_for(tree: &MoTree, parent: NodeId, name: &str, source: Source<'_>) -> Result<(Seat, bool), Stop> {
    let named = match source.format() {
        Ok(named) => named,
        // A place that nothing has comes before a format that nothing has.
        Err(unknown) => {
            let anything = tree.seat(parent, name, false, None).or_else(|_| tree.seat(parent, name, true, None));
            return Err(anything.err().map_or(unknown, Stop::from));
        }
    };
    let interior = named == Some(Format::Node);
    let seat = tree.seat(parent, name, interior, None);
    let silent = named.is_none() && source.no_data().is_ok() && !strict(tree);
    let no_leaf = match &seat {
        Ok(seat) => described_by(tree, seat).is_some_and(|entry| entry.format == Format::Node),
        Err(kind) => *kind == TreeErrorKind::NotDefined,
    };
    if silent && no_leaf {
        return Ok((tree.seat(parent, name, true, None)?, true));
    }
    Ok((seat?, interior))
}

/// Whether a permanent node is there on its own, not as a part of the node above it.
fn is_pinned(tree: &MoTree, found: &Node) -> bool {
    let Some(above) = found.parent.and_then(|parent| tree.arena.get(parent)) else { return false };
    if !tree.is_permanent(found) {
        return false;
    }
    let described = matches!(above.schema, Schema::Defined(_));
    let linked =
        || found.instance.is_some() && matches!(tree.child_schema(above, &found.name, true), Some(Schema::Defined(_)));
    !(described && (above.mo == found.mo || linked()))
}

/// Whether data is a TNDS object.
fn is_tnds(content: &Content) -> bool {
    let named = content.media_type.as_deref().map(MediaType::of);
    match (named, &content.data) {
        (Some(MediaType::TndsXml | MediaType::TndsWbxml), _) => true,
        (_, Data::Element(element)) => element.name().local() == Some("MgmtTree"),
        _ => false,
    }
}
