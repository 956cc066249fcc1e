//! The management tree, and the operations that a session asks of it.
//!
//! [`Store`] is what a session needs; [`MoTree`] is a tree in memory that answers it. A tree holds MO
//! instances, each named by the identifier of its MO (MOID) and its own (MIID). DM servers reach it
//! by [`Operation`]s and are held to their rights and to the MO's definition; the device's own
//! application reaches it by methods and is held to the definition only.
//!
//! ```
//! use dm_session::tree::{
//!     Access, Content, DEV_INFO, Format, MoDefinition, MoTree, NewAccount, NewDevInfo, NewInstance, NodeDefinition,
//!     Operation, Outcome, Rights, Store, TreeConfig, Value,
//! };
//!
//! // What the device has.
//! const SENSOR: &str = "urn:example:mo:sensor:1.0";
//! let sensor = NodeDefinition::unnamed_interior()
//!     .with(NodeDefinition::leaf("ID", Format::Chr))
//!     .with(NodeDefinition::leaf("Setting", Format::Int).with_access(Access::GET | Access::REPLACE));
//! let mut tree = MoTree::new(TreeConfig::new(0x5eed).with_definition(MoDefinition::new(SENSOR, sensor)))?;
//! tree.add_dev_info(NewDevInfo::new("IMEI:350000000000017", "Acme", "A1"))?;
//! tree.create_instance(NewInstance::new(SENSOR).with_miid("west").with("ID", "GPS").with("Setting", 7))?;
//!
//! // Who may manage it.
//! let account = NewAccount::new("dm.example", "https://dm.example/dm", "Example").with_moid(SENSOR).with_moid(DEV_INFO);
//! tree.add_account(account)?;
//! tree.grant(SENSOR, "west", "dm.example", Rights::READ | Rights::WRITE)?;
//!
//! // What a session does with it.
//! let server_id = String::from("dm.example");
//! let uri = format!("{SENSOR}/(x)/Setting?nv=(x)/ID:GPS");
//! let outcome = tree.manage(&Operation::Write {
//!     server_id: server_id.clone(),
//!     uri: Some(uri.clone()),
//!     content: Content::Bytes(b"8".to_vec()),
//! });
//! assert_eq!(outcome, Outcome::Written(vec![format!("{SENSOR}/west/Setting")]));
//! let Outcome::Data(items) = tree.manage(&Operation::Read { server_id, uris: vec![uri] }) else { panic!() };
//! assert_eq!(items[0].mo_data.raw(), r#"{"Setting":8}"#);
//!
//! // What the device sees of it.
//! assert_eq!(tree.value(SENSOR, "west", "Setting"), Some(&Value::Int(8)));
//! # Ok::<(), dm_session::tree::TreeError>(())
//! ```
//!
//! # Where the specification leaves room
//!
//! | question | answer of [`MoTree`] |
//! | --- | --- |
//! | HGET onto an interior node | what the data names is written; what it does not name goes if the server may delete it and the definition can do without, and stays otherwise |
//! | HGET with `MOID//` as the place | the only instance that the server sees; a new one if it sees none |
//! | HGET without a place, data for `MOID//` | a new instance, unless there can be only one and it is there |
//! | HGET for an instance that does not exist | as the place 404; in the data a wish only: the tree assigns identifiers, numbers from 1, none twice |
//! | HGET below a node that does not exist | 404: one level is created at a time, more as an object |
//! | access for what is created | `Add` for the topmost new node; `Add` or `Replace` for what stands inside it |
//! | data that does not fit the definition | 400; with a body that is not MO data onto an interior node 415 |
//! | DELETE that breaks an occurrence | 405 |
//! | interior node without `Get` | closed: 405 for itself, 404 for everything below, there or not |
//! | conditions (`nv`) on values that the server may not read | never hold |
//! | an instance without any right for the server | 403 where it is named; elsewhere it is not seen; 403 if none is seen |
//! | DevInfo and session information | readable for every server with an account; in `MOS` only if provisioned |
//! | DM Account | nothing in it can be written by a server; whoever removes an account removes the server's rights, subscriptions and default URIs |
//! | setting a value that is there already | no change: no report, same validator (but a change where the value cannot be read) |
//! | some targets fresh, the rest without value | 204 |
//! | MOs without definition | [`UndefinedMo`]: refused unless the device says otherwise |

mod arena;
mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
mod definition;
#[cfg(feature = "dm1")]
pub mod dm1;
mod error;
#[cfg(feature = "serde")]
mod file;
mod limits;
mod manage;
mod mo_tree;
mod names;
mod operation;
mod rights;
mod standard;
mod subscription;
mod value;
mod view;

pub use definition::{Access, Constraint, External, MoDefinition, NodeDefinition, Occurrence};
pub use error::{TreeError, TreeErrorKind};
#[cfg(feature = "serde")]
pub use file::TreeFile;
pub use limits::TreeLimits;
pub use mo_tree::{MoTree, NewInstance, TreeConfig, UndefinedMo};
pub use operation::{Content, Operation, Outcome, Store};
pub use rights::Rights;
pub use standard::{Account, DEV_INFO, DM_ACCOUNT, NewAccount, NewDevInfo, NotificationCredentials, SESSION_INFO};
pub use subscription::SubscriptionChange;
pub use value::{Format, Value};
pub use view::{InstanceRef, NodeRef};
