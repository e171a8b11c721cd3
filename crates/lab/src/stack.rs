//! The cluster stacks in the nodes, and the file systems on them.

use crate::lab::Lab;
use crate::plan::{FileSystem, Stack};
use crate::progress;
use std::time::Duration;

pub mod corosync;
pub mod gfs2;
pub mod o2cb;
pub mod ocfs2;

/// The name of all clusters here.
pub const CLUSTER: &str = "lab";

/// How long a step in a node may take.
pub const STEP: Duration = Duration::from_secs(300);

/// Makes the file systems and mounts them on all nodes.
pub fn bring_up(lab: &Lab) -> anyhow::Result<()> {
    let nodes = lab.nodes();
    let has = |file_system| lab.plan.file_systems.contains(&file_system);
    let user_stack = has(FileSystem::Ocfs2) && lab.plan.stack == Stack::Pcmk;
    if has(FileSystem::Gfs2) || user_stack {
        corosync::start(lab, &nodes)?;
        progress::say("corosync and dlm_controld run");
    }
    if has(FileSystem::Ocfs2) {
        ocfs2::make(lab)?;
        progress::say("OCFS2 volumes made");
        ocfs2::start(lab, &nodes)?;
        ocfs2::mount(lab, &nodes)?;
        progress::say("OCFS2 mounted at /mnt/ocfs2 on all nodes");
    }
    if has(FileSystem::Gfs2) {
        gfs2::make(lab)?;
        gfs2::mount(lab, &nodes)?;
        progress::say("GFS2 mounted at /mnt/gfs2 on all nodes");
    }
    Ok(())
}

/// Brings one node that was booted again back into the cluster.
pub fn rejoin(lab: &Lab, node: u8) -> anyhow::Result<()> {
    let has = |file_system| lab.plan.file_systems.contains(&file_system);
    if has(FileSystem::Gfs2) || (has(FileSystem::Ocfs2) && lab.plan.stack == Stack::Pcmk) {
        corosync::start(lab, &[node])?;
    }
    if has(FileSystem::Ocfs2) {
        ocfs2::start(lab, &[node])?;
        ocfs2::mount(lab, &[node])?;
    }
    if has(FileSystem::Gfs2) {
        gfs2::mount(lab, &[node])?;
    }
    Ok(())
}
