//! The MOs that every DM 2.0 device has (§11 and the MO definitions).

use super::change::{Author, Input};
use super::definition::{Access, MoDefinition, NodeDefinition, Occurrence};
use super::error::{TreeError, TreeErrorKind};
use super::mo_tree::{AccountEntry, Accounts, Instance, MoTree, NewInstance};
use super::names;
use super::value::{Format, Value};
use crate::Secret;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The MO identifier of DevInfo.
pub const DEV_INFO: &str = "urn:oma:mo:oma-dm-devinfo:1.2";
/// The MO identifier of DM Account.
pub const DM_ACCOUNT: &str = "urn:oma:mo:oma-dm-dmacc:1.2";
/// The MO identifier of session information.
pub const SESSION_INFO: &str = "urn:oma:mo:oma-sessioninfomo:1.0";

pub(crate) fn definitions() -> [MoDefinition; 3] {
    [dev_info(), dm_account(), session_info()]
}

/// Whether the MO is DM 2.0's own, which DM 1.x neither sees nor makes.
pub(crate) fn is_own(moid: &str) -> bool {
    [DEV_INFO, DM_ACCOUNT, SESSION_INFO].contains(&moid)
}

/// The identifier under which an MO is known that has several.
pub(crate) fn alias(moid: &str) -> &str {
    match moid {
        "org.openmobilealliance/1.0/w7" => "urn:oma:mo:oma-dm-dmacc:1.0",
        other => other,
    }
}

fn secret(name: &str) -> NodeDefinition {
    NodeDefinition::leaf(name, Format::Bin).with_access(Access::NONE)
}

fn group(name: &str) -> NodeDefinition {
    NodeDefinition::interior(name).with_occurrence(Occurrence::ZeroOrOne)
}

/// DevInfo: read-only for servers, readable for all of them.
fn dev_info() -> MoDefinition {
    let root = NodeDefinition::interior("DevInfo").permanent();
    let required = ["DevID", "Man", "Mod", "DmV", "Lang", "DevType", "OEM", "FwV", "SwV", "HwV"];
    let root = required
        .into_iter()
        .fold(root.with(group("Bearer").open()), |root, name| root.with(NodeDefinition::leaf(name, Format::Chr)));
    MoDefinition::new(DEV_INFO, root.with(group("Ext").open())).with_readable_by_all(true)
}

/// DM Account. Nothing in it can be changed by a server. `Perm` and the secrets are never shown;
/// `Auth/Noti/Secret` neither, although its access type is printed as Get.
fn dm_account() -> MoDefinition {
    let bootstrap = group("Bootstrap")
        .with(NodeDefinition::leaf("ServerURI", Format::Chr))
        .with(NodeDefinition::leaf("SecMode", Format::Bin))
        .with(secret("ClientPubKey"))
        .with(secret("ServerPubKey"))
        .with(secret("ClientSecretKey"));
    let notification = group("Noti")
        .with(NodeDefinition::leaf("Type", Format::Int))
        .with(NodeDefinition::leaf("Data", Format::Bin))
        .with(secret("Secret"));
    let transport = group("Trsp").with(NodeDefinition::leaf("Data", Format::Bin)).with(secret("Secret"));
    let gcm = ["SenderID", "RegURI", "UnRegURI", "RegParams"]
        .into_iter()
        .fold(group("GCM"), |gcm, name| gcm.with(NodeDefinition::leaf(name, Format::Chr)))
        .with(group("Ext").open());
    let permitted = NodeDefinition::unnamed_interior()
        .with_occurrence(Occurrence::OneOrMore)
        .with_access(Access::NONE)
        .with(NodeDefinition::leaf("MOID", Format::Chr).with_access(Access::NONE));
    let root = NodeDefinition::unnamed_interior()
        .with(NodeDefinition::leaf("SrvID", Format::Chr))
        .with(NodeDefinition::leaf("SrvURI", Format::Chr))
        .with(NodeDefinition::leaf("Name", Format::Chr))
        .with(NodeDefinition::interior("Perm").with_access(Access::NONE).with(permitted))
        .with(group("Auth").with(bootstrap).with(notification).with(transport))
        .with(group("Push").with(gcm).with(group("Ext").open()))
        .with(group("Ext").open());
    MoDefinition::new(DM_ACCOUNT, root)
}

