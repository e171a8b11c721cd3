//! Whether a domain can be joined at all: told before the kernel is asked, which would say EINVAL.

use super::refusal::{NO_LOCK, Refusal};
use crate::found::{FoundRegion, Seen, clusters, is_mounted, mounts};
use crate::kernel::{DLMFS, Look};

/// Why dlmfs cannot be used; `None` if it is mounted where it belongs, or that cannot be seen.
pub fn not_mounted(look: &dyn Look) -> Option<String> {
    let known = mounts(look).is().is_some_and(|mounts| !is_mounted(mounts, "ocfs2_dlmfs", DLMFS));
    known.then(|| format!("dlmfs is not mounted at {DLMFS}: `o2cb load` does that"))
}

/// Why no domain can be joined; `None` if nothing is in the way that can be seen. Looks at nothing in dlmfs, where it may hang.
pub fn fault(look: &dyn Look) -> Option<Refusal> {
    let refuse = |words: String| Some(Refusal::new(NO_LOCK, words));
    if let Some(why) = not_mounted(look) {
        return refuse(why);
    }
    let clusters = clusters(look);
    if clusters.is_unknown() {
        return None;
    }
    let Some(cluster) = clusters.is().and_then(|clusters| clusters.first()) else {
        return refuse("no cluster is online on this node: `o2cb online`".to_owned());
    };
    if cluster.local().is_none() && cluster.nodes.iter().all(|node| !node.local.is_unknown()) {
        return refuse(format!("cluster '{}' has no node for this host: `o2cb status` says why", cluster.name));
    }
    let beats = |region: &FoundRegion| region.is_started() || region.pid.is_unknown();
    if !cluster.regions.iter().any(beats) {
        return refuse(format!(
            "cluster '{}': no region beats on this node, so no domain can be joined: mount a volume of the cluster, or \
             `o2cb start-heartbeat` in global mode",
            cluster.name
        ));
    }
    None
}

/// Whether a task that waits uninterruptibly for long makes the kernel panic (`check_hung_task`, `kernel/hung_task.c`). Kernels
/// without that watch have no such files.
pub fn panics_on_hung_tasks(look: &dyn Look) -> bool {
    let set = |file: &str| {
        let value: Seen<u64> = Seen::text(look, &format!("/proc/sys/kernel/{file}")).parsed();
        value.is().is_some_and(|value| *value != 0)
    };
    set("hung_task_panic") && set("hung_task_timeout_secs")
}
