//! From one wire form to the other: what has to change in a model that came from XML to be sent as WBXML, and the other
//! way round.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::data::decode_base64;
use crate::{
    Command, Content, Data, Decimal, Element, Encoding, Error, ErrorKind, Format, Fragment, Item, Limits, Markup,
    Message, Meta, Name, Node, Page, Str, SyncHdr, Tag,
};

/// How a message is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Bytes on their way to XML that no Format calls bytes. Default [`Binary::Refuse`].
    pub binary: Binary,
    /// Whether a `MgmtTree` written as text becomes a WBXML document, with the Type for it. Default no: the text is as
    /// good, and not touched.
    pub tnds: bool,
    /// For nested documents. Default [`Limits::DEFAULT`].
    pub limits: Limits,
}

/// What to do with an OPAQUE that is not text, when its Format is not `bin`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Binary {
    /// Nothing says what it is: [`ErrorKind::NotEncodable`].
    #[default]
    Refuse,
    /// Base64, and Format `b64`.
    Base64,
}

impl ConvertOptions {
    /// The defaults named at each field.
    pub const DEFAULT: Self = Self { binary: Binary::Refuse, tnds: false, limits: Limits::DEFAULT };

    /// The same options with another [`binary`](Self::binary).
    #[must_use]
    pub const fn with_binary(mut self, binary: Binary) -> Self {
        self.binary = binary;
        self
    }

    /// The same options with another [`tnds`](Self::tnds).
    #[must_use]
    pub const fn with_tnds(mut self, tnds: bool) -> Self {
        self.tnds = tnds;
        self
    }

    /// The same options with other [`limits`](Self::limits).
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

macro_rules! convert {
    ($type:ident, $what:literal, $it:ident, $header:expr) => {
        impl $type<'_> {
            #[doc = concat!("The ", $what, " as the other form has it: texts stay, bytes and nested documents change.")]
            ///
            /// For XML, which has no bytes (DM TND §7.7.2):
            ///
            /// - Data with the effective Format `bin` becomes Base64 and Format `b64`; a Size is counted anew.
            /// - Data with an effective Type that ends in `+wbxml` is decoded, its Type ends in `+xml` then, its Format
            ///   is `xml`. What is XML in spite of its Type stays, and gets the right one.
            /// - Other bytes that are UTF-8 text become that. What is none is refused, or becomes Base64 when the
            ///   options say so.
            /// - A NextNonce or Cred of bytes that are Base64 becomes that text; other bytes become Base64.
            ///
            /// For WBXML, a `MgmtTree` of elements in Data is going to be a document of its own: its Type ends in
            /// `+wbxml` then, its Format is `bin` (DM TNDS). One that is written as text changes only when the options
            /// say so. Base64 text stays what it is.
            ///
            /// What neither needs it nor is named here stays as it was. Attributes of Data and elements without a token
            /// have no place in WBXML: the encoder says so.
            ///
            /// # Errors
            /// [`NotEncodable`](ErrorKind::NotEncodable) for bytes without a Format that says so, and for a chunk of
            /// bytes whose Base64 could not be joined to the next; what a nested document has wrong. The offset is
            /// where the Data stood in the input, 0 when there was none.
            pub fn convert(mut self, to: Encoding, options: &ConvertOptions) -> Result<Self, Error> {
                let $it = &mut self;
                if let (Some(header), Encoding::Xml) = ($header, to) {
                    header_for_xml(header);
                }
                convert(&mut self.commands, to, options)?;
                Ok(self)
            }
        }
    };
}

convert!(Message, "message", it, Some(&mut it.header));
convert!(Fragment, "fragment", it, it.header.as_mut());

fn header_for_xml(header: &mut SyncHdr<'_>) {
    if let Some(meta) = &mut header.meta {
        nonce_for_xml(meta);
    }
    if let Some(cred) = &mut header.cred {
        base64_for_xml(&mut cred.data);
    }
}

