//! A node's clock, stepped once and no more, though the word of it may be lost on its way.

use crate::lab::Lab;
use crate::stack::STEP;
use anyhow::Context as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Commands at most: each after the first follows one that failed without its step.
const ATTEMPTS: u32 = 3;

/// Adds `seconds` to the node's clock. A connection that dies meanwhile (exit 255 of ssh) leaves open whether the command ran: the clock
/// itself then tells, as far as the step is larger than what the two clocks may drift apart in the time of a command.
pub fn step(lab: &Lab, node: u8, seconds: f64) -> anyhow::Result<()> {
    lab.able(&[node])?;
    let wanted = ahead(lab, node)? + seconds;
    let mut attempt = 1;
    loop {
        let Err(error) = lab.ssh.run(node, &format!("lab-guest clock --step={seconds}"), STEP) else { return Ok(()) };
        if (wanted - ahead(lab, node)?).abs() < seconds.abs() / 2.0 {
            return Ok(());
        }
        if attempt == ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
    }
}

/// Seconds that the node's clock is ahead of ours, known to about the time of a command.
fn ahead(lab: &Lab, node: u8) -> anyhow::Result<f64> {
    // A second attempt, for a kept connection that has died.
    let text = lab.ssh.run(node, "date +%s.%N", STEP).or_else(|_| lab.ssh.run(node, "date +%s.%N", STEP))?;
    let theirs: f64 = text.trim().parse().with_context(|| format!("node{node}: date says {text:?}"))?;
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock before 1970")?;
    Ok(theirs - ours.as_secs_f64())
}
