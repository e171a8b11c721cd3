//! Nodes that beat and are not connected.

use super::silence;
use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::Pulse;
use crate::doctor::facts::probe::{Outcome, Probe};
use crate::found::FoundNode;
use formats::kernel_log::Event;
use formats::o2dlm::send_tracking::message_word;

/// A message that is not answered for so long, µs, is stuck.
const STUCK_US: u64 = 10_000_000;
/// What the log said of a connection is news for so long, seconds.
const NEWS_S: u64 = 300;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.cluster() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let found = &facts.status.found;
    if cluster.regions.is_empty() {
        return Verdict::NotApplicable("no heartbeat runs: nodes connect once they see each other beat".to_owned());
    }
    let live = match (&found.beats.live, &found.connected) {
        (live, connected) if live.is().is_none() || connected.is().is_none() => {
            let why = if live.is().is_none() { live.words(|_| String::new()) } else { connected.words(|_| String::new()) };
            return Verdict::Unknown(format!("who beats and who is connected: debugfs is {why}"), Vec::new());
        }
        (live, _) => live.is().cloned().unwrap_or_default(),
    };
    let mut findings = Vec::new();
    let mut others = Vec::new();
    for node in cluster.nodes.iter().filter(|node| !node.local.has(&true)) {
        let Some(number) = node.number.is().map(|number| u32::from(*number)) else { continue };
        others.push(number);
        if facts.lost(number) {
            findings.push(lost(facts, node, number));
        } else {
            findings.extend(silence::judge(facts, cluster, number));
        }
    }
    others.retain(|number| live.contains(number));
    Verdict::of(findings, note(facts, &live)).but_unknown(silence::unknown(facts, &others))
}

/// Who beats and is connected, by the last reading: what came or went during the watch may be on its way.
fn note(facts: &Facts, live: &[u32]) -> String {
    let again = facts.again.as_ref();
    let live = again.and_then(|again| again.live.is()).map_or(live, Vec::as_slice);
    let connected = again.and_then(|again| again.connected.is()).or(facts.status.found.connected.is());
    let others: Vec<u32> = live.iter().copied().filter(|number| Some(*number) != facts.own_number()).collect();
    let not_connected = others.iter().filter(|number| connected.is_some_and(|connected| !connected.contains(number)));
    let not_connected: Vec<String> = not_connected.map(|number| facts.node(*number)).collect();
    let count = others.len();
    if not_connected.is_empty() {
        return format!("{count} other node(s) beat, all are connected");
    }
    format!("{count} other node(s) beat; just now {} had no connection, though not so seconds before: look again", not_connected.join(", "))
}

