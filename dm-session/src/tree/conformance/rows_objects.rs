//! Standard objects, Inbox, firmware update, bootstrap, the view of DM 2.0 (§18.12).

use super::rows_acl::xml_message;
use super::rows_tnds::{document, leaf, mo, node, object};
use super::{Content, MAIL, On, Row, Run, Setup, SetupNode, Step, Stop};
#[cfg(feature = "serde")]
use crate::tree::TreeConfig;
use crate::tree::dm1::{
    self, Account, BootstrapError, BootstrapMac, Bootstrapped, Characteristic, ClientProvisioning, Command, Data, Fumo,
    FumoAction, FumoEvent, FumoResult, FumoState, FumoStep, GenericAlert, LargeObject, Reply,
};
use crate::tree::{
    Access, Format, MoDefinition, MoTree, NewAccount, NodeDefinition, Operation, Outcome, Rights, Store as _,
};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::{self as syncml, AlertCode, Mark};

pub(super) const ROWS: &[Row] = &[
    Row::new("S1", "what a device says of itself at the start of a session", s1),
    Row::new("S2", "the limits that are shown are enforced", s2),
    Row::new("S3", "secrets of an account", s3),
    Row::new("S4", "accounts are found by their server", s4),
    Row::new("S5", "the account of another server", s5),
    Row::new("I1", "an account through the Inbox", i1),
    Row::new("I2", "what the Inbox does not take", i2),
    Row::new("I3", "references inside of an object", i3),
    Row::new("I4", "who may use the Inbox", i4),
    Row::new("F1", "download of firmware", f1),
    Row::new("F2", "Exec while the update runs", f2),
    Row::new("F3", "firmware through DM", f3),
    Row::new("F4", "a download that fails", f4),
    Row::new("B1", "bootstrap of a new device", b1),
    Row::new("B2", "bootstrap that is not proven", b2),
    Row::new("B3", "bootstrap with something unknown in it", b3),
    Row::new("B4", "bootstrap by a provisioning document", b4),
    Row::new("B5", "bootstrap of a known server", b5),
    Row::new("Z1", "a path and a ClientURI of one node", z1),
    Row::new("Z2", "a rename does not change the instance", z2),
    Row::new("Z3", "two instances of one name", z3),
    Row::new("Z4", "a change by DM 1.x shows in DM 2.0", z4),
    Row::new("Z5", "a failed Atomic does not", z5),
    Row::new("Z6", "a node of no MO", z6),
];

const DMACC: &str = "urn:oma:mo:oma-dm-dmacc:1.0";

fn s1(run: &mut Run<'_>) -> Step {
    let got = run.local().get("./DevInfo?list=StructData").status(200)?;
    let leaves: Vec<(&str, Option<&str>)> = (got.items().iter())
        .filter(|item| item.format != Some(Format::Node))
        .map(|item| (&*item.source, super::text_of(&item.data)))
        .collect();
    let expected = [
        ("./DevInfo/DevId", "IMEI:350000000000017"),
        ("./DevInfo/Man", "Acme"),
        ("./DevInfo/Mod", "A1"),
        ("./DevInfo/DmV", "1.2"),
        ("./DevInfo/Lang", "en"),
    ];
    let same = leaves.iter().copied().eq(expected.map(|(uri, value)| (uri, Some(value))));
    run.check(same, "the leaves of ./DevInfo", &format!("{expected:?}"), &leaves)?;
    for (uri, value) in expected {
        run.server("S1").get(uri).status(200)?.value(value)?;
    }
    Ok(())
}

fn s2(run: &mut Run<'_>) -> Step {
    let got = run.get("./DevDetail/URI?list=StructData").status(200)?;
    let expected =
        [("./DevDetail/URI/MaxDepth", "8"), ("./DevDetail/URI/MaxTotLen", "120"), ("./DevDetail/URI/MaxSegLen", "20")];
    let leaves: Vec<(&str, Option<&str>)> =
        got.items().iter().skip(1).map(|item| (&*item.source, super::text_of(&item.data))).collect();
    let same = leaves.iter().copied().eq(expected.map(|(uri, value)| (uri, Some(value))));
    run.check(same, "the leaves of ./DevDetail/URI", &format!("{expected:?}"), &leaves)?;
    limits_hold(run)
}

