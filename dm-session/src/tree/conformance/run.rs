//! What a row works with.

use super::seen::{
    Atomic, Got, Snapshot, Step, Stop, describe, is_at_or_below, is_success, name_of, names, rendered, text_of,
};
use super::{F0_CLOCK, Factory, Setup, Subject};
use crate::Timestamp;
use crate::tree::dm1::{self, Answer, Ask, Command, Content, Data, Principal, Reply, Request};
use crate::tree::{Format, MoTree, Value};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Encoding, StatusCode};

/// What a row works with: a store that is made when the first command comes, the host behind it, and the server that
/// asks (`S1` unless told otherwise).
///
/// Paths that do not start with a dot are below `./Vendor`, as in the table; not in [`raw`](Self::raw) rows.
pub(crate) struct Run<'f> {
    pub(crate) factory: &'f mut dyn Factory,
    pub(crate) setup: Setup,
    pub(crate) store: Option<Box<dyn Subject>>,
    pub(crate) principal: Principal,
    pub(crate) now: Option<Timestamp>,
    pub(crate) encoding: Encoding,
    pub(crate) max_value_len: Option<usize>,
    pub(crate) raw: bool,
    pub(crate) host: Host,
    /// Whether a transaction is open, in which nobody else can look.
    pub(crate) open: bool,
    /// What the tree held after the last command; `None` where that is not known.
    pub(crate) last: Option<Snapshot>,
    /// The same at the start of the transaction.
    pub(crate) before: Option<Snapshot>,
    /// `VerNo` of nodes at the start: what the setup made of it.
    pub(crate) verno: BTreeMap<String, u16>,
    pub(crate) verno_before: BTreeMap<String, u16>,
}

/// What is outside of the tree: values, and scripted replies.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) replies: BTreeMap<(On, String), Reply>,
    pub(crate) asked: Vec<Ask>,
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
    pub(crate) fn reply(&mut self, ask: &Ask) -> Reply {
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
    pub(crate) fn new(factory: &'f mut dyn Factory) -> Self {
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
    #[must_use]
    pub(crate) fn add(&mut self, path: &str, content: impl Into<Content>) -> Got {
        let command = Command::add(self.uri(path), content);
        self.apply(command)
    }

    /// Replaces a value, a property or a sub-tree.
    #[must_use]
    pub(crate) fn replace(&mut self, path: &str, content: impl Into<Content>) -> Got {
        let command = Command::replace(self.uri(path), content);
        self.apply(command)
    }

    /// Replaces a value, with a Format.
    #[must_use]
    pub(crate) fn replace_as(&mut self, path: &str, format: &str, text: &str) -> Got {
        self.replace(path, Content::from(text).with_format(format))
    }

    /// Deletes a node.
    #[must_use]
    pub(crate) fn delete(&mut self, path: &str) -> Got {
        let command = Command::delete(self.uri(path));
        self.apply(command)
    }

    /// Copies a leaf.
    #[must_use]
    pub(crate) fn copy(&mut self, source: &str, target: &str) -> Got {
        let command = Command::copy(self.uri(source), self.uri(target));
        self.apply(command)
    }

    /// Reads a node, a property or a list.
    #[must_use]
    pub(crate) fn get(&mut self, path: &str) -> Got {
        let command = Command::get(self.uri(path));
        self.apply(command)
    }

    /// Executes a node.
    #[must_use]
    pub(crate) fn exec(&mut self, path: &str) -> Got {
        let command = Command::exec(self.uri(path));
        self.apply(command)
    }

    /// Renames a node.
    #[must_use]
    pub(crate) fn rename(&mut self, path: &str, name: &str) -> Got {
        self.replace(&format!("{path}?prop=Name"), name)
    }

    /// Sets an ACL.
    #[must_use]
    pub(crate) fn set_acl(&mut self, path: &str, acl: &str) -> Got {
        self.replace(&format!("{path}?prop=ACL"), acl)
    }

    /// Carries out any command, with the host answering what the store asks, and checks that nothing changed where
    /// nothing may.
    #[must_use]
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

    /// Makes the store if there is none yet, and looks whether it holds what it should.
    fn ready(&mut self) -> Step {
        if self.store.is_some() {
            return Ok(());
        }
        self.store = Some(self.factory.store(&self.setup).ok_or(Stop::Skipped)?);
        self.host.values = self.setup.values();
        for uri in self.setup.uris() {
            let answer = self.send(&Principal::Local, &Command::get(format!("{uri}?prop=VerNo")), false)?;
            let text = answer.results.first().and_then(|item| text_of(&item.data));
            if let Some(number) = text.and_then(|text| text.parse().ok()) {
                self.verno.insert(uri, number);
            }
        }
        let nodes: Vec<String> = self.setup.nodes.iter().map(|node| node.uri.clone()).collect();
        for uri in nodes {
            let mut command = Command::get(format!("{uri}?prop=Name"));
            let mut answer = self.send(&Principal::Local, &command, false)?;
            let mut is_there = answer.results.first().and_then(|item| text_of(&item.data)) == uri.rsplit('/').next();
            if answer.status == StatusCode::URI_TOO_LONG {
                command = Command::get(uri);
                answer = self.send(&Principal::Local, &command, false)?;
                is_there = answer.results.len() == 1;
            }
            if !is_there {
                let step = format!("setup, {}", describe(&Principal::Local, &command));
                return Err(Stop::new(step, "the node", rendered(&answer)));
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
