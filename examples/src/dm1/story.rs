//! A session of DM 1.2 as people follow it, and as machines do.
//!
//! [`Teller`] looks on while a device runs its machine and tells each message: what the sender wants, and beside each
//! Status what it answers.

use std::collections::HashMap;

use anstyle::Style;
use dm_notification::dm1::{Notification, Proof, Trigger, UiMode};
use dm_session::dm1::client::{Action, EffectId, Event, Failure, Reason};
use dm_session::dm1::{Interaction, InteractionKind, Task, UserReply};
use dm_session::http::{CONTENT_TYPE, Request, Response, Uri};
use dm_session::tree::dm1::Command as TreeCommand;
use dm_syncml::{
    Alert, AlertCode, Command, Container, Content, Data, Encoding, Format, Item as Entry, Message, StatusCode,
};

use super::device::Watch;
use crate::inspect;
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::style::{self, BAD, FAINT, GOOD, NOTE, STRONG, paint, safe, short};
use crate::story::{INSET, Story, columns, headline, http_status, line, plural};

/// Width of the column of command names.
const NAMES: usize = 9;
/// Width of the column of statuses.
const STATUSES: usize = 29;
/// Characters of a value that are shown.
const VALUE: usize = 48;
/// Items of a command that are shown.
const FEW: usize = 8;
/// Characters of a URI that are kept for the Status of its command.
const URI: usize = 200;
/// Commands that are kept for their Statuses, at most.
const MAX_SAID: usize = 4096;

/// What was seen, for whoever checks it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Statuses for headers, in order: those of the server, and those of the device.
    pub(crate) of_server: Vec<StatusCode>,
    pub(crate) of_device: Vec<StatusCode>,
    /// Chunks with more to come.
    pub(crate) chunks: usize,
    /// Messages of both sides in WBXML, and all.
    pub(crate) wbxml: usize,
    pub(crate) messages: usize,
    /// What the user was asked.
    pub(crate) asked: usize,
}

/// Tells one session.
pub(crate) struct Teller<'s> {
    story: &'s mut Story,
    open: HashMap<EffectId, (usize, String)>,
    /// Commands as they read, by sender (the device?), MsgID and CmdID.
    said: HashMap<(bool, String, String), Vec<String>>,
    /// Whether the setup phase is over.
    managed: bool,
    pub(crate) seen: Seen,
}

impl<'s> Teller<'s> {
    pub(crate) fn new(story: &'s mut Story) -> Self {
        Self { story, open: HashMap::new(), said: HashMap::new(), managed: false, seen: Seen::default() }
    }

    /// A message of the device leaves.
    fn asked(&mut self, id: EffectId, request: &Request) {
        let number = self.story.next();
        let place =
            Uri::parse(&request.uri).map_or_else(|_| request.uri.clone(), |uri| uri.path_and_query().to_owned());
        let body = Body::read(request.headers.get(CONTENT_TYPE), &request.body);
        let method = request.method.as_str();
        let mac = request.headers.get("x-syncml-hmac").is_some();
        let (what, detail, lines) = self.message(true, &body, mac);
        let detail = format!("{method} {}{detail}", safe(&place));
        self.story.tell(
            || headline(Some(number), "device", "server", &what, &detail) + &lines,
            || {
                Json::object()
                    .with("event", "request")
                    .with("number", number)
                    .with("from", "device")
                    .with("to", "server")
                    .with("method", method)
                    .with("uri", request.uri.as_str())
                    .with("credentials", body.has_credentials() || mac)
                    .with("content", body.to_json())
            },
        );
        self.open.insert(id, (number, request.uri.clone()));
    }

