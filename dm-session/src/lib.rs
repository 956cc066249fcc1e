#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "dm1")]
pub mod dm1;
pub mod dm2;
pub mod http;
pub mod tree;

mod effect;
mod entropy;
mod error;
mod expected;
mod secret;
mod time;
#[cfg(feature = "serde")]
mod wire;

pub use effect::{EffectId, Failure, RequestId};
pub use entropy::{Entropy, Random};
pub use error::{Error, ErrorKind};
pub use secret::Secret;
pub use time::Timestamp;
