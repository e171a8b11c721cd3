//! Stepping the node's clock.

use crate::event;
use anyhow::Context as _;
use clap::Args;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime, clock_settime};
use serde_json::json;
use std::time::Duration;

/// How far.
#[derive(Args)]
pub struct Options {
    /// Seconds to add to the node's clock; may be negative and have a fraction.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, value_parser = step)]
    step: f64,
}

/// Reads a step; more than three years is a mistake.
fn step(text: &str) -> Result<f64, String> {
    let step: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if step.abs() < 1e8 { Ok(step) } else { Err("not within 1e8 seconds".to_owned()) }
}

/// Steps it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let before = Duration::from(clock_gettime(ClockId::CLOCK_REALTIME).context("reading CLOCK_REALTIME")?);
    let by = Duration::from_secs_f64(options.step.abs());
    let target = if options.step < 0.0 { before.checked_sub(by).context("a time before 1970")? } else { before + by };
    clock_settime(ClockId::CLOCK_REALTIME, TimeSpec::from(target)).context("setting CLOCK_REALTIME")?;
    let after = Duration::from(clock_gettime(ClockId::CLOCK_REALTIME).context("reading CLOCK_REALTIME")?);
    let fields = json!({ "before": micros(before), "after": micros(after), "step": options.step });
    Ok(event::emit("stepped", &fields)?)
}

fn micros(time: Duration) -> f64 {
    event::seconds(time.as_micros() as u64)
}
