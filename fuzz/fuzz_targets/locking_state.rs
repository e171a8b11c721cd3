//! Arbitrary text as dumps: every line by itself, then a lock table over several passes. An empty line ends a pass; a
//! second one after it ends the sample.

#![no_main]

use formats::ocfs2::locking_state::parse_line;
use formats::ocfs2::lvb::{self, MetaLvb};
use formats::ocfs2::print::{self, OwnedRecord};
use libfuzzer_sys::fuzz_target;
use sample::{LockTable, NodeClock, Pace};

#[path = "../common/bound.rs"]
mod bound;

fuzz_target!(|text: &[u8]| {
    let mut table = LockTable::new("U", Some(0xf10e_1d25));
    table.set_most_locks(8);
    let mut bound = bound::Bound::default();
    let mut second = 1;
    begin(&mut table, second);
    let mut empty_lines = 0;
    for line in text.split(|&byte| byte == b'\n') {
        if line.is_empty() {
            empty_lines += 1;
            table.end_pass(1, Some(1));
            if empty_lines > 1 {
                let sample = table.finish(Pace::default());
                bound.check(&sample);
            }
            second += 1;
            begin(&mut table, second);
            continue;
        }
        empty_lines = 0;
        match parse_line(line) {
            Ok(record) => {
                if (1..=4).contains(&record.version) && record.rest.is_empty() {
                    printed_and_read_again(&record);
                }
                if let Some(lvb) = lvb::bytes(record.lvb) {
                    let _ = MetaLvb::decode(&lvb);
                }
                let _ = (record.state.wanted(), record.state.flags.to_string());
                bound.note(&record);
                table.record(&record);
            }
            Err(problem) => table.problem(|| problem.to_string()),
        }
    }
    table.end_pass(1, None);
    bound.check(&table.finish(Pace::default()));
});

fn begin(table: &mut LockTable, second: u64) {
    table.begin_pass(NodeClock { monotonic_ns: second * 1_000_000_000, realtime_us: Some(second * 1_000_000) });
}

fn printed_and_read_again(record: &formats::ocfs2::Record<'_>) {
    // A longest wait in µs that no kernel prints (it has 32 bits) is cut when read as ns.
    if record.stats.is_some_and(|stats| stats.pr.max_ns == u64::MAX || stats.ex.max_ns == u64::MAX) {
        return;
    }
    let owned = OwnedRecord::of(record);
    let line = print::line(&owned);
    let again = parse_line(line.trim_end_matches('\n').as_bytes()).expect("a printed record reads back");
    let again = OwnedRecord::of(&again);
    assert_eq!((again.name, again.state, again.lvb, again.stats), (owned.name, owned.state, owned.lvb, owned.stats));
}
