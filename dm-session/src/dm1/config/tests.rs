//! What configurations can be, and where a server may lead.

use super::*;
use crate::Secret;
use crate::tree::dm1::{AccountAddr, AccountAuth};
use alloc::format;
use alloc::vec;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

#[test]
fn resp_uri_goes_where_the_policy_says() {
    let here = uri("https://dm.example/dm");
    let allows = |policy: &RespUriPolicy, to: &str| policy.allows(&here, &uri(to));
    let same = RespUriPolicy::SameOrigin;
    assert!(allows(&same, "https://dm.example/other?sid=1"));
    assert!(allows(&same, "https://DM.example:443/dm"));
    for elsewhere in ["https://dm.example:8443/dm", "https://evil.example/dm", "https://dm.example.evil.example/"] {
        assert!(!allows(&same, elsewhere), "{elsewhere}");
    }
    let origins = RespUriPolicy::Origins(vec!["https://two.example/any/path".into(), "no uri".into()]);
    assert!(allows(&origins, "https://two.example/dm") && allows(&origins, "https://dm.example/x"));
    assert!(!allows(&origins, "https://three.example/dm"));
    let ask = RespUriPolicy::Ask(|from, to| from.host() == "dm.example" && to.host() == "four.example");
    assert!(allows(&ask, "https://four.example/") && !allows(&ask, "https://dm.example/"));
    // Never from HTTPS to HTTP, whoever says so.
    let anywhere = RespUriPolicy::Ask(|_, _| true);
    for policy in [&same, &origins, &anywhere] {
        assert!(!allows(policy, "http://dm.example/dm"));
    }
    assert!(anywhere.allows(&uri("http://dm.example/"), &uri("http://other.example/")));
}

