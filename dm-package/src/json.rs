//! One JSON value kept as its text.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::iter::FusedIterator;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::scan::{self, Cursor};
use crate::{Error, ErrorKind, Str, decode, encode};

/// One JSON value, kept as the text it was written in.
///
/// The text is always a single well-formed value without white space around it, and every string in it can be decoded.
/// Nothing below the surface is built: members and elements are found when asked for, in one pass and without
/// recursion. Equality is that of the text.
///
/// ```
/// use dm_package::{Json, JsonKind};
/// let data = Json::parse(r#"{"DM1x": 1200, "Correlator": "c\u002d7"}"#)?;
/// assert_eq!(data.kind(), JsonKind::Object);
/// assert_eq!(data.get("DM1x").and_then(|value| value.as_i64()), Some(1200));
/// assert_eq!(data.get("Correlator").and_then(|value| value.text().map(|text| text.into_string())).as_deref(), Some("c-7"));
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone)]
pub struct Json<'a>(Cow<'a, str>, MoCheck);

/// What is known of a text as MOData. It says nothing about the value: texts are equal with it and without it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MoCheck {
    /// It has not been looked at.
    Open,
    /// It may be encoded: `mo::check` has nothing to find.
    Passed,
}

/// The six kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "JSON has six kinds of values")]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl<'a> Json<'a> {
    /// Takes a text that is exactly one JSON value; white space around it is dropped, nesting is not limited.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`], [`ErrorKind::UnexpectedEnd`] or [`ErrorKind::TrailingData`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let raw = <&RawValue>::deserialize(&mut deserializer).map_err(|error| decode::json_error(&error, text))?;
        deserializer.end().map_err(|error| decode::trailing_error(&error, text))?;
        scan::check(raw.get(), usize::MAX).map_err(|error| error.shifted(decode::distance(text, raw.get())))?;
        Ok(Self::trusted(raw.get()))
    }

    /// A text that serde_json and [`scan::check`] have accepted.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self(Cow::Borrowed(text), MoCheck::Open)
    }

    /// The same text, known to be MOData that may be encoded, if it is.
    pub(crate) const fn with_mo_check(mut self, passed: bool) -> Self {
        self.1 = if passed { MoCheck::Passed } else { MoCheck::Open };
        self
    }

    /// Whether the text is known to be MOData that may be encoded.
    pub(crate) const fn is_checked_mo(&self) -> bool {
        matches!(self.1, MoCheck::Passed)
    }

    pub(crate) const fn trusted_owned(text: String) -> Self {
        Self(Cow::Owned(text), MoCheck::Open)
    }

    /// The text.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether the text belongs to the input instead of an allocation of its own.
    #[must_use]
    pub const fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// The same value, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        Json(Cow::Owned(self.0.into_owned()), self.1)
    }

    /// What the value is; found by its first byte.
    #[must_use]
    pub fn kind(&self) -> JsonKind {
        match self.0.as_bytes().first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// The characters of a string; `None` for anything else.
    #[must_use]
    pub fn text(&self) -> Option<Str<'_>> {
        scan::unquote(&self.0)
    }

    /// A number written as an integer that fits; `None` for anything else.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if self.kind() == JsonKind::Number { self.0.parse().ok() } else { None }
    }

    /// A number, to the nearest `f64`; `None` for anything else.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if self.kind() == JsonKind::Number { self.0.parse().ok() } else { None }
    }

    /// A boolean; `None` for anything else.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.raw() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.raw() == "null"
    }

    /// The members of an object in the order written, duplicates included; nothing for any other kind.
    #[must_use]
    pub fn members(&self) -> Members<'_> {
        Members::new(&self.0)
    }

    /// The member with this name, the last one if there are several. Reads the whole object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Json<'_>> {
        self.members().filter(|(found, _)| found == name).last().map(|(_, value)| value)
    }

    /// The elements of an array; nothing for any other kind.
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        Elements::new(&self.0)
    }
}

impl Json<'static> {
    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        let mut out = Vec::with_capacity(text.len().saturating_add(2));
        // A `Vec` takes everything, and what is written is UTF-8 because `text` is.
        let _ = encode::string(text, &mut out);
        Self(Cow::Owned(String::from_utf8(out).unwrap_or_default()), MoCheck::Open)
    }

    /// An integer.
    #[must_use]
    pub fn int(value: i64) -> Self {
        let mut out = String::new();
        let _ = write!(out, "{value}");
        Self(Cow::Owned(out), MoCheck::Open)
    }

    /// A boolean.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self::trusted(if value { "true" } else { "false" })
    }

    /// `null`.
    #[must_use]
    pub const fn null() -> Self {
        Self::trusted("null")
    }
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Json<'_> {}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&self.0).finish()
    }
}

