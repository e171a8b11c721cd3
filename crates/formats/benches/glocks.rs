//! Cost of GFS2's per-glock files: `glocks` by what its lines are, and `glstats`. Texts that stay in the CPU's second-level
//! cache, so that the figures are the parsers' and not the memory's.

use criterion::{Criterion, Throughput};
use formats::gfs2::glocks::parse_line;
use formats::gfs2::{Dialect, Line, glstats};
use formats::scan::split_line;
use std::fmt::Write as _;
use std::hint::black_box;

/// Inodes of one dump, each with two glocks: about 300 kB.
const INODES: u64 = 1000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    files(&mut criterion);
    criterion.final_summary();
}

/// A number that looks random and is the same in every run.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 13).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ number >> 29
}

/// What a node shows that walked a directory: an inode and an iopen glock per file, now and then a waiter.
fn glocks() -> String {
    let mut text = String::new();
    let mut put = |line: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _ = text.write_fmt(format_args!("{line}\n"));
    };
    for inode in 0..INODES {
        let random = mixed(inode);
        let address = 0x1_0000 + inode * 7 + random % 5;
        let flags = ["ILob", "yILb", "Iob", "yIqob", "ILon", "on"].get((random >> 8) as usize % 6).unwrap_or(&"");
        let (size, pages) = (random >> 40, (random >> 20) % 30);
        put(format_args!("G:  s:SH n:2/{address:x} f:{flags} t:SH d:EX/0 a:0 v:0 r:3 m:50 p:{pages}"));
        if random.is_multiple_of(50) {
            put(format_args!(" H: s:EX f:W e:0 p:{} [python3] gfs2_atomic_open+0x58/0x100 [gfs2]", 1000 + random % 30_000));
        }
        put(format_args!(" I: n:{inode}/{address} t:8 f:0x00 d:0x00000000 s:{size} p:{pages}"));
        put(format_args!("G:  s:SH n:5/{address:x} f:Iqob t:SH d:EX/0 a:0 v:0 r:3 m:50 p:0"));
        put(format_args!(" H: s:SH f:EH e:0 p:0 [(none)] gfs2_dir_search+0xb2/0x100 [gfs2]"));
        put(format_args!(" I: n:{inode}/{address} t:8 f:0x00 d:0x00000000 s:{size} p:{pages}"));
    }
    text
}

fn statistics() -> String {
    (0..2 * INODES).fold(String::new(), |mut text, glock| {
        let random = mixed(glock);
        let (rtt, rttb, irt) = (random >> 44, random >> 40, random >> 26);
        let (queued, number) = (random % 500, 0x1_0000 + glock * 7);
        let _ = writeln!(text, "G: n:2/{number:x} rtt:{rtt}/{rtt} rttb:{rttb}/{rtt} irt:{irt}/{irt} dcnt: {} qcnt: {queued}", queued / 9);
        text
    })
}

fn each_line(text: &str, mut each: impl FnMut(&[u8])) {
    let mut rest = text.as_bytes();
    while let Some((line, tail)) = split_line(rest) {
        each(line);
        rest = tail;
    }
}

fn files(criterion: &mut Criterion) {
    let all = glocks();
    let only = |start: &str| all.split_inclusive('\n').filter(|line| line.starts_with(start)).collect::<String>();
    let texts = [("all lines", all.clone()), ("G:", only("G:")), ("H:", only(" H:")), ("I:", only(" I:"))];
    let mut group = criterion.benchmark_group("glocks");
    for (name, text) in &texts {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("parse_line: {name}"), |bencher| {
            bencher.iter(|| {
                each_line(text, |line| {
                    let _ = black_box(parse_line(line));
                });
            });
        });
    }
    group.throughput(Throughput::Bytes(all.len() as u64));
    group.bench_function("parse_line and dialect", |bencher| {
        bencher.iter(|| {
            let mut dialect = Dialect::default();
            each_line(&all, |line| match parse_line(line) {
                Ok(Line::Glock(glock)) => dialect.note(&glock),
                Ok(Line::Holder(holder)) => dialect.note_holder(holder.flags),
                _ => {}
            });
            dialect
        });
    });
    group.bench_function("split_line", |bencher| {
        bencher.iter(|| {
            each_line(&all, |line| {
                black_box(line);
            });
        });
    });
    group.finish();
    let text = statistics();
    let mut group = criterion.benchmark_group("glstats");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse_line", |bencher| {
        bencher.iter(|| {
            each_line(&text, |line| {
                let _ = black_box(glstats::parse_line(line));
            });
        });
    });
    group.finish();
}
