//! The messages between a collector and the viewer.

use crate::{Fault, Gfs2Sample, LockSample, LockspaceSample, O2cbSample, TasksSample};
use formats::dlm::ResourceName;
use formats::ocfs2::LockName;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Version of these messages. Both ends must have the same; fields that are only added do not raise it.
pub const PROTOCOL: u32 = 5;

/// How often a viewer says something at least.
pub const VIEWER_SPEAKS_EVERY: Duration = Duration::from_secs(10);

/// A collector that hears nothing for so long ends: its viewer is gone, or cut off. A connection that is lost without a word
/// would else keep it on the node until TCP gives up, a quarter of an hour or more.
pub const VIEWER_GONE_AFTER: Duration = Duration::from_secs(45);

/// What a collector tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromNode {
    /// First message.
    Hello(Hello),
    /// The cluster file systems of the node, whenever they change.
    FileSystems(Vec<FileSystem>),
    /// One OCFS2 file system over one interval.
    Sample(Box<Sample>),
    /// One GFS2 file system over one interval.
    Gfs2(Box<Gfs2Sample>),
    /// The resources of one lockspace, as far as the viewer looks at them.
    Lockspace(Box<LockspaceSample>),
    /// The processes that hold or wait for what the viewer looks at.
    Tasks(Box<TasksSample>),
    /// The node's O2CB stack, if the viewer looks at it.
    O2cb(Box<O2cbSample>),
    /// Why a file system (or, without UUID, the node) gives no samples now. `None` takes it back.
    Fault {
        /// The file system; `None`: the whole node.
        uuid: Option<String>,
        /// The reason.
        fault: Option<Fault>,
    },
    /// The collector lives though no sample is due: sent at least once an interval.
    Alive,
}

/// Who collects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Version of the program.
    pub version: String,
    /// Host name by the node's kernel.
    pub host: String,
    /// Release of the node's kernel, for display only.
    pub kernel: String,
}

/// What the viewer asks. Every message stands for itself; the newest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToNode {
    /// How to collect.
    Configure(Configuration),
    /// Locks that every sample is to hold, active or not; replaces the earlier list.
    Watch(Vec<WatchedLock>),
    /// What of the DLMs and of processes to tell; replaces the earlier request.
    Look(Look),
    /// The viewer lives though it asks nothing: sent every [`VIEWER_SPEAKS_EVERY`].
    Alive,
}

/// One lock to be reported even when idle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WatchedLock {
    /// File system.
    pub uuid: String,
    /// Lock.
    pub name: LockName,
}

/// What of the DLMs and of processes to tell, beside the file systems' own view. Nothing by default: reading a DLM costs its node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Every resource of every lockspace, with the census of masters.
    pub all: bool,
    /// All locks and resources of these inodes.
    pub inodes: Vec<u64>,
    /// These resources, whichever lockspace has them.
    pub resources: Vec<ResourceName>,
    /// The processes behind what is told.
    pub tasks: bool,
    /// Reading one lockspace may take so long, ms.
    pub most_ms: u64,
    /// The paths of these inodes, by their file handles: this may take a lock of the file system, so it is asked for by name only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<u64>,
    /// O2CB's stack: heartbeats on the disks, connections, domains.
    #[serde(default)]
    pub o2cb: bool,
}

impl Look {
    /// Whether nothing of the DLMs is asked for.
    pub fn is_nothing(&self) -> bool {
        !self.all && self.inodes.is_empty() && self.resources.is_empty()
    }

    /// Whether a resource of this name is asked for.
    pub fn asks_for(&self, name: &ResourceName) -> bool {
        self.all
            || self.resources.contains(name)
            || (!self.inodes.is_empty() && name.inode().is_some_and(|inode| self.inodes.contains(&inode)))
    }
}

/// How to collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Time between samples, ms.
    pub interval_ms: u64,
    /// The share of one CPU that reading may cost the node, in thousandths; the interval is stretched to keep it.
    pub cpu_permille: u32,
    /// Only these: mount points or UUIDs; empty: every OCFS2 file system.
    pub only: Vec<String>,
    /// The most locks that one sample may hold.
    pub most_locks: usize,
    /// Whether an own tracefs instance may be made to measure DLM waits of GFS2: the only thing that is written on a node.
    pub trace: bool,
    /// Whether file systems are found and their locks read at all; not where only O2CB's stack is looked at.
    pub file_systems: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Configuration { interval_ms: 2000, cpu_permille: 50, only: Vec::new(), most_locks: 5000, trace: true, file_systems: true }
    }
}

