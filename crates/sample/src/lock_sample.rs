//! What a sample says of one lock on one node.

use crate::Wait;
use formats::ocfs2::{LockName, LockState};
use serde::{Deserialize, Serialize};

/// One lock in one sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockSample {
    /// Name.
    pub name: LockName,
    /// About a system file of the volume; the root directory is not one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub system: bool,
    /// State at the last sighting. Where records share the name (flock): of the one that waits longest, else that holds most.
    pub state: LockState,
    /// Records that share this name; more than 1 only for flock locks, one per open file handle.
    pub handles: u32,
    /// How many of them wait.
    pub waiting_handles: u32,
    /// Protected read, over `over_ns`.
    pub pr: LevelDelta,
    /// Exclusive, over `over_ns`.
    pub ex: LevelDelta,
    /// Refreshes from disk since the lock was made, modulo 2³².
    pub refresh: u32,
    /// The time that the deltas cover, ns: since the lock was last seen. `None`: since the lock was made (first look).
    pub over_ns: Option<u64>,
    /// The kernel keeps no statistics for it (flock, or a kernel without `OCFS2_FS_STATS`): the deltas are unknown, not 0.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stats_unknown: bool,
    /// A wait under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// 0: seen in this sample. Else the dump lacked it, and `state` and `wait` are from this long ago, ns.
    pub seen_ago_ns: u64,
    /// How it came about.
    pub life: Life,
    /// The LVB as 128 hex digits; only for watched locks that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lvb: Option<String>,
    /// Fields of a later kernel's format, as printed; only for watched locks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<String>,
}

/// Whether a lock went on since it was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// Known, or first seen but older than the previous dump (its counters are no news).
    #[default]
    Ongoing,
    /// Made since the previous dump: all that its counters hold is of this interval.
    Made,
    /// Freed and made again since it was last seen: likewise.
    MadeAgain,
}

/// What happened at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelDelta {
    /// Acquisitions, cached and failed ones included.
    pub gets: u64,
    /// Failed acquisitions (EAGAIN of a trylock too).
    pub fails: u64,
    /// Time spent acquiring, ns, in total.
    pub total_ns: u64,
    /// Longest single acquisition since the lock was made, ns; never reset by the kernel.
    pub max_ns: u64,
    /// Completion of the last acquisition, µs since the epoch by the node's clock; `Some(0)` never, `None` not told (before v4).
    pub last_us: Option<u64>,
}

impl LevelDelta {
    /// Whether nothing happened.
    pub fn is_zero(&self) -> bool {
        self.gets == 0 && self.fails == 0 && self.total_ns == 0
    }

    /// Average acquisition, ns; `None` without any.
    pub fn average_ns(&self) -> Option<u64> {
        self.total_ns.checked_div(self.gets)
    }

    /// Adds a later delta of the same lock and level.
    pub fn add(&mut self, later: &LevelDelta) {
        self.gets = self.gets.saturating_add(later.gets);
        self.fails = self.fails.saturating_add(later.fails);
        self.total_ns = self.total_ns.saturating_add(later.total_ns);
        self.max_ns = self.max_ns.max(later.max_ns);
        self.last_us = self.last_us.max(later.last_us);
    }
}

impl LockSample {
    /// Whether it was acquired, or tried, in this interval.
    pub fn is_active(&self) -> bool {
        !self.pr.is_zero() || !self.ex.is_zero()
    }

    /// Total time spent acquiring, ns.
    pub fn total_ns(&self) -> u64 {
        self.pr.total_ns.saturating_add(self.ex.total_ns)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}
