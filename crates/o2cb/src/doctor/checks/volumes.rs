//! What volumes say of themselves, against the cluster that runs.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::{Disk, OnDisk};
use formats::cluster_conf::HeartbeatMode;

pub fn judge(facts: &Facts) -> Verdict {
    let Some((name, global)) = running(facts) else { return Verdict::NotApplicable("no cluster runs or is configured".to_owned()) };
    let mut findings = Vec::new();
    for disk in facts.disks.volumes.iter().filter(|disk| disk.mounted.is_empty()) {
        findings.extend(of_disk(facts, disk, &name, global));
    }
    if facts.disks.volumes.is_empty() && facts.disks.unknown().is_none() {
        return Verdict::NotApplicable("no OCFS2 volume is on this machine's devices".to_owned());
    }
    Verdict::of(findings, format!("{} volume(s)", facts.disks.volumes.len())).but_unknown(facts.disks.unknown())
}

/// Name and mode of the cluster that runs, or is to.
fn running(facts: &Facts) -> Option<(String, bool)> {
    let of_kernel = facts.cluster().and_then(|cluster| Some((cluster.name.clone(), *cluster.mode.is()? == HeartbeatMode::Global)));
    of_kernel.or_else(|| facts.status.asked.cluster.as_ref().map(|cluster| (cluster.name.clone(), cluster.mode == HeartbeatMode::Global)))
}

fn of_disk(facts: &Facts, disk: &Disk, name: &str, global: bool) -> Option<Finding> {
    let wanted = facts.boot.fstab.iter().find(|entry| entry.is_for(&disk.path, &disk.uuid, &disk.label));
    let mode = |global: bool| if global { "global" } else { "local" };
    let (says, error) = match &disk.made_for {
        // One without a name can be mounted by any o2cb cluster with local heartbeat.
        OnDisk::Classic if global => ("o2cb, no cluster's name, local".to_owned(), "Heartbeat mode is invalid"),
        OnDisk::Classic | OnDisk::Local => return None,
        OnDisk::Named { stack, cluster, global: theirs } => {
            let says = format!("{stack}/{cluster}/{}", mode(*theirs));
            if stack != "o2cb" {
                (says, "Cluster stack is invalid")
            } else if cluster != name {
                (says, "Cluster name is invalid")
            } else if *theirs != global {
                (says, "Heartbeat mode is invalid")
            } else {
                return None;
            }
        }
    };
    let same_name = matches!(&disk.made_for, OnDisk::Named { cluster, stack, .. } if cluster == name && stack == "o2cb");
    let known =
        matches!(&disk.made_for, OnDisk::Named { cluster, .. } if facts.config.config.clusters.iter().any(|own| own.name == *cluster));
    let o2cb = matches!(&disk.made_for, OnDisk::Named { stack, .. } if stack == "o2cb");
    // A disk that others use, or that is of another stack, is theirs, unless this machine is to mount it.
    let ours = wanted.is_some() || same_name || (o2cb && !known && disk.beating().is_empty());
    if !ours {
        return None;
    }
    let mut finding = Finding::trouble(format!("{} says {says}, running is o2cb/{name}/{}: it cannot be mounted", disk.path, mode(global)))
        .seen(format!("superblock of {} ({}, label '{}')", disk.path, disk.uuid, disk.label))
        .because(format!("it was formatted for another cluster, before this one existed, or with another heartbeat mode: `{error} while trying to join the group`"))
        .fixed_by(format!("make sure that nobody mounts it (`o2cb volumes -f`), then `tunefs.ocfs2 --update-cluster-stack {}`", disk.path));
    if let Some(entry) = wanted {
        finding = finding.seen(format!("/etc/fstab:{}: to be mounted at {}", entry.line, entry.mount_point));
    }
    let beating = disk.beating();
    if !beating.is_empty() {
        finding = finding.seen(format!("node(s) {beating:?} beat on it now: do not change it"));
    }
    Some(finding)
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
