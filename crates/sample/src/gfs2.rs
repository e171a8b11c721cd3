//! What a collector says of one GFS2 file system on one node over one interval.

use crate::message::{DumpReport, NodeClock, Pace};
use formats::gfs2::{GlockName, GlockType};
use serde::{Deserialize, Serialize};

/// One GFS2 on one node over one interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gfs2Sample {
    /// Lock table, `cluster:name`: also [`crate::FileSystem::uuid`] of a GFS2.
    pub table: String,
    /// Counts this file system's samples from 1.
    pub seq: u64,
    /// The node's clocks when reading began.
    pub clock: NodeClock,
    /// Time since the previous sample, ns; `None`: this is the first.
    pub interval_ns: Option<u64>,
    /// Withdrawn, frozen, in recovery?
    pub health: Gfs2Health,
    /// Figures of each glock type, from `sbstats` and the glocks.
    pub types: Vec<TypeFigures>,
    /// Glocks with waiters, or asked to be given up, or active, or asked for.
    pub glocks: Vec<GlockSample>,
    /// Active glocks that did not fit.
    pub omitted: u64,
    /// Glocks known.
    pub known: u64,
    /// Whether DLM waits and remote demotes of each glock are measured.
    pub tracing: Tracing,
    /// How reading `glocks` went.
    pub dump: DumpReport,
    /// The pace that was kept.
    pub pace: Pace,
    /// How its inodes in memory grew; `None` before the second sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
}

/// How many more inodes are in a node's memory than a while ago: who reads a whole tree makes this grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// The while, ns.
    pub over_ns: u64,
    /// More inode glocks (type 2); negative: fewer.
    pub inode: i64,
    /// More iopen glocks (type 5): one for each inode in memory.
    pub iopen: i64,
}

/// State of the mount (`/sys/fs/gfs2/TABLE/`). What is not told is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gfs2Health {
    /// It took itself out of service after an error: nothing works until it is mounted again.
    pub withdrawn: Option<bool>,
    /// Frozen by `fsfreeze`.
    pub frozen: Option<bool>,
    /// `lock_module/block`: no lock is granted while a journal is recovered.
    pub blocked: Option<bool>,
    /// `lock_module/recover_done`: the journal recovered last; -1 none.
    pub recover_done: Option<i64>,
    /// `lock_module/recover_status`: result of that, 0 well, else an `LM_RD_*` number.
    pub recover_status: Option<i64>,
    /// This node's journal.
    pub journal: Option<u32>,
}

/// One glock type on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeFigures {
    /// Type.
    pub kind: GlockType,
    /// Glocks by state: UN, SH, DF, EX, other.
    pub by_state: [u64; 5],
    /// Glocks with a holder that is granted, without the kernel's own background holders.
    pub held: u64,
    /// Glocks with a waiter.
    pub contended: u64,
    /// Holders that wait.
    pub waiting: u64,
    /// Requests to the DLM in the interval; `None` in the first sample, or without `sbstats`.
    pub dlm_requests: Option<u64>,
    /// Local lock calls in the interval; likewise.
    pub queued: Option<u64>,
    /// Mean round trip of requests that may wait for other nodes, ns, weighted by each CPU's requests; `None` without any.
    pub blocking_rtt_ns: Option<u64>,
}

/// One glock in one sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlockSample {
    /// Name.
    pub name: GlockName,
    /// State: `UN`, `SH`, `DF`, `EX`.
    pub state: String,
    /// State that the running or last request wants.
    pub target: String,
    /// Flag letters as printed.
    pub flags: String,
    /// The flags in words.
    pub flags_words: String,
    /// The state that this node was asked to go to, if a demote is due.
    pub demote: Option<Demote>,
    /// Why its waiters wait, if it has any, as far as this node can tell.
    pub reason: Option<WaitReason>,
    /// Holders, in queue order: granted ones first. Long queues are cut, see `holders_omitted`.
    pub holders: Vec<HolderSample>,
    /// Waiters that did not fit.
    pub holders_omitted: u64,
    /// The inode behind it, if one is attached.
    pub inode: Option<InodeFacts>,
    /// The kernel's own holders only (of the mount, of inodes in memory): nothing that anybody asked for.
    pub background: bool,
    /// What `glstats` counted; `None` if it was not read.
    pub stats: Option<GlockFigures>,
    /// What the kernel's histograms counted.
    pub traced: TracedFigures,
}

impl GlockSample {
    /// A glock of which nothing but its counts is told.
    pub fn counted_only(name: GlockName) -> GlockSample {
        GlockSample {
            name,
            state: String::new(),
            target: String::new(),
            flags: String::new(),
            flags_words: String::new(),
            demote: None,
            reason: None,
            holders: Vec::new(),
            holders_omitted: 0,
            inode: None,
            background: false,
            stats: None,
            traced: TracedFigures::default(),
        }
    }
}

/// A request to give a glock up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demote {
    /// State asked for.
    pub state: String,
    /// How long ago, ns; granularity of one jiffy.
    pub for_ns: u64,
    /// It is under way (flag `p`).
    pub under_way: bool,
    /// It is deferred by the minimum hold time, under 200 ms (flag `d` without `D`).
    pub deferred: bool,
}

