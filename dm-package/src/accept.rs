//! Media types, `Accept` and `OMADM-Accept`, and what comes of them (§3).

use alloc::vec::Vec;

use crate::{StatusCode, Strictness};

/// Package#1.
pub const INITIATION: &str = "application/vnd.oma.dm.initiation+json";
/// Package#2.
pub const REQUEST: &str = "application/vnd.oma.dm.request+json";
/// Package#3.
pub const RESPONSE: &str = "application/vnd.oma.dm.response+json";
/// Management object serializations. OUR DECISION: the public text names no type; this is the one seen in use.
pub const MO: &str = "application/dmmo+json";

/// A media type: `type/subtype`, parameters aside.
///
/// ```
/// use dm_package::{MediaType, media};
/// let header = MediaType::parse("Application/VND.oma.dm.request+json; charset=utf-8").unwrap();
/// assert!(header.is(media::REQUEST));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType<'a> {
    main: &'a str,
    sub: &'a str,
    params: &'a str,
}

impl<'a> MediaType<'a> {
    /// Reads a `Content-Type` value; `None` when it is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (essence, params) = text.split_once(';').unwrap_or((text, ""));
        let (main, sub) = essence.trim_matches(BLANK).split_once('/')?;
        (is_token(main) && is_token(sub)).then_some(Self { main, sub, params })
    }

    /// The part before the slash, as it is written.
    #[must_use]
    pub const fn main_type(&self) -> &'a str {
        self.main
    }

    /// The part after the slash, as it is written.
    #[must_use]
    pub const fn subtype(&self) -> &'a str {
        self.sub
    }

    /// Whether it is this type, in any letter case and with any parameters.
    #[must_use]
    pub fn is(&self, essence: &str) -> bool {
        MediaType::parse(essence).is_some_and(|other| self.same(&other))
    }

    /// Whether it is a type of management object serializations: [`MO`], and for lenient readers also
    /// `application/json` and `application/vnd.oma.dm.*+json` (OUR DECISION).
    #[must_use]
    pub fn is_mo_data(&self, strictness: Strictness) -> bool {
        if self.is(MO) {
            return true;
        }
        let starts =
            |text: &str, head: &str| text.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head));
        let ends = |text: &str, tail: &str| {
            text.len()
                .checked_sub(tail.len())
                .and_then(|at| text.get(at..))
                .is_some_and(|found| found.eq_ignore_ascii_case(tail))
        };
        strictness == Strictness::Lenient
            && self.main.eq_ignore_ascii_case("application")
            && (self.sub.eq_ignore_ascii_case("json") || (starts(self.sub, "vnd.oma.dm.") && ends(self.sub, "+json")))
    }

    fn same(&self, other: &MediaType<'_>) -> bool {
        self.main.eq_ignore_ascii_case(other.main) && self.sub.eq_ignore_ascii_case(other.sub)
    }
}

/// A media range of an [`AcceptList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range<'a> {
    media: MediaType<'a>,
    /// Thousandths.
    quality: u16,
}

/// The value of an `Accept` or `OMADM-Accept` header (RFC 7231 §5.3.2; both have one grammar, §3.2).
///
/// The most specific range that covers a type decides on it. Parameters do not keep a range from covering a type,
/// since the types here have none that matter (OUR DECISION, §3.1); a range whose parameters the type has comes first,
/// one whose parameters it lacks comes after the range without any.
///
/// ```
/// use dm_package::AcceptList;
/// let accept = AcceptList::parse("application/*;q=0.5, application/dmmo+json, text/plain;q=0");
/// assert_eq!(accept.quality("application/dmmo+json"), 1000);
/// assert_eq!(accept.quality("application/json"), 500);
/// assert!(!accept.accepts("text/plain"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptList<'a> {
    /// `None` when there was no header.
    ranges: Option<Vec<Range<'a>>>,
}

impl<'a> AcceptList<'a> {
    /// What an absent header means: everything is accepted.
    #[must_use]
    pub const fn any() -> Self {
        Self { ranges: None }
    }

