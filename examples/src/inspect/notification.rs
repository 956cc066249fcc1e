//! Package#0 of DM 2.0.

use dm_notification::{ConType, Limits, Notification, OptionNumber, RawOption, Strictness};

use super::{Deviation, Format, Look, Options, Refusal, Report};
use crate::input::hex;
use crate::output::json::Json;
use crate::output::outline::Item;
use crate::output::style::{BAD, GOOD, NOTE};
use crate::output::time;

pub(super) const NOTIFICATION: Format =
    Format { kind: "dm2-notification", title: "DM 2.0 notification (Package#0)", looks_like, read, convert: None };

/// Binary, of any version: the decoder knows best what is wrong with it. White space alone is a header cut
/// off, because 0x20 is how one begins.
fn looks_like(look: &Look<'_>) -> bool {
    let binary = |byte: &u8| (byte.is_ascii_control() && !byte.is_ascii_whitespace()) || !byte.is_ascii();
    let blank = !look.bytes.is_empty() && look.bytes.iter().all(u8::is_ascii_whitespace);
    blank || look.bytes.iter().any(binary)
}

fn read(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let strictness = match options.strictness {
        dm_package::Strictness::Strict => Strictness::Strict,
        dm_package::Strictness::Lenient => Strictness::Lenient,
    };
    let notification = Notification::parse_with(bytes, strictness, &Limits::DEFAULT)?;
    let check = options.key.map(|(secret, auth_data)| notification.verify(secret, auth_data));
    let verified = check.map(|check| check.is_ok());
    let header = Header::of(bytes);
    Ok(Report {
        items: items(&notification, header, verified),
        json: json(&notification, header, verified),
        deviations: notification
            .deviations()
            .map(|error| Deviation {
                kind: format!("{:?}", error.kind()),
                cause: error.kind().to_string(),
                offset: error.offset(),
            })
            .collect(),
        unlisted: 0,
        findings: None,
        refusal: check.and_then(Result::err).map(Refusal::from),
    })
}

/// The header's fields, for display alone: the decoder has checked them.
#[derive(Clone, Copy)]
struct Header {
    version: u16,
    option_count: u16,
    reserved: u16,
}

impl Header {
    fn of(bytes: &[u8]) -> Self {
        let word = bytes.first_chunk().map_or(0, |two| u16::from_be_bytes(*two));
        Self { version: word >> 12, option_count: word >> 7 & 0x1f, reserved: word & 0x7f }
    }
}

fn items(notification: &Notification<'_>, header: Header, verified: Option<bool>) -> Vec<Item> {
    let mut items = vec![Item::new("VER").value(header.version.to_string())];
    if header.reserved != 0 {
        items.push(Item::new("RESERVED").styled(format!("{:#04x}", header.reserved), NOTE));
    }
    items.push(Item::new("OC").value(header.option_count.to_string()));
    items.extend(notification.options().map(|option| {
        let known = !matches!(option.number, OptionNumber::Unknown(_));
        let item = Item::new(name(option.number));
        let at = format!("byte {}", option.offset);
        match option.number {
            _ if !known => item.styled(hex(option.value), NOTE).remark(at),
            OptionNumber::Sha256Digest => {
                let digest = hex(option.value);
                match verified {
                    Some(true) => item.styled(digest, GOOD).remark(format!("{at}, verified")),
                    Some(false) => item.styled(digest, BAD).remark(format!("{at}, wrong")),
                    None => item.value(digest).remark(format!("{at}, not checked")),
                }
            }
            _ => item.value(value(notification, option.number)).remark(at),
        }
    }));
    if !notification.trailing().is_empty() {
        items.push(Item::new("trailing").styled(hex(notification.trailing()), NOTE));
    }
    items
}

/// A known option's value as it was understood.
fn value(notification: &Notification<'_>, number: OptionNumber) -> String {
    let understood = match number {
        OptionNumber::ServerId => notification.server_id().map(Into::into),
        OptionNumber::PreferredConType => {
            notification.con_type().map(|con_type| format!("{} ({})", u8::from(con_type), con_type_name(con_type)))
        }
        OptionNumber::NotificationId => notification.notification_id().map(|id| format!("{} ({:#06x})", id.0, id.0)),
        OptionNumber::Timestamp => notification.timestamp().map(|time| match time::utc(time.0) {
            Some(date) => format!("{} ({date})", time.0),
            None => time.0.to_string(),
        }),
        OptionNumber::ReqMos => notification.req_mos().then(|| "yes".into()),
        _ => None,
    };
    understood.unwrap_or_default()
}

/// The options without their bytes, for a notification that a receiver has judged.
pub(crate) fn option_items(notification: &Notification<'_>, authenticated: bool) -> Vec<Item> {
    let options = notification.options().map(|option| {
        let item = Item::new(name(option.number));
        match option.number {
            OptionNumber::Unknown(_) => item.styled(hex(option.value), NOTE),
            OptionNumber::Sha256Digest if authenticated => item.styled("verified", GOOD),
            OptionNumber::Sha256Digest => item.styled("not verified", BAD),
            number => item.value(value(notification, number)),
        }
    });
    options.collect()
}

/// Everything that a notification says.
pub(crate) fn notification_json(bytes: &[u8], notification: &Notification<'_>, verified: Option<bool>) -> Json {
    json(notification, Header::of(bytes), verified)
}

fn json(notification: &Notification<'_>, header: Header, verified: Option<bool>) -> Json {
    let con_type = notification.con_type();
    let timestamp = notification.timestamp();
    Json::object()
        .with("version", header.version)
        .with("option_count", header.option_count)
        .with("reserved", header.reserved)
        .with("server_id", notification.server_id())
        .with("preferred_con_type", con_type.map(u8::from))
        .with("preferred_con_type_name", con_type.map(con_type_name))
        .with("notification_id", notification.notification_id().map(|id| id.0))
        .with("digest", notification.digest().map(|digest| hex(digest)))
        .with("digest_verified", verified)
        .with("timestamp", timestamp.map(|time| time.0))
        .with("timestamp_utc", timestamp.and_then(|time| time::utc(time.0)))
        .with("req_mos", notification.req_mos())
        .with("options", notification.options().map(option_json).collect::<Json>())
        .with("trailing", hex(notification.trailing()))
}

fn option_json(option: RawOption<'_>) -> Json {
    let number = u16::from(option.number);
    let known = !matches!(option.number, OptionNumber::Unknown(_));
    Json::object()
        .with("number", number)
        .with("name", known.then(|| name(option.number)))
        .with("offset", option.offset)
        .with("value_offset", option.value_offset)
        .with("length", option.value.len())
        .with("value", hex(option.value))
}

fn name(number: OptionNumber) -> String {
    match number {
        OptionNumber::ServerId => "SERVER-ID".into(),
        OptionNumber::PreferredConType => "PREFERRED-CON-TYPE".into(),
        OptionNumber::NotificationId => "NOTIFICATION-ID".into(),
        OptionNumber::Sha256Digest => "SHA256-DIGEST".into(),
        OptionNumber::Timestamp => "TIMESTAMP".into(),
        OptionNumber::ReqMos => "REQ-MOS".into(),
        other => format!("option {}", u16::from(other)),
    }
}

/// What a bearer is called.
const fn con_type_name(con_type: ConType) -> &'static str {
    match con_type {
        ConType::Any => "any",
        ConType::Cellular => "cellular",
        ConType::Wlan => "wlan",
        ConType::Wireline => "wireline",
        _ => "unassigned",
    }
}
