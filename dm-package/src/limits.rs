//! How much of a text the decoders take, and how strictly.

use alloc::vec::Vec;

use crate::Deviation;

/// How a decoder treats what the specification does not allow.
///
/// Leniency accepts what can be understood without guessing and without weakening security, and reports it; encoders
/// are always strict.
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
    /// What the text means.
    pub value: T,
    /// In the order found; empty for a text in strict form.
    pub deviations: Vec<Deviation>,
}

macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $field:ident: $default:expr, $with:ident; )+) => {
        /// Upper bounds for what one decoder call accepts. Every bound is finite by default.
        ///
        /// ```
        /// use dm_package::{ErrorKind, Limits, Package2, Strictness};
        /// let limits = Limits::DEFAULT.with_max_commands(1);
        /// let two = br#"{"CMD":[["END"],["END"]]}"#;
        /// let error = Package2::parse_with(two, Strictness::Lenient, &limits).unwrap_err();
        /// assert_eq!(error.kind(), ErrorKind::TooManyCommands);
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
    /// Bytes of a Package#1, #2 or #3. Default 1 MiB, the bound §4.2 names: management data of any size travels outside
    /// the packages.
    max_package_len: 1 << 20, with_max_package_len;
    /// Bytes of a management object serialization. Default 16 MiB (§8).
    max_mo_len: 16 << 20, with_max_mo_len;
    /// Commands in a Package#2. Default 1024 (§4.2).
    max_commands: 1024, with_max_commands;
    /// Parameters of one command. Default 1024: one HPUT may name every node it wants.
    max_params: 1024, with_max_params;
    /// Alerts in a package. Default 1024: four times what a client of ours queues (§6.4).
    max_alerts: 1024, with_max_alerts;
    /// Items of `MOS`. Default 1024: one per object type on the device.
    max_mos: 1024, with_max_mos;
    /// Strings in one `MIID` or `URI` list. Default 4096: instances of one object type.
    max_strings: 4096, with_max_strings;
    /// Statuses in a Package#3. Default 1024, one per command.
    max_statuses: 1024, with_max_statuses;
    /// Items of one management object serialization. Default 4096: a wildcard gives one per matched node.
    max_mo_items: 4096, with_max_mo_items;
    /// Members of one object outside MOData and alert Data, unknown ones included. Default 256: the specification
    /// defines at most six.
    max_members: 256, with_max_members;
    /// Levels of objects and arrays in one MOData, Data or unknown member. Default 64 (§8).
    max_depth: 64, with_max_depth;
    /// Bytes of a ClientURI. Default 8192, the length HTTP asks every recipient to take.
    max_uri_len: 8192, with_max_uri_len;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