/// 8 segments, 120 characters, 20 of a segment: one more of each is too much.
pub(super) fn limits_hold(run: &mut Run<'_>) -> Step {
    run.get("./a/b/c/d/e/f/g/h").status(404)?;
    run.get("./a/b/c/d/e/f/g/h/i").status(414)?;
    // Seven segments of 16 characters and the dot: 120 characters.
    let long = format!(".{}", format!("/{}", "a".repeat(16)).repeat(7));
    run.get(&long).status(404)?;
    run.get(&format!("{long}a")).status(414)?;
    run.get(&format!("./{}", "a".repeat(20))).status(404)?;
    run.get(&format!("./{}", "a".repeat(21))).status(414).map(drop)
}

fn s3(run: &mut Run<'_>) -> Step {
    const SECRET: &str = "./DMAcc/1/AppAuth/1/AAuthSecret";
    run.get(SECRET).status(405)?;
    let got = run.get("./DMAcc/1?list=StructData").status(200)?;
    let found = got.items().iter().find(|item| item.source == SECRET || super::text_of(&item.data) == Some("s3cret"));
    run.check(found.is_none(), "S1 Get ./DMAcc/1?list=StructData", "no AAuthSecret", found)?;
    let name = got.items().iter().any(|item| item.source == "./DMAcc/1/AppAuth/1/AAuthName");
    run.check(name, "S1 Get ./DMAcc/1?list=StructData", "AAuthName", name)
}

/// The account of that server, as the device finds it.
pub(super) fn account_of(run: &mut Run<'_>, server_id: &str) -> Step<Account> {
    run.snapshot()?;
    let Some(store) = &mut run.store else { return Err(Stop::Skipped) };
    Account::find(&mut **store, server_id)
        .ok_or_else(|| Stop::new(format!("the account of {server_id}"), "one", "none"))
}

pub(super) fn s4(run: &mut Run<'_>) -> Step {
    run.local().rename("./DMAcc/1", "home").status(200)?;
    let account = account_of(run, "S1")?;
    run.check(account.uri == "./DMAcc/home", "the account of S1", "./DMAcc/home", &account.uri)?;
    let address = account.addresses.first().map(|address| &*address.addr);
    run.check(address == Some("https://dm.example/dm"), "its address", "as before", address)?;
    run.server("S1").get("./DMAcc/home/ServerID").status(200)?.value("S1").map(drop)
}

fn s5(run: &mut Run<'_>) -> Step {
    run.server("S2").get("./DMAcc/1").status(425)?;
    run.get("./DMAcc/1/ServerID").status(425)?;
    run.get("./DMAcc").status(200)?.names(&["1"]).map(drop)
}

/// F0 with the accounts that the standard describes: servers can add one.
pub(super) fn standard_accounts(setup: &mut Setup) {
    setup.definitions.retain(|definition| definition.moid() != DMACC);
}

/// What is in an account of this server.
pub(super) fn account(server_id: &str) -> String {
    let address = [leaf("Addr", "https://s9.example/dm"), leaf("AddrType", "URI")].concat();
    let credentials = [leaf("AAuthLevel", "CLCRED"), leaf("AAuthType", "DIGEST"), leaf("AAuthSecret", "new")].concat();
    let parts = [
        leaf("AppID", "w7"),
        leaf("ServerID", server_id),
        node("AppAddr", "node", "", &node("1", "node", "", &address)),
        node("AppAuth", "node", "", &node("1", "node", "", &credentials)),
    ];
    parts.concat()
}

/// The names below a node that was not there before.
fn new_names(run: &mut Run<'_>, path: &str, before: &[&str]) -> Step<Vec<String>> {
    let mut names = run.children(path)?;
    for name in before {
        run.check(names.iter().any(|other| other == name), &format!("Get {path}"), name, &names)?;
    }
    names.retain(|name| !before.contains(&name.as_str()));
    Ok(names)
}

/// The only one of them.
fn only(path: &str, names: Vec<String>) -> Step<String> {
    match <[String; 1]>::try_from(names) {
        Ok([name]) => Ok(format!("{path}/{name}")),
        Err(names) => Err(Stop::new(format!("Get {path}"), "one new name", format!("{names:?}"))),
    }
}

