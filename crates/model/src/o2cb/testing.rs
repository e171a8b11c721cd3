//! Nodes of a made-up cluster, as they tell of themselves.

use super::{Memory, O2cbRules, O2cbView, Trouble};
use crate::time::ViewTime;
use formats::o2hb::Block;
use sample::o2cb::{Cluster, Connection, Domain, Member, O2cbSample, Reading, Region, Registered, Slots, Thread};
use sample::{Link, NodeClock, Way};

pub const UUID: &str = "3C297ACBFCE148888FD30866FF94FBBF";

/// A good block of a cluster with threshold 7.
pub fn block(node: u8, seq: u64) -> Block {
    Block { seq, node, generation: 0xabc0 + u64::from(node), dead_ms: 14_000, stored: 1, computed: 1 }
}

/// Node `own` of three, with threshold 7 and an idle timeout of 10 s, at this second of its clock; it has read these slots.
pub fn sample(own: u8, second: u64, slots: Vec<(u8, Block)>) -> O2cbSample {
    let member = |number| Member {
        name: format!("node{number}"),
        number: Some(number),
        address: Some([10, 77, 0, number].into()),
        port: Some(7777),
        local: Some(number == own),
    };
    let others = || (1..=3).filter(move |node| *node != own);
    let region = Region {
        uuid: UUID.to_owned(),
        device: Some("dm-0".to_owned()),
        thread: Some(Thread::Runs(500)),
        elapsed_ms: Some(900),
        number: Some(0),
        pinned: Some(true),
        live: Some(vec![1, 2, 3]),
        slots: Slots::Read(Reading { at_ns: second * 1_000_000_000, took_us: 700, upto: 255, used: slots }),
    };
    let connection = |node| Connection { node, established: true, received_ms: Some(400), sent_ms: Some(400), ..Connection::default() };
    let cluster = Cluster {
        name: "lab".to_owned(),
        global: Some(false),
        threshold: Some(7),
        idle_ms: Some(10_000),
        keepalive_ms: Some(2000),
        reconnect_ms: Some(2000),
        fence: Some("reset".to_owned()),
        nodes: (1..=3).map(member).collect(),
        regions: vec![region],
        live: Some(vec![1, 2, 3]),
        live_regions: Some(Vec::new()),
        quorum_regions: Some(Vec::new()),
        failed_regions: Some(Vec::new()),
        connected: Some(others().map(u32::from).collect()),
        connections: others().map(connection).collect(),
        idle_unknown: None,
        sending: Some(Vec::new()),
        domains: Some(vec![Domain { name: UUID.to_owned(), state: None }]),
    };
    let clock = NodeClock { monotonic_ns: second * 1_000_000_000, realtime_us: None };
    O2cbSample { clock, host: format!("node{own}"), cluster: Registered::Cluster(Box::new(cluster)), unread: Vec::new() }
}

/// The cluster of a sample, to be changed.
pub fn cluster(sample: &mut O2cbSample) -> &mut Cluster {
    match &mut sample.cluster {
        Registered::Cluster(cluster) => cluster,
        _ => panic!("no cluster"),
    }
}

pub fn at(second: u64) -> ViewTime {
    ViewTime { monotonic_us: second * 1_000_000, realtime_us: None }
}

/// Nodes that are looked at, all connected.
pub fn memory(nodes: &[&str]) -> Memory {
    let mut memory = Memory::new(nodes.iter().map(|name| (*name).to_owned()), O2cbRules::default());
    for node in 0..nodes.len() {
        memory.link(node, Link::Up(Way::Local));
    }
    memory
}

/// Node 1 looks every 2 s from second 100 on; `slots` are what it reads and `change` what else is so at that second. Every picture.
pub fn watch(seconds: u64, slots: impl Fn(u64) -> Vec<(u8, Block)>, change: impl Fn(u64, &mut Cluster)) -> Vec<O2cbView> {
    let mut memory = memory(&["node1"]);
    let mut views = Vec::new();
    for second in (0..=seconds).step_by(2) {
        let mut told = sample(1, 100 + second, slots(second));
        change(second, cluster(&mut told));
        memory.take(0, told, at(second));
        views.push(memory.tick(at(second)));
    }
    views
}

/// All three nodes beat.
pub fn all_beat(second: u64) -> Vec<(u8, Block)> {
    (1..=3).map(|node| (node, block(node, 1000 + second))).collect()
}

pub fn trouble<'v>(view: &'v O2cbView, rule: &str) -> Option<&'v Trouble> {
    view.troubles.iter().find(|trouble| trouble.rule == rule)
}