    /// The server's answer.
    fn answered(&mut self, id: EffectId, response: &Response) {
        let Some((number, _)) = self.open.remove(&id) else { return };
        let body = Body::read(response.headers.get(CONTENT_TYPE), &response.body);
        let mac = response.headers.get("x-syncml-hmac").is_some();
        let (what, detail, lines) = self.message(false, &body, mac);
        let good = response.status == 200;
        let status = paint(if good { Style::new() } else { NOTE }, http_status(response.status));
        self.story.tell(
            || headline(None, "server", "device", &what, &format!("{status}{detail}")) + &lines,
            || {
                Json::object()
                    .with("event", "response")
                    .with("number", number)
                    .with("from", "server")
                    .with("to", "device")
                    .with("status", response.status)
                    .with("credentials", body.has_credentials() || mac)
                    .with("content", body.to_json())
            },
        );
    }

    /// No answer came.
    fn unanswered(&mut self, id: EffectId, failure: Failure) {
        let Some((number, _)) = self.open.remove(&id) else { return };
        let what = match failure {
            Failure::Unreachable => "cannot be reached",
            Failure::Timeout => "takes too long",
            _ => "gives no answer",
        };
        self.story.tell(
            || note(&paint(BAD, format!("the server {what}"))),
            || Json::object().with("event", "no_response").with("number", number).with("cause", what),
        );
    }

    /// Title, details and lines of a message.
    fn message(&mut self, of_device: bool, body: &Body, mac: bool) -> (String, String, String) {
        let (message, encoding) = match body {
            Body::Message { message, encoding, .. } => (message, encoding),
            Body::Other(bytes) => {
                return (String::new(), format!(", {}, not understood", bytes_text(bytes.len())), String::new());
            }
            Body::Nothing => return (String::new(), String::new(), String::new()),
        };
        self.seen.messages += 1;
        self.seen.wbxml += usize::from(*encoding == Encoding::Wbxml);
        let setup = message.commands.iter().any(|command| match command {
            Command::Alert(alert) => {
                matches!(alert.code(), Some(AlertCode::SERVER_INITIATED | AlertCode::CLIENT_INITIATED))
            }
            _ => false,
        });
        if of_device {
            self.managed = !setup;
        }
        let package = match (of_device, self.managed) {
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
            (false, true) => 4,
        };
        let msg_id = message.header.msg_id.as_str().to_owned();
        let title = format!("Package#{package}, message {}", short(&msg_id, 12));
        let form = if *encoding == Encoding::Wbxml { "WBXML" } else { "XML" };
        let mut detail = format!(", {} of {form}", bytes_text(body.len()));
        match (message.header.cred.as_ref(), mac) {
            (Some(cred), _) => {
                let scheme = cred.auth_type().map_or("unknown".into(), |it| it.as_str().to_owned());
                detail += &format!(", credentials ({})", short(scheme.trim_start_matches("syncml:auth-"), 20));
            }
            (None, true) => detail += ", credentials (MAC)",
            (None, false) => {}
        }
        if let Some(meta) = message.header.meta.as_ref() {
            for (name, size) in [("MaxMsgSize", meta.max_msg_size()), ("MaxObjSize", meta.max_obj_size())] {
                if let Some(size) = size {
                    detail += &format!(", {name} {}", short(size.as_str(), 20));
                }
            }
        }
        if !message.is_final {
            detail += &paint(NOTE, ", more to come");
        }
        let mut lines = String::new();
        for command in &message.commands {
            lines += &self.command(of_device, &msg_id, command);
        }
        (title, detail, lines)
    }

    /// The lines of a command, those in it included.
    fn command(&mut self, of_device: bool, msg_id: &str, command: &Command<'_>) -> String {
        let mut text = String::new();
        let mut open = vec![(0, command)];
        while let Some((depth, command)) = open.pop() {
            if let Command::Atomic(Container { commands, .. }) | Command::Sequence(Container { commands, .. }) = command
            {
                open.extend(commands.iter().rev().map(|child| (depth + 1, child)));
            }
            text += &self.one(of_device, msg_id, command, depth);
        }
        text
    }

