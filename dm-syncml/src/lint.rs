//! What one kind of peer is known to refuse or to misread, beyond what the standard says.
//!
//! A message may be perfectly legal and still fail. The rules here are about messages that a server is about to send
//! to a Windows client (MS-MDM, Microsoft Learn, captures of Windows 10 and 11).
//!
//! ```
//! use dm_syncml::{Command, Container, Item, Operation, Fragment, lint};
//! let get = Command::Get(Operation::new("2").with_item(Item::target("./DevDetail/SwV")));
//! let mut profile = Fragment::default();
//! profile.commands.push(Command::Atomic(Container::new("1").with_command(get)));
//! let findings = lint::windows(&profile);
//! assert_eq!(findings[0].to_string(), "/Atomic[1]/Get[1]: Get inside Atomic is answered 500, the Atomic 507");
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, slice};

use crate::{
    Command, CommandName, Content, Data, Format, Fragment, FragmentRoot, Item, LocUri, Message, Meta, Operation, Query,
    Scope, Span, SyncHdr,
};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Hint,
    /// Works with some versions or in some states.
    Warning,
    /// Fails.
    Error,
}

macro_rules! rules {
    ($( $(#[doc = $doc:literal])+ $rule:ident $severity:ident, $words:literal, $reference:literal; )+) => {
        /// One rule each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule { $( $(#[doc = $doc])+ $rule, )+ }

        impl Rule {
            /// Every rule, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// How much it weighs.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $( Self::$rule => Severity::$severity, )+ }
            }

            /// Who says so.
            #[must_use]
            pub const fn reference(self) -> &'static str {
                match self { $( Self::$rule => $reference, )+ }
            }
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$rule => $words, )+ })
            }
        }
    };
}

rules! {
    /// `VerDTD` is not `1.2`.
    VerDtd Error, "VerDTD is not 1.2", "MS-MDM";
    /// `VerProto` is not `DM/1.2`.
    VerProto Error, "VerProto is not DM/1.2", "MS-MDM";
    /// A `MaxMsgSize` in the header.
    MaxMsgSize Warning, "MaxMsgSize makes Windows abort (1223) instead of sending in chunks", "capture of Windows 11";
    /// A message whose first command is not the Status of the header.
    HeaderStatus Warning, "the first command is not the Status of the header", "SyncML Representation, StatusType";
    /// No commands at all in a profile.
    NoCommands Warning, "no commands", "practice of profile stores";

    /// A command without a CmdID.
    MissingCmdId Error, "missing CmdID is answered 400 with an empty CmdRef", "Microsoft Learn";
    /// A CmdID `0`.
    CmdIdZero Error, "CmdID 0 is reserved for the header", "SyncML Representation §6";
    /// A CmdID twice in the message.
    CmdIdRepeated Error, "CmdID used twice: the answers cannot be told apart", "SyncML Representation §6";
    /// Copy, or a command of DS, or an unknown one.
    UnsupportedCommand Error, "command that Windows does not know is answered 400", "MS-MDM";
    /// Results from a server.
    ResultsFromServer Error, "only clients send Results", "MS-MDM";
    /// A Status that answers a Status.
    StatusForStatus Warning, "a Status is not answered", "DM Representation §6.5";
    /// An alert of 1100 to 1104.
    UserInteraction Error, "alerts that ask the user something are not supported", "MS-MDM";
    /// A Correlator.
    Correlator Warning, "Correlator is not echoed", "MS-MDM";
    /// An Atomic or Sequence without commands.
    EmptyContainer Error, "container without a command", "MS-MDM";
    /// An Atomic in an Atomic, at any depth.
    AtomicInAtomic Error, "nested Atomic is answered 500, its parent 507", "Microsoft Learn";
    /// A Get in an Atomic, at any depth.
    GetInAtomic Error, "Get inside Atomic is answered 500, the Atomic 507", "Microsoft Learn";
    /// Add and Replace of one node in one Atomic.
    AddThenReplace Error, "Add and Replace of one node in one Atomic", "Microsoft Learn";

    /// A command without an item.
    NoItems Error, "command without an item", "MS-MDM";
    /// An item without a Target.
    MissingTarget Error, "item without a Target", "MS-MDM";
    /// An empty LocURI.
    EmptyLocUri Error, "empty LocURI", "MS-MDM";
    /// A LocURI that begins with `/`.
    LeadingSlash Error, "LocURI begins with \"/\"", "MS-MDM";
    /// A `.` or `..` behind the first segment.
    DotSegment Error, "\".\" may only be the first segment of a LocURI", "MS-MDM";
    /// Two slashes in a row, or one at the end.
    EmptySegment Warning, "LocURI has an empty segment", "DM TND §6";
    /// White space at the ends of a LocURI.
    LocUriSpace Warning, "LocURI has white space at its ends", "DM TND §6";
    /// The property ACL.
    AclProperty Error, "access control lists are not supported", "MS-MDM";
    /// A node under `./User`.
    UserScope Hint, "works only while the user is logged on: 405 or 500 otherwise", "Microsoft Learn";

    /// A Format outside the list.
    UnknownFormat Warning, "Format outside the list of the standard", "MetaInformation §5.3";
    /// Format `bin`, which XML does not have.
    BinaryFormat Error, "Format bin exists in WBXML only", "DM TND §7.7.2";
    /// Elements straight in Data.
    RawMarkup Warning, "raw mark-up in Data: escape the value", "Microsoft Learn";
    /// A CDATA section in Data. Only seen with the input.
    Cdata Error, "CDATA in Data does not work", "Microsoft Learn, known issues";
}

