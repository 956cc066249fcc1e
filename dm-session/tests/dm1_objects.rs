//! What stands around the tree of DM 1.x: Items, large objects, Atomic, the standard objects, firmware update and
//! bootstrap.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use dm_session::tree::dm1::*;
use dm_session::tree::{Format, MoTree, TreeConfig, dm1};
use dm_syncml as syncml;
use dm_syncml::{Encoding, Item, Meta, StatusCode};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn status(code: u32) -> StatusCode {
    StatusCode::new(code)
}

mod items {
    use super::*;

    fn result(source: &str, format: Option<Format>, data: Data) -> ResultItem {
        let mut item = ResultItem::new(source).with_data(data);
        item.format = format;
        item
    }

    fn wire(item: &ResultItem, encoding: Encoding) -> (Option<String>, Option<Vec<u8>>) {
        let item = item.to_item(encoding);
        let format = item.meta.as_ref().and_then(Meta::format).map(ToString::to_string);
        (format, item.data.as_ref().and_then(|data| data.as_bytes().map(<[u8]>::to_vec)))
    }

    #[test]
    fn the_items_meta_counts_before_the_commands_element_by_element() {
        let command = Meta::new().with_format(syncml::Format::Int).with_type("text/x");
        for (item, format, media_type) in [
            (Meta::new(), "int", "text/x"),
            (Meta::new().with_format(syncml::Format::Chr), "chr", "text/x"),
            (Meta::new().with_type("text/y"), "int", "text/y"),
        ] {
            let content = Content::from_item(&Item::target("./A").with_meta(item), Some(&command));
            assert_eq!(content.format.as_deref(), Some(format));
            assert_eq!(content.media_type.as_deref(), Some(media_type));
            assert_eq!(content.data, Data::None);
        }
        assert_eq!(Content::from_item(&Item::target("./A"), None), Content::EMPTY);
    }

    fn content_of(body: &str) -> Content {
        let text =
            format!("<Add><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target><Data>{body}</Data></Item></Add>");
        let fragment = syncml::Fragment::parse(text.as_bytes()).unwrap();
        Content::from_item(&fragment.commands[0].items()[0], None)
    }

    #[test]
    fn raw_mark_up_is_an_element_if_it_is_an_object_and_text_if_not() {
        let tree = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>";
        let Data::Element(element) = content_of(tree).data else { panic!() };
        assert_eq!(element.name().local(), Some("MgmtTree"));
        assert_eq!(content_of("<a x=\"1\"> <b/></a>").data, Data::Text("<a x=\"1\"> <b/></a>".into()));
        assert_eq!(content_of("<![CDATA[<a/>]]>").data, Data::Text("<a/>".into()));
        assert_eq!(content_of("").data, Data::Text(String::new()));
    }

    #[test]
    fn bytes_are_base64_in_xml_and_opaque_in_wbxml() {
        let icon = result("./Icon", Some(Format::Bin), Data::Bytes(vec![1, 2, 3]));
        assert_eq!(wire(&icon, Encoding::Xml), (Some("b64".into()), Some(b"AQID".to_vec())));
        assert_eq!(wire(&icon, Encoding::Wbxml), (Some("bin".into()), Some(vec![1, 2, 3])));
        // Native Base64 is text in both.
        let native = result("./Key", Some(Format::B64), Data::Bytes(vec![1, 2, 3]));
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            assert_eq!(wire(&native, encoding), (Some("b64".into()), Some(b"AQID".to_vec())));
        }
        // An empty value.
        let empty = result("./Icon", Some(Format::Bin), Data::None);
        assert_eq!(wire(&empty, Encoding::Xml), (Some("b64".into()), Some(vec![])));
        // Without data the format is that of the node.
        let mut bare = icon;
        bare.has_data = false;
        assert_eq!(wire(&bare, Encoding::Xml), (Some("bin".into()), None));
    }

    #[test]
    fn meta_has_what_is_not_the_default() {
        let mut item = result("./A", Some(Format::Chr), Data::Text("x".into()));
        item.media_type = Some("text/plain".into());
        assert_eq!(item.to_item(Encoding::Xml), Item::source("./A").with_data("x"));
        item.format = Some(Format::Null);
        item.data = Data::None;
        let meta = Meta::new().with_format(syncml::Format::Null);
        assert_eq!(item.to_item(Encoding::Xml), Item::source("./A").with_meta(meta).with_data(""));
        item.format = None;
        item.media_type = None;
        item.has_data = false;
        assert_eq!(item.to_item(Encoding::Wbxml), Item::source("./A"));
    }

    #[test]
    fn an_object_is_text_in_xml_and_an_element_in_wbxml() {
        let tree = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>";
        let data = content_of(tree).data;
        let item = result("./A", Some(Format::Xml), data.clone());
        let xml = item.to_item(Encoding::Xml);
        assert!(xml.data.as_ref().unwrap().as_text().unwrap().contains("<VerDTD>1.2</VerDTD>"));
        let item = result("./A", Some(Format::Bin), data);
        let wbxml = item.to_item(Encoding::Wbxml);
        assert!(matches!(wbxml.data.unwrap().content, syncml::Content::Element(_)));
    }

    #[test]
    fn results_are_cut_between_items() {
        let items: Vec<ResultItem> =
            (0..5).map(|at| result(&format!("./{at}"), None, Data::Text("x".repeat(10)))).collect();
        let size = |item: &ResultItem| item.data.len();
        for (budget, fits) in [(0, 0), (9, 0), (10, 1), (29, 2), (50, 5), (usize::MAX, 5)] {
            let (fitting, rest) = split_results(&items, budget, size);
            assert_eq!((fitting.len(), rest.len()), (fits, 5 - fits), "{budget}");
        }
    }
}

mod large {
    use super::*;

    fn start(format: &str, data: Data, size: Option<u64>) -> LargeObject {
        LargeObject::start("./A", true, Content::new(data).with_format(format).with_type("text/x"), size, 100)
    }

    fn text(text: &str) -> Data {
        Data::Text(text.into())
    }

    #[test]
    fn chunks_make_one_command() {
        let mut object = start("chr", text("ab"), Some(4));
        assert_eq!(object.status(), StatusCode::CHUNK_ACCEPTED);
        assert_eq!(object.push(&text("cd")), StatusCode::CHUNK_ACCEPTED);
        let content = Content::from("abcd").with_format("chr").with_type("text/x");
        assert_eq!(object.finish(), Ok(Command::add("./A", content)));
    }

    #[test]
    fn sizes_have_to_be_right() {
        assert_eq!(start("chr", text("ab"), None).status(), status(411));
        assert_eq!(start("chr", text("ab"), Some(101)).status(), status(413));
        assert_eq!(start("chr", text("ab"), Some(u64::MAX)).status(), status(413));
        assert_eq!(start("chr", text("ab"), Some(1)).status(), status(424));
        assert_eq!(start("chr", text("ab"), Some(3)).finish(), Err(status(424)));
        let mut object = start("chr", text("ab"), Some(3));
        assert_eq!(object.push(&text("cd")), status(424));
        // And stays refused.
        assert_eq!(object.push(&text("")), status(424));
        assert_eq!(object.finish(), Err(status(424)));
    }

