//! From text to packages: what every decoder does first, and the complete reading of a text, deviations included.
//!
//! A text in strict form is read by `fast`, in one pass. Anything else fails there at the first surprise and is read
//! here: serde_json checks the text once, then its pieces are looked at in place, so that every finding has its offset.
//! What `fast` accepts, this accepts with the same value.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use serde::de::Deserialize as _;
use serde_json::value::RawValue;

use crate::command::Malformed;
use crate::json::{Elements, wrong_type};
use crate::scan::{self, Cursor};
use crate::{
    Alert, Command, CommandKind, Deviation, DeviationKind, Error, ErrorKind, Json, JsonKind, Limits, MoData, MoItem,
    MosItem, Package1, Package2, Package3, Parsed, Status, StatusCode, Str, Strictness, fast, mo, names,
};

/// `parse` and `parse_with` for a type that is [`Decode`].
macro_rules! entry_points {
    ($name:ident, $example:literal) => {
        /// Reads the whole input, leniently, within [`Limits::DEFAULT`](crate::Limits::DEFAULT).
        ///
        /// Strings without escapes borrow from the input.
        ///
        /// # Errors
        /// What the input cannot be understood with, and where: see [`ErrorKind`](crate::ErrorKind).
        pub fn parse(input: &'a [u8]) -> Result<Self, crate::Error> {
            let parsed = crate::decode::parse(input, crate::Strictness::Lenient, &crate::Limits::DEFAULT)?;
            Ok(parsed.value)
        }

        /// Reads the whole input and lists what was off.
        ///
        /// # Errors
        /// What the input cannot be understood with, and where; in strict mode also the first deviation that is not
        /// confined to one entry.
        ///
        #[doc = concat!("```\nuse dm_package::*;\nlet bytes = br#\"", $example, "\"#;")]
        #[doc = concat!("let parsed = ", stringify!($name), "::parse_with(bytes, Strictness::Strict, &Limits::DEFAULT)?;")]
        /// assert!(parsed.deviations.is_empty());
        /// # Ok::<(), dm_package::Error>(())
        /// ```
        pub fn parse_with(
            input: &'a [u8],
            strictness: crate::Strictness,
            limits: &crate::Limits,
        ) -> Result<crate::Parsed<Self>, crate::Error> {
            crate::decode::parse(input, strictness, limits)
        }
    };
}
pub(crate) use entry_points;

/// A value with a fast and a complete way to be read.
pub(crate) trait Decode<'a>: Sized {
    /// The length limit that holds for it.
    fn max_len(limits: &Limits) -> usize;

    /// Reads a text in strict form; `None` for every other.
    fn fast(text: &'a str, limits: &Limits) -> Option<Self>;

    /// Reads any text that serde_json accepts.
    fn complete(text: &'a str, cx: &mut Context<'_>) -> Result<Self, Error>;
}

/// Reads the whole input.
pub(crate) fn parse<'a, T: Decode<'a>>(
    input: &'a [u8],
    strictness: Strictness,
    limits: &Limits,
) -> Result<Parsed<T>, Error> {
    if input.len() > T::max_len(limits) {
        return Err(Error::new(ErrorKind::TooLong, T::max_len(limits)));
    }
    let whole = core::str::from_utf8(input).map_err(|error| Error::new(ErrorKind::InvalidUtf8, error.valid_up_to()))?;
    let mut cx = Context { whole, strictness, limits, deviations: Vec::new() };
    let text = match whole.strip_prefix('\u{feff}') {
        None => whole,
        Some(rest) => {
            cx.deviate(DeviationKind::ByteOrderMark, 0)?;
            rest
        }
    };
    let value = match T::fast(text, limits) {
        Some(value) => value,
        None => decode_completely(text, &mut cx)?,
    };
    Ok(Parsed { value, deviations: cx.deviations })
}

#[cold]
fn decode_completely<'a, T: Decode<'a>>(text: &'a str, cx: &mut Context<'_>) -> Result<T, Error> {
    let start = cx.offset(text);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = <&RawValue>::deserialize(&mut deserializer).map_err(|error| json_error(&error, text).shifted(start))?;
    deserializer.end().map_err(|error| trailing_error(&error, text).shifted(start))?;
    // serde_json steps over escapes without looking whether they name characters.
    scan::check_escapes(text).map_err(|error| error.shifted(start))?;
    let value = T::complete(raw.get(), cx)?;
    cx.deviations.sort_by_key(Deviation::offset);
    Ok(value)
}

