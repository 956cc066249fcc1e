//! What the drivers of the machines have in common: programs written as bytes, how they are run, and snapshots on their
//! way through text.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::exhaustive_enums,
    reason = "shared by tests and fuzz targets"
)]

use dm_session::Timestamp;

/// Reads a program byte by byte; zeros when it is over.
pub struct Program<'a>(&'a [u8]);

impl<'a> Program<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn next(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.next()) % end
    }
}

/// How a program is run. Each must give the same actions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Plain,
    /// The machine is stored and restored after each call.
    Restored,
    /// Each `Tick` comes twice.
    DoubleTicks,
    /// Where the program's clock falls back, the last time is given instead.
    SteadyClock,
}

/// The clock of a program: it may fall behind for a while.
pub struct Clock {
    steady: bool,
    pub now: u64,
    pub behind: bool,
    /// The latest time that the machine was told.
    told: u64,
}

impl Clock {
    pub fn new(mode: Mode) -> Self {
        Self { steady: mode == Mode::SteadyClock, now: 0, behind: false, told: 0 }
    }

    pub fn read(&self) -> Timestamp {
        Timestamp::from_millis(match (self.behind, self.steady) {
            (false, _) => self.now,
            (true, true) => self.told,
            (true, false) => self.told / 2,
        })
    }

    /// The machine took an event at the time that was read.
    pub fn taken(&mut self) {
        self.told = self.told.max(self.read().as_millis());
    }
}

/// What becomes of one message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Lost,
    /// It arrives, and once more behind the message after it.
    Twice,
}

/// The snapshot as another node would read it.
#[cfg(feature = "serde")]
pub fn stored<S: serde::Serialize + serde::de::DeserializeOwned>(snapshot: S) -> S {
    let text = serde_json::to_string(&snapshot).unwrap();
    let back = serde_json::from_str(&text).unwrap();
    SNAPSHOTS.with_borrow_mut(|kept| {
        if kept.len() < 64 {
            kept.push(text);
        }
    });
    back
}

#[cfg(feature = "serde")]
std::thread_local! {
    /// What was stored of late, for those who want to spoil it.
    pub static SNAPSHOTS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(not(feature = "serde"))]
pub fn stored<S>(snapshot: S) -> S {
    snapshot
}
