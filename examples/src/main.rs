//! The binary `dm`: OMA DM sessions over real HTTP, and an inspector for every DM blob.
//!
//! `device` holds the loop that carries a client machine, `serve` the one that carries server
//! machines; both are written to be read by whoever embeds `dm-session`.

mod cli;
mod defaults;
mod failure;
mod input;
mod inspect;
mod logs;
mod notify;
mod output;
mod random;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli.color.apply();
    logs::start(cli.verbose);
    let outcome = match cli.command.unwrap_or_default() {
        cli::Command::Notify(arguments) => notify::run(&arguments),
        cli::Command::Inspect(arguments) => inspect::run(&arguments),
        _ => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
