//! Addresses of nodes (OMA-TS-DM_TND-V1_2 §6 to §8). The decoders never split, decode or change an address; who needs
//! to look inside one does it with what stands here.

use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, iter};

use crate::{LocUri, Str};

/// How an address is read.
///
/// ```text
/// [ "./" ] segment *( "/" segment ) [ "?" query ]      or "." for the root
/// ```
impl LocUri<'_> {
    /// The address up to the first `?`, and what follows it.
    ///
    /// ```
    /// use dm_syncml::LocUri;
    /// assert_eq!(LocUri::from("./A?list=Struct").split_query(), ("./A", Some("list=Struct")));
    /// assert_eq!(LocUri::from("./A").split_query(), ("./A", None));
    /// ```
    #[must_use]
    pub fn split_query(&self) -> (&str, Option<&str>) {
        match self.as_str().split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.as_str(), None),
        }
    }

    /// What follows the first `?`, taken apart.
    #[must_use]
    pub fn query(&self) -> Option<Query<'_>> {
        self.split_query().1.map(Query::parse)
    }

    /// Whether two addresses name one node, queries aside.
    ///
    /// Segments are compared percent-decoded and in their letter case. `./A` and `A` are one, so are `./A/` and `./A`,
    /// and `./` and `.`; the empty address is no node but itself. A query that DM does not know counts as part of the
    /// address. Prefixes of scopes are not looked through: `./Device/A` is not `./A` here.
    ///
    /// ```
    /// use dm_syncml::LocUri;
    /// let asked = LocUri::from("./Provider/MS DM%20Server?prop=ACL");
    /// assert!(asked.same_node(&LocUri::from("Provider/MS%20DM%20Server")));
    /// assert!(!LocUri::from("./A%2FB").same_node(&LocUri::from("./A/B")));
    /// ```
    #[must_use]
    pub fn same_node(&self, other: &LocUri<'_>) -> bool {
        match (self.segments(), other.segments()) {
            (Some(left), Some(right)) => left.map(Segment).eq(right.map(Segment)),
            (left, right) => left.is_none() && right.is_none(),
        }
    }

    /// Which of the trees of Windows the address names: `./Device` or `./User`, in any letter case.
    ///
    /// ```
    /// use dm_syncml::{LocUri, Scope};
    /// assert_eq!(LocUri::from("./user/Vendor/MSFT").scope(), Scope::User);
    /// assert_eq!(LocUri::from("./Vendor/MSFT").scope(), Scope::Unstated);
    /// ```
    #[must_use]
    pub fn scope(&self) -> Scope {
        let first = |name: &str| {
            let mut segments = self.segments().into_iter().flatten();
            segments.next().is_some_and(|first| octets(first).map(|octet| octet.to_ascii_lowercase()).eq(name.bytes()))
        };
        if first("device") {
            Scope::Device
        } else if first("user") {
            Scope::User
        } else {
            Scope::Unstated
        }
    }

    /// The segments as they are written; none for the root, and `None` for the empty address.
    fn segments(&self) -> Option<impl Iterator<Item = &str>> {
        let path = match self.split_query() {
            (path, Some(query)) if !matches!(Query::parse(query), Query::Other(_)) => path,
            _ => self.as_str(),
        };
        if path.is_empty() {
            return None;
        }
        let path = if path == "." { "" } else { path.strip_prefix("./").unwrap_or(path) };
        let path = path.strip_suffix('/').unwrap_or(path);
        Some(path.split('/').skip(usize::from(path.is_empty())))
    }
}

/// A segment that is compared decoded.
struct Segment<'a>(&'a str);

impl PartialEq for Segment<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || octets(self.0).eq(octets(other.0))
    }
}

/// Whose settings an address means on Windows, which has a tree of the device and one of each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// `./Device/…`.
    Device,
    /// `./User/…`: the user who is logged on.
    User,
    /// Neither: the device as a rule.
    Unstated,
}

