//! How the server finds out what came of its orders: Statuses and Results in all the forms that devices give them, bad
//! orders among good ones, and large values in both directions.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "support/dm1_device_script.rs"]
mod script;

use dm_session::dm1::server::{Event, Reason};
use dm_session::dm1::{Fate, Interaction, InteractionKind, NotSent, Order, Task};
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_syncml::{Command, Encoding, Format, Item, Meta};
use proptest::prelude::*;
use script::*;

/// A device that was given orders, and the CmdIDs of what it was given, those inside others included.
fn given(encoding: Encoding, orders: impl IntoIterator<Item = Order>) -> (Device, Vec<String>) {
    let mut device = Device::with(config(), encoding);
    // An Atomic in a Sequence is none of the standard; a host may want it all the same.
    device.lenient = true;
    device.plan(orders);
    device.open();
    let all = device.last.walk().filter(|command| !matches!(command, Command::Status(_)));
    let ids = all.map(|command| command.cmd_id().unwrap().as_str().to_owned()).collect();
    (device, ids)
}

fn two(encoding: Encoding) -> (Device, Vec<String>) {
    given(encoding, [get(1, "./A"), get(2, "./B")])
}

// --- forms of Status and Results -------------------------------------------------------------------------------------

#[test]
fn s1_s2_parts_of_a_status_come_in_any_order() {
    let (mut device, ids) = two(Encoding::Xml);
    let status = |id: u32, inside: String| format!("<Status><CmdID>{id}</CmdID>{inside}</Status>");
    let body = [
        status(1, "<MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data>".into()),
        status(
            2,
            format!(
                "<Data>404</Data><Item><Data>nothing here</Data></Item><SourceRef>x</SourceRef>\
                 <TargetRef>./A</TargetRef><Cmd>Get</Cmd><CmdRef>{}</CmdRef><MsgRef>1</MsgRef>",
                ids[0]
            ),
        ),
        status(3, format!("<MsgRef>1</MsgRef><CmdRef>{}</CmdRef><Cmd>Get</Cmd><Data>\n 405 </Data>", ids[1])),
        "<Final></Final>".into(),
    ];
    device.say_xml(&body.concat());
    assert_eq!((device.came(1), device.came(2)), (404, 405));
    assert_eq!(device.outcome(1).texts, ["nothing here"]);
}

#[test]
fn s3_several_target_refs_and_one_results() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [get(1, "./A?list=StructData"), get(2, "./B")]);
        let items = ["./A", "./A/B", "./A/C"].map(|uri| Item::source(uri).with_data("x"));
        let body = device
            .reply()
            .status_with(&ids[0], "Get", 200, |it| it.with_target_ref("./A").with_target_ref("./A/B"))
            .status_with(&ids[1], "Get", 404, |it| it.with_target_ref("./B"))
            .results(&ids[0], items);
        device.say(body);
        assert_eq!((device.came(1), device.came(2)), (200, 404));
        let uris: Vec<&str> = device.outcome(1).leaves.iter().map(|leaf| leaf.uri.as_str()).collect();
        assert_eq!(uris, ["./A", "./A/B", "./A/C"]);
    }
}

#[test]
fn s3_one_command_with_a_status_for_each_node() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [get(1, "./A?list=StructData"), get(2, "./B")]);
        let body = device
            .reply()
            .status_with(&ids[0], "Get", 200, |it| it.with_target_ref("./A?list=StructData"))
            .status_with(&ids[0], "Get", 404, |it| it.with_target_ref("./A/C"))
            .status(&ids[1], "Get", 404);
        device.say(body);
        assert_eq!((device.came(1), device.came(2)), (200, 404));
    }
}

#[test]
fn s4_s5_statuses_and_results_take_turns_or_do_not() {
    for encoding in BOTH {
        for order in ["SRSR", "SSRR", "RRSS", "RSRS"] {
            let (mut device, ids) = two(encoding);
            let (mut body, mut statuses, mut results) = (device.reply(), 0, 0);
            for step in order.chars() {
                let uri = |at: usize| ["./A", "./B"][at];
                if step == 'S' {
                    body = body.status(&ids[statuses], "Get", 200);
                    statuses += 1;
                } else {
                    body = body.result(&ids[results], uri(results), &value_of(uri(results)));
                    results += 1;
                }
            }
            device.say(body);
            for (id, uri) in [(1, "./A"), (2, "./B")] {
                assert_eq!(device.came(id), 200, "{order}");
                assert_eq!(leaf(device.outcome(id)), (uri.into(), value_of(uri)), "{order}");
            }
        }
    }
}

#[test]
fn s6_results_with_a_command_name_and_refs() {
    for encoding in BOTH {
        let (mut device, _) = two(encoding);
        let mut body = device.obey();
        for command in &mut body.commands {
            if let Command::Results(results) = command {
                *results = results.clone().with_cmd(dm_syncml::CommandName::Get).with_target_ref("./A");
            }
        }
        device.say(body);
        assert_eq!(leaf(device.outcome(1)), ("./A".into(), value_of("./A")));
        assert_eq!(leaf(device.outcome(2)), ("./B".into(), value_of("./B")));
    }
}

