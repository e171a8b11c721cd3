//! From the graph to chains, each with its root, and to cycles.

use super::components::{cyclic, shortest_cycle};
use super::edges::{Graph, Key, Wait};
use super::{Blocker, BlockerKind, Chain, Cycle, CycleEdge, PidBy, Waiter, Waits};
use crate::lockspace::LockspaceView;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What the roots of one chain share: the lockspace, and the resource or what else holds many up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Resource(usize, usize),
    Many(Key),
}

struct Maker<'a> {
    lockspaces: &'a [LockspaceView],
    graph: &'a Graph,
    /// Waits by the vertex they wait for.
    behind: BTreeMap<usize, Vec<usize>>,
}

pub(super) fn waits(lockspaces: &[LockspaceView], graph: &Graph) -> Waits {
    let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, wait) in graph.waits.iter().enumerate() {
        for (to, _) in &wait.edges {
            let list = behind.entry(*to).or_default();
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
    }
    let maker = Maker { lockspaces, graph, behind };
    let mut waits = Waits { chains: maker.chains(), cycles: maker.cycles() };
    waits.order();
    waits
}

impl Waits {
    /// By the longest wait, then by name.
    fn order(&mut self) {
        self.chains.sort_by(|a, b| {
            let key =
                |chain: &Chain| (Reverse(chain.longest_wait_ns), chain.resource.as_ref().map(ToString::to_string), chain.lockspace.clone());
            key(a).cmp(&key(b)).then_with(|| (a.root.kind, &a.root.actor).cmp(&(b.root.kind, &b.root.actor)))
        });
        self.cycles.sort_by_key(|cycle| Reverse(cycle.longest_wait_ns));
    }

    /// Lets `date` change every waiter's length, and brings what depends on lengths up to date.
    pub(crate) fn date(&mut self, date: &dyn Fn(&mut Waiter)) {
        for chain in &mut self.chains {
            date_all(&mut chain.waiters, date);
            let longest = Sums::of(chain.waiters.iter().flat_map(Waiter::all)).longest;
            (chain.longest_wait_ns, chain.longest_at_least) = (longest.map(|of| of.0), longest.is_some_and(|of| of.1));
        }
        for cycle in &mut self.cycles {
            for edge in &mut cycle.edges {
                date(&mut edge.waiter);
            }
            date_all(&mut cycle.waiters, date);
            let edges = cycle.edges.iter().map(|edge| &edge.waiter);
            let longest = Sums::of(edges.chain(cycle.waiters.iter().flat_map(Waiter::all))).longest;
            (cycle.longest_wait_ns, cycle.longest_at_least) = (longest.map(|of| of.0), longest.is_some_and(|of| of.1));
        }
        self.order();
    }
}

fn date_all(waiters: &mut [Waiter], date: &dyn Fn(&mut Waiter)) {
    for waiter in &mut *waiters {
        date(waiter);
        date_all(&mut waiter.children, date);
    }
    sort(waiters);
}

