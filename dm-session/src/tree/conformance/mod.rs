//! The contract of [`dm1::Store`] as rows of checks that a host runs against its own store.
//!
//! Each [`Row`] is one row of the tree's table of test cases, by its id. It starts from a store that holds what a
//! [`Setup`] describes, gives commands and compares what comes back. Besides what a row asks for itself, each one
//! checks that a command that was refused, and each Get, Exec and roll back, leaves the tree as it was: values,
//! properties and the order of children.
//!
//! ```
//! use dm_session::tree::conformance::{self, Setup, Subject};
//!
//! // A store of the host's own would be built from the setup here, or `None` returned for one that it cannot hold.
//! let mut factory = |setup: &Setup| Some(Box::new(setup.build_tree().ok()?) as Box<dyn Subject>);
//! let report = conformance::run_all(&mut factory);
//! assert_eq!(report.count(), conformance::rows().count());
//! ```

mod fixture;
mod rows_acl;
mod rows_add;
mod rows_addressing;
mod rows_atomic;
mod rows_delete;
mod rows_get;
mod rows_lists;
mod rows_objects;
mod rows_property;
mod rows_replace;
mod rows_tnds;
mod rows_wrong;

pub use fixture::{F0_CLOCK, MAIL, Setup, SetupNode};

use super::dm1::{self, Answer, Ask, Command, Content, Data, Principal, Reply, Request, ResultItem};
use super::{Format, MoTree, Value};
use crate::Timestamp;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Encoding, StatusCode};

/// A store that the rows are run against.
pub trait Subject: dm1::Store {
    /// The [`MoTree`] behind it, for the rows about what that one offers besides [`dm1::Store`]: its view for DM 2.0,
    /// accounts, objects. They are skipped for a store that is none.
    fn mo_tree(&mut self) -> Option<&mut MoTree> {
        None
    }
}

impl Subject for MoTree {
    fn mo_tree(&mut self) -> Option<&mut MoTree> {
        Some(self)
    }
}

/// Makes the stores that the rows are run against: a function from `&Setup` to `Option<Box<dyn Subject>>` is one.
pub trait Factory {
    /// A new store that holds what the setup says; `None` if there can be none such, which skips the row.
    fn store(&mut self, setup: &Setup) -> Option<Box<dyn Subject>>;
}

impl<F: FnMut(&Setup) -> Option<Box<dyn Subject>>> Factory for F {
    fn store(&mut self, setup: &Setup) -> Option<Box<dyn Subject>> {
        self(setup)
    }
}

/// One row of the contract.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Row {
    /// Its id, such as `A3`.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    run: fn(&mut Run<'_>) -> Step,
}

impl Row {
    pub(crate) const fn new(id: &'static str, title: &'static str, run: fn(&mut Run<'_>) -> Step) -> Self {
        Self { id, title, run }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.title)
    }
}

const GROUPS: [&[Row]; 12] = [
    rows_addressing::ROWS,
    rows_get::ROWS,
    rows_property::ROWS,
    rows_add::ROWS,
    rows_replace::ROWS,
    rows_delete::ROWS,
    rows_acl::ROWS,
    rows_lists::ROWS,
    rows_tnds::ROWS,
    rows_atomic::ROWS,
    rows_objects::ROWS,
    rows_wrong::ROWS,
];

/// All rows, in the order of the table.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.into_iter().flatten()
}

/// Runs one row.
pub fn run(row: &Row, factory: &mut dyn Factory) -> Verdict {
    match (row.run)(&mut Run::new(factory)) {
        Ok(()) => Verdict::Passed,
        Err(Stop::Skipped) => Verdict::Skipped,
        Err(Stop::Failed(failure)) => Verdict::Failed(Failure { row: row.id, ..*failure }),
    }
}

/// Runs all rows.
pub fn run_all(factory: &mut dyn Factory) -> Report {
    let mut report = Report::default();
    for row in rows() {
        match run(row, factory) {
            Verdict::Passed => report.passed = report.passed.saturating_add(1),
            Verdict::Skipped => report.skipped.push(row.id),
            Verdict::Failed(failure) => report.failures.push(failure),
        }
    }
    report
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The store did all that the row asks for.
    Passed,
    /// The factory had no store for it.
    Skipped,
    /// The store did something else.
    Failed(Failure),
}

