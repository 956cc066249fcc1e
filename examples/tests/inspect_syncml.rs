//! `dm inspect` on SyncML: every form, what breaks off, what is converted, what never shows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dm_syncml::{Fragment, Message};
use serde_json::{Value, json};
use support::{Done, Folder, dm, dm_with};

const DIGEST: &str = "EmVxzgbUMshIoWq4Bngu8Q==";
const NONCE: &str = "WhfCDptE8ag9ZgK34VUMmQ==";
/// Name, password and nonce whose digest is in the standard's example.
const BRUCE: (&str, &str, &str) = ("Bruce2:OhBehave", "Tm9uY2U=", "Zz6EivR3yeaaENcRN6lpAQ==");

/// A header with anything between Source and its end.
fn header(more: &str) -> String {
    format!(
        "<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>2F</SessionID><MsgID>1</MsgID>\
         <Target><LocURI>https://dm.example.net/oma</LocURI></Target>\
         <Source><LocURI>IMEI:352099001761481</LocURI><LocName>dev-0042</LocName></Source>{more}</SyncHdr>"
    )
}

fn message(more: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\">{}\
         <SyncBody>{body}<Final/></SyncBody></SyncML>",
        header(more)
    )
}

fn cred(type_: &str, data: &str) -> String {
    format!(
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{type_}</Type></Meta>\
         <Data>{data}</Data></Cred>"
    )
}

/// A bit of everything: the answers and commands of a server.
fn package_2() -> String {
    message(
        "",
        "<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
         <Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
         <NextNonce xmlns=\"syncml:metinf\">WhfCDptE8ag9ZgK34VUMmQ==</NextNonce></Meta></Chal><Data>212</Data></Status>\
         <Status><CmdID>2</CmdID><MsgRef>2</MsgRef><CmdRef>9</CmdRef><Cmd>Add</Cmd>\
         <TargetRef>./Accounts/Mail</TargetRef><Data>418</Data></Status>\
         <Sequence><CmdID>4</CmdID><Alert><CmdID>5</CmdID><Data>1101</Data>\
         <Item><Data>MAXDT=60&amp;DR=1</Data></Item><Item><Data>Switch?</Data></Item></Alert>\
         <Replace><CmdID>6</CmdID><Item><Target><LocURI>./Accounts/Mail/Host</LocURI></Target>\
         <Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">image/png</Type>\
         <Size xmlns=\"syncml:metinf\">12</Size></Meta><Data>AAE8Jv/+DQo=</Data><MoreData/></Item></Replace></Sequence>\
         <Exec><CmdID>8</CmdID><Correlator>job-7731</Correlator><Item><Target><LocURI>./Vendor/Run</LocURI></Target>\
         </Item></Exec>",
    )
}

const TREE: &str = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName>Mail</NodeName>\
    <RTProperties><Format><node/></Format></RTProperties><Node><NodeName>Port</NodeName><Value>993</Value></Node>\
    </Node></MgmtTree>";

