//! The client's cookie jar.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::date::parse_date;
use super::syntax::{BLANK, is_field_value};
use super::{Headers, SET_COOKIE, Uri};
use crate::Timestamp;

/// Most bytes of a cookie: its name, its value and its attributes, without the separators.
const MAX_COOKIE_LEN: usize = 4096;
/// Most bytes of a `Set-Cookie` value that is looked at.
const MAX_FIELD_LEN: usize = 8192;
/// Most cookies of one domain.
const MAX_PER_DOMAIN: usize = 50;
/// Most cookies in a jar.
const MAX_COOKIES: usize = 200;

/// The cookies of one session (RFC 6265 §5.2–5.4), in the order of their creation.
///
/// | Limit | Value | Beyond it |
/// | --- | --- | --- |
/// | bytes of name, value and attributes | 4096 | the cookie is ignored |
/// | cookies of one domain | 50 | the oldest of the domain goes |
/// | cookies in the jar | 200 | the oldest goes |
///
/// A bad cookie is ignored, never an error. There is no public suffix list: a `Domain` without an
/// inner dot (`com`) is refused, one such as `co.uk` is not known to be shared. `Debug` shows no
/// values. With the feature `serde` a jar can be stored, values included: it is as confidential as
/// the session it belongs to.
///
/// ```
/// use dm_session::Timestamp;
/// use dm_session::http::{CookieJar, Uri};
///
/// # fn main() -> Result<(), dm_session::Error> {
/// let (now, uri) = (Timestamp::from_millis(0), Uri::parse("https://dm.example.com/dm")?);
/// let mut jar = CookieJar::new();
/// jar.store(now, &uri, "token=31d4d96e407aad42; Path=/dm; Secure; HttpOnly");
/// assert_eq!(jar.header(now, &uri).as_deref(), Some("token=31d4d96e407aad42"));
/// assert_eq!(jar.header(now, &uri.join("//other.example.com/dm")?), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<Cookie>", into = "Vec<Cookie>"))]
pub struct CookieJar {
    /// Oldest first; name, domain and path are unique together.
    cookies: Vec<Cookie>,
}

#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Cookie {
    name: String,
    value: String,
    /// Lower case; the host itself when `host_only`.
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    http_only: bool,
    /// `None` for a cookie that lasts as long as the session.
    expires: Option<Timestamp>,
}

impl CookieJar {
    /// An empty jar, as at the start of a session.
    #[must_use]
    pub const fn new() -> Self {
        Self { cookies: Vec::new() }
    }

    /// How many cookies there are, expired ones included that no later `store` has removed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cookies.len()
    }

    /// Whether the jar is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Takes one `Set-Cookie` value that came in the answer to a request to `uri` (RFC 6265 §5.3).
    ///
    /// A cookie of the same name, domain and path is replaced and keeps its age; one that has
    /// expired deletes it. Removes what has expired at `now`.
    pub fn store(&mut self, now: Timestamp, uri: &Uri, set_cookie: &str) {
        self.cookies.retain(|cookie| cookie.is_alive(now));
        let Some(cookie) = read_set_cookie(now, uri, set_cookie) else {
            return;
        };
        let place = self.cookies.iter().position(|have| have.is_same(&cookie));
        match place.and_then(|place| self.cookies.get_mut(place)) {
            Some(have) => *have = cookie,
            None => self.cookies.push(cookie),
        }
        self.cookies.retain(|cookie| cookie.is_alive(now));
        self.evict();
    }

    /// Takes every `Set-Cookie` field of an answer to a request to `uri`, in order.
    pub fn store_all(&mut self, now: Timestamp, uri: &Uri, headers: &Headers) {
        for value in headers.all(SET_COOKIE) {
            self.store(now, uri, value);
        }
    }

    /// The `Cookie` value for a request to `uri`, if any cookie belongs to it (RFC 6265 §5.4):
    /// longer paths first, then older cookies first.
    #[must_use]
    pub fn header(&self, now: Timestamp, uri: &Uri) -> Option<String> {
        let mut matching: Vec<&Cookie> =
            self.cookies.iter().filter(|cookie| cookie.is_alive(now) && cookie.goes_to(uri)).collect();
        // Stable: equal paths stay in the order of creation.
        matching.sort_by_key(|cookie| core::cmp::Reverse(cookie.path.len()));
        let mut out = String::new();
        for cookie in &matching {
            if !out.is_empty() {
                out.push_str("; ");
            }
            out.push_str(&cookie.name);
            out.push('=');
            out.push_str(&cookie.value);
        }
        if matching.is_empty() { None } else { Some(out) }
    }

    /// Removes all cookies.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// At most one cookie was added, so at most one is too many.
    fn evict(&mut self) {
        let Some(newest) = self.cookies.last() else {
            return;
        };
        let of_domain = |cookie: &Cookie| cookie.domain == newest.domain;
        let crowded = self.cookies.iter().filter(|cookie| of_domain(cookie)).count() > MAX_PER_DOMAIN;
        let oldest = if crowded {
            self.cookies.iter().position(of_domain)
        } else if self.cookies.len() > MAX_COOKIES {
            Some(0)
        } else {
            None
        };
        if let Some(oldest) = oldest {
            self.cookies.remove(oldest);
        }
    }
}

