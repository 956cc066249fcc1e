//! Credentials: computed values, values that must be refused, the header of the HMAC, and properties of all of them.
//! The values come from an independent computation; that of Bruce2 with `Nonce` is also printed in the standard.
#![cfg(feature = "auth")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use dm_syncml::{
    AuthError, AuthType, BasicCredentials, Chal, Cred, CredentialHash, Format, HmacHeader, Meta, Nonce, Secret,
};
use proptest::prelude::*;

const NONCE: &str = "Tm9uY2U=";
const COUNTED: &str = "AAECAwQFBgcICQoLDA0ODw==";

const DOC: &str = "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
    <SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>http://www.syncml.org/mgmt-server</LocURI></Target>\
    <Source><LocURI>IMEI:493005100592800</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>";

fn hash(name: &str, secret: &str) -> CredentialHash {
    CredentialHash::of(name, &Secret::new(secret))
}

fn bruce() -> CredentialHash {
    hash("Bruce", "OhBehave")
}

fn nonce(text: &str) -> Nonce {
    Nonce::decode(text).unwrap()
}

#[test]
fn types_are_read_in_any_case_and_written_in_one() {
    for (written, kind) in [
        ("syncml:auth-basic", AuthType::Basic),
        ("syncml:auth-md5", AuthType::Md5),
        ("syncml:auth-MAC", AuthType::Mac),
        ("syncml:auth-X509", AuthType::X509),
        ("syncml:auth-securid", AuthType::SecurId),
        ("syncml:auth-safeword", AuthType::SafeWord),
        ("syncml:auth-digipass", AuthType::Digipass),
        ("syncml:auth-SHA256", AuthType::Other("syncml:auth-SHA256".into())),
    ] {
        assert_eq!(AuthType::parse(written), kind);
        assert_eq!((kind.as_str(), kind.to_string().as_str()), (written, written));
        assert_eq!(kind.clone().into_owned(), kind);
        if !matches!(kind, AuthType::Other(_)) {
            assert_eq!(AuthType::parse(written.to_uppercase()), kind);
            assert_eq!(AuthType::parse(format!("\r\n\t{} ", written.to_lowercase())), kind);
        }
    }
    assert_eq!(AuthType::parse(" x "), AuthType::Other("x".into()));
}

#[test]
fn basic() {
    for (name, secret, data) in [
        ("Bruce", "OhBehave", "QnJ1Y2U6T2hCZWhhdmU="),
        ("Bruce2", "OhBehave", "QnJ1Y2UyOk9oQmVoYXZl"),
        ("jörg", "päss:wörd", "asO2cmc6cMOkc3M6d8O2cmQ="),
    ] {
        let made = BasicCredentials::new(name, Secret::new(secret)).unwrap();
        assert_eq!(made.encode(), data);
        let read = BasicCredentials::decode(&format!("\n {} {}\n", &data[..4], &data[4..])).unwrap();
        assert_eq!((read.name(), read.secret().expose_secret()), (name, secret.as_bytes()));
        assert_eq!((&read, read.hash()), (&made, hash(name, secret)));
        assert_eq!(hash(name, secret).verify_basic(data), Ok(()));
        assert_eq!(hash(name, "other").verify_basic(data), Err(AuthError::Mismatch));
        assert_eq!(hash("other", secret).verify_basic(data), Err(AuthError::Mismatch));
    }
    for (data, error) in [
        ("QnJ1Y2U6T2hCZWhhdmU==", AuthError::Base64),
        ("QnJ1Y2U6T2hCZWhhd", AuthError::Base64),
        ("Bruce:OhBehave", AuthError::Base64),
        ("", AuthError::NoColon),
        ("QnJ1Y2U=", AuthError::NoColon),
        ("/zp4", AuthError::InvalidUtf8),
    ] {
        assert_eq!(BasicCredentials::decode(data), Err(error), "{data}");
        assert_eq!(bruce().verify_basic(data), Err(AuthError::Mismatch), "{data}");
    }
    assert_eq!(BasicCredentials::new("a:b", Secret::default()), Err(AuthError::ColonInName));
    // A password need not be text, and both may be empty.
    let odd = BasicCredentials::new("", Secret::new([0xff, 0, b':'])).unwrap();
    assert_eq!(BasicCredentials::decode(&odd.encode()), Ok(odd));
}

