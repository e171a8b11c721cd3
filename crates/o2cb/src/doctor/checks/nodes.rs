//! The node table: of the file, of this kernel, of other nodes.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::found::FoundNode;
use crate::status::{About, differences};
use formats::cluster_conf::HeartbeatMode;
use formats::kernel_log::{Event, Message, Side};
use std::net::Ipv4Addr;

/// A refused join is news for so long, seconds.
const NEWS_S: u64 = 3600;

pub fn judge(facts: &Facts) -> Verdict {
    let Some(cluster) = facts.cluster() else { return Verdict::NotApplicable("no cluster is registered".to_owned()) };
    let mut findings = Vec::new();
    let name = &cluster.name;
    for difference in
        differences(&facts.status, cluster).into_iter().filter(|difference| matches!(difference.about, About::Node | About::Heartbeat))
    {
        let finding = Finding::trouble(difference.words)
            .seen(format!("/sys/kernel/config/cluster/{name} against {}", facts.config.path))
            .because("the file was changed and this node not brought online since: nodes whose tables differ refuse each other's joins (error 22)")
            .fixed_by(format!("o2cb online {name} (the init script's second `online` changes nothing in local mode)"));
        findings.push(finding);
    }
    for number in facts.status.unregistered() {
        let finding = Finding::trouble(format!("node {number} beats and is not registered here"))
            .seen("/sys/kernel/debug/o2hb/livenodes")
            .because("its node was removed here while it runs, or another cluster writes to the same disk")
            .fixed_by(format!("compare {} of all nodes: `o2cb config diff NODE…`, then `o2cb online {name}`", facts.config.path));
        findings.push(finding);
    }
    findings.extend(refused_joins(facts));
    let mode = cluster.mode.is().copied().unwrap_or(HeartbeatMode::Local);
    let fine = format!("{} nodes, {} heartbeat, as {} says", cluster.nodes.len(), mode.word(), facts.config.path);
    Verdict::of(findings, fine).but_unknown(facts.log_unknown().map(|why| format!("whether other nodes' tables differ: {why}")))
}

/// Joins that were refused for a difference and did not succeed since.
fn refused_joins(facts: &Facts) -> Vec<Finding> {
    let recent = facts.since_registered(NEWS_S);
    let mut findings: Vec<Finding> = Vec::new();
    for (index, message) in recent.iter().enumerate() {
        let later = recent.get(index + 1..).unwrap_or_default();
        let Some(finding) = of_message(facts, message, later) else { continue };
        match findings.iter_mut().find(|known| known.what == finding.what) {
            // It is tried again and again.
            Some(known) => *known = finding,
            None => findings.push(finding),
        }
    }
    findings
}

/// Whether this node still has what it had, or lacks what it lacked, when the other one was refused; `now`: whether it has it, `None`
/// if that is not known. Otherwise it was mended here, and the other one has not tried again yet.
fn still(on: Side, now: Option<bool>) -> bool {
    now.is_none_or(|has| has == (on == Side::Here))
}

/// Whether the kernel has a node with this number, address and port.
fn registered(facts: &Facts, node: u32, address: Ipv4Addr, port: u16) -> Option<bool> {
    let nodes = &facts.cluster()?.nodes;
    let same = |own: &&FoundNode| own.number.is().map(|number| u32::from(*number)) == Some(node);
    Some(nodes.iter().find(same).is_some_and(|own| own.address.has(&address) && own.port.has(&port)))
}

/// Whether the kernel has a region of this UUID.
fn beats_in(facts: &Facts, region: &str) -> Option<bool> {
    Some(facts.cluster()?.regions.iter().any(|own| own.uuid == region))
}

fn is_global(facts: &Facts) -> Option<bool> {
    facts.cluster()?.mode.is().map(|mode| *mode == HeartbeatMode::Global)
}

fn of_message(facts: &Facts, message: &Message, later: &[&Message]) -> Option<Finding> {
    let joined = |node: u32, domain: &str| {
        later
            .iter()
            .any(|message| matches!(&message.event, Some(Event::Joined { node: who, domain: what, .. }) if *who == node && what == domain))
    };
    let joined_self = || later.iter().any(|message| matches!(message.event, Some(Event::Joining { .. } | Event::Mounting { .. })));
    let path = &facts.config.path;
    let side = |on: &Side, local: u32, joining: u32| match on {
        Side::Here => (format!("on {}", facts.node(local)), format!("not on {}, which wants to join", facts.node(joining))),
        Side::Joining => (format!("on {}, which wants to join", facts.node(joining)), format!("not on {}", facts.node(local))),
    };
    let (what, cause) = match message.event.as_ref()? {
        Event::NodeDiffers { domain, node, address, port, on, local, joining }
            if !joined(*joining, domain) && still(*on, registered(facts, *node, *address, *port)) =>
        {
            let (has, lacks) = side(on, *local, *joining);
            (format!("node {node} ({address}:{port}) is registered {has}, {lacks}"), "the joining node is refused with error 22")
        }
        Event::RegionDiffers { domain, region, on, local, joining } if !joined(*joining, domain) && still(*on, beats_in(facts, region)) => {
            let (has, lacks) = side(on, *local, *joining);
            (format!("region {region} is registered {has}, {lacks}"), "the joining node is refused with error 22")
        }
        Event::ModeDiffers { domain, global, local, joining } if !joined(*joining, domain) && still(*global, is_global(facts)) => {
            let (has, lacks) = side(global, *local, *joining);
            (format!("global heartbeat is set {has}, {lacks}"), "the joining node is refused with error 22")
        }
        Event::NodeMismatch { node } if !joined_self() => (
            format!("{} refused this node's join: its node table differs from this one's", facts.node(*node)),
            "number, name's address or port of a node differ; which, only the other node's log says, and nothing does for an address or port that differs",
        ),
        Event::RegionMismatch { node } if !joined_self() => (
            format!("{} refused this node's join: its regions or heartbeat mode differ from this one's", facts.node(*node)),
            "its log says which region",
        ),
        _ => return None,
    };
    let finding = Finding::trouble(what)
        .seen(format!("kernel log: {}", message.text))
        .because(format!("{path} differs between the nodes, or one was not brought online after a change: {cause}"))
        .fixed_by(
            "make it the same on all nodes: `o2cb config diff NODE…` tells the differences, then on the node that lacks it: `o2cb online`",
        );
    Some(finding)
}
