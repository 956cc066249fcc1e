//! A server of DM 1.2: **the loop that carries server machines**, one for each session.
//!
//! As with DM 2.0 the host's part is small: find the machine for a message, tell it, and do what it says. What it has to
//! keep between sessions are the nonces of each device. A fleet would keep a `Snapshot` of each session, and the
//! nonces, where all its nodes find them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use dm_notification::dm1::{Initiator as NotificationInitiator, UiMode};
use dm_session::dm1::server::{Action, Closed, Event, Opening, Received, RequestId, route, unknown_session};
use dm_session::dm1::windows::WindowsRequest;
use dm_session::dm1::{
    ClientAlert, Credentials, Demand, Identity, Order, Outcome, Party, Profile, Scheme, Server, ServerConfig,
};
use dm_session::http::{Request, Response};
use dm_session::{ErrorKind, Random, Timestamp};
use dm_syncml::{Message, Nonce};

use super::orders::Plan;
use crate::clock::now;
use crate::input::{NamedPassword, Password};
use crate::random;

/// Sessions at once, at most.
const MAX_SESSIONS: usize = 1024;
/// Devices whose nonces are kept, at most.
const MAX_DEVICES: usize = 4096;
/// How long a session that is over can still answer what comes late or twice.
const LATE: Duration = Duration::from_secs(60);

/// What happened, for whoever keeps a journal.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// A Windows PC begins, with this version of its client, in this mode.
    Windows { device: String, version: String, mode: String },
    /// A notification is on its way.
    Notified { device: String },
    /// No session came of it.
    Unanswered { device: String },
    /// Package #1 came.
    Opened { device: String, opening: Opening },
    /// This came of an order.
    Done { device: String, outcome: Box<Outcome> },
    /// The device reports something.
    Alerted { device: String, alert: ClientAlert },
    /// Orders go out.
    Ordered { device: String, orders: Vec<Order> },
    /// A request was answered without a message of DM.
    Refused { device: Option<String>, status: u16 },
    /// The session is over.
    Closed { device: String, closed: Closed },
    /// The machine refused what the host told it.
    Failed { device: String, error: dm_session::Error },
}

/// What a server is for all devices.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) server_id: String,
    pub(crate) endpoint: String,
    pub(crate) scheme: Scheme,
    /// What devices have to show; `None` leaves it to the transport.
    pub(crate) login: Option<NamedPassword>,
    /// What the server shows.
    pub(crate) password: Option<Password>,
    pub(crate) profile: Profile,
    pub(crate) max_msg_size: Option<u32>,
}

impl Settings {
    /// What a machine has to know for a session with a device that has these nonces.
    pub(crate) fn config(&self, nonces: &Nonces) -> ServerConfig {
        let mut config = ServerConfig::new(&self.server_id, &self.endpoint)
            .with_profile(self.profile)
            .with_max_msg_size(self.max_msg_size);
        if let Some(login) = &self.login {
            let known = Credentials::new(&login.name, &login.password).with_nonce(nonces.client.clone());
            config = config.with_demand(Demand::new(self.scheme, known));
        }
        if let Some(Password(password)) = &self.password {
            let own = Credentials::new(&self.server_id, password).with_nonce(nonces.server.clone());
            let weakest = self.scheme.min(Scheme::Md5);
            config = config.with_identity(Identity::new(own).with_first(self.scheme).with_weakest(weakest));
        }
        config
    }
}

/// The nonces of one device: that of its own credentials, and that of the server's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nonces {
    pub(crate) client: Nonce,
    pub(crate) server: Nonce,
}

/// Where 32 random bytes come from.
pub(crate) type Source = Box<dyn FnMut() -> [u8; 32] + Send>;

/// The DM endpoint.
pub(crate) struct Dm1Server {
    settings: Settings,
    plan: Plan,
    /// By device and SessionID: a device may have several.
    sessions: HashMap<Key, Session>,
    /// Machines of devices that were notified, until their session comes.
    notified: HashMap<String, Session>,
    nonces: BTreeMap<String, Nonces>,
    next_request: u64,
    random: Source,
    journal: Box<dyn FnMut(Note) + Send>,
}

/// Device and SessionID.
type Key = (String, String);

