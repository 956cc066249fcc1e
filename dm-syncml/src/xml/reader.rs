//! Text as [`Read`].
//!
//! The fast way compares the bytes at the cursor with constants. It works while the default namespace is that of the
//! root, which is nearly always; [`Reader::fast`] switches it off elsewhere. The slow way checks everything: names,
//! attributes, namespaces, references, characters, matching tags.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::scan;
use crate::grammar::read::{Child, Context, Read, Started};
use crate::names::{Page, Spec, Tag, spec};
use crate::{
    Attribute, Content, Data, Declaration, DeviationKind as Deviation, Element, Error, ErrorKind, Limits, Markup, Name,
    Namespace, Node, Span, Str, Strictness,
};

/// The root as nearly everybody writes it.
const ROOT: &str = "<SyncML xmlns=\"SYNCML:SYNCML1.2\">";
const ROOT_NAMESPACE: &str = "SYNCML:SYNCML1.2";
const METINF: &str = "syncml:metinf";
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
/// What else than a start tag begins with `<` in content.
const BEGINNINGS: &[&str] = &["<!--", "<![CDATA[", "</"];
/// Bytes of an internal DOCTYPE subset of processing instructions and comments.
const MAX_SUBSET: usize = 1024;

pub(crate) struct Reader<'a, 'c> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    /// Why the text is not all of the input: what follows is not UTF-8, or ends inside a character.
    cut: Option<ErrorKind>,
    /// All of the input where the fast way may be used, nothing where it may not.
    fast: &'a [u8],
    /// Elements opened by the slow way and not closed.
    opened: Vec<Opened<'a>>,
    /// Namespace declarations in scope; the last one of a prefix counts.
    bindings: Vec<Declaration<'a>>,
    /// The default namespace where no declaration says another: none, or that of the usual root.
    unbound: &'a str,
    /// Where the name of the start tag that the grammar asked for last was looked up.
    page: Page,
    /// Of the start tag read last.
    attributes: Vec<Attribute<'a>>,
    /// The namespace of the root; `None` before it.
    root: Option<Str<'a>>,
    /// Whether the fast way is off for good, to compare the two.
    #[cfg(feature = "fuzzing")]
    slow: bool,
    /// Whether an undeclared prefix gets its well-known meaning.
    forgive_prefixes: bool,
    /// Content of the last text, from and to.
    content: (usize, usize),
    context: &'c mut Context,
}

/// An element of the slow way.
#[derive(Clone, Copy)]
struct Opened<'a> {
    /// With its prefix.
    name: &'a str,
    namespace: Str0<'a>,
    /// Bindings in scope outside.
    bindings: usize,
    /// [`Reader::fast`] outside.
    fast: &'a [u8],
    /// `<Name/>`: its end is there already.
    empty: bool,
}

/// A namespace found; a copy of the text is not needed, as a declaration with references in it is rare and kept in
/// the bindings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Str0<'a> {
    Text(&'a str),
    /// The binding at this index has the text.
    Binding(usize),
}

/// How the end of an element is known: 0 for the fast way, else one more than the index in [`Reader::opened`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Open(u32);

impl<'a, 'c> Reader<'a, 'c> {
    /// A reader behind the prolog. `fragment` gives undeclared prefixes their well-known meaning.
    #[inline(always)]
    pub(crate) fn new(input: &'a [u8], fragment: bool, context: &'c mut Context) -> Result<Self, Error> {
        let (text, cut) = checked(input, &context.limits)?;
        #[cfg(feature = "fuzzing")]
        let slow = context.slow;
        let mut reader = Self::bare(text, fragment, context);
        reader.cut = cut;
        #[cfg(feature = "fuzzing")]
        {
            reader.slow = slow;
        }
        reader.prolog()?;
        Ok(reader)
    }

