//! What a session of DM 1.2 costs on one core: time, the share of the codec, allocations, bytes on the wire and of the
//! snapshot of a server.
//!
//! Client, server and tree run in one thread, without a network. A time is the least of many rounds; the codec's is
//! that of writing and reading the same messages alone, measured by turns with the whole.
//!
//! ```sh
//! cargo run --release -p benches --bin session1
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::counting::{Counting, allocations};
use benches::sessions::{FORMS, SIZES, Sessions};

/// Rounds, and runs in each.
const ROUNDS: usize = 40;
const RUNS: u32 = 50;

fn main() {
    println!(
        "{:<6} {:>8} {:>12} {:>10} {:>12} {:>7} {:>12} {:>12} {:>10} {:>10}",
        "form", "commands", "session", "per s", "codec", "share", "allocations", "bytes", "wire", "snapshot"
    );
    for commands in SIZES {
        for (form, encoding) in FORMS {
            let mut sessions = Sessions::new(commands, encoding);
            let messages = sessions.messages();
            let (mut whole, mut codec) = (Duration::MAX, Duration::MAX);
            for _ in 0..ROUNDS {
                whole = whole.min(time(|| sessions.run(&mut |_, _| ())));
                codec = codec.min(time(|| {
                    black_box(messages.code());
                }));
            }
            let (count, bytes) = allocations(|| sessions.run(&mut |_, _| ()));
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            println!(
                "{form:<6} {commands:>8} {:>9.1} us {:>10.0} {:>9.1} us {:>5.0} % {count:>12} {bytes:>12} {:>10} {:>10}",
                micros(whole),
                1.0 / whole.as_secs_f64(),
                micros(codec),
                100.0 * codec.as_secs_f64() / whole.as_secs_f64(),
                messages.lens().iter().sum::<usize>(),
                sessions.snapshot().len(),
            );
        }
    }
    println!("(snapshot: JSON of a server that waits for the Statuses of all commands; wire: all four messages)");
}

/// The time of one run.
fn time(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..RUNS {
        run();
    }
    start.elapsed() / RUNS
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
