use crate::decode::{self, Header, Options};
use crate::digest::{self, Hashing, ZEROS};
use crate::encode::sealed::Sealed;
use crate::encode::{self, Sink};
use crate::fields::Fields;
use crate::rules;
use crate::{ConType, DIGEST_LEN, Error, ErrorKind, Limits, NotificationId, OptionNumber, Strictness, UnixSeconds};

/// A notification (Package#0) as received, `OMA-TS-DM_Protocol-V2_0 §5.2.1` and `§7.1`.
///
/// ```text
///  bit  15 14 13 12 | 11 10 9 8 7 | 6 5 4 3 2 1 0
///      +------------+-------------+---------------+
///      |   VER = 2  |  OC (0..31) |   RESERVED    |      header, 2 bytes, big-endian
///      +------------+-------------+---------------+
///
///  option, value of 0..14 bytes:      option, value of 15..270 bytes:
///  +-----------+---------+            +-----------+--------+--------------+
///  | delta (4) | len (4) |            | delta (4) |  1111  | len - 15 (8) |
///  +-----------+---------+            +-----------+--------+--------------+
///  | value, len bytes    |            | value, len bytes                  |
///  +---------------------+            +-----------------------------------+
///  number = number of the option before (0 at first) + delta
/// ```
///
/// It borrows the bytes it was parsed from and allocates nothing. Equality is that of the received bytes.
///
/// ```
/// use dm_notification::{Notification, NotificationId};
/// let n = Notification::parse(b"\x21\x00\x1a\x64\x6d.example\x22\x00\x07")?;
/// assert_eq!(n.server_id(), Some("dm.example"));
/// assert_eq!(n.notification_id(), Some(NotificationId(7)));
/// assert!(!n.req_mos());
/// # Ok::<(), dm_notification::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    /// Header and counted options.
    bytes: &'a [u8],
    /// What follows them; empty unless read leniently.
    trailing: &'a [u8],
    fields: Fields<'a>,
    /// Where the value of the digest begins in `bytes`, if there is one.
    digest_at: usize,
}

