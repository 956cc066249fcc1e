use super::header::Header;
use super::rules::{VERSION, at};
use super::{Credentials, DIGEST_LEN, Error, ErrorKind, Initiator, MAX_SERVER_ID_LEN, Notification, SessionId, UiMode};
use crate::Sink;

/// Builds a notification of DM 1.x. What it encodes is always strict: version 11, bits for future use zero.
///
/// Set the fields first and [`sign`](Self::sign) last: the digest covers all others, so what is signed can only be
/// encoded.
///
/// ```
/// use dm_notification::dm1::{Credentials, NotificationBuilder, SessionId, UiMode};
/// let message = NotificationBuilder::new("com.mgmtsrv.manage", SessionId::new(1).unwrap())?
///     .ui_mode(UiMode::UserInteraction)
///     .vendor_data(&[0xca, 0xfe])
///     .sign(&Credentials::new(b"srvpassword", b"Nonce"));
/// assert_eq!(message.encoded_len(), 44);
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationBuilder<'a> {
    server_id: &'a [u8],
    /// The length of `server_id`.
    server_id_len: u8,
    session_id: SessionId,
    ui_mode: UiMode,
    initiator: Initiator,
    vendor_data: &'a [u8],
}

impl<'a> NotificationBuilder<'a> {
    /// Starts with ServerID of the account, 1 to 255 octets, and a session id that no other session with this device has:
    /// random, and the same for a resend. The ui-mode is not specified, the initiator is the server.
    ///
    /// # Errors
    /// [`ServerIdEmpty`](ErrorKind::ServerIdEmpty), [`ServerIdTooLong`](ErrorKind::ServerIdTooLong) (at byte 255).
    pub fn new<S: AsRef<[u8]> + ?Sized>(server_id: &'a S, session_id: SessionId) -> Result<Self, Error> {
        let server_id = server_id.as_ref();
        let server_id_len = match u8::try_from(server_id.len()) {
            Ok(0) => return Err(Error::new(ErrorKind::ServerIdEmpty, 0)),
            Ok(len) => len,
            Err(_) => return Err(Error::new(ErrorKind::ServerIdTooLong, MAX_SERVER_ID_LEN)),
        };
        Ok(Self {
            server_id,
            server_id_len,
            session_id,
            ui_mode: UiMode::NotSpecified,
            initiator: Initiator::Server,
            vendor_data: &[],
        })
    }

    /// Sets what is recommended to do with the user.
    #[must_use]
    pub const fn ui_mode(mut self, ui_mode: UiMode) -> Self {
        self.ui_mode = ui_mode;
        self
    }

    /// Sets who caused the session.
    #[must_use]
    pub const fn initiator(mut self, initiator: Initiator) -> Self {
        self.initiator = initiator;
        self
    }

    /// Adds vendor data. A single short message has room for 103 octets of this and the server identifier together.
    #[must_use]
    pub const fn vendor_data(mut self, vendor_data: &'a [u8]) -> Self {
        self.vendor_data = vendor_data;
        self
    }

    /// Adds the digest over everything set so far. The name that is hashed is the server identifier.
    #[must_use]
    pub fn sign(self, credentials: &Credentials<'_>) -> SignedNotification<'a> {
        let digest = credentials.digest(self.server_id, &[&self.header(), self.server_id, self.vendor_data]);
        self.with_digest(digest)
    }

    /// Adds a digest computed elsewhere, such as by a hash engine over what follows the first 16 bytes of the encoding; or
    /// zeros where the account takes notifications without one.
    #[must_use]
    pub const fn with_digest(self, digest: [u8; DIGEST_LEN]) -> SignedNotification<'a> {
        SignedNotification { builder: self, digest }
    }

    const fn header(&self) -> [u8; 8] {
        let Self { server_id_len, session_id, ui_mode, initiator, .. } = *self;
        let session_id = session_id.number();
        Header { version: VERSION, ui_mode, initiator, future_use: 0, session_id, server_id_len }.bytes()
    }
}

/// What was understood of a notification, without its digest: to sign it anew.
impl<'a> TryFrom<&Notification<'a>> for NotificationBuilder<'a> {
    type Error = Error;

    /// # Errors
    /// [`SessionIdZero`](ErrorKind::SessionIdZero).
    fn try_from(read: &Notification<'a>) -> Result<Self, Error> {
        let id = read.session_id().ok_or(Error::new(ErrorKind::SessionIdZero, at::SESSION_ID))?;
        let built = Self::new(read.server_id(), id)?;
        Ok(built.ui_mode(read.ui_mode()).initiator(read.initiator()).vendor_data(read.vendor_data()))
    }
}

/// A notification with its digest, ready to be encoded. Made by [`NotificationBuilder::sign`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedNotification<'a> {
    builder: NotificationBuilder<'a>,
    digest: [u8; DIGEST_LEN],
}

impl SignedNotification<'_> {
    /// The digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; DIGEST_LEN] {
        &self.digest
    }

    /// Encodes the notification.
    ///
    /// # Errors
    /// [`SinkFull`](ErrorKind::SinkFull); the sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        if out.room() < self.encoded_len() {
            return Err(Error::new(ErrorKind::SinkFull, out.room()));
        }
        out.put(&self.digest);
        out.put(&self.builder.header());
        out.put(self.builder.server_id);
        out.put(self.builder.vendor_data);
        Ok(())
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        at::SERVER_ID.saturating_add(self.builder.server_id.len()).saturating_add(self.builder.vendor_data.len())
    }

    /// [`encode`](Self::encode) into a new vector.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_vec(&self) -> alloc::vec::Vec<u8> {
        let Self { builder, digest } = self;
        [digest, builder.header().as_slice(), builder.server_id, builder.vendor_data].concat()
    }
}
