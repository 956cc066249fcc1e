//! `dm tree`: what is in this tree file, and what would the device answer?

mod command;
mod file;
mod show;
mod tnds;

pub(crate) use file::{load_by_path, save};

use crate::cli::TreeArgs;
use crate::failure::Failure;
use crate::output::print;

/// What stands for a secret.
const DOTS: &str = "••••••";

/// Runs `dm tree`.
pub(crate) fn run(arguments: &TreeArgs) -> Result<(), Failure> {
    let misplaced = if arguments.command.is_some() {
        arguments.tnds.as_ref().map(|_| "--tnds shows the tree; with a command, get URI?list=TNDS does it")
    } else if arguments.write || arguments.to.is_some() {
        Some("--write and --to save what a command has changed, and there is none")
    } else if arguments.server.is_some() && arguments.tnds.is_none() {
        Some("--server is for commands and --tnds")
    } else if arguments.json && arguments.tnds.is_some() {
        Some("--json and --tnds are two forms; take one")
    } else {
        None
    };
    if let Some(misplaced) = misplaced {
        return Err(Failure::Usage(anyhow::anyhow!(misplaced)));
    }
    let mut tree = file::load(arguments).map_err(Failure::Usage)?;
    if let Some(command) = &arguments.command {
        return command::run(&mut tree, command, arguments);
    }
    if let Some(uri) = &arguments.tnds {
        return tnds::run(&mut tree, uri, arguments);
    }
    let text = if arguments.json {
        show::to_json(&tree, arguments.secrets).to_line() + "\n"
    } else {
        show::to_text(&tree, &arguments.file, arguments.secrets)
    };
    Ok(print(&text)?)
}
