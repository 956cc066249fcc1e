#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "arbitrary")]
mod arbitrary;
mod builder;
mod decode;
mod digest;
#[cfg(feature = "dm1")]
#[cfg_attr(docsrs, doc(cfg(feature = "dm1")))]
pub mod dm1;
mod encode;
mod error;
mod fields;
mod limits;
mod list;
mod memory;
mod message;
mod receiver;
mod rules;
#[cfg(feature = "serde")]
mod snapshot;
mod values;

pub use builder::{NotificationBuilder, SignedNotification};
pub use decode::{Options, RawOption};
pub use digest::DIGEST_LEN;
pub use encode::Sink;
pub use error::{Error, ErrorKind};
pub use limits::{Limits, Strictness};
pub use message::Notification;
pub use receiver::{Account, Accounts, Credentials, Ignored, Outcome, Policy, Receiver, Trigger, Unsigned};
pub use rules::MAX_VALUE_LEN;
#[cfg(feature = "serde")]
pub use snapshot::Snapshot;
pub use values::{ConType, NotificationId, OptionNumber, UnixSeconds};
