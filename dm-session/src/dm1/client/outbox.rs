//! What is to be said to the server, and the messages that it is said in (OMA-TS-DM_Protocol-V1_2 §6, §7).

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use dm_syncml::{
    self as syncml, Alert, AlertCode, CmdRef, Command, Cred, Encoding, Format, Item, LocUri, Location, Meta, Namespace,
    Operation, Results, Status, StatusCode, SyncHdr,
};

use super::Client;
use super::inbox::{Answered, Kind, Step};
use crate::dm1::alert::{AlertId, AlertQueue};
use crate::dm1::auth::{ChalForm, Scheme};
use crate::dm1::compose::{CmdIds, Composer, MASK, Pieces, Pushed, place_of};
use crate::dm1::config::ClientConfig;
use crate::tree::dm1::{Answer, ResultItem};

/// What waits to be said.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Outbox {
    /// The Status of the server's last SyncHdr.
    pub(super) header: Option<HeaderStatus>,
    /// Whether Package#1 has to be said: session alert and DevInfo.
    pub(super) setup: bool,
    /// Those of alerts 1222.
    pub(super) next: VecDeque<Spoken>,
    pub(super) answers: Answers,
    /// What was in the last message: it is said again where that was refused, or never left.
    pub(super) said: Said,
    /// What waits until the server has proved itself again.
    pub(super) held: Answers,
    /// Bytes of the Results, about.
    pub(super) len: usize,
    /// The alert that goes in pieces now.
    pub(super) cut_alert: Option<CutAlert>,
    /// Nodes of large objects that were broken off (1225).
    pub(super) no_end: Vec<String>,
}

/// What the server's commands are answered.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Answers {
    pub(super) statuses: VecDeque<Spoken>,
    pub(super) results: VecDeque<Brought>,
    /// The Item of Results that goes in pieces now.
    pub(super) cut: Option<Cut>,
}

/// What was said besides Package#1 and alerts, which have a place of their own.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Said {
    header: Option<HeaderStatus>,
    answers: Answers,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct HeaderStatus {
    pub(super) msg_ref: String,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
    pub(super) status: StatusCode,
    pub(super) chal: Option<ChalForm>,
    /// The nonce in it, that counts once it is delivered.
    pub(super) issued: Option<Issued>,
}

/// A nonce for the server.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub(super) struct Issued(#[cfg_attr(feature = "serde", serde(with = "crate::wire::nonce"))] pub(super) syncml::Nonce);

/// A Status.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Spoken {
    msg_ref: String,
    cmd_ref: String,
    cmd: String,
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::status"))]
    status: StatusCode,
    target_ref: Option<String>,
    source_ref: Option<String>,
    texts: Vec<String>,
    failed_at: Option<String>,
}

/// Items for the Results of a Get.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Brought {
    msg_ref: String,
    cmd_ref: String,
    items: VecDeque<ResultItem>,
}

/// An Item of Results on its way in pieces.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Cut {
    msg_ref: String,
    cmd_ref: String,
    source: String,
    format: Option<String>,
    media_type: Option<String>,
    pieces: Pieces,
    /// MsgID and CmdID of the last piece.
    sent: Option<(u32, String)>,
}

/// An alert on its way in pieces.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct CutAlert {
    id: AlertId,
    pieces: Pieces,
}

/// A message that is ready.
pub(super) struct Written {
    pub(super) body: Vec<u8>,
    pub(super) is_final: bool,
    /// Where the credential has to be put in, if it is one that no snapshot may hold.
    pub(super) secret_at: Option<usize>,
    /// The nonce in it.
    pub(super) issued: Option<Issued>,
}

/// Why no message came about.
pub(super) struct Stuck;

impl From<syncml::Error> for Stuck {
    fn from(_: syncml::Error) -> Self {
        Self
    }
}

