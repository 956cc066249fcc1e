//! `dm inspect`: every vector, every kind, every exit status.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Folder, dm, dm_with};

const V2: &str = "2300 1a646d2e6578616d706c65 1102 12beef \
    1f11314d71806bdbee2752d85f38e258425516e90836fcdb7260a22baa2d8ea43622 1452c35a80 10";
const SECRET: &str = "000102030405060708090a0b0c0d0e0f";
const AUTH_DATA: &str = "6e6f6e63652d4131";

fn vectors() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/notification");
    let mut files: Vec<PathBuf> = [root.clone(), root.join("bad")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .collect();
    files.sort();
    assert!(files.len() > 40, "only {} vectors found", files.len());
    files
}

/// The lines of an `.expect` file by their first word.
fn expected(vector: &Path) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in fs::read_to_string(vector.with_extension("expect")).unwrap().lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        all.entry(word.into()).or_default().push(rest.into());
    }
    all
}

#[test]
fn every_notification_vector() {
    for vector in vectors() {
        let name = vector.display().to_string();
        let expected = expected(&vector);
        let one = |word: &str| expected.get(word).and_then(|lines| lines.first()).map(String::as_str);
        for (mode, arguments) in
            [("strict", vec!["inspect", "--json", "--strict", &name]), ("lenient", vec!["inspect", "--json", &name])]
        {
            let done = dm(&arguments);
            match one(mode).filter(|line| *line != "ok") {
                Some(refusal) => {
                    let offset = refusal.split(' ').nth(1).unwrap();
                    assert_eq!(done.code, Some(1), "{mode} {name}");
                    assert!(done.stderr.ends_with(&format!(" at byte {offset}\n")), "{mode} {name}: {}", done.stderr);
                    assert_eq!(done.stderr.lines().count(), 1, "{mode} {name}");
                    assert!(done.stdout.is_empty(), "{mode} {name}");
                }
                None => {
                    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{mode} {name}");
                    let json = done.json();
                    let number = |word| one(word).map_or(Value::Null, |text| json!(text.parse::<u64>().unwrap()));
                    let text = |word| one(word).map_or(Value::Null, |text| json!(text));
                    assert_eq!(json["kind"], "dm2-notification", "{name}");
                    assert_eq!(json["server_id"], text("server-id"), "{name}");
                    assert_eq!(json["preferred_con_type"], number("con-type"), "{name}");
                    assert_eq!(json["notification_id"], number("notification-id"), "{name}");
                    assert_eq!(json["timestamp"], number("timestamp"), "{name}");
                    assert_eq!(json["digest"], text("digest"), "{name}");
                    assert_eq!(json["req_mos"], json!(one("req-mos").is_some()), "{name}");
                    let deviations: Vec<String> = json["deviations"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|met| format!("{} {}", met["kind"].as_str().unwrap(), met["offset"]))
                        .collect();
                    assert_eq!(deviations, expected.get("deviation").cloned().unwrap_or_default(), "{name}");
                }
            }
        }
        if let (Some(secret), Some(auth_data)) = (one("secret"), one("auth-data")) {
            let check = |secret: &str| dm(&["inspect", "--json", &name, "--secret", secret, "--auth-data", auth_data]);
            let right = check(secret);
            assert_eq!((right.code, &right.json()["digest_verified"]), (Some(0), &json!(true)), "{name}");
            let wrong = check("00");
            assert_eq!((wrong.code, &wrong.json()["digest_verified"]), (Some(1), &json!(false)), "{name}");
            assert!(wrong.stderr.contains("SHA256-DIGEST does not match at byte "), "{name}: {}", wrong.stderr);
        }
    }
}

