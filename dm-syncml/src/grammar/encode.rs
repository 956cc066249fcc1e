//! Model → elements, in the order of the DTD (SyncML Representation §6, MetaInformation §6).
//!
//! Strict by default: what must not be sent is refused. Which commands may stand in which container, and what one peer
//! or another does not understand, is not decided here: that is for the lint.

use alloc::vec::Vec;
use core::{mem, slice};

use super::write::{PlainData, PlainItem, Write};
use crate::model::message::walk;
use crate::names::{Spec, spec};
use crate::{
    Alert, Chal, Command, CommandName, Container, Content, Cred, Data, Declaration, Error, ErrorKind, Extras, Format,
    Fragment, FragmentRoot, Item, Location, Mark, Message, Meta, Name, Namespace, Operation, Results, Status,
    Strictness, SyncHdr,
};

/// Writes a message.
pub(crate) fn message<W: Write>(writer: &mut W, message: &Message<'_>, strictness: Strictness) -> Result<(), Error> {
    let mut encoder = Encoder::new(writer, &message.commands, strictness);
    encoder.writer.begin(&message.namespace)?;
    encoder.header(&message.header)?;
    encoder.body(&message.declarations, &message.commands, message.is_final)?;
    encoder.extras(&message.extras)?;
    encoder.writer.end(spec::SYNC_ML)?;
    writer.finish();
    Ok(())
}

/// Writes a fragment as what it is.
#[cfg(feature = "xml")]
pub(crate) fn fragment<W: Write>(writer: &mut W, fragment: &Fragment<'_>, strictness: Strictness) -> Result<(), Error> {
    rooted(writer, fragment, fragment.root, strictness)
}

/// Writes a fragment as a document with the root `SyncML`, whatever it is: in WBXML there is no other.
#[cfg(feature = "wbxml")]
pub(crate) fn document<W: Write>(writer: &mut W, fragment: &Fragment<'_>, strictness: Strictness) -> Result<(), Error> {
    let root = if fragment.root == FragmentRoot::Message { FragmentRoot::Message } else { FragmentRoot::SyncMl };
    rooted(writer, fragment, root, strictness)
}

fn rooted<W: Write>(
    writer: &mut W,
    fragment: &Fragment<'_>,
    root: FragmentRoot,
    strictness: Strictness,
) -> Result<(), Error> {
    let mut encoder = Encoder::new(writer, &fragment.commands, strictness);
    match root {
        FragmentRoot::Message | FragmentRoot::SyncMl => {
            encoder.writer.begin(&fragment.namespace)?;
            match &fragment.header {
                Some(header) => encoder.header(header)?,
                None if root == FragmentRoot::Message => encoder.unless_strict(ErrorKind::MissingPart)?,
                None => {}
            }
            encoder.body(&fragment.declarations, &fragment.commands, fragment.is_final)?;
            encoder.extras(&fragment.extras)?;
            encoder.writer.end(spec::SYNC_ML)?;
        }
        FragmentRoot::SyncBody => {
            encoder.no_header(fragment)?;
            let mut declarations = Vec::with_capacity(fragment.declarations.len().saturating_add(1));
            if fragment.namespace != Namespace::Absent {
                let uri = fragment.namespace.as_str().into();
                declarations.push(Declaration { prefix: crate::Str::EMPTY, uri });
            }
            encoder.no_default(&fragment.declarations)?;
            declarations.extend(fragment.declarations.iter().cloned());
            encoder.writer.start_declaring(spec::SYNC_BODY, &declarations)?;
            encoder.content(&fragment.commands, fragment.is_final)?;
            encoder.extras(&fragment.extras)?;
            encoder.writer.end(spec::SYNC_BODY)?;
        }
        FragmentRoot::Commands => {
            encoder.no_header(fragment)?;
            encoder.content(&fragment.commands, fragment.is_final)?;
            encoder.extras(&fragment.extras)?;
        }
    }
    writer.finish();
    Ok(())
}

struct Encoder<'e, W> {
    writer: &'e mut W,
    strict: bool,
    /// Of the whole message.
    commands: &'e [Command<'e>],
    /// The last CmdID as a number of its bytes, as long as they ascend.
    last: u64,
    /// Whether it is known that no CmdID stands twice.
    distinct: bool,
}

impl<'e, W: Write> Encoder<'e, W> {
    fn new(writer: &'e mut W, commands: &'e [Command<'e>], strictness: Strictness) -> Self {
        Self { writer, strict: strictness == Strictness::Strict, commands, last: 0, distinct: false }
    }

    #[cold]
    fn refuse(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.writer.written())
    }

