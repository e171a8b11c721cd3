//! What volumes say of themselves, against the cluster that runs.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::boot::FstabEntry;
use crate::doctor::facts::disks::{Disk, OnDisk};
use crate::volumes::Use;
use formats::cluster_conf::HeartbeatMode;

pub fn judge(facts: &Facts) -> Verdict {
    let Some((name, global)) = running(facts) else { return Verdict::NotApplicable("no cluster runs or is configured".to_owned()) };
    let mut findings = Vec::new();
    let mut foreign = Vec::new();
    for disk in facts.disks.volumes.iter().filter(|disk| disk.mounted.is_empty()) {
        let Some((says, error)) = differs(disk, &name, global) else { continue };
        if ours(facts, disk, &name) {
            findings.push(of_disk(facts, disk, &format!("o2cb/{name}/{}", mode(global)), &says, error));
        } else {
            foreign.push(format!("{} says {says}", disk.path));
        }
    }
    if facts.disks.volumes.is_empty() && facts.disks.unknown().is_none() {
        return Verdict::NotApplicable("no OCFS2 volume is on this machine's devices".to_owned());
    }
    let note = if foreign.is_empty() { String::new() } else { format!("; left to others: {}", foreign.join(", ")) };
    Verdict::of(findings, format!("{} volume(s){note}", facts.disks.volumes.len())).but_unknown(facts.disks.unknown())
}

/// Name and mode of the cluster that runs, or is to.
fn running(facts: &Facts) -> Option<(String, bool)> {
    let of_kernel = facts.cluster().and_then(|cluster| Some((cluster.name.clone(), *cluster.mode.is()? == HeartbeatMode::Global)));
    of_kernel.or_else(|| facts.status.asked.cluster.as_ref().map(|cluster| (cluster.name.clone(), cluster.mode == HeartbeatMode::Global)))
}

fn mode(global: bool) -> &'static str {
    if global { "global" } else { "local" }
}

/// What a volume says of itself and the error that its mount ends with, if it is not made for this cluster.
fn differs(disk: &Disk, name: &str, global: bool) -> Option<(String, &'static str)> {
    match &disk.made_for {
        // One without a name can be mounted by any o2cb cluster with local heartbeat.
        OnDisk::Classic if global => Some(("o2cb, no cluster's name, local".to_owned(), "Heartbeat mode is invalid")),
        OnDisk::Classic | OnDisk::Local => None,
        OnDisk::Named { stack, cluster, global: theirs } => {
            let says = format!("{stack}/{cluster}/{}", mode(*theirs));
            if stack != "o2cb" {
                Some((says, "Cluster stack is invalid"))
            } else if cluster != name {
                Some((says, "Cluster name is invalid"))
            } else if *theirs != global {
                Some((says, "Heartbeat mode is invalid"))
            } else {
                None
            }
        }
    }
}

/// Whether the volume is this machine's to mount: by its name, or because the configuration names it. That nobody beats on it proves
/// nothing: its cluster may be stopped, or beat on other devices.
fn ours(facts: &Facts, disk: &Disk, name: &str) -> bool {
    let same_name = match &disk.made_for {
        OnDisk::Classic | OnDisk::Local => false,
        OnDisk::Named { cluster, stack, .. } => cluster == name && stack == "o2cb",
    };
    let region = facts.status.asked.cluster.as_ref().is_some_and(|cluster| cluster.regions.contains(&disk.uuid));
    region || (!disk.heartbeat_only && (same_name || wanted(facts, disk).is_some()))
}

fn wanted<'a>(facts: &'a Facts, disk: &Disk) -> Option<&'a FstabEntry> {
    facts.boot.fstab.iter().find(|entry| entry.is_for(&disk.path, &disk.uuid, &disk.label))
}

/// Why the volume must not be changed from here: somebody uses it, or may.
fn in_use(disk: &Disk) -> Option<String> {
    if let OnDisk::Named { stack, .. } = &disk.made_for
        && stack != "o2cb"
    {
        return Some(format!("who mounts it cannot be seen: stack {stack} does not beat on disk"));
    }
    if !disk.problems.is_empty() {
        return Some(format!("who beats on it is not known: {}", disk.problems.join("; ")));
    }
    let beating: Vec<String> = disk.beating().iter().map(u8::to_string).collect();
    if !beating.is_empty() {
        return Some(format!("node(s) {} beat on it now", beating.join(", ")));
    }
    let held: Vec<String> = disk
        .slots
        .iter()
        .filter(|(_, _, state)| !matches!(state, Use::Stale(_)))
        .map(|(slot, node, _)| format!("{slot} by node {node}"))
        .collect();
    (!held.is_empty()).then(|| format!("slots are held: {}", held.join(", ")))
}

fn of_disk(facts: &Facts, disk: &Disk, running: &str, says: &str, error: &str) -> Finding {
    let what = if disk.heartbeat_only { "carry its heartbeat" } else { "be mounted" };
    let mut finding = Finding::trouble(format!("{} says {says}, running is {running}: it cannot {what}", disk.path))
        .seen(format!("superblock of {} ({}, label '{}')", disk.path, disk.uuid, disk.label))
        .because(format!("it was formatted for another cluster, before this one existed, or with another heartbeat mode: `{error} while trying to join the group`"));
    if let Some(entry) = wanted(facts, disk) {
        finding = finding.seen(format!("/etc/fstab:{}: to be mounted at {}", entry.line, entry.mount_point));
    }
    match in_use(disk) {
        Some(why) => finding.seen(format!("{why}: do not change it")).fixed_by(format!(
            "find out whose {} is; if it is another cluster's, take it out of this machine's configuration",
            disk.path
        )),
        None => finding
            .fixed_by(format!("make sure that nobody mounts it (`o2cb volumes -f`, on all machines that see it), then `tunefs.ocfs2 --update-cluster-stack {}`", disk.path)),
    }
}

pub fn twins(facts: &Facts) -> Verdict {
    let mut findings: Vec<Finding> = Vec::new();
    for disk in facts.disks.volumes.iter().filter(|disk| !disk.twins.is_empty()) {
        if findings.iter().any(|finding| finding.evidence.iter().any(|seen| seen.contains(&disk.uuid))) {
            continue;
        }
        let finding = Finding::risk(format!("volume {} is on {} and {}", disk.label, disk.path, disk.twins.join(", ")))
            .seen(format!("superblocks with UUID {}", disk.uuid))
            .because("paths to one disk without multipath: the one that is used may fail alone; or copies (a snapshot): they have one domain and one heartbeat name")
            .fixed_by("set up multipathd for the paths, or give the copy a new UUID: tunefs.ocfs2 -U DEVICE");
        findings.push(finding);
    }
    Verdict::of(findings, format!("{} volume(s)", facts.disks.volumes.len())).but_unknown(facts.disks.unknown())
}
