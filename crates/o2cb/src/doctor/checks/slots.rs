//! Heartbeat slots and slot maps on disk.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::{Beat, Disk};
use crate::volumes::Use;
use formats::kernel_log::{Event, Message, Slot, SlotFault};
use formats::o2hb::{Remark, State};

/// Clocks may be apart by so much, seconds: beats are written every two.
const APART_S: u64 = 10;
/// What the log said of a slot is news for so long, seconds.
const NEWS_S: u64 = 600;
/// A write that failed is missed in the next round: after two seconds, or what a slow disk makes of them, µs.
const FAILED_US: i64 = 10_000_000;

/// Volumes of this machine's cluster.
fn ours(facts: &Facts) -> impl Iterator<Item = &Disk> {
    facts.disks.of_cluster(facts.status.name.as_deref())
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
    let recent: Vec<&Message> = facts.recent(NEWS_S).collect();
    for (at, message) in recent.iter().enumerate() {
        let Some(Event::SlotWritten { fault, device, expected, on_disk }) = &message.event else { continue };
        let error = recent.get(..at).and_then(|before| failed_write(before, message, device));
        let finding = match error.filter(|_| *fault == SlotFault::Sequence) {
            Some(error) => not_written(device).seen(format!("kernel log: {}", error.text)),
            None => own_slot(*fault, device, *expected, *on_disk),
        };
        let finding = finding.seen(format!("kernel log: {}", message.text));
        if findings.iter().all(|known: &Finding| known.what != finding.what) {
            findings.push(finding);
        }
    }
    if facts.disks.volumes.is_empty() && facts.disks.unknown().is_none() {
        return Verdict::NotApplicable("no OCFS2 volume is on this machine's devices".to_owned());
    }
    Verdict::of(findings, format!("{slots} slot(s) of {} volume(s)", facts.disks.volumes.len()))
        .but_unknown(facts.disks.unknown())
        .but_unknown(facts.log_unknown())
}

const SAME_NUMBER: &str = "two hosts have the same node number (a cloned machine, a copied cluster.conf), or the disk is shown to two clusters: \
                           both may mount it and destroy it";
const STOP_ONE: &str =
    "stop one of the two at once; then give each host its own number in cluster.conf, or take the disk away from the other cluster";

/// The error that a heartbeat's write to `device` ended with shortly before `found`. The kernel takes a beat for written before it waits
/// for the disk (`o2hb_do_disk_heartbeat`, `fs/ocfs2/cluster/heartbeat.c`), so that a failed one misses in the next round.
fn failed_write<'a>(before: &[&'a Message], found: &Message, device: &str) -> Option<&'a Message> {
    let of_device = |event: &Event| match event {
        Event::HeartbeatIoError { device: of, .. } => of.as_deref().is_none_or(|of| of == device),
        Event::DiskError { device: of } => of == device,
        _ => false,
    };
    let is_error = |message: &&&Message| {
        let ago_us = found.at.since(message.at).unwrap_or(i64::MAX);
        message.event.as_ref().is_some_and(of_device) && ago_us <= FAILED_US
    };
    before.iter().rev().find(is_error).copied()
}

fn not_written(device: &str) -> Finding {
    Finding::trouble(format!("a heartbeat of this node was not written to {device}: the disk gave an error"))
        .because("its write failed, and was told so: the kernel then misses it when it reads its slot. That is no sign of a lost write")
        .fixed_by(format!("look at the path to {device}, and at the disk: `dmesg` has their errors"))
}

/// What this node's kernel found in its own slot (`o2hb_check_own_slot`, `fs/ocfs2/cluster/heartbeat.c`). Generations are drawn by lot at
/// each start of a heartbeat, so the same one is the same heartbeat, or a copy of a machine that was made while it ran.
fn own_slot(fault: SlotFault, device: &str, expected: Option<Slot>, on_disk: Option<Slot>) -> Finding {
    if fault != SlotFault::Sequence {
        let whose = on_disk.zip(expected).filter(|(there, own)| there.node != own.node);
        let whose = whose.map_or_else(String::new, |(there, _)| format!(", as node {}", there.node));
        return Finding::trouble(format!("another machine writes this node's heartbeat slot on {device}{whose}"))
            .because(SAME_NUMBER)
            .fixed_by(STOP_ONE);
    }
    let finding = Finding::trouble(format!("{device} does not return this node's last heartbeat"));
    match expected.zip(on_disk) {
        Some((own, there)) if there.seq > own.seq => finding
            .because(
                "a beat of this heartbeat that this node did not write: the disk returns what was not written, or a copy of this machine \
                 that was made while it ran (a snapshot, a live clone) writes too",
            )
            .fixed_by("make sure that no copy of this machine runs; then look at the disk"),
        _ => finding
            .because(
                "an older beat of this node itself: its last write was lost, or old data was read. What else was written may be lost as \
                 well: a cache that is not shared, a replica or a snapshot behind one of the paths",
            )
            .fixed_by(format!("look at the paths to {device}: they must lead to one disk, without a cache of their own; then fsck.ocfs2")),
    }
}

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
    for (disk, clock_s) in ours(facts).filter_map(|disk| Some((disk, disk.read_at_s?))) {
        for beat in disk.beats.iter().filter(|beat| matches!(beat.state, State::Beating { .. })) {
            compared += 1;
            let apart = beat.seq.abs_diff(clock_s);
            let node = facts.node(u32::from(beat.node));
            if apart > APART_S && findings.iter().all(|finding| !finding.what.starts_with(&node)) {
                let way = if beat.seq > clock_s { "ahead of" } else { "behind" };
                let finding = Finding::risk(format!("{node} has a clock {apart} s {way} this one's"))
                    .seen(format!("heartbeat slot {} of {}: it beats and wrote {}, here it was {clock_s} when it was read", beat.node, disk.path, beat.seq))
                    .because("file times jump between nodes, and logs of nodes cannot be laid side by side; the heartbeat itself only compares for change")
                    .fixed_by("let chrony or ntpd run on all nodes");
                findings.push(finding);
            }
        }
    }
    if compared == 0 {
        return Verdict::NotApplicable("no heartbeat was seen".to_owned()).but_unknown(facts.disks.unknown());
    }
    Verdict::of(findings, format!("{compared} beat(s) within {APART_S} s of this clock")).but_unknown(facts.disks.unknown())
}

pub fn stale(facts: &Facts) -> Verdict {
    let mut findings = Vec::new();
    let mut unknown: Vec<String> = facts.disks.unknown().into_iter().collect();
    let mut held = 0;
    for disk in ours(facts) {
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
