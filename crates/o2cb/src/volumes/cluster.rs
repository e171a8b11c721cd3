//! The clusters that this machine knows: the one that runs, from configfs, and those of `cluster.conf`. Nothing is loaded or mounted
//! to find out.

use crate::config::file;
use crate::place::Place;
use formats::cluster_conf::{Document, HeartbeatMode};
use formats::o2hb::BEAT_MS;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A cluster, as far as volumes are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Name.
    pub name: String,
    /// Whether the kernel runs it; else it is only in `cluster.conf`.
    pub running: bool,
    /// Names of its nodes by number.
    pub nodes: BTreeMap<u8, String>,
    /// UUIDs of its heartbeat regions, upper case, if it beats globally.
    pub regions: Option<Vec<String>>,
    /// Milliseconds of silence after which it thinks a node dead; `None` if it does not run.
    pub dead_ms: Option<u32>,
}

/// What is known of the cluster with that name; what runs counts before what is written down.
pub fn known(place: &Place, name: &str) -> Option<Known> {
    // The kernel allows no other names; and none leads to another folder.
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return None;
    }
    running(&place.at("/sys/kernel/config/cluster").join(name), name).or_else(|| {
        // What of the file is sound counts, whatever else is wrong with it: `o2cb config check` tells that.
        of_file(&file::read(place.cluster_conf()).ok()??, name)
    })
}

/// The cluster that runs, whatever its name: O2CB has one at most.
pub fn running_name(place: &Place) -> Option<String> {
    let entry = fs::read_dir(place.at("/sys/kernel/config/cluster")).ok()?.flatten().next()?;
    entry.file_name().into_string().ok()
}

fn running(folder: &Path, name: &str) -> Option<Known> {
    let nodes = fs::read_dir(folder.join("node")).ok()?.flatten().filter_map(|node| {
        let number = fs::read_to_string(node.path().join("num")).ok()?;
        Some((number.trim().parse().ok()?, node.file_name().into_string().ok()?))
    });
    let heartbeat = folder.join("heartbeat");
    let value = |file: &str| fs::read_to_string(heartbeat.join(file)).ok().map(|text| text.trim().to_owned());
    let global = value("mode").as_deref() == Some("global");
    let regions = fs::read_dir(&heartbeat).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let regions = regions.map(|entry| entry.file_name().to_string_lossy().to_uppercase()).collect();
    let threshold: Option<u32> = value("dead_threshold").and_then(|text| text.parse().ok());
    Some(Known {
        name: name.to_owned(),
        running: true,
        nodes: nodes.collect(),
        regions: global.then_some(regions),
        dead_ms: threshold.map(|threshold| threshold.saturating_mul(BEAT_MS)),
    })
}

fn of_file(text: &[u8], name: &str) -> Option<Known> {
    let cluster = Document::parse(text).judge(None).0.clusters.into_iter().find(|cluster| cluster.name == name)?;
    Some(Known {
        name: cluster.name,
        running: false,
        nodes: cluster.nodes.into_iter().map(|node| (node.number, node.name)).collect(),
        regions: (cluster.mode == HeartbeatMode::Global).then_some(cluster.regions),
        dead_ms: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Machine;
    use super::*;

    const CONF: &str = "cluster:\n\tname = web\n\tnode_count = 2\n\theartbeat_mode = global\nnode:\n\tcluster = web\n\tnumber = 1\n\tname = a\n\tip_address = 10.0.0.1\n\tip_port = 7777\nnode:\n\tcluster = other\n\tnumber = 2\n\tname = b\n\tip_address = 10.0.0.2\n\tip_port = 7777\nheartbeat:\n\tcluster = web\n\tregion = 004B6E0110D04D8EA84F55C2FD471E4D\n";

    #[test]
    fn clusters_of_the_file() {
        let machine = Machine::new();
        machine.write("etc/ocfs2/cluster.conf", CONF);
        let web = known(&machine.place(), "web").unwrap();
        assert_eq!(web.nodes, BTreeMap::from([(1, "a".to_owned())]));
        assert_eq!((web.regions, web.running, web.dead_ms), (Some(vec!["004B6E0110D04D8EA84F55C2FD471E4D".to_owned()]), false, None));
        assert_eq!(known(&machine.place(), "other"), None);
        assert_eq!(known(&machine.place(), "../x"), None);
        assert_eq!(known(&machine.place(), ""), None);
    }

    #[test]
    fn what_runs_counts_before_the_file() {
        let machine = Machine::new();
        machine.write("etc/ocfs2/cluster.conf", CONF);
        machine.write("sys/kernel/config/cluster/web/node/z/num", "9\n");
        machine.write("sys/kernel/config/cluster/web/heartbeat/dead_threshold", "7\n");
        machine.write("sys/kernel/config/cluster/web/heartbeat/mode", "local\n");
        machine.write("sys/kernel/config/cluster/web/heartbeat/004B/dev", "sda\n");
        let web = known(&machine.place(), "web").unwrap();
        assert_eq!((web.nodes, web.running), (BTreeMap::from([(9, "z".to_owned())]), true));
        assert_eq!((web.regions, web.dead_ms), (None, Some(14_000)));
        assert_eq!(running_name(&machine.place()).as_deref(), Some("web"));
    }
}