#[test]
fn stored_hashes() {
    for (name, secret, text) in [
        ("Bruce", "OhBehave", "l+IXAO0Dma2iaBljrgteTA=="),
        ("Bruce2", "OhBehave", "PtEdr8lBQ45IbT1bZIkrOQ=="),
        ("com.mgmtsrv.manage", "srvpassword", "PJFom3w2SeOTLfTJ4SWl0A=="),
        ("dev-0042", "pw-7Q!x", "cL0hlFvreG9mEzSRQH/3kQ=="),
    ] {
        assert_eq!(hash(name, secret).expose_text(), text);
        assert_eq!(CredentialHash::from_text(text), Ok(hash(name, secret)));
    }
    // Hexadecimal, Base64 of it, 15 and 17 octets.
    for text in [
        "97e21700ed0399ada2681963ae0b5e4c",
        "OTdlMjE3MDBlZDAzOTlhZGEyNjgxOTYzYWUwYjVlNGM=",
        "l+IXAO0Dma2iaBljrgte",
        "l+IXAO0Dma2iaBljrgteTAA=",
        "",
    ] {
        assert_eq!(CredentialHash::from_text(text), Err(AuthError::Base64), "{text}");
    }
}

#[test]
fn md5() {
    for (name, secret, wire, octets, data) in [
        ("Bruce", "OhBehave", NONCE, &b"Nonce"[..], "K7B/g6MQmfusJTUdpLLI3Q=="),
        ("Bruce", "OhBehave", "", b"", "pw5lPu6mZYxq8BnBlnACow=="),
        ("Bruce", "OhBehave", "AAAAAA==", &[0; 4], "qyODxrWU7+P9+/jsLCx6PQ=="),
        (
            "Bruce",
            "OhBehave",
            COUNTED,
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "EK5BzTNEbS60QOhbc4VHXw==",
        ),
        ("Bruce", "OhBehave", "bm9uY2Utd2l0aDpjb2xvbg==", b"nonce-with:colon", "Gr9rohomMRsMXiRwKBKqSg=="),
        ("Bruce2", "OhBehave", NONCE, b"Nonce", "Zz6EivR3yeaaENcRN6lpAQ=="),
        ("Bruce2", "OhBehave", "", b"", "lEf25jyjHbCcTbj4p/1pUw=="),
        (
            "Bruce2",
            "OhBehave",
            COUNTED,
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "ClaA48A1VYROr4FUwjaBYw==",
        ),
        (
            "com.mgmtsrv.manage",
            "srvpassword",
            COUNTED,
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "kWgUYr0UiXWm8Ub/g+4eiQ==",
        ),
        (
            "dev-0042",
            "pw-7Q!x",
            "WhfCDptE8ag9ZgK34VUMmQ==",
            b"\x5a\x17\xc2\x0e\x9b\x44\xf1\xa8\x3d\x66\x02\xb7\xe1\x55\x0c\x99",
            "EmVxzgbUMshIoWq4Bngu8Q==",
        ),
    ] {
        let nonce = nonce(wire);
        assert_eq!((nonce.as_bytes(), nonce.encode().as_str()), (octets, wire));
        let known = hash(name, secret);
        assert_eq!(known.md5(&nonce), data);
        assert_eq!(known.verify_md5(&nonce, data), Ok(()));
        assert_eq!(known.verify_md5(&nonce, &format!("\n {data}\r\t")), Ok(()));
    }
    assert_eq!(nonce("AAAAAA=="), Nonce::RESYNC);
    assert_eq!(nonce(""), Nonce::EMPTY);
}

