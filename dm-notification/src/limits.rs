/// How deviations from the format are met. See the table of deviations in the crate documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strictness {
    /// Every deviation is an error: for conformance tests and for a peer of our own.
    Strict,
    /// What can be understood without guessing and without weakening security is accepted, and reported by
    /// [`Notification::deviations`](crate::Notification::deviations): for the field.
    #[default]
    Lenient,
}

/// What a notification may ask of the receiver before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Longest input, in bytes, trailing bytes included. Default 8434: 31 options of the greatest length, so only
    /// trailing bytes can make an input longer.
    pub max_message_len: usize,
    /// Most options. Default 31: all that OC can count. Six have a meaning.
    pub max_options: u8,
    /// Longest SERVER-ID, in bytes. Default 270: all that an option can hold.
    pub max_server_id_len: usize,
}

impl Limits {
    /// The values named at each field.
    pub const DEFAULT: Self = Self { max_message_len: 8434, max_options: 31, max_server_id_len: 270 };

    /// Sets [`max_message_len`](Self::max_message_len), in bytes.
    #[must_use]
    pub const fn with_max_message_len(mut self, bytes: usize) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets [`max_options`](Self::max_options).
    #[must_use]
    pub const fn with_max_options(mut self, options: u8) -> Self {
        self.max_options = options;
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