/// A session with a device.
struct Session {
    machine: Server,
    /// What the device is still to be told, the next round last.
    todo: Vec<Vec<Order>>,
    /// Since when it is over.
    over: Option<Timestamp>,
}

/// What comes of a request or an event at once.
#[derive(Default)]
struct Yield {
    response: Option<Response>,
    notification: Option<Vec<u8>>,
}

impl Dm1Server {
    pub(crate) fn new(settings: Settings, plan: Plan, journal: Box<dyn FnMut(Note) + Send>) -> Self {
        Self {
            settings,
            plan,
            sessions: HashMap::new(),
            notified: HashMap::new(),
            nonces: BTreeMap::new(),
            next_request: 0,
            random: Box::new(random::bytes),
            journal,
        }
    }

    /// The same with another source of randomness. Whoever knows it can pass for a device.
    pub(crate) fn with_random(mut self, random: Source) -> Self {
        self.random = random;
        self
    }

    /// The same, knowing these nonces of a device.
    pub(crate) fn with_nonces(mut self, device: &str, nonces: Nonces) -> Self {
        self.nonces.insert(device.into(), nonces);
        self
    }

    /// Gives other orders to sessions that begin from now on.
    pub(crate) fn set_plan(&mut self, plan: Plan) {
        self.plan = plan;
    }

    /// Answers one HTTP request of a device.
    pub(crate) fn answer(&mut self, request: Request) -> Response {
        let (key, begins) = match route(&request) {
            // Half a message opens nothing, and puts no end to a session that there is.
            Ok(route) => {
                let begins = route.begins() && is_message(&request.body);
                ((route.device_id.clone(), route.session_id.clone()), begins)
            }
            Err(response) => {
                (self.journal)(Note::Refused { device: None, status: response.status });
                return response;
            }
        };
        if begins && self.settings.profile == Profile::Windows {
            let seen = WindowsRequest::of(&request);
            let version = seen.client_version.unwrap_or("unknown").to_owned();
            let mode = seen.mode.map_or_else(|| "no mode".into(), |mode| format!("{mode:?}"));
            (self.journal)(Note::Windows { device: key.0.clone(), version, mode });
        }
        if begins && let Err(status) = self.begin(&key, &request) {
            (self.journal)(Note::Refused { device: Some(key.0), status });
            return Response::new(status);
        }
        if !self.sessions.contains_key(&key) {
            (self.journal)(Note::Refused { device: Some(key.0), status: 400 });
            return unknown_session(&request, &self.settings.config(&Nonces::default()));
        }
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let event = Event::Request { id, request, random: Random::from((self.random)()) };
        let response = match self.tell(&key, event) {
            Ok(done) => done.response.unwrap_or_else(|| Response::new(500)),
            Err(_) => Response::new(500),
        };
        if response.status != 200 {
            // Strangers could make any number of machines that never see a message.
            if self.sessions.get(&key).is_some_and(|session| session.machine.is_idle()) {
                self.sessions.remove(&key);
            }
            (self.journal)(Note::Refused { device: Some(key.0), status: response.status });
        }
        response
    }

    /// Starts a session that the device is asked for, and gives the notification to send.
    pub(crate) fn notify(&mut self, device: &str) -> Option<Vec<u8>> {
        let session = self.session(device).ok()?;
        let key = (device.to_owned(), String::new());
        self.sessions.insert(key.clone(), session);
        let event = Event::Notify {
            ui_mode: UiMode::Background,
            initiator: NotificationInitiator::Server,
            random: Random::from((self.random)()),
        };
        let notification = self.tell(&key, event).ok().and_then(|done| done.notification);
        // Its SessionID is the machine's secret until the device comes with it.
        self.notified.extend(self.sessions.remove(&key).map(|session| (key.0, session)));
        notification
    }

