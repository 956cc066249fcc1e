//! The default fetcher: what DEFAULT is for (§5.3, §14).

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use dm_package::StatusCode;

use super::client::{Action, EffectId, Event};
use super::config::ClientConfig;
use super::transfer::{self, Progress, Repositories, Surroundings, Transfer};
use crate::effect::Effects;
use crate::tree::{Operation, Outcome};
use crate::{Error, ErrorKind, Timestamp};

/// Fetches data of a MO that a local application misses, from the URI that a server gave by DEFAULT.
/// No status goes to any server.
///
/// It speaks in the [`Action`]s and [`Event`]s of the client: `Manage`, `Transfer` and `Cancel`;
/// `Managed`, `Transferred`, `Failed` and `Tick`. It is over when [`result`](Self::result) is there.
#[derive(Clone, Debug)]
pub struct DefaultFetch {
    config: ClientConfig,
    now: Timestamp,
    repositories: Repositories,
    stage: Stage,
    effects: Effects<Action>,
}

/// What became of a [`DefaultFetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fetched {
    /// The data is in the tree, at these ClientURIs.
    Stored(Vec<String>),
    /// No URI is stored for the MO, or the tree has an instance already.
    Nothing,
    /// It did not come or could not be stored.
    Failed(StatusCode),
}

#[derive(Clone, Debug)]
enum Stage {
    Finding { id: EffectId },
    Loading { server_id: String, transfer: Transfer },
    Storing { id: EffectId },
    Over(Fetched),
}

impl DefaultFetch {
    /// Starts fetching data of the MO `moid`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] as [`Client::start`](super::Client::start).
    pub fn start(config: ClientConfig, moid: impl Into<String>, now: Timestamp) -> Result<Self, Error> {
        config.check()?;
        let mut fetch = Self {
            config,
            now,
            repositories: Repositories::default(),
            stage: Stage::Over(Fetched::Nothing),
            effects: Effects::default(),
        };
        let id = fetch.manage(Operation::FindDefault { moid: moid.into() });
        fetch.stage = Stage::Finding { id };
        Ok(fetch)
    }

    /// Tells the machine what happened.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ApiMisuse`] when the event answers nothing that is open, [`ErrorKind::Closed`]
    /// when the machine is over; nothing has changed then.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        if event == Event::Tick {
            self.now = self.now.max(now);
            self.tick();
            return Ok(());
        }
        match &self.stage {
            Stage::Over(_) => return Err(ErrorKind::Closed.into()),
            stage if stage.awaits(&event) && event.id().is_none_or(|id| self.effects.was_polled(id)) => {}
            _ => return Err(ErrorKind::ApiMisuse.into()),
        }
        self.now = self.now.max(now);
        self.stage = match (mem::replace(&mut self.stage, Stage::Over(Fetched::Nothing)), event) {
            (Stage::Finding { .. }, Event::Managed { outcome, .. }) => match outcome {
                Outcome::Default { server_id, server_uri } if self.config.endpoint(&server_uri).is_some() => {
                    Stage::Loading { server_id, transfer: Transfer::download(&server_uri, &mut self.surroundings()) }
                }
                Outcome::Default { .. } => Stage::failed(StatusCode::FORBIDDEN),
                _ => Stage::Over(Fetched::Nothing),
            },
            (Stage::Loading { server_id, transfer }, event) => match transfer.answer(event, &mut self.surroundings()) {
                Progress::Again(transfer) => Stage::Loading { server_id, transfer },
                Progress::Failed(status) => Stage::failed(status),
                Progress::Done(response) => match transfer::content(response, false, &self.config) {
                    Err(status) => Stage::failed(status),
                    Ok(content) => {
                        Stage::Storing { id: self.manage(Operation::Write { server_id, uri: None, content }) }
                    }
                },
            },
            (Stage::Storing { .. }, Event::Managed { outcome, .. }) => match outcome {
                Outcome::Written(uris) => Stage::Over(Fetched::Stored(uris)),
                Outcome::Status(status) => Stage::failed(status),
                _ => Stage::failed(StatusCode::INTERNAL_ERROR),
            },
            _ => Stage::failed(StatusCode::INTERNAL_ERROR),
        };
        Ok(())
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.effects.poll()
    }

    /// When to send the next [`Event::Tick`]; `None` when nothing waits for time to pass.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Loading { transfer, .. } => Some(transfer.deadline),
            _ => None,
        }
    }

    /// What became of it; `None` while it goes on.
    #[must_use]
    pub fn result(&self) -> Option<&Fetched> {
        match &self.stage {
            Stage::Over(result) => Some(result),
            _ => None,
        }
    }

    fn tick(&mut self) {
        if let Stage::Loading { transfer, .. } = &self.stage
            && self.now >= transfer.deadline
        {
            self.effects.cancel(transfer.id);
            self.stage = Stage::failed(StatusCode::GATEWAY_TIMEOUT);
        }
    }

    fn manage(&mut self, operation: Operation) -> EffectId {
        self.effects.begin(|id| Action::Manage { id, operation })
    }

    fn surroundings(&mut self) -> Surroundings<'_> {
        let Self { config, now, effects, repositories, .. } = self;
        Surroundings { now: *now, config, effects, repositories }
    }
}

impl Stage {
    const fn failed(status: StatusCode) -> Self {
        Self::Over(Fetched::Failed(status))
    }

    fn awaits(&self, event: &Event) -> bool {
        match (self, event) {
            (Self::Finding { id: open } | Self::Storing { id: open }, Event::Managed { id, .. }) => open == id,
            (Self::Loading { transfer, .. }, event) => transfer.awaits(event),
            _ => false,
        }
    }
}
