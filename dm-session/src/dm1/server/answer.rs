//! Putting the server's messages together (§3.3, §3.5, §5, §6 of the reference).

use alloc::borrow::ToOwned;
use alloc::string::String;

use dm_syncml::{
    self as syncml, Alert, AlertCode, AuthType, Command, CommandName, Cred, Encoding, Item, Location, Meta, MsgId,
    Namespace, Operation, Status, Str, SyncHdr,
};

use super::orders::{self, Divisible, Filed, Sent};
use super::{Action, Judged, Owed, Reason, RequestId, Server, Session, State, route};
use crate::dm1::auth::{Party, Scheme};
use crate::dm1::compose::{CmdIds, Composer, MASK, Piece, Pushed, place_of};
use crate::dm1::task::NotSent;
use crate::http::Response;

/// Bytes that are kept for an Alert at the end: `<Alert><CmdID>4294967295</CmdID><Data>1222</Data></Alert>`.
const ALERT_LEN: usize = 64;

/// A message that was sent.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Answer {
    pub(super) response: Response,
    /// Where the mask of a Basic credential stands in it.
    pub(super) secret_at: Option<usize>,
}

/// Commands of the message with the most room: the Status for the SyncHdr.
const ROOMIEST: u32 = 1;

/// Bytes of a large object for which a Status is left out that may be.
const GOOD_PIECE: usize = 64;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// New commands, or the end if there are none. Final, unless there is no room.
    Orders,
    /// The next chunk of a large object. Final with the last one.
    Chunk,
    /// The next-message response: 1222, no Final.
    More,
    /// The session abort: 1223 and Final.
    Abort,
    /// Statuses and Final.
    Quiet,
    /// Statuses of what comes after the end. Final, unless there is no room.
    Late,
}

/// How a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Final; commands are in it.
    Commands,
    /// Final; no commands.
    Nothing,
    /// 1222: something decided had no room.
    Postponed,
    /// No Final: a chunk is in it.
    Chunk,
    /// 1222: the object that was being sent is given up.
    GivenUp,
    /// 1222: the peer is to go on.
    More,
    /// 1223 and Final.
    Abort,
}

/// The message cannot be written, or not into the device's `MaxMsgSize`.
struct TooSmall;

impl From<syncml::Error> for TooSmall {
    fn from(_: syncml::Error) -> Self {
        Self
    }
}

impl Server {
    /// Answers a request, and is where the plan leads.
    pub(super) fn respond(&mut self, id: RequestId, plan: Plan) {
        match self.compose(plan) {
            Ok((answer, ending)) => {
                self.send(id, answer);
                match (plan, ending) {
                    (_, Ending::Postponed) => self.core.state = State::Sending { decided: plan == Plan::Orders },
                    (_, Ending::Chunk | Ending::GivenUp) => self.core.state = State::Sending { decided: false },
                    (Plan::Orders | Plan::Chunk, Ending::Commands) => self.core.state = State::Wait,
                    (Plan::Orders, Ending::Nothing) => self.close(Reason::Ended),
                    _ => {}
                }
            }
            Err(TooSmall) => {
                let failed = || Answer { response: Response::new(500), secret_at: None };
                let answer = self.give_up().unwrap_or_else(failed);
                self.send(id, answer);
                self.close(Reason::Internal);
            }
        }
    }

    /// Queues a response, with the password to be put in where it leaves.
    pub(super) fn push_response(&mut self, id: RequestId, response: Response, secret_at: Option<usize>) {
        self.core.queue.push_back(Action::Respond { id, response });
        self.core.secrets.extend(secret_at.map(|at| (id, at)));
    }

    /// Puts the Basic credential in.
    pub(super) fn unmask(&self, response: &mut Response, at: usize) {
        // Whatever has become of the session since it was written.
        let credentials = self.config.identity.credentials.as_ref();
        let Some(secret) = credentials.and_then(|credentials| credentials.basic()) else { return };
        let end = at.saturating_add(secret.len());
        if response.body.get(at..end).is_some_and(|mask| mask.iter().all(|byte| [*byte] == *MASK.as_bytes())) {
            response.body.splice(at..end, secret.bytes());
        }
    }

