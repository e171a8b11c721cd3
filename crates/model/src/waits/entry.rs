//! One holder or waiter of a resource, before it is known who waits for whom.

use super::{Actor, Blocker, BlockerKind, PidBy, Reason, Waiter};
use crate::lockspace::{LockView, LockspaceView};
use formats::Mode;
use formats::dlm::ResourceName;
use sample::TasksSample;

/// See the module's text.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub actor: Actor,
    pub kind: BlockerKind,
    /// Held, or asked for; `None`: not told.
    pub mode: Option<Mode>,
    pub symbol: Option<String>,
    pub age_ns: Option<u64>,
    pub at_least: bool,
    pub asked_ago_ns: Option<u64>,
    pub reason: Option<Reason>,
    pub processes: u64,
    pub processes_at_least: bool,
    pub lock_id: Option<u64>,
    /// It holds the resource already, in a weaker mode.
    pub converts: bool,
    pub said: String,
}

/// The holders and waiters of one resource.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub holders: Vec<Entry>,
    pub waiters: Vec<Entry>,
    /// It is an inode's, and that is a directory.
    pub directory: Option<bool>,
}

impl Entry {
    pub fn new(actor: Actor, kind: BlockerKind, mode: Option<Mode>, said: String) -> Entry {
        Entry {
            actor,
            kind,
            mode,
            symbol: None,
            age_ns: None,
            at_least: false,
            asked_ago_ns: None,
            reason: None,
            processes: 1,
            processes_at_least: false,
            lock_id: None,
            converts: false,
            said,
        }
    }

    /// Names the process.
    pub fn name(&mut self, pid: u32, by: PidBy, tasks: Option<&TasksSample>) {
        self.actor.pid = Some(pid);
        self.actor.pid_by = by;
        self.actor.comm = tasks.and_then(|tasks| comm_of(tasks, pid));
        if self.kind == BlockerKind::Unnamed {
            self.kind = BlockerKind::Process;
        }
    }

    /// Whether both can be held at once. A mode that is not told excludes whatever is held for reading or more.
    pub fn shares_with(&self, other: &Entry) -> bool {
        let stands_for = |mode: Option<Mode>| mode.unwrap_or(Mode::EX);
        stands_for(self.mode).is_compatible_with(stands_for(other.mode))
    }

    /// On the same node.
    pub fn same_node(&self, other: &Entry) -> bool {
        match (self.actor.node, other.actor.node) {
            (Some(node), Some(other)) => node == other,
            _ => self.actor.number.is_some() && self.actor.number == other.actor.number,
        }
    }

    pub fn blocker(&self) -> Blocker {
        Blocker {
            kind: self.kind,
            actor: self.actor.clone(),
            mode: self.mode,
            symbol: self.symbol.clone(),
            for_ns: self.age_ns,
            at_least: self.at_least,
            asked_ago_ns: self.asked_ago_ns,
            reason: self.reason,
            said: self.said.clone(),
        }
    }

    pub fn waiter(&self, lockspace: &str, resource: &ResourceName) -> Waiter {
        Waiter {
            lockspace: lockspace.to_owned(),
            resource: resource.clone(),
            actor: self.actor.clone(),
            lock_id: self.lock_id,
            mode: self.mode,
            age_ns: self.age_ns,
            at_least: self.at_least,
            symbol: self.symbol.clone(),
            reason: self.reason,
            processes: self.processes,
            processes_at_least: self.processes_at_least,
            said: self.said.clone(),
            children: Vec::new(),
        }
    }
}

/// A node of which no process is told.
pub(super) fn node_actor(view: &LockspaceView, node: Option<usize>, number: Option<u32>) -> Actor {
    let number = number.or_else(|| view.number_of(node?));
    let member = view.members.iter().find(|member| Some(member.number) == number).map(|member| member.name.clone());
    Actor { node: node.or_else(|| view.node_of(number?)), number, member, ..Actor::default() }
}

/// The name of a process, if the node told it.
pub(super) fn comm_of(tasks: &TasksSample, pid: u32) -> Option<String> {
    tasks.tasks.iter().find(|task| task.pid == pid).map(|task| task.comm.clone()).filter(|comm| !comm.is_empty())
}

/// What the DLM says of a lock, for evidence.
pub(super) fn said_of(lock: &LockView) -> String {
    let by = match (lock.told_by_master, lock.told_by_owner) {
        (true, true) => "the master and its own node",
        (true, false) => "the master",
        (false, true) => "its own node",
        (false, false) => "another node",
    };
    let wanted = lock.requested.map_or(String::new(), |mode| format!(", wants {mode}"));
    let age = lock.age_ns.map_or(String::new(), |age| format!(" for {}", super::length(age, false)));
    let differ = if lock.disagree { "; master and node were read at different moments" } else { "" };
    format!("DLM: granted {}{wanted}, {}{age}, told by {by}{differ}", lock.granted, lock.queue.word())
}
