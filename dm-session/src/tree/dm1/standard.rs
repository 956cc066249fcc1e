//! The MOs that every DM 1.2 device has, and the firmware update MO (OMA-TS-DM-StdObj-V1_2, OMA-TS-DM-FUMO-V1_0).

use super::super::definition::{Access, MoDefinition, NodeDefinition, Occurrence};
use super::super::value::Format;
use super::config::Config;
use super::operation::{Command, Content, Data, Outcome, Principal, Request, Store};
use crate::Secret;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_syncml::{Encoding, child_names, escape_segment};

/// The MO identifier of DevInfo.
pub const DEV_INFO_1_0: &str = "urn:oma:mo:oma-dm-devinfo:1.0";
/// The MO identifier of DevDetail.
pub const DEV_DETAIL_1_0: &str = "urn:oma:mo:oma-dm-devdetail:1.0";
/// The MO identifier of DM Account.
pub const DM_ACC_1_0: &str = "urn:oma:mo:oma-dm-dmacc:1.0";
/// Another identifier of DM Account, which bootstrap messages have.
pub const DM_ACC_W7: &str = "org.openmobilealliance/1.0/w7";
/// The MO identifier of the Inbox.
pub const INBOX_1_0: &str = "urn:oma:mo:oma-dm-inbox:1.0";
/// The MO identifier of Firmware Update.
pub const FUMO_1_0: &str = "urn:oma:mo:oma-fumo:1.0";

/// The identifier under which an MO is known here: aliases become the one that is written.
///
/// ```
/// use dm_session::tree::dm1::{DM_ACC_1_0, DM_ACC_W7, canonical_mo};
/// assert_eq!(canonical_mo(DM_ACC_W7), DM_ACC_1_0);
/// assert_eq!(canonical_mo("net.example/1.0/Mail"), "net.example/1.0/Mail");
/// ```
#[must_use]
pub fn canonical_mo(identifier: &str) -> &str {
    super::super::standard::alias(identifier)
}

/// The descriptions of the MOs above.
pub(crate) fn definitions() -> Vec<MoDefinition> {
    Vec::from([dev_info(), dev_detail(), dm_acc(), inbox(), fumo()])
}

fn read_write() -> Access {
    Access::GET | Access::REPLACE
}

fn group(name: &str) -> NodeDefinition {
    NodeDefinition::interior(name).with_occurrence(Occurrence::ZeroOrOne)
}

fn text(name: &str) -> NodeDefinition {
    NodeDefinition::leaf(name, Format::Chr)
}

/// A leaf that is always there.
fn fixed(name: &str) -> NodeDefinition {
    text(name).permanent().with_default("")
}

fn dev_info() -> MoDefinition {
    let root = NodeDefinition::interior("DevInfo")
        .permanent()
        .with(fixed("DevId"))
        .with(fixed("Man"))
        .with(fixed("Mod"))
        .with(fixed("DmV").with_default("1.2"))
        .with(fixed("Lang"))
        .with(group("Ext").open())
        .with(group("Bearer").open());
    MoDefinition::new(DEV_INFO_1_0, root)
}

fn dev_detail() -> MoDefinition {
    let limit = |name| fixed(name).with_default("0");
    let uri = NodeDefinition::interior("URI").permanent();
    let root = NodeDefinition::interior("DevDetail")
        .permanent()
        .with(uri.with(limit("MaxDepth")).with(limit("MaxTotLen")).with(limit("MaxSegLen")))
        .with(fixed("DevTyp"))
        .with(fixed("OEM"))
        .with(fixed("FwV"))
        .with(fixed("SwV"))
        .with(fixed("HwV"))
        .with(NodeDefinition::leaf("LrgObj", Format::Bool).permanent().with_default(false))
        .with(group("Ext").open())
        .with(group("Bearer").open());
    MoDefinition::new(DEV_DETAIL_1_0, root)
}

