//! The init script's samples, and what an exit code is for.

use crate::found::Found;
use crate::kernel::model::ModelKernel;
use crate::plan::tests::{go_online, sample, timeouts};
use crate::stack::{DefaultsFile, Sources, samples};
use crate::status::{Kind, Status};
use crate::wanted::Regions;
use formats::cluster_conf::{Cluster, Config, HeartbeatMode};
use std::path::PathBuf;

struct Fixed(Cluster, DefaultsFile);

impl Sources for Fixed {
    fn config_path(&self) -> PathBuf {
        "/etc/ocfs2/cluster.conf".into()
    }
    fn config(&self) -> anyhow::Result<Option<Config>> {
        Ok(Some(Config { clusters: vec![self.0.clone()] }))
    }
    fn defaults(&self) -> anyhow::Result<DefaultsFile> {
        Ok(self.1.clone())
    }
    fn set_defaults(&self, _: &[(&'static str, String)]) -> anyhow::Result<PathBuf> {
        anyhow::bail!("a query writes nothing")
    }
    fn regions(&self) -> &dyn Regions {
        &samples::Disks
    }
}

fn look(kernel: &ModelKernel, cluster: Cluster, pairs: &[(&str, &str)]) -> Status {
    let mut kernel = kernel.clone();
    kernel.process(1, "init", 1, "mnt:[1]", "");
    let file = DefaultsFile { path: "/etc/default/o2cb".into(), defaults: timeouts(pairs), problems: Vec::new() };
    Status::look(&kernel, &Fixed(cluster, file), Some("web"))
}

/// Only the lines of the init script.
fn script(status: &Status) -> String {
    super::lines::lines(status)
}

const OFFLINE: &str = "Driver for \"configfs\": Loaded
Filesystem \"configfs\": Not mounted
Driver for \"ocfs2_dlmfs\": Not loaded
Checking O2CB cluster \"web\": Offline
Debug file system at /sys/kernel/debug: not mounted
";

const ONLINE: &str = "Driver for \"configfs\": Loaded
Filesystem \"configfs\": Mounted
Stack glue driver: Loaded
Stack plugin \"o2cb\": Loaded
Driver for \"ocfs2_dlmfs\": Loaded
Filesystem \"ocfs2_dlmfs\": Mounted
Checking O2CB cluster \"web\": Online
  Heartbeat dead threshold: 31
  Network idle timeout: 30000
  Network keepalive delay: 2000
  Network reconnect delay: 2000
  Heartbeat mode: Global
Checking O2CB heartbeat: Active
  77D95EF51C0149D2823674FCC162CF00 /dev/vdb
Nodes in O2CB cluster: 1 
Debug file system at /sys/kernel/debug: mounted
";

#[test]
fn the_samples_of_the_init_script() {
    let mut kernel = samples::machine(1);
    kernel.modules.insert("configfs".to_owned());
    let status = look(&kernel, sample(HeartbeatMode::Global, 1, 1), &[]);
    assert_eq!((script(&status).as_str(), status.code()), (OFFLINE, 1));
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 1, 1), &timeouts(&[]));
    let status = look(&kernel, sample(HeartbeatMode::Global, 1, 1), &[]);
    assert_eq!((script(&status).as_str(), status.code()), (ONLINE, 0), "{}", status.text());
    assert!(status.text().contains("fences itself (reset) after 60 s; the others count a silent node as dead after 62 s"));
    assert!(status.text().contains("1 db1 10.9.0.1:7777  this node, listening, beat 1.2 s ago"), "{}", status.text());
}

#[test]
fn local_mode_has_no_region_lines() {
    let mut kernel = samples::machine(0);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 2, 0), &timeouts(&[]));
    let text = script(&look(&kernel, sample(HeartbeatMode::Local, 2, 0), &[]));
    assert!(text.contains("  Heartbeat mode: Local\nChecking O2CB heartbeat: Not active\nDebug file system"), "{text}");
    assert!(!text.contains("Nodes in O2CB cluster"));
}

#[test]
fn defect_18_differences_and_trouble_have_a_code_of_their_own() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    let mut after = sample(HeartbeatMode::Global, 3, 1);
    after.nodes[1].port = 7778;
    let status = look(&kernel, after, &[("O2CB_HEARTBEAT_THRESHOLD", "61")]);
    let text = status.text();
    assert_eq!(status.code(), 2);
    assert!(text.contains("Difference: node 'db2' is registered as 2 10.9.0.2:7777, cluster.conf has 2 10.9.0.2:7778"), "{text}");
    assert!(text.contains("Difference: node 'db3' of cluster.conf is not registered"), "{text}");
    assert!(text.contains("Difference: heartbeat dead threshold is 31, /etc/default/o2cb asks for 61"), "{text}");
    kernel.live = [2].into();
    let status = look(&kernel, sample(HeartbeatMode::Global, 2, 1), &[]);
    assert!(status.text().contains("Trouble: node 'db2' (2) beats and is not connected"), "{}", status.text());
    assert_eq!(status.code(), 2);
}

