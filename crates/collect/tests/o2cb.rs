//! O2CB's stack as the collector reads it: a tree with the values of a real node (global mode, threshold 31), and a file as its disk.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test panics")]

use collect::node::{Collector, RootFiles};
use formats::o2hb::Block;
use sample::message::{Configuration, Look};
use sample::o2cb::{Cluster, O2cbSample, Reading, Registered, Slots, Thread};
use sample::{FromNode, NodeClock, ToNode};
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

const UUID: &str = "3C297ACBFCE148888FD30866FF94FBBF";
const START: u64 = 2184;
const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

struct Node(tempfile::TempDir);

impl Node {
    /// node1 of three, whose slots nodes 1 and 2 have written.
    fn new() -> Node {
        let node = Node(tempfile::tempdir().unwrap());
        let cluster = "sys/kernel/config/cluster/lab";
        for number in 1..=3 {
            node.put(&format!("{cluster}/node/node{number}/num"), &format!("{number}\n"));
            node.put(&format!("{cluster}/node/node{number}/ipv4_address"), &format!("10.77.0.{number}\n"));
            node.put(&format!("{cluster}/node/node{number}/ipv4_port"), "7777\n");
            node.put(&format!("{cluster}/node/node{number}/local"), if number == 1 { "1\n" } else { "0\n" });
        }
        for (file, value) in [
            ("idle_timeout_ms", "30000\n"),
            ("keepalive_delay_ms", "2000\n"),
            ("reconnect_delay_ms", "2000\n"),
            ("fence_method", "reset\n"),
            ("heartbeat/dead_threshold", "31\n"),
            ("heartbeat/mode", "global\n"),
        ] {
            node.put(&format!("{cluster}/{file}"), value);
        }
        for (file, value) in [("block_bytes", "512\n"), ("start_block", "2184\n"), ("blocks", "255\n"), ("dev", "ubda\n"), ("pid", "174\n")]
        {
            node.put(&format!("{cluster}/heartbeat/{UUID}/{file}"), value);
        }
        for (file, value) in [("elapsed_time_in_ms", "860\n"), ("livenodes", "1 2 3 \n"), ("num", "0\n"), ("pinned", "1\n")] {
            node.put(&format!("sys/kernel/debug/o2hb/{UUID}/{file}"), value);
        }
        for (file, value) in [("livenodes", "1 2 3 \n"), ("live_regions", "0 \n"), ("quorum_regions", "0 \n"), ("failed_regions", "\n")] {
            node.put(&format!("sys/kernel/debug/o2hb/{file}"), value);
        }
        node.put("sys/kernel/debug/o2net/connected_nodes", "2 3 \n");
        node.put("sys/kernel/debug/o2net/send_tracking", "");
        node.put("proc/sys/kernel/hostname", "node1\n");
        node.put("proc/sys/kernel/osrelease", "6.1.0\n");
        node.put("proc/modules", "");
        node.put("proc/net/tcp", TCP);
        node.put("dev/ubda", "");
        node.slot(1, &block(1, 100, 62_000));
        node.slot(2, &block(2, 100, 62_000));
        node
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn slot(&self, slot: u64, sector: &[u8]) {
        let disk = fs::OpenOptions::new().write(true).open(self.path("dev/ubda")).unwrap();
        // All slots are there, and more.
        disk.set_len((START + 300) * 512).unwrap();
        disk.write_all_at(sector, (START + slot) * 512).unwrap();
    }

    fn sample(&self) -> O2cbSample {
        Looking::at(self).sample()
    }

    fn cluster(&self) -> Cluster {
        *registered(self.sample())
    }
}

fn registered(sample: O2cbSample) -> Box<Cluster> {
    match sample.cluster {
        Registered::Cluster(cluster) => cluster,
        other => panic!("{other:?}"),
    }
}

/// A collector that is asked for the stack only.
struct Looking {
    collector: Collector,
    files: RootFiles,
}

impl Looking {
    fn at(node: &Node) -> Looking {
        let mut collector = Collector::new(Configuration { file_systems: false, ..Configuration::default() });
        collector.follow(ToNode::Look(Look { o2cb: true, ..Look::default() }));
        Looking { collector, files: RootFiles::below(node.0.path()) }
    }