/// Where a store did something else than the contract says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The id of the row.
    pub row: &'static str,
    /// The command, such as `S1 Get ./Vendor/Mail`.
    pub step: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: expected {}, got {}", self.row, self.step, self.expected, self.got)
    }
}

/// What became of all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many passed.
    pub passed: usize,
    /// The ids of those that the factory had no store for.
    pub skipped: Vec<&'static str>,
    /// Those that failed.
    pub failures: Vec<Failure>,
}

impl Report {
    /// How many rows there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.passed.saturating_add(self.skipped.len()).saturating_add(self.failures.len())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} passed, {} skipped, {} failed", self.passed, self.skipped.len(), self.failures.len())?;
        if !self.skipped.is_empty() {
            writeln!(f, "skipped: {}", self.skipped.join(" "))?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "{failure}"))
    }
}

/// Why a row ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The factory has no such store.
    Skipped,
    /// It is over.
    Failed(Box<Failure>),
}

impl Stop {
    fn new(step: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure { row: "", step: step.into(), expected: expected.into(), got: got.into() }))
    }
}

/// A step of a row.
pub(crate) type Step<T = ()> = Result<T, Stop>;

/// What a row works with: a store that is made when the first command comes, the host behind it, and the server that
/// asks (`S1` unless told otherwise).
///
/// Paths that do not start with a dot are below `./Vendor`, as in the table; not in [`raw`](Self::raw) rows.
pub(crate) struct Run<'f> {
    factory: &'f mut dyn Factory,
    setup: Setup,
    store: Option<Box<dyn Subject>>,
    principal: Principal,
    now: Option<Timestamp>,
    encoding: Encoding,
    max_value_len: Option<usize>,
    raw: bool,
    host: Host,
    /// Whether a transaction is open, in which nobody else can look.
    open: bool,
    /// What the tree held after the last command; `None` where that is not known.
    last: Option<Snapshot>,
    /// The same at the start of the transaction.
    before: Option<Snapshot>,
    /// `VerNo` of nodes at the start: what the setup made of it.
    verno: BTreeMap<String, u16>,
    verno_before: BTreeMap<String, u16>,
}

/// What is outside of the tree: values, and scripted replies.
#[derive(Default)]
struct Host {
    values: BTreeMap<String, Value>,
    replies: BTreeMap<(On, String), Reply>,
    asked: Vec<Ask>,
}

/// What a scripted reply is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    Read,
    Set,
    Delete,
    Undo,
    Exec,
}

impl Host {
    fn reply(&mut self, ask: &Ask) -> Reply {
        let (on, uri) = match ask {
            Ask::Read { uri } => (On::Read, uri),
            Ask::Set { uri, .. } => (On::Set, uri),
            Ask::Delete { uri } => (On::Delete, uri),
            Ask::Undo { uri, .. } => (On::Undo, uri),
            Ask::Exec { uri, .. } => (On::Exec, uri),
        };
        if let Some(reply) = self.replies.get(&(on, uri.clone())) {
            return reply.clone();
        }
        match ask {
            Ask::Read { uri } => match self.values.get(uri) {
                Some(value) => return Reply::Value(value.clone()),
                None => return Reply::Failed(StatusCode::COMMAND_FAILED),
            },
            Ask::Set { uri, value } | Ask::Undo { uri, value: Some(value) } => {
                self.values.insert(uri.clone(), value.clone());
            }
            Ask::Delete { uri } | Ask::Undo { uri, value: None } => {
                self.values.remove(uri);
            }
            Ask::Exec { .. } => {}
        }
        Reply::Done
    }
}

impl<'f> Run<'f> {
    fn new(factory: &'f mut dyn Factory) -> Self {
        Self {
            factory,
            setup: Setup::f0(),
            store: None,
            principal: Principal::Server("S1".to_owned()),
            now: Some(F0_CLOCK),
            encoding: Encoding::Xml,
            max_value_len: None,
            raw: false,
            host: Host::default(),
            open: false,
            last: None,
            before: None,
            verno: BTreeMap::new(),
            verno_before: BTreeMap::new(),
        }
    }

    // What the row starts from.

