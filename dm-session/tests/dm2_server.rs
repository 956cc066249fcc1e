//! The server's state table (§15 of the DM 2.0 reference), row by row in its order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use core::time::Duration;

use dm_notification::{ConType, Notification};
use dm_package::{Command, StatusCode, Strictness, media};
use dm_session::dm2::server::{Action, Content, Event, Initiator, Reason, RequestId, Route, route, unknown_session};
use dm_session::dm2::{Limits, Server, ServerConfig};
use dm_session::http::{BasicCredentials, Method, Request};
use dm_session::{ErrorKind, Secret};
use support::server::*;
use support::{DEVICE, ENDPOINT, NODE, at};

const DELETE: &str = r#"["DELETE","urn:m:1.0/1/a"]"#;
const STATUS_200: &str = r#"{"Status":[{"sc":200}]}"#;

fn notify(server: &mut Server, seed: u8) -> Vec<u8> {
    let event = Event::Notify { con_type: ConType::Wlan, req_mos: true, random: random(seed) };
    server.handle(at(1_388_534_400_000), event).unwrap();
    match action(server) {
        Action::SendNotification(bytes) => bytes,
        other => panic!("a notification, not {other:?}"),
    }
}

#[test]
fn row_01_none_a_wanted_session_sends_a_notification() {
    let key = Secret::new("s3cr3t");
    let mut server = start(config().with_notification_key(key, "nonce"));
    let bytes = notify(&mut server, 7);
    let notification =
        Notification::parse_with(&bytes, dm_notification::Strictness::Strict, &Default::default()).unwrap();
    assert_eq!(notification.server_id(), Some("dm.example"));
    assert_eq!(notification.con_type(), Some(ConType::Wlan));
    assert_eq!(notification.notification_id().unwrap().0, 0x0707);
    assert_eq!(notification.timestamp().unwrap().0, 1_388_534_400);
    assert!(notification.req_mos());
    assert_eq!(notification.verify(b"s3cr3t", b"nonce"), Ok(()));
    assert!(notification.verify(b"other", b"nonce").is_err());
}

#[test]
fn row_01_none_a_new_notification_gets_a_new_id() {
    let mut server = start(config());
    let first = notify(&mut server, 7);
    let second = notify(&mut server, 7);
    let id = |bytes: &[u8]| Notification::parse(bytes).unwrap().notification_id().unwrap().0;
    assert_ne!(id(&first), id(&second));
}

#[test]
fn row_02_notified_the_same_id_is_sent_again_then_given_up() {
    let mut server = start(config().with_resend(Duration::from_secs(10), 2));
    let first = notify(&mut server, 7);
    let due = server.poll_timeout().unwrap();
    assert_eq!(due, at(1_388_534_410_000));
    server.handle(due, Event::Tick).unwrap();
    let Action::SendNotification(second) = action(&mut server) else { panic!("the notification again") };
    let (first, second) = (Notification::parse(&first).unwrap(), Notification::parse(&second).unwrap());
    assert_eq!(first.notification_id(), second.notification_id());
    assert_eq!(second.timestamp().unwrap().0, 1_388_534_410, "the time of this sending");
    server.handle(server.poll_timeout().unwrap(), Event::Tick).unwrap();
    assert_eq!(action(&mut server), Action::NotificationUnanswered);
    assert_eq!(server.poll_timeout(), None);
}

#[test]
fn row_03_none_package_1_opens_a_session() {
    let mut server = start(config());
    let body = r#"{"MOS":[{"DDF":"d","MOID":"m","MIID":["1","2"]}],
        "Alert":[{"AlertType":"urn:oma:at:dm:2.0:BootstrapComplete"},{"AlertType":"x:1","SourceURI":"m/1/"}]}"#;
    request(&mut server, 1, p1(body));
    let received = decide(&mut server);
    assert_eq!(received.device_id, DEVICE);
    let Content::Initiation { start, notified, mos } = received.content else { panic!("Package#1") };
    assert_eq!((start, notified), (Some(Initiator::Bootstrap), false));
    assert_eq!(mos.unwrap()[0].miids.len(), 2);
    assert_eq!(received.alerts.len(), 1, "the session-start alert is told apart");
    assert_eq!(server.device_id(), Some(DEVICE));
}

