//! `cargo xtask bench`: our cost of reading dumps, o2locktop's on the same text, and the floor, side by side in one run.

use crate::dumps::Shape;
use crate::{generate, paths};
use std::fs;
use std::path::{Path, PathBuf};

mod floor;
pub mod ours;
mod peer;
mod report;

/// Dumps of one run; the last one is measured, in a steady state.
const ROUNDS: u32 = 3;

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Sizes as `LOCKSxNODES`.
    #[arg(value_parser = size, default_values = ["1000x1", "10000x1", "100000x1", "100000x3", "100000x8", "1000000x1"])]
    sizes: Vec<Size>,
    /// Run o2locktop at a million locks, too: minutes, and 5 GB of memory.
    #[arg(long)]
    all: bool,
    /// Leave o2locktop out.
    #[arg(long)]
    no_peer: bool,
    /// Dumps that lack no record, instead of one for each read(2) as the kernel's do.
    #[arg(long)]
    complete: bool,
}

/// One size of cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Locks on each node.
    pub locks: u32,
    /// Nodes.
    pub nodes: u32,
}

impl Size {
    fn total(self) -> u64 {
        u64::from(self.locks) * u64::from(self.nodes)
    }

    /// Small sizes are run more often: the best of several counts.
    fn runs(self) -> u32 {
        (1_500_000 / self.total()).clamp(3, 30) as u32
    }
}

fn size(text: &str) -> Result<Size, String> {
    let (locks, nodes) = text.split_once('x').ok_or("expected LOCKSxNODES, such as 100000x3")?;
    let number = |text: &str, most: u32| text.parse().ok().filter(|value| (1..=most).contains(value));
    match (number(locks, 1_000_000), number(nodes, 8)) {
        (Some(locks), Some(nodes)) => Ok(Size { locks, nodes }),
        _ => Err("expected at most 1000000 locks and 8 nodes".to_owned()),
    }
}

/// All that is measured of one size.
pub struct Row {
    size: Size,
    ours: ours::Result,
    peer: Option<peer::Result>,
    floor: floor::Result,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let scratch = Scratch::new(&paths::target().join("bench"))?;
    let python = if options.no_peer { None } else { Some(peer::install(&paths::target().join("o2locktop"))?) };
    let mut rows = Vec::new();
    for &size in &options.sizes {
        eprintln!("{} locks on {} nodes …", size.locks, size.nodes);
        let shape = Shape { locks: size.locks as usize, complete: options.complete, ..Shape::default() };
        generate::write(&shape, size.nodes, ROUNDS, &scratch.0)?;
        let ours = ours::measure(&scratch.0, size)?;
        let floor = floor::measure(&scratch.0, size)?;
        let python = python.as_deref().filter(|_| options.all || size.total() < 1_000_000);
        let peer = python.map(|python| peer::measure(python, &scratch.0, size)).transpose()?;
        rows.push(Row { size, ours, peer, floor });
    }
    report::print(&rows);
    Ok(())
}

/// A directory for generated dumps, removed in the end: a million locks are a gigabyte.
pub struct Scratch(PathBuf);

impl Scratch {
    /// The directory, made.
    pub fn new(path: &Path) -> anyhow::Result<Scratch> {
        fs::create_dir_all(path)?;
        Ok(Scratch(path.to_owned()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `key value` lines as a child prints them.
pub fn value(output: &str, key: &str) -> anyhow::Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    Ok(line.ok_or_else(|| anyhow::anyhow!("no {key} in: {output}"))?.trim().parse()?)
}