    fn sample(&mut self) -> O2cbSample {
        let mut now = NodeClock::default;
        match self.collector.round(&self.files, &mut now).as_slice() {
            [FromNode::O2cb(sample)] => (**sample).clone(),
            other => panic!("{other:?}"),
        }
    }
}

/// A sector with its right checksum, as a kernel writes it.
fn block(node: u8, seq: u64, dead_ms: u32) -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[..8].copy_from_slice(&seq.to_le_bytes());
    sector[8] = node;
    sector[16..24].copy_from_slice(&(77 + u64::from(node)).to_le_bytes());
    sector[24..28].copy_from_slice(&dead_ms.to_le_bytes());
    let checksum = Block::parse(&sector).unwrap().computed;
    sector[12..16].copy_from_slice(&checksum.to_le_bytes());
    sector
}

fn reading(cluster: &Cluster) -> &Reading {
    match &cluster.regions[0].slots {
        Slots::Read(reading) => reading,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_of_a_cluster_tells_all_of_its_stack() {
    let node = Node::new();
    let sample = node.sample();
    assert_eq!((sample.host.as_str(), sample.unread.as_slice()), ("node1", &[][..]));
    let cluster = registered(sample);
    assert_eq!((cluster.name.as_str(), cluster.global, cluster.threshold, cluster.idle_ms), ("lab", Some(true), Some(31), Some(30_000)));
    assert_eq!((cluster.own_number(), cluster.nodes.len()), (Some(1), 3));
    assert_eq!((&cluster.live, &cluster.connected), (&Some(vec![1, 2, 3]), &Some(vec![2, 3])));
    assert_eq!((&cluster.quorum_regions, &cluster.failed_regions), (&Some(vec![0]), &Some(vec![])));
    let region = &cluster.regions[0];
    assert_eq!((region.uuid.as_str(), region.device.as_deref(), region.elapsed_ms), (UUID, Some("ubda"), Some(860)));
    assert_eq!((region.thread, region.pinned), (Some(Thread::Runs(174)), Some(true)), "it has just beaten");
    let reading = reading(&cluster);
    assert_eq!((reading.upto, reading.used.iter().map(|(slot, _)| *slot).collect::<Vec<_>>()), (255, vec![1, 2]));
    assert!(reading.used.iter().all(|(slot, block)| block.intact() && block.node == *slot));
    // debugfs has no o2dlm folder here: that is no domain that is empty.
    assert_eq!(cluster.domains, None);
}

#[test]
fn slots_of_every_kind_come_as_they_are() {
    let node = Node::new();
    let mut damaged = block(1, 100, 62_000);
    damaged[100] = 1;
    node.slot(1, &damaged);
    node.slot(2, &block(9, 100, 14_000));
    node.slot(200, &block(200, 5, 62_000));
    let cluster = node.cluster();
    let used = &reading(&cluster).used;
    let of = |slot: u8| used.iter().find(|(number, _)| *number == slot).unwrap().1;
    assert!(!of(1).intact());
    assert_eq!((of(2).node, of(2).dead_ms), (9, 14_000));
    assert_eq!(of(200).seq, 5);
}

#[test]
fn between_two_full_readings_the_slots_of_known_nodes_are_read_and_those_ever_used() {
    let node = Node::new();
    let mut looking = Looking::at(&node);
    let upto = |looking: &mut Looking| reading(&registered(looking.sample())).upto;
    assert_eq!((upto(&mut looking), upto(&mut looking)), (255, 4));
    node.slot(40, &block(40, 5, 62_000));
    let found: Vec<u16> = (2..=16).map(|_| upto(&mut looking)).collect();
    assert_eq!((found[0], found[13], found[14]), (4, 255, 41), "{found:?}");
}

#[test]
fn a_disk_that_cannot_be_read_is_told_and_the_rest_is_there() {
    let node = Node::new();
    fs::remove_file(node.path("dev/ubda")).unwrap();
    let cluster = node.cluster();
    assert!(matches!(&cluster.regions[0].slots, Slots::Failed(why) if why.contains("No such file")), "{:?}", cluster.regions[0].slots);
    assert_eq!(cluster.regions[0].elapsed_ms, Some(860));
    // A disk that is too short for its slots.
    fs::write(node.path("dev/ubda"), vec![0; 512]).unwrap();
    assert!(matches!(&node.cluster().regions[0].slots, Slots::Failed(why) if why.contains("beyond the end")));
}

#[test]
fn without_times_of_connections_what_is_not_acknowledged_is_told() {
    let node = Node::new();
    let hex = |last: u8| format!("{:08X}", u32::from_ne_bytes([10, 77, 0, last]));
    let (own, second, third) = (hex(1), hex(2), hex(3));
    let tcp = format!(
        "{TCP}   0: {own}:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1\n   \
         1: {own}:1E61 {second}:9CEA 01 00000030:00000000 01:00000A10 00000005 0 0 2\n   \
         2: {own}:0016 {third}:C000 01 00000000:00000000 00:00000000 00000000 0 0 3\n"
    );
    node.put("proc/net/tcp", &tcp);
    let cluster = node.cluster();
    // An ssh session from node3 is no connection of the stack.
    assert_eq!(cluster.connections.len(), 1, "{:?}", cluster.connections);
    let to = &cluster.connections[0];
    assert_eq!((to.node, to.established, to.received_ms), (2, true, None));
    assert_eq!((to.unacknowledged, to.retransmits), (Some(0x30), Some(5)));
    assert!(cluster.idle_unknown.as_ref().unwrap().contains("tcp_diag is not loaded"), "{:?}", cluster.idle_unknown);
}

#[test]
fn a_message_names_its_domain_by_its_key() {
    let node = Node::new();
    node.put(
        &format!("sys/kernel/debug/o2dlm/{UUID}/dlm_state"),
        &format!(
            "Domain: {UUID}  Key: 0x735dba42  Protocol: 1.3\nThread Pid: 193  Node: 1  State: JOINED\nNumber of Joins: 1  Joining Node: 255\n\
             Domain Map: 1 2 3 \nExit Domain Map: \nLive Map: 1 2 3 \nDead Node: 255\nRecovery Pid: 194  Master: 255  State: INACTIVE\n\
             Recovery Map: \nRecovery Node State:\n"
        ),
    );
    node.put(
        "sys/kernel/debug/o2net/send_tracking",
        "000000001e5b5202:\n  pid:          149\n  tgid:         149\n  process name: dlm-3C297ACBFCE\n  node:         3\n  \
         sc:           00000000456afc21\n  message id:   0\n  message type: 505\n  message key:  0x735dba42\n  \
         sock acquiry: 14220000 usecs ago\n  send start:   14190000 usecs ago\n  wait start:   13680000 usecs ago\n",
    );
    let cluster = node.cluster();
    let message = &cluster.sending.as_ref().unwrap()[0];
    assert_eq!((message.node, message.domain.as_deref(), message.for_us), (3, Some(UUID), Some(14_220_000)));
    assert_eq!(message.message, "AST or BAST");
    let domain = &cluster.domains.as_ref().unwrap()[0];
    assert_eq!(domain.state.as_ref().map(|state| state.domain_map.clone()), Some(vec![1, 2, 3]));
}

#[test]
fn a_heartbeat_thread_that_is_gone_and_one_that_was_not_started() {
    let node = Node::new();
    node.put(&format!("sys/kernel/debug/o2hb/{UUID}/elapsed_time_in_ms"), "45000\n");
    assert_eq!(node.cluster().regions[0].thread, Some(Thread::Gone(174)));
    node.put("proc/174/stat", "174 (o2hb-3C297ACBFC) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 0 -20 1 0 100 0 0\n");
    assert_eq!(node.cluster().regions[0].thread, Some(Thread::Runs(174)));
    node.put("proc/174/stat", "174 (bash) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 0 0 1 0 100 0 0\n");
    assert_eq!(node.cluster().regions[0].thread, Some(Thread::Gone(174)), "another process has its pid");
    node.put(&format!("sys/kernel/config/cluster/lab/heartbeat/{UUID}/pid"), "");
    assert_eq!(node.cluster().regions[0].thread, Some(Thread::NotStarted));
}

#[test]
fn a_cluster_that_goes_and_comes_is_followed() {
    let node = Node::new();
    let mut looking = Looking::at(&node);
    registered(looking.sample());
    let (here, aside) = (node.path("sys/kernel/config/cluster/lab"), node.path("lab"));
    fs::rename(&here, &aside).unwrap();
    assert_eq!(looking.sample().cluster, Registered::None);
    fs::remove_dir(node.path("sys/kernel/config/cluster")).unwrap();
    assert_eq!(looking.sample().cluster, Registered::NotLoaded);
    fs::create_dir(node.path("sys/kernel/config/cluster")).unwrap();
    fs::rename(&aside, &here).unwrap();
    assert_eq!(reading(&registered(looking.sample())).upto, 255, "a new beginning");
}

#[test]
fn nothing_is_read_for_a_viewer_that_does_not_look() {
    let node = Node::new();
    let mut collector = Collector::new(Configuration { file_systems: false, ..Configuration::default() });
    let messages = collector.round(&RootFiles::below(node.0.path()), &mut NodeClock::default);
    assert_eq!(messages, [FromNode::Alive]);
}
