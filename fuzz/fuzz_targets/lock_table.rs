//! A lock table over several passes of made-up records, a few names only: reorderings, losses, repeats, restarts, wraps,
//! waiters, flock handles, watched locks.

#![no_main]

use arbitrary::Arbitrary;
use formats::ocfs2::locking_state::{LVB_BYTES, LevelStats, Record};
use formats::ocfs2::{Action, Flags, Level, LockName, LockState, LockType, Stats, UnlockAction};
use libfuzzer_sys::fuzz_target;
use sample::{LockTable, NodeClock, Pace};

#[path = "../common/bound.rs"]
mod bound;

#[derive(Arbitrary, Debug)]
struct Input {
    most_locks: u8,
    emit_all: bool,
    watched: Option<u8>,
    passes: Vec<Pass>,
}

#[derive(Arbitrary, Debug)]
struct Pass {
    after_s: u8,
    records: Vec<Shown>,
    reads: Option<u8>,
    ends_sample: bool,
}

#[derive(Arbitrary, Debug)]
struct Shown {
    name: u8,
    level: i8,
    flags: u8,
    action: u8,
    blocking: i8,
    pr: Counters,
    ex: Counters,
    waits_since_s: u8,
    version_1: bool,
}

#[derive(Arbitrary, Debug)]
struct Counters {
    gets: u16,
    /// Adds 2³² − 2¹⁵, so that counters wrap.
    high: bool,
    fails: u8,
    total: u16,
    last_s: u8,
}

fuzz_target!(|input: Input| {
    let mut table = LockTable::new("U", Some(5));
    table.set_most_locks(usize::from(input.most_locks));
    table.set_emit_all(input.emit_all);
    table.watch(input.watched.map(name));
    let mut bound = bound::Bound::default();
    let mut now_s = 1;
    let mut open = false;
    for pass in &input.passes {
        now_s += u64::from(pass.after_s);
        table.begin_pass(NodeClock { monotonic_ns: now_s * 1_000_000_000, realtime_us: Some(now_s * 1_000_000) });
        for shown in &pass.records {
            let record = shown.record();
            bound.note(&record);
            table.record(&record);
        }
        table.end_pass(7, pass.reads.map(u64::from));
        let _ = table.notable_missed();
        open = !pass.ends_sample;
        if pass.ends_sample {
            bound.check(&table.finish(Pace::default()));
        }
    }
    if open {
        bound.check(&table.finish(Pace::default()));
    }
});

fn name(number: u8) -> LockName {
    let kinds = [LockType::META, LockType::FLOCK, LockType::DENTRY, LockType::RW];
    LockName::new(kinds[usize::from(number % 4)], u64::from(number / 16), if number & 8 == 0 { 0 } else { 5 })
}

impl Shown {
    fn record(&self) -> Record<'static> {
        let stats = Stats {
            pr: self.pr.level(),
            ex: self.ex.level(),
            refresh: 0,
            wait_since_us: Some(u64::from(self.waits_since_s.saturating_sub(200)) * 1_000_000),
        };
        Record {
            version: if self.version_1 { 1 } else { 4 },
            name: name(self.name),
            state: LockState {
                level: Level(self.level),
                flags: Flags(u64::from(self.flags)),
                action: Action(u32::from(self.action)),
                unlock_action: UnlockAction(0),
                ro_holders: 0,
                ex_holders: 0,
                requested: Level(self.level),
                blocking: Level(self.blocking),
            },
            lvb: &[b'0'; LVB_BYTES],
            stats: (!self.version_1).then_some(stats),
            rest: b"",
        }
    }
}

impl Counters {
    fn level(&self) -> LevelStats {
        let base = if self.high { u64::from(u32::MAX) - (1 << 15) } else { 0 };
        LevelStats {
            gets: (base + u64::from(self.gets)) & u64::from(u32::MAX),
            fails: u32::from(self.fails),
            total_ns: u64::from(self.total),
            max_ns: u64::from(self.total),
            last_us: Some(u64::from(self.last_s) * 1_000_000),
        }
    }
}
