//! o2locktop 1.0.10, installed as its users install it, its collector fed with the same text.

use super::{ROUNDS, Size, value};
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version that is measured.
pub const VERSION: &str = "1.0.10";
/// Feeds dumps to o2locktop's classes and measures a refresh.
const DRIVER: &str = include_str!("../o2locktop_driver.py");

/// What was measured.
pub struct Result {
    /// CPU time per record of one refresh, third dump, ns.
    pub total_ns: f64,
    /// Peak memory, MiB.
    pub peak_mib: f64,
}

/// Installs o2locktop into a virtual environment of its own; returns the environment's Python.
pub fn install(directory: &Path) -> anyhow::Result<PathBuf> {
    let python = directory.join("bin/python3");
    let installed = directory.join(format!("installed-{VERSION}"));
    if !installed.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(directory)).context("python3 -m venv")?;
        let package = format!("o2locktop=={VERSION}");
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package]))
            .with_context(|| format!("pip install {package} (leave it out with --no-peer)"))?;
        std::fs::write(&installed, "")?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    ensure!(command.status()?.success(), "it failed");
    Ok(())
}

/// Runs the driver; the best of several runs counts for time.
pub fn measure(python: &Path, directory: &Path, size: Size) -> anyhow::Result<Result> {
    let runs = match size.total() {
        0..=100_000 => 3,
        100_001..=300_000 => 2,
        _ => 1,
    };
    let mut best = Result { total_ns: f64::MAX, peak_mib: f64::MAX };
    for _ in 0..runs {
        let mut command = Command::new(python);
        command.args(["-c", DRIVER]).arg(directory).args([size.nodes.to_string(), ROUNDS.to_string()]);
        let output = command.stderr(Stdio::inherit()).output().context("the driver does not start")?;
        ensure!(output.status.success(), "o2locktop's driver failed");
        let text = String::from_utf8(output.stdout)?;
        best.total_ns = best.total_ns.min(value(&text, "total_ns")?);
        best.peak_mib = best.peak_mib.min(value(&text, "peak_kib")? / 1024.0);
    }
    Ok(best)
}