#[test]
fn md5_that_must_be_refused() {
    for (mistake, data) in [
        ("nonce left in base64", "9os2MFwe4ptkDIrrmjtotg=="),
        ("inner hash in hexadecimal", "kd5ALQhIkldCHAhc6NoOcg=="),
        ("the formula of SyncML 1.0", "Sbp4I3Fnpjk1v//6eclXow=="),
        ("hexadecimal digest in base64", "MmJiMDdmODNhMzEwOTlmYmFjMjUzNTFkYTRiMmM4ZGQ="),
        ("hexadecimal digest", "2bb07f83a31099fbac25351da4b2c8dd"),
        ("no padding", "K7B/g6MQmfusJTUdpLLI3Q"),
        ("half of the padding", "K7B/g6MQmfusJTUdpLLI3Q="),
        ("bits behind the end", "K7B/g6MQmfusJTUdpLLI3R=="),
        ("the other alphabet", "K7B_g6MQmfusJTUdpLLI3Q=="),
        ("inner space", "K7B/g6MQmfus JTUdpLLI3Q=="),
        ("something after it", "K7B/g6MQmfusJTUdpLLI3Q==\0"),
        ("lower case", "k7b/g6mqmfusjtudpllI3q=="),
        ("nothing", ""),
        ("the stored hash", "l+IXAO0Dma2iaBljrgteTA=="),
    ] {
        assert_eq!(bruce().verify_md5(&nonce(NONCE), data), Err(AuthError::Mismatch), "{mistake}");
    }
}

#[test]
fn nonces() {
    let at_limit = Nonce::new([b':'; 64]).unwrap();
    assert_eq!(Nonce::decode(&at_limit.encode()), Ok(at_limit.clone()));
    assert_eq!(Nonce::new([0; 65]), Err(AuthError::NonceTooLong));
    let mut text = at_limit.encode();
    text.insert_str(76, "\r\n");
    assert_eq!(Nonce::decode(&text), Ok(at_limit));
    for text in ["A".repeat(88), "A".repeat(92), "A".repeat(89), "A".repeat(1_000_000)] {
        assert_eq!(Nonce::decode(&text), Err(AuthError::NonceTooLong), "{}", text.len());
    }
    for text in ["A", "AA=A", "A===", "====", "Nonce:", "ä"] {
        assert_eq!(Nonce::decode(text), Err(AuthError::Base64), "{text}");
    }
    assert_eq!(Nonce::decode("Tm9uY2U").as_ref(), Ok(&nonce(NONCE)));
    // A line end at the end belongs to the nonce.
    assert_eq!(nonce("bm9uY2UNCg==").as_bytes(), b"nonce\r\n");
}

#[test]
fn challenges_and_credentials() {
    let challenge = Chal::new(AuthType::Mac).with_next_nonce(nonce(NONCE).encode());
    assert_eq!(challenge.auth_type(), Some(AuthType::Mac));
    assert_eq!(challenge.nonce(), Ok(Some(nonce(NONCE))));
    assert_eq!(Chal::new(" Syncml:Auth-Basic ").auth_type(), Some(AuthType::Basic));
    assert_eq!((Chal::default().auth_type(), Chal::default().nonce()), (None, Ok(None)));
    let asked = |text: &'static str| Chal::new(AuthType::Md5).with_next_nonce(text).nonce();
    assert_eq!(asked(""), Ok(Some(Nonce::EMPTY)));
    assert_eq!(asked("!"), Err(AuthError::Base64));

    let cred = Cred::new(AuthType::Md5, bruce().md5(&nonce(NONCE)));
    assert_eq!((cred.auth_type(), cred.meta.format()), (Some(AuthType::Md5), Some(&Format::B64)));
    assert_eq!(cred.data.as_text(), Some("K7B/g6MQmfusJTUdpLLI3Q=="));
    let mut unnamed = cred;
    unnamed.meta = Meta::new();
    assert_eq!(unnamed.auth_type(), None);
}

