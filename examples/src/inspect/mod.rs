//! `dm inspect`: what is this blob?
//!
//! A format is one line in [`FORMATS`] and one function that reads it into a [`Report`]. What a report
//! says is printed here, the same way for all.

mod client_uri;
mod notification;
mod packages;
mod syncml;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use dm_package::Strictness;
use dm_syncml::Nonce;
use dm_syncml::lint::Severity;

use crate::cli::{Form, InspectArgs, Wanted};
use crate::failure::Failure;
use crate::input::{Account, hex, to_base64, unbase64, unhex};
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::style::{BAD, FAINT, GOOD, NOTE, STRONG, paint};
use crate::output::{print, style};

pub(crate) use notification::{notification_json, option_items};
pub(crate) use packages::{
    alert_item, alert_json, command_json, command_text, mo_item, mo_json, mos_json, parameters, scalar, status_json,
};
pub(crate) use syncml::{syncml_items, syncml_json};

/// The longest input, in bytes: more than any format may have.
const MAX_INPUT: u64 = 64 << 20;

/// How many deviations, and how many findings, people get to read; JSON has more.
const LISTED: usize = 100;

/// A format that can be told and read.
pub(crate) struct Format {
    /// Its name in JSON and for `--as`.
    kind: &'static str,
    /// Its name for people.
    title: &'static str,
    /// Whether these bytes look like it.
    looks_like: fn(&Look<'_>) -> bool,
    /// Reads it.
    read: fn(&[u8], &Options<'_>) -> Result<Report, Refusal>,
    /// Writes it in the other wire form, if it has two.
    convert: Option<Convert>,
}

/// Writes what is in these bytes in a wire form.
type Convert = fn(&[u8], Wire) -> Result<Vec<u8>, Refusal>;

/// A wire form of a format that has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Xml {
        /// On lines of their own.
        pretty: bool,
    },
    Wbxml,
}

/// In the order in which they are tried. What looks like nothing is refused.
static FORMATS: [Format; 7] = [
    packages::PACKAGE_2,
    packages::PACKAGE_3,
    packages::PACKAGE_1,
    packages::MO_DATA,
    client_uri::CLIENT_URI,
    syncml::SYNCML,
    notification::NOTIFICATION,
];

/// A format that was chosen by name.
#[derive(Clone, Copy)]
pub(crate) struct Kind(&'static Format);

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        FORMATS.iter().find(|format| format.kind == name).map(Self).ok_or_else(|| {
            let names: Vec<&str> = FORMATS.iter().map(|format| format.kind).collect();
            format!("not one of {}", names.join(", "))
        })
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.kind)
    }
}

/// The bytes as the formats look at them.
pub(crate) struct Look<'a> {
    bytes: &'a [u8],
    /// The members of the outermost object (or of the first object in the outermost array), if the bytes
    /// look like JSON; found without demanding that the JSON is in order.
    members: Vec<&'static str>,
}

/// What may be asked of a reader.
pub(crate) struct Options<'a> {
    pub(crate) strictness: Strictness,
    /// Secret and authentication data.
    pub(crate) key: Option<(&'a [u8], &'a [u8])>,
    /// Whose credentials to check, and the nonce that goes into them.
    pub(crate) login: Option<(&'a Account, &'a Nonce)>,
    /// Whether to say what Windows would refuse.
    pub(crate) lint: bool,
    /// Whether nested documents are shown whatever their size.
    pub(crate) nested: bool,
}

/// What a blob says.
pub(crate) struct Report {
    /// For people.
    pub(crate) items: Vec<Item>,
    /// For machines: an object; `kind` is put in front.
    pub(crate) json: Json,
    /// What strict reading would have refused.
    pub(crate) deviations: Vec<Deviation>,
    /// How many more there were than are listed.
    pub(crate) unlisted: usize,
    /// What a peer would refuse, if that was asked for.
    pub(crate) findings: Option<Vec<Finding>>,
    /// It could be read, or part of it, but is refused all the same: the digest is wrong, the rest is missing.
    pub(crate) refusal: Option<Refusal>,
}

/// Something that the standard does not allow.
pub(crate) struct Deviation {
    pub(crate) kind: String,
    pub(crate) cause: String,
    pub(crate) offset: usize,
}

/// Something that the standard allows and a peer does not take.
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) cause: String,
    /// Who says so.
    pub(crate) reference: &'static str,
    pub(crate) path: String,
    /// `None` for what is not there at all.
    pub(crate) offset: Option<usize>,
}