fn i1(run: &mut Run<'_>) -> Step {
    run.setup(standard_accounts);
    let before = run.snapshot()?.only("./DMAcc/1");
    run.add("./Inbox", object(&document(&mo("1", DMACC, &account("S9"))))).status(200)?;
    let after = run.snapshot()?.only("./DMAcc/1");
    before.compare("Add to the Inbox", &after)?;
    let new = new_names(run, "./DMAcc", &["1"])?;
    let new = only("./DMAcc", new)?;
    run.has_prop(&new, "Type", DMACC)?;
    run.holds(&format!("{new}/ServerID"), "S9")?;
    run.holds(&format!("{new}/AppAddr/1/Addr"), "https://s9.example/dm")?;
    // The creator does not have Replace on `./DMAcc`.
    run.has_prop(&new, "ACL", "Add=S1&Delete=S1&Get=*&Replace=S1")?;
    run.has_prop(&new, "VerNo", "0")?;
    run.gone("./Inbox/1")?;
    run.get("./Inbox").status(405)?;
    let found = account_of(run, "S9")?;
    run.check(found.uri == new, "the account of S9", &new, &found.uri)
}

fn i2(run: &mut Run<'_>) -> Step {
    run.add("./Inbox", object(&document(&mo("1", "com.example/1.0/Unknown", &leaf("a", "1"))))).status(405)?;
    run.add("./Inbox", object(&document(&node("1", "node", "", &leaf("a", "1"))))).status(405)?;
    run.add("./Inbox/x", "plain").status(405)?;
    run.add("./Inbox/x", Content::node()).status(405)?;
    run.gone("./1")?;
    run.gone("./DMAcc/2")
}

/// An access point MO at `./NAP`, with one instance.
fn with_access_points(setup: &mut Setup) {
    standard_accounts(setup);
    let point = NodeDefinition::unnamed_interior()
        .with_access(Access::DATA)
        .with(NodeDefinition::leaf("Addr", Format::Chr).with_access(Access::DATA));
    setup.definitions.push(MoDefinition::new(NAP, point));
    let points = NodeDefinition::interior("NAP")
        .permanent()
        .with_access(Access::GET | Access::ADD)
        .with(NodeDefinition::unnamed_interior().with_access(Access::DATA).with_moid(NAP));
    setup.describe("NAP", points);
    setup.put(SetupNode::new("./NAP", Content::node()));
    setup.put(SetupNode::new("./NAP/1", Content::mo(NAP)));
    setup.put(SetupNode::new("./NAP/1/Addr", "old.example.net"));
}

const NAP: &str = "com.example/1.0/NAP";

fn i3(run: &mut Run<'_>) -> Step {
    run.setup(with_access_points);
    let reference = node("1", "node", "", &leaf("ConRef", "./Inbox/NAP/1"));
    let account = mo("1", DMACC, &[account("S9"), node("ToConRef", "node", "", &reference)].concat());
    let point = mo("1", NAP, &leaf("Addr", "new.example.net")).replace("</NodeName>", "</NodeName><Path>NAP</Path>");
    // Only the first Node of the access point has the Path.
    let point = point.replacen("<NodeName>Addr</NodeName><Path>NAP</Path>", "<NodeName>Addr</NodeName>", 1);
    run.add("./Inbox", object(&document(&[account, point].concat()))).status(200)?;
    let points = new_names(run, "./NAP", &["1"])?;
    let point = only("./NAP", points)?;
    run.holds(&format!("{point}/Addr"), "new.example.net")?;
    run.holds("./NAP/1/Addr", "old.example.net")?;
    let accounts = new_names(run, "./DMAcc", &["1"])?;
    let account = only("./DMAcc", accounts)?;
    run.holds(&format!("{account}/ToConRef/1/ConRef"), &point)
}

fn i4(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        standard_accounts(setup);
        setup.put(SetupNode::new("./Inbox", Content::node()).with_acl("Add=S2"));
    });
    let add = object(&document(&mo("1", DMACC, &account("S9"))));
    run.add("./Inbox", add.clone()).status(425)?;
    run.has_children("./DMAcc", &["1"])?;
    run.server("S2").add("./Inbox", add).status(200).map(drop)
}

const SLOT: &str = "./Fw/1";

/// F0 with a firmware update MO that `S1` may use.
fn with_slot(run: &mut Run<'_>, slot: &Fumo) -> Step {
    run.setup(|setup| setup.put(SetupNode::new("./Fw", Content::node()).with_acl("Exec=S1&Get=*&Replace=S1")));
    // The description of the MO is one of the tree's own.
    run.mo_tree()?;
    for command in slot.create(&FumoAction::ALL) {
        run.local().apply(command).status(200)?;
    }
    run.server("S1");
    shows(run, slot.state())
}

/// `State` in the tree.
fn shows(run: &mut Run<'_>, state: FumoState) -> Step {
    run.holds("./Fw/1/State", &state.number().to_string())
}