#[test]
fn hmac() {
    assert_eq!(DOC.len(), 298);
    for (body, with_nonce, with_counted) in [
        (&b""[..], "nrcz4lrractNo/hBWDG/rQ==", "OwZx76WBppJBUWVW7cDaZw=="),
        (b"abc", "MHJ4dgPhX3i3yPp9sdZtRw==", "vS7MP7obM+MXBeknFbqb1Q=="),
        (&[0x02, 0xa4, 0x2d, 0x6a, 0x00], "R9dESUVrxutoIu0yXn1qLw==", "XOcwMbcw04B08W8NFRxpMA=="),
        (DOC.as_bytes(), "qUAci6RYHCih2Zyxc4Pdsg==", "ScaXa11PYpPq0+vLUSE3Ow=="),
    ] {
        for (wire, mac) in [(NONCE, with_nonce), (COUNTED, with_counted)] {
            assert_eq!(bruce().mac(&nonce(wire), body), mac);
            assert_eq!(bruce().verify_mac(&nonce(wire), body, mac), Ok(()));
        }
    }
    let known = hash("dev-0042", "pw-7Q!x");
    assert_eq!(known.mac(&nonce("WhfCDptE8ag9ZgK34VUMmQ=="), b"BODY"), "p1oBxeMJKaAvgpC8I3JNow==");

    for (mistake, mac) in [
        ("RFC 2104", "hc0vsCG06LitV1qMTcmZWQ=="),
        ("another body", "nrcz4lrractNo/hBWDG/rQ=="),
        ("another nonce", "vS7MP7obM+MXBeknFbqb1Q=="),
        ("hexadecimal", "3072787603e15f78b7c8fa7db1d66d47"),
        ("hexadecimal in base64", "MzA3Mjc4NzYwM2UxNWY3OGI3YzhmYTdkYjFkNjZkNDc="),
        ("no padding", "MHJ4dgPhX3i3yPp9sdZtRw"),
    ] {
        assert_eq!(bruce().verify_mac(&nonce(NONCE), b"abc", mac), Err(AuthError::Mismatch), "{mistake}");
        let value = format!("username=\"Bruce\", mac={mac}");
        let header = HmacHeader::parse(&value).unwrap();
        assert_eq!(header.verify(&bruce(), &nonce(NONCE), b"abc"), Err(AuthError::Mismatch), "{mistake}");
    }
}

