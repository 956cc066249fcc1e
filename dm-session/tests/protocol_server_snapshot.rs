//! A session of the server goes on from a snapshot on another node as if nothing had happened, and snapshots that
//! strangers wrote do no harm.
#![cfg(all(feature = "dm1", feature = "serde"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "support/dm1_device_script.rs"]
mod script;

use dm_session::dm1::server::{Event, Snapshot};
use dm_session::dm1::{Demand, Interaction, InteractionKind, Order, Scheme, Server, ServerConfig, Task};
use dm_session::http::Response;
use dm_session::tree::dm1::{Command as Do, Content, Data as TreeData};
use dm_session::{ErrorKind, Random, RequestId};
use dm_syncml::{Chal, Command, Encoding};
use proptest::prelude::*;
use script::*;
use serde_json::Value;

/// A session and its name.
type Scene = (&'static str, fn(&mut Device));

/// Sessions that come to all states.
const SCENES: [Scene; 10] = [
    ("nothing to do", |device| {
        device.open();
    }),
    ("several rounds", |device| {
        for round in 0..3 {
            device.plan((round * 10..round * 10 + 4).map(|id| get(id, &format!("./N/{id}"))));
        }
        device.open();
        for _ in 0..3 {
            let body = device.obey().generic("com.example.a", "1");
            device.say(body);
        }
    }),
    ("all kinds of orders", |device| {
        device.lenient = true;
        let nested = vec![
            Do::get("./A").into(),
            Task::Atomic(vec![Do::replace("./B", "1").into(), Do::delete("./C").into()]),
            Interaction::new(InteractionKind::SingleChoice, "Which?").with_choices(["a", "b"]).into(),
        ];
        device.plan([
            Order::new(1, Task::Sequence(nested)),
            Order::new(2, Do::get("")),
            add(3, "./D", Content::new(TreeData::Bytes(bytes_of(50))).with_format("bin").with_type("x/y")),
            exec(4, "./E"),
        ]);
        device.open();
        let body = device.obey();
        device.say(body);
    }),
    ("answers in several messages", |device| {
        device.plan([get(1, "./A"), get(2, "./B"), get(3, "./C")]);
        device.open();
        for id in ids(&device.last) {
            let body = device.answer(|_| 200).about(1).status(&id, "Get", 200).result(&id, "./x", "x");
            device.say(body.more());
        }
        let body = device.obey();
        device.say(body);
    }),
    ("a large object goes", |device| {
        device.announce(1_000);
        device.plan([get(1, "./A"), replace(2, "./B", long_text(5_000).as_str()), get(3, "./C")]);
        device.open();
        device.take_pieces();
        let body = device.obey();
        device.say(body);
        let body = device.obey();
        device.say(body);
    }),
    ("a large object comes", |device| {
        device.plan([get(1, "./A")]);
        device.open();
        let id = ids(&device.last)[0].clone();
        let body = device.reply().status(&id, "Get", 200).chunk(&id, "./A", "abc", Some(9), true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "def", None, true);
        device.say(body.more());
        let body = device.answer(|_| 200).about(1).chunk(&id, "./A", "ghi", None, false);
        device.say(body);
    }),
    ("package 1 in parts", |device| {
        device.plan([get(1, "./A")]);
        let body = device.package1().more();
        device.say(body);
        let body = device.obey().generic("com.example.a", "1");
        device.say(body);
        let body = device.obey();
        device.say(body);
    }),
    ("given up by the host", |device| {
        device.plan([get(1, "./A")]);
        device.open();
        device.event(Event::Abort);
        let body = device.obey();
        device.say(body);
    }),
    ("given up by the device", |device| {
        device.announce(700);
        device.plan((0..20).map(|id| get(id, &format!("./N/{id}"))));
        device.open();
        let body = device.reply().alert(1223);
        device.say(body);
    }),
    ("silence", |device| {
        device.plan([get(1, "./A")]);
        device.open();
        device.repeat();
        device.wait_long();
    }),
];

fn record(device: &Device) -> (Vec<Response>, String, String, String) {
    let told = format!("{:?} {:?} {:?}", device.outcomes, device.received, device.closed);
    let end =
        format!("{:?} {:?} {:?}", device.server.device_id(), device.server.session_id(), device.server.is_closed());
    (device.wire.clone(), told, format!("{:?}", nonces(device)), end)
}

fn nonces(device: &Device) -> Vec<(dm_session::dm1::Party, Vec<u8>)> {
    device.nonces.iter().map(|(party, nonce)| (*party, nonce.as_bytes().to_vec())).collect()
}

#[test]
fn another_node_says_the_same() {
    for encoding in BOTH {
        for (name, scene) in SCENES {
            let [here, elsewhere] = [false, true].map(|travels| {
                let mut device = Device::with(config(), encoding);
                device.travels = travels;
                scene(&mut device);
                record(&device)
            });
            assert!(!here.0.is_empty());
            assert_eq!(here, elsewhere, "{name}");
        }
    }
}

#[test]
fn another_node_says_the_same_of_credentials() {
    for encoding in BOTH {
        for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
            for per_message in [false, true] {
                let [here, elsewhere] = [false, true].map(|travels| {
                    let demand = if per_message { demand(scheme).with_per_message() } else { demand(scheme) };
                    let config = config().with_demand(demand).with_identity(identity(Scheme::Md5, nonce(b"s0")));
                    let mut device = Device::with(config, encoding);
                    device.travels = travels;
                    device.plan([get(1, "./A")]);
                    device.plan([get(2, "./B")]);
                    device.open();
                    device.take_chal();
                    device.open();
                    for round in 0..2_u8 {
                        if device.chal().is_some_and(|(_, nonce)| nonce.is_some())
                            && (per_message || scheme == Scheme::Mac)
                        {
                            device.take_chal();
                        }
                        let mut rest = device.obey().commands;
                        rest.remove(0);
                        let chal = Chal::new(dm_syncml::AuthType::Md5).with_next_nonce(nonce(&[round; 16]).encode());
                        let body = device.body().challenge(200, chal);
                        let body = rest.into_iter().fold(body, |body, mut command: Command<'static>| {
                            body.command(|id| {
                                *command.cmd_id_mut().unwrap() = id.into();
                                command
                            })
                        });
                        device.say(body);
                    }
                    assert_eq!((device.came(1), device.came(2)), (200, 200));
                    record(&device)
                });
                assert_eq!(here, elsewhere, "{scheme:?} {per_message}");
            }
        }
    }
}

