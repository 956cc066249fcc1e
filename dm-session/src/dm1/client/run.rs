//! Carrying out a plan: what goes to the tree and to the user, and what comes of it for other commands
//! (OMA-TS-DM_Protocol-V1_2 §7, §8.1, §8.2, §10).

use alloc::vec::Vec;

use dm_syncml::StatusCode;

use super::inbox::{Kind, Outcome, Part, Plan, Step, Work};
use super::outbox::Spoken;
use super::{Action, Client, State};
use crate::dm1::ui::{InteractionKind, UserReply};
use crate::tree::dm1::{Answer, Command, LargeObject, Principal, Request};

/// A plan that is being carried out.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Run {
    pub(super) plan: Plan,
    /// The step that is next, or waits.
    pub(super) at: usize,
    /// The Atomic whose transaction is open.
    pub(super) atomic: Option<Atomic>,
}

/// An open transaction.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Atomic {
    /// Its step.
    pub(super) step: usize,
    /// Step and Item of what the tree has done in it, in that order.
    pub(super) done: Vec<(usize, usize)>,
}

/// What the tree was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Wait {
    /// The nodes of DevInfo.
    Info,
    /// The current Item.
    Command,
    /// Whether it would take the large object that the current Item begins.
    Check,
    /// To open a transaction for the current Atomic.
    Begin,
    /// To make it last.
    Commit,
    /// To undo it.
    RollBack,
}

/// What an Item is to a large object.
enum Chunk {
    /// Nothing.
    None,
    /// It begins one.
    First,
    /// It goes on with the one that is open.
    Next,
}

impl Run {
    pub(super) const fn new(plan: Plan) -> Self {
        Self { plan, at: 0, atomic: None }
    }

    pub(super) fn step(&self) -> Option<&Step> {
        self.plan.steps.get(self.at)
    }

    /// The Item that is next, or waits.
    pub(super) fn part(&self) -> Option<&Part> {
        let step = self.step()?;
        match &step.kind {
            Kind::Tree(parts) => parts.get(step.outcomes.len()),
            _ => None,
        }
    }

    /// The outermost container of a step, and whether there is one.
    fn outermost(&self, mut step: usize) -> Option<usize> {
        let mut found = None;
        while let Some(parent) = self.plan.steps.get(step).and_then(|it| it.parent) {
            // Parents stand before what is in them.
            if parent >= step {
                break;
            }
            found = Some(parent);
            step = parent;
        }
        found
    }

    /// What is not done of these steps is answered 215. That the next message is asked for concerns none of them.
    fn skip(&mut self, from: usize, to: usize) {
        for step in self.plan.steps.iter_mut().take(to).skip(from) {
            if !matches!(step.kind, Kind::Next | Kind::NoEnd) {
                step.fill(StatusCode::NOT_EXECUTED);
            }
        }
    }

    fn settle(&mut self, step: usize, status: StatusCode) {
        if let Some(step) = self.plan.steps.get_mut(step) {
            step.outcomes.clear();
            step.fill(status);
        }
    }

    fn end_of(&self, step: usize) -> usize {
        self.plan.steps.get(step).map_or(0, |step| step.end)
    }
}

