//! Whether the storage may keep a heartbeat waiting for longer than the node lives.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::storage::Long;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(fence) = facts.fence_after_s() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let Some(cluster) = facts.cluster().filter(|cluster| !cluster.regions.is_empty()) else {
        return Verdict::NotApplicable("no heartbeat runs".to_owned());
    };
    let mut findings = Vec::new();
    for wait in &facts.storage {
        let (long, needed) = match wait.long {
            Long::Seconds(seconds) if seconds < fence => continue,
            Long::Seconds(seconds) => (format!("{seconds} s"), Some(seconds / 2 + 2)),
            Long::Forever => ("for ever".to_owned(), None),
        };
        let mut finding = Finding::risk(format!(
            "{} may keep a write to {} waiting {long}; this node fences itself after {fence} s without one",
            wait.layer, wait.device
        ))
        .seen(wait.evidence.clone())
        .seen(format!("heartbeat dead threshold {}: {fence} s", cluster.threshold.words(u32::to_string)))
        .because("a failover of the storage that works then restarts the node all the same")
        .fixed_by(wait.fix.replace("{}", &fence.saturating_sub(2).max(1).to_string()));
        if let Some(needed) = needed {
            finding = finding.fixed_by(format!(
                "or O2CB_HEARTBEAT_THRESHOLD={needed} or more in {} on all nodes, then offline and online on each",
                facts.config.defaults_path
            ));
        }
        findings.push(finding);
    }
    let layers: Vec<String> = facts.storage.iter().map(|wait| format!("{} of {}", wait.layer, wait.device)).collect();
    let seen = if layers.is_empty() { "no layer that says how long it waits".to_owned() } else { layers.join(", ") };
    Verdict::of(findings, format!("{seen}; this node fences itself after {fence} s without a write"))
}