/// No recursion: what is open stands in a list.
fn convert<'a>(commands: &mut [Command<'a>], to: Encoding, options: &ConvertOptions) -> Result<(), Error> {
    let mut open: Vec<slice::IterMut<'_, Command<'a>>> = [commands.iter_mut()].into();
    while let Some(level) = open.last_mut() {
        let Some(command) = level.next() else {
            open.pop();
            continue;
        };
        let (meta, items): (Option<&Meta<'a>>, &mut [Item<'a>]) = match command {
            Command::Add(it)
            | Command::Copy(it)
            | Command::Delete(it)
            | Command::Exec(it)
            | Command::Get(it)
            | Command::Replace(it) => (it.meta.as_deref(), &mut it.items),
            Command::Results(it) => (it.meta.as_deref(), &mut it.items),
            Command::Alert(it) => {
                code_for_xml(it.data.as_mut(), to);
                (None, &mut it.items)
            }
            Command::Status(it) => {
                code_for_xml(it.data.as_mut(), to);
                if let Some(chal) = &mut it.chal
                    && to == Encoding::Xml
                {
                    nonce_for_xml(&mut chal.meta);
                }
                (None, &mut it.items)
            }
            Command::Atomic(it) | Command::Sequence(it) => {
                open.push(it.commands.iter_mut());
                continue;
            }
            Command::Ds(_) | Command::Unknown(_) => continue,
        };
        for item in items {
            match to {
                Encoding::Xml => item_for_xml(item, meta, options)?,
                Encoding::Wbxml => item_for_wbxml(item, meta, options),
            }
        }
    }
    Ok(())
}

/// A code that came as bytes.
fn code_for_xml(data: Option<&mut Data<'_>>, to: Encoding) {
    if let (Some(data), Encoding::Xml) = (data, to)
        && let Some(text) = text_of(&data.content)
    {
        data.content = Content::Text(text);
    }
}

/// Bytes that are text, as text; `None` for everything that is no bytes or none of text.
fn text_of<'a>(content: &Content<'a>) -> Option<Str<'a>> {
    let Content::Opaque(bytes) = content else { return None };
    match bytes {
        Cow::Borrowed(bytes) => core::str::from_utf8(bytes).ok().filter(|text| is_xml_text(text)).map(Str::borrowed),
        Cow::Owned(bytes) => {
            core::str::from_utf8(bytes).ok().filter(|text| is_xml_text(text)).map(|text| Str::from(String::from(text)))
        }
    }
}

/// Whether XML has all characters of a text (XML 1.0 §2.2).
fn is_xml_text(text: &str) -> bool {
    text.chars().all(|char| match char {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        char => char >= ' ',
    })
}

/// A value that is Base64 in both forms: bytes are that text, or what it stands for.
fn base64_for_xml(data: &mut Data<'_>) {
    let Content::Opaque(bytes) = &data.content else { return };
    data.content = match text_of(&data.content) {
        Some(text) if decode_base64(bytes).is_ok() => Content::Text(text.into_owned()),
        _ => Content::Text(STANDARD.encode(bytes).into()),
    };
}

fn nonce_for_xml(meta: &mut Meta<'_>) {
    let Some(nonce) = meta.more.as_mut().and_then(|more| more.next_nonce.as_mut()) else { return };
    if matches!(nonce.content, Content::Opaque(_)) {
        base64_for_xml(nonce);
        if meta.format.as_ref().is_none_or(|format| *format == Format::Bin) {
            meta.format = Some(Format::B64);
        }
    }
}

/// The Type with another ending, when it has this one.
fn other_type(type_: &str, from: &str, to: &str) -> Option<String> {
    // Parameters follow the essence.
    let end = type_.find(';').unwrap_or(type_.len());
    let (essence, parameters) = type_.split_at_checked(end)?;
    let essence = essence.trim_end_matches([' ', '\t']);
    let stem = essence.len().checked_sub(from.len())?;
    let (stem, ending) = essence.split_at_checked(stem)?;
    ending.eq_ignore_ascii_case(from).then(|| format!("{stem}{to}{parameters}"))
}

fn retype(item: &mut Item<'_>, type_: String, format: Format<'static>) {
    let meta = item.meta.get_or_insert_default();
    meta.type_ = Some(type_.into());
    meta.format = Some(format);
}

