//! Reading the device's messages (§3 to §7, §12, §15 of the reference).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use dm_syncml::{Alert, AlertCode, Command, Item, Message, Page, Peek, Results, Status, StatusCode, Strictness, Tag};

use super::answer::{Answer, Plan};
use super::results::{Assembly, Origin, Owner, alert_len, empty_alert};
use super::{
    Action, Initiator, Judged, MAX_SEEN, MAX_TURNED_AWAY, Opening, Owed, Reason, RequestId, Server, Session, State,
    TurnedAway, is_session, route,
};
use crate::Random;
use crate::dm1::alert::{AlertItem, AlertKind, ClientAlert};
use crate::dm1::auth::{Party, Proved, Prover, Shown, Verdict, Verifier};
use crate::dm1::config::{Profile, ServerConfig};
use crate::dm1::task::{Fate, Leaf};
use crate::http::{Request, Response};
use crate::tree::dm1::Content;

/// The header of HMAC credentials.
pub(super) const HMAC: &str = "x-syncml-hmac";

/// How many large objects that were broken off are told of (1225) at once, and the longest Source that is named.
const MAX_BROKEN: usize = 8;
const MAX_BROKEN_LEN: usize = 1024;

/// What a message said besides what was filed.
#[derive(Debug, Default)]
struct Said {
    /// 1200 or 1201.
    start: Option<Initiator>,
    /// 1222: it wants an answer before it goes on.
    wants_next: bool,
    /// Results, of which there may be more.
    results: bool,
    /// Results, or the Status of a command that had none.
    news: bool,
    /// 1223.
    aborts: bool,
    /// 1225: it gives up the large object that it is being sent.
    breaks_off: bool,
    /// 401 or 407 for the server's SyncHdr, with a challenge that can be answered: of this message.
    again: Option<u32>,
    /// The same without.
    refuses: bool,
}

impl Server {
    /// Takes a request. `Err` is the answer to one that changes nothing.
    pub(super) fn receive(&mut self, id: RequestId, request: &Request, random: &Random) -> Result<(), Response> {
        let text = route::body(request)?;
        let peek = route::peek(&text)?;
        let out_msg = self.core.session.as_ref().map_or(0, |session| session.out_msg);
        let refuse =
            |config: &ServerConfig, status| Err(route::refusal(&peek, config, out_msg.saturating_add(1), status));
        if peek.header.ver_dtd.trim() != "1.2" {
            return refuse(&self.config, StatusCode::DTD_VERSION);
        }
        if !peek.header.ver_proto.trim().eq_ignore_ascii_case("DM/1.2") {
            return refuse(&self.config, StatusCode::PROTOCOL_VERSION);
        }
        if request.body.len() > self.config.limits.message.max_message_len {
            return refuse(&self.config, StatusCode::TOO_LARGE);
        }
        let Some(msg_id) = peek.msg_id().number().filter(|id| *id > 0 && self.knows(&peek, *id)) else {
            return refuse(&self.config, StatusCode::BAD_REQUEST);
        };
        let mac = request.headers.get(HMAC);
        let digest = digest(FNV_START, &request.body);
        if let Some(session) = &self.core.session {
            if msg_id == session.in_msg && session.seen.back() == Some(&digest) {
                return self.repeated(id);
            }
            if let Some(turned) = &session.turned_away
                && turned.is_for(digest, mac)
            {
                return Err(turned.response.clone());
            }
        }
        let parsed = Message::parse_with(&text, Strictness::Lenient, &self.config.limits.message);
        let message = match parsed {
            Ok(parsed) => parsed.value,
            Err(error) if error.kind().is_limit() => return refuse(&self.config, StatusCode::TOO_LARGE),
            Err(_) => return refuse(&self.config, StatusCode::BAD_REQUEST),
        };
        let shown = Shown { cred: message.header.cred.as_ref(), mac, body: &request.body };
        let verifier = self.core.session.as_ref().map(|session| session.verifier.clone());
        let mut verifier = verifier.unwrap_or_else(|| Verifier::new(&self.config.demand, None));
        let proves_each = verifier.is_per_message();
        let verdict = verifier.judge(&self.config.demand, shown, random);
        if let Some(session) = &self.core.session
            && !session.expects(msg_id)
        {
            // An older message that the network delivers late is known by its digest. It does no harm; nor does one that
            // anybody may have made up.
            let late = msg_id < session.in_msg && session.seen.contains(&digest);
            let refusal = route::refusal(&peek, &self.config, out_msg.saturating_add(1), StatusCode::BAD_REQUEST);
            if late || self.is_closed() || !verdict.is_accepted() {
                return Err(refusal);
            }
            self.release(503);
            self.core.queue.push_back(Action::Respond { id, response: refusal });
            self.close(Reason::BadMessage);
            return Ok(());
        }
        if !matches!(self.core.state, State::Done(Reason::Ended | Reason::Refused)) && self.is_closed() {
            return refuse(&self.config, StatusCode::BAD_REQUEST);
        }
        if matches!(self.core.state, State::Deciding { .. }) {
            // The answer that it would answer has not gone yet.
            return Err(Response::new(503));
        }
        if proves_each && !verdict.is_accepted() {
            return Err(self.turn_away(&peek, &message, msg_id, verdict, TurnedAway::mark(digest, mac)));
        }
        if matches!(self.core.state, State::Notified { .. }) {
            // Nobody else knows the SessionID of the notification: under another one only credentials will do.
            let is_asked = self.core.pending.clone().take(|id| is_session(id, peek.session_id().as_str()));
            if !is_package_1(&message, self.config.profile) || !(is_asked || verdict.is_accepted()) {
                return refuse(&self.config, StatusCode::BAD_REQUEST);
            }
        }
        self.open(&peek, &message, msg_id, digest, verifier);
        self.read(id, message, verdict);
        Ok(())
    }

