//! What is wrong: one trouble each, with what was read where.

mod beats;
mod network;
mod odd_slots;
mod state;

use super::O2cbRules;
use super::memory::{NodeMemory, Witness};
use super::view::{ClusterView, NodeSeen, Trouble};
use crate::finding::Severity;

/// A trouble before it is known for how long it has been there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// How bad.
    pub severity: Severity,
    /// A constant word.
    pub rule: &'static str,
    /// What it is about.
    pub subject: String,
    /// In one line.
    pub text: String,
    /// What was read where, and the rule.
    pub evidence: Vec<String>,
    /// The nodes whose word it rests on.
    pub told_by: Vec<String>,
    /// Until it has been there for so long, ms, it is only noted.
    pub noted_until_ms: u64,
}

impl Found {
    fn new(severity: Severity, rule: &'static str, subject: String, text: String) -> Found {
        Found { severity, rule, subject, text, evidence: Vec::new(), told_by: Vec::new(), noted_until_ms: 0 }
    }

    fn because(mut self, evidence: impl IntoIterator<Item = String>) -> Found {
        self.evidence.extend(evidence);
        self
    }

    fn told_by<'n>(mut self, nodes: impl IntoIterator<Item = &'n str>) -> Found {
        self.told_by.extend(nodes.into_iter().map(str::to_owned));
        self
    }

    fn after(mut self, ms: u64) -> Found {
        self.noted_until_ms = ms;
        self
    }

    /// The trouble, which has been there for so long.
    pub fn dated(self, for_ms: u64) -> Trouble {
        let severity = if for_ms < self.noted_until_ms { Severity::Note } else { self.severity };
        let Found { rule, subject, text, evidence, told_by, .. } = self;
        Trouble { severity, rule, subject, text, evidence, for_ms, told_by }
    }
}

/// Nodes that are not seen, or not wholly.
pub(super) fn of_nodes(seen: &[NodeSeen], memories: &[NodeMemory]) -> Vec<Found> {
    let mut found = Vec::new();
    for (node, memory) in seen.iter().zip(memories) {
        if !node.counts && !matches!(node.state.as_str(), "connecting" | "waiting") {
            let text = format!("{} is not seen: {}", node.name, node.state);
            found.push(Found::new(Severity::Warning, "not-seen", node.name.clone(), text));
        } else if node.counts && node.cluster.is_none() {
            let text = format!("{}: {}", node.name, node.state);
            found.push(Found::new(Severity::Note, "no-cluster", node.name.clone(), text).told_by([node.name.as_str()]));
        }
        if let Some(first) = node.unread.first().filter(|_| node.counts) {
            let more = if node.unread.len() > 1 { format!(" and {} more files", node.unread.len() - 1) } else { String::new() };
            let text = format!("{} tells less than it could: {first}{more}", memory.name);
            let found_here = Found::new(Severity::Note, "unread", node.name.clone(), text);
            found.push(found_here.because(node.unread.iter().cloned()).told_by([node.name.as_str()]));
        }
    }
    found
}

/// What is wrong in a cluster.
pub(super) fn of_cluster(cluster: &ClusterView, witnesses: &[&Witness<'_>], rules: &O2cbRules) -> Vec<Found> {
    let mut found = beats::late(cluster, rules);
    found.extend(odd_slots::odd(cluster));
    found.extend(network::network(cluster, witnesses, rules));
    found.extend(state::regions(cluster));
    found.extend(state::domains(cluster));
    found.extend(state::settings(cluster, witnesses));
    found
}

/// Whether `value` has reached this share of `limit`, in percent.
fn reaches(value: u64, limit: u64, percent: u64) -> bool {
    limit > 0 && value.saturating_mul(100) >= limit.saturating_mul(percent)
}
