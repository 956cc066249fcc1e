//! The text form.

pub(crate) mod escape;
pub(crate) mod reader;
mod scan;
pub(crate) mod writer;