/// DM Account. Servers may do more with it than they must be let do, so that one can change its own account; whose
/// account it is cannot be changed, or a server could take the identity of another.
fn dm_acc() -> MoDefinition {
    let set = Access::GET | Access::ADD | Access::REPLACE;
    let identity = Access::GET | Access::ADD;
    let optional = |name| text(name).with_occurrence(Occurrence::ZeroOrOne).with_access(Access::DATA);
    let hidden = |name, format| {
        NodeDefinition::leaf(name, format)
            .with_occurrence(Occurrence::ZeroOrOne)
            .with_access(Access::ADD | Access::REPLACE | Access::DELETE)
    };
    let each = || NodeDefinition::unnamed_interior().with_occurrence(Occurrence::OneOrMore).with_access(Access::DATA);
    let group = |name| group(name).with_access(Access::DATA);
    let address = each()
        .with(text("Addr").with_access(set))
        .with(text("AddrType").with_access(set))
        .with(group("Port").with(each().with(text("PortNbr").with_access(set))));
    let credentials = each()
        .with(text("AAuthLevel").with_access(set))
        .with(text("AAuthType").with_access(set))
        .with(optional("AAuthName"))
        .with(hidden("AAuthSecret", Format::Chr))
        .with(hidden("AAuthData", Format::Bin));
    let root = NodeDefinition::unnamed_interior()
        .with_occurrence(Occurrence::OneOrMore)
        .with_access(read_write() | Access::DELETE)
        .with(text("AppID").with_access(identity))
        .with(text("ServerID").with_access(identity))
        .with(optional("Name"))
        .with(optional("PrefConRef"))
        .with(group("ToConRef").with(each().with(text("ConRef").with_access(set))))
        .with(NodeDefinition::interior("AppAddr").with_access(Access::GET | Access::ADD).with(address))
        .with(optional("AAuthPref"))
        .with(group("AppAuth").with(credentials))
        .with(group("Ext").open());
    MoDefinition::new(DM_ACC_1_0, root)
}

fn inbox() -> MoDefinition {
    MoDefinition::new(INBOX_1_0, NodeDefinition::interior("Inbox").permanent().with_access(Access::ADD))
}

fn fumo() -> MoDefinition {
    let run = |name| group(name).with_access(Access::GET | Access::EXEC);
    let url = || fixed("PkgURL").with_access(read_write());
    let data = NodeDefinition::leaf("PkgData", Format::Bin)
        .with_occurrence(Occurrence::ZeroOrOne)
        .with_access(Access::REPLACE);
    let optional = |name| text(name).with_occurrence(Occurrence::ZeroOrOne);
    let root = NodeDefinition::unnamed_interior()
        .with(optional("PkgName"))
        .with(optional("PkgVersion"))
        .with(run("Download").with(url()))
        .with(run("Update").with(data))
        .with(run("DownloadAndUpdate").with(url()))
        .with(NodeDefinition::leaf("State", Format::Int).permanent().with_default(10))
        .with(group("Ext").open());
    MoDefinition::new(FUMO_1_0, root)
}

/// The description of the root with the standard MOs below it.
pub(crate) fn frame(config: &Config) -> NodeDefinition {
    let account = NodeDefinition::unnamed_interior()
        .with_occurrence(Occurrence::OneOrMore)
        .with_access(read_write() | Access::DELETE)
        .with_moid(DM_ACC_1_0);
    let inbox = NodeDefinition::interior("Inbox").permanent().with_access(Access::ADD).with_moid(INBOX_1_0);
    let root = NodeDefinition::interior(".")
        .permanent()
        .with(NodeDefinition::interior("DevInfo").permanent().with_moid(DEV_INFO_1_0))
        .with(NodeDefinition::interior("DevDetail").permanent().with_moid(DEV_DETAIL_1_0))
        .with(NodeDefinition::interior("DMAcc").permanent().with(account))
        .with(inbox);
    if config.closed { root } else { root.open() }
}

