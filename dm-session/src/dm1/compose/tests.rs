//! Sizes to the byte, and data in pieces, in both encodings (§6.4, §7.1, §7.2 of the reference).
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use super::*;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use dm_syncml::{
    Alert, AlertCode, CommandName, Container, Element, Format, Limits, Location, Mark, Meta, Name, Node, Results,
    Status, StatusCode, Str, Strictness, Tag,
};
use proptest::collection::vec as any_vec;
use proptest::prelude::*;

const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

fn header() -> SyncHdr<'static> {
    SyncHdr::new("1", "1", Location::new("https://dm.example/"), Location::new("IMEI:1"))
}

fn composer(encoding: Encoding, limit: Option<usize>) -> Composer {
    Composer::new(header(), Namespace::SyncMl12, encoding, limit).unwrap()
}

fn read(bytes: &[u8], encoding: Encoding) -> Message<'static> {
    let limits = Limits::DEFAULT;
    let parsed = match encoding {
        Encoding::Xml => Message::parse_xml(bytes, Strictness::Lenient, &limits),
        Encoding::Wbxml => Message::parse_wbxml(bytes, Strictness::Lenient, &limits),
    };
    parsed.unwrap().value.into_owned()
}

fn set_ids(command: &mut Command<'static>, ids: &mut CmdIds) {
    if let Some(id) = command.cmd_id_mut() {
        *id = ids.next().into();
    }
    if let Command::Atomic(container) | Command::Sequence(container) = command {
        for child in &mut container.commands {
            set_ids(child, ids);
        }
    }
}

fn push(composer: &mut Composer, command: &Command<'static>) -> Result<bool, syncml::Error> {
    composer.push(|ids| {
        let mut command = command.clone();
        set_ids(&mut command, ids);
        command
    })
}

/// Adds up what a message of these commands takes and compares it with the message.
fn check_len(commands: &[Command<'static>], encoding: Encoding) {
    let mut composer = composer(encoding, Some(usize::MAX));
    let mut taken = Vec::new();
    for command in commands {
        // What cannot be written (bytes in XML, a NUL in WBXML) is refused and does no harm.
        if push(&mut composer, command).unwrap_or(false) {
            taken.push(command);
        }
    }
    let len = composer.len;
    let bytes = composer.finish(true).unwrap();
    assert_eq!(bytes.len(), len, "{encoding:?} {taken:?}");
    let message = read(&bytes, encoding);
    assert_eq!(message.commands.len(), taken.len());
    let ids: Vec<String> = message.walk().map(|command| command.cmd_id().unwrap().as_str().into()).collect();
    let wanted: Vec<String> = (1..=ids.len()).map(|id| id.to_string()).collect();
    assert_eq!(ids, wanted, "1, 2, 3 in document order");
}

fn samples() -> Vec<Command<'static>> {
    let meta = || Meta::new().with_format(Format::Int).with_type("text/plain");
    let item = || Item::target("./A");
    let add = |item| Command::Add(Operation::new("1").with_item(item));
    let element = Element::with_text(Name::Known(Tag::by_name(syncml::Page::DmDdf, "MgmtTree").unwrap()), "x");
    vec![
        Command::Get(Operation::new("1").with_item(item())),
        Command::Get(Operation::new("1").with_item(item().with_meta(meta()))),
        Command::Get(Operation::new("1").with_item(item().with_meta(Meta::new().with_type("a/b")))),
        add(item().with_meta(meta()).with_data("7 & <8> \r\n")),
        add(item().with_meta(meta()).with_data("")),
        add(item().with_data(syncml::Data::opaque(vec![7; 300]))),
        add(item().with_data(syncml::Data::opaque(vec![]))),
        add(item().with_data(syncml::Data::element(element))),
        Command::Replace(Operation::new("1").with_meta(meta()).with_item(item()).with_item(item().with_meta(meta()))),
        Command::Exec(Operation::new("1").with_correlator("c").with_item(item().with_meta(meta()))),
        Command::Copy(Operation::new("1").with_item(item().with_source("./B"))),
        Command::Atomic(Container::new("1").with_command(add(item().with_meta(meta()))).with_command(add(item()))),
        Command::Status(Status::new("1", "1", "0", CommandName::SyncHdr, StatusCode::OK)),
        Command::Status(Status::new("1", "1", "2", CommandName::Get, StatusCode::NOT_FOUND).with_target_ref("./A")),
        Command::Status(
            Status::new("1", "1", "0", CommandName::SyncHdr, StatusCode::OK)
                .with_chal(syncml::Chal::new("syncml:auth-md5").with_next_nonce("Tm9uY2U=")),
        ),
        Command::Results(Results::new("1", "1", "2").with_item(Item::source("./A").with_meta(meta()).with_data("1"))),
        Command::Results(Results::new("1", "1", "2").with_item(Item::source("./A").with_meta(meta()))),
        Command::Alert(Alert::new("1", AlertCode::NEXT_MESSAGE)),
        Command::Alert(
            Alert::new("1", AlertCode::GENERIC_ALERT)
                .with_item(Item::source("./A").with_meta(meta().with_mark(Mark::Fatal)).with_data("ä€😀")),
        ),
    ]
}