#[test]
fn row_03_notified_package_1_is_correlated_by_its_id() {
    for (id, notified) in [("1799", true), ("\"1799\"", true), ("1800", false)] {
        let mut server = start(config());
        notify(&mut server, 7); // 0x0707 = 1799
        let body = format!(
            r#"{{"Alert":[{{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json","Data":{{"NotificationID":{id}}}}}]}}"#
        );
        request(&mut server, 1, p1(&body));
        let Content::Initiation { start, notified: seen, .. } = decide(&mut server).content else {
            panic!("Package#1")
        };
        assert!(matches!(start, Some(Initiator::Server(Some(1799 | 1800)))));
        assert_eq!(seen, notified);
        assert_eq!(server.poll_timeout(), None, "no notification is sent any more");
    }
}

#[test]
fn row_04_none_an_accept_that_excludes_package_2_is_406() {
    let mut server = start(config());
    for accept in ["text/html", "application/*;q=0", "application/vnd.oma.dm.request+json;q=0, */*"] {
        let mut request = plain_p1();
        request.headers.set("Accept", accept);
        assert_eq!(refusal(&mut server, 1, request), 406, "{accept}");
    }
    let mut wanted = plain_p1();
    wanted.headers.set("Accept", "text/html, application/*;q=0.1");
    request(&mut server, 1, wanted);
    let _ = decide(&mut server);
}

#[test]
fn row_05_any_a_wrong_content_type_is_415() {
    let wrong = |kind: Option<&str>| {
        let mut request = plain_p1();
        request.headers.remove("Content-Type");
        if let Some(kind) = kind {
            request.headers.push("Content-Type", kind);
        }
        request
    };
    for kind in [None, Some("text/html"), Some("application/json"), Some(media::REQUEST)] {
        let mut server = start(config());
        assert_eq!(refusal(&mut server, 1, wrong(kind)), 415);
        let (mut server, _) = sent(config(), DELETE);
        assert_eq!(refusal(&mut server, 2, wrong(kind)), 415);
        server.handle(at(1), Event::Abort).unwrap();
    }
    let mut server = start(config());
    request(&mut server, 1, wrong(Some("Application/VND.OMA.DM.Initiation+JSON; charset=utf-8")));
    let _ = decide(&mut server);
}

#[test]
fn row_06_any_no_device_id_or_bad_json_is_400() {
    let mut server = start(config());
    for body in ["", "{", "[]", "{\"MOS\":7}"] {
        assert_eq!(refusal(&mut server, 1, p1(body)), 400, "{body}");
    }
    for id in [None, Some("")] {
        let mut request = plain_p1();
        request.headers.remove("OMADM-DevID");
        if let Some(id) = id {
            request.headers.push("OMADM-DevID", id);
        }
        assert_eq!(refusal(&mut server, 1, request), 400);
    }
    assert!(server.is_idle(), "such a machine may be dropped");
    // Nothing has been lost by it.
    let (mut server, cookie) = sent(config(), DELETE);
    assert_eq!(refusal(&mut server, 2, p3(&cookie, "{")), 400);
    request(&mut server, 3, p3(&cookie, STATUS_200));
    let _ = decide(&mut server);
}

#[test]
fn row_06_any_other_methods_are_405() {
    let mut server = start(config());
    let mut request = plain_p1();
    request.method = Method::Get;
    assert_eq!(refusal(&mut server, 1, request), 405);
}

