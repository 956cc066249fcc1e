//! What of the conformance checklist this crate alone can show. Named by requirement.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod sensor;

use dm_package::{
    AcceptList, Alert, ClientUri, Command, Error, ErrorKind, Json, Limits, Mark, MediaType, MoData, MoItem, MoWriter,
    MosItem, Node, Outcome, Package1, Package2, Package3, Scalar, Status, StatusCode, Strictness, media,
};
use sensor::{U, sensors};

const REPO: &str = "https://repo.example/x";
const NODE: &str = "urn:example:mo:profile:1.0/4/Name";

fn strict(text: &str) -> Package2<'_> {
    let parsed = Package2::parse_with(text.as_bytes(), Strictness::Strict, &Limits::DEFAULT).unwrap();
    assert!(parsed.deviations.is_empty(), "{:?}", parsed.deviations);
    parsed.value
}

/// The command is written like this, and read like this.
fn issues(command: Command<'_>, entry: &str) {
    let text = format!("{{\"CMD\":[{entry}]}}");
    let package = Package2::new(vec![command]);
    assert_eq!(String::from_utf8(package.to_vec().unwrap()).unwrap(), text);
    assert_eq!(strict(&text), package);
}

/// The one entry is malformed for this reason, whatever the mode.
fn malformed(entry: &str, kind: ErrorKind) {
    let text = format!("{{\"CMD\":[{entry}]}}");
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let parsed = Package2::parse_with(text.as_bytes(), strictness, &Limits::DEFAULT).unwrap();
        let [command @ Command::Malformed(found)] = parsed.value.commands.as_slice() else { panic!("{entry}") };
        assert_eq!(found.error().kind(), kind, "{entry}");
        assert_eq!(found.raw().raw(), entry);
        assert_eq!(command.refusal(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(parsed.deviations.len(), 1);
    }
}

/// The places an address names, or the status that refuses it.
fn resolve(text: &str) -> Vec<String> {
    let uri = match ClientUri::parse_with(text, Strictness::Strict, &Limits::DEFAULT) {
        Ok(parsed) => parsed.value,
        Err(error) => return vec![error.kind().status_code().to_string()],
    };
    match uri.resolve(&sensors()) {
        Ok(places) => places.into_iter().map(|(_, names)| names.join("/")).collect(),
        Err(unresolved) => vec![unresolved.status_code().to_string()],
    }
}

fn kind<T: core::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn dm_pack_011_s_m_package1_is_read() {
    let text =
        br#"{"MOS":[{"DDF":"https://ddf.example/devinfo.ddf","MOID":"urn:oma:mo:oma-dm-devinfo:1.2","MIID":["1"]}],
        "Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}]}"#;
    let item =
        MosItem::new("urn:oma:mo:oma-dm-devinfo:1.2", vec!["1".into()]).with_ddf("https://ddf.example/devinfo.ddf");
    assert_eq!(Package1::parse(text).unwrap(), Package1::new(vec![Alert::client_initiated()]).with_mos(vec![item]));
    assert_eq!(ErrorKind::MissingMember.status_code(), StatusCode::BAD_REQUEST);
}

#[test]
fn dm_pack_011_c_m_package1_is_written_with_a_start_first() {
    let other = Alert::new("urn:example:at:x");
    let package = |alerts| Package1::new(alerts).to_vec();
    assert_eq!(kind(package(vec![])), ErrorKind::SessionStartMissing);
    assert_eq!(kind(package(vec![other.clone(), Alert::client_initiated()])), ErrorKind::SessionStartNotFirst);
    let twice = vec![Alert::client_initiated(), Alert::bootstrap_complete()];
    assert_eq!(kind(package(twice)), ErrorKind::SessionStartRepeated);
    let text = package(vec![Alert::client_initiated(), other]).unwrap();
    assert!(text.starts_with(br#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ClientInitiatedMgmt"}"#));
    // REQ-MOS is answered even when there is nothing to list.
    let empty = Package1::new(vec![Alert::client_initiated()]).with_mos(vec![]).to_vec().unwrap();
    assert!(empty.starts_with(br#"{"MOS":[],"Alert""#));
}

#[test]
fn dm_pack_012_c_m_an_entry_that_cannot_be_read_keeps_its_place() {
    let text = r#"{"CMD":[["GET","urn:x/1/A"],["GET"],["NEW","a"],7,[],["GET","urn:x/1/A"],["END"]]}"#;
    let package = Package2::parse(text.as_bytes()).unwrap();
    let refusals: Vec<Option<u16>> =
        package.commands.iter().map(|command| command.refusal().map(StatusCode::as_u16)).collect();
    assert_eq!(refusals, [None, Some(400), Some(501), Some(400), Some(400), None, None]);
    // Duplicates are legal and stay two.
    assert_eq!(package.commands[0], package.commands[5]);
    assert!(package.has_end());
}

#[test]
fn dm_pack_012_s_m_package2_is_an_object_of_ordered_arrays() {
    let package = Package2::new(vec![Command::get(NODE).unwrap(), Command::show(REPO).unwrap(), Command::End]);
    let expected = format!("{{\"CMD\":[[\"GET\",\"{NODE}\"],[\"SHOW\",\"{REPO}\"],[\"END\"]]}}");
    assert_eq!(package.to_vec().unwrap(), expected.as_bytes());
    assert_eq!(Package2::default().to_vec().unwrap(), b"{\"CMD\":[]}");
}

#[test]
fn dm_pack_013_s_m_statuses_are_read_by_place() {
    let text = br#"{"Status":[{"sc":200,"URI":["urn:example:mo:profile:1.0/4/","urn:example:mo:profile:1.0/5/"]},{"sc":202},{"sc":404}]}"#;
    let package = Package3::parse(text).unwrap();
    assert_eq!(package.statuses[0].uris.len(), 2);
    let codes: Vec<u16> = package.statuses.iter().map(|status| status.sc.as_u16()).collect();
    assert_eq!(codes, [200, 202, 404]);
}

#[test]
fn dm_pack_013_c_m_statuses_are_written_in_order() {
    let statuses = vec![
        Status::new(StatusCode::OK).with_uris(vec!["urn:example:mo:profile:1.0/4/".into()]),
        Status::new(StatusCode::NOT_IMPLEMENTED),
    ];
    let expected = br#"{"Status":[{"sc":200,"URI":["urn:example:mo:profile:1.0/4/"]},{"sc":501}]}"#;
    assert_eq!(Package3::new(statuses).to_vec().unwrap(), expected);
    assert_eq!(Package3::default().to_vec().unwrap(), b"{\"Status\":[]}");
    let bad = Package3::new(vec![Status::new(StatusCode::OK).with_uris(vec!["nowhere".into()])]);
    assert_eq!(kind(bad.to_vec()), ErrorKind::UriIncomplete);
}

#[test]
fn dm_pack_014_s_m_hget_is_server_uri_and_optional_client_uri() {
    issues(Command::hget(REPO).unwrap(), &format!("[\"HGET\",\"{REPO}\"]"));
    issues(Command::hget_into(REPO, NODE).unwrap(), &format!("[\"HGET\",\"{REPO}\",\"{NODE}\"]"));
    assert_eq!(kind(Command::hget("repo/x")), ErrorKind::ServerUriScheme);
    assert_eq!(kind(Command::hget_into(REPO, "urn:x")), ErrorKind::UriIncomplete);
    malformed("[\"HGET\"]", ErrorKind::ParameterCount);
}

#[test]
fn dm_pack_015_s_m_hput_is_server_uri_and_at_least_one_client_uri() {
    issues(Command::hput(REPO, [NODE, NODE]).unwrap(), &format!("[\"HPUT\",\"{REPO}\",\"{NODE}\",\"{NODE}\"]"));
    assert_eq!(kind(Command::hput(REPO, Vec::<&str>::new())), ErrorKind::ParameterCount);
    let none = Package2::new(vec![Command::HPut { server_uri: REPO.into(), client_uris: vec![] }]);
    assert_eq!(kind(none.to_vec()), ErrorKind::ParameterCount);
    malformed(&format!("[\"HPUT\",\"{REPO}\"]"), ErrorKind::ParameterCount);
}

#[test]
fn dm_pack_016_s_m_hpost_is_server_uri_and_at_least_one_client_uri() {
    issues(Command::hpost(REPO, [NODE]).unwrap(), &format!("[\"HPOST\",\"{REPO}\",\"{NODE}\"]"));
    assert_eq!(kind(Command::hpost(REPO, Vec::<&str>::new())), ErrorKind::ParameterCount);
    // The example's placeholder is no URI.
    assert_eq!(kind(Command::hpost("https://repo.example/[DevID]/x", [NODE])), ErrorKind::UriCharacter);
}

#[test]
fn dm_pack_017_s_m_delete_is_one_client_uri() {
    issues(Command::delete(NODE).unwrap(), &format!("[\"DELETE\",\"{NODE}\"]"));
    let several = Package2::new(vec![Command::Delete { client_uris: vec![NODE.into(), NODE.into()] }]);
    assert_eq!(kind(several.to_vec()), ErrorKind::ParameterCount);
}

#[test]
fn dm_pack_018_s_m_exec_is_client_uri_and_optional_server_uri() {
    issues(Command::exec(NODE).unwrap(), &format!("[\"EXEC\",\"{NODE}\"]"));
    issues(Command::exec_reporting_to(NODE, REPO).unwrap(), &format!("[\"EXEC\",\"{NODE}\",\"{REPO}\"]"));
    malformed("[\"EXEC\"]", ErrorKind::ParameterCount);
}

#[test]
fn dm_pack_019_s_m_get_is_one_client_uri_and_its_data_comes_in_package3() {
    issues(Command::get(NODE).unwrap(), &format!("[\"GET\",\"{NODE}\"]"));
    let none = Package2::new(vec![Command::Get { client_uris: vec![] }]);
    assert_eq!(kind(none.to_vec()), ErrorKind::ParameterCount);
    let text = format!(
        r#"{{"Status":[{{"sc":200,"Data":[{{"ClientURI":"{NODE}","MOData":{{"Name":"a"}}}}]}},{{"sc":304}}]}}"#
    );
    let package = Package3::parse(text.as_bytes()).unwrap();
    assert_eq!(package.statuses[0].data, [MoItem::new(NODE, Json::parse(r#"{"Name":"a"}"#).unwrap())]);
    assert!(package.statuses[1].sc.is_success());
    assert_eq!(package.to_vec().unwrap(), text.as_bytes());
}

#[test]
fn dm_pack_020_s_m_show_is_server_uri() {
    issues(Command::show("http://ui.example/?s=7").unwrap(), "[\"SHOW\",\"http://ui.example/?s=7\"]");
    for uri in ["file:///etc/passwd", "javascript:alert(1)"] {
        assert_eq!(kind(Command::show(uri)), ErrorKind::ServerUriScheme);
        malformed(&format!("[\"SHOW\",\"{uri}\"]"), ErrorKind::ParameterType);
    }
}

#[test]
fn dm_pack_021_s_m_cont_is_server_uri() {
    issues(Command::cont("https://dm2.example/dm?k=1").unwrap(), "[\"CONT\",\"https://dm2.example/dm?k=1\"]");
    malformed("[\"CONT\",\"/dm\"]", ErrorKind::ParameterType);
}

#[test]
fn dm_pack_022_s_m_end_has_no_parameters_and_comes_once() {
    issues(Command::End, "[\"END\"]");
    assert_eq!(kind(Package2::new(vec![Command::End, Command::End]).to_vec()), ErrorKind::EndRepeated);
    assert_eq!(Package2::parse(br#"{"CMD":[["END","x"]]}"#).unwrap().commands, [Command::End]);
}

#[test]
fn dm_pack_023_s_m_default_is_server_uri_and_moid() {
    let moid = "urn:example:mo:profile:1.0";
    issues(Command::default_for(REPO, moid).unwrap(), &format!("[\"DEFAULT\",\"{REPO}\",\"{moid}\"]"));
    assert_eq!(kind(Command::default_for(REPO, "urn:a/b")), ErrorKind::UriCharacter);
    assert_eq!(kind(Command::default_for(REPO, "")), ErrorKind::UriMoid);
}

#[test]
fn dm_pack_024_c_m_an_alert_says_what_it_must() {
    let data = Json::parse(r#"{"DM1x":1200}"#).unwrap();
    let alert = Alert::new("urn:oma:at:dcmo:1.0:OperationComplete")
        .with_source_uri("urn:oma:mo:oma-dcmo:1.0/cam/Operations/Enable")
        .with_mark(Mark::Warning)
        .with_data("int", data.clone());
    let text = r#"{"Status":[],"Alert":[{"AlertType":"urn:oma:at:dcmo:1.0:OperationComplete","SourceURI":"urn:oma:mo:oma-dcmo:1.0/cam/Operations/Enable","Mark":"warning","DataType":"int","Data":{"DM1x":1200}}]}"#;
    let package = |alert| Package3::default().with_alerts(vec![alert]).to_vec();
    assert_eq!(package(alert.clone()).unwrap(), text.as_bytes());
    let first = Package1::new(vec![Alert::client_initiated(), alert.clone()]);
    assert_eq!(Package1::parse(&first.to_vec().unwrap()).unwrap(), first);
    let untyped = Alert { data_type: None, ..alert.clone() };
    assert_eq!(kind(package(untyped)), ErrorKind::AlertDataTypeMissing);
    let number = Alert { data: Some(Json::int(1)), ..alert.clone() };
    assert_eq!(kind(package(number)), ErrorKind::AlertDataNotObject);
    assert_eq!(kind(package(alert.with_source_uri("DCMO"))), ErrorKind::UriIncomplete);
}

#[test]
fn dm_pack_024_s_m_alerts_are_read_and_bad_ones_left_out() {
    let read = |alerts: &str, strictness| {
        let text = format!("{{\"Status\":[{{\"sc\":200}}],\"Alert\":[{alerts}]}}");
        let parsed = Package3::parse_with(text.as_bytes(), strictness, &Limits::DEFAULT).unwrap();
        assert_eq!(parsed.value.statuses, [Status::new(StatusCode::OK)]);
        (parsed.value.into_owned().alerts, parsed.deviations.len())
    };
    // Unknown types are none of our business; an absent Mark is informational.
    let (alerts, deviations) = read(r#"{"AlertType":"urn:example:at:unknown"}"#, Strictness::Strict);
    assert_eq!((alerts[0].effective_mark(), deviations), (Mark::Informational, 0));
    // What is off: dropped strictly, mended leniently.
    let other = r#"{"AlertType":"t2"}"#;
    let mended = |alert: &str, expected: &[Alert<'_>]| {
        let both = format!("{alert},{other}");
        assert_eq!(read(&both, Strictness::Strict), (vec![Alert::new("t2")], 1), "{alert}");
        let mut expected: Vec<Alert<'_>> = expected.to_vec();
        expected.push(Alert::new("t2"));
        assert_eq!(read(&both, Strictness::Lenient), (expected, 1), "{alert}");
    };
    mended("7", &[]);
    mended("{}", &[]);
    mended(r#"{"AlertType":null}"#, &[]);
    mended(r#"{"AlertType":"t","Mark":"major"}"#, &[Alert::new("t").with_mark(Mark::Indeterminate)]);
    mended(r#"{"AlertType":"t","Data":{"a":1}}"#, &[Alert::new("t")]);
    mended(r#"{"AlertType":"t","DataType":"int","Data":1200}"#, &[Alert::new("t").with_data("int", Json::int(1200))]);
    mended(r#"{"AlertType":"t","SourceURI":7}"#, &[Alert::new("t")]);
    mended(r#"{"AlertType":"u","AlertType":"t"}"#, &[Alert::new("t")]);
}

#[test]
fn x_alert_01_session_start_alerts() {
    let text = br#"{"Alert":[{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json","Data":{"NotificationID":48879}}]}"#;
    let package = Package1::new(vec![Alert::server_initiated(Some(48879))]);
    assert_eq!(package.to_vec().unwrap(), text);
    assert_eq!(Package1::parse(text).unwrap().alerts[0].notification_id(), Some(48879));
    for alert in [Alert::server_initiated(None), Alert::client_initiated(), Alert::bootstrap_complete()] {
        let package = Package1::new(vec![alert]);
        let text = package.to_vec().unwrap();
        assert_eq!(Package1::parse(&text).unwrap().session_start(), package.session_start());
    }
}

#[test]
fn x_sub_01_sub_is_server_uri_and_client_uri() {
    issues(Command::sub(REPO, NODE).unwrap(), &format!("[\"SUB\",\"{REPO}\",\"{NODE}\"]"));
    malformed(&format!("[\"SUB\",\"{REPO}\"]"), ErrorKind::ParameterCount);
    // The repository refuses the format: one more try, in a format it names.
    let accept = AcceptList::parse("application/vnd.oma.dm.mo+xml, application/json;q=0.5");
    let formats = [media::MO, "application/json"];
    assert_eq!(Outcome::of_refused_upload(media::MO, Some(&accept), &formats), Outcome::Proceed("application/json"));
    assert_eq!(Outcome::of_refused_upload(media::MO, Some(&accept), &[media::MO]), Outcome::NotAcceptable);
    assert_eq!(Outcome::of_refused_upload(media::MO, None, &formats), Outcome::NotAcceptable);
    // Not the refused one again, whatever the list says.
    let same = AcceptList::parse("application/dmmo+json");
    assert_eq!(Outcome::of_refused_upload(media::MO, Some(&same), &formats), Outcome::NotAcceptable);
}

#[test]
fn x_sub_02_unsub_is_client_uri() {
    issues(Command::unsub(NODE).unwrap(), &format!("[\"UNSUB\",\"{NODE}\"]"));
    malformed("[\"UNSUB\"]", ErrorKind::ParameterCount);
}

#[test]
fn x_addr_01_moid_miid_empty_instance_and_names() {
    assert_eq!(resolve(&format!("{U}/west/")), ["west"]);
    assert_eq!(resolve(&format!("{U}//")), ["404"]);
    assert_eq!(resolve("urn:example:mo:alone:1.0//Name"), ["only/Name"]);
    assert_eq!(resolve(&format!("{U}/west/Data/1/Value")), ["west/Data/1/Value"]);
    assert_eq!(resolve(&format!("{U}/west/Data/1/")), ["west/Data/1"]);
    assert_eq!(resolve(&format!("{U}/north/")), ["404"]);
    assert_eq!(resolve(&format!("{U}/west/Nothing")), ["404"]);
    assert_eq!(resolve("urn:example:mo:none:1.0//"), ["404"]);
    assert_eq!(resolve(&format!("{U}/West/")), ["404"]);
}

#[test]
fn x_addr_02_the_ten_worked_examples_and_three_further_ones() {
    for (tail, expected) in [
        ("/west/", &["west"][..]),
        ("//", &["404"]),
        ("/(x)/?nv=(x)/ID:Temperature", &["east"]),
        ("/(x)/Data/1/Value?nv=(x)/ID:GPS", &["west/Data/1/Value"]),
        ("/east/Data/(x)/Value?nv=(x)/Date:12.1", &["east/Data/1/Value"]),
        ("/(x)/Data/(y)/Value?nv=(x)/ID:GPS&nv=(y)/Date:12.2", &["west/Data/2/Value"]),
        ("/*/Setting", &["west/Setting", "east/Setting"]),
        ("/(x)/Data/*/Value?nv=(x)/ID:GPS", &["west/Data/1/Value", "west/Data/2/Value"]),
        ("/(x)/Data/*/Value?nv=(x)/ID:GPS&nv=(x)/Setting:0xB2", &["404"]),
        ("/*/Data/*/Value", &["west/Data/1/Value", "west/Data/2/Value", "east/Data/1/Value", "east/Data/2/Value"]),
        // Further ones.
        ("/west/?cv=9f2c", &["west"]),
        ("/(x)/ID", &["400"]),
        ("/*/Data/(y)/Value?nv=(y)/Date:12.2", &["west/Data/2/Value", "east/Data/2/Value"]),
        // An x-name that fits several instances, or several children of one node.
        ("/(x)/?nv=(x)/Data/1/Date:12.1", &["404"]),
        ("/west/Data/(y)/Value?nv=(y)/Unit:m", &["404"]),
        // An interior node has no value.
        ("/(x)/?nv=(x)/Data:", &["404"]),
    ] {
        assert_eq!(resolve(&format!("{U}{tail}")), expected, "{tail}");
    }
    assert_eq!(ClientUri::parse(&format!("{U}/west/?cv=9f2c")).unwrap().cv().as_deref(), Some("9f2c"));
}

#[test]
fn x_neg_01_negotiation_row_by_row() {
    // The server has nothing the client takes: 406.
    let accept = AcceptList::parse("application/vnd.oma.dm.request+xml");
    let outcome = Outcome::of_response(&accept, &[media::REQUEST]);
    assert_eq!((outcome, outcome.status_code()), (Outcome::NotAcceptable, Some(StatusCode::NOT_ACCEPTABLE)));
    for header in
        [None, Some(media::REQUEST), Some("*/*;q=0.1"), Some("application/vnd.OMA.dm.request+json;charset=utf-8")]
    {
        let outcome = Outcome::of_response(&AcceptList::from_header(header), &[media::REQUEST]);
        assert_eq!(outcome, Outcome::Proceed(media::REQUEST), "{header:?}");
    }
    let excluded = AcceptList::parse("*/*, application/vnd.oma.dm.request+json;q=0");
    assert_eq!(Outcome::of_response(&excluded, &[media::REQUEST]), Outcome::NotAcceptable);

    // The server cannot read the body: 415.
    let outcome = Outcome::of_body(Some("text/xml"), &[media::INITIATION, media::RESPONSE]);
    assert_eq!(outcome.status_code(), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    assert_eq!(Outcome::of_body(None, &[media::INITIATION]), Outcome::UnsupportedMediaType);
    let typed = Some("Application/vnd.oma.dm.initiation+json; charset=UTF-8");
    assert_eq!(Outcome::of_body(typed, &[media::RESPONSE, media::INITIATION]), Outcome::Proceed(media::INITIATION));

    // The client cannot produce what OMADM-Accept demands: status 406.
    let demanded = AcceptList::parse("application/vnd.oma.dm.mo+xml");
    assert_eq!(Outcome::of_upload(&demanded, &[media::MO]).status_code(), Some(StatusCode::NOT_ACCEPTABLE));
    assert_eq!(Outcome::of_upload(&AcceptList::any(), &[media::MO]), Outcome::Proceed(media::MO));
    assert_eq!(Outcome::of_upload(&AcceptList::any(), &[media::MO]).status_code(), None);

    // The fourth row, a refused SUB upload, is `x_sub_01`.
    assert!(MediaType::parse("application/vnd.oma.dm.mo+json").unwrap().is_mo_data(Strictness::Lenient));
}

#[test]
fn x_mo_01_devinfo_as_serialized() {
    let text =
        br#"[{"DDF":"https://ddf.example/devinfo.ddf","ClientURI":"urn:oma:mo:oma-dm-devinfo:1.2/1/","CV":"9f2c",
      "MOData":{"DevInfo":{"DevID":"IMEI:350000000000017","Man":"Acme","Mod":"A1","DmV":"2.0","Lang":"en",
                "DevType":"gateway","OEM":"","FwV":"3.1","SwV":"7","HwV":""}}}]"#;
    let data = MoData::parse_with(text, Strictness::Strict, &Limits::DEFAULT).unwrap().value;
    let item = &data.items[0];
    assert_eq!((item.cv.as_deref(), item.ddf.as_deref()), (Some("9f2c"), Some("https://ddf.example/devinfo.ddf")));
    let nodes: Vec<Node<'_>> = item.walk().map(Result::unwrap).collect();
    assert_eq!(nodes.len(), 12);
    assert_eq!(nodes[0], Node::Enter("DevInfo".into()));
    assert_eq!(nodes[1], Node::Leaf("DevID".into(), Scalar::Text("IMEI:350000000000017".into())));
    assert_eq!(nodes[11], Node::Leave);

    // Written again, node by node.
    let mut writer = MoWriter::new();
    for node in &nodes {
        match node {
            Node::Enter(name) => writer.enter(name),
            Node::Leaf(name, Scalar::Text(value)) => writer.text(name, value),
            Node::Leaf(..) => panic!("{node:?}"),
            Node::Leave => writer.leave(),
        }
    }
    let again = writer.finish().unwrap();
    let compact: String = item.mo_data.raw().split(['\n', ' ']).collect();
    assert_eq!(again.raw(), compact);
}