    /// Reads a header value. Members that are malformed are skipped; a value without good members accepts nothing.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        Self { ranges: Some(split_quoted(text, ',').filter_map(range).collect()) }
    }

    /// Reads a header that may be absent.
    #[must_use]
    pub fn from_header(value: Option<&'a str>) -> Self {
        value.map_or(Self::any(), Self::parse)
    }

    /// How welcome a type is, in thousandths; 0 is refused.
    #[must_use]
    pub fn quality(&self, media_type: &str) -> u16 {
        let Some(ranges) = &self.ranges else { return 1000 };
        let Some(media) = MediaType::parse(media_type) else { return 0 };
        let matching = ranges.iter().filter_map(|range| Some((specificity(&range.media, &media)?, range.quality)));
        matching.max().map_or(0, |(_, quality)| quality)
    }

    /// Whether a type is welcome at all.
    #[must_use]
    pub fn accepts(&self, media_type: &str) -> bool {
        self.quality(media_type) > 0
    }

    /// The most welcome of several types, the first of equals.
    #[must_use]
    pub fn best<'b>(&self, offered: &[&'b str]) -> Option<&'b str> {
        let mut best: Option<(u16, &'b str)> = None;
        for media_type in offered {
            let quality = self.quality(media_type);
            if quality > best.map_or(0, |(quality, _)| quality) {
                best = Some((quality, media_type));
            }
        }
        best.map(|(_, media_type)| media_type)
    }
}

/// How closely a range describes a type; `None` when it does not cover it.
fn specificity(range: &MediaType<'_>, media: &MediaType<'_>) -> Option<u8> {
    if range.main == "*" && range.sub == "*" {
        return Some(0);
    }
    if range.sub == "*" {
        return range.main.eq_ignore_ascii_case(media.main).then_some(1);
    }
    if !range.same(media) {
        return None;
    }
    let mut params = media_params(range.params).peekable();
    if params.peek().is_none() {
        return Some(3);
    }
    let has = |wanted: (&str, &str)| {
        media_params(media.params).any(|(name, value)| name.eq_ignore_ascii_case(wanted.0) && value == wanted.1)
    };
    Some(if params.all(has) { 4 } else { 2 })
}

/// The parameters of a media type, without the quality.
fn media_params(params: &str) -> impl Iterator<Item = (&str, &str)> {
    params_of(params).take_while(|(name, _)| !name.eq_ignore_ascii_case("q"))
}

fn params_of(params: &str) -> impl Iterator<Item = (&str, &str)> {
    split_quoted(params, ';').filter_map(|param| {
        let (name, value) = param.split_once('=')?;
        Some((name.trim_matches(BLANK), value.trim_matches(BLANK).trim_matches('"')))
    })
}

fn range(text: &str) -> Option<Range<'_>> {
    let media = MediaType::parse(text)?;
    if media.main == "*" && media.sub != "*" {
        return None;
    }
    let quality = match params_of(media.params).find(|(name, _)| name.eq_ignore_ascii_case("q")) {
        None => 1000,
        Some((_, value)) => thousandths(value)?,
    };
    Some(Range { media, quality })
}

/// A quality value: 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut value: u16 = match whole {
        "0" => 0,
        "1" => 1,
        _ => return None,
    };
    for place in 0..3 {
        let digit = decimals.as_bytes().get(place).map_or(0, |digit| digit.saturating_sub(b'0'));
        value = value.saturating_mul(10).saturating_add(u16::from(digit));
    }
    (value <= 1000).then_some(value)
}

const BLANK: [char; 2] = [' ', '\t'];

/// Splits at a separator outside quoted strings.
fn split_quoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        if core::mem::take(&mut escaped) {
            return false;
        }
        match character {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return character == separator && !quoted,
        }
        false
    })
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// What comes of a negotiation: the rows of §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Go on, in this format.
    Proceed(&'a str),
    /// 406: nothing that is demanded can be produced.
    NotAcceptable,
    /// 415: the format of the body is not understood.
    UnsupportedMediaType,
}

