//! Cost of one line of `locking_state`, by what its LVB holds. A few hundred lines that stay in the CPU's second-level cache,
//! so that the figures are the parser's and not the memory's.

use criterion::{Criterion, Throughput};
use dumps::{NodeLocks, Shape};
use formats::ocfs2::locking_state::parse_line;
use formats::ocfs2::lvb;
use formats::scan::split_line;
use std::hint::black_box;

#[path = "../../xtask/src/dumps.rs"]
mod dumps;

/// Locks of one dump: about 400 kB.
const LOCKS: usize = 1000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    lines(&mut criterion);
    criterion.final_summary();
}

/// The first locks of a third dump, all of users' files.
fn dump(shape: &Shape) -> String {
    let mut locks = NodeLocks::new(&Shape { locks: 2 * LOCKS, complete: true, ..shape.clone() }, 1);
    locks.advance();
    locks.advance();
    locks.text().split_inclusive('\n').take(LOCKS).collect()
}

/// Only the lines whose LVB is filled.
fn filled(shape: &Shape) -> String {
    let text = dump(&Shape { lvb: 1.0, ..shape.clone() });
    let is_filled = |line: &&str| parse_line(line.trim_end_matches('\n').as_bytes()).is_ok_and(|record| record.lvb.starts_with(b"0x5"));
    text.split_inclusive('\n').filter(is_filled).collect()
}

fn each_line(text: &str, mut each: impl FnMut(&[u8])) {
    let mut rest = text.as_bytes();
    while let Some((line, tail)) = split_line(rest) {
        each(line);
        rest = tail;
    }
}

fn lines(criterion: &mut Criterion) {
    let shape = Shape::default();
    let unsigned = Shape { signed_lvb: false, ..Shape::default() };
    let texts = [
        ("no LVB filled", dump(&Shape { lvb: 0.0, ..shape.clone() })),
        ("LVB filled, signed", filled(&shape)),
        ("LVB filled, unsigned", filled(&unsigned)),
        ("30 % of M locks with LVB", dump(&shape)),
        ("version 3", dump(&Shape { version: 3, ..shape.clone() })),
    ];
    let mut group = criterion.benchmark_group("locking_state, per line");
    for (name, text) in &texts {
        group.throughput(Throughput::Elements(text.lines().count() as u64));
        group.bench_function(format!("parse_line: {name}"), |bencher| {
            bencher.iter(|| {
                each_line(text, |line| {
                    let _ = black_box(parse_line(line));
                });
            });
        });
    }
    let (_, text) = &texts[3];
    group.throughput(Throughput::Elements(text.lines().count() as u64));
    group.bench_function("split_line", |bencher| {
        bencher.iter(|| {
            each_line(text, |line| {
                black_box(line);
            });
        });
    });
    let (_, text) = &texts[1];
    group.throughput(Throughput::Elements(text.lines().count() as u64));
    group.bench_function("parse_line and LVB bytes", |bencher| {
        bencher.iter(|| {
            each_line(text, |line| {
                let _ = black_box(parse_line(line).map(|record| lvb::bytes(record.lvb)));
            });
        });
    });
    group.finish();
}
