//! What is known of a node, and of each file system on it.

use crate::lockspace_said::LockspaceSaid;
use crate::row::NodeFigures;
use crate::time::ViewTime;
use formats::ocfs2::LockName;
use sample::lockspace::Dlm;
use sample::message::Hello;
use sample::{DumpReport, Fault, FaultKind, FileSystem, Gfs2Sample, Link, NodeClock, Omitted, Pace, Sample, StatsKept, TasksSample, Way};
use std::collections::{BTreeMap, HashMap};

/// How a node (or a file system on it) stands at a tick.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeState {
    /// No connection yet, the so-manieth attempt.
    Connecting(u32),
    /// Connected, first sample awaited.
    Waiting,
    /// Its last sample is fresh.
    Live,
    /// Its last sample is this old, µs: too old to count.
    Late(u64),
    /// It gives no samples, for this reason.
    Down(Fault),
}

impl NodeState {
    /// Whether its numbers count.
    pub fn counts(&self) -> bool {
        matches!(self, NodeState::Live)
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            NodeState::Connecting(_) => "connecting",
            NodeState::Waiting => "waiting",
            NodeState::Live => "live",
            NodeState::Late(_) => "late",
            NodeState::Down(fault) => fault.kind.words(),
        }
    }
}

/// A node as a snapshot tells it, for one file system.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Number.
    pub node: usize,
    /// Name as the user gave it.
    pub name: String,
    /// State for this file system.
    pub state: NodeState,
    /// Which way its data comes.
    pub way: Option<Way>,
    /// When its last sample came, µs ago.
    pub age_us: Option<u64>,
    /// Whether the sample is new since the last tick; if not, its numbers were told before.
    pub fresh: bool,
    /// The last sample but its locks.
    pub last: Option<SampleHead>,
    /// Its clock is ahead of the viewer's by so much, µs; `None` where one is not known.
    pub ahead_us: Option<i64>,
    /// The file system as the node has it.
    pub file_system: Option<FileSystem>,
    /// Who answers there.
    pub hello: Option<Hello>,
}

/// A sample without its locks.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleHead {
    /// Counts from 1.
    pub seq: u64,
    /// The node's clocks.
    pub clock: NodeClock,
    /// The clocks when its last pass began.
    pub clock_last: NodeClock,
    /// Time since the sample before, ns.
    pub interval_ns: Option<u64>,
    /// How the dump went.
    pub dump: DumpReport,
    /// Known locks.
    pub known: u64,
    /// By type.
    pub census: Vec<(char, u64)>,
    /// Made, made again, gone.
    pub made: u64,
    /// Freed and made again.
    pub made_again: u64,
    /// Not seen any more.
    pub gone: u64,
    /// Whether the kernel counts.
    pub stats: StatsKept,
    /// Left out.
    pub omitted: Omitted,
    /// Pace.
    pub pace: Pace,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) link: Link,
    pub(crate) hello: Option<Hello>,
    pub(crate) fault: Option<Fault>,
    pub(crate) file_systems: BTreeMap<String, OnNode>,
    /// Faults of places that are no file system here (a mount point that is not there).
    pub(crate) place_faults: BTreeMap<String, Fault>,
    /// Whether the node has told its file systems.
    pub(crate) told: bool,
    /// What its DLMs said last, by DLM and lockspace.
    pub(crate) lockspaces: BTreeMap<(Dlm, String), LockspaceSaid>,
    /// What was said last of its processes.
    pub(crate) tasks: Option<(TasksSample, ViewTime)>,
}

/// One file system on one node.
#[derive(Debug, Default)]
pub(crate) struct OnNode {
    pub(crate) file_system: Option<FileSystem>,
    pub(crate) fault: Option<Fault>,
    pub(crate) head: Option<SampleHead>,
    pub(crate) came: ViewTime,
    pub(crate) ahead_us: Option<i64>,
    /// Since the last tick.
    pub(crate) fresh: bool,
    pub(crate) ticked: bool,
    /// Its numbers counted at the last tick.
    pub(crate) counted: bool,
    pub(crate) locks: HashMap<LockName, (bool, NodeFigures)>,
    /// The last sample of a GFS2.
    pub(crate) gfs2: Option<Gfs2Sample>,
}

impl Node {
    pub(crate) fn new(name: String) -> Node {
        Node {
            name,
            link: Link::Connecting(1),
            hello: None,
            fault: None,
            file_systems: BTreeMap::new(),
            place_faults: BTreeMap::new(),
            told: false,
            lockspaces: BTreeMap::new(),
            tasks: None,
        }
    }

    /// Forgets all that it said: its connection is lost, or its collector starts anew.
    pub(crate) fn forget(&mut self) {
        self.fault = None;
        self.place_faults.clear();
        self.told = false;
        self.lockspaces.clear();
        self.tasks = None;
        for on_node in self.file_systems.values_mut() {
            on_node.forget();
            on_node.fault = None;
        }
    }