impl Spoken {
    /// The Statuses of a step: one if all its Items came out alike, else one for each.
    pub(super) fn of(msg_ref: &str, step: Step, outbox: &mut Outbox) {
        if step.cmd_id.is_empty() {
            return;
        }
        let to = if matches!(step.kind, Kind::Next) { &mut outbox.next } else { &mut outbox.answers.statuses };
        let whole = step.is_settled();
        let alike = step.outcomes.windows(2).all(|pair| matches!(pair, [left, right] if left == right));
        let parts = if let Kind::Tree(parts) = step.kind { parts } else { Vec::new() };
        let single = whole && alike;
        let count = if single { 1 } else { usize::MAX };
        let mut parts = parts.into_iter();
        for outcome in step.outcomes.into_iter().take(count) {
            let part = parts.next().filter(|_| !single);
            let (target_ref, source_ref) = part.map_or((None, None), |part| (part.target, part.source));
            to.push_back(Self {
                msg_ref: msg_ref.to_owned(),
                cmd_ref: step.cmd_id.clone(),
                cmd: step.name.clone(),
                status: outcome.status,
                target_ref,
                source_ref,
                texts: outcome.texts,
                failed_at: outcome.failed_at,
            });
        }
    }

    /// The same without Items and references.
    fn bare(&self) -> Self {
        Self { target_ref: None, source_ref: None, texts: Vec::new(), failed_at: None, ..self.clone() }
    }

    fn to_command(&self, ids: &mut CmdIds) -> Command<'static> {
        let cmd = syncml::CommandName::from(syncml::Str::from(self.cmd.clone()));
        let mut status =
            Status::new(ids.next(), self.msg_ref.clone(), CmdRef::from(self.cmd_ref.clone()), cmd, self.status);
        if let Some(uri) = &self.target_ref {
            status = status.with_target_ref(LocUri::from(uri.clone()));
        }
        if let Some(uri) = &self.source_ref {
            status = status.with_source_ref(LocUri::from(uri.clone()));
        }
        if let Some(uri) = &self.failed_at {
            status = status.with_item(Item::target(uri.clone()));
        }
        for text in &self.texts {
            status = status.with_item(Item::data(text.clone()));
        }
        Command::Status(status)
    }
}

impl Answers {
    fn is_empty(&self) -> bool {
        self.statuses.is_empty() && self.results.is_empty() && self.cut.is_none()
    }

    /// Puts earlier ones before these. A value in pieces begins anew: the piece was refused with its message.
    fn put_before(&mut self, earlier: Self) {
        for status in earlier.statuses.into_iter().rev() {
            self.statuses.push_front(status);
        }
        for brought in earlier.results.into_iter().rev() {
            self.results.push_front(brought);
        }
        self.cut = earlier.cut.or(self.cut.take());
        if let Some(cut) = &mut self.cut {
            cut.pieces.restart();
            cut.sent = None;
        }
    }

    /// Puts later ones behind these. There is one value in pieces at a time.
    fn append(&mut self, later: Self) {
        self.statuses.extend(later.statuses);
        self.results.extend(later.results);
        self.cut = self.cut.take().or(later.cut);
    }

    fn is_consistent(&self) -> bool {
        self.cut.as_ref().is_none_or(|cut| cut.pieces.is_consistent())
            && self.results.iter().all(|brought| !brought.items.is_empty())
            && self.statuses.iter().all(|status| !status.cmd_ref.is_empty())
    }
}

impl Outbox {
    /// Whether nothing but the Status of the SyncHdr is to be said, alerts apart.
    pub(super) fn is_quiet(&self) -> bool {
        self.next.is_empty() && !self.has_more()
    }

    /// Whether a message more is needed.
    fn has_more(&self) -> bool {
        self.has_more_now() || !self.held.is_empty()
    }

    /// The same for what may be said to this server.
    fn has_more_now(&self) -> bool {
        !self.answers.is_empty() || self.cut_alert.is_some() || self.setup || !self.no_end.is_empty()
    }

    /// A message of the server is trusted, or it is not: what was to be said to one that was then waits.
    pub(super) fn trust(&mut self, trusted: bool) {
        let (from, to) = match trusted {
            true => (&mut self.held, &mut self.answers),
            false => (&mut self.answers, &mut self.held),
        };
        let waiting = mem::take(from);
        if !waiting.is_empty() {
            to.append(waiting);
        }
    }

    pub(super) fn add_results(&mut self, msg_ref: String, cmd_ref: String, items: Vec<ResultItem>, len: usize) {
        self.len = self.len.saturating_add(len);
        let all = &mut self.answers.results;
        match all.back_mut() {
            Some(last) if last.msg_ref == msg_ref && last.cmd_ref == cmd_ref => last.items.extend(items),
            _ if items.is_empty() => {}
            _ => all.push_back(Brought { msg_ref, cmd_ref, items: items.into() }),
        }
    }

    /// The rest of an object in pieces is not sent. An alert stays in the queue, for the next session.
    pub(super) fn drop_cut(&mut self) {
        self.answers.cut = None;
        self.cut_alert = None;
    }

