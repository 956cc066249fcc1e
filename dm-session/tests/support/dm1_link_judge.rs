//! Holds what came of a session against what the interpreter says.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "shared by several test files"
)]

use crate::dm1_interpreter::{Effect, Expected, Interpreter, arrive, describe, same_data, timeless};
use crate::dm1_link::{Link, Record, Setup, story};
use crate::model1::{Item, Val, is_standard};
use crate::program1;
use dm_session::dm1::{Fate, InteractionKind, NotSent, Order, Task, TaskResult};
use dm_session::dm1::{client, server};
use dm_session::tree::dm1::{Command, Content, Data};
use dm_syncml::{self as syncml, Encoding, Message, StatusCode};
use std::collections::{BTreeMap, BTreeSet};

type At = (String, String);

/// A command that stood in the body of a server's message.
struct Top {
    /// Where it and what is in it stood: MsgID and CmdID.
    at: Vec<At>,
    order: u64,
    /// More is to come.
    more: bool,
    /// Cannot be told from the rest of a large object that the device refused: the status of that.
    rest_of_refused: Option<u32>,
}

/// The Statuses in messages, by what they answer.
fn statuses<'m>(messages: impl Iterator<Item = &'m Message<'static>>) -> BTreeMap<At, u32> {
    let mut found = BTreeMap::new();
    for message in messages {
        for command in &message.commands {
            if let syncml::Command::Status(status) = command {
                let of = status.cmd_ref.as_ref().map_or("0", |it| it.as_str());
                let code = status.code().map_or(0, StatusCode::code);
                found.insert((status.msg_ref.as_str().to_owned(), of.to_owned()), code);
            }
        }
    }
    found
}

fn is_operation(command: &syncml::Command<'_>) -> bool {
    match command {
        syncml::Command::Status(_) | syncml::Command::Results(_) => false,
        syncml::Command::Alert(alert) => alert.code().and_then(InteractionKind::from_code).is_some(),
        _ => true,
    }
}

fn ids(msg_id: &str, command: &syncml::Command<'_>, out: &mut Vec<At>) {
    let id = command.cmd_id().map_or("", |it| it.as_str());
    out.push((msg_id.to_owned(), id.to_owned()));
    command.commands().iter().for_each(|child| ids(msg_id, child, out));
}

/// The name under which a task stands in a message.
fn name(task: &Task) -> &'static str {
    match task {
        Task::Command(Command::Add { .. }) => "Add",
        Task::Command(Command::Replace { .. }) => "Replace",
        Task::Command(Command::Delete { .. }) => "Delete",
        Task::Command(Command::Copy { .. }) => "Copy",
        Task::Command(Command::Get { .. }) => "Get",
        Task::Command(Command::Exec { .. }) => "Exec",
        Task::Interact(_) => "Alert",
        Task::Atomic(_) => "Atomic",
        Task::Sequence(_) => "Sequence",
        other => panic!("{other:?}"),
    }
}

/// Whether it can be written at all, and may be.
pub(crate) fn is_valid(task: &Task) -> bool {
    let text =
        |text: &str| text.chars().all(|c| "\t\n\r".contains(c) || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}'));
    let uri = |uri: &str| !uri.is_empty() && text(uri);
    let content = |content: &Content| content.media_type.as_deref().is_none_or(text);
    match task {
        Task::Command(command) => match command {
            Command::Add { uri: it, content: data } | Command::Replace { uri: it, content: data } => {
                uri(it) && content(data)
            }
            Command::Exec { uri: it, content: data, .. } => uri(it) && content(data),
            Command::Delete { uri: it } | Command::Get { uri: it, .. } => uri(it),
            Command::Copy { source, target } => uri(source) && uri(target),
            _ => false,
        },
        Task::Interact(it) => {
            let choice = matches!(it.kind, InteractionKind::SingleChoice | InteractionKind::MultipleChoice);
            choice != it.choices.is_empty() && text(&it.text) && it.choices.iter().all(|it| text(it))
        }
        Task::Atomic(children) => {
            let allowed = |child: &Task| match child {
                Task::Command(command) => !matches!(command, Command::Get { .. } | Command::Exec { .. }),
                Task::Interact(_) => true,
                _ => false,
            };
            !children.is_empty() && children.iter().all(|child| allowed(child) && is_valid(child))
        }
        Task::Sequence(children) => {
            !children.is_empty() && children.iter().all(|it| !matches!(it, Task::Sequence(_)) && is_valid(it))
        }
        _ => false,
    }
}