impl Cookie {
    fn is_alive(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn goes_to(&self, uri: &Uri) -> bool {
        let host_fits = if self.host_only { uri.host() == self.domain } else { domain_match(uri.host(), &self.domain) };
        host_fits && path_match(uri.path(), &self.path) && (!self.secure || uri.is_https())
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("value", &format_args!("…"))
            .field("domain", &self.domain)
            .field("host_only", &self.host_only)
            .field("path", &self.path)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("expires", &self.expires)
            .finish()
    }
}

/// RFC 6265 §5.2 and the part of §5.3 that looks at one cookie alone.
fn read_set_cookie(now: Timestamp, uri: &Uri, text: &str) -> Option<Cookie> {
    // Control characters would leave the field they are sent back in.
    if text.len() > MAX_FIELD_LEN || !is_field_value(text) {
        return None;
    }
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim_matches(BLANK), value.trim_matches(BLANK));
    if name.is_empty() {
        return None;
    }
    let mut len = name.len().saturating_add(value.len());
    let (mut domain, mut path, mut secure, mut http_only) = ("", "", false, false);
    let (mut expires, mut max_age) = (None, None);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        let (attribute, value) = (attribute.trim_matches(BLANK), value.trim_matches(BLANK));
        len = len.saturating_add(attribute.len()).saturating_add(value.len());
        // The last attribute of a name counts; one with an unusable value does not (§5.2.1–5.2.6).
        if attribute.eq_ignore_ascii_case("expires") {
            expires = parse_date(value).or(expires);
        } else if attribute.eq_ignore_ascii_case("max-age") {
            max_age = read_max_age(now, value).or(max_age);
        } else if attribute.eq_ignore_ascii_case("domain") {
            if !value.is_empty() {
                domain = value.strip_prefix('.').unwrap_or(value);
            }
        } else if attribute.eq_ignore_ascii_case("path") {
            path = value;
        } else if attribute.eq_ignore_ascii_case("secure") {
            secure = true;
        } else if attribute.eq_ignore_ascii_case("httponly") {
            http_only = true;
        }
    }
    if len > MAX_COOKIE_LEN {
        return None;
    }
    let (domain, host_only) = scope(uri.host(), domain)?;
    let path = if path.starts_with('/') { path } else { default_path(uri.path()) };
    Some(Cookie {
        name: name.into(),
        value: value.into(),
        domain,
        host_only,
        path: path.into(),
        secure,
        http_only,
        expires: max_age.or(expires),
    })
}

/// The domain of a cookie and whether it is for the host alone (§5.3 steps 4–6).
fn scope(host: &str, domain: &str) -> Option<(String, bool)> {
    let domain = domain.to_ascii_lowercase();
    if domain.is_empty() || domain == host && !is_shareable(&domain) {
        return Some((host.into(), true));
    }
    (is_shareable(&domain) && domain_match(host, &domain)).then_some((domain, false))
}

