//! Framing of DM 1.x notifications: WSP and short messages, beyond their vectors (§5).
#![cfg(all(feature = "dm1", feature = "alloc"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_support;

use dm_notification::dm1::sms::{Joined, Joiner, MAX_USER_DATA_LEN, PORT, Part, Ports, Reference, UserData, split};
use dm_notification::dm1::{Error, ErrorKind, wsp};
use dm1_support::Vector;

fn said<T>(result: Result<T, Error>) -> Result<T, (ErrorKind, usize)> {
    result.map_err(|error| (error.kind(), error.offset()))
}

fn part(total: u8, number: u8) -> Part {
    Part::new(Reference::Short(9), total, number).unwrap()
}

#[test]
fn the_header_of_a_push_is_fixed() {
    assert_eq!(wsp::header(0x5a), [0x5a, 0x06, 0x03, 0xc4, 0xaf, 0x87]);
    // With the header of the user data it stays within 48 octets.
    const { assert!(wsp::HEADER_LEN + 7 <= 48) };
    let mut short = [0; 9];
    let mut left = &mut short[..];
    assert_eq!(said(wsp::encode(1, b"1234", &mut left)), Err((ErrorKind::SinkFull, 9)));
    assert_eq!(left.len(), 9);
    let mut exact = [0; 10];
    wsp::encode(1, b"1234", &mut &mut exact[..]).unwrap();
    assert_eq!(exact[6..], *b"1234");
}

#[test]
fn the_headers_of_a_push_one_by_one() {
    let wire = Vector::named("push", "other_headers_around");
    let push = wsp::Push::parse(&wire).unwrap();
    assert_eq!((push.transaction_id(), push.content_type()), (1, wsp::ContentType::Code(0x44)));
    let names: Vec<_> = push.headers().map(|header| header.name).collect();
    let code = |code| wsp::Name::Code { page: 1, code };
    assert_eq!(names, [code(0x34), code(0x2f), code(0x30), wsp::Name::Text(b"X-Other")]);
    let values: Vec<_> = push.headers().map(|header| header.value.len()).collect();
    assert_eq!(values, [1, 1, 6, 11]);
    let shifted = Vector::named("push", "shift_to_page_1_and_back");
    let pages: Vec<_> = wsp::Push::parse(&shifted).unwrap().headers().map(|header| header.name).collect();
    assert_eq!(pages, [wsp::Name::Code { page: 2, code: 0x2f }, code(0x2f)]);
    let text = Vector::named("push", "content_type_text");
    let text = wsp::Push::parse(&text).unwrap();
    assert_eq!(text.content_type(), wsp::ContentType::Text(b"application/vnd.syncml.notification"));
}

#[test]
fn parts_that_can_be() {
    for (total, number, there) in [(1, 1, true), (255, 255, true), (0, 0, false), (1, 0, false), (1, 2, false)] {
        assert_eq!(Part::new(Reference::Long(1), total, number).is_some(), there, "{number} of {total}");
    }
    let part = part(3, 2);
    assert_eq!((part.reference(), part.total(), part.number()), (Reference::Short(9), 3, 2));
}

#[test]
fn one_short_message_at_its_limit_and_one_beyond() {
    // What one, two and 255 messages hold, with references of 8 and of 16 bits.
    let push = vec![1; 255 * 128 + 1];
    let count = |len: usize, reference| said(split(&push[..len], 1, reference).map(|parts| parts.len()));
    for (reference, size) in [(Reference::Short(1), 128), (Reference::Long(1), 127)] {
        assert_eq!(count(0, reference), Ok(1));
        assert_eq!(count(133, reference), Ok(1));
        assert_eq!(count(134, reference), Ok(2));
        assert_eq!(count(2 * size, reference), Ok(2));
        assert_eq!(count(2 * size + 1, reference), Ok(3));
        assert_eq!(count(255 * size, reference), Ok(255));
        assert_eq!(count(255 * size + 1, reference), Err((ErrorKind::TooManyParts, 255 * size)));
        let full = split(&push[..2 * size], 1, reference).unwrap();
        assert!(full.map(|data| data.encoded_len()).eq([MAX_USER_DATA_LEN; 2]));
    }
    let body = [0; 134];
    assert_eq!(said(UserData::new(1, &body[..133]).encode(&mut vec![])), Ok(()));
    assert_eq!(said(UserData::new(1, &body).encode(&mut vec![])), Err((ErrorKind::UserDataTooLong, 140)));
    let mut short = [0; 10];
    let mut left = &mut short[..];
    assert_eq!(said(UserData::new(1, b"1234").encode(&mut left)), Err((ErrorKind::SinkFull, 10)));
    assert_eq!(left.len(), 10);
}