    /// Package#1 comes first again, and what the last message said after it; to a server that is not `trusted` later.
    pub(super) fn begin_again(&mut self, trusted: bool) {
        self.setup = true;
        self.cut_alert = None;
        self.no_end = Vec::new();
        let said = mem::take(&mut self.said).answers;
        if trusted { &mut self.answers } else { &mut self.held }.put_before(said);
    }

    /// The last message never left.
    pub(super) fn take_back(&mut self) {
        let said = mem::take(&mut self.said);
        self.header = said.header;
        self.answers.put_before(said.answers);
    }

    /// Another message of the server is answered: what it brings is counted by itself, once the last one is answered.
    pub(super) fn begin(&mut self, header: HeaderStatus) {
        self.header = Some(header);
        if [&self.answers, &self.held].iter().all(|answers| answers.results.is_empty() && answers.cut.is_none()) {
            self.len = 0;
        }
    }

    /// A Status of Results: any but that of a piece that was taken ends the object.
    pub(super) fn answered(&mut self, answered: &Answered) {
        let is_for = |sent: &(u32, String)| answered.msg_ref.parse() == Ok(sent.0) && answered.cmd_ref == sent.1;
        let cut = &mut self.answers.cut;
        let is_it = cut.as_ref().is_some_and(|cut| cut.sent.as_ref().is_some_and(is_for));
        if is_it && !answered.status.is_success() {
            *cut = None;
        }
    }

    /// An alert is answered: no more of it is sent.
    pub(super) fn drop_alert(&mut self, id: AlertId) {
        if self.cut_alert.as_ref().is_some_and(|cut| cut.id == id) {
            self.cut_alert = None;
        }
    }

    pub(super) fn is_consistent(&self) -> bool {
        [&self.answers, &self.said.answers, &self.held].iter().all(|answers| answers.is_consistent())
            && self.cut_alert.as_ref().is_none_or(|cut| cut.pieces.is_consistent())
            && self.next.iter().all(|status| !status.cmd_ref.is_empty())
    }
}

impl Client {
    // --- what can be said at all -------------------------------------------------------------------

    /// Bytes of the largest value that the server can be given.
    pub(super) fn max_value_len(&self) -> Option<usize> {
        let mut most = self.config.limits.max_reply_len;
        if let Some(limit) = self.core.peer_max_obj {
            most = most.min(limit);
        }
        if let Some(room) = self.room() {
            most = most.min(self.config.object_limit().map_or(room, |limit| limit.max(room)));
        }
        Some(most)
    }

    /// Bytes of the largest message: what the server takes, or this side writes.
    fn limit(&self) -> Option<usize> {
        let own = self.config.limits.message.max_message_len;
        Some(self.core.peer_max_msg.map_or(own, |limit| limit.min(own)))
    }

    /// Bytes for commands in a message that says nothing else.
    fn room(&self) -> Option<usize> {
        let mut composer = self.composer(self.limit()).ok()?;
        self.push_header(&mut composer).ok()?;
        // Numbers grow.
        composer.room().map(|room| room.saturating_sub(12))
    }

    /// Whether what a Get brought can be delivered: how many bytes it takes, or what is wrong with it.
    pub(super) fn deliverable(&self, answer: &Answer) -> Result<usize, StatusCode> {
        let encoding = self.config.encoding;
        let (room, mut total) = (self.room(), 0_usize);
        let composer = self.composer(None).map_err(|Stuck| StatusCode::COMMAND_FAILED)?;
        for result in &answer.results {
            let item = result.to_item(encoding);
            let measure = |item| {
                let results = Command::Results(Results::new("100", "100", "100").with_item(item));
                composer.measure(results).map_err(|_| StatusCode::COMMAND_FAILED)
            };
            let pieces = Pieces::of(&item);
            let carried = pieces.as_ref().map_or(0, |pieces| usize::try_from(pieces.total()).unwrap_or(usize::MAX));
            if self.core.peer_max_obj.is_some_and(|limit| carried > limit) {
                return Err(StatusCode::TOO_LARGE);
            }
            let len = measure(item.clone())?;
            total = total.saturating_add(len);
            if room.is_some_and(|room| len > room) {
                let pieces = pieces.filter(|_| self.config.object_limit().is_some_and(|limit| carried <= limit));
                let piece = pieces.ok_or(StatusCode::TOO_LARGE)?.smallest();
                let least = measure(piece.put_into(Item { data: None, ..item }))?;
                if room.is_some_and(|room| least > room) {
                    return Err(StatusCode::TOO_LARGE);
                }
            }
        }
        if self.core.outbox.len.saturating_add(total) > self.config.limits.max_reply_len {
            return Err(StatusCode::TOO_LARGE);
        }
        Ok(total)
    }

