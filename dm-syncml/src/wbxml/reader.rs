//! WBXML as a source of elements.
//!
//! Two ways through one input. The fast way answers the grammar's predictions by comparing one byte, or three with a
//! change of page; it takes tags without attributes and strings, inline or from the table, and nothing else. The other
//! way, from [`Reader::step`] on, takes every form and checks everything. What the fast way takes the other takes too,
//! with the same result.
//!
//! UTF-8 is checked once: the string table at the start, the body in stretches that end at the first byte that cannot
//! be text, as a rule the length of an OPAQUE. A string inside a checked stretch is a slice of it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use memchr::memchr;

use super::tables::{
    self, ATTRIBUTES, CONTENT, Document, END, ENTITY, Header, LITERAL, LITERAL_A, LITERAL_AC, LITERAL_C, OPAQUE, PI,
    STR_I, STR_T, SWITCH_PAGE,
};
use crate::grammar::read::{Child, Context, Read, Started};
use crate::names::Spec;
use crate::{
    Content, Data, Declaration, DeviationKind, Element, Error, ErrorKind, Limits, Name, Namespace, Node, Page, Span,
    Str, Tag,
};

/// Bytes of a body whose UTF-8 is checked at once.
const STRETCH: usize = 8 << 10;

/// One WBXML document.
pub(crate) struct Reader<'a, 'c> {
    input: &'a [u8],
    at: usize,
    /// The current page of tags. END does not change it.
    page: u8,
    /// Tags that an earlier minor version than this brought may be read the fast way; with 0 nothing may.
    until: u8,
    /// The same outside elements without content, in which nothing follows.
    usual: u8,
    /// Open elements.
    depth: usize,
    /// How many may be open in the root.
    levels: usize,
    /// UTF-8 that has been checked, and where it begins.
    checked: (usize, &'a str),
    table: &'a [u8],
    table_at: usize,
    /// Bytes that references into it have stood for.
    table_used: usize,
    /// The table, when all of it is text that XML allows.
    table_text: Option<&'a str>,
    document: Document,
    latin: bool,
    /// Whether the root was read.
    rooted: bool,
    /// The name of the element that [`Read::next`] gave without a tag.
    name: Option<Name<'a>>,
    /// Where the content of the last text begins and ends.
    span: (usize, usize),
    context: &'c mut Context,
}

/// How an element ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Open {
    /// With an END.
    #[default]
    AtEnd,
    /// At once: its tag said that it has no content.
    Empty,
}

