//! The registered cluster, from configfs (`fs/ocfs2/cluster/nodemanager.c`, `heartbeat.c`).

use super::Seen;
use crate::kernel::{CLUSTERS, DEBUGFS, Look};
use formats::cluster_conf::HeartbeatMode;
use std::net::Ipv4Addr;

/// A cluster that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCluster {
    /// Its name.
    pub name: String,
    /// Its nodes, by name.
    pub nodes: Vec<FoundNode>,
    /// Its regions, by UUID.
    pub regions: Vec<FoundRegion>,
    /// How long a connection may be silent, milliseconds.
    pub idle_ms: Seen<u32>,
    /// Silence after which a keepalive is sent, milliseconds.
    pub keepalive_ms: Seen<u32>,
    /// Time between attempts to connect, milliseconds.
    pub reconnect_ms: Seen<u32>,
    /// What a node does to itself: `reset` or `panic`.
    pub fence: Seen<String>,
    /// How many times a slot may be unchanged before its node is dead.
    pub threshold: Seen<u32>,
    /// The name of the threshold's file: `dead_threshold`, in kernels 4.4 to 4.11 `threshold`.
    pub threshold_file: &'static str,
    /// How its nodes beat.
    pub mode: Seen<HeartbeatMode>,
}

/// A node that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundNode {
    /// Its name.
    pub name: String,
    /// Its number. The kernel says 0 also for a number that was not set yet.
    pub number: Seen<u8>,
    /// Its address; 0.0.0.0 if not set yet.
    pub address: Seen<Ipv4Addr>,
    /// Its port; 0 if not set yet.
    pub port: Seen<u16>,
    /// Whether it is this machine.
    pub local: Seen<bool>,
}

/// A region that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRegion {
    /// The UUID of the volume.
    pub uuid: String,
    /// The kernel's name of its device; empty before its heartbeat was started.
    pub device: Seen<String>,
    /// The pid of its heartbeat thread; `None` if it does not run.
    pub pid: Seen<Option<u32>>,
    /// Bytes of a slot.
    pub block_bytes: Seen<u32>,
    /// Where the slots begin, in slots.
    pub start_block: Seen<u64>,
    /// How many slots.
    pub blocks: Seen<u32>,
    /// Milliseconds since the last good beat of this node; 0 if it never beat. From debugfs.
    pub elapsed_ms: Seen<u64>,
    /// Its number, 0 to 31; in local mode always 0. From debugfs.
    pub number: Seen<u32>,
    /// Whether a domain holds it. From debugfs.
    pub pinned: Seen<bool>,
    /// Nodes that beat in it. From debugfs.
    pub live: Seen<Vec<u32>>,
}

impl FoundCluster {
    /// Its local node.
    pub fn local(&self) -> Option<&FoundNode> {
        self.nodes.iter().find(|node| node.local == Seen::Is(true))
    }

    /// Whether it has a local node and, in global mode, a region.
    pub fn is_online(&self) -> bool {
        self.local().is_some() && (self.mode != Seen::Is(HeartbeatMode::Global) || !self.regions.is_empty())
    }
}

impl FoundRegion {
    /// Whether its heartbeat runs.
    pub fn is_started(&self) -> bool {
        matches!(self.pid, Seen::Is(Some(_)))
    }
}

/// All clusters. Absent: the node manager is not loaded, or configfs is not mounted.
pub fn clusters(look: &dyn Look) -> Seen<Vec<FoundCluster>> {
    Seen::of(look.list(CLUSTERS))
        .map(|names| names.into_iter().filter(|entry| entry.folder).map(|entry| cluster(look, entry.name)).collect())
}

fn cluster(look: &dyn Look, name: String) -> FoundCluster {
    let folder = format!("{CLUSTERS}/{name}");
    let folders = |at: &str| {
        let entries = look.list(&format!("{folder}/{at}")).unwrap_or_default();
        entries.into_iter().filter(|entry| entry.folder).map(|entry| entry.name).collect::<Vec<_>>()
    };
    let (threshold_file, threshold) = match Seen::text(look, &format!("{folder}/heartbeat/dead_threshold")) {
        Seen::Absent => match Seen::text(look, &format!("{folder}/heartbeat/threshold")) {
            Seen::Absent => ("dead_threshold", Seen::Absent),
            older => ("threshold", older.parsed()),
        },
        now => ("dead_threshold", now.parsed()),
    };
    let number = |file: &str| Seen::text(look, &format!("{folder}/{file}")).parsed();
    FoundCluster {
        nodes: folders("node").into_iter().map(|node| found_node(look, &format!("{folder}/node/{node}"), node.clone())).collect(),
        regions: folders("heartbeat").into_iter().map(|uuid| region(look, &format!("{folder}/heartbeat/{uuid}"), uuid.clone())).collect(),
        idle_ms: number("idle_timeout_ms"),
        keepalive_ms: number("keepalive_delay_ms"),
        reconnect_ms: number("reconnect_delay_ms"),
        fence: Seen::text(look, &format!("{folder}/fence_method")).map(|text| text.trim().to_owned()),
        threshold,
        threshold_file,
        mode: mode(Seen::text(look, &format!("{folder}/heartbeat/mode"))),
        name,
    }
}

/// Kernels before 2.6.37 have no such file and know local mode only.
fn mode(text: Seen<String>) -> Seen<HeartbeatMode> {
    match text {
        Seen::Absent => Seen::Is(HeartbeatMode::Local),
        text => text.and_then(|text| match text.trim() {
            "local" => Seen::Is(HeartbeatMode::Local),
            "global" => Seen::Is(HeartbeatMode::Global),
            other => Seen::Odd(format!("it says {other:?}")),
        }),
    }
}

fn found_node(look: &dyn Look, folder: &str, name: String) -> FoundNode {
    let text = |file: &str| Seen::text(look, &format!("{folder}/{file}"));
    let local = text("local").parsed::<u32>().map(|local| local != 0);
    FoundNode { name, number: text("num").parsed(), address: text("ipv4_address").parsed(), port: text("ipv4_port").parsed(), local }
}

fn region(look: &dyn Look, folder: &str, uuid: String) -> FoundRegion {
    let text = |file: &str| Seen::text(look, &format!("{folder}/{file}"));
    let debug = |file: &str| Seen::text(look, &format!("{DEBUGFS}/o2hb/{uuid}/{file}"));
    let pid = text("pid").and_then(|text| if text.trim().is_empty() { Seen::Is(None) } else { Seen::Is(text).parsed().map(Some) });
    FoundRegion {
        device: text("dev").map(|text| text.trim().to_owned()),
        pid,
        block_bytes: text("block_bytes").parsed(),
        start_block: text("start_block").parsed(),
        blocks: text("blocks").parsed(),
        elapsed_ms: debug("elapsed_time_in_ms").parsed(),
        number: debug("num").parsed(),
        pinned: debug("pinned").parsed::<u32>().map(|pinned| pinned != 0),
        live: super::debug::nodes(look, &format!("{DEBUGFS}/o2hb/{uuid}/livenodes")),
        uuid,
    }
}
