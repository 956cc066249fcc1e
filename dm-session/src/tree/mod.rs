//! The management tree, and the operations that a session asks of it.

mod operation;
#[cfg(feature = "serde")]
mod wire;

pub use operation::{Content, Operation, Outcome, Store};
