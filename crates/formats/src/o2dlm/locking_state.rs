//! `/sys/kernel/debug/o2dlm/DOMAIN/locking_state`: what one node's DLM knows of each lock resource (`dump_lockres`,
//! `fs/ocfs2/dlm/dlmdebug.c`, since 2.6.27). An empty line ends a block; each `read()` returns one block.
//!
//! ```text
//! NAME:F0000000000000000007e11ac0acf1c
//! LRES:1,1,0,0,0,0,0,0,0,0,5
//!      │ │ │ │ │ │ │ │ │ │ └references
//!      │ │ │ │ │ │ │ │ │ └ASTs reserved
//!      │ │ │ │ │ │ │ │ └migration pending
//!      │ │ │ │ │ │ │ └locks in flight
//!      │ │ │ │ └on the list of: purge, dirty, recovering
//!      │ │ │ └last used, jiffies
//!      │ │ └state
//!      │ └owner, 255 unknown
//!      └version
//! RMAP:2 3
//! LVBX:0506…                                 64 bytes
//! LOCK:1,0,5,-1,1,1:148,0,0,0,0,0,0,0,0,2    see the module `lock`
//! LOCK:1,1,0,5,2,2:141,0,0,0,0,0,0,0,0,2
//! ```
//!
//! The owner knows all locks of a resource; any other node its own only. The kernel prints a block into one page and cuts what
//! does not fit, the empty line too: more than about 80 locks with 4 KiB pages, as `flock` waiters of one file may be. The next
//! `NAME:` then stands behind the cut line.

use super::NO_NODE;
use super::lock::Lock;
use super::resource_state::ResourceState;
use crate::dlm::ResourceName;
use crate::problem::LineProblem;
use crate::scan::decimal;

pub use super::reader::Reader;

/// A lock resource as one node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Name: of dentry locks the printed form of 25 characters.
    pub name: ResourceName,
    /// Format version of the `LRES:` line: 1. `None` if that line is missing or broken; then no value of it is known.
    pub version: Option<u32>,
    /// The node that decides about it; `None` if unknown (255), as while it is being found.
    pub owner: Option<u32>,
    /// What is going on; 0 too if `version` is `None`.
    pub state: ResourceState,
    /// When its last lock went, jiffies; 0 while it has locks. Below 0 only on 32-bit kernels soon after boot.
    pub last_used: Option<i64>,
    /// It has no lock here and will be dropped after some seconds.
    pub on_purge: bool,
    /// It stands in the list of the DLM thread.
    pub on_dirty: bool,
    /// It stands in the list of what is to be recovered.
    pub on_recovering: bool,
    /// Requests under way that keep it here.
    pub inflight: Option<u32>,
    /// It shall move to another owner.
    pub migration_pending: bool,
    /// ASTs and BASTs that are not delivered yet.
    pub asts_reserved: Option<u32>,
    /// References within the kernel; `None` if not told.
    pub refs: Option<u32>,
    /// The nodes that know it, ascending, without the owner; the kernel fills it on the owner only.
    pub referenced_by: Vec<u32>,
    /// The value block as this node has it, 64 bytes; `None` if not told.
    pub lvb: Option<Vec<u8>>,
    /// Its locks: the granted ones, the converting ones, the blocked ones, each in the order of their queue.
    pub locks: Vec<Lock>,
    /// Whether the kernel cut the block: locks may be missing.
    pub cut: bool,
    /// Whatever a later version prints after the known fields of `LRES:`, without the comma before.
    pub rest: Vec<u8>,
    /// Lines with keys that are not known, at most 8 of them.
    pub unknown_lines: Vec<Vec<u8>>,
}

impl Resource {
    /// A resource of which nothing but the name is known.
    pub fn new(name: ResourceName) -> Resource {
        Resource {
            name,
            version: None,
            owner: None,
            state: ResourceState(0),
            last_used: None,
            on_purge: false,
            on_dirty: false,
            on_recovering: false,
            inflight: None,
            migration_pending: false,
            asts_reserved: None,
            refs: None,
            referenced_by: Vec::new(),
            lvb: None,
            locks: Vec::new(),
            cut: false,
            rest: Vec::new(),
            unknown_lines: Vec::new(),
        }
    }

    /// Takes over what follows `LRES:`, all of it or nothing.
    pub(super) fn set_lres(&mut self, text: &[u8]) -> Result<(), LineProblem> {
        let mut fields = text.splitn(12, |&byte| byte == b',');
        let mut field = 0;
        let mut next = |expected: &'static str| {
            field += 1;
            let problem = LineProblem { field, expected };
            fields.next().and_then(signed).ok_or(problem.clone()).map(|value| (value, problem))
        };
        let version = narrow(next("a version such as 1")?)?;
        let owner = narrow(next("the owner's node number")?)?;
        let state = narrow(next("the state as a decimal number")?)?;
        let last_used = next("jiffies")?.0;
        let lists = [next("0 or 1")?.0, next("0 or 1")?.0, next("0 or 1")?.0];
        let inflight = narrow(next("a count of locks in flight")?)?;
        let migration_pending = next("0 or 1")?.0 != 0;
        let asts_reserved = narrow(next("a count of ASTs")?)?;
        let refs = narrow(next("a count of references")?)?;
        self.version = Some(version);
        self.owner = Some(owner).filter(|&owner| owner != NO_NODE);
        self.state = ResourceState(state);
        self.last_used = Some(last_used);
        [self.on_purge, self.on_dirty, self.on_recovering] = lists.map(|value| value != 0);
        self.inflight = Some(inflight);
        self.migration_pending = migration_pending;
        self.asts_reserved = Some(asts_reserved);
        self.refs = Some(refs);
        self.rest = fields.next().unwrap_or_default().to_vec();
        Ok(())
    }
}

fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let value = i64::try_from(decimal(digits)?).ok()?;
    Some(if negative { -value } else { value })
}

fn narrow((value, problem): (i64, LineProblem)) -> Result<u32, LineProblem> {
    u32::try_from(value).map_err(|_| problem)
}