    /// Whether a request is a whole first message of this session that it has not had.
    pub(super) fn begins_anew(&self, request: &Request) -> bool {
        let Some(session) = &self.core.session else { return false };
        let Ok(text) = route::body(request) else { return false };
        let is_first = route::peek(&text).is_ok_and(|peek| peek.msg_id().number() == Some(1) && self.knows(&peek, 1));
        is_first
            && !session.seen.contains(&digest(FNV_START, &request.body))
            && Message::parse_with(&text, Strictness::Lenient, &self.config.limits.message).is_ok()
    }

    /// The answer to a message that does not prove its sender, in a session whose messages do: a challenge. It may be a
    /// stranger's, so nothing changes, but that the device can take the challenge up.
    fn turn_away(
        &mut self,
        peek: &Peek<'_>,
        message: &Message<'_>,
        msg_id: u32,
        verdict: Verdict,
        mark: u64,
    ) -> Response {
        let Some(session) = &mut self.core.session else { return Response::new(500) };
        let chal = session.verifier.offer(verdict.chal);
        session.heard = session.heard.max(msg_id);
        let judged = Judged { msg_ref: peek.msg_id().as_str().to_owned(), status: verdict.status, chal, save: false };
        let owed = refusals(message, verdict.status);
        let response = self.challenge(peek.encoding, message.namespace.as_str(), msg_id, &judged, &owed);
        if let Some(session) = &mut self.core.session {
            session.turned_away = Some(TurnedAway { mark, response: response.clone() });
        }
        response
    }

    /// Whether a message belongs here: to the session, or it is the first of one.
    fn knows(&self, peek: &Peek<'_>, msg_id: u32) -> bool {
        let (session_id, device_id) = (peek.session_id().as_str(), peek.source().as_str());
        match &self.core.session {
            Some(session) => session.id == session_id && session.device_id == device_id,
            None => msg_id == 1 && !session_id.is_empty() && !device_id.is_empty() && !self.is_closed(),
        }
    }

