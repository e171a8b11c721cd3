//! Each failure on a machine that has it, and none on a healthy one.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::again::Again;
use crate::doctor::facts::disks::{Beat, Disk, Disks, OnDisk};
use crate::doctor::facts::probe::{Outcome, Probe};
use crate::doctor::facts::storage::{Long, Wait};
use crate::doctor::facts::{Facts, logs};
use crate::doctor::report::Report;
use crate::kernel::model::{ModelKernel, Region};
use crate::plan::tests::{go_online, timeouts};
use crate::stack::{Files, samples};
use crate::volumes::Use;
use crate::volumes::testing::Machine;
use formats::cluster_conf::{Cluster, HeartbeatMode};
use formats::o2hb::{Remark, State};
use sample::o2cb::Connection;
use std::net::Ipv4Addr;
use std::time::Duration;

mod boot;
mod connections;
mod disks;
mod machine;

const NOW_S: u64 = 1_795_779_530;
const CLOCKS: logs::Clocks = logs::Clocks { printk_us: Some(5_000_000_000), wall_us: Some(NOW_S.cast_signed() * 1_000_000) };

/// A machine, `db1` of three nodes, as a kernel and a folder of files.
struct Bench {
    kernel: ModelKernel,
    machine: Machine,
    disks: Disks,
    storage: Vec<Wait>,
    probes: Vec<Probe>,
    /// The machine when it is read again, after the watch.
    later: Option<ModelKernel>,
    /// What TCP then tells; `None`: it is not asked.
    tcp: Option<Vec<Connection>>,
}

fn conf(cluster: &Cluster) -> String {
    let mut text = format!(
        "cluster:\n\tname = {}\n\theartbeat_mode = {}\n\tnode_count = {}\n",
        cluster.name,
        cluster.mode.word(),
        cluster.nodes.len()
    );
    for node in &cluster.nodes {
        text += &format!(
            "\nnode:\n\tcluster = {}\n\tnumber = {}\n\tip_port = {}\n\tip_address = {}\n\tname = {}\n",
            cluster.name, node.number, node.port, node.address, node.name
        );
    }
    for region in &cluster.regions {
        text += &format!("\nheartbeat:\n\tcluster = {}\n\tregion = {region}\n", cluster.name);
    }
    text
}

fn beat(node: u8) -> Beat {
    Beat { node, state: State::Beating { age: Duration::from_secs(1) }, remarks: Vec::new(), dead_ms: 62_000, seq: NOW_S - 1 }
}

fn disk(number: u8, on_disk: OnDisk) -> Disk {
    Disk {
        path: samples::device(number),
        uuid: samples::uuid(number),
        label: "data".to_owned(),
        made_for: on_disk,
        heartbeat_only: false,
        mounted: vec!["/srv".to_owned()],
        twins: Vec::new(),
        sector: 512,
        block: 4096,
        slots: vec![(0, 1, Use::Mounted), (1, 2, Use::Mounted), (2, 3, Use::Mounted)],
        beats: vec![beat(1), beat(2), beat(3)],
        read_at_s: Some(NOW_S),
        problems: Vec::new(),
    }
}

impl Bench {
    /// Healthy.
    fn new(mode: HeartbeatMode) -> Bench {
        let regions = if mode == HeartbeatMode::Global { 3 } else { 0 };
        let cluster = samples::cluster(mode, 3, regions);
        let mut kernel = samples::machine(3);
        go_online(&mut kernel, &cluster, &timeouts(&[]));
        if mode == HeartbeatMode::Local {
            let region = Region { block_bytes: 512, start_block: 2048, blocks: 255, device: Some("vdb".to_owned()) };
            kernel.cluster.as_mut().unwrap().regions.insert(samples::uuid(0), region);
            kernel.volumes.insert(samples::uuid(0));
        }
        (kernel.live, kernel.connected) = ([2, 3].into(), [2, 3].into());
        kernel.process(1, "init", 1, "mnt:[1]", "36 35 254:16 / /srv rw - ocfs2 /dev/vdb rw\n");
        for (path, text) in [
            ("/proc/sys/kernel/panic_on_oops", "1\n"),
            ("/proc/sys/kernel/panic", "30\n"),
            ("/proc/sys/kernel/tainted", "0\n"),
            ("/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n"),
            ("/proc/uptime", "5000.00 1.0\n"),
            ("/sys/fs/o2cb/interface_revision", "5\n"),
            ("/sys/kernel/debug/o2net/send_tracking", ""),
            ("/sys/kernel/debug/ocfs2/X/locking_state", ""),
        ] {
            kernel.put(path, text);
        }
        let machine = Machine::new();
        machine.write("etc/ocfs2/cluster.conf", &conf(&cluster));
        machine.write("etc/default/o2cb", "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=web\n");
        machine.write("proc/sys/kernel/hostname", "db1\n");
        machine.write("proc/net/fib_trie", "Local:\n     |-- 10.9.0.1\n        /32 host LOCAL\n");
        machine.write("dev/kmsg", "6,1,1,-;Linux version 6.1\n");
        let global = mode == HeartbeatMode::Global;
        let on_disk = if global { OnDisk::Named { stack: "o2cb".to_owned(), cluster: "web".to_owned(), global } } else { OnDisk::Classic };
        let volumes = (0..3).map(|number| disk(number, on_disk.clone())).collect();
        let disks = Disks { volumes, ..Disks::default() };
        Bench { kernel, machine, disks, storage: Vec::new(), probes: Vec::new(), later: None, tcp: None }
    }

