//! Connections over which nothing comes any more. The kernel keeps such a one, and the node stays in `connected_nodes` until the quorum
//! has decided: only its log tells.

use crate::doctor::check::Finding;
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::Pulse;
use crate::found::FoundCluster;
use formats::kernel_log::{Event, Message};

/// Silence is said again after each idle timeout (`o2net_idle_timer`, `fs/ocfs2/cluster/tcp.c`), and this much may pass until it is in the
/// log, ms.
const LATE_MS: u64 = 5000;

/// Whether a node that beats and is connected has fallen silent: it is said, and not contradicted since.
pub fn judge(facts: &Facts, cluster: &FoundCluster, node: u32) -> Option<Finding> {
    facts.status.found.beats.live.is()?.contains(&node).then_some(())?;
    let idle_ms = cluster.idle_ms.is().map(|idle_ms| u64::from(*idle_ms));
    let span_s = idle_ms.unwrap_or_default() / 1000 + LATE_MS / 1000;
    let after_s = cluster.threshold.is().map(|threshold| crate::status::quorum_after_s(*threshold));
    let recent = facts.since_registered(span_s.saturating_add(after_s.unwrap_or_default()).max(300));
    let silence = said(&recent, node, idle_ms);
    let (first, last) = (silence.first()?, silence.last()?);
    let Some(Event::Idle { ms, .. }) = last.event else { return None };
    let now = facts.logs.uptime_us?;
    let ago_ms = |message: &Message| message.at.boot_us.map(|at| now.saturating_sub(at) / 1000);
    // A message that came ends it without a word, and starts the clock anew.
    if ago_ms(last)? > idle_ms.unwrap_or(ms).saturating_add(LATE_MS) {
        return None;
    }
    let Some(Event::Idle { ms: before_ms, .. }) = first.event else { return None };
    let ago_s = ago_ms(first)? / 1000;
    let name = facts.node(node);
    let since_s = ago_s + before_ms / 1000;
    let decides = after_s.map_or_else(
        || "the quorum decides soon who fences".to_owned(),
        |after| match after.saturating_sub(ago_s) {
            0 => "the quorum decides now who fences".to_owned(),
            left => format!("in {left} s the quorum decides who fences"),
        },
    );
    let mut finding = Finding::trouble(format!("nothing has come from {name} over the network for {since_s} s; {decides}"))
        .seen("/sys/kernel/debug/o2net/connected_nodes still has it: the connection is kept until then");
    for message in silence.iter().rev().take(2).rev() {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    let cause = match facts.pulse(node) {
        Some(Pulse::Beats) => "it still beats on disk: the network between the two is cut or overloaded. A message in time cancels it",
        Some(Pulse::Silent { .. }) => "it does not beat on disk either: it died or stands still",
        None => "the network between the two is cut or overloaded, or the node died or stands still. A message in time cancels it",
    };
    Some(finding.because(cause).fixed_by(format!("look at the network to {name} now: links, switch, `ping`; and at the node itself")))
}

/// The last run of messages that a node is silent: each within one idle timeout of the one before, and none of a connection since.
fn said<'a>(recent: &[&'a Message], node: u32, idle_ms: Option<u64>) -> Vec<&'a Message> {
    let mut run: Vec<&Message> = Vec::new();
    for message in recent {
        let Some(event) = message.event.as_ref().filter(|event| event.node() == Some(node)) else { continue };
        match event {
            Event::Idle { ms, .. } => {
                let within = i64::try_from(idle_ms.unwrap_or(*ms).saturating_add(LATE_MS).saturating_mul(1000)).unwrap_or(i64::MAX);
                let goes_on = run.last().and_then(|last| message.at.since(last.at)).is_none_or(|us| us <= within);
                if !goes_on {
                    run.clear();
                }
                run.push(message);
            }
            Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Shutdown { .. }
            | Event::Left { .. }
            | Event::Evicted { .. }
            | Event::RecoveryBegins { .. } => run.clear(),
            _ => {}
        }
    }
    run
}
