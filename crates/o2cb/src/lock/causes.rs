//! Why a domain cannot be joined: what the kernel's errno does not tell.

use super::refusal::Refusal;
use crate::found::{Seen, clusters, nodes};
use crate::kernel::{DEBUGFS, Look};

/// Adds what can be seen to why joining failed.
pub fn added(mut refusal: Refusal, joining: bool, look: &dyn Look) -> Refusal {
    if let Some(seen) = unconnected(look).filter(|_| joining) {
        refusal.words += &seen;
    }
    refusal
}

/// `; without a connection: node 2 (db2)`: nodes that beat but are not connected with this one. `None` if there is none, or it
/// cannot be seen.
pub fn unconnected(look: &dyn Look) -> Option<String> {
    let live = nodes(look, &format!("{DEBUGFS}/o2hb/livenodes"));
    let connected = nodes(look, &format!("{DEBUGFS}/o2net/connected_nodes"));
    let (Seen::Is(live), Seen::Is(connected), Seen::Is(clusters)) = (live, connected, clusters(look)) else { return None };
    let cluster = clusters.first()?;
    let own = cluster.local()?.number.is().copied()?;
    let missing = live.into_iter().filter(|node| *node != u32::from(own) && !connected.contains(node));
    let named: Vec<String> = missing
        .map(|number| {
            let node = cluster.nodes.iter().find(|node| node.number.is().is_some_and(|known| u32::from(*known) == number));
            node.map_or_else(|| format!("node {number}"), |node| format!("node {number} ({})", node.name))
        })
        .collect();
    (!named.is_empty()).then(|| format!("; beating, but without a connection: {}", named.join(", ")))
}
