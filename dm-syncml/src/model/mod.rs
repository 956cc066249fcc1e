//! The model: plain data, borrowed from the input where it can be.

pub(crate) mod codes;
pub(crate) mod command;
pub(crate) mod data;
pub(crate) mod element;
pub(crate) mod item;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod meta;
