//! What the grammar asks of a writer.

use crate::names::{Spec, spec};
use crate::{Data, Declaration, Element, Error, Namespace};

/// A destination of elements, in the order of the DTD. Every method appends; what cannot be carried is refused, and the
/// entry points take back what was written.
pub(crate) trait Write {
    /// The head of the document and the start of its root.
    fn begin(&mut self, namespace: &Namespace<'_>) -> Result<(), Error>;
    /// The start of an element that has children.
    fn start(&mut self, spec: &'static Spec) -> Result<(), Error>;
    /// The same with namespace declarations, which WBXML has no place for.
    fn start_declaring(&mut self, spec: &'static Spec, declarations: &[Declaration<'_>]) -> Result<(), Error>;
    /// The end of the innermost open element.
    fn end(&mut self, spec: &'static Spec) -> Result<(), Error>;
    /// An element without content.
    fn flag(&mut self, spec: &'static Spec) -> Result<(), Error>;
    /// An element with a text, which may be empty.
    fn leaf(&mut self, spec: &'static Spec, text: &str) -> Result<(), Error>;
    /// An element, as a rule `Data`, with whatever it holds and its attributes.
    fn data(&mut self, spec: &'static Spec, data: &Data<'_>) -> Result<(), Error>;
    /// The start of a command and its CmdID, which is not empty.
    #[inline(always)]
    fn command(&mut self, spec: &'static Spec, id: &str) -> Result<(), Error> {
        self.start(spec)?;
        self.leaf(spec::CMD_ID, id)
    }
    /// The whole of an item as nearly all are, when the writer has a short way for it: what the methods above would
    /// write, in fewer steps. It may decline, and has then written nothing.
    #[inline(always)]
    fn plain_item(&mut self, item: &PlainItem<'_>) -> Result<bool, Error> {
        let _ = item;
        Ok(false)
    }
    /// The whole of a command with one such item and nothing else but its CmdID, in the same way.
    #[inline(always)]
    fn plain_operation(&mut self, spec: &'static Spec, id: &str, item: &PlainItem<'_>) -> Result<bool, Error> {
        let _ = (spec, id, item);
        Ok(false)
    }
    /// Called once after everything.
    #[inline(always)]
    fn finish(&mut self) {}
    /// An element outside the model.
    fn element(&mut self, element: &Element<'_>) -> Result<(), Error>;
    /// Bytes written by this call so far, for errors.
    fn written(&self) -> usize;
}

/// An item of a Target without a name, with or without a Meta of Format and Type, with or without text or bytes
/// for Data. Nothing is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainItem<'i> {
    pub(crate) uri: &'i str,
    pub(crate) meta: Option<(&'i str, &'i str)>,
    pub(crate) data: Option<PlainData<'i>>,
}

/// Data of a [`PlainItem`], without attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PlainData<'i> {
    Text(&'i str),
    Bytes(&'i [u8]),
}
