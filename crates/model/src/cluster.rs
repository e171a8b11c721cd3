//! All nodes together: takes events, makes snapshots.

use crate::dlms;
use crate::episode::Episodes;
use crate::finding::verdicts;
use crate::glock_row::{GlockPart, GlockRow};
use crate::lockspace_said::LockspaceSaid;
use crate::node::{Node, NodeState, NodeView};
use crate::o2cb::{Memory, O2cbRules};
use crate::row::{LockRow, NodeFigures};
use crate::rules::Rules;
use crate::snapshot::{FileSystemView, Gfs2Node, Snapshot};
use crate::time::ViewTime;
use crate::totals::Totals;
use crate::trend::Trends;
use crate::wait_memory::WaitMemory;
use formats::dlm::ResourceName;
use formats::gfs2::GlockName;
use formats::ocfs2::LockName;
use sample::{Fault, FaultKind, FileSystem, FromNode, Link, WatchedLock, Way};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Locks that are watched on all nodes because they wait, at most, beside those that the user asked for.
const MOST_WATCHED: usize = 64;

/// See the module's text.
#[derive(Debug)]
pub struct Cluster {
    rules: Rules,
    nodes: Vec<Node>,
    trends: BTreeMap<String, Trends>,
    episodes: Episodes,
    wait_memory: WaitMemory,
    o2cb: Memory,
    asked_for: BTreeSet<WatchedLock>,
    watched: Vec<WatchedLock>,
    suspects: Vec<ResourceName>,
    number: u64,
    previous: Option<ViewTime>,
}

impl Cluster {
    /// A cluster of nodes by these names, of which nothing is known yet.
    pub fn new(nodes: impl IntoIterator<Item = String>, rules: Rules) -> Cluster {
        let nodes: Vec<Node> = nodes.into_iter().map(Node::new).collect();
        Cluster {
            rules,
            o2cb: Memory::new(nodes.iter().map(|node| node.name.clone()), O2cbRules::default()),
            nodes,
            trends: BTreeMap::new(),
            episodes: Episodes::default(),
            wait_memory: WaitMemory::default(),
            asked_for: BTreeSet::new(),
            watched: Vec::new(),
            suspects: Vec::new(),
            number: 0,
            previous: None,
        }
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The way to a node changed.
    pub fn link(&mut self, node: usize, link: Link) {
        self.o2cb.link(node, link.clone());
        let Some(node) = self.nodes.get_mut(node) else { return };
        if !matches!(link, Link::Up(_)) {
            // Whatever it said is over; its collector starts anew after the next connection.
            node.forget();
        }
        node.link = link;
    }

    /// A node's collector said something.
    pub fn message(&mut self, number: usize, message: FromNode, now: ViewTime) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        match message {
            FromNode::Hello(hello) => node.hello = Some(hello),
            FromNode::FileSystems(found) => {
                node.told = true;
                node.file_systems.retain(|uuid, on_node| {
                    let kept = found.iter().any(|file_system| file_system.uuid == *uuid);
                    if !kept {
                        // Unmounted: still a row, without numbers.
                        on_node.forget();
                        on_node.fault = Some(Fault::new(FaultKind::NotMounted, "unmounted"));
                    }
                    kept || on_node.file_system.is_some()
                });
                for file_system in found {
                    let on_node = node.file_systems.entry(file_system.uuid.clone()).or_default();
                    on_node.fault = None;
                    on_node.file_system = Some(file_system);
                }
            }
            FromNode::Sample(sample) => {
                node.told = true;
                let on_node = node.file_systems.entry(sample.uuid.clone()).or_default();
                on_node.take(number, *sample, now, self.rules.stuck_after_ns);
            }
            FromNode::Gfs2(sample) => {
                node.told = true;
                node.file_systems.entry(sample.table.clone()).or_default().take_gfs2(*sample, now);
            }
            FromNode::Lockspace(sample) => {
                let key = (sample.dlm, sample.lockspace.clone());
                let said = match node.lockspaces.remove(&key) {
                    Some(before) if sample.kept => before.with_news(*sample, now),
                    _ => LockspaceSaid::whole(*sample, now),
                };
                node.lockspaces.insert(key, said);
            }
            FromNode::Tasks(sample) => node.tasks = Some((*sample, now)),
            FromNode::O2cb(sample) => self.o2cb.take(number, *sample, now),
            FromNode::Fault { uuid: None, fault } => {
                self.o2cb.fault(number, fault.clone());
                node.told |= fault.is_some();
                node.fault = fault;
            }
            FromNode::Fault { uuid: Some(place), fault } => match (node.file_systems.get_mut(&place), fault) {
                (Some(on_node), Some(fault)) => {
                    on_node.forget();
                    on_node.fault = Some(fault);
                }
                (Some(on_node), None) => {
                    on_node.fault = None;
                    node.place_faults.remove(&place);
                }
                (None, Some(fault)) => {
                    node.place_faults.insert(place, fault);
                }
                (None, None) => {
                    node.place_faults.remove(&place);
                }
            },
            FromNode::Alive => {}
        }
    }

