//! The server machine of DM 1.2 from Package #1 to the end, one way of each kind.
#![cfg(feature = "dm1")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use dm_session::dm1::server::{Action, Event, Opening, Reason, Received, RequestId};
use dm_session::dm1::{
    Credentials, Demand, Fate, NotSent, Order, Outcome, Profile, Scheme, Server, ServerConfig, Task,
};
use dm_session::http::{Method, Request, Response};
use dm_session::tree::dm1::{Command, Content};
use dm_session::{Random, Secret, Timestamp};
use dm_syncml::{AlertCode, CredentialHash, Message, StatusCode};

const DEVICE: &str = "IMEI:1";

fn config() -> ServerConfig {
    ServerConfig::new("srv", "https://dm.example/")
}

fn server(config: ServerConfig) -> Server {
    Server::start(config, Timestamp::from_millis(0)).unwrap()
}

/// A message of the device in XML.
fn message(msg_id: u32, header: &str, body: &str, is_final: bool) -> String {
    let end = if is_final { "<Final/>" } else { "" };
    format!(
        "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>1F</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>https://dm.example/</LocURI></Target>\
         <Source><LocURI>{DEVICE}</LocURI></Source>{header}</SyncHdr><SyncBody>{body}{end}</SyncBody></SyncML>"
    )
}

const PACKAGE_1: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source>\
    <LocURI>./DevInfo/Man</LocURI></Source><Data>Example</Data></Item></Replace>";

fn status(id: u32, msg_ref: u32, cmd_ref: u32, cmd: &str, code: u32) -> String {
    format!(
        "<Status><CmdID>{id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd>\
         <Data>{code}</Data></Status>"
    )
}

fn post(server: &mut Server, id: u64, body: String) -> Vec<Action> {
    let request = Request::new(Method::Post, "https://dm.example/")
        .with_header("Content-Type", "application/vnd.syncml.dm+xml")
        .with_body(body);
    let seed = u8::try_from(id).unwrap();
    let event = Event::Request { id: RequestId(id), request, random: Random::from([seed; 32]) };
    server.handle(Timestamp::from_millis(0), event).unwrap();
    actions(server)
}

fn order(server: &mut Server, id: u64, orders: Vec<Order>) -> Vec<Action> {
    server.handle(Timestamp::from_millis(0), Event::Orders { id: RequestId(id), orders }).unwrap();
    actions(server)
}

fn actions(server: &mut Server) -> Vec<Action> {
    core::iter::from_fn(|| server.poll_action()).collect()
}

fn response(actions: &[Action]) -> &Response {
    let mut all = actions.iter().filter_map(|action| match action {
        Action::Respond { response, .. } => Some(response),
        _ => None,
    });
    let (Some(response), None) = (all.next(), all.next()) else { panic!("one response: {actions:?}") };
    assert_eq!(response.status, 200);
    response
}

fn answer(actions: &[Action]) -> Message<'_> {
    Message::parse(&response(actions).body).unwrap()
}

fn received(actions: &[Action]) -> &Received {
    match actions {
        [.., Action::Decide { received, .. }] => received,
        other => panic!("a decision, not {other:?}"),
    }
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

fn is_over(actions: &[Action], reason: Reason) -> bool {
    matches!(actions.last(), Some(Action::Closed(closed)) if closed.reason == reason)
}

/// The names of the commands, with the codes of Statuses and Alerts.
fn shape(message: &Message<'_>) -> Vec<String> {
    let name = |command: &dm_syncml::Command<'_>| match command {
        dm_syncml::Command::Status(status) => {
            format!("{} {}", status.cmd.as_ref().unwrap(), status.code().unwrap())
        }
        dm_syncml::Command::Alert(alert) => format!("Alert {}", alert.code().unwrap()),
        other => other.name().unwrap().to_owned(),
    };
    let mut names: Vec<String> = message.walk().map(name).collect();
    names.extend(message.is_final.then(|| "Final".to_owned()));
    names
}

