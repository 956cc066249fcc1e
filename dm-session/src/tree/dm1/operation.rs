//! What a DM 1.x session asks of the management tree, and what the tree answers.

use super::super::value::Format;
use crate::Timestamp;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Element, Encoding, StatusCode};

/// On whose behalf a command runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub enum Principal {
    /// A DM server that proved this Server Identifier in its session: the only one that ACLs know.
    Server(String),
    /// Software or the user of the device: neither ACLs nor access types nor permanence hold it, formats,
    /// constraints, names and limits do.
    Local,
    /// A bootstrap message, which no server signed by its identifier: as [`Local`](Self::Local), and ACLs of the
    /// message are taken as they are.
    Bootstrap,
}

impl Principal {
    /// The server, if it is one.
    #[must_use]
    pub fn server_id(&self) -> Option<&str> {
        match self {
            Self::Server(id) => Some(id),
            Self::Local | Self::Bootstrap => None,
        }
    }
}

/// One command to the tree, with all that it takes to answer it. Plain data.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Request {
    /// On whose behalf.
    pub principal: Principal,
    /// The time that the property `TStamp` of what changes gets. `None` where the device has no clock to trust:
    /// the tree goes on with the last time it was told, and has no `TStamp` (406) if it was told none.
    pub now: Option<Timestamp>,
    /// The form of the message, which decides how binary values are read and written.
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::encoding"))]
    pub encoding: Encoding,
    /// Bytes of the largest value that can be delivered to the peer; `None` for any. A Get of more is answered 413,
    /// and lists leave it out.
    pub max_value_len: Option<usize>,
    /// What to do.
    pub command: Command,
    /// What the host answered to the [`Ask`]s of the same request, in their order; empty at first.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub replies: Vec<Reply>,
}

impl Request {
    /// A command of a server in an XML message, at no known time.
    #[must_use]
    pub fn server(server_id: impl Into<String>, command: Command) -> Self {
        Self::new(Principal::Server(server_id.into()), command)
    }

    /// A command of the device itself.
    #[must_use]
    pub const fn local(command: Command) -> Self {
        Self::new(Principal::Local, command)
    }

    /// A command in an XML message, at no known time.
    #[must_use]
    pub const fn new(principal: Principal, command: Command) -> Self {
        Self { principal, now: None, encoding: Encoding::Xml, max_value_len: None, command, replies: Vec::new() }
    }

    /// The same at this time.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// The same in a message of this form.
    #[must_use]
    pub const fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The same with a bound of what can be delivered.
    #[must_use]
    pub const fn with_max_value_len(mut self, len: usize) -> Self {
        self.max_value_len = Some(len);
        self
    }

    /// The same with the answers of the host.
    #[must_use]
    pub fn with_replies(mut self, replies: Vec<Reply>) -> Self {
        self.replies = replies;
        self
    }
}

/// A command on one node. URIs are LocURI texts as they were received, queries (`?prop=`, `?list=`) included.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub enum Command {
    /// Creates a node, or those of a TNDS object (§6.3, §8.4 of the tree reference).
    Add {
        /// The node.
        uri: String,
        /// What it is to hold.
        content: Content,
    },
    /// Sets a value or a property, or makes a sub-tree what a TNDS object says.
    Replace {
        /// The node or property.
        uri: String,
        /// What it is to hold.
        content: Content,
    },
    /// Removes a node with everything below it.
    Delete {
        /// The node.
        uri: String,
    },
    /// Copies the value of a leaf.
    Copy {
        /// The leaf that is read.
        source: String,
        /// The leaf that is written, created where it is missing.
        target: String,
    },
    /// Reads a value, a child list, a property or a list.
    Get {
        /// The node, property or list.
        uri: String,
        /// The media type that was asked for with a `?list=TNDS`, if one was.
        media_type: Option<String>,
    },
    /// Executes a node. The tree checks; the host does it ([`Ask::Exec`]).
    Exec {
        /// The node.
        uri: String,
        /// What an asynchronous result will be reported with.
        correlator: Option<String>,
        /// The argument.
        content: Content,
    },
    /// Whether an Add or Replace of that much could be allowed, as far as can be said before its data is whole: for
    /// the first chunk of a large object. Answered with 200 or what the command would be refused with.
    Check {
        /// The node.
        uri: String,
        /// Whether it will be an Add; else a Replace.
        add: bool,
        /// Format and Type of the data; its bytes are not looked at.
        content: Content,
        /// The size that was announced.
        size: Option<u64>,
    },
    /// Opens a transaction. One at a time: a second one is answered 500.
    Begin,
    /// Makes the changes of the transaction last.
    Commit,
    /// Undoes the changes of the transaction.
    Rollback,
}

