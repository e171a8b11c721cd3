//! What is remembered of the nodes from one tick to the next.

use super::view::{ClusterView, NodeSeen, O2cbView, Trouble};
use super::{O2cbRules, domains, links, regions, troubles, words};
use crate::time::ViewTime;
use formats::o2hb::{Block, SlotHistory};
use sample::o2cb::{Cluster, Member, O2cbSample, Registered, Slots};
use sample::{Fault, Link};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// An empty slot: its checksum is 0, and valid.
const EMPTY: Block = Block { seq: 0, node: 0, generation: 0, dead_ms: 0, stored: 0, computed: 0 };

/// The nodes that are looked at.
#[derive(Debug)]
pub struct Memory {
    rules: O2cbRules,
    nodes: Vec<NodeMemory>,
    /// Since when each trouble has been there.
    since: BTreeMap<(&'static str, String), u64>,
}

/// A node that is looked at.
#[derive(Debug)]
pub(super) struct NodeMemory {
    /// Name by which it is looked at.
    pub name: String,
    link: Link,
    /// Why the way to it was broken last, until it is up again.
    down: Option<Fault>,
    fault: Option<Fault>,
    /// What it said last, and when that came.
    pub said: Option<(O2cbSample, ViewTime)>,
    /// Time from its last word but one to its last one, µs.
    gap_us: u64,
    /// What is remembered of its regions' slots, by UUID.
    pub regions: BTreeMap<String, RegionMemory>,
}

/// A region as a node reads it.
#[derive(Debug, Default)]
pub(super) struct RegionMemory {
    /// Slots that were ever used.
    pub slots: BTreeMap<u8, SlotHistory>,
    /// When it was read first, ns on the node's clock.
    pub first_ns: Option<u64>,
    /// When it was read last.
    pub last_ns: Option<u64>,
    /// How long that took, µs.
    pub took_us: Option<u64>,
}

/// A node whose word counts.
pub(super) struct Witness<'m> {
    /// What is remembered of it.
    pub node: &'m NodeMemory,
    /// Its cluster.
    pub cluster: &'m Cluster,
    /// How old its word is, ms.
    pub age_ms: u64,
    /// Its monotonic clock now, ns.
    pub now_ns: u64,
    /// Its number.
    pub number: Option<u8>,
}

impl Memory {
    /// Nodes by these names, of which nothing is known yet.
    pub fn new(nodes: impl IntoIterator<Item = String>, rules: O2cbRules) -> Memory {
        let node =
            |name| NodeMemory { name, link: Link::Connecting(1), down: None, fault: None, said: None, gap_us: 0, regions: BTreeMap::new() };
        Memory { rules, nodes: nodes.into_iter().map(node).collect(), since: BTreeMap::new() }
    }

