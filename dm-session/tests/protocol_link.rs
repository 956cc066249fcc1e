//! DM 1.2: client against server over a virtual link, held against a plain interpreter of what is ordered.
#![cfg(all(feature = "dm1", feature = "serde"))]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "support/dm1_interpreter.rs"]
mod dm1_interpreter;
#[path = "support/dm1_link.rs"]
mod dm1_link;
#[path = "support/dm1_link_judge.rs"]
mod dm1_link_judge;
#[path = "support/dm1_link_orders.rs"]
mod dm1_link_orders;
#[path = "support/model1.rs"]
mod model1;
#[path = "support/program1.rs"]
mod program1;

use dm_session::dm1::{Interaction, InteractionKind, Order, Scheme, UserReply};
use dm_session::tree::dm1::{Command, Content};
use dm_syncml::Encoding;
use dm1_interpreter::{Script, timeless};
use dm1_link::{Auth, Clock, Fault, Faults, Link, Mode, Record, Setup, story};
use dm1_link_judge::judge;
use dm1_link_orders::{WORD, alert, alert_number, large, program, setup};
use proptest::collection::vec;
use proptest::prelude::*;

const STEPS: usize = 20_000;

fn cases(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").map_or(cases, |n| n.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

fn words(count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), WORD), count)
}

fn setups() -> impl Strategy<Value = Setup> {
    vec(any::<u8>(), 10).prop_map(|of| setup(&of))
}

/// Whether messages are so small that a session may not even begin.
fn is_tight(setup: &Setup) -> bool {
    let least = |most: Option<u32>| most.unwrap_or(u32::MAX);
    let auth = setup.client_auth.demand.is_some() || setup.server_auth.demand.is_some();
    match setup.encoding {
        Encoding::Xml => least(setup.server_msg) < 1500 || least(setup.client_msg) < if auth { 1500 } else { 700 },
        _ => least(setup.server_msg) < 700 || (auth && least(setup.client_msg) < 700),
    }
}

/// Room for an alert, and a server that is believed without being asked: one that has nothing to do is not asked.
fn setups_for_alerts() -> impl Strategy<Value = Setup> {
    setups().prop_map(for_alerts)
}

fn for_alerts(mut setup: Setup) -> Setup {
    if is_tight(&setup) {
        (setup.client_msg, setup.server_msg) = (Some(1500), Some(1500));
    }
    setup.server_auth.first = setup.server_auth.demand;
    setup.server_auth.fresh = true;
    setup
}

/// Sessions until there is nothing more to do.
fn run(link: &mut Link) -> Vec<Record> {
    let mut interpreter = link.interpreter();
    let mut records = Vec::new();
    for _ in 0..60 {
        let (calm, reports) = (link.faults.is_over(), link.reports.len());
        let record = link.drive_bounded(STEPS);
        judge(link, &record, &mut interpreter);
        let idle = calm && record.orders.is_empty() && record.answered == 0 && link.reports.len() == reports;
        records.push(record);
        let told = link.reports.is_empty() && (link.queue.is_empty() || idle);
        if link.batches.is_empty() && told {
            break;
        }
    }
    records
}

/// What is to be the same, whatever happens on the way.
fn essence(link: &Link, records: &[Record]) -> String {
    let mut out = format!("{:?}\n", timeless(program1::dump(&link.tree)));
    let mut all: Vec<String> = records
        .iter()
        .map(|it| format!("{:?} {:?}\n{:?}\n{:?}\n", it.client, it.server, it.outcomes, it.alerts))
        .collect();
    // Sessions that come to nothing come as often as they are tried.
    all.dedup();
    out += &all.concat();
    out
}