    /// The device has sent its last message again.
    fn repeated(&mut self, id: RequestId) -> Result<(), Response> {
        match &mut self.core.state {
            State::Deciding { decision: decision @ Some(_), request, .. } => {
                let older = core::mem::replace(request, id);
                let unseen = self.core.queue.iter_mut().find_map(|action| match action {
                    Action::Decide { id, .. } => Some(id),
                    _ => None,
                });
                if let Some(unseen) = unseen {
                    (*unseen, *decision) = (id, Some(id));
                }
                self.core.queue.push_back(Action::Respond { id: older, response: Response::new(503) });
                Ok(())
            }
            State::Deciding { decision: None, request, received } => {
                *request = id;
                if self.core.aborting {
                    self.respond(id, Plan::Abort);
                    self.close(Reason::Aborted);
                } else {
                    let received = received.clone();
                    self.decide(id, received);
                }
                Ok(())
            }
            _ => {
                let answer = self.core.session.as_ref().and_then(|session| session.answer.clone());
                let Some(Answer { response, secret_at }) = answer else { return Err(Response::new(500)) };
                self.push_response(id, response, secret_at);
                Ok(())
            }
        }
    }

    /// Answers a request that waits for a decision, which is void.
    fn release(&mut self, status: u16) {
        if let State::Deciding { decision: Some(_), request, .. } = self.core.state {
            self.core.queue.retain(|action| !matches!(action, Action::Decide { .. }));
            self.core.queue.push_back(Action::Respond { id: request, response: Response::new(status) });
        }
    }

    /// Takes up what every message says in its header.
    fn open(&mut self, peek: &Peek<'_>, message: &Message<'_>, msg_id: u32, digest: u64, verifier: Verifier) {
        let config = &self.config;
        let deadline = self.core.now;
        let session = self.core.session.get_or_insert_with(|| Session {
            id: peek.session_id().as_str().to_owned(),
            device_id: peek.source().as_str().to_owned(),
            encoding: peek.encoding,
            namespace: String::new(),
            in_msg: 0,
            heard: 0,
            out_msg: 0,
            turned_away: None,
            deadline,
            seen: alloc::collections::VecDeque::new(),
            answer: None,
            prover: Prover::new(&config.identity, None),
            verifier: verifier.clone(),
            max_msg_size: None,
            max_obj_size: None,
            opening: None,
            established: false,
            announced: false,
            judged: Judged { msg_ref: String::new(), status: StatusCode::OK, chal: None, save: false },
            owed: Vec::new(),
            broken: Vec::new(),
            alerts: Vec::new(),
            alerts_len: 0,
            incoming: None,
            resend: false,
        });
        session.encoding = peek.encoding;
        session.namespace = message.namespace.as_str().to_owned();
        session.verifier = verifier;
        (session.in_msg, session.heard) = (msg_id, msg_id);
        // The device has had answers to those that were turned away.
        session.out_msg = msg_id.saturating_sub(1);
        if session.turned_away.take().is_some()
            && let Some(open) = &mut session.incoming
        {
            open.challenged();
        }
        if session.seen.len() >= MAX_SEEN {
            session.seen.pop_front();
        }
        session.seen.push_back(digest);
        session.announced = session.established;
        if let Some(meta) = &message.header.meta {
            let size =
                |size: Option<&dm_syncml::Decimal<'_>>| size.and_then(|size| size.number()).filter(|size| *size > 0);
            session.max_msg_size = size(meta.max_msg_size()).or(session.max_msg_size);
            session.max_obj_size = size(meta.max_obj_size()).or(session.max_obj_size);
        }
    }

