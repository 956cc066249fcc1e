//! The machine between two calls.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use dm_syncml::StatusCode;

use super::inbox::{Kind, Outcome, Step, Work};
use super::outbox::Outbox;
use super::run::{Run, Wait};
use super::{Action, Client, Core, EffectId, Phase, Post, State};
use crate::dm1::auth::Scheme;
use crate::dm1::config::ClientConfig;
use crate::http::{self, Method, Request};
use crate::tree::dm1::{Command, LargeObject, Principal};
use crate::{Error, ErrorKind};

/// The state of a [`Client`] between two calls. It holds no credentials: those come back with the configuration. It holds
/// what the tree and the user have said and the server has not got yet.
///
/// Restoring checks it as a stranger's work, but it cannot know whether the server ever named the present address by
/// `RespURI`. Who can write a snapshot can choose where messages go, so keep snapshots where only the host writes.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Snapshot {
    version: u16,
    core: Core,
}

/// Raised when the form of a snapshot changes.
const SNAPSHOT_VERSION: u16 = 1;

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Client {
    /// The machine's state, queued actions included, credentials excluded.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: SNAPSHOT_VERSION, core: self.core.clone() }
    }

    /// Goes on from a snapshot. It is checked as if a stranger had written it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSnapshot`] when it is of another version or server, or contradicts itself, the
    /// configuration or the limits; [`ErrorKind::InvalidConfig`] as [`start`](Self::start).
    pub fn restore(config: ClientConfig, snapshot: Snapshot) -> Result<Self, Error> {
        config.check()?;
        let client = Self { config, core: snapshot.core };
        if snapshot.version == SNAPSHOT_VERSION && client.is_consistent() {
            Ok(client)
        } else {
            Err(ErrorKind::InvalidSnapshot.into())
        }
    }
}

impl Client {
    /// Whether the parts of a restored machine fit each other, the configuration and the limits.
    fn is_consistent(&self) -> bool {
        let Self { config, core } = self;
        let limits = &config.limits;
        let idle = core.run.is_none();
        let place = match &core.state {
            State::AwaitTree { wait: Wait::Info, .. } => idle && core.out_msg == 0 && core.dev_info.is_empty(),
            State::AwaitTree { wait, .. } => core.run.as_ref().is_some_and(|run| run.waits_for(*wait, core)),
            State::AwaitUser { .. } => self.interaction().is_some() && core.ending.is_none(),
            State::AwaitReply { post, .. } | State::AwaitResend { post, .. } => {
                idle && core.out_msg > 0 && core.outbox.header.is_none() && self.is_own(post)
            }
            State::Done => {
                idle && core.outbox == Outbox::default()
                    && core.object.is_none()
                    && core.dev_info.is_empty()
                    && core.ending.is_none()
            }
        };
        let ending = match (&core.state, core.phase) {
            (State::AwaitResend { .. }, Phase::Aborting) => false,
            (State::AwaitReply { .. }, Phase::Aborting) => core.ending.is_some(),
            (State::AwaitReply { .. } | State::AwaitResend { .. }, _) => core.ending.is_none(),
            (State::AwaitTree { .. } | State::AwaitUser { .. }, Phase::Aborting) => false,
            _ => true,
        };
        let closed = core.effects.iter().filter(|action| matches!(action, Action::Closed(_))).count();
        let ends = match core.effects.iter().next_back() {
            Some(Action::Closed(_)) => closed == 1 && core.state == State::Done,
            _ => closed == 0,
        };
        let ids: Vec<EffectId> = core.effects.iter().filter_map(Action::id).collect();
        let unique: BTreeSet<EffectId> = ids.iter().copied().collect();
        let said = core.out_msg == 0 || core.state == State::Done || !core.dev_info.is_empty();
        let sizes = [core.peer_max_msg, core.peer_max_obj].into_iter().flatten().all(|size| size > 0);
        let object = core
            .object
            .as_ref()
            .is_none_or(|object| config.object_limit().is_some_and(|limit| object.is_consistent(limit)));
        let id = core.session_id.as_str();
        place
            && ending
            && ends
            && said
            && sizes
            && object
            && core.server_id == config.server_id
            && (1..=4).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
            && self.is_sendable(&core.endpoint, None)
            && core.out_msg <= limits.max_messages
            && (core.in_msg.is_none() || core.out_msg > 0)
            && core.prover.is_consistent(&config.identity)
            && core.verifier.is_consistent()
            && core.run.as_ref().is_none_or(|run| run.is_consistent(config))
            && core.outbox.is_consistent()
            && core.alerts.is_consistent()
            && core.effects.is_consistent()
            && unique.len() == ids.len()
            && core.state.open().iter().chain(&unique).all(|id| core.effects.knows(*id))
            && core.effects.iter().all(|action| self.can_queue(action))
    }

    /// Whether a message on its way can be one of this machine.
    fn is_own(&self, post: &Post) -> bool {
        let limits = &self.config.limits;
        let secret = match (post.secret_at, self.masked()) {
            (None, None) => true,
            (Some(at), Some(mask)) => {
                post.body.get(at..at.saturating_add(mask.len())).is_some_and(|place| place == mask.as_bytes())
            }
            _ => false,
        };
        secret
            && self.is_sendable(&post.uri, post.mac.as_deref())
            && post.resends <= limits.max_resends
            && post.hops <= http::MAX_REDIRECTS
            && !post.body.is_empty()
            && post.mac.is_some() == (self.core.prover.scheme() == Some(Scheme::Mac))
    }

