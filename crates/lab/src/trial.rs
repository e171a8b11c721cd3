//! End-to-end tests: our programs against real kernels. `cargo xtask lab test [FILTER]`.
//!
//! All run on one boot, in the order of [`TRIALS`]: those that take a node down come last. Each leaves the lab as it found it, so
//! that all can be run again. Nothing waits for a fixed time: each step has a deadline.

use crate::lab::Lab;
use crate::plan::FileSystem::{self, Ocfs2};
use crate::{evidence, fault, interrupt, programs, progress};
use anyhow::{Context as _, ensure};
use clap::Args;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::{LONG, TRIALS};

mod article;
mod completeness;
mod doctor;
mod faults;
mod fencing;
mod flock;
mod gfs2;
mod hot;
mod inside;
mod lock;
mod numbers;
mod reading;
mod remnants;
mod stack;
mod start;
mod table;
mod tracing;
mod waits;
mod watch;

/// Options of `test`.
#[derive(Debug, Args)]
pub struct Options {
    /// Only tests whose name has this in it
    filter: Option<String>,
    /// Only the core set, for slow engines
    #[arg(long)]
    core: bool,
    /// Without those that wait for minutes: most about fencing, and the thousands of turns of `o2cb lock`
    #[arg(long)]
    short: bool,
    /// Tell the tests' names
    #[arg(long)]
    list: bool,
    /// Use the programs as they were built last
    #[arg(long)]
    no_build: bool,
    /// Run a test that failed so many times again, at the end; it is told that it had failed
    #[arg(long, default_value_t = 0)]
    retry: u32,
}

/// One end-to-end test.
struct Trial {
    name: &'static str,
    /// What must hold.
    claim: &'static str,
    /// Part of the core set.
    core: bool,
    /// The file system that it is about: without it in the lab, it is skipped.
    on: FileSystem,
    run: fn(&mut Bench) -> anyhow::Result<()>,
}

/// What a test works with.
struct Bench {
    lab: Lab,
    /// The program under test, as built for this machine.
    dlmtop: PathBuf,
    /// Where what a test writes is kept if it fails.
    scratch: PathBuf,
    /// Time between samples.
    interval: Duration,
    /// The file system that the test is about.
    on: FileSystem,
}

/// Runs the tests.
pub fn run(name: &str, options: &Options) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Trial> = TRIALS
        .iter()
        .filter(|trial| options.filter.as_ref().is_none_or(|part| trial.name.contains(part.as_str())))
        .filter(|trial| (trial.core || !options.core) && !(options.short && LONG.contains(&trial.name)))
        .collect();
    ensure!(!chosen.is_empty(), "no test has {:?} in its name; all: cargo xtask lab test --list", options.filter.as_deref().unwrap_or(""));
    if options.list {
        let mut out = std::io::stdout().lock();
        for trial in chosen {
            let core = if trial.core { ", core" } else { "" };
            writeln!(out, "{:20} {} ({}{core})", trial.name, trial.claim, trial.on.word())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let lab = Lab::open(name)?;
    ensure!(lab.plan.nodes == 3 && lab.running().len() == 3, "the tests need three nodes that run: cargo xtask lab up");
    let dlmtop = if options.no_build { programs::built_dlmtop()? } else { programs::push(&lab, &lab.nodes())? };
    let interval = match lab.plan.engine {
        crate::plan::Engine::Uml => Duration::from_secs(2),
        crate::plan::Engine::Qemu => Duration::from_secs(4),
    };
    let scratch = lab.place.directory().join("scratch");
    let mut bench = Bench { lab, dlmtop, scratch, interval, on: Ocfs2 };
    let (able, skipped): (Vec<&Trial>, Vec<&Trial>) = chosen.into_iter().partition(|trial| bench.lab.plan.file_systems.contains(&trial.on));
    for trial in &skipped {
        eprintln!("--- {}: skipped, the lab has no {}: lab up --fs ocfs2,gfs2", trial.name, trial.on.word());
    }
    let (mut passed, mut unsteady, mut left) = (0, Vec::new(), able);
    for attempt in 0..=options.retry {
        let mut failed = Vec::new();
        for trial in left {
            if run_one(&mut bench, trial)? {
                passed += 1;
                if attempt > 0 {
                    unsteady.push(trial.name);
                }
            } else {
                failed.push(trial);
            }
        }
        left = failed;
    }
    crate::cache::discard(&bench.scratch)?;
    let mut out = std::io::stdout().lock();
    if !unsteady.is_empty() {
        writeln!(out, "passed only when run again: {}", unsteady.join(", "))?;
    }
    if !left.is_empty() {
        writeln!(out, "failed: {}", left.iter().map(|trial| trial.name).collect::<Vec<_>>().join(", "))?;
    }
    let more = if skipped.is_empty() { String::new() } else { format!(", {} skipped", skipped.len()) };
    writeln!(out, "{passed} passed, {} failed{more}", left.len())?;
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one test. If it fails, keeps what it left and makes the lab well for the next.
fn run_one(bench: &mut Bench, trial: &Trial) -> anyhow::Result<bool> {
    interrupt::check()?;
    crate::cache::discard(&bench.scratch)?;
    std::fs::create_dir_all(&bench.scratch)?;
    bench.on = trial.on;
    eprintln!("--- {}: {}", trial.name, trial.claim);
    let began = Instant::now();
    let result = (trial.run)(bench);
    let seconds = began.elapsed().as_secs_f64();
    let Err(error) = result else {
        progress::say(&format!("passed: {} ({seconds:.1} s)", trial.name));
        return Ok(true);
    };
    interrupt::check()?;
    progress::say(&format!("FAILED: {} ({seconds:.1} s): {error:#}", trial.name));
    match evidence::keep(&bench.lab, &bench.scratch, trial.name, &format!("{error:#}")) {
        Ok(place) => eprintln!("    what it left is in {}", place.display()),
        Err(error) => eprintln!("    keeping what it left failed: {error:#}"),
    }
    heal(&mut bench.lab).context("making the lab well for the next test")?;
    Ok(false)
}

/// Undoes whatever fault a failed test left.
fn heal(lab: &mut Lab) -> anyhow::Result<()> {
    for node in lab.nodes() {
        for role in crate::network::ROLES {
            lab.network.join(role, node, 0)?;
        }
        match lab.process(node) {
            Ok(process) => process.resume()?,
            Err(_) => fault::power::start(lab, node, false)?,
        }
    }
    let nodes = lab.nodes();
    for &node in &nodes {
        interrupt::wait_for(&format!("node{node} answering ssh"), Duration::from_secs(60), || Ok(lab.ssh.answers(node).then_some(())))?;
        fault::debugfs(lab, node, true)?;
        let remote = "pkill lab-guest; pkill -x dlmtop; mountpoint -q /mnt/other && umount /mnt/other; true";
        lab.ssh.run(node, remote, crate::stack::STEP).with_context(|| format!("making node{node} well"))?;
        for file_system in &lab.plan.file_systems {
            let kind = file_system.word();
            let remote = format!("mountpoint -q /mnt/{kind} || mount -t {kind} /dev/mapper/{kind} /mnt/{kind}");
            lab.ssh.run(node, &remote, crate::stack::STEP).with_context(|| format!("making node{node} well"))?;
        }
    }
    programs::push_built(lab, &nodes)
}
