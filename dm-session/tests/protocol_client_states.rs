//! The protocol of DM 1.2, the client's side: the state table, the table of continue or end, and the tables of what
//! becomes of alerts, large objects, containers, user interactions, losses and credentials.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]
#![cfg(feature = "dm1")]

#[path = "support/dm1_peer.rs"]
mod peer;

use core::time::Duration;

use dm_session::dm1::client::{Reason, Start};
use dm_session::dm1::{AlertQueue, ClientConfig, Credentials, Demand, Identity, Limits, Party, Scheme, UserReply};
use dm_session::http::Response;
use dm_session::tree::TreeLimits;
use dm_syncml::{AuthType, Command, Encoding, HmacHeader, Item, Message, Nonce, StatusCode, SyncHdr};
use peer::*;

/// What changes a header.
type Edit = fn(&mut SyncHdr<'static>);

/// Alerts of some 200 bytes each.
fn many(count: usize) -> AlertQueue {
    queue((0..count).map(|index| download(&format!("{index:0>40}"))))
}

/// Both sides have credentials.
fn mutual() -> ClientConfig {
    with_demand(Scheme::Md5).with_identity(Identity::new(credentials(USER)))
}

/// What the server shows at first: credentials with the nonce that was stored.
fn host() -> dm_syncml::Cred<'static> {
    md5(HOST, &Nonce::EMPTY)
}

/// The server's password is another one.
fn stranger() -> dm_syncml::Cred<'static> {
    md5((SERVER_ID, "guessed"), &Nonce::EMPTY)
}

/// The Cred of a message, which has to be this user's with this nonce.
#[track_caller]
fn assert_md5(message: &Message<'_>, expected: &Nonce) {
    let cred = message.header.cred.as_ref().expect("credentials");
    assert_eq!(hash(USER).verify(cred, expected), Ok(AuthType::Md5));
    assert_eq!(message.header.source.name(), Some(USER.0), "the name is in LocName");
}

/// Commands that change everything that could be changed.
fn harm() -> Vec<Command<'static>> {
    vec![
        replace("./Vendor/Name", "two"),
        exec("./Vendor/Run"),
        get("./Vendor/Level"),
        atomic([delete("./Vendor/Area")]),
        sequence([add("./Vendor/New", "n")]),
        display("see"),
    ]
}

// --- section 4: continue or end --------------------------------------------------------------------------------

#[test]
fn end_01_a_challenge_makes_package_1_go_again() {
    for config in [with_identity(), mutual()] {
        let mut device = Device::start_with(config, notified(), queue([download("1")]));
        let resp_uri = "https://dm.example/dm?sid=7";
        let message = device.exchange(md5_challenge(9).with_resp_uri(resp_uri));
        assert_eq!(outline(&message)[1..], ["Alert 1200", "DevInfo", "Alert 1226", "Final"]);
        assert_eq!((message.header.session_id.as_str(), message.header.msg_id.as_str()), (SESSION, "2"));
        assert_md5(&message, &nonce(9));
        assert_eq!(device.last_request().uri, resp_uri);
    }
}

#[test]
fn end_02_a_challenge_that_cannot_be_answered_ends_the_session() {
    let unknown = dm_syncml::Chal::new("syncml:auth-sha256").with_next_nonce("AAAA");
    let basic = challenge(Scheme::Basic, None);
    let mut without = Answer::ok().header(401);
    without.command_status = StatusCode::INVALID_CREDENTIALS;
    let answers =
        [without.clone(), without.header(407), Answer::challenge(407, unknown), Answer::challenge(401, basic)];
    for answer in answers {
        let mut device = Device::start(with_identity(), local());
        assert_eq!(device.end(answer.clone()), Reason::Refused, "{:?}", answer.chal);
    }
    // The transport shows who the device is, and it has nothing else to show.
    assert_eq!(device().end(md5_challenge(9)), Reason::Refused);
    // The retry limit.
    let mut device = Device::start(with_identity(), local());
    for round in 0..10 {
        device.answer(Answer::challenge(401, challenge(Scheme::Md5, Some(&nonce(round)))));
        if device.closed.is_some() {
            assert_eq!((device.reason(), device.sent.len()), (Reason::Refused, 4), "three challenges are answered");
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn end_03_nothing_to_do_ends_the_session_well() {
    assert_eq!(device().end(Answer::ok()), Reason::Ended);
    assert_eq!(device().end(Answer::ok().header(200)), Reason::Ended);
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    assert_eq!(device.end(Answer::ok().with_cred(host())), Reason::Ended);
    assert_eq!(device.saved, [], "a nonce that was not sent is not stored");
}

#[test]
fn end_04_a_server_without_commands_is_not_challenged() {
    for cred in [None, Some(stranger())] {
        let mut device = Device::start(with_demand(Scheme::Md5), local());
        let answer = Answer { cred, ..Answer::ok() };
        assert_eq!(device.end(answer), Reason::ServerUnauthenticated);
        assert!(!device.client.server_is_trusted());
    }
}

#[test]
fn end_05_commands_of_an_accepted_server_are_done() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    let message = device.exchange(with([replace("./Vendor/Name", "two")]).with_cred(host()));
    assert_eq!(outline(&message), ["SyncHdr 1/0 212 syncml:auth-md5", "Replace 1/4 200", "Final"]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "two");
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.saved, [(Party::Server, nonce(1))]);
}

/// Nothing is done for a server with these credentials; everything is refused with this code.
fn refuses(cred: Option<dm_syncml::Cred<'static>>, code: u32) {
    let mut device = Device::start(with_demand(Scheme::Md5).with_interaction(true), local());
    let (before, asked) = (device.look("."), device.managed.len());
    let answer = Answer { cred, ..with(harm()) };
    let message = device.exchange(answer.clone());
    assert_eq!(header_status(&message), code);
    assert_eq!(codes(&message), [code; 8]);
    let issued = chal(&message).expect("a challenge");
    assert_eq!((issued.auth_type(), issued.nonce()), (Some(AuthType::Md5), Ok(Some(nonce(1)))));
    assert_eq!((device.managed.len(), device.shown.len()), (asked, 0));
    assert_eq!(device.look("."), before);
    // With the right credentials it is done.
    device.user.push_back(UserReply::Accepted);
    let message = device.exchange(with(harm()).with_cred(md5(HOST, &nonce(1))));
    assert_eq!(codes(&message), [200; 8]);
    assert_eq!(device.executed.len(), 1);
}

#[test]
fn end_06_commands_of_a_server_without_credentials_are_refused() {
    refuses(None, 407);
}

#[test]
fn end_07_commands_of_a_server_with_wrong_credentials_are_refused() {
    refuses(Some(stranger()), 401);
    refuses(Some(basic(HOST)), 401);
}

#[test]
fn end_08_a_challenge_beside_commands_counts_and_they_are_not_done() {
    for config in [with_identity(), mutual()] {
        let mut device = Device::start(config.with_interaction(true), local());
        let (before, asked) = (device.look("."), device.managed.len());
        let message = device.exchange(md5_challenge(9).with(harm()));
        assert_md5(&message, &nonce(9));
        let words = outline(&message);
        assert!(["Alert 1201", "DevInfo", "Final"].iter().all(|word| words.contains(&(*word).to_owned())), "{words:?}");
        assert_eq!(codes(&message).len(), 8);
        assert!(codes(&message).iter().all(|code| *code >= 215), "{words:?}");
        assert_eq!((device.look("."), device.shown.len(), device.executed.len()), (before, 0, 0));
        let reads = device.managed[asked..].iter().all(|request| request.principal.server_id().is_none());
        assert!(reads, "nothing is done in the server's name");
    }
}

#[test]
fn end_09_an_abort_ends_the_session() {
    for answer in [with([alert(1223, &[])]), with(harm()).with([alert(1223, &[])]), with([alert(1223, &[])]).more()] {
        let mut device = device();
        let before = device.look(".");
        assert_eq!(device.end(answer), Reason::ServerAborted);
        assert_eq!(device.look("."), before);
    }
}

#[test]
fn end_10_1222_alone_lets_the_client_go_on() {
    let mut device = Device::start_in(tree_of(4, 400), config(), local(), AlertQueue::new());
    let gets = (0..4).map(|index| get(&format!("./Vendor/T{index}")));
    assert!(!device.exchange(with(gets).with_max_msg_size(1200)).is_final);
    let message = device.exchange(Answer::next());
    assert_eq!(outline(&message)[..2], ["SyncHdr 2/0 212", "Alert 2/2 200"]);
    assert!(results(&message).count() > 0);
}

// --- section 14: the states of a client ------------------------------------------------------------------------

#[test]
fn cst_01_package_1() {
    let device = Device::start_with(config(), local(), many(2));
    assert_eq!(outline(device.last()), ["Alert 1201", "DevInfo", "Alert 1226", "Alert 1226", "Final"]);
    assert!(device.last().header.cred.is_none());
    // Credentials that are used without being asked for.
    let stored = credentials(USER).with_nonce(nonce(5));
    let config = config().with_identity(Identity::new(stored).with_first(Scheme::Md5));
    let device = Device::start(config, notified());
    assert_md5(device.last(), &nonce(5));
    assert_eq!(outline(device.last()), ["Alert 1200", "DevInfo", "Final"]);
}

/// A device whose server takes no Package#1 with all its alerts.
fn setup_more() -> Device {
    let mut device = Device::start_with(with_identity(), local(), many(12));
    device.exchange(md5_challenge(9).with_max_msg_size(2000));
    device
}

#[test]
fn cst_02_a_package_1_that_does_not_fit() {
    let device = setup_more();
    let words = outline(device.last());
    assert_eq!(words[1..3], ["Alert 1201", "DevInfo"]);
    assert!(!device.last().is_final && words.len() > 3, "{words:?}");
    assert!((1500..=2000).contains(&device.last_request().body.len()));
}

#[test]
fn cst_03_the_rest_of_package_1() {
    let mut device = setup_more();
    let first = alerts(device.last()).count() - 1;
    let messages = device.collect(Answer::next());
    let words = outline(&messages[0]);
    assert_eq!(words[0], "SyncHdr 2/0 212");
    assert!(words[1].starts_with("Alert 2/") && words[1].ends_with(" 200"), "the 1222 is answered: {words:?}");
    assert_eq!(first + messages.iter().map(|message| alerts(message).count()).sum::<usize>(), 12);
    assert!(messages.len() > 1);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.alert_statuses.len(), 12);
}