/// Why a blob is refused, as the one line that is told.
pub(crate) struct Refusal(String);

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Runs `dm inspect`.
pub(crate) fn run(arguments: &InspectArgs) -> Result<(), Failure> {
    let given = read_input(&arguments.file).map_err(Failure::Usage)?;
    let (form, bytes) = decode(&given, arguments.from).map_err(Failure::Usage)?;
    let look = Look::new(&bytes);
    let format = match arguments.kind {
        Some(Kind(format)) => format,
        None => FORMATS.iter().find(|format| (format.looks_like)(&look)).ok_or_else(|| look.refusal())?,
    };
    let secret = arguments.secret.as_ref().map(|secret| secret.0.as_slice());
    let auth_data = arguments.auth_data.as_ref().map_or(&[][..], |data| &data.0);
    if arguments.lint.is_some() && format.kind != syncml::SYNCML.kind {
        return Err(Failure::Usage(anyhow::anyhow!("--lint checks SyncML, and this is a {}", format.title)));
    }
    if arguments.login.is_some() && format.kind != syncml::SYNCML.kind {
        return Err(Failure::Usage(anyhow::anyhow!("--login checks SyncML, and this is a {}", format.title)));
    }
    if secret.is_some() && format.kind != notification::NOTIFICATION.kind {
        return Err(Failure::Usage(anyhow::anyhow!("--secret checks notifications, and this is a {}", format.title)));
    }
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    let nonce = arguments.nonce.clone().unwrap_or_default().0;
    let options = Options {
        strictness,
        key: secret.map(|secret| (secret, auth_data)),
        login: arguments.login.as_ref().map(|login| (login, &nonce)),
        lint: arguments.lint.is_some(),
        nested: arguments.nested,
    };
    let mut report = (format.read)(&bytes, &options).map_err(|Refusal(why)| Failure::Refused(why))?;
    if arguments.strict && report.refusal.is_none() {
        // What touches one command or alert alone is reported by the decoders, not refused.
        report.refusal = report.deviations.first().map(|met| Refusal(format!("{} at byte {}", met.cause, met.offset)));
    }

    // A finding weighs what it says; --strict takes warnings for errors.
    let limit = if arguments.strict { Severity::Warning } else { Severity::Error };
    if report.refusal.is_none()
        && let Some(finding) = report.findings.iter().flatten().find(|finding| finding.severity >= limit)
    {
        report.refusal = Some(finding.refusal());
    }

    if let Some(wanted) = arguments.to {
        match wanted.form() {
            Ok(form) => convert(&bytes, form)?,
            Err(wire) => rewrite(&bytes, format, wire, arguments.pretty, &report)?,
        }
    } else if arguments.json {
        print(&(report.to_json(format, form, &bytes).to_line() + "\n"))?;
    } else {
        print(&report.to_text(format, form, &bytes))?;
    }
    match report.refusal {
        Some(Refusal(why)) => Err(Failure::Refused(why)),
        None => Ok(()),
    }
}

fn read_input(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_INPUT + 1).read_to_end(&mut bytes).context("standard input")?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        opened.take(MAX_INPUT + 1).read_to_end(&mut bytes).with_context(|| file.display().to_string())?;
    }
    anyhow::ensure!(u64::try_from(bytes.len())? <= MAX_INPUT, "more than {} MiB of input", MAX_INPUT >> 20);
    Ok(bytes)
}

/// Undoes hex or base64, found out or as told.
fn decode(given: &[u8], from: Option<Form>) -> anyhow::Result<(Form, Vec<u8>)> {
    let text = std::str::from_utf8(given);
    match from {
        Some(Form::Raw) => Ok((Form::Raw, given.to_vec())),
        Some(Form::Hex) => Ok((Form::Hex, unhex(text?).context("the input is not hex")?)),
        Some(Form::Base64) => Ok((Form::Base64, unbase64(text?).context("the input is not base64")?)),
        None => Ok(text.ok().and_then(decode_text).unwrap_or_else(|| (Form::Raw, given.to_vec()))),
    }
}

/// Text that is bytes written down; `None` for what has to be read as it stands.
fn decode_text(text: &str) -> Option<(Form, Vec<u8>)> {
    let inner = text.trim();
    let plain = inner.is_empty()
        || inner.starts_with(['{', '[', '<', '\u{feff}'])
        || text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace());
    if plain {
        return None;
    }
    let hex = unhex(inner).map(|bytes| (Form::Hex, bytes));
    // A URN, too, could be base64 without its colons; with them it is not.
    hex.or_else(|| unbase64(inner).map(|bytes| (Form::Base64, bytes)))
}

/// Prints the bytes in another form.
fn convert(bytes: &[u8], form: Form) -> Result<(), Failure> {
    match form {
        Form::Raw => std::io::stdout().lock().write_all(bytes)?,
        Form::Hex => print(&(hex(bytes) + "\n"))?,
        Form::Base64 => print(&(to_base64(bytes) + "\n"))?,
    }
    Ok(())
}

