//! Generic alerts of DM 1.x and DM 2.0, turned into each other (§6.5).

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use crate::{
    Alert, ClientUri, ClientUriBuilder, Component, Error, ErrorKind, Json, JsonKind, Mark, SessionStart, Str, json,
};

/// A generic alert of DM 1.x (code 1226) as its SyncML elements say it, whoever decodes those.
///
/// ```
/// use dm_package::{Dm1Alert, PathMap};
/// let map = [PathMap { prefix: "./DCMO/cam", moid: "urn:oma:mo:oma-dcmo:1.0", miid: "cam" }];
/// let mut old = Dm1Alert::new("urn:oma:at:dcmo:1.0:OperationComplete");
/// old.source = Some("./DCMO/cam/Operations/Enable".into());
/// old.format = Some("int".into());
/// old.data = Some("1200".into());
/// let new = old.to_alert(&map)?;
/// assert_eq!(new.source_uri.as_deref(), Some("urn:oma:mo:oma-dcmo:1.0/cam/Operations/Enable"));
/// assert_eq!(new.data.as_ref().map(|data| data.raw()), Some(r#"{"DM1x":1200}"#));
/// assert_eq!(Dm1Alert::from_alert(&new, &map)?, old);
/// # Ok::<(), dm_package::Error>(())
/// ```
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
/// OUR DECISION (§6.5): `./SCOMO/X/…` with the object rooted at `./SCOMO/X` becomes `<moid>/<miid>/…`. A leading `./`
/// may be left out on either side; the longest prefix that covers a path counts; names are taken as they are written.
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

/// `Meta/Format` and `DataType`, side by side. The first row of a data type counts on the way back. `xml` and `int` are
/// known, the others OUR DECISION; a format that is not here keeps its name.
const FORMATS: [(&str, &str); 6] =
    [("xml", "text/xml"), ("int", "int"), ("chr", "text/plain"), ("bool", "bool"), ("b64", "b64"), ("bin", "b64")];
/// The format of data without one.
const DEFAULT_FORMAT: &str = "chr";

impl<'a> Dm1Alert<'a> {
    /// An alert with nothing but its type.
    #[must_use]
    pub fn new(type_: impl Into<Str<'a>>) -> Self {
        Self { type_: type_.into(), ..Self::default() }
    }

    /// The DM 2.0 alert that says the same. A Mark that DM 2.0 does not know becomes `indeterminate`.
    ///
    /// # Errors
    /// [`ErrorKind::PathUnmapped`] when no entry of the map covers the source or target; the `Uri` kinds when an entry
    /// makes no address.
    pub fn to_alert(&self, map: &[PathMap<'_>]) -> Result<Alert<'static>, Error> {
        let address =
            |path: &Option<Str<'a>>| path.as_ref().map(|path| to_client_uri(path, map).map(Str::from)).transpose();
        let format = self.format.as_deref().unwrap_or(DEFAULT_FORMAT);
        let data_type = FORMATS.iter().find(|(name, _)| *name == format).map_or(format, |(_, data_type)| data_type);
        let value = self.data.as_ref().map(|data| (DM1_DATA, to_json(format, data)));
        let correlator = self.correlator.as_ref().map(|text| (CORRELATOR, Json::string(text)));
        let mut members = String::new();
        for (name, value) in value.into_iter().chain(correlator) {
            let open = if members.is_empty() { "{\"" } else { ",\"" };
            members.extend([open, name, "\":", value.raw()]);
        }
        let data = (!members.is_empty()).then(|| {
            members.push('}');
            Json::trusted_owned(members)
        });
        Ok(Alert {
            alert_type: self.type_.clone().into_owned(),
            source_uri: address(&self.source)?,
            target_uri: address(&self.target)?,
            mark: self.mark.as_ref().map(|word| word.parse().unwrap_or(Mark::Indeterminate)),
            data_type: (self.format.is_some() || data.is_some()).then(|| data_type.to_owned().into()),
            data,
        })
    }

    /// The DM 1.x alert that says the same. Data that did not come from DM 1.x travels as its JSON text, format `chr`.
    ///
    /// # Errors
    /// [`ErrorKind::PathUnmapped`] when no entry of the map covers an address, or it is none of a single node; what
    /// [`ClientUri::parse`] says about one that is malformed.
    pub fn from_alert(alert: &Alert<'_>, map: &[PathMap<'_>]) -> Result<Dm1Alert<'static>, Error> {
        let path = |uri: &Option<Str<'_>>| uri.as_ref().map(|uri| to_path(uri, map).map(Str::from)).transpose();
        let owned = |text: &str| Str::from(text.to_owned());
        let format = alert.data_type.as_deref().map(|data_type| {
            FORMATS.iter().find(|(_, known)| *known == data_type).map_or(data_type, |(format, _)| format)
        });
        let value = alert.data.as_ref().and_then(|data| data.get(DM1_DATA).map(|value| to_text(&value)));
        let correlator = alert.data.as_ref().and_then(|data| data.get(CORRELATOR)?.text().map(Str::into_owned));
        let (format, data) = match (&alert.data, value) {
            // Data of another kind travels whole; a correlator by itself is no data.
            (Some(data), None) if correlator.is_none() || data.members().count() > 1 => {
                (Some(DEFAULT_FORMAT), Some(owned(data.raw())))
            }
            (_, value) => (format, value),
        };
        Ok(Dm1Alert {
            type_: alert.alert_type.clone().into_owned(),
            format: format.map(owned),
            mark: alert.mark.map(|mark| Str::borrowed(mark.as_str())),
            source: path(&alert.source_uri)?,
            target: path(&alert.target_uri)?,
            data,
            correlator,
        })
    }
}