fn inspect(input: impl AsRef<[u8]>, more: &[&str]) -> Done {
    dm_with(&[&["inspect", "-"], more].concat(), input.as_ref(), &[])
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn people_get_a_tree() {
    let done = inspect(package_2(), &[]);
    let expected = "\
SyncML (OMA DM 1.x)  LENGTH bytes
├─ form       XML
├─ namespace  SYNCML:SYNCML1.2
├─ SyncHdr    byte [<SyncHdr>]
│  ├─ VerDTD     1.2
│  ├─ VerProto   DM/1.2
│  ├─ SessionID  2F
│  ├─ MsgID      1
│  ├─ Target     https://dm.example.net/oma
│  └─ Source     IMEI:352099001761481  LocName dev-0042
└─ SyncBody
   ├─ Status 1    212 Authentication accepted, to the header of message 2  byte [<Status><CmdID>1<]
   │  └─ Chal  syncml:auth-md5, NextNonce not shown
   ├─ Status 2    418 Already exists, to Add 9 of message 2  byte [<Status><CmdID>2<]
   │  └─ TargetRef  ./Accounts/Mail
   ├─ Sequence 4  byte [<Sequence>]
   │  ├─ Alert 5    1101 Confirm or reject  byte [<Alert>]
   │  │  ├─ Data  MAXDT=60&DR=1
   │  │  └─ Data  Switch?
   │  └─ Replace 6  byte [<Replace>]
   │     └─ Item
   │        ├─ Target    ./Accounts/Mail/Host
   │        ├─ Meta      Format b64, Type image/png, Size 12
   │        ├─ Data      AAE8Jv/+DQo=  12 bytes, Base64 of 8 bytes: 00013c26fffe0d0a
   │        └─ MoreData  the next chunk follows
   ├─ Exec 8      byte [<Exec>]
   │  ├─ Correlator  job-7731
   │  └─ Target      ./Vendor/Run
   └─ Final

✓ accepted, no deviation from the standard
";
    let mut expected = expected.replace("LENGTH", &package_2().len().to_string());
    // Where it stands: what is in brackets.
    while let Some((before, (tag, after))) = expected.split_once('[').and_then(|(a, b)| Some((a, b.split_once(']')?))) {
        expected = format!("{before}{}{after}", package_2().find(tag).unwrap());
    }
    assert_eq!(done.text(), expected);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

#[test]
fn wbxml_tells_its_head() {
    let folder = repository("tests/vectors/syncml/wbxml");
    let done = dm(&["inspect", folder.join("w1-public-id-unterminated.wbxml").to_str().unwrap()]);
    for line in [
        "├─ form       WBXML 1.2",
        "│  ├─ public id     -//SYNCML//DTD SyncML 1.2//EN",
        "│  ├─ charset       UTF-8",
        "│  └─ string table  29 bytes",
        "Alert 2   1222 Next message",
    ] {
        assert!(done.text().contains(line), "{line}\n{}", done.text());
    }
    let json = dm(&["inspect", "--json", folder.join("w2-raw-binary.wbxml").to_str().unwrap()]).json();
    assert_eq!(json["wbxml"], json!({"version": "1.2", "public_id": 0x1201, "charset": 106, "string_table_length": 0}));
    let data = &json["commands"][1]["items"][0]["data"];
    assert_eq!((&data["base64"], &data["opaque"]), (&json!("AAE8Jv/+DQo="), &json!(true)));
}

#[test]
fn every_member_of_the_json() {
    let line = inspect(package_2(), &["--json"]);
    let json = line.json();
    assert_eq!((&json["kind"], &json["form"], &json["root"]), (&json!("syncml"), &json!("xml"), &json!("message")));
    assert_eq!(json["namespace"], "SYNCML:SYNCML1.2");
    assert_eq!(json["header"]["source"], json!({"uri": "IMEI:352099001761481", "name": "dev-0042", "extra": []}));
    assert_eq!((&json["final"], &json["error"], &json["deviations"]), (&json!(true), &Value::Null, &json!([])));
    let commands = json["commands"].as_array().unwrap();
    let names: Vec<&str> = commands.iter().map(|command| command["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Status", "Status", "Sequence", "Exec"]);
    assert_eq!((&commands[1]["code"], &commands[1]["code_name"]), (&json!(418), &json!("Already exists")));
    assert_eq!(commands[1]["target_refs"], json!(["./Accounts/Mail"]));
    assert_eq!(commands[0]["chal"]["meta"]["next_nonce"], "redacted");
    assert_eq!(commands[2]["commands"][0]["code_name"], "Confirm or reject");
    let item = &commands[2]["commands"][1]["items"][0];
    assert_eq!((&item["data"]["text"], &item["more_data"]), (&json!("AAE8Jv/+DQo="), &json!(true)));
    assert_eq!((&item["meta"]["format"], &item["meta"]["size"]), (&json!("b64"), &json!("12")));
    assert_eq!(commands[3]["correlator"], "job-7731");
    // What a span says can be cut out of the input.
    let span = commands[3]["span"].as_array().unwrap();
    let ends: Vec<usize> = span.iter().map(|end| usize::try_from(end.as_u64().unwrap()).unwrap()).collect();
    let cut = &package_2()[ends[0]..ends[1]];
    assert!(cut.starts_with("<Exec>") && cut.ends_with("</Exec>"), "{cut}");
    // The order is stable, `kind` first and `deviations` last.
    assert!(line.text().starts_with("{\"kind\":\"syncml\",\"encoding\":\"raw\",\"length\":"));
    assert!(line.text().ends_with("\"deviations\":[]}\n"));
}

#[test]
fn fragments_and_other_roots() {
    for (input, root) in [
        ("<Get><CmdID>1</CmdID><Item><Target><LocURI>.</LocURI></Target></Item></Get>".to_owned(), "commands"),
        ("<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert></SyncBody>".to_owned(), "body"),
        ("<SyncML><SyncHdr/><SyncBody><Final/></SyncBody></SyncML>".to_owned(), "syncml"),
        (message("", ""), "message"),
        (TREE.to_owned(), "document"),
    ] {
        let json = inspect(&input, &["--json"]).json();
        assert_eq!((&json["kind"], &json["root"]), (&json!("syncml"), &json!(root)), "{input}");
    }
    let tree = inspect(TREE, &["--as", "syncml"]);
    assert!(tree.text().contains("Value     993"), "{tree:?}");
    // A document converts, too.
    let wbxml = inspect(TREE, &["--to", "wbxml"]).stdout;
    assert!(wbxml.starts_with(b"\x02\x00\x00\x6a\x1b-//OMA//DTD-DM-DDF 1.2//EN"));
    assert_eq!(inspect(&wbxml, &["--to", "xml"]).text(), TREE);
}

#[test]
fn given_in_any_form_and_character_set() {
    let xml = message("", "");
    let wbxml = inspect(&xml, &["--to", "wbxml"]).stdout;
    let dump = wbxml.iter().fold(String::new(), |mut dump, byte| {
        write!(dump, "{byte:02X} ").unwrap();
        dump
    });
    let base64 = inspect(&wbxml, &["--to", "base64"]).stdout;
    for (given, encoding) in [(wbxml.clone(), "raw"), (dump.into_bytes(), "hex"), (base64, "base64")] {
        let json = inspect(&given, &["--json"]).json();
        assert_eq!((&json["encoding"], &json["form"]), (&json!(encoding), &json!("wbxml")));
        assert_eq!(json["header"]["session_id"], "2F");
    }
    let wide: Vec<u8> =
        [0xFEFF].into_iter().chain(xml.replace("UTF-8", "UTF-16").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let done = inspect(&wide, &[]);
    assert!(done.text().contains("not in UTF-8; bytes are counted in UTF-8"), "{done:?}");
    let marked = [b"\xef\xbb\xbf", xml.as_bytes()].concat();
    assert_eq!(inspect(&marked, &["--json"]).json()["deviations"][0]["kind"], "ByteOrderMark");
    assert_eq!(inspect(&marked, &["--strict"]).stderr, "dm: byte order mark at byte 0\n");
}

#[test]
fn what_breaks_off_is_shown_as_far_as_it_goes() {
    let whole = package_2();
    let end = whole.find("<Exec>").unwrap() + 20;
    let cut = &whole[..end];
    let done = inspect(cut, &[]);
    assert_eq!((done.code, done.stderr), (Some(1), format!("dm: input ends too early at byte {end}\n")));
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("Sequence 4") && text.contains(&format!("✗ input ends too early at byte {end}")), "{text}");
    let json = inspect(cut, &["--json"]).json();
    assert_eq!(json["error"], json!({"kind": "UnexpectedEnd", "cause": "input ends too early", "offset": end}));
    assert!(json["commands"].as_array().unwrap().len() >= 3);
    // Part of a message is not passed off as a whole one.
    let done = inspect(cut, &["--to", "wbxml"]);
    assert_eq!((done.code, done.stdout.len()), (Some(1), 0));
    // Nothing to show: one line.
    let done = inspect("<SyncML><SyncHdr><VerDTD>1", &[]);
    assert_eq!((done.code, done.stderr.lines().count()), (Some(1), 1));
    // Every cut ends well.
    let wbxml = inspect(&whole, &["--to", "wbxml"]).stdout;
    for cut in (0..wbxml.len()).step_by(37) {
        let done = inspect(&wbxml[..cut], &["--as", "syncml", "--json"]);
        assert_eq!(done.code, Some(1), "{cut}");
        assert!(done.stderr.contains(" at byte "), "{cut}: {}", done.stderr);
    }
}

#[test]
fn deviations_and_strictness() {
    let odd = "<SyncBody><Frob><CmdID>1</CmdID></Frob><Get><CmdID>2</CmdID><Item><Target><LocURI> ./X </LocURI>\
               </Target></Item><NoResp/></Get></SyncBody>";
    let done = inspect(odd, &[]);
    assert_eq!(done.code, Some(0));
    for line in ["Frob   unknown command", "NoResp  not used by DM here, byte ", "unknown command at byte 10\n"] {
        assert!(done.text().contains(line), "{line}\n{}", done.text());
    }
    let json = inspect(odd, &["--json"]).json();
    assert_eq!(json["commands"][0]["known"], "no");
    assert_eq!(json["commands"][0]["element"]["content"][0]["content"], json!(["1"]));
    assert_eq!(json["commands"][1]["extra"][0]["name"], "NoResp");
    let strict = inspect(odd, &["--strict"]);
    assert_eq!((strict.code, strict.stderr.as_str()), (Some(1), "dm: no namespace at byte 0\n"));
    // There is an end to what is listed, and the rest is counted.
    let many = format!("<SyncBody>{}</SyncBody>", "<Frob/>".repeat(3000));
    let json = inspect(&many, &["--json"]).json();
    let listed = json["deviations"].as_array().unwrap().len();
    assert_eq!(json["deviations_unlisted"].as_u64().unwrap() + u64::try_from(listed).unwrap(), 3001);
    let text = inspect(&many, &[]);
    assert!(text.text().contains("accepted, with 3001 deviations") && text.text().contains("  2901 more\n"));
}

#[test]
fn every_wbxml_vector() {
    let root = repository("tests/vectors/syncml/wbxml");
    let mut tried = 0;
    for folder in [root.clone(), root.join("bad")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "wbxml") {
                continue;
            }
            tried += 1;
            let expected = fs::read_to_string(path.with_extension("expect")).unwrap();
            let name = path.to_str().unwrap();
            for (mode, more) in [("lenient: ", &[][..]), ("strict: ", &["--strict"][..])] {
                let line = expected.lines().find_map(|line| line.strip_prefix(mode)).unwrap();
                // A fragment may lack what a message must have, inspection has larger limits and tries XML first.
                if ["MissingPart", "Too", "NotSyncMl@0"].iter().any(|kind| line.contains(kind)) {
                    continue;
                }
                let done = dm(&[&["inspect", "--as", "syncml", "--json", name], more].concat());
                match line.strip_prefix("error ") {
                    // Part of a message is taken, and so is a document that travels inside messages.
                    Some(error) if error.starts_with("Root@") && done.code == Some(0) => {
                        assert_ne!(done.json()["root"], "message", "{mode}{name}: {line}");
                    }
                    Some(error) => {
                        let offset = error.split('@').nth(1).unwrap();
                        assert_eq!(done.code, Some(1), "{mode}{name}: {line}");
                        let end = format!(" at byte {offset}\n");
                        assert!(done.stderr.ends_with(&end), "{mode}{name}: {line}: {}", done.stderr);
                    }
                    None => {
                        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{mode}{name}: {line}");
                        let listed: Vec<String> = done.json()["deviations"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|met| format!("{}@{}", met["kind"].as_str().unwrap(), met["offset"]))
                            .collect();
                        assert_eq!(listed, line.split(' ').skip(1).collect::<Vec<_>>(), "{mode}{name}");
                    }
                }
            }
        }
    }
    assert!(tried > 40, "only {tried} vectors found");
}

