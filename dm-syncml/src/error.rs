//! One error type for the crate, and the list entry for what a decoder let pass.

use core::fmt;

/// Why an input was refused, and at which byte.
///
/// For decoders the offset counts from the start of the slice given to the function: the first byte that could not be
/// used, never more than the length of the input. For encoders there is no input: there it is the number of bytes the
/// call had produced before it was refused.
///
/// ```
/// # #[cfg(feature = "xml")] {
/// use dm_syncml::{ErrorKind, Message};
/// let error = Message::parse(b"<SyncML><SyncHdr>").unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, 17));
/// assert_eq!(error.to_string(), "input ends too early at byte 17");
/// # }
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
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}

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

/// Declares the causes with the words that tell each to a person. Every deviation is an error of the same name in
/// strict mode.
macro_rules! causes {
    (
        errors { $( $(#[doc = $doc:literal])+ $error:ident => $words:literal, )+ }
        deviations { $( $(#[doc = $ddoc:literal])+ $deviation:ident => $dwords:literal, )+ }
    ) => {
        /// One cause of refusal each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[doc = $doc])+ $error, )+
            $( $(#[doc = $ddoc])+ #[doc = ""] #[doc = "Strict decoders only."] $deviation, )+
        }

        /// One kind of deviation each; in strict mode each is the [`ErrorKind`] of the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DeviationKind { $( $(#[doc = $ddoc])+ $deviation, )+ }

        impl ErrorKind {
            /// Every cause, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$error,)+ $(Self::$deviation),+];
        }

        impl DeviationKind {
            /// Every kind, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$deviation),+];
        }

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$error => $words, )+ $( Self::$deviation => $dwords, )+ })
            }
        }

        impl fmt::Display for DeviationKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                ErrorKind::from(*self).fmt(f)
            }
        }

        impl From<DeviationKind> for ErrorKind {
            fn from(kind: DeviationKind) -> Self {
                match kind { $( DeviationKind::$deviation => Self::$deviation, )+ }
            }
        }
    };
}

