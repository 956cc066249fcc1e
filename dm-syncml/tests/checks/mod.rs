//! What has to hold for any input. Fuzz targets and the replay of their seeds share it.
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::type_complexity,
    clippy::indexing_slicing,
    reason = "shared by tests and fuzz targets"
)]

use dm_syncml::{
    Command, Content, Deviation, Error, Fragment, FragmentRoot, Limits, Message, Meta, Namespace, Parsed, Strictness,
    SyncHdr, WbxmlOptions, WbxmlPublicId, WbxmlTnds, WbxmlVersion, XmlOptions,
};

const XML: XmlOptions = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
/// Trees inline, where they are elements: nested they would come back as bytes.
const WBXML: WbxmlOptions = WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient).with_tnds(WbxmlTnds::Inline);

/// Both modes of a decoder on one input: what one of them says follows from what the other says. The lenient result.
fn both_modes<'a, T: Clone + core::fmt::Debug + PartialEq>(
    data: &'a [u8],
    parse: fn(&'a [u8], Strictness, &Limits) -> Result<Parsed<T>, Error>,
) -> Option<Parsed<T>> {
    let strict = parse(data, Strictness::Strict, &Limits::DEFAULT);
    let lenient = parse(data, Strictness::Lenient, &Limits::DEFAULT);
    for error in [strict.as_ref().err(), lenient.as_ref().err()].into_iter().flatten() {
        assert!(error.offset() <= data.len(), "{error} of {}", data.len());
    }
    let Ok(lenient) = lenient else {
        assert!(strict.is_err(), "strict takes what lenient does not");
        return None;
    };
    assert!(lenient.deviations.iter().all(|found: &Deviation| found.offset() <= data.len()));
    assert!(lenient.unlisted == 0 || lenient.deviations.len() == Limits::DEFAULT.max_deviations);
    match strict {
        Ok(strict) => assert_eq!(strict, lenient, "the modes read different things"),
        Err(error) => {
            assert!(!lenient.deviations.is_empty(), "{error} in strict mode is no deviation");
            let listed = |found: &Deviation| error.kind() == found.kind().into() && error.offset() == found.offset();
            assert!(
                lenient.unlisted > 0 || lenient.deviations.iter().any(listed),
                "{error} is not in the list: {:?}",
                lenient.deviations
            );
        }
    }
    Some(lenient)
}

/// What is known of places lies in the input.
fn spans_hold(data: &[u8], fragment: &Fragment<'_>) {
    let inside =
        |span: dm_syncml::Span| assert!(span.range().start <= span.range().end && span.range().end <= data.len());
    if let Some(header) = &fragment.header {
        inside(header.span());
        header.cred.iter().for_each(|cred| inside(cred.span()));
    }
    for command in fragment.walk() {
        inside(command.span());
        for item in command.items() {
            item.data.iter().for_each(|data| inside(data.span()));
        }
    }
}

macro_rules! round_trip {
    ($name:ident, $type:ident, $parse:ident, $encode:ident, $len:ident, $lenient:expr, $strict:expr, $variants:expr, $settle:expr) => {
        /// Reads in both modes, writes what was read as it is, and reads that. Whether it was read at all.
        fn $name(data: &[u8]) -> bool {
            let Some(parsed) = both_modes(data, $type::$parse) else { return false };
            let value = parsed.value;
            assert_eq!(value.clone().into_owned(), value, "owned");
            for options in $variants {
                let mut wire = vec![0];
                let written = value.$encode(&options, &mut wire);
                assert_eq!(value.$len(&options), written.map(|()| wire.len() - 1), "length");
                match written {
                    // What cannot be sent is refused, with nothing written.
                    Err(_) => assert_eq!(wire, [0]),
                    Ok(()) => {
                        let again = $type::$parse(&wire[1..], Strictness::Lenient, &Limits::DEFAULT);
                        let again = again.unwrap_or_else(|error| panic!("{error} in {:?}", Shown(&wire[1..])));
                        assert_eq!($settle(again.value), $settle(value.clone()), "from {:?}", Shown(&wire[1..]));
                    }
                }
            }
            // What may be sent is written the same way in strict mode.
            let (mut lenient, mut strict) = (Vec::new(), Vec::new());
            if value.$encode(&$strict, &mut strict).is_ok() {
                value.$encode(&$lenient, &mut lenient).expect("lenient takes what strict does");
                assert_eq!(Shown(&strict), Shown(&lenient));
            }
            true
        }
    };
}

