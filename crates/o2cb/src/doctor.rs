//! `o2cb doctor`: what is wrong with this node's part of the cluster, why, and what to do; and what happened before. Looks only: nothing
//! is written, loaded or mounted, and what it cannot see it calls unknown.
//!
//! ```text
//! facts (files, disks, logs, sockets) ─► checks ─► report ─► text, json
//!                                   └──► story (kernel logs) ──┘
//! ```

mod all_nodes;
mod check;
mod checks;
mod facts;
mod json;
mod report;
mod story;
mod text;

pub use check::{Check, Finding, Severity, Verdict};
pub use checks::CHECKS;
pub use facts::Facts;
pub use report::Report;
pub use story::{Kind, Story};

use crate::kernel::Machine;
use crate::place::Place;
use crate::stack::Files;
use crate::volumes::Steady;
use clap::Args;
use collect::node::RootFiles;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Options of `doctor`.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Cluster [default: `O2CB_BOOTCLUSTER`, the registered one, or the only one of the configuration]
    cluster: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Ask all nodes of the configuration, over ssh, and lay what they say side by side
    #[arg(long)]
    all_nodes: bool,
    /// Do not connect to nodes that beat and are not connected
    #[arg(long)]
    no_probe: bool,
    /// How long heartbeats on disk are watched
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(4..=3600))]
    seconds: u64,
    /// Also this kernel log: of a console, netconsole, dmesg or journal; may be given again
    #[arg(long, value_name = "FILE")]
    kernel_log: Vec<PathBuf>,
}

impl Options {
    /// What other nodes are to do alike. Logs that were named are this host's.
    fn for_others(&self) -> Vec<String> {
        let mut words = vec!["doctor".to_owned(), "--json".to_owned(), format!("--seconds={}", self.seconds)];
        words.extend(self.no_probe.then(|| "--no-probe".to_owned()));
        words
    }
}

/// Examines this machine, or all. Exit code: 0 nothing is wrong, 1 something is, 3 nothing is and not all could be seen.
pub fn run(place: &Place, options: &Options, verbose: u8) -> anyhow::Result<u8> {
    let report = examine(place, options)?;
    if options.all_nodes {
        return all_nodes::tell(&report, options.json, &options.for_others(), Duration::from_secs(options.seconds));
    }
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{:#}", report.json())?;
    } else {
        write!(out, "{}", report.text(verbose > 0))?;
    }
    out.flush()?;
    Ok(report.code())
}

/// Looks at everything, then judges.
fn examine(place: &Place, options: &Options) -> anyhow::Result<Report> {
    let machine = Machine::new(place);
    let mut facts = Facts::look(&machine, place, &Files::new(place), options.cluster.as_deref());
    facts.logs = facts::logs::Logs::before(&machine, place, &options.kernel_log)?;
    if !options.no_probe {
        facts.probes = facts::probe::look(&facts.status);
    }
    // Asked only when a connection is missing: rules are a hint for that alone.
    if facts.status.lost().is_some_and(|lost| !lost.is_empty()) {
        facts.firewall = facts::firewall::look(&machine, &facts.status);
    }
    let dead_ms =
        facts.cluster().and_then(|cluster| cluster.threshold.is().map(|threshold| threshold.saturating_mul(formats::o2hb::BEAT_MS)));
    let cluster = facts.status.asked.cluster.clone();
    facts.disks = facts::disks::look(place, Duration::from_secs(options.seconds), &Steady(Instant::now()), cluster.as_ref(), dead_ms);
    let mut again = facts::again::Again::look(&machine, facts.waits.is().map_or(&[], |waits| &waits.long));
    // Last and together: whether a node is silent is a matter of seconds.
    if let Some(cluster) = facts.cluster() {
        let files = if place.at("/") == Path::new("/") { RootFiles::this_machine() } else { RootFiles::below(place.at("/")) };
        again.ask_tcp(&files, cluster);
    }
    facts.again = Some(again);
    facts.logs.look_now(place, facts::logs::Clocks::now());
    Ok(Report::of(facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn other_nodes_do_alike() {
        let words = |line: &[&str]| Line::try_parse_from([&["doctor"], line].concat()).unwrap().options.for_others();
        assert_eq!(words(&["--all-nodes"]), ["doctor", "--json", "--seconds=5"]);
        assert_eq!(words(&["--all-nodes", "--no-probe", "--seconds", "30"]), ["doctor", "--json", "--seconds=30", "--no-probe"]);
    }
}
