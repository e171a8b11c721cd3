//! `cargo xtask gen`: writes generated dumps, one file for each node and round.

use crate::dumps::{NodeLocks, Shape};
use anyhow::Context as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// What to generate.
#[derive(clap::Args)]
pub struct Options {
    /// Directory to write to: files `node1.round1`, `node1.round2`, …
    directory: PathBuf,
    /// Locks on each node.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    locks: u32,
    /// Nodes.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    nodes: u32,
    /// Dumps of each node, two seconds apart.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Share of the locks used between two dumps.
    #[arg(long, default_value_t = 0.05)]
    active: f64,
    /// Share of the files whose M lock has an LVB.
    #[arg(long, default_value_t = 0.3)]
    lvb: f64,
    /// Print LVB bytes from 0x80 on as 0x80 (Linux 6.2 and arm64) instead of 0xffffff80.
    #[arg(long)]
    unsigned_lvb: bool,
    /// Version of the format.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=4))]
    version: u32,
    /// Leave out no record; the kernel loses one for each read(2).
    #[arg(long)]
    complete: bool,
    /// Another seed gives other counters, users and losses.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let shape = Shape {
        locks: options.locks as usize,
        active: options.active,
        lvb: options.lvb,
        signed_lvb: !options.unsigned_lvb,
        version: options.version,
        complete: options.complete,
        seed: options.seed,
    };
    write(&shape, options.nodes, options.rounds, &options.directory)
}

/// Writes `rounds` dumps of each node into `directory`.
pub fn write(shape: &Shape, nodes: u32, rounds: u32, directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    for node in 1..=nodes {
        let mut locks = NodeLocks::new(shape, node);
        for round in 1..=rounds {
            if round > 1 {
                locks.advance();
            }
            let path = file(directory, node, round);
            write_dump(&locks, &path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// The file of one node's dump.
pub fn file(directory: &Path, node: u32, round: u32) -> PathBuf {
    directory.join(format!("node{node}.round{round}"))
}

fn write_dump(locks: &NodeLocks, path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut result = Ok(());
    locks.lines(|line| {
        if result.is_ok() {
            result = file.write_all(line.as_bytes());
        }
    });
    result?;
    file.flush()
}
