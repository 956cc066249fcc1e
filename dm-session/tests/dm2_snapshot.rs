//! Snapshots hold no secret, and those that strangers wrote do no harm.
#![cfg(feature = "serde")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "support/driver.rs"]
mod driver;
mod support;

use dm_session::dm2::client::{self, Start};
use dm_session::dm2::{Account, AlertQueue, Client, ClientConfig, Server, ServerConfig, server};
use dm_session::http::{BasicCredentials, Response};
use dm_session::{ErrorKind, Secret};
use driver::{restore_client, restore_server, snapshots};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use support::{DEVICE, ENDPOINT, SERVER_ID, at};

const PASSWORD: &str = "correct horse";

fn account_with_password() -> ClientConfig {
    let basic = BasicCredentials::new("device", Secret::new(PASSWORD)).unwrap();
    ClientConfig::new(Account::new(SERVER_ID, ENDPOINT).with_basic(basic), DEVICE)
}

#[test]
fn no_password_is_in_a_client_snapshot_and_the_restored_client_still_knows_it() {
    let mut client = Client::start(account_with_password(), Start::Local, AlertQueue::new(), at(0)).unwrap();
    let Some(client::Action::Post { id, .. }) = client.poll_action() else { panic!("Package#1") };
    let response = Response::new(401).with_header("WWW-Authenticate", "Basic realm=\"dm\"");
    client.handle(at(1), client::Event::Response { id, response }).unwrap();
    // The authorized request is queued now.
    let text = serde_json::to_string(&client.snapshot()).unwrap();
    for secret in [PASSWORD, "Y29ycmVjdCBob3JzZQ", "Authorization", "Basic "] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let mut restored = Client::restore(account_with_password(), serde_json::from_str(&text).unwrap()).unwrap();
    let Some(client::Action::Post { request, .. }) = restored.poll_action() else { panic!("Package#1 again") };
    assert!(request.headers.get("Authorization").unwrap().starts_with("Basic "));
    assert!(!format!("{restored:?} {request:?}").contains(PASSWORD));
}

#[test]
fn no_key_is_in_a_server_snapshot() {
    let basic = BasicCredentials::new("device", Secret::new(PASSWORD)).unwrap();
    let config = || {
        ServerConfig::new(SERVER_ID, ENDPOINT)
            .with_basic(basic.clone())
            .with_notification_key(Secret::new("s3cr3t key"), "auth data")
    };
    let mut machine = Server::start(config(), Vec::new(), at(0)).unwrap();
    let random = server::Random::from([1; 32]);
    let event = server::Event::Notify { con_type: dm_notification::ConType::Any, req_mos: true, random };
    machine.handle(at(0), event).unwrap();
    let text = serde_json::to_string(&machine.snapshot()).unwrap();
    for secret in [PASSWORD, "s3cr3t", "auth data"] {
        assert!(!text.contains(secret));
    }
    assert!(!format!("{machine:?}").contains("s3cr3t"));
    assert!(Server::restore(config(), serde_json::from_str(&text).unwrap()).is_ok());
}

#[test]
fn snapshots_of_another_version_or_server_are_refused() {
    let client = Client::start(account_with_password(), Start::Local, AlertQueue::new(), at(0)).unwrap();
    let good = serde_json::to_value(client.snapshot()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let snapshot = serde_json::from_value(bad).unwrap();
        Client::restore(account_with_password(), snapshot).unwrap_err().kind()
    };
    assert_eq!(refused(&|bad| bad["version"] = 2.into()), ErrorKind::InvalidSnapshot);
    assert_eq!(refused(&|bad| bad["core"]["server_id"] = "other".into()), ErrorKind::InvalidSnapshot);
    assert_eq!(refused(&|bad| bad["core"]["endpoint"] = "http://dm.example/".into()), ErrorKind::InvalidSnapshot);
    assert_eq!(refused(&|bad| bad["core"]["round"] = 257.into()), ErrorKind::InvalidSnapshot);
    assert_eq!(refused(&|bad| bad["core"]["alerts"]["in_transit"] = 1.into()), ErrorKind::InvalidSnapshot);
    assert_eq!(refused(&|bad| bad["core"]["effects"]["next_id"] = 0.into()), ErrorKind::InvalidSnapshot);
    let mut more = good.clone();
    more["core"]["more"] = 1.into();
    assert!(serde_json::from_value::<client::Snapshot>(more).is_err(), "unknown members are refused");
}