fn data_len(task: &Task, encoding: Encoding) -> usize {
    let Task::Command(command) = task else { return 0 };
    match arrive(command, encoding) {
        Command::Add { content, .. } | Command::Replace { content, .. } | Command::Exec { content, .. } => {
            content.data.len()
        }
        _ => 0,
    }
}

/// Why an order was not sent has to be so.
fn not_sent(order: &Order, why: NotSent, record: &Record, setup: &Setup) -> bool {
    match why {
        NotSent::Invalid => !is_valid(&order.task),
        NotSent::TooLargeObject => {
            setup.client_obj.is_some_and(|most| data_len(&order.task, setup.encoding) > most as usize)
        }
        NotSent::TooLarge => setup.client_msg.is_some() && is_valid(&order.task),
        NotSent::Closed => !record.is_complete(),
        _ => false,
    }
}

/// What each order was sent as, in order; messages whose sender the device did not believe left out.
fn tops(record: &Record) -> Vec<(String, Vec<Top>)> {
    let by_device = statuses(record.posted.iter());
    let refused = |msg_id: &str| matches!(by_device.get(&(msg_id.to_owned(), "0".to_owned())), Some(401 | 407));
    let sent = |order: &&Order| !matches!(record.outcomes.get(&order.id.0).map(|it| it.fate), Some(Fate::NotSent(_)));
    let mut orders = record.orders.iter().filter(sent);
    let mut open: Option<(u64, At, String, String)> = None;
    let mut refused_object: Option<(String, String, u32)> = None;
    let mut all = Vec::new();
    for wire in record.wire.iter().filter(|wire| wire.from_server) {
        let msg_id = wire.message.header.msg_id.as_str();
        if refused(msg_id) {
            continue;
        }
        let mut tops = Vec::new();
        for command in wire.message.commands.iter().filter(|command| is_operation(command)) {
            let item = command.items().first();
            let (word, uri) = (command.name().unwrap(), item.and_then(|item| item.target_uri()));
            let uri = uri.map_or("", |uri| uri.as_str()).to_owned();
            let more = item.is_some_and(|item| item.more_data);
            let size = item.and_then(|item| item.meta.as_ref()).and_then(|meta| meta.size());
            let before = open.take();
            if let Some((_, at, word, uri)) = &before {
                refused_object = by_device.get(at).filter(|it| **it != 213).map(|it| (word.clone(), uri.clone(), *it));
            }
            let goes_on = before.filter(|(_, at, open_word, open_uri)| {
                size.is_none() && *open_word == word && *open_uri == uri && by_device.get(at) == Some(&213)
            });
            let order = match goes_on {
                Some((order, ..)) => order,
                None => {
                    assert_eq!(more, size.is_some(), "Size belongs to the first chunk");
                    let order = orders.next().expect("a command that was ordered");
                    assert_eq!(word, name(&order.task));
                    order.id.0
                }
            };
            let rest_of_refused = refused_object
                .take()
                .filter(|(old_word, old_uri, _)| !more && size.is_none() && *old_word == word && *old_uri == uri)
                .map(|(.., status)| status);
            let mut at = Vec::new();
            ids(msg_id, command, &mut at);
            if more {
                open = Some((order, at[0].clone(), word.to_owned(), uri));
            }
            tops.push(Top { at, order, more, rest_of_refused });
        }
        all.push((msg_id.to_owned(), tops));
    }
    all
}

/// §15 (§6.1): between sending a command and having its Status no further command leaves the server.
fn one_package_at_a_time(record: &Record) {
    let mut open: BTreeSet<At> = BTreeSet::new();
    for wire in &record.wire {
        let message = &wire.message;
        if wire.from_server {
            let mut all = Vec::new();
            for command in message.commands.iter().filter(|command| is_operation(command)) {
                ids(message.header.msg_id.as_str(), command, &mut all);
            }
            assert!(all.is_empty() || open.is_empty(), "commands while others are not answered: {open:?}");
            open.extend(all);
        } else {
            for (at, status) in statuses(core::iter::once(message)) {
                // What was refused whole is sent again.
                if at.1 == "0" && matches!(status, 401 | 407) {
                    open.retain(|(msg_id, _)| *msg_id != at.0);
                }
                open.remove(&at);
            }
            // A device that stops in the middle says so.
            if message.commands.iter().any(
                |it| matches!(it, syncml::Command::Alert(it) if it.code() == Some(syncml::AlertCode::SESSION_ABORT)),
            ) {
                open.clear();
            }
        }
    }
}

