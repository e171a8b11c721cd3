//! The cluster stacks in the nodes, and the file systems on them.

use crate::lab::Lab;
use crate::progress;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub mod corosync;
pub mod gfs2;
pub mod o2cb;
pub mod ocfs2;

/// A file system to mount on all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
    /// OCFS2, at `/mnt/ocfs2`.
    Ocfs2,
    /// GFS2 over corosync and `dlm_controld`, at `/mnt/gfs2`.
    Gfs2,
}

/// Under what OCFS2 runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// O2CB, each volume with its own heartbeat.
    #[default]
    O2cbLocal,
    /// O2CB with three heartbeat regions for all volumes.
    O2cbGlobal,
    /// The kernel's DLM under corosync and `dlm_controld`.
    Pcmk,
}

/// O2CB's timeouts, as its configuration has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Heartbeat dead threshold, in iterations of 2 s.
    pub threshold: u32,
    /// Network idle timeout, ms.
    pub idle_ms: u32,
    /// Keepalive delay, ms.
    pub keepalive_ms: u32,
    /// Reconnect delay, ms.
    pub reconnect_ms: u32,
}

impl Timeouts {
    /// Debian's defaults.
    pub const DEFAULT: Timeouts = Timeouts { threshold: 31, idle_ms: 30_000, keepalive_ms: 2_000, reconnect_ms: 2_000 };
}

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
