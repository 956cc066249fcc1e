//! Items of messages and what the tree reads and writes: Meta, Data, Base64, the size of Results.

use super::super::value::Format;
use super::operation::{Content, Data, ResultItem};
use super::value::is_xml_text;
use alloc::borrow::ToOwned;
use alloc::string::String;
use dm_syncml as syncml;
use dm_syncml::{Element, Encoding, Item, Limits, Meta};

impl Content {
    /// What an Item says: its Meta, element by element before that of its command, and its Data.
    ///
    /// Raw mark-up of XML becomes an [element](Data::Element) when it is a `MgmtTree`, and stays the text that it was
    /// when it is the value of a leaf.
    ///
    /// ```
    /// use dm_session::tree::dm1::{Content, Data};
    /// use dm_syncml::{Format, Item, Meta};
    ///
    /// let command = Meta::new().with_format(Format::Int).with_type("text/plain");
    /// let item = Item::target("./Vendor/N").with_meta(Meta::new().with_format(Format::Chr)).with_data("7");
    /// let content = Content::from_item(&item, Some(&command));
    /// assert_eq!((content.format.as_deref(), content.media_type.as_deref()), (Some("chr"), Some("text/plain")));
    /// assert_eq!(content.data, Data::Text("7".into()));
    /// ```
    #[must_use]
    pub fn from_item(item: &Item<'_>, command_meta: Option<&Meta<'_>>) -> Self {
        let metas = || [item.meta.as_ref(), command_meta].into_iter().flatten();
        Self {
            format: metas().find_map(Meta::format).map(|format| format.as_str().to_owned()),
            media_type: metas().find_map(Meta::type_).map(ToOwned::to_owned),
            data: item.data.as_ref().map_or(Data::None, Data::from_syncml),
        }
    }
}

impl Data {
    /// The same of a message's Data.
    #[must_use]
    pub fn from_syncml(data: &syncml::Data<'_>) -> Self {
        match &data.content {
            syncml::Content::Text(text) => Self::Text(text.as_str().to_owned()),
            syncml::Content::Opaque(bytes) => Self::Bytes(bytes.to_vec()),
            syncml::Content::Element(element) => Self::Element(Element::clone(element).into_owned()),
            syncml::Content::Markup(markup) => match markup.element(&Limits::DEFAULT) {
                Ok(element) if element.name().local() == Some("MgmtTree") || !markup.scope.is_empty() => {
                    Self::Element(element.into_owned())
                }
                _ => Self::Text(markup.xml.clone().into_owned()),
            },
            _ => Self::None,
        }
    }

    /// The Data of a message in that form, where it stands as it is.
    fn to_syncml(&self, encoding: Encoding) -> syncml::Data<'static> {
        match (self, encoding) {
            (Self::None, _) => syncml::Data::text(""),
            (Self::Text(text), _) => syncml::Data::text(text.clone()),
            (Self::Bytes(bytes), Encoding::Wbxml) => syncml::Data::opaque(bytes.clone()),
            (Self::Bytes(bytes), _) => syncml::Data::base64(bytes),
            (Self::Element(element), Encoding::Wbxml) => syncml::Data::element(element.clone()),
            // The text of it is escaped, which every reader understands.
            (Self::Element(element), _) => match element.to_xml() {
                Ok(text) => syncml::Data::text(text),
                Err(_) => syncml::Data::element(element.clone()),
            },
        }
    }

    /// Format and Data as they travel, of a value of this format.
    pub(crate) fn carried(&self, native: Format, encoding: Encoding) -> (Format, syncml::Data<'static>) {
        let xml = encoding != Encoding::Wbxml;
        match (self, native) {
            (Self::Bytes(bytes), Format::B64) => (Format::B64, syncml::Data::base64(bytes)),
            (Self::Bytes(bytes), Format::Bin) if xml => (Format::B64, syncml::Data::base64(bytes)),
            (Self::Text(text), Format::Bin) if xml => (Format::B64, syncml::Data::base64(text.as_bytes())),
            (Self::None, Format::Bin) if xml => (Format::B64, syncml::Data::text("")),
            // Bytes of a text format: text, if they are.
            (Self::Bytes(bytes), _) if xml => match core::str::from_utf8(bytes) {
                Ok(text) if is_xml_text(text) => (native, syncml::Data::text(text.to_owned())),
                _ => (Format::B64, syncml::Data::base64(bytes)),
            },
            // A text that XML cannot carry.
            (Self::Text(text), _) if xml && !is_xml_text(text) => (Format::B64, syncml::Data::base64(text.as_bytes())),
            (Self::Text(text), Format::Bin) => (Format::Bin, syncml::Data::opaque(text.clone().into_bytes())),
            (data, _) => (native, data.to_syncml(encoding)),
        }
    }
}

