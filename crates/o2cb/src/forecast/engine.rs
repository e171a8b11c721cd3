//! The model itself: what heartbeat, connections and quorum of each node do, event by event, for one way things may stand.
//!
//! Nothing here reads a clock or a file. The rules are those of the kernel's `fs/ocfs2/cluster/heartbeat.c`, `tcp.c` and
//! `quorum.c`; times are milliseconds since the beginning. Not modelled: nodes that come back, and connections that are refused.

mod heartbeat;
mod network;
mod quorum;

use super::chance::{Chance, Of};
use super::cluster::Cluster;
use super::event::{Event, Rule};
use super::fault::{Fault, What};
use super::timing::Settings;
use heartbeat::Beat;
use network::Link;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What is due. At the same millisecond the earlier of these comes first: storage that is back is back before a timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A fault is over.
    End(usize),
    /// A fault begins.
    Begin(usize),
    /// A round of a region's thread: node, region.
    Round(usize, usize),
    /// Something arrives over a link that is healed: node, peer, which state of the link it belongs to.
    Receive(usize, usize, u32),
    /// The time to ask: node, region.
    Ask(usize, usize),
    /// The time to fence: node, region.
    WriteTimeout(usize, usize),
    /// The idle timer of a connection. Before the decision's timer: that was set first and is due one tick later.
    Idle(usize, usize, u32),
    /// The wait for the decision is over.
    StillUp(usize, usize, u32),
}

/// A node.
#[derive(Clone, Debug)]
struct Member {
    alive: bool,
    /// A decision is to be made as soon as no wait is left.
    pending: bool,
}

/// One run.
pub(super) struct Run<'a> {
    cluster: &'a Cluster,
    settings: Settings,
    faults: &'a [Fault],
    /// Which faults are there now.
    active: Vec<bool>,
    chance: &'a Chance,
    now: i64,
    due: BinaryHeap<Reverse<(i64, Due)>>,
    members: Vec<Member>,
    /// What is on disk: of each region, how often each node's slot has changed.
    written: BTreeMap<usize, BTreeMap<usize, u64>>,
    /// A node's thread for a region.
    beats: BTreeMap<(usize, usize), Beat>,
    /// What a node knows of its connection with a peer.
    links: BTreeMap<(usize, usize), Link>,
    log: Vec<(i64, Event)>,
}

/// What happens, in its order.
pub fn run(cluster: &Cluster, faults: &[Fault], chance: &Chance) -> Vec<(i64, Event)> {
    let mut run = Run::new(cluster, faults, chance);
    let horizon = horizon(cluster.settings, faults);
    while let Some(Reverse((time, due))) = run.due.pop() {
        if time > horizon {
            break;
        }
        run.now = time;
        run.act(due);
    }
    run.log
}

/// Until when the model runs: all that follows from the last change of the faults has happened twice by then.
pub fn horizon(settings: Settings, faults: &[Fault]) -> i64 {
    let last = faults.iter().map(|fault| fault.end_ms.unwrap_or(fault.start_ms)).max().unwrap_or(0);
    let once = i64::from(settings.idle_ms) + settings.decide_ms() + settings.dead_ms() + 2 * BEAT_MARGIN_MS;
    let late =
        settings.late_ms(i64::from(settings.idle_ms)) + settings.late_ms(settings.decide_ms()) + settings.late_ms(settings.dead_ms());
    last + 2 * (once + late)
}

/// More than two beats.
const BEAT_MARGIN_MS: i64 = 5000;

impl<'a> Run<'a> {
    fn new(cluster: &'a Cluster, faults: &'a [Fault], chance: &'a Chance) -> Run<'a> {
        let mut run = Run {
            cluster,
            settings: cluster.settings,
            faults,
            active: vec![false; faults.len()],
            chance,
            now: 0,
            due: BinaryHeap::new(),
            members: vec![Member { alive: true, pending: false }; cluster.nodes.len()],
            written: BTreeMap::new(),
            beats: BTreeMap::new(),
            links: BTreeMap::new(),
            log: Vec::new(),
        };
        for node in 0..cluster.nodes.len() {
            for peer in cluster.peers(node) {
                run.links.insert((node, peer), Link::up());
            }
        }
        run.start_beats();
        for (index, fault) in faults.iter().enumerate() {
            run.at(fault.start_ms, Due::Begin(index));
            if let Some(end) = fault.end_ms {
                run.at(end, Due::End(index));
            }
        }
        run
    }

    fn at(&mut self, time: i64, due: Due) {
        self.due.push(Reverse((time, due)));
    }

    fn tell(&mut self, event: Event) {
        self.log.push((self.now, event));
    }

    fn alive(&self, node: usize) -> bool {
        self.members.get(node).is_some_and(|member| member.alive)
    }

    /// When a timer of `delay` that is set now fires at a node.
    fn timer(&self, node: usize, delay: i64) -> i64 {
        self.chance.fires(node, self.now, delay, self.settings.late_ms(delay))
    }

    fn act(&mut self, due: Due) {
        match due {
            Due::Begin(fault) => self.switch(fault, true),
            Due::End(fault) => self.switch(fault, false),
            Due::Round(node, region) => self.round(node, region),
            Due::Ask(node, region) => self.ask_timer(node, region),
            Due::WriteTimeout(node, region) => self.write_timer(node, region),
            Due::Receive(node, peer, state) => self.receive(node, peer, state),
            Due::Idle(node, peer, state) => self.idle(node, peer, state),
            Due::StillUp(node, peer, state) => self.still_up(node, peer, state),
        }
    }

    fn switch(&mut self, fault: usize, on: bool) {
        if let Some(active) = self.active.get_mut(fault) {
            *active = on;
        }
        self.tell(if on { Event::Begins { fault } } else { Event::Ends { fault } });
        match self.faults.get(fault).map(|fault| &fault.what) {
            Some(What::Kill(node)) if on => self.gone(*node),
            Some(What::Split(_)) => self.look_at_links(),
            Some(What::Stall(_) | What::IoError(_)) => self.look_at_storage(),
            _ => {}
        }
    }

    /// The node does nothing any more, and nobody is told.
    fn gone(&mut self, node: usize) {
        if let Some(member) = self.members.get_mut(node) {
            member.alive = false;
        }
        self.look_at_links_of(node);
    }

    fn fence(&mut self, node: usize, rule: Rule) {
        self.tell(Event::Fences { node, rule });
        self.gone(node);
    }

    /// Faults that are there now.
    fn faults_now(&self) -> impl Iterator<Item = &'a Fault> {
        self.faults.iter().zip(&self.active).filter(|(_, active)| **active).map(|(fault, _)| fault)
    }
}
