//! Leads the DM 1.2 machines through programs written as bytes, and checks the session rules and the rules of the wire
//! on the way. Property tests and fuzz targets share it.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::exhaustive_enums,
    clippy::std_instead_of_core,
    reason = "shared by tests and fuzz targets"
)]

mod client;
mod pair;
#[path = "../program.rs"]
mod program;
mod server;

use std::collections::BTreeSet;

use dm_session::dm1::{Credentials, Demand, Identity, Scheme};
use dm_session::http::Headers;
use dm_session::{Secret, Timestamp};
use dm_syncml::{
    Alert, AlertCode, AuthType, BasicCredentials, Command, Container, Cred, CredentialHash, Data, Encoding, Format,
    HmacHeader, Item, Limits, Message, Meta, Nonce, Operation, Strictness, WbxmlOptions, XmlOptions,
};

#[cfg(feature = "serde")]
pub use client::restore_client;
pub use client::run_client;
pub use pair::{Ended, run_pair};
pub use program::{Fate, Mode, Program};
#[cfg(feature = "serde")]
pub use server::restore_server;
pub use server::run_server;

pub const DEVICE: &str = "IMEI:350000000000017";
pub const SERVER_ID: &str = "dm.example";
pub const SERVER_URI: &str = "https://dm.example/dm";

/// What a machine shows of itself: an action, or how long it waits after an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<A> {
    Does(A),
    Waits(Option<Timestamp>),
}

/// What one side has to show, and how often.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Asked {
    scheme: Option<Scheme>,
    per_message: bool,
}

impl Asked {
    fn pick(program: &mut Program<'_>) -> Self {
        let scheme = [None, None, Some(Scheme::Md5), Some(Scheme::Mac), Some(Scheme::Basic)][program.below(5)];
        Self { scheme, per_message: scheme == Some(Scheme::Mac) || program.below(4) == 0 }
    }

    fn demand(self, name: &str) -> Demand {
        let Some(scheme) = self.scheme else { return Demand::Transport };
        let demand = Demand::new(scheme, credentials(name));
        if self.per_message { demand.with_per_message() } else { demand }
    }
}

fn credentials(name: &str) -> Credentials {
    Credentials::new(name, &Secret::new(name.as_bytes())).with_nonce(Nonce::new(*b"first").unwrap())
}

/// How a side proves itself: not at all, when it is asked, or without being asked.
fn identity(program: &mut Program<'_>, name: &str) -> Identity {
    let first = [Scheme::Md5, Scheme::Mac, Scheme::Basic];
    match program.below(5) {
        0 => Identity::TRANSPORT,
        1 => Identity::new(credentials(name)).with_weakest(Scheme::Basic),
        kind => Identity::new(credentials(name)).with_first(first[kind - 2]).with_weakest(Scheme::Basic),
    }
}

/// The form of messages.
fn encoding(program: &mut Program<'_>) -> Encoding {
    if program.below(2) == 0 { Encoding::Xml } else { Encoding::Wbxml }
}

/// A `MaxMsgSize` to announce: mostly none, at times a small one.
fn max_msg_size(program: &mut Program<'_>) -> Option<u32> {
    [None, None, None, Some(4096), Some(1400), Some(900), Some(700), Some(512)][program.below(8)]
}

/// What a made-up peer shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Wrong,
    Right,
}

impl Shown {
    fn pick(program: &mut Program<'_>) -> Self {
        [Self::Nothing, Self::Wrong, Self::Right, Self::Right, Self::Right, Self::Right][program.below(6)]
    }

    fn nonce(self, nonce: &Nonce) -> Nonce {
        if self == Self::Wrong { Nonce::new(*b"wrong").unwrap() } else { nonce.clone() }
    }

