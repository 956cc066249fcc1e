//! Values of leaves as DM 1.x writes them: Meta and Data of an Item, Values of TNDS, Results (§6.2, §7.1 and §8.3 of
//! the tree reference).

use super::super::arena::Node;
use super::super::definition::{Constraint, Entry};
use super::super::mo_tree::MoTree;
use super::super::value::{Format, Value};
use super::engine::{Run, Stop, config, format_of, strict};
use super::operation::{Content, Data};
use super::tnds::TndsValue;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::{Encoding, StatusCode};

/// What a leaf is to hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) format: Format,
    pub(super) value: Option<Value>,
    /// Its media type, if it is not `text/plain`.
    pub(super) media_type: Option<Box<str>>,
    /// The text as it came, where it is not the canonical one.
    pub(super) spelling: Option<Box<str>>,
}

impl Leaf {
    /// What the tree keeps of it: not the value where that is outside, which the host gets.
    pub(super) fn settled(self, is_external: bool, outside: &mut Option<Value>) -> Self {
        if !is_external {
            return self;
        }
        *outside = Some(self.value.unwrap_or_else(|| empty(self.format)));
        Self { value: None, spelling: None, ..self }
    }
}

/// Where what a leaf is to hold comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// An Item.
    Item(&'a Content),
    /// A Node of a TNDS object.
    Tnds { format: Format, media_type: Option<&'a str>, value: Option<&'a TndsValue> },
    /// Another leaf.
    Leaf(&'a Leaf),
    /// An interior node.
    Interior,
}

impl Source<'_> {
    /// The format that is named, if one is.
    pub(super) fn format(&self) -> Result<Option<Format>, Stop> {
        match self {
            Self::Item(content) => match content.format.as_deref().map(trimmed).filter(|name| !name.is_empty()) {
                None => Ok(None),
                Some(name) => Ok(Some(Format::from_name(name).ok_or(StatusCode::UNSUPPORTED_FORMAT)?)),
            },
            Self::Tnds { format, .. } => Ok(Some(*format)),
            Self::Leaf(leaf) => Ok(Some(leaf.format)),
            Self::Interior => Ok(Some(Format::Node)),
        }
    }

    /// The media type, or identifier of an MO, that is named, if one is.
    pub(super) fn media_type(&self) -> Option<&str> {
        let text = match self {
            Self::Item(content) => content.media_type.as_deref(),
            Self::Tnds { media_type, .. } => *media_type,
            Self::Leaf(leaf) => Some(leaf.media_type.as_deref().unwrap_or(PLAIN)),
            Self::Interior => None,
        };
        text.map(trimmed).filter(|text| !text.is_empty())
    }

    /// The identifier of the MO of which an interior node is to be the root.
    pub(super) fn moid(&self) -> Option<&str> {
        self.media_type().filter(|text| !text.eq_ignore_ascii_case(PLAIN))
    }

    /// Refuses data for an interior node.
    pub(super) fn no_data(&self) -> Result<(), Stop> {
        let blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
        let empty = match self {
            Self::Item(content) => match &content.data {
                Data::None => true,
                Data::Text(text) => blank(text.as_bytes()),
                Data::Bytes(bytes) => blank(bytes),
                Data::Element(_) => false,
            },
            Self::Tnds { .. } | Self::Leaf(_) | Self::Interior => true,
        };
        if empty { Ok(()) } else { Err(StatusCode::COMMAND_FAILED.into()) }
    }
}

/// The media type of leaves for which none is named.
const PLAIN: &str = "text/plain";

/// How bytes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// As they are.
    Plain,
    Base64,
}

