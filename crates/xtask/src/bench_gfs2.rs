//! `cargo xtask bench-gfs2`: our cost of reading a node's glocks, and glocktop's on the same files, side by side in one run.

use crate::bench::Scratch;
use crate::glocks::Gfs2Shape;
use crate::{generate_gfs2, paths};
use std::path::Path;

pub mod ours;
mod peer;
mod report;

/// Frames of one run; the last one is measured. From the fifth on the active ones of very many glocks are told.
const ROUNDS: u32 = 6;

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Numbers of glocks.
    #[arg(value_parser = clap::value_parser!(u32).range(1000..=10_000_000), default_values = ["10000", "100000", "1000000"])]
    sizes: Vec<u32>,
    /// Leave glocktop out.
    #[arg(long)]
    no_peer: bool,
    /// Only the first table: what reading costs.
    #[arg(long)]
    only_cost: bool,
}

/// One line of a table.
pub struct Row {
    what: String,
    glocks: u32,
    contended: u64,
    waiting: u64,
    ours: ours::Result,
    peer: Option<peer::Result>,
}

/// Peak memory by what is active, MiB.
pub struct Memory {
    glocks: u32,
    idle: f64,
    same: f64,
    moving: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let scratch = Scratch::new(&paths::target().join("bench-gfs2"))?;
    let peer = if options.no_peer { None } else { Some(peer::Peer::prepare(scratch.path())?) };
    let node = scratch.path().join("node");
    let mut costs = Vec::new();
    for &glocks in &options.sizes {
        eprintln!("{glocks} glocks …");
        let shape = Gfs2Shape { glocks: glocks as usize, ..Gfs2Shape::default() };
        costs.push(row("20 waiters on 20 glocks", &shape, &node, peer.as_ref())?);
    }
    report::costs(&costs, peer.as_ref().map(|peer| peer.version.as_str()));
    if options.only_cost {
        return Ok(());
    }
    let mut queues = Vec::new();
    for (what, contended, crowd) in [("5000 glocks, a waiter each", 5000, 0), ("1000 glocks, a waiter each; 7000 on one more", 1000, 7000)]
    {
        eprintln!("{what} …");
        let shape = Gfs2Shape { glocks: 100_000, contended, crowd, ..Gfs2Shape::default() };
        queues.push(row(what, &shape, &node, peer.as_ref())?);
    }
    report::queues(costs.iter().chain(&queues));
    let mut memory = Vec::new();
    for &glocks in &options.sizes {
        eprintln!("memory at {glocks} glocks …");
        let peak = |active, moving| {
            let shape = Gfs2Shape { glocks: glocks as usize, active, moving, ..Gfs2Shape::default() };
            generate_gfs2::write(&shape, ROUNDS, &node)?;
            ours::peak_mib(&node, ROUNDS)
        };
        memory.push(Memory { glocks, idle: peak(0.0, false)?, same: peak(0.05, false)?, moving: peak(0.05, true)? });
    }
    report::memory(&memory);
    report::goals(&costs, &queues, &memory);
    Ok(())
}

fn row(what: &str, shape: &Gfs2Shape, node: &Path, peer: Option<&peer::Peer>) -> anyhow::Result<Row> {
    let made = generate_gfs2::write(shape, ROUNDS, node)?;
    let runs = (2_000_000 / shape.glocks as u32).clamp(3, 20);
    let ours = ours::measure(node, ROUNDS, runs)?;
    let peer = peer.map(|peer| peer.measure(node, ROUNDS)).transpose()?;
    Ok(Row { what: what.to_owned(), glocks: shape.glocks as u32, contended: made.contended(), waiting: made.waiting(), ours, peer })
}