    #[test]
    fn a_refused_object_keeps_nothing_and_says_the_same_to_the_end() {
        let mut object = start("chr", text("ab"), Some(4));
        assert_eq!(object.check(), {
            let content = Content::EMPTY.with_format("chr").with_type("text/x");
            Command::Check { uri: "./A".into(), add: true, content, size: Some(4) }
        });
        object.refuse(status(425));
        assert_eq!((object.push(&text("cd")), object.received()), (status(425), 0));
        assert_eq!(object.finish(), Err(status(425)));
    }

    #[test]
    fn wrapped_base64_counts_with_or_without_its_white_space() {
        for size in [8, 10] {
            let mut object = start("b64", text("AQID\r\n"), Some(size));
            assert_eq!(object.push(&text("AQID")), StatusCode::CHUNK_ACCEPTED, "{size}");
            assert!(object.finish().is_ok(), "{size}");
        }
        let mut object = start("b64", text("AQID\r\n"), Some(9));
        object.push(&text("AQID"));
        assert_eq!(object.finish(), Err(status(424)));
        // White space is held to the limit too.
        let mut object = start("b64", text("AQID"), Some(8));
        assert_eq!(object.push(&text(&" ".repeat(100))), status(413));
        // Text that is no Base64 is counted as it is.
        assert_eq!(start("chr", text("a b"), Some(2)).status(), status(424));
    }

    #[test]
    fn elements_are_no_chunks() {
        let fragment = b"<Add><CmdID>1</CmdID><Item><Data><MgmtTree xmlns='syncml:dmddf1.2'/></Data></Item></Add>";
        let fragment = syncml::Fragment::parse(fragment).unwrap();
        let element = Content::from_item(&fragment.commands[0].items()[0], None);
        assert!(matches!(element.data, Data::Element(_)));
        assert_eq!(start("xml", element.data, Some(10)).status(), status(400));
    }

    #[test]
    fn belongs_to_one_node_and_command() {
        let object = start("chr", text("ab"), Some(4));
        assert!(object.is_for("./A", true));
        assert!(!object.is_for("./A", false) && !object.is_for("./B", true));
        assert!(!format!("{object:?}").contains("ab\""));
    }

    proptest! {
        /// However a value is cut, the command is the same; with any other size there is none.
        #[test]
        fn cuts_do_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 0..90),
            cuts in prop::collection::vec(0_usize..90, 0..6),
            off in -3_i64..4,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let size = u64::try_from((i64::try_from(bytes.len()).unwrap() + off).max(0)).unwrap();
            let right = size == bytes.len() as u64;
            let mut object = start("bin", Data::Bytes(bytes[..cuts[0]].to_vec()), Some(size));
            for pair in cuts.windows(2) {
                object.push(&Data::Bytes(bytes[pair[0]..pair[1]].to_vec()));
            }
            let content = Content::new(Data::Bytes(bytes)).with_format("bin").with_type("text/x");
            prop_assert_eq!(object.finish(), if right { Ok(Command::add("./A", content)) } else { Err(status(424)) });
        }
    }
}

/// A store that answers as it is told to.
struct Scripted {
    /// Status of the commands, by `Debug` of the first word.
    fail: BTreeMap<String, StatusCode>,
    not_undone: Vec<usize>,
    asks: Vec<Vec<Ask>>,
    forgetful: bool,
    log: Vec<String>,
}

impl Scripted {
    fn new() -> Self {
        Self { fail: BTreeMap::new(), not_undone: Vec::new(), asks: Vec::new(), forgetful: false, log: Vec::new() }
    }

    fn failing(mut self, word: &str, code: u32) -> Self {
        self.fail.insert(word.into(), status(code));
        self
    }
}

fn word(command: &Command) -> String {
    match command {
        Command::Add { uri, .. } => format!("Add {uri}"),
        Command::Replace { uri, .. } => format!("Replace {uri}"),
        Command::Delete { uri } => format!("Delete {uri}"),
        Command::Copy { target, .. } => format!("Copy {target}"),
        Command::Get { uri, .. } => format!("Get {uri}"),
        Command::Exec { uri, .. } => format!("Exec {uri}"),
        other => format!("{other:?}"),
    }
}

impl Store for Scripted {
    fn apply(&mut self, request: &Request) -> Outcome {
        let word = word(&request.command);
        // All asks so far, or those of this round.
        let mut seen = Vec::new();
        for round in &self.asks {
            if self.forgetful && request.replies.len() < seen.len() + round.len() {
                return Outcome::Ask(round.clone());
            }
            seen.extend_from_slice(round);
            if request.replies.len() < seen.len() {
                return Outcome::Ask(seen);
            }
        }
        assert_eq!(request.replies.len(), seen.len());
        self.log.push(word.clone());
        let Outcome::Done(mut answer) = Outcome::status(self.fail.get(&word).copied().unwrap_or(StatusCode::OK)) else {
            panic!()
        };
        if matches!(request.command, Command::Rollback | Command::Commit) {
            answer.not_undone.clone_from(&self.not_undone);
        }
        Outcome::Done(answer)
    }
}

mod atomics {
    use super::*;

    fn atomic(store: &mut Scripted, commands: &[Command]) -> Atomic {
        let template = Request::server("S1", Command::get("./Unused"));
        run_atomic(store, &template, commands, &mut |_| Reply::Done)
    }

    fn four() -> [Command; 4] {
        [Command::add("./A", "1"), Command::replace("./B", "2"), Command::delete("./C"), Command::copy("./A", "./D")]
    }

    fn codes(codes: &[u32]) -> Vec<StatusCode> {
        codes.iter().copied().map(status).collect()
    }

    #[test]
    fn all_succeed() {
        let mut store = Scripted::new();
        let atomic = atomic(&mut store, &four());
        assert_eq!((atomic.status, atomic.children), (status(200), codes(&[200; 4])));
        assert_eq!(store.log, ["Begin", "Add ./A", "Replace ./B", "Delete ./C", "Copy ./D", "Commit"]);
    }

    #[test]
    fn one_fails() {
        let mut store = Scripted::new().failing("Delete ./C", 404);
        let atomic = atomic(&mut store, &four());
        assert_eq!((atomic.status, atomic.children), (status(507), codes(&[216, 216, 404, 215])));
        assert_eq!(atomic.cause, Some(status(404)));
        assert_eq!(store.log.last().unwrap(), "Rollback");
    }

    #[test]
    fn what_cannot_be_undone_is_516() {
        let mut store = Scripted::new().failing("Copy ./D", 500);
        store.not_undone = vec![1];
        assert_eq!(atomic(&mut store, &four()).children, codes(&[216, 516, 216, 500]));
        // A roll back that fails as a whole.
        let mut store = Scripted::new().failing("Delete ./C", 404).failing("Rollback", 500);
        assert_eq!(atomic(&mut store, &four()).children, codes(&[516, 516, 404, 215]));
    }

    #[test]
    fn a_commit_that_is_refused() {
        let mut store = Scripted::new().failing("Commit", 403);
        store.not_undone = vec![0];
        let done = atomic(&mut store, &four());
        assert_eq!((done.status, done.children), (status(507), codes(&[516, 216, 216, 216])));
        assert_eq!(done.cause, Some(status(403)));
    }

