//! From packages to text: always strict, always the same bytes for the same value.

use alloc::vec::Vec;

use crate::{
    Alert, ClientUri, Command, Error, ErrorKind, Json, JsonKind, Limits, MoData, MoItem, MosItem, Package1, Package2,
    Package3, Status, Str, decode, mo,
    names::{self, keys},
};

/// `encode`, `encoded_len` and `to_vec` for a type that is [`Encode`].
macro_rules! entry_points {
    () => {
        /// Appends the text to the sink. Same value, same bytes.
        ///
        /// # Errors
        /// What may not be sent (encoding is always strict), or [`ErrorKind::BufferTooSmall`](crate::ErrorKind); the
        /// offset is the number of bytes that stood before the refused item. The sink is then as it was.
        pub fn encode(&self, out: &mut impl crate::Sink) -> Result<(), crate::Error> {
            crate::encode::encode(self, out)
        }

        /// The number of bytes [`encode`](Self::encode) appends.
        ///
        /// # Errors
        /// Those of [`encode`](Self::encode).
        pub fn encoded_len(&self) -> Result<usize, crate::Error> {
            crate::encode::encoded_len(self)
        }

        /// The text.
        ///
        /// # Errors
        /// Those of [`encode`](Self::encode).
        pub fn to_vec(&self) -> Result<alloc::vec::Vec<u8>, crate::Error> {
            let mut out = alloc::vec::Vec::new();
            self.encode(&mut out)?;
            Ok(out)
        }
    };
}
pub(crate) use entry_points;

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
use sealed::Sealed;

/// What encoders append to: a `Vec<u8>`, a [`SliceSink`], with feature `bytes` a `BytesMut`. Sealed.
pub trait Sink: Sealed {}

impl Sink for Vec<u8> {}

impl Sealed for Vec<u8> {
    #[inline]
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
/// use dm_package::{Command, Package2, SliceSink};
/// let mut buffer = [0; 32];
/// let mut sink = SliceSink::new(&mut buffer);
/// Package2::new(vec![Command::End]).encode(&mut sink)?;
/// assert_eq!(sink.written(), br#"{"CMD":[["END"]]}"#);
/// # Ok::<(), dm_package::Error>(())
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
struct Length(usize);

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

/// A value that can be written.
pub(crate) trait Encode {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error>;
}

pub(crate) fn encode<T: Encode, S: Sealed>(value: &T, sink: &mut S) -> Result<(), Error> {
    let start = sink.len();
    let result = value.write(&mut Writer { sink, start });
    if result.is_err() {
        sink.truncate(start);
    }
    result
}

pub(crate) fn encoded_len<T: Encode>(value: &T) -> Result<usize, Error> {
    let mut length = Length(0);
    encode(value, &mut length)?;
    Ok(length.0)
}

/// Appends a JSON string.
pub(crate) fn string<S: Sealed>(text: &str, sink: &mut S) -> Result<(), Error> {
    let start = sink.len();
    Writer { sink, start }.string(text)
}

/// A sink, and where the value begins in it.
pub(crate) struct Writer<'s, S> {
    sink: &'s mut S,
    start: usize,
}