proptest! {
    #![proptest_config(cases(160))]

    /// The tree and what the server knows are what the interpreter says.
    #[test]
    fn orders_come_to_what_the_interpreter_says(setup in setups(), words in words(1..16)) {
        let program = program(setup.encoding, &words);
        let tight = is_tight(&setup);
        let mut link = Link::new(setup, program.batches, program.script);
        let records = run(&mut link);
        for record in &records {
            prop_assert!(tight || record.is_over(), "{}", story(&link.setup, record));
        }
        prop_assert!(tight || link.batches.is_empty());
    }

    /// Faults that resending mends change nothing.
    #[test]
    fn mended_faults_change_nothing(
        setup in setups(),
        words in words(1..12),
        faults in vec(any::<u8>(), 0..40),
        alerts in vec(0_usize..12, 0..6),
    ) {
        let setup = if alerts.is_empty() { setup } else { for_alerts(setup) };
        let program = program(setup.encoding, &words);
        let mut plain = Link::new(setup.clone(), program.batches.clone(), program.script.clone());
        let mut faulty = Link::new(setup.clone(), program.batches, program.script);
        faulty.faults = Faults::new(&faults, Some(3));
        for number in 0..alerts.len() {
            plain.queue.push(alert(number)).unwrap();
            faulty.queue.push(alert(number)).unwrap();
        }
        let (one, other) = (run(&mut plain), run(&mut faulty));
        for record in &other {
            prop_assert!(is_tight(&setup) || record.is_over(), "{}", story(&setup, record));
        }
        let (one, other) = (essence(&plain, &one), essence(&faulty, &other));
        let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        let from = at.saturating_sub(200);
        prop_assert!(one == other || is_tight(&setup), "{}\ninstead of {}", &other[from..], &one[from..]);
    }

    /// Whatever is lost, nothing is half done and nothing is said that is not so.
    #[test]
    fn nothing_is_half_done(
        setup in setups(),
        words in words(1..12),
        faults in vec(any::<u8>(), 0..120),
        abort_client in proptest::option::of(0_usize..12),
        abort_server in proptest::option::of(1_usize..8),
    ) {
        let program = program(setup.encoding, &words);
        let mut link = Link::new(setup, program.batches, program.script);
        link.faults = Faults::new(&faults, None);
        link.abort_client = abort_client;
        link.abort_server = abort_server;
        run(&mut link);
    }
}

proptest! {
    #![proptest_config(cases(20))]

    /// However the machines are handled, they say the same, byte for byte.
    #[test]
    fn the_same_happens_however_they_are_handled(
        setup in setups(),
        words in words(1..10),
        faults in vec(any::<u8>(), 0..20),
        alerts in vec(0_usize..12, 0..4),
    ) {
        let program = program(setup.encoding, &words);
        let trace = |mode: Mode| {
            let mut link = Link::new(setup.clone(), program.batches.clone(), program.script.clone());
            link.mode = mode;
            link.faults = Faults::new(&faults, Some(3));
            for (number, at) in alerts.iter().enumerate() {
                link.reports.push_back((*at, alert(number)));
            }
            let records = run(&mut link);
            records.into_iter().flat_map(|record| record.trace).collect::<Vec<_>>()
        };
        let plain = trace(Mode::default());
        let modes = [
            Mode::default(),
            Mode { restore: true, ..Mode::default() },
            Mode { ticks: true, ..Mode::default() },
            Mode { misuse: true, ..Mode::default() },
            Mode { lazy: true, restore: true, ..Mode::default() },
        ];
        for mode in modes {
            let other = trace(mode);
            let at = plain.iter().zip(&other).take_while(|(one, other)| one == other).count();
            prop_assert!(plain == other, "{:?} at {}: {:?} instead of {:?}", mode, at, other.get(at), plain.get(at));
        }
        let clock = |clock| trace(Mode { clock, ..Mode::default() });
        prop_assert_eq!(clock(Clock::Behind), clock(Clock::Still));
    }
}

// --- alerts --------------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(cases(96))]

    /// Alerts reach the server once each, in their order: through challenges, losses and more than one session.
    #[test]
    fn alerts_arrive_once_and_in_order(
        setup in setups_for_alerts(),
        words in words(1..6),
        faults in vec(any::<u8>(), 0..40),
        queued in 0_usize..6,
        raised in vec(0_usize..14, 0..8),
    ) {
        let program = program(setup.encoding, &words);
        let mut link = Link::new(setup, program.batches, program.script);
        link.faults = Faults::new(&faults, Some(3));
        for number in 0..queued {
            link.queue.push(alert(number)).unwrap();
        }
        let mut raised = raised;
        raised.sort_unstable();
        link.reports = raised.iter().enumerate().map(|(number, at)| (*at, alert(queued + number))).collect();
        let records = run(&mut link);
        let arrived: Vec<usize> = records.iter().flat_map(|record| &record.alerts).map(alert_number).collect();
        let all: Vec<usize> = (0..queued + raised.len()).collect();
        prop_assert_eq!(arrived, all, "{}", story(&link.setup, records.last().unwrap()));
        prop_assert!(link.queue.is_empty());
        let answered: usize = records.iter().map(|record| record.answered).sum();
        prop_assert_eq!(answered, queued + raised.len());
    }

    /// When an answer is lost for good, the alerts of that message come again, and none is lost.
    #[test]
    fn no_alert_is_lost(
        setup in setups_for_alerts(),
        faults in vec(any::<u8>(), 0..60),
        raised in vec(0_usize..14, 1..8),
    ) {
        let mut link = Link::new(setup, Vec::new(), Script::default());
        link.faults = Faults::new(&faults, None);
        let mut raised = raised;
        raised.sort_unstable();
        link.reports = raised.iter().enumerate().map(|(number, at)| (*at, alert(number))).collect();
        let records = run(&mut link);
        let mut seen = 0;
        for record in &records {
            let numbers: Vec<usize> = record.alerts.iter().map(alert_number).collect();
            // A server that was not believed hears them again, with the challenge.
            for number in numbers {
                prop_assert!(number <= seen, "{number} after {seen}");
                seen = seen.max(number + 1);
            }
        }
        prop_assert_eq!(seen, raised.len());
    }
}