#[test]
fn defect_30_why_the_kernel_refuses_a_mount_is_in_status() {
    let mut kernel = samples::machine(1);
    let cluster = sample(HeartbeatMode::Global, 2, 1);
    go_online(&mut kernel, &cluster, &timeouts(&[]));
    let trouble = |kernel: &ModelKernel, cluster: &Cluster| {
        let status = look(kernel, cluster.clone(), &[]);
        let words: Vec<String> =
            status.findings.iter().filter(|finding| finding.kind == Kind::Trouble).map(|finding| finding.words.clone()).collect();
        (status.code(), words.join("\n"))
    };
    assert_eq!(trouble(&kernel, &cluster), (0, String::new()), "nothing refuses a mount");
    // 107: a node that beats cannot be reached.
    let mut apart = kernel.clone();
    apart.live = [2].into();
    let (code, told) = trouble(&apart, &cluster);
    assert!(code == 2 && told.contains("node 'db2' (2) beats and is not connected: no mount succeeds"), "{told}");
    apart.connected = [2].into();
    assert_eq!(trouble(&apart, &cluster).0, 0);
    // 22: the volume's stack and that of the kernel are not the same.
    let mut other_stack = kernel.clone();
    other_stack.stack = "pcmk".to_owned();
    let (code, told) = trouble(&other_stack, &cluster);
    assert!(code == 2 && told.contains("the cluster stack is pcmk, not o2cb"), "{told}");
    // 22: no node is this machine.
    let mut nobody = kernel.clone();
    nobody.cluster.as_mut().unwrap().nodes.get_mut("db1").unwrap().local = false;
    let (code, told) = trouble(&nobody, &cluster);
    assert!(code != 0 && told.contains("no node is registered as this machine: nothing can be mounted"), "{told}");
    // 22: another cluster than the volume's is registered.
    kernel.cluster.as_mut().unwrap().name = "other".to_owned();
    let (code, told) = trouble(&kernel, &cluster);
    assert!(code != 0 && told.contains("cluster 'other' is registered, not 'web'"), "{told}");
}

#[test]
fn the_firewall_is_a_line_and_a_finding_only_where_a_node_does_not_connect() {
    let mut kernel = samples::machine(1);
    let cluster = sample(HeartbeatMode::Global, 3, 1);
    go_online(&mut kernel, &cluster, &timeouts(&[]));
    let status = look(&kernel, cluster.clone(), &[]);
    assert!(status.text().contains("Firewall: neither firewalld nor ufw works here\n"), "{}", status.text());
    kernel.install_firewalld(true);
    let status = look(&kernel, cluster.clone(), &[]);
    assert!(status.text().contains("Firewall: firewalld keeps 10.9.0.2, 10.9.0.3 out of port 7777\n"), "{}", status.text());
    assert_eq!(status.code(), 0, "no false alarm: {}", status.text());
    assert_eq!(status.json()["firewall"]["working"][0]["closed_for"], serde_json::json!(["10.9.0.2", "10.9.0.3"]));
    // Asked for and not so.
    let status = look(&kernel, cluster.clone(), &[("O2CB_FIREWALL", "firewalld")]);
    assert!(status.text().contains("Difference: firewalld keeps 10.9.0.2, 10.9.0.3 out of port 7777, /etc/default/o2cb asks"));
    let status = look(&kernel, cluster.clone(), &[("O2CB_FIREWALL", "ufw")]);
    assert!(status.text().contains("Difference: ufw does not work here"), "{}", status.text());
    kernel.live = [2].into();
    let status = look(&kernel, cluster.clone(), &[]);
    let told = "the quorum may fence; firewalld here keeps 10.9.0.2 out of port 7777: `o2cb configure --firewall=firewalld`";
    assert!(status.text().contains(told), "{}", status.text());
    // The node with the higher number connects: there the other one's firewall is in question.
    kernel.live = [2, 3].into();
    let nodes = &mut kernel.cluster.as_mut().unwrap().nodes;
    nodes.get_mut("db1").unwrap().number = Some(9);
    let status = look(&kernel, cluster.clone(), &[]);
    assert!(status.text().contains("this node connects to it: its firewall must let 10.9.0.1 in to TCP port 7777"), "{}", status.text());
    assert!(!status.text().contains("configure --firewall"), "{}", status.text());
}

#[test]
fn rules_that_are_not_read_are_unknown_and_not_none() {
    let mut kernel = samples::machine(1);
    let cluster = sample(HeartbeatMode::Global, 2, 1);
    go_online(&mut kernel, &cluster, &timeouts(&[]));
    kernel.modules.insert("nf_tables".to_owned());
    let status = look(&kernel, cluster.clone(), &[]);
    assert!(status.text().contains("works here; rules of nftables or iptables are not read here\n"), "{}", status.text());
    assert_eq!(status.code(), 0);
    kernel.live = [2].into();
    let text = look(&kernel, cluster, &[]).text();
    assert!(text.contains("whether a firewall here keeps it out is unknown: rules of nftables and iptables are not read here"), "{text}");
}

