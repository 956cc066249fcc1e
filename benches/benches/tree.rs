//! The management tree of DM 1.x. There are no peers: what counts is how cost grows.
//!
//! A lookup may grow with the depth of the tree, not with its nodes; `leaf` asks for one leaf again and again, `leaves`
//! for leaves all over the tree, where caches miss. A transaction may cost what it changes. Bytes per node are in
//! `cargo run --release -p benches --bin tree_memory`.

use std::hint::black_box;

use benches::trees::{self, SERVER, SHAPES, done, empty, grown, leaf, server, text};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dm_session::tree::dm1::{self, Acl, AclCommand, Command, Content, Data, Request, TndsObject};
use dm_session::tree::{MoTree, TreeConfig, TreeFile};
use dm_syncml::media::{TNDS_WBXML, TNDS_XML};
use dm_syncml::{Encoding, Limits};

/// Requests to leaves all over a tree.
fn requests(fan_out: usize, levels: u32, command: impl Fn(String) -> Command) -> Vec<Request> {
    let count = fan_out.pow(levels);
    // Steps of a prime walk through all of them in no order.
    (0..4096_usize).map(|step| server(command(leaf(step * 611_953 % count, fan_out, levels)))).collect()
}

fn leaves(criterion: &mut Criterion) {
    let trees: Vec<MoTree> = SHAPES.iter().map(|(_, fan_out, levels)| grown(*fan_out, *levels)).collect();
    let get = |uri: String| Command::get(uri);
    let replace = |uri: String| Command::replace(uri, "another value");
    let commands: [(&str, &dyn Fn(String) -> Command); 2] = [("tree/get", &get), ("tree/replace", &replace)];
    for (name, command) in commands {
        let mut group = criterion.benchmark_group(name);
        for ((nodes, fan_out, levels), tree) in SHAPES.iter().zip(&trees) {
            let requests = requests(*fan_out, *levels, command);
            let mut tree = tree.clone();
            group.bench_function(BenchmarkId::new("leaf", nodes), |b| {
                b.iter(|| done(&mut tree, black_box(&requests[0])));
            });
            let mut turn = 0;
            group.bench_function(BenchmarkId::new("leaves", nodes), |b| {
                b.iter(|| {
                    turn = (turn + 1) % requests.len();
                    done(&mut tree, black_box(&requests[turn]))
                });
            });
        }
        group.finish();
    }

    // 100 Replaces, and their end. Opened and ended without any for comparison.
    let mut group = criterion.benchmark_group("tree/transaction");
    let ends = [("commit", Command::Commit), ("rollback", Command::Rollback)];
    for ((nodes, fan_out, levels), tree) in SHAPES.iter().zip(&trees) {
        let replaces: Vec<Request> = requests(*fan_out, *levels, replace).into_iter().take(100).collect();
        let mut tree = tree.clone();
        let begin = server(Command::Begin);
        for (name, end) in &ends {
            let end = server(end.clone());
            for (commands, replaces) in [(0, &[][..]), (100, &replaces[..])] {
                group.bench_function(BenchmarkId::new(format!("{name}-{commands}"), nodes), |b| {
                    b.iter(|| {
                        done(&mut tree, &begin);
                        for request in replaces {
                            done(&mut tree, black_box(request));
                        }
                        done(&mut tree, &end)
                    });
                });
            }
        }
    }
    group.finish();
}