impl SessionStart {
    /// The alert code of DM 1.x that says the same; a completed bootstrap has none.
    #[must_use]
    pub const fn dm1_code(self) -> Option<u16> {
        match self {
            Self::ServerInitiated => Some(1200),
            Self::ClientInitiated => Some(1201),
            Self::BootstrapComplete => None,
        }
    }

    /// What an alert code of DM 1.x says.
    #[must_use]
    pub const fn from_dm1_code(code: u16) -> Option<Self> {
        match code {
            1200 => Some(Self::ServerInitiated),
            1201 => Some(Self::ClientInitiated),
            _ => None,
        }
    }
}

/// An integer as a number and a boolean as one; everything else, and what is not what its format says, as text.
fn to_json(format: &str, data: &str) -> Json<'static> {
    match (format, data) {
        ("int", _) if json::is_number(data) && !data.contains(['.', 'e', 'E']) => Json::trusted_owned(data.to_owned()),
        ("bool", "true" | "false") => Json::trusted_owned(data.to_owned()),
        _ => Json::string(data),
    }
}

fn to_text(value: &Json<'_>) -> Str<'static> {
    match value.kind() {
        JsonKind::String => value.text().map(Str::into_owned).unwrap_or_default(),
        _ => Str::from(value.raw().to_owned()),
    }
}

fn without_dot(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path)
}

/// What of a path lies below a prefix: nothing, or names.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = without_dot(path).strip_prefix(without_dot(prefix))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn to_client_uri(path: &str, map: &[PathMap<'_>]) -> Result<String, Error> {
    let covering = map.iter().filter_map(|entry| Some((entry, below(path, entry.prefix)?)));
    let (entry, names) = covering.min_by_key(|(_, names)| names.len()).ok_or(Error::new(ErrorKind::PathUnmapped, 0))?;
    let mut builder = ClientUriBuilder::new(entry.moid).instance(entry.miid);
    if !names.is_empty() {
        for name in names.split('/') {
            builder = builder.node(name);
        }
    }
    builder.build()
}

