//! What the configuration asks of this machine.

use crate::defaults::{Defaults, Fence, KERNEL_TIMEOUTS, Timeouts};
use crate::firewall::Firewall;
use formats::cluster_conf::{Cluster, HeartbeatMode, Node, is_local};
use std::path::PathBuf;

/// Where a region is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionOnDisk {
    /// The device that carries it.
    pub device: PathBuf,
    /// Bytes of a slot: the device's logical sector size.
    pub block_bytes: u32,
    /// Where the slots begin, in slots.
    pub start_block: u64,
    /// How many slots, 1 to 255.
    pub blocks: u32,
}

/// Finds regions among the block devices of this machine.
pub trait Regions {
    /// The region of the volume with this UUID. The error says what was looked at and not found.
    fn find(&self, uuid: &str) -> Result<RegionOnDisk, String>;
}

/// A region that the cluster is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRegion {
    /// The UUID of its volume.
    pub uuid: String,
    /// Where it is, or why it was not found.
    pub disk: Result<RegionOnDisk, String>,
}

/// A cluster as it is to be on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub cluster: String,
    /// How its nodes beat.
    pub mode: HeartbeatMode,
    /// Its nodes, in the file's order.
    pub nodes: Vec<Node>,
    /// The name of this machine's node.
    pub local: String,
    /// Its regions, in global mode; empty in local mode.
    pub regions: Vec<WantedRegion>,
    /// Timeouts; `None`: not asked for.
    pub timeouts: Timeouts,
    /// What a node does to itself; `None`: left as it is.
    pub fence: Option<Fence>,
    /// `kernel.panic_on_oops`; `None`: left as it is.
    pub panic_on_oops: Option<u32>,
    /// `kernel.panic`; `None`: left as it is.
    pub panic_s: Option<i32>,
    /// Which firewall lets the other nodes in; `None`: left as it is.
    pub firewall: Option<Firewall>,
}

/// Why a configuration asks nothing of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWanted {
    /// No node has this host's name.
    #[error(
        "no node of cluster '{cluster}' is this machine: the host's name is '{host}', cluster.conf has {}; a node's name must be the \
         host's name or that up to a dot: rename the node or the host",
        listed(.nodes)
    )]
    NoLocalNode {
        /// The cluster.
        cluster: String,
        /// The host's name.
        host: String,
        /// The names of its nodes.
        nodes: Vec<String>,
    },
    /// More than one has it.
    #[error("nodes {} of cluster '{cluster}' all match the host's name '{host}': one of them must be this machine", listed(.nodes))]
    ManyLocalNodes {
        /// The cluster.
        cluster: String,
        /// The host's name.
        host: String,
        /// The names of these nodes.
        nodes: Vec<String>,
    },
    /// Global mode without a region.
    #[error("cluster '{0}' has global heartbeat and no region: add one with `o2cb add-heartbeat {0} DEVICE`")]
    NoRegion(String),
    /// Idle timeout and keepalive delay contradict each other.
    #[error("the idle timeout ({idle_ms} ms) must be above the keepalive delay ({keepalive_ms} ms): the kernel refuses the pair")]
    Timeouts {
        /// Idle timeout.
        idle_ms: u32,
        /// Keepalive delay.
        keepalive_ms: u32,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Wanted {
    /// What `cluster` and the defaults ask of the machine called `host`. Regions are looked for only in global mode, and only
    /// those that `known` does not have already started.
    pub fn of(
        cluster: &Cluster,
        defaults: &Defaults,
        host: &str,
        regions: &dyn Regions,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<Wanted, NotWanted> {
        let local = local_node(cluster, host)?;
        let global = cluster.mode == HeartbeatMode::Global;
        if global && cluster.regions.is_empty() {
            return Err(NotWanted::NoRegion(cluster.name.clone()));
        }
        let timeouts = defaults.timeouts;
        let pair = (timeouts.idle_ms.or(KERNEL_TIMEOUTS.idle_ms), timeouts.keepalive_ms.or(KERNEL_TIMEOUTS.keepalive_ms));
        if let (Some(idle_ms), Some(keepalive_ms)) = pair
            && idle_ms <= keepalive_ms
        {
            return Err(NotWanted::Timeouts { idle_ms, keepalive_ms });
        }
        let region = |uuid: &String| {
            let disk = if known(uuid) { Err("it is started already".to_owned()) } else { regions.find(uuid) };
            WantedRegion { uuid: uuid.clone(), disk }
        };
        Ok(Wanted {
            cluster: cluster.name.clone(),
            mode: cluster.mode,
            nodes: cluster.nodes.clone(),
            local,
            regions: if global { cluster.regions.iter().map(region).collect() } else { Vec::new() },
            timeouts,
            fence: defaults.fence,
            panic_on_oops: defaults.panic_on_oops,
            panic_s: defaults.panic_s,
            firewall: defaults.firewall,
        })
    }

    /// This machine's node.
    pub fn local_node(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == self.local)
    }
}

fn local_node(cluster: &Cluster, host: &str) -> Result<String, NotWanted> {
    let names = |nodes: &[&Node]| nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
    let matching: Vec<&Node> = cluster.nodes.iter().filter(|node| is_local(&node.name, host)).collect();
    let (name, host) = (cluster.name.clone(), host.to_owned());
    match matching.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(NotWanted::NoLocalNode { cluster: name, host, nodes: names(&cluster.nodes.iter().collect::<Vec<_>>()) }),
        many => Err(NotWanted::ManyLocalNodes { cluster: name, host, nodes: names(many) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::samples;

    #[test]
    fn a_cluster_without_this_machine_is_refused_with_the_names() {
        let cluster = samples::cluster(HeartbeatMode::Local, 3, 0);
        let refused = Wanted::of(&cluster, &Defaults::default(), "db9a", &samples::Disks, &|_| false).unwrap_err().to_string();
        assert!(refused.contains("'db9a'") && refused.contains("db1, db2, db3") && refused.contains("rename"), "{refused}");
    }

    #[test]
    fn contradicting_timeouts_are_refused_before_the_kernel_does() {
        let cluster = samples::cluster(HeartbeatMode::Local, 1, 0);
        let (defaults, _) = Defaults::of([("O2CB_KEEPALIVE_DELAY_MS", "30000")]);
        let refused = Wanted::of(&cluster, &defaults, "db1", &samples::Disks, &|_| false).unwrap_err();
        assert_eq!(refused, NotWanted::Timeouts { idle_ms: 30000, keepalive_ms: 30000 });
    }

    #[test]
    fn global_mode_needs_a_region() {
        let cluster = samples::cluster(HeartbeatMode::Global, 1, 0);
        let refused = Wanted::of(&cluster, &Defaults::default(), "db1", &samples::Disks, &|_| false).unwrap_err();
        assert_eq!(refused, NotWanted::NoRegion("web".to_owned()));
    }
}
