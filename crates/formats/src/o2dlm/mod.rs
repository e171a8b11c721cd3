//! O2CB's DLM and its network: what `fs/ocfs2/dlm/dlmdebug.c` and `fs/ocfs2/cluster/netdebug.c` print.

pub mod dlm_state;
pub mod lock;
pub mod locking_state;
pub mod mle_state;
pub mod net_stats;
pub mod node_list;
pub mod print;
pub mod purge_list;
pub mod reader;
pub mod resource_state;
pub mod send_tracking;

#[cfg(test)]
mod dlm_state_tests;
#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod send_tracking_tests;

pub use dlm_state::DlmState;
pub use lock::{Lock, Queue};
pub use locking_state::{Reader, Resource};
pub use mle_state::{Mle, MleKind, MleState};
pub use net_stats::NetStats;
pub use purge_list::PurgeList;
pub use resource_state::ResourceState;
pub use send_tracking::Sending;

/// The node number that means "none": `O2NM_MAX_NODES`, `DLM_LOCK_RES_OWNER_UNKNOWN`. Nodes are 0 to 254.
pub const NO_NODE: u32 = 255;

/// A node number as a field of its own, with 255 as none. `None` also for what is no number.
fn node(number: Option<u64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok()).filter(|&number| number != NO_NODE)
}

/// A decimal number of at most 32 bits.
fn number32(text: &[u8]) -> Option<u32> {
    crate::scan::decimal(text).and_then(|value| u32::try_from(value).ok())
}
