//! The tree as DM 1.x addresses it: by path, with properties and access control lists
//! (OMA-TS-DM_TND-V1_2, OMA-TS-DM_TNDS-V1_2).

mod acl;
mod config;
mod operation;
mod tnds;
mod uri;

pub use config::{Config, Properties, UriLimits};
pub use operation::{Answer, Ask, Command, Content, Data, Outcome, Principal, Reply, Request, ResultItem, Store};
