//! One lock (the kernel's lkb) however it was printed, and the fields that formats 2 and 3 begin with alike
//! (`print_format2_lock`, `print_format3_lock`, `fs/dlm/debug_fs.c`):
//!
//! ```text
//! id      node remote  pid  xid exflags flags sts granted requested …
//! 2450001 2    1be0002 8962 0   0       10000 1   -1      5         …
//! ```

use super::flags::MSTCPY;
use super::words::Words;
use crate::mode::Mode;
use crate::problem::LineProblem;

/// Where a lock stands on its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Queue {
    /// Holds its mode.
    Granted,
    /// Holds its mode and waits for another one.
    Converting,
    /// Holds nothing and waits for its first mode.
    Waiting,
    /// Waits to learn who masters the resource; only formats 1 and 3 show it.
    Lookup,
}

impl Queue {
    /// The queue in one word.
    pub fn word(self) -> &'static str {
        match self {
            Queue::Granted => "granted",
            Queue::Converting => "converting",
            Queue::Waiting => "waiting",
            Queue::Lookup => "lookup",
        }
    }

    /// The queue of this number (`DLM_LKSTS_*`, `fs/dlm/dlm_internal.h`); a lock in lookup has none (0).
    pub fn from_status(status: i64) -> Option<Queue> {
        match status {
            1 => Some(Queue::Waiting),
            2 => Some(Queue::Granted),
            3 => Some(Queue::Converting),
            _ => None,
        }
    }

    /// The kernel's number of the queue; 0 for lookup.
    pub fn status(self) -> i64 {
        match self {
            Queue::Lookup => 0,
            Queue::Waiting => 1,
            Queue::Granted => 2,
            Queue::Converting => 3,
        }
    }
}

/// Whose lock it is, and where its resource is mastered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Whose {
    /// This node's, mastered here.
    Own,
    /// This node's, mastered on node N.
    OwnMasteredOn(u32),
    /// This node's; who masters it is not known yet.
    OwnLookingUp,
    /// Node N's, recorded here because this node is the master ([`MSTCPY`]).
    Of(u32),
}

impl Whose {
    /// From `lkb_nodeid` and whether [`MSTCPY`] is set; `None` for what no kernel sets.
    pub fn from_number(node: i64, master_copy: bool) -> Option<Whose> {
        match (node, master_copy) {
            (1..=2_147_483_647, true) => Some(Whose::Of(node as u32)),
            (0, false) => Some(Whose::Own),
            (1..=2_147_483_647, false) => Some(Whose::OwnMasteredOn(node as u32)),
            (-1, false) => Some(Whose::OwnLookingUp),
            _ => None,
        }
    }

    /// The kernel's number: 0, a node, or -1.
    pub fn number(self) -> i64 {
        match self {
            Whose::Own => 0,
            Whose::OwnMasteredOn(node) | Whose::Of(node) => i64::from(node),
            Whose::OwnLookingUp => -1,
        }
    }

    /// Whether the lock is another node's.
    pub fn is_other_nodes(self) -> bool {
        matches!(self, Whose::Of(_))
    }
}

/// Since when a lock is in its queue: held if granted, waiting otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Age {
    /// Not told (format 1).
    None,
    /// Microseconds in the queue when it was read (format 2).
    Us(u64),
    /// When it joined the queue, `CLOCK_MONOTONIC` ns of the printing node (format 3).
    SinceNs(u64),
}

