//! A message that is put together, with its size counted, and data that goes in pieces
//! (OMA-TS-DM_Protocol-V1_2 §6, §7).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use dm_syncml::{
    self as syncml, Command, Content, Encoding, Fragment, FragmentRoot, Item, Message, Namespace, Operation, SyncHdr,
    WbxmlOptions, XmlOptions,
};

use crate::dm1::auth::Scheme;

/// Bytes below which a piece of a large object is not worth a message.
const MIN_PIECE: usize = 16;

/// Commands that a message has at most, but for one that has others in it, and for the Alert at its end; and Items of
/// Results. Parsers have bounds besides `MaxMsgSize`: [`dm_syncml::Limits`] takes four times as many and twice as many.
const MAX_COMMANDS: usize = 1024;
const MAX_ITEMS: usize = 2048;

/// Gives CmdIDs: 1, 2, 3 in each message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CmdIds(u32);

impl CmdIds {
    /// The next one.
    pub(crate) fn next(&mut self) -> String {
        self.0 = self.0.saturating_add(1);
        self.0.to_string()
    }
}

/// A message under construction.
///
/// What is asked for at each step is whether a message with this command, and with Final, fits into the size that the
/// peer takes. What it costs does not depend on what stands around it: in WBXML the switch back from the page of Meta
/// is counted with the command that needs it.
pub(crate) struct Composer {
    message: Message<'static>,
    encoding: Encoding,
    /// The most that the peer takes.
    limit: Option<usize>,
    /// The length so far, Final included. Counted only where there is a limit.
    len: usize,
    /// Bytes that are kept free.
    reserved: usize,
    ids: CmdIds,
    /// Items of what [`push_most`](Self::push_most) put in.
    items: usize,
}

impl Composer {
    pub(crate) fn new(
        header: SyncHdr<'static>,
        namespace: Namespace<'static>,
        encoding: Encoding,
        limit: Option<usize>,
    ) -> Result<Self, syncml::Error> {
        let message = Message::new(header).with_namespace(namespace).with_final();
        let len = if limit.is_some() { message_len(&message, encoding)? } else { 0 };
        Ok(Self { message, encoding, limit, len, reserved: 0, ids: CmdIds::default(), items: 0 })
    }

    /// Bytes that are left; `None` for any number.
    pub(crate) fn room(&self) -> Option<usize> {
        self.limit.map(|limit| limit.saturating_sub(self.len).saturating_sub(self.reserved))
    }