/// Whether a cookie may be for a domain and all below it: a single label may not. Public suffixes
/// of several labels are not known here; below an address [`domain_match`] finds nothing.
fn is_shareable(domain: &str) -> bool {
    domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty())
}

/// Whether a host is an IP address, in any form a resolver may take for one: in brackets, or with a
/// last label that is a number.
fn is_address(host: &str) -> bool {
    let last = host.rsplit('.').find(|label| !label.is_empty()).unwrap_or_default();
    host.contains(':') || last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 6265 §5.1.3; both in lower case.
fn domain_match(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.')) && !is_address(host)
}

/// RFC 6265 §5.1.4: the path up to its last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(slash) if slash > 0 && path.starts_with('/') => path.get(..slash).unwrap_or("/"),
        _ => "/",
    }
}

/// RFC 6265 §5.1.4.
fn path_match(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// RFC 6265 §5.2.2: when a cookie of this `Max-Age` (in seconds) expires.
fn read_max_age(now: Timestamp, value: &str) -> Option<Timestamp> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if value.starts_with('-') {
        return Some(Timestamp::from_millis(0));
    }
    match digits.parse().unwrap_or(u64::MAX) {
        0 => Some(Timestamp::from_millis(0)),
        seconds => Some(now.after(Duration::from_secs(seconds))),
    }
}

#[cfg(feature = "serde")]
impl From<CookieJar> for Vec<Cookie> {
    fn from(jar: CookieJar) -> Self {
        jar.cookies
    }
}

/// What `store` would never have made is refused, so a stored jar cannot carry a header injection
/// or a cookie for a whole top-level domain.
#[cfg(feature = "serde")]
impl TryFrom<Vec<Cookie>> for CookieJar {
    type Error = crate::Error;

