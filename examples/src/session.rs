//! `dm session`: whole sessions on this machine, and whether they went as they should. Here is that of DM 2.0; that of
//! DM 1.2 is in `dm1::session`.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dm_notification::{Account as NotifiedAccount, ConType, Credentials, Outcome, Policy, Receiver, UnixSeconds};
use dm_package::{Alert, Command, Mark, MoData, MoItem, MoWriter, media};
use dm_session::Secret;
use dm_session::dm2::client::{Reason, Start};
use dm_session::dm2::{Destination, Fetched, ServerConfig};
use dm_session::tree::DEV_INFO;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::{Protocol, SessionArgs};
use crate::clock::now;
use crate::defaults::{DEVICE_ID, SERVER_ID};
use crate::device::{Device, Setup};
use crate::dm1::session as dm1;
use crate::failure::Failure;
use crate::lamp::{self, HOLIDAYS, Key, LAMP, PLAN};
use crate::repository::Repository;
use crate::server::{DmServer, Note, Plan};
use crate::story::Story;
use crate::tree_view::Tree;
use crate::web::{self, DM_PATH, REPO_PATH, Site};
use crate::{notify, random};

/// An alert that the device has to report.
const DOOR_OPEN: &str = "urn:example:at:lamp:1.0:DoorOpen";
/// How long a notification may take on its way through this machine.
pub(crate) const UDP_TIME: Duration = Duration::from_secs(5);

/// Runs `dm session`.
pub(crate) fn run(arguments: &SessionArgs) -> Result<(), Failure> {
    let began = Instant::now();
    let mut story = Story::new(arguments.json);
    let (mut checks, mut checks_dm1) = (Checks::default(), Checks::default());
    let secret: [u8; 16] = random::bytes();
    let auth_data = b"nonce-1";
    let keys = dm1::Keys::new()?;

    // One server for both protocols, and a device for each.
    let (server, expected) = ServerSide::start(&secret, auth_data, &keys)?;
    let site = Arc::clone(&server.site);
    let plays = |protocol| arguments.protocol == Protocol::Auto || arguments.protocol == protocol;
    if plays(Protocol::V2_0) {
        play(&server, &Key { secret: &secret, auth_data }, &expected, &mut story, &mut checks)?;
    }
    if plays(Protocol::V1_2) {
        dm1::play(&site, &server.endpoint, &keys, arguments.wbxml, &mut story, &mut checks_dm1)?;
    }
    let (notes, notes_dm1) = server.stop()?;
    if plays(Protocol::V2_0) {
        checks.server(&notes);
        checks.repository(&site.repository());
    }
    if plays(Protocol::V1_2) {
        checks_dm1.dm1_server(&notes_dm1);
    }
    checks.0.append(&mut checks_dm1.0);
    story.verdict(&checks.0, began.elapsed().as_secs_f32());
    if checks.0.iter().all(|(_, held)| *held) {
        Ok(())
    } else {
        Err(Failure::Refused("the session did not go as expected".into()))
    }
}

