//! Since when a node's first waiter for a lock waits.

use formats::ocfs2::lock_state::Wanted;
use serde::{Deserialize, Serialize};

/// A wait that is under way on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Its start by the node's own clock, µs since the epoch, as the kernel recorded it (v4); `None` where it records none.
    pub since_us: Option<u64>,
    /// How long it has lasted when the lock was read, ns.
    pub for_ns: u64,
    /// `for_ns` is a lower bound: the kernel records no start, or the node's clock is not known.
    pub at_least: bool,
    /// The level the waiter wants, as far as the record tells.
    pub wanted: Wanted,
}

/// One lock's wait as followed over several dumps.
///
/// The length is told from the node's clock once, when the wait is first seen, and runs on the monotonic clock from
/// there: a clock that is stepped later changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTrack {
    /// The kernel's start of the wait (v4), or `None`.
    since_us: Option<u64>,
    /// Monotonic time when it was first seen.
    first_seen_ns: u64,
    /// Its length then.
    length_then_ns: u64,
    /// That length is a lower bound.
    at_least: bool,
    /// It cannot have been longer then.
    longest_then_ns: u64,
    /// Sum of acquisitions then: more of them mean that an earlier wait ended.
    gets: u64,
}

/// What one record tells about waiting, and when it was read.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// `lock_wait` of v4; `None` before.
    pub wait_since_us: Option<u64>,
    /// A DLM request of this node is under way.
    pub busy: bool,
    /// Sum of acquisitions.
    pub gets: u64,
    /// Monotonic clock, ns.
    pub monotonic_ns: u64,
    /// Node's clock, µs since the epoch.
    pub realtime_us: Option<u64>,
    /// Monotonic time when the lock was last seen without a waiter, if it was.
    pub free_at_ns: Option<u64>,
    /// The node's clock is at least this, µs since the epoch: the newest time that its records so far name.
    pub realtime_floor_us: u64,
}

impl WaitTrack {
    /// Follows the wait one sighting on; `None` if nobody waits now.
    pub fn step(before: Option<WaitTrack>, seen: Sighting) -> Option<WaitTrack> {
        let since_us = match seen.wait_since_us {
            Some(0) => return None,
            None if !seen.busy => return None,
            since => since,
        };
        if let Some(track) = before.filter(|track| track.since_us == since_us && (since_us.is_some() || track.gets == seen.gets)) {
            return Some(track);
        }
        let by_clock = since_us.map(|since| {
            let now = seen.realtime_us.unwrap_or(seen.realtime_floor_us);
            now.saturating_sub(since).saturating_mul(1000)
        });
        // Seen free a moment ago, it cannot wait longer than that, whatever a clock says.
        let longest = seen.free_at_ns.map_or(u64::MAX, |free| seen.monotonic_ns.saturating_sub(free));
        Some(WaitTrack {
            since_us,
            first_seen_ns: seen.monotonic_ns,
            length_then_ns: by_clock.unwrap_or(0).min(longest),
            at_least: by_clock.is_none() || seen.realtime_us.is_none(),
            longest_then_ns: longest,
            gets: seen.gets,
        })
    }

    /// A wait first seen at `monotonic_ns` was as long as `realtime_floor_us` says, at least: records read after it name later
    /// times. Returns its length then.
    pub fn lengthen(&mut self, monotonic_ns: u64, realtime_floor_us: u64) -> Option<u64> {
        let since_us = self.since_us.filter(|_| self.at_least && self.first_seen_ns == monotonic_ns)?;
        let by_floor = realtime_floor_us.saturating_sub(since_us).saturating_mul(1000);
        self.length_then_ns = self.length_then_ns.max(by_floor.min(self.longest_then_ns));
        Some(self.length_then_ns)
    }

