//! Our cost: from the bytes of a dump to ranked rows, by the code that the collector runs.
//!
//! Time and memory are measured in two children. For time, the dumps lie in memory, so that no reading is counted. For
//! memory, they are streamed through a small buffer, as the collector reads them, so that no dump is counted.

use super::{ROUNDS, Size, value};
use crate::dumps::FS_GENERATION;
use crate::{cpu, generate};
use anyhow::{Context as _, ensure};
use formats::ocfs2::locking_state::parse_line;
use formats::scan::split_line;
use sample::{LockSample, LockTable, NodeClock, Pace, Sample};
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Rows of a screen.
const RANKED: usize = 50;
/// Bytes read at once where memory is measured.
const BUFFER: usize = 64 << 10;

/// What the child is to measure.
#[derive(clap::Args)]
pub struct Options {
    directory: PathBuf,
    #[arg(long)]
    nodes: u32,
    /// Repetitions; 0: measure memory instead.
    #[arg(long)]
    runs: u32,
}

/// What was measured.
pub struct Result {
    /// CPU time per record for parsing alone, ns.
    pub parse_ns: f64,
    /// CPU time per record from bytes to ranked rows, third dump, ns.
    pub total_ns: f64,
    /// Peak memory of the whole process, MiB.
    pub peak_mib: f64,
    /// Bytes kept for each known lock.
    pub kept: f64,
    /// Locks known in the end, all nodes.
    pub known: f64,
    /// Rows of the samples before ranking, all nodes.
    pub rows: f64,
}

/// Measures in children of this program.
pub fn measure(directory: &Path, size: Size) -> anyhow::Result<Result> {
    let time = child(directory, size.nodes, size.runs())?;
    let memory = child(directory, size.nodes, 0)?;
    Ok(Result {
        parse_ns: value(&time, "parse_ns")?,
        total_ns: value(&time, "total_ns")?,
        peak_mib: value(&memory, "peak_kib")? / 1024.0,
        kept: value(&memory, "kept")?,
        known: value(&memory, "known")?,
        rows: value(&time, "rows")?,
    })
}

fn child(directory: &Path, nodes: u32, runs: u32) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program has no path")?;
    let mut command = Command::new(program);
    command.arg("bench-one").arg(directory).args(["--nodes", &nodes.to_string(), "--runs", &runs.to_string()]);
    let output = command.stderr(std::process::Stdio::inherit()).output().context("bench-one does not start")?;
    ensure!(output.status.success(), "bench-one failed");
    Ok(String::from_utf8(output.stdout)?)
}

/// The child: prints its results as `key value` lines.
pub fn run(options: &Options) -> anyhow::Result<()> {
    if options.runs == 0 { memory(options) } else { time(options) }
}

fn time(options: &Options) -> anyhow::Result<()> {
    let mut dumps: Vec<Vec<Vec<u8>>> = Vec::new();
    for round in 1..=ROUNDS {
        let read = |node| {
            let path = generate::file(&options.directory, node, round);
            fs::read(&path).with_context(|| path.display().to_string())
        };
        dumps.push((1..=options.nodes).map(read).collect::<anyhow::Result<_>>()?);
    }
    let third = dumps.last().context("no dumps")?;
    let records: u64 = third.iter().map(|dump| count_lines(dump)).sum();
    let (mut parse, mut total, mut rows) = (Duration::MAX, Duration::MAX, 0);
    for _ in 0..options.runs {
        let start = cpu::thread()?;
        for dump in third {
            parse_only(dump)?;
        }
        parse = parse.min(cpu::thread()?.saturating_sub(start));
        let mut tables = tables(options.nodes);
        for (round, dumps) in dumps.iter().enumerate() {
            let start = cpu::thread()?;
            let samples: Vec<Sample> = tables.iter_mut().zip(dumps).map(|(table, dump)| refresh(table, dump, round)).collect();
            let ranked = rank(&samples);
            let spent = cpu::thread()?.saturating_sub(start);
            ensure!(ranked.len() <= RANKED, "too many rows");
            if round + 1 == ROUNDS as usize {
                total = total.min(spent);
                rows = samples.iter().map(|sample| sample.locks.len()).sum();
                ensure!(samples.iter().all(|sample| sample.dump.problems.lines == 0), "a generated line was not understood");
            }
            black_box(ranked);
        }
    }
    println!("parse_ns {}\ntotal_ns {}\nrows {rows}", per(parse, records), per(total, records));
    Ok(())
}

