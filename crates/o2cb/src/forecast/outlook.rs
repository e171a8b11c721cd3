//! What comes of faults, over all ways things may stand: times become windows, and what depends on chance is said to.

use super::blocked::{self, Blocked};
use super::chance::ways;
use super::cluster::Cluster;
use super::engine::{horizon, run};
use super::event::{Event, Rule};
use super::fault::{Fault, What};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// From when to when something may happen, milliseconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// At the earliest.
    pub earliest_ms: i64,
    /// At the latest.
    pub latest_ms: i64,
}

impl Window {
    /// A moment.
    pub fn at(ms: i64) -> Window {
        Window { earliest_ms: ms, latest_ms: ms }
    }

    /// Both, and what is between.
    #[must_use]
    pub fn and(self, other: Window) -> Window {
        Window { earliest_ms: self.earliest_ms.min(other.earliest_ms), latest_ms: self.latest_ms.max(other.latest_ms) }
    }

    /// Whether both may be at once.
    pub fn overlaps(self, other: Window) -> bool {
        self.earliest_ms <= other.latest_ms && other.earliest_ms <= self.latest_ms
    }
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What; its numbers are those of the first way in which it happens.
    pub event: Event,
    /// When.
    pub window: Window,
    /// The how-manieth of its kind between the same nodes, from 0.
    pub nth: usize,
    /// Whether it happens however things stand.
    pub always: bool,
}

/// A node that fences itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Which.
    pub node: usize,
    /// When.
    pub window: Window,
    /// Why.
    pub rule: Rule,
    /// Whether it does however things stand.
    pub always: bool,
}

/// What comes of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// What happens, by the time it may begin.
    pub happenings: Vec<Happening>,
    /// The sets of nodes that may be left; one, if it does not depend on chance.
    pub left: Vec<BTreeSet<usize>>,
    /// Who fences itself.
    pub victims: Vec<Victim>,
    /// How long writes of those that are left may block.
    pub blocked: Blocked,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A handful of ways: who is left is told, windows may be too narrow.
    Few,
    /// All that can be told in well under a second.
    Full,
}

/// Reads of slots that a forecast may cost.
const BUDGET: usize = 12_000_000;

/// What comes of faults in a cluster.
pub fn outlook(cluster: &Cluster, faults: &[Fault], effort: Effort) -> Outlook {
    let ways = match effort {
        Effort::Few => ways(cluster, 4),
        Effort::Full => ways(cluster, 64),
    };
    let nodes = cluster.nodes.len();
    let rounds = usize::try_from(horizon(cluster.settings, faults) / super::timing::BEAT_MS).unwrap_or(usize::MAX);
    let cost = rounds.saturating_mul(nodes * nodes * cluster.regions.len());
    let affordable = (BUDGET / cost.max(1) / if effort == Effort::Few { 8 } else { 1 }).max(1);
    let wanted = if effort == Effort::Few { affordable.min(8) } else { affordable.max(8) };
    // Those at the end are draws, those at the beginning all ends at once: both are kept.
    let step = ways.len().div_ceil(wanted).max(1);
    let runs: Vec<Vec<(i64, Event)>> = ways.iter().step_by(step).map(|way| run(cluster, faults, way)).collect();
    gathered(cluster, faults, &runs)
}

/// Kind of an event, its node, its peer or region.
type Identity = (u8, usize, usize);

fn gathered(cluster: &Cluster, faults: &[Fault], runs: &[Vec<(i64, Event)>]) -> Outlook {
    // Of each event and its how-manieth: in how many runs.
    let mut found: BTreeMap<(Identity, usize), Happening> = BTreeMap::new();
    let mut counts: BTreeMap<(Identity, usize), usize> = BTreeMap::new();
    let mut left: Vec<BTreeSet<usize>> = Vec::new();
    let mut blocked: Option<Blocked> = None;
    for log in runs {
        let mut seen: BTreeMap<Identity, usize> = BTreeMap::new();
        for &(time, event) in log {
            let next = seen.entry(identity(event)).or_default();
            let nth = *next;
            *next += 1;
            let at = (identity(event), nth);
            let first = || Happening { event, window: Window::at(time), nth, always: false };
            let known = found.entry(at).or_insert_with(first);
            known.window = known.window.and(Window::at(time));
            *counts.entry(at).or_default() += 1;
        }
        let survivors = survivors(cluster, faults, log);
        let now = blocked::blocked(cluster, faults, log, &survivors);
        blocked = Some(blocked.map_or(now, |before| before.or(now)));
        if !left.contains(&survivors) {
            left.push(survivors);
        }
    }
    let always = |at: &(Identity, usize)| counts.get(at) == Some(&runs.len());
    let mut happenings: Vec<Happening> = found.into_iter().map(|(at, one)| Happening { always: always(&at), ..one }).collect();
    happenings.sort_by_key(|happening| (happening.window.earliest_ms, happening.window.latest_ms, happening.event));
    let victims = happenings.iter().filter_map(|happening| match happening.event {
        Event::Fences { node, rule } => Some(Victim { node, window: happening.window, rule, always: happening.always }),
        _ => None,
    });
    Outlook { victims: victims.collect(), happenings, left, blocked: blocked.unwrap_or(Blocked::No) }
}

/// What makes it the same event in another run: not its numbers.
fn identity(event: Event) -> Identity {
    match event {
        Event::Begins { fault } => (0, fault, 0),
        Event::Ends { fault } => (1, fault, 0),
        Event::Lost { node, peer } => (2, node, peer),
        Event::Restored { node, peer } => (3, node, peer),
        Event::Asks { node, region, .. } => (4, node, region),
        Event::Approves { node, region } => (5, node, region),
        Event::RegionFailed { node, region, .. } => (6, node, region),
        Event::Stays { node, .. } => (7, node, 0),
        Event::Fences { node, .. } => (8, node, 0),
        Event::Dead { node, peer } => (9, node, peer),
        Event::SeenAgain { node, peer } => (10, node, peer),
    }
}

/// Who neither fenced itself nor was killed.
fn survivors(cluster: &Cluster, faults: &[Fault], log: &[(i64, Event)]) -> BTreeSet<usize> {
    let mut left: BTreeSet<usize> = (0..cluster.nodes.len()).collect();
    for (_, event) in log {
        match event {
            Event::Fences { node, .. } => {
                left.remove(node);
            }
            Event::Begins { fault } => {
                if let Some(What::Kill(node)) = faults.get(*fault).map(|fault| &fault.what) {
                    left.remove(node);
                }
            }
            _ => {}
        }
    }
    left
}
