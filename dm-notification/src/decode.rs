//! The wire grammar: header and options, `OMA-TS-DM_Protocol-V2_0 §5.2.1.1` and `§7.1`. What a value may be is said in
//! `rules`. nom stays inside this file.

use nom::bytes::complete::take;
use nom::error::{ErrorKind as NomKind, ParseError};
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

use crate::{Error, ErrorKind, OptionNumber};

/// The length nibble that says "one more byte follows, add it to 15".
pub(crate) const EXTENDED: u8 = 15;

/// The two header bytes, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) option_count: u8,
    pub(crate) reserved: u8,
}

/// Reads the header and returns a walk over the options that follow it.
pub(crate) fn start(input: &[u8]) -> Result<(Header, Options<'_>), Error> {
    let (rest, header) = header(input).map_err(|fail| located(&fail, input.len()))?;
    Ok((
        header,
        Options {
            rest,
            end: input.len(),
            left: header.option_count,
            previous: None,
        },
    ))
}

/// The options of a notification in the order of the wire, unknown ones included.
///
/// Made by [`Notification::options`](crate::Notification::options).
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    end: usize,
    left: u8,
    previous: Option<u16>,
}

impl<'a> Options<'a> {
    /// The next option, or why it cannot be read.
    #[inline]
    pub(crate) fn step(&mut self) -> Option<Result<RawOption<'a>, Error>> {
        self.left = self.left.checked_sub(1)?;
        let offset = self.end.saturating_sub(self.rest.len());
        let (rest, (delta, value)) = match option(self.rest) {
            Ok(read) => read,
            Err(fail) => {
                self.left = 0;
                return Some(Err(located(&fail, self.end)));
            }
        };
        let number = self.previous.unwrap_or(0).saturating_add(u16::from(delta));
        let repeated = self.previous == Some(number);
        let value_offset = self
            .end
            .saturating_sub(rest.len())
            .saturating_sub(value.len());
        self.rest = rest;
        self.previous = Some(number);
        Some(Ok(RawOption {
            number: number.into(),
            value,
            offset,
            value_offset,
            repeated,
        }))
    }

    /// A walk over nothing.
    pub(crate) const fn empty() -> Self {
        Self {
            rest: &[],
            end: 0,
            left: 0,
            previous: None,
        }
    }

    /// What no option has taken so far.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = RawOption<'a>;

    fn next(&mut self) -> Option<RawOption<'a>> {
        self.step()?.ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(usize::from(self.left)))
    }
}

impl core::iter::FusedIterator for Options<'_> {}

/// One option as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawOption<'a> {
    /// Its number: the sum of all deltas up to it.
    pub number: OptionNumber,
    /// Its value, 0 to 270 bytes.
    pub value: &'a [u8],
    /// Where its first byte, the one with delta and length, stands in the input.
    pub offset: usize,
    /// Where its value begins in the input.
    pub value_offset: usize,
    /// Whether it has the number of the option before it.
    pub(crate) repeated: bool,
}

fn header(input: &[u8]) -> IResult<&[u8], Header, Fail> {
    be_u16
        .map(|word: u16| {
            let [high, low] = word.to_be_bytes();
            Header {
                version: high >> 4,
                option_count: (high & 0x0f) << 1 | low >> 7,
                reserved: low & 0x7f,
            }
        })
        .parse_complete(input)
}

/// One option: its delta and its value.
#[inline]
fn option(input: &[u8]) -> IResult<&[u8], (u8, &[u8]), Fail> {
    let (input, head) = be_u8.parse_complete(input)?;
    let (input, len) = match head & 0x0f {
        EXTENDED => be_u8
            .map(|more: u8| u16::from(EXTENDED).saturating_add(more.into()))
            .parse_complete(input)?,
        short => (input, short.into()),
    };
    take(len)
        .map(|value| (head >> 4, value))
        .parse_complete(input)
}

/// Why the grammar failed. Its only cause is an early end; `left` counts the bytes not consumed by then.
struct Fail {
    left: usize,
}

impl ParseError<&[u8]> for Fail {
    fn from_error_kind(input: &[u8], _: NomKind) -> Self {
        Self { left: input.len() }
    }

    fn append(_: &[u8], _: NomKind, other: Self) -> Self {
        other
    }
}

fn located(fail: &nom::Err<Fail>, end: usize) -> Error {
    let left = match fail {
        nom::Err::Error(fail) | nom::Err::Failure(fail) => fail.left,
        nom::Err::Incomplete(_) => 0,
    };
    Error::new(ErrorKind::UnexpectedEnd, end.saturating_sub(left))
}