/// Plays the session of DM 2.0, and what follows from it.
fn play(
    server: &ServerSide,
    key: &Key<'_>,
    expected: &Expected,
    story: &mut Story,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let tree = lamp::tree(DEVICE_ID, SERVER_ID, &server.endpoint, Some(key))?;
    let setup = Setup {
        ca: None,
        basic: None,
        allow_http: false,
        session_timeout: Duration::from_secs(60),
        finish: lamp::finish,
    };
    let mut device = Device::new(tree, setup)?;
    crate::interrupt::on_request(device.stopper())?;
    let bearer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("UDP")?;
    bearer.set_read_timeout(Some(UDP_TIME))?;

    story.chapter("OMA DM 2.0, a session on this machine");
    story.cast(&[
        ("server", SERVER_ID.into()),
        ("endpoint", server.endpoint.clone()),
        ("repository", format!("{}/", server.repo)),
        ("device", DEVICE_ID.into()),
        ("listening", format!("udp://{}", bearer.local_addr()?)),
    ]);
    let before = Tree::of(&device.tree);
    story.chapter("The device's tree before");
    story.tree(&before, None);

    // A door is open, and the device will say so at the next occasion.
    let door = Alert::new(DOOR_OPEN).with_source_uri(format!("{LAMP}/1/")).with_mark(Mark::Warning);
    device.outbox.push(Destination { server_id: SERVER_ID.into(), server_uri: None }, door)?;

    story.chapter("The session");
    let dm = || server.site.dm().context("no server of DM 2.0");
    let notification = dm()?.notify(DEVICE_ID, ConType::Any, true).context("no notification")?;
    notify::send(bearer.local_addr()?, &notification)?;
    let start = receive(&bearer, &device, story)?;
    let closed = device.session(SERVER_ID, start, story)?;

    go_on(&device)?;
    story.chapter("The result of the EXEC, in a session of its own");
    device.finish_work()?;
    let mut reported = Vec::new();
    for destination in device.reports() {
        let server_uri = destination.server_uri.clone().unwrap_or_default();
        reported.push(device.session(SERVER_ID, Start::Report { server_uri }, story)?.reason);
    }

    go_on(&device)?;
    // The lamp shone for another hour. Nobody is told: that subscription has ended.
    device.tree.set_value(LAMP, "1", "Hours", 4712)?;
    story.chapter("The change to which the server subscribed");
    story.beside("report of a change");
    device.report_changes(SERVER_ID, story)?;

    story.chapter("An application misses its holidays, and DEFAULT says where they are");
    story.beside("for the application");
    let fetched = device.fetch_default(SERVER_ID, HOLIDAYS, story)?;
    story.fetched(HOLIDAYS, fetched.as_ref());

    go_on(&device)?;
    let after = Tree::of(&device.tree);
    story.chapter("What changed in the device's tree");
    story.tree(&after, Some(&before));

    checks.session(story, &closed.reason, closed.alerts.is_empty(), expected);
    checks.beside(&reported, fetched.as_ref(), &device);
    checks.tree(&after);
    Ok(())
}

/// Nothing is to be expected of what was interrupted.
fn go_on(device: &Device) -> anyhow::Result<()> {
    anyhow::ensure!(!device.is_interrupted(), "interrupted");
    Ok(())
}

/// Takes the notification from the bearer. The receiver decides whether it may start a session.
fn receive(bearer: &UdpSocket, device: &Device, story: &mut Story) -> anyhow::Result<Start> {
    let mut bytes = [0; 2048];
    let (length, _) = bearer.recv_from(&mut bytes).context("no notification came")?;
    let bytes = bytes.get(..length).unwrap_or_default();
    let credentials = device.tree.notification_credentials(SERVER_ID).context("no notification credentials")?;
    let known = Credentials::new(credentials.secret.expose_secret(), &credentials.data);
    let accounts = [NotifiedAccount::new(SERVER_ID).with_credentials(known)];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    match receiver.receive(Some(UnixSeconds(now().as_secs())), bytes, &accounts[..]) {
        Outcome::Trigger(trigger) => {
            story.notification(bytes, &trigger);
            let notification_id = trigger.notification_id.map(|id| id.0);
            Ok(Start::Notification { notification_id, req_mos: trigger.req_mos })
        }
        Outcome::Ignored(reason) => anyhow::bail!("the notification was ignored: {reason}"),
        other => anyhow::bail!("the notification came to {other:?}"),
    }
}

// --- the server -------------------------------------------------------------------------------------------

