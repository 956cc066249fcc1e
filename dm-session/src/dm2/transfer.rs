//! One exchange with a data repository: HGET, HPUT, HPOST, the report of a subscription.
//!
//! Its rules stand here once, for the session and for the machines beside it (§3.3, §3.4, §5.3).

use alloc::string::String;
use alloc::vec::Vec;

use dm_package::{AcceptList, MediaType, MoData, MoItem, Outcome, StatusCode};

use super::client::{Action, EffectId, Event, Failure};
use super::config::ClientConfig;
use crate::Timestamp;
use crate::effect::Effects;
use crate::http::{self, CookieJar, Headers, Method, Redirect, Request, Response, Uri};
use crate::tree::Content;

/// How many origins' formats are remembered; the oldest gives way.
const MAX_ORIGINS: usize = 16;

/// What a device remembers of data repositories while a machine lives. The cookies of the session
/// with the DM server are kept apart from these.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Repositories {
    jar: CookieJar,
    /// The newest `OMADM-Accept` of each origin, by age.
    formats: Vec<(String, String)>,
}

impl Repositories {
    /// Remembers the formats that an origin takes, if it says so.
    pub(crate) fn note_formats(&mut self, origin: &Uri, headers: &Headers) {
        let Some(accept) = headers.joined(http::OMADM_ACCEPT) else { return };
        let key = origin.origin();
        self.formats.retain(|(known, _)| *known != key);
        if self.formats.len() >= MAX_ORIGINS {
            self.formats.remove(0);
        }
        self.formats.push((key, accept));
    }

    /// The type under which to upload to this origin; with `refused`, the one to try after a 415.
    fn choose(&self, origin: &Uri, own: &[String], refused: Option<&str>) -> Result<String, StatusCode> {
        let key = origin.origin();
        let known = self.formats.iter().find(|(known, _)| *known == key).map(|(_, accept)| accept);
        let accept = AcceptList::from_header(known.map(String::as_str));
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let outcome = match refused {
            None => Outcome::of_upload(&accept, &own),
            Some(refused) => Outcome::of_refused_upload(refused, known.map(|_| &accept), &own),
        };
        match outcome {
            Outcome::Proceed(media_type) => Ok(media_type.into()),
            _ => Err(StatusCode::NOT_ACCEPTABLE),
        }
    }
}

/// What a transfer needs of the machine that it belongs to.
pub(crate) struct Surroundings<'a> {
    pub(crate) now: Timestamp,
    pub(crate) config: &'a ClientConfig,
    pub(crate) effects: &'a mut Effects<Action>,
    pub(crate) repositories: &'a mut Repositories,
}

/// A transfer whose answer is awaited.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Transfer {
    pub(crate) id: EffectId,
    pub(crate) deadline: Timestamp,
    order: Order,
}

/// What is to be transferred.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Order {
    method: Method,
    uri: String,
    /// The media type and the body of an upload.
    content: Option<(String, Vec<u8>)>,
    hops: u8,
    /// Whether a 415 was answered with another type already.
    retried: bool,
}

/// How a transfer goes on.
pub(crate) enum Progress {
    /// It was sent anew: to another place or in another format.
    Again(Transfer),
    /// The repository did as it was asked.
    Done(Response),
    /// It ended otherwise; the status for the command.
    Failed(StatusCode),
}

impl Transfer {
    /// Starts a download.
    pub(crate) fn download(uri: &str, around: &mut Surroundings<'_>) -> Self {
        Order { method: Method::Get, uri: uri.into(), content: None, hops: 0, retried: false }.send(around)
    }

    /// Starts an upload of `items`; `Err` is the status for the command when the repository's formats
    /// or the wire form forbid it.
    pub(crate) fn upload(
        method: Method,
        uri: &str,
        items: Vec<MoItem<'static>>,
        around: &mut Surroundings<'_>,
    ) -> Result<Self, StatusCode> {
        let target = around.config.endpoint(uri).ok_or(StatusCode::FORBIDDEN)?;
        let media_type = around.repositories.choose(&target, &around.config.mo_types, None)?;
        let body = MoData { items }.to_vec().map_err(|_| StatusCode::INTERNAL_ERROR)?;
        let content = Some((media_type, body));
        Ok(Order { method, uri: uri.into(), content, hops: 0, retried: false }.send(around))
    }

    /// Whether `event` brings this transfer's answer.
    pub(crate) fn awaits(&self, event: &Event) -> bool {
        matches!(event, Event::Transferred { id, .. } | Event::Failed { id, .. } if *id == self.id)
    }

