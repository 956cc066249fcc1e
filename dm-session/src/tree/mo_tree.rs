//! The tree itself, and what the device's own application does with it.

#[cfg(feature = "dm1")]
use super::arena::Content;
use super::arena::{Arena, Node, NodeId, Stamp};
use super::change::{Author, Change, Input};
use super::definition::{Access, Entry, MoDefinition, Schema};
use super::error::{TreeError, TreeErrorKind};
use super::limits::TreeLimits;
use super::names;
use super::rights::Rights;
use super::standard;
use super::subscription::{Ended, Subscriptions};
use super::value::{Format, Value};
use crate::Timestamp;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use dm_package::Strictness;

/// How a tree works.
///
/// ```
/// use dm_session::tree::{MoTree, TreeConfig};
///
/// // Eight bytes of the host's generator, drawn anew at every start.
/// let tree = MoTree::new(TreeConfig::new(0x1f2e_3d4c_5b6a_7988))?;
/// assert_eq!(tree.instances().count(), 0);
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TreeConfig {
    /// A random number, drawn at every start of the device: with it cache validators never repeat.
    pub epoch: u64,
    /// What the tree may grow to.
    pub limits: TreeLimits,
    /// How ClientURIs and MO data are read. Lenient unless told otherwise; strict refuses unknown
    /// query fields, `cv` with several instances, and MO data that does not start at its target.
    pub strictness: Strictness,
    /// Whether rights on instances are kept (the default). Without, every bootstrapped server has
    /// all rights on the instances of the MOs for which it was provisioned, as the specification
    /// demands of a client that does not support access control.
    pub access_control: bool,
    /// What happens with MOs that have no definition.
    pub undefined: UndefinedMo,
    /// Definitions that the device always has. A tree file refers to them by name.
    pub definitions: Vec<MoDefinition>,
    /// Where the descriptions (DDF) of built-in MOs can be had, by MOID. No location of them is public,
    /// and Package#1 shall give one for each MO that it lists (§5.2.2).
    pub ddfs: Vec<(String, String)>,
    /// How the tree is addressed by path, if DM 1.x reaches it.
    #[cfg(feature = "dm1")]
    pub dm1: Option<super::dm1::Config>,
}

/// What a tree does with an MO that it has no definition of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UndefinedMo {
    /// It is unknown: no instance can be created. A device knows what it can do.
    #[default]
    Refuse,
    /// Any structure is taken; every node can be read, added, replaced and deleted, none executed.
    FreeForm,
}

impl TreeConfig {
    /// The default settings with this epoch.
    #[must_use]
    pub const fn new(epoch: u64) -> Self {
        Self {
            epoch,
            limits: TreeLimits::DEFAULT,
            strictness: Strictness::Lenient,
            access_control: true,
            undefined: UndefinedMo::Refuse,
            definitions: Vec::new(),
            ddfs: Vec::new(),
            #[cfg(feature = "dm1")]
            dm1: None,
        }
    }

    /// The same, addressed by path as well: the tree has a root, `./DevInfo`, `./DevDetail`, `./DMAcc` and `./Inbox`.
    ///
    /// DevInfo and accounts of DM 1.x are other objects than those of DM 2.0: a device that speaks both fills in both
    /// ([`DevInfo`](super::dm1::DevInfo) and [`NewDevInfo`](super::NewDevInfo), [`dm1::NewAccount`](super::dm1::NewAccount)
    /// and [`NewAccount`](super::NewAccount)).
    #[cfg(feature = "dm1")]
    #[must_use]
    pub fn with_dm1(mut self, config: super::dm1::Config) -> Self {
        self.dm1 = Some(config);
        self
    }

    /// The same with other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: TreeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with another [`strictness`](Self::strictness).
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The same with or without [`access_control`](Self::access_control).
    #[must_use]
    pub const fn with_access_control(mut self, access_control: bool) -> Self {
        self.access_control = access_control;
        self
    }

    /// The same with another policy for undefined MOs.
    #[must_use]
    pub const fn with_undefined(mut self, undefined: UndefinedMo) -> Self {
        self.undefined = undefined;
        self
    }

    /// The same with the location of a built-in MO's description.
    ///
    /// ```
    /// use dm_session::tree::{DEV_INFO, MoTree, TreeConfig};
    ///
    /// let config = TreeConfig::new(1).with_ddf(DEV_INFO, "https://ddf.example/devinfo.ddf");
    /// let tree = MoTree::new(config)?;
    /// assert_eq!(tree.definition(DEV_INFO).and_then(|mo| mo.ddf()), Some("https://ddf.example/devinfo.ddf"));
    /// # Ok::<(), dm_session::tree::TreeError>(())
    /// ```
    #[must_use]
    pub fn with_ddf(mut self, moid: impl Into<String>, url: impl Into<String>) -> Self {
        self.ddfs.push((moid.into(), url.into()));
        self
    }

    /// The same with one more definition.
    #[must_use]
    pub fn with_definition(mut self, definition: MoDefinition) -> Self {
        self.definitions.push(definition);
        self
    }
}

/// The management tree in memory.
///
/// See the [module](super) for an example. `Debug` shows how much there is, never what.
#[derive(Clone)]
pub struct MoTree {
    pub(crate) config: TreeConfig,
    pub(crate) arena: Arena,
    /// MOs with a definition or instances, by the number that nodes refer to.
    pub(crate) mos: Vec<Mo>,
    pub(crate) by_moid: BTreeMap<Box<str>, usize>,
    pub(crate) instances: BTreeMap<u64, Instance>,
    pub(crate) next_instance: u64,
    revision: u64,
    accounts: Accounts,
    /// MOID → (server, URI).
    pub(crate) defaults: BTreeMap<String, (String, String)>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) ended: Ended,
    /// Numbers in `mos` that are free.
    free_mos: Vec<usize>,
    /// Entries in `retired` of all MOs.
    retired: usize,
    /// MOs that may have nothing left to be known for.
    pub(crate) doubtful: BTreeSet<usize>,
    #[cfg(feature = "dm1")]
    root: Option<NodeId>,
    now: Option<Timestamp>,
    /// Nodes with an access control list of their own.
    #[cfg(feature = "dm1")]
    pub(crate) acls: BTreeSet<NodeId>,
    #[cfg(feature = "dm1")]
    pub(crate) transaction: Option<Box<super::change::Transaction>>,
}

