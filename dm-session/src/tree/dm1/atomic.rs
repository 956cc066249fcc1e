//! Atomic, and the commands of a host that answers at once.

use super::super::value::Value;
use super::operation::{Answer, Ask, Command, Outcome, Reply, Request, Store};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::StatusCode;

/// Rounds of questions that one command may take; more is answered 500.
const ROUNDS: usize = 16;

/// What became of an Atomic (OMA-TS-DM_RepPro-V1_2 §6.6.3).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Atomic {
    /// The status of the Atomic: 200, or 507 when it failed.
    pub status: StatusCode,
    /// The status of every child, in their order: of one that failed its own, of those before it 216 (undone) or 516
    /// (could not be undone), of those after it 215 (not executed).
    pub children: Vec<StatusCode>,
    /// What made it fail: the status of the child, or that of the commit, which no child has.
    pub cause: Option<StatusCode>,
    /// The node that the failed child could not create: Target of an Item in its Status.
    pub failed_at: Option<String>,
}

impl Atomic {
    fn refused(status: StatusCode, cause: StatusCode, children: usize) -> Self {
        let children = core::iter::repeat_n(StatusCode::NOT_EXECUTED, children).collect();
        Self { status, children, cause: Some(cause), failed_at: None }
    }
}

/// Carries out one request and asks the host whatever the tree asks, at once.
///
/// Of several changes that belong together all are done or none: before the first of them `answer` is asked what the
/// leaves hold (which fails for those that are new), and when one of them fails, to undo those before it.
///
/// A host that cannot answer at once applies the request itself, and again when it has the replies.
///
/// ```
/// use dm_session::tree::dm1::{Command, Reply, Request, run};
/// use dm_session::tree::{MoTree, TreeConfig, dm1};
/// use dm_syncml::StatusCode;
///
/// let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(dm1::Config::new()))?;
/// let request = Request::server("dm.example", Command::get("./Missing"));
/// let answer = run(&mut tree, &request, &mut |_ask| Reply::Failed(StatusCode::NOT_SUPPORTED));
/// assert_eq!(answer.status, StatusCode::NOT_FOUND);
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
pub fn run(store: &mut dyn Store, request: &Request, answer: &mut dyn FnMut(&Ask) -> Reply) -> Answer {
    let mut asked: Vec<Ask> = Vec::new();
    let mut again = None;
    for _ in 0..ROUNDS {
        let asks = match store.apply(again.as_ref().unwrap_or(request)) {
            Outcome::Done(answer) => return answer,
            Outcome::Ask(asks) => asks,
        };
        let again = again.get_or_insert_with(|| request.clone());
        // Those that were answered already are not done twice.
        let known = if asks.starts_with(&asked) { asked.len() } else { 0 };
        let further = asks.get(known..).unwrap_or_default();
        let replies = answers(further, &asked, &again.replies, answer);
        again.replies.extend(replies);
        asked.extend_from_slice(further);
    }
    failed()
}

/// The answers of a host that does one thing after the other. Of several changes it does all or none: what was done
/// before one that fails is taken back.
fn answers(asks: &[Ask], asked: &[Ask], replied: &[Reply], answer: &mut dyn FnMut(&Ask) -> Reply) -> Vec<Reply> {
    let changes = |ask: &&Ask| matches!(ask, Ask::Set { .. } | Ask::Delete { .. });
    if asks.iter().filter(changes).count() < 2 {
        return asks.iter().map(answer).collect();
    }
    let mut values: BTreeMap<&str, Option<Value>> = BTreeMap::new();
    for (ask, reply) in asked.iter().zip(replied) {
        if let (Ask::Read { uri }, Reply::Value(value)) = (ask, reply) {
            values.insert(uri, Some(value.clone()));
        }
    }
    for ask in asks {
        if let Ask::Set { uri, .. } | Ask::Delete { uri } = ask {
            values.entry(uri).or_insert_with(|| match answer(&Ask::Read { uri: uri.clone() }) {
                Reply::Value(value) => Some(value),
                Reply::Done | Reply::Failed(_) => None,
            });
        }
    }
    let mut replies = Vec::with_capacity(asks.len());
    let mut failure = None;
    for ask in asks {
        let reply = match &failure {
            Some(status) if changes(&ask) => Reply::Failed(*status),
            _ => answer(ask),
        };
        if let (Reply::Failed(status), true, None) = (&reply, changes(&ask), &failure) {
            failure = Some(*status);
        }
        replies.push(reply);
    }
    let Some(status) = failure else { return replies };
    for (ask, reply) in asks.iter().zip(&mut replies).rev() {
        let (Ask::Set { uri, .. } | Ask::Delete { uri }) = ask else { continue };
        if matches!(reply, Reply::Failed(_)) {
            continue;
        }
        let value = values.get(uri.as_str()).cloned().flatten();
        if !matches!(answer(&Ask::Undo { uri: uri.clone(), value }), Reply::Failed(_)) {
            *reply = Reply::Failed(status);
        }
    }
    replies
}