    #[inline(always)]
    fn bare(text: &'a str, fragment: bool, context: &'c mut Context) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            cut: None,
            fast: &[],
            opened: Vec::new(),
            bindings: Vec::new(),
            unbound: "",
            page: Page::SyncMl,
            attributes: Vec::new(),
            root: None,
            #[cfg(feature = "fuzzing")]
            slow: false,
            forgive_prefixes: fragment,
            content: (0, 0),
            context,
        }
    }

    /// What [`Reader::fast`] is where the fast way may be used.
    #[inline]
    fn all(&self) -> &'a [u8] {
        #[cfg(feature = "fuzzing")]
        if self.slow {
            return &[];
        }
        self.bytes
    }

    #[cold]
    fn error<T>(&self, kind: ErrorKind) -> Result<T, Error> {
        let kind = if kind == ErrorKind::UnexpectedEnd { self.cut.unwrap_or(kind) } else { kind };
        Err(Error::new(kind, self.pos.min(self.bytes.len())))
    }

    /// The end of the input where only the beginning of one of these is left, else this kind here.
    #[cold]
    fn error_or_cut<T>(&mut self, kind: ErrorKind, literals: &[&str]) -> Result<T, Error> {
        let rest = self.rest();
        if literals.iter().any(|literal| literal.starts_with(rest)) {
            self.pos = self.bytes.len();
            return self.error(ErrorKind::UnexpectedEnd);
        }
        self.error(kind)
    }

    /// A reference at the cursor: the character, and how many bytes it takes.
    fn reference(&self) -> Result<(char, usize), Error> {
        match reference(self.rest(), self.pos) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEnd => {
                Err(Error::new(self.cut.unwrap_or(error.kind()), error.offset()))
            }
            other => other,
        }
    }

    /// The end of the input where it ends too early, else this kind here.
    fn error_or_end<T>(&self, kind: ErrorKind) -> Result<T, Error> {
        if self.pos >= self.bytes.len() { self.error(ErrorKind::UnexpectedEnd) } else { self.error(kind) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[inline]
    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn starts_with(&self, literal: &str) -> bool {
        self.bytes.get(self.pos..).is_some_and(|rest| rest.starts_with(literal.as_bytes()))
    }

    fn eat(&mut self, literal: &str) -> bool {
        let there = self.starts_with(literal);
        if there {
            self.pos = self.pos.saturating_add(literal.len());
        }
        there
    }

    fn advance(&mut self, bytes: usize) {
        self.pos = self.pos.saturating_add(bytes);
    }

    #[inline]
    fn skip_space(&mut self) -> bool {
        let before = self.pos;
        while self.peek().is_some_and(scan::is_space) {
            self.advance(1);
        }
        self.pos != before
    }

    /// Whether these bytes follow, white space before them skipped, where the fast way may be used.
    #[inline(always)]
    fn at(&mut self, literal: &'static str) -> bool {
        let Some(rest) = self.fast.get(self.pos..) else { return false };
        if rest.starts_with(literal.as_bytes()) {
            return true;
        }
        if !matches!(rest.first(), Some(..=b' ')) {
            return false;
        }
        self.skip_indentation();
        self.fast.get(self.pos..).is_some_and(|rest| rest.starts_with(literal.as_bytes()))
    }

    /// White space, as a rule a line end and an even number of spaces.
    #[inline(never)]
    fn skip_indentation(&mut self) {
        let Some(rest) = self.bytes.get(self.pos..) else { return };
        let mut at = usize::from(matches!(rest.first(), Some(b'\n')));
        while rest.get(at..).and_then(<[u8]>::first_chunk::<4>) == Some(b"    ") {
            at = at.wrapping_add(4);
        }
        while rest.get(at).copied().is_some_and(scan::is_space) {
            at = at.wrapping_add(1);
        }
        self.pass(at);
    }

    /// Goes on behind bytes that were just compared: they are there, so nothing can overflow.
    #[inline(always)]
    const fn pass(&mut self, bytes: usize) {
        self.pos = self.pos.wrapping_add(bytes);
    }

    // The prolog.

    fn prolog(&mut self) -> Result<(), Error> {
        if self.eat("\u{FEFF}") {
            self.context.deviate(Deviation::ByteOrderMark, 0)?;
        }
        let start = self.pos;
        if self.skip_space()
            && self.starts_with("<?xml")
            && self.bytes.get(self.pos.saturating_add(5)).copied().is_some_and(scan::is_space)
        {
            self.context.deviate(Deviation::LeadingSpace, start)?;
        }
        if self.starts_with("<?xml") && self.bytes.get(self.pos.saturating_add(5)).copied().is_some_and(scan::is_space)
        {
            self.declaration()?;
        }
        let mut doctype = false;
        loop {
            self.skip_space();
            if self.starts_with("<!DOCTYPE") {
                if doctype {
                    return self.error(ErrorKind::Syntax);
                }
                doctype = true;
                self.context.deviate(Deviation::DoctypePresent, self.pos)?;
                self.doctype()?;
            } else if !self.comment_or_instruction()? {
                if self.starts_with("<!") {
                    return self.error_or_cut(ErrorKind::Syntax, &["<!DOCTYPE", "<!--"]);
                }
                return Ok(());
            }
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`.
    fn declaration(&mut self) -> Result<(), Error> {
        if self.eat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>") {
            return Ok(());
        }
        self.advance("<?xml".len());
        let mut place = 0_u8;
        loop {
            let space = self.skip_space();
            if self.eat("?>") {
                return if place == 0 { self.error(ErrorKind::Syntax) } else { Ok(()) };
            }
            let start = self.pos;
            let len = scan::name_len(self.rest());
            let name = self.rest().get(..len).unwrap_or_default();
            let next = match name {
                "version" => 1,
                "encoding" => 2,
                "standalone" => 3,
                _ => return self.error_or_cut(ErrorKind::Syntax, &["version", "encoding", "standalone", "?>"]),
            };
            if !space || next <= place || (place == 0 && next != 1) {
                return self.error(ErrorKind::Syntax);
            }
            place = next;
            self.advance(len);
            self.skip_space();
            if !self.eat("=") {
                return self.error_or_end(ErrorKind::Syntax);
            }
            self.skip_space();
            let Some(quote @ (b'"' | b'\'')) = self.peek() else { return self.error_or_end(ErrorKind::Syntax) };
            self.advance(1);
            let Some(len) = memchr::memchr(quote, self.rest().as_bytes()) else {
                self.pos = self.bytes.len();
                return self.error(ErrorKind::UnexpectedEnd);
            };
            let value = self.rest().get(..len).unwrap_or_default();
            let good = match place {
                1 => value
                    .strip_prefix("1.")
                    .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())),
                2 => {
                    value.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
                        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
                }
                _ => matches!(value, "yes" | "no"),
            };
            if !good {
                return self.error(ErrorKind::Syntax);
            }
            if place == 2 && !value.eq_ignore_ascii_case("utf-8") && !value.eq_ignore_ascii_case("us-ascii") {
                self.context.deviate(Deviation::DeclaredEncoding, start)?;
            }
            self.advance(len.saturating_add(1));
        }
    }

    /// A DOCTYPE is skipped, never fetched. Its subset may hold comments and processing instructions.
    fn doctype(&mut self) -> Result<(), Error> {
        self.advance("<!DOCTYPE".len());
        if !self.skip_space() {
            return self.error_or_end(ErrorKind::Syntax);
        }
        let len = scan::name_len(self.rest());
        if len == 0 {
            return self.error_or_end(ErrorKind::Syntax);
        }
        self.advance(len);
        let space = self.skip_space();
        if self.starts_with("PUBLIC") || self.starts_with("SYSTEM") {
            if !space {
                return self.error(ErrorKind::Syntax);
            }
            let literals = if self.starts_with("PUBLIC") { 2 } else { 1 };
            self.advance(6);
            for _ in 0..literals {
                if !self.skip_space() {
                    return self.error_or_end(ErrorKind::Syntax);
                }
                let Some(quote @ (b'"' | b'\'')) = self.peek() else { return self.error_or_end(ErrorKind::Syntax) };
                self.advance(1);
                let Some(len) = memchr::memchr(quote, self.rest().as_bytes()) else {
                    self.pos = self.bytes.len();
                    return self.error(ErrorKind::UnexpectedEnd);
                };
                if let Some(bad) = scan::bad_character(self.rest().as_bytes().get(..len).unwrap_or_default()) {
                    self.advance(bad);
                    return self.error(ErrorKind::Character);
                }
                self.advance(len.saturating_add(1));
            }
            self.skip_space();
        }
        if self.eat("[") {
            let start = self.pos;
            loop {
                self.skip_space();
                if self.pos.saturating_sub(start) > MAX_SUBSET {
                    return self.error(ErrorKind::Doctype);
                }
                if self.eat("]") {
                    break;
                }
                if !self.comment_or_instruction()? {
                    return self.error_or_cut(ErrorKind::Doctype, &["<!--", "<?"]);
                }
            }
            self.skip_space();
        }
        if self.eat(">") { Ok(()) } else { self.error_or_cut(ErrorKind::Syntax, &["PUBLIC", "SYSTEM"]) }
    }

    /// Skips one, if one follows.
    fn comment_or_instruction(&mut self) -> Result<bool, Error> {
        if self.starts_with("<!--") {
            let body = self.pos.saturating_add(4);
            let rest = self.bytes.get(body..).unwrap_or_default();
            let Some(len) = memchr::memmem::find(rest, b"--") else {
                self.pos = self.bytes.len();
                return self.error(ErrorKind::UnexpectedEnd);
            };
            self.check_characters(body, len)?;
            self.pos = body.saturating_add(len).saturating_add(2);
            return if self.eat(">") { Ok(true) } else { self.error_or_end(ErrorKind::Syntax) };
        }
        if self.starts_with("<?") {
            self.advance(2);
            let len = scan::name_len(self.rest());
            let target = self.rest().get(..len).unwrap_or_default();
            if len == 0 || target.contains(':') {
                return self.error_or_end(ErrorKind::Syntax);
            }
            if target.eq_ignore_ascii_case("xml") {
                if target == "xml" && self.bytes.get(self.pos.saturating_add(len)).copied().is_some_and(scan::is_space)
                {
                    return Err(Error::new(ErrorKind::DeclarationInside, self.pos.saturating_sub(2)));
                }
                // The name may go on.
                if len == self.rest().len() {
                    self.advance(len);
                }
                return self.error_or_end(ErrorKind::Syntax);
            }
            self.advance(len);
            if !self.starts_with("?>") && !self.peek().is_some_and(scan::is_space) {
                return self.error_or_cut(ErrorKind::Syntax, &["?>"]);
            }
            let Some(len) = memchr::memmem::find(self.rest().as_bytes(), b"?>") else {
                self.pos = self.bytes.len();
                return self.error(ErrorKind::UnexpectedEnd);
            };
            self.check_characters(self.pos, len)?;
            self.advance(len.saturating_add(2));
            return Ok(true);
        }
        Ok(false)
    }

    fn check_characters(&self, start: usize, len: usize) -> Result<(), Error> {
        let text = self.bytes.get(start..start.saturating_add(len)).unwrap_or_default();
        match scan::bad_character(text) {
            Some(bad) => Err(Error::new(ErrorKind::Character, start.saturating_add(bad))),
            None => Ok(()),
        }
    }

    // Tags.

    /// The start tag at the cursor. Its element is pushed, its attributes are kept.
    fn start_tag(&mut self) -> Result<(), Error> {
        let start = self.pos;
        if self.starts_with("<!") {
            return self.error_or_cut(ErrorKind::Syntax, BEGINNINGS);
        }
        self.advance(1);
        let name = self.qualified_name()?;
        self.attributes.clear();
        let outside = self.bindings.len();
        let mut spaced = self.skip_space();
        let mut count = 0_usize;
        let empty = loop {
            match self.peek() {
                Some(b'>') => {
                    self.advance(1);
                    break false;
                }
                Some(b'/') => {
                    self.advance(1);
                    if !self.eat(">") {
                        return self.error_or_end(ErrorKind::Syntax);
                    }
                    break true;
                }
                _ if !spaced => return self.error_or_end(ErrorKind::Syntax),
                _ => {
                    count = count.saturating_add(1);
                    if count > self.context.limits.max_attributes {
                        return self.error(ErrorKind::TooManyAttributes);
                    }
                    self.attribute(outside)?;
                    spaced = self.skip_space();
                }
            }
        };
        // The one of the usual root is not in the list.
        let usual = usize::from(!self.unbound.is_empty());
        if self.bindings.len().saturating_add(usual) > self.context.limits.max_namespaces {
            return Err(Error::new(ErrorKind::TooManyNamespaces, start));
        }
        self.resolve_attributes(start)?;
        let (prefix, _) = split(name);
        let namespace = match self.lookup(prefix) {
            Some(namespace) => namespace,
            None if self.forgive_prefixes => {
                self.context.deviate(Deviation::PrefixUndeclared, start)?;
                Str0::Text(if prefix == "A" { METINF } else { "" })
            }
            None => return Err(Error::new(ErrorKind::UnboundPrefix, start.saturating_add(1))),
        };
        self.opened.push(Opened { name, namespace, bindings: outside, fast: self.fast, empty });
        if self.root.is_none() {
            self.root = Some(match namespace {
                Str0::Text(text) => Str::borrowed(text),
                Str0::Binding(index) => self.bindings.get(index).map_or(Str::EMPTY, |binding| binding.uri.clone()),
            });
        }
        let default = self.lookup("").unwrap_or(Str0::Text(""));
        let plain = !empty && self.root.as_deref() == Some(self.namespace_text(default));
        self.fast = if plain { self.all() } else { &[] };
        Ok(())
    }

    /// A name with at most one colon, something on both sides of it.
    fn qualified_name(&mut self) -> Result<&'a str, Error> {
        let len = scan::name_len(self.rest());
        let name = self.rest().get(..len).unwrap_or_default();
        let good = match name.split_once(':') {
            Some((prefix, local)) => scan::is_nc_name(prefix) && scan::is_nc_name(local),
            None => len > 0,
        };
        if !good {
            // A prefix, and the input ends behind its colon.
            if name.strip_suffix(':').is_some_and(scan::is_nc_name) && name.len() == self.rest().len() {
                self.advance(len);
            }
            return self.error_or_end(ErrorKind::Syntax);
        }
        self.advance(len);
        Ok(name)
    }

    fn attribute(&mut self, outside: usize) -> Result<(), Error> {
        let start = self.pos;
        let name = self.qualified_name()?;
        self.skip_space();
        if !self.eat("=") {
            return self.error_or_end(ErrorKind::Syntax);
        }
        self.skip_space();
        let Some(quote @ (b'"' | b'\'')) = self.peek() else { return self.error_or_end(ErrorKind::Syntax) };
        self.advance(1);
        let value = self.attribute_value(quote)?;
        let prefix = if name == "xmlns" {
            ""
        } else if let Some(prefix) = name.strip_prefix("xmlns:") {
            prefix
        } else {
            if self.attributes.iter().any(|other| other.name == name) {
                return Err(Error::new(ErrorKind::DuplicateAttribute, start));
            }
            self.attributes.push(Attribute { namespace: Str::EMPTY, name: Str::borrowed(name), value });
            return Ok(());
        };
        if prefix.len().max(value.len()) > self.context.limits.max_namespace_len {
            return Err(Error::new(ErrorKind::NamespaceTooLong, start));
        }
        if self.bindings.iter().skip(outside).any(|other| other.prefix == prefix) {
            return Err(Error::new(ErrorKind::DuplicateAttribute, start));
        }
        let legal = match prefix {
            "xml" => value == XML_NAMESPACE,
            "xmlns" => false,
            "" => value != XML_NAMESPACE && value != XMLNS_NAMESPACE,
            _ => !value.is_empty() && value != XML_NAMESPACE && value != XMLNS_NAMESPACE,
        };
        if !legal {
            return Err(Error::new(ErrorKind::Syntax, start));
        }
        self.bindings.push(Declaration { prefix: Str::borrowed(prefix), uri: value });
        Ok(())
    }

    fn attribute_value(&mut self, quote: u8) -> Result<Str<'a>, Error> {
        let start = self.pos;
        let mut owned: Option<String> = None;
        loop {
            let rest = self.rest();
            let Some(len) = rest.bytes().position(|byte| byte == quote || byte == b'<' || byte == b'&' || byte < b' ')
            else {
                self.pos = self.bytes.len();
                return self.error(ErrorKind::UnexpectedEnd);
            };
            if let Some(text) = owned.as_mut() {
                text.push_str(rest.get(..len).unwrap_or_default());
            }
            self.advance(len);
            match self.peek() {
                Some(b'<') => return self.error(ErrorKind::Syntax),
                Some(b'&') => {
                    let text = owned.get_or_insert_with(|| self.text.get(start..self.pos).unwrap_or_default().into());
                    let (character, len) = self.reference()?;
                    text.push(character);
                    self.advance(len);
                }
                Some(b'\t' | b'\n' | b'\r') => {
                    let text = owned.get_or_insert_with(|| self.text.get(start..self.pos).unwrap_or_default().into());
                    text.push(' ');
                    // A line end of two characters is one.
                    let pair = self.starts_with("\r\n");
                    self.advance(if pair { 2 } else { 1 });
                }
                Some(byte) if byte == quote => {
                    let borrowed = self.text.get(start..self.pos).unwrap_or_default();
                    if let Some(bad) = scan::bad_character(borrowed.as_bytes()) {
                        return Err(Error::new(ErrorKind::Character, start.saturating_add(bad)));
                    }
                    self.advance(1);
                    return Ok(owned.map_or(Str::borrowed(borrowed), Str::from));
                }
                _ => return self.error(ErrorKind::Character),
            }
        }
    }

    /// Prefixes of attributes, and names that are equal only behind their prefixes.
    fn resolve_attributes(&mut self, start: usize) -> Result<(), Error> {
        for index in 0..self.attributes.len() {
            let Some(attribute) = self.attributes.get(index) else { break };
            let Some((prefix, _)) = attribute.name.split_once(':') else { continue };
            let namespace = match self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
                Some(binding) => binding.uri.clone(),
                None if prefix == "xml" => Str::borrowed(XML_NAMESPACE),
                None => {
                    self.context.deviate(Deviation::PrefixUndeclared, start)?;
                    Str::EMPTY
                }
            };
            if let Some(attribute) = self.attributes.get_mut(index) {
                attribute.namespace = namespace;
            }
        }
        for (index, attribute) in self.attributes.iter().enumerate() {
            let same = |other: &Attribute<'_>| {
                other.namespace == attribute.namespace
                    && !other.namespace.is_empty()
                    && other.local() == attribute.local()
            };
            if self.attributes.iter().take(index).any(same) {
                return Err(Error::new(ErrorKind::DuplicateAttribute, start));
            }
        }
        Ok(())
    }

    /// What a prefix stands for here.
    fn lookup(&self, prefix: &str) -> Option<Str0<'a>> {
        if prefix == "xml" {
            return Some(Str0::Text(XML_NAMESPACE));
        }
        // The empty prefix is by far the most asked for, and comparing empty texts is slow where libc does it.
        let same = |binding: &Declaration<'_>| {
            binding.prefix.len() == prefix.len() && (prefix.is_empty() || binding.prefix == prefix)
        };
        match self.bindings.iter().enumerate().rev().find(|(_, binding)| same(binding)) {
            Some((index, binding)) => Some(match binding.uri.clone().into_cow() {
                Cow::Borrowed(text) => Str0::Text(text),
                Cow::Owned(_) => Str0::Binding(index),
            }),
            None => prefix.is_empty().then_some(Str0::Text(self.unbound)),
        }
    }

    fn namespace_text(&self, namespace: Str0<'a>) -> &str {
        match namespace {
            Str0::Text(text) => text,
            Str0::Binding(index) => self.bindings.get(index).map_or("", |binding| binding.uri.as_str()),
        }
    }

    /// The end tag at the cursor, of the element opened last or, with a name, of one opened by the fast way.
    fn end_tag(&mut self, fast: Option<&'static Spec>) -> Result<(), Error> {
        let start = self.pos;
        self.advance(2);
        let name = self.qualified_name()?;
        if self.pos >= self.bytes.len() {
            return self.error(ErrorKind::UnexpectedEnd);
        }
        let open = match fast {
            Some(spec) => spec.tag.name(),
            None => self.opened.last().map_or("", |opened| opened.name),
        };
        if name != open {
            return Err(Error::new(ErrorKind::EndTag, start));
        }
        self.skip_space();
        if !self.eat(">") {
            return self.error_or_end(ErrorKind::Syntax);
        }
        if fast.is_none() {
            self.pop();
        }
        Ok(())
    }

    fn pop(&mut self) {
        if let Some(opened) = self.opened.pop() {
            self.bindings.truncate(opened.bindings);
            self.fast = opened.fast;
        }
    }

    /// The end of the element opened last, when it was written as `<Name/>`.
    fn pop_empty(&mut self) -> bool {
        let empty = self.opened.last().is_some_and(|opened| opened.empty);
        if empty {
            self.pop();
        }
        empty
    }

    // Names.

    fn root_text(&self) -> &str {
        self.root.as_deref().unwrap_or_default()
    }

    /// The element of the tables that the one opened last is, where children are of this page.
    fn tag(&mut self, page: Page, start: usize) -> Result<Option<Tag>, Error> {
        let Some(opened) = self.opened.last().copied() else { return Ok(None) };
        let (_, local) = split(opened.name);
        let namespace = self.namespace_text(opened.namespace);
        let own = namespace == self.root_text();
        let sync_ml = own || namespace.is_empty() || Namespace::ignoring_case(namespace).is_some();
        let in_sync_ml = || Tag::by_name(Page::SyncMl, local);
        let in_met_inf = || Tag::by_name(Page::MetInf, local);
        let (tag, proper) = match page {
            Page::MetInf if namespace == METINF => (in_met_inf(), true),
            // A misspelt namespace of Meta, but not one that means something else.
            Page::MetInf if sync_ml || is_like_met_inf(namespace) => (in_met_inf(), false),
            _ if sync_ml => match in_sync_ml() {
                Some(tag) => (Some(tag), own),
                None => (in_met_inf(), false),
            },
            // Declared on Meta for all that is in it.
            _ if namespace == METINF && local == "Meta" => (in_sync_ml(), false),
            _ if namespace == METINF => (in_met_inf(), true),
            _ => (None, true),
        };
        if tag.is_some() && !proper {
            self.context.deviate(Deviation::NamespaceOther, start)?;
        }
        Ok(tag)
    }

    /// The name of the element opened last, for an [`Element`]. `parent` is the page of the one around it.
    fn name(&self, parent: Option<Page>) -> Name<'a> {
        let Some(opened) = self.opened.last() else { return Name::Token { page: 0, token: 0 } };
        let (_, local) = split(opened.name);
        let namespace = self.namespace_text(opened.namespace);
        let meta = parent == Some(Page::MetInf);
        let inherited = namespace.is_empty() || self.root.as_deref() == Some(namespace);
        let sync_ml = Namespace::ignoring_case(namespace).is_some();
        let outer = self.opened.len().checked_sub(2).and_then(|outer| self.opened.get(outer));
        let as_parent =
            namespace.is_empty() || outer.is_some_and(|outer| self.namespace_text(outer.namespace) == namespace);
        let page = match namespace {
            METINF => Some(Page::MetInf),
            "syncml:dmddf1.2" | "syncml:dmddf" => Some(Page::DmDdf),
            "syncml:devinf" => Some(Page::DevInf),
            _ if sync_ml && !inherited => Some(if meta { Page::MetInf } else { Page::SyncMl }),
            _ if inherited => match parent {
                // Without a declaration of its own it is what its parent is; with one it is what that says.
                Some(page @ (Page::DmDdf | Page::DevInf)) if as_parent => Some(page),
                _ if meta => Some(Page::MetInf),
                _ => match local {
                    "MgmtTree" => Some(Page::DmDdf),
                    "DevInf" => Some(Page::DevInf),
                    _ => Some(Page::SyncMl),
                },
            },
            _ => None,
        };
        let own = page.and_then(|page| Tag::by_name(page, local));
        // In a Meta a name of SyncML may be one of Meta without its namespace, or be what it says.
        let other = || if meta && (sync_ml || inherited) { Tag::by_name(Page::SyncMl, local) } else { None };
        if let Some(tag) = own.or_else(other) {
            return Name::Known(tag);
        }
        let namespace = match opened.namespace {
            Str0::Text(text) => Str::borrowed(text),
            Str0::Binding(index) => self.bindings.get(index).map_or(Str::EMPTY, |binding| binding.uri.clone()),
        };
        Name::Other { namespace, local: Str::borrowed(local) }
    }

    /// What the root says about the version.
    fn check_root(&mut self, start: usize) -> Result<(), Error> {
        let namespace = self.root_text();
        let kind = match Namespace::from(namespace) {
            Namespace::Absent => Deviation::NamespaceAbsent,
            Namespace::Other(_) if Namespace::ignoring_case(namespace).is_some() => Deviation::NamespaceCase,
            Namespace::Other(_) => Deviation::NamespaceUnknown,
            _ => return Ok(()),
        };
        self.context.deviate(kind, start)
    }

    // Text.

    /// Text up to a tag, with references, CDATA sections, comments and processing instructions.
    fn run(&mut self, run: &mut Run<'a>) -> Result<(), Error> {
        loop {
            let start = self.pos;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let len = memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len());
            if len > 0 {
                let text = rest.get(..len).unwrap_or_default();
                if let Some(bad) = scan::bad_character(text) {
                    return Err(Error::new(ErrorKind::Character, start.saturating_add(bad)));
                }
                if let Some(bad) = cdata_end(text) {
                    return Err(Error::new(ErrorKind::CdataEnd, start.saturating_add(bad)));
                }
                run.push(self.text, start, start.saturating_add(len));
                self.advance(len);
            }
            match self.peek() {
                None => return Ok(()),
                Some(b'&') => {
                    if run.room == 0 {
                        let end = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                        run.room = run.piece.map_or(0, |(start, end)| end.saturating_sub(start)).saturating_add(end);
                    }
                    let (character, len) = self.reference()?;
                    run.push_char(character, self.text);
                    self.advance(len);
                }
                Some(_) if self.starts_with("<![CDATA[") => {
                    let start = self.pos.saturating_add("<![CDATA[".len());
                    let body = self.bytes.get(start..).unwrap_or_default();
                    let Some(len) = memchr::memmem::find(body, b"]]>") else {
                        self.pos = self.bytes.len();
                        return self.error(ErrorKind::UnexpectedEnd);
                    };
                    self.check_characters(start, len)?;
                    run.literal = true;
                    run.push(self.text, start, start.saturating_add(len));
                    self.pos = start.saturating_add(len).saturating_add(3);
                }
                Some(_) => {
                    if !self.comment_or_instruction()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Takes the content of the element opened last apart, up to and with its end.
    fn nodes(&mut self, start: usize, tag: Option<Tag>) -> Result<Element<'a>, Error> {
        let base = self.opened.len();
        let mut nodes = Vec::new();
        let mut pages: Vec<Option<Page>> = Vec::new();
        let mut elements = 0_usize;
        // Which way read what is around it must not matter: the grammar said what that is.
        pages.push((self.page == Page::MetInf).then_some(Page::MetInf));
        self.node(&mut nodes, &mut pages, &mut elements, start)?;
        pages.remove(0);
        // The grammar knows where it stands, whichever way opened what is around it.
        if let Some(tag) = tag {
            if let Some(name) = nodes.first_mut() {
                *name = Node::Start(Name::Known(tag));
            }
            pages.clear();
            pages.push(Some(children_of(tag)));
        }
        loop {
            if self.pop_empty() {
                nodes.push(Node::End);
                pages.pop();
            } else {
                let mut run = Run::default();
                self.run(&mut run)?;
                let closes = self.starts_with("</");
                let leaf = closes && matches!(nodes.last(), Some(Node::Start(_) | Node::Attribute(_)));
                let text = run.finish(self.text);
                if !text.is_empty() && (leaf || run.literal || !crate::text::trim(&text).is_empty()) {
                    nodes.push(Node::Text(text));
                }
                if closes {
                    self.end_tag(None)?;
                    nodes.push(Node::End);
                    pages.pop();
                } else if self.peek() == Some(b'<') {
                    let start = self.pos;
                    self.start_tag()?;
                    self.node(&mut nodes, &mut pages, &mut elements, start)?;
                } else {
                    return self.error(ErrorKind::UnexpectedEnd);
                }
            }
            if self.opened.len() < base {
                return Ok(Element::from_nodes(nodes, Span::new(start, self.pos)));
            }
        }
    }

    /// One element and nothing else, to the end of the input.
    fn document(&mut self) -> Result<Element<'a>, Error> {
        loop {
            self.skip_space();
            if !self.comment_or_instruction()? {
                break;
            }
        }
        let start = self.pos;
        match self.peek() {
            Some(b'<') if !self.starts_with("</") && !self.starts_with("<!") => self.start_tag()?,
            None => return self.error(ErrorKind::UnexpectedEnd),
            Some(_) => return self.error(ErrorKind::Syntax),
        }
        let element = self.nodes(start, None)?;
        loop {
            self.skip_space();
            if !self.comment_or_instruction()? {
                break;
            }
        }
        if self.peek().is_some() {
            return self.error(ErrorKind::OutsideRoot);
        }
        if self.cut.is_some() { self.error(ErrorKind::UnexpectedEnd) } else { Ok(element) }
    }

    /// The element opened last as steps of an [`Element`].
    fn node(
        &mut self,
        nodes: &mut Vec<Node<'a>>,
        pages: &mut Vec<Option<Page>>,
        elements: &mut usize,
        start: usize,
    ) -> Result<(), Error> {
        *elements = elements.saturating_add(1);
        if *elements > self.context.limits.max_elements {
            return Err(Error::new(ErrorKind::TooManyElements, start));
        }
        if pages.len() >= self.context.limits.max_markup_depth.saturating_add(usize::from(nodes.is_empty())) {
            return Err(Error::new(ErrorKind::TooDeep, start));
        }
        let name = self.name(pages.last().copied().flatten());
        pages.push(match &name {
            Name::Known(tag) => Some(children_of(*tag)),
            _ => None,
        });
        nodes.push(Node::Start(name));
        nodes.extend(self.attributes.drain(..).map(Node::Attribute));
        Ok(())
    }

    /// Checks elements and text up to the end of the element opened last, which is left; text directly in it is an
    /// error unless white space.
    fn skip_markup(&mut self) -> Result<(), Error> {
        let base = self.opened.len();
        loop {
            if self.opened.len() > base && self.pop_empty() {
                continue;
            }
            let mut run = Run::default();
            let start = self.pos;
            self.run(&mut run)?;
            let inside = self.opened.len() > base;
            if !inside && (run.literal || !crate::text::trim(&run.finish(self.text)).is_empty()) {
                return Err(Error::new(ErrorKind::MixedContent, start));
            }
            if self.starts_with("</") {
                if !inside {
                    return Ok(());
                }
                self.end_tag(None)?;
            } else if self.peek() == Some(b'<') {
                if self.opened.len().saturating_sub(base) >= self.context.limits.max_markup_depth {
                    return self.error(ErrorKind::TooDeep);
                }
                self.start_tag()?;
            } else if !inside && self.pos >= self.bytes.len() && base == 0 {
                return Ok(());
            } else {
                return self.error(ErrorKind::UnexpectedEnd);
            }
        }
    }

    /// Declarations in force that the root does not make and this text may use.
    fn scope(&self, xml: &str) -> Box<[Declaration<'a>]> {
        let mut scope: Vec<Declaration<'a>> = Vec::new();
        for binding in self.bindings.iter().rev() {
            if scope.iter().any(|inner| inner.prefix == binding.prefix) {
                continue;
            }
            let wanted = if binding.prefix.is_empty() {
                Some(binding.uri.as_str()) != self.root.as_deref()
            } else {
                uses_prefix(xml, &binding.prefix)
            };
            // A default namespace that is the root's again hides an outer one: noted, and taken out below.
            if wanted || binding.prefix.is_empty() {
                scope.push(binding.clone());
            }
        }
        scope.retain(|binding| !binding.prefix.is_empty() || Some(binding.uri.as_str()) != self.root.as_deref());
        scope.reverse();
        scope.into()
    }
}

impl<'a> Read<'a> for Reader<'a, '_> {
    type Open = Open;

    #[inline(always)]
    fn open(&mut self, spec: &'static Spec) -> bool {
        let there = self.at(spec.open);
        if there {
            self.pass(spec.open.len());
        }
        there
    }

    #[inline(always)]
    fn close(&mut self, spec: &'static Spec, open: Open) -> bool {
        if !self.at(spec.close) {
            return false;
        }
        if open.0 != 0 {
            // The slow way opened it: the fast way ends it only under the name without a prefix.
            if self.opened.last().is_none_or(|opened| opened.name != spec.tag.name()) {
                return false;
            }
            self.pop();
        }
        self.pass(spec.close.len());
        true
    }

    #[inline(always)]
    fn leaf(&mut self, spec: &'static Spec) -> Option<Str<'a>> {
        if !self.at(spec.open) {
            return None;
        }
        let start = self.pos.wrapping_add(spec.open.len());
        let rest = self.bytes.get(start..)?;
        let len = scan::plain_len(rest)?;
        if !rest.get(len..)?.starts_with(spec.close.as_bytes()) {
            return None;
        }
        let end = start.wrapping_add(len);
        let text = self.text.get(start..end)?;
        self.pos = end.wrapping_add(spec.close.len());
        self.content = (start, end);
        Some(Str::borrowed(text))
    }

    #[inline(never)]
    fn composed(&mut self, spec: &'static Spec) -> Option<Str<'a>> {
        if !self.at(spec.open) {
            return None;
        }
        let before = self.pos;
        self.pass(spec.open.len());
        let start = self.pos;
        let mut run = Run::default();
        if self.run(&mut run).is_ok() && self.starts_with(spec.close) {
            self.content = (start, self.pos);
            self.pass(spec.close.len());
            return Some(run.finish(self.text));
        }
        // For the slow way to say why.
        self.pos = before;
        None
    }

    #[inline(always)]
    fn flag(&mut self, spec: &'static Spec) -> bool {
        let there = self.at(spec.empty);
        if there {
            self.pass(spec.empty.len());
        }
        there
    }

    #[cold]
    fn next(&mut self, open: Option<(&'static Spec, Open)>, page: Page) -> Result<Child<Open>, Error> {
        if open.is_some_and(|(_, open)| open.0 != 0) && self.pop_empty() {
            return Ok(Child::End);
        }
        loop {
            self.skip_space();
            match self.peek() {
                None if open.is_none() && self.cut.is_none() && (self.root.is_some() || self.forgive_prefixes) => {
                    return Ok(Child::End);
                }
                None => return self.error(ErrorKind::UnexpectedEnd),
                Some(b'<') => {}
                Some(_) if open.is_none() => {
                    let kind = if self.root.is_none() { ErrorKind::NotSyncMl } else { ErrorKind::OutsideRoot };
                    return self.error(kind);
                }
                Some(_) => return self.error(ErrorKind::UnexpectedText),
            }
            if self.starts_with("</") {
                let Some((spec, open)) = open else { return self.error(ErrorKind::EndTag) };
                self.end_tag((open.0 == 0).then_some(spec))?;
                return Ok(Child::End);
            }
            if self.comment_or_instruction()? {
                continue;
            }
            if self.starts_with("<!") {
                let kind = if self.starts_with("<![CDATA[") && open.is_some() {
                    ErrorKind::UnexpectedText
                } else {
                    ErrorKind::Syntax
                };
                return self.error_or_cut(kind, BEGINNINGS);
            }
            let offset = self.pos;
            let first = self.root.is_none();
            if first && self.eat(ROOT) {
                // Its end is as plain as its start: nothing has to be remembered of it.
                self.unbound = ROOT_NAMESPACE;
                self.root = Some(Str::borrowed(ROOT_NAMESPACE));
                self.fast = self.all();
                return Ok(Child::Start(Started { tag: Some(spec::SYNC_ML.tag), open: Open(0), offset }));
            }
            self.start_tag()?;
            if first {
                self.check_root(offset)?;
            }
            self.page = page;
            let tag = self.tag(page, offset)?;
            let data = tag.is_some_and(|tag| tag == spec::DATA.tag);
            for index in 0..self.attributes.len() {
                let original = self.attributes.get(index).is_some_and(|it| it.local() == "originalerror");
                if tag.is_some() && !(data && original) {
                    self.context.deviate(Deviation::UnknownAttribute, offset)?;
                }
            }
            let number = u32::try_from(self.opened.len()).unwrap_or(u32::MAX);
            return Ok(Child::Start(Started { tag, open: Open(number), offset }));
        }
    }

    fn text(&mut self, _: Started<Open>) -> Result<Str<'a>, Error> {
        let start = self.pos;
        if self.pop_empty() {
            self.content = (start, start);
            return Ok(Str::EMPTY);
        }
        let mut run = Run::default();
        self.run(&mut run)?;
        if !self.starts_with("</") {
            // A declaration is one nowhere here.
            let kind = if self.starts_with("<!") { ErrorKind::Syntax } else { ErrorKind::UnexpectedElement };
            return self.error_or_cut(kind, BEGINNINGS);
        }
        self.content = (start, self.pos);
        self.end_tag(None)?;
        Ok(run.finish(self.text))
    }

    fn data(&mut self, _: Started<Open>) -> Result<Data<'a>, Error> {
        let attributes = self.attributes.drain(..).collect();
        let start = self.pos;
        let mut run = Run::default();
        let content = if self.pop_empty() {
            self.content = (start, start);
            Content::Text(Str::EMPTY)
        } else {
            self.run(&mut run)?;
            if self.starts_with("</") {
                self.content = (start, self.pos);
                self.end_tag(None)?;
                Content::Text(run.finish(self.text))
            } else if BEGINNINGS.iter().any(|literal| literal.starts_with(self.rest())) {
                self.pos = self.bytes.len();
                return self.error(ErrorKind::UnexpectedEnd);
            } else if self.peek() == Some(b'<') {
                self.pos = start;
                self.skip_markup()?;
                let xml = self.text.get(start..self.pos).unwrap_or_default();
                let scope = self.scope(xml);
                self.content = (start, self.pos);
                self.end_tag(None)?;
                Content::Markup(Box::new(Markup { xml: Cow::Borrowed(xml), scope }))
            } else {
                return self.error(ErrorKind::UnexpectedEnd);
            }
        };
        let mut data = Data::from_content(content, self.span());
        data.attributes = attributes;
        Ok(data)
    }

    fn element(&mut self, child: Started<Open>) -> Result<Element<'a>, Error> {
        self.nodes(child.offset, child.tag)
    }

    fn declarations(&mut self) -> Vec<Declaration<'a>> {
        let Some(opened) = self.opened.last() else { return Vec::new() };
        self.bindings.iter().skip(opened.bindings).filter(|binding| !binding.prefix.is_empty()).cloned().collect()
    }

    fn namespace(&self) -> Namespace<'a> {
        let text = self.root.clone().unwrap_or_default();
        Namespace::ignoring_case(&text).unwrap_or_else(|| Namespace::from(text))
    }

    fn input_len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn offset(&self) -> usize {
        self.pos
    }

    #[inline]
    fn span(&self) -> Span {
        Span::new(self.content.0, self.content.1)
    }

    fn context(&mut self) -> &mut Context {
        self.context
    }

    #[inline]
    fn limits(&self) -> &Limits {
        &self.context.limits
    }
}

/// Text being put together: borrowed while it is one piece.
#[derive(Default)]
struct Run<'a> {
    piece: Option<(usize, usize)>,
    owned: Option<String>,
    /// Whether a reference or a CDATA section was in it: then it is no white space between elements.
    literal: bool,
    /// Bytes to the tag behind the text: it will not be longer, CDATA sections aside.
    room: usize,
    marker: core::marker::PhantomData<&'a str>,
}

impl<'a> Run<'a> {
    fn push(&mut self, text: &'a str, start: usize, end: usize) {
        let piece = text.get(start..end).unwrap_or_default();
        if piece.is_empty() {
            return;
        }
        let carriage = memchr::memchr(b'\r', piece.as_bytes()).is_some();
        if self.piece.is_none() && self.owned.is_none() && !carriage {
            self.piece = Some((start, end));
            return;
        }
        let owned = self.own(text);
        if !carriage {
            owned.push_str(piece);
            return;
        }
        // Line ends are one LF (XML 1.0 §2.11).
        let mut rest = piece;
        while let Some((line, tail)) = rest.split_once('\r') {
            owned.push_str(line);
            owned.push('\n');
            rest = tail.strip_prefix('\n').unwrap_or(tail);
        }
        owned.push_str(rest);
    }

    fn push_char(&mut self, character: char, text: &'a str) {
        self.literal = true;
        self.own(text).push(character);
    }

    fn own(&mut self, text: &'a str) -> &mut String {
        let piece = self.piece.take();
        let room = self.room;
        self.owned.get_or_insert_with(|| {
            let mut owned = String::with_capacity(room);
            if let Some((start, end)) = piece {
                owned.push_str(text.get(start..end).unwrap_or_default());
            }
            owned
        })
    }

    fn finish(&mut self, text: &'a str) -> Str<'a> {
        match (self.owned.take(), self.piece) {
            (Some(owned), _) => Str::from(owned),
            (None, Some((start, end))) => Str::borrowed(text.get(start..end).unwrap_or_default()),
            (None, None) => Str::EMPTY,
        }
    }
}

/// The text of an input as far as it is UTF-8, and what is wrong behind it.
fn checked<'a>(input: &'a [u8], limits: &Limits) -> Result<(&'a str, Option<ErrorKind>), Error> {
    if input.len() > limits.max_message_len {
        return Err(Error::new(ErrorKind::TooLong, limits.max_message_len));
    }
    if matches!(input, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..]) {
        return Err(Error::new(ErrorKind::CharacterSet, 0));
    }
    let error = match core::str::from_utf8(input) {
        Ok(text) => return Ok((text, None)),
        Err(error) => error,
    };
    let kind = if error.error_len().is_none() { ErrorKind::UnexpectedEnd } else { ErrorKind::InvalidUtf8 };
    let valid = input.get(..error.valid_up_to()).unwrap_or_default();
    Ok((core::str::from_utf8(valid).unwrap_or_default(), Some(kind)))
}

/// A reference at the start of a text: the character, and how many bytes it takes. `at` is where it stands.
fn reference(text: &str, at: usize) -> Result<(char, usize), Error> {
    // The longest that means something is `&#x10FFFF;`, leading zeros aside.
    let bad = |kind| Err(Error::new(kind, at));
    let body = text.get(1..).unwrap_or_default();
    let Some(len) = body.bytes().position(|byte| byte == b';' || byte == b'<' || byte == b'&') else {
        let end = body.bytes().take(64).all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') && body.len() < 64;
        return if end {
            Err(Error::new(ErrorKind::UnexpectedEnd, at.saturating_add(text.len())))
        } else {
            bad(ErrorKind::Syntax)
        };
    };
    if body.as_bytes().get(len) != Some(&b';') {
        return bad(ErrorKind::Syntax);
    }
    let name = body.get(..len).unwrap_or_default();
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
                    None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse(),
                    _ => return bad(ErrorKind::Syntax),
                };
                if number == "x" || number.is_empty() {
                    return bad(ErrorKind::Syntax);
                }
                match code.ok().and_then(char::from_u32).filter(|character| scan::is_char(*character)) {
                    Some(character) => character,
                    None => return bad(ErrorKind::Character),
                }
            }
            None if scan::is_nc_name(name) => return bad(ErrorKind::UnknownEntity),
            None => return bad(ErrorKind::Syntax),
        },
    };
    Ok((character, len.saturating_add(2)))
}

