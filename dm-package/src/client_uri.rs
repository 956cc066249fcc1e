//! ClientURI (§9): the address of nodes on the device.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::str::Split;

use crate::uri::{self, PATH, PCHAR, QUERY};
use crate::{Deviation, DeviationKind, Error, ErrorKind, Limits, Parsed, Str, Strictness};

/// A ClientURI (`OMA-TS-DM_Protocol-V2_0` §6.1), checked and taken apart where it stands.
///
/// ```text
/// ClientURI = moid "/" mo-inst "/" [ path ] [ "?" query ]
/// mo-inst   = miid / x-name / "" / "*"
/// path      = comp *( "/" comp ) [ "/" ]
/// comp      = real-name / x-name / "*"            real-name, miid: a segment that is neither "*" nor an x-name
/// x-name    = "(" ALPHA ")"                       each letter in at most one component, each with an nv
/// query     = field *( "&" field )
/// field     = "nv=" x-name 1*( "/" name ) ":" value  /  "cv=" 1*char  /  other
/// ```
///
/// OUR DECISIONS: `nv` splits at the first `:`; percent-decoding comes after splitting, so a node named `*` is written
/// `%2A` and one named `(x)` `%28x%29`; letters of x-names are case-sensitive; a MOID is compared as it is written; what
/// starts with `http:` or `https:` is never a ClientURI.
///
/// ```
/// use dm_package::{ClientUri, Component};
/// let uri = ClientUri::parse("urn:example:mo:sensor:1.0/(x)/Data/*/Value?nv=(x)/ID:GPS")?;
/// assert_eq!(uri.moid(), "urn:example:mo:sensor:1.0");
/// assert_eq!(uri.instance(), Component::XName('x'));
/// assert_eq!(uri.path().nth(1), Some(Component::Wildcard));
/// assert_eq!(uri.nv().next().map(|nv| nv.value), Some("GPS".into()));
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientUri<'a> {
    text: Str<'a>,
    parts: Parts,
}

/// Where the parts of a ClientURI end, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Parts {
    moid: usize,
    instance: usize,
    path: usize,
}

/// One component of a ClientURI.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar of §9.2 has four")]
pub enum Component<'a> {
    /// Nothing: the one instance there is. Only in the place of the instance.
    Empty,
    /// A name, percent-decoded.
    Name(Cow<'a, str>),
    /// A letter that the query says something about.
    XName(char),
    /// `*`
    Wildcard,
}

/// One `nv` field: a leaf below the node the x-name stands for, and the value it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeValue<'a> {
    /// The letter of the x-name.
    pub x_name: char,
    /// The value, percent-decoded.
    pub value: Cow<'a, str>,
    names: &'a str,
}

impl<'a> NodeValue<'a> {
    /// The names from the node down to the leaf, at least one, percent-decoded.
    pub fn names(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.names.split('/').map(uri::decode_checked)
    }
}