/// A device in each state in which it waits.
fn waiting() -> Vec<(&'static str, Device)> {
    let mut mgmt = device();
    mgmt.exchange(with([get("./Vendor/Name")]));
    let mut resp_more = Device::start_in(tree_of(4, 400), config(), local(), AlertQueue::new());
    let gets = (0..4).map(|index| get(&format!("./Vendor/T{index}")));
    assert!(!resp_more.exchange(with(gets).with_max_msg_size(1200)).is_final);
    let mut srv_open = device();
    srv_open.exchange(with([chunk(false, "./Vendor/Name", "123", Some(6), true)]).more());
    let mut aborting = interactive();
    aborting.answer(with([confirm("?")]));
    aborting.abort();
    vec![
        ("SETUP", device()),
        ("SETUP-MORE", setup_more()),
        ("MGMT", mgmt),
        ("RESP-MORE", resp_more),
        ("SRV-OPEN", srv_open),
        ("ABORTING", aborting),
    ]
}

#[test]
fn cst_04_what_is_no_message_of_the_session_ends_it() {
    let edits: [(&str, Edit); 5] = [
        ("SessionID", |header| header.session_id = "30".into()),
        ("VerDTD", |header| header.ver_dtd = "1.1".into()),
        ("VerProto", |header| header.ver_proto = "DM/1.1".into()),
        ("Target", |header| header.target = dm_syncml::Location::new("IMEI:1")),
        ("MsgID ahead", |header| header.msg_id = "77".into()),
    ];
    for index in 0..5 {
        for (name, edit) in edits {
            let (state, mut device) = waiting().swap_remove(index);
            if name == "MsgID ahead" && device.server_msg == 0 {
                continue; // the first one may be any
            }
            let before = device.look(".");
            let asked = device.managed.len();
            let reason = device.end(with([replace("./Vendor/Name", "two")]).edited(edit));
            assert_eq!(reason, Reason::BadMessage, "{state}: {name}");
            assert_eq!((device.look("."), device.managed.len()), (before, asked), "{state}: {name}");
        }
        let (_, mut device) = waiting().swap_remove(index);
        assert_eq!(device.end_with(response(Encoding::Xml, b"<SyncML><SyncHdr>".to_vec())), Reason::BadMessage);
    }
}

#[test]
fn cst_05_challenged() {
    for status in [401, 407] {
        let mut device = Device::start_with(with_identity(), local(), many(1));
        let message = device.exchange(Answer::challenge(status, challenge(Scheme::Md5, Some(&nonce(9)))));
        let expected = ["SyncHdr 1/0 212", "Alert 1201", "DevInfo", "Alert 1226", "Final"];
        assert_eq!(outline(&message), expected);
        assert_eq!(message.header.msg_id, "2");
        assert_md5(&message, &nonce(9));
        assert_eq!(device.alert_statuses, [], "a refused alert is not answered");
    }
    // A server that has not proved itself cannot change what is stored.
    let mut device = Device::start(mutual(), local());
    device.exchange(md5_challenge(9));
    assert_eq!(device.saved, []);
    let message = device.exchange(with([get("./Vendor/Name")]).with_cred(md5(HOST, &nonce(1))));
    assert_eq!(codes(&message), [200]);
    assert_eq!(device.saved.first(), Some(&(Party::Client, nonce(9))), "now it has");
}

#[test]
fn cst_06_refused() {
    let mut device = Device::start(with_identity(), local());
    let mut refusal = Answer::ok().header(401);
    refusal.command_status = StatusCode::INVALID_CREDENTIALS;
    assert_eq!(device.end(refusal), Reason::Refused);
    assert_eq!(device.closed.unwrap().alerts.len(), 0);
}

#[test]
fn cst_07_accepted() {
    // 212: no more credentials; its nonce is for the next session.
    let mut device = Device::start(with_identity(), local());
    device.exchange(md5_challenge(9));
    let answer = with([get("./Vendor/Name")]).with_chal(challenge(Scheme::Md5, Some(&nonce(10))));
    let message = device.exchange(answer);
    assert!(message.header.cred.is_none());
    assert_eq!(device.saved.last(), Some(&(Party::Client, nonce(10))));
    // 200 with a nonce: credentials with that.
    let mut device = Device::start(with_identity(), local());
    device.exchange(md5_challenge(9));
    let answer = with([get("./Vendor/Name")]).header(200).with_chal(challenge(Scheme::Md5, Some(&nonce(10))));
    let message = device.exchange(answer);
    assert_md5(&message, &nonce(10));
    // 200 without one: the same credentials.
    let message = device.exchange(with([get("./Vendor/Name")]).header(200));
    assert_md5(&message, &nonce(10));
    // Another Status than these is a refusal that is no matter of credentials.
    assert_eq!(device.end(Answer::ok().header(503)), Reason::Status(StatusCode::SERVICE_UNAVAILABLE));
}

#[test]
fn cst_08_aborted_by_the_server() {
    let mut device = device();
    device.exchange(with([chunk(false, "./Vendor/Name", "123", Some(6), true)]).more());
    let before = device.look(".");
    let last = chunk(false, "./Vendor/Name", "456", None, false);
    assert_eq!(device.end(with([last, alert(1223, &[])])), Reason::ServerAborted);
    assert_eq!(device.look("."), before, "what had been begun is dropped");
}

#[test]
fn cst_09_a_server_that_is_not_authenticated_and_wants_nothing() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    assert_eq!(device.end(Answer::ok()), Reason::ServerUnauthenticated);
}

#[test]
fn cst_10_a_server_that_is_not_authenticated_and_wants_something() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    let message = device.exchange(with([delete("./Vendor/Area")]));
    assert_eq!(outline(&message), ["SyncHdr 1/0 407 syncml:auth-md5", "Delete 1/4 407", "Final"]);
    // It does not learn: three challenges, and no more.
    let mut answers = 1;
    while device.closed.is_none() {
        device.answer(with([delete("./Vendor/Area")]).with_cred(stranger()));
        answers += 1;
        assert!(answers < 10);
    }
    assert_eq!((answers, device.sent.len()), (4, 4));
    assert_eq!(device.reason(), Reason::ServerRefused);
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
}

