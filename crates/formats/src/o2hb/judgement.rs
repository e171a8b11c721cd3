//! What can be said of a slot from its readings.

use super::WATCH_MS;
use super::block::Block;
use super::history::SlotHistory;
use std::time::Duration;

/// How a slot's node stands in this region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not read.
    Unread,
    /// Nobody ever wrote it.
    Unused,
    /// Its node left cleanly.
    Left,
    /// Its node beats.
    Beating {
        /// Time since a reading first had the last beat; its beat may be older by up to the time between two readings.
        age: Duration,
    },
    /// It was written once, and watched for less than two beats since: it cannot be told.
    Unsettled,
    /// Nothing was written while it was watched.
    Silent {
        /// For at least so long.
        at_least: Duration,
        /// Other nodes declare it dead after at most so long, 0: they have by now; `None` if nobody says after how long they do.
        dead_within: Option<Duration>,
    },
    /// Its checksum is wrong: to the other nodes a missed beat.
    Corrupt,
}

/// What is odd about a slot, beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Another node wrote it than whose slot it is.
    Misplaced {
        /// The node that wrote it.
        written_by: u8,
    },
    /// It thinks a node dead after another time than is expected.
    ThresholdMismatch {
        /// What it says, in milliseconds.
        found: u32,
        /// What is expected, in milliseconds.
        expected: u32,
    },
    /// It beats and the cluster's configuration has no such node.
    UnknownNode,
    /// Two machines write it: a generation that had been replaced came back.
    TwoWriters,
    /// Its heartbeat was started anew while it was watched, or a second machine began to write it.
    NewGeneration,
    /// A reading had a wrong checksum.
    CorruptSeen,
}

/// What a slot is compared with. Nothing is compared with `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// Milliseconds of silence after which a node is dead.
    pub dead_ms: Option<u32>,
    /// Numbers of the cluster's nodes.
    pub nodes: Option<&'a [u8]>,
}

/// What is said of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How its node stands.
    pub state: State,
    /// What is odd.
    pub remarks: Vec<Remark>,
}

impl SlotHistory {
    /// What is known at `now`, on the clock of the readings, of the slot with number `slot`.
    pub fn judge(&self, slot: u8, now: Duration, expected: Expected<'_>) -> Judgement {
        let Some(block) = &self.latest else { return Judgement { state: State::Unread, remarks: Vec::new() } };
        let state = self.state(block, now, expected);
        let mut remarks = Vec::new();
        if self.generation_returned {
            remarks.push(Remark::TwoWriters);
        } else if self.generation_changed {
            remarks.push(Remark::NewGeneration);
        }
        if self.corrupt_seen && state != State::Corrupt {
            remarks.push(Remark::CorruptSeen);
        }
        // What a damaged or an empty block says means nothing.
        if block.intact() && block.seq != 0 {
            if block.node != slot {
                remarks.push(Remark::Misplaced { written_by: block.node });
            }
            // Only nodes that are there matter to the others.
            if matches!(state, State::Beating { .. } | State::Silent { .. } | State::Unsettled)
                && let Some(expected) = expected.dead_ms.filter(|&expected| block.dead_ms != 0 && block.dead_ms != expected)
            {
                remarks.push(Remark::ThresholdMismatch { found: block.dead_ms, expected });
            }
            if matches!(state, State::Beating { .. }) && expected.nodes.is_some_and(|nodes| !nodes.contains(&slot)) {
                remarks.push(Remark::UnknownNode);
            }
        }
        Judgement { state, remarks }
    }

    fn state(&self, block: &Block, now: Duration, expected: Expected<'_>) -> State {
        if !block.intact() {
            return State::Corrupt;
        }
        if block.seq == 0 {
            return State::Unused;
        }
        if block.generation == 0 {
            return State::Left;
        }
        let watch = Duration::from_millis(u64::from(WATCH_MS));
        // Silence counts up to the last reading: nobody looked since.
        let unchanged = self.last_read.saturating_sub(self.changed.unwrap_or(self.first_read));
        match self.changed {
            Some(changed) if unchanged < watch => State::Beating { age: now.saturating_sub(changed) },
            None if unchanged < watch => State::Unsettled,
            _ => {
                let dead_ms = expected.dead_ms.or(Some(block.dead_ms).filter(|&ms| ms != 0));
                let dead_within = dead_ms.map(|ms| Duration::from_millis(u64::from(ms)).saturating_sub(unchanged));
                State::Silent { at_least: unchanged, dead_within }
            }
        }
    }
}

/// The dead time (ms) that most of the nodes that beat agree on, the lower one of two that as many have: what a slot is compared with
/// where no configuration is known. `None` if no block names one.
pub fn common_dead_ms<'a>(slots: impl IntoIterator<Item = &'a SlotHistory>) -> Option<u32> {
    let mut times: Vec<u32> = slots
        .into_iter()
        .filter(|slot| slot.seen_to_change())
        .filter_map(SlotHistory::latest)
        .filter(|block| block.intact() && block.generation != 0 && block.dead_ms != 0)
        .map(|block| block.dead_ms)
        .collect();
    times.sort_unstable();
    let mut best = None;
    for run in times.chunk_by(|a, b| a == b) {
        if let (Some(&ms), true) = (run.first(), best.is_none_or(|(length, _)| run.len() > length)) {
            best = Some((run.len(), ms));
        }
    }
    best.map(|(_, ms)| ms)
}
