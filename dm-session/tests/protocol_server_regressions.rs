//! What the server machine of DM 1.2 once did wrong: what strangers can do to a session, and what a device can make it
//! keep.
#![cfg(all(feature = "dm1", feature = "serde"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use dm_notification::dm1::{Initiator as NotificationInitiator, UiMode};
use dm_session::dm1::server::{Action, Event, Reason, RequestId};
use dm_session::dm1::{
    Credentials, Demand, Fate, Identity, Limits, Order, Outcome, Party, Scheme, Server, ServerConfig,
};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::Command;
use dm_session::{Random, Secret, Timestamp};
use dm_syncml::{Chal, CredentialHash, HmacHeader, Message, Nonce, StatusCode};

const PACKAGE_1: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source>\
    <LocURI>./DevInfo/Man</LocURI></Source><Data>Example</Data></Item></Replace>";

/// What the device answers to a Get, with the Status of a challenge before it.
const NOT_FOUND: &str = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data>\
    </Status><Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Get</Cmd><Data>404</Data></Status>";

const MORE: &str = "<Alert><CmdID>9</CmdID><Data>1222</Data></Alert>";

/// A message of the device in XML.
fn of_session(session: &str, msg_id: u32, header: &str, body: &str, is_final: bool) -> String {
    let end = if is_final { "<Final/>" } else { "" };
    format!(
        "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>{session}</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>https://dm.example/</LocURI></Target>\
         <Source><LocURI>IMEI:1</LocURI></Source>{header}</SyncHdr><SyncBody>{body}{end}</SyncBody></SyncML>"
    )
}

fn message(msg_id: u32, header: &str, body: &str, is_final: bool) -> String {
    of_session("1F", msg_id, header, body, is_final)
}

fn start(config: ServerConfig) -> Server {
    Server::start(config, Timestamp::from_millis(0)).unwrap()
}

fn config() -> ServerConfig {
    ServerConfig::new("srv", "https://dm.example/")
}

fn actions(server: &mut Server) -> Vec<Action> {
    core::iter::from_fn(|| server.poll_action()).collect()
}

fn event(server: &mut Server, event: Event) -> Vec<Action> {
    server.handle(Timestamp::from_millis(0), event).unwrap();
    actions(server)
}

fn post_signed(server: &mut Server, id: u64, body: String, mac: Option<String>) -> Vec<Action> {
    let mut request = Request::new(Method::Post, "https://dm.example/")
        .with_header("Content-Type", "application/vnd.syncml.dm+xml")
        .with_body(body);
    if let Some(mac) = mac {
        request = request.with_header(HmacHeader::NAME, mac);
    }
    let random = Random::from([u8::try_from(id).unwrap(); 32]);
    event(server, Event::Request { id: RequestId(id), request, random })
}

fn post(server: &mut Server, id: u64, body: String) -> Vec<Action> {
    post_signed(server, id, body, None)
}

fn order(server: &mut Server, id: u64, orders: Vec<Order>) -> Vec<Action> {
    event(server, Event::Orders { id: RequestId(id), orders })
}

fn response(actions: &[Action]) -> &Response {
    let response = actions.iter().find_map(|action| match action {
        Action::Respond { response, .. } => Some(response),
        _ => None,
    });
    response.expect("an answer")
}

fn read(actions: &[Action]) -> Message<'static> {
    Message::parse(&response(actions).body).unwrap().into_owned()
}

/// The Status for the device's SyncHdr.
fn verdict(actions: &[Action]) -> (u32, Option<Chal<'static>>) {
    let message = read(actions);
    let dm_syncml::Command::Status(status) = &message.commands[0] else { panic!("no Status") };
    assert!(status.is_for_header());
    (status.code().unwrap().code(), status.chal.as_deref().cloned())
}

fn statuses(actions: &[Action]) -> Vec<u32> {
    let code = |command: &dm_syncml::Command<'_>| match command {
        dm_syncml::Command::Status(status) => Some(status.code().unwrap().code()),
        _ => None,
    };
    read(actions).commands.iter().filter_map(code).collect()
}

fn alerts(actions: &[Action]) -> Vec<u32> {
    let code = |command: &dm_syncml::Command<'_>| match command {
        dm_syncml::Command::Alert(alert) => Some(alert.code().unwrap().code()),
        _ => None,
    };
    read(actions).commands.iter().filter_map(code).collect()
}