#[test]
fn cst_11_commands_are_done_in_order() {
    let mut device = device();
    let asked = device.managed.len();
    device.exchange(with([
        add("./Vendor/1", "a"),
        get("./Vendor/1"),
        sequence([replace("./Vendor/1", "b"), exec("./Vendor/Run")]),
        delete("./Vendor/1"),
        get("./Vendor/1"),
    ]));
    let done: Vec<String> = device.managed[asked..]
        .iter()
        .map(|request| {
            assert_eq!(request.principal.server_id(), Some(SERVER_ID));
            let text = format!("{:?}", request.command);
            text.split([' ', '{']).next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(done, ["Add", "Get", "Replace", "Exec", "Delete", "Get"]);
    assert_eq!(codes(device.last()), [200, 200, 200, 200, 200, 200, 404]);
}

#[test]
fn cst_12_a_user_interaction_is_waited_for() {
    let mut device = interactive();
    device.answer(with([replace("./Vendor/Name", "two"), confirm("?"), delete("./Vendor/Area")]));
    assert_eq!((device.shown.len(), device.sent.len()), (1, 1));
    assert_eq!(device.value("./Vendor/Name").unwrap(), "two");
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a", "what follows waits");
    device.say(UserReply::Accepted);
    assert_eq!(codes(device.last()), [200, 200, 200]);
    assert_eq!(device.value("./Vendor/Area/A"), None);
}

#[test]
fn cst_13_what_the_user_says_has_its_effect() {
    let cases = [
        (UserReply::Accepted, [200, 200]),
        (UserReply::Rejected, [304, 200]),
        (UserReply::Cancelled, [214, 215]),
        (UserReply::TimedOut, [408, 215]),
        (UserReply::Unsupported, [406, 200]),
        (UserReply::NotRendered, [416, 200]),
    ];
    for (reply, expected) in cases {
        let mut device = interactive();
        device.answer(with([confirm("?"), delete("./Vendor/Area")]));
        device.say(reply.clone());
        assert_eq!(codes(device.last()), expected, "{reply:?}");
    }
}

#[test]
fn cst_14_no_answer_in_time_and_local_abort() {
    // MAXDT, and what the device itself allows.
    for (options, allowed) in [("MAXDT=20", 20_000), ("", 300_000), ("MAXDT=100000", 300_000)] {
        let mut device = interactive();
        device.answer(with([alert(1101, &[options, "?"]), delete("./Vendor/Area")]));
        let due = device.client.poll_timeout().unwrap().as_millis() - device.now;
        assert!((allowed - 2000..=allowed + 60_000).contains(&due), "{options}: {due}");
        device.wait();
        assert_eq!(device.cancelled.len(), 1, "the question is taken back");
        assert_eq!(codes(device.last()), [408, 215]);
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
    let mut device = interactive();
    device.answer(with([confirm("?"), delete("./Vendor/Area")]));
    device.abort();
    assert_eq!(device.cancelled.len(), 1);
    assert_eq!(codes_of_alerts(device.last()), [1223]);
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
}

#[test]
fn cst_15_a_chunk_is_kept() {
    for is_add in [true, false] {
        let mut device = device();
        let uri = if is_add { "./Vendor/Big" } else { "./Vendor/Name" };
        let message = device.exchange(with([chunk(is_add, uri, "123", Some(6), true)]).more());
        assert_eq!(codes(&message), [213]);
        assert_eq!(codes_of_alerts(&message), [1222]);
        assert!(!message.is_final);
    }
}

#[test]
fn cst_16_a_chunk_that_cannot_be() {
    let mut device = Device::start(config().with_max_obj_size(Some(100)), local());
    let message = device.exchange(with([chunk(true, "./Vendor/1", "123", Some(101), true)]).more());
    assert_eq!(codes(&message), [413]);
    let message = device.exchange(with([chunk(true, "./Vendor/2", "123", None, true)]).more());
    assert_eq!(codes(&message), [411]);
    let message = device.exchange(with([chunk(true, "./Vendor/3", "12345", Some(4), true)]).more());
    assert_eq!(codes(&message), [424]);
    // What the tree refuses is refused with the first chunk.
    let message = device.exchange(with([chunk(true, "./Vendor/Name", "123", Some(6), true)]).more());
    assert_eq!(codes(&message), [418]);
    let message = device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(codes(&message), [200]);
}

#[test]
fn cst_17_nothing_but_the_status_is_not_sent() {
    assert_eq!(device().end(Answer::ok()), Reason::Ended);
    // An alert that came up is more than nothing, unless it is for the next session.
    let mut device = device();
    device.raise(download("1"));
    assert_eq!(outline(&device.exchange(Answer::ok())), ["SyncHdr 1/0 212", "Alert 1226", "Final"]);
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    let mut device = Device::start(config().with_defer_alerts(true), local());
    device.raise(download("1"));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.closed.unwrap().alerts.len(), 1);
}

#[test]
fn cst_18_the_servers_package_goes_on() {
    let mut device = device();
    let commands = [replace("./Vendor/Name", "two"), chunk(true, "./Vendor/Big", "123", Some(6), true)];
    let message = device.exchange(with(commands).more());
    assert_eq!(outline(&message), ["SyncHdr 1/0 212", "Replace 1/4 200", "Add 1/5 213", "Alert 1222"]);
    // Results stand for a 1222.
    let mut device = self::device();
    let message = device.exchange(with([get("./Vendor/Name")]).more());
    assert_eq!(outline(&message)[..3], ["SyncHdr 1/0 212", "Get 1/4 200", "Results 1/4 ./Vendor/Name=one"]);
    assert!(!message.is_final);
}

#[test]
fn cst_19_what_fits_is_final() {
    let mut device = device();
    let message = device.exchange(with([get("./Vendor/Name")]).with_max_msg_size(1000));
    assert!(message.is_final);
}

#[test]
fn cst_20_what_does_not_fit_is_not() {
    for limit in [700, 900, 1300] {
        let mut device = Device::start_in(tree_of(4, 400), config(), local(), AlertQueue::new());
        let gets = (0..4).map(|index| get(&format!("./Vendor/T{index}")));
        let message = device.exchange(with(gets).with_max_msg_size(limit));
        assert!(!message.is_final);
        let len = device.last_request().body.len();
        assert!(len > usize::try_from(limit).unwrap() / 2, "{len} of {limit}: it is filled");
    }
}

#[test]
fn cst_21_the_next_part() {
    let mut device = Device::start_in(tree_of(6, 300), config(), local(), AlertQueue::new());
    let gets = (0..6).map(|index| get(&format!("./Vendor/T{index}")));
    let messages = device.collect(with(gets).with_max_msg_size(1200));
    assert!(messages.len() > 2);
    for (index, message) in messages.iter().enumerate().skip(1) {
        let expected = [format!("SyncHdr {}/0 212", index + 1), format!("Alert {}/2 200", index + 1)];
        let words = outline(message);
        assert_eq!(words[0], expected[0]);
        assert!(words[1].starts_with(&format!("Alert {}/", index + 1)) && words[1].ends_with(" 200"), "{words:?}");
        assert_eq!(message.is_final, index + 1 == messages.len());
    }
    assert_eq!(joined(&messages).len(), 6);
}

#[test]
fn cst_22_new_commands_instead_of_1222_are_refused() {
    let mut device = Device::start_in(tree_of(4, 400), config(), local(), AlertQueue::new());
    let gets = (0..4).map(|index| get(&format!("./Vendor/T{index}")));
    let mut messages = vec![device.exchange(with(gets).with_max_msg_size(1300))];
    assert!(!messages[0].is_final);
    let before = device.look("./Vendor");
    messages.push(device.exchange(with([delete("./Vendor/Area"), get("./Vendor/Name")])));
    assert_eq!(codes(&messages[1])[..2], [500, 500]);
    assert_eq!(device.look("./Vendor"), before);
    while !messages.last().unwrap().is_final {
        messages.push(device.exchange(Answer::next()));
    }
    let uris: Vec<String> = joined(&messages).into_iter().map(|(uri, _)| uri).collect();
    assert_eq!(uris, ["./Vendor/T0", "./Vendor/T1", "./Vendor/T2", "./Vendor/T3"], "the rest is delivered");
}

#[test]
fn cst_23_the_next_message_of_an_open_package() {
    let mut device = device();
    device.exchange(with([chunk(true, "./Vendor/Big", "123", Some(6), true)]).more());
    let commands = [chunk(true, "./Vendor/Big", "456", None, false), get("./Vendor/Big")];
    let message = device.exchange(with(commands));
    let expected = ["SyncHdr 2/0 212", "Add 2/3 200", "Get 2/4 200", "Results 2/4 ./Vendor/Big=123456", "Final"];
    assert_eq!(outline(&message), expected);
}

#[test]
fn cst_24_the_next_package() {
    let mut device = device();
    for round in 0..5 {
        let value = round.to_string();
        let message = device.exchange(with([replace("./Vendor/Name", &value)]));
        assert_eq!(codes(&message), [200]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), value);
    }
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn cst_25_local_abort_in_any_state() {
    for index in 0..5 {
        let (state, mut device) = waiting().swap_remove(index);
        let before = device.look(".");
        let sent = device.sent.len();
        device.abort();
        if device.sent.len() == sent {
            // The answer that is on its way comes first.
            device.answer(with([delete("./Vendor/Area")]));
        }
        let message = device.last();
        assert_eq!(alerts(message).last().unwrap().code().unwrap().code(), 1223, "{state}");
        assert!(message.is_final, "{state}");
        if device.closed.is_none() {
            device.answer(Answer::ok());
        }
        assert_eq!(device.reason(), Reason::Aborted, "{state}");
        assert_eq!(device.look("."), before, "{state}");
    }
}

#[test]
fn cst_25_an_abort_before_the_first_message_is_not_told() {
    let mut device = Device::start_held(config(), local(), many(1));
    assert!(device.held.is_some() && device.sent.is_empty(), "DevInfo is being read");
    device.abort();
    assert_eq!(device.reason(), Reason::Aborted);
    assert!(device.post.is_none() && device.sent.is_empty(), "nothing is sent, no 1223 either");
    assert_eq!(device.closed.unwrap().alerts.len(), 1, "the alert is kept");
}

#[test]
fn cst_26_what_comes_back_is_ignored() {
    let aborting = || waiting().swap_remove(5).1;
    let mut ends: Vec<Device> = Vec::new();
    let mut device = aborting();
    device.answer(with(harm()));
    ends.push(device);
    let mut device = aborting();
    device.fail();
    ends.push(device);
    let mut device = aborting();
    device.respond(Response::new(500));
    ends.push(device);
    let mut device = aborting();
    device.respond(response(Encoding::Xml, b"nonsense".to_vec()));
    ends.push(device);
    let mut device = aborting();
    device.wait();
    ends.push(device);
    for device in &mut ends {
        assert_eq!(device.reason(), Reason::Aborted);
        assert_eq!(device.sent.len(), 2);
        assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
    }
}

#[test]
fn cst_27_the_same_bytes_again() {
    for index in 0..5 {
        let (state, mut device) = waiting().swap_remove(index);
        let (sent, body) = (device.sent.len(), device.last_request().body.clone());
        device.fail();
        assert!(device.post.is_none(), "{state}: it waits a while");
        device.wait();
        assert_eq!((device.sent.len(), device.resent), (sent, 1), "{state}");
        assert_eq!(device.post.as_ref().unwrap().1.body, body, "{state}");
        if state == "SETUP" {
            assert_eq!(device.end(Answer::ok()), Reason::Ended);
        }
    }
}

#[test]
fn cst_28_no_answer_at_all() {
    for index in 0..5 {
        let (state, mut device) = waiting().swap_remove(index);
        let before = device.look(".");
        let waiting = device.client.alerts().len();
        for _ in 0..3 {
            device.fail();
            device.wait();
        }
        device.fail();
        assert_eq!((device.reason(), device.resent), (Reason::Transport, 3), "{state}");
        assert_eq!(device.look("."), before, "{state}");
        assert_eq!(device.closed.as_ref().unwrap().alerts.len(), waiting, "{state}: alerts are kept");
    }
}

#[test]
fn cst_29_an_alert_leaves_the_queue_with_its_status() {
    let mut device = Device::start_with(with_identity(), local(), many(2));
    device.exchange(md5_challenge(9));
    assert_eq!((device.alert_statuses.len(), device.client.alerts().len()), (0, 2));
    assert_eq!(codes_of_alerts(device.last()), [1201, 1226, 1226]);
    // Any final code.
    let mut answer = with([get("./Vendor/Name")]);
    answer.command_status = StatusCode::UNSUPPORTED_FORMAT;
    device.exchange(answer);
    assert_eq!(device.alert_statuses.iter().map(|(_, status)| status.code()).collect::<Vec<_>>(), [415, 415]);
    assert!(device.client.alerts().is_empty());
    // One that was not answered goes into the next session.
    let mut device = Device::start_with(config(), local(), many(1));
    let mut silent = Answer::ok();
    silent.answers = false;
    assert_eq!(device.end(silent), Reason::Ended);
    assert_eq!(device.closed.unwrap().alerts.len(), 1);
}

#[test]
fn cst_29_a_stranger_answers_no_alert() {
    for cred in [None, Some(stranger())] {
        let mut device = Device::start_with(with_demand(Scheme::Md5), local(), many(1));
        device.exchange(Answer { cred, ..with([get("./Vendor/Name")]) });
        assert_eq!((device.alert_statuses.len(), device.client.alerts().len()), (0, 1));
        // The server proves itself, and has the answer for the alert forgotten by now.
        device.exchange(with([get("./Vendor/Name")]).with_cred(md5(HOST, &nonce(1))));
        device.answer(Answer::ok());
        while device.closed.is_none() {
            device.answer(Answer::ok());
        }
        let kept = device.closed.as_ref().map_or(0, |closed| closed.alerts.len());
        assert_eq!((kept, device.alert_statuses.len()), (1, 0), "it is kept");
    }
}

// --- section 5: the Status of an alert -------------------------------------------------------------------------

#[test]
fn alerts_are_answered_by_their_code() {
    let mut device = interactive();
    device.user.push_back(UserReply::Accepted);
    let cases =
        [(1222, 200), (1225, 200), (1105, 406), (1199, 406), (1202, 406), (1220, 406), (1227, 406), (1299, 406)];
    let message = device.exchange(with(cases.map(|(code, _)| alert(code, &[]))));
    assert_eq!(codes(&message), cases.map(|(_, status)| status));
    // What only a client says is refused.
    let message = device.exchange(with([1200, 1201, 1224, 1226].map(|code| alert(code, &["", "x"]))));
    assert!(codes(&message).iter().all(|code| (400..600).contains(code)), "{:?}", codes(&message));
}

#[test]
fn user_interactions_are_answered_by_what_they_lack() {
    let cases: [(u32, &[&str], u32); 9] = [
        (1100, &[], 412),
        (1100, &[""], 412),
        (1101, &["only"], 412),
        (1102, &[""], 412),
        (1103, &["", "title"], 412),
        (1104, &["", "title"], 412),
        (1103, &["", "title", "one"], 200),
        (1104, &["", "title", "one"], 200),
        (1100, &["", "text", "more"], 200),
    ];
    for (code, texts, status) in cases {
        let mut device = interactive();
        device.user.push_back(match code {
            1103 | 1104 => UserReply::Choices(vec![1]),
            _ => UserReply::Accepted,
        });
        let message = device.exchange(with([alert(code, texts)]));
        assert_eq!(codes(&message), [status], "{code} {texts:?}");
    }
    let mut device = device();
    let message = device.exchange(with((1100..=1104).map(|code| alert(code, &["", "text", "1"]))));
    assert_eq!(codes(&message), [406; 5], "without a user");
}

// --- section 7.3: the receiver of a large object ---------------------------------------------------------------

fn first(size: Option<u64>) -> Answer {
    with([chunk(false, "./Vendor/Name", "123", size, true)]).more()
}

#[test]
fn chunk_first_is_buffered() {
    let mut device = device();
    assert_eq!(outline(&device.exchange(first(Some(6)))), ["SyncHdr 1/0 212", "Replace 1/4 213", "Alert 1222"]);
}

#[test]
fn chunk_without_a_size_is_411() {
    let mut device = device();
    assert_eq!(codes(&device.exchange(first(None))), [411]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn chunk_of_something_too_large_is_413_and_so_is_all_that_follows() {
    let mut device = Device::start(config().with_max_obj_size(Some(5)), local());
    assert_eq!(codes(&device.exchange(first(Some(6)))), [413]);
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "45", None, true)]).more());
    assert_eq!(codes(&message).last(), Some(&413));
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "6", None, false)]));
    assert_eq!(codes(&message).last(), Some(&413));
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    let message = device.exchange(with([replace("./Vendor/Name", "two")]));
    assert_eq!(codes(&message), [200]);
}

