//! `dm session`, the part of DM 1.2: what is told, and whether it went as it should.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use dm_notification::dm1::{Policy, Receiver};
use dm_session::Secret;
use dm_session::dm1::client::{Reason, Start};
use dm_session::dm1::server::Initiator;
use dm_session::dm1::{AlertItem, ClientAlert, Interaction, InteractionKind, Profile, Scheme, Task, TaskResult};
use dm_session::tree::MoTree;
use dm_session::tree::dm1::{Command, Content, Data};
use dm_syncml::{Encoding, Mark, Nonce, StatusCode, UiOptions};

use super::connect::{Received, account, receive};
use super::device::{Device, Setup, session_id};
use super::orders::Plan;
use super::server::{Dm1Server, Nonces, Note, Settings};
use super::story::{Seen, Teller, named, task_text};
use crate::cli::{Auth, AuthArgs};
use crate::defaults::{DEVICE_ID, SERVER_ID};
use crate::input::{NamedPassword, Password, hex};
use crate::lamp::{self, PLACE, TESTED};
use crate::session::{Checks, UDP_TIME};
use crate::story::Story;
use crate::tree_view::Tree;
use crate::web::Site;
use crate::{notify, random};

/// An alert that the device has to report.
const DOOR_OPEN: &str = "example.lamp.door";
/// What the Exec's alert is told by.
const CORRELATOR: &str = "test-1";
/// The largest message that the device takes: small, so that large values are seen in chunks.
const MAX_MSG_SIZE: u32 = 3_000;
/// Where the large object goes, and how large it is.
const CURVE: &str = "./Lamp/Curve";
const CURVE_LEN: usize = 6_000;

/// What the server wrote down.
pub(crate) type Journal = Arc<Mutex<Vec<Note>>>;

/// What server and device know of each other before they meet.
pub(crate) struct Keys {
    auth: AuthArgs,
    /// The nonce of the server's credentials, which the device once issued.
    nonce: Nonce,
}

impl Keys {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let secret = || Secret::new(hex(&random::bytes::<12>()));
        let login = NamedPassword { name: "lamp-12".into(), password: secret() };
        let auth = AuthArgs { auth: Auth::Md5, login: Some(login), server_password: Some(Password(secret())) };
        Ok(Self { auth, nonce: Nonce::new(random::bytes::<16>())? })
    }
}

/// The server, with what it wants done.
pub(crate) fn server(endpoint: &str, keys: &Keys) -> (Dm1Server, Journal) {
    let settings = Settings {
        server_id: SERVER_ID.into(),
        endpoint: endpoint.into(),
        scheme: Scheme::Md5,
        login: keys.auth.login.clone(),
        password: keys.auth.server_password.clone(),
        profile: Profile::Standard,
        max_msg_size: None,
    };
    let notes = Journal::default();
    let journal = Arc::clone(&notes);
    let write = move |note| journal.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    let nonces = Nonces { client: Nonce::EMPTY, server: keys.nonce.clone() };
    (Dm1Server::new(settings, plan(), Box::new(write)).with_nonces(DEVICE_ID, nonces), notes)
}

/// What the server tells the device, round by round.
fn plan() -> Plan {
    let int = |text: &str| Content::from(text).with_format("int");
    let failing = vec![
        Command::add("./Lamp/Dimming/23:00", int("40")).into(),
        Command::replace("./Lamp/Place", "elsewhere").into(),
        Command::delete("./Lamp/Dimming/22:00").into(),
    ];
    let working =
        vec![Command::add("./Lamp/Dimming/23:00", int("40")).into(), Command::delete("./Lamp/Dimming/01:00").into()];
    let question = Interaction::new(InteractionKind::Confirm, "Test the lamp now?")
        .with_options(UiOptions::new().with_max_display(Duration::from_secs(60)));
    let exec =
        Command::Exec { uri: "./Lamp/Test".into(), correlator: Some(CORRELATOR.into()), content: Content::EMPTY };
    vec![
        vec![
            Command::get("./DevDetail/FwV").into(),
            Command::get("./Lamp?list=StructData").into(),
            Command::get("./Lamp/Colour").into(),
            Command::replace("./Lamp/Brightness", int("60")).into(),
            Task::Atomic(failing),
            Task::Atomic(working),
        ],
        vec![Command::add(CURVE, Content::new(Data::Bytes(curve())).with_format("bin")).into()],
        vec![Task::Sequence(vec![question.into(), exec.into()])],
    ]
}