#[test]
fn every_byte_of_every_pair_is_counted() {
    for encoding in ENCODINGS {
        let all = samples();
        for first in &all {
            for second in &all {
                check_len(&[first.clone(), second.clone()], encoding);
            }
        }
        check_len(&all, encoding);
        // CmdIDs of two and three digits.
        let many: Vec<Command<'static>> = all.iter().cycle().take(120).cloned().collect();
        check_len(&many, encoding);
    }
}

#[test]
fn the_limit_is_kept_to_the_byte() {
    for encoding in ENCODINGS {
        let command = Command::Get(Operation::new("1").with_item(Item::target("./A")));
        let mut exact = composer(encoding, Some(usize::MAX));
        assert!(exact.is_empty() && exact.encoding() == encoding);
        assert!(push(&mut exact, &command).unwrap());
        assert!(!exact.is_empty());
        let len = exact.len;
        for (limit, fits) in [(len, true), (len - 1, false)] {
            let mut composer = composer(encoding, Some(limit));
            assert_eq!(push(&mut composer, &command).unwrap(), fits);
            assert_eq!(composer.is_empty(), !fits);
            assert!(composer.finish(true).unwrap().len() <= limit);
        }
        // A header alone that is too large leaves no room, and is told by its size.
        let mut tiny = composer(encoding, Some(10));
        assert_eq!(tiny.room(), Some(0));
        assert!(!push(&mut tiny, &command).unwrap());
        let mut any = composer(encoding, None);
        assert_eq!(any.room(), None);
        assert!(push(&mut any, &command).unwrap());
    }
}

#[test]
fn what_did_not_fit_takes_no_cmd_id() {
    for encoding in ENCODINGS {
        let small = Command::Get(Operation::new("1").with_item(Item::target("./A")));
        let large =
            Command::Get(Operation::new("1").with_item(Item::target(String::from_utf8(vec![b'a'; 900]).unwrap())));
        let mut composer = composer(encoding, Some(900));
        assert!(push(&mut composer, &small).unwrap());
        assert!(!push(&mut composer, &large).unwrap());
        assert!(push(&mut composer, &small).unwrap());
        let message = read(&composer.finish(true).unwrap(), encoding);
        let ids: Vec<&str> = message.commands.iter().map(|it| it.cmd_id().unwrap().as_str()).collect();
        assert_eq!(ids, ["1", "2"]);
    }
}

#[test]
fn what_cannot_be_written_is_refused_alone() {
    let bad = Command::Add(Operation::new("1").with_item(Item::target("./A").with_data("\u{1}")));
    let good = Command::Get(Operation::new("1").with_item(Item::target("./A")));
    for limit in [None, Some(4096)] {
        let mut composer = composer(Encoding::Xml, limit);
        assert!(push(&mut composer, &bad).is_err());
        assert!(push(&mut composer, &good).unwrap());
        assert_eq!(read(&composer.finish(false).unwrap(), Encoding::Xml).commands.len(), 1);
    }
}