impl Command {
    /// An Add.
    #[must_use]
    pub fn add(uri: impl Into<String>, content: impl Into<Content>) -> Self {
        Self::Add { uri: uri.into(), content: content.into() }
    }

    /// A Replace.
    #[must_use]
    pub fn replace(uri: impl Into<String>, content: impl Into<Content>) -> Self {
        Self::Replace { uri: uri.into(), content: content.into() }
    }

    /// A Delete.
    #[must_use]
    pub fn delete(uri: impl Into<String>) -> Self {
        Self::Delete { uri: uri.into() }
    }

    /// A Copy.
    #[must_use]
    pub fn copy(source: impl Into<String>, target: impl Into<String>) -> Self {
        Self::Copy { source: source.into(), target: target.into() }
    }

    /// A Get.
    #[must_use]
    pub fn get(uri: impl Into<String>) -> Self {
        Self::Get { uri: uri.into(), media_type: None }
    }

    /// An Exec without argument and Correlator.
    #[must_use]
    pub fn exec(uri: impl Into<String>) -> Self {
        Self::Exec { uri: uri.into(), correlator: None, content: Content::EMPTY }
    }

    /// The same Exec with a Correlator; other commands have none.
    #[must_use]
    pub fn with_correlator(mut self, text: impl Into<String>) -> Self {
        if let Self::Exec { correlator, .. } = &mut self {
            *correlator = Some(text.into());
        }
        self
    }

    /// The same Add, Replace or Exec with this content, an Exec's argument; other commands have none.
    #[must_use]
    pub fn with_content(mut self, new: impl Into<Content>) -> Self {
        if let Self::Add { content, .. } | Self::Replace { content, .. } | Self::Exec { content, .. } = &mut self {
            *content = new.into();
        }
        self
    }
}

/// Meta and Data of an Item, as they were received.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Content {
    /// `Format` of Meta (the Item's, else the command's), if it was there.
    pub format: Option<String>,
    /// `Type` of Meta, if it was there.
    pub media_type: Option<String>,
    /// The data.
    pub data: Data,
}

impl Content {
    /// No Meta, no Data.
    pub const EMPTY: Self = Self { format: None, media_type: None, data: Data::None };

    /// An interior node (`Format` `node`).
    #[must_use]
    pub fn node() -> Self {
        Self::EMPTY.with_format("node")
    }

    /// An interior node that is the root of an MO.
    #[must_use]
    pub fn mo(identifier: impl Into<String>) -> Self {
        Self::node().with_type(identifier)
    }

    /// Data without Meta.
    #[must_use]
    pub const fn new(data: Data) -> Self {
        Self { format: None, media_type: None, data }
    }

    /// The same with a `Format`.
    #[must_use]
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// The same with a `Type`.
    #[must_use]
    pub fn with_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::new(Data::Text(text.into()))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::new(Data::Text(text))
    }
}

impl From<Data> for Content {
    fn from(data: Data) -> Self {
        Self::new(data)
    }
}

/// Data of an Item. `Debug` shows how long it is, not what it is.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Data {
    /// None was there; the same as an empty text.
    None,
    /// Text: of XML, or a string of WBXML.
    Text(String),
    /// Opaque bytes of WBXML, which may be text nonetheless.
    Bytes(Vec<u8>),
    /// A document that stood in the Data as elements, such as an inline `MgmtTree`.
    Element(#[cfg_attr(feature = "serde", serde(with = "crate::wire::element"))] Element<'static>),
}

impl Data {
    /// Bytes of text or opaque data.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::None | Self::Element(_) => 0,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The text; that of bytes that are UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::None => Some(""),
            Self::Text(text) => Some(text),
            Self::Bytes(bytes) => core::str::from_utf8(bytes).ok(),
            Self::Element(_) => None,
        }
    }

    /// The bytes, those of a text included.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::None => Some(&[]),
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            Self::Element(_) => None,
        }
    }

    /// Whether there is no data at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !matches!(self, Self::Element(_)) && self.len() == 0
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Element(_) => f.write_str("Element"),
        }
    }
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a host has to handle both; there is no third thing to be said")]
pub enum Outcome {
    /// Done or refused. Refused means that nothing changed.
    Done(Answer),
    /// The host has to do something first. Nothing changed; the same request is to be applied again with
    /// [`Request::replies`] to all of these, before any other request.
    Ask(Vec<Ask>),
}

