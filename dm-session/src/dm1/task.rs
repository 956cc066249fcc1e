//! What a server has to be done, and what came of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use dm_syncml::StatusCode;

use super::ui::{Interaction, UserReply};
use crate::tree::dm1::{Command, Content};

/// Names one order. The host chooses the number; it comes back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct OrderId(pub u64);

/// A task with the number by which its outcome will be known.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Order {
    /// The number.
    pub id: OrderId,
    /// What is to be done.
    pub task: Task,
}

impl Order {
    /// A task with a number.
    #[must_use]
    pub fn new(id: u64, task: impl Into<Task>) -> Self {
        Self { id: OrderId(id), task: task.into() }
    }
}

/// What a device is to do.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Task {
    /// Add, Replace, Delete, Copy, Get or Exec of one node. A value that is too large for one message goes in chunks.
    Command(Command),
    /// All of these or none: Add, Replace, Delete, Copy and user interactions (§8.1).
    Atomic(Vec<Self>),
    /// These in their order: commands, user interactions and, leniently, Atomics (§8.2).
    Sequence(Vec<Self>),
    /// Something for the user.
    Interact(Interaction),
}

impl From<Command> for Task {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

impl From<Interaction> for Task {
    fn from(interaction: Interaction) -> Self {
        Self::Interact(interaction)
    }
}

impl Task {
    /// The tasks in an Atomic or a Sequence.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match self {
            Self::Atomic(children) | Self::Sequence(children) => children,
            Self::Command(_) | Self::Interact(_) => &[],
        }
    }
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Outcome {
    /// Which.
    pub id: OrderId,
    /// The task as it was ordered.
    pub task: Task,
    /// What became of it.
    pub result: TaskResult,
}

/// What became of a task. `Debug` shows how many texts there are, not what they say.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct TaskResult {
    /// Whether the device was told, and has answered.
    pub fate: Fate,
    /// What a Get brought: an entry for each node.
    pub leaves: Vec<Leaf>,
    /// What the user said; `None` where nothing of the kind came.
    pub reply: Option<UserReply>,
    /// Texts of the Items in the Status: what a device adds for people.
    pub texts: Vec<String>,
    /// The node that the Status names besides the one addressed: the one above it that could not be created.
    pub failed_at: Option<String>,
    /// `msft:originalerror` of the Status: an HRESULT, as a rule `0x` and eight digits.
    pub original_error: Option<String>,
    /// What became of the tasks in it, by their place.
    pub children: Vec<Self>,
}

impl TaskResult {
    /// The status, if the device has sent one.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self.fate {
            Fate::Answered(status) => Some(status),
            Fate::Unknown | Fate::NotSent(_) => None,
        }
    }

    /// The number of [`original_error`](Self::original_error), if it is one: `0x` and up to eight hexadecimal digits, or
    /// decimal digits.
    #[must_use]
    pub fn hresult(&self) -> Option<u32> {
        let text = self.original_error.as_deref()?.trim();
        let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
    }

    /// Whether the device says that it is done: 200 and other codes of success, but not 202, 213 to 216.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.status().is_some_and(|status| {
            status.is_success()
                && !matches!(
                    status,
                    StatusCode::ACCEPTED
                        | StatusCode::CHUNK_ACCEPTED
                        | StatusCode::CANCELLED
                        | StatusCode::NOT_EXECUTED
                        | StatusCode::ATOMIC_ROLLED_BACK
                )
        })
    }
}

impl fmt::Debug for TaskResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskResult")
            .field("fate", &self.fate)
            .field("leaves", &self.leaves)
            .field("reply", &self.reply)
            .field("texts", &self.texts.len())
            .field("failed_at", &self.failed_at)
            .field("original_error", &self.original_error)
            .field("children", &self.children)
            .finish()
    }
}

/// How far a task came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Fate {
    /// The device answered.
    Answered(#[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))] StatusCode),
    /// It was sent and not answered: it may be done or not.
    #[default]
    Unknown,
    /// It was not sent.
    NotSent(NotSent),
}

/// Why a task was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NotSent {
    /// It cannot be written, or the protocol does not allow it: an empty URI, a Get in an Atomic, characters that XML
    /// does not have.
    Invalid,
    /// It does not fit into a message of the device's `MaxMsgSize`, and cannot be cut.
    TooLarge,
    /// Its value is larger than the device's `MaxObjSize`.
    TooLargeObject,
    /// The profile of the device does not have it.
    Profile,
    /// The session was over before.
    Closed,
}

/// One value that a Get brought.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Leaf {
    /// Its node, as the device writes it.
    pub uri: String,
    /// Format, Type and data as they came; large objects whole. `Format` is that of the command's Meta where the
    /// Item has none.
    pub content: Content,
}

#[cfg(test)]
mod tests;

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "cannot be written, or is not allowed",
            Self::TooLarge => "too large for a message",
            Self::TooLargeObject => "too large for the device",
            Self::Profile => "the device does not have it",
            Self::Closed => "the session was over before",
        })
    }
}