#[test]
fn cst_16_a_chunk_without_room_is_420() {
    let tree = vendor_tree_within(TreeLimits::DEFAULT.with_total_len(6000));
    let mut device = Device::start_in(tree, config(), local(), AlertQueue::new());
    let before = device.look(".");
    let half = "x".repeat(4000);
    let mut code =
        *codes(&device.exchange(with([chunk(true, "./Vendor/Big", &half, Some(8000), true)]).more())).last().unwrap();
    if code == 213 {
        code = *codes(&device.exchange(with([chunk(true, "./Vendor/Big", &half, None, false)]))).last().unwrap();
    }
    assert_eq!(code, 420);
    assert_eq!(device.look("."), before);
}

#[test]
fn chunks_that_are_right_are_one_command() {
    let mut device = device();
    let asked = device.managed.len();
    device.exchange(first(Some(9)));
    assert_eq!(codes(&device.exchange(with([chunk(false, "./Vendor/Name", "456", None, true)]).more())), [213]);
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "789", None, false)]));
    assert_eq!(outline(&message), ["SyncHdr 3/0 212", "Replace 3/3 200", "Final"]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "123456789");
    let changes = device.managed[asked..]
        .iter()
        .filter(|request| matches!(request.command, dm_session::tree::dm1::Command::Replace { .. }))
        .count();
    assert_eq!(changes, 1);
}

