//! Clusters for tests, and shorthands.

use crate::forecast::cluster::{Cluster, Node};
use crate::forecast::fault::{Fault, What};
use crate::forecast::outlook::{Effort, Outlook, Window, outlook};
use crate::forecast::timing::{Settings, USUAL_HZ};
use formats::cluster_conf::HeartbeatMode;

impl Settings {
    /// The kernel's defaults.
    pub const DEFAULT: Settings = Settings { threshold: 31, idle_ms: 30_000, keepalive_ms: 2000, hz: USUAL_HZ };
}

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

/// What a single fault comes to, from the beginning on and for good.
pub fn of_one(cluster: &Cluster, what: What) -> Outlook {
    outlook(cluster, &[Fault::new(what)], Effort::full(1))
}

/// Whether a window holds a moment, `slack` more or less.
pub fn holds(window: Window, ms: i64, slack: i64) -> bool {
    (window.earliest_ms - slack..=window.latest_ms + slack).contains(&ms)
}
