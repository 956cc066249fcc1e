//! The tree of the specification's addressing examples, and short ways to ask it.
#![allow(dead_code, reason = "each test file uses its part")]

use core::fmt::Write;
use dm_package::{Json, MoItem, StatusCode};
use dm_session::Secret;
use dm_session::tree::{
    Access, Content, DEV_INFO, DM_ACCOUNT, Format, MoDefinition, MoTree, NewAccount, NewDevInfo, NewInstance,
    NodeDefinition, Occurrence, Operation, Outcome, Rights, Store, TreeConfig, UndefinedMo, Value,
};

pub(crate) const U: &str = "urn:example:mo:sensor:1.0";
pub(crate) const FREE: &str = "urn:example:mo:free:1.0";
/// The server that has all rights on `west` and `east`.
pub(crate) const DM: &str = "dm.example";
/// A server with an account, but without any right.
pub(crate) const OTHER: &str = "other.example";

/// A sensor: something of every kind of node.
pub(crate) fn sensor() -> MoDefinition {
    let data = NodeDefinition::interior("Data").permanent().with(
        NodeDefinition::unnamed_interior()
            .with_occurrence(Occurrence::ZeroOrN(4))
            .with_access(Access::GET | Access::ADD | Access::DELETE)
            .with(NodeDefinition::leaf("Date", Format::Chr).with_access(Access::DATA))
            .with(NodeDefinition::leaf("Value", Format::Int).with_access(Access::DATA)),
    );
    let root = NodeDefinition::unnamed_interior()
        .with_access(Access::GET | Access::ADD | Access::DELETE)
        .with(NodeDefinition::leaf("ID", Format::Chr).with_access(Access::GET | Access::ADD))
        .with(NodeDefinition::leaf("Setting", Format::Chr).with_access(Access::GET | Access::ADD | Access::REPLACE))
        .with(
            NodeDefinition::leaf("Level", Format::Int).with_occurrence(Occurrence::ZeroOrOne).with_access(Access::DATA),
        )
        .with(
            NodeDefinition::leaf("Key", Format::Bin)
                .with_occurrence(Occurrence::ZeroOrOne)
                .with_access(Access::ADD | Access::REPLACE),
        )
        .with(NodeDefinition::leaf("Reset", Format::Null).permanent().with_access(Access::GET | Access::EXEC))
        .with(NodeDefinition::leaf("Serial", Format::Chr).permanent().with_default("S-0"))
        .with(data);
    MoDefinition::new(U, root).with_ddf("https://ddf.example/sensor.ddf")
}

pub(crate) fn config() -> TreeConfig {
    TreeConfig::new(0xe).with_definition(sensor()).with_undefined(UndefinedMo::FreeForm)
}

pub(crate) fn account(server_id: &str) -> NewAccount {
    let account = NewAccount::new(server_id, format!("https://{server_id}/dm"), "Example");
    [U, FREE, DEV_INFO, DM_ACCOUNT].into_iter().fold(account, NewAccount::with_moid).with_notification(
        1,
        b"data".as_slice(),
        &Secret::new(b"SECRETSECRET".as_slice()),
    )
}

pub(crate) fn dev_info() -> NewDevInfo {
    NewDevInfo::new("IMEI:350000000000017", "Acme", "A1")
        .with_device_type("gateway")
        .with_firmware("3.1")
        .with_software("7")
}

pub(crate) fn west() -> NewInstance {
    NewInstance::new(U)
        .with_miid("west")
        .with("ID", "GPS")
        .with("Setting", "0xA1")
        .with("Data/1/Date", "12.1")
        .with("Data/1/Value", 11)
        .with("Data/2/Date", "12.2")
        .with("Data/2/Value", 12)
}

pub(crate) fn east() -> NewInstance {
    NewInstance::new(U)
        .with_miid("east")
        .with("ID", "Temperature")
        .with("Setting", "0xB2")
        .with("Data/1/Date", "12.1")
        .with("Data/1/Value", 21)
        .with("Data/2/Date", "12.2")
        .with("Data/2/Value", 22)
}

/// `west` and `east`, two accounts, DevInfo; [`DM`] has all rights on both sensors.
pub(crate) fn sensors_with(config: TreeConfig) -> MoTree {
    let mut tree = MoTree::new(config).unwrap();
    tree.add_dev_info(dev_info()).unwrap();
    tree.add_account(account(DM)).unwrap();
    tree.add_account(account(OTHER)).unwrap();
    tree.create_instance(west()).unwrap();
    tree.create_instance(east()).unwrap();
    for miid in ["west", "east"] {
        tree.grant(U, miid, DM, Rights::ALL).unwrap();
    }
    tree
}

pub(crate) fn sensors() -> MoTree {
    sensors_with(config())
}

pub(crate) fn u(rest: &str) -> String {
    format!("{U}/{rest}")
}

pub(crate) fn read(tree: &mut MoTree, server_id: &str, uris: &[&str]) -> Outcome {
    let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
    tree.manage(&Operation::Read { server_id: server_id.into(), uris })
}

