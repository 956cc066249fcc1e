//! A session as people follow it, and as machines do.
//!
//! [`Story`] looks on while a device runs its machines and tells each exchange: who to whom, what was in
//! it, and beside each command what became of it.

use std::collections::HashMap;
use std::fmt::Write as _;

use anstyle::Style;
use dm_notification::{Notification, Trigger};
use dm_package::{Alert, Command, MoData, MoItem, Node, Package1, Package2, Package3, Status, StatusCode, Str, media};
use dm_session::dm2::Fetched;
use dm_session::dm2::client::{Action, EffectId, Event, Failure, Reason};
use dm_session::http::{AUTHORIZATION, CONTENT_TYPE, COOKIE, OMADM_DEV_ID, Request, Response, SET_COOKIE, Uri};

use crate::device::Watch;
use crate::inspect;
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::print;
use crate::output::style::{self, BAD, FAINT, GOOD, NAME, NOTE, PEER, STRONG, paint};
use crate::tree_view::Tree;

/// The teller.
pub(crate) struct Story {
    json: bool,
    /// Exchanges so far.
    count: usize,
    /// Requests that are not answered yet.
    open: HashMap<EffectId, Asked>,
    /// The commands that the next Package#3 answers.
    commands: Vec<Command<'static>>,
    /// Who transfers: a command of the session, or a small machine beside it.
    origin: String,
    /// Statuses seen, in order, for whoever checks them.
    pub(crate) statuses: Vec<(Command<'static>, Status<'static>)>,
}

/// A request that is under way.
struct Asked {
    number: usize,
    to: Party,
    uri: String,
    /// What it answers, if it is a Package#3.
    statuses: Vec<(Command<'static>, Status<'static>)>,
}

/// Whom the device talks to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Server,
    Repository,
}

impl Party {
    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Repository => "repository",
        }
    }
}

/// Width of the column in which the parties stand.
const PARTIES: usize = 24;
/// Indentation of what belongs to an exchange.
pub(crate) const INSET: usize = 5;

