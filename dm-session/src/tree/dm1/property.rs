//! Properties of nodes: `?prop=` (§4 and §5.5 of the tree reference).

use super::super::arena::{Node, NodeId};
use super::super::definition::Access;
use super::super::mo_tree::MoTree;
use super::acl::{Acl, AclCommand};
use super::engine::{Run, Stop, config, defined, find, format_of, node};
use super::operation::{Content, Data, ResultItem};
use super::uri::{NodeUri, Property, Style, escape_name, escaped_chars};
use super::value;
use crate::Timestamp;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::StatusCode;

/// Bytes of a title.
const MOST_TITLE: usize = 255;

/// Refuses a property that the device, or the kind of node, does not have.
pub(super) fn supported(tree: &MoTree, node: &Node, property: Property) -> Result<(), Stop> {
    let config = config(tree)?;
    let has = match property {
        Property::Acl => !config.windows,
        Property::Format | Property::Name | Property::Type => true,
        Property::Size => config.properties.size && !node.is_interior(),
        Property::Title => config.properties.title,
        Property::TStamp => config.properties.tstamp && tree.now().is_some(),
        Property::VerNo => config.properties.verno,
    };
    if has { Ok(()) } else { Err(StatusCode::NOT_SUPPORTED.into()) }
}

impl Run<'_> {
    pub(super) fn get_property(
        &mut self,
        tree: &MoTree,
        uri: &NodeUri<'_>,
        property: Property,
    ) -> Result<ResultItem, Stop> {
        let id = find(tree, uri).node()?;
        let node = node(tree, id)?;
        supported(tree, node, property)?;
        self.demand(tree, id, AclCommand::Get)?;
        let text: Cow<'_, str> = match property {
            Property::Acl => node.acl().map_or("", Acl::as_str).into(),
            Property::Format => format_of(node).as_str().into(),
            Property::Name if node.parent.is_none() => ".".into(),
            Property::Name => escape_name(&node.name, config(tree)?.escape_non_ascii),
            Property::Size => self.size(tree, id)?.to_string().into(),
            Property::Title => node.title().unwrap_or_default().into(),
            Property::TStamp => node.stamp.tstamp.map_or_else(String::new, Timestamp::to_basic).into(),
            Property::Type if node.is_interior() => tree.type_of(node).unwrap_or_default().into(),
            Property::Type => node.media_type().into(),
            Property::VerNo => node.stamp.verno.to_string().into(),
        };
        let data = value::text_data(&text);
        if self.request.max_value_len.is_some_and(|most| data.len() > most) {
            return Err(StatusCode::TOO_LARGE.into());
        }
        Ok(ResultItem { source: uri.as_str().into(), format: None, media_type: None, data, has_data: true })
    }

    /// Bytes of a leaf's value, bytes of `bin` themselves.
    fn size(&mut self, tree: &MoTree, id: NodeId) -> Result<usize, Stop> {
        let node = node(tree, id)?;
        if super::engine::external(tree, node).is_some() {
            return Ok(self.value_of(tree, id)?.map_or(0, value::size));
        }
        Ok(value::stored_size(node))
    }

    pub(super) fn replace_property(
        &mut self,
        tree: &mut MoTree,
        uri: &NodeUri<'_>,
        property: Property,
        content: &Content,
    ) -> Result<(), Stop> {
        let id = find(tree, uri).node()?;
        supported(tree, node(tree, id)?, property)?;
        match property {
            Property::Acl => self.replace_acl(tree, id, content),
            Property::Name => self.rename(tree, uri, id, content),
            Property::Title => self.replace_title(tree, id, content),
            Property::Format | Property::Size | Property::TStamp | Property::Type | Property::VerNo => {
                Err(StatusCode::NOT_ALLOWED.into())
            }
        }
    }

    fn replace_acl(&mut self, tree: &mut MoTree, id: NodeId, content: &Content) -> Result<(), Stop> {
        self.may_set_acl(tree, id)?;
        if self.checking.is_some() {
            return Ok(());
        }
        let text = property_text(content)?;
        let acl = self.read_acl(tree, id, &text)?;
        self.mutate(tree, |_, change| Ok(change.set_acl(id, acl)?))
    }

    /// Who may set the ACL of a node: of an interior one who may replace it or its parent, of a leaf who may replace
    /// the parent.
    pub(super) fn may_set_acl(&self, tree: &MoTree, id: NodeId) -> Result<(), Stop> {
        let node = node(tree, id)?;
        let own = node.is_interior() && self.allowed(tree, id, AclCommand::Replace);
        if own || node.parent.is_some_and(|parent| self.allowed(tree, parent, AclCommand::Replace)) {
            return Ok(());
        }
        Err(StatusCode::PERMISSION_DENIED.into())
    }

    /// An ACL that is to be set; `None` for the empty text, which is none.
    pub(super) fn read_acl(&self, tree: &MoTree, id: NodeId, text: &str) -> Result<Option<Acl>, Stop> {
        if text.len() > Acl::MAX_LEN.min(tree.limits().value_len) {
            return Err(StatusCode::DEVICE_FULL.into());
        }
        let acl = if text.is_empty() { None } else { Some(Acl::parse(text)?) };
        if node(tree, id)?.parent.is_none() {
            // It always has one, and servers leave it to everyone to add something.
            let open = acl.as_ref().is_some_and(|acl| self.server().is_none() || acl.allows_all(AclCommand::Add));
            if !open {
                return Err(StatusCode::NOT_ALLOWED.into());
            }
        }
        Ok(acl)
    }

    fn replace_title(&mut self, tree: &mut MoTree, id: NodeId, content: &Content) -> Result<(), Stop> {
        self.demand(tree, id, AclCommand::Replace)?;
        if self.checking.is_some() {
            return Ok(());
        }
        let title = read_title(&property_text(content)?)?;
        self.mutate(tree, |_, change| Ok(change.set_title(id, title)?))
    }

    fn rename(&mut self, tree: &mut MoTree, uri: &NodeUri<'_>, id: NodeId, content: &Content) -> Result<(), Stop> {
        let found = node(tree, id)?;
        let parent = found.parent.ok_or(StatusCode::NOT_ALLOWED)?;
        if self.server().is_some() && tree.is_permanent(found) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if defined(tree, found).is_some_and(|entry| entry.name.is_some()) {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.demand(tree, id, AclCommand::Replace)?;
        self.demand_access(tree, found, Access::REPLACE)?;
        // The host knows what it keeps by URI.
        if !self.survey(tree, id).external.is_empty() {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        if self.checking.is_some() {
            return Ok(());
        }
        let name = decode_name(&property_text(content)?).ok_or(StatusCode::COMMAND_FAILED)?;
        if *found.name == *name {
            return Ok(());
        }
        if config(tree)?.windows && name == "*" {
            return Err(StatusCode::COMMAND_FAILED.into());
        }
        if tree.arena.child(parent, &name).is_some_and(|other| other != id) {
            return Err(StatusCode::ALREADY_EXISTS.into());
        }
        check_renamed(tree, id, &name, uri.style())?;
        // An MO may sit there under some names only.
        let (interior, moid) = (found.is_interior(), tree.type_of(found).map(ToString::to_string));
        let seat = tree.seat(parent, &name, interior, moid.as_deref()).map_err(|_| StatusCode::NOT_ALLOWED)?;
        if seat.schema != found.schema {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        self.mutate(tree, |_, change| Ok(change.rename(id, &name)?))
    }
}

/// A title that is to be set.
pub(super) fn read_title(text: &str) -> Result<Option<Box<str>>, Stop> {
    if text.len() > MOST_TITLE || !value::is_xml_text(text) {
        return Err(StatusCode::COMMAND_FAILED.into());
    }
    Ok(if text.is_empty() { None } else { Some(text.into()) })
}

/// Data of a property; Meta is not looked at.
fn property_text(content: &Content) -> Result<Cow<'_, str>, Stop> {
    match &content.data {
        Data::None => Ok(Cow::Borrowed("")),
        Data::Text(text) => Ok(Cow::Borrowed(text)),
        Data::Bytes(bytes) => match core::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(StatusCode::COMMAND_FAILED.into()),
        },
        Data::Element(_) => Err(StatusCode::COMMAND_FAILED.into()),
    }
}