#[test]
fn row_07_deciding_commands_become_package_2() {
    let mut server = start(config().with_formats("text/xml"));
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    let response = choose(&mut server, DELETE);
    assert_eq!(response.status, 200);
    assert_eq!(response.headers.get("Content-Type"), Some(media::REQUEST));
    assert_eq!(response.headers.get("OMADM-Accept"), Some("text/xml"));
    assert_eq!(response.body, format!(r#"{{"CMD":[{DELETE}]}}"#).into_bytes());
    let set_cookie = response.headers.get("Set-Cookie").unwrap();
    let (pair, attributes) = set_cookie.split_once("; ").unwrap();
    assert_eq!(pair, format!("OMADM-Session={}", "01".repeat(32)));
    assert_eq!(attributes, "Path=/dm; Secure; HttpOnly");
    assert_eq!(server.token(), Some(&*"01".repeat(32)));
}

#[test]
fn row_07_deciding_what_may_not_be_sent_is_refused_and_nothing_changes() {
    let mut server = start(config());
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    let before = server.snapshot();
    let bad: [Vec<Command<'static>>; 8] = [
        vec![Command::End, Command::End],
        vec![Command::End, commands(DELETE).remove(0)],
        vec![Command::HPut { server_uri: "https://r.example/".into(), client_uris: Vec::new() }],
        vec![Command::Get { client_uris: vec!["a".into(), "b".into()] }],
        vec![Command::Unknown { name: "NOSUCH".into(), params: Vec::new() }],
        vec![Command::Cont { server_uri: "/relative".into() }],
        vec![Command::Cont { server_uri: "http://dm.example/dm".into() }],
        vec![Command::Delete { client_uris: vec!["no client URI".into()] }],
    ];
    for commands in bad {
        let error = command(&mut server, at(9), commands.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCommand, "{commands:?}");
        assert_eq!(server.snapshot(), before);
    }
}

#[test]
fn row_08_deciding_end_or_nothing_left_closes() {
    for list in [r#"["END"]"#, "", &format!(r#"{DELETE},["END"]"#)] {
        let (mut server, cookie) = sent(config(), list);
        let closed = closed(&mut server);
        assert_eq!(closed.reason, Reason::Ended);
        assert!(closed.unanswered.is_empty(), "END asks for no answer");
        assert_eq!(refusal(&mut server, 2, p3(&cookie, STATUS_200)), 403);
    }
    let mut server = start(config());
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    let response = choose(&mut server, "");
    assert_eq!(response.body, br#"{"CMD":[["END"]]}"#);
    assert!(response.headers.get("Set-Cookie").unwrap().contains("Max-Age=0"));
}

const ONWARD: &str = "https://b.example/sessions?key=42";

fn handed_over() -> dm_session::dm2::server::Snapshot {
    let list = format!(r#"{DELETE},["CONT","{ONWARD}"]"#);
    let (mut server, _) = sent(config(), &list);
    let Action::HandOver { server_uri, session } = action(&mut server) else { panic!("a hand-over") };
    assert_eq!(server_uri, ONWARD);
    let closed = closed(&mut server);
    assert_eq!(closed.reason, Reason::HandedOver);
    assert!(closed.outstanding.is_empty(), "they go with the session");
    session
}

#[test]
fn row_09_deciding_cont_to_another_endpoint_hands_the_session_over() {
    handed_over();
}

#[test]
fn row_09_deciding_cont_within_the_endpoint_stays() {
    for uri in [ENDPOINT, "https://dm.example/dm/2", "https://DM.example:443/dm?x"] {
        let (mut server, cookie) = sent(config(), &format!(r#"["CONT","{uri}"]"#));
        request(&mut server, 2, p3(&cookie, STATUS_200));
        let _ = decide(&mut server);
    }
    let (mut server, _) = sent(config(), r#"["CONT","https://dm.example/dm2"]"#);
    assert!(matches!(action(&mut server), Action::HandOver { .. }), "the cookie does not go there");
}

#[test]
fn row_10_none_a_session_that_was_handed_over_goes_on() {
    let there = ServerConfig::new("dm.example", "https://b.example/sessions");
    let mut server = Server::restore(there, handed_over()).unwrap();
    let mut wrong = p3("", r#"{"Status":[{"sc":200},{"sc":200}]}"#);
    wrong.uri = "/sessions?key=41".into();
    assert_eq!(refusal(&mut server, 1, wrong.clone()), 403);
    let mut right = wrong;
    right.uri = "/sessions?key=42".into();
    request(&mut server, 2, right);
    let Content::Results(results) = decide(&mut server).content else { panic!("Package#3") };
    assert_eq!(results.iter().filter(|(_, status)| status.is_some()).count(), 2, "CONT's own package is answered here");
    // From here on a cookie of this endpoint names the session.
    let response = choose(&mut server, DELETE);
    assert!(response.headers.get("Set-Cookie").unwrap().contains("Path=/sessions"));
    request(&mut server, 3, p3(&cookie(&response), STATUS_200));
    let _ = decide(&mut server);
}

#[test]
fn row_11_await_p3_statuses_are_paired_with_commands() {
    let list = format!(r#"["EXEC","{NODE}"],["GET","{NODE}"],["HGET","https://r.example/x"]"#);
    let (mut server, cookie) = sent(config(), &list);
    let body = r#"{"Status":[{"sc":202},{"sc":200,"Data":[{"ClientURI":"a/1/","MOData":{"a":"1"}}]},{"sc":200,"URI":["urn:m:1.0/4/"]}],
        "Alert":[{"AlertType":"x:1"}]}"#;
    request(&mut server, 2, p3(&cookie, body));
    let received = decide(&mut server);
    assert_eq!(received.alerts.len(), 1);
    let Content::Results(results) = received.content else { panic!("Package#3") };
    let pairs: Vec<_> = results.iter().map(|(command, status)| (command.name(), status.unwrap().sc.as_u16())).collect();
    assert_eq!(pairs, [("EXEC", 202), ("GET", 200), ("HGET", 200)]);
    assert_eq!(results.statuses[1].data[0].client_uri, "a/1/");
    assert_eq!(results.statuses[2].uris[0], "urn:m:1.0/4/");
    // Alerts are never answered: the next Package#2 speaks of commands alone.
    let response = choose(&mut server, DELETE);
    assert_eq!(response.body, format!(r#"{{"CMD":[{DELETE}]}}"#).into_bytes());
}

#[test]
fn row_12_await_p3_a_wrong_number_of_statuses() {
    let list = format!("{DELETE},{DELETE}");
    for (body, known) in [(r#"{"Status":[{"sc":200}]}"#, 1), (r#"{"Status":[{"sc":200},{"sc":404},{"sc":500}]}"#, 2)] {
        let (mut server, cookie) = sent(config(), &list);
        request(&mut server, 2, p3(&cookie, body));
        let Content::Results(results) = decide(&mut server).content else { panic!("Package#3") };
        assert_eq!(results.iter().filter(|(_, status)| status.is_some()).count(), known);
        assert_eq!(results.iter().count(), 2);

        let (mut server, cookie) = sent(config().with_strictness(Strictness::Strict), &list);
        assert_eq!(refusal(&mut server, 2, p3(&cookie, body)), 400);
        let closed = closed(&mut server);
        assert_eq!((closed.reason, closed.unanswered.len()), (Reason::BadPackage, 2));
    }
}

#[test]
fn row_13_await_p3_token_and_device_must_be_the_sessions() {
    let (mut server, cookie) = sent(config(), DELETE);
    let mut none = p3("", STATUS_200);
    none.headers.remove("Cookie");
    assert_eq!(refusal(&mut server, 2, none), 400);
    assert_eq!(refusal(&mut server, 3, p3("other=1", STATUS_200)), 400);
    assert_eq!(refusal(&mut server, 4, p3("OMADM-Session=00", STATUS_200)), 403);
    let mut device = p3(&cookie, STATUS_200);
    device.headers.set("OMADM-DevID", "IMEI:other");
    assert_eq!(refusal(&mut server, 5, device), 403);
    request(&mut server, 6, p3(&format!("a=b; {cookie}"), STATUS_200));
    let _ = decide(&mut server);
}

#[test]
fn row_13_await_p3_a_spent_token_is_refused() {
    let (mut server, first) = sent(config(), DELETE);
    request(&mut server, 2, p3(&first, STATUS_200));
    let _ = decide(&mut server);
    // The same package again, before and after the application has decided.
    assert_eq!(refusal(&mut server, 3, p3(&first, STATUS_200)), 409);
    let second = cookie(&choose(&mut server, DELETE));
    assert_ne!(first, second);
    assert_eq!(refusal(&mut server, 4, p3(&first, STATUS_200)), 403);
    request(&mut server, 5, p3(&second, STATUS_200));
    let _ = decide(&mut server);
}

#[test]
fn row_13_await_p3_without_rotation_one_token_serves() {
    let (mut server, cookie) = sent(config().with_token_rotation(false), DELETE);
    request(&mut server, 2, p3(&cookie, STATUS_200));
    let _ = decide(&mut server);
    assert_eq!(choose(&mut server, DELETE).headers.get("Set-Cookie"), None);
    request(&mut server, 3, p3(&cookie, STATUS_200));
    let _ = decide(&mut server);
}

#[test]
fn row_14_await_p3_a_new_package_1_abandons_the_session() {
    let (mut server, old) = sent(config(), DELETE);
    let mut with_cookie = plain_p1();
    with_cookie.headers.push("Cookie", &*old);
    request(&mut server, 2, with_cookie);
    assert_eq!(action(&mut server), Action::Abandoned(commands(DELETE)));
    let _ = decide(&mut server);
    assert_eq!(refusal(&mut server, 3, p3(&old, STATUS_200)), 403);
    let fresh = cookie(&choose(&mut server, DELETE));
    assert_ne!(old, fresh);
}

#[test]
fn row_14_deciding_a_new_package_1_takes_over() {
    let mut server = start(config());
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    request(&mut server, 2, plain_p1());
    let (id, response) = respond(&mut server);
    assert_eq!((id, response.status), (1, 409), "the first request does not hang");
    let _ = decide(&mut server);
    command(&mut server, at(1), commands(DELETE)).unwrap();
    assert_eq!(respond(&mut server).0, 2);
}

#[test]
fn row_15_await_p3_an_idle_session_is_forgotten() {
    let (mut server, cookie) =
        sent(config().with_limits(Limits::DEFAULT.with_idle_timeout(Duration::from_secs(5))), DELETE);
    assert_eq!(server.poll_timeout(), Some(at(5_001)));
    server.handle(at(5_000), Event::Tick).unwrap();
    assert_eq!(server.poll_action(), None);
    server.handle(at(5_001), Event::Tick).unwrap();
    let closed = closed(&mut server);
    assert_eq!((closed.reason, closed.unanswered), (Reason::Timeout, commands(DELETE)));
    assert_eq!(refusal(&mut server, 2, p3(&cookie, STATUS_200)), 403);
}

#[test]
fn row_16_closed_late_packages_are_refused() {
    let (mut server, cookie) = sent(config(), r#"["END"]"#);
    closed(&mut server);
    assert_eq!(refusal(&mut server, 2, p3(&cookie, STATUS_200)), 403);
    assert_eq!(unknown_session().status, 403);
    let event = Event::Request { id: RequestId(3), request: plain_p1(), random: random(3) };
    assert_eq!(server.handle(at(1), event).unwrap_err().kind(), ErrorKind::Closed, "a new session is a new machine");
    assert_eq!(command(&mut server, at(1), Vec::new()).unwrap_err().kind(), ErrorKind::Closed);
}

fn exec_alert(source: &str) -> String {
    format!(
        r#"{{"AlertType":"x:done"}},{{"AlertType":"urn:oma:at:dm:2.0:ExecResult","SourceURI":"{source}","DataType":"application/json","Data":{{"sc":200}}}}"#
    )
}

#[test]
fn row_17_any_an_alert_completes_an_exec_in_the_same_session() {
    let (mut server, cookie) = sent(config(), r#"["EXEC","urn:oma:mo:ext:1.0//a"]"#);
    request(&mut server, 2, p3(&cookie, r#"{"Status":[{"sc":202}]}"#));
    assert!(decide(&mut server).completed.is_empty());
    let cookie = self::cookie(&choose(&mut server, DELETE));
    let body = format!(r#"{{"Status":[{{"sc":200}}],"Alert":[{}]}}"#, exec_alert(NODE));
    request(&mut server, 3, p3(&cookie, &body));
    let received = decide(&mut server);
    assert_eq!(received.completed.len(), 1);
    let done = &received.completed[0];
    assert_eq!((done.alert, done.status), (1, Some(StatusCode::OK)));
    assert_eq!(done.execution.client_uri, "urn:oma:mo:ext:1.0//a");
}

#[test]
fn row_17_any_an_alert_completes_an_exec_in_a_later_session() {
    let list = format!(
        r#"["EXEC","{NODE}","{ENDPOINT}/report"],["EXEC","urn:m:1.0/1/b"],["EXEC","{NODE}","https://other.example/"]"#
    );
    let (mut server, cookie) = sent(config(), &list);
    request(&mut server, 2, p3(&cookie, r#"{"Status":[{"sc":202},{"sc":200},{"sc":202}]}"#));
    let _ = decide(&mut server);
    choose(&mut server, "");
    let outstanding = closed(&mut server).outstanding;
    assert_eq!(outstanding.len(), 2, "the second was done at once");

    let mut later = Server::start(config(), outstanding, at(0)).unwrap();
    let body = format!(r#"{{"Alert":[{{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}},{}]}}"#, exec_alert(NODE));
    request(&mut later, 1, p1(&body));
    let received = decide(&mut later);
    assert_eq!(received.completed.len(), 1);
    assert!(received.completed[0].execution.server_uri.as_deref().unwrap().ends_with("/report"));
    choose(&mut later, "");
    assert_eq!(closed(&mut later).outstanding.len(), 1, "the other one is reported elsewhere");
}

#[test]
fn row_17_any_an_exec_beside_end_is_awaited_at_its_server_uri() {
    let list = format!(r#"["EXEC","{NODE}","{ENDPOINT}/report"],["EXEC","{NODE}"],["END"]"#);
    let (mut server, _) = sent(config(), &list);
    let outstanding = closed(&mut server).outstanding;
    assert_eq!(outstanding.len(), 1, "the other one has no place to be reported to for certain");
    assert_eq!(outstanding[0].server_uri.as_deref(), Some(&*format!("{ENDPOINT}/report")));
}

#[test]
fn row_17_any_other_alerts_complete_nothing() {
    for source in ["urn:oma:mo:ext:1.0/1/b", "urn:oma:mo:ext:1.0/2/a", "urn:oma:mo:ext:1.0/1/a/b", "nonsense"] {
        let (mut server, cookie) = sent(config(), &format!(r#"["EXEC","{NODE}"]"#));
        let body = format!(r#"{{"Status":[{{"sc":202}}],"Alert":[{}]}}"#, exec_alert(source));
        request(&mut server, 2, p3(&cookie, &body));
        assert!(decide(&mut server).completed.is_empty(), "{source}");
    }
}

#[test]
fn row_17_any_outstanding_executions_are_bounded() {
    let mut server = start(config().with_max_outstanding(1));
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    let two = commands(&[&*format!(r#"["EXEC","{NODE}"]"#); 2].join(","));
    assert_eq!(command(&mut server, at(1), two).unwrap_err().kind(), ErrorKind::LimitExceeded);
    choose(&mut server, &format!(r#"["EXEC","{NODE}"]"#));
}

#[test]
fn row_18_any_an_internal_failure_is_500() {
    let mut server = start(config());
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    let id = server.open_request().unwrap();
    server.handle(at(1), Event::Fail { id }).unwrap();
    assert_eq!(respond(&mut server).1.status, 500);
    // The decision is spent; the device may come again, or the session is forgotten.
    assert!(command(&mut server, at(1), Vec::new()).is_err());
    assert!(server.handle(at(1), Event::Fail { id }).is_err());
    let mut forgotten = server.clone();
    forgotten.handle(forgotten.poll_timeout().unwrap(), Event::Tick).unwrap();
    assert_eq!(closed(&mut forgotten).reason, Reason::Timeout);
    request(&mut server, 2, plain_p1());
    let _ = decide(&mut server);
}

#[test]
fn the_host_can_give_a_session_up() {
    let mut server = start(config());
    request(&mut server, 1, plain_p1());
    let _ = decide(&mut server);
    server.handle(at(1), Event::Abort).unwrap();
    assert_eq!(respond(&mut server).1.status, 503);
    assert_eq!(closed(&mut server).reason, Reason::Aborted);
}

#[test]
fn unknown_alert_types_are_dropped_silently() {
    let mut server = start(config().with_alert_types(["x:known"]));
    let alerts =
        r#"{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"},{"AlertType":"x:known"},{"AlertType":"x:other"}"#;
    request(&mut server, 1, p1(&format!(r#"{{"Alert":[{alerts}]}}"#)));
    let received = decide(&mut server);
    assert_eq!(received.alerts.len(), 1);
    assert_eq!(received.alerts[0].alert_type, "x:known");
}

#[test]
fn basic_credentials_are_demanded_where_configured() {
    let basic = BasicCredentials::new("device", Secret::new("pass")).unwrap();
    let mut server = start(config().with_basic(basic));
    request(&mut server, 1, plain_p1());
    let (_, response) = respond(&mut server);
    assert_eq!(response.status, 401);
    assert!(response.headers.get("WWW-Authenticate").unwrap().starts_with("Basic "));
    assert_eq!(refusal(&mut server, 2, plain_p1().with_header("Authorization", "Basic ZGV2aWNlOnBhc3Q=")), 401);
    request(&mut server, 3, plain_p1().with_header("Authorization", "Basic ZGV2aWNlOnBhc3M="));
    let _ = decide(&mut server);
}

#[test]
fn unusable_configurations_do_not_start() {
    let unusable = [
        ServerConfig::new("", ENDPOINT),
        ServerConfig::new("a".repeat(271), ENDPOINT),
        ServerConfig::new("dm.example", "/dm"),
        config().with_cookie_name("a b"),
    ];
    for config in unusable {
        assert_eq!(Server::start(config, Vec::new(), at(0)).unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
}

#[test]
fn events_that_do_not_fit_are_refused_and_change_nothing() {
    let mut server = start(config());
    let before = server.snapshot();
    let id = RequestId(1);
    for event in [Event::Commands { id, commands: Vec::new() }, Event::Fail { id }] {
        assert_eq!(server.handle(at(9), event).unwrap_err().kind(), ErrorKind::ApiMisuse);
        assert_eq!(server.snapshot(), before);
    }
    let (mut server, _) = sent(config(), DELETE);
    let before = server.snapshot();
    let notify = Event::Notify { con_type: ConType::Any, req_mos: false, random: random(1) };
    assert_eq!(server.handle(at(9), notify).unwrap_err().kind(), ErrorKind::ApiMisuse);
    assert_eq!(server.snapshot(), before);
}

#[test]
fn actions_that_nobody_takes_are_bounded() {
    let mut server = start(config());
    let mut refused = None;
    for id in 0..2_000 {
        let event = Event::Request { id: RequestId(id), request: Request::new(Method::Get, "/"), random: random(1) };
        if let Err(error) = server.handle(at(1), event) {
            refused = Some((id, error.kind()));
            break;
        }
    }
    assert_eq!(refused, Some((1024, ErrorKind::LimitExceeded)));
}

#[test]
fn route_tells_the_session_without_the_body() {
    assert_eq!(route(&plain_p1(), &config()), Ok(Route::Initiation { device_id: DEVICE }));
    let request = p3("x=1; OMADM-Session=abc", "not read");
    assert_eq!(route(&request, &config()), Ok(Route::Response { device_id: DEVICE, token: Some("abc") }));
}
