//! The life of locks between two moments: counts per node before and after, and each change with the rule behind it.

use super::names;
use model::Snapshot;
use model::life::{Both, Change, LockChange, LockspaceLife, life};
use model::lockspace::LockspaceView;
use serde_json::{Value, json};

/// As text. `only`: locks of this inode.
pub fn lines(before: &Snapshot, then: &Snapshot, only: Option<u64>) -> Vec<String> {
    let mut lines = Vec::new();
    for of in life(&before.lockspaces, &then.lockspaces) {
        let Some(view) = then.lockspaces.iter().find(|view| view.name == of.name) else { continue };
        lines.push(names::lockspace(then, view));
        counts(then, &of, &mut lines);
        let changes: Vec<&LockChange> = of.changes.iter().filter(|change| is_told(change, only)).collect();
        let mut last = None;
        for change in &changes {
            if last != Some(&change.resource) {
                lines.push(format!("  {}", model::waits::subject(&change.resource, None)));
                last = Some(&change.resource);
            }
            let at = mastered_by(view, then, change).map_or_else(String::new, |master| format!(", mastered by {master}"));
            lines.push(format!("      {}: {}{at}", who(then, view, change), words(view, then, change)));
            lines.push(format!("        {}", change.rule));
            if let Some(kept_by) = &change.kept_by {
                lines.push(format!("        {kept_by}"));
            }
        }
        if changes.is_empty() {
            lines.push("  no lock was made, changed or released".to_owned());
        }
        lines.push(String::new());
    }
    if lines.is_empty() {
        lines.push("no lockspace is seen in both moments".to_owned());
    }
    lines
}

/// Whether a change is told: locks that only went on are not, unless one inode is asked for.
fn is_told(change: &LockChange, only: Option<u64>) -> bool {
    match only {
        Some(wanted) => change.resource.inode() == Some(wanted),
        None => !matches!(change.change, Change::Kept { .. }),
    }
}

fn counts(snapshot: &Snapshot, of: &LockspaceLife, lines: &mut Vec<String>) {
    lines.push(format!("  {:12} {:>18} {:>18} {:>18} {:>18}", "NODE", "GLOCKS", "RESOURCES", "MASTERED", "COPIES"));
    for node in &of.nodes {
        let glocks = node
            .glocks
            .iter()
            .fold(Both::default(), |sum, (_, both)| Both { before: add(sum.before, both.before), after: add(sum.after, both.after) });
        lines.push(format!(
            "  {:12} {:>18} {:>18} {:>18} {:>18}",
            snapshot.node_name(node.node),
            both(glocks),
            both(node.resources),
            both(node.mastered),
            both(node.copies)
        ));
    }
}

fn add(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum + more),
        (sum, more) => sum.or(more),
    }
}

fn both(both: Both) -> String {
    let word = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    match both.change() {
        Some(0) => word(both.after),
        Some(change) => format!("{} -> {} ({change:+})", word(both.before), word(both.after)),
        None if both.before.is_none() && both.after.is_none() => "-".to_owned(),
        None => format!("{} -> {}", word(both.before), word(both.after)),
    }
}

fn who(snapshot: &Snapshot, view: &LockspaceView, change: &LockChange) -> String {
    view.node_word(change.number, change.node, &snapshot.nodes)
}

fn words(view: &LockspaceView, snapshot: &Snapshot, change: &LockChange) -> String {
    match change.change {
        Change::Created { mode } if mode == formats::Mode::IV => "asked for, not granted yet".to_owned(),
        Change::Created { mode } => format!("created, {mode}"),
        Change::Raised { from, to } => format!("raised from {from} to {to}"),
        Change::Demoted { from, to } => format!("demoted from {from} to {to}"),
        Change::Kept { mode } => format!("kept, {mode}"),
        Change::Released { mode, resource_stays } => {
            format!("released, was {mode}; {}", if resource_stays { "the resource stays" } else { "the resource is gone, too" })
        }
        Change::MasterMoved { from, to } => {
            let name = |number| view.node_word(Some(number), None, &snapshot.nodes);
            format!("master moved from {} to {}", name(from), name(to))
        }
    }
}

/// The master of a lock that is there.
fn mastered_by(view: &LockspaceView, snapshot: &Snapshot, change: &LockChange) -> Option<String> {
    let is_there = !matches!(change.change, Change::Released { .. } | Change::MasterMoved { .. });
    change.master.filter(|_| is_there).map(|number| view.node_word(Some(number), None, &snapshot.nodes))
}

/// As JSON.
pub fn json(before: &Snapshot, then: &Snapshot, only: Option<u64>) -> Value {
    let both = |both: Both| json!({ "before": both.before, "after": both.after });
    let lockspaces = life(&before.lockspaces, &then.lockspaces).into_iter().filter_map(|of| {
        let view = then.lockspaces.iter().find(|view| view.name == of.name)?;
        Some(json!({
            "lockspace": of.name,
            "uuid": view.file_system,
            "nodes": of.nodes.iter().map(|node| json!({
                "node": then.node_name(node.node),
                "glocks": node.glocks.iter().map(|(kind, count)| json!({ "type": kind.word(), "before": count.before, "after": count.after })).collect::<Vec<_>>(),
                "resources": both(node.resources),
                "mastered": both(node.mastered),
                "copies": both(node.copies),
            })).collect::<Vec<_>>(),
            "changes": of.changes.iter().filter(|change| is_told(change, only)).map(|change| json!({
                "resource": change.resource.to_string(),
                "inode": change.resource.inode(),
                "node": who(then, view, change),
                "change": words(view, then, change),
                "master": change.master.map(|number| view.node_word(Some(number), None, &then.nodes)),
                "master_number": change.master,
                "rule": change.rule,
                "kept_by": change.kept_by,
            })).collect::<Vec<_>>(),
        }))
    });
    json!({
        "schema": crate::out::json::SCHEMA,
        "before_us": before.at.realtime_us,
        "after_us": then.at.realtime_us,
        "lockspaces": lockspaces.collect::<Vec<_>>(),
    })
}
