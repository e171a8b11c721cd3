//! Cost of the lock table per record, parsing left out: records come parsed.

use criterion::{BatchSize, Criterion, Throughput};
use dumps::{FS_GENERATION, NodeLocks, Shape};
use formats::ocfs2::Record;
use formats::ocfs2::locking_state::parse_line;
use sample::{LockTable, NodeClock, Pace, Sample};
use std::hint::black_box;

#[path = "../../xtask/src/dumps.rs"]
mod dumps;

/// Locks of the file system.
const LOCKS: usize = 20_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    table(&mut criterion);
    criterion.final_summary();
}

fn records(text: &str) -> Vec<Record<'_>> {
    text.lines().filter_map(|line| parse_line(line.as_bytes()).ok()).collect()
}

fn take(table: &mut LockTable, records: &[Record<'_>], second: u64) -> Sample {
    table.begin_pass(NodeClock { monotonic_ns: second * 1_000_000_000, realtime_us: Some(1_795_295_000_000_000 + second * 1_000_000) });
    for record in records {
        table.record(record);
    }
    table.end_pass(0, None);
    table.finish(Pace::default())
}

/// Every record once, neighbours far apart.
fn shuffle<T: Copy>(items: &[T]) -> Vec<T> {
    // A stride that shares no factor with the length visits everything.
    let stride = (items.len() / 2 + 1..items.len()).find(|stride| gcd(*stride, items.len()) == 1).unwrap_or(1);
    (0..items.len()).filter_map(|at| items.get(at * stride % items.len()).copied()).collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn table(criterion: &mut Criterion) {
    let shape = Shape { locks: LOCKS, complete: true, ..Shape::default() };
    let mut locks = NodeLocks::new(&shape, 1);
    locks.advance();
    let first = locks.text();
    locks.advance();
    let second = locks.text();
    let lossy = {
        let mut locks = NodeLocks::new(&Shape { complete: false, ..shape }, 1);
        locks.advance();
        locks.advance();
        locks.text()
    };
    let (first, second, lossy) = (records(&first), records(&second), records(&lossy));
    let shuffled = shuffle(&first);
    let mut group = criterion.benchmark_group("lock table, per record");
    for (name, next) in [
        ("nothing changed", &first),
        ("5 % active", &second),
        ("5 % active, a tenth lost", &lossy),
        ("nothing changed, another order", &shuffled),
    ] {
        group.throughput(Throughput::Elements(next.len() as u64));
        group.bench_function(name, |bencher| {
            let fresh = || {
                let mut table = LockTable::new("U", Some(FS_GENERATION));
                take(&mut table, &first, 2);
                take(&mut table, &first, 4);
                table
            };
            bencher.iter_batched_ref(fresh, |table| black_box(take(table, next, 6)), BatchSize::LargeInput);
        });
    }
    group.throughput(Throughput::Elements(first.len() as u64));
    group.bench_function("first look", |bencher| {
        let empty = || LockTable::new("U", Some(FS_GENERATION));
        bencher.iter_batched_ref(empty, |table| black_box(take(table, &first, 2)), BatchSize::LargeInput);
    });
    group.finish();
}
