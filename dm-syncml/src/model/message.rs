//! The message, its header, and fragments of messages.

use alloc::vec::Vec;

use crate::{Command, Cred, Declaration, Extras, Location, Meta, MsgId, Namespace, SessionId, Span, Str};

/// The header of a message.
///
/// ```text
/// VerDTD, VerProto, SessionID, MsgID, Target, Source, RespURI?, Cred?, Meta?
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncHdr<'a> {
    /// `1.2` in DM 1.2; empty when it was missing.
    pub ver_dtd: Str<'a>,
    /// `DM/1.2` in DM 1.2; empty when it was missing.
    pub ver_proto: Str<'a>,
    /// Empty when it was missing.
    pub session_id: SessionId<'a>,
    /// Empty when it was missing.
    pub msg_id: MsgId<'a>,
    /// The recipient.
    pub target: Location<'a>,
    /// The sender.
    pub source: Location<'a>,
    /// Where the next message goes, with its query.
    pub resp_uri: Option<Str<'a>>,
    /// Who the sender says it is.
    pub cred: Option<Cred<'a>>,
    /// MaxMsgSize and MaxObjSize.
    pub meta: Option<Meta<'a>>,
    /// Elements without a place in the model.
    pub extras: Extras<'a>,
    pub(crate) span: Span,
}

impl<'a> SyncHdr<'a> {
    /// What decoders fill in: a constant is copied, a default put together.
    pub(crate) const EMPTY: Self = Self {
        ver_dtd: Str::EMPTY,
        ver_proto: Str::EMPTY,
        session_id: SessionId::EMPTY,
        msg_id: MsgId::EMPTY,
        target: Location::EMPTY,
        source: Location::EMPTY,
        resp_uri: None,
        cred: None,
        meta: None,
        extras: Extras::NONE,
        span: Span::NONE,
    };

    /// A header of DM 1.2.
    #[must_use]
    pub fn new(
        session_id: impl Into<SessionId<'a>>,
        msg_id: impl Into<MsgId<'a>>,
        target: Location<'a>,
        source: Location<'a>,
    ) -> Self {
        Self {
            ver_dtd: Str::borrowed("1.2"),
            ver_proto: Str::borrowed("DM/1.2"),
            session_id: session_id.into(),
            msg_id: msg_id.into(),
            target,
            source,
            ..Self::default()
        }
    }

    /// With credentials.
    #[must_use]
    pub fn with_cred(mut self, cred: Cred<'a>) -> Self {
        self.cred = Some(cred);
        self
    }

    /// With a Meta.
    #[must_use]
    pub fn with_meta(mut self, meta: Meta<'a>) -> Self {
        self.meta = Some(meta);
        self
    }

    /// With an address for the next message.
    #[must_use]
    pub fn with_resp_uri(mut self, uri: impl Into<Str<'a>>) -> Self {
        self.resp_uri = Some(uri.into());
        self
    }

    /// Where the header stood in the input.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The same header, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> SyncHdr<'static> {
        SyncHdr {
            ver_dtd: self.ver_dtd.into_owned(),
            ver_proto: self.ver_proto.into_owned(),
            session_id: self.session_id.into_owned(),
            msg_id: self.msg_id.into_owned(),
            target: self.target.into_owned(),
            source: self.source.into_owned(),
            resp_uri: self.resp_uri.map(Str::into_owned),
            cred: self.cred.map(Cred::into_owned),
            meta: self.meta.map(Meta::into_owned),
            extras: self.extras.into_owned(),
            span: self.span,
        }
    }
}

/// A SyncML message: a header and a body of commands.
///
/// ```
/// # #[cfg(all(feature = "xml", feature = "wbxml"))] {
/// use dm_syncml::{Alert, AlertCode, Command, Location, Message, SyncHdr};
/// let header = SyncHdr::new("2F", "1", Location::new("https://dm.example.net/oma"), Location::new("IMEI:0"));
/// let message = Message::new(header)
///     .with_command(Command::Alert(Alert::new("1", AlertCode::CLIENT_INITIATED)))
///     .with_final();
/// let xml = message.to_xml().unwrap();
/// assert_eq!(Message::parse(&xml).unwrap(), message);
/// let wbxml = message.to_wbxml().unwrap();
/// assert_eq!(Message::parse(&wbxml).unwrap(), message);
/// assert!(wbxml.len() < xml.len() / 2);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// The namespace of the root, or the version of the public id. Answer in the one the peer used.
    pub namespace: Namespace<'a>,
    /// The header.
    pub header: SyncHdr<'a>,
    /// The commands in document order, Status and Results among them.
    pub commands: Vec<Command<'a>>,
    /// Whether this is the last message of its package.
    pub is_final: bool,
    /// Namespaces declared on SyncBody, such as `xmlns:msft`.
    pub declarations: Vec<Declaration<'a>>,
    /// Elements beside header and body.
    pub extras: Extras<'a>,
}