/// What the device did: runs the commands that it got through the interpreter.
fn interpret(
    large: bool,
    record: &Record,
    tops: &[(String, Vec<Top>)],
    interpreter: &mut Interpreter,
) -> BTreeMap<u64, Expected> {
    let mut expected = BTreeMap::new();
    for (msg_id, tops) in tops {
        if !record.got.contains(msg_id) {
            continue;
        }
        let mut goes_on = true;
        for top in tops {
            let task = &record.orders.iter().find(|order| order.id.0 == top.order).unwrap().task;
            if !goes_on {
                expected.insert(top.order, Interpreter::skipped(task));
                continue;
            }
            if let Some(status) = top.rest_of_refused.filter(|status| large && *status != 215) {
                expected.insert(top.order, Expected { status, ..Expected::default() });
                continue;
            }
            let done = match task {
                // Nothing is done before the last chunk; what cannot be done may be refused with the first.
                Task::Command(command) if top.more => interpreter.foresee(command, large),
                _ => {
                    let (done, on) = interpreter.top(task);
                    goes_on = on;
                    done
                }
            };
            expected.insert(top.order, done);
        }
    }
    expected
}

/// Holds a session against the interpreter, which goes on from its end. Panics where they differ.
pub(crate) fn judge(link: &Link, record: &Record, interpreter: &mut Interpreter) {
    let setup = &link.setup;
    let story = || story(setup, record);
    one_package_at_a_time(record);
    let tops = tops(record);

    // What the device did.
    interpreter.effects.clear();
    interpreter.most = record.most.clone();
    interpreter.halt = None;
    let before = interpreter.clone();
    let mut expected = interpret(setup.client_obj.is_some(), record, &tops, interpreter);
    if record.effects != interpreter.effects {
        let at = record.effects.iter().zip(&interpreter.effects).take_while(|(one, other)| one == other).count();
        let rollback = Effect::Run(describe(&Command::Rollback));
        let stopped = at == record.effects.len() || (at + 1 == record.effects.len() && record.effects[at] == rollback);
        let may_stop = matches!(
            record.client,
            Some(client::Reason::Aborted | client::Reason::Timeout | client::Reason::Limit | client::Reason::Internal)
        );
        assert!(
            stopped && may_stop,
            "at {at}: {:?} instead of {:?}\n{}",
            record.effects.get(at),
            interpreter.effects.get(at),
            story()
        );
        *interpreter = before;
        interpreter.halt = Some(at);
        expected = interpret(setup.client_obj.is_some(), record, &tops, interpreter);
        interpreter.halt = None;
    }
    let (have, should) = (timeless(program1::dump(&link.tree)), interpreter.dump());
    if have != should {
        let at = have.iter().zip(&should).take_while(|(one, other)| one == other).count();
        panic!("{:?}\ninstead of {:?}\n{}", have.get(at), should.get(at), story());
    }

    // What the server knows of it.
    let heard = record.wire.iter().filter(|wire| !wire.from_server).map(|wire| &wire.message);
    // The last message is not heard when it does not follow the one before: an abort in place of one that was lost.
    let refused = usize::from(record.server == Some(server::Reason::BadMessage));
    let heard = heard.clone().take(heard.count().saturating_sub(refused));
    let mut heard = statuses(heard);
    heard.retain(|_, status| *status != 213);
    assert_eq!(record.outcomes.len(), record.orders.len(), "{}", story());
    for order in &record.orders {
        let result = record.outcomes.get(&order.id.0).unwrap_or_else(|| panic!("no outcome\n{}", story()));
        if let Fate::NotSent(why) = result.fate {
            assert!(not_sent(order, why, record, setup), "{order:?} was not sent: {why:?}\n{}", story());
            continue;
        }
        assert!(is_valid(&order.task), "{order:?} was sent\n{}", story());
        let places: Vec<&Top> = tops.iter().flat_map(|(_, tops)| tops).filter(|top| top.order == order.id.0).collect();
        // Sent in a message alone whose sender the device did not believe, and never again.
        let Some(first) = places.first() else {
            assert!(!record.is_complete(), "{}", story());
            continue;
        };
        let answered: Vec<bool> = (0..first.at.len())
            .map(|index| places.iter().any(|top| top.at.get(index).is_some_and(|at| heard.contains_key(at))))
            .collect();
        let mut results = Vec::new();
        flat(result, &mut results);
        let nothing = Expected::default();
        let mut should = Vec::new();
        expected.get(&order.id.0).unwrap_or(&nothing).flat(&mut should);
        for (index, result) in results.iter().enumerate() {
            if !answered.get(index).copied().unwrap_or(false) {
                // All that the device said of is chunks.
                if result.fate == Fate::Answered(StatusCode::CHUNK_ACCEPTED) && places.iter().all(|top| top.more) {
                    assert!(!record.is_complete(), "{}", story());
                    continue;
                }
                assert_eq!(result.fate, Fate::Unknown, "no answer was heard of {order:?}\n{}", story());
                assert!(!record.is_complete(), "no answer of {order:?}\n{}", story());
                continue;
            }
            let should = should.get(index).unwrap_or_else(|| panic!("{order:?} did not arrive\n{}", story()));
            compare(result, should, record, setup, &|| format!("{order:?}\n{}", story()));
        }
    }
}

