//! Taking the cluster offline: nothing is touched until the way is free.

use super::{Plan, heartbeat, load, stale};
use crate::found::{Found, FoundCluster, cluster_folder};
use crate::kernel::DLMFS;
use crate::obstacles::Obstacles;
use crate::step::{Action, Undo};
use formats::cluster_conf::HeartbeatMode;

const RESUMES: Undo = Undo::Stays("running it again goes on from here");

/// Stops regions in global mode, removes nodes and cluster, unloads an idle `ocfs2`. `force`: also ends the users of dlmfs and stops
/// regions that were left over.
pub fn offline(found: &Found, obstacles: &Obstacles, name: &str, force: bool) -> Plan {
    let mut plan = Plan::default();
    let what = format!("take cluster '{name}' offline");
    match found.clusters.is() {
        None if found.clusters.is_unknown() => plan.block(what.as_str(), found.clusters.words(|_| String::new())),
        Some(clusters) if !clusters.is_empty() && clusters.iter().all(|cluster| cluster.name != name) => {
            let other = found.cluster().map(|cluster| cluster.name.clone()).unwrap_or_default();
            plan.block(what.as_str(), format!("cluster '{name}' is not registered; '{other}' is"));
        }
        _ => {}
    }
    in_the_way(&mut plan, obstacles, force);
    if plan.blocked {
        return plan;
    }
    domains(&mut plan, obstacles, force);
    match found.cluster() {
        Some(cluster) => {
            if cluster.mode.has(&HeartbeatMode::Global) {
                heartbeat::stop_all(&mut plan, found, cluster, &[]);
            } else {
                stale::stop(&mut plan, cluster, obstacles);
            }
            let line = format!("Stopping O2CB cluster {name}: Unregistering O2CB cluster \"{name}\": ");
            remove(&mut plan, cluster, &line);
        }
        None => plan.notes.push(format!("cluster '{name}' is not registered")),
    }
    if found.module_uses("ocfs2") == Some(0) {
        load::module(&mut plan, found, "ocfs2");
    }
    plan
}

/// Says everything that is in the way, not only the first.
fn in_the_way(plan: &mut Plan, obstacles: &Obstacles, force: bool) {
    for mount in &obstacles.mounts {
        let what = format!("volume {} is mounted at {}", mount.source, mount.mount_point);
        plan.block(what, format!("unmount it first (process {} sees it)", mount.pid));
    }
    for domain in &obstacles.other_domains {
        plan.block(format!("domain {domain} is open"), "a mounted volume, or a program that works on an unmounted one, uses it");
    }
    for user in obstacles.users.iter().filter(|_| !force) {
        let what = format!("process {} ({}) uses dlmfs: {}", user.pid, user.name, user.holds.join(", "));
        plan.block(what, "end it first, or let `--force` do so");
    }
    for leftover in &obstacles.leftovers {
        let what = format!("region {} is active on {}", leftover.uuid, stale::device(leftover));
        match &leftover.in_use {
            Some(why) => plan.block(what, why.words()),
            None if force => {}
            None => plan.block(what, format!("nothing uses it{}: `o2cb stop-heartbeat --stale` stops it", stale::users(leftover))),
        }
    }
}

fn domains(plan: &mut Plan, obstacles: &Obstacles, force: bool) {
    let used: &[(String, Vec<String>)] = if force { &obstacles.used_domains } else { &[] };
    if obstacles.users.is_empty() && used.is_empty() && obstacles.idle_domains.is_empty() {
        return;
    }
    let line = plan.line("Clean userdlm domains: ");
    for user in obstacles.users.iter().filter(|_| force) {
        let action = Action::EndProcess { pid: user.pid, started: user.started, name: user.name.clone() };
        plan.step(line, action, RESUMES, format!("end process {} ({}), which uses {}", user.pid, user.name, user.holds.join(", ")));
    }
    for (domain, locks) in obstacles.idle_domains.iter().chain(used) {
        for lock in locks {
            let action = Action::RemoveFile(format!("{DLMFS}/{domain}/{lock}"));
            plan.step(line, action, RESUMES, format!("drop lock '{lock}' of domain '{domain}', which nobody holds"));
        }
        plan.step(line, Action::RemoveFolder(format!("{DLMFS}/{domain}")), RESUMES, format!("leave domain '{domain}'"));
    }
}

/// This machine's node first: that closes all its connections, which hold the others.
fn remove(plan: &mut Plan, cluster: &FoundCluster, line: &str) {
    let line = plan.line(line);
    let folder = cluster_folder(&cluster.name);
    let (own, others): (Vec<_>, Vec<_>) = cluster.nodes.iter().partition(|node| node.local.has(&true));
    for node in own.into_iter().chain(others) {
        let action = Action::RemoveFolder(format!("{folder}/node/{}", node.name));
        plan.step(line, action, RESUMES, format!("unregister node '{}'", node.name));
    }
    plan.step(line, Action::RemoveFolder(folder), RESUMES, format!("unregister cluster '{}'", cluster.name));
}

/// Removes nodes and cluster; regions must be gone.
pub fn unregister(found: &Found, name: &str) -> Plan {
    let mut plan = Plan::default();
    let what = format!("unregister cluster '{name}'");
    match found.cluster().filter(|cluster| cluster.name == name) {
        None => plan.block(what, format!("Cluster '{name}' is not active")),
        Some(cluster) if !cluster.regions.is_empty() => {
            let regions: Vec<&str> = cluster.regions.iter().map(|region| region.uuid.as_str()).collect();
            let why = format!("Atleast one heartbeat region is still active: {}", regions.join(", "));
            plan.block(what, why);
        }
        Some(cluster) => remove(&mut plan, cluster, &format!("Unregistering O2CB cluster \"{name}\": ")),
    }
    plan
}
