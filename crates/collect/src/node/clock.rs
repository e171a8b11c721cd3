//! The node's clocks.

use rustix::time::{ClockId, clock_gettime};
use sample::NodeClock;

/// Both clocks now. The monotonic one counts from the node's boot and does not jump.
pub fn now() -> NodeClock {
    let realtime = clock_gettime(ClockId::Realtime);
    NodeClock {
        monotonic_ns: ns(clock_gettime(ClockId::Monotonic)),
        realtime_us: u64::try_from(realtime.tv_sec).ok().map(|seconds| seconds * 1_000_000 + realtime.tv_nsec as u64 / 1000),
    }
}

/// CPU time that this thread has used, user and kernel, ns: a read of debugfs is charged to its reader.
pub fn thread_cpu_ns() -> u64 {
    ns(clock_gettime(ClockId::ThreadCPUTime))
}

fn ns(time: rustix::time::Timespec) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + time.tv_nsec as u64
}
