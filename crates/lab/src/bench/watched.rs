//! What being watched costs a node: CPU of the collector there, and bytes on the network, at one lock of a hundred active.

use super::cost::Cost;
use super::figures::{Spread, text};
use super::locks::Locks;
use super::viewer::Viewer;
use crate::lab::Lab;
use crate::network::Role;
use crate::{interrupt, progress};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// One lock of so many is active.
pub const ACTIVE_OF: u64 = 100;
/// How long the idle network is watched.
const IDLE: Duration = Duration::from_secs(10);
/// The collector's own CPU is at most this share of the kernel's, percent.
const GOAL: f64 = 10.0;
/// Fewer clock ticks than this in a run say nothing.
const TICKS: f64 = 5.0;

/// CPU time of the collector, seconds.
#[derive(Clone, Copy)]
struct Spent {
    user: f64,
    system: f64,
    tick: f64,
}

/// The figures at one number of locks.
pub struct Watched {
    locks: u64,
    dump_bytes: f64,
    interval: f64,
    refreshes: u64,
    /// Of each run: CPU per refresh, seconds; none if it was less than the clock tells.
    user: Vec<Option<f64>>,
    system: Vec<f64>,
    /// Of each run: bytes that the node sent per refresh, less what it sends when idle.
    bytes: Vec<f64>,
    /// Of each run: active locks per refresh.
    active: Vec<f64>,
}

/// A process on the node that ends with its standard input.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Watched {
    /// Measures `runs` times so many refreshes.
    pub fn measure(lab: &Lab, node: u8, dlmtop: &Path, locks: &Locks, cost: &Cost, runs: u64, refreshes: u64) -> anyhow::Result<Watched> {
        // A refresh must be over before the clocks are read.
        let interval = 1.0 + cost.locks as f64 / 20_000.0;
        let mut watched = Watched {
            locks: cost.locks,
            dump_bytes: cost.dump_bytes(),
            interval,
            refreshes,
            user: Vec::new(),
            system: Vec::new(),
            bytes: Vec::new(),
            active: Vec::new(),
        };
        // Beats of what keeps ssh's connections are in it.
        progress::say("bytes of the idle network");
        let (began, before) = (Instant::now(), sent(lab, node)?);
        interrupt::wait_for("an idle network", IDLE * 2, || Ok((began.elapsed() >= IDLE).then_some(())))?;
        let idle_per_second = (sent(lab, node)? - before) as f64 / began.elapsed().as_secs_f64();

        let mut uses = lab.ssh.command(node, Some(&locks.use_some((cost.locks / ACTIVE_OF).min(locks.largest()))?));
        let _uses = Kept(uses.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("ssh does not start")?);
        let viewer = Viewer::start(lab, dlmtop, &[node], interval)?;
        // The first sample tells all locks, the second one is the first of an interval.
        for _ in 0..2 {
            viewer.fresh()?;
        }
        for run in 1..=runs {
            progress::say(&format!("run {run} of {runs}: {refreshes} refreshes every {interval:.1} s"));
            let before = collector(lab, node)?;
            let (was, began) = (sent(lab, node)?, Instant::now());
            let mut active = 0.0;
            for _ in 0..refreshes {
                let snapshot = viewer.fresh()?;
                active += snapshot.pointer("/file_systems/0/totals/active").and_then(Value::as_f64).unwrap_or_default();
            }
            // Over all of them: a sample may be on its way while the one before is printed.
            let bytes = (sent(lab, node)? - was) as f64 - idle_per_second * began.elapsed().as_secs_f64();
            watched.bytes.push(bytes / refreshes as f64);
            watched.active.push(active / refreshes as f64);
            let after = collector(lab, node)?;
            let user = after.user - before.user;
            watched.user.push((user >= TICKS * after.tick).then_some(user / refreshes as f64));
            watched.system.push((after.system - before.system) / refreshes as f64);
        }
        Ok(watched)
    }

    fn share(&self) -> Vec<f64> {
        let both = self.user.iter().zip(&self.system);
        both.filter_map(|(user, system)| Some(*user.as_ref()? * 100.0 / system)).filter(|share| share.is_finite()).collect()
    }
}

/// Bytes that the node has sent to the administrator's network.
fn sent(lab: &Lab, node: u8) -> anyhow::Result<u64> {
    let tap = Role::Admin.tap(node);
    let mut cat = lab.network.command("cat");
    // From outside, what the node sends is received.
    cat.arg(format!("/sys/class/net/{tap}/statistics/rx_bytes"));
    let said = crate::tool::succeed(cat, Duration::from_secs(20))?;
    said.trim().parse().with_context(|| format!("{tap}: {said:?} bytes"))
}

/// CPU time of the collector on the node.
fn collector(lab: &Lab, node: u8) -> anyhow::Result<Spent> {
    let said = lab.ssh.run(node, "lab-guest usage --name dlmtop", Duration::from_secs(60))?;
    let usage: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    let processes = usage.get("processes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [process] = processes else {
        anyhow::bail!(
            "node{node}: {} processes named dlmtop, expected the one collector: is it watched by somebody else?",
            processes.len()
        );
    };
    let number =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_f64).with_context(|| format!("lab-guest usage: no {key}: {said}"));
    let per_second = number(&usage, "ticks_per_second")?;
    ensure!(per_second > 0.0, "lab-guest usage: {said}");
    Ok(Spent { user: number(process, "user_seconds")?, system: number(process, "system_seconds")?, tick: 1.0 / per_second })
}

/// The two tables.
pub fn tables(all: &[Watched]) -> String {
    let mut text_of = format!(
        "Collector's CPU on the node per refresh (min / median / max of the runs; `–`: less than {TICKS} clock ticks in a run):\n\n\
         | locks | own (user), µs/lock | kernel (system), µs/lock | own ÷ kernel, % | goal: at most {GOAL} % |\n|---|---|---|---|---|\n"
    );
    for one in all {
        let per_lock = 1e6 / one.locks as f64;
        let user = text(one.user.iter().flatten().map(|user| user * per_lock), 3);
        let system = text(one.system.iter().map(|system| system * per_lock), 2);
        let share = Spread::of(one.share());
        let verdict = share.map_or("–", |share| if share.median <= GOAL { "reached" } else { "NOT REACHED" });
        text_of += &format!("| {} | {user} | {system} | {} | {verdict} |\n", one.locks, text(one.share(), 1));
    }
    text_of += "\nBytes that a node sends per refresh, on the wire with ssh, TCP and Ethernet, idle traffic taken off (min / median / max of \
        the runs):\n\n| locks | active per refresh | bytes per refresh | bytes per active lock | a dump ÷ a refresh | refreshes |\n\
        |---|---|---|---|---|---|\n";
    for one in all {
        let per_lock: Vec<f64> =
            one.bytes.iter().zip(&one.active).filter(|(_, active)| **active > 0.0).map(|(bytes, active)| bytes / active).collect();
        let ratio =
            Spread::of(one.bytes.iter().copied()).map_or_else(|| "–".to_owned(), |bytes| format!("{:.0}", one.dump_bytes / bytes.median));
        text_of += &format!(
            "| {} | {} | {} | {} | {ratio} | {} × {}, every {:.1} s |\n",
            one.locks,
            text(one.active.iter().copied(), 0),
            text(one.bytes.iter().copied(), 0),
            text(per_lock, 0),
            one.user.len(),
            one.refreshes,
            one.interval,
        );
    }
    text_of
}
