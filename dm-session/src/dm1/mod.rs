//! OMA DM 1.2: the client and the server machine.

pub mod client;
pub mod server;
pub mod windows;

mod alert;
mod auth;
mod compose;
mod config;
mod convert;
mod task;
mod ui;

pub use alert::{AlertId, AlertItem, AlertKind, AlertQueue, ClientAlert, DEFAULT_ALERTS, UNENROLMENT};
pub use auth::{Credentials, Demand, Identity, Party, Scheme};
pub use client::Client;
pub use config::{ClientConfig, Limits, Profile, RespUriPolicy, ServerConfig};
pub use server::Server;
pub use task::{Fate, Leaf, NotSent, Order, OrderId, Outcome, Task, TaskResult};
pub use ui::{Interaction, InteractionKind, UserReply};