    /// Keeps that many bytes free for what has to stand at the end; 0 gives them back.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.reserved = bytes;
    }

    /// The last CmdID that was given, as a number; 0 for none.
    pub(crate) const fn last_id(&self) -> u32 {
        self.ids.0
    }

    /// Whether nothing is in it yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.message.commands.is_empty()
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The CmdID of the next command.
    pub(crate) fn next_id(&self) -> String {
        CmdIds::next(&mut { self.ids })
    }

    /// Another limit, for what is still to come.
    pub(crate) fn set_limit(&mut self, limit: Option<usize>) {
        // The length is counted only where there is a limit.
        if self.limit.is_some() {
            self.limit = limit;
        }
    }

    /// What a command would add.
    pub(crate) fn measure(&self, command: Command<'static>) -> Result<usize, syncml::Error> {
        self.cost(command).map(|(_, cost)| cost)
    }

    /// Whether there are as many commands in it as a message has.
    fn is_crowded(&self) -> bool {
        self.ids.0 as usize >= MAX_COMMANDS
    }

    /// Puts a command in, built with the CmdIDs that it takes, if there is room. `false`: there is none, nothing changed.
    pub(crate) fn push(&mut self, build: impl FnOnce(&mut CmdIds) -> Command<'static>) -> Result<bool, syncml::Error> {
        if self.is_crowded() { Ok(false) } else { self.push_end(build) }
    }

    /// The same, however many there are: the Alert at the end.
    pub(crate) fn push_end(
        &mut self,
        build: impl FnOnce(&mut CmdIds) -> Command<'static>,
    ) -> Result<bool, syncml::Error> {
        let mut ids = self.ids;
        let command = build(&mut ids);
        // Also without a limit: what cannot be written is refused here, and does no harm to the rest of the message.
        let (command, cost) = self.cost(command)?;
        if self.room().is_some_and(|room| cost > room) {
            return Ok(false);
        }
        self.len = self.len.saturating_add(cost);
        self.message.commands.push(command);
        self.ids = ids;
        Ok(true)
    }

    /// Puts in a command with as many parts, of `count` at most, as there is room for, and says how many those are.
    pub(crate) fn push_most(
        &mut self,
        count: usize,
        build: impl Fn(&mut CmdIds, usize) -> Command<'static>,
    ) -> Result<usize, syncml::Error> {
        let left = MAX_ITEMS.saturating_sub(self.items);
        if left == 0 || self.is_crowded() {
            return Ok(0);
        }
        let count = count.min(left);
        let Some(room) = self.room() else {
            self.items = self.items.saturating_add(count);
            return Ok(if self.push(|ids| build(ids, count))? { count } else { 0 });
        };
        let (mut most, mut excess) = (0_usize, count.saturating_add(1));
        let mut next = 1_usize;
        while most.saturating_add(1) < excess {
            if self.measure(build(&mut { self.ids }, next))? <= room {
                most = next;
            } else {
                excess = next;
            }
            // Twice as many as long as that may do, then the middle.
            let middle = most.saturating_add(excess.saturating_sub(most) / 2);
            next = if excess > count { most.saturating_mul(2).max(1).min(count) } else { middle };
        }
        if most > 0 {
            self.push(|ids| build(ids, most))?;
            self.items = self.items.saturating_add(most);
        }
        Ok(most)
    }

    /// Puts in as much of large data as there is room for. `build` makes the command of a piece; it is called with the
    /// Item's Data, the total size for the first piece, and whether more comes.
    pub(crate) fn push_piece(
        &mut self,
        pieces: &mut Pieces,
        build: impl Fn(&mut CmdIds, Piece) -> Command<'static>,
    ) -> Result<Pushed, syncml::Error> {
        if self.is_crowded() {
            return Ok(Pushed::Nothing);
        }
        let first = (pieces.sent == 0).then(|| pieces.total());
        let room = self.room();
        // A byte of data takes one byte at least: what is larger than the room need not be tried.
        if room.is_none_or(|room| pieces.left() <= room) {
            let last = Piece { data: pieces.cut(pieces.left()), size: first, more: false };
            if self.push(|ids| build(ids, last))? {
                pieces.sent = pieces.len();
                return Ok(Pushed::Last);
            }
        }
        let Some(room) = room else { return Ok(Pushed::Nothing) };
        // The command without data; what there is of it costs this much more.
        let empty = Piece { data: pieces.cut(0), size: first, more: true };
        let (_, bare) = self.cost(build(&mut { self.ids }, empty))?;
        let mut budget = room.saturating_sub(bare);
        loop {
            let taken = pieces.within(budget, self.encoding);
            if taken < MIN_PIECE {
                return Ok(Pushed::Nothing);
            }
            let piece = Piece { data: pieces.cut(taken), size: first, more: true };
            let (_, cost) = self.cost(build(&mut { self.ids }, piece.clone()))?;
            match cost.checked_sub(room) {
                None | Some(0) => {
                    pieces.sent = pieces.sent.saturating_add(taken);
                    let pushed = self.push(|ids| build(ids, piece))?;
                    return Ok(if pushed { Pushed::Part } else { Pushed::Nothing });
                }
                Some(excess) => budget = budget.saturating_sub(excess),
            }
        }
    }

    /// What a command adds to a message that has a Final.
    fn cost(&self, command: Command<'static>) -> Result<(Command<'static>, usize), syncml::Error> {
        let namespace = self.message.namespace.clone();
        let mut body = Fragment { root: FragmentRoot::SyncMl, namespace, is_final: true, ..Fragment::default() };
        let len = |body: &Fragment<'_>| match self.encoding {
            Encoding::Xml => body.xml_len(&XmlOptions::DEFAULT),
            Encoding::Wbxml => body.wbxml_len(&WbxmlOptions::DEFAULT),
        };
        let without = len(&body)?;
        body.commands.push(command);
        let cost = len(&body)?.saturating_sub(without);
        Ok((body.commands.pop().unwrap_or_else(|| Command::Get(Operation::default())), cost))
    }

    /// The bytes of the message.
    pub(crate) fn finish(mut self, is_final: bool) -> Result<Vec<u8>, syncml::Error> {
        self.message.is_final = is_final;
        let mut bytes = Vec::new();
        self.message.encode(self.encoding, &mut bytes)?;
        Ok(bytes)
    }
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// There is no room.
    Nothing,
    /// A piece is in the message, and more is to come.
    Part,
    /// The rest is in the message.
    Last,
}

/// A piece of large data.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) data: syncml::Data<'static>,
    /// Of all of it: in the first piece only.
    pub(crate) size: Option<u64>,
    /// Whether `MoreData` follows.
    pub(crate) more: bool,
}

impl Piece {
    /// The Item with this piece for its Data, and Size and MoreData as they have to be.
    pub(crate) fn put_into(self, mut item: Item<'static>) -> Item<'static> {
        if let Some(size) = self.size.filter(|_| self.more) {
            item.meta = Some(item.meta.take().unwrap_or_default().with_size(size));
        }
        item.data = Some(self.data);
        item.more_data = self.more;
        item
    }
}

/// Data on its way in pieces, as it is carried.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Pieces {
    payload: Payload,
    /// Bytes that have gone.
    sent: usize,
    /// Base64, to be cut after every four characters.
    base64: bool,
}