/// What a rule found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The element: names with the number of each among those of its name, from the body or the fragment on, such as
    /// `/SyncBody/Atomic[2]/Get[1]/Item[1]`.
    pub path: String,
    /// Where the command, header or data stood in the input; empty for a value that came from none.
    pub span: Span,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.rule)
    }
}

/// What can be linted: a [`Message`] or a [`Fragment`]. Sealed.
pub trait Lint: sealed::Sealed {}

impl Lint for Message<'_> {}
impl Lint for Fragment<'_> {}

mod sealed {
    use crate::{Command, FragmentRoot, SyncHdr};

    #[expect(unnameable_types, reason = "seals Lint")]
    pub trait Sealed {
        fn header(&self) -> Option<&SyncHdr<'_>>;
        fn commands(&self) -> &[Command<'_>];
        fn root(&self) -> FragmentRoot;
    }
}

impl sealed::Sealed for Message<'_> {
    fn header(&self) -> Option<&SyncHdr<'_>> {
        Some(&self.header)
    }

    fn commands(&self) -> &[Command<'_>] {
        &self.commands
    }

    fn root(&self) -> FragmentRoot {
        FragmentRoot::Message
    }
}

impl sealed::Sealed for Fragment<'_> {
    fn header(&self) -> Option<&SyncHdr<'_>> {
        self.header.as_ref()
    }

    fn commands(&self) -> &[Command<'_>] {
        &self.commands
    }

    fn root(&self) -> FragmentRoot {
        self.root
    }
}

/// What a Windows client would refuse or misread, in document order: the header first, then each command.
#[must_use]
pub fn windows(value: &impl Lint) -> Vec<Finding> {
    run(value, None)
}

/// The same with the input that the value was parsed from: it shows what the model does not, such as CDATA sections.
#[must_use]
pub fn windows_with_source(value: &impl Lint, input: &[u8]) -> Vec<Finding> {
    run(value, Some(input))
}

fn run(value: &impl Lint, input: Option<&[u8]>) -> Vec<Finding> {
    let commands = value.commands();
    let mut linter = Linter { input, findings: Vec::new(), path: String::new(), ids: BTreeSet::new() };
    if let Some(header) = value.header() {
        linter.header(header);
        if !matches!(commands.first(), Some(Command::Status(status)) if status.is_for_header()) {
            linter.path.push_str("/SyncBody");
            linter.find(Rule::HeaderStatus, Span::default());
        }
    }
    linter.path.clear();
    if value.root() != FragmentRoot::Commands {
        linter.path.push_str("/SyncBody");
    }
    if commands.is_empty() && value.header().is_none() {
        linter.find(Rule::NoCommands, Span::default());
    }
    linter.commands(commands);
    linter.findings
}

struct Linter<'l> {
    input: Option<&'l [u8]>,
    findings: Vec<Finding>,
    /// Of what is being looked at.
    path: String,
    ids: BTreeSet<&'l str>,
}