    #[test]
    fn get_exec_and_another_atomic_are_500() {
        for bad in [Command::get("./A"), Command::exec("./A"), Command::Begin, Command::Commit, Command::Rollback] {
            let mut store = Scripted::new();
            let commands = [Command::add("./A", "1"), bad, Command::delete("./C")];
            let done = atomic(&mut store, &commands);
            assert_eq!((done.status, done.children), (status(507), codes(&[216, 500, 215])));
            assert_eq!(store.log, ["Begin", "Add ./A", "Rollback"]);
        }
    }

    #[test]
    fn a_transaction_that_cannot_be_opened() {
        let mut store = Scripted::new().failing("Begin", 403);
        let done = atomic(&mut store, &four());
        assert_eq!((done.status, done.children), (status(403), codes(&[215; 4])));
        assert_eq!(store.log, ["Begin"]);
        let mut store = Scripted::new();
        assert_eq!(atomic(&mut store, &[]).status, status(200));
    }

    #[test]
    fn asks_are_answered_once_each_and_not_for_ever() {
        let read = |uri: &str| Ask::Read { uri: uri.into() };
        let request = Request::local(Command::delete("./A"));
        // In one round or several.
        let rounds = [vec![vec![read("./1"), read("./2")]], vec![vec![read("./1")], vec![read("./2")]]];
        for (asks, forgetful) in rounds.iter().flat_map(|asks| [(asks, false), (asks, true)]) {
            let mut store = Scripted::new();
            store.asks.clone_from(asks);
            store.forgetful = forgetful;
            let mut asked = Vec::new();
            let answer = run(&mut store, &request, &mut |ask| {
                asked.push(ask.clone());
                Reply::Done
            });
            assert_eq!((answer.status, asked), (status(200), vec![read("./1"), read("./2")]));
        }
        // A store that asks without end.
        struct Asking;
        impl Store for Asking {
            fn apply(&mut self, _: &Request) -> Outcome {
                Outcome::Ask(vec![Ask::Read { uri: "./1".into() }])
            }
        }
        let mut asked = 0;
        let answer = run(&mut Asking, &request, &mut |_| {
            asked += 1;
            Reply::Done
        });
        assert_eq!(answer.status, status(500));
        assert!(asked < 100);
    }
}

mod objects {
    use super::*;

    #[test]
    fn identifiers_have_aliases() {
        assert_eq!(canonical_mo("org.openmobilealliance/1.0/w7"), "urn:oma:mo:oma-dm-dmacc:1.0");
        assert_eq!(canonical_mo(FUMO_1_0), "urn:oma:mo:oma-fumo:1.0");
    }

    #[test]
    fn no_acl_is_written_for_an_identifier_that_acls_cannot_name() {
        for id in ["a b", "a=b", "a&b", "a*", "a+b", ""] {
            let commands = NewAccount::new("1", id, "https://dm.example/").commands();
            assert!(commands.iter().all(|command| !word(command).contains("?prop=ACL")), "{id}");
        }
        let commands = NewAccount::new("a b", "S1", "https://dm.example/").commands();
        assert_eq!(word(commands.last().unwrap()), "Replace ./DMAcc/a%20b?prop=ACL");
    }

    #[test]
    fn credentials_are_chosen_by_preference() {
        let auth = |auth_type: &str| AccountAuth::new(AuthLevel::Client, auth_type).with_secret("geheim");
        let mut account = Account::default();
        account.auth = vec![AccountAuth::new(AuthLevel::Server, "BASIC"), auth("BASIC"), auth("DIGEST")];
        let chosen = |account: &Account| account.credentials(&AuthLevel::Client).unwrap().auth_type.clone();
        assert_eq!(chosen(&account), "BASIC");
        account.auth_pref = Some("DIGEST".into());
        assert_eq!(chosen(&account), "DIGEST");
        account.auth_pref = Some("HMAC".into());
        assert_eq!(chosen(&account), "BASIC");
        assert_eq!(account.credentials(&AuthLevel::Obex), None);
        assert!(!format!("{account:?}").contains("geheim"));
    }

    #[test]
    fn words_of_levels() {
        for word in ["CLCRED", "SRVCRED", "HTTP", "OBEX", "x"] {
            assert_eq!(AuthLevel::from(word).as_str(), word);
        }
    }
}

mod firmware {
    use super::*;

    /// The transitions of the standard's table, and those that the reference adds.
    const TABLE: [(u8, u8); 17] = [
        (10, 30),
        (10, 50),
        (20, 10),
        (30, 40),
        (30, 20),
        (40, 50),
        (50, 60),
        (50, 10),
        (60, 90),
        (60, 70),
        (60, 100),
        (60, 80),
        (70, 80),
        (70, 60),
        (80, 10),
        (90, 100),
        (100, 10),
    ];

    fn exec(action: FumoAction, correlator: &str) -> FumoEvent {
        FumoEvent::Exec { action, correlator: (!correlator.is_empty()).then(|| correlator.into()) }
    }

