//! `Data`: text, bytes or mark-up, and where it stood.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};

use crate::{AlertCode, Attribute, Attributes, Element, Error, ErrorKind, StatusCode, Str};

/// Where a value stood in the input, in bytes. Two values are equal wherever they stood, so every span equals every
/// other.
#[derive(Clone, Copy, Default)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// Nowhere.
    pub(crate) const NONE: Self = Self { start: 0, len: 0 };

    /// Bytes `start` to `end`; longer inputs than 4 GiB saturate.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            len: u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX),
        }
    }

    /// The first byte.
    #[must_use]
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// The range of bytes, for slicing the input.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..(self.start as usize).saturating_add(self.len as usize)
    }

    /// Whether nothing is known: the value did not come from an input, or stood nowhere.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.range())
    }
}

/// What [`Data`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content<'a> {
    /// Text, with references, CDATA sections and pieces put together.
    Text(Str<'a>),
    /// The bytes of a WBXML OPAQUE: text or not, that is for Format and Type to say.
    Opaque(Cow<'a, [u8]>),
    /// Elements written straight into Data in XML, byte for byte as they came.
    Markup(Box<Markup<'a>>),
    /// An element written straight into Data in WBXML, or one to be sent.
    Element(Box<Element<'a>>),
}

/// Raw elements inside Data: the characters between its tags as they came, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markup<'a> {
    /// The characters, well-formed, with white space and comments.
    pub xml: Cow<'a, str>,
    /// The namespace declarations in force around Data that the root of the message does not make by itself.
    pub scope: Box<[Declaration<'a>]>,
}

/// A namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Declaration<'a> {
    /// The prefix; empty for the default namespace.
    pub prefix: Str<'a>,
    /// The namespace; empty to take the default namespace away.
    pub uri: Str<'a>,
}

impl Declaration<'_> {
    /// The same declaration, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Declaration<'static> {
        Declaration { prefix: self.prefix.into_owned(), uri: self.uri.into_owned() }
    }
}

impl Markup<'_> {
    /// The same mark-up, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Markup<'static> {
        Markup {
            xml: Cow::Owned(self.xml.into_owned()),
            scope: self.scope.into_iter().map(Declaration::into_owned).collect(),
        }
    }
}

/// The content of an Item, Status, Alert or Cred.
///
/// ```
/// use dm_syncml::Data;
/// let data = Data::text("AAE8Jv/+DQo=");
/// assert_eq!(data.as_text(), Some("AAE8Jv/+DQo="));
/// assert_eq!(data.decode_base64().unwrap(), [0x00, 0x01, 0x3C, 0x26, 0xFF, 0xFE, 0x0D, 0x0A]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// What it holds.
    pub content: Content<'a>,
    /// Its attributes, other than namespace declarations.
    pub attributes: Attributes<'a>,
    span: Span,
}

impl Default for Data<'_> {
    fn default() -> Self {
        Self::text(Str::EMPTY)
    }
}

/// `originalerror` of a Status: the error code of the device's own system, as Windows sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalError<'e> {
    /// The text, as a rule `0x` and eight hexadecimal digits.
    pub text: &'e str,
    /// The number, when the text is one.
    pub code: Option<u32>,
}

impl<'a> Data<'a> {
    /// A text.
    #[must_use]
    #[inline]
    pub fn text(text: impl Into<Str<'a>>) -> Self {
        Self::from_content(Content::Text(text.into()), Span::default())
    }

    /// Bytes that go as OPAQUE in WBXML and cannot go in XML.
    #[must_use]
    pub fn opaque(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::from_content(Content::Opaque(bytes.into()), Span::default())
    }

    /// Bytes as Base64 text, for Format `b64`.
    #[must_use]
    pub fn base64(bytes: &[u8]) -> Self {
        Self::text(STANDARD.encode(bytes))
    }

    /// An element, such as a `MgmtTree`.
    #[must_use]
    pub fn element(element: Element<'a>) -> Self {
        Self::from_content(Content::Element(Box::new(element)), Span::default())
    }

    #[inline]
    pub(crate) const fn from_content(content: Content<'a>, span: Span) -> Self {
        Self { content, attributes: Attributes::NONE, span }
    }

