//! One moment of the cluster, as every face draws it. It does not change any more.

use crate::episode::Episode;
use crate::finding::Finding;
use crate::node::NodeView;
use crate::row::LockRow;
use crate::time::ViewTime;
use crate::totals::Totals;

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: ViewTime,
    /// Time since the snapshot before, µs; `None` in the first.
    pub interval_us: Option<u64>,
    /// Names of all nodes, by number.
    pub nodes: Vec<String>,
    /// The file systems, by UUID.
    pub file_systems: Vec<FileSystemView>,
    /// Nodes that belong to no file system yet: being connected, or failed.
    pub elsewhere: Vec<NodeView>,
    /// Verdicts, worst first.
    pub findings: Vec<Finding>,
    /// Stuck waits under way.
    pub stuck: Vec<Episode>,
    /// Stuck waits that ended with this snapshot.
    pub ended: Vec<Episode>,
    /// All that ended so far and are still known, oldest first, without those of `ended`.
    pub ended_before: Vec<Episode>,
}

/// One file system over all nodes.
#[derive(Clone, Debug, Default)]
pub struct FileSystemView {
    /// 32 hex digits.
    pub uuid: String,
    /// Volume label.
    pub label: Option<String>,
    /// Mount points on the nodes, each once.
    pub mount_points: Vec<String>,
    /// Nodes that have it, or should.
    pub nodes: Vec<NodeView>,
    /// Locks with activity, waits or changes, and those asked for; in no order.
    pub rows: Vec<LockRow>,
    /// Sums over all active locks on nodes that answer.
    pub totals: Totals,
    /// The figures are since each lock was made: no node has given a second sample yet.
    pub lifetime: bool,
}

impl FileSystemView {
    /// Its name for people: a mount point, else the label, else the UUID.
    pub fn title(&self) -> &str {
        self.mount_points.first().map(String::as_str).or(self.label.as_deref()).unwrap_or(&self.uuid)
    }
}

impl Snapshot {
    /// A node's name.
    pub fn node_name(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("?", String::as_str)
    }

    /// The file system of this UUID.
    pub fn file_system(&self, uuid: &str) -> Option<&FileSystemView> {
        self.file_systems.iter().find(|view| view.uuid == uuid)
    }
}
