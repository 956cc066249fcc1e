//! What went wrong once with sessions of DM 1.2.
#![cfg(all(feature = "dm1", feature = "serde"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use dm_notification::dm1::SessionId;
use dm_session::dm1::{
    AlertItem, AlertQueue, Client, ClientAlert, ClientConfig, Credentials, Demand, Identity, Limits, Order, Scheme,
    Server, ServerConfig, client, server,
};
use dm_session::tree::dm1::{self as tree, Command, DevInfo, Reply};
use dm_session::tree::{MoTree, TreeConfig};
use dm_session::{Random, RequestId, Secret, Timestamp};
use dm_syncml::{CredentialHash, Message, Nonce, StatusCode};
use server::{Action, Event};

const DEVICE: &str = "IMEI:350000000000017";
const URI: &str = "https://dm.example/";

fn now() -> Timestamp {
    Timestamp::from_millis(0)
}

// --- both machines --------------------------------------------------------------------------------------------------

/// What came of orders between two machines with the limits that they have by themselves: how many were done, and how
/// many values they brought.
fn run(nodes: usize, orders: Vec<Order>, alerts: AlertQueue) -> (client::Closed, usize, usize) {
    let random = || Random::from([7; 32]);
    let start = client::Start::Local { session_id: SessionId::new(1).unwrap() };
    let mut tree = MoTree::new(TreeConfig::new(1).with_dm1(tree::Config::new())).unwrap();
    let local = |command, tree: &mut MoTree| tree::run(tree, &tree::Request::local(command), &mut |_| Reply::Done);
    for command in DevInfo::new(DEVICE, "Example", "1").commands() {
        local(command, &mut tree);
    }
    for number in 0..nodes {
        local(Command::add(format!("./V/n{number}"), "1"), &mut tree);
    }
    local(Command::replace("./V?prop=ACL", "Get=*"), &mut tree);
    let config = ClientConfig::new(DEVICE, "dm.example", URI);
    let mut client = Client::start(config, start, alerts, now()).unwrap();
    let mut server = Server::start(ServerConfig::new("dm.example", URI), now()).unwrap();
    let mut requests = 0;
    let (mut orders, mut done, mut values) = (Some(orders), 0, 0);
    while let Some(action) = client.poll_action() {
        let event = match action {
            client::Action::Post { id, request } => {
                let mut answer = None;
                requests += 1;
                let request = Event::Request { id: RequestId(requests), request, random: random() };
                server.handle(now(), request).unwrap();
                while let Some(action) = server.poll_action() {
                    match action {
                        Action::Decide { id, .. } => {
                            let orders = orders.take().unwrap_or_default();
                            server.handle(now(), Event::Orders { id, orders }).unwrap();
                        }
                        Action::Outcome(outcome) => {
                            done += usize::from(outcome.result.is_done());
                            values += outcome.result.leaves.len();
                        }
                        Action::Respond { response, .. } => answer = Some(response),
                        _ => {}
                    }
                }
                client::Event::Response { id, response: answer.unwrap(), random: random() }
            }
            client::Action::Manage { id, request } => {
                client::Event::Managed { id, answer: tree::run(&mut tree, &request, &mut |_| Reply::Done) }
            }
            client::Action::Closed(closed) => return (closed, done, values),
            _ => continue,
        };
        client.handle(now(), event).unwrap();
    }
    panic!("no end")
}

#[test]
fn results_had_more_items_than_a_parser_takes() {
    let orders = vec![Order::new(1, Command::get("./V?list=StructData"))];
    let (closed, done, values) = run(5000, orders, AlertQueue::new());
    assert_eq!((closed.reason, done, values), (client::Reason::Ended, 1, 5001));
}

#[test]
fn packages_had_more_commands_than_a_parser_takes() {
    for count in [3000, 4096] {
        let orders = (0..count).map(|id| Order::new(id, Command::get("./DevInfo/Man"))).collect();
        let (closed, done, _) = run(0, orders, AlertQueue::new());
        assert_eq!((closed.reason, done), (client::Reason::Ended, usize::try_from(count).unwrap()));
    }
}