#[test]
fn a_message_that_is_no_part_passes_through() {
    let mut joiner: Joiner = Joiner::default();
    let mut out = Vec::new();
    assert_eq!(joiner.add(b"s", &UserData::new(1, b"whole"), &mut out), Ok(Joined::Whole));
    assert_eq!(out, b"whole");
    assert_eq!(joiner, Joiner::new());
    let mut short = [0; 4];
    let full = joiner.add(b"s", &UserData::new(1, b"whole"), &mut &mut short[..]);
    assert_eq!(said(full), Err((ErrorKind::SinkFull, 4)));
}

#[test]
fn parts_belong_together_by_sender_reference_number_and_ports() {
    let first = UserData::new(1, b"first ").with_part(part(2, 1));
    let second = UserData::new(1, b"second").with_part(part(2, 2));
    let mut other_port = second;
    other_port.ports = Some(Ports { destination: PORT, originator: 2 });
    let others: [(&[u8], UserData<'_>); 5] = [
        (b"other", second),
        (b"s", other_port),
        (b"s", second.with_part(part(3, 2))),
        (b"s", second.with_part(Part::new(Reference::Short(8), 2, 2).unwrap())),
        (b"s", second.with_part(Part::new(Reference::Long(9), 2, 2).unwrap())),
    ];
    for (sender, data) in others {
        let mut joiner: Joiner = Joiner::new();
        let mut out = Vec::new();
        assert_eq!(joiner.add(b"s", &first, &mut out), Ok(Joined::Waiting));
        assert_eq!(joiner.add(sender, &data, &mut out), Ok(Joined::Waiting));
        assert_eq!(joiner.add(b"s", &second, &mut out), Ok(Joined::Whole));
        assert_eq!(out, b"first second");
    }
}

#[test]
fn as_many_parts_and_messages_as_said_and_one_more() {
    let data = |total, number| UserData::new(1, b"x").with_part(part(total, number));
    let mut joiner = Joiner::<2, 2>::new();
    let mut out = Vec::new();
    assert_eq!(joiner.add(b"a", &data(2, 1), &mut out), Ok(Joined::Waiting));
    assert_eq!(said(joiner.add(b"a", &data(3, 1), &mut out)), Err((ErrorKind::TooManyParts, 0)));
    assert_eq!(joiner.add(b"b", &data(2, 1), &mut out), Ok(Joined::Waiting));
    // The third displaces the oldest.
    assert_eq!(joiner.add(b"c", &data(2, 1), &mut out), Ok(Joined::Waiting));
    assert_eq!(joiner.add(b"b", &data(2, 2), &mut out), Ok(Joined::Whole));
    assert_eq!(joiner.add(b"c", &data(2, 2), &mut out), Ok(Joined::Whole));
    assert_eq!(joiner.add(b"a", &data(2, 2), &mut out), Ok(Joined::Waiting));
    let long = [0; 141];
    let beyond = UserData::new(1, &long).with_part(part(2, 1));
    assert_eq!(said(joiner.add(b"a", &beyond, &mut out)), Err((ErrorKind::UserDataTooLong, 140)));
}

#[test]
fn a_reference_that_is_used_again_begins_a_new_message() {
    let data = |body, number| UserData::new(1, body).with_part(part(3, number));
    let mut joiner: Joiner = Joiner::new();
    let mut out = Vec::new();
    for (body, number, joined) in [
        (&b"old1"[..], 1, Joined::Waiting),
        (b"old2", 2, Joined::Waiting),
        (b"old2", 2, Joined::Waiting), // again, and nothing changes
        (b"new2", 2, Joined::Waiting), // differs: what was there is dropped
        (b"new3", 3, Joined::Waiting),
        (b"new1", 1, Joined::Whole),
    ] {
        assert_eq!(joiner.add(b"s", &data(body, number), &mut out), Ok(joined));
    }
    assert_eq!(out, b"new1new2new3");
    // What is whole is forgotten: a part that comes late completes nothing.
    assert_eq!(joiner.add(b"s", &data(b"new1", 1), &mut out), Ok(Joined::Waiting));
}
