//! What the grammar asks of a writer.

use crate::names::Spec;
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
    /// An element outside the model.
    fn element(&mut self, element: &Element<'_>) -> Result<(), Error>;
    /// Bytes written by this call so far, for errors.
    fn written(&self) -> usize;
}
