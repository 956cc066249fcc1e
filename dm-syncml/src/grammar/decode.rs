//! From elements to the model: the schema, with the order of the DTD as the prediction and every order accepted.
//!
//! Each element has one function. It asks for its children in the order of the DTD, again while that brings something,
//! and hands what is left to its slow twin, which takes children as they come. An element that may stand once and does
//! so twice always reaches the slow twin, because the prediction asks only for what is not there yet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::read::{Child, Read, Started};
use crate::names::{Page, Spec, Tag, spec};
use crate::{
    Alert, AlertCode, Chal, CmdId, CmdRef, Command, CommandName, Container, Content, Cred, Data, Decimal,
    DeviationKind as Deviation, Element, Error, ErrorKind, Extras, Format, Fragment, FragmentRoot, Item, List, LocUri,
    Location, Mark, Meta, MsgId, Node, Operation, Results, SessionId, Span, Status, StatusCode, Str, SyncHdr,
};

/// What the caller takes for a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// A message as it travels: `SyncML` with a header and a body.
    Message,
    /// Also parts of one, as they are stored.
    Fragment,
    /// A message up to the end of its header.
    Header,
}

/// Levels above the commands of a body and below a command: SyncML, SyncBody; Item, Meta, MetInf, Format.
const LEVELS: usize = 7;

type Open<'a, R> = <R as Read<'a>>::Open;

/// Reads all of the input into `out`. After an error `out` holds the commands that were complete.
pub(crate) fn document<'a, R: Read<'a>>(r: &mut R, whole: Whole, out: &mut Fragment<'a>) -> Result<(), Error> {
    let mut decoder =
        Decoder { r, whole, commands: 0, elements: 0, items: 0, last_id: 0, ascending: true, empty_id: false };
    let result = decoder.document(out);
    decoder.repeated_ids(out).and(result)
}

struct Decoder<'r, R> {
    r: &'r mut R,
    whole: Whole,
    /// Commands so far.
    commands: usize,
    /// Elements outside the model so far, with what is in them.
    elements: usize,
    /// Items so far, beside the first of a command.
    items: usize,
    /// The CmdID before, as a number of its bytes; each that is greater than the one before cannot be repeated.
    last_id: u64,
    /// Whether every CmdID so far was.
    ascending: bool,
    /// Whether the command being read has had a CmdID without text: another one is still another one.
    empty_id: bool,
}

/// Where the children of a body come from.
struct Body<O> {
    /// The element they are in, or `None` for bare commands.
    within: Option<(&'static Spec, O)>,
    /// A child whose start was read already.
    first: Option<Started<O>>,
}

/// A container whose end has not been reached.
struct Frame<'a, O> {
    atomic: bool,
    open: O,
    container: Container<'a>,
    offset: usize,
}

