//! The schema of SyncML for DM, once for both wire forms.
//!
//! ```text
//! xml::Reader, wbxml::Reader  →  read::Read  →  decode  →  model  →  encode  →  write::Write  →  xml::Writer, wbxml::Writer
//! ```

pub(crate) mod decode;
#[cfg(any(feature = "xml", feature = "wbxml"))]
pub(crate) mod encode;
pub(crate) mod read;
pub(crate) mod write;