/// A name as it stands in a property or a TNDS object, without its escapes; `None` if it can be none.
pub(super) fn decode_name(text: &str) -> Option<String> {
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    // It comes back as it is where the octets are not UTF-8.
    let Cow::Owned(name) = super::super::names::unescape(text) else { return None };
    let bad = matches!(&*name, "" | "." | "..") || name.contains(|c: char| c == '/' || c.is_control());
    if bad { None } else { Some(name) }
}

/// Whether the URIs of a node and of all below it keep the limits under another name.
fn check_renamed(tree: &MoTree, id: NodeId, name: &str, style: Style) -> Result<(), Stop> {
    let (limits, escape) = (config(tree)?.uri, config(tree)?.escape_non_ascii);
    let node = node(tree, id)?;
    let new_len = escaped_chars(name, escape);
    if new_len > limits.segment_len() || name.len() > tree.limits().name_len {
        return Err(StatusCode::URI_TOO_LONG.into());
    }
    if new_len <= escaped_chars(&node.name, escape) {
        return Ok(());
    }
    let above = node.parent.map(|parent| super::engine::names(tree, parent)).unwrap_or_default();
    let front = if style == Style::Dotted { 2_usize } else { 0 };
    let start = above.iter().fold(front, |len, name| len.saturating_add(escaped_chars(name, escape)).saturating_add(1));
    let mut open = Vec::from([(id, start.saturating_add(new_len))]);
    while let Some((id, len)) = open.pop() {
        if len > limits.total_len() {
            return Err(StatusCode::URI_TOO_LONG.into());
        }
        let below = tree.arena.children_unordered(id).filter_map(|child| {
            let name = escaped_chars(&tree.arena.get(child)?.name, escape);
            Some((child, len.saturating_add(name).saturating_add(1)))
        });
        open.extend(below);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        assert_eq!(decode_name("a%20b").as_deref(), Some("a b"));
        assert_eq!(decode_name("a+b").as_deref(), Some("a+b"));
        for bad in ["", ".", "..", "a/b", "a%2Fb", "%2E", "a\nb", "a%ff", "a%zz", "%", "%+f", "%4"] {
            assert_eq!(decode_name(bad), None, "{bad}");
        }
    }
}
