//! Bootstrap (OMA-TS-DM_Bootstrap-V1_2): what a bootstrap message or document leaves in the tree.

use super::atomic::run;
use super::operation::{Answer, Ask, Command, Content, Principal, Reply, Request, Store};
use super::standard::{Account, AccountAddr, AccountAuth, AuthLevel, DM_ACC_1_0, Reader};
use super::tnds::{TndsObject, TndsValue};
use crate::Timestamp;
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::{Command as Wire, ContentType, Limits, Message, Operation, StatusCode};
use subtle::ConstantTimeEq;

/// What a bootstrap brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bootstrapped {
    /// The Server Identifiers of the accounts that are new or changed: the device should start a session with each.
    pub server_ids: Vec<String>,
    /// What was not taken, with the reason: MOs that the device does not have, vendor parts. No harm is in it.
    pub ignored: Vec<(String, StatusCode)>,
}

/// Why a bootstrap changed nothing. For a log: a bootstrap is never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BootstrapError {
    /// The message was not proven to come from someone who may send it.
    NotVerified,
    /// The tree is in the middle of something else.
    Busy,
    /// There is no DM account in it, neither a new one nor a change of one.
    NoAccount,
    /// An account has no ServerID.
    NoServerId,
    /// An account has no address.
    NoAddress,
    /// The tree did not take the account.
    Refused(StatusCode),
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVerified => f.write_str("bootstrap is not verified"),
            Self::Busy => f.write_str("tree is busy"),
            Self::NoAccount => f.write_str("no DM account in the bootstrap"),
            Self::NoServerId => f.write_str("account without ServerID"),
            Self::NoAddress => f.write_str("account without address"),
            Self::Refused(status) => write!(f, "tree refused the account with {status}"),
        }
    }
}

impl core::error::Error for BootstrapError {}

/// Carries out a bootstrap message of the DM profile: all of it in one transaction, with the rights of
/// [`Principal::Bootstrap`]. There is never an answer to send.
///
/// The message is a WBXML document: XML is not allowed here. `verified` says whether its [mac](BootstrapMac), or the
/// channel that brought it, proves that it comes from someone who may send it.
///
/// Commands that the tree refuses are left out (MOs that it does not have, vendor parts). What counts is that there is
/// an account with ServerID and address at the end. An account of a ServerID that has one already takes the place of
/// that, under its name.
///
/// `answer` is asked what the tree asks of a host; see [`run`].
///
/// # Errors
/// [`BootstrapError`]; the tree is as it was.
pub fn bootstrap(
    store: &mut dyn Store,
    message: &Message<'_>,
    verified: bool,
    now: Option<Timestamp>,
    answer: &mut dyn FnMut(&Ask) -> Reply,
) -> Result<Bootstrapped, BootstrapError> {
    if !verified {
        return Err(BootstrapError::NotVerified);
    }
    let before = Account::all(store);
    let work = Work { store, now, answer, done: Bootstrapped::default(), named: BTreeSet::new() };
    work.transaction(|work| {
        for command in message.walk() {
            work.execute(command);
        }
        work.merge(&before)?;
        let named = core::mem::take(&mut work.named);
        let before: BTreeMap<&str, &Account> = before.iter().map(|account| (account.uri.as_str(), account)).collect();
        for account in work.reader().all() {
            // The same account once more changes nothing, and is a bootstrap nevertheless.
            let same = before.get(account.uri.as_str()).is_some_and(|old| **old == account);
            if same && !named.contains(&account.server_id) {
                continue;
            }
            if account.server_id.is_empty() {
                return Err(BootstrapError::NoServerId);
            }
            if account.addresses.iter().all(|address| address.addr.is_empty()) {
                return Err(BootstrapError::NoAddress);
            }
            work.done.server_ids.push(account.server_id);
        }
        if work.done.server_ids.is_empty() { Err(BootstrapError::NoAccount) } else { Ok(()) }
    })
}

/// A bootstrap or a provisioning under way.
struct Work<'w> {
    store: &'w mut dyn Store,
    now: Option<Timestamp>,
    answer: &'w mut dyn FnMut(&Ask) -> Reply,
    done: Bootstrapped,
    /// ServerIDs in the objects that were taken.
    named: BTreeSet<String>,
}