/// The values of `./DevInfo`.
///
/// ```
/// use dm_session::tree::dm1::{Command, DevInfo};
///
/// let info = DevInfo::new("IMEI:350000000000017", "Acme", "A1").with_language("en");
/// assert!(info.commands().contains(&Command::replace("./DevInfo/DevId", "IMEI:350000000000017")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevInfo {
    /// `DevId`: the identifier of the device.
    pub dev_id: String,
    /// `Man`: the manufacturer.
    pub manufacturer: String,
    /// `Mod`: the model.
    pub model: String,
    /// `DmV`: the version of the DM client.
    pub dm_version: String,
    /// `Lang`: the language tag.
    pub language: String,
}

impl DevInfo {
    /// DevInfo of a device with this identifier (`IMEI:…`), manufacturer and model. The DM version is `1.2`, the
    /// language `en`.
    #[must_use]
    pub fn new(dev_id: impl Into<String>, manufacturer: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            dev_id: dev_id.into(),
            manufacturer: manufacturer.into(),
            model: model.into(),
            dm_version: "1.2".to_owned(),
            language: "en".to_owned(),
        }
    }

    /// The same with this language tag.
    #[must_use]
    pub fn with_language(mut self, tag: impl Into<String>) -> Self {
        self.language = tag.into();
        self
    }

    /// What [sets](Request::local) them.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let leaves = [
            ("DevId", &self.dev_id),
            ("Man", &self.manufacturer),
            ("Mod", &self.model),
            ("DmV", &self.dm_version),
            ("Lang", &self.language),
        ];
        leaves.map(|(name, value)| Command::replace(format!("./DevInfo/{name}"), value.as_str())).into()
    }
}

/// The values of `./DevDetail` that are the application's to know. The limits of URIs and `LrgObj` are there by
/// themselves: those of the [configuration](super::Config).
///
/// ```
/// use dm_session::tree::dm1::{Command, DevDetail};
///
/// let commands = DevDetail::new("sensor").with_firmware("3.1").commands();
/// assert!(commands.contains(&Command::replace("./DevDetail/FwV", "3.1")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevDetail {
    /// `DevTyp`: the kind of device.
    pub device_type: String,
    /// `OEM`: the original maker.
    pub oem: String,
    /// `FwV`: the firmware version.
    pub firmware: String,
    /// `SwV`: the software version.
    pub software: String,
    /// `HwV`: the hardware version.
    pub hardware: String,
}

impl DevDetail {
    /// DevDetail of this kind of device; everything else is empty.
    #[must_use]
    pub fn new(device_type: impl Into<String>) -> Self {
        Self { device_type: device_type.into(), ..Self::default() }
    }

    /// The same with this original maker.
    #[must_use]
    pub fn with_oem(mut self, oem: impl Into<String>) -> Self {
        self.oem = oem.into();
        self
    }

    /// The same with this firmware version.
    #[must_use]
    pub fn with_firmware(mut self, version: impl Into<String>) -> Self {
        self.firmware = version.into();
        self
    }

    /// The same with this software version.
    #[must_use]
    pub fn with_software(mut self, version: impl Into<String>) -> Self {
        self.software = version.into();
        self
    }

    /// The same with this hardware version.
    #[must_use]
    pub fn with_hardware(mut self, version: impl Into<String>) -> Self {
        self.hardware = version.into();
        self
    }

    /// What [sets](Request::local) them.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let leaves = [
            ("DevTyp", &self.device_type),
            ("OEM", &self.oem),
            ("FwV", &self.firmware),
            ("SwV", &self.software),
            ("HwV", &self.hardware),
        ];
        leaves.map(|(name, value)| Command::replace(format!("./DevDetail/{name}"), value.as_str())).into()
    }
}

/// Who proves itself to whom (`AAuthLevel`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthLevel {
    /// `CLCRED`: the client to the server.
    Client,
    /// `SRVCRED`: the server to the client.
    Server,
    /// `HTTP`: the transport.
    Http,
    /// `OBEX`: the transport.
    Obex,
    /// Another word.
    Other(String),
}

