//! Access control lists (§5 of the tree reference).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use dm_syncml::StatusCode;

/// A right that an ACL gives (OMA-TS-DM_TND-V1_2 §7.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AclCommand {
    /// To create nodes below.
    Add,
    /// To delete the node.
    Delete,
    /// To execute it.
    Exec,
    /// To read it.
    Get,
    /// To change it.
    Replace,
}

impl AclCommand {
    /// All of them, in the order of a canonical ACL.
    pub const ALL: [Self; 5] = [Self::Add, Self::Delete, Self::Exec, Self::Get, Self::Replace];

    /// How an ACL spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
            Self::Get => "Get",
            Self::Replace => "Replace",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for AclCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An access control list: which servers may do what (OMA-TS-DM_TND-V1_2 §7.7.1).
///
/// ```text
/// acl   = entry *( "&" entry )
/// entry = command "=" id *( "+" id )
/// id    = "*" / 1*id-char            ; printable, no "=" "&" "*" "+", no white space
/// ```
///
/// Keeps the text as it was set, and what it means: a command that stands twice has the ids of both, `*` is every
/// server. Two are equal when their texts are; [`same_rights`](Self::same_rights) compares what they mean. No ACL at
/// all (the empty text), which inherits, is none of these.
///
/// ```
/// use dm_session::tree::dm1::{Acl, AclCommand};
///
/// let acl = Acl::parse("Replace=b+a&Get=*")?;
/// assert!(acl.allows(AclCommand::Get, "anyone") && !acl.allows(AclCommand::Replace, "anyone"));
/// assert_eq!(acl.as_str(), "Replace=b+a&Get=*");
/// assert_eq!(acl.to_canonical(), "Get=*&Replace=a+b");
/// # Ok::<(), dm_session::tree::dm1::AclError>(())
/// ```
#[derive(Clone)]
pub struct Acl {
    text: Box<str>,
    /// Sorted by id, each once; never `*`.
    ids: Box<[Id]>,
    /// Commands that every server may use.
    everyone: u8,
}

/// Where an id stands in the text, and the commands it has: one bit each.
#[derive(Clone, Copy)]
struct Id {
    start: u32,
    end: u32,
    commands: u8,
}

impl Id {
    fn of(self, text: &str) -> &str {
        let place = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        place.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
    }
}

impl Acl {
    /// Bytes of the longest text that a tree takes (16 KiB); more is answered 420. [`parse`](Self::parse) takes longer
    /// ones.
    pub const MAX_LEN: usize = 16 << 10;

    /// Reads the text of an ACL. White space is not taken anywhere, nor is another spelling of a command.
    ///
    /// # Errors
    ///
    /// Any [`AclErrorKind`]. The empty text is one, too: it is no ACL.
    pub fn parse(text: &str) -> Result<Self, AclError> {
        if u32::try_from(text.len()).is_err() {
            return Err(AclErrorKind::TooLong.at(0));
        }
        let mut ids = Vec::new();
        let mut everyone = 0;
        let mut at = 0_usize;
        for entry in text.split('&') {
            let (command, mut start) = head(entry, at)?;
            at = at.saturating_add(entry.len()).saturating_add(1);
            for id in entry.get(command.as_str().len().saturating_add(1)..).unwrap_or_default().split('+') {
                let end = start.saturating_add(id.len());
                if id == "*" {
                    everyone |= command.bit();
                } else {
                    check_id(id).map_err(|error| error.kind.at(start.saturating_add(error.offset)))?;
                    let place = u32::try_from(start).ok().zip(u32::try_from(end).ok());
                    ids.extend(place.map(|(start, end)| Id { start, end, commands: command.bit() }));
                }
                start = end.saturating_add(1);
            }
        }
        ids.sort_unstable_by(|left: &Id, right: &Id| left.of(text).cmp(right.of(text)));
        ids.dedup_by(|later, kept| {
            let same = later.of(text) == kept.of(text);
            if same {
                kept.commands |= later.commands;
            }
            same
        });
        Ok(Self { text: text.into(), ids: ids.into(), everyone })
    }

    /// Whether this server may use this command. Ids are compared whole and byte by byte; a server that is called `*`
    /// is none of this name.
    #[must_use]
    pub fn allows(&self, command: AclCommand, server_id: &str) -> bool {
        self.allows_all(command) || self.find(server_id).is_some_and(|id| id.commands & command.bit() != 0)
    }

