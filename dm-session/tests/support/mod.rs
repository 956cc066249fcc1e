//! A hand to lead the machines by: short words for the steps of a session.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::exhaustive_enums,
    clippy::std_instead_of_core,
    reason = "shared by several test files"
)]

use dm_package::{MoData, MoItem, Package1, Package2, Package3, StatusCode, media};
use dm_session::dm2::client::{Action, Closed, EffectId, Event, Start};
use dm_session::dm2::{Account, AlertQueue, Client, ClientConfig};
use dm_session::http::{Request, Response};
use dm_session::tree::{Operation, Outcome};
use dm_session::{Error, Timestamp};

pub const SERVER_ID: &str = "dm.example";
pub const ENDPOINT: &str = "https://dm.example/dm";
pub const DEVICE: &str = "IMEI:350000000000017";
pub const REPO: &str = "https://repo.example/x";
pub const NODE: &str = "urn:oma:mo:ext:1.0/1/a";

pub fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn config() -> ClientConfig {
    ClientConfig::new(Account::new(SERVER_ID, ENDPOINT), DEVICE)
}

pub fn client(config: ClientConfig, start: Start) -> Client {
    Client::start(config, start, AlertQueue::new(), at(0)).unwrap()
}

/// A client that has sent Package#1 and got this Package#2.
pub fn client_with(commands: &str) -> Client {
    client_with_config(config(), commands)
}

pub fn client_with_config(config: ClientConfig, commands: &str) -> Client {
    let mut client = client(config, Start::Local);
    answer(&mut client, p2(commands));
    client
}

pub fn p2(commands: &str) -> Response {
    Response::new(200)
        .with_header("Content-Type", media::REQUEST)
        .with_body(format!("{{\"CMD\":[{commands}]}}").into_bytes())
}

pub fn mo(body: &str) -> Response {
    Response::new(200).with_header("Content-Type", media::MO).with_body(body.as_bytes())
}

pub fn items(body: &str) -> Vec<MoItem<'static>> {
    MoData::parse(body.as_bytes()).unwrap().into_owned().items
}

pub fn action(client: &mut Client) -> Action {
    client.poll_action().expect("an action")
}

pub fn posted(client: &mut Client) -> (EffectId, Request) {
    match action(client) {
        Action::Post { id, request } => (id, request),
        other => panic!("a post, not {other:?}"),
    }
}

/// Takes the POST and answers it.
pub fn answer(client: &mut Client, response: Response) -> Request {
    let (id, request) = posted(client);
    client.handle(at(1), Event::Response { id, response }).unwrap();
    request
}

pub fn managed(client: &mut Client) -> (EffectId, Operation) {
    match action(client) {
        Action::Manage { id, operation } => (id, operation),
        other => panic!("an operation, not {other:?}"),
    }
}

/// Takes the operation and answers it.
pub fn manage(client: &mut Client, outcome: Outcome) -> Operation {
    let (id, operation) = managed(client);
    client.handle(at(1), Event::Managed { id, outcome }).unwrap();
    operation
}

pub fn status(code: StatusCode) -> Outcome {
    Outcome::Status(code)
}

pub fn transferred(client: &mut Client) -> (EffectId, Request) {
    match action(client) {
        Action::Transfer { id, request } => (id, request),
        other => panic!("a transfer, not {other:?}"),
    }
}

/// Takes the transfer and answers it.
pub fn transfer(client: &mut Client, response: Response) -> Request {
    let (id, request) = transferred(client);
    client.handle(at(1), Event::Transferred { id, response }).unwrap();
    request
}

/// The next action is a POST with Package#3: its statuses.
pub fn statuses(client: &mut Client) -> Vec<u16> {
    package3(client).statuses.iter().map(|status| status.sc.as_u16()).collect()
}

pub fn package3(client: &mut Client) -> Package3<'static> {
    let (_, request) = posted(client);
    assert_eq!(request.headers.get("Content-Type"), Some(media::RESPONSE));
    Package3::parse(&request.body).unwrap().into_owned()
}

pub fn package1(request: &Request) -> Package1<'static> {
    assert_eq!(request.headers.get("Content-Type"), Some(media::INITIATION));
    Package1::parse(&request.body).unwrap().into_owned()
}