#[test]
fn final_is_what_it_is_told() {
    for encoding in ENCODINGS {
        for is_final in [true, false] {
            let bytes = composer(encoding, Some(4096)).finish(is_final).unwrap();
            assert_eq!(read(&bytes, encoding).is_final, is_final);
        }
    }
}

// --- pieces ----------------------------------------------------------------------------------------------------

/// The Item that data goes in.
fn item(format: Option<Format<'static>>) -> Item<'static> {
    let mut meta = Meta::new();
    if let Some(format) = format {
        meta = meta.with_format(format);
    }
    let item = Item::target("./A/B");
    if meta.is_empty() { item } else { item.with_meta(meta) }
}

/// Sends data in as many messages as it takes, with `before` in front of each, and gives back the Items as they came.
/// Ends without the last one where no piece fits.
fn send(item: &Item<'static>, encoding: Encoding, limit: usize, before: usize) -> (Vec<Item<'static>>, bool) {
    let mut pieces = Pieces::of(item).unwrap();
    let mut items: Vec<Item<'static>> = Vec::new();
    loop {
        assert!(pieces.is_consistent());
        let mut composer = composer(encoding, Some(limit));
        for _ in 0..before {
            push(&mut composer, &Command::Alert(Alert::new("1", AlertCode::NEXT_MESSAGE))).unwrap();
        }
        let begun = pieces.clone();
        let pushed = composer
            .push_piece(&mut pieces, |ids, piece| {
                Command::Replace(Operation::new(ids.next()).with_item(piece.put_into(item.clone())))
            })
            .unwrap();
        let bytes = composer.finish(pushed == Pushed::Last).unwrap();
        if pushed == Pushed::Nothing {
            assert_eq!(pieces, begun, "nothing was sent");
            return (items, false);
        }
        assert!(bytes.len() <= limit, "{} > {limit}", bytes.len());
        let message = read(&bytes, encoding);
        items.push(message.commands.last().unwrap().items()[0].clone());
        if pushed == Pushed::Last {
            return (items, true);
        }
        assert!(pieces.is_begun() && pieces.sent > begun.sent);
    }
}

/// What §7.1 and §7.2 ask of the chunks of one object.
fn check_pieces(
    data: syncml::Data<'static>,
    format: Option<Format<'static>>,
    encoding: Encoding,
    limit: usize,
    before: usize,
) {
    let base64 = format == Some(Format::B64);
    let whole = item(format).with_data(data.clone());
    let total = Pieces::of(&whole).unwrap().total();
    assert_eq!(total, data.as_bytes().unwrap().len() as u64, "as it is carried");
    let (items, done) = send(&whole, encoding, limit, before);
    if !done && items.is_empty() {
        assert!(limit < 900, "there is room for the header, the command and some data");
        return;
    }
    assert!(done, "what was begun is brought to an end with the same room in each message");
    let mut joined: Vec<u8> = Vec::new();
    let last = items.len() - 1;
    for (index, item) in items.iter().enumerate() {
        let size = item.meta.as_ref().and_then(Meta::size).map(|size| size.as_str().to_string());
        let wanted = (index == 0 && last > 0).then(|| total.to_string());
        assert_eq!(size, wanted, "Size in the first chunk only, and only where there are chunks");
        assert_eq!(item.more_data, index < last, "MoreData in all but the last");
        assert_eq!(item.target_uri(), whole.target_uri(), "the address in each");
        let format = item.meta.as_ref().and_then(Meta::format);
        assert_eq!(format, whole.meta.as_ref().and_then(Meta::format), "the Format in each");
        let piece = item.data.as_ref().unwrap().as_bytes().unwrap();
        if index < last {
            assert!(piece.len() >= MIN_PIECE - 3, "{}", piece.len());
            assert!(!base64 || piece.len() % 4 == 0, "Base64 is cut after four characters");
        }
        if data.as_text().is_some() {
            assert!(core::str::from_utf8(piece).is_ok(), "not within a character");
        }
        joined.extend_from_slice(piece);
    }
    assert_eq!(joined, data.as_bytes().unwrap(), "the pieces are the whole");
}

#[test]
fn data_that_fits_goes_at_once() {
    for encoding in ENCODINGS {
        for text in ["", "short", "ä & <b>\r\n"] {
            let (items, done) = send(&item(None).with_data(text), encoding, 4096, 0);
            assert!(done && items.len() == 1 && !items[0].more_data);
            assert!(items[0].meta.is_none(), "no Size");
            assert_eq!(items[0].data.as_ref().unwrap().as_text(), Some(text));
        }
        // Without a limit everything fits.
        let whole = item(None).with_data(String::from_utf8(vec![b'x'; 1 << 20]).unwrap());
        let mut pieces = Pieces::of(&whole).unwrap();
        let pushed = composer(encoding, None)
            .push_piece(&mut pieces, |ids, piece| {
                Command::Add(Operation::new(ids.next()).with_item(piece.put_into(whole.clone())))
            })
            .unwrap();
        assert_eq!(pushed, Pushed::Last);
    }
}

#[test]
fn what_no_message_has_room_for_is_not_begun() {
    for encoding in ENCODINGS {
        let empty = composer(encoding, Some(usize::MAX)).len;
        for text in ["", "x", "0123456789", "01234567890123456789012345678901234567890123456789"] {
            for limit in [0, empty, empty + 10] {
                assert_eq!(send(&item(None).with_data(text), encoding, limit, 0), (vec![], false), "{text} {limit}");
            }
        }
    }
}

#[test]
fn values_are_not_shown_and_elements_are_not_cut() {
    let whole = item(None).with_data(String::from_utf8(vec![b'x'; 5000]).unwrap());
    let mut pieces = Pieces::of(&whole).unwrap();
    let build = |ids: &mut CmdIds, piece: Piece| {
        Command::Add(Operation::new(ids.next()).with_item(piece.put_into(whole.clone())))
    };
    assert_eq!(composer(Encoding::Xml, Some(1000)).push_piece(&mut pieces, build).unwrap(), Pushed::Part);
    assert!(pieces.is_begun());
    assert!(!format!("{pieces:?}").contains("xxx"), "values are not shown");

    let element = Element::new(Name::Other { namespace: Str::from("urn:x"), local: Str::from("N") });
    assert_eq!(Pieces::of(&item(None).with_data(syncml::Data::element(element))), None);
    assert_eq!(Pieces::of(&item(None)), None);
    let half = Pieces { payload: Payload::Text("ä".into()), sent: 1, base64: false };
    assert!(!half.is_consistent());
    assert!(!Pieces { payload: Payload::Bytes(vec![0; 3]), sent: 4, base64: false }.is_consistent());
}

#[cfg(feature = "serde")]
#[test]
fn pieces_are_stored_and_read_again() {
    for data in [syncml::Data::text("ä€😀"), syncml::Data::opaque(vec![0, 0xff, 7])] {
        let mut pieces = Pieces::of(&item(Some(Format::B64)).with_data(data)).unwrap();
        pieces.sent = 2;
        let text = serde_json::to_string(&pieces).unwrap();
        assert_eq!(serde_json::from_str::<Pieces>(&text).unwrap(), pieces);
    }
    assert!(serde_json::from_str::<Pieces>(r#"{"payload":{"Text":""},"sent":0,"base64":false,"x":1}"#).is_err());
}

#[test]
fn large_objects_take_work_in_proportion() {
    // 2 MiB in messages of 5000 bytes: what is left is not copied for each.
    let whole = item(None).with_data(syncml::Data::opaque(vec![7; 2 << 20]));
    let (items, done) = send(&whole, Encoding::Wbxml, 5000, 0);
    assert!(done);
    let sizes: BTreeSet<usize> =
        items.iter().map(|item| item.data.as_ref().unwrap().as_bytes().unwrap().len()).collect();
    assert!(sizes.len() <= 3, "the first, the others, the last: {sizes:?}");
    assert!(items.len() <= (2 << 20) / 4800, "messages are full: {}", items.len());
}

#[test]
fn escaped_characters_fill_messages_too() {
    for (character, len) in [('<', 4), ('>', 4), ('&', 5), ('\r', 5), ('"', 1), ('ä', 2)] {
        let text: String = core::iter::repeat_n(character, 20_000).collect();
        let (items, done) = send(&item(None).with_data(text), Encoding::Xml, 5000, 0);
        assert!(done, "{character:?}");
        let least = (20_000 * len) / 4400;
        assert!(items.len() <= least + 2, "{character:?}: {} messages for {least}", items.len());
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 ]{0,400}",
        "[<>&\r\n\t\"']{0,400}",
        "[a<&ä€😀\r]{0,400}",
        any_vec(
            any::<char>().prop_filter("XML has it", |it| !it.is_control() && *it != '\u{fffe}' && *it != '\u{ffff}'),
            0..300
        )
        .prop_map(String::from_iter),
    ]
}

fn data() -> impl Strategy<Value = (syncml::Data<'static>, Option<Format<'static>>, bool)> {
    prop_oneof![
        text().prop_map(|text| (syncml::Data::text(text), None, false)),
        any_vec(any::<u8>(), 0..600).prop_map(|bytes| (syncml::Data::base64(&bytes), Some(Format::B64), false)),
        any_vec(any::<u8>(), 0..600).prop_map(|bytes| (syncml::Data::opaque(bytes), Some(Format::Bin), true)),
        text().prop_map(|text| (syncml::Data::opaque(text.into_bytes()), Some(Format::Chr), true)),
    ]
}

fn uri() -> impl Strategy<Value = String> {
    "\\.(/[A-Za-z0-9&<ä ]{1,12}){1,4}"
}

fn meta() -> impl Strategy<Value = Option<Meta<'static>>> {
    let format = prop::option::of(prop::sample::select(vec![Format::Int, Format::Chr, Format::B64, Format::Node]));
    (format, prop::option::of("[a-z]{1,8}/[a-z]{1,8}"), prop::option::of(0_u64..100_000)).prop_map(
        |(format, type_, size)| {
            let mut meta = Meta::new();
            meta = format.into_iter().fold(meta, Meta::with_format);
            meta = type_.into_iter().fold(meta, Meta::with_type);
            meta = size.into_iter().fold(meta, Meta::with_size);
            (!meta.is_empty()).then_some(meta)
        },
    )
}

fn any_item() -> impl Strategy<Value = Item<'static>> {
    (uri(), prop::option::of(uri()), meta(), prop::option::of(data()), any::<bool>()).prop_map(
        |(target, source, meta, data, more)| {
            let mut item = Item::target(target);
            item = source.into_iter().fold(item, Item::with_source);
            item = meta.into_iter().fold(item, Item::with_meta);
            item.data = data.map(|(data, _, _)| data);
            item.more_data = more;
            item
        },
    )
}

