//! Programs for the DM 1.2 machines: the session rules and those of the wire hold, and a restored machine does the same.
#![no_main]

#[path = "../../dm-session/tests/support/dm1_driver/mod.rs"]
mod driver;

use driver::{Fate, Mode, run_client, run_pair, run_server};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, program)) = data.split_first() else { return };
    let mode = [Mode::Restored, Mode::DoubleTicks, Mode::SteadyClock][usize::from(kind >> 4) % 3];
    match kind % 3 {
        0 => assert_eq!(run_client(program, Mode::Plain), run_client(program, mode)),
        1 => assert_eq!(run_server(program, Mode::Plain), run_server(program, mode)),
        _ => {
            let (fates, program) = program.split_at(program.len().min(16));
            let fates: Vec<Fate> = fates
                .iter()
                .map(|byte| match byte % 4 {
                    0 => Fate::Lost,
                    1 => Fate::Twice,
                    _ => Fate::Arrives,
                })
                .collect();
            run_pair(program, &fates);
        }
    }
});
