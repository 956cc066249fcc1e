//! Alerts on their way to a server, and the executions whose results they report.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use dm_package::{Alert, Json, Package3, StatusCode};

use crate::{Error, ErrorKind};

/// How many alerts wait at most for one destination, unless a queue is told otherwise (§6.4).
pub const DEFAULT_ALERTS: usize = 256;

/// How many destinations an [`Outbox`] holds at most.
const MAX_DESTINATIONS: usize = 256;

/// `AlertType` of the generic report of an asynchronous EXEC (OUR DECISION: the standard leaves type
/// and data to each MO; [`ExecResult`] carries an alert of the MO's own kind instead).
pub const EXEC_RESULT: &str = "urn:oma:at:dm:2.0:ExecResult";

/// Bytes that one alert takes in a package at most: a quarter of what a package may have, as
/// `dm_package::Limits` bounds it.
const MAX_ALERT_LEN: usize = 256 << 10;

/// Alerts for one destination, first in first out (`OMA-TS-DM_Protocol-V2_0 §5.4`).
///
/// An alert leaves the queue when the package that carried it was answered with a valid Package#2;
/// until then it is kept, and a session that ends early hands it back. The queue is bounded: when
/// more wait than it holds, the oldest of the least severe `Mark` gives way. What is in a package at
/// that moment neither counts nor gives way.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AlertQueue {
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::alerts"))]
    alerts: Vec<Alert<'static>>,
    /// How many of them, from the front, are in a package that is not answered yet.
    in_transit: usize,
    capacity: usize,
    dropped: u64,
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
        Self { alerts: Vec::new(), in_transit: 0, capacity: capacity.max(1), dropped: 0 }
    }

    /// Puts an alert at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when the wire form cannot carry the alert, for example Data
    /// without DataType; when it is one of the session-start alerts, which a session writes by
    /// itself; or when it takes more than 256 KiB.
    pub fn push(&mut self, alert: Alert<'static>) -> Result<(), Error> {
        Self::check(&alert)?;
        self.add(alert);
        Ok(())
    }

    /// The alerts, oldest first, those in transit included.
    pub fn iter(&self) -> impl Iterator<Item = &Alert<'static>> {
        self.alerts.iter()
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
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Marks the oldest alerts as being in the package that now leaves, and lists them: as many as
    /// have room in `bytes` and `count`. The others wait for the package after it.
    pub(crate) fn send(&mut self, bytes: usize, count: usize) -> &[Alert<'static>] {
        let mut left = bytes.max(MAX_ALERT_LEN);
        let fits = |alert: &&Alert<'static>| match left.checked_sub(encoded_len(alert).unwrap_or(0)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        self.in_transit = self.alerts.iter().take(count.max(1)).take_while(fits).count();
        self.alerts.get(..self.in_transit).unwrap_or_default()
    }

    /// The package was answered: what was in it is delivered.
    pub(crate) fn confirm(&mut self) {
        self.alerts.drain(..self.in_transit.min(self.alerts.len()));
        self.in_transit = 0;
    }

    /// The package was not answered: what was in it waits again, in its old place.
    pub(crate) fn requeue(&mut self) {
        self.in_transit = 0;
        self.trim();
    }

    /// Whether a package can carry the alert.
    pub(crate) fn check(alert: &Alert<'static>) -> Result<(), Error> {
        match encoded_len(alert) {
            Some(len) if len <= MAX_ALERT_LEN && alert.session_start().is_none() => Ok(()),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    /// Whether a restored queue can have come about by pushing.
    pub(crate) fn is_consistent(&self) -> bool {
        self.in_transit <= self.alerts.len()
            && self.capacity > 0
            && self.waiting() <= self.capacity
            && self.alerts.iter().all(|alert| Self::check(alert).is_ok())
    }

    /// Puts an alert at the end that was [checked](Self::check).
    pub(crate) fn add(&mut self, alert: Alert<'static>) {
        self.alerts.push(alert);
        self.trim();
    }

    fn waiting(&self) -> usize {
        self.alerts.len().saturating_sub(self.in_transit)
    }

    /// The oldest alerts of the least severe mark give way until the rest has room.
    fn trim(&mut self) {
        while self.waiting() > self.capacity {
            let waiting = self.alerts.iter().enumerate().skip(self.in_transit);
            // Marks order by severity; of equals, the first.
            let victim = waiting.min_by_key(|(_, alert)| alert.effective_mark());
            let Some((index, _)) = victim else { return };
            self.alerts.remove(index);
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

/// What an alert adds to a package, in bytes; `None` when none can carry it.
fn encoded_len(alert: &Alert<'static>) -> Option<usize> {
    let package = Package3 { alerts: alloc::vec![alert.clone()], ..Package3::default() };
    package.encoded_len().ok()
}

/// Where alerts go: a server's own endpoint, or the ServerURI that an EXEC named for its report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Destination {
    /// `SrvID` of the server.
    pub server_id: String,
    /// The ServerURI of the EXEC; `None` for the endpoint of the server's account.
    pub server_uri: Option<String>,
}

/// What an EXEC started: keep it until the work is done, over sessions and restarts if need be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Execution {
    /// Where the result is reported when it comes later.
    pub destination: Destination,
    /// The resolved ClientURI of the node.
    pub client_uri: String,
}

impl Execution {
    /// Whether the result must come later, in a session of its own: the EXEC named a ServerURI.
    #[must_use]
    pub fn must_defer(&self) -> bool {
        self.destination.server_uri.is_some()
    }

    /// The alert that reports `result`.
    #[must_use]
    pub fn report(&self, result: ExecResult) -> Alert<'static> {
        let alert = match result.alert {
            Some(alert) => alert,
            None => Alert::new(EXEC_RESULT).with_data("application/json", exec_data(result.status)),
        };
        if alert.source_uri.is_some() { alert } else { alert.with_source_uri(self.client_uri.clone()) }
    }
}

/// `Data` of the generic report: `{"sc":<final>}`.
fn exec_data(status: StatusCode) -> Json<'static> {
    Json::parse(&format!("{{\"sc\":{}}}", status.as_u16())).map_or_else(|_| Json::null(), Json::into_owned)
}