/// Session information: what is publicly known of it are two leaves.
fn session_info() -> MoDefinition {
    let known = |name| NodeDefinition::leaf(name, Format::Chr).with_occurrence(Occurrence::ZeroOrOne);
    let root = NodeDefinition::interior("SessionInfo").permanent().with(known("CBT")).with(known("ROAMING"));
    MoDefinition::new(SESSION_INFO, root).with_readable_by_all(true)
}

/// The content of a DevInfo instance.
///
/// ```
/// use dm_session::tree::{DEV_INFO, MoTree, NewDevInfo, TreeConfig, Value};
///
/// let mut tree = MoTree::new(TreeConfig::new(1))?;
/// let miid = tree.add_dev_info(NewDevInfo::new("IMEI:350000000000017", "Acme", "A1").with_firmware("3.1"))?;
/// assert_eq!(tree.dev_id(), Some("IMEI:350000000000017"));
/// assert_eq!(tree.value(DEV_INFO, &miid, "DmV"), Some(&Value::from("2.0")));
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NewDevInfo(NewInstance);

impl NewDevInfo {
    /// DevInfo of a device with this identifier (`IMEI:…`, `UUID:…`; the value of the header
    /// `OMADM-DevID`), manufacturer and model. The DM version is `2.0`, the language `en`;
    /// everything else is empty.
    #[must_use]
    pub fn new(dev_id: impl Into<String>, manufacturer: impl Into<String>, model: impl Into<String>) -> Self {
        let given = NewInstance::new(DEV_INFO)
            .with("DevID", dev_id.into())
            .with("Man", manufacturer.into())
            .with("Mod", model.into())
            .with("DmV", "2.0")
            .with("Lang", "en");
        Self(["DevType", "OEM", "FwV", "SwV", "HwV"].into_iter().fold(given, |given, name| given.with(name, "")))
    }

    /// The same with this language tag.
    #[must_use]
    pub fn with_language(self, tag: impl Into<String>) -> Self {
        self.with("Lang", tag.into())
    }

    /// The same with this kind of device, such as `smartphone`.
    #[must_use]
    pub fn with_device_type(self, device_type: impl Into<String>) -> Self {
        self.with("DevType", device_type.into())
    }

    /// The same with this original maker.
    #[must_use]
    pub fn with_oem(self, oem: impl Into<String>) -> Self {
        self.with("OEM", oem.into())
    }

    /// The same with this firmware version.
    #[must_use]
    pub fn with_firmware(self, version: impl Into<String>) -> Self {
        self.with("FwV", version.into())
    }

    /// The same with this software version.
    #[must_use]
    pub fn with_software(self, version: impl Into<String>) -> Self {
        self.with("SwV", version.into())
    }

    /// The same with this hardware version.
    #[must_use]
    pub fn with_hardware(self, version: impl Into<String>) -> Self {
        self.with("HwV", version.into())
    }

    /// The same with a value at any path, such as `Ext/Acme/Board`.
    #[must_use]
    pub fn with(self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.with(path, value))
    }
}

/// The content of a DM Account: what a bootstrap brings. `Debug` shows no secret.
///
/// ```
/// use dm_session::Secret;
/// use dm_session::tree::{DEV_INFO, MoTree, NewAccount, TreeConfig};
///
/// let mut tree = MoTree::new(TreeConfig::new(1))?;
/// tree.add_account(
///     NewAccount::new("dm.example", "https://dm.example/dm", "Example")
///         .with_moid(DEV_INFO)
///         .with_notification(1, b"nonce".as_slice(), &Secret::new(b"shared".as_slice())),
/// )?;
/// let account = tree.account("dm.example").ok_or("no account")?;
/// assert_eq!(account.server_uri, "https://dm.example/dm");
/// assert_eq!(account.moids, [DEV_INFO]);
/// let credentials = tree.notification_credentials("dm.example").ok_or("no credentials")?;
/// assert_eq!(credentials.secret.expose_secret(), b"shared");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    instance: NewInstance,
    /// Entries of `Perm` so far.
    moids: usize,
}

impl NewAccount {
    /// An account of the server with this identifier, endpoint and display name.
    #[must_use]
    pub fn new(server_id: impl Into<String>, server_uri: impl Into<String>, name: impl Into<String>) -> Self {
        let instance = NewInstance::new(DM_ACCOUNT)
            .with_name("DMAcc")
            .with("SrvID", server_id.into())
            .with("SrvURI", server_uri.into())
            .with("Name", name.into());
        Self { instance, moids: 0 }
    }

