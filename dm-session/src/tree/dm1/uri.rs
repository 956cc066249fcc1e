//! URIs of nodes: how they are read and written (§2 of the tree reference).

use super::config::{Config, UriLimits};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_package::Strictness;
use dm_syncml::{LocUri, Scope, StatusCode, escape_segment};

/// Segments of any URI, whatever [`UriLimits`] say.
const MOST_SEGMENTS: usize = 64;
/// Characters of any URI.
const MOST_CHARS: usize = 4096;
/// Characters of any segment.
const MOST_SEGMENT_CHARS: usize = 1024;
/// What a property query starts with.
const PROP: &str = "prop";
/// What a list query starts with.
const LIST: &str = "list";

impl UriLimits {
    /// The most segments that these limits and the hard cap leave.
    #[must_use]
    pub const fn depth(self) -> usize {
        effective(self.max_depth, MOST_SEGMENTS)
    }

    /// The most characters of a URI that these limits and the hard cap leave.
    #[must_use]
    pub const fn total_len(self) -> usize {
        effective(self.max_total_len, MOST_CHARS)
    }

    /// The most characters of a segment that these limits and the hard cap leave.
    #[must_use]
    pub const fn segment_len(self) -> usize {
        effective(self.max_segment_len, MOST_SEGMENT_CHARS)
    }

    /// Whether the URI of the node with these names, spelled `./A/B` as [`UriWriter`] does, keeps them: for names that
    /// do not come by URI, but by TNDS or as a new name.
    ///
    /// ```
    /// use dm_session::tree::dm1::UriLimits;
    ///
    /// assert!(UriLimits::new(2, 0, 3).fits(["Ab", "%"], true));
    /// assert!(!UriLimits::new(2, 0, 3).fits(["Ab", "%%"], true));
    /// ```
    #[must_use]
    pub fn fits<'n>(self, names: impl IntoIterator<Item = &'n str>, escape_non_ascii: bool) -> bool {
        let (mut depth, mut total) = (0_usize, 1_usize);
        names.into_iter().all(|name| {
            let len = escaped_chars(name, escape_non_ascii);
            depth = depth.saturating_add(1);
            total = total.saturating_add(len).saturating_add(1);
            depth <= self.depth() && len <= self.segment_len() && total <= self.total_len()
        })
    }
}

const fn effective(limit: u16, cap: usize) -> usize {
    let limit = limit as usize;
    if limit == 0 || limit > cap { cap } else { limit }
}

/// How URIs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UriRules {
    /// What they may measure.
    pub limits: UriLimits,
    /// Lenient: white space around, one slash too many at either end, characters that should be escaped, and queries
    /// in any letter case are taken.
    pub strictness: Strictness,
    /// Whether `./Device` and `./User` select a scope, raw characters are taken even where strict, and no node is
    /// named `*`.
    pub windows: bool,
}

impl UriRules {
    /// OMA's rules to the letter, without limits but for the hard caps.
    pub const STRICT: Self = Self { limits: UriLimits::NONE, strictness: Strictness::Strict, windows: false };
    /// The same for peers in the field.
    pub const LENIENT: Self = Self { limits: UriLimits::NONE, strictness: Strictness::Lenient, windows: false };

    /// The rules of a tree.
    #[must_use]
    pub const fn of(config: &Config, strictness: Strictness) -> Self {
        Self { limits: config.uri, strictness, windows: config.windows }
    }

    /// The same with other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: UriLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same for Windows peers, or not.
    #[must_use]
    pub const fn with_windows(mut self, windows: bool) -> Self {
        self.windows = windows;
        self
    }

    fn is_lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// Whether every character that XML has stands for itself.
    fn takes_raw(&self) -> bool {
        self.windows || self.is_lenient()
    }
}