    /// The Cred of a message; [`header`](Self::header) has what a digest of the message proves.
    fn cred(self, scheme: Option<Scheme>, name: &str, nonce: &Nonce) -> Option<Cred<'static>> {
        let secret = dm_syncml::Secret::new(name.as_bytes());
        match scheme? {
            _ if self == Self::Nothing => None,
            Scheme::Basic if self == Self::Right => {
                Some(Cred::new(AuthType::Basic, BasicCredentials::new(name, secret).unwrap().encode()))
            }
            Scheme::Basic => Some(Cred::new(AuthType::Basic, "eDp5")),
            Scheme::Md5 => Some(Cred::new(AuthType::Md5, CredentialHash::of(name, &secret).md5(&self.nonce(nonce)))),
            _ => None,
        }
    }

    /// The value of `x-syncml-hmac`.
    fn header(self, scheme: Option<Scheme>, name: &str, nonce: &Nonce, body: &[u8]) -> Option<String> {
        if self == Self::Nothing || scheme != Some(Scheme::Mac) {
            return None;
        }
        let hash = CredentialHash::of(name, &dm_syncml::Secret::new(name.as_bytes()));
        Some(HmacHeader::sign(name, &hash, &self.nonce(nonce), body).unwrap().to_value())
    }
}

/// The bytes of a message in either form, even of one that is not as it should be. What cannot be written loses its
/// commands, or all there is.
fn encode(mut message: Message<'static>, encoding: Encoding) -> Vec<u8> {
    let bytes = |message: &Message<'_>| {
        let mut out = Vec::new();
        match encoding {
            Encoding::Xml => {
                message.encode_xml(&XmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut out).map(|()| out)
            }
            _ => message
                .encode_wbxml(&WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient), &mut out)
                .map(|()| out),
        }
    };
    bytes(&message).unwrap_or_else(|_| {
        message.commands.clear();
        bytes(&message).unwrap_or_default()
    })
}

/// Changes, cuts or doubles some of the bytes.
fn spoil(bytes: &mut Vec<u8>, program: &mut Program<'_>) {
    for _ in 0..=program.below(3) {
        let at = (usize::from(program.next()) * 256 + usize::from(program.next())) % bytes.len().max(1);
        match program.below(4) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 if at < bytes.len() => bytes.insert(at, bytes[at]),
            _ if at < bytes.len() => bytes[at] = program.next(),
            _ => {}
        }
    }
}

fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Xml => "application/vnd.syncml.dm+xml",
        _ => "application/vnd.syncml.dm+wbxml",
    }
}

/// Reads what a machine has sent: it has to be without fault, and what its headers say.
fn read(body: &[u8], headers: &Headers, strictness: Strictness) -> (Message<'static>, Encoding) {
    let encoding = Encoding::detect(body).expect("a message");
    assert_eq!(headers.get("Content-Type"), Some(media_type(encoding)), "a Content-Type of another form");
    let message = match Message::parse_with(body, strictness, &Limits::DEFAULT) {
        Ok(parsed) => parsed.value.into_owned(),
        Err(error) => panic!("{error} in {}", String::from_utf8_lossy(body)),
    };
    assert_eq!((message.header.ver_dtd.as_str(), message.header.ver_proto.as_str()), ("1.2", "DM/1.2"));
    let mut ids = BTreeSet::new();
    for command in message.walk() {
        let id = command.cmd_id().expect("a command of DM").as_str();
        assert!(id != "0" && !id.is_empty() && ids.insert(id), "CmdID {id:?} is not unique");
    }
    (message, encoding)
}

/// What a message may be at most, by what the peer's headers have said.
fn announced(message: &Message<'_>) -> Option<usize> {
    let size = message.header.meta.as_ref()?.max_msg_size()?.number()?;
    usize::try_from(size).ok().filter(|size| *size > 0)
}

/// The nonce that the Status for the header hands over.
fn issued(message: &Message<'_>) -> Option<Nonce> {
    let Some(Command::Status(status)) = message.commands.first() else { return None };
    status.chal.as_ref()?.nonce().ok().flatten()
}

/// Whether it asks the other side to do something, so that a Status of its own is owed. What only steers the exchange
/// is none of these.
fn is_order(command: &Command<'_>) -> bool {
    match command {
        Command::Status(_) | Command::Results(_) => false,
        Command::Alert(alert) => alert.code().is_some_and(AlertCode::is_user_interaction),
        _ => true,
    }
}