impl Story {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, count: 0, open: HashMap::new(), commands: Vec::new(), origin: String::new(), statuses: Vec::new() }
    }

    /// The number of one more exchange.
    pub(crate) fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    // --- what is told besides the exchanges -------------------------------------------------------------

    /// The beginning of a chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.origin.clear();
        self.tell(
            || format!("\n{}\n", paint(STRONG, title)),
            || Json::object().with("event", "chapter").with("title", title),
        );
    }

    /// Who is who.
    pub(crate) fn cast(&self, parties: &[(&str, String)]) {
        let text = || {
            parties.iter().fold(String::new(), |text, (name, what)| {
                format!("{text}  {}  {}\n", style::pad(NAME, name, 12), style::safe(what))
            })
        };
        let json = || {
            parties
                .iter()
                .fold(Json::object().with("event", "parties"), |json, (name, what)| json.with(name, what.as_str()))
        };
        self.tell(text, json);
    }

    /// The tree as it is, or with what changed.
    pub(crate) fn tree(&self, now: &Tree, before: Option<&Tree>) {
        let json = || {
            let json = Json::object().with("event", if before.is_some() { "tree_after" } else { "tree_before" });
            match before {
                Some(before) => json.with("tree", now.to_json()).with("changes", now.changes_json(before)),
                None => json.with("tree", now.to_json()),
            }
        };
        self.tell(|| now.draw(before), json);
    }

    /// A notification came, and may start a session.
    pub(crate) fn notification(&mut self, bytes: &[u8], trigger: &Trigger<'_>) {
        self.count += 1;
        // The receiver has read it just now.
        let Ok(notification) = Notification::parse(bytes) else { return };
        let authenticated = trigger.authenticated;
        let text = || {
            let signed = if authenticated { "" } else { ", not signed" };
            let detail = format!("{} by UDP{}", plural(bytes.len(), "byte"), paint(NOTE, signed));
            let head = headline(Some(self.count), "server", "device", "Package#0", &detail);
            head + &outline::draw(&inspect::option_items(&notification, authenticated), INSET)
        };
        let json = || {
            let Json::Object(members) = inspect::notification_json(bytes, &notification, Some(authenticated)) else {
                return Json::Null;
            };
            let content = Json::object().with("kind", "dm2-notification").with("length", bytes.len()).with_all(members);
            Json::object()
                .with("event", "notification")
                .with("number", self.count)
                .with("from", "server")
                .with("to", "device")
                .with("authenticated", authenticated)
                .with("content", content)
        };
        self.tell(text, json);
    }

    /// A small machine begins; its transfers are not answers to commands.
    pub(crate) fn beside(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    /// What became of fetching data that an application missed.
    pub(crate) fn fetched(&self, moid: &str, fetched: Option<&Fetched>) {
        let (good, what) = match fetched {
            Some(Fetched::Stored(uris)) => (true, format!("stored at {}", uris.join(" "))),
            Some(Fetched::Failed(status)) => (false, format!("failed with {}", named(*status))),
            _ => (false, "nothing known to fetch".into()),
        };
        let text = || {
            let mut text = String::new();
            line(&mut text, &format!("{moid}: {}", paint(if good { GOOD } else { NOTE }, &what)));
            text
        };
        self.tell(text, || {
            Json::object()
                .with("event", "default_fetch")
                .with("moid", moid)
                .with("stored", good)
                .with("result", what.as_str())
        });
    }

    /// How it went in the end: each check with whether it held.
    pub(crate) fn verdict(&self, checks: &[(String, bool)], seconds: f32) {
        let failed = checks.iter().filter(|(_, held)| !held).count();
        let text = || {
            let mut text = String::from("\n");
            for (what, held) in checks {
                let mark = if *held { paint(GOOD, "✓") } else { paint(BAD, "✗") };
                let _ = writeln!(text, "{mark} {}", style::safe(what));
            }
            let sum = if failed == 0 {
                paint(GOOD, "all as expected")
            } else {
                paint(BAD, format!("{failed} of {} not as expected", checks.len()))
            };
            let _ = writeln!(text, "\n{sum}, {seconds:.1} s");
            text
        };
        let json = || {
            let list = checks.iter().map(|(what, held)| Json::object().with("check", what.as_str()).with("ok", *held));
            Json::object().with("event", "verdict").with("ok", failed == 0).with("checks", list.collect::<Json>())
        };
        self.tell(text, json);
    }

    // --- the exchanges ----------------------------------------------------------------------------------

    /// A request of the device leaves.
    fn asked(&mut self, id: EffectId, request: &Request, to: Party) {
        self.count += 1;
        let place =
            Uri::parse(&request.uri).map_or_else(|_| request.uri.clone(), |uri| uri.path_and_query().to_owned());
        let body = Body::read(request.headers.get(CONTENT_TYPE), &request.body);
        let mut details = vec![format!("{} {}", request.method.as_str(), style::safe(&place))];
        if let (Body::Package1(_), Some(device)) = (&body, request.headers.get(OMADM_DEV_ID)) {
            details.push(format!("as {}", style::safe(device)));
        }
        if request.headers.get(COOKIE).is_some() {
            details.push("with the cookie".into());
        }
        if request.headers.get(AUTHORIZATION).is_some() {
            details.push("with credentials".into());
        }
        let statuses = match &body {
            Body::Package3(package) => self.pair(package),
            _ => Vec::new(),
        };
        let text = || {
            let what = body
                .title()
                .unwrap_or_else(|| if self.origin.is_empty() { String::new() } else { self.origin.clone() });
            let mut text = headline(Some(self.count), "device", to.name(), &what, &details.join(", "));
            match &body {
                Body::Package3(package) => {
                    for (command, status) in &statuses {
                        text += &status_line(command, status, &request.uri);
                    }
                    text += &outline::draw(&alerts(&package.alerts), INSET);
                }
                body => text += &body.draw(&request.uri),
            }
            text
        };
        let json = || {
            let json = Json::object()
                .with("event", "request")
                .with("number", self.count)
                .with("from", "device")
                .with("to", to.name())
                .with("method", request.method.as_str())
                .with("uri", request.uri.as_str())
                .with("cookie", request.headers.get(COOKIE).is_some())
                .with("credentials", request.headers.get(AUTHORIZATION).is_some());
            let json = if self.origin.is_empty() { json } else { json.with("for", self.origin.as_str()) };
            json.with("content", body.to_json(&statuses))
        };
        self.tell(text, json);
        self.open.insert(id, Asked { number: self.count, to, uri: request.uri.clone(), statuses });
    }

    /// The commands of the last Package#2 with the statuses that answer them.
    fn pair(&self, package: &Package3<'static>) -> Vec<(Command<'static>, Status<'static>)> {
        self.commands.iter().cloned().zip(package.statuses.iter().cloned()).collect()
    }

    /// The answer to a request.
    fn answered(&mut self, id: EffectId, response: &Response) {
        let Some(Asked { number, to, uri, statuses }) = self.open.remove(&id) else { return };
        let body = Body::read(response.headers.get(CONTENT_TYPE), &response.body);
        let cookie = response.headers.get(SET_COOKIE);
        let dropped = cookie.is_some_and(|cookie| cookie.contains("Max-Age=0"));
        let cookie = cookie.is_some();
        let good = (200..300).contains(&response.status);
        let text = || {
            let status = http_status(response.status);
            let mut details = vec![paint(if good { Style::new() } else { NOTE }, status)];
            match &body {
                Body::Package2(package) => details.push(plural(package.commands.len(), "command")),
                Body::Data(_) | Body::Other(_) if !response.body.is_empty() => {
                    details.push(plural(response.body.len(), "byte"));
                }
                _ => {}
            }
            if cookie {
                details.push(if dropped { "drops the cookie" } else { "sets the cookie" }.into());
            }
            let mut text = headline(None, to.name(), "device", &body.title().unwrap_or_default(), &details.join(", "));
            text += &body.draw(&uri);
            text
        };
        let json = || {
            Json::object()
                .with("event", "response")
                .with("number", number)
                .with("from", to.name())
                .with("to", "device")
                .with("status", response.status)
                .with("set_cookie", cookie)
                .with("content", body.to_json(&[]))
        };
        self.tell(text, json);
        // A Package#3 that is challenged or redirected is sent again; it counts when it is taken.
        if let Body::Package2(package) = body {
            self.statuses.extend(statuses);
            self.commands = package.commands;
        }
    }

    /// No answer came.
    fn unanswered(&mut self, id: EffectId, failure: Failure) {
        let Some(Asked { number, to, .. }) = self.open.remove(&id) else { return };
        let what = match failure {
            Failure::Unreachable => "cannot be reached",
            Failure::Timeout => "takes too long",
            Failure::NoCredentials => "wants credentials of a kind that there are none of",
            _ => "gives no answer",
        };
        self.tell(
            || {
                let mut text = String::new();
                line(&mut text, &paint(BAD, format!("the {} {what}", to.name())));
                text
            },
            || Json::object().with("event", "no_response").with("number", number).with("cause", what),
        );
    }

    pub(crate) fn tell(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> Json) {
        let told = if self.json { json().to_line() + "\n" } else { text() };
        // Whoever stops listening does not stop the session.
        drop(print(&told));
    }
}

