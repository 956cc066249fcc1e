//! What turns a message into bytes.

#[cfg(any(feature = "xml", feature = "wbxml"))]
use alloc::vec::Vec;

#[cfg(any(feature = "xml", feature = "wbxml"))]
use crate::grammar::encode;
#[cfg(any(feature = "xml", feature = "wbxml"))]
use crate::sink::{Length, Sealed};
use crate::{Encoding, Error, Fragment, Message, Sink};
#[cfg(feature = "wbxml")]
use crate::{WbxmlOptions, wbxml};
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

#[cfg(feature = "wbxml")]
macro_rules! wbxml {
    ($type:ident, $what:literal, $note:literal, $encode:path) => {
        impl $type<'_> {
            #[doc = concat!("The ", $what, " as WBXML, with [`WbxmlOptions::DEFAULT`].")]
            ///
            /// # Errors
            /// As [`encode_wbxml`](Self::encode_wbxml).
            #[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
            pub fn to_wbxml(&self) -> Result<Vec<u8>, Error> {
                let mut out = Vec::new();
                self.encode_wbxml(&WbxmlOptions::DEFAULT, &mut out)?;
                Ok(out)
            }

            #[doc = concat!("Appends the ", $what, " as WBXML. On an error the sink is as it was.", $note)]
            ///
            /// # Errors
            /// What must not be sent, unless the options are lenient: the same as in XML.
            ///
            /// What WBXML cannot carry: [`NotEncodable`](crate::ErrorKind::NotEncodable) for names without a token,
            /// attributes and mark-up other than a `MgmtTree`, [`Character`](crate::ErrorKind::Character) for NUL and
            /// other characters that texts cannot have. [`BufferTooSmall`](crate::ErrorKind::BufferTooSmall) where the
            /// sink ends.
            ///
            /// The offset is the number of bytes that this call had written.
            #[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
            pub fn encode_wbxml(&self, options: &WbxmlOptions, out: &mut impl Sink) -> Result<(), Error> {
                or_nothing(out, |out| $encode(&mut wbxml::writer::Writer::new(out, options), self, options.strictness))
            }

            /// How many bytes [`encode_wbxml`](Self::encode_wbxml) writes.
            ///
            /// # Errors
            /// As [`encode_wbxml`](Self::encode_wbxml).
            #[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
            pub fn wbxml_len(&self, options: &WbxmlOptions) -> Result<usize, Error> {
                let mut length = Length(0);
                $encode(&mut wbxml::writer::Writer::new(&mut length, options), self, options.strictness)?;
                Ok(length.0)
            }
        }
    };
}

#[cfg(feature = "wbxml")]
wbxml!(Message, "message", "", encode::message);
#[cfg(feature = "wbxml")]
wbxml!(Fragment, "fragment", " In WBXML the root is always `SyncML`: there are no bare commands.", encode::document);

macro_rules! either {
    ($type:ident, $what:literal) => {
        impl $type<'_> {
            #[doc = concat!("Appends the ", $what, " in a form, with the default options of that.")]
            ///
            /// Answer in the form that the peer used. On an error the sink is as it was.
            ///
            /// # Errors
            /// As `encode_xml` and `encode_wbxml`. [`NotEncodable`](crate::ErrorKind::NotEncodable) when the crate was
            /// built without the feature of that form.
            pub fn encode(&self, encoding: Encoding, out: &mut impl Sink) -> Result<(), Error> {
                match encoding {
                    #[cfg(feature = "xml")]
                    Encoding::Xml => self.encode_xml(&XmlOptions::DEFAULT, out),
                    #[cfg(feature = "wbxml")]
                    Encoding::Wbxml => self.encode_wbxml(&WbxmlOptions::DEFAULT, out),
                    #[cfg(not(all(feature = "xml", feature = "wbxml")))]
                    _ => {
                        let _ = out;
                        Err(Error::new(crate::ErrorKind::NotEncodable, 0))
                    }
                }
            }
        }
    };
}

either!(Message, "message");
either!(Fragment, "fragment");
