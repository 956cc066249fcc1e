//! Documents with marks in them: `‸` stands where a deviation or an error is expected.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "shared by tests"
)]

use dm_syncml::{
    Command, Deviation, DeviationKind, Error, ErrorKind, Fragment, Item, Limits, Message, Parsed, Strictness,
};

/// Where something is expected.
pub(crate) const MARK: char = '‸';

/// A document without its marks, and where they stood.
pub(crate) fn marked(text: &str) -> (String, Vec<usize>) {
    let mut plain = String::new();
    let mut marks = Vec::new();
    for piece in text.split(MARK) {
        plain.push_str(piece);
        marks.push(plain.len());
    }
    marks.pop();
    (plain, marks)
}

/// A whole message in strict form around this body.
pub(crate) fn msg(body: &str) -> String {
    with_header(HEADER, body)
}

pub(crate) const HEADER: &str = "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1F</SessionID><MsgID>2</MsgID>\
    <Target><LocURI>https://dm.example/x</LocURI></Target><Source><LocURI>IMEI:0</LocURI></Source>";

/// A message with the children of its header given.
pub(crate) fn with_header(header: &str, body: &str) -> String {
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>{header}</SyncHdr><SyncBody>{body}<Final/></SyncBody></SyncML>"
    )
}

/// A message with one Replace of one item with these children.
pub(crate) fn with_item(item: &str) -> String {
    msg(&format!("<Replace><CmdID>1</CmdID><Item>{item}</Item></Replace>"))
}

pub(crate) fn listed(deviations: &[Deviation]) -> Vec<(usize, DeviationKind)> {
    let mut list: Vec<_> = deviations.iter().map(|found| (found.offset(), found.kind())).collect();
    list.sort_by_key(|(offset, kind)| (*offset, format!("{kind:?}")));
    list
}

fn check<T: PartialEq + core::fmt::Debug>(
    text: &str,
    marks: &[usize],
    kinds: &[DeviationKind],
    lenient: &Parsed<T>,
    strict: Result<Parsed<T>, Error>,
) {
    assert_eq!(marks.len(), kinds.len(), "as many marks as kinds in {text}");
    let mut expected: Vec<_> = marks.iter().copied().zip(kinds.iter().copied()).collect();
    expected.sort_by_key(|(offset, kind)| (*offset, format!("{kind:?}")));
    assert_eq!(listed(&lenient.deviations), expected, "of {text}");
    match lenient.deviations.first() {
        None => assert_eq!(strict.as_ref(), Ok(lenient), "strict mode reads the same in {text}"),
        Some(first) => {
            let error = strict.unwrap_err();
            assert_eq!((error.kind(), error.offset()), (first.kind().into(), first.offset()), "strictly, of {text}");
        }
    }
}

/// A message with exactly these deviations, one for each mark, the first of which strict mode refuses.
pub(crate) fn message(text: &str, kinds: &[DeviationKind]) -> Message<'static> {
    let (text, marks) = marked(text);
    let lenient = Message::parse_with(text.as_bytes(), Strictness::Lenient, &Limits::DEFAULT);
    let lenient = lenient.unwrap_or_else(|error| panic!("{error} in {text}"));
    let strict = Message::parse_with(text.as_bytes(), Strictness::Strict, &Limits::DEFAULT);
    check(&text, &marks, kinds, &lenient, strict);
    lenient.value.into_owned()
}

/// The same for a fragment.
pub(crate) fn fragment(text: &str, kinds: &[DeviationKind]) -> Fragment<'static> {
    let (text, marks) = marked(text);
    let lenient = Fragment::parse_with(text.as_bytes(), Strictness::Lenient, &Limits::DEFAULT);
    let lenient = lenient.unwrap_or_else(|error| panic!("{error} in {text}"));
    let strict = Fragment::parse_with(text.as_bytes(), Strictness::Strict, &Limits::DEFAULT);
    check(&text, &marks, kinds, &lenient, strict);
    lenient.value.into_owned()
}

/// A message refused in both modes with this kind at the mark.
pub(crate) fn refused(text: &str, kind: ErrorKind) {
    refused_within(text, kind, &Limits::DEFAULT);
}

/// The same within other limits.
pub(crate) fn refused_within(text: &str, kind: ErrorKind, limits: &Limits) {
    let (text, marks) = marked(text);
    assert_eq!(marks.len(), 1, "one mark in {text}");
    let error = Message::parse_with(text.as_bytes(), Strictness::Lenient, limits).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (kind, marks[0]), "in {text}");
    // A deviation before it may come first there.
    let strict = Message::parse_with(text.as_bytes(), Strictness::Strict, limits).unwrap_err();
    assert!(strict == error || strict.offset() <= error.offset(), "{strict} in {text}");
}

/// A fragment refused in both modes.
pub(crate) fn refused_fragment(text: &str, kind: ErrorKind) {
    refused_fragment_within(text, kind, &Limits::DEFAULT);
}

/// The same within other limits.
pub(crate) fn refused_fragment_within(text: &str, kind: ErrorKind, limits: &Limits) {
    let (text, marks) = marked(text);
    assert_eq!(marks.len(), 1, "one mark in {text}");
    let error = Fragment::parse_with(text.as_bytes(), Strictness::Lenient, limits).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (kind, marks[0]), "in {text}");
    Fragment::parse_with(text.as_bytes(), Strictness::Strict, limits).unwrap_err();
}

/// The first item of the first command.
pub(crate) fn item<'m>(message: &'m Message<'static>) -> &'m Item<'static> {
    &message.commands[0].items()[0]
}

/// The text of the Data of the first item.
pub(crate) fn data(message: &Message<'static>) -> String {
    item(message).data.as_ref().unwrap().as_text().unwrap().into()
}

pub(crate) fn names<'m>(commands: &'m [Command<'_>]) -> Vec<&'m str> {
    commands.iter().map(|command| command.name().unwrap_or_default()).collect()
}
