//! The graph: which waiter waits for which holder, and where there is no holder, for what else.

use super::entry::{Entries, Entry, node_actor};
use super::local::entries;
use super::{Actor, Blocker, BlockerKind, PidBy, Reason};
use crate::lockspace::{Local, LockView, LockspaceView, ResourceView};
use sample::TasksSample;
use sample::lockspace::{Dlm, Unanswered};
use std::collections::BTreeMap;

/// A node: the watched one, else by its number in the DLM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Watched(usize),
    Number(Dlm, u32),
    Unknown,
}

/// What waits or is waited for. Only a process that its own node names is the same one on several resources; a pid of the DLM
/// may be the file system's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Process(Who, u32),
    /// A node on one resource: lockspace, resource.
    Node(Who, usize, usize),
    /// A waiter without a name, by its place.
    Waiter(usize),
    LookingUp(usize, usize),
    Unseen(usize, usize),
    Recovery(usize),
    NoReply(usize, u32),
}

/// One waiter.
#[derive(Debug)]
pub(super) struct Wait {
    pub entry: Entry,
    pub lockspace: usize,
    pub resource: usize,
    pub vertex: usize,
    /// What it waits for: vertex and blocker.
    pub edges: Vec<(usize, usize)>,
}

/// The graph of a moment.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub waits: Vec<Wait>,
    pub blockers: Vec<Blocker>,
    /// Vertices in the order in which they were met.
    pub keys: Vec<Key>,
    /// Successors of each vertex.
    pub edges: Vec<Vec<usize>>,
    /// Lockspace and resource, with what is told of the resource's inode.
    pub directories: BTreeMap<(usize, usize), bool>,
    vertices: BTreeMap<Key, usize>,
    /// Blockers that are no holders, by their vertex.
    specials: BTreeMap<usize, usize>,
}

impl Graph {
    fn vertex(&mut self, key: Key) -> usize {
        *self.vertices.entry(key).or_insert_with(|| {
            self.keys.push(key);
            self.edges.push(Vec::new());
            self.keys.len() - 1
        })
    }
}

fn who(actor: &Actor, dlm: Dlm) -> Who {
    match (actor.node, actor.number) {
        (Some(node), _) => Who::Watched(node),
        (None, Some(number)) => Who::Number(dlm, number),
        (None, None) => Who::Unknown,
    }
}

fn process(entry: &Entry, dlm: Dlm) -> Option<Key> {
    let told = !matches!(entry.actor.pid_by, PidBy::Dlm | PidBy::None);
    entry.actor.pid.filter(|_| told).map(|pid| Key::Process(who(&entry.actor, dlm), pid))
}

pub(super) fn graph(lockspaces: &[LockspaceView], tasks: &[(usize, &TasksSample)]) -> Graph {
    let mut graph = Graph::default();
    for (number, view) in lockspaces.iter().enumerate() {
        for (at, resource) in view.resources.iter().enumerate().filter(|(_, resource)| anybody_waits(resource)) {
            let others = || lockspaces.iter().enumerate().filter(|(other, _)| *other != number);
            let elsewhere = |node| others().any(|(_, view)| view.resource(&resource.name).is_some_and(|other| other.local(node).is_some()));
            let entries = entries(view, resource, tasks, &|node| !elsewhere(node));
            if !entries.waiters.is_empty() {
                add(&mut graph, view, (number, at), resource, &entries);
            }
        }
    }
    graph
}

/// Most resources have no waiter: they are passed over before anything is made of them.
fn anybody_waits(resource: &ResourceView) -> bool {
    let local = |local: &Local| match local {
        Local::Glock(glock) => glock.holders_omitted > 0 || glock.holders.iter().any(|holder| holder.waiting),
        Local::Lockres(figures) => figures.figures.wait.is_some(),
    };
    resource.locks.iter().any(LockView::waits) || resource.locals.iter().any(|(_, of)| local(of))
}

