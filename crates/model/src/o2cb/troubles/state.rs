//! Regions, domains and settings that are not as they should be.

use super::Found;
use crate::finding::Severity;
use crate::o2cb::memory::Witness;
use crate::o2cb::view::{ClusterView, DomainOnNode, RecoveryView, RegionOnNode, RegionView};
use crate::o2cb::words::{short, time};
use sample::o2cb::Cluster;
use std::collections::BTreeMap;

/// A device that has not answered for so long suffers, ms: two beats.
const UNANSWERED_MS: u64 = 4000;

/// Regions as their nodes have them.
pub(super) fn regions(cluster: &ClusterView) -> Vec<Found> {
    let mut found = Vec::new();
    for region in &cluster.regions {
        for on_node in &region.on_nodes {
            region_on_node(region, on_node, &mut found);
        }
    }
    found
}

fn region_on_node(region: &RegionView, on_node: &RegionOnNode, found: &mut Vec<Found>) {
    let (node, uuid) = (&on_node.node, short(&region.uuid));
    let device = on_node.device.as_deref().unwrap_or("no device");
    let mut tell = |severity, rule, text: String, evidence: String| {
        let told = Found::new(severity, rule, format!("{node} {}", region.uuid), text);
        found.push(told.told_by([node.as_str()]).because([evidence]));
    };
    match on_node.thread {
        Some("gone") => tell(
            Severity::Critical,
            "thread-gone",
            format!("{node}: the heartbeat thread of region {uuid} is gone"),
            format!("configfs names its pid for region {}, and no process has it", region.uuid),
        ),
        Some("not started") => tell(
            Severity::Note,
            "not-started",
            format!("{node}: the heartbeat of region {uuid} is not started"),
            format!("configfs names no pid for region {}", region.uuid),
        ),
        _ => {}
    }
    if let Some(ms) = on_node.unanswered_ms.filter(|&ms| ms >= UNANSWERED_MS) {
        tell(
            Severity::Warning,
            "device-silent",
            format!("{node}: {device} does not answer for {} (region {uuid})", time(ms)),
            "its slots were asked for, past the page cache, and have not come".to_owned(),
        );
    }
    if let Some(why) = &on_node.unreadable {
        tell(
            Severity::Warning,
            "device-unreadable",
            format!("{node}: {device} cannot be read: {why} (region {uuid})"),
            "its slots were asked for, past the page cache".to_owned(),
        );
    }
    if on_node.failed == Some(true) {
        tell(
            Severity::Critical,
            "region-failed",
            format!("{node}: a write to region {uuid} on {device} timed out: the region has failed"),
            "o2hb/failed_regions has it; a node fences itself when half of the quorum's regions have".to_owned(),
        );
    }
    if on_node.quorum == Some(false) && on_node.thread == Some("runs") {
        tell(
            Severity::Note,
            "no-quorum-region",
            format!("{node}: region {uuid} does not count for the quorum"),
            "o2hb/quorum_regions lacks it: not all living nodes were seen in it at once".to_owned(),
        );
    }
}

/// Domains that are being recovered, or joined or left.
pub(super) fn domains(cluster: &ClusterView) -> Vec<Found> {
    let mut found = Vec::new();
    for domain in &cluster.domains {
        for on_node in &domain.on_nodes {
            let subject = format!("{} {}", on_node.node, domain.name);
            let evidence = [format!("o2dlm/{}/dlm_state on {}", domain.name, on_node.node)];
            if let Some(recovery) = &on_node.recovery {
                let text = recovery_words(cluster, &domain.name, on_node, recovery);
                let told = Found::new(Severity::Warning, "recovery", subject, text);
                found.push(told.told_by([on_node.node.as_str()]).because(evidence));
            } else if let Some(state) = on_node.state.as_ref().filter(|state| *state != "JOINED") {
                let text = format!("{}: domain {} is {state}", on_node.node, short(&domain.name));
                found.push(Found::new(Severity::Note, "domain-state", subject, text).told_by([on_node.node.as_str()]).because(evidence));
            }
        }
    }
    found
}

fn recovery_words(cluster: &ClusterView, domain: &str, on_node: &DomainOnNode, recovery: &RecoveryView) -> String {
    let name = |number: &u32| {
        let member = cluster.members.iter().find(|member| u32::from(member.number) == *number);
        member.map_or_else(|| format!("node {number}"), |member| member.name.clone())
    };
    let mut dead: Vec<String> = recovery.dead_node.iter().chain(&recovery.pending).map(name).collect();
    dead.dedup();
    let dead = if dead.is_empty() { "a dead node".to_owned() } else { dead.join(", ") };
    let leader = recovery.leader.as_ref().map(|leader| format!(", led by {}", name(leader))).unwrap_or_default();
    format!("{}: domain {} is recovered from {dead}{leader}: locks may be kept back", on_node.node, short(domain))
}

/// What a node says of a setting.
type Setting = fn(&Cluster) -> Option<String>;

/// Settings in which nodes differ: o2net refuses such connections, and the heartbeat's end is another one.
pub(super) fn settings(cluster: &ClusterView, witnesses: &[&Witness<'_>]) -> Vec<Found> {
    let compared: [(&str, Setting); 5] = [
        ("dead_threshold", |cluster| cluster.threshold.map(|value| value.to_string())),
        ("heartbeat mode", |cluster| cluster.global.map(|global| if global { "global" } else { "local" }.to_owned())),
        ("idle_timeout_ms", |cluster| cluster.idle_ms.map(|value| value.to_string())),
        ("keepalive_delay_ms", |cluster| cluster.keepalive_ms.map(|value| value.to_string())),
        ("nodes", |cluster| {
            let mut nodes: Vec<String> = cluster.nodes.iter().filter_map(|node| Some(format!("{}={}", node.number?, node.name))).collect();
            nodes.sort();
            Some(nodes.join(" "))
        }),
    ];
    let mut found = Vec::new();
    for (setting, value) in compared {
        let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for witness in witnesses {
            if let Some(value) = value(witness.cluster) {
                values.entry(value).or_default().push(&witness.node.name);
            }
        }
        if values.len() > 1 {
            let words: Vec<String> = values.iter().map(|(value, nodes)| format!("{} on {}", value, nodes.join(", "))).collect();
            let text = format!("nodes differ in {setting}: {}", words.join("; "));
            let told = Found::new(Severity::Warning, "settings-differ", format!("{} {setting}", cluster.name), text);
            found.push(told.told_by(values.values().flatten().copied()));
        }
    }
    found
}