#[test]
fn there_and_back_nothing_is_lost() {
    let folder = Folder::new("inspect-convert");
    let mut inputs: Vec<(String, Vec<u8>)> = fs::read_dir(repository("benches/data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    assert!(inputs.len() >= 3, "only {} documents", inputs.len());
    inputs.push(("package 2".into(), package_2().into_bytes()));
    for (name, xml) in inputs {
        let file = folder.file("message.xml", &xml);
        let wbxml = dm(&["inspect", &file, "--to", "wbxml"]);
        assert_eq!((wbxml.code, wbxml.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(wbxml.stdout.len() < xml.len(), "{name}");
        let first = Message::parse(&xml).unwrap();
        assert_eq!(Message::parse(&wbxml.stdout).unwrap(), first, "{name}");
        for more in [&[][..], &["--pretty"]] {
            let back = inspect(&wbxml.stdout, &[&["--to", "xml"], more].concat());
            assert_eq!(Message::parse(&back.stdout).unwrap(), first, "{name}");
            assert_eq!(back.text().contains("\n  <SyncHdr>"), !more.is_empty(), "{name}");
        }
    }
    // Bytes become Base64 on their way to XML, nested documents become what they stand for.
    let vectors = repository("tests/vectors/syncml/wbxml");
    let xml = dm(&["inspect", vectors.join("w2-raw-binary.wbxml").to_str().unwrap(), "--to", "xml"]);
    assert!(xml.text().contains("<Data>AAE8Jv/+DQo=</Data>"), "{xml:?}");
    for tree in ["w3-tnds-nested.wbxml", "w4-tnds-inline.wbxml"] {
        let xml = dm(&["inspect", vectors.join(tree).to_str().unwrap(), "--to", "xml"]);
        assert!(xml.text().contains("<NodeName>Port</NodeName>"), "{xml:?}");
    }
    // What WBXML has no place for is said.
    let lost = inspect("<Get><CmdID>1</CmdID><Frob xmlns=\"urn:x\"/></Get>", &["--to", "wbxml"]);
    assert_eq!((lost.code, lost.stdout.len()), (Some(1), 0));
    assert!(lost.stderr.starts_with("dm: value cannot be carried in this encoding at byte "), "{lost:?}");
}

#[test]
fn nested_documents() {
    let add = |tree: &str| {
        message(
            "",
            &format!(
                "<Add><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target><Meta>\
                 <Format xmlns=\"syncml:metinf\">xml</Format><Type xmlns=\"syncml:metinf\">\
                 application/vnd.syncml.dmtnds+xml</Type></Meta><Data>{tree}</Data></Item></Add>"
            ),
        )
    };
    let escaped = TREE.replace('<', "&lt;");
    for data in [TREE, &escaped, &format!("<![CDATA[{TREE}]]>")] {
        let done = inspect(add(data), &[]);
        assert!(done.text().contains("NodeName  Mail") && done.text().contains("Value     993"), "{done:?}");
        let json = inspect(add(data), &["--json", "--nested"]).json();
        let document = &json["commands"][0]["items"][0]["data"]["document"];
        assert_eq!(document["content"][0]["content"], json!(["1.2"]), "{data}");
    }
    let large = format!("<MgmtTree>{}</MgmtTree>", "<Node><NodeName>x</NodeName></Node>".repeat(60));
    let done = inspect(add(&large), &[]);
    assert!(done.text().contains("121 more elements  --nested shows them"), "{}", done.text());
    assert!(inspect(add(&large), &["--nested"]).text().matches("NodeName").count() >= 60);
    // There is an end to that, too.
    let larger = format!("<MgmtTree>{}</MgmtTree>", "<Node><NodeName>x</NodeName></Node>".repeat(3000));
    let done = inspect(add(&larger), &["--nested"]);
    assert!(done.text().contains("…  4003 more elements\n"), "{}", done.text());
    assert!(done.text().lines().count() < 2_050);
    let error = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd>\
                 <Data xmlns:msft=\"urn:x\" msft:originalerror=\"0x86000002\">404</Data></Status>";
    let done = inspect(error, &[]);
    assert!(done.text().contains("404 Not found") && done.text().contains("originalerror  0x86000002"), "{done:?}");
    let json = inspect(error, &["--json"]).json();
    assert_eq!(json["commands"][0]["data"]["original_error"], json!({"text": "0x86000002", "code": 0x8600_0002_u32}));
}

#[test]
fn windows_lint() {
    let bad = message(
        "",
        "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
         <Atomic><CmdID>2</CmdID><Get><CmdID>3</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Get></Atomic>",
    );
    let offset = bad.find("<Get>").unwrap();
    let done = inspect(&bad, &["--lint", "windows"]);
    let why = format!("/SyncBody/Atomic[1]/Get[1]: Get inside Atomic is answered 500, the Atomic 507 at byte {offset}");
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), format!("dm: {why}\n").as_str()));
    assert!(done.text().contains("  error    Get inside Atomic"), "{}", done.text());
    let json = inspect(&bad, &["--lint", "windows", "--json"]).json();
    assert_eq!(
        json["lint"][0],
        json!({
            "rule": "GetInAtomic", "severity": "error",
            "cause": "Get inside Atomic is answered 500, the Atomic 507", "reference": "Microsoft Learn",
            "path": "/SyncBody/Atomic[1]/Get[1]", "offset": offset
        })
    );
    assert_eq!(inspect(&bad, &["--json"]).json().get("lint"), None);
    // A warning is told, and refused only when everything is.
    let warned = "<SyncBody xmlns=\"SYNCML:SYNCML1.2\"><Replace><CmdID>1</CmdID><Item><Target><LocURI>./X</LocURI></Target>\
                  <Data><a xmlns=\"urn:x\"/></Data></Item></Replace></SyncBody>";
    let done = inspect(warned, &["--lint", "windows"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.text().contains("  warning  raw mark-up in Data"), "{done:?}");
    assert_eq!(inspect(warned, &["--lint", "windows", "--strict"]).code, Some(1));
    let good = "<SyncBody><Get><CmdID>1</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Get></SyncBody>";
    let done = inspect(good, &["--lint", "windows"]);
    assert!(done.text().ends_with("✓ nothing that Windows would refuse\n"), "{done:?}");
}

#[test]
fn credentials_are_checked_and_never_shown() {
    let (login, nonce, digest) = BRUCE;
    let md5 = message(&cred("syncml:auth-md5", digest), "");
    let basic = message(&cred("syncml:auth-basic", "QnJ1Y2UyOk9oQmVoYXZl"), "");
    for (input, more) in [(&md5, &["--login", login, "--nonce", nonce][..]), (&basic, &["--login", login])] {
        let done = inspect(input, more);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        assert!(done.text().contains("verified"), "{}", done.text());
        let json = inspect(input, &[more, &["--json"]].concat()).json();
        assert_eq!(json["header"]["cred"]["verified"], true);
    }
    let offset = md5.find("<Cred>").unwrap();
    for more in [&["--login", login][..], &["--login", "Bruce2:wrong", "--nonce", nonce]] {
        let done = inspect(&md5, more);
        assert_eq!((done.code, done.stderr), (Some(1), format!("dm: wrong credentials at byte {offset}\n")));
        assert_eq!(inspect(&md5, &[more, &["--json"]].concat()).json()["header"]["cred"]["verified"], false);
    }
    let none = inspect(message("", ""), &["--login", login]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(1), "dm: no credentials in the header\n"));

    // In its place, out of its place, misspelt, in unknown elements, in a message that breaks off, in either form.
    let odd = cred("syncml:auth-md5", DIGEST);
    let nonce = format!("<Meta><NextNonce xmlns=\"syncml:metinf\">{NONCE}</NextNonce></Meta>");
    let bodies = [
        format!("<Add><CmdID>1</CmdID>{odd}<Item><Target><LocURI>./X</LocURI></Target></Item></Add>"),
        format!("<Add><CmdID>1</CmdID>{}</Add>", odd.replace("Cred>", "cred>")),
        format!("<Sync><CmdID>1</CmdID>{odd}{nonce}</Sync>"),
        format!("<Frob>{odd}<Inner>{nonce}</Inner></Frob>"),
        format!("<Add><CmdID>1</CmdID>{nonce}</Add>"),
    ];
    let mut inputs: Vec<Vec<u8>> = bodies.iter().map(|body| message(&odd, body).into_bytes()).collect();
    inputs.extend(bodies.iter().map(|body| {
        let whole = message(&odd, body);
        whole.as_bytes()[..whole.len() - 30].to_vec()
    }));
    inputs.push(package_2().into_bytes());
    inputs.push(inspect(package_2(), &["--to", "wbxml"]).stdout);
    inputs.push(inspect(message(&odd, ""), &["--to", "wbxml"]).stdout);
    for input in inputs {
        for more in [&[][..], &["--json"], &["--json", "--nested"], &["--strict"], &["--lint", "windows"]] {
            let done = inspect(&input, more);
            for shown in [done.text(), &done.stderr] {
                assert!(
                    !shown.contains(DIGEST) && !shown.contains(NONCE),
                    "{}: {shown}",
                    String::from_utf8_lossy(&input)
                );
            }
        }
    }
}

#[test]
fn a_message_of_6_mb() {
    let folder = Folder::new("inspect-large");
    let data = "AAECAwQFBgcI".repeat(512 << 10);
    let one = message(
        "",
        &format!(
            "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./X</LocURI></Target><Meta>\
        <Format xmlns=\"syncml:metinf\">b64</Format></Meta><Data>{data}</Data></Item></Replace>"
        ),
    );
    let commands: String = (1..=30_000)
        .map(|id| {
            format!("<Replace><CmdID>{id}</CmdID><Item><Target><LocURI>./Vendor/{id}</LocURI></Target><Data>{}</Data></Item></Replace>", "v".repeat(100))
        })
        .collect();
    for (name, input) in [("one.xml", one), ("many.xml", message("", &commands))] {
        assert!(input.len() > 6_000_000);
        let file = folder.file(name, &input);
        let done = dm(&["inspect", &file]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(done.stdout.len() < 200_000, "{} bytes of tree", done.stdout.len());
        let json = dm(&["inspect", &file, "--json"]).json();
        assert_eq!(json["deviations"], json!([]));
        let wbxml = dm(&["inspect", &file, "--to", "wbxml"]);
        let smaller = folder.file("message.wbxml", &wbxml.stdout);
        assert_eq!(dm(&["inspect", &smaller, "--to", "xml"]).text(), input, "{name}");
    }
}

#[test]
fn a_peer_cannot_steer_the_terminal() {
    let wbxml = inspect(
        "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./X</LocURI></Target><Data>ab\u{202e}c</Data></Item></Replace>",
        &["--to", "wbxml"],
    );
    assert!(Fragment::parse(&wbxml.stdout).is_ok());
    let done = inspect(&wbxml.stdout, &[]);
    assert!(done.text().contains("ab\u{fffd}c"), "{}", done.text());
}