impl AuthLevel {
    /// The word in the tree.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Client => "CLCRED",
            Self::Server => "SRVCRED",
            Self::Http => "HTTP",
            Self::Obex => "OBEX",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for AuthLevel {
    fn from(word: &str) -> Self {
        match word {
            "CLCRED" => Self::Client,
            "SRVCRED" => Self::Server,
            "HTTP" => Self::Http,
            "OBEX" => Self::Obex,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One set of credentials of an account (`AppAuth/<X>`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountAuth {
    /// The name of its node; empty in one that is to be created, which gets a number.
    pub node: String,
    /// `AAuthLevel`.
    pub level: AuthLevel,
    /// `AAuthType`: `BASIC`, `DIGEST`, `HMAC`, `X509`, `HTTP-BASIC`, `TRANSPORT`, …
    pub auth_type: String,
    /// `AAuthName`.
    pub name: Option<String>,
    /// `AAuthSecret`, text.
    pub secret: Option<Secret>,
    /// `AAuthData`: the nonce, decoded.
    pub data: Option<Secret>,
}

impl AccountAuth {
    /// Credentials of this level and scheme.
    #[must_use]
    pub fn new(level: AuthLevel, auth_type: impl Into<String>) -> Self {
        Self { node: String::new(), level, auth_type: auth_type.into(), name: None, secret: None, data: None }
    }

    /// The same with a user (or server) name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same with a password.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(Secret::new(secret.into()));
        self
    }

    /// The same with a nonce or other data of the scheme.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Some(Secret::new(data));
        self
    }
}

/// One address of a server (`AppAddr/<X>`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountAddr {
    /// `Addr`: for HTTP a URL.
    pub addr: String,
    /// `AddrType`: `URI`, `IPv4` or `IPv6`.
    pub addr_type: String,
    /// `Port/<X>/PortNbr`.
    pub ports: Vec<u16>,
}

impl AccountAddr {
    /// A URL.
    #[must_use]
    pub fn new(addr: impl Into<String>) -> Self {
        Self { addr: addr.into(), addr_type: "URI".to_owned(), ports: Vec::new() }
    }

    /// The same as this type of address.
    #[must_use]
    pub fn with_type(mut self, addr_type: impl Into<String>) -> Self {
        self.addr_type = addr_type.into();
        self
    }

    /// The same with one more port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }
}

/// A DM account as the tree has it.
///
/// ```
/// use dm_session::tree::dm1::{Account, AuthLevel, Store};
///
/// fn password(store: &mut dyn Store) -> Option<dm_session::Secret> {
///     let account = Account::find(store, "dm.example")?;
///     account.credentials(&AuthLevel::Client)?.secret.clone()
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its root (`./DMAcc/1`).
    pub uri: String,
    /// `AppID`: `w7`.
    pub app_id: String,
    /// `ServerID`, which the server proves and ACLs name.
    pub server_id: String,
    /// `Name`, to be shown.
    pub name: Option<String>,
    /// `PrefConRef`: the connectivity to use.
    pub pref_con_ref: Option<String>,
    /// `ToConRef/<X>/ConRef`.
    pub con_refs: Vec<String>,
    /// `AppAddr/<X>`.
    pub addresses: Vec<AccountAddr>,
    /// `AAuthPref`: the scheme to begin with.
    pub auth_pref: Option<String>,
    /// `AppAuth/<X>`.
    pub auth: Vec<AccountAuth>,
}

impl Account {
    /// The account of that server, wherever it is below `./DMAcc`.
    pub fn find(store: &mut dyn Store, server_id: &str) -> Option<Self> {
        let tree = &mut Reader::new(store, Principal::Local);
        let uri = tree.accounts().into_iter().find(|(_, id)| id == server_id)?.0;
        Some(tree.account(&uri))
    }

    /// All accounts below `./DMAcc`.
    pub fn all(store: &mut dyn Store) -> Vec<Self> {
        Reader::new(store, Principal::Local).all()
    }

    /// The account whose root is at `uri`. What it does not have is empty.
    pub fn read(store: &mut dyn Store, uri: &str) -> Self {
        Reader::new(store, Principal::Local).account(uri)
    }

