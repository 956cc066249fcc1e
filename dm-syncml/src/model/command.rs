//! The commands, Status and Results.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{
    AlertCode, Chal, CmdId, CmdRef, CommandName, Data, EffectiveMeta, Element, Extras, Item, List, LocUri, Meta, MsgId,
    Span, StatusCode, Str,
};

/// One child of `SyncBody`, Atomic or Sequence, in document order.
///
/// ```
/// use dm_syncml::{Command, Item, Operation};
/// let get = Command::Get(Operation::new("1").with_item(Item::target("./DevInfo/Man")));
/// assert_eq!((get.name(), get.cmd_id().unwrap().as_str()), (Some("Get"), "1"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// Makes a node.
    Add(Operation<'a>),
    /// Tells or asks something.
    Alert(Alert<'a>),
    /// Commands of which all or none take effect.
    Atomic(Container<'a>),
    /// Copies a node.
    Copy(Operation<'a>),
    /// Deletes a node.
    Delete(Operation<'a>),
    /// Runs something.
    Exec(Operation<'a>),
    /// Asks for the value of a node.
    Get(Operation<'a>),
    /// Replaces a value.
    Replace(Operation<'a>),
    /// Carries the values a Get asked for.
    Results(Results<'a>),
    /// Commands to be done in this order.
    Sequence(Container<'a>),
    /// Tells the outcome of a command.
    Status(Status<'a>),
    /// A command of SyncML that DM does not use: Sync, Map, Put, Search, Move.
    Ds(Element<'a>),
    /// A command that SyncML does not know.
    Unknown(Element<'a>),
}

impl<'a> Command<'a> {
    // What decoders fill in, as constants: copied into a list without being put together first.
    pub(crate) const ADD: Self = Self::Add(Operation::EMPTY);
    pub(crate) const COPY: Self = Self::Copy(Operation::EMPTY);
    pub(crate) const DELETE: Self = Self::Delete(Operation::EMPTY);
    pub(crate) const EXEC: Self = Self::Exec(Operation::EMPTY);
    pub(crate) const GET: Self = Self::Get(Operation::EMPTY);
    pub(crate) const REPLACE: Self = Self::Replace(Operation::EMPTY);

    /// The name of the element; `None` for an unassigned WBXML token.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(match self {
            Self::Add(_) => "Add",
            Self::Alert(_) => "Alert",
            Self::Atomic(_) => "Atomic",
            Self::Copy(_) => "Copy",
            Self::Delete(_) => "Delete",
            Self::Exec(_) => "Exec",
            Self::Get(_) => "Get",
            Self::Replace(_) => "Replace",
            Self::Results(_) => "Results",
            Self::Sequence(_) => "Sequence",
            Self::Status(_) => "Status",
            Self::Ds(element) | Self::Unknown(element) => return element.name().local(),
        })
    }

    /// The `CmdID`; `None` for a command outside the model.
    #[must_use]
    pub const fn cmd_id(&self) -> Option<&CmdId<'a>> {
        Some(match self {
            Self::Add(it) | Self::Copy(it) | Self::Delete(it) | Self::Exec(it) | Self::Get(it) | Self::Replace(it) => {
                &it.cmd_id
            }
            Self::Alert(it) => &it.cmd_id,
            Self::Atomic(it) | Self::Sequence(it) => &it.cmd_id,
            Self::Results(it) => &it.cmd_id,
            Self::Status(it) => &it.cmd_id,
            Self::Ds(_) | Self::Unknown(_) => return None,
        })
    }

    /// The `CmdID`, to be changed.
    pub const fn cmd_id_mut(&mut self) -> Option<&mut CmdId<'a>> {
        Some(match self {
            Self::Add(it) | Self::Copy(it) | Self::Delete(it) | Self::Exec(it) | Self::Get(it) | Self::Replace(it) => {
                &mut it.cmd_id
            }
            Self::Alert(it) => &mut it.cmd_id,
            Self::Atomic(it) | Self::Sequence(it) => &mut it.cmd_id,
            Self::Results(it) => &mut it.cmd_id,
            Self::Status(it) => &mut it.cmd_id,
            Self::Ds(_) | Self::Unknown(_) => return None,
        })
    }

    /// The items; none for Atomic, Sequence and commands outside the model.
    #[must_use]
    pub fn items(&self) -> &[Item<'a>] {
        match self {
            Self::Add(it) | Self::Copy(it) | Self::Delete(it) | Self::Exec(it) | Self::Get(it) | Self::Replace(it) => {
                &it.items
            }
            Self::Alert(it) => &it.items,
            Self::Results(it) => &it.items,
            Self::Status(it) => &it.items,
            Self::Atomic(_) | Self::Sequence(_) | Self::Ds(_) | Self::Unknown(_) => &[],
        }
    }

    /// The Meta of the command itself.
    #[must_use]
    pub fn meta(&self) -> Option<&Meta<'a>> {
        match self {
            Self::Add(it) | Self::Copy(it) | Self::Delete(it) | Self::Exec(it) | Self::Get(it) | Self::Replace(it) => {
                it.meta.as_deref()
            }
            Self::Results(it) => it.meta.as_deref(),
            Self::Atomic(it) | Self::Sequence(it) => it.meta.as_deref(),
            Self::Alert(_) | Self::Status(_) | Self::Ds(_) | Self::Unknown(_) => None,
        }
    }

    /// The commands inside an Atomic or Sequence.
    #[must_use]
    pub fn commands(&self) -> &[Self] {
        match self {
            Self::Atomic(it) | Self::Sequence(it) => &it.commands,
            _ => &[],
        }
    }

    /// What counts for one of the items: its Meta over the command's.
    #[must_use]
    pub fn effective_meta<'m>(&'m self, item: &'m Item<'a>) -> EffectiveMeta<'m, 'a> {
        Meta::effective(item.meta.as_ref(), self.meta())
    }

    /// Where the command stood in the input.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Add(it) | Self::Copy(it) | Self::Delete(it) | Self::Exec(it) | Self::Get(it) | Self::Replace(it) => {
                it.span
            }
            Self::Alert(it) => it.span,
            Self::Atomic(it) | Self::Sequence(it) => it.span,
            Self::Results(it) => it.span,
            Self::Status(it) => it.span,
            Self::Ds(it) | Self::Unknown(it) => it.span(),
        }
    }

    /// The same command, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Command<'static> {
        match self {
            Self::Add(it) => Command::Add(it.into_owned()),
            Self::Alert(it) => Command::Alert(it.into_owned()),
            Self::Atomic(it) => Command::Atomic(it.into_owned()),
            Self::Copy(it) => Command::Copy(it.into_owned()),
            Self::Delete(it) => Command::Delete(it.into_owned()),
            Self::Exec(it) => Command::Exec(it.into_owned()),
            Self::Get(it) => Command::Get(it.into_owned()),
            Self::Replace(it) => Command::Replace(it.into_owned()),
            Self::Results(it) => Command::Results(it.into_owned()),
            Self::Sequence(it) => Command::Sequence(it.into_owned()),
            Self::Status(it) => Command::Status(it.into_owned()),
            Self::Ds(it) => Command::Ds(it.into_owned()),
            Self::Unknown(it) => Command::Unknown(it.into_owned()),
        }
    }
}

/// Add, Copy, Delete, Exec, Get or Replace.
///
/// ```text
/// CmdID, Meta?, Correlator? (Exec only), Item+
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation<'a> {
    /// Names the command within the message; empty when it was missing.
    pub cmd_id: CmdId<'a>,
    /// For all items.
    pub meta: Option<Box<Meta<'a>>>,
    /// Of an Exec: echoed by the alert that tells its outcome.
    pub correlator: Option<Str<'a>>,
    /// What it is done to.
    pub items: List<Item<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> Operation<'a> {
    const EMPTY: Self = Self {
        cmd_id: CmdId::EMPTY,
        meta: None,
        correlator: None,
        items: List::new(),
        extras: Extras::NONE,
        span: Span::NONE,
    };

    /// A command without items.
    #[must_use]
    pub fn new(cmd_id: impl Into<CmdId<'a>>) -> Self {
        Self { cmd_id: cmd_id.into(), ..Self::default() }
    }

    /// With one more item.
    #[must_use]
    pub fn with_item(mut self, item: Item<'a>) -> Self {
        self.items.push(item);
        self
    }

    /// With a Meta for all items.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta<'a>) -> Self {
        self.meta = Some(Box::new(meta));
        self
    }

    /// With a Correlator (Exec).
    #[must_use]
    pub fn with_correlator(mut self, correlator: impl Into<Str<'a>>) -> Self {
        self.correlator = Some(correlator.into());
        self
    }

    fn into_owned(self) -> Operation<'static> {
        Operation {
            cmd_id: self.cmd_id.into_owned(),
            meta: self.meta.map(|meta| Box::new(meta.into_owned())),
            correlator: self.correlator.map(Str::into_owned),
            items: self.items.into_iter().map(Item::into_owned).collect(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// Atomic or Sequence.
///
/// ```text
/// CmdID, Meta?, (command)+
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container<'a> {
    /// Names the command within the message; empty when it was missing.
    pub cmd_id: CmdId<'a>,
    /// Legal, without a meaning in DM.
    pub meta: Option<Box<Meta<'a>>>,
    /// In document order.
    pub commands: Vec<Command<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> Container<'a> {
    /// A container without commands.
    #[must_use]
    pub fn new(cmd_id: impl Into<CmdId<'a>>) -> Self {
        Self { cmd_id: cmd_id.into(), ..Self::default() }
    }

    /// With one more command.
    #[must_use]
    pub fn with_command(mut self, command: Command<'a>) -> Self {
        self.commands.push(command);
        self
    }

    fn into_owned(self) -> Container<'static> {
        Container {
            cmd_id: self.cmd_id.into_owned(),
            meta: self.meta.map(|meta| Box::new(meta.into_owned())),
            commands: self.commands.into_iter().map(Command::into_owned).collect(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// An Alert.
///
/// ```text
/// CmdID, Data, Correlator?, Item*
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert<'a> {
    /// Names the command within the message; empty when it was missing.
    pub cmd_id: CmdId<'a>,
    /// The code; `None` when it was missing.
    pub data: Option<Data<'a>>,
    /// Of the Exec whose outcome is told.
    pub correlator: Option<Str<'a>>,
    /// Options and texts, or what is told.
    pub items: List<Item<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> Alert<'a> {
    /// An alert without items.
    #[must_use]
    pub fn new(cmd_id: impl Into<CmdId<'a>>, code: AlertCode) -> Self {
        Self { cmd_id: cmd_id.into(), data: Some(code.into()), ..Self::default() }
    }

    /// The code, when Data is a number.
    #[must_use]
    pub fn code(&self) -> Option<AlertCode> {
        AlertCode::from_text(self.data.as_ref()?.as_text()?)
    }

    /// With one more item.
    #[must_use]
    pub fn with_item(mut self, item: Item<'a>) -> Self {
        self.items.push(item);
        self
    }

    /// With a Correlator.
    #[must_use]
    pub fn with_correlator(mut self, correlator: impl Into<Str<'a>>) -> Self {
        self.correlator = Some(correlator.into());
        self
    }

    fn into_owned(self) -> Alert<'static> {
        Alert {
            cmd_id: self.cmd_id.into_owned(),
            data: self.data.map(Data::into_owned),
            correlator: self.correlator.map(Str::into_owned),
            items: self.items.into_iter().map(Item::into_owned).collect(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// The outcome of a command.
///
/// ```text
/// CmdID, MsgRef, CmdRef, Cmd, TargetRef*, SourceRef*, Chal?, Data, Item*
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status<'a> {
    /// Names the Status within the message; empty when it was missing.
    pub cmd_id: CmdId<'a>,
    /// `MsgID` of the message answered; empty when it was missing.
    pub msg_ref: MsgId<'a>,
    /// `CmdID` of the command answered, `0` for the header; `None` when it was missing.
    pub cmd_ref: Option<CmdRef<'a>>,
    /// Name of the command answered; `None` when it was missing.
    pub cmd: Option<CommandName<'a>>,
    /// Which Targets of the command are meant; none for all.
    pub target_refs: List<LocUri<'a>>,
    /// Which Sources of the command are meant; none for all.
    pub source_refs: List<LocUri<'a>>,
    /// Asks for credentials, or hands the next nonce over.
    pub chal: Option<Box<Chal<'a>>>,
    /// The code, with `originalerror` where Windows gives it; `None` when it was missing.
    pub data: Option<Data<'a>>,
    /// Answers of the user, or what the code is about.
    pub items: Vec<Item<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> Status<'a> {
    /// The outcome of a command.
    #[must_use]
    pub fn new(
        cmd_id: impl Into<CmdId<'a>>,
        msg_ref: impl Into<MsgId<'a>>,
        cmd_ref: impl Into<CmdRef<'a>>,
        cmd: impl Into<CommandName<'a>>,
        code: StatusCode,
    ) -> Self {
        Self {
            cmd_id: cmd_id.into(),
            msg_ref: msg_ref.into(),
            cmd_ref: Some(cmd_ref.into()),
            cmd: Some(cmd.into()),
            data: Some(code.into()),
            ..Self::default()
        }
    }

    /// The code, when Data is a number.
    #[must_use]
    pub fn code(&self) -> Option<StatusCode> {
        StatusCode::from_text(self.data.as_ref()?.as_text()?)
    }

    /// Whether the header is answered: `CmdRef` is `0`, or missing with `Cmd` `SyncHdr`.
    #[must_use]
    pub fn is_for_header(&self) -> bool {
        self.cmd_ref.as_ref().map_or(self.cmd == Some(CommandName::SyncHdr), CmdRef::is_header)
    }

    /// With one more TargetRef.
    #[must_use]
    pub fn with_target_ref(mut self, uri: impl Into<LocUri<'a>>) -> Self {
        self.target_refs.push(uri.into());
        self
    }

    /// With one more SourceRef.
    #[must_use]
    pub fn with_source_ref(mut self, uri: impl Into<LocUri<'a>>) -> Self {
        self.source_refs.push(uri.into());
        self
    }

    /// With a challenge.
    #[must_use]
    pub fn with_chal(mut self, chal: Chal<'a>) -> Self {
        self.chal = Some(Box::new(chal));
        self
    }

    /// With one more item.
    #[must_use]
    pub fn with_item(mut self, item: Item<'a>) -> Self {
        self.items.push(item);
        self
    }

    fn into_owned(self) -> Status<'static> {
        Status {
            cmd_id: self.cmd_id.into_owned(),
            msg_ref: self.msg_ref.into_owned(),
            cmd_ref: self.cmd_ref.map(CmdRef::into_owned),
            cmd: self.cmd.map(CommandName::into_owned),
            target_refs: self.target_refs.into_iter().map(LocUri::into_owned).collect(),
            source_refs: self.source_refs.into_iter().map(LocUri::into_owned).collect(),
            chal: self.chal.map(|chal| Box::new(chal.into_owned())),
            data: self.data.map(Data::into_owned),
            items: self.items.into_iter().map(Item::into_owned).collect(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// The values a Get asked for.
///
/// ```text
/// CmdID, MsgRef?, CmdRef, Meta?, TargetRef?, SourceRef?, Item+
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results<'a> {
    /// Names the Results within the message; empty when it was missing.
    pub cmd_id: CmdId<'a>,
    /// `MsgID` of the message answered; `None` means 1.
    pub msg_ref: Option<MsgId<'a>>,
    /// `CmdID` of the Get answered; `None` means 1.
    pub cmd_ref: Option<CmdRef<'a>>,
    /// For all items.
    pub meta: Option<Box<Meta<'a>>>,
    /// The values, each with its Source.
    pub items: List<Item<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) more: Option<Box<ResultsMore<'a>>>,
    pub(crate) span: Span,
}

/// What Results seldom have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResultsMore<'a> {
    pub(crate) cmd: Option<CommandName<'a>>,
    pub(crate) target_ref: Option<LocUri<'a>>,
    pub(crate) source_ref: Option<LocUri<'a>>,
}

impl<'a> Results<'a> {
    /// Results without items.
    #[must_use]
    pub fn new(cmd_id: impl Into<CmdId<'a>>, msg_ref: impl Into<MsgId<'a>>, cmd_ref: impl Into<CmdRef<'a>>) -> Self {
        Self { cmd_id: cmd_id.into(), msg_ref: Some(msg_ref.into()), cmd_ref: Some(cmd_ref.into()), ..Self::default() }
    }

    /// The `MsgRef`, `1` when it is missing (SyncML Representation, ResultsType).
    #[must_use]
    pub fn msg_ref(&self) -> &str {
        self.msg_ref.as_ref().map_or("1", MsgId::as_str)
    }

    /// Name of the command answered: not in the standard, sent by some peers.
    #[must_use]
    pub fn cmd(&self) -> Option<&CommandName<'a>> {
        self.more.as_ref()?.cmd.as_ref()
    }

    /// The Target that is answered.
    #[must_use]
    pub fn target_ref(&self) -> Option<&LocUri<'a>> {
        self.more.as_ref()?.target_ref.as_ref()
    }

    /// The Source that is answered.
    #[must_use]
    pub fn source_ref(&self) -> Option<&LocUri<'a>> {
        self.more.as_ref()?.source_ref.as_ref()
    }

    /// With the name of the command answered.
    #[must_use]
    pub fn with_cmd(mut self, cmd: CommandName<'a>) -> Self {
        self.more_mut().cmd = Some(cmd);
        self
    }

    /// With the Target that is answered.
    #[must_use]
    pub fn with_target_ref(mut self, uri: impl Into<LocUri<'a>>) -> Self {
        self.more_mut().target_ref = Some(uri.into());
        self
    }

    /// With the Source that is answered.
    #[must_use]
    pub fn with_source_ref(mut self, uri: impl Into<LocUri<'a>>) -> Self {
        self.more_mut().source_ref = Some(uri.into());
        self
    }

    pub(crate) fn more_mut(&mut self) -> &mut ResultsMore<'a> {
        self.more.get_or_insert_default()
    }

    /// The `CmdRef`, `1` when it is missing.
    #[must_use]
    pub fn cmd_ref(&self) -> &str {
        self.cmd_ref.as_ref().map_or("1", CmdRef::as_str)
    }

    /// With one more item.
    #[must_use]
    pub fn with_item(mut self, item: Item<'a>) -> Self {
        self.items.push(item);
        self
    }

    /// With a Meta for all items.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta<'a>) -> Self {
        self.meta = Some(Box::new(meta));
        self
    }

    fn into_owned(self) -> Results<'static> {
        Results {
            cmd_id: self.cmd_id.into_owned(),
            msg_ref: self.msg_ref.map(MsgId::into_owned),
            cmd_ref: self.cmd_ref.map(CmdRef::into_owned),
            meta: self.meta.map(|meta| Box::new(meta.into_owned())),
            more: self.more.map(|more| {
                Box::new(ResultsMore {
                    cmd: more.cmd.map(CommandName::into_owned),
                    target_ref: more.target_ref.map(LocUri::into_owned),
                    source_ref: more.source_ref.map(LocUri::into_owned),
                })
            }),
            items: self.items.into_iter().map(Item::into_owned).collect(),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}