/// One token that means something, with its operands.
enum Step<'a> {
    Start(Begin<'a>),
    /// An END, where it stands.
    End(usize),
    /// A string or a character, never empty, and where it stands.
    Text(Cow<'a, str>, usize),
    /// Bytes, never none, and where they stand.
    Opaque(&'a [u8], usize),
}

/// The start of an element.
struct Begin<'a> {
    name: Name<'a>,
    open: Open,
    offset: usize,
}

/// The content of an element so far.
enum Pieces<'a> {
    Text(Cow<'a, str>),
    Opaque(&'a [u8]),
    Mixed(Vec<u8>),
}

impl<'a, 'c> Reader<'a, 'c> {
    /// Reads the head.
    #[inline(always)]
    pub(crate) fn new(input: &'a [u8], context: &'c mut Context) -> Result<Self, Error> {
        let header = head(input, context)?;
        #[cfg(feature = "fuzzing")]
        let slow = context.slow;
        #[cfg_attr(not(feature = "fuzzing"), expect(unused_mut, reason = "changed for fuzzing"))]
        let mut reader = Self::with_header(input, &header, context);
        #[cfg(feature = "fuzzing")]
        if slow {
            (reader.until, reader.usual) = (0, 0);
        }
        Ok(reader)
    }

    #[inline(always)]
    fn with_header(input: &'a [u8], header: &Header, context: &'c mut Context) -> Self {
        let document = header.document;
        let table = input.get(header.table.clone()).unwrap_or_default();
        let plain = document.zero == Page::SyncMl && !header.latin;
        let usual = if plain { document.minor.saturating_add(1) } else { 0 };
        Self {
            input,
            at: header.table.end,
            page: 0,
            until: usual,
            usual,
            depth: 0,
            levels: context.limits.max_depth.saturating_sub(1),
            checked: (0, ""),
            table,
            table_at: header.table.start,
            table_used: 0,
            table_text: if plain { text_of_table(table) } else { None },
            document,
            latin: header.latin,
            rooted: false,
            name: None,
            span: (0, 0),
            context,
        }
    }

    /// Only the complete way from here on, to compare the two.
    #[cfg(test)]
    pub(crate) fn without_fast_way(&mut self) {
        (self.until, self.usual) = (0, 0);
    }

    /// The whole document as one element.
    pub(crate) fn whole(mut self) -> Result<Element<'a>, Error> {
        let hint = self.document.zero;
        let Child::Start(root) = self.next(None, hint)? else {
            return Err(Error::new(ErrorKind::UnexpectedEnd, self.input.len()));
        };
        let markup = self.context.limits.max_markup_depth;
        let name = self.take_name(root.tag);
        self.depth = 0;
        let nodes = self.nodes(Begin { name, open: root.open, offset: root.offset }, hint, markup)?;
        let element = Element::from_nodes(nodes, Span::new(root.offset, self.at));
        self.trailing()?;
        Ok(element)
    }

    // The fast way.

    /// Where the cursor is behind the tag of an element, whatever its content bit; and the tag.
    #[inline(always)]
    fn tag(&self, tag: Tag) -> Option<(usize, u8)> {
        if tag.since() >= self.until {
            return None;
        }
        let page = tag.page().number();
        let (at, byte) = if self.page == page {
            (self.at.wrapping_add(1), *self.input.get(self.at)?)
        } else {
            match self.input.get(self.at..)?.first_chunk::<3>()? {
                [SWITCH_PAGE, switched, byte] if *switched == page => (self.at.wrapping_add(3), *byte),
                _ => return None,
            }
        };
        (byte & !CONTENT == tag.token()).then_some((at, byte))
    }

    /// The text from the cursor to an END, when it is one string.
    #[inline(never)]
    fn plain_text(&mut self, start: usize) -> Option<&'a str> {
        let rest = self.input.get(start..)?;
        match *rest.first()? {
            STR_I => {
                let from = start.wrapping_add(1);
                let (end, high) = tables::scan(self.input, from);
                if self.input.get(end..)?.first_chunk::<2>()? != &[0, END] {
                    return None;
                }
                let text = self.inline(from, end, high)?;
                self.at = end.wrapping_add(2);
                self.span = (start, end.wrapping_add(1));
                Some(text)
            }
            STR_T => {
                let mut at = start.wrapping_add(1);
                let used = self.table_used;
                let text = self.shared(&mut at)?;
                if *self.input.get(at)? != END {
                    // What declines has consumed nothing.
                    self.table_used = used;
                    return None;
                }
                self.at = at.wrapping_add(1);
                self.span = (start, at);
                Some(text)
            }
            END => {
                self.at = start.wrapping_add(1);
                self.span = (start, start);
                Some("")
            }
            _ => None,
        }
    }

    /// The same for any number of strings: some encoders cut texts at words.
    fn joined(&mut self, start: usize) -> Option<Str<'a>> {
        let used = self.table_used;
        let text = self.try_joined(start);
        if text.is_none() {
            // What declines has consumed nothing.
            self.table_used = used;
        }
        text
    }

    fn try_joined(&mut self, start: usize) -> Option<Str<'a>> {
        if !matches!(self.input.get(start), Some(&(STR_I | STR_T))) {
            return None;
        }
        let mut buffer: Vec<u8> = Vec::with_capacity(64);
        let mut at = start;
        loop {
            let token = *self.input.get(at)?;
            at = at.wrapping_add(1);
            match token {
                STR_I => {
                    let (end, high) = tables::scan(self.input, at);
                    let piece = self.input.get(at..end)?;
                    if *self.input.get(end)? != 0 {
                        return None;
                    }
                    if high && core::str::from_utf8(piece).ok().is_none_or(|text| tables::forbidden(text).is_some()) {
                        return None;
                    }
                    buffer.extend_from_slice(piece);
                    at = end.wrapping_add(1);
                }
                STR_T => buffer.extend_from_slice(self.shared(&mut at)?.as_bytes()),
                END => break,
                _ => return None,
            }
        }
        let text = String::from_utf8(buffer).ok()?;
        self.at = at;
        self.span = (start, at.wrapping_sub(1));
        Some(Str::from(text))
    }

    /// An inline string without control characters.
    #[inline(always)]
    fn inline(&mut self, from: usize, end: usize, high: bool) -> Option<&'a str> {
        if high && tables::noncharacter(self.input.get(from..end)?).is_some() {
            return None;
        }
        let (start, text) = self.checked;
        if from >= start
            && let Some(text) = text.get(from.wrapping_sub(start)..end.wrapping_sub(start))
        {
            return Some(text);
        }
        self.check(from, end)
    }

    /// The same behind the stretch that is checked.
    #[inline(never)]
    fn check(&mut self, from: usize, end: usize) -> Option<&'a str> {
        let rest = self.input.get(from..)?;
        let len = end.saturating_sub(from);
        // With a string table every other token is one that cannot be text.
        if !self.table.is_empty() {
            return core::str::from_utf8(rest.get(..len)?).ok();
        }
        let window = rest.get(..STRETCH.max(len)).unwrap_or(rest);
        let text = match core::str::from_utf8(window) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(window.get(..error.valid_up_to())?).ok()?,
        };
        self.checked = (from, text);
        text.get(..len)
    }

    /// A string of the table.
    #[inline]
    fn shared(&mut self, at: &mut usize) -> Option<&'a str> {
        let index = tables::length(tables::integer(self.input, at).ok()?);
        let rest = self.table_text?.get(index..)?;
        // In a table without other control characters the next byte below 0x20 and not white space is the NUL.
        let (end, _) = tables::scan(rest.as_bytes(), 0);
        if rest.is_empty() || !self.charge(end) { None } else { rest.get(..end) }
    }

    /// Counts text out of the table: two bytes can stand for all of it.
    #[inline]
    fn charge(&mut self, bytes: usize) -> bool {
        self.table_used = self.table_used.saturating_add(bytes);
        self.table_used <= self.context.limits.max_string_table_use
    }

    /// Goes into an element. In one without content nothing can be predicted.
    #[inline]
    fn enter(&mut self, open: Open) {
        self.depth = self.depth.wrapping_add(1);
        if open == Open::Empty {
            self.until = 0;
        }
    }

    #[inline]
    fn leave(&mut self, open: Open) {
        self.depth = self.depth.wrapping_sub(1);
        if open == Open::Empty {
            self.until = self.usual;
        }
    }

    /// The start of any element that has a token, without attributes.
    #[inline]
    fn plain_start(&mut self) -> Option<Started<Open>> {
        let (mut page, mut offset) = (self.page, self.at);
        let mut token = *self.input.get(offset)?;
        if token == SWITCH_PAGE {
            page = *self.input.get(offset.wrapping_add(1))?;
            offset = offset.wrapping_add(2);
            token = *self.input.get(offset)?;
        }
        let tag = match page {
            0 => Tag::by_token(Page::SyncMl, token & !CONTENT)?,
            1 => Tag::by_token(Page::MetInf, token & !CONTENT)?,
            _ => return None,
        };
        if tag.since() >= self.until || self.depth.wrapping_sub(1) >= self.levels {
            return None;
        }
        self.page = page;
        self.at = offset.wrapping_add(1);
        let open = if token & CONTENT == 0 { Open::Empty } else { Open::AtEnd };
        self.enter(open);
        Some(Started { tag: Some(tag), open, offset })
    }

    /// The content of Data, when it is one OPAQUE.
    #[inline]
    fn plain_opaque(&mut self, start: usize) -> Option<Data<'a>> {
        let (token, rest) = self.input.get(start..)?.split_first()?;
        let mut at = 0;
        let length = tables::length(tables::integer(rest, &mut at).ok()?);
        let (bytes, after) = rest.get(at..)?.split_at_checked(length)?;
        if self.usual == 0 || *token != OPAQUE || bytes.is_empty() || *after.first()? != END {
            return None;
        }
        let end = self.input.len().saturating_sub(after.len());
        self.at = end.wrapping_add(1);
        Some(self.content(Content::Opaque(Cow::Borrowed(bytes)), start, end))
    }

    // The other way.

    /// The next token that means something. What is let pass on the way is noted.
    fn step(&mut self, hint: Page) -> Result<Step<'a>, Error> {
        loop {
            let offset = self.at;
            let token = self.byte()?;
            match token {
                SWITCH_PAGE => self.page = self.byte()?,
                END => return Ok(Step::End(offset)),
                ENTITY => {
                    let number_at = self.at;
                    let character = char::from_u32(self.integer()?).filter(|&found| tables::is_xml_char(found));
                    let character = character.ok_or(Error::new(ErrorKind::Character, number_at))?;
                    return Ok(Step::Text(Cow::Owned(String::from(character)), offset));
                }
                STR_I => {
                    let start = self.at;
                    let bytes = self.string()?;
                    if !bytes.is_empty() {
                        return Ok(Step::Text(self.text_of(bytes, start)?, offset));
                    }
                }
                STR_T => {
                    let (bytes, start) = self.entry()?;
                    if !bytes.is_empty() {
                        return Ok(Step::Text(self.text_of(bytes, start)?, offset));
                    }
                }
                OPAQUE => {
                    let bytes = self.bytes()?;
                    if !bytes.is_empty() {
                        return Ok(Step::Opaque(bytes, self.at.saturating_sub(bytes.len())));
                    }
                }
                PI => {
                    self.context.deviate(DeviationKind::WbxmlInstruction, offset)?;
                    self.skip_attributes()?;
                }
                0x40..=0x42 | 0x80..=0x82 | 0xC0..=0xC2 => {
                    return Err(Error::new(ErrorKind::WbxmlExtension, offset));
                }
                _ => return self.begin(token, offset, hint).map(Step::Start),
            }
        }
    }

    /// A tag: its name, its attributes if any.
    fn begin(&mut self, token: u8, offset: usize, hint: Page) -> Result<Begin<'a>, Error> {
        let name = match token {
            LITERAL | LITERAL_C | LITERAL_A | LITERAL_AC => self.literal(offset, hint)?,
            _ => self.known(token & !(CONTENT | ATTRIBUTES), offset)?,
        };
        if let Name::Known(tag) = name
            && tag.since() > self.document.minor
        {
            self.context.deviate(DeviationKind::TokenVersion, offset)?;
        }
        if token & ATTRIBUTES != 0 {
            self.context.deviate(DeviationKind::WbxmlAttributes, offset)?;
            self.skip_attributes()?;
        }
        let open = if token & CONTENT == 0 { Open::Empty } else { Open::AtEnd };
        Ok(Begin { name, open, offset })
    }

    fn known(&self, token: u8, offset: usize) -> Result<Name<'a>, Error> {
        let page = match self.page {
            0 => self.document.zero,
            1 => Page::MetInf,
            2 => Page::DmDdf,
            _ => return Err(Error::new(ErrorKind::WbxmlPage, offset)),
        };
        Ok(Tag::by_token(page, token).map_or(Name::Token { page: self.page, token }, Name::Known))
    }

    /// A name from the string table, of an element that has a token or of another.
    #[cold]
    fn literal(&mut self, offset: usize, hint: Page) -> Result<Name<'a>, Error> {
        let (bytes, start) = self.entry()?;
        let name = self.text_of(bytes, start)?;
        let pages = [hint, self.document.zero, Page::MetInf, Page::DmDdf];
        if let Some(tag) = pages.into_iter().find_map(|page| Tag::by_name(page, &name)) {
            self.context.deviate(DeviationKind::WbxmlLiteral, offset)?;
            return Ok(Name::Known(tag));
        }
        if !tables::is_name(&name) {
            return Err(Error::new(ErrorKind::WbxmlToken, offset));
        }
        Ok(Name::Other { namespace: Str::EMPTY, local: name.into() })
    }

    /// Skips attributes, or a processing instruction, with the END. Their pages are their own.
    #[cold]
    fn skip_attributes(&mut self) -> Result<(), Error> {
        let mut count = 0_usize;
        loop {
            let offset = self.at;
            let token = self.byte()?;
            match token {
                SWITCH_PAGE => {
                    self.byte()?;
                }
                END => return Ok(()),
                ENTITY | 0x80..=STR_T => {
                    self.integer()?;
                }
                STR_I | 0x40..=0x42 => {
                    self.string()?;
                }
                OPAQUE => {
                    self.bytes()?;
                }
                0xC0..=0xC2 => {}
                PI | LITERAL_C | LITERAL_A | LITERAL_AC => return Err(Error::new(ErrorKind::WbxmlToken, offset)),
                // The start of an attribute. Its name is not looked up: some peers give an index into an empty table.
                0x04..=0x7F => {
                    count = count.saturating_add(1);
                    if count > self.context.limits.max_attributes {
                        return Err(Error::new(ErrorKind::TooManyAttributes, offset));
                    }
                    if token == LITERAL {
                        self.integer()?;
                    }
                }
                // A value.
                0x85.. => {}
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let byte = *self.input.get(self.at).ok_or(Error::new(ErrorKind::UnexpectedEnd, self.input.len()))?;
        self.at = self.at.wrapping_add(1);
        Ok(byte)
    }

    fn integer(&mut self) -> Result<u32, Error> {
        tables::integer(self.input, &mut self.at)
    }

    /// The bytes up to a NUL, which is consumed.
    fn string(&mut self) -> Result<&'a [u8], Error> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let end = memchr(0, rest).ok_or(Error::new(ErrorKind::UnexpectedEnd, self.input.len()))?;
        self.at = self.at.wrapping_add(end).wrapping_add(1);
        Ok(rest.get(..end).unwrap_or_default())
    }

    /// The bytes of an entry of the string table, and where they stand.
    fn entry(&mut self) -> Result<(&'a [u8], usize), Error> {
        let index_at = self.at;
        let index = self.integer()?;
        let bytes = tables::entry(self.table, index).ok_or(Error::new(ErrorKind::WbxmlStringIndex, index_at))?;
        if !self.charge(bytes.len()) {
            return Err(Error::new(ErrorKind::StringTableUse, index_at));
        }
        Ok((bytes, self.table_at.saturating_add(tables::length(index))))
    }

    /// The bytes of an OPAQUE. Its length is believed only when they are there.
    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length_at = self.at;
        let length = tables::length(self.integer()?);
        let bytes = self.input.get(self.at..).and_then(|rest| rest.get(..length));
        let bytes = bytes.ok_or(Error::new(ErrorKind::WbxmlLength, length_at))?;
        self.at = self.at.wrapping_add(length);
        Ok(bytes)
    }

    /// A string as text. `start` is where it stands.
    fn text_of(&self, bytes: &'a [u8], start: usize) -> Result<Cow<'a, str>, Error> {
        let text = match core::str::from_utf8(bytes) {
            _ if self.latin && !bytes.is_ascii() => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                return Err(Error::new(ErrorKind::InvalidUtf8, start.saturating_add(error.valid_up_to())));
            }
        };
        let at = if self.latin {
            let (end, _) = tables::scan(bytes, 0);
            (end < bytes.len()).then_some(end)
        } else {
            tables::forbidden(&text)
        };
        match at {
            Some(at) => Err(Error::new(ErrorKind::Character, start.saturating_add(at))),
            None => Ok(text),
        }
    }

    /// An element from its start on, as steps. `levels` is how many may be open in it, itself included.
    fn nodes(&mut self, first: Begin<'a>, hint: Page, levels: usize) -> Result<Vec<Node<'a>>, Error> {
        if levels == 0 {
            return Err(Error::new(ErrorKind::TooDeep, first.offset));
        }
        let hint = if let Name::Known(tag) = first.name { tag.page() } else { hint };
        let mut nodes = vec![Node::Start(first.name)];
        if first.open == Open::Empty {
            nodes.push(Node::End);
            return Ok(nodes);
        }
        let (mut open, mut count) = (1_usize, 1_usize);
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        loop {
            match self.step(hint)? {
                Step::Start(begin) => {
                    if open >= levels {
                        return Err(Error::new(ErrorKind::TooDeep, begin.offset));
                    }
                    count = count.saturating_add(1);
                    if count > self.context.limits.max_elements {
                        return Err(Error::new(ErrorKind::TooManyElements, begin.offset));
                    }
                    if let Name::Token { .. } = begin.name {
                        self.context.deviate(DeviationKind::UnknownElement, begin.offset)?;
                    }
                    let text = mem::take(&mut text);
                    if !is_space(&text) {
                        nodes.push(Node::Text(text.into()));
                    }
                    nodes.push(Node::Start(begin.name));
                    match begin.open {
                        Open::AtEnd => open = open.saturating_add(1),
                        Open::Empty => nodes.push(Node::End),
                    }
                }
                Step::End(_) => {
                    let text = mem::take(&mut text);
                    // White space behind a child is between elements; where there is no child it is the value.
                    let after_child = matches!(nodes.last(), Some(Node::End));
                    if !(text.is_empty() || after_child && is_space(&text)) {
                        nodes.push(Node::Text(text.into()));
                    }
                    nodes.push(Node::End);
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return Ok(nodes);
                    }
                }
                Step::Text(piece, _) => join(&mut text, piece),
                Step::Opaque(bytes, _) => {
                    let text = mem::take(&mut text);
                    if !text.is_empty() {
                        nodes.push(Node::Text(text.into()));
                    }
                    nodes.push(Node::Opaque(Cow::Borrowed(bytes)));
                }
            }
        }
    }

    /// An element straight in Data, the rest of Data, and its end.
    #[cold]
    fn element_in_data(&mut self, first: Begin<'a>, start: usize) -> Result<Data<'a>, Error> {
        let offset = first.offset;
        if let Name::Token { .. } = first.name {
            self.context.deviate(DeviationKind::UnknownElement, offset)?;
        }
        let nodes = self.nodes(first, Page::DmDdf, self.context.limits.max_markup_depth)?;
        let element = Element::from_nodes(nodes, Span::new(offset, self.at));
        loop {
            match self.step(Page::DmDdf)? {
                Step::End(end) => return Ok(self.content(Content::Element(element.into()), start, end)),
                Step::Start(second) => return Err(Error::new(ErrorKind::UnexpectedElement, second.offset)),
                Step::Text(text, _) if is_space(&text) => {}
                Step::Text(_, at) | Step::Opaque(_, at) => return Err(Error::new(ErrorKind::MixedContent, at)),
            }
        }
    }

    #[inline]
    fn content(&mut self, content: Content<'a>, start: usize, end: usize) -> Data<'a> {
        self.span = (start, end);
        Data::from_content(content, Span::new(start, end))
    }

    fn take_name(&mut self, tag: Option<Tag>) -> Name<'a> {
        match tag {
            Some(tag) => Name::Known(tag),
            None => self.name.take().unwrap_or(Name::Token { page: self.page, token: 0 }),
        }
    }

    /// What follows the root: processing instructions, or nothing.
    fn trailing(&mut self) -> Result<(), Error> {
        while let Some(&token) = self.input.get(self.at) {
            let offset = self.at;
            if token == PI {
                self.at = self.at.wrapping_add(1);
                self.context.deviate(DeviationKind::WbxmlInstruction, offset)?;
                self.skip_attributes()?;
            } else {
                self.context.deviate(DeviationKind::TrailingData, offset)?;
                self.at = self.input.len();
            }
        }
        Ok(())
    }
}

