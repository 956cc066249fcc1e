//! TNDS: sub-trees as documents, in XML and WBXML (OMA-TS-DM_TNDS-V1_2). A codec that knows nothing of a tree.

use super::super::value::Format;
use super::operation::Data;
use super::value::is_xml_text;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};
use core::fmt;
use dm_syncml::{Element, Encoding, Limits, Name, Node, Page, StatusCode, Tag, WbxmlOptions};

/// Reads Base64 with or without padding, whatever the bits are that nothing needs.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A TNDS object: Nodes with their properties and values, as one flat list.
///
/// ```
/// use dm_session::tree::{Format, dm1::{TndsNode, TndsObject, TndsType, TndsValue}};
/// use dm_syncml::Limits;
///
/// let mut mail = TndsNode::interior("Mail");
/// mail.media_type = Some(TndsType::DdfName("net.example.dm/1.0/Mail".into()));
/// let mut icon = TndsNode::leaf("Icon", Format::Bin, TndsValue::Bytes(vec![1, 2, 3]));
/// icon.parent = Some(0);
/// let object = TndsObject::new(vec![mail, icon]);
/// assert!(object.to_xml()?.ends_with("<Value>AQID</Value></Node></Node></MgmtTree>"));
/// assert_eq!(TndsObject::parse(&object.to_wbxml()?, &Limits::DEFAULT)?, object);
/// # Ok::<(), dm_session::tree::dm1::TndsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TndsObject {
    /// `Man`, the manufacturer of the device.
    pub man: Option<String>,
    /// `Mod`, the model of the device.
    pub mod_: Option<String>,
    /// The Nodes in document order: parents before children, and what is in a Node before what follows it.
    pub nodes: Vec<TndsNode>,
}

/// One Node of a [`TndsObject`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TndsNode {
    /// The Node around it, by its place in [`TndsObject::nodes`], which is before its own. `None` at the top.
    pub parent: Option<usize>,
    /// `NodeName`: `None` where the element is missing, empty where it is empty.
    pub name: Option<String>,
    /// `Path`, as it was written.
    pub path: Option<String>,
    /// Whether it had `RTProperties`. They are always written.
    pub has_rt_properties: bool,
    /// `ACL`, not taken apart.
    pub acl: Option<String>,
    /// `Format`. See [`TndsObject::format`] for one without.
    pub format: Option<Format>,
    /// `Title`.
    pub title: Option<String>,
    /// `TStamp`.
    pub tstamp: Option<String>,
    /// `Type`; `None` also for an element without content.
    pub media_type: Option<TndsType>,
    /// `VerNo`.
    pub verno: Option<String>,
    /// `Value`.
    pub value: Option<TndsValue>,
}

/// The `Type` of a Node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TndsType {
    /// The media type of a leaf.
    Mime(String),
    /// The identifier of the MO whose root an interior node is; empty for one that is none.
    DdfName(String),
}

impl TndsType {
    /// The text of either.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Mime(text) | Self::DdfName(text) => text,
        }
    }
}

/// The value of a leaf. `Debug` shows how long it is, not what it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TndsValue {
    /// Text. Of a Node of format `bin` or `b64` it is one that was not Base64.
    Text(String),
    /// Bytes of a Node of format `bin` or `b64`, Base64 undone; of another format bytes that are not text.
    Bytes(Vec<u8>),
}

impl fmt::Debug for TndsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

impl TndsNode {
    /// An interior node of that name, below the target of the command.
    #[must_use]
    pub fn interior(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), format: Some(Format::Node), has_rt_properties: true, ..Self::default() }
    }

    /// A leaf of that name, below the target of the command.
    #[must_use]
    pub fn leaf(name: impl Into<String>, format: Format, value: TndsValue) -> Self {
        let node = Self { name: Some(name.into()), has_rt_properties: true, ..Self::default() };
        Self { format: Some(format), value: Some(value), ..node }
    }
}

/// Why a document is no TNDS object, or an object cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TndsError {
    kind: TndsErrorKind,
    cause: Option<dm_syncml::Error>,
}

