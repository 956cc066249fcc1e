//! The conformance rows of DM 2.0 that whole sessions show, client and server, named by their ids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/world.rs"]
mod world;

use core::time::Duration;

use dm_notification::{ConType, Notification};
use dm_package::{Alert, Command, Json, Mark, Package1, Package3, StatusCode, Strictness, media};
use dm_session::dm2::client::{Reason, Start};
use dm_session::dm2::server::{Action, Content, Event, Initiator, Random};
use dm_session::dm2::{AlertQueue, DefaultFetch, EXEC_RESULT, Fetched, MosPolicy, Server, Support};
use dm_session::http::{Method, Response};
use dm_session::tree::{DEV_INFO, Rights, Store};
use world::*;

const ONE: &str = "urn:example:mo:app:1.0/1";
const REPO: &str = "https://repo.example/data";

fn commands(list: &str) -> Vec<Command<'static>> {
    dm_package::Package2::parse(format!("{{\"CMD\":[{list}]}}").as_bytes()).unwrap().into_owned().commands
}

fn notify(world: &mut World, req_mos: bool, seed: u8) -> Vec<u8> {
    let mut server = Server::start(world.server_config.clone(), Vec::new(), world.time()).unwrap();
    let event = Event::Notify { con_type: ConType::Cellular, req_mos, random: Random::from([seed; 32]) };
    server.handle(world.time(), event).unwrap();
    let Some(Action::SendNotification(bytes)) = server.poll_action() else { panic!("a notification") };
    world.server = Some(server);
    bytes
}

fn package1(world: &World) -> Package1<'static> {
    Package1::parse(&world.posts[0].body).unwrap().into_owned()
}

fn started(world: &World) -> (Option<Initiator>, bool) {
    match &world.received[0].content {
        Content::Initiation { start, notified, .. } => (*start, *notified),
        other => panic!("{other:?}"),
    }
}

// --- 001: the flow ---------------------------------------------------------------------------------

