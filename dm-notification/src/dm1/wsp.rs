//! WAP Push over connectionless WSP, §5.1: the few octets in front of a notification.
//!
//! ```text
//! 01  06  03   C4            AF  87                 notification
//! tid Push len content type  X-Wap-Application-Id
//!              0x44          0x2F: 0x07
//! ```
//!
//! The push goes to port 2948 and not to the secure one. A device that has no WAP stack listens there and looks at the two
//! headers, as [`Push::notification`] does. Read are also forms that senders should not use: text in place of codes, a content
//! type with parameters, further headers, any order.

use super::{CONTENT_TYPE, Error, ErrorKind};
use crate::Sink;

/// The length of the header that [`header`] makes, in bytes.
pub const HEADER_LEN: usize = 6;

/// The content type of the notification, `application/vnd.syncml.notification`. That of DM 1.3 is 0x58.
pub const CONTENT_TYPE_CODE: u32 = 0x44;

/// The application that notifications are for.
pub const APPLICATION_ID_CODE: u32 = 0x07;

/// The same as text.
pub const APPLICATION_ID: &str = "x-wap-application:syncml.dm";

/// The type of the PDU.
const PUSH: u8 = 0x06;
/// X-Wap-Application-Id, on the code page that holds without a shift.
const APPLICATION_ID_NAME: Name<'_> = Name::Code { page: 1, code: 0x2f };

/// The header of a push with a notification: the two fields that are due, in the order that is due, and no other. With the
/// headers of the bearer they may take 48 octets.
#[must_use]
pub const fn header(transaction_id: u8) -> [u8; HEADER_LEN] {
    [transaction_id, PUSH, 3, 0xc4, 0xaf, 0x87]
}

/// Encodes a push: [`header`] and the notification.
///
/// # Errors
/// [`SinkFull`](ErrorKind::SinkFull); the sink is then as before.
pub fn encode(transaction_id: u8, notification: &[u8], out: &mut impl Sink) -> Result<(), Error> {
    if out.room() < HEADER_LEN.saturating_add(notification.len()) {
        return Err(Error::new(ErrorKind::SinkFull, out.room()));
    }
    out.put(&header(transaction_id));
    out.put(notification);
    Ok(())
}

/// A Push PDU, taken apart. It borrows the bytes it was parsed from.
///
/// ```
/// use dm_notification::dm1::wsp::{ContentType, Push};
/// let push = Push::parse(b"\x01\x06\x03\xc4\xaf\x87what follows")?;
/// assert_eq!(push.content_type(), ContentType::Code(0x44));
/// assert_eq!(push.headers().count(), 1);
/// assert_eq!(push.notification()?, b"what follows");
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    transaction_id: u8,
    content_type: ContentType<'a>,
    content_type_at: usize,
    /// What follows the content type.
    headers: Cursor<'a>,
    body: &'a [u8],
}

impl<'a> Push<'a> {
    /// Takes a PDU apart, whatever it carries. Every header is walked over, none but the content type has to be known.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](ErrorKind::UnexpectedEnd), [`PduType`](ErrorKind::PduType), [`Number`](ErrorKind::Number),
    /// [`HeaderSyntax`](ErrorKind::HeaderSyntax).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut input = Cursor { rest: bytes, at: 0 };
        let cut = |input: &Cursor<'_>| Error::new(ErrorKind::UnexpectedEnd, input.at);
        let transaction_id = input.byte().ok_or(cut(&input))?;
        if input.byte().ok_or(cut(&input))? != PUSH {
            return Err(Error::new(ErrorKind::PduType, 1));
        }
        let length = input.number(ErrorKind::UnexpectedEnd)?;
        let mut headers = input.take(length).ok_or(cut(&input))?;
        let content_type_at = headers.at;
        let content_type = headers.content_type()?;
        let push = Self { transaction_id, content_type, content_type_at, headers, body: input.rest };
        let mut walk = push.headers();
        while walk.step()?.is_some() {}
        Ok(push)
    }

    /// The transaction id, which has no meaning for a push.
    #[must_use]
    pub const fn transaction_id(&self) -> u8 {
        self.transaction_id
    }

    /// The content type, without parameters.
    #[must_use]
    pub const fn content_type(&self) -> ContentType<'a> {
        self.content_type
    }

    /// The headers after the content type.
    #[must_use]
    pub const fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers, page: 1 }
    }

    /// What is pushed.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// What is pushed, if it is a notification for DM 1.x: by content type and by application id, each as code or as text.
    ///
    /// # Errors
    /// [`ContentType`](ErrorKind::ContentType), [`ApplicationId`](ErrorKind::ApplicationId),
    /// [`ApplicationIdMissing`](ErrorKind::ApplicationIdMissing),
    /// [`ApplicationIdRepeated`](ErrorKind::ApplicationIdRepeated).
    pub fn notification(&self) -> Result<&'a [u8], Error> {
        if !self.content_type.is(CONTENT_TYPE_CODE, CONTENT_TYPE) {
            return Err(Error::new(ErrorKind::ContentType, self.content_type_at));
        }
        let mut ids = self.headers().filter(|header| header.name == APPLICATION_ID_NAME);
        let end = self.headers.at.saturating_add(self.headers.rest.len());
        let id = ids.next().ok_or(Error::new(ErrorKind::ApplicationIdMissing, end))?;
        if let Some(second) = ids.next() {
            return Err(Error::new(ErrorKind::ApplicationIdRepeated, second.offset));
        }
        if !id.is_dm() {
            return Err(Error::new(ErrorKind::ApplicationId, id.value_offset));
        }
        Ok(self.body)
    }
}