/// The URI of a node, taken apart (OMA-TS-DM_TND-V1_2 §6 to §8).
///
/// ```text
/// loc-uri  = node-uri [ "?" query ]
/// node-uri = "." / [ "./" ] segment *( "/" segment )
/// ```
///
/// Names are decoded after the split, so that `%2F` in a segment never splits it; as no node has a slash in its name,
/// it is refused, for Windows peers too. `+` is no space. Borrows the text as long as no name has an escape.
///
/// Two are equal when their texts and the rules that read them are alike, not already when they name one node.
///
/// ```
/// use dm_session::tree::dm1::{NodeUri, Property, UriQuery, UriRules};
///
/// let uri = NodeUri::parse("./Vendor/MS%20DM?prop=ACL", &UriRules::STRICT)?;
/// assert!(uri.segments().eq(["Vendor", "MS DM"]));
/// assert_eq!(uri.query(), Some(UriQuery::Prop(Property::Acl)));
/// assert_eq!(uri.writer(true).write(["Vendor", "MS DM", "a/b"]), "./Vendor/MS%20DM/a%2Fb");
/// # Ok::<(), dm_session::tree::dm1::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeUri<'a> {
    text: &'a str,
    /// What stands before the first name, without the slash: `.`, nothing, `./Device`.
    front: &'a str,
    /// Decoded names with slashes between them; empty for the root.
    names: Cow<'a, str>,
    query: Option<UriQuery>,
    scope: Scope,
}

impl<'a> NodeUri<'a> {
    /// Reads a LocURI.
    ///
    /// # Errors
    ///
    /// Where several hold: [`TooLong`](UriErrorKind::TooLong) in all, [`Malformed`](UriErrorKind::Malformed) with an
    /// empty segment or a step, too long in segments, malformed in a segment, [`Query`](UriErrorKind::Query).
    pub fn parse(text: &'a str, rules: &UriRules) -> Result<Self, UriError> {
        let lenient = rules.is_lenient();
        let (text, start) = if lenient { trimmed(text) } else { (text, 0) };
        if text.is_empty() {
            // Lenient: a query alone is one of the root, nothing at all is not.
            return Err(UriErrorKind::Malformed.at(start));
        }
        if let Some(at) = beyond(text, rules.limits.total_len()) {
            return Err(UriErrorKind::TooLong.at(start.saturating_add(at)));
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let (spelled, at) = if lenient { without_slashes(path, start) } else { (path, start) };

        let (front, names, at, scope) = split_front(spelled, at, rules.windows);
        let names = match names {
            Some(names) => decode(names, at, rules)?,
            None => Cow::Borrowed(""),
        };
        let query = match query {
            Some(query) => Some(
                UriQuery::parse(query, rules.strictness)
                    .ok_or_else(|| UriErrorKind::Query.at(start.saturating_add(path.len()).saturating_add(1)))?,
            ),
            None => None,
        };
        Ok(Self { text, front, names, query, scope })
    }

    /// The names from the root down, decoded; none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.names.split('/').skip(usize::from(self.names.is_empty()))
    }

    /// The decoded names with slashes between them, no name having one; empty for the root.
    #[must_use]
    pub fn names(&self) -> &str {
        &self.names
    }

    /// Whether it is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// What is asked of the node beside its value.
    #[must_use]
    pub const fn query(&self) -> Option<UriQuery> {
        self.query
    }

    /// The tree that a Windows peer means: always [`Scope::Unstated`] by the rules of OMA. Its prefix is none of the
    /// [`segments`](Self::segments) and does not count as depth.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether it starts with the dot.
    #[must_use]
    pub fn style(&self) -> Style {
        if self.front.starts_with('.') { Style::Dotted } else { Style::Bare }
    }

    /// The text as it came, without white space around it.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The text as it came, up to the `?`.
    #[must_use]
    pub fn path_str(&self) -> &'a str {
        self.text.split_once('?').map_or(self.text, |(path, _)| path)
    }

    /// Writes URIs in the same style and with the same prefix, for answers.
    #[must_use]
    pub const fn writer(&self, escape_non_ascii: bool) -> UriWriter<'a> {
        UriWriter { front: self.front, escape_non_ascii }
    }
}

