//! `dm tree`: what is shown, what is hidden, what a command is answered, what is saved.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Done, Folder, dm, dm_with};

const SECRET: &str = "not a real one";

fn gateway() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/tree/paths/gateway.json");
    path.to_str().unwrap().to_owned()
}

fn tree(arguments: &[&str]) -> Done {
    let file = gateway();
    dm(&[&["tree", &file], arguments].concat())
}

/// The status of a command, in the text, in the JSON, on standard error and as exit status.
fn status(arguments: &[&str]) -> u64 {
    let told = tree(&[arguments, &["--json"]].concat());
    let json = told.json();
    let status = json["status"].as_u64().unwrap();
    let line = format!("{status} {}", json["name"].as_str().unwrap());
    let good = (200..300).contains(&status);
    assert_eq!(told.code, Some(i32::from(!good)), "{told:?}");
    assert_eq!(told.stderr, if good { String::new() } else { format!("dm: status {line}\n") });
    let text = tree(arguments);
    assert_eq!((text.code, &text.stderr), (told.code, &told.stderr));
    assert!(text.text().starts_with(&format!("{line}  ")), "{text:?}");
    status
}

/// The nodes of `--json` by path.
fn node<'j>(json: &'j Value, uri: &str) -> &'j Value {
    json["nodes"].as_array().unwrap().iter().find(|node| node["uri"] == uri).unwrap_or(&Value::Null)
}

