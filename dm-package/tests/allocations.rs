//! What a decoder takes from the heap: lists, never strings without escapes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use allocation_counter::measure;
use dm_package::{ClientUri, Command, MoData, MoItem, MoWriter, Package1, Package2, Package3, Status, StatusCode, Str};

fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

#[test]
fn package2() {
    let text = |command: &str, times: usize| format!("{{\"CMD\":[{}]}}", vec![command; times].join(",")).into_bytes();
    for command in [
        r#"["HGET","https://repo.example/profiles/fleet-3","urn:example:mo:profile:1.0/4/"]"#,
        r#"["EXEC","urn:oma:mo:oma-fumo:1.0/apps/Update"]"#,
        r#"["SUB","https://repo.example/sub","urn:example:mo:sensor:1.0/1/Data"]"#,
        r#"["END"]"#,
    ] {
        // One list of commands, which grows when the commands are shorter than most.
        for (times, most) in [(3, 2), (300, 4)] {
            let text = text(command, times);
            let count = allocations(|| assert_eq!(Package2::parse(&text).unwrap().commands.len(), times));
            assert!(count <= most, "{command} × {times}: {count}");
        }
    }
    // A list of addresses is one allocation.
    let text = text(r#"["GET","urn:oma:mo:oma-sessioninfomo:1.0//CBT"]"#, 300);
    let count = allocations(|| drop(Package2::parse(&text).unwrap()));
    assert!(count <= 306, "{count}");
}

#[test]
fn strings_borrow_unless_escaped() {
    let plain = Package2::parse(br#"{"CMD":[["EXEC","urn:x/1/Run"]]}"#).unwrap();
    let escaped = Package2::parse(br#"{"CMD":[["EXEC","urn:x\/1\/Run"]]}"#).unwrap();
    assert_eq!(plain, escaped);
    let borrowed = |package: &Package2<'_>| {
        let [Command::Exec { client_uri, .. }] = package.commands.as_slice() else { panic!() };
        Str::is_borrowed(client_uri)
    };
    assert!(borrowed(&plain) && !borrowed(&escaped));
}

#[test]
fn packages_1_and_3() {
    let text = br#"{"MOS":[{"DDF":"https://ddf.example/d.ddf","MOID":"urn:oma:mo:oma-dm-devinfo:1.2","MIID":["1","2"]}],
        "Alert":[{"AlertType":"urn:oma:at:dm:2.0:ServerInitiatedMgmt","DataType":"application/json","Data":{"NotificationID":7}}]}"#;
    // MOS, MIID and Alert.
    assert_eq!(allocations(|| drop(Package1::parse(text).unwrap())), 3);
    let text = br#"{"Status":[{"sc":200},{"sc":200,"URI":["urn:x/1/"]},{"sc":200,"Data":[{"ClientURI":"urn:x/1/A","MOData":{"A":1}}]}]}"#;
    let count = allocations(|| drop(Package3::parse(text).unwrap()));
    // Status (which may grow once), URI and Data. The few names of the MOData are compared without a list.
    assert!(count <= 4, "{count}");
}

#[test]
fn addresses_and_walks_take_nothing() {
    let text = "urn:example:mo:sensor:1.0/(x)/Data/(y)/Value?nv=(x)/ID:GPS&nv=(y)/Date:12.2&cv=9f2c";
    let count = allocations(|| {
        let uri = ClientUri::parse(text).unwrap();
        assert_eq!((uri.path().count(), uri.nv().count(), uri.cv().is_some()), (3, 2, true));
    });
    assert_eq!(count, 0);
    let mut writer = MoWriter::new();
    writer.enter("X");
    writer.text("A", "x");
    writer.int("B", 7);
    writer.leave();
    let item = MoItem::new("urn:x/1/", writer.finish().unwrap());
    assert_eq!(allocations(|| assert_eq!(item.walk().count(), 4)), 0);
}

#[test]
fn encoding_into_a_reused_list_takes_nothing() {
    let mut commands = vec![Command::get("urn:x/1/A").unwrap(); 20];
    commands.push(Command::hput("https://h/", ["urn:x/1/A", "urn:x/1/B"]).unwrap());
    let package = Package2::new(commands);
    let status = Package3::new(vec![Status::new(StatusCode::OK).with_uris(vec!["urn:x/1/".into()]); 20]);
    let mut out = Vec::with_capacity(4096);
    let count = allocations(|| {
        package.encode(&mut out).unwrap();
        status.encode(&mut out).unwrap();
        assert!(package.encoded_len().is_ok());
    });
    assert_eq!(count, 0);
    // MOData is looked through for names that come twice; a few are compared without a list.
    let data = MoData::parse(br#"[{"ClientURI":"urn:x/1/","MOData":{"X":1}}]"#).unwrap();
    assert_eq!(allocations(|| data.encode(&mut out).unwrap()), 0);
}