impl Client {
    /// Goes on with the plan until something has to be waited for, or it is done.
    pub(super) fn proceed(&mut self) {
        if self.core.ending.is_none() && self.core.now >= self.core.session_end {
            self.core.ending = Some(super::Reason::Timeout);
        }
        if self.core.ending.is_some() {
            return self.wind_up();
        }
        loop {
            let Some(run) = &mut self.core.run else { return };
            if let Some(atomic) = &run.atomic
                && run.at >= run.end_of(atomic.step)
            {
                return self.manage(Wait::Commit, Command::Commit);
            }
            let Some(step) = run.plan.steps.get(run.at) else { break };
            if step.is_settled() {
                run.at = run.at.saturating_add(1);
                continue;
            }
            if run.atomic.is_some() && !is_child(step) {
                let (at, end) = (run.at, step.end);
                run.settle(at, StatusCode::COMMAND_FAILED);
                run.skip(at, end);
                return self.roll_back();
            }
            let (parent, end) = (step.parent, step.end);
            match &step.kind {
                Kind::Tree(_) => {
                    if self.part() {
                        return;
                    }
                }
                Kind::Interact(interaction) => {
                    let interaction = interaction.clone();
                    self.interrupt(parent);
                    let limit = self.config.limits.interaction_timeout;
                    let allowed = interaction.options.max_display;
                    let span = match (interaction.kind, allowed) {
                        // Nothing is awaited of who only looks.
                        (InteractionKind::Display, _) | (_, None) => limit,
                        (_, Some(allowed)) => allowed.min(limit),
                    };
                    let deadline = self.core.now.after(span);
                    let id = self.core.effects.begin(|id| Action::Interact { id, interaction });
                    self.core.state = State::AwaitUser { id, deadline };
                    return;
                }
                Kind::Atomic if self.config.atomic => {
                    self.interrupt(parent);
                    return self.manage(Wait::Begin, Command::Begin);
                }
                Kind::Atomic => {
                    let at = run.at;
                    run.settle(at, StatusCode::NOT_SUPPORTED);
                    run.skip(at, end);
                    self.interrupt(parent);
                    self.settled(at);
                }
                Kind::Sequence => {
                    let at = run.at;
                    run.settle(at, StatusCode::OK);
                    self.interrupt(parent);
                }
                Kind::Next => {
                    let at = run.at;
                    run.settle(at, StatusCode::OK);
                }
                Kind::NoEnd => {
                    let at = run.at;
                    run.settle(at, StatusCode::OK);
                    self.core.outbox.drop_cut();
                }
                Kind::Refused(status) => {
                    let (at, status) = (run.at, *status);
                    run.settle(at, status);
                    run.skip(at.saturating_add(1), end);
                    self.interrupt(parent);
                    if self.failed_in_atomic(at) {
                        return;
                    }
                    self.settled(at);
                }
            }
        }
        self.conclude();
    }

    /// A new command ends a large object that is not whole yet (1225). What is in a container comes with it.
    fn interrupt(&mut self, parent: Option<usize>) {
        if parent.is_some() {
            return;
        }
        let Some(object) = self.core.object.take() else { return };
        // One that was refused need not go on.
        if object.status() == StatusCode::CHUNK_ACCEPTED {
            self.core.outbox.no_end.push(object.uri().into());
        }
    }

    /// Begins the current Item: whether it has to be waited for.
    fn part(&mut self) -> bool {
        let Some(run) = &self.core.run else { return true };
        let (Some(step), Some(part)) = (run.step(), run.part()) else { return true };
        let (parent, more, size) = (step.parent, part.more, part.size);
        let command = match &part.work {
            Work::Command(command) => command.clone(),
            Work::Refused(status) => {
                let status = *status;
                self.interrupt(parent);
                return self.record(status.into());
            }
        };
        let encoding = run.plan.encoding;
        let object = if parent.is_none() { self.core.object.as_ref() } else { None };
        let chunk = match (&command, object) {
            (Command::Add { uri, .. } | Command::Replace { uri, .. }, Some(object))
                if object.is_for(uri, matches!(command, Command::Add { .. }))
                    // The object is sent again from its first byte.
                    && (object.status() == StatusCode::CHUNK_ACCEPTED || size.is_none()) =>
            {
                Chunk::Next
            }
            _ if more => Chunk::First,
            _ => Chunk::None,
        };
        match chunk {
            Chunk::None => {
                self.interrupt(parent);
                let max_value_len = self.max_value_len();
                let encoding = if matches!(command, Command::Get { .. }) { self.config.encoding } else { encoding };
                let request = Request { encoding, max_value_len, ..self.request(command) };
                self.ask(Wait::Command, request);
                true
            }
            Chunk::First => {
                self.interrupt(parent);
                let (uri, add, content) = match command {
                    Command::Add { uri, content } => (uri, true, content),
                    Command::Replace { uri, content } => (uri, false, content),
                    _ => return self.record(StatusCode::NOT_SUPPORTED.into()),
                };
                if parent.is_some() {
                    // A container is one message, and so is all of it.
                    return self.record(StatusCode::COMMAND_FAILED.into());
                }
                let Some(limit) = self.config.object_limit() else {
                    return self.record(StatusCode::NOT_SUPPORTED.into());
                };
                let object = LargeObject::start(uri, add, content, size, limit);
                let (status, check) = (object.status(), object.check());
                self.core.object = Some(object);
                if status != StatusCode::CHUNK_ACCEPTED {
                    return self.record(status.into());
                }
                let request = Request { encoding, ..self.request(check) };
                self.ask(Wait::Check, request);
                true
            }
            Chunk::Next => {
                let (Command::Add { content, .. } | Command::Replace { content, .. }) = &command else { return true };
                let Some(object) = &mut self.core.object else { return true };
                let status = object.push(&content.data);
                if more {
                    return self.record(status.into());
                }
                let Some(object) = self.core.object.take() else { return true };
                match object.finish() {
                    Ok(command) => {
                        let request = Request { encoding, ..self.request(command) };
                        self.ask(Wait::Command, request);
                        true
                    }
                    Err(status) => self.record(status.into()),
                }
            }
        }
    }

