//! `Meta` and the credentials and challenges made of it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::{Data, Decimal, Extras, Format, Mark, Span, Str};

/// Meta information about Data, a message, credentials or a challenge (SyncML MetaInformation §5).
///
/// ```text
/// Meta = Format?, Type?, Mark?, Size?, NextNonce?, MaxMsgSize?, MaxObjSize?, EMI*
/// ```
///
/// ```
/// use dm_syncml::{Format, Meta};
/// let meta = Meta::new().with_format(Format::B64).with_type("image/png").with_size(12);
/// assert_eq!(meta.size().and_then(|size| size.number()), Some(12));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Meta<'a> {
    pub(crate) format: Option<Format<'a>>,
    pub(crate) type_: Option<Str<'a>>,
    pub(crate) mark: Option<Mark<'a>>,
    pub(crate) size: Option<Decimal<'a>>,
    pub(crate) more: Option<Box<More<'a>>>,
}

/// What the Meta of an Item seldom has.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct More<'a> {
    pub(crate) next_nonce: Option<Data<'a>>,
    pub(crate) max_msg_size: Option<Decimal<'a>>,
    pub(crate) max_obj_size: Option<Decimal<'a>>,
    pub(crate) emi: Vec<Str<'a>>,
    pub(crate) extras: Extras<'a>,
}

impl<'a> Meta<'a> {
    /// Nothing said.
    #[must_use]
    pub const fn new() -> Self {
        Self { format: None, type_: None, mark: None, size: None, more: None }
    }

    /// How Data is to be read; `chr` where nothing is said.
    #[must_use]
    pub const fn format(&self) -> Option<&Format<'a>> {
        self.format.as_ref()
    }

    /// `Type`: the media type of Data, the identifier of a management object, an authentication scheme or the type of
    /// an alert; `text/plain` where nothing is said.
    #[must_use]
    pub fn type_(&self) -> Option<&str> {
        self.type_.as_deref()
    }

    /// How important a generic alert is; `informational` where nothing is said.
    #[must_use]
    pub const fn mark(&self) -> Option<&Mark<'a>> {
        self.mark.as_ref()
    }

    /// Bytes of the data as transported: of the whole object, in the first chunk.
    #[must_use]
    pub const fn size(&self) -> Option<&Decimal<'a>> {
        self.size.as_ref()
    }

    /// `NextNonce` as it travelled: Base64 text, or the bytes of an OPAQUE.
    #[must_use]
    pub fn next_nonce(&self) -> Option<&Data<'a>> {
        self.more.as_ref()?.next_nonce.as_ref()
    }

    /// Bytes of the largest message that the sender can receive.
    #[must_use]
    pub fn max_msg_size(&self) -> Option<&Decimal<'a>> {
        self.more.as_ref()?.max_msg_size.as_ref()
    }

    /// Bytes of the largest object that the sender can receive.
    #[must_use]
    pub fn max_obj_size(&self) -> Option<&Decimal<'a>> {
        self.more.as_ref()?.max_obj_size.as_ref()
    }

    /// `EMI`, experimental information.
    #[must_use]
    pub fn emi(&self) -> &[Str<'a>] {
        self.more.as_ref().map_or(&[], |more| &more.emi)
    }

    /// Elements without a place in the model: unknown ones and those of DS.
    #[must_use]
    pub fn extras(&self) -> &Extras<'a> {
        self.more.as_ref().map_or(&Extras::NONE, |more| &more.extras)
    }

    /// With a Format.
    #[must_use]
    pub fn with_format(mut self, format: Format<'a>) -> Self {
        self.format = Some(format);
        self
    }

    /// With a Type.
    #[must_use]
    pub fn with_type(mut self, type_: impl Into<Str<'a>>) -> Self {
        self.type_ = Some(type_.into());
        self
    }

    /// With a Mark.
    #[must_use]
    pub fn with_mark(mut self, mark: Mark<'a>) -> Self {
        self.mark = Some(mark);
        self
    }

    /// With a Size in bytes.
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(Decimal::from_number(bytes));
        self
    }

    /// With a NextNonce, as Base64 text.
    #[must_use]
    pub fn with_next_nonce(mut self, base64: impl Into<Str<'a>>) -> Self {
        self.more_mut().next_nonce = Some(Data::text(base64));
        self
    }

    /// With a MaxMsgSize in bytes.
    #[must_use]
    pub fn with_max_msg_size(mut self, bytes: u64) -> Self {
        self.more_mut().max_msg_size = Some(Decimal::from_number(bytes));
        self
    }

    /// With a MaxObjSize in bytes.
    #[must_use]
    pub fn with_max_obj_size(mut self, bytes: u64) -> Self {
        self.more_mut().max_obj_size = Some(Decimal::from_number(bytes));
        self
    }

    /// With one more EMI.
    #[must_use]
    pub fn with_emi(mut self, text: impl Into<Str<'a>>) -> Self {
        self.more_mut().emi.push(text.into());
        self
    }

    pub(crate) fn more_mut(&mut self) -> &mut More<'a> {
        self.more.get_or_insert_default()
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::new()
    }

    /// What counts for an item: each element of its own Meta, else that of the command's (MS-MDM §2.2; DM
    /// Representation §6.6.1).
    #[must_use]
    pub fn effective<'m>(item: Option<&'m Self>, command: Option<&'m Self>) -> EffectiveMeta<'m, 'a> {
        EffectiveMeta { item, command }
    }

    /// The same meta information, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Meta<'static> {
        Meta {
            format: self.format.map(Format::into_owned),
            type_: self.type_.map(Str::into_owned),
            mark: self.mark.map(Mark::into_owned),
            size: self.size.map(Decimal::into_owned),
            more: self.more.map(|more| {
                Box::new(More {
                    next_nonce: more.next_nonce.map(Data::into_owned),
                    max_msg_size: more.max_msg_size.map(Decimal::into_owned),
                    max_obj_size: more.max_obj_size.map(Decimal::into_owned),
                    emi: more.emi.into_iter().map(Str::into_owned).collect(),
                    extras: more.extras.into_owned(),
                })
            }),
        }
    }
}