    /// The wait as of `monotonic_ns`.
    pub fn at(&self, monotonic_ns: u64, wanted: Wanted) -> Wait {
        let for_ns = self.length_then_ns + monotonic_ns.saturating_sub(self.first_seen_ns);
        Wait { since_us: self.since_us, for_ns, at_least: self.at_least, wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn v4(wait: u64, monotonic_s: u64, realtime_s: u64) -> Sighting {
        Sighting {
            wait_since_us: Some(wait),
            busy: true,
            gets: 0,
            monotonic_ns: monotonic_s * SECOND,
            realtime_us: Some(realtime_s * 1_000_000),
            free_at_ns: None,
            realtime_floor_us: 0,
        }
    }

    fn length(track: Option<WaitTrack>, monotonic_s: u64) -> u64 {
        track.unwrap().at(monotonic_s * SECOND, Wanted::PrOrEx).for_ns / SECOND
    }

    #[test]
    fn the_nodes_own_clock_tells_the_length() {
        let track = WaitTrack::step(None, v4(1_000_000_000, 50, 1012));
        assert_eq!(length(track, 50), 12);
        assert_eq!(length(WaitTrack::step(track, v4(1_000_000_000, 60, 1022)), 60), 22);
    }

    #[test]
    fn a_clock_step_does_not_change_a_wait_that_is_followed() {
        let track = WaitTrack::step(None, v4(1_000_000_000, 50, 1001));
        assert_eq!(length(WaitTrack::step(track, v4(1_000_000_000, 55, 4606)), 55), 6);
        assert_eq!(length(WaitTrack::step(track, v4(1_000_000_000, 55, 10)), 55), 6);
    }

    #[test]
    fn a_wait_is_not_longer_than_the_lock_was_seen_free() {
        let mut seen = v4(1_000_000_000, 50, 4601);
        seen.free_at_ns = Some(47 * SECOND);
        assert_eq!(length(WaitTrack::step(None, seen), 50), 3);
    }

    #[test]
    fn the_next_waiter_is_another_wait() {
        let track = WaitTrack::step(None, v4(1_000_000_000, 50, 1005));
        assert_eq!(length(WaitTrack::step(track, v4(1_006_000_000, 57, 1007)), 57), 1);
        assert_eq!(WaitTrack::step(track, v4(0, 57, 1007)), None);
    }

    #[test]
    fn before_v4_busy_without_progress_is_a_wait_of_at_least_so_long() {
        let v3 = |monotonic_s: u64, gets| Sighting { wait_since_us: None, gets, ..v4(0, monotonic_s, 0) };
        let track = WaitTrack::step(None, v3(10, 7));
        let later = WaitTrack::step(track, v3(18, 7)).unwrap().at(18 * SECOND, Wanted::PrOrEx);
        assert_eq!((later.for_ns, later.at_least, later.since_us), (8 * SECOND, true, None));
        // An acquisition between: the earlier wait ended, this is another.
        assert_eq!(length(WaitTrack::step(track, v3(18, 8)), 18), 0);
        assert_eq!(WaitTrack::step(track, Sighting { busy: false, ..v3(18, 7) }), None);
    }

    #[test]
    fn without_a_clock_the_newest_recorded_time_bounds_the_length() {
        let seen = Sighting { realtime_us: None, realtime_floor_us: 1_004_000_000, ..v4(1_000_000_000, 0, 0) };
        let wait = WaitTrack::step(None, seen).unwrap().at(0, Wanted::PrOrEx);
        assert_eq!((wait.for_ns, wait.at_least), (4 * SECOND, true));
    }

    #[test]
    fn later_records_lengthen_a_wait_but_not_beyond_when_the_lock_was_seen_free() {
        let seen = Sighting { realtime_us: None, realtime_floor_us: 1_001_000_000, ..v4(1_000_000_000, 50, 0) };
        let mut track = WaitTrack::step(None, seen).unwrap();
        assert_eq!(track.lengthen(50 * SECOND, 1_007_000_000), Some(7 * SECOND));
        assert_eq!(track.lengthen(55 * SECOND, 1_099_000_000), None);
        let mut track = WaitTrack::step(None, Sighting { free_at_ns: Some(46 * SECOND), ..seen }).unwrap();
        assert_eq!(track.lengthen(50 * SECOND, 1_007_000_000), Some(4 * SECOND));
        // With the node's clock, nothing is left to learn.
        assert_eq!(WaitTrack::step(None, v4(1_000_000_000, 50, 1002)).unwrap().lengthen(50 * SECOND, 1_007_000_000), None);
    }
}
