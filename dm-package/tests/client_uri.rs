//! The grammar and the constraints of §9.2, one by one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use dm_package::{ClientUri, ClientUriBuilder, Component, DeviationKind, Error, ErrorKind, Limits, Strictness};

type Outcome = Result<Vec<(DeviationKind, usize)>, (ErrorKind, usize)>;

fn parse(text: &str, strictness: Strictness) -> Outcome {
    match ClientUri::parse_with(text, strictness, &Limits::DEFAULT) {
        Ok(parsed) => Ok(parsed.deviations.iter().map(|found| (found.kind(), found.offset())).collect()),
        Err(error) => {
            assert!(error.offset() <= text.len());
            Err((error.kind(), error.offset()))
        }
    }
}

/// Both modes refuse it alike.
#[track_caller]
fn refused(text: &str, kind: ErrorKind, offset: usize) {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        assert_eq!(parse(text, strictness), Err((kind, offset)), "{text}");
    }
}

/// Lenient reading gets over it.
#[track_caller]
fn forgiven(text: &str, strict: ErrorKind, lenient: DeviationKind, offset: usize) {
    assert_eq!(parse(text, Strictness::Strict), Err((strict, offset)), "{text}");
    assert_eq!(parse(text, Strictness::Lenient), Ok(vec![(lenient, offset)]), "{text}");
}

#[track_caller]
fn accepted(text: &str) -> ClientUri<'_> {
    assert_eq!(parse(text, Strictness::Strict), Ok(vec![]), "{text}");
    ClientUri::parse(text).unwrap()
}

fn names(uri: &ClientUri<'_>) -> Vec<String> {
    uri.path().map(|component| format!("{component:?}")).collect()
}

#[test]
fn moid() {
    assert_eq!(accepted("urn:a!$&'()*+,;=@%2F~//").moid(), "urn:a!$&'()*+,;=@%2F~");
    refused("//", ErrorKind::UriMoid, 0);
    refused("http://h/x", ErrorKind::UriMoid, 0);
    refused("HTTPS://h/x", ErrorKind::UriMoid, 0);
    refused("urn:x", ErrorKind::UriIncomplete, 5);
    refused("", ErrorKind::UriIncomplete, 0);
    refused("urn:x?cv=1", ErrorKind::UriIncomplete, 5);
    refused("urn:ä//", ErrorKind::UriCharacter, 4);
    refused("urn:[]//", ErrorKind::UriCharacter, 4);
    refused("urn:x y//", ErrorKind::UriCharacter, 5);
}

#[test]
fn instance() {
    assert_eq!(accepted("u//").instance(), Component::Empty);
    assert_eq!(accepted("u/*/").instance(), Component::Wildcard);
    assert_eq!(accepted("u/(x)/?nv=(x)/a:b").instance(), Component::XName('x'));
    assert_eq!(accepted("u/1/").instance(), Component::Name("1".into()));
    assert_eq!(accepted("u/%2A/").instance(), Component::Name("*".into()));
    assert_eq!(accepted("u/%28x%29/").instance(), Component::Name("(x)".into()));
    assert_eq!(accepted("u/(xy)/").instance(), Component::Name("(xy)".into()));
    assert_eq!(accepted("u/(1)/").instance(), Component::Name("(1)".into()));
    assert_eq!(accepted("u/**/").instance(), Component::Name("**".into()));
}

#[test]
fn the_second_slash_is_required() {
    forgiven("urn:x/west", ErrorKind::UriIncomplete, DeviationKind::UriIncomplete, 10);
    forgiven("urn:x/west?cv=1", ErrorKind::UriIncomplete, DeviationKind::UriIncomplete, 10);
    forgiven("urn:x/", ErrorKind::UriIncomplete, DeviationKind::UriIncomplete, 6);
    let uri = ClientUri::parse("urn:x/west?cv=1").unwrap();
    assert_eq!((uri.instance(), uri.path().count()), (Component::Name("west".into()), 0));
    assert_eq!(uri.cv().as_deref(), Some("1"));
    assert_eq!(ClientUri::parse("urn:x/").unwrap().instance(), Component::Empty);
}