#[test]
fn s7_results_without_msg_ref_are_about_message_1() {
    let (mut device, ids) = two(Encoding::Xml);
    let status = |id: u32, cmd_ref: &str, cmd: &str| {
        format!(
            "<Status><CmdID>{id}</CmdID><MsgRef>1</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd><Data>200</Data></Status>"
        )
    };
    let results = |id: u32, refs: String, uri: &str| {
        let item = format!("<Item><Source><LocURI>{uri}</LocURI></Source><Data>x</Data></Item>");
        format!("<Results><CmdID>{id}</CmdID>{refs}{item}</Results>")
    };
    let body = [
        status(1, "0", "SyncHdr"),
        status(2, &ids[0], "Get"),
        status(3, &ids[1], "Get"),
        results(4, format!("<CmdRef>{}</CmdRef>", ids[0]), "./A"),
        // Without CmdRef it is about the first command, which is no Get: nobody's.
        results(5, "<MsgRef>1</MsgRef>".into(), "./B"),
        "<Final/>".into(),
    ];
    device.say_xml(&body.concat());
    assert_eq!(leaf(device.outcome(1)), ("./A".into(), "x".into()));
    assert!(device.outcome(2).leaves.is_empty());
}

#[test]
fn s8_what_results_do_not_say_of_themselves_is_not_made_up() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [get(1, "./A"), get(2, "./B"), get(3, "./C")]);
        let typed = Meta::new().with_format(Format::Int).with_type("text/x");
        let body = device.answer(|_| 202);
        let mut body = body
            .result(&ids[0], "./A", "7")
            .results(&ids[1], [Item::source("./B").with_meta(typed.clone()).with_data("8")]);
        // Meta of the whole Results counts for its Items.
        body = body.results(&ids[2], [Item::source("./C").with_data("9")]);
        if let Some(Command::Results(results)) = body.commands.last_mut() {
            *results = results.clone().with_meta(typed);
        }
        device.say(body);
        let of = |id: u64| device.outcome(id).leaves[0].content.clone();
        assert_eq!((of(1).format, of(1).media_type), (None, None));
        for id in [2, 3] {
            assert_eq!((of(id).format.as_deref(), of(id).media_type.as_deref()), (Some("int"), Some("text/x")), "{id}");
        }
    }
}

#[test]
fn s9_a_device_that_could_not_read_the_last_message() {
    for encoding in BOTH {
        let (mut device, _) = two(encoding);
        let body = device.body().about(0).header(500);
        let answer = device.say(body);
        assert!(answer.is_final);
        for id in [1, 2] {
            assert!(!device.outcome(id).is_done());
        }
    }
}

#[test]
fn s10_package_1_comes_again_with_a_status_after_a_challenge() {
    for encoding in BOTH {
        let mut device = Device::with(config().with_demand(demand(dm_session::dm1::Scheme::Md5)), encoding);
        device.plan([get(1, "./A")]);
        device.open();
        device.take_chal();
        let body = device.body().header(200).alert(1201).generic("com.example.a", "1").dev_info();
        let answer = device.say(body);
        assert_eq!((device.msg_id, header_code(&answer)), (2, 212));
        assert_eq!(names(&answer), ["Get"]);
        assert_eq!(device.received[0].alerts.len(), 1);
    }
}

#[test]
fn s12_statuses_of_statuses_and_alerts_are_not_answered() {
    for encoding in BOTH {
        let (mut device, _) = two(encoding);
        let body = device.obey().status("1", "Status", 200).status("2", "Alert", 200).status("2", "Status", 406);
        let answer = device.say(body);
        assert_eq!(answer.commands.len(), 1, "{answer:?}");
        assert_eq!((device.came(1), device.came(2)), (200, 200));
    }
}

#[test]
fn s13_repeated_results_count_once() {
    for encoding in BOTH {
        let (mut device, ids) = two(encoding);
        let body = device.reply().status(&ids[0], "Get", 200).result(&ids[0], "./A", "a").more();
        device.say(body);
        // Once more in the next message, with the rest, and Statuses too.
        let body = device.answer(|_| 200).about(1).status(&ids[0], "Get", 200).result(&ids[0], "./A", "a");
        let body = body.status(&ids[1], "Get", 200).result(&ids[1], "./B", "b").result(&ids[1], "./B", "b");
        device.plan([get(3, "./C")]);
        device.say(body);
        assert_eq!(leaf(device.outcome(1)), ("./A".into(), "a".into()));
        assert_eq!(leaf(device.outcome(2)), ("./B".into(), "b".into()));
        // And after the outcome was said.
        let body = device.obey().about(1).status(&ids[0], "Get", 500).result(&ids[0], "./A", "other");
        device.say(body);
        assert_eq!((device.came(1), leaf(device.outcome(1)).1), (200, "a".into()));
        assert_eq!(device.came(3), 200);
    }
}