/// An Exec, with the slot as the host behind it.
fn execute(run: &mut Run<'_>, slot: &mut Fumo, path: &str, correlator: Option<&str>) -> Step<u32> {
    let uri = format!("{SLOT}/{path}");
    let action = slot.action(&uri).ok_or_else(|| Stop::new(&*uri, "an action", "none"))?;
    let correlator = correlator.map(ToOwned::to_owned);
    let (status, commands) = match slot.handle(FumoEvent::Exec { action, correlator: correlator.clone() }) {
        Ok(step) => (step.status, step.commands),
        Err(status) => (status, Vec::new()),
    };
    run.on(On::Exec, &uri, Reply::Failed(status));
    let answer = run.server("S1").apply(Command::Exec { uri, correlator, content: Content::EMPTY }).answer()?;
    for command in commands {
        run.local().apply(command).status(200)?;
    }
    run.server("S1");
    Ok(answer.status.code())
}

/// Something happens to the slot; what it says is done to the tree.
fn happens(run: &mut Run<'_>, slot: &mut Fumo, event: FumoEvent) -> Step<FumoStep> {
    let described = format!("{event:?}");
    let step = slot.handle(event).map_err(|status| Stop::new(described, "taken", status.to_string()))?;
    for command in &step.commands {
        run.local().apply(command.clone()).status(200)?;
    }
    run.server("S1");
    Ok(step)
}

/// The alert says this.
fn alert_is(
    run: &Run<'_>,
    alert: Option<&GenericAlert>,
    action: FumoAction,
    code: &str,
    correlator: Option<&str>,
) -> Step {
    let Some(alert) = alert else { return Err(Stop::new("the alert", "one", "none")) };
    let sent = alert.to_alert("1", false);
    run.check(sent.code() == Some(AlertCode::GENERIC_ALERT), "the alert", "1226", &sent)?;
    let item = sent.items.iter().next();
    let meta = item.and_then(|item| item.meta.as_ref());
    let said = (
        meta.and_then(|meta| meta.type_()).map(ToOwned::to_owned),
        item.and_then(|item| item.source.as_ref()).map(|source| source.uri.as_str().to_owned()),
        sent.correlator.as_ref().map(|correlator| correlator.as_str().to_owned()),
        alert.data.clone(),
    );
    let expected = (
        Some(action.alert_type().to_owned()),
        Some(format!("{SLOT}/{}", action.node())),
        correlator.map(ToOwned::to_owned),
        code.to_owned(),
    );
    run.check(said == expected, "the alert", &format!("{expected:?}"), &said)?;
    let is_informational = alert.mark == Mark::Informational;
    run.check(is_informational == (code == "200"), "Mark of the alert", "informational for success alone", &alert.mark)
}

fn f1(run: &mut Run<'_>) -> Step {
    let mut slot = Fumo::new(SLOT);
    with_slot(run, &slot)?;
    run.replace("./Fw/1/Download/PkgURL", "https://fw.example/1").status(200)?;
    run.holds("./Fw/1/Download/PkgURL", "https://fw.example/1")?;
    let status = execute(run, &mut slot, "Download", None)?;
    run.check(status == 202, "Exec of Download", "202", status)?;
    shows(run, FumoState::Downloading)?;
    let step = happens(run, &mut slot, FumoEvent::Downloaded)?;
    shows(run, FumoState::Downloaded)?;
    alert_is(run, step.alert.as_ref(), FumoAction::Download, "200", None)?;
    let step = happens(run, &mut slot, FumoEvent::Ready)?;
    run.check(step.alert.is_none(), "the alert of a download", "one", step.alert)?;
    shows(run, FumoState::Ready)?;
    run.get("./Fw/1/State").status(200)?.meta(Some(Format::Int), None)?.value("50").map(drop)
}

fn f2(run: &mut Run<'_>) -> Step {
    let mut slot = Fumo::resume(SLOT, FumoState::Updating, None);
    with_slot(run, &slot)?;
    let status = execute(run, &mut slot, "Update", None)?;
    run.check(status == 403, "Exec of Update", "403", status)?;
    shows(run, FumoState::Updating)?;
    run.check(slot.state() == FumoState::Updating, "the slot", "still updating", slot.state())
}

