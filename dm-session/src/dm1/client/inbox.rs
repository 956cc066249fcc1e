//! What a message of the server says, as an owned plan: its answers, and its commands one after the other.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{self as syncml, AlertCode, Chal, Encoding, Item, Meta, StatusCode};

use crate::dm1::config::ClientConfig;
use crate::dm1::convert;
use crate::dm1::ui::{Interaction, InteractionKind};
use crate::tree::dm1::Command;

/// A message of the server.
pub(super) struct Reading {
    /// The Status of our SyncHdr.
    pub(super) header: Option<(StatusCode, Option<Chal<'static>>)>,
    /// The other Statuses.
    pub(super) answers: Vec<Answered>,
    /// The commands.
    pub(super) plan: Plan,
    /// Whether the session is aborted (1223).
    pub(super) aborts: bool,
}

/// A Status of something that this side sent.
pub(super) struct Answered {
    pub(super) msg_ref: String,
    pub(super) cmd_ref: String,
    pub(super) status: StatusCode,
}

/// The commands of one message in document order, what is in a container after it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Plan {
    /// MsgID of the message.
    pub(super) msg_ref: String,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::encoding"))]
    pub(super) encoding: Encoding,
    pub(super) steps: Vec<Step>,
}

/// One command, and what came of it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Step {
    /// Its CmdID; what has none cannot be answered.
    pub(super) cmd_id: String,
    /// The name of its element.
    pub(super) name: String,
    /// The container that it is in.
    pub(super) parent: Option<usize>,
    /// Behind the last command in it.
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// One for each part that is done.
    pub(super) outcomes: Vec<Outcome>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) enum Kind {
    /// For the tree, an entry for each Item.
    Tree(Vec<Part>),
    /// For the user.
    Interact(Interaction),
    Atomic,
    Sequence,
    /// The next message is asked for (1222).
    Next,
    /// The rest of our large object is not wanted (1225).
    NoEnd,
    /// Answered without being done.
    Refused(#[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))] StatusCode),
}

/// One Item of a command.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Part {
    pub(super) target: Option<String>,
    pub(super) source: Option<String>,
    pub(super) work: Work,
    /// `Size` of Meta.
    pub(super) size: Option<u64>,
    /// Whether more chunks follow.
    pub(super) more: bool,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) enum Work {
    Command(Command),
    Refused(#[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))] StatusCode),
}

/// What came of a command or one of its Items.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Outcome {
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
    pub(super) status: StatusCode,
    /// What the user said.
    pub(super) texts: Vec<String>,
    /// The node above that could not be created.
    pub(super) failed_at: Option<String>,
}

impl From<StatusCode> for Outcome {
    fn from(status: StatusCode) -> Self {
        Self { status, texts: Vec::new(), failed_at: None }
    }
}

impl Outcome {
    /// Whether it is done: of the codes from 200 on, 213 to 216 say something else.
    pub(super) fn is_done(&self) -> bool {
        self.status.is_success() && !(213..=216).contains(&self.status.code())
    }
}

impl Reading {
    pub(super) fn new(message: &syncml::Message<'_>, encoding: Encoding, config: &ClientConfig) -> Self {
        let mut reading = Self {
            header: None,
            answers: Vec::new(),
            plan: Plan { msg_ref: message.header.msg_id.as_str().to_owned(), encoding, steps: Vec::new() },
            aborts: false,
        };
        for command in &message.commands {
            match command {
                syncml::Command::Status(status) => reading.answer(status),
                syncml::Command::Alert(alert) if alert.code() == Some(AlertCode::SESSION_ABORT) => {
                    reading.aborts = true;
                }
                _ => reading.plan.take(command, config),
            }
        }
        reading
    }

    fn answer(&mut self, status: &syncml::Status<'_>) {
        let Some(code) = status.code() else { return };
        // Peers leave CmdRef out, or Cmd.
        let unnamed = status.cmd_ref.is_none() && status.cmd.is_none() && self.header.is_none();
        if status.is_for_header() || status.cmd == Some(syncml::CommandName::SyncHdr) || unnamed {
            let chal = || status.chal.as_deref().cloned().map(Chal::into_owned);
            self.header.get_or_insert_with(|| (code, chal()));
        } else if let Some(cmd_ref) = &status.cmd_ref {
            self.answers.push(Answered {
                msg_ref: status.msg_ref.as_str().to_owned(),
                cmd_ref: cmd_ref.as_str().to_owned(),
                status: code,
            });
        }
    }
}

