use super::credentials::{self, Credentials};
use super::header::Header;
use super::rules::{self, at};
use super::{DIGEST_LEN, Error, ErrorKind, Initiator, NotificationBuilder, ParseOptions, SessionId, UiMode};
use crate::{Sink, Strictness};

/// A notification (Package #0) of DM 1.x as received, §1.
///
/// ```text
///  byte  0..15          16         17         18..20     21..22   23     24..      rest
///       +--------------+----------+----------+----------+--------+------+---------+--------+
///       | digest (128) | vvvvvvvv | vvuuifff | ffffffff | session|  L   | server  | vendor |
///       |              |          |          | three x  | id     |      | id (L)  | data   |
///       +--------------+----------+----------+----------+--------+------+---------+--------+
///                      '------------------------ trigger ---------------------------------'
///  v version * 10, u ui-mode, i initiator, f future use; big-endian, most significant bit first
/// ```
///
/// It borrows the bytes it was parsed from and allocates nothing.
///
/// ```
/// use dm_notification::dm1::{Initiator, Notification, UiMode};
/// let wire = b"\x0f\x64\x6a\x78\x46\x13\x88\x9e\xe8\x9e\xd1\xbf\xdc\x55\xfd\x9a\x02\xe8\0\0\0\xff\xff\x01a";
/// let n = Notification::parse(wire)?;
/// assert_eq!(n.server_id(), b"a");
/// assert_eq!(n.session_id().map(|id| id.number()), Some(0xffff));
/// assert_eq!((n.ui_mode(), n.initiator()), (UiMode::Informative, Initiator::Server));
/// # Ok::<(), dm_notification::dm1::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    bytes: &'a [u8],
    digest: &'a [u8; DIGEST_LEN],
    header: Header,
    server_id: &'a [u8],
    vendor_data: &'a [u8],
}

