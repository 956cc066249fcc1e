//! A server of DM 1.2: **the loop that carries server machines**, one for each session.
//!
//! As with DM 2.0 the host's part is small: find the machine for a message, tell it, and do what it says. What it has to
//! keep between sessions are the nonces of each device. A fleet would keep a `Snapshot` of each session, and the
//! nonces, where all its nodes find them.

use std::collections::HashMap;
use std::time::Duration;

use dm_notification::dm1::{Initiator as NotificationInitiator, Notification, UiMode};
use dm_session::dm1::server::{Action, Closed, Event, Opening, Received, RequestId, route, unknown_session};
use dm_session::dm1::windows::WindowsRequest;
use dm_session::dm1::{
    ClientAlert, Credentials, Demand, Identity, Order, Outcome, Party, Profile, Scheme, Server, ServerConfig,
};
use dm_session::http::{Request, Response};
use dm_session::{ErrorKind, Random, Timestamp};
use dm_syncml::{Command, Message, Nonce, StatusCode};

use super::orders::Plan;
use crate::clock::now;
use crate::input::{NamedPassword, Password};
use crate::random;

/// Sessions at once, at most, those included that are over or only begun.
const MAX_SESSIONS: usize = 1024;
/// Devices whose nonces are kept, at most.
const MAX_DEVICES: usize = 4096;
/// How long a session may take to come after its notification.
const NOTICE_TIME: Duration = Duration::from_secs(60);
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
    /// A request was refused: by HTTP, or because it is of no session that there is.
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
            .with_max_msg_size(self.max_msg_size)
            // Nobody here sends a notification again.
            .with_resend(NOTICE_TIME, 1);
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
    sessions: HashMap<Key, Session>,
    /// By device, with the number of the request that brought the last change.
    nonces: HashMap<String, (u64, Nonces)>,
    next_request: u64,
    random: Source,
    journal: Box<dyn FnMut(Note) + Send>,
}

/// What sessions are found by: a device may have several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    device: String,
    session_id: String,
    /// One that begins anew while another one runs. Anybody can say that he is the device, so it takes the place of the
    /// other when it has accepted a message.
    anew: bool,
}

impl Key {
    fn new(device: impl Into<String>, session_id: impl Into<String>) -> Self {
        Self { device: device.into(), session_id: session_id.into(), anew: false }
    }

    fn anew(&self) -> Self {
        Self { anew: true, ..self.clone() }
    }
}

/// A session with a device.
struct Session {
    machine: Server,
    /// What the device is still to be told, the next round last.
    todo: Vec<Vec<Order>>,
    since: Timestamp,
    /// Whether a message was accepted: where there are credentials, they were right.
    accepted: bool,
    /// Since when it is over.
    over: Option<Timestamp>,
}

