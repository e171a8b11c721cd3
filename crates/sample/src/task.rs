//! Processes that hold or wait for locks, as `/proc` tells: what they are, where they sleep, which files they have open.

use formats::gfs2::GlockName;
use serde::{Deserialize, Serialize};

/// One process of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSample {
    /// Its pid.
    pub pid: u32,
    /// Its name.
    pub comm: String,
    /// State letter, as in `/proc/PID/status`; `None` if it could not be read.
    pub state: Option<char>,
    /// Kernel functions it is in, innermost first; only `wchan`'s where the kernel gives no stack.
    pub stack: Vec<String>,
    /// Files it has open that were asked for.
    pub files: Vec<TaskFile>,
}

/// A file that a process has open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFile {
    /// Descriptor.
    pub fd: u32,
    /// Inode, if the kernel tells (5.14).
    pub inode: Option<u64>,
    /// Path as the process' namespace has it.
    pub path: Option<String>,
}

/// A file lock held by a process of the node (`/proc/locks`). Those of other nodes are not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLock {
    /// `FLOCK`, `POSIX`, `OFDLCK`.
    pub kind: String,
    /// It excludes others.
    pub write: bool,
    /// It waits, for a lock of the same node.
    pub blocked: bool,
    /// Process.
    pub pid: Option<u32>,
    /// Device number of the file system.
    pub device: (u32, u32),
    /// Inode.
    pub inode: u64,
}

/// The processes of a node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksSample {
    /// Processes by pid.
    pub tasks: Vec<TaskSample>,
    /// File locks on the cluster file systems.
    pub file_locks: Vec<FileLock>,
    /// What could not be looked at, and why.
    pub unseen: Option<String>,
    /// Which processes have which glocks' files open (`glockfd`): pid, descriptor, glock.
    pub open_glocks: Vec<(u32, u32, GlockName)>,
    /// What the node's kernel said of the paths that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathSample>,
}

/// The path of an inode, by its file handle. No process need have it open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathSample {
    /// The file system, as in [`crate::FileSystem::uuid`].
    pub file_system: String,
    /// The inode.
    pub inode: u64,
    /// Its path on this node, or why there is none.
    pub told: Result<String, String>,
    /// How long ago the kernel said so, ns: a file that was renamed since has another path.
    pub ago_ns: u64,
}

/// Which processes to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRequest {
    /// These, by pid.
    pub pids: Vec<u32>,
    /// Those that have these inodes open or locked.
    pub inodes: Vec<u64>,
    /// The cluster file systems' device numbers.
    pub devices: Vec<(u32, u32)>,
    /// Lock tables of the GFS2 file systems.
    pub tables: Vec<String>,
    /// Look through all processes for those that sleep in a lock of a cluster file system: where waiters have no pid.
    pub search: bool,
}