#[test]
fn every_field_is_in_the_json() {
    let json = dm_with(&["inspect", "-", "--json"], V2.as_bytes(), &[]).json();
    assert_eq!(
        json,
        json!({
            "kind": "dm2-notification", "encoding": "hex", "length": 58, "version": 2, "option_count": 6, "reserved": 0,
            "server_id": "dm.example", "preferred_con_type": 2, "preferred_con_type_name": "wlan",
            "notification_id": 48879,
            "digest": "314d71806bdbee2752d85f38e258425516e90836fcdb7260a22baa2d8ea43622", "digest_verified": null,
            "timestamp": 1_388_534_400, "timestamp_utc": "2014-01-01T00:00:00Z", "req_mos": true,
            "options": [
                {"number": 1, "name": "SERVER-ID", "offset": 2, "value_offset": 3, "length": 10, "value": "646d2e6578616d706c65"},
                {"number": 2, "name": "PREFERRED-CON-TYPE", "offset": 13, "value_offset": 14, "length": 1, "value": "02"},
                {"number": 3, "name": "NOTIFICATION-ID", "offset": 15, "value_offset": 16, "length": 2, "value": "beef"},
                {"number": 4, "name": "SHA256-DIGEST", "offset": 18, "value_offset": 20, "length": 32,
                 "value": "314d71806bdbee2752d85f38e258425516e90836fcdb7260a22baa2d8ea43622"},
                {"number": 5, "name": "TIMESTAMP", "offset": 52, "value_offset": 53, "length": 4, "value": "52c35a80"},
                {"number": 6, "name": "REQ-MOS", "offset": 57, "value_offset": 58, "length": 0, "value": ""}
            ],
            "trailing": "", "deviations": []
        })
    );
}

#[test]
fn input_and_output_in_every_form() {
    let hex = V2.replace(' ', "");
    let base64 = dm_with(&["inspect", "-", "--to", "base64"], hex.as_bytes(), &[]);
    let raw = dm_with(&["inspect", "-", "--to", "raw"], &base64.stdout, &[]);
    assert_eq!(raw.stdout.len(), 58);
    let again = dm_with(&["inspect", "-", "--to", "hex"], &raw.stdout, &[]);
    assert_eq!((again.text().trim(), again.code), (hex.as_str(), Some(0)));
    for (form, input) in [("raw", &raw.stdout), ("base64", &base64.stdout), ("hex", &again.stdout)] {
        let found = dm_with(&["inspect", "-", "--json"], input, &[]).json();
        let told = dm_with(&["inspect", "-", "--json", "--from", form], input, &[]).json();
        assert_eq!((&found["encoding"], found["notification_id"].as_u64()), (&json!(form), Some(48879)));
        assert_eq!(found, told);
    }
}

