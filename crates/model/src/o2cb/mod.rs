//! O2CB's stack over all nodes: who beats in which region, how far each is from fencing itself and from being declared dead, who is
//! connected to whom, the domains and their recovery.
//!
//! [`Memory`] takes what nodes tell and, at each tick, makes an [`O2cbView`]: one unchanging picture for every face, which serialises to
//! the JSON that both programs print. [`news`] tells what has changed from one picture to the next. [`page`] is the picture as lines.

mod cells;
mod domains;
mod links;
mod memory;
pub mod news;
pub mod page;
pub mod quorum;
mod regions;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod troubles;
mod view;
mod words;

pub use memory::Memory;
pub use view::{
    CellState, CellView, ClusterView, DomainOnNode, DomainView, LinkView, MemberView, NodeSeen, O2cbView, RecoveryView, RegionOnNode,
    RegionView, SlotRemark, Trouble,
};

/// What counts as trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct O2cbRules {
    /// A beat, or a connection, that is older than this share of the time after which it counts as lost is a warning, in percent.
    pub warn_percent: u8,
    /// A node's word that is older does not count, µs; of a node that speaks more seldom, two and a half of its own intervals.
    pub late_after_us: u64,
}

impl Default for O2cbRules {
    fn default() -> Self {
        O2cbRules { warn_percent: 50, late_after_us: 6_000_000 }
    }
}

/// The share of its time at which trouble is critical, in percent.
const CRITICAL_PERCENT: u64 = 75;
