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
