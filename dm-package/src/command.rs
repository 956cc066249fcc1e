//! The twelve commands (§5.1): one table of their parameters, one function that reads them, one that checks them.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::uri::is_server_class;
use crate::{ClientUri, DeviationKind, Error, ErrorKind, Json, Limits, StatusCode, Str, Strictness, check_server_uri};

/// A command of a Package#2 (`OMA-TS-DM_Protocol-V2_0` §5.3): an array of strings, the name first. Its place in the
/// package is its only identity, so one that cannot be read keeps it.
///
/// Decoding checks the number of parameters and tells a ServerURI from the rest; whether a URI is well-formed shows
/// when the command is run ([`ClientUri::parse`], [`check_server_uri`]). The constructors, and the encoder, check it all.
///
/// ```
/// use dm_package::{Command, ErrorKind};
/// let get = Command::get("urn:oma:mo:oma-sessioninfomo:1.0//CBT")?;
/// assert_eq!(get.name(), "GET");
/// let relative = Command::cont("/dm").unwrap_err();
/// assert_eq!(relative.kind(), ErrorKind::ServerUriScheme);
/// # Ok::<(), dm_package::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// Fetch from the ServerURI into the tree.
    HGet {
        /// Where the data is.
        server_uri: Str<'a>,
        /// Where it goes; the client chooses if absent.
        client_uri: Option<Str<'a>>,
    },
    /// Send nodes to the ServerURI by HTTP PUT.
    HPut {
        /// Where the data goes.
        server_uri: Str<'a>,
        /// The nodes, at least one.
        client_uris: Vec<Str<'a>>,
    },
    /// Send nodes to the ServerURI by HTTP POST.
    HPost {
        /// Where the data goes.
        server_uri: Str<'a>,
        /// The nodes, at least one.
        client_uris: Vec<Str<'a>>,
    },
    /// Remove a node and what is below it.
    Delete {
        /// The node; lenient decoding accepts several, as one command with one status.
        client_uris: Vec<Str<'a>>,
    },
    /// Execute a node.
    Exec {
        /// The node.
        client_uri: Str<'a>,
        /// Where the result goes, in a new session; absent, the client chooses how to report.
        server_uri: Option<Str<'a>>,
    },
    /// Return data in Package#3.
    Get {
        /// The node; lenient decoding accepts several, as one command with one status.
        client_uris: Vec<Str<'a>>,
    },
    /// Start the web browser.
    Show {
        /// The page.
        server_uri: Str<'a>,
    },
    /// Go on with the session elsewhere.
    Cont {
        /// The new endpoint.
        server_uri: Str<'a>,
    },
    /// Close the session once everything in the package is done.
    End,
    /// Store where an application finds the configuration for an object type.
    Default {
        /// Where the data is.
        server_uri: Str<'a>,
        /// The object type.
        moid: Str<'a>,
    },
    /// Report changes below a node.
    Sub {
        /// Where the reports go.
        server_uri: Str<'a>,
        /// The node.
        client_uri: Str<'a>,
    },
    /// Stop reporting.
    UnSub {
        /// The text the SUB had.
        client_uri: Str<'a>,
    },
    /// A name that is none of the twelve. Answered with 501; the encoder refuses it.
    Unknown {
        /// The name.
        name: Str<'a>,
        /// Its parameters.
        params: Vec<Str<'a>>,
    },
    /// An entry that cannot be read. Answered with 400; the encoder refuses it.
    Malformed(Malformed<'a>),
}

/// An entry of `CMD` that cannot be read, kept for its place and for whoever wants to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed<'a> {
    raw: Json<'a>,
    error: Error,
}

impl<'a> Malformed<'a> {
    pub(crate) const fn new(raw: Json<'a>, error: Error) -> Self {
        Self { raw, error }
    }

    /// The entry as it was written.
    #[must_use]
    pub const fn raw(&self) -> &Json<'a> {
        &self.raw
    }

    /// What is wrong with it, and at which byte of the package.
    #[must_use]
    pub const fn error(&self) -> Error {
        self.error
    }
}

/// How often a parameter may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    No,
    Optional,
    One,
}

