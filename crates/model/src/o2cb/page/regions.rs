//! Regions and their slots.

use super::bar::bar;
use super::{Line, Lines, Tone};
use crate::o2cb::view::{CellState, CellView, ClusterView, RegionOnNode, RegionView, SlotRemark};
use crate::o2cb::words::{left, short, time};

pub(super) fn draw(lines: &mut Lines, cluster: &ClusterView, width: usize, warn_percent: u8) {
    if cluster.regions.is_empty() {
        lines.say(Tone::Heading, "");
        lines.say(Tone::Note, "no heartbeat region");
    }
    for region in &cluster.regions {
        lines.say(Tone::Plain, "");
        lines.wrap(Tone::Heading, 3, &heading(region, width), width);
        let names = region.slots.iter().map(|cell| name(cell).chars().count()).max().unwrap_or(0).clamp(5, 20);
        for cell in &region.slots {
            let tone = cell_tone(cluster, cell, warn_percent);
            for text in cell_lines(cluster, cell, names, width, warn_percent) {
                lines.0.push(Line::new(tone, text));
            }
        }
        for on_node in &region.on_nodes {
            for text in told(on_node) {
                lines.wrap(Tone::Warning, 4, &format!("  {}: {text}", on_node.node), width);
            }
        }
    }
}

fn heading(region: &RegionView, width: usize) -> String {
    let uuid = if width >= 110 { region.uuid.as_str() } else { short(&region.uuid) };
    let mut devices: Vec<String> = Vec::new();
    for on_node in &region.on_nodes {
        let device = on_node.device.as_deref().unwrap_or("no device");
        if !devices.iter().any(|known| known == device) {
            devices.push(device.to_owned());
        }
    }
    let number = region.number.map(|number| format!(" (number {number})")).unwrap_or_default();
    let mut text = format!("REGION {uuid}{number} on {}", devices.join(", "));
    let all = |fact: fn(&RegionOnNode) -> Option<bool>, word: &str| {
        let known: Vec<bool> = region.on_nodes.iter().filter_map(fact).collect();
        if known.contains(&true) { format!(", {word}") } else { String::new() }
    };
    text.push_str(&all(|on_node| on_node.pinned, "pinned"));
    text.push_str(&all(|on_node| on_node.quorum, "in the quorum"));
    text.push_str(&all(|on_node| on_node.failed, "FAILED"));
    text
}

fn name(cell: &CellView) -> String {
    cell.name.clone().unwrap_or_else(|| format!("node {}?", cell.number))
}

fn cell_tone(cluster: &ClusterView, cell: &CellView, warn_percent: u8) -> Tone {
    let reached = |percent: u64| {
        let lives = cell.fence_in_ms.is_some();
        lives && cell.age_ms.zip(cluster.fence_ms).is_some_and(|(age, fence)| age.saturating_mul(100) >= fence * percent)
    };
    let bad = cell.remarks.iter().any(|remark| matches!(remark, SlotRemark::UnknownNode | SlotRemark::TwoWriters));
    let odd = cell.remarks.iter().any(|remark| matches!(remark, SlotRemark::Misplaced { .. } | SlotRemark::ThresholdMismatch { .. }));
    if bad || reached(crate::o2cb::CRITICAL_PERCENT) {
        Tone::Critical
    } else if odd || cell.state == CellState::Corrupt || reached(u64::from(warn_percent)) {
        Tone::Warning
    } else if cell.state == CellState::Beating {
        Tone::Plain
    } else {
        Tone::Note
    }
}

/// `  node1  beating   0.9 s [#.....|.......!..]  fences in 11 s, dead in 13 s`.
fn cell_lines(cluster: &ClusterView, cell: &CellView, names: usize, width: usize, warn_percent: u8) -> Vec<String> {
    let age = cell.age_ms.map(time).unwrap_or_default();
    let mut line = format!("  {:names$}  {:10} {age:>10} ", name(cell), state(cell.state));
    let lives = cell.fence_in_ms.is_some() || cell.state == CellState::Silent;
    let limits = cluster.fence_ms.zip(cluster.dead_ms);
    if let (true, Some(age), Some((fence, dead))) = (lives, cell.age_ms, limits) {
        let bar_width = width.saturating_sub(line.chars().count() + 30).clamp(12, 80);
        let warn = fence * u64::from(warn_percent) / 100;
        line.push_str(&bar(age, &[(warn, '|'), (fence, '!')], dead, bar_width));
        // Of a node that has just beaten it is no news.
        if let (Some(fence_in), Some(dead_in)) = (cell.fence_in_ms, cell.dead_in_ms)
            && age.saturating_mul(4) >= fence
        {
            let fences = if fence_in == 0 { "fences now".to_owned() } else { format!("fences in {}", left(fence_in)) };
            line.push_str(&format!(" {fences}, dead in {}", left(dead_in)));
        }
    }
    let mut lines = vec![line];
    lines.extend(cell.remarks.iter().map(|odd| format!("  {:names$}  {}", "", remark(odd))));
    lines
}

fn state(state: CellState) -> &'static str {
    match state {
        CellState::Unread => "not read",
        CellState::NeverUsed => "never used",
        CellState::Left => "left",
        CellState::Beating => "beating",
        CellState::Unsettled => "...",
        CellState::Silent => "silent",
        CellState::Dead => "dead",
        CellState::Corrupt => "CORRUPT",
    }
}

fn remark(remark: &SlotRemark) -> String {
    let threshold = |ms: u32| ms / formats::o2hb::BEAT_MS;
    match remark {
        SlotRemark::Misplaced { written_by } => format!("MISPLACED: written by node {written_by}"),
        SlotRemark::ThresholdMismatch { found_ms, expected_ms } => {
            format!("THRESHOLD {}, not {}", threshold(*found_ms), threshold(*expected_ms))
        }
        SlotRemark::UnknownNode => "UNKNOWN NODE: the cluster has none of this number".to_owned(),
        SlotRemark::TwoWriters => "TWO WRITERS: two machines have this number".to_owned(),
        SlotRemark::NewGeneration => "its heartbeat was started anew, or a second machine began to write".to_owned(),
        SlotRemark::CorruptSeen => "its checksum was wrong once".to_owned(),
    }
}

/// What is not well with a region on a node.
fn told(on_node: &RegionOnNode) -> Vec<String> {
    let mut told = Vec::new();
    match on_node.thread {
        Some("gone") => told.push("HEARTBEAT THREAD GONE".to_owned()),
        Some("not started") => told.push("heartbeat not started".to_owned()),
        _ => {}
    }
    told.extend(on_node.unanswered_ms.filter(|&ms| ms >= 2000).map(|ms| format!("device does not answer for {}", time(ms))));
    told.extend(on_node.unreadable.as_ref().map(|why| format!("device cannot be read: {why}")));
    told
}
