//! Who waits for whom, over all nodes and lockspaces.
//!
//! For each resource with a waiter: who waits (the file system's own waiters on each node, else the node's entry in the DLM), and
//! who holds what they cannot share (processes where the kernel names them, else the node). A blocker that waits for nothing
//! itself is a root; what waits for it, directly or not, is its [`Chain`]. Processes that wait for each other are a [`Cycle`].

mod attribution;
mod components;
mod edges;
mod entry;
mod local;
mod sentence;
#[cfg(test)]
mod tests;
mod tree;

pub use sentence::{length, subject};

use crate::lockspace::LockspaceView;
use formats::Mode;
use formats::dlm::ResourceName;
use sample::TasksSample;
use sample::gfs2::WaitReason;
use sample::lockspace::Dlm;

/// How a pid was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PidBy {
    /// The kernel's record of the holder or waiter.
    Holder,
    /// `/proc/locks` of its node: it has the flock.
    FileLocks,
    /// It has the file open and a flock request on it (`glockfd`), and is not the one that has the flock.
    OpenGlocks,
    /// It has the file open, is in the kernel's flock function, and has no flock on the file.
    OpenFiles,
    /// No more processes have the file open without a flock on it than wait; the kernel tells no stacks.
    OnlyOpener,
    /// The DLM's entry: the process that made the lock, which need not be the one that uses it.
    Dlm,
    /// Not told.
    #[default]
    None,
}

impl PidBy {
    /// In words, for evidence.
    pub fn words(self) -> &'static str {
        match self {
            PidBy::Holder => "pid by the lock's record",
            PidBy::FileLocks => "pid by /proc/locks",
            PidBy::OpenGlocks => "pid by the open files (glockfd)",
            PidBy::OpenFiles => "pid by its open files, and because it is in flock",
            PidBy::OnlyOpener => "pid by its open files: nobody else has it open without a flock on it",
            PidBy::Dlm => "pid by the DLM: the process that made the lock",
            PidBy::None => "pid not told",
        }
    }
}

/// A process, or a node of which no process is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor {
    /// The watched node.
    pub node: Option<usize>,
    /// Its number in the lockspace.
    pub number: Option<u32>,
    /// The node's name in the lockspace, for nodes that are not watched.
    pub member: Option<String>,
    /// The process.
    pub pid: Option<u32>,
    /// Its name.
    pub comm: Option<String>,
    /// How the pid was told.
    pub pid_by: PidBy,
}

/// Why something waits, or what a blocker does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A process of the same node holds it.
    LocalHolder,
    /// Another node holds it.
    RemoteHolder,
    /// An earlier request that cannot be shared is in the queue.
    Queue,
    /// Locks are frozen by recovery.
    Recovery,
    /// The DLM's reply is not processed yet.
    ReplyUnprocessed,
    /// The log is flushed before the lock is given up.
    LogFlush,
    /// The cache is dropped before the lock is given up.
    Invalidating,
    /// The object is being read from disk.
    DiskRead,
    /// OCFS2: the downconvert is under way at the DLM.
    Downconverting,
    /// OCFS2: the downconvert is due and not begun.
    DownconvertQueued,
    /// The master is being looked up.
    LookingUp,
    /// A node does not reply to a message.
    NoReply,
    /// Not told.
    Unknown,
}

impl Reason {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Reason::LocalHolder => "held by a process of the same node",
            Reason::RemoteHolder => "held by another node",
            Reason::Queue => "queued behind an earlier request",
            Reason::Recovery => "frozen by recovery",
            Reason::ReplyUnprocessed => "the DLM's reply is not processed yet",
            Reason::LogFlush => "flushing log",
            Reason::Invalidating => "dropping cache",
            Reason::DiskRead => "reading from disk",
            Reason::Downconverting => "downconvert under way",
            Reason::DownconvertQueued => "downconvert due, not begun",
            Reason::LookingUp => "master being looked up",
            Reason::NoReply => "no reply to a message",
            Reason::Unknown => "the kernel does not tell why",
        }
    }

    /// The node's own work keeps its waiters, not a holder.
    fn is_own_work(self) -> bool {
        use Reason::{DiskRead, DownconvertQueued, Downconverting, Invalidating, LogFlush, ReplyUnprocessed};
        matches!(self, ReplyUnprocessed | LogFlush | Invalidating | DiskRead | Downconverting | DownconvertQueued)
    }
}

impl From<WaitReason> for Reason {
    fn from(reason: WaitReason) -> Reason {
        match reason {
            WaitReason::LocalHolder => Reason::LocalHolder,
            WaitReason::RemoteHolder => Reason::RemoteHolder,
            WaitReason::Recovery => Reason::Recovery,
            WaitReason::ReplyUnprocessed => Reason::ReplyUnprocessed,
            WaitReason::LogFlush => Reason::LogFlush,
            WaitReason::Invalidating => Reason::Invalidating,
            WaitReason::DiskRead => Reason::DiskRead,
            WaitReason::Unknown => Reason::Unknown,
        }
    }
}

