//! `dm serve`, `dm connect`, `dm notify` and `dm replay` with DM 1.2, as processes of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;
use std::thread;

use serde_json::Value;
use support::{Done, Folder, Running, dm, dm_with};

const ORDERS: &str = r#"[
    [{"get": "./DevInfo/Man"},
     {"replace": "./Lamp/Brightness", "format": "int", "data": "60"},
     {"atomic": [{"add": "./Lamp/Dimming/23:00", "format": "int", "data": "40"},
                 {"replace": "./Lamp/Place", "data": "elsewhere"}]}],
    [{"add": "./Lamp/Curve", "format": "bin", "file": "curve.bin"}],
    [{"get": "./Lamp/Curve"},
     {"sequence": [{"confirm": "Test the lamp?", "options": "MAXDT=60"},
                   {"exec": "./Lamp/Test", "correlator": "c-1"}]}]
]"#;
const LOGIN: [&str; 2] = ["--login", "lamp:hidden-word"];
const SERVER: [&str; 2] = ["--server-password", "other-word"];

/// A server with an orders file.
struct Server {
    running: Running,
    folder: Folder,
    url: String,
}

fn serve(name: &str, more: &[&str]) -> Server {
    let folder = Folder::new(name);
    folder.file("curve.bin", (0..5_000_u32).map(|at| (at % 251) as u8).collect::<Vec<_>>());
    let orders = folder.file("orders.json", ORDERS);
    let ca = folder.path("ca.pem");
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    if !more.contains(&"2.0") {
        arguments.extend(["--orders", &orders]);
    }
    arguments.extend(more);
    if more.contains(&"--tls") {
        arguments.extend(["--ca", &ca]);
    }
    let running = Running::start(&arguments);
    let url = running.value("endpoint");
    Server { running, folder, url }
}

fn connect(url: &str, more: &[&str]) -> Done {
    let mut arguments =
        vec!["connect", "--protocol", "1.2", "--server", url, "--json", "--answer", "yes", "--timeout", "60"];
    arguments.extend(more);
    dm(&arguments)
}

/// The commands of all messages in one direction.
fn commands(done: &Done, event: &str) -> Vec<Value> {
    let events = done.events();
    let messages = events.iter().filter(|it| it["event"] == event);
    messages.flat_map(|it| it["content"]["commands"].as_array().cloned().unwrap_or_default()).collect()
}

/// The codes that the device answered to everything but headers and 1222, Statuses of chunks left out.
fn statuses(done: &Done) -> Vec<(String, u64)> {
    let all = commands(done, "request");
    let statuses = all.iter().filter(|command| command["name"] == "Status" && command["cmd"] != "SyncHdr");
    let codes = statuses.map(|status| {
        let code = &status["code"];
        let code = code.as_u64().unwrap_or_else(|| code["code"].as_u64().unwrap_or_default());
        (status["cmd"].as_str().unwrap().to_owned(), code)
    });
    codes.filter(|(_, code)| *code != 213).collect()
}

fn expect_good(done: &Done) {
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    let expected = [
        ("Get", 200),
        ("Replace", 200),
        ("Atomic", 507),
        ("Add", 216),
        ("Replace", 405),
        ("Add", 200),
        ("Get", 200),
        ("Sequence", 200),
        ("Alert", 200),
        ("Exec", 202),
    ];
    let mut have = statuses(done);
    // The server repeats its first commands when they came without credentials.
    have.retain(|(_, code)| !matches!(code, 401 | 407));
    let expected: Vec<_> = expected.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect();
    // The session that reports the Exec gets the same orders again.
    assert!(have.starts_with(&expected), "{have:?}");
    let closed = done.events().iter().filter(|event| event["event"] == "closed" && event["ok"] == true).count();
    assert_eq!(closed, 2, "the session and the report of the Exec: {done:?}");
}