impl Session {
    fn is_begun_anew_by(&self, request: &Request) -> bool {
        self.machine.is_begun_anew_by(request)
    }
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
            nonces: HashMap::new(),
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
        self.nonces.insert(device.into(), (0, nonces));
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
                (Key::new(route.device_id, route.session_id), begins)
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
            (self.journal)(Note::Windows { device: key.device.clone(), version, mode });
        }
        if begins && let Err(status) = self.begin(&key, &request) {
            (self.journal)(Note::Refused { device: Some(key.device), status });
            return Response::new(status);
        }
        if let Some(response) = self.answer_anew(&key, &request, begins) {
            return response;
        }
        if !self.sessions.contains_key(&key) {
            (self.journal)(Note::Refused { device: Some(key.device), status: 400 });
            return unknown_session(&request, &self.settings.config(&Nonces::default()));
        }
        self.ask(&key, request)
    }

    /// The answer of the machine that begins a session anew, if the message is for it.
    fn answer_anew(&mut self, key: &Key, request: &Request, begins: bool) -> Option<Response> {
        let anew = key.anew();
        if !self.sessions.contains_key(&anew) {
            return None;
        }
        let running = self.sessions.get(key).filter(|session| session.over.is_none());
        if begins && running.is_some_and(|session| !session.is_begun_anew_by(request)) {
            // The first message of the running session, once more.
            return None;
        }
        let is_for_it = begins || running.is_none();
        let response = self.ask(&anew, request.clone());
        if self.sessions.get(&anew).is_some_and(|session| session.accepted) {
            // It is the device: the old session is of no use to it.
            let session = self.sessions.remove(&anew)?;
            self.sessions.insert(key.clone(), session);
            return Some(response);
        }
        // What proves nothing to the new one may be for the old one.
        is_for_it.then_some(response)
    }

    /// Gives a request to a machine.
    fn ask(&mut self, key: &Key, request: Request) -> Response {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let event = Event::Request { id, request, random: Random::from((self.random)()) };
        let response = match self.tell(key, event) {
            Ok(done) => done.response.unwrap_or_else(|| Response::new(500)),
            Err(_) => Response::new(500),
        };
        if let Some(session) = self.sessions.get_mut(key)
            && !session.accepted
        {
            session.accepted = header_status(&response).is_some_and(StatusCode::is_success);
        }
        // Strangers could make any number of machines that never see a message.
        if self.sessions.get(key).is_some_and(|session| session.machine.is_idle()) {
            self.sessions.remove(key);
        }
        if response.status != 200 {
            (self.journal)(Note::Refused { device: Some(key.device.clone()), status: response.status });
        }
        response
    }

    /// Starts a session that the device is asked for, and gives the notification to send. It is sent once; a bearer that
    /// loses some wants the policy of `ServerConfig::with_resend`, and a host that sends what `tick` brings.
    pub(crate) fn notify(&mut self, device: &str) -> Option<Vec<u8>> {
        self.make_room().ok()?;
        // The machine draws the SessionID.
        let drawing = Key::new(device, "");
        self.sessions.insert(drawing.clone(), self.session(device).ok()?);
        let event = Event::Notify {
            ui_mode: UiMode::Background,
            initiator: NotificationInitiator::Server,
            random: Random::from((self.random)()),
        };
        let notification = self.tell(&drawing, event).ok().and_then(|done| done.notification);
        let session = self.sessions.remove(&drawing)?;
        let notification = notification?;
        let session_id = Notification::parse(&notification).ok()?.session_id()?;
        self.sessions.insert(Key::new(device, session_id.to_string()), session);
        Some(notification)
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
        self.sessions
            .retain(|_, session| !session.machine.is_idle() && session.over.is_none_or(|over| over.after(LATE) > time));
    }

    /// Ends all sessions: the server goes down.
    pub(crate) fn abort(&mut self) {
        let open = self.sessions.iter().filter(|(_, session)| session.over.is_none());
        let keys: Vec<Key> = open.map(|(key, _)| key.clone()).collect();
        for key in keys {
            drop(self.tell(&key, Event::Abort));
        }
    }

    /// Makes sure that there is a machine for a message that opens a session.
    fn begin(&mut self, key: &Key, request: &Request) -> Result<(), u16> {
        // A device that has lost its memory, or counts SessionIDs round. Or somebody who says that he is that device.
        let key = match self.sessions.get(key) {
            Some(session) if !session.is_begun_anew_by(request) => return Ok(()),
            Some(session) if session.over.is_none() => key.anew(),
            _ => key.clone(),
        };
        match self.sessions.get(&key) {
            Some(session) if !session.is_begun_anew_by(request) => return Ok(()),
            Some(_) => {}
            None => self.make_room()?,
        }
        let session = self.session(&key.device)?;
        self.sessions.insert(key, session);
        Ok(())
    }

    /// Makes room for one more session: those give way that are over, and then the oldest of which nothing was accepted.
    fn make_room(&mut self) -> Result<(), u16> {
        if self.sessions.len() >= MAX_SESSIONS {
            self.sessions.retain(|_, session| session.over.is_none());
        }
        if self.sessions.len() >= MAX_SESSIONS {
            // One that was notified has had no message yet.
            let unproved = |session: &Session| !session.accepted && session.machine.session_id().is_some();
            let oldest = self.sessions.iter().filter(|(_, session)| unproved(session));
            let oldest = oldest.min_by_key(|(_, session)| session.since).map(|(key, _)| key.clone());
            self.sessions.remove(&oldest.ok_or(503_u16)?);
        }
        Ok(())
    }

    fn session(&self, device: &str) -> Result<Session, u16> {
        let nonces = self.nonces.get(device).map(|(_, nonces)| nonces.clone()).unwrap_or_default();
        let machine = Server::start(self.settings.config(&nonces), now()).map_err(|_| 500_u16)?;
        let mut number = 0;
        let mut order = |task| {
            number += 1;
            Order::new(number, task)
        };
        let rounds = self.plan.iter().cloned();
        let mut todo: Vec<Vec<Order>> = rounds.map(|round| round.into_iter().map(&mut order).collect()).collect();
        todo.reverse();
        Ok(Session { machine, todo, since: now(), accepted: false, over: None })
    }

    /// Tells a machine something and does what it says, until it says no more.
    fn tell(&mut self, key: &Key, event: Event) -> Result<Yield, ErrorKind> {
        let Self { sessions, journal, nonces, next_request, .. } = self;
        let session = sessions.get_mut(key).ok_or(ErrorKind::NotFound)?;
        let device = || key.device.clone();
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
                    Action::SaveNonce { party, nonce } => {
                        if nonces.len() >= MAX_DEVICES && !nonces.contains_key(&key.device) {
                            // A device whose nonces are gone is challenged once more.
                            let oldest = nonces.iter().min_by_key(|(_, (changed, _))| *changed);
                            let oldest = oldest.map(|(device, _)| device.clone());
                            oldest.map(|device| nonces.remove(&device));
                        }
                        let (changed, kept) = nonces.entry(device()).or_default();
                        *changed = *next_request;
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

/// What an answer says to the header of the message.
pub(crate) fn header_status(response: &Response) -> Option<StatusCode> {
    let text = dm_syncml::utf8(&response.body).ok()?;
    let message = Message::parse(&text).ok()?;
    message.commands.iter().find_map(|command| match command {
        Command::Status(status) if status.is_for_header() => status.code(),
        _ => None,
    })
}

fn is_message(body: &[u8]) -> bool {
    dm_syncml::utf8(body).is_ok_and(|text| Message::parse(&text).is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use dm_session::dm1::server::Reason;
    use dm_session::http::{CONTENT_TYPE, Method};
    use dm_session::tree::dm1::Command as TreeCommand;
    use dm_syncml::media::DM_XML;
    use dm_syncml::{CredentialHash, Secret};

    use super::*;

    fn server() -> (Dm1Server, Receiver<Note>) {
        server_for(None)
    }

    fn server_for(login: Option<&str>) -> (Dm1Server, Receiver<Note>) {
        let settings = Settings {
            server_id: "dm.example".into(),
            endpoint: "http://127.0.0.1/dm".into(),
            scheme: Scheme::Md5,
            login: login.map(|login| login.parse().unwrap()),
            password: None,
            profile: Profile::Standard,
            max_msg_size: None,
        };
        let plan = ["./DevDetail/FwV", "./DevDetail/SwV"].map(|uri| vec![TreeCommand::get(uri).into()]).into();
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

    /// A first message again, as the second, with credentials by the nonce that the challenge brought.
    fn with_cred(mut request: Request, challenge: &Response) -> Request {
        let message = Message::parse(&challenge.body).unwrap();
        let Command::Status(status) = &message.commands[0] else { panic!("{}", text(challenge)) };
        let nonce = status.chal.as_ref().unwrap().nonce().unwrap().unwrap();
        let digest = CredentialHash::of("lamp", &Secret::new("word")).md5(&nonce);
        let cred = format!(
            "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
             </Meta><Data>{digest}</Data></Cred></SyncHdr>"
        );
        request.body = text_of(&request.body).replace("</SyncHdr>", &cred).replace("MsgID>1<", "MsgID>2<").into();
        request
    }

    fn code(response: &Response) -> u32 {
        header_status(response).unwrap_or_else(|| panic!("{}", text(response))).code()
    }

    fn text(response: &Response) -> String {
        text_of(&response.body)
    }

    fn text_of(body: &[u8]) -> String {
        String::from_utf8(body.to_vec()).unwrap()
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
    fn who_was_only_challenged_gives_way() {
        let (mut server, _notes) = server_for(Some("lamp:word"));
        let challenge = server.answer(opening("IMEI:lamp", "1", "A"));
        assert_eq!(code(&server.answer(with_cred(opening("IMEI:lamp", "1", "A"), &challenge))), 212);
        for stranger in 0..2 * MAX_SESSIONS {
            assert_eq!(code(&server.answer(opening(&format!("IMEI:{stranger}"), "1", "A"))), 407);
        }
        assert_eq!(server.sessions.len(), MAX_SESSIONS);
        let second = text(&server.answer(answer("IMEI:lamp", "1", 3, 4)));
        assert!(second.contains("./DevDetail/SwV"), "{second}");
    }

    #[test]
    fn the_oldest_nonces_are_forgotten() {
        let (mut server, _notes) = server_for(Some("lamp:word"));
        for device in 0..=MAX_DEVICES {
            let device = format!("IMEI:{device}");
            let challenge = server.answer(opening(&device, "1", "A"));
            server.answer(with_cred(opening(&device, "1", "A"), &challenge));
            assert!(server.nonces.contains_key(&device), "{device}");
            server.sessions.clear();
        }
        assert_eq!(server.nonces.len(), MAX_DEVICES);
        assert!(!server.nonces.contains_key("IMEI:0") && server.nonces.contains_key("IMEI:1"));
    }

    #[test]
    fn strangers_do_not_take_the_place_of_a_session() {
        let (mut server, _notes) = server_for(Some("lamp:word"));
        let stranger = |server: &mut Dm1Server, model| {
            assert_eq!(code(&server.answer(opening("IMEI:1", "1", model))), 407);
        };
        let challenge = server.answer(opening("IMEI:1", "1", "A"));
        assert_eq!(code(&challenge), 407);
        stranger(&mut server, "B");
        let opened = with_cred(opening("IMEI:1", "1", "A"), &challenge);
        let first = server.answer(opened.clone());
        assert!(code(&first) == 212 && text(&first).contains("./DevDetail/FwV"), "{}", text(&first));
        stranger(&mut server, "C");
        assert_eq!(server.answer(opened), first, "the same once more");
        assert_eq!(server.answer(opening("IMEI:1", "1", "A")).status, 200, "the first once more");
        let second = server.answer(answer("IMEI:1", "1", 3, 4));
        assert!(text(&second).contains("./DevDetail/SwV"), "{}", text(&second));

        // The device itself: it is challenged as ever, and has its orders from the beginning.
        let challenge = server.answer(opening("IMEI:1", "1", "D"));
        assert_eq!(code(&challenge), 407);
        let anew = server.answer(with_cred(opening("IMEI:1", "1", "D"), &challenge));
        assert!(code(&anew) == 212 && text(&anew).contains("./DevDetail/FwV"), "{}", text(&anew));
        let second = server.answer(answer("IMEI:1", "1", 3, 4));
        assert!(text(&second).contains("./DevDetail/SwV"), "{}", text(&second));
        assert_eq!(server.sessions.len(), 1);
    }

    #[test]
    fn a_notification_waits_for_its_session() {
        let (mut server, notes) = server_for(Some("lamp:word"));
        let notification = server.notify("IMEI:1").unwrap();
        let session_id = Notification::parse(&notification).unwrap().session_id().unwrap().to_string();
        // A session of the device's own has another machine.
        let own = if session_id == "1" { "2" } else { "1" };
        assert_eq!(code(&server.answer(opening("IMEI:1", own, "A"))), 407);
        let mut first = opening("IMEI:1", &session_id, "A");
        first.body = text_of(&first.body).replace("<Data>1201", "<Data>1200").into();
        let challenge = server.answer(first.clone());
        assert_eq!(code(&challenge), 407);
        assert_eq!(code(&server.answer(with_cred(first, &challenge))), 212);
        let notified = |note: Note| matches!(note, Note::Opened { opening, .. } if opening.notified);
        assert!(notes.try_iter().any(notified));
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
