//! `dm replay`: what would a server answer to these messages?

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::Context as _;
use dm_session::dm1::server::Reason;
use dm_session::dm1::{Fate, Server, Task, TaskResult};
use dm_session::http::{CONTENT_TYPE, Method, Request, Response};
use dm_session::tree::dm1::Data;
use dm_syncml::media::{DM_WBXML, DM_XML};
use dm_syncml::{Encoding, StatusCode};

use super::orders;
use super::server::{Dm1Server, Nonces, Note, Settings, header_status};
use super::story::{Body, named, task_text};
use crate::cli::ReplayArgs;
use crate::clock::now;
use crate::failure::Failure;
use crate::inspect;
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::print;
use crate::output::style::{BAD, FAINT, GOOD, NAME, NOTE, PEER, STRONG, paint, safe, short};
use crate::story::{http_status, plural};

/// The longest message, in bytes.
const MAX_MESSAGE: u64 = 64 << 20;

/// A recorded message.
struct Recorded {
    file: PathBuf,
    bytes: Vec<u8>,
    /// `x-syncml-hmac` that came with it: in a file of the same name with `.hmac` behind.
    mac: Option<String>,
}

/// Runs `dm replay`.
pub(crate) fn run(arguments: &ReplayArgs) -> Result<(), Failure> {
    let recorded = recorded(&arguments.folder).map_err(Failure::Usage)?;
    let (mut server, notes) = server(arguments, &recorded).map_err(Failure::Usage)?;
    let mut good = true;
    let mut over = false;
    for Recorded { file, bytes, mac } in recorded {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let encoding = Encoding::detect(&bytes).unwrap_or(Encoding::Xml);
        let media_type = if encoding == Encoding::Wbxml { DM_WBXML } else { DM_XML };
        let mut request = Request::new(Method::Post, arguments.url.clone()).with_header(CONTENT_TYPE, media_type);
        if let Some(mac) = mac {
            request = request.with_header("x-syncml-hmac", mac);
        }
        tell(arguments.json, &message("message", Some(&name), None, media_type, &bytes))?;
        let response = server.answer(request.with_body(bytes));
        let notes: Vec<Note> = notes.try_iter().collect();
        for note in &notes {
            match note {
                Note::Refused { .. } | Note::Failed { .. } => good = false,
                Note::Closed { closed, .. } => {
                    over = true;
                    good &= closed.reason == Reason::Ended;
                }
                Note::Opened { .. } => over = false,
                _ => {}
            }
            if let Some(told) = told(note) {
                tell(arguments.json, &told)?;
            }
        }
        good &= is_taken(&response);
        tell(arguments.json, &answer(&response))?;
    }
    if !over {
        tell(
            arguments.json,
            &Told {
                text: format!("\n{}\n", paint(NOTE, "the session is not over")),
                json: Json::object().with("event", "open"),
            },
        )?;
    }
    if good { Ok(()) } else { Err(Failure::Refused("the server did not take every message".into())) }
}

/// The messages of the folder, by name.
fn recorded(folder: &Path) -> anyhow::Result<Vec<Recorded>> {
    let place = || folder.display().to_string();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(place)? {
        let file = entry.with_context(place)?.path();
        let is_message = file.extension().is_some_and(|extension| extension == "xml" || extension == "wbxml");
        if is_message && file.is_file() {
            files.push(file);
        }
    }
    anyhow::ensure!(!files.is_empty(), "{}: no file *.xml or *.wbxml", folder.display());
    files.sort();
    let read = |file: PathBuf| {
        let place = || file.display().to_string();
        let length = std::fs::metadata(&file).with_context(place)?.len();
        anyhow::ensure!(length <= MAX_MESSAGE, "{}: more than {} MiB", file.display(), MAX_MESSAGE >> 20);
        let bytes = std::fs::read(&file).with_context(place)?;
        let mut beside = file.as_os_str().to_owned();
        beside.push(".hmac");
        let mac = match std::fs::read_to_string(&beside) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| Path::new(&beside).display().to_string()),
        };
        Ok(Recorded { file, bytes, mac })
    };
    files.into_iter().map(read).collect()
}

