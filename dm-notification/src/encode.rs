//! Writing: the header and the options, and where they may be written to.

use crate::decode::{EXTENDED, VERSION};
use crate::{Error, ErrorKind, MAX_VALUE_LEN};

/// The values of the options 1 to 6, each at its number minus one. The order of the wire is the order of the table,
/// so it rises strictly whatever is in it.
pub(crate) type Table<'a> = [Option<&'a [u8]>; 6];

/// Where an encoding goes: `Vec<u8>` (feature `alloc`), `bytes::BytesMut` (feature `bytes`) or `&mut [u8]`.
///
/// A slice is filled from its front and then holds only what is left, as with `std::io::Write`. An encoding that fails
/// leaves the sink as it was. The trait is sealed.
///
/// ```
/// # use dm_notification::{NotificationBuilder, Error};
/// let notification = NotificationBuilder::new("dm.example")?;
/// let mut buffer = [0; 64];
/// let mut left = &mut buffer[..];
/// notification.encode(&mut left)?;
/// let written = 64 - left.len();
/// assert_eq!(written, notification.encoded_len());
/// # Ok::<(), Error>(())
/// ```
pub trait Sink: sealed::Sealed {}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "seals `Sink`")]
    pub trait Sealed {
        /// How many bytes can still be put.
        fn room(&self) -> usize;
        /// Adds bytes for which there is room.
        fn put(&mut self, bytes: &[u8]);
    }
}

impl Sink for &mut [u8] {}
impl sealed::Sealed for &mut [u8] {
    fn room(&self) -> usize {
        self.len()
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some((into, left)) = core::mem::take(self).split_at_mut_checked(bytes.len()) {
            into.copy_from_slice(bytes);
            *self = left;
        }
    }
}

#[cfg(feature = "alloc")]
impl Sink for alloc::vec::Vec<u8> {}
#[cfg(feature = "alloc")]
impl sealed::Sealed for alloc::vec::Vec<u8> {
    fn room(&self) -> usize {
        usize::MAX
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

#[cfg(feature = "bytes")]
impl Sink for bytes::BytesMut {}
#[cfg(feature = "bytes")]
impl sealed::Sealed for bytes::BytesMut {
    fn room(&self) -> usize {
        usize::MAX
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// The exact number of bytes that [`write`] puts.
pub(crate) fn len(table: &Table<'_>) -> usize {
    table
        .iter()
        .flatten()
        .map(|value| value.len().saturating_add(if value.len() < usize::from(EXTENDED) { 1 } else { 2 }))
        .fold(2, usize::saturating_add)
}

/// Encodes, if there is room for all of it.
pub(crate) fn encode(table: &Table<'_>, out: &mut impl sealed::Sealed) -> Result<(), Error> {
    if out.room() < len(table) {
        return Err(Error::new(ErrorKind::SinkFull, out.room()));
    }
    write(table, out);
    Ok(())
}

/// Puts the header and the options. The values come from checked types, so none is longer than an option can hold.
pub(crate) fn write(table: &Table<'_>, out: &mut impl sealed::Sealed) {
    let count = table.iter().flatten().fold(0_u8, |count, _| count.saturating_add(1));
    out.put(&[VERSION << 4 | count >> 1, count << 7]);
    let mut delta = 0_u8;
    for value in table {
        delta = delta.saturating_add(1);
        let Some(value) = value else { continue };
        debug_assert!(value.len() <= MAX_VALUE_LEN, "a value that no option can hold");
        match value.len().checked_sub(EXTENDED.into()) {
            None => out.put(&[delta << 4 | value.len().to_le_bytes()[0]]),
            Some(over) => out.put(&[delta << 4 | EXTENDED, over.to_le_bytes()[0]]),
        }
        out.put(value);
        delta = 0;
    }
}

/// Encodes into a new vector.
#[cfg(feature = "alloc")]
pub(crate) fn to_vec(table: &Table<'_>) -> alloc::vec::Vec<u8> {
    let mut out = alloc::vec::Vec::with_capacity(len(table));
    write(table, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_at_every_boundary_of_length() {
        let value = [0xa5; MAX_VALUE_LEN];
        let heads: [(usize, &[u8]); 7] = [
            (0, &[0x30]),
            (1, &[0x31]),
            (14, &[0x3e]),
            (15, &[0x3f, 0]),
            (16, &[0x3f, 1]),
            (32, &[0x3f, 17]),
            (270, &[0x3f, 255]),
        ];
        for (length, head) in heads {
            let table = [None, None, Some(&value[..length]), None, None, Some(&[][..])];
            let mut buffer = [0; 300];
            let mut left = &mut buffer[..];
            encode(&table, &mut left).unwrap();
            let written = 300 - left.len();
            assert_eq!(written, len(&table));
            let (front, rest) = buffer[2..written].split_at(head.len());
            assert_eq!(buffer[..2], [0x21, 0x00]);
            assert_eq!(front, head);
            assert_eq!(rest, [&value[..length], &[0x30]].concat());
        }
    }
}