#[test]
fn s14_what_is_about_nothing_is_passed_over() {
    for encoding in BOTH {
        let (mut device, ids) = two(encoding);
        let body = device
            .reply()
            .status("99", "Get", 500)
            .about(7)
            .status(&ids[0], "Get", 500)
            .status(&ids[1], "Get", 500)
            .result(&ids[0], "./A", "not mine")
            .result(&ids[1], "./B", "not mine")
            .about(1)
            .result("99", "./X", "nobody's")
            .status(&ids[1], "Get", 200)
            .result(&ids[1], "./B", "b");
        device.say(body);
        assert_eq!(device.outcome(1).fate, Fate::Unknown);
        assert!(device.outcome(1).leaves.is_empty());
        assert_eq!((device.came(2), leaf(device.outcome(2)).1), (200, "b".into()));
    }
}

#[test]
fn s15_the_children_of_a_node_come_as_they_are() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [get(1, "./A")]);
        let meta = Meta::new().with_format(Format::Node);
        let item = Item::source("./A").with_meta(meta).with_data("a%20b/c/%2F");
        let body = device.reply().status(&ids[0], "Get", 200).results(&ids[0], [item]);
        device.say(body);
        let leaf = &device.outcome(1).leaves[0];
        assert_eq!((leaf.content.format.as_deref(), leaf.content.data.as_str()), (Some("node"), Some("a%20b/c/%2F")));
    }
}

#[test]
fn s16_codes_that_nobody_knows_are_kept() {
    for encoding in BOTH {
        for code in [299, 405, 406, 418, 425, 499, 599, 1_000] {
            let (mut device, _) = two(encoding);
            let body = device.answer(|_| code);
            device.say(body);
            assert_eq!((device.came(1), device.came(2)), (code, code));
            assert_eq!(device.outcome(1).is_done(), code == 299);
        }
    }
}

#[test]
fn the_original_error_is_kept() {
    let (mut device, ids) = two(Encoding::Xml);
    let body = format!(
        "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
         <Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>{}</CmdRef><Cmd>Get</Cmd>\
         <Data xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\" msft:originalerror=\"0x86000002\">404</Data>\
         </Status><Final/>",
        ids[0]
    );
    device.say_xml(&body);
    assert_eq!((device.came(1), device.outcome(1).original_error.as_deref()), (404, Some("0x86000002")));
    assert_eq!(device.outcome(2).original_error, None);
}

#[test]
fn the_node_that_failed_and_texts_are_kept() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [add(1, "./A/B/C", "x"), get(2, "./B")]);
        let body = device
            .reply()
            .status_with(&ids[0], "Add", 405, |it| it.with_item(Item::target("./A/B")))
            .status_with(&ids[1], "Get", 404, |it| it.with_item(Item::data("one")).with_item(Item::data("two")));
        device.say(body);
        assert_eq!(device.outcome(1).failed_at.as_deref(), Some("./A/B"));
        assert_eq!(device.outcome(2).texts, ["one", "two"]);
        assert_eq!(device.outcome(2).failed_at, None);
    }
}

#[test]
fn a_status_that_says_that_it_takes_time_is_not_the_last() {
    for encoding in BOTH {
        let (mut device, ids) = two(encoding);
        let body = device.reply().status(&ids[0], "Get", 101).status(&ids[1], "Get", 101);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).status(&ids[0], "Get", 200).result(&ids[0], "./A", "a");
        device.say(body);
        assert_eq!((device.came(1), device.outcome(2).fate), (200, Fate::Unknown));
    }
}

#[test]
fn pieces_and_whole_values_share_results() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [get(1, "./A?list=StructData")]);
        let whole = |uri: &str| Item::source(uri.to_owned()).with_data("x");
        let piece = |text: &str, size: Option<u64>| {
            let item = Item::source("./A/B").with_data(text.to_owned());
            size.map_or(item.clone(), |size| item.with_meta(Meta::new().with_size(size)).with_more_data())
        };
        let body = device.reply().status(&ids[0], "Get", 200).results(&ids[0], [whole("./A"), piece("abc", Some(6))]);
        let answer = device.say(body.more());
        assert_eq!(codes_of(&answer, "Results"), [213]);
        let body = device.answer(|_| 200).about(1).results(&ids[0], [piece("def", None), whole("./A/C")]);
        device.say(body);
        let expected = [("./A", "x"), ("./A/B", "abcdef"), ("./A/C", "x")].map(|(uri, text)| (uri.into(), text.into()));
        assert_eq!(leaves(device.outcome(1)), expected);
    }
}

