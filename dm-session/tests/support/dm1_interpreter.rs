//! What orders of a server come to, in the plainest way: the rules of §7 to §10 of the DM 1.2 reference around the
//! plain tree. Nothing of it knows messages but which orders stood in one.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "shared by several test files"
)]

use crate::model1::{DAY, Item, Model, Val, base64};
use dm_session::Timestamp;
use dm_session::dm1::{Interaction, Task, UserReply};
use dm_session::tree::dm1::{Command, Content, Data, Principal, Request};
use dm_syncml::Encoding;
use std::collections::{BTreeMap, VecDeque};

/// What is to become of a task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) status: u32,
    /// Statuses that are as good.
    pub(crate) also: Vec<u32>,
    pub(crate) items: Vec<Item>,
    pub(crate) failed_at: Option<String>,
    pub(crate) reply: Option<UserReply>,
    pub(crate) children: Vec<Self>,
}

impl Expected {
    fn status(status: u32) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status) && !matches!(self.status, 214..=216)
    }

    fn all(task: &Task, status: u32) -> Self {
        let children = task.children().iter().map(|child| Self::all(child, status)).collect();
        Self { children, ..Self::status(status) }
    }

    /// Itself and what is in it, in the order of a message.
    pub(crate) fn flat<'e>(&'e self, out: &mut Vec<&'e Self>) {
        out.push(self);
        self.children.iter().for_each(|child| child.flat(out));
    }
}

/// What is done at a device, in its order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// The tree is asked for this.
    Run(String),
    /// The user is asked this.
    Ask(String),
    /// A node is executed: its Correlator.
    Exec(Option<String>),
}

/// A command for a person and for comparisons: bytes and text are the same.
pub(crate) fn describe(command: &Command) -> String {
    let content = |content: &Content| {
        let data = match &content.data {
            Data::None => String::new(),
            Data::Text(text) => text.clone(),
            Data::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap_or_else(|_| format!("{bytes:?}")),
            other => format!("{other:?}"),
        };
        let hash = data.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        let short: String = data.chars().take(12).collect();
        format!("{:?} {:?} {short:?} {} {hash:x}", content.format, content.media_type, data.len())
    };
    match command {
        Command::Add { uri, content: it } => format!("Add {uri:?} {}", content(it)),
        Command::Replace { uri, content: it } => format!("Replace {uri:?} {}", content(it)),
        Command::Exec { uri, correlator, content: it } => format!("Exec {uri:?} {correlator:?} {}", content(it)),
        other => format!("{other:?}"),
    }
}

/// Text that XML can carry.
fn is_xml(text: &str) -> bool {
    text.chars().all(|c| "\t\n\r".contains(c) || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}'))
}

/// What arrives of an Item's Meta and Data: bytes are Base64 in XML, and opaque in WBXML.
fn travel(content: &Content, encoding: Encoding) -> Content {
    let xml = encoding == Encoding::Xml;
    let binary = match content.format.as_deref() {
        Some(format) => format == "bin",
        None => matches!(content.data, Data::Bytes(_)),
    };
    let b64 = |bytes: &[u8]| (Some("b64".to_owned()), Data::Text(base64(bytes)));
    let (format, data) = match &content.data {
        Data::Bytes(bytes) if content.format.as_deref() == Some("b64") => b64(bytes),
        Data::Bytes(bytes) if binary && xml => b64(bytes),
        Data::Text(text) if binary && xml => b64(text.as_bytes()),
        Data::None if binary && xml => b64(b""),
        Data::Bytes(bytes) if xml => match core::str::from_utf8(bytes) {
            Ok(text) if is_xml(text) => (content.format.clone(), Data::Text(text.to_owned())),
            _ => b64(bytes),
        },
        Data::Text(text) if xml && !is_xml(text) => b64(text.as_bytes()),
        Data::Text(text) if binary => (Some("bin".to_owned()), Data::Bytes(text.clone().into_bytes())),
        Data::Bytes(bytes) if binary => (Some("bin".to_owned()), Data::Bytes(bytes.clone())),
        data => (content.format.clone(), data.clone()),
    };
    let mut travelled = Content::new(data);
    travelled.format = format;
    travelled.media_type = content.media_type.clone();
    travelled
}

