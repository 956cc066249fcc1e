//! Serialization of management objects (§8).

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::FusedIterator;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scan::{self, Cursor};
use crate::{Error, ErrorKind, Json, JsonKind, Limits, Str, decode, encode, json};

/// A management object serialization (`OMA-TS-DM_Protocol-V2_0` §7.2.1.4): the body of repository transfers.
///
/// ```text
/// [ { "ClientURI": string, "MOData": { name: value | { … } },
///     "DDF"?: string, "CV"?: string } … ]                      MOData has one outermost name, that of the node
/// ```
///
/// ```
/// use dm_package::{MoData, Node, Scalar, Str};
/// let body = br#"[{"ClientURI":"urn:oma:mo:oma-dm-devinfo:1.2/1/","MOData":{"DevInfo":{"Man":"Acme"}}}]"#;
/// let data = MoData::parse(body)?;
/// let nodes: Result<Vec<Node>, _> = data.items[0].walk().collect();
/// let acme = Scalar::Text(Str::borrowed("Acme"));
/// assert_eq!(nodes?, [Node::Enter("DevInfo".into()), Node::Leaf("Man".into(), acme), Node::Leave]);
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MoData<'a> {
    /// One item per node serialized.
    pub items: Vec<MoItem<'a>>,
}

/// One node of a serialization with all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoItem<'a> {
    /// The address of the node; empty where lenient decoding found none.
    pub client_uri: Str<'a>,
    /// The values: an object with one outermost name.
    pub mo_data: Json<'a>,
    /// Where the device description is.
    pub ddf: Option<Str<'a>>,
    /// The cache validator of the instance, when the node is its root.
    pub cv: Option<Str<'a>>,
}

impl<'a> MoData<'a> {
    /// A serialization of these items.
    #[must_use]
    pub const fn new(items: Vec<MoItem<'a>>) -> Self {
        Self { items }
    }

    decode::entry_points!(MoData, "[{\"ClientURI\":\"urn:example:mo:x:1.0/1/\",\"MOData\":{\"X\":{}}}]");
    encode::entry_points!();

    /// The same serialization, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> MoData<'static> {
        MoData { items: self.items.into_iter().map(MoItem::into_owned).collect() }
    }
}

impl<'a> MoItem<'a> {
    /// The values of the node at an address. [`MoWriter`] makes them.
    #[must_use]
    pub fn new(client_uri: impl Into<Str<'a>>, mo_data: Json<'a>) -> Self {
        Self { client_uri: client_uri.into(), mo_data, ddf: None, cv: None }
    }

    /// The same item with the URL of the device description.
    #[must_use]
    pub fn with_ddf(mut self, ddf: impl Into<Str<'a>>) -> Self {
        self.ddf = Some(ddf.into());
        self
    }

    /// The same item with the cache validator of the instance.
    #[must_use]
    pub fn with_cv(mut self, cv: impl Into<Str<'a>>) -> Self {
        self.cv = Some(cv.into());
        self
    }

    /// The nodes, one after the other.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(&self.mo_data)
    }

    /// The same item, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> MoItem<'static> {
        MoItem {
            client_uri: self.client_uri.into_owned(),
            mo_data: self.mo_data.into_owned(),
            ddf: self.ddf.map(Str::into_owned),
            cv: self.cv.map(Str::into_owned),
        }
    }
}

/// A step of a [`Walk`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a node is interior or a leaf (§9.5)")]
pub enum Node<'a> {
    /// An interior node begins.
    Enter(Str<'a>),
    /// A leaf and its value.
    Leaf(Str<'a>, Scalar<'a>),
    /// The interior node entered last ends.
    Leave,
}

/// The value of a leaf. Every format may also travel as text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has four kinds of values without content below them")]
pub enum Scalar<'a> {
    /// A string.
    Text(Str<'a>),
    /// A number as it is written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Walks over MOData front to back: each byte once, no recursion, nothing allocated for text without escapes.
///
/// Every `Enter` has its `Leave`. After an error the walk is over.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    cursor: Cursor<'a>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Inside { depth: usize },
    Done,
}

impl<'a> Walk<'a> {
    /// Walks over a value; anything but an object gives [`ErrorKind::MoDataNotObject`], an array inside
    /// [`ErrorKind::MoArray`]. Offsets count from the start of the value.
    #[must_use]
    pub fn new(mo_data: &'a Json<'_>) -> Self {
        Self { cursor: Cursor::new(mo_data.raw()), state: State::Start }
    }