    /// Whether every server may use this command.
    #[must_use]
    pub const fn allows_all(&self, command: AclCommand) -> bool {
        self.everyone & command.bit() != 0
    }

    /// Whether any server may use this command.
    #[must_use]
    pub fn has(&self, command: AclCommand) -> bool {
        self.allows_all(command) || self.ids.iter().any(|id| id.commands & command.bit() != 0)
    }

    /// Whether this server is named, for whatever command.
    #[must_use]
    pub fn names(&self, server_id: &str) -> bool {
        self.find(server_id).is_some()
    }

    /// The text as it was set; canonical where the device composed the ACL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text with each command once, in the order of [`AclCommand::ALL`], ids sorted by code point, `*` alone.
    #[must_use]
    pub fn to_canonical(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for command in AclCommand::ALL {
            self.push_entry(&mut text, command, &|_| false);
        }
        text
    }

    /// Whether two texts mean the same.
    #[must_use]
    pub fn same_rights(&self, other: &Self) -> bool {
        self.text == other.text || self.to_canonical() == other.to_canonical()
    }

    /// The ACL of an interior node whose creator may not replace its parent: the creator gets Add, Delete and Replace
    /// (§5.6 of the tree reference).
    ///
    /// Unless `literal`, the Get entry of `parent`, the ACL in effect for the parent, goes along, so that nobody gains
    /// and nobody loses the right to read. `None` if the creator's id cannot be written in an ACL
    /// ([`can_name`](Self::can_name)): such a server is reached by `*` only.
    ///
    /// ```
    /// use dm_session::tree::dm1::Acl;
    ///
    /// let root = Acl::parse("Add=*&Get=*")?;
    /// let of = |literal| Acl::grant("S", Some(&root), literal).map(|acl| acl.to_canonical());
    /// assert_eq!(of(false).as_deref(), Some("Add=S&Delete=S&Get=*&Replace=S"));
    /// assert_eq!(of(true).as_deref(), Some("Add=S&Delete=S&Replace=S"));
    /// # Ok::<(), dm_session::tree::dm1::AclError>(())
    /// ```
    #[must_use]
    pub fn grant(creator: &str, parent: Option<&Self>, literal: bool) -> Option<Self> {
        if !Self::can_name(creator) {
            return None;
        }
        let mut text = String::new();
        for command in AclCommand::ALL {
            match command {
                AclCommand::Add | AclCommand::Delete | AclCommand::Replace => {
                    push_id(&mut text, command, true, creator)
                }
                AclCommand::Get if !literal => {
                    if let Some(parent) = parent {
                        parent.push_entry(&mut text, command, &|_| false);
                    }
                }
                AclCommand::Get | AclCommand::Exec => {}
            }
        }
        Self::parse(&text).ok()
    }

    /// Whether an ACL can have this server identifier.
    #[must_use]
    pub fn can_name(server_id: &str) -> bool {
        check_id(server_id).is_ok()
    }

    /// The ACL after the account of this server is gone: its id nowhere, commands without ids dropped, `*` kept
    /// (§5.8 of the tree reference).
    #[must_use]
    pub fn without(&self, server_id: &str) -> AclRemoval {
        if self.names(server_id) { self.without_all(&|id| id == server_id) } else { AclRemoval::Unchanged }
    }

    /// The same after several went at once.
    pub(super) fn without_all(&self, gone: &dyn Fn(&str) -> bool) -> AclRemoval {
        if !self.ids.iter().any(|id| gone(id.of(&self.text))) {
            return AclRemoval::Unchanged;
        }
        let mut text = String::with_capacity(self.text.len());
        for command in AclCommand::ALL {
            self.push_entry(&mut text, command, gone);
        }
        Self::parse(&text).map_or(AclRemoval::Emptied, AclRemoval::Changed)
    }

    /// The same for the root, which always has an ACL: a command that would be left without ids gets those of
    /// `default`, the ACL that the root had at first. `None` if nothing changes.
    ///
    /// Only the default gives `*` back: a Replace that one server had of the root does not become everyone's.
    #[must_use]
    pub fn without_at_root(&self, server_id: &str, default: &Self) -> Option<Self> {
        self.without_all_at_root(&|id| id == server_id, default)
    }

