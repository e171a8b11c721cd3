//! Times and names in words, and the verdict.

use super::view::{CellState, ClusterView, NodeSeen, Trouble};
use crate::finding::Severity;

/// `0.9 s`, `31 s`, `2 min 5 s`, `3 h 4 min`.
pub(super) fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Whole seconds, rounded down: what is left until something happens.
pub(super) fn left(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        _ => time(ms),
    }
}

/// The first eight digits of a UUID; other names whole.
pub(super) fn short(uuid: &str) -> &str {
    match uuid.get(..8) {
        Some(start) if uuid.len() == 32 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit()) => start,
        _ => uuid,
    }
}

/// Several things in words: `1 node`, `3 nodes`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The worst in one line.
pub(super) fn verdict(nodes: &[NodeSeen], clusters: &[ClusterView], troubles: &[Trouble]) -> (String, Option<Severity>) {
    let serious = troubles.iter().filter(|trouble| trouble.severity > Severity::Note).count();
    if let Some(worst) = troubles.first().filter(|_| serious > 0) {
        let more = if serious > 1 { format!(" (and {} more)", serious - 1) } else { String::new() };
        return (format!("{}{more}", worst.text), Some(worst.severity));
    }
    let note = troubles.first().map(|trouble| trouble.severity);
    if clusters.is_empty() {
        let states: Vec<String> = nodes.iter().map(|node| format!("{}: {}", node.name, node.state)).collect();
        return (format!("no cluster: {}", states.join(", ")), note);
    }
    let beats = |cluster: &ClusterView| {
        let are = |state: CellState| {
            let members = cluster.members.iter().filter(|member| {
                let mut slots = cluster.regions.iter().flat_map(|region| &region.slots);
                slots.any(|slot| slot.number == member.number && slot.state == state)
            });
            members.count()
        };
        let (nodes, regions) = (count(cluster.members.len(), "node"), count(cluster.regions.len(), "region"));
        if are(CellState::Unsettled) == 0 {
            return format!("{} of {nodes} beat in {regions}", are(CellState::Beating));
        }
        let live = cluster.members.iter().filter(|member| member.live == Some(true)).count();
        format!("the kernel counts {live} of {nodes} among the living; {regions} watched for less than two beats")
    };
    let connected = |cluster: &ClusterView| {
        let needed = cluster.connections.iter().filter(|link| link.needed == Some(true));
        let known = cluster.connections.iter().any(|link| link.needed == Some(true));
        if known && needed.clone().all(|link| link.connected == Some(true)) { ", all connected" } else { "" }
    };
    let words: Vec<String> = clusters.iter().map(|cluster| format!("{}{}", beats(cluster), connected(cluster))).collect();
    (format!("OK: {}", words.join("; ")), note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_are_of_use() {
        let words: Vec<String> = [950, 9_999, 31_400, 125_000, 11_040_000].map(time).to_vec();
        assert_eq!(words, ["0.9 s", "9.9 s", "31 s", "2 min 5 s", "3 h 4 min"]);
        assert_eq!(short("3C297ACBFCE148888FD30866FF94FBBF"), "3C297ACB");
        assert_eq!(short("my-own-domain"), "my-own-domain");
    }
}