#[test]
fn chunks_have_the_codes_of_their_command() {
    let mut device = device();
    let denied = with([chunk(false, "./Private", "123", Some(6), true)]).more();
    assert_eq!(codes(&device.exchange(denied)), [425]);
    let missing = with([chunk(false, "./Vendor/Missing", "123", Some(6), true)]).more();
    assert_eq!(codes(&device.exchange(missing)).last(), Some(&404));
}

#[test]
fn chunks_of_another_total_are_424() {
    for (size, last) in [(7, "456"), (5, "456")] {
        let mut device = device();
        device.exchange(first(Some(size)));
        assert_eq!(codes(&device.exchange(with([chunk(false, "./Vendor/Name", last, None, false)]))), [424]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    }
}

#[test]
fn chunks_beyond_their_size_are_424_at_once() {
    let mut device = device();
    device.exchange(first(Some(5)));
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "456", None, true)]).more());
    assert_eq!(codes(&message).last(), Some(&424));
    // Nothing is kept of it.
    let message = device.exchange(with([chunk(false, "./Vendor/Name", "", None, false)]));
    assert_eq!(codes(&message).last(), Some(&424));
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn cst_16_chunks_that_do_not_end_are_1225_and_what_follows_is_done() {
    for interruption in [
        vec![get("./Vendor/Level")],
        vec![replace("./Vendor/Level", "6")],
        vec![chunk(false, "./Vendor/Level", "6", None, false)],
        vec![chunk(true, "./Vendor/Name", "456", None, false)],
        vec![chunk(true, "./Vendor/Other", "4", Some(2), true)],
    ] {
        let mut device = device();
        device.exchange(first(Some(6)));
        let is_final = !interruption.iter().any(|command| command.items()[0].more_data);
        let count = interruption.len();
        let message = device.exchange(Answer { is_final, ..with(interruption) });
        let interrupted = alerts(&message).find(|alert| alert.code().unwrap().code() == 1225).expect("1225");
        let item = &interrupted.items[0];
        let named = item.source_uri().into_iter().chain(item.target_uri()).any(|uri| *uri == "./Vendor/Name");
        assert!(named, "{item:?}");
        assert_eq!(codes(&message).len(), count);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
        if is_final {
            assert!(message.is_final);
            assert_eq!(device.end(Answer::ok()), Reason::Ended);
        }
    }
}