impl Run<'_> {
    /// What a leaf would hold: that of `entry`, if one describes it, and that is `current`, if it exists.
    pub(super) fn read_leaf(
        &self,
        tree: &MoTree,
        entry: Option<&Entry>,
        current: Option<&Node>,
        source: Source<'_>,
    ) -> Result<Leaf, Stop> {
        let named = source.format()?;
        let media_type = media_type_for(tree, entry, current, source.media_type())?;
        let format = match source {
            Source::Item(_) => format_for(tree, entry, current, named, media_type)?,
            Source::Tnds { .. } | Source::Leaf(_) | Source::Interior => exact_format(entry, named, source)?,
        };
        let stored_type = if media_type.eq_ignore_ascii_case(PLAIN) { None } else { Some(media_type.into()) };
        let leaf = |value, spelling| Leaf { format, value, media_type: stored_type, spelling };
        let most = entry.and_then(most_bytes).unwrap_or(usize::MAX).min(tree.limits().value_len);
        if let Some(announced) = self.checking {
            return self.check_size(source, named, format, announced, most).map(|()| leaf(None, None));
        }
        let (value, spelling) = match source {
            Source::Item(content) => self.read_item(tree, content, named, format)?,
            Source::Tnds { value: None, .. } => {
                let default = entry.and_then(|entry| entry.default.clone()).and_then(|it| it.into_format(format));
                return Ok(leaf(default.or_else(|| has_empty(format).then(|| empty(format))), None));
            }
            Source::Tnds { value: Some(TndsValue::Text(text)), .. } => {
                if matches!(format, Format::Bin | Format::B64) && !text.is_empty() {
                    return Err(StatusCode::UNSUPPORTED_FORMAT.into());
                }
                read_text(tree, format, text)?
            }
            Source::Tnds { value: Some(TndsValue::Bytes(bytes)), .. } => read_bytes(tree, format, Wire::Plain, bytes)?,
            Source::Leaf(leaf) if leaf.format == format => (leaf.value.clone(), leaf.spelling.clone()),
            Source::Leaf(_) | Source::Interior => return Err(StatusCode::UNSUPPORTED_FORMAT.into()),
        };
        let len = value.as_ref().map_or(0, Value::weight).max(spelling.as_deref().map_or(0, str::len));
        if len > most {
            return Err(StatusCode::TOO_LARGE.into());
        }
        if let Some(constraint) = entry.and_then(Entry::constraint)
            && !meets(constraint, value.as_ref())
        {
            return Err(StatusCode::COMMAND_FAILED.into());
        }
        Ok(leaf(value, spelling))
    }

    /// The announced size of data that is still to come.
    fn check_size(
        &self,
        source: Source<'_>,
        named: Option<Format>,
        format: Format,
        announced: Option<u64>,
        most: usize,
    ) -> Result<(), Stop> {
        let base64 = match source {
            Source::Item(content) => format == Format::Bin && self.wire(content, named, format) == Wire::Base64,
            _ => false,
        };
        // Four characters carry three bytes at the most.
        let bytes = |size: u64| if base64 { size.div_euclid(4).saturating_mul(3).saturating_sub(2) } else { size };
        match announced {
            Some(size) if usize::try_from(bytes(size)).map_or(true, |size| size > most) => {
                Err(StatusCode::TOO_LARGE.into())
            }
            _ => Ok(()),
        }
    }

    fn wire(&self, content: &Content, named: Option<Format>, format: Format) -> Wire {
        let text_in_xml = matches!(content.data, Data::Text(_)) && self.request.encoding == Encoding::Xml;
        if named == Some(Format::B64) || format == Format::B64 || text_in_xml { Wire::Base64 } else { Wire::Plain }
    }

    fn read_item(&self, tree: &MoTree, content: &Content, named: Option<Format>, format: Format) -> Read {
        let text_in_xml = matches!(&content.data, Data::Text(text) if !text.is_empty());
        if named == Some(Format::Bin) && text_in_xml && self.request.encoding == Encoding::Xml && strict(tree) {
            return Err(StatusCode::UNSUPPORTED_FORMAT.into());
        }
        let wire = self.wire(content, named, format);
        match &content.data {
            Data::None => read_bytes(tree, format, wire, b""),
            Data::Text(text) if matches!(format, Format::Bin | Format::B64) => {
                read_bytes(tree, format, wire, text.as_bytes())
            }
            Data::Text(text) => read_text(tree, format, text),
            Data::Bytes(bytes) => read_bytes(tree, format, wire, bytes),
            Data::Element(element) => {
                let text = element.to_xml().map_err(|_| StatusCode::UNSUPPORTED_FORMAT)?;
                read_text(tree, format, &text)
            }
        }
    }
}

/// A value and its spelling.
type Read = Result<(Option<Value>, Option<Box<str>>), Stop>;