fn flat<'r>(result: &'r TaskResult, out: &mut Vec<&'r TaskResult>) {
    out.push(result);
    result.children.iter().for_each(|child| flat(child, out));
}

fn compare(have: &TaskResult, should: &Expected, record: &Record, setup: &Setup, context: &dyn Fn() -> String) {
    let status = have.status().map_or(0, StatusCode::code);
    // A device that was stopped says so of what it has not come to.
    let stopped = matches!(record.client, Some(client::Reason::Aborted | client::Reason::Timeout));
    if stopped && status == 215 {
        return;
    }
    // What cannot be delivered: more than the server takes, or than goes into one message of a device without large
    // objects.
    let cramped = setup.encoding == Encoding::Xml && setup.server_msg.is_some_and(|most| most < 900);
    let squeezed = status == 413
        && should.status == 200
        && should.items.iter().any(|item| {
            let len = item.data.as_ref().map_or(0, |data| match data {
                Val::Text(text) => text.len(),
                Val::Bytes(bytes) => bytes.len(),
            });
            cramped
                || setup.server_obj.is_some_and(|most| len > most as usize)
                || setup.server_msg.is_some_and(|most| {
                    len + 600 > most as usize && setup.client_obj.is_none_or(|most| len > most as usize)
                })
        });
    assert!(
        status == should.status || squeezed || should.also.contains(&status),
        "{status} instead of {}: {}",
        should.status,
        context()
    );
    if status != should.status {
        return;
    }
    assert_eq!(have.failed_at, should.failed_at, "{}", context());
    match status {
        216 | 215 => assert!(have.reply.is_none() || have.reply == should.reply, "{}", context()),
        _ => assert!(have.reply == should.reply, "{:?} instead of {:?}: {}", have.reply, should.reply, context()),
    }
    // What stands in standard objects the plain tree does not know.
    let known = |uri: &str| {
        let first = uri.trim_start_matches("./").split('/').next().unwrap_or("");
        !is_standard(".", first) || uri.contains('?')
    };
    let have: Vec<_> = have.leaves.iter().filter(|leaf| known(&leaf.uri)).collect();
    let should: Vec<&Item> = should.items.iter().filter(|item| known(&item.source)).collect();
    assert!(
        have.len() == should.len() || ((cramped || !record.is_complete()) && have.len() < should.len()),
        "{} values instead of {}: {}",
        have.len(),
        should.len(),
        context()
    );
    for (have, should) in have.iter().zip(should) {
        assert_eq!(have.uri, should.source, "{}", context());
        assert_eq!(have.content.format, should.format, "{}", context());
        assert_eq!(have.content.media_type, should.media_type, "{}", context());
        let text = |data: &Data| data.as_str().map(|text| text.chars().take(80).collect::<String>());
        assert!(
            same_data(&have.content.data, should.data.as_ref()),
            "{} bytes {:?} instead of {:?}: {}",
            have.content.data.len(),
            text(&have.content.data),
            should.data.as_ref().map(|it| format!("{it:?}").chars().take(80).collect::<String>()),
            context()
        );
    }
}