#[test]
fn chunks_are_dropped_with_the_session() {
    let mut device = device();
    device.exchange(first(Some(6)));
    for _ in 0..3 {
        device.fail();
        device.wait();
    }
    device.fail();
    assert_eq!(device.reason(), Reason::Transport);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn chunks_are_406_for_a_device_without_large_objects() {
    let mut device = Device::start(config().with_max_obj_size(None), local());
    assert_eq!(codes(&device.exchange(first(Some(6)))), [406]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    // What it has to send has to fit too.
    let mut device = Device::start_in(tree_of(1, 3000), config().with_max_obj_size(None), local(), AlertQueue::new());
    let message = device.exchange(with([get("./Vendor/T0")]).with_max_msg_size(1000));
    assert_eq!(codes(&message), [413]);
    assert!(message.is_final);
}

#[test]
fn chunks_inside_of_containers_are_refused() {
    let part = || chunk(false, "./Vendor/Name", "123", Some(6), true);
    for container in [atomic([part()]), sequence([part()])] {
        let mut device = device();
        let message = device.exchange(with([container]).more());
        assert!(codes(&message)[1] >= 400, "{:?}", codes(&message));
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    }
}

#[test]
fn chunks_in_wbxml_are_counted_as_octets() {
    let item = |data: &[u8], size: Option<u64>, more: bool| {
        let mut meta = dm_syncml::Meta::new().with_format(dm_syncml::Format::Bin).with_type("image/png");
        if let Some(size) = size {
            meta = meta.with_size(size);
        }
        let mut item = Item::target("./Vendor/Icon").with_meta(meta).with_data(dm_syncml::Data::opaque(data.to_vec()));
        item.more_data = more;
        Command::Add(dm_syncml::Operation::new("").with_item(item))
    };
    let mut device = Device::start(config().with_encoding(Encoding::Wbxml), local());
    device.exchange(with([item(&[0, 1, 255], Some(5), true)]).more());
    let message = device.exchange(with([item(&[254, 2], None, false)]));
    assert_eq!(codes(&message).last(), Some(&200));
    let found = device.look("./Vendor/Icon");
    assert_eq!(found[0].data.as_bytes(), Some(&[0, 1, 255, 254, 2][..]));
}

// --- section 8.1: Atomic ---------------------------------------------------------------------------------------

#[test]
fn atomic_of_which_all_succeed() {
    let mut device = device();
    let children = [replace("./Vendor/Name", "two"), add("./Vendor/New", "n"), delete("./Vendor/Area")];
    assert_eq!(codes(&device.exchange(with([atomic(children)]))), [200, 200, 200, 200]);
    assert_eq!(device.value("./Vendor/New").unwrap(), "n");
}

#[test]
fn atomic_with_a_child_that_fails() {
    let mut device = device();
    let before = device.look(".");
    let children = [
        replace("./Vendor/Name", "two"),
        add("./Vendor/New", "n"),
        delete("./Nowhere"),
        copy("./Vendor/Name", "./Vendor/C"),
    ];
    let message = device.exchange(with([atomic(children), get("./Vendor/Name")]));
    assert_eq!(codes(&message), [507, 216, 216, 404, 215, 200]);
    assert_eq!(values(&message), [("./Vendor/Name".into(), "one".into())]);
    assert_eq!(device.look("."), before);
}

#[test]
fn atomic_that_cannot_be_undone() {
    let mut device = device();
    device.can_undo = false;
    let children = [replace("./Vendor/Name", "two"), replace("./Vendor/Radio", "am"), delete("./Nowhere")];
    assert_eq!(codes(&device.exchange(with([atomic(children)]))), [507, 216, 516, 404]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    // With a radio that can be set back:
    let mut device = self::device();
    let children = [replace("./Vendor/Radio", "am"), delete("./Nowhere")];
    assert_eq!(codes(&device.exchange(with([atomic(children)]))), [507, 216, 404]);
    assert_eq!(device.value("./Vendor/Radio").unwrap(), "fm");
}

#[test]
fn atomic_in_which_the_user_says_no() {
    for (reply, status) in [(UserReply::Rejected, 304), (UserReply::Cancelled, 214), (UserReply::TimedOut, 408)] {
        let mut device = interactive();
        let before = device.look(".");
        device.user.push_back(reply);
        let children = [replace("./Vendor/Name", "two"), confirm("?"), delete("./Vendor/Area")];
        assert_eq!(codes(&device.exchange(with([atomic(children)]))), [507, 216, status, 215]);
        assert_eq!(device.look("."), before);
    }
}

#[test]
fn atomic_after_a_cancel_is_skipped() {
    let mut device = interactive();
    device.user.push_back(UserReply::Cancelled);
    let commands = [confirm("?"), atomic([replace("./Vendor/Name", "two"), delete("./Vendor/Area")])];
    assert_eq!(codes(&device.exchange(with(commands))), [214, 215, 215, 215]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn atomic_with_a_child_that_is_none() {
    for (child, count) in [
        (get("./Vendor/Name"), 1),
        (exec("./Vendor/Run"), 1),
        (atomic([delete("./Vendor/Area")]), 2),
        (sequence([delete("./Vendor/Area")]), 2),
    ] {
        let mut device = device();
        let before = device.look(".");
        let message =
            device.exchange(with([atomic([replace("./Vendor/Name", "two"), child, delete("./Vendor/Area")])]));
        let codes = codes(&message);
        assert_eq!((codes[..3].to_vec(), codes.len()), (vec![507, 216, 500], 3 + count));
        assert_eq!(codes.last(), Some(&215));
        assert_eq!(results(&message).count(), 0);
        assert_eq!((device.look("."), device.executed.len()), (before, 0));
    }
}

#[test]
fn atomic_whose_statuses_do_not_fit_one_message() {
    // All of it is done first, so that the Statuses may go in several messages.
    let mut device = device();
    let children: Vec<_> = (0..40).map(|index| add(&format!("./Vendor/N{index}"), "n")).collect();
    let messages = device.collect(with([atomic(children)]).with_max_msg_size(1000));
    assert!(messages.len() > 2);
    let all: Vec<u32> = statuses_of(&messages, "Atomic").into_iter().chain(statuses_of(&messages, "Add")).collect();
    assert_eq!(all, [200; 41]);
    assert_eq!(device.value("./Vendor/N39").unwrap(), "n");
}

fn statuses_of(messages: &[Message<'_>], name: &str) -> Vec<u32> {
    let statuses = messages.iter().flat_map(statuses);
    let named = statuses.filter(|status| status.cmd.as_ref().is_some_and(|cmd| cmd.as_str() == name));
    named.map(|status| status.code().unwrap().code()).collect()
}

#[test]
fn atomic_on_a_device_without_it() {
    let mut device = Device::start(config().with_atomic(false), local());
    let before = device.look(".");
    let children = [replace("./Vendor/Name", "two"), delete("./Vendor/Area")];
    let codes = codes(&device.exchange(with([atomic(children)])));
    assert_eq!(codes[0], 406);
    assert!(codes[1..].iter().all(|code| [406, 215].contains(code)) && codes.len() == 3, "{codes:?}");
    assert_eq!(device.look("."), before);
}

#[test]
fn atomic_of_a_server_without_authorization() {
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    let children = || [replace("./Vendor/Name", "two"), delete("./Vendor/Area")];
    assert_eq!(codes(&device.exchange(with([atomic(children())]))), [407, 407, 407]);
    assert_eq!(codes(&device.exchange(with([atomic(children())]).with_cred(stranger()))), [401, 401, 401]);
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn atomic_is_given_up_with_the_session() {
    // The user thinks, the first child is done, and the session ends: undone.
    for how in ["abort", "timeout"] {
        let mut device = Device::start(
            config().with_interaction(true).with_limits(Limits::DEFAULT.with_session_timeout(Duration::from_secs(60))),
            local(),
        );
        let before = device.look(".");
        let children = [replace("./Vendor/Name", "two"), confirm("?"), delete("./Vendor/Area")];
        device.answer(with([atomic(children)]));
        assert!(device.asked.is_some());
        match how {
            "abort" => device.abort(),
            _ => device.pass(61_000),
        }
        assert_eq!(device.look("."), before, "{how}");
    }
}

// --- section 8.2: Sequence -------------------------------------------------------------------------------------

#[test]
fn sequence_is_200_and_its_children_speak_for_themselves() {
    let mut device = device();
    let children = [delete("./Nowhere"), replace("./Vendor/Name", "two"), get("./Vendor/Name"), exec("./Vendor/Run")];
    let message = device.exchange(with([sequence(children)]));
    assert_eq!(codes(&message), [200, 404, 200, 200, 200]);
    assert_eq!(values(&message), [("./Vendor/Name".into(), "two".into())]);
    assert_eq!(device.executed.len(), 1);
}

#[test]
fn sequence_stops_at_a_failure_where_it_is_told_to() {
    let mut device = Device::start(config().with_stop_sequence(true), local());
    let children = [replace("./Vendor/Name", "two"), delete("./Nowhere"), delete("./Vendor/Area")];
    let message = device.exchange(with([sequence(children), get("./Vendor/Name")]));
    assert_eq!(codes(&message), [200, 200, 404, 215, 200]);
    assert_eq!(device.value("./Vendor/Area/A").unwrap(), "a");
}

#[test]
fn sequence_takes_an_atomic() {
    let mut device = device();
    let failing = atomic([replace("./Vendor/Name", "two"), delete("./Nowhere")]);
    let message = device.exchange(with([sequence([failing, atomic([delete("./Vendor/Area")]), get("./Vendor/Name")])]));
    assert_eq!(codes(&message), [200, 507, 216, 404, 200, 200, 200]);
    assert_eq!(values(&message), [("./Vendor/Name".into(), "one".into())]);
}

// --- section 10.2: the effect of a user interaction ------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
enum Place {
    Atomic,
    Sequence,
    Body,
}

/// The Statuses when the user says this to a confirm in that place, with commands before and behind.
fn placed(reply: &UserReply, place: Place) -> Vec<u32> {
    let mut device = interactive();
    device.user.push_back(reply.clone());
    let around = [replace("./Vendor/Name", "two"), confirm("?"), delete("./Vendor/Area")];
    let behind = [get("./Vendor/Level"), sequence([get("./Vendor/Level")]), atomic([delete("./Vendor/Radio")])];
    let commands = match place {
        Place::Atomic => with([atomic(around)]),
        Place::Sequence => with([sequence(around)]),
        Place::Body => with(around),
    };
    let message = device.exchange(commands.with(behind));
    codes(&message)
}

const DONE: [u32; 5] = [200; 5];
const SKIPPED: [u32; 5] = [215; 5];

#[track_caller]
fn assert_placed(reply: &UserReply, place: Place, expected: &[u32], behind: [u32; 5]) {
    assert_eq!(placed(reply, place), [expected, &behind].concat(), "{reply:?} {place:?}");
}

#[test]
fn placement_reject_in_atomic_fails_it() {
    assert_placed(&UserReply::Rejected, Place::Atomic, &[507, 216, 304, 215], DONE);
}

#[test]
fn placement_reject_in_sequence_bypasses_the_rest_of_it() {
    assert_placed(&UserReply::Rejected, Place::Sequence, &[200, 200, 304, 215], DONE);
}

#[test]
fn placement_reject_in_the_body_has_no_effect() {
    assert_placed(&UserReply::Rejected, Place::Body, &[200, 304, 200], DONE);
}

#[test]
fn placement_cancel_in_atomic_fails_it() {
    assert_placed(&UserReply::Cancelled, Place::Atomic, &[507, 216, 214, 215], DONE);
}

#[test]
fn placement_cancel_in_sequence_bypasses_the_rest_of_it() {
    assert_placed(&UserReply::Cancelled, Place::Sequence, &[200, 200, 214, 215], DONE);
}

#[test]
fn placement_cancel_in_the_body_stops_the_message() {
    assert_placed(&UserReply::Cancelled, Place::Body, &[200, 214, 215], SKIPPED);
}

#[test]
fn placement_timeout_in_atomic_is_a_cancel() {
    assert_placed(&UserReply::TimedOut, Place::Atomic, &[507, 216, 408, 215], DONE);
}

#[test]
fn placement_timeout_in_sequence_is_a_cancel() {
    assert_placed(&UserReply::TimedOut, Place::Sequence, &[200, 200, 408, 215], DONE);
}

#[test]
fn placement_timeout_in_the_body_is_a_cancel() {
    assert_placed(&UserReply::TimedOut, Place::Body, &[200, 408, 215], SKIPPED);
}

#[test]
fn placement_of_a_timeout_that_the_machine_sees() {
    for (container, expected) in
        [(None, vec![200, 408, 215]), (Some(false), vec![200, 200, 408, 215]), (Some(true), vec![507, 216, 408, 215])]
    {
        let mut device = interactive();
        let around = [replace("./Vendor/Name", "two"), alert(1101, &["MAXDT=5", "?"]), delete("./Vendor/Area")];
        device.answer(match container {
            None => with(around),
            Some(false) => with([sequence(around)]),
            Some(true) => with([atomic(around)]),
        });
        device.wait();
        assert_eq!(codes(device.last()), expected);
        assert_eq!(device.cancelled.len(), 1);
        // The user who answers too late answers nothing.
        assert!(device.asked.is_none());
    }
}

#[test]
fn placement_of_accepting_lets_everything_be_done() {
    for place in [Place::Atomic, Place::Sequence] {
        assert_placed(&UserReply::Accepted, place, &[200; 4], DONE);
    }
    assert_placed(&UserReply::Accepted, Place::Body, &[200; 3], DONE);
}

#[test]
fn placement_of_a_cancel_in_a_sequence_inside_of_it() {
    // The inner rest, and the outer goes on: it is the Sequence that the alert is in.
    let mut device = interactive();
    device.user.push_back(UserReply::Rejected);
    let inner = sequence([confirm("?"), delete("./Vendor/Area")]);
    let message = device.exchange(with([sequence([inner, get("./Vendor/Level")]), get("./Vendor/Level")]));
    let codes = codes(&message);
    assert_eq!(codes[..4], [200, 200, 304, 215]);
    assert_eq!(codes.last(), Some(&200));
}

// --- section 12: losses ----------------------------------------------------------------------------------------

#[test]
fn loss_http_statuses_that_are_tried_again() {
    for status in [408, 500, 502, 503, 504] {
        let mut device = device();
        device.respond(Response::new(status));
        assert!(device.closed.is_none() && device.post.is_none(), "{status}");
        device.wait();
        assert_eq!((device.sent.len(), device.resent), (1, 1), "{status}");
        assert_eq!(device.end(Answer::ok()), Reason::Ended);
    }
}

#[test]
fn loss_waits_are_longer_each_time() {
    let mut device = device();
    let mut waits = Vec::new();
    for _ in 0..3 {
        device.respond(Response::new(503));
        waits.push(device.client.poll_timeout().unwrap().since(device.time()).as_secs());
        device.wait();
    }
    assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "{waits:?}");
    device.respond(Response::new(503).with_header("Retry-After", "120"));
    assert_eq!(device.reason(), Reason::Http(503));
    assert_eq!(device.closed.unwrap().retry_after, Some(Duration::from_secs(120)));
}

#[test]
fn loss_other_http_statuses_end_the_session() {
    for status in [400, 401, 403, 404, 407, 410, 413, 501] {
        let mut device = Device::start_with(config(), local(), many(1));
        device.respond(Response::new(status));
        assert_eq!(device.reason(), Reason::Http(status));
        assert_eq!(device.closed.unwrap().alerts.len(), 1);
    }
}

#[test]
fn loss_of_patience_of_the_server_is_respected() {
    let mut device = device();
    device.respond(Response::new(429).with_header("Retry-After", "77"));
    assert!(device.post.is_none() && device.closed.is_none());
    assert_eq!(device.client.poll_timeout().unwrap().since(device.time()), Duration::from_secs(77));
    device.wait();
    assert_eq!((device.sent.len(), device.resent), (1, 1));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn loss_of_the_connection_and_an_answer_that_does_not_come() {
    let mut device = device();
    // Nothing comes for as long as a request may take.
    device.wait();
    assert_eq!(device.cancelled.len(), 1);
    while device.post.is_none() {
        device.wait();
    }
    assert_eq!((device.sent.len(), device.resent), (1, 1));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn loss_msgids_that_jump_end_the_session() {
    let edits: [Edit; 4] = [
        |header| header.msg_id = "3".into(),
        |header| header.msg_id = "1".into(),
        |header| header.msg_id = "0".into(),
        |header| header.msg_id = "4294967297".into(),
    ];
    for edit in edits {
        let mut device = device();
        device.exchange(with([get("./Vendor/Name")]));
        assert_eq!(device.end(with([get("./Vendor/Name")]).edited(edit)), Reason::BadMessage);
    }
    // The server counts from where it likes.
    let mut device = device();
    device.server_msg = 40;
    device.exchange(with([get("./Vendor/Name")]));
    device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
}

#[test]
fn loss_the_credentials_are_those_of_the_first_time() {
    let mut device = Device::start(with_identity(), local());
    device.exchange(md5_challenge(9));
    let first = device.last_request().clone();
    device.fail();
    device.wait();
    assert_eq!(device.post.as_ref().unwrap().1, first, "the same bytes, the same headers, the same place");
}

#[test]
fn loss_an_alert_in_progress_is_not_sent_again_and_not_lost() {
    let mut device = Device::start_with(config(), local(), many(1));
    let mut answer = with([get("./Vendor/Name")]);
    answer.command_status = StatusCode::IN_PROGRESS;
    let message = device.exchange(answer);
    assert_eq!(codes_of_alerts(&message), [0; 0]);
    assert_eq!((device.alert_statuses.len(), device.client.alerts().len()), (0, 1));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.closed.unwrap().alerts.len(), 1);
}

#[test]
fn loss_redirects_are_posts_to_the_same_origin() {
    for status in [301, 302, 303, 307, 308] {
        let mut device = device();
        device.respond(Response::new(status).with_header("Location", "https://dm.example/other?x=1"));
        let (_, request) = device.post.clone().unwrap();
        assert_eq!(
            (request.method, request.uri.as_str()),
            (dm_session::http::Method::Post, "https://dm.example/other?x=1")
        );
        assert_eq!(request.body, device.last_request().body);
        let mut device = self::device();
        device.respond(Response::new(status).with_header("Location", "https://evil.example/dm"));
        assert_eq!(device.reason(), Reason::RespUri, "{status}");
    }
}

#[test]
fn loss_resp_uri_sticks_and_stays_at_home() {
    let mut device = device();
    let there = "https://dm.example/dm?sid=7";
    device.exchange(with([get("./Vendor/Name")]).with_resp_uri(there));
    assert_eq!(device.last_request().uri, there);
    device.exchange(with([get("./Vendor/Name")]));
    assert_eq!(device.last_request().uri, there, "until another one is said");
    assert_eq!(device.last().header.target.uri.as_str(), SERVER, "Target is the server");
    for uri in ["http://dm.example/dm", "https://dm.example:444/dm", "https://evil.example/dm", "no uri"] {
        let mut device = self::device();
        let before = device.look(".");
        let reason = device.end(with([replace("./Vendor/Name", "two")]).with_resp_uri(uri));
        assert_eq!(reason, Reason::RespUri, "{uri}");
        assert_eq!(device.look("."), before, "{uri}");
    }
}

#[test]
fn loss_a_session_does_not_last_for_ever() {
    let limits = Limits::DEFAULT.with_session_timeout(Duration::from_secs(100));
    let mut device = Device::start(config().with_limits(limits), local());
    device.pass(101_000);
    assert_eq!(device.reason(), Reason::Timeout);
    let limits = Limits::DEFAULT.with_max_messages(3);
    let mut device = Device::start(config().with_limits(limits), local());
    for _ in 0..10 {
        if device.closed.is_some() {
            break;
        }
        device.answer(with([get("./Vendor/Name")]));
    }
    assert_eq!((device.reason(), device.sent.len()), (Reason::Limit, 3));
}

// --- security, section 7.5: both directions in Package#2 -------------------------------------------------------

#[derive(Clone, Copy, Debug)]
enum Shown {
    Right,
    Nothing,
    Wrong,
}

impl Shown {
    fn cred(self) -> Option<dm_syncml::Cred<'static>> {
        match self {
            Self::Right => Some(host()),
            Self::Nothing => None,
            Self::Wrong => Some(stranger()),
        }
    }

    fn refusal(self) -> u32 {
        if matches!(self, Self::Wrong) { 401 } else { 407 }
    }
}

fn authenticated() -> ClientConfig {
    mutual().with_identity(Identity::new(credentials(USER)).with_first(Scheme::Md5))
}

#[test]
fn joint_view_accepted_and_server_authenticated() {
    let mut device = Device::start(authenticated(), local());
    let message = device.exchange(with([replace("./Vendor/Name", "two")]).with_cred(host()));
    assert_eq!((header_status(&message), codes(&message)), (212, vec![200]));
    assert!(message.header.cred.is_none(), "212 asks for no more");
    assert!(device.client.server_is_trusted());
    let mut device = Device::start(authenticated(), local());
    assert_eq!(device.end(Answer::ok().with_cred(host())), Reason::Ended);
}

#[test]
fn joint_view_accepted_and_server_unknown_with_commands() {
    for shown in [Shown::Nothing, Shown::Wrong] {
        for status in [200, 212] {
            let mut device = Device::start(authenticated(), local());
            let message = device
                .exchange(Answer { cred: shown.cred(), ..with([replace("./Vendor/Name", "two")]).header(status) });
            assert_eq!(header_status(&message), shown.refusal());
            assert!(chal(&message).is_some());
            assert_eq!(codes(&message), [shown.refusal()]);
            assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
        }
    }
}

#[test]
fn joint_view_accepted_and_server_unknown_without_commands() {
    for shown in [Shown::Nothing, Shown::Wrong] {
        let mut device = Device::start(authenticated(), local());
        let reason = device.end(Answer { cred: shown.cred(), ..Answer::ok() });
        assert_eq!(reason, Reason::ServerUnauthenticated);
    }
}

#[test]
fn joint_view_challenged_and_server_authenticated() {
    let mut device = Device::start(mutual(), local());
    let message = device.exchange(md5_challenge(9).with_cred(host()));
    assert_eq!(outline(&message)[0], "SyncHdr 1/0 212 syncml:auth-md5");
    assert_eq!(outline(&message)[1..], ["Alert 1201", "DevInfo", "Final"]);
    assert_md5(&message, &nonce(9));
    assert!(device.saved.contains(&(Party::Client, nonce(9))), "it may change what is stored");
}

#[test]
fn joint_view_challenged_and_server_unknown_with_commands() {
    for shown in [Shown::Nothing, Shown::Wrong] {
        let mut device = Device::start(mutual(), local());
        let message =
            device.exchange(Answer { cred: shown.cred(), ..md5_challenge(9).with([replace("./Vendor/Name", "two")]) });
        assert_eq!(header_status(&message), shown.refusal());
        assert!(chal(&message).is_some());
        assert_eq!(codes(&message), [shown.refusal()]);
        assert_md5(&message, &nonce(9));
        assert_eq!(codes_of_alerts(&message), [1201]);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
        assert_eq!(device.saved, []);
    }
}

#[test]
fn joint_view_challenged_and_server_unknown_without_commands() {
    for shown in [Shown::Nothing, Shown::Wrong] {
        let mut device = Device::start(mutual(), local());
        let message = device.exchange(Answer { cred: shown.cred(), ..md5_challenge(9) });
        assert_eq!(header_status(&message), shown.refusal(), "it is sent anyway");
        assert_eq!(outline(&message)[1..], ["Alert 1201", "DevInfo", "Final"]);
        assert_md5(&message, &nonce(9));
        assert_eq!(device.saved, []);
    }
}

/// 401 without a challenge ends it, whatever the server shows.
fn ends_without_a_challenge(shown: Shown, commands: Vec<Command<'static>>) {
    for status in [401, 407] {
        let mut device = Device::start(authenticated(), local());
        let mut answer = Answer { cred: shown.cred(), ..with(commands.clone()).header(status) };
        answer.command_status = StatusCode::new(status);
        assert_eq!(device.end(answer), Reason::Refused);
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
    }
}

#[test]
fn joint_view_refused_and_server_authenticated() {
    ends_without_a_challenge(Shown::Right, vec![]);
    ends_without_a_challenge(Shown::Right, vec![replace("./Vendor/Name", "two")]);
}

#[test]
fn joint_view_refused_and_server_unknown_with_commands() {
    ends_without_a_challenge(Shown::Nothing, vec![replace("./Vendor/Name", "two")]);
    ends_without_a_challenge(Shown::Wrong, vec![replace("./Vendor/Name", "two")]);
}

#[test]
fn joint_view_refused_and_server_unknown_without_commands() {
    ends_without_a_challenge(Shown::Nothing, vec![]);
    ends_without_a_challenge(Shown::Wrong, vec![]);
}

// --- security, section 8: whole flows --------------------------------------------------------------------------

#[test]
fn flow_of_basic_credentials() {
    let identity = Identity::new(credentials(USER)).with_weakest(Scheme::Basic);
    let mut device = Device::start(config().with_identity(identity), local());
    let message = device.exchange(Answer::challenge(407, challenge(Scheme::Basic, None)));
    assert_eq!(hash(USER).verify(message.header.cred.as_ref().unwrap(), &Nonce::EMPTY), Ok(AuthType::Basic));
    let message = device.exchange(with([get("./Vendor/Name")]));
    assert!(message.header.cred.is_none());
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.saved, []);
}

#[test]
fn flow_of_md5_credentials_in_every_message() {
    let demand = Demand::new(Scheme::Md5, credentials(HOST).with_nonce(nonce(50))).with_per_message();
    let identity = Identity::new(credentials(USER).with_nonce(nonce(40))).with_first(Scheme::Md5);
    let mut device = Device::start(config().with_identity(identity).with_demand(demand), local());
    assert_md5(device.last(), &nonce(40));
    let mut issued = nonce(50);
    for round in 0..4_u8 {
        let theirs = nonce(41 + round);
        let answer = with([get("./Vendor/Name")]).header(200).with_chal(challenge(Scheme::Md5, Some(&theirs)));
        let message = device.exchange(answer.with_cred(md5(HOST, &issued)));
        assert_md5(&message, &theirs);
        assert_eq!((header_status(&message), codes(&message)), (200, vec![200]));
        issued = chal(&message).unwrap().nonce().unwrap().unwrap();
        assert_eq!(issued, nonce(1 + round));
    }
    // One that was good once is good no more.
    let message = device.exchange(with([replace("./Vendor/Name", "two")]).header(200).with_cred(md5(HOST, &nonce(1))));
    assert_eq!((header_status(&message), codes(&message)), (401, vec![401]));
    assert_eq!(device.value("./Vendor/Name").unwrap(), "one");
}

#[test]
fn flow_of_hmac_both_ways() {
    let signed = |device: &Device, nonce: &Nonce| {
        let request = device.last_request();
        let header = HmacHeader::parse(request.headers.get("x-syncml-hmac").expect("a MAC")).unwrap();
        assert_eq!(header.username(), USER.0);
        assert_eq!(header.verify(&hash(USER), nonce, &request.body), Ok(()), "over the bytes that are sent");
        assert!(device.last().header.cred.is_none());
    };
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let demand = Demand::new(Scheme::Mac, credentials(HOST).with_nonce(nonce(50)));
        let identity = Identity::new(credentials(USER).with_nonce(nonce(40))).with_first(Scheme::Mac);
        let config = config().with_identity(identity).with_demand(demand).with_encoding(encoding);
        let mut device = Device::start(config.clone(), local());
        signed(&device, &nonce(40));
        let next = |byte| challenge(Scheme::Mac, Some(&nonce(byte)));
        let answer = with([get("./Vendor/Name")]).header(200).with_chal(next(41));
        let message = device.exchange(answer.with_mac(HOST, &nonce(50)));
        signed(&device, &nonce(41));
        assert_eq!((header_status(&message), codes(&message)), (200, vec![200]));
        let issued = chal(&message).unwrap().nonce().unwrap().unwrap();
        let answer = with([get("./Vendor/Name")]).header(200).with_chal(next(42));
        device.exchange(answer.with_mac(HOST, &issued));
        signed(&device, &nonce(42));
        assert_eq!(device.saved.iter().filter(|(party, _)| *party == Party::Client).count(), 2);
        // A message that was changed on its way.
        let answer = with([replace("./Vendor/Name", "two")]).header(200).with_chal(next(43)).with_mac(HOST, &nonce(2));
        let mut response = device.compose(answer);
        let at = response.body.windows(3).position(|bytes| bytes == b"two").expect("the value");
        response.body[at..at + 3].copy_from_slice(b"six");
        device.respond(response);
        assert_eq!((header_status(device.last()), codes(device.last())), (401, vec![401]));
        assert_eq!(device.value("./Vendor/Name").unwrap(), "one");

        // Out of step: a challenge, and Package#1 again.
        let mut device = Device::start(config, local());
        let answer = Answer::challenge(401, next(60)).with_mac(HOST, &nonce(50));
        let message = device.exchange(answer);
        signed(&device, &nonce(60));
        assert_eq!(outline(&message)[1..], ["Alert 1201", "DevInfo", "Final"]);
    }
}

#[test]
fn flow_of_resynchronization() {
    let start = Start::Notification {
        session_id: dm_notification::dm1::SessionId::new(0x2F).unwrap(),
        resync: Some(dm_notification::dm1::ResyncNonce::ZeroOctets),
    };
    let config = config()
        .with_identity(Identity::new(credentials(USER).with_nonce(nonce(40))).with_first(Scheme::Md5))
        .with_demand(Demand::new(Scheme::Md5, credentials(HOST).with_nonce(nonce(50))));
    let mut device = Device::start(config, start);
    let zero = Nonce::new([0; 4]).unwrap();
    assert_md5(device.last(), &zero);
    let answer = with([get("./Vendor/Name")]).with_chal(challenge(Scheme::Md5, Some(&nonce(41))));
    let message = device.exchange(answer.with_cred(md5(HOST, &zero)));
    assert_eq!((header_status(&message), codes(&message)), (212, vec![200]));
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.saved.len(), 2);
    assert!(device.saved.contains(&(Party::Client, nonce(41))) && device.saved.contains(&(Party::Server, nonce(1))));
}

#[test]
fn flow_of_nonces_that_were_not_delivered() {
    // The message with the nonce is lost: it does not count.
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    device.exchange(with([get("./Vendor/Name")]).with_cred(host()));
    for _ in 0..3 {
        device.fail();
        device.wait();
    }
    device.fail();
    assert_eq!(device.reason(), Reason::Transport);
    assert_eq!(device.saved, []);
    // It arrived at the second attempt.
    let mut device = Device::start(with_demand(Scheme::Md5), local());
    device.exchange(with([get("./Vendor/Name")]).with_cred(host()));
    device.fail();
    device.wait();
    assert_eq!(device.end(Answer::ok()), Reason::Ended);
    assert_eq!(device.saved, [(Party::Server, nonce(1))]);
}

#[test]
fn flow_with_a_hash_instead_of_a_password() {
    let identity = Identity::new(Credentials::from_hash(USER.0, hash(USER)));
    let mut device = Device::start(config().with_identity(identity), local());
    let message = device.exchange(md5_challenge(9));
    assert_md5(&message, &nonce(9));
}
