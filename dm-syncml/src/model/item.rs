//! `Item` and the addresses in it.

use alloc::boxed::Box;

use crate::{Data, Extras, LocUri, Meta, Str};

/// `Target` or `Source`: an address and, in headers, a name.
///
/// ```
/// use dm_syncml::Location;
/// let source = Location::new("IMEI:352099001761481").with_name("dev-0042");
/// assert_eq!((source.uri.as_str(), source.name()), ("IMEI:352099001761481", Some("dev-0042")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location<'a> {
    /// `LocURI`.
    pub uri: LocUri<'a>,
    pub(crate) more: Option<Box<LocationMore<'a>>>,
}

/// What the Location of an item seldom has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocationMore<'a> {
    pub(crate) name: Option<Str<'a>>,
    pub(crate) extras: Extras<'a>,
}

impl<'a> Location<'a> {
    pub(crate) const EMPTY: Self = Self { uri: LocUri::EMPTY, more: None };

    /// An address.
    #[must_use]
    pub fn new(uri: impl Into<LocUri<'a>>) -> Self {
        Self { uri: uri.into(), more: None }
    }

    /// With a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Str<'a>>) -> Self {
        self.more_mut().name = Some(name.into());
        self
    }

    /// `LocName`: in a header the user name of MD5 and HMAC credentials.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.more.as_ref()?.name.as_deref()
    }

    /// Elements without a place in the model.
    #[must_use]
    pub fn extras(&self) -> &Extras<'a> {
        self.more.as_ref().map_or(&Extras::NONE, |more| &more.extras)
    }

    pub(crate) fn more_mut(&mut self) -> &mut LocationMore<'a> {
        self.more.get_or_insert_default()
    }

    /// The same address, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Location<'static> {
        Location {
            uri: self.uri.into_owned(),
            more: self.more.map(|more| {
                Box::new(LocationMore { name: more.name.map(Str::into_owned), extras: more.extras.into_owned() })
            }),
        }
    }
}

/// What one command does to one node.
///
/// ```text
/// Item = Target?, Source?, Meta?, Data?, MoreData?
/// ```
///
/// ```
/// use dm_syncml::Item;
/// let item = Item::target("./DevDetail/SwV");
/// assert_eq!(item.target_uri().unwrap(), &"./DevDetail/SwV");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item<'a> {
    /// Where to.
    pub target: Option<Location<'a>>,
    /// Where from.
    pub source: Option<Location<'a>>,
    /// What the data is; counts before the Meta of the command.
    pub meta: Option<Meta<'a>>,
    /// The data. `Some` and empty is not the same as `None`.
    pub data: Option<Data<'a>>,
    /// More chunks of this data follow.
    pub more_data: bool,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
}

impl<'a> Item<'a> {
    /// Nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { target: None, source: None, meta: None, data: None, more_data: false, extras: Extras::NONE }
    }

    /// An item with a Target.
    #[must_use]
    pub fn target(uri: impl Into<LocUri<'a>>) -> Self {
        Self { target: Some(Location::new(uri)), ..Self::new() }
    }

    /// An item with a Source.
    #[must_use]
    pub fn source(uri: impl Into<LocUri<'a>>) -> Self {
        Self { source: Some(Location::new(uri)), ..Self::new() }
    }

    /// An item with Data only, such as the answers of a user.
    #[must_use]
    pub fn data(data: impl Into<Data<'a>>) -> Self {
        Self { data: Some(data.into()), ..Self::new() }
    }

    /// With a Source.
    #[must_use]
    pub fn with_source(mut self, uri: impl Into<LocUri<'a>>) -> Self {
        self.source = Some(Location::new(uri));
        self
    }

    /// With a Meta.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta<'a>) -> Self {
        self.meta = Some(meta);
        self
    }

    /// With Data.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Data<'a>>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// With the mark that more chunks follow.
    #[must_use]
    pub const fn with_more_data(mut self) -> Self {
        self.more_data = true;
        self
    }

    /// The address of the Target.
    #[must_use]
    pub fn target_uri(&self) -> Option<&LocUri<'a>> {
        self.target.as_ref().map(|target| &target.uri)
    }

    /// The address of the Source.
    #[must_use]
    pub fn source_uri(&self) -> Option<&LocUri<'a>> {
        self.source.as_ref().map(|source| &source.uri)
    }

    /// The same item, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Item<'static> {
        Item {
            target: self.target.map(Location::into_owned),
            source: self.source.map(Location::into_owned),
            meta: self.meta.map(Meta::into_owned),
            data: self.data.map(Data::into_owned),
            more_data: self.more_data,
            extras: self.extras.into_owned(),
        }
    }
}
