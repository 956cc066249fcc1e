//! Authentication of a whole session, both machines: each kind of credentials in each direction, session after session
//! with the nonces that were stored, and what implementers get wrong (§14 of the security reference), by its numbers.
//!
//! Some numbers have no test of their own here. 2 and 15 are about the digests, which `dm-syncml` makes and compares; 6 and
//! 12 hold in every session of every kind of credentials below; 13 is for whoever hands out the passwords.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_core,
    reason = "tests"
)]

use std::collections::BTreeSet;

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{self, Start};
use dm_session::dm1::server;
use dm_session::dm1::{
    AlertQueue, Client, ClientConfig, Credentials, Demand, Identity, Order, Outcome, Party, Scheme, Server,
    ServerConfig,
};
use dm_session::http::{Request, Response};
use dm_session::tree::dm1::{self as tree, Command, Content, DevInfo, Reply};
use dm_session::tree::{MoTree, TreeConfig};
use dm_session::{Random, RequestId, Secret, Timestamp};
use dm_syncml::{
    AuthType, CredentialHash, Encoding, HmacHeader, Limits, Message, Nonce, Secret as Password, Status, StatusCode,
    Strictness,
};

const DEVICE: &str = "IMEI:350000000000017";
const SERVER: &str = "https://dm.example/dm";
const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

/// How one direction is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    /// `None` for the transport.
    scheme: Option<Scheme>,
    /// Whether credentials are shown before they are asked for.
    first: bool,
    per_message: bool,
}

const TRANSPORT: Kind = Kind { scheme: None, first: false, per_message: false };

const fn kind(scheme: Scheme) -> Kind {
    Kind { scheme: Some(scheme), first: false, per_message: false }
}

impl Kind {
    const fn first(mut self) -> Self {
        self.first = true;
        self
    }

    const fn per_message(mut self) -> Self {
        self.per_message = true;
        self
    }

    fn all() -> Vec<Self> {
        let mut all = vec![TRANSPORT];
        for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
            all.extend([kind(scheme), kind(scheme).first(), kind(scheme).first().per_message()]);
        }
        all
    }

    fn identity(self, credentials: &Credentials) -> Identity {
        let Some(scheme) = self.scheme else { return Identity::TRANSPORT };
        let identity = Identity::new(credentials.clone()).with_weakest(scheme.min(Scheme::Md5));
        if self.first { identity.with_first(scheme) } else { identity }
    }

    fn demand(self, credentials: &Credentials) -> Demand {
        let Some(scheme) = self.scheme else { return Demand::Transport };
        let demand = Demand::new(scheme, credentials.clone());
        if self.per_message { demand.with_per_message() } else { demand }
    }
}

/// What both sides know of each other, and what became of it.
struct World {
    client: Kind,
    server: Kind,
    encoding: Encoding,
    /// Credentials as the device has them and as the server has them: of the client, and of the server.
    at_device: [Credentials; 2],
    at_server: [Credentials; 2],
    tree: MoTree,
    seed: u8,
    session: u16,
}

/// One message on its way.
struct Sent {
    message: Message<'static>,
    body: Vec<u8>,
    mac: Option<String>,
}

/// What a session was.
struct Log {
    client: Vec<Sent>,
    server: Vec<Sent>,
    ended: client::Reason,
    closed: Option<server::Reason>,
    outcomes: Vec<Outcome>,
    saved: Vec<(&'static str, Party)>,
}

const CLIENT: (&str, &str) = ("Bruce", "OhBehave");
const HOST: (&str, &str) = ("dm.example", "srvpassword");

fn credentials((name, password): (&str, &str), nonce: &[u8]) -> Credentials {
    Credentials::new(name, &Secret::new(password)).with_nonce(Nonce::new(nonce).unwrap())
}

fn hash((name, password): (&str, &str)) -> CredentialHash {
    CredentialHash::of(name, &Password::new(password))
}

fn parse(body: &[u8]) -> Message<'static> {
    Message::parse_with(body, Strictness::Strict, &Limits::DEFAULT).unwrap().value.into_owned()
}

