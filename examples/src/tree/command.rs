//! One DM 1.x command, and what a server would be told.

use std::path::{Path, PathBuf};

use anstyle::Style;
use anyhow::Context as _;
use dm_session::Timestamp;
use dm_session::tree::MoTree;
use dm_session::tree::dm1::{
    Answer, Ask, Command, Content, Data, NodeUri, Principal, Reply, Request, ResultItem, UriQuery, UriRules,
    run as apply,
};
use dm_syncml::media::{TNDS_WBXML, TNDS_XML};
use dm_syncml::{Encoding, StatusCode};

use super::{DOTS, file, tnds};
use crate::cli::{Choice, ContentArgs, TreeArgs, TreeCommand};
use crate::clock;
use crate::failure::Failure;
use crate::input::{hex, to_base64};
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::print;
use crate::output::style::{BAD, FAINT, GOOD, NOTE, STRONG, paint, safe, short};

/// How much of each of several results people get to read.
const LISTED: usize = 120;

/// What came of a command.
struct Done<'a> {
    command: &'a TreeCommand,
    server: Option<&'a str>,
    answer: Answer,
    /// The data of the results, as far as they may be seen.
    shown: Vec<Shown>,
    /// What would be executed, and what lives elsewhere.
    asked: Vec<Ask>,
    changed: bool,
    saved: Option<&'a Path>,
}

/// The data of a result.
enum Shown {
    None,
    Text(String),
    Bytes(Vec<u8>),
    Hidden,
}

/// Carries out the command, tells what came of it, and saves the tree if that is wanted.
pub(super) fn run(tree: &mut MoTree, command: &TreeCommand, arguments: &TreeArgs) -> Result<(), Failure> {
    let target: Option<&PathBuf> = arguments.to.as_ref().or(arguments.write.then_some(&arguments.file));
    if target.is_some_and(|target| target == Path::new("-")) {
        return Err(Failure::Usage(anyhow::anyhow!("standard input is not written to; --to FILE saves the tree")));
    }
    let request = request(command, arguments).map_err(Failure::Usage)?;
    let before = tree.to_file();
    let mut asked = Vec::new();
    let answer = apply(tree, &request, &mut |ask| {
        asked.push(ask.clone());
        unavailable(ask)
    });
    let after = tree.to_file();
    let saved = target.filter(|_| answer.status.is_success()).map(PathBuf::as_path);
    if let Some(target) = saved {
        file::save(&after, target)?;
    }
    let query = NodeUri::parse(command.uris().0, &UriRules::LENIENT).ok().and_then(|uri| uri.query());
    let show = |item| if arguments.secrets { Ok(show_all(item)) } else { show(tree, item, query) };
    let shown = answer.results.iter().map(show).collect::<Result<_, _>>()?;
    let server = arguments.server.as_deref();
    let status = answer.status;
    let done = Done { command, server, answer, shown, asked, changed: before != after, saved };
    print(&if arguments.json { done.to_json().to_line() + "\n" } else { done.to_text() })?;
    if status.is_success() { Ok(()) } else { Err(refusal(status)) }
}

/// Nothing outside the tree can be had; executing is left at saying so.
pub(super) fn unavailable(ask: &Ask) -> Reply {
    if matches!(ask, Ask::Exec { .. }) { Reply::Done } else { Reply::Failed(StatusCode::NOT_SUPPORTED) }
}

/// The line on standard error of a command that was refused.
pub(super) fn refusal(status: StatusCode) -> Failure {
    Failure::Refused(format!("status {}", status_text(status)))
}

fn status_text(status: StatusCode) -> String {
    format!("{status} {}", status.name().unwrap_or("(unknown)"))
}

