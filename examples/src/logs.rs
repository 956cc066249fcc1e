//! Logs on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Starts logging: `verbose` raises the level of `dm` itself from `usual`, RUST_LOG (`debug`,
/// `dm=trace,hyper=debug`) takes its place.
pub(crate) fn start(usual: LevelFilter, verbose: u8) {
    let own = match verbose {
        0 => usual,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let others = if verbose > 1 { LevelFilter::DEBUG } else { LevelFilter::WARN };
    let given = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = given.unwrap_or_else(|| Targets::new().with_default(others).with_target("dm", own));
    let colours = !matches!(anstream::AutoStream::choice(&std::io::stderr()), anstream::ColorChoice::Never);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
