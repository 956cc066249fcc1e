//! `dm serve`: a DM server until Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use dm_session::dm1;
use dm_session::dm1::{Fate, Task};
use dm_session::dm2::server::Initiator;
use dm_session::dm2::{Server, ServerConfig};
use tokio::net::TcpListener;

use crate::cli::{Profile, Protocol, ServeArgs};
use crate::clock::now;
use crate::dm1::orders;
use crate::dm1::server::{self as server1, Dm1Server, Nonces, Settings};
use crate::dm1::story::task_text;
use crate::failure::Failure;
use crate::inspect::command_text;
use crate::repository::Repository;
use crate::server::{DmServer, Note};
use crate::web::{self, DM_PATH, REPO_PATH, Site};
use crate::{commands, interrupt};

/// Runs `dm serve`.
pub(crate) fn run(arguments: &ServeArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: &ServeArgs) -> Result<(), Failure> {
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("listening on {}", arguments.listen))
        .map_err(Failure::Usage)?;
    let address = listener.local_addr()?;
    let base = base_url(arguments, address);
    let (endpoint, repo) = (format!("{base}{DM_PATH}"), format!("{base}{REPO_PATH}"));

    let mut repository = Repository::default();
    if let Some(folder) = &arguments.repository {
        let files = repository.load(folder).map_err(Failure::Usage)?;
        tracing::info!(files, "repository: loaded {}", folder.display());
    }
    let dm = match arguments.protocol {
        Protocol::V1_2 => None,
        Protocol::V2_0 | Protocol::Auto => Some(dm2(arguments, &endpoint, &repo).map_err(Failure::Usage)?),
    };
    let dm1 = match arguments.protocol {
        Protocol::V2_0 => None,
        Protocol::V1_2 | Protocol::Auto => Some(dm1(arguments, &endpoint).map_err(Failure::Usage)?),
    };

    let tls = if arguments.tls {
        let (acceptor, certificate) = web::self_made_tls(hosts(arguments, address))?;
        std::fs::write(&arguments.ca, certificate)
            .with_context(|| arguments.ca.display().to_string())
            .map_err(Failure::Usage)?;
        tracing::info!("certificate written to {}; devices need --ca", arguments.ca.display());
        Some(acceptor)
    } else {
        None
    };
    let site = Site::new(dm, dm1, repository);
    // Before anybody can be told that the program runs.
    let stop = interrupt::requested()?;
    announce(&endpoint, &repo)?;
    web::serve(listener, tls, site, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// The server for devices of DM 2.0.
fn dm2(arguments: &ServeArgs, endpoint: &str, repo: &str) -> anyhow::Result<DmServer> {
    let plan = match &arguments.commands {
        Some(file) => commands::read(file, endpoint, repo)?,
        None => commands::default_plan()?,
    };
    let mut config = ServerConfig::new(&arguments.server_id, endpoint);
    if let Some(login) = &arguments.basic {
        config = config.with_basic(login.0.clone());
    }
    // What is wrong with the configuration shows now, not at the first device.
    Server::start(config.clone(), Vec::new(), now())
        .with_context(|| format!("server {:?} at {endpoint}", arguments.server_id))?;
    Ok(DmServer::new(config, plan, Box::new(|note| log(&note))))
}

/// The server for devices of DM 1.2.
fn dm1(arguments: &ServeArgs, endpoint: &str) -> anyhow::Result<Dm1Server> {
    let plan = match &arguments.orders {
        Some(file) => orders::read(file)?,
        None => orders::default_plan(),
    };
    let settings = Settings {
        server_id: arguments.server_id.clone(),
        endpoint: endpoint.into(),
        scheme: arguments.auth.auth.into(),
        login: arguments.auth.login.clone(),
        password: arguments.auth.server_password.clone(),
        profile: arguments.profile.into(),
        max_msg_size: arguments.max_msg_size,
    };
    dm1::Server::start(settings.config(&Nonces::default()), now())
        .with_context(|| format!("server {:?} at {endpoint}", arguments.server_id))?;
    Ok(Dm1Server::new(settings, plan, Box::new(|note| log1(&note))))
}

impl From<Profile> for dm1::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Standard => Self::Standard,
            Profile::Windows => Self::Windows,
        }
    }
}

/// Tells where the server is, for people and scripts: on standard output, at once.
fn announce(endpoint: &str, repo: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "endpoint    {endpoint}")?;
    writeln!(out, "repository  {repo}/")?;
    out.flush()
}

fn base_url(arguments: &ServeArgs, address: SocketAddr) -> String {
    match &arguments.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("{}://{address}", if arguments.tls { "https" } else { "http" }),
    }
}