/// Where `]]>` stands in a text.
fn cdata_end(text: &[u8]) -> Option<usize> {
    memchr::memchr(b'>', text)?;
    memchr::memmem::find(text, b"]]>")
}

/// Where the names of the children of an element are looked up.
fn children_of(tag: Tag) -> Page {
    if tag == spec::META.tag { Page::MetInf } else { tag.page() }
}

/// Prefix and local name.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn is_like_met_inf(namespace: &str) -> bool {
    let start = namespace.get(.."syncml:".len());
    start.is_some_and(|start| start.eq_ignore_ascii_case("syncml:"))
        && !matches!(namespace, "syncml:dmddf1.2" | "syncml:dmddf" | "syncml:devinf")
}

/// Whether a text may use a prefix: whether it stands before a colon anywhere.
fn uses_prefix(xml: &str, prefix: &str) -> bool {
    memchr::memmem::find_iter(xml.as_bytes(), prefix.as_bytes())
        .any(|at| xml.as_bytes().get(at.saturating_add(prefix.len())) == Some(&b':'))
}

/// Checks that a text is well-formed as the content of an element.
pub(crate) fn check_markup(xml: &str, scope: &[Declaration<'_>], limits: &Limits) -> Result<(), Error> {
    let limits = limits.with_max_namespaces(limits.max_namespaces.saturating_add(scope.len()));
    let (text, _) = checked(xml.as_bytes(), &limits)?;
    let mut context = Context::new(Strictness::Lenient, &limits);
    let mut reader = Reader::bare(text, false, &mut context);
    reader.root = Some(Str::EMPTY);
    reader.bindings.extend(scope.iter().map(|declaration| declaration.clone().into_owned()));
    reader.skip_markup()?;
    // An end tag that nothing in the text opened.
    if reader.pos < reader.bytes.len() { reader.error(ErrorKind::EndTag) } else { Ok(()) }
}

impl Markup<'_> {
    /// The mark-up as an element, with the declarations that hold around it: a `MgmtTree` as a rule.
    ///
    /// # Errors
    /// What [`Element::parse_xml`] refuses; several elements side by side are [`ErrorKind::OutsideRoot`]. Offsets count
    /// in [`xml`](Self::xml).
    pub fn element(&self, limits: &Limits) -> Result<Element<'_>, Error> {
        let limits = limits.with_max_namespaces(limits.max_namespaces.saturating_add(self.scope.len()));
        let (text, _) = checked(self.xml.as_bytes(), &limits)?;
        let mut context = Context::new(Strictness::Lenient, &limits);
        let mut reader = Reader::bare(text, false, &mut context);
        // No namespace is the message's own here.
        reader.root = Some(Str::EMPTY);
        reader.bindings.extend(self.scope.iter().cloned());
        reader.document()
    }
}

impl<'a> Element<'a> {
    /// Reads an XML document of its own, such as a `MgmtTree` in Data: one element, with or without a prolog.
    ///
    /// ```
    /// use dm_syncml::{Element, Limits, Page, Tag};
    /// let xml = br#"<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD></MgmtTree>"#;
    /// let tree = Element::parse_xml(xml, &Limits::DEFAULT)?;
    /// let version = Tag::by_name(Page::DmDdf, "VerDTD").unwrap();
    /// assert_eq!(tree.view().child(version).unwrap().text(), "1.2");
    /// # Ok::<(), dm_syncml::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is not well-formed, and [`Limits`].
    pub fn parse_xml(input: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let mut context = Context::new(Strictness::Lenient, limits);
        let mut reader = Reader::new(input, false, &mut context)?;
        reader.document()
    }
}