    fn local() -> Bench {
        Bench::new(HeartbeatMode::Local)
    }

    fn report(&self) -> Report {
        let place = self.machine.place();
        let mut facts = Facts::look(&self.kernel, &place, &Files::new(&place), None);
        facts.logs = logs::Logs::before(&self.kernel, &place, &[]).unwrap();
        facts.logs.look_now(&place, CLOCKS);
        facts.disks = self.disks.clone();
        facts.storage.extend(self.storage.iter().cloned());
        facts.probes = self.probes.clone();
        let later = self.later.as_ref().or(self.tcp.as_ref().map(|_| &self.kernel));
        facts.again = later.map(|kernel| Again {
            tcp: self.tcp.clone().ok_or_else(|| "no module tcp_diag".to_owned()),
            ..Again::look(kernel, facts.waits.is().map_or(&[], |waits| &waits.long))
        });
        Report::of(facts)
    }

    /// The only finding, which must be of this check.
    #[track_caller]
    fn only(&self, id: &str) -> Finding {
        let report = self.report();
        let found: Vec<_> = report.findings().into_iter().map(|(check, finding)| (check.id, finding.what.clone())).collect();
        assert!(found.len() == 1 && found[0].0 == id, "{id} is wanted: {found:#?}");
        report.findings()[0].1.clone()
    }

    /// The first finding of a check, where one fault is seen by several.
    #[track_caller]
    fn one(&self, id: &str) -> Finding {
        let report = self.report();
        let findings = report.verdict(id).findings().to_vec();
        assert!(!findings.is_empty(), "{id} finds nothing: {}", report.text(true));
        findings[0].clone()
    }
}

#[track_caller]
fn says(finding: &Finding, words: &[&str]) {
    let all = format!("{}\n{}\n{}\n{}", finding.what, finding.evidence.join("\n"), finding.cause, finding.fix.join("\n"));
    for word in words {
        assert!(all.contains(word), "{word:?} is not said:\n{all}");
    }
    assert!(!finding.cause.is_empty() && !finding.fix.is_empty(), "no cause or no fix:\n{all}");
}

#[test]
fn a_healthy_machine_has_no_finding() {
    for mode in [HeartbeatMode::Local, HeartbeatMode::Global] {
        let report = Bench::new(mode).report();
        assert!(report.findings().is_empty() && report.code() == 0, "{}", report.text(true));
        assert!(report.stories.is_empty());
        let json = report.json();
        assert_eq!(json["checks"].as_array().unwrap().len(), super::CHECKS.len());
        assert!(json["configuration"]["hash"].is_string() && json["status"]["online"] == true);
    }
}

#[test]
fn without_root_it_is_unknown_and_not_fine() {
    let mut bench = Bench::local();
    bench.kernel.root = false;
    bench.disks = Disks { denied: vec!["/dev/vdb".to_owned()], ..Disks::default() };
    let report = bench.report();
    assert!(report.findings().is_empty() && report.code() == 3, "{}", report.text(true));
    for id in ["connection-blocked", "heartbeat-late", "heartbeat-slots", "domains", "messages-stuck", "lock-waits"] {
        assert!(matches!(report.verdict(id), Verdict::Unknown(why, _) if why.contains("needs root")), "{id}: {:?}", report.verdict(id));
    }
    assert!(report.text(false).contains("[heartbeat-slots]"));
}