    /// A fresh F0, changed so.
    pub(crate) fn setup(&mut self, change: impl FnOnce(&mut Setup)) {
        let mut setup = Setup::f0();
        change(&mut setup);
        self.start(setup);
    }

    /// A fresh F0.
    pub(crate) fn fresh(&mut self) {
        self.start(Setup::f0());
    }

    /// A fresh F0 with lenient rules.
    pub(crate) fn lenient(&mut self) {
        self.setup(Setup::lenient);
    }

    /// A fresh store with that setup. The principal is `S1` again.
    pub(crate) fn start(&mut self, setup: Setup) {
        self.setup = setup;
        self.store = None;
        self.principal = Principal::Server("S1".to_owned());
        self.host = Host::default();
        self.open = false;
        self.last = None;
        self.before = None;
        self.verno.clear();
    }

    // Who asks, and how.

    /// Commands are of this server from here on.
    pub(crate) fn server(&mut self, id: &str) -> &mut Self {
        self.principal = Principal::Server(id.to_owned());
        self
    }

    /// Commands are of the device itself from here on.
    pub(crate) fn local(&mut self) -> &mut Self {
        self.principal = Principal::Local;
        self
    }

    /// Commands are of a bootstrap message from here on.
    pub(crate) fn bootstrap(&mut self) -> &mut Self {
        self.principal = Principal::Bootstrap;
        self
    }

    /// Messages have this form from here on.
    pub(crate) fn encoding(&mut self, encoding: Encoding) -> &mut Self {
        self.encoding = encoding;
        self.last = None;
        self
    }

    /// No more than so many bytes of a value can be delivered from here on.
    pub(crate) fn max_value_len(&mut self, len: usize) -> &mut Self {
        self.max_value_len = Some(len);
        self
    }

    /// What the clock shows from here on.
    pub(crate) fn clock(&mut self, now: Option<Timestamp>) -> &mut Self {
        self.now = now;
        self
    }

    /// Paths are taken as they are from here on.
    pub(crate) fn raw(&mut self) -> &mut Self {
        self.raw = true;
        self
    }

    /// What the host answers about this node from here on, instead of doing what it is asked.
    pub(crate) fn on(&mut self, on: On, path: &str, reply: Reply) -> &mut Self {
        let uri = self.uri(path);
        self.host.replies.insert((on, uri), reply);
        self.last = None;
        self
    }

    /// What the host was asked because of commands of the row, oldest first.
    pub(crate) fn asked(&self) -> &[Ask] {
        &self.host.asked
    }

    /// The value of a node that the host keeps.
    pub(crate) fn outside(&self, path: &str) -> Option<&Value> {
        self.host.values.get(&self.uri(path))
    }

    /// The tree, for rows about more than the interface. Skips the row where there is none.
    pub(crate) fn mo_tree(&mut self) -> Step<&mut MoTree> {
        self.ready()?;
        self.last = None;
        self.store.as_mut().and_then(|store| store.mo_tree()).ok_or(Stop::Skipped)
    }

    /// The whole URI of a path of the table.
    pub(crate) fn uri(&self, path: &str) -> String {
        if self.raw || path.starts_with('.') { path.to_owned() } else { format!("./Vendor/{path}") }
    }

    // Commands.

    /// Adds a node.
    pub(crate) fn add(&mut self, path: &str, content: impl Into<Content>) -> Got {
        let command = Command::add(self.uri(path), content);
        self.apply(command)
    }

    /// Replaces a value, a property or a sub-tree.
    pub(crate) fn replace(&mut self, path: &str, content: impl Into<Content>) -> Got {
        let command = Command::replace(self.uri(path), content);
        self.apply(command)
    }

    /// Replaces a value, with a Format.
    pub(crate) fn replace_as(&mut self, path: &str, format: &str, text: &str) -> Got {
        self.replace(path, Content::from(text).with_format(format))
    }

    /// Deletes a node.
    pub(crate) fn delete(&mut self, path: &str) -> Got {
        let command = Command::delete(self.uri(path));
        self.apply(command)
    }

    /// Copies a leaf.
    pub(crate) fn copy(&mut self, source: &str, target: &str) -> Got {
        let command = Command::copy(self.uri(source), self.uri(target));
        self.apply(command)
    }

