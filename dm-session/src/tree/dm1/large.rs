//! Large objects: the data of an Add or Replace that comes in chunks (OMA-TS-DM_Protocol-V1_2 §7).

use super::operation::{Command, Content, Data};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::StatusCode;

/// The buffer of an object that is still coming: of the session, not of the tree, where nothing shows before the last
/// chunk.
///
/// Once it is refused (413, 424, …) it keeps nothing and answers every further chunk with the same status. It never
/// reserves room for what was only announced.
///
/// ```
/// use dm_session::tree::dm1::{Content, Data, LargeObject};
/// use dm_syncml::StatusCode;
///
/// let first = Content::new(Data::Text("abc".into())).with_format("chr");
/// let mut object = LargeObject::start("./Vendor/Note", false, first, Some(5), 1 << 20);
/// assert_eq!(object.status(), StatusCode::CHUNK_ACCEPTED);
/// object.push(&Data::Text("de".into()));
/// let command = object.finish()?;
/// # assert!(matches!(command, dm_session::tree::dm1::Command::Replace { .. }));
/// # Ok::<(), StatusCode>(())
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LargeObject {
    uri: String,
    add: bool,
    format: Option<String>,
    media_type: Option<String>,
    size: u64,
    limit: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are not white space, which Base64 may be wrapped with.
    dense: u64,
    /// Whether all of it came as text.
    text: bool,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::refusal"))]
    refused: Option<StatusCode>,
}

impl LargeObject {
    /// The first chunk: Format, Type and Data of its Item, and the Size in its Meta. `limit` is the most bytes that
    /// are kept: the `MaxObjSize` of this side.
    ///
    /// Refused with 411 without a size, 413 for one above the limit. Whether the tree would take the object at all is
    /// for [`check`](Self::check).
    #[must_use]
    pub fn start(uri: impl Into<String>, add: bool, content: Content, size: Option<u64>, limit: usize) -> Self {
        let mut object = Self {
            uri: uri.into(),
            add,
            format: content.format,
            media_type: content.media_type,
            size: size.unwrap_or(0),
            limit,
            buffer: Vec::new(),
            dense: 0,
            text: true,
            refused: None,
        };
        match size {
            None => object.refuse(StatusCode::SIZE_REQUIRED),
            Some(size) if usize::try_from(size).map_or(true, |size| size > limit) => {
                object.refuse(StatusCode::TOO_LARGE);
            }
            Some(_) => {
                object.push(&content.data);
            }
        }
        object
    }

    /// The node.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether it will be an Add; else a Replace.
    #[must_use]
    pub const fn is_add(&self) -> bool {
        self.add
    }

    /// Whether a chunk of an Add (or Replace) at `uri` belongs to this object. One that does not ends it (Alert 1225).
    #[must_use]
    pub fn is_for(&self, uri: &str, add: bool) -> bool {
        self.add == add && self.uri == uri
    }

    /// The size that was announced.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that are here.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.buffer.len()
    }

    /// The status of the last chunk: 213 while the object is kept, else what it was refused with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.refused.unwrap_or(StatusCode::CHUNK_ACCEPTED)
    }

    /// What asks the tree whether it could take the object, so that it can be [refused](Self::refuse) with the first
    /// chunk.
    #[must_use]
    pub fn check(&self) -> Command {
        let content = Content { format: self.format.clone(), media_type: self.media_type.clone(), data: Data::None };
        Command::Check { uri: self.uri.clone(), add: self.add, content, size: Some(self.size) }
    }

    /// Gives the object up: every further chunk is answered so.
    pub fn refuse(&mut self, status: StatusCode) {
        self.refused.get_or_insert(status);
        self.buffer = Vec::new();
        self.dense = 0;
    }

    /// The next chunk, the last one too. Its status is 213 for any but the last.
    ///
    /// Refused with 424 when there is more than was announced, 413 when there is more than the limit, 400 for data
    /// that is no text and no bytes.
    pub fn push(&mut self, data: &Data) -> StatusCode {
        if self.refused.is_some() {
            return self.status();
        }
        let bytes = match data {
            Data::None => &[],
            Data::Text(text) => text.as_bytes(),
            Data::Bytes(bytes) => {
                self.text = false;
                bytes.as_slice()
            }
            Data::Element(_) => {
                self.refuse(StatusCode::BAD_REQUEST);
                return self.status();
            }
        };
        let total = self.buffer.len().saturating_add(bytes.len());
        let dense = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
        self.dense = self.dense.saturating_add(dense as u64);
        if total > self.limit {
            self.refuse(StatusCode::TOO_LARGE);
        } else if self.least(total) > self.size {
            self.refuse(StatusCode::SIZE_MISMATCH);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.status()
    }

    /// The command, when the last chunk is there. It runs as if it had come at once, and its status is the answer.
    ///
    /// # Errors
    /// The status of an object that was refused; 424 when it is not as large as announced. White space in Base64
    /// text counts or not, whichever makes the size right.
    pub fn finish(self) -> Result<Command, StatusCode> {
        if let Some(status) = self.refused {
            return Err(status);
        }
        let total = self.buffer.len();
        if total as u64 != self.size && self.least(total) != self.size {
            return Err(StatusCode::SIZE_MISMATCH);
        }
        // Texts one after the other are a text.
        let data = if self.text {
            String::from_utf8(self.buffer).map_or_else(|error| Data::Bytes(error.into_bytes()), Data::Text)
        } else {
            Data::Bytes(self.buffer)
        };
        let content = Content { format: self.format, media_type: self.media_type, data };
        Ok(if self.add { Command::add(self.uri, content) } else { Command::replace(self.uri, content) })
    }

    /// Whether a restored buffer can be one of objects of up to `limit` bytes.
    pub(crate) fn is_consistent(&self, limit: usize) -> bool {
        let total = self.buffer.len();
        let kept = total <= limit
            && self.dense <= total as u64
            && self.least(total) <= self.size
            && (!self.text || core::str::from_utf8(&self.buffer).is_ok());
        // One that was refused keeps nothing.
        self.limit == limit && if self.refused.is_some() { total == 0 } else { kept }
    }

    /// The smallest size that `total` bytes can have been announced with.
    fn least(&self, total: usize) -> u64 {
        if self.format.as_deref() == Some("b64") { self.dense } else { total as u64 }
    }
}

impl fmt::Debug for LargeObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeObject")
            .field("uri", &self.uri)
            .field("add", &self.add)
            .field("received", &self.buffer.len())
            .field("size", &self.size)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}