/// A command as the device reads it: without white space around URIs.
pub(crate) fn arrive(command: &Command, encoding: Encoding) -> Command {
    let trim = |uri: &str| uri.trim_matches([' ', '\t', '\r', '\n']).to_owned();
    match command {
        Command::Add { uri, content } => Command::add(trim(uri), travel(content, encoding)),
        Command::Replace { uri, content } => Command::replace(trim(uri), travel(content, encoding)),
        Command::Delete { uri } => Command::delete(trim(uri)),
        Command::Copy { source, target } => Command::copy(trim(source), trim(target)),
        Command::Get { uri, .. } => Command::get(trim(uri)),
        Command::Exec { uri, correlator, content } => {
            let mut command = Command::exec(trim(uri));
            if let Command::Exec { correlator: to, content: into, .. } = &mut command {
                to.clone_from(correlator);
                *into = travel(content, encoding);
            }
            command
        }
        other => other.clone(),
    }
}

/// The user and the device's software, by what they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// What the user says, by the text shown; one who is not here never answers.
    pub(crate) user: BTreeMap<String, UserReply>,
    /// The status of an Exec, by its Correlator; else 200.
    pub(crate) exec: BTreeMap<String, u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Interpreter {
    pub(crate) model: Model,
    pub(crate) encoding: Encoding,
    pub(crate) server_id: String,
    pub(crate) script: Script,
    /// Whether there is a user.
    pub(crate) interaction: bool,
    pub(crate) atomic: bool,
    pub(crate) stop_sequence: bool,
    /// The bounds of what the Gets may bring, in their order.
    pub(crate) most: VecDeque<Option<usize>>,
    pub(crate) effects: Vec<Effect>,
    /// After how many effects the device was stopped.
    pub(crate) halt: Option<usize>,
}

/// Why what follows is not done.
enum Stop {
    No,
    /// The user cancelled.
    Cancelled,
    /// The user said no.
    Rejected,
}

impl Interpreter {
    /// Whether the device does one thing more.
    fn goes_on(&mut self, effect: Effect) -> bool {
        if self.halt.is_some_and(|halt| self.effects.len() >= halt) {
            return false;
        }
        self.effects.push(effect);
        true
    }

    /// One command to the tree.
    fn run(&mut self, command: &Command) -> Expected {
        let command = arrive(command, self.encoding);
        if !self.goes_on(Effect::Run(describe(&command))) {
            return Expected::status(215);
        }
        let now = Timestamp::from_millis((DAY + 100) * 1000);
        let mut request =
            Request::new(Principal::Server(self.server_id.clone()), command).with_encoding(self.encoding).at(now);
        if matches!(request.command, Command::Get { .. }) {
            request.max_value_len = self.most.pop_front().flatten();
        }
        let answer = self.model.apply(&request);
        let mut status = answer.status;
        if let (true, Command::Exec { correlator, .. }) = (answer.exec, &request.command) {
            self.goes_on(Effect::Exec(correlator.clone()));
            status = correlator.as_ref().and_then(|it| self.script.exec.get(it)).copied().unwrap_or(200);
        }
        let also = if status >= 400 { self.model.also.clone() } else { Vec::new() };
        Expected { status, also, items: answer.results, failed_at: answer.failed_at, ..Expected::default() }
    }

    /// §10: what the user says.
    fn ask(&mut self, interaction: &Interaction) -> Expected {
        if !self.interaction {
            // Nobody sees whether a device that was stopped came so far.
            let also = vec![215];
            return Expected { also, reply: Some(UserReply::Unsupported), ..Expected::status(406) };
        }
        if !self.goes_on(Effect::Ask(interaction.text.clone())) {
            // What was being asked is cancelled.
            return Expected { also: vec![214], ..Expected::status(215) };
        }
        let reply = self.script.user.get(&interaction.text).cloned().unwrap_or(UserReply::TimedOut);
        Expected { reply: Some(reply.clone()), ..Expected::status(reply.status().code()) }
    }