#[test]
fn an_answer_to_as_many_commands_as_a_message_has_could_not_ask_for_more() {
    let mut alerts = AlertQueue::with_capacity(3000);
    for number in 0..3000 {
        alerts.push(ClientAlert::generic(AlertItem::new("com.example.event", number.to_string()))).unwrap();
    }
    let (closed, ..) = run(0, Vec::new(), alerts);
    assert_eq!((closed.reason, closed.alerts.len()), (client::Reason::Ended, 0));
}

// --- a server by hand ----------------------------------------------------------------------------------------------

fn started(config: ClientConfig, alerts: AlertQueue) -> Client {
    let start = client::Start::Local { session_id: SessionId::new(1).unwrap() };
    let mut client = Client::start(config, start, alerts, now()).unwrap();
    let Some(client::Action::Manage { id, .. }) = client.poll_action() else { panic!("no request") };
    let mut answer = tree::Answer::new(StatusCode::OK);
    let value = tree::Data::Text(DEVICE.into());
    answer.results = vec![tree::ResultItem::new("./DevInfo/DevId").with_data(value)];
    client.handle(now(), client::Event::Managed { id, answer }).unwrap();
    client
}

fn posted(client: &mut Client) -> (dm_session::EffectId, String) {
    let actions = core::iter::from_fn(|| client.poll_action());
    let found = actions.into_iter().find_map(|action| match action {
        client::Action::Post { id, request } => Some((id, String::from_utf8(request.body).unwrap())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing was sent: {client:?}"))
}

fn answer(client: &mut Client, id: dm_session::EffectId, msg_id: u32, meta: &str, body: &str) {
    let text = format!(
        "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>1</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>{DEVICE}</LocURI></Target>\
         <Source><LocURI>{URI}</LocURI></Source>{meta}</SyncHdr><SyncBody>{body}<Final/></SyncBody></SyncML>"
    );
    let response = dm_session::http::Response::new(200)
        .with_header("Content-Type", "application/vnd.syncml.dm+xml")
        .with_body(text.into_bytes());
    let random = Random::from([u8::try_from(msg_id).unwrap(); 32]);
    client.handle(now(), client::Event::Response { id, response, random }).unwrap();
}

fn header_status(msg_ref: u32, status: u32) -> String {
    format!(
        "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>{status}</Data>\
         </Status>"
    )
}

fn max_msg_size(bytes: u32) -> String {
    format!("<Meta><MaxMsgSize xmlns='syncml:metinf'>{bytes}</MaxMsgSize></Meta>")
}

fn config() -> ClientConfig {
    ClientConfig::new(DEVICE, "dm.example", URI)
}

fn closed(client: &mut Client) -> Option<client::Closed> {
    core::iter::from_fn(|| client.poll_action()).find_map(|action| match action {
        client::Action::Closed(closed) => Some(closed),
        _ => None,
    })
}

#[test]
fn an_abort_used_up_the_msg_id_of_a_message_that_never_left() {
    let mut client = started(config(), AlertQueue::new());
    client.handle(now(), client::Event::Abort).unwrap();
    assert_eq!(closed(&mut client).map(|closed| closed.reason), Some(client::Reason::Aborted));

    let mut client = started(config(), AlertQueue::new());
    let (id, _) = posted(&mut client);
    let get = "<Get><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>";
    answer(&mut client, id, 1, "", &(header_status(1, 212) + get));
    let Some(client::Action::Manage { id, .. }) = client.poll_action() else { panic!("{client:?}") };
    let answer = tree::Answer::new(StatusCode::NOT_FOUND);
    client.handle(now(), client::Event::Managed { id, answer }).unwrap();
    client.handle(now(), client::Event::Abort).unwrap();
    let (_, body) = posted(&mut client);
    assert!(body.contains("<MsgID>2</MsgID>") && body.contains("1223"), "{body}");
}

/// The nonce that is made for the message of this number.
fn issued(message: u8) -> Nonce {
    Nonce::new([message; 16]).unwrap()
}

fn one_alert(len: usize) -> AlertQueue {
    let mut queue = AlertQueue::new();
    queue.push(ClientAlert::generic(AlertItem::new("com.example.event", "x".repeat(len)))).unwrap();
    queue
}

#[test]
fn alerts_never_reached_a_server_that_has_to_be_challenged() {
    let own = Credentials::new("srv", &Secret::new("server-pw"));
    let mut client = started(config().with_demand(Demand::new(Scheme::Md5, own.clone())), one_alert(1));
    let (id, _) = posted(&mut client);
    let ok = |msg_ref: u32, cmd_ref: u32, cmd| {
        format!(
            "<Status><CmdID>{}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd>\
             <Data>200</Data></Status>",
            cmd_ref + 1
        )
    };
    let all = header_status(1, 212) + &ok(1, 1, "Alert") + &ok(1, 2, "Replace") + &ok(1, 3, "Alert");
    answer(&mut client, id, 1, "", &all);
    let (id, body) = posted(&mut client);
    assert!(body.contains("<Chal>") && body.contains("com.example.event"), "{body}");
    let parsed = Message::parse(body.as_bytes()).unwrap();
    let alert = parsed.commands.iter().find(|command| matches!(command, dm_syncml::Command::Alert(_))).unwrap();
    let cmd_ref: u32 = alert.cmd_id().unwrap().as_str().parse().unwrap();
    let cred = CredentialHash::of("srv", &dm_syncml::Secret::new("server-pw")).md5(&issued(1));
    let cred = format!(
        "<Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type><Format xmlns='syncml:metinf'>b64</Format>\
         </Meta><Data>{}</Data></Cred>",
        cred
    );
    answer(&mut client, id, 2, &cred, &(header_status(2, 212) + &ok(2, cmd_ref, "Alert")));
    let closed = closed(&mut client).unwrap();
    assert_eq!((closed.reason, closed.alerts.len()), (client::Reason::Ended, 0));
}

#[test]
fn a_server_that_nobody_knows_took_an_alert_out_of_the_queue() {
    let own = Credentials::new("srv", &Secret::new("server-pw"));
    let mut client = started(config().with_demand(Demand::new(Scheme::Md5, own)), one_alert(2000));
    let (id, _) = posted(&mut client);
    let sizes = "<Meta><MaxMsgSize xmlns='syncml:metinf'>900</MaxMsgSize>\
        <MaxObjSize xmlns='syncml:metinf'>100</MaxObjSize></Meta>";
    answer(&mut client, id, 1, sizes, &header_status(1, 212));
    let (_, body) = posted(&mut client);
    assert!(body.contains("<Chal>") && !body.contains("com.example.event"), "{body}");
    assert_eq!(client.alerts().len(), 1);
}

#[test]
fn statuses_for_a_server_that_never_takes_them_piled_up() {
    let limits = Limits::DEFAULT;
    let mut client = started(config().with_limits(limits), AlertQueue::new());
    let (mut id, _) = posted(&mut client);
    let command = "<Put><CmdID>2</CmdID><Item><Data>x</Data></Item></Put>";
    let mut most = 0;
    for msg_id in 1..30 {
        answer(&mut client, id, msg_id, &max_msg_size(900), &(header_status(msg_id, 212) + &command.repeat(1000)));
        most = most.max(serde_json::to_string(&client.snapshot()).unwrap().len());
        match client.poll_action() {
            Some(client::Action::Post { id: next, .. }) => id = next,
            _ => break,
        }
    }
    assert!(most < 1_500_000, "{most}");
}

#[test]
fn debug_told_what_was_sent() {
    let own = Credentials::new("dev", &Secret::new("pw"));
    let client = started(config().with_identity(Identity::new(own).with_first(Scheme::Md5)), AlertQueue::new());
    let text = format!("{client:?}");
    assert!(text.len() < 300, "{text}");
}