#[test]
fn header() {
    let value = r#"algorithm=MD5, username="Bruce", mac=qUAci6RYHCih2Zyxc4Pdsg=="#;
    let made = HmacHeader::sign("Bruce", &bruce(), &nonce(NONCE), DOC.as_bytes()).unwrap();
    assert_eq!(made.to_value(), value);
    assert_eq!(HmacHeader::NAME, "x-syncml-hmac");

    let mac = "qUAci6RYHCih2Zyxc4Pdsg==";
    for value in [
        value,
        r#"mac=qUAci6RYHCih2Zyxc4Pdsg==,username="Bruce""#,
        r#"USERNAME="Bruce",MAC=qUAci6RYHCih2Zyxc4Pdsg==,Algorithm=md5"#,
        "\t username = \"Bruce\"\t,, mac\t= \"qUAci6RYHCih2Zyxc4Pdsg==\" , algorithm=\"MD5\" ,",
        r#"username="\B\r\u\c\e", mac=qUAci6RYHCih2Zyxc4Pdsg=="#,
        r#"username=Bruce, later="a,\",mac=x", mac=qUAci6RYHCih2Zyxc4Pdsg==, later=b"#,
    ] {
        let header = HmacHeader::parse(value).unwrap();
        assert_eq!((header.username(), header.mac()), ("Bruce", mac), "{value}");
        assert_eq!(header.verify(&bruce(), &nonce(NONCE), DOC.as_bytes()), Ok(()));
        assert_eq!(header, made);
        assert_eq!(header.clone().into_owned(), made);
        assert_eq!(header.to_value(), made.to_value());
    }
    for (username, name) in [
        (r#""device 17, lab""#, "device 17, lab"),
        (r#""a\"b\\c,d=e""#, "a\"b\\c,d=e"),
        (r#""""#, ""),
        ("", ""),
        (r#""jörg""#, "jörg"),
        (r"CORP\bruce", r"CORP\bruce"),
        ("IMEI:493005100592800", "IMEI:493005100592800"),
        ("a=b", "a=b"),
    ] {
        let value = format!("mac={mac}, username={username}");
        assert_eq!(HmacHeader::parse(&value).unwrap().username(), name);
    }
}

#[test]
fn headers_that_must_be_refused() {
    let mac = "mac=qUAci6RYHCih2Zyxc4Pdsg==";
    for (value, error) in [
        ("", AuthError::MissingParameter),
        (mac, AuthError::MissingParameter),
        ("username=\"Bruce\"", AuthError::MissingParameter),
        ("username=\"Bruce, mac=AAAA\"", AuthError::MissingParameter),
        ("username=a, username=a, MAC", AuthError::DuplicateParameter),
        ("username=a, mac=A, Mac=A", AuthError::DuplicateParameter),
        ("algorithm=MD5, algorithm=MD5, username=a, mac=A", AuthError::DuplicateParameter),
        ("algorithm=SHA-256, username=a, mac=A", AuthError::Algorithm),
        ("algorithm=, username=a, mac=A", AuthError::Algorithm),
        ("username=\"a, mac=A", AuthError::Syntax),
        ("username=\"a\\\", mac=A", AuthError::Syntax),
        ("username=\"a\\", AuthError::Syntax),
        ("username=\"a\"b, mac=A", AuthError::Syntax),
        ("username=\"a\"\"b\", mac=A", AuthError::Syntax),
        ("username=a\"b, mac=A", AuthError::Syntax),
        ("username=device 17, mac=A", AuthError::Syntax),
        ("username=a mac=A", AuthError::Syntax),
        ("Bruce", AuthError::Syntax),
        ("username=a, mac", AuthError::Syntax),
        ("username=a, mac=", AuthError::Base64),
        ("username=a, mac=AA-_", AuthError::Base64),
        ("username=a, mac=\"AA,AA\"", AuthError::Base64),
        ("username=a\r\nx: y, mac=A", AuthError::Character),
        ("username=\"a\0\", mac=A", AuthError::Character),
        ("username=\"a\x7f\", mac=A", AuthError::Character),
    ] {
        assert_eq!(HmacHeader::parse(value), Err(error), "{value:?}");
    }
    let sized = |name: usize, mac: usize, fill: usize| {
        format!("username={}, mac={}, x={}", "n".repeat(name), "A".repeat(mac), "f".repeat(fill))
    };
    let parsed = |value: &str| HmacHeader::parse(value).map(drop);
    assert_eq!(parsed(&sized(512, 128, 0)), Ok(()));
    assert_eq!(parsed(&sized(513, 4, 0)), Err(AuthError::TooLong));
    assert_eq!(parsed(&sized(4, 129, 0)), Err(AuthError::TooLong));
    let rest = HmacHeader::MAX_LEN - sized(4, 4, 0).len();
    assert_eq!(parsed(&sized(4, 4, rest)), Ok(()));
    assert_eq!(parsed(&sized(4, 4, rest + 1)), Err(AuthError::TooLong));

    let signed = |name: &str| HmacHeader::sign(name, &bruce(), &Nonce::EMPTY, b"").map(|header| header.to_value());
    assert_eq!(signed("a\r\nx-other: b"), Err(AuthError::Character));
    assert_eq!(signed(&"a".repeat(513)), Err(AuthError::TooLong));
    // The longest that can be written can be read.
    let longest = signed(&"\"".repeat(512)).unwrap();
    assert_eq!(HmacHeader::parse(&longest).unwrap().username().len(), 512);
}

#[test]
fn secrets_do_not_show() {
    let known = hash("Bruce", "OhBehave");
    let basic = BasicCredentials::new("Bruce", Secret::new("OhBehave")).unwrap();
    let header = HmacHeader::sign("Bruce", &known, &Nonce::EMPTY, b"").unwrap();
    let shown = format!("{:?} {known:?} {basic:?} {header:?} {header:#?} {:?}", Secret::new("OhBehave"), nonce(NONCE));
    assert!(shown.contains("redacted") && shown.contains("Bruce"));
    for hidden in ["OhBehave", "79, 104", "78, 111", NONCE, &known.expose_text(), header.mac()] {
        assert!(!shown.contains(hidden), "{hidden}");
    }
    assert!(Secret::new("a") == Secret::new("a") && Secret::new("a") != Secret::new("ab"));
}

#[test]
fn errors_have_words() {
    for error in [
        AuthError::Base64,
        AuthError::NonceTooLong,
        AuthError::ColonInName,
        AuthError::NoColon,
        AuthError::InvalidUtf8,
        AuthError::TooLong,
        AuthError::Character,
        AuthError::Syntax,
        AuthError::Algorithm,
        AuthError::MissingParameter,
        AuthError::DuplicateParameter,
        AuthError::Mismatch,
    ] {
        let words = error.to_string();
        assert!(!words.is_empty() && !words.ends_with('.'), "{words}");
        let _: &dyn core::error::Error = &error;
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// Something that looks like a header value, and often is one.
fn plausible() -> impl Strategy<Value = String> {
    let parts =
        ["username=", "mac=", "MAC", "algorithm=MD5", "=", ",", "\"", "\\", "\\\"", " ", "\t", "ä", "\0", "AA=="];
    let part = prop::sample::select(parts.to_vec());
    let parts = |most| prop::collection::vec(part.clone(), 0..most).prop_map(|parts| parts.concat());
    let fair = (parts(5), prop::bool::ANY).prop_map(|(name, quoted)| {
        let quote = if quoted { "\"" } else { "" };
        format!("mac=AA==, username={quote}{name}{quote}")
    });
    prop_oneof![parts(12), fair]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_computed_is_accepted(
        name in "\\PC{0,12}", secret: Vec<u8>, octets in prop::collection::vec(any::<u8>(), 0..=64), body: Vec<u8>,
    ) {
        let secret = Secret::new(secret);
        let known = CredentialHash::of(&name, &secret);
        let nonce = Nonce::new(octets).unwrap();
        prop_assert_eq!(Nonce::decode(&nonce.encode()), Ok(nonce.clone()));
        prop_assert_eq!(CredentialHash::from_text(&known.expose_text()), Ok(known.clone()));
        prop_assert_eq!(known.verify_md5(&nonce, &known.md5(&nonce)), Ok(()));
        prop_assert_eq!(known.verify_mac(&nonce, &body, &known.mac(&nonce, &body)), Ok(()));
        match BasicCredentials::new(name.as_str(), secret) {
            Ok(basic) => {
                prop_assert_eq!(known.verify_basic(&basic.encode()), Ok(()));
                prop_assert_eq!(BasicCredentials::decode(&basic.encode()), Ok(basic));
            }
            Err(error) => prop_assert!(error == AuthError::ColonInName && name.contains(':')),
        }
    }

    #[test]
    fn any_other_bit_is_refused(
        name in "[a-z]{1,8}", secret in prop::collection::vec(any::<u8>(), 1..20),
        octets in prop::collection::vec(any::<u8>(), 1..=64), body in prop::collection::vec(any::<u8>(), 1..60),
        bit in 0..100_000_usize,
    ) {
        let known = CredentialHash::of(&name, &Secret::new(secret.clone()));
        let nonce = Nonce::new(octets.clone()).unwrap();
        let (data, mac) = (known.md5(&nonce), known.mac(&nonce, &body));
        let basic = BasicCredentials::new(name.as_str(), Secret::new(secret.clone())).unwrap().encode();
        let refused = Err(AuthError::Mismatch);

        let other = CredentialHash::of(&name, &Secret::new(flipped(&secret, bit)));
        prop_assert!(other != known);
        prop_assert_eq!(other.verify_md5(&nonce, &data), refused);
        prop_assert_eq!(other.verify_mac(&nonce, &body, &mac), refused);
        prop_assert_eq!(other.verify_basic(&basic), refused);
        if let Ok(name) = String::from_utf8(flipped(name.as_bytes(), bit)) {
            let other = CredentialHash::of(&name, &Secret::new(secret));
            prop_assert_eq!(other.verify_md5(&nonce, &data), refused);
        }
        let stale = Nonce::new(flipped(&octets, bit)).unwrap();
        prop_assert_eq!(known.verify_md5(&stale, &data), refused);
        prop_assert_eq!(known.verify_mac(&stale, &body, &mac), refused);
        prop_assert_eq!(known.verify_mac(&nonce, &flipped(&body, bit), &mac), refused);
        prop_assert_eq!(known.verify_mac(&nonce, &body[1..], &mac), refused);
        if let Ok(data) = String::from_utf8(flipped(data.as_bytes(), bit)) {
            prop_assert_eq!(known.verify_md5(&nonce, &data), refused);
        }
        if let Ok(mac) = String::from_utf8(flipped(mac.as_bytes(), bit)) {
            prop_assert_eq!(known.verify_mac(&nonce, &body, &mac), refused);
        }
        prop_assert_eq!(known.verify_md5(&nonce, &data[..bit % data.len()]), refused);
        // The two digests are not taken for each other.
        prop_assert_eq!(known.verify_md5(&nonce, &mac), refused);
        prop_assert_eq!(known.verify_mac(&nonce, &body, &data), refused);
    }

    #[test]
    fn a_written_header_is_read_again(name in "\\PC{0,40}|[\"\\\\,= \ta]{0,12}", body: Vec<u8>) {
        let written = HmacHeader::sign(name.as_str(), &bruce(), &Nonce::RESYNC, &body).unwrap();
        let value = written.to_value();
        let read = HmacHeader::parse(&value).unwrap();
        prop_assert_eq!(read.username(), &name);
        prop_assert_eq!(read.verify(&bruce(), &Nonce::RESYNC, &body), Ok(()));
        prop_assert_eq!(read, written);
    }

    #[test]
    fn a_read_header_is_written_again(value in plausible()) {
        if let Ok(read) = HmacHeader::parse(&value) {
            let written = read.to_value();
            prop_assert_eq!(HmacHeader::parse(&written), Ok(read));
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,60}|[\0-\x7f]{0,60}", data: String) {
        for text in [text, data] {
            let _ = HmacHeader::parse(&text);
            let _ = BasicCredentials::decode(&text);
            let _ = Nonce::decode(&text);
            let _ = CredentialHash::from_text(&text);
            let _ = AuthType::parse(text.as_str());
            prop_assert_eq!(bruce().verify_md5(&Nonce::EMPTY, &text), Err(AuthError::Mismatch));
        }
    }
}

#[test]
fn credentials_are_checked_by_their_scheme() {
    use dm_syncml::{Content, Data};
    let (known, nonce) = (bruce(), nonce(NONCE));
    let basic = BasicCredentials::new("Bruce", Secret::new("OhBehave")).unwrap().encode();
    let with = |mut cred: Cred<'static>, content: Content<'static>| {
        cred.data = Data::text("");
        cred.data.content = content;
        cred
    };
    let opaque = |bytes: &[u8]| Content::Opaque(bytes.to_vec().into());
    let right = Cred::new(AuthType::Md5, known.md5(&nonce));
    let digest = Data::text(known.md5(&nonce)).decode_base64().unwrap();
    assert_eq!(digest.len(), 16);
    for cred in
        [right.clone(), with(right.clone(), opaque(known.md5(&nonce).as_bytes())), with(right.clone(), opaque(&digest))]
    {
        assert_eq!(known.verify(&cred, &nonce), Ok(AuthType::Md5));
        assert_eq!(known.verify(&cred, &Nonce::EMPTY), Err(AuthError::Mismatch));
        assert_eq!(hash("Bruce", "other").verify(&cred, &nonce), Err(AuthError::Mismatch));
    }

    let mut untyped = Cred::new(AuthType::Basic, basic.clone());
    untyped.meta = Meta::new().with_format(Format::B64);
    for cred in [
        Cred::new(AuthType::Basic, basic.clone()),
        untyped.clone(),
        with(Cred::new(AuthType::Basic, ""), opaque(basic.as_bytes())),
    ] {
        assert_eq!(known.verify(&cred, &Nonce::EMPTY), Ok(AuthType::Basic));
        assert_eq!(hash("Bruce", "other").verify(&cred, &nonce), Err(AuthError::Mismatch));
    }

    // One scheme's Data under another's name, digests of other lengths, nothing at all.
    for cred in [
        Cred::new(AuthType::Md5, basic),
        Cred::new(AuthType::Basic, known.md5(&nonce)),
        with(right.clone(), opaque(&digest[..15])),
        with(right.clone(), opaque(&[0xFF; 17])),
        with(right.clone(), opaque(b"")),
        with(untyped, opaque(b"")),
    ] {
        assert_eq!(known.verify(&cred, &nonce), Err(AuthError::Mismatch));
    }
    for kind in [AuthType::Mac, AuthType::X509, AuthType::Other("syncml:auth-SHA256".into())] {
        assert_eq!(known.verify(&Cred::new(kind, known.md5(&nonce)), &nonce), Err(AuthError::Algorithm));
    }
}
