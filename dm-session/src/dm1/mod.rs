//! OMA DM 1.2 (OMA-TS-DM_Protocol-V1_2, OMA-TS-DM_Security-V1_2): the client and the server of a session.
//!
//! ```text
//!            device                                                server
//!
//!  notification ─▶ Receiver (dm-notification) ◀────────────── SendNotification
//!                     │ Start                                         ▲
//!                     ▼                                               │
//!  Interact ◀──┐  ╭────────╮   Post: Alert, DevInfo  ─────▶  route ╭────────╮ ◀── Notify
//!  (user)      ├──│ Client │                                      │ Server │ ──▶ Decide
//!  Manage ◀────┘  │        │   ◀─────── Statuses, commands        │        │ ◀── Orders
//!  (tree)         ╰────────╯   Post: Statuses, Results ─────▶     ╰────────╯ ──▶ Outcome
//!     │            │      │    ◀─────── Statuses, commands          │
//!     │            │      ╰─▶ SaveNonce, AlertAnswered              ╰─▶ SaveNonce, LateAlerts
//!     ▼            ╰─▶ Closed                                       ╰─▶ Closed
//!  tree::dm1::run
//! ```
//!
//! Both have the shape of every machine of this crate: [`Client::handle`] and [`Server::handle`] take events,
//! [`Client::poll_action`] and [`Server::poll_action`] give actions, and a snapshot stands for the whole at any moment.
//!
//! # What is where
//!
//! | | |
//! | --- | --- |
//! | [`client`] | events, actions and reasons of the client |
//! | [`server`] | those of the server; [`route`](server::route) says to which session a request belongs |
//! | [`ClientConfig`], [`ServerConfig`] | what each session is told, with [`Limits`]; no snapshot holds it |
//! | [`Identity`], [`Demand`], [`Credentials`] | how each side proves who it is: [`Scheme`], or the transport |
//! | [`Order`], [`Task`], [`Outcome`], [`TaskResult`] | what a server wants done, and what came of it, command by command |
//! | [`Interaction`], [`UserReply`] | the alerts 1100 to 1104 and what the user says |
//! | [`ClientAlert`], [`AlertQueue`] | the alerts 1224 and 1226, and where they wait |
//! | [`windows`] | header fields, URL and alerts of Windows PCs |
//! | [`tree::dm1`](crate::tree::dm1) | the commands, and the tree that carries them out |
//!
//! # What the machines see to
//!
//! Order and references of Statuses and Results; MsgIDs and CmdIDs; the sizes that each side takes, counted to the byte
//! in the form that is sent; packages of several messages (1222); large objects in both directions; Atomic by
//! transactions of the tree; what a user's No or Cancel means for other commands; challenges, nonces and their limits;
//! messages that are lost or come twice; `RespURI` and redirects; the abort (1223) of either side. Nothing of a peer that
//! has not proved who it is goes to the tree or to the application.
//!
//! # What is left to the host
//!
//! - TLS, sockets and HTTP itself. Bodies go out as they are: a header may hold a digest of them.
//! - The tree ([`MoTree`](crate::tree::MoTree) or one of its own) and what it asks of the device: Exec, values that live
//!   elsewhere.
//! - The user's screen.
//! - Storage of nonces ([`SaveNonce`](client::Action::SaveNonce)), before the next session begins: a device by
//!   [`Account::nonce_command`](crate::tree::dm1::Account::nonce_command), a server with what it knows of the device.
//! - Which machine a request belongs to. A server finds credentials by the device that
//!   [`Route`](server::Route) names; for a device that it does not know, [`Demand::unknown`] answers as for any other.
//! - One session at a time for each account and device; a notification that comes meanwhile waits.
//! - A body of more than `max_message_len` bytes: it stops reading there, and hands over what it has.
//!
//! A complete exchange stands in the [crate documentation](crate#dm-12).

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

// Of the codecs, what a host writes to use the machines.
#[doc(no_inline)]
pub use dm_notification::dm1::{SessionId, UiMode};
#[doc(no_inline)]
pub use dm_syncml::{Encoding, Nonce, StatusCode, UiOptions};