    /// Judges a message of this session, and does what it says.
    fn read(&mut self, id: RequestId, message: Message<'_>, verdict: Verdict) {
        let Some(session) = &mut self.core.session else { return };
        let msg_ref = message.header.msg_id.as_str().to_owned();
        // Package #1, unless one was accepted before.
        let begins = !session.established;
        if begins && !is_package_1(&message, self.config.profile) {
            session.judged = Judged { msg_ref, status: StatusCode::BAD_REQUEST, chal: None, save: false };
            session.owed = refusals(&message, StatusCode::BAD_REQUEST);
            self.respond(id, Plan::Quiet);
            return self.close(Reason::BadMessage);
        }
        let Verdict { status, chal, nonce, is_last } = verdict;
        session.judged = Judged { msg_ref, status, chal, save: nonce.is_some() };
        if session.in_msg > self.config.limits.max_messages {
            self.respond(id, Plan::Abort);
            return self.close(Reason::Limit);
        }
        if !status.is_success() {
            session.owed = refusals(&message, status);
            session.broken.clear();
            session.incoming = None;
            if self.core.aborting {
                self.respond(id, Plan::Abort);
                return self.close(Reason::Aborted);
            }
            self.respond(id, Plan::Quiet);
            if is_last {
                self.close(Reason::Refused);
            } else if !self.is_closed() {
                self.core.state = State::Challenged;
            }
            return;
        }
        let said = self.take(&message, begins);
        let Some(session) = &mut self.core.session else { return };
        if let Some(nonce) = session.prover.take_nonce(true) {
            self.core.queue.push_back(Action::SaveNonce { party: Party::Server, nonce });
        }
        if begins {
            session.established = true;
        }
        if said.aborts {
            self.respond(id, Plan::Quiet);
            return self.close(Reason::DeviceAborted);
        }
        if said.refuses {
            self.respond(id, Plan::Quiet);
            return self.close(Reason::ServerRefused);
        }
        if session.owes_too_much(&self.config) {
            self.respond(id, Plan::Abort);
            return self.close(Reason::Limit);
        }
        if self.core.aborting {
            self.respond(id, Plan::Abort);
            return self.close(Reason::Aborted);
        }
        if let Some(refused) = said.again {
            session.resend |= self.core.book.requeue(refused);
        }
        self.go_on(id, &said, message.is_final);
    }

    /// Whose turn it is after a message, by the state.
    fn go_on(&mut self, id: RequestId, said: &Said, is_final: bool) {
        match &self.core.state {
            State::Sending { decided } => {
                let decided = *decided;
                self.go_on_sending(id, said, is_final, decided);
            }
            State::None | State::Notified { .. } | State::Setup | State::Challenged | State::Wait | State::WaitMore => {
                if is_final {
                    return self.ready(id);
                }
                let sent = !self.core.book.sent.is_empty();
                self.core.state = if sent { State::WaitMore } else { State::Setup };
                self.respond(id, Plan::More);
            }
            State::Done(_) => {
                let Some(session) = &mut self.core.session else { return };
                let alerts = core::mem::take(&mut session.alerts);
                session.alerts_len = 0;
                // Who asks for the next message (1222) has said all.
                self.respond(id, if is_final || said.wants_next { Plan::Late } else { Plan::More });
                if !alerts.is_empty() {
                    self.core.queue.push_back(Action::LateAlerts(alerts));
                }
            }
            State::Deciding { .. } => self.core.queue.push_back(Action::Respond { id, response: Response::new(503) }),
        }
    }

    /// The same while the server's own package is not complete (B3).
    fn go_on_sending(&mut self, id: RequestId, said: &Said, is_final: bool, decided: bool) {
        let Some(session) = &mut self.core.session else { return };
        if core::mem::take(&mut session.resend) {
            return self.respond(id, Plan::Orders);
        }
        if said.breaks_off
            && let Some(sent) = self.core.book.object()
        {
            sent.stop();
        }
        // A device that has more to say, and no room for it, asks for an answer (1222) like one that has no more; without
        // it, more of its answers may come.
        let goes_on = !said.wants_next && said.news;
        let owes = session.incoming.is_some() || !self.core.book.is_answered();
        if !is_final && (goes_on || owes) {
            return self.respond(id, Plan::More);
        }
        let mut more = false;
        if let Some(sent) = self.core.book.object() {
            let fate = sent.filed.first().map(|filed| filed.fate);
            more = fate == Some(Fate::Answered(StatusCode::CHUNK_ACCEPTED));
            if !more {
                sent.stop();
            }
        }
        if !more && !is_final && (said.results || (said.news && self.core.book.lacks_results())) {
            // There may be Results still to come, and the end would cut them off.
            return self.respond(id, Plan::More);
        }
        if more {
            self.respond(id, Plan::Chunk);
        } else if decided {
            self.respond(id, Plan::Orders);
        } else {
            self.ready(id);
        }
    }

    // --- commands ------------------------------------------------------------------------------------