/// Prints what is in the bytes in a wire form. Part of a message is not passed off as the whole.
fn rewrite(bytes: &[u8], format: &Format, wanted: Wanted, pretty: bool, report: &Report) -> Result<(), Failure> {
    let Some(convert) = format.convert else {
        return Err(Failure::Usage(anyhow::anyhow!(
            "--to {} converts SyncML, and this is a {}",
            wanted.name(),
            format.title
        )));
    };
    if report.refusal.is_some() {
        return Ok(());
    }
    let wire = if wanted == Wanted::Xml { Wire::Xml { pretty } } else { Wire::Wbxml };
    let mut out = convert(bytes, wire).map_err(|Refusal(why)| Failure::Refused(why))?;
    if pretty && wanted == Wanted::Xml {
        out.push(b'\n');
    }
    std::io::stdout().lock().write_all(&out)?;
    Ok(())
}

impl<'a> Look<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        const KNOWN: [&str; 6] = ["CMD", "Status", "MOS", "Alert", "MOData", "ClientURI"];
        let mut members = Vec::new();
        let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if json.first().is_some_and(|first| matches!(first, b'{' | b'[')) {
            let depth_wanted = if json.starts_with(b"[") { 2 } else { 1 };
            members = outer_names(json, depth_wanted, &KNOWN);
        }
        Self { bytes, members }
    }

    fn has(&self, member: &str) -> bool {
        self.members.contains(&member)
    }

    /// The text, if it is one.
    fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes).ok()
    }

    /// What to say of bytes that look like no format.
    fn refusal(&self) -> Failure {
        let what = match self.bytes.trim_ascii_start().first() {
            None => "nothing to read",
            Some(b'{' | b'[') => "JSON, but of no DM format",
            Some(b'<') => "not XML, though it begins like it",
            _ => "of no known format",
        };
        Failure::Refused(format!("{what} at byte 0"))
    }
}

/// The names among `known` that are members at a depth. It looks at quotes and brackets only, so a
/// broken or cut-off text is recognised, too, and the decoder can say what is wrong with it.
fn outer_names(json: &[u8], depth_wanted: usize, known: &[&'static str]) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let mut escaped = false;
                let end = rest.iter().position(|&byte| {
                    let ends = byte == b'"' && !escaped;
                    escaped = byte == b'\\' && !escaped;
                    ends
                });
                let Some((text, behind)) = end.and_then(|end| rest.split_at_checked(end)) else { return found };
                rest = behind.get(1..).unwrap_or_default();
                let named = rest.trim_ascii_start().starts_with(b":");
                let known = known.iter().find(|name| named && depth == depth_wanted && name.as_bytes() == text);
                found.extend(known);
            }
            _ => {}
        }
    }
    found
}

impl Report {
    fn to_json(&self, format: &Format, form: Form, bytes: &[u8]) -> Json {
        let Json::Object(members) = self.json.clone() else { return Json::Null };
        let deviations = self.deviations.iter().map(|deviation| {
            Json::object()
                .with("kind", deviation.kind.as_str())
                .with("cause", deviation.cause.as_str())
                .with("offset", deviation.offset)
        });
        let mut json = Json::object()
            .with("kind", format.kind)
            .with("encoding", form.name())
            .with("length", bytes.len())
            .with_all(members);
        if let Some(findings) = &self.findings {
            json = json.with("lint", findings.iter().map(Finding::to_json).collect::<Json>());
        }
        if self.unlisted > 0 {
            json = json.with("deviations_unlisted", self.unlisted);
        }
        json.with("deviations", deviations.collect::<Json>())
    }

    fn to_text(&self, format: &Format, form: Form, bytes: &[u8]) -> String {
        let size = format!("{} bytes{}", bytes.len(), form.remark());
        let mut text = format!("{}  {}\n", paint(STRONG, format.title), paint(FAINT, size));
        text += &outline::draw(&self.items, 0);
        text += "\n";
        match &self.refusal {
            Some(Refusal(why)) => text += &format!("{} {}\n", paint(BAD, "✗"), style::safe(why)),
            None if self.deviations.is_empty() => {
                text += &format!("{} accepted, no deviation from the standard\n", paint(GOOD, "✓"));
            }
            None => {
                text +=
                    &format!("{} accepted, with {}\n", paint(NOTE, "✓"), count(self.deviations.len() + self.unlisted))
            }
        }
        for Deviation { cause, offset, .. } in self.deviations.iter().take(LISTED) {
            text += &format!("  {} at byte {offset}\n", paint(NOTE, cause));
        }
        let more = self.deviations.len().saturating_sub(LISTED) + self.unlisted;
        if more > 0 {
            text += &format!("  {more} more\n");
        }
        if let Some(findings) = &self.findings {
            text += &draw_findings(findings);
        }
        text
    }
}

