//! glocktop of Debian's gfs2-utils, fed with the same files through a preloaded shim (`glocktop_shim.c`).

use crate::cpu;
use crate::generate_gfs2::{TABLE, root};
use anyhow::{Context as _, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SHIM: &str = include_str!("glocktop_shim.c");

/// What glocktop needs to run here.
pub struct Peer {
    shim: PathBuf,
    image: PathBuf,
    /// The package's version.
    pub version: String,
}

/// What was measured.
pub struct Result {
    /// CPU time of one report, user and system, ns.
    pub once_ns: f64,
    /// CPU time of one report without the DLM's part (`-D`), ns.
    pub without_dlm_ns: f64,
    /// Glocks with waiters that it shows.
    pub contended: usize,
    /// Processes that its summary counts as waiting.
    pub counted: u64,
    /// Waiting processes that it shows one by one.
    pub listed: usize,
    /// Lines about DLM locks.
    pub dlm_lines: usize,
}

impl Peer {
    /// Builds the shim and an empty file system whose superblock glocktop looks at.
    pub fn prepare(scratch: &Path) -> anyhow::Result<Peer> {
        let (source, shim, image) = (scratch.join("shim.c"), scratch.join("shim.so"), scratch.join("image"));
        fs::write(&source, SHIM)?;
        run(Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&shim).arg(&source).arg("-ldl")).context("cc")?;
        File::create(&image)?.set_len(300 << 20)?;
        let mut mkfs = Command::new("mkfs.gfs2");
        mkfs.args(["-q", "-O", "-p", "lock_dlm", "-t", TABLE, "-j", "1", "-J", "32"]).arg(&image).stdout(Stdio::null());
        run(&mut mkfs).context("mkfs.gfs2 (apt-get install gfs2-utils, or leave glocktop out with --no-peer)")?;
        let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", "gfs2-utils"]).output();
        let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        Ok(Peer { shim, image, version })
    }

    /// One report of the last round; the run with the least CPU time of five counts.
    pub fn measure(&self, directory: &Path, rounds: u32) -> anyhow::Result<Result> {
        let root = root(directory, rounds);
        let mut best = Result { once_ns: f64::MAX, without_dlm_ns: f64::MAX, contended: 0, counted: 0, listed: 0, dlm_lines: 0 };
        for _ in 0..5 {
            let (spent_ns, text) = self.report(&root, &[])?;
            best.once_ns = best.once_ns.min(spent_ns);
            best.without_dlm_ns = best.without_dlm_ns.min(self.report(&root, &["-D"])?.0);
            let lines = || text.lines().map(str::trim_start);
            let waits = |line: &str| {
                line.starts_with("H: ")
                    && line.split(" f:").nth(1).is_some_and(|flags| flags.split(' ').next().is_some_and(|flags| flags.contains('W')))
            };
            best.listed = lines().filter(|line| waits(line)).count();
            best.contended = lines().filter(|line| line.starts_with("U: ") && line.contains(" W ") && line.contains("Want:")).count();
            best.dlm_lines = lines().filter(|line| line.starts_with("D: ")).count();
            let total = lines().find_map(|line| line.strip_prefix("S P Waiting:")?.split_whitespace().last()?.parse().ok());
            best.counted = total.unwrap_or(0);
        }
        Ok(best)
    }

    fn report(&self, root: &Path, options: &[&str]) -> anyhow::Result<(f64, String)> {
        let mut command = Command::new("glocktop");
        command.args(["-n", "1", "-d", "1", "-s", "1"]).args(options);
        command.env("LD_PRELOAD", &self.shim).env("BENCH_ROOT", root).env("BENCH_DEVICE", &self.image).stdin(Stdio::null());
        let before = cpu::children()?;
        let output = command.stderr(Stdio::inherit()).output().context("glocktop does not start")?;
        let after = cpu::children()?;
        ensure!(output.status.success(), "glocktop failed");
        Ok((after.since(&before).as_nanos() as f64, String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    ensure!(command.status()?.success(), "it failed");
    Ok(())
}