impl Outcome {
    /// A status alone.
    #[must_use]
    pub const fn status(status: StatusCode) -> Self {
        Self::Done(Answer::new(status))
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Done(answer)
    }
}

/// Status of a command and what it brought.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The status of the command.
    pub status: StatusCode,
    /// The Items of the Results of a Get; empty when it failed.
    pub results: Vec<ResultItem>,
    /// The node above the one addressed that could not be created: Target of an Item in the Status.
    pub failed_at: Option<String>,
    /// Of a [`Command::Rollback`], or a [`Command::Commit`] that failed: which successful commands of the transaction
    /// could not be undone (status 516), by their number from 0.
    pub not_undone: Vec<usize>,
}

impl Answer {
    /// A status alone.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, results: Vec::new(), failed_at: None, not_undone: Vec::new() }
    }

    /// The same with Items of Results.
    #[must_use]
    pub fn with_results(mut self, results: Vec<ResultItem>) -> Self {
        self.results = results;
        self
    }

    /// The same with the node above the one addressed that could not be created.
    #[must_use]
    pub fn with_failed_at(mut self, uri: impl Into<String>) -> Self {
        self.failed_at = Some(uri.into());
        self
    }

    /// The same with the commands that could not be undone.
    #[must_use]
    pub fn with_not_undone(mut self, commands: Vec<usize>) -> Self {
        self.not_undone = commands;
        self
    }
}

/// One Item of Results.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ResultItem {
    /// Source LocURI, spelled in the style of the request.
    pub source: String,
    /// `Format` of Meta; `None` where there is to be none (a property, or the default `chr`).
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::native_format"))]
    pub format: Option<Format>,
    /// `Type` of Meta; `None` where there is to be none (a property, or the default `text/plain`).
    pub media_type: Option<String>,
    /// The value. [`Data::None`] is an empty Data element where [`has_data`](Self::has_data), else none at all.
    pub data: Data,
    /// Whether the Item has a Data element.
    pub has_data: bool,
}

/// What the host has to do for the tree: nodes whose value lives elsewhere
/// ([`External`](crate::tree::External)), and Exec.
///
/// `Debug` shows no values.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// Say the value of a leaf. Reply: [`Reply::Value`] or [`Reply::Failed`].
    Read {
        /// The leaf (`./Vendor/Radio/Signal`).
        uri: String,
    },
    /// Take a value. Reply: [`Reply::Done`] or [`Reply::Failed`]. Several asks of one request belong together: a host
    /// that cannot do all of them undoes those that it did and fails them all.
    Set {
        /// The leaf.
        uri: String,
        /// What it is to hold.
        value: crate::tree::Value,
    },
    /// Forget a leaf, which was deleted. Reply as for [`Set`](Self::Set).
    Delete {
        /// The leaf.
        uri: String,
    },
    /// Take back a value, because the transaction was rolled back. Reply: [`Reply::Done`] or [`Reply::Failed`] (516).
    Undo {
        /// The leaf.
        uri: String,
        /// What it held before; `None` where it did not exist.
        value: Option<crate::tree::Value>,
    },
    /// Execute a node, with right and access checked. Reply: [`Reply::Done`] for 200, or [`Reply::Failed`] with any
    /// status: 202 when it goes on and will be reported with the correlator.
    Exec {
        /// The node.
        uri: String,
        /// What an asynchronous result is to be reported with.
        correlator: Option<String>,
        /// The argument.
        content: Content,
    },
}

/// What the host answers to an [`Ask`]. `Debug` shows no values.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// The value asked for.
    Value(crate::tree::Value),
    /// It is done.
    Done,
    /// It cannot be done, or not yet: 403 busy, 406, 500, 510; of an Exec any status.
    Failed(StatusCode),
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, uri) = match self {
            Self::Read { uri } => ("Read", uri),
            Self::Set { uri, .. } => ("Set", uri),
            Self::Delete { uri } => ("Delete", uri),
            Self::Undo { uri, .. } => ("Undo", uri),
            Self::Exec { uri, .. } => ("Exec", uri),
        };
        f.debug_struct(name).field("uri", uri).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "Value({})", value.format()),
            Self::Done => f.write_str("Done"),
            Self::Failed(status) => f.debug_tuple("Failed").field(status).finish(),
        }
    }
}

/// A management tree as a DM 1.x session sees it: the counterpart of [`tree::Store`](crate::tree::Store).
/// [`MoTree`](crate::tree::MoTree) is one; a host with its own store implements this, and proves it with the suite
/// `tree::conformance` (feature `conformance`).
pub trait Store {
    /// Carries out one command, wholly or not at all.
    fn apply(&mut self, request: &Request) -> Outcome;
}
