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

/// What a watch of all volumes tells of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// It beats.
    Beats,
    /// It wrote nothing.
    Silent {
        /// For at least so many seconds.
        seconds: u64,
    },
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
    /// It only carries heartbeats: it is no file system, and nobody mounts it.
    pub heartbeat_only: bool,
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
    /// This machine's clock at the last good reading of the beats, seconds since 1970; `None`: they were not read.
    pub read_at_s: Option<u64>,
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
    /// Devices that could not be read, with the reason; without those of `denied`.
    pub failed: Vec<(String, String)>,
    /// Devices that only root may read.
    pub denied: Vec<String>,
    /// What else could not be found out.
    pub problems: Vec<String>,
}

impl Disks {
    /// Why not all is known, if it is not.
    pub fn unknown(&self) -> Option<String> {
        let denied = self.denied.len();
        let denied = (denied > 0).then(|| format!("{denied} device(s) cannot be read: needs root"));
        let failed = self.failed.iter().map(|(path, why)| format!("{path}: {why}"));
        let volumes = self.volumes.iter().flat_map(|disk| disk.problems.iter().map(move |why| format!("{}: {why}", disk.path)));
        let all: Vec<String> = denied.into_iter().chain(failed).chain(volumes).chain(self.problems.iter().cloned()).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Volumes that the cluster of this name writes to, or that nobody else can be told to own.
    pub fn of_cluster(&self, name: Option<&str>) -> impl Iterator<Item = &Disk> {
        self.volumes.iter().filter(move |disk| match &disk.made_for {
            OnDisk::Local => false,
            OnDisk::Classic => true,
            OnDisk::Named { stack, cluster, .. } => stack == "o2cb" && Some(cluster.as_str()) == name,
        })
    }

    /// What the watch of that cluster's volumes tells of a node; `None`: it wrote to none of them ever, or that is not known. It may beat
    /// where it was not seen: on a disk that could not be read.
    pub fn pulse(&self, name: Option<&str>, node: u32) -> Option<Pulse> {
        let beats = || self.of_cluster(name).flat_map(|disk| &disk.beats).filter(|beat| u32::from(beat.node) == node);
        if beats().any(|beat| matches!(beat.state, State::Beating { .. })) {
            return Some(Pulse::Beats);
        }
        let all_read = self.failed.is_empty() && self.denied.is_empty() && self.problems.is_empty();
        if !all_read || self.of_cluster(name).any(|disk| !disk.problems.is_empty()) {
            return None;
        }
        let silent = |beat: &Beat| if let State::Silent { at_least, .. } = beat.state { Some(at_least.as_secs()) } else { None };
        beats().filter_map(silent).min().map(|seconds| Pulse::Silent { seconds })
    }
}

/// Watches all volumes for `time`. `cluster`: the one that runs here or is configured; volumes that name no cluster are held against it.
pub fn look(place: &Place, time: Duration, clock: &dyn Clock, cluster: Option<&Cluster>, dead_ms: Option<u32>) -> Disks {
    let mut survey = survey(place, &[], PATIENCE);
    let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let details = details(place, &mut survey, time, clock, wall(), |_| {});
    // The readings are on the steady clock. A disk that answers late was read well before the last watch ended.
    let (now, wall_s) = (clock.now(), wall());
    let wall_at = |end: Duration| wall_s.saturating_sub(now.saturating_sub(end).as_secs());
    let volumes = survey.volumes.iter().zip(&details).map(|(volume, detail)| of(volume, detail, cluster, dead_ms, &wall_at)).collect();
    // Where root may not, root is no remedy: the rights of a container are cut, or a security module denies.
    let denied = if rustix::process::geteuid().is_root() { Vec::new() } else { survey.denied };
    let failed = survey.failed.iter().filter(|(path, _)| !denied.contains(path));
    Disks {
        volumes,
        failed: failed.map(|(path, why)| (path.display().to_string(), why.clone())).collect(),
        denied: denied.iter().map(|path| path.display().to_string()).collect(),
        problems: survey.problems,
    }
}

fn of(volume: &Found, detail: &Detail, cluster: Option<&Cluster>, dead_ms: Option<u32>, wall_at: &dyn Fn(Duration) -> u64) -> Disk {
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
    let mut read_at_s = None;
    if let Some(Ok(watched)) = &detail.own {
        read_at_s = Some(wall_at(watched.end));
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
        heartbeat_only: superblock.features.heartbeat_only(),
        mounted: volume.mounted.clone(),
        twins: volume.twins.iter().map(|path| path.display().to_string()).collect(),
        sector: volume.sector,
        block: superblock.block_bytes(),
        slots: detail.nodes.iter().map(|node| (node.slot, node.node, node.state.clone())).collect(),
        beats,
        read_at_s,
        problems: detail.problems(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volumes::testing::Machine;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::sync::Mutex;

    /// While it is waited for, much time passes and the disk breaks off.
    struct Breaks(Mutex<Duration>, PathBuf);

    impl Clock for Breaks {
        fn now(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn wait(&self, _: Duration) {
            *self.0.lock().unwrap() += Duration::from_secs(100);
            std::fs::OpenOptions::new().write(true).open(&self.1).unwrap().set_len(65_536).unwrap();
        }
    }

    #[test]
    fn the_wall_clock_is_that_of_the_last_good_reading() {
        let machine = Machine::new();
        machine.volume("sda", "o2cb1k");
        let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let clock = Breaks(Mutex::default(), machine.place().at("/dev/sda"));
        let began = wall();
        let disks = look(&machine.place(), Duration::from_secs(5), &clock, None, None);
        let disk = &disks.volumes[0];
        assert!((began - 100..=wall() - 100).contains(&disk.read_at_s.unwrap()), "{disk:?}");
        assert!(disk.problems.iter().any(|why| why.starts_with("heartbeat: ")), "{disk:?}");
        assert!(disks.unknown().unwrap().contains("sda: heartbeat: "), "{:?}", disks.unknown());
    }

    #[test]
    fn what_is_not_known_is_told_together() {
        let machine = Machine::new();
        machine.volume("sda", "o2cb1k");
        let path = machine.place().at("/dev/sda");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
        let disks = look(&machine.place(), Duration::from_secs(5), &Breaks(Mutex::default(), path.clone()), None, None);
        // Root reads it all the same.
        if !rustix::process::geteuid().is_root() {
            assert_eq!((disks.denied, disks.failed), (vec![path.display().to_string()], Vec::new()));
        }
        let disks = Disks {
            denied: vec!["/dev/sda".to_owned()],
            failed: vec![("/dev/sdb".to_owned(), "Permission denied is not why".to_owned())],
            problems: vec!["no /sys".to_owned()],
            ..Disks::default()
        };
        assert_eq!(disks.unknown().unwrap(), "1 device(s) cannot be read: needs root; /dev/sdb: Permission denied is not why; no /sys");
    }
}
