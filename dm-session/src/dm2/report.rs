//! The subscription reporter: what SUB asked for, outside any session (§5.3, §14).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::client::{Action, EffectId, Event};
use super::config::ClientConfig;
use super::transfer::{Progress, Repositories, Surroundings, Transfer};
use crate::effect::Effects;
use crate::http::Method;
use crate::tree::{Operation, Outcome};
use crate::{Error, ErrorKind, Timestamp};

/// Changes within this span are reported together (OUR DECISION: at least a second).
pub const COALESCE: Duration = Duration::from_secs(1);

/// Reports changes below subscribed nodes to one server's repositories: an HTTP PUT of the subtree
/// for each change, changes of one second together, another format once after a 415.
///
/// It speaks in the [`Action`]s and [`Event`]s of the client: `Manage`, `Transfer` and `Cancel`;
/// `Managed`, `Transferred`, `Failed` and `Tick`. A report that fails is dropped until the next
/// change. The rights of the server are checked by the tree at each report.
#[derive(Clone, Debug)]
pub struct Reporter {
    config: ClientConfig,
    now: Timestamp,
    repositories: Repositories,
    /// By the text of the subscribed ClientURI.
    reports: BTreeMap<String, Report>,
    effects: Effects<Action>,
}

#[derive(Clone, Debug)]
struct Report {
    server_uri: String,
    stage: Stage,
    /// A further change came while this one was being reported.
    again: Option<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Changed,
    /// The instance is gone: the last report is empty.
    Removed,
}

#[derive(Clone, Debug)]
enum Stage {
    Waiting { due: Timestamp, change: Change },
    Reading { id: EffectId },
    Sending(Transfer),
}

impl Reporter {
    /// A reporter for the subscriptions of one server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] as [`Client::start`](super::Client::start).
    pub fn start(config: ClientConfig, now: Timestamp) -> Result<Self, Error> {
        config.check()?;
        Ok(Self {
            config,
            now,
            repositories: Repositories::default(),
            reports: BTreeMap::new(),
            effects: Effects::default(),
        })
    }

    /// Something below the subscribed `uri` has changed; with `removed` the whole instance is gone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`] when reports for [`Limits::max_reports`](super::Limits::max_reports)
    /// other subscriptions are under way.
    pub fn changed(&mut self, now: Timestamp, uri: &str, server_uri: &str, removed: bool) -> Result<(), Error> {
        let full = self.reports.len() >= self.config.limits.max_reports;
        if full && !self.reports.contains_key(uri) {
            return Err(ErrorKind::LimitExceeded.into());
        }
        self.now = self.now.max(now);
        let change = if removed { Change::Removed } else { Change::Changed };
        let report = self.reports.entry(uri.into()).or_insert_with(|| Report {
            server_uri: String::new(),
            stage: Stage::Waiting { due: self.now.after(COALESCE), change },
            again: None,
        });
        report.server_uri = server_uri.into();
        match &mut report.stage {
            Stage::Waiting { change: waiting, .. } => *waiting = change,
            Stage::Reading { .. } | Stage::Sending(_) => report.again = Some(change),
        }
        Ok(())
    }

    /// The subscription is gone: nothing more is reported for it, not even what waits.
    pub fn cancel(&mut self, uri: &str) {
        if let Some(report) = self.reports.remove(uri)
            && let Some(id) = report.stage.open()
        {
            self.effects.cancel(id);
        }
    }

