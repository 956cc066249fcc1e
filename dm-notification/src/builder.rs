use crate::digest::{Hashing, ZEROS};
use crate::encode::{self, Sink};
use crate::fields::{Fields, Timestamp};
use crate::rules;
use crate::{ConType, DIGEST_LEN, Error, ErrorKind, MAX_VALUE_LEN, Notification, NotificationId, UnixSeconds};

/// Builds a notification. What it encodes is always strict: VER 2, a true OC, reserved bits zero, options in rising
/// order.
///
/// Set the options first and [`sign`](Self::sign) last: the digest covers all others, so what is signed can only be
/// encoded.
///
/// ```
/// use dm_notification::{ConType, NotificationBuilder, NotificationId, UnixSeconds};
/// let message = NotificationBuilder::new("dm.example")?
///     .con_type(ConType::Wlan)
///     .notification_id(NotificationId(0xbeef))
///     .timestamp(UnixSeconds(1_388_534_400))
///     .req_mos()
///     .sign(b"secret", b"nonce-A1");
/// assert_eq!(message.encoded_len(), 58);
/// # Ok::<(), dm_notification::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationBuilder<'a> {
    /// With SERVER-ID always, and never with a digest.
    fields: Fields<'a>,
}

impl<'a> NotificationBuilder<'a> {
    /// Starts with SERVER-ID alone, which is `SrvID` of the DM Account: 1 to 270 bytes, no control character and no
    /// byte order mark.
    ///
    /// # Errors
    /// [`ServerIdEmpty`](ErrorKind::ServerIdEmpty), [`ServerIdTooLong`](ErrorKind::ServerIdTooLong) (at byte 270),
    /// [`ServerIdText`](ErrorKind::ServerIdText). Offsets count from the start of `server_id`.
    pub fn new(server_id: &'a str) -> Result<Self, Error> {
        let server_id = rules::server_id(server_id.as_bytes(), MAX_VALUE_LEN)?;
        Ok(Self { fields: Fields { server_id: Some(server_id), ..Fields::default() } })
    }

    /// Adds PREFERRED-CON-TYPE.
    #[must_use]
    pub const fn con_type(mut self, con_type: ConType) -> Self {
        self.fields.con_type = Some(con_type);
        self
    }

    /// Adds NOTIFICATION-ID: a new one for each request, the same one for a resend.
    #[must_use]
    pub const fn notification_id(mut self, id: NotificationId) -> Self {
        self.fields.notification_id = Some(id);
        self
    }

    /// Adds TIMESTAMP: 4 bytes while the time fits, else 8.
    #[must_use]
    pub const fn timestamp(mut self, time: UnixSeconds) -> Self {
        self.fields.timestamp = Some(Timestamp { seconds: time, binary: None });
        self
    }

    /// Adds REQ-MOS.
    #[must_use]
    pub const fn req_mos(mut self) -> Self {
        self.fields.req_mos = true;
        self
    }

    /// Adds SHA256-DIGEST over everything set so far, made with `Auth/Noti/Secret` and `Auth/Noti/Data` of the DM
    /// Account. Empty auth data adds nothing to the hash.
    #[must_use]
    pub fn sign(self, secret: &[u8], auth_data: &[u8]) -> SignedNotification<'a> {
        let mut hash = Hashing::start(secret);
        let zeroed = Fields { digest: Some(&ZEROS), ..self.fields };
        zeroed.with_table(|table| encode::write(table, &mut hash));
        self.with_digest(hash.finish(auth_data))
    }

    /// Adds a SHA256-DIGEST computed elsewhere, such as by a hash engine. With 32 zero bytes the encoding is what that
    /// engine has to hash between secret and auth data.
    #[must_use]
    pub const fn with_digest(self, digest: [u8; DIGEST_LEN]) -> SignedNotification<'a> {
        SignedNotification { builder: self, digest }
    }

    /// Encodes without a digest.
    ///
    /// # Errors
    /// [`SinkFull`](ErrorKind::SinkFull); the sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        self.fields.with_table(|table| encode::encode(table, out))
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.fields.with_table(encode::len)
    }

    /// [`encode`](Self::encode) into a new vector.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_vec(&self) -> alloc::vec::Vec<u8> {
        self.fields.with_table(encode::to_vec)
    }
}

/// What was understood of a notification, without its digest: to sign it anew.
impl<'a> TryFrom<&Notification<'a>> for NotificationBuilder<'a> {
    type Error = Error;

    /// # Errors
    /// [`ServerIdMissing`](ErrorKind::ServerIdMissing).
    fn try_from(notification: &Notification<'a>) -> Result<Self, Error> {
        let fields = notification.fields();
        if fields.server_id.is_none() {
            return Err(Error::new(ErrorKind::ServerIdMissing, notification.as_bytes().len()));
        }
        let timestamp = fields.timestamp.map(|time| Timestamp { binary: None, ..time });
        Ok(Self { fields: Fields { digest: None, timestamp, ..*fields } })
    }
}

/// A notification with its digest, ready to be encoded. Made by [`NotificationBuilder::sign`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedNotification<'a> {
    builder: NotificationBuilder<'a>,
    digest: [u8; DIGEST_LEN],
}

impl SignedNotification<'_> {
    /// SHA256-DIGEST.
    #[must_use]
    pub const fn digest(&self) -> &[u8; DIGEST_LEN] {
        &self.digest
    }

    /// Encodes the notification.
    ///
    /// # Errors
    /// [`SinkFull`](ErrorKind::SinkFull); the sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        self.fields().with_table(|table| encode::encode(table, out))
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.fields().with_table(encode::len)
    }

    /// [`encode`](Self::encode) into a new vector.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_vec(&self) -> alloc::vec::Vec<u8> {
        self.fields().with_table(encode::to_vec)
    }

    fn fields(&self) -> Fields<'_> {
        Fields { digest: Some(&self.digest), ..self.builder.fields }
    }
}
