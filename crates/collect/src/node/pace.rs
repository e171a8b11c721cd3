//! How often a node may be read: what reading costs it decides.
//!
//! The kernel prints about 140 MB/s, 4.5 µs per lock; at a million locks one dump costs a node five seconds of CPU and a
//! spinlock that inode creation needs. The interval is stretched so that reading stays under a set share of one CPU.

/// Stretches the interval.
#[derive(Clone, Debug)]
pub struct Pacer {
    asked_ms: u64,
    permille: u32,
    /// Costs of the last samples, µs of CPU, newest last.
    costs: [u64; 3],
}

/// No sample is further from the last than this, whatever it costs: an hour-old screen helps nobody.
const LONGEST_MS: u64 = 600_000;

impl Pacer {
    /// A pace of `asked_ms`, at most `permille` thousandths of one CPU (0 counts as 1).
    pub fn new(asked_ms: u64, permille: u32) -> Pacer {
        Pacer { asked_ms: asked_ms.max(100), permille: permille.max(1), costs: [0; 3] }
    }

    /// Changes what is asked; costs stay known.
    pub fn ask(&mut self, asked_ms: u64, permille: u32) {
        let costs = self.costs;
        *self = Pacer { costs, ..Pacer::new(asked_ms, permille) };
    }

    /// Notes what a round of samples cost, µs of CPU.
    pub fn spent(&mut self, cpu_us: u64) {
        let [_, b, c] = self.costs;
        self.costs = [b, c, cpu_us];
    }

    /// The interval that is asked for, ms.
    pub fn asked_ms(&self) -> u64 {
        self.asked_ms
    }

    /// The interval to keep, ms: by the mean of the last costs, so that one slow read does not change it for long.
    pub fn interval_ms(&self) -> u64 {
        let known = self.costs.iter().filter(|&&cost| cost > 0).count().max(1) as u64;
        let mean_us = self.costs.iter().sum::<u64>() / known;
        let least_ms = mean_us.saturating_mul(1000) / u64::from(self.permille) / 1000;
        self.asked_ms.max(least_ms).min(LONGEST_MS.max(self.asked_ms))
    }

    /// Whether a further pass of this cost, beside what was spent, stays within the share at the asked interval.
    pub fn allows(&self, spent_us: u64, more_us: u64) -> bool {
        (spent_us + more_us).saturating_mul(1000) <= self.asked_ms.saturating_mul(1000) * u64::from(self.permille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cheap_read_keeps_the_asked_interval() {
        let mut pacer = Pacer::new(2000, 50);
        pacer.spent(40_000);
        assert_eq!(pacer.interval_ms(), 2000);
        assert!(pacer.allows(40_000, 40_000));
        assert!(!pacer.allows(80_000, 40_000));
    }

    #[test]
    fn a_million_locks_stretch_it_to_the_share() {
        let mut pacer = Pacer::new(2000, 50);
        for _ in 0..3 {
            pacer.spent(5_000_000);
        }
        // 5 s of CPU at 5 % of one: every 100 s.
        assert_eq!(pacer.interval_ms(), 100_000);
        pacer.ask(2000, 500);
        assert_eq!(pacer.interval_ms(), 10_000);
    }
}
