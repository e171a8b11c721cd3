//! The port of this machine's node in its firewall, if that is asked for: before the socket opens.

use super::Plan;
use crate::firewall::{Firewall, Opening, Rules, listed};
use crate::found::{Found, Seen};
use crate::step::{Action, Undo};
use crate::wanted::Wanted;
use formats::firewall::{Connection, Verdict};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Lets the other nodes in that the firewall keeps out.
pub(super) fn firewall(plan: &mut Plan, found: &Found, wanted: &Wanted) {
    let (Some(firewall), Some(own)) = (wanted.firewall, wanted.local_node()) else { return };
    let to = (own.address, own.port);
    let peers: Vec<Connection> =
        wanted.nodes.iter().filter(|node| node.name != own.name).map(|node| connection(node.address, to)).collect();
    match firewall {
        Firewall::Firewalld => firewalld(plan, found, &peers, to),
        Firewall::Ufw => ufw(plan, found, &peers, to),
    }
}

fn connection(from: Ipv4Addr, to: (Ipv4Addr, u16)) -> Connection {
    Connection { from, to: to.0, port: to.1 }
}

fn what(firewall: Firewall, port: u16) -> String {
    format!("let the other nodes in to TCP port {port} in {}", firewall.word())
}

/// Why a firewall that is asked for cannot be told anything.
fn not_seen<T>(plan: &mut Plan, firewall: Firewall, port: u16, found: &Seen<T>) {
    let why = match found {
        Seen::Absent if firewall == Firewall::Ufw => "it is not enabled or not installed on this machine: `ufw enable`".to_owned(),
        Seen::Absent => "it does not run on this machine: `systemctl start firewalld`".to_owned(),
        _ => format!("what it lets in is {}", found.words(|_| String::new())),
    };
    plan.refuse(what(firewall, port), format!("{why}, or leave the firewall alone: `o2cb configure --firewall=`"));
}

fn firewalld(plan: &mut Plan, found: &Found, peers: &[Connection], to: (Ipv4Addr, u16)) {
    let Some(rules) = found.firewalls.firewalld.is() else {
        return not_seen(plan, Firewall::Firewalld, to.1, &found.firewalls.firewalld);
    };
    let mut zones: BTreeMap<&str, Vec<Ipv4Addr>> = BTreeMap::new();
    for peer in peers {
        match (rules.verdict(peer), rules.zone_of(peer)) {
            (Verdict::Accept, _) => {}
            (Verdict::Unsure(why), _) | (_, Err(why)) => refuse(plan, Firewall::Firewalld, peer, &why),
            (Verdict::Deny, Ok(zone)) if rules.clone().with(zone, peer).verdict(peer) == Verdict::Accept => {
                zones.entry(zone).or_default().push(peer.from);
            }
            (Verdict::Deny, Ok(zone)) => {
                refuse(plan, Firewall::Firewalld, peer, &format!("a rule of zone {zone} denies it, and comes first"));
            }
        }
    }
    for (zone, peers) in zones {
        let names = listed(&peers);
        // Kept first: what cannot be kept is not opened for now.
        for (rules, when) in [(Rules::Kept(zone.to_owned()), "from the next start on"), (Rules::Running(zone.to_owned()), "now")] {
            let action = Action::OpenPort(Opening { rules, to, peers: peers.clone() });
            plan.step(None, action, Undo::Back, format!("let {names} in to TCP port {} in zone {zone} of firewalld, {when}", to.1));
        }
    }
}

fn ufw(plan: &mut Plan, found: &Found, peers: &[Connection], to: (Ipv4Addr, u16)) {
    let Some(rules) = found.firewalls.ufw.is() else { return not_seen(plan, Firewall::Ufw, to.1, &found.firewalls.ufw) };
    for peer in peers {
        match rules.verdict(peer) {
            Verdict::Accept => {}
            Verdict::Unsure(why) => refuse(plan, Firewall::Ufw, peer, &why),
            Verdict::Deny if rules.clone().with(peer).verdict(peer) == Verdict::Accept => {
                let action = Action::OpenPort(Opening { rules: Rules::Ufw, to, peers: vec![peer.from] });
                plan.step(None, action, Undo::Back, format!("let {} in to TCP port {} in ufw", peer.from, to.1));
            }
            Verdict::Deny => refuse(plan, Firewall::Ufw, peer, "an earlier rule denies it: `ufw status numbered`"),
        }
    }
}

fn refuse(plan: &mut Plan, firewall: Firewall, peer: &Connection, why: &str) {
    plan.refuse(format!("let {} in to TCP port {} in {}", peer.from, peer.port, firewall.word()), why);
}
