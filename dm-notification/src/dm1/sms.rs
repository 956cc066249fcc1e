//! User data of short messages (3GPP TS 23.040), §5.2: the header that names the port and, for what does not fit into one
//! message, the part.
//!
//! ```text
//! 06       05    04     0B 84        C0 02       WSP push
//! length   ports length destination  originator
//! ```
//!
//! One short message carries 140 octets in its 8-bit form. Ports take 7 of them and the [header](super::wsp::header) of the
//! push 6, so 127 are left for a notification.

use super::{Error, ErrorKind};
use crate::digest::Hashing;
use crate::list::List;
use crate::{DIGEST_LEN, Sink};

/// The port of connectionless, non-secure WAP Push.
pub const PORT: u16 = 2948;

/// The most octets of one short message.
pub const MAX_USER_DATA_LEN: usize = 140;

/// Information elements.
mod element {
    pub(super) const PART: u8 = 0x00;
    pub(super) const PORTS: u8 = 0x05;
    pub(super) const PART_OF_LONG_REFERENCE: u8 = 0x08;
}

/// The length of the header with ports alone, its own length octet included.
const PORTS_LEN: usize = 7;

/// User data with a header, taken apart or to be encoded.
///
/// ```
/// use dm_notification::dm1::sms::{PORT, UserData};
/// let data = UserData::parse(b"\x06\x05\x04\x0b\x84\xc0\x02push")?;
/// assert_eq!(data.ports.map(|ports| ports.destination), Some(PORT));
/// assert_eq!((data.part, data.body), (None, &b"push"[..]));
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserData<'a> {
    /// The application ports, if they are given in 16 bits. Those in 8 bits cannot name 2948.
    pub ports: Option<Ports>,
    /// Which part this is, if there are several.
    pub part: Option<Part>,
    /// What follows the header.
    pub body: &'a [u8],
}

impl<'a> UserData<'a> {
    /// What is sent to the port of WAP Push, whole.
    #[must_use]
    pub const fn new(originator: u16, body: &'a [u8]) -> Self {
        Self { ports: Some(Ports { destination: PORT, originator }), part: None, body }
    }

    /// Makes it a part.
    #[must_use]
    pub const fn with_part(mut self, part: Part) -> Self {
        self.part = Some(part);
        self
    }

    /// Takes user data apart whose header indicator (UDHI) is set. Elements of other kinds are skipped; of those that
    /// stand twice the last counts.
    ///
    /// # Errors
    /// [`UserDataTooLong`](ErrorKind::UserDataTooLong), [`UnexpectedEnd`](ErrorKind::UnexpectedEnd),
    /// [`ElementLength`](ErrorKind::ElementLength), [`ElementSize`](ErrorKind::ElementSize),
    /// [`PartNumber`](ErrorKind::PartNumber).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_USER_DATA_LEN {
            return Err(Error::new(ErrorKind::UserDataTooLong, MAX_USER_DATA_LEN));
        }
        let (length, rest) = bytes.split_first().ok_or(Error::new(ErrorKind::UnexpectedEnd, 0))?;
        let (mut elements, body) =
            rest.split_at_checked(usize::from(*length)).ok_or(Error::new(ErrorKind::UnexpectedEnd, 1))?;
        let mut data = Self { ports: None, part: None, body };
        let mut at = 1_usize;
        while let Some((kind, rest)) = elements.split_first() {
            let fault = |kind| Error::new(kind, at);
            let beyond = fault(ErrorKind::ElementLength);
            let (length, rest) = rest.split_first().ok_or(beyond)?;
            let (value, rest) = rest.split_at_checked(usize::from(*length)).ok_or(beyond)?;
            match (*kind, value) {
                (element::PORTS, &[a, b, c, d]) => {
                    let (destination, originator) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                    data.ports = Some(Ports { destination, originator });
                }
                (element::PART, &[reference, total, number]) => {
                    let part = Part::new(Reference::Short(reference), total, number);
                    data.part = Some(part.ok_or(fault(ErrorKind::PartNumber))?);
                }
                (element::PART_OF_LONG_REFERENCE, &[a, b, total, number]) => {
                    let part = Part::new(Reference::Long(u16::from_be_bytes([a, b])), total, number);
                    data.part = Some(part.ok_or(fault(ErrorKind::PartNumber))?);
                }
                (element::PORTS | element::PART | element::PART_OF_LONG_REFERENCE, _) => {
                    return Err(fault(ErrorKind::ElementSize));
                }
                _ => {}
            }
            at = at.saturating_add(value.len()).saturating_add(2);
            elements = rest;
        }
        Ok(data)
    }

    /// Whether it is sent to the port of WAP Push.
    #[must_use]
    pub fn is_push(&self) -> bool {
        self.ports.is_some_and(|ports| ports.destination == PORT)
    }

    /// Encodes the header and the body.
    ///
    /// # Errors
    /// [`UserDataTooLong`](ErrorKind::UserDataTooLong), [`SinkFull`](ErrorKind::SinkFull); the sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        if self.encoded_len() > MAX_USER_DATA_LEN {
            return Err(Error::new(ErrorKind::UserDataTooLong, MAX_USER_DATA_LEN));
        }
        if out.room() < self.encoded_len() {
            return Err(Error::new(ErrorKind::SinkFull, out.room()));
        }
        out.put(&[self.header_len().saturating_sub(1).to_le_bytes()[0]]);
        if let Some(Ports { destination, originator }) = self.ports {
            let ([a, b], [c, d]) = (destination.to_be_bytes(), originator.to_be_bytes());
            out.put(&[element::PORTS, 4, a, b, c, d]);
        }
        match self.part {
            Some(Part { reference: Reference::Short(reference), total, number }) => {
                out.put(&[element::PART, 3, reference, total, number]);
            }
            Some(Part { reference: Reference::Long(reference), total, number }) => {
                let [a, b] = reference.to_be_bytes();
                out.put(&[element::PART_OF_LONG_REFERENCE, 4, a, b, total, number]);
            }
            None => {}
        }
        out.put(self.body);
        Ok(())
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.header_len().saturating_add(self.body.len())
    }

    const fn header_len(&self) -> usize {
        let ports = if self.ports.is_some() { 6 } else { 0 };
        let part = match self.part {
            None => 0,
            Some(part) => part.reference.element_len(),
        };
        1_usize.saturating_add(ports).saturating_add(part)
    }
}

