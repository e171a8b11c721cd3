//! A GFS2 file system on the disk `gfs2`.

use super::{CLUSTER, STEP};
use crate::lab::Lab;
use anyhow::Context as _;

/// Where it is mounted.
pub const MOUNT_POINT: &str = "/mnt/gfs2";

/// Makes it on the first node.
pub fn make(lab: &Lab) -> anyhow::Result<()> {
    let first = lab.nodes().first().copied().context("a lab without nodes")?;
    let journals = lab.plan.nodes.max(3);
    let remote = format!("mkfs.gfs2 -q -O -p lock_dlm -t {CLUSTER}:gfs1 -j {journals} -J 8 -r 32 /dev/mapper/gfs2 2>&1");
    lab.ssh.run(first, &remote, STEP)?;
    let others: Vec<u8> = lab.nodes().into_iter().filter(|&node| node != first).collect();
    lab.ssh.run_on(&others, "blockdev --flushbufs /dev/mapper/gfs2", STEP)?;
    Ok(())
}

/// Mounts it, one node after the other: the first mounter recovers the journals.
pub fn mount(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    for &node in nodes {
        lab.ssh.run(node, &format!("mount -t gfs2 /dev/mapper/gfs2 {MOUNT_POINT}"), STEP)?;
    }
    Ok(())
}
