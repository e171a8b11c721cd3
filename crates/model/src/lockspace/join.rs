//! What the master and the owner say of a node's locks on one resource, joined: one lock is not counted twice.

use super::LockView;
use sample::lockspace::{Dlm, Queue, ResourceLock};

/// One node's word on one lock.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    /// The watched node that says so.
    pub by: usize,
    /// Age of its sample, µs.
    pub age_us: u64,
    /// What it says.
    pub lock: &'a ResourceLock,
    /// It masters the resource.
    pub master: bool,
}

/// Whether two entries look like the same lock.
type Sign<'a> = dyn Fn(&ResourceLock, &ResourceLock) -> bool + 'a;

/// Joins the master's and the owner's words on the locks of one node, given in any order.
///
/// A node may have several locks on a resource (each open file that uses flock has one in OCFS2). Pairs are made by what two
/// entries share, from the surest sign down; what is left over is paired in order and marked as a disagreement.
pub(super) fn join(
    dlm: Dlm,
    number: Option<u32>,
    node: Option<usize>,
    mut master: Vec<Told<'_>>,
    mut owner: Vec<Told<'_>>,
) -> Vec<LockView> {
    let key = |told: &Told<'_>| (told.lock.queue, told.lock.granted, told.lock.requested, told.lock.pid, told.lock.id, told.by);
    master.sort_by_key(key);
    owner.sort_by_key(key);
    let same_state = |a: &ResourceLock, b: &ResourceLock| (a.queue, a.granted, a.requested) == (b.queue, b.granted, b.requested);
    let signs: [&Sign<'_>; 5] = [
        // o2dlm's cookie is the same on every node; the kernel DLM's id is each node's own.
        &|a, b| dlm == Dlm::O2dlm && a.id.is_some() && a.id == b.id,
        &|a, b| same_state(a, b) && a.pid == b.pid,
        &|a, b| a.pid.is_some() && a.pid == b.pid,
        &|a, b| same_state(a, b),
        &|_, _| true,
    ];
    let mut locks = Vec::new();
    for sign in signs {
        let mut rest = Vec::new();
        for told in master {
            match owner.iter().position(|other| sign(told.lock, other.lock)) {
                Some(at) => locks.push(pair(number, node, &told, &owner.remove(at))),
                None => rest.push(told),
            }
        }
        master = rest;
    }
    locks.extend(master.iter().map(|told| single(number, node, told, false)));
    locks.extend(owner.iter().map(|told| single(number, node, told, true)));
    locks
}

fn single(number: Option<u32>, node: Option<usize>, told: &Told<'_>, by_owner: bool) -> LockView {
    let lock = told.lock;
    // Told as of its sample; since then it has grown.
    let age_ns = lock.age_ns.map(|age| age.saturating_add(told.age_us.saturating_mul(1000)));
    LockView {
        number,
        node,
        queue: lock.queue,
        granted: lock.granted,
        requested: lock.requested.filter(|_| lock.queue != Queue::Granted),
        pid: lock.pid,
        age_ns,
        age_told_by: age_ns.map(|_| told.by),
        asked_ago_ns: lock.asked_ago_ns,
        id: lock.id,
        told_by_master: told.master,
        told_by_owner: by_owner,
        disagree: false,
    }
}

fn pair(number: Option<u32>, node: Option<usize>, master: &Told<'_>, owner: &Told<'_>) -> LockView {
    let (of_master, of_owner) = (single(number, node, master, false), single(number, node, owner, true));
    let state = |lock: &LockView| (lock.queue, lock.granted, lock.requested);
    let agree = state(&of_master) == state(&of_owner);
    // The owner's word counts unless the master's is newer.
    let (mut lock, other) = if agree || owner.age_us <= master.age_us { (of_owner, of_master) } else { (of_master, of_owner) };
    if agree && other.age_ns > lock.age_ns {
        (lock.age_ns, lock.age_told_by) = (other.age_ns, other.age_told_by);
    }
    lock.pid = if lock.told_by_owner { lock.pid.or(other.pid) } else { other.pid.or(lock.pid) };
    lock.asked_ago_ns = lock.asked_ago_ns.or(other.asked_ago_ns);
    lock.disagree = !agree;
    (lock.told_by_master, lock.told_by_owner) = (true, true);
    lock
}
