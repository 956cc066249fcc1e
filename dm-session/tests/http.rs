//! The HTTP rules of DM 2.0: session token (X-SESS-01), redirects, waiting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use core::time::Duration;

use dm_session::http::{
    COOKIE, CookieJar, Headers, LOCATION, MAX_REDIRECTS, Method, Redirect, RedirectRefusal, Request, Response,
    SET_COOKIE, SetCookie, Uri, cookies, redirect,
};
use dm_session::{ErrorKind, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_600_000_000_000);
const ENDPOINT: &str = "https://dm.example.com/dm";

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

/// A jar after the answer to a request to the endpoint.
fn jar_after(set_cookies: &[&str]) -> CookieJar {
    let mut jar = CookieJar::new();
    let headers: Headers = set_cookies.iter().map(|&value| (SET_COOKIE, value)).collect();
    jar.store_all(NOW, &uri(ENDPOINT), &headers);
    jar
}

// The session token, client side.

#[test]
fn x_sess_01_client_row_1_a_jar_is_empty_at_the_start() {
    assert!(CookieJar::new().is_empty());
    assert_eq!(CookieJar::new().header(NOW, &uri(ENDPOINT)), None);
    let mut jar = jar_after(&["token=1"]);
    jar.clear();
    assert_eq!(jar.header(NOW, &uri(ENDPOINT)), None);
}

