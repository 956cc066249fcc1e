//! What the application wants done: what may be sent, and what was (§6, §7, §8 of the reference).

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{self as syncml, Container, Encoding, Fragment, Item, Operation, StatusCode, lint};

use crate::dm1::compose::{CmdIds, Piece, Pieces};
use crate::dm1::config::Profile;
use crate::dm1::convert::{content_into_item, target, to_message};
use crate::dm1::task::{Fate, Leaf, NotSent, Order, Outcome, Task, TaskResult};
use crate::dm1::ui::UserReply;
use crate::tree::dm1::{Command, Content, Data};

/// The orders of one session.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Book {
    /// Not sent yet.
    pub(super) waiting: VecDeque<Order>,
    /// Sent, in the order of their CmdIDs; said to the host at the end of the client's package.
    pub(super) sent: Vec<Sent>,
    /// Bytes of what was filed for them.
    pub(super) filed_len: usize,
}

/// An order that was sent.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Sent {
    pub(super) order: Order,
    /// MsgID of the message that carried it; of a large object, its last chunk.
    pub(super) msg_id: u32,
    /// The CmdID of its outermost command. Those inside count on from there, in document order.
    pub(super) first: u32,
    /// What was answered to each of its commands.
    pub(super) filed: Vec<Filed>,
    /// A large object of which more is to come.
    pub(super) pieces: Option<Pieces>,
    /// A large object of which no more goes, though there was more.
    pub(super) stopped: bool,
    /// The Format in which it travels.
    pub(super) format: Option<String>,
}

/// What was answered to one command.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Filed {
    pub(super) fate: Fate,
    pub(super) leaves: Vec<Leaf>,
    pub(super) texts: Vec<String>,
    pub(super) failed_at: Option<String>,
    pub(super) original_error: Option<String>,
}

impl Sent {
    pub(super) fn new(order: Order, msg_id: u32, first: u32, pieces: Option<Pieces>) -> Self {
        let filed = (0..len(&order.task)).map(|_| Filed::default()).collect();
        Self { order, msg_id, first, filed, pieces, stopped: false, format: None }
    }

    /// The CmdID after its last one.
    pub(super) fn end(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.filed.len()).unwrap_or(u32::MAX))
    }

    /// No more of the large object goes, and no Status for what went is waited for.
    pub(super) fn stop(&mut self) {
        self.stopped |= self.pieces.take().is_some();
    }

    /// Whether the Status of each of its commands has come; of a chunk, 213 or what it was refused with.
    fn is_answered(&self) -> bool {
        self.stopped || self.filed.iter().all(|filed| filed.fate != Fate::Unknown)
    }

    /// Whether the device has done nothing of it, but refused it with its message, or taken pieces of a large object.
    fn is_undone(&self) -> bool {
        self.filed.iter().all(|filed| match filed.fate {
            Fate::Answered(StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS) => true,
            Fate::Answered(StatusCode::CHUNK_ACCEPTED) => self.pieces.is_some(),
            fate => fate == Fate::Unknown,
        })
    }

    /// What came of it.
    pub(super) fn outcome(mut self) -> Outcome {
        self.stop();
        // What was said of the last chunk stays, 213 or what it was refused with; but a device that took a piece for the
        // whole has not done what was ordered.
        if let Some(filed) = self.filed.first_mut().filter(|_| self.stopped)
            && matches!(filed.fate, Fate::Answered(status) if status.is_success() && status < StatusCode::CHUNK_ACCEPTED)
        {
            filed.fate = Fate::Unknown;
        }
        let mut filed = self.filed.into_iter();
        let result = match &self.order.task {
            Task::Sequence(children) => {
                let own = filed.next().unwrap_or_default();
                let children = children.iter().map(|child| flat(child, &mut filed)).collect();
                TaskResult { children, ..result(&self.order.task, own) }
            }
            task => flat(task, &mut filed),
        };
        Outcome { id: self.order.id, task: self.order.task, result }
    }
}

/// The result of a task whose children have none.
fn flat(task: &Task, filed: &mut impl Iterator<Item = Filed>) -> TaskResult {
    let own = filed.next().unwrap_or_default();
    let children = task.children().iter().map(|child| result(child, filed.next().unwrap_or_default())).collect();
    TaskResult { children, ..result(task, own) }
}

fn result(task: &Task, filed: Filed) -> TaskResult {
    let mut reply = None;
    if let (Task::Interact(interaction), Fate::Answered(status)) = (task, filed.fate) {
        let texts: Vec<&str> = filed.texts.iter().map(String::as_str).collect();
        reply = UserReply::from_status(interaction, status, &texts);
    }
    let mut leaves = if matches!(task, Task::Command(Command::Get { .. })) { filed.leaves } else { Vec::new() };
    if leaves.len() > 1 {
        // What a device says again counts once.
        let mut seen = BTreeSet::new();
        let first: Vec<bool> = leaves.iter().map(|leaf| seen.insert(leaf.uri.as_str())).collect();
        let mut first = first.into_iter();
        leaves.retain(|_| first.next().unwrap_or(false));
    }
    let addressed = match task {
        Task::Command(command) => target(command),
        _ => None,
    };
    TaskResult {
        fate: filed.fate,
        leaves,
        texts: if reply.is_some() { Vec::new() } else { filed.texts },
        reply,
        failed_at: filed.failed_at.filter(|uri| Some(uri.as_str()) != addressed),
        original_error: filed.original_error,
        children: Vec::new(),
    }
}

