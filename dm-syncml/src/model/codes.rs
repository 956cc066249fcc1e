//! Status and alert codes, formats, marks and command names: open, so that an unknown value stays what it is.

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

use crate::Str;

/// A code with the names the standard gives it.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[doc = $doc:literal])+ $constant:ident = $code:literal, $text:literal, $words:literal; )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            $( $(#[doc = $doc])+ pub const $constant: Self = Self($code); )+

            /// The codes that the standard names.
            pub const ALL: &'static [Self] = &[$(Self::$constant),+];

            /// A code by its number.
            #[must_use]
            pub const fn new(code: u32) -> Self {
                Self(code)
            }

            /// The number.
            #[must_use]
            pub const fn code(self) -> u32 {
                self.0
            }

            /// The name in the standard, or `None` for a code it does not know.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $( $code => Some($words), )+ _ => None }
            }

            /// Reads the text of `Data`: decimal digits, white space around them allowed.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                let text = crate::text::trim(text);
                if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok().map(Self) } else { None }
            }

            /// The text for `Data`; borrowed for the codes of the standard.
            #[must_use]
            pub fn to_text(self) -> Str<'static> {
                match self.0 { $( $code => Str::borrowed($text), )+ other => Str::from(format!("{other}")) }
            }
        }

        impl From<u32> for $name {
            fn from(code: u32) -> Self {
                Self(code)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

codes! {
    /// The status of a command or of the header (SyncML Representation §10): any number, the known ones named.
    ///
    /// ```
    /// use dm_syncml::StatusCode;
    /// let code = StatusCode::from_text(" 404 ").unwrap();
    /// assert_eq!((code, code.name()), (StatusCode::NOT_FOUND, Some("Not found")));
    /// assert!(code.is_originator_error() && StatusCode::new(499).is_originator_error());
    /// ```
    pub struct StatusCode {
        /// Still executing.
        IN_PROGRESS = 101, "101", "In progress";
        /// Done; for the header: accepted, credentials are wanted again in the next message.
        OK = 200, "200", "OK";
        /// The item was added.
        ITEM_ADDED = 201, "201", "Item added";
        /// Accepted, the outcome comes later.
        ACCEPTED = 202, "202", "Accepted for processing";
        /// DS only.
        NON_AUTHORITATIVE = 203, "203", "Non-authoritative response";
        /// Done, nothing to return.
        NO_CONTENT = 204, "204", "No content";
        /// DS only.
        RESET_CONTENT = 205, "205", "Reset content";
        /// DS only.
        PARTIAL_CONTENT = 206, "206", "Partial content";
        /// DS only.
        CONFLICT_MERGED = 207, "207", "Conflict resolved with merge";
        /// DS only.
        CONFLICT_CLIENT_WINS = 208, "208", "Conflict resolved with client's command winning";
        /// DS only.
        CONFLICT_DUPLICATE = 209, "209", "Conflict resolved with duplicate";
        /// DS only.
        DELETE_WITHOUT_ARCHIVE = 210, "210", "Delete without archive";
        /// DS only.
        ITEM_NOT_DELETED = 211, "211", "Item not deleted";
        /// Header only: authenticated for the rest of the session.
        AUTHENTICATED = 212, "212", "Authentication accepted";
        /// Every chunk of a large object but the last.
        CHUNK_ACCEPTED = 213, "213", "Chunked item accepted and buffered";
        /// The user cancelled a user interaction.
        CANCELLED = 214, "214", "Operation cancelled";
        /// Skipped.
        NOT_EXECUTED = 215, "215", "Not executed";
        /// Undone with its Atomic.
        ATOMIC_ROLLED_BACK = 216, "216", "Atomic roll back OK";
        /// Not used by DM.
        MULTIPLE_CHOICES = 300, "300", "Multiple choices";
        /// Not used by DM.
        MOVED_PERMANENTLY = 301, "301", "Moved permanently";
        /// Not used by DM.
        FOUND = 302, "302", "Found";
        /// Not used by DM.
        SEE_OTHER = 303, "303", "See other";
        /// The answer "No" to a confirmation.
        NOT_MODIFIED = 304, "304", "Not modified";
        /// Not used by DM.
        USE_PROXY = 305, "305", "Use proxy";
        /// Malformed.
        BAD_REQUEST = 400, "400", "Bad request";
        /// Credentials refused.
        INVALID_CREDENTIALS = 401, "401", "Invalid credentials";
        /// DS only.
        PAYMENT_NEEDED = 402, "402", "Payment needed";
        /// Refused for another reason than the ACL.
        FORBIDDEN = 403, "403", "Forbidden";
        /// No such node.
        NOT_FOUND = 404, "404", "Not found";
        /// The node does not take this command.
        NOT_ALLOWED = 405, "405", "Command not allowed";
        /// An optional feature that is not there.
        NOT_SUPPORTED = 406, "406", "Optional feature not supported";
        /// Credentials wanted.
        MISSING_CREDENTIALS = 407, "407", "Missing credentials";
        /// A user interaction timed out.
        REQUEST_TIMEOUT = 408, "408", "Request timeout";
        /// DS only.
        CONFLICT = 409, "409", "Conflict";
        /// Gone for good.
        GONE = 410, "410", "Gone";
        /// A chunked object without Size.
        SIZE_REQUIRED = 411, "411", "Size required";
        /// Elements or items are missing.
        INCOMPLETE = 412, "412", "Incomplete command";
        /// Larger than the recipient takes.
        TOO_LARGE = 413, "413", "Request entity too large";
        /// The address or a segment of it is too long.
        URI_TOO_LONG = 414, "414", "URI too long";
        /// Type or Format not supported.
        UNSUPPORTED_FORMAT = 415, "415", "Unsupported media type or format";
        /// A user interaction cannot be shown.
        SIZE_TOO_BIG = 416, "416", "Requested size too big";
        /// Try later.
        RETRY_LATER = 417, "417", "Retry later";
        /// The node exists.
        ALREADY_EXISTS = 418, "418", "Already exists";
        /// DS only.
        CONFLICT_SERVER_DATA = 419, "419", "Conflict resolved with server data";
        /// No room.
        DEVICE_FULL = 420, "420", "Device full";
        /// DS only.
        UNKNOWN_SEARCH_GRAMMAR = 421, "421", "Unknown search grammar";
        /// DS only.
        BAD_CGI_SCRIPT = 422, "422", "Bad CGI script";
        /// DS only.
        SOFT_DELETE_CONFLICT = 423, "423", "Soft-delete conflict";
        /// The object is not as large as Size said.
        SIZE_MISMATCH = 424, "424", "Size mismatch";
        /// Refused by the ACL.
        PERMISSION_DENIED = 425, "425", "Permission denied";
        /// DS only.
        PARTIAL_ITEM_NOT_ACCEPTED = 426, "426", "Partial item not accepted";
        /// DS only.
        ITEM_NOT_EMPTY = 427, "427", "Item not empty";
        /// DS only.
        MOVE_FAILED = 428, "428", "Move failed";
        /// Failed for no named reason.
        COMMAND_FAILED = 500, "500", "Command failed";
        /// Unknown command.
        NOT_IMPLEMENTED = 501, "501", "Command not implemented";
        /// A gateway failed.
        BAD_GATEWAY = 502, "502", "Bad gateway";
        /// Busy.
        SERVICE_UNAVAILABLE = 503, "503", "Service unavailable";
        /// A gateway timed out.
        GATEWAY_TIMEOUT = 504, "504", "Gateway timeout";
        /// VerDTD not supported.
        DTD_VERSION = 505, "505", "DTD version not supported";
        /// The application failed.
        PROCESSING_ERROR = 506, "506", "Processing error";
        /// An Atomic failed and was undone.
        ATOMIC_FAILED = 507, "507", "Atomic failed";
        /// DS only.
        REFRESH_REQUIRED = 508, "508", "Refresh required";
        /// Storing failed.
        DATA_STORE_FAILURE = 510, "510", "Data store failure";
        /// Do not retry.
        SERVER_FAILURE = 511, "511", "Server failure";
        /// DS only.
        SYNCHRONIZATION_FAILED = 512, "512", "Synchronization failed";
        /// VerProto not supported.
        PROTOCOL_VERSION = 513, "513", "Protocol version not supported";
        /// Cancelled before it was processed.
        CANCELLED_EARLY = 514, "514", "Operation cancelled before processing";
        /// Could not be undone with its Atomic.
        ATOMIC_ROLL_BACK_FAILED = 516, "516", "Atomic roll back failed";
        /// The answer to an Atomic does not fit one message.
        ATOMIC_RESPONSE_TOO_LARGE = 517, "517", "Atomic response too large to fit";
    }
}

impl StatusCode {
    /// 100 to 199.
    #[must_use]
    pub const fn is_informational(self) -> bool {
        matches!(self.0, 100..=199)
    }

    /// 200 to 299.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// 300 to 399.
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        matches!(self.0, 300..=399)
    }

    /// 400 to 499: the originator erred.
    #[must_use]
    pub const fn is_originator_error(self) -> bool {
        matches!(self.0, 400..=499)
    }

    /// 500 to 599: the recipient failed.
    #[must_use]
    pub const fn is_recipient_error(self) -> bool {
        matches!(self.0, 500..=599)
    }
}

codes! {
    /// What an Alert says (DM Representation §7): any number, the known ones named.
    pub struct AlertCode {
        /// Show a text.
        DISPLAY = 1100, "1100", "Display";
        /// Ask yes or no.
        CONFIRM = 1101, "1101", "Confirm or reject";
        /// Ask for a text.
        TEXT_INPUT = 1102, "1102", "Text input";
        /// Ask for one of several.
        SINGLE_CHOICE = 1103, "1103", "Single choice";
        /// Ask for some of several.
        MULTIPLE_CHOICE = 1104, "1104", "Multiple choice";
        /// The server asked for this session.
        SERVER_INITIATED = 1200, "1200", "Server-initiated management";
        /// The client began this session.
        CLIENT_INITIATED = 1201, "1201", "Client-initiated management";
        /// The next message of the package is asked for.
        NEXT_MESSAGE = 1222, "1222", "Next message";
        /// The session ends here.
        SESSION_ABORT = 1223, "1223", "Session abort";
        /// Something happened at the client.
        CLIENT_EVENT = 1224, "1224", "Client event";
        /// A chunked object was broken off.
        NO_END_OF_DATA = 1225, "1225", "No end of data";
        /// A generic alert.
        GENERIC_ALERT = 1226, "1226", "Generic alert";
    }
}

impl AlertCode {
    /// 1100 to 1104: the user is asked or told something.
    #[must_use]
    pub const fn is_user_interaction(self) -> bool {
        matches!(self.0, 1100..=1104)
    }
}

/// An enum of words with a variant for every other text.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$doc:meta])+ $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $( $(#[$doc])+ $variant, )+
            /// Another text, as it is.
            Other(Str<'a>),
        }

        impl<'a> $name<'a> {
            /// The text as it is on the wire.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                match self { $( Self::$variant => $text, )+ Self::Other(text) => text }
            }

            /// Whether the standard knows it.
            #[must_use]
            pub const fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }

            /// The same value, independent of the input.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                match self { $( Self::$variant => $name::$variant, )+ Self::Other(text) => $name::Other(text.into_owned()) }
            }

            /// A borrowed text, read without an allocation.
            #[must_use]
            #[inline]
            pub fn borrowed(text: &'a str) -> Self {
                match text { $( $text => Self::$variant, )+ other => Self::Other(Str::borrowed(other)) }
            }
        }

        impl<'a> From<Str<'a>> for $name<'a> {
            fn from(text: Str<'a>) -> Self {
                match text.as_str() { $( $text => Self::$variant, )+ _ => Self::Other(text) }
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(text: &'a str) -> Self {
                Self::borrowed(text)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// `Format`: how Data is to be read (SyncML MetaInformation §5.3). Never decides whether Data is decoded.
    pub enum Format {
        /// Text; the default.
        #[default]
        Chr = "chr",
        /// Base64 text.
        B64 = "b64",
        /// Bytes: WBXML only.
        Bin = "bin",
        /// `true` or `false`.
        Bool = "bool",
        /// A 32-bit integer in decimal.
        Int = "int",
        /// An interior node.
        Node = "node",
        /// Nothing.
        Null = "null",
        /// XML.
        Xml = "xml",
        /// A date of ISO 8601.
        Date = "date",
        /// A time of ISO 8601.
        Time = "time",
        /// A number of IEEE single precision.
        Float = "float",
    }
}

words! {
    /// `Mark` of a generic alert: how important it is (DM Protocol §8.7).
    pub enum Mark {
        /// The most important.
        Fatal = "fatal",
        /// Next to fatal.
        Critical = "critical",
        /// Minor, in the standard's order above a warning.
        Minor = "minor",
        /// A warning.
        Warning = "warning",
        /// The default.
        #[default]
        Informational = "informational",
        /// Harmless.
        Harmless = "harmless",
        /// The least.
        Indeterminate = "indeterminate",
    }
}

words! {
    /// `Cmd`: the name of the command that a Status or Results answers.
    pub enum CommandName {
        /// Add.
        Add = "Add",
        /// Alert.
        Alert = "Alert",
        /// Atomic.
        Atomic = "Atomic",
        /// Copy.
        Copy = "Copy",
        /// Delete.
        Delete = "Delete",
        /// Exec.
        Exec = "Exec",
        /// Get.
        Get = "Get",
        /// Replace.
        Replace = "Replace",
        /// Results.
        Results = "Results",
        /// Sequence.
        Sequence = "Sequence",
        /// Status.
        Status = "Status",
        /// The header.
        #[default]
        SyncHdr = "SyncHdr",
    }
}

words! {
    /// The namespace of the root, which names the version of the representation.
    pub enum Namespace {
        /// SyncML 1.2, of DM 1.2.
        #[default]
        SyncMl12 = "SYNCML:SYNCML1.2",
        /// SyncML 1.1, of DM 1.1.2.
        SyncMl11 = "SYNCML:SYNCML1.1",
        /// SyncML 1.0.
        SyncMl10 = "SYNCML:SYNCML1.0",
        /// None at all.
        Absent = "",
    }
}

impl<'a> Format<'a> {
    /// The same as `From`, compared byte by byte and written in place: each item has a Format.
    #[inline(always)]
    pub(crate) fn read(text: Str<'a>, into: &mut Option<Self>) {
        match text.as_bytes() {
            b"chr" => *into = Some(Self::Chr),
            b"int" => *into = Some(Self::Int),
            b"b64" => *into = Some(Self::B64),
            b"bin" => *into = Some(Self::Bin),
            b"xml" => *into = Some(Self::Xml),
            b"bool" => *into = Some(Self::Bool),
            b"node" => *into = Some(Self::Node),
            _ => *into = Some(Self::from(text)),
        }
    }
}

#[cfg(feature = "xml")]
impl Namespace<'_> {
    /// The namespace that a text means when letter case is overlooked.
    pub(crate) fn ignoring_case(text: &str) -> Option<Namespace<'static>> {
        [Namespace::SyncMl12, Namespace::SyncMl11, Namespace::SyncMl10]
            .into_iter()
            .find(|known| text.eq_ignore_ascii_case(known.as_str()))
    }
}

impl<'a> From<Cow<'a, str>> for Format<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::from(Str::from(text))
    }
}
