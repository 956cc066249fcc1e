//! `dm notify`: Package#0 by UDP.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::SystemTime;

use anyhow::Context as _;
use dm_notification::{ConType, NotificationBuilder, NotificationId, UnixSeconds, dm1};

use crate::cli::{Bearer, Choice, Form, Initiator, NotifyArgs, UiMode, Version};
use crate::dm1::device::session_id;
use crate::failure::Failure;
use crate::input::{hex, to_base64};
use crate::output::print;
use crate::random;

/// Runs `dm notify`.
pub(crate) fn run(arguments: &NotifyArgs) -> Result<(), Failure> {
    let (bytes, signed) = match arguments.protocol {
        Version::V2_0 => (build(arguments)?, arguments.secret.is_some()),
        Version::V1_2 => (build_dm1(arguments).map_err(Failure::Usage)?, arguments.server_password.is_some()),
    };
    if let Some(address) = arguments.to {
        send(address, &bytes)?;
        tracing::info!(to = %address, bytes = bytes.len(), signed, "notification sent");
    }
    let form = arguments.print.or(arguments.to.is_none().then_some(Form::Hex));
    match form {
        None => {}
        Some(Form::Raw) => std::io::Write::write_all(&mut std::io::stdout(), &bytes)?,
        Some(Form::Hex) => print(&(hex(&bytes) + "\n"))?,
        Some(Form::Base64) => print(&(to_base64(&bytes) + "\n"))?,
    }
    Ok(())
}

fn build(arguments: &NotifyArgs) -> Result<Vec<u8>, Failure> {
    let mut builder = NotificationBuilder::new(&arguments.server_id)
        .with_context(|| format!("--server-id {:?}", arguments.server_id))
        .map_err(Failure::Usage)?;
    if let Some(bearer) = arguments.con_type {
        builder = builder.con_type(match bearer {
            Bearer::Any => ConType::Any,
            Bearer::Cellular => ConType::Cellular,
            Bearer::Wlan => ConType::Wlan,
            Bearer::Wireline => ConType::Wireline,
        });
    }
    match arguments.id {
        Some(Choice::None) => {}
        Some(Choice::Some(id)) => builder = builder.notification_id(NotificationId(id)),
        None => {
            let [high, low] = random::bytes();
            builder = builder.notification_id(NotificationId(u16::from_be_bytes([high, low])));
        }
    }
    match arguments.time {
        Some(Choice::None) => {}
        Some(Choice::Some(seconds)) => builder = builder.timestamp(UnixSeconds(seconds)),
        None => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            builder = builder.timestamp(UnixSeconds(now.as_secs()));
        }
    }
    if arguments.req_mos {
        builder = builder.req_mos();
    }
    Ok(match &arguments.secret {
        Some(secret) => builder.sign(&secret.0, arguments.auth_data.as_ref().map_or(&[], |data| &data.0)).to_vec(),
        None => builder.to_vec(),
    })
}

/// The notification of DM 1.2, as a WAP Push. Where there is no password to sign with, the digest is zeros: a device
/// hears that only if its account says so.
fn build_dm1(arguments: &NotifyArgs) -> anyhow::Result<Vec<u8>> {
    let session_id = match arguments.id {
        Some(Choice::Some(id)) => dm1::SessionId::new(id),
        Some(Choice::None) => None,
        None => Some(session_id()),
    };
    let session_id = session_id.context("a notification of DM 1.2 has the id of a session, from 1")?;
    let mut builder = dm1::NotificationBuilder::new(&arguments.server_id, session_id)
        .with_context(|| format!("--server-id {:?}", arguments.server_id))?;
    if let Some(mode) = arguments.ui_mode {
        builder = builder.ui_mode(match mode {
            UiMode::Background => dm1::UiMode::Background,
            UiMode::Informative => dm1::UiMode::Informative,
            UiMode::Interaction => dm1::UiMode::UserInteraction,
        });
    }
    if let Some(initiator) = arguments.initiator {
        builder = builder.initiator(match initiator {
            Initiator::User => dm1::Initiator::User,
            Initiator::Server => dm1::Initiator::Server,
        });
    }
    let nonce = arguments.nonce.clone().unwrap_or_default().0;
    let signed = match &arguments.server_password {
        Some(password) => builder.sign(&dm1::Credentials::new(password.0.expose_secret(), nonce.as_bytes())),
        None => builder.with_digest([0; dm1::DIGEST_LEN]),
    };
    Ok(pushed(&signed.to_vec())?)
}

/// A notification of DM 1.x in a WAP Push, as it travels by UDP.
pub(crate) fn pushed(notification: &[u8]) -> Result<Vec<u8>, dm1::Error> {
    let mut push = Vec::new();
    let [transaction_id] = random::bytes();
    dm1::wsp::encode(transaction_id, notification, &mut push)?;
    Ok(push)
}

/// Sends one datagram. There is no answer to a notification.
pub(crate) fn send(to: SocketAddr, bytes: &[u8]) -> anyhow::Result<()> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).context("UDP")?;
    socket.send_to(bytes, to).with_context(|| format!("sending to {to}"))?;
    Ok(())
}
