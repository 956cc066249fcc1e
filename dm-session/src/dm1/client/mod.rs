//! The client machine: one DM session as a device sees it (§14 of the project's DM 1.2 reference).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use core::{fmt, mem};

use dm_syncml::{ContentType, Encoding, Message, StatusCode, Strictness, SyncHdr, media};

use super::alert::AlertQueue;
use super::auth::{Party, Proved, Prover, Shown, Verdict, Verifier};
use super::config::ClientConfig;
use super::ui::UserReply;
use crate::effect::Effects;
use crate::http::{self, Method, Redirect, Request, Response, Uri};
use crate::tree::dm1::{self as tree, Answer, Data, LargeObject, ResultItem};
use crate::{Error, ErrorKind, Random, Timestamp};

mod api;
mod inbox;
mod outbox;
mod run;
mod snapshot;

pub use crate::effect::{EffectId, Failure};
pub use api::{Action, Closed, Event, Reason, Start};
pub use snapshot::Snapshot;

use inbox::{Kind, Reading};
use outbox::{HeaderStatus, Issued, Outbox, Stuck, Written};
use run::{Run, Wait};

/// The header of a message's MAC.
const HMAC: &str = "x-syncml-hmac";

/// What is read of a server that is asked for a message: both forms.
const ACCEPTED: &str = "application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml";

/// What has to be known of DevInfo for Package#1.
const DEV_INFO: &str = "./DevInfo?list=StructData";

/// One DM 1.2 session of a device (`OMA-TS-DM_Protocol-V1_2 §6 to §8`).
///
/// ```text
///  start ─▶ AwaitTree ─▶ AwaitReply ⇄ AwaitResend
///              ▲  ▲           │ ▲
///              │  ╰───────────╯ │      ╭▶ Done
///   AwaitUser ◀╯  (one message: its commands, then the answer)
/// ```
///
/// No message is larger than the server's `MaxMsgSize`, but for session alert and DevInfo after a challenge: both have to
/// be in the first message of Package#1, and the server has had them in the one that it challenged.
///
/// Take actions with [`poll_action`](Self::poll_action), carry them out, and tell the machine with
/// [`handle`](Self::handle). It does no I/O, reads no clock and draws no randomness.
///
/// `Debug` names the session and the state, never credentials, values or what the user said.
#[derive(Clone)]
pub struct Client {
    config: ClientConfig,
    core: Core,
}

/// All of the machine but its configuration: what a snapshot holds.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Core {
    server_id: String,
    now: Timestamp,
    session_end: Timestamp,
    session_id: String,
    /// Whether a notification asked for the session: alert 1200, else 1201.
    notified: bool,
    state: State,
    phase: Phase,
    /// Why the session is to end, as soon as what is open is closed or the server was told.
    ending: Option<Reason>,
    /// The nodes of DevInfo with their values.
    dev_info: Vec<ResultItem>,
    /// Where the next message goes.
    endpoint: String,
    /// MsgID of the last message that was sent.
    out_msg: u32,
    /// MsgID of the last message of the server.
    in_msg: Option<u32>,
    /// Whether the last message had Final.
    sent_final: bool,
    /// Whether the server's package goes on: its last message had no Final, and was no answer to one without.
    server_open: bool,
    /// Whether its last message had Final.
    server_final: bool,
    /// `MaxMsgSize` of the server.
    peer_max_msg: Option<usize>,
    /// `MaxObjSize` of the server.
    peer_max_obj: Option<usize>,
    prover: Prover,
    verifier: Verifier,
    run: Option<Run>,
    outbox: Outbox,
    /// The large object that is coming.
    object: Option<LargeObject>,
    alerts: AlertQueue,
    effects: Effects<Action>,
}

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Phase {
    /// Package#1 is being said.
    Setup,
    /// The server has taken it.
    Management,
    /// The server is told that the session is over.
    Aborting,
}