    /// The text, or the bytes when they are UTF-8. `None` for other bytes, mark-up and elements.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Opaque(bytes) => core::str::from_utf8(bytes).ok(),
            Content::Markup(_) | Content::Element(_) => None,
        }
    }

    /// The bytes as they travelled: of the text in UTF-8, or of the OPAQUE. Nothing is decoded. `None` for mark-up and
    /// elements.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Text(text) => Some(text.as_bytes()),
            Content::Opaque(bytes) => Some(bytes),
            Content::Markup(_) | Content::Element(_) => None,
        }
    }

    /// The bytes that Base64 text stands for. White space between characters and missing padding are forgiven (DM TND
    /// §7.7.2).
    ///
    /// # Errors
    /// [`ErrorKind::Base64`], the offset counted from the start of the text.
    pub fn decode_base64(&self) -> Result<Vec<u8>, Error> {
        let Some(bytes) = self.as_bytes() else { return Err(Error::new(ErrorKind::Base64, 0)) };
        decode_base64(bytes)
    }

    /// The document that the data is, when `type_` (the effective Type) says so: `…+xml` or `…+wbxml`, such as TNDS and
    /// DevInf. Raw mark-up and elements in Data are one whatever the Type. `None` for other data.
    ///
    /// Which form it has is told by its first byte, because converters change the Type and leave the form.
    ///
    /// ```
    /// use dm_syncml::{Data, Limits};
    /// let data = Data::text("<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD></MgmtTree>");
    /// let tree = data.document("application/vnd.syncml.dmtnds+xml", &Limits::DEFAULT)?.unwrap();
    /// assert_eq!(tree.name().local(), Some("MgmtTree"));
    /// # Ok::<(), dm_syncml::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Element::parse_xml`] and [`Element::parse_wbxml`], offsets counted in the data.
    #[cfg(all(feature = "xml", feature = "wbxml"))]
    pub fn document(&self, type_: &str, limits: &crate::Limits) -> Result<Option<Cow<'_, Element<'a>>>, Error> {
        let essence = crate::text::trim(type_.split(';').next().unwrap_or_default());
        let ends = |suffix: &str| {
            let end = essence.len().checked_sub(suffix.len()).and_then(|at| essence.get(at..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        let bytes = match &self.content {
            Content::Element(element) => return Ok(Some(Cow::Borrowed(element))),
            Content::Markup(markup) => return Ok(Some(Cow::Owned(markup.element(limits)?.into_owned()))),
            Content::Text(text) => text.as_bytes(),
            Content::Opaque(bytes) => bytes,
        };
        if bytes.is_empty() || !(ends("+xml") || ends("+wbxml")) {
            return Ok(None);
        }
        let element = match bytes.first() {
            Some(0..=3) => Element::parse_wbxml(bytes, limits)?,
            _ => Element::parse_xml(bytes, limits)?,
        };
        Ok(Some(Cow::Owned(element.into_owned())))
    }

    /// Whether there is nothing in it: `<Data/>`, which is not the same as no Data.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_some_and(<[u8]>::is_empty)
    }

    /// Where the content stood between the tags of Data, as sent: with references and CDATA in XML, with tokens in
    /// WBXML.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The attribute `originalerror`, whatever its prefix (MS-MDM §2.2).
    #[must_use]
    pub fn original_error(&self) -> Option<OriginalError<'_>> {
        let attribute = self.attributes.iter().find(|attribute| attribute.local() == "originalerror")?;
        let text = attribute.value.as_str();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let code = match digits {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(digits, 16).ok(),
            Some(_) => None,
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            None => None,
        };
        Some(OriginalError { text, code })
    }

    /// The same data, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Data<'static> {
        let content = match self.content {
            Content::Text(text) => Content::Text(text.into_owned()),
            Content::Opaque(bytes) => Content::Opaque(Cow::Owned(bytes.into_owned())),
            Content::Markup(markup) => Content::Markup(Box::new(markup.into_owned())),
            Content::Element(element) => Content::Element(Box::new(element.into_owned())),
        };
        let attributes = self.attributes.into_iter().map(Attribute::into_owned).collect();
        Data { content, attributes, span: self.span }
    }
}

impl From<StatusCode> for Data<'_> {
    fn from(code: StatusCode) -> Self {
        Self::text(code.to_text())
    }
}

impl From<AlertCode> for Data<'_> {
    fn from(code: AlertCode) -> Self {
        Self::text(code.to_text())
    }
}

impl<'a> From<Str<'a>> for Data<'a> {
    fn from(text: Str<'a>) -> Self {
        Self::text(text)
    }
}

impl From<alloc::string::String> for Data<'_> {
    fn from(text: alloc::string::String) -> Self {
        Self::text(text)
    }
}

impl<'a> From<&'a str> for Data<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text)
    }
}

/// Padded or not, trailing bits forgiven.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 with white space between the characters.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, Error> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let compact: Cow<'_, [u8]> = if text.iter().any(space) {
        Cow::Owned(text.iter().copied().filter(|byte| !space(byte)).collect())
    } else {
        Cow::Borrowed(text)
    };
    FORGIVING.decode(&compact).map_err(|error| {
        let nth = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => compact.len(),
        };
        let offset = text.iter().enumerate().filter(|(_, byte)| !space(byte)).nth(nth).map_or(text.len(), |(at, _)| at);
        Error::new(ErrorKind::Base64, offset)
    })
}