#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Payload {
    Text(String),
    Bytes(Vec<u8>),
}

impl core::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pieces").field("total", &self.total()).field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Pieces {
    /// The data of an Item; `None` for none, or for elements, which cannot be cut.
    pub(crate) fn of(item: &Item<'_>) -> Option<Self> {
        let payload = match &item.data.as_ref()?.content {
            Content::Text(text) => Payload::Text(text.as_str().into()),
            Content::Opaque(bytes) => Payload::Bytes(bytes.to_vec()),
            _ => return None,
        };
        let base64 = item.meta.as_ref().and_then(syncml::Meta::format) == Some(&syncml::Format::B64);
        Some(Self { payload, sent: 0, base64 })
    }

    /// The size that is announced: bytes of the data as it is carried.
    pub(crate) fn total(&self) -> u64 {
        self.len() as u64
    }

    fn len(&self) -> usize {
        match &self.payload {
            Payload::Text(text) => text.len(),
            Payload::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether a piece has gone.
    pub(crate) const fn is_begun(&self) -> bool {
        self.sent > 0
    }

    /// Whether restored data can be on its way.
    pub(crate) fn is_consistent(&self) -> bool {
        match &self.payload {
            Payload::Text(text) => text.is_char_boundary(self.sent) && self.sent <= text.len(),
            Payload::Bytes(bytes) => self.sent <= bytes.len(),
        }
    }

    /// Begins again.
    pub(crate) fn restart(&mut self) {
        self.sent = 0;
    }

    /// A first piece as small as pieces are, to see whether it can be sent at all.
    pub(crate) fn smallest(&self) -> Piece {
        let data = syncml::Data::text("x".repeat(MIN_PIECE));
        Piece { data, size: Some(self.total()), more: true }
    }

    /// Bytes that have not gone.
    fn left(&self) -> usize {
        self.len().saturating_sub(self.sent)
    }

    /// The next bytes.
    fn cut(&self, len: usize) -> syncml::Data<'static> {
        let end = self.sent.saturating_add(len);
        match &self.payload {
            Payload::Text(text) => syncml::Data::text(String::from(text.get(self.sent..end).unwrap_or_default())),
            Payload::Bytes(bytes) => syncml::Data::opaque(bytes.get(self.sent..end).unwrap_or_default().to_vec()),
        }
    }

    /// How many of the next bytes take no more than the budget, cut where they may be cut, and never all of them.
    fn within(&self, budget: usize, encoding: Encoding) -> usize {
        let most = match &self.payload {
            Payload::Bytes(bytes) => {
                let most = budget.min(self.left().saturating_sub(1));
                // Opaque bytes may be text: not in the middle of a character.
                let inside = |taken: usize| {
                    bytes.get(self.sent.saturating_add(taken)).is_some_and(|byte| byte.cast_signed() < -0x40)
                };
                (0..4).map(|back| most.saturating_sub(back)).find(|taken| !inside(*taken)).unwrap_or(most)
            }
            Payload::Text(text) => {
                let rest = text.get(self.sent..).unwrap_or_default();
                let (mut left, mut taken) = (budget, 0_usize);
                for (at, character) in rest.char_indices() {
                    let Some(after) = left.checked_sub(escaped_len(character, encoding)) else { break };
                    left = after;
                    taken = at.saturating_add(character.len_utf8());
                }
                if taken >= rest.len() {
                    taken = rest.char_indices().next_back().map_or(0, |(at, _)| at);
                }
                taken
            }
        };
        if self.base64 { most.saturating_sub(most % 4) } else { most }
    }
}

/// What a character takes.
const fn escaped_len(character: char, encoding: Encoding) -> usize {
    match (encoding, character) {
        (Encoding::Xml, '&' | '\r') => 5,
        (Encoding::Xml, '<' | '>') => 4,
        _ => character.len_utf8(),
    }
}

fn message_len(message: &Message<'_>, encoding: Encoding) -> Result<usize, syncml::Error> {
    match encoding {
        Encoding::Xml => message.xml_len(&XmlOptions::DEFAULT),
        Encoding::Wbxml => message.wbxml_len(&WbxmlOptions::DEFAULT),
    }
}

/// Stands for each character of a Basic credential until the message leaves: no state of a machine holds passwords.
pub(crate) const MASK: &str = "*";

/// Where the mask stands in a message: in the Cred, after its type.
pub(crate) fn place_of(body: &[u8], mask: &str) -> Option<usize> {
    let find = |from: usize, text: &[u8]| {
        let found = body.get(from..)?.windows(text.len().max(1)).position(|window| window == text);
        found.map(|at| at.saturating_add(from))
    };
    find(find(0, Scheme::Basic.auth_type().as_str().as_bytes())?, mask.as_bytes())
}

#[cfg(test)]
mod tests;
