//! O2CB's disk heartbeat (`fs/ocfs2/cluster/heartbeat.c`): each node writes a block of its own every two seconds, and reads those of
//! the others.
//!
//! Two readings that are at least 4 s apart tell who beats; the longer a region is watched, the more is proved ([`SlotHistory`]).

mod block;
mod history;
mod judgement;
#[cfg(test)]
mod tests;

pub use block::Block;
pub use history::SlotHistory;
pub use judgement::{Expected, Judgement, Remark, State, common_dead_ms};

/// How often a node writes (`O2HB_REGION_TIMEOUT_MS`), in milliseconds.
pub const BEAT_MS: u32 = 2000;

/// How long a node may not write, in milliseconds, until it fences itself (`O2HB_MAX_WRITE_TIMEOUT_MS`).
pub fn fence_ms(threshold: u32) -> u64 {
    u64::from(threshold.saturating_sub(1)) * u64::from(BEAT_MS)
}

/// How long its slot may not change, in milliseconds, until the others count it as dead.
pub fn dead_ms(threshold: u32) -> u64 {
    u64::from(threshold) * u64::from(BEAT_MS)
}

/// From a lost connection to the decision of the quorum, in milliseconds (`O2NET_QUORUM_DELAY_MS`).
pub fn quorum_ms(threshold: u32) -> u64 {
    (u64::from(threshold) + 2) * u64::from(BEAT_MS)
}

/// How long a region must be watched before a node that wrote nothing is silent: two beats, in milliseconds.
pub const WATCH_MS: u32 = 2 * BEAT_MS;
