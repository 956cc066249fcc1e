//! Sessions of DM 1.2. There are no peers: what counts is what the machines add to the codec.
//!
//! `iteration` is one whole session of packages 1 to 4 (client, server and tree in one thread), `codec` writing and
//! reading its four messages and nothing else, `snapshot` storing and restoring a server that waits for Statuses.
//! Allocations, shares and bytes are in `cargo run --release -p benches --bin session1`.

use std::hint::black_box;

use benches::sessions::{FORMS, SIZES, Sessions};
use benches::trees::SERVER;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dm_session::dm1::{Server, ServerConfig, server};

fn session1(criterion: &mut Criterion) {
    for commands in SIZES {
        for (form, encoding) in FORMS {
            let mut sessions = Sessions::new(commands, encoding);
            let messages = sessions.messages();
            let mut group = criterion.benchmark_group("session1");
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new(format!("iteration-{form}"), commands), |b| {
                b.iter(|| sessions.run(&mut |_, _| ()));
            });
            group.bench_function(BenchmarkId::new(format!("codec-{form}"), commands), |b| {
                b.iter(|| black_box(&messages).code());
            });
            let text = sessions.snapshot();
            group.bench_function(BenchmarkId::new(format!("snapshot-{form}"), commands), |b| {
                b.iter(|| {
                    let snapshot: server::Snapshot = serde_json::from_str(black_box(&text)).unwrap();
                    let config = ServerConfig::new(SERVER, "https://dm.example/dm");
                    let server = Server::restore(config, snapshot).unwrap();
                    serde_json::to_string(&server.snapshot()).unwrap().len()
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, session1);
criterion_main!(benches);
