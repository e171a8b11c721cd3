//! What is remembered of a slot while its region is watched.

use super::block::Block;
use std::collections::VecDeque;
use std::time::Duration;

/// Earlier generations that are remembered: two writers take turns.
const GENERATIONS: usize = 8;

/// A slot of a region over time. Times are of one steady clock, from any origin.
#[derive(Clone, Debug, Default)]
pub struct SlotHistory {
    pub(super) latest: Option<Block>,
    /// When it was read first.
    pub(super) first_read: Duration,
    /// When it was read last.
    pub(super) last_read: Duration,
    /// When it was first seen to differ from the reading before.
    pub(super) changed: Option<Duration>,
    pub(super) readings: u32,
    /// Whether a reading had a wrong checksum.
    pub(super) corrupt_seen: bool,
    /// The generation changed from one that is not 0 to another one.
    pub(super) generation_changed: bool,
    /// A generation that had been replaced came back: no node does that.
    pub(super) generation_returned: bool,
    generations: VecDeque<u64>,
}

impl SlotHistory {
    /// Nothing was read yet.
    pub fn new() -> SlotHistory {
        SlotHistory::default()
    }

    /// The last reading.
    pub fn latest(&self) -> Option<&Block> {
        self.latest.as_ref()
    }

    /// Whether the slot was seen to change, ever since it is watched.
    pub fn seen_to_change(&self) -> bool {
        self.changed.is_some()
    }

    /// Takes a reading, not earlier than the one before.
    pub fn observe(&mut self, at: Duration, block: Block) {
        match self.latest {
            None => self.first_read = at,
            // Only what a good block says counts as a beat (`o2hb_check_slot`).
            Some(before) if block.intact() && before.intact() => {
                if (before.seq, before.generation, before.node) != (block.seq, block.generation, block.node) {
                    self.changed = Some(at);
                }
            }
            // A good block after a damaged one was written meanwhile.
            Some(_) if block.intact() => self.changed = Some(at),
            Some(_) => {}
        }
        if block.intact() {
            self.remember_generation(block.generation);
        } else {
            self.corrupt_seen = true;
        }
        self.latest = Some(block);
        self.last_read = at;
        self.readings = self.readings.saturating_add(1);
    }

    fn remember_generation(&mut self, generation: u64) {
        if generation == 0 || self.generations.back() == Some(&generation) {
            return;
        }
        self.generation_returned |= self.generations.contains(&generation);
        self.generation_changed |= !self.generations.is_empty();
        self.generations.push_back(generation);
        if self.generations.len() > GENERATIONS {
            self.generations.pop_front();
        }
    }
}