    fn send(&mut self, id: RequestId, answer: Answer) {
        let mut nonce = None;
        let Answer { response, secret_at } = answer.clone();
        if let Some(session) = &mut self.core.session {
            session.answer = Some(answer);
            if core::mem::take(&mut session.judged.save) {
                nonce = session.judged.chal.as_ref().map(|chal| chal.nonce.clone());
            }
        }
        self.push_response(id, response, secret_at);
        if let Some(nonce) = nonce {
            self.core.queue.push_back(Action::SaveNonce { party: Party::Client, nonce });
        }
        self.rest();
    }

    /// The header of the next message. The server's credentials are in it for a device that has shown its own: what it
    /// says to those that have not may go to a stranger.
    fn header(&self, session: &Session, msg_id: u32, is_trusted: bool) -> SyncHdr<'static> {
        let mut source = Location::new(self.config.server_uri.clone());
        if let Some(name) = session.prover.name(&self.config.identity).filter(|_| is_trusted) {
            source = source.with_name(name.to_owned());
        }
        let target = Location::new(session.device_id.clone());
        let mut header = SyncHdr::new(session.id.clone(), MsgId::from_number(msg_id), target, source);
        if let Some(uri) = &self.config.resp_uri {
            header = header.with_resp_uri(uri.clone());
        }
        if let Some(mask) = self.mask(session).filter(|_| is_trusted) {
            header = header.with_cred(Cred::new(AuthType::Basic, mask));
        } else if let Some(cred) = session.prover.cred(&self.config.identity).filter(|_| is_trusted) {
            header = header.with_cred(cred);
        }
        if !session.announced {
            let mut meta = Meta::new();
            if let Some(bytes) = self.config.announced_msg_size() {
                meta = meta.with_max_msg_size(bytes.into());
            }
            if let Some(bytes) = self.config.max_obj_size {
                meta = meta.with_max_obj_size(bytes.into());
            }
            if !meta.is_empty() {
                header = header.with_meta(meta);
            }
        }
        header
    }

    /// What stands for a Basic credential.
    fn mask(&self, session: &Session) -> Option<String> {
        if session.prover.scheme() != Some(Scheme::Basic) {
            return None;
        }
        let cred = session.prover.cred(&self.config.identity)?;
        Some(MASK.repeat(cred.data.as_bytes()?.len()))
    }

    /// A message with the Status for the SyncHdr.
    fn begin(&self, session: &Session, limited: bool) -> Result<Composer, TooSmall> {
        let is_trusted = session.judged.status.is_success();
        let header = self.header(session, session.out_msg.saturating_add(1), is_trusted);
        let namespace = Namespace::from(Str::from(session.namespace.clone()));
        let limit = limited.then(|| self.message_limit(session));
        let mut composer = Composer::new(header, namespace, session.encoding, limit)?;
        if composer.push(|ids| session.judged.to_command(ids))? { Ok(composer) } else { Err(TooSmall) }
    }

    /// Bytes of the largest message that the device takes, and that the server makes.
    fn message_limit(&self, session: &Session) -> usize {
        let own = self.config.limits.message.max_message_len;
        session.max_msg_size.and_then(|size| usize::try_from(size).ok()).map_or(own, |size| size.min(own))
    }

    fn compose(&mut self, plan: Plan) -> Result<(Answer, Ending), TooSmall> {
        let Some(session) = &self.core.session else { return Err(TooSmall) };
        let mut composer = self.begin(session, true)?;
        let mut told = put_statuses(&mut composer, &session.owed);
        let crowded = told < session.owed.len() || !self.has_room(&composer, plan);
        if crowded && session.owed.iter().any(|owed| owed.may_be_left_out) {
            // What else there is goes first: else each message of the peer would ask for one more of these.
            if let Some(session) = &mut self.core.session {
                session.owed.retain(|owed| !owed.may_be_left_out);
            }
            let session = self.core.session.as_ref().ok_or(TooSmall)?;
            composer = self.begin(session, true)?;
            told = put_statuses(&mut composer, &session.owed);
        }
        let session = self.core.session.as_ref().ok_or(TooSmall)?;
        let all_told = told >= session.owed.len();
        // A refusal, or the end, is said all the same: the Status for the SyncHdr has the challenge.
        if !all_told && told == 0 && plan != Plan::Quiet {
            return Err(TooSmall);
        }
        for source in session.broken.iter().take_while(|_| all_told) {
            // One that has no room is worth no message of its own: the device hears of it by Status.
            if !composer.push(|ids| no_end_of_data(source.as_deref(), ids)).unwrap_or(true) {
                composer.push(|ids| no_end_of_data(None, ids))?;
            }
        }
        let ending = match plan {
            Plan::More => Ending::More,
            Plan::Late if !all_told => Ending::More,
            Plan::Abort => Ending::Abort,
            Plan::Quiet | Plan::Late => Ending::Nothing,
            Plan::Orders | Plan::Chunk if !all_told => Ending::Postponed,
            Plan::Orders => self.put_orders(&mut composer),
            Plan::Chunk => self.put_chunk(&mut composer),
        };
        composer.reserve(0);
        let alert = match ending {
            Ending::Postponed | Ending::GivenUp | Ending::More => Some(AlertCode::NEXT_MESSAGE),
            Ending::Abort => Some(AlertCode::SESSION_ABORT),
            Ending::Commands | Ending::Nothing | Ending::Chunk => None,
        };
        if let Some(code) = alert
            && !composer.push_end(|ids| Command::Alert(Alert::new(ids.next(), code)))?
        {
            return Err(TooSmall);
        }
        let is_final = matches!(ending, Ending::Commands | Ending::Nothing | Ending::Abort);
        let answer = self.finish(composer, is_final)?;
        if let Some(session) = &mut self.core.session {
            session.owed.drain(..told.min(session.owed.len()));
            if plan == Plan::Quiet || plan == Plan::Abort {
                session.owed.clear();
            }
            if all_told || session.owed.is_empty() {
                session.broken.clear();
            }
        }
        Ok((answer, ending))
    }

    /// The HTTP response of a message, which is the server's last from here on.
    fn finish(&mut self, composer: Composer, is_final: bool) -> Result<Answer, TooSmall> {
        let encoding = composer.encoding();
        let bytes = composer.finish(is_final)?;
        let session = self.core.session.as_ref().filter(|session| session.judged.status.is_success());
        let mask = session.and_then(|session| self.mask(session));
        let secret_at = mask.map(|mask| place_of(&bytes, &mask).ok_or(TooSmall)).transpose()?;
        let session = self.core.session.as_mut().ok_or(TooSmall)?;
        let is_trusted = session.judged.status.is_success();
        let mac = session.prover.mac(&self.config.identity, &bytes).filter(|_| is_trusted);
        session.out_msg = session.out_msg.saturating_add(1);
        let mut response = route::reply(encoding, bytes);
        if let Some(mac) = mac {
            response = response.with_header(super::receive::HMAC, mac);
        }
        Ok(Answer { response, secret_at })
    }

    /// The answer to a message that changes nothing, by which its sender is challenged.
    pub(super) fn challenge(
        &self,
        encoding: Encoding,
        namespace: &str,
        msg_id: u32,
        judged: &Judged,
        owed: &[Owed],
    ) -> Response {
        let compose = || {
            let session = self.core.session.as_ref().ok_or(TooSmall)?;
            let header = self.header(session, msg_id, false);
            let namespace = Namespace::from(Str::from(namespace.to_owned()));
            let mut composer = Composer::new(header, namespace, encoding, Some(self.message_limit(session)))?;
            if !composer.push(|ids| judged.to_command(ids))? {
                return Err(TooSmall);
            }
            put_statuses(&mut composer, owed);
            Ok(route::reply(encoding, composer.finish(true)?))
        };
        compose().unwrap_or_else(|TooSmall| Response::new(500))
    }

    /// What is sent where not even a Status fits (§6.4): the abort, however long it is.
    fn give_up(&mut self) -> Option<Answer> {
        let session = self.core.session.as_ref()?;
        let mut composer = self.begin(session, false).ok()?;
        composer.push(|ids| Command::Alert(Alert::new(ids.next(), AlertCode::SESSION_ABORT))).ok()?;
        self.finish(composer, true).ok()
    }

    // --- commands ------------------------------------------------------------------------------------

    /// Fills a message with orders that wait.
    fn put_orders(&mut self, composer: &mut Composer) -> Ending {
        let encoding = composer.encoding();
        // The Alert that the reserve is for is needed only where no order gets in, and it has its room then.
        composer.reserve(0);
        let mut ending = Ending::Nothing;
        while let Some(order) = self.core.book.waiting.pop_front() {
            let Some(session) = &self.core.session else { break };
            let msg_id = session.out_msg.saturating_add(1);
            let first = composer.last_id().saturating_add(1);
            let Some(command) = orders::build(&order.task, &mut CmdIds::default(), encoding) else {
                self.not_sent(order, NotSent::Invalid);
                continue;
            };
            let most = session.max_obj_size.and_then(|size| usize::try_from(size).ok());
            // An element is what its Item is without it the less.
            let measure = |item: &Item<'_>| {
                let len = |item: Item<'_>| {
                    let replace = Operation::new("1").with_item(item.into_owned());
                    composer.measure(Command::Replace(replace)).unwrap_or(usize::MAX)
                };
                len(item.clone()).saturating_sub(len(Item { data: None, ..item.clone() }))
            };
            if most.is_some_and(|most| orders::largest_value(&command, measure) > most) {
                self.not_sent(order, NotSent::TooLargeObject);
                continue;
            }
            drop(command);
            let pushed = self.put_order(composer, &order.task, encoding);
            match pushed {
                Ok(Put::Whole) => {
                    self.core.book.sent.push(Sent::new(order, msg_id, first, None));
                    ending = Ending::Commands;
                }
                Ok(Put::Chunk(pieces, format)) => {
                    let sent = Sent::new(order, msg_id, first, Some(pieces));
                    self.core.book.sent.push(Sent { format, ..sent });
                    return Ending::Chunk;
                }
                // It will never have more room than this.
                Ok(Put::Later) if ending == Ending::Nothing && composer.last_id() <= ROOMIEST => {
                    self.not_sent(order, NotSent::TooLarge);
                }
                Ok(Put::Later) => {
                    self.core.book.waiting.push_front(order);
                    return if ending == Ending::Commands { ending } else { Ending::Postponed };
                }
                Err(why) => self.not_sent(order, why),
            }
        }
        ending
    }

    fn put_order(
        &self,
        composer: &mut Composer,
        task: &crate::dm1::task::Task,
        encoding: Encoding,
    ) -> Result<Put, NotSent> {
        let build = |ids: &mut CmdIds| {
            orders::build(task, ids, encoding).unwrap_or_else(|| Command::Get(syncml::Operation::default()))
        };
        if composer.push(build).map_err(|_| NotSent::Invalid)? {
            return Ok(Put::Whole);
        }
        // Whether it would fit into a message of its own.
        let mut alone = self.alone().ok_or(NotSent::TooLarge)?;
        if alone.push(build).map_err(|_| NotSent::Invalid)? {
            return Ok(Put::Later);
        }
        let Some((divisible, mut pieces)) = Divisible::of(task, encoding) else { return Err(NotSent::TooLarge) };
        let piece = |ids: &mut CmdIds, piece| divisible.build(ids, piece);
        match composer.push_piece(&mut pieces, piece).map_err(|_| NotSent::Invalid)? {
            Pushed::Last => Ok(Put::Whole),
            Pushed::Part => Ok(Put::Chunk(pieces, divisible.format())),
            Pushed::Nothing => match alone.push_piece(&mut pieces, piece).map_err(|_| NotSent::Invalid)? {
                Pushed::Nothing => Err(NotSent::TooLarge),
                Pushed::Part | Pushed::Last => Ok(Put::Later),
            },
        }
    }

    /// The roomiest message that can come: with the Status for the SyncHdr.
    fn alone(&self) -> Option<Composer> {
        self.begin(self.core.session.as_ref()?, true).ok()
    }

    /// Whether the next command, or a good piece of it, has room in a message, or will not have more in any.
    fn has_room(&self, composer: &Composer, plan: Plan) -> bool {
        let encoding = composer.encoding();
        let fits = |composer: &Composer, command, more: usize| {
            let cost = composer.measure(command).map_or(0, |cost| cost.saturating_add(more));
            composer.room().is_none_or(|room| cost <= room.saturating_add(ALERT_LEN))
        };
        let (divisible, size) = match plan {
            Plan::Orders => {
                let Some(order) = self.core.book.waiting.front() else { return true };
                let Some(command) = orders::build(&order.task, &mut CmdIds::default(), encoding) else { return true };
                if fits(composer, command.clone(), 0) {
                    return true;
                }
                if self.alone().is_some_and(|alone| fits(&alone, command, 0)) {
                    return false;
                }
                let Some((divisible, pieces)) = Divisible::of(&order.task, encoding) else { return true };
                (divisible, Some(pieces.total()))
            }
            Plan::Chunk => {
                let sent = self.core.book.sent.last();
                let Some(divisible) = sent.and_then(|sent| Divisible::again(sent, encoding)) else { return true };
                (divisible, None)
            }
            Plan::More | Plan::Abort | Plan::Quiet | Plan::Late => return true,
        };
        let empty = Piece { data: syncml::Data::default(), size, more: true };
        fits(composer, divisible.build(&mut CmdIds::default(), empty), GOOD_PIECE)
    }

    /// Puts the next chunk of the large object into a message.
    fn put_chunk(&mut self, composer: &mut Composer) -> Ending {
        let encoding = composer.encoding();
        let msg_id = self.core.session.as_ref().map_or(0, |session| session.out_msg.saturating_add(1));
        let first = composer.last_id().saturating_add(1);
        let Some(sent) = self.core.book.object() else { return Ending::Nothing };
        let Some(divisible) = Divisible::again(sent, encoding) else { return Ending::Nothing };
        let Some(pieces) = &mut sent.pieces else { return Ending::Nothing };
        composer.reserve(0);
        let pushed = composer.push_piece(pieces, |ids, piece| divisible.build(ids, piece));
        let ending = match pushed {
            Ok(Pushed::Last) => Ending::Commands,
            Ok(Pushed::Part) => Ending::Chunk,
            Ok(Pushed::Nothing) if composer.last_id() > ROOMIEST => return Ending::Postponed,
            Ok(Pushed::Nothing) | Err(_) => {
                // Part of it has gone, and the rest never will.
                sent.stop();
                return Ending::GivenUp;
            }
        };
        sent.msg_id = msg_id;
        sent.first = first;
        if let Some(filed) = sent.filed.first_mut() {
            *filed = Filed::default();
        }
        if ending == Ending::Commands {
            sent.pieces = None;
        }
        ending
    }
}

