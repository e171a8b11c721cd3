//! What the kernel's files say, and what stands in its folders.

use super::ModelKernel;
use crate::found::count_key;

impl ModelKernel {
    /// Names in a folder that the kernel makes, and whether each is a folder; `None` for others.
    pub(super) fn names(&self, folder: &str) -> Option<Vec<(String, bool)>> {
        let folders = |names: Vec<String>| Some(names.into_iter().map(|name| (name, true)).collect::<Vec<_>>());
        let files = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), false)).collect::<Vec<_>>();
        if folder == "/sys/kernel/config" {
            return folders(if self.has_clusters() { vec!["cluster".to_owned()] } else { Vec::new() });
        }
        if folder == "/dlm" && self.is_mounted("ocfs2_dlmfs") {
            return folders(self.user_domains.keys().cloned().collect());
        }
        if let Some(domain) = folder.strip_prefix("/dlm/") {
            return Some(self.user_domains.get(domain)?.iter().map(|lock| (lock.clone(), false)).collect());
        }
        if folder == "/sys/kernel/debug/o2dlm" && self.is_mounted("debugfs") && self.modules.contains("ocfs2_dlm") {
            return folders(self.domains().into_iter().map(str::to_owned).collect());
        }
        if !self.has_clusters() {
            return None;
        }
        if folder == "/sys/kernel/config/cluster" {
            return folders(self.cluster.iter().map(|cluster| cluster.name.clone()).collect());
        }
        let place = folder.strip_prefix("/sys/kernel/config/cluster/")?;
        let cluster = self.cluster.as_ref()?;
        let parts: Vec<&str> = place.strip_prefix(cluster.name.as_str())?.split('/').skip(1).collect();
        match parts.as_slice() {
            [] => folders(vec!["heartbeat".to_owned(), "node".to_owned()]),
            ["node", node] => cluster.nodes.get(*node).map(|_| files(&["ipv4_address", "ipv4_port", "local", "num"])),
            ["heartbeat", uuid] => cluster.regions.get(*uuid).map(|_| files(&["block_bytes", "blocks", "dev", "pid", "start_block"])),
            ["node"] => folders(cluster.nodes.keys().cloned().collect()),
            ["heartbeat"] => {
                let mut names = files(&["dead_threshold", "mode"]);
                names.extend(cluster.regions.keys().map(|uuid| (uuid.clone(), true)));
                Some(names)
            }
            _ => None,
        }
    }

    /// The text of a file that the kernel makes.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let glue = self.modules.contains("ocfs2_stackglue");
        match path {
            "/proc/filesystems" => {
                let loaded = ["configfs", "ocfs2_dlmfs"].into_iter().filter(|module| self.modules.contains(*module));
                return Some(loaded.fold("nodev\tdebugfs\n\text4\n".to_owned(), |text, module| text + "nodev\t" + module + "\n"));
            }
            "/proc/self/mounts" => {
                return Some(
                    self.mounts.iter().fold(String::new(), |text, (fs_type, at)| text + &format!("{fs_type} {at} {fs_type} rw 0 0\n")),
                );
            }
            "/proc/modules" => {
                let line = |module: &String| format!("{module} 4096 {} - Live 0x0\n", self.uses(module));
                return Some(self.modules.iter().map(line).collect());
            }
            "/proc/sysvipc/sem" => {
                let line = |uuid: &String| format!("{:10} 0 0 2 0 0 0 0 0 0\n", count_key(uuid).cast_signed());
                return Some("       key      semid perms\n".to_owned() + &self.counts.keys().map(line).collect::<String>());
            }
            "/proc/net/tcp" => return Some(self.sockets()),
            super::super::CLUSTER_STACK => return glue.then(|| format!("{}\n", self.stack)),
            super::super::PLUGINS => {
                // Each name is written over the one before, and the length is that of all.
                let loaded: Vec<&str> = self.modules.iter().filter_map(|module| module.strip_prefix("ocfs2_stack_")).collect();
                let last = loaded.last().map_or_else(String::new, |last| format!("{last}\n"));
                let length = loaded.iter().map(|name| name.len() + 1).sum::<usize>();
                return glue.then(|| format!("{last:\0<length$}"));
            }
            _ => {}
        }
        if let Some(place) = path.strip_prefix("/sys/kernel/debug/") {
            return self.is_mounted("debugfs").then(|| self.debug(place)).flatten();
        }
        self.has_clusters().then(|| self.attribute(path.strip_prefix("/sys/kernel/config/cluster/")?)).flatten()
    }

    fn sockets(&self) -> String {
        let own = self.cluster.iter().flat_map(|cluster| cluster.nodes.values()).filter(|node| node.local);
        let own = own.filter_map(|node| Some((node.address?, node.port?)));
        let sockets = own.chain(self.busy_ports.iter().copied());
        let line = |(address, port): (std::net::Ipv4Addr, u16)| {
            let address = u32::from_ne_bytes(address.octets());
            format!("   0: {address:08X}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n")
        };
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n".to_owned()
            + &sockets.map(line).collect::<String>()
    }

    fn debug(&self, place: &str) -> Option<String> {
        let list = |numbers: Vec<u32>| numbers.into_iter().fold(String::new(), |text, number| text + &format!("{number} ")) + "\n";
        if !self.modules.contains("ocfs2_nodemanager") {
            return None;
        }
        let beats = self.cluster.as_ref().is_some_and(|cluster| cluster.regions.values().any(|region| region.device.is_some()));
        let own = self.cluster.iter().flat_map(|cluster| cluster.nodes.values()).filter(|node| node.local && beats);
        let mut live: Vec<u32> = own.filter_map(|node| node.number).chain(self.live.iter().copied()).map(u32::from).collect();
        live.sort_unstable();
        let parts: Vec<&str> = place.split('/').collect();
        let number = |uuid: &str| self.cluster.as_ref()?.regions.keys().position(|own| own == uuid).map(|index| index as u32);
        let quorum = || self.quorum_regions().iter().filter_map(|uuid| number(uuid)).collect::<Vec<_>>();
        let region = |uuid: &str| self.cluster.as_ref()?.regions.get(uuid).cloned();
        Some(match parts.as_slice() {
            ["o2net", "connected_nodes"] => list(self.connected.iter().copied().map(u32::from).collect()),
            ["o2hb", "livenodes"] => list(live),
            ["o2hb", "live_regions" | "quorum_regions"] => list(quorum()),
            ["o2hb", "failed_regions"] => list(Vec::new()),
            ["o2hb", uuid, "livenodes"] => region(uuid).map(|_| list(live))?,
            ["o2hb", uuid, "num"] => number(uuid).map(|number| format!("{}\n", if self.global { number } else { 0 }))?,
            ["o2hb", uuid, "elapsed_time_in_ms"] => region(uuid).map(|_| "1204\n".to_owned())?,
            ["o2hb", uuid, "pinned"] => region(uuid).map(|_| format!("{}\n", u8::from(self.is_pinned(uuid))))?,
            ["o2dlm", domain, "dlm_state"] if self.domains().contains(domain) => {
                format!("Domain: {domain}  Key: 0x00000001  Protocol: 1.3\nThread Pid: 9  Node: 1  State: JOINED\nDomain Map: 1 \n")
            }
            _ => return None,
        })
    }

    fn attribute(&self, place: &str) -> Option<String> {
        let cluster = self.cluster.as_ref()?;
        let parts: Vec<&str> = place.strip_prefix(cluster.name.as_str())?.split('/').skip(1).collect();
        Some(match parts.as_slice() {
            ["idle_timeout_ms"] => format!("{}\n", cluster.idle),
            ["keepalive_delay_ms"] => format!("{}\n", cluster.keepalive),
            ["reconnect_delay_ms"] => format!("{}\n", cluster.reconnect),
            ["fence_method"] => format!("{}\n", cluster.fence),
            ["heartbeat", "dead_threshold"] => format!("{}\n", self.threshold),
            ["heartbeat", "mode"] => if self.global { "global\n" } else { "local\n" }.to_owned(),
            ["node", node, attribute] => {
                let node = cluster.nodes.get(*node)?;
                match *attribute {
                    "ipv4_port" => format!("{}\n", node.port.unwrap_or(0)),
                    "ipv4_address" => format!("{}\n", node.address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED)),
                    "num" => format!("{}\n", node.number.unwrap_or(0)),
                    "local" => format!("{}\n", u8::from(node.local)),
                    _ => return None,
                }
            }
            ["heartbeat", region, attribute] => {
                let region = cluster.regions.get(*region)?;
                match *attribute {
                    "block_bytes" => format!("{}\n", region.block_bytes),
                    "start_block" => format!("{}\n", region.start_block),
                    "blocks" => format!("{}\n", region.blocks),
                    "dev" => region.device.as_ref().map_or(String::new(), |device| format!("{device}\n")),
                    "pid" => region.device.as_ref().map_or(String::new(), |_| "412\n".to_owned()),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}
