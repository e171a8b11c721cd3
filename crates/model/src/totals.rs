//! Sums over everything active, shown or not.

use crate::row::LockRow;
use formats::ocfs2::LockType;
use sample::Omitted;
use std::collections::BTreeMap;

/// What all locks of a file system add up to in one interval, over the nodes that answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Acquisitions at EX.
    pub ex_gets: u64,
    /// Time spent acquiring EX, ns.
    pub ex_ns: u64,
    /// Acquisitions at PR.
    pub pr_gets: u64,
    /// Time spent acquiring PR, ns.
    pub pr_ns: u64,
    /// Active locks by type letter; a lock active on three nodes counts three, as in o2locktop.
    pub active: BTreeMap<LockType, u64>,
    /// Active locks that the samples left out, over all nodes; their acquisitions are in the sums.
    pub omitted: u64,
    /// Locks that wait, on at least one node.
    pub waiting: u64,
    /// Locks that are stuck.
    pub stuck: u64,
}

impl Totals {
    /// Adds a row's parts.
    pub fn add_row(&mut self, row: &LockRow) {
        self.waiting += u64::from(row.figures.wait.is_some());
        self.stuck += u64::from(row.figures.stuck);
        for part in row.nodes.iter().filter(|part| part.missed_ns.is_none()) {
            let (pr, ex) = (&part.figures.pr, &part.figures.ex);
            self.ex_gets = self.ex_gets.saturating_add(ex.gets);
            self.ex_ns = self.ex_ns.saturating_add(ex.total_ns);
            self.pr_gets = self.pr_gets.saturating_add(pr.gets);
            self.pr_ns = self.pr_ns.saturating_add(pr.total_ns);
            if !pr.is_zero() || !ex.is_zero() {
                *self.active.entry(row.kind()).or_default() += 1;
            }
        }
    }

    /// Adds what a node's sample summed up only.
    pub fn add_omitted(&mut self, omitted: &Omitted) {
        self.ex_gets = self.ex_gets.saturating_add(omitted.ex_gets);
        self.ex_ns = self.ex_ns.saturating_add(omitted.ex_ns);
        self.pr_gets = self.pr_gets.saturating_add(omitted.pr_gets);
        self.pr_ns = self.pr_ns.saturating_add(omitted.pr_ns);
        self.omitted = self.omitted.saturating_add(omitted.locks);
    }

    /// Active locks of all types.
    pub fn active_total(&self) -> u64 {
        self.active.values().sum::<u64>() + self.omitted
    }

    /// The types, most frequent first.
    pub fn by_frequency(&self) -> Vec<(LockType, u64)> {
        let mut types: Vec<_> = self.active.iter().map(|(&kind, &count)| (kind, count)).collect();
        types.sort_by_key(|&(kind, count)| (std::cmp::Reverse(count), kind));
        types
    }
}