    /// The credentials of that level to begin with: those of [`auth_pref`](Self::auth_pref), else the first.
    #[must_use]
    pub fn credentials(&self, level: &AuthLevel) -> Option<&AccountAuth> {
        let mut fit = self.auth.iter().filter(|auth| auth.level == *level);
        let preferred = self.auth_pref.as_deref().filter(|it| !it.is_empty());
        let by_type = preferred.and_then(|preferred| fit.clone().find(|auth| auth.auth_type == preferred));
        by_type.or_else(|| fit.next())
    }

    /// What [stores](Request::local) a new nonce (`AAuthData`) of the first credentials of that level and scheme;
    /// `None` where there are none. The node is created where it was missing when the account was read: read it again for
    /// the next nonce.
    ///
    /// A session uses the nonce of what [`credentials`](Self::credentials) names: its type is the one to store it for.
    #[must_use]
    pub fn nonce_command(&self, level: &AuthLevel, auth_type: &str, nonce: &[u8]) -> Option<Command> {
        let auth = self.auth.iter().find(|auth| auth.level == *level && auth.auth_type == auth_type)?;
        let uri = format!("{}/AppAuth/{}/AAuthData", self.uri, auth.node);
        let content = Content::new(Data::Bytes(nonce.to_vec())).with_format("bin");
        Some(if auth.data.is_some() { Command::replace(uri, content) } else { Command::add(uri, content) })
    }

    /// What creates everything in the account below its root, which is there.
    pub(super) fn contents(&self) -> Vec<Command> {
        let root = self.uri.as_str();
        let mut commands = Vec::new();
        let mut add = |path: String, content: Content| commands.push(Command::add(format!("{root}/{path}"), content));
        let chr = |text: &str| Content::from(text);
        add("AppID".to_owned(), chr(if self.app_id.is_empty() { "w7" } else { &self.app_id }));
        add("ServerID".to_owned(), chr(&self.server_id));
        let optional = [("Name", &self.name), ("PrefConRef", &self.pref_con_ref), ("AAuthPref", &self.auth_pref)];
        for (name, text) in optional {
            if let Some(text) = text {
                add(name.to_owned(), chr(text));
            }
        }
        let numbered = |list: &str, at: usize| format!("{list}/{}", at.saturating_add(1));
        if !self.con_refs.is_empty() {
            add("ToConRef".to_owned(), Content::node());
        }
        for (at, reference) in self.con_refs.iter().enumerate() {
            let node = numbered("ToConRef", at);
            add(node.clone(), Content::node());
            add(format!("{node}/ConRef"), chr(reference));
        }
        add("AppAddr".to_owned(), Content::node());
        for (at, address) in self.addresses.iter().enumerate() {
            let node = numbered("AppAddr", at);
            add(node.clone(), Content::node());
            add(format!("{node}/Addr"), chr(&address.addr));
            add(format!("{node}/AddrType"), chr(&address.addr_type));
            if !address.ports.is_empty() {
                add(format!("{node}/Port"), Content::node());
            }
            for (at, port) in address.ports.iter().enumerate() {
                let node = numbered(&format!("{node}/Port"), at);
                add(node.clone(), Content::node());
                add(format!("{node}/PortNbr"), chr(&port.to_string()));
            }
        }
        if !self.auth.is_empty() {
            add("AppAuth".to_owned(), Content::node());
        }
        for (at, auth) in self.auth.iter().enumerate() {
            let node = if auth.node.is_empty() { numbered("AppAuth", at) } else { format!("AppAuth/{}", auth.node) };
            add(node.clone(), Content::node());
            add(format!("{node}/AAuthLevel"), chr(auth.level.as_str()));
            add(format!("{node}/AAuthType"), chr(&auth.auth_type));
            if let Some(name) = &auth.name {
                add(format!("{node}/AAuthName"), chr(name));
            }
            if let Some(secret) = &auth.secret {
                let text = String::from_utf8_lossy(secret.expose_secret()).into_owned();
                add(format!("{node}/AAuthSecret"), Content::new(Data::Text(text)));
            }
            if let Some(data) = &auth.data {
                let bytes = Data::Bytes(data.expose_secret().to_vec());
                add(format!("{node}/AAuthData"), Content::new(bytes).with_format("bin"));
            }
        }
        commands
    }

