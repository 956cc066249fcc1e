//! How much of a message the decoders take, and how strictly.

use alloc::vec::Vec;

use crate::Deviation;

/// How a decoder treats what the specification does not allow.
///
/// Leniency accepts what can be understood without guessing and without weakening security, and reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a decoder either forgives or does not")]
pub enum Strictness {
    /// For peers in the field: deviations are reported in a list.
    #[default]
    Lenient,
    /// For conformance tests: the first deviation is the error.
    Strict,
}

/// A decoded value and what the decoder had to get over.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<T> {
    /// What the input means.
    pub value: T,
    /// In the order found; empty for an input in strict form.
    pub deviations: Vec<Deviation>,
    /// How many more there were than [`Limits::max_deviations`].
    pub unlisted: usize,
}

macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $field:ident: $default:expr, $with:ident; )+) => {
        /// Upper bounds for what one decoder call accepts. Every bound is finite by default.
        ///
        /// ```
        /// # #[cfg(feature = "xml")] {
        /// use dm_syncml::{ErrorKind, Fragment, Limits, Strictness};
        /// let limits = Limits::DEFAULT.with_max_commands(1);
        /// let two = b"<Get><CmdID>1</CmdID></Get><Get><CmdID>2</CmdID></Get>";
        /// let error = Fragment::parse_with(two, Strictness::Lenient, &limits).unwrap_err();
        /// assert_eq!(error.kind(), ErrorKind::TooManyCommands);
        /// # }
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct Limits { $( $(#[doc = $doc])+ pub $field: usize, )+ }

        impl Limits {
            /// The defaults named at each field.
            pub const DEFAULT: Self = Self { $( $field: $default, )+ };

            $(
                #[doc = concat!("The same limits with another [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub const fn $with(mut self, value: usize) -> Self { self.$field = value; self }
            )+
        }
    };
}

limits! {
    /// Bytes of a message. Default 4 MiB: real servers announce 512 KiB and take 8 MiB.
    max_message_len: 4 << 20, with_max_message_len;
    /// Commands of a message, nested ones included. Default 4096.
    max_commands: 4096, with_max_commands;
    /// Items of one command; of all commands of a message, beside the first of each, sixteen times that. Default 4096.
    max_items: 4096, with_max_items;
    /// Levels of elements in a message, mark-up inside Data aside. Default 32: the standard needs 8. In WBXML every open
    /// element counts. In XML only Atomic and Sequence can be nested at will, and they count, with seven levels for what is
    /// around and in them; elements outside the model count for [`max_markup_depth`](Self::max_markup_depth).
    max_depth: 32, with_max_depth;
    /// Levels of Atomic and Sequence. Default 8: the standard needs 2. More than 64 counts as 64, because values of
    /// nested commands are dropped level by level.
    max_container_depth: 8, with_max_container_depth;
    /// Levels of elements of raw mark-up or of a nested document in Data. Default 64.
    max_markup_depth: 64, with_max_markup_depth;
    /// Elements of one nested document when it is taken apart, and of all that is outside the model in a message.
    /// Default 65,536: a tree of some 10,000 nodes.
    max_elements: 1 << 16, with_max_elements;
    /// Attributes of one element, namespace declarations included. Default 32.
    max_attributes: 32, with_max_attributes;
    /// Namespace declarations in scope at one place. Default 32.
    max_namespaces: 32, with_max_namespaces;
    /// Bytes of one namespace prefix or one namespace. Default 256: those of the standard have 16, and every one that is
    /// in scope may be looked at for each element.
    max_namespace_len: 256, with_max_namespace_len;
    /// Bytes of a SessionID. Default 64: the standard says 4, real peers send 13.
    max_session_id_len: 64, with_max_session_id_len;
    /// Bytes of a LocURI. Default 4096: 161 is the longest seen.
    max_uri_len: 4096, with_max_uri_len;
    /// Bytes of a WBXML string table. Default 64 KiB.
    max_string_table_len: 64 << 10, with_max_string_table_len;
    /// Bytes that all references into a WBXML string table stand for together. Default 4 MiB, the length of a message:
    /// two bytes can stand for the whole table.
    max_string_table_use: 4 << 20, with_max_string_table_use;
    /// Deviations listed. Default 1024; more are only counted.
    max_deviations: 1024, with_max_deviations;
}

impl Limits {
    /// For modems: messages of 5 KiB, 64 commands, 64 items of one command, 2 levels of Atomic and Sequence, nested
    /// documents of 1024 elements, 8 attributes and 8 namespaces, LocURIs of 255 bytes, a string table of 1 KiB, 32
    /// deviations.
    #[must_use]
    pub const fn tiny() -> Self {
        Self::DEFAULT
            .with_max_message_len(5 << 10)
            .with_max_commands(64)
            .with_max_items(64)
            .with_max_container_depth(2)
            .with_max_elements(1024)
            .with_max_attributes(8)
            .with_max_namespaces(8)
            .with_max_uri_len(255)
            .with_max_string_table_len(1 << 10)
            .with_max_deviations(32)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