fn operation() -> impl Strategy<Value = Operation<'static>> {
    (any_vec(any_item(), 1..4), meta()).prop_map(|(items, meta)| {
        let operation = items.into_iter().fold(Operation::new("1"), Operation::with_item);
        meta.into_iter().fold(operation, Operation::with_meta)
    })
}

fn leaf_command() -> impl Strategy<Value = Command<'static>> {
    let alert = (any_vec(any_item(), 0..3), 1100_u32..1300).prop_map(|(items, code)| {
        Command::Alert(items.into_iter().fold(Alert::new("1", AlertCode::new(code)), Alert::with_item))
    });
    let status =
        (any_vec(any_item(), 0..2), 200_u32..600, uri(), any::<bool>()).prop_map(|(items, code, uri, chal)| {
            let status = Status::new("1", "7", "3", CommandName::Add, StatusCode::new(code)).with_target_ref(uri);
            let status = items.into_iter().fold(status, Status::with_item);
            Command::Status(if chal {
                status.with_chal(syncml::Chal::new("syncml:auth-md5").with_next_nonce("Tm9uY2U="))
            } else {
                status
            })
        });
    let results = any_vec(any_item(), 1..4)
        .prop_map(|items| Command::Results(items.into_iter().fold(Results::new("1", "7", "3"), Results::with_item)));
    prop_oneof![
        operation().prop_map(Command::Add),
        operation().prop_map(Command::Get),
        operation().prop_map(Command::Replace),
        operation().prop_map(Command::Delete),
        alert,
        status,
        results,
    ]
}