#[test]
fn without_root_what_debugfs_tells_is_unknown_and_not_nothing() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    kernel.root = false;
    let status = look(&kernel, sample(HeartbeatMode::Global, 2, 1), &[]);
    let text = status.text();
    assert!(text.contains("2 db2 10.9.0.2:7777  unknown, needs root, unknown, needs root"), "{text}");
    assert_eq!(status.code(), 3);
    assert_eq!(status.json()["live_nodes"]["unknown"], "needs root");
    assert!(!text.contains("Nodes in O2CB cluster"), "{text}");
}

#[test]
fn advice_alone_leaves_the_code_at_zero() {
    let mut kernel = samples::machine(0);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 2, 0), &timeouts(&[]));
    let status = look(&kernel, sample(HeartbeatMode::Local, 2, 0), &[]);
    assert!(status.findings.iter().any(|finding| finding.kind == Kind::Advice && finding.words.contains("panic_on_oops")));
    assert_eq!(status.code(), 0, "{}", status.text());
    let json = status.json();
    assert_eq!((json["online"].as_bool(), json["registered"]["fence_after_s"].as_u64()), (Some(true), Some(60)));
}

#[test]
fn a_cluster_that_the_configuration_does_not_have_is_told() {
    let mut other = sample(HeartbeatMode::Local, 1, 0);
    other.name = "other".to_owned();
    let status = look(&samples::machine(0), other, &[]);
    assert!(status.text().contains("Trouble: /etc/ocfs2/cluster.conf has no cluster 'web'"), "{}", status.text());
}

#[test]
fn what_is_left_over_in_local_mode_is_told() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 1, 0), &timeouts(&[]));
    let region = crate::kernel::model::Region { block_bytes: 512, start_block: 1, blocks: 255, device: Some("vdb".to_owned()) };
    kernel.cluster.as_mut().unwrap().regions.insert(samples::uuid(0), region);
    kernel.counts.insert(samples::uuid(0), 1);
    let status = look(&kernel, sample(HeartbeatMode::Local, 1, 0), &[]);
    let told = format!("Trouble: region {} beats and nothing mounts it (the C tools still count a user)", samples::uuid(0));
    assert!(status.code() == 2 && status.text().contains(&told), "{}", status.text());
}

#[test]
fn names_begin_no_line_and_steer_no_terminal() {
    let mut kernel = samples::machine(0);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 2, 0), &timeouts(&[]));
    kernel.process(1, "init", 1, "mnt:[1]", "36 35 254:16 / /srv/\\012Trouble:\\040\x1b[2J rw - ocfs2 /dev/vdb rw\n");
    let file = DefaultsFile { path: "/etc/default/o2cb".into(), defaults: timeouts(&[]), problems: vec!["a\x1b[2Jb".to_owned()] };
    let status = Status::look(&kernel, &Fixed(sample(HeartbeatMode::Local, 2, 0), file), Some("web"));
    let text = status.text();
    assert!(text.contains("Mounted: /dev/vdb at /srv/\\nTrouble: \\u{1b}[2J\n"), "{text}");
    assert!(text.contains("Trouble: a\\u{1b}[2Jb\n") && !text.contains('\x1b'), "{text}");
}

#[test]
fn a_late_region_of_several_is_told_as_what_comes_of_it() {
    let mut kernel = samples::machine(3);
    let late = |kernel: &ModelKernel, mode, regions| {
        let mut kernel = kernel.clone();
        kernel.put(&format!("/sys/kernel/debug/o2hb/{}/elapsed_time_in_ms", samples::uuid(0)), "43000\n");
        look(&kernel, sample(mode, 2, regions), &[]).text()
    };
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 3), &timeouts(&[]));
    let told = late(&kernel, HeartbeatMode::Global, 3);
    assert!(told.contains("is 43.0 s old: after 60 s 1 of 3 quorum regions count as failed"), "{told}");
    let mut one = samples::machine(1);
    go_online(&mut one, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    let told = late(&one, HeartbeatMode::Global, 1);
    assert!(told.contains("is 43.0 s old: after 60 s this node fences itself"), "{told}");
}

#[test]
fn a_node_that_beats_and_is_not_registered_is_told_though_connections_are_not_known() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    (kernel.live, kernel.connected) = ([2, 7].into(), [2].into());
    kernel.put("/sys/kernel/debug/o2net/connected_nodes", "x\n");
    let status = look(&kernel, sample(HeartbeatMode::Global, 2, 1), &[]);
    assert_eq!((status.unregistered(), status.lost().is_none()), (vec![7], true));
    assert!(status.text().contains("Trouble: node 7 beats and is not registered here"), "{}", status.text());
}

#[test]
fn looking_finds_the_same_twice() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    assert_eq!(Found::look(&kernel), Found::look(&kernel));
}