#[test]
fn a_decision_may_be_taken_on_another_node() {
    for encoding in BOTH {
        let mut device = Device::with(config(), encoding);
        device.plans.push_back(Plan::Wait);
        let body = device.package1();
        let message = device.message(body);
        device.note(&message);
        let request = device.request(&message);
        assert_eq!(device.post(request), None);
        device.server = moved(&device.server, &device.config);
        assert!(device.server.open_request().is_some());
        let answer = device.decide([get(1, "./A")]);
        assert_eq!(names(&answer), ["Get"]);
    }
}

#[test]
fn actions_that_nobody_took_are_in_the_snapshot() {
    let mut device = Device::new(config());
    device.plan([get(1, "./A")]);
    device.open();
    let body = device.obey();
    let message = device.message(body);
    let request = device.request(&message);
    let random = Random::from([7; 32]);
    device.server.handle(at(50), Event::Request { id: RequestId(77), request, random }).unwrap();
    let mut here = device.server.clone();
    let mut elsewhere = moved(&device.server, &device.config);
    loop {
        let (left, right) = (here.poll_action(), elsewhere.poll_action());
        assert_eq!(left, right);
        if left.is_none() {
            break;
        }
    }
}

fn secret_config() -> ServerConfig {
    config()
        .with_demand(Demand::new(Scheme::Md5, credentials().with_nonce(nonce(b"c0"))))
        .with_identity(identity(Scheme::Md5, nonce(b"s0")))
}

#[test]
fn no_secret_is_in_a_snapshot() {
    let mut device = Device::new(secret_config());
    device.scheme = Some(Scheme::Md5);
    device.keys.nonce = nonce(b"c0");
    device.plan([get(1, "./A")]);
    device.open();
    let text = serde_json::to_string(&device.server.snapshot()).unwrap();
    let hash = |name: &str, password: &str| {
        let secret = dm_syncml::Secret::new(password.as_bytes());
        dm_syncml::CredentialHash::of(name, &secret).expose_text()
    };
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    for secret in [
        PASSWORD.to_owned(),
        SERVER_PASSWORD.to_owned(),
        hash(NAME, PASSWORD),
        hash(SERVER_ID, SERVER_PASSWORD),
        base64(&format!("{NAME}:{PASSWORD}")),
    ] {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
}

// --- snapshots that strangers wrote ----------------------------------------------------------------------------------

fn restores(config: &ServerConfig, value: Value) -> Result<Server, Option<ErrorKind>> {
    let snapshot: Snapshot = serde_json::from_value(value).map_err(|_| None)?;
    Server::restore(config.clone(), snapshot).map_err(|error| Some(error.kind()))
}

#[test]
fn snapshots_of_another_version_or_with_more_in_them_are_refused() {
    let mut device = Device::new(config());
    device.plan([get(1, "./A")]);
    device.open();
    let good = serde_json::to_value(device.server.snapshot()).unwrap();
    assert!(restores(&device.config, good.clone()).is_ok());
    let mut other = good.clone();
    other["version"] = (good["version"].as_u64().unwrap() + 1).into();
    assert_eq!(restores(&device.config, other).err(), Some(Some(ErrorKind::InvalidSnapshot)));
    let mut more = good.clone();
    more["more"] = 1.into();
    assert_eq!(restores(&device.config, more).err(), Some(None));
    for value in [Value::Null, 1.into(), "".into(), serde_json::json!({}), serde_json::json!([])] {
        assert_eq!(restores(&device.config, value).err(), Some(None));
    }
    // Nor is a configuration taken that cannot work.
    let unusable = ServerConfig::new("", "nonsense");
    assert_eq!(restores(&unusable, good).err(), Some(Some(ErrorKind::InvalidConfig)));
}

#[test]
fn snapshots_of_another_server_are_refused() {
    let mut device = Device::new(config());
    device.plan([get(1, "./A")]);
    device.open();
    let good = serde_json::to_value(device.server.snapshot()).unwrap();
    let other = ServerConfig::new("other.example", SERVER_URI);
    assert_eq!(restores(&other, good).err(), Some(Some(ErrorKind::InvalidSnapshot)));
}

/// Snapshots on the way of every scene.
fn snapshots(encoding: Encoding) -> &'static [Value] {
    static ALL: [std::sync::OnceLock<Vec<Value>>; 2] = [const { std::sync::OnceLock::new() }; 2];
    ALL[usize::from(encoding == Encoding::Wbxml)].get_or_init(|| all_snapshots(encoding))
}

