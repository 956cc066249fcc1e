//! Why the tree refuses something.

use alloc::string::{String, ToString};
use core::fmt;
use dm_package::StatusCode;

/// Why a call of the device's application or a tree file was refused, and where. The tree is
/// exactly as it was before the call.
///
/// Servers never see it: an [`Operation`](super::Operation) is answered with a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeError {
    kind: TreeErrorKind,
    place: String,
}

/// The cause of a [`TreeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TreeErrorKind {
    /// No such MO instance, node, account, subscription or definition.
    NotFound,
    /// It is there already: an instance, a definition, a server identifier.
    AlreadyExists,
    /// The MO has no definition, and the tree takes defined ones only.
    UndefinedMo,
    /// A node name, instance identifier or server identifier that cannot be: empty, `.`, `..`, with
    /// a slash or a control character.
    InvalidName,
    /// Not the identifier of an MO.
    InvalidMoid,
    /// Not a ClientURI, or not an absolute HTTP(S) URI.
    InvalidUri,
    /// A definition that contradicts itself.
    InvalidDefinition,
    /// The value does not fit the node's format, or an interior node meets a leaf.
    Format,
    /// A node that the definition does not have there.
    NotDefined,
    /// Too many or too few of a node, or one twice.
    Occurrence,
    /// A finite limit stands against it.
    LimitExceeded,
    /// The tree file is of a version that is not known here.
    UnsupportedVersion,
    /// The data cannot be understood.
    Malformed,
    /// The data is of a form that the place cannot hold.
    UnsupportedForm,
    /// Several nodes where one has to be meant.
    Ambiguous,
    /// The server lacks the permission.
    Forbidden,
    /// The node's access types do not have it, or the node is permanent.
    NotAllowed,
    /// A transaction of another one is open.
    Busy,
}

impl TreeErrorKind {
    /// The status with which a server is told (`OMA-TS-DM_Protocol-V2_0` Appendix C).
    #[must_use]
    pub const fn status_code(self) -> StatusCode {
        match self {
            Self::NotFound | Self::UndefinedMo => StatusCode::NOT_FOUND,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotAllowed => StatusCode::COMMAND_NOT_ALLOWED,
            Self::LimitExceeded => StatusCode::TOO_LARGE,
            Self::UnsupportedForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::AlreadyExists => StatusCode::CONFLICT,
            Self::InvalidName
            | Self::InvalidMoid
            | Self::InvalidUri
            | Self::Format
            | Self::NotDefined
            | Self::Occurrence
            | Self::Malformed
            | Self::Ambiguous => StatusCode::BAD_REQUEST,
            Self::InvalidDefinition | Self::UnsupportedVersion => StatusCode::INTERNAL_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn at(self, place: impl ToString) -> TreeError {
        TreeError { kind: self, place: place.to_string() }
    }
}

impl TreeError {
    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> TreeErrorKind {
        self.kind
    }

    /// Where: the address of a node (`MOID/MIID/path`), or a place in a tree file
    /// (`instances[2].nodes["Data/1"]`); empty where the call itself says it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    #[cfg(feature = "serde")]
    pub(crate) fn within(self, outer: &str) -> Self {
        Self { kind: self.kind, place: alloc::format!("{outer}{}", self.place) }
    }
}

impl fmt::Display for TreeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "it does not exist",
            Self::AlreadyExists => "it exists already",
            Self::UndefinedMo => "the management object has no definition",
            Self::InvalidName => "the name is not usable",
            Self::InvalidMoid => "the management object identifier is not usable",
            Self::InvalidUri => "the URI is not usable",
            Self::InvalidDefinition => "the definition contradicts itself",
            Self::Format => "the value does not fit the format",
            Self::NotDefined => "the definition has no such node",
            Self::Occurrence => "too many or too few nodes",
            Self::LimitExceeded => "limit exceeded",
            Self::UnsupportedVersion => "unknown version",
            Self::Malformed => "malformed data",
            Self::UnsupportedForm => "the form of the data does not fit",
            Self::Ambiguous => "more than one node is meant",
            Self::Forbidden => "permission is missing",
            Self::NotAllowed => "the node does not allow it",
            Self::Busy => "a transaction is open",
        })
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => self.kind.fmt(f),
            place => write!(f, "{} at {place}", self.kind),
        }
    }
}

impl core::error::Error for TreeError {}

impl From<TreeErrorKind> for TreeError {
    fn from(kind: TreeErrorKind) -> Self {
        Self { kind, place: String::new() }
    }
}