#[test]
fn results_that_are_more_than_is_kept_are_answered_413() {
    for encoding in BOTH {
        let limits = dm_session::dm1::Limits::DEFAULT.with_max_reply_len(2_000);
        let mut device = Device::opened(config().with_limits(limits), encoding, [get(1, "./A"), get(2, "./B")]);
        let all = ids(&device.last);
        let body = device.reply().status(&all[0], "Get", 200).status(&all[1], "Get", 200);
        let body = body.result(&all[0], "./A", &long_text(1_500)).result(&all[1], "./B", &long_text(1_500));
        let answer = device.say(body);
        assert_eq!(codes_of(&answer, "Results"), [413]);
        assert_eq!((leaf(device.outcome(1)).1.len(), device.outcome(2).leaves.len()), (1_500, 0));
    }
}

#[test]
fn a_piece_that_is_answered_200_is_not_done() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(1, "./A", long_text(4_000).as_str())]);
        device.open();
        device.go_on();
        assert_eq!(chunks(&device.last), 1);
        let body = device.answer(|_| 200).alert(1222).more();
        device.say(body);
        device.go_on();
        assert_eq!(chunks(&device.last), 0, "no more of it goes");
        assert!(!device.outcome(1).is_done(), "a piece is not the whole: {:?}", device.outcome(1));
    }
}

#[test]
fn the_application_is_told_what_waits() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan((0..60).map(|id| get(id, &format!("./First/{id}"))));
        device.open();
        let sent = names(&device.last).len();
        let body = device.obey();
        device.say(body);
        assert_eq!(device.received[1].waiting, 60 - sent);
        assert_eq!(device.outcomes.len(), sent);
    }
}

// --- containers ------------------------------------------------------------------------------------------------------

#[test]
fn each_leaf_of_nested_containers_has_its_outcome() {
    for encoding in BOTH {
        let inner = Task::Atomic(vec![Do::replace("./C", "1").into(), Do::delete("./D").into()]);
        let order = sequence(1, [Do::get("./A").into(), inner, Do::add("./E", "2").into()]);
        let (mut device, ids) = given(encoding, [order, atomic(2, [Do::delete("./F").into()])]);
        // Sequence, Get, Atomic, Replace, Delete, Add, Atomic, Delete
        assert_eq!(ids.len(), 8);
        let body = {
            let codes = core::cell::Cell::new(0_usize);
            device.answer(|_| {
                let code = [200, 200, 507, 216, 405, 418, 507, 404][codes.get()];
                codes.set(codes.get() + 1);
                code
            })
        };
        device.say(body);
        let result = device.outcome(1);
        assert_eq!((device.came(1), child_codes(result)), (200, vec![200, 507, 418]));
        assert_eq!(child_codes(&result.children[1]), [216, 405]);
        assert!(!result.children[1].children[0].is_done(), "216 is undone");
        assert_eq!(leaf(&result.children[0]), ("./A".into(), value_of("./A")));
        assert_eq!((device.came(2), child_codes(device.outcome(2))), (507, vec![404]));
    }
}

#[test]
fn the_status_of_a_container_says_nothing_of_its_children() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [atomic(1, [Do::delete("./A").into(), Do::delete("./B").into()])]);
        let body = device.reply().status(&ids[0], "Atomic", 200).status(&ids[2], "Delete", 200);
        device.say(body);
        let result = device.outcome(1);
        assert_eq!(device.came(1), 200);
        assert_eq!(result.children[0].fate, Fate::Unknown);
        assert_eq!(child_codes(result), [0, 200]);
    }
}

#[test]
fn a_sequence_that_is_answered_last_is_answered() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [sequence(1, [Do::get("./A").into(), Do::get("./B").into()])]);
        let body = device.reply().status(&ids[1], "Get", 200).result(&ids[1], "./A", "a");
        let body = body.status(&ids[2], "Get", 404).status(&ids[0], "Sequence", 200);
        device.say(body);
        assert_eq!((device.came(1), child_codes(device.outcome(1))), (200, vec![200, 404]));
    }
}

#[test]
fn statuses_of_a_container_may_come_in_several_messages() {
    for encoding in BOTH {
        let (mut device, ids) = given(encoding, [sequence(1, [Do::get("./A").into(), Do::get("./B").into()])]);
        let body =
            device.reply().status(&ids[0], "Sequence", 200).status(&ids[1], "Get", 200).result(&ids[1], "./A", "a");
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).status(&ids[2], "Get", 200).result(&ids[2], "./B", "b");
        device.say(body);
        assert_eq!(child_codes(device.outcome(1)), [200, 200]);
        assert_eq!(leaf(&device.outcome(1).children[1]).1, "b");
    }
}

// --- bad orders ------------------------------------------------------------------------------------------------------