impl Work<'_> {
    fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store, Principal::Bootstrap)
    }

    fn run(&mut self, command: Command) -> Answer {
        let mut request = Request::new(Principal::Bootstrap, command);
        request.now = self.now;
        run(self.store, &request, self.answer)
    }

    /// One that has to work.
    fn must(&mut self, command: Command) -> Result<(), BootstrapError> {
        let status = self.run(command).status;
        if status.is_success() { Ok(()) } else { Err(BootstrapError::Refused(status)) }
    }

    fn transaction(
        mut self,
        steps: impl FnOnce(&mut Self) -> Result<(), BootstrapError>,
    ) -> Result<Bootstrapped, BootstrapError> {
        if !self.run(Command::Begin).status.is_success() {
            return Err(BootstrapError::Busy);
        }
        if let Err(error) = steps(&mut self) {
            self.run(Command::Rollback);
            return Err(error);
        }
        // A commit that fails has undone everything.
        self.must(Command::Commit)?;
        Ok(self.done)
    }

    /// One command of the message. What cannot have an effect without an answer is passed over.
    fn execute(&mut self, command: &Wire<'_>) {
        match command {
            Wire::Add(operation) => self.items(operation, Command::add),
            Wire::Replace(operation) => self.items(operation, Command::replace),
            Wire::Delete(operation) => self.items(operation, |uri, _| Command::delete(uri)),
            _ => {}
        }
    }

    fn items(&mut self, operation: &Operation<'_>, make: impl Fn(String, Content) -> Command) {
        for item in &operation.items {
            let Some(uri) = item.target_uri().map(|uri| uri.as_str().to_owned()) else { continue };
            let content = Content::from_item(item, operation.meta.as_deref());
            let named = server_ids(&content);
            let status = self.run(make(uri.clone(), content)).status;
            if status.is_success() {
                self.named.extend(named);
            } else {
                self.done.ignored.push((uri, status));
            }
        }
    }

    /// Puts new accounts of known servers into the place of the old ones.
    fn merge(&mut self, before: &[Account]) -> Result<(), BootstrapError> {
        let known: BTreeSet<&str> = before.iter().map(|account| account.uri.as_str()).collect();
        let mut places: BTreeMap<String, String> =
            before.iter().rev().map(|account| (account.server_id.clone(), account.uri.clone())).collect();
        for (uri, server_id) in self.reader().accounts() {
            if known.contains(uri.as_str()) || server_id.is_empty() {
                continue;
            }
            let Some(old) = places.get(&server_id) else {
                places.insert(server_id, uri);
                continue;
            };
            let got = self.run(Command::get(format!("{uri}?list=TNDS")));
            let Some(whole) = got.results.into_iter().next().filter(|_| got.status.is_success()) else {
                return Err(BootstrapError::Refused(got.status));
            };
            let format = whole.format.map(|format| format.as_str().to_owned());
            let content = Content { format, media_type: whole.media_type, data: whole.data };
            self.must(Command::replace(old.clone(), content))?;
            self.must(Command::delete(uri))?;
        }
        Ok(())
    }
}

/// The ServerIDs in an object.
fn server_ids(content: &Content) -> Vec<String> {
    let object = TndsObject::from_data(&content.data, &Limits::DEFAULT).unwrap_or_default();
    let named = object.nodes.into_iter().filter(|node| node.name.as_deref() == Some("ServerID"));
    let text = |value| match value {
        Some(TndsValue::Text(text)) => Some(text),
        _ => None,
    };
    named.filter_map(|node| text(node.value)).collect()
}

/// What the media type of a bootstrap message says of its mac: `…;SEC=USERPIN;MAC=…` (OMA-TS-DM_Security-V1_2 §5.7.2).
///
/// The hash is not in this crate: [`verify`](Self::verify) takes HMAC-SHA-1 (RFC 2104) from the host.
///
/// ```
/// use dm_session::tree::dm1::{BootstrapMac, BootstrapSecurity};
///
/// let media_type = "application/vnd.syncml.dm+wbxml; SEC=USERPIN; MAC=00ff000000000000000000000000000000000000";
/// let mac = BootstrapMac::parse(media_type).unwrap();
/// assert_eq!(mac.security, BootstrapSecurity::UserPin);
/// # fn hmac_sha1(_key: &[u8], _document: &[u8]) -> [u8; 20] { [0; 20] }
/// assert!(!mac.verify(b"1234", b"the document", hmac_sha1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootstrapMac {
    /// What the key is.
    pub security: BootstrapSecurity,
    mac: [u8; 20],
}

/// What the key of a bootstrap's mac is (`SEC`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BootstrapSecurity {
    /// `NETWORKID`: a secret shared with the network, such as the IMSI.
    NetworkId,
    /// `USERPIN`: a PIN that the user was told.
    UserPin,
    /// `USERPIN_NETWORKID`: PIN, colon and the secret of the network.
    UserPinNetworkId,
    /// Another word.
    Other(String),
}

