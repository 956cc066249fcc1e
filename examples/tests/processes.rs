//! `dm serve`, `dm connect` and `dm notify` as processes of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::thread;

use serde_json::Value;
use support::{Done, Folder, Running, dm, dm_with};

const COMMANDS: &str = r#"[
    {"CMD": [["GET", "urn:oma:mo:oma-dm-devinfo:1.2//DevID"],
             ["HGET", "{repo}/plan"],
             ["HPUT", "{repo}/up", "urn:example:mo:lamp:1.0//"],
             ["EXEC", "urn:example:mo:lamp:1.0//Test", "{server}/results"]]},
    {"CMD": [["GET", "urn:example:mo:plan:1.0/1/Season"], ["GET", "urn:example:mo:lamp:1.0//Nothing"]]}
]"#;
const PLAN: &str = r#"[{"ClientURI":"urn:example:mo:plan:1.0//",
    "MOData":{"Plan":{"Season":"winter","On":"16:30","Off":"08:15"}}}]"#;

/// A server with a commands file and a repository.
struct Server {
    running: Running,
    folder: Folder,
    url: String,
}

fn serve(name: &str, more: &[&str]) -> Server {
    let folder = Folder::new(name);
    let commands = folder.file("commands.json", COMMANDS);
    folder.file("repository/plan.json", PLAN);
    let (repository, ca) = (folder.path("repository"), folder.path("ca.pem"));
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--commands", &commands, "--repository", &repository];
    arguments.extend(more);
    if more.contains(&"--tls") {
        arguments.extend(["--ca", &ca]);
    }
    let running = Running::start(&arguments);
    let url = running.value("endpoint");
    Server { running, folder, url }
}

/// The status codes of all Package#3 that were sent.
fn statuses(done: &Done) -> Vec<u64> {
    let events = done.events();
    let packages =
        events.iter().filter(|event| event["event"] == "request" && event["content"]["kind"] == "dm2-package3");
    packages
        .flat_map(|event| event["content"]["statuses"].as_array().unwrap().clone())
        .map(|status| status["sc"].as_u64().unwrap())
        .collect()
}

fn expect_good(done: &Done) {
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert_eq!(statuses(done), [200, 200, 200, 202, 200, 404], "{done:?}");
    let closed = done.events().iter().filter(|event| event["event"] == "closed" && event["ok"] == true).count();
    assert_eq!(closed, 2, "the session and the report of the EXEC: {done:?}");
}