#[test]
fn path() {
    assert_eq!(names(&accepted("u/1/")), Vec::<String>::new());
    assert_eq!(names(&accepted("u/1/A/b%2Fc/*")), ["Name(\"A\")", "Name(\"b/c\")", "Wildcard"]);
    // A slash at the end is equal to none.
    assert_eq!(names(&accepted("u/1/A/")), names(&accepted("u/1/A")));
    refused("u///", ErrorKind::UriEmptyComponent, 3);
    refused("u/1//A", ErrorKind::UriEmptyComponent, 4);
    refused("u/1/A//B", ErrorKind::UriEmptyComponent, 6);
    refused("u/1/A//", ErrorKind::UriEmptyComponent, 6);
    refused("u/1/#", ErrorKind::UriCharacter, 4);
    refused("u/1/%", ErrorKind::UriPercentEncoding, 4);
    refused("u/1/%4", ErrorKind::UriPercentEncoding, 4);
    refused("u/1/%zz", ErrorKind::UriPercentEncoding, 4);
    refused("u/1/a%FF", ErrorKind::UriPercentEncoding, 5);
    let uri = accepted("u/1/*");
    assert!(uri.has_wildcard() && !uri.has_x_name() && !uri.has_query());
    assert!(!accepted("u/1/%2A").has_wildcard());
}

#[test]
fn x_names() {
    accepted("u/(x)/(X)?nv=(x)/a:1&nv=(X)/a:1");
    refused("u/(x)/(x)?nv=(x)/a:1", ErrorKind::UriXNameRepeated, 6);
    refused("u/1/(y)/a/(y)?nv=(y)/a:1", ErrorKind::UriXNameRepeated, 10);
    refused("u/(x)/ID", ErrorKind::UriXNameUnbound, 2);
    refused("u/(x)/(y)?nv=(x)/a:1", ErrorKind::UriXNameUnbound, 6);
    refused("u/1/A?nv=(x)/a:1", ErrorKind::UriNvUnused, 6);
    refused("u/(x)/?nv=(x)/a:1&nv=(X)/a:1", ErrorKind::UriNvUnused, 18);
    assert!(accepted("u/1/(y)?nv=(y)/a:1").has_x_name());
    for letter in ('a'..='z').chain('A'..='Z') {
        let text = format!("u/({letter})/?nv=({letter})/a:1");
        assert_eq!(accepted(&text).instance(), Component::XName(letter));
    }
}

#[test]
fn nv() {
    let uri = accepted("u/(x)/(y)?nv=(x)/A/b%3Ac:v:/?=%26&nv=(x)/B:&nv=(y)/*:1");
    let found: Vec<(char, Vec<String>, String)> = uri
        .nv()
        .map(|nv| (nv.x_name, nv.names().map(|name| name.into_owned()).collect(), nv.value.into_owned()))
        .collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            ('x', names(&["A", "b:c"]), "v:/?=&".to_owned()),
            ('x', names(&["B"]), String::new()),
            ('y', names(&["*"]), "1".to_owned()),
        ]
    );
    refused("u/(x)/?nv=", ErrorKind::UriNvSyntax, 10);
    refused("u/(x)/?nv=(x)", ErrorKind::UriNvSyntax, 13);
    refused("u/(x)/?nv=(x)/a", ErrorKind::UriNvSyntax, 15);
    refused("u/(x)/?nv=(x):1", ErrorKind::UriNvSyntax, 13);
    refused("u/(x)/?nv=(x)/:1", ErrorKind::UriNvSyntax, 14);
    refused("u/(x)/?nv=(x)/a//b:1", ErrorKind::UriNvSyntax, 16);
    refused("u/(x)/?nv=x/a:1", ErrorKind::UriNvSyntax, 10);
    refused("u/(x)/?nv=(x)/a?b:1", ErrorKind::UriCharacter, 15);
    refused("u/(x)/?nv=(x)/%FF:1", ErrorKind::UriPercentEncoding, 14);
    refused("u/(x)/?nv=(x)/a:%FF", ErrorKind::UriPercentEncoding, 16);
    refused("u/(x)/?nv=(x)/a:[", ErrorKind::UriCharacter, 16);
}