    /// Whether there is anything but the Status of the SyncHdr to be said.
    pub(super) fn is_quiet(&self) -> bool {
        self.core.outbox.is_quiet() && (self.core.alerts.next().is_none() || self.config.defer_alerts)
    }

    // --- messages ------------------------------------------------------------------------------------

    /// The next message: as much of what waits as there is room for. Unless `all`, nothing but Statuses. Where it is
    /// `tight`, what is asked for goes before the Status of who asked for it (1222).
    pub(super) fn write(&mut self, all: bool, tight: bool) -> Result<Written, Stuck> {
        let head = self.core.outbox.setup;
        self.core.outbox.said = Said::default();
        let mut composer = self.composer(self.limit())?;
        let (mut full, mut over) = (false, false);
        if head {
            // This much was taken before: the server had it in the first message, where it has to be.
            if !self.push_head(&mut composer)? {
                composer = self.composer(None)?;
                (full, over) = (true, true);
                if !self.push_head(&mut composer)? {
                    return Err(Stuck);
                }
            }
        } else if !self.push_header(&mut composer)? {
            return Err(Stuck);
        }
        // That of the message before goes first; older ones that had no room go where there is some.
        let mut asked = 0_usize;
        if let Some(status) = self.core.outbox.next.back().filter(|_| !tight && !full) {
            full = composer.push(|ids| status.to_command(ids)) == Ok(false);
            asked = usize::from(!full);
        }
        let mut said = head;
        while let Some(status) = self.core.outbox.answers.statuses.front().filter(|_| !full) {
            // What the user or the store said may be what this form cannot write: then the code alone.
            let pushed = composer.push(|ids| status.to_command(ids));
            match pushed.or_else(|_| composer.push(|ids| status.bare().to_command(ids))) {
                Ok(false) => full = true,
                pushed => {
                    said |= pushed.is_ok();
                    let status = self.core.outbox.answers.statuses.pop_front();
                    self.core.outbox.said.answers.statuses.extend(status);
                }
            }
        }
        if head {
            self.core.outbox.setup = false;
        }
        if all && !full {
            full = !self.push_data(&mut composer, &mut said, asked == 0);
        }
        if all && (full || self.core.outbox.has_more_now()) && !said {
            // Nothing but who asked for it: the next message would have no more room.
            return Err(Stuck);
        }
        let left = full || self.core.outbox.has_more();
        let header = self.core.outbox.header.take();
        let issued = header.as_ref().and_then(|header| header.issued.clone());
        self.core.outbox.said.header = header;
        if self.core.server_open && !left {
            // The server's turn again. Where there is no room for it the server goes on by itself.
            let _ = composer.push_end(|ids| Command::Alert(Alert::new(ids.next(), AlertCode::NEXT_MESSAGE)));
        }
        let is_final = !left && !self.core.server_open;
        let next = &mut self.core.outbox.next;
        for status in next.iter().rev().skip(asked) {
            // A message that is too long already has no room, whatever it says.
            if over || composer.push(|ids| status.to_command(ids)) == Ok(false) {
                break;
            }
            asked = asked.saturating_add(1);
        }
        // They are worth no message of their own.
        next.truncate(if is_final { 0 } else { next.len().saturating_sub(asked) });
        self.finish(composer, is_final, issued)
    }

    /// The Statuses of alerts 1222. Whether all of them are in the message.
    fn push_next(&self, composer: &mut Composer) -> bool {
        self.core.outbox.next.iter().all(|status| composer.push(|ids| status.to_command(ids)) != Ok(false))
    }