/// The final status that the generic report of an EXEC carries, if `alert` is one.
pub(crate) fn exec_status(alert: &Alert<'_>) -> Option<StatusCode> {
    let code = alert.data.as_ref()?.get("sc")?.as_i64()?;
    StatusCode::new(u16::try_from(code).ok()?)
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecResult {
    /// The final status.
    pub status: StatusCode,
    /// The alert of the MO's own kind (SCOMO, FUMO, …) for a result that comes later; `None` for the
    /// generic one, [`EXEC_RESULT`].
    pub alert: Option<Alert<'static>>,
}

impl From<StatusCode> for ExecResult {
    fn from(status: StatusCode) -> Self {
        Self { status, alert: None }
    }
}

/// The alerts of a device between its sessions, by destination. A host keeps one and saves it.
///
/// [`lend`](Self::lend) a queue to a session that starts; when it has closed,
/// [`settle`](Self::settle) what it hands back, or [`release`](Self::release) it if no session came
/// of it. The outbox keeps its own copy until then, so that these alerts survive a process that dies
/// in between; an alert that is raised in a session is only in that session until it ends.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored", into = "Stored"))]
pub struct Outbox {
    queues: BTreeMap<Destination, Kept>,
}

#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Kept {
    queue: AlertQueue,
    lent: Option<Lent>,
}

/// What a running session got.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Lent {
    /// This many alerts, from the front.
    alerts: usize,
    /// As many had given way before.
    dropped: u64,
}

/// The stored form of an [`Outbox`].
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(with = "crate::wire::pairs")]
    queues: BTreeMap<Destination, Kept>,
}