impl World {
    fn new(client: Kind, server: Kind, encoding: Encoding) -> Self {
        let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(tree::Config::new())).unwrap();
        for command in DevInfo::new(DEVICE, "Acme", "A1").commands() {
            tree::run(&mut tree, &tree::Request::local(command), &mut |_| Reply::Done);
        }
        let all = tree::Request::local(Command::replace(".?prop=ACL", "Add=*&Delete=*&Get=*&Replace=*"));
        assert_eq!(tree::run(&mut tree, &all, &mut |_| Reply::Done).status, StatusCode::OK);
        let known = || [credentials(CLIENT, b"c0"), credentials(HOST, b"s0")];
        Self { client, server, encoding, at_device: known(), at_server: known(), tree, seed: 0, session: 0 }
    }

    fn random(&mut self) -> Random {
        self.seed = self.seed.wrapping_add(1);
        Random::from([self.seed; 32])
    }

    fn client_config(&self) -> ClientConfig {
        let [own, host] = &self.at_device;
        ClientConfig::new(DEVICE, "dm.example", SERVER)
            .with_identity(self.client.identity(own))
            .with_demand(self.server.demand(host))
            .with_encoding(self.encoding)
    }

    fn server_config(&self) -> ServerConfig {
        let [device, own] = &self.at_server;
        ServerConfig::new("dm.example", SERVER)
            .with_demand(self.client.demand(device))
            .with_identity(self.server.identity(own))
    }

    fn store(side: &mut [Credentials; 2], party: Party, nonce: Nonce) {
        let at = usize::from(party == Party::Server);
        side[at] = side[at].clone().with_nonce(nonce);
    }

    /// A session with these orders, one package for each. `lose` says which message of the device (from 1) has no
    /// answer any more, however often it is sent.
    fn session(&mut self, orders: &[Vec<Order>], lose: Option<usize>) -> Log {
        self.session += 1;
        let start = Start::Local { session_id: SessionId::new(self.session).unwrap() };
        self.session_by(start, orders, lose)
    }

    fn session_by(&mut self, start: Start, orders: &[Vec<Order>], lose: Option<usize>) -> Log {
        let mut now = Timestamp::from_millis(1_000_000);
        let mut client = Client::start(self.client_config(), start, AlertQueue::new(), now).unwrap();
        let mut server = Server::start(self.server_config(), now).unwrap();
        let mut orders = orders.iter();
        let mut log = Log {
            client: Vec::new(),
            server: Vec::new(),
            ended: client::Reason::Internal,
            closed: None,
            outcomes: Vec::new(),
            saved: Vec::new(),
        };
        for _ in 0..200 {
            let Some(action) = client.poll_action() else {
                let Some(at) = client.poll_timeout() else { break };
                now = now.max(at);
                client.handle(now, client::Event::Tick).unwrap();
                continue;
            };
            let event = match action {
                client::Action::Post { id, request } => {
                    if lose.is_some_and(|lost| log.client.len() + 1 >= lost) {
                        client::Event::Failed { id, failure: client::Failure::Unreachable }
                    } else {
                        let response = self.carry(&mut server, now, request, &mut orders, &mut log);
                        let random = self.random();
                        client::Event::Response { id, response, random }
                    }
                }
                client::Action::Manage { id, request } => {
                    client::Event::Managed { id, answer: tree::run(&mut self.tree, &request, &mut |_| Reply::Done) }
                }
                client::Action::SaveNonce { party, nonce } => {
                    log.saved.push(("device", party));
                    Self::store(&mut self.at_device, party, nonce);
                    continue;
                }
                client::Action::Closed(closed) => {
                    log.ended = closed.reason;
                    break;
                }
                other => panic!("{other:?}"),
            };
            client.handle(now, event).unwrap();
        }
        assert!(client.is_closed(), "a session that does not end");
        log
    }

    fn carry<'o>(
        &mut self,
        server: &mut Server,
        now: Timestamp,
        request: Request,
        orders: &mut impl Iterator<Item = &'o Vec<Order>>,
        log: &mut Log,
    ) -> Response {
        let sent = |headers: &dm_session::http::Headers, body: &[u8]| Sent {
            message: parse(body),
            body: body.to_vec(),
            mac: headers.get("x-syncml-hmac").map(Into::into),
        };
        log.client.push(sent(&request.headers, &request.body));
        let random = self.random();
        server.handle(now, server::Event::Request { id: RequestId(1), request, random }).unwrap();
        let mut answer = None;
        while let Some(action) = server.poll_action() {
            match action {
                server::Action::Decide { id, .. } => {
                    let orders = orders.next().cloned().unwrap_or_default();
                    server.handle(now, server::Event::Orders { id, orders }).unwrap();
                }
                server::Action::Respond { response, .. } => answer = Some(response),
                server::Action::Outcome(outcome) => log.outcomes.push(*outcome),
                server::Action::SaveNonce { party, nonce } => {
                    log.saved.push(("server", party));
                    Self::store(&mut self.at_server, party, nonce);
                }
                server::Action::Closed(closed) => log.closed = Some(closed.reason),
                other => panic!("{other:?}"),
            }
        }
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "what DM says is said by Statuses");
        log.server.push(sent(&answer.headers, &answer.body));
        answer
    }

    fn value(&mut self, uri: &str) -> Option<String> {
        let get = tree::Request::local(Command::get(uri));
        let answer = tree::run(&mut self.tree, &get, &mut |_| Reply::Done);
        answer.results.first().and_then(|item| item.data.as_str().map(Into::into))
    }
}