impl<'a, R: Read<'a>> Decoder<'_, R> {
    fn document(&mut self, out: &mut Fragment<'a>) -> Result<(), Error> {
        let first = match self.r.next(None, Page::SyncMl)? {
            Child::Start(first) => first,
            Child::End => return Err(Error::new(ErrorKind::UnexpectedEnd, self.r.offset())),
        };
        out.namespace = self.r.namespace();
        let fragment = self.whole == Whole::Fragment;
        match first.tag {
            Some(tag) if tag == spec::SYNC_ML.tag => {
                self.sync_ml(first.open, out)?;
                if self.whole == Whole::Header { Ok(()) } else { self.end_of_input() }
            }
            Some(tag) if fragment && tag == spec::SYNC_BODY.tag => {
                out.root = FragmentRoot::SyncBody;
                out.declarations = self.r.declarations();
                self.body(Body { within: Some((spec::SYNC_BODY, first.open)), first: None }, out)?;
                self.end_of_input()
            }
            Some(tag) if fragment && is_command(tag) => {
                out.root = FragmentRoot::Commands;
                self.body(Body { within: None, first: Some(first) }, out)
            }
            _ => Err(Error::new(ErrorKind::Root, first.offset)),
        }
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        match self.r.next(None, Page::SyncMl)? {
            Child::End => Ok(()),
            Child::Start(second) => Err(Error::new(ErrorKind::OutsideRoot, second.offset)),
        }
    }

    fn sync_ml(&mut self, open: Open<'a, R>, out: &mut Fragment<'a>) -> Result<(), Error> {
        let mut header = false;
        let mut body = false;
        out.root = FragmentRoot::SyncMl;
        loop {
            if !header && !body && self.r.open(spec::SYNC_HDR) {
                header = true;
                let at = began(self.r, spec::SYNC_HDR);
                self.header(Open::<'a, R>::default(), at, out)?;
                if self.whole == Whole::Header {
                    return Ok(());
                }
                continue;
            }
            if self.whole == Whole::Header && self.r.open(spec::SYNC_BODY) {
                return Err(Error::new(ErrorKind::MissingPart, began(self.r, spec::SYNC_BODY)));
            }
            if !body && self.r.open(spec::SYNC_BODY) {
                body = true;
                self.body(Body { within: Some((spec::SYNC_BODY, Open::<'a, R>::default())), first: None }, out)?;
                continue;
            }
            let child = match self.r.next(Some((spec::SYNC_ML, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => break,
            };
            match child.tag {
                Some(tag) if tag == spec::SYNC_HDR.tag => {
                    once(header, child.offset)?;
                    if body {
                        self.deviate(Deviation::Order, child.offset)?;
                    }
                    header = true;
                    self.header(child.open, child.offset, out)?;
                    if self.whole == Whole::Header {
                        return Ok(());
                    }
                }
                Some(_) if self.whole == Whole::Header => {
                    return Err(Error::new(ErrorKind::MissingPart, child.offset));
                }
                Some(tag) if tag == spec::SYNC_BODY.tag => {
                    once(body, child.offset)?;
                    body = true;
                    out.declarations = self.r.declarations();
                    self.body(Body { within: Some((spec::SYNC_BODY, child.open)), first: None }, out)?;
                }
                Some(tag) if self.whole == Whole::Fragment && is_command(tag) => {
                    once(body, child.offset)?;
                    body = true;
                    self.deviate(Deviation::CommandOutsideBody, child.offset)?;
                    self.body(Body { within: Some((spec::SYNC_ML, open)), first: Some(child) }, out)?;
                    break;
                }
                // Where one parser looks for commands and another does not.
                Some(tag) if is_command(tag) => return Err(Error::new(ErrorKind::UnexpectedElement, child.offset)),
                _ => self.extra(child, &mut out.extras)?,
            }
        }
        if self.whole == Whole::Message && !(header && body) {
            return Err(Error::new(ErrorKind::MissingPart, self.r.offset()));
        }
        Ok(())
    }

    // The header.

    fn header(&mut self, open: Open<'a, R>, at: usize, out: &mut Fragment<'a>) -> Result<(), Error> {
        // Known also when what follows breaks off.
        out.root = FragmentRoot::Message;
        let header = out.header.insert(SyncHdr::EMPTY);
        let mut seen = Seen::default();
        self.header_children(open, header, &mut seen)?;
        header.span = Span::new(at, self.r.offset());
        if seen.0 == 0 && header.extras.is_empty() && self.whole == Whole::Fragment {
            (out.header, out.root) = (None, FragmentRoot::SyncMl);
            return Ok(());
        }
        let required = [
            (Seen::VER_DTD, header.ver_dtd.is_empty()),
            (Seen::VER_PROTO, header.ver_proto.is_empty()),
            (Seen::SESSION_ID, header.session_id.is_empty()),
            (Seen::MSG_ID, header.msg_id.is_empty()),
            (Seen::TARGET, header.target.uri.is_empty()),
            (Seen::SOURCE, header.source.uri.is_empty()),
        ];
        for (field, empty) in required {
            if empty {
                let kind = if seen.has(field) { Deviation::EmptyElement } else { Deviation::MissingElement };
                self.deviate(kind, at)?;
            }
        }
        if (!header.ver_dtd.is_empty() && header.ver_dtd != "1.2")
            || (!header.ver_proto.is_empty() && header.ver_proto != "DM/1.2")
        {
            self.deviate(Deviation::Version, at)?;
        }
        if R::BINARY && !header.ver_dtd.is_empty() && !out.namespace.as_str().ends_with(header.ver_dtd.as_str()) {
            self.deviate(Deviation::PublicId, at)?;
        }
        if self.whole == Whole::Fragment && out.header.as_ref().is_some_and(|header| *header == SyncHdr::EMPTY) {
            // Nothing that could be written again.
            (out.header, out.root) = (None, FragmentRoot::SyncMl);
        }
        Ok(())
    }

    fn header_children(&mut self, open: Open<'a, R>, header: &mut SyncHdr<'a>, seen: &mut Seen) -> Result<(), Error> {
        if let Some(text) = self.r.leaf(spec::VER_DTD) {
            seen.first(Seen::VER_DTD);
            header.ver_dtd = self.trimmed(text)?;
        }
        if let Some(text) = self.r.leaf(spec::VER_PROTO) {
            seen.first(Seen::VER_PROTO);
            header.ver_proto = self.trimmed(text)?;
        }
        if let Some(text) = self.r.leaf(spec::SESSION_ID) {
            seen.first(Seen::SESSION_ID);
            header.session_id = self.session_id(text)?;
        }
        if let Some(text) = self.r.leaf(spec::MSG_ID) {
            seen.first(Seen::MSG_ID);
            header.msg_id = self.msg_id(text)?;
        }
        if self.r.open(spec::TARGET) {
            seen.first(Seen::TARGET);
            self.location(spec::TARGET, Open::<'a, R>::default(), &mut header.target)?;
        }
        if self.r.open(spec::SOURCE) {
            seen.first(Seen::SOURCE);
            self.location(spec::SOURCE, Open::<'a, R>::default(), &mut header.source)?;
        }
        if let Some(text) = self.r.leaf(spec::RESP_URI) {
            seen.first(Seen::RESP_URI);
            header.resp_uri = Some(self.trimmed(text)?);
        }
        if self.r.open(spec::CRED) {
            let at = began(self.r, spec::CRED);
            seen.first(Seen::CRED);
            header.cred = Some(self.cred(Open::<'a, R>::default(), at)?);
        }
        if self.r.open(spec::META) {
            seen.first(Seen::META);
            self.meta(Open::<'a, R>::default(), header.meta.insert(Meta::new()))?;
        }
        if self.r.close(spec::SYNC_HDR, open) {
            return Ok(());
        }
        self.header_slow(open, header, seen)
    }

    #[cold]
    fn header_slow(&mut self, open: Open<'a, R>, header: &mut SyncHdr<'a>, seen: &mut Seen) -> Result<(), Error> {
        loop {
            let child = match self.r.next(Some((spec::SYNC_HDR, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            let at = child.offset;
            let known = child.tag.and_then(Seen::of_header);
            if let Some(field) = known {
                let order = seen.add(field, at)?;
                self.order(order, at)?;
            }
            match known {
                Some(Seen::VER_DTD) => header.ver_dtd = self.trimmed_child(child)?,
                Some(Seen::VER_PROTO) => header.ver_proto = self.trimmed_child(child)?,
                Some(Seen::SESSION_ID) => {
                    let text = self.r.text(child)?;
                    header.session_id = self.session_id(text)?;
                }
                Some(Seen::MSG_ID) => {
                    let text = self.r.text(child)?;
                    header.msg_id = self.msg_id(text)?;
                }
                Some(Seen::TARGET) => self.location(spec::TARGET, child.open, &mut header.target)?,
                Some(Seen::SOURCE) => self.location(spec::SOURCE, child.open, &mut header.source)?,
                Some(Seen::RESP_URI) => header.resp_uri = Some(self.trimmed_child(child)?),
                Some(Seen::CRED) => header.cred = Some(self.cred(child.open, at)?),
                Some(Seen::META) => self.meta(child.open, header.meta.insert(Meta::new()))?,
                _ => self.extra(child, &mut header.extras)?,
            }
        }
    }

    fn cred(&mut self, open: Open<'a, R>, at: usize) -> Result<Cred<'a>, Error> {
        let mut cred = Cred::default();
        let (mut meta, mut data) = (false, false);
        if self.r.open(spec::META) {
            meta = true;
            self.meta(Open::<'a, R>::default(), &mut cred.meta)?;
        }
        if let Some(text) = self.r.leaf(spec::DATA) {
            data = true;
            cred.data = Data::from_content(Content::Text(text), self.r.span());
        }
        if !self.r.close(spec::CRED, open) {
            self.cred_slow(open, &mut cred, &mut meta, &mut data)?;
        }
        if !(meta && data) {
            self.deviate(Deviation::MissingElement, at)?;
        }
        cred.span = Span::new(at, self.r.offset());
        Ok(cred)
    }

    #[cold]
    fn cred_slow(
        &mut self,
        open: Open<'a, R>,
        cred: &mut Cred<'a>,
        meta: &mut bool,
        data: &mut bool,
    ) -> Result<(), Error> {
        loop {
            let child = match self.r.next(Some((spec::CRED, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            match child.tag {
                Some(tag) if tag == spec::META.tag => {
                    once(*meta, child.offset)?;
                    self.order(*data, child.offset)?;
                    *meta = true;
                    self.meta(child.open, &mut cred.meta)?;
                }
                Some(tag) if tag == spec::DATA.tag => {
                    once(*data, child.offset)?;
                    *data = true;
                    cred.data = self.r.data(child)?;
                }
                _ => self.extra(child, &mut cred.extras)?,
            }
        }
    }

    #[inline(always)]
    fn location(&mut self, this: &'static Spec, open: Open<'a, R>, location: &mut Location<'a>) -> Result<(), Error> {
        let uri = self.location_uri(location)?;
        if uri && self.r.close(this, open) {
            return Ok(());
        }
        self.location_slow(this, open, location, uri)
    }

    fn location_uri(&mut self, location: &mut Location<'a>) -> Result<bool, Error> {
        let Some(text) = self.r.leaf(spec::LOC_URI) else { return Ok(false) };
        location.uri = self.uri(text)?;
        Ok(true)
    }

    #[inline(never)]
    fn location_slow(
        &mut self,
        this: &'static Spec,
        open: Open<'a, R>,
        location: &mut Location<'a>,
        mut uri: bool,
    ) -> Result<(), Error> {
        if !uri && let Some(text) = self.r.composed(spec::LOC_URI) {
            uri = true;
            location.uri = self.uri(text)?;
        }
        if let Some(text) = self.r.leaf(spec::LOC_NAME) {
            location.more_mut().name = Some(text);
        }
        if !self.r.close(this, open) {
            while let Child::Start(child) = self.r.next(Some((this, open)), Page::SyncMl)? {
                match child.tag {
                    Some(tag) if tag == spec::LOC_URI.tag => {
                        once(uri, child.offset)?;
                        self.order(location.name().is_some(), child.offset)?;
                        uri = true;
                        let text = self.r.text(child)?;
                        location.uri = self.uri(text)?;
                    }
                    Some(tag) if tag == spec::LOC_NAME.tag => {
                        once(location.name().is_some(), child.offset)?;
                        location.more_mut().name = Some(self.r.text(child)?);
                    }
                    _ => self.extra(child, &mut location.more_mut().extras)?,
                }
            }
        }
        if !uri {
            self.deviate(Deviation::MissingElement, self.r.offset())?;
        }
        Ok(())
    }

    // Meta. Its order is free: RepPro declares it as text.

    fn meta(&mut self, open: Open<'a, R>, meta: &mut Meta<'a>) -> Result<(), Error> {
        loop {
            let mut found = false;
            if meta.format.is_none()
                && let Some(text) = self.r.leaf(spec::FORMAT)
            {
                Format::read(self.trimmed(text)?, &mut meta.format);
                if matches!(meta.format, Some(Format::Other(_))) {
                    self.deviate(Deviation::UnknownFormat, self.r.span().start())?;
                }
                found = true;
            }
            if meta.type_.is_none()
                && let Some(text) = self.r.leaf(spec::TYPE)
            {
                meta.type_ = Some(self.trimmed(text)?);
                found = true;
            }
            if self.r.close(spec::META, open) {
                return Ok(());
            }
            if meta.mark.is_none()
                && let Some(text) = self.r.leaf(spec::MARK)
            {
                meta.mark = Some(Mark::from(self.trimmed(text)?));
                found = true;
            }
            if meta.size.is_none()
                && let Some(text) = self.r.leaf(spec::SIZE)
            {
                meta.size = Some(self.decimal(text)?);
                found = true;
            }
            if self.r.close(spec::META, open) {
                return Ok(());
            }
            if !found {
                return self.meta_slow(spec::META, open, meta, false);
            }
        }
    }

    fn meta_slow(
        &mut self,
        this: &'static Spec,
        open: Open<'a, R>,
        meta: &mut Meta<'a>,
        wrapped: bool,
    ) -> Result<(), Error> {
        loop {
            if meta.next_nonce().is_none()
                && let Some(text) = self.r.leaf(spec::NEXT_NONCE)
            {
                meta.more_mut().next_nonce = Some(Data::from_content(Content::Text(text), self.r.span()));
            }
            if meta.max_msg_size().is_none()
                && let Some(text) = self.r.leaf(spec::MAX_MSG_SIZE)
            {
                meta.more_mut().max_msg_size = Some(self.decimal(text)?);
            }
            if meta.max_obj_size().is_none()
                && let Some(text) = self.r.leaf(spec::MAX_OBJ_SIZE)
            {
                meta.more_mut().max_obj_size = Some(self.decimal(text)?);
            }
            if self.r.close(this, open) {
                return Ok(());
            }
            let child = match self.r.next(Some((this, open)), Page::MetInf)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            match child.tag {
                Some(tag) if tag == spec::MET_INF.tag && wrapped => {
                    return Err(Error::new(ErrorKind::UnexpectedElement, child.offset));
                }
                Some(tag) if tag == spec::MET_INF.tag => {
                    self.deviate(Deviation::MetInf, child.offset)?;
                    self.meta_slow(spec::MET_INF, child.open, meta, true)?;
                }
                Some(tag) => self.meta_child(tag, child, meta)?,
                None => self.extra(child, &mut meta.more_mut().extras)?,
            }
        }
    }

    /// One child of a Meta, wherever it stands.
    fn meta_child(&mut self, tag: Tag, child: Started<Open<'a, R>>, meta: &mut Meta<'a>) -> Result<(), Error> {
        let at = child.offset;
        if tag == spec::FORMAT.tag {
            once(meta.format.is_some(), at)?;
            let text = self.r.text(child)?;
            meta.format = Some(self.format(text)?);
        } else if tag == spec::TYPE.tag {
            once(meta.type_.is_some(), at)?;
            meta.type_ = Some(self.trimmed_child(child)?);
        } else if tag == spec::MARK.tag {
            once(meta.mark.is_some(), at)?;
            meta.mark = Some(Mark::from(self.trimmed_child(child)?));
        } else if tag == spec::SIZE.tag {
            once(meta.size.is_some(), at)?;
            let text = self.r.text(child)?;
            meta.size = Some(self.decimal(text)?);
        } else if tag == spec::NEXT_NONCE.tag {
            once(meta.next_nonce().is_some(), at)?;
            meta.more_mut().next_nonce = Some(self.r.data(child)?);
        } else if tag == spec::MAX_MSG_SIZE.tag {
            once(meta.max_msg_size().is_some(), at)?;
            let text = self.r.text(child)?;
            meta.more_mut().max_msg_size = Some(self.decimal(text)?);
        } else if tag == spec::MAX_OBJ_SIZE.tag {
            once(meta.max_obj_size().is_some(), at)?;
            let text = self.r.text(child)?;
            meta.more_mut().max_obj_size = Some(self.decimal(text)?);
        } else if tag == spec::EMI.tag {
            let text = self.r.text(child)?;
            meta.more_mut().emi.push(text);
        } else {
            self.extra(child, &mut meta.more_mut().extras)?;
        }
        Ok(())
    }

    // The body.

    fn body(&mut self, mut body: Body<Open<'a, R>>, out: &mut Fragment<'a>) -> Result<(), Error> {
        // One allocation for nearly every message; a bound, because one value may be all of a long one.
        let guess = self.r.input_len().checked_div(R::COMMAND_LEN).unwrap_or(0);
        out.commands.reserve(guess.saturating_add(4).min(256));
        let mut stack: Vec<Frame<'a, Open<'a, R>>> = Vec::new();
        let result = self.body_children(&mut body, &mut stack, out);
        if result.is_err() {
            // What is complete inside containers that are not: a log tool shows it as it is.
            while let Some(frame) = stack.pop() {
                if frame.container.commands.is_empty() {
                    continue;
                }
                let command = frame.finish(self.r.offset());
                match stack.last_mut() {
                    Some(outer) => outer.container.commands.push(command),
                    None => out.commands.push(command),
                }
            }
        }
        result
    }

    fn body_children(
        &mut self,
        body: &mut Body<Open<'a, R>>,
        stack: &mut Vec<Frame<'a, Open<'a, R>>>,
        out: &mut Fragment<'a>,
    ) -> Result<(), Error> {
        loop {
            let default = Open::<'a, R>::default();
            let mut started = body.first.take();
            // The prediction, in the order of how often each comes.
            let mut predicted = None;
            if started.is_none() {
                predicted = self.predict();
                if predicted.is_none()
                    && let Some(frame) = stack.last_mut()
                    && frame.container.cmd_id.is_empty()
                    && !self.empty_id
                    && frame.container.commands.is_empty()
                    && frame.container.meta.is_none()
                    && let Some(text) = self.r.leaf(spec::CMD_ID)
                {
                    let id = self.cmd_id(text)?;
                    if let Some(frame) = stack.last_mut() {
                        frame.container.cmd_id = id;
                    }
                    continue;
                }
            }
            let (kind, open, at) = match predicted {
                Some((kind, at)) => (kind, default, at),
                None => {
                    let within = match stack.last() {
                        Some(frame) => Some((frame.spec(), frame.open)),
                        None => body.within,
                    };
                    if stack.is_empty() && started.is_none() && self.r.flag(spec::FINAL) {
                        let at = if R::BINARY { 1 } else { spec::FINAL.empty.len() };
                        self.last(self.r.offset().saturating_sub(at), out)?;
                        continue;
                    }
                    if let Some((this, open)) = within
                        && started.is_none()
                        && self.r.close(this, open)
                    {
                        if self.ended(stack, out)? {
                            return Ok(());
                        }
                        continue;
                    }
                    let child = match started.take() {
                        Some(child) => child,
                        None => match self.r.next(within, Page::SyncMl)? {
                            Child::Start(child) => child,
                            Child::End => {
                                if self.ended(stack, out)? {
                                    return Ok(());
                                }
                                continue;
                            }
                        },
                    };
                    match child.tag.and_then(Kind::of) {
                        Some(kind) => (kind, child.open, child.offset),
                        None => {
                            self.other(child, stack, out)?;
                            continue;
                        }
                    }
                }
            };
            self.count(at)?;
            if out.is_final && stack.is_empty() {
                self.deviate(Deviation::AfterFinal, at)?;
            }
            if let Some(frame) = stack.last()
                && !frame.may_hold(kind)
            {
                self.deviate(Deviation::Nesting, at)?;
            }
            if let Kind::Atomic | Kind::Sequence = kind {
                let limits = self.r.limits();
                let depth = stack.len().saturating_add(1);
                if depth > limits.max_container_depth.min(64) || depth.saturating_add(LEVELS) > limits.max_depth {
                    return Err(Error::new(ErrorKind::TooDeep, at));
                }
                let atomic = kind == Kind::Atomic;
                stack.push(Frame { atomic, open, container: Container::default(), offset: at });
                continue;
            }
            let list = match stack.last_mut() {
                Some(frame) => &mut frame.container.commands,
                None => &mut out.commands,
            };
            if let Err(error) = self.command(kind, open, at, list) {
                list.pop();
                return Err(error);
            }
        }
    }

    /// The command whose start follows in its plain form.
    #[inline(always)]
    fn predict(&mut self) -> Option<(Kind, usize)> {
        let r = &mut *self.r;
        if r.open(spec::REPLACE) {
            Some((Kind::Replace, began(r, spec::REPLACE)))
        } else if r.open(spec::STATUS) {
            Some((Kind::Status, began(r, spec::STATUS)))
        } else if r.open(spec::GET) {
            Some((Kind::Get, began(r, spec::GET)))
        } else if r.open(spec::RESULTS) {
            Some((Kind::Results, began(r, spec::RESULTS)))
        } else if r.open(spec::ADD) {
            Some((Kind::Add, began(r, spec::ADD)))
        } else if r.open(spec::ALERT) {
            Some((Kind::Alert, began(r, spec::ALERT)))
        } else if r.open(spec::EXEC) {
            Some((Kind::Exec, began(r, spec::EXEC)))
        } else if r.open(spec::DELETE) {
            Some((Kind::Delete, began(r, spec::DELETE)))
        } else if r.open(spec::ATOMIC) {
            Some((Kind::Atomic, began(r, spec::ATOMIC)))
        } else if r.open(spec::SEQUENCE) {
            Some((Kind::Sequence, began(r, spec::SEQUENCE)))
        } else if r.open(spec::COPY) {
            Some((Kind::Copy, began(r, spec::COPY)))
        } else {
            None
        }
    }

    /// Appends a command to the list and reads it in place: moving one costs more than reading some of its children.
    /// After an error the last one in the list is not complete.
    #[inline(always)]
    fn command(&mut self, kind: Kind, open: Open<'a, R>, at: usize, list: &mut Vec<Command<'a>>) -> Result<(), Error> {
        macro_rules! operation {
            ($variant:ident, $spec:ident) => {{
                list.push(Command::$spec);
                if let Some(Command::$variant(it)) = list.last_mut() {
                    self.operation(it)?;
                    if !self.r.close(spec::$spec, open) {
                        self.operation_slow(spec::$spec, open, it)?;
                    }
                    self.operation_end(it, at)?;
                }
            }};
        }
        macro_rules! answer {
            ($variant:ident, $type:ident, $read:ident) => {{
                list.push(Command::$variant($type::default()));
                if let Some(Command::$variant(it)) = list.last_mut() {
                    self.$read(open, at, it)?;
                    it.span = Span::new(at, self.r.offset());
                }
            }};
        }
        match kind {
            Kind::Replace => operation!(Replace, REPLACE),
            Kind::Get => operation!(Get, GET),
            Kind::Add => operation!(Add, ADD),
            Kind::Exec => operation!(Exec, EXEC),
            Kind::Delete => operation!(Delete, DELETE),
            Kind::Copy => operation!(Copy, COPY),
            Kind::Status => answer!(Status, Status, status),
            Kind::Results => answer!(Results, Results, results),
            Kind::Alert => answer!(Alert, Alert, alert),
            Kind::Atomic | Kind::Sequence => {}
        }
        Ok(())
    }

    /// The innermost container or the body ended; `true` for the body.
    fn ended(&mut self, stack: &mut Vec<Frame<'a, Open<'a, R>>>, out: &mut Fragment<'a>) -> Result<bool, Error> {
        let Some(frame) = stack.pop() else { return Ok(true) };
        let at = frame.offset;
        if frame.container.cmd_id.is_empty() {
            self.deviate(Deviation::MissingElement, at)?;
        }
        if frame.container.commands.is_empty() {
            self.deviate(Deviation::Incomplete, at)?;
        }
        let command = frame.finish(self.r.offset());
        match stack.last_mut() {
            Some(outer) => outer.container.commands.push(command),
            None => out.commands.push(command),
        }
        Ok(false)
    }

    /// A child of the body or a container that is no command of DM.
    #[cold]
    fn other(
        &mut self,
        child: Started<Open<'a, R>>,
        stack: &mut [Frame<'a, Open<'a, R>>],
        out: &mut Fragment<'a>,
    ) -> Result<(), Error> {
        let at = child.offset;
        if let Some(tag) = child.tag {
            if let Some(frame) = stack.last_mut() {
                if tag == spec::CMD_ID.tag {
                    if !frame.container.cmd_id.is_empty() || self.empty_id {
                        self.deviate(Deviation::Repeated, at)?;
                    }
                    if !frame.container.commands.is_empty() || frame.container.meta.is_some() {
                        self.deviate(Deviation::Order, at)?;
                    }
                    let text = self.r.text(child)?;
                    frame.container.cmd_id = self.cmd_id(text)?;
                    return Ok(());
                }
                if tag == spec::META.tag {
                    once(frame.container.meta.is_some(), at)?;
                    if !frame.container.commands.is_empty() {
                        self.deviate(Deviation::Order, at)?;
                    }
                    let meta = frame.container.meta.insert(Box::default());
                    return self.meta(child.open, meta);
                }
                if is_extra_of_commands(tag) {
                    return self.extra(child, &mut frame.container.extras);
                }
            } else if tag == spec::FINAL.tag {
                self.empty(child)?;
                return self.last(at, out);
            }
        }
        self.count(at)?;
        let ds = child.tag.is_some_and(is_ds_command);
        self.deviate(if ds { Deviation::DsCommand } else { Deviation::UnknownCommand }, at)?;
        let element = self.r.element(child)?;
        self.budget(&element, at)?;
        let list = match stack.last_mut() {
            Some(frame) => &mut frame.container.commands,
            None => &mut out.commands,
        };
        list.push(if ds { Command::Ds(element) } else { Command::Unknown(element) });
        Ok(())
    }

    fn last(&mut self, at: usize, out: &mut Fragment<'a>) -> Result<(), Error> {
        if out.is_final {
            self.deviate(Deviation::Repeated, at)?;
        }
        out.is_final = true;
        Ok(())
    }

    fn count(&mut self, at: usize) -> Result<(), Error> {
        if self.commands >= self.r.limits().max_commands {
            return Err(Error::new(ErrorKind::TooManyCommands, at));
        }
        self.commands = self.commands.saturating_add(1);
        self.empty_id = false;
        Ok(())
    }

    // Commands.

    /// What nearly every operation has: a CmdID and one item.
    fn operation(&mut self, operation: &mut Operation<'a>) -> Result<(), Error> {
        if let Some(text) = self.r.leaf(spec::CMD_ID) {
            operation.cmd_id = self.cmd_id(text)?;
        }
        if self.r.open(spec::ITEM) {
            operation.items = List::one(Item::new());
            if let [item] = &mut *operation.items {
                self.item(Open::<'a, R>::default(), item)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn operation_end(&mut self, operation: &mut Operation<'a>, at: usize) -> Result<(), Error> {
        if operation.cmd_id.is_empty() || operation.items.is_empty() {
            self.incomplete(operation.cmd_id.is_empty(), operation.items.is_empty(), at)?;
        }
        operation.span = Span::new(at, self.r.offset());
        Ok(())
    }

    #[inline(never)]
    fn operation_slow(
        &mut self,
        this: &'static Spec,
        open: Open<'a, R>,
        operation: &mut Operation<'a>,
    ) -> Result<(), Error> {
        let mut implied: Option<Item<'a>> = None;
        loop {
            let first = operation.items.is_empty() && operation.meta.is_none() && operation.correlator.is_none();
            if operation.cmd_id.is_empty()
                && !self.empty_id
                && first
                && let Some(text) = self.r.leaf(spec::CMD_ID)
            {
                operation.cmd_id = self.cmd_id(text)?;
            }
            if first && self.r.open(spec::META) {
                self.meta(Open::<'a, R>::default(), operation.meta.insert(Box::default()))?;
            }
            while self.r.open(spec::ITEM) {
                self.push_item(Open::<'a, R>::default(), began(self.r, spec::ITEM), &mut operation.items)?;
            }
            if self.r.close(this, open) {
                break;
            }
            let child = match self.r.next(Some((this, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => break,
            };
            let at = child.offset;
            match child.tag {
                Some(tag) if tag == spec::CMD_ID.tag => {
                    if !operation.cmd_id.is_empty() || self.empty_id {
                        self.deviate(Deviation::Repeated, at)?;
                    } else {
                        let late =
                            !operation.items.is_empty() || operation.meta.is_some() || operation.correlator.is_some();
                        self.order(late, at)?;
                    }
                    let text = self.r.text(child)?;
                    operation.cmd_id = self.cmd_id(text)?;
                }
                Some(tag) if tag == spec::META.tag => {
                    once(operation.meta.is_some(), at)?;
                    self.order(!operation.items.is_empty() || operation.correlator.is_some(), at)?;
                    self.meta(child.open, operation.meta.insert(Box::default()))?;
                }
                Some(tag) if tag == spec::CORRELATOR.tag && this.tag == spec::EXEC.tag => {
                    once(operation.correlator.is_some(), at)?;
                    self.order(!operation.items.is_empty(), at)?;
                    operation.correlator = Some(self.r.text(child)?);
                }
                Some(tag) if tag == spec::ITEM.tag => self.push_item(child.open, at, &mut operation.items)?,
                Some(tag) if is_item_content(tag) => {
                    self.implied(tag, child, implied.get_or_insert_default())?;
                }
                _ => self.extra(child, &mut operation.extras)?,
            }
        }
        if let Some(item) = implied {
            operation.items.push(item);
        }
        Ok(())
    }

    #[cold]
    fn incomplete(&mut self, id: bool, items: bool, at: usize) -> Result<(), Error> {
        if id {
            self.deviate(Deviation::MissingElement, at)?;
        }
        if items {
            self.deviate(Deviation::Incomplete, at)?;
        }
        Ok(())
    }

    /// Target, Source or Data straight under a command: on the wire a mistake to refuse, in a stored profile one to mend.
    #[cold]
    fn implied(&mut self, tag: Tag, child: Started<Open<'a, R>>, item: &mut Item<'a>) -> Result<(), Error> {
        if self.whole == Whole::Message {
            return Err(Error::new(ErrorKind::UnexpectedElement, child.offset));
        }
        self.deviate(Deviation::ItemImplied, child.offset)?;
        self.item_child(tag, child, item)
    }

    /// One more item where there are `len`. An empty one takes a byte in WBXML and hundreds here, so all of a message
    /// are counted too.
    #[inline]
    fn count_item(&mut self, len: usize, at: usize) -> Result<(), Error> {
        let max = self.r.limits().max_items;
        if len >= max || self.items >= max.saturating_mul(16) {
            return Err(Error::new(ErrorKind::TooManyItems, at));
        }
        self.items = self.items.saturating_add(1);
        Ok(())
    }

    fn push_item(&mut self, open: Open<'a, R>, at: usize, items: &mut List<Item<'a>>) -> Result<(), Error> {
        self.count_item(items.len(), at)?;
        items.push(Item::new());
        match items.last_mut() {
            Some(item) => self.item(open, item),
            None => Ok(()),
        }
    }

    fn item(&mut self, open: Open<'a, R>, item: &mut Item<'a>) -> Result<(), Error> {
        if self.r.open(spec::TARGET) {
            self.location(spec::TARGET, Open::<'a, R>::default(), item.target.insert(Location::EMPTY))?;
        }
        if self.r.open(spec::SOURCE) {
            self.location(spec::SOURCE, Open::<'a, R>::default(), item.source.insert(Location::EMPTY))?;
        }
        if self.r.open(spec::META) {
            self.meta(Open::<'a, R>::default(), item.meta.insert(Meta::new()))?;
        }
        if let Some(text) = self.r.leaf(spec::DATA) {
            item.data = Some(Data::from_content(Content::Text(text), self.r.span()));
        } else if let Some(data) = self.r.opaque(spec::DATA) {
            item.data = Some(data);
        }
        if self.r.close(spec::ITEM, open) {
            return Ok(());
        }
        self.item_slow(open, item)
    }

    #[inline(never)]
    fn item_slow(&mut self, open: Open<'a, R>, item: &mut Item<'a>) -> Result<(), Error> {
        if item.data.is_none()
            && let Some(text) = self.r.composed(spec::DATA)
        {
            item.data = Some(Data::from_content(Content::Text(text), self.r.span()));
        }
        if item.data.is_some() && self.r.flag(spec::MORE_DATA) {
            item.more_data = true;
        }
        loop {
            if self.r.close(spec::ITEM, open) {
                return Ok(());
            }
            let child = match self.r.next(Some((spec::ITEM, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            match child.tag {
                Some(tag) => self.item_child(tag, child, item)?,
                None => self.extra(child, &mut item.extras)?,
            }
        }
    }

    fn item_child(&mut self, tag: Tag, child: Started<Open<'a, R>>, item: &mut Item<'a>) -> Result<(), Error> {
        let at = child.offset;
        let late = item.data.is_some() || item.more_data;
        if tag == spec::TARGET.tag {
            once(item.target.is_some(), at)?;
            self.order(late || item.source.is_some() || item.meta.is_some(), at)?;
            self.location(spec::TARGET, child.open, item.target.insert(Location::EMPTY))
        } else if tag == spec::SOURCE.tag {
            once(item.source.is_some(), at)?;
            self.order(late || item.meta.is_some(), at)?;
            self.location(spec::SOURCE, child.open, item.source.insert(Location::EMPTY))
        } else if tag == spec::META.tag {
            once(item.meta.is_some(), at)?;
            self.order(late, at)?;
            self.meta(child.open, item.meta.insert(Meta::new()))
        } else if tag == spec::DATA.tag {
            once(item.data.is_some(), at)?;
            self.order(item.more_data, at)?;
            let data = self.r.data(child)?;
            if data.original_error().is_some_and(|error| error.code.is_none()) {
                self.deviate(Deviation::OriginalError, at)?;
            }
            if let Content::Element(element) = &data.content {
                self.budget(element, at)?;
            }
            item.data = Some(data);
            Ok(())
        } else if tag == spec::MORE_DATA.tag {
            once(item.more_data, at)?;
            item.more_data = true;
            self.empty(child)
        } else if tag == spec::FORMAT.tag || tag == spec::TYPE.tag {
            self.deviate(Deviation::MetaOutsideMeta, at)?;
            self.meta_child(tag, child, item.meta.get_or_insert_default())
        } else {
            self.extra(child, &mut item.extras)
        }
    }

    fn alert(&mut self, open: Open<'a, R>, at: usize, alert: &mut Alert<'a>) -> Result<(), Error> {
        if let Some(text) = self.r.leaf(spec::CMD_ID) {
            alert.cmd_id = self.cmd_id(text)?;
        }
        if let Some(text) = self.r.leaf(spec::DATA) {
            alert.data = Some(Data::from_content(Content::Text(text), self.r.span()));
        }
        if let Some(text) = self.r.leaf(spec::CORRELATOR) {
            alert.correlator = Some(text);
        }
        while self.r.open(spec::ITEM) {
            self.push_item(Open::<'a, R>::default(), began(self.r, spec::ITEM), &mut alert.items)?;
        }
        if !self.r.close(spec::ALERT, open) {
            self.alert_slow(open, alert)?;
        }
        if alert.cmd_id.is_empty() {
            self.deviate(Deviation::MissingElement, at)?;
        }
        match &alert.data {
            None => self.deviate(Deviation::MissingElement, at)?,
            Some(data) if data.as_text().and_then(AlertCode::from_text).is_none() => {
                self.deviate(Deviation::Code, data.span().start())?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    #[cold]
    fn alert_slow(&mut self, open: Open<'a, R>, alert: &mut Alert<'a>) -> Result<(), Error> {
        loop {
            let child = match self.r.next(Some((spec::ALERT, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            let at = child.offset;
            match child.tag {
                Some(tag) if tag == spec::CMD_ID.tag => {
                    if alert.cmd_id.is_empty() && !self.empty_id {
                        self.order(alert.data.is_some() || alert.correlator.is_some(), at)?;
                    } else {
                        self.deviate(Deviation::Repeated, at)?;
                    }
                    let text = self.r.text(child)?;
                    alert.cmd_id = self.cmd_id(text)?;
                }
                Some(tag) if tag == spec::DATA.tag => {
                    once(alert.data.is_some(), at)?;
                    self.order(alert.correlator.is_some() || !alert.items.is_empty(), at)?;
                    alert.data = Some(self.r.data(child)?);
                }
                Some(tag) if tag == spec::CORRELATOR.tag => {
                    once(alert.correlator.is_some(), at)?;
                    self.order(!alert.items.is_empty(), at)?;
                    alert.correlator = Some(self.r.text(child)?);
                }
                Some(tag) if tag == spec::ITEM.tag => self.push_item(child.open, at, &mut alert.items)?,
                _ => self.extra(child, &mut alert.extras)?,
            }
        }
    }

    fn status(&mut self, open: Open<'a, R>, at: usize, status: &mut Status<'a>) -> Result<(), Error> {
        let mut seen = Seen::default();
        if let Some(text) = self.r.leaf(spec::CMD_ID) {
            seen.first(Seen::CMD_ID);
            status.cmd_id = self.cmd_id(text)?;
        }
        if let Some(text) = self.r.leaf(spec::MSG_REF) {
            seen.first(Seen::MSG_REF);
            status.msg_ref = self.msg_id(text)?;
        }
        if let Some(text) = self.r.leaf(spec::CMD_REF) {
            seen.first(Seen::CMD_REF);
            status.cmd_ref = Some(CmdRef::from(self.trimmed(text)?));
        }
        if let Some(text) = self.r.leaf(spec::CMD) {
            seen.first(Seen::CMD);
            status.cmd = Some(self.command_name(text)?);
        }
        while let Some(text) = self.r.leaf(spec::TARGET_REF) {
            seen.first(Seen::TARGET_REF);
            self.push_ref(text, &mut status.target_refs)?;
        }
        while let Some(text) = self.r.leaf(spec::SOURCE_REF) {
            seen.first(Seen::SOURCE_REF);
            self.push_ref(text, &mut status.source_refs)?;
        }
        if self.r.open(spec::CHAL) {
            seen.first(Seen::CHAL);
            status.chal = Some(Box::new(self.chal(Open::<'a, R>::default())?));
        }
        if let Some(text) = self.r.leaf(spec::DATA) {
            seen.first(Seen::DATA);
            status.data = Some(Data::from_content(Content::Text(text), self.r.span()));
        }
        if !self.r.close(spec::STATUS, open) {
            self.status_slow(open, status, &mut seen)?;
        }
        // CmdRef may be missing when the header is answered (DM Protocol §11, samples).
        let header = status.cmd == Some(CommandName::SyncHdr);
        if status.cmd_id.is_empty()
            || status.msg_ref.is_empty()
            || (status.cmd_ref.is_none() && !header)
            || status.cmd.is_none()
            || status.data.is_none()
        {
            self.deviate(Deviation::MissingElement, at)?;
        }
        if let Some(data) = &status.data
            && data.as_text().and_then(StatusCode::from_text).is_none()
        {
            self.deviate(Deviation::Code, data.span().start())?;
        }
        Ok(())
    }

    #[inline(never)]
    fn status_slow(&mut self, open: Open<'a, R>, status: &mut Status<'a>, seen: &mut Seen) -> Result<(), Error> {
        loop {
            let child = match self.r.next(Some((spec::STATUS, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            let at = child.offset;
            let known = child.tag.and_then(Seen::of_answer);
            if let Some(field) = known {
                let late = match field {
                    Seen::TARGET_REF | Seen::SOURCE_REF | Seen::ITEM => seen.repeat(field),
                    _ => seen.add(field, at)?,
                };
                self.order(late, at)?;
            }
            match known {
                Some(Seen::CMD_ID) => {
                    let text = self.r.text(child)?;
                    status.cmd_id = self.cmd_id(text)?;
                }
                Some(Seen::MSG_REF) => {
                    let text = self.r.text(child)?;
                    status.msg_ref = self.msg_id(text)?;
                }
                Some(Seen::CMD_REF) => status.cmd_ref = Some(CmdRef::from(self.trimmed_child(child)?)),
                Some(Seen::CMD) => {
                    let text = self.r.text(child)?;
                    status.cmd = Some(self.command_name(text)?);
                }
                Some(Seen::TARGET_REF) => {
                    let text = self.reference(child)?;
                    self.push_ref(text, &mut status.target_refs)?;
                }
                Some(Seen::SOURCE_REF) => {
                    let text = self.reference(child)?;
                    self.push_ref(text, &mut status.source_refs)?;
                }
                Some(Seen::CHAL) => status.chal = Some(Box::new(self.chal(child.open)?)),
                Some(Seen::DATA) => {
                    let data = self.r.data(child)?;
                    if data.original_error().is_some_and(|error| error.code.is_none()) {
                        self.deviate(Deviation::OriginalError, at)?;
                    }
                    status.data = Some(data);
                }
                Some(Seen::ITEM) => {
                    self.count_item(status.items.len(), at)?;
                    let mut item = Item::new();
                    self.item(child.open, &mut item)?;
                    status.items.push(item);
                }
                _ => self.extra(child, &mut status.extras)?,
            }
        }
    }

    fn chal(&mut self, open: Open<'a, R>) -> Result<Chal<'a>, Error> {
        let mut chal = Chal::default();
        let mut meta = false;
        if self.r.open(spec::META) {
            meta = true;
            self.meta(Open::<'a, R>::default(), &mut chal.meta)?;
        }
        if !self.r.close(spec::CHAL, open) {
            while let Child::Start(child) = self.r.next(Some((spec::CHAL, open)), Page::SyncMl)? {
                match child.tag {
                    Some(tag) if tag == spec::META.tag => {
                        once(meta, child.offset)?;
                        meta = true;
                        self.meta(child.open, &mut chal.meta)?;
                    }
                    _ => self.extra(child, &mut chal.extras)?,
                }
            }
        }
        if !meta {
            self.deviate(Deviation::MissingElement, self.r.offset())?;
        }
        Ok(chal)
    }

    fn results(&mut self, open: Open<'a, R>, at: usize, results: &mut Results<'a>) -> Result<(), Error> {
        let mut seen = Seen::default();
        if let Some(text) = self.r.leaf(spec::CMD_ID) {
            seen.first(Seen::CMD_ID);
            results.cmd_id = self.cmd_id(text)?;
        }
        if let Some(text) = self.r.leaf(spec::MSG_REF) {
            seen.first(Seen::MSG_REF);
            results.msg_ref = Some(self.msg_id(text)?);
        }
        if let Some(text) = self.r.leaf(spec::CMD_REF) {
            seen.first(Seen::CMD_REF);
            results.cmd_ref = Some(CmdRef::from(self.trimmed(text)?));
        }
        while self.r.open(spec::ITEM) {
            seen.first(Seen::ITEM);
            self.push_item(Open::<'a, R>::default(), began(self.r, spec::ITEM), &mut results.items)?;
        }
        if !self.r.close(spec::RESULTS, open) {
            self.results_slow(open, results, &mut seen)?;
        }
        if results.cmd_id.is_empty() || results.cmd_ref.is_none() {
            self.deviate(Deviation::MissingElement, at)?;
        }
        if results.items.is_empty() {
            self.deviate(Deviation::Incomplete, at)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn results_slow(&mut self, open: Open<'a, R>, results: &mut Results<'a>, seen: &mut Seen) -> Result<(), Error> {
        loop {
            if seen.0 < Seen::TARGET_REF && self.r.open(spec::META) {
                seen.first(Seen::META);
                self.meta(Open::<'a, R>::default(), results.meta.insert(Box::default()))?;
            }
            while self.r.open(spec::ITEM) {
                seen.first(Seen::ITEM);
                self.push_item(Open::<'a, R>::default(), began(self.r, spec::ITEM), &mut results.items)?;
            }
            if self.r.close(spec::RESULTS, open) {
                return Ok(());
            }
            let child = match self.r.next(Some((spec::RESULTS, open)), Page::SyncMl)? {
                Child::Start(child) => child,
                Child::End => return Ok(()),
            };
            let at = child.offset;
            let known = child.tag.and_then(Seen::of_answer);
            if let Some(field) = known {
                // Meta stands before the refs, though its bit is behind theirs.
                let refs = seen.has(Seen::TARGET_REF) || seen.has(Seen::SOURCE_REF);
                let late = match field {
                    Seen::ITEM => seen.repeat(field),
                    Seen::META => seen.add(field, at)? || refs,
                    Seen::TARGET_REF | Seen::SOURCE_REF => {
                        let items = seen.has(Seen::ITEM);
                        let source = seen.has(Seen::SOURCE_REF);
                        seen.add(field, at)?;
                        items || source
                    }
                    _ => seen.add(field, at)?,
                };
                self.order(late, at)?;
            }
            match known {
                Some(Seen::CMD_ID) => {
                    let text = self.r.text(child)?;
                    results.cmd_id = self.cmd_id(text)?;
                }
                Some(Seen::MSG_REF) => {
                    let text = self.r.text(child)?;
                    results.msg_ref = Some(self.msg_id(text)?);
                }
                Some(Seen::CMD_REF) => results.cmd_ref = Some(CmdRef::from(self.trimmed_child(child)?)),
                Some(Seen::CMD) => {
                    let text = self.r.text(child)?;
                    results.more_mut().cmd = Some(self.command_name(text)?);
                }
                Some(Seen::META) => self.meta(child.open, results.meta.insert(Box::default()))?,
                Some(Seen::TARGET_REF) => {
                    let text = self.reference(child)?;
                    results.more_mut().target_ref = Some(self.uri(text)?);
                }
                Some(Seen::SOURCE_REF) => {
                    let text = self.reference(child)?;
                    results.more_mut().source_ref = Some(self.uri(text)?);
                }
                Some(Seen::ITEM) => self.push_item(child.open, at, &mut results.items)?,
                _ => self.extra(child, &mut results.extras)?,
            }
        }
    }

    /// A TargetRef or SourceRef. MS-MDM prints a LocURI inside; its own client sends text.
    fn reference(&mut self, child: Started<Open<'a, R>>) -> Result<Str<'a>, Error> {
        self.r.text(child)
    }

    fn push_ref(&mut self, text: Str<'a>, list: &mut List<LocUri<'a>>) -> Result<(), Error> {
        let uri = self.uri(text)?;
        if list.len() >= self.r.limits().max_items {
            return Err(Error::new(ErrorKind::TooManyItems, self.r.span().start()));
        }
        list.push(uri);
        Ok(())
    }

    // Texts.

    /// Without white space at both ends, which is reported.
    #[inline(always)]
    fn trimmed(&mut self, text: Str<'a>) -> Result<Str<'a>, Error> {
        let padded = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
        let bytes = text.as_bytes();
        if padded(bytes.first()) || padded(bytes.last()) {
            self.deviate(Deviation::Padding, self.r.span().start())?;
            return Ok(text.trimmed());
        }
        Ok(text)
    }

    fn trimmed_child(&mut self, child: Started<Open<'a, R>>) -> Result<Str<'a>, Error> {
        let text = self.r.text(child)?;
        self.trimmed(text)
    }

    #[inline(always)]
    fn cmd_id(&mut self, text: Str<'a>) -> Result<CmdId<'a>, Error> {
        let text = self.trimmed(text)?;
        if text.as_str() == "0" {
            self.deviate(Deviation::CmdIdReserved, self.r.span().start())?;
        }
        self.empty_id |= text.is_empty();
        let number =
            if text.len() <= 8 { text.bytes().fold(0_u64, |number, byte| number << 8 | u64::from(byte)) } else { 0 };
        self.ascending &= number > self.last_id;
        self.last_id = number;
        Ok(CmdId::from(text))
    }

    fn msg_id(&mut self, text: Str<'a>) -> Result<MsgId<'a>, Error> {
        let id = MsgId::from(self.trimmed(text)?);
        if !id.is_empty() && id.number().is_none() {
            self.deviate(Deviation::NotANumber, self.r.span().start())?;
        }
        Ok(id)
    }

    fn session_id(&mut self, text: Str<'a>) -> Result<SessionId<'a>, Error> {
        let text = self.trimmed(text)?;
        let at = self.r.span().start();
        if text.len() > self.r.limits().max_session_id_len {
            return Err(Error::new(ErrorKind::SessionIdTooLong, at));
        }
        if text.len() > 4 {
            self.deviate(Deviation::SessionIdLength, at)?;
        }
        Ok(SessionId::from(text))
    }

    #[inline(always)]
    fn uri(&mut self, text: Str<'a>) -> Result<LocUri<'a>, Error> {
        let text = self.trimmed(text)?;
        if text.len() > self.r.limits().max_uri_len {
            return Err(Error::new(ErrorKind::UriTooLong, self.r.span().start()));
        }
        Ok(LocUri::from(text))
    }

    fn decimal(&mut self, text: Str<'a>) -> Result<Decimal<'a>, Error> {
        let number = Decimal::from(self.trimmed(text)?);
        if number.number().is_none() {
            self.deviate(Deviation::NotANumber, self.r.span().start())?;
        }
        Ok(number)
    }

    fn format(&mut self, text: Str<'a>) -> Result<Format<'a>, Error> {
        let format = Format::from(self.trimmed(text)?);
        if !format.is_known() {
            self.deviate(Deviation::UnknownFormat, self.r.span().start())?;
        }
        Ok(format)
    }

    fn command_name(&mut self, text: Str<'a>) -> Result<CommandName<'a>, Error> {
        let name = CommandName::from(self.trimmed(text)?);
        if !name.is_known() {
            self.deviate(Deviation::CommandName, self.r.span().start())?;
        }
        Ok(name)
    }

    // What has no place.

    /// An element that must be empty.
    fn empty(&mut self, child: Started<Open<'a, R>>) -> Result<(), Error> {
        let at = child.offset;
        let content = self.r.data(child)?;
        if content.as_text().is_none_or(|text| !crate::text::trim(text).is_empty()) {
            self.deviate(Deviation::NotEmpty, at)?;
        }
        Ok(())
    }

    /// An element that the model has no place for: kept and reported.
    #[cold]
    fn extra(&mut self, child: Started<Open<'a, R>>, extras: &mut Extras<'a>) -> Result<(), Error> {
        let kind = match child.tag {
            Some(tag) if tag == spec::CRED.tag => Deviation::CredPlace,
            Some(tag) if !tag.is_dm() => Deviation::DsElement,
            _ => Deviation::UnknownElement,
        };
        self.deviate(kind, child.offset)?;
        let at = child.offset;
        let element = self.r.element(child)?;
        self.budget(&element, at)?;
        extras.push(element);
        Ok(())
    }

    /// Counts elements outside the model over all of the input: each takes many times the room it has on the wire.
    #[cold]
    fn budget(&mut self, element: &Element<'a>, at: usize) -> Result<(), Error> {
        let starts = element.nodes().iter().filter(|node| matches!(node, Node::Start(_))).count();
        self.elements = self.elements.saturating_add(starts);
        if self.elements > self.r.limits().max_elements {
            return Err(Error::new(ErrorKind::TooManyElements, at));
        }
        Ok(())
    }

    fn order(&mut self, late: bool, at: usize) -> Result<(), Error> {
        if late { self.deviate(Deviation::Order, at) } else { Ok(()) }
    }

    #[cold]
    fn deviate(&mut self, kind: Deviation, at: usize) -> Result<(), Error> {
        self.r.context().deviate(kind, at)
    }

    // CmdIDs.

    /// Reports every CmdID that a command before it has. Nothing to do for ids that ascend, as nearly all do.
    fn repeated_ids(&mut self, out: &Fragment<'a>) -> Result<(), Error> {
        if self.ascending {
            return Ok(());
        }
        let mut ids: Vec<(&str, usize)> = out
            .walk()
            .filter_map(|command| Some((command.cmd_id()?.as_str(), command.span().start())))
            .filter(|(id, _)| !id.is_empty())
            .collect();
        ids.sort_unstable();
        let mut before = None;
        let mut repeated: Vec<usize> = Vec::new();
        for (id, at) in ids {
            if before == Some(id) {
                repeated.push(at);
            }
            before = Some(id);
        }
        repeated.sort_unstable();
        for at in repeated {
            self.deviate(Deviation::CmdIdRepeated, at)?;
        }
        Ok(())
    }
}

impl<'a, O> Frame<'a, O> {
    const fn spec(&self) -> &'static Spec {
        if self.atomic { spec::ATOMIC } else { spec::SEQUENCE }
    }

    /// What DM lets stand in the container (DM Representation §6.6.4, §6.6.14).
    const fn may_hold(&self, kind: Kind) -> bool {
        match kind {
            Kind::Add | Kind::Replace | Kind::Delete | Kind::Copy | Kind::Alert => true,
            Kind::Get | Kind::Exec => !self.atomic,
            Kind::Atomic | Kind::Sequence | Kind::Status | Kind::Results => false,
        }
    }

    fn finish(self, end: usize) -> Command<'a> {
        let mut container = self.container;
        container.span = Span::new(self.offset, end);
        if self.atomic { Command::Atomic(container) } else { Command::Sequence(container) }
    }
}

/// A command of DM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Alert,
    Atomic,
    Copy,
    Delete,
    Exec,
    Get,
    Replace,
    Results,
    Sequence,
    Status,
}

impl Kind {
    fn of(tag: Tag) -> Option<Self> {
        const KINDS: [(&Spec, Kind); 11] = [
            (spec::ADD, Kind::Add),
            (spec::ALERT, Kind::Alert),
            (spec::ATOMIC, Kind::Atomic),
            (spec::COPY, Kind::Copy),
            (spec::DELETE, Kind::Delete),
            (spec::EXEC, Kind::Exec),
            (spec::GET, Kind::Get),
            (spec::REPLACE, Kind::Replace),
            (spec::RESULTS, Kind::Results),
            (spec::SEQUENCE, Kind::Sequence),
            (spec::STATUS, Kind::Status),
        ];
        KINDS.into_iter().find(|(spec, _)| spec.tag == tag).map(|(_, kind)| kind)
    }
}

fn is_ds_command(tag: Tag) -> bool {
    [spec::SYNC, spec::MAP, spec::PUT, spec::SEARCH, spec::MOVE].into_iter().any(|spec| spec.tag == tag)
}

fn is_command(tag: Tag) -> bool {
    Kind::of(tag).is_some() || is_ds_command(tag)
}

/// What a container may have beside commands, of DS or in the wrong place.
fn is_extra_of_commands(tag: Tag) -> bool {
    [spec::NO_RESP, spec::CRED].into_iter().any(|spec| spec.tag == tag)
}

fn is_item_content(tag: Tag) -> bool {
    [spec::TARGET, spec::SOURCE, spec::DATA, spec::MORE_DATA].into_iter().any(|spec| spec.tag == tag)
}

/// Where an element began that was just opened in its plain form.
#[inline(always)]
fn began<'a, R: Read<'a>>(r: &R, spec: &'static Spec) -> usize {
    r.offset().wrapping_sub(if R::BINARY { 1 } else { spec.open.len() })
}

/// An element that may stand once: refused when it is there already, because peers disagree on which one counts.
fn once(there: bool, at: usize) -> Result<(), Error> {
    if there { Err(Error::new(ErrorKind::Duplicate, at)) } else { Ok(()) }
}

/// Which children were there, in the order of the DTD.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u16);

impl Seen {
    const VER_DTD: u16 = 1;
    const VER_PROTO: u16 = 1 << 1;
    const SESSION_ID: u16 = 1 << 2;
    const MSG_ID: u16 = 1 << 3;
    const TARGET: u16 = 1 << 4;
    const SOURCE: u16 = 1 << 5;
    const RESP_URI: u16 = 1 << 6;
    const CRED: u16 = 1 << 7;
    const META: u16 = 1 << 8;

    const CMD_ID: u16 = 1;
    const MSG_REF: u16 = 1 << 1;
    const CMD_REF: u16 = 1 << 2;
    const CMD: u16 = 1 << 3;
    const TARGET_REF: u16 = 1 << 4;
    const SOURCE_REF: u16 = 1 << 5;
    const CHAL: u16 = 1 << 6;
    const DATA: u16 = 1 << 9;
    const ITEM: u16 = 1 << 10;

    fn of_header(tag: Tag) -> Option<u16> {
        [
            (spec::VER_DTD, Self::VER_DTD),
            (spec::VER_PROTO, Self::VER_PROTO),
            (spec::SESSION_ID, Self::SESSION_ID),
            (spec::MSG_ID, Self::MSG_ID),
            (spec::TARGET, Self::TARGET),
            (spec::SOURCE, Self::SOURCE),
            (spec::RESP_URI, Self::RESP_URI),
            (spec::CRED, Self::CRED),
            (spec::META, Self::META),
        ]
        .into_iter()
        .find(|(spec, _)| spec.tag == tag)
        .map(|(_, field)| field)
    }

    /// Of Status and Results.
    fn of_answer(tag: Tag) -> Option<u16> {
        [
            (spec::CMD_ID, Self::CMD_ID),
            (spec::MSG_REF, Self::MSG_REF),
            (spec::CMD_REF, Self::CMD_REF),
            (spec::CMD, Self::CMD),
            (spec::TARGET_REF, Self::TARGET_REF),
            (spec::SOURCE_REF, Self::SOURCE_REF),
            (spec::CHAL, Self::CHAL),
            (spec::META, Self::META),
            (spec::DATA, Self::DATA),
            (spec::ITEM, Self::ITEM),
        ]
        .into_iter()
        .find(|(spec, _)| spec.tag == tag)
        .map(|(_, field)| field)
    }

    const fn has(self, field: u16) -> bool {
        self.0 & field != 0
    }

    const fn first(&mut self, field: u16) {
        self.0 |= field;
    }

    /// Notes a child; refuses one that is there already. Gives whether one behind it in the DTD came before it.
    fn add(&mut self, field: u16, at: usize) -> Result<bool, Error> {
        once(self.has(field), at)?;
        Ok(self.repeat(field))
    }

    /// The same for a child that may be repeated.
    const fn repeat(&mut self, field: u16) -> bool {
        let late = self.0 >= field << 1;
        self.0 |= field;
        late
    }
}
