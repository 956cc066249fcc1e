//! A command of Package#2 as the client runs it: owned, its URIs checked, what cannot run reduced to
//! its status.

use alloc::string::String;
use alloc::vec::Vec;

use dm_package::{Command, StatusCode, Str};

use super::config::{ClientConfig, Support};

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) enum Step {
    Fetch {
        server_uri: String,
        client_uri: Option<String>,
    },
    Upload {
        post: bool,
        server_uri: String,
        client_uris: Vec<String>,
    },
    Delete {
        client_uris: Vec<String>,
    },
    Exec {
        client_uri: String,
        server_uri: Option<String>,
    },
    Get {
        client_uris: Vec<String>,
    },
    Show {
        server_uri: String,
    },
    Continue {
        server_uri: String,
    },
    End,
    SetDefault {
        server_uri: String,
        moid: String,
    },
    Subscribe {
        server_uri: String,
        client_uri: String,
    },
    Unsubscribe {
        client_uri: String,
    },
    /// Answered with this status, in its place.
    Refused(u16),
}

impl Step {
    /// The step for a command. URIs of the tree are checked by whoever holds the tree.
    pub(crate) fn new(command: &Command<'_>, config: &ClientConfig) -> Self {
        Self::build(command, config).unwrap_or_else(|refused| Self::Refused(refused.as_u16()))
    }

    /// Whether a restored step can have come from a command under `config`.
    pub(crate) fn is_consistent(&self, config: &ClientConfig) -> bool {
        match self {
            Self::Refused(code) => StatusCode::new(*code).is_some(),
            Self::Delete { client_uris } | Self::Get { client_uris } => !client_uris.is_empty(),
            Self::Upload { server_uri, client_uris, .. } => {
                !client_uris.is_empty() && config.endpoint(server_uri).is_some()
            }
            Self::Fetch { server_uri, .. }
            | Self::Exec { server_uri: Some(server_uri), .. }
            | Self::SetDefault { server_uri, .. }
            | Self::Subscribe { server_uri, .. } => config.endpoint(server_uri).is_some(),
            Self::Show { server_uri } | Self::Continue { server_uri } => {
                dm_package::check_server_uri(server_uri).is_ok()
            }
            Self::Exec { server_uri: None, .. } | Self::Unsubscribe { .. } | Self::End => true,
        }
    }

    fn build(command: &Command<'_>, config: &ClientConfig) -> Result<Self, StatusCode> {
        let Support { get, show, default, sub } = config.support;
        let remote = |uri: &Str<'_>| server_uri(uri, config);
        Ok(match command {
            Command::HGet { server_uri, client_uri } => {
                Self::Fetch { server_uri: remote(server_uri)?, client_uri: client_uri.as_ref().map(owned) }
            }
            Command::HPut { server_uri, client_uris } => {
                Self::Upload { post: false, server_uri: remote(server_uri)?, client_uris: all(client_uris)? }
            }
            Command::HPost { server_uri, client_uris } => {
                Self::Upload { post: true, server_uri: remote(server_uri)?, client_uris: all(client_uris)? }
            }
            Command::Delete { client_uris } => Self::Delete { client_uris: all(client_uris)? },
            Command::Exec { client_uri, server_uri } => {
                Self::Exec { client_uri: owned(client_uri), server_uri: server_uri.as_ref().map(remote).transpose()? }
            }
            Command::Get { client_uris } if get => Self::Get { client_uris: all(client_uris)? },
            // The browser is no part of the session: it may open plain http.
            Command::Show { server_uri } if show => {
                dm_package::check_server_uri(server_uri).map_err(|_| StatusCode::BAD_REQUEST)?;
                Self::Show { server_uri: owned(server_uri) }
            }
            // Whether it may be followed depends on the endpoint at that moment.
            Command::Cont { server_uri } => {
                dm_package::check_server_uri(server_uri).map_err(|_| StatusCode::BAD_REQUEST)?;
                Self::Continue { server_uri: owned(server_uri) }
            }
            Command::End => Self::End,
            Command::Default { server_uri, moid } if default => {
                Self::SetDefault { server_uri: remote(server_uri)?, moid: owned(moid) }
            }
            Command::Sub { server_uri, client_uri } if sub => {
                Self::Subscribe { server_uri: remote(server_uri)?, client_uri: owned(client_uri) }
            }
            Command::UnSub { client_uri } if sub => Self::Unsubscribe { client_uri: owned(client_uri) },
            Command::Malformed(_) => return Err(StatusCode::BAD_REQUEST),
            // Unknown to the crates or not supported by this device: the same answer.
            _ => return Err(StatusCode::NOT_IMPLEMENTED),
        })
    }
}

/// A ServerURI that this device may contact: 400 when it is none, 403 when it is plain http and that
/// is not allowed.
fn server_uri(uri: &Str<'_>, config: &ClientConfig) -> Result<String, StatusCode> {
    dm_package::check_server_uri(uri).map_err(|_| StatusCode::BAD_REQUEST)?;
    config.endpoint(uri).map(|_| owned(uri)).ok_or(StatusCode::FORBIDDEN)
}

fn owned(text: &Str<'_>) -> String {
    text.as_str().into()
}

fn all(uris: &[Str<'_>]) -> Result<Vec<String>, StatusCode> {
    if uris.is_empty() { Err(StatusCode::BAD_REQUEST) } else { Ok(uris.iter().map(owned).collect()) }
}

/// Whether a package ends the session, wherever its END stands.
pub(crate) fn ends(steps: &[Step]) -> bool {
    steps.contains(&Step::End)
}