fn to_path(uri: &str, map: &[PathMap<'_>]) -> Result<String, Error> {
    let uri = ClientUri::parse(uri)?;
    let unmapped = Error::new(ErrorKind::PathUnmapped, 0);
    let Component::Name(miid) = uri.instance() else { return Err(unmapped) };
    let entry = map.iter().find(|entry| entry.moid == uri.moid() && entry.miid == miid).ok_or(unmapped)?;
    let mut path = entry.prefix.strip_suffix('/').unwrap_or(entry.prefix).to_owned();
    for component in uri.path() {
        match component {
            Component::Name(name) if !name.contains('/') => path.extend(["/", &*name]),
            _ => return Err(unmapped),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: [PathMap<'static>; 3] = [
        PathMap { prefix: "./SCOMO", moid: "urn:oma:mo:oma-scomo:1.0", miid: "all" },
        PathMap { prefix: "./SCOMO/X", moid: "urn:oma:mo:oma-scomo:1.0", miid: "x" },
        PathMap { prefix: "FUMO/", moid: "urn:oma:mo:oma-fumo:1.0", miid: "1" },
    ];

    fn old(format: Option<&'static str>, data: &'static str) -> Dm1Alert<'static> {
        let mut alert = Dm1Alert::new("urn:oma:at:scomo:1.0:OperationComplete");
        alert.format = format.map(Str::borrowed);
        alert.data = Some(Str::borrowed(data));
        alert
    }

    #[test]
    fn formats_both_ways() {
        for (format, data, data_type, json) in [
            (Some("xml"), "<a/>", "text/xml", r#"{"DM1x":"<a/>"}"#),
            (Some("int"), "1200", "int", r#"{"DM1x":1200}"#),
            (Some("int"), "+5", "int", r#"{"DM1x":"+5"}"#),
            (Some("chr"), "a\"b", "text/plain", r#"{"DM1x":"a\"b"}"#),
            (Some("bool"), "true", "bool", r#"{"DM1x":true}"#),
            (Some("bool"), "yes", "bool", r#"{"DM1x":"yes"}"#),
            (Some("b64"), "AQI=", "b64", r#"{"DM1x":"AQI="}"#),
            (Some("date"), "20260101", "date", r#"{"DM1x":"20260101"}"#),
        ] {
            let alert = old(format, data).to_alert(&MAP).unwrap();
            assert_eq!(alert.data_type.as_deref(), Some(data_type));
            assert_eq!(alert.data.as_ref().unwrap().raw(), json);
            assert_eq!(Dm1Alert::from_alert(&alert, &MAP).unwrap(), old(format, data));
        }
        let bin = old(Some("bin"), "AQI=").to_alert(&MAP).unwrap();
        assert_eq!(bin.data_type.as_deref(), Some("b64"));
        let plain = old(None, "x").to_alert(&MAP).unwrap();
        assert_eq!(plain.data_type.as_deref(), Some("text/plain"));
    }

    #[test]
    fn paths_both_ways() {
        for (path, uri) in [
            ("./SCOMO/X/Download/a b", "urn:oma:mo:oma-scomo:1.0/x/Download/a%20b"),
            ("./SCOMO/X", "urn:oma:mo:oma-scomo:1.0/x/"),
            ("./SCOMO/XY", "urn:oma:mo:oma-scomo:1.0/all/XY"),
            ("FUMO/State", "urn:oma:mo:oma-fumo:1.0/1/State"),
        ] {
            assert_eq!(to_client_uri(path, &MAP).as_deref(), Ok(uri));
            assert_eq!(to_path(uri, &MAP).as_deref(), Ok(path));
        }
        assert_eq!(to_client_uri("./FUMO/State/", &MAP).as_deref(), Ok("urn:oma:mo:oma-fumo:1.0/1/State"));
        let unmapped = Err(Error::new(ErrorKind::PathUnmapped, 0));
        assert_eq!(to_client_uri("./DevInfo/Man", &MAP), unmapped);
        for uri in [
            "urn:x/1/",
            "urn:oma:mo:oma-fumo:1.0//State",
            "urn:oma:mo:oma-fumo:1.0/1/*",
            "urn:oma:mo:oma-fumo:1.0/1/a%2Fb",
        ] {
            assert_eq!(to_path(uri, &MAP), unmapped, "{uri}");
        }
    }

    #[test]
    fn everything_else() {
        let mut alert = old(None, "x");
        alert.data = None;
        assert_eq!(alert.to_alert(&MAP).unwrap(), Alert::new(alert.type_.clone()));
        alert.mark = Some("major".into());
        alert.correlator = Some("c-7".into());
        let new = alert.to_alert(&MAP).unwrap();
        assert_eq!(new.mark, Some(Mark::Indeterminate));
        assert_eq!(new.data.as_ref().unwrap().raw(), r#"{"Correlator":"c-7"}"#);
        assert_eq!(Dm1Alert::from_alert(&new, &MAP).unwrap().correlator, alert.correlator);
        let foreign = Alert::new("t").with_data("application/json", Json::parse(r#"{"sc":200}"#).unwrap());
        let back = Dm1Alert::from_alert(&foreign, &MAP).unwrap();
        assert_eq!((back.format.as_deref(), back.data.as_deref()), (Some("chr"), Some(r#"{"sc":200}"#)));
        for start in [SessionStart::ServerInitiated, SessionStart::ClientInitiated] {
            assert_eq!(start.dm1_code().and_then(SessionStart::from_dm1_code), Some(start));
        }
        assert_eq!(SessionStart::BootstrapComplete.dm1_code(), None);
        assert_eq!(SessionStart::from_dm1_code(1226), None);
    }
}
