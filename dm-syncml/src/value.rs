//! Values of nodes with the Format and Type that say what they are.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Data, Encoding, Format, Item, LocUri, Str};

/// A value of a node, to be put into an [`Item`] with the Meta it needs.
///
/// The Format follows from the value, so the two cannot differ (MetaInformation §5.3; DM TND §7.7.2).
///
/// ```
/// use dm_syncml::{Encoding, Format, Value};
/// let item = Value::Int(-5).item("./Vendor/Level", Encoding::Xml);
/// assert_eq!(item.meta.unwrap().format(), Some(&Format::Int));
/// assert_eq!(item.data.unwrap().as_text(), Some("-5"));
///
/// let logo = Value::bytes([0x00, 0xFF]);
/// let xml = logo.clone().item("./Vendor/Logo", Encoding::Xml);
/// assert_eq!((xml.meta.unwrap().format(), xml.data.unwrap().as_text()), (Some(&Format::B64), Some("AP8=")));
/// let wbxml = logo.item("./Vendor/Logo", Encoding::Wbxml);
/// assert_eq!((wbxml.meta.unwrap().format(), wbxml.data.unwrap().as_bytes()), (Some(&Format::Bin), Some(&[0, 255][..])));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An interior node: no Data.
    Node,
    /// A leaf without a value: no Data.
    Null,
    /// A text.
    Chr(Str<'a>),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Int(i32),
    /// A number of IEEE single precision, written as XML Schema has it.
    Float(f32),
    /// A date of ISO 8601, such as `2024-02-29`. Written as it is.
    Date(Str<'a>),
    /// A time of ISO 8601, such as `163000Z`. Written as it is.
    Time(Str<'a>),
    /// An XML document as text; it is escaped like any other (DM Representation §6.3.1).
    Xml(Str<'a>),
    /// Bytes: Base64 text and Format `b64` in XML, OPAQUE and Format `bin` in WBXML.
    Bytes(Vec<u8>),
}

impl<'a> Value<'a> {
    /// A text.
    #[must_use]
    pub fn chr(text: impl Into<Str<'a>>) -> Self {
        Self::Chr(text.into())
    }

    /// An XML document as text.
    #[must_use]
    pub fn xml(text: impl Into<Str<'a>>) -> Self {
        Self::Xml(text.into())
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// The Format of the value in a form.
    #[must_use]
    pub const fn format(&self, encoding: Encoding) -> Format<'static> {
        match (self, encoding) {
            (Self::Node, _) => Format::Node,
            (Self::Null, _) => Format::Null,
            (Self::Chr(_), _) => Format::Chr,
            (Self::Bool(_), _) => Format::Bool,
            (Self::Int(_), _) => Format::Int,
            (Self::Float(_), _) => Format::Float,
            (Self::Date(_), _) => Format::Date,
            (Self::Time(_), _) => Format::Time,
            (Self::Xml(_), _) => Format::Xml,
            (Self::Bytes(_), Encoding::Xml) => Format::B64,
            (Self::Bytes(_), Encoding::Wbxml) => Format::Bin,
        }
    }

    /// The Type where the item has none: `None` for nodes, whose Type names a management object.
    const fn default_type(&self) -> Option<&'static str> {
        match self {
            Self::Node | Self::Null => None,
            Self::Bytes(_) => Some("application/octet-stream"),
            Self::Xml(_) => Some("text/xml"),
            _ => Some("text/plain"),
        }
    }

    /// The Data in a form; `None` for nodes and nothing.
    #[must_use]
    pub fn into_data(self, encoding: Encoding) -> Option<Data<'a>> {
        Some(match self {
            Self::Node | Self::Null => return None,
            Self::Chr(text) | Self::Date(text) | Self::Time(text) | Self::Xml(text) => Data::text(text),
            Self::Bool(true) => Data::text("true"),
            Self::Bool(false) => Data::text("false"),
            Self::Int(number) => Data::text(format!("{number}")),
            Self::Float(number) => Data::text(float(number)),
            Self::Bytes(bytes) => match encoding {
                Encoding::Xml => Data::base64(&bytes),
                Encoding::Wbxml => Data::opaque(bytes),
            },
        })
    }

    /// An item with this value for a Target.
    #[must_use]
    pub fn item(self, target: impl Into<LocUri<'a>>, encoding: Encoding) -> Item<'a> {
        self.put_into(Item::target(target), encoding)
    }

    /// The item with this value: its Format and Data, and a Type where it has none. What else is in it stays.
    #[must_use]
    pub fn put_into(self, mut item: Item<'a>, encoding: Encoding) -> Item<'a> {
        let meta = item.meta.get_or_insert_default();
        meta.format = Some(self.format(encoding));
        if meta.type_.is_none() {
            meta.type_ = self.default_type().map(Str::borrowed);
        }
        item.data = self.into_data(encoding);
        item
    }
}

/// `xs:float`: `INF`, `-INF` and `NaN` have names of their own.
fn float(number: f32) -> String {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "INF".into() } else { "-INF".into() }
    } else {
        format!("{number:?}")
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<f32> for Value<'_> {
    fn from(value: f32) -> Self {
        Self::Float(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::chr(value)
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::chr(value)
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
