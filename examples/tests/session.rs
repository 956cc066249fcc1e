//! `dm session`: what a newcomer sees first.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use support::{dm, dm_with};

#[test]
fn a_session_for_people() {
    let done = dm(&[]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.text());
    let text = done.text();
    for part in [
        "The device's tree before",
        "device ◀── server       Package#0",
        "SHA256-DIGEST       verified",
        "device ──▶ server       Package#1  POST /dm, as IMEI:350000000000017",
        "urn:example:at:lamp:1.0:DoorOpen",
        "device ◀── server       Package#2  200 OK, 8 commands, sets the cookie",
        "device ──▶ server       Package#3  POST /dm/second, with the cookie",
        "202 Accepted             EXEC ",
        "405 Command Not Allowed  DELETE ",
        "404 Not Found            GET ",
        "device ──▶ repository   PUT /repo/inventory/lamp-12",
        "device ──▶ repository   POST /repo/log",
        "POST /dm/results",
        "report of a change  PUT /repo/changes/lamp-12",
        "~     Brightness              60  was 80",
        "all as expected",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    for name in ["HGET", "HPUT", "HPOST", "DELETE", "EXEC", "GET", "SHOW", "CONT", "END", "DEFAULT", "SUB", "UNSUB"] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(name)), "{name} is missing in\n{text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('✗'));
}

#[test]
fn a_session_for_machines() {
    let done = dm(&["session", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.text());
    let events = done.events();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    let notification = of("notification")[0];
    assert_eq!(
        (&notification["authenticated"], &notification["content"]["server_id"]),
        (&true.into(), &"dm.example".into())
    );
    assert_eq!((of("request").len(), of("response").len()), (11, 11));
    assert!(of("closed").iter().all(|event| event["ok"] == true));
    let changes = of("tree_after")[0]["changes"].as_array().unwrap();
    let brightness =
        changes.iter().find(|change| change["client_uri"] == "urn:example:mo:lamp:1.0/1/Brightness").unwrap();
    assert_eq!((&brightness["before"], &brightness["after"]), (&80.into(), &60.into()));
    let verdict = events.last().unwrap();
    assert_eq!((&verdict["event"], &verdict["ok"]), (&"verdict".into(), &true.into()));
    assert!(verdict["checks"].as_array().unwrap().len() >= 9);
}

#[test]
fn logs_hold_no_secrets() {
    let done = dm_with(&["session", "-vv"], b"", &[("RUST_LOG", "trace")]);
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("sending"), "{}", done.stderr);
    assert!(!done.stderr.contains("OMADM-Session=") && !done.stderr.contains("omadm-session="), "{}", done.stderr);
    assert!(!done.text().contains("OMADM-Session"), "{}", done.text());
}

#[test]
fn whoever_stops_reading_does_no_harm() {
    // The pipe is closed before anything is read.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dm"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stderr).as_ref()), (Some(0), ""));
}
