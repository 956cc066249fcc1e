//! The actions of a client-side machine: their order, their ids, and which still wait for an answer.

use alloc::collections::VecDeque;

use super::client::{Action, EffectId, Event};

/// One queue of actions, first in first out, and the source of their ids.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Effects {
    next_id: u64,
    queue: VecDeque<Action>,
}

impl Effects {
    /// Queues an action that waits for an answer.
    pub(crate) fn begin(&mut self, action: impl FnOnce(EffectId) -> Action) -> EffectId {
        let id = EffectId::new(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.queue.push_back(action(id));
        id
    }

    /// Queues an action that waits for none.
    pub(crate) fn push(&mut self, action: Action) {
        self.queue.push_back(action);
    }

    pub(crate) fn poll(&mut self) -> Option<Action> {
        self.queue.pop_front()
    }

    /// Whether the host has the action that `event` answers: one still in the queue it has not seen.
    pub(crate) fn were_polled(&self, event: &Event) -> bool {
        event.id().is_none_or(|id| !self.queue.iter().any(|action| action.id() == Some(id)))
    }

    /// The answer is not awaited any more: the action leaves the queue, or the host is told.
    pub(crate) fn cancel(&mut self, id: EffectId) {
        let before = self.queue.len();
        self.queue.retain(|action| action.id() != Some(id));
        if self.queue.len() == before {
            self.queue.push_back(Action::Cancel { id });
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Action> + Clone {
        self.queue.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether ids can go on without coming back.
    pub(crate) fn is_consistent(&self) -> bool {
        self.next_id <= u64::MAX / 2
    }

    /// Whether the id was given out.
    pub(crate) fn knows(&self, id: EffectId) -> bool {
        id.as_u64() < self.next_id
    }
}
