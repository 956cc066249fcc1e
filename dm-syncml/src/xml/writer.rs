//! XML as a destination of elements.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::escape::{self, Refused};
use super::reader::check_markup;
use crate::grammar::write::{PlainData, PlainItem, Write};
use crate::names::{Page, Spec, Tag, spec};
use crate::sink::{Ahead, Sealed};
use crate::{
    Attribute, Content, Data, Declaration, Element, Error, ErrorKind, Limits, Markup, Name, Namespace, Node, Strictness,
};

/// How XML is written.
///
/// Canonical in any case: elements in the order of the DTD, `xmlns="syncml:metinf"` on each child of `Meta`, no CDATA,
/// `<Data/>` for empty Data. The same value gives the same bytes.
///
/// ```
/// use dm_syncml::{Command, Fragment, Item, Operation, XmlOptions};
/// let mut fragment = Fragment::default();
/// fragment.commands.push(Command::Get(Operation::new("1").with_item(Item::target("."))));
/// let mut xml = Vec::new();
/// fragment.encode_xml(&XmlOptions::DEFAULT.with_indent(Some(1)), &mut xml)?;
/// let expected = "<Get>\n <CmdID>1</CmdID>\n <Item>\n  <Target>\n   <LocURI>.</LocURI>\n  </Target>\n </Item>\n</Get>";
/// assert_eq!(xml, expected.as_bytes());
/// # Ok::<(), dm_syncml::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct XmlOptions {
    /// Whether a document begins with `<?xml version="1.0" encoding="UTF-8"?>`. Default yes. Fragments without the
    /// root `SyncML` never do.
    pub declaration: bool,
    /// Elements on lines of their own, this many spaces further in for each level: for people. Texts and what is
    /// inside Data stay as they are. Default no.
    pub indent: Option<u8>,
    /// Whether a message that must not be sent is refused. Default [`Strictness::Strict`]. Lenient writes what is
    /// there, for messages that a lenient decoder took and somebody wants to look at.
    pub strictness: Strictness,
}

impl XmlOptions {
    /// The defaults named at each field.
    pub const DEFAULT: Self = Self { declaration: true, indent: None, strictness: Strictness::Strict };

    /// The same options with or without an XML [`declaration`](Self::declaration).
    #[must_use]
    pub const fn with_declaration(mut self, declaration: bool) -> Self {
        self.declaration = declaration;
        self
    }

    /// The same options with another [`indent`](Self::indent).
    #[must_use]
    pub const fn with_indent(mut self, spaces: Option<u8>) -> Self {
        self.indent = spaces;
        self
    }

    /// The same options with another [`strictness`](Self::strictness).
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }
}

impl Default for XmlOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Appends XML to a sink.
pub(crate) struct Writer<'o, S> {
    out: Ahead<'o, S>,
    /// Bytes in the sink before this call.
    start: usize,
    declaration: bool,
    indent: Option<u8>,
    /// Open elements.
    depth: usize,
    /// Of the elements of page 0.
    namespace: Namespace<'static>,
    /// On SyncBody.
    declared: Vec<Declaration<'static>>,
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// Of every document, without a declaration.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Of declarations themselves, without one either.
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

impl<'o, S: Sealed> Writer<'o, S> {
    pub(crate) fn new(out: &'o mut S, options: &XmlOptions) -> Self {
        Self {
            start: out.len(),
            out: Ahead::new(out),
            declaration: options.declaration,
            indent: options.indent,
            depth: 0,
            namespace: Namespace::Absent,
            declared: Vec::new(),
        }
    }