/// Where the machine stands.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
enum State {
    /// The tree was asked.
    AwaitTree { id: EffectId, wait: Wait },
    /// The user was asked.
    AwaitUser { id: EffectId, deadline: Timestamp },
    /// A message is out.
    AwaitReply { id: EffectId, deadline: Timestamp, post: Post },
    /// A message that got no answer goes out again then.
    AwaitResend { at: Timestamp, post: Post },
    /// Over.
    Done,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Post {
    uri: String,
    body: Vec<u8>,
    /// The value of the header `x-syncml-hmac`.
    mac: Option<String>,
    /// Where the Basic credential belongs in the body.
    secret_at: Option<usize>,
    /// The nonce for the server in it.
    issued: Option<Issued>,
    resends: u8,
    hops: u8,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.core.state {
            State::AwaitTree { .. } => "AwaitTree",
            State::AwaitUser { .. } => "AwaitUser",
            State::AwaitReply { .. } => "AwaitReply",
            State::AwaitResend { .. } => "AwaitResend",
            State::Done => "Done",
        };
        f.debug_struct("Client")
            .field("server_id", &self.core.server_id)
            .field("session_id", &self.core.session_id)
            .field("state", &state)
            .field("phase", &self.core.phase)
            .field("queued", &self.core.effects.len())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a session. `alerts` are those that wait for its server; what is not answered comes back in
    /// [`Action::Closed`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] when the server's address is no HTTPS URI (or plain HTTP without leave), an id is
    /// empty, or the credentials cannot do what they are to.
    pub fn start(config: ClientConfig, start: Start, alerts: AlertQueue, now: Timestamp) -> Result<Self, Error> {
        config.check()?;
        let (notified, resync) = match start {
            Start::Notification { resync, .. } => (true, resync),
            Start::Local { .. } => (false, None),
        };
        let mut client = Self {
            core: Core {
                server_id: config.server_id.clone(),
                now,
                session_end: now.after(config.limits.session_timeout),
                session_id: start.session_id(),
                notified,
                state: State::Done,
                phase: Phase::Setup,
                ending: None,
                dev_info: Vec::new(),
                endpoint: config.server_uri.clone(),
                out_msg: 0,
                in_msg: None,
                sent_final: true,
                server_open: false,
                server_final: false,
                peer_max_msg: None,
                peer_max_obj: None,
                prover: Prover::new(&config.identity, resync),
                verifier: Verifier::new(&config.demand, resync),
                run: None,
                outbox: Outbox { setup: true, ..Outbox::default() },
                object: None,
                alerts,
                effects: Effects::default(),
            },
            config,
        };
        client.core.alerts.requeue();
        let request = tree::Request::local(tree::Command::get(DEV_INFO)).at(now);
        let encoding = client.config.encoding;
        client.ask(Wait::Info, request.with_encoding(encoding));
        Ok(client)
    }

    /// Tells the machine what happened. `now` never goes back: an earlier value counts as the last.
    ///
    /// # Errors
    ///
    /// The machine is as it was before. [`ErrorKind::ApiMisuse`]: the event answers nothing that is open, or with
    /// another kind of answer. [`ErrorKind::Closed`]: the session is over; an alert goes to the next one.
    /// [`ErrorKind::InvalidInput`]: an alert without a Type, or a reply that the user cannot have given.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        self.check(&event)?;
        self.core.now = self.core.now.max(now);
        match event {
            Event::Tick => self.tick(),
            Event::Abort => self.abort(),
            Event::Alert(alert) => {
                self.core.alerts.add(alert);
            }
            event => match mem::replace(&mut self.core.state, State::Done) {
                State::AwaitTree { wait, .. } => {
                    if let Event::Managed { answer, .. } = event {
                        self.managed(wait, answer);
                    }
                }
                State::AwaitUser { .. } => {
                    if let Event::Answered { reply, .. } = event {
                        self.answered_by_user(&reply);
                    }
                }
                State::AwaitReply { post, .. } => self.answered(post, event),
                // Neither awaits an event; `check` has seen to it.
                state @ (State::AwaitResend { .. } | State::Done) => self.core.state = state,
            },
        }
        Ok(())
    }