#[test]
fn serve_and_connect_in_both_forms() {
    let server = serve("dm1-plain", &["--protocol", "1.2"]);
    for (more, form) in [(&[][..], "xml"), (&["--wbxml"], "wbxml")] {
        let mut arguments = vec!["--max-msg-size", "2500", "--alert", "example.lamp.door"];
        arguments.extend(more);
        let done = connect(&server.url, &arguments);
        expect_good(&done);
        let events = done.events();
        let messages: Vec<_> =
            events.iter().filter(|event| event["event"] == "request" || event["event"] == "response").collect();
        assert!(messages.iter().all(|message| message["content"]["form"] == form), "{done:?}");
        let chunks = done.text().matches("\"more_data\":true").count();
        assert!(chunks >= 1, "{done:?}");
        let alert = commands(&done, "request")
            .into_iter()
            .find(|command| command["name"] == "Alert" && command.to_string().contains("example.lamp.door"));
        assert!(alert.is_some(), "{done:?}");
        let changes = events.iter().find(|event| event["event"] == "tree_after").unwrap()["changes"].to_string();
        assert!(
            changes.contains("/Curve") && changes.contains("\"passed\"") && !changes.contains("23:00"),
            "{changes}"
        );
    }
    // What was asked reached the user.
    let done = connect(&server.url, &[]);
    assert!(done.text().contains(r#""event":"interact","alert":1101,"text":"Test the lamp?""#), "{done:?}");
}

#[test]
fn what_the_user_says() {
    let folder = Folder::new("dm1-user");
    let orders = folder.file(
        "orders.json",
        r#"[[{"display": "Hello"},
             {"input": "Where does the lamp stand?", "options": "MAXLEN=20"},
             {"choose": "Which colour?", "choices": ["white", "yellow"]},
             {"choose_several": "When?", "choices": ["evening", "night", "morning"]},
             {"sequence": [{"confirm": "Dim it?"}, {"replace": "./Lamp/Brightness", "format": "int", "data": "9"}]},
             {"confirm": "More?"},
             {"get": "./DevInfo/Man"}]]"#,
    );
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--orders", &orders]);
    let url = server.value("endpoint");
    let arguments = ["connect", "--protocol", "1.2", "--server", &url, "--json"];
    let answers = ["Harbour", "2", "1,3", "no", "cancel"].map(|answer| ["--answer", answer]);
    let done = dm(&[&arguments[..], &answers.concat()].concat());
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    // A "no" keeps the rest of its Sequence from being done, a cancellation the rest of the message.
    let codes: Vec<u64> = statuses(&done).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [200, 200, 200, 200, 200, 304, 215, 214, 215], "{done:?}");
    let all = commands(&done, "request");
    let items = |index: usize| {
        let alerts: Vec<_> = all.iter().filter(|it| it["name"] == "Status" && it["cmd"] == "Alert").collect();
        let items = alerts[index]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["data"]["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (items(1), items(2), items(3)),
        (vec!["Harbour".into()], vec!["2".into()], vec!["1".into(), "3".into()])
    );
    // Without a user there is nobody to ask.
    let nobody = dm(&arguments);
    assert_eq!(nobody.code, Some(0), "{nobody:?}");
    let codes: Vec<u64> = statuses(&nobody).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [406, 406, 406, 406, 200, 406, 200, 406, 200], "{nobody:?}");
}

#[test]
fn results_come_in_chunks() {
    let server = serve("dm1-chunks", &["--max-msg-size", "2000"]);
    let done = connect(&server.url, &[]);
    expect_good(&done);
    let chunks = commands(&done, "request")
        .iter()
        .filter(|command| command["name"] == "Results" && command["items"][0]["more_data"] == true)
        .count();
    assert!(chunks >= 2, "{done:?}");
    let sizes: Vec<u64> = done
        .events()
        .iter()
        .filter(|event| event["event"] == "request")
        .map(|event| event["content"]["length"].as_u64().unwrap())
        .collect();
    // The first message goes out before the device knows.
    assert!(sizes[1..].iter().all(|size| *size <= 2000), "{sizes:?}");
}

