//! SyncML of DM 1.x, in XML and in WBXML: messages, parts of messages, and the documents inside them.

mod head;
mod json;
mod tree;

use std::borrow::Cow;

use dm_syncml::lint::Severity;
use dm_syncml::{
    AuthError, AuthType, Binary, ConvertOptions, Cred, Element, Encoding, ErrorKind, Fragment, FragmentRoot, Limits,
    Message, Parsed, Strictness, SyncHdr, WbxmlOptions, XmlOptions, lint,
};

use crate::output::json::Json;
use crate::output::outline::Item;

use super::{Deviation, Finding, Format, Look, MAX_INPUT, Options, Refusal, Report, Wire};

pub(super) const SYNCML: Format =
    Format { kind: "syncml", title: "SyncML (OMA DM 1.x)", looks_like, read, convert: Some(convert) };

/// Someone who inspects wants to see what there is: more than a peer is allowed.
const LIMITS: Limits = Limits::DEFAULT
    .with_max_message_len(MAX_INPUT as usize)
    .with_max_commands(1 << 20)
    .with_max_items(1 << 20)
    .with_max_elements(1 << 20)
    .with_max_depth(128)
    .with_max_container_depth(64)
    .with_max_attributes(256)
    .with_max_namespaces(256)
    .with_max_session_id_len(1 << 10)
    .with_max_uri_len(64 << 10)
    .with_max_string_table_len(MAX_INPUT as usize);

/// A message as machines read it, without its deviations.
pub(crate) fn syncml_json(bytes: &[u8]) -> Json {
    let Ok(report) = read(bytes, &PLAIN) else {
        return Json::object().with("kind", "other").with("length", bytes.len());
    };
    let Json::Object(members) = report.json else { return Json::Null };
    Json::object().with("kind", SYNCML.kind).with("length", bytes.len()).with_all(members)
}

/// A message as people read it; why it cannot be read, where that is so.
pub(crate) fn syncml_items(bytes: &[u8]) -> Result<Vec<Item>, String> {
    match read(bytes, &PLAIN) {
        Ok(Report { refusal: Some(Refusal(why)), .. }) | Err(Refusal(why)) => Err(why),
        Ok(report) => Ok(report.items),
    }
}

/// Nothing asked for in particular.
const PLAIN: Options<'static> =
    Options { strictness: dm_package::Strictness::Lenient, key: None, login: None, lint: false, nested: false };

fn looks_like(look: &Look<'_>) -> bool {
    looks_like_xml(look.bytes) || head::looks_like_wbxml(look.bytes)
}

/// Begins like XML and not like a notification of some later version, which may begin with the same byte.
fn looks_like_xml(bytes: &[u8]) -> bool {
    let begins = |text: &[u8]| match text.trim_ascii_start() {
        [b'<', second, ..] => second.is_ascii_alphabetic() || matches!(second, b'!' | b'?' | b'_' | 0x80..),
        _ => false,
    };
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [b'<', 0, second, 0, ..] | [0, b'<', 0, second, ..] => begins(&[b'<', *second]),
        [0xEF, 0xBB, 0xBF, text @ ..] => begins(text),
        text => begins(text),
    }
}

/// What was read, with what it was read from.
struct Document<'d> {
    /// As given.
    bytes: &'d [u8],
    /// As decoded, in UTF-8; offsets count in this.
    text: &'d [u8],
    encoding: Encoding,
    fragment: Fragment<'d>,
    /// Whether the credentials are the right ones, when that was asked.
    login: Option<Result<(), AuthError>>,
    /// Nested documents in full.
    nested: bool,
}

fn read(bytes: &[u8], options: &Options<'_>) -> Result<Report, Refusal> {
    let text = utf8(bytes)?;
    let encoding = Encoding::detect(&text).ok_or_else(|| Refusal(format!("{} at byte 0", ErrorKind::NotSyncMl)))?;
    let (Parsed { value: fragment, deviations, unlisted }, error) = Fragment::salvage(&text, &LIMITS);
    let strict = options.strictness == dm_package::Strictness::Strict;
    let strict = strict.then(|| Fragment::parse_with(&text, Strictness::Strict, &LIMITS).err()).flatten();
    if let Some(error) = error
        && fragment.header.is_none()
        && fragment.commands.is_empty()
    {
        // That it is something else altogether says more than what is odd about it.
        let error = if error.kind() == ErrorKind::Root { error } else { strict.unwrap_or(error) };
        return document(bytes, &text, encoding, options).unwrap_or_else(|| Err(error.into()));
    }
    let login = options.login.map(|(account, nonce)| {
        let cred = fragment.header.as_ref().and_then(|header| header.cred.as_ref());
        (cred.map(Cred::span), cred.map_or(Err(AuthError::Mismatch), |cred| check(cred, &account.0, nonce)))
    });
    let findings = options.lint.then(|| findings(&fragment, &text));
    let mut refusal = strict.or(error).map(Refusal::from);
    if let (None, Some((span, Err(why)))) = (&refusal, &login) {
        refusal = Some(match span {
            Some(span) => Refusal(format!("{why} at byte {}", span.start())),
            None => Refusal("no credentials in the header".into()),
        });
    }
    let document = Document {
        bytes,
        text: &text,
        encoding,
        fragment,
        login: login.map(|(_, outcome)| outcome),
        nested: options.nested,
    };
    Ok(Report {
        items: tree::items(&document),
        json: json::message(&document, error),
        deviations: deviations
            .iter()
            .map(|met| Deviation {
                kind: format!("{:?}", met.kind()),
                cause: met.kind().to_string(),
                offset: met.offset(),
            })
            .collect(),
        unlisted,
        findings,
        refusal,
    })
}

