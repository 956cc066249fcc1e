//! The two ways through a document, and the small parts.
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use alloc::string::String;
use alloc::vec::Vec;
use std::{fs, path::Path};

use proptest::prelude::*;

use super::reader::Reader;
use super::tables::{self, Header};
use crate::grammar::decode::{self, Whole};
use crate::grammar::read::Context;
use crate::{Deviation, Error, ErrorKind, Fragment, Limits, Strictness};

type Decoded<'a> = (Fragment<'a>, Vec<Deviation>, Option<Error>);

fn decoded(input: &[u8], strictness: Strictness, fast: bool) -> Decoded<'_> {
    let mut context = Context::new(strictness, &Limits::DEFAULT);
    let mut out = Fragment::default();
    let result = Reader::new(input, &mut context).and_then(|mut reader| {
        if !fast {
            reader.without_fast_way();
        }
        decode::document(&mut reader, Whole::Fragment, &mut out)
    });
    (out, context.deviations, result.err())
}

fn both_ways_agree(input: &[u8]) {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let (fast, slow) = (decoded(input, strictness, true), decoded(input, strictness, false));
        assert_eq!(std::format!("{fast:?}"), std::format!("{slow:?}"), "{input:02X?}");
        assert_eq!(fast, slow);
        if let Some(error) = fast.2 {
            assert!(error.offset() <= input.len(), "{error}");
        }
    }
}

fn vectors() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for dir in ["tests/vectors/syncml/wbxml", "tests/vectors/syncml/wbxml/bad", "benches/data"] {
        let before = found.len();
        for entry in fs::read_dir(root.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wbxml") {
                found.push(fs::read(path).unwrap());
            }
        }
        assert!(found.len() > before, "no vectors in {dir}");
    }
    found.sort();
    found
}

#[test]
fn the_fast_way_takes_what_the_other_takes_with_the_same_result() {
    for input in vectors() {
        both_ways_agree(&input);
    }
}

#[test]
fn both_ways_agree_that_nothing_follows_in_an_element_without_content() {
    let head = [0x02, 0xA4, 0x01, 0x6A, 0x00, 0x6D, 0x6B];
    // Delete, Item, Meta, Target, Cred without content, before what would be their first child.
    for body in [
        &[0x10, 0x4B, 0x03, b'2', 0x00, 0x01][..],
        &[0x60, 0x14, 0x6E, 0x57, 0x03, b'.', 0x00, 0x01, 0x01, 0x01],
        &[0x60, 0x54, 0x1A, 0x00, 0x01, 0x47, 0x03, b'.', 0x00, 0x01, 0x01, 0x01],
        &[0x60, 0x54, 0x2E, 0x57, 0x03, b'.', 0x00, 0x01, 0x01, 0x01],
        &[0x60, 0x54, 0x0F, 0x34, 0x01, 0x01],
        &[0x08, 0x4B, 0x03, b'2', 0x00, 0x01],
        &[0x29, 0x5C, 0x03, b'2', 0x00, 0x01],
    ] {
        both_ways_agree(&[&head, body, &[0x12, 0x01, 0x01]].concat());
    }
}

#[test]
fn both_ways_agree_on_every_truncation() {
    for input in vectors().iter().filter(|input| input.len() < 1000) {
        for cut in 0..input.len() {
            both_ways_agree(&input[..cut]);
        }
    }
}

/// Bytes that mean something, more often than others.
fn token() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(&[0x00, 0x01, 0x02, 0x03, 0x04, 0x40, 0x43, 0x44, 0x83, 0x84, 0xC3, 0xC4, 0x80][..]),
        4 => prop::sample::select(&[0x0F, 0x4F, 0x4B, 0x54, 0x57, 0x6E, 0x5A, 0x47, 0x53, 0x60, 0x12, 0x52, 0x7C][..]),
        1 => any::<u8>(),
    ]
}

proptest! {
    #[test]
    fn both_ways_agree_on_damaged_messages(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), token(), 0..3_u8), 1..6),
    ) {
        let all: Vec<Vec<u8>> = vectors().into_iter().filter(|input| (20..1000).contains(&input.len())).collect();
        let mut input = which.get(&all).clone();
        for (at, byte, how) in changes {
            let at = at.index(input.len());
            match how {
                0 => input[at] = byte,
                1 => input.insert(at, byte),
                _ => { input.remove(at); }
            }
            if input.is_empty() {
                break;
            }
        }
        both_ways_agree(&input);
    }

    #[test]
    fn both_ways_agree_on_any_tokens(body in prop::collection::vec(token(), 0..64), table in prop::collection::vec(0x20..0x7F_u8, 0..16)) {
        let mut input = Vec::from([0x02, 0xA4, 0x01, 0x6A]);
        input.push(u8::try_from(table.len()).unwrap());
        input.extend_from_slice(&table);
        input.extend_from_slice(&[0x6D, 0x6B, 0x60, 0x54]);
        input.extend_from_slice(&body);
        both_ways_agree(&input);
    }

    #[test]
    fn any_bytes_are_read_or_refused(input in prop::collection::vec(any::<u8>(), 0..256)) {
        both_ways_agree(&input);
        if let Err(error) = crate::Element::parse_wbxml(&input, &Limits::DEFAULT) {
            prop_assert!(error.offset() <= input.len());
        }
    }

    #[test]
    fn scanning_finds_what_looking_at_each_byte_finds(
        bytes in prop::collection::vec(prop_oneof![6 => 0x20..0x7F_u8, 1 => any::<u8>()], 0..40),
        from in 0..8_usize,
    ) {
        let from = from.min(bytes.len());
        let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        let end = bytes[from..].iter().position(control).map_or(bytes.len(), |at| from + at);
        prop_assert_eq!(tables::scan(&bytes, from), (end, !bytes[from..end].is_ascii()));
    }

    #[test]
    fn a_text_is_forbidden_where_a_character_is(text in any::<String>()) {
        let expected = text.char_indices().find(|(_, found)| !tables::is_xml_char(*found)).map(|(at, _)| at);
        prop_assert_eq!(tables::forbidden(&text), expected);
    }

    #[test]
    fn integers_come_back(value in any::<u32>(), shift in 0..32_u32) {
        let value = value >> shift;
        let (bytes, count) = tables::to_integer(value);
        let bytes = &bytes[5 - count..];
        let mut at = 0;
        prop_assert_eq!(tables::integer(bytes, &mut at), Ok(value));
        prop_assert_eq!(at, count);
        // No shorter form: the first byte is not a leading zero.
        prop_assert!(count == 1 || bytes[0] != 0x80);
    }
}