#[test]
fn a_session_for_people() {
    let server = serve("dm1-people", &["--login", "lamp:hidden-word", "--server-password", "other-word"]);
    let done = dm(&[
        "connect",
        "--protocol",
        "1.2",
        "--server",
        &server.url,
        "--login",
        "lamp:hidden-word",
        "--server-password",
        "other-word",
    ]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    for part in [
        "device ──▶ server       Package#1, message 1  POST /dm",
        "device ◀── server       Package#2, message 1  200 OK",
        "407 Missing credentials",
        "asks for credentials (md5)",
        "credentials (md5)",
        "212 Authentication accepted",
        "200 OK                       Get      ./DevInfo/Man",
        "405 Command not allowed",
        "216 Atomic roll back OK",
        "406 Optional feature not supported",
        "session over: the server has nothing more to do",
        "~     Brightness              60  was 80",
    ] {
        assert!(done.text().contains(part), "{part:?} is missing in\n{}", done.text());
    }
    assert!(!done.text().contains("hidden-word") && !done.text().contains("other-word"));
}

#[test]
fn every_scheme() {
    for scheme in ["basic", "md5", "mac"] {
        let mut arguments = vec!["--auth", scheme];
        arguments.extend(LOGIN.iter().chain(&SERVER));
        let server = serve(&format!("dm1-{scheme}"), &arguments);
        let done = connect(&server.url, &arguments);
        expect_good(&done);
        assert!(!done.text().contains("hidden-word") && !done.text().contains("other-word"));
        let mut wrong = vec!["--auth", scheme, "--login", "lamp:wrong"];
        wrong.extend(SERVER);
        let done = connect(&server.url, &wrong);
        assert_eq!(done.code, Some(1), "{scheme}: {done:?}");
        assert!(done.stderr.contains("refuses the device's credentials"), "{scheme}: {done:?}");
        let mut impostor = vec!["--auth", scheme, "--server-password", "wrong"];
        impostor.extend(LOGIN);
        let done = connect(&server.url, &impostor);
        assert_eq!(done.code, Some(1), "{scheme}: {done:?}");
        let told = statuses(&done);
        assert!(
            !told.is_empty() && told.iter().all(|(_, code)| matches!(code, 401 | 407)),
            "{scheme}: nothing is done: {done:?}"
        );
    }
}

#[test]
fn nonces_are_kept_in_the_tree() {
    let server = serve("dm1-nonces", &["--login", "lamp:hidden-word", "--server-password", "other-word"]);
    let file = server.folder.path("tree.json");
    let mut arguments = vec!["--save", &file];
    arguments.extend(LOGIN.iter().chain(&SERVER));
    expect_good(&connect(&server.url, &arguments));
    let nonces = |text: &str| text.matches("AAuthData").count();
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(nonces(&first) >= 2, "{first}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The device begins with its credentials when the account says so, and needs no challenge.
    let saved = dm(&["tree", &file, "add", "./DMAcc/1/AAuthPref", "--data", "DIGEST", "--write"]);
    assert_eq!(saved.code, Some(0), "{saved:?}");
    let again = dm(&["connect", "--protocol", "1.2", "--tree", &file, "--save", "--json", "--answer", "no"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""), "{again:?}");
    assert!(!again.text().contains("\"code\":407") && !again.text().contains("\"code\":401"), "{again:?}");
    let requests: Vec<_> = again.events().into_iter().filter(|event| event["event"] == "request").collect();
    assert_eq!(requests[0]["credentials"], true, "{again:?}");
    assert_ne!(std::fs::read_to_string(&file).unwrap(), first, "each session has new nonces");
}

#[test]
fn both_kinds_of_device_on_one_port() {
    let server = serve("dm1-auto", &["--protocol", "auto"]);
    let old = connect(&server.url, &[]);
    expect_good(&old);
    let new = dm(&["connect", "--server", &server.url, "--json"]);
    assert_eq!((new.code, new.stderr.as_str()), (Some(0), ""), "{new:?}");
    assert!(new.text().contains("dm2-package3"), "{new:?}");
    for (protocol, refused) in [("1.2", "2.0"), ("2.0", "1.2")] {
        let server = serve(&format!("dm1-only-{protocol}"), &["--protocol", protocol]);
        let done = dm(&["connect", "--protocol", refused, "--server", &server.url, "--timeout", "20"]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains("HTTP 415"), "{done:?}");
        let done = dm(&["connect", "--protocol", protocol, "--server", &server.url]);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

#[test]
fn several_devices_at_once_with_tls() {
    let mut arguments = vec!["--tls", "--auth", "basic"];
    arguments.extend(LOGIN.iter().chain(&SERVER));
    let server = serve("dm1-tls", &arguments);
    let ca = server.folder.path("ca.pem");
    thread::scope(|scope| {
        let devices: Vec<_> = (0..4)
            .map(|number| {
                let (url, ca) = (&server.url, &ca);
                scope.spawn(move || {
                    let id = format!("IMEI:35000000000000{number}");
                    let mut arguments = vec!["--ca", ca, "--device", &id, "--auth", "basic"];
                    arguments.extend(LOGIN.iter().chain(&SERVER));
                    let done = connect(url, &arguments);
                    expect_good(&done);
                    assert!(done.text().contains(&id), "{done:?}");
                })
            })
            .collect();
        devices.into_iter().for_each(|device| device.join().unwrap());
    });
}

#[test]
#[cfg(unix)]
fn logs_say_what_happens_and_hold_no_secrets() {
    let mut arguments = vec!["-vv", "--max-msg-size", "2500"];
    arguments.extend(LOGIN.iter().chain(&SERVER));
    let server = serve("dm1-logs", &arguments);
    let mut arguments = vec!["connect", "-vv", "--protocol", "1.2", "--server", &server.url, "--answer", "yes"];
    arguments.extend(LOGIN.iter().chain(&SERVER));
    let device = dm_with(&arguments, b"", &[("RUST_LOG", "trace")]);
    assert_eq!(device.code, Some(0), "{device:?}");
    server.running.interrupt();
    let (code, _, log) = server.running.end();
    assert_eq!(code, Some(0), "{log}");
    for part in [
        "session opened, by the device: Acme Lamp A1",
        "507  Atomic of 2",
        "405  Replace ./Lamp/Place",
        "202  Exec ./Lamp/Test",
        "alert example.lamp.test",
        "session closed: Ended",
        "stopped",
    ] {
        assert!(log.contains(part), "{part:?} is missing in\n{log}");
    }
    assert!(device.stderr.contains("sending"), "{device:?}");
    for secret in ["hidden-word", "other-word"] {
        for text in [device.text(), &device.stderr, &log] {
            assert!(!text.contains(secret), "{secret:?} is in\n{text}");
        }
    }
}

#[test]
fn a_notification_starts_a_session() {
    let server = serve("dm1-notify", &["--server-password", "other-word"]);
    let device = Running::start(&[
        "connect",
        "--protocol",
        "1.2",
        "--server",
        &server.url,
        "--listen",
        "127.0.0.1:0",
        "--wait",
        "30",
        "--server-password",
        "other-word",
        "--server-nonce",
        "Tm9uY2U=",
    ]);
    let address = device.value("listening");
    let address = address.strip_prefix("udp://").unwrap();
    let notify = |more: &[&str]| {
        let mut arguments = vec!["notify", "--protocol", "1.2", "--to", address];
        arguments.extend(more);
        let done = dm(&arguments);
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    notify(&["--id", "1"]);
    notify(&["--id", "2", "--server-password", "other-word"]);
    notify(&["--id", "3", "--server-password", "other-word", "--nonce", "Tm9uY2U=", "--server-id", "nobody"]);
    assert_eq!(dm(&["notify", "--to", address]).code, Some(0), "that of DM 2.0 is no push");
    notify(&["--id", "171", "--server-password", "other-word", "--nonce", "Tm9uY2U=", "--ui-mode", "informative"]);
    let (code, text, log) = device.end();
    assert_eq!(code, Some(0), "{text}{log}");
    for part in
        ["sessionid          AB", "ui-mode            informative", "verified", "1200 Server-initiated management"]
    {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert_eq!(log.matches("notification ignored").count(), 4, "{log}");
    assert!(log.contains("ignored: no push of a notification"), "{log}");
}

#[test]
fn notifications_can_be_printed() {
    // The digest is that of the reference's example: name, password, nonce, trigger.
    let arguments =
        ["notify", "--protocol", "1.2", "--id", "4660", "--server-password", "srvpassword", "--nonce", "Tm9uY2U="];
    let hex = dm(&arguments);
    assert_eq!(hex.code, Some(0), "{hex:?}");
    let text = hex.text().trim();
    assert_eq!(&text[2..12], "0603c4af87", "a confirmed push of a notification: {text}");
    assert!(text.ends_with("02c800000012340a646d2e6578616d706c65"), "{text}");
    for wrong in [
        &["--id", "0"][..],
        &["--id", "none"],
        &["--req-mos"],
        &["--secret", "00"],
        &["--con-type", "wlan"],
        &["--server-id", ""],
    ] {
        let mut arguments = vec!["notify", "--protocol", "1.2"];
        arguments.extend(wrong);
        assert_eq!(dm(&arguments).code, Some(2), "{wrong:?}");
    }
    assert_eq!(dm(&["notify", "--ui-mode", "background"]).code, Some(2), "DM 2.0 has none");
}

#[test]
fn what_cannot_be_is_told_at_once() {
    let folder = Folder::new("dm1-usage");
    let orders = folder.file("orders.json", r#"[[{"get": "./A", "delete": "./B"}]]"#);
    let done = dm(&["serve", "--listen", "127.0.0.1:0", "--orders", &orders]);
    assert!(done.code == Some(2) && done.stderr.contains("round 1, order 1"), "{done:?}");
    for arguments in [
        &["connect", "--protocol", "1.2"][..],
        &["connect", "--protocol", "1.3", "--server", "http://127.0.0.1:1/"],
        &["connect", "--protocol", "1.2", "--server", "not a URI"],
        &["connect", "--protocol", "1.2", "--server", "http://127.0.0.1:1/", "--secret", "00"],
        &["connect", "--protocol", "1.2", "--server", "http://127.0.0.1:1/", "--save"],
        &["connect", "--protocol", "1.2", "--server", "http://dm.invalid/dm"],
        &["connect", "--protocol", "1.2", "--server", "http://127.0.0.1:1/", "--start", "bootstrap"],
        &["connect", "--protocol", "1.2", "--tree", "tree.json", "--login", "a:b"],
        &["connect", "--server", "http://127.0.0.1:1/", "--wbxml"],
        &["connect", "--server", "http://127.0.0.1:1/", "--answer", "yes"],
        &["connect", "--protocol", "1.2", "--tree", "/does/not/exist"],
        &["replay", "/does/not/exist"],
    ] {
        let done = dm(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
    }
    let empty = Folder::new("dm1-empty");
    assert_eq!(dm(&["replay", &empty.path("")]).code, Some(2));
}

/// What stands in the environment may be for another command.
#[test]
fn secrets_in_the_environment_of_both_protocols() {
    let server = serve("dm1-environment", &["--login", "lamp:hidden-word", "--server-password", "other-word"]);
    let secrets = [
        ("DM_SECRET", "00112233"),
        ("DM_BASIC", "lamp:hidden-word"),
        ("DM_LOGIN", "lamp:hidden-word"),
        ("DM_SERVER_PASSWORD", "other-word"),
    ];
    let file = server.folder.path("tree.json");
    for arguments in [
        &["connect", "--protocol", "1.2", "--server", &server.url, "--save", &file][..],
        &["connect", "--protocol", "1.2", "--tree", &file],
        &["connect", "--server", &server.url],
        &["notify"],
        &["notify", "--protocol", "1.2"],
    ] {
        let done = dm_with(arguments, b"", &secrets);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{arguments:?}: {done:?}");
    }
    let done = dm_with(&["notify", "--protocol", "1.2", "--secret", "00"], b"", &secrets);
    assert!(done.code == Some(2) && done.stderr.contains("--secret is for DM 2.0"), "{done:?}");
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/dm", silent.local_addr().unwrap());
    let done = dm(&["connect", "--protocol", "1.2", "--server", &url, "--timeout", "1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("the session failed"), "{done:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_device_that_waits_for_an_answer() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/dm", silent.local_addr().unwrap());
    let device = Running::start(&["connect", "--protocol", "1.2", "--server", &url, "--json", "--alert", "x.y"]);
    while !device.line().contains("\"event\":\"request\"") {}
    device.interrupt();
    let (code, out, _) = device.end();
    assert_eq!(code, Some(1), "{out}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let closed = events.iter().find(|event| event["event"] == "closed").unwrap();
    assert_eq!((&closed["ok"], &closed["undelivered_alerts"]), (&false.into(), &1.into()), "{out}");
    // The server is told, and not waited for.
    assert!(out.contains("1223"), "{out}");
}

#[test]
fn what_is_no_message_is_refused() {
    use std::io::{Read, Write};
    let server = serve("dm1-refusals", &[]);
    let address = server.url.strip_prefix("http://").unwrap().strip_suffix("/dm").unwrap();
    let ask = |content_type: &str, body: &[u8]| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /dm HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        drop(stream.write_all(body));
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap(), answer)
    };
    let xml = "application/vnd.syncml.dm+xml";
    assert_eq!(ask("text/plain", b"x").0, 415);
    assert_eq!(ask(xml, b"<SyncML>").0, 400);
    assert_eq!(ask(xml, b"no markup").0, 400);
    assert_eq!(ask(xml, &vec![b' '; (4 << 20) + 1]).0, 413);
    // In the middle of a session that nobody knows: a Status, no commands.
    let stray = include_bytes!("../../tests/vectors/syncml/replay/windows/03-package3.xml");
    let (status, answer) = ask(xml, stray);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("<Data>400</Data>") && !answer.contains("<Get>"), "{answer}");
    expect_good(&connect(&server.url, &[]));
}

// --- dm replay ------------------------------------------------------------------------------------------

fn recordings(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/syncml/replay").join(name);
    folder.to_str().unwrap().to_owned()
}

#[test]
fn a_recorded_session_is_answered() {
    let folder = recordings("windows");
    let orders = format!("{folder}/orders.json");
    let arguments = ["replay", &folder, "--profile", "windows", "--orders", &orders, "--login", "Bruce2:OhBehave"];
    let done = dm(&arguments);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.text());
    for part in [
        "01-package1.xml",
        "407 Missing credentials, to the header of message 1",
        "02-package1-md5.xml",
        "212 Authentication accepted, to the header of message 2",
        "./DevInfo/HWDevID  00C0FFEE",
        "alert 1224  com.microsoft/MDM/LoginStatus",
        "Target  ./DevDetail/SwV",
        "200 OK  Get ./DevDetail/SwV",
        "10.0.26200.9278",
        "404 Not found  Replace ./Vendor/MSFT/Example/Level",
        "session over: Ended",
    ] {
        assert!(done.text().contains(part), "{part:?} is missing in\n{}", done.text());
    }
    assert_eq!(dm(&arguments).text(), done.text(), "the same each time");

    let mut json = arguments.to_vec();
    json.push("--json");
    let events = dm(&json).events();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    assert_eq!((of("message").len(), of("answer").len(), of("outcome").len()), (3, 3, 2));
    assert!(of("answer").iter().all(|answer| answer["status"] == 200 && answer["content"]["kind"] == "syncml"));
    assert_eq!(of("outcome")[0]["leaves"][0]["data"], "10.0.26200.9278");
    assert_eq!((&of("closed")[0]["ok"], of("open").len()), (&true.into(), 0));
}

#[test]
fn wrong_credentials_are_seen() {
    let folder = recordings("windows");
    let done = dm(&["replay", &folder, "--login", "Bruce2:wrong"]);
    assert!(done.text().contains("401 Invalid credentials, to the header of message 2"), "{}", done.text());
    // What follows is package 3 of a session that nobody has opened.
    assert!(done.text().contains("400 Bad request, to the header of message 3"), "{}", done.text());
    assert!(done.code == Some(1) && done.text().contains("session over: BadMessage"), "{done:?}");
}

#[test]
fn an_unenrolment_is_surfaced() {
    let done = dm(&["replay", &recordings("unenrolment"), "--profile", "windows", "--json"]);
    let events = done.events();
    let alert = events.iter().find(|event| event["event"] == "alert").unwrap();
    assert_eq!((&alert["unenrolment"], &alert["items"][0]["mark"]), (&true.into(), &"critical".into()));
    assert_eq!(events.last().unwrap()["event"], "open", "the server's Get is not answered: {done:?}");
}

#[test]
fn recordings_in_wbxml() {
    let folder = Folder::new("dm1-replay-wbxml");
    for name in ["01-package1", "02-package1-md5", "03-package3"] {
        let input = format!("{}/{name}.xml", recordings("windows"));
        let wbxml = dm(&["inspect", &input, "--to", "wbxml"]);
        assert_eq!(wbxml.code, Some(0), "{wbxml:?}");
        folder.file(&format!("{name}.wbxml"), &wbxml.stdout);
    }
    folder.file("notes.txt", "not a message");
    let orders = format!("{}/orders.json", recordings("windows"));
    let done = dm(&["replay", &folder.path(""), "--orders", &orders, "--login", "Bruce2:OhBehave", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    let events = done.events();
    let answers: Vec<_> = events.iter().filter(|event| event["event"] == "answer").collect();
    assert!(answers.len() == 3 && answers.iter().all(|answer| answer["content"]["form"] == "wbxml"), "{done:?}");
}

#[test]
fn recordings_with_hmac() {
    use dm_syncml::{CredentialHash, HmacHeader, Nonce, Secret};
    let folder = Folder::new("dm1-replay-mac");
    let first = std::fs::read_to_string(format!("{}/01-package1.xml", recordings("windows"))).unwrap();
    folder.file("1.xml", &first);
    let second = first.replace("<MsgID>1</MsgID>", "<MsgID>2</MsgID>");
    folder.file("2.xml", &second);
    let arguments = ["replay", &folder.path(""), "--auth", "mac", "--login", "Bruce2:OhBehave"];
    let hash = CredentialHash::of("Bruce2", &Secret::new("OhBehave"));
    // The first nonce that the server issues, and one that it does not.
    for (nonce, accepted) in [([1; 16], true), ([7; 16], false)] {
        let header = HmacHeader::sign("Bruce2", &hash, &Nonce::new(nonce).unwrap(), second.as_bytes()).unwrap();
        folder.file("2.xml.hmac", header.to_value() + "\n");
        let done = dm(&arguments);
        assert_eq!(done.code, Some(0), "{}", done.text());
        let text = done.text();
        assert_eq!(text.contains("200 OK, to the header of message 2"), accepted, "{text}");
        assert_eq!(text.contains("401 Invalid credentials, to the header of message 2"), !accepted, "{text}");
        assert_eq!(text.contains("./DevDetail/SwV"), accepted, "{text}");
    }
}

#[test]
fn what_is_not_taken_is_told() {
    let folder = Folder::new("dm1-replay-bad");
    let first = std::fs::read(format!("{}/01-package1.xml", recordings("windows"))).unwrap();
    folder.file("1.xml", &first);
    folder.file("2.xml", &first[..first.len() / 2]);
    let done = dm(&["replay", &folder.path("")]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("did not take every message"), "{done:?}");
    assert!(done.text().contains("400 Bad request, to the header"), "{}", done.text());
    // A MAC that is no text.
    folder.file("1.xml.hmac", [0xff]);
    let done = dm(&["replay", &folder.path("")]);
    assert!(done.code == Some(2) && done.stderr.contains("1.xml.hmac"), "{done:?}");
    std::fs::remove_file(folder.path("1.xml.hmac")).unwrap();
    folder.file("2.xml", "<SyncML>");
    let done = dm(&["replay", &folder.path("")]);
    assert!(done.code == Some(1) && done.text().contains("refused, 400"), "{}", done.text());
}