impl Maker<'_> {
    fn wait(&self, at: usize) -> Option<&Wait> {
        self.graph.waits.get(at)
    }

    fn chains(&self) -> Vec<Chain> {
        let mut groups: BTreeMap<Group, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
        for (at, wait) in self.graph.waits.iter().enumerate() {
            for (vertex, blocker) in &wait.edges {
                if self.graph.edges.get(*vertex).is_some_and(|successors| !successors.is_empty()) {
                    continue;
                }
                let group = match self.graph.keys.get(*vertex) {
                    Some(key @ (Key::Recovery(_) | Key::NoReply(..))) => Group::Many(*key),
                    _ => Group::Resource(wait.lockspace, wait.resource),
                };
                let of = groups.entry(group).or_default();
                of.0.insert(*blocker);
                of.1.insert(at);
            }
        }
        groups.into_iter().filter_map(|(group, (blockers, first))| self.chain(group, &blockers, &first)).collect()
    }

    fn chain(&self, group: Group, blockers: &BTreeSet<usize>, first: &BTreeSet<usize>) -> Option<Chain> {
        let lockspace = self.lockspaces.get(self.wait(*first.first()?)?.lockspace)?;
        let mut roots: Vec<Blocker> = blockers.iter().filter_map(|at| self.graph.blockers.get(*at)).cloned().collect();
        // Who is named first, then who has it longest.
        roots.sort_by(|a, b| (a.kind, Reverse(a.for_ns), &a.actor).cmp(&(b.kind, Reverse(b.for_ns), &b.actor)));
        let root = roots.first()?.clone();
        let resource = match group {
            Group::Resource(_, at) => lockspace.resources.get(at).map(|resource| resource.name.clone()),
            Group::Many(_) => None,
        };
        let directory = match group {
            Group::Resource(number, at) => self.graph.directories.get(&(number, at)).copied(),
            Group::Many(_) => None,
        };
        let waiters = self.trees(first, &mut first.clone());
        let sums = Sums::of(waiters.iter().flat_map(Waiter::all));
        Some(Chain {
            lockspace: lockspace.name.clone(),
            dlm: lockspace.dlm,
            file_system: lockspace.file_system.clone(),
            resource,
            directory,
            path: None,
            path_said: None,
            also: roots.into_iter().skip(1).collect(),
            root,
            waiters,
            longest_wait_ns: sums.longest.map(|longest| longest.0),
            longest_at_least: sums.longest.is_some_and(|longest| longest.1),
            waiting_processes: sums.processes,
            processes_at_least: sums.at_least,
            waiting_nodes: sums.nodes.len(),
        })
    }

    /// The waiters `first` with all that wait for them; each that is not in `seen` yet stands once, nearest to the root.
    fn trees(&self, first: &BTreeSet<usize>, seen: &mut BTreeSet<usize>) -> Vec<Waiter> {
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut order: Vec<usize> = first.iter().copied().collect();
        let mut next = 0;
        while let Some(&at) = order.get(next) {
            next += 1;
            let Some(wait) = self.wait(at) else { continue };
            for child in self.behind.get(&wait.vertex).into_iter().flatten() {
                if seen.insert(*child) {
                    children.entry(at).or_default().push(*child);
                    order.push(*child);
                }
            }
        }
        // From the leaves up, so that no depth is too much.
        let mut made: BTreeMap<usize, Waiter> = BTreeMap::new();
        for at in order.iter().rev() {
            let Some(mut waiter) = self.waiter(*at) else { continue };
            waiter.children = children.get(at).into_iter().flatten().filter_map(|child| made.remove(child)).collect();
            sort(&mut waiter.children);
            made.insert(*at, waiter);
        }
        let mut trees: Vec<Waiter> = made.into_values().collect();
        sort(&mut trees);
        trees
    }

    fn waiter(&self, at: usize) -> Option<Waiter> {
        let wait = self.wait(at)?;
        let lockspace = self.lockspaces.get(wait.lockspace)?;
        Some(wait.entry.waiter(&lockspace.name, &lockspace.resources.get(wait.resource)?.name))
    }

    fn cycles(&self) -> Vec<Cycle> {
        cyclic(&self.graph.edges).iter().filter_map(|component| self.cycle(component)).collect()
    }

    fn cycle(&self, component: &[usize]) -> Option<Cycle> {
        let path = shortest_cycle(&self.graph.edges, component);
        let after = path.iter().cycle().skip(1);
        let mut edges = Vec::new();
        let mut seen = BTreeSet::new();
        for (from, to) in path.iter().zip(after) {
            let (at, blocker) = self.graph.waits.iter().enumerate().filter(|(_, wait)| wait.vertex == *from).find_map(|(at, wait)| {
                let (_, blocker) = wait.edges.iter().find(|(vertex, _)| vertex == to)?;
                Some((at, *blocker))
            })?;
            seen.insert(at);
            edges.push(CycleEdge { waiter: self.waiter(at)?, blocker: self.graph.blockers.get(blocker)?.clone() });
        }
        let behind = component.iter().filter_map(|vertex| self.behind.get(vertex)).flatten().copied();
        let own = self.graph.waits.iter().enumerate().filter(|(_, wait)| component.contains(&wait.vertex)).map(|(at, _)| at);
        let first: BTreeSet<usize> = behind.chain(own).filter(|at| !seen.contains(at)).collect();
        seen.extend(&first);
        let waiters = self.trees(&first, &mut seen);
        let sums = Sums::of(edges.iter().map(|edge| &edge.waiter).chain(waiters.iter().flat_map(Waiter::all)));
        Some(Cycle {
            edges,
            waiters,
            longest_wait_ns: sums.longest.map(|longest| longest.0),
            longest_at_least: sums.longest.is_some_and(|longest| longest.1),
            waiting_processes: sums.processes,
        })
    }
}

/// Longest first, then by who it is.
fn sort(waiters: &mut [Waiter]) {
    waiters.sort_by(|a, b| {
        let key = |waiter: &Waiter| (Reverse(waiter.age_ns), waiter.lockspace.clone(), waiter.resource.clone());
        key(a).cmp(&key(b)).then_with(|| (&a.actor, a.lock_id, a.mode).cmp(&(&b.actor, b.lock_id, b.mode)))
    });
}

/// What is told of many waiters together.
struct Sums {
    longest: Option<(u64, bool)>,
    processes: u64,
    at_least: bool,
    nodes: BTreeSet<(Option<usize>, Option<u32>)>,
}

impl Sums {
    fn of<'a>(waiters: impl Iterator<Item = &'a Waiter>) -> Sums {
        let mut sums = Sums { longest: None, processes: 0, at_least: false, nodes: BTreeSet::new() };
        let mut named = BTreeSet::new();
        for waiter in waiters {
            // Of two equal lengths, the exact one is told.
            let length = waiter.age_ns.map(|age| (age, !waiter.at_least));
            let longest = sums.longest.map(|(age, at_least)| (age, !at_least));
            sums.longest = longest.max(length).map(|(age, exact)| (age, !exact));
            sums.at_least |= waiter.processes_at_least;
            let number = waiter.actor.number.filter(|_| waiter.actor.node.is_none());
            sums.nodes.insert((waiter.actor.node, number));
            // A process waits once, however many entries tell of it; a pid of the DLM may be the file system's own.
            let pid = waiter.actor.pid.filter(|_| waiter.actor.pid_by != PidBy::Dlm);
            let again = pid.is_some_and(|pid| !named.insert((waiter.actor.node, number, pid)));
            if !again {
                sums.processes = sums.processes.saturating_add(waiter.processes);
            }
        }
        sums
    }
}

impl Blocker {
    /// It is a node's or a process' hold on a resource, not a state of the DLM.
    pub fn is_holder(&self) -> bool {
        matches!(self.kind, BlockerKind::Process | BlockerKind::Unnamed | BlockerKind::Node | BlockerKind::Cached)
    }
}
