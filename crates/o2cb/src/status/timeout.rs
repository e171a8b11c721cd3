//! What a write that times out in one heartbeat region means for this node.

use super::Status;
use crate::found::{FoundRegion, Seen};
use formats::cluster_conf::HeartbeatMode;

/// What comes of a timeout in one region (`o2hb_write_timeout`, `fs/ocfs2/cluster/heartbeat.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// This node fences itself.
    Fences,
    /// The region counts as failed, and that is less than half of those that count for the quorum.
    Survived {
        /// Failed regions, with this one.
        failed: usize,
        /// Regions that count.
        quorum: usize,
    },
    /// Which regions count or have failed is not known.
    Unknown,
}

impl Timeout {
    /// What happens `seconds` after the last good write.
    pub fn words(self, seconds: u64) -> String {
        match self {
            Timeout::Fences => format!("after {seconds} s this node fences itself"),
            Timeout::Survived { failed, quorum } => {
                format!("after {seconds} s {failed} of {quorum} quorum regions count as failed; at half of them this node fences itself")
            }
            Timeout::Unknown => {
                format!("after {seconds} s the region counts as failed; once half of the quorum regions have, this node fences itself")
            }
        }
    }
}

impl Status {
    /// What a timeout in this region, `None`: one that is not known, comes to as things stand.
    pub fn timeout_in(&self, region: Option<&FoundRegion>) -> Timeout {
        match self.cluster().map(|cluster| &cluster.mode) {
            Some(Seen::Is(HeartbeatMode::Local)) => return Timeout::Fences,
            Some(Seen::Is(HeartbeatMode::Global)) => {}
            _ => return Timeout::Unknown,
        }
        let beats = &self.found.beats;
        let (Some(quorum), Some(failed), Some(number)) =
            (beats.quorum_regions.is(), beats.failed_regions.is(), region.and_then(|region| region.number.is()))
        else {
            return Timeout::Unknown;
        };
        let more = quorum.contains(number) && !failed.contains(number);
        let failed = failed.len() + usize::from(more);
        if 2 * failed >= quorum.len() { Timeout::Fences } else { Timeout::Survived { failed, quorum: quorum.len() } }
    }
}
