use super::MAX_SERVER_ID_LEN;
use crate::Strictness;

/// What a notification may ask of the receiver before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Longest input, in bytes. Default 4096: nothing bounds vendor data in the format, and this is more than any bearer
    /// brings without many parts.
    pub max_message_len: usize,
    /// Longest server identifier, in bytes. Default 255: all that its length can say.
    pub max_server_id_len: usize,
}

impl Limits {
    /// The values named at each field.
    pub const DEFAULT: Self = Self { max_message_len: 4096, max_server_id_len: MAX_SERVER_ID_LEN };

    /// Sets [`max_message_len`](Self::max_message_len), in bytes.
    #[must_use]
    pub const fn with_max_message_len(mut self, bytes: usize) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets [`max_server_id_len`](Self::max_server_id_len), in bytes.
    #[must_use]
    pub const fn with_max_server_id_len(mut self, bytes: usize) -> Self {
        self.max_server_id_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a notification is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ParseOptions {
    /// How deviations are met. Default lenient.
    pub strictness: Strictness,
    /// Whether version 12 is read too, as a deviation: there are senders that write the version of DM there. Default no.
    pub version_12: bool,
    /// What it may ask. Default [`Limits::DEFAULT`].
    pub limits: Limits,
}

impl ParseOptions {
    /// The values named at each field.
    pub const DEFAULT: Self = Self { strictness: Strictness::Lenient, version_12: false, limits: Limits::DEFAULT };

    /// Sets [`strictness`](Self::strictness).
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Sets [`version_12`](Self::version_12).
    #[must_use]
    pub const fn with_version_12(mut self, read: bool) -> Self {
        self.version_12 = read;
        self
    }

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