/// serde_json counts lines and columns from 1; the column is that of the byte it did not like, but for a
/// control character in a string that of the byte before.
pub(crate) fn json_error(error: &serde_json::Error, text: &str) -> Error {
    if error.is_eof() {
        return Error::new(ErrorKind::UnexpectedEnd, text.len());
    }
    let lines = error.line().saturating_sub(1);
    let start = match lines.checked_sub(1) {
        None => 0,
        Some(last) => text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .nth(last)
            .map_or(0, |(at, _)| at.saturating_add(1)),
    };
    let before = usize::from(!error.to_string().starts_with("control character"));
    Error::new(ErrorKind::Syntax, start.saturating_add(error.column()).saturating_sub(before).min(text.len()))
}

pub(crate) fn trailing_error(error: &serde_json::Error, text: &str) -> Error {
    Error::new(ErrorKind::TrailingData, json_error(error, text).offset())
}

/// How many bytes of `whole` stand before its part `piece`.
pub(crate) fn distance(whole: &str, piece: &str) -> usize {
    piece.as_ptr().addr().saturating_sub(whole.as_ptr().addr()).min(whole.len())
}

/// What a complete reading carries along.
pub(crate) struct Context<'c> {
    whole: &'c str,
    pub(crate) strictness: Strictness,
    pub(crate) limits: &'c Limits,
    deviations: Vec<Deviation>,
}

impl Context<'_> {
    /// Where a piece of the input starts.
    fn offset(&self, piece: &str) -> usize {
        distance(self.whole, piece)
    }

    fn lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// Reports a deviation, which strict decoding refuses.
    fn deviate(&mut self, kind: DeviationKind, offset: usize) -> Result<(), Error> {
        if !self.lenient() {
            return Err(Error::new(kind.strict_error(), offset));
        }
        self.report(kind, offset);
        Ok(())
    }

    /// Reports a deviation that strict decoding confines.
    fn report(&mut self, kind: DeviationKind, offset: usize) {
        self.deviations.push(Deviation::new(kind, offset));
    }
}

/// An object, taken apart one level deep.
struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

struct Member<'a> {
    name: Str<'a>,
    name_at: usize,
    value: &'a str,
}

impl<'a> Object<'a> {
    fn read(text: &'a str, cx: &Context<'_>) -> Result<Self, Error> {
        let mut cursor = Cursor::new(text);
        if !cursor.eat(b'{') {
            return Err(wrong_type(cx.offset(text)));
        }
        let mut members = Vec::new();
        while let Some(raw) = cursor.name() {
            let name_at = cx.offset(raw);
            if members.len() >= cx.limits.max_members {
                return Err(Error::new(ErrorKind::TooManyMembers, name_at));
            }
            let (Some(name), Some(value)) = (scan::unquote(raw), cursor.value()) else {
                return Err(Error::new(ErrorKind::Syntax, name_at));
            };
            members.push(Member { name, name_at, value });
        }
        Ok(Self { text, members })
    }

    /// Takes out all but the last member of each name; gives where each repetition stands.
    fn drop_repeated(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        let key = |index: &usize| self.members.get(*index).map(|member| (&member.name, member.name_at));
        order.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut repeated = Vec::new();
        let mut stale = Vec::new();
        for pair in order.windows(2) {
            let &[earlier, later] = pair else { continue };
            if let (Some(a), Some(b)) = (self.members.get(earlier), self.members.get(later))
                && a.name == b.name
            {
                stale.push(earlier);
                repeated.push(b.name_at);
            }
        }
        stale.sort_unstable();
        let mut stale = stale.into_iter().peekable();
        let mut index = 0_usize;
        self.members.retain(|_| {
            let keep = stale.next_if_eq(&index).is_none();
            index = index.saturating_add(1);
            keep
        });
        repeated
    }

    /// The same with each repetition reported.
    fn unique(mut self, cx: &mut Context<'_>) -> Result<Self, Error> {
        for offset in self.drop_repeated() {
            cx.deviate(DeviationKind::DuplicateMember, offset)?;
        }
        Ok(self)
    }

    /// Takes a member out; `null` counts as absent, reported.
    fn take(&mut self, name: &str, cx: &mut Context<'_>) -> Result<Option<&'a str>, Error> {
        let Some(value) = self.take_any(name) else { return Ok(None) };
        if value == "null" {
            cx.deviate(DeviationKind::NullMember, cx.offset(value))?;
            return Ok(None);
        }
        Ok(Some(value))
    }

    fn take_any(&mut self, name: &str) -> Option<&'a str> {
        let index = self.members.iter().position(|member| member.name == name)?;
        Some(self.members.remove(index).value)
    }

