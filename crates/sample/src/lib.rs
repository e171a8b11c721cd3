//! What a collector says of one interval on one node.
//!
//! Records of a dump go into a [`LockTable`], which keeps each lock's cumulative counters and forms deltas since the lock
//! was last *seen*; a [`Sample`] leaves it. [`wire`] carries samples between processes. No I/O and no clock: both are
//! handed in.

pub mod delta;
pub mod fault;
pub mod gfs2;
pub mod link;
pub mod lock_sample;
pub mod lockspace;
pub mod message;
pub mod o2cb;
pub mod table;
pub mod task;
pub mod wait;
pub mod wire;

pub use fault::{Fault, FaultKind};
pub use gfs2::{Gfs2Sample, GlockSample};
pub use link::{Link, Way};
pub use lock_sample::{LevelDelta, Life, LockSample};
pub use lockspace::LockspaceSample;
pub use message::{DumpReport, FileSystem, FromNode, NodeClock, Omitted, Pace, Problems, Sample, StatsKept, ToNode, WatchedLock};
pub use o2cb::O2cbSample;
pub use table::LockTable;
pub use task::TasksSample;
pub use wait::Wait;