    /// The same after several went at once.
    pub(super) fn without_all_at_root(&self, gone: &dyn Fn(&str) -> bool, default: &Self) -> Option<Self> {
        let left = match self.without_all(gone) {
            AclRemoval::Unchanged => return None,
            AclRemoval::Emptied => return Some(default.clone()),
            AclRemoval::Changed(left) => left,
        };
        let mut text = String::new();
        for command in AclCommand::ALL {
            let lost = self.has(command) && !left.has(command);
            let acl = if lost { default } else { &left };
            // The default may name the server, too.
            acl.push_entry(&mut text, command, gone);
        }
        Some(Self::parse(&text).unwrap_or(left))
    }

    /// The same, canonical, with `*` for this command.
    #[must_use]
    pub fn with_wildcard(&self, command: AclCommand) -> Self {
        let mut all = self.clone();
        all.everyone |= command.bit();
        let text = all.to_canonical();
        Self::parse(&text).unwrap_or(all)
    }

    fn find(&self, server_id: &str) -> Option<&Id> {
        let at = self.ids.binary_search_by(|id| id.of(&self.text).cmp(server_id)).ok()?;
        self.ids.get(at)
    }

    /// Appends the entry of a command, if there is one without the ids that are left out.
    fn push_entry(&self, text: &mut String, command: AclCommand, except: &dyn Fn(&str) -> bool) {
        if self.allows_all(command) {
            return push_id(text, command, true, "*");
        }
        let mut first = true;
        for id in self.ids.iter().filter(|id| id.commands & command.bit() != 0) {
            let id = id.of(&self.text);
            if !except(id) {
                push_id(text, command, first, id);
                first = false;
            }
        }
    }
}

fn push_id(text: &mut String, command: AclCommand, first: bool, id: &str) {
    if first {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(command.as_str());
    }
    text.push(if first { '=' } else { '+' });
    text.push_str(id);
}

/// The command of an entry, and where its ids start.
fn head(entry: &str, at: usize) -> Result<(AclCommand, usize), AclError> {
    let word = entry.split('=').next().unwrap_or_default();
    let command = AclCommand::ALL.into_iter().find(|command| command.as_str() == word);
    let command = command.ok_or(AclErrorKind::Command.at(at))?;
    let end = at.saturating_add(word.len());
    if word.len() == entry.len() {
        return Err(AclErrorKind::MissingId.at(end));
    }
    Ok((command, end.saturating_add(1)))
}

/// An id that is not `*`; the offset is that in the id.
fn check_id(id: &str) -> Result<(), AclError> {
    // XML has neither control characters nor the two others.
    let bad =
        |c: char| matches!(c, '=' | '&' | '*' | '+' | '\u{fffe}' | '\u{ffff}') || c.is_whitespace() || c.is_control();
    if id.is_empty() {
        return Err(AclErrorKind::MissingId.at(0));
    }
    id.find(bad).map_or(Ok(()), |at| Err(AclErrorKind::Character.at(at)))
}

impl PartialEq for Acl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Acl {}

impl fmt::Debug for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Acl").field(&self.text).finish()
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is left of an ACL when a server goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AclRemoval {
    /// The server was not named.
    Unchanged,
    /// This, canonical.
    Changed(Acl),
    /// Nothing: the node has no ACL any more.
    Emptied,
}

/// Why a text is no ACL, and at which byte.
///
/// ```
/// use dm_session::tree::dm1::{Acl, AclErrorKind};
///
/// let error = Acl::parse("Get=a+*&Move=a").unwrap_err();
/// assert_eq!((error.kind(), error.offset(), error.status().code()), (AclErrorKind::Command, 8, 500));
/// assert_eq!(error.to_string(), "unknown command at byte 8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclError {
    kind: AclErrorKind,
    offset: usize,
}

/// The cause of an [`AclError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AclErrorKind {
    /// An entry does not start with a command, exactly as it is spelled; an empty entry does not, nor does an empty
    /// text.
    Command,
    /// A command without ids, or an id without characters.
    MissingId,
    /// A character that no id has.
    Character,
    /// 4 GiB of text or more.
    TooLong,
}

impl AclErrorKind {
    const fn at(self, offset: usize) -> AclError {
        AclError { kind: self, offset }
    }
}

impl AclError {
    /// The cause.
    #[must_use]
    pub const fn kind(&self) -> AclErrorKind {
        self.kind
    }

    /// The first byte that could not be used.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The status with which a server is told: 500.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        StatusCode::COMMAND_FAILED
    }
}

impl fmt::Display for AclErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "unknown command",
            Self::MissingId => "missing server identifier",
            Self::Character => "character that no server identifier has",
            Self::TooLong => "text too long",
        })
    }
}

impl fmt::Display for AclError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for AclError {}