pub fn package2(response: &Response) -> Package2<'static> {
    Package2::parse(&response.body).unwrap().into_owned()
}

pub fn closed(client: &mut Client) -> Closed {
    match action(client) {
        Action::Closed(closed) => {
            assert_eq!(client.poll_action(), None, "nothing comes after the end");
            assert!(client.is_closed());
            closed
        }
        other => panic!("the end, not {other:?}"),
    }
}

/// The server's side of a session.
pub mod server {
    use super::*;
    use dm_package::Command;
    use dm_session::dm2::server::{Action, Closed, Event, Random, Received, RequestId};
    use dm_session::dm2::{Server, ServerConfig};
    use dm_session::http::Method;

    pub fn config() -> ServerConfig {
        ServerConfig::new(SERVER_ID, ENDPOINT)
    }

    pub fn start(config: ServerConfig) -> Server {
        Server::start(config, Vec::new(), at(0)).unwrap()
    }

    pub fn random(seed: u8) -> Random {
        Random::from([seed; 32])
    }

    pub fn p1(body: &str) -> Request {
        Request::new(Method::Post, "/dm")
            .with_header("Content-Type", media::INITIATION)
            .with_header("Accept", media::REQUEST)
            .with_header("OMADM-DevID", DEVICE)
            .with_body(body.as_bytes())
    }

    pub fn plain_p1() -> Request {
        p1(r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}]}"#)
    }

    pub fn p3(cookie: &str, body: &str) -> Request {
        Request::new(Method::Post, "/dm")
            .with_header("Content-Type", media::RESPONSE)
            .with_header("OMADM-DevID", DEVICE)
            .with_header("Cookie", cookie)
            .with_body(body.as_bytes())
    }

    /// Gives the machine a request; the id is the seed of its randomness too.
    pub fn request(server: &mut Server, id: u8, request: Request) {
        server.handle(at(1), Event::Request { id: RequestId(id.into()), request, random: random(id) }).unwrap();
    }

    pub fn action(server: &mut Server) -> Action {
        server.poll_action().expect("an action")
    }

    pub fn decide(server: &mut Server) -> Received {
        match action(server) {
            Action::Decide { received, .. } => received,
            other => panic!("a decision, not {other:?}"),
        }
    }

    pub fn respond(server: &mut Server) -> (u64, Response) {
        match action(server) {
            Action::Respond { id, response } => (id.0, response),
            other => panic!("a response, not {other:?}"),
        }
    }

    /// The status of the refusal of this request.
    pub fn refusal(server: &mut Server, id: u8, refused: Request) -> u16 {
        request(server, id, refused);
        let (answered, response) = respond(server);
        assert_eq!(answered, u64::from(id));
        response.status
    }

    pub fn commands(list: &str) -> Vec<Command<'static>> {
        package2(&p2(list)).commands
    }

    /// Gives commands for the decision that is open.
    pub fn command(server: &mut Server, now: Timestamp, commands: Vec<Command<'static>>) -> Result<(), Error> {
        let id = server.open_request().unwrap_or(RequestId(0));
        server.handle(now, Event::Commands { id, commands })
    }

    /// The application chooses these commands.
    pub fn choose(server: &mut Server, list: &str) -> Response {
        command(server, at(1), commands(list)).unwrap();
        respond(server).1
    }

    /// The `name=value` of the response's session cookie.
    pub fn cookie(response: &Response) -> String {
        let header = response.headers.get("Set-Cookie").expect("a cookie");
        header.split(';').next().unwrap().to_owned()
    }

    pub fn closed(server: &mut Server) -> Closed {
        match action(server) {
            Action::Closed(closed) => {
                assert_eq!(server.poll_action(), None, "nothing comes after the end");
                assert!(server.is_closed());
                closed
            }
            other => panic!("the end, not {other:?}"),
        }
    }

    /// A server that has sent these commands; with the cookie of the session.
    pub fn sent(config: ServerConfig, list: &str) -> (Server, String) {
        let mut server = start(config);
        request(&mut server, 1, plain_p1());
        let _ = decide(&mut server);
        let response = choose(&mut server, list);
        let cookie = cookie(&response);
        (server, cookie)
    }
}