    /// Asks for a lock to be told on all nodes even when idle, as for the view of one lock; or no longer.
    pub fn ask_for(&mut self, locks: impl IntoIterator<Item = WatchedLock>) {
        self.asked_for = locks.into_iter().collect();
    }

    /// The locks that collectors are to watch now: those asked for, and those that wait, so that their holders are told.
    pub fn watched(&self) -> &[WatchedLock] {
        &self.watched
    }

    /// The resources that the DLMs and processes of all nodes are to be asked about now: something waits for them.
    pub fn suspects(&self) -> &[ResourceName] {
        &self.suspects
    }

    /// Whether every node has told of itself: a sample, or why there is none.
    pub fn all_told(&self) -> bool {
        self.nodes.iter().all(|node| match &node.link {
            Link::Connecting(_) => false,
            Link::Down { .. } => true,
            Link::Up(_) => {
                node.fault.is_some()
                    || !node.place_faults.is_empty()
                    || (!node.file_systems.is_empty()
                        && node.file_systems.values().all(|on_node| on_node.head.is_some() || on_node.fault.is_some()))
            }
        })
    }

    /// Whether every file system that keeps the asked interval has given a sample since the last tick: the moment to tick.
    pub fn all_fresh(&self) -> bool {
        let mut punctual = self
            .nodes
            .iter()
            .filter(|node| matches!(node.link, Link::Up(_)))
            .flat_map(|node| node.file_systems.values())
            .filter(|on_node| on_node.head.as_ref().is_some_and(|head| head.pace.kept_ms <= head.pace.asked_ms))
            .peekable();
        punctual.peek().is_some() && punctual.all(|on_node| on_node.fresh)
    }

    /// Whether a node whose numbers counted at the last tick has become late since: a moment to tick, too.
    pub fn turned_late(&self, now: ViewTime) -> bool {
        self.nodes.iter().any(|node| {
            let mut file_systems = node.file_systems.iter();
            file_systems.any(|(uuid, on_node)| on_node.counted && matches!(node.state_of(uuid, now), NodeState::Late(_)))
        })
    }

    /// The picture of this moment. What came since the last tick is its interval.
    pub fn tick(&mut self, now: ViewTime) -> Snapshot {
        self.number += 1;
        let mut uuids: BTreeSet<String> = BTreeSet::new();
        for node in &self.nodes {
            uuids.extend(node.file_systems.keys().cloned());
        }
        let mut snapshot = Snapshot {
            number: self.number,
            at: now,
            interval_us: self.previous.map(|before| now.since_us(before)),
            nodes: self.nodes.iter().map(|node| node.name.clone()).collect(),
            ..Snapshot::default()
        };
        snapshot.ended_before = self.episodes.ended().cloned().collect();
        for uuid in &uuids {
            let view = self.file_system(uuid, now);
            let clock = |number: usize| {
                let node = view.nodes.iter().find(|node| node.node == number && node.state.counts())?;
                Some(node.last.as_ref().and_then(|head| Some(head.clock_last.realtime_us?.saturating_add(head.pace.wall_us))))
            };
            let ended = self.episodes.follow(uuid, &view.rows, now, &clock);
            snapshot.ended.extend(ended);
            snapshot.file_systems.push(view);
        }
        self.tell_other_uuids(&mut snapshot);
        snapshot.stuck = self.episodes.open().to_vec();
        if uuids.is_empty() {
            snapshot.elsewhere =
                self.nodes.iter().enumerate().map(|(number, node)| Self::node_view(number, node, node.state(), None)).collect();
        }
        snapshot.o2cb = self.o2cb.is_looked_at().then(|| self.o2cb.tick(now));
        dlms::join(&mut snapshot, &self.nodes, &mut self.wait_memory, &self.rules, now);
        snapshot.findings = verdicts::findings(&snapshot, &self.rules);
        for node in &mut self.nodes {
            let counted: Vec<bool> = node.file_systems.keys().map(|uuid| node.state_of(uuid, now).counts()).collect();
            for (on_node, counted) in node.file_systems.values_mut().zip(counted) {
                on_node.counted = counted;
            }
        }
        for on_node in self.nodes.iter_mut().flat_map(|node| node.file_systems.values_mut()) {
            on_node.ticked = on_node.fresh || on_node.ticked;
            on_node.fresh = false;
        }
        self.previous = Some(now);
        self.renew_watched(&snapshot);
        snapshot
    }