    /// State as far as no single file system is concerned.
    pub(crate) fn state(&self) -> NodeState {
        match &self.link {
            Link::Connecting(attempt) => NodeState::Connecting(*attempt),
            Link::Down { fault, .. } => NodeState::Down(fault.clone()),
            Link::Up(_) => match (&self.fault, self.place_faults.values().next()) {
                (Some(fault), _) => NodeState::Down(fault.clone()),
                (None, Some(fault)) if self.file_systems.is_empty() => NodeState::Down(fault.clone()),
                _ => NodeState::Waiting,
            },
        }
    }

    /// State for one file system.
    pub(crate) fn state_of(&self, uuid: &str, now: ViewTime) -> NodeState {
        let node = self.state();
        if node != NodeState::Waiting {
            return node;
        }
        let Some(on_node) = self.file_systems.get(uuid) else {
            let fault = self.place_faults.values().next().cloned();
            let not_here = || Fault::new(FaultKind::NotMounted, "this file system is not mounted on the node");
            return if self.told { NodeState::Down(fault.unwrap_or_else(not_here)) } else { NodeState::Waiting };
        };
        if let Some(fault) = &on_node.fault {
            return NodeState::Down(fault.clone());
        }
        let Some(head) = &on_node.head else { return NodeState::Waiting };
        let age_us = now.since_us(on_node.came);
        if age_us >= late_after_us(head) { NodeState::Late(age_us) } else { NodeState::Live }
    }
}

/// How far the node's clock is ahead of the viewer's, µs. The dump began before the sample came, by about the time that it took.
fn ahead_us(clock: &NodeClock, wall_us: u64, now: ViewTime) -> Option<i64> {
    i64::try_from(i128::from(clock.realtime_us?) + i128::from(wall_us) - i128::from(now.realtime_us?)).ok()
}

/// A sample is late when nearly two of the node's own intervals have passed without a next one.
fn late_after_us(head: &SampleHead) -> u64 {
    head.pace.kept_ms.saturating_mul(1900).saturating_add(head.pace.wall_us).max(500_000)
}

impl OnNode {
    /// Forgets its numbers: they are of no moment that can be named any more.
    pub(crate) fn forget(&mut self) {
        self.locks.clear();
        self.gfs2 = None;
        self.head = None;
    }

    /// Takes a sample of a GFS2. Counts of those that come between two ticks are added up.
    pub(crate) fn take_gfs2(&mut self, mut sample: Gfs2Sample, now: ViewTime) {
        let told_before = std::mem::take(&mut self.ticked);
        if let Some(earlier) = self.gfs2.take().filter(|earlier| self.fresh && !told_before && earlier.interval_ns.is_some()) {
            crate::glock_row::add_earlier(&mut sample, &earlier);
        }
        self.ahead_us = ahead_us(&sample.clock, sample.pace.wall_us, now);
        self.head = Some(SampleHead {
            seq: sample.seq,
            clock: sample.clock,
            clock_last: sample.clock,
            interval_ns: sample.interval_ns,
            dump: sample.dump.clone(),
            known: sample.known,
            census: Vec::new(),
            made: 0,
            made_again: 0,
            gone: 0,
            stats: StatsKept::Yes,
            omitted: Omitted { locks: sample.omitted, ..Omitted::default() },
            pace: sample.pace,
        });
        self.gfs2 = Some(sample);
        self.came = now;
        self.fresh = true;
        self.fault = None;
    }

    /// Takes a sample. Those that come between two ticks are added up.
    pub(crate) fn take(&mut self, node: usize, sample: Sample, now: ViewTime, stuck_after_ns: u64) {
        let lost_before = std::mem::take(&mut self.ticked);
        // Counts since each lock was made are not added to those of an interval.
        let was_first = self.head.as_ref().is_some_and(|head| head.interval_ns.is_none()) && sample.interval_ns.is_some();
        let before = if lost_before || !self.fresh || was_first { std::mem::take(&mut self.locks) } else { HashMap::new() };
        for lock in sample.locks {
            let (name, system) = (lock.name, lock.system);
            if let Some((_, part)) = self.locks.get_mut(&name) {
                part.add(lock, stuck_after_ns);
            } else {
                let known = before.get(&name).map(|(_, part)| part);
                self.locks.insert(name, (system, NodeFigures::new(node, lock, known, stuck_after_ns)));
            }
        }
        self.ahead_us = ahead_us(&sample.clock, sample.pace.wall_us, now);
        self.head = Some(SampleHead {
            seq: sample.seq,
            clock: sample.clock,
            clock_last: sample.clock_last,
            interval_ns: sample.interval_ns,
            dump: sample.dump,
            known: sample.known,
            census: sample.census,
            made: sample.made,
            made_again: sample.made_again,
            gone: sample.gone,
            stats: sample.stats,
            omitted: sample.omitted,
            pace: sample.pace,
        });
        self.came = now;
        self.fresh = true;
        self.fault = None;
    }
}