fn f3(run: &mut Run<'_>) -> Step {
    const DATA: &str = "./Fw/1/Update/PkgData";
    let mut slot = Fumo::new(SLOT);
    with_slot(run, &slot)?;
    run.encoding(syncml::Encoding::Wbxml);
    let chunk = |bytes: &[u8]| Data::Bytes(bytes.to_vec());
    let first = Content::new(chunk(&[1, 2, 3])).with_format("bin");
    let mut large = LargeObject::start(DATA, false, first, Some(5), 1_000_000);
    run.apply(large.check()).status(200)?;
    run.check(large.status().code() == 213, "the first chunk", "213", large.status())?;
    run.has_prop(DATA, "Size", "0")?;
    shows(run, FumoState::Idle)?;
    let status = large.push(&chunk(&[4, 5]));
    run.check(status.code() == 213, "the last chunk", "taken", status)?;
    let command = large.finish().map_err(|status| Stop::new("the last chunk", "a command", status.to_string()))?;
    run.apply(command).status(200)?;
    run.has_prop(DATA, "Size", "5")?;
    let step = happens(run, &mut slot, FumoEvent::PkgData { empty: false })?;
    run.check(step.alert.is_none(), "the package is there", "no alert", step.alert)?;
    shows(run, FumoState::Ready)?;
    run.get(DATA).status(405)?;
    run.encoding(syncml::Encoding::Xml);
    Ok(())
}

fn f4(run: &mut Run<'_>) -> Step {
    for why in [FumoResult::DOWNLOAD_TIMED_OUT, FumoResult::NETWORK] {
        let mut slot = Fumo::new(SLOT);
        with_slot(run, &slot)?;
        let status = execute(run, &mut slot, "Download", Some("c1"))?;
        run.check(status == 202, "Exec of Download", "202", status)?;
        let step = happens(run, &mut slot, FumoEvent::DownloadFailed(why))?;
        alert_is(run, step.alert.as_ref(), FumoAction::Download, &why.to_string(), Some("c1"))?;
        shows(run, FumoState::DownloadFailed)?;
    }
    Ok(())
}

/// A new device: no account.
pub(super) fn factory_new(setup: &mut Setup) {
    standard_accounts(setup);
    setup.remove("./DMAcc/1");
}

/// A bootstrap message with these objects, each added to the Inbox by an Item of one Add.
pub(super) fn bootstrap_message(objects: &[String]) -> Step<Vec<u8>> {
    let item = |object: &String| {
        format!(
            "<Item><Target><LocURI>./Inbox</LocURI></Target><Meta><Format xmlns='syncml:metinf'>bin</Format>\
             <Type xmlns='syncml:metinf'>application/vnd.syncml.dmtnds+wbxml</Type></Meta><Data>{object}</Data></Item>"
        )
    };
    let items: String = objects.iter().map(item).collect();
    let xml = xml_message(&format!("<Add><CmdID>1</CmdID>{items}</Add>"));
    let fail = |error: syncml::Error| Stop::new("the bootstrap message", "WBXML", error.to_string());
    syncml::Message::parse(xml.as_bytes()).and_then(|message| message.to_wbxml()).map_err(fail)
}

/// Gives the message to the device. What comes back has no statuses: a bootstrap is never answered.
pub(super) fn boot(run: &mut Run<'_>, message: &[u8], verified: bool) -> Step<Result<Bootstrapped, BootstrapError>> {
    run.snapshot()?;
    let fail = |error: syncml::Error| Stop::new("the bootstrap message", "WBXML", error.to_string());
    let message = syncml::Message::parse(message).map_err(fail)?;
    let Some(store) = &mut run.store else { return Err(Stop::Skipped) };
    let host = &mut run.host;
    let done = dm1::bootstrap(&mut **store, &message, verified, run.now, &mut |ask| host.reply(ask));
    run.last = None;
    Ok(done)
}

/// An account as a bootstrap brings it: its ACL is in the object.
pub(super) fn boot_object(name: &str) -> String {
    document(&mo(name, DMACC, &account("S9")).replacen(
        "<RTProperties>",
        "<RTProperties><ACL>Delete=S9&amp;Get=S9&amp;Replace=S9</ACL>",
        1,
    ))
}

/// The bootstrap was taken: the device is to start a session with `S9`.
pub(super) fn booted(run: &Run<'_>, done: Result<Bootstrapped, BootstrapError>) -> Step<Bootstrapped> {
    match done {
        Ok(done) if done.server_ids == ["S9"] => Ok(done),
        other => {
            run.check(false, "the bootstrap", "a session with S9 to start", &other).map(|()| Bootstrapped::default())
        }
    }
}

