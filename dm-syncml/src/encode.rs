//! What turns a message into bytes.

#[cfg(any(feature = "xml", feature = "wbxml"))]
use alloc::vec::Vec;

#[cfg(any(feature = "xml", feature = "wbxml"))]
use crate::{Error, Fragment, Message, Sink, grammar::encode, sink::Length, sink::Sealed};
#[cfg(feature = "xml")]
use crate::{XmlOptions, xml};

/// Runs an encoder and takes back what it wrote when it refuses.
#[cfg(any(feature = "xml", feature = "wbxml"))]
fn or_nothing<S: Sealed>(out: &mut S, run: impl FnOnce(&mut S) -> Result<(), Error>) -> Result<(), Error> {
    let before = out.len();
    run(out).inspect_err(|_| out.truncate(before))
}

#[cfg(feature = "xml")]
macro_rules! xml {
    ($type:ident, $what:literal, $encode:path) => {
        impl $type<'_> {
            #[doc = concat!("The ", $what, " as XML, with [`XmlOptions::DEFAULT`].")]
            ///
            /// # Errors
            /// As [`encode_xml`](Self::encode_xml).
            #[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
            pub fn to_xml(&self) -> Result<Vec<u8>, Error> {
                let mut out = Vec::new();
                self.encode_xml(&XmlOptions::DEFAULT, &mut out)?;
                Ok(out)
            }

            #[doc = concat!("Appends the ", $what, " as XML. On an error the sink is as it was.")]
            ///
            /// # Errors
            /// What must not be sent, unless the options are lenient:
            /// [`MissingElement`](crate::ErrorKind::MissingElement) without a VerDTD, VerProto, SessionID, MsgID, Target
            /// or Source, without a CmdID on any command, without MsgRef, CmdRef, Cmd or Data of a Status, CmdRef of
            /// Results, Data of an Alert; [`EmptyElement`](crate::ErrorKind::EmptyElement) for an empty text where there
            /// must be one; [`CmdIdZero`](crate::ErrorKind::CmdIdZero) and
            /// [`CmdIdRepeated`](crate::ErrorKind::CmdIdRepeated); [`NoItems`](crate::ErrorKind::NoItems) and
            /// [`NoCommands`](crate::ErrorKind::NoCommands); [`NotANumber`](crate::ErrorKind::NotANumber) and
            /// [`Code`](crate::ErrorKind::Code); [`DsCommand`](crate::ErrorKind::DsCommand) and
            /// [`UnknownCommand`](crate::ErrorKind::UnknownCommand);
            /// [`UnknownElement`](crate::ErrorKind::UnknownElement) for a Correlator outside Exec and Alert;
            /// [`MissingPart`](crate::ErrorKind::MissingPart) and [`Root`](crate::ErrorKind::Root) for a fragment
            /// without the header its root needs, or with one it has no place for.
            ///
            /// What XML cannot carry: [`NotEncodable`](crate::ErrorKind::NotEncodable) for bytes that are not text and
            /// tokens without a name, [`Character`](crate::ErrorKind::Character) for characters that XML does not have,
            /// [`Syntax`](crate::ErrorKind::Syntax), [`UnboundPrefix`](crate::ErrorKind::UnboundPrefix) and
            /// [`DuplicateAttribute`](crate::ErrorKind::DuplicateAttribute) for names that XML does not allow, and all
            /// that mark-up can have wrong. [`BufferTooSmall`](crate::ErrorKind::BufferTooSmall) where the sink ends.
            ///
            /// The offset is the number of bytes that this call had written.
            #[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
            pub fn encode_xml(&self, options: &XmlOptions, out: &mut impl Sink) -> Result<(), Error> {
                or_nothing(out, |out| $encode(&mut xml::writer::Writer::new(out, options), self, options.strictness))
            }

            /// How many bytes [`encode_xml`](Self::encode_xml) writes.
            ///
            /// # Errors
            /// As [`encode_xml`](Self::encode_xml).
            #[cfg_attr(docsrs, doc(cfg(feature = "xml")))]
            pub fn xml_len(&self, options: &XmlOptions) -> Result<usize, Error> {
                let mut length = Length(0);
                $encode(&mut xml::writer::Writer::new(&mut length, options), self, options.strictness)?;
                Ok(length.0)
            }
        }
    };
}

#[cfg(feature = "xml")]
xml!(Message, "message", encode::message);
#[cfg(feature = "xml")]
xml!(Fragment, "fragment", encode::fragment);
