//! The client's state table (§14 of the DM 2.0 reference), row by row in its order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use core::time::Duration;

use dm_package::{Alert, Json, Mark, StatusCode, media};
use dm_session::Secret;
use dm_session::dm2::client::{Action, Event, Failure, Reason, Start};
use dm_session::dm2::{
    Account, AlertQueue, Client, ClientConfig, DefaultFetch, Destination, EXEC_RESULT, ExecResult, Fetched, Limits,
    MosPolicy, Outbox, Reporter, Support,
};
use dm_session::http::{BasicCredentials, Method, Response};
use dm_session::tree::{Content, Operation, Outcome};
use support::*;

fn alert(kind: &str) -> Alert<'static> {
    Alert::new(kind.to_owned())
}

fn queue(kinds: &[&str]) -> AlertQueue {
    let mut queue = AlertQueue::new();
    for kind in kinds {
        queue.push(alert(kind)).unwrap();
    }
    queue
}

fn kinds(queue: &AlertQueue) -> Vec<String> {
    queue.iter().map(|alert| alert.alert_type.as_str().to_owned()).collect()
}

fn types(alerts: &[Alert<'_>]) -> Vec<String> {
    alerts.iter().map(|alert| alert.alert_type.as_str().to_owned()).collect()
}

// --- Idle ------------------------------------------------------------------------------------------

#[test]
fn row_01_idle_a_start_of_each_kind_sends_package_1() {
    let starts = [
        (Start::Notification { notification_id: Some(0xBEEF), req_mos: false }, "ServerInitiatedMgmt", ENDPOINT),
        (Start::Local, "ClientInitiatedMgmt", ENDPOINT),
        (Start::Bootstrap, "BootstrapComplete", ENDPOINT),
        (
            Start::Report { server_uri: "https://report.example/r".into() },
            "ClientInitiatedMgmt",
            "https://report.example/r",
        ),
    ];
    for (start, kind, uri) in starts {
        let mut client = Client::start(config(), start, queue(&["x:waiting"]), at(0)).unwrap();
        let (_, request) = posted(&mut client);
        assert_eq!((request.method, request.uri.as_str()), (Method::Post, uri));
        assert_eq!(request.headers.get("OMADM-DevID"), Some(DEVICE));
        assert_eq!(request.headers.get("Accept"), Some(media::REQUEST));
        let package = package1(&request);
        assert_eq!(package.mos, None);
        assert_eq!(types(&package.alerts), [format!("urn:oma:at:dm:2.0:{kind}"), "x:waiting".into()]);
        assert_eq!(client.poll_action(), None);
    }
}

#[test]
fn row_01_idle_req_mos_asks_the_tree_first() {
    for (policy, req_mos) in [(MosPolicy::OnRequest, true), (MosPolicy::Always, false)] {
        let start = Start::Notification { notification_id: None, req_mos };
        let mut client = client(config().with_mos(policy), start);
        let mos = dm_package::Package1::parse(br#"{"MOS":[{"DDF":"d","MOID":"m","MIID":["1"]}],"Alert":[]}"#);
        let mos = mos.unwrap().into_owned().mos.unwrap();
        let asked = manage(&mut client, Outcome::Mos(mos.clone()));
        assert_eq!(asked, Operation::ListMos { server_id: SERVER_ID.into() });
        assert_eq!(package1(&posted(&mut client).1).mos, Some(mos));
    }
}

#[test]
fn row_01_idle_unusable_configurations_do_not_start() {
    let unusable = [
        ClientConfig::new(Account::new(SERVER_ID, "http://dm.example/dm"), DEVICE),
        ClientConfig::new(Account::new(SERVER_ID, "/dm"), DEVICE),
        ClientConfig::new(Account::new("", ENDPOINT), DEVICE),
        ClientConfig::new(Account::new(SERVER_ID, ENDPOINT), ""),
        ClientConfig::new(Account::new(SERVER_ID, ENDPOINT), "x\r\nCookie: y"),
        config().with_mo_types(Vec::<String>::new()),
    ];
    for config in unusable {
        assert!(Client::start(config, Start::Local, AlertQueue::new(), at(0)).is_err());
    }
    let plain = ClientConfig::new(Account::new(SERVER_ID, "http://dm.example/dm"), DEVICE).with_http(true);
    assert!(Client::start(plain, Start::Local, AlertQueue::new(), at(0)).is_ok());
}

#[test]
fn row_02_idle_an_invalid_notification_starts_nothing() {
    use dm_notification::{Receiver, UnixSeconds};
    let mut receiver: Receiver = Receiver::new(dm_notification::Policy::default());
    let accounts: &[dm_notification::Account<'_>] = &[dm_notification::Account::new("dm.example")];
    let wrong_version = b"\x10\x80\x1adm.example";
    let outcome = receiver.receive(Some(UnixSeconds(0)), wrong_version, accounts);
    assert_eq!(outcome.trigger(), None);
}

// --- AwaitP2 ---------------------------------------------------------------------------------------

#[test]
fn row_03_await_p2_a_valid_package_2_confirms_alerts_and_runs() {
    let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
    let response = p2(r#"["GET","urn:m:1.0/1/"]"#)
        .with_header("Set-Cookie", "t=1; Path=/dm; Secure")
        .with_header("OMADM-Accept", "application/json");
    answer(&mut client, response);
    assert!(client.alerts().is_empty());
    manage(&mut client, Outcome::Data(Vec::new()));
    let (_, request) = posted(&mut client);
    assert_eq!(request.headers.get("Cookie"), Some("t=1"));
}

#[test]
fn row_04_await_p2_a_bad_package_ends_the_session_and_requeues() {
    let bad = [
        Response::new(200).with_header("Content-Type", media::REQUEST).with_body("no JSON"),
        Response::new(200).with_header("Content-Type", media::REQUEST).with_body("{}"),
        Response::new(200).with_header("Content-Type", media::REQUEST).with_body(r#"{"CMD":{}}"#),
        Response::new(200).with_header("Content-Type", "text/html").with_body(r#"{"CMD":[]}"#),
        Response::new(204),
        p2(&vec![r#"["END"]"#; 1025].join(",")),
        p2(&format!(r#"["SHOW","https://a.example/{}"]"#, "x".repeat(1 << 20))),
    ];
    for response in bad {
        let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
        answer(&mut client, response);
        let closed = closed(&mut client);
        assert_eq!(closed.reason, Reason::BadPackage);
        assert_eq!(kinds(&closed.alerts), ["x:1"]);
    }
}

#[test]
fn row_04_await_p2_without_a_type_is_a_package_when_lenient() {
    let untyped = || Response::new(200).with_body(r#"{"CMD":[["END"]]}"#);
    let mut lenient = client(config(), Start::Local);
    answer(&mut lenient, untyped());
    assert_eq!(closed(&mut lenient).reason, Reason::Ended);
    let mut strict = client(config().with_strictness(dm_package::Strictness::Strict), Start::Local);
    answer(&mut strict, untyped());
    assert_eq!(closed(&mut strict).reason, Reason::BadPackage);
}

fn with_basic() -> ClientConfig {
    let basic = BasicCredentials::new("device", Secret::new("pass")).unwrap();
    ClientConfig::new(Account::new(SERVER_ID, ENDPOINT).with_basic(basic), DEVICE)
}

fn challenge(value: &str) -> Response {
    Response::new(401).with_header("WWW-Authenticate", value)
}

#[test]
fn row_05_await_p2_a_basic_challenge_is_answered_once_for_a_uri() {
    let mut client = Client::start(with_basic(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
    let first = answer(&mut client, challenge("Basic realm=\"dm\"").with_header("Set-Cookie", "c=1"));
    assert_eq!(first.headers.get("Authorization"), None);
    let (id, second) = posted(&mut client);
    assert_eq!(second.body, first.body);
    assert_eq!(second.headers.get("Authorization"), Some("Basic ZGV2aWNlOnBhc3M="));
    assert_eq!(second.headers.get("Cookie"), Some("c=1"), "cookies of a 401 count");
    client.handle(at(1), Event::Response { id, response: challenge("Basic realm=\"dm\"") }).unwrap();
    let closed = closed(&mut client);
    assert_eq!(closed.reason, Reason::Http(401));
    assert_eq!(kinds(&closed.alerts), ["x:1"]);
}

#[test]
fn row_05_await_p2_known_credentials_come_with_later_packages() {
    let mut client = client(with_basic(), Start::Local);
    answer(&mut client, challenge("Basic realm=\"dm\""));
    answer(&mut client, p2(""));
    let (_, request) = posted(&mut client);
    assert_eq!(request.headers.get("Authorization"), Some("Basic ZGV2aWNlOnBhc3M="));
}

#[test]
fn row_05_await_p2_other_schemes_are_the_hosts() {
    let mut client = client(config().with_host_authentication(true), Start::Local);
    answer(&mut client, challenge("Digest realm=\"dm\", nonce=\"n\""));
    let Action::Authenticate { id, request, challenges } = action(&mut client) else { panic!("a challenge") };
    assert_eq!(challenges[0].scheme(), "Digest");
    assert_eq!(request.headers.get("Authorization"), None);
    client.handle(at(1), Event::Response { id, response: p2("") }).unwrap();
    // The next package to this URI is the host's to authorize as well.
    let Action::Authenticate { id, .. } = action(&mut client) else { panic!("the same scheme again") };
    client.handle(at(1), Event::Failed { id, failure: Failure::NoCredentials }).unwrap();
    assert_eq!(closed(&mut client).reason, Reason::Http(401));
}

#[test]
fn row_05_await_p2_without_credentials_a_challenge_ends_the_session() {
    let mut client = client(config(), Start::Local);
    answer(&mut client, challenge("Basic realm=\"dm\""));
    assert_eq!(closed(&mut client).reason, Reason::Http(401));
}

#[test]
fn row_05_await_p2_credentials_do_not_follow_a_redirect_to_another_host() {
    let mut client = client(with_basic(), Start::Local);
    answer(&mut client, Response::new(307).with_header("Location", "https://evil.example/dm"));
    answer(&mut client, challenge("Basic realm=\"dm\""));
    assert_eq!(closed(&mut client).reason, Reason::Http(401));
}

#[test]
fn row_06_await_p2_307_and_308_are_followed_with_the_same_body() {
    for code in [307, 308] {
        let mut client = client(config(), Start::Local);
        let first = answer(&mut client, Response::new(code).with_header("Location", "/other?x=1"));
        let second = answer(&mut client, p2(""));
        assert_eq!(second.uri, "https://dm.example/other?x=1");
        assert_eq!((second.method, &second.body), (Method::Post, &first.body));
        // The next package goes to the endpoint again.
        assert_eq!(posted(&mut client).1.uri, ENDPOINT);
    }
}

#[test]
fn row_06_await_p2_redirects_are_bounded_and_never_weaker() {
    let mut client1 = client(config().with_http(true), Start::Local);
    answer(&mut client1, Response::new(307).with_header("Location", "http://dm.example/dm"));
    assert_eq!(closed(&mut client1).reason, Reason::Http(307));
    let mut client2 = client(config(), Start::Local);
    for _ in 0..5 {
        answer(&mut client2, Response::new(308).with_header("Location", "/dm"));
    }
    answer(&mut client2, Response::new(308).with_header("Location", "/dm"));
    assert_eq!(closed(&mut client2).reason, Reason::Http(308));
}

#[test]
fn row_07_await_p2_other_3xx_and_4xx_end_without_retry() {
    for code in [300, 301, 302, 303, 304, 400, 403, 404, 406, 415, 418, 429] {
        let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
        answer(&mut client, Response::new(code).with_header("Location", "/elsewhere"));
        let closed = closed(&mut client);
        assert_eq!((closed.reason, kinds(&closed.alerts)), (Reason::Http(code), vec!["x:1".into()]));
    }
}

#[test]
fn row_08_await_p2_5xx_ends_without_retry() {
    let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
    answer(&mut client, Response::new(503).with_header("Retry-After", "120"));
    let closed = closed(&mut client);
    assert_eq!((closed.reason, kinds(&closed.alerts)), (Reason::Http(503), vec!["x:1".into()]));
    assert_eq!(closed.retry_after, Some(Duration::from_secs(120)));
}

#[test]
fn row_09_await_p2_no_answer_ends_the_session() {
    for failure in [Failure::Unreachable, Failure::Timeout] {
        let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
        let (id, _) = posted(&mut client);
        client.handle(at(1), Event::Failed { id, failure }).unwrap();
        let closed = closed(&mut client);
        assert_eq!((closed.reason, kinds(&closed.alerts)), (Reason::Transport, vec!["x:1".into()]));
    }
}

#[test]
fn row_09_await_p2_the_request_timer_ends_the_session() {
    let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
    let (id, _) = posted(&mut client);
    assert_eq!(client.poll_timeout(), Some(at(60_000)));
    client.handle(at(59_999), Event::Tick).unwrap();
    assert_eq!(client.poll_action(), None);
    client.handle(at(60_000), Event::Tick).unwrap();
    assert_eq!(action(&mut client), Action::Cancel { id });
    let closed = closed(&mut client);
    assert_eq!((closed.reason, kinds(&closed.alerts)), (Reason::Transport, vec!["x:1".into()]));
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn row_09_the_whole_session_has_a_ceiling() {
    let mut client = client_with(r#"["EXEC","urn:m:1.0/1/x"]"#);
    manage(&mut client, Outcome::Executable(NODE.into()));
    let Action::Execute { id, .. } = action(&mut client) else { panic!("an execution") };
    assert_eq!(client.poll_timeout(), Some(at(15 * 60_000)));
    client.handle(at(15 * 60_000), Event::Tick).unwrap();
    assert_eq!(action(&mut client), Action::Cancel { id });
    assert_eq!(closed(&mut client).reason, Reason::Timeout);
}

// --- Run: the end of a package -----------------------------------------------------------------------

#[test]
fn row_10_run_after_end_nothing_is_sent() {
    let mut client = client_with(r#"["DELETE","urn:m:1.0/1/x"],["END"]"#);
    manage(&mut client, status(StatusCode::OK));
    assert_eq!(closed(&mut client).reason, Reason::Ended);
}

#[test]
fn row_11_run_without_end_package_3_follows() {
    let mut client = client_with(r#"["DELETE","urn:m:1.0/1/x"]"#);
    client.handle(at(1), Event::Alert(alert("x:2"))).unwrap();
    manage(&mut client, status(StatusCode::OK));
    let (id, request) = posted(&mut client);
    assert_eq!((request.method, request.uri.as_str()), (Method::Post, ENDPOINT));
    assert_eq!(request.headers.get("OMADM-DevID"), Some(DEVICE));
    assert_eq!(request.headers.get("Content-Type"), Some(media::RESPONSE));
    assert_eq!(request.headers.get("Accept"), Some(media::REQUEST));
    let package = dm_package::Package3::parse(&request.body).unwrap();
    assert_eq!((package.statuses.len(), types(&package.alerts)), (1, vec!["x:2".into()]));
    client.handle(at(1), Event::Response { id, response: p2(r#"["END"]"#) }).unwrap();
    assert!(closed(&mut client).alerts.is_empty());
}

#[test]
fn row_11_run_an_empty_package_is_answered_with_no_status() {
    let mut client = client_with("");
    let (_, request) = posted(&mut client);
    assert_eq!(request.body, br#"{"Status":[]}"#);
}

#[test]
fn row_12_run_the_rounds_are_bounded() {
    let config = config().with_limits(Limits::DEFAULT.with_max_rounds(3));
    let mut client = Client::start(config, Start::Local, AlertQueue::new(), at(0)).unwrap();
    for _ in 0..2 {
        answer(&mut client, p2(""));
    }
    client.handle(at(1), Event::Alert(alert("x:late"))).unwrap();
    answer(&mut client, p2(""));
    let closed = closed(&mut client);
    assert_eq!((closed.reason, kinds(&closed.alerts)), (Reason::Limit, vec!["x:late".into()]));
}

// --- Run: the commands -----------------------------------------------------------------------------------

#[test]
fn row_13_run_what_cannot_run_is_answered_in_its_place() {
    let commands = r#"["NOSUCH","a"],17,["GET"],["HPUT","https://repo.example/x"],["EXEC","a","b","c"],["CONT","/relative"],
        ["HPUT","https://repo.example/[DevID]","urn:m:1.0/1/"],["HGET","http://plain.example/x"],["CONT","https://dm.example/dm2"]"#;
    let mut client = client_with(commands);
    assert_eq!(statuses(&mut client), [501, 400, 400, 400, 400, 400, 400, 403, 200]);
}

#[test]
fn row_13_run_optional_commands_can_be_unsupported() {
    let commands = r#"["GET","urn:m:1.0/1/"],["SHOW","https://a.example/"],["DEFAULT","https://a.example/","urn:m:1.0"],
        ["SUB","https://a.example/","urn:m:1.0/1/"],["UNSUB","urn:m:1.0/1/"]"#;
    let mut client = client_with_config(config().with_support(Support::MANDATORY), commands);
    assert_eq!(statuses(&mut client), [501; 5]);
}

#[test]
fn row_14_run_hget_asks_the_tree_before_the_repository() {
    let mut client = client_with(&format!(r#"["HGET","{REPO}","{NODE}"],["HGET","{REPO}"]"#));
    let asked = manage(&mut client, status(StatusCode::OK));
    assert_eq!(asked, Operation::CheckWrite { server_id: SERVER_ID.into(), uri: Some(NODE.into()) });
    let request = transfer(&mut client, Response::new(404));
    assert_eq!((request.method, request.uri.as_str()), (Method::Get, REPO));
    assert!(request.headers.get("Accept").unwrap().starts_with(media::MO));
    assert_eq!(request.headers.get("OMADM-DevID"), None, "the repository need not know the device");
    // Refused by the tree: nothing is fetched.
    let asked = manage(&mut client, status(StatusCode::FORBIDDEN));
    assert_eq!(asked, Operation::CheckWrite { server_id: SERVER_ID.into(), uri: None });
    assert_eq!(statuses(&mut client), [404, 403]);
}

#[test]
fn row_15_run_hput_and_hpost_send_what_the_tree_gives() {
    let body = r#"[{"ClientURI":"urn:oma:mo:ext:1.0/1/a","MOData":{"a":"7"}}]"#;
    for (command, method) in [("HPUT", Method::Put), ("HPOST", Method::Post)] {
        let mut client = client_with(&format!(r#"["{command}","{REPO}","{NODE}","urn:n:1.0/*/b"]"#));
        let asked = manage(&mut client, Outcome::Data(items(body)));
        let uris = vec![NODE.into(), "urn:n:1.0/*/b".into()];
        assert_eq!(asked, Operation::Read { server_id: SERVER_ID.into(), uris });
        let request = transfer(&mut client, Response::new(201));
        assert_eq!((request.method, request.uri.as_str(), request.body.as_slice()), (method, REPO, body.as_bytes()));
        assert_eq!(request.headers.get("Content-Type"), Some(media::MO));
        assert_eq!(statuses(&mut client), [200]);
    }
}

#[test]
fn row_15_run_hput_of_fresh_or_refused_data_sends_nothing() {
    let mut client = client_with(&format!(r#"["HPUT","{REPO}","{NODE}?cv=1"],["HPUT","{REPO}","{NODE}"]"#));
    manage(&mut client, status(StatusCode::NOT_MODIFIED));
    manage(&mut client, status(StatusCode::FORBIDDEN));
    assert_eq!(statuses(&mut client), [304, 403]);
}

#[test]
fn row_16_run_delete() {
    let mut client = client_with(&format!(r#"["DELETE","{NODE}"],["DELETE","{NODE}"]"#));
    let asked = manage(&mut client, status(StatusCode::OK));
    assert_eq!(asked, Operation::Delete { server_id: SERVER_ID.into(), uris: vec![NODE.into()] });
    manage(&mut client, status(StatusCode::COMMAND_NOT_ALLOWED));
    assert_eq!(statuses(&mut client), [200, 405]);
}

#[test]
fn row_17_run_get_carries_the_data_in_its_status() {
    let body = r#"[{"ClientURI":"urn:oma:mo:ext:1.0/1/","MOData":{"ext":{"a":"7"}},"CV":"c-1"}]"#;
    let mut client = client_with(&format!(r#"["GET","{NODE}"],["GET","{NODE}?cv=c-1"],["GET","{NODE}"]"#));
    manage(&mut client, Outcome::Data(items(body)));
    manage(&mut client, status(StatusCode::NOT_MODIFIED));
    manage(&mut client, status(StatusCode::NOT_FOUND));
    let package = package3(&mut client);
    let codes: Vec<u16> = package.statuses.iter().map(|status| status.sc.as_u16()).collect();
    assert_eq!(codes, [200, 304, 404]);
    assert_eq!(package.statuses[0].data, items(body));
    assert!(package.statuses[1].data.is_empty());
}

#[test]
fn row_18_run_exec_with_a_server_uri_is_accepted_at_once() {
    let mut client = client_with(&format!(r#"["EXEC","urn:oma:mo:ext:1.0//a","{REPO}"],["END"]"#));
    let asked = manage(&mut client, Outcome::Executable(NODE.into()));
    assert_eq!(asked, Operation::CheckExec { server_id: SERVER_ID.into(), uri: "urn:oma:mo:ext:1.0//a".into() });
    let Action::Execute { execution, .. } = action(&mut client) else { panic!("an execution") };
    assert!(execution.must_defer());
    assert_eq!(execution.client_uri, NODE);
    assert_eq!(execution.destination.server_uri.as_deref(), Some(REPO));
    // The session does not wait for it.
    assert_eq!(closed(&mut client).reason, Reason::Ended);
}

#[test]
fn row_18_run_exec_fails_early_without_202() {
    let mut client = client_with(&format!(r#"["EXEC","{NODE}","{REPO}"],["EXEC","{NODE}"]"#));
    manage(&mut client, status(StatusCode::NOT_FOUND));
    manage(&mut client, status(StatusCode::COMMAND_NOT_ALLOWED));
    assert_eq!(statuses(&mut client), [404, 405]);
}

#[test]
fn row_18_run_open_executions_are_bounded() {
    let config = config().with_limits(Limits::DEFAULT.with_max_executions(1));
    let mut client = client_with_config(config, &[&*format!(r#"["EXEC","{NODE}","{REPO}"]"#); 2].join(","));
    manage(&mut client, Outcome::Executable(NODE.into()));
    assert!(matches!(action(&mut client), Action::Execute { .. }));
    manage(&mut client, Outcome::Executable(NODE.into()));
    assert_eq!(statuses(&mut client), [202, 503]);
}

#[test]
fn row_19_run_exec_without_a_server_uri_waits_for_the_hosts_choice() {
    let mut client = client_with(&format!(r#"["EXEC","{NODE}"]"#));
    manage(&mut client, Outcome::Executable(NODE.into()));
    let Action::Execute { execution, .. } = action(&mut client) else { panic!("an execution") };
    assert!(!execution.must_defer());
    assert_eq!(client.poll_action(), None);
}

#[test]
fn row_20_run_show_opens_the_browser() {
    let mut client = client_with(r#"["SHOW","http://ui.example/?id=1"],["SHOW","file:///etc"]"#);
    let Action::Launch { id, uri } = action(&mut client) else { panic!("a browser") };
    assert_eq!(uri, "http://ui.example/?id=1");
    client.handle(at(1), Event::Launched { id, status: StatusCode::OK }).unwrap();
    assert_eq!(statuses(&mut client), [200, 400]);
}

#[test]
fn row_21_run_cont_moves_package_3_of_its_own_package() {
    let mut client = client_with(r#"["CONT","https://b.example/1"],["CONT","https://c.example/2"]"#);
    let (id, request) = posted(&mut client);
    assert_eq!(request.uri, "https://c.example/2", "the last CONT wins");
    assert_eq!(request.headers.get("Cookie"), None);
    client.handle(at(1), Event::Response { id, response: p2("") }).unwrap();
    assert_eq!(posted(&mut client).1.uri, "https://c.example/2");
}

#[test]
fn row_21_run_cont_refuses_a_downgrade_and_a_relative_uri() {
    let mut client = client_with_config(
        config().with_http(true),
        r#"["CONT","http://dm.example/dm"],["CONT","dm2"],["CONT","ftp://dm.example/"]"#,
    );
    let (_, request) = posted(&mut client);
    assert_eq!(request.uri, ENDPOINT);
    assert_eq!(request.body, br#"{"Status":[{"sc":403},{"sc":400},{"sc":400}]}"#);
}

#[test]
fn row_22_run_end_anywhere_lets_every_other_command_run() {
    for commands in [
        r#"["END"],["DELETE","a"],["DELETE","b"]"#,
        r#"["DELETE","a"],["END"],["DELETE","b"]"#,
        r#"["DELETE","a"],["DELETE","b"],["END","extra"]"#,
    ] {
        let mut client =
            client_with(&commands.replace("\"a\"", "\"urn:m:1.0/1/a\"").replace("\"b\"", "\"urn:m:1.0/1/b\""));
        for _ in 0..2 {
            assert!(matches!(manage(&mut client, status(StatusCode::OK)), Operation::Delete { .. }));
        }
        assert_eq!(closed(&mut client).reason, Reason::Ended);
    }
}

#[test]
fn row_22_run_cont_with_end_has_no_effect() {
    let mut client = client_with(r#"["CONT","https://b.example/1"],["END"]"#);
    assert_eq!(closed(&mut client).reason, Reason::Ended);
}

#[test]
fn row_23_run_default_is_stored_by_the_tree() {
    let mut client = client_with(&format!(r#"["DEFAULT","{REPO}","urn:m:1.0"]"#));
    let asked = manage(&mut client, status(StatusCode::OK));
    let (server_id, moid) = (SERVER_ID.into(), "urn:m:1.0".into());
    assert_eq!(asked, Operation::SetDefault { server_id, moid, server_uri: REPO.into() });
    assert_eq!(statuses(&mut client), [200]);
}

#[test]
fn row_24_run_sub_and_unsub_go_to_the_tree() {
    let mut client = client_with(&format!(r#"["SUB","{REPO}","{NODE}"],["UNSUB","{NODE}"],["UNSUB","{NODE}"]"#));
    let (server_id, uri) = (SERVER_ID.to_owned(), NODE.to_owned());
    let asked = manage(&mut client, status(StatusCode::OK));
    let subscribe = Operation::Subscribe { server_id: server_id.clone(), uri: uri.clone(), server_uri: REPO.into() };
    assert_eq!(asked, subscribe);
    assert_eq!(manage(&mut client, status(StatusCode::OK)), Operation::Unsubscribe { server_id, uri });
    manage(&mut client, status(StatusCode::NOT_FOUND));
    assert_eq!(statuses(&mut client), [200, 200, 404]);
}

// --- AwaitEffect ---------------------------------------------------------------------------------------------

fn fetching(command: &str) -> Client {
    let mut client = client_with(command);
    manage(&mut client, status(StatusCode::OK));
    client
}

#[test]
fn row_25_effect_hget_stores_and_says_where() {
    let body = r#"[{"ClientURI":"urn:m:1.0/x/","MOData":{"m":{"a":"1"}}}]"#;
    let mut client = fetching(&format!(r#"["HGET","{REPO}"]"#));
    transfer(&mut client, mo(body));
    let asked = manage(&mut client, Outcome::Written(vec!["urn:m:1.0/4/".into()]));
    let content = Content::Items(items(body));
    assert_eq!(asked, Operation::Write { server_id: SERVER_ID.into(), uri: None, content });
    let (_, request) = posted(&mut client);
    assert_eq!(request.body, br#"{"Status":[{"sc":200,"URI":["urn:m:1.0/4/"]}]}"#);
}

#[test]
fn row_25_effect_hget_into_a_place() {
    let mut client = fetching(&format!(r#"["HGET","{REPO}","{NODE}"]"#));
    let raw = Response::new(200).with_header("Content-Type", "image/png").with_body(vec![0, 159]);
    transfer(&mut client, raw);
    let asked = manage(&mut client, Outcome::Written(vec![NODE.into()]));
    let content = Content::Bytes(vec![0, 159]);
    assert_eq!(asked, Operation::Write { server_id: SERVER_ID.into(), uri: Some(NODE.into()), content });
    assert_eq!(statuses(&mut client), [200]);
}

#[test]
fn row_25_effect_hget_failures_store_nothing() {
    let no_target = format!(r#"["HGET","{REPO}"]"#);
    let cases = [
        (mo("no JSON"), 415),
        (mo(r#"[{"MOData":7}]"#), 415),
        (Response::new(200).with_header("Content-Type", "text/html").with_body("<html>"), 415),
        (Response::new(200).with_body("[]"), 415),
    ];
    for (response, code) in cases {
        let mut client = fetching(&no_target);
        transfer(&mut client, response);
        assert_eq!(statuses(&mut client), [code]);
    }
    let config = config().with_limits(Limits::DEFAULT.with_max_repository_len(10));
    let mut client = client_with_config(config, &no_target);
    manage(&mut client, status(StatusCode::OK));
    transfer(&mut client, mo("[          ]"));
    assert_eq!(statuses(&mut client), [413]);
    // What the tree refuses is reported as the tree says it.
    let mut client = fetching(&no_target);
    transfer(&mut client, mo("[]"));
    manage(&mut client, status(StatusCode::FORBIDDEN));
    assert_eq!(statuses(&mut client), [403]);
}

fn uploading(config: ClientConfig) -> Client {
    let mut client = client_with_config(config, &format!(r#"["HPUT","{REPO}","{NODE}"]"#));
    manage(&mut client, Outcome::Data(Vec::new()));
    client
}

#[test]
fn row_26_effect_any_2xx_finishes_hput_and_hpost() {
    for code in [200, 201, 202, 204, 206] {
        let mut client = uploading(config());
        transfer(&mut client, Response::new(code));
        assert_eq!(statuses(&mut client), [200]);
    }
}

#[test]
fn row_27_effect_415_with_a_known_format_is_retried_once() {
    let mut client = uploading(config());
    transfer(&mut client, Response::new(415).with_header("OMADM-Accept", "text/xml, application/json;q=0.5"));
    let (id, request) = transferred(&mut client);
    assert_eq!(request.headers.get("Content-Type"), Some("application/json"));
    let again = Response::new(415).with_header("OMADM-Accept", media::MO);
    client.handle(at(1), Event::Transferred { id, response: again }).unwrap();
    assert_eq!(statuses(&mut client), [406]);
}

#[test]
fn row_27_effect_formats_are_remembered_for_the_session() {
    let mut client = client_with(&[&*format!(r#"["HPOST","{REPO}","{NODE}"]"#); 2].join(","));
    manage(&mut client, Outcome::Data(Vec::new()));
    transfer(&mut client, Response::new(200).with_header("OMADM-Accept", "application/json"));
    manage(&mut client, Outcome::Data(Vec::new()));
    let request = transfer(&mut client, Response::new(200));
    assert_eq!(request.headers.get("Content-Type"), Some("application/json"));
    assert_eq!(statuses(&mut client), [200, 200]);
}

#[test]
fn row_28_effect_415_without_another_format_is_406() {
    for formats in [None, Some("text/xml"), Some("application/dmmo+json"), Some("*/*;q=0")] {
        let mut client = uploading(config());
        let mut response = Response::new(415);
        if let Some(formats) = formats {
            response.headers.push("OMADM-Accept", formats);
        }
        transfer(&mut client, response);
        assert_eq!(statuses(&mut client), [406], "{formats:?}");
    }
}

#[test]
fn row_28_effect_formats_known_before_are_refused_without_a_request() {
    let mut client = client_with(&[&*format!(r#"["HPOST","{REPO}","{NODE}"]"#); 2].join(","));
    manage(&mut client, Outcome::Data(Vec::new()));
    transfer(&mut client, Response::new(200).with_header("OMADM-Accept", "text/xml"));
    manage(&mut client, Outcome::Data(Vec::new()));
    assert_eq!(statuses(&mut client), [200, 406]);
}

#[test]
fn row_29_effect_other_errors_are_passed_on() {
    for code in [400, 401, 403, 404, 409, 429, 500, 503] {
        let mut client = uploading(config());
        transfer(&mut client, Response::new(code));
        assert_eq!(statuses(&mut client), [code]);
    }
    for code in [301, 302, 304, 100, 999] {
        let mut client = uploading(config());
        transfer(&mut client, Response::new(code));
        assert_eq!(statuses(&mut client), [502], "{code} is no answer to an upload");
    }
}

#[test]
fn row_29_effect_repository_redirects_follow_the_same_rules() {
    let mut client = fetching(&format!(r#"["HGET","{REPO}"]"#));
    let first = Response::new(307).with_header("Location", "/y").with_header("Set-Cookie", "r=1");
    transfer(&mut client, first);
    let request = transfer(&mut client, Response::new(307).with_header("Location", "http://repo.example/z"));
    assert_eq!(request.uri, "https://repo.example/y");
    assert_eq!(request.headers.get("Cookie"), Some("r=1"), "the repository has a jar of its own");
    let (_, request) = posted(&mut client);
    assert_eq!(request.body, br#"{"Status":[{"sc":502}]}"#);
    assert_eq!(request.headers.get("Cookie"), None);
}

#[test]
fn row_30_effect_transport_errors_are_gateway_statuses() {
    for (failure, code) in [(Failure::Unreachable, 502), (Failure::Timeout, 504)] {
        let mut client = uploading(config());
        let (id, _) = transferred(&mut client);
        client.handle(at(1), Event::Failed { id, failure }).unwrap();
        assert_eq!(statuses(&mut client), [code]);
    }
    let mut client = uploading(config());
    let (id, _) = transferred(&mut client);
    let deadline = client.poll_timeout().unwrap();
    assert_eq!(deadline, at(60_001));
    client.handle(deadline, Event::Tick).unwrap();
    assert_eq!(action(&mut client), Action::Cancel { id });
    assert_eq!(statuses(&mut client), [504]);
}

fn executing() -> (Client, dm_session::dm2::client::EffectId) {
    let mut client = client_with(&format!(r#"["EXEC","{NODE}"]"#));
    manage(&mut client, Outcome::Executable(NODE.into()));
    match action(&mut client) {
        Action::Execute { id, .. } => (client, id),
        other => panic!("an execution, not {other:?}"),
    }
}

#[test]
fn row_31_effect_a_finished_execution_gives_its_status() {
    let (mut client, id) = executing();
    client.handle(at(1), Event::Executed { id, result: StatusCode::CONFLICT.into() }).unwrap();
    assert_eq!(statuses(&mut client), [409]);
}

#[test]
fn row_32_effect_a_deferred_execution_is_202_and_an_alert_later() {
    let (mut client, id) = executing();
    client.handle(at(1), Event::Deferred { id }).unwrap();
    assert_eq!(statuses(&mut client), [202]);
    client.handle(at(2), Event::Executed { id, result: StatusCode::OK.into() }).unwrap();
    assert_eq!(kinds(client.alerts()), [EXEC_RESULT]);
    let alert = client.alerts().iter().next().unwrap();
    assert_eq!(alert.source_uri.as_deref(), Some(NODE));
    assert_eq!(alert.data.as_ref().unwrap().raw(), r#"{"sc":200}"#);
    // Once is enough.
    assert!(client.handle(at(2), Event::Executed { id, result: StatusCode::OK.into() }).is_err());
}

#[test]
fn row_33_effect_a_browser_that_does_not_start_stops_nothing() {
    for code in [StatusCode::INTERNAL_ERROR, StatusCode::NOT_IMPLEMENTED] {
        let mut client = client_with(r#"["SHOW","https://ui.example/"],["CONT","https://dm.example/x"]"#);
        let Action::Launch { id, .. } = action(&mut client) else { panic!("a browser") };
        client.handle(at(1), Event::Launched { id, status: code }).unwrap();
        assert_eq!(statuses(&mut client), [code.as_u16(), 200]);
    }
}

// --- any state -----------------------------------------------------------------------------------------------

#[test]
fn row_34_any_alerts_join_the_queue_and_the_next_package() {
    let mut client = client(config(), Start::Local);
    client.handle(at(1), Event::Alert(alert("x:1"))).unwrap();
    answer(&mut client, p2(&format!(r#"["DELETE","{NODE}"]"#)));
    assert_eq!(kinds(client.alerts()), ["x:1"], "it came too late for Package#1, so it is not confirmed with it");
    client.handle(at(1), Event::Alert(alert("x:2"))).unwrap();
    manage(&mut client, status(StatusCode::OK));
    assert_eq!(types(&package3(&mut client).alerts), ["x:1", "x:2"]);
}

#[test]
fn row_34_any_a_full_queue_drops_the_oldest_of_the_least_severe_mark() {
    let mut queue = AlertQueue::with_capacity(3);
    let marks = [Mark::Warning, Mark::Harmless, Mark::Fatal, Mark::Harmless, Mark::Critical, Mark::Warning];
    for (index, mark) in marks.into_iter().enumerate() {
        queue.push(alert(&format!("x:{index}")).with_mark(mark)).unwrap();
    }
    assert_eq!(kinds(&queue), ["x:2", "x:4", "x:5"]);
    assert_eq!(queue.dropped(), 3);
}

#[test]
fn row_34_any_an_alert_that_cannot_be_written_is_refused() {
    let mut client = client(config(), Start::Local);
    let mut bad = alert("x:1");
    bad.data = Some(Json::null());
    let before = client.snapshot();
    assert!(client.handle(at(1), Event::Alert(bad)).is_err());
    assert_eq!(client.snapshot(), before);
}

#[test]
fn row_35_any_a_late_result_goes_where_the_exec_said() {
    let mut client = client_with(&format!(r#"["EXEC","{NODE}","{REPO}"]"#));
    manage(&mut client, Outcome::Executable(NODE.into()));
    let Action::Execute { id, execution } = action(&mut client) else { panic!("an execution") };
    let own = alert("urn:oma:at:fumo:1.0:OperationComplete").with_mark(Mark::Warning);
    let result = ExecResult { status: StatusCode::OK, alert: Some(own) };
    client.handle(at(2), Event::Executed { id, result: result.clone() }).unwrap();
    assert_eq!(statuses(&mut client), [202]);
    let Action::Report { destination, alert } = action(&mut client) else { panic!("a report") };
    assert_eq!(destination, Destination { server_id: SERVER_ID.into(), server_uri: Some(REPO.into()) });
    assert_eq!(alert, execution.report(result.clone()));
    assert!(client.alerts().is_empty(), "it is not this session's");

    // After the session the outbox takes it, and a session of its own delivers it.
    let mut outbox = Outbox::new();
    outbox.report(&execution, result).unwrap();
    let waiting: Vec<_> = outbox.waiting().cloned().collect();
    assert_eq!(waiting, core::slice::from_ref(&destination));
    let start = Start::Report { server_uri: REPO.into() };
    let lent = outbox.lend(&destination).unwrap();
    assert_eq!(outbox.lend(&destination), None, "one session at a time");
    let mut second = Client::start(config(), start, lent, at(0)).unwrap();
    let request = answer(&mut second, p2(r#"["END"]"#));
    assert_eq!(request.uri, REPO);
    assert_eq!(package1(&request).alerts[1].source_uri.as_deref(), Some(NODE));
    outbox.settle(&destination, closed(&mut second).alerts);
    assert_eq!(outbox.waiting().count(), 0);
}

#[test]
fn row_36_any_abort_requeues_and_cancels() {
    let mut client = Client::start(config(), Start::Local, queue(&["x:1"]), at(0)).unwrap();
    let (id, _) = posted(&mut client);
    client.handle(at(1), Event::Abort).unwrap();
    assert_eq!(action(&mut client), Action::Cancel { id });
    let closed1 = closed(&mut client);
    assert_eq!((closed1.reason, kinds(&closed1.alerts)), (Reason::Aborted, vec!["x:1".into()]));
    // What the host has not seen yet is just taken back.
    let mut client = support::client(config(), Start::Local);
    client.handle(at(1), Event::Abort).unwrap();
    assert_eq!(closed(&mut client).reason, Reason::Aborted);
}

#[test]
fn row_37_done_ignores_everything() {
    let mut client = client_with(r#"["END"]"#);
    closed(&mut client);
    let before = client.snapshot();
    client.handle(at(9), Event::Tick).unwrap();
    assert!(client.handle(at(9), Event::Abort).is_err());
    assert!(client.handle(at(9), Event::Alert(alert("x:1"))).is_err(), "the host still has it");
    assert_eq!(client.poll_action(), None);
    assert_eq!(client.poll_timeout(), None);
    let mut after = Client::restore(config(), client.snapshot()).unwrap();
    assert_eq!(after.poll_action(), None);
    assert_ne!(client.snapshot(), before, "only the time has moved");
}

// --- the machines beside it -----------------------------------------------------------------------------------

fn reporting() -> Reporter {
    let mut reporter = Reporter::start(config(), at(0)).unwrap();
    reporter.changed(at(0), NODE, REPO, false).unwrap();
    reporter.changed(at(500), NODE, REPO, false).unwrap();
    reporter
}

fn read_and_send(reporter: &mut Reporter, now: u64) -> (dm_session::dm2::client::EffectId, dm_session::http::Request) {
    reporter.handle(at(now), Event::Tick).unwrap();
    let Some(Action::Manage { id, operation }) = reporter.poll_action() else { panic!("a read") };
    assert_eq!(operation, Operation::Read { server_id: SERVER_ID.into(), uris: vec![NODE.into()] });
    let data = Outcome::Data(items(r#"[{"ClientURI":"urn:oma:mo:ext:1.0/1/a","MOData":{"a":"7"}}]"#));
    reporter.handle(at(now), Event::Managed { id, outcome: data }).unwrap();
    let Some(Action::Transfer { id, request }) = reporter.poll_action() else { panic!("a report") };
    (id, request)
}

#[test]
fn row_38_reporter_coalesces_reads_and_puts() {
    let mut reporter = reporting();
    assert_eq!(reporter.poll_timeout(), Some(at(1_000)));
    reporter.handle(at(999), Event::Tick).unwrap();
    assert_eq!(reporter.poll_action(), None);
    let (id, request) = read_and_send(&mut reporter, 1_000);
    assert_eq!((request.method, request.uri.as_str()), (Method::Put, REPO));
    assert!(request.body.starts_with(b"[{\"ClientURI\""));
    // A change during the report is reported after it.
    reporter.changed(at(1_200), NODE, REPO, false).unwrap();
    reporter.handle(at(2_000), Event::Transferred { id, response: Response::new(204) }).unwrap();
    assert_eq!(reporter.poll_timeout(), Some(at(3_000)));
}

#[test]
fn row_38_reporter_retries_a_415_once_and_drops_failures() {
    let mut reporter = reporting();
    let (id, _) = read_and_send(&mut reporter, 1_000);
    let refused = || Response::new(415).with_header("OMADM-Accept", "application/json");
    reporter.handle(at(1_000), Event::Transferred { id, response: refused() }).unwrap();
    let Some(Action::Transfer { id, request }) = reporter.poll_action() else { panic!("another format") };
    assert_eq!(request.headers.get("Content-Type"), Some("application/json"));
    reporter.handle(at(1_000), Event::Transferred { id, response: refused() }).unwrap();
    assert_eq!((reporter.poll_action(), reporter.poll_timeout()), (None, None));

    let mut reporter = reporting();
    let (id, _) = read_and_send(&mut reporter, 1_000);
    reporter.handle(at(1_000), Event::Failed { id, failure: Failure::Unreachable }).unwrap();
    assert_eq!((reporter.poll_action(), reporter.poll_timeout()), (None, None));

    let mut reporter = reporting();
    let (id, _) = read_and_send(&mut reporter, 1_000);
    reporter.handle(at(61_000), Event::Tick).unwrap();
    assert_eq!(reporter.poll_action(), Some(Action::Cancel { id }));
    assert_eq!(reporter.poll_timeout(), None);
}

#[test]
fn row_38_reporter_sends_an_empty_array_for_a_deleted_instance() {
    let mut reporter = reporting();
    reporter.changed(at(600), NODE, REPO, true).unwrap();
    reporter.handle(at(1_000), Event::Tick).unwrap();
    let Some(Action::Transfer { request, .. }) = reporter.poll_action() else { panic!("a report") };
    assert_eq!(request.body, b"[]");
}

#[test]
fn row_38_reporter_is_silent_where_the_right_to_read_is_gone() {
    let mut reporter = reporting();
    reporter.handle(at(1_000), Event::Tick).unwrap();
    let Some(Action::Manage { id, .. }) = reporter.poll_action() else { panic!("a read") };
    reporter.handle(at(1_000), Event::Managed { id, outcome: status(StatusCode::FORBIDDEN) }).unwrap();
    assert_eq!((reporter.poll_action(), reporter.poll_timeout()), (None, None));
}

#[test]
fn row_38_reporter_is_bounded_and_refuses_strange_answers() {
    let mut reporter = Reporter::start(config().with_limits(Limits::DEFAULT.with_max_reports(1)), at(0)).unwrap();
    reporter.changed(at(0), NODE, REPO, false).unwrap();
    assert!(reporter.changed(at(0), "urn:m:1.0/2/", REPO, false).is_err());
    reporter.handle(at(1_000), Event::Tick).unwrap();
    let Some(Action::Manage { id, .. }) = reporter.poll_action() else { panic!("a read") };
    assert!(reporter.handle(at(1_000), Event::Transferred { id, response: Response::new(200) }).is_err());
    assert!(reporter.handle(at(1_000), Event::Managed { id, outcome: status(StatusCode::NOT_FOUND) }).is_ok());
}

#[test]
fn row_39_default_fetch_runs_the_hget_procedure_without_a_status() {
    let mut fetch = DefaultFetch::start(config(), "urn:m:1.0", at(0)).unwrap();
    let Some(Action::Manage { id, operation }) = fetch.poll_action() else { panic!("a question") };
    assert_eq!(operation, Operation::FindDefault { moid: "urn:m:1.0".into() });
    let found = Outcome::Default { server_id: SERVER_ID.into(), server_uri: REPO.into() };
    fetch.handle(at(1), Event::Managed { id, outcome: found }).unwrap();
    let Some(Action::Transfer { id, request }) = fetch.poll_action() else { panic!("a fetch") };
    assert_eq!((request.method, request.uri.as_str()), (Method::Get, REPO));
    fetch.handle(at(1), Event::Transferred { id, response: mo("[]") }).unwrap();
    let Some(Action::Manage { id, operation }) = fetch.poll_action() else { panic!("a write") };
    let content = Content::Items(Vec::new());
    assert_eq!(operation, Operation::Write { server_id: SERVER_ID.into(), uri: None, content });
    assert_eq!(fetch.result(), None);
    fetch.handle(at(1), Event::Managed { id, outcome: Outcome::Written(vec!["urn:m:1.0/1/".into()]) }).unwrap();
    assert_eq!(fetch.result(), Some(&Fetched::Stored(vec!["urn:m:1.0/1/".into()])));
    assert_eq!(fetch.poll_action(), None);
}

#[test]
fn row_39_default_fetch_without_a_uri_or_with_trouble() {
    let start = || {
        let mut fetch = DefaultFetch::start(config(), "urn:m:1.0", at(0)).unwrap();
        let Some(Action::Manage { id, .. }) = fetch.poll_action() else { panic!("a question") };
        (fetch, id)
    };
    let (mut fetch, id) = start();
    fetch.handle(at(1), Event::Managed { id, outcome: status(StatusCode::NOT_FOUND) }).unwrap();
    assert_eq!(fetch.result(), Some(&Fetched::Nothing));
    assert!(fetch.handle(at(1), Event::Managed { id, outcome: status(StatusCode::OK) }).is_err());

    let found = || Outcome::Default { server_id: SERVER_ID.into(), server_uri: REPO.into() };
    let (mut fetch, id) = start();
    fetch.handle(at(1), Event::Managed { id, outcome: found() }).unwrap();
    let Some(Action::Transfer { id, .. }) = fetch.poll_action() else { panic!("a fetch") };
    fetch.handle(fetch.poll_timeout().unwrap(), Event::Tick).unwrap();
    assert_eq!(fetch.poll_action(), Some(Action::Cancel { id }));
    assert_eq!(fetch.result(), Some(&Fetched::Failed(StatusCode::GATEWAY_TIMEOUT)));

    let (mut fetch, id) = start();
    fetch.handle(at(1), Event::Managed { id, outcome: found() }).unwrap();
    let Some(Action::Transfer { id, .. }) = fetch.poll_action() else { panic!("a fetch") };
    fetch.handle(at(1), Event::Transferred { id, response: Response::new(404) }).unwrap();
    assert_eq!(fetch.result(), Some(&Fetched::Failed(StatusCode::NOT_FOUND)));
}

// --- misuse ------------------------------------------------------------------------------------------------------

#[test]
fn misuse_is_refused_and_changes_nothing() {
    let mut client = client(config(), Start::Local);
    let (id, _) = posted(&mut client);
    let before = client.snapshot();
    let wrong = [
        Event::Managed { id, outcome: status(StatusCode::OK) },
        Event::Transferred { id, response: Response::new(200) },
        Event::Deferred { id },
        Event::Executed { id, result: StatusCode::OK.into() },
        Event::Launched { id, status: StatusCode::OK },
    ];
    for event in wrong {
        assert!(client.handle(at(5), event).is_err());
        assert_eq!(client.snapshot(), before);
    }
    client.handle(at(1), Event::Response { id, response: p2("") }).unwrap();
    // The old id answers nothing now; the new one has not been handed out yet.
    assert!(client.handle(at(1), Event::Response { id, response: p2("") }).is_err());
    let Some(Action::Post { id: next, .. }) = client.clone().poll_action() else { panic!("Package#3") };
    assert!(client.handle(at(1), Event::Response { id: next, response: p2("") }).is_err());
}