#[test]
fn clients_need_names_and_an_address_they_may_use() {
    let good = ClientConfig::new("IMEI:1", "dm.example", "https://dm.example/dm");
    assert!(good.check().is_ok());
    let plain = ClientConfig::new("IMEI:1", "dm.example", "http://dm.example/dm");
    assert!(plain.check().is_err(), "plain HTTP is off by default");
    assert!(plain.with_allow_http(true).check().is_ok());
    for (device, server, uri) in [
        ("", "dm.example", "https://dm.example/"),
        ("IMEI:1", "", "https://dm.example/"),
        ("IMEI:1", "dm.example", ""),
        ("IMEI:1", "dm.example", "/dm"),
    ] {
        assert_eq!(ClientConfig::new(device, server, uri).check().unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
    let colon = Credentials::new("a:b", &Secret::new("c"));
    let unusable = good.with_identity(Identity::new(colon).with_first(Scheme::Basic));
    assert!(unusable.check().is_err(), "a name with a colon cannot go by Basic");
}

#[test]
fn servers_need_names_and_uris() {
    let good = ServerConfig::new("dm.example", "https://dm.example/dm");
    assert!(good.check().is_ok());
    assert!(good.clone().with_resp_uri("https://dm.example/dm?sid=1").check().is_ok());
    assert!(good.clone().with_resp_uri("?sid=1").check().is_err());
    assert!(good.clone().with_resend(Duration::ZERO, 0).check().is_err());
    assert!(ServerConfig::new("", "https://dm.example/dm").check().is_err());
    assert!(ServerConfig::new("dm.example", "dm").check().is_err());
    assert_eq!(good.object_limit(), 4 << 20);
    assert_eq!(good.clone().with_max_obj_size(Some(1000)).object_limit(), 1000);
    assert_eq!(good.with_max_msg_size(Some(5000)).announced_msg_size(), Some(5000));
}

fn auth(level: AuthLevel, auth_type: &str) -> AccountAuth {
    AccountAuth::new(level, auth_type).with_name("name").with_secret("secret").with_data(*b"nonce")
}

fn account(auth: impl IntoIterator<Item = AccountAuth>) -> Account {
    Account {
        server_id: "dm.example".into(),
        addresses: vec![AccountAddr::new("https://dm.example/dm?x=1")],
        auth: auth.into_iter().collect(),
        ..Account::default()
    }
}

#[test]
fn accounts_say_how_both_sides_prove_themselves() {
    for (word, scheme) in [("BASIC", Scheme::Basic), ("DIGEST", Scheme::Md5), ("HMAC", Scheme::Mac)] {
        let mut account = account([auth(AuthLevel::Client, word), auth(AuthLevel::Server, word)]);
        let config = ClientConfig::from_account("IMEI:1", &account).unwrap();
        assert_eq!(
            (config.server_id.as_str(), config.server_uri.as_str()),
            ("dm.example", "https://dm.example/dm?x=1")
        );
        assert_eq!(config.identity.first, None, "waits for a challenge");
        assert_eq!(config.identity.weakest, scheme.min(Scheme::Md5), "Basic only where the account has it");
        let credentials = config.identity.credentials.as_ref().unwrap();
        assert_eq!((credentials.name.as_str(), credentials.nonce.as_bytes()), ("name", &b"nonce"[..]));
        assert!(
            matches!(&config.demand, Demand::Credentials { scheme: demanded, credentials: Some(_), per_message: false } if *demanded == scheme)
        );
        assert!(config.check().is_ok());
        account.auth_pref = Some(word.into());
        assert_eq!(ClientConfig::from_account("IMEI:1", &account).unwrap().identity.first, Some(scheme));
    }
}

#[test]
fn accounts_without_credentials_leave_it_to_the_transport() {
    for auths in [vec![], vec![auth(AuthLevel::Client, "X509"), auth(AuthLevel::Server, "TRANSPORT")]] {
        let config = ClientConfig::from_account("IMEI:1", &account(auths)).unwrap();
        assert!(config.identity.credentials.is_none() && matches!(config.demand, Demand::Transport));
        assert!(config.basic.is_none());
    }
    let config = ClientConfig::from_account("IMEI:1", &account([auth(AuthLevel::Http, "HTTP-BASIC")])).unwrap();
    assert!(config.basic.is_some() && !format!("{config:?}").contains("secret\""));
}

#[test]
fn accounts_have_a_port_beside_the_address() {
    for (addr, ports, wanted) in [
        ("https://dm.example/dm", &[][..], "https://dm.example/dm"),
        ("https://dm.example/dm?x=1", &[8443, 1], "https://dm.example:8443/dm?x=1"),
        ("https://dm.example/dm", &[443], "https://dm.example/dm"),
        ("http://[2001:db8::1]", &[8080], "http://[2001:db8::1]:8080/"),
        ("192.0.2.1", &[80], "192.0.2.1"),
    ] {
        let mut account = account([]);
        account.addresses = vec![ports.iter().fold(AccountAddr::new(addr), |it, port| it.with_port(*port))];
        assert_eq!(ClientConfig::from_account("IMEI:1", &account).unwrap().server_uri, wanted);
    }
}

#[test]
fn accounts_that_say_too_little_are_refused() {
    let refused = |account: &Account| {
        assert_eq!(ClientConfig::from_account("IMEI:1", account).unwrap_err().kind(), ErrorKind::InvalidConfig);
    };
    let mut homeless = account([]);
    homeless.addresses = vec![];
    refused(&homeless);
    for (level, word) in [(AuthLevel::Client, "DIGEST"), (AuthLevel::Server, "HMAC"), (AuthLevel::Http, "HTTP-BASIC")] {
        let whole = auth(level, word);
        refused(&account([AccountAuth { name: None, ..whole.clone() }]));
        refused(&account([AccountAuth { secret: None, ..whole }]));
    }
    refused(&account([auth(AuthLevel::Client, "DIGEST").with_data([0; 65])]));
}

#[test]
fn nothing_secret_is_shown() {
    let config = ClientConfig::from_account("IMEI:1", &account([auth(AuthLevel::Client, "DIGEST")])).unwrap();
    let server = ServerConfig::new("dm.example", "https://dm.example/").with_demand(config.demand.clone());
    let shown = format!("{config:?} {server:?}");
    assert!(!shown.contains("\"secret\"") && !shown.contains("[115, 101, 99") && !shown.contains("nonce\""), "{shown}");
}

#[test]
fn limits_have_setters() {
    let limits = Limits::tiny().with_max_messages(7).with_idle_timeout(Duration::from_secs(1)).with_max_resends(0);
    assert_eq!((limits.max_messages, limits.idle_timeout, limits.max_resends), (7, Duration::from_secs(1), 0));
    assert!(limits.message.max_message_len < Limits::default().message.max_message_len);
    assert!(limits.max_reply_len < Limits::DEFAULT.max_reply_len);
}