    fn file_system(&mut self, uuid: &str, now: ViewTime) -> FileSystemView {
        let mut view = FileSystemView { uuid: uuid.to_owned(), lifetime: true, ..FileSystemView::default() };
        let mut parts: HashMap<LockName, (bool, Vec<NodeFigures>)> = HashMap::new();
        let mut glocks: BTreeMap<GlockName, Vec<GlockPart>> = BTreeMap::new();
        let mut totals = Totals::default();
        let several_file_systems = self.nodes.iter().any(|node| node.file_systems.len() > 1);
        // Counts since each lock was made do not go with counts of an interval: a node that has just come (back) tells none yet.
        let any_interval = self.nodes.iter().any(|node| {
            let head = node.file_systems.get(uuid).and_then(|on_node| on_node.head.as_ref());
            node.state_of(uuid, now).counts() && head.is_some_and(|head| head.interval_ns.is_some())
        });
        for (number, node) in self.nodes.iter().enumerate() {
            let on_node = node.file_systems.get(uuid);
            // With several file systems, a node that never had this one is none of its nodes.
            let elsewhere = on_node.is_none() && node.told && !node.file_systems.is_empty() && several_file_systems;
            if elsewhere {
                continue;
            }
            let state = node.state_of(uuid, now);
            if let (true, Some(on_node)) = (state.counts(), on_node) {
                let told_before = self.rules.each_sample_once && !on_node.fresh;
                let since_made = on_node.head.as_ref().is_some_and(|head| head.interval_ns.is_none());
                let no_counts = told_before || (since_made && any_interval);
                for (name, (system, part)) in &on_node.locks {
                    let part = if no_counts { part.without_counts() } else { Some(part.clone()) };
                    let Some(part) = part else { continue };
                    let row = parts.entry(*name).or_insert_with(|| (*system, Vec::new()));
                    row.0 |= system;
                    row.1.push(part);
                }
                if let Some(sample) = &on_node.gfs2 {
                    for glock in &sample.glocks {
                        let part = GlockPart::new(number, glock.clone(), &self.rules);
                        let part = if no_counts { part.without_counts() } else { Some(part) };
                        glocks.entry(glock.name).or_default().extend(part);
                    }
                    let mut figures = sample.types.clone();
                    if told_before {
                        for figures in &mut figures {
                            (figures.dlm_requests, figures.queued) = (None, None);
                        }
                    }
                    let (health, tracing) = (sample.health.clone(), sample.tracing.clone());
                    view.gfs2.push(Gfs2Node { node: number, types: figures, health, tracing });
                }
                if let Some(head) = &on_node.head {
                    if !no_counts {
                        totals.add_omitted(&head.omitted);
                    }
                    view.lifetime &= head.interval_ns.is_none();
                }
            }
            if let Some(FileSystem { kind, label, mount_points, .. }) = on_node.and_then(|on_node| on_node.file_system.as_ref()) {
                view.kind = *kind;
                view.label = view.label.take().or_else(|| label.clone());
                for point in mount_points {
                    if !view.mount_points.contains(point) {
                        view.mount_points.push(point.clone());
                    }
                }
            }
            view.nodes.push(Self::node_view(number, node, state, Some((uuid, now))));
        }
        view.lifetime &= view.nodes.iter().any(|node| node.state.counts());
        view.rows = parts.into_iter().map(|(name, (system, parts))| LockRow::merge(name, system, parts)).collect();
        for row in &view.rows {
            totals.add_row(row);
        }
        view.totals = totals;
        view.glocks = glocks.into_iter().filter(|(_, parts)| !parts.is_empty()).map(|(name, parts)| GlockRow::merge(name, parts)).collect();
        let trends = self.trends.entry(uuid.to_owned()).or_default();
        let interval_only = !view.lifetime;
        // A sample that was shown at the last tick already is no second activity.
        let fresh: Vec<usize> = view.nodes.iter().filter(|node| node.fresh).map(|node| node.node).collect();
        let spent = |row: &LockRow| -> u64 {
            let parts = row.nodes.iter().filter(|part| part.missed_ns.is_none() && fresh.contains(&part.node));
            parts.fold(0, |sum, part| sum.saturating_add(part.figures.total_ns()))
        };
        let active = view.rows.iter().filter(|_| interval_only).map(|row| (row.name, spent(row))).filter(|(_, spent)| *spent > 0);
        trends.add(now.monotonic_us, active);
        for row in &mut view.rows {
            row.trend = trends.of(row.name);
        }
        view
    }

