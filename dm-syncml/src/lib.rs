#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(feature = "xml", feature = "wbxml")),
    expect(dead_code, reason = "without a codec the model is all there is")
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "arbitrary")]
mod arbitrary;
#[cfg(feature = "auth")]
mod auth;
mod build;
mod convert;
mod encode;
mod encoding;
mod error;
#[cfg(any(feature = "xml", feature = "wbxml"))]
mod grammar;
mod limits;
pub mod lint;
pub mod media;
mod model;
mod names;
mod options;
#[cfg(any(feature = "xml", feature = "wbxml"))]
mod parse;
#[cfg(any(feature = "xml", feature = "wbxml"))]
mod peek;
mod sink;
mod text;
#[cfg(feature = "xml")]
mod transcode;
mod uri;
mod value;
#[cfg(feature = "wbxml")]
mod wbxml;
#[cfg(feature = "xml")]
mod xml;

#[cfg(feature = "auth")]
pub use auth::{AuthError, AuthType, BasicCredentials, CredentialHash, HmacHeader, Nonce, Secret};
pub use convert::{Binary, ConvertOptions};
pub use encoding::Encoding;
pub use error::{Deviation, DeviationKind, Error, ErrorKind};
pub use limits::{Limits, Parsed, Strictness};
#[doc(inline)]
pub use media::{ContentType, MediaType};
pub use model::codes::{AlertCode, CommandName, Format, Mark, Namespace, StatusCode};
pub use model::command::{Alert, Command, Container, Operation, Results, Status};
pub use model::data::{Content, Data, Declaration, Markup, OriginalError, Span};
pub use model::element::{Attribute, Attributes, Children, Element, ElementRef, Extras, Name, Node};
pub use model::item::{Item, Location};
pub use model::list::{List, Rare};
pub use model::message::{Fragment, FragmentRoot, Message, SyncHdr, Walk};
pub use model::meta::{Chal, Cred, EffectiveMeta, Meta};
pub use names::{Page, Tag};
pub use options::{Echo, InputType, UiOptions};
#[cfg(all(feature = "fuzzing", any(feature = "xml", feature = "wbxml")))]
#[doc(hidden)]
pub use parse::fuzzing;
#[cfg(any(feature = "xml", feature = "wbxml"))]
pub use peek::{Peek, peek_header};
pub use sink::{Sink, SliceSink};
pub use text::{CmdId, CmdRef, Decimal, LocUri, MsgId, SessionId, Str};
#[cfg(feature = "xml")]
#[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
pub use transcode::utf8;
pub use uri::{Query, Scope, TndsProps, child_names, escape_segment};
pub use value::Value;
#[cfg(feature = "wbxml")]
#[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
pub use wbxml::writer::{WbxmlOptions, WbxmlPublicId, WbxmlTnds, WbxmlVersion};
#[cfg(feature = "xml")]
#[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
pub use xml::writer::XmlOptions;