/// A list of commands that is being looked at.
struct Level<'l> {
    rest: slice::Iter<'l, Command<'l>>,
    /// How many of each name there were.
    counts: BTreeMap<&'l str, usize>,
    /// How long the path to it is.
    path: usize,
    /// Nodes that were added, when this is an Atomic.
    added: Option<BTreeSet<String>>,
}

impl<'l> Linter<'l> {
    fn find(&mut self, rule: Rule, span: Span) {
        let path = if self.path.is_empty() { String::from("/") } else { self.path.clone() };
        self.findings.push(Finding { rule, path, span });
    }

    fn find_in(&mut self, part: &str, rule: Rule, span: Span) {
        let len = self.path.len();
        self.path.push_str(part);
        self.find(rule, span);
        self.path.truncate(len);
    }

    fn header(&mut self, header: &SyncHdr<'_>) {
        self.path.push_str("/SyncHdr");
        if &*header.ver_dtd != "1.2" {
            self.find_in("/VerDTD", Rule::VerDtd, header.span());
        }
        if &*header.ver_proto != "DM/1.2" {
            self.find_in("/VerProto", Rule::VerProto, header.span());
        }
        if header.meta.as_ref().and_then(Meta::max_msg_size).is_some() {
            self.find_in("/Meta/MaxMsgSize", Rule::MaxMsgSize, header.span());
        }
        self.path.clear();
    }

    /// No recursion: what is open stands in a list.
    fn commands(&mut self, commands: &'l [Command<'l>]) {
        let level = |rest: &'l [Command<'l>], path: usize, atomic: bool| Level {
            rest: rest.iter(),
            counts: BTreeMap::new(),
            path,
            added: atomic.then(BTreeSet::new),
        };
        let mut open = Vec::from([level(commands, self.path.len(), false)]);
        // How many of the open ones are Atomic.
        let mut atomics = 0_usize;
        while let Some(current) = open.last_mut() {
            self.path.truncate(current.path);
            let Some(command) = current.rest.next() else {
                if current.added.is_some() {
                    atomics = atomics.saturating_sub(1);
                }
                open.pop();
                continue;
            };
            let name = command.name().unwrap_or("*");
            let count = current.counts.entry(name).or_default();
            *count = count.saturating_add(1);
            self.path.push_str(&format!("/{name}[{count}]"));
            self.id(command);
            self.command(command, atomics > 0);
            if let (Command::Add(it) | Command::Replace(it), Some(added)) = (command, &mut current.added) {
                let is_add = matches!(command, Command::Add(_));
                self.add_then_replace(it, is_add, added);
            }
            if let Command::Atomic(it) | Command::Sequence(it) = command {
                let is_atomic = matches!(command, Command::Atomic(_));
                if is_atomic {
                    atomics = atomics.saturating_add(1);
                }
                let path = self.path.len();
                open.push(level(&it.commands, path, is_atomic));
            }
        }
    }

    fn id(&mut self, command: &'l Command<'l>) {
        let Some(id) = command.cmd_id() else { return };
        let rule = match id.as_str() {
            "" => Rule::MissingCmdId,
            "0" => Rule::CmdIdZero,
            id if !self.ids.insert(id) => Rule::CmdIdRepeated,
            _ => return,
        };
        self.find(rule, command.span());
    }

    fn command(&mut self, command: &Command<'_>, in_atomic: bool) {
        let span = command.span();
        match command {
            Command::Add(it) | Command::Replace(it) | Command::Delete(it) | Command::Exec(it) => {
                self.operation(command, it);
            }
            Command::Get(it) => {
                if in_atomic {
                    self.find(Rule::GetInAtomic, span);
                }
                self.operation(command, it);
            }
            Command::Copy(_) | Command::Ds(_) | Command::Unknown(_) => self.find(Rule::UnsupportedCommand, span),
            Command::Results(_) => self.find(Rule::ResultsFromServer, span),
            Command::Status(it) => {
                if it.cmd == Some(CommandName::Status) {
                    self.find(Rule::StatusForStatus, span);
                }
            }
            Command::Alert(it) => {
                if it.code().is_some_and(crate::AlertCode::is_user_interaction) {
                    self.find(Rule::UserInteraction, span);
                }
                if it.correlator.is_some() {
                    self.find_in("/Correlator", Rule::Correlator, span);
                }
            }
            Command::Atomic(it) | Command::Sequence(it) => {
                if in_atomic && matches!(command, Command::Atomic(_)) {
                    self.find(Rule::AtomicInAtomic, span);
                }
                if it.commands.is_empty() {
                    self.find(Rule::EmptyContainer, span);
                }
            }
        }
    }

    fn operation(&mut self, command: &Command<'_>, it: &Operation<'_>) {
        let span = command.span();
        if it.correlator.is_some() {
            self.find_in("/Correlator", Rule::Correlator, span);
        }
        if it.items.is_empty() {
            self.find(Rule::NoItems, span);
        }
        if let Some(meta) = &it.meta {
            self.format(meta, span);
        }
        let len = self.path.len();
        for (at, item) in (1_usize..).zip(it.items.iter()) {
            self.path.push_str(&format!("/Item[{at}]"));
            self.item(item, span);
            self.path.truncate(len);
        }
    }

    fn item(&mut self, item: &Item<'_>, span: Span) {
        match item.target_uri() {
            None => self.find(Rule::MissingTarget, span),
            Some(uri) => {
                for rule in address(uri) {
                    self.find_in("/Target/LocURI", rule, span);
                }
            }
        }
        if let Some(meta) = &item.meta {
            self.format(meta, span);
        }
        if let Some(data) = &item.data {
            self.data(data, span);
        }
    }

    fn format(&mut self, meta: &Meta<'_>, span: Span) {
        match meta.format() {
            Some(Format::Bin) => self.find_in("/Meta/Format", Rule::BinaryFormat, span),
            Some(Format::Other(_)) => self.find_in("/Meta/Format", Rule::UnknownFormat, span),
            _ => {}
        }
    }

    fn data(&mut self, data: &Data<'_>, span: Span) {
        let span = if data.span().is_empty() { span } else { data.span() };
        if matches!(data.content, Content::Markup(_) | Content::Element(_)) {
            self.find_in("/Data", Rule::RawMarkup, span);
            return;
        }
        let source = self.input.and_then(|input| input.get(data.span().range())).unwrap_or_default();
        // In WBXML the same characters are text.
        let is_xml = matches!(self.input.and_then(<[u8]>::first), Some(4..));
        if is_xml && memchr::memmem::find(source, b"<![CDATA[").is_some() {
            self.find_in("/Data", Rule::Cdata, span);
        }
    }

    fn add_then_replace(&mut self, it: &Operation<'_>, is_add: bool, added: &mut BTreeSet<String>) {
        let len = self.path.len();
        for (at, item) in (1_usize..).zip(it.items.iter()) {
            let Some(uri) = item.target_uri().map(|uri| same(uri)) else { continue };
            if is_add {
                added.insert(uri);
            } else if added.contains(&uri) {
                self.path.push_str(&format!("/Item[{at}]"));
                self.find(Rule::AddThenReplace, it.span);
                self.path.truncate(len);
            }
        }
    }
}