/// Where a new node belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Its MO; `None` for one that the tree does not know yet.
    mo: Option<usize>,
    pub(crate) schema: Schema,
    /// The identifier of the MO of which it becomes an instance.
    pub(crate) moid: Option<Box<str>>,
    /// The identifier of the instance, if it is not to be made of the name.
    pub(crate) miid: Option<Box<str>>,
}

/// Everything about one MO.
#[derive(Clone)]
pub(crate) struct Mo {
    pub(crate) moid: Box<str>,
    pub(crate) definition: Option<MoDefinition>,
    /// Where the definition comes from.
    pub(crate) origin: Origin,
    pub(crate) by_miid: BTreeMap<Box<str>, u64>,
    /// In the order of creation, which is tree order.
    pub(crate) by_age: BTreeSet<u64>,
    /// The next instance identifier to assign; identifiers are not used twice.
    pub(crate) next_miid: u64,
    /// Identifiers of placed instances that are gone, or in use by another name, with the last number given beside.
    pub(crate) retired: BTreeMap<Box<str>, u64>,
}

impl Mo {
    fn new(moid: &str, definition: Option<MoDefinition>, origin: Origin) -> Self {
        Self {
            moid: moid.into(),
            definition,
            origin,
            by_miid: BTreeMap::new(),
            by_age: BTreeSet::new(),
            next_miid: 1,
            retired: BTreeMap::new(),
        }
    }
}

/// Whether two identifiers name one MO.
fn same_mo(one: &str, other: &str) -> bool {
    one == other || standard::alias(one) == standard::alias(other)
}

/// Where a definition comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    /// [`TreeConfig::definitions`].
    Config,
    /// [`MoTree::define`] or a tree file.
    Learned,
}

/// One MO instance.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) mo: usize,
    pub(crate) miid: Box<str>,
    pub(crate) root: NodeId,
    pub(crate) rights: BTreeMap<String, Rights>,
    pub(crate) cacheable: bool,
    /// Number of the last change.
    pub(crate) revision: u64,
}

/// Server identifier → account.
pub(crate) type Accounts = BTreeMap<String, AccountEntry>;

#[derive(Clone)]
pub(crate) struct AccountEntry {
    pub(crate) root: NodeId,
    pub(crate) moids: BTreeSet<String>,
}

impl MoTree {
    /// An empty tree that knows DevInfo, DM Account, session information and the definitions of
    /// `config`.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::InvalidDefinition`], [`TreeErrorKind::InvalidMoid`],
    /// [`TreeErrorKind::AlreadyExists`] for a second definition of one MO,
    /// [`TreeErrorKind::UndefinedMo`] for a [DDF](TreeConfig::ddfs) of an MO that is not built in.
    pub fn new(mut config: TreeConfig) -> Result<Self, TreeError> {
        let own = core::mem::take(&mut config.definitions);
        let mut tree = Self {
            config,
            arena: Arena::default(),
            mos: Vec::new(),
            by_moid: BTreeMap::new(),
            instances: BTreeMap::new(),
            next_instance: 0,
            revision: 0,
            accounts: Accounts::new(),
            defaults: BTreeMap::new(),
            subscriptions: Subscriptions::new(),
            ended: Ended::new(),
            free_mos: Vec::new(),
            retired: 0,
            doubtful: BTreeSet::new(),
            #[cfg(feature = "dm1")]
            root: None,
            now: None,
            #[cfg(feature = "dm1")]
            acls: BTreeSet::new(),
            #[cfg(feature = "dm1")]
            transaction: None,
        };
        let mut ddfs: BTreeMap<String, String> = core::mem::take(&mut tree.config.ddfs).into_iter().collect();
        for definition in standard::definitions() {
            let definition = match ddfs.remove(definition.moid()) {
                Some(url) => definition.with_ddf(url),
                None => definition,
            };
            tree.add_definition(definition, Origin::BuiltIn)?;
        }
        if let Some((moid, _)) = ddfs.pop_first() {
            return Err(TreeErrorKind::UndefinedMo.at(moid));
        }
        for definition in own {
            tree.add_definition(definition, Origin::Config)?;
        }
        #[cfg(feature = "dm1")]
        tree.plant()?;
        Ok(tree)
    }

    /// Gives the tree its root with what its description puts there.
    #[cfg(feature = "dm1")]
    fn plant(&mut self) -> Result<(), TreeError> {
        let Some(config) = self.config.dm1.take() else { return Ok(()) };
        let (frame, definitions) = super::dm1::frame(&config)?;
        for definition in definitions {
            if self.definition(definition.moid()).is_none() {
                self.add_definition(definition, Origin::BuiltIn)?;
            }
        }
        let frame = MoDefinition::new(String::new(), frame).framed(&self.config.limits)?;
        let number = self.mos.len();
        self.mos.push(Mo::new("", Some(frame), Origin::BuiltIn));
        let root_acl = super::dm1::root_acl(&config)?;
        self.config.dm1 = Some(config);
        self.change(Author::Path, |change| {
            let root = change.plant(number)?;
            change.set_acl(root, root_acl)?;
            change.tree.root = Some(root);
            Ok(())
        })?;
        self.show_limits();
        Ok(())
    }

