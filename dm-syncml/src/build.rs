//! What makes building messages shorter: ids for commands, headers and Statuses that answer.

use alloc::format;
use alloc::vec::Vec;
use core::{mem, slice};

use crate::{
    CmdId, CmdRef, Command, CommandName, Element, Fragment, Message, MsgId, Results, Status, StatusCode, Str, SyncHdr,
};

impl<'a> Message<'a> {
    /// Gives every command the next number as its CmdID, in document order, those in Atomic and Sequence after their
    /// container. Returns what each was and what it is, in that order; nothing else is changed.
    ///
    /// The first number is 1 at least: `0` is reserved. DS and unknown commands stay as they are.
    ///
    /// ```
    /// use dm_syncml::{Command, Container, Item, Location, Message, Operation, SyncHdr};
    /// let get = |id| Command::Get(Operation::new(id).with_item(Item::target(".")));
    /// let header = SyncHdr::new("1", "1", Location::new("IMEI:0"), Location::new("https://dm.example.net"));
    /// let mut message = Message::new(header)
    ///     .with_command(Command::Sequence(Container::new("a").with_command(get("b"))))
    ///     .with_command(get(""));
    /// let ids = message.assign_cmd_ids(2);
    /// let ids: Vec<_> = ids.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    /// assert_eq!(ids, [("a", "2"), ("b", "3"), ("", "4")]);
    /// ```
    pub fn assign_cmd_ids(&mut self, first: u32) -> Vec<(CmdId<'a>, CmdId<'static>)> {
        assign(&mut self.commands, first)
    }

    /// A message that answers this one: in its namespace, with [`SyncHdr::reply`], without commands.
    #[must_use]
    pub fn reply(&self, msg_id: impl Into<MsgId<'a>>) -> Self {
        Self::new(self.header.reply(msg_id)).with_namespace(self.namespace.clone())
    }
}

impl<'a> Fragment<'a> {
    /// Gives every command the next number as its CmdID. See [`Message::assign_cmd_ids`].
    pub fn assign_cmd_ids(&mut self, first: u32) -> Vec<(CmdId<'a>, CmdId<'static>)> {
        assign(&mut self.commands, first)
    }
}

/// No recursion: what is open stands in a list.
fn assign<'a>(commands: &mut [Command<'a>], first: u32) -> Vec<(CmdId<'a>, CmdId<'static>)> {
    let mut next = u64::from(first.max(1));
    let mut changes = Vec::new();
    let mut open: Vec<slice::IterMut<'_, Command<'a>>> = [commands.iter_mut()].into();
    while let Some(level) = open.last_mut() {
        let Some(command) = level.next() else {
            open.pop();
            continue;
        };
        if let Some(id) = command.cmd_id_mut() {
            let new = CmdId::from(format!("{next}"));
            next = next.saturating_add(1);
            changes.push((mem::replace(id, new.clone()), new));
        }
        if let Command::Atomic(it) | Command::Sequence(it) = command {
            open.push(it.commands.iter_mut());
        }
    }
    changes
}

impl<'a> SyncHdr<'a> {
    /// The header of an answer: Target and Source change places, the session and its version stay. Names, credentials
    /// and sizes are for the sender to say.
    ///
    /// ```
    /// use dm_syncml::{Location, SyncHdr};
    /// let device = Location::new("IMEI:0").with_name("user");
    /// let header = SyncHdr::new("2F", "1", Location::new("https://dm.example.net/oma"), device);
    /// let answer = header.reply("1");
    /// assert_eq!((answer.target.uri.as_str(), answer.session_id.as_str()), ("IMEI:0", "2F"));
    /// ```
    #[must_use]
    pub fn reply(&self, msg_id: impl Into<MsgId<'a>>) -> Self {
        let place = |uri: &crate::LocUri<'a>| crate::Location::new(uri.clone().into_str());
        let mut header =
            Self::new(self.session_id.clone().into_str(), "", place(&self.source.uri), place(&self.target.uri));
        header.msg_id = msg_id.into();
        for (ours, theirs) in [(&mut header.ver_dtd, &self.ver_dtd), (&mut header.ver_proto, &self.ver_proto)] {
            if !theirs.is_empty() {
                ours.clone_from(theirs);
            }
        }
        header
    }
}

impl<'a> Status<'a> {
    /// The outcome of a header: always the first Status of an answer (SyncML Representation, StatusType).
    ///
    /// ```
    /// use dm_syncml::{Location, Status, StatusCode, SyncHdr};
    /// let header = SyncHdr::new("2F", "7", Location::new("https://dm.example.net"), Location::new("IMEI:0"));
    /// let status = Status::for_header("1", &header, StatusCode::OK);
    /// assert!(status.is_for_header() && status.msg_ref == "7");
    /// ```
    #[must_use]
    pub fn for_header(cmd_id: impl Into<CmdId<'a>>, header: &SyncHdr<'a>, code: StatusCode) -> Self {
        Self::new(cmd_id, header.msg_id.clone().into_str(), "0", CommandName::SyncHdr, code)
    }

    /// The outcome of a command of a message: with its name and id. Those of a command outside the model are its local
    /// name and the text of its CmdID, so that it can be answered with 406 or 501; what is missing is empty and cannot be
    /// sent.
    ///
    /// ```
    /// use dm_syncml::{Command, Item, Operation, Status, StatusCode};
    /// let get = Command::Get(Operation::new("5").with_item(Item::target("./DevInfo/Man")));
    /// let status = Status::for_command("2", "7", &get, StatusCode::NOT_FOUND);
    /// assert_eq!(status.cmd_ref.unwrap(), "5");
    /// ```
    #[must_use]
    pub fn for_command(
        cmd_id: impl Into<CmdId<'a>>,
        msg_ref: impl Into<MsgId<'a>>,
        command: &Command<'a>,
        code: StatusCode,
    ) -> Self {
        let cmd_ref = answered(command);
        let name = command.name().map(|name| Str::from(alloc::string::String::from(name))).unwrap_or_default();
        Self::new(cmd_id, msg_ref, cmd_ref, CommandName::from(name), code)
    }
}

impl<'a> Results<'a> {
    /// Results of a Get of a message, without items.
    ///
    /// ```
    /// use dm_syncml::{Command, Item, Operation, Results};
    /// let get = Command::Get(Operation::new("5").with_item(Item::target("./DevInfo/Man")));
    /// let results = Results::for_command("2", "7", &get);
    /// assert_eq!((results.msg_ref(), results.cmd_ref()), ("7", "5"));
    /// ```
    #[must_use]
    pub fn for_command(cmd_id: impl Into<CmdId<'a>>, msg_ref: impl Into<MsgId<'a>>, command: &Command<'a>) -> Self {
        Self::new(cmd_id, msg_ref, answered(command))
    }
}

/// The CmdID of a command. One outside the model has one all the same, and wants an answer.
fn answered<'a>(command: &Command<'a>) -> CmdRef<'a> {
    match command {
        Command::Ds(element) | Command::Unknown(element) => cmd_id_of(element).into(),
        _ => command.cmd_id().cloned().unwrap_or_default().into(),
    }
}

/// The text of a child named CmdID.
fn cmd_id_of<'a>(element: &Element<'_>) -> Str<'a> {
    let id = element.view().children().find(|child| child.name().local() == Some("CmdID"));
    id.map(|id| Str::from(alloc::string::String::from(crate::text::trim(&id.text())))).unwrap_or_default()
}