    fn step(&mut self) -> Result<Option<Node<'a>>, Error> {
        let mut depth = match self.state {
            State::Done => return Ok(None),
            State::Inside { depth } => depth,
            State::Start if self.cursor.eat(b'{') => 0,
            State::Start => return Err(Error::new(ErrorKind::MoDataNotObject, self.cursor.offset())),
        };
        let Some(name) = self.cursor.name() else {
            let Some(outer) = depth.checked_sub(1) else { return Ok(None) };
            self.state = State::Inside { depth: outer };
            return Ok(Some(Node::Leave));
        };
        let unreadable = Error::new(ErrorKind::Syntax, self.cursor.offset());
        let name = scan::unquote(name).ok_or(unreadable)?;
        let node = match self.cursor.peek() {
            Some(b'{') => {
                self.cursor.eat(b'{');
                depth = depth.saturating_add(1);
                Node::Enter(name)
            }
            Some(b'[') => return Err(Error::new(ErrorKind::MoArray, self.cursor.offset())),
            _ => Node::Leaf(name, scalar(self.cursor.value().ok_or(unreadable)?).ok_or(unreadable)?),
        };
        self.state = State::Inside { depth };
        Ok(Some(node))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Node<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.state = State::Done;
        }
        step
    }
}

impl FusedIterator for Walk<'_> {}

fn scalar(text: &str) -> Option<Scalar<'_>> {
    Some(match text {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        "null" => Scalar::Null,
        _ if text.starts_with('"') => Scalar::Text(scan::unquote(text)?),
        _ => Scalar::Number(text),
    })
}

/// A name that occurs twice in one object of MOData. Byte offsets in its text.
pub(crate) struct Repeated {
    /// The member that no longer counts, up to the next one.
    stale: core::ops::Range<usize>,
    /// The name that counts.
    pub(crate) later: usize,
}

/// What a look at MOData finds.
pub(crate) struct Examined {
    pub(crate) outer_names: usize,
    pub(crate) repeated: Vec<Repeated>,
}

/// Looks at every node of MOData: is it an object of values and objects, how deep, with which names twice.
///
/// One pass; names are compared by sorting those of one object, so many of them cost no more than they should.
pub(crate) fn examine(text: &str, max_depth: usize) -> Result<Examined, Error> {
    struct Name<'a> {
        name: Str<'a>,
        start: usize,
        /// Where the next name of the same object starts.
        next: usize,
        /// Where the names of the object that holds this one begin.
        base: usize,
    }

    let mut found = Examined { outer_names: 0, repeated: Vec::new() };
    let mut cursor = Cursor::new(text);
    if !cursor.eat(b'{') {
        return Err(Error::new(ErrorKind::MoDataNotObject, 0));
    }
    if max_depth == 0 {
        return Err(Error::new(ErrorKind::TooDeep, 0));
    }
    // The names of all open objects; those of the innermost begin at `base`, right after the name it has itself.
    let mut names: Vec<Name<'_>> = Vec::with_capacity(8);
    let (mut base, mut depth) = (0_usize, 1_usize);
    loop {
        let Some(raw) = cursor.name() else {
            let own = names.get_mut(base..).unwrap_or_default();
            if depth == 1 {
                found.outer_names = own.len();
            }
            if own.len() > 1 {
                own.sort_unstable_by(|a, b| (&a.name, a.start).cmp(&(&b.name, b.start)));
                for pair in own.windows(2) {
                    if let [a, b] = pair
                        && a.name == b.name
                    {
                        found.repeated.push(Repeated { stale: a.start..a.next, later: b.start });
                        if depth == 1 {
                            found.outer_names = found.outer_names.saturating_sub(1);
                        }
                    }
                }
            }
            names.truncate(base);
            depth = depth.saturating_sub(1);
            match names.last() {
                Some(opened) if depth > 0 => base = opened.base,
                _ => return Ok(found),
            }
            continue;
        };
        let start = cursor.offset_before(raw);
        if names.len() > base
            && let Some(previous) = names.last_mut()
        {
            previous.next = start;
        }
        let name = scan::unquote(raw).ok_or(Error::new(ErrorKind::Syntax, start))?;
        names.push(Name { name, start, next: start, base });
        let first = cursor.peek();
        let offset = cursor.offset();
        match first {
            Some(b'{') => {
                // The object around everything is a level too.
                if depth >= max_depth {
                    return Err(Error::new(ErrorKind::TooDeep, offset));
                }
                cursor.eat(b'{');
                depth = depth.saturating_add(1);
                base = names.len();
            }
            Some(b'[') => return Err(Error::new(ErrorKind::MoArray, offset)),
            _ => {
                let value = cursor.value().ok_or(Error::new(ErrorKind::Syntax, offset))?;
                if value.starts_with('"') {
                    scan::check_escapes(value).map_err(|error| error.shifted(offset))?;
                }
            }
        }
    }
}