impl Sent {
    /// The Status for the SyncHdr of the other side's message.
    fn header_status(&self) -> Option<&Status<'static>> {
        match self.message.commands.first() {
            Some(dm_syncml::Command::Status(status)) if status.is_for_header() => Some(status),
            _ => None,
        }
    }

    fn code(&self) -> Option<u32> {
        Some(self.header_status()?.code()?.code())
    }

    fn next_nonce(&self) -> Option<Nonce> {
        self.header_status()?.chal.as_ref()?.nonce().unwrap()
    }
}

fn note(text: &str) -> Vec<Order> {
    let content = Content::from(text).with_format("chr");
    vec![Order::new(1, Command::add("./Note", content)), Order::new(2, Command::get("./Note"))]
}

fn remove() -> Vec<Order> {
    vec![Order::new(3, Command::delete("./Note"))]
}

fn is_challenge(sent: &Sent) -> bool {
    matches!(sent.code(), Some(401 | 407))
}

#[test]
fn every_kind_of_credentials_in_each_direction_session_after_session() {
    for client in Kind::all() {
        for server in Kind::all() {
            for encoding in ENCODINGS {
                let mut world = World::new(client, server, encoding);
                for round in 0..2 {
                    let log = world.session(&[note("x"), remove()], None);
                    let what = format!("{client:?} {server:?} {encoding:?} {round}");
                    assert_eq!(log.ended, client::Reason::Ended, "{what}");
                    assert_eq!(log.closed, Some(server::Reason::Ended), "{what}");
                    let done: Vec<u32> = log.outcomes.iter().map(|it| it.result.status().unwrap().code()).collect();
                    assert_eq!(done, [200, 200, 200], "{what}");
                    assert_eq!(log.outcomes[1].result.leaves[0].content.data.as_str(), Some("x"));
                    // Who shows credentials with the right nonce unasked is not challenged.
                    let challenged = |messages: &[Sent]| messages.iter().filter(|sent| is_challenge(sent)).count();
                    let wanted = |kind: Kind| usize::from(kind.scheme.is_some() && !kind.first);
                    assert_eq!(challenged(&log.server), wanted(client), "{what}");
                    // A server that has to challenge shows none to who may be a stranger.
                    let hidden = usize::from(server.scheme.is_some()).min(wanted(client));
                    assert_eq!(challenged(&log.client), wanted(server).max(hidden), "{what}");
                    let server = Kind { first: server.first && hidden == 0, ..server };
                    for (kind, messages) in [(client, &log.client), (server, &log.server)] {
                        check_credentials(kind, messages, &what);
                    }
                }
            }
        }
    }
}