fn media_type_for<'a>(
    tree: &MoTree,
    entry: Option<&'a Entry>,
    current: Option<&'a Node>,
    named: Option<&'a str>,
) -> Result<&'a str, Stop> {
    let types = entry.map_or(&[][..], Entry::types);
    let strict_meta = config(tree)?.strict_meta;
    let media_type = match (named, current) {
        (Some(named), _) => named,
        (None, Some(node)) if !strict_meta => node.media_type(),
        (None, Some(_)) => PLAIN,
        (None, None) => types.first().map_or(PLAIN, |first| first),
    };
    if !is_xml_text(media_type) {
        return Err(StatusCode::UNSUPPORTED_FORMAT.into());
    }
    if types.is_empty() || types.iter().any(|allowed| essence(allowed).eq_ignore_ascii_case(essence(media_type))) {
        return Ok(media_type);
    }
    Err(StatusCode::UNSUPPORTED_FORMAT.into())
}

fn format_for(
    tree: &MoTree,
    entry: Option<&Entry>,
    current: Option<&Node>,
    named: Option<Format>,
    media_type: &str,
) -> Result<Format, Stop> {
    let may_be = |format| entry.is_none_or(|entry| entry.formats().any(|allowed| allowed == format));
    let strict_meta = config(tree)?.strict_meta;
    let format = match (named, current.map(format_of)) {
        (Some(Format::B64), now) => match (may_be(Format::B64), may_be(Format::Bin), now) {
            (true, false, _) => Format::B64,
            (false, true, _) => Format::Bin,
            (_, _, Some(now @ (Format::Bin | Format::B64))) => now,
            _ if is_binary(media_type) => Format::Bin,
            _ => Format::B64,
        },
        (Some(format), _) => format,
        (None, Some(now)) if !strict_meta => now,
        (None, None) if !strict(tree) && !may_be(Format::Chr) => entry.map_or(Format::Chr, |entry| entry.format),
        (None, _) => Format::Chr,
    };
    if format != Format::Node && may_be(format) { Ok(format) } else { Err(StatusCode::UNSUPPORTED_FORMAT.into()) }
}

/// A format that is no matter of how bytes travel.
fn exact_format(entry: Option<&Entry>, named: Option<Format>, source: Source<'_>) -> Result<Format, Stop> {
    let may_be = |format| entry.is_none_or(|entry| entry.formats().any(|allowed| allowed == format));
    match named {
        Some(format) if format != Format::Node && may_be(format) => Ok(format),
        Some(Format::B64) if may_be(Format::Bin) && matches!(source, Source::Tnds { .. }) => Ok(Format::Bin),
        _ => Err(StatusCode::UNSUPPORTED_FORMAT.into()),
    }
}

/// Whether XML has all characters of a text (XML 1.0 §2.2). What it has not belongs into `bin`: in a text it would
/// make every answer useless that it is in.
pub(super) fn is_xml_text(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')))
}