/// Carries out the children of an Atomic, one [`Command`] for each Item: all of them or none.
///
/// Principal, time and form of the message are those of `template`, whose command is not looked at. Get, Exec and
/// another Atomic (a [`Command::Begin`]) among the children are answered 500 and make it fail, like any other child
/// that does not succeed. When the transaction cannot be opened (403: it is someone else's turn; 500: one is open)
/// that is the status of the Atomic, and nothing is executed.
///
/// ```
/// use dm_session::tree::dm1::{Command, Content, Reply, Request, run_atomic};
/// use dm_session::tree::{MoTree, TreeConfig, dm1};
/// use dm_syncml::StatusCode;
///
/// let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(dm1::Config::new()))?;
/// let commands = [Command::add("./A", "1"), Command::delete("./B"), Command::delete("./C")];
/// let template = Request::server("dm.example", Command::Begin);
/// let atomic = run_atomic(&mut tree, &template, &commands, &mut |_ask| Reply::Failed(StatusCode::NOT_SUPPORTED));
/// assert_eq!(atomic.status, StatusCode::ATOMIC_FAILED);
/// assert_eq!(atomic.children, [216, 404, 215].map(StatusCode::new));
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
pub fn run_atomic(
    store: &mut dyn Store,
    template: &Request,
    commands: &[Command],
    answer: &mut dyn FnMut(&Ask) -> Reply,
) -> Atomic {
    let mut run = |command: Command| {
        let request = Request {
            principal: template.principal.clone(),
            now: template.now,
            encoding: template.encoding,
            max_value_len: template.max_value_len,
            command,
            replies: Vec::new(),
        };
        run(store, &request, answer)
    };
    let begun = run(Command::Begin).status;
    if !begun.is_success() {
        return Atomic::refused(begun, begun, commands.len());
    }
    let mut children: Vec<StatusCode> = Vec::new();
    let mut failure = None;
    for command in commands {
        let done = if is_child(command) { run(command.clone()) } else { failed() };
        children.push(done.status);
        if !done.status.is_success() {
            failure = Some(done);
            break;
        }
    }
    let cause;
    let mut failed_at = None;
    let closed = if let Some(failure) = failure {
        cause = failure.status;
        failed_at = failure.failed_at;
        let mut closed = run(Command::Rollback);
        if !closed.status.is_success() && closed.not_undone.is_empty() {
            closed.not_undone = (0..children.len()).collect();
        }
        closed
    } else {
        let closed = run(Command::Commit);
        if closed.status.is_success() {
            return Atomic { status: StatusCode::OK, children, cause: None, failed_at };
        }
        cause = closed.status;
        closed
    };
    for child in children.iter_mut().filter(|child| child.is_success()) {
        *child = StatusCode::ATOMIC_ROLLED_BACK;
    }
    for child in closed.not_undone {
        if let Some(child) = children.get_mut(child).filter(|child| child.is_success()) {
            *child = StatusCode::ATOMIC_ROLL_BACK_FAILED;
        }
    }
    children.resize(commands.len(), StatusCode::NOT_EXECUTED);
    Atomic { status: StatusCode::ATOMIC_FAILED, children, cause: Some(cause), failed_at }
}

const fn is_child(command: &Command) -> bool {
    matches!(command, Command::Add { .. } | Command::Replace { .. } | Command::Delete { .. } | Command::Copy { .. })
}

const fn failed() -> Answer {
    Answer { status: StatusCode::COMMAND_FAILED, results: Vec::new(), failed_at: None, not_undone: Vec::new() }
}
