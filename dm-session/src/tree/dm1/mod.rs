//! The tree as DM 1.x addresses it: by path, with properties and access control lists
//! (OMA-TS-DM_TND-V1_2, OMA-TS-DM_TNDS-V1_2).
//!
//! A session hands each command to a [`Store`] as a [`Request`] and gets an [`Outcome`].
//! [`MoTree`](crate::tree::MoTree) is a store once it is
//! [configured for it](crate::tree::TreeConfig::with_dm1): it then has a root with `./DevInfo`, `./DevDetail`, `./DMAcc`
//! and `./Inbox`. The same nodes are instances for DM 2.0 where they have a Type.
//!
//! ```
//! use dm_session::tree::dm1::{self, Command, Content, Request, Store as _};
//! use dm_session::tree::{Access, Format, MoTree, NodeDefinition, TreeConfig};
//! use dm_syncml::StatusCode;
//!
//! // What the device has: a part that it describes, and below it whatever servers put there.
//! let signal = NodeDefinition::leaf("Signal", Format::Int).permanent().with_default(-70);
//! let vendor = NodeDefinition::interior("Vendor").permanent().with_access(Access::DATA).open().with(signal);
//! let mut tree = MoTree::new(TreeConfig::new(0x5eed).with_dm1(dm1::Config::new().with_node("Vendor", vendor)))?;
//! let info = dm1::DevInfo::new("IMEI:350000000000017", "Acme", "A1");
//! let acl = Command::replace("./Vendor?prop=ACL", "Add=ops.example&Get=*&Replace=ops.example");
//! for command in info.commands().into_iter().chain([acl]) {
//!     assert_eq!(tree.apply(&Request::local(command)), dm1::Outcome::status(StatusCode::OK));
//! }
//!
//! // What a server does with it.
//! let mut server = |command| match tree.apply(&Request::server("ops.example", command)) {
//!     dm1::Outcome::Done(answer) => answer,
//!     dm1::Outcome::Ask(_) => unreachable!("no node is external, and nothing is executed"),
//! };
//! let mail = Content::mo("net.example.dm/1.0/Mail");
//! assert_eq!(server(Command::add("./Vendor/Mail", mail)).status, StatusCode::OK);
//! let port = Content::from("993").with_format("int");
//! assert_eq!(server(Command::add("./Vendor/Mail/Port", port)).status, StatusCode::OK);
//! assert_eq!(server(Command::replace("./Vendor/Signal", "-60")).status, StatusCode::NOT_ALLOWED);
//! assert_eq!(server(Command::get("./Vendor?list=StructData")).results.len(), 4);
//!
//! // What DM 2.0 calls the same node.
//! let port = tree.node_at("./Vendor/Mail/Port").ok_or("no such node")?;
//! assert_eq!(port.uri(), "net.example.dm%2F1.0%2FMail/Mail/Port");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What is where
//!
//! | part | for |
//! | --- | --- |
//! | [`Config`] | limits, descriptions ([`Ddf`] reads them), and the choices that the standard leaves |
//! | [`run`], [`run_atomic`] | commands with their questions ([`Ask`]) to the host; an Atomic with the status of each child |
//! | [`Content::from_item`], [`ResultItem::to_item`] | from and to the Items of messages |
//! | [`LargeObject`] | data that comes in chunks |
//! | [`TndsObject`], [`NodeUri`], [`Acl`] | the texts and documents by themselves |
//! | [`DevInfo`], [`DevDetail`], [`NewAccount`], [`Account`], [`Fumo`] | the standard objects |
//! | [`bootstrap`], [`ClientProvisioning`] | how a device gets its first account |
//!
//! # Transactions and the host
//!
//! Every command is done as a whole or not at all. [`Command::Begin`] opens a transaction, in which each command sees
//! what those before it did; [`Command::Rollback`] restores names, order, values and properties exactly. While it is
//! open, others are told to come back: 403 here, 503 in DM 2.0, [`Busy`](crate::tree::TreeErrorKind::Busy) for the device's
//! application.
//!
//! Nodes to execute and values that live [elsewhere](crate::tree::External) are the host's: the tree answers
//! [`Outcome::Ask`], nothing has changed, and the same request is applied again with the [`Reply`]s.

mod accounts;
mod acl;
mod atomic;
mod bootstrap;
mod command;
mod config;
mod ddf;
mod engine;
#[cfg(feature = "serde")]
mod file;
mod fumo;
mod item;
mod large;
mod list;
mod object;
mod operation;
mod plant;
mod property;
mod standard;
mod tnds;
mod uri;
mod value;

pub(crate) use accounts::{forget_lost, server_of_account};
pub use acl::{Acl, AclCommand, AclError, AclErrorKind, AclRemoval};
pub use atomic::{Atomic, run, run_atomic};
pub use bootstrap::{
    BootstrapError, BootstrapMac, BootstrapSecurity, Bootstrapped, Characteristic, ClientProvisioning, bootstrap,
};
pub use config::{Config, Properties, UriLimits};
pub use ddf::{Ddf, DdfError, DdfErrorKind};
pub(crate) use engine::Pending;
pub use fumo::{Fumo, FumoAction, FumoEvent, FumoJob, FumoResult, FumoState, FumoStep, GenericAlert};
pub use item::split_results;
pub use large::LargeObject;
pub use operation::{Answer, Ask, Command, Content, Data, Outcome, Principal, Reply, Request, ResultItem, Store};
pub(crate) use plant::{frame, root_acl};
pub use standard::{
    Account, AccountAddr, AccountAuth, AuthLevel, DEV_DETAIL_1_0, DEV_INFO_1_0, DM_ACC_1_0, DM_ACC_W7, DevDetail,
    DevInfo, FUMO_1_0, INBOX_1_0, NewAccount, canonical_mo,
};
pub use tnds::{TndsError, TndsErrorKind, TndsNode, TndsObject, TndsType, TndsValue};
pub use uri::{
    NodeUri, Property, Style, TndsProperty, TndsSelection, UriError, UriErrorKind, UriQuery, UriRules, UriWriter,
    chars, escape_name, escaped_chars,
};
