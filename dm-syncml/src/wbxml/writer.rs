//! WBXML as a destination of elements.

use alloc::vec::Vec;

use super::tables::{self, CONTENT, END, OPAQUE, STR_I, STR_T, SWITCH_PAGE};
use crate::grammar::write::{PlainData, PlainItem, Write};
use crate::names::{Spec, spec};
use crate::sink::{Ahead, Anything, Look, Sealed};
use crate::{
    Content, Data, Declaration, Element, Error, ErrorKind, Markup, Name, Namespace, Node, Page, Strictness, Tag,
};

/// How WBXML is written.
///
/// Canonical in any case: elements in the order of the DTD, pages switched where a tag needs it, no tag with content
/// for an element without. The same value gives the same bytes.
///
/// ```
/// use dm_syncml::{WbxmlOptions, WbxmlPublicId, WbxmlVersion};
/// let options = WbxmlOptions::DEFAULT.with_version(WbxmlVersion::V1_3).with_public_id(WbxmlPublicId::StringTable);
/// assert_eq!(options.version, WbxmlVersion::V1_3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WbxmlOptions {
    /// The version in the first byte. Default 1.2, as most implementations write it.
    pub version: WbxmlVersion,
    /// The form of the public identifier. Default [`WbxmlPublicId::Numeric`].
    pub public_id: WbxmlPublicId,
    /// Whether strings that come several times are put into a string table, once. Default no: it makes messages
    /// shorter and slower to write and to read.
    pub string_table: bool,
    /// The form of a `MgmtTree` in Data. Default [`WbxmlTnds::Nested`].
    pub tnds: WbxmlTnds,
    /// Whether a message that must not be sent is refused. Default [`Strictness::Strict`].
    pub strictness: Strictness,
}

/// The versions of WBXML that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WbxmlVersion {
    /// WBXML 1.1.
    V1_1,
    /// WBXML 1.2.
    #[default]
    V1_2,
    /// WBXML 1.3.
    V1_3,
}

/// The forms of a public identifier (SyncML Representation §8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WbxmlPublicId {
    /// The registered number: `A4 01` for SyncML 1.2.
    #[default]
    Numeric,
    /// `00` and the index of a text in the string table, `-//SYNCML//DTD SyncML 1.2//EN`.
    StringTable,
}

/// The forms of a TNDS object in Data. The standard says neither and peers know one or the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WbxmlTnds {
    /// A document of its own, in an OPAQUE.
    #[default]
    Nested,
    /// Elements of page 2 straight in Data.
    Inline,
}

impl WbxmlOptions {
    /// The defaults named at each field.
    pub const DEFAULT: Self = Self {
        version: WbxmlVersion::V1_2,
        public_id: WbxmlPublicId::Numeric,
        string_table: false,
        tnds: WbxmlTnds::Nested,
        strictness: Strictness::Strict,
    };

    /// The same options with another [`version`](Self::version).
    #[must_use]
    pub const fn with_version(mut self, version: WbxmlVersion) -> Self {
        self.version = version;
        self
    }

    /// The same options with another form of the [`public_id`](Self::public_id).
    #[must_use]
    pub const fn with_public_id(mut self, public_id: WbxmlPublicId) -> Self {
        self.public_id = public_id;
        self
    }

    /// The same options with or without a [`string_table`](Self::string_table).
    #[must_use]
    pub const fn with_string_table(mut self, string_table: bool) -> Self {
        self.string_table = string_table;
        self
    }

    /// The same options with another form of [`tnds`](Self::tnds).
    #[must_use]
    pub const fn with_tnds(mut self, tnds: WbxmlTnds) -> Self {
        self.tnds = tnds;
        self
    }

    /// The same options with another [`strictness`](Self::strictness).
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }
}

impl Default for WbxmlOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl WbxmlVersion {
    const fn byte(self) -> u8 {
        match self {
            Self::V1_1 => 0x01,
            Self::V1_2 => 0x02,
            Self::V1_3 => 0x03,
        }
    }
}

/// The longest string table that is written: what readers take by default.
const MAX_TABLE: usize = 64 << 10;

/// Appends WBXML to a sink.
pub(crate) struct Writer<'o, S> {
    out: Ahead<'o, S>,
    /// Bytes in the sink before this call.
    start: usize,
    options: WbxmlOptions,
    /// The current page.
    page: u8,
    /// What page 0 is.
    zero: Page,
    /// What becomes of it when a string table is asked for: the whole is put together at the end of the root.
    shared: Option<Shared>,
}