impl<'a> ClientUri<'a> {
    /// Reads a ClientURI leniently, within [`Limits::DEFAULT`].
    ///
    /// # Errors
    /// See [`parse_with`](Self::parse_with).
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Self::parse_with(text, Strictness::Lenient, &Limits::DEFAULT).map(|parsed| parsed.value)
    }

    /// Reads a ClientURI. Lenient reading takes a missing second `/` for the instance root and ignores unknown fields.
    ///
    /// # Errors
    /// The kinds of [`ErrorKind`] that start with `Uri`; each is answered with 400, [`ErrorKind::UriTooLong`] with 413.
    pub fn parse_with(text: &'a str, strictness: Strictness, limits: &Limits) -> Result<Parsed<Self>, Error> {
        let mut deviations = Vec::new();
        let parts = split(text, strictness, limits, &mut deviations)?;
        Ok(Parsed { value: Self { text: Str::borrowed(text), parts }, deviations })
    }

    /// Whether strict reading accepts the text.
    pub(crate) fn check(text: &str, limits: &Limits) -> Result<(), Error> {
        if text.len() <= limits.max_uri_len && split_plain(text).is_some() {
            return Ok(());
        }
        split(text, Strictness::Strict, limits, &mut Vec::new()).map(|_| ())
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The object type, as it is written.
    #[must_use]
    pub fn moid(&self) -> &str {
        self.piece(0, self.parts.moid)
    }

    /// Which instances of the object type.
    #[must_use]
    pub fn instance(&self) -> Component<'_> {
        component(self.instance_text())
    }

    /// The components below the instance, none for its root.
    #[must_use]
    pub fn path(&self) -> Path<'_> {
        Path(segments(self.path_text()))
    }

    /// The `nv` fields in their order.
    #[must_use]
    pub fn nv(&self) -> NodeValues<'_> {
        NodeValues(self.query_text().split('&'))
    }

    /// The cache validator the server knows, percent-decoded.
    #[must_use]
    pub fn cv(&self) -> Option<Cow<'_, str>> {
        self.query_text().split('&').find_map(|field| field.strip_prefix("cv=")).map(uri::decode_checked)
    }

    /// Whether any component is `*`.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.raw_components().any(|raw| raw == "*")
    }

    /// Whether any component is an x-name.
    #[must_use]
    pub fn has_x_name(&self) -> bool {
        self.raw_components().any(|raw| x_name(raw).is_some())
    }

    /// Whether there is a query.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.parts.path < self.text.len()
    }

    /// The same address, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> ClientUri<'static> {
        ClientUri { text: self.text.into_owned(), parts: self.parts }
    }

    fn raw_components(&self) -> impl Iterator<Item = &str> {
        core::iter::once(self.instance_text()).chain(segments(self.path_text()).into_iter().flatten())
    }

    fn instance_text(&self) -> &str {
        self.piece(self.parts.moid.saturating_add(1), self.parts.instance)
    }

    fn path_text(&self) -> &str {
        self.piece(self.parts.instance.saturating_add(1), self.parts.path)
    }

    fn query_text(&self) -> &str {
        self.piece(self.parts.path.saturating_add(1), self.text.len())
    }

    fn piece(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}

impl fmt::Display for ClientUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ClientUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientUri").field(&self.text).finish()
    }
}

impl<'a> TryFrom<&'a str> for ClientUri<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// The components below the instance: [`ClientUri::path`].
#[derive(Clone, Debug)]
pub struct Path<'a>(Option<Split<'a, char>>);

impl<'a> Iterator for Path<'a> {
    type Item = Component<'a>;

    fn next(&mut self) -> Option<Component<'a>> {
        self.0.as_mut()?.next().map(component)
    }
}

impl FusedIterator for Path<'_> {}

/// The `nv` fields: [`ClientUri::nv`].
#[derive(Clone, Debug)]
pub struct NodeValues<'a>(Split<'a, char>);

impl<'a> Iterator for NodeValues<'a> {
    type Item = NodeValue<'a>;

    fn next(&mut self) -> Option<NodeValue<'a>> {
        self.0.by_ref().find_map(|field| node_value(field.strip_prefix("nv=")?))
    }
}

impl FusedIterator for NodeValues<'_> {}

/// The segments of a path; a slash at its end is equal to none.
fn segments(path: &str) -> Option<Split<'_, char>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    (!path.is_empty()).then(|| path.split('/'))
}

fn component(raw: &str) -> Component<'_> {
    match (raw, x_name(raw)) {
        ("", _) => Component::Empty,
        ("*", _) => Component::Wildcard,
        (_, Some(letter)) => Component::XName(letter),
        _ => Component::Name(uri::decode_checked(raw)),
    }
}

/// The letter of `(x)`.
fn x_name(raw: &str) -> Option<char> {
    match raw.as_bytes() {
        [b'(', letter, b')'] if letter.is_ascii_alphabetic() => Some(char::from(*letter)),
        _ => None,
    }
}

