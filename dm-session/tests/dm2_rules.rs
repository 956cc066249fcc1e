//! The six rules of a session, and a client with a server over a bad network, as properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/driver.rs"]
mod driver;

use dm_session::dm2::client::Reason;
use driver::{Fate, Mode, run_client, run_pair, run_server};
use proptest::collection::vec;
use proptest::prelude::*;

fn program() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400)
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![6 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 2 => Just(Fate::Twice)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Rules 1, 2 and 6, and that no alert is lost or sent twice, are checked inside every run; the
    /// next properties compare runs.
    #[test]
    fn rule_1_2_6_client_refused_events_change_nothing_and_nothing_follows_the_end(bytes in program()) {
        run_client(&bytes, Mode::Plain);
    }

    #[test]
    fn rule_1_2_6_server_refused_events_change_nothing_and_only_refusals_follow_the_end(bytes in program()) {
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
    fn pair_statuses_never_reach_another_command(
        rounds in vec(vec(any::<u8>(), 1..4), 0..4),
        fates in vec(fate(), 0..12),
    ) {
        run_pair(&rounds, &fates);
    }
}

#[test]
fn pair_on_a_good_network_every_command_is_answered() {
    let rounds = [vec![1, 2, 3], vec![4], vec![5, 5]];
    assert_eq!(run_pair(&rounds, &[]), (Reason::Ended, 6));
}

#[test]
fn pair_what_is_lost_ends_the_session_by_its_timer() {
    for lost in 0..8 {
        let mut fates = vec![Fate::Arrives; lost];
        fates.push(Fate::Lost);
        let (reason, _) = run_pair(&[vec![1], vec![2], vec![3]], &fates);
        assert_eq!(reason, Reason::Transport);
    }
}