// --- nonces --------------------------------------------------------------------------------------------------------

/// Schemes of both directions that begin without being asked.
fn schemes() -> Vec<(Auth, Auth)> {
    let md5 = Auth::new(Scheme::Md5).first(Scheme::Md5);
    let mac = Auth::new(Scheme::Mac).first(Scheme::Mac);
    let all = [md5, md5.per_message(), mac];
    let mut pairs = Vec::new();
    for auth in all {
        pairs.extend([(auth, Auth::TRANSPORT), (Auth::TRANSPORT, auth)]);
        pairs.extend(all.map(|other| (auth, other)));
    }
    pairs
}

/// Orders for `count` rounds.
fn rounds(count: u64) -> Vec<Vec<Order>> {
    (0..count).map(|at| vec![Order::new(at, Command::replace("./Vendor/a/b", format!("{at}").as_str()))]).collect()
}

#[test]
fn after_a_finished_session_the_next_begins_without_a_challenge() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        for (client, server) in schemes() {
            for stale in [false, true] {
                for count in 0..3 {
                    let mut setup = Setup::new(encoding);
                    (setup.client_auth, setup.server_auth) = (client, server);
                    if stale {
                        (setup.client_auth, setup.server_auth) = (client.stale(), server.stale());
                    }
                    let mut link = Link::new(setup, rounds(count), Script::default());
                    let mut interpreter = link.interpreter();
                    for session in 0..4 {
                        let record = link.drive_bounded(STEPS);
                        let story = || story(&link.setup, &record);
                        judge(&link, &record, &mut interpreter);
                        let asked = stale && session == 0;
                        let most = |auth: Auth| usize::from(asked && auth.demand.is_some());
                        let (of_client, of_server) = record.challenges();
                        assert_eq!(of_client, most(client), "{}", story());
                        // A server that has nothing to do is not asked.
                        assert!(of_server <= most(server), "{}", story());
                        if count > 0 || !asked {
                            assert!(record.is_complete(), "{}", story());
                        }
                        link.batches = rounds(count).into();
                        if count == 0 && stale && server.demand.is_some() {
                            break;
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn after_a_loss_the_next_session_recovers_with_one_challenge() {
    for (client, server) in schemes() {
        for good in 0..6 {
            for fault in [Fault::LoseRequest, Fault::LoseResponse] {
                let mut setup = Setup::new(Encoding::Wbxml);
                (setup.client_auth, setup.server_auth) = (client, server);
                let mut link = Link::new(setup, rounds(4), Script::default());
                link.faults = Faults::plan((0..good).map(|_| Fault::None).chain([fault; 4]));
                let mut interpreter = link.interpreter();
                let record = link.drive_bounded(STEPS);
                judge(&link, &record, &mut interpreter);
                assert_eq!(record.is_complete(), good > 4, "{}", story(&link.setup, &record));
                link.faults = Faults::none();
                for session in 1..4 {
                    link.batches = rounds(2).into();
                    let record = link.drive_bounded(STEPS);
                    let story = || story(&link.setup, &record);
                    judge(&link, &record, &mut interpreter);
                    assert!(record.is_complete(), "{good} {fault:?} {}", story());
                    let (of_client, of_server) = record.challenges();
                    let most = usize::from(session == 1 && good <= 4);
                    assert!(of_client <= most && of_server <= most, "{good} {fault:?} {}", story());
                }
            }
        }
    }
}

// --- large objects -------------------------------------------------------------------------------------------------

fn large_setup(encoding: Encoding, most: u32) -> Setup {
    let mut setup = Setup::new(encoding);
    (setup.client_msg, setup.server_msg) =
        (Some(most), Some(most.max(if encoding == Encoding::Xml { 900 } else { 512 })));
    setup
}

/// Every size around those where one more message is needed, written and read back.
fn sizes(encoding: Encoding, most: u32, kind: u8, sizes: impl Iterator<Item = usize>) {
    let place = if kind == 5 { "./Vendor/big" } else { "./Vendor/a/b" };
    let sizes: Vec<usize> = sizes.collect();
    let mut pieces = [0, 0];
    for sizes in sizes.chunks(60) {
        let mut batches = vec![vec![Order::new(0, Command::add(place, Content::from("0")))]];
        for (at, size) in sizes.iter().enumerate() {
            let number = 2 * at as u64 + 1;
            batches.push(vec![
                Order::new(number, Command::replace(place, large(kind, *size))),
                Order::new(number + 1, Command::get(place)),
            ]);
        }
        let mut link = Link::new(large_setup(encoding, most), batches, Script::default());
        let records = run(&mut link);
        let record = &records[0];
        assert!(records.len() == 1 && record.is_complete(), "{}", story(&link.setup, record));
        // All but the Add, where there is something already.
        let done = record.outcomes.values().filter(|it| it.is_done()).count();
        assert!(done + 1 >= record.outcomes.len(), "{}", story(&link.setup, record));
        for wire in &record.wire {
            let cut = |command: &dm_syncml::Command<'_>| command.items().iter().any(|item| item.more_data);
            pieces[usize::from(wire.from_server)] += usize::from(wire.message.walk().any(cut));
        }
    }
    assert!(pieces[0] > 0 && pieces[1] > 0, "nothing went in pieces");
}

#[test]
fn large_objects_of_all_sizes_arrive() {
    for kind in 0..6 {
        sizes(
            Encoding::Wbxml,
            512,
            kind,
            (0..120).step_by(7).chain((120..420).step_by(3)).chain((420..1400).step_by(89)),
        );
        sizes(Encoding::Xml, 900, kind, (150..420).step_by(5).chain((420..1500).step_by(97)));
        sizes(Encoding::Xml, 1500, kind, (700..1100).step_by(13).chain([8000]));
        sizes(Encoding::Wbxml, 5000, kind, (4700..4950).step_by(17).chain([20_000]));
    }
}

#[test]
fn an_abort_in_the_middle_of_a_large_object_commits_nothing() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        for at in 0..14 {
            for by_client in [true, false] {
                let orders = vec![vec![
                    Order::new(1, Command::replace("./Vendor/a/b", "before")),
                    Order::new(2, Command::replace("./Vendor/a/b", large(0, 4000))),
                    Order::new(3, Command::replace("./Vendor/Keep", "after")),
                ]];
                let mut link = Link::new(large_setup(encoding, 1500), orders, Script::default());
                if by_client {
                    link.abort_post = Some(at);
                } else {
                    link.abort_server = Some(2 * at + 2);
                }
                let mut interpreter = link.interpreter();
                let record = link.drive_bounded(STEPS);
                judge(&link, &record, &mut interpreter);
                let value = link.tree.node_at("./Vendor/a/b").and_then(|it| it.text()).unwrap().into_owned();
                assert!(["5", "before"].contains(&value.as_str()) || value.len() == 4000, "{value}");
                if at == 1 || at == 2 {
                    assert!(!record.is_complete(), "{}", story(&link.setup, &record));
                    assert!(value.len() < 4000, "{}", story(&link.setup, &record));
                }
            }
        }
    }
}

#[test]
fn a_user_who_cancels_keeps_a_large_object_from_being_done() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let confirm = Interaction::new(InteractionKind::Confirm, "q");
        let orders = vec![
            vec![Order::new(1, confirm), Order::new(2, Command::replace("./Vendor/a/b", large(0, 4000)))],
            vec![Order::new(3, Command::replace("./Vendor/Keep", "after"))],
        ];
        let mut script = Script::default();
        script.user.insert("q".to_owned(), UserReply::Cancelled);
        let mut link = Link::new(large_setup(encoding, 1500), orders, script);
        let records = run(&mut link);
        assert!(records[0].is_complete(), "{}", story(&link.setup, &records[0]));
        let status = |id: u64| records[0].outcomes[&id].status().unwrap().code();
        assert_eq!([status(1), status(2), status(3)], [214, 215, 200]);
    }
}

#[test]
fn what_is_too_large_for_the_other_side_is_not_sent() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let mut setup = large_setup(encoding, 1500);
        (setup.client_obj, setup.server_obj) = (Some(3000), Some(2000));
        let big = |len| Command::replace("./Vendor/a/b", large(0, len));
        let orders = vec![
            vec![Order::new(1, big(3001))],
            vec![Order::new(2, big(3000)), Order::new(3, Command::get("./Vendor/a/b"))],
            vec![Order::new(4, big(2001)), Order::new(5, Command::get("./Vendor/a/b"))],
            vec![Order::new(6, big(2000)), Order::new(7, Command::get("./Vendor/a/b"))],
        ];
        let mut link = Link::new(setup, orders, Script::default());
        let records = run(&mut link);
        let fates: Vec<_> = (1..=7)
            .map(|id| records.iter().find_map(|it| it.outcomes.get(&id)).unwrap().status().map(|it| it.code()))
            .collect();
        assert_eq!(fates, [None, Some(200), Some(413), Some(200), Some(413), Some(200), Some(200)]);
    }
}
