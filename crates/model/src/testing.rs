//! Small samples for tests.

use formats::Mode;
use formats::dlm::ResourceName;
use formats::gfs2::GlockName;
use sample::gfs2::{Demote, HolderSample, WaitReason};
use sample::lockspace::{Dlm, Master, Member, Queue, Reading, Resource, ResourceLock};
use sample::{Gfs2Sample, GlockSample, LockspaceSample};

pub const SECOND: u64 = 1_000_000_000;

/// Node `own` of `count` nodes, read whole, with nothing in it.
pub fn lockspace_sample(own: u32, count: u32) -> LockspaceSample {
    let member = |number| Member { number, name: Some(format!("name{number}")), address: None, member: Some(true) };
    LockspaceSample {
        lockspace: "fs".to_owned(),
        dlm: Dlm::Kernel,
        file_system: Some("c:fs".to_owned()),
        clock: sample::NodeClock::default(),
        own_number: Some(own),
        members: (1..=count).map(member).collect(),
        recovery: None,
        reading: Reading { file: "fs_all".to_owned(), ..Reading::default() },
        census: None,
        resources: Vec::new(),
        unanswered: Vec::new(),
        kept: false,
    }
}

pub fn glock_name(text: &str) -> GlockName {
    GlockName::parse(text.as_bytes()).unwrap()
}

pub fn resource(name: &str, master: Master, locks: Vec<ResourceLock>) -> Resource {
    let name = GlockName::parse(name.as_bytes()).map_or_else(|| ResourceName::new(name.as_bytes()).unwrap(), ResourceName::from);
    Resource { name, master, locks, inactive: false, state: None, lvb: None, referenced_by: Vec::new() }
}

/// A lock that is held.
pub fn granted(node: Option<u32>, mode: Mode, age_s: u64) -> ResourceLock {
    ResourceLock {
        node,
        queue: Queue::Granted,
        granted: mode,
        requested: None,
        pid: Some(100),
        age_ns: Some(age_s * SECOND),
        asked_ago_ns: None,
        id: None,
    }
}

/// A lock that is asked for.
pub fn waiting(node: Option<u32>, mode: Mode, age_s: u64) -> ResourceLock {
    ResourceLock { queue: Queue::Waiting, granted: Mode::IV, requested: Some(mode), ..granted(node, mode, age_s) }
}

pub fn gfs2_sample(glocks: Vec<GlockSample>) -> Gfs2Sample {
    Gfs2Sample { table: "c:fs".to_owned(), seq: 1, known: glocks.len() as u64, glocks, ..Gfs2Sample::default() }
}

pub fn glock(name: &str, state: &str, flags: &str, holders: Vec<HolderSample>) -> GlockSample {
    GlockSample {
        name: glock_name(name),
        state: state.to_owned(),
        target: state.to_owned(),
        flags: flags.to_owned(),
        flags_words: String::new(),
        demote: None,
        reason: None,
        holders,
        holders_omitted: 0,
        inode: None,
        background: false,
        stats: None,
        traced: sample::gfs2::TracedFigures::default(),
    }
}

pub fn because(glock: GlockSample, reason: WaitReason) -> GlockSample {
    GlockSample { reason: Some(reason), ..glock }
}

pub fn asked(glock: GlockSample, for_s: u64, under_way: bool) -> GlockSample {
    let demote = Demote { state: "UN".to_owned(), for_ns: for_s * SECOND, under_way, deferred: false };
    GlockSample { demote: Some(demote), ..glock }
}

pub fn holder(state: &str, waiting: bool, pid: Option<u32>, symbol: &str, seen_s: u64) -> HolderSample {
    HolderSample {
        state: state.to_owned(),
        flags: if waiting { "W" } else { "H" }.to_owned(),
        waiting,
        pid,
        comm: pid.map_or(String::new(), |pid| format!("comm{pid}")),
        symbol: symbol.to_owned(),
        seen_for_ns: seen_s * SECOND,
    }
}
