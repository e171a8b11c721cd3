//! For a person: the init script's lines, then what they never told.

use super::{Kind, Status, dead_after_s, fence_after_s, firewall, judge, lines, quorum_after_s};
use crate::found::{FoundCluster, FoundNode, FoundRegion, Seen};
use crate::printed::line;
use formats::cluster_conf::HeartbeatMode;

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{:.1} s", ms as f64 / 1000.0) }
}

impl Status {
    /// All of it.
    pub fn text(&self) -> String {
        let mut text = lines::lines(self);
        if let Some(cluster) = self.cluster() {
            text += "\n";
            text += &times(cluster);
            text += "\nNodes:\n";
            for node in &cluster.nodes {
                text += &line(&format!("  {}", self.node(cluster, node)));
            }
            if !cluster.regions.is_empty() {
                text += "Regions:\n";
                for region in &cluster.regions {
                    text += &line(&format!("  {}", self.region(cluster, region)));
                }
            }
        }
        for domain in self.found.domains.is().into_iter().flatten() {
            let state = domain
                .state
                .words(|state| format!("{}, nodes {}", state.state, formats::o2dlm::node_list::print(&state.domain_map).trim_end()));
            text += &line(&format!("Domain {}: {state}", domain.name));
        }
        for mount in self.mounts.is().into_iter().flatten() {
            text += &line(&format!("Mounted: {} at {}", mount.source, mount.mount_point));
        }
        let sysctls = &self.found.sysctls;
        text += &line(&format!(
            "kernel.panic_on_oops: {}, kernel.panic: {}",
            sysctls.panic_on_oops.words(u32::to_string),
            sysctls.panic_s.words(i32::to_string)
        ));
        text += &firewall::lines(self);
        for (kind, title) in
            [(Kind::Trouble, "Trouble"), (Kind::Difference, "Difference"), (Kind::Unknown, "Unknown"), (Kind::Advice, "Advice")]
        {
            for finding in self.findings.iter().filter(|finding| finding.kind == kind) {
                text += &line(&format!("{title}: {}", finding.words));
            }
        }
        text
    }

    fn node(&self, cluster: &FoundCluster, node: &FoundNode) -> String {
        let number = node.number.is().map(|number| u32::from(*number));
        let among = |seen: &Seen<Vec<u32>>, yes: &str, no: &str| {
            seen.words(|nodes| if number.is_some_and(|number| nodes.contains(&number)) { yes } else { no }.to_owned())
        };
        let head = format!(
            "{:>3} {} {}:{}",
            node.number.words(u8::to_string),
            node.name,
            node.address.words(ToString::to_string),
            node.port.words(u16::to_string)
        );
        if node.local.has(&true) {
            let listens = match judge::listens(&self.found, node) {
                Some(true) => "listening",
                Some(false) => "NOT listening",
                None => "whether it listens is unknown",
            };
            let ages: Vec<u64> = cluster.regions.iter().filter_map(|region| region.elapsed_ms.is().copied()).collect();
            let beat = ages.iter().max().map_or("no heartbeat".to_owned(), |age| format!("beat {} ago", seconds(*age)));
            return format!("{head}  this node, {listens}, {beat}");
        }
        let live = if cluster.regions.is_empty() {
            "not seen: no region".to_owned()
        } else {
            among(&self.found.beats.live, "alive", "no heartbeat")
        };
        format!("{head}  {live}, {}", among(&self.found.connected, "connected", "not connected"))
    }

    fn region(&self, cluster: &FoundCluster, region: &FoundRegion) -> String {
        let mut parts = vec![
            format!(
                "{} {}",
                region.uuid,
                region.device.words(|device| if device.is_empty() { "no device".to_owned() } else { device.clone() })
            ),
            region.elapsed_ms.words(|age| if *age == 0 { "never beat".to_owned() } else { format!("beat {} ago", seconds(*age)) }),
            format!("alive: {}", region.live.words(|nodes| formats::o2dlm::node_list::print(nodes).trim_end().to_owned())),
        ];
        if cluster.mode.has(&HeartbeatMode::Global) {
            let has = |seen: &Seen<Vec<u32>>| seen.is().zip(region.number.is()).map(|(regions, number)| regions.contains(number));
            let beats = &self.found.beats;
            parts.extend(has(&beats.quorum_regions).map(|yes| if yes { "quorum" } else { "no quorum region" }.to_owned()));
            parts.extend(has(&beats.failed_regions).filter(|failed| *failed).map(|_| "FAILED".to_owned()));
        }
        parts.extend(region.pinned.is().filter(|pinned| **pinned).map(|_| "held by a domain".to_owned()));
        parts.join(", ")
    }
}

fn times(cluster: &FoundCluster) -> String {
    let mut text = String::new();
    if let Some(&threshold) = cluster.threshold.is() {
        text += &line(&format!(
            "A node that cannot write its heartbeat fences itself ({}) after {} s; the others count a silent node as dead after {} s.",
            cluster.fence.words(Clone::clone),
            fence_after_s(threshold),
            dead_after_s(threshold)
        ));
        if let Some(&idle) = cluster.idle_ms.is() {
            text += &line(&format!(
                "A connection that is silent for {} is lost; {} s later the quorum decides who fences.",
                seconds(u64::from(idle)),
                quorum_after_s(threshold)
            ));
        }
    }
    if let (Some(&keepalive), Some(&reconnect)) = (cluster.keepalive_ms.is(), cluster.reconnect_ms.is()) {
        text += &line(&format!(
            "A keepalive follows {} of silence; a lost connection is tried again every {}.",
            seconds(u64::from(keepalive)),
            seconds(u64::from(reconnect))
        ));
    }
    text
}