/// The cause of a [`TndsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TndsErrorKind {
    /// Neither XML nor WBXML that can be read.
    Malformed,
    /// A limit was exceeded.
    Limit,
    /// The root is no `MgmtTree`.
    NotMgmtTree,
    /// `VerDTD` names another major version than 1.
    Version,
    /// Text where elements stand, or elements where a text stands.
    Structure,
    /// An element twice that may stand once.
    Repeated,
    /// No Node at all.
    NoNodes,
    /// A Node inside another without a name.
    EmptyName,
    /// A Node with a Value and Nodes.
    ValueAndChildren,
    /// A format that does not exist, or one that does not fit a Node with Nodes or with a Value.
    Format,
    /// The object has something that this form cannot carry: bytes without a format for them in XML, characters
    /// that XML does not have.
    NotEncodable,
}

impl TndsError {
    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> TndsErrorKind {
        self.kind
    }

    /// The byte at which the document cannot be read; `None` where it can and means nothing.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.cause.map(|error| error.offset())
    }

    /// The status with which a server is told: 413 for limits, else 415.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.kind {
            TndsErrorKind::Limit => StatusCode::TOO_LARGE,
            _ => StatusCode::UNSUPPORTED_FORMAT,
        }
    }

    fn reading(error: dm_syncml::Error) -> Self {
        let kind = if error.kind().is_limit() { TndsErrorKind::Limit } else { TndsErrorKind::Malformed };
        Self { kind, cause: Some(error) }
    }

    const fn writing(_: dm_syncml::Error) -> Self {
        Self { kind: TndsErrorKind::NotEncodable, cause: None }
    }
}

impl From<TndsErrorKind> for TndsError {
    fn from(kind: TndsErrorKind) -> Self {
        Self { kind, cause: None }
    }
}

impl fmt::Display for TndsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not readable",
            Self::Limit => "limit exceeded",
            Self::NotMgmtTree => "the root is not MgmtTree",
            Self::Version => "unknown version",
            Self::Structure => "text and elements mixed",
            Self::Repeated => "an element is repeated",
            Self::NoNodes => "no nodes",
            Self::EmptyName => "a node without a name",
            Self::ValueAndChildren => "a node with a value and nodes",
            Self::Format => "unknown format, or one that does not fit",
            Self::NotEncodable => "this form cannot carry the value",
        })
    }
}

impl fmt::Display for TndsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl core::error::Error for TndsError {}

impl TndsObject {
    /// An object with these Nodes.
    #[must_use]
    pub const fn new(nodes: Vec<TndsNode>) -> Self {
        Self { man: None, mod_: None, nodes }
    }

