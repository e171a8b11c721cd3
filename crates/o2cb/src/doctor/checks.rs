//! All checks, in the order in which a cluster comes up: the kernel, the files, the network, the disks, the domains.

mod boot;
mod cluster_conf;
mod connection;
mod domains;
mod global;
mod heartbeat;
mod kernel_support;
mod leftover;
mod local_node;
mod machine;
mod nodes;
mod silence;
mod slots;
mod storage;
mod timeouts;
mod volumes;

#[cfg(test)]
mod tests;

use super::check::Check;

/// The table of checks.
pub const CHECKS: &[Check] = &[
    Check { id: "kernel-support", title: "the kernel has OCFS2 and O2CB", judge: kernel_support::judge },
    Check { id: "kernel-health", title: "the kernel has not stumbled", judge: machine::kernel_health },
    Check { id: "crash-restart", title: "a node that crashes comes back, and does not stay half alive", judge: machine::crash_restart },
    Check { id: "filesystems", title: "configfs, debugfs and dlmfs are mounted where the cluster needs them", judge: machine::filesystems },
    Check { id: "cluster-conf", title: "cluster.conf and the defaults' file can be read and make sense", judge: cluster_conf::judge },
    Check { id: "boot-cluster", title: "the cluster that is started is configured", judge: boot::boot_cluster },
    Check { id: "local-node", title: "one node of the cluster is this host", judge: local_node::judge },
    Check { id: "local-address", title: "this node's address and port can be had", judge: local_node::address },
    Check { id: "boot-start", title: "the cluster and its mounts are started at boot", judge: boot::start },
    Check { id: "shutdown-order", title: "volumes are unmounted before the network stops", judge: boot::shutdown_order },
    Check { id: "online", title: "the cluster is online, with the o2cb stack", judge: machine::online },
    Check { id: "nodes-differ", title: "all nodes have the same node table", judge: nodes::judge },
    Check { id: "timeouts-differ", title: "all nodes have the same timeouts, those of the file", judge: timeouts::judge },
    Check { id: "connection-blocked", title: "every node that beats is connected", judge: connection::judge },
    Check { id: "messages-stuck", title: "other nodes answer messages", judge: connection::messages },
    Check { id: "region-missing", title: "the regions of the global heartbeat are on this machine's devices", judge: global::missing },
    Check { id: "region-count", title: "one region may fail", judge: global::count },
    Check { id: "heartbeat-late", title: "this node's heartbeats run and are in time", judge: heartbeat::late },
    Check { id: "heartbeat-slots", title: "each slot is written by its node alone, by the same rules", judge: slots::judge },
    Check { id: "clocks", title: "the nodes' clocks agree", judge: slots::clocks },
    Check { id: "storage-timeouts", title: "no layer of the storage waits longer than a node may", judge: storage::judge },
    Check { id: "stale-region", title: "no heartbeat is left over that keeps the cluster online", judge: leftover::judge },
    Check { id: "volume-cluster", title: "volumes are made for the cluster that runs", judge: volumes::judge },
    Check { id: "volume-twins", title: "each volume is on one device", judge: volumes::twins },
    Check { id: "stale-slots", title: "nodes that hold a slot of a volume are alive", judge: slots::stale },
    Check { id: "domains", title: "domains are joined and not in recovery", judge: domains::judge },
    Check { id: "lock-waits", title: "nobody waits long for a lock", judge: domains::waits },
];
