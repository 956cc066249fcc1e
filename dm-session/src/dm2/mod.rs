//! OMA DM 2.0: the client and the server machine, and the small machines beside them.

pub mod client;
pub mod server;

mod alerts;
mod config;
mod fetch;
mod report;
mod step;
mod transfer;

pub use alerts::{AlertQueue, DEFAULT_ALERTS, Destination, EXEC_RESULT, ExecResult, Execution, Outbox};
pub use client::Client;
pub use config::{Account, ClientConfig, Limits, MosPolicy, Support};
pub use fetch::{DefaultFetch, Fetched};
pub use report::{COALESCE, Reporter};
pub use server::{Server, ServerConfig};
