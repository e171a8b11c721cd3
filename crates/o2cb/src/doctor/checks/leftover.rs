//! Heartbeats that nothing uses any more, and keep the cluster from going offline.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::found::count_key;
use crate::obstacles::InUse;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.cluster() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let Some(obstacles) = facts.obstacles.is() else {
        return Verdict::Unknown(format!("who uses the regions: {}", facts.obstacles.words(|_| String::new())), Vec::new());
    };
    let mut findings = Vec::new();
    let mut unknown = None;
    for leftover in &obstacles.leftovers {
        match &leftover.in_use {
            None => {
                let counted = match facts.status.found.counted(&leftover.uuid) {
                    Some(true) => "the C tools still count a user",
                    Some(false) => "no user is counted",
                    None => "whether the C tools count a user is not known",
                };
                let finding = Finding::trouble(format!("region {} ({}) beats, and nothing uses it: the cluster cannot go offline", leftover.uuid, leftover.device))
                    .seen(format!("no mount in any namespace, no domain, no process has {} open; {counted} (semaphore key {:#010x})", leftover.device, count_key(&leftover.uuid)))
                    .because("a mount, fsck or tunefs died between counting itself in and out: `Unable to stop cluster as heartbeat region still active`")
                    .fixed_by(format!("o2cb stop-heartbeat --stale {} (safe, because nothing uses it)", cluster.name));
                findings.push(finding);
            }
            Some(InUse::Unknown(why)) => unknown = Some(why.clone()),
            Some(InUse::Is(_)) => {}
        }
    }
    let seen =
        format!("{} region(s), {} mount(s), {} domain(s)", cluster.regions.len(), obstacles.mounts.len(), obstacles.other_domains.len());
    Verdict::of(findings, seen).but_unknown(unknown)
}