impl<'a> Notification<'a> {
    /// Reads a notification as it is read in the field: version 11 alone, other deviations reported by
    /// [`deviations`](Self::deviations). The input is what the bearer delivered, whole, without its framing. No key is
    /// needed and no digest checked here: see [`verify`](Self::verify), or let a [`Receiver`](super::Receiver) do
    /// everything in order.
    ///
    /// # Errors
    /// Those of [`parse_with`](Self::parse_with) for [`Strictness::Lenient`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, &ParseOptions::DEFAULT)
    }

    /// Reads a notification.
    ///
    /// # Errors
    /// [`MessageTooLong`](ErrorKind::MessageTooLong), [`UnexpectedEnd`](ErrorKind::UnexpectedEnd),
    /// [`UnsupportedVersion`](ErrorKind::UnsupportedVersion), [`ServerIdEmpty`](ErrorKind::ServerIdEmpty),
    /// [`ServerIdTooLong`](ErrorKind::ServerIdTooLong); in strict mode also whatever [`deviations`](Self::deviations) would
    /// report first.
    #[inline]
    pub fn parse_with(bytes: &'a [u8], options: &ParseOptions) -> Result<Self, Error> {
        let limits = &options.limits;
        if bytes.len() > limits.max_message_len {
            return Err(Error::new(ErrorKind::MessageTooLong, limits.max_message_len));
        }
        let cut = |at| Error::new(ErrorKind::UnexpectedEnd, at);
        let (digest, rest) = bytes.split_first_chunk().ok_or(cut(at::DIGEST))?;
        let (header, rest) = rest.split_first_chunk().ok_or(cut(at::VERSION))?;
        if rest.is_empty() {
            return Err(cut(at::SERVER_ID));
        }
        let header = Header::read(*header);
        if !rules::readable(header.version, options) {
            return Err(Error::new(ErrorKind::UnsupportedVersion, at::VERSION));
        }
        if options.strictness == Strictness::Strict
            && let Some(deviation) = rules::deviations(&header).into_iter().flatten().next()
        {
            return Err(deviation);
        }
        let len = usize::from(header.server_id_len);
        if len == 0 {
            return Err(Error::new(ErrorKind::ServerIdEmpty, at::LENGTH));
        }
        let (server_id, vendor_data) = rest.split_at_checked(len).ok_or(cut(at::SERVER_ID))?;
        if len > limits.max_server_id_len {
            let first = at::SERVER_ID.saturating_add(limits.max_server_id_len);
            return Err(Error::new(ErrorKind::ServerIdTooLong, first));
        }
        Ok(Self { bytes, digest, header, server_id, vendor_data })
    }

    /// The digest. It says nothing until [`verify`](Self::verify) has agreed.
    #[must_use]
    pub const fn digest(&self) -> &'a [u8; DIGEST_LEN] {
        self.digest
    }

    /// The version of the format times ten: 11, or 12 where that was asked for.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.header.version
    }

    /// What the server recommends to do with the user.
    #[must_use]
    pub const fn ui_mode(&self) -> UiMode {
        self.header.ui_mode
    }

    /// Who caused the session, as the server sees it.
    #[must_use]
    pub const fn initiator(&self) -> Initiator {
        self.header.initiator
    }

    /// The 27 bits for future use.
    #[must_use]
    pub const fn future_use(&self) -> u32 {
        self.header.future_use
    }

    /// The session that the server expects; `None` if it is 0.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        SessionId::new(self.header.session_id)
    }

    /// The server that asks, 1 to 255 octets. Compare it octet for octet with ServerID of an account.
    #[must_use]
    pub const fn server_id(&self) -> &'a [u8] {
        self.server_id
    }

    /// What comes after the identifier, often nothing: for the application, and covered by the digest.
    #[must_use]
    pub const fn vendor_data(&self) -> &'a [u8] {
        self.vendor_data
    }

    /// Where [`vendor_data`](Self::vendor_data) begins, in bytes.
    #[must_use]
    pub const fn vendor_data_offset(&self) -> usize {
        at::SERVER_ID.saturating_add(self.server_id.len())
    }

    /// Everything as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the digest covers: everything after it, vendor data included.
    #[must_use]
    pub fn trigger(&self) -> &'a [u8] {
        self.bytes.get(DIGEST_LEN..).unwrap_or_default()
    }

    /// The deviations from the format, in the order of the wire; none for what strict mode accepts. Each is the error
    /// that strict mode would have given.
    ///
    /// ```
    /// use dm_notification::dm1::{ErrorKind, Notification};
    /// let mut wire = [0; 25];
    /// wire[16..].copy_from_slice(b"\x02\xc0\0\0\x01\0\x07\x01a");
    /// let met: Vec<_> = Notification::parse(&wire)?.deviations().map(|d| (d.kind(), d.offset())).collect();
    /// assert_eq!(met, [(ErrorKind::FutureUse, 20)]);
    /// # Ok::<(), dm_notification::dm1::Error>(())
    /// ```
    pub fn deviations(&self) -> impl Iterator<Item = Error> + Clone + use<> {
        rules::deviations(&self.header).into_iter().flatten()
    }

    /// Whether the digest is right for these credentials, computed over the bytes as received and compared in constant
    /// time. Nothing is copied.
    ///
    /// # Errors
    /// [`DigestMismatch`](ErrorKind::DigestMismatch).
    pub fn verify(&self, credentials: &Credentials<'_>) -> Result<(), Error> {
        if credentials::same(&credentials.digest(self.server_id, &[self.trigger()]), self.digest) {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::DigestMismatch, at::DIGEST))
        }
    }

    /// Encodes what was understood, always strictly: version 11, bits for future use zero. What strict mode accepts comes
    /// out byte for byte; otherwise the digest, which is copied, no longer verifies. Forward
    /// [`as_bytes`](Self::as_bytes), or sign anew through [`NotificationBuilder::try_from`].
    ///
    /// # Errors
    /// [`SessionIdZero`](ErrorKind::SessionIdZero), [`SinkFull`](ErrorKind::SinkFull). The sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        NotificationBuilder::try_from(self)?.with_digest(*self.digest).encode(out)
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.bytes.len()
    }
}