fn nonce_of(actions: &[Action]) -> Nonce {
    verdict(actions).1.expect("a challenge").nonce().unwrap().expect("a nonce")
}

fn outcomes(actions: &[Action]) -> Vec<&Outcome> {
    let mut outcomes = Vec::new();
    for action in actions {
        if let Action::Outcome(outcome) = action {
            outcomes.push(&**outcome);
        }
    }
    outcomes
}

fn asks(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Decide { .. }))
}

fn size(server: &Server) -> usize {
    serde_json::to_string(&server.snapshot()).unwrap().len()
}

// --- strangers -------------------------------------------------------------------------------------------------------

/// A device that proves itself in each message.
struct Device {
    server: Server,
    config: ServerConfig,
    scheme: Scheme,
    hash: CredentialHash,
    nonce: Nonce,
    requests: u64,
}

impl Device {
    /// In a session in which a Get has been sent.
    fn waiting(scheme: Scheme) -> Self {
        let credentials = Credentials::new("dev", &Secret::new("pw"));
        let hash = credentials.hash();
        let config = config().with_demand(Demand::new(scheme, credentials).with_per_message());
        let server = start(config.clone());
        let mut device = Self { server, config, scheme, hash, nonce: Nonce::EMPTY, requests: 0 };
        device.say(1, PACKAGE_1);
        let actions = order(&mut device.server, 1, vec![Order::new(1, Command::get("./A"))]);
        assert_eq!(verdict(&actions).0, 200);
        device.nonce = nonce_of(&actions);
        device
    }

    /// With the credentials that are right by `nonce`.
    fn say(&mut self, msg_id: u32, body: &str) -> Vec<Action> {
        self.requests += 1;
        let cred = match self.scheme {
            Scheme::Mac => String::new(),
            _ => format!(
                "<Cred><Meta><Format xmlns='syncml:metinf'>b64</Format><Type xmlns='syncml:metinf'>syncml:auth-md5\
                 </Type></Meta><Data>{}</Data></Cred>",
                self.hash.md5(&self.nonce)
            ),
        };
        let text = message(msg_id, &cred, body, true);
        let mac = (self.scheme == Scheme::Mac)
            .then(|| HmacHeader::sign("dev", &self.hash, &self.nonce, text.as_bytes()).unwrap().to_value());
        post_signed(&mut self.server, self.requests, text, mac)
    }

    /// Somebody else, who knows what stands in headers.
    fn stranger(&mut self, text: String) -> Vec<Action> {
        self.requests += 1;
        let id = self.requests;
        let actions = post(&mut self.server, id, text);
        assert!(!self.server.is_closed(), "closed by a stranger");
        assert!(matches!(actions[..], [Action::Respond { .. }]), "{actions:?}");
        // Any node goes on.
        self.server = Server::restore(self.config.clone(), self.server.snapshot()).unwrap();
        actions
    }
}

const PER_MESSAGE: [Scheme; 2] = [Scheme::Md5, Scheme::Mac];

impl Device {
    /// The device has answered, and the application has nothing more to do.
    fn ends(&mut self, actions: &[Action], msg_id: u32) {
        assert!(asks(actions));
        assert_eq!(outcomes(actions)[0].result.fate, Fate::Answered(StatusCode::NOT_FOUND));
        let id = RequestId(self.requests);
        let actions = event(&mut self.server, Event::Orders { id, orders: Vec::new() });
        assert_eq!(verdict(&actions).0, 200);
        assert_eq!(read(&actions).header.msg_id.number(), Some(msg_id));
    }
}

#[test]
fn a_number_that_a_stranger_makes_up_ends_no_session() {
    for scheme in PER_MESSAGE {
        let mut device = Device::waiting(scheme);
        for msg_id in [77, 1, 6] {
            let actions = device.stranger(message(msg_id, "", "", true));
            assert_eq!(verdict(&actions).0, 400);
        }
        let actions = device.say(2, NOT_FOUND);
        device.ends(&actions, 2);
    }
}

#[test]
fn a_jump_of_the_device_itself_ends_its_session() {
    for scheme in PER_MESSAGE {
        let mut device = Device::waiting(scheme);
        let actions = device.say(3, NOT_FOUND);
        assert_eq!(verdict(&actions).0, 400);
        assert!(
            actions.iter().any(|it| matches!(it, Action::Closed(closed) if closed.reason == Reason::BadMessage)),
            "{actions:?}"
        );
    }
}