/// Whether MOData is in order, told in a short way that takes nothing from the heap: "no" may be wrong. Names without
/// escapes, few of them, are compared where they stand.
pub(crate) fn is_plain(text: &str, max_depth: usize) -> bool {
    plain_in_order(text, max_depth).is_some()
}

/// Names that the short way keeps at a time.
const FEW_NAMES: usize = 16;

fn plain_in_order(text: &str, max_depth: usize) -> Option<()> {
    // The names of all open objects, each with where those of the object that holds it begin.
    let mut names = [("", 0_usize); FEW_NAMES];
    let (mut base, mut len, mut depth) = (0_usize, 0_usize, 1_usize);
    let mut cursor = Cursor::new(text);
    if depth > max_depth || !cursor.eat(b'{') {
        return None;
    }
    loop {
        if cursor.more(b'}') {
            let name = cursor.plain_string()?;
            if names.get(base..len)?.iter().any(|(earlier, _)| *earlier == name) {
                return None;
            }
            *names.get_mut(len)? = (name, base);
            len = len.saturating_add(1);
            cursor.eat(b':');
            match cursor.peek()? {
                b'{' => {
                    depth = depth.saturating_add(1);
                    if depth > max_depth {
                        return None;
                    }
                    cursor.eat(b'{');
                    base = len;
                }
                b'[' => return None,
                b'"' => _ = cursor.plain_string()?,
                _ => _ = cursor.value()?,
            }
        } else {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return (len == 1).then_some(());
            }
            len = base;
            base = names.get(len.checked_sub(1)?)?.1;
        }
    }
}