#[cfg(feature = "serde")]
impl From<Outbox> for Stored {
    fn from(outbox: Outbox) -> Self {
        Self { queues: outbox.queues }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Outbox {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self, Error> {
        let usable = stored.queues.len() <= MAX_DESTINATIONS && stored.queues.values().all(Kept::is_consistent);
        if usable { Ok(Self { queues: stored.queues }) } else { Err(ErrorKind::InvalidSnapshot.into()) }
    }
}

impl Outbox {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an alert into the queue for `destination`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] as [`AlertQueue::push`]; [`ErrorKind::LimitExceeded`] when alerts
    /// wait for 256 other destinations.
    pub fn push(&mut self, destination: Destination, alert: Alert<'static>) -> Result<(), Error> {
        if !self.queues.contains_key(&destination) && self.queues.len() >= MAX_DESTINATIONS {
            return Err(ErrorKind::LimitExceeded.into());
        }
        AlertQueue::check(&alert)?;
        self.queues.entry(destination).or_default().add(alert);
        Ok(())
    }

    /// Reports the result of an execution that went on after its session.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn report(&mut self, execution: &Execution, result: ExecResult) -> Result<(), Error> {
        self.push(execution.destination.clone(), execution.report(result))
    }

    /// A copy of the queue for `destination`, for a session that starts; `None` while another session
    /// has it, because the alerts would be sent twice.
    #[must_use]
    pub fn lend(&mut self, destination: &Destination) -> Option<AlertQueue> {
        if !self.queues.contains_key(destination) && self.queues.len() >= MAX_DESTINATIONS {
            return Some(AlertQueue::default());
        }
        let kept = self.queues.entry(destination.clone()).or_default();
        if kept.lent.is_some() {
            return None;
        }
        kept.lent = Some(Lent { alerts: kept.queue.len(), dropped: kept.queue.dropped });
        Some(kept.queue.clone())
    }

    /// Takes back what a session left over. Alerts pushed meanwhile follow it.
    pub fn settle(&mut self, destination: &Destination, mut left: AlertQueue) {
        left.requeue();
        if let Some(kept) = self.queues.remove(destination) {
            let lent = kept.lent.unwrap_or(Lent { alerts: 0, dropped: kept.queue.dropped });
            let dropped_meanwhile = kept.queue.dropped.saturating_sub(lent.dropped);
            left.dropped = left.dropped.saturating_add(dropped_meanwhile);
            for alert in kept.queue.alerts.into_iter().skip(lent.alerts) {
                left.add(alert);
            }
        }
        if !left.is_empty() {
            self.queues.insert(destination.clone(), Kept { queue: left, lent: None });
        }
    }

    /// No session came of what was lent: nothing was sent.
    pub fn release(&mut self, destination: &Destination) {
        if let Some(kept) = self.queues.get_mut(destination) {
            kept.lent = None;
            kept.queue.trim();
            if kept.queue.is_empty() {
                self.queues.remove(destination);
            }
        }
    }

    /// The destinations for which alerts wait and no session runs.
    pub fn waiting(&self) -> impl Iterator<Item = &Destination> {
        self.queues.iter().filter(|(_, kept)| kept.lent.is_none() && !kept.queue.is_empty()).map(|(to, _)| to)
    }

    /// The queue for `destination`, what a running session has a copy of included.
    #[must_use]
    pub fn queue(&self, destination: &Destination) -> Option<&AlertQueue> {
        self.queues.get(destination).map(|kept| &kept.queue)
    }

    /// [`release`](Self::release)s every queue, after a restart. Not for destinations whose session goes on
    /// from a snapshot: that one has its copy still, and settles it.
    pub fn reclaim(&mut self, mut goes_on: impl FnMut(&Destination) -> bool) {
        let ended: Vec<Destination> = self.queues.keys().filter(|to| !goes_on(to)).cloned().collect();
        for destination in ended {
            self.release(&destination);
        }
    }
}

impl Kept {
    fn add(&mut self, alert: Alert<'static>) {
        // What is lent is like what is in transit: the session has it already.
        self.queue.in_transit = self.lent.map_or(0, |lent| lent.alerts);
        self.queue.add(alert);
        self.queue.in_transit = 0;
    }

    #[cfg(feature = "serde")]
    fn is_consistent(&self) -> bool {
        let lent = self.lent.map_or(0, |lent| lent.alerts);
        let as_sent = AlertQueue { in_transit: lent, ..self.queue.clone() };
        self.queue.in_transit == 0 && as_sent.is_consistent()
    }
}
