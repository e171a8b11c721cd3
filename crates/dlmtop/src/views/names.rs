//! Names of lockspaces and nodes, the same in every view.

use model::lockspace::LockspaceView;
use model::{NodeState, Snapshot};

/// A lockspace for people: the mount point of its file system, what that is, and the lockspace.
pub fn lockspace(snapshot: &Snapshot, view: &LockspaceView) -> String {
    let file_system = view.file_system.as_deref().and_then(|uuid| snapshot.file_system(uuid));
    let dlm = view.dlm.word();
    match file_system {
        Some(file_system) => {
            let kind = file_system.kind.word();
            if file_system.uuid == view.name {
                format!("{}  {kind}, {dlm} domain {}", file_system.title(), view.name)
            } else {
                format!("{}  {kind} {}, {dlm} lockspace {}", file_system.title(), file_system.uuid, view.name)
            }
        }
        None => format!("{dlm} lockspace {}", view.name),
    }
}

/// DLM lists older than this are told to be, µs: they are read less often than the rest.
const OLD_LIST_US: u64 = 3_000_000;

/// Since when counts and granted locks may have changed: the nodes whose DLM list was not read lately, with its age.
pub fn old_lists(snapshot: &Snapshot, view: &LockspaceView) -> Option<String> {
    let old = view.nodes.iter().filter(|on_node| !on_node.reading.file.is_empty() && on_node.age_us > OLD_LIST_US);
    let words = old.map(|on_node| format!("{} {:.0} s ago", snapshot.node_name(on_node.node), on_node.age_us as f64 / 1e6));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| format!("  the DLM's lists were read: {}", words.join(", ")))
}

/// Nodes whose locks are not seen now, and why.
pub fn not_seen(snapshot: &Snapshot) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    for node in snapshot.file_systems.iter().flat_map(|view| &view.nodes).chain(&snapshot.elsewhere) {
        let why = match &node.state {
            NodeState::Live => continue,
            NodeState::Down(fault) => fault.to_string(),
            NodeState::Late(age_us) => format!("no sample for {}", crate::units::span(age_us * 1000)),
            NodeState::Connecting(attempt) => format!("connecting (attempt {attempt})"),
            NodeState::Waiting => "first sample awaited".to_owned(),
        };
        if !told.iter().any(|(name, _)| *name == node.name) {
            told.push((node.name.clone(), why));
        }
    }
    told
}