    fn one(&mut self, of_device: bool, msg_id: &str, command: &Command<'_>, depth: usize) -> String {
        if let Command::Status(status) = command {
            return self.status(of_device, status);
        }
        self.seen.chunks += command.items().iter().filter(|item| item.more_data).count();
        let name = command.name().unwrap_or("?");
        let inset = INSET + 2 * depth;
        let lead = style::pad(STRONG, &short(name, 20), NAMES);
        let parameters = parameters(command);
        if let Some(cmd_id) = command.cmd_id() {
            let key = (of_device, msg_id.to_owned(), cmd_id.as_str().to_owned());
            let mut said = vec![lead.clone()];
            said.extend(brief(command));
            if self.said.len() >= MAX_SAID {
                self.said.clear();
            }
            self.said.insert(key, said);
        }
        columns(&lead, inset, NAMES, &parameters, "")
    }

    /// `404 Not found              Get      ./Lamp/Colour`
    fn status(&mut self, of_device: bool, status: &dm_syncml::Status<'_>) -> String {
        let code = status.code();
        let header = status.is_for_header();
        if let (true, Some(code)) = (header, code) {
            if of_device { &mut self.seen.of_device } else { &mut self.seen.of_server }.push(code);
        }
        let colour = if code.is_some_and(StatusCode::is_success) { GOOD } else { NOTE };
        // The longest names do not fit into the column.
        let lead = style::pad(colour, &code.map_or_else(|| "no code".into(), named), STATUSES - 2) + "  ";
        let cmd_ref = status.cmd_ref.as_ref().map_or("", |cmd_ref| cmd_ref.as_str());
        let key = (!of_device, status.msg_ref.as_str().to_owned(), cmd_ref.to_owned());
        let mut said = if header {
            vec![paint(FAINT, format!("for message {}", short(status.msg_ref.as_str(), 12)))]
        } else {
            self.said.get(&key).cloned().unwrap_or_else(|| {
                let cmd = status.cmd.as_ref().map_or("?", |cmd| cmd.as_str());
                vec![style::pad(STRONG, &short(cmd, 20), NAMES)]
            })
        };
        let mut beside: Vec<String> = status
            .items
            .iter()
            .filter_map(|item| match (item.target_uri(), &item.data) {
                (Some(uri), _) => Some(safe(uri.as_str())),
                (None, Some(data)) => Some(value(data, item, None)),
                (None, None) => None,
            })
            .collect();
        if let Some(chal) = &status.chal {
            let scheme = chal.meta.type_().unwrap_or("?").trim_start_matches("syncml:auth-").to_owned();
            beside.push(match code {
                Some(StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS) => {
                    format!("asks for credentials ({})", short(&scheme, 20))
                }
                _ => "with the next nonce".into(),
            });
        }
        let first = if said.is_empty() { String::new() } else { said.remove(0) };
        let beside =
            if beside.is_empty() { String::new() } else { paint(colour, format!("→ {}", beside.join(", "))) };
        columns(&format!("{lead}{first}"), INSET, STATUSES + NAMES, &said, &beside)
    }
}

impl Watch for Teller<'_> {
    fn action(&mut self, action: &Action) {
        match action {
            Action::Post { id, request } => self.asked(*id, request),
            Action::Interact { interaction, .. } => {
                self.seen.asked += 1;
                let what = question(interaction);
                self.story.tell(
                    || note(&paint(FAINT, format!("device: {what}"))),
                    || {
                        Json::object()
                            .with("event", "interact")
                            .with("alert", u64::from(interaction.kind.code().code()))
                            .with("text", interaction.text.as_str())
                            .with("choices", interaction.choices.clone())
                    },
                );
            }
            Action::Closed(closed) => {
                let (good, why) = reason(closed.reason);
                self.story.tell(
                    || {
                        let mut text = note(&paint(if good { GOOD } else { BAD }, format!("session over: {why}")));
                        if !closed.alerts.is_empty() {
                            text +=
                                &note(&paint(NOTE, format!("{} not delivered", plural(closed.alerts.len(), "alert"))));
                        }
                        text
                    },
                    || {
                        Json::object()
                            .with("event", "closed")
                            .with("ok", good)
                            .with("reason", why.as_str())
                            .with("undelivered_alerts", closed.alerts.len())
                            .with("retry_after_seconds", closed.retry_after.map(|span| span.as_secs()))
                    },
                );
            }
            _ => {}
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Response { id, response, .. } => self.answered(*id, response),
            Event::Failed { id, failure } => self.unanswered(*id, *failure),
            Event::Answered { reply, .. } => {
                let status = reply.status();
                self.story.tell(
                    || note(&paint(FAINT, format!("user: {}", answer(reply)))),
                    || Json::object().with("event", "answered").with("status", u64::from(status.code())),
                );
            }
            _ => {}
        }
    }
}

