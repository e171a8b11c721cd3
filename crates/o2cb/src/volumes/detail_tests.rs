//! Machines whose nodes beat while they are watched.

use super::super::in_use::Use;
use super::super::region::PATIENCE;
use super::super::testing::Machine;
use super::*;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Mutex;

/// Waiting is what lets the named slots beat: seconds of 512 bytes at a byte of a device.
struct Beats {
    now: Mutex<Duration>,
    slots: Vec<(PathBuf, u64, u8)>,
}

const NOW: u64 = 0x6b03_0757;

fn sector(seq: u64, node: u8) -> [u8; 512] {
    let mut sector = [0; 512];
    sector[..8].copy_from_slice(&seq.to_le_bytes());
    sector[8] = node;
    sector[16..24].copy_from_slice(&77u64.to_le_bytes());
    sector[24..28].copy_from_slice(&62_000u32.to_le_bytes());
    let checksum = formats::o2hb::Block::parse(&sector).unwrap().computed;
    sector[12..16].copy_from_slice(&checksum.to_le_bytes());
    sector
}

impl Clock for Beats {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn wait(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
        for (path, offset, node) in &self.slots {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.write_all_at(&sector(NOW + now.as_secs(), *node), offset + u64::from(*node) * 512).unwrap();
        }
    }
}

fn look(machine: &Machine, named: &[&str], beats: &[(&str, u64, u8)]) -> (Survey, Vec<Detail>) {
    let place = machine.place();
    let node = |name: &str| place.at(&format!("/dev/{name}"));
    let mut found = survey(&place, &named.iter().map(|name| node(name)).collect::<Vec<_>>(), PATIENCE);
    let slots = beats.iter().map(|(name, offset, slot)| (node(name), *offset, *slot)).collect();
    let clock = Beats { now: Mutex::new(Duration::ZERO), slots };
    let details = details(&place, &mut found, Duration::from_secs(5), &clock, NOW + 100_000, |_| {});
    (found, details)
}

fn states(detail: &Detail) -> Vec<(String, &'static str)> {
    let word = |state: &Use| match state {
        Use::Mounted => "mounted",
        Use::Stale(_) => "stale",
        Use::Unknown(_) => "unknown",
    };
    detail.nodes.iter().map(|node| (detail.node_name(node.node), word(&node.state))).collect()
}

/// `one-k`: nodes 1, 2, 3 have slots; its heartbeat is at block 284 of 1024 bytes.
#[test]
fn a_local_heartbeat_is_the_volumes_own() {
    let machine = Machine::new();
    machine.volume("sda", "o2cb1k");
    machine.write("etc/ocfs2/cluster.conf", "cluster:\n\tname = web\n\tnode_count = 1\nnode:\n\tcluster = web\n\tname = ann\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 7777\n");
    let (_, details) = look(&machine, &[], &[("sda", 284 * 1024, 1), ("sda", 284 * 1024, 7)]);
    let pairs = [("ann".to_owned(), "mounted"), ("2".to_owned(), "stale"), ("3".to_owned(), "stale")];
    assert_eq!(states(&details[0]), pairs);
    assert_eq!(details[0].others, BTreeSet::from([7]));
    assert_eq!(details[0].problems(), Vec::<String>::new());
}

/// Names are those of the volume's own cluster: the C tools give nodes of any volume the names of the cluster that runs.
#[test]
fn nodes_of_another_cluster_keep_their_numbers() {
    let machine = Machine::new();
    machine.volume("sda", "o2cb1k");
    machine.volume("sdb", "classic");
    machine.write("sys/kernel/config/cluster/other/node/ann/num", "1\n");
    let (_, details) = look(&machine, &[], &[]);
    assert_eq!(details[0].node_name(1), "1");
    assert_eq!(details[1].node_name(1), "1");
    // A volume that names no cluster is of the one that runs if it is mounted.
    let number = fs::read_to_string(machine.place().at("/sys/class/block/sdb/dev")).unwrap();
    machine.write("proc/self/mountinfo", &format!("36 35 {} / /mnt rw - ocfs2 /dev/sdb rw\n", number.trim()));
    let (_, details) = look(&machine, &[], &[]);
    assert_eq!((details[0].node_name(1), details[1].node_name(1)), ("1".to_owned(), "ann".to_owned()));
}

/// `two-k`: nodes 0 and 254 have slots; its cluster beats in `hbvol1`, whose heartbeat is at block 296 of 512 bytes.
#[test]
fn a_global_heartbeat_is_looked_for_on_other_devices() {
    const REGION: &str = "004B6E0110D04D8EA84F55C2FD471E4D";
    let machine = Machine::new();
    machine.volume("sda", "global2k");
    machine.volume("sdb", "heartbeat-only");
    let beats = [("sdb", 296 * 512, 0)];
    // Without a list of the regions, a node that is silent in this one may live by another.
    let (_, details) = look(&machine, &["sda"], &beats);
    assert_eq!(states(&details[0]), [("0".to_owned(), "mounted"), ("254".to_owned(), "unknown")]);
    machine.write(&format!("sys/kernel/config/cluster/web/heartbeat/{REGION}/dev"), "sdb\n");
    machine.write("sys/kernel/config/cluster/web/heartbeat/mode", "global\n");
    machine.write("sys/kernel/config/cluster/web/node/zoe/num", "254\n");
    let (found, details) = look(&machine, &["sda"], &beats);
    assert_eq!(found.volumes.len(), 1);
    assert_eq!(states(&details[0]), [("0".to_owned(), "mounted"), ("zoe".to_owned(), "stale")]);
    let (found, details) = look(&machine, &[], &beats);
    assert_eq!(found.volumes.len(), 2);
    assert_eq!(states(&details[0]), [("0".to_owned(), "mounted"), ("zoe".to_owned(), "stale")]);
    assert_eq!((details[1].others.clone(), details[1].slot_map.clone()), (BTreeSet::from([0]), Ok(None)));
    // One region of two is on no device.
    machine.write("sys/kernel/config/cluster/web/heartbeat/FF/dev", "x\n");
    let (_, details) = look(&machine, &[], &beats);
    assert_eq!(states(&details[0]), [("0".to_owned(), "mounted"), ("zoe".to_owned(), "unknown")]);
}

#[test]
fn a_damaged_heartbeat_file_is_told_and_judges_nobody() {
    let machine = Machine::new();
    machine.volume("sda", "o2cb1k");
    // The dinode of the heartbeat file is block 14.
    machine.overwrite("sda", 14 * 1024, &[0; 8]);
    let (_, details) = look(&machine, &[], &[]);
    assert_eq!(states(&details[0]).iter().map(|(_, state)| *state).collect::<Vec<_>>(), ["unknown"; 3]);
    assert!(details[0].problems()[0].contains("block 14: no dinode is there"), "{:?}", details[0].problems());
}