#[test]
fn a_stranger_takes_no_number_and_no_nonce() {
    for scheme in PER_MESSAGE {
        let mut device = Device::waiting(scheme);
        let meta = "<Meta><MaxMsgSize xmlns='syncml:metinf'>600</MaxMsgSize></Meta>";
        let abort = "<Alert><CmdID>1</CmdID><Data>1223</Data></Alert>";
        let bad = "<Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-basic</Type></Meta><Data>eDp5</Data></Cred>";
        for (msg_id, header, body) in [(2, "", ""), (2, meta, abort), (3, bad, PACKAGE_1), (4, "", ""), (2, "", abort)]
        {
            let before = device.server.poll_timeout();
            let actions = device.stranger(message(msg_id, header, body, true));
            let (code, chal) = verdict(&actions);
            assert!(matches!(code, 401 | 407) && chal.is_some());
            assert_eq!(device.server.poll_timeout(), before);
        }
        let actions = device.say(2, NOT_FOUND);
        device.ends(&actions, 2);
    }
}

#[test]
fn a_device_that_has_lost_its_nonce_says_it_again() {
    for scheme in PER_MESSAGE {
        for strangers in [false, true] {
            let mut device = Device::waiting(scheme);
            device.nonce = Nonce::new(b"lost").unwrap();
            let actions = device.say(2, NOT_FOUND);
            assert_eq!(verdict(&actions).0, 401);
            assert_eq!(read(&actions).header.msg_id.number(), Some(2));
            assert!(outcomes(&actions).is_empty() && !asks(&actions));
            // The network delivers it again.
            assert_eq!(response(&device.say(2, NOT_FOUND)), response(&actions));
            if strangers {
                device.stranger(message(2, "", "", true));
                device.stranger(message(3, "", "", true));
            }
            device.nonce = nonce_of(&actions);
            let actions = device.say(3, NOT_FOUND);
            device.ends(&actions, 3);
        }
    }
}

#[test]
fn a_challenge_counts_until_one_nonce_is_used() {
    let mut device = Device::waiting(Scheme::Mac);
    let issued = nonce_of(&device.stranger(message(2, "", "", true)));
    assert_eq!(nonce_of(&device.stranger(message(2, "", MORE, true))), issued, "the same for all");
    let actions = device.say(2, NOT_FOUND);
    device.ends(&actions, 2);
    device.nonce = issued;
    let actions = device.say(3, "");
    assert_eq!(verdict(&actions).0, 401);
}

#[test]
fn strangers_change_nothing_while_the_application_decides() {
    let mut device = Device::waiting(Scheme::Mac);
    let actions = device.say(2, NOT_FOUND);
    let decision = RequestId(device.requests);
    assert!(asks(&actions));
    for (msg_id, code) in [(3, None), (2, Some(400)), (50, Some(400))] {
        let actions = device.stranger(message(msg_id, "", MORE, true));
        match code {
            Some(code) => assert_eq!(verdict(&actions).0, code),
            None => assert_eq!(response(&actions).status, 503, "what it follows has no answer yet"),
        }
    }
    let actions =
        event(&mut device.server, Event::Orders { id: decision, orders: vec![Order::new(2, Command::get("./B"))] });
    assert_eq!(verdict(&actions).0, 200);
    assert_eq!(read(&actions).header.msg_id.number(), Some(2));
}

#[test]
fn a_notification_is_not_answered_by_strangers() {
    let notified = || {
        let demand = Demand::new(Scheme::Md5, Credentials::new("dev", &Secret::new("pw")));
        let mut server = start(config().with_demand(demand));
        let random = Random::from([9; 32]);
        let ui_mode = UiMode::NotSpecified;
        event(&mut server, Event::Notify { ui_mode, initiator: NotificationInitiator::Server, random });
        server
    };
    let mut server = notified();
    let before = server.poll_timeout();
    // No Package #1, and one of a session that nobody asked for.
    for (session, body) in [("1F", ""), ("909", ""), ("1F", PACKAGE_1)] {
        let actions = post(&mut server, 1, of_session(session, 1, "", body, true));
        assert_eq!(verdict(&actions).0, 400);
        assert!(!server.is_closed() && server.device_id().is_none());
        assert_eq!(server.poll_timeout(), before);
    }
    // The device itself, which has to show its credentials.
    let actions = post(&mut server, 2, of_session("909", 1, "", PACKAGE_1, true));
    assert_eq!(verdict(&actions).0, 407);
    assert_eq!(server.device_id(), Some("IMEI:1"));
}