/// The names in the certificate.
fn hosts(arguments: &ServeArgs, address: SocketAddr) -> Vec<String> {
    let mut hosts = vec!["localhost".to_owned(), address.ip().to_string()];
    let given = arguments.url.as_deref().and_then(|url| dm_session::http::Uri::parse(url).ok());
    hosts.extend(given.map(|uri| uri.host().trim_matches(['[', ']']).to_owned()));
    hosts.dedup();
    hosts
}

/// One line of the log for each thing that happens. Values of the tree do not show.
fn log(note: &Note) {
    match note {
        Note::Notified { device } => tracing::info!(device, "notification"),
        Note::Opened { device, start, mos, .. } => {
            let start = match start {
                Some(Initiator::Server(Some(id))) => format!("notification {id}"),
                Some(Initiator::Server(None)) => "notification".into(),
                Some(Initiator::Client) => "by the device".into(),
                Some(Initiator::Bootstrap) => "after bootstrap".into(),
                _ => "without a reason".into(),
            };
            tracing::info!(device, mos = mos.as_ref().map(Vec::len), "session opened, {start}");
        }
        Note::Answered { device, results } => {
            for (command, status) in results.iter() {
                let sc = status.map_or_else(|| "unanswered".into(), |status| status.sc.to_string());
                tracing::info!(device, "{sc}  {}", command_text(command));
            }
        }
        Note::Alerted { device, alert } => {
            let alert_type = crate::output::style::safe(&alert.alert_type);
            tracing::info!(device, mark = alert.effective_mark().as_str(), "alert {alert_type}");
        }
        Note::Completed { device, completed } => {
            let status = completed.status.map_or_else(|| "no status".into(), |status| status.to_string());
            tracing::info!(device, "result of EXEC {}: {status}", completed.execution.client_uri);
        }
        Note::Commanded { device, commands } => tracing::info!(device, commands = commands.len(), "commands sent"),
        Note::Refused { device, status } => tracing::warn!(device, status, "request refused"),
        Note::Closed { device, closed } => {
            tracing::info!(device, unanswered = closed.unanswered.len(), "session closed: {:?}", closed.reason);
        }
        Note::Left { device, server_uri } => tracing::warn!(device, "session goes on at {server_uri}"),
        Note::Failed { device, error } => tracing::error!(device, "{error}"),
    }
}

/// The same for devices of DM 1.2.
fn log1(note: &server1::Note) {
    use server1::Note;
    match note {
        Note::Windows { device, version, mode } => {
            let (version, mode) = (crate::output::style::short(version, 40), crate::output::style::short(mode, 40));
            tracing::info!(device, "Windows, client {version}, {mode}");
        }
        Note::Notified { device } => tracing::info!(device, "notification"),
        Note::Unanswered { device } => tracing::warn!(device, "no session came of the notification"),
        Note::Opened { device, opening } => {
            let start = match opening.start {
                dm1::server::Initiator::Server if opening.notified => "after its notification",
                dm1::server::Initiator::Server => "after a notification",
                _ => "by the device",
            };
            let about = |name| crate::output::style::short(opening.value(name).unwrap_or("?"), 60);
            tracing::info!(device, "session opened, {start}: {} {}", about("Man"), about("Mod"));
        }
        Note::Done { device, outcome } => done(device, &outcome.task, &outcome.result),
        Note::Alerted { device, alert } => {
            if alert.is_unenrolment() {
                tracing::warn!(device, "the device leaves management");
            }
            if let Some(status) = dm1::windows::login_status(alert) {
                tracing::info!(device, "user logged in: {status:?}");
            }
            for item in &alert.items {
                let alert_type = crate::output::style::safe(item.alert_type());
                let mark = item.mark.as_deref().unwrap_or("informational");
                tracing::info!(device, mark, correlator = alert.correlator, "alert {alert_type}");
            }
        }
        Note::Ordered { device, orders } => tracing::info!(device, orders = orders.len(), "orders given"),
        Note::Refused { device, status } => tracing::warn!(device, status, "request refused"),
        Note::Closed { device, closed } => tracing::info!(device, "session closed: {:?}", closed.reason),
        Note::Failed { device, error } => tracing::error!(device, "{error}"),
    }
}

/// What came of an order, and of those in it.
fn done(device: &str, task: &Task, result: &dm1::TaskResult) {
    let fate = match result.fate {
        Fate::Answered(status) => status.to_string(),
        Fate::Unknown => "unanswered".into(),
        Fate::NotSent(why) => format!("not sent ({why:?})"),
        _ => "unknown".into(),
    };
    let original = result.original_error.as_deref().map(crate::output::style::safe);
    tracing::info!(device, results = result.leaves.len(), original, "{fate}  {}", task_text(task));
    for (task, result) in task.children().iter().zip(&result.children) {
        done(device, task, result);
    }
}