    /// Lets time pass. What is over is forgotten.
    pub(crate) fn tick(&mut self) {
        let time = now();
        let due = |session: &Session| session.machine.poll_timeout().is_some_and(|due| due <= time);
        let keys: Vec<Key> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            drop(self.tell(&key, Event::Tick));
        }
        self.sessions.retain(|_, session| session.over.is_none_or(|over| over.after(LATE) > time));
    }

    /// Ends all sessions: the server goes down.
    pub(crate) fn abort(&mut self) {
        let open = self.sessions.iter().filter(|(_, session)| session.over.is_none());
        let keys: Vec<Key> = open.map(|(key, _)| key.clone()).collect();
        for key in keys {
            drop(self.tell(&key, Event::Abort));
        }
        self.notified.clear();
    }

    /// Makes sure that there is a machine for a message that opens a session.
    fn begin(&mut self, key: &Key, request: &Request) -> Result<(), u16> {
        match self.sessions.get(key) {
            // A device that has lost its memory, or counts SessionIDs round. Or somebody who says that he is that device:
            // a server that has to fear him keeps the old machine until the new one asks for its first decision.
            Some(session) if session.machine.is_begun_anew_by(request) => drop(self.sessions.remove(key)),
            Some(_) => return Ok(()),
            None => {}
        }
        if self.sessions.len() >= MAX_SESSIONS {
            self.sessions.retain(|_, session| session.over.is_none());
        }
        let session = match self.notified.remove(&key.0) {
            Some(session) => session,
            None if self.sessions.len() >= MAX_SESSIONS => return Err(503),
            None => self.session(&key.0)?,
        };
        self.sessions.insert(key.clone(), session);
        Ok(())
    }

    fn session(&self, device: &str) -> Result<Session, u16> {
        let nonces = self.nonces.get(device).cloned().unwrap_or_default();
        let machine = Server::start(self.settings.config(&nonces), now()).map_err(|_| 500_u16)?;
        let mut number = 0;
        let mut order = |task| {
            number += 1;
            Order::new(number, task)
        };
        let rounds = self.plan.iter().cloned();
        let mut todo: Vec<Vec<Order>> = rounds.map(|round| round.into_iter().map(&mut order).collect()).collect();
        todo.reverse();
        Ok(Session { machine, todo, over: None })
    }

    /// Tells a machine something and does what it says, until it says no more.
    fn tell(&mut self, key: &Key, event: Event) -> Result<Yield, ErrorKind> {
        let Self { sessions, journal, nonces, .. } = self;
        let session = sessions.get_mut(key).ok_or(ErrorKind::NotFound)?;
        let device = || key.0.clone();
        let mut done = Yield::default();
        let mut next = Some(event);
        while let Some(event) = next.take() {
            if let Err(error) = session.machine.handle(now(), event) {
                journal(Note::Failed { device: device(), error });
                // The device must not wait for orders that do not come.
                let failed = session.machine.open_request().map(|id| session.machine.handle(now(), Event::Fail { id }));
                if !matches!(failed, Some(Ok(()))) {
                    return Err(error.kind());
                }
            }
            while let Some(action) = session.machine.poll_action() {
                match action {
                    Action::SendNotification(bytes) => {
                        journal(Note::Notified { device: device() });
                        done.notification = Some(bytes);
                    }
                    Action::NotificationUnanswered => journal(Note::Unanswered { device: device() }),
                    Action::Outcome(outcome) => journal(Note::Done { device: device(), outcome }),
                    Action::Decide { id, received } => {
                        let waiting = received.waiting;
                        note(received, journal);
                        // One round after the other: what did not fit into the last message goes first.
                        let orders = if waiting > 0 { Vec::new() } else { session.todo.pop().unwrap_or_default() };
                        journal(Note::Ordered { device: device(), orders: orders.clone() });
                        next = Some(Event::Orders { id, orders });
                    }
                    Action::Respond { response, .. } => done.response = Some(response),
                    Action::SaveNonce { party, nonce } if nonces.len() < MAX_DEVICES || nonces.contains_key(&key.0) => {
                        let kept = nonces.entry(device()).or_default();
                        match party {
                            Party::Server => kept.server = nonce,
                            Party::Client => kept.client = nonce,
                        }
                    }
                    // What a device says when there is nothing more to decide.
                    Action::LateAlerts(alerts) => {
                        alerts.into_iter().for_each(|alert| journal(Note::Alerted { device: device(), alert }));
                    }
                    Action::Closed(mut closed) => {
                        let alerts = std::mem::take(&mut closed.alerts);
                        alerts.into_iter().for_each(|alert| journal(Note::Alerted { device: device(), alert }));
                        session.over = Some(now());
                        journal(Note::Closed { device: device(), closed });
                    }
                    _ => {}
                }
            }
        }
        Ok(done)
    }
}

