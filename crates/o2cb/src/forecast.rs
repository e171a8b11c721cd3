//! What a cluster will do when its network splits, its storage hangs or fails, or a node is lost: who fences, when, by which rule.
//!
//! ```text
//! source (registered cluster, or files) ─► asked (faults) ─► engine, once for each of chance's ways ─► outlook ─► text, json
//! ```
//!
//! The engine is pure: it is a model of the kernel's heartbeat, connections and quorum, and knows no file and no clock.

mod asked;
mod blocked;
mod chance;
mod cluster;
mod engine;
mod event;
mod fault;
mod json;
mod outlook;
mod report;
mod source;
mod splits;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod timing;
mod words;

use crate::kernel::{Look, Machine};
use crate::place::Place;
use crate::stack::{Files, Sources};
use clap::Args;
use cluster::Node;
use report::Report;
use source::{Choice, Source, find};
use std::io::Write as _;
use timing::Settings;

/// Exit code where the arguments do not fit the cluster.
const USAGE: u8 = 2;

/// Options of `forecast`.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Cluster [default: the registered one, `O2CB_BOOTCLUSTER`, or the only one of the configuration]
    cluster: Option<String>,
    /// The network splits into groups, such as 1,2/3,4; one group: the others are the second
    #[arg(long, value_name = "NODE,.../NODE,...[:DURATION][+START]")]
    split: Vec<String>,
    /// Requests to a region (UUID, its beginning, device or *) do not return at a node (or *), such as *@db2:40s
    #[arg(long, value_name = "REGION@NODE[:DURATION][+START]")]
    stall: Vec<String>,
    /// Requests to a region fail at once at a node
    #[arg(long, value_name = "REGION@NODE[:DURATION][+START]")]
    io_error: Vec<String>,
    /// A node is lost without a word: power, panic, kill
    #[arg(long, value_name = "NODE[+START]")]
    kill: Vec<String>,
    /// These nodes are down already
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    down: Vec<String>,
    /// Compare with this heartbeat threshold
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=1_000_000))]
    threshold: Option<u32>,
    /// Compare with this network idle timeout, milliseconds
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=86_400_000))]
    idle_timeout: Option<u32>,
    /// `CONFIG_HZ` of the nodes' kernels [default: this kernel's, if /boot tells it; else 250]
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(24..=10_000))]
    hz: Option<u32>,
    /// Only what happens and what comes of it, without the cluster and its settings
    #[arg(long, conflicts_with = "json")]
    brief: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Forecasts. 2: the arguments do not fit the cluster.
pub fn run(place: &Place, options: &Options) -> anyhow::Result<u8> {
    match told(&Machine::new(place), &Files::new(place), place.is_config_file_named(), options)? {
        Ok(text) => {
            std::io::stdout().lock().write_all(text.as_bytes())?;
            Ok(0)
        }
        Err(wrong) => {
            crate::say(&format!("o2cb: {wrong}"));
            Ok(USAGE)
        }
    }
}

/// What is said; the inner error: why the arguments do not fit.
fn told(look: &dyn Look, sources: &dyn Sources, file_only: bool, options: &Options) -> anyhow::Result<Result<String, String>> {
    let choice = Choice { named: options.cluster.as_deref(), file_only, hz: options.hz };
    let source = find(look, sources, &choice)?;
    Ok(report(source, options).map(|report| if options.json { format!("{:#}\n", report.json()) } else { report.text(options.brief) }))
}

fn report(mut source: Source, options: &Options) -> Result<Report, String> {
    for named in &options.down {
        let is = |node: &Node| node.name == *named || node.number.to_string() == *named;
        if source.silent.iter().any(is) {
            continue;
        }
        let node = asked::node(&source.cluster, named)?;
        source.cluster = source.cluster.without(node);
    }
    if source.cluster.nodes.is_empty() {
        return Err("all nodes are down: there is nothing to forecast".to_owned());
    }
    let asked = asked::Asked { splits: &options.split, stalls: &options.stall, io_errors: &options.io_error, kills: &options.kill };
    let faults = asked.faults(&source.cluster)?;
    let now = source.cluster.settings;
    let other =
        Settings { threshold: options.threshold.unwrap_or(now.threshold), idle_ms: options.idle_timeout.unwrap_or(now.idle_ms), ..now };
    if other.idle_ms <= other.keepalive_ms {
        return Err(format!(
            "an idle timeout of {} ms is not above the keepalive delay of {} ms: the kernel refuses it",
            other.idle_ms, other.keepalive_ms
        ));
    }
    let asked_other = options.threshold.is_some() || options.idle_timeout.is_some();
    Report::new(source, faults, asked_other.then_some(other))
}
