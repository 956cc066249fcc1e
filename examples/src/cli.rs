//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::input::{Account, Bytes, GivenNonce, Login, NamedPassword, Password};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// OMA Device Management from the command line.
///
/// Without a command, `dm` plays whole sessions on this machine, one of DM 2.0 and one of DM 1.2: a notification
/// over UDP, the packages over HTTP, a data repository, and the device's tree before and after.
#[derive(Debug, Parser)]
#[command(name = "dm", version, styles = STYLES, max_term_width = 100, after_long_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// When to use colours; NO_COLOR and CLICOLOR_FORCE are heard too.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,

    /// Log more; twice for everything. RUST_LOG does it by module. No secret is ever logged.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}

impl Cli {
    /// What the program was told, and an objection to an option that was typed and cannot count. What stands in the
    /// environment may be for another command.
    pub(crate) fn read() -> (Self, Option<String>) {
        let matches = Self::command().get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let objection = cli.objection(&matches);
        (cli, objection)
    }

    fn objection(&self, matches: &ArgMatches) -> Option<String> {
        let (_, matches) = matches.subcommand()?;
        let typed = |id: &&&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let groups = self.command.as_ref().map_or_else(Vec::new, Command::without_effect);
        groups.into_iter().find_map(|(why, ids)| {
            let name = ids.iter().find(typed)?.replace('_', "-");
            Some(format!("--{name} {why}"))
        })
    }
}

/// Why options have no effect, and which.
type WithoutEffect = (&'static str, &'static [&'static str]);

const AFTER: &str = "\
Exit status: 0 all as expected, 1 something was not (for inspect: refused), 2 wrong usage.

Try it:
  dm                                               sessions, server and device in one process
  dm serve --listen 127.0.0.1:8080                 a DM server with a data repository
  dm connect --server http://127.0.0.1:8080/dm     a device that opens a session with it
  dm connect --protocol 1.2 --server …             the same with DM 1.2
  dm replay DIR                                    what would a server answer to these messages?
  dm inspect FILE                                  what is this?
  dm tree FILE                                     what is in this device?";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Session(SessionArgs),
    Serve(ServeArgs),
    Connect(Box<ConnectArgs>),
    Notify(NotifyArgs),
    Replay(ReplayArgs),
    Inspect(InspectArgs),
    Tree(Box<TreeArgs>),
}

impl Command {
    /// The options that have no effect as the others are.
    fn without_effect(&self) -> Vec<WithoutEffect> {
        const V1_2: &str = "is for DM 1.2";
        const V2_0: &str = "is for DM 2.0";
        const TREE: &str = "cannot be used with --tree: the account has it";
        match self {
            Self::Session(arguments) if arguments.protocol == Protocol::V2_0 => vec![(V1_2, &["wbxml"])],
            Self::Serve(arguments) => match arguments.protocol {
                Protocol::V1_2 => vec![(V2_0, &["commands", "basic"])],
                Protocol::V2_0 => {
                    vec![(V1_2, &["orders", "profile", "max_msg_size", "auth", "login", "server_password"])]
                }
                Protocol::Auto => Vec::new(),
            },
            Self::Connect(arguments) => {
                let mut groups: Vec<WithoutEffect> = vec![match arguments.protocol {
                    Version::V1_2 => (V2_0, &["secret", "auth_data"]),
                    Version::V2_0 => {
                        (V1_2, &["wbxml", "max_msg_size", "answer", "server_nonce", "auth", "login", "server_password"])
                    }
                }];
                if arguments.tree.is_some() {
                    groups.push((TREE, &["secret", "auth_data", "auth", "login", "server_password", "server_nonce"]));
                }
                groups
            }
            Self::Notify(arguments) => vec![match arguments.protocol {
                Version::V1_2 => (V2_0, &["secret", "auth_data", "con_type", "time", "req_mos"]),
                Version::V2_0 => (V1_2, &["server_password", "nonce", "ui_mode", "initiator"]),
            }],
            _ => Vec::new(),
        }
    }
}

impl Default for Command {
    fn default() -> Self {
        Self::Session(SessionArgs::default())
    }
}

/// Play a session of DM 2.0 and one of DM 1.2, server and device in one process (this is the default).
///
/// Everything is real: notifications are signed UDP datagrams, the packages travel by HTTP to one port for both
/// protocols, the repository answers GET, PUT and POST. All ports are ephemeral ones of 127.0.0.1. Every status,
/// the final trees and what the server got are checked; the exit status is 1 if anything is not as expected.
#[derive(Debug, Default, Args)]
pub(crate) struct SessionArgs {
    /// Play one of the two alone.
    #[arg(long, value_name = "VERSION", default_value = "auto", hide_default_value = true)]
    pub(crate) protocol: Protocol,

    /// Speak WBXML in the session of DM 1.2, instead of XML.
    #[arg(long)]
    pub(crate) wbxml: bool,

    /// Print JSON instead: one object per line, each with the member `event`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which protocol family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// OMA DM 1.2: SyncML.
    #[value(name = "1.2")]
    V1_2,
    /// OMA DM 2.0: JSON.
    #[value(name = "2.0")]
    V2_0,
    /// Both.
    #[default]
    Auto,
}

/// One of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Version {
    /// OMA DM 1.2: SyncML.
    #[value(name = "1.2")]
    V1_2,
    /// OMA DM 2.0: JSON.
    #[default]
    #[value(name = "2.0")]
    V2_0,
}

