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

/// The causes of an [`Error`].
///
/// "Head" is the first byte of an option, the one that holds its delta and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside the header or an option. Points to where the byte that is missing, or the value that is cut
    /// off, begins.
    UnexpectedEnd,
    /// VER is not 2. Points to byte 0.
    UnsupportedVersion,
    /// OC is 0, so there is no option and no SERVER-ID. Points to byte 0; when encoding, to byte 0 of the output.
    NoOptions,
    /// One of the seven RESERVED bits is set. Points to byte 1.
    ReservedBits,
    /// An option number that is not 1 to 6. Points to its head.
    UnknownOption,
    /// An option with the number of the one before it. Points to its head.
    RepeatedOption,
    /// SERVER-ID is empty. Points to its head; for an identifier handed in by the caller, to byte 0.
    ServerIdEmpty,
    /// SERVER-ID is not UTF-8, or holds a control character or a byte order mark. Points to that character.
    ServerIdText,
    /// SERVER-ID is longer than the format (270 bytes) or the limit allows. Points to the first byte too many.
    ServerIdTooLong,
    /// PREFERRED-CON-TYPE is not one byte long. Points to its head.
    ConTypeLength,
    /// NOTIFICATION-ID is not two bytes long. Points to its head.
    NotificationIdLength,
    /// SHA256-DIGEST is not 32 bytes long. Points to its head.
    DigestLength,
    /// TIMESTAMP is neither 4 to 8 bytes nor 9 to 20 digits. Points to its head.
    TimestampLength,
    /// TIMESTAMP is written in decimal digits. Points to its head.
    TimestampDigits,
    /// TIMESTAMP, written in digits, is greater than 2⁶⁴ − 1. Points to its head.
    TimestampRange,
    /// REQ-MOS has a value. Points to its head.
    ReqMosLength,
    /// Bytes follow the last option that OC counts. Points to the first of them.
    TrailingBytes,
    /// The input is longer than [`Limits::max_message_len`](crate::Limits). Points to the first byte too many.
    MessageTooLong,
    /// OC is greater than [`Limits::max_options`](crate::Limits). Points to byte 0.
    TooManyOptions,
    /// There is no SHA256-DIGEST to verify. Points to the end of the notification.
    DigestMissing,
    /// SHA256-DIGEST is not the digest of these bytes with this secret and data. Points to its value.
    DigestMismatch,
    /// There is no SERVER-ID, and a builder needs one. Points to the end of the notification.
    ServerIdMissing,
    /// The output has too little room left. Points to the first byte of the encoding that found none.
    SinkFull,
    /// A snapshot of a version that this release does not know. Points to byte 0.
    SnapshotVersion,
    /// A snapshot that no receiver can have made. Points to byte 0.
    SnapshotInvalid,
}

impl ErrorKind {
    /// Whether a [`Limits`](crate::Limits) value, not the format, was exceeded.
    ///
    /// [`ServerIdTooLong`](Self::ServerIdTooLong) counts as a limit: an option cannot hold more than the format
    /// allows, so while parsing only the limit can be at fault.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::MessageTooLong | Self::TooManyOptions | Self::ServerIdTooLong)
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
            Self::UnexpectedEnd => "notification ends early",
            Self::UnsupportedVersion => "notification version is not 2",
            Self::NoOptions => "no options",
            Self::ReservedBits => "reserved bits are set",
            Self::UnknownOption => "unknown option",
            Self::RepeatedOption => "repeated option",
            Self::ServerIdEmpty => "empty SERVER-ID",
            Self::ServerIdText => "SERVER-ID is not plain text",
            Self::ServerIdTooLong => "SERVER-ID is too long",
            Self::ConTypeLength => "PREFERRED-CON-TYPE is not one byte",
            Self::NotificationIdLength => "NOTIFICATION-ID is not two bytes",
            Self::DigestLength => "SHA256-DIGEST is not 32 bytes",
            Self::TimestampLength => "TIMESTAMP has an unknown form",
            Self::TimestampDigits => "TIMESTAMP is written in digits",
            Self::TimestampRange => "TIMESTAMP is out of range",
            Self::ReqMosLength => "REQ-MOS has a value",
            Self::TrailingBytes => "bytes after the last option",
            Self::MessageTooLong => "notification is longer than the limit",
            Self::TooManyOptions => "more options than the limit",
            Self::DigestMissing => "no SHA256-DIGEST",
            Self::DigestMismatch => "SHA256-DIGEST does not match",
            Self::ServerIdMissing => "no SERVER-ID",
            Self::SinkFull => "no room left in the output",
            Self::SnapshotVersion => "unknown snapshot version",
            Self::SnapshotInvalid => "invalid snapshot",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_as_cause_and_place() {
        assert_eq!(Error::new(ErrorKind::UnexpectedEnd, 7).to_string(), "notification ends early at byte 7");
    }
}
