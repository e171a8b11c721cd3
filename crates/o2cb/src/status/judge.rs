//! What is wrong, what differs, what is unknown, what could be better.

use super::{Status, compare, fence_after_s, firewall};
use crate::found::{Found, FoundCluster, FoundNode, FoundRegion, Seen};
use formats::cluster_conf::HeartbeatMode;
use serde::Serialize;

/// What a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something does not work, or will not for long.
    Trouble,
    /// The kernel has something else than is asked for.
    Difference,
    /// Something that matters cannot be told.
    Unknown,
    /// It works; it could be safer.
    Advice,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// In words.
    pub words: String,
}

/// All of them.
pub fn judge(status: &Status) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |kind: Kind, words: String| findings.push(Finding { kind, words });
    for problem in &status.asked.problems {
        tell(Kind::Trouble, problem.clone());
    }
    if status.found.clusters.is_unknown() {
        tell(Kind::Unknown, format!("what is registered: {}", status.found.clusters.words(|_| String::new())));
    }
    let Some(cluster) = status.cluster() else {
        if let (Some(other), Some(name)) = (status.found.cluster(), &status.name) {
            tell(Kind::Trouble, format!("cluster '{}' is registered, not '{name}'; the kernel has room for one", other.name));
        }
        return findings;
    };
    for difference in compare::differences(status, cluster) {
        tell(Kind::Difference, difference.words);
    }
    if !status.found.stack.has(&"o2cb".to_owned()) {
        tell(Kind::Trouble, format!("the cluster stack is {}, not o2cb", status.found.stack.words(Clone::clone)));
    }
    socket(&status.found, cluster, &mut tell);
    for region in &cluster.regions {
        self::region(status, cluster, region, &mut tell);
    }
    connections(status, cluster, &mut tell);
    for domain in status.found.domains.is().into_iter().flatten() {
        if let Some(state) = domain.state.is().filter(|state| state.in_recovery()) {
            let dead: Vec<String> = state.dead_node.iter().chain(&state.recovery_map).map(u32::to_string).collect();
            tell(Kind::Trouble, format!("domain {} recovers from the death of node(s) {}", domain.name, dead.join(", ")));
        }
    }
    if status.found.beats.live.is_unknown() || (status.found.beats.live == Seen::Absent && !cluster.regions.is_empty()) {
        tell(Kind::Unknown, format!("heartbeats and connections: debugfs is {}", status.found.beats.live.words(|_| String::new())));
    }
    advice(&status.found, cluster, &mut tell);
    findings
}

fn socket(found: &Found, cluster: &FoundCluster, tell: &mut dyn FnMut(Kind, String)) {
    let Some(local) = cluster.local() else {
        tell(Kind::Trouble, "no node is registered as this machine: nothing can be mounted".to_owned());
        return;
    };
    if let Some(false) = listens(found, local) {
        let words = format!("nothing listens on {}:{}", local.address.words(ToString::to_string), local.port.words(ToString::to_string));
        tell(Kind::Trouble, format!("{words}: other nodes cannot connect"));
    }
}

/// Whether the kernel listens on a node's address and port; `None`: it cannot be told.
pub fn listens(found: &Found, node: &FoundNode) -> Option<bool> {
    let (address, port) = (*node.address.is()?, *node.port.is()?);
    Some(found.listening.is()?.contains(&(address, port)))
}

fn region(status: &Status, cluster: &FoundCluster, region: &FoundRegion, tell: &mut dyn FnMut(Kind, String)) {
    let global = cluster.mode.has(&HeartbeatMode::Global);
    if region.pid == Seen::Is(None) {
        tell(Kind::Trouble, format!("the heartbeat of region {} does not run", region.uuid));
    }
    if let (Some(&elapsed), Some(&threshold)) = (region.elapsed_ms.is(), cluster.threshold.is())
        && elapsed > fence_after_s(threshold) * 500
    {
        let words = format!("the last good beat in region {} is {:.1} s old", region.uuid, elapsed as f64 / 1000.0);
        tell(Kind::Trouble, format!("{words}: {}", status.timeout_in(Some(region)).words(fence_after_s(threshold))));
    }
    let found = &status.found;
    let failed = found.beats.failed_regions.is().zip(region.number.is()).is_some_and(|(failed, number)| failed.contains(number));
    if global && failed {
        tell(Kind::Trouble, format!("region {} failed: a write of this node timed out", region.uuid));
    }
    let mounted = |uuid: &str| found.domains.is().is_none_or(|domains| domains.iter().any(|domain| domain.name == uuid));
    if !global && !mounted(&region.uuid) && status.mounts.is().is_some_and(Vec::is_empty) {
        let counted = if found.counted(&region.uuid) == Some(true) { "the C tools still count a user" } else { "no user is counted" };
        tell(
            Kind::Trouble,
            format!("region {} beats and nothing mounts it ({counted}): `o2cb stop-heartbeat --stale --dry-run`", region.uuid),
        );
    }
}

fn connections(status: &Status, cluster: &FoundCluster, tell: &mut dyn FnMut(Kind, String)) {
    for node in status.lost().unwrap_or_default() {
        let number = node.number.words(u8::to_string);
        let words = format!("node '{}' ({number}) beats and is not connected: no mount succeeds, and the quorum may fence", node.name);
        let why = cluster.local().and_then(|local| firewall::blame(status, local, node)).map(|blame| format!("; {}", blame.words()));
        tell(Kind::Trouble, words + &why.unwrap_or_default());
    }
    for number in status.unregistered() {
        tell(Kind::Trouble, format!("node {number} beats and is not registered here"));
    }
}

fn advice(found: &Found, cluster: &FoundCluster, tell: &mut dyn FnMut(Kind, String)) {
    if found.sysctls.panic_on_oops.has(&0) {
        let words = "kernel.panic_on_oops is 0: after a crash in the kernel this node stays half alive and blocks the others; set it to 1";
        tell(Kind::Advice, words.to_owned());
    }
    if found.sysctls.panic_s.has(&0) {
        tell(Kind::Advice, "kernel.panic is 0: this node stays down after a panic; 30 restarts it after 30 s".to_owned());
    }
    if let Some(threshold) = cluster.threshold.is().filter(|threshold| **threshold < 7) {
        tell(Kind::Advice, format!("a heartbeat dead threshold of {threshold} is below the 7 that is advised"));
    }
    if cluster.mode.has(&HeartbeatMode::Global) && (1..3).contains(&cluster.regions.len()) {
        let words = format!("{} heartbeat region(s): the loss of one fences; with 3 one may fail", cluster.regions.len());
        tell(Kind::Advice, words);
    }
}
