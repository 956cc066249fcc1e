//! The binary `dm`: OMA DM sessions over real HTTP, and an inspector for every DM blob.
//!
//! `device` and `dm1::device` hold the loops that carry client machines, `server` and `dm1::server` those that carry
//! server machines; they are written to be read by whoever embeds `dm-session`.

mod cli;
mod clock;
mod commands;
mod connect;
mod defaults;
mod device;
mod dm1;
mod failure;
mod http_client;
mod input;
mod inspect;
mod interrupt;
mod lamp;
mod logs;
mod notify;
mod output;
mod random;
mod repository;
mod serve;
mod server;
mod session;
mod story;
mod tree;
mod tree_view;
mod web;

use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let (cli, objection) = cli::Cli::read();
    cli.color.apply();
    if let Some(objection) = objection {
        return failure::Failure::Usage(anyhow::Error::msg(objection)).report();
    }
    let command = cli.command.unwrap_or_default();
    let usual = match command {
        // A server has nothing to show but its log.
        cli::Command::Serve(_) => LevelFilter::INFO,
        _ => LevelFilter::WARN,
    };
    logs::start(usual, cli.verbose);
    let outcome = match command {
        cli::Command::Serve(arguments) => serve::run(&arguments),
        cli::Command::Notify(arguments) => notify::run(&arguments),
        cli::Command::Inspect(arguments) => inspect::run(&arguments),
        cli::Command::Tree(arguments) => tree::run(&arguments),
        cli::Command::Session(arguments) => session::run(&arguments),
        cli::Command::Connect(arguments) => connect::run(&arguments),
        cli::Command::Replay(arguments) => dm1::replay::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