impl<S: Sealed> Writer<'_, S> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.sink.put(bytes).map_err(|()| self.error(ErrorKind::BufferTooSmall))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.sink.len().saturating_sub(self.start))
    }

    fn refuse<T>(&self, kind: ErrorKind) -> Result<T, Error> {
        Err(self.error(kind))
    }

    /// A string with the escapes JSON asks for and no others.
    fn string(&mut self, text: &str) -> Result<(), Error> {
        self.put(b"\"")?;
        let mut rest = text.as_bytes();
        while let Some(at) = first_escape(rest) {
            let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            let Some((&byte, tail)) = tail.split_first() else { break };
            self.put(plain)?;
            self.escape(byte)?;
            rest = tail;
        }
        self.put(rest)?;
        self.put(b"\"")
    }

    #[cold]
    fn escape(&mut self, byte: u8) -> Result<(), Error> {
        match byte {
            b'"' => self.put(b"\\\""),
            b'\\' => self.put(b"\\\\"),
            0x08 => self.put(b"\\b"),
            0x09 => self.put(b"\\t"),
            0x0A => self.put(b"\\n"),
            0x0C => self.put(b"\\f"),
            0x0D => self.put(b"\\r"),
            _ => {
                let digit = |value: u8| char::from_digit(u32::from(value), 16).map_or(b'0', |digit| digit as u8);
                self.put(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0x0F)])
            }
        }
    }

    /// `items` in brackets.
    fn array<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T) -> Result<(), Error>) -> Result<(), Error> {
        self.put(b"[")?;
        for (index, value) in items.iter().enumerate() {
            if index > 0 {
                self.put(b",")?;
            }
            item(self, value)?;
        }
        self.put(b"]")
    }

    /// The name of a member, and the comma before it unless it is the first.
    #[inline]
    fn name(&mut self, first: &mut bool, key: &'static [u8]) -> Result<(), Error> {
        match key {
            [_, name @ ..] if core::mem::replace(first, false) => {
                self.put(b"{")?;
                self.put(name)
            }
            _ => self.put(key),
        }
    }

    fn text_member(&mut self, first: &mut bool, key: &'static [u8], value: Option<&Str<'_>>) -> Result<(), Error> {
        let Some(value) = value else { return Ok(()) };
        self.name(first, key)?;
        self.string(value)
    }

    fn client_uri_member(
        &mut self,
        first: &mut bool,
        key: &'static [u8],
        value: Option<&Str<'_>>,
    ) -> Result<(), Error> {
        let Some(value) = value else { return Ok(()) };
        self.name(first, key)?;
        self.client_uri(value)
    }

    fn client_uri(&mut self, uri: &str) -> Result<(), Error> {
        self.put(b"\"")?;
        ClientUri::check(uri, &Limits::DEFAULT).map_err(|error| self.error(error.kind()))?;
        // Nothing that may stand in a URI needs an escape.
        self.put(uri.as_bytes())?;
        self.put(b"\"")
    }

    /// An empty list is left out.
    fn alerts(&mut self, first: &mut bool, alerts: &[Alert<'_>]) -> Result<(), Error> {
        if alerts.is_empty() {
            return Ok(());
        }
        self.name(first, keys::ALERT)?;
        self.array(alerts, |out, alert| alert.write(out))
    }

    /// Unknown members that were kept. One that now has the name of a known one would make it count twice.
    fn extra(&mut self, first: &mut bool, known: &[&str], extra: &[(Str<'_>, Json<'_>)]) -> Result<(), Error> {
        if extra.is_empty() {
            return Ok(());
        }
        let mut sorted: Vec<&str> = extra.iter().map(|(name, _)| name.as_str()).collect();
        sorted.sort_unstable();
        if sorted.is_sorted_by(|a, b| a < b) && !sorted.iter().any(|name| known.contains(name)) {
            for (name, value) in extra {
                self.put(if core::mem::replace(first, false) { b"{" } else { b"," })?;
                self.string(name)?;
                self.put(b":")?;
                self.put(value.raw().as_bytes())?;
            }
            return Ok(());
        }
        self.refuse(ErrorKind::DuplicateMember)
    }
}

const fn needs_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Whole blocks first: without an early exit inside, the compiler looks at all bytes of one at once.
fn first_escape(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<16>();
    let plain = |block: &&[u8; 16]| block.iter().fold(0, |any, byte| any | u8::from(needs_escape(*byte))) == 0;
    let start = blocks.iter().take_while(plain).count().saturating_mul(16);
    let found = bytes.get(start..)?.iter().position(|byte| needs_escape(*byte))?;
    Some(start.saturating_add(found))
}

impl Encode for Package1<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        decode::session_starts(self).or_else(|kind| out.refuse(kind.strict_error()))?;
        let mut first = true;
        if let Some(mos) = &self.mos {
            out.name(&mut first, keys::MOS)?;
            out.array(mos, |out, item| item.write(out))?;
        }
        out.alerts(&mut first, &self.alerts)?;
        out.put(b"}")
    }
}

impl Encode for MosItem<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        let mut first = true;
        out.text_member(&mut first, keys::DDF, self.ddf.as_ref())?;
        out.text_member(&mut first, keys::MOID, Some(&self.moid))?;
        out.name(&mut first, keys::MIID)?;
        out.array(&self.miids, |out, miid| out.string(miid))?;
        out.put(b"}")
    }
}

