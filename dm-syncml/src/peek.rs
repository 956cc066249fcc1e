//! What a router needs to know of a message without reading the rest of it.

use crate::grammar::decode::{self, Whole};
use crate::grammar::read::Context;
use crate::{Encoding, Error, ErrorKind, Fragment, Limits, LocUri, MsgId, Namespace, SessionId, Strictness, SyncHdr};

/// How much of an XML message is looked at first: headers are shorter.
#[cfg(feature = "xml")]
const WINDOW: usize = 16 << 10;

/// The header of a message and its form. See [`peek_header`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peek<'a> {
    /// The form.
    pub encoding: Encoding,
    /// The namespace of the root, or the version of the public id.
    pub namespace: Namespace<'a>,
    /// The whole header.
    pub header: SyncHdr<'a>,
}

impl<'a> Peek<'a> {
    /// The session; empty when it was missing.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId<'a> {
        &self.header.session_id
    }

    /// The message in its session; empty when it was missing.
    #[must_use]
    pub const fn msg_id(&self) -> &MsgId<'a> {
        &self.header.msg_id
    }

    /// The recipient; empty when it was missing.
    #[must_use]
    pub const fn target(&self) -> &LocUri<'a> {
        &self.header.target.uri
    }

    /// The sender; empty when it was missing.
    #[must_use]
    pub const fn source(&self) -> &LocUri<'a> {
        &self.header.source.uri
    }
}

/// Reads the header of a message, leniently, and nothing behind it: the body may be of any length, and wrong or cut off.
///
/// ```
/// # #[cfg(feature = "xml")] {
/// use dm_syncml::{Encoding, peek_header};
/// let xml = b"<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
///     <SessionID>2F</SessionID><MsgID>1</MsgID><Target><LocURI>https://dm.example.net</LocURI></Target>\
///     <Source><LocURI>IMEI:0</LocURI></Source></SyncHdr><SyncBody>\xFF and whatever follows";
/// let peek = peek_header(xml)?;
/// assert_eq!((peek.encoding, peek.session_id().as_str()), (Encoding::Xml, "2F"));
/// # }
/// # Ok::<(), dm_syncml::Error>(())
/// ```
///
/// UTF-16 is not looked into: it has to go through [`utf8`](crate::utf8) first. What is left of a message that was cut
/// off behind its header, [`Fragment::salvage`] reads.
///
/// # Errors
/// What is wrong up to the end of the header, and [`ErrorKind::MissingPart`] when something else stands there.
pub fn peek_header(input: &[u8]) -> Result<Peek<'_>, Error> {
    let limits = Limits::DEFAULT.with_max_message_len(usize::MAX);
    let Some(encoding) = Encoding::detect(input) else {
        let kind = if input.is_empty() { ErrorKind::UnexpectedEnd } else { ErrorKind::NotSyncMl };
        return Err(Error::new(kind, 0));
    };
    let mut context = Context::new(Strictness::Lenient, &limits.with_max_deviations(0));
    let mut out = Fragment::default();
    match encoding {
        #[cfg(feature = "xml")]
        Encoding::Xml => {
            // Only what is looked at has to be UTF-8. A header behind the window is looked for once more in all.
            let window = input.get(..WINDOW).map_or(input, valid);
            let first = peek_xml(window, &mut context, &mut out);
            if let Err(error) = first {
                if !error.kind().is_incomplete() || window.len() == input.len() {
                    return Err(error);
                }
                out = Fragment::default();
                peek_xml(valid(input), &mut context, &mut out)?;
            }
        }
        #[cfg(feature = "wbxml")]
        Encoding::Wbxml => {
            let mut reader = crate::wbxml::reader::Reader::new(input, &mut context)?;
            decode::document(&mut reader, Whole::Header, &mut out)?;
        }
        #[cfg(not(feature = "wbxml"))]
        Encoding::Wbxml => return Err(Error::new(ErrorKind::NotSyncMl, 0)),
        #[cfg(not(feature = "xml"))]
        Encoding::Xml => return Err(Error::new(ErrorKind::NotSyncMl, 0)),
    }
    let Fragment { namespace, header: Some(header), .. } = out else {
        return Err(Error::new(ErrorKind::MissingPart, input.len()));
    };
    Ok(Peek { encoding, namespace, header })
}

#[cfg(feature = "xml")]
fn peek_xml<'a>(input: &'a [u8], context: &mut Context, out: &mut Fragment<'a>) -> Result<(), Error> {
    let mut reader = crate::xml::reader::Reader::new(input, false, context)?;
    decode::document(&mut reader, Whole::Header, out)
}

/// The part of an input that is UTF-8.
#[cfg(feature = "xml")]
fn valid(input: &[u8]) -> &[u8] {
    match core::str::from_utf8(input) {
        Ok(_) => input,
        Err(error) => input.get(..error.valid_up_to()).unwrap_or_default(),
    }
}