    /// Reads a node, a property or a list.
    pub(crate) fn get(&mut self, path: &str) -> Got {
        let command = Command::get(self.uri(path));
        self.apply(command)
    }

    /// Executes a node.
    pub(crate) fn exec(&mut self, path: &str) -> Got {
        let command = Command::exec(self.uri(path));
        self.apply(command)
    }

    /// Renames a node.
    pub(crate) fn rename(&mut self, path: &str, name: &str) -> Got {
        self.replace(&format!("{path}?prop=Name"), name)
    }

    /// Sets an ACL.
    pub(crate) fn set_acl(&mut self, path: &str, acl: &str) -> Got {
        self.replace(&format!("{path}?prop=ACL"), acl)
    }

    /// Carries out any command, with the host answering what the store asks, and checks that nothing changed where
    /// nothing may.
    pub(crate) fn apply(&mut self, command: Command) -> Got {
        let step = describe(&self.principal, &command);
        let requested = self.plain_get(&command);
        if let Err(stop) = self.ready() {
            return Got { step, requested, encoding: self.encoding, answer: Err(stop) };
        }
        if self.last.is_none() && !self.open {
            match self.take_snapshot() {
                Ok(snapshot) => self.last = Some(snapshot),
                Err(stop) => return Got { step, requested, encoding: self.encoding, answer: Err(stop) },
            }
        }
        let answer = self.send(&self.principal.clone(), &command, true);
        let answer = answer.and_then(|answer| self.look(&step, &command, answer));
        Got { step, requested, encoding: self.encoding, answer }
    }

    /// The URI that the only result of a Get has to carry, where that is certain.
    fn plain_get(&self, command: &Command) -> Option<String> {
        let Command::Get { uri, .. } = command else { return None };
        (self.setup.is_strict() && !uri.contains("?list=") && !uri.contains('%') && uri.is_ascii()).then(|| uri.clone())
    }

    /// Does what has to be done after each command: follows transactions, compares the tree where it may not have
    /// changed.
    fn look(&mut self, step: &str, command: &Command, answer: Answer) -> Step<Answer> {
        let done = is_success(answer.status);
        match command {
            Command::Begin if done => {
                self.before = self.last.clone();
                self.verno_before = self.verno.clone();
                self.open = true;
                return Ok(answer);
            }
            Command::Commit if done => self.open = false,
            Command::Commit | Command::Rollback => {
                self.open = false;
                self.verno = core::mem::take(&mut self.verno_before);
                self.last = Some(self.take_snapshot()?);
                if let (Some(before), Some(after), true) = (&self.before, &self.last, answer.not_undone.is_empty()) {
                    before.compare(step, after)?;
                }
                return Ok(answer);
            }
            _ if self.open => {}
            Command::Get { .. } | Command::Exec { .. } | Command::Check { .. } => return self.unchanged(step, answer),
            _ if !done => return self.unchanged(step, answer),
            _ => {}
        }
        self.last = None;
        match command {
            Command::Delete { uri } if done => self.forget(uri),
            Command::Replace { uri, content } if done => {
                if let (Some(uri), Data::Text(name)) = (uri.strip_suffix("?prop=Name"), &content.data) {
                    self.renamed(uri, name);
                }
            }
            _ => {}
        }
        Ok(answer)
    }

    fn unchanged(&mut self, step: &str, answer: Answer) -> Step<Answer> {
        let after = self.take_snapshot()?;
        if let Some(before) = &self.last {
            before.compare(step, &after)?;
        }
        Ok(answer)
    }

    /// Repeats a command of the device itself without looking at the tree in between.
    pub(crate) fn repeat(&mut self, times: usize, path: &str, content: &Content) -> Step {
        self.ready()?;
        self.last = None;
        let command = Command::replace(self.uri(path), content.clone());
        for _ in 0..times {
            let answer = self.send(&Principal::Local, &command, false)?;
            if !is_success(answer.status) {
                return Err(Stop::new(describe(&Principal::Local, &command), "200", rendered(&answer)));
            }
        }
        Ok(())
    }