/// What an address asks of a node beside its value (OMA-TS-DM_TND-V1_2 §7.3 and §8).
///
/// Read in any letter case but for names of properties, written as the standard prints it. `+` is no space here.
///
/// ```
/// use dm_syncml::{Query, TndsProps};
/// assert_eq!(Query::parse("prop=ACL"), Query::Prop("ACL"));
/// let Query::Tnds(props) = Query::parse("list=TNDS+ACL+Value") else { unreachable!() };
/// assert!(matches!(props, TndsProps::Only(_)) && props.names().eq(["ACL", "Value"]));
/// assert_eq!(Query::Tnds(props).to_string(), "list=TNDS+ACL+Value");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Query<'a> {
    /// `prop=NAME`: one property, such as `ACL`, `Format`, `Name`, `Size`, `Title`, `TStamp`, `Type` or `VerNo`.
    Prop(&'a str),
    /// `list=Struct`: the addresses of all nodes below.
    Struct,
    /// `list=StructData`: all nodes below with their values.
    StructData,
    /// `list=TNDS`: all nodes below in one serialized object.
    Tnds(TndsProps<'a>),
    /// Anything else, an empty name and mixed signs included; the answer to it is status 406.
    Other(&'a str),
}

impl<'a> Query<'a> {
    /// Reads what follows the `?`.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let known = text.split_once('=').and_then(|(key, value)| {
            if key.eq_ignore_ascii_case("prop") {
                return is_name(value).then_some(Self::Prop(value));
            }
            if !key.eq_ignore_ascii_case("list") {
                return None;
            }
            if value.eq_ignore_ascii_case("Struct") {
                return Some(Self::Struct);
            }
            if value.eq_ignore_ascii_case("StructData") {
                return Some(Self::StructData);
            }
            let (tnds, props) = value.split_at_checked(4)?;
            if tnds.eq_ignore_ascii_case("TNDS") { TndsProps::parse(props).map(Self::Tnds) } else { None }
        });
        known.unwrap_or(Self::Other(text))
    }
}

impl fmt::Display for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prop(name) => write!(f, "prop={name}"),
            Self::Struct => f.write_str("list=Struct"),
            Self::StructData => f.write_str("list=StructData"),
            Self::Tnds(TndsProps::All) => f.write_str("list=TNDS"),
            Self::Tnds(TndsProps::Only(names)) => write!(f, "list=TNDS+{names}"),
            Self::Tnds(TndsProps::Except(names)) => write!(f, "list=TNDS-{names}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Which properties a serialized object is to have. The value counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TndsProps<'a> {
    /// All that there are.
    All,
    /// Only these, joined by `+`: `TNDS+ACL+Value`.
    Only(&'a str),
    /// All but these, joined by `-`: `TNDS-TStamp-VerNo`.
    Except(&'a str),
}

impl<'a> TndsProps<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (props, names) = match text.split_at_checked(1) {
            None => return Some(Self::All),
            Some(("+", names)) => (Self::Only(names), names),
            Some(("-", names)) => (Self::Except(names), names),
            Some(_) => return None,
        };
        // A name has no sign, so that one of the other kind ends up in a name.
        (!names.is_empty() && props.names().all(is_name)).then_some(props)
    }

    /// The names of properties, as they are written.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let (names, sign) = match self {
            Self::All => ("", '+'),
            Self::Only(names) => (names, '+'),
            Self::Except(names) => (names, '-'),
        };
        names.split(sign).skip(usize::from(names.is_empty()))
    }
}

/// Whether a text could be the name of a property.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The names in the value of an interior node: what a Get of it brings, joined by `/`, each percent-encoded.
///
/// White space around the list and empty names are dropped. A name whose escapes do not make UTF-8 is left as it is.
/// The order means nothing. A name is decoded: [`escape_segment`] makes a segment of an address from it.
///
/// ```
/// use dm_syncml::{child_names, escape_segment};
/// let names: Vec<_> = child_names("DevDetail/MS%20DM%20Server/SCTS").collect();
/// assert_eq!(names, ["DevDetail", "MS DM Server", "SCTS"]);
/// assert_eq!(escape_segment(&names[1]), "MS%20DM%20Server");
/// ```
pub fn child_names(list: &str) -> impl Iterator<Item = Str<'_>> {
    crate::text::trim(list).split('/').filter(|name| !name.is_empty()).map(|name| {
        if !name.contains('%') {
            return Str::borrowed(name);
        }
        String::from_utf8(octets(name).collect::<Vec<u8>>()).map_or(Str::borrowed(name), Str::from)
    })
}