/// Which messages of a side have to carry what.
fn check_credentials(kind: Kind, messages: &[Sent], what: &str) {
    for (index, sent) in messages.iter().enumerate() {
        let cred = sent.message.header.cred.as_ref();
        assert!(cred.is_none() || sent.mac.is_none(), "never both: {what}");
        let types = cred.map(|cred| cred.auth_type().unwrap());
        match kind.scheme {
            None => assert!(types.is_none() && sent.mac.is_none(), "{what}"),
            Some(Scheme::Mac) => assert_eq!((types, sent.mac.is_some()), (None, index > 0 || kind.first), "{what}"),
            Some(scheme) => {
                assert!(sent.mac.is_none());
                let shown = types.is_some();
                assert!(types.is_none_or(|types| types == scheme.auth_type()));
                if index == 0 {
                    assert_eq!(shown, kind.first, "{what}");
                } else if kind.per_message {
                    assert!(shown, "in every message: {what}");
                }
            }
        }
        let named = sent.message.header.source.name().is_some();
        let digest = sent.mac.is_some() || cred.is_some_and(|cred| cred.auth_type() == Some(AuthType::Md5));
        assert_eq!(named, digest, "LocName goes with MD5 and HMAC: {what}");
    }
}

#[test]
fn sec_8_hmac_step_by_step() {
    for encoding in ENCODINGS {
        let mac = kind(Scheme::Mac).first();
        let mut world = World::new(mac, mac, encoding);
        let log = world.session(&[note("x"), remove()], None);
        let (mut of_client, mut of_server) = (Nonce::new("c0").unwrap(), Nonce::new("s0").unwrap());
        assert_eq!((log.client.len(), log.server.len()), (3, 3));
        let verify = |sent: &Sent, who: (&str, &str), nonce: &Nonce| {
            let header = HmacHeader::parse(sent.mac.as_deref().unwrap()).unwrap();
            assert_eq!((header.username(), sent.message.header.source.name()), (who.0, Some(who.0)));
            header.verify(&hash(who), nonce, &sent.body).unwrap();
        };
        for (step, (client, server)) in log.client.iter().zip(&log.server).enumerate() {
            // What each message brings counts for the next one of the other side.
            verify(client, CLIENT, &of_client);
            assert_eq!(client.code(), (step > 0).then_some(200));
            of_server = client.next_nonce().unwrap_or(of_server);
            verify(server, HOST, &of_server);
            assert_eq!(server.code(), Some(200));
            of_client = server.next_nonce().unwrap();
        }
        assert_eq!(world.at_device[0].nonce, of_client, "the last one begins the next session");
        assert_eq!(world.at_device[1].nonce, of_server);
        assert_eq!(world.at_server[0].nonce, of_client);
        assert_eq!(world.at_server[1].nonce, of_server);
    }
}

// --- §14: what implementers get wrong --------------------------------------------------------------------------

#[test]
fn sec_14_01_nonces_are_octets() {
    for nonce in [&b"a\0b"[..], b"\r\nab\r\n", b":", b"::", &[0xff; 64], &[0; 16], b""] {
        for scheme in [Scheme::Md5, Scheme::Mac] {
            let mut world = World::new(kind(scheme).first(), kind(scheme).first(), Encoding::Xml);
            let known = || [credentials(CLIENT, nonce), credentials(HOST, nonce)];
            (world.at_device, world.at_server) = (known(), known());
            let log = world.session(&[note("x")], None);
            assert_eq!(log.ended, client::Reason::Ended);
            assert!(!log.client.iter().chain(&log.server).any(is_challenge), "{nonce:?}");
        }
    }
}

#[test]
fn sec_14_03_nonce_of_212_is_for_the_next_session_that_of_200_for_the_next_message() {
    let mut world = World::new(kind(Scheme::Md5).first(), TRANSPORT, Encoding::Xml);
    let log = world.session(&[note("x"), remove()], None);
    assert_eq!(log.server[0].code(), Some(212));
    let next = log.server[0].next_nonce().unwrap();
    assert!(log.client[1..].iter().all(|sent| sent.message.header.cred.is_none()), "not in the same session");
    let log = world.session(&[], None);
    let shown = log.client[0].message.header.cred.as_ref().unwrap().data.as_text().unwrap();
    assert_eq!(shown, hash(CLIENT).md5(&next), "but in the next one");

    let mut world = World::new(kind(Scheme::Md5).first().per_message(), TRANSPORT, Encoding::Xml);
    let log = world.session(&[note("x"), remove()], None);
    for (answer, sent) in log.server.iter().zip(&log.client[1..]) {
        assert_eq!(answer.code(), Some(200));
        let shown = sent.message.header.cred.as_ref().unwrap().data.as_text().unwrap();
        assert_eq!(shown, hash(CLIENT).md5(&answer.next_nonce().unwrap()));
    }
}

