//! Nodes whose beat is late, or that are dead.
//!
//! A node whose last good beat is (threshold - 1) × 2 s old fences itself; at half of that, nodes whose writes hang ask each other
//! whether the storage hangs for all, and then none fences (`o2hb_nego_timeout`, since about 4.7). In global mode it fences only when at
//! least half of the regions that count for the quorum have failed (`o2hb_write_timeout`).

use super::{Found, reaches};
use crate::finding::Severity;
use crate::o2cb::view::{CellState, CellView, ClusterView, RegionView};
use crate::o2cb::words::{left, short, time};
use crate::o2cb::{CRITICAL_PERCENT, O2cbRules};

/// See the module's text.
pub(super) fn late(cluster: &ClusterView, rules: &O2cbRules) -> Vec<Found> {
    let mut found = Vec::new();
    for region in &cluster.regions {
        for cell in &region.slots {
            if cell.state == CellState::Dead {
                found.push(dead(region, cell));
            } else if let (Some(age), Some(fence)) = (cell.age_ms, cluster.fence_ms)
                && cell.fence_in_ms.is_some()
                && reaches(age, fence, u64::from(rules.warn_percent))
            {
                found.push(silent(cluster, region, cell, age, fence));
            }
        }
    }
    found
}

fn name(cell: &CellView) -> String {
    cell.name.clone().unwrap_or_else(|| format!("node {}", cell.number))
}

fn subject(region: &RegionView, cell: &CellView) -> String {
    format!("{} {}", name(cell), region.uuid)
}

fn dead(region: &RegionView, cell: &CellView) -> Found {
    let for_so_long = cell.age_ms.map(|age| format!(", silent for {} at least", time(age))).unwrap_or_default();
    let text = format!("{} is dead in region {}: it did not leave{for_so_long}", name(cell), short(&region.uuid));
    Found::new(Severity::Note, "dead", subject(region, cell), text).told_by(cell.read_by.as_deref()).because(read(region, cell))
}

fn silent(cluster: &ClusterView, region: &RegionView, cell: &CellView, age: u64, fence: u64) -> Found {
    let node = name(cell);
    let dead_in = cell.dead_in_ms.unwrap_or(0);
    let end = match failing(cluster, cell.number, fence) {
        // Not enough regions fail for it.
        Some((late, quorum)) if 2 * late < quorum => {
            format!("fails there in {}, and goes on: {} of {quorum} regions are well", left(fence.saturating_sub(age)), quorum - late)
        }
        _ if age >= fence => {
            format!("longer than the {} after which a node fences itself, declared dead in {}", time(fence), left(dead_in))
        }
        _ => format!("fences itself in {}, declared dead in {}", left(fence - age), left(dead_in)),
    };
    let severity = if reaches(age, fence, CRITICAL_PERCENT) { Severity::Critical } else { Severity::Warning };
    let mut text = format!("{node} silent for {}: {end}", time(age));
    if all_hang(region, fence) {
        text.push_str("; all writes hang: nodes that agree on that do not fence");
    }
    if cluster.regions.len() > 1 {
        text.push_str(&format!(" (region {})", short(&region.uuid)));
    }
    let threshold = cluster.threshold.map(|threshold| {
        format!("threshold {threshold}: a node fences itself after ({threshold} - 1) x 2 s, is declared dead after {threshold} x 2 s")
    });
    Found::new(severity, "silent", subject(region, cell), text)
        .told_by(cell.read_by.as_deref())
        .because(read(region, cell))
        .because(threshold)
}

/// Of the regions that count for the quorum in global mode: in how many the node is late or has failed, and how many there are.
fn failing(cluster: &ClusterView, number: u8, fence: u64) -> Option<(usize, usize)> {
    let counts = |region: &&RegionView| region.on_nodes.iter().any(|on_node| on_node.quorum == Some(true));
    let quorum = cluster.regions.iter().filter(counts);
    let is_late = |region: &&RegionView| {
        region.slots.iter().any(|cell| cell.number == number && cell.age_ms.is_some_and(|age| reaches(age, fence, 50)))
    };
    let all = quorum.clone().count();
    (all > 0).then(|| (quorum.filter(is_late).count(), all))
}

/// Whether half the time has passed for all that live there: then they ask each other.
fn all_hang(region: &RegionView, fence: u64) -> bool {
    let mut living = region.slots.iter().filter(|cell| cell.fence_in_ms.is_some()).peekable();
    living.peek().is_some() && living.all(|cell| cell.age_ms.is_some_and(|age| reaches(age, fence, 50)))
}

/// What was read.
fn read(region: &RegionView, cell: &CellView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(elapsed) = cell.own_elapsed_ms {
        lines.push(format!("{}'s own kernel: o2hb/{}/elapsed_time_in_ms {elapsed}", name(cell), region.uuid));
    }
    if let (Some(reader), Some(on_node)) =
        (&cell.read_by, region.on_nodes.iter().find(|on_node| Some(&on_node.node) == cell.read_by.as_ref()))
    {
        let device = on_node.device.as_deref().unwrap_or("?");
        let age = on_node.read_age_ms.map(|age| format!(", {} ago", time(age))).unwrap_or_default();
        lines.push(format!("slot {} of region {}, read by {reader} from {device}{age}", cell.number, region.uuid));
    }
    lines
}
