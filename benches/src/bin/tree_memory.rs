//! What a node of the management tree costs: bytes that are allocated and not given back, as they were asked for.
//!
//! ```sh
//! cargo run --release -p benches --bin tree_memory
//! ```

use benches::counting::{Counting, held};
use benches::trees::{SHAPES, done, empty, grow, grown, leaf};
use dm_session::tree::dm1::{Command, Content, Request};

fn main() {
    println!("{:<40} {:>9} {:>12} {:>12}", "tree", "nodes", "bytes/node", "blocks/node");
    for (_, fan_out, levels) in SHAPES {
        let mut tree = empty();
        let held = held(|| grow(&mut tree, fan_out, levels));
        let nodes = (0..=levels).map(|level| fan_out.pow(level)).sum::<usize>();
        print(&format!("short texts, {fan_out} children each"), nodes, held);
    }

    let (_, fan_out, levels) = SHAPES[1];
    let leaves = fan_out.pow(levels);
    let kinds: [(&str, &dyn Fn(usize) -> Content); 3] = [
        ("integers", &|number| Content::from(number.to_string().as_str()).with_format("int")),
        ("truths", &|_| Content::from("true").with_format("bool")),
        ("empty interior nodes", &|_| Content::node()),
    ];
    for (name, content) in kinds {
        let mut tree = empty();
        let held = held(|| {
            for number in 0..leaves {
                done(&mut tree, &Request::local(Command::add(leaf(number, fan_out, levels), content(number))));
            }
        });
        print(name, leaves + fan_out + 1, held);
    }

    let mut tree = grown(fan_out, levels);
    let acls = held(|| {
        for number in 0..leaves {
            let uri = leaf(number, fan_out, levels) + "?prop=ACL";
            done(&mut tree, &Request::local(Command::replace(uri, "Get=*&Replace=dm.example")));
        }
    });
    print("an ACL for a node, on top", leaves, acls);
}

fn print(what: &str, nodes: usize, (bytes, blocks): (i64, i64)) {
    let per_node = |total: i64| total as f64 / nodes as f64;
    println!("{what:<40} {nodes:>9} {:>12.1} {:>12.2}", per_node(bytes), per_node(blocks));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