/// What came of an order that is not sent.
pub(super) fn not_sent(order: Order, why: NotSent) -> Outcome {
    let fate = Fate::NotSent(why);
    let none = || TaskResult { fate, ..TaskResult::default() };
    let children = |task: &Task| task.children().iter().map(|_| none()).collect();
    let below = order.task.children().iter().map(|child| TaskResult { children: children(child), ..none() }).collect();
    let result = TaskResult { children: below, ..none() };
    Outcome { id: order.id, task: order.task, result }
}

impl Book {
    /// How many orders there are.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.sent.len())
    }

    /// The large object that is being sent.
    pub(super) fn object(&mut self) -> Option<&mut Sent> {
        self.sent.last_mut().filter(|sent| sent.pieces.is_some())
    }

    /// Whether no Status is waited for.
    pub(super) fn is_answered(&self) -> bool {
        self.sent.iter().all(Sent::is_answered)
    }

    /// Whether a Get was answered with success, and has brought nothing yet.
    pub(super) fn lacks_results(&self) -> bool {
        let lacks = |(task, filed): (&Task, &Filed)| {
            let answered = matches!(filed.fate, Fate::Answered(status) if status.is_success());
            matches!(task, Task::Command(Command::Get { .. })) && answered && filed.leaves.is_empty()
        };
        self.sent.iter().any(|sent| all(&sent.order.task).zip(&sent.filed).any(lacks))
    }

    /// The message of this number was refused for its credentials: what came with it waits again, but for what the
    /// device has answered all the same. Whether there is any.
    pub(super) fn requeue(&mut self, refused: u32) -> bool {
        let waits = |sent: &Sent| sent.msg_id == refused && sent.is_undone();
        let (undone, sent): (Vec<_>, Vec<_>) = core::mem::take(&mut self.sent).into_iter().partition(waits);
        self.sent = sent;
        let any = !undone.is_empty();
        if any {
            // Other orders go first now: an object that is not sent again goes no further.
            self.sent.iter_mut().for_each(Sent::stop);
        }
        for sent in undone.into_iter().rev() {
            self.waiting.push_front(sent.order);
        }
        any
    }

    /// What came of all that was sent.
    pub(super) fn finish(&mut self) -> impl Iterator<Item = Outcome> + use<> {
        self.filed_len = 0;
        core::mem::take(&mut self.sent).into_iter().map(Sent::outcome)
    }
}

/// A task and those in it, in the order of their CmdIDs.
fn all(task: &Task) -> impl Iterator<Item = &Task> {
    let inner = task.children().iter().flat_map(|child| core::iter::once(child).chain(child.children()));
    core::iter::once(task).chain(inner)
}

/// How many commands a task is.
pub(super) fn len(task: &Task) -> usize {
    let inner = task.children().iter().map(|child| child.children().len().saturating_add(1));
    inner.fold(1_usize, usize::saturating_add)
}

/// Whether a task can be sent to some device: what may stand where, and no more (§8.1, §8.2).
pub(super) fn check(task: &Task) -> Result<(), NotSent> {
    let valid = match task {
        Task::Command(_) | Task::Interact(_) => is_leaf(task),
        Task::Atomic(_) => is_atomic(task),
        Task::Sequence(children) => {
            !children.is_empty() && children.iter().all(|child| is_leaf(child) || is_atomic(child))
        }
    };
    if valid { Ok(()) } else { Err(NotSent::Invalid) }
}

fn is_leaf(task: &Task) -> bool {
    match task {
        Task::Command(Command::Copy { source, target }) => !source.is_empty() && !target.is_empty(),
        Task::Command(Command::Check { .. } | Command::Begin | Command::Commit | Command::Rollback) => false,
        Task::Command(command) => target(command).is_some_and(|uri| !uri.is_empty()),
        Task::Interact(interaction) => interaction.is_complete(),
        Task::Atomic(_) | Task::Sequence(_) => false,
    }
}

fn is_atomic(task: &Task) -> bool {
    let Task::Atomic(children) = task else { return false };
    let allowed =
        |child: &Task| is_leaf(child) && !matches!(child, Task::Command(Command::Get { .. } | Command::Exec { .. }));
    !children.is_empty() && children.iter().all(allowed)
}

