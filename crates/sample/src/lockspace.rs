//! What a node's DLM says of the lock resources of one lockspace at one moment.
//!
//! The kernel's DLM (`/sys/kernel/debug/dlm/`) and O2CB's (`/sys/kernel/debug/o2dlm/`) are told in the same words. A master knows
//! every lock of its resources, other nodes only their own: [`crate::lockspace`] says what each node says, the model joins it.

use crate::message::{NodeClock, Problems};
use formats::Mode;
use formats::dlm::ResourceName;
use serde::{Deserialize, Serialize};

/// Which DLM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dlm {
    /// `fs/dlm`: GFS2, and OCFS2 with the user stack (pcmk, cman).
    Kernel,
    /// `fs/ocfs2/dlm`: OCFS2 with the O2CB stack, and dlmfs.
    O2dlm,
}

impl Dlm {
    /// Its name, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Dlm::Kernel => "dlm",
            Dlm::O2dlm => "o2dlm",
        }
    }
}

/// One lockspace on one node at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LockspaceSample {
    /// Its name (o2dlm: domain).
    pub lockspace: String,
    /// Which DLM.
    pub dlm: Dlm,
    /// The file system whose locks these are, as in [`crate::FileSystem::uuid`]; `None` for other programs' lockspaces.
    pub file_system: Option<String>,
    /// The node's clocks when reading began.
    pub clock: NodeClock,
    /// This node's number in the lockspace.
    pub own_number: Option<u32>,
    /// The nodes of the lockspace as the node's configuration names them, by number.
    pub members: Vec<Member>,
    /// Whether recovery is under way, and how far; `None`: not told.
    pub recovery: Option<Recovery>,
    /// How the resources were read.
    pub reading: Reading,
    /// Counts over all resources; `None` if not all were read.
    pub census: Option<MasterCensus>,
    /// The resources that were asked for.
    pub resources: Vec<Resource>,
    /// Messages to other nodes that are not answered yet.
    pub unanswered: Vec<Unanswered>,
    /// The list was not read this time: of the resources, how they were read and the census, what was said before holds, with its
    /// age. Members, recovery and messages are of now.
    #[serde(default)]
    pub kept: bool,
}

/// A node of a lockspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its number in the DLM (corosync node id, O2CB node number).
    pub number: u32,
    /// Its name, if a configuration tells it.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// It is a member of the lockspace now; `None`: not told.
    pub member: Option<bool>,
}

/// Recovery of a lockspace after a node left or died.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Recovery is under way.
    pub active: bool,
    /// The node that is recovered from.
    pub dead_node: Option<u32>,
    /// The node that leads it (o2dlm).
    pub leader: Option<u32>,
    /// What the kernel says, in its words.
    pub state: String,
}

/// How far reading went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The file; empty if none was read.
    pub file: String,
    /// Bytes read.
    pub bytes: u64,
    /// Wall time, µs.
    pub wall_us: u64,
    /// Why it ended before the file did: resources may lack.
    pub cut: Option<String>,
    /// Resources seen, asked for or not.
    pub seen: u64,
    /// Lines that were not understood.
    pub problems: Problems,
}

/// Who masters how much, as one node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterCensus {
    /// Resources that this node has locks on or masters.
    pub resources: u64,
    /// Of these mastered here.
    pub mastered: u64,
    /// Mastered here, and no lock of this node's on it: the node works for others only.
    pub mastered_unused: u64,
    /// Own locks by the number of another node that masters the resource.
    pub copies: Vec<(u32, u64)>,
    /// Master not known yet.
    pub looking_up: u64,
    /// Own locks that wait or convert.
    pub waiting: u64,
    /// Directory records kept here, by master (`_toss`); about 1 of N of all resources of the lockspace. Empty: not told.
    pub directory: Vec<(u32, u64)>,
    /// The directory's file was cut: its records are a part.
    pub directory_cut: bool,
    /// GFS2: who brought the inodes into memory that the nodes have iopen locks on, most first; see [`Opener`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub openers: Vec<Opener>,
}

