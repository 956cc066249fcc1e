//! The entry points of decoding.

use crate::grammar::decode::{self, Whole};
use crate::grammar::read::Context;
#[cfg(feature = "wbxml")]
use crate::wbxml;
#[cfg(feature = "xml")]
use crate::xml;
use crate::{Error, ErrorKind, Fragment, Limits, Message, Parsed, Strictness};

/// The two wire forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "SyncML has two forms")]
pub enum Encoding {
    /// Text: `application/vnd.syncml.dm+xml`.
    Xml,
    /// Binary: `application/vnd.syncml.dm+wbxml`.
    Wbxml,
}

impl Encoding {
    /// The form of an input by its first byte: WBXML begins with its version, XML with `<`, white space or a byte order
    /// mark. `None` for what is neither.
    ///
    /// ```
    /// use dm_syncml::Encoding;
    /// assert_eq!(Encoding::detect(b"<SyncML/>"), Some(Encoding::Xml));
    /// assert_eq!(Encoding::detect(&[0x02, 0xA4, 0x01, 0x6A, 0x00]), Some(Encoding::Wbxml));
    /// assert_eq!(Encoding::detect(b"{}"), None);
    /// ```
    #[must_use]
    pub const fn detect(input: &[u8]) -> Option<Self> {
        match input {
            // UTF-16 without a mark; reported as such by the decoder.
            [0, b'<', ..] => Some(Self::Xml),
            [0..=3, ..] => Some(Self::Wbxml),
            [b'<' | b' ' | b'\t' | b'\r' | b'\n', ..]
            | [0xEF, 0xBB, 0xBF, ..]
            | [0xFE, 0xFF, ..]
            | [0xFF, 0xFE, ..] => Some(Self::Xml),
            _ => None,
        }
    }
}

/// Decodes in a form into `out`, which holds what was understood before an error. The values are large: they are moved
/// as little as can be.
fn decode<'a>(
    input: &'a [u8],
    encoding: Option<Encoding>,
    whole: Whole,
    mut context: Context,
    out: &mut Fragment<'a>,
) -> (Context, Result<(), Error>) {
    match encoding {
        #[cfg(feature = "xml")]
        Some(Encoding::Xml) => match xml::reader::Reader::new(input, whole == Whole::Fragment, context) {
            Ok(mut reader) => {
                let result = decode::document(&mut reader, whole, out);
                context = reader.into_context();
                (context, result)
            }
            Err((error, context)) => (context, Err(error)),
        },
        #[cfg(feature = "wbxml")]
        Some(Encoding::Wbxml) => match wbxml::reader::Reader::new(input, context) {
            Ok(mut reader) => {
                let result = decode::document(&mut reader, whole, out);
                context = reader.into_context();
                (context, result)
            }
            Err((error, context)) => (context, Err(error)),
        },
        _ => {
            let kind = if input.is_empty() { ErrorKind::UnexpectedEnd } else { ErrorKind::NotSyncMl };
            (context, Err(Error::new(kind, 0)))
        }
    }
}

fn fragment<'a>(
    input: &'a [u8],
    encoding: Option<Encoding>,
    context: Context,
) -> Result<(Fragment<'a>, Context), Error> {
    let mut value = Fragment::default();
    let (context, result) = decode(input, encoding, Whole::Fragment, context, &mut value);
    result.map(|()| (value, context))
}

fn message<'a>(input: &'a [u8], encoding: Option<Encoding>, context: Context) -> Result<(Message<'a>, Context), Error> {
    let mut fragment = Fragment::default();
    let (context, result) = decode(input, encoding, Whole::Message, context, &mut fragment);
    result?;
    match fragment.into_message() {
        Ok(message) => Ok((message, context)),
        Err(_) => Err(Error::new(ErrorKind::MissingPart, input.len())),
    }
}

/// A value with the deviations that were noted for it.
fn parsed<T>((value, context): (T, Context)) -> Parsed<T> {
    Parsed { value, deviations: context.deviations, unlisted: context.unlisted }
}

/// The decoders of a type.
macro_rules! entry_points {
    ($type:ident, $decode:ident, $what:literal) => {
        impl<'a> $type<'a> {
            #[doc = concat!("Decodes ", $what, " in either form, leniently and within [`Limits::DEFAULT`].")]
            ///
            /// # Errors
            /// What cannot be understood, with the byte at which it stands.
            pub fn parse(input: &'a [u8]) -> Result<Self, Error> {
                let context = Context::new(Strictness::Lenient, &Limits::DEFAULT);
                Ok($decode(input, Encoding::detect(input), context)?.0)
            }

            #[doc = concat!("Decodes ", $what, " in either form and lists the deviations.")]
            ///
            /// # Errors
            /// What cannot be understood; in strict mode also every deviation.
            pub fn parse_with(input: &'a [u8], strictness: Strictness, limits: &Limits) -> Result<Parsed<Self>, Error> {
                $decode(input, Encoding::detect(input), Context::new(strictness, limits)).map(parsed)
            }

            #[doc = concat!("Decodes ", $what, " in XML.")]
            ///
            /// # Errors
            /// Those of [`parse_with`](Self::parse_with).
            #[cfg(feature = "xml")]
            pub fn parse_xml(input: &'a [u8], strictness: Strictness, limits: &Limits) -> Result<Parsed<Self>, Error> {
                $decode(input, Some(Encoding::Xml), Context::new(strictness, limits)).map(parsed)
            }

            #[doc = concat!("Decodes ", $what, " in WBXML.")]
            ///
            /// # Errors
            /// Those of [`parse_with`](Self::parse_with).
            #[cfg(feature = "wbxml")]
            pub fn parse_wbxml(
                input: &'a [u8],
                strictness: Strictness,
                limits: &Limits,
            ) -> Result<Parsed<Self>, Error> {
                $decode(input, Some(Encoding::Wbxml), Context::new(strictness, limits)).map(parsed)
            }
        }
    };
}

entry_points!(Message, message, "a message");
entry_points!(Fragment, fragment, "a message or part of one");

impl<'a> Fragment<'a> {
    /// Decodes what there is up to the first error, and gives that too: for logs that were cut off. A command that was
    /// not complete is not in it.
    ///
    /// ```
    /// use dm_syncml::{ErrorKind, Fragment, Limits};
    /// let cut = b"<Get><CmdID>1</CmdID></Get><Get><CmdID>2</Cm";
    /// let (parsed, error) = Fragment::salvage(cut, &Limits::DEFAULT);
    /// assert_eq!(parsed.value.commands.len(), 1);
    /// assert_eq!(error.unwrap().kind(), ErrorKind::UnexpectedEnd);
    /// ```
    #[must_use]
    pub fn salvage(input: &'a [u8], limits: &Limits) -> (Parsed<Self>, Option<Error>) {
        let mut value = Fragment::default();
        let context = Context::new(Strictness::Lenient, limits);
        let (context, result) = decode(input, Encoding::detect(input), Whole::Fragment, context, &mut value);
        (parsed((value, context)), result.err())
    }
}
