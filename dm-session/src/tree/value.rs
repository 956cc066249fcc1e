//! Values of leaves and their formats.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};
use core::fmt;

/// Reads Base64 with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The format of a node, as its description (DDF) names it (`OMA-TS-DM_Protocol-V2_0 §6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// An interior node: children, no value.
    Node,
    /// Text.
    Chr,
    /// XML text; not parsed here.
    Xml,
    /// An ISO 8601 date.
    Date,
    /// An ISO 8601 time.
    Time,
    /// A decimal integer.
    Int,
    /// A finite floating-point number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Bytes.
    Bin,
    /// Bytes whose text form is Base64 everywhere.
    B64,
    /// No value is possible.
    Null,
}

impl Format {
    /// All formats.
    pub(crate) const ALL: [Self; 11] = [
        Self::Node,
        Self::Chr,
        Self::Xml,
        Self::Date,
        Self::Time,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Bin,
        Self::B64,
        Self::Null,
    ];

    /// The name in a DDF, such as `chr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Chr => "chr",
            Self::Xml => "xml",
            Self::Date => "date",
            Self::Time => "time",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Bin => "bin",
            Self::B64 => "b64",
            Self::Null => "null",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a leaf. Its variant is its [`Format`].
///
/// `Debug` shows the length of bytes, not the bytes: keys and shared secrets are `bin`.
///
/// ```
/// use dm_session::tree::{Format, Value};
///
/// assert_eq!(Value::from("en"), Value::Chr("en".into()));
/// assert_eq!(Value::parse(Format::Int, "042"), Some(Value::Int(42)));
/// assert_eq!(Value::parse(Format::Int, "many"), None);
/// assert_eq!(Value::Bin(vec![0, 255]).text(), "AP8=");
/// assert_eq!(format!("{:?}", Value::Bin(vec![0, 255])), "Bin(2 bytes)");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Text.
    Chr(String),
    /// XML text.
    Xml(String),
    /// An ISO 8601 date.
    Date(String),
    /// An ISO 8601 time.
    Time(String),
    /// An integer.
    Int(i64),
    /// A finite number; one that is not finite fits no leaf.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Bytes.
    Bin(Vec<u8>),
    /// Bytes, Base64 in their text form.
    B64(Vec<u8>),
    /// The value of a leaf of format `null`.
    Null,
}

impl Value {
    /// Reads the text form of a value of `format`; `None` when it is not one, and for
    /// [`Format::Node`].
    ///
    /// Integers are 64 bit, decimal. Truth values are `true` and `false`. Numbers are decimal, with or
    /// without exponent. Dates and times are checked for the characters of ISO 8601 only. Base64
    /// may be without padding.
    #[must_use]
    pub fn parse(format: Format, text: &str) -> Option<Self> {
        Some(match format {
            Format::Node => return None,
            Format::Chr => Self::Chr(text.to_string()),
            Format::Xml => Self::Xml(text.to_string()),
            Format::Date if is_iso_8601(text) => Self::Date(text.to_string()),
            Format::Time if is_iso_8601(text) => Self::Time(text.to_string()),
            Format::Date | Format::Time => return None,
            Format::Int => Self::Int(text.parse().ok()?),
            Format::Float => Self::Float(finite(text)?),
            Format::Bool => Self::Bool(text.parse().ok()?),
            Format::Bin => Self::Bin(LENIENT.decode(text).ok()?),
            Format::B64 => Self::B64(LENIENT.decode(text).ok()?),
            Format::Null if text.is_empty() || text == "null" => Self::Null,
            Format::Null => return None,
        })
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self {
            Self::Chr(_) => Format::Chr,
            Self::Xml(_) => Format::Xml,
            Self::Date(_) => Format::Date,
            Self::Time(_) => Format::Time,
            Self::Int(_) => Format::Int,
            Self::Float(_) => Format::Float,
            Self::Bool(_) => Format::Bool,
            Self::Bin(_) => Format::Bin,
            Self::B64(_) => Format::B64,
            Self::Null => Format::Null,
        }
    }

