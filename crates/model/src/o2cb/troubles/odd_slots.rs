//! Slots that say what they should not.

use super::Found;
use crate::finding::Severity;
use crate::o2cb::view::{CellState, CellView, ClusterView, RegionView, SlotRemark};
use crate::o2cb::words::short;

/// See the module's text.
pub(super) fn odd(cluster: &ClusterView) -> Vec<Found> {
    let mut found = Vec::new();
    for region in &cluster.regions {
        for cell in &region.slots {
            if cell.state == CellState::Corrupt {
                let text = format!("the checksum of slot {} is wrong: to the other nodes a missed beat", slot(region, cell));
                found.push(of(Severity::Warning, "corrupt", region, cell, text));
            }
            found.extend(cell.remarks.iter().map(|remark| told(remark, cluster, region, cell)));
        }
    }
    found
}

fn slot(region: &RegionView, cell: &CellView) -> String {
    let whose = cell.name.as_ref().map(|name| format!(", {name}'s,")).unwrap_or_default();
    format!("{}{whose} in region {}", cell.number, short(&region.uuid))
}

fn of(severity: Severity, rule: &'static str, region: &RegionView, cell: &CellView, text: String) -> Found {
    let by = cell.read_by.as_deref();
    let read = by.map(|by| format!("slot {} of region {}, read by {by}", cell.number, region.uuid));
    Found::new(severity, rule, format!("{} {}", cell.number, region.uuid), text).told_by(by).because(read)
}

fn told(remark: &SlotRemark, cluster: &ClusterView, region: &RegionView, cell: &CellView) -> Found {
    let slot = slot(region, cell);
    let (severity, rule, text) = match remark {
        SlotRemark::Misplaced { written_by } => (Severity::Warning, "misplaced", format!("slot {slot} was written by node {written_by}")),
        SlotRemark::ThresholdMismatch { found_ms, expected_ms } => (
            Severity::Warning,
            "threshold-mismatch",
            format!(
                "slot {slot} has threshold {}, the cluster {}: nodes disagree on when one is dead",
                found_ms / formats::o2hb::BEAT_MS,
                expected_ms / formats::o2hb::BEAT_MS
            ),
        ),
        SlotRemark::UnknownNode => (
            Severity::Critical,
            "unknown-node",
            format!("slot {slot} beats, and cluster {} has no such node: another cluster or machine writes to this disk", cluster.name),
        ),
        SlotRemark::TwoWriters => {
            (Severity::Critical, "two-writers", format!("two machines write slot {slot}: the same node number twice"))
        }
        SlotRemark::NewGeneration => (
            Severity::Note,
            "new-generation",
            format!("the heartbeat of slot {slot} was started anew, or a second machine began to write it"),
        ),
        SlotRemark::CorruptSeen => (Severity::Note, "corrupt-seen", format!("slot {slot} had a wrong checksum once")),
    };
    of(severity, rule, region, cell, text)
}
