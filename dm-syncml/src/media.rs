//! Media types of what DM sends (OMA-TS-DM_RepPro-V1_2 §5), and the value of a `Content-Type` header.

use core::fmt;

use alloc::string::String;

use crate::Str;

macro_rules! media {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $constant:ident: $essence:literal; )+) => {
        $(
            $(#[doc = $doc])+
            pub const $constant: &str = $essence;
        )+

        /// A media type: `type/subtype`, compared in any letter case and with any parameters.
        ///
        /// ```
        /// use dm_syncml::MediaType;
        /// let found = MediaType::of("Application/vnd.syncml.dm+XML; charset=utf-8");
        /// assert_eq!(found, MediaType::DmXml);
        /// assert_eq!(found.as_str(), "application/vnd.syncml.dm+xml");
        /// assert_eq!(MediaType::of("text/plain; x=y"), MediaType::Other("text/plain"));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum MediaType<'a> {
            $( $(#[doc = $doc])+ $variant, )+
            /// Any other, as it was written but for parameters and white space around it.
            Other(&'a str),
        }

        impl<'a> MediaType<'a> {
            /// The types known here, in the order of the standards.
            pub const ALL: &'static [MediaType<'static>] = &[$( MediaType::$variant ),+];

            /// What a `Content-Type` value, or a `Type` in Meta, says.
            #[must_use]
            pub fn of(text: &'a str) -> Self {
                match essence(text) {
                    $( essence if essence.eq_ignore_ascii_case($essence) => Self::$variant, )+
                    essence => Self::Other(essence),
                }
            }

            /// The type without parameters, as it is to be written.
            #[must_use]
            pub const fn as_str(&self) -> &'a str {
                match self {
                    $( Self::$variant => $essence, )+
                    Self::Other(essence) => essence,
                }
            }
        }
    };
}

media! {
    /// A DM message in XML.
    DmXml = DM_XML: "application/vnd.syncml.dm+xml";
    /// A DM message in WBXML, bootstrap messages included.
    DmWbxml = DM_WBXML: "application/vnd.syncml.dm+wbxml";
    /// A message of data synchronization in XML. Some DM peers use it by mistake: to be read, never to be written.
    DsXml = DS_XML: "application/vnd.syncml+xml";
    /// A message of data synchronization in WBXML. Some DM peers use it by mistake: to be read, never to be written.
    DsWbxml = DS_WBXML: "application/vnd.syncml+wbxml";
    /// A serialized part of the management tree in XML.
    TndsXml = TNDS_XML: "application/vnd.syncml.dmtnds+xml";
    /// A serialized part of the management tree in WBXML.
    TndsWbxml = TNDS_WBXML: "application/vnd.syncml.dmtnds+wbxml";
    /// A device description in XML.
    DdfXml = DDF_XML: "application/vnd.syncml.dmddf+xml";
    /// A device description in WBXML.
    DdfWbxml = DDF_WBXML: "application/vnd.syncml.dmddf+wbxml";
    /// Device information of data synchronization in XML.
    DevInfXml = DEVINF_XML: "application/vnd.syncml-devinf+xml";
    /// Device information of data synchronization in WBXML.
    DevInfWbxml = DEVINF_WBXML: "application/vnd.syncml-devinf+wbxml";
    /// The notification that starts a session (Package #0), which is not SyncML.
    Notification = NOTIFICATION: "application/vnd.syncml.notification";
}

impl MediaType<'_> {
    /// Whether it is the type of a message: of DM, or of data synchronization, which some peers confuse with it.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        matches!(self, Self::DmXml | Self::DmWbxml | Self::DsXml | Self::DsWbxml)
    }
}

impl fmt::Display for MediaType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a `Content-Type` header: a media type and its parameters.
///
/// DM types have the parameters `charset`, `verproto` and `verdtd`; unknown ones do no harm.
///
/// ```
/// use dm_syncml::{ContentType, MediaType};
/// let header = ContentType::parse("application/vnd.syncml.dm+xml; charset=\"UTF-8\";verproto=DM/1.2").unwrap();
/// assert!(header.is("APPLICATION/VND.SYNCML.DM+XML"));
/// assert_eq!(header.media_type(), MediaType::DmXml);
/// assert_eq!(header.charset().unwrap(), "UTF-8");
/// assert_eq!(header.verproto().unwrap(), "DM/1.2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType<'a> {
    essence: &'a str,
    params: &'a str,
}

