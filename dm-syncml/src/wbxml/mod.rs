//! The binary form: WBXML 1.0 to 1.3 read, 1.1 to 1.3 written.

pub(crate) mod reader;
pub(crate) mod tables;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::grammar::read::Context;
use crate::{Element, Error, Limits, Strictness, WbxmlOptions};

impl<'a> Element<'a> {
    /// The root of a WBXML document of its own, such as the bytes of Data with the Type
    /// `application/vnd.syncml.dmtnds+wbxml`. Nothing is guessed: call it where the Type says so.
    ///
    /// It is read leniently; what a strict decoder would refuse is not reported.
    ///
    /// ```
    /// use dm_syncml::{Element, Limits, Page, Tag};
    /// let document = b"\x02\x00\x00\x6A\x1B-//OMA//DTD-DM-DDF 1.2//EN\x00\x00\x02\x60\x77\x031.2\x00\x01\x01";
    /// let tree = Element::parse_wbxml(document, &Limits::DEFAULT)?;
    /// let version = tree.view().child(Tag::by_name(Page::DmDdf, "VerDTD").unwrap()).unwrap();
    /// assert_eq!((tree.name().local(), &*version.text()), (Some("MgmtTree"), "1.2"));
    /// # Ok::<(), dm_syncml::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever makes a message unreadable too, with the offset in these bytes; more levels than
    /// [`Limits::max_markup_depth`] or elements than [`Limits::max_elements`].
    #[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
    pub fn parse_wbxml(document: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let mut context = Context::new(Strictness::Lenient, limits);
        reader::Reader::new(document, &mut context)?.whole()
    }

    /// This element as a WBXML document of its own, with the public identifier of its page.
    ///
    /// # Errors
    /// [`NotEncodable`](crate::ErrorKind::NotEncodable) for a name without a token and for attributes,
    /// [`Character`](crate::ErrorKind::Character) for characters that XML does not have. The offset is the number of
    /// bytes written.
    #[cfg_attr(docsrs, doc(cfg(feature = "wbxml")))]
    pub fn to_wbxml(&self, options: &WbxmlOptions) -> Result<Vec<u8>, Error> {
        let mut document = Vec::new();
        writer::nested(&mut document, options, self.nodes())?;
        Ok(document)
    }
}