impl<'a> Message<'a> {
    /// A message of SyncML 1.2 without commands.
    #[must_use]
    pub fn new(header: SyncHdr<'a>) -> Self {
        Self { header, ..Self::default() }
    }

    /// With one more command.
    #[must_use]
    pub fn with_command(mut self, command: Command<'a>) -> Self {
        self.commands.push(command);
        self
    }

    /// With the mark that it ends its package.
    #[must_use]
    pub const fn with_final(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// In another namespace: that of the message being answered.
    #[must_use]
    pub fn with_namespace(mut self, namespace: Namespace<'a>) -> Self {
        self.namespace = namespace;
        self
    }

    /// Every command in document order, those in Atomic and Sequence after their container.
    pub fn walk(&self) -> Walk<'_, 'a> {
        walk(&self.commands)
    }

    /// The same message, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        Message {
            namespace: self.namespace.into_owned(),
            header: self.header.into_owned(),
            commands: self.commands.into_iter().map(Command::into_owned).collect(),
            is_final: self.is_final,
            declarations: self.declarations.into_iter().map(Declaration::into_owned).collect(),
            extras: self.extras.into_owned(),
        }
    }
}

/// What a [`Fragment`] was written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FragmentRoot {
    /// `SyncML` with a header.
    Message,
    /// `SyncML` without a header, or with an empty one.
    SyncMl,
    /// `SyncBody` alone.
    SyncBody,
    /// One or several commands side by side. They are written without a namespace; strict decoding of them reports
    /// [`NamespaceAbsent`](crate::DeviationKind::NamespaceAbsent).
    #[default]
    Commands,
}

/// Part of a message, as administrators store it and Windows takes it locally: whole, without its header, the body
/// alone, or bare commands.
///
/// ```
/// # #[cfg(feature = "xml")] {
/// use dm_syncml::{Command, Fragment, FragmentRoot};
/// let profile = b"<Get><CmdID>1</CmdID><Item><Target><LocURI>./DevInfo</LocURI></Target></Item></Get>";
/// let fragment = Fragment::parse(profile).unwrap();
/// assert_eq!(fragment.root, FragmentRoot::Commands);
/// assert!(matches!(fragment.commands[..], [Command::Get(_)]));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// What it was written as.
    pub root: FragmentRoot,
    /// The namespace of the root, or the version of the public id.
    pub namespace: Namespace<'a>,
    /// The header, where there is one with something in it.
    pub header: Option<SyncHdr<'a>>,
    /// The commands in document order.
    pub commands: Vec<Command<'a>>,
    /// Whether there is a `Final`.
    pub is_final: bool,
    /// Namespaces declared on SyncBody.
    pub declarations: Vec<Declaration<'a>>,
    /// Elements beside header and body.
    pub extras: Extras<'a>,
}

impl<'a> Fragment<'a> {
    /// Every command in document order, those in Atomic and Sequence after their container.
    pub fn walk(&self) -> Walk<'_, 'a> {
        walk(&self.commands)
    }

    /// The message, when there is a header.
    ///
    /// # Errors
    /// The fragment as it was, when there is none.
    #[expect(clippy::result_large_err, reason = "the fragment comes back whole")]
    pub fn into_message(mut self) -> Result<Message<'a>, Self> {
        let Some(header) = self.header.take() else { return Err(self) };
        Ok(Message {
            namespace: self.namespace,
            header,
            commands: self.commands,
            is_final: self.is_final,
            declarations: self.declarations,
            extras: self.extras,
        })
    }

    /// The same fragment, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Fragment<'static> {
        Fragment {
            root: self.root,
            namespace: self.namespace.into_owned(),
            header: self.header.map(SyncHdr::into_owned),
            commands: self.commands.into_iter().map(Command::into_owned).collect(),
            is_final: self.is_final,
            declarations: self.declarations.into_iter().map(Declaration::into_owned).collect(),
            extras: self.extras.into_owned(),
        }
    }
}

/// Commands in document order with those nested in them. See [`Message::walk`].
#[derive(Clone, Debug)]
pub struct Walk<'m, 'a> {
    open: Vec<core::slice::Iter<'m, Command<'a>>>,
}

/// Walks a list of commands and what is nested in them.
pub(crate) fn walk<'m, 'a>(commands: &'m [Command<'a>]) -> Walk<'m, 'a> {
    Walk { open: [commands.iter()].into() }
}

impl<'m, 'a> Iterator for Walk<'m, 'a> {
    type Item = &'m Command<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(command) = self.open.last_mut()?.next() {
                if !command.commands().is_empty() {
                    self.open.push(command.commands().iter());
                }
                return Some(command);
            }
            self.open.pop();
        }
    }
}
