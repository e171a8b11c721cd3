//! Regions of local mode that were left over: by a mount, fsck or tunefs that died between counting itself in and out.

use super::Plan;
use crate::found::{Found, FoundCluster, cluster_folder};
use crate::obstacles::{Leftover, Obstacles};
use crate::step::{Action, Undo};
use formats::cluster_conf::HeartbeatMode;

/// Stops those that nothing uses, and says of the others why not.
pub fn stop_stale(found: &Found, obstacles: &Obstacles, name: &str) -> Plan {
    let mut plan = Plan::default();
    match found.cluster().filter(|cluster| cluster.name == name) {
        None => plan.block("stop stale regions", format!("Cluster '{name}' is not registered")),
        Some(cluster) if cluster.mode.has(&HeartbeatMode::Global) => {
            plan.notes
                .push("in global mode regions are the cluster's own: `o2cb online` stops those that cluster.conf does not have".to_owned());
        }
        Some(cluster) => {
            for leftover in &obstacles.leftovers {
                if let Some(why) = &leftover.in_use {
                    plan.refuse(format!("stop region {} on {}", leftover.uuid, device(leftover)), why.words());
                }
            }
            stop(&mut plan, cluster, obstacles);
        }
    }
    plan
}

pub(super) fn stop(plan: &mut Plan, cluster: &FoundCluster, obstacles: &Obstacles) {
    for leftover in obstacles.leftovers.iter().filter(|leftover| leftover.in_use.is_none()) {
        let folder = format!("{}/heartbeat/{}", cluster_folder(&cluster.name), leftover.uuid);
        let what = format!(
            "stop region {} on {}: it is mounted in no mount namespace, no domain has its name, no process has its device open{}",
            leftover.uuid,
            device(leftover),
            users(leftover)
        );
        let action = Action::StopCounted { uuid: leftover.uuid.clone(), folder };
        plan.step(None, action, Undo::Stays("a region that nothing uses is not needed"), what);
    }
}

pub(super) fn device(leftover: &Leftover) -> &str {
    if leftover.device.is_empty() { "no device" } else { &leftover.device }
}

pub(super) fn users(leftover: &Leftover) -> String {
    leftover.users.map_or(String::new(), |users| format!(" (the C tools still count {users} user(s): leaked)"))
}