impl<'a> ContentType<'a> {
    /// Reads a header value; `None` when there is no `type/subtype` in it.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let essence = essence(text);
        let (main, sub) = essence.split_once('/')?;
        let params = text.split_once(';').map_or("", |(_, params)| params);
        (is_token(main) && is_token(sub)).then_some(Self { essence, params })
    }

    /// The media type without parameters, as it is written.
    #[must_use]
    pub const fn essence(&self) -> &'a str {
        self.essence
    }

    /// Which media type it is.
    #[must_use]
    pub fn media_type(&self) -> MediaType<'a> {
        MediaType::of(self.essence)
    }

    /// Whether it is this type, in any letter case and with any parameters.
    #[must_use]
    pub fn is(&self, media_type: &str) -> bool {
        self.essence.eq_ignore_ascii_case(essence(media_type))
    }

    /// A parameter, by its name in any letter case; the first when it is repeated. Bootstrap messages have `SEC` and
    /// `MAC`.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Str<'a>> {
        split_quoted(self.params).find_map(|param| {
            let (found, value) = param.split_once('=')?;
            found.trim_matches(BLANK).eq_ignore_ascii_case(name).then(|| unquoted(value.trim_matches(BLANK)))
        })
    }

    /// `charset`: UTF-8 unless stated.
    #[must_use]
    pub fn charset(&self) -> Option<Str<'a>> {
        self.param("charset")
    }

    /// `verproto`: what `VerProto` says, such as `DM/1.2`.
    #[must_use]
    pub fn verproto(&self) -> Option<Str<'a>> {
        self.param("verproto")
    }

    /// `verdtd`: what `VerDTD` says, such as `1.2`.
    #[must_use]
    pub fn verdtd(&self) -> Option<Str<'a>> {
        self.param("verdtd")
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// What stands before the parameters.
fn essence(text: &str) -> &str {
    crate::text::trim(text.split_once(';').map_or(text, |(essence, _)| essence))
}

/// Splits at semicolons outside quoted strings.
fn split_quoted(params: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    params.split(move |character| {
        if core::mem::take(&mut escaped) {
            return false;
        }
        match character {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return character == ';' && !quoted,
        }
        false
    })
}

/// A value without its quotes and escapes.
fn unquoted(value: &str) -> Str<'_> {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let Some(inner) = inner else { return Str::borrowed(value) };
    if !inner.contains('\\') {
        return Str::borrowed(inner);
    }
    let mut escaped = false;
    let kept = |character: &char| {
        escaped = *character == '\\' && !escaped;
        !escaped
    };
    inner.chars().filter(kept).collect::<String>().into()
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types() {
        for known in MediaType::ALL {
            assert_eq!(MediaType::of(known.as_str()), *known);
            assert_eq!(MediaType::of(&known.as_str().to_uppercase()), *known);
            assert_eq!(ContentType::parse(known.as_str()).unwrap().media_type(), *known);
        }
        assert_eq!((DM_XML, DM_WBXML), (MediaType::DmXml.as_str(), MediaType::DmWbxml.as_str()));
        assert_eq!(MediaType::of("\n application/vnd.syncml.dmtnds+xml "), MediaType::TndsXml);
        assert_eq!(MediaType::of("application/vnd.syncml.dm+wbxml;SEC=USERPIN;MAC=89"), MediaType::DmWbxml);
        assert_eq!(MediaType::of(" a/b ;c"), MediaType::Other("a/b"));
        assert_eq!(MediaType::ALL.iter().filter(|known| known.is_message()).count(), 4);
    }

    #[test]
    fn headers() {
        let header = ContentType::parse(" a/b ; Charset = utf-8;x=\"y;z\\\"=\\\\\";CHARSET=other;;novalue").unwrap();
        assert_eq!(header.essence(), "a/b");
        assert!(header.is("A/B") && header.is("a/b;c=d") && !header.is("a/c") && !header.is(""));
        assert_eq!(header.charset().unwrap(), "utf-8");
        assert_eq!(header.param("X").unwrap(), "y;z\"=\\");
        assert_eq!((header.param("novalue"), header.verproto(), header.verdtd()), (None, None, None));
        for text in ["", ";", "a", "a/", "/b", "a/b/c", "a b/c", "a/b c", "ä/b"] {
            assert_eq!(ContentType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn odd_quotes() {
        let param = |text| ContentType::parse(text).unwrap().param("x");
        for (text, value) in [
            ("a/b;x=\"", Some("\"")),
            ("a/b;x=\"\"", Some("")),
            ("a/b;x=", Some("")),
            ("a/b;x=\"\\", Some("\"\\")),
            ("a/b;x=\"y", Some("\"y")),
            ("a/b;y=\"x=1;", None),
        ] {
            assert_eq!(param(text).as_deref(), value, "{text}");
        }
    }
}