/// A notification came, and may start a session.
pub(crate) fn notification(story: &mut Story, pushed: usize, bytes: &[u8], trigger: &Trigger<'_>) {
    let number = story.next();
    // The receiver has read it just now.
    let Ok(notification) = Notification::parse(bytes) else { return };
    let (good, proof) = match trigger.proof {
        Proof::Nonce => (true, "verified"),
        Proof::Resync(_) => (true, "verified, with the nonce of a resynchronization"),
        _ => (false, "not checked"),
    };
    let mode = match trigger.ui_mode {
        UiMode::NotSpecified => "not specified",
        UiMode::Background => "background",
        UiMode::Informative => "informative",
        UiMode::UserInteraction => "user interaction",
    };
    let initiator = match trigger.initiator {
        dm_notification::dm1::Initiator::User => "user",
        dm_notification::dm1::Initiator::Server => "server",
    };
    let session_id = trigger.session_id.to_string();
    story.tell(
        || {
            let detail = format!("{} by UDP, in a WAP Push", plural(pushed, "byte"));
            let items = [
                Item::new("digest").styled(proof, if good { GOOD } else { NOTE }),
                Item::new("version").value(format!("{}.{}", notification.version() / 10, notification.version() % 10)),
                Item::new("ui-mode").value(mode),
                Item::new("initiator").value(initiator),
                Item::new("sessionid").value(&session_id),
                Item::new("server-identifier").value(trigger.server_id),
            ];
            headline(Some(number), "server", "device", "Package#0", &detail) + &outline::draw(&items, INSET)
        },
        || {
            let content = Json::object()
                .with("kind", "dm1-notification")
                .with("length", bytes.len())
                .with("version", notification.version())
                .with("ui_mode", mode)
                .with("initiator", initiator)
                .with("session_id", session_id.as_str())
                .with("server_id", trigger.server_id);
            Json::object()
                .with("event", "notification")
                .with("number", number)
                .with("from", "server")
                .with("to", "device")
                .with("authenticated", good)
                .with("content", content)
        },
    );
}

/// Why a session is over, and whether that is good.
pub(crate) fn reason(reason: Reason) -> (bool, String) {
    let why = match reason {
        Reason::Ended => return (true, "the server has nothing more to do".into()),
        Reason::ServerUnauthenticated => "the server has not shown who it is",
        Reason::Refused => "the server refuses the device's credentials",
        Reason::ServerRefused => "the server's credentials are wrong",
        Reason::Status(status) => return (false, format!("the server refuses the message, {}", named(status))),
        Reason::BadMessage => "the answer is no usable message of this session",
        Reason::RespUri => "the server leads where the device does not go",
        Reason::Http(status) => return (false, format!("the server answered HTTP {status}")),
        Reason::Transport => "no answer from the server",
        Reason::Timeout => "it took too long",
        Reason::Limit => "the server does not come to an end",
        Reason::ServerAborted => "the server gave it up",
        Reason::Aborted => "given up",
        _ => "an internal failure",
    };
    (false, why.into())
}

/// Why a session did not end well.
pub(crate) fn bad(end: Reason) -> Option<String> {
    let (good, why) = reason(end);
    (!good).then_some(why)
}