#[test]
fn the_credentials_of_the_server_are_not_for_strangers() {
    let own = Credentials::new("srv", &Secret::new("server-pw"));
    let device = Credentials::new("dev", &Secret::new("pw"));
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let identity = Identity::new(own.clone()).with_weakest(Scheme::Basic).with_first(scheme);
        let known = config().with_identity(identity).with_demand(Demand::new(Scheme::Basic, device.clone()));
        let mut server = start(known);
        let actions = post(&mut server, 1, message(1, "", PACKAGE_1, true));
        let answer = read(&actions);
        assert_eq!(verdict(&actions).0, 407);
        assert!(answer.header.cred.is_none() && answer.header.source.name().is_none(), "{scheme:?}");
        assert!(response(&actions).headers.get(HmacHeader::NAME).is_none());
        // The device gets them with what it asked for.
        let cred = "<Cred><Meta><Format xmlns='syncml:metinf'>b64</Format><Type xmlns='syncml:metinf'>\
            syncml:auth-basic</Type></Meta><Data>ZGV2OnB3</Data></Cred>";
        post(&mut server, 2, message(2, cred, PACKAGE_1, true));
        let actions = order(&mut server, 2, Vec::new());
        assert_eq!(verdict(&actions).0, 212);
        let signed = response(&actions).headers.get(HmacHeader::NAME).is_some();
        assert_eq!((read(&actions).header.cred.is_some(), signed), (scheme != Scheme::Mac, scheme == Scheme::Mac));
        assert!(!actions.iter().any(|it| matches!(it, Action::SaveNonce { party: Party::Server, .. })));
    }
}

// --- what is kept ----------------------------------------------------------------------------------------------------

const MOST: usize = 10_000;

/// A server that keeps little, with a device that has 27 messages of 100 kB each to say.
fn flood(header: &str, orders: Vec<Order>, body: impl Fn(u32) -> String) -> (Server, Vec<Action>) {
    let mut server = start(config().with_limits(Limits::DEFAULT.with_max_reply_len(MOST)));
    post(&mut server, 1, message(1, header, PACKAGE_1, !orders.is_empty()));
    if !orders.is_empty() {
        order(&mut server, 1, orders);
    }
    let mut last = Vec::new();
    for msg_id in 2..30 {
        if server.is_closed() {
            break;
        }
        last = post(&mut server, msg_id.into(), message(msg_id, "", &body(msg_id), false));
    }
    (server, last)
}

fn long() -> String {
    "a".repeat(100_000)
}

fn element() -> String {
    let name = long();
    format!(
        "<Data><MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD><Node><NodeName>{name}</NodeName></Node>\
         </MgmtTree></Data>"
    )
}

const TYPE: &str = "<Type xmlns='syncml:metinf'>x.y</Type>";

fn alert(correlator: &str, items: &str) -> String {
    format!("<Alert><CmdID>1</CmdID><Data>1226</Data>{correlator}{items}</Alert>")
}

#[test]
fn all_of_an_alert_has_weight() {
    let long = long();
    let format = "<Format xmlns='syncml:metinf'>xml</Format>";
    let bodies = [
        alert("", &format!("<Item><Meta>{format}{TYPE}</Meta>{}</Item>", element())),
        alert(&format!("<Correlator>{long}</Correlator>"), &format!("<Item><Meta>{TYPE}</Meta><Data>x</Data></Item>")),
        alert("", &format!("<Item><Meta>{TYPE}<Mark xmlns='syncml:metinf'>{long}</Mark></Meta><Data>x</Data></Item>")),
    ];
    for body in bodies {
        let (server, last) = flood("", Vec::new(), |_| body.clone());
        assert!(size(&server) < 150_000, "{}", size(&server));
        assert_eq!(statuses(&last)[1], 413);
    }
}

#[test]
fn elements_of_results_have_weight() {
    let body = format!(
        "{NOT_FOUND}<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./A</LocURI>\
         </Source>{}</Item></Results>",
        element()
    );
    let (server, _) = flood("", vec![Order::new(1, Command::get("./A"))], |_| body.clone());
    assert!(size(&server) < 150_000, "{}", size(&server));
}