#[test]
fn sec_14_04_hmac_is_answered_200_with_a_nonce_each_time() {
    let mac = kind(Scheme::Mac);
    let mut world = World::new(mac.first(), mac.first(), Encoding::Wbxml);
    let log = world.session(&[note("x"), remove()], None);
    for sent in log.server.iter().chain(&log.client[1..]) {
        assert_eq!(sent.code(), Some(200));
        assert!(sent.next_nonce().is_some());
    }
}

#[test]
fn sec_14_05_hmac_is_over_what_was_sent_to_the_byte() {
    for encoding in ENCODINGS {
        let mut world = World::new(kind(Scheme::Mac).first(), TRANSPORT, encoding);
        let log = world.session(&[note("x")], None);
        let header = HmacHeader::parse(log.client[0].mac.as_deref().unwrap()).unwrap();
        let nonce = Nonce::new("c0").unwrap();
        header.verify(&hash(CLIENT), &nonce, &log.client[0].body).unwrap();
        let mut padded = log.client[0].body.clone();
        padded.push(b'\n');
        assert!(header.verify(&hash(CLIENT), &nonce, &padded).is_err());
    }
}

#[test]
fn sec_14_07_names_with_commas_quotes_and_other_letters() {
    for name in ["device 17, lab", r#"a"b\c"#, "mac=AAAA, x", "jörg"] {
        let mut world = World::new(kind(Scheme::Mac), TRANSPORT, Encoding::Xml);
        let known = || [credentials((name, "päss:wörd"), b"c0"), credentials(HOST, b"s0")];
        (world.at_device, world.at_server) = (known(), known());
        assert_eq!(world.session(&[note("x")], None).ended, client::Reason::Ended, "{name}");
    }
}

#[test]
fn sec_14_08_no_nonce_is_issued_twice() {
    let mac = kind(Scheme::Mac);
    let mut world = World::new(mac, mac, Encoding::Xml);
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let log = world.session(&[note("x"), remove()], None);
        for sent in log.client.iter().chain(&log.server) {
            if let Some(nonce) = sent.next_nonce() {
                assert!(nonce.as_bytes().len() >= 16, "128 bits");
                assert!(seen.insert(nonce.as_bytes().to_vec()));
            }
        }
    }
    assert!(seen.len() > 12);
}

#[test]
fn sec_14_09_a_stranger_puts_no_nonce_into_store() {
    // The server challenges, and has not proved itself when the connection is gone.
    let mut world = World::new(kind(Scheme::Md5), kind(Scheme::Md5), Encoding::Xml);
    let log = world.session(&[note("x")], Some(2));
    assert_eq!(log.ended, client::Reason::Transport);
    assert!(is_challenge(&log.server[0]) && log.server[0].next_nonce().is_some());
    assert_eq!(log.saved, [], "neither side stores anything");
    assert_eq!(world.at_device[0].nonce.as_bytes(), b"c0");
}

#[test]
fn sec_14_10_a_server_nonce_exists_when_it_was_delivered() {
    // Package #2 is empty: there is no Package #3 that could carry a nonce.
    let mut world = World::new(TRANSPORT, kind(Scheme::Md5).first(), Encoding::Xml);
    let log = world.session(&[], None);
    assert_eq!((log.ended, log.client.len()), (client::Reason::Ended, 1));
    assert_eq!(log.saved, []);
    // Package #3 is lost.
    let log = world.session(&[note("x")], Some(2));
    assert_eq!(log.ended, client::Reason::Transport);
    assert_eq!(log.saved, []);
    assert_eq!(world.at_device[1].nonce, world.at_server[1].nonce);
    // Package #3 arrives.
    let log = world.session(&[remove()], None);
    assert_eq!(log.ended, client::Reason::Ended);
    assert!(log.saved.contains(&("device", Party::Server)) && log.saved.contains(&("server", Party::Server)));
    assert_eq!(world.at_device[1].nonce, world.at_server[1].nonce);
    assert_ne!(world.at_device[1].nonce.as_bytes(), b"s0");
}

