//! From start to the first numbers over ssh, against the handshake alone.

use super::figures::{Spread, text};
use super::viewer::Viewer;
use crate::lab::Lab;
use crate::progress;
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The first numbers come at most so much later than the handshake alone takes, seconds.
const GOAL: f64 = 1.5;

/// The figures, seconds.
#[derive(Default)]
pub struct Start {
    nodes: usize,
    handshake: Vec<f64>,
    numbers: Vec<f64>,
}

impl Start {
    /// Measures both in turn.
    pub fn measure(lab: &Lab, dlmtop: &Path, nodes: &[u8], runs: u64) -> anyhow::Result<Start> {
        let mut start = Start { nodes: nodes.len(), ..Start::default() };
        for run in 1..=runs {
            progress::say(&format!("start over ssh, run {run} of {runs}"));
            let began = Instant::now();
            crate::ssh::on_each(nodes, |node| handshake(lab, node))?;
            start.handshake.push(began.elapsed().as_secs_f64());
            let began = Instant::now();
            Viewer::start(lab, dlmtop, nodes, 2.0)?.fresh()?;
            start.numbers.push(began.elapsed().as_secs_f64());
        }
        Ok(start)
    }
}

/// A connection of its own, as a viewer's: nothing that is kept is used.
fn handshake(lab: &Lab, node: u8) -> anyhow::Result<()> {
    let mut command = Command::new("ssh");
    command.arg("-F").arg(lab.place.ssh_config()).args(["-o", "ControlPath=none", &format!("node{node}"), "true"]);
    let output = crate::tool::output(command, &[], Duration::from_secs(120)).with_context(|| format!("node{node}"))?;
    ensure!(output.status.success(), "node{node}: ssh true: {}\n{}", output.status, output.said());
    Ok(())
}

/// The table.
pub fn table(start: &Start) -> String {
    let more = start.numbers.iter().zip(&start.handshake).map(|(numbers, handshake)| numbers - handshake);
    let more: Vec<f64> = more.collect();
    let reached = Spread::of(more.iter().copied()).is_some_and(|more| more.median <= GOAL);
    format!(
        "From start to the first numbers of all nodes (min / median / max of {} runs):\n\n\
         | nodes | `ssh NODE true` on all at once, s | first numbers of all, s | difference, s | ratio | goal: at most {GOAL} s more |\n\
         |---|---|---|---|---|---|\n| {} | {} | {} | {} | {} | {} |\n",
        start.numbers.len(),
        start.nodes,
        text(start.handshake.iter().copied(), 2),
        text(start.numbers.iter().copied(), 2),
        text(more.iter().copied(), 2),
        text(start.numbers.iter().zip(&start.handshake).map(|(numbers, handshake)| numbers / handshake), 1),
        if reached { "reached" } else { "NOT REACHED" },
    )
}