/// Who proves what to whom with DM 1.2.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Credentials of DM 1.2")]
pub(crate) struct AuthArgs {
    /// The scheme. Where there are no credentials, HTTP or TLS says who it is.
    #[arg(long, value_name = "SCHEME", default_value = "md5")]
    pub(crate) auth: Auth,

    /// What the device proves itself with.
    #[arg(long, value_name = "NAME:PASSWORD", env = "DM_LOGIN", hide_env_values = true)]
    pub(crate) login: Option<NamedPassword>,

    /// What the server proves itself with, in notifications too; its name is the server's identifier.
    #[arg(long, value_name = "PASSWORD", env = "DM_SERVER_PASSWORD", hide_env_values = true)]
    pub(crate) server_password: Option<Password>,
}

/// A scheme of DM 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// Name and password as they are: for TLS.
    Basic,
    /// A digest with a nonce.
    Md5,
    /// A digest with a nonce over every message.
    Mac,
}

/// What kind of device a server of DM 1.2 speaks to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// One that follows the standard.
    #[default]
    Standard,
    /// A Windows PC.
    Windows,
}

/// Run a DM server with a data repository until Ctrl-C.
///
/// Devices of both protocols post to /dm, told apart by their Content-Type; the repository is below /repo/. Each
/// session gets the rounds of the commands file (DM 2.0) or of the orders file (DM 1.2) in turn, and then the end. The
/// address is printed on standard output, what happens is logged on standard error.
#[derive(Debug, Args)]
#[command(after_long_help = COMMANDS_FILE)]
pub(crate) struct ServeArgs {
    /// Which devices to serve.
    #[arg(long, value_name = "VERSION", default_value = "auto")]
    pub(crate) protocol: Protocol,

    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// What devices have to put in front of /dm, if not the listening address.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The server's identifier, `SrvID` in the devices' DM Accounts.
    #[arg(long, value_name = "ID", default_value = crate::defaults::SERVER_ID)]
    pub(crate) server_id: String,

    /// The commands to give with DM 2.0, as JSON (see below). Without it: GET of DevInfo.
    #[arg(long, value_name = "FILE")]
    pub(crate) commands: Option<PathBuf>,

    /// Serve the files of this folder in the repository; uploads stay in memory.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) repository: Option<PathBuf>,

    /// Demand HTTP Basic from devices of DM 2.0.
    #[arg(long, value_name = "NAME:PASSWORD", env = "DM_BASIC", hide_env_values = true)]
    pub(crate) basic: Option<Login>,

    /// Speak HTTPS with a certificate made for this run; it is written to the file of --ca.
    #[arg(long)]
    pub(crate) tls: bool,

    /// Where to write the certificate that devices have to trust (PEM).
    #[arg(long, value_name = "FILE", default_value = "dm-ca.pem", requires = "tls")]
    pub(crate) ca: PathBuf,

