#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod error;
mod grammar;
mod limits;
mod model;
mod names;
mod sink;
mod text;

pub use error::{Deviation, DeviationKind, Error, ErrorKind};
pub use limits::{Limits, Parsed, Strictness};
pub use model::codes::{AlertCode, CommandName, Format, Mark, Namespace, StatusCode};
pub use model::command::{Alert, Command, Container, Operation, Results, Status};
pub use model::data::{Content, Data, Declaration, Markup, OriginalError, Span};
pub use model::element::{Attribute, Children, Element, ElementRef, Extras, Name, Node};
pub use model::item::{Item, Location};
pub use model::list::List;
pub use model::message::{Fragment, FragmentRoot, Message, SyncHdr, Walk};
pub use model::meta::{Chal, Cred, EffectiveMeta, Meta};
pub use names::{Page, Tag};
pub use sink::{Sink, SliceSink};
pub use text::{CmdId, CmdRef, Decimal, LocUri, MsgId, SessionId, Str};
