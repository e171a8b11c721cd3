//! `cargo xtask gen-gfs2`: writes a node with a GFS2 as a time series that `dlmtop --from` plays. Each frame's folder of the
//! node is laid out as the node's own file tree.

use crate::glocks::{Gfs2Node, Gfs2Shape};
use anyhow::Context as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// The lock table's name.
pub const TABLE: &str = "bench:gfs";
/// The node's name.
pub const NODE: &str = "node1";
/// Time of the first frame, seconds since the epoch.
const START_S: u64 = 1_795_295_000;
/// Time between frames, seconds.
pub const ROUND_S: u64 = 2;

/// What to generate.
#[derive(clap::Args)]
pub struct Options {
    /// Directory to write to: `frames/0001/node1/sys/kernel/debug/…` and so on.
    directory: PathBuf,
    /// Glocks.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    glocks: u32,
    /// Frames, two seconds apart. Of more than 50,000 glocks dlmtop tells counts from the fifth one on.
    #[arg(long, default_value_t = 6)]
    rounds: u32,
    /// Share of the glocks used between two frames.
    #[arg(long, default_value_t = 0.05)]
    active: f64,
    /// Use other glocks between each two frames, instead of the same ones.
    #[arg(long)]
    moving: bool,
    /// Glocks that are waited for.
    #[arg(long, default_value_t = 20)]
    contended: u32,
    /// Processes that wait for each of them.
    #[arg(long, default_value_t = 1)]
    waiters: u32,
    /// Processes that wait for one more glock.
    #[arg(long, default_value_t = 0)]
    crowd: u32,
    /// Another seed gives other numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let shape = Gfs2Shape {
        glocks: options.glocks as usize,
        active: options.active,
        moving: options.moving,
        contended: options.contended as usize,
        waiters: options.waiters as usize,
        crowd: options.crowd as usize,
        seed: options.seed,
    };
    let node = write(&shape, options.rounds, &options.directory)?;
    println!("{} processes wait for {} glocks", node.waiting(), node.contended());
    Ok(())
}

/// Writes `rounds` frames; returns the node as it is in the last one.
pub fn write(shape: &Gfs2Shape, rounds: u32, directory: &Path) -> anyhow::Result<Gfs2Node> {
    let mut node = Gfs2Node::new(shape);
    for round in 1..=rounds {
        if round > 1 {
            node.advance();
        }
        let root = root(directory, round);
        frame(&node, round, &root).with_context(|| root.display().to_string())?;
    }
    Ok(node)
}

/// The folder that stands for the node's file tree in one frame.
pub fn root(directory: &Path, round: u32) -> PathBuf {
    directory.join(format!("frames/{round:04}/{NODE}"))
}

/// A file of the node.
pub fn debug_file(root: &Path, file: &str) -> PathBuf {
    root.join(format!("sys/kernel/debug/gfs2/{TABLE}/{file}"))
}

fn frame(node: &Gfs2Node, round: u32, root: &Path) -> io::Result<()> {
    let seconds = START_S + ROUND_S * u64::from(round);
    small(root, "meta", &format!("realtime {seconds}.000\nuptime {}.00\nslot_due {seconds}.000\n", 1000 + ROUND_S * u64::from(round)))?;
    let mounts = "debugfs /sys/kernel/debug debugfs rw,relatime 0 0\n/dev/vdb /mnt/gfs2 gfs2 rw,relatime,rgrplvb 0 0\n";
    small(root, "proc/mounts", mounts)?;
    let sysfs = format!("sys/fs/gfs2/{TABLE}");
    let facts = [("id", "254:16"), ("withdraw", "0"), ("freeze", "0"), ("lock_module/proto_name", "lock_dlm"), ("lock_module/jid", "0")];
    for (file, text) in facts {
        small(root, &format!("{sysfs}/{file}"), &format!("{text}\n"))?;
    }
    small(root, &format!("sys/kernel/debug/gfs2/{TABLE}/sbstats"), &node.sbstats())?;
    large(&debug_file(root, "glocks"), |each| node.glocks(each))?;
    large(&debug_file(root, "glstats"), |each| node.glstats(each))?;
    small(root, "sys/kernel/debug/dlm/gfs_waiters", "")?;
    large(&root.join("sys/kernel/debug/dlm/gfs_locks"), |each| node.dlm_locks(|line| each(line.as_bytes())))?;
    large(&root.join("sys/kernel/debug/dlm/gfs_all"), |each| node.dlm_all(|line| each(line.as_bytes())))
}

fn small(root: &Path, file: &str, text: &str) -> io::Result<()> {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    fs::write(path, text)
}

/// A file whose pieces are handed out one by one.
fn large(path: &Path, pieces: impl FnOnce(&mut dyn FnMut(&[u8]))) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut result = Ok(());
    pieces(&mut |piece| {
        if result.is_ok() {
            result = file.write_all(piece);
        }
    });
    result?;
    file.flush()
}