/// Whether data of this media type is no text, so that Base64 only carries it.
fn is_binary(media_type: &str) -> bool {
    let media_type = essence(media_type).to_ascii_lowercase();
    let Some((main, sub)) = media_type.split_once('/') else { return false };
    let textual = ["xml", "json", "javascript", "sdp", "x-www-form-urlencoded"];
    let is_text = |sub: &str| textual.iter().any(|name| sub == *name || sub.rsplit('+').next() == Some(name));
    match main {
        "text" | "message" | "multipart" => false,
        _ => !is_text(sub),
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    trimmed(media_type.split(';').next().unwrap_or_default())
}

/// Without white space of XML around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The value that a leaf has with no data; formats that have none stay without.
fn empty(format: Format) -> Value {
    match format {
        Format::Xml => Value::Xml(String::new()),
        Format::Bin => Value::Bin(Vec::new()),
        Format::B64 => Value::B64(Vec::new()),
        Format::Null => Value::Null,
        _ => Value::Chr(String::new()),
    }
}

const fn has_empty(format: Format) -> bool {
    matches!(format, Format::Chr | Format::Xml | Format::Bin | Format::B64 | Format::Null)
}

fn read_bytes(tree: &MoTree, format: Format, wire: Wire, bytes: &[u8]) -> Read {
    let refused = || Stop::from(StatusCode::UNSUPPORTED_FORMAT);
    match (format, wire) {
        (Format::Bin, Wire::Plain) => Ok((Some(Value::Bin(bytes.to_vec())), None)),
        (Format::B64, Wire::Plain) => Ok((Some(Value::B64(bytes.to_vec())), None)),
        (Format::Bin | Format::B64, Wire::Base64) => {
            let text = core::str::from_utf8(bytes).map_err(|_| refused())?;
            let dense: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
            let value = Value::parse(format, &dense).ok_or_else(refused)?;
            let spelling = spelling_of(&value, text).filter(|_| format == Format::B64);
            Ok((Some(value), spelling))
        }
        _ => read_text(tree, format, core::str::from_utf8(bytes).map_err(|_| refused())?),
    }
}

/// A value that is written as text. Lenient: white space around numbers, and truth values as they are written elsewhere.
fn read_text(tree: &MoTree, format: Format, text: &str) -> Read {
    let refused = StatusCode::UNSUPPORTED_FORMAT;
    if !is_xml_text(text) {
        return Err(refused.into());
    }
    if matches!(format, Format::Chr | Format::Xml | Format::Bin | Format::B64) {
        return match Value::parse(format, text) {
            Some(value) => Ok((Some(value), None)),
            None => Err(refused.into()),
        };
    }
    let lenient = !strict(tree);
    let word = if lenient { trimmed(text) } else { text };
    if word.is_empty() {
        return Ok((Some(empty(format)).filter(|_| has_empty(format)), None));
    }
    let value = match format {
        Format::Null => None,
        Format::Int => word.parse::<i32>().ok().map(|number| Value::Int(number.into())),
        Format::Bool if lenient => match word {
            "1" => Some(Value::Bool(true)),
            "0" => Some(Value::Bool(false)),
            word => Value::parse(format, &word.to_ascii_lowercase()),
        },
        format => Value::parse(format, word),
    };
    let value = value.ok_or(refused)?;
    let spelling = spelling_of(&value, text);
    Ok((Some(value), spelling))
}

fn spelling_of(value: &Value, text: &str) -> Option<Box<str>> {
    if *value.text() == *text { None } else { Some(text.into()) }
}

/// The longest value that an entry allows.
fn most_bytes(entry: &Entry) -> Option<usize> {
    match entry.constraint() {
        Some(Constraint::MaxLen(len)) => Some(*len),
        _ => None,
    }
}

/// Whether a value is one that a leaf may have.
pub(super) fn meets(constraint: &Constraint, value: Option<&Value>) -> bool {
    match constraint {
        Constraint::MaxLen(_) => true,
        Constraint::OneOf(texts) => value.is_some_and(|value| texts.iter().any(|allowed| *allowed == *value.text())),
        Constraint::Range(from, to) => match value {
            Some(Value::Int(number)) => (from..=to).contains(&number),
            #[expect(clippy::cast_precision_loss, reason = "what a float leaf can hold is compared")]
            Some(Value::Float(number)) => (*from as f64..=*to as f64).contains(number),
            Some(value) => value.text().parse::<i64>().is_ok_and(|number| (from..=to).contains(&&number)),
            None => false,
        },
    }
}

/// Bytes of the value that a node keeps: of `b64` the characters.
pub(super) fn stored_size(node: &Node) -> usize {
    match node.value() {
        Some(Value::Bin(bytes)) => bytes.len(),
        Some(Value::Null) | None => 0,
        Some(_) => node.text().map_or(0, |text| text.len()),
    }
}

/// The same of a value that is elsewhere.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Bin(bytes) => bytes.len(),
        Value::Null => 0,
        value => value.text().len(),
    }
}

/// Text as Data.
pub(super) fn text_data(text: &str) -> Data {
    if text.is_empty() { Data::None } else { Data::Text(text.to_string()) }
}

/// A value as Data of Results: bytes as they are, whatever form they will travel in.
pub(super) fn write(value: Option<&Value>, spelling: Option<&str>) -> Data {
    match value {
        Some(Value::Bin(bytes)) if !bytes.is_empty() => Data::Bytes(bytes.clone()),
        Some(Value::Bin(_) | Value::Null) | None => Data::None,
        Some(value) => text_data(&spelling.map_or_else(|| value.text(), Cow::Borrowed)),
    }
}

