//! `dm connect`: a device, one session.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dm_notification::{Account as NotifiedAccount, Credentials, Outcome, Policy, Receiver, UnixSeconds};
use dm_package::Alert;
use dm_session::dm2::Destination;
use dm_session::dm2::client::{Reason, Start};
use dm_session::tree::{MoTree, TreeFile};

use crate::cli::{ConnectArgs, StartReason, Version};
use crate::clock::now;
use crate::defaults::SERVER_ID;
use crate::device::{Device, Setup};
use crate::failure::Failure;
use crate::lamp::{self, Key};
use crate::story::{self, Story};
use crate::tree_view::Tree;

/// Runs `dm connect`.
pub(crate) fn run(arguments: &ConnectArgs) -> Result<(), Failure> {
    if arguments.protocol == Version::V1_2 {
        return crate::dm1::connect::run(arguments);
    }
    let tree = tree(arguments).map_err(Failure::Usage)?;
    let server_id = server_id(&tree, arguments.server_id.as_deref()).map_err(Failure::Usage)?;
    if arguments.save == Some(None) && arguments.tree.is_none() {
        return Err(Failure::Usage(anyhow::anyhow!("--save needs a file, because there is no --tree")));
    }
    let setup = Setup {
        ca: arguments.ca.as_deref(),
        basic: arguments.basic.as_ref().map(|login| login.0.clone()),
        allow_http: arguments.allow_http,
        session_timeout: Duration::from_secs(arguments.timeout.max(1)),
        finish: lamp::finish,
    };
    let mut device = Device::new(tree, setup).map_err(Failure::Usage)?;
    device.set_endpoint(arguments.server.clone());
    device.config(&server_id).map_err(Failure::Usage)?;
    for alert_type in &arguments.alert {
        let destination = Destination { server_id: server_id.clone(), server_uri: None };
        device.outbox.push(destination, Alert::new(alert_type.clone()))?;
    }

    let mut story = Story::new(arguments.json);
    let before = Tree::of(&device.tree);
    let start = match arguments.listen {
        Some(address) => wait_for_notification(address, arguments.wait, &device, &server_id, &mut story)?,
        None => match arguments.start {
            StartReason::Local => Start::Local,
            StartReason::Bootstrap => Start::Bootstrap,
            StartReason::Notification => Start::Notification { notification_id: None, req_mos: true },
        },
    };
    crate::interrupt::on_request(device.stopper())?;
    let ended = play(&mut device, &server_id, start, &mut story)?;

    let after = Tree::of(&device.tree);
    story.chapter("What changed in the device's tree");
    story.tree(&after, Some(&before));
    if let Some(target) = &arguments.save {
        let file = target.as_deref().or(arguments.tree.as_deref()).context("no file to save to")?;
        crate::tree::save(&device.tree.to_file(), file)?;
        tracing::info!("tree saved to {}", file.display());
    }
    match ended {
        None => Ok(()),
        Some(why) => Err(Failure::Refused(why)),
    }
}

/// The session, and what follows from it. `Some` says why it did not end well.
fn play(device: &mut Device, server_id: &str, start: Start, story: &mut Story) -> anyhow::Result<Option<String>> {
    story.chapter("The session");
    let closed = device.session(server_id, start, story)?;
    let mut ended = bad(closed.reason);
    if !device.is_interrupted() {
        device.finish_work()?;
        for destination in device.reports() {
            story.chapter("The result of an EXEC, in a session of its own");
            let server_uri = destination.server_uri.clone().unwrap_or_default();
            let report = device.session(server_id, Start::Report { server_uri }, story)?;
            ended = ended.or(bad(report.reason));
        }
    }
    if !device.is_interrupted() && device.tree.subscriptions().next().is_some() {
        story.beside("report of a change");
        device.report_changes(server_id, story)?;
    }
    Ok(ended)
}

fn bad(reason: Reason) -> Option<String> {
    let (good, why) = story::reason(reason);
    (!good).then(|| format!("the session failed: {why}"))
}

/// The tree from the file, or a small one made for the purpose.
fn tree(arguments: &ConnectArgs) -> anyhow::Result<MoTree> {
    if let Some(file) = &arguments.tree {
        let text = std::fs::read(file).with_context(|| file.display().to_string())?;
        let parsed: TreeFile = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
        return MoTree::from_file(lamp::tree_config(), parsed).with_context(|| file.display().to_string());
    }
    let server_id = arguments.server_id.as_deref().unwrap_or(SERVER_ID);
    let server_uri = arguments.server.as_deref().context("--server is missing")?;
    let key = arguments
        .secret
        .as_ref()
        .map(|secret| Key { secret: &secret.0, auth_data: arguments.auth_data.as_ref().map_or(&[], |data| &data.0) });
    lamp::tree(&arguments.device, server_id, server_uri, key.as_ref()).context("the device")
}

/// The account to use.
fn server_id(tree: &MoTree, wanted: Option<&str>) -> anyhow::Result<String> {
    let mut accounts = tree.accounts();
    if let Some(wanted) = wanted {
        anyhow::ensure!(accounts.any(|account| account.server_id == wanted), "no account of {wanted:?}");
        return Ok(wanted.into());
    }
    let account = accounts.next().context("the tree has no account")?;
    anyhow::ensure!(accounts.next().is_none(), "the tree has several accounts; choose one with --server-id");
    Ok(account.server_id)
}

/// Waits until a notification comes that may start a session. The others are ignored, as the standard
/// wants it: without a word to the sender.
fn wait_for_notification(
    address: SocketAddr,
    seconds: Option<u64>,
    device: &Device,
    server_id: &str,
    story: &mut Story,
) -> Result<Start, Failure> {
    let socket = UdpSocket::bind(address).with_context(|| format!("listening on {address}")).map_err(Failure::Usage)?;
    story.cast(&[("listening", format!("udp://{}", socket.local_addr()?))]);
    let credentials = device.tree.notification_credentials(server_id);
    let mut account = NotifiedAccount::new(server_id);
    if let Some(credentials) = &credentials {
        account = account.with_credentials(Credentials::new(credentials.secret.expose_secret(), &credentials.data));
    }
    let accounts = [account];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut bytes = [0; 16 * 1024];
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(Failure::Refused("no notification came".into()));
        }
        socket.set_read_timeout(left)?;
        let length = match socket.recv_from(&mut bytes) {
            Ok((length, _)) => length,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let message = bytes.get(..length).unwrap_or_default();
        match receiver.receive(Some(UnixSeconds(now().as_secs())), message, &accounts[..]) {
            Outcome::Trigger(trigger) => {
                story.notification(message, &trigger);
                let notification_id = trigger.notification_id.map(|id| id.0);
                return Ok(Start::Notification { notification_id, req_mos: trigger.req_mos });
            }
            Outcome::Ignored(reason) => tracing::warn!("notification ignored: {reason}"),
            other => tracing::warn!("notification: {other:?}"),
        }
    }
}
