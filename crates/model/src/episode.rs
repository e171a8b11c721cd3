//! Waits that got stuck, from their start to their end.

use crate::row::LockRow;
use crate::time::ViewTime;
use formats::ocfs2::LockName;
use formats::ocfs2::lock_state::Wanted;
use std::collections::VecDeque;

/// One lock that was stuck for a while, on one node or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// File system.
    pub uuid: String,
    /// Lock.
    pub name: LockName,
    /// Start of the earliest wait, µs since the epoch by that node's clock; `None` where the kernel does not record it.
    pub since_us: Option<u64>,
    /// The nodes that waited.
    pub waits: Vec<NodeWait>,
    /// Nodes that held it at a level that cannot be shared with the waiters.
    pub holders: Vec<usize>,
    /// When it was seen waiting last, by the viewer.
    pub last_seen: ViewTime,
    /// When it was first seen free again; `None` while it is under way or cannot be seen.
    pub ended: Option<ViewTime>,
}

/// One node's wait.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeWait {
    /// Number of the node.
    pub node: usize,
    /// Its start by the node's clock.
    pub since_us: Option<u64>,
    /// The longest length that was seen, ns.
    pub longest_ns: u64,
    /// The length is a lower bound.
    pub at_least: bool,
    /// It was over at most so long after its start, ns: the node's next sample showed no wait. `None`: not seen to be over.
    pub over_after_ns: Option<u64>,
    /// What it waits for.
    pub wanted: Wanted,
    /// Handles that waited at once, at most.
    pub handles: u32,
}

impl Episode {
    /// Length of the longest wait that was seen, ns: from its start to the last sight of it.
    pub fn longest_ns(&self) -> u64 {
        self.waits.iter().map(|wait| wait.longest_ns).max().unwrap_or(0)
    }
}

/// Ended episodes that are kept.
const MOST_ENDED: usize = 200;

/// The episodes of a cluster.
#[derive(Debug, Default)]
pub struct Episodes {
    open: Vec<Episode>,
    ended: VecDeque<Episode>,
}

impl Episodes {
    /// Follows one file system's rows. `clock`: a node's clock at its last sample, if its numbers count now; µs since the
    /// epoch, `Some(None)` where it is not known. Returns the episodes that ended.
    pub fn follow(&mut self, uuid: &str, rows: &[LockRow], now: ViewTime, clock: &dyn Fn(usize) -> Option<Option<u64>>) -> Vec<Episode> {
        for row in rows.iter().filter(|row| row.figures.stuck) {
            let known = self.open.iter().position(|episode| episode.uuid == uuid && episode.name == row.name);
            let at = known.unwrap_or_else(|| {
                self.open.push(Episode {
                    uuid: uuid.to_owned(),
                    name: row.name,
                    since_us: None,
                    waits: Vec::new(),
                    holders: Vec::new(),
                    last_seen: now,
                    ended: None,
                });
                self.open.len() - 1
            });
            if let Some(episode) = self.open.get_mut(at) {
                episode.see(row, now);
            }
        }
        let counts = |node: usize| clock(node).is_some();
        let mut ended = Vec::new();
        self.open.retain_mut(|episode| {
            if episode.uuid != uuid {
                return true;
            }
            let row = rows.iter().find(|row| row.name == episode.name);
            for wait in episode.waits.iter_mut().filter(|wait| wait.over_after_ns.is_none()) {
                let waits = row.and_then(|row| row.on(wait.node)).is_some_and(|part| part.figures.wait.is_some());
                if let (false, Some(Some(clock)), Some(since)) = (waits, clock(wait.node), wait.since_us) {
                    wait.over_after_ns = Some(clock.saturating_sub(since).saturating_mul(1000).max(wait.longest_ns));
                }
            }
            if episode.last_seen == now {
                return true;
            }
            // Free only if the nodes that waited can be seen: a dead node's wait has no known end.
            let waits_on = row.is_some_and(|row| row.figures.wait.is_some());
            if waits_on || !episode.waits.iter().any(|wait| counts(wait.node)) {
                return true;
            }
            episode.ended = Some(now);
            ended.push(episode.clone());
            false
        });
        for episode in &ended {
            self.ended.push_back(episode.clone());
            if self.ended.len() > MOST_ENDED {
                self.ended.pop_front();
            }
        }
        ended
    }

    /// Those under way.
    pub fn open(&self) -> &[Episode] {
        &self.open
    }

    /// Those that ended, oldest first.
    pub fn ended(&self) -> impl Iterator<Item = &Episode> {
        self.ended.iter()
    }
}

impl Episode {
    fn see(&mut self, row: &LockRow, now: ViewTime) {
        self.last_seen = now;
        for part in &row.nodes {
            if let Some(wait) = &part.figures.wait {
                self.since_us = match (self.since_us, wait.since_us) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                let seen = NodeWait {
                    node: part.node,
                    since_us: wait.since_us,
                    longest_ns: wait.for_ns,
                    at_least: wait.at_least,
                    over_after_ns: None,
                    wanted: wait.wanted,
                    handles: part.figures.waiting_handles,
                };
                match self.waits.iter_mut().find(|known| known.node == part.node) {
                    None => self.waits.push(seen),
                    Some(known) => {
                        known.handles = known.handles.max(seen.handles);
                        if seen.longest_ns > known.longest_ns || seen.since_us != known.since_us {
                            *known = NodeWait { handles: known.handles, ..seen };
                        }
                    }
                }
            } else if part.state.level >= formats::ocfs2::Level::PR && !self.holders.contains(&part.node) {
                self.holders.push(part.node);
            }
        }
    }
}