    /// The object in the Data of an Item: XML or WBXML, as text, as bytes or as elements.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_data(data: &Data, limits: &Limits) -> Result<Self, TndsError> {
        match data {
            Data::None => Self::parse(b"", limits),
            Data::Text(text) => Self::parse(text.as_bytes(), limits),
            Data::Bytes(bytes) => Self::parse(bytes, limits),
            Data::Element(element) => Self::from_element(element, limits),
        }
    }

    /// Reads a document; its first byte says whether it is WBXML.
    ///
    /// Elements may stand in the namespaces `syncml:dmddf1.2` and `syncml:dmddf`, that of the root or none, and in any
    /// order. Other elements are skipped.
    ///
    /// # Errors
    /// What is no object that can be understood.
    pub fn parse(document: &[u8], limits: &Limits) -> Result<Self, TndsError> {
        Self::from_element(&read(document, limits).map_err(TndsError::reading)?, limits)
    }

    /// Reads an object that stands as elements.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_element(element: &Element<'_>, limits: &Limits) -> Result<Self, TndsError> {
        let mut steps = Steps::new(element, limits)?;
        let mut object = Self::default();
        let mut version = None;
        // The open Nodes: where they stand, and what of their Type and Value waits for their Format.
        let mut open: Vec<Open> = Vec::new();
        loop {
            match steps.next()? {
                Step::Start(name) => match (name, open.last_mut()) {
                    ("VerDTD", None) => once(&mut version, steps.word()?)?,
                    ("Man", None) => once(&mut object.man, steps.text()?)?,
                    ("Mod", None) => once(&mut object.mod_, steps.text()?)?,
                    ("Node", around) => {
                        let parent = around.map(|around| {
                            around.has_nodes = true;
                            around.index
                        });
                        open.push(Open { index: object.nodes.len(), ..Open::default() });
                        object.nodes.push(TndsNode { parent, ..TndsNode::default() });
                    }
                    (name, Some(this)) => match (name, object.nodes.get_mut(this.index)) {
                        ("NodeName", Some(node)) => once(&mut node.name, steps.text()?)?,
                        ("Path", Some(node)) => once(&mut node.path, steps.word()?)?,
                        ("Value", _) => once(&mut this.value, steps.raw()?)?,
                        ("RTProperties", Some(node)) if !node.has_rt_properties => {
                            node.has_rt_properties = true;
                            this.media_type = properties(&mut steps, node)?;
                        }
                        ("RTProperties", Some(_)) => return Err(TndsErrorKind::Repeated.into()),
                        _ => steps.skip()?,
                    },
                    (_, None) => steps.skip()?,
                },
                Step::Other(_) => steps.skip()?,
                Step::End => match open.pop() {
                    Some(this) => object.finish(this)?,
                    None => break,
                },
            }
        }
        check_version(version.as_deref()).then_some(()).ok_or(TndsErrorKind::Version)?;
        if object.nodes.is_empty() {
            return Err(TndsErrorKind::NoNodes.into());
        }
        Ok(object)
    }

    /// Checks a Node of which all is read.
    fn finish(&mut self, this: Open) -> Result<(), TndsError> {
        let Some(node) = self.nodes.get_mut(this.index) else { return Ok(()) };
        if node.parent.is_some() && node.name.as_ref().is_none_or(String::is_empty) {
            return Err(TndsErrorKind::EmptyName.into());
        }
        let interior = this.has_nodes || node.format == Some(Format::Node);
        if this.has_nodes && this.value.is_some() {
            return Err(TndsErrorKind::ValueAndChildren.into());
        }
        if this.has_nodes && node.format.is_some_and(|format| format != Format::Node) {
            return Err(TndsErrorKind::Format.into());
        }
        node.media_type = this.media_type.map(|(text, kind)| match kind {
            TypeKind::DdfName => TndsType::DdfName(text),
            TypeKind::Bare if interior => TndsType::DdfName(text),
            TypeKind::Mime | TypeKind::Bare => TndsType::Mime(text),
        });
        match this.value {
            Some(raw) if !interior => node.value = Some(raw.value(node.format)),
            Some(raw) if !raw.is_empty() => return Err(TndsErrorKind::Format.into()),
            _ => {}
        }
        Ok(())
    }

    /// The format of a Node: `node` if it names none and has Nodes, `chr` if it names none and has none.
    #[must_use]
    pub fn format(&self, index: usize) -> Option<Format> {
        let node = self.nodes.get(index)?;
        let has_nodes = || self.nodes.get(index.saturating_add(1)).is_some_and(|next| next.parent == Some(index));
        Some(node.format.unwrap_or_else(|| if has_nodes() { Format::Node } else { Format::Chr }))
    }

    /// The object as elements for a WBXML message: bytes of format `bin` are opaque.
    ///
    /// A Node whose `parent` does not stand before it is written at the top.
    #[must_use]
    pub fn to_element(&self) -> Element<'static> {
        self.build(Encoding::Wbxml)
    }

    /// The object as an XML document, without an XML declaration.
    ///
    /// # Errors
    /// [`NotEncodable`](TndsErrorKind::NotEncodable).
    pub fn to_xml(&self) -> Result<String, TndsError> {
        self.build(Encoding::Xml).to_xml().map_err(TndsError::writing)
    }

    /// The object as a WBXML document.
    ///
    /// # Errors
    /// [`NotEncodable`](TndsErrorKind::NotEncodable), for texts other than values.
    pub fn to_wbxml(&self) -> Result<Vec<u8>, TndsError> {
        self.build(Encoding::Wbxml).to_wbxml(&WbxmlOptions::DEFAULT).map_err(TndsError::writing)
    }

    fn build(&self, encoding: Encoding) -> Element<'static> {
        let mut tree = element("MgmtTree");
        tree.push(text_element("VerDTD", "1.2"));
        push_text(&mut tree, "Man", self.man.as_deref());
        push_text(&mut tree, "Mod", self.mod_.as_deref());
        let parents = self.nodes.iter().map(|node| node.parent);
        nested(tree, parents, |index| match self.nodes.get(index) {
            Some(node) => node.build(encoding),
            None => element("Node"),
        })
    }
}