/// An address in the spelling that it is compared in: without the leading `./`, and without `Device/`, which is what
/// no scope means.
fn same(uri: &LocUri<'_>) -> String {
    let text = crate::text::trim(uri.as_str());
    let text = text.strip_prefix("./").unwrap_or(text);
    let text = match text.split_once('/') {
        Some((first, rest)) if first.eq_ignore_ascii_case("device") => rest,
        _ => text,
    };
    String::from(text.trim_end_matches('/'))
}

fn address(uri: &LocUri<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let text = crate::text::trim(uri.as_str());
    if text.len() != uri.as_str().len() {
        rules.push(Rule::LocUriSpace);
    }
    let uri = LocUri::from(text);
    let (path, _) = uri.split_query();
    if text.is_empty() {
        rules.push(Rule::EmptyLocUri);
        return rules;
    }
    if path.starts_with('/') {
        rules.push(Rule::LeadingSlash);
    }
    let segments = || path.split('/').skip(1);
    if segments().any(|segment| matches!(segment, "." | "..")) || path.starts_with("..") {
        rules.push(Rule::DotSegment);
    }
    if path != "./" && segments().any(str::is_empty) {
        rules.push(Rule::EmptySegment);
    }
    if matches!(uri.query(), Some(Query::Prop(name)) if name.eq_ignore_ascii_case("ACL")) {
        rules.push(Rule::AclProperty);
    }
    if uri.scope() == Scope::User {
        rules.push(Rule::UserScope);
    }
    rules
}
