//! What came of commands, and what the tree holds, compared with what a row expects.

use super::Failure;
use crate::tree::Format;
use crate::tree::dm1::{self, Answer, Command, Content, Data, Principal, ResultItem};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::{Encoding, StatusCode};

/// Why a row ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The factory has no such store.
    Skipped,
    /// It is over.
    Failed(Box<Failure>),
}

impl Stop {
    pub(crate) fn new(step: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure { row: "", step: step.into(), expected: expected.into(), got: got.into() }))
    }
}

/// A step of a row.
pub(crate) type Step<T = ()> = Result<T, Stop>;

/// What an Atomic came to.
pub(crate) struct Atomic {
    pub(crate) step: String,
    /// All of it.
    pub(crate) result: dm1::Atomic,
}

impl Atomic {
    /// The statuses of the Atomic and of its commands are these.
    pub(crate) fn statuses(self, status: u32, children: &[u32]) -> Step<Self> {
        let dm1::Atomic { status: got, children: have, .. } = &self.result;
        if got.code() == status && have.iter().map(|child| child.code()).eq(children.iter().copied()) {
            return Ok(self);
        }
        let got = format!("{got} and {have:?}");
        Err(Stop::new(self.step, format!("{status} and {children:?}"), got))
    }
}

/// What a command came to.
pub(crate) struct Got {
    pub(crate) step: String,
    /// The Source that the one result must have.
    pub(crate) requested: Option<String>,
    pub(crate) encoding: Encoding,
    pub(crate) answer: Step<Answer>,
}

impl Got {
    /// The status is this one; one result for a plain Get, or for a property, with the URI of the request; none for
    /// what failed.
    pub(crate) fn status(self, status: u32) -> Step<Self> {
        let Self { step, requested, encoding, answer } = self;
        let answer = answer?;
        if answer.status.code() != status {
            return Err(Stop::new(step, status.to_string(), rendered(&answer)));
        }
        if !is_success(answer.status) && !answer.results.is_empty() {
            return Err(Stop::new(step, "no results", rendered(&answer)));
        }
        if let (Some(uri), 200) = (&requested, status) {
            let fits = |item: &ResultItem| {
                item.source == *uri
                    && (!uri.contains("?prop=") || (item.format, item.media_type.as_ref()) == (None, None))
            };
            if answer.results.len() != 1 || !answer.results.iter().all(fits) {
                return Err(Stop::new(step, format!("one Item with Source {uri}"), rendered(&answer)));
            }
        }
        Ok(Self { step, requested, encoding, answer: Ok(answer) })
    }

    /// The answer.
    pub(crate) fn answer(self) -> Step<Answer> {
        self.answer
    }

    /// The only Item.
    pub(crate) fn item(&self) -> Step<&ResultItem> {
        match self.answer.as_ref().map(|answer| &*answer.results) {
            Ok([item]) => Ok(item),
            Ok(items) => Err(self.fails("one Item", format!("{items:?}"))),
            Err(_) => Err(self.fails("one Item", "no answer")),
        }
    }

    /// All Items.
    pub(crate) fn items(&self) -> &[ResultItem] {
        self.answer.as_ref().map_or(&[], |answer| &answer.results)
    }

    /// The text of the only Item.
    pub(crate) fn text(&self) -> Step<String> {
        let item = self.item()?;
        match text_of(&item.data) {
            Some(text) if item.has_data => Ok(text.to_owned()),
            _ => Err(self.fails("text", shown(item))),
        }
    }

    /// The only Item has this text; empty for `<Data/>`.
    pub(crate) fn value(self, text: &str) -> Step<Self> {
        if self.text()? == text {
            return Ok(self);
        }
        Err(self.fails(&format!("{text:?}"), shown(self.item()?)))
    }

    /// The only Item travels so, in the form of the message.
    pub(crate) fn wire(self, expected: &Content) -> Step<Self> {
        let item = Content::from_item(&self.item()?.to_item(self.encoding), None);
        if item == *expected {
            return Ok(self);
        }
        Err(self.fails(&format!("{expected:?}"), format!("{item:?}")))
    }

    /// The only Item has these bytes, in the form that they travel in.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Step<Self> {
        let expected = match self.encoding {
            Encoding::Wbxml => Data::Bytes(bytes.to_vec()),
            _ => Data::from_syncml(&dm_syncml::Data::base64(bytes)),
        };
        let item = self.item()?;
        if Content::from_item(&item.to_item(self.encoding), None).data == expected {
            return Ok(self);
        }
        Err(self.fails(&format!("bytes {bytes:?}"), shown(item)))
    }

    /// The only Item has this Format and Type.
    pub(crate) fn meta(self, format: Option<Format>, media_type: Option<&str>) -> Step<Self> {
        let item = self.item()?;
        if item.format == format && item.media_type.as_deref() == media_type {
            return Ok(self);
        }
        Err(self.fails(&format!("Meta {format:?} {media_type:?}"), shown(item)))
    }

    /// The only Item has no Meta.
    pub(crate) fn no_meta(self) -> Step<Self> {
        self.meta(None, None)
    }

    /// The only Item has this Source.
    pub(crate) fn source(self, uri: &str) -> Step<Self> {
        let item = self.item()?;
        if item.source == uri {
            return Ok(self);
        }
        Err(self.fails(&format!("Source {uri}"), shown(item)))
    }

    /// The only Item is the child list of an interior node with these names.
    pub(crate) fn names(self, expected: &[&str]) -> Step<Self> {
        self.meta(Some(Format::Node), None)?.value(&expected.join("/"))
    }

    /// The Items are these, in this order.
    pub(crate) fn sources(self, uris: &[&str]) -> Step<Self> {
        if self.items().iter().map(|item| &*item.source).eq(uris.iter().copied()) {
            return Ok(self);
        }
        let got: Vec<&str> = self.items().iter().map(|item| &*item.source).collect();
        Err(self.fails(&format!("{uris:?}"), format!("{got:?}")))
    }

    /// The node above the addressed one that could not be created is this one.
    pub(crate) fn failed_at(self, uri: Option<&str>) -> Step<Self> {
        let failed_at = self.answer.as_ref().ok().and_then(|answer| answer.failed_at.as_deref());
        if failed_at == uri {
            return Ok(self);
        }
        Err(self.fails(&format!("failed at {uri:?}"), format!("{failed_at:?}")))
    }

    /// The end of a row here.
    pub(crate) fn fails(&self, expected: &str, got: impl Into<String>) -> Stop {
        Stop::new(&*self.step, expected, got)
    }
}

