//! URIs of nodes (§2 of the tree reference) and access control lists (§5) as texts.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_text;

use core::time::Duration;
use dm_package::Strictness;
use dm_session::tree::dm1::*;
use dm_syncml::Scope;
use dm1_text::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::time::Instant;
use std::{fs, path::Path};

const STRICT: UriRules = UriRules::STRICT;
const LENIENT: UriRules = UriRules::LENIENT;

fn names(text: &str, rules: &UriRules) -> Result<Vec<String>, u32> {
    match NodeUri::parse(text, rules) {
        Ok(uri) => Ok(uri.segments().map(str::to_owned).collect()),
        Err(error) => Err(error.status().code()),
    }
}

fn query(text: &str, rules: &UriRules) -> Option<UriQuery> {
    NodeUri::parse(text, rules).unwrap().query()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[track_caller]
fn is(text: &str, strict: Result<&[&str], u32>, lenient: Result<&[&str], u32>) {
    assert_eq!(names(text, &STRICT), strict.map(owned), "{text:?} strict");
    assert_eq!(names(text, &LENIENT), lenient.map(owned), "{text:?} lenient");
}

/// A table row where both rules agree.
#[track_caller]
fn both(text: &str, result: Result<&[&str], u32>) {
    is(text, result, result);
}

mod uris {
    use super::*;

    #[test]
    fn vectors() {
        both(".", Ok(&[]));
        is("./", Err(404), Ok(&[]));
        both("A", Ok(&["A"]));
        both("./A/B", Ok(&["A", "B"]));
        both("./A/./B", Err(404));
        both("./A%20b", Ok(&["A b"]));
        both("./A%2Fb", Err(404));
        both(".?prop=ACL", Ok(&[]));
        both("./A?list=TNDS+ACL+Value", Ok(&["A"]));
        both("./A?x=1", Err(406));
        both("", Err(404));
        is("./A/", Err(404), Ok(&["A"]));
        is("/A", Err(404), Ok(&["A"]));
        both(".//A", Err(404));
        both("./A/../B", Err(404));
        both("./A.b/..c", Ok(&["A.b", "..c"]));
        is("./A b", Err(404), Ok(&["A b"]));
        both("./A%zz", Err(404));
        both("./A?prop=", Err(406));
        both("./A?list=TNDS+ACL-Type", Err(406));
        is("?prop=ACL", Err(404), Ok(&[]));
        both("./A?prop=ACL?prop=Name", Err(406));
    }

    #[test]
    fn more_texts() {
        for text in ["..", "../A", "././A", "./A/..", "//A", "./A//", "./%2E", "./%2e%2E", "./A%", "./A%4", "%"] {
            both(text, Err(404));
        }
        for text in ["./%00", "./a%1Fb", "./%7F", "./%C2%85", "./\u{85}", "./a\u{1}", "./a\tb", "./%ff", "./%C3/%A4"] {
            both(text, Err(404));
        }
        is("/", Err(404), Ok(&[]));
        both(" ", Err(404));
        is(" ./A\r\n", Err(404), Ok(&["A"]));
        is("./A ?prop=ACL", Err(404), Ok(&["A "]));
        is("./{A}#\"<[^`|\\", Err(404), Ok(&["{A}#\"<[^`|\\"]));
        both("./a+b", Ok(&["a+b"]));
        both("./a%2Bb%25%3f", Ok(&["a+b%?"]));
        both("-_.!~*'():@&=+$,", Ok(&["-_.!~*'():@&=+$,"]));
        both("./ä/%C3%A4", Ok(&["ä", "ä"]));
        both("*", Ok(&["*"]));
        both("./Device/User", Ok(&["Device", "User"]));
    }

    #[test]
    fn queries() {
        for property in Property::ALL {
            let text = format!("./A?prop={property}");
            assert_eq!(query(&text, &STRICT), Some(UriQuery::Prop(property)));
            assert_eq!(query(&text.to_lowercase().replace("./a", "./A"), &LENIENT), Some(UriQuery::Prop(property)));
            assert_eq!(Property::from_name(property.as_str(), Strictness::Strict), Some(property));
        }
        assert_eq!(query("./A", &STRICT), None);
        assert_eq!(query("./A?list=Struct", &STRICT), Some(UriQuery::Struct));
        assert_eq!(query("./A?list=StructData", &STRICT), Some(UriQuery::StructData));
        assert_eq!(query("./A?list=TNDS", &STRICT), Some(UriQuery::Tnds(TndsSelection::ALL)));
        for text in [
            "",
            "prop",
            "=",
            "prop=Foo",
            "foo=bar",
            "prop=Value",
            "list=",
            "list=Structure",
            "list=TNDSACL",
            "list=TNDS+",
            "list=TNDS-",
            "list=TNDS++ACL",
            "list=TNDS+ACL+",
            "list=TNDS-ACL+Type",
            "list=TNDS+Name",
            "list=TNDS-Size",
            "list=TNDS+Foo",
            "list=ACL",
            "prop=ACL&prop=Name",
            "prop=%41CL",
            "prop=ACL ",
            " prop=ACL",
            "list=äää",
        ] {
            assert_eq!(names(&format!("./A?{text}"), &STRICT), Err(406), "{text:?}");
        }
        for text in ["PROP=acl", "prop=acl", "LIST=struct", "List=structdata", "list=tnds+acl-", "list=tnds-VERNO"] {
            assert_eq!(names(&format!("./A?{text}"), &STRICT), Err(406), "{text:?}");
            let lenient = names(&format!("./A?{text}"), &LENIENT);
            assert_eq!(lenient.is_ok(), !text.ends_with('-'), "{text:?}");
        }
        assert_eq!(names("./A/..?x=1", &STRICT), Err(404));
    }

    #[test]
    fn selections() {
        let of = |text: &str| match query(&format!("./A?list=TNDS{text}"), &STRICT) {
            Some(UriQuery::Tnds(selection)) => {
                for property in TndsProperty::ALL {
                    assert_eq!(selection.contains(property), selection.iter().any(|one| one == property));
                }
                let words =
                    |list: Vec<TndsProperty>| list.into_iter().map(TndsProperty::as_str).collect::<Vec<_>>().join(" ");
                (words(selection.iter().collect()), words(selection.listed().collect()))
            }
            other => panic!("{other:?}"),
        };
        let is = |text, kept: &str, listed: &str| assert_eq!(of(text), (kept.to_owned(), listed.to_owned()), "{text}");
        is("", "ACL Format Title TStamp Type VerNo Value", "");
        is("+ACL+Value", "ACL Type Value", "ACL Value");
        is("+Type", "Type", "Type");
        is("+ACL+ACL", "ACL Type", "ACL");
        is("-ACL-TStamp", "Format Title Type VerNo Value", "ACL TStamp");
        is("-Type", "ACL Format Title TStamp VerNo Value", "Type");
        is("-Value", "ACL Format Title TStamp Type VerNo", "Value");
        is("-ACL-Format-Title-TStamp-Type-VerNo-Value", "", "ACL Format Title TStamp Type VerNo Value");
    }

    #[test]
    fn limits_and_one_more() {
        let rules = STRICT.with_limits(SMALL);
        let named = |len: usize| format!("./Vendor/{}", "x".repeat(len));
        assert!(names(&named(20), &rules).is_ok());
        assert_eq!(names(&named(21), &rules), Err(414));
        assert_eq!(names("a/b/c/d/e/f/g/h", &rules), Ok(owned(&["a", "b", "c", "d", "e", "f", "g", "h"])));
        assert_eq!(names("a/b/c/d/e/f/g/h/i", &rules), Err(414));
        let long = |len: usize| {
            let mut text = String::from(".");
            while text.len() < len {
                let take = (len - text.len() - 1).min(19);
                text.push('/');
                text.push_str(&"x".repeat(take));
            }
            text
        };
        assert!(names(&long(120), &rules).is_ok());
        assert_eq!(names(&long(121), &rules), Err(414));
        assert!(names(&(long(111) + "?prop=ACL"), &rules).is_ok());
        assert_eq!(names(&(long(112) + "?prop=ACL"), &rules), Err(414));
        // Too long in all comes before anything else, structure before the rest, lengths before escapes.
        assert_eq!(names(&format!("//{}", long(121)), &rules), Err(414));
        assert_eq!(names(&format!("{}//", named(21)), &rules), Err(404));
        assert_eq!(names(&format!("{}/%zz", named(21)), &rules), Err(414));
        assert!(names(&named(200), &STRICT).is_ok());
    }

    #[test]
    fn characters_are_counted_as_they_are_written() {
        let rules = STRICT.with_limits(UriLimits::new(0, 0, 3));
        assert!(names("./äöü", &rules).is_ok());
        assert_eq!(names("./äöüß", &rules), Err(414));
        assert!(names("./%41", &rules).is_ok());
        assert_eq!(names("./%41b", &rules), Err(414));
        let rules = STRICT.with_limits(UriLimits::new(0, 5, 0));
        assert!(names("./äöü", &rules).is_ok());
        assert_eq!(names("./äöüß", &rules), Err(414));
        // White space that does not count as part of the URI does not count.
        assert!(names("   ./äöü   ", &LENIENT.with_limits(UriLimits::new(0, 5, 0))).is_ok());
    }

    #[test]
    fn hard_caps() {
        for limits in [UriLimits::NONE, UriLimits::new(u16::MAX, u16::MAX, u16::MAX)] {
            let rules = STRICT.with_limits(limits);
            assert!(names(&["x"; 64].join("/"), &rules).is_ok());
            assert_eq!(names(&["x"; 65].join("/"), &rules), Err(414));
            assert!(names(&"x".repeat(1024), &rules).is_ok());
            assert_eq!(names(&"x".repeat(1025), &rules), Err(414));
            let long = vec!["x".repeat(1023); 4].join("/");
            assert!(names(&format!("{long}x"), &rules).is_ok());
            assert_eq!(names(&format!("{long}xx"), &rules), Err(414));
        }
        let limits = UriLimits::new(3, 0, 5);
        assert_eq!((limits.depth(), limits.total_len(), limits.segment_len()), (3, 4096, 5));
    }

    #[test]
    fn names_from_elsewhere_fit_as_they_would_be_written() {
        let limits = UriLimits::new(2, 11, 4);
        assert!(limits.fits([], true) && limits.fits(["abcd", "efgh"], true));
        assert!(!limits.fits(["a", "b", "c"], true));
        assert!(!limits.fits(["abcde"], true));
        assert!(!limits.fits(["ä"], true) && limits.fits(["ä"], false));
        assert!(!UriLimits::new(0, 10, 0).fits(["abcd", "efgh"], true));
    }

    #[test]
    fn offsets() {
        let at = |text: &str, rules: &UriRules| {
            let error = NodeUri::parse(text, rules).unwrap_err();
            (error.kind(), error.offset())
        };
        let limited = LENIENT.with_limits(UriLimits::new(2, 9, 3));
        assert_eq!(at("  ./ä/bcdefgh", &limited), (UriErrorKind::TooLong, 12));
        assert_eq!(at(" ./ä/bcde", &limited), (UriErrorKind::TooLong, 9));
        assert_eq!(at("/a/b/c", &limited), (UriErrorKind::TooLong, 5));
        assert_eq!(at("", &STRICT), (UriErrorKind::Malformed, 0));
        assert_eq!(at("./", &STRICT), (UriErrorKind::Malformed, 2));
        assert_eq!(at("./A/", &STRICT), (UriErrorKind::Malformed, 4));
        assert_eq!(at("./A/b c", &STRICT), (UriErrorKind::Malformed, 5));
        assert_eq!(at(" /A/b%2Fc", &LENIENT), (UriErrorKind::Malformed, 5));
        assert_eq!(at("./A/b%4", &STRICT), (UriErrorKind::Malformed, 5));
        assert_eq!(at("./A%41/%FFx/b", &STRICT), (UriErrorKind::Malformed, 7));
        assert_eq!(at("./A%41/%2e%2e/b", &STRICT), (UriErrorKind::Malformed, 7));
        assert_eq!(at("./A?x", &STRICT), (UriErrorKind::Query, 4));
        assert_eq!(at(" ./A/?x", &LENIENT), (UriErrorKind::Query, 6));
    }

    #[test]
    fn answers_are_spelled_like_the_request() {
        for (text, style, child, root) in [
            ("./A", Style::Dotted, "./A/b%20c", "."),
            (".?prop=ACL", Style::Dotted, "./A/b%20c", "."),
            ("A", Style::Bare, "A/b%20c", "."),
            ("/A/", Style::Bare, "A/b%20c", "."),
            ("?prop=ACL", Style::Dotted, "./A/b%20c", "."),
        ] {
            let uri = NodeUri::parse(text, &LENIENT).unwrap();
            assert_eq!(uri.style(), style, "{text}");
            assert_eq!(uri.writer(true).write(["A", "b c"]), child, "{text}");
            assert_eq!(uri.writer(true).write([]), root, "{text}");
            assert_eq!(uri.as_str(), text);
        }
        let uri = NodeUri::parse("\n./A%20b/?prop=ACL ", &LENIENT).unwrap();
        assert_eq!((uri.as_str(), uri.path_str()), ("./A%20b/?prop=ACL", "./A%20b/"));
        let mut text = String::from(UriWriter::new(Style::Bare, true).front());
        UriWriter::new(Style::Bare, true).push(&mut text, "ä");
        UriWriter::new(Style::Bare, false).push(&mut text, "ä/");
        assert_eq!(text, "%C3%A4/ä%2F");
    }

    #[test]
    fn escapes_of_output() {
        let all: String = (0..=0x7f_u8).map(char::from).collect();
        let escaped = escape_name(&all, true);
        assert!(escaped.starts_with("%00%01") && escaped.contains("%0A") && escaped.ends_with("xyz%7B%7C%7D~%7F"));
        assert_eq!(escaped, escape_name(&all, false));
        assert_eq!(escape_name("Ä€😀", true), "%C3%84%E2%82%AC%F0%9F%98%80");
        assert_eq!(escape_name("Ä€😀", false), "Ä€😀");
        // XML could not carry these raw.
        assert_eq!(escape_name("\u{fffe}\u{ffff}\u{85}", false), "%EF%BF%BE%EF%BF%BF%C2%85");
        assert!(matches!(escape_name("a-b", true), std::borrow::Cow::Borrowed(_)));
        assert!(matches!(escape_name("ä", false), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn windows_prefixes() {
        let rules = STRICT.with_windows(true);
        for (text, scope, names, child) in [
            ("./Device/Vendor/MSFT", Scope::Device, &["Vendor", "MSFT"][..], "./Device/x"),
            ("./user/A", Scope::User, &["A"], "./user/x"),
            ("User/A", Scope::User, &["A"], "User/x"),
            ("./DEVICE", Scope::Device, &[], "./DEVICE/x"),
            ("./Vendor/{GUID}/a b", Scope::Unstated, &["Vendor", "{GUID}", "a b"], "./x"),
            ("./Device/Device", Scope::Device, &["Device"], "./Device/x"),
            ("./Users/A", Scope::Unstated, &["Users", "A"], "./x"),
            (".", Scope::Unstated, &[], "./x"),
        ] {
            let uri = NodeUri::parse(text, &rules).unwrap();
            assert_eq!(uri.scope(), scope, "{text}");
            assert!(uri.segments().eq(names.iter().copied()), "{text}");
            assert_eq!(uri.writer(true).write(["x"]), child, "{text}");
            let plain = NodeUri::parse(text, &LENIENT).unwrap();
            assert_eq!(plain.scope(), Scope::Unstated, "{text}");
        }
        for text in ["././Device", "././Device/A", "./Device//A", "./Device/../A", "./Device/", "./*", "./Device/%2A"] {
            assert_eq!(names(text, &rules), Err(404), "{text}");
        }
        assert_eq!(names("./a%2Fb", &LENIENT.with_windows(true)), Err(404));
        // The prefix is no level.
        assert!(names("./Device/a/b", &rules.with_limits(UriLimits::new(2, 0, 0))).is_ok());
        assert_eq!(names("./Device/a/b/c", &rules.with_limits(UriLimits::new(2, 0, 0))), Err(414));
    }

    #[test]
    fn rules_of_a_tree() {
        let mut config = Config::new().with_uri_limits(SMALL);
        config.windows = true;
        assert_eq!(UriRules::of(&config, Strictness::Strict), STRICT.with_limits(SMALL).with_windows(true));
    }

    #[test]
    fn nothing_is_copied_without_escapes() {
        let text = String::from("./Vendor/Mail/Port");
        let uri = NodeUri::parse(&text, &STRICT).unwrap();
        assert!(text.as_bytes().as_ptr_range().contains(&uri.names().as_ptr()));
    }

    #[test]
    fn hostile_length_is_linear() {
        let start = Instant::now();
        for text in ["/".repeat(8 << 20), "ä".repeat(4 << 20), "%41".repeat(3 << 20), "a/".repeat(4 << 20)] {
            assert_eq!(names(&text, &LENIENT), Err(414));
        }
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

mod acls {
    use super::*;

    #[track_caller]
    fn acl(text: &str) -> Acl {
        Acl::parse(text).unwrap()
    }

    #[test]
    fn vectors() {
        for (text, canonical) in [
            ("Replace=b+a&Get=*", "Get=*&Replace=a+b"),
            ("Get=a&Get=b", "Get=a+b"),
            ("Get=*+a", "Get=*"),
            ("Add=a,b", "Add=a,b"),
        ] {
            assert_eq!(acl(text).to_canonical(), canonical);
            assert_eq!(acl(text).as_str(), text);
        }
        for text in ["Get=", "=a", "Get", "get=a", "Get=a&", "Get=a++b", "Get=a +b", "Move=a"] {
            assert_eq!(Acl::parse(text).unwrap_err().status().code(), 500, "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        use AclErrorKind::{Character, Command, MissingId};
        for (text, kind, offset) in [
            ("", Command, 0),
            ("=a", Command, 0),
            ("get=a", Command, 0),
            ("Copy=a", Command, 0),
            (" Get=a", Command, 0),
            ("&Get=a", Command, 0),
            ("Get=a&", Command, 6),
            ("Get=a&&Add=b", Command, 6),
            ("Get=a&Move=a", Command, 6),
            ("Get=a& Add=a", Command, 6),
            ("Get", MissingId, 3),
            ("Get=", MissingId, 4),
            ("Get=+a", MissingId, 4),
            ("Get=a+", MissingId, 6),
            ("Get=a++b", MissingId, 6),
            ("Get=&Add=a", MissingId, 4),
            ("Get=a +b", Character, 5),
            ("Get=a\n", Character, 5),
            ("Get=ab=c", Character, 6),
            ("Get=**", Character, 4),
            ("Get=ä*", Character, 6),
            ("Get=\u{a0}", Character, 4),
            ("Get=\u{85}", Character, 4),
            ("Get=\u{fffe}", Character, 4),
        ] {
            let error = Acl::parse(text).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (kind, offset), "{text:?}");
        }
    }

    #[test]
    fn ids_are_whole() {
        let one = acl("Get=S12+XS1&Replace=S1+s2");
        assert!(one.allows(AclCommand::Get, "S12") && one.allows(AclCommand::Get, "XS1"));
        for id in ["S1", "S", "12", "", "*", "S12+XS1"] {
            assert!(!one.allows(AclCommand::Get, id), "{id}");
        }
        assert!(!one.allows(AclCommand::Replace, "S2") && !one.allows(AclCommand::Delete, "S1"));
        // The id `*` is every server's, no server's.
        assert!(acl("Get=*").allows(AclCommand::Get, "*"));
    }

    #[test]
    fn everyone_wins() {
        let one = acl("Get=*+S2&Exec=S2");
        assert!(one.allows(AclCommand::Get, "S3") && one.allows_all(AclCommand::Get));
        assert!(!one.allows(AclCommand::Exec, "S3") && !one.allows_all(AclCommand::Exec));
        assert!(one.has(AclCommand::Exec) && !one.has(AclCommand::Add));
    }

    #[test]
    fn equal_as_texts_or_in_what_they_mean() {
        let (one, other) = (acl("Get=a+b"), acl("Get=b&Get=a"));
        assert!(one != other && one.same_rights(&other) && one == one.clone());
        assert!(!one.same_rights(&acl("Get=a")));
        assert!(acl("Get=*").same_rights(&acl("Get=a+*")));
        assert_eq!(format!("{one} {one:?}"), "Get=a+b Acl(\"Get=a+b\")");
    }

    #[test]
    fn grants() {
        let grant = |creator, parent: Option<&str>, literal| {
            Acl::grant(creator, parent.map(acl).as_ref(), literal).map(|acl| acl.as_str().to_owned())
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(grant("S", Some("Add=*&Get=*"), false), is("Add=S&Delete=S&Get=*&Replace=S"));
        assert_eq!(grant("S", Some("Add=*&Get=*"), true), is("Add=S&Delete=S&Replace=S"));
        assert_eq!(grant("S", Some("Get=b&Exec=*&Get=a"), false), is("Add=S&Delete=S&Get=a+b&Replace=S"));
        assert_eq!(grant("S", Some("Add=*"), false), is("Add=S&Delete=S&Replace=S"));
        assert_eq!(grant("S", None, false), is("Add=S&Delete=S&Replace=S"));
        for id in ["", "*", "a b", "a+b", "a&b", "a=b", "a\u{7f}", "\u{2003}"] {
            assert_eq!(grant(id, Some("Add=*&Get=*"), false), None, "{id:?}");
            assert!(!Acl::can_name(id));
        }
        assert!(Acl::can_name("a,b") && Acl::can_name("ä") && Acl::can_name("http://dm.example/a?b"));
    }

    #[test]
    fn a_server_that_goes() {
        let without = |text, id| match acl(text).without(id) {
            AclRemoval::Unchanged => "unchanged".to_owned(),
            AclRemoval::Emptied => "emptied".to_owned(),
            AclRemoval::Changed(acl) => acl.as_str().to_owned(),
            _ => unreachable!(),
        };
        assert_eq!(without("Add=S1&Delete=S1&Exec=S1&Get=S1+S2&Replace=S1", "S1"), "Get=S2");
        assert_eq!(without("Get=S1", "S1"), "emptied");
        assert_eq!(without("Get=S12+XS1", "S1"), "unchanged");
        assert_eq!(without("Get=*", "S1"), "unchanged");
        assert_eq!(without("Get=*", "*"), "unchanged");
        assert_eq!(without("Replace=S2&Get=*+S1", "S1"), "Get=*&Replace=S2");
    }

    #[test]
    fn a_server_that_goes_from_the_root() {
        let default = acl("Add=*&Get=*");
        let root = |text, default: &Acl| acl(text).without_at_root("S1", default).map(|acl| acl.as_str().to_owned());
        assert_eq!(root("Add=*&Get=S1", &default).as_deref(), Some("Add=*&Get=*"));
        assert_eq!(root("Get=S1", &default).as_deref(), Some("Add=*&Get=*"));
        assert_eq!(root("Add=*&Get=S1+S2", &default).as_deref(), Some("Add=*&Get=S2"));
        assert_eq!(root("Add=*&Get=*", &default), None);
        // Nobody inherits from S1 what was S1's alone.
        assert_eq!(root("Add=*&Get=*&Replace=S1", &default).as_deref(), Some("Add=*&Get=*"));
        assert_eq!(root("Add=*&Get=S1", &acl("Add=*&Get=S1+S3")).as_deref(), Some("Add=*&Get=S3"));
        assert_eq!(acl("Replace=b+a").with_wildcard(AclCommand::Get).as_str(), "Get=*&Replace=a+b");
        assert_eq!(acl("Get=b+a").with_wildcard(AclCommand::Get).as_str(), "Get=*");
    }

    #[test]
    fn a_long_list_is_no_burden() {
        let ids: Vec<String> =
            (0..200_000_u32).map(|id| format!("server-{:06}", id.wrapping_mul(7919) % 200_000)).collect();
        let text = format!("Get={}&Add=*", ids.join("+"));
        let start = Instant::now();
        let one = acl(&text);
        assert!(ids.iter().all(|id| one.allows(AclCommand::Get, id)) && !one.allows(AclCommand::Get, "server"));
        assert!(matches!(one.without("server-000007"), AclRemoval::Changed(_)));
        assert!(one.same_rights(&acl(&one.to_canonical())));
        let entries = "Get=a&".repeat(200_000);
        assert_eq!(acl(entries.trim_end_matches('&')).to_canonical(), "Get=a");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

mod properties {
    use super::*;

    fn name() -> impl Strategy<Value = String> {
        let odd = select(vec![".", "/", "%", "?", "+", " ", "*", "#", "ä", "€", "😀", "\u{fffe}", "%41", "..", "~"]);
        let plain = "[A-Za-z0-9.]{1,4}";
        vec(prop_oneof![odd.prop_map(str::to_owned), plain], 1..4)
            .prop_map(|parts| parts.concat().replace('/', "-"))
            .prop_filter("a name", |name| !matches!(name.as_str(), "." | ".."))
    }

    fn id() -> impl Strategy<Value = &'static str> {
        select(vec!["*", "a", "b", "ab", "S1", "S12", "XS1", "ä", "a,b"])
    }

    fn entry() -> impl Strategy<Value = (AclCommand, Vec<&'static str>)> {
        (select(AclCommand::ALL.to_vec()), vec(id(), 1..5))
    }

    proptest! {
        #[test]
        fn names_are_written_and_read_again(names in vec(name(), 0..5), escape: bool, bare: bool) {
            let style = if bare { Style::Bare } else { Style::Dotted };
            let text = UriWriter::new(style, escape).write(names.iter().map(String::as_str));
            let uri = NodeUri::parse(&text, &STRICT).unwrap();
            prop_assert!(uri.segments().eq(names.iter().map(String::as_str)), "{text}");
            prop_assert_eq!(uri.writer(escape).write(uri.segments()), text.as_str());
            prop_assert!(uri_holds(&text));
            prop_assert_eq!(uri.style(), if names.is_empty() { Style::Dotted } else { style });
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                uri_holds(&text[..cut]);
            }
        }

        #[test]
        fn any_escape_of_a_character_is_the_same_name(name in name(), lower: bool) {
            let text: String = name.bytes().map(|byte| if lower { format!("%{byte:02x}") } else { format!("%{byte:02X}") }).collect();
            let uri = NodeUri::parse(&text, &STRICT).unwrap();
            prop_assert!(uri.segments().eq([name.as_str()]));
        }

        #[test]
        fn uri_like_texts(text in "[ ./?%A2fFb*é]{0,16}", query in select(vec!["", "?prop=ACL", "?list=TNDS+ACL", "?x"])) {
            uri_holds(&(text + query));
        }

        #[test]
        fn any_text(text in "\\PC{0,24}") {
            uri_holds(&text);
            acl_holds(&text);
        }

        #[test]
        fn acls_mean_what_sets_of_ids_mean(entries in vec(entry(), 1..6)) {
            let entries: Vec<String> =
                entries.iter().map(|(command, ids)| format!("{command}={}", ids.join("+"))).collect();
            let text = entries.join("&");
            prop_assert!(acl_holds(&text), "{}", text);
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                acl_holds(&text[..cut]);
            }
        }

        #[test]
        fn canonical_is_one_text_for_one_meaning(
            mut entries in vec((select(AclCommand::ALL.to_vec()), id()), 1..12),
            other in vec((select(AclCommand::ALL.to_vec()), id()), 1..12),
        ) {
            let text = |entries: &[(AclCommand, &str)]| {
                entries.iter().map(|(command, id)| format!("{command}={id}")).collect::<Vec<_>>().join("&")
            };
            let meaning = |entries: &[(AclCommand, &'static str)]| {
                let mut sets = BTreeMap::<AclCommand, Vec<&str>>::new();
                for (command, id) in entries {
                    sets.entry(*command).or_default().push(id);
                }
                for ids in sets.values_mut() {
                    ids.sort_unstable();
                    ids.dedup();
                    if ids.contains(&"*") {
                        *ids = vec!["*"];
                    }
                }
                sets
            };
            let one = Acl::parse(&text(&entries)).unwrap();
            let second = Acl::parse(&text(&other)).unwrap();
            prop_assert_eq!(one.same_rights(&second), meaning(&entries) == meaning(&other));
            let first = entries.remove(0);
            entries.push(first);
            prop_assert!(Acl::parse(&text(&entries)).unwrap().same_rights(&one));
        }

        #[test]
        fn acl_like_texts(text in "(Get|Add|get)?[=&+* aä]{0,6}(Get=|Add=)?[ab*+&]{0,6}") {
            acl_holds(&text);
        }
    }
}

mod seeds {
    use super::*;

    /// Replays the seeds of a target, of which some must be read and not all.
    fn replay(target: &str, holds: fn(&str) -> bool) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let seeds: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        let held = seeds.iter().filter(|seed| holds(&fs::read_to_string(seed).unwrap())).count();
        assert!(held > seeds.len() / 4 && held < seeds.len(), "{held} of {} seeds in {}", seeds.len(), dir.display());
    }

    #[test]
    fn uris() {
        replay("tree_uri", uri_holds);
    }

    #[test]
    fn acls() {
        replay("tree_acl", acl_holds);
    }
}