/// Commands of a package, in document order, those in containers among them.
fn orders(message: &Message<'static>) -> Vec<Command<'static>> {
    message.walk().filter(|command| is_order(command)).cloned().collect()
}

fn has_alert(message: &Message<'_>, code: AlertCode) -> bool {
    message.commands.iter().any(|command| matches!(command, Command::Alert(alert) if alert.code() == Some(code)))
}

const URIS: [&str; 10] = [
    "./A",
    "./Vendor/x",
    "./DevInfo/Man",
    "./Vendor?list=StructData",
    "./Big",
    "./Vendor/&<>",
    "",
    "./%",
    "./A?prop=ACL",
    "./Vendor/\u{e4}",
];

fn uri(program: &mut Program<'_>) -> &'static str {
    URIS[program.below(URIS.len())]
}

/// Data of an Item: texts and bytes of every length.
fn data(program: &mut Program<'_>) -> Data<'static> {
    let len = usize::from(program.next());
    match program.below(4) {
        0 => Data::opaque(vec![program.next(); len]),
        1 => Data::text("a&<\u{e4}>".repeat(len)),
        2 => Data::text("x".repeat(len * 16)),
        _ => Data::text("7"),
    }
}

fn item(program: &mut Program<'_>) -> Item<'static> {
    let item = if program.below(8) == 0 { Item::source(uri(program)) } else { Item::target(uri(program)) };
    let meta = Meta::new();
    match program.below(8) {
        0 => item.with_meta(meta.with_format(Format::B64)).with_data("eHl6"),
        1 => item.with_meta(meta.with_format(Format::Node).with_type("a/b")),
        2 => item.with_meta(meta.with_format(Format::Bin)).with_data(data(program)),
        3 => item,
        _ => item.with_data(data(program)),
    }
}

fn operation(program: &mut Program<'_>) -> Operation<'static> {
    let items = [1, 1, 1, 2, 3, 0][program.below(6)];
    (0..items).fold(Operation::new("1"), |operation, _| operation.with_item(item(program)))
}

/// Anything that a server can ask for, rightly or not. The CmdIDs come later.
fn command(program: &mut Program<'_>, depth: usize) -> Command<'static> {
    match program.below(14) {
        0..=2 => Command::Get(Operation::new("1").with_item(Item::target(uri(program)))),
        3 => Command::Get(operation(program)),
        4 | 5 => Command::Replace(operation(program)),
        6 => Command::Add(operation(program)),
        7 => Command::Delete(operation(program)),
        8 => {
            let item = Item::target(uri(program)).with_source(uri(program));
            Command::Copy(Operation::new("1").with_item(item))
        }
        9 => Command::Exec(operation(program).with_correlator("c-7")),
        10 => {
            let code = [1100, 1101, 1102, 1103, 1104, 1199][program.below(6)];
            let items = program.below(5);
            let alert = Alert::new("1", AlertCode::new(code));
            let texts = ["MAXDT=20", "Go on?", "one", "two", "three"];
            Command::Alert(texts[..items].iter().fold(alert, |alert, text| alert.with_item(Item::data(*text))))
        }
        11 | 12 if depth < 3 => Command::Atomic(container(program, depth)),
        13 if depth < 3 => Command::Sequence(container(program, depth)),
        _ => Command::Delete(Operation::new("1").with_item(Item::target(uri(program)))),
    }
}

fn container(program: &mut Program<'_>, depth: usize) -> Container<'static> {
    let count = program.below(5);
    (0..count).fold(Container::new("1"), |container, _| container.with_command(command(program, depth + 1)))
}

/// The snapshots that a program goes through, as text: `true` for those of a client.
#[cfg(feature = "serde")]
pub fn snapshots(bytes: &[u8]) -> Vec<(bool, String)> {
    program::SNAPSHOTS.with_borrow_mut(Vec::clear);
    run_client(bytes, Mode::Restored);
    let clients = program::SNAPSHOTS.with_borrow_mut(std::mem::take);
    run_server(bytes, Mode::Restored);
    let servers = program::SNAPSHOTS.with_borrow_mut(std::mem::take);
    let clients = clients.into_iter().map(|text| (true, text));
    clients.chain(servers.into_iter().map(|text| (false, text))).collect()
}
