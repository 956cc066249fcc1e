//! What encoders append to.

use alloc::vec::Vec;

mod sealed {
    #[expect(unnameable_types, reason = "seals Sink: the crate may add methods to it")]
    pub trait Sealed {
        /// Appends all of it, or fails and appends nothing.
        fn put(&mut self, bytes: &[u8]) -> Result<(), ()>;
        /// Bytes in the sink.
        fn len(&self) -> usize;
        /// Goes back to a length it had.
        fn truncate(&mut self, len: usize);
    }
}
pub(crate) use sealed::Sealed;

/// What encoders append to: a `Vec<u8>`, a [`SliceSink`], with feature `bytes` a `BytesMut`. Sealed.
pub trait Sink: Sealed {}

impl Sink for Vec<u8> {}

impl Sealed for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }
}

#[cfg(feature = "bytes")]
impl Sink for bytes::BytesMut {}

#[cfg(feature = "bytes")]
impl Sealed for bytes::BytesMut {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }
}

/// A slice to be filled front to back.
///
/// ```
/// use dm_syncml::{Command, Fragment, Item, Operation, SliceSink, XmlOptions};
/// let get = Command::Get(Operation::new("1").with_item(Item::target(".")));
/// let mut fragment = Fragment::default();
/// fragment.commands.push(get);
/// let mut buffer = [0; 128];
/// let mut sink = SliceSink::new(&mut buffer);
/// fragment.encode_xml(&XmlOptions::DEFAULT, &mut sink)?;
/// assert!(sink.written().starts_with(b"<Get"));
/// # Ok::<(), dm_syncml::Error>(())
/// ```
#[derive(Debug)]
pub struct SliceSink<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> SliceSink<'b> {
    /// A sink at the start of the slice.
    #[must_use]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What has been written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Sink for SliceSink<'_> {}

impl Sealed for SliceSink<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let end = self.len.checked_add(bytes.len()).ok_or(())?;
        self.buffer.get_mut(self.len..end).ok_or(())?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    fn len(&self) -> usize {
        self.len
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

/// Counts.
pub(crate) struct Length(pub(crate) usize);

impl Sealed for Length {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.0 = self.0.checked_add(bytes.len()).ok_or(())?;
        Ok(())
    }

    fn len(&self) -> usize {
        self.0
    }

    fn truncate(&mut self, len: usize) {
        self.0 = len;
    }
}