/// Without the white space of XML around it, and how much went in front.
fn trimmed(text: &str) -> (&str, usize) {
    let white = [' ', '\t', '\r', '\n'];
    let rest = text.trim_start_matches(white);
    (rest.trim_end_matches(white), text.len().saturating_sub(rest.len()))
}

/// Without a slash at either end; the root where nothing is left.
fn without_slashes(path: &str, at: usize) -> (&str, usize) {
    let (path, at) = path.strip_prefix('/').map_or((path, at), |rest| (rest, at.saturating_add(1)));
    match path.strip_suffix('/').unwrap_or(path) {
        "" => (".", at),
        path => (path, at),
    }
}

/// What stands before the names, the names if it is not the root, where they start, and the scope.
fn split_front(path: &str, at: usize, windows: bool) -> (&str, Option<&str>, usize, Scope) {
    if path == "." {
        return (path, None, at, Scope::Unstated);
    }
    let dotted = path.starts_with("./");
    let names = path.strip_prefix("./").unwrap_or(path);
    // Of the first segment alone: `././Device` has none.
    let scope = match names.split('/').next() {
        Some(first) if windows => LocUri::from(first).scope(),
        _ => Scope::Unstated,
    };
    let before = |rest: Option<&str>| path.len().saturating_sub(rest.map_or(0, str::len));
    if scope == Scope::Unstated {
        return (if dotted { "." } else { "" }, Some(names), at.saturating_add(before(Some(names))), scope);
    }
    let rest = names.split_once('/').map(|(_, rest)| rest);
    let skipped = before(rest);
    let front = path.get(..skipped).unwrap_or(path);
    (front.strip_suffix('/').unwrap_or(front), rest, at.saturating_add(skipped), scope)
}

/// Segments and where each starts.
fn placed(names: &str, at: usize) -> impl Iterator<Item = (usize, &str)> {
    names.split('/').scan(at, |next, segment| {
        let at = *next;
        *next = at.saturating_add(segment.len()).saturating_add(1);
        Some((at, segment))
    })
}

/// The names, decoded.
fn decode<'a>(names: &'a str, at: usize, rules: &UriRules) -> Result<Cow<'a, str>, UriError> {
    let malformed = |at| Err(UriErrorKind::Malformed.at(at));
    if let Some((at, _)) = placed(names, at).find(|(_, segment)| is_step(segment)) {
        return malformed(at);
    }
    let (depth, len) = (rules.limits.depth(), rules.limits.segment_len());
    for (count, (at, segment)) in placed(names, at).enumerate() {
        if let Some(far) = beyond(segment, len) {
            return Err(UriErrorKind::TooLong.at(at.saturating_add(far)));
        }
        if count >= depth {
            return Err(UriErrorKind::TooLong.at(at));
        }
    }
    let raw = |c: char| {
        if c.is_ascii() {
            c == '/' || (!c.is_ascii_control() && (rules.takes_raw() || is_pchar(c)))
        } else {
            !c.is_control()
        }
    };
    if let Some((bad, _)) = names.char_indices().find(|(_, c)| *c != '%' && !raw(*c)) {
        return malformed(at.saturating_add(bad));
    }
    let decoded = if names.contains('%') { Cow::Owned(unescape(names, at)?) } else { Cow::Borrowed(names) };
    let bad = |name: &str| is_step(name) || (rules.windows && name == "*") || name.contains(char::is_control);
    if let Some(((at, _), _)) = placed(names, at).zip(decoded.split('/')).find(|(_, name)| bad(name)) {
        return malformed(at);
    }
    Ok(decoded)
}

/// Decodes each `%HH`, of which none may be a slash: then the slashes are those that were there.
fn unescape(names: &str, at: usize) -> Result<String, UriError> {
    let mut octets = Vec::with_capacity(names.len());
    let mut rest = names.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            octets.push(*first);
            continue;
        }
        let here = at.saturating_add(names.len()).saturating_sub(tail.len()).saturating_sub(1);
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let octet = match tail {
            [high, low, after @ ..] => {
                rest = after;
                digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low)
            }
            _ => None,
        };
        match octet {
            None | Some(b'/') => return Err(UriErrorKind::Malformed.at(here)),
            Some(octet) => octets.push(octet),
        }
    }
    // Not all escapes together make UTF-8: the first segment that is none has the blame.
    String::from_utf8(octets).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let index = error.as_bytes().iter().take(good).filter(|octet| **octet == b'/').count();
        UriErrorKind::Malformed.at(placed(names, at).nth(index).map_or(at, |(at, _)| at))
    })
}

