//! What a device reports of its own accord: the alerts 1224 and 1226, and the queue in which they wait
//! (OMA-TS-DM_Protocol-V1_2 §8.7; §11 of the project's reference).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{Alert, AlertCode, CmdId, Encoding, Format, Item, Mark, Meta, StatusCode};

use crate::tree::dm1::{Content, Data, GenericAlert};
use crate::{Error, ErrorKind};

/// How many alerts wait at most, unless a queue is told otherwise.
pub const DEFAULT_ALERTS: usize = 256;

/// The two prefixes of a `Type`; what has neither is a reversed domain name.
const CONTENT_TYPE: &str = "Content-Type:";
const DOMAIN_NAME: &str = "Reversed-Domain-Name:";

/// The `Type` of the alert with which a Windows device says that it leaves management.
pub const UNENROLMENT: &str = "com.microsoft:mdm.unenrollment.userrequest";

/// An alert of a client: generic (1226), or a client event (1224).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ClientAlert {
    /// Which.
    pub kind: AlertKind,
    /// The Correlator of the Exec that it answers.
    pub correlator: Option<String>,
    /// What it reports; one Item at least.
    pub items: Vec<AlertItem>,
}

/// The two alerts of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum AlertKind {
    /// 1226.
    Generic,
    /// 1224.
    Event,
}

impl AlertKind {
    /// The alert's code.
    #[must_use]
    pub const fn code(self) -> AlertCode {
        match self {
            Self::Generic => AlertCode::GENERIC_ALERT,
            Self::Event => AlertCode::CLIENT_EVENT,
        }
    }

    /// What it is answered when its Type is not known: 415 for 1226, 406 for 1224 (§5).
    #[must_use]
    pub const fn unsupported(self) -> StatusCode {
        match self {
            Self::Generic => StatusCode::UNSUPPORTED_FORMAT,
            Self::Event => StatusCode::NOT_SUPPORTED,
        }
    }
}

/// One thing that is reported.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct AlertItem {
    /// The node that it is about: the address of a management object.
    pub source: Option<String>,
    /// How important it is; `None` is `informational`.
    pub mark: Option<String>,
    /// Type (mandatory, as it travels), Format and data.
    pub content: Content,
}

impl AlertItem {
    /// Data of this `Type`, such as `org.openmobilealliance.dm.firmwareupdate.download`, and Format `chr`.
    #[must_use]
    pub fn new(alert_type: impl Into<String>, data: impl Into<String>) -> Self {
        let content = Content::from(data.into()).with_type(alert_type).with_format("chr");
        Self { source: None, mark: None, content }
    }

    /// The same about this node.
    #[must_use]
    pub fn with_source(mut self, uri: impl Into<String>) -> Self {
        self.source = Some(uri.into());
        self
    }

    /// The same of this importance.
    #[must_use]
    pub fn with_mark(mut self, mark: Mark<'static>) -> Self {
        self.mark = Some(mark.as_str().to_owned());
        self
    }

    /// The same with other data and Format; the Type stays unless it has one.
    #[must_use]
    pub fn with_content(mut self, mut content: Content) -> Self {
        content.media_type = content.media_type.or(self.content.media_type);
        self.content = content;
        self
    }

    /// The Type without the prefix `Reversed-Domain-Name:` or `Content-Type:` and the white space that peers add:
    /// what to compare.
    #[must_use]
    pub fn alert_type(&self) -> &str {
        let text = self.content.media_type.as_deref().unwrap_or_default().trim();
        [DOMAIN_NAME, CONTENT_TYPE]
            .into_iter()
            .find_map(|prefix| {
                let (head, rest) = text.split_at_checked(prefix.len())?;
                head.eq_ignore_ascii_case(prefix).then(|| rest.trim_start())
            })
            .unwrap_or(text)
    }

    /// Whether it is what every alert has to be: of some Type.
    pub(crate) fn is_complete(&self) -> bool {
        !self.alert_type().is_empty()
    }

    /// Reads an Item of a message. One without Type or Data is kept as it is.
    pub(crate) fn from_item(item: &Item<'_>) -> Self {
        Self {
            source: item.source_uri().map(|uri| uri.as_str().to_owned()),
            mark: item.meta.as_ref().and_then(Meta::mark).map(|mark| mark.as_str().to_owned()),
            content: Content::from_item(item, None),
        }
    }