    /// The commands as an Atomic: all of them, or none. When it fails the tree has to be as it was, but for what could
    /// not be undone.
    pub(crate) fn atomic(&mut self, commands: impl IntoIterator<Item = Command>) -> Step<Atomic> {
        let step = format!("{} Atomic", name_of(&self.principal));
        self.ready()?;
        let before = self.take_snapshot()?;
        self.last = None;
        let commands: Vec<Command> = commands.into_iter().collect();
        let mut template = Request::new(self.principal.clone(), Command::Begin).with_encoding(self.encoding);
        template.now = self.now;
        template.max_value_len = self.max_value_len;
        let store = self.store.as_mut().ok_or(Stop::Skipped)?;
        let host = &mut self.host;
        let result = dm1::run_atomic(&mut **store, &template, &commands, &mut |ask| {
            host.asked.push(ask.clone());
            host.reply(ask)
        });
        let not_undone = result.children.contains(&StatusCode::ATOMIC_ROLL_BACK_FAILED);
        if !is_success(result.status) && !not_undone {
            before.compare(&step, &self.take_snapshot()?)?;
        }
        Ok(Atomic { step, result })
    }

    // What the tree holds, seen by the device itself.

    /// A leaf has this value in its text form.
    pub(crate) fn holds(&mut self, path: &str, text: &str) -> Step {
        let uri = self.uri(path);
        self.look_at(&uri)?.status(200)?.value(text).map(drop)
    }

    /// An interior node has these children in this order.
    pub(crate) fn has_children(&mut self, path: &str, names: &[&str]) -> Step {
        let uri = self.uri(path);
        self.look_at(&uri)?.status(200)?.names(names).map(drop)
    }

    /// The names of the children of a node.
    pub(crate) fn children(&mut self, path: &str) -> Step<Vec<String>> {
        let uri = self.uri(path);
        Ok(names(self.look_at(&uri)?.status(200)?.item()?).map(str::to_owned).collect())
    }

    /// A node has this property.
    pub(crate) fn has_prop(&mut self, path: &str, property: &str, text: &str) -> Step {
        let uri = format!("{}?prop={property}", self.uri(path));
        self.look_at(&uri)?.status(200)?.value(text).map(drop)
    }

    /// The property of a node.
    pub(crate) fn prop(&mut self, path: &str, property: &str) -> Step<String> {
        let uri = format!("{}?prop={property}", self.uri(path));
        self.look_at(&uri)?.status(200)?.text()
    }

    /// A node has changed so often since the row began, or since it was created.
    pub(crate) fn has_verno(&mut self, path: &str, changes: u16) -> Step {
        let uri = self.uri(path);
        let text = self.prop(path, "VerNo")?;
        let number: u16 = text.parse().map_err(|_| Stop::new(format!("VerNo of {uri}"), "a number", &*text))?;
        let expected = self.verno.get(&uri).copied().unwrap_or_default().wrapping_add(changes);
        if number == expected {
            return Ok(());
        }
        Err(Stop::new(format!("VerNo of {uri}"), expected.to_string(), text))
    }

    /// There is no such node.
    pub(crate) fn gone(&mut self, path: &str) -> Step {
        let uri = self.uri(path);
        self.look_at(&uri)?.status(404).map(drop)
    }

    /// All that the tree holds now.
    pub(crate) fn snapshot(&mut self) -> Step<Snapshot> {
        self.ready()?;
        self.take_snapshot()
    }

    /// Whether something holds, else the row fails with this.
    pub(crate) fn check(&self, holds: bool, step: &str, expected: &str, got: impl fmt::Debug) -> Step {
        if holds { Ok(()) } else { Err(Stop::new(step, expected, format!("{got:?}"))) }
    }

    fn look_at(&mut self, uri: &str) -> Step<Got> {
        self.ready()?;
        let command = Command::get(uri);
        let step = describe(&Principal::Local, &command);
        let answer = self.send(&Principal::Local, &command, false);
        Ok(Got { step, requested: None, encoding: self.encoding, answer })
    }

    // Inside.

    /// Makes the store if there is none yet.
    fn ready(&mut self) -> Step {
        if self.store.is_some() {
            return Ok(());
        }
        self.store = Some(self.factory.store(&self.setup).ok_or(Stop::Skipped)?);
        self.host.values = self.setup.values();
        for uri in self.setup.uris() {
            let command = Command::get(format!("{uri}?prop=VerNo"));
            if let Ok(answer) = self.send(&Principal::Local, &command, false) {
                let text = answer.results.first().and_then(|item| text_of(&item.data));
                if let Some(number) = text.and_then(|text| text.parse().ok()) {
                    self.verno.insert(uri, number);
                }
            }
        }
        Ok(())
    }

