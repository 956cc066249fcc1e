//! Between the commands of the tree and those of messages.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{self as syncml, CmdId, Encoding, Item, LocUri, Meta, Operation, StatusCode};

use crate::tree::Format;
use crate::tree::dm1::{Command, Content, Data};

/// Puts Meta and Data into an Item, in the form in which they travel.
pub(crate) fn content_into_item(content: &Content, mut item: Item<'static>, encoding: Encoding) -> Item<'static> {
    let stated = content.format.as_deref();
    let native = match stated {
        Some(word) => Format::from_name(word),
        None if matches!(content.data, Data::Bytes(_)) => Some(Format::Bin),
        None => Some(Format::Chr),
    };
    let (format, data) = match native {
        Some(native) => {
            let (format, data) = content.data.carried(native, encoding);
            (Some(format.as_str()).filter(|format| stated.is_some() || *format != "chr"), data)
        }
        None => (stated, content.data.carried(Format::Chr, encoding).1),
    };
    let mut meta = Meta::new();
    if let Some(format) = format {
        meta = meta.with_format(syncml::Format::from(syncml::Str::from(String::from(format))));
    }
    if let Some(media_type) = &content.media_type {
        meta = meta.with_type(media_type.clone());
    }
    if !meta.is_empty() {
        item = item.with_meta(meta);
    }
    if content.data != Data::None {
        item.data = Some(data);
    }
    item
}

/// A command of the tree as a message has it; `None` for what is none of the protocol (a check, a transaction).
pub(crate) fn to_message(
    command: &Command,
    cmd_id: impl Into<CmdId<'static>>,
    encoding: Encoding,
) -> Option<syncml::Command<'static>> {
    let operation = Operation::new(cmd_id);
    let target = |uri: &str| Item::target(uri.to_owned());
    Some(match command {
        Command::Add { uri, content } => {
            syncml::Command::Add(operation.with_item(content_into_item(content, target(uri), encoding)))
        }
        Command::Replace { uri, content } => {
            syncml::Command::Replace(operation.with_item(content_into_item(content, target(uri), encoding)))
        }
        Command::Delete { uri } => syncml::Command::Delete(operation.with_item(target(uri))),
        Command::Copy { source, target: to } => {
            syncml::Command::Copy(operation.with_item(target(to).with_source(source.clone())))
        }
        Command::Get { uri, media_type } => {
            let mut item = target(uri);
            if let Some(media_type) = media_type {
                item = item.with_meta(Meta::new().with_type(media_type.clone()));
            }
            syncml::Command::Get(operation.with_item(item))
        }
        Command::Exec { uri, correlator, content } => {
            let operation = operation.with_item(content_into_item(content, target(uri), encoding));
            syncml::Command::Exec(match correlator {
                Some(correlator) => operation.with_correlator(correlator.clone()),
                None => operation,
            })
        }
        Command::Check { .. } | Command::Begin | Command::Commit | Command::Rollback => return None,
    })
}

/// The commands of the tree that a command of a message stands for, one for each Item, or what an Item is refused with.
/// Containers, alerts, Status and Results give none.
pub(crate) fn from_message(command: &syncml::Command<'_>) -> Vec<Result<Command, StatusCode>> {
    command.items().iter().map(|item| from_item(command, item)).collect()
}

fn from_item(command: &syncml::Command<'_>, item: &Item<'_>) -> Result<Command, StatusCode> {
    let uri = |uri: Option<&LocUri<'_>>| uri.map(|uri| uri.as_str().to_owned()).ok_or(StatusCode::INCOMPLETE);
    let target = uri(item.target_uri());
    let content = || Content::from_item(item, command.meta());
    Ok(match command {
        syncml::Command::Add(_) => Command::Add { uri: target?, content: content() },
        syncml::Command::Replace(_) => Command::Replace { uri: target?, content: content() },
        syncml::Command::Delete(_) => Command::Delete { uri: target? },
        syncml::Command::Copy(_) => Command::Copy { source: uri(item.source_uri())?, target: target? },
        syncml::Command::Get(_) => Command::Get { uri: target?, media_type: content().media_type },
        syncml::Command::Exec(operation) => Command::Exec {
            uri: target?,
            correlator: operation.correlator.as_ref().map(|correlator| correlator.as_str().to_owned()),
            content: content(),
        },
        _ => return Err(StatusCode::BAD_REQUEST),
    })
}

/// The node that a command is about.
pub(crate) fn target(command: &Command) -> Option<&str> {
    match command {
        Command::Add { uri, .. }
        | Command::Replace { uri, .. }
        | Command::Delete { uri }
        | Command::Copy { target: uri, .. }
        | Command::Get { uri, .. }
        | Command::Exec { uri, .. }
        | Command::Check { uri, .. } => Some(uri),
        Command::Begin | Command::Commit | Command::Rollback => None,
    }
}

#[cfg(test)]
mod tests;