    /// Whether a request can go there with this HMAC.
    fn is_sendable(&self, uri: &str, mac: Option<&str>) -> bool {
        let mut request = Request::new(Method::Post, uri);
        if let Some(mac) = mac {
            request.headers.push(super::HMAC, mac);
        }
        self.config.endpoint(uri).is_some() && request.check().is_ok()
    }

    /// Whether a machine in this state can have queued the action.
    fn can_queue(&self, action: &Action) -> bool {
        let core = &self.core;
        match (action, &core.state) {
            (Action::Closed(closed), State::Done) => closed.alerts.is_consistent(),
            (Action::Cancel { id }, _) => core.effects.knows(*id),
            (Action::SaveNonce { .. } | Action::AlertAnswered { .. }, _) => true,
            (_, state) if action.id() != state.open() => false,
            (Action::Post { request, .. }, State::AwaitReply { post, .. }) => {
                request.check().is_ok()
                    && request.method == Method::Post
                    && request.uri == post.uri
                    && request.body == post.body
                    && request.headers.get(super::HMAC) == post.mac.as_deref()
            }
            (Action::Manage { request, .. }, State::AwaitTree { wait: Wait::Info, .. }) => {
                request.principal == Principal::Local && request.command == Command::get(super::DEV_INFO)
            }
            (Action::Manage { request, .. }, State::AwaitTree { .. }) => {
                request.principal == Principal::Server(core.server_id.clone())
            }
            (Action::Interact { interaction, .. }, State::AwaitUser { .. }) => self.interaction() == Some(interaction),
            _ => false,
        }
    }
}

impl State {
    /// The action whose answer is awaited.
    fn open(&self) -> Option<EffectId> {
        match self {
            Self::AwaitTree { id, .. } | Self::AwaitUser { id, .. } | Self::AwaitReply { id, .. } => Some(*id),
            Self::AwaitResend { .. } | Self::Done => None,
        }
    }
}

impl Run {
    /// Whether the current step can be waiting for this.
    fn waits_for(&self, wait: Wait, core: &Core) -> bool {
        let command = matches!(self.part().map(|part| &part.work), Some(Work::Command(_)));
        match wait {
            Wait::Info => false,
            Wait::Command => command,
            Wait::Check => {
                let chunked = self.part().is_some_and(|part| part.more) && self.atomic.is_none();
                let kept = |object: &LargeObject| object.status() == StatusCode::CHUNK_ACCEPTED;
                command && chunked && core.object.as_ref().is_some_and(kept)
            }
            Wait::Begin => {
                self.atomic.is_none()
                    && self.step().is_some_and(|step| step.kind == Kind::Atomic && step.outcomes.is_empty())
            }
            Wait::Commit | Wait::RollBack => self.atomic.is_some(),
        }
    }

    fn is_consistent(&self, config: &ClientConfig) -> bool {
        let steps = &self.plan.steps;
        // Containers nest: what is in one ends in it.
        let nested = steps.iter().enumerate().all(|(index, step)| {
            let parent = step.parent.map(|parent| steps.get(parent).filter(|_| parent < index));
            let inside = match parent {
                None => true,
                Some(None) => false,
                Some(Some(parent)) => step.end <= parent.end,
            };
            inside && step.end > index && step.end <= steps.len()
        });
        let each = steps.iter().all(|step| step.is_consistent(config));
        let open = |at: usize| self.atomic.as_ref().is_some_and(|atomic| atomic.step == at);
        let before = steps.iter().enumerate().take(self.at).all(|(index, step)| step.is_settled() || open(index));
        let atomic = self.atomic.as_ref().is_none_or(|atomic| {
            let Some(step) = steps.get(atomic.step) else { return false };
            let places: BTreeSet<&(usize, usize)> = atomic.done.iter().collect();
            let done = |(at, part): &&(usize, usize)| {
                let outcome = steps.get(*at).and_then(|step| step.outcomes.get(*part));
                (atomic.step..step.end).contains(at) && outcome.is_some_and(Outcome::is_done)
            };
            step.kind == Kind::Atomic
                && config.atomic
                && step.outcomes.is_empty()
                && (atomic.step.saturating_add(1)..=step.end).contains(&self.at)
                && places.len() == atomic.done.len()
                && places.iter().all(done)
        });
        nested && each && before && atomic && self.at <= steps.len() && !self.plan.msg_ref.is_empty()
    }
}

impl Step {
    fn is_consistent(&self, config: &ClientConfig) -> bool {
        let kind = match &self.kind {
            Kind::Tree(parts) => !parts.is_empty(),
            Kind::Interact(interaction) => config.interaction && interaction.is_complete(),
            Kind::Next | Kind::NoEnd => self.parent.is_none(),
            Kind::Atomic | Kind::Sequence | Kind::Refused(_) => true,
        };
        kind && self.outcomes.len() <= self.parts()
            && (!self.cmd_id.is_empty() || matches!(self.kind, Kind::Refused(_)))
    }
}