/// What became of an order that was to be put into a message.
enum Put {
    Whole,
    Chunk(crate::dm1::compose::Pieces, Option<String>),
    /// There is room for it in another message.
    Later,
}

/// Puts in as many Statuses as there is room for, with room for an Alert at the end; says how many.
fn put_statuses(composer: &mut Composer, owed: &[Owed]) -> usize {
    composer.reserve(ALERT_LEN);
    // One that cannot be written, because of what it refers to, is let go.
    owed.iter().take_while(|owed| composer.push(|ids| owed.to_command(ids)).unwrap_or(true)).count()
}

impl Judged {
    fn to_command(&self, ids: &mut CmdIds) -> Command<'static> {
        let status = Status::new(ids.next(), self.msg_ref.clone(), "0", CommandName::SyncHdr, self.status);
        Command::Status(match &self.chal {
            Some(chal) => status.with_chal(chal.to_chal()),
            None => status,
        })
    }
}

impl Owed {
    /// What it weighs.
    pub(super) fn len(&self) -> usize {
        [&self.msg_ref, &self.cmd_ref, &self.cmd].into_iter().map(String::len).fold(16, usize::saturating_add)
    }

    fn to_command(&self, ids: &mut CmdIds) -> Command<'static> {
        let cmd = CommandName::from(Str::from(self.cmd.clone()));
        Command::Status(Status::new(ids.next(), self.msg_ref.clone(), self.cmd_ref.clone(), cmd, self.status))
    }
}

fn no_end_of_data(source: Option<&str>, ids: &mut CmdIds) -> Command<'static> {
    let alert = Alert::new(ids.next(), AlertCode::NO_END_OF_DATA);
    Command::Alert(match source {
        Some(uri) => alert.with_item(Item::source(uri.to_owned())),
        None => alert,
    })
}
