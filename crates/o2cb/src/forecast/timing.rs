//! Timeouts, and what follows from them in seconds.
//!
//! The rules are those of the kernel's `fs/ocfs2/cluster/{heartbeat.h,tcp_internal.h}`. How late a timer may fire is a rule of
//! `kernel/time/timer.c` since 4.8: its wheel has levels, each eight times coarser than the one below, and a timer is rounded up
//! to the grain of its level: by up to an eighth of its time.

use formats::o2hb;

/// Milliseconds between two beats.
pub const BEAT_MS: i64 = o2hb::BEAT_MS as i64;

/// `CONFIG_HZ` where nothing else is known: what Debian and SUSE build.
pub const USUAL_HZ: u32 = 250;

/// The timeouts of a cluster; all nodes have the same, or do not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Reads of a slot without change until its node is dead; 3 and more.
    pub threshold: u32,
    /// How long a connection may be silent, milliseconds.
    pub idle_ms: u32,
    /// Silence after which a keepalive is sent, milliseconds; below the idle timeout.
    pub keepalive_ms: u32,
    /// Ticks of the kernel per second: how exact its timers are.
    pub hz: u32,
}

/// Of a 32-bit threshold all times are far from the end of 64 bits.
fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Settings {
    /// Since its last good write, until a node fences itself (`O2HB_MAX_WRITE_TIMEOUT_MS`).
    pub fn fence_ms(self) -> i64 {
        signed(o2hb::fence_ms(self.threshold))
    }

    /// Since its last good write, until a node asks whether others hang, too (`O2HB_NEGO_TIMEOUT_MS`).
    pub fn ask_ms(self) -> i64 {
        self.fence_ms() / 2
    }

    /// Since a slot last changed, until its node is dead.
    pub fn dead_ms(self) -> i64 {
        signed(o2hb::dead_ms(self.threshold))
    }

    /// Since a connection was lost, until the nodes decide (`O2NET_QUORUM_DELAY_MS`).
    pub fn decide_ms(self) -> i64 {
        signed(o2hb::quorum_ms(self.threshold))
    }

    /// By how much a timer of `delay` may be late, milliseconds.
    pub fn late_ms(self, delay: i64) -> i64 {
        let ticks = |ms: i64| ms * i64::from(self.hz) / 1000;
        let delay = ticks(delay);
        // LVL_START of each level: 63 ticks, 63 * 8, ...
        let (mut grain, mut start) = (1_i64, 63_i64);
        while delay >= start && grain < 1 << 24 {
            (grain, start) = (grain * 8, start * 8);
        }
        (grain * 1000).div_euclid(i64::from(self.hz).max(1))
    }

    /// The longest time between two beats when nothing disturbs: the thread's sleep ends late, and by one more tick.
    pub fn slow_beat_ms(self) -> i64 {
        BEAT_MS + self.late_ms(BEAT_MS) + 1000 / i64::from(self.hz).max(1)
    }

    /// How long a node may still run after others have counted it as dead, because its own timer is late; below a second it is
    /// made up by the beat that counts, which is late, too.
    pub fn overlap_ms(self) -> i64 {
        let overlap = self.fence_ms() + self.late_ms(self.fence_ms()) - self.dead_ms();
        if overlap < 1000 { 0 } else { overlap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seconds_of_the_defaults() {
        let settings = Settings::DEFAULT;
        assert_eq!((settings.fence_ms(), settings.ask_ms(), settings.dead_ms(), settings.decide_ms()), (60_000, 30_000, 62_000, 66_000));
    }

    /// The table at the head of `kernel/time/timer.c`, for two values of HZ.
    #[test]
    fn the_grain_of_the_wheel() {
        let late = |hz, delay| Settings { hz, ..Settings::DEFAULT }.late_ms(delay);
        assert_eq!((late(250, 200), late(250, 2000), late(250, 12_000), late(250, 60_000), late(250, 240_000)), (4, 32, 256, 2048, 16_384));
        assert_eq!((late(1000, 2000), late(1000, 30_000), late(1000, 60_000)), (64, 512, 4096));
    }

    #[test]
    fn from_which_threshold_on_a_node_may_fence_too_late() {
        let at = |threshold, hz| Settings { threshold, hz, ..Settings::DEFAULT }.overlap_ms();
        assert_eq!((at(31, 250), at(61, 250), at(121, 250)), (0, 0, 14_384));
        assert_eq!((at(31, 1000), at(7, 1000)), (2096, 0));
    }
}