/// Orders that cannot be sent, each with why.
fn bad(encoding: Encoding) -> Vec<(Task, NotSent)> {
    let get_inside: Task = Do::get("./A").into();
    let delete: Task = Do::delete("./A").into();
    let mut all = vec![
        (Do::get("").into(), NotSent::Invalid),
        (Do::replace("", "x").into(), NotSent::Invalid),
        (Do::copy("", "./B").into(), NotSent::Invalid),
        (Task::Atomic(vec![delete.clone(), get_inside]), NotSent::Invalid),
        (Task::Atomic(vec![Do::exec("./A").into()]), NotSent::Invalid),
        (Task::Atomic(vec![Task::Atomic(vec![delete.clone()])]), NotSent::Invalid),
        (Task::Atomic(vec![Task::Sequence(vec![delete])]), NotSent::Invalid),
        (Task::Atomic(vec![]), NotSent::Invalid),
        (Task::Sequence(vec![]), NotSent::Invalid),
        (Do::Begin.into(), NotSent::Invalid),
        (Do::Rollback.into(), NotSent::Invalid),
        (Interaction::new(InteractionKind::SingleChoice, "none to choose").into(), NotSent::Invalid),
        (Interaction::new(InteractionKind::Display, "x").with_choices(["y"]).into(), NotSent::Invalid),
        (Task::Atomic(vec![Do::replace("./A", long_text(3_000)).into()]), NotSent::TooLarge),
        (Task::Sequence(vec![Do::replace("./A", long_text(3_000)).into()]), NotSent::TooLarge),
        (Do::get(format!("./{}", long_text(3_000))).into(), NotSent::TooLarge),
        (Interaction::new(InteractionKind::Display, long_text(3_000)).into(), NotSent::TooLarge),
        (Do::replace("./A", long_text(9_001)).into(), NotSent::TooLargeObject),
    ];
    if encoding == Encoding::Xml {
        all.push((Do::get("./\u{1}").into(), NotSent::Invalid));
        all.push((Task::Sequence(vec![Do::delete("./\u{fffe}").into()]), NotSent::Invalid));
    }
    all
}

#[test]
fn one_bad_order_never_blocks_the_queue() {
    for encoding in BOTH {
        for (task, why) in bad(encoding) {
            let shown = format!("{encoding:?} {task:?}");
            let mut device = Device::with(config(), encoding);
            device.announce(1_500);
            device.announce_object(9_000);
            device.plan([get(1, "./A"), Order::new(2, task.clone()), get(3, "./C")]);
            device.open();
            assert_eq!(not_sent(&device, 2), Some(why), "{shown}");
            let told = device.outcomes.iter().find(|outcome| outcome.id.0 == 2).unwrap();
            assert_eq!(told.task, task, "as it was ordered");
            let sent: Vec<String> = operations(&device.last).iter().map(target).collect();
            assert_eq!(sent, ["./A", "./C"], "{shown}");
            let body = device.obey();
            device.say(body);
            assert_eq!((device.came(1), device.came(3)), (200, 200));
        }
    }
}

#[test]
fn all_bad_orders_at_once_leave_the_good_ones() {
    for encoding in BOTH {
        let mut orders = Vec::new();
        for (number, (task, _)) in (0_u64..).zip(bad(encoding)) {
            orders.push(Order::new(1_000 + number, task));
            orders.push(get(number, &format!("./N/{number}")));
        }
        let count = orders.len() / 2;
        let mut device = Device::with(config(), encoding);
        device.announce(1_500);
        device.announce_object(9_000);
        device.plan(orders);
        device.open();
        let mut seen = Vec::new();
        while !names(&device.last).is_empty() {
            seen.extend(operations(&device.last).iter().map(target));
            let body = device.obey();
            device.say(body);
        }
        assert_eq!(seen, (0..count).map(|number| format!("./N/{number}")).collect::<Vec<_>>());
        assert_eq!(device.outcomes.len(), 2 * count);
    }
}

#[test]
fn nothing_but_bad_orders_is_nothing_to_do_or_asked_once_more() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plan([Order::new(1, Do::get("")), Order::new(2, Task::Atomic(vec![]))]);
        device.open();
        assert_eq!((not_sent(&device, 1), not_sent(&device, 2)), (Some(NotSent::Invalid), Some(NotSent::Invalid)));
        assert!(names(&device.last).is_empty() && device.last.is_final);
    }
}

#[test]
fn orders_that_wait_come_before_new_ones() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(700);
        device.plan((0..20).map(|id| get(id, &format!("./First/{id}"))));
        device.plan((20..24).map(|id| get(id, &format!("./Second/{id}"))));
        device.open();
        assert!(device.server.waiting() > 0);
        let mut seen = Vec::new();
        loop {
            device.go_on();
            if names(&device.last).is_empty() {
                break;
            }
            seen.extend(operations(&device.last).iter().map(target));
            let body = device.obey();
            device.say(body);
        }
        let first = (0..20).map(|id| format!("./First/{id}"));
        let expected: Vec<String> = first.chain((20..24).map(|id| format!("./Second/{id}"))).collect();
        assert_eq!(seen, expected);
        assert!((0..24).all(|id| device.came(id) == 200));
        assert_eq!(device.server.waiting(), 0);
    }
}

