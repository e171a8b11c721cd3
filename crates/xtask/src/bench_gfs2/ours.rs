//! Our cost: from the bytes of `glocks` and `glstats` to ranked rows, by the code that the collector runs.
//!
//! Each figure is measured in a child of its own. For CPU time the files lie in memory, so that no reading is counted. For memory
//! they are read as the collector reads them. `once` is what is set beside glocktop: a process that starts, reads the files from
//! disk, ranks, and ends.

use crate::bench::value;
use crate::cpu;
use crate::generate_gfs2::{ROUND_S, TABLE, debug_file, root};
use anyhow::{Context as _, ensure};
use collect::node::files::Dump;
use collect::node::glock_reader::{GlockReader, Wanted};
use collect::node::trace_figures::OfMount;
use collect::node::{NodeFiles, RootFiles};
use formats::gfs2::{glocks, glstats};
use formats::scan::split_line;
use sample::gfs2::GlockSample;
use sample::message::Look;
use sample::task::TaskRequest;
use sample::{Gfs2Sample, NodeClock, TasksSample};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Rows of a screen.
const RANKED: usize = 50;
/// The most active glocks that a sample may hold, as the collector is told by default.
const MOST: usize = 5000;

/// What the child is to measure.
#[derive(clap::Args)]
pub struct Options {
    directory: PathBuf,
    #[arg(long)]
    rounds: u32,
    /// `time`, `memory` or `once`.
    #[arg(long)]
    what: What,
    /// Repetitions of `time`: the best one counts.
    #[arg(long, default_value_t = 1)]
    runs: u32,
}

/// See [`Options`].
#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    Time,
    Memory,
    Once,
}

/// What was measured.
pub struct Result {
    /// Bytes of `glocks` and `glstats`.
    pub bytes: f64,
    /// CPU time to parse both, ns.
    pub parse_ns: f64,
    /// CPU time from their bytes to ranked rows, ns.
    pub total_ns: f64,
    /// Peak memory of a process that reads all rounds, MiB.
    pub peak_mib: f64,
    /// CPU time, user and system, of a process that does it once from disk, ns.
    pub once_ns: f64,
    /// Glocks with waiters that are told.
    pub contended: f64,
    /// Processes that are counted as waiting.
    pub counted: f64,
    /// Processes of them that are told one by one.
    pub listed: f64,
}

/// Measures in children of this program.
pub fn measure(directory: &Path, rounds: u32, runs: u32) -> anyhow::Result<Result> {
    let time = child(directory, rounds, "time", runs)?;
    let memory = child(directory, rounds, "memory", 1)?;
    let mut once_ns = f64::MAX;
    for _ in 0..5 {
        let before = cpu::children()?;
        child(directory, rounds, "once", 1)?;
        let after = cpu::children()?;
        once_ns = once_ns.min(after.since(&before).as_nanos() as f64);
    }
    Ok(Result {
        bytes: value(&time, "bytes")?,
        parse_ns: value(&time, "parse_ns")?,
        total_ns: value(&time, "total_ns")?,
        peak_mib: value(&memory, "peak_kib")? / 1024.0,
        once_ns,
        contended: value(&time, "contended")?,
        counted: value(&time, "counted")?,
        listed: value(&time, "listed")?,
    })
}

/// Peak memory alone, MiB.
pub fn peak_mib(directory: &Path, rounds: u32) -> anyhow::Result<f64> {
    Ok(value(&child(directory, rounds, "memory", 1)?, "peak_kib")? / 1024.0)
}

fn child(directory: &Path, rounds: u32, what: &str, runs: u32) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program has no path")?;
    let mut command = Command::new(program);
    command.arg("bench-gfs2-one").arg(directory);
    command.args(["--what", what, "--rounds", &rounds.to_string(), "--runs", &runs.to_string()]);
    let output = command.stderr(Stdio::inherit()).output().context("bench-gfs2-one does not start")?;
    ensure!(output.status.success(), "bench-gfs2-one failed");
    Ok(String::from_utf8(output.stdout)?)
}

/// The child: prints its results as `key value` lines.
pub fn run(options: &Options) -> anyhow::Result<()> {
    match options.what {
        What::Time => time(options),
        What::Memory => {
            let mut reader = GlockReader::new(TABLE);
            for round in 1..=options.rounds {
                black_box(rank(&refresh(&mut reader, &RootFiles::below(root(&options.directory, round)), round)?).len());
            }
            println!("peak_kib {}", cpu::peak_kib()?);
            Ok(())
        }
        What::Once => {
            let files = RootFiles::below(root(&options.directory, options.rounds));
            let sample = refresh(&mut GlockReader::new(TABLE), &files, options.rounds)?;
            println!("rows {}", rank(&sample).len());
            Ok(())
        }
    }
}

