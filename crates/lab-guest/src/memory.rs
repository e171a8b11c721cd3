//! Memory pressure on a node.

use crate::event;
use crate::stop::{Limits, Stop};
use anyhow::Context as _;
use clap::Args;
use serde_json::json;

/// How much to leave.
#[derive(Args)]
pub struct Options {
    /// How much memory the node keeps available, MiB.
    #[arg(long, value_name = "MIB")]
    leave: u64,
    #[command(flatten)]
    limits: Limits,
}

/// How much is taken at a time, and at a time near the end.
const BLOCKS: [u64; 2] = [16 << 20, 1 << 20];
const MIB: u64 = 1 << 20;

/// Takes and holds it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::watch(options.limits.until_eof)?;
    // If it was too much, this process is the one to end, not the lab's.
    std::fs::write("/proc/self/oom_score_adj", "1000").context("/proc/self/oom_score_adj")?;
    let before = available()?;
    event::emit("started", &json!({ "work": "memory", "available_mib": before / MIB }))?;
    let leave = options.leave * MIB;
    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut taken = 0;
    for block in BLOCKS {
        while stop.asked().is_none() && available()? >= leave + block {
            // Ones, not zeros: the kernel has no page of ones to give twice.
            held.push(std::hint::black_box(vec![1; block as usize]));
            taken += block;
        }
    }
    let now = available()?;
    event::emit("full", &json!({ "available_mib": now / MIB, "taken_mib": taken / MIB }))?;
    let reason = options.limits.wait(&stop);
    let end = available()?;
    drop(held);
    Ok(event::emit("done", &json!({ "work": "memory", "available_mib": end / MIB, "ended_by": reason.word() }))?)
}

/// `MemAvailable`, bytes.
fn available() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").context("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).context("no MemAvailable in /proc/meminfo")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>().context("MemAvailable in /proc/meminfo")? * 1024)
}