fn item_for_xml<'a>(item: &mut Item<'a>, command: Option<&Meta<'a>>, options: &ConvertOptions) -> Result<(), Error> {
    let Some(data) = &mut item.data else { return Ok(()) };
    let refused = Error::new(ErrorKind::NotEncodable, data.span().start());
    let effective = Meta::effective(item.meta.as_ref(), command);
    let is_bin = *effective.format() == Format::Bin;
    if let Some(type_) = other_type(effective.type_(), "+wbxml", "+xml") {
        match &mut data.content {
            // A chunk is no document.
            Content::Opaque(bytes) if !item.more_data && is_wbxml(bytes) => {
                let mut element =
                    nested(bytes, &options.limits).map_err(|error| Error::new(error.kind(), data.span().start()))?;
                if let Cow::Owned(nodes) = nodes_for_xml(element.nodes(), options).ok_or(refused)? {
                    element = Element::from_nodes(nodes, element.span());
                }
                data.content = Content::Element(Box::new(element));
                retype(item, type_, Format::Xml);
                return Ok(());
            }
            Content::Element(element) => {
                if let Cow::Owned(nodes) = nodes_for_xml(element.nodes(), options).ok_or(refused)? {
                    **element = Element::from_nodes(nodes, element.span());
                }
                retype(item, type_, Format::Xml);
                return Ok(());
            }
            Content::Markup(_) => {
                retype(item, type_, Format::Xml);
                return Ok(());
            }
            Content::Opaque(bytes) if !item.more_data && is_xml(bytes) => {
                if let Some(text) = text_of(&data.content) {
                    data.content = Content::Text(text);
                    retype(item, type_, Format::Xml);
                    return Ok(());
                }
            }
            Content::Text(text) if !item.more_data && is_xml(text.as_bytes()) => {
                retype(item, type_, Format::Xml);
                return Ok(());
            }
            Content::Opaque(_) | Content::Text(_) => {}
        }
    }
    if let Content::Element(element) = &mut data.content {
        if let Cow::Owned(nodes) = nodes_for_xml(element.nodes(), options).ok_or(refused)? {
            **element = Element::from_nodes(nodes, element.span());
        }
        return Ok(());
    }
    let bytes = match &data.content {
        Content::Opaque(_) if !is_bin => match (text_of(&data.content), options.binary) {
            (Some(text), _) => {
                data.content = Content::Text(text);
                return Ok(());
            }
            (None, Binary::Refuse) => return Err(refused),
            (None, Binary::Base64) => data.as_bytes(),
        },
        Content::Opaque(_) => data.as_bytes(),
        Content::Text(text) if is_bin => Some(text.as_bytes()),
        _ => return Ok(()),
    };
    let Some(bytes) = bytes else { return Ok(()) };
    // The receiver joins the texts of all chunks: padding may only stand at the very end.
    if item.more_data && !bytes.len().is_multiple_of(3) {
        return Err(refused);
    }
    let text = STANDARD.encode(bytes);
    // Of the whole object, which may be more than this chunk.
    let size = effective.size().map(|size| size.div_ceil(3).saturating_mul(4));
    let counted = item.meta.as_ref().is_some_and(|meta| meta.size.is_some()) || command_size(command);
    data.content = Content::Text(text.into());
    let meta = item.meta.get_or_insert_default();
    meta.format = Some(Format::B64);
    if let (Some(size), true) = (size, counted) {
        meta.size = Some(Decimal::from_number(size));
    }
    Ok(())
}

fn command_size(command: Option<&Meta<'_>>) -> bool {
    command.is_some_and(|meta| meta.size.is_some())
}

fn is_wbxml(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0..=3))
}

fn is_xml(bytes: &[u8]) -> bool {
    matches!(bytes, [b'<' | b' ' | b'\t' | b'\r' | b'\n', ..] | [0xEF, 0xBB, 0xBF, ..])
}

#[cfg(feature = "wbxml")]
fn nested<'a>(bytes: &Cow<'a, [u8]>, limits: &Limits) -> Result<Element<'a>, Error> {
    match bytes {
        Cow::Borrowed(bytes) => Element::parse_wbxml(bytes, limits),
        Cow::Owned(bytes) => Element::parse_wbxml(bytes, limits).map(Element::into_owned),
    }
}

#[cfg(not(feature = "wbxml"))]
fn nested<'a>(_: &Cow<'a, [u8]>, _: &Limits) -> Result<Element<'a>, Error> {
    Err(Error::new(ErrorKind::NotEncodable, 0))
}

const fn ddf(token: u8) -> Name<'static> {
    Name::Known(Tag::new(Page::DmDdf, token))
}

