//! What the viewer looks at in the DLMs and among the processes, told within the costs that a node can bear.

use super::files::NodeFiles;
use super::paths::Paths;
use super::{dlm_reader, o2dlm_reader};
use sample::gfs2::Gfs2Sample;
use sample::lockspace::{Dlm, LockspaceSample, Queue};
use sample::message::Look;
use sample::task::TaskRequest;
use sample::{FileSystem, FromNode, GlockSample, NodeClock};
use std::collections::{BTreeMap, BTreeSet};

/// A DLM's list is read again after this at the earliest, ns, unless something else is asked for: each pass over o2dlm's makes the
/// kernel log, and the kernel DLM's can be quadratic.
const READ_AGAIN_AFTER_NS: u64 = 10_000_000_000;
/// Reading is repeated at most so often that it takes a twentieth of the time.
const COST_FACTOR: u64 = 20;

/// See the module's text.
#[derive(Debug, Default)]
pub struct Lockspaces {
    look: Look,
    /// When each lockspace's resources were read last, ns, and how long that took.
    read_at: BTreeMap<(Dlm, String), (u64, u64)>,
    /// When each unanswered message was first seen, ns: the kernel's DLM tells no time.
    unanswered: BTreeMap<Message, u64>,
    paths: Paths,
}

/// A message, as it can be known again: lockspace, node, what it is and about which resource.
type Message = (Dlm, String, u32, String, Option<String>);

impl Lockspaces {
    /// What the viewer looks at from now on.
    pub fn look(&mut self, look: Look) {
        // Paths are asked for without the DLM's list.
        if (Look { paths: self.look.paths.clone(), ..look.clone() }) != self.look {
            self.read_at.clear();
        }
        self.look = look;
    }

    /// What it looks at.
    pub fn looked_at(&self) -> &Look {
        &self.look
    }

    /// Tells the lockspaces, and the processes behind what they and `gfs2` tell.
    pub fn tell(
        &mut self,
        files: &dyn NodeFiles,
        now: &mut dyn FnMut() -> NodeClock,
        file_systems: &[FileSystem],
        gfs2: &[&Gfs2Sample],
    ) -> Vec<FromNode> {
        let mut samples = Vec::new();
        for name in dlm_reader::lockspaces(files) {
            samples.extend(self.one(Dlm::Kernel, name, files, now, file_systems));
        }
        for name in o2dlm_reader::lockspaces(files) {
            samples.extend(self.one(Dlm::O2dlm, name, files, now, file_systems));
        }
        self.follow_unanswered(&mut samples);
        let mut messages = Vec::new();
        if self.look.tasks {
            let request = self.request(file_systems, gfs2, &samples);
            let mut told = files.tasks(&request);
            let known = (file_systems, gfs2, samples.as_slice());
            told.paths = self.paths.tell(files, now().monotonic_ns, &self.look.paths, known, &told);
            messages.push(FromNode::Tasks(Box::new(told)));
        }
        messages.extend(samples.into_iter().map(|sample| FromNode::Lockspace(Box::new(sample))));
        messages
    }

    fn one(
        &mut self,
        dlm: Dlm,
        name: String,
        files: &dyn NodeFiles,
        now: &mut dyn FnMut() -> NodeClock,
        file_systems: &[FileSystem],
    ) -> Option<LockspaceSample> {
        let is_ours = file_systems.iter().any(|file_system| file_system.lockspace() == name);
        if !is_ours && self.look.is_nothing() {
            return None;
        }
        let key = (dlm, name);
        let clock = now().monotonic_ns;
        let due = self
            .read_at
            .get(&key)
            .is_none_or(|&(at, took)| clock.saturating_sub(at) >= READ_AGAIN_AFTER_NS.max(took.saturating_mul(COST_FACTOR)));
        // A recording costs nobody anything.
        let may_read = !files.can_repeat() || due;
        let nothing = Look::default();
        let look = if may_read { &self.look } else { &nothing };
        let mut sample = match dlm {
            Dlm::Kernel => dlm_reader::sample(files, now, &key.1, file_systems, look),
            Dlm::O2dlm => o2dlm_reader::sample(files, now, &key.1, file_systems, look),
        };
        sample.kept = !may_read && !self.look.is_nothing();
        if !look.is_nothing() {
            self.read_at.insert(key, (clock, sample.reading.wall_us.saturating_mul(1000)));
        }
        Some(sample)
    }

    /// For how long each message without a time has been seen.
    fn follow_unanswered(&mut self, samples: &mut [LockspaceSample]) {
        let mut now = BTreeMap::new();
        for sample in samples {
            let clock = sample.clock.monotonic_ns;
            for message in sample.unanswered.iter_mut().filter(|message| message.for_ns.is_none()) {
                let key = (sample.dlm, sample.lockspace.clone(), message.node, message.message.clone(), message.resource.clone());
                let first = self.unanswered.get(&key).copied().unwrap_or(clock);
                message.for_ns = Some(clock.saturating_sub(first));
                now.insert(key, first);
            }
        }
        self.unanswered = now;
    }

    /// The processes that hold or wait, by what was just read.
    fn request(&self, file_systems: &[FileSystem], gfs2: &[&Gfs2Sample], lockspaces: &[LockspaceSample]) -> TaskRequest {
        let mut pids = BTreeSet::new();
        let mut inodes: BTreeSet<u64> = self.look.inodes.iter().copied().collect();
        let mut search = false;
        for name in &self.look.resources {
            inodes.extend(name.inode());
            // OCFS2 tells no pid at all.
            search |= name.ocfs2().is_some();
        }
        let notable = |glock: &&GlockSample| glock.demote.is_some() || glock.holders.iter().any(|holder| holder.waiting);
        for glock in gfs2.iter().flat_map(|sample| &sample.glocks).filter(notable) {
            pids.extend(glock.holders.iter().filter_map(|holder| holder.pid));
            inodes.extend(glock.name.inode());
        }
        for resource in lockspaces.iter().flat_map(|sample| &sample.resources) {
            if resource.locks.iter().any(|lock| lock.queue != Queue::Granted) {
                inodes.extend(resource.name.inode());
            }
            let own_waits = resource.locks.iter().any(|lock| lock.node.is_none() && lock.queue != Queue::Granted);
            search |= own_waits && resource.name.ocfs2().is_some();
        }
        TaskRequest {
            pids: pids.into_iter().collect(),
            inodes: inodes.into_iter().collect(),
            devices: file_systems.iter().filter_map(|file_system| file_system.device).collect(),
            tables: gfs2.iter().map(|sample| sample.table.clone()).collect(),
            search,
        }
    }
}
