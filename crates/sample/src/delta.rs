//! The difference between two readings of a lock's counters.

use crate::LevelDelta;

/// Cumulative counters of one lock at one level, as kept between dumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Acquisitions, modulo 2³².
    pub gets: u32,
    /// Failed acquisitions, modulo 2³².
    pub fails: u32,
    /// Total wait in ns.
    pub total_ns: u64,
}

/// Acquisitions this close below 2³² may have wrapped rather than restarted between two sightings.
const WRAP_MARGIN: u32 = 1 << 26;

/// What happened between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The counters went on.
    Ongoing(LevelDelta),
    /// They are smaller than before: the kernel made the lock anew, and all they hold is news.
    Restarted,
}

/// Forms the difference of one level. `before` was read earlier than `after`.
#[inline]
pub fn difference(before: Counters, after: Counters) -> Difference {
    if after.gets >= before.gets && after.total_ns >= before.total_ns {
        return Difference::Ongoing(LevelDelta {
            gets: u64::from(after.gets - before.gets),
            fails: u64::from(after.fails.wrapping_sub(before.fails)),
            total_ns: after.total_ns - before.total_ns,
            ..LevelDelta::default()
        });
    }
    // `ocfs2_update_lock_stats`: when the count of acquisitions wraps to 0, it restarts at 1 and the total at one wait.
    if after.gets < before.gets && before.gets > u32::MAX - WRAP_MARGIN && after.gets < WRAP_MARGIN {
        return Difference::Ongoing(LevelDelta {
            gets: u64::from(u32::MAX - before.gets) + u64::from(after.gets),
            fails: u64::from(after.fails.wrapping_sub(before.fails)),
            total_ns: after.total_ns,
            ..LevelDelta::default()
        });
    }
    Difference::Restarted
}

/// All that the counters hold, as a delta: for a lock made since the last dump, or a first look.
pub fn whole(after: Counters) -> LevelDelta {
    LevelDelta { gets: u64::from(after.gets), fails: u64::from(after.fails), total_ns: after.total_ns, ..LevelDelta::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(gets: u32, total_ns: u64) -> Counters {
        Counters { gets, fails: 0, total_ns }
    }

    #[test]
    fn a_wrap_of_the_count_is_no_restart() {
        let Difference::Ongoing(delta) = difference(at(u32::MAX - 1, 5_000_000), at(3, 700)) else { panic!() };
        // MAX-1 → MAX → (0 → 1) → 2 → 3: four acquisitions.
        assert_eq!((delta.gets, delta.total_ns), (4, 700));
    }

    #[test]
    fn smaller_numbers_are_a_restart() {
        assert_eq!(difference(at(10, 500), at(2, 90)), Difference::Restarted);
        assert_eq!(difference(at(10, 500), at(12, 90)), Difference::Restarted);
    }

    #[test]
    fn failed_acquisitions_wrap_plainly() {
        let before = Counters { gets: 1, fails: u32::MAX, total_ns: 0 };
        let Difference::Ongoing(delta) = difference(before, Counters { gets: 1, fails: 1, total_ns: 0 }) else { panic!() };
        assert_eq!(delta.fails, 2);
    }

    proptest! {
        #[test]
        fn steps_add_up_to_the_whole(steps in proptest::collection::vec((0u32..1000, 0u64..1_000_000), 1..20)) {
            let mut now = at(5, 100);
            let start = now;
            let (mut gets, mut total) = (0, 0);
            for (more_gets, more_ns) in steps {
                let next = at(now.gets + more_gets, now.total_ns + more_ns);
                let Difference::Ongoing(delta) = difference(now, next) else { panic!() };
                gets += delta.gets;
                total += delta.total_ns;
                now = next;
            }
            prop_assert_eq!(difference(start, now), Difference::Ongoing(LevelDelta { gets, total_ns: total, ..LevelDelta::default() }));
        }
    }
}