causes! {
    errors {
        /// The input ends inside a message.
        UnexpectedEnd => "input ends too early",
        /// The input is neither XML nor WBXML of version 1.0 to 1.3, or not the one it was said to be.
        NotSyncMl => "neither SyncML XML nor WBXML",
        /// The bytes are not UTF-8.
        InvalidUtf8 => "invalid UTF-8",
        /// UTF-16 or another character set: transcode first, with [`utf8`](crate::utf8).
        CharacterSet => "character set other than UTF-8",
        /// A character that XML does not allow, or a character reference to one.
        Character => "character not allowed",
        /// `<`, `&`, a name or an attribute in a form that is not well-formed XML.
        Syntax => "not well-formed XML",
        /// An XML declaration that is not at the start: as a rule a document that was pasted into Data as it is. Its
        /// mark-up has to be escaped.
        DeclarationInside => "XML declaration inside the document, the value has to be escaped",
        /// A reference to an entity that is none of the five.
        UnknownEntity => "reference to an undefined entity",
        /// `]]>` in text.
        CdataEnd => "\"]]>\" in text",
        /// An end tag that does not match its start tag.
        EndTag => "end tag does not match",
        /// An attribute name twice in one tag.
        DuplicateAttribute => "attribute twice in one tag",
        /// A prefix that no declaration binds.
        UnboundPrefix => "undeclared namespace prefix",
        /// A DOCTYPE that declares entities, attributes or notations, or is longer than 1 KiB.
        Doctype => "declarations in a DOCTYPE",
        /// Something other than white space, comments and processing instructions outside the root.
        OutsideRoot => "content outside the root element",

        /// A multi-byte integer of more than five bytes or more than 32 bits.
        WbxmlInteger => "bad multi-byte integer",
        /// An index behind the end of the string table.
        WbxmlStringIndex => "string table index out of range",
        /// A length that is more than what is left.
        WbxmlLength => "length exceeds the input",
        /// A token that the tables do not know, or a literal name that is no element.
        WbxmlToken => "unknown token",
        /// A tag on a code page that does not exist.
        WbxmlPage => "unknown code page",
        /// An extension token: SyncML defines none.
        WbxmlExtension => "extension token",
        /// An END with nothing open.
        WbxmlEnd => "END without a start",

        /// The root is not `SyncML`, or not one of the elements a fragment may have.
        Root => "root is not SyncML",
        /// No `SyncHdr` or no `SyncBody`.
        MissingPart => "header or body is missing",
        /// Two `SyncHdr`, two `SyncBody`, or an element twice that may stand once.
        Duplicate => "element twice",
        /// Text where only elements may stand.
        UnexpectedText => "text between elements",
        /// Text and elements mixed in Data.
        MixedContent => "text and elements mixed",
        /// Elements where only text may stand.
        UnexpectedElement => "element inside text",

        /// The input is longer than [`Limits::max_message_len`](crate::Limits::max_message_len).
        TooLong => "input is too long",
        /// More commands than [`Limits::max_commands`](crate::Limits::max_commands).
        TooManyCommands => "too many commands",
        /// More items than [`Limits::max_items`](crate::Limits::max_items).
        TooManyItems => "too many items in a command",
        /// More levels than [`Limits::max_depth`](crate::Limits::max_depth),
        /// [`Limits::max_container_depth`](crate::Limits::max_container_depth) or
        /// [`Limits::max_markup_depth`](crate::Limits::max_markup_depth).
        TooDeep => "nested too deep",
        /// More elements than [`Limits::max_elements`](crate::Limits::max_elements).
        TooManyElements => "too many elements",
        /// More attributes than [`Limits::max_attributes`](crate::Limits::max_attributes).
        TooManyAttributes => "too many attributes",
        /// More declarations than [`Limits::max_namespaces`](crate::Limits::max_namespaces).
        TooManyNamespaces => "too many namespace declarations",
        /// A prefix or namespace longer than [`Limits::max_namespace_len`](crate::Limits::max_namespace_len).
        NamespaceTooLong => "namespace declaration is too long",
        /// More text out of the string table than
        /// [`Limits::max_string_table_use`](crate::Limits::max_string_table_use).
        StringTableUse => "string table used too much",
        /// Longer than [`Limits::max_session_id_len`](crate::Limits::max_session_id_len).
        SessionIdTooLong => "SessionID is too long",
        /// Longer than [`Limits::max_uri_len`](crate::Limits::max_uri_len).
        UriTooLong => "LocURI is too long",
        /// Longer than [`Limits::max_string_table_len`](crate::Limits::max_string_table_len).
        StringTableTooLong => "string table is too long",

        /// Data to be encoded holds what the target form cannot carry: bytes without Base64 in XML, raw mark-up that
        /// no code page has in WBXML.
        NotEncodable => "value cannot be carried in this encoding",
        /// A `CmdID` to be encoded is `0`.
        CmdIdZero => "CmdID 0 is reserved",
        /// A command to be encoded has no items.
        NoItems => "command without an item",
        /// An Atomic or Sequence to be encoded has no commands.
        NoCommands => "Atomic or Sequence without a command",
        /// A value that is not Base64.
        Base64 => "not Base64",
        /// The slice given to the encoder is too short.
        BufferTooSmall => "output buffer is too small",
    }
    deviations {
        /// A byte order mark before the message.
        ByteOrderMark => "byte order mark",
        /// White space before the XML declaration.
        LeadingSpace => "white space before the XML declaration",
        /// The XML declaration names another encoding than the bytes have.
        DeclaredEncoding => "declared encoding is not the one used",
        /// A DOCTYPE: skipped, never fetched.
        DoctypePresent => "DOCTYPE skipped",
        /// The root has no namespace.
        NamespaceAbsent => "no namespace",
        /// The root has a namespace that is known in other letter case.
        NamespaceCase => "namespace in other letter case",
        /// The root has a namespace that is none of the three.
        NamespaceUnknown => "unknown namespace",
        /// An element is in another namespace than its parent asks for; read by its local name.
        NamespaceOther => "element in another namespace",
        /// A prefix without a declaration, read as its well-known meaning (fragments).
        PrefixUndeclared => "undeclared prefix",
        /// An attribute without a meaning here.
        UnknownAttribute => "attribute skipped",
        /// A code page was used whose public id or version does not know the token.
        TokenVersion => "token of a later version",
        /// The public id is unknown, or belongs to another version than `VerDTD` names.
        PublicId => "public id does not fit",
        /// A WBXML 1.0 document.
        WbxmlVersion => "WBXML 1.0",
        /// An attribute list in WBXML: SyncML defines none.
        WbxmlAttributes => "attribute list skipped",
        /// A processing instruction in WBXML.
        WbxmlInstruction => "processing instruction skipped",
        /// An element with a LITERAL name that the tables have a token for.
        WbxmlLiteral => "literal name of a known element",
        /// Bytes after the end of the document.
        TrailingData => "data after the end",

        /// A required element is missing.
        MissingElement => "required element is missing",
        /// A required element is empty.
        EmptyElement => "required element is empty",
        /// An element that may stand once is repeated; the last one counts.
        Repeated => "element repeated, the last one counts",
        /// Elements stand in another order than the DTD gives them.
        Order => "elements out of order",
        /// An element that SyncML has and DM does not use; kept.
        DsElement => "element that DM does not use",
        /// An unknown element; kept.
        UnknownElement => "unknown element",
        /// A command that DM does not use; kept.
        DsCommand => "command that DM does not use",
        /// An unknown command; kept.
        UnknownCommand => "unknown command",
        /// A command directly under `SyncML` (fragments).
        CommandOutsideBody => "command outside SyncBody",
        /// `Type` or `Format` directly in an Item, moved to its Meta.
        MetaOutsideMeta => "Meta element outside Meta",
        /// Target, Source, Meta or Data directly under a command, read as its Item.
        ItemImplied => "Item content without Item",
        /// A `MetInf` inside `Meta`.
        MetInf => "MetInf inside Meta",
        /// Content in an element that must be empty.
        NotEmpty => "content in an empty element",
        /// White space around a value that has none.
        Padding => "white space around a value",
        /// SessionID longer than the four bytes of the standard.
        SessionIdLength => "SessionID longer than 4 bytes",
        /// MsgID, MsgRef, Size, MaxMsgSize or MaxObjSize that is not a decimal number.
        NotANumber => "not a decimal number",
        /// VerDTD or VerProto of another version.
        Version => "other protocol version",
        /// CmdID that is `0`.
        CmdIdReserved => "CmdID 0 is reserved for the header",
        /// CmdID used twice in the message.
        CmdIdRepeated => "CmdID used twice",
        /// A Format outside the list of the standard.
        UnknownFormat => "unknown Format",
        /// An Alert or Status code that is not a number.
        Code => "code is not a number",
        /// A name in `Cmd` that is none of the standard's.
        CommandName => "unknown name in Cmd",
        /// `Cred` outside the header.
        CredPlace => "Cred outside the header",
        /// An Atomic inside an Atomic, a Get or Exec inside an Atomic, an Atomic or Sequence inside a Sequence.
        Nesting => "command may not stand in this container",
        /// A command without items, or a container without commands.
        Incomplete => "command without content",
        /// Something follows `Final`.
        AfterFinal => "command after Final",
        /// `originalerror` that is not a hexadecimal number.
        OriginalError => "originalerror is not a number",
    }
}

impl ErrorKind {
    /// Whether one of the [`Limits`](crate::Limits) was exceeded.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooLong
                | Self::TooManyCommands
                | Self::TooManyItems
                | Self::TooDeep
                | Self::TooManyElements
                | Self::TooManyAttributes
                | Self::TooManyNamespaces
                | Self::NamespaceTooLong
                | Self::StringTableUse
                | Self::SessionIdTooLong
                | Self::UriTooLong
                | Self::StringTableTooLong
        )
    }

    /// Whether more input could have made the message complete.
    #[must_use]
    pub const fn is_incomplete(self) -> bool {
        matches!(self, Self::UnexpectedEnd)
    }
}
