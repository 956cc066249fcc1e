//! `dm serve`: a DM server until Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use dm_session::dm2::server::Initiator;
use dm_session::dm2::{Server, ServerConfig};
use tokio::net::TcpListener;

use crate::cli::ServeArgs;
use crate::clock::now;
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
    let plan = match &arguments.commands {
        Some(file) => commands::read(file, &endpoint, &repo).map_err(Failure::Usage)?,
        None => commands::default_plan()?,
    };
    let mut config = ServerConfig::new(&arguments.server_id, &endpoint);
    if let Some(login) = &arguments.basic {
        config = config.with_basic(login.0.clone());
    }
    // What is wrong with the configuration shows now, not at the first device.
    Server::start(config.clone(), Vec::new(), now())
        .with_context(|| format!("server {:?} at {endpoint}", arguments.server_id))
        .map_err(Failure::Usage)?;

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
    let site = Site::new(DmServer::new(config, plan, Box::new(|note| log(&note))), repository);
    announce(&endpoint, &repo)?;
    web::serve(listener, tls, site, interrupt::requested()).await?;
    tracing::info!("stopped");
    Ok(())
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
