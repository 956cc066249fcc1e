//! Properties of the HTTP values under random and hostile input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use core::time::Duration;

use dm_session::http::{
    BasicCredentials, COOKIE, CookieJar, Headers, LOCATION, Method, RETRY_AFTER, Redirect, Request, Response,
    SET_COOKIE, SetCookie, Uri, WWW_AUTHENTICATE, challenges, cookies, redirect, retry_after,
};
use dm_session::{Secret, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// Text made of the pieces that the parsers look for, and of anything.
fn field() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "=", ";", ",", "\"", "\\", " ", "\t", ":", "/", ".", "..", "?", "#", "//", "@", "[", "]", "-", "%41",
            "n", "token", "Basic ", "Digest realm=", "http://", "https:", "example.com", "com", "127.0.0.1", "[::1]",
            "Domain=", "Path=/", "Max-Age=", "Expires=", "Secure", "06 Nov 1994 08:49:37", "31 Feb", "0", "99999999999",
            "\r\n", "\0", "ü", "QWxhZGRpbjpvcGVu", "==",
        ]).prop_map(String::from),
        1 => any::<String>(),
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

const HOSTS: [&str; 12] = [
    "example.com",
    "dm.example.com",
    "a.dm.example.com",
    "badexample.com",
    "example.org",
    "com",
    "localhost",
    "127.0.0.1",
    "0.0.1",
    "[::1]",
    "example.com.",
    "co.example.com",
];

fn uri() -> impl Strategy<Value = Uri> {
    let path = proptest::sample::select(vec!["", "/", "/dm", "/dm/", "/dm/x", "/dmx", "/a/b/c?q=/dm"]);
    (any::<bool>(), proptest::sample::select(HOSTS.to_vec()), path).prop_map(|(https, host, path)| {
        Uri::parse(&format!("{}://{host}{path}", if https { "https" } else { "http" })).unwrap()
    })
}

/// A `Set-Cookie` value and what it was made of: name, domain, path, secure.
fn set_cookie() -> impl Strategy<Value = (String, Option<&'static str>, Option<&'static str>, bool)> {
    let domain = proptest::option::of(proptest::sample::select(HOSTS.to_vec()));
    let path = proptest::option::of(proptest::sample::select(vec!["/", "/dm", "/dm/", "/dm/x", "dm"]));
    (domain, path, any::<bool>()).prop_map(|(domain, path, secure)| {
        let mut text = String::from("n=v");
        for part in [domain.map(|it| format!("; Domain={it}")), path.map(|it| format!("; Path={it}"))] {
            text.extend(part);
        }
        if secure {
            text.push_str("; Secure");
        }
        (text, domain, path, secure)
    })
}