#[test]
fn dm_pack_001_c_m_follows_the_package_flow() {
    let get = format!(r#"["GET","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&get, &get]);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    let types: Vec<_> = world.posts.iter().map(|post| post.headers.get("Content-Type").unwrap()).collect();
    assert_eq!(types, [media::INITIATION, media::RESPONSE, media::RESPONSE], "P2 with END has no P3");
}

#[test]
fn dm_pack_001_s_m_follows_the_package_flow() {
    let get = format!(r#"["GET","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&get]);
    world.session(Start::Local);
    assert_eq!(world.received.len(), 2, "one decision for P1, one for P3");
    let server = world.server.as_mut().unwrap();
    assert!(server.is_closed());
    let late = world.posts[1].clone();
    let event =
        Event::Request { id: dm_session::dm2::server::RequestId(99), request: late, random: Random::from([9; 32]) };
    server.handle(dm_session::Timestamp::from_millis(0), event).unwrap();
    let Some(Action::Respond { response, .. }) = server.poll_action() else { panic!("a refusal") };
    assert_eq!(response.status, 403, "after END nothing more is accepted for that token");
}

// --- 002 to 010: notifications as a session sees them --------------------------------------------------

#[test]
fn dm_pack_002_c_o_a_notification_starts_a_session() {
    let mut world = World::new();
    let bytes = notify(&mut world, false, 1);
    let mut wrong = bytes.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(world.notified(&wrong), None);
    let start = world.notified(&bytes).unwrap();
    assert_eq!(world.session(start), Reason::Ended);
    assert_eq!(world.posts[0].uri, ENDPOINT);
}

#[test]
fn dm_pack_002_s_m_produces_a_notification_on_demand() {
    let mut world = World::new();
    let bytes = notify(&mut world, true, 1);
    assert!(Notification::parse_with(&bytes, dm_notification::Strictness::Strict, &Default::default()).is_ok());
}

#[test]
fn dm_pack_005_c_m_server_id_selects_the_account() {
    let mut world = World::new();
    world.server_config.server_id = "other.example".into();
    let bytes = notify(&mut world, false, 1);
    assert_eq!(world.notified(&bytes), None);
}

#[test]
fn dm_pack_005_s_m_server_id_is_the_accounts() {
    let mut world = World::new();
    let bytes = notify(&mut world, false, 1);
    assert_eq!(
        Notification::parse(&bytes).unwrap().server_id(),
        Some(&*world.tree.account(SERVER_ID).unwrap().server_id)
    );
}

#[test]
fn dm_pack_007_c_o_the_notification_id_is_echoed_and_duplicates_start_nothing() {
    let mut world = World::new();
    let bytes = notify(&mut world, false, 0x12);
    let start = world.notified(&bytes).unwrap();
    assert_eq!(world.notified(&bytes), None);
    world.session(start);
    assert_eq!(package1(&world).alerts[0].notification_id(), Some(0x1212));
}

#[test]
fn dm_pack_007_s_m_a_resend_keeps_the_id_and_the_alert_correlates() {
    let mut world = World::new();
    let first = notify(&mut world, false, 0x12);
    let server = world.server.as_mut().unwrap();
    let due = server.poll_timeout().unwrap();
    server.handle(due, Event::Tick).unwrap();
    let Some(Action::SendNotification(second)) = server.poll_action() else { panic!("again") };
    let id = |bytes: &[u8]| Notification::parse(bytes).unwrap().notification_id();
    assert_eq!(id(&first), id(&second));
    let start = world.notified(&second).unwrap();
    assert_eq!(world.notified(&first), None, "the device sees one of them");
    world.session(start);
    assert_eq!(started(&world), (Some(Initiator::Server(Some(0x1212))), true));
}

#[test]
fn dm_pack_009_c_o_an_old_notification_starts_nothing() {
    let mut world = World::new();
    let bytes = notify(&mut world, false, 1);
    world.now += 301_000;
    assert_eq!(world.notified(&bytes), None);
}

#[test]
fn dm_pack_010_c_m_req_mos_brings_the_mos() {
    for req_mos in [true, false] {
        let mut world = World::new();
        let bytes = notify(&mut world, req_mos, 1);
        let start = world.notified(&bytes).unwrap();
        world.session(start);
        assert_eq!(package1(&world).mos.is_some(), req_mos);
    }
}

#[test]
fn dm_pack_010_s_m_the_mos_asked_for_are_consumed() {
    let mut world = World::new();
    let bytes = notify(&mut world, true, 1);
    let start = world.notified(&bytes).unwrap();
    world.session(start);
    let Content::Initiation { mos: Some(mos), .. } = &world.received[0].content else { panic!("MOS") };
    assert!(mos.iter().any(|item| item.moid == DEV_INFO));
}

// --- 011 to 013: packages ---------------------------------------------------------------------------------

#[test]
fn dm_pack_011_c_m_package_1() {
    let mut world = World::new();
    world.config = world.config.clone().with_mos(MosPolicy::Always);
    let destination = dm_session::dm2::Destination { server_id: SERVER_ID.into(), server_uri: None };
    world.outbox.push(destination, Alert::new("x:queued")).unwrap();
    world.session(Start::Local);
    let post = &world.posts[0];
    assert_eq!((post.method, post.uri.as_str()), (Method::Post, ENDPOINT));
    assert_eq!(post.headers.get("Content-Type"), Some(media::INITIATION));
    assert_eq!(post.headers.get("OMADM-DevID"), world.tree.dev_id());
    let package = package1(&world);
    let mut listed: Vec<(String, Vec<String>)> = Vec::new();
    for item in package.mos.unwrap() {
        assert!(item.ddf.is_some(), "items have DDF, MOID and MIID");
        listed.push((item.moid.as_str().into(), item.miids.iter().map(|miid| miid.as_str().into()).collect()));
    }
    listed.sort();
    // Provisioned MOIDs only, and of their instances those with any permission.
    assert_eq!(listed, [(APP.into(), vec!["1".into()]), (DEV_INFO.into(), vec!["1".into()])]);
    let types: Vec<_> = package.alerts.iter().map(|alert| alert.alert_type.as_str()).collect();
    assert_eq!(types, ["urn:oma:at:dm:2.0:ClientInitiatedMgmt", "x:queued"]);
}

#[test]
fn dm_pack_011_s_m_package_1_is_accepted_or_refused_by_its_headers() {
    let mut world = World::new();
    world.session(Start::Local);
    let good = world.posts[0].clone();
    let mut cases = vec![(good.clone(), 200)];
    let mut case = |name: &str, value: Option<&str>, status| {
        let mut request = good.clone();
        request.headers.remove(name);
        if let Some(value) = value {
            request.headers.push(name, value);
        }
        cases.push((request, status));
    };
    case("OMADM-DevID", None, 400);
    case("Content-Type", Some("text/plain"), 415);
    case("Accept", Some("text/plain"), 406);
    case("Accept", None, 200);
    for (request, status) in cases {
        let mut server = Server::start(world.server_config.clone(), Vec::new(), world.time()).unwrap();
        let id = dm_session::dm2::server::RequestId(1);
        server.handle(world.time(), Event::Request { id, request, random: Random::from([1; 32]) }).unwrap();
        let answered = match server.poll_action().unwrap() {
            Action::Decide { .. } => 200,
            Action::Respond { response, .. } => response.status,
            other => panic!("{other:?}"),
        };
        assert_eq!(answered, status);
    }
}

#[test]
fn dm_pack_012_c_m_commands_run_in_their_order_and_duplicates_twice() {
    let list = format!(
        r#"["SHOW","https://ui.example/1"],["HGET","{REPO}","{ONE}/Name"],17,["EXEC","{ONE}/Run"],["SHOW","https://ui.example/1"]"#
    );
    let mut world = World::new().script(&[]).serve(REPO, "text/plain", "two");
    world.script.push_back(vec![Command::End]);
    world.script.clear();
    // A malformed entry cannot come from the server's builder; the client meets it in the raw package.
    let mut client = raw_client(&mut world, &list);
    let statuses = drive_raw(&mut world, &mut client);
    assert_eq!(statuses, [200, 200, 400, 200, 200]);
    let exec = format!("EXEC {ONE}/Run");
    let get = format!("GET {REPO}");
    assert_eq!(world.order, ["SHOW https://ui.example/1", &*get, &*exec, "SHOW https://ui.example/1"]);
    assert_eq!(world.value("Name").as_deref(), Some("two"));
}

/// A client that has just got this Package#2.
fn raw_client(world: &mut World, list: &str) -> dm_session::dm2::Client {
    use dm_session::dm2::client::{Action, Event};
    let mut client =
        dm_session::dm2::Client::start(world.config.clone(), Start::Local, AlertQueue::new(), world.time()).unwrap();
    let Some(Action::Post { id, .. }) = client.poll_action() else { panic!("Package#1") };
    let response = Response::new(200)
        .with_header("Content-Type", media::REQUEST)
        .with_body(format!("{{\"CMD\":[{list}]}}").into_bytes());
    client.handle(world.time(), Event::Response { id, response }).unwrap();
    client
}

/// Carries everything out until Package#3 leaves: its statuses.
fn drive_raw(world: &mut World, client: &mut dm_session::dm2::Client) -> Vec<u16> {
    use dm_session::dm2::client::{Action, Event};
    loop {
        let event = match client.poll_action().unwrap() {
            Action::Post { request, .. } => {
                let package = Package3::parse(&request.body).unwrap();
                return package.statuses.iter().map(|status| status.sc.as_u16()).collect();
            }
            Action::Manage { id, operation } => Event::Managed { id, outcome: world.tree.manage(&operation) },
            Action::Transfer { id, request } => {
                world.order.push(format!("{} {}", request.method.as_str(), request.uri));
                Event::Transferred { id, response: world.repository.get(&request.uri).unwrap().clone() }
            }
            Action::Execute { id, execution } => {
                world.order.push(format!("EXEC {}", execution.client_uri));
                Event::Executed { id, result: StatusCode::OK.into() }
            }
            Action::Launch { id, uri } => {
                world.order.push(format!("SHOW {uri}"));
                Event::Launched { id, status: StatusCode::OK }
            }
            other => panic!("{other:?}"),
        };
        client.handle(world.time(), event).unwrap();
    }
}

#[test]
fn dm_pack_012_s_m_package_2_answers_package_1_and_package_3() {
    let get = format!(r#"["GET","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&get, &get]);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    // The client takes nothing but 200 with the right type and an array of arrays, so it saw three.
    assert_eq!(world.posts.len(), 3);
}

#[test]
fn dm_pack_013_c_m_one_status_for_each_command_in_order() {
    let list = format!(r#"["GET","{ONE}/Name"],["NOSUCH","x"],["DELETE","{ONE}/Serial"],["GET","{ONE}/none"]"#);
    let mut world = World::new();
    let mut client = raw_client(&mut world, &list);
    assert_eq!(drive_raw(&mut world, &mut client), [200, 501, 405, 404]);
    let mut world = World::new().script(&[r#"["SHOW","https://ui.example/"]"#]);
    world.session(Start::Local);
    assert_eq!(world.posts[1].headers.get("OMADM-DevID"), Some(DEVICE));
    assert_eq!(world.posts.len(), 2, "none after END");
}

#[test]
fn dm_pack_013_s_m_statuses_are_paired_by_position() {
    let list = format!(r#"["GET","{ONE}/Name"],["HGET","{REPO}"],["DELETE","{ONE}/Serial"]"#);
    let body = format!(r#"[{{"ClientURI":"{APP}/x/","MOData":{{"App":{{"Name":"new"}}}}}}]"#);
    let mut world = World::new().script(&[&list]).serve(REPO, media::MO, &body);
    world.session(Start::Local);
    let pairs: Vec<_> =
        world.results(0).iter().map(|(command, status)| (command.name(), status.unwrap().sc.as_u16())).collect();
    assert_eq!(pairs, [("GET", 200), ("HGET", 200), ("DELETE", 405)]);
    assert_eq!(world.results(0).statuses[1].uris.len(), 1, "the URI list is read");
}

// --- 014 to 023: the commands -----------------------------------------------------------------------------------

#[test]
fn dm_pack_014_c_m_hget_replaces_there_or_chooses_the_place() {
    let list = format!(r#"["HGET","{REPO}","{ONE}/Level"],["HGET","{REPO}/new"]"#);
    let leaf = format!(r#"[{{"ClientURI":"{ONE}/Level","MOData":{{"Level":"7"}}}}]"#);
    let new = format!(r#"[{{"ClientURI":"{APP}//","MOData":{{"App":{{"Name":"new","Level":2}}}}}}]"#);
    let mut world =
        World::new().script(&[&list]).serve(REPO, media::MO, &leaf).serve(&format!("{REPO}/new"), media::MO, &new);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200, 200]);
    assert_eq!(world.value("Level").as_deref(), Some("7"));
    let place = world.results(0).statuses[1].uris[0].as_str();
    let miid = place.strip_prefix(APP).unwrap().trim_matches('/');
    assert!(!["1", "private"].contains(&miid), "the client made the identifier");
    assert_eq!(world.tree.value(APP, miid, "Name").unwrap().text(), "new");
}

#[test]
fn dm_pack_014_c_m_a_failing_hget_leaves_the_tree_as_it_was() {
    let bodies = [
        format!(
            r#"[{{"ClientURI":"{ONE}/Name","MOData":{{"Name":"x"}}}},{{"ClientURI":"{ONE}/Level","MOData":{{"Level":"no number"}}}}]"#
        ),
        format!(
            r#"[{{"ClientURI":"{ONE}/Name","MOData":{{"Name":"x"}}}},{{"ClientURI":"{FOREIGN}/1/x","MOData":{{"x":"z"}}}}]"#
        ),
        format!(r#"[{{"ClientURI":"{ONE}/Name","MOData":{{"Name":"x"}}"#),
    ];
    for body in bodies {
        let mut world = World::new().script(&[&format!(r#"["HGET","{REPO}"]"#)]).serve(REPO, media::MO, &body);
        let before = world.tree.instances().count();
        world.session(Start::Local);
        assert!(world.statuses(0)[0] >= 400, "{body}");
        assert_eq!(world.value("Name").as_deref(), Some("one"), "{body}");
        assert_eq!(world.tree.instances().count(), before);
    }
}

fn uploaded(command: &str) -> World {
    let list = format!(r#"["{command}","{REPO}","{ONE}/Name","{DEV_INFO}/1/DevID"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    world
}

#[test]
fn dm_pack_015_c_m_hput_is_one_put_of_all_targets() {
    let world = uploaded("HPUT");
    assert_eq!(world.statuses(0), [200]);
    assert_eq!(world.uploads.len(), 1);
    let upload = &world.uploads[0];
    assert_eq!((upload.method, upload.uri.as_str()), (Method::Put, REPO));
    let data = dm_package::MoData::parse(&upload.body).unwrap();
    assert_eq!(data.items[0].mo_data.raw(), r#"{"Name":"one"}"#);
    assert_eq!(data.items[1].mo_data.raw(), format!(r#"{{"DevID":"{DEVICE}"}}"#));
}

#[test]
fn dm_pack_016_c_m_hpost_is_one_post_and_406_for_an_impossible_format() {
    let world = uploaded("HPOST");
    assert_eq!((world.statuses(0), world.uploads[0].method), (vec![200], Method::Post));
    let mut world = World::new().script(&[&format!(r#"["HPOST","{REPO}","{ONE}/Name"]"#)]);
    world.repository.insert(REPO.into(), Response::new(415).with_header("OMADM-Accept", "text/xml"));
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [406]);
}

#[test]
fn dm_pack_017_c_m_delete_removes_but_not_what_is_permanent() {
    let list =
        format!(r#"["DELETE","{ONE}/Serial"],["DELETE","{ONE}/Name"],["DELETE","{ONE}/Name"],["DELETE","{ONE}/"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [405, 200, 404, 200]);
    assert!(world.tree.instance(APP, "1").is_none());
}

#[test]
fn dm_pack_018_c_m_exec_runs_an_executable_node_only() {
    let list = format!(r#"["EXEC","{ONE}/Run"],["EXEC","{ONE}/Name"],["EXEC","{ONE}/none"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200, 405, 404]);
    assert_eq!(world.order, [format!("EXEC {ONE}/Run")]);
}

#[test]
fn dm_pack_019_c_o_get_of_leaf_and_subtree() {
    let list = format!(r#"["GET","{ONE}/Name"],["GET","{ONE}/"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    let data = |at: usize| world.results(0).statuses[at].data[0].mo_data.raw().to_owned();
    assert_eq!(data(0), r#"{"Name":"one"}"#);
    assert_eq!(data(1), r#"{"App":{"Name":"one","Level":1,"Serial":"S1"}}"#);
}

#[test]
fn dm_pack_019_c_o_get_unsupported_is_501() {
    let mut world = World::new().script(&[&format!(r#"["GET","{ONE}/Name"]"#)]);
    world.config = world.config.clone().with_support(Support::ALL.with_get(false));
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [501]);
}

#[test]
fn dm_pack_020_c_o_show_opens_the_browser_and_goes_on() {
    let list = format!(r#"["SHOW","https://ui.example/?id=9"],["EXEC","{ONE}/Run"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200, 200]);
    assert_eq!(world.browser, ["https://ui.example/?id=9"]);
}

#[test]
fn dm_pack_021_c_m_cont_moves_this_package_3_and_all_later_ones() {
    let there = "https://b.example/dm?key=1";
    let mut world = World::new().script(&[&format!(r#"["CONT","{there}"]"#), &format!(r#"["GET","{ONE}/Name"]"#)]);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    let uris: Vec<_> = world.posts.iter().map(|post| post.uri.as_str()).collect();
    assert_eq!(uris, [ENDPOINT, there, there]);
    world.session(Start::Local);
    assert_eq!(world.posts[3].uri, ENDPOINT, "the next session starts at SrvURI");
}

#[test]
fn dm_pack_022_c_m_end_runs_everything_and_sends_nothing() {
    let list = format!(r#"["HGET","{REPO}","{ONE}/Name"],["END"],["DELETE","{ONE}/Level"]"#);
    let mut world = World::new().serve(REPO, "text/plain", "two");
    let mut client = raw_client(&mut world, &list);
    use dm_session::dm2::client::{Action, Event};
    let closed = loop {
        let event = match client.poll_action().unwrap() {
            Action::Manage { id, operation } => Event::Managed { id, outcome: world.tree.manage(&operation) },
            Action::Transfer { id, request } => {
                Event::Transferred { id, response: world.repository.get(&request.uri).unwrap().clone() }
            }
            Action::Closed(closed) => break closed,
            other => panic!("{other:?}"),
        };
        client.handle(world.time(), event).unwrap();
    };
    assert_eq!(closed.reason, Reason::Ended);
    assert_eq!(world.value("Name").as_deref(), Some("two"));
    assert_eq!(world.value("Level"), None, "what stands behind END ran too");
}

#[test]
fn dm_pack_023_c_o_default_is_stored_replaced_and_used() {
    let mut world = World::new().script(&[
        &format!(r#"["DEFAULT","{REPO}/old","{APP}"]"#),
        &format!(r#"["DEFAULT","{REPO}","{APP}"],["DEFAULT","{REPO}","{FOREIGN}"]"#),
    ]);
    let body = format!(r#"[{{"ClientURI":"{APP}//","MOData":{{"App":{{"Name":"default"}}}}}}]"#);
    world
        .repository
        .insert(REPO.into(), Response::new(200).with_header("Content-Type", media::MO).with_body(body.into_bytes()));
    world.session(Start::Local);
    assert_eq!((world.statuses(0), world.statuses(1)), (vec![200], vec![200, 403]));
    let posts = world.posts.len();

    // There is an instance: the default is not used. Without one it is, and no server hears of it.
    assert_eq!(fetch(&mut world), Fetched::Nothing);
    for miid in ["1", "private"] {
        world.tree.delete(APP, miid, "").unwrap();
    }
    let Fetched::Stored(uris) = fetch(&mut world) else { panic!("it is there") };
    assert_eq!(uris.len(), 1);
    assert_eq!(world.tree.instances_of(APP).count(), 1);
    assert_eq!(world.posts.len(), posts);
}

fn fetch(world: &mut World) -> Fetched {
    use dm_session::dm2::client::{Action, Event};
    let mut fetch = DefaultFetch::start(world.config.clone(), APP, world.time()).unwrap();
    while let Some(action) = fetch.poll_action() {
        let event = match action {
            Action::Manage { id, operation } => Event::Managed { id, outcome: world.tree.manage(&operation) },
            Action::Transfer { id, request } => {
                Event::Transferred { id, response: world.repository.get(&request.uri).unwrap().clone() }
            }
            other => panic!("{other:?}"),
        };
        fetch.handle(world.time(), event).unwrap();
    }
    fetch.result().unwrap().clone()
}

/// A server that has sent these commands: the body of its Package#2.
fn issued(list: &str) -> String {
    let mut world = World::new();
    world.session(Start::Local);
    let request = world.posts[0].clone();
    let mut server = Server::start(world.server_config.clone(), Vec::new(), world.time()).unwrap();
    let id = dm_session::dm2::server::RequestId(1);
    server.handle(world.time(), Event::Request { id, request, random: Random::from([1; 32]) }).unwrap();
    let Some(Action::Decide { .. }) = server.poll_action() else { panic!("a decision") };
    server.handle(world.time(), Event::Commands { id, commands: commands(list) }).unwrap();
    let Some(Action::Respond { response, .. }) = server.poll_action() else { panic!("Package#2") };
    String::from_utf8(response.body).unwrap()
}

#[test]
fn dm_pack_014_s_m_issues_hget() {
    for list in [format!(r#"["HGET","{REPO}"]"#), format!(r#"["HGET","{REPO}","{ONE}/Name"]"#)] {
        assert_eq!(issued(&list), format!(r#"{{"CMD":[{list}]}}"#));
    }
}

#[test]
fn dm_pack_015_s_m_issues_hput() {
    let list = format!(r#"["HPUT","{REPO}","{ONE}/Name","{ONE}/Level"]"#);
    assert_eq!(issued(&list), format!(r#"{{"CMD":[{list}]}}"#));
}

#[test]
fn dm_pack_016_s_m_issues_hpost() {
    let list = format!(r#"["HPOST","{REPO}","{ONE}/Name"]"#);
    assert_eq!(issued(&list), format!(r#"{{"CMD":[{list}]}}"#));
}

#[test]
fn dm_pack_017_s_m_issues_delete_and_learns_405() {
    let mut world = World::new().script(&[&format!(r#"["DELETE","{ONE}/Serial"]"#)]);
    world.session(Start::Local);
    let (command, status) = world.results(0).iter().next().unwrap();
    assert_eq!((command.name(), status.unwrap().sc), ("DELETE", StatusCode::COMMAND_NOT_ALLOWED));
}

#[test]
fn dm_pack_018_s_m_issues_exec_and_tracks_202() {
    let mut world = World::new().script(&[&format!(r#"["EXEC","{ONE}/Run","{ENDPOINT}/report"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [202]);
    assert_eq!(world.outstanding.len(), 1);
    assert_eq!(world.outstanding[0].client_uri, format!("{ONE}/Run"));
}

#[test]
fn dm_pack_019_s_m_issues_get_and_understands_304() {
    let mut world = World::new().script(&[&format!(r#"["GET","{ONE}/"]"#)]);
    world.session(Start::Local);
    let cv = world.results(0).statuses[0].data[0].cv.clone().expect("a validator for the root").into_string();
    let mut world = world.script(&[&format!(r#"["GET","{ONE}/?cv={cv}"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(1), [304]);
    assert!(world.results(1).statuses[0].data.is_empty());
}

#[test]
fn dm_pack_020_s_m_issues_show() {
    let list = r#"["SHOW","https://ui.example/?id=9"]"#;
    assert_eq!(issued(list), format!(r#"{{"CMD":[{list}]}}"#));
}

#[test]
fn dm_pack_021_s_m_issues_cont_and_goes_on_at_the_new_endpoint() {
    let there = "https://b.example/dm?key=1";
    let list = format!(r#"["GET","{ONE}/Name"],["CONT","{there}"]"#);
    let mut world = World::new().script(&[&list, &format!(r#"["GET","{ONE}/Level"]"#)]);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    assert_eq!(world.statuses(0), [200, 200], "the statuses of the CONT package arrived there");
    assert_eq!(world.statuses(1), [200]);
}

#[test]
fn dm_pack_022_s_m_after_end_the_server_waits_for_nothing() {
    let mut world = World::new().script(&[&format!(r#"["DELETE","{ONE}/Name"],["END"]"#)]);
    world.session(Start::Local);
    let server = world.server.as_ref().unwrap();
    assert!(server.is_closed());
    assert_eq!(server.poll_timeout(), None);
    assert_eq!(world.value("Name"), None);
}

#[test]
fn dm_pack_023_s_m_issues_default() {
    let list = format!(r#"["DEFAULT","{REPO}","{APP}"]"#);
    assert_eq!(issued(&list), format!(r#"{{"CMD":[{list}]}}"#));
}

// --- 024 to 026: alerts and reporting ------------------------------------------------------------------------------

fn full_alert() -> Alert<'static> {
    Alert::new("urn:oma:at:example:1.0:Battery")
        .with_source_uri(format!("{ONE}/Level"))
        .with_mark(Mark::Warning)
        .with_data("application/json", Json::parse(r#"{"left":7}"#).unwrap().into_owned())
}

#[test]
fn dm_pack_024_c_m_alerts_in_package_1_and_package_3() {
    let mut world = World::new().script(&[r#"["SHOW","https://ui.example/"]"#]);
    let destination = dm_session::dm2::Destination { server_id: SERVER_ID.into(), server_uri: None };
    world.outbox.push(destination, full_alert()).unwrap();
    world.raise.push(Alert::new("x:late"));
    world.session(Start::Local);
    assert_eq!(package1(&world).alerts[1], full_alert());
    let package3 = Package3::parse(&world.posts[1].body).unwrap();
    assert_eq!(package3.alerts.len(), 1);
    assert_eq!(world.outbox.waiting().count(), 0, "no answer is expected, the next package is enough");
    let mut bad = full_alert();
    bad.data_type = None;
    assert!(AlertQueue::new().push(bad).is_err(), "Data needs DataType");
}

#[test]
fn dm_pack_024_s_m_alerts_are_delivered_and_never_answered() {
    let mut world = World::new().script(&[r#"["SHOW","https://ui.example/"]"#]);
    world.server_config = world.server_config.clone().with_alert_types(["urn:oma:at:example:1.0:Battery"]);
    let mut unmarked = full_alert();
    unmarked.mark = None;
    world.raise = vec![full_alert(), Alert::new("x:unknown"), unmarked];
    world.session(Start::Local);
    let alerts = &world.received[1].alerts;
    assert_eq!(alerts.len(), 2, "the unknown type is dropped silently");
    assert_eq!((alerts[0].effective_mark(), alerts[1].effective_mark()), (Mark::Warning, Mark::Informational));
}

#[test]
fn dm_pack_025_c_m_synchronous_reporting() {
    let list = format!(r#"["GET","{ONE}/Name"],["DELETE","{ONE}/Name"],["EXEC","{ONE}/Run"]"#);
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200, 200, 200]);
}

#[test]
fn dm_pack_025_s_m_final_codes_close_the_commands() {
    let mut world = World::new().script(&[&format!(r#"["EXEC","{ONE}/Run"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200]);
    assert!(world.outstanding.is_empty());
}

#[test]
fn dm_pack_026_c_m_asynchronous_reporting() {
    // With a ServerURI: always 202, and a session of its own to that URI.
    let report = format!("{ENDPOINT}/report");
    let mut world = World::new().script(&[&format!(r#"["EXEC","{ONE}/Run","{report}"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [202]);
    world.finish_executions();
    let waiting: Vec<_> = world.outbox.waiting().cloned().collect();
    assert_eq!(waiting[0].server_uri.as_deref(), Some(&*report));
    world.session(Start::Report { server_uri: report.clone() });
    let last = world.posts.last().unwrap();
    assert_eq!(last.uri, report);
    let package = Package1::parse(&last.body).unwrap();
    assert_eq!(package.alerts[1].alert_type, EXEC_RESULT);

    // Without one: 202 by the client's choice, and the alert in any later package to the same server.
    let mut world = World::new().script(&[&format!(r#"["EXEC","{ONE}/Run"]"#)]);
    world.execute = Execute::Later;
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [202]);
    world.finish_executions();
    world.session(Start::Local);
    let package = Package1::parse(&world.posts.last().unwrap().body).unwrap().into_owned();
    assert_eq!(package.alerts[1].source_uri.as_deref(), Some(&*format!("{ONE}/Run")));
}

#[test]
fn dm_pack_026_s_m_an_alert_closes_the_exec_in_a_later_session() {
    let report = format!("{ENDPOINT}/report");
    let mut world = World::new().script(&[&format!(r#"["EXEC","{ONE}/Run","{report}"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.outstanding.len(), 1);
    world.finish_executions();
    world.session(Start::Report { server_uri: report });
    let received = world.received.last().unwrap();
    assert_eq!(received.completed.len(), 1);
    assert_eq!(received.completed[0].status, Some(StatusCode::OK));
    assert!(world.outstanding.is_empty());
}

// --- the project's own rows -----------------------------------------------------------------------------------------

#[test]
fn x_sess_01_the_token_is_set_returned_and_rotated() {
    let get = format!(r#"["GET","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&get, &get]);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    let cookies: Vec<_> = world.posts.iter().map(|post| post.headers.get("Cookie")).collect();
    assert_eq!(cookies[0], None);
    assert!(cookies[1].unwrap().starts_with("OMADM-Session="));
    assert_ne!(cookies[1], cookies[2], "a new token with each Package#2");
    // A new session has a new jar.
    world.session(Start::Local);
    assert_eq!(world.posts[3].headers.get("Cookie"), None);
}

#[test]
fn x_sess_01_the_token_goes_neither_to_another_host_nor_to_the_repository() {
    let list = format!(
        r#"["HPUT","{REPO}","{ONE}/Name"],["HPUT","https://dm.example/dm/repo","{ONE}/Name"],["CONT","https://b.example/dm?key=1"]"#
    );
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    for upload in &world.uploads {
        assert_eq!(upload.headers.get("Cookie"), None, "{}", upload.uri);
    }
    assert_eq!(world.posts[1].headers.get("Cookie"), None);
}

#[test]
fn x_sess_01_a_wrong_token_is_refused() {
    let mut world = World::new().script(&[&format!(r#"["GET","{ONE}/Name"]"#)]);
    world.session(Start::Local);
    let mut forged = world.posts[1].clone();
    forged.headers.set("Cookie", format!("OMADM-Session={}", "0".repeat(64)));
    let mut server = Server::start(world.server_config.clone(), Vec::new(), world.time()).unwrap();
    let id = dm_session::dm2::server::RequestId(1);
    server.handle(world.time(), Event::Request { id, request: forged, random: Random::from([1; 32]) }).unwrap();
    assert!(matches!(server.poll_action(), Some(Action::Respond { response, .. }) if response.status == 403));
}

fn subscribed() -> World {
    let mut world = World::new().script(&[&format!(r#"["SUB","{REPO}","{ONE}/Level"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [200]);
    world
}

#[test]
fn x_sub_01_a_change_below_is_put_to_the_repository() {
    let mut world = subscribed();
    world.tree.set_value(APP, "1", "Name", "not subscribed").unwrap();
    world.report_changes();
    assert!(world.uploads.is_empty());
    world.tree.set_value(APP, "1", "Level", 5).unwrap();
    world.tree.set_value(APP, "1", "Level", 6).unwrap();
    world.report_changes();
    assert_eq!(world.uploads.len(), 1, "changes are reported together");
    assert_eq!((world.uploads[0].method, world.uploads[0].uri.as_str()), (Method::Put, REPO));
    let data = dm_package::MoData::parse(&world.uploads[0].body).unwrap();
    assert_eq!(data.items[0].mo_data.raw(), r#"{"Level":6}"#);
}

#[test]
fn x_sub_01_a_change_by_a_server_is_reported_too_and_415_retried_once() {
    let mut world = subscribed();
    world.repository.insert(REPO.into(), Response::new(415).with_header("OMADM-Accept", "application/json"));
    let source = "https://repo.example/level";
    let mut world = world
        .serve(source, media::MO, &format!(r#"[{{"ClientURI":"{ONE}/Level","MOData":{{"Level":9}}}}]"#))
        .script(&[&format!(r#"["HGET","{source}","{ONE}/Level"]"#)]);
    world.session(Start::Local);
    world.report_changes();
    let types: Vec<_> = world.uploads.iter().map(|upload| upload.headers.get("Content-Type").unwrap()).collect();
    assert_eq!(types, [media::MO, "application/json"]);
}

#[test]
fn x_sub_01_a_deleted_instance_is_reported_once_as_nothing() {
    let mut world = subscribed();
    world.tree.delete(APP, "1", "").unwrap();
    world.report_changes();
    world.report_changes();
    assert_eq!(world.uploads.len(), 1);
    assert_eq!(world.uploads[0].body, b"[]");
    assert_eq!(world.tree.subscriptions().count(), 0);
}

#[test]
fn x_sub_02_unsub_takes_the_same_text_alone() {
    let world = subscribed();
    let other = format!(
        r#"["UNSUB","{APP}/1/Level/"],["UNSUB","{APP}//Level"],["UNSUB","{ONE}/Level"],["UNSUB","{ONE}/Level"]"#
    );
    let mut world = world.script(&[&other]);
    world.session(Start::Local);
    assert_eq!(world.statuses(1), [404, 404, 200, 404]);
    world.tree.set_value(APP, "1", "Level", 5).unwrap();
    world.report_changes();
    assert!(world.uploads.is_empty());
}

#[test]
fn x_neg_01_each_outcome_of_the_negotiation() {
    // The server supports none of the client's Accept types: 406.
    let mut world = World::new();
    world.session(Start::Local);
    let mut request = world.posts[0].clone();
    request.headers.set("Accept", "text/plain");
    let refused = dm_session::dm2::server::route(&request, &world.server_config).unwrap_err();
    assert_eq!(refused.status, 406);
    // The server cannot read the client's body format: 415.
    request.headers.set("Content-Type", "text/plain");
    let refused = dm_session::dm2::server::route(&request, &world.server_config).unwrap_err();
    assert_eq!(refused.status, 415);
    // The repository demands formats that the client cannot produce: sc 406.
    let hput = format!(r#"["HPUT","{REPO}","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&hput]);
    world.repository.insert(REPO.into(), Response::new(415).with_header("OMADM-Accept", "text/xml"));
    world.session(Start::Local);
    assert_eq!(world.statuses(0), [406]);
}

#[test]
fn x_err_01_http_errors_abort_without_retry_and_alerts_stay() {
    use dm_session::dm2::client::{Action as Do, Event as Told};
    for status in [400, 404, 500, 503] {
        let mut queue = AlertQueue::new();
        queue.push(full_alert()).unwrap();
        let world = World::new();
        let mut client =
            dm_session::dm2::Client::start(world.config.clone(), Start::Local, queue, world.time()).unwrap();
        let Some(Do::Post { id, .. }) = client.poll_action() else { panic!("Package#1") };
        client.handle(world.time(), Told::Response { id, response: Response::new(status) }).unwrap();
        let Some(Do::Closed(closed)) = client.poll_action() else { panic!("one request only") };
        assert_eq!((closed.reason, closed.alerts.len()), (Reason::Http(status), 1));
        assert_eq!(client.poll_action(), None);
    }
}

#[test]
fn x_alert_01_exactly_one_session_start_alert() {
    let starts = [
        (Start::Local, Initiator::Client),
        (Start::Bootstrap, Initiator::Bootstrap),
        (Start::Notification { notification_id: Some(48879), req_mos: false }, Initiator::Server(Some(48879))),
        (Start::Notification { notification_id: None, req_mos: false }, Initiator::Server(None)),
    ];
    for (start, initiator) in starts {
        let mut world = World::new();
        world.session(start);
        let starts = package1(&world).alerts.iter().filter(|alert| alert.session_start().is_some()).count();
        assert_eq!(starts, 1);
        assert!(package1(&world).alerts[0].session_start().is_some(), "placed first");
        assert_eq!(started(&world).0, Some(initiator));
    }
}

#[test]
fn x_boot_01_the_first_session_after_a_bootstrap_says_so() {
    let mut world = World::new();
    let account = dm_session::tree::NewAccount::new("new.example", "https://new.example/dm", "New").with_moid(APP);
    world.tree.add_account(account).unwrap();
    let account = world.tree.account("new.example").unwrap();
    let config = dm_session::dm2::ClientConfig::new(
        dm_session::dm2::Account::new(account.server_id, account.server_uri),
        DEVICE,
    );
    let mut client = dm_session::dm2::Client::start(config, Start::Bootstrap, AlertQueue::new(), world.time()).unwrap();
    let Some(dm_session::dm2::client::Action::Post { request, .. }) = client.poll_action() else { panic!("Package#1") };
    assert_eq!(request.uri, "https://new.example/dm");
    let package = Package1::parse(&request.body).unwrap();
    assert_eq!(package.alerts[0].alert_type, "urn:oma:at:dm:2.0:BootstrapComplete");
}

#[test]
fn x_ac_01_rights_hold_in_a_session() {
    let private = format!("{APP}/private/Name");
    let list = format!(
        r#"["GET","{private}"],["GET","{FOREIGN}/1/x"],["GET","{APP}/*/Name"],["EXEC","{APP}/private/Run"],["HPUT","{REPO}","{private}"]"#
    );
    let mut world = World::new().script(&[&list]);
    world.session(Start::Local);
    assert_eq!(world.statuses(0)[1..], [403, 200, 403, 403]);
    assert!(matches!(world.statuses(0)[0], 403 | 404));
    assert_eq!(world.results(0).statuses[2].data.len(), 1, "the wildcard leaves out what is forbidden");
    assert!(world.uploads.is_empty());
    world.tree.grant(APP, "private", SERVER_ID, Rights::READ).unwrap();
    let mut world = world.script(&[&format!(r#"["GET","{private}"]"#)]);
    world.session(Start::Local);
    assert_eq!(world.statuses(1), [200]);
}

#[test]
fn x_mo_01_the_account_shows_no_secret_and_no_perm() {
    let moid = dm_session::tree::DM_ACCOUNT;
    let mut world = World::new();
    world.tree.provision(SERVER_ID, moid).unwrap();
    let miid = world.tree.account(SERVER_ID).unwrap().miid;
    let _ = world.tree.grant(moid, &miid, SERVER_ID, Rights::READ);
    let list = format!(
        r#"["GET","{moid}/{miid}/"],["GET","{moid}/{miid}/Perm"],["GET","{moid}/{miid}/Auth/Noti/Secret"],["HPUT","{REPO}","{moid}/*/*"]"#
    );
    let mut world = world.script(&[&list]);
    world.session(Start::Local);
    let mut seen: String = world.results(0).statuses[0].data.iter().map(|item| item.mo_data.raw()).collect();
    assert!(seen.contains(SERVER_ID));
    for upload in &world.uploads {
        seen.push_str(core::str::from_utf8(&upload.body).unwrap());
    }
    for hidden in ["Perm", "Secret", "s3cr3t", "czNjcjN0", APP] {
        assert!(!seen.contains(hidden), "{hidden} in {seen}");
    }
    for status in &world.statuses(0)[1..3] {
        assert!(*status >= 400);
    }
}

#[test]
fn a_session_in_strict_mode_runs_the_same() {
    let list = format!(r#"["GET","{ONE}/"],["EXEC","{ONE}/Run"],["DELETE","{ONE}/Name"]"#);
    let mut world = World::new().script(&[&list]);
    world.config = world.config.clone().with_strictness(Strictness::Strict);
    world.server_config = world.server_config.clone().with_strictness(Strictness::Strict);
    assert_eq!(world.session(Start::Local), Reason::Ended);
    assert_eq!(world.statuses(0), [200, 200, 200]);
}

#[test]
fn a_notification_that_brings_no_session_is_given_up() {
    let mut world = World::new();
    world.server_config = world.server_config.clone().with_resend(Duration::from_secs(1), 1);
    notify(&mut world, false, 1);
    let server = world.server.as_mut().unwrap();
    server.handle(server.poll_timeout().unwrap(), Event::Tick).unwrap();
    assert_eq!(server.poll_action(), Some(Action::NotificationUnanswered));
}