impl TndsNode {
    /// Bytes of its texts and value.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.name, &self.path, &self.acl, &self.title, &self.tstamp, &self.verno];
        let texts = texts.into_iter().flatten().map(String::len);
        let value = self.value.as_ref().map_or(0, |value| match value {
            TndsValue::Text(text) => text.len(),
            TndsValue::Bytes(bytes) => bytes.len(),
        });
        let media_type = self.media_type.as_ref().map_or(0, |media_type| media_type.as_str().len());
        texts.chain([value, media_type]).fold(0, usize::saturating_add)
    }

    /// The Node without those in it.
    fn build(&self, encoding: Encoding) -> Element<'static> {
        let mut node = element("Node");
        push_text(&mut node, "NodeName", self.name.as_deref());
        push_text(&mut node, "Path", self.path.as_deref());
        let mut properties = element("RTProperties");
        push_text(&mut properties, "ACL", self.acl.as_deref());
        if let Some(format) = self.format {
            let mut outer = element("Format");
            outer.push(element(format.as_str()));
            properties.push(outer);
        }
        push_text(&mut properties, "Title", self.title.as_deref());
        push_text(&mut properties, "TStamp", self.tstamp.as_deref());
        if let Some(media_type) = &self.media_type {
            let mut outer = element("Type");
            let name = match media_type {
                TndsType::Mime(_) => "MIME",
                TndsType::DdfName(_) => "DDFName",
            };
            push_text(&mut outer, name, Some(media_type.as_str()));
            properties.push(outer);
        }
        push_text(&mut properties, "VerNo", self.verno.as_deref());
        node.push(properties);
        if let Some(value) = &self.value {
            node.push(value.build(self.format, encoding));
        }
        node
    }
}

impl TndsValue {
    fn build(&self, format: Option<Format>, encoding: Encoding) -> Element<'static> {
        match (self, format, encoding) {
            (Self::Bytes(bytes), Some(Format::B64), _) | (Self::Bytes(bytes), Some(Format::Bin), Encoding::Xml) => {
                text_element("Value", STANDARD.encode(bytes))
            }
            (Self::Bytes(bytes), _, _) => opaque_value(bytes),
            (Self::Text(text), _, Encoding::Wbxml) if !is_xml_text(text) => opaque_value(text.as_bytes()),
            (Self::Text(text), _, _) => text_element("Value", text.clone()),
        }
    }
}