    /// Carries out a command, with the host answering what the store asks.
    fn send(&mut self, principal: &Principal, command: &Command, recorded: bool) -> Step<Answer> {
        let mut request = Request::new(principal.clone(), command.clone()).with_encoding(self.encoding);
        request.now = self.now;
        request.max_value_len = if recorded { self.max_value_len } else { None };
        let store = self.store.as_mut().ok_or(Stop::Skipped)?;
        let host = &mut self.host;
        Ok(dm1::run(&mut **store, &request, &mut |ask| {
            if recorded {
                host.asked.push(ask.clone());
            }
            host.reply(ask)
        }))
    }

    /// Drops what is known of the versions of a node and of those below it.
    fn forget(&mut self, uri: &str) {
        self.verno.retain(|other, _| !is_at_or_below(other, uri));
    }

    fn renamed(&mut self, uri: &str, name: &str) {
        let Some((parent, _)) = uri.rsplit_once('/') else { return };
        let moved: Vec<(String, u16)> = (self.verno.iter().filter(|(other, _)| is_at_or_below(other, uri)))
            .filter_map(|(other, number)| Some((format!("{parent}/{name}{}", other.strip_prefix(uri)?), *number)))
            .collect();
        self.forget(uri);
        self.verno.extend(moved);
    }

    fn take_snapshot(&mut self) -> Step<Snapshot> {
        let mut snapshot = Snapshot::default();
        let mut open = Vec::from([".".to_owned()]);
        while let Some(uri) = open.pop() {
            let value = self.send(&Principal::Local, &Command::get(&*uri), false)?;
            let mut seen = Vec::from([("value", rendered(&value))]);
            if let Some(item) = value.results.first().filter(|item| item.format == Some(Format::Node)) {
                open.extend(names(item).map(|name| format!("{uri}/{name}")));
            }
            for property in ["ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo"] {
                let command = Command::get(format!("{uri}?prop={property}"));
                seen.push((property, rendered(&self.send(&Principal::Local, &command, false)?)));
            }
            snapshot.nodes.insert(uri, seen);
        }
        Ok(snapshot)
    }
}

/// What a tree holds: of each node the value and the properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    nodes: BTreeMap<String, Vec<(&'static str, String)>>,
}

impl Snapshot {
    /// Whether the other one is equal; else the first difference.
    pub(crate) fn compare(&self, step: &str, after: &Self) -> Step {
        let fail =
            |uri: &str, expected: String, got: String| Err(Stop::new(format!("{step}, then {uri}"), expected, got));
        for (uri, seen) in &self.nodes {
            let Some(now) = after.nodes.get(uri) else { return fail(uri, "unchanged".to_owned(), "gone".to_owned()) };
            for ((what, before), (_, now)) in seen.iter().zip(now) {
                if before != now {
                    return fail(uri, format!("{what} still {before}"), now.clone());
                }
            }
        }
        match after.nodes.keys().find(|uri| !self.nodes.contains_key(*uri)) {
            Some(uri) => fail(uri, "nothing".to_owned(), "a node".to_owned()),
            None => Ok(()),
        }
    }

    /// What it shows of a node: `value` or the name of a property.
    pub(crate) fn of(&self, uri: &str, what: &str) -> Option<&str> {
        let (_, text) = self.nodes.get(uri)?.iter().find(|(name, _)| *name == what)?;
        Some(text)
    }

    /// The same without these properties.
    pub(crate) fn without(mut self, properties: &[&str]) -> Self {
        for seen in self.nodes.values_mut() {
            seen.retain(|(name, _)| !properties.contains(name));
        }
        self
    }

    /// The same without a node and what is below it.
    pub(crate) fn without_node(mut self, uri: &str) -> Self {
        self.nodes.retain(|other, _| !is_at_or_below(other, uri));
        self
    }

    /// The same with only a node and what is below it.
    pub(crate) fn only(mut self, uri: &str) -> Self {
        self.nodes.retain(|other, _| is_at_or_below(other, uri));
        self
    }