impl Plan {
    /// Takes a command with all that is in it.
    fn take(&mut self, command: &syncml::Command<'_>, config: &ClientConfig) {
        let mut open = Vec::new();
        self.step(command, None, config);
        open.push((self.steps.len().saturating_sub(1), command.commands().iter()));
        while let Some((container, children)) = open.last_mut() {
            let container = *container;
            if let Some(child) = children.next() {
                self.step(child, Some(container), config);
                if !child.commands().is_empty() {
                    open.push((self.steps.len().saturating_sub(1), child.commands().iter()));
                }
            } else {
                let end = self.steps.len();
                if let Some(step) = self.steps.get_mut(container) {
                    step.end = end;
                }
                open.pop();
            }
        }
    }

    fn step(&mut self, command: &syncml::Command<'_>, parent: Option<usize>, config: &ClientConfig) {
        // Its own name and id, those of commands outside the model too.
        let named = syncml::Status::for_command("", "", command, StatusCode::OK);
        let mut cmd_id = named.cmd_ref.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let name = named.cmd.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
        let mut kind = kind(command, parent.is_some(), config);
        // What has no id cannot be told from others, and 0 is the header: neither done nor answered.
        if cmd_id.is_empty() || cmd_id == "0" || name.is_empty() {
            cmd_id = String::new();
            kind = Kind::Refused(StatusCode::BAD_REQUEST);
        }
        let end = self.steps.len().saturating_add(1);
        self.steps.push(Step { cmd_id, name, parent, end, kind, outcomes: Vec::new() });
    }

    /// Whether there is something to do or to answer.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Answers all that is not answered yet so, without doing it.
    pub(super) fn refuse(&mut self, status: StatusCode) {
        for step in &mut self.steps {
            step.fill(status);
        }
    }
}

impl Step {
    /// How many outcomes it will have.
    pub(super) fn parts(&self) -> usize {
        match &self.kind {
            Kind::Tree(parts) => parts.len(),
            _ => 1,
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.outcomes.len() >= self.parts()
    }

    /// What is not done yet is answered so.
    pub(super) fn fill(&mut self, status: StatusCode) {
        self.outcomes.resize(self.parts(), status.into());
    }

    /// Whether what was asked is done.
    pub(super) fn is_done(&self) -> bool {
        self.is_settled() && self.outcomes.iter().all(Outcome::is_done)
    }
}

fn kind(command: &syncml::Command<'_>, nested: bool, config: &ClientConfig) -> Kind {
    match command {
        syncml::Command::Atomic(_) => Kind::Atomic,
        syncml::Command::Sequence(_) => Kind::Sequence,
        syncml::Command::Alert(alert) => alert_kind(alert, nested, config),
        // A command that SyncML has and DM has not.
        syncml::Command::Ds(_) => Kind::Refused(StatusCode::NOT_SUPPORTED),
        // What no server may send, and what nobody knows.
        syncml::Command::Status(_) | syncml::Command::Results(_) | syncml::Command::Unknown(_) => {
            Kind::Refused(StatusCode::BAD_REQUEST)
        }
        command if command.items().is_empty() => Kind::Refused(StatusCode::INCOMPLETE),
        command => {
            let works = convert::from_message(command);
            Kind::Tree(command.items().iter().zip(works).map(|(item, work)| part(command, item, work)).collect())
        }
    }
}

fn part(command: &syncml::Command<'_>, item: &Item<'_>, work: Result<Command, StatusCode>) -> Part {
    Part {
        target: item.target_uri().map(|uri| uri.as_str().to_owned()),
        source: item.source_uri().map(|uri| uri.as_str().to_owned()),
        work: work.map_or_else(Work::Refused, Work::Command),
        size: Meta::effective(item.meta.as_ref(), command.meta()).size(),
        more: item.more_data,
    }
}

fn alert_kind(alert: &syncml::Alert<'_>, nested: bool, config: &ClientConfig) -> Kind {
    let Some(code) = alert.code() else { return Kind::Refused(StatusCode::BAD_REQUEST) };
    match (code, InteractionKind::from_code(code)) {
        (AlertCode::NEXT_MESSAGE, _) if !nested => Kind::Next,
        (AlertCode::NO_END_OF_DATA, _) if !nested => Kind::NoEnd,
        (_, Some(kind)) if config.interaction => match Interaction::from_alert(kind, alert) {
            Ok(interaction) => Kind::Interact(interaction),
            Err(status) => Kind::Refused(status),
        },
        // Reserved, or for servers only.
        _ => Kind::Refused(StatusCode::NOT_SUPPORTED),
    }
}