    /// The message that gives the session up.
    pub(super) fn write_abort(&mut self) -> Result<Written, Stuck> {
        let limit = self.limit();
        let abort = |ids: &mut CmdIds| Command::Alert(Alert::new(ids.next(), AlertCode::SESSION_ABORT));
        // As long as the longest CmdID makes it.
        let longest = Command::Alert(Alert::new("9999", AlertCode::SESSION_ABORT));
        let reserve = self.composer(None)?.measure(longest)?;
        let mut composer = self.composer(limit.map(|limit| limit.saturating_sub(reserve)))?;
        // The one thing that has to be in it is the alert.
        if self.core.outbox.header.is_some() && !self.push_header(&mut composer)? {
            composer = self.composer(limit)?;
        } else {
            let mut full = !self.push_next(&mut composer);
            while let Some(status) = self.core.outbox.answers.statuses.pop_front().filter(|_| !full) {
                full = composer.push(|ids| status.to_command(ids)) == Ok(false);
            }
            while let Some(brought) = self.core.outbox.answers.results.pop_front().filter(|_| !full) {
                let count = brought.items.len();
                full = composer.push_most(count, |ids, parts| brought.to_command(ids, parts, self.config.encoding))
                    != Ok(count);
            }
            composer.set_limit(limit);
        }
        let header = mem::take(&mut self.core.outbox).header;
        let issued = header.filter(|_| !composer.is_empty()).and_then(|header| header.issued);
        if !composer.push_end(abort)? {
            return Err(Stuck);
        }
        self.finish(composer, true, issued)
    }

    fn finish(&self, composer: Composer, is_final: bool, issued: Option<Issued>) -> Result<Written, Stuck> {
        let body = composer.finish(is_final)?;
        let secret_at = match self.masked() {
            Some(mask) => Some(place_of(&body, &mask).ok_or(Stuck)?),
            None => None,
        };
        Ok(Written { body, is_final, secret_at, issued })
    }

    fn composer(&self, limit: Option<usize>) -> Result<Composer, Stuck> {
        let (config, core) = (&self.config, &self.core);
        let mut source = Location::new(config.device_id.clone());
        if let Some(name) = core.prover.name(&config.identity) {
            source = source.with_name(String::from(name));
        }
        let msg_id = core.out_msg.saturating_add(1);
        let target = Location::new(config.server_uri.clone());
        let mut header = SyncHdr::new(core.session_id.clone(), msg_id, target, source);
        if let Some(mask) = self.masked() {
            header = header.with_cred(Cred::new(Scheme::Basic.auth_type().as_str().to_owned(), mask));
        } else if let Some(cred) = core.prover.cred(&config.identity) {
            header = header.with_cred(cred);
        }
        if core.outbox.setup {
            let mut meta = Meta::new();
            if let Some(bytes) = config.max_msg_size {
                meta = meta.with_max_msg_size(bytes.into());
            }
            if let Some(bytes) = config.max_obj_size {
                meta = meta.with_max_obj_size(bytes.into());
            }
            if !meta.is_empty() {
                header = header.with_meta(meta);
            }
        }
        Ok(Composer::new(header, Namespace::SyncMl12, config.encoding, limit)?)
    }

    /// What stands for a Basic credential until the message leaves.
    pub(super) fn masked(&self) -> Option<String> {
        let len = self.secret()?.len();
        Some(MASK.repeat(len))
    }

    /// The Basic credential of the next message.
    pub(super) fn secret(&self) -> Option<String> {
        if self.core.prover.scheme() != Some(Scheme::Basic) {
            return None;
        }
        let cred = self.core.prover.cred(&self.config.identity)?;
        cred.data.as_text().map(ToOwned::to_owned)
    }

    fn push_header(&self, composer: &mut Composer) -> Result<bool, Stuck> {
        let Some(header) = &self.core.outbox.header else { return Ok(true) };
        let build = |ids: &mut CmdIds| {
            let name = syncml::CommandName::SyncHdr;
            let mut status = Status::new(ids.next(), header.msg_ref.clone(), "0", name, header.status);
            if let Some(chal) = &header.chal {
                status = status.with_chal(chal.to_chal());
            }
            Command::Status(status)
        };
        Ok(composer.push(build)?)
    }

    /// Session alert and DevInfo, after the Status of the SyncHdr: the head of Package#1.
    fn push_head(&self, composer: &mut Composer) -> Result<bool, Stuck> {
        if !self.push_header(composer)? {
            return Ok(false);
        }
        let code = if self.core.notified { AlertCode::SERVER_INITIATED } else { AlertCode::CLIENT_INITIATED };
        if !composer.push(|ids| Command::Alert(Alert::new(ids.next(), code)))? {
            return Ok(false);
        }
        let items = self.core.dev_info.iter().map(|item| item.to_item(self.config.encoding));
        let replace = |ids: &mut CmdIds| {
            Command::Replace(items.fold(Operation::new(ids.next()), |replace, item| replace.with_item(item)))
        };
        Ok(composer.push(replace)?)
    }