    /// Notes what came of the current Item or interaction. Whether something has to be waited for then.
    fn record(&mut self, outcome: Outcome) -> bool {
        let Some(run) = &mut self.core.run else { return true };
        let at = run.at;
        let Some(step) = run.plan.steps.get_mut(at) else { return true };
        step.outcomes.push(outcome);
        if self.failed_in_atomic(at) {
            return true;
        }
        self.settled(at);
        false
    }

    /// Rolls the open Atomic back if this step of it has failed.
    fn failed_in_atomic(&mut self, at: usize) -> bool {
        let Some(run) = &self.core.run else { return false };
        let failed = run.plan.steps.get(at).is_some_and(|step| step.outcomes.last().is_some_and(|it| !it.is_done()));
        if run.atomic.is_none() || !failed {
            return false;
        }
        self.roll_back();
        true
    }

    /// What a step that is settled keeps from being done (§10.2 of the reference, D6).
    fn settled(&mut self, at: usize) {
        let stop = self.config.stop_sequence;
        let Some(run) = &mut self.core.run else { return };
        let Some(step) = run.plan.steps.get(at).filter(|step| step.is_settled() && run.atomic.is_none()) else {
            return;
        };
        let status = step.outcomes.first().map(|outcome| outcome.status);
        let asked = matches!(step.kind, Kind::Interact(_));
        let cancelled = asked && matches!(status, Some(StatusCode::CANCELLED | StatusCode::REQUEST_TIMEOUT));
        let rejected = asked && status == Some(StatusCode::NOT_MODIFIED);
        let (done, parent) = (step.is_done(), step.parent);
        let last = run.plan.steps.len();
        let after = at.saturating_add(1);
        match run.outermost(at) {
            None if cancelled => {
                run.skip(after, last);
                self.core.object = None;
            }
            Some(sequence) if cancelled || rejected => run.skip(after, run.end_of(sequence)),
            Some(_) if stop && !done => run.skip(after, parent.map_or(after, |parent| run.end_of(parent))),
            _ => {}
        }
    }

    // --- the tree ------------------------------------------------------------------------------------

    /// A command of the server.
    fn request(&self, command: Command) -> Request {
        let principal = Principal::Server(self.config.server_id.clone());
        Request::new(principal, command).at(self.core.now)
    }

    fn manage(&mut self, wait: Wait, command: Command) {
        let request = self.request(command);
        self.ask(wait, request);
    }

    pub(super) fn ask(&mut self, wait: Wait, request: Request) {
        let id = self.core.effects.begin(|id| Action::Manage { id, request });
        self.core.state = State::AwaitTree { id, wait };
    }

    fn roll_back(&mut self) {
        self.manage(Wait::RollBack, Command::Rollback);
    }

    /// The tree has answered.
    pub(super) fn managed(&mut self, wait: Wait, answer: Answer) {
        match wait {
            Wait::Info => return self.informed(answer),
            Wait::Check => {
                let mut status = StatusCode::CHUNK_ACCEPTED;
                if !answer.status.is_success() {
                    status = answer.status;
                    if let Some(object) = &mut self.core.object {
                        object.refuse(status);
                    }
                }
                if self.record(status.into()) {
                    return;
                }
            }
            Wait::Command => {
                if self.executed(answer) {
                    return;
                }
            }
            Wait::Begin => self.begun(&answer),
            Wait::Commit | Wait::RollBack => self.closed_atomic(wait, &answer),
        }
        self.proceed();
    }

    fn executed(&mut self, answer: Answer) -> bool {
        let mut outcome = Outcome { failed_at: answer.failed_at.clone(), ..answer.status.into() };
        let Some(run) = &self.core.run else { return false };
        let (msg_ref, at) = (run.plan.msg_ref.clone(), run.at);
        let Some(step) = run.step() else { return false };
        let (cmd_ref, part) = (step.cmd_id.clone(), step.outcomes.len());
        let is_get = matches!(run.part().map(|part| &part.work), Some(Work::Command(Command::Get { .. })));
        if is_get && outcome.is_done() {
            match self.deliverable(&answer) {
                Ok(len) => self.core.outbox.add_results(msg_ref, cmd_ref, answer.results, len),
                Err(status) => outcome = status.into(),
            }
        }
        if let Some(run) = &mut self.core.run
            && let Some(atomic) = &mut run.atomic
            && outcome.is_done()
        {
            atomic.done.push((at, part));
        }
        self.record(outcome)
    }