/// XML in another character set as UTF-8.
fn utf8(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    Ok(dm_syncml::utf8(bytes)?)
}

/// A document that is no message and travels inside one: a management tree or device information.
fn document(bytes: &[u8], text: &[u8], encoding: Encoding, options: &Options<'_>) -> Option<Result<Report, Refusal>> {
    let element = nested(text, encoding)?;
    let name = element.name().local()?;
    if !matches!(name, "MgmtTree" | "DevInf") {
        return None;
    }
    if options.login.is_some() || options.lint {
        return Some(Err(Refusal(format!("a {name} by itself is no message at byte 0"))));
    }
    Some(Ok(Report {
        items: tree::document_items(bytes, text, encoding, &element),
        json: json::document(text, encoding, &element),
        deviations: Vec::new(),
        unlisted: 0,
        findings: None,
        refusal: None,
    }))
}

/// A document by itself.
fn nested(text: &[u8], encoding: Encoding) -> Option<Element<'_>> {
    match encoding {
        Encoding::Xml => Element::parse_xml(text, &LIMITS).ok(),
        Encoding::Wbxml => Element::parse_wbxml(text, &LIMITS).ok(),
    }
}

/// Whether the credentials are those of an account.
fn check(cred: &Cred<'_>, known: &dm_syncml::CredentialHash, nonce: &dm_syncml::Nonce) -> Result<(), AuthError> {
    let data = cred.data.as_text().unwrap_or_default();
    match cred.auth_type() {
        Some(AuthType::Md5) => known.verify_md5(nonce, data),
        Some(AuthType::Basic) | None => known.verify_basic(data),
        Some(_) => Err(AuthError::Algorithm),
    }
}

fn findings(fragment: &Fragment<'_>, text: &[u8]) -> Vec<Finding> {
    let mut found: Vec<Finding> = lint::windows_with_source(fragment, text)
        .into_iter()
        .map(|found| Finding {
            rule: format!("{:?}", found.rule),
            severity: found.rule.severity(),
            cause: found.rule.to_string(),
            reference: found.rule.reference(),
            offset: (!found.span.is_empty()).then(|| found.span.start()),
            path: found.path,
        })
        .collect();
    // What weighs most is told first; the order of the document stays within that.
    found.sort_by_key(|finding| std::cmp::Reverse(severity_order(finding.severity)));
    found
}

const fn severity_order(severity: Severity) -> u8 {
    match severity {
        Severity::Hint => 0,
        Severity::Warning => 1,
        _ => 2,
    }
}

/// Writes a message in one of the two wire forms. What a lenient decoder took is written, too.
fn convert(bytes: &[u8], wire: Wire) -> Result<Vec<u8>, Refusal> {
    let text = utf8(bytes)?;
    let mut out = Vec::new();
    let xml = |pretty: bool| {
        let indent = pretty.then_some(2);
        XmlOptions::DEFAULT.with_strictness(Strictness::Lenient).with_indent(indent)
    };
    let wbxml = WbxmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
    let to = if wire == Wire::Wbxml { Encoding::Wbxml } else { Encoding::Xml };
    let fragment = match Fragment::parse_with(&text, Strictness::Lenient, &LIMITS) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let element = Encoding::detect(&text).and_then(|encoding| nested(&text, encoding)).ok_or(error)?;
            return match wire {
                Wire::Xml { .. } => Ok(element.to_xml().map_err(output)?.into_bytes()),
                Wire::Wbxml => element.to_wbxml(&wbxml).map_err(output),
            };
        }
    };
    let options = ConvertOptions::DEFAULT.with_binary(Binary::Base64).with_limits(LIMITS);
    let fragment = fragment.convert(to, &options)?;
    match wire {
        Wire::Xml { pretty } => fragment.encode_xml(&xml(pretty), &mut out).map_err(output)?,
        Wire::Wbxml => fragment.encode_wbxml(&wbxml, &mut out).map_err(output)?,
    }
    Ok(out)
}

/// Encoders count what they have written.
fn output(error: dm_syncml::Error) -> Refusal {
    Refusal(format!("{} at byte {} of the output", error.kind(), error.offset()))
}

/// What a fragment was written as.
const fn root_name(root: FragmentRoot) -> &'static str {
    match root {
        FragmentRoot::Message => "message",
        FragmentRoot::SyncMl => "SyncML without a header",
        FragmentRoot::SyncBody => "SyncBody alone",
        _ => "bare commands",
    }
}

/// Why the message would not be taken from a peer, where more is forgiven to what is stored.
fn refused_from_a_peer(document: &Document<'_>) -> Option<dm_syncml::Error> {
    let is_message = document.fragment.root == FragmentRoot::Message;
    is_message.then(|| Message::parse_with(document.text, Strictness::Lenient, &LIMITS).err()).flatten()
}

/// The members of a header that are addresses or texts, in the order of the standard.
fn header_texts<'h>(header: &'h SyncHdr<'_>) -> [(&'static str, Option<&'h str>); 5] {
    [
        ("VerDTD", Some(header.ver_dtd.as_str())),
        ("VerProto", Some(header.ver_proto.as_str())),
        ("SessionID", Some(header.session_id.as_str())),
        ("MsgID", Some(header.msg_id.as_str())),
        ("RespURI", header.resp_uri.as_ref().map(|uri| uri.as_str())),
    ]
}

/// Whether an element holds what is not to be shown.
fn is_secret(local: Option<&str>) -> bool {
    local.is_some_and(|name| name.eq_ignore_ascii_case("Cred") || name.eq_ignore_ascii_case("NextNonce"))
}