#[test]
fn row_1_a_firewall_between_two_nodes() {
    let mut bench = Bench::local();
    bench.kernel.connected = [3].into();
    bench.machine.write(
        "dev/kmsg",
        "5,9,4990000000,-;o2net: No connection established with node 2 after 30.0 seconds, check network and cluster configuration.\n",
    );
    let finding = bench.one("connection-blocked");
    says(
        &finding,
        &["node db2 (2) beats on disk", "connects to this node", "10.9.0.1:7777", "firewall", "107", "o2cb doctor` on node db2"],
    );
    // The node with the higher number connects, and tries itself.
    bench.kernel.cluster.as_mut().unwrap().nodes.get_mut("db1").unwrap().number = Some(9);
    bench.probes = vec![Probe { node: 2, at: (Ipv4Addr::new(10, 9, 0, 2), 7777), outcome: Outcome::Refused, ms: 1 }];
    says(
        &bench.one("connection-blocked"),
        &["refuses TCP at 10.9.0.2:7777", "this node connects to it", "on node db2 (2) let TCP 7777 in from 10.9.0.1"],
    );
}

#[test]
fn row_2_no_node_is_this_host() {
    let mut bench = Bench::local();
    bench.kernel.host = "db9a".to_owned();
    let finding = bench.one("local-node");
    says(&finding, &["this host is 'db9a'", "db1, db2, db3", "up to a dot", "hostnamectl"]);
}

#[test]
fn row_3_the_node_table_differs() {
    let bench = Bench::local();
    bench.machine.write("etc/ocfs2/cluster.conf", &conf(&samples::cluster(HeartbeatMode::Local, 4, 0)));
    says(&bench.only("nodes-differ"), &["node 'db4' of cluster.conf is not registered", "o2cb online web"]);
    let bench = Bench::local();
    let differs = "3,9,4990000000,-;(kworker/u4:0,7,0):dlm_match_nodes:1216 ERROR: Domain D: Node 9 (10.9.0.9:7777) registered in joining node 2 but not in local node 1\n";
    bench.machine.write("dev/kmsg", differs);
    says(
        &bench.only("nodes-differ"),
        &["node 9 (10.9.0.9:7777) is registered on node db2 (2), which wants to join, not on node db1 (1)", "error 22"],
    );
    // It joined after all.
    bench.machine.write("dev/kmsg", &format!("{differs}5,10,4995000000,-;o2dlm: Node 2 joins domain D ( 1 2 ) 2 nodes\n"));
    assert!(bench.report().findings().is_empty());
    let refused = "3,9,4990000000,-;(mount.ocfs2,9,0):dlm_try_to_join_domain:1710 ERROR: node mismatch -22, node 2\n";
    bench.machine.write("dev/kmsg", refused);
    says(&bench.only("nodes-differ"), &["node db2 (2) refused this node's join", "o2cb config diff"]);
}

#[test]
fn row_4_timeouts_differ() {
    let bench = Bench::local();
    bench.machine.write("etc/default/o2cb", "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=web\nO2CB_HEARTBEAT_THRESHOLD=61\n");
    says(&bench.only("timeouts-differ"), &["heartbeat dead threshold is 31", "asks for 61", "o2cb offline web && o2cb online web"]);
    let mut bench = Bench::local();
    bench.disks.volumes[0].beats[1].remarks = vec![Remark::ThresholdMismatch { found: 122_000, expected: 62_000 }];
    says(&bench.only("timeouts-differ"), &["node db2 (2)", "122000 ms (threshold 61)", "62000 ms (threshold 31)", "hb_dead_ms"]);
    let bench = Bench::local();
    let differs = "5,9,4990000000,-;o2net: node db2 (num 2) at 10.9.0.2:7777 uses a network idle timeout of 30000 ms, but we use 60000 ms locally. Disconnecting.\n";
    bench.machine.write("dev/kmsg", differs);
    says(&bench.only("timeouts-differ"), &["30000 ms", "60000 ms", "O2CB_IDLE_TIMEOUT_MS"]);
    // The cluster was registered anew since.
    bench.machine.write("dev/kmsg", &format!("{differs}5,10,4995000000,-;o2hb: Heartbeat mode set to local\n"));
    assert!(bench.report().findings().is_empty());
    bench
        .machine
        .write("dev/kmsg", &format!("{differs}5,10,4995000000,-;o2net: Accepted connection from node db2 (num 2) at 10.9.0.2:7777\n"));
    assert!(bench.report().findings().is_empty());
}