/// The statuses that the device has to answer, in the order of the commands.
type Expected = Vec<(&'static str, u16)>;

/// The server, in a thread of its own.
struct ServerSide {
    endpoint: String,
    repo: String,
    site: Arc<Site>,
    notes: Arc<Mutex<Vec<Note>>>,
    notes_dm1: dm1::Journal,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl ServerSide {
    fn start(secret: &[u8], auth_data: &[u8], keys: &dm1::Keys) -> anyhow::Result<(Self, Expected)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let base = format!("http://{}", listener.local_addr()?);
        let (endpoint, repo) = (format!("{base}{DM_PATH}"), format!("{base}{REPO_PATH}"));

        let config = ServerConfig::new(SERVER_ID, &endpoint).with_notification_key(Secret::new(secret), auth_data);
        let (plan, expected) = plan(&endpoint, &repo)?;
        let notes = Arc::new(Mutex::new(Vec::new()));
        let journal = Arc::clone(&notes);
        let write = move |note| journal.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        let (server_dm1, notes_dm1) = dm1::server(&endpoint, keys);
        let server = DmServer::new(config, plan, Box::new(write));
        let site = Site::new(Some(server), Some(server_dm1), stocked()?);

        let (stop, stopped) = oneshot::channel::<()>();
        let served = Arc::clone(&site);
        let thread = thread::Builder::new()
            .name("server".into())
            .spawn(move || runtime.block_on(web::serve(listener, None, served, async { drop(stopped.await) })))?;
        Ok((Self { endpoint, repo, site, notes, notes_dm1, stop, thread }, expected))
    }

    /// Ends the server and gives its journals.
    fn stop(self) -> anyhow::Result<(Vec<Note>, Vec<crate::dm1::server::Note>)> {
        drop(self.stop);
        self.thread.join().map_err(|_| anyhow::anyhow!("the server broke down"))??;
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        let notes_dm1 = std::mem::take(&mut *self.notes_dm1.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((notes, notes_dm1))
    }
}

/// What the server tells the device, round by round, and what it expects to hear. All twelve commands are
/// in it, and three that cannot succeed.
fn plan(endpoint: &str, repo: &str) -> Result<(Plan, Expected), dm_package::Error> {
    let mut expected = Vec::new();
    let mut expect = |command: Result<Command<'static>, dm_package::Error>, sc| {
        let command = command?;
        expected.push((command.kind().map_or("", dm_package::CommandKind::as_str), sc));
        Ok::<_, dm_package::Error>(command)
    };
    let first = vec![
        expect(Command::get(format!("{DEV_INFO}//FwV")), 200)?,
        expect(Command::get(format!("{LAMP}//")), 200)?,
        expect(Command::hget(format!("{repo}/plans/winter")), 200)?,
        expect(Command::sub(format!("{repo}/changes/lamp-12"), format!("{LAMP}//Brightness")), 200)?,
        expect(Command::sub(format!("{repo}/changes/hours"), format!("{LAMP}//Hours")), 200)?,
        expect(Command::default_for(format!("{repo}/holidays"), HOLIDAYS), 200)?,
        expect(Command::exec_reporting_to(format!("{LAMP}//Test"), format!("{endpoint}/results")), 202)?,
        expect(Command::cont(format!("{endpoint}/second")), 200)?,
    ];
    let second = vec![
        expect(Command::hget_into(format!("{repo}/brightness"), format!("{LAMP}//Brightness")), 200)?,
        expect(Command::get(format!("{PLAN}/1/Season")), 200)?,
        expect(
            Command::hput(format!("{repo}/inventory/lamp-12"), [format!("{DEV_INFO}//"), format!("{LAMP}//")]),
            200,
        )?,
        expect(Command::hpost(format!("{repo}/log"), [format!("{LAMP}//Hours")]), 200)?,
        expect(Command::delete(format!("{LAMP}//Dimming/01:00")), 200)?,
        expect(Command::delete(format!("{LAMP}//Place")), 405)?,
        expect(Command::get(format!("{LAMP}//Colour")), 404)?,
        expect(Command::hget(format!("{repo}/plans/summer")), 404)?,
        expect(Command::unsub(format!("{LAMP}//Hours")), 200)?,
        expect(Command::show(format!("{repo}/manual?lamp=12")), 200)?,
    ];
    Ok((vec![first, second, vec![Command::End]], expected))
}

/// The repository as it is before the session.
fn stocked() -> anyhow::Result<Repository> {
    let mut repository = Repository::default();
    let mut put = |path: &str, uri: String, write: fn(&mut MoWriter)| {
        let mut writer = MoWriter::new();
        write(&mut writer);
        let data = MoData::new(vec![MoItem::new(uri, writer.finish()?)]);
        anyhow::ensure!(repository.put(path, media::MO, data.to_vec()?), "no room in the repository");
        Ok(())
    };
    put("plans/winter", format!("{PLAN}//"), |plan| {
        plan.enter("Plan");
        plan.text("Season", "winter");
        plan.text("On", "16:30");
        plan.text("Off", "08:15");
        plan.leave();
    })?;
    put("brightness", format!("{LAMP}//Brightness"), |lamp| lamp.int("Brightness", 60))?;
    put("holidays", format!("{HOLIDAYS}//"), |holidays| {
        holidays.enter("Holidays");
        holidays.text("12-31", "all night");
        holidays.leave();
    })?;
    Ok(repository)
}

// --- whether it went as it should -------------------------------------------------------------------------

/// What was looked at, and whether it was so.
#[derive(Default)]
pub(crate) struct Checks(Vec<(String, bool)>);

impl Checks {
    pub(crate) fn check(&mut self, what: impl Into<String>, holds: bool) {
        self.0.push((what.into(), holds));
    }

    fn session(&mut self, story: &Story, reason: &Reason, delivered: bool, expected: &Expected) {
        let have: Expected = story
            .statuses
            .iter()
            .map(|(command, status)| (command.kind().map_or("", dm_package::CommandKind::as_str), status.sc.as_u16()))
            .collect();
        let wrong = have.iter().zip(expected).find(|(have, expected)| have != expected);
        let what = match wrong {
            Some(((name, have), (_, expected))) => format!("every status: {name} was answered {have}, not {expected}"),
            None => format!("every status: {} commands, {} expected", have.len(), expected.len()),
        };
        self.check(what, have == *expected);
        self.check("the session: ended by END, alert delivered", *reason == Reason::Ended && delivered);
    }

    fn beside(&mut self, reported: &[Reason], fetched: Option<&Fetched>, device: &Device) {
        self.check(
            "the result of the EXEC: delivered in a session of its own",
            reported == [Reason::Ended] && device.reports().is_empty(),
        );
        self.check(
            "the default: fetched for the application",
            matches!(fetched, Some(Fetched::Stored(uris)) if uris.len() == 1),
        );
    }

    fn tree(&mut self, tree: &Tree) {
        let values = [
            (PLAN, "Season", "\"winter\""),
            (PLAN, "On", "\"16:30\""),
            (PLAN, "Off", "\"08:15\""),
            (LAMP, "Brightness", "60"),
            (LAMP, "Hours", "4712"),
            (LAMP, "Place", "\"Harbour Street 12\""),
            (LAMP, "Dimming/22:00", "60"),
            (LAMP, "Tested", "\"passed\""),
            (HOLIDAYS, "12-31", "\"all night\""),
        ];
        let wrong = values.iter().find_map(|(moid, path, value)| {
            let have = tree.value(moid, "1", path).unwrap_or("not there");
            (have != *value).then(|| format!("{path} is {have}, not {value}"))
        });
        let kept = tree.has(LAMP, "1", "Dimming/01:00").then(|| "Dimming/01:00 is still there".to_owned());
        let wrong = wrong.or(kept);
        let holds = wrong.is_none();
        let what = wrong.unwrap_or_else(|| "as it has to be".into());
        self.check(format!("the device's tree: {what}"), holds);
    }

    fn server(&mut self, notes: &[Note]) {
        let opened = notes
            .iter()
            .any(|note| matches!(note, Note::Opened { notified: true, mos: Some(mos), .. } if mos.len() == 4));
        self.check("the server: its notification was answered, with the list of objects", opened);
        let alerted =
            notes.iter().any(|note| matches!(note, Note::Alerted { alert, .. } if alert.alert_type == DOOR_OPEN));
        let completed = notes.iter().any(|note| {
            matches!(note, Note::Completed { completed, .. } if completed.status == Some(dm_package::StatusCode::OK))
        });
        self.check("the server: got the alert and the result of the EXEC", alerted && completed);
        let clean = notes.iter().all(|note| match note {
            Note::Refused { .. } | Note::Failed { .. } | Note::Left { .. } => false,
            Note::Closed { closed, .. } => {
                closed.outstanding.is_empty() || closed.reason == dm_session::dm2::server::Reason::Ended
            }
            _ => true,
        });
        self.check("the server: refused no request", clean);
    }

    fn repository(&mut self, repository: &Repository) {
        let items = |path: &str| {
            let document = repository.get(path)?;
            MoData::parse(&document.body).ok().map(|data| data.items.len())
        };
        let raw =
            |path: &str| repository.get(path).map(|document| String::from_utf8_lossy(&document.body).into_owned());
        let arrived = items("inventory/lamp-12") == Some(2)
            && items("log/1") == Some(1)
            && raw("changes/lamp-12").is_some_and(|body| body.contains("\"Brightness\":60"))
            && raw("changes/hours").is_none();
        self.check("the repository: got the uploads and the change, and nothing after UNSUB", arrived);
    }
}