    /// The orders to give with DM 1.2, as JSON (see below). Without it: Get of ./DevDetail/SwV.
    #[arg(long, value_name = "FILE", help_heading = "DM 1.2")]
    pub(crate) orders: Option<PathBuf>,

    /// What kind of devices they are.
    #[arg(long, value_name = "PROFILE", default_value = "standard", help_heading = "DM 1.2")]
    pub(crate) profile: Profile,

    /// Announce this MaxMsgSize: larger results come in chunks.
    #[arg(long, value_name = "BYTES", help_heading = "DM 1.2")]
    pub(crate) max_msg_size: Option<u32>,

    #[command(flatten)]
    pub(crate) auth: AuthArgs,
}

const COMMANDS_FILE: &str = r#"Commands file:
  One Package#2, or an array of them, one for each round of a session:
    [
      {"CMD": [["GET", "urn:oma:mo:oma-dm-devinfo:1.2//"],
               ["HGET", "{repo}/profile"]]},
      {"CMD": [["EXEC", "urn:example:mo:lamp:1.0//Test", "{server}/results"]]}
    ]
  {server} stands for the URI of the DM endpoint, {repo} for that of the repository. END is added
  where it is missing. Every command is checked before the server starts.

Orders file:
  A list of rounds, each a list of orders:
    [
      [{"get": "./DevDetail/FwV"},
       {"replace": "./Lamp/Brightness", "format": "int", "data": "60"},
       {"atomic": [{"add": "./Lamp/Dimming/23:00", "format": "int", "data": "40"},
                   {"delete": "./Lamp/Dimming/01:00"}]}],
      [{"sequence": [{"confirm": "Test the lamp?", "options": "MAXDT=30"},
                     {"exec": "./Lamp/Test", "correlator": "t-1"}]}]
    ]
  Orders are get, add, replace, delete, exec; copy (with `to`); atomic and sequence (of orders); and
  display, confirm, input, choose and choose_several (with `choices`) for the user. Data is `data`
  (text), `base64` or `file`, with `format` and `type`."#;

/// Be a device: open one session with a DM server and print what happens.
///
/// The device's tree comes from --tree, or is a small one made for the purpose. What an asynchronous EXEC brought
/// is reported in a session of its own afterwards.
#[derive(Debug, Args)]
#[command(
    after_long_help = TREE_FILE,
    override_usage = "dm connect --server <URL> [OPTIONS]\n       dm connect --tree <FILE> [OPTIONS]"
)]
pub(crate) struct ConnectArgs {
    /// What to speak.
    #[arg(long, value_name = "VERSION", default_value = "2.0")]
    pub(crate) protocol: Version,

    /// The device's tree (see below).
    #[arg(long, value_name = "FILE")]
    pub(crate) tree: Option<PathBuf>,

    /// Save the tree afterwards, to --tree or to another file.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "absent, without a file, with one")]
    pub(crate) save: Option<Option<PathBuf>>,

    /// The server's endpoint, if not that of the DM Account.
    #[arg(long, value_name = "URL", required_unless_present = "tree")]
    pub(crate) server: Option<String>,

    /// Which account to use; needed if the tree has several.
    #[arg(long, value_name = "ID")]
    pub(crate) server_id: Option<String>,

    /// The device's identifier, without --tree.
    #[arg(long, value_name = "ID", default_value = crate::defaults::DEVICE_ID, conflicts_with = "tree")]
    pub(crate) device: String,

    /// Why the session starts.
    #[arg(long, value_name = "REASON", default_value = "local")]
    pub(crate) start: StartReason,

    /// Wait on this UDP address for the notification that starts the session.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "start")]
    pub(crate) listen: Option<SocketAddr>,

    /// Give up waiting for a notification after this many seconds.
    #[arg(long, value_name = "SECONDS", requires = "listen")]
    pub(crate) wait: Option<u64>,

    /// Secret of the notification digest of DM 2.0 in hex; with --tree the account has it.
    #[arg(long, value_name = "HEX", env = "DM_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<Bytes>,

    /// Authentication data of the notification digest in hex.
    #[arg(long, value_name = "HEX", requires = "secret")]
    pub(crate) auth_data: Option<Bytes>,

