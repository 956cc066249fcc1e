//! Filing what a device answers, by (MsgRef, CmdRef), and putting together what comes in chunks (§5, §7 of the
//! reference).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{Alert, Attribute, Item, Meta, Name, Node, Results, Status, StatusCode};

use super::orders::{Book, Filed};
use crate::dm1::alert::{AlertItem, AlertKind, ClientAlert};
use crate::dm1::task::{Fate, Leaf};
use crate::tree::dm1::{Content, Data};

impl Book {
    /// What is filed for the command that a Status or Results answers; `None` for one that was never sent, or that is
    /// done with.
    fn find(&mut self, msg_ref: &str, cmd_ref: &str) -> Option<&mut Filed> {
        let (msg_id, cmd_id) = (number(msg_ref)?, number(cmd_ref)?);
        let after = self.sent.partition_point(|sent| (sent.msg_id, sent.first) <= (msg_id, cmd_id));
        let sent = self.sent.get_mut(after.checked_sub(1)?)?;
        if sent.msg_id != msg_id {
            return None;
        }
        sent.filed.get_mut(usize::try_from(cmd_id.checked_sub(sent.first)?).ok()?)
    }

    /// Files the Status of a command, and says whether it had none: the first one counts, after any that says that it
    /// is still at work (101).
    pub(super) fn file_status(&mut self, status: &Status<'_>, limit: usize) -> bool {
        let (Some(code), Some(cmd_ref)) = (status.code(), &status.cmd_ref) else { return false };
        if code == StatusCode::IN_PROGRESS {
            return false;
        }
        let mut room = limit.saturating_sub(self.filed_len);
        let before = room;
        let Some(filed) = self.find(status.msg_ref.as_str(), cmd_ref.as_str()) else { return false };
        if filed.fate != Fate::Unknown {
            return false;
        }
        filed.fate = Fate::Answered(code);
        let mut keep = |text: &str| {
            room = room.checked_sub(text.len())?;
            Some(text.to_owned())
        };
        let texts = status.items.iter().filter_map(|item| item.data.as_ref()?.as_text());
        filed.texts = texts.map_while(&mut keep).collect();
        let named = status.items.iter().find_map(Item::target_uri);
        filed.failed_at = named.and_then(|uri| keep(uri.as_str()));
        let error = status.data.as_ref().and_then(|data| data.original_error());
        filed.original_error = error.and_then(|error| keep(error.text));
        self.filed_len = self.filed_len.saturating_add(before.saturating_sub(room));
        true
    }

    /// Files one value of Results. What nobody asked for is let go.
    pub(super) fn file_value(&mut self, origin: &Origin, leaf: Leaf, limit: usize) -> Result<(), StatusCode> {
        let len =
            [16, leaf.uri.len(), content_len(&leaf.content)].into_iter().fold(self.filed_len, usize::saturating_add);
        let Some(filed) = self.find(&origin.msg_ref, &origin.cmd_ref) else { return Ok(()) };
        if len > limit {
            return Err(StatusCode::TOO_LARGE);
        }
        filed.leaves.push(leaf);
        self.filed_len = len;
        Ok(())
    }
}

fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What a value weighs.
fn content_len(content: &Content) -> usize {
    let data = match &content.data {
        Data::Text(text) => text.len(),
        Data::Bytes(bytes) => bytes.len(),
        Data::Element(element) => element.nodes().iter().map(node_len).fold(0, usize::saturating_add),
        Data::None => 0,
    };
    let meta = [&content.format, &content.media_type].into_iter().flatten().map(String::len).sum();
    data.saturating_add(meta)
}

/// What a step of an element weighs: what it takes in a message, or more.
fn node_len(node: &Node<'_>) -> usize {
    let len = match node {
        Node::Start(Name::Other { namespace, local }) => namespace.len().saturating_add(local.len()),
        Node::Start(name) => name.local().map_or(0, str::len),
        Node::Attribute(Attribute { namespace, name, value }) => {
            [namespace, name, value].into_iter().map(|text| text.len()).fold(0, usize::saturating_add)
        }
        Node::Text(text) => text.len(),
        Node::Opaque(bytes) => bytes.len(),
        _ => 0,
    };
    len.saturating_add(8)
}

/// What an alert weighs.
pub(super) fn alert_len(alert: &ClientAlert) -> usize {
    let item = |item: &AlertItem| {
        let texts = [&item.source, &item.mark].into_iter().flatten().map(String::len);
        texts.fold(content_len(&item.content).saturating_add(16), usize::saturating_add)
    };
    let correlator = alert.correlator.as_ref().map_or(0, String::len);
    alert.items.iter().map(item).fold(correlator.saturating_add(16), usize::saturating_add)
}

/// The command that Results answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Origin {
    pub(super) msg_ref: String,
    pub(super) cmd_ref: String,
}

impl Origin {
    pub(super) fn of(results: &Results<'_>) -> Self {
        Self { msg_ref: results.msg_ref().to_owned(), cmd_ref: results.cmd_ref().to_owned() }
    }
}

/// A value that comes in chunks.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Assembly {
    owner: Owner,
    source: Option<String>,
    mark: Option<String>,
    /// Format and Type, of the first chunk.
    content: Content,
    size: u64,
    bytes: Vec<u8>,
    /// Bytes that are not white space, with which Base64 may be wrapped.
    dense: u64,
    /// Whether all of it came as text.
    text: bool,
    /// The status of every further chunk, once it is not 213.
    refused: Option<u32>,
    /// The device was challenged since the last chunk.
    challenged: bool,
}

/// What it is part of.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Owner {
    Results(Origin),
    /// An alert with the Items before.
    Alert(ClientAlert),
}

