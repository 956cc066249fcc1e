//! A device that begins a session under a SessionID that the server knows already.
#![cfg(feature = "dm1")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use dm_session::dm1::server::{Action, Event, Reason, route};
use dm_session::dm1::{Order, Server, ServerConfig};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::Command;
use dm_session::{Random, RequestId, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The first message of a session; `man` makes one unlike the other.
fn package_1(session_id: &str, msg_id: u32, man: &str) -> Request {
    let body = format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>{session_id}</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>https://dm.example/dm</LocURI></Target>\
         <Source><LocURI>IMEI:1</LocURI></Source></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert>\
         <Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>{man}</Data></Item></Replace>\
         <Final/></SyncBody></SyncML>"
    );
    Request::new(Method::Post, "/dm").with_header("Content-Type", "application/vnd.syncml.dm+xml").with_body(body)
}

fn start() -> Server {
    Server::start(ServerConfig::new("dm.example", "https://dm.example/dm"), NOW).unwrap()
}

/// Hands a request over, with these orders for the first decision; the answer, and the end if it came.
fn post(server: &mut Server, request: Request, mut orders: Vec<Order>) -> (Response, Option<Reason>) {
    server.handle(NOW, Event::Request { id: RequestId(1), request, random: Random::from([1; 32]) }).unwrap();
    let (mut answer, mut reason) = (None, None);
    while let Some(action) = server.poll_action() {
        match action {
            Action::Decide { id, .. } => {
                server.handle(NOW, Event::Orders { id, orders: core::mem::take(&mut orders) }).unwrap();
            }
            Action::Respond { response, .. } => answer = Some(response),
            Action::Closed(closed) => reason = Some(closed.reason),
            _ => {}
        }
    }
    (answer.unwrap(), reason)
}

/// Whether the SyncHdr got that status.
fn header_status(response: &Response, status: u16) -> bool {
    let text = String::from_utf8(response.body.clone()).unwrap();
    text.contains(&format!("<Cmd>SyncHdr</Cmd><Data>{status}</Data>"))
}

#[test]
fn a_device_may_begin_anew_under_the_session_id_of_a_session_that_is_over() {
    let mut server = start();
    let first = package_1("1", 1, "Acme");
    assert!(!server.is_begun_anew_by(&first), "nothing has begun");
    assert_eq!(post(&mut server, first.clone(), Vec::new()).1, Some(Reason::Ended));

    assert!(!server.is_begun_anew_by(&first), "the same message again has its answer here");
    assert!(header_status(&post(&mut server, first, Vec::new()).0, 212));

    let again = package_1("1", 1, "Acme again");
    assert!(route(&again).unwrap().begins());
    assert!(server.is_begun_anew_by(&again));
    assert!(header_status(&post(&mut server, again.clone(), Vec::new()).0, 400), "it is refused here");
    assert!(header_status(&post(&mut start(), again, Vec::new()).0, 212));
}

#[test]
fn a_device_may_begin_anew_while_its_session_runs() {
    let mut server = start();
    let orders = vec![Order::new(1, Command::get("./DevInfo/Man"))];
    assert_eq!(post(&mut server, package_1("1", 1, "Acme"), orders).1, None);
    assert!(server.is_begun_anew_by(&package_1("1", 1, "Acme again")));
    assert!(!server.is_begun_anew_by(&package_1("1", 1, "Acme")), "a copy on the network");
    assert!(!server.is_closed());
}

#[test]
fn other_requests_begin_nothing_anew() {
    let mut server = start();
    post(&mut server, package_1("1", 1, "Acme"), Vec::new());
    assert!(!server.is_begun_anew_by(&package_1("2", 1, "Acme")), "another session");
    assert!(!server.is_begun_anew_by(&package_1("1", 2, "Acme")), "no first message");
    let mut half = package_1("1", 1, "Acme again");
    half.body.truncate(half.body.len().saturating_sub(20));
    assert!(route(&half).unwrap().begins());
    assert!(!server.is_begun_anew_by(&half), "half a message");
    let mut other = package_1("1", 1, "Acme again");
    other.headers.set("Content-Type", "text/plain");
    assert!(!server.is_begun_anew_by(&other), "no message at all");
}
