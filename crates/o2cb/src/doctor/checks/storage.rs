//! Whether the storage may keep a heartbeat waiting for longer than the node lives.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::storage::{Long, Wait};

pub fn judge(facts: &Facts) -> Verdict {
    let Some(fence) = facts.fence_after_s() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let Some(cluster) = facts.cluster().filter(|cluster| !cluster.regions.is_empty()) else {
        return Verdict::NotApplicable("no heartbeat runs".to_owned());
    };
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    for wait in &facts.storage {
        let tries = if wait.one_try { " for one try" } else { "" };
        let (long, needed) = match &wait.long {
            Long::Seconds(seconds) if *seconds < fence => continue,
            Long::Seconds(seconds) => (format!("{seconds} s{tries}"), Some(seconds / 2 + 2)),
            Long::Forever => ("for ever".to_owned(), None),
            Long::Unknown(why) => {
                unknown.push(format!("how long {} may keep a write to {} waiting: {why}", wait.layer, wait.device));
                continue;
            }
        };
        let region = cluster.regions.iter().find(|region| region.device.has(&wait.device));
        let then = facts.status.timeout_in(region).words(fence);
        let mut finding = Finding::risk(format!("{} may keep a write to {} waiting {long}; {then}", wait.layer, wait.device))
            .seen(wait.evidence.clone())
            .seen(format!("heartbeat dead threshold {}: {fence} s", cluster.threshold.words(u32::to_string)))
            .because("a failover of the storage that works then costs the region all the same, and with it the node if too few are left")
            .fixed_by(wait.fix.replace("{}", &fence.saturating_sub(2).max(1).to_string()));
        if let Some(needed) = needed {
            finding = finding.fixed_by(format!(
                "or O2CB_HEARTBEAT_THRESHOLD={needed} or more in {} on all nodes, then offline and online on each",
                facts.config.defaults_path
            ));
        }
        findings.push(finding);
    }
    let layer = |wait: &Wait| format!("{} of {}", wait.layer, wait.device);
    let layers: Vec<String> = facts.storage.iter().map(layer).collect();
    let seen = if layers.is_empty() { "no layer that says how long it waits".to_owned() } else { layers.join(", ") };
    Verdict::of(findings, format!("{seen}; a write may take {fence} s")).but_unknown((!unknown.is_empty()).then(|| unknown.join("; ")))
}
