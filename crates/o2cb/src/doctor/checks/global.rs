//! Regions of the global heartbeat.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::OnDisk;
use formats::cluster_conf::HeartbeatMode;

pub fn missing(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.status.asked.cluster.as_ref().filter(|cluster| cluster.mode == HeartbeatMode::Global) else {
        return Verdict::NotApplicable("the heartbeat is local".to_owned());
    };
    let disks = &facts.disks;
    let lost: Vec<&String> = cluster.regions.iter().filter(|uuid| disks.volumes.iter().all(|disk| disk.uuid != **uuid)).collect();
    let all: Vec<String> = disks.volumes.iter().map(|disk| format!("{} {}", disk.uuid, disk.path)).collect();
    let candidates: Vec<String> = disks
        .volumes
        .iter()
        .filter(|disk| matches!(&disk.made_for, OnDisk::Named { cluster: name, global: true, .. } if *name == cluster.name))
        .filter(|disk| !cluster.regions.contains(&disk.uuid))
        .map(|disk| format!("{} {}", disk.uuid, disk.path))
        .collect();
    let finding = |uuid: &&String| {
        let mut finding = Finding::trouble(format!("heartbeat region {uuid} is on no device of this machine"))
            .seen(format!("{}: region = {uuid}", facts.config.path))
            .seen(format!("volumes that were found: {}", listed(&all)))
            .because("`Heartbeat region could not be found`: the disk is not connected, or the UUID is of another volume");
        if !candidates.is_empty() {
            finding = finding.seen(format!("volumes of this cluster with global heartbeat that are no region: {}", candidates.join(", ")));
        }
        finding.fixed_by(format!(
            "connect the disk, or correct the region: `o2cb remove-heartbeat {0} {uuid}`, `o2cb add-heartbeat {0} DEVICE`",
            cluster.name
        ))
    };
    let findings: Vec<Finding> = lost.iter().map(finding).collect();
    if let Some(why) = disks.unknown().filter(|_| !lost.is_empty()) {
        // It may be on one that was not read.
        let lost: Vec<&str> = lost.iter().map(|uuid| uuid.as_str()).collect();
        return Verdict::Unknown(format!("region(s) {}: {why}", lost.join(", ")), Vec::new());
    }
    Verdict::of(findings, format!("{} region(s)", cluster.regions.len()))
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

pub fn count(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.status.asked.cluster.as_ref().filter(|cluster| cluster.mode == HeartbeatMode::Global) else {
        return Verdict::NotApplicable("the heartbeat is local".to_owned());
    };
    let mut findings = Vec::new();
    let regions = cluster.regions.len();
    if (1..3).contains(&regions) {
        let finding = Finding::risk(format!("{regions} heartbeat region(s): the loss of one fences every node"))
            .seen(format!("{}: {regions} heartbeat stanza(s)", facts.config.path))
            .because("a node fences when half of its quorum regions or more have failed: of 1 or 2 none may fail, of 3 one may")
            .fixed_by(format!("o2cb add-heartbeat {} DEVICE, until there are 3; then `o2cb online` on all nodes", cluster.name));
        findings.push(finding);
    }
    if let (Some(failed), Some(quorum)) = (facts.status.found.beats.failed_regions.is(), facts.status.found.beats.quorum_regions.is())
        && !failed.is_empty()
    {
        let finding =
            Finding::trouble(format!("{} of {} quorum regions failed: a write of this node timed out there", failed.len(), quorum.len()))
                .seen("/sys/kernel/debug/o2hb/failed_regions")
                .because("at half of them this node fences itself")
                .fixed_by("repair the path to that disk; `o2cb status` names the regions");
        findings.push(finding);
    }
    let failed = &facts.status.found.beats.failed_regions;
    // Only a cluster that is registered has any.
    let unknown = facts.cluster().filter(|_| failed.is().is_none());
    let unknown =
        unknown.map(|_| format!("which regions failed: /sys/kernel/debug/o2hb/failed_regions is {}", failed.words(|_| String::new())));
    Verdict::of(findings, format!("{regions} region(s)")).but_unknown(unknown)
}