    /// The way to a node changed.
    pub fn link(&mut self, node: usize, link: Link) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        if !matches!(link, Link::Up(_)) {
            // What its slots were is of a time that cannot be joined to what comes next: the node may have been started anew.
            node.said = None;
            node.regions.clear();
            node.fault = None;
        }
        match &link {
            Link::Down { fault, .. } => node.down = Some(fault.clone()),
            Link::Up(_) => node.down = None,
            Link::Connecting(_) => {}
        }
        node.link = link;
    }

    /// Why a node as a whole tells nothing; `None` takes it back.
    pub fn fault(&mut self, node: usize, fault: Option<Fault>) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.fault = fault;
        }
    }

    /// A node told of its stack.
    pub fn take(&mut self, node: usize, sample: O2cbSample, now: ViewTime) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        match sample.registered() {
            Some(cluster) => {
                let before = node.said.as_ref().and_then(|(sample, _)| sample.registered()).map(|cluster| &cluster.name);
                if before.is_some_and(|name| *name != cluster.name) {
                    node.regions.clear();
                }
                node.regions.retain(|uuid, _| cluster.regions.iter().any(|region| region.uuid == *uuid));
                for region in &cluster.regions {
                    node.regions.entry(region.uuid.clone()).or_default().observe(&region.slots);
                }
            }
            None => node.regions.clear(),
        }
        node.gap_us = node.said.as_ref().map_or(0, |(_, came)| now.since_us(*came));
        node.said = Some((sample, now));
    }

    /// Whether every node has said something, or will not.
    pub fn all_told(&self) -> bool {
        self.nodes.iter().all(|node| node.said.is_some() || matches!(node.link, Link::Down { .. }))
    }

    /// Whether any node has ever told of its stack.
    pub fn is_looked_at(&self) -> bool {
        self.nodes.iter().any(|node| node.said.is_some())
    }

    /// The picture of this moment.
    pub fn tick(&mut self, now: ViewTime) -> O2cbView {
        let nodes: Vec<NodeSeen> = self.nodes.iter().map(|node| node.seen(now, &self.rules)).collect();
        let witnesses: Vec<Witness<'_>> = self.nodes.iter().filter_map(|node| node.witness(now, &self.rules)).collect();
        let mut names: Vec<&str> = witnesses.iter().map(|witness| witness.cluster.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut found = troubles::of_nodes(&nodes, &self.nodes);
        let mut clusters = Vec::new();
        for name in names {
            let of_it: Vec<&Witness<'_>> = witnesses.iter().filter(|witness| witness.cluster.name == name).collect();
            let cluster = cluster(name, &of_it);
            found.extend(troubles::of_cluster(&cluster, &of_it, &self.rules));
            clusters.push(cluster);
        }
        let troubles = self.dated(found, now);
        let (verdict, severity) = words::verdict(&nodes, &clusters, &troubles);
        O2cbView { verdict, severity, nodes, clusters, troubles }
    }

    /// Each with the time for which it has been there, the worst and oldest first.
    fn dated(&mut self, found: Vec<troubles::Found>, now: ViewTime) -> Vec<Trouble> {
        let mut since = BTreeMap::new();
        let mut dated = Vec::new();
        for trouble in found {
            let key = (trouble.rule, trouble.subject.clone());
            let began = self.since.get(&key).copied().unwrap_or(now.monotonic_us);
            let for_ms = now.monotonic_us.saturating_sub(began) / 1000;
            since.insert(key, began);
            dated.push(trouble.dated(for_ms));
        }
        self.since = since;
        // What ends with a fence comes before what may lead to it.
        let rank =
            |trouble: &Trouble| (Reverse(trouble.severity), !matches!(trouble.rule, "silent" | "no-quorum"), Reverse(trouble.for_ms));
        dated.sort_by_key(rank);
        dated
    }
}

impl NodeMemory {
    fn age_us(&self, now: ViewTime) -> Option<u64> {
        self.said.as_ref().map(|(_, came)| now.since_us(*came))
    }

    fn counts(&self, now: ViewTime, rules: &O2cbRules) -> bool {
        matches!(self.link, Link::Up(_)) && self.age_us(now).is_some_and(|age| age <= self.late_after_us(rules))
    }

    /// A node that speaks seldom is not late for that.
    fn late_after_us(&self, rules: &O2cbRules) -> u64 {
        rules.late_after_us.max(self.gap_us.saturating_mul(5) / 2)
    }

    fn seen(&self, now: ViewTime, rules: &O2cbRules) -> NodeSeen {
        let cluster = self.said.as_ref().and_then(|(sample, _)| sample.registered());
        let state = match (&self.link, &self.fault, self.age_us(now)) {
            // An attempt is no end of what was wrong.
            (Link::Connecting(_), ..) => self.down.as_ref().map_or_else(|| "connecting".to_owned(), ToString::to_string),
            (Link::Down { fault, .. }, ..) | (Link::Up(_), Some(fault), None) => fault.to_string(),
            (Link::Up(_), None, None) => "waiting".to_owned(),
            (Link::Up(_), _, Some(age)) if age > self.late_after_us(rules) => format!("late: no word for {}", words::time(age / 1000)),
            (Link::Up(_), ..) => match self.said.as_ref().map(|(sample, _)| &sample.cluster) {
                Some(Registered::NotLoaded) => "O2CB's modules are not loaded".to_owned(),
                Some(Registered::None) => "no cluster is registered".to_owned(),
                Some(Registered::Unknown(why)) => format!("unknown: {why}"),
                _ => "live".to_owned(),
            },
        };
        NodeSeen {
            name: self.name.clone(),
            state,
            counts: self.counts(now, rules),
            age_ms: self.age_us(now).map(|age| age / 1000),
            cluster: cluster.map(|cluster| cluster.name.clone()),
            number: cluster.and_then(Cluster::own_number),
            unread: self.said.as_ref().map(|(sample, _)| sample.unread.clone()).unwrap_or_default(),
        }
    }