    /// Shows in `./DevDetail` what holds: the limits of URIs, and that large objects are supported.
    #[cfg(feature = "dm1")]
    pub(crate) fn show_limits(&mut self) {
        let Some(config) = &self.config.dm1 else { return };
        let uri = config.uri;
        let shown = [
            ("DevDetail/URI/MaxDepth", Value::from(uri.max_depth.to_string())),
            ("DevDetail/URI/MaxTotLen", Value::from(uri.max_total_len.to_string())),
            ("DevDetail/URI/MaxSegLen", Value::from(uri.max_segment_len.to_string())),
            ("DevDetail/LrgObj", Value::from(config.large_objects)),
        ];
        for (path, value) in shown {
            let leaf = self.root.and_then(|root| self.descend(root, path));
            if let Some(leaf) = leaf {
                self.arena.replace(leaf, Content::leaf(value));
            }
        }
    }

    /// Gives an instance another identifier.
    #[cfg(all(feature = "dm1", feature = "serde"))]
    pub(crate) fn name_instance(&mut self, number: u64, miid: &str) -> Result<(), TreeErrorKind> {
        let Some(mut instance) = self.unlist(number) else { return Err(TreeErrorKind::NotFound) };
        let taken = self.mos.get(instance.mo).is_some_and(|mo| mo.by_miid.contains_key(miid));
        if !taken {
            instance.miid = miid.into();
        }
        self.list(number, instance);
        if taken { Err(TreeErrorKind::AlreadyExists) } else { Ok(()) }
    }

    /// Tells the tree the time, for the property `TStamp`.
    #[cfg(feature = "dm1")]
    pub const fn set_now(&mut self, now: Timestamp) {
        self.now = Some(now);
    }

    /// Whether a node hangs below the root or in an instance, as far as its ancestors tell.
    #[cfg(feature = "dm1")]
    pub(crate) fn is_attached(&self, id: NodeId) -> bool {
        let mut below: Option<(&str, NodeId)> = None;
        for (id, node) in self.arena.upwards(id) {
            if below.is_some_and(|(name, child)| self.arena.child(id, name) != Some(child)) {
                return false;
            }
            below = Some((&node.name, id));
        }
        below.is_some_and(|(_, top)| {
            Some(top) == self.root || self.arena.get(top).is_some_and(|node| node.instance.is_some())
        })
    }

    /// The time that the tree was last told.
    pub(crate) const fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The stamp of a new node.
    pub(crate) const fn first_stamp(&self) -> Stamp {
        Stamp { tstamp: self.now, verno: 0 }
    }