    /// Nothing, when what is wrong may be sent as it was received.
    fn unless_strict(&self, kind: ErrorKind) -> Result<(), Error> {
        if self.strict { Err(self.refuse(kind)) } else { Ok(()) }
    }

    fn no_header(&self, fragment: &Fragment<'_>) -> Result<(), Error> {
        if fragment.header.is_some() { self.unless_strict(ErrorKind::Root) } else { Ok(()) }
    }

    /// A default namespace on SyncBody would put the commands into it.
    fn no_default(&self, declarations: &[Declaration<'_>]) -> Result<(), Error> {
        if declarations.iter().any(|declaration| declaration.prefix.is_empty()) {
            return Err(self.refuse(ErrorKind::NotEncodable));
        }
        Ok(())
    }

    /// An element whose text must not be empty: empty means that it was missing.
    #[inline(always)]
    fn required(&mut self, spec: &'static Spec, text: &str) -> Result<(), Error> {
        if text.is_empty() {
            return self.unless_strict(ErrorKind::MissingElement);
        }
        self.writer.leaf(spec, text)
    }

    /// An element that may be missing; when it is there it must not be empty.
    #[inline(always)]
    fn optional(&mut self, spec: &'static Spec, text: Option<&str>) -> Result<(), Error> {
        let Some(text) = text else { return Ok(()) };
        if text.is_empty() {
            self.unless_strict(ErrorKind::EmptyElement)?;
        }
        self.writer.leaf(spec, text)
    }

    /// A decimal number that may be missing.
    fn number(&mut self, spec: &'static Spec, text: Option<&str>) -> Result<(), Error> {
        let Some(text) = text else { return Ok(()) };
        if !is_number(text) {
            self.unless_strict(ErrorKind::NotANumber)?;
        }
        self.writer.leaf(spec, text)
    }

    /// The code of a Status or Alert.
    #[inline]
    fn code(&mut self, data: Option<&Data<'_>>) -> Result<(), Error> {
        let Some(data) = data else { return self.unless_strict(ErrorKind::MissingElement) };
        if self.strict {
            match data.as_text() {
                Some("") => return Err(self.refuse(ErrorKind::EmptyElement)),
                Some(text) if is_number(text) => {}
                _ => return Err(self.refuse(ErrorKind::Code)),
            }
        }
        self.writer.data(spec::DATA, data)
    }

    fn header(&mut self, header: &SyncHdr<'_>) -> Result<(), Error> {
        self.writer.start(spec::SYNC_HDR)?;
        self.required(spec::VER_DTD, &header.ver_dtd)?;
        self.required(spec::VER_PROTO, &header.ver_proto)?;
        self.required(spec::SESSION_ID, header.session_id.as_str())?;
        self.required(spec::MSG_ID, header.msg_id.as_str())?;
        if !is_number(header.msg_id.as_str()) {
            self.unless_strict(ErrorKind::NotANumber)?;
        }
        for (spec, location) in [(spec::TARGET, &header.target), (spec::SOURCE, &header.source)] {
            if location.uri.is_empty() {
                self.unless_strict(ErrorKind::MissingElement)?;
                if *location == Location::default() {
                    continue;
                }
            }
            self.location(spec, location)?;
        }
        self.optional(spec::RESP_URI, header.resp_uri.as_deref())?;
        if let Some(cred) = &header.cred {
            self.cred(cred)?;
        }
        self.meta(header.meta.as_ref())?;
        self.extras(&header.extras)?;
        self.writer.end(spec::SYNC_HDR)
    }

    fn cred(&mut self, cred: &Cred<'_>) -> Result<(), Error> {
        self.writer.start(spec::CRED)?;
        if !says_nothing(&cred.meta) {
            self.meta(Some(&cred.meta))?;
        }
        if cred.data.is_empty() {
            self.unless_strict(ErrorKind::EmptyElement)?;
        }
        self.writer.data(spec::DATA, &cred.data)?;
        self.extras(&cred.extras)?;
        self.writer.end(spec::CRED)
    }

    fn body(
        &mut self,
        declarations: &[Declaration<'_>],
        commands: &'e [Command<'e>],
        is_final: bool,
    ) -> Result<(), Error> {
        if declarations.is_empty() {
            self.writer.start(spec::SYNC_BODY)?;
        } else {
            self.no_default(declarations)?;
            self.writer.start_declaring(spec::SYNC_BODY, declarations)?;
        }
        self.content(commands, is_final)?;
        self.writer.end(spec::SYNC_BODY)
    }

    /// What is in a SyncBody. No recursion: what is open stands in a list.
    fn content(&mut self, commands: &'e [Command<'e>], is_final: bool) -> Result<(), Error> {
        let mut open: Vec<(&'static Spec, &Container<'_>, slice::Iter<'e, Command<'e>>)> = Vec::new();
        let mut rest = commands.iter();
        loop {
            let Some(command) = rest.next() else {
                let Some((spec, container, outer)) = open.pop() else { break };
                self.extras(&container.extras)?;
                self.writer.end(spec)?;
                rest = outer;
                continue;
            };
            match command {
                Command::Status(it) => self.status(it)?,
                Command::Replace(it) => self.operation(spec::REPLACE, it)?,
                Command::Get(it) => self.operation(spec::GET, it)?,
                Command::Add(it) => self.operation(spec::ADD, it)?,
                Command::Results(it) => self.results(it)?,
                Command::Alert(it) => self.alert(it)?,
                Command::Exec(it) => self.operation(spec::EXEC, it)?,
                Command::Delete(it) => self.operation(spec::DELETE, it)?,
                Command::Copy(it) => self.operation(spec::COPY, it)?,
                Command::Atomic(it) => {
                    self.container(spec::ATOMIC, it)?;
                    open.push((spec::ATOMIC, it, mem::replace(&mut rest, it.commands.iter())));
                }
                Command::Sequence(it) => {
                    self.container(spec::SEQUENCE, it)?;
                    open.push((spec::SEQUENCE, it, mem::replace(&mut rest, it.commands.iter())));
                }
                Command::Ds(element) => {
                    self.unless_strict(ErrorKind::DsCommand)?;
                    self.writer.element(element)?;
                }
                Command::Unknown(element) => {
                    self.unless_strict(ErrorKind::UnknownCommand)?;
                    self.writer.element(element)?;
                }
            }
        }
        if is_final { self.writer.flag(spec::FINAL) } else { Ok(()) }
    }