round_trip!(
    xml_message,
    Message,
    parse_xml,
    encode_xml,
    xml_len,
    XML,
    XmlOptions::DEFAULT,
    [XML, XML.with_indent(Some(2)), XML.with_declaration(false)],
    core::convert::identity
);
round_trip!(
    xml_fragment,
    Fragment,
    parse_xml,
    encode_xml,
    xml_len,
    XML,
    XmlOptions::DEFAULT,
    [XML, XML.with_indent(Some(2))],
    settle_xml
);
round_trip!(
    wbxml_message,
    Message,
    parse_wbxml,
    encode_wbxml,
    wbxml_len,
    WBXML,
    WbxmlOptions::DEFAULT.with_tnds(WbxmlTnds::Inline),
    wbxml_options(),
    settle_wbxml_message
);
round_trip!(
    wbxml_fragment,
    Fragment,
    parse_wbxml,
    encode_wbxml,
    wbxml_len,
    WBXML,
    WbxmlOptions::DEFAULT.with_tnds(WbxmlTnds::Inline),
    wbxml_options(),
    settle_wbxml
);

/// A header with nothing in it is written as none.
fn settle(mut fragment: Fragment<'_>) -> Fragment<'_> {
    if fragment.header == Some(SyncHdr::default()) {
        (fragment.header, fragment.root) = (None, FragmentRoot::SyncMl);
    }
    fragment
}

/// And bare commands are written without a namespace in XML.
fn settle_xml(fragment: Fragment<'_>) -> Fragment<'_> {
    let mut fragment = settle(fragment);
    if fragment.root == FragmentRoot::Commands {
        fragment.namespace = Namespace::Absent;
    }
    fragment
}

/// A public identifier is always that of a version, though one that says nothing was read.
fn settle_wbxml_message(mut message: Message<'_>) -> Message<'_> {
    if matches!(message.namespace, Namespace::Absent | Namespace::Other(_)) {
        message.namespace = Namespace::SyncMl12;
    }
    message
}

/// And written as WBXML it has the root, whatever it had.
fn settle_wbxml(fragment: Fragment<'_>) -> Fragment<'_> {
    let mut fragment = settle(fragment);
    if matches!(fragment.namespace, Namespace::Absent | Namespace::Other(_)) {
        fragment.namespace = Namespace::SyncMl12;
    }
    if fragment.root != FragmentRoot::Message {
        fragment.root = FragmentRoot::SyncMl;
    }
    fragment
}

/// The forms a WBXML document can be written in.
fn wbxml_options() -> [WbxmlOptions; 3] {
    [
        WBXML,
        WBXML.with_string_table(true).with_version(WbxmlVersion::V1_3),
        WBXML.with_public_id(WbxmlPublicId::StringTable).with_version(WbxmlVersion::V1_1),
    ]
}

/// Bytes as a person wants to see them.
#[derive(PartialEq)]
struct Shown<'s>(&'s [u8]);

impl core::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Any text, as a message and as a fragment.
pub(crate) fn xml_holds(data: &[u8]) -> bool {
    let message = xml_message(data);
    let fragment = xml_fragment(data);
    assert!(fragment || !message, "a message is a fragment");
    salvage_holds(data);
    fragment
}

/// Any bytes, as a message and as a fragment.
pub(crate) fn wbxml_holds(data: &[u8]) -> bool {
    let message = wbxml_message(data);
    let fragment = wbxml_fragment(data);
    assert!(fragment || !message, "a message is a fragment");
    salvage_holds(data);
    fragment
}

/// What is left of a broken input is read without an accident, and a whole one gives the same as ever.
fn salvage_holds(data: &[u8]) {
    let (parsed, error) = Fragment::salvage(data, &Limits::DEFAULT);
    spans_hold(data, &parsed.value);
    match (error, Fragment::parse_with(data, Strictness::Lenient, &Limits::DEFAULT)) {
        (None, whole) => assert_eq!(Ok(parsed), whole),
        (Some(error), whole) => assert_eq!(Err(error), whole),
    }
}

/// XML → model → WBXML → model → XML: nothing is lost on the way, or it is refused.
pub(crate) fn xml_and_wbxml_agree(data: &[u8]) -> bool {
    let Some(parsed) = Fragment::parse_with(data, Strictness::Lenient, &Limits::DEFAULT).ok() else { return false };
    let mut first = settle_wbxml(parsed.value);
    let mut wbxml = Vec::new();
    if first.encode_wbxml(&WBXML, &mut wbxml).is_err() {
        return false;
    }
    let second = Fragment::parse_wbxml(&wbxml, Strictness::Lenient, &Limits::DEFAULT);
    let second = second.unwrap_or_else(|error| panic!("{error} in {:?}", Shown(&wbxml))).value;
    // A public identifier there is for the three versions only.
    if matches!(first.namespace, Namespace::Absent | Namespace::Other(_)) {
        first.namespace = Namespace::SyncMl12;
    }
    if is_plain(&first) {
        assert_eq!(second, first, "by way of {:?}", Shown(&wbxml));
    }
    let mut xml = Vec::new();
    if second.encode_xml(&XML, &mut xml).is_err() {
        return true;
    }
    let third = Fragment::parse_xml(&xml, Strictness::Lenient, &Limits::DEFAULT);
    let third = third.unwrap_or_else(|error| panic!("{error} in {:?}", Shown(&xml))).value;
    if is_plain(&first) {
        assert_eq!(third, first, "by way of {:?}", Shown(&xml));
    }
    // Written once more, both stay as they are; only bytes become text, where they are.
    let mut again = Vec::new();
    third.encode_xml(&XML, &mut again).expect("what came from XML goes there");
    assert_eq!(Shown(&again), Shown(&xml));
    again.clear();
    third.encode_wbxml(&WBXML, &mut again).expect("what came from WBXML goes there");
    if is_plain(&second) {
        assert_eq!(Shown(&again), Shown(&wbxml));
    }
    true
}

/// Whether a fragment holds text and nothing that changes its kind with the encoding.
fn is_plain(fragment: &Fragment<'_>) -> bool {
    let hidden = |meta: &Meta<'_>| meta.next_nonce().is_none_or(|nonce| matches!(nonce.content, Content::Text(_)));
    let header = fragment.header.as_ref();
    let hidden_ones = header.and_then(|header| header.meta.as_ref()).is_none_or(hidden)
        && header.and_then(|header| header.cred.as_ref()).is_none_or(|cred| {
            hidden(&cred.meta)
                && matches!(cred.data.content, Content::Text(_))
                && cred.data.attributes.is_empty()
                && cred.extras.is_empty()
        })
        && fragment.walk().all(|command| {
            command.meta().is_none_or(hidden)
                && command.items().iter().all(|item| item.meta.as_ref().is_none_or(hidden))
                && match command {
                    Command::Status(it) => it.chal.as_ref().is_none_or(|chal| hidden(&chal.meta)),
                    _ => true,
                }
        });
    // The rest shows itself; a text that looks like it only costs a comparison.
    let shown = format!("{fragment:?}");
    let mut kinds = vec!["Opaque(", "Markup(", "content: Element(", "Attribute", "Declaration", "Token {"];
    // What is in these is not shown.
    kinds.extend(["SyncMl:Cred", "MetInf:NextNonce", "local: \"Cred\"", "local: \"NextNonce\""]);
    hidden_ones && !kinds.iter().any(|kind| shown.contains(kind))
}

/// Arbitrary values have ids of any length.
const WIDE: Limits = Limits::DEFAULT.with_max_session_id_len(usize::MAX).with_max_uri_len(usize::MAX);

/// A value in both encodings.
pub(crate) fn value_holds(value: &Message<'_>) -> bool {
    let plain = is_plain(&Fragment {
        header: Some(value.header.clone()),
        commands: value.commands.clone(),
        declarations: value.declarations.clone(),
        extras: value.extras.clone(),
        ..Fragment::default()
    });
    let mut encodable = false;
    let mut wire = Vec::new();
    for options in [XmlOptions::DEFAULT, XML] {
        wire.clear();
        if value.encode_xml(&options, &mut wire).is_ok() {
            assert_eq!(value.xml_len(&options), Ok(wire.len()));
            let parsed = Message::parse_xml(&wire, Strictness::Lenient, &WIDE);
            let parsed = parsed.unwrap_or_else(|error| panic!("{error} in {:?}", Shown(&wire))).value;
            if plain {
                assert_eq!(parsed, *value, "from {:?}", Shown(&wire));
            }
            // Elements come back as mark-up and bytes as text, which are written as they were.
            let mut again = Vec::new();
            parsed.encode_xml(&options, &mut again).expect("once more");
            assert_eq!(Shown(&again), Shown(&wire));
            encodable = true;
        }
    }
    for options in wbxml_options() {
        wire.clear();
        if value.encode_wbxml(&options, &mut wire).is_ok() {
            assert_eq!(value.wbxml_len(&options), Ok(wire.len()));
            let parsed = Message::parse_wbxml(&wire, Strictness::Lenient, &WIDE);
            let parsed = parsed.unwrap_or_else(|error| panic!("{error} in {:?}", Shown(&wire))).value;
            if value.declarations.is_empty() && value.namespace != Namespace::Absent {
                assert_eq!(parsed, *value, "from {:?}", Shown(&wire));
            }
            encodable = true;
        }
    }
    encodable
}

/// The quick way accepts a part of what the complete way accepts, with the same result.
#[cfg(feature = "fuzzing")]
pub(crate) fn fast_and_slow_agree(data: &[u8]) -> bool {
    use dm_syncml::{Encoding, fuzzing};
    for strictness in [Strictness::Lenient, Strictness::Strict] {
        let (fast, slow) = match Encoding::detect(data) {
            Some(Encoding::Xml) => (
                Fragment::parse_xml(data, strictness, &Limits::DEFAULT),
                fuzzing::parse_xml_slow(data, strictness, &Limits::DEFAULT),
            ),
            Some(Encoding::Wbxml) => (
                Fragment::parse_wbxml(data, strictness, &Limits::DEFAULT),
                fuzzing::parse_wbxml_slow(data, strictness, &Limits::DEFAULT),
            ),
            None => return false,
        };
        assert_eq!(fast, slow, "{strictness:?}");
        if fast.is_err() && strictness == Strictness::Lenient {
            return false;
        }
    }
    true
}