/// Whether it is no name, but nothing, or a step to where one is or up.
fn is_step(name: &str) -> bool {
    matches!(name, "" | "." | "..")
}

/// `pchar` of RFC 2396 but for the escape.
fn is_pchar(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '.' | '!' | '~' | '*' | '\'' | '(' | ')' | ':' | '@' | '&' | '=' | '+' | '$' | ',')
}

/// Where the character after the first `limit` ones stands, if there is one.
fn beyond(text: &str, limit: usize) -> Option<usize> {
    if text.len() <= limit {
        return None;
    }
    text.char_indices().nth(limit).map(|(at, _)| at)
}

/// How many characters a text has, which is what the limits of URIs count.
#[must_use]
pub fn chars(text: &str) -> usize {
    text.chars().count()
}

/// How URIs of answers start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Style {
    /// `./A/B`.
    Dotted,
    /// `A/B`.
    Bare,
}

/// Writes URIs from decoded names.
///
/// ```
/// use dm_session::tree::dm1::{Style, UriWriter};
///
/// let writer = UriWriter::new(Style::Bare, true);
/// assert_eq!(writer.write(["DevDetail", "Größe"]), "DevDetail/Gr%C3%B6%C3%9Fe");
/// assert_eq!(writer.write([]), ".");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UriWriter<'a> {
    front: &'a str,
    escape_non_ascii: bool,
}

impl<'a> UriWriter<'a> {
    /// Of this style.
    #[must_use]
    pub const fn new(style: Style, escape_non_ascii: bool) -> Self {
        let front = match style {
            Style::Dotted => ".",
            Style::Bare => "",
        };
        Self { front, escape_non_ascii }
    }

    /// The URI of the node with these names; without any, that of the root.
    #[must_use]
    pub fn write<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> String {
        let mut uri = String::from(self.front);
        for name in names {
            self.push(&mut uri, name);
        }
        if uri.is_empty() {
            uri.push('.');
        }
        uri
    }

    /// What stands for the root, to start a URI that [`push`](Self::push) goes on with; empty if bare.
    #[must_use]
    pub const fn front(&self) -> &'a str {
        self.front
    }

    /// Appends one name to a URI that [`front`](Self::front) started.
    pub fn push(&self, uri: &mut String, name: &str) {
        if !uri.is_empty() {
            uri.push('/');
        }
        uri.push_str(&escape_name(name, self.escape_non_ascii));
    }
}

/// A name as a segment: what the grammar does not have raw becomes `%HH`, characters outside of ASCII only if told so.
///
/// ```
/// use dm_session::tree::dm1::escape_name;
///
/// assert_eq!(escape_name("a b+c", true), "a%20b+c");
/// assert_eq!(escape_name("ä?", false), "ä%3F");
/// ```
#[must_use]
pub fn escape_name(name: &str, escape_non_ascii: bool) -> Cow<'_, str> {
    if escape_non_ascii {
        return escape_segment(name).into_cow();
    }
    if name.chars().all(is_raw) {
        return Cow::Borrowed(name);
    }
    let mut segment = String::with_capacity(name.len());
    let mut octets = [0; 4];
    for c in name.chars() {
        if is_raw(c) {
            segment.push(c);
        } else {
            segment.push_str(&escape_segment(c.encode_utf8(&mut octets)));
        }
    }
    Cow::Owned(segment)
}

