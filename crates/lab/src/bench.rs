//! What watching costs real kernels: measured on a running lab, printed as tables for docs/benchmarks.md.

use crate::lab::Lab;
use crate::plan::FileSystem;
use crate::stack::ocfs2;
use crate::{programs, progress};
use anyhow::{Context as _, ensure};
use clap::Args;
use cost::Cost;
use locks::Locks;
use start::Start;
use std::io::Write as _;
use watched::Watched;

mod cost;
mod figures;
mod locks;
mod start;
mod viewer;
mod watched;

/// Options of `bench`.
#[derive(Debug, Args)]
#[command(after_help = "100000 locks need memory, or the node evicts their inodes: cargo xtask lab up --memory 1500\n\
    Leave the machine to the lab alone meanwhile: nodes share its processors.")]
pub struct Options {
    /// Numbers of locks to measure at, ascending; made on the first node that runs
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000], value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    locks: Vec<u64>,
    /// How often each is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    runs: u64,
    /// Refreshes of a viewer in each run; below 100000 locks more are needed, or the collector's CPU is too little to tell
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    refreshes: u64,
}

/// Measures.
pub fn run(lab: &Lab, options: &Options) -> anyhow::Result<()> {
    let nodes = lab.running();
    let node = *nodes.first().with_context(|| format!("no node of the lab {:?} runs", lab.place.name()))?;
    ensure!(lab.plan.file_systems.contains(&FileSystem::Ocfs2), "the lab {:?} has no OCFS2", lab.place.name());
    ensure!(options.locks.is_sorted(), "--locks: ascending, please: locks are added");
    progress::say("building our programs");
    let dlmtop = programs::build("dlmtop")?;
    let before = load()?;
    let uuid = ocfs2::uuid(lab, node, "ocfs2")?;

    let start = Start::measure(lab, &dlmtop, &nodes, options.runs)?;
    let mut locks = Locks::none(lab, node, &uuid, &format!("{}/bench", ocfs2::MOUNT_POINT))?;
    let (mut costs, mut watched) = (Vec::new(), Vec::new());
    for &wanted in &options.locks {
        let have = locks.grow(wanted, wanted / watched::ACTIVE_OF)?;
        progress::say(&format!("{wanted} locks: reading"));
        let cost = Cost::measure(lab, node, &uuid, have, options.runs)?;
        watched.push(Watched::measure(lab, node, &dlmtop, &locks, &cost, options.runs, options.refreshes)?);
        costs.push(cost);
    }
    progress::say("removing the files");
    locks.remove()?;

    let plan = &lab.plan;
    let processors = std::thread::available_parallelism()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} nodes in {} with Linux {}, {} MiB each, on {processors} processors; load of the machine (1, 5, 15 min) {before} before, {} after.\n",
        nodes.len(),
        plan.engine.name(),
        plan.kernel.name(),
        plan.memory,
        load()?
    )?;
    writeln!(out, "{}\n{}\n{}", cost::tables(&costs), watched::tables(&watched), start::table(&start))?;
    Ok(())
}

/// The machine's load averages.
fn load() -> anyhow::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(", "))
}