/// What the server expects to hear, order by order, with what is in it.
fn expected() -> Vec<(u16, &'static [u16])> {
    vec![
        (200, &[]),
        (200, &[]),
        (404, &[]),
        (200, &[]),
        (507, &[216, 405, 215]),
        (200, &[200, 200]),
        (200, &[]),
        (200, &[200, 202]),
    ]
}

fn curve() -> Vec<u8> {
    (0..CURVE_LEN).map(|at| u8::try_from(at * 7 % 251).unwrap_or(0)).collect()
}

/// Plays the session and what follows from it.
pub(crate) fn play(
    site: &Site,
    endpoint: &str,
    keys: &Keys,
    wbxml: bool,
    story: &mut Story,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let encoding = if wbxml { Encoding::Wbxml } else { Encoding::Xml };
    let dm_account = account(SERVER_ID, endpoint, &keys.auth, keys.nonce.as_bytes());
    let tree = lamp::tree_by_path(DEVICE_ID, &dm_account, SERVER_ID)?;
    let setup = Setup {
        ca: None,
        basic: None,
        allow_http: false,
        session_timeout: Duration::from_secs(60),
        encoding,
        max_msg_size: Some(MAX_MSG_SIZE),
        answers: vec!["yes".into()],
    };
    let mut device = Device::new(tree, setup)?;
    crate::interrupt::on_request(device.stopper())?;
    let bearer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("UDP")?;
    bearer.set_read_timeout(Some(UDP_TIME))?;

    let form = if wbxml { "WBXML" } else { "XML" };
    story.chapter(&format!("OMA DM 1.2, a session on this machine, in {form}"));
    story.cast(&[
        ("server", SERVER_ID.into()),
        ("endpoint", endpoint.into()),
        ("device", DEVICE_ID.into()),
        ("listening", format!("udp://{}", bearer.local_addr()?)),
    ]);
    let before = Tree::of(&device.tree);
    story.chapter("The device's tree before");
    story.tree(&before, None);

    // A door is open, and the device will say so at the next occasion.
    let door = AlertItem::new(DOOR_OPEN, "open").with_source(PLACE).with_mark(Mark::Warning);
    device.alerts.push(ClientAlert::generic(door))?;

    story.chapter("The session");
    let dm1 = || site.dm1().context("no server of DM 1.2");
    let notification = dm1()?.notify(DEVICE_ID).context("no notification")?;
    notify::send(bearer.local_addr()?, &notify::pushed(&notification)?)?;
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let start = match receive(&bearer, &mut receiver, &mut device.tree, SERVER_ID, story)? {
        Received::Start(start) => start,
        Received::Ignored(why) => anyhow::bail!("the notification was ignored: {why}"),
        Received::Nothing => anyhow::bail!("no notification came"),
    };
    let mut teller = Teller::new(story);
    let closed = device.session(SERVER_ID, start, &mut teller)?;
    let seen = teller.seen;
    checks.dm1_session(closed.reason, closed.alerts.is_empty(), &seen, encoding);
    anyhow::ensure!(!device.is_interrupted(), "interrupted");

    // What the Exec began is done now. From here on the device shows its credentials without being asked: it has
    // a nonce for that.
    story.chapter("The result of the Exec, in a session of its own");
    dm1()?.set_plan(Vec::new());
    device.finish_work()?;
    device.local(Command::add("./DMAcc/1/AAuthPref", "DIGEST"));
    let mut teller = Teller::new(story);
    let closed = device.session(SERVER_ID, Start::Local { session_id: session_id() }, &mut teller)?;
    let seen = teller.seen;
    let at_once =
        closed.reason == Reason::Ended && closed.alerts.is_empty() && seen.of_server == [StatusCode::AUTHENTICATED];
    checks.check("DM 1.2: the second session needed no challenge, the nonce was kept", at_once);
    anyhow::ensure!(!device.is_interrupted(), "interrupted");

    let after = Tree::of(&device.tree);
    story.chapter("What changed in the device's tree");
    story.tree(&after, Some(&before));
    checks.dm1_tree(&device.tree);
    Ok(())
}