    /// Report this in the first package: a generic alert of this type. Repeatable.
    #[arg(long, value_name = "TYPE")]
    pub(crate) alert: Vec<String>,

    /// Credentials for HTTP Basic, shown when the server asks for them.
    #[arg(long, value_name = "NAME:PASSWORD", env = "DM_BASIC", hide_env_values = true)]
    pub(crate) basic: Option<Login>,

    /// Trust the certificate in this file (PEM), and no other.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Allow plain HTTP to other machines; to this one it always is.
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// Give up a session after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    pub(crate) timeout: u64,

    /// Print JSON instead: one object per line, each with the member `event`.
    #[arg(long)]
    pub(crate) json: bool,

    /// Speak WBXML instead of XML.
    #[arg(long, help_heading = "DM 1.2")]
    pub(crate) wbxml: bool,

    /// Announce this MaxMsgSize: larger values come in chunks.
    #[arg(long, value_name = "BYTES", help_heading = "DM 1.2")]
    pub(crate) max_msg_size: Option<u32>,

    /// What the user says when the server asks: `yes`, `no`, `cancel`, a text, or numbers of choices as in `1,3`.
    /// Repeatable, in the order of the questions; without any there is no user to ask.
    #[arg(long, value_name = "ANSWER", help_heading = "DM 1.2")]
    pub(crate) answer: Vec<String>,

    /// The nonce of the server that the device issued last, in base64; with --tree the account has it.
    #[arg(long, value_name = "BASE64", requires = "server_password", help_heading = "Credentials of DM 1.2")]
    pub(crate) server_nonce: Option<GivenNonce>,

    #[command(flatten)]
    pub(crate) auth: AuthArgs,
}

const TREE_FILE: &str = "\
Tree file:
  JSON as MoTree of dm-session writes it; `dm connect --server URL --save FILE` makes one to start
  from. It holds the secrets of the DM Account, so only its owner may read it.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartReason {
    /// The device wants it.
    Local,
    /// A bootstrap has just succeeded.
    Bootstrap,
    /// A notification asked for it; --listen waits for a real one.
    Notification,
}

/// Build a notification (Package#0) and send it.
///
/// Signed if there is a secret. That of DM 2.0 carries the time of sending and, unless told otherwise, a random
/// NOTIFICATION-ID; that of DM 1.2 the id of the session, and goes as a WAP Push.
#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    /// For which protocol.
    #[arg(long, value_name = "VERSION", default_value = "2.0")]
    pub(crate) protocol: Version,

    /// Send it to this UDP address; without one it is printed.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<SocketAddr>,

    /// The server's identifier, `SrvID` in the device's DM Account.
    #[arg(long, value_name = "ID", default_value = crate::defaults::SERVER_ID)]
    pub(crate) server_id: String,

    /// Secret of the digest in hex.
    #[arg(long, value_name = "HEX", env = "DM_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<Bytes>,

    /// Authentication data of the digest in hex.
    #[arg(long, value_name = "HEX", requires = "secret")]
    pub(crate) auth_data: Option<Bytes>,

    /// NOTIFICATION-ID: a number, or `none`. With DM 1.2, the session's id: a number from 1.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) id: Option<Choice<u16>>,

    /// PREFERRED-CON-TYPE.
    #[arg(long, value_name = "BEARER")]
    pub(crate) con_type: Option<Bearer>,

    /// TIMESTAMP: seconds since 1970 instead of now, or `none`.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time: Option<Choice<u64>>,

    /// REQ-MOS: ask for the list of management objects.
    #[arg(long)]
    pub(crate) req_mos: bool,

    /// Print it in this form, besides sending it.
    #[arg(long, value_name = "FORM")]
    pub(crate) print: Option<Form>,

    /// The server's password: signs the notification.
    #[arg(long, value_name = "PASSWORD", env = "DM_SERVER_PASSWORD", hide_env_values = true, help_heading = "DM 1.2")]
    pub(crate) server_password: Option<Password>,

    /// The nonce that the device issued last, in base64.
    #[arg(long, value_name = "BASE64", requires = "server_password", help_heading = "DM 1.2")]
    pub(crate) nonce: Option<GivenNonce>,

    /// What the device should do with its user.
    #[arg(long, value_name = "MODE", help_heading = "DM 1.2")]
    pub(crate) ui_mode: Option<UiMode>,

    /// Who wants the session.
    #[arg(long, value_name = "WHO", help_heading = "DM 1.2")]
    pub(crate) initiator: Option<Initiator>,
}

