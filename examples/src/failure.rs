//! How `dm` ends when it does not end well.

use std::process::ExitCode;

use crate::output::style;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input was refused, or something was not as expected: exit status 1.
    Refused(String),
    /// The command cannot be carried out as it was given: exit status 2.
    Usage(anyhow::Error),
    /// Something else went wrong: exit status 1.
    Error(anyhow::Error),
}

impl Failure {
    /// Tells standard error in one line.
    pub(crate) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Refused(text) => (text, 1),
            Self::Usage(error) => (format!("{error:#}"), 2),
            // Whoever reads our output has enough of it.
            Self::Error(error) if is_broken_pipe(&error) => return ExitCode::SUCCESS,
            Self::Error(error) => (format!("{error:#}"), 1),
        };
        anstream::eprintln!("{}dm:{:#} {text}", style::BAD, style::BAD);
        ExitCode::from(code)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