fn b1(run: &mut Run<'_>) -> Step {
    run.setup(factory_new);
    run.has_children("./DMAcc", &[])?;
    let message = bootstrap_message(&[boot_object("1")])?;
    let done = boot(run, &message, true)?;
    let done = booted(run, done)?;
    run.check(done.ignored.is_empty(), "the bootstrap", "nothing ignored", &done.ignored)?;
    let found = account_of(run, "S9")?;
    run.has_prop(&found.uri, "ACL", "Delete=S9&Get=S9&Replace=S9")?;
    run.holds(&format!("{}/AppID", found.uri), "w7")?;
    run.holds(&format!("{}/AppAddr/1/Addr", found.uri), "https://s9.example/dm")?;
    run.server("S9").get(&format!("{}/ServerID", found.uri)).status(200)?.value("S9")?;
    run.server("S1").get(&found.uri).status(425).map(drop)
}

fn b2(run: &mut Run<'_>) -> Step {
    run.setup(factory_new);
    let message = bootstrap_message(&[boot_object("1")])?;
    let before = run.snapshot()?;
    let mac = BootstrapMac::parse(
        "application/vnd.syncml.dm+wbxml; SEC=USERPIN; MAC=00ff000000000000000000000000000000000000",
    );
    let Some(mac) = mac else { return Err(Stop::new("the media type", "a MAC", "none")) };
    let verified = mac.verify(b"1234", &message, |_, _| [7; 20]);
    run.check(!verified, "the MAC", "wrong", verified)?;
    let done = boot(run, &message, verified)?;
    run.check(done == Err(BootstrapError::NotVerified), "the bootstrap", "not verified", &done)?;
    let after = run.snapshot()?;
    before.compare("a bootstrap that is not verified", &after)
}

fn b3(run: &mut Run<'_>) -> Step {
    run.setup(factory_new);
    let unknown = document(&mo("1", "com.example/1.0/Unknown", &leaf("a", "1")));
    let message = bootstrap_message(&[boot_object("1"), unknown])?;
    let done = boot(run, &message, true)?;
    booted(run, done)?;
    let found = account_of(run, "S9")?;
    run.has_prop(&found.uri, "ACL", "Delete=S9&Get=S9&Replace=S9")?;
    let names = run.children("./DMAcc")?;
    run.check(names.len() == 1, "Get ./DMAcc", "one account", &names)?;
    let unknown = run.snapshot()?.uris().any(|uri| uri.ends_with("/a"));
    run.check(!unknown, "the unknown part", "nowhere", unknown)?;
    run.server("S9").get(&format!("{}/ServerID", found.uri)).status(200)?.value("S9").map(drop)
}

fn b4(run: &mut Run<'_>) -> Step {
    run.setup(factory_new);
    run.snapshot()?;
    let application = Characteristic::new("APPLICATION")
        .with_parm("APPID", "w7")
        .with_parm("PROVIDER-ID", "S9")
        .with_parm("TO-NAPID", "NAP1")
        .with_parm("TO-NAPID", "NAP2")
        .with(Characteristic::new("APPADDR").with_parm("ADDR", "https://s9.example/dm"))
        .with(
            Characteristic::new("APPAUTH")
                .with_parm("AAUTHLEVEL", "APPSRV")
                .with_parm("AAUTHTYPE", "DIGEST")
                .with_parm("AAUTHSECRET", "new"),
        );
    let document = ClientProvisioning::new().with(application);
    let Some(store) = &mut run.store else { return Err(Stop::Skipped) };
    let host = &mut run.host;
    let done = document.provision(&mut **store, run.now, &mut |ask| host.reply(ask));
    run.last = None;
    booted(run, done)?;
    let found = account_of(run, "S9")?;
    run.check(found.con_refs == ["NAP1", "NAP2"], "ToConRef", "two entries", &found.con_refs)?;
    run.check(found.pref_con_ref.is_none(), "PrefConRef", "none", &found.pref_con_ref)?;
    let level = found.auth.first().map(|auth| auth.level.as_str());
    run.check(level == Some("CLCRED"), "AAuthLevel", "CLCRED", level)?;
    let acl = run.prop(&found.uri, "ACL")?;
    let parsed = dm1::Acl::parse(&acl).map(|acl| acl.to_canonical());
    run.check(parsed.as_deref() == Ok("Delete=S9&Get=S9&Replace=S9"), "ACL of the account", "its own server", &acl)?;
    run.server("S9").get(&format!("{}/ServerID", found.uri)).status(200)?.value("S9")?;
    run.server("S1").get(&found.uri).status(425).map(drop)
}

