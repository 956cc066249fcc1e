//! The rules of a session of DM 1.2, and a client with a server over a bad network, as properties.
#![cfg(feature = "dm1")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/dm1_driver/mod.rs"]
mod driver;

use dm_session::dm1::client::Reason;
use driver::{Fate, Mode, run_client, run_pair, run_server};
use proptest::collection::vec;
use proptest::prelude::*;

fn program() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![6 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 2 => Just(Fate::Twice)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Rules 1, 2 and 6, and what goes over the wire, are checked inside every run; the next properties compare runs.
    #[test]
    fn rule_1_2_6_client_refused_events_change_nothing_and_nothing_follows_the_end(bytes in program()) {
        run_client(&bytes, Mode::Plain);
    }

    #[test]
    fn rule_1_2_6_server_refused_events_change_nothing_and_no_command_overtakes_a_status(bytes in program()) {
        run_server(&bytes, Mode::Plain);
    }

    #[test]
    fn rule_3_client_snapshot_and_restore_change_nothing(bytes in program()) {
        prop_assert_eq!(run_client(&bytes, Mode::Plain), run_client(&bytes, Mode::Restored));
    }

    #[test]
    fn rule_3_server_snapshot_and_restore_change_nothing(bytes in program()) {
        prop_assert_eq!(run_server(&bytes, Mode::Plain), run_server(&bytes, Mode::Restored));
    }

    #[test]
    fn rule_4_the_same_events_give_the_same_actions(bytes in program()) {
        prop_assert_eq!(run_client(&bytes, Mode::Plain), run_client(&bytes, Mode::Plain));
        prop_assert_eq!(run_server(&bytes, Mode::Plain), run_server(&bytes, Mode::Plain));
    }

    #[test]
    fn rule_5_ticks_are_idempotent(bytes in program()) {
        prop_assert_eq!(run_client(&bytes, Mode::Plain), run_client(&bytes, Mode::DoubleTicks));
        prop_assert_eq!(run_server(&bytes, Mode::Plain), run_server(&bytes, Mode::DoubleTicks));
    }

    #[test]
    fn rule_5_an_old_clock_reads_as_the_last(bytes in program()) {
        prop_assert_eq!(run_client(&bytes, Mode::Plain), run_client(&bytes, Mode::SteadyClock));
        prop_assert_eq!(run_server(&bytes, Mode::Plain), run_server(&bytes, Mode::SteadyClock));
    }

    #[test]
    fn pair_outcomes_are_what_happened(bytes in vec(any::<u8>(), 0..60), fates in vec(fate(), 0..24)) {
        run_pair(&bytes, &fates);
    }

    #[test]
    fn pair_on_a_good_network_every_order_is_answered(bytes in vec(any::<u8>(), 0..60)) {
        let ended = run_pair(&bytes, &[]);
        prop_assert_eq!(ended.answered.saturating_add(ended.too_large), ended.orders);
        // A server that has nothing to do need not prove who it is.
        let idle = ended.answered == 0 && ended.reason == Reason::ServerUnauthenticated;
        prop_assert!(idle || ended.reason == Reason::Ended, "{:?}", ended.reason);
    }
}

/// The seeds of the fuzz targets, each taken as its target takes it.
#[cfg(feature = "serde")]
mod seeds {
    use std::fs;
    use std::path::Path;

    use dm_session::dm1::{client, server};

    use super::*;

    /// The seeds of a target: their names, what the first byte chooses, and the rest. Those that stand for a bug that
    /// was are there by their names.
    fn seeds(target: &str, bugs: &[&str]) -> Vec<(String, u8, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let seed = |path: &Path| {
            let bytes = fs::read(path).unwrap();
            let (kind, rest) = bytes.split_first().unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), *kind, rest.to_vec())
        };
        let all: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| seed(&entry.unwrap().path())).collect();
        for bug in bugs {
            assert!(all.iter().any(|(name, ..)| name == bug), "{bug} is not in {}", folder.display());
        }
        assert!(all.len() > bugs.len(), "{} holds nothing", folder.display());
        all
    }

    #[test]
    fn programs_hold() {
        for (_, kind, program) in
            seeds("session1_ops", &["atomic_half_heard", "element_that_is_no_command", "refused_then_over"])
        {
            let mode = [Mode::Restored, Mode::DoubleTicks, Mode::SteadyClock][usize::from(kind >> 4) % 3];
            match kind % 3 {
                0 => assert_eq!(run_client(&program, Mode::Plain), run_client(&program, mode)),
                1 => assert_eq!(run_server(&program, Mode::Plain), run_server(&program, mode)),
                _ => {
                    let (fates, program) = program.split_at(program.len().min(16));
                    let fate = |byte: &u8| match byte % 4 {
                        0 => Fate::Lost,
                        1 => Fate::Twice,
                        _ => Fate::Arrives,
                    };
                    run_pair(program, &fates.iter().map(fate).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn snapshots_are_refused_or_work() {
        let bugs = ["mac_that_no_header_has", "uri_with_a_space"];
        let all = seeds("session1_snapshot", &bugs);
        let mut restored = 0;
        for (name, kind, text) in &all {
            // One of an older form would be refused for that, and prove nothing.
            let (form, works) = if kind % 2 == 0 {
                (serde_json::from_slice::<client::Snapshot>(text).err(), driver::restore_client(text))
            } else {
                (serde_json::from_slice::<server::Snapshot>(text).err(), driver::restore_server(text))
            };
            assert!(form.is_none(), "{name} is not in the form of today: {form:?}");
            assert!(!(works && bugs.contains(&name.as_str())), "{name} is restored");
            restored += usize::from(works);
        }
        assert!(restored > 0 && restored < all.len(), "{restored} of {}", all.len());
    }
}