impl BootstrapMac {
    /// Reads a media type; `None` without a mac of twenty bytes.
    #[must_use]
    pub fn parse(media_type: &str) -> Option<Self> {
        let media_type = ContentType::parse(media_type)?;
        let word = media_type.param("SEC")?;
        let security = match word.as_str() {
            word if word.eq_ignore_ascii_case("NETWORKID") => BootstrapSecurity::NetworkId,
            word if word.eq_ignore_ascii_case("USERPIN") => BootstrapSecurity::UserPin,
            word if word.eq_ignore_ascii_case("USERPIN_NETWORKID") => BootstrapSecurity::UserPinNetworkId,
            word => BootstrapSecurity::Other(word.to_owned()),
        };
        let text = media_type.param("MAC")?;
        let mut mac = [0; 20];
        if text.len() != 40 {
            return None;
        }
        let mut digits = text.bytes().map(|digit| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok()));
        for byte in &mut mac {
            *byte = digits.next()?? << 4 | digits.next()??;
        }
        Some(Self { security, mac })
    }

    /// Whether the mac is that of the document with this key.
    #[must_use]
    pub fn verify(&self, key: &[u8], document: &[u8], hmac_sha1: impl FnOnce(&[u8], &[u8]) -> [u8; 20]) -> bool {
        hmac_sha1(key, document).ct_eq(&self.mac).into()
    }
}

impl BootstrapSecurity {
    /// The key that this kind has: of the secret of the network (as it is known to the device) and the PIN, joined by
    /// a colon where both are needed. `None` for an unknown kind.
    #[must_use]
    pub fn key(&self, network: &[u8], pin: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::NetworkId => Some(network.to_vec()),
            Self::UserPin => Some(pin.to_vec()),
            Self::UserPinNetworkId => Some([pin, b":", network].concat()),
            Self::Other(_) => None,
        }
    }
}

/// A provisioning document of OMA Client Provisioning, as far as a DM account is in it.
///
/// Reading the document (`wap-provisioningdoc` in XML or WBXML) and its security are for the host, as is connectivity
/// (`NAPDEF`, `PXLOGICAL`): the accounts refer to it by what the host makes of `TO-NAPID` and `TO-PROXY`.
///
/// ```
/// use dm_session::tree::dm1::{Characteristic, ClientProvisioning};
///
/// let address = Characteristic::new("APPADDR").with_parm("ADDR", "https://dm.example/dm");
/// let application = Characteristic::new("APPLICATION")
///     .with_parm("APPID", "w7")
///     .with_parm("PROVIDER-ID", "dm.example")
///     .with(address);
/// let accounts = ClientProvisioning::new().with(application).accounts();
/// assert_eq!((accounts[0].server_id.as_str(), accounts[0].addresses.len()), ("dm.example", 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientProvisioning {
    /// The characteristics at the top.
    pub characteristics: Vec<Characteristic>,
}

/// A `characteristic` of a provisioning document. `Debug` does not show the values.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Characteristic {
    /// `type`.
    pub type_: String,
    /// Name and value of each `parm`, in their order.
    pub parms: Vec<(String, String)>,
    /// The characteristics in it.
    pub children: Vec<Self>,
}

impl Characteristic {
    /// An empty one of that type.
    #[must_use]
    pub fn new(type_: impl Into<String>) -> Self {
        Self { type_: type_.into(), ..Self::default() }
    }

    /// The same with one more `parm`.
    #[must_use]
    pub fn with_parm(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parms.push((name.into(), value.into()));
        self
    }

