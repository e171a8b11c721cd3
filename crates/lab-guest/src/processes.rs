//! The node's processes.

use anyhow::Context as _;
use std::path::PathBuf;

/// A process.
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name as the kernel has it, at most 15 bytes.
    pub comm: String,
    /// What it was started as; empty for kernel threads.
    pub argv0: String,
}

impl Process {
    /// One that is there.
    pub fn of(pid: u32) -> Option<Process> {
        let text = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let comm = text("comm").ok()?.trim_end().to_owned();
        let argv0 = text("cmdline").unwrap_or_default().split('\0').next().unwrap_or_default().to_owned();
        Some(Process { pid, comm, argv0 })
    }

    /// A file in its folder of `/proc`.
    pub fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// The last part of what it was started as.
    pub fn program(&self) -> &str {
        self.argv0.rsplit('/').next().unwrap_or_default()
    }
}

/// All that are there.
pub fn all() -> anyhow::Result<Vec<Process>> {
    let mut pids: Vec<u32> =
        std::fs::read_dir("/proc").context("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids.into_iter().filter_map(Process::of).collect())
}