/// The steps with bytes as text: of a TNDS `Value`, Base64 where the node is of Format `bin` or what it holds is no
/// text (DM TND §7.7.2). `None` when there are bytes that nothing calls bytes. Borrowed when there are none.
fn nodes_for_xml<'n, 'a>(nodes: &'n [Node<'a>], options: &ConvertOptions) -> Option<Cow<'n, [Node<'a>]>> {
    const NODE: Name<'static> = ddf(0x24);
    const FORMAT: Name<'static> = ddf(0x1C);
    const BIN: Name<'static> = ddf(0x09);
    const VALUE: Name<'static> = ddf(0x36);
    if !nodes.iter().any(|node| matches!(node, Node::Opaque(_))) {
        return Some(Cow::Borrowed(nodes));
    }
    let mut out = Vec::with_capacity(nodes.len());
    let mut open: Vec<&Name<'a>> = Vec::new();
    // Whether each open Node is of Format bin, as far as that has been read: RTProperties come before Value.
    let mut bins: Vec<bool> = Vec::new();
    for node in nodes {
        match node {
            Node::Start(name) => {
                if *name == NODE {
                    bins.push(false);
                } else if *name == BIN
                    && open.last().is_some_and(|parent| **parent == FORMAT)
                    && let Some(bin) = bins.last_mut()
                {
                    *bin = true;
                }
                open.push(name);
            }
            Node::End => {
                if open.pop().is_some_and(|name| *name == NODE) {
                    bins.pop();
                }
            }
            Node::Opaque(bytes) => {
                let is_value = open.last().is_some_and(|name| **name == VALUE);
                let is_bin = is_value && bins.last() == Some(&true);
                let text = core::str::from_utf8(bytes).ok().filter(|text| !is_bin && is_xml_text(text));
                let text: Str<'a> = match text {
                    Some(text) => String::from(text).into(),
                    None if is_bin || options.binary == Binary::Base64 => STANDARD.encode(bytes).into(),
                    None => return None,
                };
                push_text(&mut out, text);
                continue;
            }
            Node::Text(text) => {
                push_text(&mut out, text.clone());
                continue;
            }
            Node::Attribute(_) => {}
        }
        out.push(node.clone());
    }
    Some(Cow::Owned(out))
}

/// Texts never stand next to each other.
fn push_text<'a>(out: &mut Vec<Node<'a>>, text: Str<'a>) {
    if text.is_empty() {
        return;
    }
    if let Some(Node::Text(before)) = out.last_mut() {
        let mut joined = core::mem::take(before).into_string();
        joined.push_str(&text);
        *before = joined.into();
        return;
    }
    out.push(Node::Text(text));
}

fn item_for_wbxml<'a>(item: &mut Item<'a>, command: Option<&Meta<'a>>, options: &ConvertOptions) {
    let Some(data) = &mut item.data else { return };
    let effective = Meta::effective(item.meta.as_ref(), command);
    let Some(type_) = other_type(effective.type_(), "+xml", "+wbxml") else { return };
    let element = match &data.content {
        Content::Element(element) if is_document(element) => None,
        Content::Markup(markup) => of_markup(markup, &options.limits),
        Content::Text(text) if options.tnds && !item.more_data => of_text(text, &options.limits),
        _ => return,
    };
    match (&data.content, element) {
        (Content::Element(_), _) => {}
        (_, Some(element)) => data.content = Content::Element(Box::new(element)),
        _ => return,
    }
    retype(item, type_, Format::Bin);
}

/// A `MgmtTree` or `DevInf` that WBXML has a token for every element of, out of raw mark-up.
#[cfg(feature = "xml")]
fn of_markup(markup: &Markup<'_>, limits: &Limits) -> Option<Element<'static>> {
    markup.element(limits).ok().filter(is_document).map(Element::into_owned)
}

#[cfg(not(feature = "xml"))]
fn of_markup(_: &Markup<'_>, _: &Limits) -> Option<Element<'static>> {
    None
}

/// The same out of text.
#[cfg(feature = "xml")]
fn of_text(xml: &str, limits: &Limits) -> Option<Element<'static>> {
    Element::parse_xml(xml.as_bytes(), limits).ok().filter(is_document).map(Element::into_owned)
}

#[cfg(not(feature = "xml"))]
fn of_text(_: &str, _: &Limits) -> Option<Element<'static>> {
    None
}

/// Whether it can be a WBXML document of its own.
fn is_document(element: &Element<'_>) -> bool {
    let page = match element.name() {
        Name::Known(tag) if matches!(tag.name(), "MgmtTree" | "DevInf") => tag.page(),
        _ => return false,
    };
    element.nodes().iter().all(|node| match node {
        Node::Start(Name::Known(tag)) => tag.page() == page,
        Node::Start(_) | Node::Attribute(_) => false,
        _ => true,
    })
}
