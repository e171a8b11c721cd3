//! For programs. Names stay; new ones may come. What is not there is `null`, what cannot be told is `{"unknown": "why"}`.

use super::{Status, dead_after_s, fence_after_s, firewall, judge, quorum_after_s};
use crate::found::{Filesystem, FoundCluster, Seen};
use serde_json::{Value, json};

fn filesystem(found: &Filesystem) -> Value {
    json!({ "driver": found.driver, "mounted": found.mounted })
}

impl Status {
    /// All of it.
    pub fn json(&self) -> Value {
        let found = &self.found;
        let domains = found.domains.clone().map(|domains| {
            let domain = |domain: &crate::found::Domain| {
                let state = domain.state.is();
                json!({
                    "name": domain.name,
                    "state": domain.state.clone().map(|state| state.state),
                    "nodes": domain.state.clone().map(|state| state.domain_map),
                    "in_recovery": state.map(formats::o2dlm::DlmState::in_recovery),
                })
            };
            domains.iter().map(domain).collect::<Vec<_>>()
        });
        let mount =
            |mount: &crate::found::NamespaceMount| json!({ "device": mount.source, "mount_point": mount.mount_point, "pid": mount.pid });
        json!({
            "cluster": self.name,
            "host": found.host,
            "online": self.online(),
            "exit_code": self.code(),
            "stack": found.stack,
            "plugins": found.plugins,
            "configfs": filesystem(&found.configfs),
            "dlmfs": filesystem(&found.dlmfs),
            "debugfs": filesystem(&found.debugfs),
            "registered": self.cluster().map(|cluster| self.registered(cluster)),
            "live_nodes": found.beats.live,
            "connected_nodes": found.connected,
            "quorum_regions": found.beats.quorum_regions,
            "failed_regions": found.beats.failed_regions,
            "domains": domains,
            "user_domains": found.user_domains.clone().map(|domains| domains.into_iter().map(|(name, _)| name).collect::<Vec<_>>()),
            "mounts": self.mounts.clone().map(|mounts| mounts.iter().map(mount).collect::<Vec<_>>()),
            "panic_on_oops": found.sysctls.panic_on_oops,
            "panic_s": found.sysctls.panic_s,
            "firewall": firewall::json(self),
            "defaults": { "path": self.asked.file.path, "variables": self.asked.file.defaults },
            "findings": self.findings,
        })
    }

    fn registered(&self, cluster: &FoundCluster) -> Value {
        let node = |node: &crate::found::FoundNode| {
            let among = |seen: &Seen<Vec<u32>>| seen.is().zip(node.number.is()).map(|(nodes, number)| nodes.contains(&u32::from(*number)));
            let local = node.local.has(&true);
            json!({
                "name": node.name,
                "number": node.number,
                "address": node.address.clone().map(|address| address.to_string()),
                "port": node.port,
                "local": node.local,
                "alive": among(&self.found.beats.live),
                "connected": if local { None } else { among(&self.found.connected) },
                "listening": if local { judge::listens(&self.found, node) } else { None },
            })
        };
        let region = |region: &crate::found::FoundRegion| {
            json!({
                "uuid": region.uuid,
                "device": region.device,
                "pid": region.pid,
                "block_bytes": region.block_bytes,
                "start_block": region.start_block,
                "blocks": region.blocks,
                "elapsed_ms": region.elapsed_ms,
                "number": region.number,
                "pinned": region.pinned,
                "live_nodes": region.live,
            })
        };
        let threshold = cluster.threshold.is().copied();
        json!({
            "name": cluster.name,
            "mode": cluster.mode.clone().map(formats::cluster_conf::HeartbeatMode::word),
            "nodes": cluster.nodes.iter().map(node).collect::<Vec<_>>(),
            "regions": cluster.regions.iter().map(region).collect::<Vec<_>>(),
            "dead_threshold": cluster.threshold,
            "idle_timeout_ms": cluster.idle_ms,
            "keepalive_delay_ms": cluster.keepalive_ms,
            "reconnect_delay_ms": cluster.reconnect_ms,
            "fence_method": cluster.fence,
            "fence_after_s": threshold.map(fence_after_s),
            "dead_after_s": threshold.map(dead_after_s),
            "quorum_after_s": threshold.map(quorum_after_s),
        })
    }
}