#[test]
fn packages() {
    let package1 = br#"{"MOS":[{"DDF":"https://ddf.example/x","MOID":"urn:oma:mo:x:1.0","MIID":["1"]}],
        "Alert":[{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json",
        "Data":{"NotificationID":7}},{"AlertType":"urn:x","Mark":"warning","SourceURI":"urn:a:b/1/"}]}"#;
    let json = dm_with(&["inspect", "-", "--json", "--strict"], package1, &[]).json();
    assert_eq!(json["kind"], "dm2-package1");
    assert_eq!(json["mos"], json!([{"ddf": "https://ddf.example/x", "moid": "urn:oma:mo:x:1.0", "miids": ["1"]}]));
    assert_eq!(json["alerts"][0]["session_start"], true);
    assert_eq!(json["alerts"][0]["notification_id"], 7);
    assert_eq!(json["alerts"][0]["data"], json!({"NotificationID": 7}));
    assert_eq!(json["alerts"][1]["mark"], "warning");
    assert_eq!(json["alerts"][1]["source_uri"], "urn:a:b/1/");

    let package2 = br#"{"CMD":[["HGET","https://r.example/x","urn:a:b//"],["REBOOT","now"],["GET"],["DEFAULT","https://r.example/y","urn:a:c"],["END"]]}"#;
    let json = dm_with(&["inspect", "-", "--json"], package2, &[]).json();
    assert_eq!(json["kind"], "dm2-package2");
    assert_eq!(json["commands"][0]["server_uri"], "https://r.example/x");
    assert_eq!(json["commands"][0]["client_uris"], json!(["urn:a:b//"]));
    assert_eq!(json["commands"][1]["params"], json!(["now"]));
    assert_eq!(json["commands"][1]["status"], 501);
    assert_eq!(json["commands"][2]["raw"], json!(["GET"]));
    assert_eq!(json["commands"][2]["status"], 400);
    assert_eq!(json["commands"][3]["moid"], "urn:a:c");
    assert_eq!(json["commands"][4]["name"], "END");
    assert_eq!(json["deviations"].as_array().unwrap().len(), 2);

    let package3 = br#"{"Status":[{"sc":200,"URI":["urn:a:b/4/"]},{"sc":200,"Data":[{"ClientURI":"urn:a:b/4/X","MOData":{"X":"3"}}],"more":1}],"other":[1, 2]}"#;
    let json = dm_with(&["inspect", "-", "--json"], package3, &[]).json();
    assert_eq!(json["kind"], "dm2-package3");
    assert_eq!(json["statuses"][0]["uris"], json!(["urn:a:b/4/"]));
    assert_eq!(json["statuses"][1]["data"][0]["mo_data"], json!({"X": "3"}));
    assert_eq!(json["statuses"][1]["extra"], json!({"more": 1}));
    assert_eq!(json["extra"], json!({"other": [1, 2]}));

    let data = br#"[{"ClientURI":"urn:a:b/1/","DDF":"https://d.example/","CV":"9f","MOData":{"B":{"C":null,"D":{}}}}]"#;
    let done = dm_with(&["inspect", "-", "--json"], data, &[]);
    let json = done.json();
    assert_eq!(json["kind"], "dm2-mo-data");
    assert_eq!(
        json["items"],
        json!([{"client_uri": "urn:a:b/1/", "ddf": "https://d.example/", "cv": "9f", "mo_data": {"B": {"C": null, "D": {}}}}])
    );

    let uri = b"urn:oma:mo:sensor:1.0/(x)/Data/*/Value?nv=(x)/ID:GPS&cv=12\n";
    let json = dm_with(&["inspect", "-", "--json", "--strict"], uri, &[]).json();
    assert_eq!(json["kind"], "dm2-client-uri");
    assert_eq!(json["instance"], json!({"x_name": "x"}));
    assert_eq!(json["path"], json!([{"name": "Data"}, {"wildcard": true}, {"name": "Value"}]));
    assert_eq!(json["nv"], json!([{"x_name": "x", "names": ["ID"], "value": "GPS"}]));
    assert_eq!(json["cv"], "12");
}