/// Sizes and places, no data.
impl core::fmt::Debug for Assembly {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Assembly")
            .field("owner", &self.owner)
            .field("source", &self.source)
            .field("size", &self.size)
            .field("received", &self.bytes.len())
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl Assembly {
    /// From the first chunk. `limit`: bytes of the largest object that is taken.
    pub(super) fn start(owner: Owner, item: &Item<'_>, meta: Option<&Meta<'_>>, limit: usize) -> Self {
        let Content { format, media_type, data } = Content::from_item(item, meta);
        let size = Meta::effective(item.meta.as_ref(), meta).size();
        let mut assembly = Self {
            owner,
            source: item.source_uri().map(|uri| uri.as_str().to_owned()),
            mark: item.meta.as_ref().and_then(Meta::mark).map(|mark| mark.as_str().to_owned()),
            content: Content { format, media_type, data: Data::None },
            size: size.unwrap_or(0),
            bytes: Vec::new(),
            dense: 0,
            text: true,
            refused: None,
            challenged: false,
        };
        match size {
            None => assembly.refuse(StatusCode::SIZE_REQUIRED),
            Some(size) if usize::try_from(size).map_or(true, |size| size > limit) => {
                assembly.refuse(StatusCode::TOO_LARGE);
            }
            Some(_) => assembly.push(&data, limit),
        }
        assembly
    }

    /// One that is refused from its first chunk on.
    pub(super) fn refused(owner: Owner, item: &Item<'_>, status: StatusCode) -> Self {
        let mut assembly = Self::start(owner, item, None, 0);
        assembly.refused = None;
        assembly.refuse(status);
        assembly
    }

    /// Whether a chunk belongs to it; else it is broken off.
    pub(super) fn is_for_results(&self, origin: &Origin, item: &Item<'_>) -> bool {
        matches!(&self.owner, Owner::Results(own) if own == origin) && self.is_at(item)
    }

    pub(super) fn is_for_alert(&self, kind: AlertKind, item: &Item<'_>) -> bool {
        matches!(&self.owner, Owner::Alert(own) if own.kind == kind) && self.is_at(item)
    }

    fn is_at(&self, item: &Item<'_>) -> bool {
        item.source_uri().map(dm_syncml::LocUri::as_str) == self.source.as_deref()
    }

    pub(super) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// 213, or what it was refused with.
    pub(super) fn status(&self) -> StatusCode {
        self.refused.map_or(StatusCode::CHUNK_ACCEPTED, StatusCode::new)
    }

    fn refuse(&mut self, status: StatusCode) {
        self.refused.get_or_insert(status.code());
        (self.bytes, self.dense) = (Vec::new(), 0);
    }

    /// The device was challenged: it may send the object again from its first chunk, which has a Size.
    pub(super) fn challenged(&mut self) {
        self.challenged = true;
    }

    /// Whether the device was challenged since the last chunk.
    pub(super) const fn is_challenged(&self) -> bool {
        self.challenged
    }

    /// The next chunk.
    pub(super) fn go_on(mut self, item: &Item<'_>, meta: Option<&Meta<'_>>, limit: usize) -> Self {
        let is_first = Meta::effective(item.meta.as_ref(), meta).size().is_some();
        if core::mem::take(&mut self.challenged) && is_first {
            return Self::start(self.owner, item, meta, limit);
        }
        self.push(&Content::from_item(item, meta).data, limit);
        self
    }

    fn push(&mut self, data: &Data, limit: usize) {
        if self.refused.is_some() {
            return;
        }
        let bytes = match data {
            Data::None => &[],
            Data::Text(text) => text.as_bytes(),
            Data::Bytes(bytes) => {
                self.text = false;
                bytes.as_slice()
            }
            Data::Element(_) => return self.refuse(StatusCode::BAD_REQUEST),
        };
        let total = self.bytes.len().saturating_add(bytes.len());
        let dense = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
        self.dense = self.dense.saturating_add(dense as u64);
        if total > limit {
            self.refuse(StatusCode::TOO_LARGE);
        } else if self.least(total) > self.size {
            self.refuse(StatusCode::SIZE_MISMATCH);
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The smallest size that `total` bytes can have been announced with.
    fn least(&self, total: usize) -> u64 {
        if self.content.format.as_deref() == Some("b64") { self.dense } else { total as u64 }
    }

    /// The whole, when the last chunk is there: what it is part of, and its Item.
    pub(super) fn finish(self) -> Result<(Owner, AlertItem), StatusCode> {
        if let Some(status) = self.refused {
            return Err(StatusCode::new(status));
        }
        let total = self.bytes.len();
        if total as u64 != self.size && self.least(total) != self.size {
            return Err(StatusCode::SIZE_MISMATCH);
        }
        let data = if self.text {
            String::from_utf8(self.bytes).map_or_else(|error| Data::Bytes(error.into_bytes()), Data::Text)
        } else {
            Data::Bytes(self.bytes)
        };
        let content = Content { data, ..self.content };
        Ok((self.owner, AlertItem { source: self.source, mark: self.mark, content }))
    }

    /// Whether a restored state can have come about.
    pub(super) fn is_consistent(&self, limit: usize) -> bool {
        self.bytes.len() <= limit && self.dense <= self.size.max(limit as u64)
    }
}

/// An alert without the Items of a message.
pub(super) fn empty_alert(kind: AlertKind, alert: &Alert<'_>) -> ClientAlert {
    let correlator = alert.correlator.as_ref().map(|correlator| correlator.as_str().to_owned());
    ClientAlert { kind, correlator, items: Vec::new() }
}