fn cookie_octets(max: usize) -> impl Strategy<Value = String> {
    let octet = (0x21..=0x7e_u8).prop_filter("cookie-octet", |byte| !b"\",;\\".contains(byte)).prop_map(char::from);
    vec(octet, 0..max).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn random_fields_never_panic_and_never_add_a_line(
        texts in vec(field(), 0..4), from in uri(), to in uri(), now: u64, later: u64,
    ) {
        let (now, later) = (Timestamp::from_millis(now), Timestamp::from_millis(later));
        let names = [SET_COOKIE, COOKIE, WWW_AUTHENTICATE, RETRY_AFTER, LOCATION];
        let headers: Headers = texts.iter().flat_map(|text| names.map(|name| (name, text.as_str()))).collect();
        let mut jar = CookieJar::new();
        jar.store_all(now, &from, &headers);
        if let Some(value) = jar.header(later, &to) {
            prop_assert!(Headers::new().try_push(COOKIE, value).is_ok());
        }
        prop_assert!(challenges(&headers).len() <= 16);
        let _ = retry_after(now, &headers);
        let mut response = Response::new(308);
        response.headers = headers.clone();
        if let Redirect::Follow(target) = redirect(&from, &response, 0) {
            prop_assert!(target.is_https() || !from.is_https());
            prop_assert!(Request::new(Method::Post, target.as_str()).check().is_ok());
        }
        let mut request = Request::new(Method::Post, "/");
        request.headers = headers;
        prop_assert!(cookies(&request).all(|(name, _)| !name.is_empty()));
        for text in &texts {
            let _ = BasicCredentials::from_authorization(text);
            let _ = SetCookie::new(text.as_str(), text.as_str()).map(|cookie| cookie.header());
        }
    }

    /// What is parsed is in normal form, and every reference against it gives such a one again.
    #[test]
    fn a_uri_is_normal_and_joins_to_normal(base in uri(), text in field()) {
        for found in [Uri::parse(&text), base.join(&text), Uri::parse(&format!("https://h/{text}"))].into_iter().flatten() {
            prop_assert_eq!(&Uri::parse(found.as_str()).unwrap(), &found);
            prop_assert!(found.path().starts_with('/') && found.path_and_query().starts_with(found.path()));
            prop_assert!(!found.path().split('/').any(|segment| matches!(segment, "." | "..")));
            prop_assert!(found.as_str().starts_with(found.scheme()) && found.as_str().ends_with(found.path_and_query()));
            prop_assert_eq!(&found.join(found.as_str()).unwrap(), &found);
            prop_assert_eq!(&found.join("").unwrap(), &found);
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was_set(
        name in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", value in cookie_octets(100), other in cookie_octets(20),
        secure: bool, http_only: bool, age in proptest::option::of(1..100_000_u64),
    ) {
        let now = Timestamp::from_millis(1_000_000);
        let uri = Uri::parse("https://dm.example.com/dm").unwrap();
        let mut cookie = SetCookie::new(name.as_str(), value.as_str()).unwrap().with_path("/dm").unwrap();
        if secure { cookie = cookie.with_secure(); }
        if http_only { cookie = cookie.with_http_only(); }
        if let Some(age) = age { cookie = cookie.with_max_age(Duration::from_secs(age)); }
        let mut jar = CookieJar::new();
        jar.store(now, &uri, &SetCookie::new("first-one", other.as_str()).unwrap().header());
        jar.store(now, &uri, &cookie.header());
        let header = jar.header(now, &uri).unwrap();
        let request = Request::new(Method::Post, "/dm").with_header(COOKIE, header);
        prop_assert_eq!(request.check(), Ok(()));
        let found: Vec<_> = cookies(&request).collect();
        prop_assert_eq!(found, [(name.as_str(), value.as_str()), ("first-one", other.as_str())]);
    }

    #[test]
    fn a_jar_stays_bounded_and_in_the_order_of_creation(ops in vec((0..80_u8, 0..4_usize, proptest::bool::weighted(0.1)), 0..400)) {
        let now = Timestamp::from_millis(0);
        let uris = HOSTS.map(|host| Uri::parse(&format!("http://{host}/")).unwrap());
        let mut jar = CookieJar::new();
        // The model: oldest first, of one host at a time.
        let mut model: Vec<(usize, u8)> = Vec::new();
        for (name, host, remove) in ops {
            let age = if remove { 0 } else { 9 };
            jar.store(now, &uris[host], &format!("n{name}=v; Max-Age={age}"));
            let place = model.iter().position(|&have| have == (host, name));
            match (place, remove) {
                (Some(place), true) => drop(model.remove(place)),
                (None, false) => model.push((host, name)),
                _ => {}
            }
            if model.iter().filter(|have| have.0 == host).count() > 50 {
                let oldest = model.iter().position(|have| have.0 == host).unwrap();
                model.remove(oldest);
            }
            prop_assert_eq!(jar.len(), model.len());
        }
        for (host, uri) in uris.iter().enumerate().take(4) {
            let expected: Vec<_> =
                model.iter().filter(|have| have.0 == host).map(|(_, name)| format!("n{name}=v")).collect();
            prop_assert_eq!(jar.header(now, uri).unwrap_or_default(), expected.join("; "));
        }
        prop_assert!(jar.header(Timestamp::from_millis(9_000), &uris[0]).is_none());
    }

    #[test]
    fn credentials_come_back_and_only_they_verify(user in "[^:\\p{Cc}]{0,20}", password in "\\PC{0,20}", other in "\\PC{0,20}") {
        let own = BasicCredentials::new(user.as_str(), Secret::new(password.as_bytes())).unwrap();
        prop_assert!(own.verify(&own.authorization()));
        prop_assert_eq!(BasicCredentials::from_authorization(&own.authorization()), Some(own.clone()));
        let others = BasicCredentials::new(user, Secret::new(other.as_bytes())).unwrap();
        prop_assert_eq!(own.verify(&others.authorization()), password == other);
    }

    #[test]
    fn challenges_are_read_back(
        written in vec(("[A-Za-z][A-Za-z0-9-]{0,8}", vec(("[a-z]{1,8}", "\\PC{0,12}", any::<bool>()), 0..5)), 0..6),
        apart: bool,
    ) {
        let is_token = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let texts: Vec<String> = written.iter().map(|(scheme, params)| {
            let params: Vec<String> = params.iter().map(|(name, value, bare)| {
                if *bare && is_token(value) { return format!("{name}={value}"); }
                format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
            }).collect();
            format!("{scheme} {}", params.join(", "))
        }).collect();
        let fields = if apart { texts } else { vec![texts.join(", ")] };
        let headers: Headers = fields.into_iter().map(|field| (WWW_AUTHENTICATE, field)).collect();
        let found = challenges(&headers);
        prop_assert_eq!(found.len(), written.len());
        for (challenge, (scheme, params)) in found.iter().zip(&written) {
            prop_assert_eq!(challenge.scheme(), scheme);
            prop_assert!(challenge.params().eq(params.iter().map(|(name, value, _)| (name.as_str(), value.as_str()))));
        }
    }

    /// An IMF-fixdate made here is the moment it says.
    #[test]
    fn a_date_is_the_moment_it_says(seconds in 0..253_402_300_800_u64) {
        let (days, rest) = (i64::try_from(seconds / 86_400).unwrap(), seconds % 86_400);
        // Civil from days, by another way than the parser's: years and months counted off.
        let (mut year, mut left) = (1970, days);
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        while left >= 365 + i64::from(leap(year)) {
            left -= 365 + i64::from(leap(year));
            year += 1;
        }
        let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let mut month = 0;
        while left >= lengths[month] {
            left -= lengths[month];
            month += 1;
        }
        let text = format!(
            "Xxx, {:02} {} {year:04} {:02}:{:02}:{:02} GMT", left + 1, names[month], rest / 3600, rest / 60 % 60, rest % 60,
        );
        let headers: Headers = [(RETRY_AFTER, text)].into_iter().collect();
        prop_assert_eq!(retry_after(Timestamp::default(), &headers), Some(Duration::from_secs(seconds)));
    }
}

proptest! {
    // Three hosts, a domain and two paths have to meet by chance.
    #![proptest_config(ProptestConfig::with_cases(40_000))]

    /// Stated from the outside, apart from the jar's own matching.
    #[test]
    fn a_cookie_never_leaves_its_domain_nor_https(
        from in uri(), to in uri(), (text, domain, path, secure) in set_cookie(),
    ) {
        let now = Timestamp::from_millis(0);
        let mut jar = CookieJar::new();
        jar.store(now, &from, &text);
        if jar.header(now, &to).is_some() {
            prop_assert!(!secure || to.is_https(), "secure cookie over http");
            let labels = |host: &str| host.split('.').map(String::from).collect::<Vec<_>>();
            if to.host() != from.host() {
                let domain = labels(domain.expect("a cookie without Domain went to another host"));
                prop_assert!(domain.len() > 1);
                prop_assert!(labels(to.host()).ends_with(&domain) && labels(from.host()).ends_with(&domain));
                prop_assert!(!to.host().ends_with(|last: char| last.is_ascii_digit() || last == ']'));
            }
            if let Some(path) = path.filter(|path| path.starts_with('/')) {
                let inside = format!("{}/", path.trim_end_matches('/'));
                let target = format!("{}/", to.path());
                prop_assert!(target.starts_with(&inside));
            }
        }
    }
}
