//! What the configuration asks for and the kernel does not have, or has otherwise.

use super::{Status, firewall};
use crate::found::{FoundCluster, FoundNode, Seen};
use formats::cluster_conf::{Cluster, HeartbeatMode, Node, is_local};

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The heartbeat mode, or a region.
    Heartbeat,
    /// A node.
    Node,
    /// A timeout that all nodes must have alike, or the time between attempts to connect.
    Timeout,
    /// What a node does to itself, and whether it comes back.
    Fence,
    /// The firewall of this machine.
    Firewall,
}

/// Something that is not as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub about: About,
    /// What is, and what is asked for.
    pub words: String,
}

/// All of them.
pub fn differences(status: &Status, cluster: &FoundCluster) -> Vec<Difference> {
    let mut told = Vec::new();
    if let Some(asked) = &status.asked.cluster {
        mode_and_regions(&mut told, cluster, asked);
        nodes(&mut told, status, cluster, asked);
    }
    let defaults = &status.asked.file.defaults;
    let asked = &defaults.timeouts;
    for (name, asked, is) in [
        ("heartbeat dead threshold", asked.threshold, &cluster.threshold),
        ("network idle timeout", asked.idle_ms, &cluster.idle_ms),
        ("network keepalive delay", asked.keepalive_ms, &cluster.keepalive_ms),
        ("network reconnect delay", asked.reconnect_ms, &cluster.reconnect_ms),
    ] {
        differs(&mut told, About::Timeout, name, asked, is, &status.asked.file.path.display().to_string());
    }
    let file = status.asked.file.path.display().to_string();
    differs(&mut told, About::Fence, "fence method", defaults.fence.map(|fence| fence.word().to_owned()), &cluster.fence, &file);
    differs(&mut told, About::Fence, "kernel.panic_on_oops", defaults.panic_on_oops, &status.found.sysctls.panic_on_oops, &file);
    differs(&mut told, About::Fence, "kernel.panic", defaults.panic_s, &status.found.sysctls.panic_s, &file);
    told.extend(firewall::difference(status, &file).map(|words| Difference { about: About::Firewall, words }));
    told
}

fn differs<T: PartialEq + std::fmt::Display>(
    told: &mut Vec<Difference>,
    about: About,
    name: &str,
    asked: Option<T>,
    is: &Seen<T>,
    file: &str,
) {
    if let (Some(asked), Some(is)) = (asked, is.is())
        && asked != *is
    {
        told.push(Difference { about, words: format!("{name} is {is}, {file} asks for {asked}") });
    }
}

fn mode_and_regions(told: &mut Vec<Difference>, cluster: &FoundCluster, asked: &Cluster) {
    if let Some(mode) = cluster.mode.is().filter(|mode| **mode != asked.mode) {
        told.push(Difference {
            about: About::Heartbeat,
            words: format!("heartbeat mode is {}, cluster.conf asks for {}", mode.word(), asked.mode.word()),
        });
    }
    if asked.mode != HeartbeatMode::Global {
        return;
    }
    for uuid in asked.regions.iter().filter(|uuid| cluster.regions.iter().all(|region| region.uuid != **uuid)) {
        told.push(Difference { about: About::Heartbeat, words: format!("region {uuid} of cluster.conf is not there") });
    }
    for region in cluster.regions.iter().filter(|region| !asked.regions.contains(&region.uuid)) {
        told.push(Difference { about: About::Heartbeat, words: format!("region {} is not in cluster.conf", region.uuid) });
    }
}

fn nodes(told: &mut Vec<Difference>, status: &Status, cluster: &FoundCluster, asked: &Cluster) {
    for node in &asked.nodes {
        match cluster.nodes.iter().find(|found| found.name == node.name) {
            None => told.push(of_node(format!("node '{}' of cluster.conf is not registered", node.name))),
            Some(found) => node_differs(told, found, node),
        }
    }
    for node in cluster.nodes.iter().filter(|found| asked.nodes.iter().all(|node| node.name != found.name)) {
        told.push(of_node(format!("node '{}' is registered and not in cluster.conf", node.name)));
    }
    if let (Some(local), Some(host)) = (cluster.local(), status.found.host.is())
        && !is_local(&local.name, host)
    {
        told.push(of_node(format!("node '{}' is registered as this machine, whose name is '{host}'", local.name)));
    }
}

fn node_differs(told: &mut Vec<Difference>, found: &FoundNode, node: &Node) {
    let (Some(number), Some(address), Some(port)) = (found.number.is(), found.address.is(), found.port.is()) else { return };
    if (*number, *address, *port) != (node.number, node.address, node.port) {
        told.push(of_node(format!(
            "node '{}' is registered as {number} {address}:{port}, cluster.conf has {} {}:{}",
            node.name, node.number, node.address, node.port
        )));
    }
}

fn of_node(words: String) -> Difference {
    Difference { about: About::Node, words }
}