    fn stop(done: &Expected) -> Stop {
        match (&done.reply, done.status) {
            (Some(_), 214 | 408) => Stop::Cancelled,
            (Some(_), 304) => Stop::Rejected,
            _ => Stop::No,
        }
    }

    /// §8.1.
    fn all_or_none(&mut self, task: &Task) -> Expected {
        if !self.atomic {
            let mut expected = Expected::all(task, 406);
            expected.children.iter_mut().for_each(|child| child.also.push(215));
            return expected;
        }
        if !self.goes_on(Effect::Run(describe(&Command::Begin))) {
            return Expected::all(task, 215);
        }
        let before = self.model.clone();
        let mut children: Vec<Expected> = Vec::new();
        let mut failed = false;
        for child in task.children() {
            if failed {
                children.push(Expected::all(child, 215));
                continue;
            }
            let done = match child {
                Task::Command(command) => self.run(command),
                Task::Interact(interaction) => self.ask(interaction),
                other => panic!("{other:?} in an Atomic"),
            };
            failed = !done.is_good();
            children.push(done);
        }
        let end = if failed { Command::Rollback } else { Command::Commit };
        failed |= !self.goes_on(Effect::Run(describe(&end)));
        if failed {
            self.model = before;
            for child in children.iter_mut().filter(|child| child.is_good()) {
                child.status = 216;
            }
        }
        Expected { children, ..Expected::status(if failed { 507 } else { 200 }) }
    }

    /// §8.2.
    fn one_after_the_other(&mut self, task: &Task) -> Expected {
        let mut stopped = false;
        let mut children = Vec::new();
        let also = if self.halt.is_some_and(|halt| self.effects.len() >= halt) { vec![215] } else { Vec::new() };
        for child in task.children() {
            if stopped {
                children.push(Expected::all(child, 215));
                continue;
            }
            let (done, stop) = self.task(child);
            stopped = !matches!(stop, Stop::No) || (self.stop_sequence && !done.is_good());
            children.push(done);
        }
        Expected { also, children, ..Expected::status(200) }
    }

    fn task(&mut self, task: &Task) -> (Expected, Stop) {
        match task {
            Task::Command(command) => (self.run(command), Stop::No),
            Task::Interact(interaction) => {
                let done = self.ask(interaction);
                let stop = Self::stop(&done);
                (done, stop)
            }
            Task::Atomic(_) => (self.all_or_none(task), Stop::No),
            Task::Sequence(_) => (self.one_after_the_other(task), Stop::No),
            other => panic!("{other:?}"),
        }
    }

    /// One task that stands in the body of a message; whether the rest of the message is done.
    pub(crate) fn top(&mut self, task: &Task) -> (Expected, bool) {
        let (expected, stop) = self.task(task);
        (expected, !matches!(stop, Stop::Cancelled))
    }

    /// What would become of a command, without doing it: of a large object whose first chunk is here.
    pub(crate) fn foresee(&self, command: &Command, large: bool) -> Expected {
        if !large {
            return Expected::status(406);
        }
        let mut done = self.clone().run(command);
        // Its size is known before its data.
        done.also.extend((done.status >= 400).then_some(413));
        done
    }

    pub(crate) fn skipped(task: &Task) -> Expected {
        Expected::all(task, 215)
    }

    /// The tree without times, which are those of the messages.
    pub(crate) fn dump(&self) -> Vec<(String, Vec<String>)> {
        timeless(self.model.dump())
    }
}

/// Without the times.
pub(crate) fn timeless(mut dump: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
    for (_, seen) in &mut dump {
        seen[2].clear();
    }
    dump
}

/// A value as it came or should have come: no data, no text and no bytes are one.
pub(crate) fn same_data(have: &Data, expected: Option<&Val>) -> bool {
    let expected = match expected {
        None => return have.is_empty(),
        Some(Val::Text(text)) => text.as_bytes(),
        Some(Val::Bytes(bytes)) => bytes.as_slice(),
    };
    have.as_bytes() == Some(expected)
}
