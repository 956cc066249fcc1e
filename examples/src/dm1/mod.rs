//! DM 1.2: the hosts of the machines, and what is told of them.
//!
//! `device` holds the loop that carries a client machine, `server` the one that carries server machines; both are
//! written to be read by whoever embeds `dm-session`.

pub(crate) mod connect;
pub(crate) mod device;
pub(crate) mod orders;
pub(crate) mod replay;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod story;

use dm_session::dm1::Scheme;

use crate::cli::Auth;

impl From<Auth> for Scheme {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Basic => Self::Basic,
            Auth::Md5 => Self::Md5,
            Auth::Mac => Self::Mac,
        }
    }
}
