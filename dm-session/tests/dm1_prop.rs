//! Properties of the tree that DM 1.x addresses: programs of random commands against a plain model, and what holds
//! whatever they are.
#![cfg(all(feature = "serde", feature = "dm1"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "support/model1.rs"]
mod model1;
#[path = "support/program1.rs"]
mod program1;

use dm_session::tree::TreeLimits;
use program1::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// A program of so many commands.
fn program(commands: core::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let step = vec(any::<u8>(), STEP);
    (any::<u8>(), vec(step, commands)).prop_map(|(kind, steps)| [vec![kind], steps.concat()].concat())
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: std::env::var("G_CASES").map_or(cases, |n| n.parse().unwrap()),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(512))]

    /// Statuses, results and the tree are those of the model after every command.
    #[test]
    fn the_tree_does_what_the_model_does(program in program(1..48)) {
        against_model(&program, 1);
    }
}

proptest! {
    #![proptest_config(cases(192))]

    /// What is refused or asked changes nothing; a roll back brings back the exact tree, as a file and as it is seen; a
    /// validator of DM 2.0 changes with its instance and only then; both ways to reach a node meet; what is saved
    /// loads.
    #[test]
    fn any_program_leaves_the_tree_in_order(program in program(1..32)) {
        anything(&program, TreeLimits::DEFAULT, 1);
    }

    /// The same where there is little room.
    #[test]
    fn any_program_leaves_a_small_tree_in_order(program in program(1..32)) {
        anything(&program, small(), 1);
    }
}