#[test]
fn serve_and_connect() {
    let server = serve("plain", &[]);
    let done = dm(&["connect", "--server", &server.url, "--json", "--alert", "urn:example:at:x"]);
    expect_good(&done);
    let start = &done.events()[1]["content"]["alerts"];
    assert_eq!(start[0]["alert_type"], "urn:oma:at:dm:2.0:ClientInitiatedMgmt");
    assert_eq!(start[1]["alert_type"], "urn:example:at:x");
    let text = dm(&["connect", "--server", &server.url, "--start", "bootstrap"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.text().contains("urn:oma:at:dm:2.0:BootstrapComplete"), "{text:?}");
    assert!(text.text().contains("404 Not Found            GET      urn:example:mo:lamp:1.0//Nothing"), "{text:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_server() {
    let server = serve("interrupt", &[]);
    expect_good(&dm(&["connect", "--server", &server.url, "--json"]));
    // Somebody who never finishes a request does not hold it up.
    let mut idle =
        std::net::TcpStream::connect(server.url.trim_start_matches("http://").trim_end_matches("/dm")).unwrap();
    std::io::Write::write_all(&mut idle, b"POST /dm HTTP/1.1\r\nHost: x\r\n").unwrap();
    server.running.interrupt();
    let (code, _, log) = server.running.end();
    assert_eq!(code, Some(0), "{log}");
    for part in [
        "session opened",
        "404  GET urn:example:mo:lamp:1.0//Nothing",
        "result of EXEC",
        "session closed: Ended",
        "stopped",
    ] {
        assert!(log.contains(part), "{part:?} is missing in\n{log}");
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_device_that_waits_for_an_answer() {
    // It accepts connections and answers nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/dm", silent.local_addr().unwrap());
    let device = Running::start(&["connect", "--server", &url, "--json", "--alert", "urn:x"]);
    while !device.line().contains("\"event\":\"request\"") {}
    device.interrupt();
    let (code, out, _) = device.end();
    assert_eq!(code, Some(1), "{out}");
    let closed =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|event| event["event"] == "closed");
    let closed = closed.unwrap();
    assert_eq!((&closed["reason"], &closed["undelivered_alerts"]), (&"given up".into(), &1.into()));
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/dm", silent.local_addr().unwrap());
    let done = dm(&["connect", "--server", &url, "--timeout", "1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("the session failed"), "{done:?}");
    drop(silent);
    let gone = dm(&["connect", "--server", &url]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.text().contains("the server cannot be reached"), "{gone:?}");
}

#[test]
fn several_devices_at_once_with_tls_and_credentials() {
    let server = serve("tls", &["--tls", "--basic", "lamp:hidden-word"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let ca = server.folder.path("ca.pem");
    assert!(!std::fs::read_to_string(&ca).unwrap().contains("PRIVATE"));
    thread::scope(|scope| {
        let devices: Vec<_> = (0..6)
            .map(|number| {
                let (url, ca) = (&server.url, &ca);
                scope.spawn(move || {
                    let id = format!("IMEI:35000000000000{number}");
                    let arguments = ["connect", "--server", url, "--ca", ca, "--device", &id, "--json"];
                    let done = dm_with(&arguments, b"", &[("DM_BASIC", "lamp:hidden-word")]);
                    expect_good(&done);
                    assert!(!done.text().contains("hidden-word"));
                    assert!(done.text().contains(&id), "{done:?}");
                })
            })
            .collect();
        devices.into_iter().for_each(|device| device.join().unwrap());
    });
    let stranger = dm(&["connect", "--server", &server.url, "--ca", &ca]);
    assert_eq!(stranger.code, Some(1));
    assert!(stranger.stderr.contains("HTTP 401"), "{stranger:?}");
    let wrong = dm(&["connect", "--server", &server.url, "--ca", &ca, "--basic", "lamp:wrong"]);
    assert!(wrong.code == Some(1) && wrong.stderr.contains("HTTP 401"), "{wrong:?}");
    let suspicious = dm(&["connect", "--server", &server.url, "--basic", "lamp:hidden-word"]);
    assert_eq!(suspicious.code, Some(1), "a certificate that nobody vouches for");
    assert!(suspicious.stderr.contains("certificate"), "{suspicious:?}");
}

#[test]
#[cfg(unix)]
fn logs_hold_no_secrets() {
    let server = serve("logs", &["-vv", "--basic", "lamp:hidden-word"]);
    let device = dm(&["connect", "-vv", "--server", &server.url, "--basic", "lamp:hidden-word", "--secret", "c0ffee"]);
    assert_eq!(device.code, Some(0), "{device:?}");
    server.running.interrupt();
    let (_, _, log) = server.running.end();
    assert!(device.stderr.contains("sending") && log.contains("session opened"), "{device:?}{log}");
    // The password, `lamp:hidden-word` in base64, the session cookie, the notification secret.
    for secret in ["hidden-word", "bGFtcDpoaWRkZW4td29yZA", "OMADM-Session=", "c0ffee"] {
        for text in [device.text(), &device.stderr, &log] {
            assert!(!text.contains(secret), "{secret:?} is in\n{text}");
        }
    }
}

#[test]
fn credentials_and_the_cookie_follow_cont() {
    let folder = Folder::new("cont");
    let commands = folder.file(
        "commands.json",
        r#"[{"CMD": [["CONT", "{server}/second"], ["GET", "urn:oma:mo:oma-dm-devinfo:1.2//Man"]]},
            {"CMD": [["GET", "urn:oma:mo:oma-dm-devinfo:1.2//Mod"]]}]"#,
    );
    let server =
        Running::start(&["serve", "--listen", "127.0.0.1:0", "--commands", &commands, "--basic", "lamp:hidden-word"]);
    let url = server.value("endpoint");
    let done = dm(&["connect", "--server", &url, "--basic", "lamp:hidden-word", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    let events = done.events();
    let requests: Vec<_> = events.iter().filter(|event| event["event"] == "request").collect();
    let second: Vec<_> =
        requests.iter().filter(|event| event["uri"].as_str().unwrap().ends_with("/dm/second")).collect();
    assert!(second.iter().all(|event| event["cookie"] == true), "{done:?}");
    assert_eq!(second.last().unwrap()["credentials"], true);
    let answered = &second.last().unwrap()["content"]["statuses"];
    assert_eq!((&answered[0]["sc"], &answered[0]["command"]["name"]), (&200.into(), &"GET".into()));
    assert_eq!(answered[0]["data"][0]["mo_data"], serde_json::json!({"Mod": "Lamp A1"}));
}

#[test]
fn a_notification_starts_a_session() {
    let server = serve("notify", &[]);
    let (secret, auth_data) = ("00112233445566778899aabbccddeeff", "6e6f6e6365");
    let device = Running::start(&[
        "connect",
        "--server",
        &server.url,
        "--listen",
        "127.0.0.1:0",
        "--wait",
        "30",
        "--secret",
        secret,
        "--auth-data",
        auth_data,
    ]);
    let address = device.value("listening");
    let address = address.strip_prefix("udp://").unwrap();
    let notify = |more: &[&str]| {
        let mut arguments = vec!["notify", "--to", address, "--req-mos"];
        arguments.extend(more);
        let done = dm(&arguments);
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    notify(&["--id", "1"]);
    notify(&["--id", "2", "--secret", "00"]);
    notify(&["--id", "3", "--secret", secret, "--auth-data", auth_data, "--time", "1000000000"]);
    notify(&["--id", "4", "--secret", secret, "--auth-data", auth_data, "--con-type", "wlan"]);
    let (code, text, log) = device.end();
    assert_eq!(code, Some(0), "{text}{log}");
    for part in ["NOTIFICATION-ID     4 (0x0004)", "SHA256-DIGEST       verified", "2 (wlan)"] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(text.contains(r#"{"NotificationID":4}"#), "{text}");
    for reason in ["ignored: no digest", "ignored: wrong digest", "ignored: TIMESTAMP outside the clock window"] {
        assert!(log.contains(reason), "{reason:?} is missing in\n{log}");
    }
}

#[test]
fn no_notification_comes() {
    let done = dm(&["connect", "--server", "http://127.0.0.1:1/dm", "--listen", "127.0.0.1:0", "--wait", "1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("no notification came"), "{done:?}");
}

#[test]
fn notifications_can_be_printed() {
    let secret = "000102030405060708090a0b0c0d0e0f";
    let arguments = [
        "notify",
        "--id",
        "48879",
        "--con-type",
        "wlan",
        "--time",
        "1388534400",
        "--req-mos",
        "--secret",
        secret,
        "--auth-data",
        "6e6f6e63652d4131",
    ];
    let hex = dm(&arguments);
    assert_eq!(
        hex.text().trim(),
        "23001a646d2e6578616d706c65110212beef1f11314d71806bdbee2752d85f38e258425516e90836fcdb7260a22baa2d8ea436221452c35a8010"
    );
    let seen =
        dm_with(&["inspect", "-", "--strict", "--secret", secret, "--auth-data", "6e6f6e63652d4131"], &hex.stdout, &[]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let bare = dm(&["notify", "--id", "none", "--time", "none", "--print", "base64"]);
    assert_eq!(bare.text().trim(), "IIAaZG0uZXhhbXBsZQ==");
    assert_eq!(dm(&["notify", "--server-id", ""]).code, Some(2));
    assert_eq!(dm(&["notify", "--id", "65536"]).code, Some(2));
}

#[test]
fn a_tree_is_kept_in_a_file() {
    let server = serve("tree", &[]);
    let file = server.folder.path("tree.json");
    let first = dm(&["connect", "--server", &server.url, "--json", "--save", &file]);
    expect_good(&first);
    let tree: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let plans = |tree: &Value| {
        let instances = tree["instances"].as_array().unwrap().clone();
        instances.iter().filter(|instance| instance["moid"] == "urn:example:mo:plan:1.0").count()
    };
    assert_eq!(plans(&tree), 1, "{tree}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The account in the tree knows the server; the session adds another plan.
    expect_good(&dm(&["connect", "--tree", &file, "--save", "--json"]));
    let tree: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(plans(&tree), 2, "{tree}");

    let broken = server.folder.file("broken.json", "{\"version\": 1, \"instances\": 7}");
    for arguments in [
        &["connect", "--tree", &broken][..],
        &["connect", "--tree", "/does/not/exist"],
        &["connect", "--tree", &file, "--server-id", "nobody"],
        &["connect", "--server", &server.url, "--save"],
        &["connect", "--server", "not a URI"],
        &["connect"],
    ] {
        let done = dm(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
    }
}

#[test]
fn plain_http_stays_on_this_machine() {
    let done = dm(&["connect", "--server", "http://dm.invalid/dm"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("needs --allow-http"), "{done:?}");
    let allowed = dm(&["connect", "--server", "http://dm.invalid/dm", "--allow-http"]);
    assert!(allowed.code == Some(1) && allowed.text().contains("cannot be reached"), "{allowed:?}");
}

#[test]
fn a_bad_commands_file_is_told_at_once() {
    let folder = Folder::new("commands");
    for (content, part) in [
        ("{", "input ends too early at byte 1"),
        (r#"{"CMD":[["REBOOT"]]}"#, "package 1, command 1 (REBOOT)"),
        (r#"[{"CMD":[["GET","urn:x:y//"]]},{"CMD":[["HGET","/relative"]]}]"#, "package 2, command 1"),
    ] {
        let file = folder.file("commands.json", content);
        let done = dm(&["serve", "--listen", "127.0.0.1:0", "--commands", &file]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(part) && done.stderr.contains("commands.json"), "{done:?}");
    }
}

#[test]
fn what_is_no_package_is_refused() {
    use std::io::{Read, Write};
    let server = serve("refusals", &[]);
    let address = server.url.strip_prefix("http://").unwrap().strip_suffix("/dm").unwrap();
    let ask = |request: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    let post = |headers: &str, body: &str| {
        format!(
            "POST /dm HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let initiation = "Content-Type: application/vnd.oma.dm.initiation+json\r\n";
    let response = "Content-Type: application/vnd.oma.dm.response+json\r\n";
    let device = "OMADM-DevID: IMEI:1\r\n";
    for (request, status) in [
        ("GET /dm HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("DELETE /dm HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), 501),
        ("GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), 404),
        ("GET /repo/../secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), 404),
        (post("Content-Type: text/plain\r\n", "x"), 415),
        (post(initiation, "{}"), 400),
        (post(&format!("{initiation}{device}"), "{"), 400),
        (post(&format!("{initiation}{device}Accept: text/html\r\n"), "{}"), 406),
        (post(&format!("{response}{device}"), r#"{"Status":[]}"#), 403),
        (post(&format!("{response}{device}Cookie: OMADM-Session=guess\r\n"), r#"{"Status":[]}"#), 403),
        (post(&format!("{initiation}{device}"), &"x".repeat((1 << 20) + 1)), 413),
    ] {
        assert_eq!(ask(&request), status, "{}", request.chars().take(200).collect::<String>());
    }
    // And it still works.
    expect_good(&dm(&["connect", "--server", &server.url, "--json"]));
}
