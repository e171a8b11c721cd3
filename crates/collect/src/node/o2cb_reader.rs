//! A node's O2CB stack into samples.
//!
//! Read are small files of configfs and debugfs whose reading costs the kernel nothing: not `o2net/sock_containers` and not
//! `o2dlm/*/locking_state`, each pass over which fills the kernel's log on 6.1. Slots are read from the regions' devices by a child each
//! (`o2cb_slots`); idle times of connections come from TCP itself (`o2cb_network`).

use super::discover::described;
use super::files::NodeFiles;
use super::o2cb_network;
use super::o2cb_slots::{Place, RegionDevices};
use formats::o2dlm::{DlmState, node_list};
use formats::proc::TaskStat;
use sample::NodeClock;
use sample::o2cb::{Cluster, Domain, Member, O2cbSample, Region, Registered, Slots, Thread};
use std::io;

/// There while `ocfs2_nodemanager` is loaded and configfs is mounted.
const CLUSTERS: &str = "/sys/kernel/config/cluster";
const DEBUG_O2HB: &str = "/sys/kernel/debug/o2hb";
const DEBUG_O2DLM: &str = "/sys/kernel/debug/o2dlm";
/// A heartbeat thread whose region beat so recently lives, whatever `/proc` shows, ms.
const BEATS_MS: u64 = 10_000;

/// Reads them; keeps the children that read the devices.
#[derive(Debug, Default)]
pub struct O2cbReader {
    devices: RegionDevices,
}

impl O2cbReader {
    /// Takes a sample.
    pub fn sample(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock) -> O2cbSample {
        let mut node = Files { files, unread: Vec::new() };
        let clock = now();
        let host = node.text("/proc/sys/kernel/hostname").unwrap_or_default();
        let cluster = match node.files.list(CLUSTERS) {
            Ok(names) => match names.into_iter().next() {
                Some(name) => Registered::Cluster(Box::new(self.cluster(&mut node, name))),
                None => Registered::None,
            },
            Err(error) if is_absent(&error) => Registered::NotLoaded,
            Err(error) => Registered::Unknown(described(CLUSTERS, &error)),
        };
        if !matches!(cluster, Registered::Cluster(_)) {
            self.devices.forget();
        }
        O2cbSample { clock, host, cluster, unread: node.unread }
    }

    fn cluster(&mut self, node: &mut Files<'_>, name: String) -> Cluster {
        let folder = format!("{CLUSTERS}/{name}");
        let nodes = node.folders(&format!("{folder}/node")).into_iter().map(|name| member(node, &folder, name)).collect();
        let threshold = node.number(&format!("{folder}/heartbeat/dead_threshold"));
        let mut cluster = Cluster {
            // Kernels 4.4 to 4.11 name it so.
            threshold: threshold.or_else(|| node.number(&format!("{folder}/heartbeat/threshold"))),
            global: mode(node, &format!("{folder}/heartbeat/mode")),
            idle_ms: node.number(&format!("{folder}/idle_timeout_ms")),
            keepalive_ms: node.number(&format!("{folder}/keepalive_delay_ms")),
            reconnect_ms: node.number(&format!("{folder}/reconnect_delay_ms")),
            fence: node.text(&format!("{folder}/fence_method")),
            nodes,
            live: node.numbers(&format!("{DEBUG_O2HB}/livenodes")),
            live_regions: node.numbers(&format!("{DEBUG_O2HB}/live_regions")),
            quorum_regions: node.numbers(&format!("{DEBUG_O2HB}/quorum_regions")),
            failed_regions: node.numbers(&format!("{DEBUG_O2HB}/failed_regions")),
            domains: domains(node),
            name,
            ..Cluster::default()
        };
        o2cb_network::read(node, &mut cluster);
        self.regions(node, &folder, &mut cluster);
        cluster
    }

    fn regions(&mut self, node: &mut Files<'_>, folder: &str, cluster: &mut Cluster) {
        let uuids = node.folders(&format!("{folder}/heartbeat"));
        self.devices.keep(&uuids);
        let known = cluster.nodes.iter().filter_map(|member| member.number.map(u32::from));
        let highest = known.chain(cluster.live.iter().flatten().copied()).max().unwrap_or(0);
        let mut regions = Vec::new();
        for uuid in uuids {
            let at = format!("{folder}/heartbeat/{uuid}");
            let region = region(node, &at, uuid);
            if let (Some(device), Some(block_bytes), Some(start_block), Some(blocks)) = (
                &region.device,
                node.number::<u32>(&format!("{at}/block_bytes")),
                node.number::<u64>(&format!("{at}/start_block")),
                node.number::<u16>(&format!("{at}/blocks")),
            ) {
                let place = Place { device: device.clone(), block_bytes, start_block, blocks };
                self.devices.ask(node.files, &region.uuid, &place, highest);
            }
            regions.push(region);
        }
        // All are asked before any is waited for: those that hang hang together.
        for region in &mut regions {
            region.slots = self.devices.answer(&region.uuid).unwrap_or(Slots::NotRead);
        }
        cluster.regions = regions;
    }
}