/// A media type as WSP writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentType<'a> {
    /// By its number.
    Code(u32),
    /// By its name.
    Text(&'a [u8]),
}

impl ContentType<'_> {
    fn is(&self, code: u32, text: &str) -> bool {
        match self {
            Self::Code(found) => *found == code,
            Self::Text(found) => found.eq_ignore_ascii_case(text.as_bytes()),
        }
    }
}

/// The headers of a push. Made by [`Push::headers`].
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: Cursor<'a>,
    page: u8,
}

impl<'a> Headers<'a> {
    fn step(&mut self) -> Result<Option<Header<'a>>, Error> {
        loop {
            let start = self.rest;
            let offset = start.at;
            let fault = Error::new(ErrorKind::HeaderSyntax, offset);
            let name = match self.rest.byte() {
                None => return Ok(None),
                Some(0) => return Err(fault),
                Some(page @ 1..=31) => {
                    self.page = page;
                    continue;
                }
                Some(127) => {
                    self.page = self.rest.byte().ok_or(fault)?;
                    continue;
                }
                Some(code @ 128..) => Name::Code { page: self.page, code: code & 0x7f },
                Some(_) => {
                    self.rest = start;
                    Name::Text(self.rest.text().ok_or(fault)?)
                }
            };
            let Cursor { rest: values, at: value_offset } = self.rest;
            let read = self.rest.value()?;
            let value = values.get(..self.rest.at.saturating_sub(value_offset)).unwrap_or_default();
            return Ok(Some(Header { name, value, offset, value_offset, read }));
        }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.step().ok()? // walked over before: there is no error
    }
}

/// A header of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header<'a> {
    /// Which it is.
    pub name: Name<'a>,
    /// Its value as it stands, with its length or its end.
    pub value: &'a [u8],
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Where its value begins, in bytes.
    pub value_offset: usize,
    read: Value<'a>,
}

impl Header<'_> {
    fn is_dm(&self) -> bool {
        match self.read {
            Value::Short(code) => u32::from(code) == APPLICATION_ID_CODE,
            Value::Data(data) => integer(data.rest) == Some(APPLICATION_ID_CODE),
            Value::Text(text) => text.eq_ignore_ascii_case(APPLICATION_ID.as_bytes()),
        }
    }
}

/// The name of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Name<'a> {
    /// By its number on a code page; 1 is the first page.
    Code {
        /// The page.
        page: u8,
        /// The number, 0 to 127.
        code: u8,
    },
    /// By its name.
    Text(&'a [u8]),
}

/// The value of a header. Its first octet tells how long it is, so that any can be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Short(u8),
    Data(Cursor<'a>),
    Text(&'a [u8]),
}

/// A number in up to four bytes, big-endian.
fn integer(bytes: &[u8]) -> Option<u32> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).filter(|rest| rest.len() <= 4 && zeros.saturating_add(rest.len()) > 0)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// What is still to be read, and where it begins in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        *self = Self { rest, at: self.at.saturating_add(1) };
        Some(*first)
    }

    fn take(&mut self, length: u32) -> Option<Self> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        let at = self.at;
        *self = Self { rest, at: at.saturating_add(length) };
        Some(Self { rest: taken, at })
    }

    /// A number of variable length (uintvar): seven bits a byte, the first bit says that more follow.
    fn number(&mut self, at_end: ErrorKind) -> Result<u32, Error> {
        let start = self.at;
        let mut sum = 0_u32;
        for _ in 0..5 {
            let byte = self.byte().ok_or(Error::new(at_end, start))?;
            if sum > u32::MAX >> 7 {
                break;
            }
            sum = sum << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(sum);
            }
        }
        Err(Error::new(ErrorKind::Number, start))
    }

    /// The text that begins here, without the zero that ends it and the quote that may begin it.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        *self = Self { rest: rest.get(1..)?, at: self.at.saturating_add(end).saturating_add(1) };
        Some(text.strip_prefix(&[127]).unwrap_or(text))
    }

    fn value(&mut self) -> Result<Value<'a>, Error> {
        let start = *self;
        let fault = Error::new(ErrorKind::HeaderSyntax, start.at);
        match self.byte().ok_or(fault)? {
            short @ 128.. => Ok(Value::Short(short & 0x7f)),
            length @ 0..=30 => Ok(Value::Data(self.take(length.into()).ok_or(fault)?)),
            31 => {
                let length = self.number(ErrorKind::HeaderSyntax)?;
                Ok(Value::Data(self.take(length).ok_or(fault)?))
            }
            _ => {
                *self = start;
                Ok(Value::Text(self.text().ok_or(fault)?))
            }
        }
    }

    fn content_type(&mut self) -> Result<ContentType<'a>, Error> {
        let start = self.at;
        Ok(match self.value()? {
            Value::Short(code) => ContentType::Code(code.into()),
            Value::Text(text) => ContentType::Text(text),
            // With parameters, which do not count.
            Value::Data(mut inner) => match inner.value()? {
                Value::Short(code) => ContentType::Code(code.into()),
                Value::Text(text) => ContentType::Text(text),
                Value::Data(code) => {
                    ContentType::Code(integer(code.rest).ok_or(Error::new(ErrorKind::HeaderSyntax, start))?)
                }
            },
        })
    }
}
