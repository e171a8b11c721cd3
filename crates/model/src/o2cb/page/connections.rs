//! Connections, as each node tells them.

use super::bar::bar;
use super::{Line, Lines, Tone};
use crate::o2cb::view::{ClusterView, LinkView};
use crate::o2cb::words::time;

pub(super) fn draw(lines: &mut Lines, cluster: &ClusterView, width: usize, warn_percent: u8) {
    if cluster.connections.is_empty() {
        return;
    }
    lines.say(Tone::Plain, "");
    lines.say(Tone::Heading, "CONNECTIONS");
    let ends = |link: &LinkView| format!("{} from {}", link.from, link.to);
    let names = cluster.connections.iter().map(|link| ends(link).chars().count()).max().unwrap_or(0).min(40);
    for link in &cluster.connections {
        let state = match (link.connected, link.established) {
            (Some(true), _) => "connected",
            (Some(false), Some(true)) => "handshake",
            (Some(false), _) => "NOT CONNECTED",
            (None, Some(true)) => "established",
            (None, _) => "unknown",
        };
        let idle = link.idle_ms.map_or_else(|| "idle ?".to_owned(), |ms| format!("idle {}", time(ms)));
        let mut text = format!("  {:names$}  {state:13} {idle:>12} ", ends(link));
        if let (Some(idle), Some(limit)) = (link.idle_ms, cluster.idle_timeout_ms) {
            let limit = u64::from(limit);
            let bar_width = width.saturating_sub(text.chars().count() + 30).clamp(12, 80);
            text.push_str(&bar(idle, &[(limit * u64::from(warn_percent) / 100, '|')], limit, bar_width));
        }
        if let (Some(bytes @ 1..), Some(times @ 1..)) = (link.unacknowledged_bytes, link.retransmits) {
            text.push_str(&format!(" {bytes} B sent again {times}x"));
        }
        lines.0.push(Line::new(link_tone(cluster, link, warn_percent), text));
        if let (Some(ms), Some(message)) = (link.unanswered_ms, &link.unanswered) {
            let tone = if ms >= 10_000 { Tone::Warning } else { Tone::Plain };
            lines.wrap(tone, 6, &format!("    not answered for {}: {message}", time(ms)), width);
        }
    }
    // Several nodes often say the same.
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (node, why) in &cluster.idle_unknown {
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, nodes)) => nodes.push(node),
            None => reasons.push((why, vec![node])),
        }
    }
    for (why, nodes) in reasons {
        lines.wrap(Tone::Note, 4, &format!("  idle times of {} are not known: {why}", nodes.join(", ")), width);
    }
}

fn link_tone(cluster: &ClusterView, link: &LinkView, warn_percent: u8) -> Tone {
    let reached = |percent: u64| {
        let limit = cluster.idle_timeout_ms.map(u64::from);
        link.idle_ms.zip(limit).is_some_and(|(idle, limit)| idle.saturating_mul(100) >= limit * percent)
    };
    if link.connected != Some(false) && reached(crate::o2cb::CRITICAL_PERCENT) {
        Tone::Critical
    } else if (link.needed == Some(true) && link.connected == Some(false)) || reached(u64::from(warn_percent)) {
        Tone::Warning
    } else {
        Tone::Plain
    }
}