    /// Teaches the tree an MO. A tree file will hold the definition; one that the device has at
    /// every start belongs into [`TreeConfig::definitions`].
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::AlreadyExists`] when the MO is known or has instances, besides those of
    /// [`new`](Self::new) and [`TreeErrorKind::LimitExceeded`].
    pub fn define(&mut self, definition: MoDefinition) -> Result<(), TreeError> {
        #[cfg(feature = "dm1")]
        if self.transaction.is_some() {
            return Err(TreeErrorKind::Busy.into());
        }
        self.add_definition(definition, Origin::Learned)
    }

    pub(crate) fn add_definition(&mut self, definition: MoDefinition, origin: Origin) -> Result<(), TreeError> {
        let definition = definition.finished(&self.config.limits)?;
        let moid = definition.moid().to_string();
        if self.mos.iter().filter(|mo| mo.definition.is_some()).count() >= self.config.limits.definitions {
            return Err(TreeErrorKind::LimitExceeded.at(moid));
        }
        let index = self.mo_number(&moid);
        match self.mos.get_mut(index) {
            Some(mo) if mo.definition.is_none() && mo.by_miid.is_empty() => {
                mo.definition = Some(definition);
                mo.origin = origin;
                Ok(())
            }
            _ => Err(TreeErrorKind::AlreadyExists.at(moid)),
        }
    }

    /// The definition of an MO.
    #[must_use]
    pub fn definition(&self, moid: &str) -> Option<&MoDefinition> {
        self.mo(moid)?.definition.as_ref()
    }

    /// The definitions, by MO identifier.
    pub fn definitions(&self) -> impl Iterator<Item = &MoDefinition> {
        self.by_moid.values().filter_map(|number| self.mos.get(*number)?.definition.as_ref())
    }

    /// Creates an MO instance and hands back its identifier. No server has rights on it until some
    /// are [granted](Self::grant).
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::UndefinedMo`] by policy, [`TreeErrorKind::AlreadyExists`] for an identifier or
    /// a server identifier in use, [`TreeErrorKind::Occurrence`] when a required node is missing or
    /// one instance too many, [`TreeErrorKind::NotDefined`], [`TreeErrorKind::Format`],
    /// [`TreeErrorKind::InvalidName`], [`TreeErrorKind::InvalidMoid`],
    /// [`TreeErrorKind::LimitExceeded`].
    pub fn create_instance(&mut self, new: NewInstance) -> Result<String, TreeError> {
        let mo = self.mo_for_creation(&new.moid)?;
        self.change(Author::Device, |change| {
            let fixed = change.tree.entry_name(mo);
            let name = new.name.as_deref().or(fixed.as_deref()).unwrap_or("Root");
            let at_root = |kind: TreeErrorKind| kind.at(&new.moid);
            let root = change.add_instance(mo, new.miid.as_deref(), name).map_err(at_root)?;
            for (path, value) in new.values {
                change.put(root, &path, Input::Value(value))?;
            }
            let (_, instance) = change.tree.instance_of(root).ok_or_else(|| at_root(TreeErrorKind::NotFound))?;
            Ok(instance.miid.to_string())
        })
    }

    /// Sets the value of a leaf; creates the leaf, and interior nodes above it, where they are
    /// missing.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an instance, [`TreeErrorKind::NotDefined`],
    /// [`TreeErrorKind::Format`], [`TreeErrorKind::Occurrence`], [`TreeErrorKind::InvalidName`],
    /// [`TreeErrorKind::LimitExceeded`].
    pub fn set_value(&mut self, moid: &str, miid: &str, path: &str, value: impl Into<Value>) -> Result<(), TreeError> {
        self.set_values(moid, miid, [(path, value.into())])
    }

    /// Sets several values of an instance as one change.
    ///
    /// # Errors
    ///
    /// As [`set_value`](Self::set_value).
    pub fn set_values<P: AsRef<str>>(
        &mut self,
        moid: &str,
        miid: &str,
        values: impl IntoIterator<Item = (P, Value)>,
    ) -> Result<(), TreeError> {
        let root = self.root_of(moid, miid)?;
        self.change(Author::Device, |change| {
            values.into_iter().try_for_each(|(path, value)| change.put(root, path.as_ref(), Input::Value(value)))
        })
    }

    /// Takes the current value from a leaf; servers are told 204. The leaf is created where it is
    /// missing; without a definition its format is then `chr`.
    ///
    /// # Errors
    ///
    /// As [`set_value`](Self::set_value).
    pub fn clear_value(&mut self, moid: &str, miid: &str, path: &str) -> Result<(), TreeError> {
        let root = self.root_of(moid, miid)?;
        self.change(Author::Device, |change| change.put(root, path, Input::Empty(Format::Chr)))
    }

    /// Makes sure that there is an interior node at `path`.
    ///
    /// # Errors
    ///
    /// As [`set_value`](Self::set_value).
    pub fn create_interior(&mut self, moid: &str, miid: &str, path: &str) -> Result<(), TreeError> {
        let root = self.root_of(moid, miid)?;
        self.change(Author::Device, |change| change.interior(root, path).map(|_| ()))
    }

    /// Removes a node with everything below it; with an empty path, the instance.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`]; [`TreeErrorKind::Occurrence`] for a node without which its
    /// parent cannot be.
    pub fn delete(&mut self, moid: &str, miid: &str, path: &str) -> Result<(), TreeError> {
        let root = self.root_of(moid, miid)?;
        let node = self.descend(root, path).ok_or_else(|| TreeErrorKind::NotFound.at(place(moid, miid, path)))?;
        self.change(Author::Device, |change| change.delete(node).map_err(|kind| kind.at(place(moid, miid, path))))
    }

    /// The value of a leaf, if there is one. Secrets are not kept from the device's application.
    #[must_use]
    pub fn value(&self, moid: &str, miid: &str, path: &str) -> Option<&Value> {
        let root = self.root_of(moid, miid).ok()?;
        self.arena.get(self.descend(root, path)?)?.value()
    }

    /// Gives a server rights on an instance, besides those it has.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an instance, [`TreeErrorKind::InvalidName`],
    /// [`TreeErrorKind::LimitExceeded`].
    pub fn grant(&mut self, moid: &str, miid: &str, server_id: &str, rights: Rights) -> Result<(), TreeError> {
        let limits = self.config.limits;
        names::check_server_id(server_id, &limits).map_err(|kind| kind.at(server_id))?;
        let instance = self.instance_mut(moid, miid)?;
        if rights.is_empty() {
            return Ok(());
        }
        if let Some(have) = instance.rights.get_mut(server_id) {
            *have = *have | rights;
        } else if instance.rights.len() < limits.grants {
            instance.rights.insert(server_id.to_string(), rights);
        } else {
            return Err(TreeErrorKind::LimitExceeded.at(place(moid, miid, "")));
        }
        Ok(())
    }

    /// Takes all rights on an instance from a server.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an instance, or when the server has none.
    pub fn revoke(&mut self, moid: &str, miid: &str, server_id: &str) -> Result<(), TreeError> {
        match self.instance_mut(moid, miid)?.rights.remove(server_id) {
            Some(_) => Ok(()),
            None => Err(TreeErrorKind::NotFound.at(server_id)),
        }
    }

    /// Passes rights on an instance from one server to another: the delegation of §9. The tree has
    /// no delegation MO, because its nodes are not public; a host that publishes one calls this.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an instance or account of the receiver;
    /// [`TreeErrorKind::Forbidden`] when the grantor lacks Delegate or a right that it passes on;
    /// [`TreeErrorKind::LimitExceeded`]. [`TreeErrorKind::status_code`] tells the server.
    pub fn delegate(
        &mut self,
        grantor: &str,
        moid: &str,
        miid: &str,
        server_id: &str,
        rights: Rights,
    ) -> Result<(), TreeError> {
        if !self.is_provisioned(grantor, moid) {
            return Err(TreeErrorKind::Forbidden.at(grantor));
        }
        let held = self.rights(moid, miid, grantor);
        if !held.contains(Rights::DELEGATE | rights) {
            return Err(TreeErrorKind::Forbidden.at(grantor));
        }
        if !self.accounts.contains_key(server_id) {
            return Err(TreeErrorKind::NotFound.at(server_id));
        }
        self.grant(moid, miid, server_id, rights)
    }

    /// What a server may do with an instance, all rules taken together; nothing for one that does
    /// not exist.
    #[must_use]
    pub fn rights(&self, moid: &str, miid: &str, server_id: &str) -> Rights {
        self.find_instance(moid, miid).map_or(Rights::NONE, |instance| self.rights_on(instance, server_id))
    }

    /// Gives the instance cache validators, or takes them away.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an instance.
    pub fn set_cacheable(&mut self, moid: &str, miid: &str, cacheable: bool) -> Result<(), TreeError> {
        self.instance_mut(moid, miid)?.cacheable = cacheable;
        Ok(())
    }

    /// The stored default URIs: MOID, server, URI.
    pub fn defaults(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.defaults.iter().map(|(moid, (server, uri))| (moid.as_str(), server.as_str(), uri.as_str()))
    }

    pub(crate) const fn limits(&self) -> TreeLimits {
        self.config.limits
    }

    pub(crate) const fn accounts_by_id(&self) -> &Accounts {
        &self.accounts
    }

    /// A number for the MO, which it keeps.
    pub(crate) fn mo_number(&mut self, moid: &str) -> usize {
        if let Some(index) = self.by_moid.get(moid) {
            return *index;
        }
        let mut index = self.mos.len();
        let mo = Mo::new(moid, None, Origin::Learned);
        match self.free_mos.pop() {
            Some(free) => {
                if let Some(place) = self.mos.get_mut(free) {
                    *place = mo;
                }
                index = free;
            }
            None => self.mos.push(mo),
        }
        self.by_moid.insert(moid.into(), index);
        index
    }

    /// Forgets MOs that have neither definition nor instances. Not while a journal could bring an instance back.
    pub(crate) fn forget_doubtful(&mut self) {
        #[cfg(feature = "dm1")]
        if self.transaction.is_some() {
            return;
        }
        for number in core::mem::take(&mut self.doubtful) {
            let Some(mo) = self.mos.get_mut(number) else { continue };
            if mo.definition.is_none() && mo.by_miid.is_empty() && mo.next_miid == 1 && !mo.moid.is_empty() {
                let moid = core::mem::take(&mut mo.moid);
                self.retired = self.retired.saturating_sub(mo.retired.len());
                mo.retired.clear();
                self.by_moid.remove(&moid);
                self.free_mos.push(number);
            }
        }
    }

    /// The identifier of a new instance: the name of its root, unless it is, or was, that of another one (§15.1 of the
    /// tree reference).
    ///
    /// With it comes the number to remember for the name, if one is.
    pub(crate) fn miid_for(&self, number: usize, name: &str) -> (Box<str>, Option<u64>) {
        let limits = self.config.limits;
        let Some(mo) = self.mos.get(number) else { return (name.into(), None) };
        let reserved = name == "*" || (name.len() == 3 && name.starts_with('(') && name.ends_with(')'));
        let free = |mo: &Mo, miid: &str| !mo.by_miid.contains_key(miid) && !mo.retired.contains_key(miid);
        if !reserved && free(mo, name) {
            return (name.into(), None);
        }
        // Room for the number; a name may be as long as names can be.
        let room = limits.name_len.saturating_sub(21);
        let end = (0..=room.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        let stem = name.get(..end).unwrap_or(name);
        // Where no more can be remembered, a number that was never given serves as well.
        let last = mo.retired.get(name).copied();
        let remembered = last.is_some() || self.retired < limits.instances;
        let mut count = last.unwrap_or(if remembered { 0 } else { self.next_instance });
        let miid = loop {
            count = count.checked_add(1).unwrap_or(self.next_instance);
            let miid = format!("{stem}~{count}").into_boxed_str();
            if free(mo, &miid) {
                break miid;
            }
        };
        (miid, remembered.then_some(count))
    }

    /// Remembers a number for a name, or none, and hands back what it was.
    pub(crate) fn remember(&mut self, number: usize, name: &str, count: Option<u64>) -> Option<u64> {
        let retired = &mut self.mos.get_mut(number)?.retired;
        let before = match count {
            Some(count) => retired.insert(name.into(), count),
            None => retired.remove(name),
        };
        match (before.is_some(), count.is_some()) {
            (false, true) => self.retired = self.retired.saturating_add(1),
            (true, false) => self.retired = self.retired.saturating_sub(1),
            _ => {}
        }
        before
    }

    /// Whether an identifier that is given up can be remembered, and is not yet.
    pub(crate) fn is_to_remember(&self, number: usize, miid: &str) -> bool {
        self.retired < self.config.limits.instances
            && self.mos.get(number).is_some_and(|mo| !mo.retired.contains_key(miid))
    }

    /// Where a child of an interior node would belong: what its description says of it.
    pub(crate) fn seat(
        &self,
        parent: NodeId,
        name: &str,
        interior: bool,
        moid: Option<&str>,
    ) -> Result<Seat, TreeErrorKind> {
        let node = self.arena.get(parent).ok_or(TreeErrorKind::NotFound)?;
        let schema = self.child_schema(node, name, interior).ok_or(TreeErrorKind::NotDefined)?;
        let moid = moid.filter(|moid| !moid.is_empty());
        let linked = match schema {
            Schema::Defined(index) => self.definition_of(node.mo).and_then(|it| it.entry(index)?.moid()),
            Schema::Free | Schema::Within(_) => None,
        };
        let described = matches!(schema, Schema::Defined(_));
        let moid = match (linked, moid) {
            (Some(linked), Some(moid)) if !same_mo(linked, moid) => return Err(TreeErrorKind::Format),
            (Some(linked), _) => linked,
            (None, None) => return Ok(Seat { mo: Some(node.mo), schema, moid: None, miid: None }),
            (None, Some(_)) if described || !interior => return Err(TreeErrorKind::Format),
            (None, Some(moid)) => standard::alias(moid),
        };
        // Accounts of DM 2.0 and what else is its own are not made by path, nor is what a ClientURI could take for
        // another one.
        let ambiguous = *names::unescape(moid) != *moid;
        if standard::is_own(moid) || ambiguous || names::check_moid(moid, &self.config.limits).is_err() {
            return Err(TreeErrorKind::Format);
        }
        let number = self.by_moid.get(moid).copied();
        let root = number.and_then(|number| self.definition_of(number)?.entry(0));
        Ok(match (number, root) {
            (Some(number), Some(root)) => {
                if linked.is_none() && root.name.as_deref().is_some_and(|fixed| fixed != name) {
                    return Err(TreeErrorKind::NotDefined);
                }
                Seat { mo: Some(number), schema: Schema::Defined(0), moid: Some(moid.into()), miid: None }
            }
            _ if described => Seat { mo: Some(node.mo), schema, moid: Some(moid.into()), miid: None },
            (number, _) => Seat { mo: number, schema: Schema::Free, moid: Some(moid.into()), miid: None },
        })
    }

    /// What is described of a node that would sit there.
    pub(crate) fn seated_entry(&self, seat: &Seat) -> Option<&Entry> {
        match seat.schema {
            Schema::Free => None,
            Schema::Defined(index) | Schema::Within(index) => self.definition_of(seat.mo?)?.entry(index),
        }
    }

    /// The numbers of the MO of a new node and of the one of which it is an instance.
    pub(crate) fn take_seat(&mut self, seat: &Seat) -> Result<(usize, Option<usize>), TreeErrorKind> {
        let Some(moid) = &seat.moid else { return Ok((seat.mo.ok_or(TreeErrorKind::UndefinedMo)?, None)) };
        let limits = self.config.limits;
        if self.instances.len() >= limits.instances
            || (!self.by_moid.contains_key(moid)
                && self.by_moid.len() >= limits.definitions.saturating_add(limits.instances))
        {
            return Err(TreeErrorKind::LimitExceeded);
        }
        let number = self.mo_number(moid);
        Ok((seat.mo.unwrap_or(number), Some(number)))
    }

    /// Whether names below a new node are compared without case.
    pub(crate) fn folds(&self, mo: usize, schema: Schema, parent: Option<NodeId>) -> bool {
        let own = match schema {
            Schema::Defined(index) => self.definition_of(mo).and_then(|it| it.entry(index)?.case_insensitive()),
            Schema::Free | Schema::Within(_) => None,
        };
        #[cfg(feature = "dm1")]
        let own = own.or_else(|| self.config.dm1.as_ref().filter(|dm1| dm1.windows).map(|_| true));
        own.unwrap_or_else(|| parent.and_then(|parent| self.arena.get(parent)).is_some_and(|node| node.fold))
    }

    fn definition_of(&self, mo: usize) -> Option<&MoDefinition> {
        self.mos.get(mo)?.definition.as_ref()
    }

    /// The MO that a ClientURI names: its identifier as it stands or, where the tree knows none of it, without escapes.
    pub(crate) fn moid_of<'u>(&self, moid: &'u str) -> Cow<'u, str> {
        if !moid.contains('%') || self.by_moid.contains_key(moid) {
            return Cow::Borrowed(moid);
        }
        let decoded = names::unescape(moid);
        if self.by_moid.contains_key(&*decoded) { decoded } else { Cow::Borrowed(moid) }
    }

    /// The number of an MO of which an instance is to be created.
    pub(crate) fn mo_for_creation(&mut self, moid: &str) -> Result<usize, TreeError> {
        if self.definition(moid).is_some() {
            return Ok(self.mo_number(moid));
        }
        names::check_moid(moid, &self.config.limits)?;
        match self.config.undefined {
            UndefinedMo::Refuse => Err(TreeErrorKind::UndefinedMo.at(moid)),
            UndefinedMo::FreeForm => Ok(self.mo_number(moid)),
        }
    }

    /// The fixed name of the MO's root.
    fn entry_name(&self, mo: usize) -> Option<Box<str>> {
        self.mos.get(mo)?.definition.as_ref()?.entry(0)?.name.clone()
    }

    pub(crate) fn mo(&self, moid: &str) -> Option<&Mo> {
        self.mos.get(*self.by_moid.get(moid)?)
    }

    pub(crate) fn find_instance(&self, moid: &str, miid: &str) -> Option<&Instance> {
        self.instances.get(self.mo(moid)?.by_miid.get(miid)?)
    }

    fn instance_mut(&mut self, moid: &str, miid: &str) -> Result<&mut Instance, TreeError> {
        let id = self.mo(moid).and_then(|mo| mo.by_miid.get(miid)).copied();
        id.and_then(|id| self.instances.get_mut(&id)).ok_or_else(|| TreeErrorKind::NotFound.at(place(moid, miid, "")))
    }

    fn root_of(&self, moid: &str, miid: &str) -> Result<NodeId, TreeError> {
        let instance =
            self.find_instance(moid, miid).ok_or_else(|| TreeErrorKind::NotFound.at(place(moid, miid, "")))?;
        Ok(instance.root)
    }

    /// The node at a path, names joined by slashes; the empty path is the node itself.
    pub(crate) fn descend(&self, root: NodeId, path: &str) -> Option<NodeId> {
        segments(path).try_fold(root, |node, name| self.arena.child(node, name))
    }

    /// The instance to which the node belongs, if it is in the tree.
    pub(crate) fn instance_of(&self, id: NodeId) -> Option<(u64, &Instance)> {
        let number = self.arena.upwards(id).find_map(|(_, node)| node.instance)?;
        Some((number, self.instances.get(&number)?))
    }

    /// Levels from the MO root, which is 1, to the node; `None` when it hangs in no instance.
    pub(crate) fn depth(&self, id: NodeId) -> Option<usize> {
        let mut depth = 1_usize;
        let mut below = None;
        for (id, node) in self.arena.upwards(id) {
            if let Some((name, child)) = below
                && self.arena.child(id, name) != Some(child)
            {
                return None;
            }
            if let Some(instance) = node.instance {
                return self.instances.contains_key(&instance).then_some(depth);
            }
            below = Some((&node.name, id));
            depth = depth.saturating_add(1);
        }
        None
    }

    pub(crate) fn entry(&self, node: &Node) -> Option<&Entry> {
        match node.schema {
            Schema::Free => None,
            Schema::Defined(index) | Schema::Within(index) => self.mos.get(node.mo)?.definition.as_ref()?.entry(index),
        }
    }

    /// The access types that hold for a node.
    pub(crate) fn access(&self, node: &Node) -> Access {
        match node.schema {
            Schema::Free => Access::DATA,
            Schema::Defined(_) | Schema::Within(_) => self.entry(node).map_or(Access::NONE, |entry| entry.access),
        }
    }

    /// Whether a server may delete the node, its rights aside.
    pub(crate) fn deletable(&self, node: &Node) -> bool {
        let permanent =
            matches!(node.schema, Schema::Defined(_)) && self.entry(node).is_some_and(|entry| entry.permanent);
        !permanent && self.access(node).contains(Access::DELETE)
    }

    /// Whether servers can address what is below the node.
    pub(crate) fn is_closed(&self, node: &Node) -> bool {
        node.is_interior() && !self.access(node).contains(Access::GET)
    }

    /// Whether a server can change anything at or below an interior node, its rights aside.
    pub(crate) fn is_changeable(&self, node: &Node) -> bool {
        match node.schema {
            Schema::Free => true,
            Schema::Defined(_) => self.entry(node).is_some_and(|entry| entry.writable),
            Schema::Within(_) => self.access(node).changes(),
        }
    }

    /// The schema of a child that a node may have.
    pub(crate) fn child_schema(&self, parent: &Node, name: &str, interior: bool) -> Option<Schema> {
        match self.mos.get(parent.mo).and_then(|mo| mo.definition.as_ref()) {
            Some(definition) => definition.child(parent.schema, name, interior, parent.fold),
            None => Some(Schema::Free),
        }
    }

    /// Whether only the device makes and removes the node.
    #[cfg(feature = "dm1")]
    pub(crate) fn is_permanent(&self, node: &Node) -> bool {
        matches!(node.schema, Schema::Defined(_)) && self.entry(node).is_some_and(|entry| entry.permanent)
            || node.parent.is_none()
    }

    /// The permanent nodes that the description has right below a node.
    #[cfg(feature = "dm1")]
    pub(crate) fn permanent_children(&self, id: NodeId) -> Vec<Entry> {
        let Some(node) = self.arena.get(id) else { return Vec::new() };
        let Schema::Defined(index) = node.schema else { return Vec::new() };
        let Some(definition) = self.definition_of(node.mo) else { return Vec::new() };
        let entries = definition.entry(index).map(Entry::children).unwrap_or_default();
        entries.into_iter().filter_map(|child| definition.entry(child)).filter(|it| it.permanent).cloned().collect()
    }

    /// The identifier of the MO of which the node is the root (property `Type` of an interior node).
    #[cfg(feature = "dm1")]
    pub(crate) fn type_of(&self, node: &Node) -> Option<&str> {
        let instance = self.instances.get(&node.instance?)?;
        self.mos.get(instance.mo).map(|mo| &*mo.moid)
    }

    /// The names from the root (left out) to a node.
    #[cfg(feature = "dm1")]
    pub(crate) fn uri_segments(&self, id: NodeId) -> Vec<&str> {
        self.arena.path_below(self.root, id)
    }

    /// The root, if the tree is addressed by path.
    #[cfg(feature = "dm1")]
    pub(crate) const fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// How the tree is addressed by path.
    #[cfg(feature = "dm1")]
    pub(crate) const fn dm1(&self) -> Option<&super::dm1::Config> {
        self.config.dm1.as_ref()
    }

    /// The access control list that holds for a node: its own, else that of the nearest ancestor that has one.
    #[cfg(feature = "dm1")]
    pub(crate) fn effective_acl(&self, id: NodeId) -> Option<&super::dm1::Acl> {
        self.arena.upwards(id).find_map(|(_, node)| node.acl())
    }

    /// The format that the definition gives to a node, if it gives one.
    pub(crate) fn defined_format(&self, mo: usize, schema: Schema) -> Option<Format> {
        match schema {
            Schema::Defined(index) => Some(self.mos.get(mo)?.definition.as_ref()?.entry(index)?.format),
            Schema::Free | Schema::Within(_) => None,
        }
    }

    /// Whether a server may create a node; `inside` something that it creates, too.
    pub(crate) fn may_add(&self, mo: usize, schema: Schema, inside: bool) -> Result<(), TreeErrorKind> {
        let (index, within) = match schema {
            Schema::Free => return Ok(()),
            Schema::Defined(index) => (index, false),
            Schema::Within(index) => (index, true),
        };
        let entry = self
            .mos
            .get(mo)
            .and_then(|mo| mo.definition.as_ref())
            .and_then(|definition| definition.entry(index))
            .ok_or(TreeErrorKind::NotDefined)?;
        let allowed = if !inside {
            entry.access.contains(Access::ADD) && (within || !entry.permanent)
        } else if entry.format == Format::Node && !within {
            entry.writable
        } else {
            entry.access.contains(Access::ADD) || entry.access.contains(Access::REPLACE)
        };
        if allowed { Ok(()) } else { Err(TreeErrorKind::NotAllowed) }
    }

    /// Takes an instance out of the lists.
    pub(crate) fn unlist(&mut self, id: u64) -> Option<Instance> {
        let instance = self.instances.remove(&id)?;
        if let Some(mo) = self.mos.get_mut(instance.mo) {
            mo.by_miid.remove(&instance.miid);
            mo.by_age.remove(&id);
        }
        Some(instance)
    }

    /// Puts it back.
    pub(crate) fn list(&mut self, id: u64, instance: Instance) {
        if let Some(mo) = self.mos.get_mut(instance.mo) {
            mo.by_miid.insert(instance.miid.clone(), id);
            mo.by_age.insert(id);
        }
        self.instances.insert(id, instance);
    }

    pub(crate) const fn next_revision(&mut self) -> u64 {
        self.revision = self.revision.saturating_add(1);
        self.revision
    }

    /// The cache validator of an instance, if it has one: epoch and number of its last change, at most 32
    /// characters as long as fewer than 2^60 changes happen after one start.
    pub(crate) fn validator(&self, instance: &Instance) -> Option<String> {
        instance.cacheable.then(|| format!("{:x}-{:x}", self.config.epoch, instance.revision))
    }

    /// Whether the server's bootstrap lists the MO.
    pub(crate) fn is_provisioned(&self, server_id: &str, moid: &str) -> bool {
        self.accounts.get(server_id).is_some_and(|account| account.moids.contains(moid))
    }

    /// The rules of §9 in one place.
    pub(crate) fn rights_on(&self, instance: &Instance, server_id: &str) -> Rights {
        let (Some(account), Some(mo)) = (self.accounts.get(server_id), self.mos.get(instance.mo)) else {
            return Rights::NONE;
        };
        let public = match &mo.definition {
            Some(definition) if definition.is_readable_by_all() => Rights::READ,
            _ => Rights::NONE,
        };
        if !account.moids.contains(&*mo.moid) {
            return public;
        }
        let own = if self.config.access_control {
            instance.rights.get(server_id).copied().unwrap_or(Rights::NONE)
        } else {
            Rights::ALL
        };
        own | public
    }

    /// Takes over the accounts as they are now. What a server that has none any more left behind
    /// goes: its rights must not come to life for another one of the same name.
    pub(crate) fn set_accounts(&mut self, accounts: Accounts) {
        let gone: Vec<String> = self.accounts.keys().filter(|id| !accounts.contains_key(*id)).cloned().collect();
        self.accounts = accounts;
        for id in gone {
            for instance in self.instances.values_mut() {
                instance.rights.remove(&id);
            }
            self.defaults.retain(|_, (server, _)| *server != id);
            self.subscriptions.retain(|(server, _), _| *server != id);
            self.ended.retain(|(server, _), _| *server != id);
        }
    }
}