/// What a peer would refuse, a line each.
fn draw_findings(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return format!("{} nothing that Windows would refuse\n", paint(GOOD, "✓"));
    }
    let mut text = String::from("what Windows makes of it\n");
    for finding in findings.iter().take(LISTED) {
        let colour = match finding.severity {
            Severity::Hint => FAINT,
            Severity::Warning => NOTE,
            _ => BAD,
        };
        let at = finding.offset.map_or_else(String::new, |offset| format!(" at byte {offset}"));
        let path = style::safe(&finding.path);
        let severity = style::pad(colour, finding.severity_name(), 7);
        text += &format!("  {severity}  {}{at}  {}\n", finding.cause, paint(FAINT, path));
    }
    if findings.len() > LISTED {
        text += &format!("  {} more\n", findings.len() - LISTED);
    }
    text
}

impl Finding {
    const fn severity_name(&self) -> &'static str {
        match self.severity {
            Severity::Hint => "hint",
            Severity::Warning => "warning",
            _ => "error",
        }
    }

    fn refusal(&self) -> Refusal {
        let at = self.offset.map_or_else(String::new, |offset| format!(" at byte {offset}"));
        Refusal(format!("{}: {}{at}", style::safe(&self.path), self.cause))
    }

    fn to_json(&self) -> Json {
        Json::object()
            .with("rule", self.rule.as_str())
            .with("severity", self.severity_name())
            .with("cause", self.cause.as_str())
            .with("reference", self.reference)
            .with("path", self.path.as_str())
            .with("offset", self.offset)
    }
}

fn count(deviations: usize) -> String {
    if deviations == 1 { "1 deviation".into() } else { format!("{deviations} deviations") }
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    const fn remark(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Hex => ", given in hex",
            Self::Base64 => ", given in base64",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        let look = Look::new(bytes);
        FORMATS.iter().find(|format| (format.looks_like)(&look)).map(|format| format.kind)
    }

    #[test]
    fn formats_are_told() {
        for (bytes, expected) in [
            (&b"\x20\x80\x12dm"[..], Some("dm2-notification")),
            (b"\x10\x80\x12dm", Some("dm2-notification")),
            (br#"{"CMD":[["END"]]}"#, Some("dm2-package2")),
            (br#"  {"x":{"Status":1},"CMD":["#, Some("dm2-package2")),
            (br#"{"Status":[],"Alert":[]}"#, Some("dm2-package3")),
            (br#"{"Alert":[{"Data":{"CMD":[]}}]}"#, Some("dm2-package1")),
            (br#"{"MOS":[]}"#, Some("dm2-package1")),
            (br#"[{"ClientURI":"x","MOData":{"Status":{}}}]"#, Some("dm2-mo-data")),
            (br#"{"MOData":{"X":{"CMD":1}}}"#, Some("dm2-mo-data")),
            (b"[]", Some("dm2-mo-data")),
            (b"urn:oma:mo:oma-dm-devinfo:1.2//FwV\n", Some("dm2-client-uri")),
            (br#"{"hello":"CMD"}"#, None),
            (b"<SyncML/>", Some("syncml")),
            (b"\xef\xbb\xbf <SyncBody>", Some("syncml")),
            (b"<\0G\0e\0t\0>\0", Some("syncml")),
            (b"\x02\xa4\x01\x6a\x00\x6d", Some("syncml")),
            (b"\x03\x00\x00\x6a\x1d-//SYNCML", Some("syncml")),
            (b"\x00\x80\x1ad", Some("dm2-notification")),
            (b"\x3c\x00\x1ad", Some("dm2-notification")),
            (b"", None),
        ] {
            assert_eq!(kind(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn encodings_are_told() {
        for (given, form) in [
            (&b"20 80 | 12 64 6d\n"[..], Form::Hex),
            (b"IIASZG0=", Form::Base64),
            (b"IIASZG0", Form::Base64),
            (b"\x20\x80\x12dm", Form::Raw),
            (br#"{"CMD":[]}"#, Form::Raw),
            (b"urn:oma:mo:x:1.0//", Form::Raw),
            (b"", Form::Raw),
        ] {
            assert_eq!(decode(given, None).unwrap().0, form, "{given:?}");
        }
        assert_eq!(decode(b"20801", Some(Form::Hex)).unwrap_err().to_string(), "the input is not hex");
    }
}
