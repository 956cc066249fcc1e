//! The client machine: one DM session as a device sees it (§14 of the project's DM 1.2 reference).

mod api;

pub use crate::effect::{EffectId, Failure};
pub use api::{Action, Closed, Event, Reason, Start};
