//! `dm connect --protocol 1.2`: a device, one session.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dm_notification::UnixSeconds;
use dm_notification::dm1::{Account as NotifiedAccount, Credentials, Outcome, Policy, Receiver, Trigger, wsp};
use dm_session::dm1::client::Start;
use dm_session::dm1::{AlertItem, ClientAlert, Scheme};
use dm_session::tree::MoTree;
use dm_session::tree::dm1::{Account, AccountAuth, AuthLevel, NewAccount};
use dm_syncml::Encoding;

use super::device::{Device, Setup, session_id};
use super::story::{self, Teller};
use crate::cli::{AuthArgs, ConnectArgs, StartReason};
use crate::clock::now;
use crate::defaults::SERVER_ID;
use crate::failure::Failure;
use crate::lamp;
use crate::story::Story;
use crate::tree_view::Tree;

/// Runs `dm connect --protocol 1.2`.
pub(crate) fn run(arguments: &ConnectArgs) -> Result<(), Failure> {
    if arguments.start == StartReason::Bootstrap {
        return Err(Failure::Usage(anyhow::anyhow!("--start bootstrap is for DM 2.0")));
    }
    let mut tree = tree(arguments).map_err(Failure::Usage)?;
    let server_id = server_id(&mut tree, arguments.server_id.as_deref()).map_err(Failure::Usage)?;
    if arguments.save == Some(None) && arguments.tree.is_none() {
        return Err(Failure::Usage(anyhow::anyhow!("--save needs a file, because there is no --tree")));
    }
    let setup = Setup {
        ca: arguments.ca.as_deref(),
        basic: arguments.basic.as_ref().map(|login| login.0.clone()),
        allow_http: arguments.allow_http,
        session_timeout: Duration::from_secs(arguments.timeout.max(1)),
        encoding: if arguments.wbxml { Encoding::Wbxml } else { Encoding::Xml },
        max_msg_size: arguments.max_msg_size,
        answers: arguments.answer.clone(),
    };
    let mut device = Device::new(tree, setup).map_err(Failure::Usage)?;
    device.set_endpoint(arguments.server.clone());
    device.config(&server_id).map_err(Failure::Usage)?;
    for alert_type in &arguments.alert {
        device
            .alerts
            .push(ClientAlert::generic(AlertItem::new(alert_type, "")))
            .map_err(|error| Failure::Usage(anyhow::Error::from(error).context(format!("--alert {alert_type:?}"))))?;
    }

    let mut story = Story::new(arguments.json);
    let before = Tree::of(&device.tree);
    let start = match (arguments.listen, arguments.start) {
        (Some(_), _) => wait_for_notification(arguments, &mut device, &server_id, &mut story)?,
        (None, StartReason::Notification) => Start::Notification { session_id: session_id(), resync: None },
        (None, _) => Start::Local { session_id: session_id() },
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
        Some(why) => Err(Failure::Refused(format!("the session failed: {why}"))),
    }
}

/// The session, and what follows from it. `Some` says why it did not end well.
fn play(device: &mut Device, server_id: &str, start: Start, story: &mut Story) -> anyhow::Result<Option<String>> {
    story.chapter("The session");
    let mut teller = Teller::new(story);
    let closed = device.session(server_id, start, &mut teller)?;
    let mut ended = story::bad(closed.reason);
    if device.is_interrupted() {
        return Ok(ended);
    }
    let worked = device.finish_work()?;
    if ended.is_none() && !device.alerts.is_empty() {
        let what = if worked { "The result of an Exec" } else { "What is left to report" };
        story.chapter(&format!("{what}, in a session of its own"));
        let mut teller = Teller::new(story);
        let closed = device.session(server_id, Start::Local { session_id: session_id() }, &mut teller)?;
        ended = story::bad(closed.reason);
    }
    Ok(ended)
}

/// The tree from the file, or a small one made for the purpose.
fn tree(arguments: &ConnectArgs) -> anyhow::Result<MoTree> {
    if let Some(file) = &arguments.tree {
        return crate::tree::load_by_path(file);
    }
    let server_id = arguments.server_id.as_deref().unwrap_or(SERVER_ID);
    let server_uri = arguments.server.as_deref().context("--server is missing")?;
    let nonce = arguments.server_nonce.as_ref().map_or(&[][..], |nonce| nonce.0.as_bytes());
    lamp::tree_by_path(&arguments.device, &account(server_id, server_uri, &arguments.auth, nonce), server_id)
}