/// `(x)/name/…:value`, taken apart. OUR DECISION: the value starts after the first `:`.
fn node_value(text: &str) -> Option<NodeValue<'_>> {
    let (place, value) = text.split_once(':')?;
    let (x, names) = place.split_once('/')?;
    Some(NodeValue { x_name: x_name(x)?, value: uri::decode_checked(value), names })
}

/// A set of letters.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Letters(u64);

impl Letters {
    const fn bit(letter: char) -> u64 {
        // A letter of ASCII, so the remainder tells `A`..=`z` apart.
        1_u64 << (letter as u32 & 63)
    }

    /// Adds a letter; `false` when it was there.
    fn insert(&mut self, letter: char) -> bool {
        let new = !self.contains(letter);
        self.0 |= Self::bit(letter);
        new
    }

    const fn contains(self, letter: char) -> bool {
        self.0 & Self::bit(letter) != 0
    }
}

/// Checks the grammar and the constraints of §9.2 and finds where the parts end.
fn split(text: &str, strictness: Strictness, limits: &Limits, deviations: &mut Vec<Deviation>) -> Result<Parts, Error> {
    let mut deviate = |kind: DeviationKind, offset: usize| match strictness {
        Strictness::Strict => Err(Error::new(kind.strict_error(), offset)),
        Strictness::Lenient => {
            deviations.push(Deviation::new(kind, offset));
            Ok(())
        }
    };
    if text.len() > limits.max_uri_len {
        return Err(Error::new(ErrorKind::UriTooLong, limits.max_uri_len));
    }
    if let Some(parts) = split_plain(text) {
        return Ok(parts);
    }
    let (head, query) = match uri::split_once(text, b'?') {
        None => (text, None),
        Some((head, query)) => (head, Some(query)),
    };
    let path_end = head.len();
    let encoded = uri::check_chars(head, PATH)?;
    let (moid, rest) = head.split_once('/').ok_or(Error::new(ErrorKind::UriIncomplete, path_end))?;
    // Its characters have been checked with the others.
    check_moid_start(moid)?;
    let instance_start = moid.len().saturating_add(1);
    let (instance, path) = match rest.split_once('/') {
        Some((instance, path)) => (instance, path),
        None => {
            deviate(DeviationKind::UriIncomplete, path_end)?;
            (rest, "")
        }
    };
    let instance_end = instance_start.saturating_add(instance.len());

    let mut used = Letters::default();
    let mut x_names = |raw: &str, offset: usize| match x_name(raw) {
        Some(letter) if !used.insert(letter) => Err(Error::new(ErrorKind::UriXNameRepeated, offset)),
        Some(_) => Ok(()),
        None if !encoded => Ok(()),
        None => uri::decode(raw).map(|_| ()).map_err(|error| error.shifted(offset)),
    };
    x_names(instance, instance_start)?;
    if path == "/" {
        return Err(Error::new(ErrorKind::UriEmptyComponent, instance_end.saturating_add(1)));
    }
    let mut offset = instance_end.saturating_add(1);
    for raw in segments(path).into_iter().flatten() {
        if raw.is_empty() {
            return Err(Error::new(ErrorKind::UriEmptyComponent, offset));
        }
        x_names(raw, offset)?;
        offset = offset.saturating_add(raw.len()).saturating_add(1);
    }

    let mut bound = Letters::default();
    let mut has_cv = false;
    if let Some(query) = query {
        let mut offset = path_end.saturating_add(1);
        uri::check_chars(query, QUERY).map_err(|error| error.shifted(offset))?;
        for field in query.split('&') {
            match field.split_once('=') {
                Some(("nv", text)) => {
                    let letter = check_nv(text).map_err(|error| error.shifted(offset.saturating_add(3)))?;
                    if !used.contains(letter) {
                        return Err(Error::new(ErrorKind::UriNvUnused, offset));
                    }
                    bound.insert(letter);
                }
                Some(("cv", text)) => {
                    if core::mem::replace(&mut has_cv, true) {
                        return Err(Error::new(ErrorKind::UriCvRepeated, offset));
                    }
                    if text.is_empty() {
                        return Err(Error::new(ErrorKind::UriCvEmpty, offset));
                    }
                    uri::decode(text).map_err(|error| error.shifted(offset.saturating_add(3)))?;
                }
                _ => deviate(DeviationKind::UriField, offset)?,
            }
            offset = offset.saturating_add(field.len()).saturating_add(1);
        }
    }
    if used != bound {
        return Err(Error::new(ErrorKind::UriXNameUnbound, unbound(head, instance_start, bound)));
    }
    Ok(Parts { moid: moid.len(), instance: instance_end, path: path_end })
}