#[test]
fn sec_14_11_nothing_is_executed_for_who_did_not_prove_itself() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let mut world = World::new(TRANSPORT, kind(scheme).first(), Encoding::Xml);
        world.at_server[1] = credentials((HOST.0, "wrong"), b"s0");
        let log = world.session(&[note("x")], None);
        assert_eq!(log.ended, client::Reason::ServerRefused, "{scheme:?}");
        assert_eq!(world.value("./Note"), None, "{scheme:?}");
        for sent in &log.client[1..] {
            let statuses = sent.message.commands.iter().filter_map(|command| match command {
                dm_syncml::Command::Status(status) => status.code(),
                other => panic!("nothing but Statuses: {other:?}"),
            });
            let codes: Vec<u32> = statuses.map(StatusCode::code).collect();
            assert_eq!(codes, [401, 401, 401], "the SyncHdr and each command");
        }
        // And none of it is taken for done.
        assert!(log.outcomes.iter().all(|outcome| !outcome.result.is_done()));
    }
}

#[test]
fn sec_14_14_no_loop_is_endless() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        for first in [false, true] {
            let kind = Kind { first, ..kind(scheme) };
            let mut world = World::new(kind, TRANSPORT, Encoding::Xml);
            world.at_device[0] = credentials((CLIENT.0, "wrong"), b"c0");
            let log = world.session(&[note("x")], None);
            assert_eq!((log.ended, log.closed), (client::Reason::Refused, Some(server::Reason::Refused)));
            assert_eq!(log.client.len(), 4, "three challenges");
            assert!(log.server.iter().all(is_challenge) && log.outcomes.is_empty());
            assert!(
                log.saved.iter().all(|(side, _)| *side == "device"),
                "who is refused changes nothing at the server"
            );
        }
    }
}

#[test]
fn sec_14_16_what_is_weaker_than_asked_for_is_refused() {
    for demanded in [Scheme::Md5, Scheme::Mac] {
        for shown in [Scheme::Basic, Scheme::Md5] {
            if shown >= demanded {
                continue;
            }
            // The device begins with right credentials of a weaker kind: it is asked for better ones, and has them.
            let mut world = World::new(kind(shown).first(), TRANSPORT, Encoding::Xml);
            let known = world.at_server[0].clone();
            let client_config = world.client_config();
            world.client = kind(demanded);
            let mut server = Server::start(world.server_config(), Timestamp::from_millis(0)).unwrap();
            let start = Start::Local { session_id: SessionId::new(1).unwrap() };
            let now = Timestamp::from_millis(0);
            let mut client = Client::start(client_config, start, AlertQueue::new(), now).unwrap();
            let mut codes = Vec::new();
            let mut log = Log {
                client: Vec::new(),
                server: Vec::new(),
                ended: client::Reason::Internal,
                closed: None,
                outcomes: Vec::new(),
                saved: Vec::new(),
            };
            while let Some(action) = client.poll_action() {
                let event = match action {
                    client::Action::Manage { id, request } => client::Event::Managed {
                        id,
                        answer: tree::run(&mut world.tree, &request, &mut |_| Reply::Done),
                    },
                    client::Action::Post { id, request } => {
                        let response = world.carry(&mut server, now, request, &mut [].iter(), &mut log);
                        codes.push(log.server.last().unwrap().code().unwrap());
                        client::Event::Response { id, response, random: world.random() }
                    }
                    client::Action::Closed(closed) => {
                        assert_eq!(closed.reason, client::Reason::Ended);
                        break;
                    }
                    _ => continue,
                };
                client.handle(now, event).unwrap();
            }
            let good = if demanded == Scheme::Mac { 200 } else { 212 };
            assert_eq!(codes, [401, good], "{demanded:?} {shown:?}");
            assert_eq!(known.name, CLIENT.0);
        }
    }
}