/// What a tree holds: of each node the value and the properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) nodes: BTreeMap<String, Vec<(&'static str, String)>>,
}

impl Snapshot {
    /// Whether the other one is equal; else the first difference.
    pub(crate) fn compare(&self, step: &str, after: &Self) -> Step {
        let fail =
            |uri: &str, expected: String, got: String| Err(Stop::new(format!("{step}, then {uri}"), expected, got));
        for (uri, seen) in &self.nodes {
            let Some(now) = after.nodes.get(uri) else { return fail(uri, "unchanged".to_owned(), "gone".to_owned()) };
            for ((what, before), (_, now)) in seen.iter().zip(now) {
                if before != now {
                    return fail(uri, format!("{what} still {before}"), now.clone());
                }
            }
        }
        match after.nodes.keys().find(|uri| !self.nodes.contains_key(*uri)) {
            Some(uri) => fail(uri, "nothing".to_owned(), "a node".to_owned()),
            None => Ok(()),
        }
    }

    /// What it shows of a node: `value` or the name of a property.
    pub(crate) fn of(&self, uri: &str, what: &str) -> Option<&str> {
        let (_, text) = self.nodes.get(uri)?.iter().find(|(name, _)| *name == what)?;
        Some(text)
    }

    /// The same without these properties.
    pub(crate) fn without(mut self, properties: &[&str]) -> Self {
        for seen in self.nodes.values_mut() {
            seen.retain(|(name, _)| !properties.contains(name));
        }
        self
    }

    /// The same without a node and what is below it.
    pub(crate) fn without_node(mut self, uri: &str) -> Self {
        self.nodes.retain(|other, _| !is_at_or_below(other, uri));
        self
    }

    /// The same with only a node and what is below it.
    pub(crate) fn only(mut self, uri: &str) -> Self {
        self.nodes.retain(|other, _| is_at_or_below(other, uri));
        self
    }

    /// URIs of all nodes.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }
}

pub(crate) fn is_success(status: StatusCode) -> bool {
    (200..300).contains(&status.code())
}

pub(crate) fn is_at_or_below(uri: &str, top: &str) -> bool {
    uri.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) fn name_of(principal: &Principal) -> &str {
    match principal {
        Principal::Server(id) => id,
        Principal::Local => "the device",
        Principal::Bootstrap => "a bootstrap",
    }
}

pub(crate) fn describe(principal: &Principal, command: &Command) -> String {
    let what = match command {
        Command::Add { uri, content } => format!("Add {uri} {content:?}"),
        Command::Replace { uri, content } => format!("Replace {uri} {content:?}"),
        Command::Delete { uri } => format!("Delete {uri}"),
        Command::Copy { source, target } => format!("Copy {source} to {target}"),
        Command::Get { uri, .. } => format!("Get {uri}"),
        Command::Exec { uri, .. } => format!("Exec {uri}"),
        Command::Check { uri, add, .. } => format!("{} {uri}, first chunk", if *add { "Add" } else { "Replace" }),
        Command::Begin => "begin".to_owned(),
        Command::Commit => "commit".to_owned(),
        Command::Rollback => "roll back".to_owned(),
    };
    format!("{} {what}", name_of(principal))
}

/// The text of data; `None` if it is something else.
pub(crate) fn text_of(data: &Data) -> Option<&str> {
    match data {
        Data::None => Some(""),
        Data::Text(text) => Some(text),
        Data::Bytes(_) | Data::Element(_) => None,
    }
}

/// The names in a child list.
pub(crate) fn names(item: &ResultItem) -> impl Iterator<Item = &str> {
    text_of(&item.data).unwrap_or_default().split('/').filter(|name| !name.is_empty())
}

pub(crate) fn shown(item: &ResultItem) -> String {
    let data = match &item.data {
        Data::None => String::new(),
        Data::Text(text) => format!("{text:?}"),
        Data::Bytes(bytes) => format!("{bytes:?}"),
        Data::Element(_) => "an element".to_owned(),
    };
    format!("{} {:?} {:?} {data}", item.source, item.format, item.media_type)
}

pub(crate) fn rendered(answer: &Answer) -> String {
    let items: Vec<String> = answer.results.iter().map(shown).collect();
    let failed_at = answer.failed_at.as_deref().map_or_else(String::new, |uri| format!(" at {uri}"));
    format!("{}{failed_at} [{}]", answer.status, items.join(", "))
}