    /// The start of a command: its tag and its CmdID, which nothing else in the message may have.
    #[inline(always)]
    fn command(&mut self, spec: &'static Spec, id: &'e str) -> Result<(), Error> {
        if self.strict {
            self.check_id(id)?;
        }
        self.begin_command(spec, id)
    }

    #[inline(always)]
    fn begin_command(&mut self, spec: &'static Spec, id: &str) -> Result<(), Error> {
        if id.is_empty() {
            return self.writer.start(spec);
        }
        self.writer.command(spec, id)
    }

    #[inline]
    fn check_id(&mut self, id: &'e str) -> Result<(), Error> {
        match id.as_bytes() {
            [] => return Err(self.refuse(ErrorKind::MissingElement)),
            b"0" => return Err(self.refuse(ErrorKind::CmdIdZero)),
            _ => {}
        }
        // Most senders count. As long as the ids ascend, shorter before longer, none can stand twice.
        if !self.distinct {
            let number =
                if id.len() <= 8 { id.bytes().fold(0_u64, |number, byte| number << 8 | u64::from(byte)) } else { 0 };
            if number <= self.last {
                return self.check_distinct();
            }
            self.last = number;
        }
        Ok(())
    }

    #[cold]
    fn check_distinct(&mut self) -> Result<(), Error> {
        let mut ids: Vec<&str> = walk(self.commands)
            .filter_map(|command| command.cmd_id().map(crate::CmdId::as_str))
            .filter(|id| !id.is_empty())
            .collect();
        ids.sort_unstable();
        if ids.iter().zip(ids.iter().skip(1)).any(|(one, next)| one == next) {
            return Err(self.refuse(ErrorKind::CmdIdRepeated));
        }
        self.distinct = true;
        Ok(())
    }

    #[inline]
    fn operation(&mut self, spec: &'static Spec, it: &'e Operation<'_>) -> Result<(), Error> {
        let id = it.cmd_id.as_str();
        if self.strict {
            self.check_id(id)?;
        }
        if let ([item], None, None, false, true) =
            (&*it.items, &it.meta, &it.correlator, id.is_empty(), it.extras.is_empty())
            && let Some(plain) = plain(item)
            && self.writer.plain_operation(spec, id, &plain)?
        {
            return Ok(());
        }
        self.begin_command(spec, id)?;
        self.meta(it.meta.as_deref())?;
        if let Some(correlator) = &it.correlator {
            if spec.tag != spec::EXEC.tag {
                self.unless_strict(ErrorKind::UnknownElement)?;
            }
            self.writer.leaf(spec::CORRELATOR, correlator)?;
        }
        self.items(&it.items, true)?;
        self.extras(&it.extras)?;
        self.writer.end(spec)
    }

