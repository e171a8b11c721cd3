//! Timeouts: values that must fit together at each moment, and that the kernel refuses or ignores at the wrong one.

use super::Plan;
use crate::defaults::KERNEL_TIMEOUTS;
use crate::found::{Found, FoundCluster, Seen, cluster_folder};
use crate::step::{Action, Undo};
use crate::wanted::Wanted;

const LINE: &str = "Setting O2CB cluster timeouts : ";

fn write(plan: &mut Plan, cluster: &str, file: &str, value: u32, what: &str) {
    let line = plan.line(LINE);
    let file = format!("{}/{file}", cluster_folder(cluster));
    // Kernels 4.4 to 4.11 have it under this name.
    let older = file.strip_suffix("/dead_threshold").map(|folder| format!("{folder}/threshold"));
    plan.step(line, Action::Write { file, older, value: value.to_string() }, Undo::Back, format!("{what}: {value}"));
}

const THRESHOLD: &str = "reads of a slot without change until its node is dead";
const IDLE: &str = "milliseconds of silence on a connection until the quorum is asked";
const KEEPALIVE: &str = "milliseconds of silence until a keepalive is sent";
const RECONNECT: &str = "milliseconds between attempts to connect";

/// All of them, also those that are not asked for: the threshold is one for the whole kernel and survives the cluster, so that
/// that of an earlier run may still be there.
pub fn fresh(plan: &mut Plan, wanted: &Wanted) {
    let (asked, default) = (wanted.timeouts, KERNEL_TIMEOUTS);
    let cluster = &wanted.cluster;
    for (file, value, what) in [
        ("heartbeat/dead_threshold", asked.threshold.or(default.threshold), THRESHOLD),
        ("reconnect_delay_ms", asked.reconnect_ms.or(default.reconnect_ms), RECONNECT),
    ] {
        if let Some(value) = value {
            write(plan, cluster, file, value, what);
        }
    }
    if let (Some(idle), Some(keepalive)) = (asked.idle_ms.or(default.idle_ms), asked.keepalive_ms.or(default.keepalive_ms)) {
        pair(plan, cluster, default.keepalive_ms, (idle, true), (keepalive, true));
    }
}

/// Idle must be above keepalive at each moment: idle goes first if it stays above what keepalive is now, else keepalive does,
/// which then is below what idle is now.
fn pair(plan: &mut Plan, cluster: &str, keepalive_now: Option<u32>, idle: (u32, bool), keepalive: (u32, bool)) {
    let mut writes = [("idle_timeout_ms", idle, IDLE), ("keepalive_delay_ms", keepalive, KEEPALIVE)];
    if keepalive_now.is_some_and(|now| idle.0 <= now) {
        writes.reverse();
    }
    for (file, (value, needed), what) in writes {
        if needed {
            write(plan, cluster, file, value, what);
        }
    }
}

/// What is asked for and is not so.
pub fn change(plan: &mut Plan, found: &Found, cluster: &FoundCluster, wanted: &Wanted) {
    let asked = wanted.timeouts;
    let differs = |asked: Option<u32>, found: &Seen<u32>| asked.filter(|value| !found.has(value));
    if let Some(value) = differs(asked.threshold, &cluster.threshold) {
        if cluster.regions.is_empty() {
            write(plan, &wanted.cluster, &format!("heartbeat/{}", cluster.threshold_file), value, THRESHOLD);
        } else {
            let now = cluster.threshold.words(u32::to_string);
            let why = format!(
                "{} heartbeat region(s) exist and the kernel ignores a change while there is any: stop the heartbeat on all nodes first \
                 (it must be the same on all)",
                cluster.regions.len()
            );
            plan.refuse(format!("change the heartbeat dead threshold from {now} to {value}"), why);
        }
    }
    if let Some(value) = differs(asked.reconnect_ms, &cluster.reconnect_ms) {
        write(plan, &wanted.cluster, "reconnect_delay_ms", value, RECONNECT);
    }
    let (idle, keepalive) = (differs(asked.idle_ms, &cluster.idle_ms), differs(asked.keepalive_ms, &cluster.keepalive_ms));
    if idle.is_none() && keepalive.is_none() {
        return;
    }
    let target = |asked: Option<u32>, found: &Seen<u32>| asked.or_else(|| found.is().copied());
    let targets = (target(asked.idle_ms, &cluster.idle_ms), target(asked.keepalive_ms, &cluster.keepalive_ms));
    let what = format!(
        "change idle timeout and keepalive delay from {} and {} to {} and {} ms",
        cluster.idle_ms.words(u32::to_string),
        cluster.keepalive_ms.words(u32::to_string),
        targets.0.map_or("?".to_owned(), |value| value.to_string()),
        targets.1.map_or("?".to_owned(), |value| value.to_string())
    );
    if let Some(peers) = found.connected.is().filter(|peers| !peers.is_empty()) {
        let peers = peers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let why = format!("node(s) {peers} are connected and have agreed to the old values: take the cluster offline on all nodes first");
        plan.refuse(what, why);
        return;
    }
    match targets {
        (Some(new_idle), Some(new_keepalive)) if new_idle > new_keepalive => {
            let now = cluster.keepalive_ms.is().copied();
            pair(plan, &wanted.cluster, now, (new_idle, idle.is_some()), (new_keepalive, keepalive.is_some()));
        }
        (Some(_), Some(_)) => plan.refuse(what, "the idle timeout must be above the keepalive delay: set both"),
        _ => plan.refuse(what, "what the kernel has now cannot be read"),
    }
}