#[test]
fn row_5_storage_that_waits_longer_than_a_node_lives() {
    let mut bench = Bench::local();
    let wait = |long| Wait {
        device: "dm-3".to_owned(),
        layer: "multipath",
        long,
        one_try: false,
        evidence: "/etc/multipath.conf:3".to_owned(),
        fix: "at most {} s".to_owned(),
    };
    bench.storage = vec![wait(Long::Seconds(300))];
    says(&bench.only("storage-timeouts"), &["waiting 300 s", "after 60 s", "O2CB_HEARTBEAT_THRESHOLD=152", "at most 58 s"]);
    bench.storage = vec![wait(Long::Forever)];
    says(&bench.only("storage-timeouts"), &["for ever"]);
    bench.storage = vec![wait(Long::Seconds(30))];
    assert!(bench.report().findings().is_empty());
    bench.storage = vec![wait(Long::Unknown("for some devices".to_owned()))];
    assert!(matches!(bench.report().verdict("storage-timeouts"), Verdict::Unknown(why, _) if why.contains("for some devices")));
    bench.storage = vec![Wait { one_try: true, ..wait(Long::Seconds(90)) }];
    says(&bench.only("storage-timeouts"), &["waiting 90 s for one try"]);
}

#[test]
fn row_8_a_kernel_without_ocfs2() {
    let machine = Machine::new();
    machine.write("etc/ocfs2/cluster.conf", &conf(&samples::cluster(HeartbeatMode::Local, 3, 0)));
    let mut kernel = ModelKernel::new();
    kernel.put("/proc/sys/kernel/osrelease", "6.1.0-56-cloud-amd64\n");
    kernel.put("/lib/modules/6.1.0-56-cloud-amd64/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
    kernel.put("/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n");
    let report = |kernel: &ModelKernel| Report::of(Facts::look(kernel, &machine.place(), &Files::new(&machine.place()), None));
    let finding = report(&kernel).verdict("kernel-support").findings()[0].clone();
    says(&finding, &["has no OCFS2", "cloud kernels of Debian 12", "apt install linux-image-amd64"]);
    kernel.put("/proc/sys/kernel/osrelease", "6.1.0-57-amd64\n");
    says(&report(&kernel).verdict("kernel-support").findings()[0], &["no /lib/modules/6.1.0-57-amd64", "restart"]);
    kernel.put("/lib/modules/6.1.0-57-amd64/modules.dep", "kernel/fs/ocfs2/cluster/ocfs2_nodemanager.ko: kernel/fs/configfs/configfs.ko\n");
    assert!(report(&kernel).verdict("kernel-support").findings().is_empty());
}

#[test]
fn row_9_a_file_that_the_tools_refuse() {
    let bench = Bench::local();
    let broken = conf(&samples::cluster(HeartbeatMode::Local, 3, 0)).replace("\tname = web\n", "name = web\n");
    bench.machine.write("etc/ocfs2/cluster.conf", &broken);
    let finding = bench.one("cluster-conf");
    says(&finding, &["cluster.conf:2:1", "not-indented", "Unknown code ____ 251", "cluster.conf:2: "]);
}

#[test]
fn row_10_an_address_that_is_not_here_or_taken() {
    let bench = Bench::local();
    bench.machine.write("proc/net/fib_trie", "Local:\n     |-- 10.8.0.7\n        /32 host LOCAL\n");
    says(&bench.only("local-address"), &["no interface of this host has 10.9.0.1", "10.8.0.7", "EADDRNOTAVAIL (99)"]);
    let mut bench = Bench::local();
    bench.kernel.cluster = None;
    bench.kernel.volumes.clear();
    bench.kernel.busy_ports = vec![(Ipv4Addr::UNSPECIFIED, 7777)];
    says(&bench.one("local-address"), &["something else listens on 0.0.0.0:7777", "EADDRINUSE (98)", "ss -ltnp"]);
}

#[test]
fn row_11_a_region_that_nothing_uses() {
    let mut bench = Bench::local();
    bench.kernel.volumes.clear();
    bench.kernel.process(1, "init", 1, "mnt:[1]", "");
    bench.kernel.counts.insert(samples::uuid(0), 1);
    says(&bench.only("stale-region"), &[&samples::uuid(0), "(vdb)", "the C tools still count a user", "o2cb stop-heartbeat --stale web"]);
}

#[test]
fn row_13_a_region_that_is_not_here() {
    let mut bench = Bench::new(HeartbeatMode::Global);
    bench.disks.volumes[2].uuid = samples::uuid(9);
    let finding = bench.one("region-missing");
    says(&finding, &[&samples::uuid(2), "is on no device", &samples::uuid(9), "o2cb add-heartbeat"]);
    bench.disks.denied = vec!["/dev/vdd".to_owned()];
    assert!(matches!(bench.report().verdict("region-missing"), Verdict::Unknown(..)));
}

#[test]
fn further_checks() {
    let mut bench = Bench::local();
    bench.kernel.put("/proc/sys/kernel/panic_on_oops", "0\n");
    says(&bench.only("crash-restart"), &["panic_on_oops is 0", "half alive"]);
    let mut bench = Bench::local();
    bench.kernel.put("/proc/sys/kernel/tainted", "128\n");
    says(&bench.only("kernel-health"), &["Oops"]);
    let mut bench = Bench::local();
    bench.disks.volumes[0].beats[2].seq = NOW_S + 3600;
    says(&bench.only("clocks"), &["node db3 (3) has a clock 3600 s ahead of this one's", "chrony"]);
    let mut bench = Bench::local();
    bench.disks.volumes[0].twins = vec!["/dev/sdz".to_owned()];
    says(&bench.only("volume-twins"), &["/dev/sdz", "multipath"]);
    let mut bench = Bench::local();
    let sending = "0000000000000001:\n  pid:          190\n  tgid:         190\n  process name: cp\n  node:         3\n  sc:           0\n  message id:   0\n  message type: 503\n  message key:  0x1\n  sock acquiry: 15000009 usecs ago\n  send start:   15000008 usecs ago\n  wait start:   15000000 usecs ago\n";
    bench.kernel.put("/sys/kernel/debug/o2net/send_tracking", sending);
    says(&bench.only("messages-stuck"), &["node db3 (3) has not answered a message 'create lock' for 15 s", "cp"]);
    let mut bench = Bench::local();
    bench.kernel.put(&format!("/sys/kernel/debug/o2hb/{}/elapsed_time_in_ms", samples::uuid(0)), "43000\n");
    says(&bench.only("heartbeat-late"), &["43.0 s old", "after 60 s this node fences itself"]);
    let bench = Bench::local();
    bench.machine.write("etc/default/o2cb", "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=elsewhere\n");
    says(&bench.one("boot-cluster"), &["'elsewhere'", "web"]);
    let mut bench = Bench::new(HeartbeatMode::Global);
    bench.machine.write("etc/ocfs2/cluster.conf", &conf(&samples::cluster(HeartbeatMode::Global, 3, 1)));
    says(&bench.one("region-count"), &["1 heartbeat region(s)"]);
    bench.kernel.put("/sys/kernel/debug/o2hb/failed_regions", "2 \n");
    let report = bench.report();
    let found: Vec<_> = report.verdict("region-count").findings().iter().map(|finding| finding.what.as_str()).collect();
    assert!(found.len() == 2 && found[0].contains("1 heartbeat region(s)"), "{found:?}");
    assert!(found[1].contains("1 of 3 quorum regions failed"), "{found:?}");
}

#[test]
fn a_domain_in_recovery_is_told() {
    let mut bench = Bench::local();
    let state = format!(
        "Domain: {0}  Key: 0x1  Protocol: 1.3\nThread Pid: 9  Node: 1  State: JOINED\nDomain Map: 1 2 \nDead Node: 3\nRecovery Pid: 9  Master: 1  State: ACTIVE\nRecovery Map: 3 \n",
        samples::uuid(0)
    );
    bench.kernel.put(&format!("/sys/kernel/debug/o2dlm/{}/dlm_state", samples::uuid(0)), &state);
    says(&bench.only("domains"), &["recovers from the death of node db3 (3)"]);
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<&str> = super::CHECKS.iter().map(|check| check.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}