/// A task in one line.
pub(crate) fn task_text(task: &Task) -> String {
    match task {
        Task::Command(command) => match command {
            TreeCommand::Add { uri, .. } => format!("Add {}", safe(uri)),
            TreeCommand::Replace { uri, .. } => format!("Replace {}", safe(uri)),
            TreeCommand::Delete { uri } => format!("Delete {}", safe(uri)),
            TreeCommand::Copy { source, target } => format!("Copy {} to {}", safe(source), safe(target)),
            TreeCommand::Get { uri, .. } => format!("Get {}", safe(uri)),
            TreeCommand::Exec { uri, .. } => format!("Exec {}", safe(uri)),
            _ => "a command of the tree alone".into(),
        },
        Task::Atomic(tasks) => format!("Atomic of {}", tasks.len()),
        Task::Sequence(tasks) => format!("Sequence of {}", tasks.len()),
        Task::Interact(interaction) => format!("Alert {}", interaction.kind.code()),
        _ => "another task".into(),
    }
}

// --- bodies ---------------------------------------------------------------------------------------------

/// What a request or a response carries.
pub(crate) enum Body {
    Nothing,
    Message {
        bytes: Vec<u8>,
        encoding: Encoding,
        message: Box<Message<'static>>,
    },
    /// Something that is not understood.
    Other(Vec<u8>),
}

impl Body {
    pub(crate) fn read(content_type: Option<&str>, body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::Nothing;
        }
        let syncml = content_type.is_some_and(|value| dm_syncml::MediaType::of(value).is_message());
        let message = syncml.then(|| Message::parse(body).ok()).flatten();
        match (message, Encoding::detect(body)) {
            (Some(message), Some(encoding)) => {
                Self::Message { bytes: body.to_vec(), encoding, message: Box::new(message.into_owned()) }
            }
            _ => Self::Other(body.to_vec()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Message { bytes, .. } | Self::Other(bytes) => bytes.len(),
        }
    }

    fn has_credentials(&self) -> bool {
        matches!(self, Self::Message { message, .. } if message.header.cred.is_some())
    }

    /// The content as `dm inspect` has it.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Message { bytes, .. } => inspect::syncml_json(bytes),
            Self::Other(bytes) => Json::object().with("kind", "other").with("length", bytes.len()),
        }
    }
}

// --- lines ----------------------------------------------------------------------------------------------

fn note(content: &str) -> String {
    let mut text = String::new();
    line(&mut text, content);
    text
}

/// What a command says, in full.
fn parameters(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Alert(alert) => alert_parameters(alert),
        Command::Atomic(_) => vec![paint(FAINT, "all of these, or none")],
        Command::Sequence(_) => vec![paint(FAINT, "these, in their order")],
        command => {
            let items = command.items();
            let mut all: Vec<String> = items.iter().take(FEW).map(|item| entry(item, command)).collect();
            if items.len() > FEW {
                all.push(paint(FAINT, format!("and {} more", items.len() - FEW)));
            }
            if let Command::Exec(operation) = command
                && let Some(correlator) = &operation.correlator
            {
                all.push(format!("correlator {}", short(correlator, VALUE)));
            }
            all
        }
    }
}

/// What a command is about, for the Status that answers it.
fn brief(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Alert(alert) => vec![alert_name(alert)],
        Command::Atomic(container) | Command::Sequence(container) => {
            vec![paint(FAINT, format!("of {}", plural(container.commands.len(), "command")))]
        }
        command => match command.items() {
            [item] => {
                let uri = item.target_uri().or(item.source_uri()).map_or("", |uri| uri.as_str());
                vec![short(uri, URI)]
            }
            [first, ..] => {
                let uri = first.target_uri().or(first.source_uri()).map_or("", |uri| uri.as_str());
                let above = uri.rsplit_once('/').map_or(uri, |(above, _)| above);
                vec![format!("{}/…", short(above, URI))]
            }
            [] => Vec::new(),
        },
    }
}