fn region(node: &mut Files<'_>, at: &str, uuid: String) -> Region {
    let debug = format!("{DEBUG_O2HB}/{uuid}");
    let elapsed_ms = node.number(&format!("{debug}/elapsed_time_in_ms"));
    Region {
        device: node.text(&format!("{at}/dev")).filter(|name| !name.is_empty()),
        thread: thread(node, &format!("{at}/pid"), elapsed_ms),
        elapsed_ms,
        number: node.number(&format!("{debug}/num")),
        pinned: node.number::<u32>(&format!("{debug}/pinned")).map(|pinned| pinned != 0),
        live: node.numbers(&format!("{debug}/livenodes")),
        slots: Slots::NotRead,
        uuid,
    }
}

/// configfs tells the pid of a thread for as long as the region is there, whether the thread lives or not (`o2hb_region_pid_show`).
fn thread(node: &mut Files<'_>, path: &str, elapsed_ms: Option<u64>) -> Option<Thread> {
    let text = node.text(path)?;
    if text.is_empty() {
        return Some(Thread::NotStarted);
    }
    let pid = text.parse().ok()?;
    let beats = elapsed_ms.is_some_and(|ms| (1..BEATS_MS).contains(&ms));
    let stat = node.files.read(&format!("/proc/{pid}/stat"), 4096);
    let is_ours = |stat: &[u8]| TaskStat::parse(stat).is_some_and(|stat| stat.comm.starts_with("o2hb-"));
    match stat {
        Ok(stat) if is_ours(&stat) => Some(Thread::Runs(pid)),
        _ if beats => Some(Thread::Runs(pid)),
        Ok(_) => Some(Thread::Gone(pid)),
        Err(error) if is_absent(&error) => Some(Thread::Gone(pid)),
        Err(_) => None,
    }
}

fn member(node: &mut Files<'_>, folder: &str, name: String) -> Member {
    let at = format!("{folder}/node/{name}");
    Member {
        number: node.number(&format!("{at}/num")),
        address: node.number(&format!("{at}/ipv4_address")),
        port: node.number(&format!("{at}/ipv4_port")),
        local: node.number::<u32>(&format!("{at}/local")).map(|local| local != 0),
        name,
    }
}

/// Kernels before 2.6.37 have no such file and know local mode only.
fn mode(node: &mut Files<'_>, path: &str) -> Option<bool> {
    match node.files.read(path, 64) {
        Err(error) if is_absent(&error) => Some(false),
        _ => match node.text(path)?.as_str() {
            "global" => Some(true),
            "local" => Some(false),
            _ => None,
        },
    }
}

fn domains(node: &mut Files<'_>) -> Option<Vec<Domain>> {
    let names = match node.files.list(DEBUG_O2DLM) {
        Ok(names) => names,
        Err(error) => {
            node.note(DEBUG_O2DLM, &error);
            return None;
        }
    };
    let domain = |name: String| {
        let state = node.bytes(&format!("{DEBUG_O2DLM}/{name}/dlm_state")).map(|text| DlmState::parse(&text));
        Domain { name, state }
    };
    Some(names.into_iter().map(domain).collect())
}

/// A node's files, and which of them could not be read.
pub(super) struct Files<'f> {
    /// The files.
    pub files: &'f dyn NodeFiles,
    /// Those that are there, or may be, and could not be read.
    pub unread: Vec<String>,
}

impl Files<'_> {
    /// The content of a small file.
    pub fn bytes(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.files.read(path, 1 << 20) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.note(path, &error);
                None
            }
        }
    }

    /// Its text, blanks around it cut.
    pub fn text(&mut self, path: &str) -> Option<String> {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(bytes.trim_ascii()).into_owned())
    }

    /// Its value.
    pub fn number<T: std::str::FromStr>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.unread.push(format!("{path}: it says {text:?}"));
        }
        value
    }

    /// Its list of numbers.
    pub fn numbers(&mut self, path: &str) -> Option<Vec<u32>> {
        let bytes = self.bytes(path)?;
        let list = node_list::parse(&bytes);
        if list.is_none() {
            self.unread.push(format!("{path}: it is no list of numbers"));
        }
        list
    }

    /// The folders in a folder of configfs: its attributes are files with these names, and nothing else is.
    pub fn folders(&mut self, path: &str) -> Vec<String> {
        match self.files.list(path) {
            Ok(names) => names.into_iter().filter(|name| !matches!(name.as_str(), "dead_threshold" | "threshold" | "mode")).collect(),
            Err(error) => {
                self.note(path, &error);
                Vec::new()
            }
        }
    }

    /// Tells why a file was not read, unless it is not there.
    pub fn note(&mut self, path: &str, error: &io::Error) {
        if !is_absent(error) {
            self.unread.push(described(path, error));
        }
    }
}

/// Whether there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