/// Who asked for iopen locks. A node asks for that lock once, when a process needs the inode that is not in memory yet, and keeps it
/// as long as the inode stays there. So, unlike that of other locks, its pid is that of who locked the inode first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opener {
    /// The node whose locks these are; `None`: the one that says so.
    pub node: Option<u32>,
    /// The process, by its pid on that node.
    pub pid: u32,
    /// The name of the process that has this pid now, if it is this node's; `None`: not told, or it has ended.
    pub comm: Option<String>,
    /// The iopen locks that it asked for.
    pub locks: u64,
    /// Of so many that the node has, as far as the one that says so knows: a master knows others' locks on what it masters.
    pub of: u64,
}

impl MasterCensus {
    /// Counts one resource that is not inactive: its master, this node's own locks on it, and how many of those wait.
    pub fn note(&mut self, master: Master, own: u64, own_waiting: u64) {
        self.resources += 1;
        self.waiting += own_waiting;
        match master {
            Master::Here => {
                self.mastered += 1;
                self.mastered_unused += u64::from(own == 0);
            }
            Master::Node(node) => count(&mut self.copies, node),
            Master::Unknown => self.looking_up += 1,
        }
    }

    /// Counts one record of the directory.
    pub fn note_directory(&mut self, master: u32) {
        count(&mut self.directory, master);
    }
}

/// Adds one to a node's count; the counts stay in the order of the nodes.
fn count(counts: &mut Vec<(u32, u64)>, node: u32) {
    match counts.binary_search_by_key(&node, |(known, _)| *known) {
        Ok(at) => {
            if let Some((_, count)) = counts.get_mut(at) {
                *count += 1;
            }
        }
        Err(at) => counts.insert(at, (node, 1)),
    }
}

/// One lock resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Name.
    pub name: ResourceName,
    /// Who masters it, as this node knows.
    pub master: Master,
    /// Locks that this node knows: all if it is the master, else its own.
    pub locks: Vec<ResourceLock>,
    /// It has no lock any more and is kept for a while (kernel DLM: `toss_secs`; o2dlm: on the purge list).
    #[serde(default)]
    pub inactive: bool,
    /// It is being recovered or migrated, in the kernel's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Value block as hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lvb: Option<String>,
    /// Nodes that hold a reference to it (o2dlm's refmap, on the master).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referenced_by: Vec<u32>,
}

/// Who masters a resource, as one node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Master {
    /// The node that says so.
    Here,
    /// The node of this number.
    Node(u32),
    /// Not known yet: being looked up.
    Unknown,
}

/// One lock: a node's entry on a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLock {
    /// The node whose lock it is; `None`: the node that says so.
    pub node: Option<u32>,
    /// Queue.
    pub queue: Queue,
    /// Mode granted; [`Mode::IV`] while it waits for its first grant.
    pub granted: Mode,
    /// Mode asked for, while it converts or waits.
    pub requested: Option<Mode>,
    /// The process that asked for it last, by its pid on the lock's own node: after a demotion a kernel thread, and with flock often
    /// another process than the one that holds or waits.
    pub pid: Option<u32>,
    /// How long it has been on its queue, ns, by the clock of the node that says so; `None`: the DLM does not tell.
    pub age_ns: Option<u64>,
    /// How long ago the last blocking callback was delivered to this node's holder, ns: another node wants the lock.
    pub asked_ago_ns: Option<u64>,
    /// Its id on the node that says so; o2dlm: the cookie's sequence.
    pub id: Option<u64>,
}

/// The queue a lock is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Held.
    Granted,
    /// Held at one mode, another is asked for.
    Converting,
    /// Asked for. o2dlm calls it blocked.
    Waiting,
    /// The master is not known yet.
    Lookup,
}

impl Queue {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Queue::Granted => "granted",
            Queue::Converting => "converting",
            Queue::Waiting => "waiting",
            Queue::Lookup => "lookup",
        }
    }
}

/// A message to another node that waits for its reply (`_waiters`, o2net's `send_tracking`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The node that does not answer.
    pub node: u32,
    /// What was sent.
    pub message: String,
    /// The resource it is about, if the file tells.
    pub resource: Option<String>,
    /// How long ago it was sent, ns, if the file tells; else for how long it has been seen.
    pub for_ns: Option<u64>,
    /// The process that waits for the reply, if the file tells.
    pub pid: Option<u32>,
}
