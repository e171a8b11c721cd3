//! Whether the other nodes come in to this machine's port, as far as the firewalls' files tell.

use super::Status;
use crate::firewall::{Firewall, listed};
use crate::found::{FoundNode, Gate, Seen};
use crate::printed::line;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// This machine's address and port, and the other nodes' addresses: as registered, else as configured. `None`: neither is known.
fn who(status: &Status) -> Option<((Ipv4Addr, u16), Vec<Ipv4Addr>)> {
    if let Some((cluster, local)) = status.cluster().and_then(|cluster| Some((cluster, cluster.local()?))) {
        let others = cluster.nodes.iter().filter(|node| !node.local.has(&true));
        return Some(((*local.address.is()?, *local.port.is()?), others.filter_map(|node| node.address.is().copied()).collect()));
    }
    let (cluster, local) = (status.asked.cluster.as_ref()?, status.host_node()?);
    let others = cluster.nodes.iter().filter(|node| node.name != local.name).map(|node| node.address);
    Some(((local.address, local.port), others.collect()))
}

fn gates(status: &Status) -> Option<(u16, Vec<Gate>)> {
    let (to, peers) = who(status)?;
    Some((to.1, status.found.firewalls.gates(to, &peers)))
}

/// One line for each firewall that works, or one that says that none is known. It is no verdict: a node that cannot connect is.
pub fn lines(status: &Status) -> String {
    let Some((port, gates)) = gates(status) else { return String::new() };
    let mut text = String::new();
    for gate in &gates {
        let name = gate.firewall.word();
        if gate.closed.is_empty() && gate.unsure.is_empty() {
            text += &line(&format!("Firewall: {name} lets the other nodes in to port {port}"));
        }
        if !gate.closed.is_empty() {
            text += &line(&format!("Firewall: {name} keeps {} out of port {port}", listed(&gate.closed)));
        }
        if let Some((_, why)) = gate.unsure.first() {
            let peers: Vec<Ipv4Addr> = gate.unsure.iter().map(|(peer, _)| *peer).collect();
            text += &line(&format!("Firewall: whether {name} lets {} in to port {port} is unknown: {why}", listed(&peers)));
        }
    }
    if gates.is_empty() {
        let others = match status.found.firewalls.hint {
            Seen::Is(false) | Seen::Absent => "",
            _ => "; rules of nftables or iptables are not read here",
        };
        text += &line(&format!("Firewall: neither firewalld nor ufw works here{others}"));
    }
    text
}

/// The same for programs; `null`: which node this machine is is not known.
pub fn json(status: &Status) -> Value {
    let Some((port, gates)) = gates(status) else { return Value::Null };
    let gate = |gate: &Gate| {
        json!({
            "name": gate.firewall,
            "closed_for": gate.closed.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>(),
            "unknown_for": gate.unsure.iter().map(|(peer, why)| json!({ "address": peer.to_string(), "why": why })).collect::<Vec<_>>(),
        })
    };
    json!({ "port": port, "working": gates.iter().map(gate).collect::<Vec<_>>(), "other_rules_hinted": status.found.firewalls.hint })
}

/// What is asked for and not so.
pub fn difference(status: &Status, file: &str) -> Option<String> {
    let asked = status.asked.file.defaults.firewall?;
    let name = asked.word();
    let (port, gates) = gates(status)?;
    match gates.iter().find(|gate| gate.firewall == asked) {
        None => Some(format!("{name} does not work here, {file} asks it to let the other nodes in")),
        Some(gate) if gate.closed.is_empty() => None,
        Some(gate) => Some(format!("{name} keeps {} out of port {port}, {file} asks to let the other nodes in", listed(&gate.closed))),
    }
}

/// Why a node that beats may not be connected, as far as firewalls go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blame {
    /// This node connects: the other one's firewall must let this address in to this port.
    Theirs(String, String),
    /// This firewall here keeps the other node's address out of this port.
    Closed(Firewall, Ipv4Addr, u16),
    /// Whether this firewall here lets it in to this port cannot be told, and why.
    Unsure(Firewall, u16, String),
    /// Rules may be loaded that are in none of the files that are read here.
    NotRead,
}

impl Blame {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Blame::Theirs(from, to) => format!("this node connects to it: its firewall must let {from} in to TCP port {to}"),
            Blame::Closed(firewall, address, port) => {
                let name = firewall.word();
                format!("{name} here keeps {address} out of port {port}: `o2cb configure --firewall={name}`, then `o2cb online`")
            }
            Blame::Unsure(firewall, port, why) => {
                format!("whether {} here lets it in to port {port} is unknown: {why}", firewall.word())
            }
            Blame::NotRead => "whether a firewall here keeps it out is unknown: rules of nftables and iptables are not read here, \
                               `nft list ruleset` and `iptables -S` tell them"
                .to_owned(),
        }
    }
}

/// Why a node that beats may not be connected; `None`: nothing is known. The node with the higher number connects to the one with the
/// lower (`o2net_start_connect`, `fs/ocfs2/cluster/tcp.c`), so only one of both firewalls is in question.
pub fn blame(status: &Status, local: &FoundNode, node: &FoundNode) -> Option<Blame> {
    let (own, other, address) = (local.number.is()?, node.number.is()?, node.address.is()?);
    if other < own {
        return Some(Blame::Theirs(local.address.words(ToString::to_string), node.port.words(u16::to_string)));
    }
    let (port, gates) = gates(status)?;
    if let Some(gate) = gates.iter().find(|gate| gate.closed.contains(address)) {
        return Some(Blame::Closed(gate.firewall, *address, port));
    }
    let unsure = |gate: &Gate| gate.unsure.iter().find(|(peer, _)| peer == address).map(|(_, why)| (gate.firewall, why.clone()));
    if let Some((firewall, why)) = gates.iter().find_map(unsure) {
        return Some(Blame::Unsure(firewall, port, why));
    }
    (gates.is_empty() && status.found.firewalls.hint != Seen::Is(false)).then_some(Blame::NotRead)
}