    /// The value of a member that must be there.
    fn require(&mut self, name: &str, cx: &Context<'_>) -> Result<&'a str, Error> {
        self.take_any(name).ok_or(Error::new(ErrorKind::MissingMember, cx.offset(self.text)))
    }

    fn take_text(&mut self, name: &str, cx: &mut Context<'_>) -> Result<Option<Str<'a>>, Error> {
        self.take(name, cx)?.map(|value| text(value, cx)).transpose()
    }

    /// What is left: the members nobody asked for.
    fn extra(self, cx: &Context<'_>) -> Result<Vec<(Str<'a>, Json<'a>)>, Error> {
        let keep = |member: Member<'a>| Ok((member.name, json(member.value, cx)?));
        self.members.into_iter().map(keep).collect()
    }
}

fn text<'a>(value: &'a str, cx: &Context<'_>) -> Result<Str<'a>, Error> {
    scan::unquote(value).ok_or(wrong_type(cx.offset(value)))
}

fn json<'a>(value: &'a str, cx: &Context<'_>) -> Result<Json<'a>, Error> {
    scan::check(value, cx.limits.max_depth).map_err(|error| error.shifted(cx.offset(value)))?;
    Ok(Json::trusted(value))
}

fn kind_of(value: &str) -> JsonKind {
    Json::trusted(value).kind()
}

/// Reads an array, one element after the other, up to a limit.
fn list<'a, T>(
    value: &'a str,
    max: usize,
    too_many: ErrorKind,
    cx: &mut Context<'_>,
    mut item: impl FnMut(&'a str, &mut Context<'_>) -> Result<Option<T>, Error>,
) -> Result<Vec<T>, Error> {
    if kind_of(value) != JsonKind::Array {
        return Err(wrong_type(cx.offset(value)));
    }
    let mut items = Vec::new();
    for (count, element) in raw_elements(value).enumerate() {
        if count >= max {
            return Err(Error::new(too_many, cx.offset(element)));
        }
        items.extend(item(element, cx)?);
    }
    Ok(items)
}

fn raw_elements(value: &str) -> impl Iterator<Item = &str> {
    let mut elements = Elements::new(value);
    core::iter::from_fn(move || elements.next_text())
}

/// A list of strings. OUR DECISION: lenient decoding takes a single string for a list of one.
fn texts<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<Vec<Str<'a>>, Error> {
    if kind_of(value) == JsonKind::String {
        cx.deviate(DeviationKind::SingleString, cx.offset(value))?;
        return Ok(Vec::from([text(value, cx)?]));
    }
    let max = cx.limits.max_strings;
    list(value, max, ErrorKind::TooManyStrings, cx, |element, cx| text(element, cx).map(Some))
}

impl<'a> Decode<'a> for Package1<'a> {
    fn max_len(limits: &Limits) -> usize {
        limits.max_package_len
    }

    fn fast(text: &'a str, limits: &Limits) -> Option<Self> {
        fast::package1(text, limits).filter(|package| session_starts(package) == Ok(()))
    }

    fn complete(text: &'a str, cx: &mut Context<'_>) -> Result<Self, Error> {
        let mut object = Object::read(text, cx)?.unique(cx)?;
        let max = cx.limits.max_mos;
        let mos = match object.take(names::MOS, cx)? {
            None => None,
            Some(value) => Some(list(value, max, ErrorKind::TooManyMos, cx, |item, cx| mos_item(item, cx).map(Some))?),
        };
        let alerts = object.take(names::ALERT, cx)?;
        let at = alerts.map_or(cx.offset(text), |value| cx.offset(value));
        let package = Self { mos, alerts: alerts.map_or(Ok(Vec::new()), |value| alert_list(value, cx))? };
        if let Err(kind) = session_starts(&package) {
            cx.deviate(kind, at)?;
        }
        Ok(package)
    }
}