    #[cold]
    fn refuse(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.written())
    }

    #[inline(always)]
    fn put(&mut self, text: &str) -> Result<(), Error> {
        self.out.settled().put(text.as_bytes()).map_err(|()| self.refuse(ErrorKind::BufferTooSmall))
    }

    fn refused(&self, refused: Refused) -> Error {
        self.refuse(match refused {
            Refused::Character => ErrorKind::Character,
            Refused::Full => ErrorKind::BufferTooSmall,
        })
    }

    #[inline]
    fn escaped(&mut self, text: &str) -> Result<(), Error> {
        escape::text(self.out.settled(), text).map_err(|refused| self.refused(refused))
    }

    /// The place of a tag that does not follow a text: a line of its own, for people.
    #[inline(always)]
    fn place(&mut self) -> Result<(), Error> {
        if let Some(spaces) = self.indent { self.line(spaces) } else { Ok(()) }
    }

    #[cold]
    fn line(&mut self, spaces: u8) -> Result<(), Error> {
        const SPACES: &str = "                                ";
        if self.written() > 0 {
            self.put("\n")?;
        }
        let mut left = self.depth.saturating_mul(usize::from(spaces));
        while left > 0 {
            let now = left.min(SPACES.len());
            self.put(SPACES.get(..now).unwrap_or_default())?;
            left = left.saturating_sub(now);
        }
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), Error> {
        self.put(" ")?;
        self.put(name)?;
        self.put("=\"")?;
        escape::value(self.out.settled(), value).map_err(|refused| self.refused(refused))?;
        self.put("\"")
    }

    /// `xmlns="…"` or `xmlns:prefix="…"`. Names of prefixes are checked: nothing may get out of the tag.
    fn declare(&mut self, declarations: &[Declaration<'_>]) -> Result<(), Error> {
        self.no_prefix_twice(declarations.iter().map(|declaration| declaration.prefix.as_str()))?;
        for Declaration { prefix, uri } in declarations {
            // A prefix cannot stand for no namespace. Two have their meaning for good, which no other prefix and no
            // default has (Namespaces in XML §3).
            if prefix == "xml" && uri == XML_NAMESPACE {
                continue;
            }
            self.no_reserved(uri)?;
            if prefix.is_empty() {
                self.attribute("xmlns", uri)?;
                continue;
            }
            if !is_name(prefix) || uri.is_empty() || prefix == "xmlns" || prefix == "xml" {
                return Err(self.refuse(ErrorKind::Syntax));
            }
            self.put(" xmlns:")?;
            self.put(prefix)?;
            self.put("=\"")?;
            escape::value(self.out.settled(), uri).map_err(|refused| self.refused(refused))?;
            self.put("\"")?;
        }
        Ok(())
    }

    /// Neither of the namespaces that have their prefix for good.
    fn no_reserved(&self, uri: &str) -> Result<(), Error> {
        match uri {
            XML_NAMESPACE | XMLNS_NAMESPACE => Err(self.refuse(ErrorKind::Syntax)),
            _ => Ok(()),
        }
    }

    fn no_prefix_twice<'n>(&self, names: impl ExactSizeIterator<Item = &'n str>) -> Result<(), Error> {
        if names.len() > 1 {
            let mut seen = BTreeSet::new();
            for name in names {
                if !seen.insert(name) {
                    return Err(self.refuse(ErrorKind::DuplicateAttribute));
                }
            }
        }
        Ok(())
    }

    /// The attributes of a tag, after the declarations that it needs for them and those it has to make besides.
    fn attributes<'t>(
        &mut self,
        attributes: &[&'t Attribute<'_>],
        declarations: impl IntoIterator<Item = Declaration<'t>>,
    ) -> Result<(), Error> {
        let mut declarations: Vec<Declaration<'t>> = declarations.into_iter().collect();
        let mut needed: BTreeSet<(&str, &str)> = BTreeSet::new();
        for attribute in attributes {
            let (prefix, local) = attribute.name.split_once(':').unwrap_or(("", &attribute.name));
            let has_prefix = attribute.name.contains(':');
            if !is_name(local) || (has_prefix && !is_name(prefix)) || prefix == "xmlns" || attribute.name == "xmlns" {
                return Err(self.refuse(ErrorKind::Syntax));
            }
            let uri = attribute.namespace.as_str();
            if !has_prefix {
                // Without a prefix an attribute is in no namespace.
                if !uri.is_empty() {
                    return Err(self.refuse(ErrorKind::Syntax));
                }
                continue;
            }
            if prefix == "xml" {
                if uri.is_empty() || uri == XML_NAMESPACE {
                    continue;
                }
                return Err(self.refuse(ErrorKind::Syntax));
            }
            if !uri.is_empty() {
                needed.insert((prefix, uri));
            } else if !self.is_declared(prefix, None) && !declarations.iter().any(|known| known.prefix == prefix) {
                return Err(self.refuse(ErrorKind::UnboundPrefix));
            }
        }
        for (prefix, uri) in needed {
            let known = declarations.iter().find(|known| known.prefix == prefix);
            let declared = known.map_or_else(|| self.is_declared(prefix, Some(uri)), |known| known.uri == uri);
            if !declared {
                declarations.push(Declaration { prefix: prefix.into(), uri: uri.into() });
            }
        }
        self.declare(&declarations)?;
        // Neither a name twice nor two names for the same.
        self.no_prefix_twice(attributes.iter().map(|attribute| attribute.name.as_str()))?;
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            if !attribute.namespace.is_empty() && !seen.insert((attribute.namespace.as_str(), attribute.local())) {
                return Err(self.refuse(ErrorKind::DuplicateAttribute));
            }
            self.attribute(&attribute.name, &attribute.value)?;
        }
        Ok(())
    }

    /// Whether SyncBody declares a prefix, with any namespace or with this one.
    fn is_declared(&self, prefix: &str, uri: Option<&str>) -> bool {
        self.declared.iter().any(|known| known.prefix == prefix && uri.is_none_or(|uri| known.uri == *uri))
    }

    #[cold]
    fn unusual_data(&mut self, spec: &'static Spec, data: &Data<'_>) -> Result<(), Error> {
        let scope: &[Declaration<'_>] = match &data.content {
            Content::Markup(markup) => &markup.scope,
            _ => &[],
        };
        let attributes: Vec<&Attribute<'_>> = data.attributes.iter().collect();
        let met_inf = spec.tag.page() == Page::MetInf;
        let own = |it: &&Declaration<'_>| !(it.prefix.is_empty() && met_inf && it.uri == Page::MetInf.namespace());
        for declaration in scope.iter().filter(own).filter(|it| it.prefix.is_empty()) {
            // A default namespace is that of Data too: another one would make something else of it.
            let same = declaration.uri.is_empty() || Namespace::ignoring_case(&declaration.uri).is_some();
            if met_inf || !(same || declaration.uri == self.namespace.as_str()) {
                return Err(self.refuse(ErrorKind::NotEncodable));
            }
        }
        self.place()?;
        self.put("<")?;
        self.put(spec.tag.name())?;
        if met_inf {
            self.attribute("xmlns", Page::MetInf.namespace())?;
        }
        self.attributes(&attributes, scope.iter().filter(own).cloned())?;
        match &data.content {
            Content::Text(text) if text.is_empty() => return self.put("/>"),
            Content::Opaque(bytes) if bytes.is_empty() => return self.put("/>"),
            Content::Text(text) => {
                self.put(">")?;
                self.escaped(text)?;
            }
            Content::Opaque(bytes) => {
                let text = self.utf8(bytes)?;
                self.put(">")?;
                self.escaped(text)?;
            }
            Content::Markup(markup) => {
                self.put(">")?;
                self.markup(markup)?;
            }
            Content::Element(element) => {
                self.put(">")?;
                let namespace = match spec.tag.page() {
                    Page::SyncMl => self.namespace.clone(),
                    page => Namespace::Other(page.namespace().into()),
                };
                self.nodes(element.nodes(), namespace.as_str())?;
            }
        }
        self.put(spec.close)
    }

    /// Bytes as text. What is not text, XML has no way for: Base64 and Format `b64` are the caller's to say.
    fn utf8<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, Error> {
        match core::str::from_utf8(bytes) {
            Ok(text) if escape::is_allowed(text) => Ok(text),
            _ => Err(self.refuse(ErrorKind::NotEncodable)),
        }
    }

    /// Mark-up as it came. Anybody can make such a value, so it is checked first: it must end where it began.
    fn markup(&mut self, markup: &Markup<'_>) -> Result<(), Error> {
        let scope: Vec<Declaration<'_>> = self.declared.iter().chain(&*markup.scope).cloned().collect();
        check_markup(&markup.xml, &scope, &Limits::DEFAULT).map_err(|error| self.refuse(error.kind()))?;
        self.put(&markup.xml)
    }

    /// An element and all in it, without white space that it does not have. No recursion: what is open stands in a
    /// list, with the default namespace around it.
    fn nodes(&mut self, nodes: &[Node<'_>], outside: &str) -> Result<(), Error> {
        let document: Cow<'static, str> = match &self.namespace {
            Namespace::Other(uri) => Cow::Owned(uri.as_str().into()),
            Namespace::SyncMl12 => Cow::Borrowed("SYNCML:SYNCML1.2"),
            Namespace::SyncMl11 => Cow::Borrowed("SYNCML:SYNCML1.1"),
            Namespace::SyncMl10 => Cow::Borrowed("SYNCML:SYNCML1.0"),
            Namespace::Absent => Cow::Borrowed(""),
        };
        let mut open: Vec<(&str, &str)> = Vec::new();
        let mut current = outside;
        let mut rest = nodes;
        while let Some((node, after)) = rest.split_first() {
            rest = after;
            match node {
                Node::Start(name) => {
                    let (namespace, local) = match name {
                        Name::Known(tag) => (namespace_of(*tag, &document), tag.name()),
                        Name::Other { namespace, local } if is_name(local) => (namespace.as_str(), local.as_str()),
                        Name::Other { .. } => return Err(self.refuse(ErrorKind::Syntax)),
                        Name::Token { .. } => return Err(self.refuse(ErrorKind::NotEncodable)),
                    };
                    self.put("<")?;
                    self.put(local)?;
                    let mut attributes = Vec::new();
                    while let Some((Node::Attribute(attribute), after)) = rest.split_first() {
                        attributes.push(attribute);
                        rest = after;
                    }
                    let changed = (namespace != current)
                        .then(|| Declaration { prefix: crate::Str::EMPTY, uri: namespace.into() });
                    if changed.is_some() || !attributes.is_empty() {
                        self.attributes(&attributes, changed)?;
                    }
                    if let Some((Node::End, after)) = rest.split_first() {
                        self.put("/>")?;
                        rest = after;
                    } else {
                        self.put(">")?;
                        open.push((local, current));
                        current = namespace;
                    }
                }
                Node::Text(text) => self.escaped(text)?,
                Node::Opaque(bytes) => {
                    let text = self.utf8(bytes)?;
                    self.escaped(text)?;
                }
                Node::End => {
                    let Some((local, around)) = open.pop() else { break };
                    current = around;
                    self.put("</")?;
                    self.put(local)?;
                    self.put(">")?;
                }
                // Attributes follow their start, where they were taken.
                Node::Attribute(_) => return Err(self.refuse(ErrorKind::Syntax)),
            }
        }
        Ok(())
    }
}

