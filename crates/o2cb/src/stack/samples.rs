//! Clusters and disks for tests.

use crate::kernel::model::ModelKernel;
use crate::wanted::{RegionOnDisk, Regions};
use formats::cluster_conf::{Cluster, HeartbeatMode, Node};
use std::net::Ipv4Addr;

/// Cluster `web` with nodes `db1` (number 1, 10.9.0.1) and so on, and the first of [`uuid`].
pub fn cluster(mode: HeartbeatMode, nodes: u8, regions: u8) -> Cluster {
    let node = |number: u8| Node { name: format!("db{number}"), number, address: Ipv4Addr::new(10, 9, 0, number), port: 7777 };
    Cluster {
        name: "web".to_owned(),
        node_count: u32::from(nodes),
        mode,
        nodes: (1..=nodes).map(node).collect(),
        regions: (0..regions).map(uuid).collect(),
    }
}

/// A region's name.
pub fn uuid(number: u8) -> String {
    format!("77D95EF51C0149D2823674FCC162CF{number:02X}")
}

/// Its device.
pub fn device(number: u8) -> String {
    format!("/dev/vd{}", char::from(b'b' + number))
}

/// A machine with the devices of that many regions.
pub fn machine(regions: u8) -> ModelKernel {
    let mut kernel = ModelKernel::new();
    kernel.devices = (0..regions).map(|number| (device(number), 512)).collect();
    kernel
}

/// Knows all of [`uuid`] below 40.
pub struct Disks;

impl Regions for Disks {
    fn find(&self, wanted: &str) -> Result<RegionOnDisk, String> {
        let number = (0..40).find(|&number| uuid(number) == wanted).ok_or("no block device carries it")?;
        Ok(RegionOnDisk { device: device(number).into(), block_bytes: 512, start_block: 2048, blocks: 255 })
    }
}
