//! Connections that are lost, silent, or on which nothing is answered, and what the quorum would decide.
//!
//! `connected_nodes` stays full until a node is evicted, so a lost connection shows first in TCP: nothing comes any more (o2net's
//! keepalives come every `keepalive_delay_ms`), and what was sent is not acknowledged.

use super::{Found, reaches};
use crate::finding::Severity;
use crate::o2cb::memory::Witness;
use crate::o2cb::quorum::{Decision, decide};
use crate::o2cb::view::{ClusterView, LinkView};
use crate::o2cb::words::time;
use crate::o2cb::{CRITICAL_PERCENT, O2cbRules};
use std::collections::{BTreeMap, BTreeSet};

/// A node that has just begun to beat is connected within a few seconds, ms.
const CONNECTS_WITHIN_MS: u64 = 6000;
/// A message that is not answered for so long: its peer hangs, ms.
const UNANSWERED_MS: u64 = 10_000;
/// What was sent again so often is on no way through, where idle times are not known: some 6 s.
const RETRANSMITS: u32 = 5;

/// See the module's text.
pub(super) fn network(cluster: &ClusterView, witnesses: &[&Witness<'_>], rules: &O2cbRules) -> Vec<Found> {
    let mut found = Vec::new();
    let mut apart: BTreeMap<String, Vec<&LinkView>> = BTreeMap::new();
    for link in &cluster.connections {
        if link.needed == Some(true) && link.connected == Some(false) {
            apart.entry(pair(link)).or_default().push(link);
        } else if link.connected != Some(false) {
            found.extend(silent(cluster, link, rules));
        }
        if let (Some(ms), Some(message)) = (link.unanswered_ms.filter(|&ms| ms >= UNANSWERED_MS), &link.unanswered) {
            let text = format!("{} has not answered {} for {}: {message}", link.to, link.from, time(ms));
            let told = Found::new(Severity::Warning, "unanswered", format!("{} {}", link.from, link.to), text);
            found.push(told.told_by([link.from.as_str()]).because([format!("o2net/send_tracking on {}", link.from)]));
        }
    }
    for (pair, links) in apart {
        let told_by = links.iter().map(|link| link.from.as_str());
        let text = format!("{pair}: not connected, and both beat");
        let evidence = links.iter().map(|link| format!("o2net/connected_nodes on {} lacks {}", link.from, link.to_number));
        let told = Found::new(Severity::Warning, "not-connected", pair.clone(), text).told_by(told_by.clone()).because(evidence);
        found.push(told.after(CONNECTS_WITHIN_MS));
    }
    found.extend(witnesses.iter().filter_map(|witness| quorum(cluster, witness)));
    found
}

/// The two ends, in an order that is the same for both.
fn pair(link: &LinkView) -> String {
    let (a, b) = if link.from <= link.to { (&link.from, &link.to) } else { (&link.to, &link.from) };
    format!("{a} and {b}")
}

/// Whether nothing has come for longer than a connection may be silent.
fn is_lost(cluster: &ClusterView, link: &LinkView) -> bool {
    link.idle_ms.zip(cluster.idle_timeout_ms).is_some_and(|(idle, limit)| idle >= u64::from(limit))
}

fn silent(cluster: &ClusterView, link: &LinkView, rules: &O2cbRules) -> Option<Found> {
    let limit = u64::from(cluster.idle_timeout_ms?);
    let subject = format!("{} {}", link.from, link.to);
    let unacknowledged = match (link.unacknowledged_bytes, link.retransmits) {
        (Some(bytes), Some(times)) if bytes > 0 => format!("; {bytes} bytes are not acknowledged, sent again {times} times"),
        _ => String::new(),
    };
    let Some(idle) = link.idle_ms else {
        let times = link.retransmits.filter(|&times| times >= RETRANSMITS)?;
        let text = format!("{} does not acknowledge what {} sends: sent again {times} times", link.to, link.from);
        let told = Found::new(Severity::Warning, "connection-silent", subject, text);
        return Some(told.told_by([link.from.as_str()]).because([format!("/proc/net/tcp on {}{unacknowledged}", link.from)]));
    };
    if !reaches(idle, limit, u64::from(rules.warn_percent)) {
        return None;
    }
    let after = if idle >= limit {
        let quorum = cluster.quorum_ms.unwrap_or(0);
        let left = limit.saturating_add(quorum).saturating_sub(idle);
        format!("lost; the quorum decides in {}", super::super::words::left(left))
    } else {
        format!("counts as lost in {}", super::super::words::left(limit - idle))
    };
    let severity = if reaches(idle, limit, CRITICAL_PERCENT) { Severity::Critical } else { Severity::Warning };
    let text = format!("nothing has come from {} to {} for {}: {after}", link.to, link.from, time(idle));
    let evidence = format!("TCP's last_data_recv on {}: {idle} ms; idle_timeout_ms {limit}{unacknowledged}", link.from);
    Some(Found::new(severity, "connection-silent", subject, text).told_by([link.from.as_str()]).because([evidence]))
}

/// What the witness would do if its connections stay as they are.
fn quorum(cluster: &ClusterView, witness: &Witness<'_>) -> Option<Found> {
    let own = witness.number?;
    let beating: BTreeSet<u8> = witness.cluster.live.as_ref()?.iter().filter_map(|&node| u8::try_from(node).ok()).collect();
    let links = cluster.connections.iter().filter(|link| link.from == witness.node.name);
    let holds = |link: &&LinkView| link.connected == Some(true) && !is_lost(cluster, link);
    let missing = links.clone().any(|link| link.needed == Some(true) && !holds(&link));
    witness.cluster.connected.as_ref()?;
    let connected: BTreeSet<u8> = links.filter(holds).map(|link| link.to_number).collect();
    let name = &witness.node.name;
    let why = match decide(own, &beating, &connected) {
        Decision::Stays => return None,
        Decision::TooFew { connected, needed } => {
            format!("connected to {connected} of {} that beat, itself counted, and {needed} are needed", beating.len())
        }
        Decision::HalfWithoutLowest { lowest } => {
            format!("connected to half of {} that beat, without the lowest, node {lowest}", beating.len())
        }
    };
    let text = format!("{name} loses the quorum if this lasts, and fences itself: {why}");
    let told = Found::new(Severity::Critical, "no-quorum", name.clone(), text).told_by([name.as_str()]).after(CONNECTS_WITHIN_MS);
    missing.then(|| told.because([format!("o2hb/livenodes and o2net/connected_nodes on {name}, and TCP's idle times")]))
}
