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

/// What is seen of the session of DM 1.2, in either form.
const OF_DM_1_2: [&str; 27] = [
    "device ◀── server       Package#0  40 bytes by UDP, in a WAP Push",
    "digest             verified",
    "1200 Server-initiated management",
    "./DevInfo/DevId \"IMEI:350000000000017\"",
    "1226 Generic alert  ./Lamp Reversed-Domain-Name: example.lamp.door \"open\" warning",
    "407 Missing credentials      for message 1  → asks for credentials (md5)",
    "device ──▶ server       Package#1, message 2  POST /dm",
    "212 Authentication accepted  for message 2  → with the next nonce",
    "Get      ./Lamp?list=StructData",
    "404 Not found                Get      ./Lamp/Colour",
    "507 Atomic failed            Atomic   of 3 commands",
    "216 Atomic roll back OK      Add      ./Lamp/Dimming/23:00",
    "405 Command not allowed      Replace  ./Lamp/Place",
    "215 Not executed             Delete   ./Lamp/Dimming/22:00",
    "200 OK                       Delete   ./Lamp/Dimming/01:00",
    "Results  ./DevDetail/FwV \"3.1\"",
    "to be continued",
    "213 Chunked item accepted and buffered  Add      ./Lamp/Curve",
    "Alert    1222 Next message",
    "200 OK                       Add      ./Lamp/Curve",
    "device: asks the user “Test the lamp now?”",
    "200 OK                       Alert    1101 Confirm or reject",
    "202 Accepted for processing  Exec     ./Lamp/Test",
    "1201 Client-initiated management",
    "correlator test-1",
    "+     Curve                   0x00070e",
    "✓ DM 1.2: every status: 8 orders, 8 expected",
];

#[test]
fn a_session_of_dm_1_2() {
    for (arguments, form) in [(&["session"][..], "XML"), (&["session", "--protocol", "1.2", "--wbxml"], "WBXML")] {
        let done = dm(arguments);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.text());
        let text = done.text();
        let (before, told) = text.split_once("OMA DM 1.2, a session on this machine, in ").unwrap();
        assert_eq!(before.contains("Package#3"), arguments.len() == 1, "that of DM 2.0 comes first\n{text}");
        assert!(told.starts_with(&format!("{form}\n")), "{text}");
        for part in OF_DM_1_2 {
            assert!(told.contains(part), "{part:?} is missing in\n{told}");
        }
        assert!(told.contains(&format!(" of {form}")) && told.contains("all as expected") && !told.contains('✗'));
        let values = told.matches("bytes of WBXML").count();
        assert_eq!(values > 0, form == "WBXML", "{told}");
    }
}

#[test]
fn a_session_of_dm_1_2_for_machines() {
    for (more, form) in [(&[][..], "xml"), (&["--wbxml"], "wbxml")] {
        let mut arguments = vec!["session", "--protocol", "1.2", "--json"];
        arguments.extend(more);
        let done = dm(&arguments);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.text());
        let events = done.events();
        let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
        let notification = of("notification")[0];
        assert_eq!(
            (&notification["authenticated"], &notification["content"]["kind"]),
            (&true.into(), &"dm1-notification".into())
        );
        let (requests, responses) = (of("request"), of("response"));
        assert!(requests.len() >= 8 && requests.len() == responses.len(), "{}", done.text());
        assert!(requests.iter().chain(&responses).all(|event| event["content"]["form"] == form), "{}", done.text());
        // The SessionID is that of the notification; each side counts its messages from 1.
        let header = &requests[0]["content"]["header"];
        assert_eq!(header["session_id"], notification["content"]["session_id"]);
        let ids = |events: &[&serde_json::Value]| -> Vec<String> {
            let ids = events.iter().map(|event| event["content"]["header"]["msg_id"].as_str().unwrap().to_owned());
            ids.take(7).collect()
        };
        assert_eq!(ids(&requests), ["1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(ids(&responses), ids(&requests));
        assert_eq!((&requests[0]["credentials"], &requests[1]["credentials"]), (&false.into(), &true.into()));
        assert!(of("closed").len() == 2 && of("closed").iter().all(|event| event["ok"] == true));
        assert_eq!(of("interact")[0]["text"], "Test the lamp now?");
        let verdict = events.last().unwrap();
        assert_eq!((&verdict["event"], &verdict["ok"]), (&"verdict".into(), &true.into()));
        assert!(verdict["checks"].as_array().unwrap().len() >= 13, "{verdict}");
    }
}

#[test]
fn a_session_for_machines() {
    let done = dm(&["session", "--protocol", "2.0", "--json"]);
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
    // Neither are the credentials of DM 1.2, nor the nonces.
    assert!(done.text().contains("credentials (md5)"), "{}", done.text());
    assert!(!done.stderr.contains("NextNonce") && !done.stderr.contains("<Cred>"), "{}", done.stderr);
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