#[test]
fn items_that_wait_for_a_chunked_one_have_weight() {
    let long = long();
    let item = |size: &str, data: &str, more: &str| {
        format!("<Item><Source><LocURI>./A</LocURI></Source><Meta>{TYPE}{size}</Meta><Data>{data}</Data>{more}</Item>")
    };
    let size_of_it = "<Size xmlns='syncml:metinf'>100001</Size>";
    let first = item(size_of_it, &long, "<MoreData/>");
    let (server, _) = flood("", Vec::new(), |msg_id| match msg_id {
        2 => alert("", &first),
        _ => alert("", &(item("", "b", "") + &first)),
    });
    assert!(size(&server) < 400_000, "{}", size(&server));
    assert!(!server.is_closed());
}

#[test]
fn objects_that_are_broken_off_are_few_and_block_nothing() {
    let name = "a".repeat(4_000);
    let header = "<Meta><MaxMsgSize xmlns='syncml:metinf'>2000</MaxMsgSize></Meta>";
    let begun = |number: u32| {
        format!(
            "<Results><CmdID>{number}</CmdID><MsgRef>1</MsgRef><CmdRef>9</CmdRef><Item><Source><LocURI>./{number}{name}\
             </LocURI></Source><Meta><Size xmlns='syncml:metinf'>100</Size></Meta><Data>b</Data><MoreData/></Item>\
             </Results>"
        )
    };
    let (server, last) = flood(header, Vec::new(), |_| (1..20).map(begun).collect());
    assert!(size(&server) < 100_000, "{}", size(&server));
    assert!(!server.is_closed());
    assert_eq!(alerts(&last).last(), Some(&1222), "it goes on");
}

#[test]
fn statuses_that_wait_have_weight() {
    let limits =
        Limits::DEFAULT.with_max_reply_len(MOST).with_message(dm_syncml::Limits::DEFAULT.with_max_message_len(200_000));
    let mut server = start(config().with_limits(limits));
    let header = "<Meta><MaxMsgSize xmlns='syncml:metinf'>5000</MaxMsgSize></Meta>";
    post(&mut server, 1, message(1, header, PACKAGE_1, false));
    let id = "7".repeat(1_000);
    let many: String = (0..100)
        .map(|_| format!("<Get><CmdID>{id}</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>"))
        .collect();
    for msg_id in 2..30 {
        if !server.is_closed() {
            post(&mut server, msg_id.into(), message(msg_id, "", &many, false));
        }
        assert!(size(&server) < 600_000, "{}", size(&server));
    }
    assert!(server.is_closed());
}

// --- one thing after another -----------------------------------------------------------------------------------------

#[test]
fn nothing_new_is_asked_for_while_something_is_unanswered() {
    let mut server = start(config());
    let header = "<Meta><MaxMsgSize xmlns='syncml:metinf'>2000</MaxMsgSize></Meta>";
    post(&mut server, 1, message(1, header, PACKAGE_1, true));
    let value = Command::replace("./B", "x".repeat(9_000));
    order(&mut server, 1, vec![Order::new(1, Command::get("./A")), Order::new(2, value)]);
    let status =
        "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>";
    let actions = post(&mut server, 2, message(2, "", &format!("{status}{MORE}"), false));
    assert!(!asks(&actions) && outcomes(&actions).is_empty(), "{actions:?}");
    let answer = read(&actions);
    assert!(!answer.is_final && answer.commands.len() == statuses(&actions).len() + alerts(&actions).len());
    // Once the device has said all of it, the application is asked.
    let actions = post(&mut server, 3, message(3, "", "", true));
    assert!(asks(&actions));
    assert_eq!(outcomes(&actions).len(), 2);
}

#[test]
fn a_device_with_little_room_is_challenged() {
    for room in [550, 600, 650, 700, 750, 800] {
        let demand = Demand::new(Scheme::Md5, Credentials::new("dev", &Secret::new("pw")));
        let mut server = start(config().with_demand(demand));
        let header = format!("<Meta><MaxMsgSize xmlns='syncml:metinf'>{room}</MaxMsgSize></Meta>");
        let actions = post(&mut server, 1, message(1, &header, PACKAGE_1, true));
        if response(&actions).body.len() <= room {
            assert_eq!((verdict(&actions).0, server.is_closed()), (407, false), "{room}");
        } else {
            assert!(room < 600, "{room}");
        }
    }
}