    /// The same with one more characteristic in it.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    fn all<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        let named = self.parms.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn parm<'c>(&'c self, name: &'c str) -> Option<&'c str> {
        self.all(name).next()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.parm(name).map(ToOwned::to_owned)
    }

    fn below<'c>(&'c self, type_: &'c str) -> impl Iterator<Item = &'c Self> {
        self.children.iter().filter(move |child| child.type_.eq_ignore_ascii_case(type_))
    }

    /// The address in an APPADDR, or in an APPLICATION without one.
    fn address(&self) -> Option<AccountAddr> {
        let mut address = AccountAddr::new(self.parm("ADDR")?);
        if let Some(addr_type) = self.parm("ADDRTYPE").filter(|it| !it.is_empty()) {
            address = address.with_type(addr_type);
        }
        let ports = self.below("PORT").filter_map(|port| port.parm("PORTNBR")?.trim().parse().ok());
        Some(ports.fold(address, AccountAddr::with_port))
    }

    /// The credentials in an APPAUTH.
    fn auth(&self) -> AccountAuth {
        let level = match self.parm("AAUTHLEVEL").unwrap_or_default() {
            "APPSRV" => AuthLevel::Client,
            "CLIENT" => AuthLevel::Server,
            other => AuthLevel::from(other),
        };
        let mut auth = AccountAuth::new(level, self.parm("AAUTHTYPE").unwrap_or_default());
        auth.name = self.text("AAUTHNAME");
        if let Some(secret) = self.parm("AAUTHSECRET") {
            auth = auth.with_secret(secret);
        }
        if let Some(data) = self.parm("AAUTHDATA") {
            let bytes = dm_syncml::Data::text(data).decode_base64();
            auth = auth.with_data(bytes.unwrap_or_else(|_| data.as_bytes().to_vec()));
        }
        auth
    }

    /// The account in an APPLICATION.
    fn account(&self) -> Account {
        let mut references: Vec<String> = self.all("TO-PROXY").map(ToOwned::to_owned).collect();
        references.extend(self.all("TO-NAPID").map(ToOwned::to_owned));
        let pref_con_ref = if references.len() == 1 { references.pop() } else { None };
        let mut addresses: Vec<AccountAddr> = self.below("APPADDR").filter_map(Self::address).collect();
        if addresses.is_empty() {
            addresses.extend(self.address());
        }
        Account {
            app_id: "w7".to_owned(),
            server_id: self.text("PROVIDER-ID").unwrap_or_default(),
            name: self.text("NAME"),
            pref_con_ref,
            con_refs: references,
            addresses,
            auth: self.below("APPAUTH").map(Self::auth).collect(),
            ..Account::default()
        }
    }
}

impl fmt::Debug for Characteristic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.parms.iter().map(|(name, _)| name.as_str()).collect();
        let types: Vec<&str> = self.children.iter().map(|child| child.type_.as_str()).collect();
        f.debug_struct("Characteristic")
            .field("type", &self.type_)
            .field("parms", &names)
            .field("children", &types)
            .finish()
    }
}

impl ClientProvisioning {
    /// An empty document.
    #[must_use]
    pub const fn new() -> Self {
        Self { characteristics: Vec::new() }
    }

    /// The same with one more characteristic.
    #[must_use]
    pub fn with(mut self, characteristic: Characteristic) -> Self {
        self.characteristics.push(characteristic);
        self
    }

    /// The DM accounts in it (`APPLICATION` with `APPID` `w7`), without a place in the tree.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let applications = self.characteristics.iter().filter(|it| it.type_.eq_ignore_ascii_case("APPLICATION"));
        applications.filter(|it| it.parm("APPID") == Some("w7")).map(Characteristic::account).collect()
    }

    /// Puts the accounts into the tree, all or none. The server of each gets Get, Replace and Delete on it. An account
    /// of a ServerID that has one already takes its place, under its name.
    ///
    /// # Errors
    /// [`BootstrapError`]; the tree is as it was.
    pub fn provision(
        &self,
        store: &mut dyn Store,
        now: Option<Timestamp>,
        answer: &mut dyn FnMut(&Ask) -> Reply,
    ) -> Result<Bootstrapped, BootstrapError> {
        let found = self.accounts();
        if found.is_empty() {
            return Err(BootstrapError::NoAccount);
        }
        let work = Work { store, now, answer, done: Bootstrapped::default(), named: BTreeSet::new() };
        work.transaction(|work| {
            for mut account in found {
                if account.server_id.is_empty() {
                    return Err(BootstrapError::NoServerId);
                }
                if account.addresses.iter().all(|address| address.addr.is_empty()) {
                    return Err(BootstrapError::NoAddress);
                }
                let old = work.reader().accounts().into_iter().find(|(_, id)| *id == account.server_id);
                let place;
                if let Some((uri, _)) = old {
                    // Whose account it is stays, or its rights elsewhere would go.
                    place = format!("{uri}/ServerID");
                    for child in work.reader().children(&uri).into_iter().filter(|child| *child != place) {
                        work.must(Command::delete(child))?;
                    }
                    account.uri = uri;
                } else {
                    place = String::new();
                    account.uri = free_name(&work.reader().children("./DMAcc"));
                    work.must(Command::add(account.uri.clone(), Content::mo(DM_ACC_1_0)))?;
                }
                let contents = account.contents().into_iter();
                for command in contents.filter(|it| !matches!(it, Command::Add { uri, .. } if *uri == place)) {
                    work.must(command)?;
                }
                if let Some(grant) = account.grant() {
                    work.must(grant)?;
                }
                work.done.server_ids.push(account.server_id);
            }
            Ok(())
        })
    }
}

/// A name for an account that no other has: the first number.
fn free_name(taken: &[String]) -> String {
    let taken: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
    let mut number = 1_usize;
    loop {
        let name = format!("./DMAcc/{number}");
        if !taken.contains(name.as_str()) {
            return name;
        }
        number = number.saturating_add(1);
    }
}
