//! One error type for the crate, and the list entry for what a decoder let pass.

use core::fmt;

use crate::StatusCode;

/// Why a text was refused, and at which byte.
///
/// For decoders the offset counts from the start of the slice or string given to the function: the first byte that
/// could not be used, never more than the length of the input. For encoders, writers and builders there is no input:
/// there it is the number of bytes the call had produced before it was refused.
///
/// ```
/// use dm_package::{ErrorKind, Package2};
/// let error = Package2::parse(b"{\"CMD\":[").unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, 8));
/// assert_eq!(error.to_string(), "input ends too early at byte 8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

const _: () = assert!(size_of::<Error>() <= 2 * size_of::<usize>(), "errors ride in every Result");

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What was wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it was wrong, in bytes. See the type for what it counts from.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The same error, seen from a text in which the refused one starts `by` bytes later.
    pub(crate) const fn shifted(self, by: usize) -> Self {
        Self { kind: self.kind, offset: self.offset.saturating_add(by) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}

/// Declares an enum of causes with the words that tell each to a person: one row per cause.
macro_rules! causes {
    (
        $(#[$outer:meta])*
        pub enum $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident => $words:literal, )+ }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $( $(#[doc = $doc])+ $variant, )+ }

        impl $name {
            /// Every cause, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$variant => $words, )+ })
            }
        }
    };
}

causes! {
    /// One cause of refusal each.
    pub enum ErrorKind {
        /// The text ends inside a value.
        UnexpectedEnd => "input ends too early",
        /// The bytes are not UTF-8.
        InvalidUtf8 => "invalid UTF-8",
        /// A byte order mark stands before the JSON text (strict only).
        ByteOrderMark => "byte order mark",
        /// The text is not JSON, or a string holds an escape that names no character.
        Syntax => "not JSON",
        /// Something other than white space follows the value.
        TrailingData => "data after the end of the value",
        /// A member name occurs twice in one object (strict only).
        DuplicateMember => "member name used twice",
        /// A member that must be there is missing.
        MissingMember => "required member is missing",
        /// A value has another JSON type than the specification gives it.
        WrongType => "value of the wrong type",

        /// The input is longer than [`Limits::max_package_len`](crate::Limits::max_package_len) or
        /// [`Limits::max_mo_len`](crate::Limits::max_mo_len).
        TooLong => "input is too long",
        /// More commands than [`Limits::max_commands`](crate::Limits::max_commands).
        TooManyCommands => "too many commands",
        /// More parameters than [`Limits::max_params`](crate::Limits::max_params).
        TooManyParameters => "too many parameters",
        /// More alerts than [`Limits::max_alerts`](crate::Limits::max_alerts).
        TooManyAlerts => "too many alerts",
        /// More `MOS` items than [`Limits::max_mos`](crate::Limits::max_mos).
        TooManyMos => "too many management object entries",
        /// More strings in one list than [`Limits::max_strings`](crate::Limits::max_strings).
        TooManyStrings => "too many strings in a list",
        /// More statuses than [`Limits::max_statuses`](crate::Limits::max_statuses).
        TooManyStatuses => "too many statuses",
        /// More serialization items than [`Limits::max_mo_items`](crate::Limits::max_mo_items).
        TooManyItems => "too many management object items",
        /// More members in one object than [`Limits::max_members`](crate::Limits::max_members).
        TooManyMembers => "too many members in an object",
        /// Deeper nesting than [`Limits::max_depth`](crate::Limits::max_depth).
        TooDeep => "nested too deep",
        /// A URI is longer than [`Limits::max_uri_len`](crate::Limits::max_uri_len).
        UriTooLong => "URI is too long",

        /// An entry of `CMD` is not an array.
        EntryNotArray => "command is not an array",
        /// An entry of `CMD` is an empty array.
        EntryEmpty => "command without a name",
        /// An entry of `CMD` holds something other than strings.
        EntryNotString => "command name or parameter is not a string",
        /// A command with a name that is none of the twelve.
        UnknownCommand => "unknown command",
        /// Too few or too many parameters for the command.
        ParameterCount => "wrong number of parameters",
        /// A ServerURI where a ClientURI or MOID belongs, or the other way round.
        ParameterType => "parameter of the wrong kind",
        /// A malformed command can be reported, but not encoded.
        MalformedCommand => "malformed command",
        /// More than one END in a package to be encoded.
        EndRepeated => "more than one END",

        /// Package#1 without a session-start alert (strict, and encoders).
        SessionStartMissing => "no session-start alert",
        /// Package#1 with more than one session-start alert (strict, and encoders).
        SessionStartRepeated => "more than one session-start alert",
        /// The session-start alert of a Package#1 is not the first alert (strict, and encoders).
        SessionStartNotFirst => "session-start alert is not the first",
        /// An alert to be encoded has Data and no DataType.
        AlertDataTypeMissing => "alert Data without DataType",
        /// The Data of an alert to be encoded is not a JSON object.
        AlertDataNotObject => "alert Data is not an object",

        /// A status code outside 100 to 599, or not written as an integer (strict).
        StatusCode => "not a status code",

        /// A serialization that is not an array (strict).
        MoNotArray => "management object data is not an array",
        /// A serialization item without ClientURI (strict, and encoders).
        MoClientUriMissing => "management object item without ClientURI",
        /// MOData that is not an object.
        MoDataNotObject => "MOData is not an object",
        /// MOData with no outermost name or more than one (strict, and encoders).
        MoOuterName => "MOData must have exactly one outermost name",
        /// An array inside MOData: a node is a value or an object.
        MoArray => "array inside MOData",
        /// A [`MoWriter`](crate::MoWriter) was closed or finished at the wrong moment.
        MoUnbalanced => "enter and leave do not match",
        /// A number given to [`MoWriter::number`](crate::MoWriter::number) is not a JSON number.
        MoNumber => "not a JSON number",

        /// A byte that may not stand at this place of a URI.
        UriCharacter => "character not allowed in the URI",
        /// A `%` without two hexadecimal digits, or percent-encoded bytes that are not UTF-8.
        UriPercentEncoding => "bad percent-encoding in the URI",
        /// A ClientURI with an empty MOID, or one that starts like a ServerURI.
        UriMoid => "bad MOID in the ClientURI",
        /// A ClientURI without the first `/`, or (strict) without the second.
        UriIncomplete => "ClientURI is incomplete",
        /// A ClientURI with an empty path component.
        UriEmptyComponent => "empty component in the ClientURI",
        /// A letter occurs in more than one x-name component.
        UriXNameRepeated => "x-name used twice",
        /// An x-name component has no `nv` field.
        UriXNameUnbound => "x-name without nv",
        /// An `nv` field is not of the form `nv=(x)/name:value`.
        UriNvSyntax => "bad nv field",
        /// An `nv` field for an x-name that no component uses.
        UriNvUnused => "nv for an unused x-name",
        /// More than one `cv` field.
        UriCvRepeated => "more than one cv",
        /// A `cv` field without a value.
        UriCvEmpty => "empty cv",
        /// A query field other than `nv` and `cv` (strict).
        UriField => "unknown query field",

        /// A ServerURI whose scheme is not `http` or `https`.
        ServerUriScheme => "ServerURI is not absolute http or https",
        /// A ServerURI without a usable host, or with user information.
        ServerUriHost => "bad host in the ServerURI",
        /// A ServerURI with a bad port.
        ServerUriPort => "bad port in the ServerURI",

        /// A DM 1.x path or a ClientURI that no entry of the path map covers.
        PathUnmapped => "path is not in the map",
        /// The slice given to the encoder is too short.
        BufferTooSmall => "output buffer is too small",
    }
}

impl ErrorKind {
    /// The status code that tells a peer about this cause (§7): 413 for a limit, 501 for an unknown command, 500 for a
    /// short buffer of our own, else 400.
    #[must_use]
    pub const fn status_code(self) -> StatusCode {
        match self {
            Self::UnknownCommand => StatusCode::NOT_IMPLEMENTED,
            Self::BufferTooSmall => StatusCode::INTERNAL_ERROR,
            _ if self.is_limit() => StatusCode::TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether one of the [`Limits`](crate::Limits) was exceeded.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooLong
                | Self::TooManyCommands
                | Self::TooManyParameters
                | Self::TooManyAlerts
                | Self::TooManyMos
                | Self::TooManyStrings
                | Self::TooManyStatuses
                | Self::TooManyItems
                | Self::TooManyMembers
                | Self::TooDeep
                | Self::UriTooLong
        )
    }

    /// Whether more input could have made the text complete.
    #[must_use]
    pub const fn is_incomplete(self) -> bool {
        matches!(self, Self::UnexpectedEnd)
    }
}

/// Something in the input that the specification does not allow and the decoder got over.
///
/// The offset counts bytes from the start of the slice given to the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deviation {
    kind: DeviationKind,
    offset: usize,
}

