//! Domains of the DLM, and waits for locks.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::waits::Wait;
use crate::found::Domain;
use formats::o2dlm::DlmState;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(domains) = facts.status.found.domains.is() else {
        if facts.cluster().is_none() {
            return Verdict::NotApplicable("no cluster is registered".to_owned());
        }
        return Verdict::Unknown(format!("/sys/kernel/debug/o2dlm is {}", facts.status.found.domains.words(|_| String::new())), Vec::new());
    };
    let mut findings = Vec::new();
    for domain in domains {
        let Some(state) = domain.state.is() else { continue };
        let file = format!("/sys/kernel/debug/o2dlm/{}/dlm_state", domain.name);
        if not_joined(state) && lasts(facts, domain, not_joined) {
            let finding = Finding::trouble(format!("domain {} is {}, not joined", domain.name, state.state))
                .seen(file.clone())
                .because("it joins or leaves, which takes seconds; a join waits up to 60 s for connections and 90 s for the other nodes' answers")
                .fixed_by("see connection-blocked and nodes-differ; if it stays so, the kernel's log says with whom it speaks");
            findings.push(finding);
        }
        if state.in_recovery() && lasts(facts, domain, DlmState::in_recovery) {
            let dead: Vec<String> = state.dead_node.iter().chain(&state.recovery_map).map(|node| facts.node(*node)).collect();
            let finding = Finding::trouble(format!("domain {} recovers from the death of {}", domain.name, dead.join(", ")))
                .seen(file)
                .because(
                    "locks that the dead node mastered or held are kept back until then; it takes seconds once the node is declared dead",
                )
                .fixed_by("wait; if it does not end, look at the recovery master: `o2cb doctor` there");
            findings.push(finding);
        }
    }
    Verdict::of(findings, format!("{} domain(s)", domains.len()))
}

fn not_joined(state: &DlmState) -> bool {
    !state.state.is_empty() && state.state != "JOINED"
}

/// Whether a domain is still so after the watch. One that is gone has ended; what could not be read again counts as unchanged.
fn lasts(facts: &Facts, domain: &Domain, so: fn(&DlmState) -> bool) -> bool {
    let Some(again) = facts.again.as_ref().filter(|again| again.domains.is().is_some()) else { return true };
    again.domain(&domain.name).is_some_and(|domain| domain.state.is().is_none_or(so))
}

pub fn waits(facts: &Facts) -> Verdict {
    let Some(waits) = facts.waits.is() else {
        if facts.status.mounts.is().is_some_and(Vec::is_empty) {
            return Verdict::NotApplicable("no volume is mounted".to_owned());
        }
        return Verdict::Unknown(format!("/sys/kernel/debug/ocfs2 is {}", facts.waits.words(|_| String::new())), Vec::new());
    };
    // A clock that was set makes a short wait look long; one that lasts for the whole watch is at least not short.
    let lasting = facts.again.as_ref().and_then(|again| again.waits.is()).unwrap_or(&waits.long);
    let cut = (!waits.cut.is_empty()).then(|| format!("not all locks were read of {}: they are too many", waits.cut.join(", ")));
    let (flocks, waits): (Vec<&Wait>, Vec<&Wait>) = lasting.iter().partition(|wait| wait.flock);
    let of_programs = match flocks.first() {
        Some(longest) => format!("; {} flock(2) wait for other programs, the longest for {} s", flocks.len(), longest.seconds),
        None => String::new(),
    };
    let Some(longest) = waits.first() else { return Verdict::Fine(format!("no wait of 30 s or more{of_programs}")).but_unknown(cut) };
    let mut finding = Finding::trouble(format!("{} lock(s) are waited for here, the longest for {} s", waits.len(), longest.seconds));
    for wait in waits.iter().take(5) {
        finding = finding.seen(format!(
            "/sys/kernel/debug/ocfs2/{}/locking_state: {} for {} s, by this node's clock (longer than it is, if that was set since)",
            wait.volume, wait.lock, wait.seconds
        ));
    }
    let finding = finding
        .because(
            "who holds it is not seen from here: a program on any node, this one too, or a node that does not answer or is being recovered",
        )
        .fixed_by("`dlmtop waits` names the holder: node, process, path");
    Verdict::Findings(vec![finding]).but_unknown(cut)
}