/// A fresh server, and what it writes down.
fn server(arguments: &ReplayArgs, recorded: &[Recorded]) -> anyhow::Result<(Dm1Server, mpsc::Receiver<Note>)> {
    let plan = match &arguments.orders {
        Some(file) => orders::read(file)?,
        None => orders::default_plan(),
    };
    let settings = Settings {
        server_id: arguments.server_id.clone(),
        endpoint: arguments.url.clone(),
        scheme: arguments.auth.auth.into(),
        login: arguments.auth.login.clone(),
        password: arguments.auth.server_password.clone(),
        profile: arguments.profile.into(),
        max_msg_size: None,
    };
    Server::start(settings.config(&Nonces::default()), now())
        .with_context(|| format!("server {:?} at {}", arguments.server_id, arguments.url))?;
    let (sender, notes) = mpsc::channel();
    let mut server = Dm1Server::new(settings, plan, Box::new(move |note| drop(sender.send(note))));
    if let Some(nonce) = &arguments.nonce {
        let nonces = Nonces { client: nonce.0.clone(), ..Nonces::default() };
        for device in recorded.iter().filter_map(|message| device(&message.bytes)) {
            server = server.with_nonces(&device, nonces.clone());
        }
    }
    // Counted, not random: the first request gets 32 bytes of 1, the second of 2.
    let mut count = 0_u8;
    let source = move || {
        count = count.wrapping_add(1);
        [count; 32]
    };
    Ok((server.with_random(Box::new(source)), notes))
}

fn device(bytes: &[u8]) -> Option<String> {
    let message = dm_syncml::Message::parse(bytes).ok()?;
    Some(message.header.source.uri.as_str().to_owned())
}

/// Whether the server took the message, or asked for credentials.
fn is_taken(response: &Response) -> bool {
    header_status(response).is_some_and(|status| {
        let challenge = matches!(status, StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS);
        status.is_success() || challenge
    })
}

// --- what is told ---------------------------------------------------------------------------------------

/// The same for people and for machines.
struct Told {
    text: String,
    json: Json,
}

fn tell(json: bool, told: &Told) -> std::io::Result<()> {
    if json { print(&(told.json.to_line() + "\n")) } else { print(&told.text) }
}

/// A message of the device, or the answer of the server.
fn message(event: &str, file: Option<&str>, status: Option<u16>, content_type: &str, bytes: &[u8]) -> Told {
    let body = Body::read(Some(content_type), bytes);
    let size = plural(bytes.len(), "byte");
    let mut text = match (file, status) {
        (Some(file), _) => format!("\n{}  {}\n", paint(STRONG, paint(NAME, safe(file))), paint(FAINT, size)),
        (None, status) => {
            let status = status.map_or_else(String::new, http_status);
            format!("  {}  {status}  {}\n", paint(PEER, "answer"), paint(FAINT, size))
        }
    };
    if file.is_none() && !bytes.is_empty() {
        match inspect::syncml_items(bytes) {
            Ok(items) => text += &outline::draw(&items, 2),
            Err(why) => text += &format!("  {}\n", paint(BAD, safe(&why))),
        }
    }
    let mut json = Json::object().with("event", event);
    if let Some(file) = file {
        json = json.with("file", file);
    }
    if let Some(status) = status {
        json = json.with("status", status);
    }
    Told { text, json: json.with("content", body.to_json()) }
}

fn answer(response: &Response) -> Told {
    let content_type = response.headers.get(CONTENT_TYPE).unwrap_or_default();
    message("answer", None, Some(response.status), content_type, &response.body)
}

