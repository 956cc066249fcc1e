//! Get of nodes and lists (§6.8, §7 and §8.6 of the tree reference).

use super::super::arena::{Node, NodeId};
use super::super::definition::Access;
use super::super::mo_tree::MoTree;
use super::super::value::{Format, Value};
use super::acl::AclCommand;
use super::engine::{Found, Run, Stop, access, config, external, find, find_names, format_of, is_inbox, node};
use super::operation::{Data, ResultItem};
use super::property::supported;
use super::tnds::{TndsNode, TndsObject, TndsType, TndsValue};
use super::uri::{NodeUri, TndsProperty, TndsSelection, UriWriter, escape_name};
use super::value;
use crate::Timestamp;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::media::{TNDS_WBXML, TNDS_XML};
use dm_syncml::{Encoding, MediaType, StatusCode};

impl Run<'_> {
    /// The value of a leaf, or the names of children.
    pub(super) fn get_node(&mut self, tree: &MoTree, uri: &NodeUri<'_>) -> Result<ResultItem, Stop> {
        let id = self.readable(tree, uri)?;
        let found = node(tree, id)?;
        let source = source_of(uri);
        let item = if found.is_interior() {
            let escape = config(tree)?.escape_non_ascii;
            let mut names = String::new();
            for child in tree.arena.children_in_order(id) {
                let Some(child) = tree.arena.get(child) else { continue };
                if !names.is_empty() {
                    names.push('/');
                }
                names.push_str(&escape_name(&child.name, escape));
            }
            ResultItem {
                source,
                format: Some(Format::Node),
                media_type: None,
                data: value::text_data(&names),
                has_data: true,
            }
        } else {
            self.leaf_item(tree, id, found, source)?
        };
        if self.is_too_long(&item) {
            return Err(StatusCode::TOO_LARGE.into());
        }
        Ok(item)
    }

    /// The node of a Get, or of a list, if the server may read it.
    fn readable(&self, tree: &MoTree, uri: &NodeUri<'_>) -> Result<NodeId, Stop> {
        if self.server().is_some()
            && let Found::Node(first) = find_names(tree, uri.segments().take(1))
            && is_inbox(tree, first)
        {
            return Err(StatusCode::NOT_ALLOWED.into());
        }
        let id = find(tree, uri).node()?;
        self.demand(tree, id, AclCommand::Get)?;
        self.demand_access(tree, node(tree, id)?, Access::GET)?;
        Ok(id)
    }

    fn leaf_item(&mut self, tree: &MoTree, id: NodeId, found: &Node, source: String) -> Result<ResultItem, StatusCode> {
        let value = self.value_of(tree, id)?;
        let format = match &value {
            Some(value) if external(tree, found).is_some() => value.format(),
            _ => format_of(found),
        };
        let data = value::write(value, value::spelling(found));
        let media_type = value::other_type(found);
        Ok(ResultItem { source, format: Some(format).filter(not_chr), media_type, data, has_data: true })
    }

    fn is_too_long(&self, item: &ResultItem) -> bool {
        let len = value::sent_len(&item.data, self.request.encoding);
        self.request.max_value_len.is_some_and(|most| len > most)
    }

    /// All nodes from the target down that the server may read, parents first, each with the number of the one above it.
    fn walk(&self, tree: &MoTree, top: NodeId) -> Vec<(NodeId, Option<usize>)> {
        let mut found = Vec::new();
        // What is open: a node, the number of the one above it, whether the right to read comes down to it.
        let mut open = Vec::from([(top, None, true)]);
        while let Some((id, parent, above)) = open.pop() {
            let Some(visited) = tree.arena.get(id) else { continue };
            let allowed = id == top || self.inherits(tree, visited, AclCommand::Get, above);
            if !allowed || (self.server().is_some() && !access(tree, visited).contains(Access::GET)) {
                continue;
            }
            let number = found.len();
            found.push((id, parent));
            let children = tree.arena.children_in_order(id);
            open.extend(children.into_iter().rev().map(|child| (child, Some(number), allowed)));
        }
        found
    }

    /// `?list=Struct` and `?list=StructData`.
    pub(super) fn get_list(
        &mut self,
        tree: &MoTree,
        uri: &NodeUri<'_>,
        with_data: bool,
    ) -> Result<Vec<ResultItem>, Stop> {
        if !config(tree)?.lists {
            return Err(StatusCode::NOT_SUPPORTED.into());
        }
        let top = self.readable(tree, uri)?;
        let writer = uri.writer(config(tree)?.escape_non_ascii);
        let visits = self.walk(tree, top);
        let mut uris: Vec<String> = Vec::with_capacity(visits.len());
        let mut items = Vec::with_capacity(visits.len());
        let mut room = Room::new(tree);
        for (id, parent) in visits {
            let found = node(tree, id)?;
            let source = match parent.and_then(|number| uris.get(number)) {
                None => source_of(uri),
                Some(above) => {
                    let above = above.strip_suffix('/').unwrap_or(above);
                    let mut source =
                        String::from(if parent == Some(0) && uri.is_root() { writer.front() } else { above });
                    writer.push(&mut source, &found.name);
                    source
                }
            };
            room.take(source.len())?;
            uris.push(source.clone());
            let item = if found.is_interior() {
                let media_type = tree.type_of(found).map(ToString::to_string);
                ResultItem { source, format: Some(Format::Node), media_type, data: Data::None, has_data: false }
            } else if with_data {
                match self.leaf_item(tree, id, found, source) {
                    Ok(item) if !self.is_too_long(&item) => item,
                    Ok(_) if id == top => return Err(StatusCode::TOO_LARGE.into()),
                    Err(status) if id == top => return Err(status.into()),
                    // What cannot be had is left out.
                    Ok(_) | Err(_) => continue,
                }
            } else {
                let format = Some(format_of(found)).filter(not_chr);
                let media_type = value::other_type(found);
                ResultItem { source, format, media_type, data: Data::None, has_data: false }
            };
            room.take(item.data.len())?;
            items.push(item);
        }
        Ok(items)
    }

    /// `?list=TNDS`.
    pub(super) fn get_tnds(
        &mut self,
        tree: &MoTree,
        uri: &NodeUri<'_>,
        selection: TndsSelection,
        media_type: Option<&str>,
    ) -> Result<ResultItem, Stop> {
        let config = config(tree)?;
        if self.server().is_some() && !config.tnds {
            return Err(StatusCode::NOT_SUPPORTED.into());
        }
        let root = node(tree, tree.root().ok_or(StatusCode::NOT_FOUND)?)?;
        for property in selection.listed().filter_map(TndsProperty::property) {
            supported(tree, root, property)?;
        }
        let top = self.readable(tree, uri)?;
        let encoding = match (self.request.encoding, media_type.map(MediaType::of)) {
            (Encoding::Wbxml, Some(MediaType::TndsXml)) => Encoding::Xml,
            (encoding, _) => encoding,
        };
        let visits = self.walk(tree, top);
        let mut nodes: Vec<TndsNode> = Vec::with_capacity(visits.len());
        // Where each of the walk stands in the object; what is left out has no place.
        let mut places: Vec<Option<usize>> = Vec::with_capacity(visits.len());
        let mut room = Room::new(tree);
        for (id, parent) in visits {
            let found = node(tree, id)?;
            let built = match self.tnds_node(tree, id, found, selection, encoding) {
                Ok(built) => built,
                Err(status) if id == top => return Err(status.into()),
                Err(_) => {
                    places.push(None);
                    continue;
                }
            };
            let parent = match parent {
                None => None,
                Some(number) => match places.get(number).copied().flatten() {
                    Some(place) => Some(place),
                    None => {
                        places.push(None);
                        continue;
                    }
                },
            };
            room.take(built.weight())?;
            places.push(Some(nodes.len()));
            nodes.push(TndsNode { parent, ..built });
        }
        if let Some(first) = nodes.first_mut() {
            first.name = Some(String::new());
            if config.named_start && !uri.is_root() {
                let names = super::engine::names(tree, top);
                if let Some((last, above)) = names.split_last() {
                    first.name = Some(escape_name(last, config.escape_non_ascii).into_owned());
                    let path = UriWriter::new(super::uri::Style::Bare, config.escape_non_ascii);
                    first.path = (!above.is_empty()).then(|| path.write(above.iter().copied()));
                }
            }
        }
        let object = TndsObject::new(nodes);
        let (format, media_type, data) = match encoding {
            Encoding::Xml => {
                (Format::Xml, TNDS_XML, Data::Text(object.to_xml().map_err(|_| StatusCode::COMMAND_FAILED)?))
            }
            Encoding::Wbxml => {
                (Format::Bin, TNDS_WBXML, Data::Bytes(object.to_wbxml().map_err(|_| StatusCode::COMMAND_FAILED)?))
            }
        };
        let item = ResultItem {
            source: source_of(uri),
            format: Some(format),
            media_type: Some(media_type.to_string()),
            data,
            has_data: true,
        };
        self.answered()?;
        if self.is_too_long(&item) {
            return Err(StatusCode::TOO_LARGE.into());
        }
        Ok(item)
    }

    /// The Node of an object for a node of the tree.
    fn tnds_node(
        &mut self,
        tree: &MoTree,
        id: NodeId,
        found: &Node,
        selection: TndsSelection,
        encoding: Encoding,
    ) -> Result<TndsNode, StatusCode> {
        let config = tree.dm1().ok_or(StatusCode::NOT_FOUND)?;
        let has = |property| selection.contains(property);
        let value = if found.is_interior() || !has(TndsProperty::Value) { None } else { self.value_of(tree, id)? };
        let format = match &value {
            Some(value) => value.format(),
            None => format_of(found),
        };
        let media_type = if found.is_interior() {
            TndsType::DdfName(tree.type_of(found).unwrap_or_default().to_string())
        } else {
            TndsType::Mime(found.media_type().to_string())
        };
        let mut built = TndsNode::interior(escape_name(&found.name, config.escape_non_ascii));
        built.format = has(TndsProperty::Format).then_some(format);
        built.acl = found.acl().filter(|_| has(TndsProperty::Acl) && !config.windows).map(|acl| acl.as_str().into());
        let title = found.title().filter(|_| has(TndsProperty::Title) && config.properties.title);
        built.title = title.filter(|title| value::is_xml_text(title)).map(String::from);
        built.tstamp = found
            .stamp
            .tstamp
            .filter(|_| has(TndsProperty::TStamp) && config.properties.tstamp)
            .map(Timestamp::to_basic);
        built.media_type = has(TndsProperty::Type).then_some(media_type);
        built.verno = (has(TndsProperty::VerNo) && config.properties.verno).then(|| found.stamp.verno.to_string());
        if !found.is_interior() && has(TndsProperty::Value) && format != Format::Null {
            let value = tnds_value(found, value, built.format.is_some(), encoding);
            if let (TndsValue::Text(text), Encoding::Xml) = (&value, encoding)
                && !value::is_xml_text(text)
            {
                return Err(StatusCode::COMMAND_FAILED);
            }
            built.value = Some(value);
        }
        Ok(built)
    }
}

