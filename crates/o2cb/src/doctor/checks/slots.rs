//! Heartbeat slots and slot maps on disk.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::{Beat, Disk, OnDisk};
use crate::volumes::Use;
use formats::kernel_log::Event;
use formats::o2hb::{Remark, State};

/// Clocks may be apart by so much, seconds: beats are written every two.
const APART_S: u64 = 10;
/// What the log said of a slot is news for so long, seconds.
const NEWS_S: u64 = 600;

/// Volumes that this machine's cluster writes to, or that nobody else can be told to own.
fn ours(facts: &Facts) -> impl Iterator<Item = &Disk> {
    let name = facts.status.name.as_deref();
    facts.disks.volumes.iter().filter(move |disk| match &disk.made_for {
        OnDisk::Local => false,
        OnDisk::Classic => true,
        OnDisk::Named { stack, cluster, .. } => stack == "o2cb" && Some(cluster.as_str()) == name,
    })
}

pub fn judge(facts: &Facts) -> Verdict {
    let mut findings = Vec::new();
    let mut slots = 0;
    for disk in ours(facts) {
        slots += disk.beats.len();
        for beat in &disk.beats {
            findings.extend(beat.remarks.iter().filter_map(|remark| of_slot(facts, disk, beat, remark)));
        }
    }
    for message in facts.recent(NEWS_S) {
        if let Some(Event::SlotWritten { device, .. }) = &message.event {
            let what = format!("another machine writes this node's heartbeat slot on {device}");
            if findings.iter().all(|finding: &Finding| finding.what != what) {
                findings.push(Finding::trouble(what).seen(format!("kernel log: {}", message.text)).because(SAME_NUMBER).fixed_by(STOP_ONE));
            }
        }
    }
    if facts.disks.volumes.is_empty() && facts.disks.unknown().is_none() {
        return Verdict::NotApplicable("no OCFS2 volume is on this machine's devices".to_owned());
    }
    Verdict::of(findings, format!("{slots} slot(s) of {} volume(s)", facts.disks.volumes.len())).but_unknown(facts.disks.unknown())
}

const SAME_NUMBER: &str = "two hosts have the same node number (a cloned machine, a copied cluster.conf), or the disk is shown to two clusters: \
                           both may mount it and destroy it";
const STOP_ONE: &str =
    "stop one of the two at once; then give each host its own number in cluster.conf, or take the disk away from the other cluster";

fn of_slot(facts: &Facts, disk: &Disk, beat: &Beat, remark: &Remark) -> Option<Finding> {
    let place = format!("heartbeat slot {} of {}", beat.node, disk.path);
    let node = facts.node(u32::from(beat.node));
    Some(match remark {
        Remark::TwoWriters => Finding::trouble(format!("two machines write {place}"))
            .seen("generations that had been replaced came back while it was watched")
            .because(SAME_NUMBER)
            .fixed_by(STOP_ONE),
        Remark::Misplaced { written_by } => Finding::trouble(format!("{place} says to be of node {written_by}"))
            .because("a machine with another node table, or a damaged disk")
            .fixed_by("compare cluster.conf of all machines that see the disk"),
        Remark::UnknownNode => Finding::trouble(format!(
            "slot {} of {} is beating, and the cluster has no node {}",
            beat.node, disk.path, beat.node
        ))
        .seen(format!("{}: nodes {}", facts.config.path, numbers(facts)))
        .because("another cluster, or a host that is not listed, writes to this disk")
        .fixed_by(
            "do not run fsck or mkfs on it; find out who sees the disk, and add that host to cluster.conf or take the disk away from it",
        ),
        Remark::CorruptSeen => Finding::risk(format!("{place} had a wrong checksum while it was watched"))
            .because("the disk damages what is written, or returns half of a write")
            .fixed_by(format!("look at the path of {node} to the disk")),
        // A heartbeat that began anew is a node that came back; other thresholds are told by timeouts-differ.
        Remark::NewGeneration | Remark::ThresholdMismatch { .. } => return None,
    })
}

fn numbers(facts: &Facts) -> String {
    let nodes = facts.status.asked.cluster.iter().flat_map(|cluster| &cluster.nodes);
    nodes.map(|node| node.number.to_string()).collect::<Vec<_>>().join(", ")
}

pub fn clocks(facts: &Facts) -> Verdict {
    let mut findings: Vec<Finding> = Vec::new();
    let mut compared = 0;
    for disk in ours(facts) {
        for beat in disk.beats.iter().filter(|beat| matches!(beat.state, State::Beating { .. })) {
            compared += 1;
            let apart = beat.seq.abs_diff(facts.disks.clock_s);
            let node = facts.node(u32::from(beat.node));
            if apart > APART_S && findings.iter().all(|finding| !finding.what.starts_with(&node)) {
                let way = if beat.seq > facts.disks.clock_s { "ahead of" } else { "behind" };
                let finding = Finding::risk(format!("{node} has a clock {apart} s {way} this one's"))
                    .seen(format!("heartbeat slot {} of {}: it beats and wrote {}, here it is {}", beat.node, disk.path, beat.seq, facts.disks.clock_s))
                    .because("file times jump between nodes, and logs of nodes cannot be laid side by side; the heartbeat itself only compares for change")
                    .fixed_by("let chrony or ntpd run on all nodes");
                findings.push(finding);
            }
        }
    }
    if compared == 0 {
        return Verdict::NotApplicable("no heartbeat was seen".to_owned()).but_unknown(facts.disks.unknown());
    }
    Verdict::of(findings, format!("{compared} beat(s) within {APART_S} s of this clock"))
}

pub fn stale(facts: &Facts) -> Verdict {
    let mut findings = Vec::new();
    let mut unknown: Vec<String> = facts.disks.unknown().into_iter().collect();
    let mut held = 0;
    for disk in &facts.disks.volumes {
        held += disk.slots.len();
        for (slot, node, state) in &disk.slots {
            let name = facts.node(*node);
            match state {
                Use::Mounted => {}
                Use::Stale(why) => {
                    let now = if disk.beating().is_empty() {
                        "its journal is replayed at the next mount; until then fsck, tunefs and mkfs say that it is mounted"
                    } else {
                        "the nodes that have it mounted recover it now, or could not"
                    };
                    let finding = Finding::risk(format!("slot {slot} of {} is held by {name}, which does not live", disk.path))
                        .seen(format!("slot map against heartbeats, watched: {why}"))
                        .because(format!("it died with the volume mounted; {now}"))
                        .fixed_by(format!("mount {} on any node: that replays the journal and frees the slot", disk.path));
                    findings.push(finding);
                }
                Use::Unknown(why) => unknown.push(format!("{} slot {slot}, {name}: {why}", disk.path)),
            }
        }
    }
    let unknown = (!unknown.is_empty()).then(|| unknown.join("; "));
    if facts.disks.volumes.is_empty() && unknown.is_none() {
        return Verdict::NotApplicable("no OCFS2 volume is on this machine's devices".to_owned());
    }
    Verdict::of(findings, format!("{held} slot(s) held, by nodes that beat")).but_unknown(unknown)
}