fn time(options: &Options) -> anyhow::Result<()> {
    let last = Memory::load(&root(&options.directory, options.rounds))?;
    let (glocks, glstats) = (last.file("glocks")?, last.file("glstats")?);
    let (mut parse, mut total) = (Duration::MAX, Duration::MAX);
    let mut sample = None;
    for _ in 0..options.runs {
        let start = cpu::thread()?;
        parse_glocks(&glocks)?;
        parse_glstats(&glstats)?;
        parse = parse.min(cpu::thread()?.saturating_sub(start));
        let mut reader = GlockReader::new(TABLE);
        for round in 1..options.rounds {
            refresh(&mut reader, &Memory::load(&root(&options.directory, round))?, round)?;
        }
        let start = cpu::thread()?;
        let taken = refresh(&mut reader, &last, options.rounds)?;
        ensure!(rank(&taken).len() <= RANKED, "too many rows");
        total = total.min(cpu::thread()?.saturating_sub(start));
        ensure!(taken.dump.problems.lines == 0, "a generated line was not understood: {:?}", taken.dump.problems.first);
        sample = Some(taken);
    }
    let sample = sample.context("no runs")?;
    println!("bytes {}\nparse_ns {}\ntotal_ns {}", glocks.len() + glstats.len(), parse.as_nanos(), total.as_nanos());
    let counted: u64 = sample.types.iter().map(|figures| figures.waiting).sum();
    let contended = sample.glocks.iter().filter(|glock| waiting(glock) > 0).count();
    let listed: usize = sample.glocks.iter().map(waiting).sum();
    println!("contended {contended}\ncounted {counted}\nlisted {listed}");
    Ok(())
}

fn refresh(reader: &mut GlockReader, files: &dyn NodeFiles, round: u32) -> anyhow::Result<Gfs2Sample> {
    let seconds = 1000 + ROUND_S * u64::from(round);
    let mut now = || NodeClock { monotonic_ns: seconds * 1_000_000_000, realtime_us: None };
    let look = Look::default();
    // Nothing is traced in generated files.
    let traced = OfMount::default();
    let wanted = Wanted { look: &look, all: false, most: MOST, traced: &traced };
    reader.sample(files, &mut now, wanted).map_err(|fault| anyhow::anyhow!("{fault}"))
}

fn waiting(glock: &GlockSample) -> usize {
    glock.holders.iter().filter(|holder| holder.waiting).count()
}

/// The rows of a screen: those that are waited for first, then the most used ones.
fn rank(sample: &Gfs2Sample) -> Vec<&GlockSample> {
    let mut rows: Vec<&GlockSample> = sample.glocks.iter().collect();
    let key = |glock: &&GlockSample| {
        let used = glock.stats.as_ref().map_or((0, 0), |stats| (stats.dlm_requests, stats.queued));
        Reverse((waiting(glock) as u64 + glock.holders_omitted, used))
    };
    if rows.len() > RANKED {
        rows.select_nth_unstable_by_key(RANKED, key);
        rows.truncate(RANKED);
    }
    rows.sort_by_cached_key(key);
    rows
}

fn parse_glocks(bytes: &[u8]) -> anyhow::Result<()> {
    let mut rest = bytes;
    while let Some((line, tail)) = split_line(rest) {
        black_box(glocks::parse_line(black_box(line))?);
        rest = tail;
    }
    Ok(())
}

fn parse_glstats(bytes: &[u8]) -> anyhow::Result<()> {
    let mut rest = bytes;
    while let Some((line, tail)) = split_line(rest) {
        black_box(glstats::parse_line(black_box(line))?);
        rest = tail;
    }
    Ok(())
}

/// The files of one frame that the reader reads, in memory.
struct Memory(BTreeMap<String, Arc<[u8]>>);

impl Memory {
    fn load(root: &Path) -> anyhow::Result<Memory> {
        let mut files = BTreeMap::new();
        for name in ["glocks", "glstats", "sbstats"] {
            let path = debug_file(root, name);
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            files.insert(format!("/sys/kernel/debug/gfs2/{TABLE}/{name}"), bytes.into());
        }
        Ok(Memory(files))
    }

    fn file(&self, name: &str) -> anyhow::Result<Arc<[u8]>> {
        self.0.get(&format!("/sys/kernel/debug/gfs2/{TABLE}/{name}")).cloned().context("no such file")
    }

    fn open(&self, path: &str) -> io::Result<Cursor<Arc<[u8]>>> {
        self.0.get(path).cloned().map(Cursor::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl NodeFiles for Memory {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, _path: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>> {
        Ok(vec![Dump {
            reader: Box::new(self.open(path)?),
            identity: None,
            recorded_reads: None,
            recorded_clock: None,
            recorded_wall_us: None,
            live: true,
        }])
    }

    fn can_repeat(&self) -> bool {
        true
    }

    fn tasks(&self, _request: &TaskRequest) -> TasksSample {
        TasksSample::default()
    }
}