/// The same for the plainest addresses, which are nearly all: names only, no query.
fn split_plain(text: &str) -> Option<Parts> {
    let (moid, rest) = uri::split_once(text, b'/')?;
    let (instance, path) = uri::split_once(rest, b'/')?;
    if uri::may_have_empty_segment(path) || !uri::is_plain(text) || check_moid_start(moid).is_err() {
        return None;
    }
    let instance = moid.len().saturating_add(1).saturating_add(instance.len());
    Some(Parts { moid: moid.len(), instance, path: text.len() })
}

/// Where the first x-name without `nv` stands.
#[cold]
fn unbound(head: &str, instance_start: usize, bound: Letters) -> usize {
    let mut offset = instance_start;
    for raw in head.get(instance_start..).unwrap_or_default().split('/') {
        if x_name(raw).is_some_and(|letter| !bound.contains(letter)) {
            break;
        }
        offset = offset.saturating_add(raw.len()).saturating_add(1);
    }
    offset.min(head.len())
}

/// Checks what follows `nv=` and gives its letter.
fn check_nv(text: &str) -> Result<char, Error> {
    let syntax = |offset| Error::new(ErrorKind::UriNvSyntax, offset);
    let (place, value) = text.split_once(':').ok_or(syntax(text.len()))?;
    let (x, names) = place.split_once('/').ok_or(syntax(place.len()))?;
    let letter = x_name(x).ok_or(syntax(0))?;
    let mut offset = x.len().saturating_add(1);
    for name in names.split('/') {
        if name.is_empty() {
            return Err(syntax(offset));
        }
        if let Some(question) = name.bytes().position(|byte| byte == b'?') {
            return Err(Error::new(ErrorKind::UriCharacter, offset.saturating_add(question)));
        }
        uri::decode(name).map_err(|error| error.shifted(offset))?;
        offset = offset.saturating_add(name.len()).saturating_add(1);
    }
    uri::decode(value).map_err(|error| error.shifted(offset))?;
    Ok(letter)
}

/// Checks a MOID: one segment of URI characters that does not start like a ServerURI.
pub(crate) fn check_moid(moid: &str) -> Result<(), Error> {
    check_moid_start(moid)?;
    uri::check_chars(moid, PCHAR).map(|_| ())
}

fn check_moid_start(moid: &str) -> Result<(), Error> {
    if moid.is_empty() || uri::is_server_class(moid) { Err(Error::new(ErrorKind::UriMoid, 0)) } else { Ok(()) }
}

/// Puts a ClientURI together from names and values as they are, percent-encoding what must be.
///
/// ```
/// use dm_package::ClientUriBuilder;
/// let uri = ClientUriBuilder::new("urn:example:mo:sensor:1.0")
///     .instance("west")
///     .node("Data")
///     .x_name('y')
///     .node("50/50")
///     .nv('y', &["Date"], "12.2")
///     .build()?;
/// assert_eq!(uri, "urn:example:mo:sensor:1.0/west/Data/(y)/50%2F50?nv=(y)/Date:12.2");
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientUriBuilder {
    moid: String,
    instance: String,
    path: String,
    query: String,
    error: Option<ErrorKind>,
}