    /// Takes the answer.
    pub(crate) fn answer(self, event: Event, around: &mut Surroundings<'_>) -> Progress {
        match event {
            Event::Transferred { response, .. } => self.order.answer(response, around),
            Event::Failed { failure: Failure::Timeout, .. } => Progress::Failed(StatusCode::GATEWAY_TIMEOUT),
            _ => Progress::Failed(StatusCode::BAD_GATEWAY),
        }
    }

    pub(crate) fn is_download(&self) -> bool {
        self.order.content.is_none()
    }

    /// Whether this is the request that was sent for the transfer.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        let Order { method, uri, content, .. } = &self.order;
        let body = content.as_ref().map_or(&[][..], |(_, body)| body);
        request.method == *method && request.uri == *uri && request.body == body
    }

    /// Whether this can be the state of a machine under `config`.
    pub(crate) fn is_consistent(&self, config: &ClientConfig) -> bool {
        let Order { method, uri, content, hops, .. } = &self.order;
        config.endpoint(uri).is_some()
            && *hops <= http::MAX_REDIRECTS
            && content.is_some() == (*method != Method::Get)
            && content.as_ref().is_none_or(|(media_type, _)| config.mo_types.contains(media_type))
    }
}

impl Order {
    fn send(self, around: &mut Surroundings<'_>) -> Transfer {
        let request = self.request(around);
        let id = around.effects.begin(|id| Action::Transfer { id, request });
        let deadline = around.now.after(around.config.limits.request_timeout);
        Transfer { id, deadline, order: self }
    }

    fn request(&self, around: &Surroundings<'_>) -> Request {
        let Surroundings { now, config, repositories, .. } = around;
        let mut request = Request::new(self.method, self.uri.clone());
        match &self.content {
            Some((media_type, body)) => {
                request.headers.push(http::CONTENT_TYPE, media_type.clone());
                request.body.clone_from(body);
            }
            None => request.headers.push(http::ACCEPT, config.mo_types.join(", ")),
        }
        if config.identify_to_repository {
            request.headers.push(http::OMADM_DEV_ID, config.device_id.clone());
        }
        if let Some(cookies) = Uri::parse(&self.uri).ok().and_then(|uri| repositories.jar.header(*now, &uri)) {
            request.headers.push(http::COOKIE, cookies);
        }
        request
    }

    fn answer(mut self, response: Response, around: &mut Surroundings<'_>) -> Progress {
        let Ok(uri) = Uri::parse(&self.uri) else { return Progress::Failed(StatusCode::BAD_REQUEST) };
        around.repositories.jar.store_all(around.now, &uri, &response.headers);
        around.repositories.note_formats(&uri, &response.headers);
        match response.status {
            200..=299 => Progress::Done(response),
            307 | 308 => match http::redirect(&uri, &response, self.hops) {
                Redirect::Follow(target) if around.config.allow_http || target.is_https() => {
                    self.uri = target.as_str().into();
                    self.hops = self.hops.saturating_add(1);
                    Progress::Again(self.send(around))
                }
                _ => Progress::Failed(StatusCode::BAD_GATEWAY),
            },
            415 if self.content.is_some() => self.in_other_format(&uri, &response, around),
            400..=599 => Progress::Failed(StatusCode::new(response.status).unwrap_or(StatusCode::BAD_GATEWAY)),
            _ => Progress::Failed(StatusCode::BAD_GATEWAY),
        }
    }

    /// 415: once, another of the device's types, if the repository lists one.
    fn in_other_format(mut self, uri: &Uri, response: &Response, around: &mut Surroundings<'_>) -> Progress {
        if let Some((current, _)) = &mut self.content
            && !self.retried
            && response.headers.get(http::OMADM_ACCEPT).is_some()
            && let Ok(other) = around.repositories.choose(uri, &around.config.mo_types, Some(current))
        {
            *current = other;
            self.retried = true;
            return Progress::Again(self.send(around));
        }
        Progress::Failed(StatusCode::NOT_ACCEPTABLE)
    }
}

/// What an HGET brought, decoded; the status for the command when it cannot be used.
///
/// A body that is not MO data is content for the one leaf that the command named, if it named one.
pub(crate) fn content(response: Response, has_target: bool, config: &ClientConfig) -> Result<Content, StatusCode> {
    if response.body.len() > config.limits.max_repository_len {
        return Err(StatusCode::TOO_LARGE);
    }
    let media_type = response.headers.get(http::CONTENT_TYPE).and_then(MediaType::parse);
    if media_type.is_some_and(|media_type| media_type.is_mo_data(config.strictness)) {
        return match MoData::parse_with(&response.body, config.strictness, &config.limits.package) {
            Ok(parsed) => Ok(Content::Items(parsed.value.into_owned().items)),
            Err(error) if error.kind().is_limit() => Err(StatusCode::TOO_LARGE),
            Err(_) => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        };
    }
    if has_target { Ok(Content::Bytes(response.body)) } else { Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) }
}