#[test]
fn client_snapshots_that_contradict_themselves_are_refused() {
    let mut client = support::client_with(r#"["EXEC","urn:m:1.0/1/x","https://r.example/"],["GET","urn:m:1.0/1/x"]"#);
    let outcome = dm_session::tree::Outcome::Executable("urn:m:1.0/1/x".into());
    support::manage(&mut client, outcome);
    let good = serde_json::to_value(client.snapshot()).unwrap();
    let restores = |value: Value| match serde_json::from_value(value) {
        Ok(snapshot) => Client::restore(support::config(), snapshot).is_ok(),
        Err(_) => false,
    };
    assert!(restores(good.clone()));
    let changes: [&dyn Fn(&mut Value); 9] = [
        // The open effect is an execution as well.
        &|core| core["executions"][0][0] = core["state"]["AwaitEffect"]["id"].clone(),
        // The effect does not fit the step.
        &|core| core["state"]["AwaitEffect"]["effect"] = "CheckWrite".into(),
        // As many statuses as steps, so none waits.
        &|core| core["statuses"] = r#"{"Status":[{"sc":200},{"sc":200}]}"#.into(),
        &|core| core["steps"] = Value::Array(Vec::new()),
        &|core| core["steps"][0] = serde_json::json!({ "Refused": 99 }),
        &|core| core["start"] = "Client".into(),
        &|core| core["state"] = "Done".into(),
        // Two actions of one id.
        &|core| {
            let action = core["effects"]["queue"][0].clone();
            core["effects"]["queue"].as_array_mut().unwrap().push(action);
        },
        &|core| {
            let action = core["effects"]["queue"][0].clone();
            let mut many = vec![action; 200];
            for (id, action) in many.iter_mut().enumerate() {
                action["Execute"]["id"] = id.into();
            }
            core["effects"]["next_id"] = 1_000.into();
            core["effects"]["queue"] = many.into();
        },
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad["core"]);
        assert!(!restores(bad), "change {number}");
    }
}

#[test]
fn server_snapshots_that_contradict_themselves_are_refused() {
    use support::server::{commands, config, decide, plain_p1, request, start};
    let mut machine = start(config().with_max_outstanding(1));
    request(&mut machine, 1, plain_p1());
    let _ = decide(&mut machine);
    support::server::command(&mut machine, at(1), commands(r#"["EXEC","urn:m:1.0/1/x"]"#)).unwrap();
    let good = serde_json::to_value(machine.snapshot()).unwrap();
    let restores = |value: Value| match serde_json::from_value(value) {
        Ok(snapshot) => Server::restore(config().with_max_outstanding(1), snapshot).is_ok(),
        Err(_) => false,
    };
    assert!(restores(good.clone()));
    let one = serde_json::json!({ "device_id": DEVICE, "client_uri": "urn:m:1.0/1/x", "server_uri": null });
    let changes: [&dyn Fn(&mut Value); 8] = [
        &|core| core["outstanding"] = vec![one.clone(), one.clone()].into(),
        &|core| core["server_id"] = "other".into(),
        &|core| core["device_id"] = Value::Null,
        &|core| core["device_id"] = "".into(),
        &|core| core["access"] = Value::Null,
        &|core| core["access"] = serde_json::json!({ "Token": "short" }),
        &|core| core["state"]["AwaitP3"]["sent"] = r#"{"CMD":[]}"#.into(),
        &|core| core["state"] = serde_json::json!({ "Notified": { "notice": { "id": 1, "con_type": 0, "req_mos": true }, "sends": 1, "resend_at": 0 } }),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad["core"]);
        assert!(!restores(bad), "change {number}");
    }
}

/// Changes one value somewhere in the tree of values.
fn spoil(value: &mut Value, path: &[u8], kind: u8) {
    let mut pointer = String::new();
    let mut at = &*value;
    for step in path.iter().map(|step| usize::from(*step)) {
        let (name, next) = match at {
            Value::Array(items) if !items.is_empty() => {
                let index = step % items.len();
                (index.to_string(), &items[index])
            }
            Value::Object(members) if !members.is_empty() => {
                let (name, next) = members.iter().nth(step % members.len()).unwrap();
                (name.replace('~', "~0").replace('/', "~1"), next)
            }
            _ => break,
        };
        pointer = format!("{pointer}/{name}");
        at = next;
    }
    let place = value.pointer_mut(&pointer).unwrap();
    *place = match kind % 8 {
        0 => Value::Null,
        1 => 0.into(),
        2 => u64::MAX.into(),
        3 => "".into(),
        4 => Value::Array(Vec::new()),
        5 => match &*place {
            Value::Array(items) => Value::Array(items.iter().cloned().cycle().take(items.len() * 2).collect()),
            Value::Number(number) => (number.as_u64().unwrap_or(0).saturating_add(1)).into(),
            other => other.clone(),
        },
        6 => "urn:x/".into(),
        _ => "{\"Status\":[{\"sc\":200}]}".into(),
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn spoiled_snapshots_are_refused_or_work(
        program in vec(any::<u8>(), 20..200),
        which in any::<prop::sample::Index>(),
        path in vec(any::<u8>(), 1..8),
        kind in any::<u8>(),
    ) {
        let all = snapshots(&program);
        prop_assume!(!all.is_empty());
        let (is_client, text) = &all[which.index(all.len())];
        let restore = if *is_client { restore_client } else { restore_server };
        prop_assert!(restore(text.as_bytes()), "what was not spoiled works");
        let mut value: Value = serde_json::from_str(text).unwrap();
        spoil(&mut value, &path, kind);
        restore(value.to_string().as_bytes());
    }
}