impl<S: Sealed> Write for Writer<'_, S> {
    fn begin(&mut self, namespace: &Namespace<'_>) -> Result<(), Error> {
        if self.declaration {
            self.put(DECLARATION)?;
        }
        self.namespace = namespace.clone().into_owned();
        self.place()?;
        self.depth = 1;
        match namespace {
            Namespace::SyncMl12 => self.put("<SyncML xmlns=\"SYNCML:SYNCML1.2\">"),
            Namespace::Absent => self.put("<SyncML>"),
            other => {
                self.no_reserved(other.as_str())?;
                self.put("<SyncML")?;
                self.attribute("xmlns", other.as_str())?;
                self.put(">")
            }
        }
    }

    #[inline(always)]
    fn start(&mut self, spec: &'static Spec) -> Result<(), Error> {
        self.place()?;
        self.depth = self.depth.saturating_add(1);
        self.put(spec.open)
    }

    fn start_declaring(&mut self, spec: &'static Spec, declarations: &[Declaration<'_>]) -> Result<(), Error> {
        self.place()?;
        self.depth = self.depth.saturating_add(1);
        self.put("<")?;
        self.put(spec.tag.name())?;
        self.declare(declarations)?;
        for declaration in declarations {
            if declaration.prefix.is_empty() {
                self.namespace = Namespace::from(declaration.uri.clone()).into_owned();
            } else {
                self.declared.push(declaration.clone().into_owned());
            }
        }
        self.put(">")
    }

    #[inline(always)]
    fn end(&mut self, spec: &'static Spec) -> Result<(), Error> {
        self.depth = self.depth.saturating_sub(1);
        self.place()?;
        self.put(spec.close)
    }

    #[inline(always)]
    fn flag(&mut self, spec: &'static Spec) -> Result<(), Error> {
        self.place()?;
        self.put(spec.empty)
    }

    #[inline(always)]
    fn leaf(&mut self, spec: &'static Spec, text: &str) -> Result<(), Error> {
        self.place()?;
        if text.is_empty() {
            return self.put(spec.empty);
        }
        self.put(spec.open)?;
        self.escaped(text)?;
        self.put(spec.close)
    }

    #[inline(always)]
    fn data(&mut self, spec: &'static Spec, data: &Data<'_>) -> Result<(), Error> {
        match &data.content {
            Content::Text(text) if data.attributes.is_empty() => self.leaf(spec, text),
            _ => self.unusual_data(spec, data),
        }
    }

    #[inline(always)]
    fn command(&mut self, spec: &'static Spec, id: &str) -> Result<(), Error> {
        let Some(open) = with_cmd_id(spec).filter(|_| self.indent.is_none()) else {
            self.start(spec)?;
            return self.leaf(spec::CMD_ID, id);
        };
        self.depth = self.depth.saturating_add(1);
        self.put(open)?;
        self.escaped(id)?;
        self.put("</CmdID>")
    }

    #[inline]
    fn plain_item(&mut self, item: &PlainItem<'_>) -> Result<bool, Error> {
        let data = match item.data {
            _ if self.indent.is_some() => return Ok(false),
            None => None,
            Some(PlainData::Text(text)) => Some(text),
            Some(PlainData::Bytes(_)) => return Ok(false),
        };
        self.put("<Item><Target><LocURI>")?;
        self.escaped(item.uri)?;
        match (item.meta, data) {
            (None, None) => self.put("</LocURI></Target></Item>")?,
            (None, Some(data)) => {
                self.put("</LocURI></Target><Data>")?;
                self.escaped(data)?;
                self.put("</Data></Item>")?;
            }
            (Some((format, type_)), data) => {
                self.put("</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">")?;
                self.escaped(format)?;
                self.put("</Format><Type xmlns=\"syncml:metinf\">")?;
                self.escaped(type_)?;
                match data {
                    None => self.put("</Type></Meta></Item>")?,
                    Some(data) => {
                        self.put("</Type></Meta><Data>")?;
                        self.escaped(data)?;
                        self.put("</Data></Item>")?;
                    }
                }
            }
        }
        Ok(true)
    }

    #[inline(always)]
    fn plain_operation(&mut self, spec: &'static Spec, id: &str, item: &PlainItem<'_>) -> Result<bool, Error> {
        const REPLACE: u8 = spec::REPLACE.tag.token();
        const GET: u8 = spec::GET.tag.token();
        const ADD: u8 = spec::ADD.tag.token();
        const EXEC: u8 = spec::EXEC.tag.token();
        const DELETE: u8 = spec::DELETE.tag.token();
        let data = match item.data {
            _ if self.indent.is_some() => return Ok(false),
            None => None,
            Some(PlainData::Text(text)) => Some(text),
            Some(PlainData::Bytes(_)) => return Ok(false),
        };
        let texts = [id, item.uri, item.meta.map_or("", |meta| meta.0), item.meta.map_or("", |meta| meta.1)];
        let len = texts.iter().fold(data.map_or(0, str::len), |sum, text| sum.saturating_add(text.len()));
        let Some(mut room) = self.out.room(len.saturating_add(PLAIN_OPERATION)) else { return Ok(false) };
        macro_rules! put {
            ($literal:literal) => {
                room.put($literal)
            };
            ($text:expr) => {
                room.text($text.as_bytes(), escape::Odd)
            };
        }
        match spec.tag.token() {
            REPLACE => put!(b"<Replace><CmdID>"),
            GET => put!(b"<Get><CmdID>"),
            ADD => put!(b"<Add><CmdID>"),
            EXEC => put!(b"<Exec><CmdID>"),
            DELETE => put!(b"<Delete><CmdID>"),
            _ => return Ok(false),
        }
        put!(id);
        put!(b"</CmdID><Item><Target><LocURI>");
        put!(item.uri);
        match item.meta {
            None => put!(b"</LocURI></Target>"),
            Some((format, type_)) => {
                put!(b"</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">");
                put!(format);
                put!(b"</Format><Type xmlns=\"syncml:metinf\">");
                put!(type_);
                put!(b"</Type></Meta>");
            }
        }
        if let Some(data) = data {
            put!(b"<Data>");
            let Some(before) = room.written() else { return Ok(false) };
            put!(data);
            if room.written().is_none() {
                // Data alone has something to escape, as it often has: what is before it stays.
                self.out.wrote(before);
                self.escaped(data)?;
                self.put("</Data></Item>")?;
                return self.put(spec.close).map(|()| true);
            }
            put!(b"</Data>");
        }
        match spec.tag.token() {
            REPLACE => put!(b"</Item></Replace>"),
            GET => put!(b"</Item></Get>"),
            ADD => put!(b"</Item></Add>"),
            EXEC => put!(b"</Item></Exec>"),
            _ => put!(b"</Item></Delete>"),
        }
        let Some(written) = room.written() else { return Ok(false) };
        self.out.wrote(written);
        Ok(true)
    }

    fn finish(&mut self) {
        self.out.settled();
    }

    fn element(&mut self, element: &Element<'_>) -> Result<(), Error> {
        self.place()?;
        let namespace = self.namespace.clone();
        self.nodes(element.nodes(), namespace.as_str())
    }

    fn written(&self) -> usize {
        self.out.len().saturating_sub(self.start)
    }
}

/// At least the bytes of a plain operation beside its texts.
const PLAIN_OPERATION: usize = 240;

/// The start of the commands that are sent most, with that of the CmdID.
#[inline(always)]
fn with_cmd_id(spec: &'static Spec) -> Option<&'static str> {
    Some(match spec.open {
        "<Add>" => "<Add><CmdID>",
        "<Get>" => "<Get><CmdID>",
        "<Replace>" => "<Replace><CmdID>",
        "<Results>" => "<Results><CmdID>",
        "<Status>" => "<Status><CmdID>",
        _ => return None,
    })
}

/// The namespace of an element of a code page in a document whose own is given.
fn namespace_of(tag: Tag, document: &str) -> &str {
    match tag.page() {
        Page::SyncMl => document,
        page => page.namespace(),
    }
}

/// Whether a text is a name without a colon (Namespaces in XML §3, production NCName).
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

const fn is_name_start(char: char) -> bool {
    matches!(char,
        'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

const fn is_name_char(char: char) -> bool {
    is_name_start(char)
        || matches!(char, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

impl Element<'_> {
    /// The element as an XML document of its own, without an XML declaration: to be sent as the text of Data, with
    /// Format `xml`.
    ///
    /// ```
    /// use dm_syncml::{Element, Name, Page, Tag};
    /// let name = |name| Name::Known(Tag::by_name(Page::DmDdf, name).unwrap());
    /// let mut tree = Element::new(name("MgmtTree"));
    /// tree.push(Element::with_text(name("VerDTD"), "1.2"));
    /// assert_eq!(tree.to_xml()?, "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>");
    /// # Ok::<(), dm_syncml::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] for bytes that are not text and for unassigned tokens, [`ErrorKind::Character`] for
    /// characters that XML does not have, [`ErrorKind::Syntax`], [`ErrorKind::UnboundPrefix`] and
    /// [`ErrorKind::DuplicateAttribute`] for names that XML does not allow. The offset counts bytes written.
    pub fn to_xml(&self) -> Result<alloc::string::String, Error> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, &XmlOptions::DEFAULT);
        writer.namespace = Namespace::SyncMl12;
        writer.nodes(self.nodes(), "")?;
        let written = out.len();
        alloc::string::String::from_utf8(out).map_err(|_| Error::new(ErrorKind::InvalidUtf8, written))
    }
}