/// A document whose strings are known before its table is.
#[derive(Debug, Default)]
struct Shared {
    /// The number of the public identifier, or its text.
    public_id: ([u8; 2], &'static str),
    /// The body with every string inline.
    body: Vec<u8>,
    /// Where in it each string stands, without its token and NUL.
    strings: Vec<(usize, usize)>,
    /// Open elements.
    depth: usize,
}

impl<'o, S: Sealed> Writer<'o, S> {
    pub(crate) fn new(out: &'o mut S, options: &WbxmlOptions) -> Self {
        let shared = options.string_table.then(Shared::default);
        Self { start: out.len(), out: Ahead::new(out), options: *options, page: 0, zero: Page::SyncMl, shared }
    }

    #[cold]
    fn refuse(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.written())
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.shared.is_some() {
            self.keep(bytes);
            return Ok(());
        }
        self.out.settled().put(bytes).map_err(|()| self.refuse(ErrorKind::BufferTooSmall))
    }

    #[cold]
    fn keep(&mut self, bytes: &[u8]) {
        if let Some(shared) = &mut self.shared {
            shared.body.extend_from_slice(bytes);
        }
    }

    /// The head with a public identifier that has a number.
    fn head(&mut self, (number, text): ([u8; 2], &'static str)) -> Result<(), Error> {
        if let Some(shared) = &mut self.shared {
            shared.public_id = (number, text);
            return Ok(());
        }
        self.header((number, text), &[])
    }

    /// The head with the rest of a string table.
    fn header(&mut self, (number, text): ([u8; 2], &'static str), table: &[u8]) -> Result<(), Error> {
        self.raw(&[self.options.version.byte()])?;
        let text = match self.options.public_id {
            WbxmlPublicId::Numeric => {
                self.raw(&number)?;
                ""
            }
            WbxmlPublicId::StringTable => {
                self.raw(&[0, 0])?;
                text
            }
        };
        self.raw(&[0x6A])?;
        let own = if text.is_empty() { 0 } else { text.len().saturating_add(1) };
        let (bytes, count) = self.integer(own.saturating_add(table.len()))?;
        self.raw(tail(&bytes, count))?;
        if own > 0 {
            self.raw(text.as_bytes())?;
            self.raw(&[0])?;
        }
        self.raw(table)
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.settled().put(bytes).map_err(|()| self.refuse(ErrorKind::BufferTooSmall))
    }

    fn integer(&self, value: usize) -> Result<([u8; 5], usize), Error> {
        let value = u32::try_from(value).map_err(|_| self.refuse(ErrorKind::NotEncodable))?;
        Ok(tables::to_integer(value))
    }

    /// A tag, behind a change of page when it needs one.
    #[inline(always)]
    fn token(&mut self, page: u8, token: u8) -> Result<(), Error> {
        if self.page == page {
            return self.put(&[token]);
        }
        self.page = page;
        self.put(&[SWITCH_PAGE, page, token])
    }

    /// The characters of a string whose token was written.
    fn characters(&mut self, text: &str) -> Result<(), Error> {
        if tables::forbidden(text).is_some() {
            return Err(self.refuse(ErrorKind::Character));
        }
        if let Some(shared) = &mut self.shared {
            let start = shared.body.len();
            shared.strings.push((start, start.saturating_add(text.len())));
        }
        self.put(text.as_bytes())
    }

    #[inline]
    fn opaque(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (length, count) = self.integer(bytes.len())?;
        self.put(&[OPAQUE])?;
        self.put(tail(&length, count))?;
        self.put(bytes)
    }

    /// An element with bytes, or without.
    #[inline]
    fn opaque_leaf(&mut self, spec: &'static Spec, bytes: &[u8]) -> Result<(), Error> {
        let (page, token) = (spec.tag.page().number(), spec.tag.token());
        if bytes.is_empty() {
            return self.token(page, token);
        }
        self.token(page, token | CONTENT)?;
        if self.shared.is_none()
            && let Some(result) = short_opaque(self.out.settled(), bytes)
        {
            return result.map_err(|()| self.refuse(ErrorKind::BufferTooSmall));
        }
        self.opaque(bytes)?;
        self.put(&[END])
    }

    #[inline(always)]
    fn text_leaf(&mut self, spec: &'static Spec, text: &str) -> Result<(), Error> {
        let (page, token) = (spec.tag.page().number(), spec.tag.token());
        if text.is_empty() {
            return self.token(page, token);
        }
        if self.shared.is_some() {
            return self.keep_leaf(page, token, text);
        }
        if self.page != page {
            self.page = page;
            self.put(&(u16::from(SWITCH_PAGE) | u16::from(page) << 8).to_le_bytes())?;
        }
        leaf(self.out.settled(), token | CONTENT, text.as_bytes()).map_err(|kind| self.refuse(kind))
    }

    #[cold]
    fn keep_leaf(&mut self, page: u8, token: u8, text: &str) -> Result<(), Error> {
        self.token(page, token | CONTENT)?;
        self.put(&[STR_I])?;
        self.characters(text)?;
        self.put(&[0, END])
    }

    /// An element in Data: in the form that its page has.
    fn element_in_data(&mut self, spec: &'static Spec, nodes: &[Node<'_>]) -> Result<(), Error> {
        let nested = match nodes.first() {
            Some(Node::Start(name)) => match known(name, Page::DmDdf).map(Tag::page) {
                Some(Page::DevInf) => true,
                Some(Page::DmDdf) => self.options.tnds == WbxmlTnds::Nested,
                _ => false,
            },
            _ => false,
        };
        if nested {
            let mut document = Vec::new();
            nested_in(&mut document, &self.options, nodes).map_err(|kind| self.refuse(kind))?;
            return self.opaque_leaf(spec, &document);
        }
        self.inline(spec, nodes)
    }

    /// Raw mark-up: as elements in Data, which is what it is, when page 2 has tokens for them; else as text, which means
    /// the same (DM Representation §6.3.1). A nested document would need another Type: that is for `convert`.
    fn markup(&mut self, spec: &'static Spec, markup: &Markup<'_>) -> Result<(), Error> {
        #[cfg(feature = "xml")]
        if let Ok(element) = markup.element(&crate::Limits::DEFAULT)
            && known(element.name(), Page::DmDdf).map(Tag::page) == Some(Page::DmDdf)
            && is_encodable(element.nodes())
        {
            return self.inline(spec, element.nodes());
        }
        // Text has no declarations around it.
        if !markup.scope.is_empty() {
            return Err(self.refuse(ErrorKind::NotEncodable));
        }
        self.text_leaf(spec, &markup.xml)
    }

    /// Elements straight in Data.
    fn inline(&mut self, spec: &'static Spec, nodes: &[Node<'_>]) -> Result<(), Error> {
        self.token(spec.tag.page().number(), spec.tag.token() | CONTENT)?;
        self.nodes(nodes, Page::DmDdf)?;
        self.put(&[END])
    }

