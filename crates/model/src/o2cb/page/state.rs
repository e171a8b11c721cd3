//! Domains, nodes that are not seen, and what is wrong.

use super::{Lines, Tone, mark, tone};
use crate::finding::Severity;
use crate::o2cb::view::{ClusterView, DomainOnNode, O2cbView};
use crate::o2cb::words::{short, time};

pub(super) fn domains(lines: &mut Lines, cluster: &ClusterView, width: usize) {
    if cluster.domains.is_empty() {
        return;
    }
    lines.say(Tone::Plain, "");
    lines.say(Tone::Heading, "DOMAINS");
    for domain in &cluster.domains {
        // Nodes that say the same are told once.
        let mut said: Vec<(String, bool, Vec<&str>)> = Vec::new();
        for on_node in &domain.on_nodes {
            let words = words(on_node);
            match said.iter_mut().find(|(known, ..)| *known == words) {
                Some((.., nodes)) => nodes.push(&on_node.node),
                None => said.push((words, on_node.recovery.is_some(), vec![&on_node.node])),
            }
        }
        for (words, recovers, nodes) in said {
            let tone = if recovers { Tone::Warning } else { Tone::Plain };
            lines.wrap(tone, 4, &format!("  {:8}  {}: {words}", short(&domain.name), nodes.join(", ")), width);
        }
    }
}

fn words(on_node: &DomainOnNode) -> String {
    let numbers = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let mut words = on_node.state.clone().unwrap_or_else(|| "state unknown".to_owned());
    if !on_node.members.is_empty() {
        words.push_str(&format!(", nodes {}", numbers(&on_node.members)));
    }
    if let Some(recovery) = &on_node.recovery {
        words.push_str(", RECOVERY");
        words.push_str(&recovery.dead_node.map(|dead| format!(" of node {dead}")).unwrap_or_default());
        if !recovery.pending.is_empty() {
            words.push_str(&format!(", pending {}", numbers(&recovery.pending)));
        }
        words.push_str(&recovery.leader.map(|leader| format!(", led by node {leader}")).unwrap_or_default());
        for (node, state) in &recovery.progress {
            words.push_str(&format!(", {node} {state}"));
        }
    }
    words
}

/// Nodes that are looked at and tell of no cluster now.
pub(super) fn nodes(lines: &mut Lines, view: &O2cbView, width: usize) {
    let silent: Vec<_> = view.nodes.iter().filter(|node| node.cluster.is_none() || !node.counts).collect();
    if silent.is_empty() {
        return;
    }
    lines.say(Tone::Plain, "");
    lines.say(Tone::Heading, "NODES THAT TELL OF NO CLUSTER");
    for node in silent {
        lines.wrap(Tone::Note, 4, &format!("  {}: {}", node.name, node.state), width);
    }
}

/// What is wrong, with the evidence of what is more than a note.
pub(super) fn troubles(lines: &mut Lines, view: &O2cbView, width: usize) {
    if view.troubles.is_empty() {
        return;
    }
    lines.say(Tone::Plain, "");
    lines.say(Tone::Heading, "TROUBLE");
    for trouble in &view.troubles {
        let since = if trouble.for_ms >= 1000 { format!(" (seen for {})", time(trouble.for_ms)) } else { String::new() };
        let text = format!("{} {}{since}", mark(trouble.severity), trouble.text);
        lines.wrap(tone(Some(trouble.severity)), 3, &text, width);
        if trouble.severity > Severity::Note {
            for evidence in &trouble.evidence {
                lines.wrap(Tone::Plain, 7, &format!("     {evidence}"), width);
            }
        }
    }
}