impl Change<'_> {
    /// Puts a value to a path below `root`, creating what is missing on the way.
    pub(crate) fn put(&mut self, root: NodeId, path: &str, input: Input<'_>) -> Result<(), TreeError> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.interior(root, above)?;
        let done = match self.tree.arena.child(parent, name) {
            Some(leaf) => self.set_leaf(leaf, input),
            None => self.create_leaf(parent, name, input).map(|_| ()),
        };
        done.map_err(|kind| kind.at(self.tree.address_below(root, path)))
    }

    /// The interior node at a path below `root`, created where it is missing.
    pub(crate) fn interior(&mut self, root: NodeId, path: &str) -> Result<NodeId, TreeError> {
        let mut node = root;
        for name in segments(path) {
            let next = match self.tree.arena.child(node, name) {
                Some(child) if self.tree.arena.get(child).is_some_and(Node::is_interior) => Ok(child),
                Some(_) => Err(TreeErrorKind::Format),
                None => self.create_interior(node, name),
            };
            node = next.map_err(|kind| kind.at(self.tree.address_below(root, path)))?;
        }
        Ok(node)
    }
}

/// An MO instance that is to be created.
///
/// ```
/// use dm_session::tree::{MoTree, NewInstance, TreeConfig, UndefinedMo, Value};
///
/// let mut tree = MoTree::new(TreeConfig::new(1).with_undefined(UndefinedMo::FreeForm))?;
/// let miid = tree.create_instance(
///     NewInstance::new("urn:example:mo:sensor:1.0").with_name("Sensor").with("ID", "GPS").with("Data/1/Value", 47),
/// )?;
/// assert_eq!(miid, "1");
/// assert_eq!(tree.value("urn:example:mo:sensor:1.0", "1", "Data/1/Value"), Some(&Value::Int(47)));
/// # Ok::<(), dm_session::tree::TreeError>(())
/// ```
///
/// `Debug` shows the paths, not the values.
#[derive(Clone, PartialEq)]
pub struct NewInstance {
    moid: String,
    miid: Option<String>,
    name: Option<String>,
    values: Vec<(String, Value)>,
}