/// Exactly one session-start alert, the first (§4.4; its place is OUR DECISION).
pub(crate) fn session_starts(package: &Package1<'_>) -> Result<(), DeviationKind> {
    let mut starts = package.alerts.iter().enumerate().filter(|(_, alert)| alert.session_start().is_some());
    match (starts.next(), starts.next()) {
        (None, _) => Err(DeviationKind::SessionStartMissing),
        (_, Some(_)) => Err(DeviationKind::SessionStartRepeated),
        (Some((0, _)), None) => Ok(()),
        (Some(_), None) => Err(DeviationKind::SessionStartNotFirst),
    }
}

/// OUR DECISION: MOID and MIID are required, a missing DDF is tolerated in both modes.
fn mos_item<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<MosItem<'a>, Error> {
    let mut object = Object::read(value, cx)?.unique(cx)?;
    Ok(MosItem {
        ddf: object.take_text(names::DDF, cx)?,
        moid: text(object.require(names::MOID, cx)?, cx)?,
        miids: texts(object.require(names::MIID, cx)?, cx)?,
    })
}

impl<'a> Decode<'a> for Package2<'a> {
    fn max_len(limits: &Limits) -> usize {
        limits.max_package_len
    }

    fn fast(text: &'a str, limits: &Limits) -> Option<Self> {
        fast::package2(text, limits)
    }

    fn complete(text: &'a str, cx: &mut Context<'_>) -> Result<Self, Error> {
        let mut object = Object::read(text, cx)?.unique(cx)?;
        let entries = object.require(names::CMD, cx)?;
        let max = cx.limits.max_commands;
        let commands = list(entries, max, ErrorKind::TooManyCommands, cx, |entry, cx| command(entry, cx).map(Some))?;
        Ok(Self { commands })
    }
}

/// Reads one entry of `CMD`. Only a limit makes it fail: an entry that cannot be read keeps its place.
fn command<'a>(entry: &'a str, cx: &mut Context<'_>) -> Result<Command<'a>, Error> {
    let malformed = |kind: ErrorKind, offset: usize, cx: &mut Context<'_>| {
        cx.report(DeviationKind::MalformedCommand, offset);
        Ok(Command::Malformed(Malformed::new(Json::trusted(entry), Error::new(kind, offset))))
    };
    let at = cx.offset(entry);
    if kind_of(entry) != JsonKind::Array {
        return malformed(ErrorKind::EntryNotArray, at, cx);
    }
    let mut elements = raw_elements(entry);
    let Some(first) = elements.next() else { return malformed(ErrorKind::EntryEmpty, at, cx) };
    let Some(name) = scan::unquote(first) else {
        return malformed(ErrorKind::EntryNotString, cx.offset(first), cx);
    };
    let mut params = Vec::new();
    let mut offsets = Vec::new();
    let mut bad = None;
    for element in elements {
        if offsets.len() >= cx.limits.max_params {
            return Err(Error::new(ErrorKind::TooManyParameters, cx.offset(element)));
        }
        offsets.push(cx.offset(element));
        match scan::unquote(element) {
            Some(param) => params.push(param),
            None => bad = bad.or(Some(cx.offset(element))),
        }
    }
    if let Some(offset) = bad {
        return malformed(ErrorKind::EntryNotString, offset, cx);
    }
    let kind = match CommandKind::from_name(&name) {
        Some(kind) => kind,
        None => match CommandKind::from_any_case(&name).filter(|_| cx.lenient()) {
            Some(kind) => {
                cx.report(DeviationKind::CommandCase, cx.offset(first));
                kind
            }
            None => {
                cx.report(DeviationKind::UnknownCommand, cx.offset(first));
                return Ok(Command::Unknown { name, params });
            }
        },
    };
    match Command::from_params(kind, &mut params, cx.strictness) {
        Ok((command, deviation)) => {
            if let Some(kind) = deviation {
                cx.report(kind, at);
            }
            Ok(command)
        }
        Err((kind, index)) => {
            // A missing parameter is missed at the closing bracket.
            let end = at.saturating_add(entry.len()).saturating_sub(1);
            malformed(kind, offsets.get(index).copied().unwrap_or(end), cx)
        }
    }
}

impl<'a> Decode<'a> for Package3<'a> {
    fn max_len(limits: &Limits) -> usize {
        limits.max_package_len
    }

    fn fast(text: &'a str, limits: &Limits) -> Option<Self> {
        fast::package3(text, limits)
    }

    fn complete(text: &'a str, cx: &mut Context<'_>) -> Result<Self, Error> {
        let mut object = Object::read(text, cx)?.unique(cx)?;
        let statuses = object.require(names::STATUS, cx)?;
        let max = cx.limits.max_statuses;
        let statuses = list(statuses, max, ErrorKind::TooManyStatuses, cx, |item, cx| status(item, cx).map(Some))?;
        let alerts = object.take(names::ALERT, cx)?.map_or(Ok(Vec::new()), |value| alert_list(value, cx))?;
        Ok(Self { statuses, alerts, extra: object.extra(cx)? })
    }
}