    /// URIs of all nodes.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }
}

/// What an Atomic came to.
#[must_use]
pub(crate) struct Atomic {
    step: String,
    /// All of it.
    pub(crate) result: dm1::Atomic,
}

impl Atomic {
    /// The statuses of the Atomic and of its commands are these.
    pub(crate) fn statuses(self, status: u32, children: &[u32]) -> Step<Self> {
        let dm1::Atomic { status: got, children: have, .. } = &self.result;
        if got.code() == status && have.iter().map(|child| child.code()).eq(children.iter().copied()) {
            return Ok(self);
        }
        let got = format!("{got} and {have:?}");
        Err(Stop::new(self.step, format!("{status} and {children:?}"), got))
    }
}

/// What a command came to.
#[must_use]
pub(crate) struct Got {
    step: String,
    /// The Source that the one result must have.
    requested: Option<String>,
    encoding: Encoding,
    answer: Step<Answer>,
}

impl Got {
    /// The status is this one; one result for a plain Get, or for a property, with the URI of the request; none for
    /// what failed.
    pub(crate) fn status(self, status: u32) -> Step<Self> {
        let Self { step, requested, encoding, answer } = self;
        let answer = answer?;
        if answer.status.code() != status {
            return Err(Stop::new(step, status.to_string(), rendered(&answer)));
        }
        if !is_success(answer.status) && !answer.results.is_empty() {
            return Err(Stop::new(step, "no results", rendered(&answer)));
        }
        if let (Some(uri), 200) = (&requested, status) {
            let fits = |item: &ResultItem| {
                item.source == *uri
                    && (!uri.contains("?prop=") || (item.format, item.media_type.as_ref()) == (None, None))
            };
            if answer.results.len() != 1 || !answer.results.iter().all(fits) {
                return Err(Stop::new(step, format!("one Item with Source {uri}"), rendered(&answer)));
            }
        }
        Ok(Self { step, requested, encoding, answer: Ok(answer) })
    }

    /// The answer.
    pub(crate) fn answer(self) -> Step<Answer> {
        self.answer
    }

    /// The only Item.
    pub(crate) fn item(&self) -> Step<&ResultItem> {
        match self.answer.as_ref().map(|answer| &*answer.results) {
            Ok([item]) => Ok(item),
            Ok(items) => Err(self.fails("one Item", format!("{items:?}"))),
            Err(_) => Err(self.fails("one Item", "no answer")),
        }
    }

    /// All Items.
    pub(crate) fn items(&self) -> &[ResultItem] {
        self.answer.as_ref().map_or(&[], |answer| &answer.results)
    }

    /// The text of the only Item.
    pub(crate) fn text(&self) -> Step<String> {
        let item = self.item()?;
        match text_of(&item.data) {
            Some(text) if item.has_data => Ok(text.to_owned()),
            _ => Err(self.fails("text", shown(item))),
        }
    }

    /// The only Item has this text; empty for `<Data/>`.
    pub(crate) fn value(self, text: &str) -> Step<Self> {
        if self.text()? == text {
            return Ok(self);
        }
        Err(self.fails(&format!("{text:?}"), shown(self.item()?)))
    }

    /// The only Item travels so, in the form of the message.
    pub(crate) fn wire(self, expected: &Content) -> Step<Self> {
        let item = Content::from_item(&self.item()?.to_item(self.encoding), None);
        if item == *expected {
            return Ok(self);
        }
        Err(self.fails(&format!("{expected:?}"), format!("{item:?}")))
    }

