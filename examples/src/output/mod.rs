//! What people and machines get to read.

pub(crate) mod json;
pub(crate) mod outline;
pub(crate) mod style;
pub(crate) mod time;

use std::io::Write as _;

/// Writes `text` to standard output; colours go where they are wanted.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