/// A Get of a leaf whose rights come from that many levels above, from a list of so many servers.
fn acl(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tree/acl");
    for ids in [1, 100] {
        let names: Vec<String> = (1..ids).map(|id| format!("server-{id}.example")).chain([SERVER.into()]).collect();
        let list = format!("Get={}", names.join("+"));
        for depth in [1, 8, 32] {
            let mut tree = empty();
            let uri = (1..depth).fold(String::from("./A"), |uri, _| uri + "/a") + "/leaf";
            done(&mut tree, &Request::local(Command::add(&uri, "1")));
            done(&mut tree, &Request::local(Command::replace("./A?prop=ACL", list.as_str())));
            let local = Request::local(Command::get(&uri));
            let get = server(Command::get(&uri));
            group.bench_function(BenchmarkId::new(format!("get-depth-{depth}"), ids), |b| {
                b.iter(|| done(&mut tree, black_box(&get)));
            });
            if ids == 1 {
                group.bench_function(BenchmarkId::new(format!("get-depth-{depth}"), "unchecked"), |b| {
                    b.iter(|| done(&mut tree, black_box(&local)));
                });
            }
        }
        let acl = Acl::parse(&list).unwrap();
        group.bench_function(BenchmarkId::new("allows", ids), |b| {
            b.iter(|| assert!(black_box(&acl).allows(AclCommand::Get, black_box(SERVER))));
        });
        group.bench_function(BenchmarkId::new("parse", ids), |b| {
            b.iter(|| Acl::parse(black_box(&list)).unwrap());
        });
    }
    group.finish();
}

/// 1,000 and 10,000 leaves at once.
fn whole(criterion: &mut Criterion) {
    for (leaves, fan_out, levels, nodes) in [(1_000, 10, 3, 1_111), (10_000, 100, 2, 10_101)] {
        all_of(criterion, leaves, grown(fan_out, levels), Throughput::Elements(nodes));
    }
}

fn all_of(criterion: &mut Criterion, leaves: usize, mut tree: MoTree, nodes: Throughput) {
    let mut group = criterion.benchmark_group("tree/list");
    group.throughput(nodes.clone());
    for list in ["Struct", "StructData"] {
        let request = server(Command::get(format!("./Top?list={list}")));
        group.bench_function(BenchmarkId::new(list, leaves), |b| b.iter(|| done(&mut tree, black_box(&request))));
    }
    group.finish();

    let mut group = criterion.benchmark_group("tree/tnds");
    group.throughput(nodes.clone());
    for (form, encoding) in [("xml", Encoding::Xml), ("wbxml", Encoding::Wbxml)] {
        let request = server(Command::get("./Top?list=TNDS")).with_encoding(encoding);
        group.bench_function(BenchmarkId::new(format!("out-{form}"), leaves), |b| {
            b.iter(|| done(&mut tree, black_box(&request)));
        });
    }
    let document = text(done(&mut tree, &server(Command::get("./Top?list=TNDS"))));
    let limits = Limits::DEFAULT.with_max_elements(1 << 20);
    let object = TndsObject::parse(document.as_bytes(), &limits).unwrap();
    group.bench_function(BenchmarkId::new("parse-xml", leaves), |b| {
        b.iter(|| TndsObject::parse(black_box(document.as_bytes()), &limits).unwrap());
    });
    let forms = [
        ("xml", Encoding::Xml, TNDS_XML, Data::Text(document)),
        ("wbxml", Encoding::Wbxml, TNDS_WBXML, Data::Bytes(object.to_wbxml().unwrap())),
    ];
    for (form, encoding, media_type, data) in forms {
        let content = Content::new(data).with_type(media_type);
        let request = server(Command::add("./Top", content)).with_encoding(encoding);
        let ready = trees::empty();
        group.bench_function(BenchmarkId::new(format!("in-{form}"), leaves), |b| {
            b.iter_batched_ref(|| ready.clone(), |tree| done(tree, black_box(&request)), BatchSize::LargeInput);
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("tree/file");
    group.throughput(nodes);
    group.bench_function(BenchmarkId::new("save", leaves), |b| {
        b.iter(|| serde_json::to_vec(&black_box(&tree).to_file()).unwrap().len());
    });
    let saved = serde_json::to_vec(&tree.to_file()).unwrap();
    group.bench_function(BenchmarkId::new("load", leaves), |b| {
        b.iter(|| {
            let file: TreeFile = serde_json::from_slice(black_box(&saved)).unwrap();
            MoTree::from_file(TreeConfig::new(1).with_dm1(dm1::Config::new()), file).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, leaves, acl, whole);
criterion_main!(benches);