/// A lock. What a format does not print is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lock {
    /// Its number on the printing node.
    pub id: u32,
    /// Its number on the other node: the master's for own locks, the owner's for others. `None` if 0: there is none, or it is
    /// not known yet.
    pub remote_id: Option<u32>,
    /// Whose it is.
    pub whose: Whose,
    /// Process on the **owning** node that last called the DLM for it; not told in format 1. A kernel thread after a demotion.
    pub pid: Option<u32>,
    /// Transaction id of a lock made from user space; `None` if 0 or not told.
    pub xid: Option<u64>,
    /// Where it stands.
    pub queue: Queue,
    /// Mode held; [`Mode::IV`] while it waits for its first one.
    pub granted: Mode,
    /// Mode asked for; `None` when granted, as the kernel's field is stale there.
    pub requested: Option<Mode>,
    /// Since when.
    pub age: Age,
    /// `DLM_LKF_*` of the last call; see [`super::flags::exflag_words`]. Not told in format 1.
    pub exflags: Option<u32>,
    /// `DLM_IFL_*`; see [`super::flags::flag_words`]. Since 6.5 only the upper 16 bits. Not told in format 1.
    pub flags: Option<u32>,
    /// Message whose reply it awaits; see [`super::waiters::message_word`]. `None` if none (0) or not told (format 2).
    pub wait_type: Option<u32>,
    /// Mode of the last blocking callback. `None` if none (0 up to 6.1, -1 in 6.12) or not told (formats 1 and 2).
    pub highbast: Option<Mode>,
    /// Version of the resource's LVB that this lock last saw, wraps at 2³²; only format 3.
    pub lvb_seq: Option<u32>,
    /// When the last blocking callback was delivered, that is when another node last asked for the lock: `CLOCK_MONOTONIC` ns of
    /// the printing node. `None` if never (0) or not told (formats 1 and 2).
    pub blocked_ns: Option<u64>,
}

/// The ten fields that formats 2 and 3 share.
pub(super) struct Head {
    lock: Lock,
    status: i64,
    requested: Mode,
}

impl Head {
    /// Takes them.
    #[inline]
    pub(super) fn take(words: &mut Words<'_>) -> Result<Head, LineProblem> {
        let id = words.hex32("a lock id in hex")?;
        let node = words.signed("a node")?;
        // Told only by the flags that follow.
        let node_problem = words.problem("0, -1 or a node, and a node for another node's lock");
        let remote_id = words.hex32("the other node's lock id in hex")?;
        let pid = words.decimal32("a process id")?;
        let xid = words.decimal("a transaction id")?;
        let exflags = words.hex32("flags of the call in hex")?;
        let flags = words.hex32("flags in hex")?;
        let whose = Whose::from_number(node, flags & MSTCPY != 0).ok_or(node_problem)?;
        let status = words.signed("a queue from 1 to 3")?;
        let granted = mode(words)?;
        let requested = mode(words)?;
        let lock = Lock {
            id,
            remote_id: (remote_id != 0).then_some(remote_id),
            whose,
            pid: Some(pid),
            xid: (xid != 0).then_some(xid),
            queue: Queue::Lookup,
            granted,
            requested: None,
            age: Age::None,
            exflags: Some(exflags),
            flags: Some(flags),
            wait_type: None,
            highbast: None,
            lvb_seq: None,
            blocked_ns: None,
        };
        Ok(Head { lock, status, requested })
    }

    /// The lock, in the queue that its number says or else in lookup if `looking_up`.
    #[inline]
    pub(super) fn lock(self, looking_up: bool) -> Option<Lock> {
        let queue = Queue::from_status(self.status).or(looking_up.then_some(Queue::Lookup))?;
        let requested = (queue != Queue::Granted).then_some(self.requested);
        Some(Lock { queue, requested, ..self.lock })
    }
}

/// Where a lock's queue stands in formats 2 and 3, counted from its id.
pub(super) const STATUS_FIELD: u32 = 8;

/// Takes a mode's number.
#[inline]
pub(super) fn mode(words: &mut Words<'_>) -> Result<Mode, LineProblem> {
    let number = words.signed("a mode from -1 to 5")?;
    Mode::from_number(number).ok_or_else(|| words.problem("a mode from -1 to 5"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_cases_of_whose() {
        assert_eq!(Whose::from_number(0, false), Some(Whose::Own));
        assert_eq!(Whose::from_number(2, false), Some(Whose::OwnMasteredOn(2)));
        assert_eq!(Whose::from_number(-1, false), Some(Whose::OwnLookingUp));
        assert_eq!(Whose::from_number(2, true), Some(Whose::Of(2)));
        assert_eq!((Whose::from_number(0, true), Whose::from_number(-2, false)), (None, None));
    }
}