    /// The same with one more MO that the server may ever manage. At least one has to be named.
    #[must_use]
    pub fn with_moid(mut self, moid: impl Into<String>) -> Self {
        self.moids = self.moids.saturating_add(1);
        let path = format!("Perm/{}/MOID", self.moids);
        self.with(path, moid.into())
    }

    /// The same with credentials for notifications: authentication type (values are not public), authentication
    /// data and shared secret of the digest.
    #[must_use]
    pub fn with_notification(self, kind: i64, data: impl Into<Vec<u8>>, secret: &Secret) -> Self {
        self.with("Auth/Noti/Type", kind)
            .with("Auth/Noti/Data", data.into())
            .with("Auth/Noti/Secret", secret.expose_secret())
    }

    /// The same with credentials for the TLS connection of sessions, such as certificate and private
    /// key.
    #[must_use]
    pub fn with_transport(self, data: impl Into<Vec<u8>>, secret: &Secret) -> Self {
        self.with("Auth/Trsp/Data", data.into()).with("Auth/Trsp/Secret", secret.expose_secret())
    }

    /// The same with this instance identifier.
    #[must_use]
    pub fn with_miid(mut self, miid: impl Into<String>) -> Self {
        self.instance = self.instance.with_miid(miid);
        self
    }

    /// The same with a value at any path, such as `Push/GCM/SenderID`.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.instance = self.instance.with(path, value);
        self
    }
}

/// A DM Account as a session needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Identifier of the DM Account instance.
    pub miid: String,
    /// The server (`SrvID`).
    pub server_id: String,
    /// Where Package#1 goes (`SrvURI`).
    pub server_uri: String,
    /// What to call it in front of people (`Name`).
    pub name: String,
    /// The MOs for which it was provisioned, in order of their text.
    pub moids: Vec<String>,
}

/// What a notification of a server is checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotificationCredentials {
    /// Authentication type; its values are not public.
    pub kind: Option<i64>,
    /// Authentication data, last part of what the digest covers.
    pub data: Vec<u8>,
    /// The secret, first part of what the digest covers.
    pub secret: Secret,
}

impl MoTree {
    /// Creates the DevInfo instance and hands back its identifier.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::Occurrence`] when there is one; [`TreeErrorKind::LimitExceeded`].
    pub fn add_dev_info(&mut self, new: NewDevInfo) -> Result<String, TreeError> {
        self.create_instance(new.0)
    }

    /// `DevInfo/DevID`.
    #[must_use]
    pub fn dev_id(&self) -> Option<&str> {
        self.instances_of(DEV_INFO).next()?.root().child("DevID")?.value()?.as_str()
    }

    /// Creates a DM Account instance and hands back its identifier. The server can open sessions from now
    /// on; what it may do is for [`grant`](Self::grant) to say.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::AlreadyExists`] for a server that has an account,
    /// [`TreeErrorKind::Occurrence`] without a [permitted MO](NewAccount::with_moid),
    /// [`TreeErrorKind::InvalidName`] for an unusable server identifier,
    /// [`TreeErrorKind::InvalidUri`] for an endpoint that is no HTTP(S) URI,
    /// [`TreeErrorKind::InvalidMoid`], [`TreeErrorKind::LimitExceeded`].
    pub fn add_account(&mut self, new: NewAccount) -> Result<String, TreeError> {
        self.create_instance(new.instance)
    }

    /// Removes the account of a server, with its rights, default URIs and subscriptions.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`].
    pub fn remove_account(&mut self, server_id: &str) -> Result<(), TreeError> {
        let account = self.accounts_by_id().get(server_id).ok_or_else(|| TreeErrorKind::NotFound.at(server_id))?;
        let root = account.root;
        self.change(Author::Device, |change| change.delete(root).map_err(|kind| kind.at(server_id)))
    }