fn memory(options: &Options) -> anyhow::Result<()> {
    let mut tables = tables(options.nodes);
    for round in 1..=ROUNDS {
        let mut samples = Vec::new();
        for (node, table) in (1..).zip(&mut tables) {
            let path = generate::file(&options.directory, node, round);
            table.begin_pass(clock(round as usize));
            let bytes = stream(&path, table).with_context(|| path.display().to_string())?;
            table.end_pass(bytes, None);
            samples.push(table.finish(Pace::default()));
        }
        black_box(rank(&samples));
    }
    let known: usize = tables.iter().map(LockTable::known).sum();
    let kept: usize = tables.iter().map(LockTable::bytes_kept).sum();
    println!("peak_kib {}\nkept {}\nknown {known}", cpu::peak_kib()?, kept as f64 / known.max(1) as f64);
    Ok(())
}

fn tables(nodes: u32) -> Vec<LockTable> {
    (0..nodes).map(|_| LockTable::new("D3C123F4B7EA4CAD87B04CA0CBCB3C0B", Some(FS_GENERATION))).collect()
}

fn clock(round: usize) -> NodeClock {
    let seconds = 2 * round as u64 + 2;
    NodeClock { monotonic_ns: seconds * 1_000_000_000, realtime_us: Some(1_795_295_000_000_000 + seconds * 1_000_000) }
}

/// One dump of one node, as the collector takes it.
fn refresh(table: &mut LockTable, dump: &[u8], round: usize) -> Sample {
    table.begin_pass(clock(round));
    take_lines(table, dump);
    table.end_pass(dump.len() as u64, None);
    table.finish(Pace::default())
}

/// Takes all whole lines; returns what is left.
fn take_lines<'a>(table: &mut LockTable, bytes: &'a [u8]) -> &'a [u8] {
    let mut rest = bytes;
    while let Some((line, tail)) = split_line(rest) {
        match parse_line(line) {
            Ok(record) => table.record(&record),
            Err(problem) => table.problem(|| problem.to_string()),
        }
        rest = tail;
    }
    rest
}

fn stream(path: &Path, table: &mut LockTable) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut buffer, mut filled, mut total) = (vec![0; BUFFER], 0, 0);
    loop {
        let read = file.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Ok(total);
        }
        filled += read;
        total += read as u64;
        let left = take_lines(table, buffer.get(..filled).unwrap_or_default()).len();
        buffer.copy_within(filled - left..filled, 0);
        filled = left;
    }
}

/// The rows of a screen: those with the most time spent, in order.
fn rank(samples: &[Sample]) -> Vec<&LockSample> {
    let mut rows: Vec<&LockSample> = samples.iter().flat_map(|sample| &sample.locks).collect();
    let key = |lock: &&LockSample| std::cmp::Reverse(lock.total_ns());
    if rows.len() > RANKED {
        rows.select_nth_unstable_by_key(RANKED, key);
        rows.truncate(RANKED);
    }
    rows.sort_unstable_by_key(key);
    rows
}

fn parse_only(dump: &[u8]) -> anyhow::Result<()> {
    let mut rest = dump;
    while let Some((line, tail)) = split_line(rest) {
        black_box(parse_line(black_box(line))?);
        rest = tail;
    }
    Ok(())
}

fn count_lines(dump: &[u8]) -> u64 {
    std::iter::successors(split_line(dump), |(_, rest)| split_line(rest)).count() as u64
}

fn per(time: Duration, records: u64) -> f64 {
    time.as_nanos() as f64 / records.max(1) as f64
}