    fn try_from(cookies: Vec<Cookie>) -> Result<Self, Self::Error> {
        use crate::ErrorKind;
        let mut jar = Self::new();
        for cookie in cookies {
            let texts = [&cookie.name, &cookie.value, &cookie.domain, &cookie.path];
            let len = texts.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
            if len > MAX_COOKIE_LEN.saturating_add(MAX_FIELD_LEN) || jar.cookies.len() >= MAX_COOKIES {
                return Err(ErrorKind::LimitExceeded.into());
            }
            let sound = texts.iter().all(|text| is_field_value(text) && !text.contains(';'))
                && texts.iter().all(|text| text.trim_matches(BLANK).len() == text.len())
                && !cookie.name.is_empty()
                && !cookie.name.contains('=')
                && !cookie.domain.bytes().any(|byte| byte.is_ascii_uppercase())
                && (cookie.host_only || is_shareable(&cookie.domain))
                && cookie.path.starts_with('/')
                && !jar.cookies.iter().any(|have| have.is_same(&cookie));
            let of_domain = jar.cookies.iter().filter(|have| have.domain == cookie.domain).count();
            if !sound || of_domain >= MAX_PER_DOMAIN {
                return Err(ErrorKind::InvalidSnapshot.into());
            }
            jar.cookies.push(cookie);
        }
        Ok(jar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NOW: Timestamp = Timestamp::from_millis(1_600_000_000_000);

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap()
    }

    /// What a jar sends to `to` after `from` set these.
    fn sent(from: &str, set: &[&str], to: &str) -> Option<String> {
        let mut jar = CookieJar::new();
        for text in set {
            jar.store(NOW, &uri(from), text);
        }
        jar.header(NOW, &uri(to))
    }

    #[test]
    fn domain_match_table() {
        for (host, domain, matches) in [
            ("example.com", "example.com", true),
            ("www.example.com", "example.com", true),
            ("a.b.example.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("example.com", "www.example.com", false),
            ("example.org", "example.com", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("1.127.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "0.0.1", false),
            ("[::1]", "[::1]", true),
        ] {
            assert_eq!(domain_match(host, domain), matches, "{host} {domain}");
        }
    }

    #[test]
    fn path_match_table() {
        for (path, cookie_path, matches) in [
            ("/", "/", true),
            ("/a", "/", true),
            ("/a", "/a", true),
            ("/a/", "/a", true),
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/a", "/a/", false),
            ("/ab", "/a", false),
            ("/b", "/a", false),
            ("/", "/a", false),
            ("/A", "/a", false),
        ] {
            assert_eq!(path_match(path, cookie_path), matches, "{path} {cookie_path}");
        }
    }

    #[test]
    fn default_path_table() {
        for (path, default) in
            [("", "/"), ("x", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/", "/a/b")]
        {
            assert_eq!(default_path(path), default, "{path}");
        }
    }

    #[test]
    fn addresses() {
        for host in ["127.0.0.1", "[::1]", "[2001:db8::1]", "127.1", "0x7f.1", "2130706433", "a.0x7f", "1.2.3.4."] {
            assert!(is_address(host), "{host}");
        }
        for host in ["example.com", "1.example", "localhost", "a1", "4chan.org", "xn--p1ai"] {
            assert!(!is_address(host), "{host}");
        }
    }

    /// RFC 6265 §3.1.
    #[test]
    fn the_examples_of_the_rfc() {
        let mut jar = CookieJar::new();
        let site = uri("https://www.example.com/");
        jar.store(NOW, &site, "SID=31d4d96e407aad42");
        assert_eq!(jar.header(NOW, &site).unwrap(), "SID=31d4d96e407aad42");
        assert_eq!(jar.header(NOW, &uri("https://example.com/")), None);

        jar.store(NOW, &site, "SID=31d4d96e407aad42; Path=/; Domain=example.com");
        assert_eq!(jar.header(NOW, &uri("https://example.com/")).unwrap(), "SID=31d4d96e407aad42");

        let mut jar = CookieJar::new();
        jar.store(NOW, &site, "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly");
        jar.store(NOW, &site, "lang=en-US; Path=/; Domain=example.com");
        assert_eq!(jar.header(NOW, &site).unwrap(), "SID=31d4d96e407aad42; lang=en-US");

        jar.store(NOW, &site, "lang=en-US; Expires=Wed, 09 Jun 2021 10:18:14 GMT");
        assert_eq!(jar.len(), 3, "a host-only cookie is another than one of the domain");

        jar.store(NOW, &site, "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(jar.header(NOW, &site).unwrap(), "SID=31d4d96e407aad42; lang=en-US");
    }

    #[test]
    fn domain_attribute() {
        let from = "http://a.b.example.com/";
        for (attribute, to, arrives) in [
            ("Domain=example.com", "http://example.com/", true),
            ("Domain=.example.com", "http://x.example.com/", true),
            ("DOMAIN = EXAMPLE.com ", "http://x.example.com/", true),
            ("Domain=example.com; Domain=b.example.com", "http://example.com/", false),
            ("Domain=example.com; Domain=", "http://example.com/", true),
            ("Domain=", "http://a.b.example.com/", true),
            ("Domain=", "http://b.example.com/", false),
            ("Domain=a.b.example.com", "http://x.a.b.example.com/", true),
            ("Domain=c.a.b.example.com", "http://a.b.example.com/", false),
            ("Domain=ample.com", "http://a.b.example.com/", false),
            ("Domain=com", "http://a.b.example.com/", false),
            ("Domain=.com", "http://a.b.example.com/", false),
            ("Domain=com.", "http://a.b.example.com/", false),
            ("Domain=..example.com", "http://a.b.example.com/", false),
            ("Domain=example.com.", "http://a.b.example.com/", false),
            ("Domain=.", "http://a.b.example.com/", true),
            ("Domain=example.org", "http://a.b.example.com/", false),
        ] {
            assert_eq!(sent(from, &[&format!("n=v; {attribute}")], to).is_some(), arrives, "{attribute} {to}");
        }
        // A single label and an address are for themselves alone.
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let own = format!("http://{host}:8080/");
            assert!(sent(&own, &[&format!("n=v; Domain={host}")], &own).is_some(), "{host}");
        }
        assert_eq!(sent("http://localhost/", &["n=v; Domain=localhost"], "http://a.localhost/"), None);
        assert_eq!(sent("http://1.2.3.4/", &["n=v; Domain=3.4"], "http://1.2.3.4/"), None);
    }

    #[test]
    fn a_bad_cookie_is_ignored() {
        for bad in ["", ";", "novalue", "=v", " = v", "; a=b", "a\0=b", "a=b\r\nX: y", "a=b; Path=/\n", "a=\x7f"] {
            assert_eq!(sent("http://h.example/", &[bad], "http://h.example/"), None, "{bad:?}");
        }
        for (odd, expected) in [
            ("a=", "a="),
            ("a=b=c", "a=b=c"),
            ("  a\t= b c  ;x", "a=b c"),
            ("a=\"q\"", "a=\"q\""),
            ("a=b;;; ;Unknown=1;Secure2", "a=b"),
            ("a=ü", "a=ü"),
            ("a\t=b", "a=b"),
        ] {
            assert_eq!(sent("http://h.example/", &[odd], "http://h.example/").as_deref(), Some(expected), "{odd:?}");
        }
    }

    #[test]
    fn ages() {
        let alive = |attributes: &str, later: u64| {
            let mut jar = CookieJar::new();
            jar.store(NOW, &uri("http://h.example/"), &format!("n=v; {attributes}"));
            jar.header(NOW.after(Duration::from_secs(later)), &uri("http://h.example/")).is_some()
        };
        assert!(alive("Max-Age=10", 9) && !alive("Max-Age=10", 10));
        assert!(!alive("Max-Age=0", 0) && !alive("Max-Age=-1", 0) && !alive("max-age=-99999999999999999999", 0));
        assert!(alive("Max-Age=99999999999999999999999", u64::MAX / 2_000));
        for ignored in ["Max-Age=", "Max-Age=-", "Max-Age=+1", "Max-Age=1x", "Max-Age=x", "Expires=never", "Expires"] {
            assert!(alive(ignored, 1_000_000_000), "{ignored}");
        }
        let past = "Expires=Sun, 06 Nov 1994 08:49:37 GMT";
        assert!(!alive(past, 0));
        assert!(alive(&format!("Max-Age=10; {past}"), 9), "Max-Age wins over Expires");
        assert!(alive(&format!("{past}; Max-Age=10"), 9));
        assert!(!alive("Max-Age=10; Max-Age=5", 6), "the last one counts");
        assert!(
            alive("Expires=Sun, 13 Sep 2020 12:26:41 GMT", 0) && !alive("Expires=Sun, 13 Sep 2020 12:26:41 GMT", 1)
        );
    }

    #[test]
    fn replacing_keeps_the_age_and_expiry_deletes() {
        let from = uri("http://h.example/");
        let mut jar = CookieJar::new();
        for text in ["a=1", "b=1", "a=2", "c=1; Path=/x", "B=1"] {
            jar.store(NOW, &from, text);
        }
        assert_eq!(jar.header(NOW, &from).unwrap(), "a=2; b=1; B=1");
        assert_eq!(jar.header(NOW, &uri("http://h.example/x/y")).unwrap(), "c=1; a=2; b=1; B=1");
        jar.store(NOW, &from, "a=; Max-Age=0");
        jar.store(NOW, &from, "absent=; Max-Age=0");
        jar.store(NOW, &from, "a=3");
        assert_eq!(jar.header(NOW, &from).unwrap(), "b=1; B=1; a=3", "a deleted one is new again");
        jar.clear();
        assert!(jar.is_empty());
    }

    #[test]
    fn limits_and_one_beyond() {
        let from = uri("http://h.example/");
        let value = "v".repeat(MAX_COOKIE_LEN - 1);
        assert!(sent("http://h.example/", &[&format!("n={value}")], "http://h.example/").is_some());
        assert!(sent("http://h.example/", &[&format!("nn={value}")], "http://h.example/").is_none());
        assert!(sent("http://h.example/", &[&format!("n={value};x")], "http://h.example/").is_none());
        let blanks = " ".repeat(MAX_FIELD_LEN - 3);
        assert!(sent("http://h.example/", &[&format!("n=v{blanks}")], "http://h.example/").is_some());
        assert!(sent("http://h.example/", &[&format!("n=v {blanks}")], "http://h.example/").is_none());

        let mut jar = CookieJar::new();
        jar.store(NOW, &uri("http://other.example/"), "old=1");
        for n in 0..=MAX_PER_DOMAIN {
            jar.store(NOW, &from, &format!("n{n}=v"));
        }
        assert_eq!(jar.len(), MAX_PER_DOMAIN + 1);
        assert!(jar.header(NOW, &from).unwrap().starts_with("n1=v; n2=v"), "the oldest of the domain went");
        assert_eq!(jar.header(NOW, &uri("http://other.example/")).unwrap(), "old=1");
        jar.store(NOW, &from, "n7=w");
        assert_eq!(jar.len(), MAX_PER_DOMAIN + 1, "replacing needs no room");

        let mut jar = CookieJar::new();
        for n in 0..=MAX_COOKIES {
            jar.store(NOW, &uri(&format!("http://h{n}.example/")), "n=v");
        }
        assert_eq!(jar.len(), MAX_COOKIES);
        assert_eq!(jar.header(NOW, &uri("http://h0.example/")), None);
        assert!(jar.header(NOW, &uri("http://h1.example/")).is_some());
        // Room is made by what has expired before anything living goes.
        jar.store(NOW, &uri("http://h1.example/"), "n=v; Max-Age=1");
        jar.store(NOW.after(Duration::from_secs(2)), &uri("http://new.example/"), "n=v");
        assert!(jar.header(NOW, &uri("http://h2.example/")).is_some());
    }

    #[test]
    fn debug_shows_no_values() {
        let mut jar = CookieJar::new();
        jar.store(NOW, &uri("http://h.example/"), "name=hidden");
        let text = format!("{jar:?}");
        assert!(text.contains("name") && !text.contains("hidden"), "{text}");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_stored_jar_is_checked() {
        let mut jar = CookieJar::new();
        jar.store(NOW, &uri("https://h.example/p/q"), "a=1; Secure");
        jar.store(NOW, &uri("https://h.example/p/q"), "b=2; Domain=h.example; Max-Age=9");
        let json = serde_json::to_string(&jar).unwrap();
        assert_eq!(serde_json::from_str::<CookieJar>(&json).unwrap(), jar);
        for (from, to) in [
            ("\"a\"", "\"a\\r\\nX\""),
            ("\"a\"", "\"a=\""),
            ("\"a\"", "\"\""),
            ("\"1\"", "\"1; b=2\""),
            ("\"1\"", "\"1\\n\""),
            ("\"1\"", "\" 1\""),
            ("\"domain\":\"h.example\",\"host_only\":false", "\"domain\":\"example\",\"host_only\":false"),
            ("\"h.example\"", "\"H.example\""),
            ("\"/p\"", "\"p\""),
            ("\"secure\"", "\"secured\""),
            ("\"b\"", "\"a\""),
        ] {
            let hostile = json.replacen(from, to, 1);
            assert_ne!(hostile, json, "{from}");
            assert!(serde_json::from_str::<CookieJar>(&hostile).is_err(), "{hostile}");
        }
        let one = json.trim_matches(['[', ']']).split("},{").next().unwrap();
        let many = |count: usize, domains: usize| {
            let all: Vec<String> = (0..count)
                .map(|n| {
                    let other = one.replace("h.example", &format!("h{}.example", n % domains));
                    format!("{}}}", other.replace("\"a\"", &format!("\"a{n}\"")))
                })
                .collect();
            serde_json::from_str::<CookieJar>(&format!("[{}]", all.join(",")))
        };
        assert_eq!(many(MAX_PER_DOMAIN, 1).unwrap().len(), MAX_PER_DOMAIN);
        assert!(many(MAX_PER_DOMAIN + 1, 1).is_err());
        assert_eq!(many(MAX_COOKIES, 8).unwrap().len(), MAX_COOKIES);
        assert!(many(MAX_COOKIES + 1, 8).is_err());
    }
}
