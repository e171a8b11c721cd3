//! How long writes block: from the fault until the nodes that are gone are counted as dead; their recovery comes on top.

use super::cluster::Cluster;
use super::event::{Event, Rule};
use super::fault::{Fault, What};
use super::outlook::Window;
use std::collections::{BTreeMap, BTreeSet};

/// How long recovery of a dead node's locks and journal took where it was watched, seconds: three nodes, small volumes, 6.1.
pub const RECOVERY_SEEN_S: (u32, u32) = (4, 7);

/// How long a write of a node that is left may block, at most; what needs no lock of a node that is gone does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Not at all.
    No,
    /// For this long, milliseconds.
    For(Window),
    /// Until whoever caused the fault ends it.
    WhileItLasts,
    /// Nobody is left.
    NobodyLeft,
}

impl Blocked {
    /// The worse of two that may come.
    #[must_use]
    pub fn or(self, other: Blocked) -> Blocked {
        match (self, other) {
            (Blocked::NobodyLeft, _) | (_, Blocked::NobodyLeft) => Blocked::NobodyLeft,
            (Blocked::WhileItLasts, _) | (_, Blocked::WhileItLasts) => Blocked::WhileItLasts,
            (Blocked::For(one), Blocked::For(other)) => Blocked::For(one.and(other)),
            (Blocked::No, other) => other,
            (one, Blocked::No) => one,
        }
    }

    /// The longer of two that both come.
    fn longer(self, other: Blocked) -> Blocked {
        match (self, other) {
            (Blocked::For(one), Blocked::For(other)) => {
                Blocked::For(Window { earliest_ms: one.earliest_ms.max(other.earliest_ms), latest_ms: one.latest_ms.max(other.latest_ms) })
            }
            (one, other) => one.or(other),
        }
    }
}

/// What one run comes to.
pub(super) fn blocked(cluster: &Cluster, faults: &[Fault], log: &[(i64, Event)], survivors: &BTreeSet<usize>) -> Blocked {
    if survivors.is_empty() {
        return Blocked::NobodyLeft;
    }
    let mut deaths: BTreeMap<(usize, usize), i64> = BTreeMap::new();
    for (time, event) in log {
        if let Some(death) = event.death() {
            deaths.entry(death).or_insert(*time);
        }
    }
    let mut total = Blocked::No;
    for gone in (0..cluster.nodes.len()).filter(|node| !survivors.contains(node)) {
        let since = cause(faults, log, gone);
        for &node in survivors.intersection(&cluster.peers(gone)) {
            let one = deaths.get(&(node, gone)).map_or(Blocked::WhileItLasts, |time| Blocked::For(Window::at(time - since)));
            total = total.longer(one);
        }
    }
    for fault in faults {
        total = total.longer(by_itself(fault, survivors));
    }
    total
}

/// What a fault comes to for those that are left, apart from nodes that are gone by it.
fn by_itself(fault: &Fault, survivors: &BTreeSet<usize>) -> Blocked {
    let lasts = |more: i64| match fault.end_ms {
        Some(end) => Blocked::For(Window { earliest_ms: end - fault.start_ms, latest_ms: end - fault.start_ms + more }),
        None => Blocked::WhileItLasts,
    };
    match &fault.what {
        What::Stall(spot) if !spot.nodes.is_disjoint(survivors) => lasts(0),
        What::Split(_) if survivors.iter().any(|&one| survivors.iter().any(|&other| fault.cuts(one, other))) => {
            let away = fault.end_ms.unwrap_or(fault.start_ms) - fault.start_ms;
            lasts((away + 200).min(120_000))
        }
        _ => Blocked::No,
    }
}

/// When that began which the node is gone by.
fn cause(faults: &[Fault], log: &[(i64, Event)], gone: usize) -> i64 {
    let rule = log.iter().find_map(|(_, event)| match event {
        Event::Fences { node, rule } if *node == gone => Some(*rule),
        _ => None,
    });
    let caused = |fault: &&Fault| match (&fault.what, rule) {
        (What::Kill(node), None) => *node == gone,
        (What::Stall(spot) | What::IoError(spot), Some(Rule::WriteTimeout { region, .. })) => spot.has(gone, region),
        (What::Split(_), Some(Rule::Minority { .. } | Rule::HalfWithoutLowest { .. })) => true,
        _ => false,
    };
    let of = |faults: &mut dyn Iterator<Item = &Fault>| faults.map(|fault| fault.start_ms).min();
    of(&mut faults.iter().filter(caused)).or_else(|| of(&mut faults.iter())).unwrap_or(0)
}