/// Feed recorded messages of a DM 1.2 device to a server, and print what it answers.
///
/// The files *.xml and *.wbxml of the folder, in the order of their names, are what the device sends; the server is a
/// fresh one with the orders of --orders. Its randomness is fixed, so that it issues the same nonces each time and
/// credentials in recordings can hold; without --login it asks for none.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit status: 0 every message was taken and the sessions that ended have ended well, 1 not so, 2 wrong usage.
The orders file is that of `dm serve`.")]
pub(crate) struct ReplayArgs {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// What kind of device it is.
    #[arg(long, value_name = "PROFILE", default_value = "standard")]
    pub(crate) profile: Profile,

    /// The orders to give. Without it: Get of ./DevDetail/SwV.
    #[arg(long, value_name = "FILE")]
    pub(crate) orders: Option<PathBuf>,

    /// The server's identifier.
    #[arg(long, value_name = "ID", default_value = crate::defaults::SERVER_ID)]
    pub(crate) server_id: String,

    /// The server's URI, Source of its messages.
    #[arg(long, value_name = "URL", default_value = "https://dm.example/dm")]
    pub(crate) url: String,

    /// Print JSON instead: one object per message and answer.
    #[arg(long)]
    pub(crate) json: bool,

    /// The nonce of the device that the server issued last, in base64.
    #[arg(long, value_name = "BASE64", requires = "login", help_heading = "Credentials of DM 1.2")]
    pub(crate) nonce: Option<GivenNonce>,

    #[command(flatten)]
    pub(crate) auth: AuthArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UiMode {
    Background,
    Informative,
    Interaction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Initiator {
    User,
    Server,
}

/// A number, or deliberately none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice<T> {
    None,
    Some(T),
}

impl<T: std::str::FromStr> std::str::FromStr for Choice<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self::None) } else { text.parse().map(Self::Some) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bearer {
    Any,
    Cellular,
    Wlan,
    Wireline,
}

/// Say what a DM blob is and what is in it.
///
/// Takes a notification (Package#0), Packages #1 to #3, management object data or a ClientURI of DM 2.0, and
/// SyncML of DM 1.x in XML or WBXML, whole messages, bodies or bare commands; raw, in hex or in base64, found
/// out by itself. Deviations from the standard are listed with the byte at which they are; offsets count the
/// decoded bytes, from 0. Of SyncML that breaks off, what comes before is shown. Credentials and nonces are
/// not.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit status: 0 accepted, 1 refused (one line on standard error: cause and offset), 2 wrong usage.
What --lint finds is refused when Windows does not take it; with --strict, also when it may not.

Kinds: dm2-notification, dm2-package1, dm2-package2, dm2-package3, dm2-mo-data, dm2-client-uri,
syncml. With --json the member `kind` has this name; offsets and deviations are members, too.")]
pub(crate) struct InspectArgs {
    /// The file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Print one JSON object with everything that was decoded.
    #[arg(long, conflicts_with = "to")]
    pub(crate) json: bool,

    /// Print it in another form instead: the bytes, or the message written anew as XML or WBXML.
    #[arg(long, value_name = "FORM")]
    pub(crate) to: Option<Wanted>,

    /// Write XML on many lines, for people.
    #[arg(long, requires = "to")]
    pub(crate) pretty: bool,

    /// Refuse every deviation from the standard.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Say what this kind of device would refuse of SyncML from a server.
    #[arg(long, value_name = "DEVICE")]
    pub(crate) lint: Option<Lint>,

    /// Show the documents inside Data whatever their size; with --json, taken apart in `document`.
    #[arg(long)]
    pub(crate) nested: bool,

    /// Check the credentials in a SyncML header.
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub(crate) login: Option<Account>,

    /// The nonce that belongs to them, in base64.
    #[arg(long, value_name = "BASE64", requires = "login")]
    pub(crate) nonce: Option<GivenNonce>,