    /// The next thing to do, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        let mut action = self.core.effects.poll()?;
        // Credentials join a request only here, so that no snapshot holds them.
        if let Action::Post { request, .. } = &mut action {
            if let (State::AwaitReply { post: Post { secret_at: Some(at), .. }, .. }, Some(secret)) =
                (&self.core.state, self.secret())
                && let Some(place) = request.body.get_mut(*at..at.saturating_add(secret.len()))
            {
                place.copy_from_slice(secret.as_bytes());
            }
            if let Some(basic) = &self.config.basic
                && let (Ok(to), Ok(home)) = (Uri::parse(&request.uri), Uri::parse(&self.config.server_uri))
                && to.same_origin(&home)
            {
                request.headers.set(http::AUTHORIZATION, basic.authorization());
            }
        }
        Some(action)
    }

    /// When to send the next [`Event::Tick`]; `None` when the session is over, or closes what is open in the tree.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let deadline = match &self.core.state {
            State::Done => return None,
            State::AwaitTree { .. } if self.core.ending.is_some() => return None,
            State::AwaitTree { .. } => self.core.session_end,
            State::AwaitUser { deadline, .. }
            | State::AwaitReply { deadline, .. }
            | State::AwaitResend { at: deadline, .. } => *deadline,
        };
        Some(deadline.min(self.core.session_end))
    }

    /// Whether the session is over. Actions may still be queued.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.state == State::Done
    }

    /// The alerts that the server has not answered yet. Empty once the session is over: they left with
    /// [`Action::Closed`].
    #[must_use]
    pub fn alerts(&self) -> &AlertQueue {
        &self.core.alerts
    }

    /// Whether the server has proved who it is, with its last message or for the session.
    #[must_use]
    pub fn server_is_trusted(&self) -> bool {
        self.core.verifier.is_trusted()
    }

    // --- what may come when ------------------------------------------------------------------------

    /// Refuses what cannot be taken now; after this nothing fails.
    fn check(&self, event: &Event) -> Result<(), Error> {
        let awaited = match (&self.core.state, event) {
            (_, Event::Tick) => return Ok(()),
            (State::Done, _) => return Err(ErrorKind::Closed.into()),
            (_, Event::Abort) => return Ok(()),
            (_, Event::Alert(alert)) => return AlertQueue::check(alert),
            (State::AwaitTree { id: open, .. }, Event::Managed { id, .. })
            | (State::AwaitReply { id: open, .. }, Event::Response { id, .. } | Event::Failed { id, .. }) => open == id,
            (State::AwaitUser { id: open, .. }, Event::Answered { id, reply }) if open == id => {
                if !self.interaction().is_some_and(|interaction| reply.fits(interaction)) {
                    return Err(ErrorKind::InvalidInput.into());
                }
                true
            }
            _ => false,
        };
        if awaited && event.id().is_none_or(|id| self.core.effects.was_polled(id)) {
            Ok(())
        } else {
            Err(ErrorKind::ApiMisuse.into())
        }
    }

    fn tick(&mut self) {
        let now = self.core.now;
        let over = now >= self.core.session_end;
        match mem::replace(&mut self.core.state, State::Done) {
            State::Done => {}
            // What is open in the tree has to be closed; a Get of DevInfo opens nothing.
            State::AwaitTree { id, wait: Wait::Info } if over => {
                self.core.effects.cancel(id);
                self.close(Reason::Timeout);
            }
            state @ State::AwaitTree { .. } => {
                if over {
                    self.core.ending.get_or_insert(Reason::Timeout);
                }
                self.core.state = state;
            }
            State::AwaitUser { id, .. } if over => {
                self.core.effects.cancel(id);
                self.core.ending = Some(Reason::Timeout);
                self.wind_up();
            }
            State::AwaitUser { id, deadline } if now >= deadline => {
                self.core.effects.cancel(id);
                self.answered_by_user(&UserReply::TimedOut);
            }
            State::AwaitReply { id, .. } if over => {
                self.core.effects.cancel(id);
                self.close(Reason::Timeout);
            }
            State::AwaitReply { id, deadline, post } if now >= deadline && !self.core.effects.was_polled(id) => {
                // The host has not come to it yet: nothing is late.
                let deadline = now.after(self.config.limits.request_timeout);
                self.core.state = State::AwaitReply { id, deadline, post };
            }
            State::AwaitReply { id, deadline, post } if now >= deadline => {
                self.core.effects.cancel(id);
                self.again(post, Reason::Transport, None);
            }
            State::AwaitResend { .. } if over => self.close(Reason::Timeout),
            State::AwaitResend { at, post } if now >= at => self.send(post),
            state => self.core.state = state,
        }
    }

    fn abort(&mut self) {
        match mem::replace(&mut self.core.state, State::Done) {
            State::AwaitTree { id, wait: Wait::Info } => {
                self.core.effects.cancel(id);
                self.close(Reason::Aborted);
            }
            // What the tree is at is done or undone first.
            state @ State::AwaitTree { .. } => {
                self.core.ending.get_or_insert(Reason::Aborted);
                self.core.state = state;
            }
            State::AwaitUser { id, .. } => {
                self.core.effects.cancel(id);
                self.core.ending = Some(Reason::Aborted);
                self.answered_by_user(&UserReply::Cancelled);
            }
            state @ (State::AwaitReply { .. } | State::AwaitResend { .. }) if self.core.phase == Phase::Aborting => {
                self.core.state = state;
            }
            State::AwaitReply { id, post, .. } => {
                let unsaid = !self.core.effects.was_polled(id) && post.resends == 0 && post.hops == 0;
                self.core.effects.cancel(id);
                if unsaid {
                    // The message never left, and its MsgID is free.
                    self.core.out_msg = self.core.out_msg.saturating_sub(1);
                    self.core.outbox.take_back();
                }
                self.core.ending = Some(Reason::Aborted);
                self.say_goodbye();
            }
            State::AwaitResend { .. } => {
                self.core.ending = Some(Reason::Aborted);
                self.say_goodbye();
            }
            State::Done => {}
        }
    }

    // --- Package#1 -----------------------------------------------------------------------------------

    /// The tree has said what DevInfo holds.
    fn informed(&mut self, answer: Answer) {
        self.core.dev_info = answer.results.into_iter().filter(|item| item.has_data).collect();
        if self.core.dev_info.is_empty() {
            // A store without DevInfo: at least who it is.
            let id = Data::Text(self.config.device_id.clone());
            self.core.dev_info.push(ResultItem::new("./DevInfo/DevId").with_data(id));
        }
        if self.core.ending.is_some() || self.core.now >= self.core.session_end {
            return self.close(self.core.ending.unwrap_or(Reason::Timeout));
        }
        self.say(true);
    }

    /// Package#1 is to be said again. What was not said yet of earlier messages follows it; values only to a server that
    /// is `trusted`.
    fn begin_again(&mut self, trusted: bool) {
        self.core.outbox.begin_again(trusted);
        self.core.alerts.requeue();
        self.core.object = None;
        self.core.server_open = false;
        self.core.phase = Phase::Setup;
    }

    // --- the exchange of messages --------------------------------------------------------------------

    /// Answers the server, or ends the session where there is nothing to say.
    fn respond(&mut self) {
        // Whoever sends a message without Final has more to say, or waits for the rest of ours.
        if self.core.server_final && self.is_quiet() {
            return self.close(Reason::Ended);
        }
        self.say(true);
    }

    /// Sends what waits; unless `all`, nothing but Statuses.
    fn say(&mut self, all: bool) {
        if self.core.out_msg >= self.config.limits.max_messages {
            return self.close(Reason::Limit);
        }
        match self.write(all, false).or_else(|Stuck| self.write(all, true)) {
            Ok(written) => self.post(written),
            Err(Stuck) => {
                self.core.ending = Some(Reason::Internal);
                self.say_goodbye();
            }
        }
    }

    /// Tells the server that the session is over (1223), where it is for this side to say; else ends it.
    fn say_goodbye(&mut self) {
        self.report();
        let reason = self.core.ending.unwrap_or(Reason::Aborted);
        // Nobody has heard of a session whose first message has not left.
        if reason == Reason::Timeout || self.core.out_msg == 0 || self.core.out_msg >= self.config.limits.max_messages {
            return self.close(reason);
        }
        self.core.phase = Phase::Aborting;
        match self.write_abort() {
            Ok(written) => self.post(written),
            Err(Stuck) => self.close(reason),
        }
    }

    fn post(&mut self, written: Written) {
        let Written { body, is_final, secret_at, issued } = written;
        let mac = self.core.prover.mac(&self.config.identity, &body);
        self.core.out_msg = self.core.out_msg.saturating_add(1);
        self.core.sent_final = is_final;
        let uri = self.core.endpoint.clone();
        self.send(Post { uri, body, mac, secret_at, issued, resends: 0, hops: 0 });
    }

    fn send(&mut self, post: Post) {
        let media_type = match self.config.encoding {
            Encoding::Xml => media::DM_XML,
            Encoding::Wbxml => media::DM_WBXML,
        };
        let mut request = Request::new(Method::Post, post.uri.clone())
            .with_header(http::CONTENT_TYPE, media_type)
            .with_header(http::ACCEPT, ACCEPTED)
            .with_header("Cache-Control", "no-store")
            .with_body(post.body.clone());
        if let Some(agent) = &self.config.user_agent {
            request.headers.push("User-Agent", agent.clone());
        }
        if let Some(mac) = &post.mac {
            request.headers.push(HMAC, mac.clone());
        }
        let id = self.core.effects.begin(|id| Action::Post { id, request });
        let deadline = self.core.now.after(self.config.limits.request_timeout);
        self.core.state = State::AwaitReply { id, deadline, post };
    }

    /// The same message once more, later, unless that was tried often enough.
    fn again(&mut self, post: Post, reason: Reason, wait: Option<Duration>) {
        if let Some(ending) = self.core.ending {
            return self.close(ending);
        }
        let limits = &self.config.limits;
        let factor = 1_u32.checked_shl(post.resends.into()).unwrap_or(u32::MAX);
        let at = self.core.now.after(wait.unwrap_or_else(|| limits.resend_after.saturating_mul(factor)));
        if post.resends >= limits.max_resends || at >= self.core.session_end {
            return self.close_with(reason, wait);
        }
        let post = Post { resends: post.resends.saturating_add(1), ..post };
        self.core.state = State::AwaitResend { at, post };
    }

    fn answered(&mut self, post: Post, event: Event) {
        let aborting = self.core.ending.filter(|_| self.core.phase == Phase::Aborting);
        let Event::Response { response, random, .. } = event else {
            return match aborting {
                Some(reason) => self.close(reason),
                None => self.again(post, Reason::Transport, None),
            };
        };
        if let Some(reason) = aborting {
            // Of what is said to who gave up it matters only who says it.
            if response.status == 200
                && let Ok(parsed) =
                    Message::parse_with(&response.body, Strictness::Lenient, &self.config.limits.message)
                && self.msg_id_of(&parsed.value.header).is_some()
            {
                self.judge(&parsed.value.header, &response, &random, post.issued);
            }
            return self.close(reason);
        }
        let retry_after = http::retry_after(self.core.now, &response.headers);
        match response.status {
            200 => self.received(&response, &random, post.issued),
            // Another success is no message.
            201..=299 => self.close(Reason::BadMessage),
            301 | 302 | 303 | 307 | 308 => self.redirected(post, response),
            status @ (408 | 429 | 500 | 502 | 503 | 504) => self.again(post, Reason::Http(status), retry_after),
            status => self.close_with(Reason::Http(status), retry_after),
        }
    }

    /// Follows a redirect: the message stays as it is, a POST.
    fn redirected(&mut self, post: Post, mut response: Response) {
        let Ok(from) = Uri::parse(&post.uri) else { return self.close(Reason::Internal) };
        let status = mem::replace(&mut response.status, 307);
        match http::redirect(&from, &response, post.hops) {
            Redirect::Follow(to) if self.leads(&from, &to) => {
                self.send(Post { uri: to.as_str().into(), hops: post.hops.saturating_add(1), ..post });
            }
            Redirect::Follow(_) | Redirect::Refuse(http::RedirectRefusal::Downgrade) => self.close(Reason::RespUri),
            Redirect::Refuse(_) => self.close(Reason::Http(status)),
        }
    }

    fn leads(&self, from: &Uri, to: &Uri) -> bool {
        (to.is_https() || self.config.allow_http) && self.config.resp_uri.allows(from, to)
    }

    // --- a message of the server ---------------------------------------------------------------------

    /// Judges who sent a message. Who proves itself has had the nonce that was issued to it (§7.3 of the security
    /// reference): what anybody else answers puts no nonce out of step.
    fn judge(&mut self, header: &SyncHdr<'_>, response: &Response, random: &Random, issued: Option<Issued>) -> Verdict {
        let shown =
            Shown { cred: header.cred.as_ref(), mac: response.headers.get(HMAC), body: response.body.as_slice() };
        let verdict = self.core.verifier.judge(&self.config.demand, shown, random);
        if let Some(Issued(nonce)) = issued.filter(|_| verdict.is_accepted()) {
            self.core.effects.push(Action::SaveNonce { party: Party::Server, nonce });
        }
        verdict
    }

    fn received(&mut self, response: &Response, random: &Random, issued: Option<Issued>) {
        let typed = response.headers.get(http::CONTENT_TYPE).is_none_or(|value| {
            ContentType::parse(value).is_some_and(|content_type| content_type.media_type().is_message())
        });
        let parsed = Message::parse_with(&response.body, Strictness::Lenient, &self.config.limits.message);
        let (true, Ok(parsed), Some(encoding)) = (typed, parsed, Encoding::detect(&response.body)) else {
            return self.close(Reason::BadMessage);
        };
        let message = parsed.value;
        let Some(msg_id) = self.msg_id_of(&message.header) else { return self.close(Reason::BadMessage) };
        self.core.in_msg = Some(msg_id);
        let header = &message.header;
        let number = |decimal: Option<&dm_syncml::Decimal<'_>>| {
            let number = decimal.and_then(dm_syncml::Decimal::number).filter(|number| *number > 0);
            number.map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        if let Some(meta) = &header.meta {
            self.core.peer_max_msg = number(meta.max_msg_size()).or(self.core.peer_max_msg);
            self.core.peer_max_obj = number(meta.max_obj_size()).or(self.core.peer_max_obj);
        }
        let verdict = self.judge(header, response, random, issued);
        let trusted = verdict.is_accepted();
        self.core.outbox.trust(trusted);
        let reading = Reading::new(&message, encoding, &self.config);

        let proved = match &reading.header {
            Some((status, chal)) => self.core.prover.answered(&self.config.identity, *status, chal.as_ref()),
            None => Proved::Accepted,
        };
        if let Some(nonce) = self.core.prover.take_nonce(self.core.verifier.is_trusted()) {
            self.core.effects.push(Action::SaveNonce { party: Party::Client, nonce });
        }
        if trusted {
            self.take_answers(&reading);
        }
        if reading.aborts {
            return self.close(Reason::ServerAborted);
        }
        if proved == Proved::Failed {
            return self.close(match &reading.header {
                Some((status, _)) if !is_about_credentials(*status) && !status.is_success() => Reason::Status(*status),
                _ => Reason::Refused,
            });
        }

        let own_open = !self.core.sent_final && !self.core.server_open;
        self.core.server_final = message.is_final;
        if message.is_final {
            self.core.server_open = false;
        } else if !own_open {
            self.core.server_open = true;
        }
        let is_last = verdict.is_last;
        let status = verdict.status;
        self.core.outbox.begin(HeaderStatus {
            msg_ref: reading.plan.msg_ref.clone(),
            status,
            chal: verdict.chal,
            issued: verdict.nonce.map(Issued),
        });
        let mut plan = reading.plan;
        if self.core.outbox.answers.statuses.len() > self.config.limits.message.max_commands {
            // Whoever goes on with commands without having taken the Statuses of so many never will.
            self.core.ending = Some(Reason::Limit);
            return self.say_goodbye();
        }
        let led = self.lead(header.resp_uri.as_deref());

        let setup = self.core.phase == Phase::Setup;
        if !trusted && proved == Proved::Accepted && plan.is_empty() && message.is_final && !own_open {
            if setup {
                // What a stranger answers is not answered: alerts go with the challenge.
                self.core.alerts.requeue();
            }
            if !setup || is_last || self.is_quiet() {
                return self.close(Reason::ServerUnauthenticated);
            }
        }
        if !trusted && is_last {
            return self.close(Reason::ServerRefused);
        }
        let silent = plan.is_empty() && proved == Proved::Accepted && message.is_final && self.is_quiet();
        if !led && !silent {
            return self.close(Reason::RespUri);
        }
        if proved == Proved::Again {
            // What came with the challenge is not executed, whoever sent it.
            plan.refuse(if trusted { StatusCode::NOT_EXECUTED } else { status });
            self.begin_again(trusted);
            self.core.run = Some(Run::new(plan));
            self.report();
            return self.say(true);
        }
        if !own_open {
            self.core.phase = Phase::Management;
        }
        if !trusted {
            plan.refuse(status);
            // The server sends what was refused again, an object in chunks from its first.
            self.core.object = None;
            self.core.run = Some(Run::new(plan));
            self.report();
            // Package#1 went out before anybody was known; alerts besides wait.
            return self.say(setup);
        }
        if own_open {
            // The rest of our package was due, and nothing new.
            for step in &mut plan.steps {
                if !matches!(step.kind, Kind::Next | Kind::NoEnd) {
                    step.fill(StatusCode::COMMAND_FAILED);
                }
            }
        }
        self.core.run = Some(Run::new(plan));
        self.proceed();
    }

    /// The MsgID of a message that can be the next of this session.
    fn msg_id_of(&self, header: &SyncHdr<'_>) -> Option<u32> {
        let msg_id = header.msg_id.number()?;
        let ours = header.ver_dtd.as_str() == "1.2"
            && header.ver_proto.as_str() == "DM/1.2"
            && header.session_id.as_str() == self.core.session_id
            && header.target.uri.as_str() == self.config.device_id;
        let next = self.core.in_msg.is_none_or(|last| last.checked_add(1) == Some(msg_id));
        (ours && next).then_some(msg_id)
    }

    /// What the server says of alerts and Results.
    fn take_answers(&mut self, reading: &Reading) {
        for answered in &reading.answers {
            let status = answered.status;
            // Challenged: it is said again. In progress, or a piece of it: it is not.
            let waits = status.is_informational() || status == StatusCode::CHUNK_ACCEPTED;
            if waits || is_about_credentials(status) {
                continue;
            }
            self.core.outbox.answered(answered);
            if let Some(id) = self.core.alerts.answered(&answered.msg_ref, &answered.cmd_ref) {
                self.core.outbox.drop_alert(id);
                self.core.effects.push(Action::AlertAnswered { id, status });
            }
        }
    }

    /// Follows `RespURI`, if there is one and it leads where this device goes.
    fn lead(&mut self, resp_uri: Option<&str>) -> bool {
        let Some(text) = resp_uri.filter(|text| !text.is_empty()) else { return true };
        let (Ok(from), Ok(to)) = (Uri::parse(&self.core.endpoint), Uri::parse(text)) else { return false };
        let leads = self.leads(&from, &to);
        if leads {
            self.core.endpoint = to.as_str().to_owned();
        }
        leads
    }

    // --- the end -------------------------------------------------------------------------------------

    fn close(&mut self, reason: Reason) {
        self.close_with(reason, None);
    }

    fn close_with(&mut self, reason: Reason, retry_after: Option<Duration>) {
        self.core.state = State::Done;
        let mut alerts = mem::take(&mut self.core.alerts);
        alerts.requeue();
        self.core.ending = None;
        self.core.run = None;
        self.core.outbox = Outbox::default();
        self.core.object = None;
        self.core.dev_info = Vec::new();
        self.core.effects.push(Action::Closed(Closed { reason, alerts, retry_after }));
    }
}

const fn is_about_credentials(status: StatusCode) -> bool {
    matches!(status, StatusCode::INVALID_CREDENTIALS | StatusCode::MISSING_CREDENTIALS)
}