    /// The only Item has these bytes.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Step<Self> {
        let item = self.item()?;
        if item.has_data && item.data == Data::Bytes(bytes.to_vec()) {
            return Ok(self);
        }
        Err(self.fails(&format!("bytes {bytes:?}"), shown(item)))
    }

    /// The only Item has this Format.
    pub(crate) fn format(self, format: Format) -> Step<Self> {
        let media_type = self.item()?.media_type.clone();
        self.meta(Some(format), media_type.as_deref())
    }

    /// The only Item has this Format and Type.
    pub(crate) fn meta(self, format: Option<Format>, media_type: Option<&str>) -> Step<Self> {
        let item = self.item()?;
        if item.format == format && item.media_type.as_deref() == media_type {
            return Ok(self);
        }
        Err(self.fails(&format!("Meta {format:?} {media_type:?}"), shown(item)))
    }

    /// The only Item has no Meta.
    pub(crate) fn no_meta(self) -> Step<Self> {
        self.meta(None, None)
    }

    /// The only Item has this Source.
    pub(crate) fn source(self, uri: &str) -> Step<Self> {
        let item = self.item()?;
        if item.source == uri {
            return Ok(self);
        }
        Err(self.fails(&format!("Source {uri}"), shown(item)))
    }

    /// The only Item is the child list of an interior node with these names.
    pub(crate) fn names(self, expected: &[&str]) -> Step<Self> {
        self.meta(Some(Format::Node), None)?.value(&expected.join("/"))
    }

    /// The Items are these, in this order.
    pub(crate) fn sources(self, uris: &[&str]) -> Step<Self> {
        if self.items().iter().map(|item| &*item.source).eq(uris.iter().copied()) {
            return Ok(self);
        }
        let got: Vec<&str> = self.items().iter().map(|item| &*item.source).collect();
        Err(self.fails(&format!("{uris:?}"), format!("{got:?}")))
    }

    /// The node above the addressed one that could not be created is this one.
    pub(crate) fn failed_at(self, uri: Option<&str>) -> Step<Self> {
        let failed_at = self.answer.as_ref().ok().and_then(|answer| answer.failed_at.as_deref());
        if failed_at == uri {
            return Ok(self);
        }
        Err(self.fails(&format!("failed at {uri:?}"), format!("{failed_at:?}")))
    }

    /// The end of a row here.
    pub(crate) fn fails(&self, expected: &str, got: impl Into<String>) -> Stop {
        Stop::new(&*self.step, expected, got)
    }
}

fn is_success(status: StatusCode) -> bool {
    (200..300).contains(&status.code())
}

fn is_at_or_below(uri: &str, top: &str) -> bool {
    uri.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn name_of(principal: &Principal) -> &str {
    match principal {
        Principal::Server(id) => id,
        Principal::Local => "the device",
        Principal::Bootstrap => "a bootstrap",
    }
}

fn describe(principal: &Principal, command: &Command) -> String {
    let what = match command {
        Command::Add { uri, content } => format!("Add {uri} {content:?}"),
        Command::Replace { uri, content } => format!("Replace {uri} {content:?}"),
        Command::Delete { uri } => format!("Delete {uri}"),
        Command::Copy { source, target } => format!("Copy {source} to {target}"),
        Command::Get { uri, .. } => format!("Get {uri}"),
        Command::Exec { uri, .. } => format!("Exec {uri}"),
        Command::Check { uri, add, .. } => format!("{} {uri}, first chunk", if *add { "Add" } else { "Replace" }),
        Command::Begin => "begin".to_owned(),
        Command::Commit => "commit".to_owned(),
        Command::Rollback => "roll back".to_owned(),
    };
    format!("{} {what}", name_of(principal))
}

/// The text of data; `None` if it is something else.
pub(crate) fn text_of(data: &Data) -> Option<&str> {
    match data {
        Data::None => Some(""),
        Data::Text(text) => Some(text),
        Data::Bytes(_) | Data::Element(_) => None,
    }
}

/// The names in a child list.
pub(crate) fn names(item: &ResultItem) -> impl Iterator<Item = &str> {
    text_of(&item.data).unwrap_or_default().split('/').filter(|name| !name.is_empty())
}

fn shown(item: &ResultItem) -> String {
    let data = match &item.data {
        Data::None => String::new(),
        Data::Text(text) => format!("{text:?}"),
        Data::Bytes(bytes) => format!("{bytes:?}"),
        Data::Element(_) => "an element".to_owned(),
    };
    format!("{} {:?} {:?} {data}", item.source, item.format, item.media_type)
}

fn rendered(answer: &Answer) -> String {
    let items: Vec<String> = answer.results.iter().map(shown).collect();
    let failed_at = answer.failed_at.as_deref().map_or_else(String::new, |uri| format!(" at {uri}"));
    format!("{}{failed_at} [{}]", answer.status, items.join(", "))
}