impl ResultItem {
    /// One without Meta and Data, as `?list=Struct` has it of a leaf.
    ///
    /// ```
    /// use dm_session::tree::{Format, dm1::{Data, ResultItem}};
    /// let item = ResultItem::new("./Vendor/N").with_format(Format::Int).with_data(Data::Text("7".into()));
    /// assert!(item.has_data);
    /// ```
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), format: None, media_type: None, data: Data::None, has_data: false }
    }

    /// The same with a `Format`.
    #[must_use]
    pub const fn with_format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The same with a `Type`.
    #[must_use]
    pub fn with_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// The same with a value; [`Data::None`] is an empty one.
    #[must_use]
    pub fn with_data(mut self, data: Data) -> Self {
        self.data = data;
        self.has_data = true;
        self
    }

    /// The Item of Results in a message of this form.
    ///
    /// Format and Type are left out where they are `chr` and `text/plain`. Bytes are Base64 text of Format `b64` in
    /// XML, and opaque of Format `bin` in WBXML; without Data (`?list=Struct`) the Format is that of the node. An
    /// element is escaped text in XML and stands as it is in WBXML.
    ///
    /// ```
    /// use dm_session::tree::dm1::{Command, Outcome, Request, Store};
    /// use dm_syncml::Encoding;
    ///
    /// fn items(store: &mut dyn Store, uri: &str) -> Vec<dm_syncml::Item<'static>> {
    ///     match store.apply(&Request::server("dm.example", Command::get(uri))) {
    ///         Outcome::Done(answer) => answer.results.iter().map(|item| item.to_item(Encoding::Xml)).collect(),
    ///         _ => Vec::new(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn to_item(&self, encoding: Encoding) -> Item<'static> {
        let native = self.format.unwrap_or(Format::Chr);
        let (format, data) = if self.has_data {
            let (format, data) = self.data.carried(native, encoding);
            (format, Some(data))
        } else {
            (native, None)
        };
        let mut meta = Meta::new();
        if format != Format::Chr {
            meta = meta.with_format(syncml::Format::borrowed(format.as_str()));
        }
        if let Some(media_type) = self.media_type.as_deref().filter(|media_type| *media_type != "text/plain") {
            meta = meta.with_type(media_type.to_owned());
        }
        let mut item = Item::source(self.source.clone());
        if !meta.is_empty() {
            item = item.with_meta(meta);
        }
        item.data = data;
        item
    }
}

/// The Items of Results that fit into a message with `budget` bytes left, and the rest, for Results of the next
/// message (same MsgRef and CmdRef). Cut between Items, never inside one; `size_of` says how many bytes an Item takes.
///
/// Nothing fits while something is left: the first of the rest is larger than the budget by itself. With the budget
/// of an empty message that Item is to be a large object, or to be left out and its Get answered 413.
///
/// ```
/// use dm_session::tree::dm1::{ResultItem, split_results};
///
/// fn next<'a>(items: &'a [ResultItem], budget: usize) -> (&'a [ResultItem], &'a [ResultItem]) {
///     split_results(items, budget, |item| item.data.len() + item.source.len() + 100)
/// }
/// assert!(next(&[], 10).0.is_empty());
/// ```
#[must_use]
pub fn split_results(
    items: &[ResultItem],
    budget: usize,
    size_of: impl Fn(&ResultItem) -> usize,
) -> (&[ResultItem], &[ResultItem]) {
    let mut left = budget;
    let mut fits = 0_usize;
    for item in items {
        match left.checked_sub(size_of(item)) {
            Some(rest) => left = rest,
            None => break,
        }
        fits = fits.saturating_add(1);
    }
    items.split_at_checked(fits).unwrap_or((items, &[]))
}
