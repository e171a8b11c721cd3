//! Timeouts: of the file, of this kernel, of other nodes.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::status::{About, differences};
use formats::kernel_log::{Event, Setting};
use formats::o2hb::{BEAT_MS, Remark};

/// What another node said it wants is news for so long, seconds: it says it again at each idle timeout.
const NEWS_S: u64 = 180;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.cluster() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let (name, file) = (&cluster.name, &facts.config.defaults_path);
    let mut findings = Vec::new();
    for difference in differences(&facts.status, cluster).into_iter().filter(|difference| difference.about == About::Timeout) {
        let finding = Finding::trouble(difference.words)
            .seen(format!("/sys/kernel/config/cluster/{name} against {file}"))
            .because(
                "the file was changed and the cluster not taken offline since, or the kernel refused or ignored the write: it takes a threshold \
                 only without a heartbeat, idle timeout and keepalive only without a connection, and keeps them for as long as its module is loaded",
            )
            .fixed_by(format!("unmount the volumes, then `o2cb offline {name} && o2cb online {name}`, on every node that differs"));
        findings.push(finding);
    }
    findings.extend(on_disk(facts));
    findings.extend(in_handshakes(facts));
    if let Some(&threshold) = cluster.threshold.is().filter(|threshold| **threshold < 7) {
        let finding = Finding::risk(format!(
            "a heartbeat dead threshold of {threshold}: this node fences after {} s without a write",
            crate::status::fence_after_s(threshold)
        ))
        .seen(format!("/sys/kernel/config/cluster/{name}/heartbeat/{}", cluster.threshold_file))
        .because("less than 7 is not advised: a slow disk is enough")
        .fixed_by(format!("O2CB_HEARTBEAT_THRESHOLD=31 in {file} on all nodes, then offline and online on each"));
        findings.push(finding);
    }
    let number = |seen: &crate::found::Seen<u32>| seen.words(u32::to_string);
    let fine = format!(
        "threshold {}, idle {} ms, keepalive {} ms, as {file} and all slots on disk say",
        number(&cluster.threshold),
        number(&cluster.idle_ms),
        number(&cluster.keepalive_ms)
    );
    let unknown = facts.disks.unknown().map(|why| format!("thresholds of other nodes, on disk: {why}"));
    let of_handshakes = facts.log_unknown().map(|why| format!("what handshakes with other nodes said: {why}"));
    Verdict::of(findings, fine).but_unknown(unknown).but_unknown(of_handshakes)
}

/// Slots on disk tell each node's threshold.
fn on_disk(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for disk in &facts.disks.volumes {
        for beat in &disk.beats {
            let differs = beat.remarks.iter().find_map(|remark| match remark {
                Remark::ThresholdMismatch { found, expected } => Some((*found, *expected)),
                _ => None,
            });
            let Some((theirs, ours)) = differs else { continue };
            let node = facts.node(u32::from(beat.node));
            let what = format!(
                "{node} counts others dead after {theirs} ms (threshold {}), this node after {ours} ms (threshold {})",
                theirs / BEAT_MS,
                ours / BEAT_MS
            );
            if findings.iter().any(|finding| finding.what == what) {
                continue;
            }
            let finding = Finding::trouble(what)
                .seen(format!("heartbeat slot {} of {}: hb_dead_ms {theirs}", beat.node, disk.path))
                .because("nodes with other thresholds do not connect, and one would be declared dead before it has fenced itself")
                .fixed_by(format!(
                    "set the same O2CB_HEARTBEAT_THRESHOLD in {} on all nodes, then on the one that differs `o2cb offline && o2cb online`",
                    facts.config.defaults_path
                ));
            findings.push(finding);
        }
    }
    findings
}

/// What the handshakes of connections say, if none came about since.
fn in_handshakes(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let recent = facts.since_registered(NEWS_S);
    let live = facts.status.found.beats.live.is();
    for (index, message) in recent.iter().enumerate() {
        let Some(Event::SettingDiffers { peer, setting, theirs_ms, ours_ms }) = &message.event else { continue };
        // Whoever went away meanwhile is no trouble of now.
        if live.is_some_and(|live| !live.contains(&peer.number)) {
            continue;
        }
        let connected = |later: &&formats::kernel_log::Message| matches!(&later.event, Some(Event::Connected { peer: who, .. }) if who.number == peer.number);
        if recent.iter().skip(index + 1).any(connected) {
            continue;
        }
        let (words, variable) = match setting {
            Setting::Idle => ("network idle timeout", "O2CB_IDLE_TIMEOUT_MS"),
            Setting::Keepalive => ("keepalive delay", "O2CB_KEEPALIVE_DELAY_MS"),
            Setting::Heartbeat => ("heartbeat timeout", "O2CB_HEARTBEAT_THRESHOLD"),
        };
        let what = format!("{} has a {words} of {theirs_ms} ms, this node {ours_ms} ms: they do not connect", facts.node(peer.number));
        if findings.iter().any(|finding| finding.what == what) {
            continue;
        }
        let finding = Finding::trouble(what)
            .seen(format!("kernel log: {}", message.text))
            .because("both ends of a connection must have the same; mounts end with error 107 after 60 s")
            .fixed_by(format!(
                "set the same {variable} in {} on both nodes, then offline and online on the one that differs",
                facts.config.defaults_path
            ));
        findings.push(finding);
    }
    findings
}
