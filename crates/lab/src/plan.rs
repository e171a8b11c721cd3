//! What a lab is asked to be.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a lab is asked to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What runs the nodes.
    pub engine: Engine,
    /// Their kernel.
    pub kernel: Series,
    /// How many.
    pub nodes: u8,
    /// What is mounted.
    pub file_systems: Vec<FileSystem>,
    /// Under what OCFS2 runs.
    pub stack: Stack,
    /// O2CB's timeouts.
    pub timeouts: Timeouts,
    /// A node's memory, MiB.
    pub memory: u64,
    /// The shared disks.
    pub disks: Vec<Disk>,
}

/// What runs the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// User Mode Linux: near native speed.
    #[default]
    Uml,
    /// QEMU with a stock Debian kernel, emulated.
    Qemu,
}

impl Engine {
    /// `uml` or `qemu`.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Uml => "uml",
            Engine::Qemu => "qemu",
        }
    }
}

/// The series of Debian 12's kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Series {
    /// Debian 12's own.
    #[default]
    #[value(name = "6.1")]
    #[serde(rename = "6.1")]
    V6_1,
    /// From Debian 13, in Debian 12's security archive.
    #[value(name = "6.12")]
    #[serde(rename = "6.12")]
    V6_12,
}

impl Series {
    /// `6.1` or `6.12`.
    pub fn name(self) -> &'static str {
        match self {
            Series::V6_1 => "6.1",
            Series::V6_12 => "6.12",
        }
    }
}

/// A file system to mount on all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
    /// OCFS2, at `/mnt/ocfs2`.
    Ocfs2,
    /// GFS2 over corosync and `dlm_controld`, at `/mnt/gfs2`.
    Gfs2,
}

impl FileSystem {
    /// `ocfs2` or `gfs2`.
    pub fn word(self) -> &'static str {
        match self {
            FileSystem::Ocfs2 => "ocfs2",
            FileSystem::Gfs2 => "gfs2",
        }
    }
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

/// A disk that all nodes share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Name, also below `/dev/mapper` in the nodes.
    pub name: String,
    /// Size, MiB; the file is sparse.
    pub mebibytes: u64,
}
