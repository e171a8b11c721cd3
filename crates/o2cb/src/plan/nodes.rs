//! Nodes: made in the kernel's order, and changed only by being made anew.

use super::Plan;
use crate::found::{Found, FoundCluster, FoundNode, Seen, cluster_folder};
use crate::step::{Action, Undo};
use crate::wanted::Wanted;
use formats::cluster_conf::Node;

fn folder(cluster: &str, node: &str) -> String {
    format!("{}/node/{node}", cluster_folder(cluster))
}

/// The changes that make a node: port, address, number, and for this machine `local`, which opens the socket.
fn making(cluster: &str, node: &Node, local: bool) -> Vec<(Action, String)> {
    let at = folder(cluster, &node.name);
    let write = |file: &str, value: String| Action::write(format!("{at}/{file}"), value);
    let mut actions = vec![
        (Action::MakeFolder(at.clone()), format!("register node '{}'", node.name)),
        (write("ipv4_port", node.port.to_string()), format!("its port: {}", node.port)),
        (write("ipv4_address", node.address.to_string()), format!("its address: {}", node.address)),
        (write("num", node.number.to_string()), format!("its number: {}", node.number)),
    ];
    if local {
        let what = format!("it is this machine: the kernel listens on {}:{}", node.address, node.port);
        actions.push((write("local", "1".to_owned()), what));
    }
    actions
}

fn make(plan: &mut Plan, line: usize, cluster: &str, node: &Node, local: bool) {
    for (action, what) in making(cluster, node, local) {
        let undo = if matches!(action, Action::MakeFolder(_)) { Undo::Back } else { Undo::WithFolder };
        plan.step(line, action, undo, what);
    }
}

/// All nodes, this machine's last: from then on others connect, and are turned away if they are not known yet.
pub fn fresh(plan: &mut Plan, line: usize, wanted: &Wanted) {
    let (own, others): (Vec<&Node>, Vec<&Node>) = wanted.nodes.iter().partition(|node| node.name == wanted.local);
    for node in others {
        make(plan, line, &wanted.cluster, node, false);
    }
    for node in own {
        make(plan, line, &wanted.cluster, node, true);
    }
}

/// Whether the registered node is the wanted one already.
fn is_same(found: &FoundNode, node: &Node, local: bool) -> bool {
    found.number.has(&node.number) && found.address.has(&node.address) && found.port.has(&node.port) && (local || !found.local.has(&true))
}

/// As it would be made again; `None` if it is not complete.
fn as_node(found: &FoundNode) -> Option<Node> {
    let (number, address, port) = (*found.number.is()?, *found.address.is()?, *found.port.is()?);
    (!address.is_unspecified() && port != 0).then(|| Node { name: found.name.clone(), number, address, port })
}

/// Why a registered node cannot be removed now.
fn in_use(found: &Found, cluster: &FoundCluster, node: &FoundNode) -> Option<String> {
    if node.local.has(&true) {
        let count = cluster.regions.len();
        return (count > 0).then(|| {
            format!("it is this machine's node and {count} heartbeat region(s) run under it: `o2cb offline {}` first", cluster.name)
        });
    }
    let number = u32::from(*as_node(node).as_ref().map(|node| &node.number)?);
    let among = |seen: &Seen<Vec<u32>>| seen.is().is_some_and(|nodes| nodes.contains(&number));
    let how = match (among(&found.beats.live), among(&found.connected)) {
        (true, true) => "it beats and is connected",
        (true, false) => "it beats",
        (false, true) => "it is connected",
        (false, false) => return None,
    };
    Some(format!("the node is active ({how}): take it offline there first, on that node"))
}

/// Removes, makes anew and adds, in this order, so that numbers and addresses are free again.
pub fn change(plan: &mut Plan, line: usize, found: &Found, cluster: &FoundCluster, wanted: &Wanted) {
    let mut kept: Vec<&FoundNode> = Vec::new();
    let mut make_anew: Vec<&Node> = Vec::new();
    // This machine's own node goes first: that closes its connections.
    let mut registered: Vec<&FoundNode> = cluster.nodes.iter().collect();
    registered.sort_by_key(|node| !node.local.has(&true));
    for node in registered {
        let target = wanted.nodes.iter().find(|target| target.name == node.name);
        let local = node.name == wanted.local;
        let what = match target {
            Some(target) if is_same(node, target, local) => {
                kept.push(node);
                continue;
            }
            Some(target) => format!("change node '{}' to {}", node.name, told(target)),
            None => format!("remove node '{}'", node.name),
        };
        if let Some(why) = in_use(found, cluster, node) {
            let why = if target.is_some() { format!("a registered node can only be removed and made anew, and {why}") } else { why };
            plan.refuse(what, why);
            kept.push(node);
            continue;
        }
        let was_local = node.local.has(&true);
        let again = as_node(node).map(|again| making(&cluster.name, &again, was_local).into_iter().map(|(action, _)| action).collect());
        let undo = again.map_or(Undo::Stays("the node was only half registered"), Undo::By);
        plan.step(line, Action::RemoveFolder(folder(&cluster.name, &node.name)), undo, what);
        make_anew.extend(target);
    }
    let new = wanted.nodes.iter().filter(|node| cluster.nodes.iter().all(|found| found.name != node.name));
    let mut to_make: Vec<&Node> = make_anew.into_iter().chain(new).collect();
    to_make.sort_by_key(|node| node.name == wanted.local);
    let mut refused_local = false;
    for node in to_make {
        let clash = kept.iter().find(|found| found.number.has(&node.number) || found.address.has(&node.address));
        if let Some(clash) = clash {
            let why = format!("its number or address still belongs to node '{}', which stays registered", clash.name);
            plan.refuse(format!("register node '{}' ({})", node.name, told(node)), why);
            continue;
        }
        let local = node.name == wanted.local;
        if local && kept.iter().any(|found| found.local.has(&true)) {
            plan.refuse(format!("register node '{}' as this machine", node.name), "another node is registered as this machine and stays");
            refused_local = true;
            continue;
        }
        make(plan, line, &wanted.cluster, node, local);
    }
    // An earlier run got no further than this.
    let own = kept.iter().find(|found| found.name == wanted.local && !found.local.has(&true));
    if let Some(own) = own
        && !refused_local
        && wanted.local_node().is_some_and(|node| is_same(own, node, true))
        && !kept.iter().any(|found| found.local.has(&true))
    {
        let action = Action::write(format!("{}/local", folder(&cluster.name, &own.name)), "1");
        plan.step(line, action, Undo::Back, format!("node '{}' is this machine: the kernel listens on its address and port", own.name));
    }
}

fn told(node: &Node) -> String {
    format!("number {}, {}:{}", node.number, node.address, node.port)
}