fn lost(facts: &Facts, node: &FoundNode, number: u32) -> Finding {
    let own = facts.own_number();
    let at = format!("{}:{}", node.address.words(ToString::to_string), node.port.words(u16::to_string));
    let me = facts.cluster().and_then(|cluster| cluster.local());
    let own_address =
        me.and_then(|node| node.address.is().copied()).map_or_else(|| "this node's address".to_owned(), |address| address.to_string());
    let own_port = me.and_then(|node| node.port.is().copied()).unwrap_or_default();
    let connects = own.is_some_and(|own| own > number);
    let (who, side) = if connects {
        ("this node connects to it".to_owned(), format!("from {own_address} to {at}"))
    } else {
        (
            format!("{} connects to this node", facts.node(number)),
            format!("from {} to {own_address}:{own_port}", node.address.words(ToString::to_string)),
        )
    };
    let probe = facts.probes.iter().find(|probe| probe.node == number);
    let how = probe.map_or_else(|| "is not connected".to_owned(), |probe| words(probe, &at));
    // The kernel counts a node as live until it was silent for the whole dead time; the watch of its slots sees it at once.
    let silent = match facts.pulse(number) {
        Some(Pulse::Silent { seconds }) => Some(seconds),
        _ => None,
    };
    let beats = silent.map_or_else(|| "beats on disk".to_owned(), |seconds| format!("has not beaten on disk for {seconds} s"));
    let mut finding = Finding::trouble(format!("{} {beats} and {how}; {who}", facts.node(number)))
        .seen("/sys/kernel/debug/o2hb/livenodes has it, /sys/kernel/debug/o2net/connected_nodes has not");
    if let Some(probe) = probe {
        finding = finding.seen(format!("connecting to {at}: {} after {} ms", outcome_words(&probe.outcome), probe.ms));
    }
    let said = facts.since_registered(NEWS_S).into_iter().filter(|message| message.event.as_ref().and_then(Event::node) == Some(number));
    let said: Vec<_> = said
        .filter(|message| {
            matches!(
                message.event,
                Some(
                    Event::Shutdown { .. }
                        | Event::NoConnection { .. }
                        | Event::ConnectFailed { .. }
                        | Event::Idle { .. }
                        | Event::Disconnected { .. }
                        | Event::SettingDiffers { .. }
                        | Event::ProtocolDiffers { .. }
                )
            )
        })
        .collect();
    let last = said.last().and_then(|message| message.event.clone());
    for message in said.iter().rev().take(3).rev() {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    for words in facts.firewall.about(number) {
        finding = finding.seen(format!("firewall of this node: {words}"));
    }
    let unknown = facts.recent(NEWS_S).find(|message| matches!(&message.event, Some(Event::UnknownNode { .. })));
    if let Some(message) = unknown {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    if silent.is_some() {
        return finding
            .because(
                "it died, or its storage hangs, and the kernel counts it as live until its time is over: without a connection it is no \
                 sign of a firewall",
            )
            .fixed_by(format!(
                "look at {}: its console, its pstore, its storage; the others recover it once it counts as dead",
                facts.node(number)
            ));
    }
    let of_probe = probe.and_then(|probe| hint(&probe.outcome, last.as_ref()));
    let hint = of_probe.unwrap_or_else(|| match last {
        Some(Event::SettingDiffers { .. } | Event::ProtocolDiffers { .. }) => "the handshake fails: see timeouts-differ".to_owned(),
        Some(Event::Shutdown { state: 7, .. }) => "refused or reset: nothing listens there, another port, or a firewall rejects".to_owned(),
        // At once, by this node's own routes: what the network answers later is told as a shutdown.
        Some(Event::ConnectFailed { errno: 101 | 113, .. }) => "this node has no way to that address: routes, netmask, cable".to_owned(),
        Some(Event::ConnectFailed { errno: 99, .. }) => "this node's own address is missing: see local-address".to_owned(),
        Some(Event::Idle { .. } | Event::NoConnection { .. } | Event::Disconnected { .. }) => {
            "no answer: a firewall drops, the network between them is cut, or the address is of another host".to_owned()
        }
        _ if unknown.is_some() => "somebody connects from an address that no node has: the node uses another network or a NAT".to_owned(),
        _ => "a firewall, a wrong address or port, another network, or another configuration".to_owned(),
    });
    let after =
        facts.cluster().and_then(|cluster| cluster.threshold.is()).map_or(66, |threshold| crate::status::quorum_after_s(*threshold));
    let remote = if connects { facts.node(number) } else { "this node".to_owned() };
    let source = if connects { own_address } else { node.address.words(ToString::to_string) };
    let port = if connects { node.port.words(u16::to_string) } else { own_port.to_string() };
    let mut finding = finding
        .because(format!("{hint}. No mount succeeds meanwhile (error 107 after 60 s), and {after} s after a lost connection the quorum decides who fences"))
        .fixed_by(format!("on {remote} let TCP {port} in from {source} ({side}); O2CB uses no UDP"))
        .fixed_by(format!("check {} of both nodes: address and port of {} must be {at}", facts.config.path, node.name));
    if !connects {
        finding = finding.fixed_by(format!("run `o2cb doctor` on {}: it is the side that connects", facts.node(number)));
    }
    finding
}

/// What the attempt to connect tells, which is newer than the log.
fn hint(outcome: &Outcome, last: Option<&Event>) -> Option<String> {
    Some(match outcome {
        // What the handshake says is told by the log alone.
        Outcome::Connected if matches!(last, Some(Event::SettingDiffers { .. } | Event::ProtocolDiffers { .. })) => return None,
        Outcome::Connected => {
            "TCP gets through, so no firewall is in the way: the handshake fails, the other node does not know this one's \
                               address, or another program has that port"
                .to_owned()
        }
        Outcome::Refused => "refused or reset: nothing listens there, another port, or a firewall rejects".to_owned(),
        Outcome::Silence => "no answer: a firewall drops, the network between them is cut, or the address is of another host".to_owned(),
        Outcome::Unreachable(_) => {
            "a firewall rejects (the usual reject of firewalld and iptables looks so), or there is no way to that address (routes, netmask, \
             cable), or no such host"
                .to_owned()
        }
        Outcome::Other(why) => format!("it cannot be tried ({why}): routes, netmask, cable, this node's own address"),
    })
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Connected => "connected".to_owned(),
        Outcome::Refused => "refused".to_owned(),
        Outcome::Silence => "no answer".to_owned(),
        Outcome::Unreachable(why) | Outcome::Other(why) => why.clone(),
    }
}

fn words(probe: &Probe, at: &str) -> String {
    match &probe.outcome {
        Outcome::Connected => format!("accepts TCP at {at}, yet is not connected"),
        Outcome::Refused => format!("refuses TCP at {at}"),
        Outcome::Silence => format!("does not answer TCP at {at}"),
        Outcome::Unreachable(why) | Outcome::Other(why) => format!("cannot be reached at {at} ({why})"),
    }
}

pub fn messages(facts: &Facts) -> Verdict {
    let Some(sendings) = facts.sendings.is() else {
        if facts.cluster().is_none() {
            return Verdict::NotApplicable("no cluster is registered".to_owned());
        }
        return Verdict::Unknown(
            format!("/sys/kernel/debug/o2net/send_tracking is {}", facts.sendings.words(|_| String::new())),
            Vec::new(),
        );
    };
    let mut findings = Vec::new();
    for sending in sendings {
        // Times of a step that is not reached yet say anything; the oldest of those that are is the first.
        let Some(age) = sending.wait_us.filter(|age| *age >= STUCK_US) else { continue };
        let what = message_word(sending.message_type)
            .map_or_else(|| format!("message {}", sending.message_type), |word| format!("message '{word}'"));
        let finding = Finding::trouble(format!("{} has not answered a {what} for {} s", facts.node(sending.node), age / 1_000_000))
            .seen(format!(
                "/sys/kernel/debug/o2net/send_tracking: process {} ({}), type {}",
                sending.pid, sending.process, sending.message_type
            ))
            .because("it hangs, or waits for its disk, or the message or its answer did not get through: see connection-blocked")
            .fixed_by(format!("look at {}: `o2cb doctor`, `dmesg`, processes in state D", facts.node(sending.node)));
        findings.push(finding);
    }
    Verdict::of(findings, format!("{} message(s) on their way", sendings.len()))
}