fn request(command: &TreeCommand, arguments: &TreeArgs) -> anyhow::Result<Request> {
    let mut encoding = Encoding::Xml;
    let mut content = |given: &ContentArgs| -> anyhow::Result<Content> {
        let (content, form) = content(given)?;
        encoding = form;
        Ok(content)
    };
    let command = match command {
        TreeCommand::Get { uri, media_type } => Command::Get { uri: uri.clone(), media_type: media_type.clone() },
        TreeCommand::Add { uri, content: given } => Command::add(uri, content(given)?),
        TreeCommand::Replace { uri, content: given } => Command::replace(uri, content(given)?),
        TreeCommand::Delete { uri } => Command::delete(uri),
        TreeCommand::Copy { source, target } => Command::copy(source, target),
        TreeCommand::Exec { uri, correlator, content: given } => {
            Command::Exec { uri: uri.clone(), correlator: correlator.clone(), content: content(given)? }
        }
    };
    let principal = arguments.server.clone().map_or(Principal::Local, Principal::Server);
    let request = Request::new(principal, command).with_encoding(encoding);
    Ok(match arguments.time {
        None => request.at(clock::now()),
        Some(Choice::Some(seconds)) => request.at(Timestamp::from_millis(seconds.saturating_mul(1_000))),
        Some(Choice::None) => request,
    })
}

/// Meta and Data, and the form of a message that can carry them.
fn content(given: &ContentArgs) -> anyhow::Result<(Content, Encoding)> {
    if let Some(path) = &given.tnds_file {
        let document = file::read(path)?;
        // WBXML begins with its version; XML may begin with a byte order mark.
        let wbxml = document.first().is_some_and(|first| *first < 0x09);
        let content = if wbxml {
            Content::new(Data::Bytes(document)).with_format("bin").with_type(TNDS_WBXML)
        } else {
            let text = String::from_utf8(document).with_context(|| format!("{}: not UTF-8", path.display()))?;
            Content::new(Data::Text(text)).with_format("xml").with_type(TNDS_XML)
        };
        return Ok((content, if wbxml { Encoding::Wbxml } else { Encoding::Xml }));
    }
    let (data, encoding) = match (&given.data, &given.data_file) {
        (Some(text), _) => (Data::Text(text.clone()), Encoding::Xml),
        (None, Some(path)) => (Data::Bytes(file::read(path)?), Encoding::Wbxml),
        (None, None) => (Data::None, Encoding::Xml),
    };
    let mut content = Content::new(data);
    content.format.clone_from(&given.format);
    content.media_type.clone_from(&given.media_type);
    Ok((content, encoding))
}

/// The data of a result without what nobody should see.
fn show(tree: &MoTree, item: &ResultItem, query: Option<UriQuery>) -> anyhow::Result<Shown> {
    let path = item.source.split('?').next().unwrap_or_default();
    match (query, &item.data) {
        // What a property says is no secret.
        (Some(UriQuery::Prop(_)), _) | (_, Data::None) => return Ok(show_all(item)),
        (Some(UriQuery::Tnds(_)), Data::Text(document)) => {
            return Ok(Shown::Text(tnds::without_secrets(tree, path, document)?));
        }
        _ => {}
    }
    let confidential = tree.node_at(path).is_none_or(|node| node.is_confidential());
    Ok(if confidential { Shown::Hidden } else { show_all(item) })
}

fn show_all(item: &ResultItem) -> Shown {
    match &item.data {
        Data::Text(text) => Shown::Text(text.clone()),
        Data::Bytes(bytes) => Shown::Bytes(bytes.clone()),
        Data::Element(element) => Shown::Text(element.to_xml().unwrap_or_default()),
        _ if item.has_data => Shown::Text(String::new()),
        _ => Shown::None,
    }
}

impl TreeCommand {
    const fn name(&self) -> &'static str {
        match self {
            Self::Get { .. } => "Get",
            Self::Add { .. } => "Add",
            Self::Replace { .. } => "Replace",
            Self::Delete { .. } => "Delete",
            Self::Copy { .. } => "Copy",
            Self::Exec { .. } => "Exec",
        }
    }

    /// The node, and the one that a Copy writes.
    fn uris(&self) -> (&str, Option<&str>) {
        match self {
            Self::Get { uri, .. }
            | Self::Add { uri, .. }
            | Self::Replace { uri, .. }
            | Self::Delete { uri }
            | Self::Exec { uri, .. } => (uri, None),
            Self::Copy { source, target } => (source, Some(target)),
        }
    }
}