fn b5(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        standard_accounts(setup);
        setup.put(SetupNode::new("./DMAcc/own", Content::mo(DMACC)).with_acl("Get=S9"));
        setup.put(SetupNode::new("./DMAcc/own/AppID", "w7"));
        setup.put(SetupNode::new("./DMAcc/own/ServerID", "S9"));
        setup.put(SetupNode::new("./DMAcc/own/Name", "Old"));
    });
    let first = run.snapshot()?.only("./DMAcc/1");
    let instance = instance_of(run, "./DMAcc/own");
    let message = bootstrap_message(&[boot_object("1")])?;
    let done = boot(run, &message, true)?;
    booted(run, done)?;
    run.has_children("./DMAcc", &["1", "own"])?;
    run.has_prop("./DMAcc/own", "ACL", "Delete=S9&Get=S9&Replace=S9")?;
    run.holds("./DMAcc/own/AppAddr/1/Addr", "https://s9.example/dm")?;
    run.gone("./DMAcc/own/Name")?;
    run.holds("./DMAcc/own/AppAuth/1/AAuthSecret", "new").or_else(|_| {
        // Where nobody reads a secret, the device neither: it has a size.
        run.has_prop("./DMAcc/own/AppAuth/1/AAuthSecret", "Size", "3")
    })?;
    let now = instance_of(run, "./DMAcc/own");
    run.check(now == instance, "the ClientURI of the account", &format!("{instance:?}"), &now)?;
    let after = run.snapshot()?.only("./DMAcc/1");
    first.compare("the bootstrap", &after)?;
    run.server("S9").get("./DMAcc/own/ServerID").status(200)?.value("S9").map(drop)
}

fn instance_of(run: &mut Run<'_>, path: &str) -> Option<String> {
    run.mo_tree().ok()?.node_at(path).map(|node| node.uri())
}

const PORT_2_0: &str = "net.example.dm%2F1.0%2FMail/Mail/Port";

/// The path of a node that DM 2.0 names.
fn path_of(run: &mut Run<'_>, client_uri: &str) -> Step<Option<String>> {
    Ok(run.mo_tree()?.node_of(client_uri).and_then(|node| node.loc_uri()))
}

fn is_at(run: &mut Run<'_>, client_uri: &str, path: &str) -> Step {
    let found = path_of(run, client_uri)?;
    run.check(found.as_deref() == Some(path), client_uri, path, &found)?;
    let named = instance_of(run, path);
    run.check(named.as_deref() == Some(client_uri), path, client_uri, &named)
}

fn z1(run: &mut Run<'_>) -> Step {
    is_at(run, PORT_2_0, "./Vendor/Mail/Port")?;
    is_at(run, "urn:oma:mo:oma-dm-devinfo:1.0/DevInfo/Lang", "./DevInfo/Lang")
}

fn z2(run: &mut Run<'_>) -> Step {
    run.mo_tree()?;
    run.rename("Mail", "Post").status(200)?;
    is_at(run, PORT_2_0, "./Vendor/Post/Port")?;
    let miid: Vec<String> = run.mo_tree()?.instances_of(MAIL).map(|instance| instance.miid().to_owned()).collect();
    run.check(miid == ["Mail"], "instances", "Mail", &miid)?;
    run.add("Mail", Content::mo(MAIL)).status(200)?;
    is_at(run, "net.example.dm%2F1.0%2FMail/Mail~1/", "./Vendor/Mail")
        .or_else(|_| is_at(run, "net.example.dm%2F1.0%2FMail/Mail~1", "./Vendor/Mail"))
}