// --- further ---------------------------------------------------------------------------------------------------

#[test]
fn stale_nonces_of_both_sides_cost_one_challenge_each() {
    for scheme in [Scheme::Md5, Scheme::Mac] {
        for encoding in ENCODINGS {
            let mut world = World::new(kind(scheme).first(), kind(scheme).first(), encoding);
            world.at_device = [credentials(CLIENT, b"old"), credentials(HOST, b"old")];
            let log = world.session(&[note("x"), remove()], None);
            assert_eq!((log.ended, log.closed), (client::Reason::Ended, Some(server::Reason::Ended)), "{scheme:?}");
            assert_eq!(log.outcomes.len(), 3);
            assert!(log.outcomes.iter().all(|outcome| outcome.result.is_done()));
            for messages in [&log.client, &log.server] {
                assert!(messages.iter().filter(|sent| is_challenge(sent)).count() <= 2);
            }
            let log = world.session(&[note("x")], None);
            assert!(!log.client.iter().chain(&log.server).any(is_challenge), "in step again: {scheme:?}");
        }
    }
}

#[test]
fn strangers_get_the_same_answers_to_the_byte() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let run = |demand: Demand| {
            let mut world = World::new(kind(scheme).first(), TRANSPORT, Encoding::Xml);
            world.at_device[0] = credentials((CLIENT.0, "wrong"), b"c0");
            let now = Timestamp::from_millis(0);
            let config = ServerConfig::new("dm.example", SERVER).with_demand(demand);
            let mut server = Server::start(config, now).unwrap();
            let start = Start::Local { session_id: SessionId::new(1).unwrap() };
            let mut client = Client::start(world.client_config(), start, AlertQueue::new(), now).unwrap();
            let mut answers = Vec::new();
            while let Some(action) = client.poll_action() {
                let event = match action {
                    client::Action::Manage { id, request } => client::Event::Managed {
                        id,
                        answer: tree::run(&mut world.tree, &request, &mut |_| Reply::Done),
                    },
                    client::Action::Post { id, request } => {
                        let random = world.random();
                        let event = server::Event::Request { id: RequestId(1), request, random };
                        server.handle(now, event).unwrap();
                        let mut answer = None;
                        while let Some(action) = server.poll_action() {
                            match action {
                                server::Action::Respond { response, .. } => answer = Some(response),
                                server::Action::Closed(closed) => assert_eq!(closed.reason, server::Reason::Refused),
                                other => panic!("{other:?}"),
                            }
                        }
                        let response = answer.unwrap();
                        answers.push((response.status, response.body.clone()));
                        client::Event::Response { id, response, random: world.random() }
                    }
                    _ => continue,
                };
                client.handle(now, event).unwrap();
            }
            answers
        };
        let known = run(Demand::new(scheme, credentials(CLIENT, b"c0")));
        assert_eq!(known.len(), 4);
        assert_eq!(run(Demand::unknown(scheme)), known, "{scheme:?}");
    }
}

#[test]
fn resynchronization_renews_both_nonces() {
    let md5 = kind(Scheme::Md5).first();
    let mut world = World::new(md5, md5, Encoding::Xml);
    world.at_device = [credentials(CLIENT, b"lost"), credentials(HOST, b"lost")];
    // The server has sent a notification with the special nonce and expects it.
    let zero = Nonce::RESYNC;
    world.at_server = [credentials(CLIENT, zero.as_bytes()), credentials(HOST, zero.as_bytes())];
    let start = Start::Notification {
        session_id: SessionId::new(7).unwrap(),
        resync: Some(dm_notification::dm1::ResyncNonce::ZeroOctets),
    };
    let log = world.session_by(start, &[note("x")], None);
    assert_eq!(log.ended, client::Reason::Ended);
    assert!(!log.client.iter().chain(&log.server).any(is_challenge));
    for party in [0, 1] {
        assert_eq!(world.at_device[party].nonce, world.at_server[party].nonce);
        assert_ne!(world.at_device[party].nonce, zero);
    }
    // An ordinary session goes on from there, and does not know the special nonce.
    let log = world.session(&[remove()], None);
    assert!(!log.client.iter().chain(&log.server).any(is_challenge));
}