impl ClientUriBuilder {
    /// The root of the one instance of an object type. The MOID goes into the address as it is.
    pub fn new(moid: &str) -> Self {
        Self { moid: moid.to_owned(), instance: String::new(), path: String::new(), query: String::new(), error: None }
    }

    /// The instance with this MIID; an empty text is the one instance there is.
    pub fn instance(mut self, miid: &str) -> Self {
        self.instance.clear();
        push_name(&mut self.instance, miid);
        self
    }

    /// All instances: `*`.
    pub fn any_instance(mut self) -> Self {
        self.instance.clear();
        self.instance.push('*');
        self
    }

    /// The instance an x-name stands for: `(x)`.
    pub fn instance_x_name(mut self, letter: char) -> Self {
        self.instance.clear();
        push_x_name(&mut self.instance, letter);
        self
    }

    /// A child with this name.
    pub fn node(mut self, name: &str) -> Self {
        if name.is_empty() {
            self.error = self.error.or(Some(ErrorKind::UriEmptyComponent));
        }
        self.separate();
        push_name(&mut self.path, name);
        self
    }

    /// All children: `*`.
    pub fn wildcard(mut self) -> Self {
        self.separate();
        self.path.push('*');
        self
    }

    /// The child an x-name stands for: `(y)`.
    pub fn x_name(mut self, letter: char) -> Self {
        self.separate();
        push_x_name(&mut self.path, letter);
        self
    }

    /// What an x-name stands for: the node below which the leaf with these names has this value.
    pub fn nv(mut self, letter: char, names: &[&str], value: &str) -> Self {
        if names.is_empty() || names.iter().any(|name| name.is_empty()) {
            self.error = self.error.or(Some(ErrorKind::UriNvSyntax));
        }
        self.field("nv=");
        push_x_name(&mut self.query, letter);
        for name in names {
            self.query.push('/');
            uri::push_encoded(&mut self.query, name, |byte| uri::is_in(byte, PCHAR) && !matches!(byte, b':' | b'&'));
        }
        self.query.push(':');
        uri::push_encoded(&mut self.query, value, |byte| uri::is_in(byte, QUERY) && byte != b'&');
        self
    }

    /// The cache validator the server knows.
    pub fn cv(mut self, validator: &str) -> Self {
        self.field("cv=");
        uri::push_encoded(&mut self.query, validator, |byte| uri::is_in(byte, QUERY) && byte != b'&');
        self
    }

    /// The address.
    ///
    /// # Errors
    /// What [`ClientUri::parse_with`] in strict mode says about it, at that byte of it.
    pub fn build(self) -> Result<String, Error> {
        let Self { moid: mut text, instance, path, query, error } = self;
        // A slash in it would shift every part.
        check_moid(&text)?;
        text.reserve(instance.len().saturating_add(path.len()).saturating_add(query.len()).saturating_add(3));
        for piece in ["/", &instance, "/", &path] {
            text.push_str(piece);
        }
        if !query.is_empty() {
            text.push('?');
            text.push_str(&query);
        }
        if let Some(kind) = error {
            return Err(Error::new(kind, text.len()));
        }
        ClientUri::check(&text, &Limits::DEFAULT)?;
        Ok(text)
    }

    fn separate(&mut self) {
        if !self.path.is_empty() {
            self.path.push('/');
        }
    }

    fn field(&mut self, name: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
    }
}

/// A name that is neither `*` nor an x-name, whatever it looks like.
fn push_name(out: &mut String, name: &str) {
    let special = name == "*" || x_name(name).is_some();
    uri::push_encoded(out, name, |byte| uri::is_in(byte, PCHAR) && !(special && matches!(byte, b'*' | b'(' | b')')));
}

fn push_x_name(out: &mut String, letter: char) {
    out.push('(');
    // Anything but an ASCII letter is refused by `build`.
    out.push(letter);
    out.push(')');
}