impl<'a> Notification<'a> {
    /// Reads a notification leniently and with the default limits.
    ///
    /// The input is what the bearer delivered, whole. No key is needed and no digest checked here: see
    /// [`verify`](Self::verify), or let a [`Receiver`](crate::Receiver) do everything in order.
    ///
    /// # Errors
    /// Those of [`parse_with`](Self::parse_with) for [`Strictness::Lenient`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, Strictness::Lenient, &Limits::DEFAULT)
    }

    /// Reads a notification.
    ///
    /// Every option is optional to the format, so a notification without SERVER-ID can be read, but only a lenient
    /// [`Receiver`](crate::Receiver) with a single account can act on it.
    ///
    /// # Errors
    /// In both modes [`UnexpectedEnd`](ErrorKind::UnexpectedEnd),
    /// [`UnsupportedVersion`](ErrorKind::UnsupportedVersion), [`RepeatedOption`](ErrorKind::RepeatedOption) for the
    /// numbers 1 to 6, [`ServerIdEmpty`](ErrorKind::ServerIdEmpty), [`ServerIdText`](ErrorKind::ServerIdText),
    /// [`NotificationIdLength`](ErrorKind::NotificationIdLength), [`DigestLength`](ErrorKind::DigestLength),
    /// [`TimestampLength`](ErrorKind::TimestampLength), [`TimestampRange`](ErrorKind::TimestampRange), and the limits:
    /// [`MessageTooLong`](ErrorKind::MessageTooLong), [`TooManyOptions`](ErrorKind::TooManyOptions),
    /// [`ServerIdTooLong`](ErrorKind::ServerIdTooLong).
    ///
    /// In strict mode also whatever [`deviations`](Self::deviations) would report first.
    pub fn parse_with(bytes: &'a [u8], strictness: Strictness, limits: &Limits) -> Result<Self, Error> {
        if bytes.len() > limits.max_message_len {
            return Err(Error::new(ErrorKind::MessageTooLong, limits.max_message_len));
        }
        let refuse = |deviation| match (strictness, deviation) {
            (Strictness::Strict, Some(deviation)) => Err(deviation),
            _ => Ok(()),
        };

        let (header, mut options) = decode::start(bytes)?;
        if header.version != decode::VERSION {
            return Err(Error::new(ErrorKind::UnsupportedVersion, 0));
        }
        if header.option_count > limits.max_options {
            return Err(Error::new(ErrorKind::TooManyOptions, 0));
        }
        let [first, second] = in_header(&header);
        refuse(first.or(second))?;

        let mut fields = Fields::default();
        let mut digest_at = 0;
        while let Some(option) = options.step() {
            let option = option?;
            refuse(rules::read(&option, limits, &mut fields)?)?;
            if option.number == OptionNumber::Sha256Digest.into() {
                digest_at = option.value_offset;
            }
        }
        let (counted, trailing) = (options.offset(), options.rest());
        refuse(after_options(counted, trailing))?;
        Ok(Self { bytes: bytes.get(..counted).unwrap_or(bytes), trailing, fields, digest_at })
    }

    /// SERVER-ID: the server that asks, 1 to 270 bytes. Compare it byte for byte with `SrvID` of a DM Account.
    #[must_use]
    pub const fn server_id(&self) -> Option<&'a str> {
        self.fields.server_id
    }

    /// PREFERRED-CON-TYPE: the bearer the server would like. Read leniently, the first byte of a value of any length.
    #[must_use]
    pub const fn con_type(&self) -> Option<ConType> {
        self.fields.con_type
    }

    /// NOTIFICATION-ID: to be echoed in Package#1.
    #[must_use]
    pub const fn notification_id(&self) -> Option<NotificationId> {
        self.fields.notification_id
    }

    /// SHA256-DIGEST. It says nothing until [`verify`](Self::verify) has agreed.
    #[must_use]
    pub const fn digest(&self) -> Option<&'a [u8; DIGEST_LEN]> {
        self.fields.digest
    }

    /// TIMESTAMP: when the notification was sent.
    #[must_use]
    pub const fn timestamp(&self) -> Option<UnixSeconds> {
        match self.fields.timestamp {
            Some(timestamp) => Some(timestamp.seconds),
            None => None,
        }
    }

    /// REQ-MOS: whether the server wants the `MOS` array in Package#1.
    #[must_use]
    pub const fn req_mos(&self) -> bool {
        self.fields.req_mos
    }

    /// Every option in the order of the wire, unknown ones included.
    #[must_use]
    pub fn options(&self) -> Options<'a> {
        match decode::start(self.bytes) {
            Ok((_, options)) => options,
            Err(_) => Options::empty(), // not reached: these bytes were parsed
        }
    }

    /// The deviations from the format, in the order of the wire; none for what strict mode accepts.
    ///
    /// Each is the error that strict mode would have given. They are found anew on every call, so nothing is stored.
    ///
    /// ```
    /// use dm_notification::{ErrorKind, Notification};
    /// let padded = Notification::parse(b"\x20\x80\x12dm\0\0")?;
    /// let met: Vec<_> = padded.deviations().map(|d| (d.kind(), d.offset())).collect();
    /// assert_eq!(met, [(ErrorKind::TrailingBytes, 5)]);
    /// # Ok::<(), dm_notification::Error>(())
    /// ```
    pub fn deviations(&self) -> impl Iterator<Item = Error> + Clone + use<'a> {
        let header = decode::start(self.bytes).ok().map(|(header, _)| in_header(&header));
        header
            .into_iter()
            .flatten()
            .flatten()
            .chain(self.options().found().filter_map(|option| {
                let mut ignored = Fields::default();
                rules::read(&option, &Limits::DEFAULT, &mut ignored).ok()?
            }))
            .chain(after_options(self.bytes.len(), self.trailing))
    }

    /// The header and the options that OC counts, as received: what the digest covers. Forward these, not a
    /// re-encoding.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What came after the last option; not part of the notification and not covered by the digest.
    #[must_use]
    pub const fn trailing(&self) -> &'a [u8] {
        self.trailing
    }

    /// Whether SHA256-DIGEST is right for this secret and auth data (`Auth/Noti/Secret` and `Auth/Noti/Data` of the DM
    /// Account), computed over the bytes as received and compared in constant time. Nothing is copied.
    ///
    /// # Errors
    /// [`DigestMissing`](ErrorKind::DigestMissing), [`DigestMismatch`](ErrorKind::DigestMismatch).
    pub fn verify(&self, secret: &[u8], auth_data: &[u8]) -> Result<(), Error> {
        let (Some(digest), Some(input)) = (self.digest(), self.digest_input()) else {
            return Err(Error::new(ErrorKind::DigestMissing, self.bytes.len()));
        };
        let mut hash = Hashing::start(secret);
        for part in input {
            hash.put(part);
        }
        if digest::same(&hash.finish(auth_data), digest) {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::DigestMismatch, self.digest_at))
        }
    }

    /// What stands between secret and auth data in the digest, for a device that hashes in hardware: the bytes before
    /// the digest, 32 zero bytes, the bytes after it. `None` without a digest.
    ///
    /// ```text
    /// digest = SHA-256(secret ‖ input[0] ‖ input[1] ‖ input[2] ‖ auth data)
    /// ```
    #[must_use]
    pub fn digest_input(&self) -> Option<[&'a [u8]; 3]> {
        self.digest()?;
        let (before, rest) = self.bytes.split_at_checked(self.digest_at)?;
        Some([before, &ZEROS, rest.get(DIGEST_LEN..)?])
    }

    /// Encodes what was understood, always strictly.
    ///
    /// What strict mode accepts comes out byte for byte. Otherwise the deviations are gone: reserved bits are zero,
    /// unknown options and trailing bytes left out, values in their strict form. The digest is copied; unless trailing
    /// bytes were the only deviation it will no longer verify, so forward [`as_bytes`](Self::as_bytes) or sign anew
    /// through [`NotificationBuilder::try_from`](crate::NotificationBuilder).
    ///
    /// # Errors
    /// [`NoOptions`](ErrorKind::NoOptions) if no known option would be left, [`SinkFull`](ErrorKind::SinkFull). The
    /// sink is then as before.
    pub fn encode(&self, out: &mut impl Sink) -> Result<(), Error> {
        self.fields.with_table(|table| {
            if table.iter().flatten().next().is_none() {
                return Err(Error::new(ErrorKind::NoOptions, 0));
            }
            encode::encode(table, out)
        })
    }

    /// The length of what [`encode`](Self::encode) writes, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.fields.with_table(encode::len)
    }

    /// [`encode`](Self::encode) into a new vector.
    ///
    /// # Errors
    /// [`NoOptions`](ErrorKind::NoOptions).
    #[cfg(feature = "alloc")]
    pub fn to_vec(&self) -> Result<alloc::vec::Vec<u8>, Error> {
        let mut out = alloc::vec::Vec::with_capacity(self.encoded_len());
        self.encode(&mut out)?;
        Ok(out)
    }

    pub(crate) const fn fields(&self) -> &Fields<'a> {
        &self.fields
    }
}

/// The deviations a header can have.
fn in_header(header: &Header) -> [Option<Error>; 2] {
    [
        (header.option_count == 0).then_some(Error::new(ErrorKind::NoOptions, 0)),
        (header.reserved != 0).then_some(Error::new(ErrorKind::ReservedBits, 1)),
    ]
}

/// The deviation that bytes after the counted options are.
fn after_options(counted: usize, trailing: &[u8]) -> Option<Error> {
    (!trailing.is_empty()).then_some(Error::new(ErrorKind::TrailingBytes, counted))
}