#[test]
fn integers_of_the_reference() {
    for (value, bytes) in [
        (0, &[0x00][..]),
        (127, &[0x7F]),
        (128, &[0x81, 0x00]),
        (0x1201, &[0xA4, 0x01]),
        (0x0FD3, &[0x9F, 0x53]),
        (16384, &[0x81, 0x80, 0x00]),
        (u32::MAX, &[0x8F, 0xFF, 0xFF, 0xFF, 0x7F]),
    ] {
        let (all, count) = tables::to_integer(value);
        assert_eq!(&all[5 - count..], bytes);
    }
    let refused = |bytes: &[u8]| tables::integer(bytes, &mut 0).unwrap_err().kind();
    assert_eq!(refused(&[0x90, 0x80, 0x80, 0x80, 0x00]), ErrorKind::WbxmlInteger);
    assert_eq!(refused(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), ErrorKind::WbxmlInteger);
    assert_eq!(refused(&[0x81, 0x80]), ErrorKind::UnexpectedEnd);
}

#[test]
fn every_spelling_of_a_public_id_is_known() {
    for (text, version) in [
        ("-//SYNCML//DTD SyncML 1.0//EN", "SYNCML:SYNCML1.0"),
        ("-//SYNCML//DTD SyncML 1.1//EN", "SYNCML:SYNCML1.1"),
        ("-//SYNCML//DTD SyncML 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//SYNCML//DTD SYNCML 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//OMA//DTD SYNCML 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//syncml//dtd syncml 1.2//en", "SYNCML:SYNCML1.2"),
        ("-//SYNCML//DTD DevInf 1.0//EN", "SYNCML:SYNCML1.0"),
        ("-//SYNCML//DTD DevInf 1.1//EN", "SYNCML:SYNCML1.1"),
        ("-//SYNCML//DTD DevInf 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//OMA//DTD SYNCML-METINF 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//SYNCML//DTD MetInf 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//SYNCML//DTD MetaInf 1.2//EN", "SYNCML:SYNCML1.2"),
        ("-//SYNCML//DTD MetInf 1.1//EN", "SYNCML:SYNCML1.1"),
        ("-//OMA//DTD-DM-DDF 1.2//EN", "SYNCML:SYNCML1.2"),
    ] {
        for end in ["", "\0", "\0other\0"] {
            let mut input = Vec::from([0x02, 0x00, 0x00, 0x6A, u8::try_from(text.len() + end.len()).unwrap()]);
            input.extend_from_slice(text.as_bytes());
            input.extend_from_slice(end.as_bytes());
            let header = Header::parse(&input, &Limits::DEFAULT).unwrap();
            assert_eq!(header.deviations, [None, None], "{text}");
            assert_eq!(header.document.namespace().as_str(), version, "{text}");
        }
    }
    for (number, version) in [
        ([0x9F, 0x51], "SYNCML:SYNCML1.0"),
        ([0x9F, 0x52], "SYNCML:SYNCML1.0"),
        ([0x9F, 0x53], "SYNCML:SYNCML1.1"),
        ([0x9F, 0x54], "SYNCML:SYNCML1.1"),
        ([0xA4, 0x01], "SYNCML:SYNCML1.2"),
        ([0xA4, 0x02], "SYNCML:SYNCML1.2"),
        ([0xA4, 0x03], "SYNCML:SYNCML1.2"),
    ] {
        let header = Header::parse(&[0x02, number[0], number[1], 0x6A, 0x00], &Limits::DEFAULT).unwrap();
        assert_eq!(header.deviations, [None, None]);
        assert_eq!(header.document.namespace().as_str(), version);
    }
}

#[test]
fn a_string_table_is_taken_up_to_the_limit() {
    let limits = Limits::DEFAULT.with_max_string_table_len(4);
    let input = |len: u8| {
        let mut input = Vec::from([0x02, 0xA4, 0x01, 0x6A, len]);
        input.extend(core::iter::repeat_n(b'x', usize::from(len)));
        input
    };
    assert!(Header::parse(&input(4), &limits).is_ok());
    assert_eq!(Header::parse(&input(5), &limits).unwrap_err(), Error::new(ErrorKind::StringTableTooLong, 4));
}