/// An open Node while it is read.
#[derive(Default)]
struct Open {
    index: usize,
    has_nodes: bool,
    media_type: Option<(String, TypeKind)>,
    value: Option<Raw>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TypeKind {
    Mime,
    DdfName,
    /// Text without an element for it, as some peers write it.
    Bare,
}

/// The properties of a Node, its Type apart.
fn properties(steps: &mut Steps<'_, '_>, node: &mut TndsNode) -> Result<Option<(String, TypeKind)>, TndsError> {
    let mut media_type = None;
    loop {
        match steps.next()? {
            Step::Start("ACL") => once(&mut node.acl, steps.text()?)?,
            Step::Start("Format") => once(&mut node.format, format(steps)?)?,
            Step::Start("Title") => once(&mut node.title, steps.text()?)?,
            Step::Start("TStamp") => once(&mut node.tstamp, steps.word()?)?,
            Step::Start("Type") => once(&mut media_type, type_of(steps)?)?,
            Step::Start("VerNo") => once(&mut node.verno, steps.word()?)?,
            Step::Start(_) | Step::Other(_) => steps.skip()?,
            Step::End => return Ok(media_type.flatten()),
        }
    }
}

/// One format: an empty element, or its name as text.
fn format(steps: &mut Steps<'_, '_>) -> Result<Format, TndsError> {
    let (name, text) = steps.choice()?;
    let name = match &name {
        Some((name, _)) if text.is_empty() => name.as_str(),
        None => &text,
        Some(_) => return Err(TndsErrorKind::Format.into()),
    };
    Format::from_name(name).ok_or_else(|| TndsErrorKind::Format.into())
}

fn type_of(steps: &mut Steps<'_, '_>) -> Result<Option<(String, TypeKind)>, TndsError> {
    let (child, bare) = steps.choice()?;
    Ok(match child {
        Some((name, text)) if bare.is_empty() => match name.as_str() {
            "MIME" => Some((text, TypeKind::Mime)),
            "DDFName" => Some((text, TypeKind::DdfName)),
            _ => return Err(TndsErrorKind::Structure.into()),
        },
        Some(_) => return Err(TndsErrorKind::Structure.into()),
        None if bare.is_empty() => None,
        None => Some((bare, TypeKind::Bare)),
    })
}

/// Sets what may be set once.
pub(super) fn once<T>(place: &mut Option<T>, value: T) -> Result<(), TndsError> {
    match place.replace(value) {
        Some(_) => Err(TndsErrorKind::Repeated.into()),
        None => Ok(()),
    }
}

/// Whether a `VerDTD` is of the major version that is known; none is taken for it.
pub(super) fn check_version(version: Option<&str>) -> bool {
    version.is_none_or(|version| version.split('.').next() == Some("1"))
}

/// The root of a document in either form.
pub(super) fn read<'a>(document: &'a [u8], limits: &Limits) -> Result<Element<'a>, dm_syncml::Error> {
    match Encoding::detect(document) {
        Some(Encoding::Wbxml) => Element::parse_wbxml(document, limits),
        _ => Element::parse_xml(document, limits),
    }
}

/// What an element holds: pieces of text and bytes, joined.
#[derive(Default)]
pub(super) struct Raw {
    bytes: Vec<u8>,
    opaque: bool,
}

impl Raw {
    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What it is of a node of that format.
    pub(super) fn value(self, format: Option<Format>) -> TndsValue {
        if format == Some(Format::Bin) && self.opaque {
            return TndsValue::Bytes(self.bytes);
        }
        if matches!(format, Some(Format::Bin | Format::B64))
            && let Some(bytes) = decode_base64(&self.bytes)
        {
            return TndsValue::Bytes(bytes);
        }
        match String::from_utf8(self.bytes) {
            Ok(text) => TndsValue::Text(text),
            Err(error) => TndsValue::Bytes(error.into_bytes()),
        }
    }
}

fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.iter().any(u8::is_ascii_whitespace) {
        return LENIENT.decode(text).ok();
    }
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(text).ok()
}

/// Goes once through a `MgmtTree`.
pub(super) struct Steps<'e, 'a> {
    rest: &'e [Node<'a>],
}

/// What comes next between elements.
pub(super) enum Step<'e> {
    /// An element of device descriptions.
    Start(&'e str),
    /// Another element.
    Other(&'e Name<'e>),
    /// The end of the element around.
    End,
}

