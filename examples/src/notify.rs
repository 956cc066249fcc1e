//! `dm notify`: Package#0 by UDP.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::SystemTime;

use anyhow::Context as _;
use dm_notification::{ConType, NotificationBuilder, NotificationId, UnixSeconds};

use crate::cli::{Bearer, Choice, Form, NotifyArgs};
use crate::failure::Failure;
use crate::input::{hex, to_base64};
use crate::output::print;
use crate::random;

/// Runs `dm notify`.
pub(crate) fn run(arguments: &NotifyArgs) -> Result<(), Failure> {
    let bytes = build(arguments)?;
    if let Some(address) = arguments.to {
        send(address, &bytes)?;
        tracing::info!(to = %address, bytes = bytes.len(), signed = arguments.secret.is_some(), "notification sent");
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