#[test]
fn a_session_from_package_1_to_the_end() {
    let mut server = server(config());
    let first = post(&mut server, 1, message(1, "", PACKAGE_1, true));
    let opening: &Opening = received(&first).opening.as_ref().unwrap();
    assert_eq!((opening.value("Man"), server.open_request()), (Some("Example"), Some(RequestId(1))));

    let orders = vec![
        Order::new(1, Command::get("./DevDetail/SwV")),
        Order::new(
            2,
            Task::Atomic(vec![Command::replace("./A", Content::from("1")).into(), Command::delete("./B").into()]),
        ),
        Order::new(3, Task::Atomic(vec![Command::get("./C").into()])),
        Order::new(4, Command::get("")),
    ];
    let second = order(&mut server, 1, orders);
    let refused: Vec<_> = outcomes(&second).iter().map(|outcome| (outcome.id.0, outcome.result.fate)).collect();
    let invalid = Fate::NotSent(NotSent::Invalid);
    assert_eq!(refused, [(3, invalid), (4, invalid)]);
    let sent = answer(&second);
    let names = ["SyncHdr 212", "Alert 200", "Replace 200", "Get", "Atomic", "Replace", "Delete", "Final"];
    assert_eq!(shape(&sent), names);
    let ids: Vec<&str> = sent.walk().map(|command| command.cmd_id().unwrap().as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7"]);

    // The device needs two messages.
    let body = [status(1, 1, 0, "SyncHdr", 212), status(2, 1, 4, "Get", 200)].concat();
    let more = post(&mut server, 2, message(2, "", &body, false));
    assert_eq!(shape(&answer(&more)), ["SyncHdr 212", "Alert 1222"]);
    assert_eq!(more.len(), 1);
    let results = "<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./DevDetail/SwV\
        </LocURI></Source><Data>2.1</Data></Item></Results>";
    let body = [
        status(2, 2, 0, "SyncHdr", 212),
        status(3, 2, 2, "Alert", 200),
        results.to_owned(),
        results.replace("2.1", "again"),
        status(4, 1, 5, "Atomic", 507),
        status(5, 1, 6, "Replace", 216),
        status(6, 1, 7, "Delete", 404),
        status(7, 1, 99, "Delete", 404),
    ]
    .concat();
    let last = post(&mut server, 3, message(3, "", &body, true));
    let [get, atomic] = outcomes(&last)[..] else { panic!("{last:?}") };
    assert_eq!(get.result.status(), Some(StatusCode::OK));
    assert_eq!(get.result.leaves.len(), 1);
    assert_eq!(get.result.leaves[0].content.data.as_str(), Some("2.1"));
    let children: Vec<u32> = atomic.result.children.iter().map(|child| child.status().unwrap().code()).collect();
    assert_eq!((atomic.result.status().unwrap().code(), children), (507, vec![216, 404]));
    assert_eq!(received(&last).opening, None);

    let end = order(&mut server, 3, Vec::new());
    assert_eq!(shape(&answer(&end)), ["SyncHdr 212", "Final"]);
    assert!(is_over(&end, Reason::Ended) && server.is_closed());

    // What comes once more is answered as before; a late alert is answered, and said.
    let again = post(&mut server, 4, message(3, "", &body, true));
    assert_eq!((response(&again), again.len()), (response(&end), 1));
    let alert = "<Alert><CmdID>1</CmdID><Data>1226</Data><Item><Meta><Type xmlns='syncml:metinf'>x.y</Type></Meta>\
        <Data>1</Data></Item></Alert>";
    let late = post(&mut server, 5, message(4, "", alert, true));
    assert_eq!(shape(&answer(&late)), ["SyncHdr 212", "Alert 200", "Final"]);
    assert!(matches!(&late[1], Action::LateAlerts(alerts) if alerts.len() == 1));
}

#[test]
fn a_device_is_challenged_and_begins_again() {
    let credentials = Credentials::new("Bruce2", &Secret::new("OhBehave"));
    let mut known = server(config().with_demand(Demand::new(Scheme::Md5, credentials)));
    let mut unknown = server(config().with_demand(Demand::unknown(Scheme::Md5)));
    let challenged = post(&mut known, 1, message(1, "", PACKAGE_1, true));
    assert_eq!(shape(&answer(&challenged)), ["SyncHdr 407", "Alert 407", "Replace 407", "Final"]);
    assert_eq!(challenged, post(&mut unknown, 1, message(1, "", PACKAGE_1, true)));

    let hash = CredentialHash::of("Bruce2", &dm_syncml::Secret::new("OhBehave"));
    let nonce = |actions: &[Action]| {
        let message = answer(actions).into_owned();
        let dm_syncml::Command::Status(status) = &message.commands[0] else { panic!("a Status") };
        status.chal.as_ref().unwrap().nonce().unwrap().unwrap()
    };
    let cred = format!(
        "<Cred><Meta><Format xmlns='syncml:metinf'>b64</Format><Type xmlns='syncml:metinf'>syncml:auth-md5</Type>\
         </Meta><Data>{}</Data></Cred>",
        hash.md5(&nonce(&challenged))
    );
    let body = [status(3, 1, 0, "SyncHdr", 200), PACKAGE_1.to_owned()].concat();
    let decision = post(&mut known, 2, message(2, &cred, &body, true));
    assert!(received(&decision).opening.is_some());
    let end = order(&mut known, 2, Vec::new());
    assert_eq!(shape(&answer(&end)), ["SyncHdr 212", "Alert 200", "Replace 200", "Final"]);
    assert!(matches!(&end[1], Action::SaveNonce { nonce: saved, .. } if *saved == nonce(&end)));

    let refused = post(&mut unknown, 2, message(2, &cred, &body, true));
    assert_eq!(shape(&answer(&refused)), ["SyncHdr 401", "Alert 401", "Replace 401", "Final"]);
}

#[test]
fn a_large_value_goes_in_chunks() {
    let mut server = server(config());
    let header = "<Meta><MaxMsgSize xmlns='syncml:metinf'>700</MaxMsgSize>\
        <MaxObjSize xmlns='syncml:metinf'>5000</MaxObjSize></Meta>";
    post(&mut server, 1, message(1, header, PACKAGE_1, true));
    let value: String = (0..1000).map(|number: u32| char::from(b'a' + u8::try_from(number % 26).unwrap())).collect();
    let orders = vec![
        Order::new(1, Command::replace("./Big", Content::from("x".repeat(5001)))),
        Order::new(2, Command::replace("./Large", Content::from(value.clone()))),
        Order::new(3, Command::get("./After")),
    ];
    let mut step = order(&mut server, 1, orders);
    assert_eq!(outcomes(&step)[0].result.fate, Fate::NotSent(NotSent::TooLargeObject));
    let (mut whole, mut id) = (String::new(), 1);
    loop {
        assert!(response(&step).body.len() <= 700);
        let sent = answer(&step);
        let chunk = sent.commands.iter().find(|command| command.name() == Some("Replace"));
        let (mut body, more) = match chunk {
            Some(command) => {
                let item = &command.items()[0];
                let size = item.meta.as_ref().and_then(|meta| meta.size()).and_then(|size| size.number());
                assert_eq!(size, whole.is_empty().then_some(1000));
                whole.push_str(item.data.as_ref().unwrap().as_text().unwrap());
                let cmd_ref: u32 = command.cmd_id().unwrap().number().unwrap();
                let code = if item.more_data { 213 } else { 200 };
                (status(2, id, cmd_ref, "Replace", code), item.more_data)
            }
            None => (String::new(), true),
        };
        assert_eq!(sent.is_final, !more);
        if more {
            body.push_str("<Alert><CmdID>3</CmdID><Data>1222</Data></Alert>");
        }
        let msg_ref = id;
        id += 1;
        let body = [status(1, msg_ref, 0, "SyncHdr", 212), body].concat();
        step = post(&mut server, id.into(), message(id, "", &body, !more));
        if !more {
            break;
        }
    }
    assert_eq!(whole, value);
    assert!(id > 3);
    assert_eq!((outcomes(&step)[0].id.0, outcomes(&step)[0].result.status()), (2, Some(StatusCode::OK)));
    assert_eq!(received(&step).waiting, 1);
    let next = order(&mut server, id.into(), Vec::new());
    assert_eq!(shape(&answer(&next)), ["SyncHdr 212", "Get", "Final"]);
}

#[test]
fn results_come_in_chunks() {
    let mut server = server(config());
    post(&mut server, 1, message(1, "", PACKAGE_1, true));
    order(&mut server, 1, vec![Order::new(1, Command::get("./L"))]);
    let chunk = |size: &str, data: &str, more: &str| {
        format!(
            "<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./L</LocURI></Source>\
             {size}<Data>{data}</Data>{more}</Item></Results>"
        )
    };
    let size = "<Meta><Size xmlns='syncml:metinf'>6</Size></Meta>";
    let body = [status(1, 1, 0, "SyncHdr", 200), status(2, 1, 4, "Get", 200), chunk(size, "abc", "<MoreData/>")];
    let first = post(&mut server, 2, message(2, "", &body.concat(), false));
    assert_eq!(shape(&answer(&first)), ["SyncHdr 212", "Results 213", "Alert 1222"]);
    let body = [status(1, 2, 0, "SyncHdr", 200), chunk("", "def", "")].concat();
    let last = post(&mut server, 3, message(3, "", &body, true));
    assert_eq!(outcomes(&last)[0].result.leaves[0].content.data.as_str(), Some("abcdef"));
}

#[test]
fn an_abort_of_the_host_takes_the_place_of_1222() {
    let mut server = server(config());
    post(&mut server, 1, message(1, "", PACKAGE_1, true));
    order(&mut server, 1, vec![Order::new(1, Command::get("./L"))]);
    server.handle(Timestamp::from_millis(0), Event::Abort).unwrap();
    assert!(!server.is_closed());
    let last = post(&mut server, 2, message(2, "", &status(1, 1, 0, "SyncHdr", 200), false));
    assert_eq!(shape(&answer(&last)), ["SyncHdr 212", &format!("Alert {}", AlertCode::SESSION_ABORT), "Final"]);
    assert_eq!(outcomes(&last)[0].result.fate, Fate::Unknown);
    assert!(is_over(&last, Reason::Aborted));
}

#[test]
fn windows_is_sent_what_it_has() {
    let mut server = server(config().with_profile(Profile::Windows).with_max_msg_size(Some(2048)));
    post(&mut server, 1, message(1, "", PACKAGE_1, true));
    let orders = vec![
        Order::new(1, Command::copy("./A", "./B")),
        Order::new(2, Command::get("/Bad")),
        Order::new(3, Command::get("./Vendor/MSFT")),
    ];
    let sent = order(&mut server, 1, orders);
    let fates: Vec<Fate> = outcomes(&sent).iter().map(|outcome| outcome.result.fate).collect();
    assert_eq!(fates, [Fate::NotSent(NotSent::Profile); 2]);
    let sent = answer(&sent);
    assert_eq!(shape(&sent), ["SyncHdr 212", "Alert 200", "Replace 200", "Get", "Final"]);
    assert_eq!(sent.header.meta, None);
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_holds_no_password() {
    use dm_session::dm1::Identity;

    let credentials = Credentials::new("srv", &Secret::new("srvpassword"));
    let identity = Identity::new(credentials).with_first(Scheme::Basic).with_weakest(Scheme::Basic);
    let config = config().with_identity(identity);
    let mut node = server(config.clone());
    post(&mut node, 1, message(1, "", PACKAGE_1, true));
    let event = Event::Orders { id: RequestId(1), orders: vec![Order::new(1, Command::get("./A"))] };
    node.handle(Timestamp::from_millis(0), event).unwrap();
    let stored = serde_json::to_string(&node.snapshot()).unwrap();
    let body: Vec<String> = "c3J2OnNydnBhc3N3b3Jk".bytes().map(|byte| byte.to_string()).collect();
    assert!(!stored.contains("srvpassword") && !stored.contains(&body.join(",")));
    let mut other = Server::restore(config, serde_json::from_str(&stored).unwrap()).unwrap();
    let sent = actions(&mut other);
    let message = answer(&sent);
    assert_eq!(message.header.cred.as_ref().unwrap().data.as_text(), Some("c3J2OnNydnBhc3N3b3Jk"));
    assert_eq!(actions(&mut node), sent);
}