impl Watch for Story {
    fn action(&mut self, action: &Action) {
        match action {
            Action::Post { id, request } | Action::Authenticate { id, request, .. } => {
                self.asked(*id, request, Party::Server);
            }
            Action::Transfer { id, request } => self.asked(*id, request, Party::Repository),
            Action::Execute { execution, .. } => {
                let uri = execution.client_uri.as_str();
                let later = execution.must_defer();
                self.tell(
                    || {
                        let mut text = String::new();
                        let when = if later { "begins; its result comes later" } else { "runs" };
                        line(&mut text, &paint(FAINT, format!("device: {} {when}", style::safe(uri))));
                        text
                    },
                    || Json::object().with("event", "execute").with("client_uri", uri).with("reports_later", later),
                );
            }
            Action::Launch { uri, .. } => self.tell(
                || {
                    let mut text = String::new();
                    line(&mut text, &paint(FAINT, format!("device: shows {}", style::safe(uri))));
                    text
                },
                || Json::object().with("event", "show").with("uri", uri.as_str()),
            ),
            Action::Closed(closed) => {
                let (good, why) = reason(closed.reason);
                self.tell(
                    || {
                        let mut text = String::new();
                        line(&mut text, &paint(if good { GOOD } else { BAD }, format!("session over: {why}")));
                        if !closed.alerts.is_empty() {
                            line(
                                &mut text,
                                &paint(NOTE, format!("{} not delivered", plural(closed.alerts.len(), "alert"))),
                            );
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
            Event::Response { id, response } | Event::Transferred { id, response } => self.answered(*id, response),
            Event::Failed { id, failure } => self.unanswered(*id, *failure),
            Event::Executed { result, .. } => {
                let status = result.status;
                self.tell(
                    || {
                        let mut text = String::new();
                        line(&mut text, &paint(FAINT, format!("device: the execution is done, {}", named(status))));
                        text
                    },
                    || Json::object().with("event", "executed").with("sc", status.as_u16()),
                );
            }
            _ => {}
        }
    }
}

/// Why a session is over, and whether that is good.
pub(crate) fn reason(reason: Reason) -> (bool, String) {
    let why = match reason {
        Reason::Ended => return (true, "the server sent END".into()),
        Reason::BadPackage => "the answer is no usable Package#2",
        Reason::Http(status) => return (false, format!("the server answered HTTP {status}")),
        Reason::Transport => "no answer from the server",
        Reason::Timeout => "it took too long",
        Reason::Limit => "the server does not come to an end",
        Reason::Aborted => "given up",
        _ => "an internal failure",
    };
    (false, why.into())
}

// --- bodies ---------------------------------------------------------------------------------------------

/// What a request or a response carries.
enum Body {
    Nothing,
    Package1(Package1<'static>),
    Package2(Package2<'static>),
    Package3(Package3<'static>),
    Data(MoData<'static>),
    /// Something that is not understood; so many bytes.
    Other(usize),
}

impl Body {
    fn read(content_type: Option<&str>, body: &[u8]) -> Self {
        let kind = content_type.and_then(dm_package::MediaType::parse);
        let is = |essence| kind.is_some_and(|kind| kind.is(essence));
        let read = if body.is_empty() {
            Some(Self::Nothing)
        } else if is(media::INITIATION) {
            Package1::parse(body).ok().map(|package| Self::Package1(package.into_owned()))
        } else if is(media::REQUEST) {
            Package2::parse(body).ok().map(|package| Self::Package2(package.into_owned()))
        } else if is(media::RESPONSE) {
            Package3::parse(body).ok().map(|package| Self::Package3(package.into_owned()))
        } else {
            MoData::parse(body).ok().map(|data| Self::Data(data.into_owned()))
        };
        read.unwrap_or(Self::Other(body.len()))
    }

    fn title(&self) -> Option<String> {
        match self {
            Self::Package1(_) => Some("Package#1".into()),
            Self::Package2(_) => Some("Package#2".into()),
            Self::Package3(_) => Some("Package#3".into()),
            Self::Nothing | Self::Data(_) | Self::Other(_) => None,
        }
    }

    /// The content, indented. `base` is the URI whose origin need not be repeated.
    fn draw(&self, base: &str) -> String {
        match self {
            Self::Package1(package) => {
                let mut items: Vec<Item> = package
                    .mos
                    .iter()
                    .flatten()
                    .map(|mos| {
                        let miids: Vec<&str> = mos.miids.iter().map(Str::as_str).collect();
                        Item::new(mos.moid.as_str()).value(if miids.is_empty() {
                            "no instance".into()
                        } else {
                            format!("instance {}", miids.join(" "))
                        })
                    })
                    .collect();
                items.extend(alerts(&package.alerts));
                outline::draw(&items, INSET)
            }
            Self::Package2(package) => package.commands.iter().map(|command| command_line(command, base)).collect(),
            Self::Data(data) => outline::draw(&data.items.iter().map(data_item).collect::<Vec<_>>(), INSET),
            Self::Nothing | Self::Package3(_) | Self::Other(_) => String::new(),
        }
    }

    /// The content as `dm inspect` has it; beside each status the command that it answers.
    fn to_json(&self, statuses: &[(Command<'_>, Status<'_>)]) -> Json {
        let answers = |(index, status)| {
            let command = statuses.get(index).map(|(command, _)| inspect::command_json(command));
            inspect::status_json(status).with("command", command)
        };
        match self {
            Self::Nothing => Json::Null,
            Self::Package1(package) => Json::object()
                .with("kind", "dm2-package1")
                .with("mos", package.mos.as_ref().map(|mos| mos.iter().map(inspect::mos_json).collect::<Json>()))
                .with("alerts", package.alerts.iter().map(inspect::alert_json).collect::<Json>()),
            Self::Package2(package) => Json::object()
                .with("kind", "dm2-package2")
                .with("commands", package.commands.iter().map(inspect::command_json).collect::<Json>()),
            Self::Package3(package) => Json::object()
                .with("kind", "dm2-package3")
                .with("statuses", package.statuses.iter().enumerate().map(answers).collect::<Json>())
                .with("alerts", package.alerts.iter().map(inspect::alert_json).collect::<Json>()),
            Self::Data(data) => Json::object()
                .with("kind", "dm2-mo-data")
                .with("items", data.items.iter().map(inspect::mo_json).collect::<Json>()),
            Self::Other(bytes) => Json::object().with("kind", "other").with("length", *bytes),
        }
    }
}

fn alerts(alerts: &[Alert<'_>]) -> Vec<Item> {
    alerts.iter().map(inspect::alert_item).collect()
}

/// One serialized node: with its values if they are few, else with their number.
fn data_item(item: &MoItem<'_>) -> Item {
    const FEW: usize = 5;
    let leaves = item.walk().filter(|step| matches!(step, Ok(Node::Leaf(..)))).count();
    if leaves <= FEW {
        whole_item(item)
    } else {
        Item::new(item.client_uri.as_str()).styled(plural(leaves, "value"), FAINT)
    }
}

/// One serialized node with its values.
fn whole_item(item: &MoItem<'_>) -> Item {
    match single(item) {
        Some(value) => Item::new(item.client_uri.as_str()).value(value),
        None => inspect::mo_item(&MoItem { ddf: None, cv: None, ..item.clone() }),
    }
}

/// The value, if the node is a leaf.
fn single(item: &MoItem<'_>) -> Option<String> {
    match item.walk().next()?.ok()? {
        Node::Leaf(_, value) => Some(inspect::scalar(&value)),
        _ => None,
    }
}

// --- lines ----------------------------------------------------------------------------------------------

/// `12  device ──▶ server     Package#1  POST /dm`; the device is always on the left.
pub(crate) fn headline(number: Option<usize>, from: &str, to: &str, what: &str, detail: &str) -> String {
    let lead = number.map_or_else(|| format!("{:INSET$}", ""), |number| format!("\n{number:>3}  "));
    let (parties, colour) = if from == "device" {
        (format!("{from} ──▶ {to}"), NAME)
    } else {
        (format!("{to} ◀── {from}"), PEER)
    };
    let parties = style::pad(colour, &parties, PARTIES);
    let gap = if what.is_empty() { "" } else { "  " };
    format!("{lead}{parties}{}{gap}{detail}\n", paint(STRONG, what))
}

pub(crate) fn line(text: &mut String, content: &str) {
    let _ = writeln!(text, "{:INSET$}{content}", "");
}

/// Width of the column of command names.
const NAMES: usize = 9;
/// Width of the column of statuses.
const STATUSES: usize = 25;
/// Parameters that are longer than this together stand one below the other.
const LONG: usize = 84;

/// `HGET     …/repo/x  urn:…`
fn command_line(command: &Command<'_>, base: &str) -> String {
    let name = style::pad(STRONG, command.name(), NAMES);
    columns(&name, INSET, NAMES, &parameters(command, base), "")
}

/// `200 OK                   HGET     …/repo/x  → urn:…`
fn status_line(command: &Command<'_>, status: &Status<'_>, base: &str) -> String {
    let colour = if status.sc.is_success() { GOOD } else { NOTE };
    let sc = style::pad(colour, &named(status.sc), STATUSES);
    let name = style::pad(STRONG, command.name(), NAMES);
    // One short result stands beside the command, more of them below it.
    let (mut beside, mut below) = (String::new(), Vec::new());
    match (status.uris.as_slice(), status.data.as_slice()) {
        ([uri], []) => beside = style::safe(uri),
        ([], [item]) => match single(item) {
            Some(value) => beside = style::short(&value, 60),
            None => below.push(whole_item(item)),
        },
        (uris, data) => {
            below.extend(uris.iter().map(|uri| Item::new(uri.as_str())));
            below.extend(data.iter().map(whole_item));
        }
    }
    if !beside.is_empty() {
        beside = paint(GOOD, format!("→ {beside}"));
    }
    let text = columns(&format!("{sc}{name}"), INSET, STATUSES + NAMES, &parameters(command, base), &beside);
    text + &outline::draw(&below, INSET + STATUSES + NAMES)
}

/// A line with parameters behind a lead of some width, or several lines where they are too long.
pub(crate) fn columns(lead: &str, inset: usize, width: usize, parameters: &[String], beside: &str) -> String {
    let length: usize = parameters.iter().map(|parameter| parameter.chars().count() + 2).sum();
    let between = if length > LONG { format!("\n{:1$}", "", inset + width) } else { "  ".into() };
    let mut line = format!("{:inset$}{lead}{}", "", parameters.join(&between));
    if !beside.is_empty() {
        line = format!("{line}  {beside}");
    }
    line.trim_end().to_owned() + "\n"
}

/// The parameters of a command, ServerURIs of the same origin shortened to their path.
fn parameters(command: &Command<'_>, base: &str) -> Vec<String> {
    let base = Uri::parse(base).ok();
    let shown = inspect::parameters(command).into_iter().map(|parameter| match (Uri::parse(parameter), &base) {
        (Ok(uri), Some(base)) if uri.same_origin(base) => format!("…{}", style::safe(uri.path_and_query())),
        _ => style::safe(parameter),
    });
    shown.collect()
}

/// `404 Not Found`, as HTTP calls it.
pub(crate) fn http_status(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

/// `404 Not Found`
fn named(status: StatusCode) -> String {
    status.name().map_or_else(|| status.to_string(), |name| format!("{status} {name}"))
}

pub(crate) fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