/// `./Lamp/Brightness 60`
fn entry(item: &Entry<'_>, command: &Command<'_>) -> String {
    let mut text = match (item.source_uri(), item.target_uri()) {
        (Some(source), Some(target)) => format!("{} to {}", safe(source.as_str()), safe(target.as_str())),
        (Some(uri), None) | (None, Some(uri)) => safe(uri.as_str()),
        (None, None) => String::new(),
    };
    if let Some(data) = &item.data {
        text += &format!(" {}", value(data, item, Some(command)));
    } else if let Some(format) = item.meta.as_ref().and_then(|meta| meta.format()) {
        text += &paint(FAINT, format!(" ({})", short(format.as_str(), 20)));
    }
    if item.more_data {
        text += &paint(NOTE, " to be continued");
    }
    text
}

/// Data as people read it: a short text, or how much it is.
fn value(data: &Data<'_>, item: &Entry<'_>, command: Option<&Command<'_>>) -> String {
    let binary =
        command.is_some_and(|command| matches!(command.effective_meta(item).format(), Format::B64 | Format::Bin));
    match &data.content {
        Content::Text(text) if !binary && !text.contains('\n') && text.chars().count() <= VALUE => {
            format!("\"{}\"", safe(text))
        }
        Content::Text(text) if binary => format!("{} of Base64", plural(text.len(), "character")),
        Content::Text(text) => plural(text.chars().count(), "character"),
        Content::Opaque(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !binary && text.len() <= VALUE && !text.contains(char::is_control) => {
                format!("\"{}\"", safe(text))
            }
            _ => plural(bytes.len(), "byte"),
        },
        _ => "a document".into(),
    }
}

/// `1200 Server-initiated management`
fn alert_name(alert: &Alert<'_>) -> String {
    match alert.code() {
        Some(code) => match code.name() {
            Some(name) => format!("{code} {name}"),
            None => code.to_string(),
        },
        None => "without a code".into(),
    }
}

fn alert_parameters(alert: &Alert<'_>) -> Vec<String> {
    let mut all = vec![alert_name(alert)];
    let about = |item: &Entry<'_>| {
        let kind = item.meta.as_ref().and_then(|meta| meta.type_()).map(|kind| short(kind, 80));
        let source = item.source_uri().map(|uri| safe(uri.as_str()));
        let data = item.data.as_ref().map(|data| value(data, item, None));
        let mark = item.meta.as_ref().and_then(|meta| meta.mark()).map(|mark| short(mark.as_str(), 20));
        [source, kind, data, mark].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    all.extend(alert.items.iter().take(FEW).map(about).filter(|text| !text.is_empty()));
    all.extend(alert.correlator.as_ref().map(|correlator| format!("correlator {}", short(correlator, VALUE))));
    all
}

fn question(interaction: &Interaction) -> String {
    let text = short(&interaction.text, 120);
    match interaction.kind {
        InteractionKind::Display => format!("shows the user “{text}”"),
        InteractionKind::Confirm | InteractionKind::Input => format!("asks the user “{text}”"),
        InteractionKind::SingleChoice | InteractionKind::MultipleChoice => {
            let choices: Vec<String> = interaction.choices.iter().map(|choice| short(choice, 40)).collect();
            format!("asks the user “{text}”: {}", choices.join(", "))
        }
    }
}

fn answer(reply: &UserReply) -> String {
    match reply {
        UserReply::Accepted => "yes".into(),
        UserReply::Rejected => "no".into(),
        UserReply::Text(text) => format!("“{}”", short(text, VALUE)),
        UserReply::Choices(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            if numbers.is_empty() { "none of them".into() } else { numbers.join(", ") }
        }
        UserReply::Cancelled => "wants no more of it".into(),
        UserReply::TimedOut => "does not answer".into(),
        UserReply::Unsupported => "cannot be asked".into(),
        _ => "cannot be shown that".into(),
    }
}

/// `404 Not found`
pub(crate) fn named(status: StatusCode) -> String {
    status.name().map_or_else(|| status.to_string(), |name| format!("{status} {name}"))
}

fn bytes_text(bytes: usize) -> String {
    plural(bytes, "byte")
}