impl<'e, 'a> Steps<'e, 'a> {
    /// From behind the start of the root.
    pub(super) fn new(root: &'e Element<'a>, limits: &Limits) -> Result<Self, TndsError> {
        let (mut depth, mut elements) = (0_usize, 0_usize);
        for node in root.nodes() {
            match node {
                Node::Start(_) => {
                    elements = elements.saturating_add(1);
                    depth = depth.saturating_add(1);
                    if depth > limits.max_markup_depth || elements > limits.max_elements {
                        return Err(TndsErrorKind::Limit.into());
                    }
                }
                Node::End => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        match root.nodes().split_first() {
            Some((Node::Start(name), rest)) if name_of(name) == Some("MgmtTree") => Ok(Self { rest }),
            _ => Err(TndsErrorKind::NotMgmtTree.into()),
        }
    }

    fn take(&mut self) -> Option<&'e Node<'a>> {
        let (node, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(node)
    }

    /// The next start or end. Text can be white space only here.
    pub(super) fn next(&mut self) -> Result<Step<'e>, TndsError> {
        while let Some(node) = self.take() {
            match node {
                Node::Start(name) => return Ok(name_of(name).map_or(Step::Other(name), Step::Start)),
                Node::End => return Ok(Step::End),
                Node::Text(text) if !is_space(text.as_bytes()) => return Err(TndsErrorKind::Structure.into()),
                Node::Opaque(bytes) if !is_space(bytes) => return Err(TndsErrorKind::Structure.into()),
                _ => {}
            }
        }
        Ok(Step::End)
    }

    /// An attribute of the element that was just started.
    pub(super) fn attribute(&self, local: &str) -> Option<&'e str> {
        let attributes = self.rest.iter().map_while(|node| match node {
            Node::Attribute(attribute) => Some(attribute),
            _ => None,
        });
        attributes.filter(|attribute| attribute.local() == local).map(|attribute| attribute.value.as_str()).next()
    }

    /// Passes over an element that was just started.
    pub(super) fn skip(&mut self) -> Result<(), TndsError> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.take() {
                Some(Node::Start(_)) => depth = depth.saturating_add(1),
                Some(Node::End) => depth = depth.saturating_sub(1),
                Some(_) => {}
                None => return Err(TndsErrorKind::Structure.into()),
            }
        }
        Ok(())
    }

    /// What is in an element that was just started and has no elements in it.
    pub(super) fn raw(&mut self) -> Result<Raw, TndsError> {
        let mut raw = Raw::default();
        loop {
            match self.take() {
                Some(Node::Text(text)) => raw.bytes.extend_from_slice(text.as_bytes()),
                Some(Node::Opaque(bytes)) => {
                    raw.opaque = true;
                    raw.bytes.extend_from_slice(bytes);
                }
                Some(Node::Attribute(_)) => {}
                Some(Node::End) => return Ok(raw),
                _ => return Err(TndsErrorKind::Structure.into()),
            }
        }
    }

    /// The text of such an element.
    pub(super) fn text(&mut self) -> Result<String, TndsError> {
        String::from_utf8(self.raw()?.bytes).map_err(|_| TndsErrorKind::Structure.into())
    }

    /// The text of such an element without white space around it.
    pub(super) fn word(&mut self) -> Result<String, TndsError> {
        self.text().map(trimmed)
    }

    /// The content of an element with one element in it, which has text only, or with a text: the element with its
    /// text, and the text.
    pub(super) fn choice(&mut self) -> Result<(Option<(String, String)>, String), TndsError> {
        let mut child = None;
        let mut repeated = false;
        let bare = self.choices(|name, text| repeated |= child.replace((name.into(), text)).is_some())?;
        if repeated { Err(TndsErrorKind::Repeated.into()) } else { Ok((child, bare)) }
    }

    /// The same with any number of elements.
    pub(super) fn choices(&mut self, mut found: impl FnMut(&'e str, String)) -> Result<String, TndsError> {
        let mut bare = Vec::new();
        loop {
            match self.take() {
                Some(Node::Text(text)) => bare.extend_from_slice(text.as_bytes()),
                Some(Node::Opaque(bytes)) => bare.extend_from_slice(bytes),
                Some(Node::Attribute(_)) => {}
                Some(Node::Start(name)) => match name_of(name) {
                    Some(name) => found(name, self.word()?),
                    None => self.skip()?,
                },
                Some(Node::End) => break,
                _ => return Err(TndsErrorKind::Structure.into()),
            }
        }
        String::from_utf8(bare).map(trimmed).map_err(|_| TndsErrorKind::Structure.into())
    }
}

