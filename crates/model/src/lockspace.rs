//! One lockspace over all nodes: its members, and each lock resource with every lock that any node tells of.
//!
//! A master knows all locks of its resources, another node its own only. What two nodes say of one lock is one lock here, and
//! the file system's own view on each node (glock, lockres) stands beside it. See [`merge`].

mod join;
mod merge;
#[cfg(test)]
mod tests;

pub use merge::{FileSystemInput, LockspaceInput, merge};

use crate::row::NodeFigures;
use formats::Mode;
use formats::dlm::ResourceName;
use formats::gfs2::{GlockName, GlockType};
use sample::gfs2::Growth;
use sample::lockspace::{Dlm, MasterCensus, Queue, Reading, Recovery, Unanswered};
use sample::{Gfs2Sample, GlockSample};

/// One lockspace (o2dlm: domain) over all nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct LockspaceView {
    /// Its name.
    pub name: String,
    /// Which DLM.
    pub dlm: Dlm,
    /// The file system whose locks these are, as in [`sample::FileSystem::uuid`]; `None` for other programs' lockspaces.
    pub file_system: Option<String>,
    /// Its nodes by number.
    pub members: Vec<MemberView>,
    /// What each watched node said of itself, by node.
    pub nodes: Vec<LockspaceNode>,
    /// Resources by name.
    pub resources: Vec<ResourceView>,
    /// Messages that wait for their reply, with the watched node that waits.
    pub unanswered: Vec<(usize, Unanswered)>,
    /// Device numbers of the file system, with the watched node whose they are.
    pub devices: Vec<(usize, (u32, u32))>,
}

/// A node of a lockspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Its number in the DLM.
    pub number: u32,
    /// Its configured name, else that of the watched node of this number, else `node N`.
    pub name: String,
    /// Its address, if a configuration tells it.
    pub address: Option<String>,
    /// Whether it is a member now; `None`: not told.
    pub member: Option<bool>,
    /// The watched node that it is.
    pub node: Option<usize>,
}

/// What a watched node said of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct LockspaceNode {
    /// The watched node.
    pub node: usize,
    /// Its number in the lockspace, if it tells it.
    pub own_number: Option<u32>,
    /// Recovery as this node sees it.
    pub recovery: Option<Recovery>,
    /// How its resources were read.
    pub reading: Reading,
    /// Its counts over all resources; `None` if not all were read.
    pub census: Option<MasterCensus>,
    /// Age of what it said, µs.
    pub age_us: u64,
    /// Resources without locks that it still keeps, of those told.
    pub inactive: u64,
    /// Glocks by type; `None`: not told (no GFS2, or no sample of it).
    pub glocks: Option<Vec<(GlockType, u64)>>,
    /// How its inodes in memory grew; `None`: not told.
    pub growth: Option<Growth>,
}

/// One lock resource over all nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceView {
    /// Name; OCFS2's in the printed form.
    pub name: ResourceName,
    /// Who masters it.
    pub master: MasterView,
    /// Its locks, by the number of the node whose they are.
    pub locks: Vec<LockView>,
    /// The file system's own view, by watched node.
    pub locals: Vec<(usize, Local)>,
    /// It is being recovered or migrated, in the kernel's words.
    pub state: Option<String>,
    /// Value block as hex digits; the master's if it tells one.
    pub lvb: Option<String>,
    /// Watched nodes that keep it without a lock for a while.
    pub inactive_on: Vec<usize>,
    /// Numbers of the nodes that refer to it (o2dlm).
    pub referenced_by: Vec<u32>,
}

/// Who masters a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterView {
    /// Number of the master; `None`: nobody tells it.
    pub number: Option<u32>,
    /// Watched nodes that say so.
    pub told_by: Vec<usize>,
    /// Watched nodes that say otherwise, and the number they say. Two moments of a change look so, too.
    pub contradictions: Vec<(usize, u32)>,
    /// Watched nodes that are looking the master up.
    pub looked_up_by: Vec<usize>,
}

