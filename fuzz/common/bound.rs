//! The bound that every delta keeps: what a sample tells of a lock is no more than the counters that its records showed.

use formats::ocfs2::LockName;
use formats::ocfs2::locking_state::{LevelStats, Record};
use sample::{LevelDelta, Sample};
use std::collections::HashMap;

/// Where acquisitions are near 2³², the kernel's counter may have wrapped: the delta then exceeds the counter by up to so much.
const WRAP: u64 = 1 << 27;

/// Sums of the counters that records of one sample showed.
#[derive(Default)]
pub struct Bound {
    shown: HashMap<LockName, [Shown; 2]>,
}

#[derive(Default)]
struct Shown {
    gets: u64,
    total_ns: u64,
    records: u64,
}

impl Bound {
    /// Notes a record that the table was given.
    pub fn note(&mut self, record: &Record<'_>) {
        let stats = record.stats.unwrap_or_default();
        let shown = self.shown.entry(record.name).or_default();
        for (shown, level) in shown.iter_mut().zip([&stats.pr, &stats.ex]) {
            shown.note(level);
        }
    }

    /// Checks the sample that the records went into, and starts anew.
    pub fn check(&mut self, sample: &Sample) {
        for lock in sample.locks.iter().filter(|lock| lock.seen_ago_ns == 0) {
            let shown = self.shown.get(&lock.name).unwrap_or_else(|| panic!("{} was in no dump of this sample", lock.name));
            for (shown, delta) in shown.iter().zip([&lock.pr, &lock.ex]) {
                shown.check(delta, lock.name);
            }
        }
        let mut names: Vec<LockName> = sample.locks.iter().map(|lock| lock.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), sample.locks.len(), "a lock is told twice");
        // One that is told may be given up in the same sample: six of its passes lacked it.
        assert!(sample.known + sample.gone >= sample.locks.len() as u64, "more locks told than known");
        assert_eq!(sample.known, sample.census.iter().map(|(_, count)| count).sum::<u64>(), "the census does not add up");
        self.shown.clear();
    }
}

impl Shown {
    fn note(&mut self, level: &LevelStats) {
        // The table keeps counts modulo 2³², as kernels since v3 print them.
        self.gets += u64::from(level.gets as u32);
        self.total_ns = self.total_ns.saturating_add(level.total_ns);
        self.records += 1;
    }

    fn check(&self, delta: &LevelDelta, name: LockName) {
        assert!(delta.gets <= self.gets + WRAP * self.records, "{name}: told {} of {} acquisitions", delta.gets, self.gets);
        assert!(delta.total_ns <= self.total_ns, "{name}: told {} of {} ns", delta.total_ns, self.total_ns);
    }
}
