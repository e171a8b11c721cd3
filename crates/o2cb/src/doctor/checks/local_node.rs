//! Which node this host is, and where it listens.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use formats::cluster_conf::{Node, is_local};
use formats::kernel_log::Event;

const RULE: &str = "a node is this host if its name is the host's name, or that up to a dot; capitals do not count";

pub fn judge(facts: &Facts) -> Verdict {
    let Some(cluster) = &facts.status.asked.cluster else {
        return Verdict::NotApplicable("no cluster is configured, or it cannot be told which".to_owned());
    };
    let Some(host) = facts.status.found.host.is() else {
        return Verdict::Unknown(format!("the host's name: {}", facts.status.found.host.words(Clone::clone)), Vec::new());
    };
    let names = |nodes: &[&Node]| nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>().join(", ");
    let all: Vec<&Node> = cluster.nodes.iter().collect();
    let matching: Vec<&Node> = all.iter().copied().filter(|node| is_local(&node.name, host)).collect();
    let mut findings = Vec::new();
    match matching.as_slice() {
        [_] => {}
        [] => {
            let finding = Finding::trouble(format!("this host is '{host}'; {} has: {}", facts.config.path, names(&all)))
                .seen(format!("/proc/sys/kernel/hostname: {host}"))
                .because(format!("{RULE}. Registering then succeeds and the cluster stays offline; mounting ends with error 22"))
                .fixed_by(format!("rename the node in {} on all nodes, or the host: `hostnamectl set-hostname NAME`", facts.config.path));
            findings.push(finding);
        }
        many => {
            let finding = Finding::trouble(format!("nodes {} all match this host's name '{host}'", names(many)))
                .because(format!("{RULE}: one of them must be this machine"))
                .fixed_by(format!("give them other names in {}", facts.config.path));
            findings.push(finding);
        }
    }
    if let Some(running) = facts.cluster()
        && running.local().is_none()
    {
        let finding = Finding::trouble(format!("cluster '{}' is registered, and no node of it is this machine", running.name))
            .seen(format!("no /sys/kernel/config/cluster/{}/node/*/local is 1", running.name))
            .because("nothing listens, nothing beats: mounts end with error 22, and the kernel's log says nothing")
            .fixed_by(format!("o2cb online {}", running.name));
        findings.push(finding);
    }
    Verdict::of(findings, format!("host '{host}' is node '{}'", names(&matching)))
}

pub fn address(facts: &Facts) -> Verdict {
    let Some(node) = facts.status.host_node() else {
        return Verdict::NotApplicable("no node of the configuration is this host".to_owned());
    };
    let here = format!("{}:{}", node.address, node.port);
    let mut findings = Vec::new();
    let addresses = facts.config.host.addresses.as_deref();
    if let Some(addresses) = addresses
        && !addresses.contains(&node.address)
    {
        let all: Vec<String> = addresses.iter().filter(|address| !address.is_loopback()).map(ToString::to_string).collect();
        let finding = Finding::trouble(format!("no interface of this host has {}, the address of its node '{}'", node.address, node.name))
            .seen(format!("/proc/net/fib_trie: this host has {}", if all.is_empty() { "none".to_owned() } else { all.join(", ") }))
            .because("the kernel cannot listen there: EADDRNOTAVAIL (99); DHCP, another network card, or an address that only a NAT knows")
            .fixed_by(format!(
                "`ip addr add {}/PREFIX dev INTERFACE`, or correct ip_address of node '{}' in {} on all nodes",
                node.address, node.name, facts.config.path
            ));
        findings.push(finding);
    }
    if node.address.is_loopback() {
        let finding = Finding::trouble(format!("node '{}' has the address {}, which other nodes cannot reach", node.name, node.address))
            .because("a loopback address is each host's own")
            .fixed_by(format!("write the address of the cluster's network in {} on all nodes", facts.config.path));
        findings.push(finding);
    }
    let running = facts.cluster().and_then(|cluster| cluster.local());
    match running.and_then(|own| crate::status::listens(&facts.status.found, own)) {
        Some(false) => {
            let finding = Finding::trouble(format!("nothing listens on {here}: other nodes cannot connect"))
                .seen("/proc/net/tcp has no such listener")
                .because("the node's `local` was set to 0, or the socket was lost")
                .fixed_by(format!("o2cb offline {0} && o2cb online {0}", facts.cluster_name()));
            findings.push(finding);
        }
        None if running.is_none() => findings.extend(taken(facts, node)),
        _ => {}
    }
    Verdict::of(findings, format!("{here} of node '{}'", node.name))
        .but_unknown(addresses.is_none().then(|| "this host's addresses".to_owned()))
}

/// Somebody else has the port while the cluster is not registered.
fn taken(facts: &Facts, node: &Node) -> Option<Finding> {
    let listening = facts.status.found.listening.is()?;
    let (address, port) =
        listening.iter().find(|(address, port)| *port == node.port && (*address == node.address || address.is_unspecified()))?;
    let mut finding = Finding::trouble(format!("something else listens on {address}:{port}, where node '{}' must", node.name))
        .seen("/proc/net/tcp")
        .because("registering this machine's node ends with EADDRINUSE (98)")
        .fixed_by(format!("`ss -ltnp 'sport = :{port}'` names the process: stop it, or choose another ip_port for the node on all nodes"));
    let said = facts.now().iter().rev().find(|message| matches!(message.event, Some(Event::SocketFailed { .. })));
    if let Some(message) = said {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    Some(finding)
}
