//! One lock in a snapshot: its figures on each node, and merged over the nodes.

use formats::ocfs2::{LockName, LockState, LockType};
use sample::lock_sample::Life;
use sample::{LevelDelta, LockSample, Wait};

/// What is told of a lock, on one node or merged over nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Protected read in the interval.
    pub pr: LevelDelta,
    /// Exclusive in the interval.
    pub ex: LevelDelta,
    /// The kernel keeps no statistics for it: `pr` and `ex` are unknown, not 0.
    pub unknown: bool,
    /// The time that the deltas cover, ns, the longest of the nodes; `None`: since the lock was made.
    pub over_ns: Option<u64>,
    /// The longest wait under way.
    pub wait: Option<Wait>,
    /// Waits of this length are stuck.
    pub stuck: bool,
    /// Open handles that share the name (flock), or 1.
    pub handles: u32,
    /// How many of them wait.
    pub waiting_handles: u32,
    /// Average wait, PR and EX, as o2locktop ranks: half the sum of both averages, ns, summed over nodes.
    pub rank_ns: u64,
    /// Refreshes from disk since the lock was made, summed over nodes.
    pub refresh: u64,
}

impl Figures {
    /// Time spent acquiring, ns.
    pub fn total_ns(&self) -> u64 {
        self.pr.total_ns.saturating_add(self.ex.total_ns)
    }

    /// Acquisitions.
    pub fn gets(&self) -> u64 {
        self.pr.gets.saturating_add(self.ex.gets)
    }

    /// Longest single acquisition since the lock was made, ns; 0 if none.
    pub fn max_ns(&self) -> u64 {
        self.pr.max_ns.max(self.ex.max_ns)
    }

    /// Length of the wait under way, ns; 0 if none.
    pub fn waiting_ns(&self) -> u64 {
        self.wait.as_ref().map_or(0, |wait| wait.for_ns)
    }
}

/// One node's part of a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFigures {
    /// Number of the node.
    pub node: usize,
    /// Its figures. If `missed`, they are of the node's last sight of the lock, and count in no sum.
    pub figures: Figures,
    /// State of the lock on the node.
    pub state: LockState,
    /// The node's last dump lacks the lock (the kernel lost the record): how long ago it was seen, ns.
    pub missed_ns: Option<u64>,
    /// Intervals in a row in which it was acquired here; halved by each dump that lacks it.
    pub streak: u32,
    /// How it came about.
    pub life: Life,
    /// LVB as hex digits, if it was asked for.
    pub lvb: Option<String>,
    /// Fields of a later format.
    pub rest: Option<String>,
}

impl NodeFigures {
    /// From a sample's lock. `before`: what was known of it on this node, for a dump that lacks it.
    pub fn new(node: usize, lock: LockSample, before: Option<&NodeFigures>, stuck_after_ns: u64) -> NodeFigures {
        let missed = lock.seen_ago_ns > 0;
        let (pr, ex) = match before {
            Some(before) if missed => (before.figures.pr, before.figures.ex),
            _ => (lock.pr, lock.ex),
        };
        let half = |level: &LevelDelta| level.average_ns().unwrap_or(0);
        let known_streak = before.map_or(0, |before| before.streak);
        let streak = match (missed, pr.is_zero() && ex.is_zero()) {
            (true, _) => known_streak / 2,
            (false, true) => 0,
            (false, false) => known_streak + 1,
        };
        // A lock that has been hot for a while is taken to be so still when one dump lacks it; what happened once is over.
        let counts_in_rank = !missed || streak >= 2;
        let figures = Figures {
            pr,
            ex,
            unknown: lock.stats_unknown,
            over_ns: lock.over_ns,
            stuck: lock.wait.as_ref().is_some_and(|wait| wait.for_ns >= stuck_after_ns),
            wait: lock.wait,
            handles: lock.handles,
            waiting_handles: lock.waiting_handles,
            rank_ns: if counts_in_rank { u64::midpoint(half(&pr), half(&ex)) } else { 0 },
            refresh: u64::from(lock.refresh),
        };
        NodeFigures {
            node,
            figures,
            state: lock.state,
            missed_ns: missed.then_some(lock.seen_ago_ns),
            streak,
            life: lock.life,
            lvb: lock.lvb,
            rest: lock.rest,
        }
    }