    /// What gives the server of the account its rights on it; `None` for an identifier that no ACL can name.
    pub(super) fn grant(&self) -> Option<Command> {
        let acl = account_acl(&self.server_id)?;
        Some(Command::replace(format!("{}?prop=ACL", self.uri), acl.as_str()))
    }
}

/// `Delete`, `Get` and `Replace` for one server, in canonical form.
fn account_acl(server_id: &str) -> Option<String> {
    let bad = |c: char| "=&*+".contains(c) || c.is_whitespace() || c.is_control();
    let id = server_id;
    (!id.is_empty() && !id.contains(bad)).then(|| format!("Delete={id}&Get={id}&Replace={id}"))
}

/// A DM account that the device's application puts into the tree.
///
/// ```
/// use dm_session::tree::dm1::{AccountAuth, AuthLevel, Command, NewAccount};
///
/// let account = NewAccount::new("1", "dm.example", "https://dm.example/dm")
///     .with_name("Example")
///     .with_auth(AccountAuth::new(AuthLevel::Client, "DIGEST").with_name("device").with_secret("sesame"))
///     .with_auth(AccountAuth::new(AuthLevel::Server, "DIGEST").with_name("dm.example").with_secret("open"));
/// let commands = account.commands();
/// let acl = Command::replace("./DMAcc/1?prop=ACL", "Delete=dm.example&Get=dm.example&Replace=dm.example");
/// assert_eq!(commands.last(), Some(&acl));
/// assert!(!format!("{account:?} {commands:?}").contains("sesame"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount(Account);

impl NewAccount {
    /// An account for this server, reached at this address. `node` is the name of its node below `./DMAcc`, any that
    /// is free.
    #[must_use]
    pub fn new(node: impl AsRef<str>, server_id: impl Into<String>, address: impl Into<String>) -> Self {
        Self(Account {
            uri: format!("./DMAcc/{}", escape_segment(node.as_ref())),
            app_id: "w7".to_owned(),
            server_id: server_id.into(),
            addresses: Vec::from([AccountAddr::new(address)]),
            ..Account::default()
        })
    }

    /// The same with a name to be shown.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// The same with this connectivity (`PrefConRef`).
    #[must_use]
    pub fn with_pref_con_ref(mut self, reference: impl Into<String>) -> Self {
        self.0.pref_con_ref = Some(reference.into());
        self
    }

    /// The same with one more `ToConRef`.
    #[must_use]
    pub fn with_con_ref(mut self, reference: impl Into<String>) -> Self {
        self.0.con_refs.push(reference.into());
        self
    }

    /// The same with one more address.
    #[must_use]
    pub fn with_address(mut self, address: AccountAddr) -> Self {
        self.0.addresses.push(address);
        self
    }

    /// The same with the scheme to begin with (`AAuthPref`).
    #[must_use]
    pub fn with_auth_pref(mut self, auth_type: impl Into<String>) -> Self {
        self.0.auth_pref = Some(auth_type.into());
        self
    }

    /// The same with one more set of credentials.
    #[must_use]
    pub fn with_auth(mut self, auth: AccountAuth) -> Self {
        self.0.auth.push(auth);
        self
    }

    /// What [creates](Request::local) it: to be run in one transaction ([`run_atomic`](super::run_atomic)).
    ///
    /// The server gets Get, Replace and Delete on it. One whose identifier no ACL can name (white space, `=`, `&`,
    /// `*`, `+`) gets nothing: it can only be reached by what ACLs grant to all.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let mut commands = Vec::from([Command::add(self.0.uri.clone(), Content::mo(DM_ACC_1_0))]);
        commands.extend(self.0.contents());
        commands.extend(self.0.grant());
        commands
    }
}

/// Reads the tree as the device does.
pub(super) struct Reader<'s> {
    store: &'s mut dyn Store,
    principal: Principal,
}