#[test]
fn cv() {
    assert_eq!(accepted("u/1/?cv=a%20b=c").cv().as_deref(), Some("a b=c"));
    assert_eq!(accepted("u/1/").cv(), None);
    refused("u/1/?cv=", ErrorKind::UriCvEmpty, 5);
    refused("u/1/?cv=1&cv=1", ErrorKind::UriCvRepeated, 10);
    refused("u/1/?cv=%FF", ErrorKind::UriPercentEncoding, 8);
}

#[test]
fn other_fields() {
    for text in ["u/1/?q=1", "u/1/?", "u/1/?flag", "u/1/?NV=(x)/a:1", "u/1/?=", "u/1/?nv"] {
        forgiven(text, ErrorKind::UriField, DeviationKind::UriField, 5);
    }
    assert_eq!(parse("u/1/?cv=1&&", Strictness::Lenient).map(|found| found.len()), Ok(2));
    refused("u/1/?q=ä", ErrorKind::UriCharacter, 7);
}

#[test]
fn length() {
    let at_limit = format!("u/1/{}", "a".repeat(Limits::DEFAULT.max_uri_len - 4));
    accepted(&at_limit);
    refused(&format!("{at_limit}a"), ErrorKind::UriTooLong, Limits::DEFAULT.max_uri_len);
    assert_eq!(ErrorKind::UriTooLong.status_code().as_u16(), 413);
    assert_eq!(ErrorKind::UriNvUnused.status_code().as_u16(), 400);
}

#[test]
fn builder() {
    let build = |builder: ClientUriBuilder| builder.build();
    let new = || ClientUriBuilder::new("u");
    for (builder, expected) in [
        (new(), "u//"),
        (new().instance("1"), "u/1/"),
        (new().instance("*"), "u/%2A/"),
        (new().instance("(x)"), "u/%28x%29/"),
        (new().instance("(xy)"), "u/(xy)/"),
        (new().any_instance().node("a b").wildcard(), "u/*/a%20b/*"),
        (new().node("*").node("(y)").node("ä%"), "u//%2A/%28y%29/%C3%A4%25"),
        (new().instance_x_name('x').nv('x', &["a:b", "c&d"], "1&2:3?"), "u/(x)/?nv=(x)/a%3Ab/c%26d:1%262:3?"),
        (new().instance("1").x_name('y').nv('y', &["a"], "").cv("9&"), "u/1/(y)?nv=(y)/a:&cv=9%26"),
    ] {
        let text = build(builder).unwrap();
        assert_eq!(text, expected);
        accepted(&text);
    }
    for (builder, kind) in [
        (new().node(""), ErrorKind::UriEmptyComponent),
        (new().x_name('y'), ErrorKind::UriXNameUnbound),
        (new().x_name('y').x_name('y').nv('y', &["a"], "1"), ErrorKind::UriXNameRepeated),
        (new().nv('y', &["a"], "1"), ErrorKind::UriNvUnused),
        (new().x_name('y').nv('y', &[], "1"), ErrorKind::UriNvSyntax),
        (new().x_name('y').nv('y', &[""], "1"), ErrorKind::UriNvSyntax),
        (new().x_name('é').nv('é', &["a"], "1"), ErrorKind::UriCharacter),
        (new().x_name('1').nv('1', &["a"], "1"), ErrorKind::UriNvSyntax),
        (new().cv(""), ErrorKind::UriCvEmpty),
        (new().cv("1").cv("2"), ErrorKind::UriCvRepeated),
        (ClientUriBuilder::new("https:"), ErrorKind::UriMoid),
        (ClientUriBuilder::new("a/b").instance("1").node("c"), ErrorKind::UriCharacter),
        (ClientUriBuilder::new("a b"), ErrorKind::UriCharacter),
        (ClientUriBuilder::new(""), ErrorKind::UriMoid),
    ] {
        assert_eq!(build(builder).map_err(|error: Error| error.kind()), Err(kind));
    }
}