/// What kind of thing others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockerKind {
    /// A process holds it.
    Process,
    /// A process holds it that the kernel does not name.
    Unnamed,
    /// A node holds it in the DLM, and what uses it there is not told.
    Node,
    /// A node keeps it though none of its processes holds it: it has not given it up yet.
    Cached,
    /// The waiters' own node is at work: log, cache, disk, downconvert.
    OwnWork,
    /// The master is being looked up.
    LookingUp,
    /// Recovery of the lockspace or of a journal.
    Recovery,
    /// A node does not reply to a message.
    NoReply,
    /// Nobody who was read holds it in a mode that excludes the waiters.
    Unseen,
}

/// What others wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Kind.
    pub kind: BlockerKind,
    /// Who; a node of which nothing is told for recovery and the like.
    pub actor: Actor,
    /// Mode held.
    pub mode: Option<Mode>,
    /// The kernel function that took it: tells the operation.
    pub symbol: Option<String>,
    /// For how long it is held, ns.
    pub for_ns: Option<u64>,
    /// `for_ns` is a lower bound.
    pub at_least: bool,
    /// How long ago its node was asked to give way, ns.
    pub asked_ago_ns: Option<u64>,
    /// What it does about that.
    pub reason: Option<Reason>,
    /// What was read, or the kernel's words on recovery.
    pub said: String,
}

/// One who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// Lockspace.
    pub lockspace: String,
    /// What it waits for.
    pub resource: ResourceName,
    /// Who.
    pub actor: Actor,
    /// The lock's id in the DLM on the node that told it, if it is the DLM that tells of the waiter.
    pub lock_id: Option<u64>,
    /// Mode wanted; `None`: not told.
    pub mode: Option<Mode>,
    /// How long it has waited, ns.
    pub age_ns: Option<u64>,
    /// `age_ns` is a lower bound.
    pub at_least: bool,
    /// The kernel function that asked.
    pub symbol: Option<String>,
    /// Why, as its node tells.
    pub reason: Option<Reason>,
    /// For how many processes it stands: waiters that are not told one by one.
    pub processes: u64,
    /// `processes` is a lower bound.
    pub processes_at_least: bool,
    /// What was read.
    pub said: String,
    /// Who waits for this one: it holds something else, or is before them in the queue.
    pub children: Vec<Waiter>,
}

/// A root and all that waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Lockspace.
    pub lockspace: String,
    /// Its DLM.
    pub dlm: Dlm,
    /// Its file system.
    pub file_system: Option<String>,
    /// The resource that the root holds; `None` for recovery and missing replies, which hold up many.
    pub resource: Option<ResourceName>,
    /// It is an inode's, and that is a directory (or not); `None`: not told.
    pub directory: Option<bool>,
    /// A path of it, as a process has it open or as a node's kernel tells by its file handle; `None`: not told.
    pub path: Option<String>,
    /// Where a kernel was asked for the path: which node's, when, and why there is none. `None`: none was asked, or a process has it
    /// open.
    pub path_said: Option<String>,
    /// The root.
    pub root: Blocker,
    /// Others that hold the same resource and wait for nothing.
    pub also: Vec<Blocker>,
    /// Who waits, longest first.
    pub waiters: Vec<Waiter>,
    /// The longest wait, ns; `None`: no length is told.
    pub longest_wait_ns: Option<u64>,
    /// The longest wait is a lower bound.
    pub longest_at_least: bool,
    /// Processes that wait.
    pub waiting_processes: u64,
    /// `waiting_processes` is a lower bound.
    pub processes_at_least: bool,
    /// Nodes that they are on.
    pub waiting_nodes: usize,
}

/// One edge of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleEdge {
    /// Who waits, and for what.
    pub waiter: Waiter,
    /// Who holds that; the next edge's waiter.
    pub blocker: Blocker,
}

/// A deadlock: each waits for the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// A shortest cycle of it.
    pub edges: Vec<CycleEdge>,
    /// Who else waits for one of them.
    pub waiters: Vec<Waiter>,
    /// The longest wait, ns.
    pub longest_wait_ns: Option<u64>,
    /// The longest wait is a lower bound.
    pub longest_at_least: bool,
    /// Processes that wait, those of the cycle included.
    pub waiting_processes: u64,
}

/// All waits of a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// By the longest wait, then by name.
    pub chains: Vec<Chain>,
    /// Deadlocks, by the longest wait.
    pub cycles: Vec<Cycle>,
}

/// Who waits for whom. `tasks`: processes by watched node.
pub fn graph(lockspaces: &[LockspaceView], tasks: &[(usize, &TasksSample)]) -> Waits {
    tree::waits(lockspaces, &edges::graph(lockspaces, tasks))
}

impl Waiter {
    /// This one and all that wait for it, depth first.
    pub fn all(&self) -> Vec<&Waiter> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Waiter::all));
        all
    }
}

impl Chain {
    /// All waiters, depth first.
    pub fn all_waiters(&self) -> Vec<&Waiter> {
        self.waiters.iter().flat_map(Waiter::all).collect()
    }
}
