//! What the grammar asks of a reader.

use alloc::vec::Vec;

use crate::names::{Page, Spec, Tag};
use crate::{Data, Declaration, Deviation, DeviationKind, Element, Error, Limits, Namespace, Span, Str, Strictness};

/// A source of elements.
///
/// The grammar predicts: it asks for the element that comes next in nearly every message, and the reader answers with
/// one comparison. Those are the methods of the first group. Each may decline at any time, for whatever reason; it has
/// then consumed nothing but white space between elements. What they accept, the methods of the second group accept
/// with the same result. Those are complete: they take every form, check everything and report deviations.
pub(crate) trait Read<'a> {
    /// An open element as its end has to know it; the default is one that [`open`](Self::open) opened.
    type Open: Copy + Default;

    /// Whether the namespace comes from a public id, which says a version of its own.
    const BINARY: bool = false;
    /// Bytes that a short command takes, for a guess at how many there are.
    const COMMAND_LEN: usize = 256;

    /// Whether the start of this element follows, in its plain form. Consumes it.
    fn open(&mut self, spec: &'static Spec) -> bool;
    /// Whether the end of this element follows, in its plain form. Consumes it. `open` is what opening it gave.
    fn close(&mut self, spec: &'static Spec, open: Self::Open) -> bool;
    /// The whole of this element, when it holds text in plain form and nothing else. Consumes it and sets
    /// [`span`](Self::span) to its content.
    fn leaf(&mut self, spec: &'static Spec) -> Option<Str<'a>>;
    /// The same when the text is put together from pieces or references, for the elements where that is common. Apart
    /// from [`leaf`](Self::leaf), so that a borrowed text stays in registers there.
    fn composed(&mut self, _: &'static Spec) -> Option<Str<'a>> {
        None
    }
    /// The whole of this element, when it holds bytes and nothing else. Consumes it.
    #[inline(always)]
    fn opaque(&mut self, _: &'static Spec) -> Option<Data<'a>> {
        None
    }
    /// Whether the whole of this element follows, with nothing in it. Consumes it.
    fn flag(&mut self, spec: &'static Spec) -> bool;

    /// The next element inside the innermost open one, or the end of that, which is consumed and checked. `open` is
    /// what opening it gave; `page` the space of names that children belong to.
    ///
    /// At the top level, with `None`, the end is the end of the input.
    fn next(&mut self, open: Option<(&'static Spec, Self::Open)>, page: Page) -> Result<Child<Self::Open>, Error>;
    /// The text in an element that [`next`](Self::next) just gave, as it is, up to and with its end. Sets
    /// [`span`](Self::span) to its content.
    fn text(&mut self, child: Started<Self::Open>) -> Result<Str<'a>, Error>;
    /// The content of a `Data` (or another element whose content is not always text) that [`next`](Self::next) just
    /// gave, up to and with its end.
    fn data(&mut self, child: Started<Self::Open>) -> Result<Data<'a>, Error>;
    /// All of an element that [`next`](Self::next) just gave, up to and with its end.
    fn element(&mut self, child: Started<Self::Open>) -> Result<Element<'a>, Error>;
    /// The namespace declarations with a prefix on the element that [`next`](Self::next) just gave.
    fn declarations(&mut self) -> Vec<Declaration<'a>>;

    /// The namespace of the root, or the version of the public id; known once [`next`](Self::next) gave the root.
    fn namespace(&self) -> Namespace<'a>;
    /// Bytes of the input.
    fn input_len(&self) -> usize;
    /// Where the next byte is.
    fn offset(&self) -> usize;
    /// Where the content of the last text stood.
    fn span(&self) -> Span;
    /// How strictly, how much, and what was let pass.
    fn context(&mut self) -> &mut Context;
    /// The same, to be looked at.
    fn limits(&self) -> &Limits;
}

/// What [`Read::next`] found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Child<O> {
    /// An element begins.
    Start(Started<O>),
    /// The innermost open element ended.
    End,
}

/// An element whose start was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started<O> {
    /// Which element of the code pages, or `None` for another, whose name the reader remembers until
    /// [`Read::element`] takes it.
    pub(crate) tag: Option<Tag>,
    /// For its end.
    pub(crate) open: O,
    /// Where it began.
    pub(crate) offset: usize,
}

/// How strictly one call decodes, how much it takes, and what it let pass.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) strictness: Strictness,
    pub(crate) limits: Limits,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) unlisted: usize,
    /// Whether to read without the fast way.
    #[cfg(feature = "fuzzing")]
    pub(crate) slow: bool,
}

impl Context {
    pub(crate) fn new(strictness: Strictness, limits: &Limits) -> Self {
        Self {
            strictness,
            limits: *limits,
            deviations: Vec::new(),
            unlisted: 0,
            #[cfg(feature = "fuzzing")]
            slow: false,
        }
    }

    /// Notes a deviation, or refuses it in strict mode.
    #[cold]
    pub(crate) fn deviate(&mut self, kind: DeviationKind, offset: usize) -> Result<(), Error> {
        if self.strictness == Strictness::Strict {
            return Err(Error::new(kind.into(), offset));
        }
        if self.deviations.len() < self.limits.max_deviations {
            self.deviations.push(Deviation::new(kind, offset));
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
        Ok(())
    }
}
