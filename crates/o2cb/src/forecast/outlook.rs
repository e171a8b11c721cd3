//! What comes of faults, over all ways things may stand: times become windows, and what depends on chance is said to.

use super::blocked::{self, Blocked};
use super::chance::{Chance, ways};
use super::cluster::Cluster;
use super::engine::{horizon, run};
use super::event::{Event, Rule};
use super::fault::{Fault, What};
use super::timing::BEAT_MS;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

/// From when to when something may happen, milliseconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Whether its numbers depend on chance.
    pub varies: bool,
}

/// A node that fences itself by one kind of rule; by another, it is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Which.
    pub node: usize,
    /// When by this rule.
    pub window: Window,
    /// Why; its numbers are those of the first way in which it happens.
    pub rule: Rule,
    /// Where no heartbeat could be written, in one way here, in another there; none: it is the network.
    pub regions: BTreeSet<usize>,
    /// Whether the node fences itself however things stand, by whichever rule.
    pub always: bool,
    /// Whether it does by this rule however things stand.
    pub rule_always: bool,
    /// Whether the rule's numbers depend on chance; where no heartbeat could be written is in `regions`.
    pub varies: bool,
}

impl Victim {
    /// Whether an event is this one's fencing.
    pub fn is(&self, event: Event) -> bool {
        matches!(event, Event::Fences { node, rule } if node == self.node && discriminant(&rule) == discriminant(&self.rule))
    }
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
    /// In how many of the ways in which things may stand this was tried.
    pub tried: usize,
    /// Of how many.
    pub ways: usize,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Ways that are drawn by lot, beside those that are made to be early or late.
    drawn: u64,
    /// Runs, at most.
    runs: usize,
    /// Reads of slots. Where two runs cost more, these two are made all the same: without the ends nothing can be told.
    reads: usize,
}

/// Reads of slots that a report may cost: well under a second.
pub const BUDGET: usize = 30_000_000;

impl Effort {
    /// All that can be told, if a report has `outlooks` such.
    pub fn full(outlooks: usize) -> Effort {
        Effort { drawn: 256, runs: usize::MAX, reads: BUDGET / outlooks.max(1) }
    }

    /// A handful of ways: who is left is told, windows may be too narrow.
    pub fn few(outlooks: usize) -> Effort {
        Effort { drawn: 4, runs: 8, reads: BUDGET / outlooks.max(1) }
    }
}

/// Reads of slots in one run: of each node in each region of each node's, each beat.
pub fn cost(cluster: &Cluster, faults: &[Fault]) -> usize {
    let rounds = usize::try_from(lasts_ms(cluster, faults) / BEAT_MS).unwrap_or(usize::MAX);
    rounds.saturating_mul(cluster.nodes.len().pow(2)).saturating_mul(cluster.regions.len())
}

/// What a run spans, milliseconds.
pub fn lasts_ms(cluster: &Cluster, faults: &[Fault]) -> i64 {
    horizon(cluster.settings, &from_the_first(faults).1)
}

/// Nothing happens before the first fault: how much earlier, in whole beats, all may begin, and the faults so.
fn from_the_first(faults: &[Fault]) -> (i64, Vec<Fault>) {
    let first = faults.iter().map(|fault| fault.start_ms).min().unwrap_or(0);
    let earlier = first - first.rem_euclid(BEAT_MS);
    let moved = faults.iter().cloned().map(|fault| Fault {
        start_ms: fault.start_ms - earlier,
        end_ms: fault.end_ms.map(|end| end - earlier),
        ..fault
    });
    (earlier, moved.collect())
}

/// What comes of faults in a cluster.
pub fn outlook(cluster: &Cluster, faults: &[Fault], effort: Effort) -> Outlook {
    let mut ways = ways(cluster, effort.drawn);
    if faults.is_empty() {
        // Nothing happens then, however things stand.
        ways.truncate(1);
    }
    let chosen = chosen(&ways, (effort.reads / cost(cluster, faults).max(1)).min(effort.runs));
    let (earlier, moved) = from_the_first(faults);
    let later = |(time, event)| (time + earlier, event);
    let runs: Vec<Vec<(i64, Event)>> = chosen.iter().map(|way| run(cluster, &moved, way).into_iter().map(later).collect()).collect();
    Outlook { ways: ways.len(), ..gathered(cluster, faults, &runs) }
}