    fn to_item(&self, prefixed: bool, encoding: Encoding) -> Item<'static> {
        let mut item = self.source.as_ref().map_or_else(Item::new, |source| Item::source(source.clone()));
        let bare = self.alert_type();
        let as_it_is = self.content.media_type.as_deref().unwrap_or_default().trim();
        // What has a colon is no domain name: a URN, a URL, or a name of a maker's own making.
        let media_type = if prefixed && bare == as_it_is && !bare.contains(':') {
            alloc::format!("{DOMAIN_NAME} {bare}")
        } else {
            as_it_is.to_owned()
        };
        let mut content = Content { media_type: Some(media_type), ..self.content.clone() };
        // Format and Data have to be there.
        if content.format.is_none() && !matches!(content.data, Data::Bytes(_)) {
            content.format = Some("chr".to_owned());
        }
        item = super::convert::content_into_item(&content, item, encoding);
        item.data.get_or_insert_default();
        let informational = Mark::Informational;
        if let Some(mark) = self.mark.as_deref().filter(|mark| !mark.is_empty() && *mark != informational.as_str()) {
            let mark = Mark::from(dm_syncml::Str::from(mark.to_owned()));
            item.meta = Some(item.meta.take().unwrap_or_default().with_mark(mark));
        }
        item
    }
}

impl ClientAlert {
    /// A generic alert (1226).
    #[must_use]
    pub fn generic(item: AlertItem) -> Self {
        Self { kind: AlertKind::Generic, correlator: None, items: [item].into() }
    }

    /// A client event (1224).
    #[must_use]
    pub fn event(item: AlertItem) -> Self {
        Self { kind: AlertKind::Event, correlator: None, items: [item].into() }
    }

    /// The same with the Correlator of the Exec that it answers.
    #[must_use]
    pub fn with_correlator(mut self, correlator: impl Into<String>) -> Self {
        self.correlator = Some(correlator.into());
        self
    }

    /// The same with one more Item.
    #[must_use]
    pub fn with_item(mut self, item: AlertItem) -> Self {
        self.items.push(item);
        self
    }

    /// Whether a Windows device says with it that it leaves management, by its own or a server's wish. It is said
    /// once, not surely, and not that it is done.
    #[must_use]
    pub fn is_unenrolment(&self) -> bool {
        self.kind == AlertKind::Generic
            && self.items.iter().any(|item| item.alert_type().eq_ignore_ascii_case(UNENROLMENT))
    }

    /// The Alert of a message, its types with the prefix `Reversed-Domain-Name: ` where they have none, or as they are.
    pub(crate) fn to_alert(
        &self,
        cmd_id: impl Into<CmdId<'static>>,
        prefixed: bool,
        encoding: Encoding,
    ) -> Alert<'static> {
        let mut alert = Alert::new(cmd_id, self.kind.code());
        if let Some(correlator) = &self.correlator {
            alert = alert.with_correlator(correlator.clone());
        }
        self.items.iter().fold(alert, |alert, item| alert.with_item(item.to_item(prefixed, encoding)))
    }

    fn severity(&self) -> u8 {
        let rank =
            |item: &AlertItem| match item.mark.as_deref().map(|mark| Mark::from(dm_syncml::Str::from(mark.to_owned())))
            {
                Some(Mark::Fatal) => 6,
                Some(Mark::Critical) => 5,
                Some(Mark::Minor) => 4,
                Some(Mark::Warning) => 3,
                Some(Mark::Informational) | None => 2,
                Some(Mark::Harmless) => 1,
                Some(_) => 0,
            };
        self.items.iter().map(rank).max().unwrap_or(0)
    }
}

impl From<GenericAlert> for ClientAlert {
    fn from(alert: GenericAlert) -> Self {
        let content = Content::new(Data::Text(alert.data))
            .with_type(alert.alert_type)
            .with_format(Format::as_str(&alert.format).to_owned());
        let mark = (alert.mark != Mark::Informational).then(|| alert.mark.as_str().to_owned());
        let item = AlertItem { source: alert.source, mark, content };
        Self { kind: AlertKind::Generic, correlator: alert.correlator, items: [item].into() }
    }
}

/// Names one alert in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct AlertId(u64);