/// How many characters [`escape_name`] makes of a name.
#[must_use]
pub fn escaped_chars(name: &str, escape_non_ascii: bool) -> usize {
    let cost = |c: char| {
        let raw = if escape_non_ascii { is_pchar(c) } else { is_raw(c) };
        if raw { 1 } else { c.len_utf8().saturating_mul(3) }
    };
    name.chars().map(cost).fold(0, usize::saturating_add)
}

/// What needs no escape where characters outside of ASCII are left as they are. XML does not have all of them.
fn is_raw(c: char) -> bool {
    if c.is_ascii() { is_pchar(c) } else { !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}') }
}

/// What follows the `?` of a URI.
///
/// ```text
/// query = "prop=" prop-name / "list=" ( "Struct" / "StructData" / tnds-list )
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriQuery {
    /// `prop=…`: a property of the node.
    Prop(Property),
    /// `list=Struct`: the nodes below.
    Struct,
    /// `list=StructData`: the nodes below with their values.
    StructData,
    /// `list=TNDS…`: the nodes in one serialized object.
    Tnds(TndsSelection),
}

impl UriQuery {
    /// Compared as it is written, escapes and all.
    fn parse(text: &str, strictness: Strictness) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        if is_word(key, PROP, strictness) {
            return Property::from_name(value, strictness).map(Self::Prop);
        }
        if !is_word(key, LIST, strictness) {
            return None;
        }
        if is_word(value, "Struct", strictness) {
            return Some(Self::Struct);
        }
        if is_word(value, "StructData", strictness) {
            return Some(Self::StructData);
        }
        let (word, properties) = value.split_at_checked(4)?;
        if is_word(word, "TNDS", strictness) {
            TndsSelection::parse(properties, strictness).map(Self::Tnds)
        } else {
            None
        }
    }
}

/// Whether a text is this word; lenient: in any letter case.
fn is_word(text: &str, word: &str, strictness: Strictness) -> bool {
    text == word || (strictness == Strictness::Lenient && text.eq_ignore_ascii_case(word))
}

/// A run-time property of a node (OMA-TS-DM_TND-V1_2 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Property {
    /// Access control list.
    Acl,
    /// How the value is encoded.
    Format,
    /// The name, which is the last segment of the URI.
    Name,
    /// Bytes of the value.
    Size,
    /// A name for people.
    Title,
    /// When it was last changed.
    TStamp,
    /// Media type, or identifier of the management object.
    Type,
    /// How often it was changed.
    VerNo,
}