/// One lock: a node's entry on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockView {
    /// Number of the node whose lock it is; `None`: it does not tell its number.
    pub number: Option<u32>,
    /// The watched node whose lock it is.
    pub node: Option<usize>,
    /// Queue.
    pub queue: Queue,
    /// Mode granted; [`Mode::IV`] while it waits for its first grant.
    pub granted: Mode,
    /// Mode asked for, while it converts or waits.
    pub requested: Option<Mode>,
    /// The process that made it, by its pid on the lock's own node.
    pub pid: Option<u32>,
    /// How long it has been on its queue, ns: the longest that is told.
    pub age_ns: Option<u64>,
    /// The watched node that tells that age.
    pub age_told_by: Option<usize>,
    /// How long ago its node was last asked to give way, ns.
    pub asked_ago_ns: Option<u64>,
    /// Its id on the node that says so.
    pub id: Option<u64>,
    /// The master told of it.
    pub told_by_master: bool,
    /// The node whose lock it is told of it.
    pub told_by_owner: bool,
    /// Master and owner differ: they were read at different moments, and the newer one is shown.
    pub disagree: bool,
}

/// The file system's own view of a lock on one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Local {
    /// GFS2.
    Glock(Box<GlockSample>),
    /// OCFS2.
    Lockres(Box<NodeFigures>),
}

impl LockspaceView {
    /// The name of a node for people: of the watched node if `names` has it, as everywhere else; else of the member.
    pub fn node_word(&self, number: Option<u32>, node: Option<usize>, names: &[String]) -> String {
        let watched = node.and_then(|node| names.get(node)).cloned();
        let member = || self.members.iter().find(|member| Some(member.number) == number).map(|member| member.name.clone());
        let number = || number.map(|number| format!("node {number}"));
        watched.or_else(member).or_else(number).unwrap_or_else(|| "a node that is not told".to_owned())
    }

    /// The watched node of this number.
    pub fn node_of(&self, number: u32) -> Option<usize> {
        let own = self.nodes.iter().find(|node| node.own_number == Some(number)).map(|node| node.node);
        own.or_else(|| self.members.iter().find(|member| member.number == number)?.node)
    }

    /// The number of this watched node.
    pub fn number_of(&self, node: usize) -> Option<u32> {
        self.nodes.iter().find(|on_node| on_node.node == node)?.own_number
    }

    /// The resource of this name.
    pub fn resource(&self, name: &ResourceName) -> Option<&ResourceView> {
        self.resources.binary_search_by(|resource| resource.name.cmp(name)).ok().and_then(|at| self.resources.get(at))
    }

    /// Members now, as far as it is told: those of which nobody says that they left.
    pub fn present(&self) -> impl Iterator<Item = &MemberView> {
        self.members.iter().filter(|member| member.member != Some(false))
    }
}

impl ResourceView {
    /// The glock that this is, if it is GFS2's.
    pub fn glock(&self) -> Option<GlockName> {
        self.name.glock()
    }

    /// This watched node's own view.
    pub fn local(&self, node: usize) -> Option<&Local> {
        self.locals.iter().find(|(of, _)| *of == node).map(|(_, local)| local)
    }

    /// This watched node's locks.
    pub fn locks_of(&self, node: usize) -> impl Iterator<Item = &LockView> {
        self.locks.iter().filter(move |lock| lock.node == Some(node))
    }
}

impl LockView {
    /// It waits or converts.
    pub fn waits(&self) -> bool {
        self.queue != Queue::Granted
    }
}

/// Glocks of each type, whatever their state.
fn by_type(sample: &Gfs2Sample) -> Vec<(GlockType, u64)> {
    let mut counts: Vec<(GlockType, u64)> =
        sample.types.iter().map(|of| (of.kind, of.by_state.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))).collect();
    counts.sort_unstable();
    counts
}