/// What the server made of a message.
fn told(note: &Note) -> Option<Told> {
    let line = |what: String| format!("  {what}\n");
    Some(match note {
        Note::Opened { opening, .. } => {
            let info: Vec<Item> =
                opening.dev_info.iter().map(|(uri, content)| Item::new(uri).value(text_of(&content.data))).collect();
            let json = opening
                .dev_info
                .iter()
                .map(|(uri, content)| Json::object().with("uri", uri.as_str()).with("data", content.data.as_str()));
            Told {
                text: line(format!("session opened: {:?}", opening.start)) + &outline::draw(&info, 2),
                json: Json::object()
                    .with("event", "opened")
                    .with("initiator", format!("{:?}", opening.start).to_lowercase())
                    .with("dev_info", json.collect::<Json>()),
            }
        }
        Note::Done { outcome, .. } => {
            let mut text = String::new();
            draw(&outcome.task, &outcome.result, 2, &mut text);
            let json = Json::object().with("event", "outcome").with("order", outcome.id.0);
            Told { text, json: json.with_all(members(&outcome.task, &outcome.result)) }
        }
        Note::Alerted { alert, .. } => {
            let code = alert.kind.code();
            let types: Vec<&str> = alert.items.iter().map(|item| item.alert_type()).collect();
            let mut text = line(format!("alert {code}  {}", safe(&types.join(", "))));
            if alert.is_unenrolment() {
                text += &line(paint(NOTE, "the device leaves management"));
            }
            let items = alert.items.iter().map(|item| {
                Json::object()
                    .with("type", item.alert_type())
                    .with("source", item.source.as_deref())
                    .with("mark", item.mark.as_deref())
                    .with("data", item.content.data.as_str())
            });
            let json = Json::object()
                .with("event", "alert")
                .with("code", u64::from(code.code()))
                .with("correlator", alert.correlator.as_deref())
                .with("unenrolment", alert.is_unenrolment())
                .with("items", items.collect::<Json>());
            Told { text, json }
        }
        Note::Refused { status, .. } => Told {
            text: line(paint(BAD, format!("refused, {status}"))),
            json: Json::object().with("event", "refused").with("status", *status),
        },
        Note::Closed { closed, .. } => {
            let good = closed.reason == Reason::Ended;
            Told {
                text: line(paint(if good { GOOD } else { BAD }, format!("session over: {:?}", closed.reason))),
                json: Json::object()
                    .with("event", "closed")
                    .with("ok", good)
                    .with("reason", format!("{:?}", closed.reason)),
            }
        }
        Note::Failed { error, .. } => Told {
            text: line(paint(BAD, error)),
            json: Json::object().with("event", "failed").with("cause", error.to_string()),
        },
        _ => return None,
    })
}

/// An outcome with those in it, a line each, and the values below.
fn draw(task: &Task, result: &TaskResult, inset: usize, text: &mut String) {
    let good = result.status().is_some_and(|status| status.is_success());
    let fate = paint(if good { GOOD } else { NOTE }, fate_text(result));
    let original = result.original_error.as_deref().map_or_else(String::new, |it| format!("  {}", short(it, 40)));
    *text += &format!("{:inset$}{fate}  {}{original}\n", "", task_text(task));
    let leaves: Vec<Item> =
        result.leaves.iter().map(|leaf| Item::new(&leaf.uri).value(text_of(&leaf.content.data))).collect();
    *text += &outline::draw(&leaves, inset);
    // Tasks in tasks are as deep as the orders file says, which is bounded.
    for (task, result) in task.children().iter().zip(&result.children) {
        draw(task, result, inset + 2, text);
    }
}

fn members(task: &Task, result: &TaskResult) -> Vec<(String, Json)> {
    let leaves = result.leaves.iter().map(|leaf| {
        Json::object()
            .with("uri", leaf.uri.as_str())
            .with("format", leaf.content.format.as_deref())
            .with("type", leaf.content.media_type.as_deref())
            .with("data", leaf.content.data.as_str())
    });
    let children =
        task.children().iter().zip(&result.children).map(|(task, result)| Json::Object(members(task, result)));
    let status = result.status().map(|status| u64::from(status.code()));
    vec![
        ("task".into(), task_text(task).into()),
        ("status".into(), status.into()),
        ("fate".into(), fate_text(result).into()),
        ("original_error".into(), result.original_error.as_deref().into()),
        ("leaves".into(), leaves.collect::<Json>()),
        ("texts".into(), result.texts.iter().map(|text| Json::from(text.as_str())).collect::<Json>()),
        ("children".into(), children.collect::<Json>()),
    ]
}

fn fate_text(result: &TaskResult) -> String {
    match result.fate {
        Fate::Answered(status) => named(status),
        Fate::NotSent(why) => format!("not sent ({why:?})"),
        _ => "unanswered".into(),
    }
}

fn text_of(data: &Data) -> String {
    match data {
        Data::None => String::new(),
        Data::Text(text) => short(text, 120),
        Data::Bytes(bytes) => plural(bytes.len(), "byte"),
        _ => "a document".into(),
    }
}