/// The two cluster file systems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSystemKind {
    /// OCFS2.
    #[default]
    Ocfs2,
    /// GFS2.
    Gfs2,
}

impl FileSystemKind {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            FileSystemKind::Ocfs2 => "ocfs2",
            FileSystemKind::Gfs2 => "gfs2",
        }
    }
}

/// One cluster file system as a node has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystem {
    /// By what it is known on every node. OCFS2: its UUID, 32 hex digits, also the name of its lockspace. GFS2: its lock table,
    /// `cluster:name`, whose part after the colon is the name of its lockspace.
    pub uuid: String,
    /// Which.
    #[serde(default)]
    pub kind: FileSystemKind,
    /// Volume label.
    pub label: Option<String>,
    /// Device number on this node.
    pub device: Option<(u32, u32)>,
    /// Device path on this node.
    pub device_path: Option<String>,
    /// Where it is mounted; empty if that is not known.
    pub mount_points: Vec<String>,
    /// Cluster stack.
    pub stack: Option<String>,
    /// This node's slot in it; GFS2: its journal.
    pub slot: Option<u32>,
}

impl FileSystem {
    /// The name of its lockspace.
    pub fn lockspace(&self) -> &str {
        match self.kind {
            FileSystemKind::Ocfs2 => &self.uuid,
            FileSystemKind::Gfs2 => self.uuid.split_once(':').map_or(self.uuid.as_str(), |(_, name)| name),
        }
    }
}

/// A node's clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeClock {
    /// Monotonic, ns from a start of its own.
    pub monotonic_ns: u64,
    /// Time of day, µs since the epoch; `None` where a capture does not tell it.
    pub realtime_us: Option<u64>,
}

/// One file system on one node over one interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The file system.
    pub uuid: String,
    /// Counts this file system's samples from 1.
    pub seq: u64,
    /// The node's clocks when the dump began.
    pub clock: NodeClock,
    /// The node's clocks when its last pass began: what it says is true from then on at the latest.
    pub clock_last: NodeClock,
    /// Time since the previous sample's dump, ns; `None`: this is the first, deltas are since each lock was made.
    pub interval_ns: Option<u64>,
    /// How the dump went.
    pub dump: DumpReport,
    /// Locks known, each name once.
    pub known: u64,
    /// Known locks by type letter.
    pub census: Vec<(char, u64)>,
    /// Locks made, made again, and gone since the previous sample.
    pub made: u64,
    /// Freed and made again under the same name.
    pub made_again: u64,
    /// Not seen any more.
    pub gone: u64,
    /// Whether the kernel keeps statistics.
    pub stats: StatsKept,
    /// Locks with activity, waiters or changes, and watched ones.
    pub locks: Vec<LockSample>,
    /// Active locks that did not fit.
    pub omitted: Omitted,
    /// The pace that was kept.
    pub pace: Pace,
}

/// How reading a dump went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpReport {
    /// How often the file was read for this sample.
    pub passes: u32,
    /// Records read, over all passes.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Reads that returned data; `None` where a capture does not tell.
    pub reads: Option<u64>,
    /// Locks that were missed after all passes of this sample, estimated from its reads: the kernel loses a record each time
    /// one ends. `None`: unknown.
    pub missed: Option<u64>,
    /// Version of the format.
    pub version: Option<u32>,
    /// Lines that were not understood.
    pub problems: Problems,
}

/// Lines of one file that were not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    /// How many.
    pub lines: u64,
    /// The first: file, line number, what was expected, and the line's start.
    pub first: Option<String>,
}

/// Whether the kernel keeps lock statistics (`CONFIG_OCFS2_FS_STATS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatsKept {
    /// Some counter is not zero.
    Yes,
    /// Locks are held and every counter is zero.
    No,
    /// Not told yet: no lock was used.
    #[default]
    Unknown,
}

/// Active locks left out of a sample because it was full, and what they add to totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// How many locks.
    pub locks: u64,
    /// Their PR acquisitions.
    pub pr_gets: u64,
    /// Their PR wait, ns.
    pub pr_ns: u64,
    /// Their EX acquisitions.
    pub ex_gets: u64,
    /// Their EX wait, ns.
    pub ex_ns: u64,
}

/// How fast the collector goes, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The interval that was asked for, ms.
    pub asked_ms: u64,
    /// The interval that is kept, ms: longer where the asked one would cost the node too much.
    pub kept_ms: u64,
    /// CPU time of this thread for this sample, µs: the kernel's printing and our reading.
    pub cpu_us: u64,
    /// Wall time of the dump, µs.
    pub wall_us: u64,
}