#[test]
fn what_was_never_sent_comes_back_when_the_session_ends() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan((0..60).map(|id| get(id, &format!("./First/{id}"))));
        device.open();
        let sent = names(&device.last).len();
        assert!(sent > 0 && sent < 60);
        let body = device.reply().alert(1223);
        device.say(body);
        assert_eq!(device.outcomes.len(), 60, "each of them once");
        for id in 0..60 {
            let expected = if (id as usize) < sent { Fate::Unknown } else { Fate::NotSent(NotSent::Closed) };
            assert_eq!(device.outcome(id).fate, expected, "{id}");
        }
    }
}

#[test]
fn more_orders_than_there_is_room_for_do_not_harm() {
    let limits = dm_session::dm1::Limits::DEFAULT.with_max_orders(8);
    let mut device = Device::new(config().with_limits(limits));
    device.plans.push_back(Plan::Wait);
    let body = device.package1();
    let message = device.message(body);
    device.note(&message);
    let request = device.request(&message);
    assert_eq!(device.post(request), None);
    let id = device.server.open_request().unwrap();
    let before = device.server.snapshot();
    let orders = (0..9).map(|id| get(id, "./A")).collect();
    let refused = device.server.handle(at(device.now), Event::Orders { id, orders });
    assert_eq!(refused.map_err(|error| error.kind()), Err(dm_session::ErrorKind::LimitExceeded));
    assert_eq!(device.server.snapshot(), before, "as it was");
    let answer = device.decide((0..8).map(|id| get(id, "./A")));
    assert_eq!(names(&answer).len(), 8);
}

// --- large values, out -----------------------------------------------------------------------------------------------

/// What a content has to arrive as, put together.
fn carried(content: &Content, encoding: Encoding) -> Vec<u8> {
    use base64::Engine as _;
    let b64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes();
    match (&content.data, content.format.as_deref(), encoding) {
        (TreeData::Bytes(bytes), _, Encoding::Xml) => b64(bytes),
        (TreeData::Bytes(bytes), Some("b64"), Encoding::Wbxml) => b64(bytes),
        (data, _, _) => data.as_bytes().unwrap().to_vec(),
    }
}

fn contents(len: usize) -> Vec<Content> {
    vec![
        Content::from(long_text(len)),
        Content::from("ä&<>\"'\u{20ac}\n]]>".repeat(len / 12)),
        Content::new(TreeData::Bytes(bytes_of(len))).with_format("bin"),
        Content::new(TreeData::Bytes(bytes_of(len))).with_format("b64"),
        Content::from("&".repeat(len)).with_type("text/plain"),
    ]
}

#[test]
fn values_are_cut_to_what_the_device_takes() {
    for encoding in BOTH {
        let least = if encoding == Encoding::Xml { 800 } else { 512 };
        for max in [512, 600, 700, 800, 1_000, 1_500, 3_500, 10_000] {
            for (number, content) in contents(4_000).into_iter().enumerate() {
                let mut device = Device::with(config(), encoding);
                device.announce(max);
                device.plan([add(1, "./Vendor/Large", content.clone()), get(2, "./After")]);
                device.open();
                device.go_on();
                if device.outcomes.iter().any(|outcome| outcome.id.0 == 1) {
                    // There is no room for a piece of it beside two Statuses.
                    assert!(max < least, "{encoding:?} {max} {number} {:?}", device.outcomes);
                    let expected = match device.reason() {
                        None => NotSent::TooLarge,
                        Some(Reason::Internal) => NotSent::Closed,
                        other => panic!("{other:?}"),
                    };
                    assert_eq!(not_sent(&device, 1), Some(expected), "{encoding:?} {max} {number}");
                    continue;
                }
                if chunks(&device.last) == 0 {
                    // It fits, and the Get after it too.
                    let all = operations(&device.last);
                    assert_eq!((max, all.len(), size(&all[0])), (10_000, 2, None));
                    assert!(data(&all[0]) == carried(&content, encoding));
                    continue;
                }
                let taken = device.take_pieces();
                assert_eq!(taken.data.len(), carried(&content, encoding).len(), "{encoding:?} {max} {number}");
                assert!(taken.data == carried(&content, encoding));
                assert!(taken.pieces.len() > 1);
                assert_eq!(taken.sizes[0], Some(taken.data.len() as u64));
                assert!(taken.sizes[1..].iter().all(Option::is_none));
                if content.format.is_some() && encoding == Encoding::Xml {
                    let (_, all) = taken.pieces.split_last().unwrap();
                    assert!(all.iter().all(|len| len % 4 == 0), "Base64 is cut after every fourth character");
                }
                let body = device.obey();
                device.say(body);
                device.go_on();
                let body = device.obey();
                device.say(body);
                assert_eq!((device.came(1), device.came(2)), (200, 200));
            }
        }
    }
}

#[test]
fn a_message_is_filled_before_the_next_one() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.announce(1_000);
        device.plan([replace(1, "./A", long_text(20_000).as_str())]);
        device.open();
        let taken = device.take_pieces();
        assert_eq!(taken.data.len(), 20_000);
        let (_, all) = device.wire.split_last().unwrap();
        assert!(all.iter().all(|response| response.body.len() > 990), "{:?}", taken.pieces);
    }
}