fn command() -> impl Strategy<Value = Command<'static>> {
    let container = (any_vec(leaf_command(), 1..4), any::<bool>()).prop_map(|(children, atomic)| {
        let container = children.into_iter().fold(Container::new("1"), Container::with_command);
        if atomic { Command::Atomic(container) } else { Command::Sequence(container) }
    });
    prop_oneof![6 => leaf_command(), 2 => container]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_commands_are_counted(commands in any_vec(command(), 0..12)) {
        for encoding in ENCODINGS {
            check_len(&commands, encoding);
        }
    }

    #[test]
    fn no_message_is_larger_than_the_limit(commands in any_vec(command(), 1..12), limit in 0_usize..4000, done in any::<bool>()) {
        for encoding in ENCODINGS {
            let mut composer = composer(encoding, Some(limit));
            let empty = composer.len;
            let mut taken = 0;
            for command in &commands {
                let room = composer.room().unwrap();
                if push(&mut composer, command).unwrap_or(false) {
                    taken += 1;
                } else {
                    prop_assert_eq!(composer.room(), Some(room));
                }
            }
            let bytes = composer.finish(done).unwrap();
            prop_assert!(bytes.len() <= limit.max(empty));
            prop_assert_eq!(read(&bytes, encoding).commands.len(), taken);
        }
    }

    #[test]
    fn as_many_parts_as_there_is_room_for(items in any_vec(any_item(), 0..20), limit in prop::option::of(200_usize..3000), reserved in 0_usize..200) {
        for encoding in ENCODINGS {
            // What cannot be written is not the question here.
            let writable = |item: &Item<'static>| {
                let mut empty = composer(encoding, None);
                push(&mut empty, &Command::Results(Results::new("1", "7", "3").with_item(item.clone()))).is_ok()
            };
            let items: Vec<Item<'static>> = items.iter().filter(|item| writable(item)).cloned().collect();
            let build = |ids: &mut CmdIds, count: usize| {
                let results = Results::new(ids.next(), "7", "3");
                Command::Results(items.iter().take(count).cloned().fold(results, Results::with_item))
            };
            let mut composer = composer(encoding, limit);
            composer.reserve(reserved);
            let room = composer.room();
            let (next, last) = (composer.next_id(), composer.last_id());
            prop_assert_eq!((next.as_str(), last), ("1", 0));
            let one_more = |count: usize| composer.measure(build(&mut CmdIds::default(), count + 1)).unwrap();
            let costs: Vec<usize> = (0..items.len()).map(one_more).collect();
            let fits = costs.iter().take_while(|cost| room.is_none_or(|room| **cost <= room)).count();
            let taken = composer.push_most(items.len(), build);
            if items.is_empty() && limit.is_none() {
                prop_assert!(taken.is_err(), "Results without an Item");
                continue;
            }
            prop_assert_eq!(taken.unwrap(), fits);
            prop_assert_eq!(composer.last_id(), u32::from(fits > 0));
            let empty = Composer::new(header(), Namespace::SyncMl12, encoding, Some(0)).unwrap().len;
            let len = composer.finish(true).unwrap().len();
            prop_assert!(limit.is_none_or(|limit| len <= limit.saturating_sub(reserved).max(empty)));
        }
    }

    #[test]
    fn pieces_are_the_whole((data, format, binary) in data(), limit in 300_usize..1200, before in 0_usize..2) {
        for encoding in ENCODINGS {
            if !(binary && encoding == Encoding::Xml) {
                check_pieces(data.clone(), format.clone(), encoding, limit, before);
            }
        }
    }
}

#[test]
fn nodes_of_elements_do_not_change_the_count() {
    // An element without a namespace inside of one: what has to be declared depends on what stands around it.
    let plain = Element::with_text(Name::Other { namespace: Str::EMPTY, local: Str::from("Plain") }, "text");
    assert!(matches!(plain.nodes().first(), Some(Node::Start(_))));
    let command =
        Command::Add(Operation::new("1").with_item(Item::target("./A").with_data(syncml::Data::element(plain))));
    let mut composer = composer(Encoding::Xml, Some(usize::MAX));
    assert!(push(&mut composer, &command).unwrap());
    let len = composer.len;
    assert_eq!(composer.finish(true).unwrap().len(), len);
}