/// The name of a node as a segment of an address: all that RFC 2396 does not allow in one becomes `%HH`, `/` and `?`
/// among it.
#[must_use]
pub fn escape_segment(name: &str) -> Str<'_> {
    if name.bytes().all(is_pchar) { Str::borrowed(name) } else { Str::from(escape(name, is_pchar)) }
}

fn is_pchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'():@&=+$,".contains(&byte)
}

/// The same text with `%HH` for each octet that is not ASCII or not plain.
pub(crate) fn escape(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default().to_ascii_uppercase();
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii() && plain(byte) {
            escaped.push(byte.into());
        } else {
            escaped.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    escaped
}

/// The octets of a text with `%HH` decoded. A `%` without two hexadecimal digits stands for itself.
pub(crate) fn octets(text: &str) -> impl Iterator<Item = u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut rest = text.as_bytes();
    iter::from_fn(move || {
        let (first, tail) = rest.split_first()?;
        if *first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            rest = after;
            return u8::try_from(high << 4 | low).ok();
        }
        rest = tail;
        Some(*first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    fn same(left: &str, right: &str) -> bool {
        let forth = LocUri::from(left).same_node(&LocUri::from(right));
        assert_eq!(forth, LocUri::from(right).same_node(&LocUri::from(left)), "{left} {right}");
        forth
    }

    #[test]
    fn same_nodes() {
        for (left, right) in [
            (".", "."),
            (".", "./"),
            (".", ".?list=Struct"),
            ("./A", "A"),
            ("./A/B", "A/B/"),
            ("./A/B?prop=ACL", "./A/B?list=StructData"),
            ("./A?LIST=tnds-ACL", "./%41"),
            ("./%e4", "./%E4"),
            ("./%C3%A4", "./ä"),
            ("./A b", "./A%20b"),
            ("./%7BGUID%7d", "./{GUID}"),
            ("./A%zz%4", "A%zz%4"),
            ("./A%25zz", "A%zz"),
            ("", ""),
            ("./A?x=1", "A?x=1"),
            ("http://a/b?c=d", "http://a/b?c=d"),
        ] {
            assert!(same(left, right), "{left} {right}");
        }
        for (left, right) in [
            ("", "."),
            ("", "?prop=ACL/"),
            (".", "A"),
            ("./A", "./a"),
            ("./A", "./A/B"),
            ("./A/B", "./A%2FB"),
            ("./A", "/A"),
            ("./A/B", "./A//B"),
            ("./A+B", "./A B"),
            ("./A", "./A?x=1"),
            ("./A?prop=", "./A"),
            ("./K=\"a?b\"/C", "./K=\"a?d\"/C"),
            ("./Device/A", "./A"),
            ("./%2E", "."),
            ("./A", "././A"),
        ] {
            assert!(!same(left, right), "{left} {right}");
        }
    }

    #[test]
    fn scopes() {
        for (uri, scope) in [
            ("./Device/Vendor", Scope::Device),
            ("./device", Scope::Device),
            ("DEVICE?list=Struct", Scope::Device),
            ("./%55ser/A", Scope::User),
            ("./User/", Scope::User),
            ("./Users/A", Scope::Unstated),
            ("./Vendor/User", Scope::Unstated),
            ("./Device%2FA", Scope::Unstated),
            ("/User", Scope::Unstated),
            (".", Scope::Unstated),
            ("", Scope::Unstated),
        ] {
            assert_eq!(LocUri::from(uri).scope(), scope, "{uri}");
        }
    }

    #[test]
    fn queries() {
        for (text, query) in [
            ("prop=ACL", Query::Prop("ACL")),
            ("prop=Unheard_of", Query::Prop("Unheard_of")),
            ("list=Struct", Query::Struct),
            ("list=StructData", Query::StructData),
            ("list=TNDS", Query::Tnds(TndsProps::All)),
            ("list=TNDS+ACL", Query::Tnds(TndsProps::Only("ACL"))),
            ("list=TNDS-TStamp-VerNo", Query::Tnds(TndsProps::Except("TStamp-VerNo"))),
        ] {
            assert_eq!(Query::parse(text), query);
            assert_eq!(query.to_string(), text);
            assert_eq!(LocUri::from(std::format!("./A?{text}")).query(), Some(query));
        }
        assert_eq!(Query::parse("PROP=acl"), Query::Prop("acl"));
        assert_eq!(Query::parse("LIST=structdata"), Query::StructData);
        for text in [
            "",
            "prop",
            "prop=",
            "prop=ACL?prop=Name",
            "prop=ACL&prop=Name",
            "x=1",
            "list=",
            "list=Structure",
            "list=TNDSACL",
            "list=TNDS+",
            "list=TNDS-ACL-",
            "list=TNDS+ACL-Type",
            "list=TNDS-ACL+Type",
            "list=TNDS++ACL",
            "list=TND",
            "list=TNDä",
        ] {
            assert_eq!(Query::parse(text), Query::Other(text));
            assert_eq!(Query::parse(text).to_string(), text);
        }
        assert_eq!(LocUri::from("./A").query(), None);
        assert_eq!(LocUri::from("./A?").split_query(), ("./A", Some("")));
        assert_eq!(TndsProps::All.names().count(), 0);
    }

    #[test]
    fn names_of_children() {
        for (list, names) in [
            ("", &[][..]),
            ("\n", &[]),
            ("/", &[]),
            ("A", &["A"]),
            ("A/B/", &["A", "B"]),
            ("\n A//B \n", &["A", "B"]),
            ("https:%2F%2Fa%2Fb/c", &["https://a/b", "c"]),
            ("%C3%A4/%FF/%4/a+b/100%", &["ä", "%FF", "%4", "a+b", "100%"]),
        ] {
            assert!(child_names(list).eq(names.iter().map(|name| Str::borrowed(name))), "{list}");
        }
        assert!(child_names("A b/c").all(|name| name.is_borrowed()));
        assert_eq!(escape_segment("a/b?ä{"), "a%2Fb%3F%C3%A4%7B");
        assert!(escape_segment("a@b:c").is_borrowed());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn escaped_names_come_back(names in prop::collection::vec("\\PC{1,8}", 0..6)) {
            let list = names.iter().map(|name| escape_segment(name).into_string()).collect::<Vec<_>>().join("/");
            prop_assert!(child_names(&list).map(Str::into_string).eq(names.iter().cloned()));
        }

        #[test]
        fn an_address_and_its_spellings(
            names in prop::collection::vec("[a-zA-Z0-9 ä{}%?/.+]{1,6}", 1..5), at: prop::sample::Index,
        ) {
            let joined = |names: &[String], escape: fn(&String) -> String| {
                names.iter().map(escape).collect::<Vec<_>>().join("/")
            };
            let usual = joined(&names, |name| escape_segment(name).replace('.', "%2E"));
            let most = joined(&names, |name| escape(name, |_| false));
            let least = joined(&names, |name| {
                [("%", "%25"), ("?", "%3f"), ("/", "%2f"), (".", "%2e")]
                    .iter()
                    .fold(name.clone(), |name, (plain, escaped)| name.replace(plain, escaped))
            });
            prop_assert!(same(&["./", &least].concat(), &most));
            prop_assert!(same(&["./", &most, "?prop=ACL"].concat(), &usual));
            // Another letter is another node.
            let mut other = names.clone();
            at.get_mut(&mut other).push('x');
            prop_assert!(!same(&joined(&other, |name| escape(name, |_| false)), &least));
        }

        #[test]
        fn any_text_is_an_address(left in "[./?%A=listpro]{0,12}", right in "\\PC{0,12}") {
            prop_assert!(same(&left, &left) && same(&right, &right));
            same(&left, &right);
            for text in [&left, &right] {
                let _ = LocUri::from(text).scope();
                let written = Query::parse(text).to_string();
                prop_assert_eq!(Query::parse(&written).to_string(), written);
                child_names(text).for_each(drop);
            }
        }
    }
}
