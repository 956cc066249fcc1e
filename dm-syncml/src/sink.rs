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
        /// Appends zeros to be written over, where that is cheaper than to append piece by piece.
        fn reserve_zeroed(&mut self, _: usize) -> bool {
            false
        }
        /// The bytes from an index on.
        fn tail(&mut self, _: usize) -> &mut [u8] {
            &mut []
        }
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

    fn reserve_zeroed(&mut self, len: usize) -> bool {
        self.resize(self.len().saturating_add(len), 0);
        true
    }

    #[inline]
    fn tail(&mut self, from: usize) -> &mut [u8] {
        self.get_mut(from..).unwrap_or_default()
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
/// # #[cfg(feature = "xml")] {
/// use dm_syncml::{Command, Fragment, Item, Operation, SliceSink, XmlOptions};
/// let get = Command::Get(Operation::new("1").with_item(Item::target(".")));
/// let mut fragment = Fragment::default();
/// fragment.commands.push(get);
/// let mut buffer = [0; 128];
/// let mut sink = SliceSink::new(&mut buffer);
/// fragment.encode_xml(&XmlOptions::DEFAULT, &mut sink)?;
/// assert!(sink.written().starts_with(b"<Get"));
/// # }
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

/// A sink that is a little ahead: behind what was written there may be zeros, to be written over in a run of small
/// pieces. Each piece then moves a number in a register, not the length of the sink.
pub(crate) struct Ahead<'o, S> {
    sink: &'o mut S,
    /// Zeros at the end.
    spare: usize,
}

/// Zeros made at once.
const AHEAD: usize = 2048;

impl<'o, S: Sealed> Ahead<'o, S> {
    pub(crate) const fn new(sink: &'o mut S) -> Self {
        Self { sink, spare: 0 }
    }

    /// Bytes written.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.sink.len().wrapping_sub(self.spare)
    }

    /// The sink without what is ahead.
    #[inline]
    pub(crate) fn settled(&mut self) -> &mut S {
        if self.spare != 0 {
            let len = self.len();
            self.sink.truncate(len);
            self.spare = 0;
        }
        self.sink
    }

    /// Room for so many bytes and sixteen more; `None` when the sink has another way, or there are too many.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> Option<Room<'_>> {
        let wanted = bytes.wrapping_add(16);
        if self.spare < wanted && !self.more(wanted) {
            return None;
        }
        let len = self.len();
        Some(Room { bytes: self.sink.tail(len), at: 0, blocks: [0; 16], words: 0 })
    }

    #[cold]
    fn more(&mut self, wanted: usize) -> bool {
        if wanted > AHEAD || !self.sink.reserve_zeroed(AHEAD) {
            return false;
        }
        self.spare = self.spare.saturating_add(AHEAD);
        true
    }

    /// Counts what was written into the room.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.spare = self.spare.saturating_sub(bytes);
    }
}

/// What a writer has to look at in text before it goes as it is.
pub(crate) trait Look: Copy {
    /// Sets the high bit for a byte that the writer has to look at.
    fn byte(byte: u8) -> u8;
    /// The same for eight at once; a borrow from one may set the bit of another behind it.
    fn word(word: u64) -> u64;
}

/// Bytes are bytes.
#[derive(Clone, Copy)]
pub(crate) struct Anything;

impl Look for Anything {
    #[inline(always)]
    fn byte(_: u8) -> u8 {
        0
    }

    #[inline(always)]
    fn word(_: u64) -> u64 {
        0
    }
}

/// Zeros to be written over.
pub(crate) struct Room<'r> {
    bytes: &'r mut [u8],
    at: usize,
    /// What texts had, sixteen bytes beside each other, and eight.
    blocks: [u8; 16],
    words: u64,
}

impl Room<'_> {
    /// Bytes written, or `None` when a text had a byte that the writer has to look at, or there was more than was asked
    /// for.
    #[inline(always)]
    pub(crate) fn written(&self) -> Option<usize> {
        let seen = self.blocks.iter().fold(0, |seen, byte| seen | byte);
        (seen < 0x80 && self.words & (u64::MAX / 0xFF * 0x80) == 0 && self.at <= self.bytes.len()).then_some(self.at)
    }

    /// Bytes of a length that is known beforehand.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, piece: &[u8; N]) {
        write(self.bytes, self.at, piece);
        self.at = self.at.wrapping_add(N);
    }

    /// Text, sixteen bytes at a time.
    #[inline(always)]
    pub(crate) fn text<L: Look>(&mut self, text: &[u8], _: L) {
        let Some(room) = self.bytes.get_mut(self.at..) else {
            self.words = u64::MAX;
            return;
        };
        self.at = self.at.wrapping_add(text.len());
        if let Some(last) = text.last_chunk::<16>() {
            let mut seen = self.blocks;
            let (blocks, rest) = text.as_chunks::<16>();
            let (places, _) = room.as_chunks_mut::<16>();
            for (place, block) in places.iter_mut().zip(blocks) {
                see::<L>(&mut seen, block);
                *place = *block;
            }
            if !rest.is_empty() {
                // The last sixteen once more, over their own beginning.
                see::<L>(&mut seen, last);
                write(room, text.len().wrapping_sub(16), last);
            }
            self.blocks = seen;
        } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            self.words |= L::word(u64::from_le_bytes(*first)) | L::word(u64::from_le_bytes(*last));
            write(room, 0, first);
            write(room, text.len().wrapping_sub(8), last);
        } else {
            let word = short_word(text);
            self.words |= L::word(word);
            write(room, 0, &word.to_le_bytes());
        }
    }
}

#[inline(always)]
fn see<L: Look>(seen: &mut [u8; 16], block: &[u8; 16]) {
    for (seen, byte) in seen.iter_mut().zip(block) {
        *seen |= L::byte(*byte);
    }
}

#[inline(always)]
fn write<const N: usize>(room: &mut [u8], from: usize, piece: &[u8; N]) {
    if let Some(place) = room.get_mut(from..).and_then(<[u8]>::first_chunk_mut::<N>) {
        *place = *piece;
    }
}

/// None to seven bytes, then spaces, which mean nothing to any test. Put together in a register: a word that is written
/// byte by byte and read at once makes the processor wait.
#[inline(always)]
fn short_word(bytes: &[u8]) -> u64 {
    let spaces = u64::from_le_bytes([b' '; 8]).unbounded_shl(u32::try_from(bytes.len()).unwrap_or(8).wrapping_mul(8));
    let text = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let shift = bytes.len().wrapping_sub(4).wrapping_mul(8);
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (shift & 63)
        }
        _ => match *bytes {
            [one] => u64::from(one),
            [one, two] => u64::from(one) | u64::from(two) << 8,
            [one, two, three] => u64::from(one) | u64::from(two) << 8 | u64::from(three) << 16,
            _ => 0,
        },
    };
    text | spaces
}