impl<'a> Read<'a> for Reader<'a, '_> {
    type Open = Open;

    const BINARY: bool = true;
    const COMMAND_LEN: usize = 96;

    #[inline(always)]
    fn open(&mut self, spec: &'static Spec) -> bool {
        match self.tag(spec.tag) {
            Some((at, byte)) if byte & CONTENT != 0 && self.depth.wrapping_sub(1) < self.levels => {
                self.page = spec.tag.page().number();
                self.at = at;
                self.depth = self.depth.wrapping_add(1);
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn close(&mut self, _: &'static Spec, open: Open) -> bool {
        if open == Open::AtEnd && self.input.get(self.at) == Some(&END) {
            self.at = self.at.wrapping_add(1);
            self.depth = self.depth.wrapping_sub(1);
            return true;
        }
        false
    }

    #[inline(always)]
    fn leaf(&mut self, spec: &'static Spec) -> Option<Str<'a>> {
        let (at, byte) = self.tag(spec.tag)?;
        if byte & CONTENT == 0 || self.depth.wrapping_sub(1) >= self.levels {
            return None;
        }
        let text = self.plain_text(at)?;
        self.page = spec.tag.page().number();
        Some(Str::borrowed(text))
    }

    fn composed(&mut self, spec: &'static Spec) -> Option<Str<'a>> {
        let (at, byte) = self.tag(spec.tag)?;
        if byte & CONTENT == 0 || self.depth.wrapping_sub(1) >= self.levels {
            return None;
        }
        let text = self.joined(at)?;
        self.page = spec.tag.page().number();
        Some(text)
    }

    fn opaque(&mut self, spec: &'static Spec) -> Option<Data<'a>> {
        let (at, byte) = self.tag(spec.tag)?;
        if byte & CONTENT == 0 || self.depth.wrapping_sub(1) >= self.levels {
            return None;
        }
        let data = self.plain_opaque(at)?;
        self.page = spec.tag.page().number();
        Some(data)
    }

    #[inline(always)]
    fn flag(&mut self, spec: &'static Spec) -> bool {
        let Some((at, byte)) = self.tag(spec.tag) else { return false };
        let after = if byte & CONTENT == 0 {
            at
        } else if self.input.get(at) == Some(&END) {
            at.wrapping_add(1)
        } else {
            return false;
        };
        if self.depth.wrapping_sub(1) >= self.levels {
            return false;
        }
        self.page = spec.tag.page().number();
        self.at = after;
        true
    }

    fn next(&mut self, open: Option<(&'static Spec, Open)>, page: Page) -> Result<Child<Open>, Error> {
        match open {
            None if self.rooted => {
                self.trailing()?;
                return Ok(Child::End);
            }
            Some((_, Open::Empty)) => {
                self.leave(Open::Empty);
                return Ok(Child::End);
            }
            _ => {}
        }
        if let Some(started) = self.plain_start() {
            return Ok(Child::Start(started));
        }
        loop {
            match self.step(page)? {
                Step::Start(begin) => {
                    if self.depth >= self.context.limits.max_depth {
                        return Err(Error::new(ErrorKind::TooDeep, begin.offset));
                    }
                    self.rooted = true;
                    self.enter(begin.open);
                    let tag = match begin.name {
                        Name::Known(tag) => Some(tag),
                        other => {
                            self.name = Some(other);
                            None
                        }
                    };
                    return Ok(Child::Start(Started { tag, open: begin.open, offset: begin.offset }));
                }
                Step::End(at) if open.is_none() => return Err(Error::new(ErrorKind::WbxmlEnd, at)),
                Step::End(_) => {
                    self.leave(Open::AtEnd);
                    return Ok(Child::End);
                }
                Step::Text(text, _) if is_space(&text) => {}
                Step::Text(_, at) | Step::Opaque(_, at) => {
                    let kind = if open.is_none() { ErrorKind::OutsideRoot } else { ErrorKind::UnexpectedText };
                    return Err(Error::new(kind, at));
                }
            }
        }
    }

    fn text(&mut self, child: Started<Open>) -> Result<Str<'a>, Error> {
        self.leave(child.open);
        let start = self.at;
        if child.open == Open::Empty {
            self.span = (start, start);
            return Ok(Str::EMPTY);
        }
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        loop {
            match self.step(Page::SyncMl)? {
                Step::Text(piece, _) => join(&mut text, piece),
                Step::Opaque(bytes, at) => {
                    let piece = core::str::from_utf8(bytes)
                        .map_err(|error| Error::new(ErrorKind::InvalidUtf8, at.saturating_add(error.valid_up_to())))?;
                    if let Some(found) = tables::forbidden(piece) {
                        return Err(Error::new(ErrorKind::Character, at.saturating_add(found)));
                    }
                    join(&mut text, Cow::Borrowed(piece));
                }
                Step::Start(begin) => return Err(Error::new(ErrorKind::UnexpectedElement, begin.offset)),
                Step::End(end) => {
                    self.span = (start, end);
                    return Ok(text.into());
                }
            }
        }
    }

    fn data(&mut self, child: Started<Open>) -> Result<Data<'a>, Error> {
        self.leave(child.open);
        let start = self.at;
        if child.open == Open::Empty {
            return Ok(self.content(Content::Text(Str::EMPTY), start, start));
        }
        if let Some(data) = self.plain_opaque(start) {
            return Ok(data);
        }
        let mut pieces = Pieces::Text(Cow::Borrowed(""));
        loop {
            match self.step(Page::DmDdf)? {
                Step::Text(text, _) => pieces.text(text),
                Step::Opaque(bytes, _) => pieces.opaque(bytes),
                Step::End(end) => return Ok(self.content(pieces.content(), start, end)),
                Step::Start(first) if pieces.is_space() => return self.element_in_data(first, start),
                Step::Start(first) => return Err(Error::new(ErrorKind::MixedContent, first.offset)),
            }
        }
    }

    fn element(&mut self, child: Started<Open>) -> Result<Element<'a>, Error> {
        self.leave(child.open);
        let name = self.take_name(child.tag);
        let levels = self.context.limits.max_depth.saturating_sub(self.depth);
        let begin = Begin { name, open: child.open, offset: child.offset };
        let nodes = self.nodes(begin, self.document.zero, levels)?;
        Ok(Element::from_nodes(nodes, Span::new(child.offset, self.at)))
    }

    fn declarations(&mut self) -> Vec<Declaration<'a>> {
        Vec::new()
    }

    fn namespace(&self) -> Namespace<'a> {
        self.document.namespace()
    }

    fn offset(&self) -> usize {
        self.at
    }

    fn input_len(&self) -> usize {
        self.input.len()
    }

    fn span(&self) -> Span {
        Span::new(self.span.0, self.span.1)
    }

    fn context(&mut self) -> &mut Context {
        self.context
    }

    fn limits(&self) -> &Limits {
        &self.context.limits
    }
}

impl<'a> Pieces<'a> {
    fn text(&mut self, piece: Cow<'a, str>) {
        match self {
            Self::Text(text) => join(text, piece),
            Self::Opaque(bytes) => *self = Self::Mixed([*bytes, piece.as_bytes()].concat()),
            Self::Mixed(bytes) => bytes.extend_from_slice(piece.as_bytes()),
        }
    }

    fn opaque(&mut self, piece: &'a [u8]) {
        match self {
            Self::Text(text) if text.is_empty() => *self = Self::Opaque(piece),
            Self::Text(text) => *self = Self::Mixed([text.as_bytes(), piece].concat()),
            Self::Opaque(bytes) => *self = Self::Mixed([*bytes, piece].concat()),
            Self::Mixed(bytes) => bytes.extend_from_slice(piece),
        }
    }

    fn is_space(&self) -> bool {
        matches!(self, Self::Text(text) if is_space(text))
    }

    /// One OPAQUE stays bytes. Several pieces are text when all of it is text that XML allows.
    fn content(self) -> Content<'a> {
        match self {
            Self::Text(text) => Content::Text(text.into()),
            Self::Opaque(bytes) => Content::Opaque(Cow::Borrowed(bytes)),
            Self::Mixed(bytes) => match String::from_utf8(bytes) {
                Ok(text) if tables::forbidden(&text).is_none() => Content::Text(text.into()),
                Ok(text) => Content::Opaque(Cow::Owned(text.into_bytes())),
                Err(error) => Content::Opaque(Cow::Owned(error.into_bytes())),
            },
        }
    }
}

fn head(input: &[u8], context: &mut Context) -> Result<Header, Error> {
    if input.len() > context.limits.max_message_len {
        return Err(Error::new(ErrorKind::TooLong, context.limits.max_message_len));
    }
    let header = Header::parse(input, &context.limits)?;
    for deviation in header.deviations.iter().flatten() {
        context.deviate(deviation.kind(), deviation.offset())?;
    }
    Ok(header)
}

/// The table, when all of it is UTF-8 of characters that XML allows, between NULs.
fn text_of_table(table: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(table).ok()?;
    text.split('\0').all(|entry| tables::forbidden(entry).is_none()).then_some(text)
}

fn join<'a>(text: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}