    /// Tells the machine what happened.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ApiMisuse`] when the event answers nothing that is open; nothing has changed then.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        if event == Event::Tick {
            self.now = self.now.max(now);
            self.tick();
            return Ok(());
        }
        let open = self.reports.iter().find(|(_, report)| report.stage.awaits(&event)).map(|(uri, _)| uri.clone());
        let open = open.filter(|_| event.id().is_none_or(|id| self.effects.was_polled(id)));
        let Some((uri, mut report)) = open.and_then(|uri| self.reports.remove_entry(&uri)) else {
            return Err(ErrorKind::ApiMisuse.into());
        };
        self.now = self.now.max(now);
        let next = match (mem::replace(&mut report.stage, Stage::idle()), event) {
            (Stage::Reading { .. }, Event::Managed { outcome, .. }) => self.read(&report.server_uri, outcome),
            (Stage::Sending(transfer), event) => match transfer.answer(event, &mut self.surroundings()) {
                Progress::Again(transfer) => Some(Stage::Sending(transfer)),
                Progress::Done(_) | Progress::Failed(_) => None,
            },
            _ => None,
        };
        self.proceed(uri, report, next);
        Ok(())
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.effects.poll()
    }

    /// When to send the next [`Event::Tick`]; `None` when nothing waits for time to pass.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.reports.values().filter_map(|report| report.stage.deadline()).min()
    }

    fn tick(&mut self) {
        let now = self.now;
        let due = |report: &Report| report.stage.deadline().is_some_and(|deadline| now >= deadline);
        let uris: Vec<String> =
            self.reports.iter().filter(|(_, report)| due(report)).map(|(uri, _)| uri.clone()).collect();
        for uri in uris {
            let Some(mut report) = self.reports.remove(&uri) else { continue };
            let next = match mem::replace(&mut report.stage, Stage::idle()) {
                Stage::Waiting { change: Change::Removed, .. } => self.upload(&report.server_uri, Vec::new()),
                Stage::Waiting { change: Change::Changed, .. } => {
                    let server_id = self.config.account.server_id.clone();
                    let operation = Operation::Read { server_id, uris: alloc::vec![uri.clone()] };
                    let id = self.effects.begin(|id| Action::Manage { id, operation });
                    Some(Stage::Reading { id })
                }
                Stage::Sending(transfer) => {
                    self.effects.cancel(transfer.id);
                    None
                }
                stage @ Stage::Reading { .. } => Some(stage),
            };
            self.proceed(uri, report, next);
        }
    }

    /// The tree's answer: what to send, or nothing where the server may not read any more.
    fn read(&mut self, server_uri: &str, outcome: Outcome) -> Option<Stage> {
        match outcome {
            Outcome::Data(items) => self.upload(server_uri, items),
            Outcome::Status(dm_package::StatusCode::NOT_FOUND) => self.upload(server_uri, Vec::new()),
            _ => None,
        }
    }

    fn upload(&mut self, server_uri: &str, items: Vec<dm_package::MoItem<'static>>) -> Option<Stage> {
        let transfer = Transfer::upload(Method::Put, server_uri, items, &mut self.surroundings());
        transfer.ok().map(Stage::Sending)
    }

    /// Puts a report back at its next stage; one that is done makes room, or starts over for a change
    /// that came meanwhile.
    fn proceed(&mut self, uri: String, mut report: Report, next: Option<Stage>) {
        let again = |change| Stage::Waiting { due: self.now.after(COALESCE), change };
        if let Some(stage) = next.or_else(|| report.again.take().map(again)) {
            report.stage = stage;
            self.reports.insert(uri, report);
        }
    }

    fn surroundings(&mut self) -> Surroundings<'_> {
        let Self { config, now, effects, repositories, .. } = self;
        Surroundings { now: *now, config, effects, repositories }
    }
}

impl Stage {
    /// Stands in while the next stage is found.
    const fn idle() -> Self {
        Self::Reading { id: EffectId::new(u64::MAX) }
    }

    fn awaits(&self, event: &Event) -> bool {
        match (self, event) {
            (Self::Reading { id: open }, Event::Managed { id, .. }) => open == id,
            (Self::Sending(transfer), event) => transfer.awaits(event),
            _ => false,
        }
    }

    fn open(&self) -> Option<EffectId> {
        match self {
            Self::Waiting { .. } => None,
            Self::Reading { id } | Self::Sending(Transfer { id, .. }) => Some(*id),
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { due: deadline, .. } | Self::Sending(Transfer { deadline, .. }) => Some(*deadline),
            Self::Reading { .. } => None,
        }
    }
}
