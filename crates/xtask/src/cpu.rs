//! CPU time of this thread and of children, and this process's peak memory.

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// CPU time of this thread so far, user and system, to the nanosecond.
pub fn thread() -> anyhow::Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("no CPU clock of this thread")?;
    Ok(Duration::from_nanos(u64::try_from(time.num_nanoseconds())?))
}

/// CPU time of processes.
pub struct Spent {
    /// In their own code.
    pub user: Duration,
    /// In the kernel on their behalf.
    pub system: Duration,
}

impl Spent {
    /// User and system time since `before`.
    pub fn since(&self, before: &Spent) -> Duration {
        (self.user + self.system).saturating_sub(before.user + before.system)
    }
}

/// CPU time of all children that have ended so far.
pub fn children() -> anyhow::Result<Spent> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("no resource usage of children")?;
    let time = |time: nix::sys::time::TimeVal| u64::try_from(time.num_microseconds()).map(Duration::from_micros);
    Ok(Spent { user: time(usage.user_time())?, system: time(usage.system_time())? })
}

/// Peak resident memory of this process in KiB (`VmHWM`). Not `ru_maxrss`: that survives exec and tells of the parent.
pub fn peak_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