#[test]
fn the_sample_is_in_the_form_that_is_saved() {
    let folder = Folder::new("tree-form");
    let to = folder.path("again.json");
    let done = tree(&["get", ".", "--to", &to]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(fs::read_to_string(to).unwrap(), fs::read_to_string(gateway()).unwrap());
}

#[test]
fn people_see_names_values_formats_types_acls_and_titles() {
    let done = tree(&[]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let text = done.text();
    for line in [
        "└─ .  ACL Add=*&Get=*",
        "   │  ├─ Man    \"Acme\"  chr",
        "   │  └─ home  urn:oma:mo:oma-dm-dmacc:1.0  instance home",
        "   ├─ Update     urn:oma:mo:oma-fumo:1.0  instance Update, ACL Get=*&Exec=dm.example&Replace=dm.example",
        "      └─ Mail  net.example/1.0/Mail  instance Mail, “Outgoing mail”, ACL Get=*&Replace=dm.example+ops.example",
        "         ├─ Port    993  int",
        "         └─ Logo    0x89504e470d0a1a0a  bin, image/png",
        "└─ urn:example:mo:meter:1.0/water/  rights dm.example RW",
        "      ├─ Interval  900  int",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
}

#[test]
fn the_readme_shows_what_is_shown() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block = readme.split("$ dm tree tests/vectors/tree/paths/gateway.json\n").nth(1).unwrap();
    let lines: Vec<&str> = block.split("\n\n").next().unwrap().lines().skip(1).collect();
    let shown = tree(&[]);
    assert!(lines.len() > 10);
    for line in lines.iter().filter(|line| !line.contains('…')) {
        assert!(shown.text().lines().any(|have| have == *line), "{line}");
    }
    assert_eq!(shown.text().lines().next().unwrap().split("  ").nth(1), Some("49 nodes"));
}

#[test]
fn secrets_are_dots_unless_they_are_asked_for() {
    let dots = "AAuthSecret  ••••••  chr";
    assert!(tree(&[]).text().contains(dots) && tree(&[]).text().contains("Key       ••••••  bin"));
    let shown = tree(&["--secrets"]);
    assert!(shown.text().contains(SECRET) && !shown.text().contains("••••••"));
    let secret = "./DMAcc/home/AppAuth/1/AAuthSecret";
    for hiding in [
        &["--json"][..],
        &["--tnds"],
        &["--tnds=./DMAcc/home"],
        &["--tnds=./DMAcc/home?list=TNDS"],
        &["get", secret],
        &["get", secret, "--json"],
        &["get", "./DMAcc?list=StructData"],
        &["get", "./DMAcc?list=StructData", "--json"],
        &["get", "./DMAcc?list=TNDS"],
        &["get", " ./DMAcc/?LIST=tnds", "--json"],
        &["get", "DMAcc/home/AppAuth/1?list=TNDS-ACL"],
    ] {
        let hidden = tree(hiding);
        assert_eq!(hidden.code, Some(0), "{hidden:?}");
        assert!(!hidden.text().contains(SECRET), "{hiding:?}");
        let shown = tree(&[hiding, &["--secrets"]].concat());
        assert!(shown.text().contains(SECRET), "{hiding:?} {shown:?}");
    }
    let json = tree(&["--json"]).json();
    let hidden = node(&json, secret);
    assert_eq!(
        (&hidden["confidential"], &hidden["value"], &hidden["text"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let json = tree(&["--json", "--secrets"]).json();
    assert_eq!((&node(&json, secret)["value"], &node(&json, secret)["text"]), (&json!(SECRET), &json!(SECRET)));
    // A server never gets it, and may not ask for it either.
    assert_eq!(status(&["get", secret, "--server", "dm.example", "--secrets"]), 405);
}

#[test]
fn machines_get_every_fact() {
    let json = tree(&["--json"]).json();
    assert_eq!(
        node(&json, "./Vendor/Mail"),
        &json!({
            "uri": "./Vendor/Mail", "client_uri": "net.example%2F1.0%2FMail/Mail/", "name": "Mail", "format": "node",
            "type": "net.example/1.0/Mail", "value": null, "text": null, "has_value": false, "confidential": false,
            "access": "Get Add Replace Delete", "acl": "Get=*&Replace=dm.example+ops.example",
            "title": "Outgoing mail", "verno": 6, "tstamp": "2024-02-29T16:30:00Z"
        })
    );
    let port = node(&json, "./Vendor/Mail/Port");
    assert_eq!(
        (&port["value"], &port["text"], &port["format"], &port["acl"]),
        (&json!(993), &json!("0993"), &json!("int"), &Value::Null)
    );
    let logo = node(&json, "./Vendor/Mail/Logo");
    assert_eq!((&logo["type"], &logo["value"]), (&json!("image/png"), &json!("iVBORw0KGgo=")));
    let instances = json["instances"].as_array().unwrap();
    let meter = instances.iter().find(|it| it["miid"] == "water").unwrap();
    assert_eq!((&meter["uri"], &meter["rights"]), (&Value::Null, &json!({"dm.example": "RW"})));
    assert_eq!(meter["nodes"][2]["client_uri"], "urn:example:mo:meter:1.0/water/Interval");
    let mail = instances.iter().find(|it| it["miid"] == "Mail").unwrap();
    assert_eq!((&mail["uri"], &mail["nodes"]), (&json!("./Vendor/Mail"), &Value::Null));
}

#[test]
fn a_tree_without_paths_stays_one() {
    let sensors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/tree/sensors.json");
    let done = dm(&["tree", sensors.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.text().contains("By path") && done.text().contains("urn:example:mo:sensor:1.0/west/"), "{done:?}");
    for section in
        ["Default URIs\n└─ urn:example:mo:sensor:1.0  https://repo.example/sensor  dm.example", "Subscriptions\n"]
    {
        assert!(done.text().contains(section), "{done:?}");
    }
    let json = dm(&["tree", sensors.to_str().unwrap(), "--json"]).json();
    assert_eq!((&json["nodes"], json["instances"].as_array().unwrap().len()), (&Value::Null, 3));
}

#[test]
fn statuses_are_those_that_a_server_gets() {
    let server = ["--server", "dm.example"];
    let told = |arguments: &[&str]| status(&[arguments, &server].concat());
    assert_eq!(told(&["get", "./Vendor/Mail/Port"]), 200);
    assert_eq!(told(&["get", "./Vendor/None"]), 404);
    assert_eq!(told(&["add", "./Vendor/Mail/Host", "--data", "x"]), 418);
    assert_eq!(told(&["add", "./Vendor/New", "--data", "x", "--format", "chr"]), 200);
    assert_eq!(told(&["replace", "./DevInfo/Man", "--data", "x"]), 425);
    assert_eq!(told(&["replace", "./Vendor/Mail/Port", "--data", "twelve"]), 415);
    assert_eq!(told(&["delete", "./DevInfo"]), 405);
    assert_eq!(told(&["delete", "./Vendor/Mail/Port"]), 425);
    assert_eq!(told(&["copy", "./Vendor/Mail/Host", "./Vendor/Host"]), 200);
    assert_eq!(told(&["exec", "./Update/Download"]), 200);
    assert_eq!(told(&["exec", "./Vendor/Mail"]), 425);
    // Another server has other rights, the device itself is held to none.
    assert_eq!(status(&["replace", "./Vendor/Mail/Port", "--data", "25", "--server", "ops.example"]), 200);
    assert_eq!(status(&["replace", "./Vendor/Mail/Port", "--data", "25", "--server", "other.example"]), 425);
    assert_eq!(status(&["replace", "./DevInfo/Man", "--data", "x"]), 200);
    assert_eq!(status(&["delete", "./Vendor/Mail"]), 200);
    assert_eq!(status(&["exec", "./Vendor/Mail"]), 405);
    // What is forgiven, and what is not with --strict.
    assert_eq!(status(&["get", " ./Vendor/Mail/"]), 200);
    assert_ne!(status(&["get", " ./Vendor/Mail/", "--strict"]), 200);
}

#[test]
fn results_have_source_format_type_and_data() {
    let json = tree(&["get", "./Vendor/Mail?list=StructData", "--json", "--server", "dm.example"]).json();
    let results = json["results"].as_array().unwrap();
    let find = |source: &str| results.iter().find(|item| item["source"] == source).unwrap();
    assert_eq!(
        find("./Vendor/Mail/Logo"),
        &json!({"source": "./Vendor/Mail/Logo", "format": "bin", "type": "image/png", "base64": "iVBORw0KGgo="})
    );
    assert_eq!(
        find("./Vendor/Mail/Port"),
        &json!({"source": "./Vendor/Mail/Port", "format": "int", "type": null, "data": "0993"})
    );
    assert_eq!(find("./Vendor/Mail")["data"], Value::Null);
    let text = tree(&["get", "./Vendor/Mail?prop=Title"]);
    assert!(text.text().ends_with("└─ ./Vendor/Mail?prop=Title  Outgoing mail\n"), "{text:?}");
}

#[test]
fn an_exec_is_left_at_saying_so() {
    let run = ["exec", "./Update/Download", "--server", "dm.example", "--correlator", "c1", "--data", "now"];
    let text = tree(&run);
    assert!(
        text.text().contains("the device would execute ./Update/Download, correlator c1, 3 bytes of data"),
        "{text:?}"
    );
    let json = tree(&[&run[..], &["--json"]].concat()).json();
    assert_eq!(json["asked"], json!([{"uri": "./Update/Download", "execute": true, "correlator": "c1"}]));
    assert_eq!(json["changed"], false);
}

#[test]
fn nothing_is_saved_unless_it_is_wanted() {
    let folder = Folder::new("tree-save");
    let original = fs::read(gateway()).unwrap();
    let file = folder.file("tree.json", &original);
    let port = |file: &str| node(&dm(&["tree", file, "--json"]).json(), "./Vendor/Mail/Port")["value"].clone();
    let set = |more: &[&str]| dm(&[&["tree", &file, "replace", "./Vendor/Mail/Port", "--data", "25"], more].concat());

    let unsaved = set(&[]);
    assert!(unsaved.text().contains("not saved"), "{unsaved:?}");
    assert_eq!(fs::read(&file).unwrap(), original);

    let other = folder.path("other.json");
    let saved = set(&["--to", &other]);
    assert!(saved.text().ends_with(&format!("saved to {other}\n")), "{saved:?}");
    assert_eq!((fs::read(&file).unwrap() == original, port(&other)), (true, json!(25)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let saved = set(&["--write", "--json", "--time", "1700000000"]).json();
    assert_eq!((&saved["changed"], &saved["saved"]), (&json!(true), &json!(file)));
    let json = dm(&["tree", &file, "--json"]).json();
    assert_eq!(node(&json, "./Vendor/Mail/Port")["tstamp"], "2023-11-14T22:13:20Z");
    assert_eq!(port(&file), 25);

    // What is refused leaves no file.
    let none = folder.path("none.json");
    let refused = set(&["--server", "other.example", "--to", &none]);
    assert_eq!((refused.code, Path::new(&none).exists()), (Some(1), false));
}

#[test]
fn tnds_goes_out_and_comes_in() {
    let folder = Folder::new("tree-tnds");
    let out = tree(&["--tnds=./Vendor/Mail"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    let document = folder.file("mail.xml", &out.stdout);
    let inspected = dm(&["inspect", &document]);
    assert_eq!(inspected.code, Some(0), "{inspected:?}");

    let copy = folder.path("copy.json");
    let added = tree(&["add", "./Vendor/Second", "--tnds-file", &document, "--to", &copy]);
    assert_eq!(added.code, Some(0), "{added:?}");
    let json = dm(&["tree", &copy, "--json"]).json();
    for (one, other) in [("", ""), ("/Port", "/Port"), ("/Logo", "/Logo")] {
        let (one, other) =
            (node(&json, &format!("./Vendor/Mail{one}")), node(&json, &format!("./Vendor/Second{other}")));
        for fact in ["format", "type", "value", "text", "acl", "title"] {
            assert_eq!(one[fact], other[fact], "{fact}");
        }
    }

    // The same as WBXML.
    let wbxml = folder.file("mail.wbxml", dm(&["inspect", &document, "--to", "wbxml"]).stdout);
    let added = tree(&["add", "./Vendor/Second", "--tnds-file", &wbxml, "--to", &copy]);
    assert_eq!(added.code, Some(0), "{added:?}");
    let json = dm(&["tree", &copy, "--json"]).json();
    assert_eq!(node(&json, "./Vendor/Second/Logo")["value"], "iVBORw0KGgo=");

    // What a server gets; what is not there.
    let mine = tree(&["--tnds=./Vendor", "--server", "dm.example"]);
    assert!(mine.text().contains("<NodeName>Mail</NodeName>"), "{mine:?}");
    let none = tree(&["--tnds=./None"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(1), "dm: status 404 Not found\n"));
}

#[test]
fn data_from_a_file_are_bytes() {
    let folder = Folder::new("tree-data");
    let bytes = folder.file("key", [0, 255, 7]);
    let to = folder.path("tree.json");
    let added = tree(&["add", "./Vendor/Key", "--format", "bin", "--data-file", &bytes, "--to", &to]);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert_eq!(node(&dm(&["tree", &to, "--json"]).json(), "./Vendor/Key")["value"], "AP8H");
}

#[test]
fn a_description_says_what_is_allowed() {
    let folder = Folder::new("tree-ddf");
    let ddf = folder.file(
        "radio.ddf",
        r#"<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>Radio</NodeName>
          <DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><One/></Occurrence>
            <Scope><Permanent/></Scope><DFType><DDFName/></DFType></DFProperties>
          <Node><NodeName>Channel</NodeName>
            <DFProperties><AccessType><Get/><Replace/></AccessType><DefaultValue>6</DefaultValue><DFFormat><int/></DFFormat>
              <Occurrence><One/></Occurrence><Scope><Permanent/></Scope><DFType><MIME>text/plain</MIME></DFType>
            </DFProperties></Node></Node></MgmtTree>"#,
    );
    let shown = tree(&["--ddf", &ddf]);
    assert!(shown.text().contains("Channel  6  int"), "{shown:?}");
    assert_eq!(status(&["delete", "./Radio/Channel", "--ddf", &ddf, "--server", "dm.example"]), 405);
    assert_eq!(status(&["add", "./Radio/Other", "--data", "x", "--ddf", &ddf]), 404);
    let bad = folder.file("bad.ddf", "<MgmtTree/>");
    let refused = tree(&["--ddf", &bad]);
    assert_eq!((refused.code, refused.stderr.lines().count()), (Some(2), 1), "{refused:?}");
    assert!(refused.stderr.contains("bad.ddf"), "{refused:?}");
}

#[test]
fn what_a_device_has_saved() {
    // `dm connect` names the lamp's definitions; with a DM 2.0 tree alone there is nothing by path.
    let file = r#"{"version": 1, "definitions": ["urn:example:mo:lamp:1.0"], "instances": [
        {"moid": "urn:example:mo:lamp:1.0", "miid": "1", "name": "Lamp",
         "nodes": {"Place": "Harbour Street 12", "Brightness": 80, "Hours": 1, "Dimming/22:00": 60, "Test": null}}]}"#;
    let done = dm_with(&["tree", "-"], file.as_bytes(), &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.text().contains("Brightness  80  int"), "{done:?}");
    let refused = dm_with(&["tree", "-", "add", "./A", "--data", "1", "--write"], file.as_bytes(), &[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let folder = Folder::new("tree-bad");
    let no_json = folder.file("no.json", "{");
    let other = folder.file("other.json", r#"{"version": 1, "what": []}"#);
    let path = folder.file("path.json", r#"{"version": 1, "tree": [{"path": "A//B", "value": 1}]}"#);
    let here = gateway();
    let missing = folder.path("missing.json");
    for arguments in [
        &[missing.as_str()][..],
        &[&no_json],
        &[&other],
        &[&path],
        &[&here, "--write"],
        &[&here, "--server", "x"],
        &[&here, "--tnds", "--json"],
        &[&here, "get", ".", "--tnds"],
        &[&here, "add", "./A", "--data-file", &missing],
        &[&here, "add", "./A", "--tnds-file", &missing],
        &[&here, "--ddf", &missing],
    ] {
        let done = dm(&[&["tree"], arguments].concat());
        assert_eq!((done.code, done.stdout.len()), (Some(2), 0), "{arguments:?} {done:?}");
        assert!(done.stderr.starts_with("dm: ") || arguments.contains(&"get"), "{done:?}");
    }
    for arguments in [&[&here, "get"][..], &[&here, "fetch", "."], &[]] {
        assert_eq!(dm(&[&["tree"], arguments].concat()).code, Some(2), "{arguments:?}");
    }
}
