//! Package #0 of OMA DM 1.x (OMA-TS-DM_Notification-V1_2): the General Package #0 that asks a device for a session of DM 1.1
//! or 1.2 (feature `dm1`).
//!
//! It shares nothing with the notification of DM 2.0 but its purpose. Types have the names of their DM 2.0 counterparts and
//! work like them:
//!
//! - [`Notification`] reads and verifies, [`NotificationBuilder`] writes and signs, bit by bit.
//! - [`Receiver`] decides in the order that the standard gives: account, digest, resynchronization of nonces, duplicates, and
//!   what the user has to be asked.
//! - [`wsp`] and [`sms`] are the framing of WAP Push and of SMS, as codecs of their own. Every other bearer that labels
//!   what it carries uses [`CONTENT_TYPE`].
//!
//! Sections (§) are those of the notification reference of this project.
//!
//! ```
//! use dm_notification::dm1::{
//!     Account, Credentials, Initiator, NotificationBuilder, Outcome, Policy, Receiver, SessionId, UiMode, wsp,
//! };
//! let credentials = Credentials::new(b"srvpassword", b"Nonce");
//!
//! // The server signs with its password and the nonce that the device gave it, and pushes …
//! let session = SessionId::new(0x1234).unwrap();
//! let signed = NotificationBuilder::new("com.mgmtsrv.manage", session)?
//!     .ui_mode(UiMode::Background)
//!     .initiator(Initiator::User)
//!     .sign(&credentials);
//! let (mut notification, mut pushed) = ([0; 42], [0; 48]);
//! signed.encode(&mut &mut notification[..])?;
//! wsp::encode(1, &notification, &mut &mut pushed[..])?;
//!
//! // … and the device opens the session that the server expects, with alert 1200.
//! let accounts = [Account::new("com.mgmtsrv.manage").with_credentials(credentials)];
//! let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
//! let received = wsp::Push::parse(&pushed)?.notification()?;
//! match receiver.receive(None, received, &accounts[..]) {
//!     Outcome::Trigger(trigger) => assert_eq!(trigger.session_id.to_string(), "1234"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), dm_notification::dm1::Error>(())
//! ```

mod builder;
mod credentials;
mod error;
mod header;
mod message;
mod options;
mod receiver;
mod rules;
pub mod sms;
#[cfg(feature = "serde")]
mod snapshot;
mod values;
pub mod wsp;

#[cfg(feature = "arbitrary")]
mod arbitrary;

pub use builder::{NotificationBuilder, SignedNotification};
pub use credentials::{Credentials, DIGEST_LEN};
pub use error::{Error, ErrorKind};
pub use message::Notification;
pub use options::{Limits, ParseOptions};
pub use receiver::{Account, Accounts, Answer, Ignored, Outcome, Policy, Proof, Receiver, Trigger};
pub use rules::{MAX_SERVER_ID_LEN, ResyncNonce, VERSION};
#[cfg(feature = "serde")]
pub use snapshot::Snapshot;
pub use values::{Initiator, SessionId, UiMode};

/// The media type of a notification on bearers that label what they carry, such as OBEX (§5.3). The one with `.dm.` in it is of
/// DM 1.3, a different format.
pub const CONTENT_TYPE: &str = "application/vnd.syncml.notification";