#[test]
fn people_get_a_tree() {
    let done = dm_with(&["inspect", "-"], br#"{"Status":[{"sc":404}],"Alert":[{"AlertType":"urn:x"}]}"#, &[]);
    assert_eq!(
        done.text(),
        "DM 2.0 Package#3 (statuses)  55 bytes\n├─ Status\n│  └─ 1  404 Not Found\n└─ Alert\n   └─ urn:x\n\n\
         ✓ accepted, no deviation from the standard\n"
    );
}

#[test]
fn refusals_are_one_line_with_cause_and_offset() {
    for (input, line) in [
        (&b""[..], "dm: nothing to read at byte 0\n"),
        (b"{\"hello\":1}", "dm: JSON, but of no DM format at byte 0\n"),
        (b"<>", "dm: not XML, though it begins like it at byte 0\n"),
        (b"<html><body/></html>", "dm: root is not SyncML at byte 0\n"),
        (b"hello, world", "dm: of no known format at byte 0\n"),
        (b"{\"CMD\":[[\"END\"]", "dm: input ends too early at byte 15\n"),
        (b"2180", "dm: notification ends early at byte 2\n"),
        (b"urn:x/1", "dm: "),
    ] {
        let done = dm_with(&["inspect", "-", "--strict"], input, &[]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.starts_with(line) && done.stderr.contains(" at byte "), "{done:?}");
        assert_eq!((done.stderr.lines().count(), done.stdout.len()), (1, 0), "{done:?}");
    }
}

#[test]
fn deviations_are_listed_and_strictness_refuses_them() {
    let padded = b"20801a646d2e6578616d706c6500";
    let lenient = dm_with(&["inspect", "-"], padded, &[]);
    assert_eq!(lenient.code, Some(0));
    assert!(lenient.text().contains("bytes after the last option at byte 13"), "{lenient:?}");
    let strict = dm_with(&["inspect", "-", "--strict"], padded, &[]);
    assert_eq!((strict.code, strict.stderr.as_str()), (Some(1), "dm: bytes after the last option at byte 13\n"));
    // One unknown command does not spoil a package, but it is a deviation.
    let unknown = br#"{"CMD":[["REBOOT"],["END"]]}"#;
    let lenient = dm_with(&["inspect", "-", "--json"], unknown, &[]);
    assert_eq!((lenient.code, &lenient.json()["deviations"][0]["kind"]), (Some(0), &json!("UnknownCommand")));
    let strict = dm_with(&["inspect", "-", "--json", "--strict"], unknown, &[]);
    assert_eq!((strict.code, strict.stderr.as_str()), (Some(1), "dm: unknown command at byte 9\n"));
    let marked = [b"\xef\xbb\xbf".as_slice(), br#"{"CMD":[]}"#].concat();
    assert_eq!(dm_with(&["inspect", "-", "--json"], &marked, &[]).json()["kind"], "dm2-package2");
    assert_eq!(dm_with(&["inspect", "-", "--strict"], &marked, &[]).stderr, "dm: byte order mark at byte 0\n");
}

#[test]
fn digests_are_checked() {
    let check = |secret, data| dm_with(&["inspect", "-", "--secret", secret, "--auth-data", data], V2.as_bytes(), &[]);
    let right = check(SECRET, AUTH_DATA);
    assert_eq!(right.code, Some(0));
    assert!(right.text().contains("verified"));
    let wrong = check(SECRET, "00");
    assert_eq!((wrong.code, wrong.stderr.as_str()), (Some(1), "dm: SHA256-DIGEST does not match at byte 20\n"));
    let unsigned = dm_with(&["inspect", "-", "--secret", SECRET], b"20801a646d2e6578616d706c65", &[]);
    assert_eq!((unsigned.code, unsigned.stderr.as_str()), (Some(1), "dm: no SHA256-DIGEST at byte 13\n"));
}

#[test]
fn wrong_usage_is_2() {
    let folder = Folder::new("inspect-usage");
    let file = folder.file("package2.json", r#"{"CMD":[["END"]]}"#);
    for arguments in [
        &["inspect"][..],
        &["inspect", "/does/not/exist"],
        &["inspect", &file, "--no-such-option"],
        &["inspect", &file, "--secret", "xyz"],
        &["inspect", &file, "--secret", "00"],
        &["inspect", &file, "--auth-data", "00"],
        &["inspect", &file, "--from", "hex"],
        &["inspect", &file, "--as", "dm3"],
        &["inspect", &file, "--lint", "windows"],
        &["inspect", &file, "--lint", "toaster"],
        &["inspect", &file, "--login", "me:word"],
        &["inspect", &file, "--login", "me"],
        &["inspect", &file, "--nonce", "AAAA"],
        &["inspect", &file, "--to", "wbxml"],
        &["inspect", &file, "--pretty"],
        &["inspect", &file, "--json", "--to", "hex"],
        &["no-such-command"],
    ] {
        let done = dm(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{done:?}");
    }
    assert_eq!(dm(&["inspect", &file, "--as", "dm2-package2"]).code, Some(0));
    assert_eq!(dm(&["inspect", &file, "--as", "dm2-package3"]).code, Some(1));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let escapes = |arguments: &[&str], environment: &[(&str, &str)]| {
        dm_with(arguments, V2.as_bytes(), environment).stdout.contains(&0x1b)
    };
    assert!(!escapes(&["inspect", "-"], &[]), "no terminal, no colours");
    assert!(escapes(&["inspect", "-", "--color", "always"], &[]));
    assert!(escapes(&["inspect", "-"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&["inspect", "-", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&["inspect", "-"], &[("NO_COLOR", "1")]));
    assert!(!escapes(&["inspect", "-", "--json", "--color", "always"], &[]));
}