/// How long data is in a message of that form.
pub(super) fn sent_len(data: &Data, encoding: Encoding) -> usize {
    match (data, encoding) {
        (Data::Bytes(bytes), Encoding::Xml) => bytes.len().div_ceil(3).saturating_mul(4),
        (data, _) => data.len(),
    }
}

/// The text as it was received, where that is not the canonical one.
pub(super) fn spelling(node: &Node) -> Option<&str> {
    node.props.as_deref()?.spelling.as_deref()
}

/// The media type of a leaf, if it is not `text/plain`.
pub(super) fn other_type(node: &Node) -> Option<String> {
    let media_type = node.media_type();
    if media_type == PLAIN { None } else { Some(media_type.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{TreeConfig, dm1};
    use dm_package::Strictness;

    fn tree(strictness: Strictness) -> MoTree {
        MoTree::new(TreeConfig::new(1).with_strictness(strictness).with_dm1(dm1::Config::new())).unwrap()
    }

    fn read(strictness: Strictness, format: Format, text: &str) -> Result<(Option<Value>, Option<Box<str>>), Stop> {
        read_text(&tree(strictness), format, text)
    }

    #[test]
    fn values_are_read_by_format() {
        use Strictness::{Lenient, Strict};
        assert_eq!(read(Strict, Format::Int, "007"), Ok((Some(Value::Int(7)), Some("007".into()))));
        assert_eq!(read(Strict, Format::Int, "-2147483648"), Ok((Some(Value::Int(-2_147_483_648)), None)));
        assert!(read(Strict, Format::Int, "2147483648").is_err());
        assert!(read(Strict, Format::Int, " 7").is_err());
        assert_eq!(read(Lenient, Format::Int, " 7"), Ok((Some(Value::Int(7)), Some(" 7".into()))));
        assert!(read(Strict, Format::Bool, "1").is_err());
        assert_eq!(read(Lenient, Format::Bool, "TRUE"), Ok((Some(Value::Bool(true)), Some("TRUE".into()))));
        assert_eq!(read(Lenient, Format::Bool, "0"), Ok((Some(Value::Bool(false)), Some("0".into()))));
        assert!(read(Strict, Format::Null, "x").is_err());
        assert_eq!(read(Strict, Format::Null, ""), Ok((Some(Value::Null), None)));
        assert_eq!(read(Strict, Format::Int, ""), Ok((None, None)));
        assert_eq!(read(Strict, Format::Chr, " a "), Ok((Some(Value::Chr(" a ".into())), None)));
    }

    #[test]
    fn base64_keeps_its_text() {
        let tree = tree(Strictness::Strict);
        let b64 = read_bytes(&tree, Format::B64, Wire::Base64, b"AQ\r\nID").unwrap();
        assert_eq!(b64, (Some(Value::B64([1, 2, 3].into())), Some("AQ\r\nID".into())));
        let bin = read_bytes(&tree, Format::Bin, Wire::Base64, b"AQ\r\nID").unwrap();
        assert_eq!(bin, (Some(Value::Bin([1, 2, 3].into())), None));
        assert!(read_bytes(&tree, Format::Bin, Wire::Base64, b"A*").is_err());
    }

    #[test]
    fn media_types_tell_bytes_from_text() {
        for binary in ["image/png", "application/octet-stream", "Application/vnd.x; a=b", "audio/mpeg"] {
            assert!(is_binary(binary), "{binary}");
        }
        for text in ["text/plain", "application/xml", "image/svg+xml", "application/json", "x", ""] {
            assert!(!is_binary(text), "{text}");
        }
    }

    #[test]
    fn conditions_hold_or_not() {
        let range = Constraint::Range(1, 65_535);
        assert!(meets(&range, Some(&Value::Int(65_535))) && !meets(&range, Some(&Value::Int(0))));
        assert!(meets(&range, Some(&"80".into())) && !meets(&range, Some(&"eighty".into())) && !meets(&range, None));
        let list = Constraint::OneOf(["a".into(), "b".into()].into());
        assert!(meets(&list, Some(&"b".into())) && !meets(&list, Some(&"c".into())));
    }
}