/// The text without the members that no longer count.
#[cold]
pub(crate) fn without_repeated(text: &str, mut repeated: Vec<Repeated>) -> Json<'static> {
    repeated.sort_by_key(|repeated| repeated.stale.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0_usize;
    for Repeated { stale, .. } in repeated {
        // A member inside one that is already gone.
        if stale.start < at {
            continue;
        }
        out.push_str(text.get(at..stale.start).unwrap_or_default());
        at = stale.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Json::trusted_owned(out)
}

/// Writes the values of one node and all below it as MOData. Same calls, same text.
///
/// Values follow the node formats (§8): text for chr, xml, date and time, numbers for int and float, booleans, null,
/// base64 text for b64 and bin.
///
/// ```
/// use dm_package::MoWriter;
/// let mut writer = MoWriter::new();
/// writer.enter("DevInfo");
/// writer.text("Man", "Acme");
/// writer.int("Count", 3);
/// writer.leave();
/// assert_eq!(writer.finish()?.raw(), r#"{"DevInfo":{"Man":"Acme","Count":3}}"#);
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MoWriter {
    out: Vec<u8>,
    /// Open interior nodes.
    depth: usize,
    /// Names written at the outermost level.
    outer_names: usize,
    /// Whether the next name is the first of its object.
    first: bool,
    /// The first mistake; reported by `finish`.
    error: Option<Error>,
}

impl Default for MoWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl MoWriter {
    /// A writer with nothing written.
    #[must_use]
    pub fn new() -> Self {
        Self { out: Vec::from([b'{']), depth: 0, outer_names: 0, first: true, error: None }
    }

    /// Begins an interior node.
    pub fn enter(&mut self, name: &str) {
        // The object around everything is a level too.
        if self.depth.saturating_add(2) > Limits::DEFAULT.max_depth {
            self.fail(ErrorKind::TooDeep);
        }
        self.name(name);
        self.out.push(b'{');
        self.depth = self.depth.saturating_add(1);
        self.first = true;
    }

    /// A leaf with text: chr, xml, date, time.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    /// A leaf with an integer.
    pub fn int(&mut self, name: &str, value: i64) {
        self.name(name);
        self.out.extend_from_slice(Json::int(value).raw().as_bytes());
    }

    /// A leaf with a number given as JSON writes it, which keeps every digit of a float.
    pub fn number(&mut self, name: &str, value: &str) {
        if !json::is_number(value) {
            self.fail(ErrorKind::MoNumber);
        }
        self.name(name);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// A leaf with a boolean.
    pub fn bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A leaf without value.
    pub fn null(&mut self, name: &str) {
        self.name(name);
        self.out.extend_from_slice(b"null");
    }

    /// A leaf with bytes, written in base64: b64, bin.
    pub fn bytes(&mut self, name: &str, value: &[u8]) {
        self.text(name, &STANDARD.encode(value));
    }

    /// Ends the interior node begun last.
    pub fn leave(&mut self) {
        match self.depth.checked_sub(1) {
            None => self.fail(ErrorKind::MoUnbalanced),
            Some(outer) => {
                self.out.push(b'}');
                self.depth = outer;
                self.first = false;
            }
        }
    }

    /// The MOData.
    ///
    /// # Errors
    /// The first mistake made, at the byte of the output where it was made: [`ErrorKind::MoUnbalanced`] for a node left
    /// open or left twice, [`ErrorKind::MoOuterName`] unless there is exactly one outermost name,
    /// [`ErrorKind::TooDeep`] for more than [`Limits::max_depth`] levels, [`ErrorKind::MoNumber`].
    pub fn finish(mut self) -> Result<Json<'static>, Error> {
        if self.depth > 0 {
            self.fail(ErrorKind::MoUnbalanced);
        } else if self.outer_names != 1 {
            self.fail(ErrorKind::MoOuterName);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        self.out.push(b'}');
        // Only text was written; the empty alternative is never taken.
        let text = String::from_utf8(self.out).unwrap_or_default();
        // What is known here need not be found out at every encoding; names written twice are refused there.
        let in_order = is_plain(&text, Limits::DEFAULT.max_depth);
        Ok(Json::trusted_owned(text).with_mo_check(in_order))
    }

    fn name(&mut self, name: &str) {
        if self.depth == 0 {
            self.outer_names = self.outer_names.saturating_add(1);
        }
        if !core::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.string(name);
        self.out.push(b':');
    }

    fn string(&mut self, text: &str) {
        if let Err(error) = encode::string(text, &mut self.out) {
            self.fail(error.kind());
        }
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.error = self.error.or(Some(Error::new(kind, self.out.len())));
    }
}

/// Whether MOData may be encoded: an object with exactly one outermost name, each name once, within the depth limit.
pub(crate) fn check(mo_data: &Json<'_>) -> Result<(), ErrorKind> {
    if mo_data.is_checked_mo() || is_plain(mo_data.raw(), Limits::DEFAULT.max_depth) {
        return Ok(());
    }
    if mo_data.kind() != JsonKind::Object {
        return Err(ErrorKind::MoDataNotObject);
    }
    let found = examine(mo_data.raw(), Limits::DEFAULT.max_depth).map_err(|error| error.kind())?;
    if !found.repeated.is_empty() {
        return Err(ErrorKind::DuplicateMember);
    }
    if found.outer_names == 1 { Ok(()) } else { Err(ErrorKind::MoOuterName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_says_yes_to_what_is_in_order_only() {
        let member = |index: usize| alloc::format!("\"n{index}\":{index}");
        let many =
            |count: usize| alloc::format!("{{\"X\":{{{}}}}}", (0..count).map(member).collect::<Vec<_>>().join(","));
        for (text, depth, plain) in [
            (r#"{"X":{"A":"a","B":{"A":1,"C":{}},"C":null}}"#, 4, true),
            (r#" { "X" : { "A" : [] } }"#, 4, false),
            (r#"{"X":{"A":"a","B":{"A":1,"A":{}}}}"#, 4, false),
            (r#"{"X":{"A":{},"B":{"A":1},"A":2}}"#, 4, false),
            (r#"{"X":{"A":{"B":{}}}}"#, 4, true),
            (r#"{"X":{"A":{"B":{}}}}"#, 3, false),
            (r#"{"X":1}"#, 1, true),
            (r#"{"X":1}"#, 0, false),
            (r#"{"X":1,"Y":2}"#, 4, false),
            ("{}", 4, false),
            (r#"{"X":"\ud800"}"#, 4, false),
            (r#"{"X":{"A":1,"\u0041":2}}"#, 4, false),
            (&many(15), 4, true),
            (&many(16), 4, false),
        ] {
            assert_eq!(is_plain(text, depth), plain, "{text}");
            let in_order = |found: Examined| found.outer_names == 1 && found.repeated.is_empty();
            assert!(!plain || examine(text, depth).is_ok_and(in_order), "{text}");
        }
    }

    #[test]
    fn the_encoder_refuses_what_decoding_under_other_limits_or_the_writer_let_through() {
        let deep = Limits::DEFAULT.max_depth;
        let text = alloc::format!(
            r#"[{{"ClientURI":"urn:x/1/","MOData":{}1{}}}]"#,
            r#"{"X":"#.repeat(deep + 1),
            "}".repeat(deep + 1)
        );
        let limits = Limits::DEFAULT.with_max_depth(deep + 1);
        let parsed = MoData::parse_with(text.as_bytes(), crate::Strictness::Strict, &limits).unwrap();
        assert_eq!(parsed.value.to_vec().map_err(|error| error.kind()), Err(ErrorKind::TooDeep));
        let mut writer = MoWriter::new();
        writer.enter("X");
        writer.null("A");
        writer.null("A");
        writer.leave();
        let data = MoData::new(Vec::from([MoItem::new("urn:x/1/", writer.finish().unwrap())]));
        assert_eq!(data.to_vec().map_err(|error| error.kind()), Err(ErrorKind::DuplicateMember));
    }
}