/// What the parameters of a command look like.
struct Shape {
    /// The ServerURI.
    server: Need,
    /// Whether the ServerURI stands before the others.
    server_first: bool,
    /// How many others there are at least.
    least: usize,
    /// How many others there are at most.
    most: usize,
    /// The same for lenient decoding.
    most_lenient: usize,
}

const fn shape(server: Need, server_first: bool, least: usize, most: usize) -> Shape {
    Shape { server, server_first, least, most, most_lenient: most }
}

/// The names of the twelve commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CommandKind {
    /// `HGET`
    HGet,
    /// `HPUT`
    HPut,
    /// `HPOST`
    HPost,
    /// `DELETE`
    Delete,
    /// `EXEC`
    Exec,
    /// `GET`
    Get,
    /// `SHOW`
    Show,
    /// `CONT`
    Cont,
    /// `END`
    End,
    /// `DEFAULT`
    Default,
    /// `SUB`
    Sub,
    /// `UNSUB`
    UnSub,
}

impl CommandKind {
    /// The twelve, in the order of §5.1.
    pub const ALL: [Self; 12] = [
        Self::HGet,
        Self::HPut,
        Self::HPost,
        Self::Delete,
        Self::Exec,
        Self::Get,
        Self::Show,
        Self::Cont,
        Self::End,
        Self::Default,
        Self::Sub,
        Self::UnSub,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HGet => "HGET",
            Self::HPut => "HPUT",
            Self::HPost => "HPOST",
            Self::Delete => "DELETE",
            Self::Exec => "EXEC",
            Self::Get => "GET",
            Self::Show => "SHOW",
            Self::Cont => "CONT",
            Self::End => "END",
            Self::Default => "DEFAULT",
            Self::Sub => "SUB",
            Self::UnSub => "UNSUB",
        }
    }

    /// The command with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "HGET" => Self::HGet,
            "HPUT" => Self::HPut,
            "HPOST" => Self::HPost,
            "DELETE" => Self::Delete,
            "EXEC" => Self::Exec,
            "GET" => Self::Get,
            "SHOW" => Self::Show,
            "CONT" => Self::Cont,
            "END" => Self::End,
            "DEFAULT" => Self::Default,
            "SUB" => Self::Sub,
            "UNSUB" => Self::UnSub,
            _ => return None,
        })
    }

    /// The command with this name in any letter case.
    pub(crate) fn from_any_case(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether every client must support it (2.0 specification §5.3); the others it may answer with 501.
    #[must_use]
    pub const fn is_mandatory(self) -> bool {
        !matches!(self, Self::Get | Self::Show | Self::Default | Self::Sub | Self::UnSub)
    }

    /// The parameter table of §5.1. The order for EXEC, DEFAULT and SUB is OUR DECISION.
    const fn shape(self) -> Shape {
        match self {
            Self::HGet => shape(Need::One, true, 0, 1),
            Self::HPut | Self::HPost => shape(Need::One, true, 1, usize::MAX),
            Self::Delete | Self::Get => Shape { most_lenient: usize::MAX, ..shape(Need::No, false, 1, 1) },
            Self::Exec => shape(Need::Optional, false, 1, 1),
            Self::Show | Self::Cont => shape(Need::One, true, 0, 0),
            // Parameters after END are ignored before the table is asked.
            Self::End => shape(Need::No, false, 0, 0),
            Self::Default | Self::Sub => shape(Need::One, true, 1, 1),
            Self::UnSub => shape(Need::No, false, 1, 1),
        }
    }
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with the parameters, and with which of them. The index is the number of parameters when one is
/// missing.
pub(crate) type Refusal = (ErrorKind, usize);

impl<'a> Command<'a> {
    /// Takes the parameters of a known command out of the list. The second value names what only lenient decoding accepts.
    ///
    /// OUR DECISION (§5.1): a parameter that starts with `http:` or `https:` is the ServerURI; the two kinds cannot be
    /// confused, so lenient decoding accepts them in either order.
    #[inline]
    pub(crate) fn from_params(
        kind: CommandKind,
        params: &mut Vec<Str<'a>>,
        strictness: Strictness,
    ) -> Result<(Self, Option<DeviationKind>), Refusal> {
        if kind == CommandKind::End {
            let deviation = (!params.is_empty()).then_some(DeviationKind::EndParameters);
            params.clear();
            return Ok((Self::End, deviation));
        }
        let shape = kind.shape();
        let lenient = strictness == Strictness::Lenient;
        let most = if lenient { shape.most_lenient } else { shape.most };
        let mut servers = params.iter().enumerate().filter(|(_, text)| is_server_class(text)).map(|(index, _)| index);
        let server = servers.next();
        if let Some(second) = servers.next() {
            return Err((ErrorKind::ParameterType, second));
        }
        let count = params.len();
        let others = count.saturating_sub(usize::from(server.is_some()));
        match (shape.server, server) {
            (Need::No, Some(index)) => return Err((ErrorKind::ParameterType, index)),
            (Need::One, None) if count >= shape.least.saturating_add(1) => return Err((ErrorKind::ParameterType, 0)),
            (Need::One, None) => return Err((ErrorKind::ParameterCount, count)),
            _ => {}
        }
        if others > most {
            // The first surplus one: those before it, ServerURI included, are within bounds.
            let surplus = most.saturating_add(usize::from(server.is_some_and(|index| index <= most)));
            return Err((ErrorKind::ParameterCount, surplus));
        }
        if others < shape.least {
            return Err((ErrorKind::ParameterCount, count));
        }
        let mut deviation = (others > shape.most).then_some(DeviationKind::SeveralClientUris);
        if let Some(index) = server {
            let place = if shape.server_first { 0 } else { others };
            if index != place {
                if !lenient {
                    return Err((ErrorKind::ParameterType, index.min(place)));
                }
                deviation = Some(DeviationKind::ParameterOrder);
            }
        }
        let command = Self::assemble(kind, server, params).ok_or((ErrorKind::ParameterCount, count))?;
        Ok((command, deviation))
    }

    /// Puts a command together from parameters that fit the table, the ServerURI at this place among them. The list
    /// keeps its room for the parameters of the next command.
    #[inline]
    fn assemble(kind: CommandKind, server: Option<usize>, params: &mut Vec<Str<'a>>) -> Option<Self> {
        let mut server_uri = server.and_then(|index| params.get_mut(index)).map(core::mem::take);
        // Where there is one other parameter, it is not where the ServerURI is.
        let other = usize::from(server == Some(0));
        let one = |params: &mut Vec<Str<'a>>| params.get_mut(other).map(core::mem::take);
        let all = |params: &mut Vec<Str<'a>>| {
            let mut others = Vec::with_capacity(params.len().saturating_sub(usize::from(server.is_some())));
            others
                .extend(params.drain(..).enumerate().filter(|(index, _)| Some(*index) != server).map(|(_, text)| text));
            others
        };
        let command = match kind {
            CommandKind::HGet => Self::HGet { server_uri: server_uri?, client_uri: one(params) },
            CommandKind::HPut => Self::HPut { server_uri: server_uri?, client_uris: all(params) },
            CommandKind::HPost => Self::HPost { server_uri: server_uri?, client_uris: all(params) },
            CommandKind::Delete => Self::Delete { client_uris: all(params) },
            CommandKind::Exec => Self::Exec { client_uri: one(params)?, server_uri: server_uri.take() },
            CommandKind::Get => Self::Get { client_uris: all(params) },
            CommandKind::Show => Self::Show { server_uri: server_uri? },
            CommandKind::Cont => Self::Cont { server_uri: server_uri? },
            CommandKind::End => Self::End,
            CommandKind::Default => Self::Default { server_uri: server_uri?, moid: one(params)? },
            CommandKind::Sub => Self::Sub { server_uri: server_uri?, client_uri: one(params)? },
            CommandKind::UnSub => Self::UnSub { client_uri: one(params)? },
        };
        params.clear();
        Some(command)
    }

    /// Checks everything the encoder needs to be true of a command.
    ///
    /// # Errors
    /// [`ErrorKind::MalformedCommand`] and [`ErrorKind::UnknownCommand`] for entries that are none of the twelve,
    /// [`ErrorKind::ParameterCount`] for a missing or surplus ClientURI, and what [`ClientUri::parse_with`] (strict) and
    /// [`check_server_uri`] say; the offset counts within the URI.
    pub fn check(&self) -> Result<(), Error> {
        let client = |uri: &Str<'_>| ClientUri::check(uri, &Limits::DEFAULT);
        match self {
            Self::HGet { server_uri, client_uri } => {
                check_server_uri(server_uri)?;
                client_uri.as_ref().map_or(Ok(()), client)
            }
            Self::HPut { server_uri, client_uris } | Self::HPost { server_uri, client_uris } => {
                check_server_uri(server_uri)?;
                if client_uris.is_empty() {
                    return Err(Error::new(ErrorKind::ParameterCount, 0));
                }
                client_uris.iter().try_for_each(client)
            }
            Self::Delete { client_uris } | Self::Get { client_uris } => match client_uris.as_slice() {
                [uri] => client(uri),
                _ => Err(Error::new(ErrorKind::ParameterCount, 0)),
            },
            Self::Exec { client_uri, server_uri } => {
                client(client_uri)?;
                server_uri.as_ref().map_or(Ok(()), |uri| check_server_uri(uri))
            }
            Self::Show { server_uri } | Self::Cont { server_uri } => check_server_uri(server_uri),
            Self::End => Ok(()),
            Self::Default { server_uri, moid } => {
                check_server_uri(server_uri)?;
                crate::client_uri::check_moid(moid)
            }
            Self::Sub { server_uri, client_uri } => {
                check_server_uri(server_uri)?;
                client(client_uri)
            }
            Self::UnSub { client_uri } => client(client_uri),
            Self::Unknown { .. } => Err(Error::new(ErrorKind::UnknownCommand, 0)),
            Self::Malformed(_) => Err(Error::new(ErrorKind::MalformedCommand, 0)),
        }
    }

    fn checked(self) -> Result<Self, Error> {
        self.check()?;
        Ok(self)
    }

    /// The name on the wire; that of a malformed entry is empty.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name, .. } => name,
            _ => self.kind().map_or("", CommandKind::as_str),
        }
    }

    /// Which of the twelve it is.
    #[must_use]
    pub const fn kind(&self) -> Option<CommandKind> {
        Some(match self {
            Self::HGet { .. } => CommandKind::HGet,
            Self::HPut { .. } => CommandKind::HPut,
            Self::HPost { .. } => CommandKind::HPost,
            Self::Delete { .. } => CommandKind::Delete,
            Self::Exec { .. } => CommandKind::Exec,
            Self::Get { .. } => CommandKind::Get,
            Self::Show { .. } => CommandKind::Show,
            Self::Cont { .. } => CommandKind::Cont,
            Self::End => CommandKind::End,
            Self::Default { .. } => CommandKind::Default,
            Self::Sub { .. } => CommandKind::Sub,
            Self::UnSub { .. } => CommandKind::UnSub,
            Self::Unknown { .. } | Self::Malformed(_) => return None,
        })
    }

    /// The status of an entry that cannot be run at all: 501 for an unknown name, 400 for a malformed one.
    #[must_use]
    pub const fn refusal(&self) -> Option<StatusCode> {
        match self {
            Self::Unknown { .. } => Some(ErrorKind::UnknownCommand.status_code()),
            Self::Malformed(_) => Some(ErrorKind::MalformedCommand.status_code()),
            _ => None,
        }
    }

    /// The ServerURI, where the command has one.
    #[must_use]
    pub fn server_uri(&self) -> Option<&Str<'a>> {
        match self {
            Self::HGet { server_uri, .. }
            | Self::HPut { server_uri, .. }
            | Self::HPost { server_uri, .. }
            | Self::Show { server_uri }
            | Self::Cont { server_uri }
            | Self::Default { server_uri, .. }
            | Self::Sub { server_uri, .. } => Some(server_uri),
            Self::Exec { server_uri, .. } => server_uri.as_ref(),
            _ => None,
        }
    }

    /// The ClientURIs, none to many.
    #[must_use]
    pub fn client_uris(&self) -> &[Str<'a>] {
        match self {
            Self::HPut { client_uris, .. }
            | Self::HPost { client_uris, .. }
            | Self::Delete { client_uris }
            | Self::Get { client_uris } => client_uris,
            Self::HGet { client_uri: Some(client_uri), .. }
            | Self::Exec { client_uri, .. }
            | Self::Sub { client_uri, .. }
            | Self::UnSub { client_uri } => core::slice::from_ref(client_uri),
            _ => &[],
        }
    }

    /// HGET without a ClientURI: the client chooses where the data goes.
    ///
    /// # Errors
    /// For this and the following constructors: those of [`check`](Self::check).
    pub fn hget(server_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::HGet { server_uri: server_uri.into(), client_uri: None }.checked()
    }

    /// HGET into a node.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn hget_into(server_uri: impl Into<Str<'a>>, client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::HGet { server_uri: server_uri.into(), client_uri: Some(client_uri.into()) }.checked()
    }

    /// HPUT of at least one node.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn hput<I: IntoIterator<Item: Into<Str<'a>>>>(
        server_uri: impl Into<Str<'a>>,
        client_uris: I,
    ) -> Result<Self, Error> {
        Self::HPut { server_uri: server_uri.into(), client_uris: client_uris.into_iter().map(Into::into).collect() }
            .checked()
    }

    /// HPOST of at least one node.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn hpost<I: IntoIterator<Item: Into<Str<'a>>>>(
        server_uri: impl Into<Str<'a>>,
        client_uris: I,
    ) -> Result<Self, Error> {
        Self::HPost { server_uri: server_uri.into(), client_uris: client_uris.into_iter().map(Into::into).collect() }
            .checked()
    }

    /// DELETE.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn delete(client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Delete { client_uris: vec![client_uri.into()] }.checked()
    }

    /// EXEC; the client chooses how to report.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn exec(client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Exec { client_uri: client_uri.into(), server_uri: None }.checked()
    }

    /// EXEC with the result reported to the ServerURI in a new session.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn exec_reporting_to(client_uri: impl Into<Str<'a>>, server_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Exec { client_uri: client_uri.into(), server_uri: Some(server_uri.into()) }.checked()
    }

    /// GET.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn get(client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Get { client_uris: vec![client_uri.into()] }.checked()
    }

    /// SHOW.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn show(server_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Show { server_uri: server_uri.into() }.checked()
    }

    /// CONT.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn cont(server_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Cont { server_uri: server_uri.into() }.checked()
    }

    /// DEFAULT.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn default_for(server_uri: impl Into<Str<'a>>, moid: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Default { server_uri: server_uri.into(), moid: moid.into() }.checked()
    }

    /// SUB.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn sub(server_uri: impl Into<Str<'a>>, client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::Sub { server_uri: server_uri.into(), client_uri: client_uri.into() }.checked()
    }

    /// UNSUB.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn unsub(client_uri: impl Into<Str<'a>>) -> Result<Self, Error> {
        Self::UnSub { client_uri: client_uri.into() }.checked()
    }

    /// The same command, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Command<'static> {
        let all = |uris: Vec<Str<'a>>| uris.into_iter().map(Str::into_owned).collect();
        match self {
            Self::HGet { server_uri, client_uri } => {
                Command::HGet { server_uri: server_uri.into_owned(), client_uri: client_uri.map(Str::into_owned) }
            }
            Self::HPut { server_uri, client_uris } => {
                Command::HPut { server_uri: server_uri.into_owned(), client_uris: all(client_uris) }
            }
            Self::HPost { server_uri, client_uris } => {
                Command::HPost { server_uri: server_uri.into_owned(), client_uris: all(client_uris) }
            }
            Self::Delete { client_uris } => Command::Delete { client_uris: all(client_uris) },
            Self::Exec { client_uri, server_uri } => {
                Command::Exec { client_uri: client_uri.into_owned(), server_uri: server_uri.map(Str::into_owned) }
            }
            Self::Get { client_uris } => Command::Get { client_uris: all(client_uris) },
            Self::Show { server_uri } => Command::Show { server_uri: server_uri.into_owned() },
            Self::Cont { server_uri } => Command::Cont { server_uri: server_uri.into_owned() },
            Self::End => Command::End,
            Self::Default { server_uri, moid } => {
                Command::Default { server_uri: server_uri.into_owned(), moid: moid.into_owned() }
            }
            Self::Sub { server_uri, client_uri } => {
                Command::Sub { server_uri: server_uri.into_owned(), client_uri: client_uri.into_owned() }
            }
            Self::UnSub { client_uri } => Command::UnSub { client_uri: client_uri.into_owned() },
            Self::Unknown { name, params } => Command::Unknown { name: name.into_owned(), params: all(params) },
            Self::Malformed(Malformed { raw, error }) => Command::Malformed(Malformed { raw: raw.into_owned(), error }),
        }
    }
}