/// The addresses of what a successful read brought.
pub(crate) fn uris_of(outcome: Outcome) -> Vec<String> {
    match outcome {
        Outcome::Data(items) => items.iter().map(|item| item.client_uri.as_str().to_owned()).collect(),
        other => panic!("{other:?}"),
    }
}

/// The MO data of the only item of a successful read.
pub(crate) fn data_of(outcome: Outcome) -> String {
    match outcome {
        Outcome::Data(items) if items.len() == 1 => items[0].mo_data.raw().to_owned(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn item(uri: &str, json: &str) -> MoItem<'static> {
    MoItem::new(uri.to_owned(), Json::parse(json).unwrap().into_owned())
}

pub(crate) fn write(tree: &mut MoTree, server_id: &str, uri: Option<&str>, items: &[(&str, &str)]) -> Outcome {
    let content = Content::Items(items.iter().map(|(uri, json)| item(uri, json)).collect());
    tree.manage(&Operation::Write { server_id: server_id.into(), uri: uri.map(Into::into), content })
}

/// Writes one item to a place.
pub(crate) fn put(tree: &mut MoTree, uri: &str, json: &str) -> Outcome {
    write(tree, DM, Some(uri), &[(uri, json)])
}

pub(crate) fn put_bytes(tree: &mut MoTree, uri: &str, bytes: &[u8]) -> Outcome {
    let content = Content::Bytes(bytes.to_vec());
    tree.manage(&Operation::Write { server_id: DM.into(), uri: Some(uri.into()), content })
}

pub(crate) fn delete(tree: &mut MoTree, server_id: &str, uris: &[&str]) -> Outcome {
    let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
    tree.manage(&Operation::Delete { server_id: server_id.into(), uris })
}

pub(crate) fn check_write(tree: &mut MoTree, server_id: &str, uri: Option<&str>) -> Outcome {
    tree.manage(&Operation::CheckWrite { server_id: server_id.into(), uri: uri.map(Into::into) })
}

pub(crate) fn exec(tree: &mut MoTree, server_id: &str, uri: &str) -> Outcome {
    tree.manage(&Operation::CheckExec { server_id: server_id.into(), uri: uri.into() })
}

pub(crate) fn subscribe(tree: &mut MoTree, server_id: &str, uri: &str) -> Outcome {
    let server_uri = "https://reports.example/in".into();
    tree.manage(&Operation::Subscribe { server_id: server_id.into(), uri: uri.into(), server_uri })
}

pub(crate) fn unsubscribe(tree: &mut MoTree, server_id: &str, uri: &str) -> Outcome {
    tree.manage(&Operation::Unsubscribe { server_id: server_id.into(), uri: uri.into() })
}

pub(crate) const fn status(code: StatusCode) -> Outcome {
    Outcome::Status(code)
}

pub(crate) const OK: Outcome = status(StatusCode::OK);
pub(crate) const NO_CONTENT: Outcome = status(StatusCode::NO_CONTENT);
pub(crate) const NOT_MODIFIED: Outcome = status(StatusCode::NOT_MODIFIED);
pub(crate) const BAD: Outcome = status(StatusCode::BAD_REQUEST);
pub(crate) const FORBIDDEN: Outcome = status(StatusCode::FORBIDDEN);
pub(crate) const NOT_FOUND: Outcome = status(StatusCode::NOT_FOUND);
pub(crate) const NOT_ALLOWED: Outcome = status(StatusCode::COMMAND_NOT_ALLOWED);
pub(crate) const TOO_LARGE: Outcome = status(StatusCode::TOO_LARGE);
pub(crate) const UNSUPPORTED: Outcome = status(StatusCode::UNSUPPORTED_MEDIA_TYPE);

pub(crate) fn written(uris: &[&str]) -> Outcome {
    Outcome::Written(uris.iter().map(|uri| (*uri).to_owned()).collect())
}

/// Everything that can be seen of a tree, secrets and validators included.
pub(crate) fn dump(tree: &MoTree) -> String {
    let mut out = String::new();
    for instance in tree.instances() {
        let grants: Vec<String> = instance.grants().map(|(server, rights)| format!("{server}={rights}")).collect();
        writeln!(out, "{} {} {:?} {grants:?}", instance.moid(), instance.miid(), instance.validator()).unwrap();
        for (depth, node) in instance.root().descendants() {
            let value = node.value().map(Value::text);
            writeln!(out, "{:depth$}{} {} {value:?}", "", node.name(), node.format()).unwrap();
        }
    }
    for subscription in tree.subscriptions() {
        writeln!(out, "{subscription:?}").unwrap();
    }
    for default in tree.defaults() {
        writeln!(out, "{default:?}").unwrap();
    }
    writeln!(out, "{:?} {:?}", tree, tree.accounts().collect::<Vec<_>>()).unwrap();
    out
}

/// Does something and sees that it left no trace.
pub(crate) fn unchanged(tree: &mut MoTree, what: impl FnOnce(&mut MoTree) -> Outcome) -> Outcome {
    let before = dump(tree);
    let outcome = what(tree);
    assert_eq!(dump(tree), before, "{outcome:?}");
    assert_eq!(tree.take_changes(), []);
    outcome
}
