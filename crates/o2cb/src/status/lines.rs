//! The lines of the init script's `status`, same labels, same order.

use super::Status;
use crate::found::{Filesystem, FoundCluster, Seen};
use formats::cluster_conf::HeartbeatMode;

fn word(known: &Seen<bool>, yes: &str, no: &str) -> String {
    known.words(|known| if *known { yes } else { no }.to_owned())
}

fn filesystem(text: &mut String, name: &str, found: &Filesystem) {
    *text += &format!("Driver for \"{name}\": {}\n", word(&found.driver, "Loaded", "Not loaded"));
    if found.driver != Seen::Is(false) {
        *text += &format!("Filesystem \"{name}\": {}\n", word(&found.mounted, "Mounted", "Not mounted"));
    }
}

/// All of them.
pub fn lines(status: &Status) -> String {
    let found = &status.found;
    let mut text = String::new();
    filesystem(&mut text, "configfs", &found.configfs);
    if found.plugins != Seen::Absent {
        text += &format!("Stack glue driver: {}\n", found.plugins.words(|_| "Loaded".to_owned()));
        let plugin = found.plugins.clone().map(|plugins| plugins.iter().any(|plugin| plugin == "o2cb"));
        text += &format!("Stack plugin \"o2cb\": {}\n", word(&plugin, "Loaded", "Not loaded"));
    }
    filesystem(&mut text, "ocfs2_dlmfs", &found.dlmfs);
    if let Some(name) = &status.name {
        let online = match status.online() {
            Some(true) => "Online",
            Some(false) => "Offline",
            None => "unknown, needs root",
        };
        text += &format!("Checking O2CB cluster \"{name}\": {online}\n");
        if let Some(cluster) = status.cluster().filter(|_| status.online() == Some(true)) {
            text += &self::online(status, cluster);
        }
    }
    if let Some(domains) = found.user_domains.is().filter(|domains| !domains.is_empty()) {
        let names: Vec<&str> = domains.iter().map(|(domain, _)| domain.as_str()).collect();
        text += &format!("Active userdlm domains:  {}\n", names.join(" "));
    }
    text + &format!("Debug file system at /sys/kernel/debug: {}\n", word(&found.debugfs.mounted, "mounted", "not mounted"))
}

fn online(status: &Status, cluster: &FoundCluster) -> String {
    let number = |seen: &Seen<u32>| seen.words(u32::to_string);
    let global = cluster.mode.has(&HeartbeatMode::Global);
    let mode = cluster.mode.words(|mode| if *mode == HeartbeatMode::Global { "Global" } else { "Local" }.to_owned());
    let mut text = format!("  Heartbeat dead threshold: {}\n", number(&cluster.threshold));
    text += &format!("  Network idle timeout: {}\n", number(&cluster.idle_ms));
    text += &format!("  Network keepalive delay: {}\n", number(&cluster.keepalive_ms));
    text += &format!("  Network reconnect delay: {}\n", number(&cluster.reconnect_ms));
    text += &format!("  Heartbeat mode: {mode}\n");
    let active = if cluster.regions.is_empty() { "Not active" } else { "Active" };
    text += &format!("Checking O2CB heartbeat: {active}\n");
    if global {
        for region in &cluster.regions {
            text += &format!("  {} /dev/{}\n", region.uuid, region.device.words(Clone::clone));
        }
        if let Some(live) = status.found.beats.live.is() {
            text += &format!("Nodes in O2CB cluster: {}\n", formats::o2dlm::node_list::print(live));
        }
    }
    text
}