fn status<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<Status<'a>, Error> {
    let mut object = Object::read(value, cx)?.unique(cx)?;
    let sc = status_code(object.require(names::SC, cx)?, cx)?;
    let uris = object.take(names::URI, cx)?.map_or(Ok(Vec::new()), |value| texts(value, cx))?;
    let data = object.take(names::STATUS_DATA, cx)?.map_or(Ok(Vec::new()), |value| status_data(value, cx))?;
    Ok(Status { sc, uris, data, extra: object.extra(cx)? })
}

/// Any integer 100..=599; lenient also as an integral float or a decimal string (§7).
fn status_code(value: &str, cx: &mut Context<'_>) -> Result<StatusCode, Error> {
    let at = cx.offset(value);
    let refused = Error::new(ErrorKind::StatusCode, at);
    if let Ok(number) = value.parse::<u16>() {
        return StatusCode::new(number).ok_or(refused);
    }
    let other = match kind_of(value) {
        JsonKind::Number => Json::trusted(value).as_f64().and_then(integral),
        JsonKind::String => scan::unquote(value)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok()),
        _ => None,
    };
    let code = other.and_then(StatusCode::new).ok_or(refused)?;
    cx.deviate(DeviationKind::StatusCodeForm, at)?;
    Ok(code)
}

/// The status code that a float is.
fn integral(number: f64) -> Option<u16> {
    (100..=599_u16).find(|code| f64::from(*code).to_bits() == number.to_bits())
}

/// OUR DECISION: an array of items or a single one. Lenient decoding drops an item that cannot be read, since the other
/// statuses are worth more than it; a limit fails in both modes.
fn status_data<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<Vec<MoItem<'a>>, Error> {
    let item = |value: &'a str, cx: &mut Context<'_>| match mo_item(value, cx) {
        Err(error) if cx.lenient() && !error.kind().is_limit() => {
            cx.report(DeviationKind::StatusDataDropped, error.offset());
            Ok(None)
        }
        other => other.map(Some),
    };
    if kind_of(value) == JsonKind::Object {
        return Ok(item(value, cx)?.into_iter().collect());
    }
    let max = cx.limits.max_mo_items;
    list(value, max, ErrorKind::TooManyItems, cx, item)
}

impl<'a> Decode<'a> for MoData<'a> {
    fn max_len(limits: &Limits) -> usize {
        limits.max_mo_len
    }

    fn fast(text: &'a str, limits: &Limits) -> Option<Self> {
        fast::mo_data(text, limits)
    }

    fn complete(text: &'a str, cx: &mut Context<'_>) -> Result<Self, Error> {
        if kind_of(text) == JsonKind::Object {
            cx.deviate(DeviationKind::MoNotArray, cx.offset(text))?;
            return Ok(Self { items: Vec::from([mo_item(text, cx)?]) });
        }
        let max = cx.limits.max_mo_items;
        let items = list(text, max, ErrorKind::TooManyItems, cx, |item, cx| mo_item(item, cx).map(Some))?;
        Ok(Self { items })
    }
}

/// One serialization item (§8). Lenient decoding also reads a bare object, which is its own MOData.
fn mo_item<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<MoItem<'a>, Error> {
    let object = Object::read(value, cx)?;
    let has = |name: &str| object.members.iter().any(|member| member.name == name);
    if !has(names::CLIENT_URI) && !has(names::MO_DATA) {
        cx.deviate(DeviationKind::MoClientUriMissing, cx.offset(value))?;
        return Ok(MoItem { client_uri: Str::default(), mo_data: node_data(value, cx)?, ddf: None, cv: None });
    }
    let mut object = object.unique(cx)?;
    let client_uri = match object.take_any(names::CLIENT_URI) {
        Some(uri) => text(uri, cx)?,
        None => {
            cx.deviate(DeviationKind::MoClientUriMissing, cx.offset(value))?;
            Str::default()
        }
    };
    let mo_data = node_data(object.require(names::MO_DATA, cx)?, cx)?;
    Ok(MoItem { client_uri, mo_data, ddf: object.take_text(names::DDF, cx)?, cv: object.take_text(names::CV, cx)? })
}