impl<'a> Outcome<'a> {
    /// A server about to answer a client that sent this `Accept`: 406 when it takes none of the formats the server has.
    #[must_use]
    pub fn of_response(accept: &AcceptList<'_>, available: &[&'a str]) -> Self {
        accept.best(available).map_or(Outcome::NotAcceptable, Outcome::Proceed)
    }

    /// A receiver of a body with this `Content-Type`: 415 when it is none of the formats the receiver reads, or absent.
    #[must_use]
    pub fn of_body(content_type: Option<&str>, readable: &[&'a str]) -> Self {
        let media = content_type.and_then(MediaType::parse);
        let found = media.and_then(|media| readable.iter().find(|essence| media.is(essence)));
        found.map_or(Outcome::UnsupportedMediaType, |essence| Outcome::Proceed(essence))
    }

    /// A client about to send the data of HPUT or HPOST where this `OMADM-Accept` holds: status 406 when it can produce
    /// none of the formats demanded.
    #[must_use]
    pub fn of_upload(omadm_accept: &AcceptList<'_>, producible: &[&'a str]) -> Self {
        Self::of_response(omadm_accept, producible)
    }

    /// A client whose upload in one format was refused with 415 and this `OMADM-Accept`: the one other format to try
    /// once more, if there is one. Without the header there is nothing to choose from.
    #[must_use]
    pub fn of_refused_upload(refused: &str, omadm_accept: Option<&AcceptList<'_>>, producible: &[&'a str]) -> Self {
        let Some(accept) = omadm_accept else { return Outcome::NotAcceptable };
        let refused = MediaType::parse(refused);
        let others: Vec<&'a str> =
            producible.iter().copied().filter(|essence| !refused.is_some_and(|refused| refused.is(essence))).collect();
        Self::of_response(accept, &others)
    }

    /// The status, as an HTTP status or in Package#3; `None` when there is nothing to refuse.
    #[must_use]
    pub const fn status_code(&self) -> Option<StatusCode> {
        match self {
            Outcome::Proceed(_) => None,
            Outcome::NotAcceptable => Some(StatusCode::NOT_ACCEPTABLE),
            Outcome::UnsupportedMediaType => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let media = MediaType::parse(" application/dmmo+json ;charset=utf-8").unwrap();
        assert_eq!((media.main_type(), media.subtype()), ("application", "dmmo+json"));
        assert!(media.is("APPLICATION/DMMO+JSON; x=y") && !media.is("application/json") && !media.is("nonsense"));
        for text in ["", "application", "application/", "/json", "a b/c", "a/b c", "a/b/c"] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn mo_data_types() {
        for (text, strict, lenient) in [
            ("application/dmmo+json", true, true),
            ("Application/JSON;charset=utf-8", false, true),
            ("application/vnd.oma.dm.mo+json", false, true),
            ("application/vnd.oma.dm.mo+xml", false, false),
            ("text/json", false, false),
            ("application/vnd.oma.dm.json", false, false),
        ] {
            let media = MediaType::parse(text).unwrap();
            assert_eq!(media.is_mo_data(Strictness::Strict), strict, "{text}");
            assert_eq!(media.is_mo_data(Strictness::Lenient), lenient, "{text}");
        }
    }

    #[test]
    fn the_most_specific_range_decides() {
        // RFC 7231 §5.3.2, with text/html;level=3 covered by the plain range and parameters that do not exclude.
        let accept =
            AcceptList::parse("text/*;q=0.3, text/html;q=0.7, text/html;level=1, text/html;level=2;q=0.4, */*;q=0.5");
        for (media, quality) in [
            ("text/html;level=1", 1000),
            ("text/html", 700),
            ("text/plain", 300),
            ("image/jpeg", 500),
            ("text/html;level=2", 400),
            ("text/html;level=3", 700),
        ] {
            assert_eq!(accept.quality(media), quality, "{media}");
        }
        assert_eq!(AcceptList::parse("a/b;charset=utf-8").quality("a/b"), 1000);
    }

    #[test]
    fn qualities() {
        for (text, quality) in [
            ("a/b", 1000),
            ("a/b;q=1", 1000),
            ("a/b;q=1.000", 1000),
            ("a/b ; Q=0.25", 250),
            ("a/b;q=0.", 0),
            ("a/b;q=0", 0),
            ("a/b;q=0.001", 1),
            ("a/b;x=\"1,2;q=0\";q=0.5", 500),
            // Malformed members are skipped.
            ("a/b;q=1.1", 0),
            ("a/b;q=2", 0),
            ("a/b;q=0.0001", 0),
            ("a/b;q=.5", 0),
            ("a/b;q=x, a/b;q=0.2", 200),
            ("*/b", 0),
            ("", 0),
            (",, ,", 0),
        ] {
            assert_eq!(AcceptList::parse(text).quality("a/b"), quality, "{text}");
        }
        assert_eq!(AcceptList::any().quality("a/b"), 1000);
        assert!(AcceptList::from_header(None).accepts("a/b") && !AcceptList::from_header(Some("")).accepts("a/b"));
        assert!(!AcceptList::parse("*/*").accepts("nonsense"));
    }

    #[test]
    fn best_of_several() {
        let accept = AcceptList::parse("a/*;q=0.5, a/c;q=0, b/d;q=0.9");
        assert_eq!(accept.best(&["a/b", "b/d", "a/c"]), Some("b/d"));
        assert_eq!(accept.best(&["a/x", "a/b"]), Some("a/x"));
        assert_eq!(accept.best(&["a/c", "c/c"]), None);
        assert_eq!(AcceptList::any().best(&["x/y", "z/z"]), Some("x/y"));
        assert_eq!(AcceptList::any().best(&[]), None);
    }
}