/// The name of an element of device descriptions.
pub(super) fn name_of<'e>(name: &'e Name<'_>) -> Option<&'e str> {
    match name {
        Name::Known(tag) if tag.page() == Page::DmDdf => Some(tag.name()),
        Name::Other { namespace, local } if matches!(namespace.as_str(), "" | "syncml:dmddf" | "syncml:dmddf1.2") => {
            Some(local.as_str())
        }
        _ => None,
    }
}

fn is_space(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

fn trimmed(text: String) -> String {
    let inner = text.trim_matches([' ', '\t', '\r', '\n']);
    if inner.len() == text.len() { text } else { inner.into() }
}

fn name(local: &'static str) -> Name<'static> {
    match Tag::by_name(Page::DmDdf, local) {
        Some(tag) => Name::Known(tag),
        None => Name::Other { namespace: Page::DmDdf.namespace().into(), local: local.into() },
    }
}

/// An element of device descriptions.
pub(super) fn element(local: &'static str) -> Element<'static> {
    Element::new(name(local))
}

/// One with a text.
pub(super) fn text_element(local: &'static str, text: impl Into<Cow<'static, str>>) -> Element<'static> {
    Element::with_text(name(local), text.into())
}

/// Appends one with a text, if there is one.
pub(super) fn push_text(parent: &mut Element<'static>, local: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        parent.push(text_element(local, String::from(text)));
    }
}

/// A `Value` of bytes. The reader of WBXML is what makes opaque content.
fn opaque_value(bytes: &[u8]) -> Element<'static> {
    const HEAD: &[u8] = b"\x02\x00\x00\x6A\x1B-//OMA//DTD-DM-DDF 1.2//EN\x00\x00\x02\x76\xC3";
    let Some(len) = u32::try_from(bytes.len()).ok().filter(|len| *len > 0) else { return element("Value") };
    let mut document = Vec::with_capacity(bytes.len().saturating_add(HEAD.len()).saturating_add(6));
    document.extend_from_slice(HEAD);
    for shift in [28, 21, 14, 7, 0] {
        let [.., low] = (len >> shift).to_be_bytes();
        if len >> shift > 0 || shift == 0 {
            document.push(if shift == 0 { low & 0x7F } else { low | 0x80 });
        }
    }
    document.extend_from_slice(bytes);
    document.push(1);
    let limits = Limits::DEFAULT.with_max_message_len(document.len());
    Element::parse_wbxml(&document, &limits).map_or_else(|_| element("Value"), Element::into_owned)
}

/// Puts elements that stand in a list with their parents into one another, and all into `root`. No recursion: what is
/// open stands in a list.
pub(super) fn nested(
    root: Element<'static>,
    parents: impl Iterator<Item = Option<usize>>,
    build: impl Fn(usize) -> Element<'static>,
) -> Element<'static> {
    let mut below: Vec<Vec<usize>> = Vec::new();
    let mut top: Vec<usize> = Vec::new();
    for (index, parent) in parents.enumerate() {
        match parent.and_then(|parent| below.get_mut(parent)) {
            Some(siblings) => siblings.push(index),
            None => top.push(index),
        }
        below.push(Vec::new());
    }
    let mut open = Vec::from([(root, top.into_iter())]);
    loop {
        let Some((_, waiting)) = open.last_mut() else { return element("MgmtTree") };
        if let Some(index) = waiting.next() {
            let children = below.get_mut(index).map(core::mem::take).unwrap_or_default();
            open.push((build(index), children.into_iter()));
            continue;
        }
        let Some((done, _)) = open.pop() else { return element("MgmtTree") };
        match open.last_mut() {
            Some((parent, _)) => parent.push(done),
            None => return done,
        }
    }
}