fn add(graph: &mut Graph, view: &LockspaceView, place: (usize, usize), resource: &ResourceView, entries: &Entries) {
    if let Some(directory) = entries.directory {
        graph.directories.insert(place, directory);
    }
    let node_key = |entry: &Entry| Key::Node(who(&entry.actor, view.dlm), place.0, place.1);
    let mut holders = Vec::new();
    for entry in &entries.holders {
        let key = process(entry, view.dlm).unwrap_or_else(|| node_key(entry));
        graph.blockers.push(entry.blocker());
        holders.push((graph.vertex(key), graph.blockers.len() - 1));
    }
    let first = graph.waits.len();
    for entry in &entries.waiters {
        let place_key = || if entry.converts { node_key(entry) } else { Key::Waiter(graph.waits.len()) };
        let key = process(entry, view.dlm).unwrap_or_else(place_key);
        let vertex = graph.vertex(key);
        graph.waits.push(Wait { entry: entry.clone(), lockspace: place.0, resource: place.1, vertex, edges: Vec::new() });
    }
    // Those without a holder that excludes them: they may be behind others in the queue.
    let mut open = Vec::new();
    for (at, waiter) in entries.waiters.iter().enumerate() {
        let edges = direct(graph, view, place, resource, entries, &holders, waiter);
        if edges.is_empty() {
            open.push(at);
        }
        connect(graph, first + at, edges);
    }
    for at in open {
        let Some(waiter) = entries.waiters.get(at) else { continue };
        // The nearest before it: that one is behind the others itself.
        let before = |other: &Entry| other.age_ns.filter(|age| waiter.age_ns.is_some_and(|own| *age > own) && !waiter.shares_with(other));
        let others = entries.waiters.iter().enumerate().filter_map(|(at, other)| Some((before(other)?, at, other)));
        let nearest = others.min_by_key(|(age, at, _)| (*age, *at)).map(|(_, at, other)| (at, other));
        let mut edges = Vec::new();
        if let Some((vertex, other)) = nearest.and_then(|(at, other)| Some((graph.waits.get(first + at)?.vertex, other))) {
            graph.blockers.push(Blocker { reason: Some(Reason::Queue), ..other.blocker() });
            edges.push((vertex, graph.blockers.len() - 1));
        }
        if edges.is_empty() {
            edges.push(otherwise(graph, view, place, waiter));
        }
        connect(graph, first + at, edges);
    }
}

fn connect(graph: &mut Graph, wait: usize, edges: Vec<(usize, usize)>) {
    let Some(wait) = graph.waits.get_mut(wait) else { return };
    if let Some(successors) = graph.edges.get_mut(wait.vertex) {
        for (to, _) in &edges {
            if !successors.contains(to) {
                successors.push(*to);
            }
        }
    }
    wait.edges.extend(edges);
}

/// What a waiter waits for, if that can be named.
fn direct(
    graph: &mut Graph,
    view: &LockspaceView,
    place: (usize, usize),
    resource: &ResourceView,
    entries: &Entries,
    holders: &[(usize, usize)],
    waiter: &Entry,
) -> Vec<(usize, usize)> {
    let all = || entries.holders.iter().zip(holders.iter().copied());
    let same_actor = |holder: &Entry| process(holder, view.dlm).is_none() && waiter.converts && holder.same_node(waiter);
    if waiter.reason == Some(Reason::Recovery) {
        return vec![recovery(graph, view, place.0)];
    }
    if let Some(reason) = waiter.reason.filter(|reason| reason.is_own_work()) {
        let own = all().find(|(holder, _)| holder.kind == BlockerKind::Cached && holder.same_node(waiter));
        if let Some((_, edge)) = own {
            // The same node that keeps others waiting.
            if let Some(blocker) = graph.blockers.get_mut(edge.1) {
                blocker.reason = blocker.reason.or(Some(reason));
            }
            return vec![edge];
        }
        let mut work = blank(BlockerKind::OwnWork, node_actor(view, waiter.actor.node, waiter.actor.number), waiter.said.clone());
        work.reason = Some(reason);
        return vec![special(graph, Key::Node(who(&waiter.actor, view.dlm), place.0, place.1), work)];
    }
    let local = || all().filter(|(holder, _)| holder.same_node(waiter) && holder.kind != BlockerKind::Cached && !same_actor(holder));
    let excluding: Vec<_> = local().filter(|(holder, _)| !holder.shares_with(waiter)).map(|(_, edge)| edge).collect();
    if !excluding.is_empty() {
        return excluding;
    }
    if waiter.reason == Some(Reason::LocalHolder) {
        let any: Vec<_> = local().map(|(_, edge)| edge).collect();
        if !any.is_empty() {
            return any;
        }
    }
    if waiter.reason == Some(Reason::LookingUp) {
        let blocker = blank(BlockerKind::LookingUp, Actor::default(), waiter.said.clone());
        return vec![special(graph, Key::LookingUp(place.0, place.1), blocker)];
    }
    let shown = resource.name.to_string();
    let about = |message: &Unanswered| message.resource.as_ref().is_some_and(|name| same_name(name, resource, &shown));
    if let Some((by, message)) = view.unanswered.iter().find(|(by, message)| Some(*by) == waiter.actor.node && about(message)) {
        return vec![no_reply(graph, view, place.0, *by, message)];
    }
    let remote: Vec<_> = all().filter(|(holder, _)| !holder.same_node(waiter) && !holder.shares_with(waiter)).collect();
    let dead = recovering(view).and_then(|(_, recovery)| recovery.dead_node);
    if dead.is_some() && remote.iter().any(|(holder, _)| holder.actor.number == dead) {
        return vec![recovery(graph, view, place.0)];
    }
    remote.into_iter().map(|(_, edge)| edge).collect()
}