/// Application ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the element has two")]
pub struct Ports {
    /// Where it is sent to: [`PORT`].
    pub destination: u16,
    /// Where it comes from: any.
    pub originator: u16,
}

/// Which part of a message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    reference: Reference,
    total: u8,
    number: u8,
}

impl Part {
    /// Part `number` of `total`, counted from 1; `None` if there can be no such part.
    #[must_use]
    pub const fn new(reference: Reference, total: u8, number: u8) -> Option<Self> {
        if number == 0 || number > total { None } else { Some(Self { reference, total, number }) }
    }

    /// Which message it belongs to.
    #[must_use]
    pub const fn reference(&self) -> Reference {
        self.reference
    }

    /// How many parts there are.
    #[must_use]
    pub const fn total(&self) -> u8 {
        self.total
    }

    /// Which of them this is, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.number
    }
}

/// What the parts of one message have in common: a number of the sender's, another for each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference {
    /// In 8 bits: 5 octets in each part.
    Short(u8),
    /// In 16 bits: 6 octets in each part.
    Long(u16),
}

impl Reference {
    const fn element_len(self) -> usize {
        match self {
            Self::Short(_) => 5,
            Self::Long(_) => 6,
        }
    }
}

/// Divides a push among short messages: one if it fits, else parts that bear the reference.
///
/// ```
/// use dm_notification::dm1::sms::{Reference, split};
/// let push = [0; 300];
/// let lengths: Vec<_> = split(&push, 0xc002, Reference::Short(7))?.map(|part| part.body.len()).collect();
/// assert_eq!(lengths, [128, 128, 44]);
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
///
/// # Errors
/// [`TooManyParts`](ErrorKind::TooManyParts) if 255 do not suffice.
pub fn split(push: &[u8], originator: u16, reference: Reference) -> Result<Split<'_>, Error> {
    let whole = MAX_USER_DATA_LEN.saturating_sub(PORTS_LEN);
    let size = whole.saturating_sub(reference.element_len());
    let total = if push.len() <= whole { 1 } else { push.len().div_ceil(size) };
    let total = u8::try_from(total).map_err(|_| Error::new(ErrorKind::TooManyParts, size.saturating_mul(255)))?;
    Ok(Split { rest: push, originator, reference, size, total, number: 0 })
}

/// The short messages of a push, in their order. Made by [`split`].
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: &'a [u8],
    originator: u16,
    reference: Reference,
    /// How much each part but the last holds.
    size: usize,
    total: u8,
    /// The part before.
    number: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = UserData<'a>;

    fn next(&mut self) -> Option<UserData<'a>> {
        if self.number >= self.total {
            return None;
        }
        self.number = self.number.saturating_add(1);
        if self.total == 1 {
            return Some(UserData::new(self.originator, self.rest));
        }
        let (body, rest) = self.rest.split_at_checked(self.size).unwrap_or((self.rest, &[]));
        self.rest = rest;
        let part = Part::new(self.reference, self.total, self.number)?;
        Some(UserData::new(self.originator, body).with_part(part))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.total.saturating_sub(self.number));
        (left, Some(left))
    }
}

impl ExactSizeIterator for Split<'_> {}