    fn begun(&mut self, answer: &Answer) {
        let Some(run) = &mut self.core.run else { return };
        let at = run.at;
        if answer.status.is_success() {
            run.atomic = Some(Atomic { step: at, done: Vec::new() });
            if let Some(step) = run.plan.steps.get_mut(at) {
                // It is known when the last of its commands is.
                step.outcomes.clear();
            }
            run.at = at.saturating_add(1);
            return;
        }
        let end = run.end_of(at);
        run.settle(at, answer.status);
        run.skip(at, end);
        self.settled(at);
    }

    /// The transaction is closed: what became of the commands in it (§8.1).
    fn closed_atomic(&mut self, wait: Wait, answer: &Answer) {
        let Some(run) = &mut self.core.run else { return };
        let Some(atomic) = run.atomic.take() else { return };
        let end = run.end_of(atomic.step);
        if wait == Wait::Commit && answer.status.is_success() {
            run.settle(atomic.step, StatusCode::OK);
        } else {
            let nothing_undone = wait == Wait::RollBack && !answer.status.is_success() && answer.not_undone.is_empty();
            let not_undone: alloc::collections::BTreeSet<usize> = answer.not_undone.iter().copied().collect();
            let stays: alloc::collections::BTreeSet<(usize, usize)> = atomic
                .done
                .iter()
                .enumerate()
                .filter(|(number, _)| nothing_undone || not_undone.contains(number))
                .map(|(_, place)| *place)
                .collect();
            for at in atomic.step.saturating_add(1)..end {
                let Some(step) = run.plan.steps.get_mut(at) else { break };
                for (part, outcome) in step.outcomes.iter_mut().enumerate().filter(|(_, outcome)| outcome.is_done()) {
                    *outcome = match stays.contains(&(at, part)) {
                        true => StatusCode::ATOMIC_ROLL_BACK_FAILED,
                        false => StatusCode::ATOMIC_ROLLED_BACK,
                    }
                    .into();
                }
                step.fill(StatusCode::NOT_EXECUTED);
            }
            run.settle(atomic.step, StatusCode::ATOMIC_FAILED);
        }
        run.at = end;
        self.settled(atomic.step);
    }

    // --- the user ------------------------------------------------------------------------------------

    /// The user has answered, or not.
    pub(super) fn answered_by_user(&mut self, reply: &UserReply) {
        let outcome = Outcome { status: reply.status(), texts: reply.texts(), failed_at: None };
        if !self.record(outcome) {
            self.proceed();
        }
    }

    /// What is shown to the user now.
    pub(super) fn interaction(&self) -> Option<&crate::dm1::Interaction> {
        match &self.core.run.as_ref()?.step()?.kind {
            Kind::Interact(interaction) => Some(interaction),
            _ => None,
        }
    }

    // --- the end of the plan ---------------------------------------------------------------------------

    /// The session ends before the plan is done: an open Atomic is undone first.
    pub(super) fn wind_up(&mut self) {
        if self.core.run.as_ref().is_some_and(|run| run.atomic.is_some()) {
            return self.roll_back();
        }
        self.say_goodbye();
    }

    /// Every command of the message is answered.
    fn conclude(&mut self) {
        self.report();
        self.respond();
    }

    /// The outcomes so far become Statuses.
    pub(super) fn report(&mut self) {
        let Some(run) = self.core.run.take() else { return };
        for step in run.plan.steps {
            Spoken::of(&run.plan.msg_ref, step, &mut self.core.outbox);
        }
    }
}

/// Whether an Atomic may have it: Add, Replace, Delete, Copy and user interaction. What is answered anyhow fails it.
fn is_child(step: &Step) -> bool {
    match &step.kind {
        Kind::Tree(parts) => parts.iter().all(|part| match &part.work {
            Work::Command(command) => matches!(
                command,
                Command::Add { .. } | Command::Replace { .. } | Command::Delete { .. } | Command::Copy { .. }
            ),
            Work::Refused(_) => !matches!(step.name.as_str(), "Get" | "Exec"),
        }),
        Kind::Interact(_) | Kind::Refused(_) => true,
        Kind::Atomic | Kind::Sequence | Kind::Next | Kind::NoEnd => false,
    }
}
