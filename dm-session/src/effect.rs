//! What every machine has in common: ids of what waits for an answer, and the queue of actions.

use alloc::collections::VecDeque;

/// Names one action that waits for an answer. A number of the machine's own, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct EffectId(u64);

impl EffectId {
    /// The id with this number, for a host that has stored it.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Names one HTTP request that the host of a server has open. The host chooses the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct RequestId(pub u64);

/// Why no HTTP answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// Name resolution, connection or TLS failed, or the connection broke.
    Unreachable,
    /// It took too long.
    Timeout,
    /// The host cannot answer the challenge of
    /// [`dm2::client::Action::Authenticate`](crate::dm2::client::Action::Authenticate).
    NoCredentials,
}

/// An action of a client-side machine.
pub(crate) trait Effect {
    /// The id to give back with the answer; `None` for what needs none.
    fn id(&self) -> Option<EffectId>;

    /// Tells the host that the answer is not awaited any more.
    fn cancel(id: EffectId) -> Self;
}

/// One queue of actions, first in first out, and the source of their ids.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Effects<A> {
    next_id: u64,
    queue: VecDeque<A>,
}

impl<A> Default for Effects<A> {
    fn default() -> Self {
        Self { next_id: 0, queue: VecDeque::new() }
    }
}

impl<A: Effect> Effects<A> {
    /// Queues an action that waits for an answer.
    pub(crate) fn begin(&mut self, action: impl FnOnce(EffectId) -> A) -> EffectId {
        let id = EffectId::new(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.queue.push_back(action(id));
        id
    }

    /// Queues an action that waits for none.
    pub(crate) fn push(&mut self, action: A) {
        self.queue.push_back(action);
    }

    pub(crate) fn poll(&mut self) -> Option<A> {
        self.queue.pop_front()
    }

    /// Whether the host has the action with this id: one still in the queue it has not seen.
    pub(crate) fn was_polled(&self, id: EffectId) -> bool {
        !self.queue.iter().any(|action| action.id() == Some(id))
    }

    /// The answer is not awaited any more: the action leaves the queue, or the host is told.
    pub(crate) fn cancel(&mut self, id: EffectId) {
        let before = self.queue.len();
        self.queue.retain(|action| action.id() != Some(id));
        if self.queue.len() == before {
            self.queue.push_back(A::cancel(id));
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &A> + Clone {
        self.queue.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether ids can go on without coming back.
    pub(crate) const fn is_consistent(&self) -> bool {
        self.next_id <= u64::MAX / 2
    }

    /// Whether the id was given out.
    pub(crate) const fn knows(&self, id: EffectId) -> bool {
        id.as_u64() < self.next_id
    }
}
