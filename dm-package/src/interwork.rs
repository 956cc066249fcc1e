//! Generic alerts of DM 1.x and DM 2.0, turned into each other (§6.5).

use alloc::format;
use alloc::string::String;

use crate::{Alert, ClientUri, ClientUriBuilder, Component, Error, ErrorKind, Json, JsonKind, Mark, SessionStart, Str};

/// A generic alert of DM 1.x (code 1226) as its SyncML elements say it, whoever decodes those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dm1Alert<'a> {
    /// `Meta/Type`
    pub type_: Str<'a>,
    /// `Meta/Format`
    pub format: Option<Str<'a>>,
    /// `Meta/Mark`
    pub mark: Option<Str<'a>>,
    /// `Source/LocURI`
    pub source: Option<Str<'a>>,
    /// `Target/LocURI`
    pub target: Option<Str<'a>>,
    /// `Data`, as text; that of formats `b64` and `bin` in base64.
    pub data: Option<Str<'a>>,
    /// `Correlator`
    pub correlator: Option<Str<'a>>,
}

/// Where an instance of a management object hangs in the tree of DM 1.x.
///
/// OUR DECISION (§6.5): `./SCOMO/X/…` with the object rooted at `./SCOMO/X` becomes `<moid>/<miid>/…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathMap<'a> {
    /// The DM 1.x path of the root, such as `./SCOMO/X`.
    pub prefix: &'a str,
    /// The object type.
    pub moid: &'a str,
    /// The instance.
    pub miid: &'a str,
}

/// Where the data of a DM 1.x alert stands in the data of a DM 2.0 one.
const DM1_DATA: &str = "DM1x";
/// The same for its correlator: OUR DECISION, DM 2.0 has no field for it.
const CORRELATOR: &str = "Correlator";
