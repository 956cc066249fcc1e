//! What was found wrong once. Each test is named for what has to hold instead.
#![cfg(feature = "serde")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod support;

use core::time::Duration;

use dm_package::{Alert, Command, Json, Mark, StatusCode};
use dm_session::Secret;
use dm_session::dm2::client::{self, Start};
use dm_session::dm2::{
    Account, AlertQueue, Client, ClientConfig, Destination, Limits, Outbox, Reporter, Server, ServerConfig, server,
};
use dm_session::http::{BasicCredentials, Response};
use dm_session::tree::Outcome;
use support::server as srv;
use support::*;

/// Alerts of this many bytes.
fn fat(count: usize, len: usize) -> AlertQueue {
    let mut queue = AlertQueue::new();
    for index in 0..count {
        let data = Json::parse(&format!(r#"{{"d":"{}"}}"#, "x".repeat(len))).unwrap().into_owned();
        queue.push(Alert::new(format!("x:{index}")).with_data("application/json", data)).unwrap();
    }
    queue
}

/// Whether the machine comes back from its stored form as it was.
fn stored(machine: &Server) -> bool {
    let text = serde_json::to_string(&machine.snapshot()).unwrap();
    serde_json::from_str::<server::Snapshot>(&text).unwrap() == machine.snapshot()
}

fn dest(n: usize) -> Destination {
    Destination { server_id: format!("s{n}"), server_uri: None }
}

#[test]
fn a_completed_execution_points_at_its_alert_among_those_that_are_kept() {
    let mut m = srv::start(srv::config().with_alert_types(["x:known"]));
    srv::request(&mut m, 1, srv::plain_p1());
    let _ = srv::decide(&mut m);
    let c = srv::cookie(&srv::choose(&mut m, &format!(r#"["EXEC","{NODE}"]"#)));
    let body = format!(
        r#"{{"Status":[{{"sc":202}}],"Alert":[{{"AlertType":"x:unknown"}},{{"AlertType":"urn:oma:at:dm:2.0:ExecResult","SourceURI":"{NODE}","DataType":"application/json","Data":{{"sc":200}}}}]}}"#
    );
    srv::request(&mut m, 2, srv::p3(&c, &body));
    let r = srv::decide(&mut m);
    assert!(r.completed[0].alert < r.alerts.len());
}

#[test]
fn an_outbox_larger_than_a_package_can_be_stored() {
    let mut o = Outbox::new();
    for a in fat(256, 5000).iter() {
        o.push(dest(0), a.clone()).unwrap();
    }
    let text = serde_json::to_string(&o).unwrap();
    let back = serde_json::from_str::<Outbox>(&text);
    assert!(back.is_ok());
}

#[test]
fn fat_alerts_leave_in_several_packages() {
    let mut client = Client::start(config(), Start::Local, fat(256, 5000), at(0)).unwrap();
    let mut rounds = 0;
    while !client.alerts().is_empty() {
        let request = answer(&mut client, p2(""));
        assert!(request.body.len() < 1 << 20, "{} bytes", request.body.len());
        rounds += 1;
    }
    assert!(rounds > 1);
    answer(&mut client, p2(r#"["END"]"#));
    assert!(closed(&mut client).alerts.is_empty());
}

#[test]
fn session_start_alerts_cannot_be_queued() {
    let mut queue = AlertQueue::new();
    assert!(queue.push(Alert::client_initiated()).is_err());
    let mut client = client_with("");
    assert!(client.handle(at(1), client::Event::Alert(Alert::bootstrap_complete())).is_err());
}

#[test]
fn an_alert_of_another_type_completes_nothing() {
    let (mut m, c) = srv::sent(srv::config(), &format!(r#"["EXEC","{NODE}"]"#));
    let body = format!(
        r#"{{"Status":[{{"sc":202}}],"Alert":[{{"AlertType":"urn:vendor:low-battery","SourceURI":"{NODE}"}}]}}"#
    );
    srv::request(&mut m, 2, srv::p3(&c, &body));
    let r = srv::decide(&mut m);
    assert!(r.completed.is_empty());
}

#[test]
fn an_expired_token_is_refused_without_a_tick() {
    let (m, c) = srv::sent(srv::config(), r#"["DELETE","urn:m:1.0/1/a"]"#);
    // Three days later, straight from the database.
    let mut m = Server::restore(srv::config(), m.snapshot()).unwrap();
    let request = srv::p3(&c, r#"{"Status":[{"sc":200}]}"#);
    let event = server::Event::Request { id: server::RequestId(2), request, random: srv::random(2) };
    m.handle(at(3 * 86_400_000), event).unwrap();
    assert_eq!(srv::respond(&mut m).1.status, 403);
    assert_eq!(srv::closed(&mut m).reason, server::Reason::Timeout);
}

fn with_basic() -> ClientConfig {
    ClientConfig::new(
        Account::new(SERVER_ID, ENDPOINT).with_basic(BasicCredentials::new("d", Secret::new("pw")).unwrap()),
        DEVICE,
    )
}

#[test]
fn a_forged_snapshot_cannot_aim_the_password() {
    let client = Client::start(with_basic(), Start::Local, AlertQueue::new(), at(0)).unwrap();
    let evil = "http://evil.example/";
    let authenticated = serde_json::json!({ evil: ["Basic", []] });
    assert!(!restores(&client, &with_basic, &|core| core["authenticated"] = authenticated.clone()));
    for scheme in ["http", "https"] {
        assert!(!restores(&client, &with_basic, &|core| {
            core["effects"]["queue"][0]["Post"]["request"]["uri"] = format!("{scheme}://evil.example/").into();
        }));
    }
    // Another request than the one that is awaited is not handed out either; the same one to a host that the
    // session never named goes without the password.
    let elsewhere = "https://evil.example/";
    let mut value = serde_json::to_value(client.snapshot()).unwrap();
    value["core"]["effects"]["queue"][0]["Post"]["request"]["uri"] = elsewhere.into();
    value["core"]["state"]["AwaitP2"]["post"]["uri"] = elsewhere.into();
    value["core"]["authenticated"] = serde_json::json!({ elsewhere: ["Basic", []] });
    let mut client = Client::restore(with_basic(), serde_json::from_value(value).unwrap()).unwrap();
    let (_, request) = posted(&mut client);
    assert_eq!((request.uri.as_str(), request.headers.get("Authorization")), (elsewhere, None));
}

/// Whether a snapshot of `client`, changed, restores. Unchanged it must.
fn restores(client: &Client, config: &dyn Fn() -> ClientConfig, change: &dyn Fn(&mut serde_json::Value)) -> bool {
    let mut value = serde_json::to_value(client.snapshot()).unwrap();
    let good = serde_json::from_value(value.clone()).unwrap();
    assert!(Client::restore(config(), good).is_ok());
    change(&mut value["core"]);
    Client::restore(config(), serde_json::from_value(value).expect("well-formed")).is_ok()
}

#[test]
fn a_forged_snapshot_cannot_open_any_address() {
    let client = client_with(r#"["GET","urn:m:1.0/1/x"],["GET","urn:m:1.0/1/x"]"#);
    let step = serde_json::json!({ "Show": { "server_uri": "javascript:alert(1)" } });
    assert!(!restores(&client, &config, &|core| core["steps"][1] = step.clone()));
}

#[test]
fn a_forged_snapshot_cannot_fetch_over_plain_http() {
    let client = client_with(r#"["GET","urn:m:1.0/1/x"],["GET","urn:m:1.0/1/x"]"#);
    let step = serde_json::json!({ "Fetch": { "server_uri": "http://evil.example/", "client_uri": null } });
    assert!(!restores(&client, &config, &|core| core["steps"][1] = step.clone()));
}

#[test]
fn a_forged_snapshot_cannot_act_for_another_server() {
    let client = client_with(r#"["GET","urn:m:1.0/1/x"],["GET","urn:m:1.0/1/x"]"#);
    let delete = serde_json::json!({ "Delete": { "server_id": "another.server", "uris": ["urn:m:1.0/1/"] } });
    assert!(!restores(&client, &config, &|core| {
        core["effects"]["queue"][0]["Manage"]["operation"] = delete.clone();
    }));
}

#[test]
fn a_forged_snapshot_cannot_exhaust_the_ids() {
    let client = client_with(r#"["GET","urn:m:1.0/1/x"],["GET","urn:m:1.0/1/x"]"#);
    assert!(!restores(&client, &config, &|core| core["effects"]["next_id"] = u64::MAX.into()));
}

#[test]
fn commands_for_a_void_decision_are_refused() {
    let mut m = srv::start(srv::config());
    srv::request(&mut m, 1, srv::plain_p1());
    let _first = srv::decide(&mut m); // the application starts to think
    srv::request(&mut m, 2, srv::plain_p1()); // the device starts over
    // the application's answer to the first
    let r = srv::command(&mut m, at(1), srv::commands(r#"["DELETE","urn:m:1.0/1/a"]"#));
    while m.poll_action().is_some() {}
    assert!(r.is_err());
}

#[test]
fn another_device_does_not_take_a_machine_over() {
    let (mut m, _c) = srv::sent(srv::config(), r#"["EXEC","urn:m:1.0/1/a"]"#);
    let mut p = srv::plain_p1();
    p.headers.set("OMADM-DevID", "IMEI:other");
    srv::request(&mut m, 2, p);
    while m.poll_action().is_some() {}
    assert_eq!(m.device_id(), Some(DEVICE));
}

#[test]
fn lending_to_many_locks_nobody_out() {
    let mut o = Outbox::new();
    for n in 0..300 {
        assert!(o.lend(&dest(n)).unwrap().is_empty());
    }
    o.reclaim(|_| false);
    assert_eq!(o.waiting().count(), 0);
    let r = o.push(dest(1000), Alert::new("x:a"));
    assert!(r.is_ok());
}

#[test]
fn what_is_lent_does_not_crowd_out_what_is_fatal() {
    let mut outbox = Outbox::new();
    for n in 0..256 {
        outbox.push(dest(0), Alert::new(format!("x:{n}"))).unwrap();
    }
    let lent = outbox.lend(&dest(0)).unwrap();
    outbox.push(dest(0), Alert::new("x:fatal").with_mark(Mark::Fatal)).unwrap();
    let mut client = Client::start(config(), Start::Local, lent, at(0)).unwrap();
    answer(&mut client, p2(r#"["END"]"#));
    outbox.settle(&dest(0), closed(&mut client).alerts);
    let left: Vec<_> = outbox.queue(&dest(0)).unwrap().iter().map(|alert| alert.alert_type.as_str()).collect();
    assert_eq!(left, ["x:fatal"]);
}

#[test]
fn the_seventeenth_repository_is_negotiated_with() {
    let cmds: Vec<String> = (0..17).map(|n| format!(r#"["HPUT","https://r{n}.example/","urn:m:1.0/1/a"]"#)).collect();
    let mut c = client_with(&cmds.join(","));
    let data = || Outcome::Data(items(r#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1"}}]"#));
    for n in 0..17 {
        manage(&mut c, data());
        transfer(&mut c, Response::new(415).with_header("OMADM-Accept", "application/json"));
        let a = action(&mut c);
        assert!(matches!(&a, client::Action::Transfer { .. }), "origin {n}: {a:?}");
        let client::Action::Transfer { id, .. } = a else { panic!() };
        c.handle(at(1), client::Event::Transferred { id, response: Response::new(200) }).unwrap();
    }
}

#[test]
fn formats_in_several_fields_count() {
    let mut c = client_with(r#"["HPUT","https://r.example/","urn:m:1.0/1/a"]"#);
    manage(&mut c, Outcome::Data(items(r#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1"}}]"#)));
    transfer(
        &mut c,
        Response::new(415)
            .with_header("OMADM-Accept", "application/xml")
            .with_header("OMADM-Accept", "application/json"),
    );
    let a = action(&mut c);
    assert!(matches!(&a, client::Action::Transfer { .. }), "{a:?}");
}

#[test]
fn a_notification_is_answered_after_a_session_of_the_devices_own() {
    let mut m = srv::start(srv::config());
    m.handle(
        at(0),
        server::Event::Notify { con_type: dm_notification::ConType::Any, req_mos: false, random: srv::random(7) },
    )
    .unwrap();
    let _ = srv::action(&mut m);
    srv::request(&mut m, 1, srv::plain_p1());
    let _ = srv::decide(&mut m);
    srv::choose(&mut m, r#"["DELETE","urn:m:1.0/1/a"]"#);
    srv::request(
        &mut m,
        2,
        srv::p1(
            r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json","Data":{"NotificationID":1799}}]}"#,
        ),
    );
    let _ = srv::action(&mut m);
    let server::Content::Initiation { notified, .. } = srv::decide(&mut m).content else { panic!() };
    assert!(notified);
}

#[test]
fn the_earlier_of_two_notifications_can_be_answered() {
    let mut m = srv::start(srv::config());
    for seed in [7, 8] {
        m.handle(
            at(0),
            server::Event::Notify {
                con_type: dm_notification::ConType::Any,
                req_mos: false,
                random: srv::random(seed),
            },
        )
        .unwrap();
        let _ = srv::action(&mut m);
    }
    srv::request(
        &mut m,
        2,
        srv::p1(
            r#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json","Data":{"NotificationID":1799}}]}"#,
        ),
    );
    let server::Content::Initiation { notified, .. } = srv::decide(&mut m).content else { panic!() };
    assert!(notified);
}

#[test]
fn no_sends_at_all_is_no_configuration() {
    let config = srv::config().with_resend(Duration::from_secs(1), 0);
    assert!(Server::start(config, Vec::new(), at(0)).is_err());
}

#[test]
fn no_rounds_at_all_is_no_configuration() {
    let config = config().with_limits(Limits::DEFAULT.with_max_rounds(0));
    assert!(Client::start(config, Start::Local, AlertQueue::new(), at(0)).is_err());
}

#[test]
fn an_overridden_cont_earns_no_credentials() {
    // an origin named by an overridden CONT gets the credentials after a redirect
    let mut c = client(with_basic(), Start::Local);
    answer(&mut c, p2(r#"["CONT","https://a.example/"],["CONT","https://dm.example/dm"]"#));
    answer(&mut c, Response::new(307).with_header("Location", "https://a.example/x"));
    answer(&mut c, Response::new(401).with_header("WWW-Authenticate", "Basic realm=x"));
    let a = action(&mut c);
    assert!(matches!(a, client::Action::Closed(_)));
}

#[test]
fn a_handed_over_session_is_found_by_a_uri_without_a_path() {
    let (mut m, _) = {
        let mut m = srv::start(srv::config());
        srv::request(&mut m, 1, srv::plain_p1());
        let _ = srv::decide(&mut m);
        srv::command(&mut m, at(1), srv::commands(r#"["CONT","https://other.example?s=1"]"#)).unwrap();
        (m, ())
    };
    let _ = srv::respond(&mut m);
    let server::Action::HandOver { session, .. } = srv::action(&mut m) else { panic!() };
    let mut n = Server::restore(ServerConfig::new(SERVER_ID, "https://other.example/"), session).unwrap();
    // exactly what the client machine sends
    let mut c = client_with(r#"["CONT","https://other.example?s=1"]"#);
    let (_, r) = posted(&mut c);
    srv::request(&mut n, 2, r);
    let a = srv::action(&mut n);
    assert!(matches!(&a, server::Action::Decide { .. }), "{a:?}");
}

#[test]
fn an_executable_that_cannot_be_reported_is_500() {
    let mut c = client_with(r#"["EXEC","urn:m:1.0/1/x"]"#);
    manage(&mut c, Outcome::Executable("urn:m:1.0/1/My App".into()));
    assert_eq!(statuses(&mut c), [500]);
}

#[test]
fn an_address_that_cannot_be_written_is_500() {
    let mut c = client_with(r#"["HGET","https://r.example/"],["GET","urn:m:1.0/1/x"]"#);
    manage(&mut c, status(StatusCode::OK));
    transfer(&mut c, mo(r#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1"}}]"#));
    manage(&mut c, Outcome::Written(vec!["./x".into()]));
    manage(&mut c, status(StatusCode::NOT_FOUND));
    assert_eq!(statuses(&mut c), [500, 404]);
}

#[test]
fn data_beyond_a_package_is_413() {
    let mut c = client_with(r#"["GET","urn:m:1.0/1/a"],["GET","urn:m:1.0/1/b"],["GET","urn:m:1.0/1/c"]"#);
    for len in [1_200_000, 400_000, 400_000] {
        let big = "x".repeat(len);
        let item = format!(r#"[{{"ClientURI":"urn:m:1.0/1/a","MOData":{{"a":"{big}"}}}}]"#);
        manage(&mut c, Outcome::Data(items(&item)));
    }
    assert_eq!(statuses(&mut c), [413, 200, 413]);
}

#[test]
fn an_empty_answer_stores_nothing() {
    let mut c = client_with(r#"["HGET","https://r.example/","urn:m:1.0/1/a"]"#);
    manage(&mut c, status(StatusCode::OK));
    transfer(&mut c, Response::new(204));
    assert_eq!(statuses(&mut c), [204]);
}

#[test]
fn what_is_in_transit_does_not_crowd_out_what_is_fatal() {
    let mut queue = AlertQueue::with_capacity(2);
    for n in 0..2 {
        queue.push(Alert::new(format!("x:{n}")).with_mark(Mark::Harmless)).unwrap();
    }
    let mut client = Client::start(config(), Start::Local, queue, at(0)).unwrap();
    let (id, _) = posted(&mut client);
    client.handle(at(1), client::Event::Alert(Alert::new("x:fatal").with_mark(Mark::Fatal))).unwrap();
    // The package fails: now there are three for two places, and a harmless one gives way.
    client.handle(at(1), client::Event::Response { id, response: Response::new(503) }).unwrap();
    let left = closed(&mut client).alerts;
    let kinds: Vec<_> = left.iter().map(|alert| alert.alert_type.as_str()).collect();
    assert_eq!((kinds, left.dropped()), (vec!["x:1", "x:fatal"], 1));
}

#[test]
fn a_session_that_goes_on_settles_its_own_alerts() {
    let mut outbox = Outbox::new();
    outbox.push(dest(0), Alert::new("x:a")).unwrap();
    let lent = outbox.lend(&dest(0)).unwrap();
    let client = Client::start(config(), Start::Local, lent, at(0)).unwrap();
    let snapshot = serde_json::to_string(&client.snapshot()).unwrap();
    let saved = serde_json::to_string(&outbox).unwrap();
    // A restart: one session goes on, so its queue stays lent.
    let mut outbox: Outbox = serde_json::from_str(&saved).unwrap();
    outbox.reclaim(|destination| *destination == dest(0));
    let mut client = Client::restore(config(), serde_json::from_str(&snapshot).unwrap()).unwrap();
    answer(&mut client, p2(r#"["END"]"#));
    outbox.settle(&dest(0), closed(&mut client).alerts);
    assert_eq!(outbox.waiting().count(), 0);
}

#[test]
fn the_token_is_not_in_debug() {
    let (m, _) = srv::sent(srv::config(), r#"["DELETE","urn:m:1.0/1/a"]"#);
    let text = format!("{m:?}");
    assert!(!text.contains(m.token().unwrap()), "{text}");
}

#[test]
fn the_cookie_is_not_in_debug() {
    let mut c = client(config(), Start::Local);
    answer(&mut c, p2("").with_header("Set-Cookie", "t=SECRETTOKEN"));
    let text = format!("{c:?}");
    assert!(!text.contains("SECRETTOKEN"), "{text}");
}

#[test]
fn a_session_that_did_not_start_is_released() {
    let mut outbox = Outbox::new();
    outbox.push(dest(0), Alert::new("x:a")).unwrap();
    let lent = outbox.lend(&dest(0)).unwrap();
    let bad = ClientConfig::new(Account::new("s0", "http://plain.example/"), DEVICE);
    assert!(Client::start(bad, Start::Local, lent, at(0)).is_err());
    outbox.release(&dest(0));
    assert_eq!(outbox.lend(&dest(0)).unwrap().len(), 1);
}

#[test]
fn more_commands_than_the_default_can_be_stored() {
    let limits =
        Limits::DEFAULT.with_package(dm_package::Limits::DEFAULT.with_max_commands(5000).with_max_statuses(5000));
    let mut m = srv::start(srv::config().with_limits(limits));
    srv::request(&mut m, 1, srv::plain_p1());
    let _ = srv::decide(&mut m);
    let list = vec![Command::delete("urn:m:1.0/1/a").unwrap(); 1100];
    srv::command(&mut m, at(1), list).unwrap();
    let text = serde_json::to_string(&m.snapshot()).unwrap();
    let back = serde_json::from_str::<server::Snapshot>(&text);
    assert!(back.is_ok());
}

#[test]
fn a_long_queue_can_be_stored() {
    let mut q = AlertQueue::with_capacity(2000);
    for n in 0..1100 {
        q.push(Alert::new(format!("x:{n}"))).unwrap();
    }
    let text = serde_json::to_string(&q).unwrap();
    assert!(serde_json::from_str::<AlertQueue>(&text).is_ok());
}

#[test]
fn a_cancelled_subscription_is_not_reported() {
    let mut reporter = Reporter::start(config(), at(0)).unwrap();
    reporter.changed(at(0), "urn:m:1.0/1/", "https://r.example/", false).unwrap();
    reporter.cancel("urn:m:1.0/1/");
    assert_eq!(reporter.poll_timeout(), None);
    reporter.changed(at(0), "urn:m:1.0/1/", "https://r.example/", false).unwrap();
    reporter.handle(at(1_000), client::Event::Tick).unwrap();
    let Some(client::Action::Manage { id, .. }) = reporter.poll_action() else { panic!("a read") };
    reporter.cancel("urn:m:1.0/1/");
    assert_eq!(reporter.poll_action(), Some(client::Action::Cancel { id }));
}

#[test]
fn a_forged_outbox_is_refused() {
    let mut outbox = Outbox::new();
    outbox.push(dest(0), Alert::new("x:a")).unwrap();
    let good = serde_json::to_value(&outbox).unwrap();
    assert_eq!(serde_json::from_value::<Outbox>(good.clone()).unwrap(), outbox);
    for (member, value) in [("capacity", 0), ("in_transit", 1)] {
        let mut bad = good.clone();
        bad["queues"][0][1]["queue"][member] = value.into();
        assert!(serde_json::from_value::<Outbox>(bad).is_err(), "{member}");
    }
    let mut bad = good;
    bad["queues"][0][1]["lent"] = serde_json::json!({ "alerts": 99, "dropped": 0 });
    assert!(serde_json::from_value::<Outbox>(bad).is_err());
}

#[test]
fn a_session_over_its_time_sends_nothing_more() {
    let mut client = client(config(), Start::Local);
    let (id, _) = posted(&mut client);
    client.handle(at(3 * 86_400_000), client::Event::Response { id, response: p2("") }).unwrap();
    assert_eq!(closed(&mut client).reason, client::Reason::Timeout);
}

#[test]
fn what_a_lenient_server_took_can_be_stored() {
    for alert in [
        r#"{"AlertType":"x","SourceURI":"nonsense"}"#,
        r#"{"AlertType":"x","Data":{"a":1}}"#,
        r#"{"AlertType":"x","Mark":"odd"}"#,
        r#"{"AlertType":"x","DataType":"int","Data":7}"#,
        r#"{"AlertType":"x","TargetURI":"./a b"}"#,
        r#"{"AlertType":"x","SourceURI":"urn:m:1.0/1/?zz=1"}"#,
    ] {
        let mut m = srv::start(srv::config());
        srv::request(
            &mut m,
            1,
            srv::p1(&format!(r#"{{"Alert":[{{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}},{alert}]}}"#)),
        );
        assert!(stored(&m));
    }
    for st in [
        r#"{"sc":200,"URI":["nonsense"]}"#,
        r#"{"sc":"200"}"#,
        r#"{"sc":200,"Data":{"MOData":{"a":"1"}}}"#,
        r#"{"sc":200,"Data":{"a":"1"}}"#,
        r#"{"sc":200,"zz":1}"#,
        r#"{"sc":200,"Data":[{"ClientURI":"nonsense","MOData":{"a":"1"}}]}"#,
    ] {
        let (mut m, c) = srv::sent(srv::config(), r#"["GET","urn:m:1.0/1/a"]"#);
        srv::request(&mut m, 2, srv::p3(&c, &format!(r#"{{"Status":[{st}]}}"#)));
        assert!(stored(&m));
    }
    for mos in [r#"[{"MOID":"m","MIID":[]}]"#, r#"[{"DDF":"d","MOID":"","MIID":["1"]}]"#] {
        let mut m = srv::start(srv::config());
        srv::request(
            &mut m,
            1,
            srv::p1(&format!(r#"{{"MOS":{mos},"Alert":[{{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}}]}}"#)),
        );
        assert!(stored(&m));
    }
}

#[test]
fn what_a_lenient_client_fetched_can_be_stored() {
    // HGET data that only the lenient decoder takes, waiting in Action::Manage(Write)
    for body in [
        r#"{"a":"1"}"#,
        r#"[{"MOData":{"a":"1"},"ClientURI":"nonsense"}]"#,
        r#"[{"ClientURI":"urn:m:1.0/1/a","MOData":{"a":"1","b":"2"}}]"#,
        r#"[]"#,
    ] {
        let mut c = client_with(r#"["HGET","https://r.example/","urn:m:1.0/1/a"]"#);
        manage(&mut c, status(StatusCode::OK));
        transfer(&mut c, mo(body));
        let text = serde_json::to_string(&c.snapshot()).unwrap();
        assert!(serde_json::from_str::<client::Snapshot>(&text).unwrap() == c.snapshot(), "{body}");
    }
}