/// Why a glock's waiters wait (by what its line shows).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    /// A process of this node holds it in a state that excludes the waiter.
    LocalHolder,
    /// A request is at the DLM: another node holds it.
    RemoteHolder,
    /// Locks are frozen while a journal is recovered.
    Recovery,
    /// The DLM's answer is here and waits to be processed: the glock workqueue is late.
    ReplyUnprocessed,
    /// This node is giving it up and writes its log first.
    LogFlush,
    /// This node is giving it up and drops its cache first.
    Invalidating,
    /// The object is being read from disk.
    DiskRead,
    /// The line does not tell.
    Unknown,
}

impl WaitReason {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            WaitReason::LocalHolder => "held by a process of the same node",
            WaitReason::RemoteHolder => "held by another node",
            WaitReason::Recovery => "locks are frozen by recovery",
            WaitReason::ReplyUnprocessed => "the DLM's reply is not processed yet",
            WaitReason::LogFlush => "the node's own log is being flushed",
            WaitReason::Invalidating => "the node's own cache is being dropped",
            WaitReason::DiskRead => "the object is being read from disk",
            WaitReason::Unknown => "the kernel does not tell why",
        }
    }
}

/// One holder: a process that holds a glock or waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderSample {
    /// State held or asked for.
    pub state: String,
    /// Flag letters as printed.
    pub flags: String,
    /// It waits.
    pub waiting: bool,
    /// Process; `None`: the kernel names none (flock, the file system itself).
    pub pid: Option<u32>,
    /// The process' name.
    pub comm: String,
    /// The kernel function that queued it: tells the operation.
    pub symbol: String,
    /// For how long this collector has seen it so, ns: a lower bound.
    pub seen_for_ns: u64,
}

/// What a glock's object says of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InodeFacts {
    /// Formal number, as in file handles.
    pub formal: u64,
    /// Disk address: `st_ino`.
    pub address: u64,
    /// It is a directory.
    pub directory: bool,
    /// It is a system file of the file system.
    pub system: bool,
    /// Size, bytes.
    pub size: Option<u64>,
}

/// What `glstats` says of a glock, over the interval. The kernel forgets it when the glock is freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlockFigures {
    /// Requests to the DLM.
    pub dlm_requests: u64,
    /// Local lock calls.
    pub queued: u64,
    /// Smoothed round trip of requests that may wait for other nodes, ns; `None` where too few requests make it this glock's own.
    pub blocking_rtt_ns: Option<u64>,
    /// Smoothed time between requests, ns; likewise.
    pub between_requests_ns: Option<u64>,
    /// The time that the counts cover, ns; `None`: since the glock was made.
    pub over_ns: Option<u64>,
}

/// What hist triggers on GFS2's trace events counted of a glock, over the interval. What is not measured is `None`, never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedFigures {
    /// Time between request and reply of all requests that the DLM answered, ns: the sum of `tdiff` of `gfs2_glock_lock_time`.
    /// The whole time of a request counts in the interval of its reply. Also `None` where the node's time of day was set meanwhile,
    /// by which the kernel measures it.
    pub dlm_wait_ns: Option<u64>,
    /// Replies of the DLM.
    pub dlm_replies: Option<u64>,
    /// How often another node asked this one to give it up (`gfs2_demote_rq` with `remote`).
    pub remote_demotes: Option<u64>,
}

impl TracedFigures {
    /// Whether anything was counted.
    pub fn is_active(&self) -> bool {
        self.dlm_replies.unwrap_or(0) > 0 || self.remote_demotes.unwrap_or(0) > 0
    }

    /// Both together; what one of them does not know is not known.
    #[must_use]
    pub fn plus(self, other: TracedFigures) -> TracedFigures {
        let sum = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| a.saturating_add(b));
        TracedFigures {
            dlm_wait_ns: sum(self.dlm_wait_ns, other.dlm_wait_ns),
            dlm_replies: sum(self.dlm_replies, other.dlm_replies),
            remote_demotes: sum(self.remote_demotes, other.remote_demotes),
        }
    }
}

/// How the measuring of DLM waits stands on a node. See [`TracedFigures`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tracing {
    /// Nobody asked for it, or nothing can be measured this way (a recording, a shell).
    #[default]
    Off,
    /// It cannot be, for this reason.
    Failed(String),
    /// It is.
    On {
        /// What of it is not as it should be: one event is lacking, a table was full.
        lacking: Option<String>,
    },
}

impl Tracing {
    /// What people should know of it.
    pub fn trouble(&self) -> Option<&str> {
        match self {
            Tracing::Off | Tracing::On { lacking: None } => None,
            Tracing::Failed(why) | Tracing::On { lacking: Some(why) } => Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_interval_does_not_know_its_sum_does_not() {
        let known = TracedFigures { dlm_wait_ns: Some(7), dlm_replies: Some(2), remote_demotes: Some(0) };
        assert_eq!(known.plus(known), TracedFigures { dlm_wait_ns: Some(14), dlm_replies: Some(4), remote_demotes: Some(0) });
        let without = TracedFigures { dlm_wait_ns: None, remote_demotes: None, ..known };
        assert_eq!(known.plus(without), TracedFigures { dlm_wait_ns: None, dlm_replies: Some(4), remote_demotes: None });
        assert!(known.is_active() && !TracedFigures::default().is_active());
    }
}