fn z3(run: &mut Run<'_>) -> Step {
    run.setup(|setup| {
        for uri in ["./Fw", "./Ext"] {
            setup.put(SetupNode::new(uri, Content::node()));
        }
    });
    run.mo_tree()?;
    for uri in ["./Fw/A", "./Ext/A"] {
        for command in Fumo::new(uri).create(&[FumoAction::Update]) {
            run.local().apply(command).status(200)?;
        }
    }
    let listed = |tree: &MoTree| -> Vec<(String, Option<String>)> {
        let instances = tree.instances_of(dm1::FUMO_1_0);
        instances.map(|instance| (instance.miid().to_owned(), instance.root().loc_uri())).collect()
    };
    let expected = [("A".to_owned(), Some("./Fw/A".to_owned())), ("A~1".to_owned(), Some("./Ext/A".to_owned()))];
    let found = listed(run.mo_tree()?);
    run.check(found == expected, "instances", &format!("{expected:?}"), &found)?;
    is_at(run, "urn:oma:mo:oma-fumo:1.0/A/State", "./Fw/A/State")?;
    is_at(run, "urn:oma:mo:oma-fumo:1.0/A~1/State", "./Ext/A/State")?;
    #[cfg(feature = "serde")]
    {
        let config = TreeConfig::new(0x5eed).with_strictness(run.setup.strictness).with_dm1(run.setup.config.clone());
        let config = run.setup.definitions.iter().cloned().fold(config, TreeConfig::with_definition);
        let again = MoTree::from_file(config, run.mo_tree()?.to_file());
        let found = again.as_ref().map(listed);
        let same = found.as_ref().is_ok_and(|found| *found == expected);
        run.check(same, "instances after a restart", &format!("{expected:?}"), &found)?;
    }
    // The number of one that is gone is not given again.
    run.local().delete("./Ext/A").status(200)?;
    run.add("./Ext/A", Content::mo(dm1::FUMO_1_0)).status(200)?;
    let found = listed(run.mo_tree()?);
    let miids: Vec<&str> = found.iter().map(|(miid, _)| &**miid).collect();
    run.check(miids == ["A", "A~2"], "instances", "A and A~2", miids)
}

const DM2: &str = "dm.example";

/// Lets a DM 2.0 server read `Mail`; what its validator is.
fn with_reader(run: &mut Run<'_>) -> Step<String> {
    let tree = run.mo_tree()?;
    let account = NewAccount::new(DM2, "https://dm.example/dm", "Example").with_moid(MAIL);
    let made = tree.add_account(account).and_then(|_| tree.grant(MAIL, "Mail", DM2, Rights::READ));
    run.check(made.is_ok(), "an account of DM 2.0", "made", &made)?;
    let validator = run.mo_tree()?.instance(MAIL, "Mail").and_then(|instance| instance.validator());
    validator.ok_or_else(|| Stop::new("the validator of Mail", "one", "none"))
}

/// What a DM 2.0 server reads of `Mail` that knows it as of this validator: `None` if it is fresh (304).
fn read_2_0(run: &mut Run<'_>, validator: &str) -> Step<Option<String>> {
    let uri = format!("net.example.dm%2F1.0%2FMail/Mail/?cv={validator}");
    let outcome = run.mo_tree()?.manage(&Operation::Read { server_id: DM2.to_owned(), uris: Vec::from([uri]) });
    match outcome {
        Outcome::Status(status) if status.as_u16() == 304 => Ok(None),
        Outcome::Data(items) if items.len() == 1 => Ok(items.first().map(|item| item.mo_data.raw().to_owned())),
        other => Err(Stop::new("GET by DM 2.0", "data or 304", format!("{other:?}"))),
    }
}

fn z4(run: &mut Run<'_>) -> Step {
    let old = with_reader(run)?;
    let fresh = read_2_0(run, &old)?;
    run.check(fresh.is_none(), "GET before the change", "304", &fresh)?;
    run.replace("Mail/Server", "other.example.net").status(200)?;
    let data = read_2_0(run, &old)?;
    let has = data.as_deref().is_some_and(|data| data.contains("other.example.net"));
    run.check(has, "GET after the change", "the new value", &data)?;
    let new = run.mo_tree()?.instance(MAIL, "Mail").and_then(|instance| instance.validator()).unwrap_or_default();
    run.check(new != old, "the validator", "another", &new)?;
    let fresh = read_2_0(run, &new)?;
    run.check(fresh.is_none(), "the second GET", "304", &fresh)
}

fn z5(run: &mut Run<'_>) -> Step {
    let validator = with_reader(run)?;
    let commands = [Command::replace("./Vendor/Mail/Server", "other.example.net"), Command::delete("./Vendor/Missing")];
    super::rows_atomic::atomic(run, &commands, 507, &[216, 404])?;
    let fresh = read_2_0(run, &validator)?;
    run.check(fresh.is_none(), "GET after a failed Atomic", "304", &fresh)
}

fn z6(run: &mut Run<'_>) -> Step {
    run.mo_tree()?;
    for path in ["./Vendor/Empty", "./Vendor", "."] {
        let uri = instance_of(run, path);
        run.check(uri.as_deref().is_some_and(str::is_empty), path, "no ClientURI", &uri)?;
    }
    Ok(())
}
