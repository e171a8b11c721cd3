//! The OCFS2 volumes that this machine sees, who has a slot of them, and who beats on them. Watched for some seconds.

use crate::place::Place;
use crate::volumes::{Clock, Detail, Found, PATIENCE, Use, details, survey};
use formats::cluster_conf::Cluster;
use formats::o2hb::{Expected, Remark, State};
use formats::ocfs2_disk::Stack;
use std::time::{Duration, SystemTime};

/// What keeps nodes apart on a volume, by its superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnDisk {
    /// One machine mounts it.
    Local,
    /// O2CB without a cluster's name.
    Classic,
    /// A stack, a cluster, and whether that beats globally.
    Named {
        /// `o2cb`, `pcmk`, …
        stack: String,
        /// The cluster.
        cluster: String,
        /// Whether it beats globally.
        global: bool,
    },
}

/// A node that ever beat on a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Its number: that of the slot.
    pub node: u8,
    /// How it stands.
    pub state: State,
    /// What is odd.
    pub remarks: Vec<Remark>,
    /// After how many milliseconds it thinks others dead.
    pub dead_ms: u32,
    /// Its clock at its last beat, seconds since 1970.
    pub seq: u64,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its device.
    pub path: String,
    /// UUID.
    pub uuid: String,
    /// Label; may be empty.
    pub label: String,
    /// Stack and cluster.
    pub made_for: OnDisk,
    /// Where it is mounted here.
    pub mounted: Vec<String>,
    /// Other devices with the same volume.
    pub twins: Vec<String>,
    /// Logical sector, bytes.
    pub sector: u32,
    /// Block of the file system, bytes.
    pub block: u32,
    /// Nodes with a slot: slot, node, how it stands.
    pub slots: Vec<(usize, u32, Use)>,
    /// Who ever beat there.
    pub beats: Vec<Beat>,
    /// What could not be read of it.
    pub problems: Vec<String>,
}

impl Disk {
    /// Nodes that beat there now.
    pub fn beating(&self) -> Vec<u8> {
        self.beats.iter().filter(|beat| matches!(beat.state, State::Beating { .. })).map(|beat| beat.node).collect()
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// Volumes.
    pub volumes: Vec<Disk>,
    /// Devices that could not be read, with the reason.
    pub failed: Vec<(String, String)>,
    /// What else could not be found out.
    pub problems: Vec<String>,
    /// This machine's clock when the watch ended, seconds since 1970.
    pub clock_s: u64,
}

impl Disks {
    /// Why not all is known, if it is not.
    pub fn unknown(&self) -> Option<String> {
        let refused = self.failed.iter().filter(|(_, why)| why.contains("ermission denied")).count();
        if refused > 0 {
            return Some(format!("{refused} device(s) cannot be read: needs root"));
        }
        let failed: Vec<String> = self.failed.iter().map(|(path, why)| format!("{path}: {why}")).collect();
        (!failed.is_empty()).then(|| failed.join("; "))
    }
}

/// Watches all volumes for `time`. `cluster`: the one that runs here or is configured; volumes that name no cluster are held against it.
pub fn look(place: &Place, time: Duration, clock: &dyn Clock, cluster: Option<&Cluster>, dead_ms: Option<u32>) -> Disks {
    let mut survey = survey(place, &[], PATIENCE);
    let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let details = details(place, &mut survey, time, clock, wall(), |_| {});
    let volumes = survey.volumes.iter().zip(&details).map(|(volume, detail)| of(volume, detail, cluster, dead_ms)).collect();
    Disks {
        volumes,
        failed: survey.failed.iter().map(|(path, why)| (path.display().to_string(), why.clone())).collect(),
        problems: survey.problems,
        clock_s: wall(),
    }
}

fn of(volume: &Found, detail: &Detail, cluster: Option<&Cluster>, dead_ms: Option<u32>) -> Disk {
    let superblock = &volume.superblock;
    let on_disk = match (superblock.stack(), &superblock.cluster) {
        (Stack::Local, _) => OnDisk::Local,
        (Stack::Named(stack), Some(info)) => {
            OnDisk::Named { stack: stack.to_owned(), cluster: info.name.clone(), global: superblock.global_heartbeat() }
        }
        _ => OnDisk::Classic,
    };
    let ours = match &on_disk {
        OnDisk::Named { cluster: name, .. } => cluster.filter(|cluster| cluster.name == *name),
        OnDisk::Classic => cluster,
        OnDisk::Local => None,
    };
    let nodes: Option<Vec<u8>> = ours.map(|cluster| cluster.nodes.iter().map(|node| node.number).collect());
    let expected = Expected { dead_ms: dead_ms.filter(|_| ours.is_some()), nodes: nodes.as_deref() };
    let mut beats = Vec::new();
    if let Some(Ok(watched)) = &detail.own {
        for (node, slot) in (0..=u8::MAX).zip(&watched.slots) {
            let Some(block) = slot.latest().filter(|block| block.used()) else { continue };
            let judgement = slot.judge(node, watched.end, expected);
            beats.push(Beat { node, state: judgement.state, remarks: judgement.remarks, dead_ms: block.dead_ms, seq: block.seq });
        }
    }
    Disk {
        path: volume.path.display().to_string(),
        uuid: superblock.uuid_text(),
        label: superblock.label.clone(),
        made_for: on_disk,
        mounted: volume.mounted.clone(),
        twins: volume.twins.iter().map(|path| path.display().to_string()).collect(),
        sector: volume.sector,
        block: superblock.block_bytes(),
        slots: detail.nodes.iter().map(|node| (node.slot, node.node, node.state.clone())).collect(),
        beats,
        problems: detail.problems(),
    }
}
