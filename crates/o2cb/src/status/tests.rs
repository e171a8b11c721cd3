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
fn looking_finds_the_same_twice() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[]));
    assert_eq!(Found::look(&kernel), Found::look(&kernel));
}