impl<'s> Reader<'s> {
    /// For that principal, who may have a transaction open.
    pub(super) fn new(store: &'s mut dyn Store, principal: Principal) -> Self {
        Self { store, principal }
    }

    /// Root and ServerID of all accounts below `./DMAcc`.
    pub(super) fn accounts(&mut self) -> Vec<(String, String)> {
        let roots = self.children("./DMAcc").into_iter();
        roots
            .map(|uri| (self.leaf(&format!("{uri}/ServerID")).unwrap_or_default(), uri))
            .map(|(id, uri)| (uri, id))
            .collect()
    }

    /// All accounts below `./DMAcc`.
    pub(super) fn all(&mut self) -> Vec<Account> {
        let roots = self.children("./DMAcc").into_iter();
        roots.map(|uri| self.account(&uri)).collect()
    }

    pub(super) fn account(&mut self, uri: &str) -> Account {
        let mut account = Account {
            uri: uri.to_owned(),
            app_id: self.leaf(&format!("{uri}/AppID")).unwrap_or_default(),
            server_id: self.leaf(&format!("{uri}/ServerID")).unwrap_or_default(),
            name: self.leaf(&format!("{uri}/Name")),
            pref_con_ref: self.leaf(&format!("{uri}/PrefConRef")),
            auth_pref: self.leaf(&format!("{uri}/AAuthPref")),
            ..Account::default()
        };
        for reference in self.children(&format!("{uri}/ToConRef")) {
            account.con_refs.extend(self.leaf(&format!("{reference}/ConRef")));
        }
        for address in self.children(&format!("{uri}/AppAddr")) {
            let Some(addr) = self.leaf(&format!("{address}/Addr")) else { continue };
            let addr_type = self.leaf(&format!("{address}/AddrType")).filter(|it| !it.is_empty());
            let mut found = AccountAddr::new(addr).with_type(addr_type.unwrap_or_else(|| "URI".to_owned()));
            for port in self.children(&format!("{address}/Port")) {
                found.ports.extend(self.leaf(&format!("{port}/PortNbr")).and_then(|port| port.parse::<u16>().ok()));
            }
            account.addresses.push(found);
        }
        for auth in self.children(&format!("{uri}/AppAuth")) {
            let level = self.leaf(&format!("{auth}/AAuthLevel")).unwrap_or_default();
            account.auth.push(AccountAuth {
                node: auth.rsplit('/').next().unwrap_or_default().to_owned(),
                level: AuthLevel::from(level.as_str()),
                auth_type: self.leaf(&format!("{auth}/AAuthType")).unwrap_or_default(),
                name: self.leaf(&format!("{auth}/AAuthName")),
                secret: self.value(&format!("{auth}/AAuthSecret")).map(secret_of),
                data: self.value(&format!("{auth}/AAuthData")).map(secret_of),
            });
        }
        account
    }

    /// The URIs right below an interior node.
    pub(super) fn children(&mut self, uri: &str) -> Vec<String> {
        match self.value(uri) {
            Some(Data::Text(list)) => {
                child_names(&list).map(|name| format!("{uri}/{}", escape_segment(&name))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The text of a leaf.
    fn leaf(&mut self, uri: &str) -> Option<String> {
        match self.value(uri)? {
            Data::Text(text) => Some(text),
            Data::Bytes(bytes) => String::from_utf8(bytes).ok(),
            Data::None => Some(String::new()),
            Data::Element(_) => None,
        }
    }

    /// What a node holds.
    fn value(&mut self, uri: &str) -> Option<Data> {
        let request = Request::new(self.principal.clone(), Command::get(uri)).with_encoding(Encoding::Wbxml);
        match self.store.apply(&request) {
            Outcome::Done(answer) if answer.status.is_success() => Some(answer.results.into_iter().next()?.data),
            _ => None,
        }
    }
}

fn secret_of(data: Data) -> Secret {
    match data {
        Data::Text(text) => Secret::new(text),
        Data::Bytes(bytes) => Secret::new(bytes),
        Data::None | Data::Element(_) => Secret::default(),
    }
}