/// The URI of the node that was asked for, as it came. Lenient: the root may be left out in front of a query.
fn source_of(uri: &NodeUri<'_>) -> String {
    match uri.path_str() {
        "" => String::from("."),
        path => path.to_string(),
    }
}

/// What a list may still grow by.
struct Room(usize);

impl Room {
    const fn new(tree: &MoTree) -> Self {
        Self(tree.limits().read_len)
    }

    fn take(&mut self, len: usize) -> Result<(), Stop> {
        self.0 = self.0.checked_sub(len).ok_or(StatusCode::TOO_LARGE)?;
        Ok(())
    }
}

/// A Value: bytes as such where the object says that they are, else as Base64.
fn tnds_value(found: &Node, value: Option<&Value>, says_format: bool, encoding: Encoding) -> TndsValue {
    match value {
        Some(Value::Bin(bytes)) if says_format || encoding == Encoding::Wbxml => TndsValue::Bytes(bytes.clone()),
        Some(value) => match value::spelling(found) {
            Some(spelling) => TndsValue::Text(spelling.to_string()),
            None => TndsValue::Text(value.text().into_owned()),
        },
        None => TndsValue::Text(String::new()),
    }
}

const fn not_chr(format: &Format) -> bool {
    !matches!(format, Format::Chr)
}