    /// An element and all in it. No recursion: what is open stands in a list.
    fn nodes(&mut self, nodes: &[Node<'_>], outside: Page) -> Result<(), Error> {
        let mut open = Vec::new();
        let mut page = outside;
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            match node {
                Node::Start(name) => {
                    let content = if matches!(nodes.peek(), Some(Node::End)) { 0 } else { CONTENT };
                    match name {
                        // One that a page assigns would come back as that element.
                        Name::Token { page, token } if is_unassigned(*page, *token, self.zero) => {
                            self.token(*page, *token | content)?;
                        }
                        name => {
                            let tag = known(name, page)
                                .filter(|tag| tag.page().number() != 0 || tag.page() == self.zero)
                                .ok_or_else(|| self.refuse(ErrorKind::NotEncodable))?;
                            self.token(tag.page().number(), tag.token() | content)?;
                        }
                    }
                    if content == 0 {
                        nodes.next();
                    } else {
                        open.push(page);
                        if let Some(tag) = known(name, page) {
                            page = tag.page();
                        }
                    }
                }
                Node::Text(text) => {
                    self.put(&[STR_I])?;
                    self.characters(text)?;
                    self.put(&[0])?;
                }
                Node::Opaque(bytes) => self.opaque(bytes)?,
                Node::End => {
                    page = open.pop().unwrap_or(outside);
                    self.put(&[END])?;
                }
                Node::Attribute(_) => return Err(self.refuse(ErrorKind::NotEncodable)),
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn opened(&mut self) {
        if self.shared.is_some() {
            self.keep_start();
        }
    }

    #[cold]
    fn keep_start(&mut self) {
        if let Some(shared) = &mut self.shared {
            shared.depth = shared.depth.saturating_add(1);
        }
    }

    /// Writes a document that waited for its string table, at the end of the root.
    #[cold]
    fn closed(&mut self) -> Result<(), Error> {
        let Some(shared) = &mut self.shared else { return Ok(()) };
        shared.depth = shared.depth.saturating_sub(1);
        if shared.depth > 0 {
            return Ok(());
        }
        let shared = self.shared.take().unwrap_or_default();
        let before = match self.options.public_id {
            WbxmlPublicId::Numeric => 0,
            WbxmlPublicId::StringTable => shared.public_id.1.len().saturating_add(1),
        };
        let table = shared.table(before);
        self.header(shared.public_id, &table.bytes)?;
        let mut done = 0;
        for (&(start, end), index) in shared.strings.iter().zip(table.index) {
            let Some(index) = index else { continue };
            let (bytes, count) = self.integer(index)?;
            // Up to the token of the inline string; then go on behind its NUL.
            self.raw(shared.body.get(done..start.saturating_sub(1)).unwrap_or_default())?;
            self.raw(&[STR_T])?;
            self.raw(tail(&bytes, count))?;
            done = end.saturating_add(1);
        }
        self.raw(shared.body.get(done..).unwrap_or_default())
    }
}

/// The strings of a document that are worth an entry.
struct Table {
    bytes: Vec<u8>,
    /// For each string of the document, where it stands in the table, if it does.
    index: Vec<Option<usize>>,
}

impl Shared {
    /// The table: whole strings that come several times, in the order in which they come first. `before` is what
    /// stands before them in the table.
    fn table(&self, before: usize) -> Table {
        let text = |&(start, end): &(usize, usize)| self.body.get(start..end).unwrap_or_default();
        // Equal strings side by side, each run by place: no hashing that a peer could make slow.
        let mut sorted: Vec<(&[u8], usize)> = self.strings.iter().map(text).zip(0_usize..).collect();
        sorted.sort_unstable_by(|(one, at), (other, behind)| {
            one.len().cmp(&other.len()).then_with(|| one.cmp(other)).then_with(|| at.cmp(behind))
        });
        let mut runs: Vec<&[(&[u8], usize)]> =
            sorted.chunk_by(|(one, _), (other, _)| one == other).filter(|run| run.len() > 1).collect();
        runs.sort_unstable_by_key(|run| run.first().map(|(_, at)| *at));
        let mut table = Table { bytes: Vec::new(), index: Vec::new() };
        table.index.resize(self.strings.len(), None);
        for run in runs {
            let Some((text, _)) = run.first() else { continue };
            let index = before.saturating_add(table.bytes.len());
            // Inline a string costs two bytes more than its length; shared, its token and index, and one entry.
            let size = u32::try_from(index).map_or(5, |index| tables::to_integer(index).1).saturating_add(1);
            let inline = text.len().saturating_add(2).saturating_mul(run.len());
            let shared = size.saturating_mul(run.len()).saturating_add(text.len()).saturating_add(1);
            if shared < inline && index.saturating_add(text.len()) < MAX_TABLE {
                for (_, at) in run {
                    if let Some(entry) = table.index.get_mut(*at) {
                        *entry = Some(index);
                    }
                }
                table.bytes.extend_from_slice(text);
                table.bytes.push(0);
            }
        }
        table
    }
}

/// An element as a document of its own.
pub(crate) fn nested(out: &mut Vec<u8>, options: &WbxmlOptions, nodes: &[Node<'_>]) -> Result<(), Error> {
    let root = match nodes.first() {
        Some(Node::Start(name)) => known(name, Page::DmDdf).map(Tag::page),
        _ => None,
    };
    let (number, text) = match root {
        Some(Page::DmDdf) => (None, tables::DM_DDF_ID),
        Some(Page::DevInf) => (Some(tables::DEV_INF_ID.0), tables::DEV_INF_ID.1),
        _ => {
            let (number, text) = tables::public_id(&Namespace::SyncMl12);
            (Some(number), text)
        }
    };
    let mut options = *options;
    if number.is_none() {
        options.public_id = WbxmlPublicId::StringTable;
    }
    let mut writer = Writer::new(out, &options);
    writer.head((number.unwrap_or_default(), text))?;
    writer.opened();
    if root == Some(Page::DevInf) {
        writer.zero = Page::DevInf;
    }
    writer.nodes(nodes, root.unwrap_or(Page::SyncMl))?;
    writer.closed()
}

/// The same inside a message: without a string table of its own; the caller says where it went wrong.
fn nested_in(out: &mut Vec<u8>, options: &WbxmlOptions, nodes: &[Node<'_>]) -> Result<(), ErrorKind> {
    nested(out, &options.with_string_table(false), nodes).map_err(|error| error.kind())
}

/// The token of a name; one without a namespace belongs to the page of the element around it.
fn known(name: &Name<'_>, around: Page) -> Option<Tag> {
    match name {
        Name::Known(tag) => Some(*tag),
        Name::Other { namespace, local } => {
            let page = match namespace.as_str() {
                "" => around,
                "syncml:dmddf" => Page::DmDdf,
                uri if uri.get(..14).is_some_and(|stem| stem.eq_ignore_ascii_case("SYNCML:SYNCML1")) => Page::SyncMl,
                uri => [Page::MetInf, Page::DmDdf, Page::DevInf].into_iter().find(|page| page.namespace() == uri)?,
            };
            Tag::by_name(page, local)
        }
        Name::Token { .. } => None,
    }
}

/// Whether a token stands for nothing on a page that there is, in a document with this page 0.
fn is_unassigned(page: u8, token: u8, zero: Page) -> bool {
    let page = match page {
        0 => zero,
        1 => Page::MetInf,
        2 => Page::DmDdf,
        _ => return false,
    };
    (0x05..=0x3F).contains(&token) && Tag::by_token(page, token).is_none()
}

/// Whether every element has a token and none has attributes; DevInf and SyncML share a page number and cannot mix.
#[cfg(feature = "xml")]
fn is_encodable(nodes: &[Node<'_>]) -> bool {
    let Some(Node::Start(Name::Known(root))) = nodes.first() else { return false };
    let page = root.page();
    matches!(page, Page::DmDdf | Page::DevInf)
        && nodes.iter().all(|node| match node {
            Node::Start(Name::Known(tag)) => tag.page() == page,
            Node::Start(_) | Node::Attribute(_) => false,
            _ => true,
        })
}

/// Appends an element with a string of at least one character, from its tag to its END.
///
/// Copies of a length known beforehand cost a few instructions, others a call; and most strings are short. They go in
/// two pieces, the second over the end of the first.
#[inline(never)]
fn leaf<S: Sealed>(out: &mut S, token: u8, text: &[u8]) -> Result<(), ErrorKind> {
    macro_rules! ends {
        ($half:literal) => {
            if let (Some(first), Some(last)) = (text.first_chunk::<$half>(), text.last_chunk::<$half>())
                && !(is_suspicious(first) | is_suspicious(last))
            {
                let mut head = [0; $half + 2];
                (head[0], head[1]) = (token, STR_I);
                head[2..].copy_from_slice(first);
                let mut tail = [0; $half + 2];
                tail[..$half].copy_from_slice(last);
                tail[$half + 1] = END;
                let end = out.len().wrapping_add(2).wrapping_add(text.len()).wrapping_sub($half);
                out.put(&head).map_err(|()| ErrorKind::BufferTooSmall)?;
                out.truncate(end);
                return out.put(&tail).map_err(|()| ErrorKind::BufferTooSmall);
            }
        };
    }
    match *text {
        [one] => return few(out, token, [one, 0, 0], 1),
        [one, two] => return few(out, token, [one, two, 0], 2),
        [one, two, three] => return few(out, token, [one, two, three], 3),
        _ => {}
    }
    match text.len() {
        4..=7 => ends!(4),
        8..=15 => ends!(8),
        16..=31 => ends!(16),
        32..=63 => ends!(32),
        _ => {}
    }
    any_leaf(out, token, text)
}

/// The same for one to three characters, in one piece of which the end is taken back.
#[inline(always)]
fn few<S: Sealed>(out: &mut S, token: u8, text: [u8; 3], len: usize) -> Result<(), ErrorKind> {
    let [one, two, three] = text.map(u64::from);
    let shift = 24_usize.wrapping_add(len << 3) & 63;
    let all = u64::from(token) | u64::from(STR_I) << 8 | one << 16 | two << 24 | three << 32 | u64::from(END) << shift;
    let plain = text.iter().take(len).all(|byte| byte.cast_signed() >= 0x20);
    let before = out.len();
    if !plain || out.put(&all.to_le_bytes()).is_err() {
        return any_leaf(out, token, text.get(..len).unwrap_or_default());
    }
    out.truncate(before.wrapping_add(4).wrapping_add(len));
    Ok(())
}

/// The start of a command and its CmdID, on page 0. Most senders count: one to three digits.
#[inline(never)]
fn command<S: Sealed>(out: &mut S, token: u8, id: &[u8]) -> Result<(), ErrorKind> {
    let start = u64::from(token) | u64::from(CMD_ID) << 8 | u64::from(STR_I) << 16;
    let (digits, len) = match *id {
        [one] => (u64::from(one) << 24, 1),
        [one, two] => (u64::from(one) << 24 | u64::from(two) << 32, 2),
        [one, two, three] => (u64::from(one) << 24 | u64::from(two) << 32 | u64::from(three) << 40, 3),
        _ => (0, 0),
    };
    let before = out.len();
    if len > 0 && id.iter().all(|byte| byte.cast_signed() >= 0x20) {
        let end = u64::from(END) << (32_usize.wrapping_add(len << 3) & 63);
        if out.put(&(start | digits | end).to_le_bytes()).is_ok() {
            out.truncate(before.wrapping_add(5).wrapping_add(len));
            return Ok(());
        }
    }
    out.put(&[token]).map_err(|()| ErrorKind::BufferTooSmall)?;
    if id.is_empty() {
        return out.put(&[CMD_ID & !CONTENT]).map_err(|()| ErrorKind::BufferTooSmall);
    }
    leaf(out, CMD_ID, id)
}

/// `CmdID` with content.
const CMD_ID: u8 = spec::CMD_ID.tag.token() | CONTENT;

/// An item of a Target, perhaps Format and Type, perhaps a text, on page 0. Gives the page on which it ends.
fn plain_item<S: Sealed>(out: &mut S, item: &PlainItem<'_>) -> Result<u8, ErrorKind> {
    const ITEM: [u8; 2] = [spec::ITEM.tag.token() | CONTENT, spec::TARGET.tag.token() | CONTENT];
    const LOC_URI: u8 = spec::LOC_URI.tag.token() | CONTENT;
    const META: [u8; 4] = [END, spec::META.tag.token() | CONTENT, SWITCH_PAGE, 1];
    const FORMAT: u8 = spec::FORMAT.tag.token() | CONTENT;
    const TYPE: u8 = spec::TYPE.tag.token() | CONTENT;
    const DATA: u8 = spec::DATA.tag.token() | CONTENT;
    let full = |()| ErrorKind::BufferTooSmall;
    out.put(&ITEM).map_err(full)?;
    leaf(out, LOC_URI, item.uri.as_bytes())?;
    let data = match item.data {
        Some(PlainData::Text(text)) => Some(text),
        Some(PlainData::Bytes(_)) | None => None,
    };
    match (item.meta, data) {
        (None, data) => {
            out.put(&[END]).map_err(full)?;
            if let Some(data) = data {
                leaf(out, DATA, data.as_bytes())?;
            }
            out.put(&[END]).map_err(full)?;
            Ok(0)
        }
        (Some((format, type_)), data) => {
            out.put(&META).map_err(full)?;
            leaf(out, FORMAT, format.as_bytes())?;
            leaf(out, TYPE, type_.as_bytes())?;
            let Some(data) = data else {
                out.put(&[END, END]).map_err(full)?;
                return Ok(1);
            };
            out.put(&[END, SWITCH_PAGE, 0]).map_err(full)?;
            leaf(out, DATA, data.as_bytes())?;
            out.put(&[END]).map_err(full)?;
            Ok(0)
        }
    }
}

/// At least the bytes of a plain operation beside its texts.
const PLAIN_OPERATION: usize = 48;

/// Control characters and whatever is not of ASCII.
#[derive(Clone, Copy)]
struct Odd;

impl Look for Odd {
    #[inline(always)]
    fn byte(byte: u8) -> u8 {
        byte.wrapping_sub(b' ') | byte
    }

    #[inline(always)]
    fn word(word: u64) -> u64 {
        word.wrapping_sub(u64::MAX / 0xFF * u64::from(b' ')) | word
    }
}

/// Appends an OPAQUE of a common length and the END behind it, in the same way.
#[inline]
fn short_opaque<S: Sealed>(out: &mut S, bytes: &[u8]) -> Option<Result<(), ()>> {
    macro_rules! ends {
        ($half:literal) => {{
            let (first, last) = (bytes.first_chunk::<$half>()?, bytes.last_chunk::<$half>()?);
            let mut head = [0; $half + 2];
            head[0] = OPAQUE;
            head[1] = u8::try_from(bytes.len()).ok()?;
            head[2..].copy_from_slice(first);
            let mut tail = [END; $half + 1];
            tail[..$half].copy_from_slice(last);
            let end = out.len().wrapping_add(2).wrapping_add(bytes.len()).wrapping_sub($half);
            if out.put(&head).is_err() {
                return Some(Err(()));
            }
            out.truncate(end);
            Some(out.put(&tail))
        }};
    }
    match bytes.len() {
        4..=7 => ends!(4),
        8..=15 => ends!(8),
        16..=31 => ends!(16),
        32..=63 => ends!(32),
        _ => None,
    }
}

/// The same for strings that are long or not ASCII.
#[inline(never)]
fn any_leaf<S: Sealed>(out: &mut S, token: u8, text: &[u8]) -> Result<(), ErrorKind> {
    let (end, high) = tables::scan(text, 0);
    if end < text.len() || high && tables::noncharacter(text).is_some() {
        return Err(ErrorKind::Character);
    }
    out.put(&(u16::from(token) | u16::from(STR_I) << 8).to_le_bytes())
        .and_then(|()| out.put(text))
        .and_then(|()| out.put(&[0, END]))
        .map_err(|()| ErrorKind::BufferTooSmall)
}

/// Whether a control character or a part of one that is not ASCII is among the bytes. Without an early exit, so that it
/// becomes a few vector instructions.
#[inline(always)]
fn is_suspicious<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |found, &byte| found | (byte.cast_signed() < 0x20))
}

/// The last bytes of a multi-byte integer.
fn tail(bytes: &[u8; 5], count: usize) -> &[u8] {
    bytes.get(5_usize.saturating_sub(count)..).unwrap_or_default()
}

impl<S: Sealed> Write for Writer<'_, S> {
    fn begin(&mut self, namespace: &Namespace<'_>) -> Result<(), Error> {
        self.head(tables::public_id(namespace))?;
        self.start(spec::SYNC_ML)
    }

    #[inline(always)]
    fn start(&mut self, spec: &'static Spec) -> Result<(), Error> {
        self.opened();
        self.token(spec.tag.page().number(), spec.tag.token() | CONTENT)
    }

    /// A prefix means nothing where names are tokens: the declarations are dropped, and nothing is lost that an element
    /// or attribute could have used.
    fn start_declaring(&mut self, spec: &'static Spec, _: &[Declaration<'_>]) -> Result<(), Error> {
        self.start(spec)
    }

    #[inline(always)]
    fn end(&mut self, _: &'static Spec) -> Result<(), Error> {
        self.put(&[END])?;
        if self.shared.is_some() { self.closed() } else { Ok(()) }
    }

    #[inline]
    fn flag(&mut self, spec: &'static Spec) -> Result<(), Error> {
        self.token(spec.tag.page().number(), spec.tag.token())
    }

    #[inline(always)]
    fn leaf(&mut self, spec: &'static Spec, text: &str) -> Result<(), Error> {
        self.text_leaf(spec, text)
    }

    fn data(&mut self, spec: &'static Spec, data: &Data<'_>) -> Result<(), Error> {
        if !data.attributes.is_empty() {
            return Err(self.refuse(ErrorKind::NotEncodable));
        }
        match &data.content {
            Content::Text(text) => self.text_leaf(spec, text),
            Content::Opaque(bytes) => self.opaque_leaf(spec, bytes),
            Content::Markup(markup) => self.markup(spec, markup),
            Content::Element(element) => self.element_in_data(spec, element.nodes()),
        }
    }

    #[inline(always)]
    fn command(&mut self, spec: &'static Spec, id: &str) -> Result<(), Error> {
        if self.shared.is_none() && self.page == 0 {
            let token = spec.tag.token() | CONTENT;
            return command(self.out.settled(), token, id.as_bytes()).map_err(|kind| self.refuse(kind));
        }
        self.start(spec)?;
        self.leaf(spec::CMD_ID, id)
    }

    fn plain_item(&mut self, item: &PlainItem<'_>) -> Result<bool, Error> {
        if self.shared.is_some() || self.page != 0 || matches!(item.data, Some(PlainData::Bytes(_))) {
            return Ok(false);
        }
        self.page = plain_item(self.out.settled(), item).map_err(|kind| self.refuse(kind))?;
        Ok(true)
    }

    #[inline(always)]
    fn plain_operation(&mut self, spec: &'static Spec, id: &str, item: &PlainItem<'_>) -> Result<bool, Error> {
        const CMD_ID: u8 = spec::CMD_ID.tag.token() | CONTENT;
        const ITEM: u8 = spec::ITEM.tag.token() | CONTENT;
        const TARGET: u8 = spec::TARGET.tag.token() | CONTENT;
        const LOC_URI: u8 = spec::LOC_URI.tag.token() | CONTENT;
        const META: u8 = spec::META.tag.token() | CONTENT;
        const FORMAT: u8 = spec::FORMAT.tag.token() | CONTENT;
        const TYPE: u8 = spec::TYPE.tag.token() | CONTENT;
        const DATA: u8 = spec::DATA.tag.token() | CONTENT;
        if self.shared.is_some() {
            return Ok(false);
        }
        let data = match item.data {
            None => 0,
            Some(PlainData::Text(text)) => text.len(),
            Some(PlainData::Bytes(bytes)) => bytes.len(),
        };
        let texts = [id, item.uri, item.meta.map_or("", |meta| meta.0), item.meta.map_or("", |meta| meta.1)];
        let len = texts.iter().fold(data, |sum, text| sum.saturating_add(text.len()));
        let Some(mut room) = self.out.room(len.saturating_add(PLAIN_OPERATION)) else { return Ok(false) };
        if self.page != 0 {
            room.put(&[SWITCH_PAGE, 0]);
        }
        room.put(&[spec.tag.token() | CONTENT, CMD_ID, STR_I]);
        room.text(id.as_bytes(), Odd);
        room.put(&[0, END, ITEM, TARGET, LOC_URI, STR_I]);
        room.text(item.uri.as_bytes(), Odd);
        room.put(&[0, END, END]);
        if let Some((format, type_)) = item.meta {
            room.put(&[META, SWITCH_PAGE, 1, FORMAT, STR_I]);
            room.text(format.as_bytes(), Odd);
            room.put(&[0, END, TYPE, STR_I]);
            room.text(type_.as_bytes(), Odd);
            room.put(&[0, END, END]);
            if item.data.is_some() {
                room.put(&[SWITCH_PAGE, 0]);
            }
        }
        match item.data {
            None => {}
            Some(PlainData::Text(text)) => {
                room.put(&[DATA, STR_I]);
                room.text(text.as_bytes(), Odd);
                room.put(&[0, END]);
            }
            Some(PlainData::Bytes(bytes)) => {
                room.put(&[DATA, OPAQUE]);
                // The room is no longer than two bytes can say.
                let low = u8::try_from(bytes.len() & 0x7F).unwrap_or_default();
                match u8::try_from(bytes.len() >> 7) {
                    Ok(0) => room.put(&[low]),
                    Ok(high @ ..0x80) => room.put(&[high | 0x80, low]),
                    _ => return Ok(false),
                }
                room.text(bytes, Anything);
                room.put(&[END]);
            }
        }
        room.put(&[END, END]);
        let Some(written) = room.written() else { return Ok(false) };
        self.out.wrote(written);
        self.page = u8::from(item.meta.is_some() && item.data.is_none());
        Ok(true)
    }

    fn finish(&mut self) {
        self.out.settled();
    }

    fn element(&mut self, element: &Element<'_>) -> Result<(), Error> {
        self.nodes(element.nodes(), Page::SyncMl)
    }

    fn written(&self) -> usize {
        let waiting = self.shared.as_ref().map_or(0, |shared| shared.body.len());
        self.out.len().saturating_sub(self.start).saturating_add(waiting)
    }
}
