//! The device that `dm` shows: a street lamp.

use dm_package::StatusCode;
use dm_session::Secret;
use dm_session::dm2::{ExecResult, Execution};
use dm_session::tree::dm1::{self, Command, Content, Reply, Request, run_atomic};
use dm_session::tree::{
    Access, DEV_INFO, Format, MoDefinition, MoTree, NewAccount, NewDevInfo, NewInstance, NodeDefinition, Occurrence,
    Rights, TreeConfig, TreeError, UndefinedMo, Value,
};

use crate::random;

/// The lamp itself; there is one.
pub(crate) const LAMP: &str = "urn:example:mo:lamp:1.0";
/// When it shines, and how bright; servers create these.
pub(crate) const PLAN: &str = "urn:example:mo:plan:1.0";
/// When it does something else. The device has none, and an application of it misses it.
pub(crate) const HOLIDAYS: &str = "urn:example:mo:holidays:1.0";

/// What a tree of this device is made with: the definitions of its MOs.
pub(crate) fn tree_config() -> TreeConfig {
    let read = Access::GET;
    let change = Access::GET | Access::REPLACE;
    let chr = |name| NodeDefinition::leaf(name, Format::Chr);
    let int = |name| NodeDefinition::leaf(name, Format::Int);
    let lamp = NodeDefinition::interior("Lamp")
        .permanent()
        .with(chr("Place").permanent())
        .with(int("Brightness").with_access(change).permanent().with_default(80))
        .with(int("Hours").permanent())
        .with(
            NodeDefinition::interior("Dimming")
                .permanent()
                .with_access(read | Access::ADD)
                .with(NodeDefinition::unnamed_leaf(Format::Int).with_access(change | Access::ADD | Access::DELETE)),
        )
        .with(NodeDefinition::leaf("Test", Format::Null).with_access(read | Access::EXEC).permanent())
        .with(chr("Tested").with_occurrence(Occurrence::ZeroOrOne))
        .with(
            NodeDefinition::leaf("Curve", Format::Bin)
                .with_occurrence(Occurrence::ZeroOrOne)
                .with_access(change | Access::ADD | Access::DELETE),
        );
    let plan = NodeDefinition::interior("Plan")
        .with_occurrence(Occurrence::ZeroOrMore)
        .with_access(Access::DATA)
        .with(chr("Season").with_access(change))
        .with(chr("On").with_access(change))
        .with(chr("Off").with_access(change));
    let holidays = NodeDefinition::interior("Holidays")
        .with_occurrence(Occurrence::ZeroOrOne)
        .with_access(Access::DATA)
        .with(NodeDefinition::unnamed_leaf(Format::Chr).with_access(change | Access::ADD | Access::DELETE));
    TreeConfig::new(u64::from_ne_bytes(random::bytes()))
        .with_undefined(UndefinedMo::FreeForm)
        .with_ddf(DEV_INFO, "https://ddf.example/devinfo.ddf")
        .with_definition(MoDefinition::new(LAMP, lamp).with_ddf("https://ddf.example/lamp.ddf"))
        .with_definition(MoDefinition::new(PLAN, plan).with_ddf("https://ddf.example/plan.ddf"))
        .with_definition(MoDefinition::new(HOLIDAYS, holidays).with_ddf("https://ddf.example/holidays.ddf"))
}

/// Secret and authentication data of notifications.
pub(crate) struct Key<'a> {
    pub(crate) secret: &'a [u8],
    pub(crate) auth_data: &'a [u8],
}

