//! What a session asks of the management tree, and what the tree answers.

use alloc::string::String;
use alloc::vec::Vec;
use dm_package::{MoItem, MosItem, StatusCode};

/// One question or order of a session to the management tree. Plain data: a host may answer it at
/// once, in another thread, or in another process.
///
/// `server_id` names the DM server on whose behalf the session acts (`SrvID` of its DM Account);
/// permissions are checked against it. URIs are ClientURI texts as the server sent them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Operation {
    /// The `MOS` array of Package#1 (§5.2.2). Answer: [`Outcome::Mos`].
    ListMos {
        /// On whose behalf.
        server_id: String,
    },
    /// Serializes what the ClientURIs address (GET, HPUT, HPOST, SUB). A target whose `cv` is still
    /// fresh is left out. Answer: [`Outcome::Data`]; [`Outcome::Status`] 304 when every target is
    /// fresh, 204 when a leaf has no value now, else why not.
    Read {
        /// On whose behalf.
        server_id: String,
        /// The targets, at least one.
        uris: Vec<String>,
    },
    /// Asks, before anything is fetched, whether a [`Write`](Self::Write) to this place can be
    /// allowed. Answer: [`Outcome::Status`], 200 for yes as far as is known.
    CheckWrite {
        /// On whose behalf.
        server_id: String,
        /// The place; `None` where the client chooses.
        uri: Option<String>,
    },
    /// Stores what an HGET brought, all of it or nothing. Answer: [`Outcome::Written`], else why not.
    Write {
        /// On whose behalf. A created instance belongs to it.
        server_id: String,
        /// The place; `None` where the client chooses.
        uri: Option<String>,
        /// What to store.
        content: Content,
    },
    /// Removes nodes with everything below them. Answer: [`Outcome::Status`].
    Delete {
        /// On whose behalf.
        server_id: String,
        /// The targets, at least one.
        uris: Vec<String>,
    },
    /// Asks whether a node may be executed. Answer: [`Outcome::Executable`], else why not.
    CheckExec {
        /// On whose behalf.
        server_id: String,
        /// The target.
        uri: String,
    },
    /// Stores the URI from which data for a missing MO can be had; an earlier one for the same MOID
    /// is replaced. Answer: [`Outcome::Status`].
    SetDefault {
        /// On whose behalf.
        server_id: String,
        /// The MO identifier.
        moid: String,
        /// Where its data can be had.
        server_uri: String,
    },
    /// Asks, for a local application, where data of a MO can be had that the tree does not have.
    /// Answer: [`Outcome::Default`]; [`Outcome::Status`] 404 when nothing is stored, 409 when the tree has an
    /// instance already.
    FindDefault {
        /// The MO identifier.
        moid: String,
    },
    /// Stores a subscription, keyed by server and the exact text of the ClientURI. Answer:
    /// [`Outcome::Status`].
    Subscribe {
        /// On whose behalf.
        server_id: String,
        /// What to watch.
        uri: String,
        /// Where changes are reported.
        server_uri: String,
    },
    /// Removes a subscription with exactly this ClientURI text. Answer: [`Outcome::Status`], 404 when
    /// there is none.
    Unsubscribe {
        /// On whose behalf.
        server_id: String,
        /// The text given when subscribing.
        uri: String,
    },
}

impl Operation {
    /// The server on whose behalf the operation is; `None` for one of the device's own.
    #[must_use]
    pub fn server_id(&self) -> Option<&str> {
        match self {
            Self::ListMos { server_id }
            | Self::Read { server_id, .. }
            | Self::CheckWrite { server_id, .. }
            | Self::Write { server_id, .. }
            | Self::Delete { server_id, .. }
            | Self::CheckExec { server_id, .. }
            | Self::SetDefault { server_id, .. }
            | Self::Subscribe { server_id, .. }
            | Self::Unsubscribe { server_id, .. } => Some(server_id),
            Self::FindDefault { .. } => None,
        }
    }
}

/// What an HGET brought.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Content {
    /// Decoded MO serializations.
    Items(#[cfg_attr(feature = "serde", serde(with = "crate::wire::items"))] Vec<MoItem<'static>>),
    /// The body as it came, for a leaf whose content is not MO data (a large binary, say).
    Bytes(Vec<u8>),
}

/// The answer to an [`Operation`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Done, or why not.
    Status(StatusCode),
    /// The MOs that the server may manage, with the instances on which it has any permission.
    Mos(Vec<MosItem<'static>>),
    /// The serialized targets.
    Data(Vec<MoItem<'static>>),
    /// Stored; the resolved ClientURIs of where.
    Written(Vec<String>),
    /// May be executed; the resolved ClientURI of the node.
    Executable(String),
    /// Where data of a missing MO can be had.
    Default {
        /// The server that gave the URI: what is fetched belongs to it.
        server_id: String,
        /// Where.
        server_uri: String,
    },
}

/// A management tree as a session sees it. [`MoTree`](crate::tree::MoTree) is one; a host with its
/// own store implements this instead.
pub trait Store {
    /// Carries out one operation, wholly or not at all.
    fn manage(&mut self, operation: &Operation) -> Outcome;
}