fn all_snapshots(encoding: Encoding) -> Vec<Value> {
    let mut all = Vec::new();
    for (_, scene) in SCENES {
        let mut device = Device::with(config(), encoding);
        device.snapshots = Some(Vec::new());
        scene(&mut device);
        let texts = device.snapshots.take().unwrap();
        all.extend(texts.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()));
    }
    all
}

/// Changes one value somewhere in the tree of values.
fn spoil(value: &mut Value, path: &[u8], kind: u8) -> String {
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
    *place = match kind % 9 {
        0 => Value::Null,
        1 => 0.into(),
        2 => u64::MAX.into(),
        3 => "".into(),
        4 => Value::Array(Vec::new()),
        5 => match &*place {
            Value::Array(items) => Value::Array(items.iter().cloned().cycle().take(items.len() * 2).collect()),
            Value::Number(number) => (number.as_u64().unwrap_or(0).saturating_add(1)).into(),
            Value::Bool(bool) => (!bool).into(),
            other => other.clone(),
        },
        6 => "./A".into(),
        7 => u32::MAX.into(),
        _ => serde_json::json!({}),
    };
    pointer
}

/// Lets a restored machine go through some more of a session; it may do what it likes, but not come to harm.
fn exercise(server: Server, template: &Device, place: &str) {
    let mut server = server;
    let (mut id, mut now) = (1_000, 1_000_000);
    let mut open = Vec::new();
    for step in 0..8 {
        let mut device = Device::with(config(), template.encoding);
        device.msg_id = step;
        device.last_id = step;
        let body = match step % 4 {
            0 => device.package1(),
            1 => device.reply().status("4", "Get", 200).chunk("4", "./A", "abc", Some(9), true).more(),
            2 => device.reply().status("4", "Get", 200).result("4", "./A", "x"),
            _ => device.reply().alert(1222),
        };
        let message = device.message(body);
        let request = device.request(&message);
        let random = Random::from([9; 32]);
        let _ = server.handle(at(now), Event::Request { id: RequestId(id), request, random });
        for _ in 0..10_000 {
            let Some(action) = server.poll_action() else { break };
            if let dm_session::dm1::server::Action::Decide { id, .. } = action {
                open.push(id);
            }
        }
        for id in open.drain(..) {
            let orders = vec![get(1, "./A"), replace(2, "./B", long_text(2_000).as_str())];
            let _ = server.handle(at(now), Event::Orders { id, orders });
        }
        for _ in 0..10_000 {
            if server.poll_action().is_none() {
                break;
            }
        }
        let snapshot = server.snapshot();
        let text = serde_json::to_string(&snapshot).unwrap();
        let again = Server::restore(template.config.clone(), serde_json::from_str(&text).unwrap());
        assert!(again.is_ok(), "its own snapshot is taken: {place} {text}");
        id += 1;
        now += 1_000;
    }
    let _ = server.handle(at(now + 10_000_000), Event::Tick);
    while server.poll_action().is_some() {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn spoiled_snapshots_are_refused_or_work(
        wbxml in any::<bool>(),
        which in any::<prop::sample::Index>(),
        path in prop::collection::vec(any::<u8>(), 1..9),
        kind in any::<u8>(),
    ) {
        let encoding = if wbxml { Encoding::Wbxml } else { Encoding::Xml };
        let all = snapshots(encoding);
        let mut value = all[which.index(all.len())].clone();
        prop_assert!(restores(&config(), value.clone()).is_ok(), "what was not spoiled works");
        let place = spoil(&mut value, &path, kind);
        if let Ok(server) = restores(&config(), value) {
            exercise(server, &Device::with(config(), encoding), &place);
        }
    }
}