    fn node_view(number: usize, node: &Node, state: NodeState, place: Option<(&str, ViewTime)>) -> NodeView {
        let on_node = place.and_then(|(uuid, _)| node.file_systems.get(uuid));
        let way = match &node.link {
            Link::Up(way) => Some(way.clone()),
            _ => None::<Way>,
        };
        NodeView {
            node: number,
            name: node.name.clone(),
            state,
            way,
            age_us: on_node.filter(|on_node| on_node.head.is_some()).zip(place).map(|(on_node, (_, now))| now.since_us(on_node.came)),
            fresh: on_node.is_some_and(|on_node| on_node.fresh),
            last: on_node.and_then(|on_node| on_node.head.clone()),
            ahead_us: on_node.and_then(|on_node| on_node.ahead_us),
            file_system: on_node.and_then(|on_node| on_node.file_system.clone()),
            hello: node.hello.clone(),
        }
    }

    /// One mount point, several file systems: the nodes that differ from most others are of another cluster.
    fn tell_other_uuids(&self, snapshot: &mut Snapshot) {
        let Some(point) = &self.rules.mount_point else { return };
        let has = |view: &FileSystemView| {
            view.nodes
                .iter()
                .filter(|node| node.file_system.as_ref().is_some_and(|file_system| file_system.mount_points.contains(point)))
                .count()
        };
        let mut here: Vec<(usize, String)> =
            snapshot.file_systems.iter().map(|view| (has(view), view.uuid.clone())).filter(|(count, _)| *count > 0).collect();
        if here.len() < 2 {
            return;
        }
        here.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let Some((_, most)) = here.first().cloned() else { return };
        for view in snapshot.file_systems.iter_mut().filter(|view| view.uuid != most) {
            let uuid = view.uuid.clone();
            for node in &mut view.nodes {
                let other = node.file_system.as_ref().is_some_and(|file_system| file_system.mount_points.contains(point));
                if other {
                    let detail = format!("{point} is {uuid} on this node, {most} on most others");
                    node.state = NodeState::Down(Fault::new(FaultKind::OtherUuid, detail));
                }
            }
            view.rows.clear();
            view.totals = Totals::default();
        }
    }

    fn renew_watched(&mut self, snapshot: &Snapshot) {
        let mut waiting: Vec<(u64, WatchedLock)> = Vec::new();
        for view in &snapshot.file_systems {
            for row in view.rows.iter().filter(|row| row.figures.waiting_ns() >= self.rules.stuck_after_ns / 5) {
                waiting.push((row.figures.waiting_ns(), WatchedLock { uuid: view.uuid.clone(), name: row.name }));
            }
        }
        waiting.sort_by(|a, b| b.cmp(a));
        waiting.truncate(MOST_WATCHED);
        let mut suspects: Vec<(u64, ResourceName)> = waiting.iter().map(|(waited, lock)| (*waited, lock.name.into())).collect();
        for row in snapshot.file_systems.iter().flat_map(|view| &view.glocks).filter(|row| row.waited_ns >= self.rules.stuck_after_ns / 5) {
            suspects.push((row.waited_ns, row.name.into()));
        }
        suspects.sort_by(|a, b| b.cmp(a));
        suspects.truncate(MOST_WATCHED);
        self.suspects = suspects.into_iter().map(|(_, name)| name).collect();
        self.suspects.sort_unstable();
        let mut watched: BTreeSet<WatchedLock> = self.asked_for.clone();
        watched.extend(waiting.into_iter().map(|(_, lock)| lock));
        self.watched = watched.into_iter().collect();
    }
}
