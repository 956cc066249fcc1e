//! The server machine: one DM session as a DM server sees it (§15 of the project's DM 1.2 reference).

mod api;

pub use crate::effect::RequestId;
pub use api::{Action, Closed, Event, Initiator, Opening, Reason, Received};