    /// Takes up all commands of a message.
    fn take(&mut self, message: &Message<'_>, begins: bool) -> Said {
        let mut said = Said::default();
        let mut judged = false;
        let mut dev_info: Option<Vec<(String, Content)>> = None;
        for command in &message.commands {
            let status = match command {
                Command::Status(status) if status.is_for_header() => {
                    if !core::mem::replace(&mut judged, true) {
                        self.take_verdict(status, &mut said);
                    }
                    None
                }
                Command::Status(status) => {
                    let limit = self.config.limits.max_reply_len;
                    said.news |= self.core.book.file_status(status, limit);
                    None
                }
                Command::Results(results) => {
                    (said.results, said.news) = (true, true);
                    self.take_results(results)
                }
                Command::Alert(alert) => Some(self.take_alert(alert, &mut said)),
                Command::Replace(operation) => {
                    let session = self.core.session.as_ref();
                    let may = said.start.is_some() || session.is_none_or(|session| !session.established);
                    let of_device = operation.items.iter().all(|item| item.source.is_some());
                    if may && of_device && !operation.items.is_empty() {
                        let nodes = operation.items.iter().map(|item| {
                            let uri = item.source_uri().map_or("", dm_syncml::LocUri::as_str);
                            (uri.to_owned(), Content::from_item(item, operation.meta.as_deref()))
                        });
                        dev_info.get_or_insert_default().extend(nodes);
                        Some(StatusCode::OK)
                    } else {
                        Some(StatusCode::NOT_ALLOWED)
                    }
                }
                Command::Ds(_) | Command::Unknown(_) => Some(StatusCode::NOT_SUPPORTED),
                _ => Some(StatusCode::NOT_ALLOWED),
            };
            if let Some(status) = status {
                self.owe(message, command, status);
            }
        }
        let windows = dev_info.as_ref().filter(|_| begins).map(|_| Initiator::Client);
        if let Some(start) = said.start.or(windows) {
            let notified = start == Initiator::Server && self.take_pending(message.header.session_id.as_str());
            if let Some(session) = &mut self.core.session
                && (!session.established || session.opening.is_some())
            {
                let dev_info = dev_info.unwrap_or_default();
                session.opening = Some(Opening { start, notified, dev_info });
            }
        }
        said
    }

    /// What is said of the server's last message.
    fn take_verdict(&mut self, status: &Status<'_>, said: &mut Said) {
        let Some(session) = &mut self.core.session else { return };
        let Some(code) = status.code() else { return };
        let challenged = matches!(code, StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS);
        // Other refusals say nothing of credentials; what was in the message stays unanswered.
        if session.out_msg == 0 || !(challenged || code.is_success()) {
            return;
        }
        match session.prover.answered(&self.config.identity, code, status.chal.as_deref()) {
            Proved::Accepted => {}
            // Whoever does not say of which means the last.
            Proved::Again => said.again = Some(status.msg_ref.number().unwrap_or(session.out_msg)),
            Proved::Failed => said.refuses = true,
        }
    }

    /// Owes a command its Status, and those in it theirs.
    fn owe(&mut self, message: &Message<'_>, command: &Command<'_>, status: StatusCode) {
        let Some(session) = &mut self.core.session else { return };
        session.owed.extend(statuses(message, command, status));
    }

    fn take_alert(&mut self, alert: &Alert<'_>, said: &mut Said) -> StatusCode {
        let Some(code) = alert.code() else { return StatusCode::INCOMPLETE };
        match code {
            AlertCode::SERVER_INITIATED => said.start = Some(Initiator::Server),
            AlertCode::CLIENT_INITIATED => said.start = Some(Initiator::Client),
            AlertCode::NEXT_MESSAGE => said.wants_next = true,
            AlertCode::SESSION_ABORT => said.aborts = true,
            AlertCode::NO_END_OF_DATA => said.breaks_off = true,
            AlertCode::GENERIC_ALERT => return self.take_client_alert(AlertKind::Generic, alert),
            AlertCode::CLIENT_EVENT => return self.take_client_alert(AlertKind::Event, alert),
            _ => return StatusCode::NOT_SUPPORTED,
        }
        StatusCode::OK
    }

