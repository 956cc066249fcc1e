//! What holds for any input of the decoders: no panic, offsets inside, strict a part of lenient, no loss on the way out
//! and in again; with the feature `fuzzing`, the quick way and the complete one alike.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod checks;
mod notes;
mod support;

use dm_syncml::{Element, Fragment, Limits, Message, Parsed, Strictness, WbxmlOptions, XmlOptions, peek_header, utf8};
use proptest::prelude::*;
use proptest::sample::Index;
use support::{Shape, message};

/// Everything that reads, on these bytes: nothing panics, and what is said of places is true.
fn holds(input: &[u8]) {
    #[cfg(feature = "fuzzing")]
    checks::fast_and_slow_agree(input);
    checks::xml_holds(input);
    checks::wbxml_holds(input);
    if let Err(error) = peek_header(input) {
        assert!(error.offset() <= input.len());
    }
    if let Err(error) = utf8(input) {
        assert!(error.offset() <= input.len());
    }
    for limits in [Limits::DEFAULT, Limits::tiny()] {
        for result in [Element::parse_xml(input, &limits), Element::parse_wbxml(input, &limits)] {
            match result {
                Ok(element) => assert!(element.span().range().end <= input.len()),
                Err(error) => assert!(error.offset() <= input.len(), "{error}"),
            }
        }
        for strictness in [Strictness::Lenient, Strictness::Strict] {
            for parse in [Message::parse_xml, Message::parse_wbxml] {
                match parse(input, strictness, &limits) {
                    Ok(Parsed { deviations, .. }) => {
                        assert!(deviations.iter().all(|deviation| deviation.offset() <= input.len()));
                        assert!(strictness == Strictness::Lenient || deviations.is_empty());
                    }
                    Err(error) => assert!(error.offset() <= input.len(), "{error}"),
                }
            }
        }
    }
    // A message is a fragment, with the same in it.
    for parse in [Strictness::Lenient, Strictness::Strict] {
        if let Ok(found) = Message::parse_with(input, parse, &Limits::DEFAULT) {
            let fragment = Fragment::parse_with(input, Strictness::Lenient, &Limits::DEFAULT).unwrap().value;
            if let Ok(again) = fragment.into_message() {
                assert_eq!(again, found.value);
            }
        }
    }
}

/// What a hostile or clumsy hand puts into a document.
const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<?xml version=\"1.0\"?>",
    "&",
    "&amp;",
    "&#0;",
    "&#x41;",
    "&#xFFFE;",
    "&foo;",
    "\"",
    "'",
    "=",
    " ",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{FFFE}",
    "é",
    "\u{FEFF}",
    ":",
    " xmlns=\"\"",
    " xmlns=\"SYNCML:SYNCML1.1\"",
    " xmlns:a='u'",
    " a:b='1'",
    " xmlns=\"syncml:metinf\"",
    " x=''",
    "<Data>",
    "</Data>",
    "<Item>",
    "</Item>",
    "<Item/>",
    "<Meta/>",
    "<SyncBody/>",
    "</SyncBody >",
    "<SyncHdr/>",
    "<Final/>",
    "<CmdID>1</CmdID>",
    "<CmdID> 2</CmdID>",
    "<LocURI> a</LocURI>",
    "<CmdID/>",
    "<Target>",
    "</Target>",
    "<LocURI/>",
    "<Atomic>",
    "</Atomic>",
    "<Sync/>",
    "<x><y/></x>",
    "<Type>a</Type>",
    "<MetInf>",
    "</MetInf>",
    "<NoResp/>",
    "<Cred/>",
    "<a:Data/>",
    "<MgmtTree xmlns=\"syncml:dmddf1.2\"/>",
    "<!DOCTYPE SyncML [",
    "<!ENTITY a 'b'>",
    "]>",
    "<MoreData/>",
    "<Correlator>c</Correlator>",
    "text",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ]
}

/// Cuts out, puts in, swaps.
#[derive(Clone, Debug)]
struct Edit {
    at: Index,
    remove: usize,
    insert: Vec<u8>,
    on_a_tag: bool,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit =
        (any::<Index>(), prop_oneof![4 => Just(0), 2 => 1..20_usize, 1 => 20..200_usize], piece(), any::<bool>())
            .prop_map(|(at, remove, insert, on_a_tag)| Edit { at, remove, insert, on_a_tag });
    proptest::collection::vec(edit, 1..5)
}

fn edited(mut input: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        if input.is_empty() {
            break;
        }
        let mut at = edit.at.index(input.len());
        if edit.on_a_tag {
            // Between elements: such edits pass the reader and meet the grammar.
            at = input[at..].iter().position(|byte| *byte == b'<').map_or(at, |found| at + found);
        }
        let end = (at + edit.remove).min(input.len());
        input.splice(at..end, edit.insert.iter().copied());
    }
    input
}