impl Property {
    /// All of them, by name.
    pub const ALL: [Self; 8] =
        [Self::Acl, Self::Format, Self::Name, Self::Size, Self::Title, Self::TStamp, Self::Type, Self::VerNo];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acl => "ACL",
            Self::Format => "Format",
            Self::Name => "Name",
            Self::Size => "Size",
            Self::Title => "Title",
            Self::TStamp => "TStamp",
            Self::Type => "Type",
            Self::VerNo => "VerNo",
        }
    }

    /// The property with this name; lenient: in any letter case.
    #[must_use]
    pub fn from_name(name: &str, strictness: Strictness) -> Option<Self> {
        Self::ALL.into_iter().find(|property| is_word(name, property.as_str(), strictness))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a serialized object can have of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TndsProperty {
    /// Access control list.
    Acl,
    /// How the value is encoded.
    Format,
    /// A name for people.
    Title,
    /// When it was last changed.
    TStamp,
    /// Media type, or identifier of the management object.
    Type,
    /// How often it was changed.
    VerNo,
    /// The value.
    Value,
}

impl TndsProperty {
    /// All of them, by name.
    pub const ALL: [Self; 7] =
        [Self::Acl, Self::Format, Self::Title, Self::TStamp, Self::Type, Self::VerNo, Self::Value];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.property() {
            Some(property) => property.as_str(),
            None => "Value",
        }
    }

    /// The property; `None` for the value.
    #[must_use]
    pub const fn property(self) -> Option<Property> {
        Some(match self {
            Self::Acl => Property::Acl,
            Self::Format => Property::Format,
            Self::Title => Property::Title,
            Self::TStamp => Property::TStamp,
            Self::Type => Property::Type,
            Self::VerNo => Property::VerNo,
            Self::Value => return None,
        })
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a `?list=TNDS` is to have: everything, `+` only what is listed, `-` everything but that.
///
/// `Type` is kept with `+` even if it is not listed, since a serialized object has to have it.
///
/// ```
/// use dm_session::tree::dm1::{NodeUri, TndsProperty, UriQuery, UriRules};
///
/// let uri = NodeUri::parse("./A?list=TNDS+ACL+Value", &UriRules::STRICT)?;
/// let Some(UriQuery::Tnds(selection)) = uri.query() else { panic!() };
/// assert!(selection.iter().eq([TndsProperty::Acl, TndsProperty::Type, TndsProperty::Value]));
/// assert!(selection.listed().eq([TndsProperty::Acl, TndsProperty::Value]));
/// # Ok::<(), dm_session::tree::dm1::UriError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TndsSelection {
    kept: u8,
    listed: u8,
}

impl TndsSelection {
    /// Everything.
    pub const ALL: Self = Self { kept: 0x7f, listed: 0 };

    /// Reads what follows `TNDS`.
    fn parse(text: &str, strictness: Strictness) -> Option<Self> {
        let (sign, names) = match text.split_at_checked(1) {
            None if text.is_empty() => return Some(Self::ALL),
            Some(("+", names)) => ('+', names),
            Some(("-", names)) => ('-', names),
            _ => return None,
        };
        let mut listed = 0;
        // No name has a sign, so that a mix of them is an unknown name.
        for name in names.split(sign) {
            let of_name = |property: &TndsProperty| is_word(name, property.as_str(), strictness);
            listed |= TndsProperty::ALL.into_iter().find(of_name)?.bit();
        }
        let kept = if sign == '+' { listed | TndsProperty::Type.bit() } else { Self::ALL.kept & !listed };
        Some(Self { kept, listed })
    }

    /// Whether the object is to have it.
    #[must_use]
    pub const fn contains(self, property: TndsProperty) -> bool {
        self.kept & property.bit() != 0
    }

    /// What the object is to have.
    pub fn iter(self) -> impl Iterator<Item = TndsProperty> {
        TndsProperty::ALL.into_iter().filter(move |property| self.contains(*property))
    }

    /// What the query named, with either sign: a device without one of these answers 406.
    pub fn listed(self) -> impl Iterator<Item = TndsProperty> {
        TndsProperty::ALL.into_iter().filter(move |property| self.listed & property.bit() != 0)
    }
}

impl Default for TndsSelection {
    fn default() -> Self {
        Self::ALL
    }
}

/// Why a URI cannot be used, and at which byte of it.
///
/// ```
/// use dm_session::tree::dm1::{NodeUri, UriErrorKind, UriRules};
///
/// let error = NodeUri::parse("./A//B", &UriRules::STRICT).unwrap_err();
/// assert_eq!((error.kind(), error.offset(), error.status().code()), (UriErrorKind::Malformed, 4, 404));
/// assert_eq!(error.to_string(), "malformed URI at byte 4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UriError {
    kind: UriErrorKind,
    offset: usize,
}

/// The cause of a [`UriError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriErrorKind {
    /// Beyond one of the [`UriLimits`] or of the hard caps: 414.
    TooLong,
    /// Not a URI that could name a node: 404.
    Malformed,
    /// A query that is not known, or names a property that is not: 406.
    Query,
}

impl UriErrorKind {
    const fn at(self, offset: usize) -> UriError {
        UriError { kind: self, offset }
    }

    /// The status with which a server is told.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::Malformed => StatusCode::NOT_FOUND,
            Self::Query => StatusCode::NOT_SUPPORTED,
        }
    }
}

impl UriError {
    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> UriErrorKind {
        self.kind
    }

    /// The first byte that could not be used: of the segment where its decoded name is at fault, of the query where
    /// that is.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The status with which a server is told.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

impl fmt::Display for UriErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "URI too long",
            Self::Malformed => "malformed URI",
            Self::Query => "unknown query",
        })
    }
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for UriError {}