fn same_name(told: &str, resource: &ResourceView, shown: &str) -> bool {
    told == shown || told.as_bytes() == resource.name.bytes() || told.trim().as_bytes() == resource.name.bytes().trim_ascii()
}

/// What else it may be: recovery, a node that does not reply, or a holder that nobody told of.
fn otherwise(graph: &mut Graph, view: &LockspaceView, place: (usize, usize), waiter: &Entry) -> (usize, usize) {
    if recovering(view).is_some() {
        return recovery(graph, view, place.0);
    }
    let unnamed = |message: &Unanswered| message.resource.is_none();
    if let Some((by, message)) = view.unanswered.iter().find(|(by, message)| Some(*by) == waiter.actor.node && unnamed(message)) {
        return no_reply(graph, view, place.0, *by, message);
    }
    let blocker = blank(BlockerKind::Unseen, Actor::default(), waiter.said.clone());
    special(graph, Key::Unseen(place.0, place.1), blocker)
}

fn recovering(view: &LockspaceView) -> Option<(usize, &sample::lockspace::Recovery)> {
    view.nodes.iter().find_map(|on_node| Some((on_node.node, on_node.recovery.as_ref().filter(|recovery| recovery.active)?)))
}

fn recovery(graph: &mut Graph, view: &LockspaceView, lockspace: usize) -> (usize, usize) {
    let active = recovering(view).map(|(_, recovery)| recovery);
    let dead = active.and_then(|recovery| recovery.dead_node);
    let actor = dead.map_or_else(Actor::default, |number| node_actor(view, None, Some(number)));
    let said = active.map_or_else(|| "locks are frozen while a journal is recovered".to_owned(), |recovery| recovery.state.clone());
    let mut blocker = blank(BlockerKind::Recovery, actor, said);
    blocker.reason = Some(Reason::Recovery);
    special(graph, Key::Recovery(lockspace), blocker)
}

fn no_reply(graph: &mut Graph, view: &LockspaceView, lockspace: usize, by: usize, message: &Unanswered) -> (usize, usize) {
    let from = view.node_word(view.number_of(by), Some(by), &[]);
    let said = format!("{from} waits for a reply to {}", message.message);
    let mut blocker = blank(BlockerKind::NoReply, node_actor(view, None, Some(message.node)), said);
    (blocker.for_ns, blocker.at_least, blocker.reason) = (message.for_ns, true, Some(Reason::NoReply));
    special(graph, Key::NoReply(lockspace, message.node), blocker)
}

fn blank(kind: BlockerKind, actor: Actor, said: String) -> Blocker {
    Blocker { kind, actor, mode: None, symbol: None, for_ns: None, at_least: false, asked_ago_ns: None, reason: None, said }
}

/// A blocker that is no holder; several waiters share it.
fn special(graph: &mut Graph, key: Key, blocker: Blocker) -> (usize, usize) {
    let vertex = graph.vertex(key);
    let next = graph.blockers.len();
    let at = *graph.specials.entry(vertex).or_insert(next);
    if at == next {
        graph.blockers.push(blocker);
    }
    (vertex, at)
}