/// A nonce is worth hiding from a log.
impl fmt::Debug for Meta<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("format", &self.format)
            .field("type", &self.type_)
            .field("mark", &self.mark)
            .field("size", &self.size)
            .field("next_nonce", &self.next_nonce().map(|_| "[redacted]"))
            .field("max_msg_size", &self.max_msg_size())
            .field("max_obj_size", &self.max_obj_size())
            .field("emi", &self.emi())
            .field("extras", &self.extras())
            .finish()
    }
}

/// The meta information that counts for one item. See [`Meta::effective`].
#[derive(Clone, Copy, Debug)]
pub struct EffectiveMeta<'m, 'a> {
    item: Option<&'m Meta<'a>>,
    command: Option<&'m Meta<'a>>,
}

impl<'m, 'a> EffectiveMeta<'m, 'a> {
    fn first<T>(self, read: impl Fn(&'m Meta<'a>) -> Option<T>) -> Option<T> {
        self.item.and_then(&read).or_else(|| self.command.and_then(&read))
    }

    /// The Format; `chr` where nothing is said.
    #[must_use]
    pub fn format(self) -> &'m Format<'a> {
        self.first(Meta::format).unwrap_or(&Format::Chr)
    }

    /// The Type; `text/plain` where nothing is said.
    #[must_use]
    pub fn type_(self) -> &'m str {
        self.first(Meta::type_).unwrap_or("text/plain")
    }

    /// The Mark; `informational` where nothing is said.
    #[must_use]
    pub fn mark(self) -> &'m Mark<'a> {
        self.first(Meta::mark).unwrap_or(&Mark::Informational)
    }

    /// The Size in bytes, where it is said and a number.
    #[must_use]
    pub fn size(self) -> Option<u64> {
        self.first(Meta::size).and_then(Decimal::number)
    }

    /// Whether a Format or a Type is said at all.
    #[must_use]
    pub fn is_stated(self) -> bool {
        self.first(Meta::format).is_some() || self.first(Meta::type_).is_some()
    }
}

/// Credentials, in the header only (DM Representation §6.1.6).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cred<'a> {
    /// Type and Format.
    pub meta: Meta<'a>,
    /// Base64 of the credential.
    pub data: Data<'a>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> Cred<'a> {
    /// Credentials of a type such as `syncml:auth-md5`, with Format `b64`.
    #[must_use]
    pub fn new(type_: impl Into<Str<'a>>, base64: impl Into<Str<'a>>) -> Self {
        Self {
            meta: Meta::new().with_format(Format::B64).with_type(type_),
            data: Data::text(base64),
            extras: Extras::NONE,
            span: Span::default(),
        }
    }

    /// Where the element stood.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The same credentials, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Cred<'static> {
        Cred {
            meta: self.meta.into_owned(),
            data: self.data.into_owned(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// Credentials stay out of logs.
impl fmt::Debug for Cred<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cred").field("meta", &self.meta).field("data", &"[redacted]").finish_non_exhaustive()
    }
}

/// A challenge, in the Status of the header (DM Representation §6.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chal<'a> {
    /// Type, Format and NextNonce.
    pub meta: Meta<'a>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
}

impl<'a> Chal<'a> {
    /// A challenge of a type such as `syncml:auth-md5`, with Format `b64`.
    #[must_use]
    pub fn new(type_: impl Into<Str<'a>>) -> Self {
        Self { meta: Meta::new().with_format(Format::B64).with_type(type_), extras: Extras::NONE }
    }

    /// With a nonce in Base64.
    #[must_use]
    pub fn with_next_nonce(mut self, base64: impl Into<Str<'a>>) -> Self {
        self.meta = self.meta.with_next_nonce(base64);
        self
    }

    /// The same challenge, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Chal<'static> {
        Chal { meta: self.meta.into_owned(), extras: self.extras.into_owned() }
    }
}