impl Checks {
    fn dm1_session(&mut self, reason: Reason, delivered: bool, seen: &Seen, encoding: Encoding) {
        self.check("DM 1.2: the session ended, and the alert was delivered", reason == Reason::Ended && delivered);
        // The first message of each side shows nothing: the device waits to be asked, and so does a server that has to ask.
        let proved = |statuses: &[StatusCode]| match statuses {
            [first, rest @ ..] => {
                *first == StatusCode::MISSING_CREDENTIALS
                    && !rest.is_empty()
                    && rest.iter().all(|status| *status == StatusCode::AUTHENTICATED)
            }
            [] => false,
        };
        self.check("DM 1.2: the device was challenged, and proved itself", proved(&seen.of_server));
        self.check("DM 1.2: the server was challenged, and proved itself", proved(&seen.of_device));
        self.check("DM 1.2: the user was asked once", seen.asked == 1);
        self.check(format!("DM 1.2: the large object came in {} chunks", seen.chunks + 1), seen.chunks > 0);
        let all = if encoding == Encoding::Wbxml { seen.messages } else { 0 };
        self.check("DM 1.2: every message had the form that was asked for", seen.messages > 0 && seen.wbxml == all);
    }

    fn dm1_tree(&mut self, tree: &MoTree) {
        let text = |uri: &str| tree.node_at(uri).and_then(|node| Some(node.text()?.into_owned()));
        let values = [
            ("./Lamp/Place", Some("Harbour Street 12")),
            ("./Lamp/Brightness", Some("60")),
            ("./Lamp/Dimming/22:00", Some("60")),
            ("./Lamp/Dimming/23:00", Some("40")),
            ("./Lamp/Dimming/01:00", None),
            ("./Lamp/Tested", Some("passed")),
        ];
        let wrong = values.iter().find_map(|(uri, expected)| {
            let have = text(uri);
            (have.as_deref() != *expected).then(|| format!("{uri} is {}", have.as_deref().unwrap_or("not there")))
        });
        let curve = tree.node_at(CURVE).and_then(|node| node.value()?.as_bytes().map(|bytes| bytes == curve()));
        let wrong = wrong.or_else(|| (curve != Some(true)).then(|| format!("{CURVE} is not what was sent")));
        let holds = wrong.is_none();
        self.check(format!("DM 1.2: the device's tree: {}", wrong.unwrap_or_else(|| "as it has to be".into())), holds);
    }

    /// What the server saw.
    pub(crate) fn dm1_server(&mut self, notes: &[Note]) {
        let opened = notes.iter().any(|note| {
            matches!(note, Note::Opened { opening, .. } if opening.notified && opening.start == Initiator::Server
                && opening.value("DevId") == Some(DEVICE_ID))
        });
        self.check("DM 1.2: the server's notification was answered", opened);
        let outcomes: Vec<(&Task, &TaskResult)> = notes
            .iter()
            .filter_map(|note| match note {
                Note::Done { outcome, .. } => Some((&outcome.task, &outcome.result)),
                _ => None,
            })
            .collect();
        let expected = expected();
        let wrong = outcomes.iter().zip(&expected).find_map(|((task, result), (status, children))| {
            differs(task, result, *status).or_else(|| {
                task.children()
                    .iter()
                    .zip(&result.children)
                    .zip(*children)
                    .find_map(|((task, result), status)| differs(task, result, *status))
            })
        });
        let number = outcomes.len() == expected.len();
        let holds = number && wrong.is_none();
        let what = wrong.unwrap_or_else(|| format!("{} orders, {} expected", outcomes.len(), expected.len()));
        self.check(format!("DM 1.2: every status: {what}"), holds);
        let leaves = |index: usize| outcomes.get(index).map_or(0, |(_, result)| result.leaves.len());
        self.check("DM 1.2: the server got what it asked for", leaves(0) == 1 && leaves(1) >= 7 && leaves(2) == 0);
        let alerted = |alert_type: &str, correlator: Option<&str>| {
            notes.iter().any(|note| {
                matches!(note, Note::Alerted { alert, .. } if alert.correlator.as_deref() == correlator
                    && alert.items.iter().any(|item| item.alert_type() == alert_type))
            })
        };
        self.check(
            "DM 1.2: the server got the alert and the result of the Exec",
            alerted(DOOR_OPEN, None) && alerted(TESTED, Some(CORRELATOR)),
        );
        let clean = notes.iter().all(|note| match note {
            Note::Refused { .. } | Note::Failed { .. } | Note::Unanswered { .. } => false,
            Note::Closed { closed, .. } => closed.reason == dm_session::dm1::server::Reason::Ended,
            _ => true,
        });
        self.check("DM 1.2: the server refused no request", clean);
    }
}

/// How the outcome of a task is another than expected.
fn differs(task: &Task, result: &TaskResult, expected: u16) -> Option<String> {
    let status = result.status();
    (status.map(StatusCode::code) != Some(expected.into())).then(|| {
        let have = status.map_or_else(|| format!("{:?}", result.fate), named);
        format!("{} came to {have}, not {expected}", task_text(task))
    })
}