    /// Check the digest of a notification with this secret, in hex.
    #[arg(long, value_name = "HEX")]
    pub(crate) secret: Option<Bytes>,

    /// The authentication data that belongs to the secret, in hex.
    #[arg(long, value_name = "HEX", requires = "secret")]
    pub(crate) auth_data: Option<Bytes>,

    /// Take the input as this, instead of finding out.
    #[arg(long, value_name = "FORM")]
    pub(crate) from: Option<Form>,

    /// Read it as this kind, instead of finding out; the names are below.
    #[arg(long = "as", value_name = "KIND")]
    pub(crate) kind: Option<crate::inspect::Kind>,
}

/// Show a tree file, or carry out one DM 1.x command on it.
///
/// Shows the nodes by path with values, formats, types, ACLs and titles, and the management objects that DM 2.0
/// alone reaches. A command is answered with the status that a session would send; what it changes is saved only
/// if --write or --to says so. Secrets, which no server may read, are dots.
#[derive(Debug, Args)]
#[command(
    subcommand_value_name = "COMMAND",
    subcommand_help_heading = "Commands (without one the tree is shown)",
    after_long_help = "\
Exit status: 0 shown, or status 2xx; 1 any other status (one line on standard error); 2 wrong usage, no tree file.

Values that live outside the tree are not available here (406). Of an Exec it is said what would be
executed, and the status is 200.

  dm tree tree.json
  dm tree tree.json get './Vendor?list=StructData' --server dm.example
  dm tree tree.json replace './Vendor?prop=ACL' --data 'Get=*' --write
  dm tree tree.json --tnds=./Vendor"
)]
pub(crate) struct TreeArgs {
    /// The tree file, as `dm connect --save` writes it; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Option<TreeCommand>,

    /// Print the tree, or what is below a node, as a TNDS document.
    #[arg(long, value_name = "URI", num_args = 0..=1, require_equals = true, default_missing_value = ".")]
    pub(crate) tnds: Option<String>,

    /// Print one JSON object with all there is.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Show secrets, too.
    #[arg(long, global = true)]
    pub(crate) secrets: bool,

    /// Be this server, held to ACLs and access types; else an application of the device.
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) server: Option<String>,

    /// The device's description (DDF, XML or WBXML) of the nodes by path; else everything is allowed below the root.
    /// A tree that was saved with one has to be read with it.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ddf: Option<PathBuf>,

    /// Hold URIs, data and the command to the letter of the standard.
    #[arg(long, global = true)]
    pub(crate) strict: bool,

    /// When the command comes, for the property TStamp: seconds since 1970 instead of now, or `none`.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(crate) time: Option<Choice<u64>>,

    /// Save the tree to FILE if the command succeeds.
    #[arg(long, global = true, conflicts_with = "to")]
    pub(crate) write: bool,

    /// Save the tree to another file if the command succeeds.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

/// What to do with a node. URIs may have a query (`?prop=Title`, `?list=Struct`).
#[derive(Debug, Subcommand)]
pub(crate) enum TreeCommand {
    /// Read a value, the names of children, a property or a list.
    Get {
        /// The node.
        uri: String,
        /// The media type that is wanted of `?list=TNDS`.
        #[arg(long = "type", value_name = "TYPE")]
        media_type: Option<String>,
    },
    /// Create a node.
    Add {
        /// The node.
        uri: String,
        #[command(flatten)]
        content: ContentArgs,
    },
    /// Set a value or a property.
    Replace {
        /// The node.
        uri: String,
        #[command(flatten)]
        content: ContentArgs,
    },
    /// Remove a node with everything below it.
    Delete {
        /// The node.
        uri: String,
    },
    /// Copy the value of a leaf.
    Copy {
        /// The leaf to read.
        source: String,
        /// The leaf to write.
        target: String,
    },
    /// Execute a node, as far as saying so.
    Exec {
        /// The node.
        uri: String,
        /// The Correlator of the command.
        #[arg(long, value_name = "TEXT")]
        correlator: Option<String>,
        #[command(flatten)]
        content: ContentArgs,
    },
}

/// Meta and Data of the Item.
#[derive(Debug, Default, Args)]
pub(crate) struct ContentArgs {
    /// Format: `node`, `chr`, `int` …
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,