/// Elements moved, doubled or left out, tags kept whole.
fn shuffled(xml: &str, moves: &[(Index, Index, u8)]) -> String {
    let mut tags: Vec<&str> = xml.split_inclusive('>').collect();
    for (from, to, what) in moves {
        let (from, to) = (from.index(tags.len()), to.index(tags.len()));
        match what % 3 {
            0 => tags.swap(from, to),
            1 => tags.insert(to, tags[from]),
            _ if tags.len() > 1 => {
                tags.remove(from);
            }
            _ => {}
        }
    }
    tags.concat()
}

const FULL: &str = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>a</TargetRef>\
    <SourceRef>b</SourceRef><Chal><Meta><Type xmlns=\"syncml:metinf\">t</Type></Meta></Chal><Data>401</Data><Item/></Status>\
    <Sequence><CmdID>2</CmdID><Alert><CmdID>3</CmdID><Data>1101</Data><Correlator>c</Correlator><Item><Data>a&amp;b</Data>\
    </Item></Alert><Atomic><CmdID>4</CmdID><Meta/><Add><CmdID>5</CmdID><Meta><Format xmlns=\"syncml:metinf\">xml</Format>\
    </Meta><Item><Target><LocURI>./A</LocURI></Target><Source><LocURI>./B</LocURI><LocName>n</LocName></Source><Meta><Size \
    xmlns=\"syncml:metinf\">1</Size></Meta><Data><a><b/></a></Data><MoreData/></Item></Add></Atomic></Sequence>\
    <Results><CmdID>6</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Meta/><Item><Data/></Item><Item/></Results>\
    <Exec><CmdID>7</CmdID><Correlator>c</Correlator><Item/></Exec>";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        holds(&input);
    }

    #[test]
    fn any_bytes_behind_a_header(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        holds(&[&[0x02, 0xA4, 0x01, 0x6A, 0x00, 0x6D, 0x2C, 0x6B][..], &input].concat());
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(piece(), 0..40)) {
        let inside = pieces.concat();
        holds(&inside);
        let around = notes::msg("<Replace><CmdID>1</CmdID><Item>@</Item></Replace>");
        let (before, after) = around.split_once('@').unwrap();
        holds(&[before.as_bytes(), &inside, after.as_bytes()].concat());
    }

    #[test]
    fn edited_documents(edits in edits()) {
        holds(&edited(notes::msg(FULL).into_bytes(), &edits));
    }

    #[test]
    fn shuffled_documents(moves in proptest::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4)) {
        let text = shuffled(&notes::msg(FULL), &moves);
        holds(text.as_bytes());
    }

    #[test]
    fn edited_messages(message in message(Shape::XML), edits in edits()) {
        let mut wire = Vec::new();
        message.encode_xml(&XmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut wire).unwrap();
        holds(&edited(wire, &edits));
    }

    #[test]
    fn edited_binaries(message in message(Shape::WBXML), edits in edits()) {
        let mut wire = Vec::new();
        message.encode_wbxml(&WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut wire).unwrap();
        holds(&edited(wire, &edits));
    }

    /// White space, comments and other spellings of a tag between elements change nothing, and neither does the way.
    #[test]
    fn spelling_does_not_matter(message in message(Shape::XML), choices in proptest::collection::vec(any::<u8>(), 1..200)) {
        let mut wire = Vec::new();
        message.encode_xml(&XmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut wire).unwrap();
        let text = String::from_utf8(wire).unwrap();
        let mut choices = choices.iter().cycle();
        let mut out = String::new();
        for piece in text.split_inclusive('>') {
            let (before, tag) = piece.rfind('<').map_or((piece, ""), |at| piece.split_at(at));
            out.push_str(before);
            let known = tag.starts_with("</") && !before.contains('<');
            match choices.next().unwrap() % 4 {
                // An end tag may have a space; a tag of mark-up in Data is kept as it is, so it stays.
                0 if known && !message_has_markup(&message) => {
                    out.push_str(tag.strip_suffix('>').unwrap());
                    out.push_str(" >");
                }
                _ => out.push_str(tag),
            }
        }
        prop_assert_eq!(Message::parse(out.as_bytes()).unwrap(), message);
    }
}

fn message_has_markup(message: &Message<'_>) -> bool {
    format!("{message:?}").contains("Markup")
}

#[test]
fn pieces_alone_and_in_pairs() {
    for one in PIECES {
        for other in PIECES {
            for around in
                ["@", "<Get>@</Get>", "<Get><CmdID>1</CmdID><Item><Data>@</Data></Item></Get>", "<SyncBody @/>"]
            {
                holds(around.replace('@', &format!("{one}{other}")).as_bytes());
            }
        }
    }
}
