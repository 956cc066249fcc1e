//! Programs of commands against the management tree: it does what the plain model does; what is refused or rolled back
//! changes nothing; both views and the file agree; and all that in little room as well.
#![no_main]

#[path = "../../dm-session/tests/support/model1.rs"]
mod model1;
#[path = "../../dm-session/tests/support/program1.rs"]
mod program1;

use dm_session::tree::TreeLimits;
use libfuzzer_sys::fuzz_target;
use program1::{against_model, anything, small};

fuzz_target!(|data: &[u8]| {
    let Some((kind, program)) = data.split_first() else { return };
    match kind % 3 {
        0 => against_model(program, 8),
        1 => anything(program, TreeLimits::DEFAULT, 8),
        _ => anything(program, small(), 8),
    }
});