    /// An alert of the device, whole or in chunks.
    fn take_client_alert(&mut self, kind: AlertKind, alert: &Alert<'_>) -> StatusCode {
        let limit = self.config.object_limit();
        let Some(session) = &mut self.core.session else { return StatusCode::COMMAND_FAILED };
        session.begin_again(&alert.items);
        let mut whole = empty_alert(kind, alert);
        for (index, item) in alert.items.iter().enumerate() {
            let open = session.incoming.take_if(|open| index == 0 && open.is_for_alert(kind, item));
            match open {
                Some(open) => {
                    let open = open.go_on(item, None, limit);
                    if item.more_data {
                        let status = open.status();
                        session.incoming = Some(open);
                        return status;
                    }
                    match open.finish() {
                        Ok((Owner::Alert(begun), item)) => {
                            whole.correlator = begun.correlator.or(whole.correlator);
                            whole.items = begun.items;
                            whole.items.push(item);
                        }
                        Ok((Owner::Results(_), _)) => return StatusCode::COMMAND_FAILED,
                        Err(status) => return status,
                    }
                }
                None => {
                    session.break_off();
                    if item.more_data {
                        // What came before it in the alert waits with it.
                        let len = session.alerts_len.saturating_add(alert_len(&whole));
                        if len > self.config.limits.max_reply_len {
                            let none = ClientAlert { kind, correlator: None, items: Vec::new() };
                            session.incoming = Some(Assembly::refused(Owner::Alert(none), item, StatusCode::TOO_LARGE));
                            return StatusCode::TOO_LARGE;
                        }
                        let open = Assembly::start(Owner::Alert(whole), item, None, limit);
                        let status = open.status();
                        session.incoming = Some(open);
                        return status;
                    }
                    whole.items.push(AlertItem::from_item(item));
                }
            }
        }
        self.file_alert(whole)
    }

    /// A whole alert, for the next decision.
    fn file_alert(&mut self, alert: ClientAlert) -> StatusCode {
        let status = self.config.alert_status(&alert);
        let Some(session) = &mut self.core.session else { return StatusCode::COMMAND_FAILED };
        let len = session.alerts_len.saturating_add(alert_len(&alert));
        if len > self.config.limits.max_reply_len {
            return StatusCode::TOO_LARGE;
        }
        session.alerts_len = len;
        session.alerts.push(alert);
        status
    }

    /// Results: the Status that they get, if it is not 200.
    fn take_results(&mut self, results: &Results<'_>) -> Option<StatusCode> {
        let limit = self.config.object_limit();
        let most = self.config.limits.max_reply_len;
        let origin = Origin::of(results);
        let meta = results.meta.as_deref();
        let mut refused = None;
        self.core.session.as_mut()?.begin_again(&results.items);
        for (index, item) in results.items.iter().enumerate() {
            let session = self.core.session.as_mut()?;
            let open = session.incoming.take_if(|open| index == 0 && open.is_for_results(&origin, item));
            let leaf = match open {
                Some(open) => {
                    let open = open.go_on(item, meta, limit);
                    if item.more_data {
                        let status = open.status();
                        session.incoming = Some(open);
                        return Some(status);
                    }
                    match open.finish() {
                        Ok((_, AlertItem { source, content, .. })) => leaf(source.as_deref(), results, content),
                        Err(status) => {
                            refused = Some(status);
                            continue;
                        }
                    }
                }
                None => {
                    session.break_off();
                    if item.more_data {
                        let open = Assembly::start(Owner::Results(origin), item, meta, limit);
                        let status = open.status();
                        session.incoming = Some(open);
                        return Some(status);
                    }
                    let source = item.source_uri().map(dm_syncml::LocUri::as_str);
                    leaf(source, results, Content::from_item(item, meta))
                }
            };
            if let Err(status) = self.core.book.file_value(&origin, leaf, most) {
                refused = refused.or(Some(status));
            }
        }
        refused
    }
}

impl TurnedAway {
    /// By what the message is known again.
    fn mark(digest_of_body: u64, mac: Option<&str>) -> u64 {
        mac.map_or(digest_of_body, |mac| digest(digest_of_body, mac.as_bytes()))
    }

    fn is_for(&self, digest_of_body: u64, mac: Option<&str>) -> bool {
        self.mark == Self::mark(digest_of_body, mac)
    }
}

impl Session {
    /// Whether a message of that number may come next: after the last one, or after those that were turned away since.
    fn expects(&self, msg_id: u32) -> bool {
        let most = self.in_msg.saturating_add(MAX_TURNED_AWAY);
        msg_id > self.in_msg && msg_id <= self.heard.saturating_add(1).min(most)
    }

