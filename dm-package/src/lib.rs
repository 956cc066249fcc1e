#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod accept;
mod alert;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod client_uri;
mod command;
mod decode;
mod encode;
mod error;
mod fast;
mod interwork;
mod json;
mod limits;
mod mo;
mod names;
mod package1;
mod package2;
mod package3;
mod resolve;
mod scan;
mod server_uri;
mod status;
mod text;
mod uri;

pub use accept::{AcceptList, MediaType, Outcome};
pub use alert::{Alert, Mark, SessionStart, UnknownMark};
pub use client_uri::{ClientUri, ClientUriBuilder, Component, NodeValue, NodeValues, Path};
pub use command::{Command, CommandKind, Malformed};
pub use encode::{Sink, SliceSink};
pub use error::{Deviation, DeviationKind, Error, ErrorKind};
pub use interwork::{Dm1Alert, PathMap};
pub use json::{Elements, Json, JsonKind, Members};
pub use limits::{Limits, Parsed, Strictness};
pub use mo::{MoData, MoItem, MoWriter, Node, Scalar, Walk};
pub use package1::{MosItem, Package1};
pub use package2::Package2;
pub use package3::{Package3, Status};
pub use resolve::{Resolve, Unresolved};
pub use server_uri::{Scheme, ServerUri, check_server_uri};
pub use status::StatusCode;
pub use text::Str;

/// The media types of the packages and of management object serializations (§3.1).
pub mod media {
    pub use crate::accept::{INITIATION, MO, REQUEST, RESPONSE};
}
