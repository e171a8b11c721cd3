//! The last minute of each active lock: time spent acquiring it per tick.

use formats::ocfs2::LockName;
use std::collections::{HashMap, VecDeque};

/// How long a trend reaches back, µs.
const SPAN_US: u64 = 60_000_000;
/// Locks whose trend is kept at most; beyond it those idle longest are forgotten first.
const MOST_LOCKS: usize = 20_000;

/// Trends of the locks of one file system.
#[derive(Debug, Default)]
pub struct Trends {
    ticks: VecDeque<u64>,
    /// Number of the first tick that is kept.
    first: u64,
    locks: HashMap<LockName, VecDeque<(u64, u64)>>,
}

impl Trends {
    /// Adds a tick at `now_us` with the time spent on each active lock, ns.
    pub fn add(&mut self, now_us: u64, active: impl Iterator<Item = (LockName, u64)>) {
        let tick = self.first + self.ticks.len() as u64;
        self.ticks.push_back(now_us);
        while self.ticks.front().is_some_and(|&start| start + SPAN_US < now_us) {
            self.ticks.pop_front();
            self.first += 1;
        }
        for (name, spent_ns) in active {
            if self.locks.len() < MOST_LOCKS || self.locks.contains_key(&name) {
                self.locks.entry(name).or_default().push_back((tick, spent_ns));
            }
        }
        let first = self.first;
        self.locks.retain(|_, points| {
            while points.front().is_some_and(|&(tick, _)| tick < first) {
                points.pop_front();
            }
            !points.is_empty()
        });
    }

    /// The lock's time per tick, oldest first; one value for every tick of the last minute.
    pub fn of(&self, name: LockName) -> Vec<u64> {
        let mut trend = vec![0; self.ticks.len()];
        for &(tick, spent_ns) in self.locks.get(&name).into_iter().flatten() {
            if let Some(slot) = usize::try_from(tick - self.first).ok().and_then(|at| trend.get_mut(at)) {
                *slot = spent_ns;
            }
        }
        trend
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::ocfs2::LockType;

    #[test]
    fn a_minute_is_kept() {
        let name = LockName::new(LockType::META, 1, 0);
        let mut trends = Trends::default();
        for second in 0..100u64 {
            let active = (second % 2 == 0).then_some((name, second));
            trends.add(second * 1_000_000, active.into_iter());
        }
        let trend = trends.of(name);
        assert_eq!(trend.len(), 61);
        assert_eq!((trend[0], trend[59], trend[60]), (0, 98, 0));
    }
}