    fn state(step: &FumoStep) -> Vec<String> {
        step.commands
            .iter()
            .map(|command| match command {
                Command::Replace { uri, content: Content { data: Data::Text(text), .. }, .. } => {
                    format!("{uri} {text}")
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn f1_download_then_update() {
        let mut slot = Fumo::new("./Fw/1");
        let step = slot.handle(exec(FumoAction::Download, "c1")).unwrap();
        assert_eq!((step.status, state(&step)), (status(202), vec!["./Fw/1/State 30".to_owned()]));
        assert_eq!(step.alert, None);
        let step = slot.handle(FumoEvent::Downloaded).unwrap();
        assert_eq!(state(&step), ["./Fw/1/State 40"]);
        let alert = step.alert.unwrap();
        assert_eq!(alert.alert_type, "org.openmobilealliance.dm.firmwareupdate.download");
        assert_eq!(alert.source.as_deref(), Some("./Fw/1/Download"));
        assert_eq!((alert.data.as_str(), alert.correlator.as_deref()), ("200", Some("c1")));
        slot.handle(FumoEvent::Ready).unwrap();
        assert_eq!(slot.handle(FumoEvent::UpdateStarted), Err(status(403)), "an Exec has to come first");
        let step = slot.handle(exec(FumoAction::Update, "")).unwrap();
        assert_eq!((step.status, slot.state()), (status(202), FumoState::Updating));
        let done = FumoEvent::Updated { result: FumoResult::SUCCESS, kept: true };
        let alert = slot.handle(done).unwrap().alert.unwrap();
        assert_eq!((alert.alert_type.as_str(), alert.correlator), (FumoAction::Update.alert_type(), None));
        slot.handle(FumoEvent::DataDropped).unwrap();
        slot.handle(FumoEvent::CleanedUp).unwrap();
        assert_eq!((slot.state(), slot.job()), (FumoState::Idle, None));
        // What was kept over a restart by mistake goes with the rest.
        let job = FumoJob { action: FumoAction::Update, correlator: None };
        let mut slot = Fumo::resume("./Fw/1", FumoState::Done, Some(job));
        slot.handle(FumoEvent::CleanedUp).unwrap();
        assert_eq!(slot, Fumo::new("./Fw/1"));
    }

    #[test]
    fn f2_exec_in_the_wrong_state_is_403() {
        for before in FumoState::ALL {
            for action in FumoAction::ALL {
                let mut slot = Fumo::resume("./Fw/1", before, None);
                let allowed = match action {
                    FumoAction::Update => [FumoState::Ready, FumoState::FailedWithData].contains(&before),
                    _ => before == FumoState::Idle,
                };
                let done = slot.handle(exec(action, "c"));
                assert_eq!(done.is_ok(), allowed, "{before:?} {action:?}");
                if let Err(code) = done {
                    assert_eq!((code, slot), (status(403), Fumo::resume("./Fw/1", before, None)));
                }
            }
        }
    }

    #[test]
    fn f3_a_package_by_dm() {
        let mut slot = Fumo::new("./Fw/1");
        let step = slot.handle(FumoEvent::PkgData { empty: false }).unwrap();
        assert_eq!((step.status, state(&step)), (status(200), vec!["./Fw/1/State 50".to_owned()]));
        let step = slot.handle(FumoEvent::PkgData { empty: false }).unwrap();
        assert_eq!((state(&step), slot.state()), (vec![], FumoState::Ready));
        slot.handle(FumoEvent::PkgData { empty: true }).unwrap();
        assert_eq!(slot.state(), FumoState::Idle);
    }

    #[test]
    fn f4_a_download_that_fails() {
        let mut slot = Fumo::new("./Fw/1");
        slot.handle(exec(FumoAction::DownloadAndUpdate, "c1")).unwrap();
        assert_eq!(slot.handle(FumoEvent::DownloadFailed(FumoResult::SUCCESS)), Err(status(400)));
        let alert = slot.handle(FumoEvent::DownloadFailed(FumoResult::NETWORK)).unwrap().alert.unwrap();
        assert_eq!((alert.data.as_str(), slot.state()), ("503", FumoState::DownloadFailed));
        assert_eq!(alert.mark, syncml::Mark::Critical);
        let wire = alert.to_alert(3, true);
        assert_eq!(wire.code(), Some(syncml::AlertCode::GENERIC_ALERT));
        assert_eq!(wire.correlator.as_deref(), Some("c1"));
        let item = &wire.items[0];
        let meta = item.meta.as_ref().unwrap();
        let prefixed = "Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate.downloadandupdate";
        assert_eq!((meta.type_(), meta.format()), (Some(prefixed), Some(&syncml::Format::Int)));
        assert_eq!(meta.mark(), Some(&syncml::Mark::Critical));
        assert_eq!(item.source_uri().unwrap(), &"./Fw/1/DownloadAndUpdate");
        assert_eq!(item.data.as_ref().unwrap().as_text(), Some("503"));
        let bare = alert.to_alert(3, false);
        assert_eq!(bare.items[0].meta.as_ref().unwrap().type_(), prefixed.strip_prefix("Reversed-Domain-Name: "));
    }

    #[test]
    fn download_and_update_reports_once_at_the_end() {
        let mut slot = Fumo::new("./Fw/1");
        slot.handle(exec(FumoAction::DownloadAndUpdate, "c")).unwrap();
        for event in [FumoEvent::Downloaded, FumoEvent::Ready] {
            assert_eq!(slot.handle(event).unwrap().alert, None);
        }
        // It goes on by itself: no other command in between.
        assert_eq!(slot.handle(exec(FumoAction::Update, "d")), Err(status(403)));
        assert_eq!(slot.handle(FumoEvent::PkgData { empty: true }), Err(status(403)));
        // Over a restart.
        let mut slot = Fumo::resume("./Fw/1", slot.state(), slot.job().cloned());
        slot.handle(FumoEvent::UpdateStarted).unwrap();
        let failed = FumoEvent::UpdateFailed { result: FumoResult::CORRUPTED, kept: false };
        let alert = slot.handle(failed).unwrap().alert.unwrap();
        assert_eq!((alert.data.as_str(), alert.correlator.as_deref()), ("402", Some("c")));
        assert_eq!(slot.state(), FumoState::Failed);
    }

    #[test]
    fn knows_its_nodes() {
        let slot = Fumo::new("./Fw/1");
        assert_eq!(slot.action("./Fw/1/Update"), Some(FumoAction::Update));
        assert_eq!(slot.action("Fw/1/Download"), Some(FumoAction::Download));
        assert_eq!(slot.action("./Fw/1/DownloadAndUpdate"), Some(FumoAction::DownloadAndUpdate));
        assert_eq!((slot.action("./Fw/1"), slot.action("./Fw/2/Update")), (None, None));
        let request = GenericAlert::update_request(true).with_source("./Fw/1");
        assert_eq!(request.alert_type, "org.openmobilealliance.dm.firmwareupdate.userrequest");
        assert_eq!(request.to_alert(1, true).items[0].data.as_ref().unwrap().as_text(), Some(""));
    }

    #[test]
    fn numbers_and_classes() {
        for state in FumoState::ALL {
            assert_eq!(FumoState::from_number(state.number().into()), Some(state));
        }
        assert_eq!(FumoState::from_number(0), None);
        assert_eq!(FumoState::from_number(266), None);
        for code in 0..=600 {
            let result = FumoResult::new(code);
            let vendor = [250..=299, 450..=499, 550..=599].iter().any(|range| range.contains(&code));
            assert_eq!(result.is_vendor(), vendor, "{code}");
            assert!(!(result.is_vendor() && result.is_known()), "{code}");
        }
    }

    fn event() -> impl Strategy<Value = FumoEvent> {
        let result = prop::sample::select(vec![200, 250, 400, 407, 410, 503, 599]).prop_map(FumoResult::new);
        prop_oneof![
            (0_usize..3, any::<bool>()).prop_map(|(at, with)| exec(FumoAction::ALL[at], if with { "c" } else { "" })),
            any::<bool>().prop_map(|empty| FumoEvent::PkgData { empty }),
            Just(FumoEvent::Downloaded),
            result.clone().prop_map(FumoEvent::DownloadFailed),
            Just(FumoEvent::Ready),
            Just(FumoEvent::UpdateStarted),
            (result.clone(), any::<bool>()).prop_map(|(result, kept)| FumoEvent::Updated { result, kept }),
            (result, any::<bool>()).prop_map(|(result, kept)| FumoEvent::UpdateFailed { result, kept }),
            Just(FumoEvent::DataDropped),
            Just(FumoEvent::CleanedUp),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        /// No events leave the table; what is refused changes nothing; every Exec that began is reported at most once,
        /// and with its own Correlator.
        #[test]
        fn events_stay_in_the_table(events in prop::collection::vec(event(), 0..40)) {
            let mut slot = Fumo::new("./Fw/1");
            let mut open: Option<Option<String>> = None;
            for event in events {
                let before = slot.clone();
                match slot.handle(event.clone()) {
                    Err(code) => {
                        prop_assert!(code == status(403) || code == status(400));
                        prop_assert_eq!(&slot, &before);
                    }
                    Ok(step) => {
                        let (from, to) = (before.state().number(), slot.state().number());
                        prop_assert!(from == to || TABLE.contains(&(from, to)), "{from} {to} by {event:?}");
                        // The tree is told of every change, and of nothing else.
                        let told = if from == to { vec![] } else { vec![format!("./Fw/1/State {to}")] };
                        prop_assert_eq!(state(&step), told);
                        if let FumoEvent::Exec { correlator, .. } = event {
                            prop_assert_eq!(step.status, status(202));
                            prop_assert_eq!(&open, &None);
                            open = Some(correlator);
                        }
                        if let Some(alert) = step.alert {
                            prop_assert_eq!(Some(alert.correlator), open.take());
                        }
                        prop_assert!(slot.job().is_some() == open.is_some());
                        if slot.state() == FumoState::Idle {
                            prop_assert_eq!(&open, &None);
                        }
                    }
                }
            }
        }
    }
}

mod provisioning {
    use super::*;

    pub(super) fn document() -> ClientProvisioning {
        let port = Characteristic::new("PORT").with_parm("PORTNBR", "443");
        let address =
            Characteristic::new("APPADDR").with_parm("ADDR", "https://dm.example/dm").with_parm("ADDRTYPE", "URI");
        let auth = |level: &str, secret: &str| {
            Characteristic::new("APPAUTH")
                .with_parm("AAUTHLEVEL", level)
                .with_parm("AAUTHTYPE", "DIGEST")
                .with_parm("AAUTHNAME", "dev")
                .with_parm("AAUTHSECRET", secret)
                .with_parm("AAUTHDATA", "AQID")
        };
        let application = Characteristic::new("APPLICATION")
            .with_parm("APPID", "w7")
            .with_parm("PROVIDER-ID", "dm.example")
            .with_parm("NAME", "Example")
            .with_parm("TO-NAPID", "nap1")
            .with_parm("TO-NAPID", "nap2")
            .with(address.with(port))
            .with(auth("APPSRV", "sesame"))
            .with(auth("CLIENT", "open"));
        ClientProvisioning::new()
            .with(Characteristic::new("NAPDEF").with_parm("NAPID", "nap1"))
            .with(application)
            .with(Characteristic::new("APPLICATION").with_parm("APPID", "w2"))
    }

    #[test]
    fn b4_maps_each_parameter() {
        let accounts = document().accounts();
        assert_eq!(accounts.len(), 1);
        let account = &accounts[0];
        assert_eq!((account.app_id.as_str(), account.server_id.as_str()), ("w7", "dm.example"));
        assert_eq!(account.name.as_deref(), Some("Example"));
        assert_eq!((&account.pref_con_ref, account.con_refs.as_slice()), (&None, &["nap1".into(), "nap2".into()][..]));
        assert_eq!(account.addresses, [AccountAddr::new("https://dm.example/dm").with_port(443)]);
        let levels: Vec<_> = account.auth.iter().map(|auth| auth.level.clone()).collect();
        assert_eq!(levels, [AuthLevel::Client, AuthLevel::Server]);
        assert_eq!(account.auth[0].secret.as_ref().unwrap().expose_secret(), b"sesame");
        assert_eq!(account.auth[0].data.as_ref().unwrap().expose_secret(), [1, 2, 3]);
        assert!(!format!("{:?} {account:?}", document()).contains("sesame"));
    }

    #[test]
    fn simple_documents() {
        let application = Characteristic::new("APPLICATION")
            .with_parm("APPID", "w7")
            .with_parm("PROVIDER-ID", "dm.example")
            .with_parm("ADDR", "192.0.2.1")
            .with_parm("ADDRTYPE", "IPv4")
            .with_parm("TO-PROXY", "proxy");
        let accounts = ClientProvisioning::new().with(application).accounts();
        assert_eq!(accounts[0].pref_con_ref.as_deref(), Some("proxy"));
        assert_eq!(accounts[0].addresses, [AccountAddr::new("192.0.2.1").with_type("IPv4")]);
    }

    #[test]
    fn macs() {
        let digest = [0xab; 20];
        let text = "ab".repeat(20);
        for (text, right) in [(text.clone(), true), (text.to_uppercase(), true), (text.replacen("ab", "ac", 1), false)]
        {
            let value = format!("application/vnd.syncml.dm+wbxml;SEC=NETWORKID; mac=\"{text}\"");
            let mac = BootstrapMac::parse(&value).unwrap();
            assert_eq!(mac.security.key(b"imsi", b""), Some(b"imsi".to_vec()));
            let hash = |key: &[u8], document: &[u8]| {
                assert_eq!((key, document), (&b"key"[..], &b"doc"[..]));
                digest
            };
            assert_eq!(mac.verify(b"key", b"doc", hash), right);
        }
        for bad in [
            "application/vnd.syncml.dm+wbxml".to_owned(),
            format!("application/vnd.syncml.dm+wbxml;SEC=USERPIN;MAC={}", "ab".repeat(19)),
            format!("application/vnd.syncml.dm+wbxml;SEC=USERPIN;MAC={}", "xx".repeat(20)),
            format!("application/vnd.syncml.dm+wbxml;MAC={text}"),
            format!("x;SEC=USERPIN;MAC={text}"),
        ] {
            assert_eq!(BootstrapMac::parse(&bad), None, "{bad}");
        }
        assert_eq!(
            BootstrapSecurity::UserPinNetworkId.key(b"310150123456789", b"1234").unwrap(),
            b"1234:310150123456789"
        );
        assert_eq!(BootstrapSecurity::Other("X".into()).key(b"a", b"b"), None);
    }
}

/// What needs the tree.
mod in_the_tree {
    use super::*;
    use dm_session::tree::NodeDefinition;
    use dm_syncml::{Message, Operation, SyncHdr};

    fn tree_of(config: dm1::Config) -> MoTree {
        MoTree::new(TreeConfig::new(1).with_dm1(config)).unwrap()
    }

    fn tree() -> MoTree {
        tree_of(dm1::Config::new())
    }

    fn no_ask(ask: &Ask) -> Reply {
        panic!("{ask:?}")
    }

    fn answer(tree: &mut MoTree, request: &Request) -> Answer {
        run(tree, request, &mut no_ask)
    }

    fn code(tree: &mut MoTree, server: &str, command: Command) -> u32 {
        answer(tree, &Request::server(server, command)).status.code()
    }

    fn data(tree: &mut MoTree, uri: &str) -> Option<String> {
        let answer = answer(tree, &Request::local(Command::get(uri)).with_encoding(Encoding::Wbxml));
        answer.results.into_iter().next().map(|item| match item.data {
            Data::Text(text) => text,
            Data::Bytes(bytes) => format!("{bytes:?}"),
            Data::None => String::new(),
            other => panic!("{other:?}"),
        })
    }

    fn local(tree: &mut MoTree, commands: &[Command]) {
        let atomic = run_atomic(tree, &Request::local(Command::Begin), commands, &mut no_ask);
        let codes: Vec<_> = commands.iter().map(word).zip(&atomic.children).collect();
        assert_eq!(atomic.status, StatusCode::OK, "{codes:?}");
    }

    /// An Item of a list, and the properties of its node.
    type Seen = (String, Option<Format>, Option<String>, Data, Vec<String>);

    /// Everything in the tree, as the device sees it.
    fn dump(tree: &mut MoTree) -> Vec<Seen> {
        let whole = answer(tree, &Request::local(Command::get(".?list=StructData")));
        assert_eq!(whole.status, StatusCode::OK);
        let mut all = Vec::new();
        for item in whole.results {
            let properties = ["ACL", "Title", "VerNo"];
            let properties = properties.map(|name| data(tree, &format!("{}?prop={name}", item.source)).unwrap());
            all.push((item.source, item.format, item.media_type, item.data, properties.to_vec()));
        }
        all
    }

    #[test]
    fn a_new_tree_has_the_standard_objects() {
        let tree = &mut tree_of(dm1::Config::new().with_uri_limits(UriLimits::new(8, 120, 20)));
        assert_eq!(data(tree, ".").unwrap(), "DevInfo/DevDetail/DMAcc/Inbox");
        assert_eq!(data(tree, ".?prop=ACL").unwrap(), "Add=*&Get=*");
        for (uri, identifier) in
            [("./DevInfo", DEV_INFO_1_0), ("./DevDetail", DEV_DETAIL_1_0), ("./Inbox", INBOX_1_0), ("./DMAcc", "")]
        {
            assert_eq!(data(tree, &format!("{uri}?prop=Type")).unwrap(), identifier, "{uri}");
            assert_eq!(code(tree, "S1", Command::delete(uri)), 405, "{uri}");
        }
        assert_eq!(data(tree, "./DevInfo").unwrap(), "DevId/Man/Mod/DmV/Lang");
        assert_eq!(data(tree, "./DevInfo/DmV").unwrap(), "1.2");
        assert_eq!(data(tree, "./DevDetail").unwrap(), "URI/DevTyp/OEM/FwV/SwV/HwV/LrgObj");
        for (leaf, value) in [("MaxDepth", "8"), ("MaxTotLen", "120"), ("MaxSegLen", "20")] {
            assert_eq!(data(tree, &format!("./DevDetail/URI/{leaf}")).unwrap(), value, "{leaf}");
        }
        assert_eq!(data(tree, "./DevDetail/LrgObj").unwrap(), "true");
        assert_eq!(code(tree, "S1", Command::get("./Inbox")), 405);
        assert_eq!(code(tree, "S1", Command::add("./DevInfo/New", "x")), 404);
    }

    #[test]
    fn the_application_sets_what_servers_read() {
        let tree = &mut tree();
        local(tree, &DevInfo::new("IMEI:1", "Acme", "A1").with_language("de").commands());
        local(tree, &DevDetail::new("sensor").with_firmware("3.1").with_hardware("B").with_oem("O").commands());
        let server = Request::server("S1", Command::get("./DevInfo?list=StructData"));
        let values: Vec<_> = answer(tree, &server).results.into_iter().skip(1).map(|item| item.data).collect();
        let text = |text: &str| Data::Text(text.into());
        assert_eq!(values, [text("IMEI:1"), text("Acme"), text("A1"), text("1.2"), text("de")]);
        assert_eq!(data(tree, "./DevDetail/FwV").unwrap(), "3.1");
        assert_eq!(code(tree, "S1", Command::replace("./DevInfo/Man", "x")), 425);
        local(tree, &[Command::replace(".?prop=ACL", "Add=*&Get=*&Replace=S1")]);
        assert_eq!(code(tree, "S1", Command::replace("./DevInfo/Man", "x")), 405);
        assert_eq!(code(tree, "S1", Command::replace("./DevDetail/URI/MaxDepth", "0")), 405);
    }

    fn new_account(node: &str, server: &str) -> NewAccount {
        NewAccount::new(node, server, "https://dm.example/dm")
            .with_name("Example")
            .with_auth_pref("DIGEST")
            .with_con_ref("nap1")
            .with_con_ref("nap2")
            .with_address(AccountAddr::new("192.0.2.1").with_type("IPv4").with_port(443).with_port(8443))
            .with_auth(AccountAuth::new(AuthLevel::Client, "DIGEST").with_name("dev").with_secret("s\u{e4}same"))
            .with_auth(AccountAuth::new(AuthLevel::Server, "BASIC").with_secret("open").with_data([0, 255]))
    }

    #[test]
    fn accounts_are_made_and_found() {
        let tree = &mut tree();
        local(tree, &new_account("a b", "S1").commands());
        local(tree, &new_account("2", "S2").commands());
        assert_eq!(Account::all(tree).len(), 2);
        let account = Account::find(tree, "S1").unwrap();
        assert_eq!((account.uri.as_str(), account.app_id.as_str()), ("./DMAcc/a%20b", "w7"));
        assert_eq!(data(tree, "./DMAcc/2?prop=Type").unwrap(), DM_ACC_1_0);
        assert_eq!(account.name.as_deref(), Some("Example"));
        assert_eq!(account.con_refs, ["nap1", "nap2"]);
        assert_eq!(
            account.addresses[1],
            AccountAddr::new("192.0.2.1").with_type("IPv4").with_port(443).with_port(8443)
        );
        let client = account.credentials(&AuthLevel::Client).unwrap();
        assert_eq!(client.secret.as_ref().unwrap().expose_secret(), "s\u{e4}same".as_bytes());
        assert_eq!((client.name.as_deref(), &client.data), (Some("dev"), &None));
        let server = account.credentials(&AuthLevel::Server).unwrap();
        assert_eq!(server.data.as_ref().unwrap().expose_secret(), [0, 255]);
        assert_eq!(Account::find(tree, "S3"), None);
        // A nonce, new and again.
        for nonce in [b"one", b"two"] {
            let account = Account::find(tree, "S1").unwrap();
            local(tree, &[account.nonce_command(&AuthLevel::Client, "DIGEST", nonce).unwrap()]);
            let auth = Account::find(tree, "S1").unwrap().auth;
            assert_eq!(auth[0].data.as_ref().unwrap().expose_secret(), nonce);
        }
        assert_eq!(account.nonce_command(&AuthLevel::Client, "HMAC", b"x"), None);
        // Renamed by the user.
        local(tree, &[Command::replace("./DMAcc/a%20b?prop=Name", "home")]);
        assert_eq!(Account::find(tree, "S1").unwrap().uri, "./DMAcc/home");
    }

    #[test]
    fn a_server_has_its_own_account_and_no_identity_but_its_own() {
        let tree = &mut tree();
        local(tree, &new_account("1", "S1").commands());
        local(tree, &new_account("2", "S2").commands());
        assert_eq!(data(tree, "./DMAcc/1?prop=ACL").unwrap(), "Delete=S1&Get=S1&Replace=S1");
        assert_eq!(code(tree, "S1", Command::get("./DMAcc/1/AppAddr/1/Addr")), 200);
        assert_eq!(code(tree, "S2", Command::get("./DMAcc/1/AppAddr/1/Addr")), 425);
        for hidden in ["AAuthSecret", "AAuthData"] {
            assert_eq!(code(tree, "S1", Command::get(format!("./DMAcc/1/AppAuth/2/{hidden}"))), 405, "{hidden}");
        }
        assert_eq!(code(tree, "S1", Command::replace("./DMAcc/1/AppAuth/1/AAuthSecret", "new")), 200);
        assert_eq!(code(tree, "S1", Command::replace("./DMAcc/1/ServerID", "S2")), 405);
        assert_eq!(code(tree, "S1", Command::delete("./DMAcc/2")), 425);
        assert_eq!(code(tree, "S1", Command::delete("./DMAcc/1")), 200);
        assert_eq!(code(tree, "S2", Command::delete("./DMAcc/2")), 405, "the last account");
    }

    fn slot_tree() -> (MoTree, Fumo) {
        let mut config = dm1::Config::new();
        config.root_acl = "Add=*&Exec=S1&Get=*&Replace=S1".into();
        let mut tree = tree_of(config.with_node("Fw", NodeDefinition::interior("Fw").permanent().open()));
        let slot = Fumo::new("./Fw/1");
        local(&mut tree, &slot.create(&FumoAction::ALL));
        (tree, slot)
    }

    #[test]
    fn firmware_slots_are_held_to_the_table() {
        let (tree, mut slot) = slot_tree();
        let tree = &mut { tree };
        assert_eq!(data(tree, "./Fw/1?prop=Type").unwrap(), FUMO_1_0);
        assert_eq!(data(tree, "./Fw/1/State").unwrap(), "10");
        assert_eq!(code(tree, "S1", Command::replace("./Fw/1/State", "50")), 405);
        assert_eq!(code(tree, "S1", Command::get("./Fw/1/Update/PkgData")), 405);
        assert_eq!(code(tree, "S1", Command::replace("./Fw/1/Download/PkgURL", "https://fw.example/1")), 200);
        let exec = |correlator: &str| Command::Exec {
            uri: "./Fw/1/Download".into(),
            correlator: Some(correlator.into()),
            content: Content::EMPTY,
        };
        let mut steps = Vec::new();
        for (correlator, status) in [("c1", 202), ("c2", 403)] {
            let mut host = |ask: &Ask| {
                let Ask::Exec { uri, correlator, .. } = ask else { panic!("{ask:?}") };
                let action = slot.action(uri).unwrap();
                match slot.handle(FumoEvent::Exec { action, correlator: correlator.clone() }) {
                    Ok(step) => {
                        let status = step.status;
                        steps.push(step);
                        Reply::Failed(status)
                    }
                    Err(status) => Reply::Failed(status),
                }
            };
            let answer = run(tree, &Request::server("S1", exec(correlator)), &mut host);
            assert_eq!(answer.status.code(), status);
        }
        for step in steps {
            local(tree, &step.commands);
        }
        assert_eq!(data(tree, "./Fw/1/State").unwrap(), "30");
        assert_eq!(code(tree, "S1", Command::exec("./Fw/1/Download/PkgURL")), 405);
        assert_eq!(code(tree, "S2", Command::exec("./Fw/1/Download")), 425);
    }

    #[test]
    fn a_package_comes_as_a_large_object() {
        let (mut tree, _) = slot_tree();
        let chunk = |bytes: &[u8]| Content::new(Data::Bytes(bytes.to_vec())).with_format("bin");
        let wbxml = |server: &str, command| Request::server(server, command).with_encoding(Encoding::Wbxml);
        let mut object = LargeObject::start("./Fw/1/Update/PkgData", false, chunk(&[1, 2]), Some(4), 1000);
        assert_eq!(answer(&mut tree, &wbxml("S1", object.check())).status, StatusCode::OK);
        assert_eq!(answer(&mut tree, &wbxml("S2", object.check())).status, status(425));
        let before = dump(&mut tree);
        object.push(&Data::Bytes(vec![3, 4]));
        assert_eq!(dump(&mut tree), before);
        assert_eq!(answer(&mut tree, &wbxml("S1", object.finish().unwrap())).status, StatusCode::OK);
        assert_eq!(data(&mut tree, "./Fw/1/Update/PkgData").unwrap(), "[1, 2, 3, 4]");
    }

    fn leaf(name: &str, value: &str) -> String {
        format!(
            "<Node><NodeName>{name}</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type>\
             </RTProperties><Value>{value}</Value></Node>"
        )
    }

    fn interior(name: &str, below: &str) -> String {
        format!(
            "<Node><NodeName>{name}</NodeName><RTProperties><Format><node/></Format><Type><DDFName/></Type>\
             </RTProperties>{below}</Node>"
        )
    }

    fn object(nodes: &str) -> String {
        format!("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>{nodes}</MgmtTree>")
    }

    fn mo(name: &str, identifier: &str, acl: &str, below: &str) -> String {
        format!(
            "<Node><NodeName>{name}</NodeName><RTProperties>{acl}<Format><node/></Format><Type><DDFName>{identifier}\
             </DDFName></Type></RTProperties>{below}</Node>"
        )
    }

    /// An account as a bootstrap brings it; without parts that are empty.
    fn account(name: &str, server: &str, address: &str) -> String {
        let mut below = leaf("AppID", "w7");
        if !server.is_empty() {
            below += &leaf("ServerID", server);
        }
        if !address.is_empty() {
            let addr = leaf("Addr", address) + &leaf("AddrType", "URI");
            below += &interior("AppAddr", &interior("1", &addr));
        }
        let auth = leaf("AAuthLevel", "CLCRED") + &leaf("AAuthType", "DIGEST") + &leaf("AAuthSecret", "sesame");
        below += &interior("AppAuth", &interior("1", &auth));
        mo(name, DM_ACC_W7, "<ACL>Delete=S1&amp;Get=S1&amp;Replace=S1</ACL>", &below)
    }

    /// A message of the DM profile, through WBXML and back.
    fn message(objects: &[(&str, String)]) -> Message<'static> {
        let header = SyncHdr::new("1", "1", syncml::Location::new("IMEI:1"), syncml::Location::new("dm.example"));
        let mut message = Message::new(header).with_final();
        for (at, (uri, document)) in objects.iter().enumerate() {
            let meta = Meta::new().with_format(syncml::Format::Xml).with_type("application/vnd.syncml.dmtnds+xml");
            let item = Item::target((*uri).to_owned()).with_meta(meta).with_data(document.clone());
            let number = u32::try_from(at).unwrap() + 1;
            let add = Operation::new(syncml::CmdId::from_number(number)).with_item(item);
            message = message.with_command(syncml::Command::Add(add));
        }
        let wire = message.to_wbxml().unwrap();
        Message::parse(&wire).unwrap().into_owned()
    }

    fn boot(tree: &mut MoTree, objects: &[(&str, String)]) -> Result<Bootstrapped, BootstrapError> {
        bootstrap(tree, &message(objects), true, None, &mut no_ask)
    }

    #[test]
    fn b1_an_account_comes_with_the_bootstrap() {
        let tree = &mut tree();
        let done = boot(tree, &[("./Inbox", object(&account("x", "S1", "https://dm.example/")))]).unwrap();
        assert_eq!((done.server_ids, done.ignored), (vec!["S1".to_owned()], vec![]));
        let account = Account::find(tree, "S1").unwrap();
        assert_eq!(account.addresses, [AccountAddr::new("https://dm.example/")]);
        assert_eq!(account.auth[0].secret.as_ref().unwrap().expose_secret(), b"sesame");
        assert_eq!(data(tree, &format!("{}?prop=ACL", account.uri)).unwrap(), "Delete=S1&Get=S1&Replace=S1");
        assert_eq!(data(tree, &format!("{}?prop=Type", account.uri)).unwrap(), DM_ACC_1_0);
    }

    #[test]
    fn b2_what_is_not_verified_changes_nothing() {
        let tree = &mut tree();
        let before = dump(tree);
        let message = message(&[("./Inbox", object(&account("x", "S1", "https://dm.example/")))]);
        assert_eq!(bootstrap(tree, &message, false, None, &mut no_ask), Err(BootstrapError::NotVerified));
        assert_eq!(dump(tree), before);
    }

    #[test]
    fn b3_unknown_parts_are_passed_over() {
        let unknown = mo("y", "net.example/1.0/Unknown", "", &leaf("a", "1"));
        let known = account("x", "S1", "https://dm.example/");
        // In an object of its own.
        let tree = &mut tree();
        boot(tree, &[("./Inbox", object(&unknown)), ("./Inbox", object(&known))]).unwrap();
        assert!(Account::find(tree, "S1").is_some());
        // In the same object.
        let tree = &mut self::tree();
        boot(tree, &[("./Inbox", object(&(known + &unknown)))]).unwrap();
        assert!(Account::find(tree, "S1").is_some());
        // One that comes without anything that is known.
        let tree = &mut self::tree();
        let before = dump(tree);
        assert_eq!(boot(tree, &[("./Inbox", object(&unknown))]), Err(BootstrapError::NoAccount));
        assert_eq!(dump(tree), before);
    }

    #[test]
    fn what_is_needed_is_needed() {
        for (server, address, error) in
            [("", "https://dm.example/", BootstrapError::NoServerId), ("S1", "", BootstrapError::NoAddress)]
        {
            let tree = &mut tree();
            let before = dump(tree);
            assert_eq!(boot(tree, &[("./Inbox", object(&account("x", server, address)))]), Err(error));
            assert_eq!(dump(tree), before);
        }
        let tree = &mut tree();
        let before = dump(tree);
        assert_eq!(boot(tree, &[]), Err(BootstrapError::NoAccount));
        assert_eq!(dump(tree), before);
        answer(tree, &Request::server("S1", Command::Begin));
        assert_eq!(boot(tree, &[]), Err(BootstrapError::Busy));
    }

    #[test]
    fn b5_a_second_bootstrap_takes_the_place_of_the_first() {
        let tree = &mut tree();
        local(tree, &new_account("home", "S1").commands());
        local(tree, &new_account("other", "S2").commands());
        local(tree, &[Command::add("./X", Content::node()), Command::replace("./X?prop=ACL", "Get=S1")]);
        let other = Account::find(tree, "S2").unwrap();
        let again = [("./Inbox", object(&account("home", "S1", "https://new.example/")))];
        for _ in 0..2 {
            let done = boot(tree, &again).unwrap();
            assert_eq!(done.server_ids, ["S1"]);
            let all = Account::all(tree);
            assert_eq!(all.len(), 2);
            assert_eq!((all[0].uri.as_str(), &all[1]), ("./DMAcc/home", &other));
            assert_eq!(all[0].addresses, [AccountAddr::new("https://new.example/")]);
            assert_eq!((all[0].name.as_deref(), all[0].auth.len()), (None, 1));
        }
        // Of two in one message the last one counts.
        let two = ["https://a.example/", "https://b.example/"].map(|at| ("./Inbox", object(&account("n", "S3", at))));
        assert_eq!(boot(tree, &two).unwrap().server_ids, ["S3"]);
        assert_eq!(Account::find(tree, "S3").unwrap().addresses, [AccountAddr::new("https://b.example/")]);
        assert_eq!(Account::all(tree).len(), 3);
        // Its rights elsewhere are still there.
        assert_eq!(data(tree, "./X?prop=ACL").unwrap(), "Get=S1");
    }

    #[test]
    fn a_server_does_not_replace_the_account_of_another_through_the_inbox() {
        let tree = &mut tree();
        local(tree, &new_account("home", "S1").commands());
        let before = Account::find(tree, "S1");
        let content = Content::from(object(&account("home", "S1", "https://evil.example/")).as_str())
            .with_format("xml")
            .with_type("application/vnd.syncml.dmtnds+xml");
        assert_eq!(code(tree, "S2", Command::add("./Inbox", content)), 418);
        assert_eq!(Account::find(tree, "S1"), before);
    }

    #[test]
    fn b4_a_provisioning_document_becomes_an_account() {
        let tree = &mut tree();
        local(tree, &new_account("1", "S2").commands());
        let done = provisioning::document().provision(tree, None, &mut no_ask).unwrap();
        assert_eq!(done.server_ids, ["dm.example"]);
        let account = Account::find(tree, "dm.example").unwrap();
        assert_eq!(account.uri, "./DMAcc/2");
        let expected = &provisioning::document().accounts()[0];
        assert_eq!((&account.addresses, &account.con_refs), (&expected.addresses, &expected.con_refs));
        assert_eq!(account.auth[1].secret, expected.auth[1].secret);
        let acl = "Delete=dm.example&Get=dm.example&Replace=dm.example";
        assert_eq!(data(tree, "./DMAcc/2?prop=ACL").unwrap(), acl);
        // Again, in place, with the rights that the server has elsewhere.
        local(tree, &[Command::replace("./DMAcc/2?prop=Name", "home")]);
        local(tree, &[Command::add("./X", Content::node()), Command::replace("./X?prop=ACL", "Get=dm.example")]);
        provisioning::document().provision(tree, None, &mut no_ask).unwrap();
        let again = Account::find(tree, "dm.example").unwrap();
        assert_eq!((again.uri.as_str(), again.addresses.len()), ("./DMAcc/home", 1));
        assert_eq!(Account::all(tree).len(), 2);
        assert_eq!(data(tree, "./X?prop=ACL").unwrap(), "Get=dm.example");
    }

    #[test]
    fn a_document_that_lacks_something_changes_nothing() {
        let tree = &mut tree();
        let before = dump(tree);
        let mut document = provisioning::document();
        document = document.with(Characteristic::new("APPLICATION").with_parm("APPID", "w7").with_parm("ADDR", "x"));
        assert_eq!(document.provision(tree, None, &mut no_ask), Err(BootstrapError::NoServerId));
        assert_eq!(dump(tree), before);
        let lacking = Characteristic::new("APPLICATION").with_parm("APPID", "w7").with_parm("PROVIDER-ID", "S1");
        let document = ClientProvisioning::new().with(lacking);
        assert_eq!(document.provision(tree, None, &mut no_ask), Err(BootstrapError::NoAddress));
        let empty = ClientProvisioning::new();
        assert_eq!(empty.provision(tree, None, &mut no_ask), Err(BootstrapError::NoAccount));
        assert_eq!(dump(tree), before);
    }

    #[test]
    fn an_atomic_leaves_the_tree_as_it_was() {
        let tree = &mut tree();
        local(tree, &new_account("1", "S1").commands());
        let before = dump(tree);
        let commands = [
            Command::add("./A/B", "1"),
            Command::replace("./DMAcc/1/Name", "x"),
            Command::delete("./DMAcc/1/Name"),
            Command::delete("./Missing"),
            Command::add("./C", "1"),
        ];
        let template = Request::server("S1", Command::Begin);
        let atomic = run_atomic(tree, &template, &commands, &mut no_ask);
        assert_eq!(atomic.children, [216, 216, 216, 404, 215].map(status));
        assert_eq!(dump(tree), before);
    }
}