/// An account with the credentials of the command line.
pub(crate) fn account(server_id: &str, server_uri: &str, auth: &AuthArgs, server_nonce: &[u8]) -> NewAccount {
    let auth_type = Scheme::from(auth.auth).account_type();
    let text = |secret: &dm_session::Secret| String::from_utf8_lossy(secret.expose_secret()).into_owned();
    let mut account = NewAccount::new("1", server_id, server_uri).with_name("Example City");
    if let Some(login) = &auth.login {
        let own = AccountAuth::new(AuthLevel::Client, auth_type).with_name(&login.name);
        account = account.with_auth(own.with_secret(text(&login.password)));
    }
    if let Some(password) = &auth.server_password {
        let of_server = AccountAuth::new(AuthLevel::Server, auth_type).with_name(server_id);
        account = account.with_auth(of_server.with_secret(text(&password.0)).with_data(server_nonce));
    }
    account
}

/// The account to use.
fn server_id(tree: &mut MoTree, wanted: Option<&str>) -> anyhow::Result<String> {
    let mut accounts = Account::all(tree).into_iter();
    if let Some(wanted) = wanted {
        anyhow::ensure!(accounts.any(|account| account.server_id == wanted), "no account of {wanted:?}");
        return Ok(wanted.into());
    }
    let account = accounts.next().context("the tree has no account of DM 1.2")?;
    anyhow::ensure!(accounts.next().is_none(), "the tree has several accounts; choose one with --server-id");
    Ok(account.server_id)
}

/// Waits until a notification comes that may start a session. The others are ignored, as the standard wants it:
/// without a word to the sender.
fn wait_for_notification(
    arguments: &ConnectArgs,
    device: &mut Device,
    server_id: &str,
    story: &mut Story,
) -> Result<Start, Failure> {
    let address = arguments.listen.context("no address to listen on")?;
    let socket = UdpSocket::bind(address).with_context(|| format!("listening on {address}")).map_err(Failure::Usage)?;
    story.cast(&[("listening", format!("udp://{}", socket.local_addr()?))]);
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let deadline = arguments.wait.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(Failure::Refused("no notification came".into()));
        }
        socket.set_read_timeout(left)?;
        match receive(&socket, &mut receiver, &mut device.tree, server_id, story) {
            Ok(Received::Start(start)) => return Ok(start),
            Ok(Received::Ignored(why)) => tracing::warn!("notification ignored: {why}"),
            Ok(Received::Nothing) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What came by the bearer.
pub(crate) enum Received {
    /// A notification that starts a session.
    Start(Start),
    /// One that does not.
    Ignored(String),
    /// Nothing in time.
    Nothing,
}

/// Takes one datagram. The receiver decides whether it may start a session.
pub(crate) fn receive(
    socket: &UdpSocket,
    receiver: &mut Receiver,
    tree: &mut MoTree,
    server_id: &str,
    story: &mut Story,
) -> anyhow::Result<Received> {
    let mut bytes = [0; 16 * 1024];
    let length = match socket.recv_from(&mut bytes) {
        Ok((length, _)) => length,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            return Ok(Received::Nothing);
        }
        Err(error) => return Err(error.into()),
    };
    let message = bytes.get(..length).unwrap_or_default();
    let notification = match wsp::Push::parse(message).and_then(|push| push.notification()) {
        Ok(notification) => notification,
        Err(error) => return Ok(Received::Ignored(format!("no push of a notification: {error}"))),
    };
    // The nonce is the one that the device issued last.
    let account = Account::find(tree, server_id).context("the account is gone")?;
    let auth = account.credentials(&AuthLevel::Server);
    let secret = auth.and_then(|auth| auth.secret.as_ref());
    let nonce = auth.and_then(|auth| auth.data.as_ref()).map_or(&[][..], |data| data.expose_secret());
    let mut known = NotifiedAccount::new(server_id);
    if let Some(secret) = secret {
        known = known.with_credentials(Credentials::new(secret.expose_secret(), nonce));
    }
    let accounts = [known];
    let outcome = receiver.receive(Some(UnixSeconds(now().as_secs())), notification, &accounts[..]);
    let start = |trigger: Trigger<'_>, story: &mut Story| {
        story::notification(story, message.len(), notification, &trigger);
        Received::Start(trigger.into())
    };
    Ok(match outcome {
        Outcome::Trigger(trigger) => start(trigger, story),
        // A device would ask its user first; who runs this has asked for it.
        Outcome::Ask(trigger) => start(trigger, story),
        Outcome::Ignored(reason) => Received::Ignored(reason.to_string()),
        other => Received::Ignored(format!("{other:?}")),
    })
}
