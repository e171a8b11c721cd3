//! The cluster and everything in it, from nothing or from what is registered.

use super::{Plan, firewall, heartbeat, load, nodes, timeouts};
use crate::found::{Found, FoundCluster, Seen, cluster_folder};
use crate::kernel::CLUSTER_STACK;
use crate::step::{Action, Undo};
use crate::wanted::Wanted;
use formats::cluster_conf::HeartbeatMode;

/// Loads what is missing, registers the cluster or changes it to what is wanted, and in global mode starts its regions.
pub fn online(found: &Found, wanted: &Wanted) -> Plan {
    let mut plan = register(found, wanted);
    if wanted.mode == HeartbeatMode::Global && !plan.blocked {
        heartbeat::regions(&mut plan, found, wanted);
    }
    plan
}

/// The same without regions.
pub fn register(found: &Found, wanted: &Wanted) -> Plan {
    let mut plan = load(found);
    stack(&mut plan, found);
    sysctls(&mut plan, found, wanted);
    firewall::firewall(&mut plan, found, wanted);
    // In the order of the init script; the kernel's own order has the timeouts in between.
    let registering = plan.line(format!("Registering O2CB cluster \"{}\": ", wanted.cluster));
    match &found.clusters {
        Seen::Is(clusters) if clusters.is_empty() => fresh(&mut plan, registering, wanted),
        Seen::Absent => fresh(&mut plan, registering, wanted),
        Seen::Is(clusters) => {
            if let Some(cluster) = clusters.iter().find(|cluster| cluster.name == wanted.cluster) {
                change(&mut plan, registering, found, cluster, wanted);
            } else {
                let other = found.cluster().map(|cluster| cluster.name.clone()).unwrap_or_default();
                let why = format!("cluster '{other}' is registered and the kernel has room for one: `o2cb offline {other}` first");
                plan.block(format!("register cluster '{}'", wanted.cluster), why);
            }
        }
        unknown => plan.block(format!("register cluster '{}'", wanted.cluster), unknown.words(|_| String::new())),
    }
    plan
}

fn stack(plan: &mut Plan, found: &Found) {
    let label = "o2cb".to_owned();
    if !found.stack.has(&label) {
        let line = plan.line("Setting cluster stack \"o2cb\": ");
        let undo = if found.stack == Seen::Absent { Undo::Stays("the label stays: it is the kernel's default") } else { Undo::Back };
        plan.step(line, Action::write(CLUSTER_STACK, label), undo, "tell OCFS2 that its cluster stack is O2CB");
    }
}

fn sysctls(plan: &mut Plan, found: &Found, wanted: &Wanted) {
    if let Some(value) = wanted.panic_on_oops
        && !found.sysctls.panic_on_oops.has(&value)
    {
        let what = "set whether a crashed kernel thread ends the node (kernel.panic_on_oops)";
        plan.step(None, Action::write("/proc/sys/kernel/panic_on_oops", value.to_string()), Undo::Back, what);
    }
    if let Some(value) = wanted.panic_s
        && !found.sysctls.panic_s.has(&value)
    {
        let what = "set after how many seconds a node that panicked restarts (kernel.panic)";
        plan.step(None, Action::write("/proc/sys/kernel/panic", value.to_string()), Undo::Back, what);
    }
}

fn mode_file(cluster: &str) -> String {
    format!("{}/heartbeat/mode", cluster_folder(cluster))
}

fn fence(plan: &mut Plan, line: usize, wanted: &Wanted, found: Option<&FoundCluster>) {
    let Some(fence) = wanted.fence else { return };
    if found.is_some_and(|cluster| cluster.fence.has(&fence.word().to_owned())) {
        return;
    }
    // The kernel compares with the newline.
    let action = Action::write(format!("{}/fence_method", cluster_folder(&wanted.cluster)), format!("{}\n", fence.word()));
    plan.step(line, action, Undo::Back, format!("a node that must not go on fences itself by {}", fence.word()));
}

/// Mode and timeouts come before the local node: from then on peers connect, and the handshake compares timeouts.
fn fresh(plan: &mut Plan, registering: usize, wanted: &Wanted) {
    let what = format!("register cluster '{}'", wanted.cluster);
    plan.step(registering, Action::MakeFolder(cluster_folder(&wanted.cluster)), Undo::Back, what);
    let action = Action::write(mode_file(&wanted.cluster), wanted.mode.word());
    let what = format!("heartbeat mode: {}", wanted.mode.word());
    if wanted.mode == HeartbeatMode::Local {
        // Kernels before 2.6.37 have no such file.
        plan.optional(registering, action, Undo::Back, what);
    } else {
        plan.step(registering, action, Undo::Back, what);
    }
    timeouts::fresh(plan, wanted);
    fence(plan, registering, wanted, None);
    nodes::fresh(plan, registering, wanted);
}

fn change(plan: &mut Plan, registering: usize, found: &Found, cluster: &FoundCluster, wanted: &Wanted) {
    if !cluster.mode.has(&wanted.mode) {
        let what = format!("change the heartbeat mode to {}", wanted.mode.word());
        if cluster.regions.is_empty() {
            plan.step(registering, Action::write(mode_file(&wanted.cluster), wanted.mode.word()), Undo::Back, what);
        } else {
            let why = format!(
                "{} heartbeat region(s) exist and the kernel ignores a change of mode while there is any: `o2cb offline {}` first",
                cluster.regions.len(),
                wanted.cluster
            );
            plan.block(what, why);
            return;
        }
    }
    timeouts::change(plan, found, cluster, wanted);
    fence(plan, registering, wanted, Some(cluster));
    nodes::change(plan, registering, found, cluster, wanted);
}
