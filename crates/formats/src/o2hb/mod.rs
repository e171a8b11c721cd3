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

/// How long a region must be watched before a node that wrote nothing is silent: two beats, in milliseconds.
pub const WATCH_MS: u32 = 2 * BEAT_MS;
