//! Which of the two wire forms.

/// The two wire forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "SyncML has two forms")]
pub enum Encoding {
    /// Text: `application/vnd.syncml.dm+xml`.
    Xml,
    /// Binary: `application/vnd.syncml.dm+wbxml`.
    Wbxml,
}

impl Encoding {
    /// The form of an input by its first byte: WBXML begins with its version, XML with `<`, white space or a byte order
    /// mark. `None` for what is neither.
    ///
    /// ```
    /// use dm_syncml::Encoding;
    /// assert_eq!(Encoding::detect(b"<SyncML/>"), Some(Encoding::Xml));
    /// assert_eq!(Encoding::detect(&[0x02, 0xA4, 0x01, 0x6A, 0x00]), Some(Encoding::Wbxml));
    /// assert_eq!(Encoding::detect(b"{}"), None);
    /// ```
    #[must_use]
    pub const fn detect(input: &[u8]) -> Option<Self> {
        match input {
            // UTF-16 without a mark; reported as such by the decoder.
            [0, b'<', ..] => Some(Self::Xml),
            [0..=3, ..] => Some(Self::Wbxml),
            [b'<' | b' ' | b'\t' | b'\r' | b'\n', ..]
            | [0xEF, 0xBB, 0xBF, ..]
            | [0xFE, 0xFF, ..]
            | [0xFF, 0xFE, ..] => Some(Self::Xml),
            _ => None,
        }
    }
}
