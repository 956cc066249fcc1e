//! HTTP as plain values: what the machines say and hear.
//!
//! DM 2.0 makes HTTP part of the protocol, so the machines write complete requests and responses;
//! any client or server library carries them. The cargo feature `http` converts from and to the
//! types of the `http` crate. A transport of another kind ignores the headers.

mod message;

pub use message::{Headers, Method, Request, Response};