/// MOData: an object of values and objects with one outermost name. Of repeated names lenient decoding keeps the last,
/// which takes a copy of the text without the others.
fn node_data<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<Json<'a>, Error> {
    let at = cx.offset(value);
    let found = mo::examine(value, cx.limits.max_depth).map_err(|error| error.shifted(at))?;
    for repeated in &found.repeated {
        cx.deviate(DeviationKind::DuplicateMember, at.saturating_add(repeated.later))?;
    }
    if found.outer_names != 1 {
        cx.deviate(DeviationKind::MoOuterName, at)?;
    }
    if found.repeated.is_empty() { Ok(Json::trusted(value)) } else { Ok(mo::without_repeated(value, found.repeated)) }
}

/// The alerts of a package. One bad alert never fails the package (§6.2).
fn alert_list<'a>(value: &'a str, cx: &mut Context<'_>) -> Result<Vec<Alert<'a>>, Error> {
    let max = cx.limits.max_alerts;
    list(value, max, ErrorKind::TooManyAlerts, cx, |value, cx| Ok(alert(value, cx)))
}

/// The table of §6.2; `None` for an alert that is dropped. Strict decoding drops every alert that is off in any way.
fn alert<'a>(value: &'a str, cx: &mut Context<'_>) -> Option<Alert<'a>> {
    let at = cx.offset(value);
    if kind_of(value) != JsonKind::Object {
        cx.report(DeviationKind::AlertNotObject, at);
        return None;
    }
    let reported = cx.deviations.len();
    let mut object = match Object::read(value, cx) {
        Ok(object) => object,
        Err(error) => {
            cx.report(DeviationKind::AlertMember, error.offset());
            return None;
        }
    };
    for offset in object.drop_repeated() {
        cx.report(DeviationKind::DuplicateMember, offset);
    }
    let Some(alert_type) = object.take_any(names::ALERT_TYPE).and_then(scan::unquote) else {
        cx.report(DeviationKind::AlertTypeMissing, at);
        return None;
    };
    let mut alert = Alert::new(alert_type);
    alert.source_uri = alert_text(&mut object, names::SOURCE_URI, cx);
    alert.target_uri = alert_text(&mut object, names::TARGET_URI, cx);
    alert.data_type = alert_text(&mut object, names::DATA_TYPE, cx);
    if let Some(value) = alert_member(&mut object, names::MARK, cx) {
        alert.mark = Some(scan::unquote(value).and_then(|word| word.parse().ok()).unwrap_or_else(|| {
            cx.report(DeviationKind::AlertMark, cx.offset(value));
            UNKNOWN_MARK
        }));
    }
    if let Some(value) = alert_member(&mut object, names::DATA, cx) {
        alert.data = alert_data(value, alert.data_type.is_some(), cx);
    }
    (cx.lenient() || cx.deviations.len() == reported).then_some(alert)
}

/// What lenient decoding reads an unknown Mark as: OUR DECISION.
const UNKNOWN_MARK: crate::Mark = crate::Mark::Indeterminate;

/// Data without DataType is ignored; Data that is no object is kept as it is.
fn alert_data<'a>(value: &'a str, has_type: bool, cx: &mut Context<'_>) -> Option<Json<'a>> {
    let at = cx.offset(value);
    if !has_type {
        cx.report(DeviationKind::AlertDataTypeMissing, at);
        return None;
    }
    if kind_of(value) != JsonKind::Object {
        cx.report(DeviationKind::AlertDataNotObject, at);
    }
    match json(value, cx) {
        Ok(data) => Some(data),
        Err(error) => {
            cx.report(DeviationKind::AlertMember, error.offset());
            None
        }
    }
}

/// An optional member of an alert; `null` counts as absent, reported.
fn alert_member<'a>(object: &mut Object<'a>, name: &str, cx: &mut Context<'_>) -> Option<&'a str> {
    let value = object.take_any(name)?;
    if value == "null" {
        cx.report(DeviationKind::NullMember, cx.offset(value));
        return None;
    }
    Some(value)
}

fn alert_text<'a>(object: &mut Object<'a>, name: &str, cx: &mut Context<'_>) -> Option<Str<'a>> {
    let value = alert_member(object, name, cx)?;
    let text = scan::unquote(value);
    if text.is_none() {
        cx.report(DeviationKind::AlertMember, cx.offset(value));
    }
    text
}
