//! This node's own heartbeats.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use formats::kernel_log::Event;

pub fn late(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.cluster().filter(|cluster| !cluster.regions.is_empty()) else {
        return Verdict::NotApplicable("no heartbeat runs".to_owned());
    };
    let mut findings = Vec::new();
    let mut unknown = None;
    for region in &cluster.regions {
        let device = region.device.words(Clone::clone);
        if region.pid.has(&None) {
            let finding = Finding::trouble(format!("the heartbeat of region {} ({device}) does not run", region.uuid))
                .seen(format!("/sys/kernel/config/cluster/{}/heartbeat/{}/pid is empty", cluster.name, region.uuid))
                .because("its thread ended or never started: to the others this node is dead there, while it may still use the volume")
                .fixed_by("unmount the volume and mount it again; if that fails, restart this node");
            findings.push(finding);
            continue;
        }
        let (Some(&elapsed), Some(fence)) = (region.elapsed_ms.is(), facts.fence_after_s()) else {
            unknown = Some(format!("the age of the last beat of {}: {}", region.uuid, region.elapsed_ms.words(u64::to_string)));
            continue;
        };
        if elapsed > fence * 500 {
            let mut finding = Finding::trouble(format!(
                "the last good beat to {device} is {:.1} s old: {}",
                elapsed as f64 / 1000.0,
                facts.status.timeout_in(Some(region)).words(fence)
            ))
            .seen(format!("/sys/kernel/debug/o2hb/{}/elapsed_time_in_ms is {elapsed}", region.uuid))
            .because("its storage does not complete writes; if that of all nodes hangs, they agree to wait")
            .fixed_by(format!("look at the path to {device} now: multipath -ll, iscsiadm -m session, dmesg"));
            for message in facts
                .recent(fence * 2)
                .filter(|message| {
                    matches!(
                        message.event,
                        Some(Event::WriteHung { .. } | Event::AllHung { .. } | Event::DiskError { .. } | Event::HeartbeatIoError { .. })
                    )
                })
                .take(4)
            {
                finding = finding.seen(format!("kernel log: {}", message.text));
            }
            findings.push(finding);
        }
    }
    Verdict::of(findings, format!("{} region(s) beat in time", cluster.regions.len())).but_unknown(unknown)
}