    /// Type: a media type; of an interior node the identifier of its management object.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) media_type: Option<String>,

    /// The data, as it stands in an XML message: bytes in Base64.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,

    /// The data, from a file, as bytes of a WBXML message.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub(crate) data_file: Option<PathBuf>,

    /// A sub-tree as a TNDS document, XML or WBXML.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "data_file", "format", "media_type"])]
    pub(crate) tnds_file: Option<PathBuf>,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Raw,
    Hex,
    Base64,
}

/// What to print instead of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wanted {
    Raw,
    Hex,
    Base64,
    Xml,
    Wbxml,
}

impl Wanted {
    /// The form of the bytes; a wire form is none.
    pub(crate) const fn form(self) -> Result<Form, Self> {
        match self {
            Self::Raw => Ok(Form::Raw),
            Self::Hex => Ok(Form::Hex),
            Self::Base64 => Ok(Form::Base64),
            Self::Xml | Self::Wbxml => Err(self),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Xml => "xml",
            Self::Wbxml => "wbxml",
        }
    }
}

/// Devices that are known to refuse what the standard allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lint {
    Windows,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    fn objection(arguments: &str) -> Option<String> {
        let matches = Cli::command().try_get_matches_from(arguments.split(' ')).unwrap();
        Cli::from_arg_matches(&matches).unwrap().objection(&matches)
    }

    #[test]
    fn what_cannot_count_is_refused() {
        let uri = "--server http://127.0.0.1/";
        let of_1_2 = ["auth mac", "login a:b", "server-password c"];
        let credentials = |command: &str| of_1_2.map(|option| format!("{command} --{option}"));
        let mut wrong: Vec<String> = [
            "dm session --protocol 2.0 --wbxml".into(),
            "dm serve --protocol 1.2 --basic a:b".into(),
            "dm serve --protocol 1.2 --commands x".into(),
            "dm serve --protocol 2.0 --orders x".into(),
            "dm serve --protocol 2.0 --profile windows".into(),
            "dm serve --protocol 2.0 --max-msg-size 9".into(),
            format!("dm connect {uri} --wbxml"),
            format!("dm connect {uri} --max-msg-size 9"),
            format!("dm connect {uri} --answer yes"),
            format!("dm connect {uri} --protocol 1.2 --secret 00"),
            "dm connect --tree x --secret 00".into(),
            "dm notify --server-password c".into(),
            "dm notify --ui-mode background".into(),
            "dm notify --initiator user".into(),
            "dm notify --protocol 1.2 --secret 00".into(),
            "dm notify --protocol 1.2 --con-type wlan".into(),
            "dm notify --protocol 1.2 --time 7".into(),
            "dm notify --protocol 1.2 --req-mos".into(),
        ]
        .into();
        wrong.extend(credentials("dm serve --protocol 2.0"));
        wrong.extend(credentials(&format!("dm connect {uri}")));
        wrong.extend(credentials("dm connect --protocol 1.2 --tree x"));
        for arguments in wrong {
            let option = arguments.rsplit("--").next().unwrap().split(' ').next().unwrap();
            let objection = objection(&arguments).unwrap_or_else(|| panic!("{arguments}"));
            assert!(objection.starts_with(&format!("--{option} ")), "{arguments}: {objection}");
        }
        let mut right = vec![
            "dm".to_owned(),
            "dm session --wbxml".into(),
            "dm serve --basic a:b --commands x --orders y --profile windows --max-msg-size 9".into(),
            format!("dm connect {uri} --secret 00 --auth-data 00"),
            format!("dm connect {uri} --protocol 1.2 --wbxml --basic a:b --max-msg-size 9 --answer yes"),
            "dm notify --secret 00 --con-type wlan --time 7 --req-mos".into(),
            "dm notify --protocol 1.2 --server-password c --ui-mode background --initiator user".into(),
            "dm replay x --auth mac --login a:b".into(),
        ];
        right.extend(credentials("dm serve"));
        right.extend(credentials(&format!("dm connect {uri} --protocol 1.2")));
        for arguments in right {
            assert_eq!(objection(&arguments), None, "{arguments}");
        }
    }
}
