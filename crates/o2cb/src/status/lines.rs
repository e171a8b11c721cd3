//! The lines of the init script's `status`, same labels, same order.

use super::Status;
use crate::found::{Filesystem, FoundCluster, Seen};
use crate::printed::line;
use formats::cluster_conf::HeartbeatMode;

fn word(known: &Seen<bool>, yes: &str, no: &str) -> String {
    known.words(|known| if *known { yes } else { no }.to_owned())
}

fn filesystem(text: &mut String, name: &str, found: &Filesystem) {
    *text += &line(&format!("Driver for \"{name}\": {}", word(&found.driver, "Loaded", "Not loaded")));
    if found.driver != Seen::Is(false) {
        *text += &line(&format!("Filesystem \"{name}\": {}", word(&found.mounted, "Mounted", "Not mounted")));
    }
}

/// All of them.
pub fn lines(status: &Status) -> String {
    let found = &status.found;
    let mut text = String::new();
    filesystem(&mut text, "configfs", &found.configfs);
    if found.plugins != Seen::Absent {
        text += &line(&format!("Stack glue driver: {}", found.plugins.words(|_| "Loaded".to_owned())));
        let plugin = found.plugins.clone().map(|plugins| plugins.iter().any(|plugin| plugin == "o2cb"));
        text += &line(&format!("Stack plugin \"o2cb\": {}", word(&plugin, "Loaded", "Not loaded")));
    }
    filesystem(&mut text, "ocfs2_dlmfs", &found.dlmfs);
    if let Some(name) = &status.name {
        let online = match status.online() {
            Some(true) => "Online",
            Some(false) => "Offline",
            None => "unknown, needs root",
        };
        text += &line(&format!("Checking O2CB cluster \"{name}\": {online}"));
        if let Some(cluster) = status.cluster().filter(|_| status.online() == Some(true)) {
            text += &self::online(status, cluster);
        }
    }
    if let Some(domains) = found.user_domains.is().filter(|domains| !domains.is_empty()) {
        let names: Vec<&str> = domains.iter().map(|(domain, _)| domain.as_str()).collect();
        text += &line(&format!("Active userdlm domains:  {}", names.join(" ")));
    }
    text + &line(&format!("Debug file system at /sys/kernel/debug: {}", word(&found.debugfs.mounted, "mounted", "not mounted")))
}

fn online(status: &Status, cluster: &FoundCluster) -> String {
    let number = |seen: &Seen<u32>| seen.words(u32::to_string);
    let global = cluster.mode.has(&HeartbeatMode::Global);
    let mode = cluster.mode.words(|mode| if *mode == HeartbeatMode::Global { "Global" } else { "Local" }.to_owned());
    let mut text = line(&format!("  Heartbeat dead threshold: {}", number(&cluster.threshold)));
    text += &line(&format!("  Network idle timeout: {}", number(&cluster.idle_ms)));
    text += &line(&format!("  Network keepalive delay: {}", number(&cluster.keepalive_ms)));
    text += &line(&format!("  Network reconnect delay: {}", number(&cluster.reconnect_ms)));
    text += &line(&format!("  Heartbeat mode: {mode}"));
    let active = if cluster.regions.is_empty() { "Not active" } else { "Active" };
    text += &line(&format!("Checking O2CB heartbeat: {active}"));
    if global {
        for region in &cluster.regions {
            text += &line(&format!("  {} /dev/{}", region.uuid, region.device.words(Clone::clone)));
        }
        if let Some(live) = status.found.beats.live.is() {
            text += &line(&format!("Nodes in O2CB cluster: {}", formats::o2dlm::node_list::print(live)));
        }
    }
    text
}