/// Whether a device of this kind has what the task needs.
pub(super) fn check_profile(task: &Task, profile: Profile, encoding: Encoding) -> Result<(), NotSent> {
    if profile != Profile::Windows {
        return Ok(());
    }
    let lacks = |task: &Task| match task {
        Task::Interact(_) => true,
        Task::Command(command) => match command {
            Command::Copy { .. } | Command::Exec { correlator: Some(_), .. } => true,
            Command::Add { content, .. } | Command::Replace { content, .. } | Command::Exec { content, .. } => {
                matches!(content.data, Data::Element(_))
            }
            _ => false,
        },
        Task::Atomic(_) | Task::Sequence(_) => false,
    };
    if all(task).any(lacks) {
        return Err(NotSent::Profile);
    }
    let mut fragment = Fragment::default();
    fragment.commands.extend(build(task, &mut CmdIds::default(), encoding));
    let fails = |finding: &lint::Finding| finding.rule.severity() == lint::Severity::Error;
    if lint::windows(&fragment).iter().any(fails) { Err(NotSent::Profile) } else { Ok(()) }
}

/// The bytes of the largest value in a command, as it is carried. `measure`: those of an element.
pub(super) fn largest_value(command: &syncml::Command<'_>, measure: impl Fn(&Item<'_>) -> usize) -> usize {
    let own = |command: &syncml::Command<'_>| {
        let items = match command {
            syncml::Command::Add(_) | syncml::Command::Replace(_) => command.items(),
            _ => &[],
        };
        let len = |item: &Item<'_>| match &item.data {
            Some(data) => data.as_bytes().map_or_else(|| measure(item), <[u8]>::len),
            None => 0,
        };
        items.iter().map(len).max().unwrap_or(0)
    };
    let inner = command.commands().iter().flat_map(|child| core::iter::once(child).chain(child.commands()));
    core::iter::once(command).chain(inner).map(own).max().unwrap_or(0)
}

/// The command of a task that was [checked](check).
pub(super) fn build(task: &Task, ids: &mut CmdIds, encoding: Encoding) -> Option<syncml::Command<'static>> {
    let Task::Sequence(children) = task else { return build_atomic(task, ids, encoding) };
    let mut sequence = Container::new(ids.next());
    for child in children {
        sequence = sequence.with_command(build_atomic(child, ids, encoding)?);
    }
    Some(syncml::Command::Sequence(sequence))
}

fn build_atomic(task: &Task, ids: &mut CmdIds, encoding: Encoding) -> Option<syncml::Command<'static>> {
    let Task::Atomic(children) = task else { return build_leaf(task, ids, encoding) };
    let mut atomic = Container::new(ids.next());
    for child in children {
        atomic = atomic.with_command(build_leaf(child, ids, encoding)?);
    }
    Some(syncml::Command::Atomic(atomic))
}

fn build_leaf(task: &Task, ids: &mut CmdIds, encoding: Encoding) -> Option<syncml::Command<'static>> {
    match task {
        Task::Command(command) => to_message(command, ids.next(), encoding),
        Task::Interact(interaction) => Some(syncml::Command::Alert(interaction.to_alert(ids.next()))),
        Task::Atomic(_) | Task::Sequence(_) => None,
    }
}

/// A command whose value can go in chunks.
pub(super) struct Divisible {
    add: bool,
    /// All but the data.
    item: Item<'static>,
}

impl Divisible {
    /// Whether the value of a task can go in chunks.
    pub(super) fn is_for(task: &Task) -> bool {
        matches!(task, Task::Command(Command::Add { .. } | Command::Replace { .. }))
    }

    /// An Add or a Replace at the top, with data that can be cut (§7.3).
    pub(super) fn of(task: &Task, encoding: Encoding) -> Option<(Self, Pieces)> {
        let (add, uri, content) = Self::parts(task)?;
        let mut item = content_into_item(content, Item::target(uri.clone()), encoding);
        let pieces = Pieces::of(&item)?;
        item.data = None;
        Some((Self { add, item }, pieces))
    }

    /// The same for what is on its way, without a look at the value.
    pub(super) fn again(sent: &Sent, encoding: Encoding) -> Option<Self> {
        let (add, uri, content) = Self::parts(&sent.order.task)?;
        let (format, media_type) = (sent.format.clone(), content.media_type.clone());
        let content = Content { format, media_type, data: Data::None };
        Some(Self { add, item: content_into_item(&content, Item::target(uri.clone()), encoding) })
    }

    fn parts(task: &Task) -> Option<(bool, &String, &Content)> {
        match task {
            Task::Command(Command::Add { uri, content }) => Some((true, uri, content)),
            Task::Command(Command::Replace { uri, content }) => Some((false, uri, content)),
            _ => None,
        }
    }

    /// The Format of its Item.
    pub(super) fn format(&self) -> Option<String> {
        Some(self.item.meta.as_ref()?.format()?.as_str().into())
    }

    pub(super) fn build(&self, ids: &mut CmdIds, piece: Piece) -> syncml::Command<'static> {
        let operation = Operation::new(ids.next()).with_item(piece.put_into(self.item.clone()));
        if self.add { syncml::Command::Add(operation) } else { syncml::Command::Replace(operation) }
    }
}