impl Done<'_> {
    fn to_text(&self) -> String {
        let status = self.answer.status;
        let style = if status.is_success() { GOOD } else { BAD };
        let (uri, target) = self.command.uris();
        let target = target.map_or_else(String::new, |target| format!(" to {}", safe(target)));
        let who = self.server.map_or_else(|| "the device itself".into(), safe);
        let what = paint(STRONG, format!("{} {}{target}", self.command.name(), safe(uri)));
        let mut text =
            format!("{}  {what}  {}\n", paint(style, status_text(status)), paint(FAINT, format!("by {who}")));
        let alone = self.shown.len() == 1;
        let items: Vec<Item> =
            self.answer.results.iter().zip(&self.shown).map(|(item, shown)| draw(item, shown, alone)).collect();
        text += &outline::draw(&items, 0);
        let mut note = |style: Style, line: String| text += &format!("  {}\n", paint(style, line));
        if let Some(place) = &self.answer.failed_at {
            note(BAD, format!("{} could not be created", safe(place)));
        }
        for ask in &self.asked {
            match ask {
                Ask::Exec { uri, correlator, content } => {
                    let with = correlator.as_ref().map_or_else(String::new, |it| format!(", correlator {}", safe(it)));
                    let data = content.data.len();
                    let data = match data {
                        0 => String::new(),
                        1 => ", 1 byte of data".into(),
                        _ => format!(", {data} bytes of data"),
                    };
                    note(NOTE, format!("the device would execute {}{with}{data}", safe(uri)));
                }
                other => note(NOTE, format!("{} lives outside the tree: not available here", safe(asked_uri(other)))),
            }
        }
        match self.saved {
            Some(file) => note(FAINT, format!("saved to {}", safe(&file.display().to_string()))),
            None if self.changed => {
                note(NOTE, "the tree has changed, and is not saved: --write does it, or --to FILE".into())
            }
            None => {}
        }
        text
    }

    fn to_json(&self) -> Json {
        let (uri, target) = self.command.uris();
        let results = self.answer.results.iter().zip(&self.shown).map(|(item, shown)| {
            let json = Json::object()
                .with("source", item.source.as_str())
                .with("format", item.format.map(|format| format.as_str()))
                .with("type", item.media_type.as_deref());
            match shown {
                Shown::None => json.with("data", Json::Null),
                Shown::Text(text) => json.with("data", text.as_str()),
                Shown::Bytes(bytes) => json.with("base64", to_base64(bytes)),
                Shown::Hidden => json.with("data", Json::Null).with("confidential", true),
            }
        });
        let asked = self.asked.iter().map(|ask| {
            let json = Json::object().with("uri", asked_uri(ask)).with("execute", matches!(ask, Ask::Exec { .. }));
            match ask {
                Ask::Exec { correlator, .. } => json.with("correlator", correlator.as_deref()),
                _ => json,
            }
        });
        Json::object()
            .with("command", self.command.name())
            .with("uri", uri)
            .with("target", target)
            .with("server", self.server)
            .with("status", u64::from(self.answer.status.code()))
            .with("name", self.answer.status.name())
            .with("results", results.collect::<Json>())
            .with("failed_at", self.answer.failed_at.as_deref())
            .with("asked", asked.collect::<Json>())
            .with("changed", self.changed)
            .with("saved", self.saved.map(|file| file.display().to_string()))
    }
}

fn draw(item: &ResultItem, shown: &Shown, alone: bool) -> Item {
    let remark: Vec<String> = item
        .format
        .map(|format| format.as_str().to_owned())
        .into_iter()
        .chain(item.media_type.as_deref().map(safe))
        .collect();
    let cut = |text: &str| if alone { safe(text) } else { short(text, LISTED) };
    let line = Item::new(&item.source).remark(remark.join(", "));
    match shown {
        Shown::None => line.styled("no data", FAINT),
        Shown::Text(text) if text.is_empty() => line.styled("empty", FAINT),
        Shown::Text(text) => line.styled(cut(text), Style::new()),
        Shown::Bytes(bytes) => line.styled(cut(&format!("0x{}", hex(bytes))), Style::new()),
        Shown::Hidden => line.styled(DOTS, FAINT),
    }
}

fn asked_uri(ask: &Ask) -> &str {
    match ask {
        Ask::Read { uri }
        | Ask::Set { uri, .. }
        | Ask::Delete { uri }
        | Ask::Undo { uri, .. }
        | Ask::Exec { uri, .. } => uri,
        _ => "",
    }
}