    /// Whether more Statuses wait than any device has reason to.
    fn owes_too_much(&self, config: &ServerConfig) -> bool {
        let len = self.owed.iter().map(Owed::len).fold(0, usize::saturating_add);
        self.owed.len() > config.limits.message.max_commands.saturating_mul(4)
            || len > config.limits.max_reply_len.saturating_add(config.limits.message.max_message_len)
    }

    /// A challenged device may say the whole command again of which it had begun the last Item: that is no break.
    fn begin_again(&mut self, items: &[Item<'_>]) {
        if let [_, .., last] = items
            && last.more_data
        {
            self.incoming.take_if(|open| open.is_challenged());
        }
    }

    /// Something else came before a large object was complete: it is dropped, and the device is told (1225).
    fn break_off(&mut self) {
        if let Some(open) = self.incoming.take()
            && open.status() == StatusCode::CHUNK_ACCEPTED
        {
            let source = open.source().filter(|source| source.len() <= MAX_BROKEN_LEN);
            if self.broken.len() < MAX_BROKEN {
                self.broken.push(source.map(ToOwned::to_owned));
            }
        }
    }
}

/// The value of an Item, with the node that it is of: its Source, or that which the Results name.
fn leaf(source: Option<&str>, results: &Results<'_>, content: Content) -> Leaf {
    let named = || results.target_ref().or(results.source_ref()).map(dm_syncml::LocUri::as_str);
    Leaf { uri: source.or_else(named).unwrap_or_default().to_owned(), content }
}

/// Whether a message can be the first of a session. Windows may leave the session alert out.
fn is_package_1(message: &Message<'_>, profile: Profile) -> bool {
    let starts = profile == Profile::Windows
        || message.commands.iter().any(|command| {
            let Command::Alert(alert) = command else { return false };
            matches!(alert.code(), Some(AlertCode::SERVER_INITIATED | AlertCode::CLIENT_INITIATED))
        });
    let dev_info = message.commands.iter().any(|command| {
        let Command::Replace(operation) = command else { return false };
        operation.items.iter().any(|item| item.source.is_some())
    });
    starts && dev_info
}

/// The Statuses of a message that is refused whole: one for each command but Status.
fn refusals(message: &Message<'_>, status: StatusCode) -> Vec<Owed> {
    let commands = message.commands.iter().filter(|command| !matches!(command, Command::Status(_)));
    commands.flat_map(|command| statuses(message, command, status)).collect()
}

/// The Statuses of a command and of those in it.
fn statuses<'c>(
    message: &'c Message<'_>,
    command: &'c Command<'_>,
    status: StatusCode,
) -> impl Iterator<Item = Owed> + use<'c> {
    let mut all = Vec::new();
    let mut open = Vec::from([core::slice::from_ref(command).iter()]);
    while let Some(last) = open.last_mut() {
        let Some(command) = last.next() else {
            open.pop();
            continue;
        };
        all.extend(owed(message, command, status));
        open.push(command.commands().iter());
    }
    all.into_iter()
}

fn owed(message: &Message<'_>, command: &Command<'_>, status: StatusCode) -> Option<Owed> {
    let cmd_ref = match command {
        Command::Ds(element) | Command::Unknown(element) => {
            let tag = Tag::by_name(Page::SyncMl, "CmdID")?;
            element.view().child(tag)?.text().trim().to_owned()
        }
        _ => command.cmd_id()?.as_str().to_owned(),
    };
    // 0 would mean the SyncHdr.
    let usable = !cmd_ref.is_empty() && cmd_ref != "0";
    usable.then(|| Owed {
        msg_ref: message.header.msg_id.as_str().to_owned(),
        cmd_ref,
        cmd: command.name().unwrap_or_default().to_owned(),
        status,
        may_be_left_out: matches!(command, Command::Alert(alert) if alert.code() == Some(AlertCode::NEXT_MESSAGE)),
    })
}

/// Where [`digest`] begins.
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// By what a message is known again (FNV-1a). A device that makes two messages alike in it deceives itself alone.
fn digest(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
