//! A DM server: **the loop that carries server machines**, one for each device.
//!
//! The host's part is small: find the machine for a request, tell it, and do what it says. Everything
//! happens at once and in memory, so one lock around [`DmServer`] serves any number of devices. A fleet
//! would keep a `Snapshot` of each session where all its nodes find it.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use dm_notification::ConType;
use dm_package::{Alert, Command, MosItem};
use dm_session::ErrorKind;
use dm_session::dm2::server::{
    Action, Closed, Completed, Content, Event, Initiator, Outstanding, Random, Received, RequestId, Results, Route,
    route, unknown_session,
};
use dm_session::dm2::{Server, ServerConfig};
use dm_session::http::{Request, Response};

use crate::clock::now;
use crate::random;

/// Devices with a session at once, at most.
const MAX_SESSIONS: usize = 1024;
/// Devices whose EXECs are still to be reported, at most.
const MAX_OUTSTANDING: usize = 4096;

/// The packages of a session, one for each round.
pub(crate) type Plan = Vec<Vec<Command<'static>>>;

/// What happened, for whoever keeps a journal.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// A notification is on its way.
    Notified { device: String },
    /// Package#1 came.
    Opened { device: String, start: Option<Initiator>, notified: bool, mos: Option<Vec<MosItem<'static>>> },
    /// Package#3 came.
    Answered { device: String, results: Results },
    /// One of these packages brought an alert.
    Alerted { device: String, alert: Alert<'static> },
    /// An alert was the result of an EXEC.
    Completed { device: String, completed: Completed },
    /// Package#2 goes out.
    Commanded { device: String, commands: Vec<Command<'static>> },
    /// A request was answered without a package.
    Refused { device: Option<String>, status: u16 },
    /// The session is over.
    Closed { device: String, closed: Closed },
    /// CONT leads to another server. Nobody here can bring the session there.
    Left { device: String, server_uri: String },
    /// The machine refused what the host told it.
    Failed { device: String, error: dm_session::Error },
}

/// The DM endpoint.
pub(crate) struct DmServer {
    config: ServerConfig,
    plan: Plan,
    sessions: HashMap<String, Session>,
    /// EXECs whose result is still to come, by device.
    outstanding: BTreeMap<String, Vec<Outstanding>>,
    next_request: u64,
    journal: Box<dyn FnMut(Note) + Send>,
}

/// A session with a device.
struct Session {
    machine: Server,
    /// What it is still to be told, the next package last.
    todo: Plan,
}

/// What comes of a request or an event at once.
#[derive(Default)]
struct Yield {
    response: Option<Response>,
    notification: Option<Vec<u8>>,
}

impl DmServer {
    pub(crate) fn new(config: ServerConfig, plan: Plan, journal: Box<dyn FnMut(Note) + Send>) -> Self {
        Self { config, plan, sessions: HashMap::new(), outstanding: BTreeMap::new(), next_request: 0, journal }
    }

    /// Answers one HTTP request of a device.
    pub(crate) fn answer(&mut self, request: Request) -> Response {
        let routed = route(&request, &self.config).map(|route| match route {
            // A session that reports the result of an EXEC comes to the ServerURI that the EXEC named: a
            // path below the endpoint. There is nothing to say in it.
            Route::Initiation { device_id } => (device_id.to_owned(), Some(self.is_endpoint(&request))),
            // The machine itself looks whether the token is right.
            Route::Response { device_id, .. } => (device_id.to_owned(), None),
        });
        let (device, begins) = match routed {
            Ok(routed) => routed,
            Err(response) => {
                (self.journal)(Note::Refused { device: None, status: response.status });
                return response;
            }
        };
        if let Some(with_plan) = begins
            && let Err(status) = self.begin(&device, with_plan)
        {
            (self.journal)(Note::Refused { device: Some(device), status });
            return Response::new(status);
        }
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let event = Event::Request { id, request, random: Random::from(random::bytes()) };
        let response = match self.tell(&device, event) {
            Ok(done) => done.response.unwrap_or_else(|| Response::new(500)),
            Err(ErrorKind::NotFound) => unknown_session(),
            Err(_) => Response::new(500),
        };
        if response.status != 200 {
            self.forget_unopened(&device);
            (self.journal)(Note::Refused { device: Some(device), status: response.status });
        }
        response
    }

    /// Starts a session that the device is asked for, and gives the notification to send.
    pub(crate) fn notify(&mut self, device: &str, con_type: ConType, req_mos: bool) -> Option<Vec<u8>> {
        self.begin(device, true).ok()?;
        let event = Event::Notify { con_type, req_mos, random: Random::from(random::bytes()) };
        self.tell(device, event).ok()?.notification
    }

    /// Lets time pass. What is over is forgotten.
    pub(crate) fn tick(&mut self) {
        let time = now();
        let due = |session: &Session| session.machine.poll_timeout().is_some_and(|due| due <= time);
        let devices: Vec<String> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(device, _)| device.clone()).collect();
        for device in devices {
            drop(self.tell(&device, Event::Tick));
        }
    }

    /// Ends all sessions: the server goes down.
    pub(crate) fn abort(&mut self) {
        let devices: Vec<String> = self.sessions.keys().cloned().collect();
        for device in devices {
            drop(self.tell(&device, Event::Abort));
        }
    }

    /// Makes sure that there is a machine for a device that opens a session.
    fn begin(&mut self, device: &str, with_plan: bool) -> Result<(), u16> {
        let todo: Plan = if with_plan { self.plan.iter().rev().cloned().collect() } else { Vec::new() };
        match self.sessions.get_mut(device) {
            // One that was notified, or one that the device gives up by opening another.
            Some(session) => session.todo = todo,
            None => {
                if self.sessions.len() >= MAX_SESSIONS {
                    return Err(503);
                }
                let outstanding = self.outstanding.remove(device).unwrap_or_default();
                let machine = Server::start(self.config.clone(), outstanding, now()).map_err(|_| 500_u16)?;
                self.sessions.insert(device.to_owned(), Session { machine, todo });
            }
        }
        Ok(())
    }

    /// Forgets a machine whose Package#1 was refused: strangers could make any number of them. The abort
    /// gives back what the device still has to report.
    fn forget_unopened(&mut self, device: &str) {
        if self.sessions.get(device).is_some_and(|session| session.machine.is_idle()) {
            drop(self.tell(device, Event::Abort));
        }
    }

    /// Tells a device's machine something and does what it says, until it says no more.
    fn tell(&mut self, device: &str, event: Event) -> Result<Yield, ErrorKind> {
        let Self { sessions, journal, outstanding, .. } = self;
        let session = sessions.get_mut(device).ok_or(ErrorKind::NotFound)?;
        let mut done = Yield::default();
        let mut next = Some(event);
        while let Some(event) = next.take() {
            if let Err(error) = session.machine.handle(now(), event) {
                journal(Note::Failed { device: device.into(), error });
                // Commands that cannot be sent: the device must not wait for them.
                let failed = session.machine.open_request().map(|id| session.machine.handle(now(), Event::Fail { id }));
                if !matches!(failed, Some(Ok(()))) {
                    return Err(error.kind());
                }
            }
            while let Some(action) = session.machine.poll_action() {
                match action {
                    Action::SendNotification(bytes) => {
                        journal(Note::Notified { device: device.into() });
                        done.notification = Some(bytes);
                    }
                    Action::Decide { id, received } => {
                        note(received, journal);
                        let commands = session.todo.pop().unwrap_or_else(|| vec![Command::End]);
                        journal(Note::Commanded { device: device.into(), commands: commands.clone() });
                        next = Some(Event::Commands { id, commands });
                    }
                    Action::Respond { response, .. } => done.response = Some(response),
                    Action::HandOver { server_uri, .. } => {
                        journal(Note::Left { device: device.into(), server_uri });
                    }
                    Action::Closed(mut closed) => {
                        let left = mem::take(&mut closed.outstanding);
                        if !left.is_empty() && outstanding.len() < MAX_OUTSTANDING {
                            outstanding.insert(device.into(), left);
                        }
                        journal(Note::Closed { device: device.into(), closed });
                    }
                    // What became of abandoned commands is unknown; nothing can be done about it here.
                    _ => {}
                }
            }
        }
        // Nothing comes after the end; a late Package#3 belongs to no session.
        if session.machine.is_closed() {
            sessions.remove(device);
        }
        Ok(done)
    }

    fn is_endpoint(&self, request: &Request) -> bool {
        let path = request.uri.split('?').next().unwrap_or_default();
        self.config.endpoint.ends_with(path.trim_end_matches('/'))
    }
}

/// Writes down what a package said.
fn note(received: Received, journal: &mut dyn FnMut(Note)) {
    let device = received.device_id;
    match received.content {
        Content::Initiation { start, notified, mos } => {
            journal(Note::Opened { device: device.clone(), start, notified, mos });
        }
        Content::Results(results) => journal(Note::Answered { device: device.clone(), results }),
        _ => {}
    }
    for completed in received.completed {
        journal(Note::Completed { device: device.clone(), completed });
    }
    for alert in received.alerts {
        journal(Note::Alerted { device: device.clone(), alert });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use dm_package::media;
    use dm_session::http::{CONTENT_TYPE, COOKIE, Method, OMADM_DEV_ID, SET_COOKIE};

    use super::*;

    const START: &str = r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}]}"#;

    fn server(plan: Plan) -> (DmServer, Receiver<Note>) {
        let (sender, notes) = mpsc::channel();
        let config = ServerConfig::new("dm.example", "http://127.0.0.1/dm");
        (DmServer::new(config, plan, Box::new(move |note| drop(sender.send(note)))), notes)
    }

    fn post(path: &str, kind: &str, device: &str, body: &str) -> Request {
        Request::new(Method::Post, path)
            .with_header(CONTENT_TYPE, kind)
            .with_header(OMADM_DEV_ID, device)
            .with_body(body)
    }

    /// The cookie of a response, as a device gives it back.
    fn cookie(response: &Response) -> String {
        response.headers.get(SET_COOKIE).unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn packages_that_cannot_be_read_leave_nothing() {
        let (mut server, _notes) = server(Vec::new());
        for device in 0..2 * MAX_SESSIONS {
            let response = server.answer(post("/dm", media::INITIATION, &format!("IMEI:{device}"), "{"));
            assert_eq!(response.status, 400);
        }
        assert!(server.sessions.is_empty());
        assert_eq!(server.answer(post("/dm", media::INITIATION, "IMEI:1", START)).status, 200);
    }

    #[test]
    fn sessions_are_bounded() {
        let plan = vec![vec![Command::get("urn:x:y//").unwrap()]];
        let (mut server, _notes) = server(plan);
        for device in 0..MAX_SESSIONS {
            let response = server.answer(post("/dm", media::INITIATION, &format!("IMEI:{device}"), START));
            assert_eq!(response.status, 200);
        }
        assert_eq!(server.answer(post("/dm", media::INITIATION, "IMEI:one-more", START)).status, 503);
        server.abort();
        assert!(server.sessions.is_empty());
    }

    #[test]
    fn devices_do_not_meet() {
        let plan = vec![vec![Command::get("urn:x:y//").unwrap()]];
        let (mut server, _notes) = server(plan);
        let start =
            |server: &mut DmServer, device| cookie(&server.answer(post("/dm", media::INITIATION, device, START)));
        let (one, two) = (start(&mut server, "IMEI:1"), start(&mut server, "IMEI:2"));
        assert_ne!(one, two);
        let answer = |server: &mut DmServer, device, cookie: &str| {
            let request =
                post("/dm", media::RESPONSE, device, r#"{"Status":[{"sc":200}]}"#).with_header(COOKIE, cookie);
            server.answer(request).status
        };
        assert_eq!(answer(&mut server, "IMEI:1", &two), 403);
        assert_eq!(answer(&mut server, "IMEI:3", &one), 403);
        assert_eq!(answer(&mut server, "IMEI:1", &one), 200);
        assert_eq!(answer(&mut server, "IMEI:1", &one), 403, "that session is over");
        assert_eq!(answer(&mut server, "IMEI:2", &two), 200);
        assert!(server.sessions.is_empty());
    }

    #[test]
    fn the_result_of_an_exec_comes_in_a_later_session() {
        let exec = Command::exec_reporting_to("urn:x:y//Run", "http://127.0.0.1/dm/results").unwrap();
        let (mut server, notes) = server(vec![vec![exec]]);
        let token = cookie(&server.answer(post("/dm", media::INITIATION, "IMEI:1", START)));
        let accepted = post("/dm", media::RESPONSE, "IMEI:1", r#"{"Status":[{"sc":202}]}"#).with_header(COOKIE, token);
        assert_eq!(server.answer(accepted).status, 200);
        let report = r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"},{"AlertType":"urn:oma:at:dm:2.0:ExecResult",
            "SourceURI":"urn:x:y/1/Run","DataType":"application/json","Data":{"sc":200}}]}"#;
        let response = server.answer(post("/dm/results", media::INITIATION, "IMEI:1", report));
        assert_eq!((response.status, response.body.as_slice()), (200, &br#"{"CMD":[["END"]]}"#[..]));
        let completed = notes.try_iter().find_map(|note| match note {
            Note::Completed { completed, .. } => Some(completed),
            _ => None,
        });
        let completed = completed.unwrap();
        assert_eq!(completed.status.map(|status| status.as_u16()), Some(200));
        assert_eq!(completed.execution.client_uri, "urn:x:y//Run");
        assert!(server.outstanding.is_empty() && server.sessions.is_empty());
    }
}