    /// Results and alerts. Whether all of them are in the message. `alone`: nothing takes their room that could be left
    /// out, so what does not fit now never will in one piece.
    fn push_data(&mut self, composer: &mut Composer, said: &mut bool, alone: bool) -> bool {
        // Twelve for numbers that have grown meanwhile.
        let room = self.room().map(|room| room.saturating_add(12));
        loop {
            if let Some(alert) = &mut self.core.outbox.cut_alert {
                let id = alert.id;
                let Some((template, item)) = template_of(&self.core.alerts, id, &self.config) else {
                    self.core.outbox.cut_alert = None;
                    continue;
                };
                let cmd_id = composer.next_id();
                let pushed = composer.push_piece(&mut alert.pieces, |ids, piece| {
                    let mut alert = template.clone().with_item(piece.put_into(item.clone()));
                    alert.cmd_id = ids.next().into();
                    Command::Alert(alert)
                });
                match pushed {
                    Ok(Pushed::Nothing) => return false,
                    Ok(pushed) => {
                        *said = true;
                        self.core.alerts.sent(id, self.core.out_msg.saturating_add(1), cmd_id);
                        if pushed == Pushed::Part {
                            return false;
                        }
                    }
                    Err(_) => self.give_up(id, StatusCode::BAD_REQUEST),
                }
                self.core.outbox.cut_alert = None;
                continue;
            }
            if let Some(cut) = &mut self.core.outbox.answers.cut {
                let msg_id = self.core.out_msg.saturating_add(1);
                let cmd_id = composer.next_id();
                let (msg_ref, cmd_ref) = (cut.msg_ref.clone(), cut.cmd_ref.clone());
                let template = template(&cut.source, cut.format.as_deref(), cut.media_type.as_deref());
                let pushed = composer.push_piece(&mut cut.pieces, |ids, piece| {
                    let results = Results::new(ids.next(), msg_ref.clone(), CmdRef::from(cmd_ref.clone()));
                    Command::Results(results.with_item(piece.put_into(template.clone())))
                });
                match pushed {
                    Ok(Pushed::Nothing) => return false,
                    Ok(Pushed::Part) => {
                        *said = true;
                        cut.sent = Some((msg_id, cmd_id));
                        return false;
                    }
                    Ok(Pushed::Last) => {
                        *said = true;
                        self.core.outbox.said.answers.cut = self.core.outbox.answers.cut.take();
                    }
                    Err(_) => self.core.outbox.answers.cut = None,
                }
                continue;
            }
            if let Some(brought) = self.core.outbox.answers.results.front_mut() {
                let encoding = self.config.encoding;
                let count = brought.items.len();
                // What the store gave and nobody can write is left out.
                let pushed = composer.push_most(count, |ids, parts| brought.to_command(ids, parts, encoding));
                let taken = match pushed {
                    Ok(taken) => taken,
                    Err(_) => count,
                };
                *said |= pushed.is_ok_and(|taken| taken > 0);
                let rest = brought.items.split_off(taken.min(count));
                let items = mem::replace(&mut brought.items, rest);
                if !items.is_empty() && pushed.is_ok() {
                    let (msg_ref, cmd_ref) = (brought.msg_ref.clone(), brought.cmd_ref.clone());
                    self.core.outbox.said.answers.results.push_back(Brought { msg_ref, cmd_ref, items });
                }
                if brought.items.is_empty() {
                    self.core.outbox.answers.results.pop_front();
                    continue;
                }
                let waits = |brought: &Brought| {
                    let first = brought.items.front().map(|item| item.to_item(encoding)).unwrap_or_default();
                    let results = Results::new("1", brought.msg_ref.clone(), CmdRef::from(brought.cmd_ref.clone()));
                    let len = composer.measure(Command::Results(results.with_item(first)));
                    len.is_ok_and(|len| room.is_none_or(|room| len <= room))
                };
                if *said || (!alone && waits(brought)) {
                    return false;
                }
                // The first of them has a message to itself and does not fit: a large object.
                let Some(result) = brought.items.pop_front() else { continue };
                let (msg_ref, cmd_ref) = (brought.msg_ref.clone(), brought.cmd_ref.clone());
                if brought.items.is_empty() {
                    self.core.outbox.answers.results.pop_front();
                }
                let item = result.to_item(encoding);
                if self.config.object_limit().is_some()
                    && let Some(pieces) = Pieces::of(&item)
                {
                    let meta = item.meta.as_ref();
                    self.core.outbox.answers.cut = Some(Cut {
                        msg_ref,
                        cmd_ref,
                        source: result.source,
                        format: meta.and_then(Meta::format).map(|format| format.as_str().to_owned()),
                        media_type: meta.and_then(Meta::type_).map(ToOwned::to_owned),
                        pieces,
                        sent: None,
                    });
                }
                continue;
            }
            if let Some(uri) = self.core.outbox.no_end.first() {
                let build = |ids: &mut CmdIds| {
                    let alert = Alert::new(ids.next(), AlertCode::NO_END_OF_DATA);
                    Command::Alert(alert.with_item(Item::target(uri.clone())))
                };
                match composer.push(build) {
                    Ok(false) => return false,
                    pushed => *said |= pushed.is_ok(),
                }
                self.core.outbox.no_end.remove(0);
                continue;
            }
            let Some((id, alert)) = self.core.alerts.next() else { return true };
            let (prefixed, encoding) = (self.config.prefix_alerts, self.config.encoding);
            let cmd_id = composer.next_id();
            let pushed = composer.push(|ids| Command::Alert(alert.to_alert(ids.next(), prefixed, encoding)));
            match pushed {
                Ok(true) => {
                    *said = true;
                    self.core.alerts.sent(id, self.core.out_msg.saturating_add(1), cmd_id);
                }
                Ok(false) if *said || !alone => return false,
                Ok(false) => match self.core.alert_pieces(id, &self.config) {
                    // Only a server that has proved itself decides what it is not given.
                    None if !self.core.verifier.is_trusted() => return true,
                    Some(pieces) => self.core.outbox.cut_alert = Some(CutAlert { id, pieces }),
                    None => self.give_up(id, StatusCode::TOO_LARGE),
                },
                Err(_) => self.give_up(id, StatusCode::BAD_REQUEST),
            }
        }
    }

