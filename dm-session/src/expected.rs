//! Sessions that notifications asked for and that have not come yet.

use alloc::vec::Vec;

use crate::Random;

/// How many are remembered; the oldest is forgotten.
const MAX: usize = 8;

/// The ids of notifications that were sent and not answered, the newest last.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub(crate) struct Expected(Vec<u16>);

impl Expected {
    /// An id that none of them has, and not below `least`.
    pub(crate) fn draw(&self, random: &Random, least: u16) -> u16 {
        let [high, low, ..] = *random.bytes();
        let mut id = u16::from_be_bytes([high, low]).max(least);
        while self.0.contains(&id) {
            id = id.wrapping_add(1).max(least);
        }
        id
    }

    pub(crate) fn add(&mut self, id: u16) {
        if self.0.len() >= MAX {
            self.0.remove(0);
        }
        self.0.push(id);
    }

    /// Whether one of them has come, which is expected no more.
    pub(crate) fn take(&mut self, is: impl Fn(u16) -> bool) -> bool {
        let found = self.0.iter().position(|id| is(*id));
        if let Some(at) = found {
            self.0.remove(at);
        }
        found.is_some()
    }

    pub(crate) fn last(&self) -> Option<u16> {
        self.0.last().copied()
    }

    /// Whether a restored list can have come about.
    pub(crate) fn is_consistent(&self, least: u16) -> bool {
        self.0.len() <= MAX && self.0.iter().all(|id| *id >= least)
    }
}
