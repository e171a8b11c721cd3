//! One moment of the cluster, as every face draws it. It does not change any more.

use crate::episode::Episode;
use crate::finding::Finding;
use crate::glock_row::GlockRow;
use crate::lockspace::LockspaceView;
use crate::node::NodeView;
use crate::o2cb::O2cbView;
use crate::row::LockRow;
use crate::time::ViewTime;
use crate::totals::Totals;
use crate::verdict::FileSystemVerdict;
use crate::wait_memory::{StuckSince, WaitEpisode};
use crate::waits::Waits;
use sample::TasksSample;
use sample::gfs2::{Gfs2Health, Tracing, TypeFigures};
use sample::message::FileSystemKind;

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
    /// The lockspaces: resources, queues and masters, as far as they are looked at.
    pub lockspaces: Vec<LockspaceView>,
    /// O2CB's stack, where it is looked at.
    pub o2cb: Option<O2cbView>,
    /// Who waits for whom.
    pub waits: Waits,
    /// Which of `waits.chains` are stuck, in their order, and since when.
    pub stuck_chains: Vec<Option<StuckSince>>,
    /// Stuck chains that ended, oldest first.
    pub ended_waits: Vec<WaitEpisode>,
    /// The processes that were looked at, by node.
    pub tasks: Vec<(usize, TasksSample)>,
    /// Nodes whose processes could not be looked at, and why.
    pub unseen_processes: Vec<(usize, String)>,
}

/// One file system over all nodes.
#[derive(Clone, Debug, Default)]
pub struct FileSystemView {
    /// By what it is known: OCFS2's UUID, 32 hex digits; GFS2's lock table, `cluster:name`.
    pub uuid: String,
    /// Which of the two.
    pub kind: FileSystemKind,
    /// Volume label.
    pub label: Option<String>,
    /// Mount points on the nodes, each once.
    pub mount_points: Vec<String>,
    /// Nodes that have it, or should.
    pub nodes: Vec<NodeView>,
    /// Locks with activity, waits or changes, and those asked for; in no order.
    pub rows: Vec<LockRow>,
    /// GFS2: glocks with activity, waiters or demotes, and those asked for; by name.
    pub glocks: Vec<GlockRow>,
    /// GFS2: what each node that answers says of the whole.
    pub gfs2: Vec<Gfs2Node>,
    /// How it is, in one word and sentence; `None` if nothing was read of it.
    pub verdict: Option<FileSystemVerdict>,
    /// Sums over all active locks on nodes that answer.
    pub totals: Totals,
    /// The figures are since each lock was made: no node has given a second sample yet.
    pub lifetime: bool,
}

/// One GFS2 on one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Gfs2Node {
    /// Number of the node.
    pub node: usize,
    /// Figures of each glock type.
    pub types: Vec<TypeFigures>,
    /// State of the mount.
    pub health: Gfs2Health,
    /// Whether DLM waits and remote demotes are measured.
    pub tracing: Tracing,
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