    /// The text form, with which an `nv` field of a ClientURI is compared: text as it is, numbers
    /// in canonical decimal, `true`/`false`, bytes as padded Base64, `null`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Chr(text) | Self::Xml(text) | Self::Date(text) | Self::Time(text) => Cow::Borrowed(text),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Bin(bytes) | Self::B64(bytes) => Cow::Owned(STANDARD.encode(bytes)),
            Self::Null => Cow::Borrowed("null"),
        }
    }

    /// The text of a `chr`, `xml`, `date` or `time` value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Chr(text) | Self::Xml(text) | Self::Date(text) | Self::Time(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an `int` value.
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value of a `bool` value.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The bytes of a `bin` or `b64` value.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bin(bytes) | Self::B64(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The same value in another format, where that is possible without guessing: equal formats,
    /// text that reads as the format, bytes between `bin` and `b64`, a whole number as `float`.
    #[must_use]
    pub fn into_format(self, format: Format) -> Option<Self> {
        match (self, format) {
            (Self::Float(number), _) if !number.is_finite() => None,
            (value, _) if value.format() == format && !matches!(format, Format::Date | Format::Time) => Some(value),
            (Self::Bin(bytes), Format::B64) => Some(Self::B64(bytes)),
            (Self::B64(bytes), Format::Bin) => Some(Self::Bin(bytes)),
            #[expect(clippy::cast_precision_loss, reason = "the nearest number is what a float leaf can hold")]
            (Self::Int(number), Format::Float) => Some(Self::Float(number as f64)),
            (Self::Chr(text) | Self::Date(text) | Self::Time(text), format) => Self::parse(format, &text),
            _ => None,
        }
    }

    /// Bytes that the value takes up in the tree, beyond its place.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Chr(text) | Self::Xml(text) | Self::Date(text) | Self::Time(text) => text.len(),
            Self::Bin(bytes) | Self::B64(bytes) => bytes.len(),
            Self::Int(_) | Self::Float(_) | Self::Bool(_) | Self::Null => 0,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chr(text) => f.debug_tuple("Chr").field(text).finish(),
            Self::Xml(text) => f.debug_tuple("Xml").field(text).finish(),
            Self::Date(text) => f.debug_tuple("Date").field(text).finish(),
            Self::Time(text) => f.debug_tuple("Time").field(text).finish(),
            Self::Int(number) => f.debug_tuple("Int").field(number).finish(),
            Self::Float(number) => f.debug_tuple("Float").field(number).finish(),
            Self::Bool(truth) => f.debug_tuple("Bool").field(truth).finish(),
            Self::Bin(bytes) => write!(f, "Bin({} bytes)", bytes.len()),
            Self::B64(bytes) => write!(f, "B64({} bytes)", bytes.len()),
            Self::Null => f.write_str("Null"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Chr(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Chr(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bin(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bin(bytes.to_vec())
    }
}

/// A decimal number; `inf` and `NaN`, which Rust would read, have no JSON form.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether the text starts with a digit (or a sign) and has only characters of ISO 8601 forms.
fn is_iso_8601(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:+.,TZWtz/ P".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    #[test]
    fn text_form_reads_back() {
        for value in [
            Value::Chr("a \u{e9}".into()),
            Value::Xml("<a/>".into()),
            Value::Date("2026-01-31".into()),
            Value::Time("12:00:00Z".into()),
            Value::Int(i64::MIN),
            Value::Float(-0.125),
            Value::Float(1e300),
            Value::Bool(true),
            Value::Bool(false),
            Value::Bin(vec![1, 2, 3, 4]),
            Value::B64(vec![]),
            Value::Null,
        ] {
            assert_eq!(Value::parse(value.format(), &value.text()), Some(value.clone()), "{value:?}");
            assert_eq!(value.clone().into_format(value.format()), Some(value));
        }
    }

    #[test]
    fn formats_know_their_names() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.as_str()), Some(format));
            assert_eq!(format!("{format}"), format.as_str());
        }
        assert_eq!(Format::from_name("Chr"), None);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for (format, text) in [
            (Format::Node, ""),
            (Format::Int, "1.0"),
            (Format::Int, ""),
            (Format::Int, "9223372036854775808"),
            (Format::Float, "inf"),
            (Format::Float, "NaN"),
            (Format::Float, "1e999"),
            (Format::Bool, "1"),
            (Format::Bin, "!"),
            (Format::Date, "today"),
            (Format::Time, ""),
            (Format::Null, "0"),
        ] {
            assert_eq!(Value::parse(format, text), None, "{format} {text}");
        }
        assert_eq!(Value::Float(f64::NAN).into_format(Format::Float), None);
        assert_eq!(Value::Date("x".into()).into_format(Format::Date), None);
        assert_eq!(Value::Bool(true).into_format(Format::Chr), None);
        assert_eq!(Value::Int(2).into_format(Format::Float), Some(Value::Float(2.0)));
        assert_eq!(Value::from("AAE").into_format(Format::Bin), Some(Value::Bin(vec![0, 1])));
    }
}