/// So many of the ways, at least two: that in which all is early and that in which all is late, which are the first; and of the others
/// those at equal distances, so that of each kind there are some.
fn chosen(ways: &[Chance], wanted: usize) -> Vec<&Chance> {
    let (ends, others) = ways.split_at(ways.len().min(2));
    let step = others.len().checked_div(wanted.saturating_sub(ends.len())).map_or(usize::MAX, |step| step.max(1));
    let wanted_others = wanted.saturating_sub(ends.len());
    ends.iter().chain(others.iter().step_by(step).take(wanted_others)).collect()
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
            let first = || Happening { event, window: Window::at(time), nth, always: false, varies: false };
            let known = found.entry(at).or_insert_with(first);
            known.window = known.window.and(Window::at(time));
            known.varies |= known.event != event;
            *counts.entry(at).or_default() += 1;
        }
        let survivors = survivors(cluster, faults, log);
        let now = blocked::blocked(cluster, faults, log, &survivors);
        blocked = Some(blocked.map_or(now, |before| before.or(now)));
        if !left.contains(&survivors) {
            left.push(survivors);
        }
    }
    let mut counted: Vec<(usize, Happening)> = Vec::new();
    for (at, happening) in found {
        let count = counts.get(&at).copied().unwrap_or_default();
        counted.push((count, Happening { always: count == runs.len(), ..happening }));
    }
    counted.sort_by_key(|(_, happening)| (happening.window.earliest_ms, happening.window.latest_ms, happening.event));
    let victims = victims(&counted, runs.len());
    let happenings = counted.into_iter().map(|(_, happening)| happening).collect();
    Outlook { victims, happenings, left, blocked: blocked.unwrap_or(Blocked::No), tried: runs.len(), ways: runs.len() }
}

/// Who fences itself, of happenings with in how many of the runs they are.
fn victims(counted: &[(usize, Happening)], runs: usize) -> Vec<Victim> {
    let mut victims: Vec<(usize, Victim)> = Vec::new();
    for (count, happening) in counted {
        let (event, window) = (happening.event, happening.window);
        let Event::Fences { node, rule } = event else { continue };
        let regions = match rule {
            Rule::WriteTimeout { region, .. } => [region].into(),
            Rule::Minority { .. } | Rule::HalfWithoutLowest { .. } => BTreeSet::new(),
        };
        if let Some((known_count, known)) = victims.iter_mut().find(|(_, known)| known.is(event)) {
            *known_count += count;
            known.window = known.window.and(window);
            known.regions.extend(regions);
            known.varies |= happening.varies || known.rule.numbers() != rule.numbers();
        } else {
            let victim = Victim { node, window, rule, regions, always: false, rule_always: false, varies: happening.varies };
            victims.push((*count, victim));
        }
    }
    // In a run a node fences itself once at most.
    let mut of_node: BTreeMap<usize, usize> = BTreeMap::new();
    for (count, victim) in &victims {
        *of_node.entry(victim.node).or_default() += count;
    }
    let told = |(count, victim): (usize, Victim)| Victim {
        always: of_node.get(&victim.node) == Some(&runs),
        rule_always: count == runs,
        ..victim
    };
    victims.into_iter().map(told).collect()
}

/// What makes it the same event in another run: not its numbers; but the rule by which a node fences itself, and where.
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
        Event::Fences { node, rule: Rule::WriteTimeout { region, .. } } => (8, node, region),
        Event::Fences { node, rule: Rule::Minority { .. } } => (9, node, 0),
        Event::Fences { node, rule: Rule::HalfWithoutLowest { .. } } => (10, node, 0),
        Event::Dead { node, peer } => (11, node, peer),
        Event::SeenAgain { node, peer } => (12, node, peer),
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
