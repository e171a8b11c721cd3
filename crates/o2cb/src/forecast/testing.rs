//! Clusters for tests.

use super::cluster::{Cluster, Node};
use super::timing::Settings;
use formats::cluster_conf::HeartbeatMode;

/// `db1`, `db2` and so on.
pub fn nodes(count: u8) -> Vec<Node> {
    (1..=count).map(|number| Node { number, name: format!("db{number}") }).collect()
}

/// In local mode, with one volume.
pub fn cluster(count: u8) -> Cluster {
    Cluster::new("web", HeartbeatMode::Local, nodes(count), 1, Settings::DEFAULT)
}

/// In global mode, with devices `vdb` and on.
pub fn global(count: u8, regions: usize) -> Cluster {
    let mut cluster = Cluster::new("web", HeartbeatMode::Global, nodes(count), regions, Settings::DEFAULT);
    for (number, region) in (0..).zip(&mut cluster.regions) {
        region.uuid = Some(crate::stack::samples::uuid(number));
        region.device = Some(format!("vd{}", char::from(b'b' + number)));
    }
    cluster
}