#[test]
fn x_sess_01_client_row_2_every_set_cookie_of_a_response_counts() {
    // A Package#2, a 401 and a 307 hop are all the same to the jar.
    for status in [200, 401, 307] {
        let response = Response::new(status)
            .with_header("set-cookie", "a=1; Path=/dm; Secure; HttpOnly")
            .with_header("Content-Type", "application/vnd.oma.dm.request+json")
            .with_header("SET-COOKIE", "b=2; SameSite=Strict; Priority=High")
            .with_header("Set-Cookie", "=bad")
            .with_header("Set-Cookie", "bad")
            .with_header("Set-Cookie", "c=3; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
            .with_header("Set-Cookie", "d=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
            .with_header("Set-Cookie", "e=5; Domain=example.org");
        let mut jar = CookieJar::new();
        jar.store_all(NOW, &uri(ENDPOINT), &response.headers);
        assert_eq!(jar.header(NOW, &uri(ENDPOINT)).unwrap(), "a=1; b=2; c=3", "{status}");
    }
}

#[test]
fn x_sess_01_client_row_3_what_matches_is_sent_in_order() {
    let jar = jar_after(&["a=1; Path=/", "b=2; Path=/dm/x", "c=3; Path=/", "d=4; Path=/dm", "s=5; Path=/; Secure"]);
    for (to, expected) in [
        (ENDPOINT, Some("d=4; a=1; c=3; s=5")),
        ("https://dm.example.com/dm/x?y", Some("b=2; d=4; a=1; c=3; s=5")),
        ("https://dm.example.com/dmx", Some("a=1; c=3; s=5")),
        ("http://dm.example.com/dm", Some("d=4; a=1; c=3")),
        // A cookie does not know a port (RFC 6265 §8.5).
        ("https://dm.example.com:8443/", Some("a=1; c=3; s=5")),
        ("https://example.com/dm", None),
    ] {
        assert_eq!(jar.header(NOW, &uri(to)).as_deref(), expected, "{to}");
    }
}

#[test]
fn x_sess_01_client_row_4_the_token_is_rotated_and_deleted() {
    let mut jar = jar_after(&["token=1; Path=/dm", "other=x; Path=/dm"]);
    let endpoint = uri(ENDPOINT);
    jar.store(NOW, &endpoint, "token=2; Path=/dm");
    assert_eq!(jar.header(NOW, &endpoint).unwrap(), "token=2; other=x");
    jar.store(NOW, &endpoint, "token=; Path=/dm; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(jar.header(NOW, &endpoint).unwrap(), "other=x");
    jar.store(NOW, &endpoint, "other=y; Path=/dm; Max-Age=60");
    assert!(jar.header(NOW.after(Duration::from_secs(59)), &endpoint).is_some());
    assert_eq!(jar.header(NOW.after(Duration::from_secs(60)), &endpoint), None);
}

#[test]
fn x_sess_01_client_row_5_no_other_host_sees_the_token() {
    let own = jar_after(&["token=1; Path=/"]);
    let shared = jar_after(&["token=1; Path=/; Domain=example.com"]);
    for (to, of_own, of_shared) in [
        ("https://dm.example.com/", true, true),
        ("https://dm2.example.com/", false, true),
        ("https://x.dm.example.com/", false, true),
        ("https://example.com/", false, true),
        ("https://badexample.com/", false, false),
        ("https://example.com.evil.example/", false, false),
        ("https://example.org/", false, false),
    ] {
        assert_eq!(own.header(NOW, &uri(to)).is_some(), of_own, "{to}");
        assert_eq!(shared.header(NOW, &uri(to)).is_some(), of_shared, "{to}");
    }
    assert!(jar_after(&["token=1; Domain=other.example.com", "token=1; Domain=com"]).is_empty());
}

#[test]
fn x_sess_01_client_row_6_a_repository_has_a_jar_of_its_own() {
    // The endpoint and a repository on the same host: two jars share nothing.
    let session = jar_after(&["token=1; Path=/"]);
    let mut repository = CookieJar::new();
    let file = uri("https://dm.example.com/files/1");
    assert_eq!(repository.header(NOW, &file), None);
    repository.store(NOW, &file, "r=1");
    assert_eq!(session.header(NOW, &file).unwrap(), "token=1");
    assert_eq!(repository.header(NOW, &file).unwrap(), "r=1");
}

#[test]
fn x_sess_01_client_row_7_no_cookie_is_legal() {
    assert_eq!(jar_after(&[]).header(NOW, &uri(ENDPOINT)), None);
}

#[test]
fn x_sess_01_client_row_8_capacity_and_no_values_in_logs() {
    let big = "v".repeat(4096 - "token".len() - "Path".len() - "/dm".len());
    let one = format!("token={big}; Path=/dm");
    assert_eq!(jar_after(&[&one]).header(NOW, &uri(ENDPOINT)).unwrap().len(), "token=".len() + big.len());
    let names: Vec<String> = (0..50).map(|n| format!("n{n}=hidden")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let jar = jar_after(&names);
    assert_eq!(jar.len(), 50);
    assert!(!format!("{jar:?}").contains("hidden"));
    let request = Request::new(Method::Post, ENDPOINT).with_header(COOKIE, jar.header(NOW, &uri(ENDPOINT)).unwrap());
    assert!(!format!("{request:?}").contains("hidden"));
}

// The session token, server side: the rows this module decides.

#[test]
fn x_sess_01_server_row_1_the_token_is_a_strict_cookie() {
    let token = "2a7f1d5e90b34c68a1c2d3e4f5061728";
    let cookie = SetCookie::new("token", token).unwrap().with_path("/dm").unwrap().with_secure().with_http_only();
    assert_eq!(cookie.header(), format!("token={token}; Path=/dm; Secure; HttpOnly"));
    for bad in ["a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nb", "ä"] {
        assert_eq!(SetCookie::new("token", bad).unwrap_err().kind(), ErrorKind::InvalidInput, "{bad:?}");
    }
}

#[test]
fn x_sess_01_server_row_2_the_token_is_found_in_the_request() {
    let request = Request::new(Method::Post, "/dm").with_header("cookie", "lang=en; token=2a7f");
    assert_eq!(cookies(&request).find(|&(name, _)| name == "token"), Some(("token", "2a7f")));
}

#[test]
fn x_sess_01_server_row_3_no_cookie_is_told_from_a_wrong_one() {
    let token = |request: &Request| cookies(request).any(|(name, _)| name == "token");
    assert!(!token(&Request::new(Method::Post, "/dm")));
    assert!(!token(&Request::new(Method::Post, "/dm").with_header(COOKIE, "token2=x; =token; token")));
    assert!(token(&Request::new(Method::Post, "/dm").with_header(COOKIE, "token=")));
}

#[test]
fn x_sess_01_server_row_5_a_zero_age_takes_the_token_away() {
    let cookie = || SetCookie::new("token", "1").unwrap().with_path("/dm").unwrap().with_secure();
    let mut jar = jar_after(&[&cookie().header()]);
    assert!(!jar.is_empty());
    jar.store(NOW, &uri(ENDPOINT), &cookie().with_max_age(Duration::ZERO).header());
    assert!(jar.is_empty());
}

// Redirects.

fn judge(status: u16, location: Option<&str>, hops_done: u8) -> Redirect {
    let mut response = Response::new(status);
    if let Some(location) = location {
        response.headers.push("location", location);
    }
    redirect(&uri("https://dm.example.com/a/dm?x"), &response, hops_done)
}

#[test]
fn redirect_follows_307_and_308_only() {
    let to = "https://dm2.example.com/dm";
    for status in 100..=599 {
        let expected = match status {
            307 | 308 => Redirect::Follow(uri(to)),
            _ => Redirect::Refuse(RedirectRefusal::Status),
        };
        assert_eq!(judge(status, Some(to), 0), expected, "{status}");
    }
}

#[test]
fn redirect_never_leaves_https() {
    for (location, expected) in [
        ("http://dm.example.com/dm", Redirect::Refuse(RedirectRefusal::Downgrade)),
        ("HTTP://dm.example.com:443/dm", Redirect::Refuse(RedirectRefusal::Downgrade)),
        ("https://other.example.com", Redirect::Follow(uri("https://other.example.com/"))),
        ("//other.example.com/x", Redirect::Follow(uri("https://other.example.com/x"))),
        ("dm2", Redirect::Follow(uri("https://dm.example.com/a/dm2"))),
        ("?y", Redirect::Follow(uri("https://dm.example.com/a/dm?y"))),
    ] {
        assert_eq!(judge(308, Some(location), 0), expected, "{location}");
    }
    let plain = uri("http://dm.example.com/dm");
    for (location, to) in
        [("https://dm.example.com/dm", "https://dm.example.com/dm"), ("/b", "http://dm.example.com/b")]
    {
        let response = Response::new(307).with_header(LOCATION, location);
        assert_eq!(redirect(&plain, &response, 0), Redirect::Follow(uri(to)), "{location}");
    }
}

#[test]
fn redirect_ends_after_five_hops() {
    assert_eq!(MAX_REDIRECTS, 5);
    for hops_done in 0..MAX_REDIRECTS {
        assert_eq!(judge(307, Some("/"), hops_done), Redirect::Follow(uri("https://dm.example.com/")));
    }
    for hops_done in [MAX_REDIRECTS, MAX_REDIRECTS + 1, u8::MAX] {
        assert_eq!(judge(307, Some("/"), hops_done), Redirect::Refuse(RedirectRefusal::TooManyHops));
    }
}

#[test]
fn redirect_needs_one_usable_location() {
    assert_eq!(judge(307, None, 0), Redirect::Refuse(RedirectRefusal::NoLocation));
    for bad in ["ftp://h/", "javascript:x", "//", "https://u:p@h/", "a b", "/\r\nX: y", "https://h:99999/"] {
        assert_eq!(judge(307, Some(bad), 0), Redirect::Refuse(RedirectRefusal::BadLocation), "{bad:?}");
    }
    let from = uri(ENDPOINT);
    let twice = Response::new(307).with_header(LOCATION, "/a").with_header(LOCATION, "/a");
    assert_eq!(redirect(&from, &twice, 0), Redirect::Follow(uri("https://dm.example.com/a")));
    let two = Response::new(307).with_header(LOCATION, "/a").with_header(LOCATION, "/b");
    assert_eq!(redirect(&from, &two, 0), Redirect::Refuse(RedirectRefusal::NoLocation));
}