    fn container(&mut self, spec: &'static Spec, it: &'e Container<'_>) -> Result<(), Error> {
        self.command(spec, it.cmd_id.as_str())?;
        self.meta(it.meta.as_deref())?;
        if it.commands.is_empty() { self.unless_strict(ErrorKind::NoCommands) } else { Ok(()) }
    }

    fn alert(&mut self, it: &'e Alert<'_>) -> Result<(), Error> {
        self.command(spec::ALERT, it.cmd_id.as_str())?;
        self.code(it.data.as_ref())?;
        if let Some(correlator) = &it.correlator {
            self.writer.leaf(spec::CORRELATOR, correlator)?;
        }
        self.items(&it.items, false)?;
        self.extras(&it.extras)?;
        self.writer.end(spec::ALERT)
    }

    fn status(&mut self, it: &'e Status<'_>) -> Result<(), Error> {
        self.command(spec::STATUS, it.cmd_id.as_str())?;
        self.required(spec::MSG_REF, it.msg_ref.as_str())?;
        match &it.cmd_ref {
            Some(cmd_ref) => self.optional(spec::CMD_REF, Some(cmd_ref.as_str()))?,
            None => self.unless_strict(ErrorKind::MissingElement)?,
        }
        match &it.cmd {
            Some(cmd) => self.optional(spec::CMD, Some(cmd.as_str()))?,
            None => self.unless_strict(ErrorKind::MissingElement)?,
        }
        for uri in &it.target_refs {
            self.writer.leaf(spec::TARGET_REF, uri.as_str())?;
        }
        for uri in &it.source_refs {
            self.writer.leaf(spec::SOURCE_REF, uri.as_str())?;
        }
        if let Some(chal) = &it.chal {
            self.chal(chal)?;
        }
        self.code(it.data.as_ref())?;
        self.items(&it.items, false)?;
        self.extras(&it.extras)?;
        self.writer.end(spec::STATUS)
    }

    fn chal(&mut self, chal: &Chal<'_>) -> Result<(), Error> {
        self.writer.start(spec::CHAL)?;
        self.meta(Some(&chal.meta))?;
        self.extras(&chal.extras)?;
        self.writer.end(spec::CHAL)
    }

    fn results(&mut self, it: &'e Results<'_>) -> Result<(), Error> {
        self.command(spec::RESULTS, it.cmd_id.as_str())?;
        self.optional(spec::MSG_REF, it.msg_ref.as_ref().map(crate::MsgId::as_str))?;
        match &it.cmd_ref {
            Some(cmd_ref) => self.optional(spec::CMD_REF, Some(cmd_ref.as_str()))?,
            None => self.unless_strict(ErrorKind::MissingElement)?,
        }
        self.optional(spec::CMD, it.cmd().map(CommandName::as_str))?;
        self.meta(it.meta.as_deref())?;
        if let Some(uri) = it.target_ref() {
            self.writer.leaf(spec::TARGET_REF, uri.as_str())?;
        }
        if let Some(uri) = it.source_ref() {
            self.writer.leaf(spec::SOURCE_REF, uri.as_str())?;
        }
        self.items(&it.items, true)?;
        self.extras(&it.extras)?;
        self.writer.end(spec::RESULTS)
    }

