//! The readings where the text is silent or its implementations disagree (§9). Each stands here and can be changed here; the
//! README lists them.

use super::header::Header;
use super::{Error, ErrorKind, ParseOptions};

/// The version of the format times ten: 11, "1.1". It is not that of DM, which has none of its own in the message (§1.1).
pub const VERSION: u16 = 11;

/// What senders write who take the field for the version of DM.
const VERSION_OF_DM: u16 = 12;

/// The longest server identifier, in bytes: all that its length can say.
pub const MAX_SERVER_ID_LEN: usize = 255;

/// Where the parts of a notification begin.
pub(crate) mod at {
    pub(crate) const DIGEST: usize = 0;
    pub(crate) const VERSION: usize = 16;
    pub(crate) const FUTURE_USE: usize = 17;
    pub(crate) const SESSION_ID: usize = 21;
    pub(crate) const LENGTH: usize = 23;
    pub(crate) const SERVER_ID: usize = 24;
}

/// Whether a notification of this version is read at all.
pub(crate) const fn readable(version: u16, options: &ParseOptions) -> bool {
    version == VERSION || (version == VERSION_OF_DM && options.version_12)
}

/// The deviations of a header, in the order of the wire. Bits for future use and a session id of 0 keep nothing from being
/// understood; the receiver drops the latter, after the digest.
pub(crate) fn deviations(header: &Header) -> [Option<Error>; 3] {
    let of = |deviates: bool, kind, at| deviates.then_some(Error::new(kind, at));
    // The first 3 of the 27 bits share a byte with the initiator; 8 are in each of the next three.
    let [first, rest @ ..] = header.future_use.to_be_bytes();
    let zeros = core::iter::once(&first).chain(&rest).take_while(|byte| **byte == 0).count();
    [
        of(header.version != VERSION, ErrorKind::UnsupportedVersion, at::VERSION),
        of(header.future_use != 0, ErrorKind::FutureUse, at::FUTURE_USE.saturating_add(zeros)),
        of(header.session_id == 0, ErrorKind::SessionIdZero, at::SESSION_ID),
    ]
}

/// The nonce of a server that believes nonces to be out of step (§6). The text writes it `0x00000000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ResyncNonce {
    /// Four zero octets: how the number reads.
    #[default]
    ZeroOctets,
    /// The ten characters `0x00000000`, which a known implementation hashes.
    Text,
}

impl ResyncNonce {
    /// The octets that are hashed.
    #[must_use]
    pub const fn octets(self) -> &'static [u8] {
        match self {
            Self::ZeroOctets => &[0; 4],
            Self::Text => b"0x00000000",
        }
    }
}
