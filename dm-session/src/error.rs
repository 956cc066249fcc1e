//! What the host did wrong, or what a limit refused.

use core::fmt;

/// Why a call was refused. The machine is exactly as it was before the call.
///
/// What the peer does wrong inside a usable message is not an error: it becomes a status, an HTTP
/// answer or the reason in the machine's closing action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
}

/// The cause of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The event answers nothing that is open: an unknown, spent or wrong id, or an answer of
    /// another kind than was asked for.
    ApiMisuse,
    /// The machine has ended; nothing can be given to it any more.
    Closed,
    /// A finite limit stands against it.
    LimitExceeded,
    /// The configuration cannot work: an endpoint that is no HTTP(S) URI, an empty id, and the like.
    InvalidConfig,
    /// A command that the wire form cannot or may not carry.
    InvalidCommand,
    /// A snapshot of another version, or one whose parts contradict each other.
    InvalidSnapshot,
    /// Text or bytes that are not what they have to be (a header value, a tree file).
    InvalidInput,
    /// A definition or a name that is there already.
    AlreadyExists,
    /// Something named that is not there.
    NotFound,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind) -> Self {
        Self { kind }
    }

    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiMisuse => "the event answers nothing that is open",
            Self::Closed => "the machine has ended",
            Self::LimitExceeded => "limit exceeded",
            Self::InvalidConfig => "the configuration cannot work",
            Self::InvalidCommand => "the command cannot be sent",
            Self::InvalidSnapshot => "the snapshot is not usable",
            Self::InvalidInput => "the input is not usable",
            Self::AlreadyExists => "it exists already",
            Self::NotFound => "it does not exist",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl core::error::Error for Error {}