impl Deviation {
    pub(crate) const fn new(kind: DeviationKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What was off.
    #[must_use]
    pub const fn kind(&self) -> DeviationKind {
        self.kind
    }

    /// Where, in bytes.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

causes! {
    /// One kind of deviation each. Those marked *confined* touch one command, alert or item, and are reported in both
    /// modes; every other one is an [`Error`] in strict mode.
    pub enum DeviationKind {
        /// A byte order mark before the text was skipped.
        ByteOrderMark => "byte order mark skipped",
        /// A member name occurs twice; the last one counts.
        DuplicateMember => "member name used twice, the last one counts",
        /// An optional member is `null`; read as absent.
        NullMember => "null read as absent",

        /// Confined: the entry will be answered with 400.
        MalformedCommand => "malformed command",
        /// Confined: the entry will be answered with 501.
        UnknownCommand => "unknown command",
        /// A command name in other letter case was accepted (strict: unknown command).
        CommandCase => "command name in other letter case",
        /// ServerURI and ClientURI stood in the wrong order (strict: malformed command).
        ParameterOrder => "parameters in the wrong order",
        /// GET or DELETE with several ClientURIs (strict: malformed command).
        SeveralClientUris => "several ClientURIs where one is allowed",
        /// Confined: parameters after END were ignored.
        EndParameters => "END with parameters",

        /// Package#1 without a session-start alert.
        SessionStartMissing => "no session-start alert",
        /// Package#1 with more than one session-start alert.
        SessionStartRepeated => "more than one session-start alert",
        /// The session-start alert is not the first alert.
        SessionStartNotFirst => "session-start alert is not the first",

        /// Confined: an alert that is not an object was dropped.
        AlertNotObject => "alert is not an object",
        /// Confined: an alert without AlertType was dropped.
        AlertTypeMissing => "alert without AlertType",
        /// Confined: a member of an alert has the wrong type; lenient ignores the member, strict drops the alert.
        AlertMember => "alert member of the wrong type",
        /// Confined: a Mark that is none of the seven; lenient reads `indeterminate`, strict drops the alert.
        AlertMark => "unknown Mark",
        /// Confined: Data without DataType; lenient ignores the Data, strict drops the alert.
        AlertDataTypeMissing => "alert Data without DataType",
        /// Confined: Data that is not an object; lenient keeps it as it is, strict drops the alert.
        AlertDataNotObject => "alert Data is not an object",

        /// A status code written as an integral float or a decimal string.
        StatusCodeForm => "status code not written as an integer",
        /// A single string where an array of strings belongs.
        SingleString => "single string read as a list of one",
        /// A `Data` item of a status that cannot be read was dropped.
        StatusDataDropped => "unreadable data of a status dropped",

        /// A serialization that is one object instead of an array.
        MoNotArray => "management object data is not an array",
        /// A serialization item without ClientURI.
        MoClientUriMissing => "management object item without ClientURI",
        /// MOData with no outermost name or more than one.
        MoOuterName => "MOData does not have exactly one outermost name",

        /// A ClientURI without its second `/`; read as the instance root.
        UriIncomplete => "ClientURI without its second slash",
        /// A query field of a ClientURI other than `nv` and `cv` was ignored.
        UriField => "unknown query field",
    }
}

impl DeviationKind {
    /// The error that strict decoding gives instead.
    pub(crate) const fn strict_error(self) -> ErrorKind {
        match self {
            Self::ByteOrderMark => ErrorKind::ByteOrderMark,
            Self::DuplicateMember => ErrorKind::DuplicateMember,
            Self::NullMember | Self::AlertNotObject | Self::AlertMember | Self::AlertMark | Self::SingleString => {
                ErrorKind::WrongType
            }
            Self::MalformedCommand => ErrorKind::MalformedCommand,
            Self::UnknownCommand | Self::CommandCase => ErrorKind::UnknownCommand,
            Self::ParameterOrder => ErrorKind::ParameterType,
            Self::SeveralClientUris | Self::EndParameters => ErrorKind::ParameterCount,
            Self::SessionStartMissing => ErrorKind::SessionStartMissing,
            Self::SessionStartRepeated => ErrorKind::SessionStartRepeated,
            Self::SessionStartNotFirst => ErrorKind::SessionStartNotFirst,
            Self::AlertTypeMissing => ErrorKind::MissingMember,
            Self::AlertDataTypeMissing => ErrorKind::AlertDataTypeMissing,
            Self::AlertDataNotObject => ErrorKind::AlertDataNotObject,
            Self::StatusCodeForm => ErrorKind::StatusCode,
            Self::StatusDataDropped => ErrorKind::WrongType,
            Self::MoNotArray => ErrorKind::MoNotArray,
            Self::MoClientUriMissing => ErrorKind::MoClientUriMissing,
            Self::MoOuterName => ErrorKind::MoOuterName,
            Self::UriIncomplete => ErrorKind::UriIncomplete,
            Self::UriField => ErrorKind::UriField,
        }
    }
}
