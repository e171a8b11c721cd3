//! The nodes of the running cluster, from this node's own configuration.

use crate::node::NodeFiles;
use formats::cluster_nodes::{ClusterNode, parse_cluster_conf, parse_corosync_conf};

/// Where the running O2CB cluster's nodes are (`fs/ocfs2/cluster/nodemanager.c`).
const CONFIGFS_CLUSTERS: &str = "/sys/kernel/config/cluster";
const CLUSTER_CONF: &str = "/etc/ocfs2/cluster.conf";
const COROSYNC_CONF: &str = "/etc/corosync/corosync.conf";
const MOST_BYTES: usize = 1 << 20;

/// The names of the cluster's nodes and the file or directory that told them: the running configuration first, then the
/// files it is made from. `None` where there is no cluster.
pub fn running_cluster(files: &dyn NodeFiles) -> Option<(Vec<String>, String)> {
    from_configfs(files)
        .or_else(|| from_file(files, CLUSTER_CONF, parse_cluster_conf))
        .or_else(|| from_file(files, COROSYNC_CONF, parse_corosync_conf))
}

fn from_configfs(files: &dyn NodeFiles) -> Option<(Vec<String>, String)> {
    for cluster in files.list(CONFIGFS_CLUSTERS).ok()? {
        let directory = format!("{CONFIGFS_CLUSTERS}/{cluster}/node");
        if let Ok(nodes) = files.list(&directory)
            && !nodes.is_empty()
        {
            return Some((nodes, directory));
        }
    }
    None
}

fn from_file(files: &dyn NodeFiles, path: &str, parse: fn(&str) -> Vec<ClusterNode>) -> Option<(Vec<String>, String)> {
    let text = files.read(path, MOST_BYTES).ok()?;
    let nodes: Vec<String> = parse(&String::from_utf8_lossy(&text)).iter().filter_map(ClusterNode::host).map(str::to_owned).collect();
    (!nodes.is_empty()).then(|| (nodes, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::RootFiles;
    use std::fs;

    #[test]
    fn the_running_configuration_comes_before_the_file() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/ocfs2")).unwrap();
        fs::write(root.path().join("etc/ocfs2/cluster.conf"), "node:\n\tname = old1\n").unwrap();
        let files = RootFiles::below(root.path());
        assert_eq!(running_cluster(&files).unwrap().0, ["old1"]);
        fs::create_dir_all(root.path().join("sys/kernel/config/cluster/lab/node/node1")).unwrap();
        assert_eq!(running_cluster(&files).unwrap().0, ["node1"]);
    }
}