    /// This server cannot be given the alert.
    fn give_up(&mut self, id: AlertId, status: StatusCode) {
        self.core.alerts.discard(id);
        self.core.effects.push(super::Action::AlertAnswered { id, status });
    }
}

impl super::Core {
    /// The data of an alert of one Item, if it can be cut.
    fn alert_pieces(&self, id: AlertId, config: &ClientConfig) -> Option<Pieces> {
        let limit = config.object_limit()?;
        let (_, alert) = self.alerts.iter().find(|(other, _)| *other == id)?;
        let alert = alert.to_alert("", config.prefix_alerts, config.encoding);
        let [item] = &alert.items[..] else { return None };
        let pieces = Pieces::of(item)?;
        let total = usize::try_from(pieces.total()).ok()?;
        (total <= limit && self.peer_max_obj.is_none_or(|limit| total <= limit)).then_some(pieces)
    }
}

impl Brought {
    /// Results with the first of the Items.
    fn to_command(&self, ids: &mut CmdIds, parts: usize, encoding: Encoding) -> Command<'static> {
        let results = Results::new(ids.next(), self.msg_ref.clone(), CmdRef::from(self.cmd_ref.clone()));
        let items = self.items.iter().take(parts).map(|item| item.to_item(encoding));
        Command::Results(items.fold(results, Results::with_item))
    }
}

/// An alert without its Item, and that without its data, for pieces.
fn template_of(alerts: &AlertQueue, id: AlertId, config: &ClientConfig) -> Option<(Alert<'static>, Item<'static>)> {
    let (_, alert) = alerts.iter().find(|(other, _)| *other == id)?;
    let mut alert = alert.to_alert("", config.prefix_alerts, config.encoding);
    let item = mem::take(&mut alert.items).into_iter().next()?;
    Some((alert, Item { data: None, ..item }))
}

fn template(source: &str, format: Option<&str>, media_type: Option<&str>) -> Item<'static> {
    let mut meta = Meta::new();
    if let Some(format) = format {
        meta = meta.with_format(Format::from(syncml::Str::from(format.to_owned())));
    }
    if let Some(media_type) = media_type {
        meta = meta.with_type(media_type.to_owned());
    }
    let item = Item::source(source.to_owned());
    if meta.is_empty() { item } else { item.with_meta(meta) }
}
