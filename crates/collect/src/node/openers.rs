//! Who brought the inodes into memory on which the nodes have iopen locks, as the DLM tells: an iopen lock is asked for once, in the
//! context of the process that needs the inode (`gfs2_inode_lookup`, then `gdlm_lock`), and the DLM keeps that pid (`lkb_ownpid`).
//! This costs nothing beside the dump that the masters are counted in, tells of a process that has ended too, and does not depend on
//! whether the kernel names a glock's holder.

use super::files::NodeFiles;
use formats::Mode;
use formats::gfs2::GlockType;
use sample::lockspace::{MasterCensus, Opener, Queue, Resource};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Processes that are counted.
const MOST_PROCESSES: usize = 4096;
/// Processes of each node that are told.
const MOST_TOLD: usize = 5;

/// Locks by node (`None`: this one) and pid.
#[derive(Debug, Default)]
pub struct Openers {
    locks: HashMap<(Option<u32>, u32), u64>,
    all: HashMap<Option<u32>, u64>,
}

impl Openers {
    /// Counts the locks of a resource, if it is an iopen glock's.
    pub fn note(&mut self, resource: &Resource) {
        if resource.name.glock().is_none_or(|glock| glock.kind != GlockType::IOPEN) {
            return;
        }
        // A lock in another mode was asked for again since: to delete the inode, or by a kernel thread that gave it up.
        for lock in resource.locks.iter().filter(|lock| lock.queue == Queue::Granted && lock.granted == Mode::PR) {
            *self.all.entry(lock.node).or_default() += 1;
            let Some(pid) = lock.pid.filter(|pid| *pid > 0) else { continue };
            let key = (lock.node, pid);
            if let Some(count) = self.locks.get_mut(&key) {
                *count += 1;
            } else if self.locks.len() < MOST_PROCESSES {
                self.locks.insert(key, 1);
            }
        }
    }

    /// Tells it in `census`, with the names of this node's processes.
    pub fn tell(self, files: &dyn NodeFiles, census: &mut MasterCensus) {
        let mut all: Vec<((Option<u32>, u32), u64)> = self.locks.into_iter().collect();
        all.sort_unstable_by_key(|&(key, locks)| (Reverse(locks), key));
        let mut told: HashMap<Option<u32>, usize> = HashMap::new();
        for ((node, pid), locks) in all {
            let of_node = told.entry(node).or_default();
            *of_node += 1;
            if *of_node <= MOST_TOLD {
                let comm = if node.is_none() { comm(files, pid) } else { None };
                let of = self.all.get(&node).copied().unwrap_or(locks);
                census.openers.push(Opener { node, pid, comm, locks, of });
            }
        }
    }
}

fn comm(files: &dyn NodeFiles, pid: u32) -> Option<String> {
    files.read(&format!("/proc/{pid}/comm"), 64).ok().and_then(|text| formats::proc::comm::parse(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::RootFiles;
    use formats::dlm::ResourceName;
    use formats::gfs2::GlockName;
    use sample::lockspace::{Master, ResourceLock};

    fn resource(glock: &str, locks: &[(Option<u32>, Mode, u32)]) -> Resource {
        let lock = |&(node, granted, pid): &(Option<u32>, Mode, u32)| ResourceLock {
            node,
            queue: Queue::Granted,
            granted,
            requested: None,
            pid: Some(pid),
            age_ns: None,
            asked_ago_ns: None,
            id: None,
        };
        Resource {
            name: ResourceName::from(GlockName::parse(glock.as_bytes()).unwrap()),
            master: Master::Here,
            locks: locks.iter().map(lock).collect(),
            inactive: false,
            state: None,
            lvb: None,
            referenced_by: Vec::new(),
        }
    }

    #[test]
    fn iopen_locks_by_who_asked_for_them_with_the_names_of_those_who_live() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc/1405")).unwrap();
        std::fs::write(root.path().join("proc/1405/comm"), "find\n").unwrap();
        let mut openers = Openers::default();
        for number in 0..100 {
            openers.note(&resource(&format!("5/{number:x}"), &[(None, Mode::PR, 1405), (Some(2), Mode::PR, 88)]));
            openers.note(&resource(&format!("2/{number:x}"), &[(None, Mode::EX, 1)]));
        }
        openers.note(&resource("5/777", &[(None, Mode::PR, 9)]));
        openers.note(&resource("5/778", &[(None, Mode::NL, 37), (Some(2), Mode::PR, 0)]));
        let mut census = MasterCensus::default();
        openers.tell(&RootFiles::capture(root.path()), &mut census);
        let told: Vec<_> = census.openers.iter().map(|of| (of.node, of.pid, of.comm.as_deref(), of.locks, of.of)).collect();
        assert_eq!(told, [(None, 1405, Some("find"), 100, 101), (Some(2), 88, None, 100, 101), (None, 9, None, 1, 101)]);
    }

    #[test]
    fn few_of_very_many_processes_are_told() {
        let mut openers = Openers::default();
        for pid in 1..=6000 {
            openers.note(&resource(&format!("5/{pid:x}"), &[(None, Mode::PR, pid)]));
        }
        let mut census = MasterCensus::default();
        openers.tell(&RootFiles::capture("/nonexistent"), &mut census);
        assert_eq!(census.openers.len(), MOST_TOLD);
        assert!(census.openers.iter().all(|opener| (opener.locks, opener.of) == (1, 6000)));
    }
}