impl Encode for Package2<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        let mut first = true;
        let mut ended = false;
        out.name(&mut first, keys::CMD)?;
        out.array(&self.commands, |out, command| {
            if matches!(command, Command::End) && core::mem::replace(&mut ended, true) {
                return out.refuse(ErrorKind::EndRepeated);
            }
            command.write(out)
        })?;
        out.put(b"}")
    }
}

impl Encode for Command<'_> {
    /// OUR DECISION (§5.1) for the order of EXEC, DEFAULT and SUB, in step with the table in `command`.
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        self.check().or_else(|error| out.refuse(error.kind()))?;
        out.put(b"[\"")?;
        out.put(self.name().as_bytes())?;
        // Checked URIs and MOIDs hold nothing that needs an escape.
        let mut param = |text: &Str<'_>| {
            out.put(b"\",\"")?;
            out.put(text.as_bytes())
        };
        match self {
            Self::Exec { client_uri, server_uri } => {
                param(client_uri)?;
                server_uri.iter().try_for_each(param)?;
            }
            Self::Default { server_uri, moid } => {
                param(server_uri)?;
                param(moid)?;
            }
            _ => {
                self.server_uri().into_iter().try_for_each(&mut param)?;
                self.client_uris().iter().try_for_each(param)?;
            }
        }
        out.put(b"\"]")
    }
}

impl Encode for Package3<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        let mut first = true;
        out.name(&mut first, keys::STATUS)?;
        out.array(&self.statuses, |out, status| status.write(out))?;
        out.alerts(&mut first, &self.alerts)?;
        out.extra(&mut first, &[names::STATUS, names::ALERT], &self.extra)?;
        out.put(b"}")
    }
}

impl Encode for Status<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        let mut first = true;
        out.name(&mut first, keys::SC)?;
        // Three digits: a status code lies in 100..=599.
        let code = self.sc.as_u16();
        let digit = |value: u16| u8::try_from(value % 10).map_or(b'0', |value| value | b'0');
        out.put(&[digit(code / 100), digit(code / 10), digit(code)])?;
        if !self.uris.is_empty() {
            out.name(&mut first, keys::URI)?;
            out.array(&self.uris, |out, uri| out.client_uri(uri))?;
        }
        if !self.data.is_empty() {
            out.name(&mut first, keys::STATUS_DATA)?;
            out.array(&self.data, |out, item| item.write(out))?;
        }
        out.extra(&mut first, &[names::SC, names::URI, names::STATUS_DATA], &self.extra)?;
        out.put(b"}")
    }
}

impl Encode for Alert<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        let mut first = true;
        out.text_member(&mut first, keys::ALERT_TYPE, Some(&self.alert_type))?;
        out.client_uri_member(&mut first, keys::SOURCE_URI, self.source_uri.as_ref())?;
        out.client_uri_member(&mut first, keys::TARGET_URI, self.target_uri.as_ref())?;
        if let Some(mark) = self.mark {
            out.name(&mut first, keys::MARK)?;
            out.string(mark.as_str())?;
        }
        out.text_member(&mut first, keys::DATA_TYPE, self.data_type.as_ref())?;
        if let Some(data) = &self.data {
            if self.data_type.is_none() {
                return out.refuse(ErrorKind::AlertDataTypeMissing);
            }
            if data.kind() != JsonKind::Object {
                return out.refuse(ErrorKind::AlertDataNotObject);
            }
            out.name(&mut first, keys::DATA)?;
            out.put(data.raw().as_bytes())?;
        }
        out.put(b"}")
    }
}

impl Encode for MoData<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        out.array(&self.items, |out, item| item.write(out))
    }
}

impl Encode for MoItem<'_> {
    fn write<S: Sealed>(&self, out: &mut Writer<'_, S>) -> Result<(), Error> {
        if self.client_uri.is_empty() {
            return out.refuse(ErrorKind::MoClientUriMissing);
        }
        mo::check(&self.mo_data).or_else(|kind| out.refuse(kind))?;
        let mut first = true;
        out.text_member(&mut first, keys::DDF, self.ddf.as_ref())?;
        out.client_uri_member(&mut first, keys::CLIENT_URI, Some(&self.client_uri))?;
        out.text_member(&mut first, keys::CV, self.cv.as_ref())?;
        out.name(&mut first, keys::MO_DATA)?;
        out.put(self.mo_data.raw().as_bytes())?;
        out.put(b"}")
    }
}
