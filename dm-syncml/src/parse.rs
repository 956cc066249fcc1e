//! The entry points of decoding.

use crate::grammar::decode::{self, Whole};
use crate::grammar::read::Context;
#[cfg(feature = "wbxml")]
use crate::wbxml;
#[cfg(feature = "xml")]
use crate::xml;
use crate::{Encoding, Error, ErrorKind, Fragment, Limits, Message, Parsed, Strictness};

/// Decodes in a form into `out`, which holds what was understood before an error. The values are large: they are moved
/// as little as can be.
#[inline(always)]
fn decode<'a>(
    input: &'a [u8],
    encoding: Option<Encoding>,
    whole: Whole,
    context: &mut Context,
    out: &mut Fragment<'a>,
) -> Result<(), Error> {
    match encoding {
        #[cfg(feature = "xml")]
        Some(Encoding::Xml) => {
            let mut reader = xml::reader::Reader::new(input, whole == Whole::Fragment, context)?;
            decode::document(&mut reader, whole, out)
        }
        #[cfg(feature = "wbxml")]
        Some(Encoding::Wbxml) => {
            let mut reader = wbxml::reader::Reader::new(input, context)?;
            decode::document(&mut reader, whole, out)
        }
        _ => {
            let kind = if input.is_empty() { ErrorKind::UnexpectedEnd } else { ErrorKind::NotSyncMl };
            Err(Error::new(kind, 0))
        }
    }
}

fn fragment<'a>(input: &'a [u8], encoding: Option<Encoding>, context: &mut Context) -> Result<Fragment<'a>, Error> {
    let mut value = Fragment::default();
    decode(input, encoding, Whole::Fragment, context, &mut value)?;
    Ok(value)
}

fn message<'a>(input: &'a [u8], encoding: Option<Encoding>, context: &mut Context) -> Result<Message<'a>, Error> {
    let mut fragment = Fragment::default();
    decode(input, encoding, Whole::Message, context, &mut fragment)?;
    match fragment.into_message() {
        Ok(message) => Ok(message),
        Err(_) => Err(Error::new(ErrorKind::MissingPart, input.len())),
    }
}

/// A value with the deviations that were noted for it.
fn parsed<T>(value: T, context: Context) -> Parsed<T> {
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
                $decode(input, Encoding::detect(input), &mut Context::new(Strictness::Lenient, &Limits::DEFAULT))
            }

            #[doc = concat!("Decodes ", $what, " in either form and lists the deviations.")]
            ///
            /// # Errors
            /// What cannot be understood; in strict mode also every deviation.
            pub fn parse_with(input: &'a [u8], strictness: Strictness, limits: &Limits) -> Result<Parsed<Self>, Error> {
                let mut context = Context::new(strictness, limits);
                let value = $decode(input, Encoding::detect(input), &mut context)?;
                Ok(parsed(value, context))
            }

            #[doc = concat!("Decodes ", $what, " in XML.")]
            ///
            /// # Errors
            /// Those of [`parse_with`](Self::parse_with).
            #[cfg(feature = "xml")]
            pub fn parse_xml(input: &'a [u8], strictness: Strictness, limits: &Limits) -> Result<Parsed<Self>, Error> {
                let mut context = Context::new(strictness, limits);
                let value = $decode(input, Some(Encoding::Xml), &mut context)?;
                Ok(parsed(value, context))
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
                let mut context = Context::new(strictness, limits);
                let value = $decode(input, Some(Encoding::Wbxml), &mut context)?;
                Ok(parsed(value, context))
            }
        }
    };
}

entry_points!(Message, message, "a message");
entry_points!(Fragment, fragment, "a message or part of one");

impl<'a> Fragment<'a> {
    /// Decodes what there is up to the first error, and gives that too: for logs that were cut off. A command that was
    /// not complete is not in it; of an Atomic or Sequence that was not, its complete commands are.
    ///
    /// ```
    /// # #[cfg(feature = "xml")] {
    /// use dm_syncml::{ErrorKind, Fragment, Limits};
    /// let cut = b"<Get><CmdID>1</CmdID></Get><Get><CmdID>2</Cm";
    /// let (parsed, error) = Fragment::salvage(cut, &Limits::DEFAULT);
    /// assert_eq!(parsed.value.commands.len(), 1);
    /// assert_eq!(error.unwrap().kind(), ErrorKind::UnexpectedEnd);
    /// # }
    /// ```
    #[must_use]
    pub fn salvage(input: &'a [u8], limits: &Limits) -> (Parsed<Self>, Option<Error>) {
        let mut value = Fragment::default();
        let mut context = Context::new(Strictness::Lenient, limits);
        let result = decode(input, Encoding::detect(input), Whole::Fragment, &mut context, &mut value);
        (parsed(value, context), result.err())
    }
}

/// The slow way of the decoders alone: what the fast way accepts has to be a part of it, with the same result.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::{Context, Encoding, Error, Fragment, Limits, Parsed, Strictness, fragment, parsed};

    fn slow<'a>(
        input: &'a [u8],
        encoding: Encoding,
        strictness: Strictness,
        limits: &Limits,
    ) -> Result<Parsed<Fragment<'a>>, Error> {
        let mut context = Context::new(strictness, limits);
        context.slow = true;
        let value = fragment(input, Some(encoding), &mut context)?;
        Ok(parsed(value, context))
    }

    /// [`Fragment::parse_xml`] without its fast way.
    ///
    /// # Errors
    /// Those of the other.
    #[cfg(feature = "xml")]
    pub fn parse_xml_slow<'a>(
        input: &'a [u8],
        strictness: Strictness,
        limits: &Limits,
    ) -> Result<Parsed<Fragment<'a>>, Error> {
        slow(input, Encoding::Xml, strictness, limits)
    }

    /// [`Fragment::parse_wbxml`] without its fast way.
    ///
    /// # Errors
    /// Those of the other.
    #[cfg(feature = "wbxml")]
    pub fn parse_wbxml_slow<'a>(
        input: &'a [u8],
        strictness: Strictness,
        limits: &Limits,
    ) -> Result<Parsed<Fragment<'a>>, Error> {
        slow(input, Encoding::Wbxml, strictness, limits)
    }
}
