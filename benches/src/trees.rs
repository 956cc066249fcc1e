//! Management trees of a size.

use dm_session::tree::dm1::{self, Answer, Command, Data, Outcome, Request, Store as _};
use dm_session::tree::{MoTree, TreeConfig, TreeLimits};

/// The server that may do everything.
pub const SERVER: &str = "dm.example";

/// Children of each interior node, and levels of them.
pub const SHAPES: [(usize, usize, u32); 3] = [(100, 10, 2), (10_000, 100, 2), (1_000_000, 100, 3)];

/// A tree without anything below the root but what always stands there.
///
/// # Panics
/// If the tree cannot be made.
pub fn empty() -> MoTree {
    let mut paths = dm1::Config::new();
    paths.root_acl = "Add=*&Delete=*&Exec=*&Get=*&Replace=*".into();
    let limits = TreeLimits::DEFAULT.with_nodes(4_000_000).with_total_len(1 << 30).with_read_len(1 << 30);
    MoTree::new(TreeConfig::new(1).with_limits(limits).with_dm1(paths)).unwrap()
}

/// The URI of a leaf of a shape.
pub fn leaf(number: usize, fan_out: usize, levels: u32) -> String {
    let mut uri = String::from("./Top");
    for level in (0..levels).rev() {
        let digit = number / fan_out.pow(level) % fan_out;
        uri += &format!("/n{digit:02}");
    }
    uri
}

/// A tree with `fan_out` to the power of `levels` leaves, which hold short texts, below `./Top`.
///
/// # Panics
/// If the tree does not take them.
pub fn grown(fan_out: usize, levels: u32) -> MoTree {
    let mut tree = empty();
    grow(&mut tree, fan_out, levels);
    tree
}

/// Puts what [`grown`] has into an empty tree.
///
/// # Panics
/// If the tree does not take it.
pub fn grow(tree: &mut MoTree, fan_out: usize, levels: u32) {
    for number in 0..fan_out.pow(levels) {
        let add = Command::add(leaf(number, fan_out, levels), format!("value {number}").as_str());
        done(tree, &Request::local(add));
    }
}

/// A command of [`SERVER`].
pub fn server(command: Command) -> Request {
    Request::server(SERVER, command)
}

/// Carries out a command that must succeed.
///
/// # Panics
/// If it does not.
pub fn done(tree: &mut MoTree, request: &Request) -> Answer {
    match tree.apply(request) {
        Outcome::Done(answer) if answer.status.is_success() => answer,
        other => panic!("{:?}: {other:?}", request.command),
    }
}

/// The text of the only result.
///
/// # Panics
/// If there is none.
pub fn text(answer: Answer) -> String {
    match answer.results.into_iter().next().map(|item| item.data) {
        Some(Data::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}