/// The lamp as it leaves the factory, with one DM server that may manage it.
pub(crate) fn tree(
    device_id: &str,
    server_id: &str,
    server_uri: &str,
    key: Option<&Key<'_>>,
) -> Result<MoTree, TreeError> {
    let mut tree = MoTree::new(tree_config())?;
    tree.add_dev_info(
        NewDevInfo::new(device_id, "Acme", "Lamp A1")
            .with_device_type("street lamp")
            .with_firmware("3.1")
            .with_software("7")
            .with_hardware("B"),
    )?;
    let mut account = NewAccount::new(server_id, server_uri, "Example City");
    for moid in [DEV_INFO, LAMP, PLAN, HOLIDAYS] {
        account = account.with_moid(moid);
    }
    if let Some(key) = key {
        account = account.with_notification(1, key.auth_data, &Secret::new(key.secret));
    }
    tree.add_account(account)?;
    let lamp = tree.create_instance(
        NewInstance::new(LAMP)
            .with("Place", "Harbour Street 12")
            .with("Brightness", 80)
            .with("Hours", 4711)
            .with("Dimming/22:00", 60)
            .with("Dimming/01:00", 20)
            .with("Test", Value::Null),
    )?;
    tree.grant(LAMP, &lamp, server_id, Rights::ALL)?;
    Ok(tree)
}

/// Where the lamp is for DM 1.x.
pub(crate) const PLACE: &str = "./Lamp";
/// The Type of the alert with which the lamp reports its test.
pub(crate) const TESTED: &str = "example.lamp.test";

/// What the tree has by path, besides what every device has: the lamp, the same that DM 2.0 knows by its MO.
pub(crate) fn paths() -> dm1::Config {
    let lamp = NodeDefinition::interior("Lamp").permanent().with_moid(LAMP);
    dm1::Config::new().with_node("Lamp", lamp)
}

/// The lamp as it leaves the factory, for DM 1.2.
pub(crate) fn tree_by_path(device_id: &str, account: &dm1::NewAccount, server_id: &str) -> anyhow::Result<MoTree> {
    let mut tree = MoTree::new(tree_config().with_dm1(paths()))?;
    let int = |value: &str| Content::from(value).with_format("int");
    let mut commands = dm1::DevInfo::new(device_id, "Acme", "Lamp A1").commands();
    let detail = dm1::DevDetail::new("street lamp").with_oem("Acme");
    commands.extend(detail.with_firmware("3.1").with_software("7").with_hardware("B").commands());
    commands.extend(account.commands());
    commands.extend([
        Command::replace("./Lamp/Place", "Harbour Street 12"),
        Command::replace("./Lamp/Hours", int("4711")),
        Command::add("./Lamp/Dimming/22:00", int("60")),
        Command::add("./Lamp/Dimming/01:00", int("20")),
        Command::replace(
            "./Lamp?prop=ACL",
            format!("Add={server_id}&Delete={server_id}&Exec={server_id}&Get=*&Replace={server_id}"),
        ),
    ]);
    let template = Request::local(Command::Begin).at(crate::clock::now());
    let made = run_atomic(&mut tree, &template, &commands, &mut |_| Reply::Done);
    let refused = made.children.iter().zip(&commands).find(|(status, _)| !matches!(status.code(), 200 | 215 | 216));
    anyhow::ensure!(made.status.is_success(), "the device's tree: {refused:?}, {:?}", made.cause);
    Ok(tree)
}

/// What comes of executing a node by its path: type and data of the alert that reports it, and what it is about.
pub(crate) fn work(tree: &mut MoTree, uri: &str) -> (&'static str, &'static str, String) {
    if uri != "./Lamp/Test" {
        return ("example.device.executed", "done", uri.into());
    }
    let noted = tree.node_at("./Lamp/Tested").is_some();
    let uri = "./Lamp/Tested";
    let command = if noted { Command::replace(uri, "passed") } else { Command::add(uri, "passed") };
    let answer = dm1::run(tree, &Request::local(command).at(crate::clock::now()), &mut |_| Reply::Done);
    (TESTED, if answer.status.is_success() { "passed" } else { "failed" }, PLACE.into())
}

/// What comes of executing a node: the lamp has tested itself and notes it.
pub(crate) fn finish(tree: &mut MoTree, execution: &Execution) -> ExecResult {
    if execution.client_uri.starts_with(LAMP) && execution.client_uri.ends_with("/Test") {
        let miid = tree.instances_of(LAMP).next().map(|lamp| lamp.miid().to_owned());
        let noted = miid.map(|miid| tree.set_value(LAMP, &miid, "Tested", "passed"));
        if !matches!(noted, Some(Ok(()))) {
            return StatusCode::INTERNAL_ERROR.into();
        }
    }
    StatusCode::OK.into()
}