    fn witness(&self, now: ViewTime, rules: &O2cbRules) -> Option<Witness<'_>> {
        let (sample, came) = self.said.as_ref().filter(|_| self.counts(now, rules))?;
        let age_us = now.since_us(*came);
        let cluster = sample.registered()?;
        let now_ns = sample.clock.monotonic_ns.saturating_add(age_us.saturating_mul(1000));
        Some(Witness { node: self, cluster, age_ms: age_us / 1000, now_ns, number: cluster.own_number() })
    }
}

impl RegionMemory {
    fn observe(&mut self, slots: &Slots) {
        let Slots::Read(reading) = slots else { return };
        if self.last_ns.is_some_and(|last| reading.at_ns <= last) {
            return;
        }
        let at = Duration::from_nanos(reading.at_ns);
        self.first_ns.get_or_insert(reading.at_ns);
        self.last_ns = Some(reading.at_ns);
        self.took_us = Some(reading.took_us);
        for (slot, history) in &mut self.slots {
            let read = u16::from(*slot) < reading.upto;
            if read && !reading.used.iter().any(|(used, _)| used == slot) {
                // It was used, and has been wiped.
                history.observe(at, EMPTY);
            }
        }
        for (slot, block) in &reading.used {
            self.slots.entry(*slot).or_default().observe(at, *block);
        }
    }
}

/// A cluster as its witnesses tell it.
fn cluster(name: &str, witnesses: &[&Witness<'_>]) -> ClusterView {
    let told = |value: fn(&Cluster) -> Option<u32>| witnesses.iter().find_map(|witness| value(witness.cluster));
    let threshold = told(|cluster| cluster.threshold);
    let mut view = ClusterView {
        name: name.to_owned(),
        heartbeat_mode: witnesses.iter().find_map(|witness| witness.cluster.global).map(|global| if global { "global" } else { "local" }),
        threshold,
        fence_ms: threshold.map(formats::o2hb::fence_ms),
        dead_ms: threshold.map(formats::o2hb::dead_ms),
        quorum_ms: threshold.map(formats::o2hb::quorum_ms),
        idle_timeout_ms: told(|cluster| cluster.idle_ms),
        keepalive_delay_ms: told(|cluster| cluster.keepalive_ms),
        reconnect_delay_ms: told(|cluster| cluster.reconnect_ms),
        fence_method: witnesses.iter().find_map(|witness| witness.cluster.fence.clone()),
        members: members(witnesses),
        idle_unknown: witnesses
            .iter()
            .filter_map(|witness| Some((witness.node.name.clone(), witness.cluster.idle_unknown.clone()?)))
            .collect(),
        ..ClusterView::default()
    };
    view.regions = regions::regions(&view, witnesses);
    view.connections = links::links(&view, witnesses);
    view.domains = domains::domains(witnesses);
    view
}

fn members(witnesses: &[&Witness<'_>]) -> Vec<super::MemberView> {
    let mut members: BTreeMap<u8, &Member> = BTreeMap::new();
    for member in witnesses.iter().flat_map(|witness| &witness.cluster.nodes) {
        if let Some(number) = member.number {
            members.entry(number).or_insert(member);
        }
    }
    // A node counts itself among the living when the others do not any more: theirs is the word that counts.
    let live = |number: u8| {
        let told = |by_itself: bool| {
            let by = witnesses.iter().filter(|witness| (witness.number == Some(number)) == by_itself);
            by.filter_map(|witness| Some(witness.cluster.live.as_ref()?.contains(&u32::from(number)))).reduce(|a, b| a || b)
        };
        told(false).or_else(|| told(true))
    };
    let view = |(number, member): (u8, &Member)| super::MemberView {
        number,
        name: member.name.clone(),
        address: member.address,
        port: member.port,
        seen: witnesses.iter().any(|witness| witness.number == Some(number)),
        live: live(number),
    };
    members.into_iter().map(view).collect()
}