#[test]
fn a_large_object_is_told_of_when_its_last_piece_is_answered() {
    for encoding in BOTH {
        for status in [200, 424, 420, 425] {
            let mut device = Device::with(config(), encoding);
            device.announce(1_000);
            device.plan([replace(1, "./A", long_text(4_000).as_str())]);
            device.open();
            device.take_pieces();
            assert!(device.outcomes.is_empty());
            let body = device.answer(|_| status);
            device.say(body);
            assert_eq!(device.came(1), status);
            assert!(names(&device.last).is_empty(), "what failed is the application's business");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is ordered under whatever limits: every message respects them, and every order has one outcome.
    #[test]
    fn every_order_has_one_outcome(
        max in 512_usize..3_000,
        wbxml in any::<bool>(),
        kinds in prop::collection::vec((0_u8..7, 0_usize..4_000), 1..12),
        split in any::<bool>(),
    ) {
        let encoding = if wbxml { Encoding::Wbxml } else { Encoding::Xml };
        let max = if wbxml { max } else { max + 400 };
        let mut device = Device::with(config(), encoding);
        device.announce(max);
        let orders: Vec<Order> = (0_u64..).zip(&kinds).map(|(id, (kind, len))| {
            let uri = format!("./N/{id}");
            match kind {
                0 => get(id, &uri),
                1 => replace(id, &uri, long_text(*len).as_str()),
                2 => add(id, &uri, Content::new(TreeData::Bytes(bytes_of(*len))).with_format("bin")),
                3 => atomic(id, [Do::replace(uri.clone(), long_text(*len)).into(), Do::delete(uri).into()]),
                4 => sequence(id, [Do::get(uri.clone()).into(), Do::replace(uri, long_text(*len / 4)).into()]),
                5 => Order::new(id, Do::get("")),
                _ => interact(id, Interaction::new(InteractionKind::Display, long_text(*len / 8))),
            }
        }).collect();
        // One that can be sent in any case: with nothing to do the session would end.
        let mut orders = orders;
        orders.insert(0, get(9_999, "./First"));
        let (first, second) = if split { orders.split_at(orders.len().div_ceil(2)) } else { (&orders[..], &[][..]) };
        device.plan(first.to_vec());
        device.plan(second.to_vec());
        device.open();
        let mut rounds = 0;
        loop {
            device.go_on();
            if names(&device.last).is_empty() {
                break;
            }
            let body = if chunks(&device.last) > 0 { device.next_piece() } else { device.obey() };
            device.say(body);
            rounds += 1;
            prop_assert!(rounds < 500);
        }
        prop_assert_eq!(device.outcomes.len(), orders.len());
        for outcome in &device.outcomes {
            match outcome.result.fate {
                Fate::Answered(status) => prop_assert_eq!(status.code(), 200),
                Fate::NotSent(NotSent::TooLarge | NotSent::Invalid) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

// --- large values, in ------------------------------------------------------------------------------------------------

fn asked(config: dm_session::dm1::ServerConfig, encoding: Encoding) -> (Device, String) {
    let device = Device::opened(config, encoding, [get(1, "./A")]);
    let id = ids(&device.last)[0].clone();
    (device, id)
}

#[test]
fn large_results_are_put_together() {
    for encoding in BOTH {
        for piece in [1, 7, 100, 999] {
            let (mut device, id) = asked(config(), encoding);
            let value = long_text(1_000);
            let pieces: Vec<&str> =
                value.as_bytes().chunks(piece).map(|it| core::str::from_utf8(it).unwrap()).collect();
            for (number, part) in pieces.iter().enumerate() {
                let first = number == 0;
                let last = number + 1 == pieces.len();
                let body = if first { device.reply().status(&id, "Get", 200) } else { device.answer(|_| 200) };
                let body = body.about(1).chunk(&id, "./A", part, first.then_some(1_000), !last);
                device.say(if last { body } else { body.more() });
            }
            assert_eq!(leaf(device.outcome(1)), ("./A".into(), value));
        }
    }
}

#[test]
fn bytes_are_put_together_in_wbxml() {
    let (mut device, id) = asked(config(), Encoding::Wbxml);
    let value = bytes_of(500);
    let item = |part: &[u8], size: Option<u64>| {
        let meta = Meta::new().with_format(Format::Bin);
        let meta = size.map_or(meta.clone(), |size| meta.clone().with_size(size));
        Item::source("./A").with_meta(meta).with_data(dm_syncml::Data::opaque(part.to_vec()))
    };
    let body = device.reply().status(&id, "Get", 200).results(&id, [item(&value[..300], Some(500)).with_more_data()]);
    device.say(body.more());
    let body = device.answer(|_| 200).about(1).results(&id, [item(&value[300..], None)]);
    device.say(body);
    assert_eq!(device.outcome(1).leaves[0].content.data.as_bytes(), Some(&value[..]));
}

#[test]
fn the_pieces_of_an_object_keep_the_meta_of_the_first() {
    for encoding in BOTH {
        let (mut device, id) = asked(config(), encoding);
        let meta = Meta::new().with_type("text/x-log").with_format(Format::Chr).with_size(4);
        let body = device.reply().status(&id, "Get", 200);
        let body = body.results(&id, [Item::source("./A").with_meta(meta).with_data("ab").with_more_data()]);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "cd", None, false);
        device.say(body);
        assert_eq!(device.outcome(1).leaves[0].content.media_type.as_deref(), Some("text/x-log"));
    }
}

#[test]
fn a_first_piece_without_size_is_answered_411() {
    for encoding in BOTH {
        let (mut device, id) = asked(config(), encoding);
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", None, true);
        let answer = device.say(body.more());
        assert_eq!((codes_of(&answer, "Results"), alerts(&answer)), (vec![411], vec![1222]));
        let body = device.answer(|_| 200);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
    }
}

#[test]
fn an_object_that_is_too_large_is_answered_413_to_its_end() {
    for encoding in BOTH {
        for (size, code) in [(100, 213), (101, 413), (u64::MAX, 413)] {
            let (mut device, id) = asked(config().with_max_obj_size(Some(100)), encoding);
            let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", &long_text(60), Some(size), true);
            let answer = device.say(body.more());
            assert_eq!(codes_of(&answer, "Results"), [code], "{size}");
            let body = device.answer(|_| 200).about(1).chunk(&id, "./A", &long_text(40), None, false);
            let answer = device.say(body);
            assert_eq!(codes_of(&answer, "Results"), if code == 213 { vec![] } else { vec![413] }, "{size}");
            assert_eq!(device.outcome(1).leaves.len(), usize::from(code == 213));
        }
    }
}

#[test]
fn an_object_that_grows_beyond_its_size_is_answered_424_at_once() {
    for encoding in BOTH {
        let (mut device, id) = asked(config(), encoding);
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", Some(5), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "def", None, true);
        let answer = device.say(body.more());
        assert_eq!((codes_of(&answer, "Results"), alerts(&answer)), (vec![424], vec![1222]));
        let body = device.answer(|_| 200);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
    }
}

#[test]
fn an_object_that_was_refused_may_be_sent_again() {
    for encoding in BOTH {
        let (mut device, id) = asked(config(), encoding);
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", Some(4), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "def", None, false).more();
        assert_eq!(codes_of(&device.say(body), "Results"), [424]);
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "abc", Some(6), true).more();
        assert_eq!(codes_of(&device.say(body), "Results"), [213]);
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "def", None, false);
        device.say(body);
        assert_eq!(leaf(device.outcome(1)).1, "abcdef");
    }
}

#[test]
fn an_object_that_does_not_end_is_answered_1225_and_what_came_instead_counts() {
    for encoding in BOTH {
        let mut device = Device::opened(config(), encoding, [get(1, "./A"), get(2, "./B")]);
        let all = ids(&device.last);
        let body = device.reply().status(&all[0], "Get", 200).chunk(&all[0], "./A", "abc", Some(6), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).status(&all[1], "Get", 200).result(&all[1], "./B", "b");
        let answer = device.say(body.more());
        assert!(alerts(&answer).contains(&1225), "{answer:?}");
        let told = answer.commands.iter().find_map(|command| match command {
            Command::Alert(alert) if alert.code().unwrap().code() == 1225 => Some(alert.clone()),
            _ => None,
        });
        let item = &told.unwrap().items[0];
        let uri = item.source_uri().or(item.target_uri()).unwrap();
        assert_eq!(uri.as_str(), "./A");
        let body = device.answer(|_| 200);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
        assert_eq!(leaf(device.outcome(2)), ("./B".into(), "b".into()));
    }
}

#[test]
fn an_object_that_the_package_ends_without_is_dropped() {
    for encoding in BOTH {
        let (mut device, id) = asked(config(), encoding);
        device.plan([get(2, "./B")]);
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", Some(6), true);
        device.say(body.more());
        let body = device.answer(|_| 200);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
        // Its rest is too late.
        let body = device.obey().about(1).chunk(&id, "./A", "def", None, false);
        device.say(body);
        assert!(device.outcome(1).leaves.is_empty());
        assert_eq!(device.came(2), 200);
    }
}

#[test]
fn no_memory_is_taken_for_a_size_that_was_only_said() {
    let config = config().with_max_obj_size(Some(u32::MAX));
    let (mut device, id) = asked(config, Encoding::Xml);
    let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", Some(u64::from(u32::MAX)), true);
    assert_eq!(codes_of(&device.say(body.more()), "Results"), [213]);
    #[cfg(feature = "serde")]
    assert!(serde_json::to_string(&device.server.snapshot()).unwrap().len() < 10_000);
}