/// Writes the text as it is. Works with serde_json's serializers, as its `RawValue` does.
impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Takes one value from serde_json's deserializers, always into an allocation of its own: [`Json::parse`] borrows.
impl<'de> Deserialize<'de> for Json<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = Box::<RawValue>::deserialize(deserializer).map(Into::<Box<str>>::into)?.into();
        scan::check(&text, usize::MAX).map_err(D::Error::custom)?;
        Ok(Self::trusted_owned(text))
    }
}

/// The members of an object: [`Json::members`].
#[derive(Clone, Debug)]
pub struct Members<'a>(Option<Cursor<'a>>);

impl<'a> Members<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut cursor = Cursor::new(text);
        Self(cursor.eat(b'{').then_some(cursor))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Str<'a>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let cursor = self.0.as_mut()?;
        let member = cursor.name().and_then(|name| Some((scan::unquote(name)?, Json::trusted(cursor.value()?))));
        if member.is_none() {
            self.0 = None;
        }
        member
    }
}

impl FusedIterator for Members<'_> {}

/// The elements of an array: [`Json::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'a>(Option<Cursor<'a>>);

impl<'a> Elements<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut cursor = Cursor::new(text);
        Self(cursor.eat(b'[').then_some(cursor))
    }

    /// The text of the next element.
    pub(crate) fn next_text(&mut self) -> Option<&'a str> {
        let cursor = self.0.as_mut()?;
        cursor.eat(b',');
        let element = if cursor.peek() == Some(b']') { None } else { cursor.value() };
        if element.is_none() {
            self.0 = None;
        }
        element
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        self.next_text().map(Json::trusted)
    }
}

impl FusedIterator for Elements<'_> {}

/// Whether a text is one JSON number.
pub(crate) fn is_number(text: &str) -> bool {
    matches!(Json::parse(text), Ok(json) if json.kind() == JsonKind::Number && json.raw().len() == text.len())
}

/// The kind of a refusal where another kind of value belongs.
pub(crate) const fn wrong_type(offset: usize) -> Error {
    Error::new(ErrorKind::WrongType, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements() {
        let json = Json::parse(" {\"a\":1, \"b\" : [true,null, \"x\"] ,\"a\":{}} ").unwrap();
        let names: Vec<String> = json.members().map(|(name, _)| name.into_string()).collect();
        assert_eq!(names, ["a", "b", "a"]);
        assert_eq!(json.get("a").unwrap().kind(), JsonKind::Object);
        let list = json.get("b").unwrap();
        let kinds: Vec<JsonKind> = list.elements().map(|element| element.kind()).collect();
        assert_eq!(kinds, [JsonKind::Bool, JsonKind::Null, JsonKind::String]);
        assert_eq!(Json::parse("[]").unwrap().elements().count(), 0);
        assert_eq!(Json::parse("{}").unwrap().members().count(), 0);
        assert_eq!(Json::parse("7").unwrap().members().count(), 0);
        assert_eq!(Json::parse("7").unwrap().elements().count(), 0);
    }

    #[test]
    fn scalars() {
        assert_eq!(Json::int(-7).as_i64(), Some(-7));
        assert_eq!(Json::parse("1.5e1").unwrap().as_f64(), Some(15.0));
        assert_eq!(Json::parse("1.5e1").unwrap().as_i64(), None);
        assert_eq!(Json::bool(true).as_bool(), Some(true));
        assert_eq!(Json::string("1").as_i64(), None);
        assert!(Json::null().is_null());
        assert_eq!(Json::string("a\"\u{1}").raw(), "\"a\\\"\\u0001\"");
    }

    #[test]
    fn refusals() {
        for (text, kind, offset) in [
            ("", ErrorKind::UnexpectedEnd, 0),
            ("{\"a\":", ErrorKind::UnexpectedEnd, 5),
            ("1 2", ErrorKind::TrailingData, 2),
            ("nil", ErrorKind::Syntax, 1),
            (" \"\\ud800\"", ErrorKind::Syntax, 2),
        ] {
            assert_eq!(Json::parse(text), Err(Error::new(kind, offset)), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_a_text_does_not_show() {
        let json = Json::parse("{\"X\":1}").unwrap();
        let checked = json.clone().with_mo_check(true);
        assert_eq!(json, checked);
        assert_eq!(alloc::format!("{checked:?}"), r#"Json("{\"X\":1}")"#);
        assert!(checked.clone().into_owned().is_checked_mo() && !Json::parse(checked.raw()).unwrap().is_checked_mo());
    }

    #[test]
    fn serde_keeps_the_text() {
        let json: Json<'_> = serde_json::from_str("{ \"a\" : 1.0 }").unwrap();
        assert_eq!(json.raw(), "{ \"a\" : 1.0 }");
        assert_eq!(serde_json::to_string(&json).unwrap(), "{ \"a\" : 1.0 }");
        assert!(serde_json::from_str::<Json<'_>>("\"\\udc00\"").is_err());
    }

    #[test]
    fn deep_text_needs_no_stack() {
        let deep = "[".repeat(20_000) + &"]".repeat(20_000);
        let json = Json::parse(&deep).unwrap();
        assert_eq!(json.elements().count(), 1);
    }
}