impl NewInstance {
    /// An instance of the MO `moid` with an identifier that the tree assigns: numbers from 1, none
    /// of them used twice.
    #[must_use]
    pub fn new(moid: impl Into<String>) -> Self {
        Self { moid: moid.into(), miid: None, name: None, values: Vec::new() }
    }

    /// The same with this identifier.
    #[must_use]
    pub fn with_miid(mut self, miid: impl Into<String>) -> Self {
        self.miid = Some(miid.into());
        self
    }

    /// The same with this name of the root node. Without one it has the name that the definition
    /// fixes, or else `Root`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same with a value at a path below the root, names joined by slashes.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.push((path.into(), value.into()));
        self
    }
}

impl fmt::Debug for NewInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInstance")
            .field("moid", &self.moid)
            .field("miid", &self.miid)
            .field("name", &self.name)
            .field("paths", &self.values.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>())
            .finish()
    }
}

/// The names of a path. Only the empty path has none, so that `a//b` is noticed.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let split = if path.is_empty() { None } else { Some(path.split('/')) };
    split.into_iter().flatten()
}

fn place(moid: &str, miid: &str, path: &str) -> String {
    format!("{moid}/{miid}/{path}")
}

impl fmt::Debug for MoTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoTree")
            .field("instances", &self.instances.len())
            .field("nodes", &self.arena.nodes())
            .field("bytes", &self.arena.bytes())
            .field("accounts", &self.accounts.len())
            .field("defaults", &self.defaults.len())
            .field("subscriptions", &self.subscriptions.len())
            .finish_non_exhaustive()
    }
}
