//! Package#2, the server's request (§4.2).

use alloc::vec::Vec;

use crate::{Command, decode, encode};

/// Package#2 (`OMA-TS-DM_Protocol-V2_0` §5.2.3): the commands of the server, run in this order.
///
/// ```text
/// { "CMD": [ [ name, parameter… ] … ] }                           all strings; no ids: the place is the identity
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package2<'a> {
    /// The commands; status *i* of the answer belongs to command *i*.
    pub commands: Vec<Command<'a>>,
}

impl<'a> Package2<'a> {
    /// A package with these commands.
    #[must_use]
    pub const fn new(commands: Vec<Command<'a>>) -> Self {
        Self { commands }
    }

    /// Whether the session closes after this package.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.commands.contains(&Command::End)
    }

    decode::entry_points!(Package2, "{\"CMD\":[[\"END\"]]}");
    encode::entry_points!();

    /// The same package, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Package2<'static> {
        Package2 { commands: self.commands.into_iter().map(Command::into_owned).collect() }
    }
}
