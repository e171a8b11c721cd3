//! The floor: `wc -l` on the same files. It looks for line ends only.

use super::{ROUNDS, Size};
use crate::{cpu, generate};
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Records per run. Where the kernel tells user from system time by its tick, shorter runs tell chance.
const RECORDS: u64 = 10_000_000;
/// The best of so many runs counts.
const RUNS: u32 = 3;

/// What was measured.
pub struct Result {
    /// User CPU time per record, ns: the search for line ends.
    pub user_ns: f64,
    /// User and system CPU time per record, ns: with read(2) from the page cache.
    pub total_ns: f64,
}

/// Measures `wc -l`; the run with the least CPU time counts.
pub fn measure(directory: &Path, size: Size) -> anyhow::Result<Result> {
    let files: Vec<_> = (1..=size.nodes).map(|node| generate::file(directory, node, ROUNDS)).collect();
    let repeat = (RECORDS / size.total()).clamp(1, 3000);
    let mut best = Result { user_ns: f64::MAX, total_ns: f64::MAX };
    for _ in 0..RUNS {
        let before = cpu::children()?;
        let mut command = Command::new("wc");
        command.arg("-l").stdout(Stdio::piped());
        for _ in 0..repeat {
            command.args(&files);
        }
        let output = command.output().context("wc does not start")?;
        ensure!(output.status.success(), "wc failed");
        let text = String::from_utf8(output.stdout)?;
        // The last line is the total (or the only file's).
        let last = text.lines().last().and_then(|line| line.split_whitespace().next()).context("wc printed nothing")?;
        let (after, records) = (cpu::children()?, last.parse::<f64>()?);
        let per_record = |after: Duration, before| after.saturating_sub(before).as_nanos() as f64 / records;
        let user_ns = per_record(after.user, before.user);
        let total_ns = user_ns + per_record(after.system, before.system);
        if total_ns < best.total_ns {
            best = Result { user_ns, total_ns };
        }
    }
    Ok(best)
}