    /// The part without what happened: of a sample that was told before. `None` if nothing waits.
    pub fn without_counts(&self) -> Option<NodeFigures> {
        self.figures.wait.as_ref()?;
        let mut part = self.clone();
        for level in [&mut part.figures.pr, &mut part.figures.ex] {
            *level = LevelDelta { max_ns: level.max_ns, last_us: level.last_us, ..LevelDelta::default() };
        }
        part.figures.rank_ns = 0;
        part.figures.over_ns = Some(0);
        Some(part)
    }

    /// Adds a later sample of the same tick.
    pub fn add(&mut self, later: LockSample, stuck_after_ns: u64) {
        if later.seen_ago_ns > 0 {
            return;
        }
        let (mut pr, mut ex) = (self.figures.pr, self.figures.ex);
        let was_missed = self.missed_ns.is_some();
        let over = (self.figures.over_ns, later.over_ns);
        let streak = self.streak;
        let next = NodeFigures { streak, ..NodeFigures::new(self.node, later, None, stuck_after_ns) };
        if was_missed {
            *self = next;
            return;
        }
        pr.add(&next.figures.pr);
        ex.add(&next.figures.ex);
        *self = next;
        self.figures.pr = pr;
        self.figures.ex = ex;
        self.figures.over_ns = over.0.zip(over.1).map(|(a, b)| a.saturating_add(b));
    }
}

/// One lock of one file system.
#[derive(Clone, Debug, PartialEq)]
pub struct LockRow {
    /// Name.
    pub name: LockName,
    /// About a system file of the volume.
    pub system: bool,
    /// Merged over nodes; nodes whose dump lacks the lock are in the rank only.
    pub figures: Figures,
    /// Which node's wait is the longest.
    pub longest_wait_node: Option<usize>,
    /// Each node's part.
    pub nodes: Vec<NodeFigures>,
    /// Time spent acquiring it in each tick of the last minute, ns, oldest first.
    pub trend: Vec<u64>,
}

impl LockRow {
    /// Merges the parts.
    pub fn merge(name: LockName, system: bool, nodes: Vec<NodeFigures>) -> LockRow {
        let mut figures = Figures { over_ns: Some(0), ..Figures::default() };
        let mut longest_wait_node = None;
        let all_unknown = !nodes.is_empty() && nodes.iter().all(|part| part.figures.unknown);
        for part in &nodes {
            let of = &part.figures;
            if part.missed_ns.is_none() {
                figures.pr.add(&of.pr);
                figures.ex.add(&of.ex);
                figures.over_ns = figures.over_ns.zip(of.over_ns).map(|(a, b)| a.max(b));
            }
            figures.rank_ns = figures.rank_ns.saturating_add(of.rank_ns);
            figures.refresh = figures.refresh.saturating_add(of.refresh);
            figures.handles = figures.handles.saturating_add(of.handles);
            figures.waiting_handles = figures.waiting_handles.saturating_add(of.waiting_handles);
            figures.stuck |= of.stuck;
            if of.wait.is_some() && (figures.wait.is_none() || of.waiting_ns() > figures.waiting_ns()) {
                figures.wait.clone_from(&of.wait);
                longest_wait_node = Some(part.node);
            }
        }
        figures.unknown = all_unknown;
        LockRow { name, system, figures, longest_wait_node, nodes, trend: Vec::new() }
    }

    /// The type.
    pub fn kind(&self) -> LockType {
        self.name.kind()
    }

    /// This node's part.
    pub fn on(&self, node: usize) -> Option<&NodeFigures> {
        self.nodes.iter().find(|part| part.node == node)
    }

    /// Whether anything happened or waits: what the list of locks shows. Others are there because they were asked for.
    pub fn is_hot(&self) -> bool {
        self.figures.wait.is_some() || !self.figures.pr.is_zero() || !self.figures.ex.is_zero() || self.figures.rank_ns > 0
    }
}
