//! The clusters that this machine knows: the one that runs, from configfs, and those of `cluster.conf`. Nothing is loaded or mounted
//! to find out.

use crate::place::Place;
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
        let text = fs::read_to_string(place.cluster_conf()).ok()?;
        of_file(&text, name)
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

/// A cluster of `cluster.conf`: stanzas that a line `KIND:` begins, with lines `key = value`.
fn of_file(text: &str, name: &str) -> Option<Known> {
    let mut known = None;
    let mut nodes = BTreeMap::new();
    let mut regions = Vec::new();
    let mut global = false;
    for (kind, values) in stanzas(text) {
        let value = |key: &str| values.get(key).copied();
        match kind {
            "cluster" if value("name") == Some(name) => {
                known = Some(Known { name: name.to_owned(), ..Known::default() });
                global = value("heartbeat_mode") == Some("global");
            }
            "node" if value("cluster") == Some(name) => {
                nodes.extend(value("number").and_then(|number| number.parse().ok()).zip(value("name").map(str::to_owned)));
            }
            "heartbeat" if value("cluster") == Some(name) => regions.extend(value("region").map(str::to_uppercase)),
            _ => {}
        }
    }
    known.map(|known| Known { nodes, regions: global.then_some(regions), ..known })
}

fn stanzas(text: &str) -> Vec<(&str, BTreeMap<&str, &str>)> {
    let mut stanzas: Vec<(&str, BTreeMap<&str, &str>)> = Vec::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if let Some(kind) = line.strip_suffix(':') {
            stanzas.push((kind.trim(), BTreeMap::new()));
        } else if let (Some((key, value)), Some((_, values))) = (line.split_once('='), stanzas.last_mut()) {
            values.insert(key.trim(), value.trim());
        }
    }
    stanzas
}

#[cfg(test)]
mod tests {
    use super::super::testing::Machine;
    use super::*;

    const CONF: &str = "cluster:\n\tname = web\n\tnode_count = 2\n\theartbeat_mode = global\nnode:\n\tcluster = web\n\tnumber = 1\n\tname = a\nnode:\n\tcluster = other\n\tnumber = 2\n\tname = b\nheartbeat:\n\tcluster = web\n\tregion = 004b6e01\n";

    #[test]
    fn clusters_of_the_file() {
        let machine = Machine::new();
        machine.write("etc/ocfs2/cluster.conf", CONF);
        let web = known(&machine.place(), "web").unwrap();
        assert_eq!(web.nodes, BTreeMap::from([(1, "a".to_owned())]));
        assert_eq!((web.regions, web.running, web.dead_ms), (Some(vec!["004B6E01".to_owned()]), false, None));
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