/// Joins parts, in whatever order they come, with memory for `MESSAGES` messages of up to `PARTS` parts. Parts belong together
/// that have one sender, reference, number of parts and ports. When there are more messages, the oldest is forgotten. It
/// allocates nothing and has no clock: what is never completed stays until it is displaced.
///
/// ```
/// use dm_notification::dm1::sms::{Joined, Joiner, Reference, UserData, split};
/// let push = [7; 256];
/// let mut joiner: Joiner = Joiner::new();
/// let mut whole = [0; 256];
/// for part in split(&push, 0xc002, Reference::Short(7))? {
///     let mut sent = [0; 140];
///     part.encode(&mut &mut sent[..])?;
///     let received = UserData::parse(&sent[..part.encoded_len()])?;
///     match joiner.add(b"+491701234567", &received, &mut &mut whole[..])? {
///         Joined::Waiting => assert_eq!(whole, [0; 256]),
///         Joined::Whole => assert_eq!(whole, push),
///     }
/// }
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joiner<const MESSAGES: usize = 2, const PARTS: usize = 4> {
    messages: List<Pending<PARTS>, MESSAGES>,
}

impl<const MESSAGES: usize, const PARTS: usize> Joiner<MESSAGES, PARTS> {
    /// A joiner that waits for nothing yet. `MESSAGES` of 0 does not compile.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(MESSAGES > 0, "a joiner needs room for one message") };
        Self { messages: List::new() }
    }

    /// Takes what came from a sender, whose address is any bytes that tell it from others. When it is the last part that was
    /// missing, or no part at all, the whole message is written.
    ///
    /// A part that comes again changes nothing; one that comes again and differs belongs to a new message with a reference
    /// that was used before, and the parts of the old one are dropped.
    ///
    /// # Errors
    /// [`TooManyParts`](ErrorKind::TooManyParts), [`UserDataTooLong`](ErrorKind::UserDataTooLong) for a body that no short
    /// message can have, [`SinkFull`](ErrorKind::SinkFull). Everything is then as before.
    pub fn add(&mut self, sender: &[u8], data: &UserData<'_>, out: &mut impl Sink) -> Result<Joined, Error> {
        let full = |room| Error::new(ErrorKind::SinkFull, room);
        let Some(part) = data.part else {
            if out.room() < data.body.len() {
                return Err(full(out.room()));
            }
            out.put(data.body);
            return Ok(Joined::Whole);
        };
        if usize::from(part.total) > PARTS {
            return Err(Error::new(ErrorKind::TooManyParts, 0));
        }
        let body = Body::of(data.body)?;
        let key = Key {
            sender: Hashing::start(sender).finish(&[]),
            ports: data.ports,
            reference: part.reference,
            total: part.total,
        };
        let known = self.messages.iter().find(|message| message.key == key);
        let mut message = known.copied().unwrap_or(Pending { key, parts: [None; PARTS] });
        let index = usize::from(part.number).saturating_sub(1);
        if message.parts.get(index).copied().flatten().is_some_and(|old| old != body) {
            message.parts = [None; PARTS];
        }
        if let Some(place) = message.parts.get_mut(index) {
            *place = Some(body);
        }
        let there = message.parts.iter().flatten();
        if there.clone().count() == usize::from(part.total) {
            let length = there.clone().map(|body| usize::from(body.length)).fold(0, usize::saturating_add);
            if out.room() < length {
                return Err(full(out.room()));
            }
            there.for_each(|body| out.put(body.bytes()));
            self.messages.retain(|message| message.key != key);
            return Ok(Joined::Whole);
        }
        if known.is_none() && self.messages.is_full() {
            self.messages.pop();
        }
        if let Some(place) = self.messages.find_or_push(|message| message.key == key, message) {
            *place = message;
        }
        Ok(Joined::Waiting)
    }
}

impl<const MESSAGES: usize, const PARTS: usize> Default for Joiner<MESSAGES, PARTS> {
    fn default() -> Self {
        Self::new()
    }
}

/// What came of a short message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Joined {
    /// The message is whole and has been written.
    Whole,
    /// Parts are missing, and nothing has been written.
    Waiting,
}

/// A message some parts of which are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending<const PARTS: usize> {
    key: Key,
    parts: [Option<Body>; PARTS],
}

/// What parts of one message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// The SHA-256 of an address of any length.
    sender: [u8; DIGEST_LEN],
    ports: Option<Ports>,
    reference: Reference,
    total: u8,
}

/// The body of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Body {
    length: u8,
    bytes: [u8; MAX_USER_DATA_LEN],
}

impl Body {
    fn of(given: &[u8]) -> Result<Self, Error> {
        let mut bytes = [0; MAX_USER_DATA_LEN];
        let place = bytes.get_mut(..given.len()).ok_or(Error::new(ErrorKind::UserDataTooLong, MAX_USER_DATA_LEN))?;
        place.copy_from_slice(given);
        Ok(Self { length: given.len().to_le_bytes()[0], bytes })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}
