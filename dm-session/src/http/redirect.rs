//! Which redirects a client follows.

use super::{LOCATION, Response, Uri};

/// Most redirects followed for one request.
pub const MAX_REDIRECTS: u8 = 5;

/// What to do with a response that may be a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redirect {
    /// Send the same method and body to this URI.
    ///
    /// When it is of another origin, `Authorization` stays behind and the cookies are asked of the
    /// jar anew.
    Follow(Uri),
    /// Do not follow.
    Refuse(RedirectRefusal),
}

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectRefusal {
    /// The status is neither 307 nor 308. The others let a POST become a GET.
    Status,
    /// [`MAX_REDIRECTS`] were followed already.
    TooManyHops,
    /// There is no `Location`, or several differ.
    NoLocation,
    /// `Location` does not lead to an `http` or `https` URI.
    BadLocation,
    /// The target leaves `https`.
    Downgrade,
}

/// Judges the answer to a request that was sent to `from`, after `hops_done` redirects of it.
///
/// Only 307 and 308 are followed, with the body as it was, at most [`MAX_REDIRECTS`] times, and
/// never from `https` to `http`. A relative `Location` is resolved against `from`.
///
/// ```
/// use dm_session::http::{LOCATION, Redirect, Response, Uri, redirect};
///
/// # fn main() -> Result<(), dm_session::Error> {
/// let from = Uri::parse("https://dm.example.com/dm")?;
/// let moved = Response::new(308).with_header(LOCATION, "/dm2");
/// assert_eq!(redirect(&from, &moved, 0), Redirect::Follow(Uri::parse("https://dm.example.com/dm2")?));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn redirect(from: &Uri, response: &Response, hops_done: u8) -> Redirect {
    match target(from, response, hops_done) {
        Ok(uri) => Redirect::Follow(uri),
        Err(refusal) => Redirect::Refuse(refusal),
    }
}

fn target(from: &Uri, response: &Response, hops_done: u8) -> Result<Uri, RedirectRefusal> {
    if !matches!(response.status, 307 | 308) {
        return Err(RedirectRefusal::Status);
    }
    if hops_done >= MAX_REDIRECTS {
        return Err(RedirectRefusal::TooManyHops);
    }
    let mut locations = response.headers.all(LOCATION);
    let location = locations.next().ok_or(RedirectRefusal::NoLocation)?;
    if locations.any(|other| other != location) {
        return Err(RedirectRefusal::NoLocation);
    }
    let uri = from.join(location).map_err(|_| RedirectRefusal::BadLocation)?;
    if uri.is_downgrade_from(from) { Err(RedirectRefusal::Downgrade) } else { Ok(uri) }
}
