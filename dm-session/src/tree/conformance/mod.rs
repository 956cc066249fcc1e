//! The contract of [`dm1::Store`] as rows of checks that a host runs against its own store.
//!
//! Each [`Row`] is one row of the tree's table of test cases, by its id. It starts from a store that holds what a
//! [`Setup`] describes, gives commands and compares what comes back. Besides what a row asks for itself, each one
//! checks that a command that was refused, and each Get, Exec and roll back, leaves the tree as it was: values,
//! properties and the order of children. For that it reads the whole tree as the device itself
//! ([`Principal::Local`](super::dm1::Principal::Local)), which ACLs and access types do not hold.
//!
//! ```
//! use dm_session::tree::conformance::{self, Setup, Subject};
//!
//! // A store of the host's own would be built from the setup here, or `None` returned for one that it cannot hold.
//! let mut factory = |setup: &Setup| Some(Box::new(setup.build_tree().ok()?) as Box<dyn Subject>);
//! let report = conformance::run_all(&mut factory);
//! assert!(report.failures.is_empty() && report.skipped.is_empty(), "{report}");
//! ```

mod fixture;
mod rows_acl;
mod rows_add;
mod rows_addressing;
mod rows_atomic;
mod rows_delete;
mod rows_get;
mod rows_lists;
mod rows_objects;
mod rows_property;
mod rows_replace;
mod rows_tnds;
mod rows_wrong;
mod run;
mod seen;

pub use fixture::{F0_CLOCK, MAIL, Setup, SetupNode};

pub(crate) use run::{On, Run};
pub(crate) use seen::{Got, Snapshot, Step, Stop, is_at_or_below, text_of};

use super::MoTree;
use super::dm1::{self, Content, ResultItem};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A store that the rows are run against.
pub trait Subject: dm1::Store {
    /// The [`MoTree`] behind it, for the rows about what that one offers besides [`dm1::Store`]: its view for DM 2.0,
    /// accounts, objects. They are skipped for a store that is none.
    fn mo_tree(&mut self) -> Option<&mut MoTree> {
        None
    }
}

impl Subject for MoTree {
    fn mo_tree(&mut self) -> Option<&mut MoTree> {
        Some(self)
    }
}

/// Makes the stores that the rows are run against: a function from `&Setup` to `Option<Box<dyn Subject>>` is one.
pub trait Factory {
    /// A new store that holds what the setup says; `None` if there can be none such, which skips the row.
    fn store(&mut self, setup: &Setup) -> Option<Box<dyn Subject>>;
}

impl<F: FnMut(&Setup) -> Option<Box<dyn Subject>>> Factory for F {
    fn store(&mut self, setup: &Setup) -> Option<Box<dyn Subject>> {
        self(setup)
    }
}

/// One row of the contract.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Row {
    /// Its id, such as `A3`.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    run: fn(&mut Run<'_>) -> Step,
}

impl Row {
    pub(crate) const fn new(id: &'static str, title: &'static str, run: fn(&mut Run<'_>) -> Step) -> Self {
        Self { id, title, run }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.title)
    }
}

const GROUPS: [&[Row]; 12] = [
    rows_addressing::ROWS,
    rows_get::ROWS,
    rows_property::ROWS,
    rows_add::ROWS,
    rows_replace::ROWS,
    rows_delete::ROWS,
    rows_acl::ROWS,
    rows_lists::ROWS,
    rows_tnds::ROWS,
    rows_atomic::ROWS,
    rows_objects::ROWS,
    rows_wrong::ROWS,
];

/// All rows, in the order of the table.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.into_iter().flatten()
}

/// Runs one row.
pub fn run(row: &Row, factory: &mut dyn Factory) -> Verdict {
    match (row.run)(&mut Run::new(factory)) {
        Ok(()) => Verdict::Passed,
        Err(Stop::Skipped) => Verdict::Skipped,
        Err(Stop::Failed(failure)) => Verdict::Failed(Failure { row: row.id, ..*failure }),
    }
}

/// Runs all rows.
pub fn run_all(factory: &mut dyn Factory) -> Report {
    let mut report = Report::default();
    for row in rows() {
        match run(row, factory) {
            Verdict::Passed => report.passed = report.passed.saturating_add(1),
            Verdict::Skipped => report.skipped.push(row.id),
            Verdict::Failed(failure) => report.failures.push(failure),
        }
    }
    report
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The store did all that the row asks for.
    Passed,
    /// The factory had no store for it.
    Skipped,
    /// The store did something else.
    Failed(Failure),
}

/// Where a store did something else than the contract says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The id of the row.
    pub row: &'static str,
    /// The command, such as `S1 Get ./Vendor/Mail`.
    pub step: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: expected {}, got {}", self.row, self.step, self.expected, self.got)
    }
}

/// What became of all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many passed.
    pub passed: usize,
    /// The ids of those that the factory had no store for.
    pub skipped: Vec<&'static str>,
    /// Those that failed.
    pub failures: Vec<Failure>,
}

impl Report {
    /// How many rows there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.passed.saturating_add(self.skipped.len()).saturating_add(self.failures.len())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} passed, {} skipped, {} failed", self.passed, self.skipped.len(), self.failures.len())?;
        if !self.skipped.is_empty() {
            writeln!(f, "skipped: {}", self.skipped.join(" "))?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "{failure}"))
    }
}
