//! The tree as DM 1.x addresses it: by path, with properties and access control lists
//! (OMA-TS-DM_TND-V1_2, OMA-TS-DM_TNDS-V1_2).

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

pub use acl::{Acl, AclCommand, AclError, AclErrorKind, AclRemoval};
pub use atomic::{Atomic, run, run_atomic};
pub use bootstrap::{
    BootstrapError, BootstrapMac, BootstrapSecurity, Bootstrapped, Characteristic, ClientProvisioning, bootstrap,
};
pub use config::{Config, Properties, UriLimits};
pub use ddf::{Ddf, DdfError, DdfErrorKind};
pub use fumo::{Fumo, FumoAction, FumoEvent, FumoJob, FumoResult, FumoState, FumoStep, GenericAlert};
pub use item::split_results;
pub use large::LargeObject;
pub use operation::{Answer, Ask, Command, Content, Data, Outcome, Principal, Reply, Request, ResultItem, Store};
pub(crate) use engine::Pending;
pub(crate) use plant::{definitions, frame, root_acl};
pub use standard::{
    Account, AccountAddr, AccountAuth, AuthLevel, DEV_DETAIL_1_0, DEV_INFO_1_0, DM_ACC_1_0, DM_ACC_W7, DevDetail, DevInfo,
    FUMO_1_0, INBOX_1_0, NewAccount, canonical_mo,
};
pub use tnds::{TndsError, TndsErrorKind, TndsNode, TndsObject, TndsType, TndsValue};
pub use uri::{
    NodeUri, Property, Style, TndsProperty, TndsSelection, UriError, UriErrorKind, UriQuery, UriRules, UriWriter, chars,
    escape_name, escaped_chars,
};