    #[inline]
    fn items(&mut self, items: &[Item<'_>], needed: bool) -> Result<(), Error> {
        if needed && items.is_empty() {
            return self.unless_strict(ErrorKind::NoItems);
        }
        for item in items {
            self.item(item)?;
        }
        Ok(())
    }

    #[inline]
    fn item(&mut self, item: &Item<'_>) -> Result<(), Error> {
        match plain(item) {
            Some(plain) if self.writer.plain_item(&plain)? => Ok(()),
            _ => self.any_item(item),
        }
    }

    fn any_item(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let Item { target, source, meta, data, more_data, extras } = item;
        self.writer.start(spec::ITEM)?;
        if let Some(location) = target {
            self.item_location(spec::TARGET, location)?;
        }
        if let Some(location) = source {
            self.item_location(spec::SOURCE, location)?;
        }
        self.meta(meta.as_ref())?;
        if let Some(data) = data {
            self.writer.data(spec::DATA, data)?;
        }
        if *more_data {
            self.writer.flag(spec::MORE_DATA)?;
        }
        self.extras(extras)?;
        self.writer.end(spec::ITEM)
    }

    #[inline(always)]
    fn item_location(&mut self, spec: &'static Spec, location: &Location<'_>) -> Result<(), Error> {
        if location.uri.is_empty() {
            self.unless_strict(ErrorKind::EmptyElement)?;
        }
        self.location(spec, location)
    }

    #[inline(always)]
    fn location(&mut self, spec: &'static Spec, location: &Location<'_>) -> Result<(), Error> {
        self.writer.start(spec)?;
        self.writer.leaf(spec::LOC_URI, location.uri.as_str())?;
        if let Some(name) = location.name() {
            self.writer.leaf(spec::LOC_NAME, name)?;
        }
        self.extras(location.extras())?;
        self.writer.end(spec)
    }

    #[inline]
    fn meta(&mut self, meta: Option<&Meta<'_>>) -> Result<(), Error> {
        match meta {
            None => Ok(()),
            Some(meta) if says_nothing(meta) => self.writer.flag(spec::META),
            Some(meta) => self.full_meta(meta),
        }
    }

    fn full_meta(&mut self, meta: &Meta<'_>) -> Result<(), Error> {
        self.writer.start(spec::META)?;
        self.optional(spec::FORMAT, meta.format().map(Format::as_str))?;
        self.optional(spec::TYPE, meta.type_())?;
        self.optional(spec::MARK, meta.mark().map(Mark::as_str))?;
        self.number(spec::SIZE, meta.size().map(crate::Decimal::as_str))?;
        if let Some(more) = &meta.more {
            if let Some(nonce) = &more.next_nonce {
                self.writer.data(spec::NEXT_NONCE, nonce)?;
            }
            self.number(spec::MAX_MSG_SIZE, more.max_msg_size.as_ref().map(crate::Decimal::as_str))?;
            self.number(spec::MAX_OBJ_SIZE, more.max_obj_size.as_ref().map(crate::Decimal::as_str))?;
            for text in &more.emi {
                self.writer.leaf(spec::EMI, text)?;
            }
            self.extras(&more.extras)?;
        }
        self.writer.end(spec::META)
    }

    #[inline]
    fn extras(&mut self, extras: &Extras<'_>) -> Result<(), Error> {
        if extras.is_empty() { Ok(()) } else { self.some_extras(extras) }
    }

    /// What the model has no place for was received from somebody; of ourselves we do not send it.
    #[cold]
    fn some_extras(&mut self, extras: &Extras<'_>) -> Result<(), Error> {
        for element in extras.iter() {
            let ds = matches!(element.name(), Name::Known(tag) if !tag.is_dm());
            self.unless_strict(if ds { ErrorKind::DsElement } else { ErrorKind::UnknownElement })?;
            self.writer.element(element)?;
        }
        Ok(())
    }
}

/// An item that has a short way.
#[inline(always)]
fn plain<'i>(item: &'i Item<'_>) -> Option<PlainItem<'i>> {
    let Item { target: Some(target), source: None, meta, data, more_data: false, extras } = item else { return None };
    let uri = target.uri.as_str();
    if uri.is_empty() || target.more.is_some() || !extras.is_empty() {
        return None;
    }
    let meta = match meta {
        None => None,
        Some(Meta { format: Some(format), type_: Some(type_), mark: None, size: None, more: None }) => {
            let format = format.as_str();
            if format.is_empty() || type_.is_empty() {
                return None;
            }
            Some((format, type_.as_str()))
        }
        Some(_) => return None,
    };
    let data = match data {
        None => None,
        Some(Data { content: Content::Text(text), attributes, .. }) if attributes.is_empty() && !text.is_empty() => {
            Some(PlainData::Text(text))
        }
        Some(Data { content: Content::Opaque(bytes), attributes, .. })
            if attributes.is_empty() && !bytes.is_empty() =>
        {
            Some(PlainData::Bytes(bytes))
        }
        Some(_) => return None,
    };
    Some(PlainItem { uri, meta, data })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a Meta has no element to write.
fn says_nothing(meta: &Meta<'_>) -> bool {
    let Meta { format, type_, mark, size, more } = meta;
    format.is_none()
        && type_.is_none()
        && mark.is_none()
        && size.is_none()
        && more.as_ref().is_none_or(|more| {
            more.next_nonce.is_none()
                && more.max_msg_size.is_none()
                && more.max_obj_size.is_none()
                && more.emi.is_empty()
                && more.extras.is_empty()
        })
}