impl AlertId {
    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// The alerts of a device for one server, first in first out. A host keeps one for each account and saves it.
///
/// An alert leaves the queue when the server has answered it with any final status; a session that ends before hands
/// it back. The queue is bounded: when more wait than it holds, the oldest of the least severe gives way, but not one
/// that is in a message at that moment.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AlertQueue {
    alerts: Vec<Waiting>,
    capacity: usize,
    next_id: u64,
    dropped: u64,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Waiting {
    id: AlertId,
    alert: ClientAlert,
    /// MsgID and CmdID under which it was sent.
    sent: Option<(u32, String)>,
}

impl Default for AlertQueue {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_ALERTS)
    }
}

impl AlertQueue {
    /// An empty queue for [`DEFAULT_ALERTS`] alerts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty queue for `capacity` alerts, one at least.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { alerts: Vec::new(), capacity: capacity.max(1), next_id: 0, dropped: 0 }
    }

    /// Puts an alert at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] without an Item, or for an Item without a Type.
    pub fn push(&mut self, alert: ClientAlert) -> Result<AlertId, Error> {
        Self::check(&alert)?;
        Ok(self.add(alert))
    }

    /// The alerts, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (AlertId, &ClientAlert)> {
        self.alerts.iter().map(|waiting| (waiting.id, &waiting.alert))
    }

    /// How many alerts wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Whether no alert waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// How many alerts had to give way since the queue was made.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn check(alert: &ClientAlert) -> Result<(), Error> {
        if !alert.items.is_empty() && alert.items.iter().all(AlertItem::is_complete) {
            Ok(())
        } else {
            Err(ErrorKind::InvalidInput.into())
        }
    }

    /// Puts an alert at the end that was [checked](Self::check).
    pub(crate) fn add(&mut self, alert: ClientAlert) -> AlertId {
        let id = AlertId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.alerts.push(Waiting { id, alert, sent: None });
        while self.alerts.len() > self.capacity {
            let waiting = self.alerts.iter().enumerate().filter(|(_, waiting)| waiting.sent.is_none());
            let victim = waiting.min_by_key(|(_, waiting)| waiting.alert.severity());
            let Some((index, _)) = victim else { break };
            self.alerts.remove(index);
            self.dropped = self.dropped.saturating_add(1);
        }
        id
    }

    /// The oldest alert that is in no message.
    pub(crate) fn next(&self) -> Option<(AlertId, &ClientAlert)> {
        self.alerts.iter().find(|waiting| waiting.sent.is_none()).map(|waiting| (waiting.id, &waiting.alert))
    }

    /// The alert is in a message now, under this CmdID; its Status will say so.
    pub(crate) fn sent(&mut self, id: AlertId, msg_id: u32, cmd_id: String) {
        if let Some(waiting) = self.alerts.iter_mut().find(|waiting| waiting.id == id) {
            waiting.sent = Some((msg_id, cmd_id));
        }
    }

    /// The server has answered an alert with a final status: it leaves the queue.
    pub(crate) fn answered(&mut self, msg_ref: &str, cmd_ref: &str) -> Option<AlertId> {
        let index = self.alerts.iter().position(|waiting| {
            let Some((msg_id, cmd_id)) = &waiting.sent else { return false };
            cmd_id == cmd_ref && msg_ref.parse() == Ok(*msg_id)
        })?;
        Some(self.alerts.remove(index).id)
    }

    /// An alert cannot be delivered to this server, whatever is done.
    pub(crate) fn discard(&mut self, id: AlertId) {
        self.alerts.retain(|waiting| waiting.id != id);
    }

    /// All that was sent and not answered waits again: its message was refused, or the session is over.
    pub(crate) fn requeue(&mut self) {
        for waiting in &mut self.alerts {
            waiting.sent = None;
        }
    }

    /// Whether a restored queue can have come about by pushing.
    pub(crate) fn is_consistent(&self) -> bool {
        let ids = self.alerts.iter().map(|waiting| waiting.id);
        let ascending = ids.clone().zip(ids.clone().skip(1)).all(|(left, right)| left < right);
        self.capacity > 0
            && self.next_id <= u64::MAX / 2
            && ascending
            && ids.clone().next_back().is_none_or(|id| id.0 < self.next_id)
            && self.alerts.len() <= self.capacity
            && self.alerts.iter().all(|waiting| Self::check(&waiting.alert).is_ok())
    }
}

#[cfg(test)]
mod tests;
