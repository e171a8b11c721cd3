//! Domains of the DLM, and waits for locks.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;

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
        if !state.state.is_empty() && state.state != "JOINED" {
            let finding = Finding::trouble(format!("domain {} is {}, not joined", domain.name, state.state))
                .seen(file.clone())
                .because("it joins or leaves, which takes seconds; a join waits up to 60 s for connections and 90 s for the other nodes' answers")
                .fixed_by("see connection-blocked and nodes-differ; if it stays so, the kernel's log says with whom it speaks");
            findings.push(finding);
        }
        if state.in_recovery() {
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

pub fn waits(facts: &Facts) -> Verdict {
    let Some(waits) = facts.waits.is() else {
        if facts.status.mounts.is().is_some_and(Vec::is_empty) {
            return Verdict::NotApplicable("no volume is mounted".to_owned());
        }
        return Verdict::Unknown(format!("/sys/kernel/debug/ocfs2 is {}", facts.waits.words(|_| String::new())), Vec::new());
    };
    let Some(longest) = waits.first() else { return Verdict::Fine("no wait of 30 s or more".to_owned()) };
    let mut finding = Finding::trouble(format!("{} lock(s) are waited for here, the longest for {} s", waits.len(), longest.seconds));
    for wait in waits.iter().take(5) {
        finding = finding.seen(format!("/sys/kernel/debug/ocfs2/{}/locking_state: {} for {} s", wait.volume, wait.lock, wait.seconds));
    }
    let finding = finding
        .because("another node holds it: a program there, or a node that does not answer or is being recovered")
        .fixed_by("`dlmtop waits` names the holder: node, process, path");
    Verdict::Findings(vec![finding])
}
