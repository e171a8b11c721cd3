//! What is: read from the machine with a [`Look`], so reading it changes nothing.
//!
//! A file that is not there is [`Seen::Absent`], never a 0; one that only root may read is [`Seen::NeedsRoot`].

mod cluster;
mod debug;
mod firewall;
mod holders;
mod machine;
mod seen;

pub use cluster::{FoundCluster, FoundNode, FoundRegion, clusters};
pub use debug::{Beats, Domain, domains, nodes};
pub use firewall::{Firewalls, Gate};
pub use holders::{Holder, NamespaceMount, device_holders, device_mount, dlmfs_holders, mounts_everywhere, start_time};
pub use machine::{Filesystem, Module, Sysctls, is_mounted, mounts, user_domains};
pub use seen::Seen;

use crate::kernel::{CLUSTER_STACK, CLUSTERS, Look};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Everything that plans and `status` build on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The host's name.
    pub host: Seen<String>,
    /// configfs.
    pub configfs: Filesystem,
    /// dlmfs.
    pub dlmfs: Filesystem,
    /// debugfs.
    pub debugfs: Filesystem,
    /// Loaded modules, from `/proc/modules`.
    pub modules: Seen<Vec<Module>>,
    /// Loaded stack plugins: `o2cb`, `user`. Absent: `ocfs2_stackglue` is not loaded.
    pub plugins: Seen<Vec<String>>,
    /// The label of the stack: `o2cb`.
    pub stack: Seen<String>,
    /// The registered clusters; the kernel has at most one.
    pub clusters: Seen<Vec<FoundCluster>>,
    /// Heartbeats over all regions.
    pub beats: Beats,
    /// Nodes with a connection whose handshake is done, without this one.
    pub connected: Seen<Vec<u32>>,
    /// Domains that this node is in.
    pub domains: Seen<Vec<Domain>>,
    /// Folders of dlmfs with the names of the locks in them.
    pub user_domains: Seen<Vec<(String, Vec<String>)>>,
    /// What makes a node that has crashed come back.
    pub sysctls: Sysctls,
    /// Firewalls.
    pub firewalls: Firewalls,
    /// Listening TCP sockets over IPv4.
    pub listening: Seen<Vec<(Ipv4Addr, u16)>>,
    /// Keys of the System V semaphore sets, by which the C tools count a region's users.
    pub counts: Seen<BTreeSet<u32>>,
}

impl Found {
    /// Looks at the machine.
    pub fn look(look: &dyn Look) -> Found {
        let mounts = mounts(look);
        let modules = machine::modules(look);
        let drivers = machine::drivers(look);
        let dlmfs = machine::filesystem(look, &drivers, &mounts, "ocfs2_dlmfs", crate::kernel::DLMFS);
        let user_domains = if dlmfs.mounted == Seen::Is(true) { user_domains(look) } else { Seen::Absent };
        Found {
            host: Seen::of(look.host_name()),
            configfs: machine::filesystem(look, &drivers, &mounts, "configfs", crate::kernel::CONFIGFS),
            debugfs: machine::filesystem(look, &drivers, &mounts, "debugfs", crate::kernel::DEBUGFS),
            dlmfs,
            plugins: machine::plugins(look, &modules),
            modules,
            stack: Seen::text(look, CLUSTER_STACK).map(|text| text.trim().to_owned()),
            clusters: clusters(look),
            beats: debug::beats(look),
            connected: nodes(look, "/sys/kernel/debug/o2net/connected_nodes"),
            domains: domains(look),
            user_domains,
            sysctls: machine::sysctls(look),
            firewalls: Firewalls::look(look),
            listening: machine::listening(look),
            counts: machine::counts(look),
        }
    }

    /// The registered cluster, if there is one and it can be read.
    pub fn cluster(&self) -> Option<&FoundCluster> {
        self.clusters.is()?.first()
    }

    /// Whether the module is loaded; `None` if that cannot be told.
    pub fn module(&self, name: &str) -> Option<bool> {
        Some(self.modules.is()?.iter().any(|module| module.name == name))
    }

    /// How many things use a loaded module.
    pub fn module_uses(&self, name: &str) -> Option<u64> {
        self.modules.is()?.iter().find(|module| module.name == name).map(|module| module.uses)
    }

    /// Whether a stack plugin is loaded.
    pub fn plugin(&self, name: &str) -> bool {
        self.plugins.is().is_some_and(|plugins| plugins.iter().any(|plugin| plugin == name))
    }

    /// Whether the cluster `name` is online as `o2cb cluster-status` means it: registered with a local node, and in global mode
    /// with a region.
    pub fn online(&self, name: &str) -> Option<bool> {
        match &self.clusters {
            Seen::Is(clusters) => Some(clusters.iter().any(|cluster| cluster.name == name && cluster.is_online())),
            Seen::Absent => Some(false),
            _ => None,
        }
    }

    /// Whether the C tools' count of a region's users exists.
    pub fn counted(&self, uuid: &str) -> Option<bool> {
        Some(self.counts.is()?.contains(&count_key(uuid)))
    }
}

/// The key of the semaphore set in which the C tools count the users of a region: CRC-32 of its UUID's text.
pub fn count_key(uuid: &str) -> u32 {
    crc32fast::hash(uuid.as_bytes())
}

/// `$C/CLUSTER`.
pub fn cluster_folder(cluster: &str) -> String {
    format!("{CLUSTERS}/{cluster}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_that_was_seen_on_a_live_machine() {
        assert_eq!(super::count_key("80FECD61B9F243B8BC986F82D80A2D24"), 0x9b8a_82cc);
    }
}
