use core::fmt;

/// What went wrong, and at which byte.
///
/// The offset counts from the start of the slice that was handed in; it names the first byte that could not be
/// used and is never greater than that slice's length. [`ErrorKind`] says for each cause where it points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

// An error rides in every `Result`.
const _: () = assert!(size_of::<Error>() <= 2 * size_of::<usize>());

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The byte it points to, counted from 0.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}

/// The causes of an [`Error`]: of the notification first, then of WSP and of SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends early. Points to where the field that is missing or cut off begins.
    UnexpectedEnd,
    /// The version of the format is not 1.1. Points to byte 16.
    UnsupportedVersion,
    /// One of the 27 bits for future use is set. Points to the byte with the first of them.
    FutureUse,
    /// The session id is 0. Points to byte 21.
    SessionIdZero,
    /// The length of the server identifier is 0. Points to it, byte 23; for an identifier handed in by the caller, to byte 0.
    ServerIdEmpty,
    /// The server identifier is longer than the format (255 bytes) or the limit allows. Points to its first byte too many.
    ServerIdTooLong,
    /// The input is longer than [`Limits::max_message_len`](super::Limits). Points to the first byte too many.
    MessageTooLong,
    /// The digest is not that of these bytes with these credentials. Points to byte 0.
    DigestMismatch,
    /// The output has too little room left. Points to the first byte of the encoding that found none.
    SinkFull,
    /// A snapshot of a version that this release does not know. Points to byte 0.
    SnapshotVersion,
    /// A snapshot that no receiver can have made. Points to byte 0.
    SnapshotInvalid,

    /// The WSP PDU is not Push. Points to byte 1.
    PduType,
    /// A number of WSP that is longer than 5 bytes or than 32 bits. Points to its first byte.
    Number,
    /// A WSP header or a value in it that reaches beyond the headers, or begins with no octet that could. Points to that octet.
    HeaderSyntax,
    /// The content type of the push is not that of the notification. Points to its first byte.
    ContentType,
    /// The application that the push is for is not DM. Points to its value.
    ApplicationId,
    /// The push has no application id. Points to the end of its headers.
    ApplicationIdMissing,
    /// The push has two application ids. Points to the second header.
    ApplicationIdRepeated,

    /// An information element reaches beyond the user data header. Points to its first byte.
    ElementLength,
    /// An information element that is known has another length than its own. Points to its first byte.
    ElementSize,
    /// A part that is number 0, or beyond their number. Points to the first byte of its information element.
    PartNumber,
    /// More parts than the memory has room for; points to byte 0. Or more than the 255 that can be counted; points to the
    /// first byte of the message that is in none.
    TooManyParts,
    /// User data longer than 140 bytes. Points to byte 140.
    UserDataTooLong,
}

impl ErrorKind {
    /// Whether a limit, of [`Limits`](super::Limits) or of the memory for parts, was exceeded and not the format.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::MessageTooLong | Self::ServerIdTooLong | Self::TooManyParts)
    }

    /// Whether the input stopped too early, so that more bytes might make it whole.
    #[must_use]
    pub const fn is_incomplete(self) -> bool {
        matches!(self, Self::UnexpectedEnd)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "input ends early",
            Self::UnsupportedVersion => "notification version is not 1.1",
            Self::FutureUse => "bits for future use are set",
            Self::SessionIdZero => "session id is 0",
            Self::ServerIdEmpty => "empty server identifier",
            Self::ServerIdTooLong => "server identifier is too long",
            Self::MessageTooLong => "notification is longer than the limit",
            Self::DigestMismatch => "digest does not match",
            Self::SinkFull => "no room left in the output",
            Self::SnapshotVersion => "unknown snapshot version",
            Self::SnapshotInvalid => "invalid snapshot",
            Self::PduType => "not a WSP push",
            Self::Number => "WSP number is too long",
            Self::HeaderSyntax => "WSP header cannot be read",
            Self::ContentType => "content type is not that of the notification",
            Self::ApplicationId => "application id is not that of DM",
            Self::ApplicationIdMissing => "no application id",
            Self::ApplicationIdRepeated => "two application ids",
            Self::ElementLength => "information element reaches too far",
            Self::ElementSize => "information element has the wrong length",
            Self::PartNumber => "no such part",
            Self::TooManyParts => "too many parts",
            Self::UserDataTooLong => "user data is longer than a short message",
        })
    }
}