/// Writes down what a package said.
fn note(received: Received, journal: &mut dyn FnMut(Note)) {
    let device = received.device_id;
    if let Some(opening) = received.opening {
        journal(Note::Opened { device: device.clone(), opening });
    }
    for alert in received.alerts {
        journal(Note::Alerted { device: device.clone(), alert });
    }
}

fn is_message(body: &[u8]) -> bool {
    dm_syncml::utf8(body).is_ok_and(|text| Message::parse(&text).is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use dm_session::dm1::server::Reason;
    use dm_session::http::{CONTENT_TYPE, Method};
    use dm_session::tree::dm1::Command;
    use dm_syncml::media::DM_XML;

    use super::*;

    fn server() -> (Dm1Server, Receiver<Note>) {
        let settings = Settings {
            server_id: "dm.example".into(),
            endpoint: "http://127.0.0.1/dm".into(),
            scheme: Scheme::Md5,
            login: None,
            password: None,
            profile: Profile::Standard,
            max_msg_size: None,
        };
        let plan = vec![vec![Command::get("./DevDetail/FwV").into()], vec![Command::get("./DevDetail/SwV").into()]];
        let (sender, notes) = mpsc::channel();
        (Dm1Server::new(settings, plan, Box::new(move |note| drop(sender.send(note)))), notes)
    }

    fn message(device: &str, session_id: &str, msg_id: u32, body: &str) -> Request {
        let text = format!(
            "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
             <SessionID>{session_id}</SessionID><MsgID>{msg_id}</MsgID>\
             <Target><LocURI>http://127.0.0.1/dm</LocURI></Target><Source><LocURI>{device}</LocURI></Source></SyncHdr>\
             <SyncBody>{body}<Final/></SyncBody></SyncML>"
        );
        Request::new(Method::Post, "/dm").with_header(CONTENT_TYPE, DM_XML).with_body(text)
    }

    fn opening(device: &str, session_id: &str, model: &str) -> Request {
        let info = format!(
            "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/Mod\
             </LocURI></Source><Data>{model}</Data></Item></Replace>"
        );
        message(device, session_id, 1, &info)
    }

    /// Answers the Get of a message, which is its fourth command, with 404.
    fn answer(device: &str, session_id: &str, msg_id: u32, cmd_ref: u32) -> Request {
        let msg_ref = msg_id - 1;
        let statuses = [(1, 0, "SyncHdr", 200), (2, cmd_ref, "Get", 404)].map(|(id, cmd_ref, cmd, code)| {
            format!(
                "<Status><CmdID>{id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd>\
                 <Data>{code}</Data></Status>"
            )
        });
        message(device, session_id, msg_id, &statuses.concat())
    }

    fn text(response: &Response) -> String {
        String::from_utf8(response.body.clone()).unwrap()
    }

    #[test]
    fn messages_that_cannot_be_read_leave_nothing() {
        let (mut server, _notes) = server();
        for device in 0..2 * MAX_SESSIONS {
            let mut half = opening(&format!("IMEI:{device}"), "1", "A");
            half.body.truncate(half.body.len() / 2 + 100);
            let response = server.answer(half);
            assert!(response.status == 400 || text(&response).contains("<Data>400</Data>"), "{}", text(&response));
        }
        assert!(server.sessions.is_empty());
        let response = server.answer(opening("IMEI:1", "1", "A"));
        assert!(text(&response).contains("./DevDetail/FwV"), "{}", text(&response));
        // Nor do they put an end to what there is.
        let mut half = opening("IMEI:1", "1", "B");
        half.body.truncate(half.body.len() / 2 + 100);
        server.answer(half);
        let response = server.answer(answer("IMEI:1", "1", 2, 4));
        assert!(text(&response).contains("./DevDetail/SwV"), "{}", text(&response));
    }

    #[test]
    fn sessions_are_bounded() {
        let (mut server, _notes) = server();
        for device in 0..MAX_SESSIONS {
            assert_eq!(server.answer(opening(&format!("IMEI:{device}"), "1", "A")).status, 200);
        }
        assert_eq!(server.answer(opening("IMEI:one-more", "1", "A")).status, 503);
        // One that is over makes room, even while it could still answer what comes late.
        for (msg_id, cmd_ref) in [(2, 4), (3, 2)] {
            assert_eq!(server.answer(answer("IMEI:5", "1", msg_id, cmd_ref)).status, 200);
        }
        assert_eq!(server.answer(opening("IMEI:one-more", "1", "A")).status, 200);
        assert!(server.sessions.len() <= MAX_SESSIONS);
    }

    #[test]
    fn rounds_come_one_after_the_other() {
        let (mut server, notes) = server();
        let first = text(&server.answer(opening("IMEI:1", "A7", "Lamp")));
        assert!(first.contains("./DevDetail/FwV") && !first.contains("./DevDetail/SwV"), "{first}");
        let second = text(&server.answer(answer("IMEI:1", "A7", 2, 4)));
        assert!(second.contains("./DevDetail/SwV"), "{second}");
        let third = text(&server.answer(answer("IMEI:1", "A7", 3, 2)));
        assert!(!third.contains("<Get>"), "{third}");
        let notes: Vec<Note> = notes.try_iter().collect();
        let opened = |note: &Note| matches!(note, Note::Opened { opening, .. } if opening.value("Mod") == Some("Lamp"));
        assert!(notes.iter().any(opened), "{notes:?}");
        let done = notes.iter().filter(|note| {
            matches!(note, Note::Done { outcome, .. } if outcome.result.status().is_some_and(|it| it.code() == 404))
        });
        assert_eq!(done.count(), 2, "{notes:?}");
        let ended = |note: &Note| matches!(note, Note::Closed { closed, .. } if closed.reason == Reason::Ended);
        assert!(notes.iter().any(ended), "{notes:?}");
    }

    #[test]
    fn the_same_message_has_the_same_answer() {
        let (mut server, notes) = server();
        for request in [opening("IMEI:1", "1", "A"), answer("IMEI:1", "1", 2, 4), answer("IMEI:1", "1", 3, 2)] {
            let first = server.answer(request.clone());
            assert_eq!(server.answer(request), first);
        }
        let done = notes.try_iter().filter(|note| matches!(note, Note::Done { .. })).count();
        assert_eq!(done, 2, "nothing happens twice");
        // A device that begins anew with the same SessionID gets its orders.
        let again = text(&server.answer(opening("IMEI:1", "1", "B")));
        assert!(again.contains("./DevDetail/FwV"), "{again}");
    }

    #[test]
    fn what_a_device_says_last_is_heard() {
        let (mut server, notes) = server();
        server.answer(opening("IMEI:1", "1", "A"));
        server.answer(answer("IMEI:1", "1", 2, 4));
        server.answer(answer("IMEI:1", "1", 3, 2));
        let alert = "<Status><CmdID>1</CmdID><MsgRef>3</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data>\
                     </Status><Alert><CmdID>2</CmdID><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">x.late</Type>\
                     <Format xmlns=\"syncml:metinf\">chr</Format></Meta><Data>1</Data></Item></Alert>";
        let late = server.answer(message("IMEI:1", "1", 4, alert));
        assert!(late.status == 200 && text(&late).contains("<Cmd>Alert</Cmd>"), "{}", text(&late));
        let heard = notes.try_iter().any(|note| {
            matches!(note, Note::Alerted { alert, .. } if alert.items.iter().any(|item| item.alert_type() == "x.late"))
        });
        assert!(heard);
    }

    #[test]
    fn sessions_and_devices_do_not_meet() {
        let (mut server, notes) = server();
        for (device, session_id) in [("IMEI:1", "1"), ("IMEI:1", "2"), ("IMEI:2", "1")] {
            assert_eq!(server.answer(opening(device, session_id, "A")).status, 200);
        }
        let stray = server.answer(answer("IMEI:3", "1", 2, 4));
        assert!(stray.status == 200 && text(&stray).contains("<Data>400</Data>"), "{}", text(&stray));
        for (device, session_id) in [("IMEI:2", "1"), ("IMEI:1", "1"), ("IMEI:1", "2")] {
            let second = text(&server.answer(answer(device, session_id, 2, 4)));
            assert!(second.contains("./DevDetail/SwV"), "{second}");
        }
        let refused = notes.try_iter().filter(|note| matches!(note, Note::Refused { .. })).count();
        assert_eq!(refused, 1);
    }
}