    /// Adds an MO to those that a server may ever manage; nothing changes if it is there.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] for a server without account, [`TreeErrorKind::InvalidMoid`],
    /// [`TreeErrorKind::LimitExceeded`].
    pub fn provision(&mut self, server_id: &str, moid: &str) -> Result<(), TreeError> {
        let account = self.accounts_by_id().get(server_id).ok_or_else(|| TreeErrorKind::NotFound.at(server_id))?;
        if account.moids.contains(moid) {
            return Ok(());
        }
        let root = account.root;
        let groups = self.descend(root, "Perm");
        let free = (1_usize..)
            .map(|number| number.to_string())
            .find(|name| groups.is_none_or(|groups| self.arena.child(groups, name).is_none()))
            .unwrap_or_default();
        self.change(Author::Device, |change| change.put(root, &format!("Perm/{free}/MOID"), Input::Text(moid)))
    }

    /// The accounts, by server identifier.
    pub fn accounts(&self) -> impl Iterator<Item = Account> {
        self.accounts_by_id().iter().map(|(server_id, entry)| self.read_account(server_id, entry))
    }

    /// The account of a server.
    #[must_use]
    pub fn account(&self, server_id: &str) -> Option<Account> {
        let (server_id, entry) = self.accounts_by_id().get_key_value(server_id)?;
        Some(self.read_account(server_id, entry))
    }

    /// What notifications of a server are checked with, if its account has `Auth/Noti`.
    #[must_use]
    pub fn notification_credentials(&self, server_id: &str) -> Option<NotificationCredentials> {
        let root = self.accounts_by_id().get(server_id)?.root;
        let value = |path| self.arena.get(self.descend(root, path)?)?.value();
        Some(NotificationCredentials {
            kind: value("Auth/Noti/Type").and_then(Value::as_i64),
            data: value("Auth/Noti/Data").and_then(Value::as_bytes).unwrap_or_default().to_vec(),
            secret: Secret::new(value("Auth/Noti/Secret")?.as_bytes()?),
        })
    }

    fn read_account(&self, server_id: &str, entry: &AccountEntry) -> Account {
        let text = |path| {
            let value = self.descend(entry.root, path).and_then(|node| self.arena.get(node)?.value());
            value.and_then(Value::as_str).unwrap_or_default().to_string()
        };
        let miid = self.instance_of(entry.root).map(|(_, instance)| instance.miid.to_string());
        Account {
            miid: miid.unwrap_or_default(),
            server_id: server_id.to_string(),
            server_uri: text("SrvURI"),
            name: text("Name"),
            moids: entry.moids.iter().cloned().collect(),
        }
    }

    pub(crate) fn account_mo(&self) -> Option<usize> {
        self.by_moid.get(DM_ACCOUNT).copied()
    }

    /// Reads all accounts from their instances and checks what sessions rely on.
    pub(crate) fn read_accounts(&self) -> Result<Accounts, TreeError> {
        let mut accounts = Accounts::new();
        let ids = self.account_mo().and_then(|mo| self.mos.get(mo)).into_iter().flat_map(|mo| &mo.by_age);
        for instance in ids.filter_map(|id| self.instances.get(id)) {
            let (server_id, entry) = self.account_of(instance)?;
            if accounts.contains_key(&server_id) {
                return Err(TreeErrorKind::AlreadyExists.at(format!("{}SrvID", self.address(instance.root))));
            }
            accounts.insert(server_id, entry);
        }
        Ok(accounts)
    }

    fn account_of(&self, instance: &Instance) -> Result<(String, AccountEntry), TreeError> {
        let limits = self.limits();
        let root = instance.root;
        let text = |path: &str| self.arena.get(self.descend(root, path)?)?.value()?.as_str();
        let at = |kind: TreeErrorKind, path: &str| kind.at(format!("{}{path}", self.address(root)));
        let server_id = text("SrvID").unwrap_or_default();
        names::check_server_id(server_id, &limits).map_err(|kind| at(kind, "SrvID"))?;
        names::check_http_uri(text("SrvURI").unwrap_or_default(), &limits).map_err(|kind| at(kind, "SrvURI"))?;
        let mut moids = BTreeSet::new();
        let groups = self.descend(root, "Perm").into_iter().flat_map(|perm| self.arena.children_unordered(perm));
        for group in groups {
            let moid = self.arena.child(group, "MOID").and_then(|node| self.arena.get(node)?.value()?.as_str());
            let moid = moid.unwrap_or_default();
            names::check_moid(moid, &limits).map_err(|error| at(error.kind(), "Perm"))?;
            moids.insert(moid.to_string());
        }
        Ok((server_id.to_string(), AccountEntry { root, moids }))
    }
}
